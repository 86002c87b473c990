"""What an erasure looks for: canary rows' values, worked out while something still knows them (R12, law 7)."""

from ecluse.domain.catalogue import KEY
from ecluse.domain.records import Receipt
from ecluse.migration.canary import markers
from ecluse.migration.extract import CANARIES
from ecluse.migration.opening import planted_rows
from ecluse.seal.sealing import Identity
from ecluse.workspace.parcels import QUARANTINE
from ecluse.workspace.place import Workspace


def markers_at_source(place: Workspace) -> tuple[bytes, ...]:
    """Both markers of every canary row that this place sealed."""
    receipts = [place.get(Receipt, address) for address in place.progress().sealed.values()]
    names = [receipt.batch for receipt in receipts]
    names += [f"{receipt.batch}{QUARANTINE}" for receipt in receipts if receipt.quarantine_parcel]
    return markers(place.secret("canary"), names, CANARIES)


def markers_at_destination(place: Workspace, identity: Identity) -> tuple[bytes, ...]:
    """The keys of every canary row that this place received: it never had the key that makes them."""
    found: list[bytes] = []
    for address in place.progress().received.values():
        receipt = place.get(Receipt, address)
        for quarantine in (False, True) if receipt.quarantine_parcel else (False,):
            rows = planted_rows(place, receipt, identity, quarantine=quarantine)
            found += [str(key).encode() for key in rows.column(KEY).to_pylist()]
    return tuple(found)
