"""Law 1 from the sources that only some sites have: the same legacy rows, the same order, the same target."""

import contextlib
import sqlite3
import subprocess
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import sqlglot
import yaml
from demo.lis.schema import TABLES as LEGACY

from access_files import LONG, MEMO, OLE, Col, Tab, write
from ecluse.migration import firebird_sql
from firebird_servers import firebird_file
from migrating import OUT, Desk, W, expected_rows, holding, numbers
from migrating_engines import PROFILES, move_source
from servers import Database, MariadbServer, PostgresqlServer
from servers import _program as find_program

Fresh = Callable[[Desk], Desk]
TYPES = {"INTEGER": "bigint", "TEXT": "varchar(1000)", "BLOB": "blob"}


def to_firebird(desk: Desk, charset: str) -> str:
    """The desk's legacy system as a Firebird file whose texts are of no declared character set; its URL."""
    statements = []
    for table, definition in LEGACY.items():
        columns = [part.split()[:2] for part in definition.split(", ")]
        statements.append(f"create table {table} ({', '.join(f'{name} {TYPES[kind]}' for name, kind in columns)})")
    database = firebird_file(desk.path("lis.fdb"), *statements, charset="NONE", connection=charset)
    with contextlib.closing(sqlite3.connect(desk.path("legacy.sqlite"))) as legacy:
        for table, definition in LEGACY.items():
            rows = legacy.execute(f"SELECT * FROM {table}").fetchall()
            database.fill(f"insert into {table} values ({', '.join('?' * len(definition.split(', ')))})", rows)
    return f"{database.url}?charset={charset}"


def profile(engine: str, dialect: str, **more: Any) -> str:
    """The demo's profile in another dialect."""
    made: dict[str, Any] = yaml.safe_load((PROFILES / "demo-dxlab.yaml").read_text(encoding="utf-8"))
    for entity in made["entities"].values():
        entity["select"] = sqlglot.parse_one(entity["select"], read="sqlite").sql(dialect)
    return yaml.safe_dump(made | {"engine": engine} | more, allow_unicode=True, sort_keys=False)


def test_a_firebird_file_gives_the_same_target(signed: Desk, fresh: Fresh) -> None:
    desk = fresh(signed)
    url = to_firebird(desk, "UTF8")
    desk.path("source.yaml").write_text(profile("firebird", firebird_sql.Firebird.__name__.lower()))
    desk = replace(desk, source=(url, "source.yaml"))
    planned = desk.plan()
    assert "3.0" in planned.out
    desk.ecluse("run", *W)
    assert numbers(desk.target_rows()) == expected_rows(desk.built)
    assert not holding(OUT, desk.root, but={"legacy.sqlite", "lis.fdb"})


def to_access(desk: Desk) -> Path:
    """The desk's legacy system as an Access database, each number in the type that holds it."""
    kinds, tables = {"INTEGER": LONG, "TEXT": MEMO, "BLOB": OLE}, {}
    with contextlib.closing(sqlite3.connect(desk.path("legacy.sqlite"))) as legacy:
        for table, definition in LEGACY.items():
            columns = [part.split()[:2] for part in definition.split(", ")]
            rows = legacy.execute(f"SELECT * FROM {table}").fetchall()
            tables[table] = Tab([Col(name, kinds[kind], packed=True) for name, kind in columns], rows)
    return write(desk.path("lis.accdb"), tables)


@pytest.mark.parametrize("declared", ["each table", "the database"])
def test_an_access_database_gives_the_same_target(signed: Desk, fresh: Fresh, declared: str) -> None:
    desk = fresh(signed)
    path = to_access(desk)
    file = {"path": path.name, "format": "access"}
    whole = declared == "the database"
    files = {"lis": file} if whole else {table: file | {"part": table} for table in LEGACY}
    made = yaml.safe_load(profile("files", "duckdb", files=files))
    for entity in made["entities"].values() if whole else ():
        tree = sqlglot.parse_one(entity["select"], read="duckdb")
        for table in [each for each in tree.find_all(sqlglot.exp.Table) if each.name in LEGACY]:
            table.replace(sqlglot.exp.to_table(f"lis_{table.name}", alias=table.alias or table.name))
        entity["select"] = tree.sql("duckdb")
    desk.path("source.yaml").write_text(yaml.safe_dump(made, allow_unicode=True))
    desk = replace(desk, source=(f"files://{desk.root}", "source.yaml"))
    assert "lis.accdb" in desk.plan().out
    desk.ecluse("run", *W)
    assert numbers(desk.target_rows()) == expected_rows(desk.built)
    assert not holding(OUT, desk.root, but={"legacy.sqlite", "lis.accdb"})


def dumped(database: Database, path: Path) -> None:
    """The database in a file, by the stock program."""
    server = database.server
    if isinstance(server, PostgresqlServer):
        command = [find_program("pg_dump", "apt-get install -y postgresql"), "-h", server.host, "-p", str(server.port)]
        command += ["-U", server.user, "-f", str(path)]
    else:
        command = ["mariadb-dump", "--no-defaults", "-h", server.host, "-P", str(server.port), "-u", server.user]
        command.append(f"--result-file={path}")
    subprocess.run([*command, database.name], check=True)


@pytest.mark.parametrize("engine", ["postgresql", "mysql"])
def test_a_dump_gives_the_same_target(signed: Desk, fresh: Fresh, request: pytest.FixtureRequest, engine: str) -> None:
    desk = fresh(signed)
    server: PostgresqlServer | MariadbServer = request.getfixturevalue(
        "postgresql" if engine == "postgresql" else "mariadb"
    )
    database = move_source(desk, engine, server)
    assert database is not None
    dumped(database, desk.path("lis.sql"))
    server.execute(f"DROP DATABASE {database.name}")
    assert OUT in desk.path("lis.sql").read_bytes()
    desk = replace(desk, source=(f"dump://{desk.path('lis.sql')}", "source.yaml"))
    planned = desk.plan()
    assert "sha256:" in planned.out
    desk.ecluse("run", *W)
    assert numbers(desk.target_rows()) == expected_rows(desk.built)
    assert not holding(OUT, desk.root, but={"legacy.sqlite", "lis.sql"})


@pytest.mark.parametrize("engine", ["postgresql", "mysql"])
def test_odbc_gives_the_same_target(signed: Desk, fresh: Fresh, request: pytest.FixtureRequest, engine: str) -> None:
    desk = fresh(signed)
    server = request.getfixturevalue("postgresql" if engine == "postgresql" else "mariadb")
    database = move_source(desk, engine, server)
    assert database is not None
    driver = "psqlodbcw.so&MaxVarcharSize=8000&MaxLongVarcharSize=8000" if engine == "postgresql" else "MariaDB+Unicode"
    url = f"odbc://{server.user}@127.0.0.1:{server.port}/?Driver={driver}&Database={database.name}"
    desk = replace(desk, source=(url, "source.yaml"))
    assert "by ODBC" in desk.plan().out
    desk.ecluse("run", *W)
    assert numbers(desk.target_rows()) == expected_rows(desk.built)
    assert not holding(OUT, desk.root, but={"legacy.sqlite"})


def test_a_dump_is_scanned(signed: Desk, fresh: Fresh, mariadb: MariadbServer) -> None:
    desk = fresh(signed)
    database = move_source(desk, "mysql", mariadb)
    assert database is not None
    dumped(database, desk.path("lis.sql"))
    found = desk.ecluse("source", "scan", f"dump://{desk.path('lis.sql')}?engine=mysql", "--json").json()
    assert {guess["entity"]: guess["table"] for guess in found["guesses"]}["patient"] == "PATIENTS"
