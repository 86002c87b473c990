"""MariaDB and MySQL as a destination: LOAD DATA through a pipe in, DuckDB's scanner out.

LOAD DATA LOCAL reads a pipe of our own process, never a file: text is built column-wise by Arrow (365,000 rows/s;
multi-row INSERTs 190,000, DuckDB's writer 143,000, executemany 69,000: decision 0004). With LOCAL the server turns
errors into warnings and cuts or skips what it does not like, so one warning, or one row less, undoes the transaction.

DDL commits here, so a publication with swaps has two steps: everything merged and the state ``merged`` in one
transaction; then one RENAME TABLE of all tables at once, which is atomic; then ``published``. Killed anywhere, it goes
on from there.
"""

import contextlib
import re
from collections.abc import Iterator, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import replace
from functools import partial
from typing import Any

import pyarrow as pa
import pymysql
from pymysql.cursors import Cursor

from ecluse.adapters.destinations._bracket import Bracket
from ecluse.adapters.destinations._columns import Kind, TargetColumn, TargetTable
from ecluse.adapters.destinations._mysql_pipe import Pipe
from ecluse.adapters.destinations._reading import ReadColumn, server_stream
from ecluse.adapters.destinations._sql import SqlDestination, State, scrubbed
from ecluse.adapters.sources.mysql import MysqlSource
from ecluse.adapters.sources.mysql import _options as connection_options
from ecluse.adapters.sources.spec import SourceSpec
from ecluse.domain.errors import BusyError, ConnectionLostError, DestinationError, EcluseError, StorageError
from ecluse.domain.profile import DestinationProfile
from ecluse.migration.ports import StagedBatch

__all__ = ["MysqlDestination"]

_SETTINGS = (
    # Not NO_ZERO_DATE: a target may have the zero date as its own default. None of ours can be one: Arrow has none.
    "SET SESSION sql_mode = 'STRICT_ALL_TABLES,NO_ENGINE_SUBSTITUTION,NO_ZERO_IN_DATE'",
    "SET SESSION innodb_lock_wait_timeout = 120",
    "SET SESSION TRANSACTION ISOLATION LEVEL REPEATABLE READ",
)
_KINDS = {
    "varchar": Kind.TEXT,
    "tinytext": Kind.TEXT,
    "text": Kind.TEXT,
    "mediumtext": Kind.TEXT,
    "longtext": Kind.TEXT,
    "char": Kind.PADDED,
    "date": Kind.DATE,
    "datetime": Kind.TIMESTAMP,
    "decimal": Kind.DECIMAL,
    "tinyint": Kind.INTEGER,
    "smallint": Kind.INTEGER,
    "int": Kind.INTEGER,
    "bigint": Kind.INTEGER,
    "varbinary": Kind.BINARY,
    "tinyblob": Kind.BINARY,
    "blob": Kind.BINARY,
    "mediumblob": Kind.BINARY,
    "longblob": Kind.BINARY,
}
_BITS = {"tinyint": 8, "smallint": 16, "int": 32, "bigint": 64}

_COLUMNS = """
SELECT column_name, data_type, column_type, character_maximum_length, numeric_precision, numeric_scale,
       datetime_precision, is_nullable = 'NO' AND column_default IS NULL AND extra NOT LIKE '%%auto_increment%%',
       extra LIKE '%%GENERATED%%', is_nullable = 'YES'
FROM information_schema.columns WHERE table_schema = {schema} AND table_name = %s ORDER BY ordinal_position"""
_UNIQUE = """
SELECT MIN(column_name) FROM information_schema.statistics
WHERE table_schema = {schema} AND table_name = %s AND non_unique = 0
GROUP BY index_name HAVING COUNT(*) = 1 AND MAX(sub_part) IS NULL"""
_OBSTACLES = """
SELECT 'foreign keys refer to it' FROM information_schema.key_column_usage
  WHERE referenced_table_schema = {schema} AND referenced_table_name = %s
UNION SELECT 'it has foreign keys' FROM information_schema.key_column_usage
  WHERE table_schema = {schema} AND table_name = %s AND referenced_table_name IS NOT NULL
UNION SELECT 'it has triggers' FROM information_schema.triggers
  WHERE event_object_schema = {schema} AND event_object_table = %s"""
_KIND_OF_TABLE = (
    "SELECT table_type, engine FROM information_schema.tables WHERE table_schema = {schema} AND table_name = %s"
)


