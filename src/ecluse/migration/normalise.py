"""Source rows into typed rows: parsed by the profile's rules, every original kept beside, nothing guessed (law 3).

What cannot be made into its wire type is set aside, whole and with its reason: ``key``, ``duplicate_link`` (it refers
to a key that several rows have), ``duplicate_key``, ``link``, ``encoding.<field>``, ``date.<field>``,
``value.<field>``, ``number.<field>``, ``boolean.<field>``. A row is counted under the first that applies, in that order
of tests: keys, links, then columns in parcel order.
"""

import datetime as dt
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from ecluse.domain.catalogue import CATALOGUE, KEY, FieldType
from ecluse.domain.errors import Location, ProfileError
from ecluse.domain.order import Scope
from ecluse.domain.plan import Column, ColumnType, PlannedEntity
from ecluse.domain.profile import DateStorage, Parse, SourceProfile
from ecluse.domain.records import QuarantineCount
from ecluse.migration import convert
from ecluse.migration.dates import ISO_DAY, ISO_PARTIAL, ISO_TIME, Bools, DateReader, ScopeDates, nulls, scope_dates
from ecluse.migration.keys import among, repeated
from ecluse.migration.numbers import NumberReader, Numbers, read_by_rule
from ecluse.migration.texts import as_text, repaired

REASON = "_reason"
"""The column of a quarantine table that says why a row is there."""

SCOPED_BY_DATE = frozenset({"request", "specimen", "observation", "report", "comment"})
"""Entities of one request each, cut into batches by their scope date and counted by its year; the others by key."""

Maker = Callable[["_Work"], pa.ChunkedArray]


@dataclass(frozen=True, slots=True)
class Normalised:
    """A batch, typed, and what was set aside of it."""

    rows: pa.Table
    """The planned columns, in parcel order, with wire types."""
    years: pa.Array
    """int32, null for entities that are not a request's."""
    sites: pa.Array
    quarantine: pa.Table | None
    """Columns of the order as text, bytes as hexadecimal digits, and ``_reason``."""
    reasons: tuple[QuarantineCount, ...]
    min_date: dt.date | None
    max_date: dt.date | None


@dataclass(slots=True)
class _Work:
    """One batch on its way."""

    raw: pa.Table
    dates: ScopeDates
    reasons: list[str] = field(default_factory=list)
    why: "np.ndarray[tuple[int], np.dtype[np.int16]] | None" = None
    texts: dict[str, pa.ChunkedArray] = field(default_factory=dict)
    numbers: dict[str, Numbers] = field(default_factory=dict)

    def set_aside(self, rows: Bools, reason: str) -> None:
        """Give rows a reason, unless they have one."""
        if not rows.any():
            return
        if self.why is None:
            self.why = np.zeros(self.raw.num_rows, dtype=np.int16)
        if reason not in self.reasons:
            self.reasons.append(reason)
        self.why[rows & (self.why == 0)] = self.reasons.index(reason) + 1


def storage_of(profile: SourceProfile, scope: Scope) -> DateStorage:
    """How the source writes the date that the order's scope hangs on.

    Raises:
        ProfileError: the profile says nothing of that date.
    """
    columns = profile.entities["request"].scope
    name = scope.dates.field.removeprefix("request.")
    if columns is None or name not in columns.dates:
        raise ProfileError(f"tells nothing of {name}", location=Location(field="entities.request.scope.dates"))
    return columns.dates[name]


def _only_storage(profile: SourceProfile) -> DateStorage:
    scope = profile.entities["request"].scope
    stored = set(scope.dates.values()) if scope else set()
    if len(stored) != 1:
        raise ProfileError(
            "has several forms of dates: say which", location=Location(field="entities.request.scope.dates")
        )
    return stored.pop()


