"""Constants, copies, codes and parts, on every engine: exact, read back, published once whatever is killed."""
# ruff: noqa: DTZ001  the wire has local wall-clock times: no zone is invented

import datetime as dt
import shutil
import signal
import subprocess
from contextlib import closing
from typing import Any

import pyarrow as pa
import pytest
from victim import ROWS, steps, victim

from destination_benches import COLUMNS, ORDER, SCHEMAS, SECOND, Bench, batch, patients, read, without_control
from ecluse.adapters.destinations import DestinationSpec, open_destination
from ecluse.adapters.destinations.proving import check_destination_profile
from ecluse.domain.errors import DestinationError
from ecluse.domain.profile import Constant, DestinationProfile, Engine, LoadMode, TargetEntity, TargetPart
from servers import MariadbServer

_MOST = 80
CONSTANTS: dict[str, Constant] = {"cree_par": 1, "origine": "Écluse", "actif": True, "fusionne": None}
PATIENT = {name: COLUMNS["patient"][name] for name in ("source_id", "family_name", "created_on")}
TARGET = TargetEntity(
    "personne",
    {"source_id": "ipp", "family_name": "nom"},
    values={"sex": {"F": "2", "M": "1"}},
    constants=CONSTANTS,
    copies={"dossier": "source_id", "libelle": "family_name"},
    parts=(
        TargetPart(
            "identite",
            "ipp",
            {"sex": "sexe", "deceased": "decede", "last_visit_on": "vu_le"},
            {"statut": "VALIDE", "depuis": "2026-11-22", "poids": "0.50"},
            first=True,
        ),
        TargetPart("journal", "ipp", {"created_on": "cree_le"}, copies={"qui": "family_name"}),
    ),
)
TABLES = (
    "CREATE TABLE identite (ipp {key} NOT NULL PRIMARY KEY, sexe integer, decede boolean, vu_le date,"
    " statut varchar(10) NOT NULL, depuis date NOT NULL, poids decimal(6,2))",
    "CREATE TABLE personne (ipp {key} NOT NULL PRIMARY KEY, dossier {key} NOT NULL, nom varchar(40),"
    " libelle varchar(40), cree_par integer NOT NULL, origine varchar(20), actif boolean, fusionne varchar(9),"
    " FOREIGN KEY (dossier) REFERENCES identite (ipp))",
    "CREATE TABLE journal (ipp {key} NOT NULL PRIMARY KEY, cree_le {moment}, qui varchar(40),"
    " FOREIGN KEY (ipp) REFERENCES personne (ipp))",
)
KEYS = {"postgresql": "varchar(40)", "sqlite": "TEXT"}
MOMENTS = {"mysql": "datetime(6)", "sqlite": "TIMESTAMP", "postgresql": "timestamp"}


@pytest.fixture
def split(bench: Bench) -> Bench:
    key = KEYS.get(bench.engine, "varchar(40) character set utf8mb4 collate utf8mb4_bin")
    for sql in TABLES:
        bench.execute(sql.format(key=key, moment=MOMENTS[bench.engine]))
    return bench


def test_one_row_in_three_tables_is_read_back_as_one(split: Bench) -> None:
    rows = patients(30)
    with split.open(patient=TARGET) as destination:
        destination.prepare(ORDER, {"patient": rows.schema})
        destination.stage(ORDER, batch("a", "patient", rows.slice(0, 20)))
        destination.stage(ORDER, batch("b", "patient", rows.slice(20)))
        destination.publish(ORDER)
        assert without_control(read(destination, "patient")).equals(rows.combine_chunks())
        found = split.execute(
            "SELECT p.ipp, p.dossier, p.nom, p.libelle, p.cree_par, p.origine, p.fusionne, i.statut, i.sexe, j.qui "
            "FROM personne p JOIN identite i ON i.ipp = p.dossier JOIN journal j ON j.ipp = p.ipp ORDER BY p.ipp"
        )
        assert found == [
            (r["source_id"], r["source_id"], r["family_name"], r["family_name"], 1, "Écluse", None, "VALIDE",
             2 if r["sex"] else None, r["family_name"])
            for r in rows.to_pylist()
        ]  # fmt: skip
        assert [str(row[0]).rstrip("0") for row in split.execute("SELECT DISTINCT poids FROM identite")] == ["0.5"]
        destination.prepare(SECOND, {"patient": rows.schema})
        destination.stage(SECOND, batch("c", "patient", rows))
        destination.publish(SECOND)
        assert [split.count(table) for table in ("identite", "personne", "journal")] == [30, 30, 30]
        assert len(destination.finish(ORDER)) == 3


