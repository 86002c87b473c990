"""The tuples of an order's rows that could stand in a sample, and whose they are: read from the source once (R17).

Rows are held as numbers: the places of their normal forms among those that the sample has, whatever line has them. A
row of which any part stands nowhere in the sample is not held, so what is held is bounded by the sample.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from ecluse.domain.catalogue import KEY
from ecluse.domain.tracing import BY_KIND, ORIGINS, Form, Kind, Origin
from ecluse.migration.affected_rows import Persons, Places, Reading, joined
from ecluse.migration.convert import legible
from ecluse.migration.sample_texts import Ints, Lists, Mask, Texts, distinct
from ecluse.migration.tracing import normalised

MOST = 50
"""Persons that a line may name by one thing: more than a household, a stairway, a class at school."""
_GIVEN_NAMES = 2
"""Columns of given names that may go with one surname."""
Rows = npt.NDArray[np.int32]


@dataclass(frozen=True)
class Ties:
    """The different tuples of one kind, and the persons who have each.

    A surname with a birth date has one tie for each set of given names that go with it: ``names`` are the places of the
    two, -1 for none, and whether any may go with it; other tuples have one tie each, and no ``names``. ``persons``:
    those of a tie, where they are ``MOST`` at most; ``crowd``: where they are more.
    """

    levels: tuple[tuple[int, Ints], ...]
    ties: Lists
    names: tuple[Ints, ...]
    persons: Lists
    crowd: Mask

    def find(self, columns: Sequence[Ints]) -> tuple[Ints, Ints]:
        """Which of some tuples are there: their places among those asked for, and here."""
        at, places = np.arange(len(columns[0])), np.zeros(len(columns[0]), np.int64)
        for level, (size, known) in enumerate(self.levels):
            keys = places * size + columns[level][at]
            found = np.searchsorted(known, keys)
            held = known[np.minimum(found, len(known) - 1)] == keys
            at, places = at[held], found[held]
        return at, places


def ties(reading: Reading, persons: Persons, known: Mapping[Form, Texts]) -> Mapping[Kind, Ties]:
    """Read the source for what could stand in a sample with these normal forms.

    Raises:
        ScopeViolationError: the source gave what the order does not allow.
        RetryableError: the source went away.
    """
    held: dict[Kind, list[Rows]] = {}
    for entity in reading.entities():
        compared = _compared(reading, entity)
        if not compared:
            continue
        normalise = reading.normaliser(entity, reading.left(entity))
        for raw in reading.rows(entity):
            places = persons.places(raw.column("_patient"))
            clean = normalise(raw)
            for rows in (clean.rows, clean.quarantine):
                if rows is not None and rows.num_rows:
                    forms = _Forms(rows, known)
                    for origin in compared:
                        if origin.kind is not Kind.NAME_BIRTH:  # asked for where the surname with the date is there
                            found = forms.rows(origin, compared, _places_of(rows, raw, places))
                            held.setdefault(origin.kind, []).append(found)
    made = {kind: np.concatenate(parts) for kind, parts in held.items()}
    sizes = {form: max(len(texts), 1) for form, texts in known.items()}
    return {kind: _tied(kind, rows, sizes) for kind, rows in made.items() if len(rows)}


def _compared(reading: Reading, entity: str) -> tuple[Origin, ...]:
    """Tuples of an entity that are made of what was ordered alone."""
    left = set(reading.left(entity))
    return tuple(origin for origin in ORIGINS.get(entity, ()) if set(origin.fields) <= left)


def _places_of(rows: pa.Table, raw: pa.Table, places: Places) -> Places:
    """Whose the normalised rows are: of those set aside for a repeated key, whoever has it first."""
    at = pc.index_in(joined(rows.column(KEY)), value_set=joined(legible(raw.column(KEY))))
    found = pc.fill_null(at, -1).to_numpy(zero_copy_only=False).astype(np.int64)
    whose: Places = np.where(found >= 0, places[found], -1)
    return whose


class _Forms:
    """Places of one batch's normal forms in the sample, each column's looked up once."""

    def __init__(self, rows: pa.Table, known: Mapping[Form, Texts]) -> None:
        self._rows, self._known = rows, known
        self._made: dict[tuple[str, Form], Ints] = {}

    def of(self, name: str, form: Form) -> Ints:
        if (name, form) not in self._made:
            # Of rows set aside, what only a parse makes is not there.
            column = self._rows.column(name) if name in self._rows.column_names else None
            self._made[name, form] = (
                np.full(self._rows.num_rows, -1, np.int64)
                if column is None
                else self._known[form].places(normalised(column, form))
            )
        return self._made[name, form]

    def rows(self, origin: Origin, compared: Sequence[Origin], whose: Places) -> Rows:
        """Rows whose tuple could stand in the sample: its parts, then what ``_names`` says, then whose they are."""
        parts = [self.of(*pair) for pair in zip(origin.fields, BY_KIND[origin.kind].forms, strict=True)]
        there = np.flatnonzero(np.logical_and.reduce([part >= 0 for part in (*parts, whose)]))
        names = self._names(origin, compared, there) if origin.kind is Kind.FAMILY_BIRTH else ()
        columns = (*(part[there] for part in parts), *names, whose[there])
        return np.column_stack(columns).astype(np.int32)

    def _names(self, origin: Origin, compared: Sequence[Origin], there: Ints) -> tuple[Ints, Ints, Ints]:
        """The two given names, in order, that go with a surname, -1 for none; and whether any may."""
        names = [
            self.of(other.fields[1], Form.GIVEN)[there]
            for other in compared
            if (other.kind, other.fields[0]) == (Kind.NAME_BIRTH, origin.fields[0])
        ]
        none = np.full(len(there), -1, np.int64)
        first, second = (*names, none, none)[:_GIVEN_NAMES]
        return np.minimum(first, second), np.maximum(first, second), np.full(len(there), len(names) > 0, np.int64)


def _tied(kind: Kind, rows: Rows, sizes: Mapping[Form, int]) -> Ties:
    """Rows by tuple, by given names, by person."""
    columns = [rows[:, place].astype(np.int64) for place in range(rows.shape[1])]
    forms, whose = BY_KIND[kind].forms, columns[-1]
    levels: list[tuple[int, Ints]] = []
    at = np.zeros(len(rows), np.int64)
    for form, column in zip(forms, columns, strict=False):
        known, at = np.unique(at * sizes[form] + column, return_inverse=True)
        levels.append((sizes[form], known))
    tuples, names = at, columns[len(forms) : -1]
    for column in names:
        _, at = np.unique(at * (int(column.max()) + 2) + column + 1, return_inverse=True)
    _, first = np.unique(at, return_index=True)
    persons = int(whose.max()) + 1
    owners, each = np.divmod(distinct(at * persons + whose), persons)
    crowd = np.bincount(owners, minlength=len(first)) > MOST
    kept = ~crowd[owners]
    return Ties(
        tuple(levels),
        Lists.of_owners(tuples[first], np.arange(len(first)), len(levels[-1][1])),
        tuple(column[first] for column in names),
        Lists.of_owners(owners[kept], each[kept], len(first)),
        crowd,
    )
