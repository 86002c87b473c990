"""Source keys that stand on several planned rows: found while planning, their rows all set aside (law 3).

One batch cannot see the other's keys, and a target cannot hold two rows under one. So they are looked for in the
source itself, unless it vouches for its keys (:mod:`ecluse.migration.declared`), and the plan lists them.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

from sqlglot import exp

from ecluse.domain.catalogue import KEY
from ecluse.domain.errors import Location, ProfileError
from ecluse.domain.plan import RepeatedKey
from ecluse.migration import predicates
from ecluse.migration.compile import Compiled
from ecluse.migration.declared import DeclaredKeys
from ecluse.migration.keys import key_texts
from ecluse.migration.ports import Source
from ecluse.migration.scoped import Parts, column, derived, named

MOST = 100_000
"""Rows that share a key, of one entity: a list that somebody could still work through. Above it, it is no key."""
_BATCH = 10_000


@dataclass(frozen=True)
class Repeats:
    """Looks for repeated keys of one compiled order, entities of one request each; others lie whole in one batch."""

    source: Source
    compiled: Compiled
    excluded: Sequence[str] | None
    declared: DeclaredKeys = field(init=False)

    def __post_init__(self) -> None:
        """Ask this source for what it declares."""
        object.__setattr__(self, "declared", DeclaredKeys(self.source))

    def all(self) -> tuple[RepeatedKey, ...]:
        """Every repeated key of the order, by entity and key.

        Raises:
            ProfileError: more rows than :data:`MOST` share their keys.
        """
        entities = [entity for entity, query in self.compiled.queries.items() if query.by_date]
        return tuple(each for entity in entities for each in self._of(entity))

    def _of(self, entity: str) -> list[RepeatedKey]:
        if self._vouched(entity):
            return []
        keys = self._keys(entity)
        twice = self._twice(keys)
        if not list(self._rows(exp.select(exp.Star()).from_(derived(twice, "z")).limit(1))):
            return []
        return self._listed(entity, keys, twice)

    def _vouched(self, entity: str) -> bool:
        """Whether no key can be repeated, by the source's own word: its own, and those that it is joined by."""
        selects = self.compiled.scoped.selects
        joined = {entity, "request", *(["observation"] if entity == "comment" and "observation" in selects else [])}
        return all(self.declared.vouched(selects[name]) for name in joined)

    def _keys(self, entity: str) -> exp.Subquery:
        """Key and ``_in``, 1 for a planned row, of every row that could bear a planned row's key."""
        parts = self.compiled.parts(entity)
        inside: exp.Expr = exp.Literal.number(1)
        if entity == "request" and self.compiled.views is None:
            everything = self.compiled.scoped.parts(entity, scoped=False)
            inside = exp.Case(default=exp.Literal.number(0)).when(exp.and_(*parts.where), inside)
            parts = Parts(everything.table, everything.where, parts.date, parts.site, parts.person)
        tree = parts.select([named(column("e", KEY), "_key"), named(inside, "_in")], bounded=False)
        return derived(tree, "k")

    def _twice(self, keys: exp.Subquery) -> exp.Select:
        """``_key`` of rows that follow one of the same key; sorted, since MariaDB groups many keys in a table on disk.

        In the column's own collation: what is one key byte for byte is one in any. SQLite alone may hold a number and
        its text apart, so that there the texts are compared.
        """
        own = column("k", "_key")
        told = predicates.exact(own, self.compiled.dialect) if self.compiled.dialect == "sqlite" else own
        order = exp.Order(expressions=[column("o", "_told")])
        before = exp.Window(this=exp.Lag(this=column("o", "_told")), order=order)
        first = exp.select(named(told, "_told")).from_(keys.copy())
        pairs = exp.select(named(column("o", "_told"), "_told"), named(before, "_before")).from_(derived(first, "o"))
        same = exp.EQ(this=column("p", "_told"), expression=column("p", "_before"))
        return exp.select(named(column("p", "_told"), "_key")).distinct().from_(derived(pairs, "p")).where(same)

    def _listed(self, entity: str, keys: exp.Subquery, twice: exp.Select) -> list[RepeatedKey]:
        own, planned = column("k", "_key"), exp.Sum(this=column("k", "_in"))
        exact = predicates.exact(own, self.compiled.dialect)
        lite = self.compiled.dialect == "sqlite"
        told, by = (exact, [exact]) if lite else (own, [own, exact])
        many = exp.GT(this=exp.Count(this=exp.Star()), expression=exp.Literal.number(1))
        some = exp.GT(this=planned.copy(), expression=exp.Literal.number(0))
        tree = (
            exp.select(named(own, KEY), named(planned, "_rows"))
            .from_(keys.copy())
            .join(derived(twice, "z"), on=exp.EQ(this=column("z", "_key"), expression=told.copy()))
            .group_by(*(each.copy() for each in by))
            .having(exp.and_(many, some))
            .limit(MOST + 1)
        )
        found = [RepeatedKey(entity, key, int(rows)) for key, rows in self._rows(tree) if key]
        if sum(each.rows for each in found) > MOST:
            raise ProfileError(
                f"more than {MOST} rows of {entity} share their key with others: {KEY} is no key",
                location=Location(field=f"entities.{entity}.select"),
                hint="make it unique in the SELECT, for instance by putting the year before a number that starts anew",
            )
        return sorted(found, key=lambda each: each.key)

    def _rows(self, tree: exp.Expr) -> Iterator[tuple[str | None, Any]]:
        """Keys as text and what stands beside; read by the same way as rows are, so that they are told again later."""
        dialect = self.compiled.dialect
        sql = predicates.bind(predicates.to_sql(tree, dialect), dialect, excluded=self.excluded)
        for batch in self.source.stream(sql, _BATCH):
            beside = batch.column(batch.num_columns - 1).to_pylist()
            yield from zip(key_texts(batch.column(0)).to_pylist(), beside, strict=True)
