"""Profile iblis-mysql: the demo's legacy system, and iBLIS's own rows, into the tables of iBLIS's published dump."""

import contextlib
import os
import sqlite3
import subprocess
import time
from collections.abc import Callable
from contextlib import closing
from dataclasses import replace
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest
import yaml
from shipped import Extracted, destination_profile, extract, order_for, source_profile

from destination_benches import ORDER, batch, read, without_control
from ecluse.adapters.destinations.opening import DestinationSpec, open_destination
from ecluse.adapters.sources.spec import SourceSpec
from ecluse.domain.errors import DestinationError
from ecluse.domain.profile import Engine
from migrating import OUT, Desk, W, birth_date, holding
from servers import Database, MariadbServer

pytestmark = pytest.mark.real_data
ROOT = Path(__file__).parents[3]
CLINICAL = ("test_results", "tests", "specimens", "visits", "patients")
SEXES = {"M": 0, "F": 1, "MME": 1, "MLLE": 1, "SOEUR": 1}
ENTITIES = ("patient", "request", "observation")


def installed(mariadb: MariadbServer) -> Database:
    """iBLIS as it is installed: its tables, lists and users, and nobody's results yet."""
    dump = Path(os.environ["ECLUSE_REAL_DATA"]) / "iblis" / "iblis.sql"
    database = mariadb.database(dump.read_text(encoding="utf-8"))
    emptied = ";".join(f"DELETE FROM {table}" for table in CLINICAL)
    database.execute(f"SET foreign_key_checks = 0; {emptied}")
    database.execute((ROOT / "demo" / "iblis_beside.sql").read_text(encoding="utf-8"))
    return database


@pytest.fixture
def iblis(mariadb: MariadbServer) -> Database:
    return installed(mariadb)


@pytest.fixture(scope="module")
def signed(tmp_path_factory: pytest.TempPathFactory) -> Desk:
    """The demo's legacy system, put right where iBLIS could not say it: sexes, and results given twice."""
    desk = Desk.made(tmp_path_factory.mktemp("iblis") / "desk", patients=20)
    with contextlib.closing(sqlite3.connect(desk.path("legacy.sqlite"))) as legacy, legacy:
        told = ", ".join(f"'{title}'" for title in SEXES)
        legacy.execute(f"UPDATE PATIENTS SET TITRE = 'F' WHERE COALESCE(TITRE, '') NOT IN ({told})")
        legacy.execute(
            "DELETE FROM RESULTATS WHERE ID_RESULTAT NOT IN "
            "(SELECT MIN(ID_RESULTAT) FROM RESULTATS GROUP BY ID_DOSSIER, CODE_ANA)"
        )
    return desk


def aimed(signed: Desk, root: Path, iblis: Database) -> Desk:
    """A copy whose destination is that iBLIS; its measures are the legacy system's codes."""
    desk = replace(signed.copy(root), target=(iblis.url, "target.yaml"))
    with contextlib.closing(sqlite3.connect(desk.path("legacy.sqlite"))) as legacy:
        codes = [code for (code,) in legacy.execute("SELECT CODE_ANA FROM ANALYSES ORDER BY CODE_ANA")]
    ids = {code: 8000 + i for i, code in enumerate(codes)}
    for code, number in ids.items():
        iblis.execute(
            "INSERT INTO measures (id, measure_type_id, name, unit, created_at, updated_at) "
            "VALUES (%s, 4, %s, '', NOW(), NOW())", number, code
        )  # fmt: skip
    profile = yaml.safe_load((ROOT / "src/ecluse/profiles/iblis-mysql.yaml").read_text(encoding="utf-8"))
    profile["entities"]["observation"]["values"]["code"] = {code: str(number) for code, number in ids.items()}
    desk.path("target.yaml").write_text(yaml.safe_dump(profile, allow_unicode=True, sort_keys=False))
    return desk


def rows(iblis: Database, sql: str) -> list[dict[str, Any]]:
    with closing(iblis.connect()) as connection, connection.cursor() as cursor:
        cursor.execute(sql)
        names = [column[0] for column in cursor.description]
        return [dict(zip(names, row, strict=True)) for row in cursor.fetchall()]


