"""Dates written as text, read exactly: what is impossible is told from what is not understood, and nothing is guessed.

Formats are made of ``%Y`` (four digits), ``%y`` (two, with a pivot), ``%m``, ``%d``, ``%H``, ``%M``, ``%S`` (two digits
each) and the separators ``/ - . : T`` and space: ``%Y%m%d``, ``%d/%m/%Y``, ``%d/%m/%y``, ``%Y-%m-%d %H:%M:%S``… A
partial date's format may stop at the month (``%m/%Y``) or the year (``%Y``). Widths are fixed, so no text fits two
formats; two formats of one shape are refused. Blanks around a text are not looked at.
"""

import datetime as dt
import re
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from ecluse.domain.errors import ProfileError
from ecluse.domain.profile import DateStorage

Ints = npt.NDArray[np.int64]
Bools = npt.NDArray[np.bool_]

UNREAD, EMPTY, UNKNOWN, YEAR, MONTH, DAY = range(6)
"""What a text says: not understood; empty or null; understood and void (year 0000); up to its year, month or day."""

ISO_DAY = ("%Y-%m-%d",)
ISO_TIME = ("%Y-%m-%d", "%Y-%m-%d %H:%M", "%Y-%m-%dT%H:%M", "%Y-%m-%d %H:%M:%S", "%Y-%m-%dT%H:%M:%S")
ISO_PARTIAL = ("%Y-%m-%d", "%Y-%m", "%Y")

_DIRECTIVES = {"Y": 4, "y": 2, "m": 2, "d": 2, "H": 2, "M": 2, "S": 2}
_TOKEN = re.compile(r"%([YymdHMS])|([/\-.:T ])")
_MONTH_DAYS = np.array([0, 31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31], dtype=np.int64)
_ZERO = ord("0")


@dataclass(frozen=True, slots=True)
class _Shape:
    """A format as positions in a text of fixed width."""

    width: int
    fields: tuple[tuple[str, int], ...]
    marks: tuple[tuple[int, int], ...]


@dataclass(frozen=True, slots=True)
class ReadDates:
    """Texts read: one state a text, and parts that hold only as far as the state says."""

    state: npt.NDArray[np.uint8]
    year: Ints
    month: Ints
    day: Ints
    second: Ints

    def days(self) -> pa.Array:
        """As date32; null where the day is not known."""
        made = _civil_days(self.year, self.month, self.day).astype(np.int32)
        return pa.array(made, pa.int32(), mask=self.state != DAY).view(pa.date32())

    def times(self) -> pa.Array:
        """As timestamp[us], local wall-clock time; null where the day is not known."""
        made = (_civil_days(self.year, self.month, self.day) * 86_400 + self.second) * 1_000_000
        return pa.array(made, pa.int64(), mask=self.state != DAY).view(pa.timestamp("us"))

    def partial(self) -> pa.Array:
        """As text ``YYYY``, ``YYYY-MM`` or ``YYYY-MM-DD``; null where nothing is known."""
        width = np.array([0, 0, 0, 4, 7, 10], dtype=np.int32)[self.state]
        text = np.empty((len(width), 10), dtype=np.uint8)
        for at, part, power in (
            (0, self.year, 1000), (1, self.year, 100), (2, self.year, 10), (3, self.year, 1),
            (5, self.month, 10), (6, self.month, 1), (8, self.day, 10), (9, self.day, 1),
        ):  # fmt: skip
            text[:, at] = part // power % 10 + _ZERO
        text[:, (4, 7)] = ord("-")
        offsets = np.zeros(len(width) + 1, dtype=np.int32)
        np.cumsum(width, out=offsets[1:])
        data = text[np.arange(10) < width[:, None]]
        made = pa.StringArray.from_buffers(len(width), pa.py_buffer(offsets), pa.py_buffer(data))
        return pc.if_else(pa.array(width > 0), made, None)


