"""Migrations as their agents reported them: lists, progress, papers, the account, the evidence."""

import datetime as dt
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, TypeVar

from django.db.models import F, QuerySet

from ecluse.control.evidence import PlaceEvidence, bundle
from ecluse.domain.agreement import Agreement
from ecluse.domain.entry import Event
from ecluse.domain.errors import TransitionError, UnseenError
from ecluse.domain.lifecycle import TRANSITIONS, TURNS, WALK, Owner, State
from ecluse.domain.order import Order
from ecluse.domain.plan import Plan
from ecluse.domain.records import Acceptance, ErasureCertificate, Receipt, Reconciliation
from ecluse.journal import VerifierKey
from ecluse.journal.merkle import Frontier
from ecluse.journal.state import State as JournalState
from ecluse.journal.state import plan_append
from ecluse.journal.tiles import CHECKPOINT
from ecluse.store.models import Migration, Paper, PlaceEntry, PlaceJournal
from ecluse.store.reads.papers import signatures
from ecluse.wire.artefacts import decode
from ecluse.workspace.place import Place
from ecluse.workspace.progress import MOVES

T = TypeVar("T")

_REACHED = {str(event): to for event, moved in MOVES.items() for (_, move), to in TRANSITIONS.items() if move is moved}
"""Entries of a place's journal, and the state that each leads to."""
BATCH_STATES: Mapping[Event, str] = {
    Event.BATCH_SEALED: "sealed",
    Event.PARCEL_DELIVERING: "delivered",
    Event.PARCEL_RECEIVED: "received",
    Event.BATCH_LOADED: "loaded",
}
"""How far a batch is by which entry, in the order of the way."""


def visible(organisations: Iterable[str]) -> QuerySet[Migration]:
    """Migrations to which one of the organisations is a party; the overdue first, then the latest."""
    slugs = sorted(set(organisations))
    found = Migration.objects.select_related("order__agreement__controller", "order__agreement__processor")
    of_controller = found.filter(order__agreement__controller__slug__in=slugs)
    of_processor = found.filter(order__agreement__processor__slug__in=slugs)
    return (of_controller | of_processor).distinct().order_by(F("due").asc(nulls_last=True), "-started_at")


def one(migration: int) -> Migration:
    """A migration with its order, agreement and parties.

    Raises:
        UnseenError: there is none of that number.
    """
    found = (
        Migration.objects.select_related("order__agreement__controller", "order__agreement__processor")
        .filter(pk=migration)
        .first()
    )
    if found is None:
        raise UnseenError("there is no such migration")
    return found


@dataclass(frozen=True, slots=True)
class Standing:
    """One step of the walk: done, where the migration stands, or to come; whose move it is there."""

    state: State
    owner: Owner
    done: bool
    here: bool


def walk(migration: Migration, before: State | None) -> tuple[Standing, ...]:
    """The lifecycle as a walk: what its places have passed, where it stands, what is to come.

    A suspended migration stands where it was stopped (``before``); a refused or abandoned one has left the way there.
    """
    state = State(migration.state)
    told = PlaceEntry.objects.filter(journal__migration=migration, event__in=_REACHED)
    passed = {_REACHED[event] for event in told.order_by().values_list("event", flat=True).distinct()}
    passed |= {State.ORDERED, State.APPROVED, state}
    here = before if state is State.SUSPENDED and before else state
    ended = next((each for each in (State.REFUSED, State.ABORTED) if each in passed), State.ACCEPTED)
    steps = (*WALK, ended, State.ERASED)
    return tuple(Standing(each, TURNS[each].owner, each in passed and each is not here, each is here) for each in steps)


@dataclass(frozen=True, slots=True)
class Counts:
    """How far a migration is, in batches and rows; 0 where nobody has reported yet."""

    batches: int = 0
    sealed: int = 0
    delivered: int = 0
    received: int = 0
    loaded: int = 0
    rows_sealed: int = 0
    rows_loaded: int = 0
    before_suspension: State | None = None

    @property
    def level(self) -> float:
        """The share that has passed the gate which is open: of batches, 0 to 1."""
        if not self.batches:
            return 0.0
        return (self.loaded if self.sealed >= self.batches else self.sealed) / self.batches


def counts(migration: Migration) -> Counts:
    """What both places have reported."""
    told: dict[str, Any] = {}
    for each in migration.places.all():
        told |= {name: value for name, value in each.counts.items() if isinstance(value, int) and value}
        if each.counts.get("before_suspension"):
            told["before_suspension"] = State(each.counts["before_suspension"])
    return Counts(**{name: told[name] for name in Counts.__dataclass_fields__ if name in told})


@dataclass(frozen=True, slots=True)
class Account:
    """The papers of a migration, decoded; what has not come yet is None or empty."""

    order: Order
    plan: Plan | None
    receipts: tuple[Receipt, ...]
    reconciliation: Reconciliation | None
    acceptance: Acceptance | None
    certificates: tuple[ErasureCertificate, ...]
    signatures: Mapping[str, Mapping[str, bytes]]


def account(migration: Migration) -> Account:
    """Everything that was signed about a migration."""
    held = list(Paper.objects.filter(migration=migration).order_by("pk"))
    return Account(
        decode(Order, bytes(migration.order.artefact), file="order"),
        _first(held, Plan, "plan"),
        tuple(_all(held, Receipt, "receipt")),
        _first(held, Reconciliation, "reconciliation"),
        _first(held, Acceptance, "acceptance"),
        tuple(_all(held, ErasureCertificate, "erasure")),
        signatures([migration.order.digest, *(paper.digest for paper in held)]),
    )


