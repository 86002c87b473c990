"""The map as a file: what is written reads back, what is wrong is refused with file, line and field."""

import datetime as dt
import json
from dataclasses import replace
from importlib import resources
from pathlib import Path

import jsonschema
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ecluse.domain.codemap import (
    Candidate,
    CodeEntry,
    CodeMap,
    Decision,
    UnitCandidate,
    UnitDecision,
    UnitEntry,
    UnitRows,
)
from ecluse.domain.errors import UsageError
from ecluse.mapping.mapfile import quoted, read_map, render
from ecluse.mapping.suggest import decide_code, decide_unit
from ecluse.wire import documents
from ecluse.wire.artefacts import DOCUMENTS, InvalidError, format_of, kind_of, schema, to_json

AT = dt.datetime(2026, 11, 22, 6, 30, tzinfo=dt.UTC)
MAP = CodeMap(
    "ecluse.code-map/1", "dxlab", "a table",
    (
        CodeEntry("GLY", 12, "Glycémie", "Sérum", (UnitRows("g/L", 12),), "90 % from 1 to 2 g/L",
                  (Candidate("2345-7", "Glucose", 110, ("a", "b")), Candidate("14749-6", "Glucose", 60)),
                  Decision("2345-7", "Dr Martin", AT, "sûr")),
        CodeEntry("ZDIV", 3, decision=Decision("", "Dr Martin", AT)),
        CodeEntry("K", 1),
    ),
    (UnitEntry("UI/l", 4, (UnitCandidate("[IU]/L", "x"),), UnitDecision("[IU]/L", "Dr Martin", AT)), UnitEntry("?", 1)),
)  # fmt: skip
_texts = st.text(st.characters(exclude_categories=("Cs",)), max_size=30)
_hostile = _texts | st.sampled_from(
    ["\u2028", "a: b", "- x", "'", '"', "#", "\x00", "\x85", "\ufeff", "no", "1_0", "𝒳", "\\u0041"]
)
_names = _hostile.filter(lambda text: text.strip() != "")


def parsed(text: str) -> CodeMap:
    return documents.parse(text.encode()).to(CodeMap)


def test_what_is_written_reads_back() -> None:
    assert parsed(render(MAP)) == MAP
    assert "LOINC is copyright" in render(MAP)
    assert parsed(render(replace(MAP, codes=(), units=()))) == replace(MAP, codes=(), units=())


@given(st.lists(st.tuples(_hostile, _hostile, _hostile, _names), unique_by=lambda t: t[0], max_size=4))
def test_whatever_a_source_calls_its_codes_reads_back(given_: list[tuple[str, str, str, str]]) -> None:
    codes = tuple(
        CodeEntry(code, 5, label, unit, (UnitRows(unit, 5),), label, (Candidate("718-7", name, 1, (name,)),),
                  Decision("718-7", name, AT, label))
        for code, label, unit, name in given_
    )  # fmt: skip
    units = tuple(UnitEntry(code, 1, (), UnitDecision("g/L", name, AT, label)) for code, label, _u, name in given_)
    made = replace(MAP, codes=codes, units=units)
    assert parsed(render(made)) == made


@given(_hostile)
def test_a_quoted_text_is_one_plain_line(text: str) -> None:
    assert len(quoted(text).splitlines()) == 1
    assert documents.parse(f"a: {quoted(text)}\n".encode()).value == {"a": text}


def test_the_format_has_a_published_schema() -> None:
    assert (kind_of(CodeMap), format_of(CodeMap)) == ("code-map", MAP.format)
    assert "code-map" in DOCUMENTS
    published = resources.files("ecluse.wire") / "schemas" / "code-map.schema.json"
    assert json.loads(published.read_bytes()) == schema("code-map")
    jsonschema.Draft202012Validator(schema("code-map")).validate(to_json(MAP))


@pytest.mark.parametrize(
    ("old", "new", "field"),
    [
        ("loinc: 14749-6", "loinc: x", "codes[0].candidates[1].loinc"),
        ('loinc: "2345-7"', 'loinc: "2345-8"', "codes[0].decision.loinc"),
        ("rows: 12\n", "rows: -1\n", "codes[0].rows"),
        ("rows: 12\n", "patient: x\n", "codes[0].patient"),
        ('code: "ZDIV"', 'code: "GLY"', "codes[1].code"),
        ('by: "Dr Martin"', 'by: " "', "codes[0].decision.by"),
        ("at: 2026-11-22T06:30:00Z", "at: 2026-11-22", "codes[0].decision.at"),
        ('ucum: "[IU]/L"\n', 'ucum: "UI par l"\n', "units[0].decision.ucum"),
    ],
)
def test_a_wrong_field_is_refused_at_its_line(tmp_path: Path, old: str, new: str, field: str) -> None:
    text = render(MAP)
    assert old in text
    changed = text.replace(old, new, 1)
    path = tmp_path / "codes.yaml"
    path.write_text(changed, encoding="utf-8")
    with pytest.raises(InvalidError) as caught:
        read_map(path)
    lines = zip(text.splitlines(), changed.splitlines(), strict=True)
    line = next(number for number, (before, after) in enumerate(lines, 1) if before != after)
    assert field in {problem.path for problem in caught.value.problems}
    document = documents.parse(changed.encode(), file=str(path))
    assert document.location(field).line == line
    assert caught.value.location
    assert caught.value.location.file == str(path)
    assert caught.value.location.line


def test_a_decision_says_who_and_when() -> None:
    made = decide_code(MAP, "K", "2823-3", by="Dr Roux", at=AT, note="n")
    assert made.codes[2].decision == Decision("2823-3", "Dr Roux", AT, "n")
    assert made.codes[:2] == MAP.codes[:2]
    assert decide_unit(MAP, "?", "", by="Dr Roux", at=AT).units[1].decision == UnitDecision("", "Dr Roux", AT)


@pytest.mark.parametrize(("code", "loinc"), [("NO", "2823-3"), ("K", "2823-4"), ("K", "K"), ("K", "2823-3 ")])
def test_a_slip_decides_nothing(code: str, loinc: str) -> None:
    with pytest.raises(UsageError):
        decide_code(MAP, code, loinc, by="Dr Roux", at=AT)
    with pytest.raises(UsageError):
        decide_unit(MAP, "?", "g par L", by="Dr Roux", at=AT)


def test_a_map_too_long_to_be_read_is_not_written() -> None:
    entry = CodeEntry("x", 1, "l" * 4000)
    with pytest.raises(UsageError, match="longer"):
        render(replace(MAP, codes=tuple(replace(entry, code=str(n)) for n in range(600))))
