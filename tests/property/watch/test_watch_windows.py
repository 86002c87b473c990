"""Correlations against a naive reference: any events, any order within the lateness, bounded memory."""

import datetime as dt
import itertools
import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ecluse.control.watch.rule import Correlation, Kind
from ecluse.control.watch.windows import LATENESS, MAX_VALUES, Seen, window

START = dt.datetime(2026, 1, 12, 9, tzinfo=dt.UTC)
SPAN = dt.timedelta(seconds=100)


def seen(place: int, after: int, *, rule: str = "a", value: str = "", number: int = 0) -> Seen:
    return Seen(START + dt.timedelta(seconds=after), f"m{place}", rule, value, number)


def correlation(kind: Kind, bound: int = 1, rules: tuple[str, ...] = ("a",)) -> Correlation:
    return Correlation(kind, rules, (), SPAN, bound)


def fired(made: Correlation, events: list[Seen]) -> list[bool]:
    held = window(made)
    return [held.add(each) is not None for each in events]


TIMES = st.lists(st.integers(0, 400), max_size=40).map(sorted)


@given(TIMES, st.integers(1, 6))
def test_a_count_in_order(times: list[int], bound: int) -> None:
    """The naive way: as many as the bound since the last time that it was true, all within the timespan."""
    since: list[int] = []
    expected = []
    for at in times:
        since.append(at)
        recent = [each for each in since if at - each <= 100]
        expected.append(len(recent) >= bound)
        if expected[-1]:
            since = [each for each in since if each not in recent[-bound:]] if bound < len(recent) else []
    assert fired(correlation(Kind.EVENT_COUNT, bound), [seen(n, at) for n, at in enumerate(times)]) == expected


@given(TIMES, st.integers(2, 5), st.randoms(use_true_random=False))
def test_a_count_fires_whatever_the_order(times: list[int], bound: int, chance: random.Random) -> None:
    """Shuffled within the lateness, it is true if and only if some of the events lie close enough together."""
    late = int(LATENESS.total_seconds())
    events = sorted(
        (seen(n, at) for n, at in enumerate(times)), key=lambda each: each.at.timestamp() + chance.uniform(0, late)
    )
    close = any(times[n + bound - 1] - times[n] <= 100 for n in range(len(times) - bound + 1))
    assert any(fired(correlation(Kind.EVENT_COUNT, bound), events)) == close


@given(st.lists(st.tuples(st.integers(0, 400), st.integers(1, 50)), max_size=40).map(sorted), st.integers(1, 300))
def test_a_sum_in_order(given_: list[tuple[int, int]], bound: int) -> None:
    since: list[tuple[int, int]] = []
    expected = []
    for at, number in given_:
        since = [*((then, much) for then, much in since if at - then <= 100), (at, number)]
        expected.append(sum(much for _, much in since) >= bound)
        if expected[-1]:
            since = []
    events = [seen(n, at, number=number) for n, (at, number) in enumerate(given_)]
    assert fired(correlation(Kind.VALUE_SUM, bound), events) == expected


@given(
    st.lists(st.tuples(st.integers(0, 400), st.sampled_from("abcdefgh")), max_size=10).map(sorted), st.integers(1, 6)
)
def test_distinct_values_in_order(given_: list[tuple[int, str]], bound: int) -> None:
    expected = []
    for place, (at, value) in enumerate(given_):
        before = {other for then, other in given_[:place] if at - then <= 100}
        expected.append(value not in before and len(before | {value}) >= bound)
    events = [seen(n, at, value=value) for n, (at, value) in enumerate(given_)]
    assert fired(correlation(Kind.VALUE_COUNT, bound), events) == expected


@given(st.lists(st.tuples(st.integers(0, 400), st.sampled_from("abc")), max_size=30).map(sorted))
def test_rules_together_and_in_order(given_: list[tuple[int, str]]) -> None:
    for kind in (Kind.TEMPORAL, Kind.TEMPORAL_ORDERED):
        since: list[tuple[int, str]] = []
        expected = []
        for at, rule in given_:
            since = [*((then, name) for then, name in since if at - then <= 100), (at, rule)]
            names = [name for _, name in since]
            times = [[then for then, name in since if name == each] for each in "abc"]
            ordered = any(one <= two <= three for one, two, three in itertools.product(*times))
            expected.append(set(names) == set("abc") if kind is Kind.TEMPORAL else ordered)
            if expected[-1]:
                since = []
        events = [seen(n, at, rule=rule) for n, (at, rule) in enumerate(given_)]
        assert fired(correlation(kind, rules=("a", "b", "c")), events) == expected, kind


@pytest.mark.parametrize("kind", list(Kind))
def test_a_flood_of_one_group_is_bounded(kind: Kind) -> None:
    rules = ("a", "b") if kind in {Kind.TEMPORAL, Kind.TEMPORAL_ORDERED} else ("a",)
    held = window(correlation(kind, 1000 if kind is not Kind.VALUE_SUM else 10**15, rules))
    for n in range(5000):
        held.add(Seen(START + dt.timedelta(milliseconds=n), f"m{n}", "a", f"v{n}", 1))
    kept = getattr(held, "latest", None) or held.events  # type: ignore[attr-defined]
    assert (sum(map(len, kept.values())) if kind in {Kind.TEMPORAL, Kind.TEMPORAL_ORDERED} else len(kept)) <= MAX_VALUES
