"""One small legacy system, hostile values and all, in each kind of source."""

import csv
import datetime as dt
import sqlite3
import subprocess
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import quote

import pyarrow as pa

from access_files import LONG, MEMO, TEXT, Col, Tab, write
from ecluse.adapters.sources import SourceSpec, open_source
from ecluse.adapters.sources.memory import MemorySource
from ecluse.domain.files import FileFormat, SourceFile
from ecluse.domain.profile import Engine
from ecluse.migration.ports import Source
from firebird_servers import PASSWORD, FirebirdDatabase, FirebirdServer, firebird_file
from servers import MariadbServer, PostgresqlServer
from servers import _program as find_program

CANARY = "CANARY-Durand-2880575123456"

# id, name, note, born: a NULL is None; files know none, and give ''
ROWS: tuple[tuple[int, str | None, str | None, str], ...] = (
    (1, "NULL", None, "0001-01-01"),
    (2, "", "NA", "9999-12-31"),
    (3, 'O"Brien, "Bob"', "l'été; d'hiver", "1968-02-29"),
    (4, "line\nbreak", "carriage\r\nreturn", "1970-01-01"),
    (5, "tab\there", "  spaces  ", "1969-12-31"),
    (6, "🧪 émoji 𝄞", "“guillemets” ‘courbes’ … €", "2000-02-29"),
    (7, "\\N \\0 \\' %s ${x}", "nan", "1582-10-15"),
    (8, "x" * 40_000, "é" * 20_000, "2026-11-22"),
    (9, "Hélène-Zoë Nœud", "-0", "1899-12-31"),
    (10, CANARY, CANARY, "1950-06-15"),
)


@dataclass
class Kind:
    """How one kind of source holds ROWS in a table ``person``, and how others write to it meanwhile."""

    name: str
    open: Callable[[], Source]
    write: Callable[[], None] | None
    text: bool
    """Every column comes as text (files, SQLite)."""
    nulls: bool = True
    spec: SourceSpec | None = None
    typed: dict[str, pa.DataType] = field(default_factory=dict)


def _sql(value: object) -> str:
    return "NULL" if value is None else "'" + str(value).replace("\\", "\\\\").replace("'", "''") + "'"


def memory() -> Kind:
    columns = list(zip(*ROWS, strict=True))
    table = pa.table(
        {
            "id": pa.array(columns[0], pa.int64()),
            "name": pa.array(columns[1], pa.string()),
            "note": pa.array(columns[2], pa.string()),
            "born": pa.array([dt.date.fromisoformat(day) for day in columns[3]], pa.date32()),
        }
    )
    return Kind("memory", lambda: MemorySource({"person": table}), None, text=False)


def sqlite(folder: Path) -> Kind:
    path = folder / "lab #1 é.db"
    with sqlite3.connect(path) as connection:
        connection.execute("pragma journal_mode = wal")
        connection.execute("create table person (id integer primary key, name text, note text, born date)")
        connection.executemany("insert into person values (?, ?, ?, ?)", ROWS)
    connection.close()

    def write() -> None:
        with sqlite3.connect(path) as other:
            other.execute("insert into person(id, name) values (99, 'late')")
        other.close()

    spec = SourceSpec(Engine.SQLITE, f"sqlite://{quote(str(path))}")
    return Kind("sqlite", lambda: open_source(spec), write, text=True, spec=spec)


def csv_folder(folder: Path, encoding: str = "utf-8", delimiter: str = ";") -> Kind:
    path = folder / "person.csv"
    with path.open("w", newline="", encoding=encoding) as target:
        writer = csv.writer(target, delimiter=delimiter)
        writer.writerow(["id", "name", "note", "born"])
        writer.writerows(["" if value is None else value for value in row] for row in ROWS)
    spec = SourceSpec(Engine.CSV, f"csv://{quote(str(folder))}", {"person": SourceFile("person.csv", encoding, delimiter)})
    return Kind("csv", lambda: open_source(spec), None, text=True, nulls=False, spec=spec)


def access(folder: Path, version: str) -> Kind:
    """Access knows no day before the year 100: all days are text there."""
    path = folder / f"lab #1 é.{version}.mdb"
    columns = (Col("id", LONG), Col("name", MEMO), Col("note", MEMO, packed=True), Col("born", TEXT))
    write(path, {"person": Tab(columns, ROWS)}, version)
    file = SourceFile(path.name, format=FileFormat.ACCESS, part="person")
    spec = SourceSpec(Engine.FILES, f"files://{quote(str(folder))}", {"person": file})
    return Kind("access", lambda: open_source(spec), None, text=True, spec=spec)


def postgresql(server: object) -> Kind:
    rows = ", ".join(f"({i}, E{_sql(n)}, {'E' + _sql(o) if o is not None else 'NULL'}, '{b}')" for i, n, o, b in ROWS)
    database = server.database(  # type: ignore[attr-defined]
        f"create table person (id int primary key, name text, note varchar, born date);insert into person values {rows}"
    )
    spec = SourceSpec(Engine.POSTGRESQL, database.url)

    def write() -> None:
        database.execute("insert into person(id, name) values (99, 'late')")

    return Kind("postgresql", lambda: open_source(spec), write, text=False, spec=spec)


