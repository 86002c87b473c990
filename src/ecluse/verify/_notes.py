"""Signed checkpoints (C2SP signed-note, tlog-checkpoint, tlog-cosignature), read and checked here."""

import base64
import binascii
import hashlib
import re
from dataclasses import dataclass

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

from ecluse.domain.errors import MalformedError, SignatureError

LOG, WITNESS = 0x01, 0x04
_MAX = 256 * 1024
_SIZE = re.compile(r"0|[1-9][0-9]{0,15}", re.ASCII)
_VKEY = re.compile(r"(?P<name>[^\s+]+)\+(?P<id>[0-9a-f]{8})\+(?P<key>[A-Za-z0-9+/=]+)", re.ASCII)
_PLAIN = re.compile(r"[^\x00-\x09\x0b-\x1f]*")


@dataclass(frozen=True, slots=True)
class LogKey:
    """A log's or witness's public key: ``kind`` 0x01 or 0x04, 32 Ed25519 bytes."""

    name: str
    kind: int
    public: bytes

    @property
    def id(self) -> bytes:
        """The four bytes by which a signature line names this key."""
        return hashlib.sha256(self.name.encode() + b"\n" + bytes([self.kind]) + self.public).digest()[:4]


@dataclass(frozen=True, slots=True)
class Line:
    """One signature line, unread."""

    name: str
    id: bytes
    value: bytes


@dataclass(frozen=True, slots=True)
class Checkpoint:
    """A tree head and its signature lines."""

    text: str
    origin: str
    size: int
    root: bytes
    lines: tuple[Line, ...]


def read_vkey(data: bytes) -> LogKey:
    """Read ``name+hex(id)+base64(0x01 || key)`` of a log, one line.

    Raises:
        MalformedError: not such a key.
    """
    match = _VKEY.fullmatch(_text(data).removesuffix("\n"))
    if match is None:
        raise MalformedError("not a verifier key: name+id+base64")
    raw = _base64(match["key"])
    if len(raw) != 1 + 32 or raw[0] != LOG:
        raise MalformedError("not an Ed25519 key of a log")
    key = LogKey(match["name"], raw[0], raw[1:])
    if key.id.hex() != match["id"]:
        raise MalformedError("the key's id does not fit its name and bytes")
    return key


def read_checkpoint(data: bytes) -> Checkpoint:
    """Read a checkpoint, checking no signature.

    Raises:
        MalformedError: not a checkpoint.
    """
    text, gap, signed = _text(data).rpartition("\n\n")
    lines = text.split("\n")
    if not gap or not signed.endswith("\n") or len(lines) < len(("origin", "size", "root")) or not all(lines):
        raise MalformedError("not a signed note of origin, size and root")
    if _SIZE.fullmatch(lines[1]) is None:
        raise MalformedError("the size is not a plain decimal")
    root = _base64(lines[2])
    if len(root) != hashlib.sha256().digest_size:
        raise MalformedError("the root is not a SHA-256 hash")
    return Checkpoint(text + "\n", lines[0], int(lines[1]), root, tuple(map(_line, signed[:-1].split("\n"))))


def check_log(checkpoint: Checkpoint, key: LogKey) -> None:
    """The log of that key has signed the checkpoint, which is of its own origin.

    Raises:
        SignatureError: it has not, or wrongly.
    """
    mine = [line for line in checkpoint.lines if (line.name, line.id) == (key.name, key.id)]
    if not mine or checkpoint.origin != key.name:
        raise SignatureError(f"not signed by the log {key.name}+{key.id.hex()}")
    for line in mine:
        _check(key.public, line.value, checkpoint.text.encode())


def check_witness(checkpoint: Checkpoint, name: str, public: bytes) -> int:
    """Cosignatures by a witness of that name and key; their number.

    Raises:
        SignatureError: one of them is wrong.
    """
    key = LogKey(name, WITNESS, public)
    mine = [line for line in checkpoint.lines if (line.name, line.id) == (key.name, key.id)]
    for line in mine:
        head = f"cosignature/v1\ntime {int.from_bytes(line.value[:8], 'big')}\n"
        _check(public, line.value[8:], (head + checkpoint.text).encode())
    return len(mine)


def _check(public: bytes, signature: bytes, message: bytes) -> None:
    try:
        Ed25519PublicKey.from_public_bytes(public).verify(signature, message)
    except (InvalidSignature, ValueError):
        raise SignatureError("a signature of the checkpoint is wrong") from None


def _line(text: str) -> Line:
    name, space, encoded = text.removeprefix("— ").partition(" ")
    value = _base64(encoded)
    if not text.startswith("— ") or not space or not name or len(value) <= len(b"id  "):
        raise MalformedError("a signature line is malformed")
    return Line(name, value[:4], value[4:])


def _text(data: bytes) -> str:
    try:
        text = data.decode("utf-8") if len(data) <= _MAX else ""
    except UnicodeDecodeError:
        text = ""
    if not text or _PLAIN.fullmatch(text) is None:
        raise MalformedError("not a short plain text")
    return text


def _base64(text: str) -> bytes:
    try:
        value = binascii.a2b_base64(text.encode("ascii"), strict_mode=True)
    except (binascii.Error, UnicodeEncodeError):
        raise MalformedError("not base64") from None
    if base64.b64encode(value).decode("ascii") != text:
        raise MalformedError("base64 in a foreign spelling")
    return value
