"""Which persons of an order stand in a leaked sample, and what of them it shows (R11, R17). All of it in memory.

The sample's lines are read as tracing reads them (``domain.leaked``): every cell as all that its shape allows. Here
they are compared with the source itself, by equality of the same normal forms and of what was ordered alone: no filter,
so no wrong yes. A person stands in a line that shares more with them than with anybody else of the order; where several
share as much (twins, one telephone for a household), all are counted, for a letter too many harms less than one too
few. A surname and a birth date count alone only where the line holds no other given name: else it is a namesake's.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from ecluse.domain.affected import Lines
from ecluse.domain.catalogue import CATALOGUE, KEY, FieldClass
from ecluse.domain.leaked import candidates, days, readings
from ecluse.domain.tracing import BY_KIND, ORIGINS, Form, Kind, Origin
from ecluse.migration.affected_rows import Persons, Places, Reading
from ecluse.migration.convert import legible
from ecluse.migration.tracing import normalised

_SEPARATOR = "\x1f"
_SHORTEST = 3
"""Characters from which on a value tells something; a letter or a digit stands in every line."""
_WHOLE_DAY = len("20000101")
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
Found = dict[int, dict[int, set[Kind]]]
"""By line, by person: what they share."""


@dataclass
class Standing:
    """Who stands in which lines. ``classes``: by line, the classes of data whose values were recognised there."""

    whose: Mapping[int, frozenset[int]]
    doubtful: int
    lines: int
    cells: Sequence[Sequence[str]] = field(repr=False)
    persons: int
    classes: dict[int, set[FieldClass]]

    def among(self) -> npt.NDArray[np.bool_]:
        """Everybody who stands in a line."""
        made = np.zeros(self.persons, np.bool_)
        made[sorted({place for places in self.whose.values() for place in places})] = True
        return made

    def told(self) -> Lines:
        """The numbers."""
        several = sum(len(places) > 1 for places in self.whose.values())
        shown = {kind: sum(kind in held for held in self.classes.values()) for kind in FieldClass}
        return Lines(
            self.lines, len(self.whose), several, self.doubtful,
            tuple((kind, lines) for kind, lines in shown.items() if lines),
        )  # fmt: skip


def stand(reading: Reading, persons: Persons, cells: Iterable[Sequence[str]]) -> Standing:
    """Find the persons of a sample's lines, given as the cells of each.

    Raises:
        ScopeViolationError: the source gave what the order does not allow.
        RetryableError: the source went away.
    """
    held = [tuple(line) for line in cells]
    asked = _Asked(held)
    found: Found = {}
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
                    asked.look(rows, compared, _places_of(rows, raw, places), found)
    return _concluded(asked, found, held, len(persons))


def _compared(reading: Reading, entity: str) -> tuple[Origin, ...]:
    """Tuples of an entity that are made of what was ordered alone."""
    left = set(reading.left(entity))
    return tuple(origin for origin in ORIGINS.get(entity, ()) if set(origin.fields) <= left)


def _places_of(rows: pa.Table, raw: pa.Table, places: Places) -> Places:
    """Whose the normalised rows are: of those set aside for a repeated key, whoever has it first."""
    at = pc.index_in(_array(rows.column(KEY)), value_set=_array(legible(raw.column(KEY))))
    found = pc.fill_null(at, -1).to_numpy(zero_copy_only=False).astype(np.int64)
    whose: Places = np.where(found >= 0, places[found], -1)
    return whose


class _Asked:
    """The sample's tuples, each once, and the lines where each was read."""

    def __init__(self, cells: Sequence[Sequence[str]]) -> None:
        read = [readings(line) for line in cells]
        lines: dict[Kind, dict[str, list[int]]] = {}
        for number, each in enumerate(read):
            for kind, tuples in candidates(each).items():
                for one in tuples:
                    lines.setdefault(kind, {}).setdefault(_SEPARATOR.join(one), []).append(number)
        self._lines = {kind: list(held.values()) for kind, held in lines.items()}
        self._tuples = {kind: pa.array(list(held), pa.string()) for kind, held in lines.items()}
        self._pairs = [frozenset(each.pairs) for each in read]
        self.weak: set[int] = set()
        """Lines that share a surname and a birth date with somebody, and hold another given name than theirs."""

    def look(self, rows: pa.Table, compared: Sequence[Origin], whose: Places, found: Found) -> None:
        """Note which lines share what with the persons of these rows."""
        forms = _Forms(rows)
        for origin in compared:
            if origin.kind is Kind.NAME_BIRTH or origin.kind not in self._tuples:
                continue  # names with their date are asked for where the surname with it is there
            at = pc.index_in(forms.joined(origin), value_set=self._tuples[origin.kind])
            hits = pc.fill_null(at, -1).to_numpy(zero_copy_only=False)
            there = np.flatnonzero((hits >= 0) & (whose >= 0))
            if not len(there):
                continue
            names = forms.names(compared, origin, there) if origin.kind is Kind.FAMILY_BIRTH else None
            for place, row in enumerate(there.tolist()):
                for line in self._lines[origin.kind][hits[row]]:
                    self._note(found, line, int(whose[row]), origin.kind, names[place] if names else None)

    def _note(self, found: Found, line: int, person: int, kind: Kind, names: frozenset[tuple[str, str]] | None) -> None:
        if names is None:
            found.setdefault(line, {}).setdefault(person, set()).add(kind)
        elif names & self._pairs[line]:
            found.setdefault(line, {}).setdefault(person, set()).update({kind, Kind.NAME_BIRTH})
        elif any(_is_other(each, name) for name, _ in names for family, each in self._pairs[line] if family == name):
            self.weak.add(line)
        else:
            found.setdefault(line, {}).setdefault(person, set()).add(kind)