def mariadb(server: object) -> Kind:
    rows = ", ".join(f"({i}, {_sql(n)}, {_sql(o)}, '{b}')" for i, n, o, b in ROWS)
    database = server.database(  # type: ignore[attr-defined]
        "create table person (id int primary key, name text, note text, born date) engine=innodb;"
        f"insert into person values {rows}"
    )
    spec = SourceSpec(Engine.MYSQL, database.url)

    def write() -> None:
        database.execute("insert into person(id, name) values (99, 'late')")

    return Kind("mariadb", lambda: open_source(spec), write, text=False, spec=spec)


def firebird(folder: Path) -> Kind:
    return _firebird(firebird_file(folder / "lab é.fdb"), None)


def firebird_server(server: FirebirdServer, folder: Path) -> Kind:
    passfile = folder / "passes"
    passfile.touch(0o600)
    passfile.write_text("*:*:*:SYSDBA:" + PASSWORD.replace(":", "\\:"))
    return _firebird(server.database(), str(passfile))


def _firebird(database: FirebirdDatabase, passfile: str | None) -> Kind:
    text = "blob sub_type text character set utf8"
    database.execute(f"create table person (id int primary key, name {text}, note {text}, born date)")
    database.fill("insert into person values (?, ?, ?, ?)", [(*row[:3], dt.date.fromisoformat(row[3])) for row in ROWS])
    spec = SourceSpec(Engine.FIREBIRD, quote(database.url, safe=":/@"), passfile=passfile)

    def write() -> None:
        database.execute("insert into person(id, name) values (99, 'late')")

    return Kind("firebird", lambda: open_source(spec), write, text=False, spec=spec)


def pg_dump(server: PostgresqlServer, folder: Path, shape: str = "p") -> Path:
    """A PostgreSQL dump of ROWS, by the stock program: plain (p), custom (c) or tar (t)."""
    spec = postgresql(server).spec
    assert spec is not None
    path = folder / f"lab é.{shape}.dump"
    program = [find_program("pg_dump", "apt-get install -y postgresql"), "-h", server.host, "-p", str(server.port), "-U", server.user]
    subprocess.run([*program, "-F", shape, "-f", str(path), spec.url.rpartition("/")[2]], check=True)
    return path


def mariadb_dump(server: MariadbServer, folder: Path, *options: str) -> Path:
    """A MariaDB dump of ROWS, by the stock program."""
    spec = mariadb(server).spec
    assert spec is not None
    path, name = folder / "lab é.sql", spec.url.rpartition("/")[2]
    program = ["mariadb-dump", "--no-defaults", "-h", server.host, "-P", str(server.port), "-u", server.user]
    subprocess.run([*program, *options, f"--result-file={path}", name], check=True)
    return path


def dump(path: Path, engine: Engine) -> Kind:
    spec = SourceSpec(engine, f"dump://{quote(str(path))}?engine={engine}")
    name = "mariadb" if engine is Engine.MYSQL else str(engine)
    return Kind(name, lambda: open_source(spec), None, text=False, spec=spec)


def odbc(native: Kind, keywords: str) -> Kind:
    """The same database by a driver."""
    assert native.spec is not None
    spec = SourceSpec(native.spec.engine, f"odbc://{keywords}&max_text=100000")
    return Kind(f"odbc-{native.name}", lambda: open_source(spec), native.write, text=False, spec=spec)


def odbc_postgresql(server: PostgresqlServer) -> Kind:
    native = postgresql(server)
    assert native.spec is not None
    given = f"postgres@127.0.0.1:{server.port}/?Driver=psqlodbcw.so&Database={native.spec.address().database}"
    return odbc(native, f"{given}&MaxVarcharSize=100000&MaxLongVarcharSize=100000")


def odbc_mariadb(server: MariadbServer) -> Kind:
    native = mariadb(server)
    assert native.spec is not None
    return odbc(native, f"root@127.0.0.1:{server.port}/?Driver=MariaDB+Unicode&Database={native.spec.address().database}")


def odbc_sqlite(folder: Path) -> Kind:
    native = sqlite(folder)
    assert native.spec is not None
    return odbc(native, f"/?Driver=SQLite3&Database={quote(native.spec.address().path)}")


def lowered(table: pa.Table) -> pa.Table:
    """Firebird folds names to capitals."""
    return table.rename_columns([name.lower() for name in table.column_names])


def everything_said(error: BaseException) -> str:
    """All text of an error and of those that it came from, even suppressed ones."""
    said = ""
    following: BaseException | None = error
    while following is not None:
        said += f"{following} {following.args} {following.__dict__}\n"
        following = following.__cause__ or following.__context__
    return said
