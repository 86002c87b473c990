"""Parcels on disk: the state of a parcel is the folder that it lies in, moved atomically."""

from collections.abc import Iterator
from enum import StrEnum
from pathlib import Path

from ecluse.domain.errors import InternalError
from ecluse.workspace.files import erase, move, write_atomic

SUFFIX = ".age"
QUARANTINE = ".quarantine"


class ParcelState(StrEnum):
    """Folders of parcels: the first two at the source's place, the others at the destination's."""

    SEALED = "sealed"
    DELIVERED = "delivered"
    RECEIVED = "received"
    LOADED = "loaded"


class Parcels:
    """The parcels of one place. Names are batch ids, which say nothing."""

    def __init__(self, root: Path) -> None:
        self.root = root

    def path(self, state: ParcelState, name: str) -> Path:
        """Where a parcel lies in a state; ``name`` without suffix."""
        if not name or "/" in name or name.startswith("."):
            raise InternalError("a parcel's name is a batch id")
        return self.root / state / f"{name}{SUFFIX}"

    def write(self, state: ParcelState, name: str, ciphertext: bytes) -> Path:
        """Put sealed bytes there, whole or not at all."""
        path = self.path(state, name)
        write_atomic(path, ciphertext)
        return path

    def move(self, name: str, old: ParcelState, new: ParcelState) -> None:
        """Change a parcel's state; one that has changed already is left alone."""
        move(self.path(old, name), self.path(new, name))

    def names(self, state: ParcelState) -> tuple[str, ...]:
        """Parcels in a state, sorted."""
        folder = self.root / state
        found = folder.glob(f"*{SUFFIX}") if folder.is_dir() else ()
        return tuple(sorted(path.name.removesuffix(SUFFIX) for path in found))

    def everything(self) -> Iterator[Path]:
        """Every file under the parcels' root."""
        if self.root.is_dir():
            yield from sorted(path for path in self.root.rglob("*") if path.is_file())

    def erase(self, path: Path) -> None:
        """Erase one file."""
        erase(path)
