"""A small legacy system on any engine, its profile, random rows and orders: what planning is tested on."""

import contextlib
import datetime as dt
import sqlite3
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import duckdb
import pyarrow as pa
from hypothesis import strategies as st

from ecluse.domain.files import SourceFile
from ecluse.domain.order import (
    AgreementRef,
    DateRange,
    Order,
    OrderDestination,
    OrderingController,
    OrderSource,
    PersonExclusion,
    Retention,
    Scope,
    SourceDisposition,
)
from ecluse.domain.plan import Snapshot, SourceFacts
from ecluse.domain.profile import (
    FILE_ENGINES,
    Analysis,
    DateStorage,
    Engine,
    Parse,
    ScopeColumns,
    SourceEntity,
    SourceProfile,
)
from ecluse.domain.sensitive import SensitiveCategory
from reference import Legacy, Row
from servers import MariadbServer, PostgresqlServer

DIGEST = "sha256:" + "0" * 64
OUT = "HORS-ORDRE"
LOINCS = {"NA": "2951-2", "VIH": "56888-1", "PSA": "2857-1", "HCG": "21198-7", "ZDIV": ""}

TABLES: dict[str, tuple[str, dict[str, tuple[str, str]]]] = {
    "patient": (
        "PATIENTS",
        {
            "source_id": ("NUMPAT", "int"),
            "family_name": ("NOM", "text"),
            "nir": ("NUM_SS", "text"),
            "address": ("ADRESSE", "text"),
        },
    ),
    "practitioner": ("MEDECINS", {"source_id": ("CODE_MED", "text"), "phone": ("TEL", "text")}),
    "site": ("SITES", {"source_id": ("CODE_SITE", "text"), "name": ("LIBELLE", "text")}),
    "request": (
        "DOSSIERS",
        {
            "source_id": ("ID_DOSSIER", "int"),
            "patient": ("NUMPAT", "int"),
            "registered_on": ("DATE_ENR", "text"),
            "collected_on": ("DATE_PRELEV", "text"),
            "received_on": ("DATE_RECU", "timestamp"),
            "prescriber": ("CODE_MED", "text"),
            "collector": ("CODE_PREL", "text"),
            "site": ("CODE_SITE", "text"),
            "comment": ("NOTE", "text"),
        },
    ),
    "specimen": (
        "TUBES",
        {"source_id": ("ID_TUBE", "int"), "request": ("ID_DOSSIER", "int"), "storage": ("FRIGO", "text")},
    ),
    "observation": (
        "RESULTATS",
        {
            "source_id": ("ID_RESULTAT", "int"),
            "request": ("ID_DOSSIER", "int"),
            "code": ("CODE_ANA", "text"),
            "raw_value": ("VALEUR", "text"),
            "comment": ("COMMENT_RES", "text"),
        },
    ),
    "comment": (
        "COMMENTAIRES",
        {
            "source_id": ("ID_COM", "int"),
            "request": ("ID_DOSSIER", "int"),
            "observation": ("ID_RESULTAT", "int"),
            "text": ("TEXTE", "text"),
            "author": ("AUTEUR", "text"),
        },
    ),
    "payer": (
        "MUTUELLES",
        {"source_id": ("ID_PEC", "int"), "patient": ("NUMPAT", "int"), "insurer": ("ORGANISME", "text")},
    ),
}
UNORDERABLE = {
    "patient": ("address",), "practitioner": ("phone",), "site": ("name",), "request": ("comment",),
    "specimen": ("storage",), "observation": ("comment",), "comment": ("author",), "payer": ("insurer",),
}  # fmt: skip
"""Fields that no order here names: they hold the marker in every row."""

_TEXT = {Engine.POSTGRESQL: "text", Engine.MYSQL: "varchar(60)", Engine.SQLITE: "text", Engine.CSV: "varchar"}
_TEXT[Engine.FIREBIRD] = "varchar(60) character set win1252 collate win_ptbr"
_STAMP = {Engine.MYSQL: "datetime", Engine.SQLITE: "text"}


