"""Arrow pieces that the readers share: arrays cut out of a buffer, types of the wire."""

from collections.abc import Callable

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from ecluse.domain.errors import MalformedError

Bounds = npt.NDArray[np.int64]
Mask = npt.NDArray[np.bool_]


def cut(data: pa.Buffer, starts: Bounds, ends: Bounds, nulls: Mask | None = None) -> pa.Array:
    """The byte strings ``data[start:end]``, ascending and not overlapping, as one contiguous binary array.

    The buffer is read as 2n-1 values, those wanted and the gaps between them, and the gaps are left out: one C++ copy.
    """
    count = len(starts)
    if not count:
        return pa.array([], pa.binary())
    offsets = np.empty(2 * count, dtype=np.int32)
    offsets[0::2], offsets[1::2] = starts, ends
    whole = pa.BinaryArray.from_buffers(pa.binary(), 2 * count - 1, [None, pa.py_buffer(offsets), data])
    return whole.take(pa.array(np.arange(0, 2 * count, 2, dtype=np.int32), mask=nulls))


def shaped(batch: pa.RecordBatch) -> pa.RecordBatch:
    """The batch with the wire's types: int64, float64, string, timestamp[us]; what has none stays as it came."""
    columns = [_shaped(column) for column in batch.columns]
    return pa.RecordBatch.from_arrays(columns, names=batch.schema.names)


def _shaped(column: pa.Array) -> pa.Array:
    kind = column.type
    for test, target in _TARGETS:
        if test(kind):
            return column if kind.equals(target) else column.cast(target)
    if pa.types.is_timestamp(kind):
        target = pa.timestamp("us", "UTC" if kind.tz else None)
        return column if kind.equals(target) else column.cast(target)
    return column


_TARGETS: tuple[tuple[Callable[[pa.DataType], bool], pa.DataType], ...] = (
    (pa.types.is_uint64, pa.decimal128(20, 0)),
    (pa.types.is_integer, pa.int64()),
    (pa.types.is_floating, pa.float64()),
    (pa.types.is_large_string, pa.string()),
    (pa.types.is_string_view, pa.string()),
    (pa.types.is_large_binary, pa.binary()),
    (pa.types.is_binary_view, pa.binary()),
)


def holds_infinity(column: pa.Array) -> bool:
    """Whether a date or timestamp column holds PostgreSQL's ``infinity``, which Arrow has no value for."""
    if pa.types.is_date32(column.type):
        numbers, limit = column.view(pa.int32()), 2**31 - 1
    elif pa.types.is_timestamp(column.type):
        numbers, limit = column.view(pa.int64()), 2**63 - 1
    else:
        return False
    extremes = pc.min_max(numbers)
    return extremes["max"].as_py() == limit or extremes["min"].as_py() in (-limit, -limit - 1)


def valid(column: pa.Array) -> bool:
    """Whether a text column is UTF-8 throughout."""
    try:
        column.validate(full=True)
    except pa.ArrowInvalid:
        return False
    return True


def refuse_bad_text(batch: pa.RecordBatch) -> None:
    """Raises MalformedError for text that is no UTF-8, naming its column."""
    for name, column in zip(batch.schema.names, batch.columns, strict=True):
        if pa.types.is_string(column.type) and not valid(column):
            raise MalformedError(
                f"column {name} holds bytes that are no UTF-8", hint="convert it in the profile, as convert_from does"
            )
