"""What the compiler refuses, and what stands in the SQL that the plan shows."""

import datetime as dt
import sqlite3
from dataclasses import replace
from typing import Any

import pytest
import sqlglot
from sqlglot import exp

from ecluse.domain.errors import EcluseError, InternalError, OrderError, ProfileError
from ecluse.domain.order import DateRange, PersonBasis, PersonExclusion
from ecluse.domain.plan import Because, ColumnType
from ecluse.domain.profile import DateStorage, Engine, Parse, ScopeColumns, SourceEntity, SourceProfile
from ecluse.migration.compile import bind, compile_order, planned_columns, view_bodies
from ecluse.migration.grants import grants, role_name
from ecluse.migration.selects import DIALECTS
from legacy import DIGEST, TABLES, create, fill, order, profile, run

PERSONS = PersonExclusion(DIGEST, PersonBasis.SOURCE_ID, 2)


def refused(kind: type[EcluseError], *, entity: str = "patient", select: str, engine: Engine = Engine.SQLITE) -> str:
    with pytest.raises(kind) as caught:
        compile_order(order(), profile(engine, **{entity: select}))
    return str(caught.value)


@pytest.mark.parametrize(
    ("select", "says"),
    [
        ("SELECT * FROM PATIENTS", "'*': name every column"),
        ("SELECT p.* FROM PATIENTS p", "'*': name every column"),
        ("SELECT NUMPAT AS source_id, UPPER(NOM) FROM PATIENTS", "column 2 has no name"),
        ("SELECT NUMPAT AS source_id, NOM AS famly_name FROM PATIENTS", "'famly_name' is not in the catalogue"),
        ("SELECT NUMPAT AS source_id, NOM AS nir, NOM AS nir FROM PATIENTS", "yields 'nir' twice"),
        ("SELECT NOM AS family_name FROM PATIENTS", "yields no column 'source_id'"),
        ("SELECT NUMPAT AS source_id FROM PATIENTS LIMIT 5", "a profile never filters"),
        ("SELECT NUMPAT AS source_id FROM PATIENTS UNION ALL SELECT 1 LIMIT 5", "a profile never filters"),
        ("SELECT NUMPAT AS source_id FROM PATIENTS; DELETE FROM PATIENTS", "exactly one statement"),
        ("DELETE FROM PATIENTS", "must be a SELECT"),
        ("PRAGMA writable_schema = 1", "must be a SELECT"),
        ("ATTACH 'x' AS y", "must be a SELECT"),
        ("SELECT NUMPAT AS source_id FROM PATIENTS WHERE NOM = :lower", "holds a parameter"),
        ("SELECT NUMPAT AS source_id FROM PATIENTS UNION ALL SELECT 1, 2", "different numbers of columns"),
        ("SELECT NUMPAT AS source_id FROM", "does not parse as sqlite"),
        ("", "exactly one statement"),
    ],
)
def test_a_profile_select_is_refused(select: str, says: str) -> None:
    message = refused(ProfileError, select=select)
    assert says in message
    assert "entities.patient.select" in message


def test_writes_hidden_in_a_select_are_refused() -> None:
    hidden = "WITH gone AS (DELETE FROM PATIENTS RETURNING NUMPAT) SELECT NUMPAT AS source_id FROM gone"
    assert "only reads" in refused(ProfileError, select=hidden, engine=Engine.POSTGRESQL)
    into = "SELECT NUMPAT AS source_id INTO other FROM PATIENTS"
    assert "only reads" in refused(ProfileError, select=into, engine=Engine.POSTGRESQL)
    lock = "SELECT NUMPAT AS source_id FROM PATIENTS FOR UPDATE"
    assert "only reads" in refused(ProfileError, select=lock, engine=Engine.POSTGRESQL)


def test_secrets_are_refused_by_name() -> None:
    select = "SELECT CODE_MED AS source_id, PWD AS portal_password FROM MEDECINS"
    assert "is a secret" in refused(ProfileError, entity="practitioner", select=select)


@pytest.mark.parametrize(
    ("entity", "columns", "says"),
    [
        ("observation", "ID_RESULTAT AS source_id, CODE_ANA AS code", "yields no column 'request'"),
        ("observation", "ID_RESULTAT AS source_id, ID_DOSSIER AS request", "yields no column 'code'"),
        ("request", "ID_DOSSIER AS source_id, CODE_SITE AS site", "yields no column 'registered_on'"),
        ("request", "ID_DOSSIER AS source_id, DATE_ENR AS registered_on", "yields no column 'site'"),
        ("request", "ID_DOSSIER AS source_id, DATE_ENR AS registered_on, CODE_SITE AS site", "no column 'patient'"),
    ],
)
def test_what_the_scope_hangs_on_is_needed(entity: str, columns: str, says: str) -> None:
    table = TABLES[entity][0]
    served = profile(Engine.SQLITE, **{entity: f"SELECT {columns} FROM {table}"})
    with pytest.raises(ProfileError) as caught:
        compile_order(order(fields={entity: ("source_id",)}, exclude_persons=PERSONS), served)
    assert says in str(caught.value)


