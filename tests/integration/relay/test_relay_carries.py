"""A whole migration through a real relay, by either door, with the real commands."""

from pathlib import Path

import pytest

from ecluse.domain.access import Access
from migrating import OUT, expected_rows, holding, numbers
from relay_running import Running
from relays import DESTINATION, SOURCE


@pytest.fixture(params=["https", "sftp"])
def scheme(request: pytest.FixtureRequest) -> str:
    return str(request.param)


def test_a_migration_comes_through_and_everything_is_erased(tmp_path: Path, scheme: str) -> None:
    with Running.over(tmp_path, scheme) as world:
        world.plan()
        world.source("extract")
        assert not world.parcels
        world.source("deliver")
        assert world.parcels
        world.receive()
        assert not world.parcels
        world.destination("load")
        world.destination("reconcile")
        assert numbers(world.desk.target_rows()) == numbers(expected_rows(world.desk.built))
        world.destination("accept", "--key", "keys/dr.martin")
        world.source("accept")
        assert (world.state(SOURCE), world.state(DESTINATION)) == ("erased", "erased")
        assert holding(b"age-encryption.org/v1", world.home.root) == []
        assert holding(OUT, world.home.root) == []
        for place in ("at-source", "at-destination"):
            world.desk.ecluse("evidence", "export", place, "--out", f"{place}.zip")
        report = world.desk.path("at-source.zip")
        assert report.stat().st_size
        asked = [each.event for each in world.entries()]
        assert asked.count(Access.PARCEL_STORED) == asked.count(Access.PARCEL_TAKEN) - _papers_taken(world)
        assert Access.PATH_REFUSED not in asked
        assert Access.PAPER_REFUSED not in asked
        assert Access.PARCEL_REFUSED not in asked


def _papers_taken(world: Running) -> int:
    return sum(1 for each in world.entries() if each.event is Access.PARCEL_TAKEN and "." in each.subject)
