"""Loading: received parcels into the target, each opened, gated again and loaded exactly once (laws 1, 3, 4)."""

from collections.abc import Callable, Generator, Sequence
from concurrent.futures import Future
from contextlib import ExitStack, closing
from dataclasses import dataclass

import pyarrow as pa

from ecluse.domain.entry import Event
from ecluse.domain.errors import Location, ScopeViolationError, TamperError, TransitionError
from ecluse.domain.lifecycle import State
from ecluse.domain.order import Order
from ecluse.domain.plan import ColumnType, Plan, PlannedEntity
from ecluse.domain.profile import DestinationProfile
from ecluse.domain.records import Receipt
from ecluse.migration.digest import ZERO, add, group_digests
from ecluse.migration.gate import ReceivingGate
from ecluse.migration.opening import open_parcel
from ecluse.migration.ports import Destination, OpenDestination, StagedBatch
from ecluse.migration.workers import spread
from ecluse.seal.sealing import Identity
from ecluse.workspace.parcels import QUARANTINE, ParcelState
from ecluse.workspace.place import Workspace

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
    order: str

    def __call__(self, destination: Destination, receipt: Receipt) -> int:
        """Open, check and stage one batch; returns its rows."""
        opened = open_parcel(self.place, receipt, self.identity)
        self.gate.check(opened.rows, receipt)
        check_digest(opened.rows, receipt, opened.digest_key)
        destination.stage(self.order, StagedBatch(receipt.batch, receipt.entity, receipt.parcel, opened.rows))
        return int(opened.rows.num_rows)


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
        todo = _todo(place)
        if todo:
            # Staging tables are the first batch's first effect: without its entry no erasure would drop them.
            _begin(place, todo[0])
        destinations[0].prepare(digest, schemas(place, plan, identity))
        loader = _Loader(place, identity, ReceivingGate(order, plan, production=profile.production), digest)
        with closing(_work(place, loader, destinations, todo)) as work:
            for receipt, rows in work:
                report(receipt.batch, rows)
        place.log(Event.PUBLISHING, subject=profile.profile)
        destinations[0].publish(digest)
    place.log(Event.LOADED, batches=len(plan.batches))


def _todo(place: Workspace) -> list[Receipt]:
    received, loaded = place.progress().received, place.progress().loaded
    return [place.get(Receipt, address) for batch, address in received.items() if batch not in loaded]


def _begin(place: Workspace, receipt: Receipt) -> None:
    place.log(Event.BATCH_LOADING, subject=receipt.batch, rows=receipt.rows)


def _work(
    place: Workspace, loader: _Loader, destinations: Sequence[Destination], todo: Sequence[Receipt]
) -> Generator[tuple[Receipt, int], None, None]:
    def begin(receipt: Receipt) -> None:
        if receipt is not todo[0]:
            _begin(place, receipt)

    with closing(spread(destinations, todo, begin, loader)) as ended:
        for receipt, future in ended:
            rows = _result(place, future, receipt)
            address = place.progress().received[receipt.batch]
            place.log(Event.BATCH_LOADED, subject=receipt.batch, receipt=address, rows=rows)
            place.parcels.move(receipt.batch, ParcelState.RECEIVED, ParcelState.LOADED)
            if receipt.quarantine_parcel:
                place.parcels.move(f"{receipt.batch}{QUARANTINE}", ParcelState.RECEIVED, ParcelState.LOADED)
            yield receipt, rows


def _result(place: Workspace, done: Future[int], receipt: Receipt) -> int:
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


def _planned(planned: PlannedEntity) -> pa.Schema:
    return pa.schema([(column.name, ARROW_TYPES[column.type]) for column in planned.columns])


def check_digest(rows: pa.Table, receipt: Receipt, key: bytes) -> None:
    """What was opened is, row for row, what was sealed.

    Raises:
        TamperError: the keyed digest is not the receipt's.
    """
    nowhere = pa.nulls(rows.num_rows, pa.string())
    found = group_digests(rows, pa.nulls(rows.num_rows, pa.int32()), nowhere, key)
    sealed = ZERO
    for group in receipt.groups:
        sealed = add(sealed, group.digest)
    if (found[0].digest if found else ZERO) != sealed:
        raise TamperError("opened rows differ from the sealed ones", location=Location(file=f"{receipt.batch}.age"))
