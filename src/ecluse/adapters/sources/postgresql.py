"""PostgreSQL, read through DuckDB's scanner: binary COPY straight into Arrow, all workers on one exported snapshot.

A query is passed verbatim, unless a column's values would not survive the way: what Arrow cannot hold exactly
(``numeric`` without precision or above 38 digits, intervals, arrays, ranges…) comes as the server's exact text, and a
``numeric(p,s)`` is guarded against ``NaN``, which the scanner of DuckDB 1.5.5 reads as 0 (measured).
Dates beyond year 9999 come exactly; ``infinity`` is refused, naming the column.
"""

# ruff: noqa: S608  (queries come from the signed profile and are passed on whole; names are quoted)

import re
from collections.abc import Iterator, Sequence
from typing import Any

import duckdb
import psycopg
import pyarrow as pa
from psycopg.conninfo import make_conninfo

from ecluse.adapters.sources import _duckdb, _failures
from ecluse.adapters.sources._arrow import holds_infinity, refuse_bad_text
from ecluse.adapters.sources.spec import SourceSpec, known_columns
from ecluse.domain.errors import ConnectionLostError, EcluseError, ProfileError
from ecluse.domain.plan import Snapshot, SourceFacts

_SESSION = (
    "-c default_transaction_read_only=on -c datestyle=ISO -c intervalstyle=iso_8601 -c extra_float_digits=1"
    " -c statement_timeout=0 -c idle_in_transaction_session_timeout=0"  # the snapshot's holder idles for hours
)
# Without client_encoding the scanner takes the bytes of a LATIN9 database for UTF-8 (measured: another text, no error).
_FIXED = {"options": _SESSION, "client_encoding": "UTF8", "application_name": "ecluse", "connect_timeout": "15"}
# Streams run beside each other: a second process for each, and machine code for each, cost the server a third more
# CPU (measured: 0.76 s instead of 0.57 a quarter of a year); a count runs alone.
_TOGETHER = ("SET LOCAL max_parallel_workers_per_gather = 0", "SET LOCAL jit = off")
_PREFIX = "SELECT * FROM (\n"
_TOKEN = re.compile(r"[0-9A-Fa-f]+(-[0-9A-Fa-f]+)+")
_WORKERS = 2  # two connections drained one server's disks on two cores; four were no faster (dependencies.md)
_NUMERIC = 1700
_FLOAT4 = 700
_DIGITS = 38
# bool, bytea, name, int8, int2, int4, text, json, float8, bpchar, varchar, date, timestamp, timestamptz, uuid. The
# scanner reads char(n) without its padding, as ::text does (measured), so that a key equals what refers to it.
_NATIVE = frozenset({16, 17, 19, 20, 21, 23, 25, 114, 701, 1042, 1043, 1082, 1114, 1184, 2950})