class DateReader:
    """Reads the formats that a profile lists.

    A two-digit year below ``pivot`` is 20yy, any other 19yy (pivot 30: ``29`` is 2029, ``30`` is 1930).

    Raises:
        ProfileError: a format outside the documented set, two of one shape, ``%y`` without pivot.
    """

    def __init__(self, formats: Sequence[str], pivot: int | None = None, *, partial: bool = False) -> None:
        self._shapes = tuple(_shape(text, pivot, partial=partial) for text in formats)
        self._pivot = pivot or 0
        shapes = {(s.width, s.marks) for s in self._shapes}
        if len(shapes) != len(self._shapes):
            raise ProfileError("two date formats have the same shape: a text could mean both")

    def read(self, texts: pa.Array) -> ReadDates:
        """Every text of a string array."""
        trimmed = pc.utf8_trim_whitespace(texts)
        rows = len(trimmed)
        starts, widths, data = text_bytes(trimmed)
        state = np.zeros(rows, dtype=np.uint8)
        state[(widths == 0) | nulls(trimmed)] = EMPTY
        parts = {name: np.zeros(rows, dtype=np.int64) for name in "Ymds"}
        for shape in self._shapes:
            at = np.flatnonzero((widths == shape.width) & (state == UNREAD))
            if len(at):
                self._read_shape(shape, at, _matrix(data, starts[at], shape.width), state, parts)
        return ReadDates(state, parts["Y"], parts["m"], parts["d"], parts["s"])

    def _read_shape(
        self, shape: _Shape, at: Ints, text: npt.NDArray[np.uint8], state: npt.NDArray[np.uint8], parts: dict[str, Ints]
    ) -> None:
        fits = np.ones(len(at), dtype=np.bool_)
        for place, mark in shape.marks:
            fits &= text[:, place] == mark
        found = {}
        for name, place in shape.fields:
            value = np.zeros(len(at), dtype=np.int64)
            for i in range(place, place + _DIRECTIVES[name]):
                digit = text[:, i] - np.uint8(_ZERO)
                fits &= digit <= 9  # noqa: PLR2004 - a digit
                value = value * 10 + digit
            found[name] = value
        if "y" in found:
            found["Y"] = found["y"] + np.where(found["y"] < self._pivot, 2000, 1900)
        hour, minute, second = (found.get(name, np.int64(0)) for name in "HMS")
        fits &= (hour < 24) & (minute < 60) & (second < 60)  # noqa: PLR2004 - a clock
        none = np.zeros(len(at), dtype=np.int64)
        known = _known(found["Y"], found.get("m", none), found.get("d", none))
        where = at[fits]
        state[where] = known[fits]
        parts["s"][where] = (none + hour * 3600 + minute * 60 + second)[fits]
        for name in "Ymd":
            parts[name][where] = found.get(name, none)[fits]


def _shape(text: str, pivot: int | None, *, partial: bool) -> _Shape:
    fields, marks, at, place = [], [], 0, 0
    while at < len(text):
        token = _TOKEN.match(text, at)
        if token is None:
            raise ProfileError(
                f"date format {text!r} is not understood", hint="%Y %y %m %d %H %M %S and / - . : T space"
            )
        if token[1]:
            fields.append((token[1], place))
        else:
            marks.append((place, ord(token[2])))
        place += _DIRECTIVES[token[1]] if token[1] else 1
        at = token.end()
    names = [name for name, _ in fields]
    year, rest = [n for n in names if n in "Yy"], {n for n in names if n not in "Yy"}
    days = rest & {"m", "d"}
    whole = days == {"m", "d"} or (partial and days in ({"m"}, set()))
    clock = rest - days in (set(), {"H", "M"}, {"H", "M", "S"})
    if len(year) != 1 or len(set(names)) != len(names) or not whole or not clock:
        raise ProfileError(
            f"date format {text!r} does not say one day", hint="once each: a year, %m, %d; %H %M, %S or no time"
        )
    if year == ["y"] and pivot is None:
        raise ProfileError(f"date format {text!r} has a two-digit year", hint="give two_digit_pivot")
    return _Shape(place, tuple(fields), tuple(marks))


def _known(year: Ints, month: Ints, day: Ints) -> npt.NDArray[np.uint8]:
    """How far the parts are possible: an impossible day leaves the month, an impossible month the year."""
    leap = (year % 4 == 0) & ((year % 100 != 0) | (year % 400 == 0))
    has_month = (month >= 1) & (month <= 12)  # noqa: PLR2004 - months
    longest = _MONTH_DAYS[np.where(has_month, month, 0)] + (leap & (month == 2))  # noqa: PLR2004 - February
    has_day = has_month & (day >= 1) & (day <= longest)
    known = np.where(has_day, DAY, np.where(has_month, MONTH, YEAR))
    state: npt.NDArray[np.uint8] = np.where(year > 0, known, UNKNOWN).astype(np.uint8)
    return state


def _civil_days(year: Ints, month: Ints, day: Ints) -> Ints:
    """Days since 1970-01-01 in the proleptic Gregorian calendar; meaningless where the parts are."""
    y = year - (month <= 2)  # noqa: PLR2004 - the year begins in March, so that leap days come last
    era = y // 400
    of_era = y - era * 400
    of_year = (153 * (month + np.where(month > 2, -3, 9)) + 2) // 5 + day - 1  # noqa: PLR2004 - likewise
    days: Ints = era * 146_097 + of_era * 365 + of_era // 4 - of_era // 100 + of_year - 719_468
    return days


