"""Opening parcels: whole, authenticated, and bound to the order, plan and batch that announced them (law 10)."""

from dataclasses import dataclass

import pyarrow as pa

from ecluse.domain.errors import Location, TamperError
from ecluse.domain.records import Receipt
from ecluse.migration.canary import strip
from ecluse.migration.pack import Header, unpack
from ecluse.seal.sealing import Identity, open_sealed
from ecluse.wire.canonical import digest
from ecluse.workspace.files import read
from ecluse.workspace.parcels import QUARANTINE, ParcelState
from ecluse.workspace.place import Workspace


@dataclass(frozen=True, slots=True)
class Opened:
    """A parcel's real rows, and the key of the migration's row digests that travels sealed with them."""

    rows: pa.Table
    digest_key: bytes


def open_parcel(place: Workspace, receipt: Receipt, identity: Identity, *, quarantine: bool = False) -> Opened:
    """The rows of a received parcel, or of its quarantine, canaries stripped (R12).

    Raises:
        TamperError: not the parcel of that receipt; names which binding fails.
        MalformedError: the identity is not the recipient's.
    """
    header, planted = _unpacked(place, receipt, identity, quarantine=quarantine)
    rows = strip(planted, header.canaries)
    expected = sum(q.rows for q in receipt.quarantined) if quarantine else receipt.rows
    if not rows.num_rows == header.rows == expected:
        raise TamperError("rows are not as many as the receipt says", location=Location(file=f"{header.batch}.age"))
    return Opened(rows, header.digest_key)


def _unpacked(place: Workspace, receipt: Receipt, identity: Identity, *, quarantine: bool) -> tuple[Header, pa.Table]:
    name = f"{receipt.batch}{QUARANTINE}" if quarantine else receipt.batch
    wanted = receipt.quarantine_parcel if quarantine else receipt.parcel
    where = Location(file=f"{name}.age")
    loaded = place.parcels.path(ParcelState.LOADED, name)
    ciphertext = read(loaded if loaded.exists() else place.parcels.path(ParcelState.RECEIVED, name))
    if digest(ciphertext) != wanted:
        raise TamperError("the parcel is not the one that its receipt announces", location=where)
    header, planted = unpack(open_sealed(ciphertext, identity))
    for field, found, expected in (
        ("order", header.order, receipt.order),
        ("plan", header.plan, receipt.plan),
        ("batch", header.batch, name),
        ("entity", header.entity, receipt.entity),
        ("canaries", len(header.canaries), receipt.canaries),
    ):
        if found != expected:
            raise TamperError(f"the sealed content is bound to another {field} than its receipt", location=where)
    return header, planted