class PostgresqlSource:
    """One connection to a PostgreSQL; several streams may be open at once, each on the same snapshot."""

    dialect = "postgres"

    def __init__(self, spec: SourceSpec, *, settings: Sequence[str] = ()) -> None:
        """Connect. ``settings``: more statements before each stream.

        Raises ConnectionLostError, ProfileError (wrong credentials), UsageError.
        """
        self._spec = spec
        self._settings = (*_TOGETHER, *settings)
        self._conninfo = _conninfo(spec)
        self._password = spec.password()
        self._token: str | None = None
        self._holder: psycopg.Connection[Any] | None = None
        self._describer = self._connect()
        # SQL_ASCII is PostgreSQL's name for "any bytes"; every other encoding is converted, and checked, by the server.
        self._unchecked = self._describer.info.parameter_status("server_encoding") == "SQL_ASCII"
        scanner = _duckdb.extension("duckdb_extension_postgres_scanner", "postgres_scanner")
        # with two threads it spins: same speed, three times the CPU
        self._duckdb = _duckdb.connect(spec.memory_mb, threads=1, extensions=[scanner])
        _failures.guarded(self._attach, _duckdb.ERRORS, _failures.by_text)

    def facts(self) -> SourceFacts:
        """Engine and version; its snapshots can be shared."""
        version = str(self._described("SHOW server_version", bare=True)[0][0])
        return SourceFacts("postgresql", version.split(" ", maxsplit=1)[0], Snapshot.SHARED, _WORKERS)

    def export_snapshot(self) -> str:
        """Hold a repeatable-read transaction open until ``close`` and name its snapshot."""
        self._release()
        self._holder = self._connect()
        try:
            self._holder.execute("BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY")
            row = self._holder.execute("SELECT pg_export_snapshot()").fetchone()
        except psycopg.Error as error:
            row, failure = None, _ours(error)
        if row is None:
            raise failure
        self._token = str(row[0])
        return self._token

    def adopt_snapshot(self, token: str | None) -> None:
        """Read from an exported snapshot; None: from one of one's own."""
        if token is None:
            self.export_snapshot()
        elif not _TOKEN.fullmatch(token):
            raise ProfileError("that is no snapshot of PostgreSQL's")
        else:
            self._release()
            self._token = token

    def query(self, sql: str) -> pa.Table:
        """A small result. Raises ProfileError, ConnectionLostError."""
        return pa.Table.from_batches(list(self._stream(sql, 10_000, alone=True)))

    def stream(self, sql: str, batch_rows: int) -> Iterator[pa.RecordBatch]:
        """The rows, in batches of about ``batch_rows``. Raises ProfileError, ConnectionLostError."""
        yield from self._stream(sql, batch_rows, alone=False)

    def _stream(self, sql: str, batch_rows: int, *, alone: bool) -> Iterator[pa.RecordBatch]:
        exact = self._exact(sql)
        cursor = self._duckdb.cursor()
        failure: EcluseError | None = None
        try:
            self._begin(cursor, () if alone else self._settings)
            statement = f"SELECT * FROM postgres_query('source', {_duckdb.literal(exact)})"
            for batch in _duckdb.batches(cursor, statement, batch_rows):
                _refuse_infinity(batch)
                if self._unchecked:
                    refuse_bad_text(batch)
                yield batch
        except _duckdb.ERRORS as error:
            failure = self._diagnosed(str(error))
        finally:
            _duckdb.ended(cursor)
        if failure:
            raise failure

    def close(self) -> None:
        """Let the connections go, and the snapshot with them."""
        self._release()
        self._describer.close()
        self._duckdb.close()

    def _connect(self) -> psycopg.Connection[Any]:
        try:
            return psycopg.connect(self._conninfo, password=self._password, autocommit=True, prepare_threshold=None)
        except psycopg.Error as error:
            failure = _ours(error, connecting=True)
        raise failure

    def _attach(self) -> None:
        # A secret is named even without a password: DuckDB would else look for persistent ones, in the home folder.
        password = "" if self._password is None else f", PASSWORD {_duckdb.literal(self._password)}"
        self._duckdb.execute(f"CREATE TEMPORARY SECRET given (TYPE postgres{password})")
        address = _duckdb.literal(self._conninfo)
        self._duckdb.execute(f"ATTACH {address} AS source (TYPE postgres, READ_ONLY, SECRET given)")
        self._duckdb.execute("SET enable_external_access = false")
        self._duckdb.execute("SET lock_configuration = true")

    def _begin(self, cursor: duckdb.DuckDBPyConnection, settings: Sequence[str]) -> None:
        adopted = [f"SET TRANSACTION SNAPSHOT '{self._token}'"] if self._token is not None else []
        if adopted or settings:
            cursor.execute("BEGIN")
        for statement in (*adopted, *settings):
            cursor.execute(f"CALL postgres_execute('source', {_duckdb.literal(statement)})").fetchall()

    def _exact(self, sql: str) -> str:
        columns = self._described(sql)
        names = known_columns([str(column.name) for column in columns])
        wanted = [_column(column) for column in columns]
        pairs = zip(map(_quoted, names), wanted, strict=True)
        listed = ", ".join(f"{rule or 'q.' + name} AS {name}" for name, rule in pairs) if any(wanted) else "*"
        inner = sql.strip().rstrip(";")
        return f"SELECT {listed} FROM (\n{inner}\n) AS q"  # on lines of its own: it may end in a comment

    def _described(self, sql: str, *, bare: bool = False) -> Sequence[Any]:
        """The columns of a query (LIMIT 0: checks names, types and rights, reads nothing), or a bare one's rows."""
        statement = sql if bare else f"{_PREFIX}{sql.strip().rstrip(';')}\n) AS q LIMIT 0"
        try:
            cursor = self._describer.execute(statement.encode())
            return cursor.fetchall() if bare else list(cursor.description or ())
        except psycopg.Error as error:
            failure = _ours(error)
        raise failure

    def _diagnosed(self, text: str) -> EcluseError:
        if "snapshot" in text and self._token and self._token in text:
            return ConnectionLostError("the snapshot that the plan was made on is gone", hint="plan again")
        found = _failures.by_text(text)
        if isinstance(found, ConnectionLostError):
            return found
        try:  # the server's messages may be in French: whether it still answers is the better test
            self._describer.execute("SELECT 1")
        except psycopg.Error:
            return _failures.lost()
        return found

    def _release(self) -> None:
        self._token = None
        if self._holder is not None:
            self._holder.close()
            self._holder = None