def test_a_field_that_the_profile_lacks_is_named() -> None:
    message = refused(OrderError, select="SELECT NUMPAT AS source_id, NOM AS family_name FROM PATIENTS")
    assert "patient.nir is ordered, and the profile small does not serve it" in message


def test_an_entity_that_the_profile_lacks_is_named() -> None:
    with pytest.raises(OrderError, match="report is ordered, and the profile small does not serve it"):
        compile_order(order(fields={"report": ("source_id",)}), profile(Engine.SQLITE))


def test_nobody_reaches_a_practitioner_without_an_ordered_field() -> None:
    fields = {"practitioner": ("source_id",), "request": ("source_id",)}
    with pytest.raises(OrderError, match=r"order request.prescriber or request.collector"):
        compile_order(order(fields=fields), profile(Engine.SQLITE))


def test_the_scope_date_must_have_a_storage() -> None:
    served = profile(Engine.SQLITE)
    request = SourceEntity(served.entities["request"].select, ScopeColumns({"received_on": DateStorage.TIMESTAMP}))
    made = SourceProfile(
        served.format, "p", "s", Engine.SQLITE, {**served.entities, "request": request}, analyses=served.analyses
    )
    with pytest.raises(OrderError, match=r"request.registered_on bounds the order"):
        compile_order(order(), made)


def test_columns_are_ordered_fields_links_and_companions() -> None:
    fields = {
        "request": ("source_id", "registered_on"),
        "observation": ("source_id", "value", "loinc"),
        "patient": ("source_id",),
    }
    made = planned_columns(order(fields=fields).scope, profile(Engine.SQLITE))
    assert [(c.name, c.type, c.because) for c in made["observation"]] == [
        ("source_id", ColumnType.TEXT, Because.ORDERED),
        ("request", ColumnType.TEXT, Because.LINK),
        ("code", ColumnType.TEXT, Because.COMPANION),
        ("loinc", ColumnType.TEXT, Because.ORDERED),
        ("raw_value", ColumnType.TEXT, Because.COMPANION),
        ("value", ColumnType.DECIMAL, Because.ORDERED),
        ("comparator", ColumnType.TEXT, Because.COMPANION),
    ]
    assert [c.name for c in made["request"]] == ["source_id", "patient", "registered_on"]
    sources = compile_order(order(fields=fields), profile(Engine.SQLITE)).queries["observation"].sources
    assert sources == ("source_id", "request", "code", "raw_value")


def test_a_parsed_field_needs_its_original_text() -> None:
    served = profile(Engine.SQLITE)
    entity = SourceEntity(served.entities["patient"].select, parse={"nir": Parse(values={"a": "b"})})
    made = SourceProfile(served.format, "p", "s", Engine.SQLITE, {**served.entities, "patient": entity})
    with pytest.raises(ProfileError, match="law 3"):
        planned_columns(order().scope, made)


@pytest.mark.parametrize("engine", list(DIALECTS))
def test_no_projection_holds_an_unordered_column(engine: Engine) -> None:
    """The base columns behind unordered fields stand nowhere in the SQL, not even in an inner SELECT."""
    compiled = compile_order(order(exclude_persons=PERSONS), profile(engine))
    for query in compiled.queries.values():
        tree = sqlglot.parse_one(query.sql, read=compiled.dialect)
        names = {column.name.upper() for column in tree.find_all(exp.Column)}
        assert not names & {"ADRESSE", "TEL", "LIBELLE", "NOTE", "FRIGO", "COMMENT_RES", "AUTEUR", "ORGANISME"}
        assert {"lower", "upper"} <= {hole.this for hole in tree.find_all(exp.Placeholder)}
        assert query.sql.count(":excluded_persons") >= 1


def test_distinct_and_grouped_selects_keep_their_rows() -> None:
    """Leaving a column out of DISTINCT would change which rows there are."""
    select = "SELECT DISTINCT CODE_SITE AS source_id, NOTE AS name FROM DOSSIERS"
    sql = compile_order(order(fields={"site": ("source_id",)}), profile(Engine.SQLITE, site=select)).queries["site"].sql
    assert "NOTE" in sql
    assert '"e"."name"' not in sql


