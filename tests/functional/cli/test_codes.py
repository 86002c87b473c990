"""Codes proposed, decided, exported and checked, as a migration engineer and a biologist type it."""

import csv
import io
import json
import re
import sys
from pathlib import Path

import pytest

from ecluse.domain.codemap import CodeMap
from ecluse.domain.profile import SourceProfile
from ecluse.wire import documents
from functional.cli import lis
from functional.cli.world import Desk

CANARY = "ZQXCANARY"
SHIPPED = Path(__file__).parents[3] / "src" / "ecluse" / "profiles" / "demo-dxlab.yaml"
SUGGEST = "codes suggest --profile bare.yaml --source legacy.sqlite -o codes.yaml"


@pytest.fixture
def bare(desk: Desk) -> Desk:
    """The demo's old LIS with marks of patients in it, and its profile before anybody mapped a code."""
    lis.systems(desk)
    lis.source(desk, f"UPDATE PATIENTS SET NOM = '{CANARY}' || NUMPAT")
    lis.source(desk, f"UPDATE RESULTATS SET VALEUR = '{CANARY}' || ID_RESULTAT WHERE ID_RESULTAT % 50 = 0")
    text = SHIPPED.read_text(encoding="utf-8")
    head, _rest = text.split("\nanalyses:\n")
    numbers = re.sub(r"loinc: [0-9-]+(?:, )?", "", text[len(head) : text.index("\n# Unit as printed")])
    Path("bare.yaml").write_text(head + numbers + "\n", encoding="utf-8")
    return desk


def codemap(name: str = "codes.yaml") -> CodeMap:
    return documents.read(Path(name)).to(CodeMap)


def profile(name: str) -> SourceProfile:
    return documents.read(Path(name)).to(SourceProfile)


def accepted() -> list[str]:
    """The first candidate of every code and unit, as options."""
    made: list[str] = []
    for entry in codemap().codes:
        made += ["--accept", f"{entry.code}={entry.candidates[0].loinc}"] if entry.candidates else ["--leave", entry.code]
    for unit in codemap().units:
        made += ["--accept-unit", f"{unit.unit}={unit.candidates[0].ucum}"] if unit.candidates else []
    return made


def test_from_no_code_to_a_profile_like_the_shipped_one(bare: Desk) -> None:
    told = bare.run(f"{SUGGEST} --json").json()
    assert (told["codes"], told["decided"]) == (40, 0)
    bare.run(["codes", "confirm", "codes.yaml", "--by", "Dr Martin", *accepted()])
    bare.run("codes export codes.yaml --profile bare.yaml -o mapped.yaml")
    made, shipped = profile("mapped.yaml"), profile(str(SHIPPED))
    mapped = {code: shipped.loinc_of(code) for code in shipped.analyses if shipped.loinc_of(code)}
    assert {code: made.loinc_of(code) for code in mapped} == mapped
    assert {code: a.number for code, a in made.analyses.items() if code in mapped} == {
        code: shipped.analyses[code].number for code in mapped
    }
    assert {u: made.units.get(u) for u in shipped.units} == dict(shipped.units)
    decisions = [entry.decision for entry in codemap().codes]
    assert {d.by for d in decisions if d} == {"Dr Martin"}
    assert bare.run("codes check --profile bare.yaml --source legacy.sqlite --strict --json").json()["unclassifiable"] > 0


def test_nothing_of_a_patient_s_is_shown_or_kept(bare: Desk) -> None:
    told = bare.run(SUGGEST)
    checked = bare.run("codes check --profile demo-dxlab --source legacy.sqlite --lang fr")
    confirmed = bare.run(["codes", "confirm", "codes.yaml", "--by", "Dr Martin", *accepted()])
    everything = "".join(each.out + each.err for each in (told, checked, confirmed))
    assert CANARY not in everything + Path("codes.yaml").read_text(encoding="utf-8")


