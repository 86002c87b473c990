"""C2SP signed notes: the text, its signature lines, and the keys that check them.

Two signature types are known: 0x01, Ed25519 over the note's text (C2SP signed-note), and 0x04, a witness's timestamped
Ed25519 cosignature of a checkpoint (C2SP tlog-cosignature, ``cosignature/v1``). Lines of other keys are kept, unread.
Parsing is strict: bytes that are accepted encode back to the same bytes.
"""

import base64
import binascii
import hashlib
import re
from dataclasses import dataclass

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

from ecluse.domain.errors import MalformedError, SignatureError

ED25519 = 0x01
COSIGNATURE = 0x04
MAX_NOTE = 256 * 1024
MAX_SIGNATURES = 64

_DASH = "— "
_FIRST_PRINTABLE = 0x20
_KEY_ID_SIZE = 4
_PUBLIC_SIZE = 32
_SIGNATURE_SIZE = 64
_TIME_SIZE = 8
MAX_TIME = (1 << 63) - 1
_KEY_ID = re.compile(r"[0-9a-f]{8}", re.ASCII)


def is_key_name(name: str) -> bool:
    """Whether a key may bear this name: not empty, no space, control character or ``+`` (C2SP signed-note)."""
    return bool(name) and "+" not in name and not any(c.isspace() or ord(c) < _FIRST_PRINTABLE for c in name)


def decode_base64(text: str, what: str) -> bytes:
    """Decode standard base64 (RFC 4648 section 4), accepting only the spelling that an encoder gives.

    Raises:
        MalformedError: anything else; ``what`` is named.
    """
    try:
        value = base64.b64decode(text.encode("ascii"), validate=True)
    except (binascii.Error, UnicodeEncodeError) as error:
        raise MalformedError(f"{what} is not base64") from error
    if base64.b64encode(value).decode("ascii") != text:
        raise MalformedError(f"{what} is not canonical base64")
    return value


def encode_base64(value: bytes) -> str:
    """Encode as standard base64 (RFC 4648 section 4)."""
    return base64.b64encode(value).decode("ascii")


def key_id(name: str, kind: int, public: bytes) -> bytes:
    """SHA-256(name || 0x0A || type || public key)[:4] (C2SP signed-note)."""
    return hashlib.sha256(name.encode() + b"\n" + bytes([kind]) + public).digest()[:_KEY_ID_SIZE]


@dataclass(frozen=True, slots=True)
class Signature:
    """One signature line: who (``name`` and 4-byte ``key_id``) and the bytes after the key id."""

    name: str
    key_id: bytes
    value: bytes

    def __str__(self) -> str:
        """The line, its newline included."""
        return f"{_DASH}{self.name} {encode_base64(self.key_id + self.value)}\n"

    @classmethod
    def parse(cls, line: str) -> "Signature":
        """Read one line, without its newline.

        Raises:
            MalformedError: not a signature line.
        """
        name, space, encoded = line.removeprefix(_DASH).partition(" ")
        if not line.startswith(_DASH) or not space or not is_key_name(name):
            raise MalformedError("a signature line of the note is malformed")
        value = decode_base64(encoded, "a signature of the note")
        if len(value) <= _KEY_ID_SIZE:
            raise MalformedError("a signature of the note is too short")
        return cls(name, value[:_KEY_ID_SIZE], value[_KEY_ID_SIZE:])


@dataclass(frozen=True, slots=True)
class Note:
    """A text ending in a newline, and its signatures; not trusted before :meth:`VerifierKey.verify`."""

    text: str
    signatures: tuple[Signature, ...]

    def encode(self) -> bytes:
        """Give the note's bytes: the text, an empty line, the signature lines."""
        return (self.text + "\n" + "".join(map(str, self.signatures))).encode()

    @classmethod
    def parse(cls, data: bytes) -> "Note":
        """Read a note of at most 256 KiB and 64 signatures, without checking any signature.

        Raises:
            MalformedError: not a signed note (C2SP signed-note, section Format).
        """
        if len(data) > MAX_NOTE:
            raise MalformedError(f"the note is longer than {MAX_NOTE} bytes")
        try:
            whole = data.decode()
        except UnicodeDecodeError as error:
            raise MalformedError("the note is not UTF-8") from error
        if any(c < _FIRST_PRINTABLE and c != ord("\n") for c in data):
            raise MalformedError("the note has a control character")
        text, gap, signed = whole.rpartition("\n\n")
        if not gap or not signed.endswith("\n"):
            raise MalformedError("the note has no signature, or does not end in a newline")
        lines = signed[:-1].split("\n")
        if len(lines) > MAX_SIGNATURES:
            raise MalformedError(f"the note has more than {MAX_SIGNATURES} signatures")
        return cls(text + "\n", tuple(map(Signature.parse, lines)))