def create(engine: Engine) -> list[str]:
    """CREATE TABLE statements, with indexes on the scope dates and the children's requests."""
    made = []
    for table, columns in TABLES.values():
        kinds = {"text": _TEXT[engine], "timestamp": _STAMP.get(engine, "timestamp"), "int": "integer"}
        body = ", ".join(f"{name} {kinds[kind]}" for name, kind in columns.values())
        made.append(f"CREATE TABLE {table} ({body})")
    made += [f"CREATE INDEX by_{c.lower()} ON DOSSIERS ({c})" for c in ("DATE_ENR", "DATE_PRELEV", "DATE_RECU")]
    made += [f"CREATE INDEX {t.lower()}_d ON {t} (ID_DOSSIER)" for t in ("TUBES", "RESULTATS", "COMMENTAIRES")]
    made += ["CREATE INDEX patients_k ON PATIENTS (NUMPAT)", "CREATE INDEX dossiers_k ON DOSSIERS (ID_DOSSIER)"]
    return made


def fill(legacy: Legacy, *, one_by_one: bool = False) -> Iterator[str]:
    """Statements that empty the tables and put these rows in; ``one_by_one`` for engines whose VALUES is one row."""
    for entity, (table, columns) in TABLES.items():
        yield f"DELETE FROM {table}"
        values = [f"({', '.join(_sql(row[name]) for name in columns)})" for row in legacy[entity]]
        for rows in values if one_by_one else [", ".join(values)]:
            if rows:
                yield f"INSERT INTO {table} VALUES {rows}"


def _sql(value: Any) -> str:
    if value is None:
        return "NULL"
    return str(value) if isinstance(value, int) else "'" + str(value).replace("'", "''") + "'"


def profile(engine: Engine, **selects: str) -> SourceProfile:
    """The profile of these tables; ``selects`` replaces an entity's SELECT."""
    entities = {}
    for entity, (table, columns) in TABLES.items():
        text = ", ".join(f"{column} AS {name}" for name, (column, _kind) in columns.items())
        dates = {
            "registered_on": DateStorage.TEXT_COMPACT,
            "collected_on": DateStorage.TEXT_ISO,
            "received_on": DateStorage.TIMESTAMP,
        }
        entities[entity] = SourceEntity(
            selects.get(entity, f"SELECT {text} FROM {table}"),
            scope=ScopeColumns(dates) if entity == "request" else None,
            parse={"value": Parse(number=True)} if entity == "observation" else {},
        )
    return SourceProfile(
        "ecluse.source-profile/1",
        "small",
        "small",
        engine,
        entities,
        analyses={code: Analysis(loinc) for code, loinc in LOINCS.items()},
        files={"PATIENTS": SourceFile("patients.csv", "utf-8")} if engine in FILE_ENGINES else {},
    )


FIELDS: dict[str, tuple[str, ...]] = {
    "patient": ("source_id", "family_name", "nir"),
    "practitioner": ("source_id",),
    "site": ("source_id",),
    "request": ("source_id", "registered_on", "prescriber", "collector", "site"),
    "specimen": ("source_id",),
    "observation": ("source_id", "code", "raw_value"),
    "comment": ("source_id", "text"),
    "payer": ("source_id",),
}


def order(**scope: Any) -> Order:
    """An order; ``scope`` replaces fields of its scope."""
    given = {
        "dates": DateRange("request.registered_on", dt.date(2018, 1, 1), dt.date(2019, 12, 31)),
        "sites": ("A", "É1"),
        "fields": FIELDS,
        "exclude_categories": (SensitiveCategory.HIV,),
    }
    return Order(
        format="ecluse.order/1",
        order="BIO-2026-0042",
        version=1,
        agreement=AgreementRef("DPA-1", DIGEST),
        controller=OrderingController("Laboratoire", "750100125", "dr.martin"),
        source=OrderSource("small", "RENNES", "small"),
        destination=OrderDestination("new", "age1" + "q" * 58),
        purpose="migration",
        scope=Scope(**{**given, **scope}),
        retention=Retention("0d", dt.date(2036, 12, 31), SourceDisposition.CONTROLLER),
    )


