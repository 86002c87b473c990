"""Delimited text, strictly: RFC 4180 with a declared encoding, delimiter and quote; anything else is refused by line.

Strict, because a lenient reader (pyarrow's, DuckDB's, the standard library's) makes some value of ``"ab"c`` or of an
unclosed quote, and nobody learns that rows were swallowed. A record has as many fields as the header; a quote stands
at a field's ends or doubled within it; records end with LF or CRLF. No value is ever taken for NULL.

Structure is found for a block at once: which bytes are delimiters, quotes and line ends, and by the parity of quotes
before them, which of those count.
"""

import contextlib
from collections import Counter
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import BinaryIO

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from ecluse.adapters.sources._arrow import Bounds, cut
from ecluse.adapters.sources._charset import codec_of
from ecluse.adapters.sources._reading import Declared, opened
from ecluse.domain.errors import Location, MalformedError, ProfileError
from ecluse.domain.files import FileIntake, SourceFile

_BLOCK = 4 << 20
_RECORD = 64 << 20
_WIDEST = 1 << 14  # as many as a sheet of Excel's
_LF, _CR = 10, 13
_BOM = "\ufeff"
_Bytes = npt.NDArray[np.uint8]


@dataclass
class Delimited:
    """One pass over one file. ``name`` is what errors call it; lines are counted from 1 as an editor does."""

    path: Path
    file: SourceFile
    name: str
    columns: tuple[str, ...] = ()
    _line: int = field(default=1, init=False)
    _rest: bytes = field(default=b"", init=False)

    def __post_init__(self) -> None:
        """Check the declaration. Raises ProfileError."""
        self._codec = codec_of(self.file.encoding, self.name)
        self._delimiter, self._quote = _marks(self.file, self.name)
        self._special = np.zeros(256, dtype=np.bool_)
        self._special[[self._delimiter, _LF] + ([self._quote] if self._quote >= 0 else [])] = True

    def header(self) -> tuple[str, ...]:
        """The column names that the first record gives. Raises MalformedError on empty or repeated ones."""
        for rows in self._records(None):
            names = tuple(str(column[0]) for column in rows)
            times = Counter(name.lower() for name in names)
            for place, name in enumerate(names, 1):
                if not name.strip():
                    raise self._error(f"column {place} of the header has no name", 1)
                if times[name.lower()] > 1:
                    raise self._error(f"column {place} of the header has the name of another", 1)
            return names
        raise self._error("the file is empty: it needs a header", 1)

    def batches(self) -> Iterator[pa.RecordBatch]:
        """The records after the header, all text. Raises MalformedError, ProfileError."""
        names = self.columns or Delimited(self.path, self.file, self.name).header()
        schema = pa.schema([(name, pa.string()) for name in names])
        first = True
        for rows in self._records(len(names)):
            batch = pa.RecordBatch.from_arrays(rows, schema=schema)
            yield batch.slice(1) if first else batch
            first = False

    def _records(self, width: int | None) -> Iterator[list[pa.Array]]:
        """Columns of whole records; without ``width``, of the first record alone."""
        with opened(self.path, self.name) as source:
            for text, last in self._decoded(source):
                data = self._rest + text.encode()
                if last and data and not data.endswith(b"\n"):
                    data += b"\n"
                rows = self._cut(data, width, last=last)
                if rows is not None:
                    yield rows
                    if width is None:
                        return
                if len(self._rest) > _RECORD:
                    raise self._error("a record begins that does not end: is a quote unbalanced?", self._line)

    def _decoded(self, source: BinaryIO) -> Iterator[tuple[str, bool]]:
        decoder = self._codec.incrementaldecoder("strict")
        first, lines = True, 1
        while True:
            block = source.read(_BLOCK)
            state = decoder.getstate()
            try:
                text, bad = decoder.decode(block, final=not block), None
            except UnicodeError as error:  # UTF-16 without its mark is no UnicodeDecodeError, and has no place
                text, bad = "", getattr(error, "start", 0) - len(state[0])
            if bad is not None:
                decoder.setstate(state)
                with contextlib.suppress(UnicodeError):  # of a file without its mark there are no lines before
                    lines += decoder.decode(block[: max(bad, 0)]).count("\n")
                raise self._error(f"bytes that are no {self.file.encoding}", lines)
            lines += text.count("\n")
            if first and text:
                text, first = text.removeprefix(_BOM), False
            yield text, not block
            if not block:
                return

    def _cut(self, data: bytes, width: int | None, *, last: bool) -> list[pa.Array] | None:
        """The whole records in ``data`` as columns; what is left over waits in ``_rest``."""
        numbers = np.frombuffer(data, dtype=np.uint8)
        marks = np.flatnonzero(self._special[numbers])
        quoting = numbers[marks] == self._quote
        outside = (np.cumsum(quoting) & 1) == 0
        ends = marks[~quoting & outside]
        lines = np.flatnonzero(numbers[ends] == _LF)
        if last and len(outside) and not outside[-1]:
            begun = int(ends[lines[-1]]) + 1 if len(lines) else 0
            raise self._error("a quote is opened and never closed", self._line_at(numbers, begun))
        starts = np.concatenate(([0], ends[:-1] + 1)) if len(ends) else ends
        lines = self._counted(numbers, starts, ends, lines, width)
        self._rest = b"" if last else data
        if not len(lines):
            return None
        stop = int(ends[lines[-1]]) + 1
        self._check_quotes(numbers, marks[quoting & (marks < stop)], stop)
        fields = int(lines[-1]) + 1
        columns = self._columns(data, numbers, starts[:fields], ends[:fields], width or fields)
        self._line += int(np.count_nonzero(numbers[:stop] == _LF))
        self._rest = b"" if last else data[stop:]
        return columns

    def _counted(self, numbers: _Bytes, starts: Bounds, ends: Bounds, lines: Bounds, width: int | None) -> Bounds:
        """The records' last fields, when all are of one width; blank lines at the very end wait, or are left out."""
        if not len(lines):
            return lines
        counts = np.diff(lines, prepend=-1)
        begins = starts[lines - counts + 1]
        blank = (counts == 1) & (_trimmed(numbers, begins, ends[lines]) == begins)
        filled = np.flatnonzero(~blank)
        kept = int(filled[-1]) + 1 if len(filled) else 0
        if width is None:
            kept = 1
            if counts[0] > _WIDEST:
                raise self._error(f"a header of more than {_WIDEST} columns", self._line)
        wrong = blank[:kept] if width is None else blank[:kept] | (counts[:kept] != width)
        if wrong.any():
            bad = int(np.flatnonzero(wrong)[0])
            what = "a blank line" if blank[bad] else f"{int(counts[bad])} fields where the header has {width}"
            raise self._error(what, self._line_at(numbers, int(begins[bad])))
        return lines[:kept]

    def _columns(self, data: bytes, numbers: _Bytes, starts: Bounds, ends: Bounds, width: int) -> list[pa.Array]:
        buffer = pa.py_buffer(data)
        quoted = self._quote >= 0 and bytes((self._quote,)) in data
        found = []
        for place in range(width):
            begin, end = starts[place::width], ends[place::width]
            if place == width - 1:
                end = _trimmed(numbers, begin, end)
            if quoted:
                within = (end > begin) & (numbers[np.minimum(begin, len(numbers) - 1)] == self._quote)
                begin, end = begin + within, end - within
            text = cut(buffer, begin, end).view(pa.string())
            if quoted:
                mark = chr(self._quote)
                text = pc.replace_substring(text, mark * 2, mark)
            found.append(text)
        return found

    def _check_quotes(self, numbers: _Bytes, quotes: Bounds, stop: int) -> None:
        """An opening quote stands at a field's start or doubles the one before; a closing one, likewise, at its end.

        Also: outside quotes, a CR only before an LF.
        """
        returns = np.flatnonzero(numbers[:stop] == _CR)
        bare = returns[(numbers[returns + 1] != _LF) & (np.searchsorted(quotes, returns) & 1 == 0)]
        if len(bare):
            raise self._error("a carriage return without a line feed", self._line_at(numbers, int(bare[0])))
        if not len(quotes):
            return
        opening, closing = quotes[0::2], quotes[1::2]
        before = numbers[np.maximum(opening - 1, 0)]
        starts = (opening == 0) | (before == self._delimiter) | (before == _LF)
        doubled = np.concatenate(([False], opening[1:] == closing[: len(opening) - 1] + 1))
        after = numbers[closing + 1]
        returned = (after == _CR) & (numbers[np.minimum(closing + 2, len(numbers) - 1)] == _LF)
        stops = (after == self._delimiter) | (after == _LF) | returned
        doubles = np.concatenate((doubled[1:], [False]))[: len(closing)]
        for bad, where in ((~(starts | doubled), opening), (~(stops | doubles), closing)):
            if bad.any():
                line = self._line_at(numbers, int(where[np.flatnonzero(bad)[0]]))
                raise self._error("a quote neither at a field's ends nor doubled", line)

    def _line_at(self, numbers: _Bytes, place: int) -> int:
        return self._line + int(np.count_nonzero(numbers[:place] == _LF))

    def _error(self, what: str, line: int) -> MalformedError:
        return MalformedError(what, location=Location(self.name, line))


