"""Extraction: planned batches out of the source, each gated, sealed and receipted, exactly once (laws 1 to 5).

Workers read, gate and seal; the coordinating thread alone writes the journal, so that every effect stands between
its two entries. A batch whose ``batch.sealed`` entry exists is never made again; any other is made from scratch.
"""

from collections.abc import Callable, Generator, Iterator, Mapping
from concurrent.futures import Future
from contextlib import closing, contextmanager
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import pyarrow as pa

from ecluse.domain.catalogue import KEY
from ecluse.domain.entry import Event
from ecluse.domain.errors import ScopeViolationError, TransitionError
from ecluse.domain.lifecycle import State
from ecluse.domain.order import Order
from ecluse.domain.plan import Batch, Plan
from ecluse.domain.profile import SourceProfile
from ecluse.domain.records import Receipt
from ecluse.migration.binding import Binder
from ecluse.migration.canary import plant
from ecluse.migration.compile import keys_alone
from ecluse.migration.digest import group_digests, key_digest
from ecluse.migration.gate import Gate
from ecluse.migration.normalise import Normaliser, storage_of
from ecluse.migration.pack import Header, pack
from ecluse.migration.ports import OpenSource, Source
from ecluse.migration.trace_making import keep_trace, write_piece
from ecluse.migration.workers import spread
from ecluse.seal.digests import sha256_digest
from ecluse.seal.sealing import check_recipient, seal
from ecluse.wire.artefacts import utc
from ecluse.workspace.files import write_atomic
from ecluse.workspace.parcels import QUARANTINE, ParcelState
from ecluse.workspace.place import Clock, Workspace
from ecluse.workspace.traces import pieces_of

CANARIES = 3
"""Fake rows a parcel (R12): enough to show in a leaked fragment, few enough to weigh nothing."""

Report = Callable[[Batch, int], None]
"""Told of each batch sealed, with its rows; for progress bars."""

SignReceipt = Callable[[Receipt], Mapping[str, bytes]]


@dataclass(frozen=True)
class Job:
    """What the workers of one extraction share, and never change."""

    order: Order
    order_digest: str
    plan: Plan
    plan_digest: str
    profile: SourceProfile
    excluded: frozenset[str]
    digest_key: bytes
    canary_key: bytes
    trace_key: bytes | None
    sealed: Path
    pieces: Path
    agent: str
    clock: Clock

    @cached_property
    def gates(self) -> dict[str, Gate]:
        """One gate an entity."""
        return {p.entity: Gate(self.order, self.profile, p, self.excluded) for p in self.plan.entities}

    @cached_property
    def normalisers(self) -> dict[str, Normaliser]:
        """One normaliser an entity."""
        storage, repeated = storage_of(self.profile, self.order.scope), self.plan.repeated_keys()
        return {p.entity: Normaliser(self.profile, p, storage, repeated) for p in self.plan.entities}

    @cached_property
    def binders(self) -> dict[str, Binder]:
        """What binds batches' queries, by dialect; filled as needed."""
        return {}


@dataclass(frozen=True, slots=True)
class Extracted:
    """A batch sealed: its receipt, the digest of its rows' keys, that of its fingerprints where the order asks."""

    receipt: Receipt
    keys: str
    trace: str | None


