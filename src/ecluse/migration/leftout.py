"""What an order leaves in the source and why, so that a controller sees it before signing (R16)."""

from collections import Counter as Tallying
from collections.abc import Iterable, Iterator, Mapping
from typing import NamedTuple

from ecluse.domain.plan import LeftOut, LeftOutReason
from ecluse.domain.sensitive import SensitiveCategory
from ecluse.migration.compile import Compiled
from ecluse.migration.counting import Counter, DayCount

_SHOWN_CODES = 20
_RARE = 5
OTHER_CODES = "other codes"
NO_SITE = "no site"


class CategoryCount(NamedTuple):
    """Results of in-scope requests that are of a category; None: of none, or unclassifiable where it says so."""

    category: SensitiveCategory | None
    unclassifiable: bool
    leaves: bool
    rows: int


def left_out(
    compiled: Compiled, counter: Counter, planned: Mapping[str, int], results: list[DayCount] | None
) -> tuple[tuple[LeftOut, ...], tuple[CategoryCount, ...]]:
    """Rows, entities and fields that stay, in that order, and results by category.

    ``planned`` is rows by entity. Requests are told apart by date, then site, then person: a row is counted once. On
    views only fields and entities are told.
    """
    found: list[LeftOut] = []
    categories: tuple[CategoryCount, ...] = ()
    if compiled.views is None:
        found += _requests(compiled, counter)
        if results is not None:
            found += _results(compiled, results)
            categories = _categories(compiled, results)
        found += _unreached(counter, planned, results)
    return (*found, *_not_ordered(compiled, counter)), categories


def _requests(compiled: Compiled, counter: Counter) -> Iterator[LeftOut]:
    scope = compiled.scoped.order.scope
    stays: Tallying[tuple[LeftOutReason, str]] = Tallying()
    for count in counter.requests():
        if count.day is None:
            stays[LeftOutReason.NO_DATE, scope.dates.field] += count.rows
        elif not scope.dates.from_ <= count.day <= scope.dates.until:
            stays[LeftOutReason.DATES, f"{count.day.year:04}"] += count.rows
        elif count.site not in scope.sites:
            stays[LeftOutReason.SITES, (count.site or NO_SITE)[:300]] += count.rows
        elif count.out:
            stays[LeftOutReason.PERSON, "request.patient"] += count.rows
    for reason in LeftOutReason:
        for (why, subject), rows in sorted(stays.items()):
            if why is reason:
                yield LeftOut("request", reason, subject, rows)


def _results(compiled: Compiled, results: Iterable[DayCount]) -> Iterator[LeftOut]:
    rule = compiled.scoped.codes
    by_category: Tallying[SensitiveCategory] = Tallying()
    by_code: Tallying[str] = Tallying()
    for count in results:
        if count.told or rule.leaves(count.code):
            continue
        if count.code is not None and count.code in rule.excluded:
            by_category[rule.excluded[count.code]] += count.rows
        else:
            by_code[count.code or OTHER_CODES] += count.rows
    for category, rows in sorted(by_category.items()):
        yield LeftOut("observation", LeftOutReason.CATEGORY, str(category), rows)
    for code, rows in _shown(by_code, frozenset(compiled.scoped.profile.analyses)):
        yield LeftOut("observation", LeftOutReason.UNCLASSIFIABLE, code, rows)


def _shown(codes: Mapping[str, int], known: frozenset[str]) -> list[tuple[str, int]]:
    """The most frequent codes. A rare one that the profile does not know may be somebody's typing, and is not named."""
    ranked = sorted(codes.items(), key=lambda item: (-item[1], item[0]))
    named = [code for code, rows in ranked if code != OTHER_CODES and (code in known or rows >= _RARE)][:_SHOWN_CODES]
    rest = sum(rows for code, rows in ranked if code not in named)
    return [(code[:300], codes[code]) for code in named] + ([(OTHER_CODES, rest)] if rest else [])


def _categories(compiled: Compiled, results: Iterable[DayCount]) -> tuple[CategoryCount, ...]:
    rule = compiled.scoped.codes
    rows: Tallying[tuple[SensitiveCategory | None, bool, bool]] = Tallying()
    for count in results:
        leaves = count.told or rule.leaves(count.code)
        unclassifiable = not count.told and count.code not in rule.allowed and count.code not in rule.excluded
        found = rule.sensitive.get(count.code or "", ()) if not count.told else ()
        if count.code is not None and count.code in rule.excluded:
            found = (rule.excluded[count.code],)
        for category in found or (None,):
            rows[category, unclassifiable, leaves] += count.rows
    ordered = sorted(rows.items(), key=lambda item: (str(item[0][0] or ""), item[0][1:]))
    return tuple(CategoryCount(*key, number) for key, number in ordered)


def _unreached(counter: Counter, planned: Mapping[str, int], results: list[DayCount] | None) -> Iterator[LeftOut]:
    for entity, rows in planned.items():
        if entity == "request":
            continue
        reached = sum(count.rows for count in results) if entity == "observation" and results is not None else rows
        stays = counter.total(entity) - reached
        if stays:
            yield LeftOut(entity, LeftOutReason.UNREACHED, "request", stays)


def _not_ordered(compiled: Compiled, counter: Counter) -> Iterator[LeftOut]:
    scoped = compiled.scoped
    for entity, select in scoped.selects.items():
        if entity not in compiled.queries:
            rows = counter.total(entity) if compiled.views is None else None
            yield LeftOut(entity, LeftOutReason.ENTITY, entity, rows)
            continue
        leaves = {column.name for column in compiled.queries[entity].columns}
        for name in select.names:
            if not name.startswith("_") and name not in leaves:
                yield LeftOut(entity, LeftOutReason.FIELD, name, None)
