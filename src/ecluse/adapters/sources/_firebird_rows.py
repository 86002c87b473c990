"""Rows out of Firebird's own messages: fetched into one buffer, columns cut out of it without a Python object a value.

The driver unpacks each value by itself (26,000 rows/s measured); its interface also hands over a whole row as a struct
at an address. So rows are laid side by side, and each column is read as a strided array. Blobs, which Firebird gives by
reference, are the exception: each is opened by itself.

Types: integers int64, NUMERIC exact decimals, FLOAT by its shortest text, TIME text, BLOB SUB_TYPE TEXT text, other
BLOBs and OCTETS binary. CHAR loses the blanks that pad it, which are nobody's.
"""

from collections.abc import Callable, Iterator
from ctypes import addressof, create_string_buffer
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc
from firebird.driver.fbapi import Cardinal
from firebird.driver.interfaces import iResultSet
from firebird.driver.types import BlobInfoCode, ItemMetadata, SQLDataType, StateResult

from ecluse.adapters.sources._arrow import cut, valid
from ecluse.domain.errors import MalformedError, ProfileError

_BLOCK_BYTES = 16 << 20
_BLOB_ROWS = 2_000
_OCTETS = 1
_TEXT_BLOB = 1
_NO_DATA = int(StateResult.NO_DATA)
_EPOCH = 40_587  # days from 17 November 1858, where Firebird counts from, to 1970
_TICKS_A_DAY = 86_400 * 10_000
_BLANK, _BYTES = 0x20, 256
_DIGITS = {SQLDataType.SHORT: 5, SQLDataType.LONG: 10, SQLDataType.INT64: 19}
_INTEGERS = {SQLDataType.SHORT: "<i2", SQLDataType.LONG: "<i4", SQLDataType.INT64: "<i8"}
_TEXTS = frozenset({SQLDataType.TEXT, SQLDataType.VARYING})
_PLAIN = {
    SQLDataType.FLOAT: pa.float64(),
    SQLDataType.DOUBLE: pa.float64(),
    SQLDataType.D_FLOAT: pa.float64(),
    SQLDataType.DATE: pa.date32(),
    SQLDataType.TIME: pa.string(),
    SQLDataType.TIMESTAMP: pa.timestamp("us"),
    SQLDataType.BOOLEAN: pa.bool_(),
    SQLDataType.NULL: pa.null(),
}

Raw = npt.NDArray[np.uint8]
OpenBlob = Callable[[bytes], Any]
"""Opens the blob of an eight-byte reference."""


