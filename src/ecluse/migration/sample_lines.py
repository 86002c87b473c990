"""A whole sample's lines as lists of numbers, and the readings of some of them at once (R11).

What ``domain.leaked.readings`` makes of a line, as places among the sample's normal forms: in the same order, and with
the same bounds.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import pyarrow as pa

from ecluse.domain.leaked import (
    MAX_CELLS,
    MOST_DAYS,
    MOST_NAMES,
    MOST_NEAR,
    MOST_NUMBERS,
    MOST_OTHERS,
    MOST_POSTCODES,
    MOST_SURNAMES,
    readings,
)
from ecluse.domain.tracing import Form
from ecluse.migration.sample_forms import Cells, paired, read_cells
from ecluse.migration.sample_texts import Ints, Lists, firsts, ranges, ranks

_MOST = {Form.NIR: MOST_OTHERS, Form.PHONE: MOST_OTHERS, Form.EMAIL: MOST_OTHERS, Form.POSTCODE: MOST_POSTCODES,
         Form.NUMBER: MOST_NUMBERS}  # fmt: skip
_HEADS = 2
"""Surnames of a cell that are taken with the given name of the one beside it."""
_GATHERED = 50_000


class Lines:
    """The cells of all lines: each different one once, and for each line which it has."""

    def __init__(self, texts: pa.Array, cells: Lists) -> None:
        """``cells``: of each line, as places in ``texts``."""
        self.texts, self.cells = texts, cells

    @classmethod
    def of(cls, lines: Iterable[Sequence[str]]) -> "Lines":
        """The lines, given as the cells of each."""
        lengths: list[int] = []
        chunks: list[pa.Array] = [pa.array([], pa.string())]
        held: list[str] = []
        for line in lines:
            cells = line[:MAX_CELLS]
            lengths.append(len(cells))
            held += cells
            if len(held) >= _GATHERED:
                chunks.append(pa.array(held, pa.string()))
                held = []
        chunks.append(pa.array(held, pa.string()))
        encoded = pa.chunked_array(chunks).combine_chunks().dictionary_encode()
        indices = encoded.indices.to_numpy(zero_copy_only=False)
        return cls(encoded.dictionary, Lists.of_lengths(np.array(lengths, np.int64), indices))

    def __len__(self) -> int:
        """How many lines there are."""
        return len(self.cells)

    def line(self, place: int) -> list[str]:
        """The cells of one line."""
        _, cells = self.cells.of(np.array([place]))
        texts: list[str] = self.texts.take(pa.array(cells)).to_pylist()
        return texts

    @cached_property
    def read(self) -> Cells:
        """What each different cell may be."""
        return read_cells(self.texts)

    def readings(self, first: int, last: int) -> "LineReadings":
        """The readings of the lines from ``first`` to before ``last``."""
        return _Reader(self, first, last).made()


@dataclass(frozen=True)
class LineReadings:
    """Readings of a run of lines: for each line the places of its normal forms. ``near``: pairs, see ``paired``.

    ``crowded``: lines with so many given names that not each pair of a surname with one is tried.
    """

    forms: Mapping[Form, Lists]
    near: Lists
    crowded: frozenset[int]


class _Reader:
    def __init__(self, lines: Lines, first: int, last: int) -> None:
        self._cells, self._size = lines.read, last - first
        whose, cells = lines.cells.of(np.arange(first, last))
        at, self._parts = self._cells.parts.of(cells)
        self._owners: Ints = whose[at]

    def made(self) -> LineReadings:
        forms = {form: self._single(form, most) for form, most in _MOST.items()}
        at, found = self._cells.days.of(self._parts)
        forms[Form.DAY] = firsts(self._owners[at], found, MOST_DAYS, self._size)
        named = self._cells.named[self._parts]
        owners, named = self._owners[named >= 0], named[named >= 0]
        kept = ranks(owners) < MOST_NAMES
        owners, named = owners[kept], named[kept]
        for form, lists in ((Form.FAMILY, self._cells.families), (Form.GIVEN, self._cells.givens)):
            at, found = lists.of(named)
            forms[form] = firsts(owners[at], found, MOST_SURNAMES, self._size)
        crowded = np.flatnonzero(forms[Form.GIVEN].lengths == MOST_SURNAMES)
        return LineReadings(forms, self._near(owners, named), frozenset(crowded.tolist()))

    def _single(self, form: Form, most: int) -> Lists:
        held = self._cells.single[form][self._parts]
        return firsts(self._owners[held >= 0], held[held >= 0], most, self._size)

    def _near(self, owners: Ints, named: Ints) -> Lists:
        """Surnames with the given names beside them, in the order of ``domain.leaked``: within, before, behind."""
        at, pairs = self._cells.both.of(named)
        places, ways, found = [at], [np.zeros(len(at), np.int64)], [pairs]
        beside = np.flatnonzero(np.diff(owners) == 0)  # these, and the next, are of one line
        for way, mine, other in ((1, beside + 1, beside), (2, beside, beside + 1)):
            at, pairs = self._heads(named[mine], named[other])
            places.append(mine[at])
            ways.append(np.full(len(at), way, np.int64))
            found.append(pairs)
        place = np.concatenate(places)
        order = np.argsort(place * 3 + np.concatenate(ways), kind="stable")
        return firsts(owners[place[order]], np.concatenate(found)[order], MOST_NEAR, self._size)

    def _heads(self, mine: Ints, other: Ints) -> tuple[Ints, Ints]:
        """The first surnames of some names with the first given name of others."""
        families, givens = self._cells.families, self._cells.givens
        has = np.flatnonzero(givens.lengths[other] > 0)
        starts = families.starts[mine[has]]
        ends = np.minimum(families.starts[mine[has] + 1], starts + _HEADS)
        at = np.repeat(np.arange(len(has)), ends - starts)
        first = givens.values[givens.starts[other[has]]]
        return has[at], paired(self._cells.known, families.values[ranges(starts, ends)], first[at])


def pairs_tried(line: Sequence[str]) -> tuple[tuple[str, str], ...]:
    """Each surname with each given name that is tried of a crowded line."""
    return readings(line).pairs
