"""A profile proved against its source: every SELECT run, every rule tried on every row, and only counts kept.

Each entity is read once, in batches, through the very normaliser that an extraction uses; keys and links are counted
by the source itself. Memory holds a batch, and the patients' names and NIRs while duplicates are counted.
"""

import datetime as dt
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc
from sqlglot import exp

from ecluse.domain.catalogue import CATALOGUE, KEY, Entity, FieldType
from ecluse.domain.errors import EcluseError, ProfileError, RetryableError
from ecluse.domain.order import DateRange, Scope
from ecluse.domain.plan import PlannedEntity
from ecluse.domain.profile import DateStorage, SourceProfile
from ecluse.migration import predicates, profile_quality
from ecluse.migration.dates import scope_dates
from ecluse.migration.fields import planned_fields
from ecluse.migration.normalise import Normaliser
from ecluse.migration.ports import Source
from ecluse.migration.profile_findings import CheckReport, Finding, Level
from ecluse.migration.scoped import column, derived, named
from ecluse.migration.selects import DIALECTS, ProfileSelect, read_selects

__all__ = ["BATCH_ROWS", "check_profile"]

BATCH_ROWS = 50_000
_ANY_DATES = DateRange("request.registered_on", dt.date(1900, 1, 1), dt.date(2099, 12, 31))
_LINKED = ("patient", "request", "prescriber", "collector", "site", "specimen", "observation")


def check_profile(profile: SourceProfile, source: Source) -> CheckReport:
    """Prove a profile against its source. Reads every row of what it serves; shows none.

    Raises:
        ProfileError: the profile's SELECTs do not parse, or the source is of another engine.
        RetryableError: the source went away.
    """
    if source.dialect != DIALECTS[profile.engine]:
        raise ProfileError(f"stands on {profile.engine}, and the source speaks {source.dialect}")
    source.adopt_snapshot(None)
    selects = read_selects(profile)
    found, results, sites = [], profile_quality.Results(profile), Counter[str]()
    for entity in CATALOGUE:
        if entity.name in selects:
            checked = _Entity(profile, source, entity, selects, results, sites)
            found += checked.findings()
    found += results.findings()
    codes = tuple(results.codes())
    return CheckReport(profile.profile, str(profile.engine), tuple(found), tuple(sites.most_common()), codes)


