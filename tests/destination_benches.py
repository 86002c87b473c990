"""The new systems that the destination tests load: one per engine, each with the same four tables."""
# ruff: noqa: DTZ001  the wire has local wall-clock times: no zone is invented

import datetime as dt
import sqlite3
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

import pyarrow as pa

from ecluse.adapters.destinations import DestinationSpec, MemoryDestination, MemoryStore, open_destination
from ecluse.domain.profile import DestinationProfile, Engine, LoadMode, TargetEntity
from ecluse.migration.ports import Destination, StagedBatch

ORDER = "sha256:" + "ab" * 32
SECOND = "sha256:" + "cd" * 32
DECIMAL = pa.decimal128(28, 10)

SCHEMAS: Mapping[str, pa.Schema] = {
    "patient": pa.schema(
        [
            ("source_id", pa.string()),
            ("family_name", pa.string()),
            ("sex", pa.string()),
            ("deceased", pa.bool_()),
            ("last_visit_on", pa.date32()),
            ("created_on", pa.timestamp("us")),
        ]
    ),
    "request": pa.schema(
        [
            ("source_id", pa.string()),
            ("patient", pa.string()),
            ("registered_on", pa.timestamp("us")),
            ("site", pa.string()),
        ]
    ),
    "observation": pa.schema(
        [
            ("source_id", pa.string()),
            ("request", pa.string()),
            ("rank", pa.int64()),
            ("raw_value", pa.string()),
            ("value", DECIMAL),
        ]
    ),
    "report": pa.schema([("source_id", pa.string()), ("request", pa.string()), ("content", pa.binary())]),
}

COLUMNS: Mapping[str, Mapping[str, str]] = {
    "patient": {
        "source_id": "ipp",
        "family_name": "nom",
        "sex": "sexe",
        "deceased": "decede",
        "last_visit_on": "derniere_visite",
        "created_on": "cree_le",
    },
    "request": {"source_id": "numero", "patient": "ipp", "registered_on": "enregistree_le", "site": "site"},
    "observation": {
        "source_id": "id",
        "request": "demande",
        "rank": "rang",
        "raw_value": "valeur_brute",
        "value": "valeur",
    },
    "report": {"source_id": "id", "request": "demande", "content": "contenu"},
}
TABLES = {"patient": "patient", "request": "demande", "observation": "resultat", "report": "compte_rendu"}

_TABLES_SQL = """
CREATE TABLE patient (ipp {key} NOT NULL PRIMARY KEY, nom {text}, sexe {short}, decede {boolean},
    derniere_visite {date}, cree_le {moment}, a_part {text});
CREATE TABLE demande (numero {key} NOT NULL PRIMARY KEY, ipp {key}, enregistree_le {moment}, site {text});
CREATE TABLE resultat (id {key} NOT NULL PRIMARY KEY, demande {key}, rang {integer}, valeur_brute {text},
    valeur {decimal});
CREATE TABLE compte_rendu (id {key} NOT NULL PRIMARY KEY, demande {key}, contenu {binary});
CREATE INDEX resultat_demande ON resultat (demande);
"""
_POSTGRESQL = {
    "key": "varchar(40)",
    "text": "text",
    "short": "varchar(3)",
    "boolean": "boolean",
    "date": "date",
    "moment": "timestamp",
    "integer": "integer",
    "decimal": "numeric(28,10)",
    "binary": "bytea",
}
_MARIADB = _POSTGRESQL | {
    "key": "varchar(40) character set utf8mb4 collate utf8mb4_bin",
    "moment": "datetime(6)",
    "decimal": "decimal(28,10)",
    "binary": "longblob",
}
_SQLITE = _POSTGRESQL | {"key": "TEXT", "moment": "TIMESTAMP", "decimal": "TEXT", "binary": "BLOB"}

_ARROW = {
    "patient": pa.schema(
        [
            ("ipp", pa.string()),
            ("nom", pa.string()),
            ("sexe", pa.string()),
            ("decede", pa.bool_()),
            ("derniere_visite", pa.date32()),
            ("cree_le", pa.timestamp("us")),
            ("a_part", pa.string()),
        ]
    ),
    "demande": SCHEMAS["request"].empty_table().rename_columns(list(COLUMNS["request"].values())).schema,
    "resultat": SCHEMAS["observation"].empty_table().rename_columns(list(COLUMNS["observation"].values())).schema,
    "compte_rendu": SCHEMAS["report"].empty_table().rename_columns(list(COLUMNS["report"].values())).schema,
}


