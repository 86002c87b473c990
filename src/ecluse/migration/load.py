"""Loading: received parcels into the target, each opened, gated again and loaded exactly once (laws 1, 3, 4)."""

from collections import defaultdict
from collections.abc import Callable, Generator, Sequence
from concurrent.futures import Future
from contextlib import ExitStack, closing
from dataclasses import dataclass
from typing import Any

import pyarrow as pa

from ecluse.domain.entry import Event
from ecluse.domain.errors import Location, ScopeViolationError, TamperError, TransitionError
from ecluse.domain.lifecycle import State
from ecluse.domain.order import Order
from ecluse.domain.plan import ColumnType, Plan, PlannedEntity
from ecluse.domain.profile import DestinationProfile
from ecluse.domain.records import GroupDigest, Receipt
from ecluse.migration.digest import ZERO, add, group_digests
from ecluse.migration.gate import ReceivingGate
from ecluse.migration.opening import open_parcel
from ecluse.migration.ports import Destination, OpenDestination, Receiver, StagedBatch
from ecluse.migration.reach import REQUEST, Reach, StoppedError, in_turn
from ecluse.migration.workers import spread
from ecluse.seal.sealing import Identity
from ecluse.workspace.parcels import QUARANTINE, ParcelState
from ecluse.workspace.place import Workspace

MISSTATED = "misstated"
"""In the journal, a batch whose receipt counts other years or sites than its rows show."""
Report = Callable[[str, int], None]
"""Told of each batch loaded, with its rows; for progress bars."""

ARROW_TYPES: dict[ColumnType, pa.DataType] = {
    ColumnType.TEXT: pa.string(),
    ColumnType.DATE: pa.date32(),
    ColumnType.DATETIME: pa.timestamp("us"),
    ColumnType.DECIMAL: pa.decimal128(28, 10),
    ColumnType.INTEGER: pa.int64(),
    ColumnType.BOOLEAN: pa.bool_(),
    ColumnType.BINARY: pa.binary(),
}
"""Wire types; a decimal of a typed source may have another precision and scale."""


@dataclass(frozen=True, slots=True)
class _Loader:
    """What the workers of one load share."""

    place: Workspace
    identity: Identity
    gate: ReceivingGate
    reach: Reach
    order: str

    def __call__(self, destination: Destination, receipt: Receipt) -> bool | None:
        """Open, check and stage one batch; tells whether its receipt states the groups that its rows show.

        None: not loaded, since requests that it waits for failed; whoever loads those says why.
        """
        try:
            opened = open_parcel(self.place, receipt, self.identity)
            self.gate.check(opened.rows, receipt)
            years, sites, aside = self.reach.check(receipt, opened.rows)
            groups = group_digests(opened.rows, years, sites, opened.digest_key)
            check_digest(groups, receipt)
            if receipt.entity == REQUEST:
                self.admit(receipt, opened.rows)
            destination.stage(self.order, StagedBatch(receipt.batch, receipt.entity, receipt.parcel, opened.rows))
        except StoppedError:
            return None
        except BaseException:
            self.reach.stop()
            raise
        return stated(groups, receipt, sites=self.reach.tells_sites(receipt.entity), aside=aside)

    def admit(self, receipt: Receipt, rows: pa.Table | None = None) -> None:
        """Let these requests lead to other rows; of a batch loaded before, they are opened again."""
        received = open_parcel(self.place, receipt, self.identity).rows if rows is None else rows
        has_aside = receipt.quarantine_parcel is not None
        aside = open_parcel(self.place, receipt, self.identity, quarantine=True).rows if has_aside else None
        self.reach.admit(receipt, received, aside)


def run_load(
    place: Workspace,
    identity: Identity,
    open_destination: OpenDestination,
    profile: DestinationProfile,
    *,
    workers: int = 2,
    report: Report = lambda _batch, _rows: None,
) -> None:
    """Load every received batch, then publish. Killed at any instant, it can simply be called again.

    Raises:
        TransitionError: parcels have not all arrived, or the migration is past this step.
        ScopeViolationError: journalled; the migration is suspended, and nothing of that parcel was loaded.
        TamperError: journalled; a parcel that is not what its receipt says.
        DestinationError: the target cannot take the rows.
    """
    if place.progress().state is not State.DELIVERED:
        raise TransitionError(f"cannot load a migration that is {place.progress().state}")
    plan, order = place.pinned(Plan), place.pinned(Order)
    digest = place.progress().pins["order"]
    with ExitStack() as stack:
        destinations = [stack.enter_context(open_destination()) for _ in range(workers)]
        todo = in_turn(_todo(place), plan)
        if todo:
            # Staging tables are the first batch's first effect: without its entry no erasure would drop them.
            _begin(place, todo[0])
        destinations[0].prepare(digest, schemas(place, plan, identity))
        restage(place, identity, destinations[0], digest)
        gate = ReceivingGate(order, plan, production=profile.production)
        loader = _Loader(place, identity, gate, Reach(plan, todo), digest)
        for receipt in loader.reach.wanted(_done(place)):
            loader.admit(receipt)
        with closing(_work(place, loader, destinations, todo)) as work:
            for receipt in work:
                report(receipt.batch, receipt.rows)
        place.log(Event.PUBLISHING, subject=profile.profile)
        destinations[0].publish(digest)
    place.log(Event.LOADED, batches=len(plan.batches))


