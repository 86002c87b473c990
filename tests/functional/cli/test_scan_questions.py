"""``source scan --interactive``: what a person answers is what the draft says."""

import io
import re
import sqlite3
import sys
from pathlib import Path

import pytest
import yaml

from ecluse.cli import _scan_reasons
from ecluse.migration import scan_guesses
from functional.cli.world import Desk

CANARY = "ZQXCANARY"


@pytest.fixture
def old(desk: Desk) -> Desk:
    with sqlite3.connect("old.sqlite") as connection:
        connection.executescript(
            "CREATE TABLE t1 (cle integer primary key, a text, b text, c text);"
            "CREATE TABLE DOSSIERS (NUM_DOSSIER integer primary key, NUM_PAT integer, DATE_DOSSIER text, SITE text);"
            f"INSERT INTO t1 VALUES (1, '{CANARY}A', '{CANARY}B', '19680229'), (2, 'X', 'Y', '19700101');"
            "INSERT INTO DOSSIERS VALUES (7, 1, '20190301', 'NORD'), (8, 2, '20190302', 'SUD');"
        )
    connection.close()
    return desk


def answer(monkeypatch: pytest.MonkeyPatch, *lines: str) -> None:
    monkeypatch.setattr(sys, "stdin", io.StringIO("".join(f"{line}\n" for line in lines)))


def test_answers_stand_in_the_draft(old: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    answer(monkeypatch, "t1", "a=family_name", "B=given_names", "c=birth_date", "b=nonsense", "z=sex", "", "q")
    told = old.run("source scan old.sqlite --draft p.yaml --interactive")
    patient = yaml.safe_load(Path("p.yaml").read_text(encoding="utf-8"))["entities"]["patient"]["select"]
    assert "a AS family_name" in patient.replace('"', "")
    assert "b AS given_names" in patient.replace('"', "")
    assert "c AS birth_date" in patient.replace('"', "")
    assert "roles: key, secret" in told.out
    assert CANARY not in told.out + told.err + Path("p.yaml").read_text(encoding="utf-8")


def test_none_and_numbers(old: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    answer(monkeypatch, "99", "2", "", "-", *["-"] * 12)
    old.run("source scan old.sqlite --draft p.yaml --interactive")
    entities = yaml.safe_load(Path("p.yaml").read_text(encoding="utf-8"))["entities"]
    assert set(entities) == {"patient"}


def test_reasons_are_in_the_reader_s_language(old: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    """Every reason that the guesses know, as they join them."""
    with sqlite3.connect("old.sqlite") as connection:
        connection.executescript(
            "CREATE TABLE PATIENTS (NUM_PAT integer primary key, NOM text, DATE_NAISSANCE text);"
            "INSERT INTO PATIENTS VALUES (1, 'X', '19680229'), (2, 'Y', '19700101');"
            "CREATE TABLE RESULTATS (NUM_RES integer primary key, NUM_DOSSIER integer, VALEUR text, CODE text, UNITE text);"
            "INSERT INTO RESULTATS VALUES (1, 7, '1,5', 'NA', 'mmol/l'), (2, 8, '2,5', 'NA', 'mmol/l');"
        )
    connection.close()
    answer(monkeypatch, "q")
    told = old.run("source scan old.sqlite --draft p.yaml --interactive --lang fr")
    for said in ("son nom", "birth_date dans DATE_NAISSANCE", "mène aux patients", "des résultats y renvoient"):
        assert said in told.out
    for english in ("its name", " in DATE", "leads to", "refer to"):
        assert english not in told.out


def test_every_reason_of_a_guess_has_its_french() -> None:
    source = Path(scan_guesses.__file__).read_text(encoding="utf-8")
    reasons = set(re.findall(r'yield "([^"]+)"', source)) | set(re.findall(r'why = _NAMED, \["([^"]+)"', source))
    assert len(reasons) == 4
    assert {each for each in reasons if _scan_reasons._FRENCH.of(each) is None} == set()


def test_an_end_of_input_is_an_interruption_and_writes_nothing(old: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    answer(monkeypatch, "t1")
    old.run("source scan old.sqlite --draft p.yaml --interactive", code=130)
    assert not Path("p.yaml").exists()


def test_without_a_draft_there_is_nothing_to_ask_for(old: Desk) -> None:
    assert "--draft" in old.run("source scan old.sqlite --interactive", code=2).err
