"""SQLite: one read-only connection, one read transaction, every column as its exact text.

SQLite types values, not columns: a TEXT column may hold integers, an INTEGER column words. A reader that settles a
column's type on its first rows fails, or changes values, on a later one. So every column comes as text, as SQLite
writes it (reals with 17 digits where 15 do not give the same number back), but for those declared BLOB, which come as
bytes. The profile's rules parse them, with the original beside (law 3).

Bytes in TEXT that are no UTF-8 are never guessed at: the stream is refused naming the column and how many values,
unless the URL declares what they are (``sqlite:///lab.db?encoding=cp1252``); then those values, and only those, are
decoded as declared. A writer waits while a stream reads, unless the file is in WAL mode.
"""

# ruff: noqa: S608  (queries come from the signed profile and are passed on whole; names are quoted)

import codecs
import contextlib
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import closing
from typing import Any
from urllib.parse import quote

import adbc_driver_manager
import adbc_driver_sqlite.dbapi
import pyarrow as pa

from ecluse.adapters.sources import _failures
from ecluse.adapters.sources._arrow import valid
from ecluse.adapters.sources.spec import SourceSpec, known_columns
from ecluse.domain.errors import EcluseError, MalformedError, ProfileError, UsageError
from ecluse.domain.plan import Snapshot, SourceFacts

_ERRORS = (adbc_driver_manager.Error, pa.ArrowException, OSError)


class SqliteSource:
    """One connection to a SQLite file, opened ``mode=ro``."""

    dialect = "sqlite"

    def __init__(self, spec: SourceSpec) -> None:
        """Open. Raises ProfileError when there is no such file, MalformedError when it is no SQLite file."""
        address = spec.address()
        path = address.folder()
        self._fallback = _encoding(address.options.get("encoding"))
        if not path.is_file():
            raise ProfileError("the SQLite file of the source is not there")
        self._uri = f"file:{quote(str(path))}?mode=ro"
        self._connection = _failures.guarded(self._connect, _ERRORS, _ours)
        try:
            self._run("SELECT count(*) FROM sqlite_schema")
        except EcluseError:
            self._connection.close()
            raise

    def facts(self) -> SourceFacts:
        """Engine and version; the state belongs to the one connection that reads it."""
        return SourceFacts("sqlite", str(self._run("SELECT sqlite_version()")[0][0]), Snapshot.SINGLE_CONNECTION, 1)

    def export_snapshot(self) -> None:
        """Begin the read transaction; no other connection can share it."""
        self._connection.rollback()
        self._run("SELECT count(*) FROM sqlite_schema")  # BEGIN is deferred: the first read takes the state

    def adopt_snapshot(self, token: str | None) -> None:
        """Begin a read transaction of one's own. Raises ProfileError for a token: there are none here."""
        if token is not None:
            raise ProfileError("SQLite has no snapshot that another connection could adopt")
        self.export_snapshot()

    def query(self, sql: str) -> pa.Table:
        """A small result. Raises ProfileError, MalformedError, ConnectionLostError."""
        return pa.Table.from_batches(list(self.stream(sql, 10_000)))

    def stream(self, sql: str, batch_rows: int) -> Iterator[pa.RecordBatch]:
        """The rows, in batches of about ``batch_rows``, all text or binary; at least one batch, perhaps empty.

        Raises ProfileError, MalformedError, ConnectionLostError.
        """
        kinds = self._described(sql)
        failure: EcluseError | None = None
        cursor = self._connection.cursor()
        try:
            cursor.adbc_statement.set_options(**{"adbc.sqlite.query.batch_rows": str(batch_rows)})
            cursor.execute(_exact(sql, kinds))
            head = 1  # the row that settles the types
            for batch in cursor.fetch_record_batch():
                yield self._checked(batch.slice(head))
                head = 0
        except _ERRORS as error:
            failure = _ours(str(error))
        finally:
            cursor.close()
        if failure:
            raise failure

    def close(self) -> None:
        """Let the file go."""
        self._connection.close()

    def _connect(self) -> Any:
        connection = adbc_driver_sqlite.dbapi.connect(self._uri, autocommit=True)
        with closing(connection.cursor()) as cursor:
            cursor.execute("PRAGMA temp_store = MEMORY")  # law 2: a sorter's temporary file holds rows
            cursor.execute("PRAGMA query_only = ON")
            cursor.execute("PRAGMA trusted_schema = OFF")
        connection.adbc_connection.set_autocommit(False)
        return connection

    def _run(self, sql: str) -> list[tuple[Any, ...]]:
        def rows() -> list[tuple[Any, ...]]:
            with closing(self._connection.cursor()) as cursor:
                cursor.execute(sql)
                found: list[tuple[Any, ...]] = cursor.fetchall()
                return found

        return _failures.guarded(rows, _ERRORS, _ours)

    def _described(self, sql: str) -> dict[str, bool]:
        """The query's columns, and whether each is declared BLOB."""
        declared = _failures.guarded(self._declared(sql), (sqlite3.Error,), _ours)
        names = known_columns([name for name, _ in declared])
        return dict(zip(names, ("BLOB" in kind.upper() for _, kind in declared), strict=True))

    def _declared(self, sql: str) -> Callable[[], list[tuple[str, str]]]:
        def columns() -> list[tuple[str, str]]:
            # Python's own binding: a temporary view (in memory) tells declared types, which the other driver does not
            with closing(sqlite3.connect(self._uri, uri=True, timeout=5)) as connection:
                connection.execute("PRAGMA temp_store = MEMORY")
                head = connection.execute(f"SELECT * FROM (\n{_bare(sql)}\n) LIMIT 0").description
                connection.execute(f"CREATE TEMP VIEW described AS SELECT * FROM (\n{_bare(sql)}\n)")
                kinds = [str(row[2] or "") for row in connection.execute("PRAGMA temp.table_info(described)")]
                return list(zip((str(column[0]) for column in head), kinds, strict=True))

        return columns

    def _checked(self, batch: pa.RecordBatch) -> pa.RecordBatch:
        columns = [self._text(name, c) for name, c in zip(batch.schema.names, batch.columns, strict=True)]
        return pa.RecordBatch.from_arrays(columns, schema=batch.schema)

    def _text(self, name: str, column: pa.Array) -> pa.Array:
        if not pa.types.is_string(column.type) or valid(column):
            return column
        # Each different value once: legacy files repeat theirs.
        coded = column.view(pa.binary()).dictionary_encode()
        texts = [_decoded(value.as_py(), self._fallback) for value in coded.dictionary]
        bad = sum(text is None for text in texts)
        if bad:
            raise MalformedError(
                f"column {name} holds text that is neither UTF-8 nor {self._fallback or 'declared otherwise'} "
                f"({bad} different values in one batch)",
                hint="declare it in the source's URL, such as ?encoding=cp1252",
            )
        return pa.DictionaryArray.from_arrays(coded.indices, pa.array(texts, pa.string())).dictionary_decode()


