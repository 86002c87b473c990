"""Values of an Access database as Arrow columns, a column of many rows at once.

Text is text; every other type becomes the text that says it without loss, as of dBase tables; bytes stay bytes.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from ecluse.adapters.sources._access_pages import Bytes
from ecluse.adapters.sources._arrow import Bounds, Mask
from ecluse.adapters.sources._charset import Charset

Found = tuple[pa.Array, Mask]
"""The values, and which of them are none of their type."""

BOOLEAN, MONEY, MOMENT, BINARY, TEXT, OLE, MEMO, GUID, DECIMAL = 1, 5, 8, 9, 10, 11, 12, 15, 16
LONG = frozenset({OLE, MEMO})
TEXTS = frozenset({TEXT, MEMO})
WIDTHS: Mapping[int, int] = {2: 1, 3: 2, 4: 4, MONEY: 8, 6: 4, 7: 8, MOMENT: 8, GUID: 16, DECIMAL: 17, 19: 8, 20: 42}
"""Bytes of a value of those types that have one length."""

_EPOCH_DAY = 25_569  # 1970-01-01, counted from 1899-12-30
_FIRST_DAY, _LAST_DAY = -657_434, 2_958_466  # years 100 to 9999
_DAY_MS = 86_400_000
_GENESIS_DAY, _GENESIS_DAYS = 719_162, 3_652_059  # 1970-01-01 and 10000-01-01, counted from 0001-01-01
_COMPRESSED = (0xFF, 0xFE)
_LONGISH = 256
_TOO_HIGH = 10**38 >> 64  # the upper half of what 38 digits cannot say
_LATIN_1 = Charset("latin-1", "")
_PLACES_OF_GUID = (3, 2, 1, 0, 5, 4, 7, 6, 8, 9, 10, 11, 12, 13, 14, 15)
_HYPHENS_OF_GUID = (9, 14, 19, 24)


@dataclass(frozen=True, slots=True)
class Cells:
    """Where a column's values stand in the bytes read; of those that are NULL both numbers are 0."""

    data: Bytes
    starts: Bounds
    lengths: Bounds
    valid: Mask

    def matrix(self, width: int) -> Bytes:
        """Values of one length as rows of bytes."""
        made: Bytes = np.ascontiguousarray(self.data[self.starts[:, None] + np.arange(width)])
        return made

    def gathered(self, skip: int = 0) -> tuple[Bytes, Bounds]:
        """All bytes one after the other without the first ``skip`` of each, and the offsets between them."""
        lengths = np.maximum(self.lengths - skip, 0)
        offsets = np.concatenate(([0], np.cumsum(lengths)))
        if offsets[-1] > len(lengths) * _LONGISH:  # an index of places would be eight times as large as what it gathers
            ends = self.starts + skip + lengths
            parts = [self.data[begin:end] for begin, end in zip(self.starts + skip, ends, strict=True)]
            return np.concatenate(parts), offsets
        index = np.repeat(self.starts + skip - offsets[:-1], lengths) + np.arange(offsets[-1])
        return self.data[index], offsets

    def binary(self, skip: int = 0) -> pa.Array:
        """As binary values."""
        data, offsets = self.gathered(skip)
        buffers = [None, pa.py_buffer(offsets.astype(np.int32)), pa.py_buffer(data)]
        return pa.BinaryArray.from_buffers(pa.binary(), len(self.starts), buffers)

    def some(self, which: Mask) -> "Cells":
        """Those that are marked."""
        return Cells(self.data, self.starts[which], self.lengths[which], self.valid[which])


def text_of(cells: Cells, charset: Charset | None) -> Found:
    """Text: Jet 3's of its encoding; else UTF-16, or its compressed form, by its first two bytes."""
    if charset is not None:
        made, bad = charset.text(cells.binary())
        return made, bad | _holds_nul(made)
    long = cells.lengths >= 2  # noqa: PLR2004 - the mark's length
    first, second = (np.where(long, cells.data[np.where(long, cells.starts + at, 0)], 0) for at in (0, 1))
    packed = (first == _COMPRESSED[0]) & (second == _COMPRESSED[1])
    data, offsets = cells.gathered()
    zeros = np.concatenate(([0], np.cumsum(data == 0)))
    switched = packed & (zeros[offsets[1:]] > zeros[offsets[:-1]])
    plain = packed & ~switched
    parts = (
        (plain, _LATIN_1.text(cells.some(plain).binary(2))),
        (switched, _switched(cells.some(switched))),
        (~packed, _utf16(cells.some(~packed))),
    )
    order = np.concatenate([np.flatnonzero(which) for which, _ in parts])
    made = pa.concat_arrays([found for _, (found, _) in parts]).take(pa.array(np.argsort(order)))
    bad = np.zeros(len(packed), np.bool_)
    for which, (_, wrong) in parts:
        bad[which] = wrong
    return made, bad | _holds_nul(made)


