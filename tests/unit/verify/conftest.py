"""One genuine migration, exported at every stage, for all tests of the auditor; nothing here is written to twice."""

import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from evidence_tools import Genuine
from synthetic_evidence import Keys, Migration


@contextmanager
def _no_fsync() -> Iterator[None]:
    """Hundreds of journals are written here; that they survive a power cut is tested elsewhere."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(os, "fsync", lambda _handle: None)
        yield


@pytest.fixture(scope="session")
def keys(tmp_path_factory: pytest.TempPathFactory) -> Keys:
    return Keys(tmp_path_factory.mktemp("keys"))


@pytest.fixture(scope="session")
def genuine(keys: Keys, tmp_path_factory: pytest.TempPathFactory) -> Genuine:
    bundles, checkpoints = {}, {}
    with _no_fsync():
        migration = Migration(tmp_path_factory.mktemp("genuine"), keys)
        places = (migration.source, migration.destination)
        for stage in migration.run():
            bundles[stage] = migration.bundle(f"{stage}.zip")
            checkpoints[stage] = {place.place.value: place.journal.checkpoint() for place in places}
        log_keys = {place.place.value: place.key for place in places}
        migration.close()
    return Genuine(bundles, keys, log_keys, checkpoints)


@pytest.fixture
def migration(keys: Keys, tmp_path: Path) -> Iterator[Callable[..., Migration]]:
    """Make a migration whose places are closed after the test."""
    made: list[Migration] = []

    def make(**bends: object) -> Migration:
        made.append(Migration(tmp_path / f"m{len(made)}", keys, **bends))  # type: ignore[arg-type]
        return made[-1]

    with _no_fsync():
        yield make
    for each in made:
        each.close()
