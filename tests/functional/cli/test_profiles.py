"""Scanning a source, drafting its profile, proving one: what is shown holds no patient's value."""

import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from functional.cli import lis
from functional.cli.world import Desk

CANARY = "ZQXCANARY"


@pytest.fixture
def marked(desk: Desk) -> Desk:
    """The demo's old LIS, with a canary in the names of thirty patients and the text of thirty results."""
    lis.systems(desk)
    lis.source(desk, f"UPDATE PATIENTS SET NOM = '{CANARY}' || NUMPAT WHERE NUMPAT % 3 = 0")
    lis.source(desk, f"UPDATE RESULTATS SET VALEUR = '{CANARY}' || ID_RESULTAT WHERE ID_RESULTAT % 50 = 0")
    return desk


@pytest.mark.parametrize("language", ["en", "fr"])
def test_a_scan_names_tables_and_shows_no_value(marked: Desk, language: str) -> None:
    told = marked.run(f"source scan legacy.sqlite --draft draft.yaml --lang {language}")
    for table in ("PATIENTS", "DOSSIERS", "RESULTATS"):
        assert table in told.out
    everything = told.out + told.err + Path("draft.yaml").read_text(encoding="utf-8")
    assert CANARY not in everything
    with closing(sqlite3.connect("legacy.sqlite")) as legacy:
        names = [name for (name,) in legacy.execute("SELECT NOM FROM PATIENTS WHERE LENGTH(NOM) > 5 LIMIT 200")]
    assert not [name for name in names if name in everything]


def test_a_scan_for_programs(marked: Desk) -> None:
    told = marked.run("source scan legacy.sqlite --json")
    guesses = {guess["entity"]: guess["table"] for guess in told.json()["guesses"]}
    assert guesses["patient"] == "PATIENTS"
    assert guesses["request"] == "DOSSIERS"
    assert guesses["observation"] == "RESULTATS"
    assert CANARY not in told.out


def test_codes_are_listed_only_where_asked(marked: Desk) -> None:
    codes = "RESULTATS.CODE_ANA"
    silent = marked.run("source scan legacy.sqlite --json").json()
    asked = marked.run(f"source scan legacy.sqlite --json --show-codes {codes}").json()
    columns = {f"{t['name']}.{c['name']}": c for t in asked["tables"] for c in t["columns"]}
    assert columns[codes]["codes"]
    assert not any(c["codes"] for t in silent["tables"] for c in t["columns"])
    marked.run("source scan legacy.sqlite --show-codes NO.SUCH --draft draft.yaml", code=2)
    assert not Path("draft.yaml").exists()


def test_a_draft_takes_no_other_file_s_place(desk: Desk) -> None:
    lis.systems(desk)
    Path("draft.yaml").write_text("mine", encoding="utf-8")
    desk.run("source scan legacy.sqlite --draft draft.yaml", code=2)
    assert Path("draft.yaml").read_text(encoding="utf-8") == "mine"


@pytest.mark.parametrize("source", ["nowhere.sqlite", "ftp://lis/dxlab", "nowhere"])
def test_a_source_that_is_not_there_leaves_nothing(desk: Desk, source: str) -> None:
    told = desk.run(f"source scan {source} --draft draft.yaml", code=None)
    assert told.code in {2, 13, 30}
    assert told.err.startswith("error: ")
    assert not list(desk.root.iterdir())


@pytest.mark.parametrize(("language", "verdict"), [("en", "an order can be planned"), ("fr", "un ordre peut")])
def test_a_profile_proved(marked: Desk, language: str, verdict: str) -> None:
    told = marked.run(f"profile check demo-dxlab --source legacy.sqlite --lang {language}")
    assert verdict in told.out
    assert CANARY not in told.out + told.err


def test_a_profile_that_does_not_fit(desk: Desk) -> None:
    lis.systems(desk)
    lis.source(desk, "ALTER TABLE DOSSIERS RENAME COLUMN CODE_SITE TO SITE")
    told = desk.run("profile check demo-dxlab --source legacy.sqlite", code=13)
    assert "✗" in told.out
    assert "entities.request" in told.err
    assert desk.run("profile check demo-dxlab --source legacy.sqlite --json", code=13).json()["worst"] == "error"


DESTINATION = """\
format: ecluse.destination-profile/1
profile: new
system: kalisil
engine: sqlite
production: true
entities:
  patient:
    table: personne
    columns: {source_id: ipp}
    constants:
      cree_par: oui
      service: 1
    parts:
      - table: adresse
        key: ipp
        constants: {ville: null}
"""


def destination(text: str = DESTINATION) -> None:
    Path("target.yaml").write_text(text, encoding="utf-8")
    with closing(sqlite3.connect("target.sqlite")) as target:
        target.executescript(
            "CREATE TABLE personne (ipp TEXT PRIMARY KEY, cree_par INTEGER NOT NULL, equipe TEXT NOT NULL);"
            "CREATE TABLE adresse (ipp TEXT PRIMARY KEY, ville TEXT NOT NULL);"
        )


