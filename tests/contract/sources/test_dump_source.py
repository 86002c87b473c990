"""Dumps: whole or refused, without a command run, a byte on a disk or a server left behind."""

import atexit
import gzip
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from urllib.parse import quote

import pytest
import source_kinds as kinds
from source_kinds import CANARY, ROWS, everything_said

import ecluse
from ecluse.adapters.sources import SourceSpec, _memory, _throwaway, open_source
from ecluse.domain.errors import EcluseError, ProfileError, UsageError
from ecluse.domain.plan import Snapshot
from ecluse.domain.profile import Engine
from servers import MariadbServer, PostgresqlServer

PG, MY = Engine.POSTGRESQL, Engine.MYSQL
SCRATCH = Path(tempfile.mkdtemp(prefix="throwaway-", dir="/dev/shm"))
"""Apart from servers of other tests that run at this moment; the servers' accounts go through it."""
SCRATCH.chmod(0o711)
atexit.register(shutil.rmtree, SCRATCH, ignore_errors=True)


def spec_of(path: Path, engine: Engine, options: str = "") -> SourceSpec:
    return SourceSpec(engine, f"dump://{quote(str(path))}?engine={engine}&scratch={SCRATCH}{options}")


def rows(path: Path, engine: Engine, sql: str, options: str = "") -> list[tuple[object, ...]]:
    with closing(open_source(spec_of(path, engine, options))) as source:
        return [tuple(row.values()) for row in source.query(sql).to_pylist()]


def left() -> list[str]:
    """Folders and processes of throw-away servers."""
    base = _memory.private_folder("dump", str(SCRATCH), enterable=not os.geteuid())
    found = [path.name for path in base.iterdir()]
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            try:
                command = (entry / "cmdline").read_bytes()
            except OSError:
                continue
            if str(base).encode() in command:
                found.append(command.decode("utf-8", "replace").replace("\0", " "))
    return found


@pytest.fixture(autouse=True)
def nothing_left() -> Iterator[None]:
    yield
    assert left() == []


@pytest.mark.parametrize("shape", ["p", "c", "t", "gzip"])
def test_a_postgresql_dump_of_any_format_is_read(postgresql: PostgresqlServer, tmp_path: Path, shape: str) -> None:
    path = kinds.pg_dump(postgresql, tmp_path, "p" if shape == "gzip" else shape)
    if shape == "gzip":
        path.write_bytes(gzip.compress(path.read_bytes()))
    found = rows(path, PG, "select id, name, note from person order by id")
    assert found == [(number, name, note) for number, name, note, _ in ROWS]


UTF8 = "--default-character-set=utf8mb4"


@pytest.mark.parametrize(
    "options",
    [(), ("--skip-extended-insert", "--compatible=ansi", UTF8), ("--databases",), ("--hex-blob", "--complete-insert")],
)
def test_a_mariadb_dump_is_read(mariadb: MariadbServer, tmp_path: Path, options: tuple[str, ...]) -> None:
    path = kinds.mariadb_dump(mariadb, tmp_path, *options)
    found = rows(path, MY, "select id, name, note from person order by id")
    assert found == [(number, name, note) for number, name, note, _ in ROWS]


@pytest.mark.parametrize("value", ["'é'", "'abcdef'", "'a'), ('b'"])
def test_a_value_that_the_server_would_change_is_refused(tmp_path: Path, value: str) -> None:
    """A dump turns strict mode off by itself; the server then cuts texts and puts ? for what it cannot read."""
    path = tmp_path / "x.sql"
    start = "set sql_mode = 'NO_AUTO_VALUE_ON_ZERO';\ncreate table t (v varchar(3), unique (v));\ninsert into t values ('b');\n"
    path.write_bytes(f"{start}insert ignore into t values ({value});\n".encode("latin-1"))
    with pytest.raises(ProfileError, match="warning"):
        rows(path, MY, "select v from t")


