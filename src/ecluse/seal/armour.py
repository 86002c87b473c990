"""Armoured age files: sealed bytes as text, for keys that travel inside a document.

The age specification, "ASCII armor": strict PEM (RFC 7468) of the type ``AGE ENCRYPTED FILE``, 64 columns, LF.
"""

import base64
import binascii

from ecluse.domain.errors import MalformedError

_BEGIN, _END = "-----BEGIN AGE ENCRYPTED FILE-----", "-----END AGE ENCRYPTED FILE-----"
_COLUMNS = 64


def armoured(ciphertext: bytes) -> str:
    """The text that ``age -d`` opens as it opens the bytes."""
    text = base64.b64encode(ciphertext).decode("ascii")
    lines = [text[at : at + _COLUMNS] for at in range(0, len(text), _COLUMNS)]
    return "\n".join((_BEGIN, *lines, _END, ""))


def unarmoured(text: str) -> bytes:
    """The sealed bytes of what :func:`armoured` wrote, and of nothing else.

    Raises:
        MalformedError: another text.
    """
    lines = text.split("\n")
    try:
        made = base64.b64decode("".join(lines[1:-2]).encode("ascii"), validate=True)
    except (binascii.Error, UnicodeEncodeError):
        made = b""
    if not made or armoured(made) != text:
        raise MalformedError("not an armoured age file")
    return made