class MysqlDestination(SqlDestination):
    """One connection to MariaDB or MySQL, InnoDB tables only: others have no transactions."""

    quote = "`"
    ledger_columns = {"name": "VARCHAR(200)", "moment": "DATETIME"}  # noqa: RUF012  a constant of the class
    table_options = " ENGINE=InnoDB CHARACTER SET ascii COLLATE ascii_bin"
    share_lock = " LOCK IN SHARE MODE"
    swaps_apart = True

    def __init__(self, spec: SourceSpec, profile: DestinationProfile) -> None:
        """Connects; ``ConnectionLostError`` when nobody answers, ``DestinationError`` when the login is refused."""
        super().__init__(profile)
        self._spec = spec
        self._zoned = profile.zone is not None
        self._settings = (f"SET SESSION time_zone = '{profile.zone}'",) if self._zoned else ()
        begin, commit = lambda: self._run("START TRANSACTION"), lambda: self._run("COMMIT")
        self._bracket = Bracket(begin, commit, self._undo, (pymysql.Error, OSError), _translated)
        options = {**connection_options(spec), "autocommit": False, "local_infile": True, "cursorclass": Cursor}
        failure: EcluseError
        try:
            self._connection = pymysql.connect(**options)
            with self._connection.cursor() as cursor:
                for setting in (*_SETTINGS, *self._settings):
                    cursor.execute(setting)
        except (pymysql.Error, OSError) as error:
            failure = _translated(error)
        else:
            return
        raise failure

    def close(self) -> None:
        """Let the connection go."""
        with contextlib.suppress(pymysql.Error):
            self._connection.close()

    @scrubbed
    def prepare(self, order: str, entities: Mapping[str, pa.Schema]) -> None:
        """As the port says; of two at once the second waits."""
        with self._alone():
            with self._transaction():
                if self._run("SELECT @@local_infile") != [(1,)]:
                    hint = "SET GLOBAL local_infile = 1"
                    raise DestinationError("the server does not take LOAD DATA LOCAL", hint=hint)
            super().prepare(order, entities)

    @scrubbed
    def publish(self, order: str) -> None:
        """As the port says; goes on where a killed one stopped."""
        with self._alone():
            state, pairs = self._standing(order)
            if state is State.STAGING:
                self._check_swaps(pairs)
            if state is not State.MERGED:
                super().publish(order)
                state, _ = self._standing(order)
            if state is State.MERGED:
                self._swap(pairs)
                with self._transaction():
                    self._set_state(order, State.PUBLISHED)

    def _standing(self, order: str) -> tuple[State | None, list[tuple[str, str, str]]]:
        with self._transaction():
            state = self._state(order)
            return state, self._pairs(order, self._entities(order)) if state else []

    @contextlib.contextmanager
    def _alone(self) -> Iterator[None]:
        with self._transaction():
            self._run("SELECT GET_LOCK(LEFT(CONCAT('ecluse ', DATABASE()), 64), 600)")
        try:
            yield
        finally:
            with contextlib.suppress(ConnectionLostError), self._transaction():
                self._run("SELECT RELEASE_LOCK(LEFT(CONCAT('ecluse ', DATABASE()), 64))")

    def _transaction(self) -> AbstractContextManager[None]:
        return self._bracket.block()

    def _undo(self) -> None:
        with contextlib.suppress(pymysql.Error, OSError):
            self._connection.rollback()

    def _run(self, sql: str, *parameters: object) -> list[tuple[Any, ...]]:
        with self._connection.cursor() as cursor:
            cursor.execute(sql, parameters or None)
            return [tuple(row) for row in cursor.fetchall()] if cursor.description else []

    def _about(self, sql: str, table: str) -> list[tuple[Any, ...]]:
        """A query of the information schema about one table."""
        schema, _, name = table.rpartition(".")
        where = self._connection.literal(schema) if schema else "DATABASE()"
        return self._run(sql.replace("{schema}", where), *[name] * sql.count("= %s"))

    def _exists(self, table: str) -> bool:
        return bool(self._about(_KIND_OF_TABLE, table))

    def _describe(self, table: str) -> TargetTable | None:
        kind = self._about(_KIND_OF_TABLE, table)
        if not kind:
            return None
        if kind[0] != ("BASE TABLE", "InnoDB"):
            raise DestinationError(f"{table} is not a table of InnoDB, and only InnoDB has transactions")
        columns = {str(row[0]): _column(row, zoned=self._zoned) for row in self._about(_COLUMNS, table)}
        unique = frozenset(str(name) for (name,) in self._about(_UNIQUE, table))
        return TargetTable(table, columns, unique, tuple(sorted(str(x) for (x,) in self._about(_OBSTACLES, table))))

    def _create_stage(self, stage: str, table: str, columns: Sequence[str] | None) -> None:
        stage, table = self.table(stage), self.table(table)
        if columns is None:
            self._run(f"CREATE TABLE IF NOT EXISTS {stage} LIKE {table}")
        else:
            names = ", ".join(map(self.name, columns))
            self._run(f"CREATE TABLE IF NOT EXISTS {stage} ENGINE=InnoDB AS SELECT {names} FROM {table} WHERE 1 = 0")  # noqa: S608

    def _claim(self, order: str, batch: StagedBatch) -> bool:
        with self._connection.cursor() as cursor:
            written = cursor.execute(
                "INSERT INTO ecluse_ledger (order_digest, batch, entity, parcel_digest, row_count) "
                "VALUES (%s, %s, %s, %s, %s) ON DUPLICATE KEY UPDATE order_digest = order_digest",
                (order, batch.batch, batch.entity, batch.parcel, batch.rows.num_rows),
            )
        return bool(written)

    def _load(self, stage: str, rows: pa.Table, columns: Sequence[TargetColumn]) -> None:
        with Pipe(rows) as path, self._connection.cursor() as cursor:
            variables = [f"@v{i}" if c.kind is Kind.BINARY else self.name(c.name) for i, c in enumerate(columns)]
            sets = [f"{self.name(c.name)} = UNHEX(@v{i})" for i, c in enumerate(columns) if c.kind is Kind.BINARY]
            loaded = cursor.execute(
                f"LOAD DATA LOCAL INFILE '{path}' INTO TABLE {self.table(stage)} CHARACTER SET utf8mb4 "
                rf"FIELDS TERMINATED BY '\t' ESCAPED BY '\\' LINES TERMINATED BY '\n' ({', '.join(variables)})"
                + (f" SET {', '.join(sets)}" if sets else "")
            )
            if cursor.warning_count or loaded != rows.num_rows:
                cursor.execute("SHOW WARNINGS")
                raise _warned(stage, [tuple(row) for row in cursor.fetchall()], [c.name for c in columns])

    def _check_swaps(self, pairs: Sequence[tuple[str, str, str]]) -> None:
        with self._transaction():
            for _, table, _ in pairs:
                described = self._describe(table)
                if described is None or described.obstacles or self._has_rows(table):
                    raise DestinationError(f"table {table} was used since the order was prepared: it cannot be swapped")

    def _swap(self, pairs: Sequence[tuple[str, str, str]]) -> None:
        """All at once; one that finds no staging table has been done before."""
        with self._transaction():
            renames = [
                f"{self.table(table)} TO {self.table(old)}, {self.table(stage)} TO {self.table(table)}"
                for stage, table, old in pairs
                if self._exists(stage)
            ]
            if renames:
                self._run(f"RENAME TABLE {', '.join(renames)}")

    def _drop(self, order: str, entities: Sequence[str]) -> tuple[str, ...]:
        """The old, empty tables too. The state is written first: a killed drop is simply done again."""
        for _, table, old in self._pairs(order, entities):
            if self._exists(old) and self._has_rows(old):
                raise DestinationError(f"{table} got rows while it was swapped: they are in {old}")
        names = self._stages(order, entities)
        names += [old for _, _, old in self._pairs(order, entities)]
        dropped = tuple(name for name in names if self._exists(name))
        for name in dropped:
            self._run(f"DROP TABLE {self.table(name)}")
        return dropped

    def _differs(self, left: str, right: str, column: TargetColumn) -> str:
        if column.kind in (Kind.TEXT, Kind.PADDED):
            return f"NOT (CAST({left} AS BINARY) <=> CAST({right} AS BINARY))"
        return f"NOT ({left} <=> {right})"

    def _fill(self, stage: str, table: str, key: str, columns: Sequence[str]) -> str:
        sets = ", ".join(f"t.{c} = COALESCE(t.{c}, s.{c})" for c in columns)
        empty = " OR ".join(f"t.{c} IS NULL AND s.{c} IS NOT NULL" for c in columns)
        return f"UPDATE {table} t JOIN {stage} s ON t.{key} = s.{key} SET {sets} WHERE {empty}"  # noqa: S608

    def _analyze(self, stage: str) -> None:
        """Nothing: ANALYZE TABLE would commit, and InnoDB keeps its own statistics."""

    def _stream(self, sql: str, columns: Sequence[ReadColumn]) -> Iterator[pa.RecordBatch]:  # noqa: ARG002  one shape
        yield from server_stream(self._spec, sql, partial(MysqlSource, settings=self._settings))


