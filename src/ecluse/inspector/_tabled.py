"""What a database is asked: its tables and columns, and the first rows of one, no cell longer than it need be.

Cells come as text, cut by the server: what is long is not fetched to be thrown away, and what is bytes not at all.
"""

# ruff: noqa: S608  (names are the catalogue's own, quoted as each engine does)

from dataclasses import dataclass
from typing import Final

LONGEST = 1000
"""Characters of a cell."""
_LONGEST_BLOB = 250
"""Of Firebird's texts in blobs, whose rows may not be long."""
_WIDEST, _MOST = 400, 50_000
"""Columns of a table; columns of all tables together."""
_BYTES = frozenset({"bytea", "blob", "tinyblob", "mediumblob", "longblob", "binary", "varbinary", "bit", "geometry"})
"""Types whose cells are no text."""

CATALOGUE: Final[dict[str, str]] = {
    "sqlite": "SELECT m.name AS t, c.name AS c, '' AS k FROM sqlite_schema AS m JOIN pragma_table_info(m.name) AS c "
              "WHERE m.type = 'table' AND m.name NOT LIKE 'sqlite~_%' ESCAPE '~' AND m.sql NOT LIKE 'CREATE VIRTUAL%' "
              f"ORDER BY m.name, c.cid LIMIT {_MOST}",
    "postgres": "SELECT quote_ident(n.nspname) || '.' || quote_ident(r.relname) AS t, a.attname::text AS c, "
                "format_type(a.atttypid, NULL) AS k FROM pg_class r JOIN pg_namespace n ON n.oid = r.relnamespace "
                "JOIN pg_attribute a ON a.attrelid = r.oid WHERE r.relkind IN ('r', 'p') AND a.attnum > 0 "
                "AND NOT a.attisdropped AND n.nspname NOT IN ('pg_catalog', 'information_schema') "
                "AND n.nspname NOT LIKE 'pg~_%' ESCAPE '~' AND has_schema_privilege(n.oid, 'USAGE') "
                f"AND has_column_privilege(r.oid, a.attnum, 'SELECT') ORDER BY 1, a.attnum LIMIT {_MOST}",
    "mysql": "SELECT t.TABLE_NAME AS t, c.COLUMN_NAME AS c, c.DATA_TYPE AS k FROM information_schema.TABLES AS t "
             "JOIN information_schema.COLUMNS AS c ON c.TABLE_SCHEMA = t.TABLE_SCHEMA AND c.TABLE_NAME = t.TABLE_NAME "
             "WHERE t.TABLE_SCHEMA = DATABASE() AND t.TABLE_TYPE = 'BASE TABLE' "
             f"ORDER BY t.TABLE_NAME, c.ORDINAL_POSITION LIMIT {_MOST}",
    "firebird": f"SELECT FIRST {_MOST} TRIM(r.RDB$RELATION_NAME) AS t, TRIM(f.RDB$FIELD_NAME) AS c, "
                "CASE WHEN d.RDB$FIELD_TYPE <> 261 THEN '' WHEN d.RDB$FIELD_SUB_TYPE = 1 THEN 'text' ELSE 'blob' END "
                "AS k "
                "FROM RDB$RELATIONS r JOIN RDB$RELATION_FIELDS f ON f.RDB$RELATION_NAME = r.RDB$RELATION_NAME "
                "JOIN RDB$FIELDS d ON d.RDB$FIELD_NAME = f.RDB$FIELD_SOURCE "
                "WHERE COALESCE(r.RDB$SYSTEM_FLAG, 0) = 0 AND r.RDB$VIEW_BLR IS NULL ORDER BY 1, f.RDB$FIELD_POSITION",
}  # fmt: skip
"""By dialect: every table (``t``, as it is written in a query where the server quotes it), column and type."""


@dataclass(frozen=True, slots=True)
class Table:
    """A table, and those of its columns that may hold text, with their types."""

    name: str
    columns: tuple[tuple[str, str], ...]


def tables(catalogue: list[dict[str, object]]) -> list[Table]:
    """The tables of a catalogue's answer; two columns whose names are alike but for their case count as one."""
    found: dict[str, dict[str, tuple[str, str]]] = {}
    for row in catalogue:
        columns = found.setdefault(str(row["t"]), {})
        name, kind = str(row["c"]), str(row["k"] or "").lower()
        if kind not in _BYTES and len(columns) < _WIDEST:
            columns.setdefault(name.lower(), (name, kind))
    return [Table(name, tuple(columns.values())) for name, columns in found.items()]


def sample(dialect: str, table: Table, rows: int) -> str:
    """The query for the first rows of a table that has columns."""
    quote = "`" if dialect == "mysql" else '"'
    name = table.name if dialect == "postgres" else _quoted(table.name, quote)
    listed = ", ".join(_cut(dialect, _quoted(column, quote), kind) for column, kind in table.columns)
    if dialect == "firebird":
        return f"SELECT FIRST {rows} {listed} FROM {name}"
    return f"SELECT {listed} FROM {name} LIMIT {rows}"


def _quoted(name: str, quote: str) -> str:
    return quote + name.replace(quote, quote * 2) + quote


def _cut(dialect: str, column: str, kind: str) -> str:
    """A column's cells as text, no longer than they need be, by the column's own name."""
    match dialect:
        case "postgres":
            return f"left({column}::text, {LONGEST}) AS {column}"
        case "mysql":
            return f"LEFT(CAST({column} AS CHAR), {LONGEST}) AS {column}"
        case "sqlite":
            text = f"substr(CAST({column} AS TEXT), 1, {LONGEST})"
            return f"CASE typeof({column}) WHEN 'blob' THEN NULL ELSE {text} END AS {column}"
        case _ if kind == "text":
            return f"CAST(SUBSTRING({column} FROM 1 FOR {_LONGEST_BLOB}) AS VARCHAR({_LONGEST_BLOB})) AS {column}"
        case _:
            return column
