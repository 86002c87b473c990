"""Seal what is made piece by piece: an age file of any size in bounded memory, no piece of it in the clear on disk."""

from collections.abc import Iterable
from typing import IO

import pyrage

from ecluse.domain.errors import InternalError, MalformedError
from ecluse.seal.sealing import check_recipient

__all__ = ["seal_stream"]


def seal_stream(pieces: Iterable[bytes], out: IO[bytes], recipient: str) -> None:
    """Encrypt pieces as they are made, in bounded memory, to an age key or to an SSH key that age can seal to.

    What making the pieces or writing raises comes out as it was, and what was written until then opens to nothing
    whole.

    Raises:
        MalformedError: not such a key.
    """
    if recipient.startswith("ssh-"):
        try:
            key = pyrage.ssh.Recipient.from_str(" ".join(recipient.split()[:2]))
        except pyrage.RecipientError:
            raise MalformedError("not an SSH key that age can seal to (Ed25519 or RSA)") from None
    else:
        check_recipient(recipient)
        key = pyrage.x25519.Recipient.from_str(recipient)
    pieced, kept = _Pieces(pieces), _Kept(out)
    try:
        pyrage.encrypt_io(pieced, kept, [key])
    except (pyrage.EncryptError, OSError):
        failure = pieced.failure or kept.failure
        raise failure or InternalError("age encryption failed") from None


class _Pieces:
    """A reader over pieces as they come. What goes wrong in making one is kept: pyrage would tell it in words."""

    __slots__ = ("_held", "_pieces", "failure")

    def __init__(self, pieces: Iterable[bytes]) -> None:
        self._pieces, self._held = iter(pieces), memoryview(b"")
        self.failure: BaseException | None = None

    def read(self, size: int = -1) -> bytes:
        try:
            while not self._held:
                self._held = memoryview(next(self._pieces))
        except StopIteration:
            return b""
        except BaseException as error:
            self.failure = error
            raise
        piece = self._held[: size if size > 0 else None]
        self._held = self._held[len(piece) :]
        return bytes(piece)


class _Kept:
    """A writer that keeps what went wrong, since pyrage may tell it as a fault of the encryption."""

    __slots__ = ("_out", "failure")

    def __init__(self, out: IO[bytes]) -> None:
        self._out = out
        self.failure: OSError | None = None

    def write(self, data: bytes) -> int:
        try:
            return self._out.write(data)
        except OSError as error:
            self.failure = error
            raise

    def flush(self) -> None:
        self._out.flush()
