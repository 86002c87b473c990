"""What only PostgreSQL does: a swap that keeps everything, types that would lose something, words that hold values."""
# ruff: noqa: DTZ001  the wire has local wall-clock times: no zone is invented

import datetime as dt
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

import pyarrow as pa
import pytest

from destination_benches import ORDER, SCHEMAS, batch, observations, patients, read, without_control
from ecluse.adapters.destinations import DestinationSpec, open_destination
from ecluse.domain.errors import ConnectionLostError, DestinationError, UsageError
from ecluse.domain.profile import DestinationProfile, Engine, LoadMode, TargetEntity
from ecluse.migration.ports import Destination
from servers import Database, PostgresqlServer

OBSERVATION = pa.schema([("source_id", pa.string()), ("value", pa.decimal128(28, 10))])


@dataclass(frozen=True)
class Address:
    url: str


@contextmanager
def opened(
    database: Any, entity: str, table: str, columns: dict[str, str], mode: LoadMode = LoadMode.MERGE
) -> Iterator[Destination]:
    entities = {entity: TargetEntity(table, columns, mode)}
    format_ = "ecluse.destination-profile/1"
    profile = DestinationProfile(format_, "new", "new", Engine.POSTGRESQL, production=False, entities=entities)
    with closing(open_destination(DestinationSpec(Engine.POSTGRESQL, database.url, profile))) as destination:
        yield destination


def load(destination: Destination, entity: str, rows: pa.Table) -> pa.Table:
    destination.prepare(ORDER, {entity: rows.schema})
    destination.stage(ORDER, batch("one", entity, rows))
    destination.publish(ORDER)
    return without_control(read(destination, entity, schema=rows.schema))


def values(*numbers: str) -> pa.Table:
    rows = [{"source_id": f"R{i}", "value": Decimal(number)} for i, number in enumerate(numbers)]
    return pa.Table.from_pylist(rows, schema=OBSERVATION)


WHOLE = """
CREATE ROLE {reader};
CREATE TABLE examen (code text PRIMARY KEY);
CREATE SCHEMA "Labo";
CREATE TABLE "Labo"."Résultat" (
    no serial, id varchar(40) NOT NULL, valeur numeric(28,10) CHECK (valeur > -1e9), code text REFERENCES examen,
    vu timestamptz DEFAULT now(), CONSTRAINT resultat_cle PRIMARY KEY (id), UNIQUE (no)
) WITH (fillfactor = 90);
CREATE INDEX resultat_partiel ON "Labo"."Résultat" (valeur) WHERE valeur > 0;
COMMENT ON TABLE "Labo"."Résultat" IS 'les résultats';
COMMENT ON COLUMN "Labo"."Résultat".valeur IS 'un nombre';
GRANT SELECT, INSERT ON "Labo"."Résultat" TO {reader};
"""


def described(database: Database) -> Any:
    queries = (
        "SELECT conname, contype, pg_get_constraintdef(oid) FROM pg_constraint "
        'WHERE conrelid = \'"Labo"."Résultat"\'::regclass ORDER BY 1',
        "SELECT indexname, indexdef FROM pg_indexes WHERE schemaname = 'Labo' ORDER BY 1",
        "SELECT relacl::text, reloptions::text, relpersistence, relowner, obj_description(oid), col_description(oid, 3)"
        ' FROM pg_class WHERE oid = \'"Labo"."Résultat"\'::regclass',
        "SELECT column_name, data_type, column_default, is_nullable FROM information_schema.columns "
        "WHERE table_name = 'Résultat' ORDER BY ordinal_position",
        "SELECT pg_get_serial_sequence('\"Labo\".\"Résultat\"', 'no')",
    )
    return [sorted(database.execute(query)) for query in queries]


def test_a_swap_keeps_all_that_the_table_had(postgresql: PostgresqlServer) -> None:
    database = postgresql.database(WHOLE.format(reader="lecteur"))
    before = described(database)
    columns = {"source_id": "id", "value": "valeur"}
    with opened(database, "observation", "Labo.Résultat", columns, LoadMode.SWAP) as destination:
        rows = values("1", "2.5")
        assert load(destination, "observation", rows).equals(rows)
        assert described(database) == before
        database.execute('INSERT INTO "Labo"."Résultat" (id) VALUES (\'native\')')
        assert database.execute('SELECT no, vu IS NOT NULL FROM "Labo"."Résultat" ORDER BY no')[-1] == (3, True)
        assert destination.finish(ORDER) == ()