def extract_batch(source: Source, job: Job, batch: Batch) -> Extracted:
    """Read one batch, gate it, seal it to the recipient, and put the parcel in its folder.

    Nothing of the batch is written before the gate has let all of it through.

    Raises:
        ScopeViolationError: a row or column outside the order, or a count that is not the plan's.
    """
    planned, gate = job.plan.entity(batch.entity), job.gates[batch.entity]
    batches = list(source.stream(_bound(source, job, batch), batch.rows + 1))
    if not batches:
        raise ScopeViolationError(f"{batch.entity}: the source answers batch {batch.id} with nothing, not even columns")
    raw = pa.Table.from_batches(batches)
    del batches
    gate.check_raw(raw, batch)
    keys = key_digest(raw.column(KEY), job.digest_key)
    clean = job.normalisers[batch.entity](raw)
    del raw
    rows = clean.rows.select(list(planned.names()))
    gate.check_columns(rows)
    groups = group_digests(rows, clean.years, clean.sites, job.digest_key)
    size, address = _write(job, batch, batch.id, rows)
    quarantine = _write(job, batch, f"{batch.id}{QUARANTINE}", clean.quarantine)[1] if clean.quarantine else None
    trace = None
    if job.trace_key is not None:
        trace = write_piece(job.pieces, batch.id, batch.entity, (rows, clean.quarantine), job.trace_key)
    receipt = Receipt(
        format="ecluse.receipt/1",
        order=job.order_digest,
        plan=job.plan_digest,
        batch=batch.id,
        entity=batch.entity,
        parcel=address,
        size=size,
        columns=planned.names(),
        rows=rows.num_rows,
        canaries=CANARIES,
        min_date=clean.min_date,
        max_date=clean.max_date,
        groups=groups,
        quarantined=clean.reasons,
        quarantine_parcel=quarantine,
        sealed_at=utc(job.clock()),
        agent=job.agent,
    )
    return Extracted(receipt, keys, trace)


def _bound(source: Source, job: Job, batch: Batch) -> str:
    if source.dialect not in job.binders:
        job.binders[source.dialect] = Binder(source.dialect, sorted(job.excluded))
    return job.binders[source.dialect](job.plan.entity(batch.entity).sql, batch.lower, batch.upper)


def _check_unmoved(place: Workspace, job: Job, source: Source) -> None:
    """What an earlier attempt sealed must be what the source holds now: a snapshot cannot be resumed.

    Between two attempts a row may have moved from a batch still to come into one that is sealed, and be in neither
    (law 3); counts alone do not show it.

    Raises:
        ScopeViolationError: the keys of a sealed batch are not those in the source; journalled, and suspended.
    """
    sealed = {e.subject: str(e.detail["keys"]) for e in place.entries() if e.event is Event.BATCH_SEALED}
    for batch in (b for b in job.plan.batches if b.id in sealed):
        sql = keys_alone(_bound(source, job, batch), source.dialect)
        keys = pa.Table.from_batches(list(source.stream(sql, batch.rows + 1))).column(0)
        if key_digest(keys, job.digest_key) != sealed[batch.id]:
            violation = ScopeViolationError(
                f"{batch.id}: the source's rows are no longer those that an earlier attempt sealed",
                hint="the old system has been worked on since: abort, and order, plan and extract anew",
            )
            place.log(Event.SCOPE_VIOLATION, subject=batch.id, rule=violation.message)
            place.log(Event.SUSPENDED, subject=batch.id)
            raise violation


def _write(job: Job, batch: Batch, name: str, rows: pa.Table) -> tuple[int, str]:
    """Plant canaries, pack, seal and store; returns size and digest of the ciphertext."""
    planted, positions = plant(rows, job.canary_key, name, CANARIES)
    header = Header(
        order=job.order_digest,
        plan=job.plan_digest,
        batch=name,
        entity=batch.entity,
        rows=rows.num_rows,
        canaries=positions,
        digest_key=job.digest_key,
    )
    ciphertext = seal(pack(planted, header), [job.order.destination.recipient])
    write_atomic(job.sealed / f"{name}.age", ciphertext)
    return len(ciphertext), sha256_digest(ciphertext)


