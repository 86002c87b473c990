"""The order compiled into the source's own SQL: one query an entity, the scope pushed into it (law 1, R2, R3).

The queries are what the plan shows and signs: a person can read there, before anything moves, which columns and rows
will leave. They wrap the profile's SELECTs as derived tables that every engine flattens, so that the scope's
conditions reach the base tables and their indexes.
"""

from collections.abc import Mapping
from dataclasses import dataclass

import sqlglot
from sqlglot import exp

from ecluse.domain.catalogue import KEY
from ecluse.domain.order import Order
from ecluse.domain.plan import Column
from ecluse.domain.profile import SourceProfile
from ecluse.migration import predicates
from ecluse.migration.codes import result_link
from ecluse.migration.fields import planned_columns
from ecluse.migration.predicates import bind
from ecluse.migration.scoped import Parts, Scoped, column, derived, earliest, named

__all__ = ["Compiled", "Query", "bind", "compile_order", "planned_columns", "view_bodies"]

REACH = "_reach"
"""Suffix of the helper views that tell through which patients a practitioner or site is reached."""


@dataclass(frozen=True, slots=True)
class Query:
    """One entity's extraction query, with its placeholders, and what its rows become."""

    entity: str
    sql: str
    columns: tuple[Column, ...]
    sources: tuple[str, ...]
    """Columns returned, besides ``_date``, ``_site``, and where they apply ``_patient`` and ``_code``."""
    by_date: bool
    """Batches are ranges of the scope date; else of the entity's key."""


@dataclass(frozen=True, slots=True)
class Compiled:
    """All of an order's queries, in catalogue order."""

    dialect: str
    queries: Mapping[str, Query]
    scoped: Scoped
    views: str | None

    def parts(self, entity: str) -> Parts:
        """The parts of an entity's query, on base tables or on the order's views, for counting."""
        return self.scoped.parts(entity) if self.views is None else _view_parts(self.scoped, entity, self.views)


def compile_order(order: Order, profile: SourceProfile, *, views: str | None = None) -> Compiled:
    """Compile an order over a profile.

    Args:
        order: what may leave.
        profile: how the source is read.
        views: the schema (PostgreSQL) or database (MariaDB) that :mod:`ecluse.migration.grants` made for this order;
            the queries then read its views alone, and run under the order's own role. None: the base tables.

    Raises:
        OrderError: the profile does not serve an ordered entity or field, or nothing ordered leads to it.
        ProfileError: a SELECT that is not one, or lacks a column which the scope hangs on.
    """
    scoped = Scoped(order, profile)
    queries = {}
    for entity, fields in scoped.fields.items():
        parts = scoped.parts(entity) if views is None else _view_parts(scoped, entity, views)
        tree = parts.select(_projections(scoped, entity, parts))
        queries[entity] = Query(
            entity, predicates.to_sql(tree, scoped.dialect), fields.columns, fields.sources, scoped.by_date(entity)
        )
    return Compiled(scoped.dialect, queries, scoped, views)


def view_bodies(compiled: Compiled) -> Mapping[str, str]:
    """The SELECT of each view of an order's schema: its exact columns and rows, without bounds.

    Excluded persons are not in it, since that would write their identities into the source's dictionary: they are left
    out by the query on the view, and by the gate. Where the order excludes persons, a practitioner or site has a second
    view ``<entity>_reach`` with the patients through whom it is reached.
    """
    scoped, bodies = compiled.scoped, {}
    for entity in compiled.queries:
        parts = scoped.parts(entity)
        tree = parts.select(_projections(scoped, entity, parts), bounded=False)
        bodies[entity] = _without_persons(tree, scoped.dialect)
        if _needs_reach(scoped, entity):
            bodies[entity + REACH] = _without_persons(scoped.reach(entity, grouped=False), scoped.dialect)
    return bodies


def keys_alone(sql: str, dialect: str) -> str:
    """A bound extraction query cut down to its rows' keys."""
    table = derived(sqlglot.parse_one(sql, read=dialect, into=exp.Select), "k")
    return predicates.to_sql(exp.select(column("k", KEY)).from_(table), dialect)


def person_views(compiled: Compiled) -> tuple[str, ...]:
    """The views of an order's schema that name patients in ``_patient``; none where the order excludes nobody."""
    if not compiled.scoped.excludes_persons:
        return ()
    return tuple(name + REACH if _needs_reach(compiled.scoped, name) else name for name in compiled.queries)


def _without_persons(tree: exp.Expr, dialect: str) -> str:
    return bind(predicates.to_sql(tree, dialect), dialect, excluded=())


def _needs_reach(scoped: Scoped, entity: str) -> bool:
    return scoped.excludes_persons and not scoped.by_date(entity) and entity not in {"patient", "payer"}


def _projections(scoped: Scoped, entity: str, parts: Parts) -> list[exp.Expr]:
    made: list[exp.Expr] = [named(parts.column(name), name) for name in scoped.fields[entity].sources]
    # SQLite keeps a number where the column's affinity says so; a compact date is a text to all who read it.
    date = predicates.as_text(parts.date, scoped.dialect) if scoped.dialect == "sqlite" else parts.date
    made.append(named(date, "_date"))
    made.append(named(predicates.as_text(parts.site, scoped.dialect), "_site"))
    if parts.person is not None:
        made.append(named(predicates.as_text(parts.person, scoped.dialect), "_patient"))
    if parts.code is not None:
        made.append(named(predicates.as_text(parts.code, scoped.dialect), "_code"))
    return made


def _view_parts(scoped: Scoped, entity: str, schema: str) -> Parts:
    dialect, by_date = scoped.dialect, scoped.by_date(entity)
    date = column("e", "_date")
    bounds = (
        predicates.bounds(date, scoped.date_field[1]) if by_date else predicates.key_bounds(column("e", KEY), dialect)
    )
    parts = Parts(
        table=_view(schema, entity, "e"),
        where=(),
        date=date,
        site=column("e", "_site"),
        person=column("e", "_patient") if scoped.excludes_persons else None,
        code=column("e", "_code") if entity == "observation" or result_link(entity) else None,
        bounds=tuple(bounds),
    )
    if parts.person is None:
        return parts
    if not _needs_reach(scoped, entity):
        where = (predicates.persons_out(parts.person, dialect),)
        return Parts(parts.table, where, date, parts.site, parts.person, parts.code, bounds=parts.bounds)
    reach = earliest(_view(schema, entity + REACH, "q"), ("_date", "_site", "_patient"))
    reach = reach.where(predicates.persons_out(column("q", "_patient"), dialect))
    on = exp.EQ(this=column("e", KEY), expression=column("s", "_key"))
    return Parts(
        table=parts.table,
        joins=((derived(reach, "s"), on, "inner"),),
        where=(),
        date=column("s", "_date"),
        site=column("s", "_site"),
        person=column("s", "_patient"),
        bounds=parts.bounds,
    )


def _view(schema: str, name: str, alias: str) -> exp.Table:
    table = exp.to_identifier(name, quoted=True)
    return exp.Table(
        this=table,
        db=exp.to_identifier(schema, quoted=True),
        alias=exp.TableAlias(this=exp.to_identifier(alias, quoted=True)),
    )
