"""A parcel on its way in: written where it says, kept only if it is what was announced, resumable (law 4)."""

import fcntl
import hashlib
import os
import time
from collections.abc import Callable
from pathlib import Path

from ecluse.domain.errors import BusyError, Location, RefusedError, SignatureError, StorageError, TamperError
from ecluse.relay.sealed import MAX_HEADER, SAMPLE, UnsealedError, check_part, check_sealed
from ecluse.seal.digests import sha256_file
from ecluse.workspace.files import erase, make_folder, move

RECIPIENTS = 1
"""An order names one recipient."""


class QuotaError(RefusedError):
    """More than was announced, or than a box may hold."""


class UnannouncedError(SignatureError):
    """No signed receipt announces this parcel."""


class HereAlreadyError(RefusedError):
    """This parcel has come, and was judged right."""


class Upload:
    """One parcel being written. Whoever opened it holds it alone, in every relay that serves the folder."""

    def __init__(self, path: Path, stored: Path, hex_: str, *, size: int | None, room: int) -> None:
        """Open, or go on with, what came so far. ``size``: announced bytes; ``room``: bytes that the quota leaves.

        Raises:
            BusyError: another session writes it.
            StorageError: it cannot be written.
        """
        self.path, self._stored, self.hex, self.size = path, stored, hex_, size
        self._most = room if size is None else min(size, room)
        self._hash: hashlib._Hash | None = None
        self._hashed = 0
        try:
            make_folder(path.parent)
            self._fd = os.open(path, os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW | os.O_CLOEXEC, 0o600)
        except OSError as error:
            raise StorageError(error.strerror or "cannot be written", location=Location(file=path.name)) from None
        # Whoever held it may have ended it meanwhile: what was opened is then the stored parcel, and nobody's to write.
        if not _locked(self._fd) or not _is_still(self._fd, path):
            os.close(self._fd)
            raise BusyError("another session sends this parcel", location=Location(file=path.name))
        if self.length() == 0:
            self._hash = hashlib.sha256()

    def length(self) -> int:
        """Bytes that have come."""
        return os.fstat(self._fd).st_size

    def truncate(self, size: int = 0) -> None:
        """Begin again, or cut what came; bytes."""
        if self.length() != size:
            os.ftruncate(self._fd, size)
        self._hash, self._hashed = (hashlib.sha256(), 0) if size == 0 else (None, 0)

    def write(self, offset: int, data: bytes | memoryview) -> None:
        """Put bytes where they belong; nothing of what no age file has there is stored.

        Raises:
            UnsealedError: not a sealed parcel's bytes.
            QuotaError: more than announced, or than the quota leaves.
            StorageError: the disk is full or failing; what came before stands.
        """
        if offset < 0 or offset + len(data) > self._most:
            raise QuotaError("longer than was announced, or than the order's quota leaves")
        lead = self._lead(offset, len(data))
        check_part(offset - len(lead), lead + data if lead else data, RECIPIENTS)
        try:
            written, view = 0, memoryview(data)
            while written < len(view):
                written += os.pwrite(self._fd, view[written:], offset + written)
        except OSError as error:
            raise StorageError(error.strerror or "cannot be written", location=Location(file=self.path.name)) from None
        if self._hash is not None and offset == self._hashed:
            self._hash.update(view)
            self._hashed += len(view)
        else:
            self._hash = None  # out of order: read again at the end

    def _lead(self, offset: int, size: int) -> bytes:
        """What came before a piece, where the piece is too short to be judged alone, or belongs to the header."""
        reach = offset if offset < MAX_HEADER else min(offset, SAMPLE) if size < SAMPLE else 0
        if reach and self.length() < offset:
            if size >= SAMPLE:
                return b""
            raise UnsealedError("pieces so small must come in their order")
        return os.pread(self._fd, reach, offset - reach) if reach else b""

    def is_whole(self) -> bool:
        """Whether as many bytes have come as were announced; where no size was, whether its digest is right."""
        if self.size is not None:
            return self.length() == self.size
        return self.length() > 0 and self._digest() == self.hex

    def finish(self, before: Callable[[], None]) -> None:
        """Keep it, durably: digest, header, length and randomness are right. ``before`` is called before it is kept.

        Raises:
            TamperError: it is not the parcel that was announced; nothing of it is kept.
            UnsealedError: not an age file for one recipient; likewise.
        """
        try:
            if self._digest() != self.hex:
                raise TamperError("not the parcel that the receipt announces")
            check_sealed(self.path, RECIPIENTS)
        except RefusedError:
            self.drop()
            raise
        os.fsync(self._fd)
        before()
        move(self.path, self._stored)
        self.close()

    def drop(self) -> None:
        """Erase what came, while it is held."""
        erase(self.path)
        self.close()

    def close(self) -> None:
        """Let go of it; what came stays, to be gone on with."""
        if self._fd >= 0:
            os.close(self._fd)
            self._fd = -1

    def _digest(self) -> str:
        if self._hash is not None and self._hashed == self.length():
            return self._hash.hexdigest()
        return sha256_file(self.path).removeprefix("sha256:")


def _locked(fd: int) -> bool:
    """Whether it is ours now; a session that was just cut off lets go within moments."""
    for _ in range(15):
        try:
            fcntl.flock(fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            time.sleep(0.1)
        else:
            return True
    return False


def _is_still(fd: int, path: Path) -> bool:
    """Whether a file that is open is the one of that name."""
    try:
        return os.path.samestat(os.fstat(fd), path.lstat())
    except OSError:
        return False
