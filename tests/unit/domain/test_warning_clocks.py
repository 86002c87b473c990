"""Warnings' clocks, stations and names, by themselves (R10)."""

import datetime as dt
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ecluse.domain.errors import TransitionError
from ecluse.domain.permissions import Role, Side
from ecluse.domain.warnings import (
    LAST,
    STATIONS,
    Body,
    Function,
    Someone,
    Terms,
    Timing,
    WarningState,
    acknowledge_by,
    answer_by,
    check_step,
    concerned,
    named_in,
    stations_reached,
)

PARIS = ZoneInfo("Europe/Paris")
EASTER = frozenset({dt.date(2020, 4, 13), dt.date(2020, 5, 1)})
T0 = dt.datetime(2020, 3, 25, 18, 30, tzinfo=PARIS)
instants = st.integers(0, 3650 * 24).map(lambda hours: T0 + dt.timedelta(hours=hours))


@pytest.mark.parametrize(
    ("received", "days", "end"),
    [
        (T0, 7, dt.datetime(2020, 4, 4, tzinfo=PARIS)),
        (dt.datetime(2020, 4, 9, 9, tzinfo=PARIS), 7, dt.datetime(2020, 4, 22, tzinfo=PARIS)),  # over Easter Monday
        (dt.datetime(2020, 4, 11, 9, tzinfo=PARIS), 1, dt.datetime(2020, 4, 15, tzinfo=PARIS)),  # of a Saturday
        (
            dt.datetime(2020, 3, 27, 9, tzinfo=PARIS),
            1,
            dt.datetime(2020, 3, 31, tzinfo=PARIS),
        ),  # the clock goes forward
    ],
)
def test_working_days(received: dt.datetime, days: int, end: dt.datetime) -> None:
    assert acknowledge_by(received, Terms(days), EASTER, exposed=False) == end


def test_hours_where_data_are_exposed() -> None:
    assert acknowledge_by(T0, Terms(), EASTER, exposed=True) == T0 + dt.timedelta(hours=4)


@given(instants, st.integers(1, 7), st.integers(1, 7))
def test_a_shorter_clock_ends_no_later(received: dt.datetime, one: int, other: int) -> None:
    ends = [acknowledge_by(received, Terms(days), EASTER, exposed=False) for days in sorted((one, other))]
    assert received < ends[0] <= ends[1]
    assert Terms(one).shorter(Terms(other)).acknowledge_days == min(one, other)


def timing(**rest: dt.datetime) -> Timing:
    return Timing(T0, acknowledge_by(T0, Terms(), EASTER, exposed=False), answer_by(T0, Terms()), **rest)


@given(st.lists(st.booleans(), min_size=3, max_size=3), st.floats(0, 200), st.floats(0, 200))
def test_silence_never_goes_back_and_the_last_comes_in_time(manned: list[bool], first: float, later: float) -> None:
    early, late = (T0 + dt.timedelta(days=days) for days in sorted((first, later)))
    one, two = stations_reached(timing(), manned, early), stations_reached(timing(), manned, late)
    assert set(one) <= set(two)
    assert all(manned[place] for place in two)
    assert bool(one) == any(manned), "whoever there is has it at once"
    if manned[LAST]:
        assert LAST in stations_reached(timing(), manned, timing().acknowledge_by - dt.timedelta(seconds=1))


@given(st.floats(0, 9), st.floats(0, 90), st.floats(0, 400))
def test_an_acknowledgement_stops_silence_only_until_the_answer_is_due(
    acknowledged: float, answered: float, now: float
) -> None:
    at = T0 + dt.timedelta(days=now)
    seen = timing(acknowledged=T0 + dt.timedelta(days=acknowledged))
    assert set(stations_reached(seen, [True] * 3, at)) <= {0, 1, 2}
    assert LAST in stations_reached(seen, [True] * 3, seen.answer_by)
    done = timing(acknowledged=T0, answered=T0 + dt.timedelta(days=answered))
    assert stations_reached(done, [True] * 3, T0 + dt.timedelta(days=500)) == stations_reached(
        timing(acknowledged=T0), [True] * 3, T0 + dt.timedelta(days=answered)
    )
    assert not done.overdue(T0 + dt.timedelta(days=500))


