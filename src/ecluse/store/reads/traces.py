"""What tracing concluded, as incidents hold it; and which exports can be traced, as their places reported (R11)."""

import datetime as dt
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum

from django.db.models import QuerySet

from ecluse.domain.conclusions import Conclusion, Telling
from ecluse.domain.entry import Event
from ecluse.domain.lifecycle import State
from ecluse.domain.order import Order
from ecluse.domain.permissions import Action, Grant
from ecluse.domain.tracing import is_past
from ecluse.store.acts.orders import artefact_of
from ecluse.store.models import IncidentRow, IncidentTrace, Migration, Organisation, PlaceEntry
from ecluse.store.reads.agreements import allowed_in
from ecluse.wire.artefacts import validate
from ecluse.workspace.place import Place


def telling_of(row: IncidentTrace) -> Telling:
    """One conclusion."""
    return Telling(row.number, row.at, row.by.name, validate(Conclusion, row.conclusion), row.replaces)


def told_in(row: IncidentRow) -> QuerySet[IncidentTrace]:
    """An incident's conclusions, as they came. They may be long: only who shows them reads them."""
    return row.traces.select_related("by")


def tellings_of(row: IncidentRow) -> tuple[Telling, ...]:
    """The same, parsed: one query."""
    return tuple(telling_of(each) for each in told_in(row))


def migrations_of(tellings: Iterable[Telling], controller: Organisation) -> Mapping[str, Migration]:
    """The migrations of that controller's whose orders the conclusions name, by the order's digest."""
    named = {each.order_digest for telling in tellings for each in telling.conclusion.exports}
    found = Migration.objects.filter(order__digest__in=named, order__agreement__controller=controller)
    return {each.order.digest: each for each in found.select_related("order")}


class Kept(StrEnum):
    """What became of an export's fingerprints."""

    KEPT = "kept"
    TO_COME = "to_come"
    DUE = "due"
    ERASED = "erased"
    NOT_ASKED = "not_asked"
    NOT_MADE = "not_made"


@dataclass(frozen=True, slots=True)
class Traceable:
    """One migration, and what became of its fingerprints. ``made`` and ``erased``: when its source said so.

    ``digest`` and ``size`` (bytes) are of the trace file.
    """

    migration: Migration
    order: Order
    kept: Kept
    made: dt.datetime | None = None
    erased: dt.datetime | None = None
    digest: str = ""
    size: int = 0


def traced_migrations(grants: Iterable[Grant]) -> QuerySet[Migration]:
    """The migrations of the controllers for whom somebody may see this, the latest first."""
    where = allowed_in(grants, Action.SEE_TRACING)
    found = Migration.objects.filter(order__agreement__controller__slug__in=where)
    return found.select_related("order__agreement__controller").order_by("-started_at", "-pk")


def traceable(migrations: Sequence[Migration], today: dt.date) -> list[Traceable]:
    """What became of their fingerprints: one query more, however many."""
    told: dict[tuple[int, str], PlaceEntry] = {}
    entries = PlaceEntry.objects.filter(
        journal__migration__in=migrations, journal__place=Place.SOURCE, event__in=_EVENTS
    )
    for entry in entries.select_related("journal").order_by("index"):
        told[entry.journal.migration_id, entry.event] = entry
    return [_traceable(each, told, today) for each in migrations]


_EVENTS = (Event.TRACE_KEEPING, Event.TRACE_ERASING)
_ENDED = frozenset({State.ABORTED, State.ERASED, State.REFUSED})


def _traceable(migration: Migration, told: Mapping[tuple[int, str], PlaceEntry], today: dt.date) -> Traceable:
    order = artefact_of(migration.order)
    made, erased = (told.get((migration.pk, event)) for event in _EVENTS)
    if order.trace is None:
        return Traceable(migration, order, Kept.NOT_ASKED)
    if made is None:
        ended = migration.state in _ENDED
        return Traceable(migration, order, Kept.NOT_MADE if ended else Kept.TO_COME)
    size = made.detail.get("size", 0)
    kept = Kept.ERASED if erased else Kept.DUE if is_past(order.trace.keep_until, today) else Kept.KEPT
    return Traceable(
        migration, order, kept, made.at, erased.at if erased else None, made.subject,
        size if isinstance(size, int) else 0,
    )  # fmt: skip
