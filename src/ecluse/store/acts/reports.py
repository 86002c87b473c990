"""What agents report of a migration: their journals, entry by entry, and the papers they signed (laws 5, 9, 10).

The room believes none of it. A journal's entries are kept only if they lead from the tree that is known here to the
checkpoint that its own key has signed: whoever rewrites one of them, or sets the journal back, is refused. A paper is
kept only if ``control.intake`` finds it right.
"""

import datetime as dt
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from ecluse.control import intake
from ecluse.control.intake import Known, joint_state
from ecluse.domain.agreement import Agreement
from ecluse.domain.entry import Entry, Event
from ecluse.domain.errors import MalformedError, RefusedError, SignatureError, TamperError, UnseenError
from ecluse.domain.instruction import Instruction
from ecluse.domain.lifecycle import TURNS, State
from ecluse.domain.plan import Plan
from ecluse.domain.profile import SourceProfile
from ecluse.domain.records import Acceptance, ErasureCertificate, Receipt, Reconciliation
from ecluse.domain.room import RoomEvent
from ecluse.journal import VerifierKey, leaf_hash, read_checkpoint
from ecluse.journal.merkle import Frontier
from ecluse.store.acts.agreements import artefact_of, parties_of
from ecluse.store.models import Agent, ArtefactSignature, Migration, Paper, PlaceEntry, PlaceJournal, RelayJournal
from ecluse.store.reads.migrations import BATCH_STATES
from ecluse.store.reads.work import place_in
from ecluse.store.recording import Act, act
from ecluse.wire.artefacts import KINDS, decode, digest_of
from ecluse.wire.canonical import digest
from ecluse.workspace.place import Place
from ecluse.workspace.progress import Progress, replay

MAX_ENTRIES = 500
_AHEAD = dt.timedelta(minutes=5)
"""How far a place's clock may be before the room's."""
_EARLIEST = dt.datetime(2000, 1, 1, tzinfo=dt.UTC)

_ENDS = {Event.ACCEPTED: State.ACCEPTED, Event.REFUSED: State.REFUSED, Event.ABORTED: State.ABORTED}
_ROWS: Mapping[Event, str] = {Event.BATCH_SEALED: "rows_sealed", Event.BATCH_LOADED: "rows_loaded"}


@dataclass(frozen=True, slots=True)
class GivenPaper:
    """A paper as it came: kind, canonical bytes, armoured SSHSIGs by signer."""

    kind: str
    data: bytes
    signatures: Mapping[str, bytes]


@dataclass(frozen=True, slots=True)
class Report:
    """The next part of a journal: its key (pinned the first time), entries from ``start`` on, their signed head."""

    log: str
    start: int
    entries: Sequence[bytes]
    checkpoint: bytes


@act
def report(act: Act, agent: Agent, migration: Migration, told: Report) -> PlaceJournal:
    """Keep the next entries of the journal of the agent's place; gives how far it is known now.

    What is known already may be sent again: nothing changes.

    Raises:
        UnseenError: the migration is not this agent's.
        SignatureError: another key than the pinned one, or the checkpoint is not signed by it.
        TamperError: the entries do not lead from what is known to the checkpoint: rewritten, set back, or cut.
        MalformedError: an entry that is not one, or by another actor, or about another order.
        TransitionError: an entry that moves the migration where it may not go.
    """
    place = _check_mine(agent, migration)
    _check_log(told.log, place, agent)
    # The row of the migration is locked, so that of two reports at once the second sees the first.
    Migration.objects.select_for_update().get(pk=migration.pk)
    known = PlaceJournal.objects.filter(migration=migration, place=place).first()
    known = known or PlaceJournal(migration=migration, place=place, agent=agent, log=told.log)
    if known.log != told.log or known.agent_id != agent.pk:
        raise SignatureError("this place's journal has another key, pinned at its first report")
    fresh, frontier = extended(known, told, lambda start, entries: _check_same(known, start, entries))
    if not fresh and known.pk is not None:
        return known
    order = migration.order.digest
    read = [_entry(data, agent, order) for data in fresh]
    known.counts = _counts_of(read, known.counts)
    first, known.size, known.reported_at = known.size, frontier.size, act.now
    known.frontier = [[level, node.hex()] for level, node in frontier.nodes]
    known.checkpoint = told.checkpoint
    known.save()
    PlaceEntry.objects.bulk_create(
        PlaceEntry(
            journal=known, index=index, at=heard(entry.at, act.now), actor=entry.actor, event=entry.event,
            subject=entry.subject[:200], detail=dict(entry.detail), data=data,
        )
        for index, (entry, data) in enumerate(zip(read, fresh, strict=True), first)
    )  # fmt: skip
    _project(migration, act.now)
    act.record(
        RoomEvent.REPORTED, *parties_of(migration.order.agreement), subject=order, place=str(place), size=known.size,
        checkpoint=digest(told.checkpoint),
    )  # fmt: skip
    return known