def _is_other(given_name: str, surname: str) -> bool:
    """Whether what may be a given name is more than the surname itself, or its particle, read as one."""
    return given_name not in _PARTICLES and not surname.startswith(given_name)


class _Forms:
    """Normal forms of one batch's columns, each made once."""

    def __init__(self, rows: pa.Table) -> None:
        self._rows = rows
        self._made: dict[tuple[str, Form], pa.Array] = {}

    def of(self, name: str, form: Form) -> pa.Array:
        if (name, form) not in self._made:
            known = name in self._rows.column_names  # of rows set aside, what only a parse makes is not there
            column = self._rows.column(name) if known else pa.nulls(self._rows.num_rows, pa.string())
            self._made[name, form] = normalised(column, form)
        return self._made[name, form]

    def joined(self, origin: Origin) -> pa.Array:
        """A kind's tuples; null where a part is."""
        pairs = zip(origin.fields, BY_KIND[origin.kind].forms, strict=True)
        return pc.binary_join_element_wise(*(self.of(*pair) for pair in pairs), _SEPARATOR)

    def names(self, compared: Sequence[Origin], surname: Origin, rows: Places) -> list[frozenset[tuple[str, str]]]:
        """Of some rows, the surname with each given name that goes with it; with none where no given name left."""
        taken = pa.array(rows)
        made: list[set[tuple[str, str]]] = [set() for _ in rows]
        families = self.of(surname.fields[0], Form.FAMILY).take(taken).to_pylist()
        for origin in compared:
            if origin.kind is Kind.NAME_BIRTH and origin.fields[0] == surname.fields[0]:
                given_names = self.of(origin.fields[1], Form.GIVEN).take(taken).to_pylist()
                for held, name, each in zip(made, families, given_names, strict=True):
                    held.add((name, each or ""))
        return [frozenset(held) for held in made]


def _concluded(asked: _Asked, found: Found, cells: Sequence[Sequence[str]], persons: int) -> Standing:
    whose: dict[int, frozenset[int]] = {}
    classes: dict[int, set[FieldClass]] = {}
    for line, shared in found.items():
        most = max(map(len, shared.values()))
        whose[line] = frozenset(place for place, kinds in shared.items() if len(kinds) == most)
        classes[line] = {each for place in whose[line] for kind in shared[place] for each in _CLASSES[kind]}
    return Standing(whose, len(asked.weak - whose.keys()), len(cells), cells, persons, classes)


class Values:
    """Recognises, in the lines of those who stand in them, their own values: which classes of data the leak shows."""

    def __init__(self, reading: Reading, standing: Standing) -> None:
        self._reading, self._standing = reading, standing
        lines: dict[str, list[int]] = {}
        for line, places in standing.whose.items():
            for text in {form for cell in standing.cells[line] for form in _forms(cell)}:
                for place in places:
                    lines.setdefault(f"{place}{_SEPARATOR}{text}", []).append(line)
        self._lines, self._texts = list(lines.values()), pa.array(list(lines), pa.string())
        self._among = standing.among()

    def __call__(self, entity: str, raw: pa.Table, places: Places) -> None:
        """Look at one batch."""
        rows = np.flatnonzero((places >= 0) & self._among[places])
        if not len(rows):
            return
        some, whose = raw.take(pa.array(rows)), pa.array(places[rows]).cast(pa.string())
        for name in self._reading.ordered[entity].sources:
            texts = _comparable(some.column(name))
            if texts is None:
                continue
            at = pc.index_in(pc.binary_join_element_wise(whose, texts, _SEPARATOR), value_set=self._texts).drop_null()
            kind = CATALOGUE.column(entity, name).kind
            for hit in pc.unique(at).to_pylist():
                for line in self._lines[hit]:
                    self._standing.classes[line].add(kind)


def _forms(cell: str) -> Iterable[str]:
    """A cell as values of the source may be written: folded, and as an ISO day."""
    text = cell.strip().lower()
    if len(text) >= _SHORTEST:
        yield text
    for day in days(cell):
        if len(day) == _WHOLE_DAY:
            yield f"{day[:4]}-{day[4:6]}-{day[6:]}"


def _comparable(column: pa.ChunkedArray) -> pa.Array | None:
    """A source's column as texts, folded, days in ISO form; None of documents."""
    if pa.types.is_binary(column.type) or pa.types.is_large_binary(column.type):
        return None
    if pa.types.is_timestamp(column.type):
        column = column.cast(pa.timestamp("us")).cast(pa.date32(), safe=False)
    return pc.utf8_lower(pc.utf8_trim_whitespace(_array(legible(column))))


def _array(column: pa.ChunkedArray) -> pa.Array:
    made = column.combine_chunks()
    return pa.concat_arrays(made.chunks) if isinstance(made, pa.ChunkedArray) else made