@dataclass
class DbSource:
    """A source over a DB-API or DuckDB connection, for tests alone."""

    connection: Any
    dialect: str

    def facts(self) -> SourceFacts:
        return SourceFacts("test", "1", Snapshot.SINGLE_CONNECTION, 1)

    def export_snapshot(self) -> str | None:
        return None

    def adopt_snapshot(self, token: str | None) -> None:
        assert token is None

    def rows(self, sql: str) -> tuple[list[str], list[tuple[Any, ...]]]:
        cursor = self.connection.cursor()
        cursor.execute(sql)
        return [d[0] for d in cursor.description], [tuple(row) for row in cursor.fetchall()]

    def query(self, sql: str) -> pa.Table:
        names, rows = self.rows(sql)
        columns = list(zip(*rows, strict=True)) or [() for _ in names]
        return pa.table({name: pa.array(list(column)) for name, column in zip(names, columns, strict=True)})

    def stream(self, sql: str, batch_rows: int) -> Iterator[pa.RecordBatch]:
        yield from self.query(sql).to_batches(batch_rows)

    def close(self) -> None:
        self.connection.close()


def run(connection: Any, statements: Iterator[str] | Sequence[str]) -> None:
    """Run statements and commit."""
    cursor = connection.cursor()
    for statement in statements:
        cursor.execute(statement)
    connection.commit()


_DAYS = ["2017-12-31", "2018-01-01", "2018-02-28", "2018-12-31", "2019-01-01", "2019-12-31", "2020-01-01", "2020-02-29"]
_COMPACT = [None, "", "20190230", "20181301", "2019-5-1", "201901011", "2019011", "20190229", "20180100", "2018é0101"]
_ISO = [None, "", "2019-02-30", "2019/05/01", "2019-05-01x", "2019-05-01T08:30", "2018-12-31 23:59:59", "2019-13-01"]
_SITES = ["A", "A", "A", "a", "A ", "B", "É1", "É1", "é1", "E1", "", None]
_CODES = ["NA", "NA", "na", "NA ", "VIH", "vih", "PSA", "HCG", "ZDIV", "TYPO", "", None]
_MEN = ["M1", "M2", "M3", None]
_NIRS = ["285017500100123", "2850175001001", "2 85 01 75 001 001 23", "195", "", None]


