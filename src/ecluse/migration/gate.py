"""The gates: what is read, and what was received, compared row by row with the signed order (law 1).

Nothing here trusts the SQL: dates, sites, categories and persons are judged again from the order and the profile.
Messages name rule, entity and column; never a value.
"""

import datetime as dt
from collections.abc import Callable, Iterator, Mapping
from functools import lru_cache

import pyarrow as pa
import pyarrow.compute as pc

from ecluse.domain.catalogue import CATALOGUE, KEY
from ecluse.domain.categories import Answer, classify, is_loinc, matching
from ecluse.domain.errors import DestinationError, InternalError, Location, ScopeViolationError
from ecluse.domain.identifiers import is_test_identity
from ecluse.domain.order import Order, Scope
from ecluse.domain.plan import Batch, ColumnType, Plan, PlannedEntity
from ecluse.domain.profile import DateStorage, SourceProfile
from ecluse.domain.records import Receipt
from ecluse.migration.codes import result_link
from ecluse.migration.dates import ScopeDates, scope_dates
from ecluse.migration.normalise import SCOPED_BY_DATE, blank, storage_of

CONTROLS = ("_date", "_site", "_patient", "_code")
"""Columns that an extraction query may return beside source columns; they never leave memory."""

_PERSONAL = SCOPED_BY_DATE | {"patient", "payer"}
_SOURCES: Mapping[str, tuple[str, ...]] = {
    "loinc": ("code",),
    "ucum": ("unit",),
    "value": ("raw_value",),
    "comparator": ("raw_value",),
}
_TYPES: Mapping[ColumnType, pa.DataType] = {
    ColumnType.TEXT: pa.string(),
    ColumnType.DATE: pa.date32(),
    ColumnType.DATETIME: pa.timestamp("us"),
    ColumnType.INTEGER: pa.int64(),
    ColumnType.BOOLEAN: pa.bool_(),
    ColumnType.BINARY: pa.binary(),
}