def test_what_is_undecided_has_no_effect(bare: Desk) -> None:
    bare.run(SUGGEST)
    bare.run("codes export codes.yaml --profile bare.yaml -o same.yaml")
    assert Path("same.yaml").read_bytes() == Path("bare.yaml").read_bytes()
    bare.run("codes confirm codes.yaml --by Martin --accept K=2823-3")
    bare.run("codes export codes.yaml --profile bare.yaml -o one.yaml")
    assert {c for c, a in profile("one.yaml").analyses.items() if a.loinc} == {"K"}


def test_a_decision_moves_results_from_unclassifiable_to_the_plan(bare: Desk) -> None:
    """What a plan counts turns on the exported profile alone, and the plan pins that profile by its digest."""
    bare.agreement()
    recipient = bare.run("key new recipient kalisil.key --json").json()["recipient"]
    bare.signed_order(recipient)
    plan = "plan -w trial --dry-run --agreement agreement.json --order order.json --source legacy.sqlite --agent-key source_agent.key --json"
    bare.run(SUGGEST)
    bare.run("codes confirm codes.yaml --by Martin --accept K=2823-3")
    exported = bare.run("codes export codes.yaml --profile bare.yaml -o one.yaml --json").json()
    results = {}
    for name in ("bare", "one"):
        told = bare.run(f"{plan} --profile {name}.yaml").json()
        text = json.dumps(told)
        results[name] = next(e["rows"] for e in told["plan"]["entities"] if e["entity"] == "observation")
        assert (exported["digest"] in text) == (name == "one")
    assert results["bare"] == 0
    assert results["one"] > 0


@pytest.mark.parametrize(
    ("line", "code", "told"),
    [
        ("codes suggest --profile bare.yaml -o x.yaml", 2, "--source or --counts"),
        ("codes suggest --profile bare.yaml --source legacy.sqlite --counts c.csv -o x.yaml", 2, "one of them"),
        ("codes suggest --profile bare.yaml --source legacy.sqlite --french f.csv -o x.yaml", 2, "--loinc"),
        ("codes suggest --profile bare.yaml --source legacy.sqlite --loinc none.csv -o x.yaml", 10, "none.csv"),
        ("codes suggest --profile bare.yaml --source legacy.sqlite -o codes.yaml", 2, "exists already"),
        ("codes confirm codes.yaml --by Martin", 2, "terminal"),
        ("codes confirm codes.yaml --accept K=2823-3", 2, "--by"),
        ("codes confirm codes.yaml --by Martin --accept K=2823-4", 2, "check digit"),
        ("codes confirm codes.yaml --by Martin --accept NOSUCH=2823-3", 2, "no such entry"),
        ("codes confirm codes.yaml --by Martin --accept K", 2, "LEFT=RIGHT"),
        ("codes confirm bare.yaml --by Martin --accept K=2823-3", 10, "bare.yaml"),
        ("codes export codes.yaml --profile bare.yaml -o codes.yaml", 2, "exists already"),
        ("codes export codes.yaml --profile iblis -o x.yaml", 13, "demo-dxlab"),
        ("codes check --profile demo-kalisil --source legacy.sqlite", 10, "demo-kalisil"),
    ],
)
def test_refusals_change_nothing(bare: Desk, line: str, code: int, told: str) -> None:
    bare.run(SUGGEST)
    before = {path.name: path.read_bytes() for path in bare.root.iterdir() if path.is_file()}
    assert told in bare.run(line, code=code).err
    assert {path.name: path.read_bytes() for path in bare.root.iterdir() if path.is_file()} == before


class Typist(io.StringIO):
    """Somebody at a terminal."""

    def isatty(self) -> bool:
        return True


