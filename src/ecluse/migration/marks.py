"""Canary values of the parcels at a place, for the re-scan after erasure (law 7, R12)."""

from collections.abc import Iterable, Iterator

from ecluse.domain.catalogue import KEY
from ecluse.domain.errors import EcluseError
from ecluse.domain.records import Receipt
from ecluse.migration.canary import markers
from ecluse.migration.extract import CANARIES
from ecluse.migration.pack import unpack
from ecluse.seal.sealing import Identity, open_sealed
from ecluse.workspace.files import read
from ecluse.workspace.parcels import QUARANTINE, ParcelState
from ecluse.workspace.place import Workspace

_SECRET = "canary.secret"  # noqa: S105 - a file's name


def source_marks(place: Workspace) -> tuple[bytes, ...]:
    """Markers of every parcel the source's place has sealed; none once their key is destroyed."""
    if not (place.root / "keys" / _SECRET).is_file():
        return ()
    key = place.secret("canary")
    if not any(key):
        return ()  # an erasure was killed between overwriting and unlinking
    return markers(key, _names(place, place.progress().sealed.values()), CANARIES)


def destination_marks(place: Workspace, identity: Identity) -> tuple[bytes, ...]:
    """Keys of the canary rows in the parcels that still lie at the destination's place, which has no canary key."""
    return tuple(sorted(set(_opened(place, identity))))


def _opened(place: Workspace, identity: Identity) -> Iterator[bytes]:
    for name in _names(place, place.progress().received.values()):
        for state in (ParcelState.RECEIVED, ParcelState.LOADED):
            path = place.parcels.path(state, name)
            if path.is_file():
                try:
                    header, rows = unpack(open_sealed(read(path), identity))
                except EcluseError:
                    # A parcel that does not open must not keep the others from being erased on time.
                    continue
                if KEY in rows.column_names:
                    found = rows.column(KEY).take(list(header.canaries)).to_pylist()
                    yield from (value.encode() for value in found if isinstance(value, str))


def _names(place: Workspace, addresses: Iterable[str]) -> tuple[str, ...]:
    receipts = [place.get(Receipt, address) for address in addresses]
    aside = (f"{receipt.batch}{QUARANTINE}" for receipt in receipts if receipt.quarantine_parcel)
    return (*(receipt.batch for receipt in receipts), *aside)
