"""Counts of what leaves and what stays, each by one aggregate query in the source's own SQL."""

import datetime as dt
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

from sqlglot import exp

from ecluse.domain.catalogue import KEY
from ecluse.domain.errors import ProfileError
from ecluse.domain.profile import DateStorage
from ecluse.migration import predicates
from ecluse.migration.compile import Compiled
from ecluse.migration.ports import Source
from ecluse.migration.scoped import Parts, Scoped, column, derived, named


class DayCount(NamedTuple):
    """Rows of one day and site; ``code`` is None where no category could turn on it."""

    day: dt.date | None
    site: str | None
    code: str | None
    told: bool
    """False: the code is not one that the profile clears of every category, and ``code`` (may be None) tells it."""
    out: bool
    """An excluded person's."""
    rows: int


class KeyRange(NamedTuple):
    """A run of keys, from ``first`` up to the next run's."""

    first: str
    rows: int


@dataclass(frozen=True)
class Counter:
    """Runs counting queries of one compiled order."""

    source: Source
    compiled: Compiled
    excluded: Sequence[str] | None

    @property
    def _scoped(self) -> Scoped:
        return self.compiled.scoped

    @property
    def _dialect(self) -> str:
        return self.compiled.dialect

    def by_day(self, entity: str) -> list[DayCount]:
        """Planned rows of a request-scoped entity, by scope day and site."""
        parts = self.compiled.parts(entity)
        return self._days(parts, told=exp.true())

    def results(self) -> list[DayCount]:
        """Results of in-scope requests, whatever their code: of no sensitive category together, others by code."""
        parts = self._scoped.parts("observation", classed=False)
        if parts.code is None:
            raise ProfileError("observation has no code")
        rule = self._scoped.codes
        plain = sorted(rule.allowed - rule.sensitive.keys())
        return self._days(parts, told=_flag(predicates.one_of(predicates.exact(parts.code, self._dialect), plain)))

    def requests(self) -> list[DayCount]:
        """Every request of the source, in scope or not."""
        parts = self._scoped.parts("request", scoped=False)
        out = None
        if parts.person is not None and self.excluded:
            out = exp.not_(predicates.persons_out(parts.person, self._dialect))
        return self._days(parts, told=exp.true(), out=out)

    def total(self, entity: str) -> int:
        """Rows of an entity in the source."""
        table = derived(self._scoped.selects[entity].narrowed({KEY}), "e")
        rows = self._run(exp.select(named(exp.Count(this=exp.Star()), "_rows")).from_(table))
        return int(next(rows)[0])

    def key_ranges(self, entity: str, batch_rows: int) -> list[KeyRange]:
        """Planned rows of a key-ranged entity, in runs of about ``batch_rows`` keys; equal keys stay together."""
        parts = self.compiled.parts(entity)
        key = predicates.key_order(column("e", KEY), self._dialect)
        inner = parts.select([named(key, "_key")], bounded=False)
        rank = exp.Window(this=exp.Anonymous(this="RANK"), order=exp.Order(expressions=[column("k", "_key")]))
        size = exp.Literal.number(batch_rows)
        ranked = exp.select(column("k", "_key"), named(rank, "_rank")).from_(derived(inner, "k"))
        place = exp.Paren(this=exp.Sub(this=column("w", "_rank"), expression=exp.Literal.number(1)))
        # The remainder, since engines divide integers differently.
        run = exp.Sub(this=place, expression=exp.Mod(this=place.copy(), expression=size))
        placed = exp.select(column("w", "_key"), named(run, "_run")).from_(derived(ranked, "w"))
        least = exp.Min(this=column("b", "_key"))
        made = (
            exp.select(column("b", "_run"), named(self._text(least), "_first"), named(_count(), "_rows"))
            .from_(derived(placed, "b"))
            .group_by(column("b", "_run"))
        )
        found = sorted(self._run(made), key=lambda row: int(row[0]))
        return [KeyRange(_text(first) or "", int(rows)) for _run, first, rows in found]

    def _days(self, parts: Parts, *, told: exp.Expr, out: exp.Expr | None = None) -> list[DayCount]:
        _name, storage = self._scoped.date_field
        code = parts.code
        unsaid: exp.Expr = exp.null()
        if code is not None and told != exp.true():
            unsaid = exp.Case(default=predicates.exact(code, self._dialect)).when(told.copy(), exp.null())
        values = {
            "_day": predicates.day_of(parts.date, storage, self._dialect),
            "_site": predicates.exact(parts.site, self._dialect),
            "_code": unsaid,
            "_told": _number(told),
            "_out": _number(out) if out is not None else exp.Literal.number(0),
        }
        inner = parts.select([named(value, name) for name, value in values.items()], bounded=False)
        columns = [column("c", name) for name in values]
        shown = [columns[0], self._text(columns[1]), self._text(columns[2]), *columns[3:]]
        projections = [named(value, name) for value, name in zip(shown, values, strict=True)]
        tree = exp.select(*projections, named(_count(), "_rows")).from_(derived(inner, "c")).group_by(*columns)
        return [self._day_count(row, storage) for row in self._run(tree)]

    def _day_count(self, row: tuple[Any, ...], storage: DateStorage) -> DayCount:
        day, site, code, told, out, rows = row
        return DayCount(_day(day, storage), _text(site), _text(code), bool(int(told)), bool(int(out)), int(rows))

    def _text(self, value: exp.Expr) -> exp.Expr:
        return predicates.as_text(value, self._dialect)

    def _run(self, tree: exp.Expr) -> Iterator[tuple[Any, ...]]:
        sql = predicates.bind(predicates.to_sql(tree, self._dialect), self._dialect, excluded=self.excluded)
        table = self.source.query(sql)
        yield from zip(*(column.to_pylist() for column in table.columns), strict=True)


def _count() -> exp.Expr:
    return exp.Count(this=exp.Star())


def _flag(condition: exp.Expr) -> exp.Expr:
    return exp.EQ(this=_number(condition), expression=exp.Literal.number(1))


def _number(condition: exp.Expr) -> exp.Expr:
    if condition == exp.true():
        return exp.Literal.number(1)
    return exp.Case(default=exp.Literal.number(0)).when(condition.copy(), exp.Literal.number(1))


def _text(value: object) -> str | None:
    if isinstance(value, bytes):
        return value.decode("utf-8", "replace")
    return None if value is None else str(value)


def _day(value: object, storage: DateStorage) -> dt.date | None:
    """A day as the source returned it; None where the source holds no real day."""
    if isinstance(value, dt.datetime):
        return value.date()
    if isinstance(value, dt.date):
        return value
    text = _text(value)
    if text is None:
        return None
    if storage is DateStorage.TEXT_COMPACT:
        text = f"{text[:4]}-{text[4:6]}-{text[6:]}"
    try:
        return dt.date.fromisoformat(text) if len(text) == len("2000-01-01") else None
    except ValueError:
        return None
