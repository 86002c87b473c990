"""Row digests written a second time, plainly, from docs/reference/row-digest.md: one value at a time, no Arrow."""

import datetime as dt
import hmac
import struct
from collections.abc import Sequence
from decimal import Context, Decimal
from typing import Any

from cryptography.hazmat.primitives.ciphers import Cipher
from cryptography.hazmat.primitives.ciphers.algorithms import AES
from cryptography.hazmat.primitives.ciphers.modes import ECB
from cryptography.hazmat.primitives.cmac import CMAC

Column = tuple[str, str]
"""Name and class."""

TAGS = {"text": 1, "integer": 2, "decimal": 3, "date": 4, "datetime": 5, "boolean": 6, "binary": 7}
ROW, VALUE, LONG_VALUE = 0, 1, 2
_WIDE = Context(prec=100)


def derived_key(key: bytes, names: Sequence[str], use: int, tag: int = 0, column: int = 0) -> bytes:
    """RFC 5869 by hand: extract with a salt of zeros, expand to one block of SHA-256."""
    info = b"ecluse.row-digest/2" + bytes([use, tag]) + struct.pack("<I", column)
    info += b"".join(struct.pack("<I", len(n.encode())) + n.encode() for n in names)
    return hmac.digest(hmac.digest(bytes(32), key, "sha256"), info + b"\x01", "sha256")


def blocks(kind: str, value: Any) -> list[bytes]:
    """The 16-byte blocks of a value that is not null and not long."""
    if kind == "decimal":
        scaled = _WIDE.multiply(Decimal(value), Decimal(10) ** 18)
        assert scaled == int(scaled)
        return [int(scaled).to_bytes(16, "little", signed=True)]
    if kind not in ("text", "binary"):
        return [struct.pack("<q", _number(kind, value)) + bytes(8)]
    raw = value.encode() if kind == "text" else value
    pieces = [raw[at : at + 12] for at in range(0, len(raw), 12)] or [b""]
    headers = [len(raw), *(2**31 + at for at in range(1, len(pieces)))]
    return [struct.pack("<I", head) + piece.ljust(12, b"\0") for head, piece in zip(headers, pieces, strict=True)]


def cell(columns: Sequence[Column], column: int, value: Any, key: bytes) -> bytes:
    """The 16 bytes of one value in its column."""
    names, kind = [name for name, _ in columns], columns[column][1]
    if value is None:
        return bytes(16)
    raw = value.encode() if kind == "text" else value
    if kind in ("text", "binary") and len(raw) > 4096:
        mac = CMAC(AES(derived_key(key, names, LONG_VALUE, TAGS[kind], column)))
        mac.update(raw)
        return mac.finalize()
    derived = derived_key(key, names, VALUE, TAGS[kind], column)
    return _xor(_aes(derived, block) for block in blocks(kind, value))


def row_block(columns: Sequence[Column], row: Sequence[Any], key: bytes) -> bytes:
    """The 16 bytes of one row, before its own key."""
    return _xor(cell(columns, at, value, key) for at, value in enumerate(row))


def digest(columns: Sequence[Column], row: Sequence[Any], key: bytes) -> bytes:
    """The 16 bytes of one row."""
    return _aes(derived_key(key, [name for name, _ in columns], ROW), row_block(columns, row, key))


def total(digests: Sequence[bytes]) -> str:
    """The sum of digests, as it is written."""
    return f"{sum(int.from_bytes(each, 'little') for each in digests) % 2**128:032x}"


def _aes(key: bytes, block: bytes) -> bytes:
    return Cipher(AES(key), ECB()).encryptor().update(block)  # noqa: S305 - a function of single blocks, no text is hidden


def _xor(parts: Any) -> bytes:
    number = 0
    for part in parts:
        number ^= int.from_bytes(part, "little")
    return number.to_bytes(16, "little")


def _number(kind: str, value: Any) -> int:
    if kind == "date":
        return (value - dt.date(1970, 1, 1)).days
    if kind == "datetime":
        return (value - dt.datetime.combine(dt.date(1970, 1, 1), dt.time())) // dt.timedelta(microseconds=1)
    return int(value)