class Normaliser:
    """Makes one planned entity's rows out of raw ones. Made once, used from any thread.

    Args:
        profile: parses, number rules, code and unit maps of the source.
        planned: the columns that travel.
        storage: how ``_date`` is written, see :func:`storage_of`; needed where the profile has two forms of dates.
        repeated: keys that the plan found on several rows, by entity; all of those are set aside, whatever their batch.

    Raises:
        ProfileError: a rule that cannot be obeyed (a date format, a parse of a field without a companion).
    """

    def __init__(
        self,
        profile: SourceProfile,
        planned: PlannedEntity,
        storage: DateStorage | None = None,
        repeated: Mapping[str, Sequence[str]] | None = None,
    ) -> None:
        self._profile, self._planned = profile, planned
        self._repeated = {entity: pa.array(keys, pa.string()) for entity, keys in (repeated or {}).items()}
        self._storage = storage or _only_storage(profile)
        self._parse: Mapping[str, Parse] = profile.entities[planned.entity].parse
        self._fields = {column.name: column for column in CATALOGUE.entity(planned.entity).columns}
        self._links = {link.field: link.entity for link in CATALOGUE.entity(planned.entity).links}
        readers: dict[object, NumberReader] = {}

        def reader(rule: object) -> NumberReader:
            return readers.setdefault(rule, NumberReader(rule, profile.units))  # type: ignore[arg-type]

        self._default = reader(profile.number)
        self._readers = {code: reader(a.number) for code, a in profile.analyses.items() if a.number is not None}
        self._makers = {column.name: self._maker(column) for column in planned.columns}

    def __call__(self, raw: pa.Table) -> Normalised:
        """One batch. ``raw`` holds source columns and the controls ``_date``, ``_site``.

        Raises:
            ProfileError: the source does not give what a column is made from, or gives a type that cannot become it.
        """
        dates = scope_dates(raw.column("_date"), self._storage)
        if dates is None:
            raise self._error("_date", f"comes as {raw.column('_date').type}, which names no day without doubt")
        work = _Work(raw, dates)
        self._check_keys(work)
        self._check_authority(work)
        made = {column.name: self._makers[column.name](work) for column in self._planned.columns}
        return self._finish(work, pa.table(made))

    def _finish(self, work: _Work, rows: pa.Table) -> Normalised:
        years, sites = self._groups(work)
        if work.why is None:
            return Normalised(rows, years, sites, None, (), *work.dates.bounds())
        keep = pa.array(work.why == 0)
        aside = pa.array(work.why != 0)
        reasons = pa.array(["", *work.reasons]).take(pa.array(work.why)).filter(aside)
        kept = ScopeDates(work.dates.days.filter(keep))
        counts = _counts(reasons, years.filter(aside), sites.filter(aside))
        quarantine = self._quarantine(work.raw.filter(aside)).append_column(REASON, reasons)
        return Normalised(rows.filter(keep), years.filter(keep), sites.filter(keep), quarantine, counts, *kept.bounds())

    def _groups(self, work: _Work) -> tuple[pa.Array, pa.Array]:
        """Year and site of each row; null for entities that have none of their own, as in the plan's tallies."""
        if self._planned.entity in SCOPED_BY_DATE:
            return work.dates.years(), _whole(_simple_text(work.raw.column("_site")))
        return pa.nulls(work.raw.num_rows, pa.int32()), pa.nulls(work.raw.num_rows, pa.string())

    def _quarantine(self, raw: pa.Table) -> pa.Table:
        """Source columns that the order lets travel. One read to derive another from, alone, stays (law 1)."""
        allowed = {name for column in self._planned.columns for name in self._kept_sources(column.name)}
        return pa.table({name: convert.legible(raw.column(name)) for name in raw.column_names if name in allowed})

    def _kept_sources(self, name: str) -> tuple[str, ...]:
        base = name.removesuffix("_raw")
        if base != name and base in self._parse:
            return (name, base)
        return (name, "raw_value") if self._is_result(name) else (name,)

    def _is_result(self, name: str) -> bool:
        parse = self._parse.get("value")
        return self._planned.entity == "observation" and name == "value" and parse is not None and parse.number

    def _check_keys(self, work: _Work) -> None:
        names = set(self._planned.names())
        links = {link: self._column(work, link) for link in sorted(self._links.keys() & names)}
        key = self._column(work, KEY) if KEY in names else None
        if key is not None:
            work.set_aside(_empty(key), "key")
        for link, refers in links.items():
            if self._links[link] in self._repeated:
                work.set_aside(among(refers, self._repeated[self._links[link]]), "duplicate_link")
        if key is not None:
            if self._planned.entity in self._repeated:
                work.set_aside(among(key, self._repeated[self._planned.entity]), "duplicate_key")
            work.set_aside(repeated(key), "duplicate_key")
        for refers in links.values():
            work.set_aside(_empty(refers), "link")

    def _check_authority(self, work: _Work) -> None:
        """An INS without the authority that issued it: nobody can tell it from a test identity (domain.md, 3)."""
        if self._planned.entity == "patient" and {"ins", "ins_oid"} <= set(self._planned.names()):
            number, authority = self._text(work, "ins"), self._text(work, "ins_oid")
            work.set_aside(~blank(number) & blank(authority), "ins_oid")

    # Makers: one a planned column, chosen when the normaliser is made.

    def _maker(self, column: Column) -> Maker:
        name = column.name
        parse, base = self._parse.get(name), name.removesuffix("_raw")
        if self._planned.entity == "observation" and (special := self._result_maker(name)):
            return special
        if base != name and base in self._parse:
            return lambda work: self._text(work, name if name in work.raw.column_names else base)
        return self._plain(column) if parse is None else self._parsed(column, parse)

    def _result_maker(self, name: str) -> Maker | None:
        if self._is_result("value"):
            if name == "value":
                return lambda work: _chunked(self._results(work).value)
            if name == "comparator":
                return lambda work: _chunked(self._results(work).comparator)
        if name in {"loinc", "ucum"}:
            return lambda work: self._mapped_or_given(work, name)
        return None

    def _parsed(self, column: Column, parse: Parse) -> Maker:
        name = column.name
        if parse.date:
            return self._dates(column, self._reader(name, parse), strict=False)
        if parse.number:
            return lambda work: self._number(work, name)
        self._check_companion(name, parse)
        return self._values(column, parse) if parse.values else self._repairing(name, parse.repair)

    def _plain(self, column: Column) -> Maker:
        name, kind = column.name, column.type
        partial = self._fields[name].type is FieldType.PARTIAL_DATE
        if partial or kind in {ColumnType.DATE, ColumnType.DATETIME}:
            formats = ISO_PARTIAL if partial else ISO_TIME if kind is ColumnType.DATETIME else ISO_DAY
            return self._dates(column, DateReader(formats, partial=partial), strict=True)
        if kind is ColumnType.TEXT:
            return lambda work: self._text(work, name)
        return lambda work: self._converted(work, name, kind)

    def _reader(self, name: str, parse: Parse) -> DateReader:
        partial = self._fields[name].type is FieldType.PARTIAL_DATE
        try:
            return DateReader(parse.date, parse.two_digit_pivot, partial=partial)
        except ProfileError as error:
            where = Location(field=f"entities.{self._planned.entity}.parse.{name}.date")
            raise ProfileError(error.message, location=where, hint=error.hint) from None

    def _check_companion(self, name: str, parse: Parse) -> None:
        what = "values" if parse.values else "repair"
        # A repair is its own reverse's exact inverse, so that alone loses nothing; a map may be many to one.
        if parse.values and f"{name}_raw" not in self._fields:
            raise self._error(
                name, f"is parsed by {what}, but the catalogue has no {name}_raw to keep its text (law 3)"
            )

    def _error(self, name: str, message: str) -> ProfileError:
        return ProfileError(message, location=Location(field=f"entities.{self._planned.entity}.{name}"))

    def _column(self, work: _Work, name: str) -> pa.ChunkedArray:
        """A source column, under its own name or, for a parsed field, its original's."""
        for candidate in (name, f"{name}_raw"):
            if candidate in work.raw.column_names and (candidate == name or name in self._parse):
                return work.raw.column(candidate)
        raise self._error(name, "is planned, but the source's query does not give it")

    def _text(self, work: _Work, name: str) -> pa.ChunkedArray:
        if name not in work.texts:
            parse = self._parse.get(name)
            work.texts[name] = self._as_text(work, name, parse.repair if parse else "")
        return work.texts[name]

    def _as_text(self, work: _Work, name: str, repair: str) -> pa.ChunkedArray:
        chunks, at = [], 0
        for chunk in self._column(work, name).chunks:
            try:
                text, bad = as_text(chunk, repair)
            except pa.ArrowException:
                raise self._error(name, f"comes as {chunk.type}, which cannot be written as text") from None
            if bad is not None:
                rows = np.zeros(work.raw.num_rows, dtype=np.bool_)
                rows[at : at + len(bad)] = bad
                work.set_aside(rows, f"encoding.{name}")
            chunks.append(text)
            at += len(chunk)
        return pa.chunked_array(chunks, pa.string())

    def _repairing(self, name: str, repair: str) -> Maker:
        def make(work: _Work) -> pa.ChunkedArray:
            chunks = self._text(work, name).chunks
            return pa.chunked_array([repaired(chunk, repair) for chunk in chunks], pa.string())

        return make

    def _dates(self, column: Column, reader: DateReader, *, strict: bool) -> Maker:
        """``strict``: nothing holds the original, so that only whole truths pass."""
        name = column.name

        def make(work: _Work) -> pa.ChunkedArray:
            given = self._column(work, name)
            if pa.types.is_temporal(given.type):
                made, bad = convert.temporal(given, column.type)
                if made is None:
                    raise self._error(name, f"comes as {given.type}: cast it to local time in the SELECT")
            else:
                made, bad = convert.text_dates(_whole(self._text(work, name)), reader, column.type, strict=strict)
            if bad is not None:
                work.set_aside(bad, f"date.{name}")
            return made

        return make

    def _values(self, column: Column, parse: Parse) -> Maker:
        name = column.name
        try:
            known = convert.ValueMap(parse.values, column.type)
        except ProfileError as error:
            raise self._error(name, error.message) from None

        def make(work: _Work) -> pa.ChunkedArray:
            made, bad = known(_whole(self._text(work, name)))
            work.set_aside(bad, f"value.{name}")
            return _chunked(made)

        return make

    def _converted(self, work: _Work, name: str, kind: ColumnType) -> pa.ChunkedArray:
        given = self._column(work, name)
        made, bad = convert.converted(given, kind)
        if made is None:
            raise self._error(name, f"comes as {given.type}, which is no {kind}")
        if bad is not None:
            work.set_aside(bad, f"{'boolean' if kind is ColumnType.BOOLEAN else 'number'}.{name}")
        return made

    def _number(self, work: _Work, name: str) -> pa.ChunkedArray:
        """A number that is no result. One that is unread, or compared, is null, and its original says it (law 3)."""
        texts = _whole(self._text(work, name if name in work.raw.column_names else f"{name}_raw"))
        found = self._default.read(texts)
        lost = pc.and_(pc.is_valid(texts), pc.or_(pc.is_null(found.value), pc.is_valid(found.comparator)))
        lost = pc.and_(lost, pc.not_equal(pc.utf8_trim_whitespace(texts), ""))
        rows = pc.fill_null(lost, False).to_numpy(zero_copy_only=False)  # noqa: FBT003 - Arrow's own signature
        if not {f"{name}_raw", *self._fields[name].companions} & set(self._planned.names()):
            work.set_aside(rows, f"number.{name}")
        return _chunked(pc.if_else(pc.is_valid(found.comparator), None, found.value))

    def _results(self, work: _Work) -> Numbers:
        if "value" not in work.numbers:
            texts = _whole(self._text(work, "raw_value"))
            code = "_code" if "_code" in work.raw.column_names else "code"
            if code not in work.raw.column_names:
                raise self._error("value", "is parsed by analysis, but the source's query gives no code")
            codes = _whole(_simple_text(work.raw.column(code)))
            work.numbers["value"] = read_by_rule(texts, codes, self._readers, self._default)
        return work.numbers["value"]

    def _mapped_or_given(self, work: _Work, name: str) -> pa.ChunkedArray:
        if name in work.raw.column_names:
            return self._text(work, name)
        if name == "ucum":
            return _chunked(convert.looked_up(_whole(self._text(work, "unit")), self._profile.units.get))
        code = "code" if "code" in work.raw.column_names else "_code"
        return _chunked(convert.looked_up(_whole(_simple_text(work.raw.column(code))), self._profile.loinc_of))


