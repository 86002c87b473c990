"""PostgreSQL and MariaDB: types, losses of connection, passwords, clear text."""

import subprocess
import sys
import time
from collections.abc import Callable
from contextlib import closing
from decimal import Decimal
from pathlib import Path

import pyarrow as pa
import pytest
from source_kinds import CANARY, everything_said

from ecluse.adapters.sources import PASSWORD_ENV, SourceSpec, open_source
from ecluse.domain.errors import ConnectionLostError, MalformedError, ProfileError, UsageError
from ecluse.domain.plan import Snapshot
from ecluse.domain.profile import Engine
from servers import MariadbServer, PostgresqlServer

PASSWORD = "s'e\\cret p:w"


def reads(engine: Engine, url: str, sql: str) -> pa.Table:
    source = open_source(SourceSpec(engine, url))
    try:
        return source.query(sql)
    finally:
        source.close()


def pg(server: PostgresqlServer, sql: str, query: str) -> pa.Table:
    return reads(Engine.POSTGRESQL, server.database(sql).url, query)


def my(server: MariadbServer, sql: str, query: str) -> pa.Table:
    return reads(Engine.MYSQL, server.database(sql).url, query)


@pytest.mark.parametrize(
    ("kind", "value", "expected", "type_"),
    [
        ("numeric", "1.50", "1.50", pa.string()),
        ("numeric", "NaN", "NaN", pa.string()),
        ("numeric(14,4)", "-1.5", Decimal("-1.5000"), pa.decimal128(14, 4)),
        ("numeric(38,10)", "1234567890123456789012345678.0123456789", None, pa.decimal128(38, 10)),
        ("numeric(50,10)", "1" * 40 + ".5", "1" * 40 + ".5000000000", pa.string()),
        ("smallint", "-32768", -32768, pa.int64()),
        ("bigint", str(2**63 - 1), 2**63 - 1, pa.int64()),
        ("double precision", "0.1", 0.1, pa.float64()),
        ("real", "7.35", 7.35, pa.float64()),
        ("real", "NaN", None, pa.float64()),
        ("boolean", "t", True, pa.bool_()),
        ("bytea", "\\x00ff", b"\x00\xff", pa.binary()),
        ("interval", "1 day 2 hours", "P1DT2H", pa.string()),
        ("text[]", '{a,"b,c"}', '{a,"b,c"}', pa.string()),
        ("time", "10:11:12", "10:11:12", pa.string()),
        ("uuid", "49d19692-20d9-49b3-85ff-7b091760d963", None, pa.string()),
        ("jsonb", '{"a": 1}', '{"a": 1}', pa.string()),
        ("timestamptz", "2026-11-22 10:00+02", None, pa.timestamp("us", "UTC")),
    ],
)
def test_postgresql_values_are_exact(
    postgresql: PostgresqlServer, kind: str, value: str, expected: object, type_: pa.DataType
) -> None:
    table = pg(postgresql, f"create table t (v {kind}); insert into t values ('{value}'), (null)", "select v from t")
    assert table.schema.field("v").type == type_
    first, second = table.column("v").to_pylist()
    assert second is None
    if expected is not None:
        assert first == expected
    elif kind.startswith("numeric"):
        assert first == Decimal(value)


def test_postgresql_nan_does_not_become_zero(postgresql: PostgresqlServer) -> None:
    with pytest.raises(ProfileError, match="NaN"):
        pg(postgresql, "create table t (v numeric(14,4)); insert into t values (1), ('NaN')", "select v from t")


@pytest.mark.parametrize("kind", ["date", "timestamp", "timestamptz"])
@pytest.mark.parametrize("value", ["infinity", "-infinity"])
def test_postgresql_infinity_does_not_become_a_date(postgresql: PostgresqlServer, kind: str, value: str) -> None:
    with pytest.raises(ProfileError, match="column v"):
        pg(postgresql, f"create table t (v {kind}); insert into t values ('{value}')", "select v from t")


def test_postgresql_latin_9_arrives_as_the_same_text(postgresql: PostgresqlServer) -> None:
    options = "ENCODING 'LATIN9' TEMPLATE template0 LC_COLLATE 'C' LC_CTYPE 'C'"
    database = postgresql.database("create table t (v text); insert into t values ('é€œ')", options)
    assert reads(Engine.POSTGRESQL, database.url, "select v from t").to_pylist() == [{"v": "é€œ"}]


