"""The three databases, each with a fresh set of the new system's tables."""

import multiprocessing
import os
import sys
from collections.abc import Iterator
from multiprocessing import forkserver
from pathlib import Path
from typing import Any

import pytest

from destination_benches import Bench, server_bench, sqlite_bench
from ecluse.domain.profile import Engine


@pytest.fixture(params=["sqlite", "postgresql", "mysql"])
def bench(request: pytest.FixtureRequest, tmp_path: Path) -> Bench:
    if request.param == "sqlite":
        return sqlite_bench(tmp_path)
    server = request.getfixturevalue("postgresql" if request.param == "postgresql" else "mariadb")
    return server_bench(Engine(request.param), server)


@pytest.fixture(scope="session")
def processes() -> Iterator[Any]:
    """Processes that start in milliseconds: forked from a clean one that has everything imported."""
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload(["victim"])
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("PYTHONPATH", os.pathsep.join(sys.path))  # Python 3.11's fork server does not pass sys.path on
        forkserver.ensure_running()
    yield context
    forkserver._forkserver._stop()
