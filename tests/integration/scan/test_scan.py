"""`source scan`: it finds the right tables, shows no value, and its draft is a profile that stands."""

import datetime as dt
import os
import re
import sqlite3
import warnings
from contextlib import closing
from pathlib import Path

import openpyxl
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import yaml
from demo.legacy_lis import Built, Scope, build

from ecluse.adapters.scan import scan
from ecluse.adapters.sources.opening import open_source
from ecluse.adapters.sources.spec import SourceSpec
from ecluse.domain.errors import UsageError
from ecluse.domain.profile import DateStorage, Engine, SourceProfile
from ecluse.migration.drafting import draft_profile
from ecluse.migration.profile_check import check_profile
from ecluse.migration.profile_findings import Level
from ecluse.migration.scan_words import Role, role_by_name, singular
from ecluse.migration.scanning import K, ScanReport, scan_column
from ecluse.wire.documents import parse
from servers import MariadbServer, PostgresqlServer

with warnings.catch_warnings():
    warnings.simplefilter("ignore")
    import dbf


@pytest.fixture(scope="module")
def legacy(tmp_path_factory: pytest.TempPathFactory) -> Built:
    scope = Scope(mark_in_scope=True, mark_raw_value=True)
    return build(tmp_path_factory.mktemp("lis") / "lis.sqlite", patients=300, seed=5, scope=scope)


@pytest.fixture(scope="module")
def spec(legacy: Built) -> SourceSpec:
    return SourceSpec(Engine.SQLITE, f"sqlite://{legacy.path}")


@pytest.fixture(scope="module")
def report(spec: SourceSpec) -> ScanReport:
    return scan(spec)


def guessed(report: ScanReport) -> dict[str, str]:
    return {guess.entity: guess.table for guess in report.guesses}


def role(report: ScanReport, table: str, column: str) -> Role | None:
    return next(c.role for c in report.table(table).columns if c.name == column)


def drafted(report: ScanReport) -> SourceProfile:
    return parse(draft_profile(report).encode()).to(SourceProfile)


def test_the_demos_tables_are_found(report: ScanReport) -> None:
    assert guessed(report) == {
        "patient": "PATIENTS", "practitioner": "MEDECINS", "site": "SITES", "request": "DOSSIERS", "specimen": "TUBES",
        "observation": "RESULTATS", "report": "COMPTES_RENDUS", "comment": "COMMENTAIRES",
    }  # fmt: skip
    links = {(r.table, r.column, r.to_table) for r in report.references}
    assert {("RESULTATS", "ID_DOSSIER", "DOSSIERS"), ("DOSSIERS", "NUMPAT", "PATIENTS")} <= links
    assert not any(r.declared for r in report.references)


def test_columns_are_recognised_by_what_they_hold(report: ScanReport) -> None:
    nir = next(c for c in report.table("PATIENTS").columns if c.name == "NUM_SS")
    assert nir.role is Role.NIR
    assert nir.because == "control keys"
    assert nir.nir_keys is not None
    assert 0.8 < nir.nir_keys < 1
    birth = next(c for c in report.table("PATIENTS").columns if c.name == "DATE_NAISS")
    assert birth.formats[:2] == ("%d/%m/%Y", "%d/%m/%y")
    assert role(report, "PORTAIL", "MOT_PASSE") is Role.SECRET
    assert role(report, "COMPTES_RENDUS", "CORPS") is Role.DOCUMENT
    assert role(report, "DOSSIERS", "DATE_ENR") is Role.REGISTERED_ON
    assert sum(c.misread for c in report.table("PATIENTS").columns) > 0


def test_no_value_is_told(legacy: Built, report: ScanReport) -> None:
    told = repr(report) + draft_profile(report)
    assert "ORDRE" not in told
    with closing(sqlite3.connect(legacy.path)) as base:
        rows = base.execute("SELECT NOM, PRENOM, DATE_NAISS, NUM_SS, VILLE, TEL FROM PATIENTS").fetchall()
        rows += base.execute("SELECT MOT_PASSE, IDENTIFIANT FROM PORTAIL").fetchall()
        rows += base.execute("SELECT VALEUR FROM RESULTATS WHERE length(VALEUR) > 4").fetchall()
        rows += base.execute("SELECT CODE_ANA FROM RESULTATS WHERE length(CODE_ANA) > 3").fetchall()
    words = set(re.split(r"[^\w/,.]+", told)) | set(re.split(r"\W+", told))
    values = {v for row in rows for v in row if v and len(v) > 3}
    assert not values & (words - {"9999"})
    [secret] = [c for c in report.table("UTILISATEURS").columns if c.role is Role.SECRET]
    assert (secret.shapes, secret.longest) == ((), None)


