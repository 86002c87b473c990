"""Armoured age files: sealed bytes as text, for keys that travel inside a document.

The age specification, "ASCII armor": strict PEM (RFC 7468) of the type ``AGE ENCRYPTED FILE``, 64 columns, LF.
"""

import base64
import binascii
from typing import Final

from ecluse.domain.errors import MalformedError

__all__ = ["armoured", "bare"]

_BEGIN: Final = "-----BEGIN AGE ENCRYPTED FILE-----"
_END: Final = "-----END AGE ENCRYPTED FILE-----"
_COLUMNS: Final = 64


def armoured(sealed: bytes) -> str:
    """The text that the stock ``age`` tool opens as it opens the bytes."""
    text = base64.b64encode(sealed).decode("ascii")
    lines = [text[at : at + _COLUMNS] for at in range(0, len(text), _COLUMNS)]
    return "\n".join((_BEGIN, *lines, _END, ""))


def bare(text: str) -> bytes:
    """The sealed bytes in what :func:`armoured` wrote, and in nothing else.

    Raises:
        MalformedError: another text.
    """
    inner = text.removeprefix(f"{_BEGIN}\n").removesuffix(f"\n{_END}\n")
    try:
        sealed = base64.b64decode(inner.replace("\n", ""), validate=True)
    except (binascii.Error, ValueError):
        sealed = b""
    if not sealed or armoured(sealed) != text:
        raise MalformedError("not an armoured age file")
    return sealed
