"""What a journal says has happened: a pure fold over its entries."""

import datetime as dt
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field, replace

from ecluse.domain.entry import Entry, Event
from ecluse.domain.lifecycle import Move, State, after

MOVES: dict[Event, Move] = {
    Event.ORDER_APPROVED: Move.APPROVE,
    Event.PLAN_SIGNED: Move.PLAN,
    Event.EXTRACTION_STARTED: Move.EXTRACT,
    Event.EXTRACTION_SEALED: Move.SEAL,
    Event.DELIVERED: Move.DELIVER,
    Event.LOADED: Move.LOAD,
    Event.RECONCILED: Move.RECONCILE,
    Event.ACCEPTED: Move.ACCEPT,
    Event.REFUSED: Move.REFUSE,
    Event.ABORTED: Move.ABORT,
    Event.SUSPENDED: Move.SUSPEND,
    Event.RESUMED: Move.RESUME,
    Event.ERASED: Move.ERASE,
}
"""Entries that move the migration; the others tell of steps within a state."""

_PINS: dict[Event, str] = {
    Event.AGREEMENT_RECORDED: "agreement",
    Event.ORDER_APPROVED: "order",
    Event.PLAN_SIGNED: "plan",
    Event.RECONCILED: "reconciliation",
    Event.ACCEPTED: "acceptance",
    Event.REFUSED: "acceptance",
    Event.ERASED: "erasure",
}
"""Entries whose subject is the digest of the artefact that counts from then on."""


@dataclass(frozen=True, slots=True)
class Progress:
    """The fold's result. ``sealed`` and ``loaded`` map batch ids to receipts' digests.

    ``traced`` is the digest of the file of fingerprints.
    """

    size: int = 0
    last: dt.datetime | None = None
    state: State = State.ORDERED
    before_suspension: State | None = None
    pins: dict[str, str] = field(default_factory=dict)
    sealed: dict[str, str] = field(default_factory=dict)
    delivered: frozenset[str] = frozenset()
    received: dict[str, str] = field(default_factory=dict)
    loaded: dict[str, str] = field(default_factory=dict)
    traced: str | None = None


def replay(entries: Iterable[Entry], start: Progress | None = None) -> Progress:
    """Fold entries into what has happened.

    Raises:
        TransitionError: an entry moves the migration where the transition table does not allow it.
    """
    made = start or Progress()
    for entry in entries:
        made = _step(made, entry)
    return made


def _step(done: Progress, entry: Entry) -> Progress:
    made = replace(done, size=done.size + 1, last=entry.at)
    if entry.event in _PINS:
        made = replace(made, pins=made.pins | {_PINS[entry.event]: entry.subject})
    if entry.event in MOVES:
        move = MOVES[entry.event]
        stops = move is Move.SUSPEND and made.state is not State.SUSPENDED  # told twice, it stands where it stood
        suspended = made.state if stops else made.before_suspension
        made = replace(made, state=after(made.state, move, resumes=made.before_suspension), before_suspension=suspended)
    note = _NOTES.get(entry.event)
    return note(made, entry.subject, str(entry.detail.get("receipt", ""))) if note else made


_NOTES: dict[Event, Callable[[Progress, str, str], Progress]] = {
    Event.BATCH_SEALED: lambda p, batch, receipt: replace(p, sealed=p.sealed | {batch: receipt}),
    Event.PARCEL_DELIVERING: lambda p, batch, _: replace(p, delivered=p.delivered | {batch}),
    Event.PARCEL_RECEIVED: lambda p, batch, receipt: replace(p, received=p.received | {batch: receipt}),
    Event.BATCH_LOADED: lambda p, batch, receipt: replace(p, loaded=p.loaded | {batch: receipt}),
    Event.TRACE_KEEPING: lambda p, digest, _: replace(p, traced=digest),
}
