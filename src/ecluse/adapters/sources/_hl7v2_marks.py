r"""What one message says of its own writing: delimiters (MSH-1, MSH-2), character set (MSH-18), escape sequences.

Escape sequences (HL7 v2.5 chapter 2.7): ``\F\ \S\ \T\ \R\ \E\`` are the delimiters, ``\Xdd..\`` bytes of the
message's character set, ``\.br\`` a line's end. All others (highlighting, indentation, a sender's own, other
character sets) stay as they are written: what they mean is not text.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

ENDS = b"\r\n\x0b\x1c"
"""Bytes that end a segment: line ends, and those that MLLP puts around a message."""

_CHARSETS: Mapping[str, str] = {
    "ASCII": "ascii",
    "UNICODE UTF-8": "utf-8",
    "UTF-8": "utf-8",
    **{f"8859/{part}": f"iso8859-{part}" for part in (1, 2, 3, 4, 5, 6, 7, 8, 9, 15)},
    **{f"ISO-8859-{part}": f"iso8859-{part}" for part in (1, 15)},
}
_BEGUN, _ENDED = "\ufdd0", "\ufdd1"  # noncharacters: no text has them, or else is read the slow way
_FREQUENT = {"X0D": "\r", "X0d": "\r", "X0A": "\n", "X0a": "\n", "X0D0A": "\r\n", "X0d0a": "\r\n"}


@dataclass(frozen=True, slots=True)
class Marks:
    """The delimiters of a message, as bytes; -1 for one that it does not have. ``codec``: its character set."""

    field: int
    component: int
    repetition: int = -1
    escape: int = -1
    subcomponent: int = -1
    codec: str = "ascii"

    @property
    def delimiters(self) -> tuple[int, ...]:
        """All that part values."""
        return self.field, self.component, self.repetition, self.subcomponent


def marks_of(head: bytes) -> Marks | None:
    """Delimiters from the bytes after ``MSH``: MSH-1 and MSH-2, no more; None when they cannot be."""
    mark, rest = head[:1], head[1:]
    usable = all(33 <= byte < 127 and not chr(byte).isalnum() for byte in head)  # noqa: PLR2004
    if not 2 <= len(head) <= 6 or len(set(head)) != len(head) or not usable:  # noqa: PLR2004
        return None
    each = [*rest[:4], *([-1] * 4)]
    return Marks(mark[0], each[0], each[1], each[2], each[3])


def charset(text: bytes, repetition: int, fallback: str) -> str | None:
    """The codec that MSH-18 names (its first repetition: the others are switched to by escapes), or None.

    Empty: ``fallback``, what the profile declares; else ASCII, the standard's default.
    """
    first = text.split(bytes((repetition,)))[0] if repetition >= 0 else text
    name = " ".join(first.decode("ascii", "replace").upper().split())
    return _CHARSETS.get(name) if name else fallback or "ascii"


def defined(codec: str) -> npt.NDArray[np.bool_]:
    """Which bytes a codec of one byte a character gives a meaning to."""
    return np.array([_meaning(codec, byte) is not None for byte in range(256)])


def widths(codec: str) -> npt.NDArray[np.int64]:
    """How many bytes each byte of a codec of one byte a character becomes in UTF-8."""
    return np.array([len((_meaning(codec, byte) or "\ufffd").encode()) for byte in range(256)], dtype=np.int64)


def _meaning(codec: str, byte: int) -> str | None:
    try:
        return bytes((byte,)).decode(codec)
    except UnicodeDecodeError:
        return None


def unescaped(column: pa.Array, marks: Marks) -> pa.Array:
    r"""Text with its escape sequences read. Sequences are told apart from left to right: ``\E\F\`` is ``\F\``."""
    if marks.escape < 0 or not _any(pc.match_substring(column, chr(marks.escape))):
        return column
    if _any(pc.or_(pc.match_substring(column, _BEGUN), pc.match_substring(column, _ENDED))):
        return pa.array([_slowly(text, marks) for text in column.to_pylist()], pa.string())
    mark = re.escape(chr(marks.escape))
    column = pc.replace_substring_regex(column, f"{mark}([^{mark}]*){mark}", f"{_BEGUN}\\1{_ENDED}")
    for name, text in {**_meanings(marks), **_FREQUENT}.items():
        column = pc.replace_substring(column, f"{_BEGUN}{name}{_ENDED}", text)
    rare = pc.fill_null(pc.match_substring(column, f"{_BEGUN}X"), fill_value=False)
    if _any(rare):
        read = [_hexadecimal(text, marks) for text in column.filter(rare).to_pylist()]
        column = pc.replace_with_mask(column, rare, pa.array(read, pa.string()))
    for each in (_BEGUN, _ENDED):
        column = pc.replace_substring(column, each, chr(marks.escape))
    return column


def _any(found: pa.Array) -> bool:
    return bool(pc.any(found).as_py())


def _meanings(marks: Marks) -> Mapping[str, str]:
    known = {"F": marks.field, "S": marks.component, "R": marks.repetition, "T": marks.subcomponent, "E": marks.escape}
    return {name: chr(mark) for name, mark in known.items() if mark >= 0} | {".br": "\n", ".BR": "\n"}


def _hexadecimal(text: str, marks: Marks) -> str:
    return re.sub(f"{_BEGUN}(X[^{_ENDED}]*){_ENDED}", lambda found: _read(found[1], found[0], marks), text)


def _slowly(text: str | None, marks: Marks) -> str | None:
    """The same, a value at a time."""
    if text is None:
        return None
    mark = re.escape(chr(marks.escape))
    return re.sub(f"{mark}([^{mark}]*){mark}", lambda found: _read(found[1], found[0], marks), text)


def _read(name: str, written: str, marks: Marks) -> str:
    meanings = _meanings(marks)
    if name in meanings:
        return meanings[name]
    if not re.fullmatch("X(?:[0-9A-Fa-f]{2})+", name):
        return written
    try:
        text = bytes.fromhex(name[1:]).decode(marks.codec)
    except UnicodeDecodeError:
        return written
    # NUL is no text in any database
    return written if "\0" in text else text