def text_bytes(texts: pa.Array) -> tuple[Ints, Ints, npt.NDArray[np.uint8]]:
    """Where each text of a string or binary array starts, its width in bytes, and the bytes; widths of nulls vary."""
    _, offset_buffer, data = texts.buffers()
    if len(texts) == 0 or offset_buffer is None:
        return np.zeros(0, np.int64), np.zeros(0, np.int64), np.zeros(0, np.uint8)
    offsets = np.frombuffer(offset_buffer, np.int32)[texts.offset : texts.offset + len(texts) + 1].astype(np.int64)
    found = np.frombuffer(data, np.uint8) if data is not None else np.zeros(0, np.uint8)
    return offsets[:-1], np.diff(offsets), found


def nulls(array: pa.Array) -> Bools:
    """True where an array is null."""
    if array.null_count == 0:
        return np.zeros(len(array), dtype=np.bool_)
    found: Bools = pc.is_null(array).to_numpy(zero_copy_only=False)
    return found


def _matrix(data: npt.NDArray[np.uint8], starts: Ints, width: int) -> npt.NDArray[np.uint8]:
    """Texts of one width as rows of bytes; a view where they lie side by side."""
    first, last = int(starts[0]), int(starts[-1])
    if last - first == (len(starts) - 1) * width:
        return data[first : last + width].reshape(-1, width)
    gathered: npt.NDArray[np.uint8] = data[starts[:, None] + np.arange(width)]
    return gathered


@dataclass(frozen=True, slots=True)
class ScopeDates:
    """The scope date of a batch's rows, in whatever form the source stores it."""

    days: pa.ChunkedArray
    """date32; null where there is none or where it is no day of the calendar."""

    def years(self) -> pa.Array:
        """The year of each row, int32."""
        first, last = self.bounds()
        if first is not None and last is not None and first.year == last.year and self.days.null_count == 0:
            return pa.array(np.full(len(self.days), first.year, dtype=np.int32))
        return pc.year(self.days).cast(pa.int32()).combine_chunks()

    def bounds(self) -> tuple[dt.date | None, dt.date | None]:
        """Earliest and latest."""
        if self.days.null_count == len(self.days):
            return None, None
        found = pc.min_max(self.days.cast(pa.int32())).as_py()
        epoch = dt.date(1970, 1, 1)
        return epoch + dt.timedelta(days=found["min"]), epoch + dt.timedelta(days=found["max"])


_SCOPE_TEXT = {True: DateReader(("%Y%m%d",)), False: DateReader(ISO_DAY)}


def scope_dates(column: pa.ChunkedArray, storage: DateStorage) -> ScopeDates | None:
    """The days of a ``_date`` column; None for a type that names no day without doubt (a time zone, a number).

    A text is read as ``storage`` says, ISO where the engine has no dates; a time after the day is not looked at.
    """
    kind = column.type
    if pa.types.is_date32(kind):
        return ScopeDates(column)
    if pa.types.is_timestamp(kind):
        return None if kind.tz is not None else ScopeDates(_floor_days(column))
    if pa.types.is_date64(kind) or pa.types.is_null(kind):
        return ScopeDates(column.cast(pa.date32()))
    if not (pa.types.is_string(kind) or pa.types.is_large_string(kind) or pa.types.is_string_view(kind)):
        return None
    compact = storage is DateStorage.TEXT_COMPACT
    encoded = pc.dictionary_encode(column.cast(pa.string()).combine_chunks())
    texts = encoded.dictionary
    if not compact:
        timed = pc.match_substring_regex(texts, r"^.{10}[T ]")
        texts = pc.if_else(timed, pc.utf8_slice_codeunits(texts, 0, 10), texts)
    return ScopeDates(pa.chunked_array([_SCOPE_TEXT[compact].read(texts).days().take(encoded.indices)]))


def _floor_days(column: pa.ChunkedArray) -> pa.ChunkedArray:
    unit = {"s": 86_400, "ms": 86_400_000, "us": 86_400_000_000, "ns": 86_400_000_000_000}[column.type.unit]
    chunks = []
    for chunk in column.chunks:
        ticks = np.frombuffer(chunk.buffers()[1] or b"", np.int64)[chunk.offset : chunk.offset + len(chunk)]
        days = (ticks // unit).astype(np.int32)
        chunks.append(pa.array(days, pa.int32(), mask=nulls(chunk) if chunk.null_count else None).view(pa.date32()))
    return pa.chunked_array(chunks, pa.date32())