def legacies(engine: Engine) -> st.SearchStrategy[Legacy]:
    """Random rows, dirty where legacy rows are."""
    collation_loose = engine in {Engine.MYSQL, Engine.FIREBIRD}
    people = st.integers(1, 5)
    stamps = st.sampled_from(_DAYS).flatmap(lambda d: st.sampled_from([f"{d} 00:00:00", f"{d} 23:59:59", None]))
    shapes: dict[str, dict[str, st.SearchStrategy[Any]]] = {
        "patient": {"family_name": st.sampled_from(["DURAND", "O'NEIL", None]), "nir": st.sampled_from(_NIRS)},
        "practitioner": {},
        "site": {},
        "request": {
            "patient": st.one_of(people, st.none()),
            "registered_on": st.sampled_from([*(d.replace("-", "") for d in _DAYS * 3), *_COMPACT]),
            "collected_on": st.sampled_from([*_DAYS * 3, *_ISO]),
            "received_on": stamps,
            "prescriber": st.sampled_from(_MEN),
            "collector": st.sampled_from(_MEN),
            "site": st.sampled_from(_SITES),
        },
        "specimen": {"request": st.one_of(st.integers(1, 9), st.none())},
        "observation": {
            "request": st.one_of(st.integers(1, 9), st.none()),
            "code": st.sampled_from(_CODES),
            "raw_value": st.sampled_from(["13,3", "", None, "0", "<5"]),
        },
        "comment": {
            "request": st.integers(1, 9),
            "observation": st.one_of(st.integers(1, 12), st.none()),
            "text": st.sampled_from(["bien", None]),
        },
        "payer": {"patient": st.one_of(people, st.none())},
    }
    sizes = {"patient": 5, "request": 8, "observation": 12}
    keys: dict[str, list[Any]] = {
        "practitioner": _MEN[:3],
        "site": ["A", "B", "É1"] if collation_loose else _SITES[2:9],
    }

    @st.composite
    def made(draw: st.DrawFn) -> Legacy:
        found: dict[str, list[Row]] = {}
        for entity, shape in shapes.items():
            ids = keys.get(entity) or list(range(1, sizes.get(entity, 4) + 1))
            rows: list[Row] = []
            for id_ in draw(st.permutations(ids)):
                row: Row = {"source_id": id_, **{name: draw(strategy) for name, strategy in shape.items()}}
                rows.append({**row, **dict.fromkeys(UNORDERABLE[entity], f"{OUT}-{entity}-{id_}")})
            found[entity] = [{name: row[name] for name in TABLES[entity][1]} for row in rows]
        return found

    return made()


@st.composite
def scopes(draw: st.DrawFn) -> dict[str, Any]:
    """Random scopes: dates, sites, entities, fields, categories."""
    start, end = sorted(draw(st.tuples(st.sampled_from(_DAYS), st.sampled_from(_DAYS))))
    field = draw(st.sampled_from(["registered_on", "collected_on", "received_on"]))
    entities = draw(st.sets(st.sampled_from(sorted(FIELDS)), min_size=1))
    fields = {}
    for entity in sorted(entities):
        chosen = draw(st.sets(st.sampled_from(FIELDS[entity][1:]))) if len(FIELDS[entity]) > 1 else set()
        fields[entity] = ("source_id", *(name for name in FIELDS[entity][1:] if name in chosen))
    if "practitioner" in fields:
        names = fields.get("request", ("source_id",))
        fields["request"] = (*names, *(["prescriber"] if "prescriber" not in names else []))
    return {
        "dates": DateRange(f"request.{field}", dt.date.fromisoformat(start), dt.date.fromisoformat(end)),
        "sites": tuple(draw(st.sets(st.sampled_from(["A", "B", "É1", "NOWHERE"]), min_size=1))),
        "fields": fields,
        "exclude_categories": tuple(
            sorted(draw(st.sets(st.sampled_from([SensitiveCategory.HIV, SensitiveCategory.ONCOLOGY]))))
        ),
        "include_unclassifiable": draw(st.booleans()),
    }


def excluding(scope: dict[str, Any], exclusion: PersonExclusion | None) -> Order:
    """An order of that scope without those persons."""
    return order(**scope, exclude_persons=exclusion)


def four_sources(
    stack: contextlib.ExitStack, postgresql: PostgresqlServer, mariadb: MariadbServer
) -> dict[Engine, DbSource]:
    """The legacy tables, empty, in one database of each engine that takes many rows' inserts; closed with the stack."""
    made = {
        Engine.POSTGRESQL: (stack.enter_context(postgresql.database().connect()), "postgres"),
        Engine.MYSQL: (stack.enter_context(mariadb.database().connect()), "mysql"),
        Engine.SQLITE: (stack.enter_context(contextlib.closing(sqlite3.connect(":memory:"))), "sqlite"),
        Engine.CSV: (stack.enter_context(contextlib.closing(duckdb.connect())), "duckdb"),
    }
    for engine, (connection, _dialect) in made.items():
        run(connection, create(engine))
    return {engine: DbSource(connection, dialect) for engine, (connection, dialect) in made.items()}