@act
def keep_papers(act: Act, agent: Agent, migration: Migration, papers: Sequence[GivenPaper]) -> int:
    """Keep papers about a migration, each judged first; gives how many were new, or had a new signature.

    Raises:
        UnseenError: the migration is not this agent's.
        MalformedError: not a paper that travels, or not canonical.
        SignatureError, TamperError, OrderError: see ``control.intake``.
    """
    _check_mine(agent, migration)
    Migration.objects.select_for_update().get(pk=migration.pk)
    known, kept = _known_of(migration), 0
    for paper in papers:
        value = _decoded(paper)
        known = _judged(known, value, paper.signatures)
        kept += _keep(act, migration, paper, digest_of(value))
    if kept:
        concerns = parties_of(migration.order.agreement)
        act.record(RoomEvent.REPORTED, *concerns, subject=migration.order.digest, papers=kept)
    return kept


@act
def refuse(act: Act, agent: Agent, migration: Migration, error: RefusedError, *, paper: bool = False) -> None:
    """Journal that a report or a paper was refused, and of which kind the refusal is: the watch tells people of it."""
    kind = "paper" if paper else kind_of_refusal(error)
    place = place_in(agent, artefact_of(migration.order.agreement))
    act.record(
        RoomEvent.REPORT_REFUSED, *parties_of(migration.order.agreement), subject=migration.order.digest,
        kind=kind, place=str(place or ""),
    )  # fmt: skip


def kind_of_refusal(error: RefusedError) -> str:
    """What is wrong with a report: ``set_back``, ``rewritten`` (or cut), ``key`` or ``malformed``."""
    match error:
        case TamperError():
            return "set_back" if "set back" in error.message else "rewritten"
        case SignatureError():
            return "key"
        case _:
            return "malformed"


def _check_mine(agent: Agent, migration: Migration) -> Place:
    """The place at which an agent works on a migration.

    Raises:
        UnseenError: its agreement does not name the agent, with its key.
    """
    place = place_in(agent, artefact_of(migration.order.agreement))
    if place is None:
        raise UnseenError("there is no such order for this agent")
    return place


def _known_of(migration: Migration) -> Known:
    """What the room holds of a migration, by which a further paper is judged."""
    agreement: Agreement = artefact_of(migration.order.agreement)
    kinds = ("plan", "receipt", "reconciliation")
    held: list[object] = [
        decode(KINDS[kind], bytes(data), file=kind)
        for kind, data in Paper.objects.filter(migration=migration, kind__in=kinds).values_list("kind", "data")
    ]
    logs = {Place(place): log for place, log in migration.places.values_list("place", "log")}
    return Known(
        agreement,
        migration.order.digest,
        next((each for each in held if isinstance(each, Plan)), None),
        {each.batch: each for each in held if isinstance(each, Receipt)},
        next((each for each in held if isinstance(each, Reconciliation)), None),
        logs,
    )


def _counts_of(entries: Sequence[Entry], before: Mapping[str, Any]) -> dict[str, Any]:
    """What a journal's entries say, added to what the former said.

    ``state``, ``ended`` (as which), ``before_suspension``, ``pins`` (digests by kind); ``batches``, ``sealed``,
    ``delivered``, ``received``, ``loaded``; ``rows_sealed``, ``rows_loaded``.

    Raises:
        TransitionError: an entry moves the migration where it may not go.
    """
    resumes = before.get("before_suspension")
    start = Progress(
        state=State(before.get("state", State.ORDERED)),
        before_suspension=State(resumes) if resumes else None,
        pins=dict(before.get("pins", {})),
    )
    done = replay(entries, start)
    made: dict[str, Any] = {name: before.get(name, 0) for name in (*BATCH_STATES.values(), *_ROWS.values(), "batches")}
    ended = str(before.get("ended", ""))
    for entry in entries:
        if entry.event in BATCH_STATES:
            made[BATCH_STATES[entry.event]] += 1
        if entry.event in _ROWS:
            made[_ROWS[entry.event]] += _number(entry, "rows")
        if entry.event in _ENDS:
            ended = str(_ENDS[entry.event])
        if entry.event is Event.PLAN_SIGNED:
            made["batches"] = _number(entry, "batches")
    stood = str(done.before_suspension) if done.before_suspension else None
    return made | {
        "state": str(done.state),
        "ended": ended,
        "before_suspension": stood,
        "pins": done.pins,
    }


def _number(entry: Entry, name: str) -> int:
    value = entry.detail.get(name, 0)
    return value if isinstance(value, int) else 0


def _check_log(log: str, place: Place, agent: Agent) -> None:
    if len(log) > 200 or VerifierKey.parse(log).name != f"ecluse/{place}/{agent.handle}":  # noqa: PLR2004 - the column
        raise SignatureError(f"not the key of a journal of {agent.handle} at the {place}")


def heard(at: dt.datetime, now: dt.datetime) -> dt.datetime:
    """When an entry counts as having happened: as it says, unless nothing can have happened then.

    A clock that is wrong, or lies, must neither push what happens now out of the rules' windows nor leave the range
    of dates. What the entry itself says stays in its bytes.
    """
    return now if at > now + _AHEAD else max(at, _EARLIEST)


