"""Texts as sources give them: bytes that are no UTF-8, NUL characters, and encodings misread long ago (law 3).

A repair is the exact reverse of a misreading, done only where the profile asks for it and the text shows it:

- ``cp850_as_cp1252``: bytes of DOS read as Windows. Shown by a character where no word has it (``‚`` or ``‡`` after a
  letter, ``“`` between two, ``Š`` after a small one, one of the five bytes that Windows-1252 leaves unassigned), and by
  a reverse whose every accented character is a letter of western Europe with no capital after a small letter.
  ``Michèle`` misread is ``MichŠle``; a sound ``Šárka``, ``Œuvré``, ``Noël`` or ``“cité”`` stays.
- ``utf8_as_latin1``: UTF-8 read as Latin-1 or Windows-1252. Shown by being valid UTF-8 when read back.

Which characters show a misreading is general knowledge of the three code pages, not a cited rule.
"""

from collections.abc import Callable, Mapping
from itertools import pairwise

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from ecluse.migration.dates import Bools, nulls, text_bytes

_UNASSIGNED = (0x81, 0x8D, 0x8F, 0x90, 0x9D)
_FROM_1252 = {byte: bytes([byte]).decode("cp1252") for byte in range(256) if byte not in _UNASSIGNED}
_FROM_1252 |= {byte: chr(byte) for byte in _UNASSIGNED}
_TO_1252 = {char: byte for byte, char in _FROM_1252.items()}
_TO_EITHER = {chr(byte): byte for byte in range(256)} | _TO_1252
_ACCENTED = "àâäáãåæçéèêëíìîïñóòôöõúùûüýÿ"
_LETTERS = frozenset(_ACCENTED + _ACCENTED.upper())
_CAPITALS = frozenset(_ACCENTED.upper())
# The third part's signs, where not between letters, are quotation marks and trade marks.
_SHOWS_CP850 = (
    r"[\x{0081}\x{008D}\x{008F}\x{0090}\x{009D}]"
    r"|[A-Za-z‚ƒ‡ˆ‰Š][‚ƒ†‡ˆ‰˜¢£¤¥]"
    r"|[A-Za-z][„“”•™‹][a-z]"
    r"|[a-z][ŠŒŽŸ]"
)
_SHOWS_UTF8 = r"[\x{00C2}-\x{00F4}]"


def as_text(chunk: pa.Array, repair: str = "") -> tuple[pa.Array, Bools | None]:
    """One chunk as string, and which of its rows are no text that a database takes; None where all are.

    Strings are passed through without copying; bytes are read as UTF-8, else by ``repair``'s original encoding. Rows
    that are no text come out null.
    """
    kind = chunk.type
    if _is_bytes(kind):
        return _decode(chunk.cast(pa.binary()), repair)
    if not pa.types.is_string(kind):
        chunk = chunk.cast(pa.string())
    if pa.types.is_integer(kind) or _is_clean(chunk):
        return chunk, None
    return _decode(chunk.view(pa.binary()), repair)


def _is_bytes(kind: pa.DataType) -> bool:
    return bool(
        pa.types.is_binary(kind)
        or pa.types.is_large_binary(kind)
        or pa.types.is_fixed_size_binary(kind)
        or pa.types.is_binary_view(kind)
    )


def _is_clean(chunk: pa.Array) -> bool:
    """No NUL anywhere, and UTF-8 throughout; may say no for bytes that lie under a null."""
    data = _data(chunk)
    if len(data) and not data.all():
        return False
    try:
        chunk.validate(full=True)
    except pa.ArrowInvalid:
        return False
    return True


def _data(chunk: pa.Array) -> "np.ndarray[tuple[int], np.dtype[np.uint8]]":
    starts, widths, data = text_bytes(chunk)
    return data[starts[0] : starts[-1] + widths[-1]] if len(starts) else data[:0]


def _decode(chunk: pa.Array, repair: str) -> tuple[pa.Array, Bools | None]:
    bad = not_utf8(chunk)
    known = chunk
    if bad.any() and repair == "cp850_as_cp1252":
        rows = pa.array(bad)
        read = _from_single_bytes(chunk.filter(rows), "cp850")
        known = pc.replace_with_mask(chunk, rows, read.view(pa.binary()))
        bad = np.zeros(len(chunk), dtype=np.bool_)
    zero = pc.fill_null(pc.match_substring(known, b"\0"), False)  # noqa: FBT003 - Arrow's own signature
    bad = bad | zero.to_numpy(zero_copy_only=False)
    if bad.any():
        known = pc.if_else(pa.array(bad), None, known)
    return known.cast(pa.string()), (bad if bad.any() else None)


