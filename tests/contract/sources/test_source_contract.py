"""What every source promises, on each kind."""

import base64
import contextlib
import os
import pickle
import re
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pyarrow as pa
import pytest
import source_kinds as kinds
from source_kinds import CANARY, ROWS, Kind, everything_said

import ecluse
from ecluse.domain.errors import EcluseError, ProfileError
from ecluse.domain.plan import Snapshot
from ecluse.domain.profile import Engine
from ecluse.migration.ports import Source
from servers import MariadbServer, PostgresqlServer

ALL = "select id, name, note, born from person order by id"


Made = Callable[[pytest.FixtureRequest, Path], Kind]
KINDS: dict[str, Made] = {
    "memory": lambda _request, _folder: kinds.memory(),
    "sqlite": lambda _request, folder: kinds.sqlite(folder),
    "csv": lambda _request, folder: kinds.csv_folder(folder),
    "csv-streamed": lambda _request, folder: kinds.csv_folder(folder, "utf-16", "\t"),
    "access-2000": lambda _request, folder: kinds.access(folder, "jet4"),
    "access-2007": lambda _request, folder: kinds.access(folder, "ace"),
    "postgresql": lambda request, _folder: kinds.postgresql(request.getfixturevalue("postgresql")),
    "mariadb": lambda request, _folder: kinds.mariadb(request.getfixturevalue("mariadb")),
    "odbc-postgresql": lambda request, _folder: kinds.odbc_postgresql(request.getfixturevalue("postgresql")),
    "odbc-mariadb": lambda request, _folder: kinds.odbc_mariadb(request.getfixturevalue("mariadb")),
    "odbc-sqlite": lambda _request, folder: kinds.odbc_sqlite(folder),
    "firebird": lambda _request, folder: kinds.firebird(folder),
    "firebird-server": lambda request, folder: kinds.firebird_server(
        request.getfixturevalue("firebird_server"), folder
    ),
}
DUMPS = {"postgresql-dump": Engine.POSTGRESQL, "mariadb-dump": Engine.MYSQL}