def test_a_dump_is_loaded_once_and_read_by_several(postgresql: PostgresqlServer, tmp_path: Path) -> None:
    spec = spec_of(kinds.pg_dump(postgresql, tmp_path), PG)
    first, second = open_source(spec), open_source(spec)
    assert len([name for name in left() if "_guard.py" in name]) == 1
    facts = first.facts()
    assert facts.snapshot is Snapshot.SHARED
    assert "sha256:" in facts.version
    second.adopt_snapshot(first.export_snapshot())
    first.close()
    first.close()
    assert second.query("select count(*) as n from person").to_pylist() == [{"n": len(ROWS)}]
    second.close()


def test_owners_and_extensions_that_are_not_here_do_no_harm(postgresql: PostgresqlServer, tmp_path: Path) -> None:
    script = (
        "create role lis_owner; create table t (id int primary key, v text); insert into t values (1, 'a;b'), (2, 'c');"
        "alter table t owner to lis_owner; create schema lab authorization lis_owner; create table lab.u (n int);"
        "grant select on t to lis_owner; create extension hstore; comment on extension hstore is 'x';"
        "create view w as select id from t; create function f() returns int language plpgsql as 'begin return 1; end';"
        "alter table t enable row level security; create policy p on t to lis_owner using (id = 1);"
    )
    database = postgresql.database(script)
    path = tmp_path / "x.dump"
    program = kinds.find_program("pg_dump", "")
    command = [program, "-h", postgresql.host, "-p", str(postgresql.port), "-U", postgresql.user, "-f", str(path)]
    subprocess.run([*command, database.name], check=True)
    assert rows(path, PG, "select id, v from t order by id") == [(1, "a;b"), (2, "c")]
    assert rows(path, PG, "select id from w order by id") == [(1,), (2,)]
    postgresql.execute(f"drop database {database.name}")
    postgresql.execute("drop role lis_owner")


def test_row_security_never_leaves_rows_out_silently(tmp_path: Path) -> None:
    path = tmp_path / "x.sql"
    path.write_text(
        "create table t (id int);\ninsert into t values (1), (2);\nalter table t enable row level security;\n"
        "alter table t force row level security;\ncreate policy p on t using (id = 1);\n"
    )
    with pytest.raises(ProfileError):
        rows(path, PG, "select id from t")


def test_views_and_triggers_of_another_account_do_no_harm(mariadb: MariadbServer, tmp_path: Path) -> None:
    mariadb.execute("create or replace user gone@'%' identified by 'x'; grant all on *.* to gone@'%'")
    script = (
        "create table t (id int primary key, v text); insert into t values (1, 'a'), (2, 'b');"
        "create definer = 'gone'@'%' view w as select id from t; create view x as select v from t;"
        "create definer = 'gone'@'%' trigger g before insert on t for each row set new.v = 'x';"
        "create definer = 'gone'@'%' procedure p() select 1;"
    )
    database = mariadb.database(script)
    path = tmp_path / "x.sql"
    command = ["mariadb-dump", "--no-defaults", "-h", mariadb.host, "-P", str(mariadb.port), "-u", "root", "--routines"]
    subprocess.run([*command, f"--result-file={path}", database.name], check=True)
    assert rows(path, MY, "select id, v from t order by id") == [(1, "a"), (2, "b")]


COMMANDS_OF_PSQL = [
    "\\! touch {0}",
    "\\copy t from program 'touch {0}'",
    "\\copy t to '{0}'",
    "\\o {0}\nselect 1;",
    "\\o |touch {0}\nselect 1;",
    "\\w {0}",
    "\\i /etc/passwd",
    "\\set x `touch {0}`",
    "\\setenv PAGER 'touch {0}'",
    "select 1 \\g |touch {0}",
    "select 1 \\g {0}",
    "\\connect postgres",
    "\\unrestrict a\n\\! touch {0}",
    "copy t from program 'touch {0}';",
    "copy t to program 'touch {0}';",
    "copy t to '{0}';",
    "copy t from '/etc/passwd';",
    "select pg_read_file('/etc/passwd');",
    "select lo_export(lo_from_bytea(0, 'x'), '{0}');",
    "select lo_import('/etc/passwd');",
    "alter system set archive_command = 'touch {0}';",
    "create function f() returns int as '/lib/x86_64-linux-gnu/libc.so.6', 'system' language c;\nselect f();",
    "alter role ecluse_owner superuser;\ncopy t to '{0}';",
    "set role pg_execute_server_program;\ncopy t from program 'touch {0}';",
    "create extension plpython3u;\ndo language plpython3u $$import os; os.system('touch {0}')$$;",
    "do $$begin execute 'copy t to ''{0}'''; end$$;",
]