@pytest.mark.parametrize("engine", list(DIALECTS))
def test_bind_is_literal_safe_and_stable(engine: Engine) -> None:
    compiled = compile_order(order(exclude_persons=PERSONS), profile(engine))
    evil = "x') OR 1=1 --\\"
    for query in compiled.queries.values():
        sql = bind(query.sql, compiled.dialect, lower=evil, upper=evil, excluded=[evil, "y"])
        tree = sqlglot.parse_one(sql, read=compiled.dialect)
        texts = {node.this for node in tree.find_all(exp.Literal) if node.is_string}
        assert {evil, "y"} & texts
        assert not list(tree.find_all(exp.Placeholder))
        bare = bind(query.sql, compiled.dialect, excluded=[])
        assert ":" not in bare
        assert bind(bare, compiled.dialect) == bare


def test_bind_never_runs_without_the_persons() -> None:
    query = compile_order(order(exclude_persons=PERSONS), profile(Engine.SQLITE)).queries["request"]
    with pytest.raises(InternalError, match="no list"):
        bind(query.sql, "sqlite")
    with pytest.raises(InternalError):
        bind("SELECT FROM WHERE (", "sqlite", excluded=())


def test_keys_without_affinity_are_bounded_and_excluded_in_sqlite() -> None:
    """``NUMPAT + 0`` has no affinity: SQLite would take every number for less than any text."""
    rows: dict[str, list[dict[str, Any]]] = {entity: [] for entity in TABLES}
    blank = dict.fromkeys(TABLES["request"][1])
    rows["request"] = [
        {**blank, "source_id": n, "patient": n, "registered_on": "20180101", "site": "A"} for n in (5, 9, 10, 30)
    ]
    rows["patient"] = [{**dict.fromkeys(TABLES["patient"][1]), "source_id": n} for n in (5, 9, 10, 30)]
    served = profile(
        Engine.SQLITE,
        patient="SELECT NUMPAT + 0 AS source_id, NOM AS family_name, NUM_SS AS nir FROM PATIENTS",
        request="SELECT ID_DOSSIER AS source_id, NUMPAT + 0 AS patient, DATE_ENR AS registered_on, CODE_SITE AS site,"
        " CODE_MED AS prescriber, CODE_PREL AS collector FROM DOSSIERS",
    )
    sql = compile_order(order(exclude_persons=PERSONS), served).queries["patient"].sql
    connection = sqlite3.connect(":memory:")
    run(connection, [*create(Engine.SQLITE), *fill(rows)])
    try:
        found = connection.execute(bind(sql, "sqlite", lower="30", upper=None, excluded=["9"])).fetchall()
        assert sorted(row[0] for row in found) == [5, 30]  # as texts: 10 < 30 < 5 < 9
    finally:
        connection.close()


def test_views_are_read_alone() -> None:
    compiled = compile_order(order(exclude_persons=PERSONS), profile(Engine.POSTGRESQL), views="ecluse_x")
    for query in compiled.queries.values():
        tables = {table.db for table in sqlglot.parse_one(query.sql, read="postgres").find_all(exp.Table)}
        assert tables == {"ecluse_x"}
    assert {"practitioner_reach", "site_reach"} <= set(view_bodies(compiled))


def test_dates_of_absurd_length_are_refused() -> None:
    dates = DateRange("request.registered_on", dt.date(1, 1, 1), dt.date(9998, 1, 1))
    with pytest.raises(OrderError, match="200 years"):
        compile_order(order(dates=dates), profile(Engine.SQLITE))


def test_role_names_never_collide() -> None:
    names = ["BIO-1", "BIO.1", "BIO_1", "bio-1" * 9, "bio-1" * 9 + "x"]
    roles = {role_name(replace(order(), order=name)) for name in names}
    assert len(roles) == len(names)
    assert role_name(replace(order(), order="BIO-2026-0042")) == "ecluse_bio_2026_0042"
    assert all(len(role) <= 32 for role in roles)


def test_grants_hold_no_person_and_no_password() -> None:
    for engine in (Engine.POSTGRESQL, Engine.MYSQL):
        script = grants(order(exclude_persons=PERSONS), profile(engine))
        assert ":excluded" not in script
        assert "2036-12-31" in script
        assert "PASSWORD '" not in script
    with pytest.raises(OrderError, match="host"):
        grants(order(), profile(Engine.MYSQL), host="x'; DROP")


def test_dialects_cover_engines() -> None:
    loaded_only = {engine for engine in Engine if engine.value in {"fhir", "hl7", "hprim"}}
    assert set(DIALECTS) == set(Engine) - loaded_only
