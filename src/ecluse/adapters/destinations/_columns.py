"""What a target's column can hold, and the exact conversions between it and the wire's types.

Both ways are exact or refused: a value that would be cut, rounded, padded or moved to another time zone is an error
that names the column and how many rows, never the value.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from enum import StrEnum

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from ecluse.domain.errors import DestinationError

__all__ = ["Kind", "TargetColumn", "TargetTable", "can_hold", "fit", "plain_text", "restore"]

_FLOATING_DIGITS = 15  # digits that every IEEE 754 double gives back: C's DBL_DIG
_INT64_DIGITS = 19


class Kind(StrEnum):
    """What a column is, whatever the engine calls it."""

    TEXT = "text"
    PADDED = "fixed-length text"
    DATE = "date"
    TIMESTAMP = "timestamp"
    DECIMAL = "decimal"
    FLOATING = "floating number"
    INTEGER = "integer"
    BOOLEAN = "boolean"
    BINARY = "binary"
    OTHER = "other"


@dataclass(frozen=True, slots=True)
class TargetColumn:
    """One column as the database describes it; None where it sets no limit.

    ``digits`` are a decimal's precision, a timestamp's decimals of a second, an integer's bits. ``required`` says that
    a row without it is refused, ``nullable`` that null is a value of it; ``zero_byte`` that text may hold U+0000.
    """

    name: str
    kind: Kind
    declared: str
    characters: int | None = None
    octets: int | None = None
    digits: int | None = None
    scale: int | None = None
    unsigned: bool = False
    zero_byte: bool = True
    required: bool = False
    nullable: bool = True
    generated: bool = False

    def arrow(self) -> pa.DataType:
        """The Arrow type to load it with; FLOATING stays decimal so that no digit is lost on the way."""
        if self.kind is Kind.INTEGER:
            bits = self.digits or 64
            return getattr(pa, f"{'u' if self.unsigned else ''}int{bits}")()
        return {
            Kind.DATE: pa.date32(),
            Kind.TIMESTAMP: pa.timestamp("us"),
            Kind.BOOLEAN: pa.bool_(),
            Kind.BINARY: pa.binary(),
        }.get(self.kind, pa.string())


@dataclass(frozen=True, slots=True)
class TargetTable:
    """One table as the database describes it: ``unique`` single columns, ``obstacles`` to swapping it."""

    name: str
    columns: Mapping[str, TargetColumn]
    unique: frozenset[str] = frozenset()
    obstacles: tuple[str, ...] = ()


def can_hold(column: TargetColumn, wire: pa.DataType) -> bool:
    """Whether values of a wire type can go there and come back the same (values that don't are refused one by one)."""
    return (_wire(wire), column.kind) in _CONVERSIONS


def fit(rows: pa.Table, columns: Mapping[str, TargetColumn]) -> pa.Table:
    """Rows by catalogue names → the same rows by the target's columns and types.

    Raises ``DestinationError`` naming the column and the number of rows that it cannot hold.
    """
    arrays = []
    for name in rows.column_names:
        array = rows.column(name)
        if pa.types.is_dictionary(array.type):
            array = array.cast(array.type.value_type)
        convert = _CONVERSIONS[_wire(array.type), columns[name].kind]
        if not columns[name].nullable:
            _refuse_where(array.is_null(), columns[name], "it must not be null")
        arrays.append(convert(array, columns[name]))
    return pa.table(arrays, names=[columns[name].name for name in rows.column_names])


def restore(array: pa.Array, wire: pa.DataType, name: str) -> pa.Array:
    """A column as the engine reads it → the wire's type, exactly; ``name`` is for the message.

    Raises ``DestinationError``: the target holds something that was not loaded by this migration.
    """
    try:
        if array.type == wire:
            return array
        if pa.types.is_integer(array.type) and pa.types.is_decimal(wire):
            array = array.cast(pa.decimal128(_INT64_DIGITS, 0))
        if pa.types.is_timestamp(array.type) and pa.types.is_date32(wire):
            days = array.cast(wire)
            return days if days.cast(array.type).equals(array) else array.cast(pa.bool_())
        return array.cast(wire)
    except (pa.ArrowInvalid, pa.ArrowNotImplementedError):
        raise DestinationError(f"column {name} of the target holds values that cannot have been loaded") from None


def plain_text(numbers: pa.ChunkedArray) -> pa.ChunkedArray:
    """Decimals as their shortest plain digits: no exponent, no trailing zeros."""
    text = numbers.cast(pa.string())
    small = pc.fill_null(pc.match_substring(text, "E"), False)  # noqa: FBT003  a value, not a flag
    if pc.any(small).as_py():
        # Arrow writes 1E-10 for the tiniest values; they are too few for the loop to matter.
        plain = [format(value, "f") for value in numbers.filter(small).to_pylist()]
        text = pa.chunked_array([pc.replace_with_mask(text.combine_chunks(), small.combine_chunks(), pa.array(plain))])
    text = pc.replace_substring_regex(text, r"(\.[0-9]*?)0+$", r"\1")
    return pc.replace_substring_regex(text, r"\.$", "")


def _wire(type_: pa.DataType) -> str:
    tests: tuple[tuple[str, Callable[[pa.DataType], bool]], ...] = (
        ("text", lambda t: pa.types.is_string(t) or pa.types.is_large_string(t)),
        ("date", pa.types.is_date32),
        ("datetime", lambda t: pa.types.is_timestamp(t) and t.tz is None),
        ("decimal", pa.types.is_decimal),
        ("integer", pa.types.is_integer),
        ("boolean", pa.types.is_boolean),
        ("binary", lambda t: pa.types.is_binary(t) or pa.types.is_large_binary(t)),
    )
    return next((name for name, test in tests if test(type_)), "unknown")


def _refuse_where(bad: pa.ChunkedArray, column: TargetColumn, why: str) -> None:
    rows = pc.sum(bad).as_py() or 0
    if rows:
        raise DestinationError(f"column {column.name} ({column.declared}) cannot hold {rows} rows: {why}")


def _exactly(array: pa.ChunkedArray, type_: pa.DataType, column: TargetColumn) -> pa.ChunkedArray:
    try:
        return array.cast(type_)
    except pa.ArrowInvalid:
        rows = sum(_failing(chunk, type_) for chunk in array.chunks)
        raise DestinationError(
            f"column {column.name} ({column.declared}) cannot hold {rows} rows: out of range, or digits would be lost"
        ) from None


def _failing(array: pa.Array, type_: pa.DataType) -> int:
    """How many values do not cast, by halving: only on the way to an error."""
    try:
        array.cast(type_)
    except pa.ArrowInvalid:
        if len(array) == 1:
            return 1
        middle = len(array) // 2
        return _failing(array.slice(0, middle), type_) + _failing(array.slice(middle), type_)
    return 0


def _text(array: pa.ChunkedArray, column: TargetColumn) -> pa.ChunkedArray:
    if column.characters is not None:
        _refuse_where(pc.greater(pc.utf8_length(array), column.characters), column, "too long")
    if column.octets is not None:
        _refuse_where(pc.greater(pc.binary_length(array), column.octets), column, "too long")
    if not column.zero_byte and _may_hold_zero(array):
        _refuse_where(pc.match_substring(array, "\0"), column, "the text has a NUL character")
    return array.cast(pa.string())


def _may_hold_zero(array: pa.ChunkedArray) -> bool:
    """Whether a zero byte is anywhere in a text's buffers, which is faster told than of each value."""
    if not pa.types.is_string(array.type):
        return True
    return any(not _bytes_of(chunk).all() for chunk in array.chunks if len(chunk))


def _bytes_of(chunk: pa.Array) -> npt.NDArray[np.uint8]:
    """The bytes of a chunk's texts, and not of the whole buffer that it is a slice of."""
    _, offsets, data = chunk.buffers()
    ends = np.frombuffer(offsets, np.int32)[[chunk.offset, chunk.offset + len(chunk)]]
    return np.frombuffer(data, np.uint8)[ends[0] : ends[1]] if data is not None else np.empty(0, np.uint8)


def _padded(array: pa.ChunkedArray, column: TargetColumn) -> pa.ChunkedArray:
    _refuse_where(pc.ends_with(array, " "), column, "spaces at the end would be lost")
    return _text(array, column)


def _iso(array: pa.ChunkedArray, column: TargetColumn) -> pa.ChunkedArray:
    text = pc.replace_substring_regex(array.cast(pa.string()), r"\.0+$", "")
    return _text(text, column)


def _moment(array: pa.ChunkedArray, column: TargetColumn) -> pa.ChunkedArray:
    array = _exactly(array, pa.timestamp("us"), column)
    if column.digits is not None and column.digits < 6:  # noqa: PLR2004  microseconds
        unit = 10 ** (6 - column.digits)
        micros = array.cast(pa.int64())
        whole = pc.multiply(pc.divide(micros, unit), unit)
        _refuse_where(pc.not_equal(micros, whole), column, "fractions of a second would be lost")
    return array


def _day(array: pa.ChunkedArray, column: TargetColumn) -> pa.ChunkedArray:
    days = array.cast(pa.date32())
    if pa.types.is_timestamp(array.type):
        _refuse_where(pc.not_equal(days.cast(array.type), array), column, "the time of day would be lost")
    return days


def _decimal(array: pa.ChunkedArray, column: TargetColumn) -> pa.ChunkedArray:
    if pa.types.is_integer(array.type):
        array = array.cast(pa.decimal128(_INT64_DIGITS, 0))
    digits, scale = column.digits, column.scale or 0
    if digits is None:
        return array
    if digits > 38:  # noqa: PLR2004  the most that decimal128 has; what it holds, the column holds, scale allowing
        return _exactly(array, pa.decimal128(38, min(scale, array.type.scale)), column)
    return _exactly(array, pa.decimal128(digits, scale), column)


def _floating(array: pa.ChunkedArray, column: TargetColumn) -> pa.ChunkedArray:
    text = plain_text(array) if pa.types.is_decimal(array.type) else array.cast(pa.string())
    digits = pc.utf8_ltrim(pc.replace_substring_regex(text, r"[-.]", ""), characters="0")
    _refuse_where(pc.greater(pc.utf8_length(digits), _FLOATING_DIGITS), column, "a floating number keeps 15 digits")
    return text


def _integer(array: pa.ChunkedArray, column: TargetColumn) -> pa.ChunkedArray:
    if pa.types.is_boolean(array.type):
        array = array.cast(pa.int8())
    if pa.types.is_decimal(array.type):
        array = _exactly(array, pa.int64(), column)
    return _exactly(array, column.arrow(), column)


def _whole(array: pa.ChunkedArray, column: TargetColumn) -> pa.ChunkedArray:
    """Keys and codes: digits that come back as the same text, so no sign of plus and no leading zero."""
    plain = pc.match_substring_regex(array, r"\A(0|-?[1-9][0-9]{0,18})\z")
    _refuse_where(pc.invert(plain), column, "it is no whole number as the column would write it")
    return _exactly(array, column.arrow(), column)


def _whole_day(array: pa.ChunkedArray, column: TargetColumn) -> pa.ChunkedArray:
    """Dates as texts, of which some may know the year alone: those are refused."""
    whole = pc.match_substring_regex(array, r"\A[0-9]{4}-[0-9]{2}-[0-9]{2}\z")
    _refuse_where(pc.invert(whole), column, "it is not a whole date")
    return _exactly(array, pa.date32(), column)


def _binary(array: pa.ChunkedArray, column: TargetColumn) -> pa.ChunkedArray:
    if column.octets is not None:
        _refuse_where(pc.greater(pc.binary_length(array), column.octets), column, "too long")
    return array.cast(pa.binary())


_Convert = Callable[[pa.ChunkedArray, TargetColumn], pa.ChunkedArray]

_CONVERSIONS: Mapping[tuple[str, Kind], _Convert] = {
    ("text", Kind.TEXT): _text,
    ("text", Kind.PADDED): _padded,
    ("text", Kind.INTEGER): _whole,
    ("text", Kind.DATE): _whole_day,
    ("date", Kind.DATE): _day,
    ("date", Kind.TIMESTAMP): _moment,
    ("date", Kind.TEXT): _iso,
    ("date", Kind.PADDED): _iso,
    ("datetime", Kind.TIMESTAMP): _moment,
    ("datetime", Kind.DATE): _day,
    ("datetime", Kind.TEXT): _iso,
    ("decimal", Kind.DECIMAL): _decimal,
    ("decimal", Kind.FLOATING): _floating,
    ("decimal", Kind.INTEGER): _integer,
    ("decimal", Kind.TEXT): lambda array, column: _text(plain_text(array), column),
    ("integer", Kind.INTEGER): _integer,
    ("integer", Kind.DECIMAL): _decimal,
    ("integer", Kind.FLOATING): _floating,
    ("integer", Kind.TEXT): lambda array, column: _text(array.cast(pa.string()), column),
    ("boolean", Kind.BOOLEAN): lambda array, _: array,
    ("boolean", Kind.INTEGER): _integer,
    ("binary", Kind.BINARY): _binary,
}