def _column(row: tuple[Any, ...], *, zoned: bool) -> TargetColumn:
    """``zoned``: the profile says whose wall clocks a TIMESTAMP holds; else it is no column for a wall clock."""
    name, type_, declared, length, precision, scale, fraction, required, generated, nullable = row
    kind = Kind.TIMESTAMP if zoned and type_ == "timestamp" else _KINDS.get(str(type_), Kind.OTHER)
    plain = TargetColumn(
        str(name),
        kind,
        str(declared),
        required=bool(required),
        nullable=bool(nullable),
        generated=bool(generated),
    )
    match kind:
        case Kind.TEXT | Kind.PADDED | Kind.BINARY:
            in_octets = kind is Kind.BINARY or str(type_).endswith("text")
            return replace(plain, octets=int(length)) if in_octets else replace(plain, characters=int(length))
        case Kind.DECIMAL:
            return replace(plain, digits=int(precision), scale=int(scale))
        case Kind.TIMESTAMP:
            return replace(plain, digits=int(fraction))
        case Kind.INTEGER:
            return replace(plain, digits=_BITS[str(type_)], unsigned="unsigned" in str(declared))
    return plain


def _warned(stage: str, warnings: list[tuple[Any, ...]], columns: Sequence[str]) -> DestinationError:
    """The first warning, by its number, column and key: its text holds a value."""
    if not warnings:
        return DestinationError(f"{stage}: the server did not take every row")
    _, code, text = warnings[0]
    if code in _DUPLICATE:
        return _refusal(code, str(text))
    named = re.findall(r"column `?(?:[^`]*`\.`[^`]*`\.`)?['`]?(\w+)['`]?", str(text))
    column = next((name for name in reversed(named) if name in columns), "unknown")
    why = "it has characters that the column's character set lacks" if code in (1366, 1300) else f"error {code}"
    return DestinationError(f"column {column} cannot hold at least {len(warnings)} rows: {why}")


