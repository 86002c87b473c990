"""MySQL's text protocol, decoded by columns.

A result is a chain of packets, one a row: three bytes of length, one of sequence, then each value as a length and its
bytes. Where packets begin can only be found by following the chain (one integer step a row); everything else, value
bounds, bytes, NULLs, is worked out for all rows of a block at once, column by column.
Source: MySQL client/server protocol, ProtocolText::ResultsetRow and Protocol::LengthEncodedInteger.
"""

from collections.abc import Iterator
from typing import Protocol

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from ecluse.adapters.sources._arrow import Bounds, Mask, cut

_HEADER = 4
_FULL = 0xFFFFFF
_READ = 1 << 20
_NULL, _TWO, _THREE, _EIGHT = 0xFB, 0xFC, 0xFD, 0xFE
_EOF, _EOF_BELOW, _ERROR = 0xFE, 9, 0xFF
_BLOCK = 32 << 20


class Reader(Protocol):
    """The connection's buffered stream of bytes."""

    def read1(self, size: int, /) -> bytes:
        """At most ``size`` bytes, empty at the end."""
        ...


class ServerError(Exception):
    """The server broke a result off; ``number`` is its errno."""

    def __init__(self, number: int) -> None:
        self.number = number
        super().__init__(number)


def blocks(reader: Reader, columns: int, rows: int) -> Iterator[list[pa.Array]]:
    """A result's rows as binary columns, about ``rows`` at a time, at most about 32 MB (one long value more).

    Raises ServerError, and EOFError when the connection ends before the result does.
    """
    data, done = bytearray(), False
    starts: list[int] = []
    at = 0
    while not done:
        chunk = reader.read1(_READ)
        if not chunk:
            raise EOFError
        data += chunk
        at, done = _follow(data, at, starts)
        if starts and (done or len(starts) >= rows or at >= _BLOCK):
            yield _columns(bytes(memoryview(data)[:at]), starts, columns)
            del data[:at]
            starts, at = [], 0


def _follow(data: bytearray, at: int, starts: list[int]) -> tuple[int, bool]:
    """Note where the payloads of whole rows start from ``at`` on; where the rest begins, and whether all came."""
    size = len(data)
    while at + _HEADER <= size:
        length = data[at] | data[at + 1] << 8 | data[at + 2] << 16
        if at + _HEADER + length > size:
            break
        if length == _FULL:
            length = _joined(data, at)
            if not length:
                break
            size = len(data)
        mark = data[at + _HEADER]
        if mark == _EOF and length < _EOF_BELOW:
            return at, True
        if mark == _ERROR and length < _FULL:
            raise ServerError(data[at + _HEADER + 1] | data[at + _HEADER + 2] << 8)
        starts.append(at + _HEADER)
        at += _HEADER + length
    return at, False


def _joined(data: bytearray, at: int) -> int:
    """Close the seams of a row longer than a packet; its length, or 0 while packets of it are still to come."""
    seams, end, length = [], at, _FULL
    while length == _FULL:
        if end + _HEADER > len(data):
            return 0
        length = data[end] | data[end + 1] << 8 | data[end + 2] << 16
        seams.append(end)
        end += _HEADER + length
    if end > len(data):
        return 0
    for seam in reversed(seams[1:]):
        del data[seam : seam + _HEADER]
        end -= _HEADER
    return end - at - _HEADER


def _columns(data: bytes, starts: list[int], columns: int) -> list[pa.Array]:
    numbers, buffer = np.frombuffer(data, dtype=np.uint8), pa.py_buffer(data)
    at: Bounds = np.array(starts, dtype=np.int64)
    found = []
    for _ in range(columns):
        begin, end, nulls = _values(numbers, at)
        found.append(cut(buffer, begin, end, nulls))
        at = end
    return found


def _values(numbers: npt.NDArray[np.uint8], at: Bounds) -> tuple[Bounds, Bounds, Mask]:
    mark = numbers[at]
    nulls: Mask = mark == _NULL
    length = np.where(nulls, 0, mark).astype(np.int64)
    header = np.ones(len(at), dtype=np.int64)
    for code, width in ((_TWO, 2), (_THREE, 3), (_EIGHT, 8)):
        rows = np.flatnonzero(mark == code)
        if len(rows):
            given = numbers[at[rows, None] + np.arange(1, width + 1)].astype(np.int64)
            length[rows] = (given << (8 * np.arange(width))).sum(axis=1)
            header[rows] = 1 + width
    begin = at + header
    return begin, begin + length, nulls
