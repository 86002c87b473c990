"""Reconciliation: what was planned, sealed, opened and loaded, against what now stands in the target (law 3).

Counts and keyed digests per entity, year and site, as finely as the target carries a row's year and site; where they
differ, the rows are compared one by one and every difference is listed by its source key.
"""

from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, replace
from functools import partial

import pyarrow as pa
import pyarrow.compute as pc

from ecluse.domain.entry import Event
from ecluse.domain.errors import TransitionError
from ecluse.domain.lifecycle import State
from ecluse.domain.order import Order
from ecluse.domain.plan import Plan, PlannedEntity
from ecluse.domain.records import Difference, DifferenceKind, Flow, GroupDigest, Receipt, Reconciliation
from ecluse.migration.dangling import dangling
from ecluse.migration.differences import compare
from ecluse.migration.digest import ZERO, add, group_digests
from ecluse.migration.load import MISSTATED, restage, schemas
from ecluse.migration.opening import open_parcel
from ecluse.migration.ports import Destination, OpenDestination, Receiver
from ecluse.migration.workers import mapped
from ecluse.seal.sealing import Identity
from ecluse.workspace.place import Workspace

Group = tuple[int | None, str | None]
SignReconciliation = Callable[[Reconciliation], Mapping[str, bytes]]
Report = Callable[[str, int], None]
"""Told of each entity's rows as they are read back."""


@dataclass(slots=True)
class _Sum:
    rows: int = 0
    digest: str = ZERO

    def add(self, rows: int, digest: str) -> None:
        self.rows += rows
        self.digest = add(self.digest, digest)


@dataclass(frozen=True, slots=True)
class _ReadBack:
    """What the target holds of one entity; which of year and site its rows carry."""

    sums: Mapping[Group, _Sum]
    has_year: bool
    has_site: bool

    def level(self, year: int | None, site: str | None) -> Group:
        """A group as finely as the target can tell it."""
        return (year if self.has_year else None, site if self.has_site else None)


def run_reconciliation(
    place: Workspace,
    identity: Identity,
    open_destination: OpenDestination,
    sign: SignReconciliation,
    report: Report = lambda _entity, _rows: None,
) -> Reconciliation:
    """Read everything back, compare, sign and journal the account. Repeating it after a crash is harmless.

    Raises:
        TransitionError: nothing has been loaded yet, or the account has been given.
        RetryableError: the target went away.
    """
    if place.progress().state is not State.LOADED:
        raise TransitionError(f"cannot reconcile a migration that is {place.progress().state}")
    plan = place.pinned(Plan)
    receipts = [place.get(Receipt, address) for address in place.progress().received.values()]
    flows: list[Flow] = []
    differences: list[Difference] = []
    shapes = schemas(place, plan, identity)
    misstated = {e.subject for e in place.entries() if e.event is Event.BATCH_LOADED and e.detail.get(MISSTATED)}
    with ExitStack() as stack:
        target = stack.enter_context(open_destination())
        restage(place, identity, target, place.progress().pins["order"])
        for planned in plan.entities:
            mine = [receipt for receipt in receipts if receipt.entity == planned.entity]
            entity = _Entity(place, identity, plan, planned, mine, shapes[planned.entity])
            found, wrong = entity.reconcile(target, report)
            flows += found
            differences += wrong
            differences += dangling(place, identity, planned, receipts)
            differences += [
                Difference(DifferenceKind.MISSTATED, receipt.entity, receipt.batch, receipt.agent)
                for receipt in mine
                if receipt.batch in misstated
            ]
    account = Reconciliation(
        format="ecluse.reconciliation/1",
        order=place.progress().pins["order"],
        plan=place.progress().pins["plan"],
        receipts=tuple(sorted(place.progress().received.values())),
        made_at=place.now(),
        agent=place.agent,
        log=place.key.vkey,
        flows=tuple(flows),
        differences=tuple(differences),
    )
    address = place.put(account, sign(account))
    place.log(Event.RECONCILED, subject=address, differences=len(differences))
    return account