def _all(held: Sequence[Paper], cls: type[T], kind: str) -> list[T]:
    return [decode(cls, bytes(paper.data), file=kind) for paper in held if paper.kind == kind]


def _first(held: Sequence[Paper], cls: type[T], kind: str) -> T | None:
    return next(iter(_all(held, cls, kind)), None)


@dataclass(frozen=True, slots=True)
class Kind:
    """One kind of rows on its way, in batches and rows; ``aside``: reasons and rows, as the receipts count them."""

    entity: str
    batches: int
    sealed_batches: int
    rows: int
    sealed: int
    aside: tuple[tuple[str, int], ...]


def kinds(held: Account) -> tuple[Kind, ...]:
    """What the plan foresees and the receipts say, by kind of rows, in the plan's order."""
    if held.plan is None:
        return ()
    return tuple(_kind(held.plan, each.entity, held.receipts) for each in held.plan.entities)


def _kind(plan: Plan, entity: str, receipts: Sequence[Receipt]) -> Kind:
    planned = [batch for batch in plan.batches if batch.entity == entity]
    mine = [receipt for receipt in receipts if receipt.entity == entity]
    aside: Counter[str] = Counter()
    for receipt in mine:
        for each in receipt.quarantined:
            aside[each.reason] += each.rows
    rows, sealed = sum(batch.rows for batch in planned), sum(receipt.rows for receipt in mine)
    return Kind(entity, len(planned), len(mine), rows, sealed, tuple(sorted(aside.items())))


def states_of(migration: Migration, batches: Iterable[str]) -> dict[str, str]:
    """How far each of these batches is: ``sealed``, ``delivered``, ``received``, ``loaded``; absent where not begun."""
    steps = {str(event): state for event, state in BATCH_STATES.items()}
    order = list(steps.values())
    found: dict[str, str] = {}
    told = PlaceEntry.objects.filter(journal__migration=migration, event__in=steps, subject__in=list(batches))
    for subject, event in told.values_list("subject", "event"):
        state = steps[event]
        if order.index(state) >= order.index(found.get(subject, order[0])):
            found[subject] = state
    return found


def plan_of(migration: Migration) -> Plan | None:
    """The plan alone."""
    data = Paper.objects.filter(migration=migration, kind="plan").values_list("data", flat=True).first()
    return None if data is None else decode(Plan, bytes(data), file="plan")


def evidence(migration: Migration) -> bytes:
    """The evidence bundle as far as it was reported, for ``ecluse evidence verify``.

    Raises:
        TransitionError: no agent has reported anything yet.
    """
    agreement = migration.order.agreement
    papers = {(paper.kind, paper.digest): bytes(paper.data) for paper in Paper.objects.filter(migration=migration)}
    papers["order", migration.order.digest] = bytes(migration.order.artefact)
    papers["agreement", agreement.digest] = bytes(agreement.artefact)
    signed = signatures([address for _, address in papers])
    places = [
        _place_evidence(journal, papers, signed) for journal in migration.places.order_by("place") if journal.size
    ]
    if not places:
        raise TransitionError("no agent has reported anything yet: there is nothing to prove")
    return bundle(places, decode(Agreement, bytes(agreement.artefact), file="agreement"))


def _place_evidence(
    journal: PlaceJournal, papers: Mapping[tuple[str, str], bytes], signed: Mapping[str, Mapping[str, bytes]]
) -> PlaceEvidence:
    entries = tuple(bytes(data) for data in journal.entries.order_by("index").values_list("data", flat=True))
    named = _named(journal)
    held = {
        (kind, address): (data, signed.get(address, {}))
        for (kind, address), data in papers.items()
        if kind == "source-profile" or address in named
    }
    change = plan_append(JournalState(Frontier(), (), (), [[]], b""), entries)
    files = dict(change.files) | {CHECKPOINT: bytes(journal.checkpoint)}
    return PlaceEvidence(Place(journal.place), held, files, VerifierKey.parse(journal.log))


def _named(journal: PlaceJournal) -> frozenset[str]:
    """Digests that a place's journal names: as subjects, and as receipts."""
    found: set[str] = set()
    for subject, detail in journal.entries.values_list("subject", "detail"):
        found |= {subject, str(detail.get("receipt", ""))}
    return frozenset(found)


@dataclass(frozen=True, slots=True)
class Told:
    """One line of what the places reported."""

    at: dt.datetime
    place: str
    actor: str
    event: str
    subject: str
    detail: Mapping[str, int | str]


_STEPS = frozenset({
    Event.BATCH_EXTRACTING, Event.PARCEL_DELIVERING, Event.PARCEL_RECEIVING, Event.BATCH_LOADING, Event.BATCH_SEALED,
    Event.PARCEL_RECEIVED, Event.BATCH_LOADED,
})  # fmt: skip


def story(migration: Migration, limit: int = 60) -> list[Told]:
    """What happened, latest first, without every single batch's steps."""
    found = (
        PlaceEntry.objects.filter(journal__migration=migration)
        .exclude(event__in=_STEPS)
        .select_related("journal")
        .order_by("-at", "-index")[:limit]
    )
    return [Told(e.at, e.journal.place, e.actor, e.event, e.subject, e.detail) for e in found]
