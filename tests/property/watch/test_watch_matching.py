"""Detections against azuma, an evaluator of Sigma that shares nothing with ours."""

import json

import pytest
from azuma import Rule as Azuma
from hypothesis import given
from hypothesis import strategies as st

from ecluse.control.watch.loading import parse_rule
from ecluse.control.watch.match import Node
from ecluse.control.watch.rule import Rule

HEAD = """\
title: A test
id: 7b9f0f46-1c58-4a2e-9c43-1f0a5b9e6a11
name: our_test
status: test
description: Why.
level: high
logsource: {product: ecluse, service: room}
ecluse: {raised: counted, title_fr: Un essai}
"""
FIELDS = ("event", "actor", "subject", "detail.rows", "detail.how", "origin")
WORDS = st.sampled_from(["a", "A", "ab", "abc", "bc", "a.b", "b+", "room", "Room", "à", "À", "x y"])
NUMBERS = st.integers(-3, 6)
ADDRESSES = st.sampled_from(["192.0.2.1", "192.0.2.200", "198.51.100.7", "10.0.0.1", "2001:db8::1", "2001:db9::1"])
NETWORKS = st.sampled_from(["192.0.2.0/25", "192.0.2.0/24", "10.0.0.0/8", "2001:db8::/32"])
TEXTS = st.sampled_from(["event", "actor", "subject", "detail.how"])


def one_or_more(values: st.SearchStrategy[object]) -> st.SearchStrategy[object]:
    return values | st.lists(values, min_size=1, max_size=3)


ITEMS = st.one_of(
    st.tuples(TEXTS, one_or_more(WORDS)),
    st.tuples(TEXTS.map("{}|contains".format), one_or_more(WORDS)),
    st.tuples(TEXTS.map("{}|startswith".format), one_or_more(WORDS)),
    st.tuples(TEXTS.map("{}|endswith".format), one_or_more(WORDS)),
    st.tuples(TEXTS.map("{}|contains|all".format), st.lists(WORDS, min_size=2, max_size=3)),
    st.tuples(TEXTS.map("{}|exists".format), st.booleans()),
    st.tuples(st.sampled_from([f"detail.rows|{how}" for how in ("gt", "gte", "lt", "lte")]), NUMBERS),
    st.tuples(st.just("origin|cidr"), one_or_more(NETWORKS)),
    st.tuples(TEXTS, st.none()),
)
SEARCHES = st.dictionaries(
    st.sampled_from(["sel_one", "sel_two", "filter_one"]),
    st.lists(ITEMS, min_size=1, max_size=3).map(dict)
    | st.lists(ITEMS.map(lambda item: dict([item])), min_size=1, max_size=2),
    min_size=3,
    max_size=3,
)
CONDITIONS = st.sampled_from([
    "sel_one and sel_two and filter_one",
    "sel_one or sel_two or filter_one",
    "sel_one and not filter_one and sel_two",
    "sel_one or sel_two and not filter_one",
    "not sel_one or not (sel_two and filter_one)",
    "1 of sel_* and not filter_one",
    "all of sel_* or filter_one",
    "1 of them",
    "all of them",
    "not 1 of filter_* and all of sel_*",
    "(sel_one or filter_one) and (sel_two or not filter_one)",
])  # fmt: skip
EVENTS = st.fixed_dictionaries(
    {},
    optional=dict.fromkeys(("event", "actor", "subject", "detail.how"), WORDS)
    | {"detail.rows": NUMBERS, "origin": ADDRESSES},
)


def ours(text: str) -> Node:
    read = parse_rule(text.encode(), file="rule.yml")
    assert isinstance(read, Rule)
    assert read.detection is not None
    return read.detection


@given(SEARCHES, CONDITIONS, st.lists(EVENTS, min_size=1, max_size=5))
def test_detections_match_as_another_evaluator_says(
    searches: dict[str, object], condition: str, events: list[dict[str, str | int]]
) -> None:
    detection = json.dumps(searches | {"condition": condition}, ensure_ascii=False)
    text = f"{HEAD}detection: {detection}\n"
    node, other = ours(text), Azuma.model_validate_yaml(text)
    for event in events:
        assert node.holds(event) == other.match(event), (detection, event)
        names = node.events()
        if names is not None and node.holds(event):
            assert str(event.get("event", "")).casefold() in names


@pytest.mark.parametrize(
    ("search", "event", "holds"),
    [
        ("actor|fieldref: subject", {"actor": "A.Petit", "subject": "a.petit"}, True),
        ("actor|fieldref: subject", {"actor": "a.petit", "subject": "b"}, False),
        ("actor|fieldref: subject", {"actor": "a.petit"}, False),
        ("actor|cased: A", {"actor": "a"}, False),
        ("actor|cased: A", {"actor": "A"}, True),
        ("working_hours: false", {"working_hours": False}, True),
        ("working_hours: false", {"working_hours": True}, False),
        ("working_hours: false", {}, False),
        ("detail.rows: 1", {"detail.rows": True}, False),
        ("detail.rows: 1", {"detail.rows": 1}, True),
        ("detail.rows: 1", {"detail.rows": "1"}, False),
        ("detail.rows|gt: 1", {"detail.rows": "2"}, False),
        ("origin|cidr: 192.0.2.0/24", {"origin": "::ffff:192.0.2.9"}, True),
        ("origin|cidr: 192.0.2.0/24", {"origin": "a host"}, False),
        ("concerns: lab", {"concerns": ("vendor", "LAB")}, True),
        ("concerns|contains: la", {"concerns": ("vendor",)}, False),
    ],
)
def test_what_it_does_not_know(search: str, event: dict[str, object], *, holds: bool) -> None:
    node = ours(f"{HEAD}detection:\n  selection:\n    {search}\n  condition: selection\n")
    assert node.holds(event) is holds  # type: ignore[arg-type]
