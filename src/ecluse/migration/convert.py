"""Single columns into wire types, each with the rows that could not be: exact or not at all."""

from collections.abc import Callable, Mapping

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from ecluse.domain.errors import ProfileError
from ecluse.domain.plan import ColumnType
from ecluse.migration.dates import DAY, EMPTY, UNREAD, Bools, DateReader, nulls, text_bytes
from ecluse.migration.numbers import DECIMAL, decimals, shortest_decimals
from ecluse.migration.texts import not_utf8

Made = tuple[pa.ChunkedArray | None, Bools | None]
"""The column, or None where its type can never become the wanted one; the rows at fault, or None."""

_BOOLEANS = {"true": True, "false": False, "1": True, "0": False}
_NO_MIDNIGHT = {"s": 86_400, "ms": 86_400_000, "us": 86_400_000_000, "ns": 86_400_000_000_000}


def converted(column: pa.ChunkedArray, kind: ColumnType) -> Made:
    """A column that the profile does not parse: decimal, integer, boolean or binary."""
    return _CONVERTERS[kind](column)


def temporal(column: pa.ChunkedArray, kind: ColumnType) -> Made:
    """A date or timestamp column as date32, timestamp[us] or, for a partial date, text.

    A time zone makes a day ambiguous, so such a column is refused; a time of day where a day is planned, and digits
    below the microsecond, are faults of their rows.
    """
    given = column.type
    stamp = pa.types.is_timestamp(given)
    if (stamp and given.tz is not None) or not (stamp or pa.types.is_date(given)):
        return None, None
    if kind is ColumnType.DATETIME:
        bad = _remainder(column, 1000) if stamp and given.unit == "ns" else None
        return pc.cast(_without(column, bad), pa.timestamp("us")), bad
    bad = _remainder(column, _NO_MIDNIGHT[given.unit]) if stamp else None
    days = pc.cast(_without(column, bad), pa.date32())
    return (days.cast(pa.string()) if kind is ColumnType.TEXT else days), bad


def text_dates(texts: pa.Array, reader: DateReader, kind: ColumnType, *, strict: bool) -> Made:
    """Texts as dates. Partial dates keep what is known; ``strict`` lets a text pass only if the value says it all."""
    read = reader.read(texts)
    if kind is not ColumnType.TEXT:
        made = read.days() if kind is ColumnType.DATE else read.times()
        bad = (read.state != DAY) & (read.state != EMPTY)
        return pa.chunked_array([made]), (bad if bad.any() else None)
    made = read.partial()
    bad = read.state == UNREAD
    if strict:
        same = pc.fill_null(pc.equal(made, texts), False)  # noqa: FBT003 - Arrow's own signature
        bad = bad | (~same.to_numpy(zero_copy_only=False) & (read.state != EMPTY))
    return pa.chunked_array([made]), (bad if bad.any() else None)


class ValueMap:
    """A profile's map of values; what it does not name is a fault, an empty text it does not name is null.

    Raises:
        ProfileError: a value that the column's type cannot hold.
    """

    def __init__(self, values: Mapping[str, str], kind: ColumnType) -> None:
        self._known = pa.array(list(values), pa.string())
        wanted = pa.array([value or None for value in values.values()], pa.string())
        if kind is not ColumnType.TEXT:
            made, bad = converted(pa.chunked_array([wanted]), kind) if kind in _CONVERTERS else (None, None)
            if made is None or bad is not None:
                raise ProfileError(f"maps to a value that is no {kind}")
            wanted = made.combine_chunks()
        self._values = wanted

    def __call__(self, texts: pa.Array) -> tuple[pa.Array, Bools]:
        """Mapped values, and rows whose text the map does not name."""
        at = pc.index_in(texts, value_set=self._known)
        empty = nulls(texts) | pc.fill_null(pc.equal(texts, ""), True).to_numpy(zero_copy_only=False)  # noqa: FBT003
        return self._values.take(at), nulls(at) & ~empty


def looked_up(texts: pa.Array, lookup: Callable[[str], str | None]) -> pa.Array:
    """Each distinct text looked up once; null where it is nothing's."""
    encoded = pc.dictionary_encode(texts)
    found = pa.array([lookup(text) or None for text in encoded.dictionary.to_pylist()], pa.string())
    return found.take(encoded.indices)


def legible(column: pa.ChunkedArray) -> pa.ChunkedArray:
    """Any column as text for the quarantine: bytes, and texts that are no UTF-8, as hexadecimal digits."""
    kind = column.type
    if pa.types.is_string(kind):
        return pa.chunked_array([_legible_text(chunk) for chunk in column.chunks], pa.string())
    if pa.types.is_fixed_size_binary(kind) or pa.types.is_binary_view(kind) or pa.types.is_large_binary(kind):
        column = column.cast(pa.binary())
    if pa.types.is_binary(column.type):
        return pa.chunked_array([_hexadecimal(chunk) for chunk in column.chunks], pa.string())
    return column.cast(pa.string())