def test_postgresql_bytes_of_no_encoding_are_refused(postgresql: PostgresqlServer) -> None:
    options = "ENCODING 'SQL_ASCII' TEMPLATE template0 LC_COLLATE 'C' LC_CTYPE 'C'"
    database = postgresql.database("create table t (v text); insert into t values (E'\\xe9tat')", options)
    with pytest.raises(MalformedError):
        reads(Engine.POSTGRESQL, database.url, "select v from t")


def test_postgresql_writing_functions_fail(postgresql: PostgresqlServer) -> None:
    sql = (
        "create table t (v int); create function f() returns int language sql as 'insert into t values (1) returning v'"
    )
    database = postgresql.database(sql)
    with pytest.raises(ProfileError):
        reads(Engine.POSTGRESQL, database.url, "select f() as v")
    assert database.execute("select count(*) from t") == [(0,)]


def test_postgresql_snapshot_is_shared_and_dies_with_its_owner(postgresql: PostgresqlServer) -> None:
    spec = SourceSpec(Engine.POSTGRESQL, postgresql.database("create table t (v int)").url)
    owner, other = open_source(spec), open_source(spec)
    assert owner.facts().snapshot is Snapshot.SHARED
    token = owner.export_snapshot()
    other.adopt_snapshot(token)
    streams = [other.stream("select 1 as v", 1), other.stream("select 2 as v", 1)]
    assert [next(stream).column("v").to_pylist() for stream in streams] == [[1], [2]]
    for stream in streams:
        stream.close()
    owner.close()
    with closing(other), pytest.raises(ConnectionLostError):
        for _ in range(200):  # the server ends the owner's session a moment after the owner has gone
            other.query("select 1 as v")
            time.sleep(0.05)


BIG = {
    Engine.POSTGRESQL: "create table big as select i, repeat('x', 200) t from generate_series(1, 400000) i",
    Engine.MYSQL: "create table big as select seq i, repeat('x', 200) t from seq_1_to_400000",
}


@pytest.mark.parametrize("engine", [Engine.POSTGRESQL, Engine.MYSQL])
def test_a_connection_lost_in_a_stream_is_retryable(engine: Engine, request: pytest.FixtureRequest) -> None:
    server = request.getfixturevalue("postgresql" if engine is Engine.POSTGRESQL else "mariadb")
    database = server.database(BIG[engine])
    source = open_source(SourceSpec(engine, database.url))
    source.adopt_snapshot(None)
    stream = source.stream("select * from big", 1000)
    next(stream)
    if engine is Engine.POSTGRESQL:
        server.execute("select pg_terminate_backend(pid) from pg_stat_activity where datname = %s", database.name)
    else:
        for (pid,) in server.execute("select id from information_schema.processlist where db = %s", database.name):
            server.execute(f"kill {pid}")
    with pytest.raises(ConnectionLostError) as caught:
        list(stream)
    assert "127.0.0.1" not in str(caught.value)
    with pytest.raises(ConnectionLostError):
        source.query("select 1 as v")
    source.close()


@pytest.mark.parametrize("scheme", ["postgresql", "mysql"])
def test_nobody_listening_is_retryable(scheme: str) -> None:
    with pytest.raises(ConnectionLostError) as caught:
        open_source(SourceSpec(Engine(scheme), f"{scheme}://dr.martin@127.0.0.1:1/lab"))
    for hidden in ("127.0.0.1", "dr.martin"):
        assert hidden not in everything_said(caught.value)


@pytest.mark.parametrize(
    "url",
    [
        "postgresql://u:{}@127.0.0.1/lab",
        "mysql://u:{}@127.0.0.1/lab",
        "postgresql://u@127.0.0.1/lab?password={}",
        "mysql://u@127.0.0.1/lab?PASSWD={}",
        "postgresql://u:{}@127.0.0.1:notaport/lab",
        "postgresql://u@127.0.0.1/lab?sslpassword={}",
    ],
)
def test_a_password_in_the_url_is_refused_unread(url: str) -> None:
    with pytest.raises(UsageError) as caught:
        SourceSpec(Engine(url.split(":", maxsplit=1)[0]), url.format(CANARY))
    assert CANARY not in everything_said(caught.value)


