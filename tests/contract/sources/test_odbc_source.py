"""ODBC: what is asked of the driver manager, bounds on lengths, drivers that are not there, no consistency promised."""

import subprocess
import sys

import pyarrow as pa
import pytest
from source_kinds import CANARY, everything_said

from ecluse.adapters.sources import PASSWORD_ENV, SourceSpec, odbc, open_source
from ecluse.domain.errors import ConnectionLostError, EcluseError, ProfileError, UsageError
from ecluse.domain.plan import Snapshot
from ecluse.domain.profile import Engine
from servers import MariadbServer, PostgresqlServer


def words(url: str, engine: Engine = Engine.SQLSERVER) -> str:
    return odbc.connection_string(SourceSpec(engine, url).address(), engine)


def read(url: str, engine: Engine, sql: str) -> pa.Table:
    source = open_source(SourceSpec(engine, url))
    try:
        return source.query(sql)
    finally:
        source.close()


def postgresql_url(server: PostgresqlServer, sql: str, more: str = "") -> str:
    name = server.database(sql).name
    return f"odbc://postgres@127.0.0.1:{server.port}/?Driver=psqlodbcw.so&Database={name}{more}"


def test_the_driver_managers_words() -> None:
    assert words("odbc:///LAB") == "DSN=LAB;"
    assert words("odbc://u@/LAB?max_text=10&text=utf8&engine=sqlserver") == "DSN=LAB;"
    assert words("odbc://u@h:1433/?Driver=FreeTDS&Database=l%7Da;b&TDS_Version=7.4") == (
        "Server=h;Port=1433;Driver=FreeTDS;Database={l}}a;b};TDS_Version=7.4;"
    )
    assert "CommLog=0" in words("odbc:///LAB", Engine.POSTGRESQL)


@pytest.mark.parametrize(
    "url", ["odbc:///", "odbc://h/?Database=x", "odbc:///LAB?a%3Bb=c", "odbc:///LAB?max_text=none", "odbc:///LAB?text=latin1",
            "odbc:///LAB?engine=oracle", "odbc:///LAB?PWD={}", "odbc:///LAB?x=1&Password={}", "odbc://u:{}@/LAB"]
)  # fmt: skip
def test_odd_addresses_are_refused_unread(url: str) -> None:
    with pytest.raises(UsageError) as caught:
        open_source(SourceSpec(Engine.SQLSERVER, url.format(CANARY)))
    assert CANARY not in everything_said(caught.value)


@pytest.mark.parametrize("url", ["odbc:///NO_SUCH_NAME", "odbc:///?Driver=NoSuchDriver", "odbc:///?Driver=/nowhere/lib.so"])
def test_a_driver_that_is_not_there_is_told(url: str) -> None:
    with pytest.raises(UsageError, match="no such ODBC driver"):
        open_source(SourceSpec(Engine.ORACLE, url))


def test_sql_servers_driver_loads_and_says_that_nobody_answers() -> None:
    """FreeTDS: no server of its protocol runs here, so that this is as far as it can be shown."""
    with pytest.raises(ConnectionLostError) as caught:
        open_source(SourceSpec(Engine.SQLSERVER, "odbc://sa@127.0.0.1:1/?Driver=FreeTDS&TDS_Version=7.4&Database=lab"))
    assert "127.0.0.1" not in everything_said(caught.value)


@pytest.mark.parametrize("engine", [Engine.ORACLE, Engine.SQLSERVER])
def test_there_is_no_other_way_to_these(engine: Engine) -> None:
    with pytest.raises(UsageError, match="ODBC"):
        open_source(SourceSpec(engine, f"{engine}://u@h/lab"))


@pytest.mark.parametrize(
    ("sql", "more"),
    [
        ("create table t (v text); insert into t values (repeat('é', 101))", "&max_text=100"),
        ("create table t (v varchar(5000)); insert into t values (repeat('é', 5000))", "&max_text=100"),
        ("create table t (v bytea); insert into t values (decode(repeat('00', 101), 'hex'))", "&max_binary=100"),
    ],
)
def test_a_longer_value_is_refused_and_not_cut(postgresql: PostgresqlServer, sql: str, more: str) -> None:
    with pytest.raises(ProfileError, match="longer than this source may give"):
        read(postgresql_url(postgresql, sql, more), Engine.POSTGRESQL, "select v from t")


