"""Who is affected: persons of an order counted by what of them left (R17, R19). Numbers alone; no row is kept.

For each person one byte a thing that is counted (a class of data, a category, a year, a site…): half a million persons
by sixty things are 30 MB, whatever the number of results. A class counts where a value of it is there: that a telephone
was ordered says nothing of somebody who has none.
"""

import datetime as dt
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from ecluse.domain.affected import By, Cell, Counted, Fact, Lines
from ecluse.domain.catalogue import CATALOGUE, KEY, FieldClass
from ecluse.domain.categories import categories_of, is_loinc
from ecluse.domain.errors import InternalError
from ecluse.domain.sensitive import SensitiveCategory
from ecluse.migration.affected_rows import PATIENT, REQUEST, Persons, Places, Reading, given, joined
from ecluse.migration.dates import scope_dates
from ecluse.migration.normalise import Normaliser, storage_of

MAJORITY = 18
"""Years of age (Code civil, art. 388)."""
UNCLASSIFIABLE = "unclassifiable"
"""Beside the sensitive categories: results that nobody can sort, where the order takes them."""
_ALSO_OTHERS = frozenset({"practitioner", "site"})
"""Entities whose rows are about somebody else than a patient, or nobody."""

_YEAR, _MONTH = len("2000"), len("2000-01")
_ENDS = (("-01-01", "-01"), ("-12-31", "-31"))
_BOOLEANS = {"deceased": Fact.DECEASED, "military": Fact.MILITARY, "confidential": Fact.CONFIDENTIAL}

Mask = npt.NDArray[np.bool_]
Thing = tuple[By, str]
Watch = Callable[[str, pa.Table, Places], None]
"""Sees each batch once more: the entity, its rows, the persons' places."""


@dataclass(frozen=True)
class Marks:
    """What is true of whom: a row of bits for each thing, a column for each person."""

    persons: Persons
    things: tuple[Thing, ...]
    bits: Mask
    nameless: int
    practitioners: int

    def of(self, by: By, name: str) -> Mask:
        """Who has that."""
        held: Mask = self.bits[self.things.index((by, name))]
        return held

    def everybody(self) -> Mask:
        """All of them."""
        return np.ones(len(self.persons), np.bool_)

    def counted(self, among: Mask | None = None, sample: Lines | None = None) -> Counted:
        """The numbers: of everybody, or among those who stand in a sample."""
        held = self.bits if among is None else self.bits & among
        numbers = held.sum(axis=1).tolist()
        cells = (Cell(by, name, number) for (by, name), number in zip(self.things, numbers, strict=True))
        whole = len(self.persons) if among is None else int(among.sum())
        return Counted(
            whole, self.nameless if among is None else 0, self.practitioners if among is None else None, tuple(cells),
            sample,
        )  # fmt: skip


def mark(
    reading: Reading,
    persons: Persons,
    flags: Mapping[str, Sequence[str]],
    today: dt.date,
    watch: Watch = lambda _entity, _raw, _places: None,
) -> Marks:
    """Read the order's rows, and note what is true of whom.

    Args:
        reading: the order in its source.
        persons: of :meth:`Reading.persons`.
        flags: patients' keys in this source, by the label of the group; those of other orders count nowhere.
        today: the day on which somebody is a minor or not.
        watch: is shown every batch too.

    Raises:
        ScopeViolationError: the source gave what the order does not allow.
        RetryableError: the source went away.
    """
    return _Marker(reading, persons, flags, today, watch).made()


