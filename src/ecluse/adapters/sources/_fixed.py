"""Fixed width: each line a record, each column from one place to another, as COBOL and its like write them.

Places count bytes in a single-byte encoding and characters in UTF-8. Blanks after a value are padding. A line may be
short, for many systems cut trailing blanks: what it lacks is empty. A line that does not decode, or has a carriage
return within, is set aside.
"""

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from ecluse.adapters.sources._arrow import Bounds, Mask, cut
from ecluse.adapters.sources._charset import Charset
from ecluse.adapters.sources._reading import Account, CountedInPassing, Declared, opened
from ecluse.domain.errors import Location, MalformedError
from ecluse.domain.files import SetAside

_BLOCK = 4 << 20
_LONGEST = 64 << 20
_LF, _CR, _EOF = 10, 13, 0x1A
_CONTINUES = 0x80  # the two high bits of UTF-8's continuation bytes
_Bytes = npt.NDArray[np.uint8]


@dataclass(frozen=True, slots=True)
class _Lines:
    """The lines of a block: where each begins and ends (without its line end), and where the next begins."""

    numbers: _Bytes
    begins: Bounds
    ends: Bounds
    nexts: Bounds


@dataclass(slots=True)
class _Account(Account):
    """The sums of a pass, and how far it is."""

    lines: int = 0
    bytes: int = 0

    def add(self, lines: _Lines, good: Mask, bad: Mask, broken: Mask) -> None:
        """A block's lines: the good, those set aside (``bad``, ``broken``); blank ones are structure."""
        self.structure += int((lines.nexts - lines.ends)[~(bad | broken)].sum())
        for place in map(int, np.flatnonzero(bad | broken)):
            begin, length = int(lines.begins[place]), int(lines.nexts[place] - lines.begins[place])
            reason = "bytes outside the declared encoding" if bad[place] else "a carriage return without a line feed"
            self.aside.append(SetAside(1, self.lines + place + 1, self.bytes + begin, length, reason))
        self.records += int(good.sum())
        self.lines += len(good)
        self.bytes += len(lines.numbers)


class FixedReader(CountedInPassing):
    """One file of fixed width as one table of text columns."""

    def __init__(self, declared: Declared) -> None:
        """Raises ProfileError."""
        self._declared = declared
        file = declared.file
        self._charset = Charset(file.encoding, file.path)
        self._places = {
            name: (int(first) - 1, int(last))
            for name, (first, last) in ((name, places.split("-")) for name, places in file.columns.items())
        }
        self._covered = _merged(sorted(self._places.values()))
        schema = pa.schema([(name, pa.string()) for name in self._places])
        self.tables: Mapping[str, pa.Schema] = {declared.table: schema}

    def passing(self, tables: Collection[str]) -> Iterator[tuple[str, pa.RecordBatch]]:
        """The file's records. Raises MalformedError for a line without end."""
        account = _Account()
        for table in tables:
            for data in self._blocks(account):
                batch = self._records(data, account)
                account.bounded(self._declared)
                yield table, batch
            account.unmapped = account.bytes - account.told
            self._intake = account.of(self._declared)

    def _blocks(self, account: _Account) -> Iterator[bytes]:
        """Whole lines, some megabytes at a time; the last may lack its end. A byte order mark is structure."""
        rest = b""
        with opened(self._declared.path, self._declared.called(1)) as source:
            mark = self._charset.mark(source.read(3), self._declared.called(1))
            account.structure = account.bytes = source.seek(mark)
            while block := source.read(_BLOCK):
                data = rest + block
                stop = data.rfind(b"\n") + 1
                rest = data[stop:]
                if len(rest) > _LONGEST:
                    raise MalformedError("a line does not end", location=Location(self._declared.called(1)))
                if stop:
                    yield data[:stop]
        if rest:
            yield rest

    def _records(self, data: bytes, account: _Account) -> pa.RecordBatch:
        lines = _lines(data)
        starts = self._characters(lines.numbers)
        first, last = np.searchsorted(starts, lines.begins), np.searchsorted(starts, lines.ends)
        buffer = pa.py_buffer(data)
        bad = np.zeros(len(lines.begins), dtype=np.bool_)
        columns = []
        for begin, end in self._places.values():
            found, wrong = self._charset.text(
                cut(buffer, starts[np.minimum(first + begin, last)], starts[np.minimum(first + end, last)])
            )
            columns.append(pc.utf8_rtrim(found, " "))
            bad |= wrong
        blank, broken = lines.begins == lines.ends, _broken(lines)
        good = ~(bad | broken | blank)
        for begin, end in self._covered:
            spans = starts[np.minimum(first + end, last)] - starts[np.minimum(first + begin, last)]
            account.mapped += int(spans[good].sum())
        account.add(lines, good, bad, broken)
        batch = pa.RecordBatch.from_arrays(columns, schema=self.tables[self._declared.table])
        return batch if good.all() else batch.filter(pa.array(good))

    def _characters(self, numbers: _Bytes) -> Bounds:
        """Where each character begins, and where the last ends."""
        if not self._charset.utf8:
            return np.arange(len(numbers) + 1, dtype=np.int64)
        return np.append(np.flatnonzero((numbers & 0xC0) != _CONTINUES), len(numbers))


def _lines(data: bytes) -> _Lines:
    """Split at LF; a CR before it, and DOS's end mark at the very end, belong to the line's end."""
    numbers = np.frombuffer(data, dtype=np.uint8)
    nexts = np.flatnonzero(numbers == _LF) + 1
    if not len(nexts) or nexts[-1] != len(numbers):
        nexts = np.append(nexts, len(numbers))
    begins = np.concatenate(([0], nexts[:-1]))
    ends = nexts - (numbers[nexts - 1] == _LF)
    ends[-1] -= bool(numbers[-1] == _EOF)  # a block that is not the file's last ends with LF
    ends = ends - ((ends > begins) & (numbers[np.maximum(ends - 1, 0)] == _CR))
    return _Lines(numbers, begins, ends, nexts)


def _broken(lines: _Lines) -> Mask:
    """Lines with a CR within: where CR alone ends lines, all others would be lost behind the first."""
    returns = np.flatnonzero(lines.numbers == _CR)
    line = np.searchsorted(lines.begins, returns, side="right") - 1
    found = np.zeros(len(lines.begins), dtype=np.bool_)
    found[line[returns < lines.ends[line]]] = True
    return found


def _merged(places: Sequence[tuple[int, int]]) -> list[tuple[int, int]]:
    """Columns may overlap (a year within a date); their bytes are counted once."""
    merged: list[tuple[int, int]] = []
    for begin, end in places:
        if merged and begin <= merged[-1][1]:
            merged[-1] = (merged[-1][0], max(end, merged[-1][1]))
        else:
            merged.append((begin, end))
    return merged
