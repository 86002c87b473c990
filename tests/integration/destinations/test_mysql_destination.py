"""What only MariaDB and MySQL do: warnings for errors, collations that confuse keys, DDL that commits."""
# ruff: noqa: DTZ001  the wire has local wall-clock times: no zone is invented

import datetime as dt
import re
from collections.abc import Iterator
from contextlib import closing, contextmanager
from decimal import Decimal

import pyarrow as pa
import pytest

from destination_benches import ORDER, SECOND, batch, patients, read, without_control
from ecluse.adapters.destinations import DestinationSpec, open_destination
from ecluse.domain.errors import ConnectionLostError, DestinationError
from ecluse.domain.profile import DestinationProfile, Engine, LoadMode, TargetEntity
from ecluse.migration.ports import Destination
from servers import Database, MariadbServer

NAMES = {"source_id": "ipp", "family_name": "nom"}
SCHEMA = pa.schema([("source_id", pa.string()), ("family_name", pa.string())])


@contextmanager
def opened(database: Database, mode: LoadMode = LoadMode.MERGE, **entities: TargetEntity) -> Iterator[Destination]:
    entities = entities or {"patient": TargetEntity("patient", NAMES, mode)}
    format_ = "ecluse.destination-profile/1"
    profile = DestinationProfile(format_, "new", "new", Engine.MYSQL, production=False, entities=entities)
    with closing(open_destination(DestinationSpec(Engine.MYSQL, database.url, profile))) as destination:
        yield destination


def people(*names: str, keys: str = "1234") -> pa.Table:
    return pa.table([list(keys[: len(names)]), list(names)], schema=SCHEMA)


def load(destination: Destination, rows: pa.Table, entity: str = "patient") -> pa.Table:
    destination.prepare(ORDER, {entity: rows.schema})
    destination.stage(ORDER, batch("one", entity, rows))
    destination.publish(ORDER)
    return without_control(read(destination, entity, schema=rows.schema))


@pytest.mark.parametrize("charset", ["latin1", "utf8mb3"])
def test_characters_that_the_column_lacks_are_refused_not_replaced(mariadb: MariadbServer, charset: str) -> None:
    database = mariadb.database(
        f"CREATE TABLE patient (ipp varchar(9) PRIMARY KEY, nom varchar(40)) CHARACTER SET {charset}"
    )
    with opened(database) as destination:
        destination.prepare(ORDER, {"patient": SCHEMA})
        with pytest.raises(DestinationError, match=r"column nom .* character set") as caught:
            destination.stage(ORDER, batch("one", "patient", people("Éloïse", "SECRET🧪")))
        assert "SECRET" not in str(caught.value)
        assert destination.loaded(ORDER) == {}
        assert load(destination, people("Éloïse", "Zoé")).equals(people("Éloïse", "Zoé"))


def test_keys_that_a_collation_confuses_are_refused(mariadb: MariadbServer) -> None:
    database = mariadb.database("CREATE TABLE patient (ipp varchar(9) PRIMARY KEY, nom varchar(40))")
    with opened(database) as destination:
        destination.prepare(ORDER, {"patient": SCHEMA})
        destination.stage(ORDER, batch("one", "patient", people("un", "autre", keys="aA")))
        with pytest.raises(DestinationError, match="unique key PRIMARY refuses rows"):
            destination.publish(ORDER)
    with opened(database, LoadMode.SWAP) as destination:
        destination.prepare(SECOND, {"patient": SCHEMA})
        with pytest.raises(DestinationError, match="unique key PRIMARY"):
            destination.stage(SECOND, batch("one", "patient", people("un", "autre", keys="aA")))
        assert destination.loaded(SECOND) == {}
    assert database.execute("SELECT count(*) FROM patient") == [(0,)]


@pytest.mark.parametrize("collation", ["utf8mb4_general_ci", "utf8mb4_bin"])
def test_a_value_of_other_case_or_spaces_is_another_value(mariadb: MariadbServer, collation: str) -> None:
    database = mariadb.database(
        f"CREATE TABLE patient (ipp varchar(9) PRIMARY KEY, nom varchar(40)) COLLATE {collation};"
        "INSERT INTO patient VALUES ('1', 'dupont'), ('2', 'Dupont ')"
    )
    with opened(database) as destination:
        destination.prepare(ORDER, {"patient": SCHEMA})
        destination.stage(ORDER, batch("one", "patient", people("Dupont", "Dupont")))
        with pytest.raises(DestinationError, match=r"2 keys already stand .* \(nom: 2\)"):
            destination.publish(ORDER)
    assert database.execute("SELECT nom FROM patient ORDER BY ipp") == [("dupont",), ("Dupont ",)]