def everything(iblis: Database) -> dict[str, list[dict[str, Any]]]:
    beside = ("legacy_patients", "legacy_tests", "legacy_results")
    return {table: rows(iblis, f"SELECT * FROM {table} ORDER BY id") for table in (*CLINICAL, *beside)}


def check_loaded(desk: Desk, iblis: Database) -> None:
    """By iBLIS's own joins, against the generator's account and the legacy file: nothing here is Écluse's."""
    expected = desk.built.expected
    with contextlib.closing(sqlite3.connect(desk.path("legacy.sqlite"))) as legacy:
        titles = {str(key): title for key, title in legacy.execute("SELECT NUMPAT, TITRE FROM PATIENTS")}
        left = {str(key) for (key,) in legacy.execute("SELECT ID_RESULTAT FROM RESULTATS")}
    assert {str(row["id"]): row for row in rows(iblis, (
        "SELECT p.id, p.patient_number, p.name, CAST(p.dob AS CHAR) dob, p.gender, p.created_by, l.given_names, l.nir,"
        " l.birth_date_as_written, l.sex_as_written FROM patients p JOIN legacy_patients l ON l.id = p.id"
    ))} == {
        key: {
            "id": int(key), "patient_number": key, "name": row["family_name"], "dob": birth_date(row["birth_date"]),
            "gender": SEXES[titles[key]], "created_by": 1, "given_names": row["given_names"], "nir": row["nir"],
            "birth_date_as_written": row["birth_date"], "sex_as_written": titles[key],
        }
        for key, row in expected["patient"].items()
    }  # fmt: skip
    chain = rows(iblis, (
        "SELECT t.id, v.id visit, s.id specimen, v.patient_id, t.requested_by, t.time_created, v.created_at, "
        "v.visit_type, tt.name kind, st.name specimen_kind, ts.name state, l.site, l.registered_on_as_written day "
        "FROM tests t JOIN visits v ON v.id = t.visit_id JOIN specimens s ON s.id = t.specimen_id "
        "JOIN test_types tt ON tt.id = t.test_type_id JOIN specimen_types st ON st.id = s.specimen_type_id "
        "JOIN test_statuses ts ON ts.id = t.test_status_id JOIN legacy_tests l ON l.id = t.id"
    ))  # fmt: skip
    assert {str(row["id"]) for row in chain} == set(expected["request"])
    assert [iblis.execute(f"SELECT COUNT(*) FROM {table}") for table in ("visits", "specimens", "tests")] == [
        [(len(chain),)]
    ] * 3
    for row in chain:
        known = expected["request"][str(row["id"])]
        assert row["id"] == row["visit"] == row["specimen"]
        assert (str(row["patient_id"]), row["requested_by"], row["site"], row["day"]) == tuple(
            known[name] for name in ("patient", "prescriber", "site", "registered_on")
        )
        assert row["time_created"].strftime("%Y%m%d %H%M%S") == f"{known['registered_on']} 000000"
        assert row["created_at"] == row["time_created"]
        assert (row["kind"], row["specimen_kind"], row["state"]) == ("Migrated", "Migrated", "completed")
    found = rows(iblis, (
        "SELECT r.id, r.test_id, m.name code, r.result, l.unit, l.reference_range, l.status FROM test_results r "
        "JOIN measures m ON m.id = r.measure_id JOIN legacy_results l ON l.id = r.id"
    ))  # fmt: skip
    assert {str(row.pop("id")): row for row in found} == {
        key: {
            "test_id": int(row["request"]), "code": row["code"], "result": row["raw_value"], "unit": row["unit"],
            "reference_range": row["reference_range"], "status": row["status"],
        }
        for key, row in expected["observation"].items()
        if key in left
    }  # fmt: skip


def test_the_demo_goes_into_iblis_and_a_second_run_creates_nothing(
    signed: Desk, tmp_path: Path, iblis: Database
) -> None:
    desk = aimed(signed, tmp_path / "desk", iblis)
    desk.plan()
    ended = desk.ecluse("run", *W, "--json").json()
    assert ended["clean"], ended["reconciliation"]["differences"]
    check_loaded(desk, iblis)
    assert not holding(OUT, desk.root, but={"legacy.sqlite"})
    before = everything(iblis)
    again = aimed_again(desk, signed, tmp_path / "again")
    again.plan()
    assert again.ecluse("run", *W, "--json").json()["clean"]
    assert everything(iblis) == before
    desk.finish()


