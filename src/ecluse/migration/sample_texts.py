"""Texts as numbers, and lists of numbers: what a whole leaked sample is held and compared by (R11). In memory alone."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from ecluse.migration.digest import row_digests

Ints = npt.NDArray[np.int64]
Mask = npt.NDArray[np.bool_]

_CONTEXT = b"ecluse.sample-texts"


class Texts:
    """Different texts, without nulls, and the place of each.

    Found by 64 bits of a hash, then compared whole: no wrong yes, and a wrong no once in 2^64 by the number of texts.
    Arrow's own ``index_in`` hashes all that is looked among anew with every batch.
    """

    def __init__(self, texts: pa.Array) -> None:
        """``texts``: each once."""
        self.texts = texts
        hashes = _hashes(texts)
        self._order = np.argsort(hashes, kind="stable")
        self._hashes = hashes[self._order]

    def __len__(self) -> int:
        """How many there are."""
        return len(self.texts)

    def places(self, texts: pa.Array) -> Ints:
        """The place of each text; -1 for null, and for what is not among them."""
        if not len(texts) or not len(self):
            return np.full(len(texts), -1, np.int64)
        encoded = texts.dictionary_encode()
        found = np.append(self._found(encoded.dictionary), -1)
        at: Ints = pc.fill_null(encoded.indices, len(found) - 1).to_numpy(zero_copy_only=False)
        made: Ints = found[at]
        return made

    def _found(self, texts: pa.Array) -> Ints:
        if not len(texts):
            return np.empty(0, np.int64)
        at = np.minimum(np.searchsorted(self._hashes, _hashes(texts)), len(self) - 1)
        places = self._order[at]
        same = pc.equal(self.texts.take(pa.array(places)), texts).to_numpy(zero_copy_only=False)
        return np.where(same, places, -1)


def _hashes(texts: pa.Array) -> npt.NDArray[np.uint64]:
    made = row_digests(pa.table({"text": texts}), _CONTEXT).view(np.uint64).reshape(-1, 2)[:, 0]
    return np.ascontiguousarray(made)


@dataclass(frozen=True)
class Lists:
    """A list of numbers for each owner, all in one: those of ``n`` lie from ``starts[n]`` up to ``starts[n + 1]``."""

    starts: Ints
    values: npt.NDArray[Any]

    @classmethod
    def of_lengths(cls, lengths: npt.NDArray[Any], values: npt.NDArray[Any]) -> "Lists":
        """So many for each owner, one owner's after the other's."""
        starts = np.zeros(len(lengths) + 1, np.int64)
        np.cumsum(lengths, out=starts[1:])
        return cls(starts, values)

    @classmethod
    def of_owners(cls, owners: Ints, values: npt.NDArray[Any], size: int) -> "Lists":
        """Whose each number is, in ascending order, of so many owners."""
        return cls.of_lengths(np.bincount(owners, minlength=size), values)

    def __len__(self) -> int:
        """How many owners there are."""
        return len(self.starts) - 1

    @property
    def lengths(self) -> Ints:
        """How many numbers each owner has."""
        made: Ints = np.diff(self.starts)
        return made

    def of(self, owners: Ints) -> tuple[Ints, npt.NDArray[Any]]:
        """All numbers of some owners, with the place in ``owners`` of the one that each is of."""
        starts, ends = self.starts[owners], self.starts[owners + 1]
        return np.repeat(np.arange(len(owners)), ends - starts), self.values[ranges(starts, ends)]


def ranges(starts: Ints, ends: Ints) -> Ints:
    """All numbers from each start to before its end."""
    lengths = ends - starts
    offsets: Ints = np.repeat(starts - np.cumsum(lengths) + lengths, lengths)
    made: Ints = offsets + np.arange(int(lengths.sum()))
    return made


def distinct(keys: Ints) -> Ints:
    """The different keys, in order. By sorting: ``numpy.unique`` hashes, which takes several times as long here."""
    held: Ints = np.sort(keys)
    kept = np.ones(len(held), np.bool_)
    np.not_equal(held[1:], held[:-1], out=kept[1:])
    return held[kept]


def firsts(owners: Ints, values: npt.NDArray[Any], most: int, size: int) -> Lists:
    """Each value once an owner, as they come, at most so many. ``owners``: ascending, below ``size``."""
    if not len(owners):
        return Lists.of_lengths(np.zeros(size, np.int64), values)
    _, first = np.unique(owners * (int(values.max()) + 1) + values, return_index=True)
    first.sort()
    owners, values = owners[first], values[first]
    kept = ranks(owners) < most
    return Lists.of_owners(owners[kept], values[kept], size)


def ranks(owners: Ints) -> Ints:
    """The place of each among those of its owner; ``owners``: ascending."""
    new = np.flatnonzero(np.diff(owners, prepend=-1))
    made: Ints = np.arange(len(owners)) - np.repeat(new, np.diff(np.append(new, len(owners))))
    return made


def slices(counts: Ints, most: int) -> Iterator[slice]:
    """Cut owners into runs with no more than ``most`` of what they have together; one that has more is alone."""
    ends = np.cumsum(counts)
    first = 0
    while first < len(counts):
        before = int(ends[first - 1]) if first else 0
        last = max(int(np.searchsorted(ends, before + most, side="right")), first + 1)
        yield slice(first, last)
        first = last