@pytest.mark.parametrize(
    ("sql", "words"),
    [
        ("CREATE TABLE patient (ipp varchar(9) PRIMARY KEY, nom text) ENGINE=MyISAM", "InnoDB"),
        ("CREATE TABLE patient (ipp varchar(9) PRIMARY KEY, nom int)", "does not hold string"),
        ("CREATE TABLE patient (ipp varchar(9) PRIMARY KEY, nom enum('a','b'))", "does not hold string"),
        ("CREATE TABLE patient (ipp varchar(9) PRIMARY KEY, nom text, tel int NOT NULL)", "tel must not be null"),
        ("CREATE TABLE patient (ipp varchar(9), nom text, UNIQUE (ipp(3)))", "unique key"),
        ("CREATE VIEW patient AS SELECT 'a' AS ipp, 'b' AS nom", "InnoDB"),
    ],
)
def test_what_cannot_be_loaded_exactly_is_refused_first(mariadb: MariadbServer, sql: str, words: str) -> None:
    database = mariadb.database(sql)
    with opened(database) as destination, pytest.raises(DestinationError, match=words):
        destination.prepare(ORDER, {"patient": SCHEMA})
    assert not database.execute("SHOW TABLES LIKE 'ecluse_stage%'")


def test_a_timestamp_moves_with_the_zone_and_is_refused(mariadb: MariadbServer) -> None:
    database = mariadb.database("CREATE TABLE patient (ipp varchar(9) PRIMARY KEY, cree timestamp NULL)")
    schema = pa.schema([("source_id", pa.string()), ("created_on", pa.timestamp("us"))])
    target = TargetEntity("patient", {"source_id": "ipp", "created_on": "cree"})
    with opened(database, patient=target) as destination, pytest.raises(DestinationError, match="timestamp"):
        destination.prepare(ORDER, {"patient": schema})


@pytest.mark.parametrize(
    ("type_", "value", "fits"),
    [
        ("datetime", dt.datetime(2018, 3, 25, 2, 30), True),
        ("datetime", dt.datetime(2018, 1, 1, 1, 1, 1, 5), False),
        ("datetime(3)", dt.datetime(2018, 1, 1, 1, 1, 1, 5000), True),
        ("date", dt.datetime(2018, 1, 1), True),
        ("varchar(30)", dt.datetime(2018, 1, 1, 8, 30), True),
    ],
)
def test_moments_are_exact_or_refused(mariadb: MariadbServer, type_: str, value: dt.datetime, fits: bool) -> None:
    database = mariadb.database(f"CREATE TABLE patient (ipp varchar(9) PRIMARY KEY, cree {type_})")
    schema = pa.schema([("source_id", pa.string()), ("created_on", pa.timestamp("us"))])
    rows = pa.Table.from_pylist([{"source_id": "1", "created_on": value}], schema)
    with opened(database, patient=TargetEntity("patient", {"source_id": "ipp", "created_on": "cree"})) as destination:
        if fits:
            assert load(destination, rows).equals(rows)
        else:
            with pytest.raises(DestinationError, match="cannot hold 1 rows"):
                load(destination, rows)


@pytest.mark.parametrize("type_", ["decimal(60,20)", "decimal(28,10)", "varchar(50)"])
def test_decimals_are_exact(mariadb: MariadbServer, type_: str) -> None:
    database = mariadb.database(f"CREATE TABLE resultat (id varchar(9) PRIMARY KEY, valeur {type_})")
    schema = pa.schema([("source_id", pa.string()), ("value", pa.decimal128(28, 10))])
    numbers = ("123456789012345678.1234567891", "-0.0000000001", "0", "1000")
    rows = pa.table([["a", "b", "c", "d"], [Decimal(n) for n in numbers]], schema=schema)
    target = TargetEntity("resultat", {"source_id": "id", "value": "valeur"})
    with opened(database, observation=target) as destination:
        assert load(destination, rows, "observation").equals(rows)


@pytest.mark.parametrize(
    ("more", "words"),
    [
        ("CREATE TABLE d (ipp varchar(9), FOREIGN KEY (ipp) REFERENCES patient (ipp))", "foreign keys refer to it"),
        ("CREATE TRIGGER g BEFORE INSERT ON patient FOR EACH ROW SET NEW.nom = 'x'", "triggers"),
        ("ALTER TABLE patient ADD FOREIGN KEY (nom) REFERENCES patient (ipp)", "foreign keys"),
    ],
)
def test_a_swap_that_would_lose_something_is_refused(mariadb: MariadbServer, more: str, words: str) -> None:
    database = mariadb.database("CREATE TABLE patient (ipp varchar(9) PRIMARY KEY, nom varchar(9))")
    database.execute(more)
    with opened(database, LoadMode.SWAP) as destination, pytest.raises(DestinationError, match=words):
        destination.prepare(ORDER, {"patient": SCHEMA})


