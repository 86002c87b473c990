"""Decisions written into a profile's own text: nothing undecided, nothing overwritten, comments and order kept."""

import datetime as dt

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ecluse.domain.codemap import Candidate, CodeEntry, CodeMap, Decision, UnitCandidate, UnitDecision, UnitEntry
from ecluse.domain.errors import MalformedError, ProfileError
from ecluse.domain.profile import NumberRule, SourceProfile
from ecluse.mapping.mapfile import quoted
from ecluse.mapping.merge import merge
from ecluse.wire import documents

AT = dt.datetime(2026, 11, 22, 6, 30, tzinfo=dt.UTC)
HEAD = """\
# A laboratory's profile.
format: ecluse.source-profile/1
profile: dxlab
system: dxlab
engine: sqlite
entities:
  request:
    select: SELECT id AS source_id, day AS registered_on, site AS site FROM requests
    scope: {dates: {registered_on: date}, site: site}
"""
BLOCK = """\
analyses:   # by the biologist
  GLY: {loinc: 2345-7}   # sure
  HB: {number: {decimal: ".", strip_unit: true}}
  # between two
  "1":
    number:
      decimal: ","
      group: "."
  ZDIV: {}
  # last words

units:
  g/L: g/L
# the end
"""
FLOW = """\
analyses: {GLY: {loinc: 2345-7}, HB: {number: {decimal: ".", strip_unit: true}}, "1": {}, ZDIV: {}}
units: {g/L: g/L}
"""
EMPTY = "analyses: {}\nunits: {}\n"
SHAPES = (BLOCK, FLOW, EMPTY, "", BLOCK.replace("\n", "\r\n"), BLOCK.rstrip("\n"), "units:\n  g/L: g/L\n")


def codemap(
    codes: dict[str, str | None], units: dict[str, str | None] | None = None, profile: str = "dxlab"
) -> CodeMap:
    """None: a candidate that nobody has decided on."""
    return CodeMap(
        "ecluse.code-map/1", profile, "x",
        tuple(CodeEntry(c, 1, candidates=(Candidate("718-7", "x", 99),),
                        decision=None if loinc is None else Decision(loinc, "Dr Martin", AT)) for c, loinc in codes.items()),
        tuple(UnitEntry(u, 1, (UnitCandidate("g/L", "x"),), None if ucum is None else UnitDecision(ucum, "Dr Martin", AT))
              for u, ucum in (units or {}).items()),
    )  # fmt: skip


def profile(text: str) -> SourceProfile:
    return documents.parse(text.encode()).to(SourceProfile)


@pytest.mark.parametrize("shape", SHAPES)
def test_decisions_stand_in_the_new_profile_and_nothing_else_changes(shape: str) -> None:
    old = profile(HEAD + shape)
    made = merge(
        HEAD + shape, codemap({"HB": "718-7", "1": "777-3", "K": "2823-3", "NA": None, "ZDIV": ""}, {"UI/l": "[IU]/L"})
    )
    new = profile(made.text)
    assert new == made.profile
    assert {c: a.loinc for c, a in new.analyses.items() if a.loinc} == {
        **{c: a.loinc for c, a in old.analyses.items() if a.loinc}, "HB": "718-7", "1": "777-3", "K": "2823-3",
    }  # fmt: skip
    assert new.units == {**old.units, "UI/l": "[IU]/L"}
    assert {c: a.number for c, a in new.analyses.items() if c in old.analyses} == {
        c: a.number for c, a in old.analyses.items()
    }
    assert "NA" not in new.analyses
    assert made.codes == ("HB", "1", "K")
    assert made.units == ("UI/l",)


def test_comments_and_lines_stay() -> None:
    made = merge(HEAD + BLOCK, codemap({"HB": "718-7", "K": "2823-3"}))
    for line in (HEAD + BLOCK).splitlines():
        if "HB:" not in line:
            assert line in made.text.splitlines(), line
    assert '  HB: {loinc: 718-7, number: {decimal: ".", strip_unit: true}}' in made.text
    assert profile(made.text).analyses["HB"].number == NumberRule(".", "", strip_unit=True)


def test_a_map_without_decisions_changes_not_a_byte() -> None:
    assert merge(HEAD + BLOCK, codemap({"HB": None, "ZDIV": ""}, {"x": None, "y": ""})).text == HEAD + BLOCK


def test_merging_again_changes_nothing() -> None:
    decided = codemap({"HB": "718-7", "K": "2823-3"}, {"UI/l": "[IU]/L"})
    once = merge(HEAD + BLOCK, decided)
    again = merge(once.text, decided)
    assert again.text == once.text
    assert (again.codes, again.units) == ((), ())


@pytest.mark.parametrize("shape", [BLOCK, FLOW])
@pytest.mark.parametrize(
    ("decided", "field"),
    [(codemap({"GLY": "14749-6", "K": "2823-3"}), "analyses.GLY"), (codemap({}, {"g/L": "mg/L"}), "units.g/L")],
)
def test_what_the_profile_says_is_never_overwritten(shape: str, decided: CodeMap, field: str) -> None:
    with pytest.raises(ProfileError, match="otherwise") as caught:
        merge(HEAD + shape, decided, file="p.yaml")
    assert caught.value.location
    assert (caught.value.location.file, caught.value.location.field) == ("p.yaml", field)


def test_a_map_of_another_profile_is_refused() -> None:
    with pytest.raises(ProfileError, match="another|other"):
        merge(HEAD, codemap({"K": "2823-3"}, profile="other"))
    with pytest.raises(MalformedError):
        merge("format: x\n", codemap({}))


_names = st.text(st.characters(exclude_categories=("Cs",)), min_size=1, max_size=12)


@given(st.dictionaries(_names, st.sampled_from(["718-7", "2823-3", ""]), max_size=5), _names, st.sampled_from(SHAPES))
def test_whatever_the_codes_are_called(codes: dict[str, str], unit: str, shape: str) -> None:
    codes = {c: loinc for c, loinc in codes.items() if c != "GLY"}
    units = {unit: "g/L"}
    made = profile(merge(HEAD + shape, codemap(dict(codes), dict(units))).text)
    assert {c: a.loinc for c, a in made.analyses.items() if a.loinc and c != "GLY"} == {
        c: v for c, v in codes.items() if v
    }
    assert made.units[unit] == "g/L"


def test_quoted_names_of_numbers_stay_texts() -> None:
    made = merge(HEAD + "analyses: {}\n", codemap({"007": "718-7", "true": "2823-3", "1.5": "777-3"}))
    assert set(made.profile.analyses) == {"007", "true", "1.5"}
    assert quoted("007") in made.text