def _with_password(engine: Engine, request: pytest.FixtureRequest) -> str:
    if engine is Engine.POSTGRESQL:
        server = request.getfixturevalue("postgresql")
        literal = PASSWORD.replace("'", "''")
        server.execute("drop role if exists pw")
        server.execute(f"create role pw login password '{literal}' in role needs_password")
        return str(server.url_of("postgres", "pw"))
    server = request.getfixturevalue("mariadb")
    database = server.database("create table t (v int)").name
    literal = PASSWORD.replace("\\", "\\\\").replace("'", "''")
    server.execute(f"create or replace user pw identified by '{literal}'; grant select on {database}.* to pw")
    return str(server.url_of(database, "pw"))


@pytest.mark.parametrize("engine", [Engine.POSTGRESQL, Engine.MYSQL])
def test_passwords_come_from_the_environment_or_a_private_passfile(
    engine: Engine, request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    url = _with_password(engine, request)
    monkeypatch.delenv(PASSWORD_ENV, raising=False)
    spec = SourceSpec(engine, url)
    with pytest.raises(ProfileError):
        open_source(spec)
    monkeypatch.setenv(PASSWORD_ENV, CANARY)
    with pytest.raises(ProfileError) as caught:
        open_source(spec)
    assert CANARY not in everything_said(caught.value)
    monkeypatch.setenv(PASSWORD_ENV, PASSWORD)
    source = open_source(spec)
    assert source.query("select 1 as v").num_rows == 1
    assert PASSWORD not in repr(spec)
    source.close()
    monkeypatch.delenv(PASSWORD_ENV)
    passfile = tmp_path / "pass"
    passfile.write_text("# ours\n127.0.0.1:*:*:pw:" + PASSWORD.replace("\\", "\\\\").replace(":", "\\:") + "\n")
    passfile.chmod(0o644)
    with pytest.raises(UsageError, match="others may read"):
        open_source(SourceSpec(engine, url, passfile=str(passfile)))
    passfile.chmod(0o600)
    source = open_source(SourceSpec(engine, url, passfile=str(passfile)))
    source.close()


def test_a_network_is_never_crossed_in_clear_text_by_default() -> None:
    from ecluse.adapters.sources import mysql, postgresql  # noqa: PLC0415

    assert "sslmode=require" in postgresql._conninfo(SourceSpec(Engine.POSTGRESQL, "postgresql://u@lab.example/db"))
    assert "ssl" in mysql._options(SourceSpec(Engine.MYSQL, "mysql://u@lab.example/db"))
    assert "ssl" not in mysql._options(SourceSpec(Engine.MYSQL, "mysql://u@lab.example/db?tls=off"))


@pytest.mark.parametrize(
    ("kind", "value", "expected", "type_"),
    [
        ("decimal(14,4)", "-1.5", Decimal("-1.5000"), pa.decimal128(14, 4)),
        ("decimal(38,10)", "1234567890123456789012345678.0123456789", None, pa.decimal128(38, 10)),
        ("decimal(65,10)", "1" * 55 + ".5", "1" * 55 + ".5000000000", pa.string()),
        ("tinyint(1)", "2", 2, pa.int64()),
        ("bigint unsigned", str(2**64 - 1), Decimal(2**64 - 1), pa.decimal128(20, 0)),
        ("varchar(9) character set latin1", "é€œ", "é€œ", pa.string()),
        ("varchar(9) collate utf8mb4_bin", "é😀", "é😀", pa.string()),
        ("blob", "\xe9", "é".encode(), pa.binary()),
        ("time", "-838:59:59", "-838:59:59", pa.string()),
        ("enum('a','é')", "é", "é", pa.string()),
        ("json", '{"a": 1}', '{"a": 1}', pa.string()),
        ("datetime(6)", "9999-12-31 23:59:59.999999", None, pa.timestamp("us")),
        ("double", "0.1", 0.1, pa.float64()),
        ("date", "0001-01-01", None, pa.date32()),
    ],
)
def test_mariadb_values_are_exact(
    mariadb: MariadbServer, kind: str, value: str, expected: object, type_: pa.DataType
) -> None:
    table = my(mariadb, f"create table t (v {kind} null); insert into t values ('{value}'), (null)", "select v from t")
    assert table.schema.field("v").type == type_
    first, second = table.column("v").to_pylist()
    assert second is None
    assert first == expected if expected is not None else str(first) == value


LOOSE = "set sql_mode = ''; create table t (v date, w datetime); "


def test_mariadb_zero_dates_are_null(mariadb: MariadbServer) -> None:
    table = my(mariadb, LOOSE + "insert into t values ('0000-00-00', '0000-00-00 00:00:00')", "select * from t")
    assert table.to_pylist() == [{"v": None, "w": None}]


@pytest.mark.parametrize("column", ["v", "w"])
def test_mariadb_incomplete_dates_are_refused_and_can_be_read_as_text(mariadb: MariadbServer, column: str) -> None:
    database = mariadb.database(LOOSE + "insert into t values ('2019-02-00', '2019-00-00 10:00:00')")
    with pytest.raises(ProfileError, match=f"column {column} ") as caught:
        reads(Engine.MYSQL, database.url, f"select {column} from t")
    assert "2019" not in everything_said(caught.value)
    table = reads(Engine.MYSQL, database.url, "select cast(v as char) as v from t")
    assert table.to_pylist() == [{"v": "2019-02-00"}]


@pytest.mark.parametrize("size", [0, 1, 250, 251, 252, 65_534, 65_535, 65_536, 70_000])
def test_mariadb_lengths_at_the_protocols_edges(mariadb: MariadbServer, size: int) -> None:
    sql = f"create table t (v longtext, w int); insert into t values (repeat('é', {size}), 1), (null, 2), ('', 3)"
    table = my(mariadb, sql, "select v, w from t order by w")
    assert table.column("v").to_pylist() == ["é" * size, None, ""]


@pytest.mark.parametrize("size", [2**24 - 1 - 5, 2**24 - 1 - 4, 2**24 - 1, 2**24 + 10])
def test_mariadb_rows_longer_than_a_packet(mariadb: MariadbServer, size: int) -> None:
    mariadb.execute("set global max_allowed_packet = 134217728")
    sql = f"create table t (v longtext, w int); insert into t values ('a', 1), (repeat('z', {size}), 2), ('b', 3)"
    column = my(mariadb, sql, "select v, w from t order by w").column("v").to_pylist()
    assert [len(value) for value in column] == [1, size, 1]
    assert (column[0], set(column[1]), column[2]) == ("a", {"z"}, "b")


def test_mariadb_writes_no_file_on_its_server(mariadb: MariadbServer, tmp_path: Path) -> None:
    target = mariadb.folder / "out.txt"
    with pytest.raises(ProfileError, match="read-only"):
        my(mariadb, "create table t (v int)", f"select * from t into outfile '{target}'")
    assert not target.exists()


_MEASURE = """
import resource, sys
from ecluse.adapters.sources import SourceSpec, open_source
from ecluse.domain.files import SourceFile
from ecluse.domain.profile import Engine
engine, url, sql = sys.argv[1:4]
files = {"big": SourceFile("big.csv", "utf-8")} if engine == "csv" else {}
source = open_source(SourceSpec(Engine(engine), url, files, memory_mb=64 if engine == "csv" else 512))
for batch in source.stream("select * from big where 1 = 0", 20000): pass
before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
rows = sum(batch.num_rows for batch in source.stream(sql, 20000))
print(rows, (resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) // 1024)
source.close()
"""


@pytest.fixture
def big(tmp_path: Path) -> Callable[[str, pytest.FixtureRequest], str]:
    def made(engine: str, request: pytest.FixtureRequest) -> str:
        if engine in ("postgresql", "mysql"):
            server = request.getfixturevalue("postgresql" if engine == "postgresql" else "mariadb")
            return str(server.database(BIG[Engine(engine)]).url)
        if engine == "sqlite":
            import sqlite3  # noqa: PLC0415

            with sqlite3.connect(tmp_path / "big.db") as connection:
                connection.execute("create table big (i integer, t text)")
                rows = ((i, "x" * 200) for i in range(400_000))
                connection.executemany("insert into big values (?, ?)", rows)
            connection.close()
            return f"sqlite://{tmp_path / 'big.db'}"
        with (tmp_path / "big.csv").open("w") as target:
            target.write("i,t\n")
            target.writelines(f"{i},{'x' * 200}\n" for i in range(400_000))
        return f"csv://{tmp_path}"

    return made


@pytest.mark.parametrize("engine", ["postgresql", "mysql", "sqlite", "csv"])
def test_memory_is_bounded_by_the_batch_and_not_by_the_table(
    engine: str, request: pytest.FixtureRequest, big: Callable[[str, pytest.FixtureRequest], str]
) -> None:
    url = big(engine, request)  # 84 MB of rows, batches of 4 MB
    command = [sys.executable, "-c", _MEASURE, engine, url, "select * from big"]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    rows, grown = map(int, done.stdout.split())
    assert rows == 400_000
    assert grown < 64, f"{grown} MB"