@dataclass(frozen=True, slots=True)
class _Entity:
    """One entity's reconciliation."""

    place: Workspace
    identity: Identity
    plan: Plan
    planned: PlannedEntity
    receipts: list[Receipt]
    schema: pa.Schema

    def reconcile(self, target: Destination, report: Report) -> tuple[list[Flow], list[Difference]]:
        back = self._read_back(target, report)
        flows = self._flows(back)
        differences = list(self._quarantined())
        if not all(flow.clean() for flow in flows):
            opened = (open_parcel(self.place, receipt, self.identity).rows for receipt in self.receipts)
            differences += self._answered(target, compare(self.planned, opened, self._rows(target)))
        return flows, differences

    def _answered(self, target: Destination, found: Iterable[Difference]) -> Iterator[Difference]:
        """A request that is missing because its message was refused, or not written at all, says with what code."""
        refused = (
            target.refused(self.plan.order) if self.planned.entity == "request" and isinstance(target, Receiver) else {}
        )
        for each in found:
            if each.kind is DifferenceKind.MISSING and each.source_key in refused:
                code = refused[each.source_key]
                why = "not written" if code.islower() else "refused by the receiver"
                yield replace(each, detail=f"{why}: {code}")
            else:
                yield each

    def _read_back(self, target: Destination, report: Report) -> _ReadBack:
        sums: dict[Group, _Sum] = defaultdict(_Sum)
        carried = [False, False]
        digested = partial(_digested, names=list(self.planned.names()), key=self._key())
        for groups in mapped(self._batches(target), digested):
            for group in groups:
                carried = [carried[0] or group.year is not None, carried[1] or group.site is not None]
                sums[group.year, group.site].add(group.rows, group.digest)
            report(self.planned.entity, sum(group.rows for group in groups))
        return _ReadBack(sums, *carried)

    def _rows(self, target: Destination) -> Iterator[pa.Table]:
        for batch in self._batches(target):
            yield pa.Table.from_batches([batch]).select(list(self.planned.names()))

    def _batches(self, target: Destination) -> Iterator[pa.RecordBatch]:
        scope_date = self.place.pinned(Order).scope.dates.field.removeprefix("request.")
        return target.read_back(self.plan.order, self.planned.entity, self.schema, scope_date)

    def _key(self) -> bytes:
        """The migration's digest key, which travels sealed; without a parcel there is nothing to digest."""
        smallest = min(self.receipts, key=lambda receipt: receipt.size, default=None)
        return open_parcel(self.place, smallest, self.identity).digest_key if smallest else bytes(32)

    def _flows(self, back: _ReadBack) -> list[Flow]:
        planned: dict[Group, int] = defaultdict(int)
        quarantined: dict[Group, int] = defaultdict(int)
        sealed: dict[Group, _Sum] = defaultdict(_Sum)
        loaded = self.place.progress().loaded
        for tally in self.plan.tallies:
            if tally.entity == self.planned.entity:
                planned[back.level(tally.year, tally.site)] += tally.rows
        arrived: dict[Group, int] = defaultdict(int)
        for receipt in self.receipts:
            for aside in receipt.quarantined:
                quarantined[back.level(aside.year, aside.site)] += aside.rows
            for group in receipt.groups:
                level = back.level(group.year, group.site)
                sealed[level].add(group.rows, group.digest)
                arrived[level] += group.rows if receipt.batch in loaded else 0
        return [
            Flow(
                entity=self.planned.entity,
                year=level[0],
                site=level[1],
                planned=planned[level],
                extracted=sealed[level].rows + quarantined[level],
                quarantined=quarantined[level],
                sealed=sealed[level].rows,
                # A batch that does not open row for row as it was sealed is never loaded (``load.check_digest``).
                opened=arrived[level],
                loaded=arrived[level],
                read_back=back.sums[level].rows if level in back.sums else 0,
                sealed_digest=sealed[level].digest,
                opened_digest=sealed[level].digest,
                read_back_digest=back.sums[level].digest if level in back.sums else ZERO,
            )
            for level in _sorted({*planned, *quarantined, *sealed, *back.sums})
        ]

    def _quarantined(self) -> Iterator[Difference]:
        """Rows set aside, by source key and reason; read from their sealed parcels."""
        for receipt in self.receipts:
            if receipt.quarantine_parcel is None:
                continue
            rows = open_parcel(self.place, receipt, self.identity, quarantine=True).rows
            keys = rows.column("source_id").to_pylist() if "source_id" in rows.column_names else []
            for key, reason in zip(keys, rows.column("_reason").to_pylist(), strict=True):
                yield Difference(DifferenceKind.QUARANTINED, self.planned.entity, key or "—", reason)


def _digested(batch: pa.RecordBatch, names: Sequence[str], key: bytes) -> tuple[GroupDigest, ...]:
    rows = pa.Table.from_batches([batch])
    return group_digests(rows.select(list(names)), *_groups(rows), key)


def _groups(rows: pa.Table) -> tuple[pa.Array, pa.Array]:
    dates, sites = rows.column("_date").combine_chunks(), rows.column("_site").combine_chunks()
    years = pa.nulls(len(dates), pa.int32()) if pa.types.is_null(dates.type) else pc.year(dates).cast(pa.int32())
    return years, sites.cast(pa.string())


def _sorted(levels: Iterable[Group]) -> list[Group]:
    return sorted(levels, key=lambda level: (level[0] or 0, level[1] or ""))
