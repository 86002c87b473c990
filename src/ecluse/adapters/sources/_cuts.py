"""Parts between delimiters, of many stretches of a buffer at once: fields, repetitions, components."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from ecluse.adapters.sources._arrow import Bounds, Mask
from ecluse.adapters.sources._field_paths import EVERY, FieldPath
from ecluse.adapters.sources._hl7v2_marks import Marks

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


@dataclass(frozen=True, slots=True)
class Delimiters:
    """Where a buffer's delimiters stand, each kind's ascending places."""

    fields: Bounds
    components: Bounds
    repetitions: Bounds
    subcomponents: Bounds

    @classmethod
    def of(cls, numbers: Bytes, marks: Marks) -> "Delimiters":
        """Those that ``marks`` names."""
        kinds = (marks.field, marks.component, marks.repetition, marks.subcomponent)
        return cls(*(places(numbers, mark) for mark in kinds))

    def part(self, whole: Stretches, path: FieldPath) -> Stretches:
        """What a path names within its field."""
        found = whole
        if path.repetition != EVERY and (path.repetition or path.component):
            found = found.part(self.repetitions, max(path.repetition, 1) - 1)
        if path.component:
            found = found.part(self.components, path.component - 1)
        return found.part(self.subcomponents, path.subcomponent - 1) if path.subcomponent else found

    def joined(self, whole: Stretches, path: FieldPath, mark: int, text: Callable[[Stretches], pa.Array]) -> pa.Array:
        """A component of every repetition, as ``text`` reads it, joined by the repetition's delimiter ``mark``."""
        each, counts = whole.parts(self.repetitions)
        values = pc.fill_null(text(self.part(each, path)), "")
        offsets = np.append(0, np.cumsum(counts)).astype(np.int32)
        found = pc.binary_join(pa.ListArray.from_arrays(pa.array(offsets), values), chr(mark) if mark >= 0 else "")
        return found if whole.there.all() else pc.if_else(pa.array(whole.there), found, pa.scalar(None, pa.string()))

    def marked(self, size: int) -> Mask:
        """Which of ``size`` bytes are delimiters."""
        found = np.zeros(size, dtype=np.bool_)
        for each in (self.fields, self.components, self.repetitions, self.subcomponents):
            found[each] = True
        return found


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
