"""Making of the fingerprints that the order asks for: a piece a batch, gathered at the end into one file (R11).

Of what is sealed, and of nothing else. A piece is the batch's keyed fingerprints, 8 bytes each, ascending: without the
place's trace key, noise. It is written before the entry of its batch, which names its digest, and made again with the
batch where that entry is missing. The file's digest is in the journal before the file stands (law 5); a call that is
killed is simply made again (law 4). The key leaves the place sealed to the controller's own recipient, in the file;
the place's copy is destroyed at erasure with the other keys.
"""

from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path

import numpy as np
import pyarrow as pa

from ecluse.domain.entry import Event
from ecluse.domain.errors import Location, TamperError
from ecluse.domain.order import Order, Trace
from ecluse.domain.records import Receipt
from ecluse.domain.tracing import controller_named
from ecluse.migration.fuse import Chunks
from ecluse.migration.trace_filter import TraceHeader, gather_filter
from ecluse.migration.tracing import Prints, canary_fingerprints, fingerprints
from ecluse.seal.armour import armoured
from ecluse.seal.digests import sha256_digest
from ecluse.seal.sealing import seal
from ecluse.workspace.files import read, write_atomic
from ecluse.workspace.parcels import QUARANTINE
from ecluse.workspace.place import Workspace
from ecluse.workspace.traces import PIECE, is_kept, pieces_of, trace_file

_PATIENT = "patient"


def write_piece(pieces: Path, batch: str, entity: str, tables: Iterable[pa.Table | None], key: bytes) -> str:
    """Write the fingerprints of one batch's sealed tables, those set aside too; returns the piece's digest.

    Rows that are set aside are as the source has them: of those, only marks of texts that need no parse are found.

    Raises:
        StorageError: it cannot be written.
    """
    found = [fingerprints(rows, entity, key) for rows in tables if rows is not None]
    data = np.unique(np.concatenate(found)).astype("<u8").tobytes() if found else b""
    write_atomic(pieces / f"{batch}{PIECE}", data)
    return sha256_digest(data)


def keep_trace(place: Workspace, canaries: int) -> str | None:
    """Gather the pieces of what is sealed into the file that the order asks for; returns its digest.

    None where the order asks for none, or nothing is sealed. ``canaries`` is the number of canary rows a parcel. What
    is kept already is left alone; pieces go once the file stands.

    Raises:
        TamperError: a piece is not the one that the journal names; nothing is kept.
        StorageError: a piece is gone, or the file cannot be written.
    """
    order, done = place.pinned(Order), place.progress()
    if order.trace is None or not done.sealed:
        return None
    if not is_kept(place):
        data = _file(place, order, order.trace, canaries)
        until, digest = order.trace.keep_until.isoformat(), sha256_digest(data)
        place.log(Event.TRACE_KEEPING, subject=digest, until=until, pieces=len(done.sealed), size=len(data))
        write_atomic(trace_file(place), data)
    for piece in sorted(pieces_of(place).glob(f"*{PIECE}")):
        place.destroy(piece)
    return place.progress().traced


def _file(place: Workspace, order: Order, trace: Trace, canaries: int) -> bytes:
    key = place.secret("trace")
    receipts = [place.get(Receipt, address) for address in place.progress().sealed.values()]
    names = [name for receipt in receipts for name in _parcels(receipt)]
    return gather_filter(
        _pieces(place),
        _header(place, order, trace, receipts, armoured(seal(key, [trace.recipient]))),
        _canaries(place, names, canaries, key),
    )


def _parcels(receipt: Receipt) -> Iterator[str]:
    yield receipt.batch
    if receipt.quarantine_parcel:
        yield f"{receipt.batch}{QUARANTINE}"


def _canaries(place: Workspace, names: list[str], canaries: int, key: bytes) -> Mapping[str, Prints]:
    return canary_fingerprints(place.secret("canary"), names, canaries, key)


def _pieces(place: Workspace) -> Chunks:
    """All pieces that the journal names, each checked: a batch cut off before its entry has one that does not count."""
    named = [
        (pieces_of(place) / f"{entry.subject}{PIECE}", entry.detail.get("trace"))
        for entry in place.entries() if entry.event is Event.BATCH_SEALED
    ]  # fmt: skip

    def each() -> Iterator[Prints]:
        for path, digest in named:
            data = read(path)
            if sha256_digest(data) != digest:
                raise TamperError(
                    "fingerprints that are not those of the batch", location=Location(file=str(path)),
                    hint="the disk or somebody changed them: abort, and order anew",
                )  # fmt: skip
            yield np.frombuffer(data, "<u8").astype(np.uint64, copy=False)

    return each


def _header(place: Workspace, order: Order, trace: Trace, receipts: list[Receipt], sealed_key: str) -> TraceHeader:
    return TraceHeader(
        order=order.order,
        order_digest=place.progress().pins["order"],
        plan_digest=place.progress().pins["plan"],
        controller=controller_named(order.controller.name),
        finess=order.controller.finess,
        source=order.source.system,
        destination=order.destination.system,
        recipient=order.destination.recipient,
        period_from=order.scope.dates.from_,
        period_until=order.scope.dates.until,
        persons=sum(receipt.rows for receipt in receipts if receipt.entity == _PATIENT),
        keep_until=trace.keep_until,
        sealed_key=sealed_key,
    )
