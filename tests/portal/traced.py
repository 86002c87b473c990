"""Tracing for tests of the room: exports with fingerprints, and conclusions told to an incident."""

import datetime as dt

from django.utils import timezone

from ecluse.domain.conclusions import Conclusion
from ecluse.domain.permissions import Role
from ecluse.seal.sealing import Identity
from ecluse.store.acts import traces as acts
from ecluse.store.models import IncidentRow, IncidentTrace
from room_migrations import Places, agreed, ordered
from rooms import LAB, Room

DPO = (LAB, Role.DPO)


def exported(
    room: Room, number: str, until: str | None = "sealed", lab: str = LAB, *, days: int | None = 200
) -> Places:
    """A migration on its way; its fingerprints are kept so many days from now, or never made (None)."""
    last = timezone.localdate() + dt.timedelta(days or 0)
    trace = {"recipient": Identity.generate().recipient, "keep_until": last.isoformat()} if days else None
    places = Places(room, ordered(room, agreed(room, lab, f"DPA-{number}"), f"ORD-{number}", trace))
    return places.told(until) if until else places


def told(
    room: Room, row: IncidentRow, made: Conclusion, who: tuple[str, Role] = DPO, replaces: int | None = None
) -> IncidentTrace:
    by = room.people[who]
    return acts.tell_trace(by.handle, row, made, by=by, replaces=replaces)
