"""What is told of the largest answers: it can always be told, and what bears the verdict is never left out (R11)."""

import json
from dataclasses import replace
from typing import Any

import pytest

from ecluse.domain.conclusions import CERTAIN, MOST_EXPORTS, MOST_PARCELS, MOST_TEXT, Verdict
from ecluse.domain.tracing import Kind
from ecluse.migration.trace_told import conclusion_of
from ecluse.wire.artefacts import decode, encode, to_json, validate
from traced_answers import answer, finding, largest


def test_of_more_exports_and_parcels_than_are_listed_the_first_are_told() -> None:
    made = conclusion_of(largest("Laboratoire", 3 * MOST_EXPORTS, 2 * MOST_PARCELS), more=True, cut=0)
    assert (len(made.exports), made.left_out) == (MOST_EXPORTS, 2 * MOST_EXPORTS)
    assert {len(each.canaries) for each in made.exports} == {MOST_PARCELS}
    assert {each.canary_lines for each in made.exports} == {2 * MOST_PARCELS}, "the lines are counted, all of them"
    assert {len(each.marks) for each in made.exports} == {len(Kind) - 1}


@pytest.mark.parametrize(("named", "verdict"), [(True, Verdict.FOUND), (False, Verdict.DOUBTFUL)])
def test_what_bears_the_verdict_is_not_left_out(named: bool, verdict: Verdict) -> None:
    """Though as many as are listed, and more, stand before it."""
    others = [finding(at, named=False, posterior=0.001) for at in range(MOST_EXPORTS + 5)]
    made = conclusion_of(answer(*others, finding(999, named=named, posterior=0.9)), more=False, cut=0)
    assert made.verdict is verdict
    assert made.exports[0].order == "ORD-999"
    assert [each.order for each in made.exports[1:4]] == ["ORD-0", "ORD-1", "ORD-2"], "the rest as they came"
    assert made.left_out == 6


def test_no_conclusion_that_the_format_lets_be_is_longer_than_a_room_takes() -> None:
    """Whatever its names are made of: 300 quotes are 600 characters."""
    made = conclusion_of(largest("Laboratoire", MOST_EXPORTS, MOST_PARCELS), more=True, cut=0)
    whole, most = to_json(made), 2**53 - 1
    longest: dict[str, Any] = {
        "controller": '"' * 300, "source": "\\" * 300, "destination": '"' * 300, "persons": most, "lines_known": most,
        "slips": most, "canary_lines": most, "ratio": -1_000_000, "probability": CERTAIN, "explained": False,
        "marks": {str(kind): most for kind in Kind if kind is not Kind.CANARY},
    }  # fmt: skip
    exports = [
        each | longest | {"canaries": [f"{'p' * 116}{at:04}" for at in range(MOST_PARCELS)]}
        for each in whole["exports"]
    ]
    counted = dict.fromkeys(("lines", "cut", "asked", "expired", "refused", "foreign"), most)
    text = encode(validate(type(made), whole | counted | {"exports": exports, "left_out": most - MOST_EXPORTS}))
    assert 0.8 * MOST_TEXT < len(text.decode()) < MOST_TEXT
    assert decode(type(made), text).exports[0].source == "\\" * 300
    wide = replace(made, exports=tuple(replace(each, source="𝔏" * 300) for each in made.exports))
    assert len(encode(wide).decode()) < MOST_TEXT
    assert json.loads(encode(wide))["exports"][0]["source"] == "𝔏" * 300