@pytest.mark.parametrize(
    ("sql", "left"),
    [
        ("UPDATE personne SET cree_par = 2 WHERE ipp = 'P000001'", 29),
        ("UPDATE personne SET origine = 'écluse' WHERE ipp = 'P000001'", 29),
        ("UPDATE personne SET fusionne = '' WHERE ipp = 'P000001'", 29),
        ("UPDATE personne SET dossier = 'P000002' WHERE ipp = 'P000001'", 29),
        ("UPDATE identite SET depuis = '2026-11-23' WHERE ipp = 'P000001'", 29),
        ("UPDATE identite SET poids = NULL WHERE ipp = 'P000001'", 29),
        ("DELETE FROM journal WHERE ipp = 'P000001'", 29),
        ("UPDATE identite SET sexe = 7 WHERE ipp = 'P000001'", 30),
        ("UPDATE identite SET sexe = 7 WHERE ipp = 'P000002'", 30),
    ],
)
def test_what_is_changed_behind_the_load_is_not_read_back_as_loaded(split: Bench, sql: str, left: int) -> None:
    rows = patients(30)
    with split.open(patient=TARGET) as destination:
        destination.prepare(ORDER, {"patient": rows.schema})
        destination.stage(ORDER, batch("a", "patient", rows))
        destination.publish(ORDER)
        split.execute(sql)
        back = without_control(read(destination, "patient"))
    assert back.num_rows == left
    assert not back.equals(rows.combine_chunks())


@pytest.mark.parametrize(
    "sql",
    [
        "INSERT INTO identite (ipp, statut, depuis) VALUES ('P000001', 'AUTRE', '2026-11-22')",
        "INSERT INTO identite (ipp, statut, depuis, sexe) VALUES ('P000001', 'VALIDE', '2026-11-22', 1)",
    ],
)
def test_a_part_that_stands_there_otherwise_is_never_overwritten(split: Bench, sql: str) -> None:
    split.execute(sql)
    rows = patients(30)
    with split.open(patient=TARGET) as destination:
        destination.prepare(ORDER, {"patient": rows.schema})
        destination.stage(ORDER, batch("a", "patient", rows))
        with pytest.raises(DestinationError, match="1 keys already stand in table identite with other values"):
            destination.publish(ORDER)
    assert [split.count(table) for table in ("identite", "personne", "journal")] == [1, 0, 0]


def test_killed_before_every_effect_a_split_row_is_whole_or_absent(processes: Any, split: Bench) -> None:
    for step, fewest in (("prepare", 5), ("stage", 10), ("publish", 4), ("finish", 2)):
        for effects in range(_MOST):
            whose = (Engine(split.engine), split.url, split.profile(patient=TARGET))
            process = processes.Process(target=victim, args=(*whose, step, effects))
            process.start()
            process.join(60)
            assert process.exitcode in (0, -signal.SIGKILL)
            counts = [split.count(table) for table in ("identite", "personne", "journal")]
            assert counts in ([0, 0, 0], [30, 30, 30])
            if process.exitcode == 0:
                break
        assert effects >= fewest
        with split.open(patient=TARGET) as destination:
            if step == "publish":
                assert without_control(read(destination, "patient")).equals(ROWS["patient"].combine_chunks())
            steps(destination, step)


def with_constant(name: str, value: Constant) -> TargetEntity:
    columns = {"source_id": "ipp", "family_name": "nom"}
    known: dict[str, Constant] = {"cree_par": 1}
    return TargetEntity("personne", columns, constants=known | {name: value}, copies={"dossier": "source_id"})