def restage(place: Workspace, identity: Identity, destination: Destination, order: str) -> None:
    """Stage loaded batches again at a destination that forgets them with its process; elsewhere, nothing."""
    if not isinstance(destination, Receiver):
        return
    held = destination.held(order)
    for receipt in _done(place):
        if receipt.batch not in held:
            rows = open_parcel(place, receipt, identity).rows
            destination.stage(order, StagedBatch(receipt.batch, receipt.entity, receipt.parcel, rows))


def _todo(place: Workspace) -> list[Receipt]:
    received, loaded = place.progress().received, place.progress().loaded
    return [place.get(Receipt, address) for batch, address in received.items() if batch not in loaded]


def _done(place: Workspace) -> list[Receipt]:
    return [place.get(Receipt, address) for address in place.progress().loaded.values()]


def _begin(place: Workspace, receipt: Receipt) -> None:
    place.log(Event.BATCH_LOADING, subject=receipt.batch, rows=receipt.rows)


def _work(
    place: Workspace, loader: _Loader, destinations: Sequence[Destination], todo: Sequence[Receipt]
) -> Generator[Receipt, None, None]:
    def begin(receipt: Receipt) -> None:
        if receipt is not todo[0]:
            _begin(place, receipt)

    with closing(spread(destinations, todo, begin, loader)) as ended:
        for receipt, future in ended:
            as_stated = _result(place, future, receipt)
            if as_stated is None:
                continue
            address = place.progress().received[receipt.batch]
            detail: dict[str, Any] = {"rows": receipt.rows} | ({} if as_stated else {MISSTATED: 1})
            place.log(Event.BATCH_LOADED, subject=receipt.batch, receipt=address, **detail)
            place.parcels.move(receipt.batch, ParcelState.RECEIVED, ParcelState.LOADED)
            if receipt.quarantine_parcel:
                place.parcels.move(f"{receipt.batch}{QUARANTINE}", ParcelState.RECEIVED, ParcelState.LOADED)
            yield receipt


def _result(place: Workspace, done: Future[bool | None], receipt: Receipt) -> bool | None:
    try:
        return done.result()
    except ScopeViolationError as violation:
        place.log(Event.SCOPE_VIOLATION, subject=receipt.batch, rule=violation.message)
        place.log(Event.SUSPENDED, subject=receipt.batch)
        raise
    except TamperError:
        place.log(Event.PARCEL_REFUSED, subject=receipt.batch)
        raise


def schemas(place: Workspace, plan: Plan, identity: Identity) -> dict[str, pa.Schema]:
    """The Arrow schema of each entity's parcels, read from the smallest; that of the plan where there is none."""
    receipts = [place.get(Receipt, address) for address in place.progress().received.values()]
    made = {}
    for planned in plan.entities:
        mine = [receipt for receipt in receipts if receipt.entity == planned.entity]
        smallest = min(mine, key=lambda receipt: receipt.size, default=None)
        made[planned.entity] = open_parcel(place, smallest, identity).rows.schema if smallest else _planned(planned)
    return made


def planned_schemas(plan: Plan) -> dict[str, pa.Schema]:
    """The Arrow schema of each entity as the plan says it; a typed source's decimals may differ."""
    return {planned.entity: _planned(planned) for planned in plan.entities}


def _planned(planned: PlannedEntity) -> pa.Schema:
    return pa.schema([(column.name, ARROW_TYPES[column.type]) for column in planned.columns])


def check_digest(found: Sequence[GroupDigest], receipt: Receipt) -> None:
    """What was opened is, row for row, what was sealed.

    Raises:
        TamperError: the keyed digest is not the receipt's.
    """
    if _total(found) != _total(receipt.groups):
        raise TamperError("opened rows differ from the sealed ones", location=Location(file=f"{receipt.batch}.age"))


def _total(groups: Sequence[GroupDigest]) -> str:
    made = ZERO
    for group in groups:
        made = add(made, group.digest)
    return made


def stated(found: Sequence[GroupDigest], receipt: Receipt, *, sites: bool, aside: int = 0) -> bool:
    """Whether a receipt's years and sites are those that its rows show, of rows that were found to be all there.

    Args:
        found: the rows' groups, made from what was opened.
        receipt: what the sender says.
        sites: whether rows show their site; without, only years are compared.
        aside: rows whose request the sender set aside: they show no site, and no group's digest can be told.
    """
    said: dict[tuple[int | None, str | None], tuple[int, str]] = defaultdict(lambda: (0, ZERO))
    for group in receipt.groups:
        rows, digest = said[group.year, group.site if sites else None]
        said[group.year, group.site if sites else None] = rows + group.rows, add(digest, group.digest)
    shown = {(group.year, group.site): (group.rows, group.digest) for group in found}
    if not aside or not sites:
        return shown == said
    known = {level: rows for level, (rows, _digest) in shown.items() if level[1] is not None}
    years = {year for year, _site in shown} == {year for year, _site in said}
    return years and all(rows <= said[level][0] for level, rows in known.items())
