"""One genuine migration, exported at every stage, for all tests of the auditor; nothing here is written to twice."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from ecluse.journal.keys import LogKey
from synthetic_evidence import Keys, Migration


@dataclass(frozen=True)
class Genuine:
    """Bundles by stage, and the private keys behind them."""

    bundles: dict[str, Path]
    keys: Keys
    log_keys: dict[str, LogKey]
    checkpoints: dict[str, dict[str, bytes]]


@pytest.fixture(scope="session")
def keys(tmp_path_factory: pytest.TempPathFactory) -> Keys:
    return Keys(tmp_path_factory.mktemp("keys"))


@pytest.fixture(scope="session")
def genuine(keys: Keys, tmp_path_factory: pytest.TempPathFactory) -> Genuine:
    migration = Migration(tmp_path_factory.mktemp("genuine"), keys)
    bundles, checkpoints = {}, {}
    for stage in migration.run():
        bundles[stage] = migration.bundle(f"{stage}.zip")
        checkpoints[stage] = {p.place.value: p.journal.checkpoint() for p in (migration.source, migration.destination)}
    log_keys = {place.place.value: place.key for place in (migration.source, migration.destination)}
    migration.close()
    return Genuine(bundles, keys, log_keys, checkpoints)


@pytest.fixture
def migration(keys: Keys, tmp_path: Path) -> Iterator[Callable[..., Migration]]:
    """Make a migration whose places are closed after the test."""
    made: list[Migration] = []

    def make(**bends: object) -> Migration:
        made.append(Migration(tmp_path / f"m{len(made)}", keys, **bends))  # type: ignore[arg-type]
        return made[-1]

    yield make
    for each in made:
        each.close()
