"""Firebird: types, character sets that nobody declared, files and servers, what is let alone."""

import datetime as dt
import os
import subprocess
import sys
from decimal import Decimal
from pathlib import Path

import pyarrow as pa
import pytest
from source_kinds import CANARY, ROWS, everything_said, lowered

from ecluse.adapters.sources import PASSWORD_ENV, SourceSpec, _memory, open_source
from ecluse.domain.errors import ConnectionLostError, EcluseError, MalformedError, ProfileError, UsageError
from ecluse.domain.profile import Engine
from firebird_servers import PASSWORD, FirebirdServer, firebird_file

LATE = dt.datetime.fromisoformat("1858-11-16T23:59:59.999900")


def read(url: str, sql: str, batch_rows: int = 1000) -> pa.Table:
    source = open_source(SourceSpec(Engine.FIREBIRD, url))
    try:
        return lowered(pa.Table.from_batches(list(source.stream(sql, batch_rows))))
    finally:
        source.close()


@pytest.mark.parametrize(
    ("kind", "value", "expected", "type_"),
    [
        ("smallint", "-32768", -32768, pa.int64()),
        ("integer", "2147483647", 2147483647, pa.int64()),
        ("bigint", str(-(2**63)), -(2**63), pa.int64()),
        ("numeric(4,2)", "-1.5", Decimal("-1.50"), pa.decimal128(5, 2)),
        ("numeric(9,3)", "123456.789", Decimal("123456.789"), pa.decimal128(10, 3)),
        ("decimal(18,4)", "-12345678901234.5678", Decimal("-12345678901234.5678"), pa.decimal128(19, 4)),
        ("float", "7.35", 7.35, pa.float64()),
        ("double precision", "0.1", 0.1, pa.float64()),
        ("boolean", "true", True, pa.bool_()),
        ("date", "'1582-10-15'", dt.date(1582, 10, 15), pa.date32()),
        ("date", "'0001-01-01'", dt.date(1, 1, 1), pa.date32()),
        ("date", "'9999-12-31'", dt.date(9999, 12, 31), pa.date32()),
        ("timestamp", "'1858-11-16 23:59:59.9999'", LATE, pa.timestamp("us")),
        ("time", "'10:20:00'", "10:20:00", pa.string()),
        ("time", "'23:59:59.1200'", "23:59:59.12", pa.string()),
        ("char(5)", "'é'", "é", pa.string()),
        ("char(5)", "'  x  '", "  x", pa.string()),
        ("char(3)", "''", "", pa.string()),
        ("varchar(5)", "'  x  '", "  x  ", pa.string()),
        ("varchar(4) character set octets", "x'00ff20'", b"\x00\xff ", pa.binary()),
        ("char(4) character set octets", "x'00ff2000'", b"\x00\xff \x00", pa.binary()),
        ("varchar(9) character set win1252", "'é€œ'", "é€œ", pa.string()),
        ("varchar(9) character set dos850", "'éàç'", "éàç", pa.string()),
        ("varchar(9) character set utf8", "'🧪𝄞'", "🧪𝄞", pa.string()),
        ("blob sub_type text character set win1252", "'é€œ'", "é€œ", pa.string()),
        ("blob sub_type text", "''", "", pa.string()),
        ("blob sub_type binary", "x'00ff'", b"\x00\xff", pa.binary()),
    ],
)
def test_values_are_exact(tmp_path: Path, kind: str, value: str, expected: object, type_: pa.DataType) -> None:
    statements = (f"create table t (v {kind})", f"insert into t values ({value})", "insert into t values (null)")
    table = read(firebird_file(tmp_path / "t.fdb", *statements).url, "select v from t")
    assert table.schema.field("v").type == type_
    assert table.column("v").to_pylist() == [expected, None]
    table.validate(full=True)


@pytest.mark.parametrize("batch_rows", [1, 3, 1000])
def test_hostile_texts_in_columns_of_bounded_length(tmp_path: Path, batch_rows: int) -> None:
    rows = [(number, *(None if v is None else v[:2000] for v in texts)) for number, *texts, _born in ROWS]
    database = firebird_file(tmp_path / "t.fdb", "create table t (id int, name varchar(2000), note varchar(8000))")
    database.fill("insert into t values (?, ?, ?)", rows)
    table = read(database.url, "select id, name, note from t order by id", batch_rows)
    assert list(zip(*(column.to_pylist() for column in table.columns), strict=True)) == rows


def test_a_blob_of_many_segments(tmp_path: Path) -> None:
    long = "é𝄞x" * 100_000
    database = firebird_file(tmp_path / "t.fdb", "create table t (v blob sub_type text character set utf8)")
    database.fill("insert into t values (?)", [(long,), ("",), (None,)])
    assert read(database.url, "select v from t").column("v").to_pylist() == [long, "", None]