@pytest.mark.parametrize("command", COMMANDS_OF_PSQL)
def test_a_postgresql_dump_runs_no_command(tmp_path: Path, command: str) -> None:
    target = tmp_path / "pwned"
    tmp_path.chmod(0o777)
    path = tmp_path / "x.sql"
    path.write_text(f"create table t (v text);\ninsert into t values ('{CANARY}');\n{command.format(target)}\n")
    with pytest.raises(EcluseError) as caught:
        rows(path, PG, "select * from t")
    assert not target.exists()
    assert CANARY not in everything_said(caught.value)


COMMANDS_OF_MARIADB = [
    "\\! touch {0}",
    "system touch {0}",
    "system touch {0};",
    "source /etc/passwd",
    "\\. /etc/passwd",
    "tee {0}\nselect 1;",
    "pager touch {0}\nselect 1;",
    "\\P touch {0}\nselect 1;",
    "edit",
    "select 1; \\! touch {0}",
    "delimiter ;;\n\\! touch {0}\n;;",
    "connect mysql",
    "select 'x' into outfile '{0}';",
    "select 'x' into dumpfile '{0}';",
    "load data infile '/etc/passwd' into table t;",
    "load data local infile '/etc/passwd' into table t;",
    "insert into t values (load_file('/etc/passwd') is null or 'read'), (1/0 + (select count(*) from mysql.user));",
    "install plugin x soname 'auth_socket.so';",
    "create function f returns string soname 'udf.so';",
    "use mysql;\ncreate table user (x int);",
    "create definer = 'root'@'localhost' procedure p() select 'x' into outfile '{0}';\ncall p();",
    "set global general_log_file = '{0}';\nset global general_log = on;\ninsert into u values (1);",
    "grant file on *.* to ecluse_owner@localhost;\nselect 'x' into outfile '{0}';",
    "create event e on schedule every 1 second do select 1 into outfile '{0}';\ninsert into u values (1);",
]


@pytest.mark.parametrize("command", COMMANDS_OF_MARIADB)
def test_a_mariadb_dump_runs_no_command(tmp_path: Path, command: str) -> None:
    target = tmp_path / "pwned"
    tmp_path.chmod(0o777)
    path = tmp_path / "x.sql"
    path.write_text(f"create table t (v text);\ninsert into t values ('{CANARY}');\n{command.format(target)}\n")
    with pytest.raises(EcluseError) as caught:
        rows(path, MY, "select * from t")
    assert not target.exists()
    assert CANARY not in everything_said(caught.value)


@pytest.mark.parametrize("keep", [0.3, 0.6, 0.9, -1, -30])
@pytest.mark.parametrize("engine", [PG, MY])
def test_a_dump_that_is_cut_off_is_refused(
    postgresql: PostgresqlServer, mariadb: MariadbServer, tmp_path: Path, engine: Engine, keep: float
) -> None:
    path = kinds.pg_dump(postgresql, tmp_path) if engine is PG else kinds.mariadb_dump(mariadb, tmp_path)
    whole = path.read_bytes().rstrip()
    cut = int(len(whole) * keep) if keep > 0 else whole.rindex(b"dump complete" if engine is PG else b"Dump completed")
    path.write_bytes(whole[: cut + (int(keep) if keep < 0 else 0)])
    with pytest.raises(ProfileError) as caught:
        rows(path, engine, "select * from person")
    assert CANARY not in everything_said(caught.value)


