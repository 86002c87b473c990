"""A profile's SELECTs: parsed, checked, and cut down to the columns that a query needs.

A SELECT runs under the source's read-only role: functions with side effects cannot be told from others by reading
SQL, so the role, not a list of names, is what keeps them harmless. What can be read is refused here: anything but one
SELECT, and anything that filters by position (LIMIT) or locks.
"""

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from difflib import get_close_matches

import sqlglot
from sqlglot import exp
from sqlglot.errors import SqlglotError

from ecluse.domain.catalogue import CATALOGUE, FieldClass
from ecluse.domain.errors import Location, ProfileError
from ecluse.domain.profile import Engine, SourceProfile
from ecluse.migration import firebird_sql

DIALECTS: Mapping[Engine, str] = {
    Engine.POSTGRESQL: "postgres",
    Engine.MYSQL: "mysql",
    Engine.SQLITE: "sqlite",
    Engine.CSV: "duckdb",
    Engine.FILES: "duckdb",
    Engine.FIREBIRD: firebird_sql.Firebird.__name__.lower(),
    Engine.ORACLE: "oracle",
    Engine.SQLSERVER: "tsql",
}
"""sqlglot's name of each engine's dialect; CSV files are tables of DuckDB."""

_WRITES = (exp.DML, exp.DDL, exp.Command, exp.Into, exp.Lock)
_CUTS = ("limit", "offset", "fetch", "sample")
# With any of these, leaving a projection out could change which rows come.
_SHAPES = ("distinct", "group", "having", "qualify")


@dataclass(frozen=True)
class ProfileSelect:
    """One entity's SELECT, its output columns named as the catalogue names them."""

    entity: str
    tree: exp.Query
    names: tuple[str, ...]

    def missing(self, name: str, why: str) -> ProfileError:
        """The error that says that this SELECT lacks a column."""
        return ProfileError(f"yields no column {name!r}: {why}", location=_place(self.entity))

    def require(self, name: str, why: str) -> str:
        """The name itself, if the SELECT yields it; ``ProfileError`` otherwise."""
        if name not in self.names:
            raise self.missing(name, why)
        return name

    def narrowed(self, wanted: Collection[str]) -> exp.Query:
        """The SELECT with the wanted output columns alone, where leaving others out cannot change the rows."""
        tree = self.tree.copy()
        if not all(_prunable(select) for select in _branches(tree)) or not _only_union_all(tree):
            return tree
        keep = set(wanted) | _mentioned(tree, self.names)
        indexes = [i for i, name in enumerate(self.names) if name in keep]
        for select in _branches(tree):
            select.set("expressions", [select.expressions[i] for i in indexes])
            select.set("order", None)
        return tree


def read_selects(profile: SourceProfile) -> Mapping[str, ProfileSelect]:
    """Every SELECT of a profile, checked.

    Raises:
        ProfileError: naming ``entities.<name>.select``, the line where there is one, and the column.
    """
    dialect = DIALECTS[profile.engine]
    return {name: _read(name, entity.select, dialect) for name, entity in profile.entities.items()}


def _place(entity: str, line: int | None = None) -> Location:
    return Location(line=line, field=f"entities.{entity}.select")


def _read(entity: str, text: str, dialect: str) -> ProfileSelect:
    tree = _parse(entity, text, dialect)
    for node in tree.walk():
        if isinstance(node, _WRITES) and not isinstance(node, exp.Query):
            raise ProfileError(f"holds {node.key.upper()}: a profile only reads", location=_place(entity))
        if isinstance(node, exp.Placeholder | exp.Parameter):
            raise ProfileError("holds a parameter: a profile's SELECT stands alone", location=_place(entity))
    for branch in _branches(tree):
        if any(branch.args.get(cut) for cut in _CUTS):
            raise ProfileError("cuts rows off (LIMIT): a profile never filters", location=_place(entity))
    if any(tree.args.get(cut) for cut in _CUTS):
        raise ProfileError("cuts rows off (LIMIT): a profile never filters", location=_place(entity))
    tree.set("order", None)
    names = _names(entity, next(_branches(tree)))
    _check_names(entity, names)
    for branch in _branches(tree):
        _rename(entity, branch, names)
    return ProfileSelect(entity, tree, names)


