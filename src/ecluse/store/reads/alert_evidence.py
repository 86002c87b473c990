"""What an alert rests on: the journal entries that its marks name, as far as a reader may read them there."""

import datetime as dt
from collections import defaultdict
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from functools import reduce
from operator import or_

from django.db.models import Q
from django.utils import timezone
from django.utils.dateparse import parse_date

from ecluse.store.models import Alert, JournalLine, Person, PlaceEntry, RelayEntry
from ecluse.store.reads.alert_warnings import hidden_from
from ecluse.store.reads.boxes import parties_of_boxes

MOST = 50


@dataclass(frozen=True, slots=True)
class Piece:
    """One event. ``place``: ``room``, ``source``, ``destination``, ``relay`` or ``watch``.

    ``at``: an instant; of what a clock told, the day. ``line``: its number in the room's journal; ``migration`` and
    ``agent``: whose page shows more.
    """

    place: str
    at: dt.datetime | dt.date | None
    event: str
    actor: str = ""
    subject: str = ""
    origin: str = ""
    index: int | None = None
    line: int | None = None
    migration: int | None = None
    agent: int | None = None


@dataclass(frozen=True, slots=True)
class Evidence:
    """The newest first; ``others``: how many more there are, older ones or of other organisations."""

    pieces: tuple[Piece, ...]
    others: int


def evidence(alert: Alert, slugs: Collection[str], reader: Person) -> Evidence:
    """What an alert rests on, for a reader and the organisations for whom they ask. Four queries, however many marks.

    Of the room's journal nothing about a warning that names the reader, nor of what was made of it (R10).
    """
    marks = [str(mark) for mark in alert.marks]
    latest = list(reversed(marks))[:MOST]
    numbers: dict[str, dict[int, set[int]]] = {"place": defaultdict(set), "relay": defaultdict(set)}
    lines: set[int] = set()
    for kind, journal, index in map(_parts, latest):
        if kind == "room":
            lines.add(index)
        elif kind in numbers:
            numbers[kind][journal].add(index)
    known = _lines(lines, slugs, reader) | _places(numbers["place"], slugs) | _relays(numbers["relay"], slugs)
    known |= {mark: _ticked(mark) for mark in latest if mark.startswith("watch/")}
    known |= {mark: _run_out(mark, alert) for mark in latest if mark.startswith(("warning/", "incident/"))}
    pieces = tuple(known[mark] for mark in latest if mark in known)
    return Evidence(pieces, len(marks) - len(pieces))


def _parts(mark: str) -> tuple[str, int, int]:
    kind, _, rest = mark.partition("/")
    first, _, second = rest.partition("/")
    if kind == "room" and first.isdecimal():
        return kind, 0, int(first)
    if kind in {"place", "relay"} and first.isdecimal() and second.isdecimal():
        return kind, int(first), int(second)
    return "", 0, 0


def _lines(numbers: Collection[int], slugs: Collection[str], reader: Person) -> dict[str, Piece]:
    found = JournalLine.objects.filter(index__in=numbers).exclude(hidden_from(reader)) if numbers else ()
    return {
        f"room/{each.index}": Piece(
            "room", each.at, each.event, each.actor, each.subject, str(each.detail.get("origin") or ""),
            index=each.index, line=each.index,
        )
        for each in found
        if set(each.concerns) & set(slugs)
    }  # fmt: skip


def _wanted(numbers: Mapping[int, Collection[int]]) -> Q:
    return reduce(or_, (Q(journal=journal, index__in=indexes) for journal, indexes in numbers.items()))


def _places(numbers: Mapping[int, Collection[int]], slugs: Collection[str]) -> dict[str, Piece]:
    if not numbers:
        return {}
    joined = PlaceEntry.objects.select_related(
        "journal__migration__order__agreement__controller", "journal__migration__order__agreement__processor"
    )
    made = {}
    for each in joined.filter(_wanted(numbers)).defer("data"):
        agreement = each.journal.migration.order.agreement
        if {agreement.controller.slug, agreement.processor.slug} & set(slugs):
            made[f"place/{each.journal_id}/{each.index}"] = Piece(
                each.journal.place, each.at, each.event, each.actor, each.subject, index=each.index,
                migration=each.journal.migration_id,
            )  # fmt: skip
    return made


def _relays(numbers: Mapping[int, Collection[int]], slugs: Collection[str]) -> dict[str, Piece]:
    if not numbers:
        return {}
    entries = RelayEntry.objects.filter(_wanted(numbers)).select_related("journal__agent__organisation").defer("data")
    read = list(entries)
    parties = parties_of_boxes(each.box for each in read if each.box)
    return {
        f"relay/{each.journal_id}/{each.index}": Piece(
            "relay", each.at, each.event, each.actor, each.subject, each.origin, index=each.index,
            agent=each.journal.agent_id if each.journal.agent.organisation.slug in slugs else None,
        )
        for each in read
        if ({each.journal.agent.organisation.slug} | set(parties.get(each.box, ()))) & set(slugs)
    }  # fmt: skip


def _ticked(mark: str) -> Piece:
    """What a clock told: its mark is ``watch/<what>/<about>/<day>``."""
    what, _, rest = mark.removeprefix("watch/").partition("/")
    about, _, day = rest.rpartition("/")
    return Piece("watch", parse_date(day), what, "", about)


def _run_out(mark: str, alert: Alert) -> Piece:
    """What the clock of a warning or an incident told: its mark is ``warning/<receipt>/<kind>``, or likewise."""
    return Piece("watch", timezone.localdate(alert.first_at), alert.rule, "", mark.split("/")[1])
