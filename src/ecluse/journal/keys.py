"""The private keys of a log and of a witness, and their files: one line of text, readable by their owner alone.

The line is that of Go's note package: ``PRIVATE+KEY+<name>+<hex id>+<base64(type || 32-byte Ed25519 seed)>``.
No message, and no ``repr``, shows the seed.
"""

import contextlib
import os
import secrets
import stat
from dataclasses import dataclass, field
from pathlib import Path
from typing import ClassVar, Self

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from ecluse.domain.errors import InternalError, Location, MalformedError, SignatureError, StorageError, UsageError
from ecluse.journal.note import (
    COSIGNATURE,
    ED25519,
    MAX_TIME,
    Signature,
    VerifierKey,
    encode_base64,
    is_key_name,
    signed_message,
    split_key,
)

_PREFIX = "PRIVATE+KEY+"
_SEED_SIZE = 32
_MAX_FILE = 4096
_OTHERS = stat.S_IRWXG | stat.S_IRWXO


@dataclass(frozen=True, slots=True)
class _SigningKey:
    """An Ed25519 private key under a name, for one signature type."""

    name: str
    seed: bytes = field(repr=False)
    kind: ClassVar[int] = ED25519

    def __post_init__(self) -> None:
        """Refuse a name that no signature line could carry.

        Raises:
            UsageError: such a name, or a seed that is not 32 bytes.
        """
        if not is_key_name(self.name):
            raise UsageError("a key's name is not empty and has no space and no '+'")
        if len(self.seed) != _SEED_SIZE:
            raise UsageError("an Ed25519 seed is 32 bytes")

    @classmethod
    def generate(cls, name: str) -> Self:
        """Make a new key. ``name`` is best a schema-less URL; a log's name is its checkpoints' origin.

        Raises:
            UsageError: the name is empty, or has a space or ``+``.
        """
        return cls(name, secrets.token_bytes(_SEED_SIZE))

    @property
    def verifier(self) -> VerifierKey:
        """The public key."""
        public = Ed25519PrivateKey.from_private_bytes(self.seed).public_key().public_bytes_raw()
        return VerifierKey(self.name, self.kind, public)

    @property
    def vkey(self) -> str:
        """The public key as text: ``name+hex(id)+base64(type || public key)``."""
        return str(self.verifier)

    def save(self, path: Path) -> None:
        """Write the key to a new file of mode 0600, durably, whole or not at all.

        Raises:
            UsageError: something lies at ``path`` already; keys are never overwritten.
            StorageError: the file cannot be written.
        """
        material = encode_base64(bytes([self.kind]) + self.seed)
        line = f"{_PREFIX}{self.name}+{self.verifier.id.hex()}+{material}\n".encode()
        try:
            _create(path, line)
        except FileExistsError as error:
            raise UsageError("a file lies here already; a key is never overwritten", location=_at(path)) from error
        except OSError as error:
            raise StorageError(f"cannot write the key: {error.strerror}", location=_at(path)) from error

    @classmethod
    def load(cls, path: Path) -> Self:
        """Read a key that :meth:`save` wrote.

        Raises:
            StorageError: no such file, or it cannot be read.
            SignatureError: others than its owner may read or change the file.
            MalformedError: not a private key of this type.
        """
        try:
            with path.open("rb") as file:
                mode = os.fstat(file.fileno()).st_mode
                data = file.read(_MAX_FILE)
        except OSError as error:
            raise StorageError(f"cannot read the key: {error.strerror}", location=_at(path)) from error
        if mode & _OTHERS:
            raise SignatureError("others may read or change this key", location=_at(path), hint="chmod 600")
        try:
            return cls._parse(data)
        except MalformedError as error:
            raise MalformedError(error.message, location=_at(path)) from None

    @classmethod
    def _parse(cls, data: bytes) -> Self:
        try:
            text = data.decode()
        except UnicodeDecodeError:
            raise MalformedError("not a private key") from None
        if not text.startswith(_PREFIX) or not text.endswith("\n"):
            raise MalformedError("not a private key")
        name, identifier, material = split_key(text[len(_PREFIX) : -1], "private key")
        key = cls(name, material[1:])
        if material[0] != cls.kind:
            raise MalformedError("a private key of another type")
        if key.verifier.id != identifier:
            raise MalformedError("the private key's id does not fit its name and bytes")
        return key

    def _sign(self, text: str, time: int = 0) -> bytes:
        return Ed25519PrivateKey.from_private_bytes(self.seed).sign(signed_message(self.kind, text, time))


@dataclass(frozen=True, slots=True)
class LogKey(_SigningKey):
    """The key that signs a journal's checkpoints (signature type 0x01)."""

    kind: ClassVar[int] = ED25519

    def sign(self, text: str) -> Signature:
        """Sign a note's text."""
        return Signature(self.name, self.verifier.id, self._sign(text))


@dataclass(frozen=True, slots=True)
class WitnessKey(_SigningKey):
    """The key that cosigns a journal's checkpoints (signature type 0x04)."""

    kind: ClassVar[int] = COSIGNATURE

    def sign(self, text: str, time: int) -> Signature:
        """Cosign a checkpoint's text as of ``time``, POSIX seconds.

        Raises:
            InternalError: a time outside 0 to 2^63 - 1.
        """
        if not 0 <= time <= MAX_TIME:
            raise InternalError("a cosignature's time is out of range")
        return Signature(self.name, self.verifier.id, time.to_bytes(8, "big") + self._sign(text, time))


def _at(path: Path) -> Location:
    return Location(file=str(path))


def _create(path: Path, data: bytes) -> None:
    """Create ``path`` with ``data`` durably; a link to a finished file, so that no instant shows half a key."""
    draft = path.parent / f".{path.name}.{secrets.token_hex(8)}"
    handle = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        os.link(draft, path)
    finally:
        with contextlib.suppress(OSError):
            draft.unlink()
    folder = os.open(path.parent, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)