def test_values_are_exact(postgresql: PostgresqlServer) -> None:
    sql = (
        "create table t (a smallint, b bigint, c numeric(14,4), d double precision, e real, f timestamp, g time, h boolean);"
        "insert into t values (-32768, 9223372036854775807, -1.5, 0.1, 7.35, '2019-02-28 23:59:59.123456', '10:11:12', true),"
        "(null, null, null, null, null, null, null, null)"
    )
    table = read(postgresql_url(postgresql, sql, "&BoolsAsChar=0"), Engine.POSTGRESQL, "select * from t")
    assert [str(field.type) for field in table.schema] == [
        "int64", "int64", "decimal128(14, 4)", "double", "double", "timestamp[us]", "string", "bool",
    ]  # fmt: skip
    first = {name: str(value) for name, value in table.to_pylist()[0].items()}
    assert first == {"a": "-32768", "b": "9223372036854775807", "c": "-1.5000", "d": "0.1", "e": "7.35",
                     "f": "2019-02-28 23:59:59.123456", "g": "10:11:12", "h": "True"}  # fmt: skip
    assert set(table.to_pylist()[1].values()) == {None}


@pytest.mark.parametrize("sql", ["select v from t for update", "with x as (delete from t returning v) select v from x",
                                 "select v into u from t", "call p()"])  # fmt: skip
def test_what_writes_or_locks_is_refused_unsent(postgresql: PostgresqlServer, sql: str) -> None:
    url = postgresql_url(postgresql, "create table t (v int); insert into t values (1)")
    with pytest.raises(ProfileError, match="read-only"):
        read(url, Engine.POSTGRESQL, sql)
    assert read(url, Engine.POSTGRESQL, "select count(*) as n from t").to_pylist() == [{"n": 1}]


def test_a_function_cannot_write(postgresql: PostgresqlServer) -> None:
    sql = "create table t (v int); create function f() returns int language sql as 'insert into t values (1) returning v'"
    url = postgresql_url(postgresql, sql)
    with pytest.raises(EcluseError):
        read(url, Engine.POSTGRESQL, "select f() as v")
    assert read(url, Engine.POSTGRESQL, "select count(*) as n from t").to_pylist() == [{"n": 0}]


def test_a_failed_query_does_not_spoil_the_next(postgresql: PostgresqlServer) -> None:
    source = open_source(SourceSpec(Engine.POSTGRESQL, postgresql_url(postgresql, "create table t (v int)")))
    with pytest.raises(ProfileError):
        source.query("select nope from t")
    assert source.query("select count(*) as n from t").to_pylist() == [{"n": 0}]
    assert source.facts().snapshot is Snapshot.SINGLE_CONNECTION
    assert source.facts().version.endswith(", by ODBC")
    source.close()


def test_of_sql_server_no_consistency_is_promised() -> None:
    assert Engine.SQLSERVER not in odbc._BEGIN
    assert Engine.FIREBIRD not in odbc._BEGIN


def test_passwords_come_from_the_environment(mariadb: MariadbServer, monkeypatch: pytest.MonkeyPatch) -> None:
    database = mariadb.database("create table t (v int)").name
    mariadb.execute(f"create or replace user odbc identified by 'p;w}}d='; grant select on {database}.* to odbc")
    url = f"odbc://odbc@127.0.0.1:{mariadb.port}/?Driver=MariaDB+Unicode&Database={database}"
    monkeypatch.setenv(PASSWORD_ENV, CANARY)
    with pytest.raises(ProfileError, match="did not let us in") as caught:
        read(url, Engine.MYSQL, "select v from t")
    assert CANARY not in everything_said(caught.value)
    monkeypatch.setenv(PASSWORD_ENV, "p;w}d=")
    assert read(url, Engine.MYSQL, "select v from t").num_rows == 0


_MEASURE = """
import resource, sys
from ecluse.adapters.sources import SourceSpec, open_source
from ecluse.domain.profile import Engine
source = open_source(SourceSpec(Engine.POSTGRESQL, sys.argv[1]))
source.query("select * from big where 1 = 0")
before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
rows = sum(batch.num_rows for batch in source.stream("select * from big", 20000))
print(rows, (resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) // 1024)
source.close()
"""


def test_memory_is_bounded_by_the_batch_where_texts_are_long(postgresql: PostgresqlServer) -> None:
    """20,000 rows of 8,000 characters in two columns would be 640 MB bound at once."""
    sql = "create table big as select i, repeat('x', 200) t, repeat('y', 200) u from generate_series(1, 60000) i"
    # the driver itself holds the whole answer unless it is told to fetch it by parts
    url = postgresql_url(postgresql, sql, "&UseDeclareFetch=1&Fetch=1000")
    done = subprocess.run([sys.executable, "-c", _MEASURE, url], capture_output=True, text=True, check=True)
    rows, grown = map(int, done.stdout.split())
    assert rows == 60_000
    assert grown < 96, f"{grown} MB"