def _conninfo(spec: SourceSpec) -> str:
    address = spec.address()
    # libpq's own default, prefer, falls back to clear text without a word; off loopback that is asked for by name.
    options: dict[str, Any] = {"sslmode": "prefer" if address.local else "require"} | dict(address.options)
    if spec.passfile:
        options["passfile"] = spec.passfile
    named = {"host": address.host, "port": address.port, "user": address.user, "dbname": address.database}
    given: dict[str, Any] = {key: value for key, value in named.items() if value}
    return make_conninfo("", **given, **options, **_FIXED)


def _column(column: Any) -> str:
    """The expression that carries a column exactly; empty when it can be read as it is."""
    name = "q." + _quoted(str(column.name))
    if column.type_code == _NUMERIC and column.precision is not None and column.precision <= _DIGITS:
        if not 0 <= column.scale <= column.precision:
            return f"{name}::text"
        # the cast of NaN to bigint fails, and only NaN reaches it
        kind = f"numeric({column.precision},{column.scale})"
        return f"CASE WHEN {name} = 'NaN' THEN {name}::bigint::{kind} ELSE {name} END"
    if column.type_code == _FLOAT4:
        # By its text: widened as it is, 7.35 would become 7.349999904632568, which nobody ever saw (law 3).
        return f"{name}::text::float8"
    return "" if column.type_code in _NATIVE else f"{name}::text"


def _quoted(name: str) -> str:
    return '"' + name.replace('"', '""') + '"'


def _refuse_infinity(batch: pa.RecordBatch) -> None:
    for name, column in zip(batch.schema.names, batch.columns, strict=True):
        if holds_infinity(column):
            raise ProfileError(f"column {name} holds infinity, which is no date", hint="cast it to text in the profile")


def _ours(error: psycopg.Error, *, connecting: bool = False) -> EcluseError:
    state = error.sqlstate
    if connecting and (state or "").startswith("28"):
        return ProfileError(f"the source did not let us in (SQLSTATE {state})", hint="check user and password")
    if connecting and re.search("authentication failed|no password supplied", str(error)):
        return ProfileError("the source did not let us in", hint="check user and password")
    if connecting or state is None or state[:2] in ("08", "57", "53"):
        return _failures.lost()
    known = psycopg.errors.lookup(state).__name__ if state else ""
    words = re.sub(r"(?<!^)(?=[A-Z])", " ", known).lower()
    position = error.diag.statement_position
    return _failures.refused(state, words + (f", at character {int(position) - len(_PREFIX)}" if position else ""))
