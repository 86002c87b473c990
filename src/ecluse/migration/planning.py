"""The plan: exact queries, batches and counts by which an order will be carried out, and what it leaves out (R2, R16).

Planning reads no patient's value: only counts by day, site and analysis code, the keys at which batches begin, and
those that stand on several rows.
"""

import datetime as dt
from collections import Counter as Tallying
from collections.abc import Sequence
from dataclasses import dataclass

from ecluse.domain.errors import Location, OrderError
from ecluse.domain.order import Order
from ecluse.domain.plan import Batch, Plan, PlannedEntity, Tally
from ecluse.domain.profile import SourceProfile
from ecluse.migration.compile import Compiled, compile_order
from ecluse.migration.counting import Counter, DayCount
from ecluse.migration.leftout import CategoryCount, left_out
from ecluse.migration.ports import Source
from ecluse.migration.repeated import Repeats
from ecluse.migration.scoped import check_dialect
from ecluse.wire.artefacts import digest_of, utc

__all__ = ["BATCH_ROWS", "CategoryCount", "PlanReport", "make_plan"]

BATCH_ROWS = 250_000
_DECEMBER = 12


@dataclass(frozen=True, slots=True)
class PlanReport:
    """The plan, and what is shown beside it before anybody signs."""

    plan: Plan
    categories: tuple[CategoryCount, ...]
    """Results of in-scope requests by sensitive category, leaving or staying; empty on views."""


def make_plan(  # noqa: PLR0917 - the plan's own fields, in their order
    source: Source,
    order: Order,
    order_digest: str,
    agreement_digest: str,
    profile: SourceProfile,
    now: dt.datetime,
    agent: str,
    *,
    batch_rows: int = BATCH_ROWS,
    excluded: Sequence[str] | None = None,
    views: str | None = None,
) -> PlanReport:
    """Count an order through its source, and cut it into batches.

    Args:
        source: the legacy system, best in one snapshot.
        order: the signed order.
        order_digest: its digest.
        agreement_digest: of the agreement that it stands on.
        profile: how the source is read.
        now: the time that the plan is dated.
        agent: who makes it.
        batch_rows: rows of a batch, about: a day is never split, a year never crossed.
        excluded: keys of the excluded persons (:func:`ecluse.migration.persons.resolve`); used, never written.
        views: the order's own schema of views, if the plan is to run under its own role. Rows left out are then not
            counted: the role cannot see them, which is the point.

    Raises:
        OrderError: the profile cannot serve the order, or it excludes persons and ``excluded`` is None.
        ProfileError: the profile does not stand, or what it says is a key is none (:mod:`ecluse.migration.repeated`).
    """
    if (order.scope.exclude_persons is None) != (excluded is None):
        raise OrderError(
            "excluded persons are given exactly when the order excludes some",
            location=Location(field="scope.exclude_persons"),
        )
    compiled = compile_order(order, profile, views=views)
    check_dialect(compiled.scoped, source.dialect)
    counter = Counter(source, compiled, excluded)
    results = counter.results() if "observation" in compiled.queries and views is None else None
    made = [_entity(compiled, counter, entity, batch_rows, results) for entity in compiled.queries]
    rows = {part.planned.entity: part.planned.rows for part in made}
    stays, categories = left_out(compiled, counter, rows, results)
    plan = Plan(
        format="ecluse.plan/1",
        order=order_digest,
        agreement=agreement_digest,
        profile=digest_of(profile),
        made_at=utc(now),
        agent=agent,
        source=source.facts(),
        entities=tuple(part.planned for part in made),
        batches=tuple(batch for part in made for batch in part.batches),
        tallies=tuple(tally for part in made for tally in part.tallies),
        left_out=stays,
        repeated=Repeats(source, compiled, excluded).all(),
        analyses={c: profile.loinc_of(c) or "" for c in profile.analyses} if "observation" in compiled.queries else {},
    )
    return PlanReport(plan, categories)


@dataclass(frozen=True, slots=True)
class _Part:
    planned: PlannedEntity
    batches: tuple[Batch, ...]
    tallies: tuple[Tally, ...]


def _entity(
    compiled: Compiled, counter: Counter, entity: str, batch_rows: int, results: list[DayCount] | None
) -> _Part:
    query = compiled.queries[entity]
    if query.by_date:
        if entity == "observation" and results is not None:
            rule = compiled.scoped.codes
            days = [count for count in results if count.told or rule.leaves(count.code)]
        else:
            days = counter.by_day(entity)
        batches, tallies = _by_date(compiled, entity, days, batch_rows)
    else:
        batches = _by_key(counter, entity, batch_rows)
        total = sum(batch.rows for batch in batches)
        tallies = [Tally(entity, None, None, total)] if total else []
    planned = PlannedEntity(entity, query.sql, query.columns, sum(batch.rows for batch in batches))
    return _Part(planned, tuple(batches), tuple(tallies))


def _by_date(
    compiled: Compiled, entity: str, counts: Sequence[DayCount], batch_rows: int
) -> tuple[list[Batch], list[Tally]]:
    days: Tallying[dt.date] = Tallying()
    sites: Tallying[tuple[int, str]] = Tallying()
    for count in counts:
        if count.day is None or count.site is None:
            raise OrderError(f"a planned row of {entity} has no readable date or no site")
        days[count.day] += count.rows
        sites[count.day.year, count.site] += count.rows
    dates, batches = compiled.scoped.order.scope.dates, []
    for year in sorted({day.year for day in days}):
        first = max(dates.from_, dt.date(year, 1, 1))
        after = min(dates.until, dt.date(year, _DECEMBER, 31)) + dt.timedelta(days=1)
        runs = _runs([(day, rows) for day, rows in sorted(days.items()) if day.year == year], batch_rows)
        starts = [first, *(start for start, _rows in runs[1:])]
        ends = [*starts[1:], after]
        for number, (start, end, (_day, rows)) in enumerate(zip(starts, ends, runs, strict=True), 1):
            name = f"{entity}-{year:04}-{number:04}"
            batches.append(Batch(name, entity, start.isoformat(), end.isoformat(), rows))
    return batches, [Tally(entity, year, site, rows) for (year, site), rows in sorted(sites.items())]


def _runs(days: Sequence[tuple[dt.date, int]], batch_rows: int) -> list[tuple[dt.date, int]]:
    """Consecutive days put together up to ``batch_rows``; a day above that stands alone."""
    runs: list[tuple[dt.date, int]] = []
    for day, rows in days:
        if runs and runs[-1][1] + rows <= batch_rows:
            runs[-1] = (runs[-1][0], runs[-1][1] + rows)
        else:
            runs.append((day, rows))
    return runs


def _by_key(counter: Counter, entity: str, batch_rows: int) -> list[Batch]:
    ranges = counter.key_ranges(entity, batch_rows)
    cuts = [each.first for each in ranges[1:]]
    firsts, ends = [None, *cuts][: len(ranges)], [*cuts, None][: len(ranges)]
    return [
        Batch(f"{entity}-{number:04}", entity, lower, upper, each.rows)
        for number, (lower, upper, each) in enumerate(zip(firsts, ends, ranges, strict=True), 1)
    ]