@dataclass(frozen=True, slots=True)
class Rows:
    """What a statement's rows look like, and how its texts are encoded."""

    columns: tuple[ItemMetadata, ...]
    length: int
    codec: str
    """Python's name of the connection's character set."""

    @property
    def stride(self) -> int:
        """Bytes from one row of a block to the next, aligned for every type."""
        return (self.length + 15) // 16 * 16

    def block_rows(self, batch_rows: int) -> int:
        """Rows of a block: as asked, fewer where rows are wide or hold blobs."""
        most = max(1, _BLOCK_BYTES // self.stride)
        blobs = any(column.datatype is SQLDataType.BLOB for column in self.columns)
        return max(1, min(batch_rows, most, _BLOB_ROWS if blobs else most))

    def schema(self, names: list[str]) -> pa.Schema:
        """The columns' Arrow types. Raises ProfileError for a type that is not read."""
        return pa.schema([(name, _type(name, c)) for name, c in zip(names, self.columns, strict=True)])


def blocks(result: iResultSet, rows: Rows, batch_rows: int) -> Iterator[Raw]:
    """Rows as they lie in the client library's messages, one row a line; raises the driver's DatabaseError."""
    count = rows.block_rows(batch_rows)
    fetch, status = result.vtable.fetchNext, result.status
    done = False
    while not done:
        block: Raw = np.empty((count, rows.stride), np.uint8)
        address, stride, filled = block.ctypes.data, rows.stride, 0
        while filled < count:
            state = fetch(result, status, address + filled * stride)
            if state:
                result._check()  # noqa: SLF001  (raises what the status holds)
                if state != _NO_DATA:
                    raise MalformedError("the Firebird client gave part of a row")
                done = True
                break
            filled += 1
        if filled:
            yield block[:filled]


def batch(block: Raw, rows: Rows, schema: pa.Schema, open_blob: OpenBlob) -> pa.RecordBatch:
    """One block's columns. Raises MalformedError naming a column whose text is not in the connection's encoding."""
    made = []
    for column, item in zip(rows.columns, schema, strict=True):
        nulls = _field(block, column.null_offset, "<i2") != 0
        made.append(_column(block, column, item, nulls, (rows.codec, open_blob)))
    return pa.RecordBatch.from_arrays(made, schema=schema)


def _type(name: str, column: ItemMetadata) -> pa.DataType:
    kind = column.datatype
    if kind in _INTEGERS:
        return pa.decimal128(_DIGITS[kind], -column.scale) if column.scale else pa.int64()
    if kind in _TEXTS:
        return pa.binary() if _charset(column) == _OCTETS else pa.string()
    if kind is SQLDataType.BLOB:
        return pa.string() if column.subtype == _TEXT_BLOB else pa.binary()
    if kind not in _PLAIN:
        hint = f"read it with CAST({name} AS VARCHAR(64)) in the profile"
        raise ProfileError(f"column {name} is of a type that is not read ({kind.name})", hint=hint)
    return _PLAIN[kind]


def _charset(column: ItemMetadata) -> int:
    return int(column.charset) & 0xFF  # the collation stands in the higher byte


def _field(block: Raw, offset: int, kind: str) -> Any:
    return np.ndarray((len(block),), kind, block, offset, (block.strides[0],))


def _column(block: Raw, column: ItemMetadata, item: pa.Field, nulls: Any, by: tuple[str, OpenBlob]) -> pa.Array:
    kind, at, (codec, open_blob) = column.datatype, column.offset, by
    if kind is SQLDataType.BLOB:
        ids = np.ascontiguousarray(block[:, at : at + 8])
        found = [None if null else _blob(open_blob, id_.tobytes()) for id_, null in zip(ids, nulls, strict=True)]
        made = pa.array(found, pa.binary())
        return made if column.subtype != _TEXT_BLOB else _decoded(made, codec, item.name)
    if kind in _TEXTS:
        made = _varying(block, at, nulls) if kind is SQLDataType.VARYING else _char(block, column, nulls)
        return made if pa.types.is_binary(item.type) else _decoded(made, codec, item.name)
    if kind in _INTEGERS:
        numbers = _field(block, at, _INTEGERS[kind]).astype(np.int64)
        return _decimal(numbers, nulls, item.type) if column.scale else pa.array(numbers, pa.int64(), mask=nulls)
    return _READERS.get(kind, _double)(block, at, nulls)


def _float(block: Raw, at: int, nulls: Any) -> pa.Array:
    # By its text: widened as it is, 7.35 would become 7.349999904632568, which nobody ever saw (law 3).
    return pa.array(_field(block, at, "<f4"), mask=nulls).cast(pa.string()).cast(pa.float64())


def _double(block: Raw, at: int, nulls: Any) -> pa.Array:
    return pa.array(_field(block, at, "<f8"), pa.float64(), mask=nulls)


def _date(block: Raw, at: int, nulls: Any) -> pa.Array:
    return pa.array(_field(block, at, "<i4") - np.int32(_EPOCH), pa.int32(), mask=nulls).view(pa.date32())


def _timestamp(block: Raw, at: int, nulls: Any) -> pa.Array:
    days = _field(block, at, "<i4").astype(np.int64) - _EPOCH
    ticks = days * _TICKS_A_DAY + _field(block, at + 4, "<u4")
    return pa.array(ticks * 100, pa.int64(), mask=nulls).view(pa.timestamp("us"))


def _time(block: Raw, at: int, nulls: Any) -> pa.Array:
    ticks = pa.array(_field(block, at, "<u4").astype(np.int64) * 100, pa.int64(), mask=nulls)
    text = ticks.view(pa.time64("us")).cast(pa.string())
    return pc.replace_substring_regex(text, r"\.?0{0,6}$", "")


def _boolean(block: Raw, at: int, nulls: Any) -> pa.Array:
    return pa.array(_field(block, at, "u1") != 0, pa.bool_(), mask=nulls)


_READERS: dict[SQLDataType, Callable[[Raw, int, Any], pa.Array]] = {
    SQLDataType.FLOAT: _float,
    SQLDataType.DATE: _date,
    SQLDataType.TIMESTAMP: _timestamp,
    SQLDataType.TIME: _time,
    SQLDataType.BOOLEAN: _boolean,
    SQLDataType.NULL: lambda block, _at, _nulls: pa.nulls(len(block)),
}


def _decimal(numbers: npt.NDArray[np.int64], nulls: Any, kind: pa.DataType) -> pa.Array:
    wide = np.empty((len(numbers), 2), np.int64)
    wide[:, 0], wide[:, 1] = numbers, numbers >> 63
    mask = pa.array(~nulls).buffers()[1] if nulls.any() else None
    return pa.Array.from_buffers(kind, len(numbers), [mask, pa.py_buffer(wide)])


def _varying(block: Raw, at: int, nulls: Any) -> pa.Array:
    starts = np.arange(len(block), dtype=np.int64) * block.strides[0] + at + 2
    sizes = np.where(nulls, 0, _field(block, at, "<u2"))
    return cut(pa.py_buffer(block), starts, starts + sizes, nulls)


def _char(block: Raw, column: ItemMetadata, nulls: Any) -> pa.Array:
    at, width = column.offset, column.length
    starts = np.arange(len(block), dtype=np.int64) * block.strides[0] + at
    if _charset(column) == _OCTETS:
        return cut(pa.py_buffer(block), starts, starts + np.where(nulls, 0, width), nulls)
    filled = block[:, at : at + width] != _BLANK
    sizes = np.where(filled.any(axis=1) & ~nulls, width - np.argmax(filled[:, ::-1], axis=1), 0)
    return cut(pa.py_buffer(block), starts, starts + sizes, nulls)


def _blob(open_blob: OpenBlob, reference: bytes) -> bytes:
    blob = open_blob(reference)
    try:
        size = blob.get_info2(BlobInfoCode.TOTAL_LENGTH)
        segment = max(1, blob.get_info2(BlobInfoCode.MAX_SEGMENT))
        target, have, got = create_string_buffer(max(size, 1)), 0, Cardinal(0)
        while have < size:
            blob.get_segment(min(segment, size - have), addressof(target) + have, got)
            have += got.value
        return target.raw[:size]
    finally:
        blob.close()


def _decoded(column: pa.Array, codec: str, name: str) -> pa.Array:
    """Text of bytes: by a table where the encoding is one byte a character, else each different value once."""
    if codec == "utf-8":
        made = column.view(pa.string())
        if valid(made):
            return made
    else:
        try:
            return _single(column, codec) if _single_byte(codec) else _each(column, codec)
        except UnicodeDecodeError:
            pass  # its message quotes the text
    raise MalformedError(
        f"column {name} holds bytes that are not of the character set {codec}",
        hint="declare what the database holds in the source's URL, such as ?charset=WIN1252",
    )


def _single_byte(codec: str) -> bool:
    return len(bytes(range(_BYTES)).decode(codec, "replace")) == _BYTES


def _single(column: pa.Array, codec: str) -> pa.Array:
    starts, ends = np.frombuffer(column.buffers()[1], np.int32)[[column.offset, column.offset + len(column)]]
    data = column.buffers()[2]
    raw = data.slice(int(starts), int(ends - starts)).to_pybytes() if data is not None else b""
    widths = np.array([len(bytes([i]).decode(codec, "replace").encode()) for i in range(_BYTES)], np.int32)
    after = np.concatenate([[0], np.cumsum(widths[np.frombuffer(raw, np.uint8)])]).astype(np.int32)
    old = np.frombuffer(column.buffers()[1], np.int32)[column.offset : column.offset + len(column) + 1] - starts
    text = pa.py_buffer(raw.decode(codec).encode())
    mask = pa.array(column.is_valid()).buffers()[1] if column.null_count else None
    return pa.StringArray.from_buffers(len(column), pa.py_buffer(after[old]), text, mask)


def _each(column: pa.Array, codec: str) -> pa.Array:
    coded = column.dictionary_encode()
    texts = pa.array([value.as_py().decode(codec) for value in coded.dictionary], pa.string())
    return pa.DictionaryArray.from_arrays(coded.indices, texts).dictionary_decode()