class DelimitedReader:
    """One delimited file as one table of text columns. Strict: what does not parse refuses the file."""

    def __init__(self, declared: Declared) -> None:
        """Read the header. Raises ProfileError, MalformedError."""
        self._declared = declared
        self._columns = self._pass().header()
        schema = pa.schema([(name, pa.string()) for name in self._columns])
        self.tables: Mapping[str, pa.Schema] = {declared.table: schema}

    def passing(self, tables: Collection[str]) -> Iterator[tuple[str, pa.RecordBatch]]:
        """The file's records. Raises MalformedError."""
        for table in tables:
            for batch in self._pass().batches():
                yield table, batch

    def intake(self) -> FileIntake:
        """Strict: every record has all its columns, or the file would have been refused."""
        records = sum(batch.num_rows for _, batch in self.passing(self.tables))
        made, size = self._declared, self._declared.size
        return FileIntake(made.file.path, 1, size, made.digest(), records, size, 0, 0)

    def _pass(self) -> Delimited:
        return Delimited(self._declared.path, self._declared.file, self._declared.file.path)


def _trimmed(numbers: _Bytes, begin: Bounds, end: Bounds) -> Bounds:
    """The ends of records without the CR of a CRLF."""
    returned = (end > begin) & (numbers[np.maximum(end - 1, 0)] == _CR)
    trimmed: Bounds = end - returned
    return trimmed


def _marks(file: SourceFile, name: str) -> tuple[int, int]:
    for field_, mark in (("delimiter", file.delimiter), ("quote", file.quote)):
        if (mark and not mark.isascii()) or mark in ("\n", "\r"):
            raise ProfileError("must be one ASCII character, no line end", location=Location(name, field=field_))
    if file.delimiter == file.quote:
        raise ProfileError("is the delimiter too", location=Location(name, field="quote"))
    return ord(file.delimiter), ord(file.quote) if file.quote else -1