UNDECLARED = ("create table t (v varchar(20), b blob sub_type text, c char(4))",)


@pytest.mark.parametrize(("charset", "text"), [("WIN1252", "é€œ’"), ("DOS850", "é─Ê"), ("ISO8859_1", "éÿ"), ("UTF8", "é")])
def test_bytes_of_no_declared_set_are_read_as_the_url_says(tmp_path: Path, charset: str, text: str) -> None:
    database = firebird_file(tmp_path / "t.fdb", *UNDECLARED, charset="NONE", connection=charset)
    database.fill("insert into t values (?, ?, ?)", [(text, text, "à"), (None, None, None)])
    table = read(f"{database.url}?charset={charset}", f"select v, b, c from t where v = '{text}'")
    assert table.to_pylist() == [{"v": text, "b": text, "c": "à"}]
    if charset != "UTF8":
        with pytest.raises(MalformedError, match="column V"):
            read(database.url, "select v from t")
        with pytest.raises(MalformedError, match="column B"):
            read(database.url, "select b from t")


@pytest.mark.parametrize("charset", ["WIN1252", "UTF8"])
def test_bytes_outside_the_declared_set_are_refused_and_not_replaced(tmp_path: Path, charset: str) -> None:
    statements = (*UNDECLARED, "insert into t (v) values ('ok')", "insert into t (v) values (x'81')")
    statements += (f"insert into t (v) values ('{CANARY[:20]}')",)
    url = firebird_file(tmp_path / "t.fdb", *statements, charset="NONE", connection="UTF8").url
    with pytest.raises(MalformedError, match="column V .*character set") as caught:
        read(f"{url}?charset={charset}", "select v from t")
    assert CANARY[:20] not in everything_said(caught.value)
    assert "charset=" in (caught.value.hint or "")


def test_what_the_connection_has_no_letter_for_is_refused(tmp_path: Path) -> None:
    url = firebird_file(tmp_path / "t.fdb", "create table t (v varchar(9))", "insert into t values ('αβγ')").url
    with pytest.raises(MalformedError):
        read(f"{url}?charset=WIN1252", "select v from t")
    with pytest.raises(ProfileError):
        read(f"{url}?charset=WIN1252", "select v from t where v = 'αβγ'")


@pytest.mark.parametrize("option", ["charset=klingon", "charset=NONE", "charset=OCTETS", "wirecrypt=maybe", "x=y"])
def test_odd_options_are_refused(tmp_path: Path, option: str) -> None:
    url = firebird_file(tmp_path / "t.fdb").url
    with pytest.raises(UsageError):
        read(f"{url}?{option}", "select 1 as one from rdb$database")


@pytest.mark.parametrize(
    "sql",
    [
        "select next value for g as n from rdb$database",
        "select gen_id(g, 1) as n from rdb$database",
        "execute procedure p",
        "select * from w",
        "execute block returns (n int) as begin insert into t values (9); n = 1; suspend; end",
        "select n from t with lock",
        "select n from t for update",
    ],
)
def test_nothing_steps_or_writes(tmp_path: Path, sql: str) -> None:
    body = "as begin insert into t values (7); n = 1; suspend; end"
    statements = ("create table t (n int)", "insert into t values (1)", "create sequence g", f"create procedure w returns (n int) {body}",
                  "create procedure p as begin insert into t values (8); end")  # fmt: skip
    database = firebird_file(tmp_path / "t.fdb", *statements)
    with pytest.raises(EcluseError):
        read(database.url, sql)
    assert database.execute("select count(*) from t") == [(1,)]
    assert database.execute("select gen_id(g, 0) from rdb$database") == [(0,)]


def test_no_file_and_no_database(tmp_path: Path) -> None:
    (tmp_path / "no.fdb").write_bytes(b"not a database, but long enough to look at" * 500)
    with pytest.raises(MalformedError):
        read(f"firebird://{tmp_path / 'no.fdb'}", "select 1 as one from rdb$database")
    with pytest.raises(ProfileError):
        read(f"firebird://{tmp_path / 'gone.fdb'}", "select 1 as one from rdb$database")
    assert not (tmp_path / "gone.fdb").exists()


_SORT = """
import sys
from ecluse.adapters.sources import SourceSpec, open_source
from ecluse.domain.profile import Engine
source = open_source(SourceSpec(Engine.FIREBIRD, sys.argv[1]))
print(sum(batch.num_rows for batch in source.stream("select v from t order by v desc", 50000)))
source.close()
"""


