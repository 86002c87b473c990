"""Alerts: how urgent, whose move it is, and when silence takes them on to the next station (law 8).

Pure: the time is an argument. An alert starts at the processor's engineer and ends, if nobody answers, at the
controller's DPO and director, who can neither be left out nor be put off by an acknowledgement that nothing follows.
"""

import datetime as dt
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from enum import StrEnum

from ecluse.domain.errors import UsageError
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


def heard_by(
    clocks: Clocks, opened_at: dt.datetime, station: int, *, acknowledged_at: dt.datetime | None = None
) -> dt.datetime:
    """When silence has taken an alert to the station of an index: :func:`station_reached` turned round."""
    before = station if acknowledged_at is None else _stations(acknowledged_at - opened_at, clocks.acknowledge)
    if acknowledged_at is None or station <= before:
        return opened_at + station * clocks.acknowledge
    return acknowledged_at + clocks.resolve + (station - before - 1) * clocks.acknowledge


def _stations(silent: dt.timedelta, each: dt.timedelta) -> int:
    return max(0, silent // each)


SHORTEST = dt.timedelta(minutes=1)
LONGEST = 2
"""An organisation's own clocks: as short as a minute, as long as twice ours. Our choice."""

CAN_WAIT = frozenset({Severity.MEDIUM, Severity.LOW})
"""What a person's quiet hours put off; nothing else waits for a night to end."""


def check_clocks(severity: Severity, clocks: Clocks) -> None:
    """An organisation may set its clocks, within bounds.

    Raises:
        UsageError: shorter than a minute, longer than twice ours, or resolved sooner than acknowledged.
    """
    ours = CLOCKS[severity]
    for name, own, most in (
        ("acknowledge", clocks.acknowledge, ours.acknowledge * LONGEST),
        ("resolve", clocks.resolve, ours.resolve * LONGEST),
    ):
        if not SHORTEST <= own <= most:
            raise UsageError(f"{severity}.{name}: from {SHORTEST} to {most}")
    if clocks.resolve < clocks.acknowledge:
        raise UsageError(f"{severity}: an alert cannot be resolved sooner than it is acknowledged")


def strictest(severity: Severity, own: Iterable[Clocks | None]) -> Clocks:
    """The clocks of an alert: the shortest of its organisations'; who has set none has ours."""
    each = [clocks or CLOCKS[severity] for clocks in own] or [CLOCKS[severity]]
    return Clocks(min(c.acknowledge for c in each), min(c.resolve for c in each))


def rises(before: Severity, after: Severity) -> bool:
    """Whether an alert that happens again is more urgent than before; it is never less."""
    order = list(Severity)
    return order.index(after) < order.index(before)


def told_at(
    severity: Severity, now: dt.datetime, quiet_from: dt.time | None, quiet_until: dt.time | None
) -> dt.datetime:
    """When a person is to be told: now, or for what can wait, when their quiet hours end. ``now`` is local to them."""
    if severity not in CAN_WAIT or quiet_from is None or quiet_until is None or quiet_from == quiet_until:
        return now
    at = now.timetz().replace(tzinfo=None)
    over_midnight = quiet_from > quiet_until
    quiet = (at >= quiet_from or at < quiet_until) if over_midnight else quiet_from <= at < quiet_until
    if not quiet:
        return now
    ends = dt.datetime.combine(now.date(), quiet_until, now.tzinfo)
    return ends if ends > now else ends + dt.timedelta(days=1)