@pytest.mark.parametrize(
    ("engine", "text"),
    [
        (PG, "create table t (v int);\ncopy t from stdin;\n1\n2\n"),
        (PG, f"create table t (v int);\ncopy t from stdin;\n1\n{CANARY}\n\\.\n"),
        (PG, f"create table t (v int);\ninsert into t values ('{CANARY}');\n"),
        (PG, "create table t (v nosuchtype);\n"),
        (PG, "create table t (v text);\ninsert into t values ('unfinished"),
        (MY, "create table t (v int);\ninsert into t values (1"),
        (MY, f"create table t (v int);\ninsert into t values ('{CANARY}', 2);\n"),
        (MY, "create table t (v text) collate utf8mb4_0900_xx;\ninsert into t values ('x');\n"),
        (MY, "create table t (v text);\ninsert into t values ('unfinished"),
        (MY, "create table t (v text);\n/* unfinished"),
    ],
)
def test_what_does_not_load_whole_is_refused(tmp_path: Path, engine: Engine, text: str) -> None:
    path = tmp_path / "x.sql"
    path.write_text(text)
    with pytest.raises(ProfileError) as caught:
        rows(path, engine, "select * from t")
    assert CANARY not in everything_said(caught.value)


def test_declared_encodings(tmp_path: Path) -> None:
    path = tmp_path / "x.sql"
    path.write_bytes("create table t (v varchar(20));\ninsert into t values ('été €œ');\n".encode("cp1252"))
    for engine in (PG, MY):
        with pytest.raises(ProfileError):
            rows(path, engine, "select v from t")
    begin = b"set client_encoding = 'WIN1252';\n"
    (tmp_path / "y.sql").write_bytes(begin + path.read_bytes())
    assert rows(tmp_path / "y.sql", PG, "select v from t") == [("été €œ",)]
    assert rows(path, MY, "select v from t", "&encoding=latin1") == [("été €œ",)]
    with pytest.raises(UsageError):
        rows(path, PG, "select v from t", "&encoding=klingon")


def test_names_may_be_folded(tmp_path: Path) -> None:
    path = tmp_path / "x.sql"
    path.write_text("create table Patients (id int);\ninsert into patients values (1);\n")
    with pytest.raises(ProfileError):
        rows(path, MY, "select * from PATIENTS")
    assert rows(path, MY, "select * from PATIENTS", "&names=folded") == [(1,)]


def test_several_databases_need_a_name(mariadb: MariadbServer, tmp_path: Path) -> None:
    path = tmp_path / "x.sql"
    one, two = (mariadb.database(f"create table t (v int); insert into t values ({v})").name for v in (1, 2))
    command = ["mariadb-dump", "--no-defaults", "-h", mariadb.host, "-P", str(mariadb.port), "-u", "root"]
    subprocess.run([*command, f"--result-file={path}", "--databases", one, two], check=True)
    with pytest.raises(UsageError, match="several"):
        rows(path, MY, "select v from t")
    assert rows(path, MY, "select v from t", f"&database={two}") == [(2,)]


def test_without_room_or_memory_nothing_is_loaded(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "x.sql"
    path.write_text("create table t (v int);\n")
    with monkeypatch.context() as patched:
        patched.setattr(_throwaway.shutil, "disk_usage", lambda _path: type("Usage", (), {"free": 1 << 20})())
        with pytest.raises(UsageError, match="MB of memory"):
            rows(path, PG, "select * from t")
    with monkeypatch.context() as patched:
        patched.setattr(_memory, "_OF_MEMORY", frozenset())
        patched.setattr(_memory, "_DEVICES", tmp_path / "devices")
        with pytest.raises(UsageError, match="in memory or on an encrypted disk"):
            rows(path, MY, "select * from t", f"&scratch={tmp_path}")
    with pytest.raises(UsageError):
        rows(tmp_path / "gone.sql", PG, "select 1 as n")
    with pytest.raises(UsageError):
        SourceSpec(PG, f"dump://{path}?engine=mysql")


_HOLD = """
import sys, time
from ecluse.adapters.sources import SourceSpec, open_source
from ecluse.domain.profile import Engine
source = open_source(SourceSpec(Engine(sys.argv[1]), sys.argv[2]))
print("open", flush=True)
time.sleep(600)
"""


def held(path: Path, engine: Engine) -> "subprocess.Popen[str]":
    environment = {**os.environ, "PYTHONPATH": str(Path(ecluse.__file__).parents[1])}
    command = [sys.executable, "-c", _HOLD, str(engine), spec_of(path, engine).url]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env=environment)
    assert process.stdout is not None
    assert process.stdout.readline() == "open\n"
    return process


