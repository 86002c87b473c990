"""Seal what is made piece by piece: an age file of any size in bounded memory, no piece of it in the clear on disk."""

from collections.abc import Iterable
from typing import IO

import pyrage

from ecluse.domain.errors import InternalError, MalformedError
from ecluse.seal.sealing import check_recipient

__all__ = ["seal_stream"]


def seal_stream(pieces: Iterable[bytes], out: IO[bytes], recipient: str) -> None:
    """Encrypt pieces as they are made, in bounded memory, to an age key or to an SSH key that age can seal to.

    What making the pieces raises comes out as it was, and what was written until then opens to nothing whole.

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
    pieced = _Pieces(pieces)
    try:
        pyrage.encrypt_io(pieced, out, [key])
    except (pyrage.EncryptError, OSError) as error:
        if pieced.failure is not None:
            raise pieced.failure from None
        if isinstance(error, OSError):
            raise
        raise InternalError("age encryption failed") from None


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