@pytest.mark.parametrize(
    ("more", "words"),
    [
        ("CREATE TABLE enfant (parent text REFERENCES resultat)", "foreign keys of other tables"),
        ("CREATE VIEW vue AS SELECT * FROM resultat", "views or rules"),
        (
            "CREATE FUNCTION f() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NEW; END';"
            "CREATE TRIGGER g BEFORE INSERT ON resultat FOR EACH ROW EXECUTE FUNCTION f()",
            "triggers",
        ),
        ("ALTER TABLE resultat ENABLE ROW LEVEL SECURITY", "row security"),
        ("CREATE TABLE fille () INHERITS (resultat)", "inheritance"),
        ("GRANT SELECT (id) ON resultat TO PUBLIC", "column privileges"),
    ],
)
def test_a_swap_that_would_lose_something_is_refused(postgresql: PostgresqlServer, more: str, words: str) -> None:
    database = postgresql.database(f"CREATE TABLE resultat (id text PRIMARY KEY, valeur numeric); {more}")
    columns = {"source_id": "id", "value": "valeur"}
    with opened(database, "observation", "resultat", columns, LoadMode.SWAP) as destination:
        with pytest.raises(DestinationError, match=words) as caught:
            destination.prepare(ORDER, {"observation": OBSERVATION})
        assert caught.value.hint == "use mode: merge"


@pytest.mark.parametrize("change", ["INSERT INTO resultat VALUES ('x')", "CREATE VIEW vue AS SELECT * FROM resultat"])
def test_a_table_used_after_preparation_is_not_swapped(postgresql: PostgresqlServer, change: str) -> None:
    database = postgresql.database("CREATE TABLE resultat (id text PRIMARY KEY, valeur numeric)")
    columns = {"source_id": "id", "value": "valeur"}
    with opened(database, "observation", "resultat", columns, LoadMode.SWAP) as destination:
        destination.prepare(ORDER, {"observation": OBSERVATION})
        destination.stage(ORDER, batch("one", "observation", values("1")))
        before = database.execute("SELECT * FROM resultat")
        database.execute(change)
        with pytest.raises(DestinationError, match="was used since"):
            destination.publish(ORDER)
        assert len(database.execute("SELECT * FROM resultat")) == len(before) + change.startswith("INSERT")


def test_an_unbounded_numeric_is_exact(postgresql: PostgresqlServer) -> None:
    database = postgresql.database("CREATE TABLE resultat (id text PRIMARY KEY, valeur numeric)")
    with opened(database, "observation", "resultat", {"source_id": "id", "value": "valeur"}) as destination:
        rows = values("123456789012345678.1234567891", "-0.0000000001", "0.1")
        assert load(destination, "observation", rows).equals(rows)


def test_what_somebody_else_wrote_meanwhile_is_not_taken_for_ours(postgresql: PostgresqlServer) -> None:
    database = postgresql.database("CREATE TABLE resultat (id text PRIMARY KEY, valeur numeric(28,10))")
    with opened(database, "observation", "resultat", {"source_id": "id", "value": "valeur"}) as destination:
        load(destination, "observation", values("0", "1"))
        database.execute("UPDATE resultat SET valeur = 7 WHERE id = 'R0'")
        assert read(destination, "observation", schema=OBSERVATION).column("value").to_pylist() == [7, 1]
        database.execute("UPDATE resultat SET valeur = 'NaN' WHERE id = 'R0'")  # a scanner alone would read 0
        with pytest.raises(DestinationError):
            read(destination, "observation", schema=OBSERVATION)


@pytest.mark.parametrize("type_", ["timestamptz", "double precision", "integer", "text[]", "json"])
def test_types_that_would_change_a_time_are_refused(postgresql: PostgresqlServer, type_: str) -> None:
    database = postgresql.database(f"CREATE TABLE patient (ipp text PRIMARY KEY, cree {type_})")
    schema = pa.schema([("source_id", pa.string()), ("created_on", pa.timestamp("us"))])
    with (
        opened(database, "patient", "patient", {"source_id": "ipp", "created_on": "cree"}) as destination,
        pytest.raises(DestinationError, match="does not hold timestamp"),
    ):
        destination.prepare(ORDER, {"patient": schema})


