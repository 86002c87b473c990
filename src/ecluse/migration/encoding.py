"""Columns as 16-byte blocks, which row digests are taken over: ``docs/reference/row-digest.md`` is the description.

A number is one block, little-endian. A text or bytes value of up to :data:`LONG` bytes is cut into pieces of 12
bytes, each a block of 4 bytes of header and the piece, zero-filled: the first one's header is the value's length,
that of piece ``j`` is ``2^31 + j``. Longer values have no blocks. Nulls have none.

Nothing depends on how Arrow holds a column: chunks, offsets, dictionaries, widths, scale, unit, bytes under nulls.
"""

from collections.abc import Iterator
from contextlib import suppress
from enum import IntEnum
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from ecluse.domain.errors import Location, MalformedError

BLOCK = 16
PIECE = 12
"""Bytes of a text in one block: as many as an Arrow view holds inline, so that Arrow makes short texts' blocks."""
LONG = 4_096
"""Longer texts are digested by themselves."""

_HEADER = BLOCK - PIECE
_LATER = np.uint32(1 << 31)
_SLICE_ROWS = 32_768
"""Rows at a time: a few buffers of as many blocks stay in a core's own cache."""
_SLICE_BYTES = 1 << 26
_SLICE_PIECES = 65_536
_MANY = 2_048
"""Values from which on a turn for each of their pieces is quicker than cutting them all at once."""
_DECIMAL = pa.decimal128(38, 18)

Words = npt.NDArray[np.uint64]
Counts = npt.NDArray[np.int64]
Bools = npt.NDArray[np.bool_]


class Tag(IntEnum):
    """The class of a value; never renumbered."""

    NULL = 0
    TEXT = 1
    INTEGER = 2
    DECIMAL = 3
    DATE = 4
    DATETIME = 5
    BOOLEAN = 6
    BINARY = 7


_TARGETS = {
    Tag.TEXT: pa.string(),
    Tag.INTEGER: pa.int64(),
    Tag.DECIMAL: _DECIMAL,
    Tag.DATE: pa.date32(),
    Tag.DATETIME: pa.timestamp("us"),
    Tag.BOOLEAN: pa.bool_(),
    Tag.BINARY: pa.binary(),
}
_VIEWS = {Tag.TEXT: pa.string_view(), Tag.BINARY: pa.binary_view()}
_KEEP = np.frombuffer(
    b"".join(b"\xff" * (_HEADER + kept) + bytes(PIECE - kept) for kept in range(PIECE + 1)), np.uint64
).reshape(-1, 2)
"""What is kept of a block that holds the first ``n`` bytes of a piece."""


def slices(rows: pa.Table) -> Iterator[pa.Table]:
    """The table in order, in parts small enough to be worked on in bounded memory."""
    whole = [rows]
    while whole:
        part = whole.pop()
        if part.num_rows > _SLICE_ROWS:
            whole += [part.slice(_SLICE_ROWS, part.num_rows - _SLICE_ROWS), part.slice(0, _SLICE_ROWS)]
        elif part.num_rows > 1 and part.nbytes > _SLICE_BYTES:
            half = part.num_rows // 2
            whole += [part.slice(half, part.num_rows - half), part.slice(0, half)]
        elif part.num_rows:
            yield part


def one_array(name: str, column: pa.ChunkedArray) -> pa.Array:
    """A column of a slice as one array, without a copy where it is one chunk."""
    if column.num_chunks == 1:
        return column.chunk(0)
    with suppress(pa.ArrowException):  # dictionaries that cannot be unified
        whole = column.combine_chunks()
        if not isinstance(whole, pa.ChunkedArray):
            return whole
    raise MalformedError("a value is too long", location=Location(field=name))