def test_asked_one_by_one_in_a_terminal(bare: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    bare.run(SUGGEST)
    order = [entry.code for entry in codemap().codes]
    monkeypatch.setattr(sys, "stdin", Typist("1\nnonsense\n99\n718-7\n-\n\nq\n"))
    told = bare.run(["codes", "confirm", "codes.yaml", "--by", "Dr Martin", "--note", "lu"])
    decided = {entry.code: entry.decision for entry in codemap().codes if entry.decision}
    assert list(decided) == order[:3]
    first = next(entry for entry in codemap().codes if entry.code == order[0])
    assert [d.loinc for d in decided.values()] == [first.candidates[0].loinc, "718-7", ""]
    assert {(d.by, d.note) for d in decided.values()} == {("Dr Martin", "lu")}
    assert told.out.count("none of them") == 2
    assert "3 decided now" in told.out
    # What was decided is not asked again.
    monkeypatch.setattr(sys, "stdin", Typist("q\n"))
    again = bare.run(["codes", "confirm", "codes.yaml", "--by", "Dr Martin", "--lang", "fr"])
    assert order[3] in again.out
    assert f"{order[0]} (" not in again.out


def test_an_answer_is_on_disk_before_the_next_question(bare: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    bare.run(SUGGEST)
    monkeypatch.setattr(sys, "stdin", Typist("1\n"))
    bare.run(["codes", "confirm", "codes.yaml", "--by", "Dr Martin"], code=None)
    assert sum(entry.decision is not None for entry in codemap().codes) == 1


def test_decisions_carried_to_a_new_map(bare: Desk) -> None:
    bare.run(SUGGEST)
    bare.run("codes confirm codes.yaml --by Martin --accept K=2823-3 --accept NA=2951-2")
    lis.source(bare, "UPDATE ANALYSES SET LIBELLE = 'Sodium urinaire' WHERE CODE_ANA = 'NA'")
    told = bare.run(f"{SUGGEST.replace('codes.yaml', 'next.yaml')} --decided codes.yaml --json")
    assert told.json()["decision_lost"] == ["NA"]
    decided = {entry.code: entry.decision.loinc for entry in codemap("next.yaml").codes if entry.decision}
    assert decided == {"K": "2823-3"}


def test_counts_and_an_official_table_in_place_of_a_source(bare: Desk) -> None:
    Path("counts.csv").write_text("code,label,unit,rows\nCR,Chrome,µg/L,12\n", encoding="utf-8")
    columns = ["LOINC_NUM", "COMPONENT", "PROPERTY", "TIME_ASPCT", "SYSTEM", "SCALE_TYP", "METHOD_TYP", "STATUS", "SHORTNAME"]
    for name, rows in {
        "Loinc.csv": [columns, ["5619-2", "Chromium", "MCnc", "Pt", "Ser/Plas", "Qn", "", "ACTIVE", "Chromium SerPl-mCnc"]],
        "frFR.csv": [["LOINC_NUM", "COMPONENT"], ["5619-2", "Chrome"]],
    }.items():
        with Path(name).open("w", encoding="utf-8", newline="") as file:
            csv.writer(file, quoting=csv.QUOTE_ALL).writerows(rows)
    given = "--profile bare.yaml --counts counts.csv --loinc Loinc.csv --french frFR.csv"
    bare.run(f"codes suggest {given} -o codes.yaml")
    assert [c.loinc for c in codemap().codes[0].candidates] == ["5619-2"]
    assert codemap().table.startswith("Loinc.csv, 1 codes, sha256:")
    told = bare.run(f"codes check {given} --json").json()
    assert {each["loinc"] for each in told["table_differs"]} >= {"2345-7", "718-7"}


@pytest.mark.parametrize(("language", "words"), [("en", "stay unless the order includes"), ("fr", "sauf si l'ordre inclut")])
def test_the_check_says_what_it_means_for_an_order(bare: Desk, language: str, words: str) -> None:
    told = bare.run(f"codes check --profile bare.yaml --source legacy.sqlite --lang {language}")
    assert words in told.out
    strict = bare.run(f"codes check --profile demo-dxlab --source legacy.sqlite --strict --lang {language}", code=13)
    assert "CREA" in strict.out
    doubts = bare.run("codes check --profile demo-dxlab --source legacy.sqlite --json").json()["doubts"]
    assert {"code.unit", "code.unmapped", "code.category"} <= {doubt["rule"] for doubt in doubts}
