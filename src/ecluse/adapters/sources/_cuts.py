"""Parts between delimiters, of many stretches of a buffer at once: fields, repetitions, components."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from ecluse.adapters.sources._arrow import Bounds, Mask

Bytes = npt.NDArray[np.uint8]


@dataclass(frozen=True, slots=True)
class Stretches:
    """``[begins[i], ends[i])`` of a buffer, ascending; ``there[i]``: whether there is such a part at all."""

    begins: Bounds
    ends: Bounds
    there: Mask

    @classmethod
    def of(cls, begins: Bounds, ends: Bounds) -> "Stretches":
        """Stretches that are all there."""
        return cls(begins, ends, np.ones(len(begins), dtype=np.bool_))

    def chosen(self, which: Bounds) -> "Stretches":
        """Those at the places ``which``, ascending."""
        return Stretches(self.begins[which], self.ends[which], self.there[which])

    def part(self, marks: Bounds, number: int) -> "Stretches":
        """The ``number``th part, from 0, between ``marks`` (the delimiter's ascending places).

        A part that a stretch does not have is empty, at its end, and not there.
        """
        first = np.searchsorted(marks, self.begins)
        count = np.searchsorted(marks, self.ends) - first
        there = self.there & (count >= number)
        if not len(marks):
            begins = self.begins if number == 0 else self.ends
            return Stretches(begins, self.ends, there)
        last = len(marks) - 1
        begins = self.begins if number == 0 else marks[np.minimum(first + number - 1, last)] + 1
        ends = np.where(count > number, marks[np.minimum(first + number, last)], self.ends)
        return Stretches(np.where(there, begins, self.ends), np.where(there, ends, self.ends), there)

    def parts(self, marks: Bounds) -> tuple["Stretches", Bounds]:
        """Every part of every stretch that is there, and how many each stretch has."""
        first = np.searchsorted(marks, self.begins)
        counts = np.where(self.there, np.searchsorted(marks, self.ends) - first + 1, 0)
        whose = np.repeat(np.arange(len(counts)), counts)
        rank = np.arange(len(whose)) - np.repeat(np.cumsum(counts) - counts, counts)
        if not len(marks):
            return Stretches.of(self.begins[whose], self.ends[whose]), counts
        last = len(marks) - 1
        place = first[whose] + rank
        begins = np.where(rank == 0, self.begins[whose], marks[np.clip(place - 1, 0, last)] + 1)
        ends = np.where(rank == counts[whose] - 1, self.ends[whose], marks[np.minimum(place, last)])
        return Stretches.of(begins, ends), counts


def places(numbers: Bytes, mark: int) -> Bounds:
    """Where a byte stands; nowhere when ``mark`` is negative (the message has no such delimiter)."""
    if mark < 0:
        return np.empty(0, dtype=np.int64)
    return np.flatnonzero(numbers == mark)


def last_at(which: Mask) -> Bounds:
    """For each place, the last one at or before it where ``which`` is so; -1 before the first."""
    found: Bounds = np.maximum.accumulate(np.where(which, np.arange(len(which)), -1))
    return found


def edges(at: Stretches, size: int) -> Bounds:
    """+1 where a stretch begins, -1 where it ends."""
    found: Bounds = np.bincount(at.begins, minlength=size) - np.bincount(at.ends, minlength=size)
    return found
