"""Doubts about a profile's codes: each rule found where it is, and silent where all is well."""

import datetime as dt
from dataclasses import replace

import pytest
from code_parts import code, numbers

from ecluse.domain.codemap import CodeEntry, CodeFacts, CodeMap, Decision, SourceFacts
from ecluse.domain.profile import Analysis, Engine, ScopeColumns, SourceEntity, SourceProfile
from ecluse.mapping.checking import RULES, Doubt, Grade, check_codes
from ecluse.mapping.rank import Ranker
from ecluse.mapping.suggest import suggest
from ecluse.mapping.table import Table, shipped

AT = dt.datetime(2026, 11, 22, tzinfo=dt.UTC)
RANKER = Ranker(shipped())


def profile(analyses: dict[str, str], units: dict[str, str] | None = None) -> SourceProfile:
    request = SourceEntity("SELECT 1", ScopeColumns({"registered_on": "date"}))  # type: ignore[dict-item]
    return SourceProfile(
        "ecluse.source-profile/1", "dxlab", "dxlab", Engine.SQLITE, {"request": request},
        analyses={c: Analysis(loinc) for c, loinc in analyses.items()}, units=units or {},
    )  # fmt: skip


def doubts(
    facts: list[CodeFacts], analyses: dict[str, str], units: dict[str, str] | None = None, **more: object
) -> list[Doubt]:
    units = units if units is not None else {u: u for f in facts for u, _rows in f.units}
    unnamed = int(str(more.pop("unnamed", 0)))
    return list(check_codes(SourceFacts(tuple(facts), unnamed), profile(analyses, units), RANKER, **more))  # type: ignore[arg-type]


def found(told: list[Doubt]) -> set[tuple[str, str]]:
    return {(doubt.rule, doubt.code) for doubt in told if doubt.grade is not Grade.NOTE}


def test_a_good_map_raises_no_doubt() -> None:
    facts = [
        code("K", "Potassium", "mmol/L", spreads=numbers("mmol/L", 3, 4, 5)),
        code("PLT", "Plaquettes", "/mm3", spreads=numbers("/mm3", 1e5, 2.5e5, 4e5)),
        code("AGHBS", "Antigène HBs"),
        code("CRP", "CRP", "mg/L", spreads=numbers("mg/L", 5, 110, 300)),
    ]
    assert found(doubts(facts, {"K": "2823-3", "PLT": "777-3", "AGHBS": "5196-1", "CRP": "1988-5"})) == set()


def test_the_unmapped_come_by_number_of_results() -> None:
    told = doubts([code("A", rows=5), code("B", rows=50), code("C", rows=20)], {"C": ""}, unnamed=30)
    assert [(d.code, d.rows, d.rule) for d in told] == [
        ("B", 50, "code.unmapped"), ("", 30, "code.unnamed"), ("C", 20, "code.unmapped"), ("A", 5, "code.unmapped"),
    ]  # fmt: skip
    assert {d.grade for d in told} == {Grade.OPEN}


@pytest.mark.parametrize(
    ("facts", "loinc", "rule"),
    [
        (code("K", "Potassium", "mmol/L"), "2823-4", "code.digit"),
        (code("GLY", "Glycémie", "mmol/L"), "2345-7", "code.unit"),
        (code("HBS", "Antigène HBs", "UI/L"), "5196-1", "code.unit"),
        (code("LDH", "LDH", "UI/L"), "2532-0", "code.status"),
        (code("X1", "Sodium", "mmol/L"), "2823-3", "code.name"),
        (code("NH3", "Ammonia"), "6295-0", "code.name"),
        (code("UREE", "Urée", "g/L", spreads=numbers("g/L", 2, 35, 60)), "3091-6", "code.range"),
        (code("PLT", "Plaquettes", "G/L", spreads=numbers("G/L", 1e5, 2e5, 4e5)), "777-3", "code.range"),
    ],
)  # fmt: skip
def test_each_doubt_is_found(facts: CodeFacts, loinc: str, rule: str) -> None:
    told = doubts([facts], {facts.code: loinc})
    assert (rule, facts.code) in found(told)
    for doubt in told:
        assert doubt.text("en") != doubt.text("fr")
        assert "{" not in doubt.text("en") + doubt.text("fr") or "{" in doubt.what + doubt.other


def test_a_second_unit_of_another_kind_counts_its_own_rows() -> None:
    gly = replace(code("GLY", "Glycémie", rows=601), units=(("g/L", 377), ("mmol/L", 224)))
    [doubt] = [d for d in doubts([gly], {"GLY": "2345-7"}) if d.rule == "code.unit"]
    assert (doubt.rows, doubt.what) == (224, "mmol/L")


def test_two_codes_of_one_loinc_in_units_that_do_not_compare() -> None:
    both = {"A": "777-3", "B": "777-3"}
    apart = [code("A", "Plaquettes", "G/L"), code("B", "Plaquettes", "%")]
    assert {("code.shared", "A"), ("code.shared", "B")} <= found(doubts(apart, both))
    near = [code("A", "Plaquettes", "G/L"), code("B", "Plaquettes", "/mm3")]
    assert ("code.shared", "A") not in found(doubts(near, both))