def aimed_again(desk: Desk, signed: Desk, root: Path) -> Desk:
    """The same rows by another order, from a workspace that knows nothing of the first."""
    copy = replace(signed.copy(root), target=desk.target)
    copy.path("target.yaml").write_bytes(desk.path("target.yaml").read_bytes())
    copy.sign_order(lambda order: order | {"order": "BIO-2026-0043"})
    return copy


def test_killed_again_and_again_it_ends_as_if_nothing_had_happened(
    signed: Desk, tmp_path: Path, iblis: Database
) -> None:
    desk = aimed(signed, tmp_path / "desk", iblis)
    desk.plan()
    points: list[Callable[[], bool]] = [
        lambda: bool(iblis.execute("SHOW TABLES LIKE 'ecluse_ledger'")),
        lambda: bool(iblis.execute("SELECT 1 FROM ecluse_ledger WHERE entity = 'request'")),
        lambda: bool(iblis.execute("SELECT 1 FROM ecluse_publication WHERE state <> 'staging'")),
    ]
    for reached in points:
        process = subprocess.Popen(
            desk.command("run", *W), cwd=desk.root, env=desk.environment(),
            stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
        )  # fmt: skip
        deadline = time.monotonic() + 60
        while not reached() and process.poll() is None and time.monotonic() < deadline:
            time.sleep(0.002)
        process.kill()
        process.wait()
        assert reached()
        counts = {iblis.execute(f"SELECT COUNT(*) FROM {table}")[0][0] > 0 for table in CLINICAL}
        assert len(counts) == 1, "a part of a publication is seen"
    ended = desk.ecluse("run", *W, "--json").json()
    assert ended["clean"], ended["reconciliation"]["differences"]
    check_loaded(desk, iblis)


@pytest.mark.parametrize(
    ("sql", "entity"),
    [
        ("UPDATE patients SET created_by = 2 ORDER BY id LIMIT 1", "patient"),
        ("UPDATE patients SET patient_number = '' ORDER BY id LIMIT 1", "patient"),
        ("UPDATE patients SET gender = 2 ORDER BY id LIMIT 1", "patient"),
        ("UPDATE legacy_patients SET sex_as_written = 'DR' ORDER BY id LIMIT 1", "patient"),
        ("UPDATE specimens SET specimen_status_id = 3 ORDER BY id LIMIT 1", "request"),
        ("UPDATE tests SET test_status_id = 5 ORDER BY id LIMIT 1", "request"),
        ("UPDATE tests SET visit_id = (SELECT MAX(id) FROM visits) ORDER BY id LIMIT 1", "request"),
        ("UPDATE visits SET created_at = '2001-01-01' ORDER BY id LIMIT 1", "request"),
        ("DELETE FROM legacy_tests ORDER BY id LIMIT 1", "request"),
        ("UPDATE test_results SET measure_id = 1 ORDER BY id LIMIT 1", "observation"),
        ("DELETE FROM legacy_results ORDER BY id LIMIT 1", "observation"),
    ],
)
def test_one_row_changed_in_any_table_is_one_difference(
    loaded: tuple[Desk, Database], tmp_path: Path, sql: str, entity: str
) -> None:
    """Constants, copies, codes and parts are read back: whatever is changed behind the load is a difference."""
    loaded_desk, iblis = loaded
    desk = loaded_desk.copy(tmp_path / "desk")
    before = everything(iblis)
    iblis.execute(sql)
    try:
        assert everything(iblis) != before
        ended = desk.ecluse("reconcile", *W, "--json").json()
    finally:
        restore(iblis, before)
    assert not ended["clean"]
    assert [each["entity"] for each in ended["reconciliation"]["differences"]] == [entity]


def restore(iblis: Database, before: dict[str, list[dict[str, Any]]]) -> None:
    with closing(iblis.connect()) as connection, connection.cursor() as cursor:
        cursor.execute("SET foreign_key_checks = 0")
        for table, kept in before.items():
            cursor.execute(f"DELETE FROM {table}")
            names = ", ".join(kept[0])
            marks = ", ".join("%s" for _ in kept[0])
            cursor.executemany(f"INSERT INTO {table} ({names}) VALUES ({marks})", [tuple(row.values()) for row in kept])
    assert everything(iblis) == before


