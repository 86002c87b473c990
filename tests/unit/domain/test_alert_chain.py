"""Silence takes an alert on, station by station, and an empty acknowledgement does not hold it."""

import datetime as dt

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ecluse.domain.alerts import CHAIN, CLOCKS, Clocks, Severity, heard_by, station_reached
from ecluse.domain.permissions import Role, Side

START = dt.datetime(2026, 3, 25, 9, tzinfo=dt.UTC)
MINUTES = st.integers(0, 60 * 24 * 60).map(lambda n: dt.timedelta(minutes=n))


def test_the_chain_ends_at_the_controller() -> None:
    assert CHAIN[0].side is Side.PROCESSOR
    assert CHAIN[-1].side is Side.CONTROLLER
    assert CHAIN[-1].roles == {Role.DPO, Role.DIRECTOR}


@pytest.mark.parametrize("severity", list(Severity))
def test_silence_reaches_the_controller_and_stays_there(severity: Severity) -> None:
    clocks = CLOCKS[severity]
    at = [station_reached(clocks, START, START + n * clocks.acknowledge) for n in range(6)]
    assert at == [0, 1, 2, 3, 3, 3]


def test_an_acknowledgement_holds_it_until_the_resolution_is_due() -> None:
    clocks = CLOCKS[Severity.HIGH]
    said = START + dt.timedelta(minutes=30)
    held = [station_reached(clocks, START, said + dt.timedelta(hours=h), acknowledged_at=said) for h in (0, 23, 24, 25, 40)]
    assert held == [0, 0, 1, 2, 3]


def test_it_goes_on_from_where_it_stood() -> None:
    clocks = CLOCKS[Severity.CRITICAL]
    said = START + dt.timedelta(minutes=31)  # management has been told
    assert station_reached(clocks, START, said + dt.timedelta(hours=1), acknowledged_at=said) == 2
    assert station_reached(clocks, START, said + dt.timedelta(hours=4), acknowledged_at=said) == 3


@given(st.sampled_from(Severity), MINUTES, st.none() | MINUTES, MINUTES)
def test_time_never_takes_it_back_and_the_next_is_when_it_says(
    severity: Severity, later: dt.timedelta, said: dt.timedelta | None, more: dt.timedelta
) -> None:
    clocks = CLOCKS[severity]
    acknowledged = None if said is None else START + said
    now = START + later + (said or dt.timedelta(0))
    before = station_reached(clocks, START, now, acknowledged_at=acknowledged)
    assert station_reached(clocks, START, now + more, acknowledged_at=acknowledged) >= before
    if before < len(CHAIN) - 1:
        due = heard_by(clocks, START, before + 1, acknowledged_at=acknowledged)
        assert due > now
        assert station_reached(clocks, START, due, acknowledged_at=acknowledged) == before + 1
        instant = dt.timedelta(microseconds=1)
        assert station_reached(clocks, START, max(due - instant, now), acknowledged_at=acknowledged) == before


def test_clocks_run() -> None:
    with pytest.raises(ValueError, match="clocks"):
        Clocks(dt.timedelta(0), dt.timedelta(days=1))