_KEY = r"for key '([\w.]+)'$"
_CONSTRAINT = r"CONSTRAINT `(\w+)` FOREIGN KEY"
_DUPLICATE = (1062, 1586)
_FOREIGN_KEY = (1216, 1217, 1451, 1452)
_BUSY = (1205, 1213)
_ZONE = 1298
_NO_ROOM = (1, 2, 3, 4, 6, 20, 29, 1021, 1026, 1041, 1114)  # the first seven: its own (temporary) files
_LOGIN = (1044, 1045, 1049, 1698)
_PRIVILEGE = (1142, 1143, 1227, 1370)
_LOST = (0, 1053, 1158, 1159, 1160, 1161, 1317, 1927, 2002, 2003, 2006, 2013, 2014, 2055)


def _translated(error: Exception) -> EcluseError:
    """Our error for theirs: their text holds values, so only its number goes on, and the name of a key."""
    code = error.args[0] if error.args and isinstance(error.args[0], int) else 0
    text = str(error.args[1]) if len(error.args) > 1 else ""
    retryable: Mapping[tuple[int, ...], EcluseError] = {
        _BUSY: BusyError(f"another session holds what this step needs (error {code})"),
        _NO_ROOM: StorageError(f"the server has no room left, or lost a file of its own (error {code})"),
        _LOST: ConnectionLostError("the connection to the destination was lost or refused"),
    }
    return next((ours for codes, ours in retryable.items() if code in codes), None) or _refusal(code, text)


def _refusal(code: int, text: str) -> DestinationError:
    hint = None
    words = f"the destination refuses a statement (error {code})"
    if code in _DUPLICATE:
        words = f"the target: unique key {_named(_KEY, text)} refuses rows"
    elif code in _FOREIGN_KEY:
        words = f"the target: foreign key {_named(_CONSTRAINT, text)} refuses rows"
    elif code == _ZONE:
        words, hint = "the server does not know the profile's zone", "give an offset, as +00:00"
    elif code in _LOGIN:
        words = f"the server refuses the login, or has no such database (error {code})"
        hint = "the password stands in ECLUSE_DESTINATION_PASSWORD"
    elif code in _PRIVILEGE:
        words = "the role lacks a privilege that the load needs"
    return DestinationError(words, hint=hint)


def _named(pattern: str, text: str) -> str:
    found = re.search(pattern, text)
    return found[1] if found else "(unnamed)"
