"""Shared by all tests: hypothesis is deterministic here; `make property` runs thousands."""

import os
from collections.abc import Iterator
from typing import TYPE_CHECKING

import pytest
from hypothesis import HealthCheck, settings

from servers import MariadbServer, MissingServerError, PostgresqlServer, running_mariadb, running_postgresql

if TYPE_CHECKING:
    from firebird_servers import FirebirdServer

settings.register_profile(
    "ci", max_examples=25, derandomize=True, deadline=None, suppress_health_check=list(HealthCheck)
)
settings.register_profile("nightly", max_examples=2000, deadline=None, suppress_health_check=list(HealthCheck))
settings.load_profile(os.environ.get("ECLUSE_HYPOTHESIS", "ci"))


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Report tests of other people's inputs as deselected where ``ECLUSE_REAL_DATA`` does not say where they are."""
    if os.environ.get("ECLUSE_REAL_DATA"):
        return
    absent = [item for item in items if item.get_closest_marker("real_data")]
    if absent:
        config.hook.pytest_deselected(items=absent)
        items[:] = [item for item in items if item not in absent]


@pytest.fixture(scope="session")
def postgresql() -> Iterator[PostgresqlServer]:
    """A real, throw-away PostgreSQL; ``postgresql.database()`` gives a fresh database."""
    try:
        with running_postgresql() as server:
            yield server
    except MissingServerError as error:
        pytest.fail(str(error))


@pytest.fixture(scope="session")
def mariadb() -> Iterator[MariadbServer]:
    """A real, throw-away MariaDB; ``mariadb.database()`` gives a fresh database."""
    try:
        with running_mariadb() as server:
            yield server
    except MissingServerError as error:
        pytest.fail(str(error))


@pytest.fixture(scope="session")
def firebird_server() -> "Iterator[FirebirdServer]":
    """A real, throw-away Firebird; ``firebird_server.database()`` gives a fresh database."""
    from firebird_servers import running_firebird  # noqa: PLC0415

    try:
        with running_firebird() as server:
            yield server
    except MissingServerError as error:
        pytest.fail(str(error))
