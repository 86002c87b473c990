"""Alerts: how urgent, whose move it is, and when silence takes them on to the next station (law 8).

Pure: the time is an argument. An alert starts at the processor's engineer and ends, if nobody answers, at the
controller's DPO and director, who can neither be left out nor be put off by an acknowledgement that nothing follows.
"""

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum

from ecluse.domain.permissions import Role, Side


class Severity(StrEnum):
    """How urgent. Critical: patient data may be exposed, or nobody is watching."""

    CRITICAL = "critical"
    HIGH = "high"
    MEDIUM = "medium"
    LOW = "low"


class AlertState(StrEnum):
    """Where an alert stands. Only ``resolved`` ends it; it needs a reason."""

    OPEN = "open"
    ACKNOWLEDGED = "acknowledged"
    RESOLVED = "resolved"


@dataclass(frozen=True, slots=True)
class Station:
    """Who is told when an alert comes so far: roles of one side."""

    side: Side
    roles: frozenset[Role]


CHAIN: tuple[Station, ...] = (
    Station(Side.PROCESSOR, frozenset({Role.ENGINEER})),
    Station(Side.PROCESSOR, frozenset({Role.SECURITY_OFFICER})),
    Station(Side.PROCESSOR, frozenset({Role.DIRECTOR})),
    Station(Side.CONTROLLER, frozenset({Role.DPO, Role.DIRECTOR})),
)
"""The way of silence. In 2020 it ended at the vendor; here it ends at the laboratory."""


@dataclass(frozen=True, slots=True)
class Clocks:
    """How long a station may be silent, and how long an acknowledged alert may stay unresolved."""

    acknowledge: dt.timedelta
    resolve: dt.timedelta

    def __post_init__(self) -> None:
        """A clock that does not run would keep an alert for ever."""
        if self.acknowledge <= dt.timedelta(0) or self.resolve <= dt.timedelta(0):
            raise ValueError("clocks: both must be longer than nothing")


CLOCKS: Mapping[Severity, Clocks] = {
    Severity.CRITICAL: Clocks(dt.timedelta(minutes=15), dt.timedelta(hours=4)),
    Severity.HIGH: Clocks(dt.timedelta(hours=1), dt.timedelta(hours=24)),
    Severity.MEDIUM: Clocks(dt.timedelta(hours=8), dt.timedelta(days=5)),
    Severity.LOW: Clocks(dt.timedelta(days=2), dt.timedelta(days=15)),
}
"""Our choice: no law sets these. A critical alert that nobody answers reaches the controller in 45 minutes."""


def station_reached(
    clocks: Clocks,
    opened_at: dt.datetime,
    now: dt.datetime,
    *,
    acknowledged_at: dt.datetime | None = None,
    stations: int = len(CHAIN),
) -> int:
    """The index of the furthest station that must have heard by ``now``.

    Unacknowledged, one station more for each ``clocks.acknowledge``. An acknowledgement stops that for
    ``clocks.resolve``; what is unresolved then goes on from where it stood, as if silent.
    """
    silent = (acknowledged_at if acknowledged_at is not None else now) - opened_at
    reached = _stations(silent, clocks.acknowledge)
    if acknowledged_at is not None and (over := now - acknowledged_at - clocks.resolve) >= dt.timedelta(0):
        reached += 1 + _stations(over, clocks.acknowledge)
    return max(0, min(reached, stations - 1))


def next_station_at(
    clocks: Clocks,
    opened_at: dt.datetime,
    now: dt.datetime,
    *,
    acknowledged_at: dt.datetime | None = None,
    stations: int = len(CHAIN),
) -> dt.datetime | None:
    """When silence takes the alert on from where it stands; None once it has come to the end."""
    reached = station_reached(clocks, opened_at, now, acknowledged_at=acknowledged_at, stations=stations)
    if reached >= stations - 1:
        return None
    if acknowledged_at is None:
        return opened_at + (reached + 1) * clocks.acknowledge
    due = acknowledged_at + clocks.resolve
    while due <= now:
        due += clocks.acknowledge
    return due


def _stations(silent: dt.timedelta, each: dt.timedelta) -> int:
    return max(0, silent // each)