@pytest.mark.parametrize(
    ("type_", "value", "words"),
    [
        ("varchar(7)", "SECRETO!", "cannot hold 1 rows: too long"),
        ("char(9)", "SECRET ", "spaces at the end"),
        ("text", "SECRET\0", "NUL"),
    ],
)
def test_texts_that_would_change_are_refused(postgresql: PostgresqlServer, type_: str, value: str, words: str) -> None:
    database = postgresql.database(f"CREATE TABLE patient (ipp text PRIMARY KEY, nom {type_})")
    schema = pa.schema([("source_id", pa.string()), ("family_name", pa.string())])
    rows = [{"source_id": "1", "family_name": value}, {"source_id": "2", "family_name": "bref"}]
    columns = {"source_id": "ipp", "family_name": "nom"}
    with opened(database, "patient", "patient", columns) as destination:
        destination.prepare(ORDER, {"patient": schema})
        with pytest.raises(DestinationError, match=words) as caught:
            destination.stage(ORDER, batch("one", "patient", pa.Table.from_pylist(rows, schema=schema)))
        assert "column nom" in str(caught.value)
        assert "SECRET" not in str(caught.value)
        assert destination.loaded(ORDER) == {}
        good = pa.Table.from_pylist(rows[1:], schema=schema)
        assert load(destination, "patient", good).equals(good)


@pytest.mark.parametrize(("type_", "number"), [("numeric(6,2)", "1.125"), ("numeric(4,2)", "100"), ("bigint", "1.5")])
def test_numbers_that_would_be_rounded_are_refused(postgresql: PostgresqlServer, type_: str, number: str) -> None:
    database = postgresql.database(f"CREATE TABLE resultat (id text PRIMARY KEY, valeur {type_})")
    with opened(database, "observation", "resultat", {"source_id": "id", "value": "valeur"}) as destination:
        destination.prepare(ORDER, {"observation": OBSERVATION})
        with pytest.raises(DestinationError, match="cannot hold 2 rows"):
            destination.stage(ORDER, batch("one", "observation", values("1", number, "2", number)))
        assert load(destination, "observation", values("1", "2")).equals(values("1", "2"))


@pytest.mark.parametrize(("type_", "ok"), [("date", False), ("timestamp(0)", False), ("timestamp(3)", True)])
def test_times_that_would_be_cut_are_refused(postgresql: PostgresqlServer, type_: str, ok: bool) -> None:
    database = postgresql.database(f"CREATE TABLE patient (ipp text PRIMARY KEY, cree {type_})")
    schema = pa.schema([("source_id", pa.string()), ("created_on", pa.timestamp("us"))])
    rows = pa.Table.from_pylist([{"source_id": "1", "created_on": dt.datetime(1969, 5, 6, 7, 8, 9, 120000)}], schema)
    whole = pa.Table.from_pylist([{"source_id": "1", "created_on": dt.datetime(1969, 5, 6)}], schema)
    with opened(database, "patient", "patient", {"source_id": "ipp", "created_on": "cree"}) as destination:
        destination.prepare(ORDER, {"patient": schema})
        if not ok:
            with pytest.raises(DestinationError, match="cannot hold 1 rows"):
                destination.stage(ORDER, batch("one", "patient", rows))
        expected = rows if ok else whole
        assert load(destination, "patient", expected).equals(expected)


@pytest.mark.parametrize("mode", list(LoadMode))
def test_a_constraint_is_named_and_its_values_are_not(postgresql: PostgresqlServer, mode: LoadMode) -> None:
    sql = "CREATE TABLE patient (ipp text PRIMARY KEY, nom text, CONSTRAINT un_nom UNIQUE (nom))"
    database = postgresql.database(sql)
    columns = {"source_id": "ipp", "family_name": "nom"}
    rows = patients(2, family_name="SECRETNAME").select(["source_id", "family_name"])
    with opened(database, "patient", "patient", columns, mode) as destination:
        destination.prepare(ORDER, {"patient": rows.schema})
        destination.stage(ORDER, batch("one", "patient", rows))
        with pytest.raises(DestinationError, match="un_nom") as caught:
            destination.publish(ORDER)
        assert "patient" in str(caught.value)
        assert "SECRET" not in str(caught.value)
        assert caught.value.__context__ is None
        assert caught.value.__cause__ is None
    assert database.execute("SELECT count(*) FROM patient") == [(0,)]


def test_a_required_column_that_the_order_lacks_is_refused_first(postgresql: PostgresqlServer) -> None:
    database = postgresql.database("CREATE TABLE patient (ipp text PRIMARY KEY, nom text, tel text NOT NULL)")
    rows = patients(1).select(["source_id", "family_name"])
    columns = {"source_id": "ipp", "family_name": "nom"}
    with (
        opened(database, "patient", "patient", columns) as destination,
        pytest.raises(DestinationError, match=r"patient\.tel must not be null"),
    ):
        destination.prepare(ORDER, {"patient": rows.schema})