@pytest.fixture(scope="module")
def loaded(signed: Desk, mariadb: MariadbServer, tmp_path_factory: pytest.TempPathFactory) -> tuple[Desk, Database]:
    """Loaded and published, not reconciled."""
    iblis = installed(mariadb)
    desk = aimed(signed, tmp_path_factory.mktemp("loaded") / "desk", iblis)
    desk.plan()
    for step in ("extract", "deliver", "receive", "load"):
        desk.ecluse(step, *W)
    return desk, iblis


@pytest.mark.parametrize(
    ("sql", "words"),
    [
        ("UPDATE PATIENTS SET TITRE = 'DR'", "gender"),
        ("UPDATE PATIENTS SET DATE_NAISS = '31/02/1948'", "dob"),
        ("UPDATE DOSSIERS SET CODE_MED = NULL", "requested_by"),
    ],
)
def test_what_iblis_cannot_say_is_refused_and_nothing_is_there(
    signed: Desk, tmp_path: Path, iblis: Database, sql: str, words: str
) -> None:
    desk = aimed(signed, tmp_path / "desk", iblis)
    with contextlib.closing(sqlite3.connect(desk.path("legacy.sqlite"))) as legacy, legacy:
        legacy.execute(sql)
    desk.plan()
    ended = desk.ecluse("run", *W, code=None)
    assert ended.code != 0
    assert f"column {words} " in ended.err
    assert "cannot hold" in ended.err
    assert not any(everything(iblis).values())


def test_iblis_rows_come_back_the_same_through_both_profiles(mariadb: MariadbServer, iblis: Database) -> None:
    """iBLIS's own demo rows → catalogue → an empty iBLIS → catalogue, by the shipped profiles as they are."""
    dump = Path(os.environ["ECLUSE_REAL_DATA"]) / "iblis" / "iblis.sql"
    old = mariadb.database(dump.read_text(encoding="utf-8"))
    fields = {
        "patient": ("family_name", "birth_date", "sex", "email", "address", "phone", "created_on", "updated_on"),
        "request": ("registered_on", "prescriber", "ward", "comment"),
        "observation": ("code", "raw_value", "observed_on"),
    }
    first = extracted(old, fields)
    profile = destination_profile("iblis-mysql")
    with closing(open_destination(DestinationSpec(Engine.MYSQL, iblis.url, profile))) as destination:
        destination.prepare(ORDER, {name: first.rows[name].schema for name in ENTITIES})
        for name in ENTITIES:
            destination.stage(ORDER, batch(name, name, first.rows[name]))
        destination.publish(ORDER)
        for name in ENTITIES:
            sealed = first.rows[name]
            back = without_control(read(destination, name, schema=sealed.schema))
            assert back.equals(sealed.sort_by("source_id").combine_chunks()), name
    second = extracted(iblis, fields)
    for name in ENTITIES:
        assert first.by_key(name)
        assert second.by_key(name) == first.by_key(name)


def extracted(database: Database, fields: dict[str, tuple[str, ...]]) -> Extracted:
    profile = source_profile("iblis")
    ordered = {name: ("source_id", *names) for name, names in fields.items()}
    order = order_for(profile, ordered, ("2014-07-01", "2016-06-30"), ["LAB"], unclassifiable=True)
    return extract(SourceSpec(Engine.MYSQL, f"{database.url}?tls=off"), profile, order)


def test_an_order_of_specimens_is_refused(iblis: Database) -> None:
    profile = destination_profile("iblis-mysql")
    schema = pa.schema([("source_id", pa.string()), ("registered_on", pa.timestamp("us"))])
    with closing(open_destination(DestinationSpec(Engine.MYSQL, iblis.url, profile))) as destination:
        with pytest.raises(DestinationError, match="no table for it"):
            destination.prepare(ORDER, {"specimen": schema})
        with pytest.raises(DestinationError, match=r"patient_id must not be null, and the order does not carry it"):
            destination.prepare(ORDER, {"request": schema})