@pytest.mark.parametrize(
    ("name", "value", "words"),
    [
        ("cree_par", None, "cree_par must not be null"),
        ("cree_par", "1", "and the constant is not"),
        ("cree_par", 2**40, "cannot hold the constant exactly"),
        ("origine", "x" * 21, "cannot hold the constant exactly"),
        ("nulle_part", 1, "table personne has no column nulle_part"),
    ],
)
def test_a_constant_that_its_column_cannot_hold_is_refused_by_its_place(
    split: Bench, name: str, value: Constant, words: str
) -> None:
    if split.engine == "sqlite" and isinstance(value, str | int) and "exactly" in words:
        return  # its columns have no limits
    schema = pa.schema([("source_id", pa.string()), ("family_name", pa.string())])
    target = with_constant(name, value)
    with split.open(patient=target) as destination, pytest.raises(DestinationError, match=words) as caught:
        destination.prepare(ORDER, {"patient": schema})
    assert caught.value.location is not None
    assert caught.value.location.field == f"entities.patient.constants.{name}"
    profile = split.profile(patient=target)
    found = check_destination_profile(DestinationSpec(Engine(split.engine), split.url, profile)).problems
    assert [problem.path for problem in found] == [f"entities.patient.constants.{name}"]
    assert words in found[0].message


@pytest.mark.parametrize(
    ("kind", "value"),
    [("date", "2026-02-30"), ("date", "20260228"), ("datetime", "2026-02-28T10:00:00"), ("decimal(4,1)", "1.25"),
     ("decimal(4,1)", "NaN"), ("tinyint", 128), ("tinyint unsigned", -1), ("enum('a')", "a"), ("blob", "a")],
)  # fmt: skip
def test_constants_are_exact_or_refused(mariadb: MariadbServer, kind: str, value: Constant) -> None:
    database = mariadb.database(f"CREATE TABLE patient (ipp varchar(9) PRIMARY KEY, c {kind})")
    target = TargetEntity("patient", {"source_id": "ipp"}, constants={"c": value})
    format_ = "ecluse.destination-profile/1"
    profile = DestinationProfile(format_, "new", "new", Engine.MYSQL, production=False, entities={"patient": target})
    schema = pa.schema([("source_id", pa.string())])
    with (
        closing(open_destination(DestinationSpec(Engine.MYSQL, database.url, profile))) as destination,
        pytest.raises(DestinationError, match="column c "),
    ):
        destination.prepare(ORDER, {"patient": schema})


@pytest.mark.parametrize("key", ["007", "+7", " 7", "7a", "", "٧", "18446744073709551616", "7.0"])
def test_a_key_that_a_number_would_change_is_refused(mariadb: MariadbServer, key: str) -> None:
    database = mariadb.database("CREATE TABLE patient (ipp bigint unsigned PRIMARY KEY, nom varchar(9))")
    target = TargetEntity("patient", {"source_id": "ipp", "family_name": "nom"})
    schema = pa.schema([("source_id", pa.string()), ("family_name", pa.string())])
    format_ = "ecluse.destination-profile/1"
    profile = DestinationProfile(format_, "new", "new", Engine.MYSQL, production=False, entities={"patient": target})
    with closing(open_destination(DestinationSpec(Engine.MYSQL, database.url, profile))) as destination:
        destination.prepare(ORDER, {"patient": schema})
        rows = pa.table([["1", key], ["a", "SECRET"]], schema=schema)
        with pytest.raises(DestinationError, match="column ipp .* cannot hold 1 rows") as caught:
            destination.stage(ORDER, batch("a", "patient", rows))
        assert "SECRET" not in str(caught.value)
        good = pa.table([["0", "-1", "9223372036854775807"][::2], ["a", "b"]], schema=schema)
        destination.stage(ORDER, batch("a", "patient", good))
        destination.publish(ORDER)
        assert without_control(read(destination, "patient", schema=schema)).equals(good.combine_chunks())