@pytest.fixture(scope="module")
def dumped(
    postgresql: PostgresqlServer, mariadb: MariadbServer, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[dict[str, Kind]]:
    """Dumps, each held open so that its server is started once for the module."""
    folder = tmp_path_factory.mktemp("dumps")
    paths = (kinds.pg_dump(postgresql, folder), kinds.mariadb_dump(mariadb, folder))
    made = {name: kinds.dump(path, engine) for (name, engine), path in zip(DUMPS.items(), paths, strict=True)}
    with contextlib.ExitStack() as held:
        for kind in made.values():
            held.callback(kind.open().close)
        yield made


@pytest.fixture(params=[*KINDS, *DUMPS])
def kind(request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Kind:
    if request.param == "csv-streamed":
        monkeypatch.setattr("ecluse.adapters.sources.files._RESIDENT_SHARE", 1 << 40)
    if request.param in DUMPS:
        found: Kind = request.getfixturevalue("dumped")[request.param]
        return found
    return KINDS[request.param](request, tmp_path)


@pytest.fixture
def source(kind: Kind) -> Iterator[Source]:
    opened = kind.open()
    yield opened
    opened.close()


def as_text(table: pa.Table) -> list[tuple[object, ...]]:
    columns = [column.cast(pa.string()).to_pylist() for column in table.columns]
    return list(zip(*columns, strict=True))


def wanted(kind: Kind) -> list[tuple[object, ...]]:
    return [tuple(("" if v is None and not kind.nulls else v if v is None else str(v)) for v in row) for row in ROWS]


def test_hostile_values_arrive_unchanged(kind: Kind, source: Source) -> None:
    table = kinds.lowered(source.query(ALL if not kind.text else ALL.replace("order by id", "order by cast(id as integer)")))
    assert as_text(table) == wanted(kind)
    assert table.schema.field("name").type == pa.string()
    expected = (pa.string(), pa.string()) if kind.text else (pa.int64(), pa.date32())
    assert (table.schema.field("id").type, table.schema.field("born").type) == expected
    table.validate(full=True)


@pytest.mark.parametrize("batch_rows", [1, 3, 1000])
def test_batches_hold_all_rows_once(kind: Kind, source: Source, batch_rows: int) -> None:
    found = pa.Table.from_batches(list(source.stream(ALL, batch_rows)))
    assert sorted(as_text(found), key=lambda row: int(str(row[0]))) == wanted(kind)


def test_no_rows_still_have_their_columns(source: Source) -> None:
    table = source.query("select id, name from person where 1 = 0")
    assert table.num_rows == 0
    assert [name.lower() for name in table.schema.names] == ["id", "name"]


def test_a_comment_at_the_end_does_no_harm(source: Source) -> None:
    assert source.query("select count(*) as n from person -- all of them").num_rows == 1


def test_two_uses_of_one_table_see_all_of_it(source: Source) -> None:
    sql = "with p as (select id from person) select count(*) as n from p join person q on p.id = q.id"
    assert as_text(source.query(sql)) == [(str(len(ROWS)),)]


@pytest.mark.parametrize(
    "sql",
    [
        "insert into person(id, name) values (77, 'x')",
        "update person set name = 'x'",
        "delete from person",
        "drop table person",
        "create table other (id int)",
        "select 1 as a; delete from person",
        "",
    ],
)
def test_nothing_can_be_written_through_it(kind: Kind, source: Source, sql: str) -> None:
    with pytest.raises(EcluseError):
        source.query(sql)
    fresh = kind.open()
    assert as_text(fresh.query("select count(*) as n from person")) == [(str(len(ROWS)),)]
    fresh.close()


@pytest.mark.parametrize(
    "sql",
    [
        "select cast(name as {int}) as n from person where id = {ten}",
        f"select nope from person where name = '{CANARY}'",
        f"select * from nope where name = '{CANARY}'",
        f"selec '{CANARY}'",
        f"select name '{CANARY}",
        f"select id as a, name as a from person where name = '{CANARY}'",
        f"select 1 / (id - id) as n from person where {CANARY.replace('-', '_')} = 1",
    ],
)
def test_an_error_holds_no_value(kind: Kind, source: Source, sql: str) -> None:
    sql = sql.replace("{int}", "int" if not kind.name.endswith("mariadb") else "nope")
    sql = sql.replace("{ten}", "'10'" if kind.text else "10")
    if kind.name.endswith("sqlite") and ("cast(" in sql or " as a" in sql):  # it refuses neither
        sql = f"select '{CANARY}' as a, count(nope) from person"
    with pytest.raises(ProfileError) as caught:
        source.query(sql)
    assert CANARY not in everything_said(caught.value)


def test_a_snapshot_does_not_see_a_later_writer(kind: Kind, source: Source) -> None:
    token = source.export_snapshot()
    shared = source.facts().snapshot is not Snapshot.SINGLE_CONNECTION
    assert (token is not None) == shared
    before = source.query("select count(*) as n from person").to_pylist()
    if kind.write:
        kind.write()
    others = [source]
    if shared:
        others.append(kind.open())
        others[1].adopt_snapshot(token)
    for each in others:
        assert each.query("select count(*) as n from person").to_pylist() == before
        assert pa.Table.from_batches(list(each.stream(ALL, 2))).num_rows == len(ROWS)
        assert each.query("select count(*) as n from person").to_pylist() == before
    if kind.write:
        fresh = kind.open()
        fresh.adopt_snapshot(None)
        assert as_text(fresh.query("select count(*) as n from person")) == [(str(len(ROWS) + 1),)]
        fresh.close()
    for each in others[1:]:
        each.close()


def test_a_foreign_token_is_refused(kind: Kind, source: Source) -> None:
    if kind.name == "memory":
        return
    with pytest.raises(EcluseError):
        source.adopt_snapshot("'; drop table person; --")


def test_a_stream_left_early_leaves_nothing_behind(kind: Kind) -> None:
    opened = kind.open()
    stream = opened.stream(ALL, 1)
    next(stream)
    stream.close()
    opened.close()
    fresh = kind.open()
    assert fresh.query(ALL).num_rows == len(ROWS)
    fresh.close()


_ALL_OF_IT = """
import base64, pickle, sys
from ecluse.adapters.sources import open_source
source = open_source(pickle.loads(base64.b64decode(sys.argv[1])))
source.export_snapshot()
source.query("select id, name, note, born from person")
source.query("select a.name, b.note from person a cross join person b order by a.note, b.name")
try:
    source.query("select nope from person")
except Exception:
    pass
stream = source.stream("select * from person", 1)
next(stream)
stream.close()
source.close()
"""


def test_no_file_is_written(kind: Kind, tmp_path: Path) -> None:
    """Watched by strace: no file is opened for writing, wherever it would be."""
    if kind.spec is None:
        return
    if shutil.which("strace") is None:
        pytest.fail("strace is not installed: apt-get install -y strace")
    place, log = tmp_path / "place", tmp_path / "calls"
    place.mkdir()
    spec = base64.b64encode(pickle.dumps(kind.spec)).decode()
    command = ["strace", "-f", "-y", "-qq", "-e", "trace=open,openat,creat,rename,renameat2,mkdir,mkdirat", "-o", str(log)]
    source = str(Path(ecluse.__file__).parents[1])
    environment = {**os.environ, "HOME": str(place), "TMPDIR": str(place), "PYTHONPATH": source}
    command += [sys.executable, "-B", "-c", _ALL_OF_IT, spec]
    subprocess.run(command, check=True, cwd=place, env=environment)
    calls = log.read_text(errors="replace").splitlines()
    assert any("libpq" in c or "pyarrow" in c or "duckdb" in c for c in calls), "strace saw nothing"
    wrote = [c for c in calls if re.search(r"O_WRONLY|O_RDWR|O_CREAT|creat\(|rename|mkdir", c) and " = -1 " not in c]
    # SQLite's own index of a write-ahead log, without rows, which every reader of such a file needs; Firebird's own
    # file, whose header counts transactions, and its locks, in memory
    known = r'"/(dev/(null|tty)|proc/self/.*/comm)"|\.db-(shm|wal)"|lab .*\.fdb"|"/dev/shm/[^"]*/fb(12)?_'
    # a dump's server, all of whose files lie in memory; renamed and made by relative names there, opened by whole ones
    # PostgreSQL's driver notes there that it let go of a connection, by its address, and nothing else
    known += r'|"/tmp/psqlodbc_[^"]*\.log"' if kind.name == "odbc-postgresql" else ""
    for noted in Path("/tmp").glob("psqlodbc_*.log") if kind.name == "odbc-postgresql" else ():
        assert re.fullmatch(r"(PQfinish: 0x[0-9a-f]+\n)*", noted.read_text())
        noted.unlink()
    # SQLite's driver knows no way to say that it only reads
    known += r'|lab .*\.db", .*O_RDWR' if kind.name == "odbc-sqlite" else ""
    known += r'|<?"?/dev/shm/ecluse-dump-[^>"]*[>"]|(rename|mkdir)\("[^/]'
    assert [c for c in wrote if not re.search(known, c)] == []
    assert list(place.iterdir()) == []


def test_its_spec_can_be_sent_to_a_worker(kind: Kind) -> None:
    if kind.spec is None:
        return
    from ecluse.adapters.sources import open_source  # noqa: PLC0415

    opened = open_source(pickle.loads(pickle.dumps(kind.spec)))  # noqa: S301
    assert opened.query(ALL).num_rows == len(ROWS)
    opened.close()
