"""The frame of an Arrow IPC stream, read before Arrow reads it: sizes are bounded while nothing is decompressed yet.

Follows the Arrow columnar format, "Encapsulated message format" and ``Message.fbs``: metadata version V5, bodies
compressed with zstd. Only what is needed to know how many rows and bytes the stream claims is read; what Arrow checks
itself is left to Arrow.
"""

import struct
from collections.abc import Iterator
from dataclasses import dataclass

from ecluse.domain.errors import MalformedError

_CONTINUATION = 0xFFFFFFFF
_SCHEMA, _DICTIONARY, _BATCH = 1, 2, 3
_V5, _ZSTD = 4, 1
_ALIGNMENT = 8
_PREFIX = 8
"""Bytes before a compressed buffer: its length once decompressed, or -1 where it is not compressed after all."""


@dataclass(frozen=True, slots=True)
class Extent:
    """What a stream claims to hold once decompressed."""

    rows: int
    size: int


def extent(data: memoryview) -> Extent:
    """Rows and bytes that a whole stream, end marker included, claims; nothing may follow its end.

    Raises:
        MalformedError: not the frame of one whole stream.
    """
    rows = size = 0
    try:
        for kind, table, body in _messages(data):
            if kind == _SCHEMA:
                continue
            batch = table.table(1) if kind == _DICTIONARY else table
            rows += batch.integer(0, "<q") if kind == _BATCH else 0
            size += sum(_claimed(batch, body))
    except (struct.error, IndexError, ValueError, RecursionError):
        raise MalformedError("not an Arrow stream") from None
    return Extent(rows, size)


def _messages(data: memoryview) -> Iterator[tuple[int, "_Table", memoryview]]:
    """Kind, header and body of each message: one schema, then dictionaries and batches, then the end."""
    position, first = 0, True
    while True:
        mark, length = struct.unpack_from("<II", data, position)
        position += 8
        if mark != _CONTINUATION:
            raise ValueError("no continuation marker")
        if not length:
            break
        message = _root(data[position : position + length])
        position += length
        kind, body_size = message.integer(1, "<B"), message.integer(3, "<q")
        if message.integer(0, "<h") != _V5 or message.position(4) is not None:
            # Older versions say elsewhere whether buffers are compressed.
            raise ValueError("another version, or metadata of its own")
        body = data[position : position + body_size]
        if length % _ALIGNMENT or body_size < 0 or len(body) != body_size:
            raise ValueError("message outside the stream")
        if kind not in ({_SCHEMA} if first else {_DICTIONARY, _BATCH}):
            raise ValueError("message out of its turn")
        first = False
        yield kind, message.table(2), body
        position += body_size
    if first or position != len(data):
        raise ValueError("no schema, or bytes after the end")


def _claimed(batch: "_Table", body: memoryview) -> Iterator[int]:
    """Bytes of each buffer once decompressed."""
    if batch.table(3).integer(0, "<b") != _ZSTD:
        raise ValueError("not compressed with zstd")
    for offset, length in batch.pairs(2):
        if offset < 0 or length < 0 or offset + length > len(body):
            raise ValueError("buffer outside its message")
        if length:
            (claim,) = struct.unpack_from("<q", body, offset)
            if claim < -1 or length < _PREFIX:
                raise ValueError("not a compressed buffer")
            yield length - _PREFIX if claim == -1 else claim


@dataclass(frozen=True, slots=True)
class _Table:
    """A FlatBuffers table: ``start`` points to its signed offset to the vtable."""

    data: memoryview
    start: int

    def position(self, field: int) -> int | None:
        """Where a field lies; None if it was left out."""
        vtable = self.start - struct.unpack_from("<i", self.data, self.start)[0]
        if vtable < 0:
            raise ValueError("vtable outside the message")
        (size,) = struct.unpack_from("<H", self.data, vtable)
        slot = 4 + 2 * field
        offset = struct.unpack_from("<H", self.data, vtable + slot)[0] if slot + 2 <= size else 0
        return self.start + offset if offset else None

    def integer(self, field: int, form: str) -> int:
        """A number; 0 if left out."""
        position = self.position(field)
        return 0 if position is None else int(struct.unpack_from(form, self.data, position)[0])

    def table(self, field: int) -> "_Table":
        """The table that a field refers to."""
        position = self.position(field)
        if position is None:
            raise ValueError("a table is missing")
        return _Table(self.data, position + struct.unpack_from("<I", self.data, position)[0])

    def pairs(self, field: int) -> Iterator[tuple[int, int]]:
        """A vector of structs of two 64-bit numbers."""
        position = self.position(field)
        if position is None:
            return
        start = position + struct.unpack_from("<I", self.data, position)[0]
        (count,) = struct.unpack_from("<I", self.data, start)
        for index in range(count):
            yield struct.unpack_from("<qq", self.data, start + 4 + 16 * index)


def _root(data: memoryview) -> _Table:
    return _Table(data, struct.unpack_from("<I", data, 0)[0])
