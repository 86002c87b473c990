"""Rows of an Access table, many pages at once: where each stands, where in it each column's value is.

A row says how many columns it was written with, which of them are NULL, and where its variable parts end; columns that
came later are NULL in it. Long values (memos, objects) stand on pages of their own and are read one by one.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field

import numpy as np

from ecluse.adapters.sources._access_pages import DATA, DELETED, ELSEWHERE, LONG_VALUES, START, Bytes, Pages
from ecluse.adapters.sources._access_tables import Column, Table
from ecluse.adapters.sources._access_values import LONG, Cells
from ecluse.adapters.sources._arrow import Bounds, Mask

_LONG_HEAD = 12
_INLINE, _ONE_ROW = 2, 1
LONGEST = 64 << 20


@dataclass(slots=True)
class Rows:
    """Rows, as bytes and where each begins and how long it is."""

    data: Bytes
    starts: Bounds
    lengths: Bounds
    places: Bounds
    """Of each, its first byte in the file, for whoever must find one that cannot be read."""
    slots: Bounds
    """Bytes of each where its page has it; of one that was moved, those of the pointer."""
    bad: Mask = field(init=False)
    """Those that do not hold together."""

    def __post_init__(self) -> None:
        """None is bad yet."""
        self.bad = np.zeros(len(self.starts), np.bool_)


def rows_on(pages: Pages, table: Table, numbers: list[int]) -> Rows:
    """The live rows of some of a table's pages. Raises MalformedError."""
    layout, taken = pages.layout, pages.many(numbers)
    owner = np.ascontiguousarray(taken[:, 4:8]).view("<u4").ravel()
    own = (taken[:, 0] == DATA) & (owner == table.page)
    counts = np.where(own, np.ascontiguousarray(taken[:, layout.rows : layout.slots]).view("<u2").ravel(), 0)
    counts = counts.astype(np.int64)
    if (counts > (layout.page - layout.slots) // 2).any():
        raise pages.damaged("a page has more rows than fit")
    page = np.repeat(np.arange(len(taken)), counts)
    slot = np.arange(counts.sum()) - np.repeat(np.cumsum(counts) - counts, counts)
    marks = taken.view("<u2")[page, layout.slots // 2 + slot].astype(np.int64)
    starts = marks & START
    ends = np.where(slot == 0, layout.page, np.concatenate(([0], starts[:-1])))
    if ((starts > ends) | (starts < layout.slots + 2 * counts[page])).any():
        raise pages.damaged("a page's rows overlap")
    live = marks & DELETED == 0
    within, lengths = (page * layout.page + starts)[live], (ends - starts)[live]
    places = np.asarray(numbers, np.int64)[page[live]] * layout.page + starts[live]
    rows = Rows(taken.reshape(-1), within, lengths, places, lengths)
    _follow(pages, table, rows, np.flatnonzero(marks[live] & ELSEWHERE))
    return rows


def _follow(pages: Pages, table: Table, rows: Rows, moved: Bounds) -> None:
    """Put rows that were moved at the end of the bytes."""
    found, at = [], len(rows.data)
    starts, lengths = rows.starts.copy(), rows.lengths.copy()
    owner = table.page.to_bytes(4, "little")
    for place in moved:
        if lengths[place] < 4:  # noqa: PLR2004 - a pointer's length
            raise pages.damaged("a row that was moved is not found")
        begin = int(starts[place])
        row = pages.row(int.from_bytes(rows.data[begin : begin + 4].tobytes(), "little"), owner)
        found.append(row)
        starts[place], lengths[place], at = at, len(row), at + len(row)
    if found:
        rows.data = np.concatenate((rows.data, np.frombuffer(b"".join(found), np.uint8)))
        rows.starts, rows.lengths = starts, lengths


class Cracked:
    """Rows whose columns can be asked for."""

    def __init__(self, pages: Pages, table: Table, rows: Rows) -> None:
        """Find counts, NULLs and the ends of variable parts; marks rows that do not hold together."""
        self._pages, self._table, self.rows = pages, table, rows
        self._wide = wide = pages.layout.wide
        least = wide + 1 + (2 * wide if table.variables else 0)
        rows.bad |= rows.lengths < least
        self._ends = rows.starts + rows.lengths
        self._written = self._count(rows.starts)
        self._nulls = (self._written + 7) // 8
        self._parts = np.zeros(len(rows.starts), np.int64)
        # How far a row's values may reach.
        self._reach = rows.lengths - self._nulls
        self._offsets: list[Bounds] = []
        if table.variables:
            self._parts = self._count(self._ends - self._nulls - wide)
            rows.bad |= self._reach < wide + wide * (self._parts + 2)
            # No row of a page has more; a hostile count would be a long loop.
            rows.bad |= self._parts > np.iinfo(np.uint8).max
            self._parts[rows.bad] = 0
            self._offsets = self._short() if wide == 1 else self._plain()
        rows.bad |= self._reach < wide

    def cells(self, column: Column) -> Cells:
        """Where a column's values stand; of long ones their heads."""
        rows = self.rows
        valid = ~rows.bad & (column.number < self._written)
        bits = self._ends - self._nulls + column.number // 8
        valid &= (self._byte(bits) >> (column.number % 8) & 1).astype(np.bool_)
        if column.fixed:
            starts = rows.starts + self._wide + column.place
            lengths = np.full(len(starts), column.width)
        else:
            there = column.place < self._parts
            begin, end = (self._offset(column.place + at) for at in (0, 1))
            valid &= there
            starts, lengths = rows.starts + begin, end - begin
        wrong = valid & ((lengths < 0) | (starts + lengths > rows.starts + self._reach))
        if not column.fixed and column.width_of_all:
            wrong |= valid & (lengths != column.width)
        rows.bad |= wrong
        valid &= ~wrong
        return Cells(rows.data, np.where(valid, starts, 0), np.where(valid, lengths, 0), valid)

    def truths(self, column: Column) -> Mask:
        """Truths stand where other columns say whether they are NULL; these never are."""
        bits = self._ends - self._nulls + column.number // 8
        found = self._byte(bits) >> (column.number % 8) & 1
        truths: Mask = (found == 1) & (column.number < self._written)
        return truths

    def _plain(self) -> list[Bounds]:
        """Jet 4: two bytes each, backwards from the count."""
        last = int(self._parts.max(initial=0))
        base = self._ends - self._nulls - 4
        return [self._count(base - 2 * at) for at in range(last + 1)]

    def _short(self) -> list[Bounds]:
        """Jet 3: one byte each, and a list of those after which another 256 is to be added."""
        last = int(self._parts.max(initial=0))
        final = self._ends - 1 - self._nulls  # of the count of parts
        jumps = np.maximum(self.rows.lengths - 1, 0) // 256
        base = final - jumps - 1
        jumps = np.where((base - self.rows.starts - self._parts) // 256 < jumps, jumps - 1, jumps)
        used, made = np.zeros(len(base), np.int64), []
        for at in range(last + 1):
            for _ in range(self._pages.layout.page // 256):
                used += (used < jumps) & (self._byte(final - used - 1) == at)
            made.append(self._byte(base - at).astype(np.int64) + used * 256)
        return made

    def _offset(self, place: int) -> Bounds:
        return self._offsets[place] if place < len(self._offsets) else np.zeros(len(self._parts), np.int64)

    def _count(self, at: Bounds) -> Bounds:
        made = self._byte(at).astype(np.int64)
        return made if self._wide == 1 else made + (self._byte(at + 1).astype(np.int64) << 8)

    def _byte(self, at: Bounds) -> Bytes:
        found: Bytes = self.rows.data[np.clip(at, 0, len(self.rows.data) - 1)]
        return found


def long_lengths(cells: Cells) -> Bounds:
    """How long each long value says that it is; what has no whole head is 0."""
    words = _words(cells, 0)
    return np.where(cells.lengths >= _LONG_HEAD, words & 0x3FFFFFFF, 0)


def long_values(pages: Pages, cells: Cells, rows: Rows) -> Cells:
    """The values themselves; marks rows whose value is not where it should be, or longer than a value may be."""
    words, pointers = _words(cells, 0), _words(cells, 4)
    wanted, kinds = words & 0x3FFFFFFF, words >> 30
    starts, lengths, at = cells.starts + _LONG_HEAD, wanted.copy(), len(cells.data)
    wrong = cells.valid & (cells.lengths < _LONG_HEAD)
    inline = kinds == _INLINE
    wrong |= cells.valid & inline & (wanted > cells.lengths - _LONG_HEAD)
    wrong |= cells.valid & (wanted > LONGEST)
    found = []
    for place in np.flatnonzero(cells.valid & ~wrong & ~inline & (wanted > 0)):
        value = _read(pages, int(pointers[place]), int(wanted[place]), chained=not kinds[place] & _ONE_ROW)
        if value is None:
            wrong[place] = True
            continue
        found.append(value)
        starts[place], at = at, at + len(value)
    rows.bad |= wrong
    good = cells.valid & ~wrong & (wanted > 0)
    data = np.concatenate((cells.data, np.frombuffer(b"".join(found), np.uint8))) if found else cells.data
    return Cells(data, np.where(good, starts, 0), np.where(good, lengths, 0), cells.valid & ~wrong)


def _read(pages: Pages, pointer: int, wanted: int, *, chained: bool) -> bytes | None:
    """One long value, of one row or of a chain of them."""
    parts, left, seen = [], wanted, set[int]()
    while left:
        if pointer in seen:
            return None
        seen.add(pointer)
        row = pages.row(pointer, LONG_VALUES)
        part = row[4:] if chained else row
        if not part or (not chained and len(part) < left):
            return None
        parts.append(part[:left])
        left -= len(parts[-1])
        pointer = int.from_bytes(row[:4], "little")
    return b"".join(parts)


def _words(cells: Cells, skip: int) -> Bounds:
    part = cells.data[np.clip(cells.starts[:, None] + skip + np.arange(4), 0, len(cells.data) - 1)]
    return np.ascontiguousarray(part).view("<u4").ravel().astype(np.int64)


def portions(lengths: Bounds, limit: int) -> Iterator[slice]:
    """Rows in runs whose long values together stay about within a limit."""
    groups = (np.cumsum(lengths) - lengths) // limit
    edges = np.flatnonzero(np.diff(groups)) + 1
    for begin, end in zip([0, *edges], [*edges, len(lengths)], strict=True):
        yield slice(int(begin), int(end))


def is_long(column: Column) -> bool:
    """Whether its values stand elsewhere."""
    return column.kind in LONG