def _decoded(value: bytes, fallback: str | None) -> str | None:
    for encoding in ("utf-8", fallback):
        if encoding is not None:
            try:
                return value.decode(encoding)
            except UnicodeDecodeError:
                continue
    return None


def _encoding(name: str | None) -> str | None:
    if name is None:
        return None
    with contextlib.suppress(LookupError):
        return codecs.lookup(name).name
    raise UsageError("the encoding in the source's URL is not known")


def _bare(sql: str) -> str:
    return sql.strip().rstrip(";")


def _exact(sql: str, kinds: dict[str, bool]) -> str:
    """The query, every column cast, after one row of empty values: the driver settles types on what it sees first."""
    head = ", ".join(f"{'x' if blob else ''}'' AS {_quoted(name)}" for name, blob in kinds.items())
    rest = ", ".join(_blob(_quoted(name)) if blob else _as_text(_quoted(name)) for name, blob in kinds.items())
    return f"SELECT {head} UNION ALL SELECT {rest} FROM (\n{_bare(sql)}\n) AS q"


def _as_text(name: str) -> str:
    plain = f"CAST(q.{name} AS TEXT)"
    same = f"CAST({plain} AS REAL) = q.{name}"
    real = f"CASE WHEN {same} THEN {plain} ELSE printf('%!.17g', q.{name}) END"
    return f"CASE typeof(q.{name}) WHEN 'real' THEN {real} ELSE {plain} END"


def _blob(name: str) -> str:
    return f"CAST(q.{name} AS BLOB)"


def _quoted(name: str) -> str:
    return '"' + name.replace('"', '""') + '"'


def _ours(text: str) -> EcluseError:
    words = text.lower()
    if "not a database" in words or "malformed" in words:
        return MalformedError("the source is no SQLite file, or a damaged one")
    if "locked" in words or "busy" in words or "unable to open" in words or "disk i/o" in words:
        return _failures.lost("the SQLite file cannot be opened, or somebody has locked it")
    for known in ("no such column", "no such table", "no such function", "syntax error"):
        if known in words:
            return _failures.refused(None, known)
    return _failures.by_text(text)