def _parse(entity: str, text: str, dialect: str) -> exp.Query:
    try:
        statements = [s for s in sqlglot.parse(text, read=dialect) if s is not None]
    except SqlglotError as error:
        details = getattr(error, "errors", None) or [{}]
        line = details[0].get("line")
        raise ProfileError(f"does not parse as {dialect}", location=_place(entity, line)) from None
    if len(statements) != 1:
        raise ProfileError("must be exactly one statement", location=_place(entity))
    tree = statements[0]
    while isinstance(tree, exp.Subquery) and not tree.alias:
        tree = tree.this
    if not isinstance(tree, exp.Select | exp.SetOperation):
        raise ProfileError("must be a SELECT", location=_place(entity))
    return tree


def _branches(tree: exp.Expr) -> Iterator[exp.Select]:
    """The SELECTs whose rows, put together, are the query's."""
    if isinstance(tree, exp.SetOperation):
        yield from _branches(tree.left)
        yield from _branches(tree.right)
    elif isinstance(tree, exp.Subquery):
        yield from _branches(tree.this)
    elif isinstance(tree, exp.Select):
        yield tree


def _names(entity: str, select: exp.Select) -> tuple[str, ...]:
    made = []
    for position, projection in enumerate(select.expressions, 1):
        if projection.is_star:
            raise ProfileError("holds '*': name every column", location=_place(entity))
        if not isinstance(projection, exp.Alias | exp.Column):
            raise ProfileError(f"column {position} has no name: write AS", location=_place(entity))
        made.append(projection.output_name.lower())
    return tuple(made)


def _check_names(entity: str, names: tuple[str, ...]) -> None:
    known = {column.name: column for column in CATALOGUE.entity(entity).columns}
    for name in names:
        if names.count(name) > 1:
            raise ProfileError(f"yields {name!r} twice", location=_place(entity))
        if name.startswith("_"):
            continue
        if name not in known:
            close = get_close_matches(name, known, n=3, cutoff=0.6)
            hint = f"did you mean {' or '.join(close)}? " if close else ""
            raise ProfileError(
                f"column {name!r} is not in the catalogue",
                location=_place(entity),
                hint=f"{hint}helper columns start with '_'",
            )
        if known[name].kind is FieldClass.SECRET:
            raise ProfileError(f"column {name!r} is a secret, which no query may read (R14)", location=_place(entity))
    if "source_id" not in names:
        raise ProfileError("yields no column 'source_id', the key of every row", location=_place(entity))


def _rename(entity: str, select: exp.Select, names: tuple[str, ...]) -> None:
    """Give every branch the same quoted names, so that no engine's folding of case matters."""
    if len(select.expressions) != len(names):
        raise ProfileError("its SELECTs yield different numbers of columns", location=_place(entity))
    made = []
    for projection, name in zip(select.expressions, names, strict=True):
        if projection.is_star:
            raise ProfileError("holds '*': name every column", location=_place(entity))
        made.append(exp.alias_(projection.unalias().copy(), name, quoted=True))
    select.set("expressions", made)


def _prunable(select: exp.Select) -> bool:
    return not any(select.args.get(shape) for shape in _SHAPES)


def _only_union_all(tree: exp.Expr) -> bool:
    return all(isinstance(node, exp.Union) and not node.args.get("distinct") for node in _operations(tree))


def _operations(tree: exp.Expr) -> Iterator[exp.SetOperation]:
    if isinstance(tree, exp.SetOperation):
        yield tree
        yield from _operations(tree.left)
        yield from _operations(tree.right)
    elif isinstance(tree, exp.Subquery):
        yield from _operations(tree.this)


def _mentioned(tree: exp.Expr, names: tuple[str, ...]) -> set[str]:
    """Output names that a condition may mean: SQLite lets WHERE name an alias."""
    found: set[str] = set()
    for select in _branches(tree):
        for part in ("where", "joins"):
            value = select.args.get(part)
            for node in value if isinstance(value, list) else [value] if value else []:
                found |= {c.name.lower() for c in node.find_all(exp.Column) if not c.table}
    return found & set(names)