def extended(
    known: PlaceJournal | RelayJournal, told: Report, check_same: Callable[[int, Sequence[bytes]], None]
) -> tuple[list[bytes], Frontier]:
    """The entries that are new, and the tree that they grow to, which the checkpoint signs.

    Raises:
        TamperError: they are not those that were reported before (``check_same``), or are cut, set back, rewritten.
        SignatureError: the checkpoint is not signed by the journal's key.
        MalformedError: too many.
    """
    if len(told.entries) > MAX_ENTRIES:
        raise MalformedError(f"at most {MAX_ENTRIES} entries a report")
    if not 0 <= told.start <= known.size:
        raise TamperError(f"entries from {told.start}, where {known.size} are known: some are missing")
    check_same(told.start, told.entries[: known.size - told.start])
    fresh = list(told.entries[known.size - told.start :])
    tree = Frontier(known.size, tuple((int(level), bytes.fromhex(node)) for level, node in known.frontier))
    tree, _ = tree.grown(map(leaf_hash, fresh))
    _, head = read_checkpoint(told.checkpoint, VerifierKey.parse(known.log))
    if head.size < known.size:
        raise TamperError(f"the journal holds {head.size} entries and held {known.size}: it was set back")
    if (head.size, head.root) != (tree.size, tree.root):
        raise TamperError("the entries are not those that the checkpoint signs: rewritten, or cut")
    return fresh, tree


def _check_same(known: PlaceJournal, start: int, entries: Sequence[bytes]) -> None:
    if not entries:
        return
    held = PlaceEntry.objects.filter(journal=known, index__gte=start, index__lt=start + len(entries))
    for index, data in held.values_list("index", "data"):
        if bytes(data) != entries[index - start]:
            raise TamperError(f"entry {index} is not the one that was reported before: rewritten")


def _entry(data: bytes, agent: Agent, order: str) -> Entry:
    entry = decode(Entry, data, file="entry")
    if entry.actor != agent.handle:
        raise MalformedError("an entry by another actor than this agent")
    if entry.order not in {None, order}:
        raise MalformedError("an entry about another order")
    return entry


def _project(migration: Migration, now: dt.datetime) -> None:
    """The migration's row follows its places' journals."""
    said = dict(migration.places.values_list("place", "counts"))
    # A place that is erased says how it ended, until the other is erased too.
    over = all(counts["state"] == State.ERASED for counts in said.values())
    stands = {place: State(_stood(counts, over=over)) for place, counts in said.items()}
    state = joint_state(stands.get(Place.SOURCE), stands.get(Place.DESTINATION))
    if state != migration.state:
        days = TURNS[state].days
        migration.state, migration.since = state, now
        migration.due = now + dt.timedelta(days=days) if days is not None else None
        migration.save()


def _stood(counts: Mapping[str, Any], *, over: bool) -> str:
    return str(counts["state"] if over or counts["state"] != State.ERASED else counts["ended"] or State.ERASED)


_TRAVELS = (Plan, Receipt, Reconciliation, Acceptance, Instruction, ErasureCertificate, SourceProfile)


def _decoded(paper: GivenPaper) -> object:
    cls = KINDS.get(paper.kind)
    if cls not in _TRAVELS:
        raise MalformedError("not a paper that travels")
    return decode(cls, paper.data, file=paper.kind)


def _judged(known: Known, value: object, by: Mapping[str, bytes]) -> Known:
    """What is known with one paper more; raises as ``control.intake`` does."""
    match value:
        case Plan():
            intake.check_plan(known, value, by)
            return replace(known, plan=value)
        case Receipt():
            intake.check_receipt(known, value, by)
            return replace(known, receipts=dict(known.receipts or {}) | {value.batch: value})
        case Reconciliation():
            intake.check_reconciliation(known, value, by)
            return replace(known, reconciliation=value)
        case Acceptance():
            intake.check_decision(known, value, by)
        case Instruction():
            intake.check_instructed(known, value, by)
        case ErasureCertificate():
            intake.check_erasure(known, value, by)
        case SourceProfile():
            if by or known.plan is None or known.plan.profile != digest_of(value):
                raise SignatureError("not the profile that the plan names")
    return known


def _keep(act: Act, migration: Migration, paper: GivenPaper, address: str) -> int:
    _, is_new = Paper.objects.get_or_create(
        migration=migration,
        digest=address,
        defaults={"kind": paper.kind, "data": paper.data, "received_at": act.now},
    )
    signed = set(ArtefactSignature.objects.filter(digest=address).values_list("signer", flat=True))
    added = [
        ArtefactSignature(digest=address, kind=paper.kind, signer=signer, armor=armour.decode("ascii"), made_at=act.now)
        for signer, armour in sorted(paper.signatures.items())
        if signer not in signed
    ]
    ArtefactSignature.objects.bulk_create(added)
    return int(is_new or bool(added))
