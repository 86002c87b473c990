"""Which persons of an order stand in a leaked sample, and what of them it shows (R11, R17). All of it in memory.

The sample's lines are read as tracing reads them (``domain.leaked``): every cell as all that its shape allows. Here
they are compared with the source itself, by equality of the same normal forms and of what was ordered alone: no filter,
so no wrong yes. A person stands in a line that shares more with them than with anybody else of the order; where several
share as much (twins, one telephone for a household), all are counted, for a letter too many harms less than one too
few. A surname and a birth date count alone only where the line holds no other given name: else it is a namesake's. What
more than ``MOST`` persons have (a nursing home's telephone) names none of them.

The sample is read whole, and asked for in pieces: for each the source is read once, so that memory holds one piece's
readings, however long the file is.
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
MOST = 50
"""Persons that a line may name by one thing: more than a household, a stairway, a class at school."""
PIECE = 20_000
"""Lines that are asked for in one reading of the source."""
Found = dict[int, dict[Kind, set[int] | None]]
"""By line, by what is shared: the persons; None where they are more than ``MOST``."""


@dataclass
class Standing:
    """Who stands in which lines. ``classes``: by line, the classes of data whose values were recognised there."""

    whose: dict[int, frozenset[int]]
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
    standing = Standing({}, 0, len(held), held, len(persons), {})
    for first in range(0, len(held), PIECE):
        _look(reading, persons, held[first : first + PIECE], first, standing)
    return standing


def _look(reading: Reading, persons: Persons, lines: Sequence[Sequence[str]], first: int, standing: Standing) -> None:
    """Read the source once for a piece of the sample, which begins at line ``first``."""
    asked = _Asked(lines)
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
    _conclude(asked, found, first, standing)


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
            _share(found, line, person, kind)
        elif names & self._pairs[line]:
            _share(found, line, person, kind)
            _share(found, line, person, Kind.NAME_BIRTH)
        elif any(_is_other(each, name) for name, _ in names for family, each in self._pairs[line] if family == name):
            self.weak.add(line)
        else:
            _share(found, line, person, kind)


def _share(found: Found, line: int, person: int, kind: Kind) -> None:
    held = found.setdefault(line, {}).setdefault(kind, set())
    if held is not None:
        held.add(person)
        if len(held) > MOST:
            found[line][kind] = None


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


def _conclude(asked: _Asked, found: Found, first: int, standing: Standing) -> None:
    """Who stands in the lines of a piece, which begins at line ``first``."""
    doubtful = set(asked.weak)
    for line, shared in found.items():
        kinds: dict[int, set[Kind]] = {}
        for kind, places in shared.items():
            for place in places or ():
                kinds.setdefault(place, set()).add(kind)
        if not kinds:
            doubtful.add(line)
            continue
        # Who of the persons named also has what too many have is not known: anybody may.
        most = max(map(len, kinds.values())) - sum(places is None for places in shared.values())
        whose = frozenset(place for place, held in kinds.items() if len(held) >= most)
        standing.whose[first + line] = whose
        standing.classes[first + line] = {each for place in whose for kind in kinds[place] for each in _CLASSES[kind]}
        doubtful.discard(line)
    standing.doubtful += len(doubtful)


class Values:
    """Recognises, in the lines of those who stand in them, their own values: which classes of data the leak shows.

    Each batch is compared with its own persons' lines alone; who stands where is held as two columns of numbers.
    """

    def __init__(self, reading: Reading, standing: Standing) -> None:
        self._reading, self._standing = reading, standing
        pairs = ((place, line) for line, places in standing.whose.items() for place in places)
        whose: Places = np.fromiter(pairs, np.dtype((np.int64, 2)))
        whose = whose[np.argsort(whose[:, 0], kind="stable")]
        self._whose, self._lines = whose[:, 0], whose[:, 1]
        self._texts, self._starts = _texts(standing.cells)
        self._among = standing.among()

    def __call__(self, entity: str, raw: pa.Table, places: Places) -> None:
        """Look at one batch."""
        rows = np.flatnonzero((places >= 0) & self._among[places])
        if not len(rows):
            return
        some, whose = raw.take(pa.array(rows)), pa.array(places[rows]).cast(pa.string())
        wanted, lines = self._wanted(np.unique(places[rows]))
        for name in self._reading.ordered[entity].sources:
            texts = _comparable(some.column(name))
            if texts is None:
                continue
            there = pc.is_in(wanted, value_set=pc.binary_join_element_wise(whose, texts, _SEPARATOR), skip_nulls=True)
            kind = CATALOGUE.column(entity, name).kind
            for line in np.unique(lines[there.to_numpy(zero_copy_only=False)]).tolist():
                self._standing.classes[line].add(kind)

    def _wanted(self, persons: Places) -> tuple[pa.Array, Places]:
        """What the lines of these persons hold, each text with whose it would be; and the line."""
        pairs = _ranges(np.searchsorted(self._whose, persons), np.searchsorted(self._whose, persons, side="right"))
        lines, whose = self._lines[pairs], self._whose[pairs]
        starts, ends = self._starts[lines], self._starts[lines + 1]
        texts = self._texts.take(pa.array(_ranges(starts, ends)))
        owners = pa.array(np.repeat(whose, ends - starts)).cast(pa.string())
        return pc.binary_join_element_wise(owners, texts, _SEPARATOR), np.repeat(lines, ends - starts)


def _texts(cells: Sequence[Sequence[str]]) -> tuple[pa.Array, Places]:
    """The texts of all lines, one line's after the other's, and where each line's begin."""
    starts = np.zeros(len(cells) + 1, np.int64)
    parts = [pa.array([], pa.string())]
    for first in range(0, len(cells), PIECE):
        held = [{form for cell in line for form in _forms(cell)} for line in cells[first : first + PIECE]]
        starts[first + 1 : first + 1 + len(held)] = list(map(len, held))
        parts.append(pa.array((text for each in held for text in each), pa.string()))
    return pa.concat_arrays(parts), np.cumsum(starts)


def _ranges(starts: Places, ends: Places) -> Places:
    """All numbers from each start to before its end."""
    lengths = ends - starts
    offsets: Places = np.repeat(starts - np.cumsum(lengths) + lengths, lengths)
    made: Places = offsets + np.arange(int(lengths.sum()))
    return made


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