class Gate:
    """The sender's gate of one planned entity. Made once, used from any thread.

    Args:
        order: what may leave.
        profile: the source's local codes and date storage.
        planned: the columns that travel.
        excluded: ``patient.source_id`` of the persons who stay out, as ``persons.resolve`` found them.
    """

    def __init__(self, order: Order, profile: SourceProfile, planned: PlannedEntity, excluded: frozenset[str]) -> None:
        self._scope, self._profile, self._planned = order.scope, profile, planned
        self._storage = storage_of(profile, order.scope)
        self._excluded = excluded
        self._columns = frozenset(planned.names())
        self._sources = frozenset(_sources(profile, planned)) | set(CONTROLS)
        self._categories = _Categories(order.scope, profile.loinc_of)

    def check_raw(self, raw: pa.Table, batch: Batch) -> None:
        """Everything of one batch as it came from the source, before anything is made of it.

        Raises:
            ScopeViolationError: the first rule broken, of: columns, rows, dates, sites, categories, persons.
        """
        if batch.entity != self._planned.entity:
            raise InternalError("a batch at another entity's gate")
        self._check_names(raw)
        if raw.num_rows != batch.rows:
            raise ScopeViolationError(
                f"{batch.entity}: batch {batch.id} gives {raw.num_rows} rows where the plan counted {batch.rows}: "
                "the source has changed since the plan",
                hint="plan again",
            )
        self._check_dates(self._control(raw, "_date"), batch)
        _check_sites(self._scope, self._control(raw, "_site"), f"{batch.entity}._site")
        if batch.entity == "observation":
            self._check_categories(self._control(raw, "_code"))
        if (link := result_link(batch.entity)) is not None:
            self._check_results(raw, link)
        if self._scope.exclude_persons is not None and batch.entity in _PERSONAL:
            self._check_persons(self._control(raw, "_patient"))
        self._check_what_travels(raw, batch)

    def check_columns(self, rows: pa.Table) -> None:
        """What is about to be sealed: the plan's columns and types, all of them ordered.

        Raises:
            ScopeViolationError: a column too many, too few, out of place, of another type, or not ordered.
        """
        _check_columns(self._scope, self._planned, rows, self._profile)

    def _violation(self, column: str, message: str) -> ScopeViolationError:
        return ScopeViolationError(f"{self._planned.entity}: {message}", location=_place(self._planned.entity, column))

    def _check_names(self, raw: pa.Table) -> None:
        names = raw.column_names
        if len(set(names)) != len(names):
            raise ScopeViolationError(f"{self._planned.entity}: the source gives a column twice")
        for name in names:
            if name not in self._sources:
                # The name comes from the profile's SQL, which people wrote; it is no patient's value.
                raise self._violation(name, "the source gives a column that the plan does not need")

    def _control(self, raw: pa.Table, name: str) -> pa.ChunkedArray:
        if name not in raw.column_names:
            raise self._violation(name, "the source's query does not give the control column, so scope cannot be shown")
        return raw.column(name)

    def _check_what_travels(self, raw: pa.Table, batch: Batch) -> None:
        """The same rules on the scope's own columns where they leave: a query may show one thing and give another."""

        def differing(name: str, control: str) -> pa.ChunkedArray | None:
            known = name not in raw.column_names or raw.column(name).equals(raw.column(control))
            return None if known else raw.column(name)

        scope = self._profile.entities["request"].scope
        if batch.entity == "request" and scope is not None:
            if (dates := differing(self._scope.dates.field.removeprefix("request."), "_date")) is not None:
                self._check_dates(dates, batch)
            if (sites := differing(scope.site, "_site")) is not None:
                _check_sites(self._scope, sites, f"request.{scope.site}")
        if batch.entity == "observation" and (codes := differing("code", "_code")) is not None:
            self._check_categories(codes)
        if batch.entity == "observation" and "loinc" in raw.column_names:
            _check_loinc(self._scope, raw.column("loinc"))
        person = KEY if batch.entity == "patient" else "patient"
        if self._scope.exclude_persons is not None and batch.entity in {"patient", "request", "payer"}:
            keys = differing(person, "_patient")
            if keys is not None:
                self._check_persons(keys)

    def _check_dates(self, column: pa.ChunkedArray, batch: Batch) -> None:
        dates = scope_dates(column, self._storage)
        if dates is None:
            raise self._violation("_date", f"the scope date comes as {column.type}, which names no day without doubt")
        _check_range(self._scope, dates, _place(batch.entity, "_date"))
        if batch.entity in SCOPED_BY_DATE:
            first, last = dates.bounds()
            if first is not None and last is not None and not _within(first, last, batch):
                raise self._violation("_date", f"a row lies outside the days of batch {batch.id}")

    def _check_categories(self, column: pa.ChunkedArray) -> None:
        self._categories.check(column, _place(self._planned.entity, "_code"))

    def _check_results(self, raw: pa.Table, link: str) -> None:
        """What hangs on a result leaves only if the result may; what hangs on none has no code."""
        codes = self._control(raw, "_code")
        self._check_categories(codes.drop_null())
        if link in raw.column_names:
            hidden = pc.and_(pc.is_valid(raw.column(link)), pc.is_null(codes))
            if pc.any(hidden).as_py():
                raise self._violation("_code", "a row hangs on a result whose category is not told")

    def _check_persons(self, column: pa.ChunkedArray) -> None:
        # A request that names no patient is nobody's: it is not excluded here, but set aside for its missing link.
        excluded = pa.array(sorted(self._excluded), pa.string())
        if pc.any(pc.is_in(column.cast(pa.string()), value_set=excluded)).as_py():
            raise self._violation("_patient", "a row of a person whom the order excludes")


class _Categories:
    """Which results may pass, by their local code. Made once, used from any thread."""

    def __init__(self, scope: Scope, loinc_of: Callable[[str], str | None]) -> None:
        self._scope, self._loinc_of = scope, loinc_of
        self._judge = lru_cache(maxsize=None)(self._judged)

    def check(self, column: pa.ChunkedArray, where: Location) -> None:
        entity = str(where.field).partition(".")[0]
        for code in pc.unique(column.cast(pa.string())).to_pylist():
            answer = self._judge(code)
            if answer is Answer.MATCH:
                raise ScopeViolationError(
                    f"{entity}: a result belongs to a category that the order excludes", location=where
                )
            if answer is Answer.UNCLASSIFIABLE and not self._scope.include_unclassifiable:
                raise ScopeViolationError(
                    f"{entity}: a result cannot be classified, and the order leaves such results out", location=where
                )

    def _judged(self, code: str | None) -> Answer:
        loinc = self._loinc_of(code) if code is not None else None
        answers = {classify(category, loinc) for category in self._scope.exclude_categories}
        if Answer.MATCH in answers:
            return Answer.MATCH
        if loinc is None or not is_loinc(loinc):
            # Nobody has said what it is, so that also an order that excludes no category leaves it out.
            return Answer.UNCLASSIFIABLE
        return Answer.UNCLASSIFIABLE if Answer.UNCLASSIFIABLE in answers else Answer.NO_MATCH


