"""The canonical encoding of rows that digests are taken over: ``docs/reference/row-digest.md`` is its description.

A row of ``c`` columns is ``c`` words of 8 bytes; ``c`` tags of 1 byte, and zero bytes up to a multiple of 8; the tails
of its values in column order; zero bytes up to a whole number (at least one) of 16-byte blocks. Numbers are
little-endian.

========  ===  =====================================  ==================
class     tag  word                                   tail
========  ===  =====================================  ==================
null       0   0                                      none
text       1   length in bytes                        UTF-8
integer    2   two's complement                       none
decimal    3   low 64 bits of value x 10^18           high 64 bits
date       4   days since 1970-01-01                  none
datetime   5   microseconds since 1970-01-01T00:00    none
boolean    6   0 or 1                                 none
binary     7   length in bytes                        the bytes
========  ===  =====================================  ==================

Words and tags tell how long every tail is, so no two different rows of one table have the same encoding, and no
separator is needed. Nothing depends on how Arrow holds a column: chunks, offsets, dictionaries, widths, scale, unit.
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
_WORD = 8
_SLICE_ROWS = 65_536
"""Rows encoded at a time: the working memory is a few times their size, whatever the table's."""
_SLICE_BYTES = 1 << 26
_MAX_BYTES = 1 << 30
_DECIMAL = pa.decimal128(38, 18)
_PADS = pa.array([bytes(size) for size in range(BLOCK + 1)], pa.binary())

Words = npt.NDArray[np.uint64]
Counts = npt.NDArray[np.int64]


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


def slices(rows: pa.Table) -> Iterator[pa.Table]:
    """The table in order, in parts small enough to be encoded in bounded memory."""
    whole = [rows]
    while whole:
        part = whole.pop()
        if part.num_rows > _SLICE_ROWS:
            whole += [part.slice(_SLICE_ROWS), part.slice(0, _SLICE_ROWS)]
        elif part.num_rows > 1 and part.nbytes > _SLICE_BYTES:
            half = part.num_rows // 2
            whole += [part.slice(half), part.slice(0, half)]
        elif part.num_rows:
            yield part


def encode(rows: pa.Table) -> tuple[Words, Counts]:
    """Encodings of all rows, one after the other, as an m x 2 array of 64-bit halves; and blocks of each row.

    Raises:
        MalformedError: a column or value that has no canonical form here; names the column.
    """
    count, width = rows.num_rows, rows.num_columns
    tag_words = -(-width // _WORD)
    head = np.zeros((width + tag_words, count), np.int64)
    sizes = np.full(count, len(head) * _WORD, np.int64)
    tails: list[pa.Array] = []
    for index, name in enumerate(rows.column_names):
        tag, column = _canonical(name, rows.column(index))
        if tag is Tag.NULL or column.null_count == count:
            continue
        words, tail = _parts(tag, column)
        tags, shift = head[width + index // _WORD], 8 * (index % _WORD)
        if column.null_count:
            valid = column.is_valid().to_numpy(zero_copy_only=False)
            np.multiply(words, valid, out=head[index])
            tags += valid * np.int64(tag << shift)
        else:
            valid = None
            head[index] = words
            tags += np.int64(tag << shift)
        if tail is not None:
            tails.append(tail)
            sizes += head[index] if tag in (Tag.TEXT, Tag.BINARY) else _WORD if valid is None else _WORD * valid
    return _join(np.ascontiguousarray(head.T), tails, sizes)


def _canonical(name: str, column: pa.ChunkedArray) -> tuple[Tag, pa.Array]:
    """The column as one array of its class's own type."""
    kind = column.type.value_type if pa.types.is_dictionary(column.type) else column.type
    tag = _tag(name, kind)
    if tag is Tag.NULL or column.type == _TARGETS[tag]:
        return tag, _one(name, column)
    with suppress(pa.ArrowException, ValueError):
        plain = pc.cast(column, kind) if kind != column.type else column
        return tag, _one(name, pc.cast(plain, _TARGETS[tag]))
    # Raised out here so that Arrow's own error, which shows the value, is not even its context.
    raise MalformedError(f"a value does not fit {_TARGETS[tag]} without loss", location=Location(field=name))


def _one(name: str, column: pa.ChunkedArray) -> pa.Array:
    if column.num_chunks == 1:
        return column.chunk(0)
    whole = column.combine_chunks()
    if isinstance(whole, pa.ChunkedArray):
        raise MalformedError("a value is too long", location=Location(field=name))
    return whole


def _tag(name: str, kind: pa.DataType) -> Tag:
    is_ = pa.types
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


def _parts(tag: Tag, column: pa.Array) -> tuple[npt.NDArray[Any], pa.Array | None]:
    """Words of a column's values (anything where null) and their tails."""
    if tag in (Tag.TEXT, Tag.BINARY):
        offsets = np.frombuffer(column.buffers()[1], np.int32, count=column.offset + len(column) + 1)
        return np.diff(offsets[column.offset :]).astype(np.int64), column.view(pa.binary())
    if tag is Tag.DECIMAL:
        halves = _values(column, np.int64, 2).reshape(-1, 2)
        return halves[:, 0], _fixed(np.ascontiguousarray(halves[:, 1]), column)
    if tag is Tag.BOOLEAN:
        return _values(pc.cast(column, pa.int8()), np.int8), None
    return _values(column, np.int32 if tag is Tag.DATE else np.int64), None


def _values(column: pa.Array, dtype: type[Any], each: int = 1) -> npt.NDArray[Any]:
    """The value buffer of a fixed-width array, without a copy."""
    held = np.frombuffer(column.buffers()[1], dtype, count=(column.offset + len(column)) * each)
    return held[column.offset * each :]


def _fixed(values: npt.NDArray[np.int64], column: pa.Array | None = None) -> pa.Array:
    """Rows of 64-bit numbers as binary values, null where ``column`` is."""
    count, width = len(values), values.nbytes // max(1, len(values))
    offsets = pa.py_buffer(np.arange(0, (count + 1) * width, width, dtype=np.int32))
    made = pa.Array.from_buffers(pa.binary(), count, [None, offsets, pa.py_buffer(values)])
    if column is None or column.null_count == 0:
        return made
    return pc.if_else(column.is_valid(), made, pa.scalar(None, pa.binary()))


def _join(head: npt.NDArray[np.int64], tails: list[pa.Array], sizes: Counts) -> tuple[Words, Counts]:
    if int(sizes.sum()) > _MAX_BYTES:
        raise MalformedError("a row is longer than 1 GiB")
    counts = np.maximum(1, (sizes + (BLOCK - 1)) >> 4)
    pads = (counts << 4) - sizes
    heads = _fixed(head) if head.size else pa.array([b""] * len(head), pa.binary())
    parts = [heads, *tails, _PADS.take(pa.array(pads.astype(np.int8)))]
    joined = pc.binary_join_element_wise(*parts, b"", null_handling="replace", null_replacement=b"")
    blocks = np.frombuffer(joined.buffers()[2], np.uint64, count=int(counts.sum()) * 2)
    return blocks.reshape(-1, 2), counts
