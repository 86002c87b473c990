"""What tracing concluded, as it is told: only what can be, and nothing that was not asked for (R11)."""

import datetime as dt
import json
from dataclasses import replace
from typing import Any

import jsonschema
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ecluse.domain.conclusions import (
    CERTAIN,
    MOST_EXPORTS,
    MOST_PARCELS,
    Conclusion,
    Telling,
    TracedExport,
    Verdict,
    check_replaces,
    origins,
    replacements,
    standing_tellings,
)
from ecluse.domain.errors import EcluseError, UsageError
from ecluse.domain.tracing import Kind
from ecluse.wire.artefacts import InvalidError, decode, encode, format_of, kind_of, schema, to_json, validate

EXPORT = TracedExport(
    order="BIO-2026-0042", order_digest="sha256:" + "1" * 64, controller="Laboratoire des Trois Rivières",
    source="dxlab", destination="kalisil", recipient="age1" + "q" * 58, period_from=dt.date(2018, 1, 1),
    period_until=dt.date(2019, 12, 31), persons=1500, lines_known=54, marks={Kind.NIR: 40, Kind.NAME_BIRTH: 50},
    slips=2, canary_lines=1, canaries=("request-1",), ratio=871, probability=CERTAIN, attributed=True, explained=False,
)  # fmt: skip
OTHER = replace(
    EXPORT, order="BIO-2025-0007", order_digest="sha256:" + "2" * 64, lines_known=3, marks={Kind.FAMILY_BIRTH: 3},
    slips=0, canary_lines=0, canaries=(), ratio=-12, probability=120, attributed=False, explained=True,
)  # fmt: skip
FOUND = Conclusion(
    format="ecluse.trace-conclusion/1", verdict=Verdict.FOUND, lines=56, more=False, cut=3, silent=1, unknown=1, asked=7,
    expired=1, refused=0, foreign=2, exports=(EXPORT, OTHER), left_out=0,
)  # fmt: skip


def test_it_is_written_and_read_and_has_a_schema() -> None:
    assert decode(Conclusion, encode(FOUND)) == FOUND
    assert format_of(Conclusion) == f"ecluse.{kind_of(Conclusion)}/1"
    jsonschema.Draft202012Validator(schema("trace-conclusion")).validate(to_json(FOUND))


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"verdict": "doubtful"}, "verdict"),
        ({"verdict": "not found"}, "verdict"),
        ({"verdict": "perhaps"}, "verdict"),
        ({"lines": 53}, "lines"),
        ({"silent": 30, "unknown": 27}, "lines"),
        ({"asked": 1}, "exports"),
        ({"left_out": 6}, "exports"),
        ({"exports": [to_json(EXPORT)] * 2}, "exports"),
        ({"exports": []}, "verdict"),
        ({"exports": [to_json(OTHER)], "verdict": "doubtful"}, "verdict"),
        ({"lines": -1}, "lines"),
        ({"sample": "sha256:" + "3" * 64}, "sample"),
        ({"file": "DUPONT Jeanne.csv"}, "file"),
        ({"unknown_lines": ["Roux;Jeanne"]}, "unknown_lines"),
    ],
)
def test_what_cannot_be_is_refused(changes: dict[str, Any], field: str) -> None:
    with pytest.raises(InvalidError) as caught:
        validate(Conclusion, to_json(FOUND) | changes)
    assert caught.value.problems[0].path == field
    assert "DUPONT" not in repr(caught.value)


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"period_until": "2017-12-31"}, "period_until"),
        ({"canary_lines": 0}, "canaries"),
        ({"canaries": []}, "canaries"),
        ({"canaries": ["b", "a"], "canary_lines": 2}, "canaries"),
        ({"canaries": ["a", "a"], "canary_lines": 2}, "canaries"),
        ({"canaries": [f"p-{n:04}" for n in range(MOST_PARCELS + 1)]}, "canaries"),
        ({"canaries": ["Dupont, Jeanne"]}, "canaries[0]"),
        ({"marks": {"nir": 55}}, "lines_known"),
        ({"marks": {"canary": 1}}, "marks"),
        ({"marks": {"surname": 1}}, "marks.surname"),
        ({"recipient": "age1"}, "recipient"),
        ({"probability": CERTAIN + 1}, "probability"),
        ({"probability": 0.5}, ""),
        ({"order": "Dupont Jeanne"}, "order"),
        *(
            ({field: f"Dupont{character}Jeanne"}, field)
            for field in ("controller", "source", "destination")
            for character in "\x00\x08\t\n\x1b\x7f\x9b\u2028\u202e\u2066\u200f\u061c\ufeff"
        ),
        ({"controller": "\u00a0 "}, "controller"),
        ({"controller": "L" * 301}, "controller"),
    ],
)
def test_what_an_export_cannot_be_is_refused(changes: dict[str, Any], field: str) -> None:
    value = to_json(FOUND)
    value["exports"][0] |= changes
    with pytest.raises(EcluseError) as caught:
        validate(Conclusion, value)
    assert "Jeanne" not in repr(caught.value)
    if isinstance(caught.value, InvalidError):
        assert caught.value.problems[0].path.startswith(f"exports[0].{field}")
    else:
        assert field == "", "JSON without fractions"


