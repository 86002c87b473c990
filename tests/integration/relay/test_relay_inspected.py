"""What Écluse itself leaves lying about passes its own inspector without a finding: workspaces, mailbox, relay."""

from pathlib import Path

import pytest

from ecluse.inspector.findings import FOLDER, Finding
from ecluse.inspector.folder import inspect_folder
from migrating import Desk, W
from relays import Sent


def inspected(folder: Path) -> list[Finding]:
    return list(inspect_folder(folder, FOLDER, lambda _: None, workers=1))


@pytest.fixture(scope="module")
def sent(tmp_path_factory: pytest.TempPathFactory) -> Sent:
    made = Sent.made(tmp_path_factory.mktemp("sent"), patients=20)
    made.sent_all(made.desk())
    return made


def test_a_relay_with_parcels_has_nothing_to_tell(sent: Sent) -> None:
    assert sum(path.suffix == ".age" for path in sent.home.root.rglob("*")) > 0
    assert inspected(sent.home.root) == []
    assert inspected(sent.home.root.parent / "ssh") == []


def test_workspaces_and_mailbox_while_parcels_are_under_way(sent: Sent) -> None:
    folder = sent.migration.path("migration")
    assert sum(path.suffix == ".age" for path in folder.rglob("*")) > 0
    assert inspected(folder) == []
    assert inspected(sent.migration.path("keys")) == []


def test_the_old_system_beside_them_is_told(sent: Sent) -> None:
    """The same inspection sees what it must: the legacy base is a file in the clear."""
    found = {each.rule for each in inspected(sent.migration.path("legacy.sqlite"))}
    assert {"nir-at-rest", "persons-at-rest", "passwords-at-rest"} <= found


def test_workspaces_after_the_erasure(tmp_path: Path) -> None:
    desk = Desk.made(tmp_path, patients=12)
    desk.plan()
    desk.ecluse("run", *W)
    assert inspected(desk.path("migration")) == []