def run_extraction(
    place: Workspace,
    open_source: OpenSource,
    profile: SourceProfile,
    sign: SignReceipt,
    *,
    excluded: frozenset[str] = frozenset(),
    report: Report = lambda _batch, _rows: None,
) -> None:
    """Extract every batch of the plan that is not sealed yet. Killed at any instant, it can simply be called again.

    Raises:
        ScopeViolationError: journalled; the migration is suspended, and nothing of that batch was written.
        TransitionError: the migration is not at this step.
        MalformedError: the key that the order names for fingerprints is none; nothing has begun.
        RetryableError: the source or the disk failed; what was sealed stays sealed.
    """
    state = place.progress().state
    if state is State.SEALED:
        return  # the entry stands after everything was sealed
    if state not in {State.PLANNED, State.EXTRACTING}:
        # A suspended migration waits for somebody's decision; in an erased one nothing would ever be erased again.
        raise TransitionError(f"cannot extract a migration that is {state}")
    trace = place.pinned(Order).trace
    if trace is not None:
        check_recipient(trace.recipient)  # now, and not when all is sealed and the file cannot be
    if state is State.PLANNED:
        place.log(Event.EXTRACTION_STARTED)
    job = _job(place, profile, excluded)
    todo = [batch for batch in job.plan.batches if batch.id not in place.progress().sealed]
    with (
        _sources(open_source, job.plan.source.workers) as sources,
        closing(_work(place, job, sources, todo)) as work,
    ):
        _check_unmoved(place, job, sources[0])
        for batch, made in work:
            receipt, address = made.receipt, place.put(made.receipt, sign(made.receipt))
            detail = {"receipt": address, "parcel": receipt.parcel, "keys": made.keys}
            detail |= {"trace": made.trace} if made.trace else {}
            place.log(Event.BATCH_SEALED, subject=batch.id, rows=receipt.rows, **detail)
            report(batch, receipt.rows)
    _drop_strays(place)
    keep_trace(place, CANARIES)
    place.log(Event.EXTRACTION_SEALED, parcels=len(place.progress().sealed))


def _job(place: Workspace, profile: SourceProfile, excluded: frozenset[str]) -> Job:
    order = place.pinned(Order)
    return Job(
        order=order,
        order_digest=place.progress().pins["order"],
        plan=place.pinned(Plan),
        plan_digest=place.progress().pins["plan"],
        profile=profile,
        excluded=excluded,
        digest_key=place.secret("digest"),
        canary_key=place.secret("canary"),
        trace_key=place.secret("trace") if order.trace else None,
        sealed=place.parcels.root / ParcelState.SEALED,
        pieces=pieces_of(place),
        agent=place.agent,
        clock=place.clock,
    )


@contextmanager
def _sources(open_source: OpenSource, workers: int) -> Iterator[list[Source]]:
    """One source a worker, all reading one snapshot where the source can give one."""
    keeper = open_source()
    opened = [keeper]
    try:
        token = keeper.export_snapshot()
        for _ in range(workers):
            worker = open_source()
            opened.append(worker)
            worker.adopt_snapshot(token)
        yield opened[1:]
    finally:
        for source in opened:
            source.close()


def _work(
    place: Workspace, job: Job, sources: list[Source], todo: list[Batch]
) -> Generator[tuple[Batch, Extracted], None, None]:
    """Sealed batches as they come. The next batch starts only after its entry is in the journal."""

    def begin(batch: Batch) -> None:
        place.log(Event.BATCH_EXTRACTING, subject=batch.id, planned=batch.rows)

    def work(source: Source, batch: Batch) -> Extracted:
        return extract_batch(source, job, batch)

    with closing(spread(sources, todo, begin, work)) as ended:
        for batch, done in ended:
            yield batch, _result(place, done, batch)


def _result(place: Workspace, done: Future[Extracted], batch: Batch) -> Extracted:
    try:
        return done.result()
    except ScopeViolationError as violation:
        place.log(Event.SCOPE_VIOLATION, subject=batch.id, rule=violation.message)
        place.log(Event.SUSPENDED, subject=batch.id)
        raise


def _drop_strays(place: Workspace) -> None:
    """Erase parcels that no receipt names: an interrupted attempt may have left a quarantine that this one has not."""
    receipts = [place.get(Receipt, address) for address in place.progress().sealed.values()]
    named = {receipt.batch for receipt in receipts}
    named |= {f"{receipt.batch}{QUARANTINE}" for receipt in receipts if receipt.quarantine_parcel}
    for name in place.parcels.names(ParcelState.SEALED):
        if name not in named:
            place.log(Event.PARCEL_ERASING, subject=name)
            place.parcels.erase(place.parcels.path(ParcelState.SEALED, name))