class ReceivingGate:
    """The recipient's gate: what came out of a parcel against order, plan and receipt, before it is loaded.

    Args:
        order: what may arrive.
        plan: what was announced.
        production: refuse test and demonstration identities (INS OIDs .10 and .11, domain.md section 3).
    """

    def __init__(self, order: Order, plan: Plan, *, production: bool = False) -> None:
        self._scope, self._plan, self._production = order.scope, plan, production
        self._categories = _Categories(order.scope, plan.loinc_of)
        self._field = order.scope.dates.field.split(".")[1]

    def check(self, rows: pa.Table, receipt: Receipt) -> None:
        """One opened parcel, canaries stripped.

        Raises:
            ScopeViolationError: rows, columns or the receipt's own dates and sites are outside the order or the plan.
            DestinationError: a test identity on its way into production.
        """
        planned = self._planned(receipt)
        _check_columns(self._scope, planned, rows)
        if tuple(receipt.columns) != planned.names():
            raise ScopeViolationError(
                f"{receipt.entity}: the receipt of {receipt.batch} names other columns than the plan"
            )
        if rows.num_rows != receipt.rows:
            raise ScopeViolationError(f"{receipt.entity}: {receipt.batch} holds other rows than its receipt counts")
        self._check_receipt(receipt)
        if receipt.entity == "request":
            self._check_requests(rows, self._plan.batch(receipt.batch))
        if receipt.entity == "observation" and "loinc" in rows.column_names:
            _check_loinc(self._scope, rows.column("loinc"))
        if receipt.entity == "observation" and "code" in rows.column_names:
            self._categories.check(rows.column("code"), _place("observation", "code"))
        if self._production and receipt.entity == "patient":
            self._check_identities(rows)

    def _planned(self, receipt: Receipt) -> PlannedEntity:
        try:
            batch, planned = self._plan.batch(receipt.batch), self._plan.entity(receipt.entity)
        except KeyError:
            raise ScopeViolationError("a parcel of a batch or entity that is not planned") from None
        if batch.entity != receipt.entity:
            raise ScopeViolationError(f"batch {receipt.batch} is planned for another entity than its receipt says")
        aside = sum(count.rows for count in receipt.quarantined)
        if receipt.rows + aside != batch.rows:
            raise ScopeViolationError(f"batch {receipt.batch} holds another number of rows than the plan counted")
        return planned

    def _check_receipt(self, receipt: Receipt) -> None:
        dates = self._scope.dates
        for day in (receipt.min_date, receipt.max_date):
            if day is not None and not dates.from_ <= day <= dates.until:
                raise ScopeViolationError(
                    f"{receipt.entity}: the receipt of {receipt.batch} spans days outside the order"
                )
        counted = [(group.year, group.site) for group in receipt.groups]
        counted += [(aside.year, aside.site) for aside in receipt.quarantined]
        for year, site in counted:
            if site is not None and site not in self._scope.sites:
                raise ScopeViolationError(
                    f"{receipt.entity}: the receipt of {receipt.batch} counts a site outside the order"
                )
            if year is not None and not dates.from_.year <= year <= dates.until.year:
                raise ScopeViolationError(
                    f"{receipt.entity}: the receipt of {receipt.batch} counts a year outside the order"
                )

    def _check_requests(self, rows: pa.Table, batch: Batch) -> None:
        if self._field in rows.column_names:
            days = scope_dates(rows.column(self._field), DateStorage.TEXT_ISO)
            if days is None:
                raise ScopeViolationError("the scope date is no date", location=_place("request", self._field))
            _check_range(self._scope, days, _place("request", self._field))
            first, last = days.bounds()
            if first is not None and last is not None and not _within(first, last, batch):
                message = f"request: a row lies outside the days of batch {batch.id}"
                raise ScopeViolationError(message, location=_place("request", self._field))
        if "site" in rows.column_names:
            _check_sites(self._scope, rows.column("site"), "request.site")

    def _check_identities(self, rows: pa.Table) -> None:
        unknown = pa.chunked_array([pa.nulls(rows.num_rows, pa.string())])
        authority = rows.column("ins_oid") if "ins_oid" in rows.column_names else unknown
        if "ins" in rows.column_names and bool((~blank(rows.column("ins")) & blank(authority)).any()):
            raise DestinationError(
                "an INS without the authority that issued it cannot be loaded into production",
                location=_place("patient", "ins_oid"),
                hint="without its OID, nobody can tell it from a test identity: leave the number out at the source",
            )
        for oid in pc.unique(authority).to_pylist():
            if oid is not None and is_test_identity(oid):
                raise DestinationError(
                    "a test or demonstration identity (INS) cannot be loaded into production",
                    location=_place("patient", "ins_oid"),
                    hint="leave it out at the source, or load into a system whose profile says production: false",
                )


