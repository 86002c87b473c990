"""Rules of any shape: read, or refused with file, line and field; nothing else comes out, and no value is repeated."""

import copy
import json
from collections.abc import Iterator
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from ecluse.control.watch.loading import Off, parse_rule
from ecluse.control.watch.rule import Rule
from ecluse.domain.errors import MalformedError

SECRET = "zq-secret"
OURS = {
    "raised": "event", "title_fr": "Un essai", "description_fr": "Pourquoi.", "mend_en": "Do it.",
    "mend_fr": "Faites-le.", "falsepositives_fr": ["Aucun."], "people": ["actor"],
}  # fmt: skip
HEAD: dict[str, Any] = {
    "title": "A test", "id": "7b9f0f46-1c58-4a2e-9c43-1f0a5b9e6a11", "name": "our_test", "status": "test",
    "description": "Why.", "tags": ["attack.t1078"], "falsepositives": ["None."], "level": "high", "ecluse": OURS,
}  # fmt: skip
SEARCH = {
    "event": "a", "actor|contains|all": ["b", "c"], "detail.rows|gt": 5, "origin|cidr": ["192.0.2.0/24"],
    "subject|exists": True, "actor|fieldref": "subject", "place": None, "detail.how|cased": "X",
}  # fmt: skip
DETECTION = HEAD | {
    "logsource": {"product": "ecluse", "service": "room"},
    "detection": {"selection": SEARCH, "filter_one": [{"event": "b"}, {"actor": [1, 2]}],
                  "condition": "selection and not 1 of filter_*"},
}  # fmt: skip
COUNT = HEAD | {
    "correlation": {"type": "value_count", "rules": ["one", "two"], "group-by": ["who"], "timespan": "10m",
                    "condition": {"gte": 2, "field": "actor"}, "generate": False,
                    "aliases": {"who": {"one": "actor", "two": "subject"}}},
}  # fmt: skip
ORDERED = HEAD | {
    "correlation": {"type": "temporal_ordered", "rules": ["one", "two"], "timespan": "1h", "generate": True}
}
OFF = {"id": HEAD["id"], "status": "off", "ecluse": {"reason": "A private network."}}
WHOLE = (DETECTION, COUNT, ORDERED, OFF)

TEXTS = st.sampled_from([
    "", " ", "a", SECRET, "off", "event", "clock", "counted", "event_count", "value_sum", "temporal", "gte", "actor",
    "detail.rows|gt", "actor|exists", "origin|cidr", "event|all", "not", "((", "1 of", "all of them", "9999w", "10m",
    "*", "\\", "\x00", "à", "x" * 2100, "<<", "=", "a.b[0]",
])  # fmt: skip
SCALARS = st.none() | st.booleans() | st.integers(-1, 3) | st.integers() | TEXTS
VALUES = st.recursive(
    SCALARS, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(TEXTS, inner, max_size=3), max_leaves=6
)


def holders(value: Any) -> Iterator[tuple[Any, Any]]:
    """Every place of a document: who holds it, under which name or index."""
    for key in list(value) if isinstance(value, dict) else range(len(value)) if isinstance(value, list) else ():
        yield value, key
        yield from holders(value[key])


@st.composite
def documents(draw: st.DrawFn) -> dict[str, Any]:
    """A good rule with one to three places taken away, put otherwise, or added to."""
    made: dict[str, Any] = copy.deepcopy(draw(st.sampled_from(WHOLE)))
    for _ in range(draw(st.integers(1, 3))):
        places = list(holders(made))
        if not places:
            break
        holder, key = draw(st.sampled_from(places))
        match draw(st.sampled_from(["put", "put", "wrap", "add", "take"])):
            case "put":
                holder[key] = draw(VALUES)
            case "wrap":
                holder[key] = [holder[key], *draw(st.lists(SCALARS, max_size=2))]
            case "add" if isinstance(holder, dict):
                holder[draw(TEXTS)] = draw(VALUES)
            case _:
                del holder[key]
    return made


def test_each_of_them_is_good() -> None:
    for whole in WHOLE:
        assert parse_rule(json.dumps(whole).encode(), file="rule.yml")


def read(document: dict[str, Any]) -> Rule | Off | MalformedError:
    try:
        return parse_rule(json.dumps(document, indent=1).encode(), file="rule.yml")
    except MalformedError as error:
        return error


@given(documents())
def test_a_rule_of_any_shape_is_read_or_refused_by_its_place(document: dict[str, Any]) -> None:
    found = read(document)
    if isinstance(found, MalformedError):
        assert found.location is not None
        assert found.location.file == "rule.yml"
        assert found.location.line is not None
        assert SECRET not in found.message
    elif isinstance(found, Rule) and found.detection is not None:
        for event in ({}, {"event": "a", "actor": "b", "detail.rows": 9, "origin": "192.0.2.1"}):
            assert found.detection.holds(event) in {True, False}
    elif isinstance(found, Rule):
        assert found.correlation is not None
        assert type(found.correlation.generate) is bool
        assert all(isinstance(name, str) for each in found.correlation.aliases.values() for name in each.values())