@pytest.fixture
def zones(mariadb: MariadbServer) -> None:
    """The server knows Paris, as one whose administrator has loaded the zones; it is thrown away with it."""
    program = shutil.which("mariadb-tzinfo-to-sql") or shutil.which("mysql_tzinfo_to_sql")
    assert program, "apt-get install mariadb-server"
    told = subprocess.run(
        [program, "/usr/share/zoneinfo/Europe/Paris", "Europe/Paris"], capture_output=True, text=True, check=True
    )
    if not mariadb.execute("SELECT CONVERT_TZ('2020-01-01', 'Europe/Paris', '+00:00')")[0][0]:
        mariadb.execute(told.stdout)
    assert mariadb.execute("SELECT CAST(CONVERT_TZ('2020-07-01 12:00', 'Europe/Paris', '+00:00') AS CHAR)") == [
        ("2020-07-01 10:00:00",)
    ]


def zoned(mariadb: MariadbServer, zone: str) -> DestinationSpec:
    database = mariadb.database(
        "CREATE TABLE patient (ipp varchar(9) PRIMARY KEY, cree timestamp NOT NULL DEFAULT CURRENT_TIMESTAMP,"
        " vu timestamp NOT NULL DEFAULT '0000-00-00 00:00:00')"
    )
    target = TargetEntity("patient", {"source_id": "ipp", "created_on": "cree"})
    profile = DestinationProfile(
        "ecluse.destination-profile/1", "new", "new", Engine.MYSQL, False, {"patient": target}, zone=zone
    )
    return DestinationSpec(Engine.MYSQL, database.url, profile)


def test_a_zone_that_the_server_does_not_know_is_refused(mariadb: MariadbServer) -> None:
    with pytest.raises(DestinationError, match="does not know the profile's zone"):
        open_destination(zoned(mariadb, "Europe/Nowhere"))


MOMENTS_THERE = [dt.datetime(2018, 3, 25, 1, 30), dt.datetime(2018, 10, 28, 2, 30), dt.datetime(1970, 1, 1, 1, 30)]
SPRING = dt.datetime(2018, 3, 25, 2, 30)
"""In Paris the clocks went from 2 to 3 o'clock that night: no instant has this wall clock."""


@pytest.mark.usefixtures("zones")
@pytest.mark.parametrize(("zone", "spring"), [("+00:00", True), ("Europe/Paris", False)])
def test_a_timestamp_holds_the_wall_clock_of_the_zone_that_is_told(
    mariadb: MariadbServer, zone: str, spring: bool
) -> None:
    schema = pa.schema([("source_id", pa.string()), ("created_on", pa.timestamp("us"))])
    spec = zoned(mariadb, zone)
    wrong = [None, dt.datetime(1969, 12, 31), dt.datetime(2040, 1, 1), dt.datetime(2018, 1, 1, 0, 0, 0, 5)]
    wrong += [] if spring else [SPRING]
    moments = [*MOMENTS_THERE, *([SPRING] if spring else [])]
    with closing(open_destination(spec)) as destination:
        destination.prepare(ORDER, {"patient": schema})
        for each in wrong:
            bad = pa.table([["1"], [each]], schema=schema)
            with pytest.raises(DestinationError, match="column cree"):
                destination.stage(ORDER, batch("a", "patient", bad))
        rows = pa.table([[str(number) for number in range(len(moments))], moments], schema=schema)
        destination.stage(ORDER, batch("a", "patient", rows))
        destination.publish(ORDER)
        assert without_control(read(destination, "patient", schema=schema)).equals(rows.combine_chunks())


def test_codes_and_parts_need_their_own_shape(split: Bench) -> None:
    """Laws 1 and 3: a field that no table holds is refused, a value without code too."""
    with split.open(patient=TARGET) as destination:
        with pytest.raises(DestinationError, match="no column of personne"):
            destination.prepare(ORDER, {"patient": SCHEMAS["patient"].append(pa.field("nir", pa.string()))})
        destination.prepare(ORDER, {"patient": SCHEMAS["patient"]})
        with pytest.raises(DestinationError, match="column sexe .* 30 rows: the profile has no code"):
            destination.stage(ORDER, batch("a", "patient", patients(30, sex="X")))
        assert destination.loaded(ORDER) == {}
    assert LoadMode.MERGE is TARGET.mode
