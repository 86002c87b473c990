"""The demo's two systems on other engines: the same legacy rows, the same new tables, profiles adapted by dialect."""

import contextlib
import csv
import sqlite3
from decimal import Decimal
from pathlib import Path
from typing import Any

import sqlglot
import yaml
from demo.lis.schema import TABLES as LEGACY

from migrating import ROOT, Desk, Rows
from migrating import TABLES as TARGETS
from servers import Database, MariadbServer, PostgresqlServer

PROFILES = ROOT / "src" / "ecluse" / "profiles"
_DIALECTS = {"postgresql": "postgres", "mysql": "mysql", "csv": "duckdb"}
_SIZE = {"INTEGER": "bigint", "TEXT": "text", "BLOB": "bytea"}


def move_source(desk: Desk, engine: str, server: PostgresqlServer | MariadbServer | None = None) -> Database | None:
    """Copy the desk's legacy tables into another engine, and write ``source.yaml``; returns the database."""
    database = None
    if server is not None:
        database = server.database()
        _copy(desk.path("legacy.sqlite"), database, engine)
    else:
        _write_csv(desk.path("legacy.sqlite"), desk.path("csv"))
    desk.path("source.yaml").write_text(yaml.safe_dump(_source_profile(engine), allow_unicode=True, sort_keys=False))
    return database


def move_target(desk: Desk, engine: str, server: PostgresqlServer | MariadbServer) -> Database:
    """Make the new LIS's empty tables in another engine, and write ``target.yaml``; returns the database."""
    script = (ROOT / "demo" / "new_lis.sql").read_text(encoding="utf-8")
    database = server.database()
    for statement in sqlglot.parse(script, read="sqlite"):
        sql = statement.sql(_DIALECTS[engine]) if statement is not None else ""
        if engine == "mysql":
            # A text column has no key of its own; keys compare byte by byte, as they do elsewhere.
            sql = sql.replace("TEXT PRIMARY KEY", "VARCHAR(80) COLLATE utf8mb4_bin PRIMARY KEY")
            sql = sql.replace("_source TEXT", "_source VARCHAR(80) COLLATE utf8mb4_bin")
        database.execute(sql.replace("NUMERIC", "NUMERIC(28, 10)").replace("DECIMAL", "DECIMAL(28, 10)")
                         if engine == "mysql" else sql)  # fmt: skip
    profile = yaml.safe_load((PROFILES / "demo-kalisil.yaml").read_text(encoding="utf-8"))
    desk.path("target.yaml").write_text(yaml.safe_dump(profile | {"engine": engine}, sort_keys=False))
    return database


def server_rows(database: Database) -> Rows:
    """What stands in the new LIS's tables on a server, read by plain SQL."""
    made: Rows = {}
    for entity, (table, key) in TARGETS.items():
        with contextlib.closing(database.connect()) as connection, connection.cursor() as cursor:
            cursor.execute(f"SELECT * FROM {table}")
            names = [column[0] for column in cursor.description]
            rows = [dict(zip(names, row, strict=True)) for row in cursor.fetchall()]
        made[entity] = {row[key]: row for row in rows}
        assert len(made[entity]) == len(rows), f"{table}: a key twice"
    for row in made["observation"].values():
        row["valeur"] = None if row["valeur"] is None else Decimal(str(row["valeur"]))
    return made


def _source_profile(engine: str) -> dict[str, Any]:
    profile: dict[str, Any] = yaml.safe_load((PROFILES / "demo-dxlab.yaml").read_text(encoding="utf-8"))
    profile["engine"] = engine
    for entity in profile["entities"].values():
        # Legacy names are quoted, since engines differ in how they fold them.
        tree = sqlglot.parse_one(entity["select"], read="sqlite")
        if engine == "postgresql":
            _fold(tree)
        entity["select"] = tree.sql(_DIALECTS[engine])
    if engine == "csv":
        described = {"encoding": "utf-8", "delimiter": ";"}
        profile["files"] = {table: {"path": f"{table}.csv"} | described for table in LEGACY}
    return profile


def _fold(tree: sqlglot.exp.Expr) -> None:
    """PostgreSQL adds texts only to texts, and unions only columns of one type."""
    for null in tree.find_all(sqlglot.exp.Null):
        null.replace(sqlglot.exp.cast(sqlglot.exp.null(), "text"))
    for piece in list(tree.find_all(sqlglot.exp.DPipe)):
        for side in ("this", "expression"):
            if isinstance(piece.args[side], sqlglot.exp.Column):
                piece.set(side, sqlglot.exp.cast(piece.args[side].copy(), "text"))


def _copy(path: Path, database: Database, engine: str) -> None:
    with contextlib.closing(sqlite3.connect(path)) as legacy, contextlib.closing(database.connect()) as connection:
        cursor = connection.cursor()
        for table, definition in LEGACY.items():
            columns = [part.split()[:2] for part in definition.split(", ")]
            kinds = _SIZE | ({"BLOB": "longblob", "TEXT": "longtext"} if engine == "mysql" else {})
            made = ", ".join(f"{name} {kinds[kind]}" for name, kind in columns)
            cursor.execute(f"CREATE TABLE {table} ({made})")
            rows = legacy.execute(f"SELECT * FROM {table}").fetchall()
            marks = ", ".join(["%s"] * len(columns))
            cursor.executemany(f"INSERT INTO {table} VALUES ({marks})", rows)


def _write_csv(path: Path, folder: Path) -> None:
    folder.mkdir()
    with contextlib.closing(sqlite3.connect(path)) as legacy:
        for table in LEGACY:
            cursor = legacy.execute(f"SELECT * FROM {table}")
            with (folder / f"{table}.csv").open("w", encoding="utf-8", newline="") as file:
                writer = csv.writer(file, delimiter=";", lineterminator="\n")
                writer.writerow([column[0] for column in cursor.description])
                writer.writerows([value.hex() if isinstance(value, bytes) else value for value in row] for row in cursor)
