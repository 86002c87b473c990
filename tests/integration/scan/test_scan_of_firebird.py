"""`source scan` of a Firebird file: character sets told, keys and references as declared, a draft that stands."""

from pathlib import Path

import pytest

from ecluse.adapters.scan import scan
from ecluse.adapters.sources import SourceSpec
from ecluse.domain.profile import DateStorage, Engine, SourceProfile
from ecluse.migration.compile import compile_order
from ecluse.migration.drafting import draft_profile
from ecluse.migration.scan_words import Role
from ecluse.migration.scanning import ScanReport
from ecluse.wire.documents import parse
from firebird_servers import firebird_file
from legacy import order

NAMES = ["DURAND", "LEFÈVRE", "O'NEIL", "NUÑEZ", "GARÇON"]


@pytest.fixture
def report(tmp_path: Path) -> ScanReport:
    database = firebird_file(
        tmp_path / "lis.fdb",
        "create table PATIENTS (NUMPAT integer not null primary key, NOM varchar(40), DATE_NAISS date, DOC blob)",
        "create table DOSSIERS (ID_DOSSIER integer not null primary key, NUMPAT integer references PATIENTS, "
        "DATE_ENR timestamp, CODE_SITE char(8), NOTE blob sub_type text)",
        charset="NONE",
        connection="WIN1252",
    )
    people = [(i, NAMES[i % 5], f"19{50 + i % 40}-02-0{1 + i % 9}", b"\x00") for i in range(1, 61)]
    database.fill("insert into PATIENTS values (?, ?, ?, ?)", people)
    requests = [(i, 1 + i % 60, f"2019-0{1 + i % 9}-11 08:00:00", "RENNES", "vu à l'hôpital") for i in range(1, 301)]
    database.fill("insert into DOSSIERS values (?, ?, ?, ?, ?)", requests)
    return scan(SourceSpec(Engine.FIREBIRD, f"{database.url}?charset=WIN1252"))


def test_what_is_there_is_told_and_no_value_is(report: ScanReport) -> None:
    assert report.engine == "firebird"
    assert {t.name: (t.rows, t.key) for t in report.tables} == {
        "PATIENTS": (60, "NUMPAT"), "DOSSIERS": (300, "ID_DOSSIER"),
    }  # fmt: skip
    kinds = {c.name: c.declared for c in report.table("PATIENTS").columns}
    assert kinds == {
        "NUMPAT": "INTEGER", "NOM": "VARCHAR(40) CHARACTER SET NONE", "DATE_NAISS": "DATE", "DOC": "BLOB",
    }  # fmt: skip
    [declared] = [r for r in report.references if r.declared]
    assert (declared.table, declared.column, declared.to_table) == ("DOSSIERS", "NUMPAT", "PATIENTS")
    assert {guess.entity: guess.table for guess in report.guesses} == {"patient": "PATIENTS", "request": "DOSSIERS"}
    assert next(c.role for c in report.table("DOSSIERS").columns if c.name == "DATE_ENR") is Role.REGISTERED_ON
    assert not any(name in repr(report) + draft_profile(report) for name in NAMES)


def test_the_draft_stands_and_compiles(report: ScanReport) -> None:
    profile = parse(draft_profile(report).encode()).to(SourceProfile)
    scope = profile.entities["request"].scope
    assert profile.engine is Engine.FIREBIRD
    assert scope is not None
    assert scope.dates["registered_on"] is DateStorage.TIMESTAMP
    made = compile_order(order(fields={"request": ("source_id", "registered_on")}), profile)
    assert "CHARACTER SET OCTETS" in made.queries["request"].sql
