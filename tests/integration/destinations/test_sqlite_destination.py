"""What only SQLite does: numbers kept as doubles, types by affinity, one writer at a time, one file."""
# ruff: noqa: DTZ001  the wire has local wall-clock times: no zone is invented

import datetime as dt
import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from decimal import Decimal
from pathlib import Path

import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from destination_benches import ORDER, batch, patients, read, without_control
from ecluse.adapters.destinations import DestinationSpec, open_destination
from ecluse.domain.errors import BusyError, DestinationError, StorageError
from ecluse.domain.profile import DestinationProfile, Engine, LoadMode, TargetEntity
from ecluse.migration.ports import Destination

DECIMAL = pa.decimal128(28, 10)
VALUES = pa.schema([("source_id", pa.string()), ("value", DECIMAL)])


@contextmanager
def opened(
    path: Path, sql: str, entity: str, table: str, columns: dict[str, str], mode: LoadMode = LoadMode.MERGE
) -> Iterator[Destination]:
    if sql:
        _execute(path, sql)
    entities = {entity: TargetEntity(table, columns, mode)}
    format_ = "ecluse.destination-profile/1"
    profile = DestinationProfile(format_, "new", "new", Engine.SQLITE, production=False, entities=entities)
    with closing(open_destination(DestinationSpec(Engine.SQLITE, f"sqlite://{path}", profile))) as destination:
        yield destination


def _execute(path: Path, sql: str) -> list[tuple[object, ...]]:
    with closing(sqlite3.connect(path)) as connection:
        connection.executescript(sql) if ";" in sql else None
        return [] if ";" in sql else connection.execute(sql).fetchall()


def load(destination: Destination, rows: pa.Table, entity: str) -> pa.Table:
    destination.prepare(ORDER, {entity: rows.schema})
    destination.stage(ORDER, batch("one", entity, rows))
    destination.publish(ORDER)
    return without_control(read(destination, entity, schema=rows.schema))


@given(numbers=st.lists(st.tuples(st.integers(-(10**15) + 1, 10**15 - 1), st.integers(0, 10)), min_size=1, max_size=30))
def test_numbers_of_fifteen_digits_come_back_exactly(numbers: list[tuple[int, int]], tmp_path_factory: object) -> None:
    folder: Path = tmp_path_factory.mktemp("numeric")  # type: ignore[attr-defined]
    decimals = [Decimal(digits).scaleb(-places) for digits, places in numbers]
    rows = pa.table([[f"R{i:03}" for i in range(len(decimals))], decimals], schema=VALUES)
    sql = "CREATE TABLE resultat (id TEXT PRIMARY KEY, valeur NUMERIC);"
    with opened(folder / "db", sql, "observation", "resultat", {"source_id": "id", "value": "valeur"}) as destination:
        assert load(destination, rows, "observation").equals(rows)


@pytest.mark.parametrize("type_", ["NUMERIC", "REAL", "DECIMAL(28,10)", "DOUBLE"])
def test_numbers_of_more_digits_are_refused_where_they_would_be_doubles(tmp_path: Path, type_: str) -> None:
    rows = pa.table([["a", "b"], [Decimal("123456.7890123456"), Decimal("1.5")]], schema=VALUES)
    sql = f"CREATE TABLE resultat (id TEXT PRIMARY KEY, valeur {type_});"
    columns = {"source_id": "id", "value": "valeur"}
    with opened(tmp_path / "db", sql, "observation", "resultat", columns) as destination:
        destination.prepare(ORDER, {"observation": VALUES})
        with pytest.raises(DestinationError, match=r"column valeur .* 1 rows: a floating number keeps 15 digits"):
            destination.stage(ORDER, batch("one", "observation", rows))
        assert load(destination, rows.slice(1), "observation").equals(rows.slice(1).combine_chunks())


@pytest.mark.parametrize(
    ("type_", "stored"),
    [("TEXT", "2018-03-25 02:30:00"), ("DATETIME", "2018-03-25 02:30:00"), ("", "2018-03-25 02:30:00")],
)
def test_times_are_iso_text(tmp_path: Path, type_: str, stored: str) -> None:
    schema = pa.schema([("source_id", pa.string()), ("created_on", pa.timestamp("us")), ("last_visit_on", pa.date32())])
    moments = [dt.datetime(2018, 3, 25, 2, 30), dt.datetime(1900, 1, 1, 0, 0, 0, 20), None]
    days = [dt.date(2018, 3, 25), dt.date(1582, 10, 10), None]
    rows = pa.table([["1", "2", "3"], moments, days], schema=schema)
    columns = {"source_id": "ipp", "created_on": "cree", "last_visit_on": "jour"}
    sql = f"CREATE TABLE patient (ipp TEXT PRIMARY KEY, cree {type_}, jour DATE);"
    with opened(tmp_path / "db", sql, "patient", "patient", columns) as destination:
        assert load(destination, rows, "patient").equals(rows)
    found = _execute(tmp_path / "db", "SELECT cree, jour, typeof(cree) FROM patient")
    assert found[0] == (stored, "2018-03-25", "text")
    assert found[1][0] == "1900-01-01 00:00:00.000020"


