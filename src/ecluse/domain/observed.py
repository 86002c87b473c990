"""What the watch sees: one event of any place in one shape, for rules, alerts and security logs (law 8, R10).

Three sources give them: the control room's journal, the places' journals (both through the room), and the relay's
accesses. None holds a patient's value: ids, counts, addresses of machines and digests.
"""

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class Observed:
    """One event.

    ``place`` is ``room``, ``relay/<id>``, ``source/<agent>`` or ``destination/<agent>``; ``event`` a ``RoomEvent``, an
    ``Event`` of a place or an ``Access`` of a relay. ``origin`` is an IP address where one is known. ``concerns`` are
    organisations (slugs) whose people may hear of it. ``mark`` names the event for ever (place, journal index), so
    that seeing it twice raises nothing twice.
    """

    at: dt.datetime
    place: str
    event: str
    actor: str
    mark: str
    subject: str = ""
    origin: str | None = None
    concerns: tuple[str, ...] = ()
    detail: Mapping[str, int | str] = field(default_factory=dict)
