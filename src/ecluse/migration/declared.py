"""Where the source itself vouches that a profile's key is unique, so that nobody need look for repeated ones.

A key is vouched for where the SELECT takes it bare from one table that declares it unique (alone in a primary key or a
unique index), and whatever it joins to that table is joined by a column that its own table declares unique, so that no
row is multiplied. Anything else is "not vouched for", never an error.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

from sqlglot import exp

from ecluse.domain.catalogue import KEY
from ecluse.migration.ports import Source
from ecluse.migration.predicates import literal
from ecluse.migration.selects import ProfileSelect

_MULTIPLIES = ("with_", "laterals", "group")
# PostgreSQL has functions that return a set, and multiply rows from within a projection; these do not.
_SINGLE = (
    exp.And, exp.Or, exp.Case, exp.If, exp.Cast, exp.Coalesce, exp.Nullif, exp.Concat, exp.ConcatWs, exp.Substring,
    exp.Upper, exp.Lower, exp.Trim, exp.Length, exp.Replace, exp.TimeToStr, exp.StrToTime, exp.StrToDate, exp.Extract,
)  # fmt: skip
# Only indexes that hold for every row of the table as a SELECT reads it: valid, not partial, of one bare column; and
# none of a table that others inherit from, since the index does not see their rows.
_POSTGRES = """SELECT a.attname AS name FROM pg_index i JOIN pg_class c ON c.oid = i.indrelid
JOIN pg_namespace n ON n.oid = c.relnamespace JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum = i.indkey[0]
WHERE c.relname = {table} AND {schema} AND i.indisunique AND i.indisvalid AND i.indnatts = 1 AND i.indpred IS NULL
AND i.indexprs IS NULL AND c.relkind IN ('r', 'p')
AND (c.relkind = 'p' OR NOT EXISTS (SELECT 1 FROM pg_inherits h WHERE h.inhparent = c.oid))"""
_MYSQL = """SELECT LOWER(MIN(s.COLUMN_NAME)) AS name FROM information_schema.STATISTICS s
WHERE s.TABLE_SCHEMA = {schema} AND s.NON_UNIQUE = 0
AND s.TABLE_NAME = {table} AND (CAST(s.TABLE_NAME AS BINARY) = CAST({table} AS BINARY) OR @@lower_case_table_names <> 0)
GROUP BY s.INDEX_NAME HAVING COUNT(*) = 1"""
# Without a declared type SQLite tells 1 from '1', which are one key to everybody else.
_SQLITE = """SELECT lower(t.name) AS name FROM pragma_table_info({table}) t
WHERE (upper(t.type) LIKE '%INT%' OR upper(t.type) LIKE '%CHAR%' OR upper(t.type) LIKE '%TEXT%') AND (
(t.pk = 1 AND (SELECT COUNT(*) FROM pragma_table_info({table}) o WHERE o.pk > 0) = 1)
OR t.name IN (SELECT MIN(c.name) FROM pragma_index_list({table}) l, pragma_index_info(l.name) c
WHERE l."unique" = 1 AND l.partial = 0 GROUP BY l.name HAVING COUNT(*) = 1))"""


@dataclass(frozen=True)
class DeclaredKeys:
    """Asks one source's catalogue, once a table."""

    source: Source
    _known: dict[tuple[str, str], frozenset[str]] = field(default_factory=dict)

    def vouched(self, select: ProfileSelect) -> bool:
        """Whether no two rows of a SELECT can share their key."""
        tree = select.tree
        if not isinstance(tree, exp.Select) or any(tree.args.get(part) for part in _MULTIPLIES):
            return False
        if self.source.dialect == "postgres" and not all(isinstance(f, _SINGLE) for f in _functions(tree)):
            return False
        start = tree.args.get("from_")
        table = start.this if start is not None else None
        key = next(p.unalias() for p in tree.expressions if p.output_name == KEY)
        joins: list[exp.Join] = tree.args.get("joins") or []
        if not isinstance(table, exp.Table) or not isinstance(key, exp.Column):
            return False
        if key.table != table.alias_or_name and (key.table or joins):
            return False
        return self._unique(table, key) and all(self._joins_one(join) for join in joins)

    def _joins_one(self, join: exp.Join) -> bool:
        """Whether a join finds one row at the most for each row that it joins to."""
        table, on = join.this, join.args.get("on")
        if not isinstance(table, exp.Table) or on is None or join.side not in {"", "LEFT"} or join.method:
            return False
        return any(self._unique(table, column) for column in _equated(on, table.alias_or_name))

    def _unique(self, table: exp.Table, column: exp.Column) -> bool:
        if table.args.get("joins") or table.args.get("laterals"):
            return False
        return _folded(column.this, self.source.dialect) in self._columns(table)

    def _columns(self, table: exp.Table) -> frozenset[str]:
        """Columns of a table that are unique alone."""
        ask = _ASK.get(self.source.dialect)
        if ask is None or not isinstance(table.this, exp.Identifier) or table.args.get("catalog"):
            return frozenset()
        schema = table.args.get("db")
        name = (schema.name if schema is not None else "", table.name)
        if name not in self._known:
            found = self.source.query(ask(table)).column("name").to_pylist()
            self._known[name] = frozenset(str(column) for column in found)
        return self._known[name]


def _functions(tree: exp.Select) -> Iterator[exp.Expr]:
    for projection in tree.expressions:
        yield from projection.find_all(exp.Func)


def _equated(on: exp.Expr, alias: str) -> Iterator[exp.Column]:
    """Columns of the joined table that must equal something of the tables before it."""
    for part in on.unnest().flatten() if isinstance(on.unnest(), exp.And) else [on.unnest()]:
        condition = part.unnest()
        if not isinstance(condition, exp.EQ):
            continue
        for mine, other in ((condition.left, condition.right), (condition.right, condition.left)):
            tables = {column.table for column in other.find_all(exp.Column)}
            if isinstance(mine, exp.Column) and mine.table == alias and not tables & {alias, ""}:
                yield mine


def _folded(name: exp.Expr, dialect: str) -> str:
    """A name as the catalogue's answer has it."""
    quoted = isinstance(name, exp.Identifier) and bool(name.args.get("quoted"))
    return name.name if dialect == "postgres" and quoted else name.name.lower()


def _ask_postgres(table: exp.Table) -> str:
    schema = table.args.get("db")
    within = "pg_catalog.pg_table_is_visible(c.oid)"
    if schema is not None:
        within = f"n.nspname = {_text(_folded(schema, 'postgres'), 'postgres')}"
    return _POSTGRES.format(table=_text(_folded(table.this, "postgres"), "postgres"), schema=within)


def _ask_mysql(table: exp.Table) -> str:
    schema = table.args.get("db")
    return _MYSQL.format(
        table=_text(table.name, "mysql"), schema=_text(schema.name, "mysql") if schema is not None else "DATABASE()"
    )


def _ask_sqlite(table: exp.Table) -> str:
    return _SQLITE.format(table=_text(table.name, "sqlite"))


def _text(name: str, dialect: str) -> str:
    return literal(name).sql(dialect=dialect)


_ASK: dict[str, Callable[[exp.Table], str]] = {
    "postgres": _ask_postgres,
    "mysql": _ask_mysql,
    "sqlite": _ask_sqlite,
}
