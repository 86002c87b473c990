"""Which persons of an order stand in a leaked sample (R11, R17). All of it in memory.

The sample's lines are read as tracing reads them (``domain.leaked``): every cell as all that its shape allows. Here
they are compared with the source itself, by equality of the same normal forms and of what was ordered alone: no filter,
so no wrong yes. A person stands in a line that shares more with them than with anybody else of the order; where several
share as much (twins, one telephone for a household), all are counted, for a letter too many harms less than one too
few. A surname and a birth date count alone only where the line holds no other given name: else it is a namesake's. What
more than ``MOST`` persons have (a nursing home's telephone) names none of them.

The source is read once. Its rows and the sample's lines are held as numbers, and lines are compared in pieces, so that
memory is bounded by the file's size and one piece's readings.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from ecluse.domain.affected import Lines as Told
from ecluse.domain.catalogue import FieldClass
from ecluse.domain.tracing import BY_KIND, Form, Kind
from ecluse.migration.affected_rows import Persons, Reading
from ecluse.migration.affected_ties import MOST, Ties, ties
from ecluse.migration.sample_forms import paired, unpaired
from ecluse.migration.sample_lines import LineReadings, Lines, pairs_tried
from ecluse.migration.sample_texts import Ints, Mask, distinct, slices

__all__ = ["CLASSES", "MOST", "Standing", "stand"]

CLASSES = tuple(FieldClass)
_PARTICLES = frozenset({"DE", "DU", "DES", "LA", "LE", "LES"})
_CLASSES: Mapping[Kind, tuple[FieldClass, ...]] = {
    Kind.NIR: (FieldClass.NATIONAL_IDENTIFIER,),
    Kind.NAME_BIRTH: (FieldClass.IDENTITY,),
    Kind.FAMILY_BIRTH: (FieldClass.IDENTITY,),
    Kind.GIVEN_BIRTH_POSTCODE: (FieldClass.IDENTITY, FieldClass.CONTACT),
    Kind.NAME_POSTCODE: (FieldClass.IDENTITY, FieldClass.CONTACT),
    Kind.PHONE: (FieldClass.CONTACT,),
    Kind.EMAIL: (FieldClass.CONTACT,),
    Kind.PATIENT_BIRTH: (FieldClass.ADMINISTRATIVE, FieldClass.IDENTITY),
    Kind.REQUEST_PATIENT: (FieldClass.ADMINISTRATIVE,),
    Kind.REQUEST_DAY: (FieldClass.ADMINISTRATIVE,),
}
_KINDS = tuple(_CLASSES)
_BITS = 1 << len(_KINDS)
PIECE = 20_000
"""Lines whose readings are held at once."""
_TRIED = 1_000_000
"""Tuples, or persons, that are held at once."""


@dataclass
class Standing:
    """Who stands in which lines: ``line`` and ``person`` side by side, by line.

    ``shown``: for each of ``CLASSES``, the lines in which values of it were recognised.
    """

    lines: Lines = field(repr=False)
    persons: int
    line: Ints = field(repr=False)
    person: Ints = field(repr=False)
    doubtful: int
    shown: Mask = field(repr=False)

    def among(self) -> Mask:
        """Everybody who stands in a line."""
        made = np.zeros(self.persons, np.bool_)
        made[self.person] = True
        return made

    def told(self) -> Told:
        """The numbers."""
        persons = np.bincount(self.line, minlength=len(self.lines))
        shown = dict(zip(CLASSES, self.shown.sum(axis=1).tolist(), strict=True))
        return Told(
            len(self.lines), int((persons > 0).sum()), int((persons > 1).sum()), self.doubtful,
            tuple((kind, lines) for kind, lines in shown.items() if lines),
        )  # fmt: skip


def stand(reading: Reading, persons: Persons, lines: Lines) -> Standing:
    """Find the persons of a sample's lines.

    Raises:
        ScopeViolationError: the source gave what the order does not allow.
        RetryableError: the source went away.
    """
    known = ties(reading, persons, lines.read.known)
    whose, shown, doubtful = [], np.zeros((len(CLASSES), len(lines)), np.bool_), 0
    for first in range(0, len(lines), PIECE):
        piece = _Piece(lines, first, min(first + PIECE, len(lines)), len(persons))
        for kind, each in known.items():
            piece.ask(kind, each)
        line, person, kinds, unsure = piece.concluded()
        doubtful += unsure
        whose.append(np.column_stack((line + first, person)))
        for place, kind in enumerate(_KINDS):
            for one in _CLASSES[kind]:
                shown[CLASSES.index(one), line[(kinds >> place) & 1 > 0] + first] = True
    found = np.concatenate(whose) if whose else np.empty((0, 2), np.int64)
    return Standing(lines, len(persons), found[:, 0].copy(), found[:, 1].copy(), doubtful, shown)


class _Piece:
    """A run of lines, and what each of them shares with whom."""

    def __init__(self, lines: Lines, first: int, last: int, persons: int) -> None:
        self._lines, self._first, self._size, self._persons = lines, first, last - first, max(persons, 1)
        self._readings: LineReadings = lines.readings(first, last)
        self._found: list[Ints] = []
        """Line, kind and person as one number: see ``_share``."""
        self._crowded = np.zeros((len(_KINDS), self._size), np.bool_)
        self._weak = np.zeros(self._size, np.bool_)

    def ask(self, kind: Kind, known: Ties) -> None:
        """Note which lines share a tuple of this kind with whom."""
        for lines, columns in _candidates(kind, self._readings, self._lines):
            at, tuples = known.find(columns)
            line = lines[at]
            for some in slices(known.ties.lengths[tuples], _TRIED):
                hit, tie = known.ties.of(tuples[some])
                if kind is Kind.FAMILY_BIRTH:
                    self._share_names(known, line[some], columns[0][at[some]], hit, tie)
                else:
                    self._share(kind, line[some][hit], tie, known)

    def _share_names(self, known: Ties, line: Ints, family: Ints, hit: Ints, tie: Ints) -> None:
        """A surname with a birth date counts with a given name that goes with it, or with no other beside it."""
        owners, givens = self._givens(line, family)
        size = max(len(self._lines.read.known[Form.GIVEN]), 1)
        held = distinct(owners * size + givens)
        first, second, may_be_named = (column[tie] for column in known.names)
        is_same = _among(hit * size + first, held, first >= 0) | _among(hit * size + second, held, second >= 0)
        unsure = np.flatnonzero(~is_same & (may_be_named > 0))
        others = np.zeros(len(line), np.bool_)
        others[self._with_others(distinct(hit[unsure]), family, owners, givens)] = True
        is_other = ~is_same & (may_be_named > 0) & others[hit]
        self._weak[line[hit[is_other]]] = True
        self._share(Kind.FAMILY_BIRTH, line[hit[~is_other]], tie[~is_other], known)
        self._share(Kind.NAME_BIRTH, line[hit[is_same]], tie[is_same], known)

    def _givens(self, line: Ints, family: Ints) -> tuple[Ints, Ints]:
        """Given names that are tried with the surname of each hit; and which hit that is."""
        owners, givens = self._readings.forms[Form.GIVEN].of(line)
        crowded = [at for at, each in enumerate(line.tolist()) if each in self._readings.crowded]
        if not crowded:
            return owners, givens
        kept = ~np.isin(owners, crowded)
        more, which = [owners[kept]], [givens[kept]]
        names = self._lines.read.known
        for at in crowded:
            surname = names[Form.FAMILY].texts[int(family[at])].as_py()
            tried = [g for f, g in pairs_tried(self._lines.line(self._first + int(line[at]))) if f == surname]
            which.append(names[Form.GIVEN].places(pa.array(tried, pa.string())))
            more.append(np.full(len(tried), at, np.int64))
        return np.concatenate(more), np.concatenate(which)

    def _with_others(self, hits: Ints, family: Ints, owners: Ints, givens: Ints) -> Ints:
        """Of some hits, those whose line holds a given name that is more than the surname itself, read as one."""
        known = self._lines.read.known
        some = np.isin(owners, hits)
        pairs, which = np.unique(paired(known, family[owners[some]], givens[some]), return_inverse=True)
        surnames, texts = (
            known[form].texts.take(pa.array(places)).to_pylist()
            for form, places in zip((Form.FAMILY, Form.GIVEN), unpaired(known, pairs), strict=True)
        )
        is_other = np.array([_is_other(*pair) for pair in zip(texts, surnames, strict=True)], np.bool_)
        return owners[some][is_other[which]]

    def _share(self, kind: Kind, line: Ints, tie: Ints, known: Ties) -> None:
        place = _KINDS.index(kind)
        crowd = known.crowd[tie]
        self._crowded[place, line[crowd]] = True
        line, tie = line[~crowd], tie[~crowd]
        for some in slices(known.persons.lengths[tie], _TRIED):
            at, persons = known.persons.of(tie[some])
            keys = distinct((line[some][at] * len(_KINDS) + place) * self._persons + persons)
            self._found.append(self._without_crowds(keys))

    def _without_crowds(self, keys: Ints) -> Ints:
        """What is shared, without what a line shares with too many."""
        shared = keys // self._persons
        counts = np.bincount(shared, minlength=self._size * len(_KINDS))
        line, kind = np.divmod(np.flatnonzero(counts > MOST), len(_KINDS))
        self._crowded[kind, line] = True
        line, kind = np.divmod(shared, len(_KINDS))
        return keys[~self._crowded[kind, line]]

    def concluded(self) -> tuple[Ints, Ints, Ints, int]:
        """Lines, who stands in each, by which kinds (as bits); and how many more lines are doubtful."""
        keys = distinct(np.concatenate(self._found)) if self._found else np.empty(0, np.int64)
        shared, person = np.divmod(self._without_crowds(keys), self._persons)
        line, kind = np.divmod(shared, len(_KINDS))
        pairs, which = np.unique(line * self._persons + person, return_inverse=True)
        number = np.bincount(which, minlength=len(pairs))
        bits = np.zeros(len(pairs), np.int64)
        np.bitwise_or.at(bits, which, 1 << kind)
        line, person = np.divmod(pairs, self._persons)
        most = np.zeros(self._size, np.int64)
        np.maximum.at(most, line, number)
        # Who of the persons named also has what too many have is not known: anybody may.
        kept = number >= (most - self._crowded.sum(axis=0))[line]
        doubtful = self._weak | self._crowded.any(axis=0)
        doubtful[line] = False
        return line[kept], person[kept], bits[kept], int(doubtful.sum())


def _among(keys: Ints, held: Ints, asked: Mask) -> Mask:
    """Which keys are among some that are held, of those that are asked for at all."""
    if not len(held):
        return np.zeros(len(keys), np.bool_)
    found = held[np.minimum(np.searchsorted(held, keys), len(held) - 1)] == keys
    made: Mask = found & asked
    return made


def _is_other(given_name: str, surname: str) -> bool:
    """Whether what may be a given name is more than the surname itself, or its particle, read as one."""
    return given_name not in _PARTICLES and not surname.startswith(given_name)


def _candidates(kind: Kind, found: LineReadings, lines: Lines) -> Iterator[tuple[Ints, Sequence[Ints]]]:
    """The tuples of some lines at a time: lines, and the parts side by side; see ``domain.leaked.candidates``."""
    if kind is Kind.NAME_POSTCODE:
        parts = [found.near, found.forms[Form.POSTCODE]]
    else:
        parts = [found.forms[form] for form in BY_KIND[kind].forms]
    counts = np.prod([part.lengths for part in parts], axis=0)
    for some in slices(counts, _TRIED):
        line = np.arange(some.start, some.stop)
        line = line[counts[some] > 0]
        columns: list[npt.NDArray[np.int64]] = []
        for part in parts:
            at, values = part.of(line)
            columns, line = [*(column[at] for column in columns), values], line[at]
        if kind is Kind.NAME_POSTCODE:
            columns = [*unpaired(lines.read.known, columns[0]), columns[1]]
        if kind is Kind.REQUEST_PATIENT:
            two = columns[0] != columns[1]
            line, columns = line[two], [column[two] for column in columns]
        if len(line):
            yield line, columns