def test_a_swap_keeps_indexes_and_views(tmp_path: Path) -> None:
    sql = (
        "CREATE TABLE \"le patient\" (ipp TEXT NOT NULL PRIMARY KEY, nom TEXT COLLATE NOCASE CHECK (nom <> '%s')) STRICT;"
        'CREATE INDEX par_nom ON "le patient" (nom) WHERE nom IS NOT NULL;'
        'CREATE VIEW vue AS SELECT count(*) AS n FROM "le patient";'
    )
    columns = {"source_id": "ipp", "family_name": "nom"}
    rows = patients(5).select(["source_id", "family_name"])
    path = tmp_path / "db"
    with opened(path, sql, "patient", "le patient", columns, LoadMode.SWAP) as destination:
        before = _execute(path, "SELECT name, sql FROM sqlite_master WHERE name NOT LIKE 'ecluse%' ORDER BY name")
        assert load(destination, rows, "patient").equals(rows.combine_chunks())
        kept = "SELECT name, sql FROM sqlite_master WHERE name NOT LIKE '%ecluse%' ORDER BY name"
        assert _execute(path, kept) == before
    assert _execute(path, "SELECT n FROM vue") == [(5,)]
    assert _execute(path, "PRAGMA integrity_check") == [("ok",)]


@pytest.mark.parametrize(
    ("more", "words"),
    [
        ("CREATE TRIGGER g AFTER INSERT ON patient BEGIN SELECT 1; END;", "triggers"),
        ("CREATE TABLE d (ipp TEXT REFERENCES patient (ipp));", "foreign keys refer"),
    ],
)
def test_a_swap_that_would_lose_something_is_refused(tmp_path: Path, more: str, words: str) -> None:
    sql = "CREATE TABLE patient (ipp TEXT PRIMARY KEY, nom TEXT);" + more
    columns = {"source_id": "ipp", "family_name": "nom"}
    rows = patients(1).select(["source_id", "family_name"])
    with (
        opened(tmp_path / "db", sql, "patient", "patient", columns, LoadMode.SWAP) as destination,
        pytest.raises(DestinationError, match=words),
    ):
        destination.prepare(ORDER, {"patient": rows.schema})


def test_a_constraint_is_named_and_its_values_are_not(tmp_path: Path) -> None:
    sql = "CREATE TABLE patient (ipp TEXT PRIMARY KEY, nom TEXT UNIQUE);"
    columns = {"source_id": "ipp", "family_name": "nom"}
    rows = patients(2, family_name="SECRETNAME").select(["source_id", "family_name"])
    with opened(tmp_path / "db", sql, "patient", "patient", columns) as destination:
        destination.prepare(ORDER, {"patient": rows.schema})
        destination.stage(ORDER, batch("one", "patient", rows))
        with pytest.raises(DestinationError, match=r"unique constraint .* \(patient\.nom\)") as caught:
            destination.publish(ORDER)
        assert "SECRET" not in str(caught.value)
        assert caught.value.__context__ is None


def test_a_full_disk_and_a_busy_file_are_to_be_tried_again(tmp_path: Path) -> None:
    sql = "CREATE TABLE patient (ipp TEXT PRIMARY KEY, nom TEXT);"
    columns = {"source_id": "ipp", "family_name": "nom"}
    rows = patients(3000).select(["source_id", "family_name"])
    with opened(tmp_path / "db", sql, "patient", "patient", columns) as destination:
        destination.prepare(ORDER, {"patient": rows.schema})
        destination._run("PRAGMA max_page_count = 12")  # type: ignore[attr-defined]
        with pytest.raises(StorageError):
            destination.stage(ORDER, batch("one", "patient", rows))
        destination._run("PRAGMA max_page_count = 100000")  # type: ignore[attr-defined]
        destination._run("PRAGMA busy_timeout = 20")  # type: ignore[attr-defined]
        # Another destination, not sqlite3: file locks do not hold between two SQLite libraries in one process.
        with opened(tmp_path / "db", "", "patient", "patient", columns) as other:
            other._run("BEGIN IMMEDIATE")  # type: ignore[attr-defined]
            with pytest.raises(BusyError):
                destination.stage(ORDER, batch("one", "patient", rows))
            other._run("ROLLBACK")  # type: ignore[attr-defined]
        assert load(destination, rows, "patient").equals(rows.combine_chunks())


def test_nothing_is_written_beside_the_database(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder, temporary = tmp_path / "new", tmp_path / "tmp"
    folder.mkdir()
    temporary.mkdir()
    monkeypatch.setenv("SQLITE_TMPDIR", str(temporary))
    monkeypatch.setenv("TMPDIR", str(temporary))
    sql = "CREATE TABLE patient (ipp TEXT PRIMARY KEY, nom TEXT);"
    columns = {"source_id": "ipp", "family_name": "nom"}
    rows = patients(20_000, family_name="SECRETNAME").select(["source_id", "family_name"])
    with opened(folder / "db", sql, "patient", "patient", columns) as destination:
        load(destination, rows, "patient")
        destination.finish(ORDER)
    assert [path.name for path in folder.iterdir()] == ["db"]
    assert list(temporary.iterdir()) == []


def test_a_missing_database_is_not_created(tmp_path: Path) -> None:
    columns = {"source_id": "ipp"}
    with pytest.raises(DestinationError, match="no such"), opened(tmp_path / "no", "", "patient", "patient", columns):
        pass
    assert not (tmp_path / "no").exists()


def test_a_text_where_a_number_was_loaded_is_said_so(tmp_path: Path) -> None:
    sql = "CREATE TABLE resultat (id TEXT PRIMARY KEY, valeur NUMERIC);"
    rows = pa.table([["a", "b"], [Decimal("1.5"), Decimal(2)]], schema=VALUES)
    path = tmp_path / "db"
    with opened(path, sql, "observation", "resultat", {"source_id": "id", "value": "valeur"}) as destination:
        load(destination, rows, "observation")
        _execute(path, "UPDATE resultat SET valeur = 'SECRET' WHERE id = 'a';")
        with pytest.raises(DestinationError, match="valeur") as caught:
            read(destination, "observation", schema=VALUES)
        assert "SECRET" not in str(caught.value)