def test_what_is_overdue() -> None:
    assert timing().overdue(timing().acknowledge_by - dt.timedelta(seconds=1)) == ""
    assert timing().overdue(timing().acknowledge_by) == "unacknowledged"
    seen = timing(acknowledged=T0)
    assert (seen.overdue(seen.answer_by - dt.timedelta(seconds=1)), seen.overdue(seen.answer_by)) == ("", "unanswered")


def test_steps_go_forward_and_nowhere_else() -> None:
    allowed = set()
    for state in WarningState:
        for to in WarningState:
            try:
                check_step(state, to)
            except TransitionError:
                continue
            allowed.add((str(state), str(to)))
    assert allowed == {
        ("received", "acknowledged"), ("received", "answered"), ("acknowledged", "answered"), ("answered", "answered"),
        ("answered", "closed"),
    }  # fmt: skip


DUPONT = Someone("j.dupont", "Jean-Paul DUPONT", "jp.dupont@labo.example",
                 frozenset({(Side.PROCESSOR, Role.SECURITY_OFFICER)}))  # fmt: skip
LEFEVRE = Someone(
    "m.lefevre", "Maëlle Lefèvre", "m.lefevre@labo.example", frozenset({(Side.CONTROLLER, Role.DIRECTOR)})
)


@pytest.mark.parametrize(
    "line",
    ["Dupont", "M. Dupont", "monsieur Jean-Paul Dupont, le RSSI", "dupont jean paul", "J.DUPONT", "jp.dupont@LABO.example",
     "Dr Dupont", " DUPONT\t"],
)  # fmt: skip
def test_people_as_others_write_them(line: str) -> None:
    assert named_in([line], (), [DUPONT, LEFEVRE]) == {"j.dupont"}


@pytest.mark.parametrize("line", ["", "M.", "Durand", "le RSSI", "@", "jp.dupont@labo.example.org", "1234"])
def test_nobody_is_meant_by_nothing(line: str) -> None:
    assert not named_in([line], (), [DUPONT, LEFEVRE])


def test_by_accents_and_by_function() -> None:
    assert named_in(["LEFEVRE"], (), [DUPONT, LEFEVRE]) == {"m.lefevre"}
    assert named_in([], [Function.SECURITY_OFFICER], [DUPONT, LEFEVRE]) == {"j.dupont"}
    assert named_in([], [Function.CONTROLLER_MANAGEMENT], [DUPONT, LEFEVRE]) == {"m.lefevre"}


VENDOR = Body("vendor", "Logiciel Labo SAS", Side.PROCESSOR)
NORTH = Body("nord", "Laboratoire du Nord", Side.CONTROLLER, "750100125")
SOUTH = Body("sud", "Laboratoire du Sud", Side.CONTROLLER)


def test_whom_it_concerns() -> None:
    bodies = (VENDOR, NORTH, SOUTH)
    unnamed = concerned("je ne sais pas", bodies)
    assert (unnamed.processors, unnamed.readers, unnamed.witnesses) == (("vendor",), (), ("nord", "sud"))
    for typed in ("laboratoire du nord", "75 01 00 125", "NORD", "Nord du laboratoire"):
        assert concerned(typed, bodies).witnesses == ("nord",) == concerned(typed, bodies).readers, typed
    assert concerned("", (VENDOR, NORTH)).readers == ("nord",), "the only one"
    assert concerned("", (NORTH, VENDOR, SOUTH)).readers == ("nord",), "whose room it is"
    assert concerned("Logiciel Labo SAS", bodies).processors == ("vendor",)
    assert concerned("x", (NORTH,)).everybody() == ("nord",)


def test_engineers_are_on_no_station() -> None:
    assert not any(Role.ENGINEER in station.roles for station in STATIONS)
