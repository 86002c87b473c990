"""One delivered migration for all, at a relay that is new for each test."""

import shutil
from dataclasses import replace
from pathlib import Path

import pytest

from relays import Sent


@pytest.fixture(scope="session")
def delivered(tmp_path_factory: pytest.TempPathFactory) -> Sent:
    return Sent.made(tmp_path_factory.mktemp("delivered"), patients=150)


@pytest.fixture
def fresh(delivered: Sent, tmp_path: Path) -> Sent:
    root = tmp_path / "relay"
    shutil.copytree(delivered.home.root, root)
    shutil.copytree(delivered.home.root.parent / "ssh", tmp_path / "ssh")
    return replace(delivered, home=replace(delivered.home, root=root))
