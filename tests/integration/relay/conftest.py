"""One delivered migration for all, at a relay that is new for each test."""

from pathlib import Path

import pytest

from relays import Sent


@pytest.fixture(scope="session")
def delivered(tmp_path_factory: pytest.TempPathFactory) -> Sent:
    return Sent.made(tmp_path_factory.mktemp("delivered"), patients=150)


@pytest.fixture
def fresh(delivered: Sent, tmp_path: Path) -> Sent:
    return delivered.copied(tmp_path)