def _utf16(cells: Cells) -> Found:
    """Half a pair, or half a character, is no text."""
    data, offsets = cells.gathered()
    bad = offsets[1:] % 2 != offsets[:-1] % 2
    if bad.any():
        even = np.where(bad, 0, cells.lengths)
        cells = Cells(cells.data, cells.starts, even, cells.valid)
        data, offsets = cells.gathered()
    units = data.view("<u2") if len(data) else np.empty(0, np.uint16)
    ends = offsets // 2
    high, low = (units & 0xFC00) == 0xD800, (units & 0xFC00) == 0xDC00  # noqa: PLR2004 - halves of pairs
    if high.any() or low.any():
        follows = np.append(low[1:], False)
        follows[ends[1:-1][ends[1:-1] > 0] - 1] = False
        precedes = np.append(False, high[:-1])
        precedes[ends[:-1][ends[:-1] < len(units)]] = False
        alone = (high & ~follows) | (low & ~precedes)
        units = np.where(alone, 0xFFFD, units).astype("<u2")
        owners = np.searchsorted(ends, np.flatnonzero(alone), side="right") - 1
        bad[owners] = True
        high, low = high & ~alone, low & ~alone
    widths = 1 + (units > 0x7F).astype(np.uint8) + (units > 0x7FF) - (high | low)  # noqa: PLR2004 - UTF-8's steps
    places = np.concatenate(([0], np.cumsum(widths, dtype=np.int32)))[ends]
    text = units.tobytes().decode("utf-16-le").encode()
    buffers = pa.py_buffer(places.astype(np.int32)), pa.py_buffer(text)
    return pa.StringArray.from_buffers(len(cells.starts), *buffers, None), bad


def _switched(cells: Cells) -> Found:
    """Compressed text that goes over to UTF-16 and back at each NUL byte: rare, so one by one."""
    made, bad = [], np.zeros(len(cells.starts), np.bool_)
    for place, value in enumerate(cells.binary(2).to_pylist()):
        parts = value.split(b"\0")
        try:
            text = "".join(part.decode("utf-16-le" if at % 2 else "latin-1") for at, part in enumerate(parts))
            text.encode()
        except UnicodeError:
            text, bad[place] = "", True
        made.append(text)
    return pa.array(made, pa.string()), bad


def _holds_nul(made: pa.Array) -> Mask:
    """NUL is no text in any database."""
    return np.asarray(pc.match_substring(made, "\0").to_numpy(zero_copy_only=False), np.bool_)


def _digits(kind: str) -> Callable[[Cells], Found]:
    def read(cells: Cells) -> Found:
        numbers = cells.matrix(np.dtype(kind).itemsize).view(kind).ravel()
        return pa.array(numbers.astype(numbers.dtype.newbyteorder("="))).cast(pa.string()), _none(cells)

    return read


def _money(cells: Cells) -> Found:
    """Ten-thousandths, exactly."""
    whole = pa.array(cells.matrix(8).view("<i8").ravel()).cast(pa.decimal128(19, 0))
    return pc.multiply(whole, pa.scalar("0.0001").cast(pa.decimal128(5, 4))).cast(pa.string()), _none(cells)


def _moment(cells: Cells) -> Found:
    """Days since 1899-12-30; of those before it the fraction still counts forward. As ``2019-03-01 08:30:00.000``."""
    days = cells.matrix(8).view("<f8").ravel()
    with np.errstate(invalid="ignore"):
        bad = ~((days >= _FIRST_DAY) & (days < _LAST_DAY))
    days = np.where(bad, 0.0, days)
    whole = np.trunc(days)
    stamps = (whole.astype(np.int64) - _EPOCH_DAY) * _DAY_MS + np.rint(np.abs(days - whole) * _DAY_MS).astype(np.int64)
    return pa.array(stamps, pa.timestamp("ms")).cast(pa.string()), bad & cells.valid