def test_more_exports_than_one_reads_are_refused() -> None:
    many = tuple(replace(OTHER, order_digest=f"sha256:{n:064x}") for n in range(MOST_EXPORTS + 1))
    with pytest.raises(InvalidError, match=str(MOST_EXPORTS)):
        validate(Conclusion, json.loads(encode(FOUND)) | {
            "exports": [to_json(EXPORT), *map(to_json, many)], "asked": 1000,
        })  # fmt: skip


def told(number: int, *exports: TracedExport, replaces: int | None = None) -> Telling:
    verdict = Verdict.FOUND if any(each.attributed for each in exports) else Verdict.NOT_FOUND
    made = replace(FOUND, verdict=verdict, exports=exports)
    return Telling(number, dt.datetime(2026, 11, number, tzinfo=dt.UTC), "Zoé", made, replaces)


def test_an_origin_is_named_once_by_its_latest_telling() -> None:
    """Samples of other lines that were told later (3, 4) take nothing back."""
    both = replace(OTHER, attributed=True)
    tellings = (told(1, EXPORT), told(2, both, EXPORT), told(3, OTHER), told(4))
    found = origins(tellings)
    assert [(telling.number, export.order) for telling, export in found] == [(2, both.order), (2, EXPORT.order)]
    assert origins((told(1, OTHER),)) == origins(()) == ()


def test_a_telling_takes_back_the_one_that_it_replaces_and_no_other() -> None:
    both = replace(OTHER, attributed=True)
    first, second = told(1, EXPORT), told(2, both)
    gone = (first, second, told(3, OTHER, replaces=1))
    assert [(telling.number, export.order) for telling, export in origins(gone)] == [(2, both.order)]
    narrowed = (told(1, both, EXPORT), told(2), told(3, EXPORT, replaces=1))
    assert [(telling.number, export.order) for telling, export in origins(narrowed)] == [(3, EXPORT.order)]
    elsewhere = (first, told(2, EXPORT), told(3, replaces=2))
    assert [telling.number for telling, _ in origins(elsewhere)] == [1], "the other sample still comes from it"


def test_of_a_chain_the_last_stands() -> None:
    chain = (told(1, EXPORT), told(2, replaces=1), told(3, replace(OTHER, attributed=True), replaces=2), told(4))
    assert [each.number for each in standing_tellings(chain)] == [3, 4]
    assert replacements(chain) == {1: 2, 2: 3}
    assert [telling.number for telling, _ in origins(chain)] == [3]
    assert origins(chain[:2]) == (), "what was taken back does not come back by itself"


@pytest.mark.parametrize(
    ("replaces", "told_before", "says"),
    [
        (1, {}, "no such conclusion"),
        (2, {1: None}, "no such conclusion"),
        (0, {1: None}, "no such conclusion"),
        (1, {1: None, 2: 1}, "conclusion 1 was replaced before"),
        (2, {1: None, 2: 1, 3: 2}, "conclusion 2 was replaced before"),
    ],
)
def test_what_is_not_there_or_was_replaced_is_replaced_no_more(
    replaces: int, told_before: dict[int, int | None], says: str
) -> None:
    with pytest.raises(UsageError, match=says):
        check_replaces(replaces, told_before)


def test_what_stands_is_replaced() -> None:
    check_replaces(None, {})
    check_replaces(1, {1: None, 2: None})
    check_replaces(3, {1: None, 2: 1, 3: 2})
    with pytest.raises(UsageError) as caught:
        check_replaces(1, {1: None, 2: 1, 3: 2})
    assert caught.value.hint == "what stands instead is conclusion 3"


@given(st.lists(st.integers(0, 9), max_size=9))
def test_whatever_is_replaced_the_last_telling_stands(wanted: list[int]) -> None:
    """As a room takes them: each in turn, where it may."""
    taken: dict[int, int | None] = {}
    for number in wanted:
        try:
            check_replaces(number or None, taken)
        except UsageError:
            continue
        taken[len(taken) + 1] = number or None
    tellings = tuple(told(number, replaces=gone) for number, gone in taken.items())
    standing = [each.number for each in standing_tellings(tellings)]
    assert sorted([*standing, *replacements(tellings)]) == list(taken)
    assert standing[-1:] == list(taken)[-1:]


@given(st.integers(0, 200), st.integers(0, 200), st.integers(0, 200), st.integers(0, 200), st.booleans())
def test_counts_that_can_be_are_taken_and_no_others(
    lines: int, silent: int, cut: int, known: int, attributed: bool
) -> None:
    each = replace(OTHER, lines_known=known, marks={Kind.NIR: known}, attributed=attributed, probability=5_000)
    value = to_json(replace(FOUND, exports=(OTHER,), verdict=Verdict.NOT_FOUND)) | {
        "verdict": "found" if attributed else "doubtful", "lines": lines, "silent": silent, "unknown": 0,
        "cut": cut, "exports": [to_json(each)],
    }  # fmt: skip
    if max(silent, cut, known) <= lines:
        assert decode(Conclusion, encode(validate(Conclusion, value))) == validate(Conclusion, value)
    else:
        with pytest.raises(InvalidError):
            validate(Conclusion, value)
