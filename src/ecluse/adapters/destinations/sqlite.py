"""SQLite as a destination, by ADBC: Arrow batches bound in C (1.2 million rows/s; the standard library's 0.4).

SQLite keeps decimals of NUMERIC columns as doubles: values of more than 15 digits are refused there, and those it has
come back through 15-digit text, which gives the same decimal. Dates and times are ISO 8601 text. Nothing is written
but the destination's own file and SQLite's journal beside it: ``temp_store`` is memory.
"""

import contextlib
import re
from collections.abc import Iterator, Sequence
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Any
from urllib.parse import quote

import adbc_driver_manager
import adbc_driver_sqlite.dbapi
import pyarrow as pa

from ecluse.adapters.destinations._bracket import Bracket
from ecluse.adapters.destinations._columns import Kind, TargetColumn, TargetTable, plain_text
from ecluse.adapters.destinations._reading import READ_BATCH_ROWS, ReadColumn
from ecluse.adapters.destinations._sql import SqlDestination
from ecluse.domain.errors import BusyError, DestinationError, EcluseError, StorageError
from ecluse.domain.profile import DestinationProfile
from ecluse.migration.ports import StagedBatch

__all__ = ["SqliteDestination"]

_BIND_ROWS = 65_536
_SETTINGS = ("busy_timeout = 60000", "temp_store = MEMORY", "foreign_keys = ON", "legacy_alter_table = ON")
_NAME = r"""(?:"(?:[^"]|"")*"|`(?:[^`]|``)*`|\[[^\]]*\]|'(?:[^']|'')*'|\w+)"""
_CREATE = re.compile(rf"^\s*CREATE\s+TABLE\s+{_NAME}(?=\s|\()", re.IGNORECASE)
_PLAIN_CREATE = re.compile(rf"^\s*CREATE\s+TABLE\s+{_NAME}\s*\(", re.IGNORECASE)
# SQLite's own words, which hold names and never values.
_REFUSAL = re.compile(r"(UNIQUE|NOT NULL|CHECK|FOREIGN KEY) constraint failed(?:: ([\w., ]+))?")


