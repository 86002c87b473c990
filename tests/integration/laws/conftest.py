"""Desks that were taken once to a certain point; each test works on a copy."""

from collections.abc import Callable
from pathlib import Path

import pytest
from demo.legacy_lis import Scope

from migrating import Desk, W

Fresh = Callable[[Desk], Desk]


@pytest.fixture(scope="session")
def signed(tmp_path_factory: pytest.TempPathFactory) -> Desk:
    """Agreement and order are signed; out-of-scope rows are marked, in-scope ones are not."""
    return Desk.made(tmp_path_factory.mktemp("signed") / "desk", patients=50)


@pytest.fixture(scope="session")
def planned(signed: Desk, tmp_path_factory: pytest.TempPathFactory) -> Desk:
    """``ecluse run`` comes next."""
    desk = signed.copy(tmp_path_factory.mktemp("planned") / "desk")
    desk.plan()
    return desk


@pytest.fixture(scope="session")
def reconciled(planned: Desk, tmp_path_factory: pytest.TempPathFactory) -> Desk:
    """The director's decision comes next."""
    desk = planned.copy(tmp_path_factory.mktemp("reconciled") / "desk")
    desk.ecluse("run", *W)
    return desk


@pytest.fixture(scope="session")
def marked(tmp_path_factory: pytest.TempPathFactory) -> Desk:
    """Planned; every row in scope carries ``DANS-ORDRE``, every other ``HORS-ORDRE``."""
    desk = Desk.made(tmp_path_factory.mktemp("marked") / "desk", patients=30, scope=Scope(mark_in_scope=True))
    desk.plan()
    return desk


@pytest.fixture
def fresh(tmp_path: Path) -> Fresh:
    """Copies a desk, so that the test may change it."""
    return lambda desk: desk.copy(tmp_path / "desk")