def not_utf8(chunk: pa.Array) -> Bools:
    """Rows whose bytes are no UTF-8 (RFC 3629: no surrogates, no overlong forms, nothing above U+10FFFF)."""
    wrong = np.zeros(len(chunk), dtype=np.bool_)
    starts, widths, _ = text_bytes(chunk)
    data = _data(chunk)
    if not len(data) or data.max() < 0x80:  # noqa: PLR2004 - ASCII
        return wrong
    row = np.repeat(np.arange(len(chunk)), widths)
    place = np.arange(len(data)) - (starts - starts[0])[row]
    padded = np.concatenate([np.zeros(3, np.uint8), data])
    here, before, second, third = padded[3:], padded[2:-1], padded[1:-2], padded[:-3]
    due = ((before >= 0xC2) & (place > 0)) | ((second >= 0xE0) & (place > 1)) | ((third >= 0xF0) & (place > 2))  # noqa: PLR2004 - leads of 2, 3, 4 bytes
    fault = due != ((here & 0xC0) == 0x80)  # noqa: PLR2004 - a continuation
    fault |= (here == 0xC0) | (here == 0xC1) | (here > 0xF4)  # noqa: PLR2004 - never in UTF-8
    for lead, low, high in ((0xE0, 0xA0, 0xBF), (0xED, 0x80, 0x9F), (0xF0, 0x90, 0xBF), (0xF4, 0x80, 0x8F)):
        fault |= (before == lead) & (place > 0) & ((here < low) | (here > high))
    wrong[row[fault]] = True
    for back, lead in ((1, 0xC0), (2, 0xE0), (3, 0xF0)):
        # A sequence cut by the end of its row.
        long = np.flatnonzero(widths >= back)
        wrong[long[data[starts[long] - starts[0] + widths[long] - back] >= lead]] = True
    return wrong & ~nulls(chunk)


def _from_single_bytes(chunk: pa.Array, encoding: str) -> pa.Array:
    """Bytes of a code page, one call for all rows."""
    starts, _, _ = text_bytes(chunk)
    lengths = np.array([len(bytes([b]).decode(encoding).encode()) for b in range(256)], dtype=np.int64)
    base = _data(chunk)
    ends = np.concatenate([np.zeros(1, np.int64), np.cumsum(lengths[base])])
    places = np.append(starts - (starts[0] if len(starts) else 0), len(base))
    text = base.tobytes().decode(encoding).encode()
    mask = pa.array(~nulls(chunk)).buffers()[1] if chunk.null_count else None
    offsets = pa.py_buffer(ends[places].astype(np.int32))
    return pa.StringArray.from_buffers(len(chunk), offsets, pa.py_buffer(text), mask)


def repaired(texts: pa.Array, repair: str) -> pa.Array:
    """A string array with its misread texts put right; the same array where there is none.

    Only texts that show a misreading are looked at, each distinct one once.
    """
    pattern, mend = _REPAIRS[repair]
    shown = pc.fill_null(pc.match_substring_regex(texts, pattern), False)  # noqa: FBT003 - Arrow's own signature
    if not pc.any(shown).as_py():
        return texts
    encoded = pc.dictionary_encode(texts.filter(shown))
    mended = pa.array([mend(text) for text in encoded.dictionary.to_pylist()], pa.string())
    return pc.replace_with_mask(texts, shown, mended.take(encoded.indices))


def _mend_cp850(text: str) -> str:
    original = _misread(text, _TO_1252)
    if original is None:
        return text
    mended = original.decode("cp850")
    letters = all(c.isascii() or c in _LETTERS for c in mended)
    crooked = any(a.islower() and b in _CAPITALS for a, b in pairwise(mended))
    return mended if letters and not crooked else text


def _mend_utf8(text: str) -> str:
    original = _misread(text, _TO_EITHER)
    if original is None:
        return text
    try:
        mended = original.decode()
    except UnicodeDecodeError:
        return text
    return text if any("\x80" <= c <= "\x9f" for c in mended) else mended


def _misread(text: str, table: Mapping[str, int]) -> bytes | None:
    """The bytes that were misread; None where some character comes from none."""
    found = [table.get(char) for char in text]
    return bytes(byte for byte in found if byte is not None) if None not in found else None


_REPAIRS: dict[str, tuple[str, Callable[[str], str]]] = {
    "cp850_as_cp1252": (_SHOWS_CP850, _mend_cp850),
    "utf8_as_latin1": (_SHOWS_UTF8, _mend_utf8),
}