@pytest.mark.parametrize(
    ("language", "words"),
    [
        ("en", ("is INTEGER, and the constant is not", "has no column service", "must not be null, and the constant is",
                "equipe must not be null, and nothing goes there")),
        ("fr", ("est INTEGER, et la constante ne l'est pas", "n'a pas de colonne service",
                "ne doit pas être nulle, et la constante l'est", "ne doit pas être nulle, et rien n'y va")),
    ],
)  # fmt: skip
def test_a_destination_profile_that_does_not_fit_says_where(desk: Desk, language: str, words: tuple[str, ...]) -> None:
    destination()
    told = desk.run(f"profile check target.yaml --destination target.sqlite --lang {language} --json", code=13)
    found = told.json()["problems"]
    assert [(each["line"], each["field"]) for each in found] == [
        (11, "entities.patient.constants.cree_par"),
        (12, "entities.patient.constants.service"),
        (8, "entities.patient.table"),
        (16, "entities.patient.parts[0].constants.ville"),
    ]
    said = [each["text"] for each in found]
    assert all(word in text for word, text in zip((words[0], words[1], words[3], words[2]), said, strict=True))
    assert "target.yaml:11" in told.err
    assert words[0] in told.err
    shown = desk.run(f"profile check target.yaml --destination target.sqlite --lang {language}", code=13)
    assert "constants.cree_par" in shown.out


def test_a_constant_of_no_shape_is_placed_in_its_file(desk: Desk) -> None:
    destination(DESTINATION.replace("cree_par: oui", "ipp: oui"))
    told = desk.run("profile check target.yaml --destination target.sqlite", code=10)
    assert "target.yaml:11" in told.err
    assert "entities.patient.constants.ipp" in told.err
    assert "a field goes to that column already" in told.err


def test_a_destination_profile_proved(desk: Desk) -> None:
    lis.systems(desk)
    told = desk.run("profile check demo-kalisil --destination new.sqlite").out
    assert "agrees" in told
    assert "looked at: 3 tables" in told
    assert "✓" not in told
    told = desk.run("profile check demo-kalisil --destination new.sqlite --all").out
    assert told.count("✓") == 3
    assert "--destination" in desk.run("profile check demo-kalisil --source legacy.sqlite", code=2).err
    assert "--source" in desk.run("profile check demo-dxlab", code=2).err


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ("demo-kalisil --destination new.sqlite --passfile pass", "--passfile does not go with"),
        ("demo-kalisil --destination new.sqlite --source legacy.sqlite", "--source does not go with"),
        ("demo-dxlab --destination new.sqlite --source legacy.sqlite", "--destination does not go with"),
    ],
)
def test_an_option_that_would_be_passed_over_is_refused(desk: Desk, options: str, words: str) -> None:
    lis.systems(desk)
    assert words in desk.run(f"profile check {options}", code=2).err


@pytest.mark.parametrize(
    ("engine", "more", "url"),
    [
        ("fhir", "fhir: {source: old, zone: Europe/Paris}", "https://nowhere.example/fhir"),
        ("hl7", "entities: {patient: {table: PID, columns: {source_id: PID-3}}}", "hl7:///nowhere"),
        ("sqlite", "", "target.sqlite"),
    ],
)
@pytest.mark.parametrize(("language", "word"), [("en", "nothing of the destination"), ("fr", "rien de la destination")])
def test_where_nothing_is_looked_at_nothing_agrees(
    desk: Desk, engine: str, more: str, url: str, language: str, word: str
) -> None:
    head = DESTINATION.partition("engine:")[0]
    destination(f"{head}engine: {engine}\nproduction: true\n{more}\n")
    told = desk.run(f"profile check target.yaml --destination {url} --lang {language}").out
    assert word in told
    assert "agrees" not in told
    assert "s'y accorde" not in told
    assert desk.run(f"profile check target.yaml --destination {url} --json").json()["looked_at"] == []


def test_a_table_that_cannot_be_swapped_is_told_before_a_load(desk: Desk) -> None:
    table = "table: adresse\n    mode: swap\n    columns: {source_id: ipp, family_name: ville}\n"
    destination(f"{DESTINATION.partition('table:')[0]}{table}")
    fine = desk.run("profile check target.yaml --destination target.sqlite --all")
    assert "table adresse: 2 columns are there" in fine.out
    with closing(sqlite3.connect("target.sqlite")) as target:
        target.execute("CREATE TABLE suivi (ipp TEXT REFERENCES adresse (ipp))")
    told = desk.run("profile check target.yaml --destination target.sqlite --all", code=13)
    assert "✓" not in told.out
    assert "target.yaml:9" in told.err
    assert "table adresse cannot be swapped: foreign keys refer to it" in told.err
