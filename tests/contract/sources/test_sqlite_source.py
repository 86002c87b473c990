"""SQLite types values, not columns, and believes any byte to be text."""

import sqlite3
from pathlib import Path

import pyarrow as pa
import pytest
from source_kinds import CANARY, everything_said

from ecluse.adapters.sources import SourceSpec, open_source
from ecluse.domain.errors import MalformedError, ProfileError, UsageError
from ecluse.domain.profile import Engine


def made(folder: Path, script: str) -> str:
    with sqlite3.connect(folder / "lab.db") as connection:
        connection.executescript(script)
    connection.close()
    return f"sqlite://{folder / 'lab.db'}"


def read(url: str, sql: str, batch_rows: int = 100) -> pa.Table:
    source = open_source(SourceSpec(Engine.SQLITE, url))
    try:
        return pa.Table.from_batches(list(source.stream(sql, batch_rows)))
    finally:
        source.close()


@pytest.mark.parametrize("batch_rows", [1, 2, 100])
def test_a_column_of_many_types_comes_as_exact_text(tmp_path: Path, batch_rows: int) -> None:
    url = made(tmp_path, "create table t (n integer primary key, v integer, b blob); insert into t(v) values "
               "(null), (null), (7), ('seven'), (5.4), (9007199254740993), (0.1 + 0.2), (1e300), (-0.0), ('');"
               "insert into t(v, b) values (1, x'00ff'), (2, x'');")  # fmt: skip
    table = read(url, "select v, b from t order by n", batch_rows)
    assert table.schema == pa.schema([("v", pa.string()), ("b", pa.binary())])
    values = table.column("v").to_pylist()
    assert values[:6] == [None, None, "7", "seven", "5.4", "9007199254740993"]
    assert [float(value) for value in values[6:9]] == [0.1 + 0.2, 1e300, -0.0]
    assert values[9:] == ["", "1", "2"]
    assert table.column("b").to_pylist()[-2:] == [b"\x00\xff", b""]


BAD = f"create table t (v text); insert into t values ('ok'), (cast(x'e9e8' as text)), (null), ('é'), ('{CANARY}');"


def test_bytes_that_are_no_utf8_are_reported_by_column(tmp_path: Path) -> None:
    url = made(tmp_path, BAD)
    with pytest.raises(MalformedError, match=r"column v .*\(1 different") as caught:
        read(url, "select v from t")
    assert CANARY not in everything_said(caught.value)


def test_bytes_that_are_no_utf8_are_read_as_declared(tmp_path: Path) -> None:
    url = made(tmp_path, BAD)
    assert read(f"{url}?encoding=cp1252", "select v from t").column("v").to_pylist() == ["ok", "éè", None, "é", CANARY]
    made(tmp_path, "insert into t values (cast(x'81' as text))")
    with pytest.raises(MalformedError, match="cp1252"):
        read(f"{url}?encoding=cp1252", "select v from t")


def test_an_unknown_encoding_is_refused(tmp_path: Path) -> None:
    with pytest.raises(UsageError):
        read(made(tmp_path, BAD) + "?encoding=klingon", "select v from t")


def test_a_text_keeps_its_nul(tmp_path: Path) -> None:
    url = made(tmp_path, "create table t (v text)")
    with sqlite3.connect(tmp_path / "lab.db") as connection:
        connection.execute("insert into t values (cast(x'610062' as text))")
    connection.close()
    assert read(url, "select v from t").column("v").to_pylist() == ["a\0b"]


def test_another_file_is_no_sqlite_file(tmp_path: Path) -> None:
    (tmp_path / "x.db").write_bytes(b"not a database, but long enough to look at" * 50)
    with pytest.raises(MalformedError):
        open_source(SourceSpec(Engine.SQLITE, f"sqlite://{tmp_path / 'x.db'}"))
    with pytest.raises(ProfileError):
        open_source(SourceSpec(Engine.SQLITE, f"sqlite://{tmp_path / 'gone.db'}"))
    assert not (tmp_path / "gone.db").exists()


@pytest.mark.parametrize("sql", ["attach 'file:other.db' as o", "pragma query_only = off", "vacuum into 'copy.db'"])
def test_nothing_but_a_select_runs(tmp_path: Path, sql: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    with pytest.raises(ProfileError):
        read(made(tmp_path, BAD), sql)
    assert {path.name for path in tmp_path.iterdir()} == {"lab.db"}