@dataclass(frozen=True, slots=True)
class VerifierKey:
    """A public key: its ``name``, signature type ``kind`` (0x01 or 0x04) and 32 Ed25519 bytes."""

    name: str
    kind: int
    public: bytes

    @property
    def id(self) -> bytes:
        """The four bytes that name this key in a signature line."""
        return key_id(self.name, self.kind, self.public)

    def __str__(self) -> str:
        """The key as text: ``name+hex(id)+base64(type || public key)``."""
        return f"{self.name}+{self.id.hex()}+{encode_base64(bytes([self.kind]) + self.public)}"

    @classmethod
    def parse(cls, vkey: str) -> "VerifierKey":
        """Read ``name+hex(id)+base64(type || public key)`` (C2SP signed-note, section Verifier keys).

        Raises:
            MalformedError: not a verifier key of a known type, or its id does not fit.
        """
        name, identifier, material = split_key(vkey, "verifier key")
        key = cls(name, material[0], material[1:])
        if key.id != identifier:
            raise MalformedError("the verifier key's id does not fit its name and bytes")
        return key

    def verify(self, note: Note) -> tuple[int, ...]:
        """Check this key's signatures on a note; for a cosignature, give their times (POSIX seconds).

        Raises:
            SignatureError: this key has not signed the note, or one of its signatures is wrong.
        """
        mine = [s for s in note.signatures if s.name == self.name and s.key_id == self.id]
        if not mine:
            raise SignatureError(f"no signature by {self.name}+{self.id.hex()}")
        return tuple(self._check(note.text, signature.value) for signature in mine)

    def _check(self, text: str, value: bytes) -> int:
        time_size = _TIME_SIZE if self.kind == COSIGNATURE else 0
        time = int.from_bytes(value[:time_size], "big")
        wrong = SignatureError(f"the signature by {self.name}+{self.id.hex()} is wrong")
        if len(value) != time_size + _SIGNATURE_SIZE or time > MAX_TIME:
            raise wrong
        try:
            key = Ed25519PublicKey.from_public_bytes(self.public)
            key.verify(value[time_size:], signed_message(self.kind, text, time))
        except (InvalidSignature, ValueError) as error:
            raise wrong from error
        return time


def signed_message(kind: int, text: str, time: int = 0) -> bytes:
    """Give the bytes that are signed: the note's text, or for a cosignature its header, time and the text."""
    return (f"cosignature/v1\ntime {time}\n{text}" if kind == COSIGNATURE else text).encode()


def split_key(text: str, what: str) -> tuple[str, bytes, bytes]:
    """Split ``name+hex(id)+base64(type || 32 bytes)`` into name, id and the type byte with its 32 bytes.

    Raises:
        MalformedError: not of this form, or a type other than 0x01 and 0x04; ``what`` is named, the text is not shown.
    """
    parts = text.split("+", 2)
    if len(parts) != len(("name", "id", "material")) or not is_key_name(parts[0]):
        raise MalformedError(f"the {what} is not name+id+base64")
    if _KEY_ID.fullmatch(parts[1]) is None:
        raise MalformedError(f"the {what}'s id is not eight hex digits")
    material = decode_base64(parts[2], f"the {what}")
    if len(material) != 1 + _PUBLIC_SIZE or material[0] not in (ED25519, COSIGNATURE):
        raise MalformedError(f"the {what} is not of a known type and length")
    return parts[0], bytes.fromhex(parts[1]), material
