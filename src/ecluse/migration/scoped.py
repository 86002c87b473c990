"""The rows of each entity that an order lets out, as parts of a query: what to read, how it joins, which conditions.

A request is in scope by its date, its site and its person. Everything else is in scope through an in-scope request:
specimens, results, reports and comments by their ``request``; a patient by ``request.patient``; a practitioner by the
ordered ones of ``request.prescriber`` and ``request.collector``; a site by ``request.site``; a payer by its patient.
A category keeps results out, and comments on such results; it does not remove the request.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property

from sqlglot import exp

from ecluse.domain.catalogue import CATALOGUE, KEY
from ecluse.domain.errors import Location, OrderError, ProfileError
from ecluse.domain.order import Order
from ecluse.domain.profile import DateStorage, SourceProfile
from ecluse.migration import predicates
from ecluse.migration.codes import NO_CODE, CodeRule, code_rule, result_link
from ecluse.migration.fields import EntityFields, planned_fields
from ecluse.migration.selects import DIALECTS, ProfileSelect, read_selects

CHILDREN = ("specimen", "observation", "report", "comment")
"""Entities of one request each, read by ranges of its scope date, as requests are."""
_SCOPED = ("_date", "_site", "_patient")


def column(table: str, name: str) -> exp.Column:
    """A quoted column of an alias."""
    return exp.column(exp.to_identifier(name, quoted=True), table=exp.to_identifier(table, quoted=True))


def derived(query: exp.Query, alias: str) -> exp.Subquery:
    """A query as a table."""
    return exp.Subquery(this=query.copy(), alias=exp.TableAlias(this=exp.to_identifier(alias, quoted=True)))


def named(value: exp.Expr, name: str) -> exp.Expr:
    """``value AS "name"``."""
    return exp.alias_(value.copy(), name, quoted=True)


@dataclass(frozen=True)
class Parts:
    """What an entity's query is put together from; ``e`` is the entity's own alias."""

    table: exp.Expr
    where: tuple[exp.Expr, ...]
    date: exp.Expr
    site: exp.Expr
    person: exp.Expr | None
    code: exp.Expr | None = None
    joins: tuple[tuple[exp.Expr, exp.Expr, str], ...] = ()
    bounds: tuple[exp.Expr, ...] = ()
    instead: Mapping[str, exp.Expr] = field(default_factory=dict)
    """Columns that are not taken from ``e``: a link as its parent writes the key, where the engine compares loosely."""

    def column(self, name: str) -> exp.Expr:
        """A column of the entity, as it leaves."""
        return self.instead.get(name, column("e", name))

    def select(self, projections: Sequence[exp.Expr], *, bounded: bool = True) -> exp.Select:
        """The query that returns these projections."""
        made = exp.select(*projections).from_(self.table.copy())
        for table, on, kind in self.joins:
            made = made.join(table.copy(), on=on.copy(), join_type=kind)
        conditions = [*self.where, *(self.bounds if bounded else ())]
        return made.where(*(condition.copy() for condition in conditions)) if conditions else made


@dataclass(frozen=True)
class Scoped:
    """An order laid over a profile: the parts of every entity's query."""

    order: Order
    profile: SourceProfile
    selects: Mapping[str, ProfileSelect] = field(init=False)
    fields: Mapping[str, EntityFields] = field(init=False)
    codes: CodeRule = field(init=False)

    def __post_init__(self) -> None:
        """Check that the profile can serve the order; raises OrderError, ProfileError."""
        selects = read_selects(self.profile)
        object.__setattr__(self, "selects", selects)
        object.__setattr__(self, "fields", planned_fields(self.order.scope, self.profile, selects))
        object.__setattr__(self, "codes", code_rule(self.order.scope, self.profile))

    @property
    def dialect(self) -> str:
        """The source's dialect, by sqlglot's name."""
        return DIALECTS[self.profile.engine]

    @property
    def excludes_persons(self) -> bool:
        """Whether every query has a place for excluded persons."""
        return self.order.scope.exclude_persons is not None

    def by_date(self, entity: str) -> bool:
        """Whether batches are ranges of the scope date; else of the entity's key."""
        return entity == "request" or entity in CHILDREN

    @cached_property
    def date_field(self) -> tuple[str, DateStorage]:
        """The request's column that carries the scope date, and its storage."""
        scope = self.profile.entities["request"].scope
        wanted = self.order.scope.dates.field
        name = wanted.removeprefix("request.")
        storages = scope.dates if scope is not None else {}
        storage = storages.get(name, storages.get(wanted))
        if storage is None:
            raise OrderError(
                f"{wanted} bounds the order, and the profile {self.profile.profile} does not say how it is stored",
                location=Location(field="scope.dates.field"),
                hint=f"entities.request.scope.dates holds {', '.join(storages) or 'nothing'}",
            )
        return self.selects["request"].require(name, "it carries the scope date"), storage

    @cached_property
    def site_column(self) -> str:
        """The request's column that carries the site."""
        scope = self.profile.entities["request"].scope
        name = scope.site if scope is not None else "site"
        return self.selects["request"].require(name, "it carries the scope's site")

    def parts(self, entity: str, *, scoped: bool = True, classed: bool = True) -> Parts:
        """Where an entity's rows come from.

        ``scoped=False`` leaves dates, sites, persons and bounds out (to count what stays); ``classed=False`` leaves
        categories out. Raises ``OrderError`` and ``ProfileError`` where the profile lacks what the scope hangs on.
        """
        if entity == "request":
            return self._request(scoped=scoped)
        return self._child(entity, classed=classed) if entity in CHILDREN else self._reached(entity)

    def own(self, entity: str, *more: str) -> exp.Subquery:
        """An entity's SELECT with the needed columns alone, as ``e``."""
        # Requests are counted even where the order names none: scope hangs on them.
        ordered = self.fields[entity].sources if entity in self.fields else (KEY,)
        return derived(self.selects[entity].narrowed({*ordered, *more}), "e")

    def _on_requests(self, alias: str) -> list[exp.Expr]:
        (name, storage), dates, site = self.date_field, self.order.scope.dates, column(alias, self.site_column)
        conditions = predicates.within(column(alias, name), storage, dates, self.dialect)
        conditions.append(predicates.one_of(predicates.exact(site, self.dialect), self.order.scope.sites))
        person = self._person(alias)
        if person is not None:
            conditions.append(predicates.persons_out(person, self.dialect))
        return conditions

    def _person(self, alias: str) -> exp.Expr | None:
        if not self.excludes_persons:
            return None
        self.selects["request"].require("patient", "the order excludes persons")
        return column(alias, "patient")

    def _scope_names(self) -> set[str]:
        return {self.date_field[0], self.site_column, *(["patient"] if self.excludes_persons else [])}

    def _request(self, *, scoped: bool) -> Parts:
        name, storage = self.date_field
        date = column("e", name)
        return Parts(
            table=self.own("request", *self._scope_names()),
            where=tuple(self._on_requests("e")) if scoped else (),
            date=date,
            site=column("e", self.site_column),
            person=self._person("e"),
            bounds=tuple(predicates.bounds(date, storage, self.dialect)) if scoped else (),
        )

    def _requests(self, *more: str) -> exp.Subquery:
        return derived(self.selects["request"].narrowed({*self._scope_names(), *more}), "r")

    def _child(self, entity: str, *, classed: bool) -> Parts:
        name, storage = self.date_field
        select = self.selects[entity]
        select.require("request", "it is in scope through its request")
        joins: list[tuple[exp.Expr, exp.Expr, str]] = [
            (self._requests(KEY), exp.EQ(this=column("e", "request"), expression=column("r", KEY)), "inner")
        ]
        where, more = self._on_requests("r"), ["request"]
        code: exp.Expr | None = None
        if entity == "observation":
            code = column("e", select.require("code", "categories are told by it"))
            more.append("code")
            where += [self._leaves(code)] if classed else []
        elif (link := result_link(entity)) is not None:
            code = exp.cast(exp.null(), "text")
            if link in select.names:
                more.append(link)
                found, code = self._of_result(link)
                joins += [self._results(link)] if "observation" in self.selects else []
                where += [found] if classed else []
        return Parts(
            table=self.own(entity, *more),
            joins=tuple(joins),
            where=tuple(where),
            date=column("r", name),
            site=column("r", self.site_column),
            person=self._person("r"),
            code=code,
            bounds=tuple(predicates.bounds(column("r", name), storage, self.dialect)),
            instead={"request": column("r", KEY)},
        )

    def _results(self, link: str) -> tuple[exp.Expr, exp.Expr, str]:
        select = self.selects["observation"]
        select.require("code", "what hangs on results of an excluded category stays")
        on = exp.EQ(this=column("e", link), expression=column("o", KEY))
        return derived(select.narrowed({KEY, "code"}), "o"), on, "left"

    def _of_result(self, link: str) -> tuple[exp.Expr, exp.Expr]:
        """Whether a row leaves with the result that it hangs on, and that result's code; NULL where it has none."""
        told = "observation" in self.selects
        code = predicates.as_text(column("o", "code"), self.dialect) if told else exp.cast(exp.null(), "text")
        none = exp.Is(this=column("e", link), expression=exp.null())
        leaves = self._leaves(column("o", "code") if told else code)
        shown = exp.Case(default=exp.Coalesce(this=code, expressions=[predicates.literal(NO_CODE)]))
        return exp.paren(exp.or_(none, leaves)), shown.when(none.copy(), exp.null())

    def _leaves(self, code: exp.Expr) -> exp.Expr:
        exact = predicates.exact(code, self.dialect)
        if not self.order.scope.include_unclassifiable:
            return predicates.one_of(exact, sorted(self.codes.allowed))
        if not self.codes.excluded:
            return exp.true()
        missing = exp.Is(this=code.copy(), expression=exp.null())
        return exp.paren(exp.or_(missing, exp.not_(predicates.one_of(exact, sorted(self.codes.excluded)))))

    def _reached(self, entity: str) -> Parts:
        link = "patient" if entity == "payer" else KEY
        self.selects[entity].require(link, "it is in scope through it")
        key, dialect = column("e", KEY), self.dialect
        on = exp.EQ(this=column("e", link), expression=column("s", "_key"))
        persons = self.excludes_persons and entity in {"patient", "payer"}
        return Parts(
            table=self.own(entity, link),
            joins=((derived(self.reach(entity), "s"), on, "inner"),),
            # Again on the entity's own key: on an engine that joins P1 with p1, both must be looked up in the list.
            where=(predicates.persons_out(column("e", link), dialect),) if persons else (),
            date=column("s", "_date"),
            site=column("s", "_site"),
            person=column("e", link) if persons else column("s", "_patient") if self.excludes_persons else None,
            bounds=tuple(predicates.key_bounds(key, dialect)),
        )

    def reach(self, entity: str, *, grouped: bool = True) -> exp.Select:
        """Keys of an entity that in-scope requests lead to, each with the earliest date and a site of theirs.

        ``grouped=False``: one row for each request, for views in front of which persons are still to be excluded.
        """
        routes = [self._route(name) for name in self.routes(entity)]
        union: exp.Query = routes[0]
        for route in routes[1:]:
            union = exp.union(union, route, distinct=False)
        scoped = _SCOPED if self.excludes_persons else _SCOPED[:2]
        if not grouped:
            return exp.select(column("q", "_key"), *(column("q", name) for name in scoped)).from_(derived(union, "q"))
        return earliest(derived(union, "q"), scoped)

    def routes(self, entity: str) -> tuple[str, ...]:
        """The request's columns that lead to an entity; ``OrderError`` if the order names none of them."""
        request = self.selects["request"]
        if entity in {"patient", "payer"}:
            return (request.require("patient", f"{entity} is in scope through it"),)
        if entity == "site":
            return ("site",) if "site" in request.names else (self.site_column,)
        ordered = self.order.scope.fields.get("request", ())
        refers = [f.name for f in CATALOGUE.entity("request").fields if f.refers == entity]
        found = tuple(name for name in refers if name in ordered)
        if not found:
            raise OrderError(
                f"{entity} is ordered, and no ordered field of the request leads to it",
                location=Location(field=f"scope.fields.{entity}"),
                hint=f"order {' or '.join(f'request.{name}' for name in refers)}",
            )
        return tuple(request.require(name, f"{entity} is in scope through it") for name in found)

    def _route(self, name: str) -> exp.Select:
        key = column("r", name)
        values = [named(key, "_key"), named(column("r", self.date_field[0]), "_date")]
        values.append(named(predicates.as_text(column("r", self.site_column), self.dialect), "_site"))
        person = self._person("r")
        if person is not None:
            values.append(named(predicates.as_text(person, self.dialect), "_patient"))
        given = exp.not_(exp.Is(this=key.copy(), expression=exp.null()))
        return exp.select(*values).from_(self._requests(name)).where(*self._on_requests("r"), given)


def earliest(table: exp.Expr, scoped: Sequence[str]) -> exp.Select:
    """One row for each ``_key`` of a table ``q``, with the least of each scope column."""
    least = [named(exp.Min(this=column("q", name)), name) for name in scoped]
    return exp.select(column("q", "_key"), *least).from_(table).group_by(column("q", "_key"))


def check_dialect(scoped: Scoped, dialect: str) -> None:
    """Refuse a source of another engine than the profile's; raises ``ProfileError``."""
    if dialect != scoped.dialect:
        raise ProfileError(
            f"stands on {scoped.profile.engine}, and the source speaks {dialect}", location=Location(field="engine")
        )
