"""Every destination, one after the other."""

from pathlib import Path

import pytest

from destination_benches import Bench, memory_bench, server_bench, sqlite_bench
from ecluse.domain.profile import Engine, LoadMode


@pytest.fixture(params=["memory", "sqlite", "postgresql", "mysql"])
def bench(request: pytest.FixtureRequest, tmp_path: Path) -> Bench:
    match request.param:
        case "memory":
            return memory_bench()
        case "sqlite":
            return sqlite_bench(tmp_path)
        case "postgresql":
            return server_bench(Engine.POSTGRESQL, request.getfixturevalue("postgresql"))
    return server_bench(Engine.MYSQL, request.getfixturevalue("mariadb"))


@pytest.fixture(params=list(LoadMode))
def mode(request: pytest.FixtureRequest) -> LoadMode:
    return LoadMode(request.param)