class SqliteDestination(SqlDestination):
    """One connection. Everything of a step, DDL included, is one transaction; writers take turns."""

    ledger_columns = {"name": "TEXT", "moment": "TEXT"}  # noqa: RUF012  a constant of the class
    share_lock = update_lock = ""

    def __init__(self, path: Path, profile: DestinationProfile) -> None:
        """Opens a database that exists; ``DestinationError`` if it does not: a new one would be somebody's mistake."""
        super().__init__(profile)
        # A reader that turns writer is refused, not queued: everybody queues as a writer from the start.
        begin, commit = lambda: self._run("BEGIN IMMEDIATE"), lambda: self._run("COMMIT")
        self._bracket = Bracket(begin, commit, self._undo, (adbc_driver_manager.Error,), _translated)
        if not path.is_file():
            raise DestinationError("there is no such SQLite database", hint="create it with the new system's tables")
        failure: EcluseError
        try:
            uri = f"file:{quote(str(path))}?mode=rw"
            self._connection = adbc_driver_sqlite.dbapi.connect(uri, autocommit=True)
            with self._connection.cursor() as cursor:
                for setting in _SETTINGS:
                    cursor.execute(f"PRAGMA {setting}")
        except adbc_driver_manager.Error as error:
            failure = _translated(error)
        else:
            return
        raise failure

    def close(self) -> None:
        """Let the connection go."""
        self._connection.close()

    def _transaction(self) -> AbstractContextManager[None]:
        return self._bracket.block()

    def _undo(self) -> None:
        with contextlib.suppress(adbc_driver_manager.Error):
            self._run("ROLLBACK")

    def _run(self, sql: str, *parameters: object) -> list[tuple[Any, ...]]:
        with self._connection.cursor() as cursor:
            cursor.execute(sql.replace("%s", "?") if parameters else sql, parameters or None)
            return list(cursor.fetchall()) if cursor.description else []

    def _exists(self, table: str) -> bool:
        return bool(self._run("SELECT 1 FROM sqlite_master WHERE type = 'table' AND lower(name) = lower(%s)", table))

    def table(self, table: str) -> str:
        """A table's name: SQLite has one schema, so a dot is part of it."""
        return self.name(table)

    def _describe(self, table: str) -> TargetTable | None:
        rows = self._run(
            'SELECT name, type, "notnull", dflt_value IS NULL, pk, hidden FROM pragma_table_xinfo(%s)', table
        )
        if not rows:
            return None
        columns = {str(row[0]): _column(row) for row in rows}
        keys = [row for row in rows if row[4]]
        unique = {str(keys[0][0])} if len(keys) == 1 else set()
        for (name,) in self._run('SELECT name FROM pragma_index_list(%s) WHERE "unique" AND NOT partial', table):
            members = [member for (member,) in self._run("SELECT name FROM pragma_index_info(%s)", name)]
            unique |= {str(members[0])} if len(members) == 1 and members[0] is not None else set()
        return TargetTable(table, columns, frozenset(unique), self._obstacles(table))

    def _obstacles(self, table: str) -> tuple[str, ...]:
        found = []
        rows = self._run("SELECT type, sql FROM sqlite_master WHERE lower(name) = lower(%s)", table)
        if not rows or rows[0][0] != "table" or not _PLAIN_CREATE.match(rows[0][1] or ""):
            found.append("it is not an ordinary table")
        if self._run("SELECT 1 FROM sqlite_master WHERE type = 'trigger' AND lower(tbl_name) = lower(%s)", table):
            found.append("it has triggers")
        referring = (
            "SELECT 1 FROM sqlite_master m JOIN pragma_foreign_key_list(m.name) f "
            "WHERE m.type = 'table' AND lower(f.\"table\") = lower(%s)"
        )
        if self._run(referring, table):
            found.append("foreign keys refer to it")
        return tuple(found)

    def _create_stage(self, stage: str, table: str, columns: Sequence[str] | None) -> None:
        if self._exists(stage):
            return
        if columns is None:
            [(sql,)] = self._run("SELECT sql FROM sqlite_master WHERE lower(name) = lower(%s)", table)
            self._run(_CREATE.sub(lambda _: f"CREATE TABLE {self.name(stage)}", sql, count=1))
        else:
            names = ", ".join(map(self.name, columns))
            self._run(f"CREATE TABLE {self.name(stage)} AS SELECT {names} FROM {self.name(table)} WHERE 0")  # noqa: S608

    def _claim(self, order: str, batch: StagedBatch) -> bool:
        sql = (
            "INSERT INTO ecluse_ledger (order_digest, batch, entity, parcel_digest, row_count) "
            "VALUES (%s, %s, %s, %s, %s) ON CONFLICT DO NOTHING RETURNING 1"
        )
        return bool(self._run(sql, order, batch.batch, batch.entity, batch.parcel, batch.rows.num_rows))

    def _load(self, stage: str, rows: pa.Table, columns: Sequence[TargetColumn]) -> None:
        names = ", ".join(self.name(column.name) for column in columns)
        marks = ", ".join("?" for _ in columns)
        bound = pa.table([_bindable(array) for array in rows.columns], names=rows.column_names)
        with self._connection.cursor() as cursor:
            for start in range(0, bound.num_rows, _BIND_ROWS):
                part = bound.slice(start, _BIND_ROWS)
                cursor.executemany(f"INSERT INTO {self.name(stage)} ({names}) VALUES ({marks})", part)  # noqa: S608

    def _swap(self, pairs: Sequence[tuple[str, str, str]]) -> None:
        for stage, table, _ in pairs:
            described = self._describe(table)
            if described is None or described.obstacles or self._has_rows(table):
                raise DestinationError(f"table {table} was used since the order was prepared: it cannot be swapped")
            of_table = "FROM sqlite_master WHERE type = 'index' AND sql IS NOT NULL AND lower(tbl_name) = lower(%s)"
            indexes = [str(sql) for (sql,) in self._run(f"SELECT sql {of_table} ORDER BY name", table)]
            self._run(f"DROP TABLE {self.name(table)}")
            self._run(f"ALTER TABLE {self.name(stage)} RENAME TO {self.name(table)}")
            for sql in indexes:
                self._run(sql)

    def _differs(self, left: str, right: str, column: TargetColumn) -> str:
        if column.kind in (Kind.TEXT, Kind.DATE, Kind.TIMESTAMP):
            return f"{left} COLLATE BINARY IS NOT {right}"
        return f"{left} IS NOT {right}"

    def _fill(self, stage: str, table: str, key: str, columns: Sequence[str]) -> str:
        sets = ", ".join(f"{c} = COALESCE(t.{c}, s.{c})" for c in columns)
        empty = " OR ".join(f"t.{c} IS NULL AND s.{c} IS NOT NULL" for c in columns)
        return f"UPDATE {table} AS t SET {sets} FROM {stage} s WHERE t.{key} = s.{key} AND ({empty})"  # noqa: S608

    def _analyze(self, stage: str) -> None:
        """Nothing: ANALYZE would leave statistics of ours in the destination."""

    def _read(self, side: str, column: TargetColumn) -> str:
        name = super()._read(side, column)
        if column.kind is Kind.TEXT:
            return f"CAST({name} AS TEXT)"
        if column.kind is not Kind.FLOATING:
            return name
        # SQLite's own text of a double has 17 digits (measured on 3.53), and the last are noise: 15 were let in.
        return f"CASE typeof({name}) WHEN 'real' THEN printf('%.15g', {name}) ELSE CAST({name} AS TEXT) END"

    def _stream(self, sql: str, columns: Sequence[ReadColumn]) -> Iterator[pa.RecordBatch]:
        # The driver takes each column's type from the first row, so the first row is ours.
        first = ", ".join(f"{_EXAMPLES.get(c.column.kind, repr(''))} AS {c.alias}" for c in columns)
        statement = f"SELECT {first} UNION ALL SELECT * FROM ({sql})"  # noqa: S608  identifiers, quoted
        failure: EcluseError | None = None
        options = {"adbc.sqlite.query.batch_rows": str(READ_BATCH_ROWS)}
        try:
            with self._connection.cursor(adbc_stmt_kwargs=options) as cursor:
                cursor.execute(statement)
                skip = 1
                for batch in cursor.fetch_record_batch():
                    yield batch.slice(skip)
                    skip = 0
        except (adbc_driver_manager.Error, pa.ArrowException, OSError):
            failure = DestinationError("the destination holds values of other types than were loaded")
        if failure:
            raise failure


