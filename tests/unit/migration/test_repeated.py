"""Which keys the plan calls repeated, and what becomes of their rows wherever they lie."""

import sqlite3
from collections.abc import Iterator

import duckdb
import pytest

from ecluse.domain.order import PersonBasis, PersonExclusion
from ecluse.domain.profile import Engine
from ecluse.migration.compile import compile_order
from ecluse.migration.normalise import Normaliser
from ecluse.migration.repeated import Repeats
from legacy import DIGEST, DbSource, create, order, profile, run
from migration_parts import make_profile, planned, raw

EXCLUDED = PersonExclusion(DIGEST, PersonBasis.SOURCE_ID, 1)


@pytest.fixture(params=[Engine.SQLITE, Engine.CSV])
def source(request: pytest.FixtureRequest) -> Iterator[DbSource]:
    lite = request.param is Engine.SQLITE
    made = DbSource(sqlite3.connect(":memory:") if lite else duckdb.connect(), "sqlite" if lite else "duckdb")
    run(made.connection, create(request.param))
    yield made
    made.close()


def fill(source: DbSource, *rows: str) -> None:
    """``D key patient day site``, ``R key request code``, ``C key request result``: a row each; ``-`` is NULL."""
    columns = {
        "D": "DOSSIERS (ID_DOSSIER, NUMPAT, DATE_ENR, CODE_SITE)",
        "R": "RESULTATS (ID_RESULTAT, ID_DOSSIER, CODE_ANA)",
        "C": "COMMENTAIRES (ID_COM, ID_DOSSIER, ID_RESULTAT)",
    }
    for row in rows:
        table, *values = row.split()
        said = ", ".join("NULL" if value == "-" else f"'{value}'" for value in values)
        run(source.connection, [f"INSERT INTO {columns[table]} VALUES ({said})"])


def found(source: DbSource, excluded: list[str] | None = None) -> set[tuple[str, str, int]]:
    engine = Engine.SQLITE if source.dialect == "sqlite" else Engine.CSV
    ordered = order(exclude_persons=EXCLUDED if excluded else None)
    return {(r.entity, r.key, r.rows) for r in Repeats(source, compile_order(ordered, profile(engine)), excluded).all()}


def test_nothing_is_repeated(source: DbSource) -> None:
    fill(source, "D 1 1 20180101 A", "D 2 1 20180101 A", "R 1 1 NA", "R 2 1 NA", "R - 1 NA", "R - 1 NA")
    assert found(source) == set(), "a missing key repeats nobody's"


def test_on_two_days_on_one_and_outside(source: DbSource) -> None:
    fill(source, "D 1 1 20180101 A", "D 1 1 20190101 A", "D 2 1 20180202 A", "D 2 1 20180202 A")
    fill(source, "D 3 1 20180101 A", "D 3 1 20150101 A", "D 4 1 20150101 A", "D 4 1 20160101 A", "D 5 1 20180101 A")
    assert found(source) == {("request", "1", 2), ("request", "2", 2), ("request", "3", 1)}


def test_results_of_a_repeated_request_are_read_twice(source: DbSource) -> None:
    fill(source, "D 1 1 20180101 A", "D 1 1 20190101 A", "D 2 1 20180101 A", "R 7 1 NA", "R 8 2 NA", "C 9 1 -")
    assert found(source) == {("request", "1", 2), ("observation", "7", 2), ("comment", "9", 2)}


def test_what_the_order_leaves_does_not_count(source: DbSource) -> None:
    """A result of an excluded category, of another site: its key is used once in what leaves."""
    fill(source, "D 1 1 20180101 A", "D 2 1 20180101 B", "R 7 1 NA", "R 7 1 VIH", "R 8 1 NA", "R 8 2 NA")
    assert found(source) == set()


def test_excluded_persons_are_outside(source: DbSource) -> None:
    fill(source, "D 1 1 20180101 A", "D 1 2 20190101 A", "D 3 2 20180101 A", "D 3 2 20180101 A")
    assert found(source, ["2"]) == {("request", "1", 1)}


def test_one_key_in_two_types_is_one_key() -> None:
    """SQLite keeps a number and its text apart where the column says nothing."""
    with sqlite3.connect(":memory:") as connection:
        run(connection, [statement.replace("ID_DOSSIER integer", "ID_DOSSIER") for statement in create(Engine.SQLITE)])
        made = DbSource(connection, "sqlite")
        run(connection, ["INSERT INTO DOSSIERS (ID_DOSSIER, NUMPAT, DATE_ENR, CODE_SITE) VALUES (1, 1, '20180101', 'A')"])
        run(connection, ["INSERT INTO DOSSIERS (ID_DOSSIER, NUMPAT, DATE_ENR, CODE_SITE) VALUES ('1', 1, '20190101', 'A')"])
        assert found(made) == {("request", "1", 2)}


def test_their_rows_are_set_aside_in_every_batch_and_what_refers_to_them_too() -> None:
    """One row of a repeated key alone in its batch; numbers and texts are the same keys."""
    repeated = {"request": ["2", "9"], "observation": ["7"]}
    request = Normaliser(make_profile(), planned("request", "source_id"), None, repeated)
    made = request(raw({"source_id": [1, 2, 3]}))
    assert made.rows.column("source_id").to_pylist() == ["1", "3"]
    assert made.quarantine is not None
    assert made.quarantine.to_pylist() == [{"source_id": "2", "_reason": "duplicate_key"}]
    observation = Normaliser(make_profile(), planned("observation", "source_id", "request"), None, repeated)
    made = observation(raw({"source_id": ["5", "6", "7", "7", ""], "request": ["1", "2", "1", "9", "9"]}))
    assert made.rows.column("source_id").to_pylist() == ["5"]
    assert made.quarantine is not None
    assert made.quarantine.column("_reason").to_pylist() == [
        "duplicate_link", "duplicate_key", "duplicate_link", "key"
    ]  # fmt: skip