def _chunked(array: pa.Array) -> pa.ChunkedArray:
    return pa.chunked_array([array])


def _whole(column: pa.ChunkedArray) -> pa.Array:
    """One array; no copy where there is one chunk."""
    return column.chunk(0) if column.num_chunks == 1 else column.combine_chunks()


def _simple_text(column: pa.ChunkedArray) -> pa.ChunkedArray:
    return column if pa.types.is_string(column.type) else column.cast(pa.string())


def _empty(column: pa.ChunkedArray) -> Bools:
    """Null, or an empty text."""
    found = nulls(column)
    kind = column.type
    if pa.types.is_string(kind) or pa.types.is_large_string(kind) or pa.types.is_binary(kind):
        blank = pc.fill_null(pc.equal(pc.binary_length(column), 0), True)  # noqa: FBT003 - Arrow's own signature
        found = found | blank.to_numpy()
    return found


def blank(column: pa.ChunkedArray) -> Bools:
    """Null, or a text of blanks."""
    return _empty(pc.utf8_trim_whitespace(column))


def _counts(reasons: pa.Array, years: pa.Array, sites: pa.Array) -> tuple[QuarantineCount, ...]:
    table = pa.table({"reason": reasons, "year": years, "site": sites})
    grouped = table.group_by(["reason", "year", "site"]).aggregate([([], "count_all")]).to_pylist()
    counts = [QuarantineCount(g["reason"], g["year"], g["site"], g["count_all"]) for g in grouped]
    return tuple(sorted(counts, key=lambda c: (c.reason, c.year or 0, c.site or "")))