def test_the_demos_draft_stands_as_it_is(spec: SourceSpec, report: ScanReport) -> None:
    profile = drafted(report)
    scope = profile.entities["request"].scope
    assert scope is not None
    assert scope.dates["registered_on"] is DateStorage.TEXT_COMPACT
    assert "PASSE" not in "".join(entity.select for entity in profile.entities.values())
    with closing(open_source(spec)) as source:
        found = check_profile(profile, source)
    assert [f for f in found.findings if f.level is Level.ERROR] == []


def test_codes_are_listed_only_where_asked(spec: SourceSpec, report: ScanReport) -> None:
    shown = scan(spec, show_codes=["RESULTATS.CODE_ANA"])
    codes = dict(next(c for c in shown.table("RESULTATS").columns if c.name == "CODE_ANA").codes)
    assert {"NA", "CREA"} <= set(codes)
    assert min(codes.values()) >= K
    assert "vih" not in codes
    assert set(drafted(shown).analyses) == set(codes)
    assert not any(c.codes for table in report.tables for c in table.columns)
    with pytest.raises(UsageError, match="no column"):
        scan(spec, show_codes=["RESULTATS.NOPE"])


def test_a_rare_shape_is_not_told() -> None:
    rare = ["Z-77", *["AB12"] * K, *["X.1"] * (K - 1)]
    column = scan_column("REF", "text", pa.chunked_array([rare]))
    assert [shape.mask for shape in column.shapes] == ["AA99"]
    assert column.other_shapes == pytest.approx(1 - K / len(rare), abs=0.001)


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("DateNaissance", Role.BIRTH_DATE),
        ("date_of_birth", Role.BIRTH_DATE),
        ("Prénom", Role.GIVEN_NAMES),
        ("NOM_JEUNE_FILLE", Role.BIRTH_NAME),
        ("motDePasse", Role.SECRET),
        ("user_password", Role.SECRET),
        ("tel_portable", Role.PHONE),
        ("code_postal", Role.POSTCODE),
        ("unite", Role.UNIT),
        ("resultat", Role.VALUE),
        ("libelle", None),
    ],
)
def test_words(name: str, expected: Role | None) -> None:
    assert role_by_name(name) is expected


def test_singular() -> None:
    assert [singular(n) for n in ("tests", "test_results", "DOSSIERS", "test_statuses")][:3] == [
        "test", "test_result", "dossier",
    ]  # fmt: skip


SCHEMA = """
CREATE SCHEMA lab;
CREATE TABLE lab.personne (id int PRIMARY KEY, nom text, prenom text, date_naissance date, sexe char(1), photo bytea);
CREATE TABLE lab.demande (id int PRIMARY KEY, personne_id int REFERENCES lab.personne, date_demande timestamp,
                          "Site" text);
CREATE TABLE lab.resultat (id bigint PRIMARY KEY, demande int REFERENCES lab.demande (id), code_analyse text,
                           valeur text, unite text);
INSERT INTO lab.personne SELECT i, 'N' || i, 'P' || i, date '1950-01-01' + i, 'F', 'x' FROM generate_series(1, 20) i;
INSERT INTO lab.demande SELECT i, i, timestamp '2020-01-01 10:00' + i * interval '1 day', 'A' FROM generate_series(1, 20) i;
INSERT INTO lab.resultat SELECT i, i, 'NA', '14' || i || ',5', 'mmol/L' FROM generate_series(1, 20) i;
"""


def test_postgresql_declares_its_keys(postgresql: PostgresqlServer) -> None:
    spec = SourceSpec(Engine.POSTGRESQL, f"{postgresql.database(SCHEMA).url}?sslmode=disable")
    report = scan(spec)
    assert guessed(report)["patient"] == "lab.personne"
    assert guessed(report)["request"] == "lab.demande"
    assert guessed(report)["observation"] == "lab.resultat"
    assert {(r.table, r.column) for r in report.references if r.declared} == {
        ("lab.demande", "personne_id"), ("lab.resultat", "demande"),
    }  # fmt: skip
    profile = drafted(report)
    scope = profile.entities["request"].scope
    assert scope is not None
    assert scope.dates == {"registered_on": DateStorage.TIMESTAMP}
    assert profile.number.decimal == ","
    with closing(open_source(spec)) as source:
        assert check_profile(profile, source).worst is not Level.ERROR


def test_a_folder_of_csv(tmp_path: Path) -> None:
    (tmp_path / "Malades.csv").write_bytes(
        "numero;nom;naissance\r\n1;HÉLÈNE;01/02/1950\r\n2;ÉRIC;03/04/1960\r\n".encode("cp1252")
    )
    (tmp_path / "dossiers.csv").write_text("id_dossier;numero;date_dossier;site\n7;1;20200101;A\n8;2;20200102;B\n")
    (tmp_path / "resultats.csv").write_text("id;id_dossier;code_ana;valeur\n1;7;NA;140\n2;8;K;4,1\n")
    report = scan(SourceSpec(Engine.CSV, f"csv://{tmp_path}"))
    assert guessed(report) == {"patient": "malades", "request": "dossiers", "observation": "resultats"}
    profile = drafted(report)
    assert profile.files["malades"].encoding == "cp1252"
    assert profile.files["malades"].delimiter == ";"
    with closing(open_source(SourceSpec(Engine.CSV, f"csv://{tmp_path}", files=profile.files))) as source:
        assert check_profile(profile, source).worst is not Level.ERROR


