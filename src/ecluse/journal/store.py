"""Where a journal's files lie: the port, a folder, and memory.

A path is relative, ``/``-separated, each part of letters, digits, ``_``, ``-``, ``.`` and not starting with a dot.
"""

import contextlib
import errno
import fcntl
import os
import re
import secrets
import threading
import time
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager, suppress
from pathlib import Path
from typing import Protocol

from ecluse.domain.errors import BusyError, InternalError, Location, MalformedError, StorageError
from ecluse.journal.tiles import MAX_FILE

_PATH = re.compile(r"[A-Za-z0-9_-][A-Za-z0-9_.-]*(/[A-Za-z0-9_-][A-Za-z0-9_.-]*)*", re.ASCII)
_LOCK = ".lock"
_DRAFT = ".new-"
_LOCK_WAIT_SECONDS = 10.0
_LOCK_POLL_SECONDS = 0.005


class JournalStore(Protocol):
    """Named files. Writers hold :meth:`lock`; readers need not."""

    def read(self, path: str) -> bytes | None:
        """Give a file's bytes, or None if there is no such file.

        Raises:
            StorageError: it cannot be read.
            MalformedError: it is larger than any file of a journal.
        """
        ...

    def write(self, path: str, data: bytes) -> None:
        """Replace a file as a whole, or create it; durable when this returns.

        Raises:
            StorageError: disk full or unwritable; what was there before is still there.
        """
        ...

    def remove(self, path: str) -> None:
        """Remove a file; none there is no error. Need not be durable.

        Raises:
            StorageError: it cannot be removed.
        """
        ...

    def names(self, prefix: str) -> tuple[str, ...]:
        """Give every file's path that starts with ``prefix``, sorted.

        Raises:
            StorageError: the folder cannot be read.
        """
        ...

    def lock(self) -> AbstractContextManager[None]:
        """Keep other writers out, those of other processes included; not reentrant; freed when its holder dies.

        Raises:
            BusyError: another writer kept it for ten seconds.
            StorageError: the store is unwritable.
        """
        ...


def _checked(path: str) -> str:
    if _PATH.fullmatch(path) is None:
        raise InternalError("not a path inside a journal")
    return path


class MemoryStore(JournalStore):
    """A store that lasts as long as its process: for tests, and for checking a bundle that is not on disk."""

    def __init__(self) -> None:
        self._files: dict[str, bytes] = {}
        self._lock = threading.Lock()

    def read(self, path: str) -> bytes | None:
        """See :class:`JournalStore`."""
        return self._files.get(_checked(path))

    def write(self, path: str, data: bytes) -> None:
        """See :class:`JournalStore`."""
        self._files[_checked(path)] = bytes(data)

    def remove(self, path: str) -> None:
        """See :class:`JournalStore`."""
        self._files.pop(_checked(path), None)

    def names(self, prefix: str) -> tuple[str, ...]:
        """See :class:`JournalStore`."""
        return tuple(sorted(name for name in list(self._files) if name.startswith(prefix)))

    @contextmanager
    def lock(self) -> Iterator[None]:
        """See :class:`JournalStore`."""
        if not self._lock.acquire(timeout=_LOCK_WAIT_SECONDS):
            raise BusyError("another writer holds this journal")
        try:
            yield
        finally:
            self._lock.release()