def _sources(profile: SourceProfile, planned: PlannedEntity) -> Iterator[str]:
    """Source columns from which the planned ones may be made."""
    parse = profile.entities[planned.entity].parse
    for name in planned.names():
        yield name
        base = name.removesuffix("_raw")
        if base in parse:
            yield from (base, f"{base}_raw")
        if planned.entity == "observation":
            yield from _SOURCES.get(name, ())


def _allowed(scope: Scope, entity: str, profile: SourceProfile | None) -> frozenset[str]:
    """What the order lets an entity carry: its fields, its links, and companions of its fields (law 3).

    Where the profile is known, companions only of what it parses or looks up.
    """
    made = {*profile.entities[entity].parse, "loinc", "ucum"} if profile else None
    ordered = (name for name in scope.fields.get(entity, ()) if made is None or name in made)
    companions = (c for name in ordered for c in CATALOGUE.field(entity, name).companions)
    return frozenset((*scope.columns().get(entity, ()), *companions))


def _check_columns(scope: Scope, planned: PlannedEntity, rows: pa.Table, profile: SourceProfile | None = None) -> None:
    allowed = _allowed(scope, planned.entity, profile)
    for name in (*planned.names(), *rows.column_names):
        if name not in allowed:
            raise ScopeViolationError(
                f"{planned.entity}: a column that is not ordered", location=_place(planned.entity, name)
            )
    if tuple(rows.column_names) != planned.names():
        raise ScopeViolationError(f"{planned.entity}: other columns than the plan's, or in another order")
    for column in planned.columns:
        kind = rows.schema.field(column.name).type
        fits = pa.types.is_decimal128(kind) if column.type is ColumnType.DECIMAL else kind == _TYPES[column.type]
        if not fits:
            raise ScopeViolationError(
                f"{planned.entity}: comes as {kind} where {column.type} is planned",
                location=_place(planned.entity, column.name),
            )


def _check_range(scope: Scope, dates: ScopeDates, where: Location) -> None:
    if dates.days.null_count:
        raise ScopeViolationError("a row without a scope date, or whose date is no day of the calendar", location=where)
    first, last = dates.bounds()
    if first is not None and last is not None and not scope.dates.from_ <= first <= last <= scope.dates.until:
        raise ScopeViolationError("a row outside the ordered dates", location=where)


def _check_sites(scope: Scope, column: pa.ChunkedArray, place: str) -> None:
    found = set(pc.unique(column.cast(pa.string())).to_pylist())
    if not found <= set(scope.sites):
        missing = None in found
        message = "a row without a site" if missing else "a row of a site that is not ordered"
        raise ScopeViolationError(message, location=Location(field=place))


def _check_loinc(scope: Scope, column: pa.ChunkedArray) -> None:
    """What a result says of itself, whatever the profile makes of its local code; silence proves nothing."""
    found = {code.strip() for code in pc.unique(column.cast(pa.string())).to_pylist() if code is not None}
    for category in scope.exclude_categories:
        if not found.isdisjoint(matching(category)):
            raise ScopeViolationError(
                "observation: a result belongs to a category that the order excludes",
                location=_place("observation", "loinc"),
            )


def _within(first: dt.date, last: dt.date, batch: Batch) -> bool:
    lower, upper = _bound(batch.lower), _bound(batch.upper)
    return (lower is None or first >= lower) and (upper is None or last < upper)


def _bound(text: str | None) -> dt.date | None:
    if text is None:
        return None
    try:
        return dt.date.fromisoformat(text)
    except ValueError:
        raise InternalError("a batch's bound is no ISO day") from None


def _place(entity: str, column: str) -> Location:
    return Location(field=f"{entity}.{column}")