def class_of(name: str, kind: pa.DataType) -> Tag:
    """The class of a column's values.

    Raises:
        MalformedError: a type that has no row digest; names the column.
    """
    is_ = pa.types
    kind = kind.value_type if is_.is_dictionary(kind) else kind
    for tag, found in (
        (Tag.NULL, is_.is_null(kind)),
        (Tag.TEXT, is_.is_string(kind) or is_.is_large_string(kind) or is_.is_string_view(kind)),
        (Tag.INTEGER, is_.is_integer(kind)),
        (Tag.DECIMAL, is_.is_decimal(kind)),
        (Tag.DATE, is_.is_date(kind)),
        (Tag.DATETIME, is_.is_timestamp(kind) and kind.tz is None),
        (Tag.BOOLEAN, is_.is_boolean(kind)),
        (Tag.BINARY, _is_binary(kind)),
    ):
        if found:
            return tag
    raise MalformedError(f"type {kind} has no row digest", location=Location(field=name))


def _is_binary(kind: pa.DataType) -> bool:
    is_ = pa.types
    return bool(
        is_.is_binary(kind) or is_.is_large_binary(kind) or is_.is_binary_view(kind) or is_.is_fixed_size_binary(kind)
    )


def canonical(name: str, tag: Tag, column: pa.Array) -> pa.Array:
    """The column in its class's own type.

    Raises:
        MalformedError: a value that has no canonical form; names the column.
    """
    target = _TARGETS[tag]
    if column.type == target:
        return column
    with suppress(pa.ArrowException, ValueError):
        plain = column.dictionary_decode() if pa.types.is_dictionary(column.type) else column
        return pc.cast(plain, target, safe=not _surely_fits(plain))
    # Raised out here so that Arrow's own error, which shows the value, is not even its context.
    raise MalformedError(f"a value does not fit {target} without loss", location=Location(field=name))


def _surely_fits(column: pa.Array) -> bool:
    """Decimals of at most 64 bits, which no scaling by up to 10^18 takes out of 38 digits: 2^64 x 10^18 < 10^38.

    Arrow's own check of each value takes longer than the scaling.
    """
    if not pa.types.is_decimal128(column.type) or not 0 <= column.type.scale <= _DECIMAL.scale:
        return False
    high = _values(column, np.uint64, 2)[1::2]
    return bool((high + np.uint64(1) <= 1).all())


def number_blocks(tag: Tag, column: pa.Array) -> Words:
    """The block of each number, anything where null: an n x 2 array of 64-bit halves."""
    if tag is Tag.DECIMAL:
        return _values(column, np.uint64, 2).reshape(-1, 2)
    if tag is Tag.BOOLEAN:
        column = pc.cast(column, pa.int8())
    kinds: dict[Tag, type[Any]] = {Tag.BOOLEAN: np.int8, Tag.DATE: np.int32}
    blocks = np.zeros((len(column), 2), np.int64)
    blocks[:, 0] = _values(column, kinds.get(tag, np.int64))
    return blocks.view(np.uint64)


def _values(column: pa.Array, dtype: type[Any], each: int = 1) -> npt.NDArray[Any]:
    """The value buffer of a fixed-width array, without a copy."""
    held = np.frombuffer(column.buffers()[1], dtype, count=(column.offset + len(column)) * each)
    return held[column.offset * each :]


def valid(column: pa.Array) -> Bools | None:
    """Which values are not null; None where all are."""
    return None if column.null_count == 0 else column.is_valid().to_numpy(zero_copy_only=False)