def test_a_folder_of_all_kinds(tmp_path: Path) -> None:
    (tmp_path / "Malades.csv").write_text("numero;nom;naissance\n1;HELENE;01/02/1950\n2;ERIC;03/04/1960\n")
    made = dbf.Table(str(tmp_path / "dossiers.dbf"), "ID C(5); NUMERO C(5); DATE_DOS D; SITE C(3)", codepage="cp850")
    made.open(mode=dbf.READ_WRITE)
    made.append(("7", "1", dt.date(2020, 1, 1), "A"))
    made.append(("8", "2", dt.date(2020, 1, 2), "B"))
    made.close()
    (tmp_path / "resultats.ndjson").write_text('{"id": 1, "dossier": 7, "r": {"code_ana": "NA", "valeur": "140"}}\n{"id": 2}\n')
    book = openpyxl.Workbook()
    assert book.active is not None
    book.active.append(["code_med", "nom"])
    book.active.append(["M1", "Dr Petit"])
    book.save(tmp_path / "medecins.xlsx")
    pq.write_table(pa.table({"site": ["A", "B"], "libelle": ["Centre", "Sud"]}), tmp_path / "sites.parquet")
    (tmp_path / "lisez-moi.pdf").write_bytes(b"%PDF")
    (tmp_path / "vide.csv").touch()
    report = scan(SourceSpec(Engine.CSV, f"csv://{tmp_path}"))
    assert report.engine == "files"
    assert not report.unread
    assert {table.name: table.rows for table in report.tables} == {
        "malades": 2, "dossiers": 2, "resultats": 2, "medecins": 1, "sites": 2,
    }  # fmt: skip
    text = draft_profile(report)
    assert "engine: files" in text
    assert "HELENE" not in text
    files = yaml.safe_load(text)["files"]
    assert files["resultats"] == {"path": "resultats.ndjson", "format": "json",
                                  "fields": ["id", "dossier", "r.code_ana", "r.valeur"]}  # fmt: skip
    assert files["dossiers"] == {"path": "dossiers.dbf", "format": "dbase", "encoding": "cp850"}


def test_a_folder_of_messages(tmp_path: Path) -> None:
    head = "MSH|^~\\&|LAB|SITE|||20260101||ORU^R01|{n}|P|2.5\r"
    for number in range(3):
        body = f"PID|1||P{number}^^^LAB||HELENE^Zoe\rOBR|1||R{number}\rOBX|1|NM|K^Potassium||4.1|mmol/L|||||F\r"
        body += "QUIROGA is no segment|x\r" if number == 2 else ""
        (tmp_path / f"{number}.hl7").write_text(head.format(n=number) + body)
    report = scan(SourceSpec(Engine.CSV, f"csv://{tmp_path}"))
    assert {table.name: table.rows for table in report.tables} == {
        "messages_msh": 2, "messages_pid": 2, "messages_obr": 2, "messages_obx": 2
    }  # fmt: skip
    text = draft_profile(report)
    assert "HELENE" not in text
    assert "QUI" not in text
    files = yaml.safe_load(text)["files"]
    assert files["messages"]["path"] == "*.hl7"
    assert files["messages"]["format"] == "hl7v2"
    assert {"PID-3.1", "PID-3.4", "PID-5.2", "OBR-3", "OBX-3.2", "OBX-5", "MSH-4"} <= set(files["messages"]["fields"])


def test_an_empty_folder_is_refused(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="no file of a known kind"):
        scan(SourceSpec(Engine.CSV, f"csv://{tmp_path}"))


@pytest.mark.real_data
def test_iblis(mariadb: MariadbServer) -> None:
    dump = (Path(os.environ["ECLUSE_REAL_DATA"]) / "iblis" / "iblis.sql").read_text(encoding="utf-8")
    spec = SourceSpec(Engine.MYSQL, f"{mariadb.database(dump).url}?tls=off")
    report = scan(spec)
    found = guessed(report)
    assert (found["patient"], found["request"], found["observation"]) == ("patients", "tests", "test_results")
    assert found["specimen"] == "specimens"
    profile = drafted(report)
    assert "time_created AS registered_on" in profile.entities["request"].select
    assert "JOIN visits" in profile.entities["request"].select
    assert "Jam Felicia" not in repr(report)
    assert role(report, "users", "password") is Role.SECRET
    with closing(open_source(spec)) as source:
        assert [f for f in check_profile(profile, source).findings if f.level is Level.ERROR] == []
