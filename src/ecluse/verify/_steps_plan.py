"""Steps on the plan: whose it is, and that nothing in it goes beyond the order (law 1)."""

import datetime as dt
from collections import Counter
from itertools import pairwise

from ecluse.domain.agreement import Agreement, SignerRole
from ecluse.domain.catalogue import CATALOGUE, closure
from ecluse.domain.order import Order
from ecluse.domain.plan import Batch, Because, Column, Plan
from ecluse.domain.profile import SourceProfile
from ecluse.verify._case import Case, fits, short
from ecluse.verify.report import Words


def plan(case: Case) -> Words:
    """The plan parses, canonical; one and the same in every place; a profile beside it is the one it names."""
    value, paper = case.one(Plan)
    for profile in case.papers(SourceProfile):
        fits(profile.address == value.profile, "a profile that the plan does not name", "un profil étranger au plan")
        case.value(SourceProfile, profile)
    return Words(
        f"{short(paper.address)}: {len(value.batches)} batches, {sum(e.rows for e in value.entities)} rows",
        f"{short(paper.address)} : {len(value.batches)} lots, {sum(e.rows for e in value.entities)} lignes",
    )


def plan_signed(case: Case) -> Words:
    """It names order and agreement by digest, and is signed by the agreement's source agent."""
    value, paper = case.one(Plan)
    pinned = (case.one(Order)[1].address, case.one(Agreement)[1].address)
    fits(
        (value.order, value.agreement) == pinned,
        "made for another order or agreement",
        "pour un autre ordre ou contrat",
    )
    case.agent(value.agent, SignerRole.SOURCE_AGENT)
    by = case.signed_by(paper)
    fits(value.agent in by, f"the plan is not signed by {value.agent}", f"le plan n'est pas signé par {value.agent}")
    return Words(f"signed by {value.agent}", f"signé par {value.agent}")


def plan_columns(case: Case) -> Words:
    """Columns are ordered fields, links of the order's closure, or companions of ordered fields; each says which."""
    value, scope = case.one(Plan)[0], case.one(Order)[0].scope
    carried = closure(scope.fields)
    count = 0
    for planned in value.entities:
        entity = planned.entity
        fits(entity in scope.fields, f"{entity} is not ordered", f"{entity} n'est pas commandé")
        names = planned.names()
        fits(len(set(names)) == len(names), f"{entity}: a column stands twice", f"{entity} : une colonne en double")
        for column in planned.columns:
            allowed = _allowed(entity, column, scope.fields[entity], carried[entity])
            what = f"{entity}.{column.name}"
            fits(allowed, f"{what} is not in the order's closure", f"{what} est hors de la portée de l'ordre")
            count += 1
    return Words(
        f"{count} columns, each ordered, linked or companion", f"{count} colonnes, toutes justifiées par l'ordre"
    )


def _allowed(entity: str, column: Column, ordered: tuple[str, ...], carried: tuple[str, ...]) -> bool:
    if column.because is Because.ORDERED:
        return column.name in ordered
    if column.because is Because.LINK:
        return column.name in carried and column.name not in ordered
    companions = {name for field in ordered for name in CATALOGUE.field(entity, field).companions}
    return column.name in companions


def plan_scope(case: Case) -> Words:
    """Years and sites of its tallies, and days that bound its batches, lie inside the order's."""
    value, scope = case.one(Plan)[0], case.one(Order)[0].scope
    years = range(scope.dates.from_.year, scope.dates.until.year + 1)
    for tally in value.tallies:
        what = f"{tally.entity} {tally.year} {tally.site}"
        inside = (tally.year is None or tally.year in years) and (tally.site is None or tally.site in scope.sites)
        fits(inside, f"{what}: outside the order's years or sites", f"{what} : hors des années ou sites de l'ordre")
    after = scope.dates.until + dt.timedelta(days=1)
    for batch in value.batches:
        for bound in (batch.lower, batch.upper):
            day = _day(bound) if _dated(batch) else None
            fits(
                day is None or scope.dates.from_ <= day <= after,
                f"{batch.id}: bounded outside the order's dates",
                f"{batch.id} : bornes hors des dates de l'ordre",
            )
    return Words(
        f"{len(value.tallies)} tallies inside the order", f"{len(value.tallies)} comptes dans la portée de l'ordre"
    )


def plan_batches(case: Case) -> Words:
    """Batches are unique, do not overlap, and add up with the tallies to each entity's rows."""
    value = case.one(Plan)[0]
    repeated = [id_ for id_, count in Counter(batch.id for batch in value.batches).items() if count > 1]
    fits(not repeated, "two batches share an id", "deux lots portent le même nom")
    for planned in value.entities:
        mine = [batch for batch in value.batches if batch.entity == planned.entity]
        tallied = sum(tally.rows for tally in value.tallies if tally.entity == planned.entity)
        fits(
            sum(batch.rows for batch in mine) == tallied == planned.rows,
            f"{planned.entity}: batches, tallies and rows do not add up",
            f"{planned.entity} : lots, comptes et lignes ne concordent pas",
        )
        bounds = [(batch.lower, batch.upper) for batch in mine]
        fits(
            len(set(bounds)) == len(bounds),
            f"{planned.entity}: a range twice",
            f"{planned.entity} : un intervalle en double",
        )
        days = sorted((lower, upper) for batch in mine if _dated(batch) for lower, upper in [_days(batch)])
        apart = all(first[1] <= second[0] for first, second in pairwise(days))
        fits(apart, f"{planned.entity}: batches overlap", f"{planned.entity} : des lots se recouvrent")
    return Words(f"{len(value.batches)} batches add up", f"{len(value.batches)} lots, sommes justes")


def _dated(batch: Batch) -> bool:
    """Whether a batch is a range of days: entities of a request are cut by day, all others by key."""
    by_day = batch.entity == "request" or any(link.entity == "request" for link in CATALOGUE.entity(batch.entity).links)
    return by_day and _day(batch.lower) is not None and _day(batch.upper) is not None


def _day(bound: str | None) -> dt.date | None:
    try:
        return dt.date.fromisoformat(bound) if bound else None
    except ValueError:
        return None


def _days(batch: Batch) -> tuple[dt.date, dt.date]:
    return _day(batch.lower) or dt.date.min, _day(batch.upper) or dt.date.max