@dataclass(frozen=True)
class Bench:
    """One new system under test."""

    engine: str
    connect: Callable[[DestinationProfile], Destination]
    execute: Callable[[str], list[tuple[Any, ...]]]
    url: str = ""

    @contextmanager
    def open(self, mode: LoadMode = LoadMode.MERGE, **changes: TargetEntity) -> Iterator[Destination]:
        destination = self.connect(self.profile(mode, **changes))
        try:
            yield destination
        finally:
            destination.close()

    def profile(self, mode: LoadMode = LoadMode.MERGE, **changes: TargetEntity) -> DestinationProfile:
        entities = {name: TargetEntity(TABLES[name], COLUMNS[name], mode) for name in SCHEMAS}
        engine = Engine(self.engine) if self.engine != "memory" else Engine.POSTGRESQL
        return DestinationProfile(
            "ecluse.destination-profile/1", "new", "new", engine, production=False, entities=entities | changes
        )

    def count(self, table: str) -> int:
        return int(self.execute(f"SELECT count(*) FROM {table}")[0][0])


def memory_bench() -> Bench:
    store = MemoryStore({name: schema.empty_table() for name, schema in _ARROW.items()})

    def execute(sql: str) -> list[tuple[Any, ...]]:
        table = sql.rsplit(" ", 1)[-1]
        assert sql.startswith("SELECT count(*)"), "the bench in memory only counts"
        return [(store.tables[table].num_rows if table in store.tables else len(store.ledger),)]

    return Bench("memory", lambda profile: MemoryDestination(store, profile), execute)


def sqlite_bench(folder: Any) -> Bench:
    path = folder / "new lis.db"
    with sqlite3.connect(path) as connection:
        connection.executescript(_TABLES_SQL.format(**_SQLITE))
    connection.close()

    def execute(sql: str) -> list[tuple[Any, ...]]:
        connection = sqlite3.connect(path, isolation_level=None)
        try:
            return connection.execute(sql).fetchall()
        finally:
            connection.close()

    url = f"sqlite://{str(path).replace(' ', '%20')}"
    return Bench("sqlite", lambda p: open_destination(DestinationSpec(Engine.SQLITE, url, p)), execute, url)


def server_bench(engine: Engine, server: Any) -> Bench:
    types = _POSTGRESQL if engine is Engine.POSTGRESQL else _MARIADB
    database = server.database(_TABLES_SQL.format(**types))
    url = database.url
    return Bench(engine.value, lambda p: open_destination(DestinationSpec(engine, url, p)), database.execute, url)


def patients(count: int, start: int = 0, **changes: Any) -> pa.Table:
    rows = [
        {
            "source_id": f"P{start + i:06}",
            "family_name": f"NOM{i % 7}",
            "sex": "F" if i % 2 else None,
            "deceased": (None, True, False)[i % 3],
            "last_visit_on": dt.date(2018, 1, 1) + dt.timedelta(days=i % 400),
            "created_on": dt.datetime(2018, 1, 1, 8, 0, 0, i % 1000),
        }
        | changes
        for i in range(count)
    ]
    return pa.Table.from_pylist(rows, schema=SCHEMAS["patient"])


def requests(count: int) -> pa.Table:
    rows = [
        {
            "source_id": f"D{i:06}",
            "patient": f"P{i % 10:06}",
            "registered_on": dt.datetime(2018 + i % 2, 3, 4, 9, 30),
            "site": ("RENNES", None)[i % 2],
        }
        for i in range(count)
    ]
    return pa.Table.from_pylist(rows, schema=SCHEMAS["request"])


def observations(count: int) -> pa.Table:
    rows = [
        {
            "source_id": f"R{i:06}",
            "request": f"D{i % 8:06}",
            "rank": i,
            "raw_value": f"{i},5",
            "value": Decimal(i) + Decimal("0.5"),
        }
        for i in range(count)
    ]
    return pa.Table.from_pylist(rows, schema=SCHEMAS["observation"])


def reports(count: int) -> pa.Table:
    rows = [{"source_id": f"C{i}", "request": f"D{i:06}", "content": bytes(range(256)) * (i % 3)} for i in range(count)]
    return pa.Table.from_pylist(rows, schema=SCHEMAS["report"])


def batch(name: str, entity: str, rows: pa.Table, parcel: str = "sha256:" + "00" * 32) -> StagedBatch:
    return StagedBatch(name, entity, parcel, rows)


def read(destination: Destination, entity: str, order: str = ORDER, schema: pa.Schema | None = None) -> pa.Table:
    """What is read back, by key."""
    batches = list(destination.read_back(order, entity, schema or SCHEMAS[entity]))
    if not batches:
        return (schema or SCHEMAS[entity]).empty_table()
    return pa.Table.from_batches(batches).sort_by("source_id")


def without_control(table: pa.Table) -> pa.Table:
    return table.drop_columns(["_date", "_site"]).combine_chunks()