def _legible_text(chunk: pa.Array) -> pa.Array:
    wrong = not_utf8(chunk)
    if not wrong.any():
        return chunk
    rows, given = pa.array(wrong), chunk.view(pa.binary())
    sound = pc.if_else(rows, None, given).cast(pa.string())
    return pc.replace_with_mask(sound, rows, _hexadecimal(given.filter(rows)))


def _hexadecimal(chunk: pa.Array) -> pa.Array:
    starts, widths, data = text_bytes(chunk)
    if not len(starts):
        return pa.array([], pa.string())
    first, end = int(starts[0]), int(starts[-1] + widths[-1])
    offsets = ((np.append(starts, end) - first) * 2).astype(np.int32)
    mask = pa.array(~nulls(chunk)).buffers()[1] if chunk.null_count else None
    text = data[first:end].tobytes().hex().encode()
    return pa.StringArray.from_buffers(len(chunk), pa.py_buffer(offsets), pa.py_buffer(text), mask)


def _decimal(column: pa.ChunkedArray) -> Made:
    kind = column.type
    if pa.types.is_decimal128(kind):
        return column, None
    whole = column.combine_chunks()
    if pa.types.is_floating(kind):
        return _judged(whole, shortest_decimals(whole))
    if pa.types.is_integer(kind) or pa.types.is_string(kind) or pa.types.is_decimal(kind):
        return _judged(whole, decimals(whole.cast(pa.string())))
    if pa.types.is_null(kind):
        return pa.chunked_array([whole.cast(DECIMAL)]), None
    return None, None


def _integer(column: pa.ChunkedArray) -> Made:
    kind = column.type
    if pa.types.is_int64(kind):
        return column, None
    if pa.types.is_null(kind) or (pa.types.is_integer(kind) and not pa.types.is_uint64(kind)):
        return column.cast(pa.int64()), None
    made, bad = _decimal(column)
    if made is None:
        return None, None
    whole = made.combine_chunks()
    fraction = pc.fill_null(pc.not_equal(whole, pc.floor(whole)), False)  # noqa: FBT003 - Arrow's own signature
    kept = pc.if_else(fraction, None, whole)
    lost = fraction.to_numpy(zero_copy_only=False)
    bad = lost if bad is None else bad | lost
    return pa.chunked_array([kept.cast(pa.int64())]), (bad if bad.any() else None)


def _boolean(column: pa.ChunkedArray) -> Made:
    kind = column.type
    if pa.types.is_boolean(kind):
        return column, None
    if not (pa.types.is_integer(kind) or pa.types.is_string(kind) or pa.types.is_null(kind)):
        return None, None
    whole = column.cast(pa.string()).combine_chunks()
    at = pc.index_in(whole, value_set=pa.array(list(_BOOLEANS)))
    return _judged(whole, pa.array(list(_BOOLEANS.values())).take(at))


def _binary(column: pa.ChunkedArray) -> Made:
    kind = column.type
    if pa.types.is_binary(kind):
        return column, None
    if pa.types.is_string(kind):
        return pa.chunked_array([chunk.view(pa.binary()) for chunk in column.chunks], pa.binary()), None
    try:
        return column.cast(pa.binary()), None
    except pa.ArrowException:
        return None, None


_CONVERTERS: Mapping[ColumnType, Callable[[pa.ChunkedArray], Made]] = {
    ColumnType.DECIMAL: _decimal,
    ColumnType.INTEGER: _integer,
    ColumnType.BOOLEAN: _boolean,
    ColumnType.BINARY: _binary,
}


def _judged(given: pa.Array, made: pa.Array) -> Made:
    """Rows that held something and came out null are at fault; an empty text held nothing."""
    bad = nulls(made) & ~nulls(given)
    if pa.types.is_string(given.type):
        bad &= pc.fill_null(pc.not_equal(given, ""), False).to_numpy(zero_copy_only=False)  # noqa: FBT003
    return pa.chunked_array([made]), (bad if bad.any() else None)


def _remainder(column: pa.ChunkedArray, unit: int) -> Bools | None:
    ticks = pc.fill_null(column.cast(pa.int64()), 0).to_numpy()
    found: Bools = np.remainder(ticks, unit) != 0
    return found if found.any() else None


def _without(column: pa.ChunkedArray, bad: Bools | None) -> pa.ChunkedArray:
    return column if bad is None else pa.chunked_array([pc.if_else(pa.array(bad), None, column.combine_chunks())])
