"""A folder as a mailbox: a shared disk, a removable drive, or the two places of one machine."""

import os
import shutil
from pathlib import Path

from ecluse.domain.errors import Location, MalformedError, StorageError
from ecluse.workspace.files import erase, sync_folder
from ecluse.workspace.parcels import SUFFIX

_PART = ".part"
_MARK = ".ecluse-mailbox"
"""Stays in a mailbox that ever held parcels: without it, one that is emptied looks as one that is not mounted."""


class FolderMailbox:
    """A ``control.ports.Mailbox``. Files appear whole: copied as ``.part``, fsynced, renamed."""

    papers_first = False

    def __init__(self, root: Path) -> None:
        self._root = root

    def deliver(self, name: str, parcel: Path) -> None:
        """Copy a parcel in; delivering it again replaces it by the same bytes."""
        path = self._path(name)
        _copy(parcel, path)
        if path.suffix == SUFFIX:
            _mark(self._root / _MARK)

    def is_there(self) -> bool:
        """Whether this folder was delivered parcels to, and is not one on which a disk is still to be mounted."""
        return (self._root / _MARK).is_file()

    def waiting(self) -> tuple[str, ...]:
        """Names of what lies there whole, sorted."""
        if not self._root.is_dir():
            return ()
        lying = (p for p in self._root.iterdir() if p.is_file())
        return tuple(sorted(p.name for p in lying if p.suffix != _PART and p.name != _MARK))

    def collect(self, name: str, into: Path) -> None:
        """Copy one out."""
        _copy(self._path(name), into)

    def discard(self, name: str) -> None:
        """Erase one, and what a copy that was cut off left of it."""
        path = self._path(name)
        erase(path)
        erase(path.with_name(path.name + _PART))

    def _path(self, name: str) -> Path:
        if not name or "/" in name or name.startswith(".") or name.endswith(_PART):
            raise MalformedError("not a name that a mailbox takes", location=Location(file=name))
        return self._root / name


def _mark(path: Path) -> None:
    try:
        path.touch(mode=0o644)
    except OSError as error:
        raise StorageError(error.strerror or "cannot be written", location=Location(file=str(path))) from None


def _copy(source: Path, target: Path) -> None:
    part = target.with_name(target.name + _PART)
    try:
        target.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        with source.open("rb") as reading, part.open("wb") as writing:
            shutil.copyfileobj(reading, writing, 1 << 20)
            writing.flush()
            os.fsync(writing.fileno())
        part.replace(target)
        sync_folder(target.parent)
    except OSError as error:
        raise StorageError(error.strerror or "cannot be copied", location=Location(file=str(target))) from None
