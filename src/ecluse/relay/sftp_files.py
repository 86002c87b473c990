"""What an SFTP session has open: a parcel or a paper that comes in, a file that goes out, a listing."""

import os
import threading
from collections import Counter
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Protocol

from ecluse.domain.errors import (
    BusyError,
    EcluseError,
    ForbiddenError,
    Location,
    MalformedError,
    RefusedError,
    StorageError,
)
from ecluse.relay.desk import Desk, Visitor
from ecluse.relay.sftp_wire import MAX_DATA, Attrs, Open

_PAPERS_MIB = 256


class Opened(Protocol):
    """One handle. ``close`` is the client's word that it is done; ``cut`` that it went away."""

    def write(self, offset: int, data: bytes | memoryview) -> None:
        """Put bytes where they belong."""

    def read(self, offset: int, length: int) -> bytes:
        """Bytes from there on; none at the end."""

    def attrs(self) -> Attrs:
        """Size and mode."""

    def resize(self, size: int) -> None:
        """Cut to a size, or say that it has it."""

    def close(self) -> None:
        """Done; raises EcluseError where it is not what it should be."""

    def cut(self) -> None:
        """The session ended."""


class Budget:
    """Bytes of papers that all sessions together may hold in memory before they are whole; one account half of them."""

    def __init__(self, most: int = _PAPERS_MIB * 2**20) -> None:
        self._left, self._share, self._lock = most, most // 2, threading.Lock()
        self._held: Counter[str] = Counter()

    def take(self, account: str, size: int) -> None:
        """Take some; raises BusyError where there is none left, or the account has its share."""
        with self._lock:
            if size > self._left or self._held[account] + size > self._share:
                raise BusyError("too many papers come at once")
            self._left -= size
            self._held[account] += size

    def give(self, account: str, size: int) -> None:
        """Give back."""
        with self._lock:
            self._left += size
            self._held[account] -= size
            if not self._held[account]:
                del self._held[account]


class _WriteOnly:
    """A sender reads nothing back."""

    def read(self, offset: int, length: int) -> bytes:  # noqa: ARG002
        """Bytes from there on."""
        raise ForbiddenError("not allowed here")


class ParcelIn(_WriteOnly):
    """A parcel that is being sent."""

    def __init__(self, desk: Desk, visitor: Visitor, box: str, name: str, flags: int) -> None:
        """Begin or go on; raises EcluseError."""
        self._desk, self._visitor, self._box, self._name = desk, visitor, box, name
        self._upload = desk.begin(visitor, box, name)
        self._appends, self._gone = bool(flags & Open.APPEND), False
        if flags & Open.EXCLUSIVE and self._upload.length():
            self._upload.close()
            raise RefusedError("this parcel is being sent already", location=Location(file=name))
        if flags & Open.TRUNCATE:
            self._upload.truncate()

    def write(self, offset: int, data: bytes | memoryview) -> None:
        """Put bytes where they belong."""
        self._check()
        try:
            self._upload.write(self._upload.length() if self._appends else offset, data)
        except RefusedError as error:
            self._gone = True
            raise self._desk.abandon(self._visitor, self._box, self._upload, error) from None

    def attrs(self) -> Attrs:
        """Size and mode."""
        return Attrs(0 if self._gone else self._upload.length(), 0o100600, 0)

    def resize(self, size: int) -> None:
        """Cut to a size, or say that it has it."""
        self._check()
        if size > self._upload.length():
            raise RefusedError("a parcel does not grow but by what is written")
        if size < self._upload.length():
            self._upload.truncate(size)

    def close(self) -> None:
        """Done; raises EcluseError where it is not what it should be."""
        self._check()
        if not self._desk.finish(self._visitor, self._box, self._upload):
            raise BusyError("not whole: what came waits to be gone on with")

    def cut(self) -> None:
        """The session ended."""
        if not self._gone:
            # All of it may have come though its last word has not: it is judged all the same.
            with suppress(EcluseError):
                self._desk.finish(self._visitor, self._box, self._upload)

    def _check(self) -> None:
        if self._gone:
            raise RefusedError("this parcel was refused")


class PaperIn(_WriteOnly):
    """A paper that is being sent; whole or not at all."""

    def __init__(self, desk: Desk, visitor: Visitor, box: str, name: str, budget: Budget) -> None:
        self._desk, self._visitor, self._box, self._name, self._budget = desk, visitor, box, name, budget
        self._most = desk.expect_paper(visitor, box, name, 1)[2].limit
        self._data = bytearray()

    def write(self, offset: int, data: bytes | memoryview) -> None:
        """Put bytes where they belong."""
        if offset > len(self._data) or offset + len(data) > self._most:
            raise MalformedError("longer than a paper is, or with a hole in it", location=Location(file=self._name))
        grown = offset + len(data) - len(self._data)
        if grown > 0:
            self._budget.take(self._visitor.id, grown)
        self._data[offset : offset + len(data)] = data

    def attrs(self) -> Attrs:
        """Size and mode."""
        return Attrs(len(self._data), 0o100600, 0)

    def resize(self, size: int) -> None:
        """Cut to a size, or say that it has it."""
        if size > len(self._data):
            raise MalformedError("a paper does not grow but by what is written", location=Location(file=self._name))
        self._budget.give(self._visitor.id, len(self._data) - size)
        del self._data[size:]

    def close(self) -> None:
        """Done; raises EcluseError where it is not what it should be."""
        try:
            self._desk.put_paper(self._visitor, self._box, self._name, bytes(self._data))
        finally:
            self.cut()

    def cut(self) -> None:
        """The session ended."""
        self._budget.give(self._visitor.id, len(self._data))
        self._data.clear()


class FileOut:
    """A file that its recipient reads."""

    def __init__(self, path: Path) -> None:
        """Open it; raises StorageError."""
        try:
            self._fd = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_CLOEXEC)
        except OSError as error:
            raise StorageError(error.strerror or "cannot be read", location=Location(file=path.name)) from None

    def write(self, offset: int, data: bytes | memoryview) -> None:  # noqa: ARG002
        """Put bytes where they belong."""
        raise ForbiddenError("not allowed here")

    def read(self, offset: int, length: int) -> bytes:
        """Bytes from there on."""
        if offset >= os.fstat(self._fd).st_size:
            return b""
        return os.pread(self._fd, min(length, MAX_DATA), offset)

    def attrs(self) -> Attrs:
        """Size and mode."""
        found = os.fstat(self._fd)
        return Attrs(found.st_size, 0o100400, int(found.st_mtime))

    def resize(self, size: int) -> None:
        """Cut to a size, or say that it has it."""
        if size != self.attrs().size:
            raise ForbiddenError("not allowed here")

    def close(self) -> None:
        """Done; raises EcluseError where it is not what it should be."""
        self.cut()

    def cut(self) -> None:
        """The session ended."""
        if self._fd >= 0:
            os.close(self._fd)
            self._fd = -1


class Listing:
    """Names that are being read: each with its long form and attributes, encoded."""

    def __init__(self, found: list[tuple[bytes, bytes, bytes]]) -> None:
        self._left: Iterator[tuple[bytes, bytes, bytes]] = iter(found)

    def some(self, most: int = 100) -> list[tuple[bytes, bytes, bytes]]:
        """The next ones; none at the end."""
        return [each for each, _ in zip(self._left, range(most), strict=False)]