class FolderStore(JournalStore):
    """A store in a folder, made when first written to; files are of mode 0600.

    A file is written as ``.new-…`` in the root, fsynced, renamed, and its folder fsynced, so that neither a kill nor
    a power cut shows half of one. Names starting with a dot are the store's own and never listed.
    """

    def __init__(self, root: Path) -> None:
        self._root = root
        self._durable: set[Path] = set()

    def read(self, path: str) -> bytes | None:
        """See :class:`JournalStore`."""
        with self._storage(path, "read"):
            try:
                with (self._root / _checked(path)).open("rb") as file:
                    data = file.read(MAX_FILE + 1)
            except (FileNotFoundError, NotADirectoryError, IsADirectoryError):
                return None
        if len(data) > MAX_FILE:
            raise MalformedError("larger than any file of a journal", location=self._at(path))
        return data

    def write(self, path: str, data: bytes) -> None:
        """See :class:`JournalStore`."""
        target = self._root / _checked(path)
        draft = self._root / f"{_DRAFT}{secrets.token_hex(8)}"
        with self._storage(path, "write"):
            self._prepare(target.parent)
            try:
                _write_durably(draft, data)
                draft.replace(target)
            except BaseException:
                with suppress(OSError):
                    draft.unlink()
                raise
            _fsync_folder(target.parent)

    def remove(self, path: str) -> None:
        """See :class:`JournalStore`. A folder left empty goes too."""
        target = self._root / _checked(path)
        with self._storage(path, "remove"):
            with suppress(FileNotFoundError, NotADirectoryError):
                target.unlink()
            if target.parent != self._root:
                with suppress(OSError):
                    target.parent.rmdir()
                    self._durable.discard(target.parent)

    def names(self, prefix: str) -> tuple[str, ...]:
        """See :class:`JournalStore`."""
        start = prefix.rpartition("/")[0]
        found: list[str] = []
        with self._storage(start or ".", "list"):
            for folder, subfolders, files in os.walk(self._root / start, onerror=_raise_unless_absent):
                subfolders[:] = [name for name in subfolders if not name.startswith(".")]
                base = Path(folder).relative_to(self._root)
                found += ((base / name).as_posix() for name in files if not name.startswith("."))
        return tuple(sorted(name for name in found if name.startswith(prefix)))

    @contextmanager
    def lock(self) -> Iterator[None]:
        """See :class:`JournalStore`. Drafts that a killed writer left are swept away."""
        with self._storage(_LOCK, "lock"):
            self._prepare(self._root)
            handle = os.open(self._root / _LOCK, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        try:
            with self._storage(_LOCK, "lock"):
                _take(handle)
                for entry in [e for e in os.scandir(self._root) if e.name.startswith(_DRAFT)]:
                    os.unlink(entry.path)  # noqa: PTH108  # scandir gives what a Path would read again
            yield
        finally:
            # Unlocked by name, not only closed: a child forked meanwhile holds a copy of the handle.
            with suppress(OSError):
                fcntl.flock(handle, fcntl.LOCK_UN)
            os.close(handle)

    def _prepare(self, folder: Path) -> None:
        """Make a folder and, once in this process, make sure that it and all above it would survive a power cut."""
        if folder in self._durable and folder.is_dir():
            return
        if folder == self._root:
            _make_durably(folder)
            # What a writer that was killed before its last fsync renamed here is about to be trusted.
            _fsync_folder(folder)
        else:
            self._prepare(folder.parent)
            _make_durably(folder)
        self._durable.add(folder)

    def _at(self, path: str) -> Location:
        return Location(file=str(self._root / path))

    @contextmanager
    def _storage(self, path: str, verb: str) -> Iterator[None]:
        try:
            yield
        except OSError as error:
            reason = error.strerror or type(error).__name__
            raise StorageError(f"cannot {verb}: {reason}", location=self._at(path)) from error


def _write_durably(path: Path, data: bytes) -> None:
    handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
    try:
        rest = memoryview(data)
        while rest:
            rest = rest[os.write(handle, rest) :]
        os.fsync(handle)
    finally:
        os.close(handle)


def _make_durably(folder: Path) -> None:
    """Make a folder, and those above it that are missing; private."""
    if not folder.parent.is_dir():
        _make_durably(folder.parent)
    folder.mkdir(exist_ok=True, mode=0o700)
    _fsync_folder(folder.parent)


def _fsync_folder(folder: Path) -> None:
    handle = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def _take(handle: int) -> None:
    deadline = time.monotonic() + _LOCK_WAIT_SECONDS
    while True:
        with contextlib.suppress(BlockingIOError):
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
            return
        if time.monotonic() > deadline:
            raise BusyError("another process holds this journal")
        time.sleep(_LOCK_POLL_SECONDS)


def _raise_unless_absent(error: OSError) -> None:
    if error.errno not in (errno.ENOENT, errno.ENOTDIR):
        raise error
