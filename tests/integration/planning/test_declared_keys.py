"""What a source says of its keys, asked of the real catalogues: a key is trusted only where no row can repeat it."""

import contextlib
import sqlite3
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import quote

import pytest

from ecluse.adapters.sources import SourceSpec, open_source
from ecluse.domain.profile import Engine
from ecluse.migration.declared import DeclaredKeys
from ecluse.migration.ports import Source
from ecluse.migration.selects import ProfileSelect, read_selects
from legacy import profile
from servers import MariadbServer, PostgresqlServer

TABLES = """
CREATE TABLE good (id INTEGER PRIMARY KEY, code VARCHAR(20) NOT NULL, ref INTEGER);
CREATE UNIQUE INDEX good_code ON good (code);
CREATE TABLE pairs (a INTEGER, b INTEGER, PRIMARY KEY (a, b));
CREATE TABLE bare (id INTEGER, code VARCHAR(20));
CREATE INDEX bare_id ON bare (id);
CREATE TABLE words (code VARCHAR(20) PRIMARY KEY, label VARCHAR(20));
CREATE VIEW looks AS SELECT id, code FROM good;
"""
POSTGRES = """
CREATE TABLE partly (id INTEGER, live BOOLEAN); CREATE UNIQUE INDEX partly_id ON partly (id) WHERE live;
CREATE TABLE loosely (code VARCHAR(20)); CREATE UNIQUE INDEX loosely_code ON loosely (lower(code));
CREATE TABLE parent (id INTEGER PRIMARY KEY); CREATE TABLE child () INHERITS (parent);
CREATE TABLE "Mixed" ("Id" INTEGER PRIMARY KEY);
CREATE SCHEMA other; CREATE TABLE other.away (id INTEGER PRIMARY KEY); CREATE TABLE other.bare (id INTEGER PRIMARY KEY);
"""
VOUCHED = [
    "SELECT id AS source_id FROM good",
    "SELECT g.id AS source_id, g.code AS code FROM good g",
    "SELECT code AS source_id FROM good",
    "SELECT g.id AS source_id, w.label AS label FROM good g LEFT JOIN words w ON w.code = g.code",
    "SELECT g.id AS source_id FROM good g JOIN words w ON g.code = w.code AND w.label = 'x'",
    "SELECT DISTINCT g.id AS source_id FROM good g WHERE g.ref > 3",
]
NOT_VOUCHED = [
    "SELECT id AS source_id FROM bare",
    "SELECT a AS source_id FROM pairs",
    "SELECT ref AS source_id FROM good",
    "SELECT g.id + 1 AS source_id FROM good g",
    "SELECT id AS source_id FROM looks",
    "SELECT id AS source_id FROM good UNION ALL SELECT id FROM good",
    "SELECT g.id AS source_id FROM good g, bare b",
    "SELECT g.id AS source_id FROM good g LEFT JOIN bare b ON b.id = g.id",
    "SELECT g.id AS source_id FROM bare b LEFT JOIN good g ON g.id = b.id",
    "SELECT g.id AS source_id FROM good g LEFT JOIN words w ON w.code = w.label",
    "SELECT g.id AS source_id FROM good g LEFT JOIN words w ON w.code = g.code OR w.label = 'x'",
    "SELECT g.id AS source_id FROM good g LEFT JOIN words w ON w.code > g.code",
    "SELECT s.id AS source_id FROM (SELECT id FROM good UNION ALL SELECT id FROM good) s",
    "WITH good AS (SELECT 1 AS id UNION ALL SELECT 1) SELECT id AS source_id FROM good",
    "SELECT id AS source_id FROM nowhere",
]


@contextlib.contextmanager
def opened(engine: Engine, url: str) -> Iterator[Source]:
    with contextlib.closing(open_source(SourceSpec(engine, url))) as source:
        yield source


@pytest.fixture
def source(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Source]:
    engine: Engine = request.param
    if engine is Engine.SQLITE:
        path = tmp_path / "lis.db"
        with contextlib.closing(sqlite3.connect(path)) as made:
            made.executescript(TABLES)
        with opened(engine, f"sqlite://{quote(str(path))}") as found:
            yield found
        return
    server: PostgresqlServer | MariadbServer
    server = request.getfixturevalue("postgresql" if engine is Engine.POSTGRESQL else "mariadb")
    database = server.database(TABLES + (POSTGRES if engine is Engine.POSTGRESQL else ""))
    with opened(engine, database.url + ("" if engine is Engine.POSTGRESQL else "?tls=off")) as found:
        yield found


def read(source: Source, select: str) -> ProfileSelect:
    engine = {"postgres": Engine.POSTGRESQL, "mysql": Engine.MYSQL, "sqlite": Engine.SQLITE}[source.dialect]
    return read_selects(profile(engine, observation=select))["observation"]


@pytest.mark.parametrize("source", [Engine.POSTGRESQL, Engine.MYSQL, Engine.SQLITE], indirect=True)
def test_every_engine_vouches_for_what_it_declares_and_no_more(source: Source) -> None:
    declared = DeclaredKeys(source)
    assert [select for select in VOUCHED if not declared.vouched(read(source, select))] == []
    assert [select for select in NOT_VOUCHED if declared.vouched(read(source, select))] == []


@pytest.mark.parametrize("source", [Engine.POSTGRESQL], indirect=True)
def test_postgresql_corners(source: Source) -> None:
    """Partial and expression indexes, inheritance, folding, schemas, functions that return sets."""
    declared = DeclaredKeys(source)
    yes = ['SELECT "Id" AS source_id FROM "Mixed"', "SELECT a.id AS source_id FROM other.away a",
           "SELECT ID AS source_id FROM GOOD", "SELECT b.id AS source_id FROM other.bare b"]  # fmt: skip
    no = [
        "SELECT id AS source_id FROM partly",
        "SELECT code AS source_id FROM loosely",
        "SELECT id AS source_id FROM parent",
        "SELECT Id AS source_id FROM Mixed",
        "SELECT id AS source_id FROM away",
        "SELECT id AS source_id, generate_series(1, 2) AS label FROM good",
        "SELECT id AS source_id, unnest(ARRAY[1, 2]) AS label FROM good",
    ]
    assert [select for select in yes if not declared.vouched(read(source, select))] == []
    assert [select for select in no if declared.vouched(read(source, select))] == []


@pytest.mark.parametrize("source", [Engine.SQLITE], indirect=True)
def test_sqlite_keys_without_a_type_are_not_trusted(source: Source, tmp_path: Path) -> None:
    """There 1 and '1' are two keys to the database, and one to everybody else."""
    with contextlib.closing(sqlite3.connect(tmp_path / "lis.db")) as made, made:
        made.execute("CREATE TABLE loose (id PRIMARY KEY)")
        made.executemany("INSERT INTO loose VALUES (?)", [(1,), ("1",)])
    assert not DeclaredKeys(source).vouched(read(source, "SELECT id AS source_id FROM loose"))