class _Marker:
    def __init__(
        self, reading: Reading, persons: Persons, flags: Mapping[str, Sequence[str]], today: dt.date, watch: Watch
    ) -> None:
        self._reading, self._persons, self._watch = reading, persons, watch
        self._cutoff = f"{today.year - MAJORITY:04}-{today.month:02}-{today.day:02}"
        self._storage = storage_of(reading.profile, reading.order.scope)
        self._categories: dict[str | None, tuple[str, ...]] = {}
        self._things = tuple(self._all_things(flags))
        self._at = {thing: place for place, thing in enumerate(self._things)}
        self._bits = np.zeros((len(self._things), len(persons)), np.bool_)
        self._nameless = self._practitioners = 0
        self._normalisers: dict[str, Normaliser] = {}
        if (By.FACT, Fact.NO_RECORD) in self._at:
            self._bits[self._at[By.FACT, Fact.NO_RECORD]] = True
        for label, keys in flags.items():
            self._set((By.FLAG, label), persons.places(pa.array(keys, pa.string())))

    def _all_things(self, flags: Mapping[str, Sequence[str]]) -> list[Thing]:
        scope = self._reading.order.scope
        kinds = {kind for entity in self._reading.entities() for kind in self._classes(entity)}
        names = {
            By.CLASS: [kind for kind in FieldClass if kind in kinds],
            By.CATEGORY: [*SensitiveCategory, *([UNCLASSIFIABLE] if scope.include_unclassifiable else [])],
            By.YEAR: [f"{year:04}" for year in range(scope.dates.from_.year, scope.dates.until.year + 1)],
            By.SITE: list(scope.sites),
            By.FACT: list(self._facts()),
            By.FLAG: list(flags),
        }
        return [(by, str(name)) for by, each in names.items() for name in each]

    def _facts(self) -> Sequence[Fact]:
        served = {*self._reading.letter, *self._reading.facts}
        made = [Fact.MINOR, Fact.ADULT] if "birth_date" in served else []
        made += [Fact.DECEASED] if served & {"deceased", "death_date"} else []
        made += [fact for fact in (Fact.MILITARY, Fact.CONFIDENTIAL) if fact in served]
        return [*made, *([Fact.NO_RECORD] if PATIENT in self._reading.profile.entities else [])]

    def _classes(self, entity: str) -> Mapping[FieldClass, list[str]]:
        """Source columns of what left, by class; of a person's own rows."""
        made: dict[FieldClass, list[str]] = {}
        if entity not in _ALSO_OTHERS:
            for name in self._reading.ordered[entity].sources:
                made.setdefault(CATALOGUE.column(entity, name).kind, []).append(name)
        return made

    def made(self) -> Marks:
        left = self._reading.entities()
        own = [name for name in (PATIENT, REQUEST) if name in self._reading.compiled.queries and name not in left]
        for entity in (*left, *own):
            for raw in self._reading.rows(entity):
                places = self._persons.places(raw.column("_patient"))
                if entity in left:
                    self._mark_what_left(entity, raw, places)
                    self._watch(entity, raw, places)
                if entity == REQUEST:
                    self._mark_requests(raw, places)
                if entity == PATIENT:
                    self._mark_facts(raw, places)
                if entity == "practitioner":
                    self._practitioners += raw.num_rows
        return Marks(self._persons, self._things, self._bits, self._nameless, self._practitioners)

    def _set(self, thing: Thing, places: Places) -> None:
        self._bits[self._at[thing], places[places >= 0]] = True

    def _mark_what_left(self, entity: str, raw: pa.Table, places: Places) -> None:
        for kind, names in self._classes(entity).items():
            held = np.zeros(raw.num_rows, np.bool_)
            for name in names:
                here = given(raw.column(name))
                held |= here
                category = CATALOGUE.column(entity, name).category
                if category is not None:
                    self._set((By.CATEGORY, str(category)), places[here])
            self._set((By.CLASS, str(kind)), places[held])
        loinc_of = self._reading.profile.loinc_of
        if "_code" in raw.column_names:
            self._mark_categories(raw.column("_code"), places, loinc_of)
            if entity == "observation" and (By.CATEGORY, UNCLASSIFIABLE) in self._at:
                self._set((By.CATEGORY, UNCLASSIFIABLE), places[~given(raw.column("_code"))])
        if "loinc" in raw.column_names:
            self._mark_categories(raw.column("loinc"), places, str.strip)

    def _mark_categories(self, codes: pa.ChunkedArray, places: Places, told: Callable[[str], str | None]) -> None:
        encoded = joined(codes).cast(pa.string()).dictionary_encode()
        at = pc.fill_null(encoded.indices, -1).to_numpy(zero_copy_only=False)
        for place, code in enumerate(encoded.dictionary.to_pylist()):
            for category in self._of_code(told(code)):
                if (By.CATEGORY, category) in self._at:
                    self._set((By.CATEGORY, category), places[at == place])

    def _of_code(self, loinc: str | None) -> tuple[str, ...]:
        if loinc not in self._categories:
            known = loinc is not None and is_loinc(loinc)
            self._categories[loinc] = tuple(map(str, categories_of(loinc))) if known else (UNCLASSIFIABLE,)
        return self._categories[loinc]

    def _mark_requests(self, raw: pa.Table, places: Places) -> None:
        self._nameless += int((places < 0).sum())
        dates = scope_dates(raw.column("_date"), self._storage)
        if dates is None:
            raise InternalError("a request passed the gate without a date")
        years = dates.years().to_numpy(zero_copy_only=False)
        for year in np.unique(years).tolist():
            self._set((By.YEAR, f"{year:04}"), places[years == year])
        sites = raw.column("_site").cast(pa.string())
        for site in pc.unique(sites).to_pylist():
            self._set((By.SITE, site), places[pc.equal(sites, site).to_numpy()])

    def _mark_facts(self, raw: pa.Table, places: Places) -> None:
        self._bits[self._at[By.FACT, Fact.NO_RECORD], places[places >= 0]] = False
        served = {*self._reading.letter, *self._reading.facts}
        if "birth_date" in served:
            texts, whose = self._typed(raw, "birth_date")
            # What of a date is unknown is taken for the first and for the last that it may be.
            first, last = (pc.binary_join_element_wise(texts, _rest(texts, *ends), "") for ends in _ENDS)
            self._set((By.FACT, Fact.MINOR), whose[_true(pc.greater(first, self._cutoff))])
            self._set((By.FACT, Fact.ADULT), whose[_true(pc.less_equal(last, self._cutoff))])
        for name, fact in _BOOLEANS.items():
            if name in served:
                values, whose = self._typed(raw, name)
                self._set((By.FACT, fact), whose[_true(values)])
        if "death_date" in served:
            written = "death_date" if "death_date" in raw.column_names else "death_date_raw"
            self._set((By.FACT, Fact.DECEASED), places[given(raw.column(written))])

    def _typed(self, raw: pa.Table, name: str) -> tuple[pa.ChunkedArray, Places]:
        """Values of one field that can be read, and whose they are."""
        if name not in self._normalisers:
            self._normalisers[name] = self._reading.normaliser(PATIENT, (name,))
        rows = self._normalisers[name](raw).rows
        return rows.column(name), self._persons.places(rows.column(KEY))


def _rest(texts: pa.ChunkedArray, of_year: str, of_month: str) -> pa.ChunkedArray:
    """What a partial date lacks of a whole one."""
    length = pc.utf8_length(texts)
    return pc.if_else(pc.equal(length, _YEAR), of_year, pc.if_else(pc.equal(length, _MONTH), of_month, ""))


def _true(values: pa.ChunkedArray) -> Mask:
    made: Mask = pc.fill_null(values, fill_value=False).to_numpy()
    return made
