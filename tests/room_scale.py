"""A room as it is after years: two hundred migrations, a hundred thousand journal entries; and the pages that show them.

Import it only where Django is ready and the room furnished. The entries are real ones; the migrations copy one that is.
"""

import datetime as dt
from collections.abc import Iterator
from typing import Any

from django.utils import timezone

from ecluse.domain.lifecycle import State
from ecluse.domain.room import RoomEvent
from ecluse.store import recording
from ecluse.store.models import JournalLine, Migration, OrderVersion, Paper, PlaceEntry, PlaceJournal
from room_migrations import Things, things
from rooms import LAB, VENDOR, Room

MIGRATIONS, LINES, _AN_ACT = 200, 100_000, 5000
_STATES = [state for state in State if state is not State.ORDERED]


def furnish(room: Room, migrations: int = MIGRATIONS, lines: int = LINES) -> Things:
    """Fill the room; gives one of everything."""
    made = things(room)
    with recording.schema_change():
        _copy(Migration.objects.get(pk=made["migration"]), migrations - 1)
    _write(lines - JournalLine.objects.count())
    return made


def _copy(row: Migration, number: int) -> None:
    journals = list(PlaceJournal.objects.filter(migration=row))
    papers, order = list(Paper.objects.filter(migration=row)), row.order
    for each in range(number):
        order.pk, order.number = None, f"ORD-S-{each:04}"
        order._state.adding = True
        order.save()
        due = timezone.now() + dt.timedelta(days=each % 40 - 20)
        state = _STATES[each % len(_STATES)]
        copied = Migration.objects.create(order=OrderVersion.objects.get(pk=order.pk), state=state, due=due)
        for paper in papers:
            Paper.objects.create(migration=copied, kind=paper.kind, digest=paper.digest, data=paper.data)
        for journal in journals:
            entries = list(PlaceEntry.objects.filter(journal=journal).values())
            held = {name: getattr(journal, name) for name in ("place", "agent", "log", "size", "checkpoint", "counts")}
            other = PlaceJournal.objects.create(migration=copied, **held)
            PlaceEntry.objects.bulk_create(
                PlaceEntry(**{k: v for k, v in entry.items() if k not in {"id", "journal_id"}}, journal=other)
                for entry in entries
            )


def _write(number: int) -> None:
    """Real entries, in the tree and as lines, in a few large acts."""
    events = list(RoomEvent)
    for start in range(0, number, _AN_ACT):
        with recording.acting(f"person.{start // _AN_ACT}") as act:
            for n in range(start, min(start + _AN_ACT, number)):
                act.record(events[n % len(events)], LAB, VENDOR, subject=f"subject-{n % 500}")


def pages(made: Things) -> Iterator[str]:
    """Every page that can be looked at, with what it shows."""
    from tests.portal.endpoints import endpoints  # noqa: PLC0415 - Django is ready only now

    known: dict[str, Any] = made.by_name
    for each in endpoints():
        if each.mark in {"guarded", "own"} and set(each.parameters) <= set(known):
            yield each.address(known)
    yield "/journal/?event=order.approved"
    yield "/journal/?actor=person.7&subject=subject-7&below=60000"
    yield "/journal/?actor=nobody"