def test_a_swap_keeps_indexes_and_drops_the_old_table_at_the_end(mariadb: MariadbServer) -> None:
    database = mariadb.database(
        "CREATE TABLE patient (no int AUTO_INCREMENT UNIQUE, ipp varchar(9) PRIMARY KEY, nom text, KEY par_nom (nom(9)))"
        " COMMENT 'les patients'"
    )
    before = database.execute("SHOW CREATE TABLE patient")
    with opened(database, LoadMode.SWAP) as destination:
        assert load(destination, people("a", "b")).equals(people("a", "b"))
        after = database.execute("SHOW CREATE TABLE patient")
        assert before[0][1] == re.sub(" AUTO_INCREMENT=[0-9]+", "", after[0][1])
        old = f"ecluse_old_{ORDER[7:23]}_patient"
        database.execute(f"INSERT INTO {old} (ipp) VALUES ('late')")
        with pytest.raises(DestinationError, match="got rows while it was swapped"):
            destination.finish(ORDER)
        database.execute(f"DELETE FROM {old}")
        assert destination.finish(ORDER) == (old,)


def test_children_follow_their_parents(mariadb: MariadbServer) -> None:
    database = mariadb.database(
        "CREATE TABLE patient (ipp varchar(9) PRIMARY KEY, nom text);"
        "CREATE TABLE demande (no varchar(9) PRIMARY KEY, ipp varchar(9), FOREIGN KEY (ipp) REFERENCES patient (ipp))"
    )
    schema = pa.schema([("source_id", pa.string()), ("patient", pa.string())])
    entities = {
        "request": TargetEntity("demande", {"source_id": "no", "patient": "ipp"}),
        "patient": TargetEntity("patient", NAMES),
    }
    rows = pa.table([["d1", "d2"], ["1", "SECRET"]], schema=schema)
    with opened(database, **entities) as destination:
        destination.prepare(ORDER, {"request": schema, "patient": SCHEMA})
        destination.stage(ORDER, batch("d", "request", rows))
        destination.stage(ORDER, batch("p", "patient", people("a")))
        with pytest.raises(DestinationError, match="foreign key demande_ibfk_1 refuses rows") as caught:
            destination.publish(ORDER)
        assert "SECRET" not in str(caught.value)
        assert caught.value.__context__ is None
        assert database.execute("SELECT count(*) FROM patient") == [(0,)]
        destination.finish(ORDER)
        destination.prepare(SECOND, {"request": schema, "patient": SCHEMA})
        destination.stage(SECOND, batch("d", "request", rows.slice(0, 1)))
        destination.stage(SECOND, batch("p", "patient", people("a")))
        destination.publish(SECOND)
    assert database.execute("SELECT * FROM demande") == [("d1", "1")]


def test_a_server_that_takes_no_load_data_is_told_what_to_set(mariadb: MariadbServer) -> None:
    database = mariadb.database("CREATE TABLE patient (ipp varchar(9) PRIMARY KEY, nom text)")
    database.execute("SET GLOBAL local_infile = 0")
    try:
        with opened(database) as destination, pytest.raises(DestinationError) as caught:
            destination.prepare(ORDER, {"patient": SCHEMA})
        assert caught.value.hint == "SET GLOBAL local_infile = 1"
    finally:
        database.execute("SET GLOBAL local_infile = 1")


def test_a_lost_connection_is_said_so_and_the_same_steps_go_on(mariadb: MariadbServer) -> None:
    database = mariadb.database("CREATE TABLE patient (ipp varchar(9) PRIMARY KEY, nom text)")
    rows = patients(5000).select(["source_id", "family_name"])
    with opened(database) as destination:
        destination.prepare(ORDER, {"patient": SCHEMA})
        for (number,) in database.execute(
            f"SELECT id FROM information_schema.processlist WHERE db = '{database.name}'"
        ):
            if (number,) != database.execute("SELECT connection_id()")[0]:
                database.server.execute(f"KILL {number}", database="mysql") if _alive(database, number) else None
        with pytest.raises(ConnectionLostError):
            destination.stage(ORDER, batch("one", "patient", rows))
    with opened(database) as destination:
        assert load(destination, rows).equals(rows.combine_chunks())


def _alive(database: Database, number: int) -> bool:
    return bool(
        database.server.execute(f"SELECT 1 FROM information_schema.processlist WHERE id = {number}", database="mysql")
    )


def test_a_swap_that_found_rows_before_its_rename_is_refused(mariadb: MariadbServer) -> None:
    database = mariadb.database("CREATE TABLE patient (ipp varchar(9) PRIMARY KEY, nom text)")
    with opened(database, LoadMode.SWAP) as destination:
        destination.prepare(ORDER, {"patient": SCHEMA})
        destination.stage(ORDER, batch("one", "patient", people("a")))
        database.execute("INSERT INTO patient VALUES ('9', 'z')")
        with pytest.raises(DestinationError, match="was used since"):
            destination.publish(ORDER)
        database.execute("DELETE FROM patient")
        destination.publish(ORDER)
        assert without_control(read(destination, "patient", schema=SCHEMA)).equals(people("a"))