@dataclass(frozen=True)
class _Entity:
    """One entity against its source."""

    profile: SourceProfile
    source: Source
    entity: Entity
    selects: Mapping[str, ProfileSelect]
    results: profile_quality.Results
    sites: Counter[str]

    @property
    def name(self) -> str:
        return self.entity.name

    @property
    def select(self) -> ProfileSelect:
        return self.selects[self.name]

    def findings(self) -> list[Finding]:
        """All of them; an error of the SELECT itself is the only one."""
        try:
            return list(self._findings())
        except RetryableError:
            raise
        except EcluseError as error:
            return [Finding(Level.ERROR, "select.fails", self.name, "select", what=error.message)]

    def _findings(self) -> Iterator[Finding]:
        total, given, distinct = self._key_counts()
        yield Finding(Level.OK, "select.runs", self.name, of=total)
        if not total:
            yield Finding(Level.WARN, "rows.none", self.name)
            return
        yield from self._keys(total, given, distinct)
        for link in (name for name in _LINKED if name in self.select.names):
            yield from self._link(link, total)
        yield from self._rows(total)

    def _key_counts(self) -> tuple[int, int, int]:
        key = self._text(column("e", KEY))
        given = exp.Case().when(exp.NEQ(this=key, expression=exp.Literal.string("")), key.copy())
        counted = [exp.Count(this=exp.Star()), exp.Count(this=given)]
        values = [*counted, exp.Count(this=exp.Distinct(expressions=[given.copy()]))]
        [row] = self._run(exp.select(*(named(v, f"_{i}") for i, v in enumerate(values))).from_(self._table({KEY})))
        return int(row[0]), int(row[1]), int(row[2])

    def _keys(self, total: int, given: int, distinct: int) -> Iterator[Finding]:
        if given < total:
            yield Finding(Level.ERROR, "key.empty", self.name, KEY, total - given, total)
        if distinct < given:
            yield Finding(Level.ERROR, "key.duplicate", self.name, KEY, given - distinct, total)
        if distinct == total:
            yield Finding(Level.OK, "key.unique", self.name, KEY, 0, total)

    def _link(self, link: str, total: int) -> Iterator[Finding]:
        parent = next((f.refers for f in self.entity.columns if f.name == link), None)
        if parent is None or parent not in self.selects:
            return
        reference = column("e", link)
        missing = exp.Is(this=column("p", KEY), expression=exp.null())
        filled = exp.NEQ(this=self._text(reference), expression=exp.Literal.string(""))
        orphan = exp.Case().when(exp.and_(filled.copy(), missing), exp.Literal.number(1))
        given = exp.Case().when(filled, exp.Literal.number(1))
        keys = exp.select(column("k", KEY)).distinct().from_(derived(self.selects[parent].narrowed({KEY}), "k"))
        tree = exp.select(named(exp.Count(this=given), "_given"), named(exp.Count(this=orphan), "_orphans"))
        on = exp.EQ(this=reference, expression=column("p", KEY))
        tree = tree.from_(self._table({link})).join(derived(keys, "p"), on=on, join_type="left")
        [row] = self._run(tree)
        filled_rows, orphans = int(row[0]), int(row[1])
        structural = any(each.field == link for each in self.entity.links)
        if filled_rows < total:
            level = Level.WARN if structural else Level.OK
            yield Finding(level, "link.empty", self.name, link, total - filled_rows, total, parent)
        if orphans:
            level = Level.ERROR if structural and orphans == filled_rows else Level.WARN
            yield Finding(level, "link.orphans", self.name, link, orphans, total, parent)
        if not orphans and filled_rows == total:
            yield Finding(Level.OK, "link.resolves", self.name, link, 0, total, parent)

    def _rows(self, total: int) -> Iterator[Finding]:
        planned, sources = self._planned()
        normalise = Normaliser(self.profile, planned)
        quality = profile_quality.Texts(self.entity.name, self.profile)
        scope = _Scope(self.profile) if self.name == "request" else None
        seen: Counter[str] = Counter()
        sql = predicates.to_sql(self._whole(sources), DIALECTS[self.profile.engine])
        for batch in self.source.stream(sql, BATCH_ROWS):
            raw = pa.Table.from_batches([batch])
            if not raw.num_rows:
                continue
            if scope is not None:
                scope.add(raw)
                self._count_sites(raw, scope.site)
            controls = raw.append_column("_date", pa.nulls(raw.num_rows, pa.date32()))
            clean = normalise(controls.append_column("_site", pa.nulls(raw.num_rows, pa.string())))
            for aside in clean.reasons:
                seen[aside.reason] += aside.rows
            quality.add(raw, clean.rows)
            if self.name == "observation":
                self.results.add(clean.rows)
        yield from self._asides_of(seen, total)
        if scope is not None:
            yield from scope.findings(total)
        yield from quality.findings()

    def _asides_of(self, seen: Counter[str], total: int) -> Iterator[Finding]:
        # Repeated keys and empty links have their own findings.
        told = {reason: rows for reason, rows in seen.items() if "." in reason}
        for reason, rows in sorted(told.items()):
            name = reason.partition(".")[2]
            level = Level.ERROR if rows == total else Level.WARN
            yield Finding(level, "value.aside", self.name, name, rows, total, reason)
        if not told:
            yield Finding(Level.OK, "value.read", self.name, of=total)

    def _count_sites(self, raw: pa.Table, name: str) -> None:
        counted = pc.value_counts(raw.column(name).cast(pa.string()).combine_chunks())
        for each in counted.to_pylist():
            if each["values"]:
                self.sites[each["values"]] += each["counts"]

    def _planned(self) -> tuple[PlannedEntity, tuple[str, ...]]:
        """What an order for everything but documents would plan, and the SELECT's columns that it is made from."""
        parse = self.profile.entities[self.name].parse
        served = set(self.select.names) | set(parse)
        if self.name == "observation":
            served |= {made for made, source in (("loinc", "code"), ("ucum", "unit")) if source in served}
        fields = {f.name for f in self.entity.fields if f.orderable and f.type is not FieldType.BINARY} & served
        ordered = {self.name: tuple(sorted(fields))}
        for link in self.entity.links:
            if link.field in self.select.names and link.entity in self.selects:
                ordered[link.entity] = (KEY,)
        scope = Scope(_ANY_DATES, ("any",), ordered, ())
        made = planned_fields(scope, self.profile, {name: self.selects[name] for name in ordered})[self.name]
        return PlannedEntity(self.name, "SELECT", made.columns, 0), made.sources

    def _whole(self, sources: tuple[str, ...]) -> exp.Select:
        scope = self.profile.entities[self.name].scope
        more = {scope.site, *(d.removeprefix("request.") for d in scope.dates)} if scope is not None else set()
        wanted = [*sources, *sorted(more - set(sources))]
        return exp.select(*(named(column("e", name), name) for name in wanted)).from_(self._table(wanted))

    def _table(self, wanted: Iterable[str]) -> exp.Subquery:
        return derived(self.select.narrowed(set(wanted) & set(self.select.names)), "e")

    def _text(self, value: exp.Expr) -> exp.Expr:
        return predicates.exact(value, DIALECTS[self.profile.engine])

    def _run(self, tree: exp.Expr) -> Iterator[tuple[Any, ...]]:
        table = self.source.query(predicates.to_sql(tree, DIALECTS[self.profile.engine]))
        yield from zip(*(each.to_pylist() for each in table.columns), strict=True)


class _Scope:
    """The scope's dates and sites of all requests."""

    def __init__(self, profile: SourceProfile) -> None:
        scope = profile.entities["request"].scope
        if scope is None:
            raise ProfileError("entities.request has no scope")
        self.site = scope.site
        self._dates = {name.removeprefix("request."): storage for name, storage in scope.dates.items()}
        self._unread: Counter[str] = Counter()
        self._no_site = 0

    def add(self, raw: pa.Table) -> None:
        """One batch."""
        for name, storage in self._dates.items():
            form = storage if storage in {DateStorage.TEXT_COMPACT, DateStorage.TEXT_ISO} else DateStorage.TEXT_ISO
            read = scope_dates(raw.column(name), form)
            if read is None:
                raise ProfileError(f"{name} comes as {raw.column(name).type}, which names no day without doubt")
            self._unread[name] += read.days.null_count
        site = raw.column(self.site).cast(pa.string())
        self._no_site += site.null_count + (pc.sum(pc.equal(site, "")).as_py() or 0)

    def findings(self, total: int) -> Iterator[Finding]:
        """What the order's bounds can hold on to."""
        for name, unread in self._unread.items():
            rule = "scope.unreadable" if unread else "scope.date"
            level = Level.ERROR if unread == total else Level.WARN if unread else Level.OK
            yield Finding(level, rule, "request", name, unread, total)
        if self._no_site:
            level = Level.ERROR if self._no_site == total else Level.WARN
            yield Finding(level, "scope.no_site", "request", self.site, self._no_site, total)
