"""An event as the fields that rules name: what it says, and what follows from it alone."""

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass
from zoneinfo import ZoneInfo

from ecluse.domain.networks import network_of
from ecluse.domain.observed import Observed

Value = str | int | bool | tuple[str, ...]
Fields = Mapping[str, Value]

PLAIN = ("event", "place", "service", "actor", "subject", "origin", "network", "concerns", "working_hours")
"""Fields of every event, ``detail.<name>`` apart. ``service``: room, relay, place or watch; ``network``: the origin's
first 24 bits (IPv4) or 48 (IPv6); ``working_hours``: whether it happened in them. ``origin`` and ``network`` may be
missing."""
DETAIL = "detail."
SERVICES = ("room", "relay", "place", "watch")
_PLACES = {"source": "place", "destination": "place"}
_SATURDAY = 5
PARIS = ZoneInfo("Europe/Paris")


@dataclass(frozen=True, slots=True)
class WorkingHours:
    """When people work: from ``opens`` to ``closes`` o'clock, Monday to Friday, but for ``closed`` days."""

    zone: dt.tzinfo = PARIS
    opens: int = 7
    closes: int = 20
    closed: frozenset[dt.date] = frozenset()

    def hold(self, at: dt.datetime) -> bool:
        """Whether an instant lies in them."""
        here = at.astimezone(self.zone)
        open_day = here.weekday() < _SATURDAY and here.date() not in self.closed
        return open_day and self.opens <= here.hour < self.closes


def service_of(place: str) -> str:
    """``room``, ``relay``, ``place`` (a source's or a destination's) or ``watch``; its own name for any other."""
    kind = place.partition("/")[0]
    return _PLACES.get(kind, kind)


def fields_of(event: Observed, hours: WorkingHours) -> dict[str, Value]:
    """All fields of an event."""
    fields: dict[str, Value] = {f"{DETAIL}{name}": value for name, value in event.detail.items()}
    fields |= {
        "event": event.event,
        "place": event.place,
        "service": service_of(event.place),
        "actor": event.actor,
        "subject": event.subject,
        "concerns": event.concerns,
        "working_hours": hours.hold(event.at),
    }
    if event.origin:
        fields["origin"] = event.origin
        fields["network"] = network_of(event.origin)
    return fields


def text_of(value: Value) -> str:
    """A value as a group's or a distinct value's name."""
    if isinstance(value, tuple):
        return ",".join(sorted(value))
    return str(value)