def _long_moment(cells: Cells) -> Found:
    """Access 2019's: days since the year 1, seconds and their ten-millionths, each in digits."""
    part = cells.matrix(42)
    digits = np.delete(part[:, :39], 19, axis=1)
    bad = ~((digits >= ord("0")) & (digits <= ord("9"))).all(axis=1) | (part[:, 19] != ord(":"))
    numbers = np.where(bad[:, None], 0, digits.astype(np.int64) - ord("0"))
    days, seconds, rest = (_number(numbers[:, a:b]) for a, b in ((0, 19), (19, 31), (31, 38)))
    bad |= (days < 0) | (days >= _GENESIS_DAYS) | (seconds >= _DAY_MS // 1000)
    stamps = np.where(bad, 0, (days - _GENESIS_DAY) * (_DAY_MS // 1000) + seconds)
    whole = pa.array(stamps, pa.timestamp("s")).cast(pa.string())
    ticks = pc.utf8_lpad(pa.array(rest).cast(pa.string()), 7, "0")
    return pc.binary_join_element_wise(whole, ticks, "."), bad & cells.valid


def _number(digits: npt.NDArray[np.int64]) -> npt.NDArray[np.int64]:
    made: npt.NDArray[np.int64] = digits @ (10 ** np.arange(digits.shape[1] - 1, -1, -1, dtype=np.int64))
    return made


def _guid(cells: Cells) -> Found:
    """As Access shows it: ``{0A1B2C3D-…}``."""
    part = cells.matrix(16)[:, _PLACES_OF_GUID]
    pairs = np.stack((part >> 4, part & 15), axis=2).reshape(len(part), 32)
    made = np.full((len(part), 38), ord("-"), np.uint8)
    made[:, 0], made[:, 37] = ord("{"), ord("}")
    free = [at for at in range(1, 37) if at not in _HYPHENS_OF_GUID]
    made[:, free] = np.frombuffer(b"0123456789ABCDEF", np.uint8)[pairs]
    offsets = pa.py_buffer(np.arange(len(part) + 1, dtype=np.int32) * 38)
    return pa.StringArray.from_buffers(len(part), offsets, pa.py_buffer(made.tobytes()), None), _none(cells)


def decimal_of(cells: Cells, scale: int) -> Found:
    """A sign and four words of 32 bits, the highest first; all digits of the column's scale are written."""
    part = cells.matrix(17)
    words = np.ascontiguousarray(part[:, 1:]).view("<u4").astype(np.uint64)
    pairs = np.stack((words[:, 2] << np.uint64(32) | words[:, 3], words[:, 0] << np.uint64(32) | words[:, 1]), axis=1)
    bad = pairs[:, 1] >= _TOO_HIGH
    pairs[bad] = 0
    kind = pa.decimal128(38, 0)
    whole = pa.Array.from_buffers(kind, len(part), [None, pa.py_buffer(pairs.tobytes())])
    digits = whole.cast(pa.string())
    if scale:
        digits = pc.utf8_lpad(digits, scale + 1, "0")
        digits = pc.binary_join_element_wise(
            pc.utf8_slice_codeunits(digits, 0, -scale), pc.utf8_slice_codeunits(digits, -scale), "."
        )
    below = pa.array((part[:, 0] != 0) & (pairs != 0).any(axis=1))
    return pc.if_else(below, pc.binary_join_element_wise("-", digits, ""), digits), bad & cells.valid


def _bytes(cells: Cells) -> Found:
    return cells.binary(), _none(cells)


def _none(cells: Cells) -> Mask:
    return np.zeros(len(cells.starts), np.bool_)


PLAIN: Mapping[int, Callable[[Cells], Found]] = {
    2: _digits("<u1"), 3: _digits("<i2"), 4: _digits("<i4"), 6: _digits("<f4"), 7: _digits("<f8"), 19: _digits("<i8"),
    MONEY: _money, MOMENT: _moment, 20: _long_moment, GUID: _guid, BINARY: _bytes, OLE: _bytes,
}  # fmt: skip
KINDS = frozenset({BOOLEAN, DECIMAL, *TEXTS, *PLAIN})
"""The types that are read. Lists within a row (attachments, several values; 18) are left."""