_EXAMPLES = {Kind.INTEGER: "0", Kind.BOOLEAN: "0", Kind.BINARY: "X'00'"}


def _column(row: tuple[Any, ...]) -> TargetColumn:
    """By SQLite's rules of type affinity, with names of dates and booleans read as they are meant."""
    name, declared, notnull, no_default, key, hidden = row
    upper = str(declared).upper()
    rules = (
        (Kind.BOOLEAN, ("BOOL",)),
        (Kind.TIMESTAMP, ("DATETIME", "TIMESTAMP")),
        (Kind.DATE, ("DATE",)),
        (Kind.INTEGER, ("INT",)),
        (Kind.TEXT, ("CHAR", "CLOB", "TEXT")),
        (Kind.BINARY, ("BLOB",)),
    )
    kind = next((kind for kind, words in rules if any(word in upper for word in words)), Kind.FLOATING)
    rowid = key and upper == "INTEGER"
    required = bool(notnull) and bool(no_default) and not rowid
    return TargetColumn(
        str(name),
        kind if upper else Kind.TEXT,
        upper or "without type",
        zero_byte=False,  # SQLite's own functions end a text at its first NUL
        required=required,
        nullable=not notnull,
        generated=hidden in (2, 3),
    )


def _bindable(array: pa.ChunkedArray) -> pa.ChunkedArray:
    if pa.types.is_boolean(array.type):
        return array.cast(pa.int64())
    if pa.types.is_decimal(array.type):
        return plain_text(array)
    if pa.types.is_date32(array.type) or pa.types.is_timestamp(array.type):
        return pa.compute.replace_substring_regex(array.cast(pa.string()), r"\.0+$", "")
    return array


def _translated(error: Exception) -> EcluseError:
    text = str(error)
    refusal = _REFUSAL.search(text)
    if refusal:
        where = f" ({refusal[2]})" if refusal[2] else ""
        return DestinationError(f"a {refusal[1].lower()} constraint of the target refuses rows{where}")
    if "locked" in text or "busy" in text:
        return BusyError("another process writes to the destination's database")
    if any(word in text for word in ("full", "I/O", "readonly", "unable to open", "malformed")):
        return StorageError("the destination's database file cannot be written")
    return DestinationError("the destination refuses a statement")