def until_gone() -> None:
    for _ in range(200):
        if not left():
            return
        time.sleep(0.05)
    raise AssertionError(left())


@pytest.mark.parametrize("engine", [PG, MY])
@pytest.mark.parametrize("which", [signal.SIGKILL, signal.SIGINT, signal.SIGTERM])
def test_killed_it_leaves_nothing(tmp_path: Path, engine: Engine, which: signal.Signals) -> None:
    path = tmp_path / "x.sql"
    path.write_text(f"create table t (v text);\ninsert into t values ('{CANARY}');\n")
    with held(path, engine) as process:
        assert len(left()) >= 3
        process.send_signal(which)
    until_gone()


@pytest.mark.parametrize("engine", [PG, MY])
def test_with_its_guard_killed_too_the_next_start_wipes(tmp_path: Path, engine: Engine) -> None:
    path = tmp_path / "x.sql"
    path.write_text(f"create table t (v text);\ninsert into t values ('{CANARY}');\n")
    with held(path, engine) as process:
        guards = [
            int(entry.name) for entry in Path("/proc").iterdir()
            if entry.name.isdigit() and b"_guard.py" in (entry / "cmdline").read_bytes()
            and f"dump-{os.getuid()}/{process.pid}-".encode() in (entry / "cmdline").read_bytes()
        ]  # fmt: skip
        assert len(guards) == 1
        os.kill(guards[0], signal.SIGKILL)
        process.kill()
    for _ in range(200):  # the server dies with its guard
        if len(left()) == 1:
            break
        time.sleep(0.05)
    assert len(left()) == 1, left()
    (tmp_path / "y.sql").write_text("create table t (v text);\n")
    assert rows(tmp_path / "y.sql", engine, "select * from t") == []
    assert left() == []


@pytest.mark.parametrize("engine", [PG, MY])
def test_its_socket_is_its_own(tmp_path: Path, engine: Engine) -> None:
    path = tmp_path / "x.sql"
    path.write_text("create table t (v text);\n")
    with closing(open_source(spec_of(path, engine))):
        base = _memory.private_folder("dump", str(SCRATCH), enterable=not os.geteuid())
        [folder] = base.iterdir()
        assert folder.stat().st_mode & 0o777 == 0o700
        server = next(pid for pid in _throwaway._guard.running_in(folder) if b"--" not in (Path("/proc") / str(pid) / "cmdline").read_bytes().split(b"\0"))
        listening = {line.split()[-1] for line in Path("/proc/net/unix").read_text().splitlines() if str(folder) in line}
        assert len(listening) == 1
        inodes = {str(fd.readlink()) for fd in Path(f"/proc/{server}/fd").iterdir() if fd.exists() or fd.is_symlink()}
        tcp = {f"socket:[{line.split()[9]}]" for name in ("tcp", "tcp6") for line in Path(f"/proc/net/{name}").read_text().splitlines()[1:] if line.split()[3] == "0A"}
        assert not inodes & tcp


@pytest.mark.real_data
def test_the_real_dump_is_read_whole() -> None:
    path = Path(os.environ["ECLUSE_REAL_DATA"]) / "iblis" / "iblis.sql"
    tables = ("patients", "visits", "specimens", "tests", "test_results")
    counts = [rows(path, MY, f"select count(*) as n from {name}")[0][0] for name in tables]
    assert counts == [5, 7, 16, 36, 44]