class Texts:
    """A column of texts or bytes, and the blocks of its values."""

    def __init__(self, tag: Tag, column: pa.Array, held: Bools | None) -> None:
        self._tag, self._column = tag, column
        offsets = np.frombuffer(column.buffers()[1], np.int32, count=column.offset + len(column) + 1)
        self._offsets = offsets[column.offset :]
        self.sizes = np.diff(self._offsets)
        """In bytes; 0 where null, whatever lies there."""
        if held is not None:
            self.sizes *= held

    def short_blocks(self) -> Words:
        """The only block of each value of at most a piece; anything for others: Arrow's view is that block."""
        rows, (_, offsets, data) = len(self.sizes), self._column.buffers()
        # Arrow's cast makes views from the buffers' start on, not from a slice's.
        own = offsets.slice(self._column.offset * self._offsets.itemsize)
        values = pa.Array.from_buffers(self._column.type, rows, [None, own, data])
        return _values(values.cast(_VIEWS[self._tag]), np.uint64, 2).reshape(-1, 2)

    def value(self, row: int) -> bytes:
        """The bytes of one value."""
        data: pa.Buffer = self._column.buffers()[2]
        return bytes(data.slice(int(self._offsets[row]), int(self.sizes[row])))

    def pieces(self, rows: Counts) -> Iterator[tuple[Counts, Words, Counts | None]]:
        """Blocks of those rows' values, at most :data:`LONG` bytes each, in bounded memory.

        Yields indices into ``rows``, blocks, and where each value's begin; None where there is one of each. A value
        may come again with further blocks.
        """
        sizes, starts = self.sizes[rows].astype(np.int64), self._offsets[rows].astype(np.int64)
        first = int(starts.min(initial=self._offsets[-1]))
        last = int((starts + sizes).max(initial=first))
        starts -= first
        spots = self._spots(first, last)
        some = np.arange(len(rows))
        turn = 0
        # The same piece of all values, as long as many have it: the cheapest way. Then what is left of each.
        while len(some) >= _MANY:
            yield some, _blocks(spots, starts, sizes, turn), None
            turn += 1
            more = sizes > turn * PIECE
            if not more.all():
                some, starts, sizes = some[more], starts[more], sizes[more]
        counts = np.maximum(1, -(-sizes // PIECE) - turn)
        ends = np.cumsum(counts)
        at = 0
        while at < len(some):
            done = int(ends[at] - counts[at])
            stop = max(at + 1, int(np.searchsorted(ends, done + _SLICE_PIECES, "right")))
            part = slice(at, stop)
            blocks = _all_blocks(spots, starts[part], sizes[part], counts[part], turn)
            yield some[part], blocks, ends[part] - counts[part] - done
            at = stop

    def _spots(self, first: int, last: int) -> npt.NDArray[np.void]:
        """Every place of bytes ``first`` to ``last``, in steps of one, as a block: a header's room, then a piece."""
        data = self._column.buffers()[2]
        near = np.zeros(_HEADER + last - first + PIECE, np.uint8)
        if last > first:
            near[_HEADER : _HEADER + last - first] = np.frombuffer(data, np.uint8)[first:last]
        return np.ndarray((len(near) - BLOCK + 1,), f"V{BLOCK}", near, strides=(1,))


def _blocks(spots: npt.NDArray[np.void], starts: Counts, sizes: Counts, turn: int) -> Words:
    """Piece ``turn`` of each value."""
    blocks = spots[starts + turn * PIECE]
    blocks.view(np.uint32).reshape(-1, BLOCK // _HEADER)[:, 0] = turn | _LATER if turn else sizes
    words = blocks.view(np.uint64).reshape(-1, 2)
    kept = sizes - turn * PIECE
    if int(kept.min()) < PIECE:
        words &= _KEEP.take(kept, axis=0, mode="clip")
    return words


def _all_blocks(spots: npt.NDArray[np.void], starts: Counts, sizes: Counts, counts: Counts, turn: int) -> Words:
    """All pieces of each value from ``turn`` on, in order; as many as ``counts``, at least one."""
    ends = np.cumsum(counts)
    firsts = ends - counts
    number = np.arange(turn, turn + int(ends[-1]))
    number -= np.repeat(firsts, counts)
    blocks = spots[np.repeat(starts, counts) + number * PIECE]
    headers = blocks.view(np.uint32).reshape(-1, BLOCK // _HEADER)[:, 0]
    headers[:] = number
    headers |= _LATER
    if not turn:
        headers[firsts] = sizes
    words: Words = blocks.view(np.uint64).reshape(-1, 2)
    words[ends - 1] &= _KEEP.take(sizes - (counts + turn - 1) * PIECE, axis=0)
    return words
