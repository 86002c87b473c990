"""Row digests written a second time, plainly, from docs/reference/row-digest.md: one value at a time, no Arrow."""

import datetime as dt
import hmac
import struct
from collections.abc import Sequence
from decimal import Context, Decimal
from typing import Any

from cryptography.hazmat.primitives.ciphers.algorithms import AES
from cryptography.hazmat.primitives.cmac import CMAC

Column = tuple[str, str]
"""Name and class."""

TAGS = {"text": 1, "integer": 2, "decimal": 3, "date": 4, "datetime": 5, "boolean": 6, "binary": 7}
_WIDE = Context(prec=100)


def derived_key(key: bytes, names: Sequence[str]) -> bytes:
    """RFC 5869 by hand: extract with a salt of zeros, expand to one block of SHA-256."""
    info = b"ecluse.row-digest/1" + b"".join(struct.pack("<I", len(n.encode())) + n.encode() for n in names)
    return hmac.digest(hmac.digest(bytes(32), key, "sha256"), info + b"\x01", "sha256")


def encoding(columns: Sequence[Column], row: Sequence[Any]) -> bytes:
    """The canonical bytes of one row."""
    parts = [_value(kind, value) for (_, kind), value in zip(columns, row, strict=True)]
    words = b"".join(word for _, word, _ in parts)
    tags = bytes(tag for tag, _, _ in parts)
    tags += bytes(-len(tags) % 8)
    whole = words + tags + b"".join(tail for _, _, tail in parts)
    return (whole + bytes(-len(whole) % 16)) or bytes(16)


def digest(columns: Sequence[Column], row: Sequence[Any], key: bytes) -> bytes:
    """The 16 bytes of one row."""
    mac = CMAC(AES(derived_key(key, [name for name, _ in columns])))
    mac.update(encoding(columns, row))
    return mac.finalize()


def _value(kind: str, value: Any) -> tuple[int, bytes, bytes]:
    if value is None:
        return 0, bytes(8), b""
    tag = TAGS[kind]
    if kind in ("text", "binary"):
        raw = value.encode() if kind == "text" else value
        return tag, struct.pack("<Q", len(raw)), raw
    if kind == "decimal":
        scaled = _WIDE.multiply(Decimal(value), Decimal(10) ** 18)
        assert scaled == int(scaled)
        raw = int(scaled).to_bytes(16, "little", signed=True)
        return tag, raw[:8], raw[8:]
    return tag, struct.pack("<q", _number(kind, value)), b""


def _number(kind: str, value: Any) -> int:
    if kind == "date":
        return (value - dt.date(1970, 1, 1)).days
    if kind == "datetime":
        return (value - dt.datetime.combine(dt.date(1970, 1, 1), dt.time())) // dt.timedelta(microseconds=1)
    return int(value)