def test_a_sort_larger_than_memory_does_not_reach_a_disk(tmp_path: Path) -> None:
    rows = "execute block as declare i int = 0; begin while (i < 150000) do begin insert into t values (:i || 'x'); i = i + 1; end end"
    database = firebird_file(tmp_path / "t.fdb", "create table t (v varchar(2000))", rows)
    environment = {name: value for name, value in os.environ.items() if not name.startswith("FIREBIRD")}
    command = ["strace", "-f", "-qq", "-e", "trace=open,openat,creat", "-o", str(tmp_path / "calls")]
    command += [sys.executable, "-c", _SORT, database.url]
    done = subprocess.run(command, capture_output=True, text=True, check=True, env=environment)
    assert done.stdout.strip() == "150000"
    calls = (tmp_path / "calls").read_text(errors="replace").splitlines()
    sorts = [call for call in calls if "fb_sort_" in call]
    assert sorts, "the sort was too small to leave memory"
    assert all(f'"{_memory.private_folder("firebird")}/' in call for call in sorts)


def test_a_place_that_is_a_disk_in_clear_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    url = firebird_file(tmp_path / "t.fdb").url
    monkeypatch.setattr(_memory, "_OF_MEMORY", frozenset())
    monkeypatch.setattr(_memory, "_DEVICES", tmp_path / "devices")
    with pytest.raises(UsageError, match="in memory or on an encrypted disk"):
        read(f"{url}?scratch={tmp_path}", "select 1 as one from rdb$database")
    # LVM on LUKS: a device over devices that are all encrypted
    device = tmp_path.stat().st_dev
    top = tmp_path / "devices" / f"{os.major(device)}:{os.minor(device)}"
    for place, uuid in ((top, "LVM-1"), (top / "slaves" / "dm-0", "CRYPT-LUKS2-1")):
        (place / "dm").mkdir(parents=True)
        (place / "dm" / "uuid").write_text(uuid)
    assert _memory.is_sealed(tmp_path)
    (top / "slaves" / "sda1").mkdir()
    assert not _memory.is_sealed(tmp_path)


def test_passwords_and_databases_of_a_server(firebird_server: FirebirdServer, monkeypatch: pytest.MonkeyPatch) -> None:
    database = firebird_server.database("create table t (v int)")
    monkeypatch.setenv(PASSWORD_ENV, CANARY)
    with pytest.raises(ProfileError) as caught:
        read(database.url, "select * from t")
    assert CANARY not in everything_said(caught.value)
    monkeypatch.setenv(PASSWORD_ENV, PASSWORD)
    assert read(database.url, "select * from t").num_rows == 0
    with pytest.raises(ConnectionLostError):
        read(firebird_server.url_of("gone"), "select * from t")
    with pytest.raises(ConnectionLostError):
        read("firebird://SYSDBA@127.0.0.1:1/lab", "select * from t")


def test_a_connection_lost_in_a_stream_is_retryable(
    firebird_server: FirebirdServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    rows = "execute block as declare i int = 0; begin while (i < 200000) do begin insert into t values (:i); i = i + 1; end end"
    database = firebird_server.database("create table t (v int)", rows)
    monkeypatch.setenv(PASSWORD_ENV, PASSWORD)
    source = open_source(SourceSpec(Engine.FIREBIRD, database.url))
    source.adopt_snapshot(None)
    stream = source.stream("select v from t", 1000)
    next(stream)
    database.execute("delete from mon$attachments where mon$attachment_id <> current_connection")
    with pytest.raises(ConnectionLostError) as caught:
        list(stream)
    assert "127.0.0.1" not in everything_said(caught.value)
    with pytest.raises(ConnectionLostError):
        source.query("select 1 as v from rdb$database")
    source.close()


def test_a_network_is_never_crossed_in_clear_text_by_default() -> None:
    from ecluse.adapters.sources import firebird  # noqa: PLC0415

    for url, wanted in (("firebird://u@lab.example/db", "Required"), ("firebird://u@lab.example/db?wirecrypt=off", "Enabled"),
                        ("firebird://u@localhost/db", "Enabled")):  # fmt: skip
        proofs = "AuthClient=Srp256,Srp"  # never Legacy_Auth
        assert firebird._config(SourceSpec(Engine.FIREBIRD, url).address()) == f"WireCrypt={wanted}\n{proofs}"
    assert firebird._dsn(SourceSpec(Engine.FIREBIRD, "firebird://u@lab/C:/LIS/LAB.FDB").address()) == "lab/3050:C:/LIS/LAB.FDB"
    assert firebird._dsn(SourceSpec(Engine.FIREBIRD, "firebird://u@lab/alias").address()) == "lab/3050:alias"
    assert firebird._dsn(SourceSpec(Engine.FIREBIRD, "firebird://u@lab:1/srv/lab.fdb").address()) == "lab/1:/srv/lab.fdb"