def test_units_without_and_against_ucum() -> None:
    facts = [code("GGT", "Gamma GT", "UI/L"), code("K", "Potassium", "mmol/L")]
    told = doubts(facts, {"GGT": "2324-2", "K": "2823-3"}, {"mmol/L": "umol/L"})
    assert {("unit.unmapped", "UI/L"), ("unit.reading", "mmol/L")} <= found(told)
    assert ("unit.reading", "mmol/L") not in found(doubts(facts, {}, {"mmol/L": "mmol/L", "UI/L": "[IU]/L"}))


def test_what_no_category_can_be_told_of_is_a_note() -> None:
    [note] = doubts([code("INR", "INR")], {"INR": "6301-6"})
    assert (note.grade, note.rule, note.other) == (Grade.NOTE, "code.category", "drugs")


def test_a_code_that_a_complete_table_lacks_is_wrong() -> None:
    complete = Table({c: t for c, t in shipped().terms.items() if c != "2823-3"}, "Loinc.csv", complete=True)
    facts = SourceFacts((code("K", "Potassium", "mmol/L"),))
    told = check_codes(facts, profile({"K": "2823-3"}, {"mmol/L": "mmol/L"}), Ranker(complete))
    assert [(d.grade, d.rule) for d in told if d.rule == "code.unknown"] == [(Grade.WRONG, "code.unknown")]


def test_decisions_without_effect_are_told() -> None:
    entries = (
        CodeEntry("K", 10, decision=Decision("2823-3", "Dr Martin", AT)),
        CodeEntry("NA", 9, decision=Decision("2951-2", "Dr Martin", AT)),
        CodeEntry("ZDIV", 8, decision=Decision("", "Dr Martin", AT)),
        CodeEntry("CL", 7),
    )
    map_ = CodeMap("ecluse.code-map/1", "dxlab", "x", entries)
    facts = [code(e.code, rows=e.rows) for e in entries]
    told = {(d.rule, d.code): d for d in doubts(facts, {"NA": "2823-3"}, map_=map_)}
    assert told["map.not_exported", "K"].what == "2823-3"
    assert (told["map.differs", "NA"].what, told["map.differs", "NA"].other) == ("2951-2", "2823-3")
    assert told["code.left", "ZDIV"].grade is Grade.NOTE
    assert ("code.unmapped", "ZDIV") not in told
    assert ("code.unmapped", "CL") in told


def test_every_rule_is_in_both_languages() -> None:
    for english, french in RULES.values():
        assert english != french
        assert ("{what}" in english, "{other}" in english) == ("{what}" in french, "{other}" in french)


def test_suggest_leaves_out_what_is_mapped_and_carries_decisions() -> None:
    facts = SourceFacts(
        (code("K", "Potassium", "mmol/L"), code("NA", "Sodium", "mmol/L"), code("CL", "Chlore", "mmol/L"))
    )
    made = suggest(facts, profile({"K": "2823-3"}), RANKER).map
    assert [(e.code, e.candidates[0].loinc) for e in made.codes] == [("NA", "2951-2"), ("CL", "2075-0")]
    assert [(u.unit, u.rows, [c.ucum for c in u.candidates]) for u in made.units] == [("mmol/L", 300, ["mmol/L"])]
    decided = replace(
        made, codes=tuple(replace(e, decision=Decision(e.candidates[0].loinc, "Dr M", AT)) for e in made.codes)
    )
    changed = SourceFacts(
        (code("NA", "Sodium", "mmol/L"), code("CL", "Chlore libre", "mmol/L"), code("X", "Fer", "µmol/L"))
    )
    again = suggest(changed, profile({}), RANKER, earlier=decided)
    assert [(e.code, e.decision is not None) for e in again.map.codes] == [("NA", True), ("CL", False), ("X", False)]
    assert again.changed == ("CL",)
    other_unit = suggest(SourceFacts((code("NA", "Sodium", "mg/L"),)), profile({}), RANKER, earlier=decided)
    assert other_unit.changed == ("NA",)
    assert other_unit.map.codes[0].decision is None
    assert len(suggest(facts, profile({"K": "2823-3"}), RANKER, everything=True).map.codes) == 3
    assert (
        suggest(facts, profile({}), RANKER, most=1, language="fr").map.codes[0].candidates[0].because[0].startswith("«")
    )


def test_a_unit_with_two_readings_is_read_as_its_analyses_need() -> None:
    counts = suggest(SourceFacts((code("GB", "Leucocytes", "G/L"),)), profile({}), RANKER).map
    grams = suggest(SourceFacts((code("GLY", "GLYCEMIE", "G/L"),)), profile({}), RANKER).map
    assert [c.ucum for c in counts.units[0].candidates] == ["10*9/L", "g/L"]
    assert [c.ucum for c in grams.units[0].candidates] == ["g/L", "10*9/L"]
