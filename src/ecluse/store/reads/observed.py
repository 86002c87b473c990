"""What the watch reads: every source's events after a cursor, in one shape (``domain.observed``). Nothing is missed.

A source is read by its own journal's index, never by a row's id or time: journals are appended to one at a time, so
that no entry can appear behind one that was read, as rows of transactions that overlap can.
"""

import datetime as dt
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Protocol

from django.db.models import F, Q

from ecluse.domain.observed import Observed
from ecluse.domain.room import RoomEvent
from ecluse.store.models import JournalLine, PlaceEntry, PlaceJournal, RelayEntry, RelayJournal
from ecluse.store.reads.boxes import parties_of_boxes

BATCH = 1000
"""How many events are read at once."""
OURS = frozenset(event for event in RoomEvent if event.startswith("alert.")) - {
    RoomEvent.ALERT_CLOCKS_SET, RoomEvent.ALERT_WAYS_SET,
}  # fmt: skip
"""What the room says of an alert's life is no reason for another."""


@dataclass(frozen=True, slots=True)
class Seen:
    """Events in their order, and where to read on; ``more``: there are others already."""

    events: tuple[Observed, ...]
    cursor: Any
    more: bool = False


class Source(Protocol):
    """Where events come from. A cursor is JSON; None before anything was read."""

    @property
    def name(self) -> str:
        """By which its cursor is kept."""
        ...

    def since(self, cursor: Any) -> Seen:
        """What came after a cursor."""
        ...

    def last(self, cursor: Any, after: dt.datetime) -> Iterable[Observed]:
        """What had been read up to a cursor and happened after an instant, in its order."""
        ...


class RoomLines:
    """The room's own journal. The cursor is the next index."""

    name = "room"

    def since(self, cursor: Any) -> Seen:
        """See :class:`Source`."""
        start = int(cursor or 0)
        lines = list(JournalLine.objects.filter(index__gte=start).order_by("index")[:BATCH])
        following = lines[-1].index + 1 if lines else start
        return Seen(tuple(_not_ours(of_lines(lines))), following, len(lines) == BATCH)

    def last(self, cursor: Any, after: dt.datetime) -> Iterable[Observed]:
        """See :class:`Source`."""
        lines = JournalLine.objects.filter(index__lt=int(cursor or 0), at__gt=after).order_by("index")
        return _not_ours(of_lines(lines.iterator(chunk_size=BATCH)))


class PlaceEntries:
    """The journals of all places, as they were reported. The cursor says how many entries of each were read."""

    name = "places"

    def __init__(self, limit: int = BATCH) -> None:
        self._limit = limit

    def since(self, cursor: Any) -> Seen:
        """See :class:`Source`."""
        read = dict(cursor or {})
        events: list[Observed] = []
        more = False
        for number, size in PlaceJournal.objects.order_by("pk").values_list("pk", "size"):
            start = int(read.get(str(number), 0))
            if start >= size:
                continue
            if len(events) >= self._limit:
                more = True
                break
            wanted = Q(journal=number, index__gte=start, index__lt=min(size, start + self._limit))
            entries = list(_entries(wanted))
            events += [_of_entry(each) for each in entries]
            read[str(number)] = entries[-1].index + 1 if entries else size
            more = more or read[str(number)] < size
        return Seen(tuple(sorted(events, key=lambda each: each.at)), read, more)

    def last(self, cursor: Any, after: dt.datetime) -> Iterator[Observed]:
        """See :class:`Source`."""
        read: Mapping[str, int] = dict(cursor or {})
        recent = _entries(Q(at__gt=after, index__lt=F("journal__size"))).order_by("at")
        for entry in recent.iterator(chunk_size=BATCH):
            if entry.index < read.get(str(entry.journal_id), 0):
                yield _of_entry(entry)


class RelayEntries:
    """The journals of all relays, as they were reported. The cursor says how many entries of each were read."""

    name = "relays"

    def since(self, cursor: Any) -> Seen:
        """See :class:`Source`."""
        read = dict(cursor or {})
        events: list[Observed] = []
        more = False
        for number, size in RelayJournal.objects.order_by("pk").values_list("pk", "size"):
            start, room = int(read.get(str(number), 0)), BATCH - len(events)
            if start < size and room > 0:
                end = min(size, start + room)
                events += _of_relay(_relayed(Q(journal=number, index__gte=start, index__lt=end)).order_by("index"))
                read[str(number)] = end
            more = more or int(read.get(str(number), 0)) < size
        return Seen(tuple(sorted(events, key=lambda each: each.at)), read, more)

    def last(self, cursor: Any, after: dt.datetime) -> Iterator[Observed]:
        """See :class:`Source`."""
        read: Mapping[str, int] = dict(cursor or {})
        recent = _relayed(Q(at__gt=after, index__lt=F("journal__size"))).order_by("at")
        return _of_relay(e for e in recent.iterator(chunk_size=BATCH) if e.index < read.get(str(e.journal_id), 0))


SOURCES: list[Source] = [RoomLines(), PlaceEntries(), RelayEntries()]
"""Every source."""


def _not_ours(events: Iterable[Observed]) -> Iterator[Observed]:
    return (each for each in events if each.event not in OURS)


def of_lines(lines: Iterable[JournalLine]) -> Iterator[Observed]:
    """Lines of the room's journal as events."""
    for line in lines:
        detail = dict(line.detail)
        origin = detail.pop("origin", None)
        yield Observed(
            line.at, "room", line.event, line.actor, f"room/{line.index}", line.subject,
            str(origin) if origin else None, tuple(line.concerns), detail,
        )  # fmt: skip


def _relayed(wanted: Q) -> Any:
    return RelayEntry.objects.filter(wanted).select_related("journal__agent__organisation").defer("data")


def _of_relay(entries: Iterable[RelayEntry]) -> Iterator[Observed]:
    """With the parties to the order of a box, where the room knows it, besides whoever runs the relay."""
    parties: dict[str, tuple[str, ...]] = {"": ()}
    for entry in entries:
        agent = entry.journal.agent
        if entry.box not in parties:
            parties |= parties_of_boxes([entry.box])
        detail = dict(entry.detail) | ({"box": entry.box} if entry.box else {})
        concerns = tuple(dict.fromkeys((agent.organisation.slug, *parties[entry.box])))
        yield Observed(
            entry.at, f"relay/{agent.handle}", entry.event, entry.actor, f"relay/{entry.journal_id}/{entry.index}",
            entry.subject, entry.origin or None, concerns, detail,
        )  # fmt: skip


def _entries(wanted: Q) -> Any:
    joined = PlaceEntry.objects.select_related(
        "journal__migration__order__agreement__controller", "journal__migration__order__agreement__processor"
    )
    return joined.filter(wanted).order_by("journal", "index").defer("data")


def _of_entry(entry: PlaceEntry) -> Observed:
    journal, agreement = entry.journal, entry.journal.migration.order.agreement
    return Observed(
        entry.at, f"{journal.place}/{entry.actor}", entry.event, entry.actor, f"place/{journal.pk}/{entry.index}",
        entry.subject, None, (agreement.controller.slug, agreement.processor.slug), dict(entry.detail),
    )  # fmt: skip
