"""Migrations brought to a stage, with both places and a mailbox; closed after the test."""

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from synthetic_evidence import Keys, Migration


@pytest.fixture(scope="session")
def transfer_keys(tmp_path_factory: pytest.TempPathFactory) -> Keys:
    return Keys(tmp_path_factory.mktemp("transfer-keys"))


@pytest.fixture
def brought(transfer_keys: Keys, tmp_path: Path) -> Iterator[Callable[..., Migration]]:
    """``brought("sealed")``: a genuine migration of its own at that stage; ``brought(None)``: two empty places."""
    made: list[Migration] = []

    def make(until: str | None) -> Migration:
        made.append(Migration(tmp_path / f"m{len(made)}", transfer_keys))
        if until is not None:
            list(made[-1].run(until))
        return made[-1]

    yield make
    for each in made:
        each.close()