def test_a_merge_needs_a_unique_key_and_a_swap_does_not(postgresql: PostgresqlServer) -> None:
    database = postgresql.database("CREATE TABLE resultat (id text, valeur numeric)")
    columns = {"source_id": "id", "value": "valeur"}
    with (
        opened(database, "observation", "resultat", columns) as destination,
        pytest.raises(DestinationError, match="unique key"),
    ):
        destination.prepare(ORDER, {"observation": OBSERVATION})
    with opened(database, "observation", "resultat", columns, LoadMode.SWAP) as destination:
        assert load(destination, "observation", values("1")).equals(values("1"))


def test_a_lost_connection_is_said_so_and_the_same_steps_go_on(postgresql: PostgresqlServer) -> None:
    database = postgresql.database("CREATE TABLE resultat (id text PRIMARY KEY, rang int, t text, d text, v numeric)")
    names = {"source_id": "id", "rank": "rang", "raw_value": "t", "request": "d", "value": "v"}
    rows = observations(100)
    with opened(database, "observation", "resultat", names) as destination:
        destination.prepare(ORDER, {"observation": SCHEMAS["observation"]})
        database.execute(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = current_database() "
            "AND application_name = 'ecluse'"
        )
        with pytest.raises(ConnectionLostError):
            destination.stage(ORDER, batch("one", "observation", rows))
    with opened(database, "observation", "resultat", names) as destination:
        assert load(destination, "observation", rows).equals(rows.combine_chunks())


def test_a_staging_table_that_lost_rows_is_not_published(postgresql: PostgresqlServer) -> None:
    database = postgresql.database("CREATE TABLE resultat (id text PRIMARY KEY, valeur numeric)")
    with opened(database, "observation", "resultat", {"source_id": "id", "value": "valeur"}) as destination:
        destination.prepare(ORDER, {"observation": OBSERVATION})
        destination.stage(ORDER, batch("one", "observation", values("1", "2")))
        database.execute(f"DELETE FROM ecluse_stage_{ORDER[7:23]}_observation WHERE id = 'R1'")
        with pytest.raises(DestinationError, match="the ledger says 2 rows, its staging table has 1"):
            destination.publish(ORDER)
    assert database.execute("SELECT count(*) FROM resultat") == [(0,)]


def test_the_password_stands_in_the_environment(postgresql: PostgresqlServer, monkeypatch: pytest.MonkeyPatch) -> None:
    database = postgresql.database(
        "CREATE ROLE chargeur LOGIN PASSWORD 'Très secret' IN ROLE needs_password; CREATE TABLE t (i int)"
    )
    database.execute(f"ALTER DATABASE {database.name} OWNER TO chargeur; ALTER SCHEMA public OWNER TO chargeur")
    database.execute(
        "CREATE TABLE resultat (id text PRIMARY KEY, valeur numeric); ALTER TABLE resultat OWNER TO chargeur"
    )
    url = postgresql.url_of(database.name, "chargeur")

    columns = {"source_id": "id", "value": "valeur"}
    with (
        pytest.raises((DestinationError, ConnectionLostError)),
        opened(Address(url), "observation", "resultat", columns),
    ):
        pass
    monkeypatch.setenv("ECLUSE_DESTINATION_PASSWORD", "Très secret")
    with opened(Address(url), "observation", "resultat", columns, LoadMode.SWAP) as destination:
        assert load(destination, "observation", values("1")).equals(values("1"))
    told = Address(url.replace("chargeur@", "chargeur:motdepasse@"))
    with pytest.raises(UsageError) as caught, opened(told, "observation", "resultat", columns):
        pass
    assert "motdepasse" not in str(caught.value)
    assert "ECLUSE_DESTINATION_PASSWORD" in str(caught.value)


def test_a_role_without_the_right_is_told_so(postgresql: PostgresqlServer) -> None:
    database = postgresql.database(
        "CREATE ROLE pauvre LOGIN; CREATE TABLE resultat (id text PRIMARY KEY, valeur numeric)"
    )

    poor = Address(postgresql.url_of(database.name, "pauvre"))
    with (
        opened(poor, "observation", "resultat", {"source_id": "id", "value": "valeur"}) as destination,
        pytest.raises(DestinationError, match="privilege"),
    ):
        destination.prepare(ORDER, {"observation": OBSERVATION})
