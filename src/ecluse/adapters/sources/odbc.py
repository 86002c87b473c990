"""Anything with an ODBC driver, straight into Arrow: ``odbc:///DSN``, or a driver and its own keywords as options.

The engine of the profile says which SQL is spoken, since ODBC does not tell. Texts and bytes are bound by a length that
the URL may raise (``max_text``, in characters; ``max_binary``, in bytes): a longer value is refused, never cut
(arrow-odbc 10.6). A batch holds as many rows as fit in 32 MB of the longest that they could be.

Read-only: one SELECT a query, in a transaction that is never committed. It is one consistent read where the engine
begins such a transaction by SQL: PostgreSQL, MariaDB, MySQL, SQLite, Oracle; SQL Server and Firebird promise nothing
here.
"""

import locale
import re
from collections.abc import Iterator, Mapping
from typing import Any

import arrow_odbc
import pyarrow as pa
import pyarrow.compute as pc
import sqlglot
from arrow_odbc.error import Error as OdbcError
from arrow_odbc.text_encoding import TextEncoding
from sqlglot import exp
from sqlglot.errors import SqlglotError

from ecluse.adapters.sources import _failures
from ecluse.adapters.sources._arrow import shaped
from ecluse.adapters.sources.spec import Address, SourceSpec, known_columns
from ecluse.domain.errors import EcluseError, InternalError, MalformedError, ProfileError, UsageError
from ecluse.domain.plan import Snapshot, SourceFacts
from ecluse.domain.profile import Engine
from ecluse.migration.selects import DIALECTS

_BYTES = 32 << 20
_LENGTHS = {"max_text": 8_000, "max_binary": 1 << 20}
_LOGIN_SECONDS = 15
_OURS = frozenset({*_LENGTHS, "engine", "text"})
_WORD = re.compile(r"[A-Za-z][A-Za-z0-9 _]*")
_PLAIN = re.compile(r"(?! )[^;{}=]*(?<! )")  # not every driver takes braces off
_TEXTS = {"utf16": TextEncoding.UTF16, "utf8": TextEncoding.UTF8}
_ERRORS = (OdbcError, pa.ArrowException)
_STATE = re.compile(r"State: (\w{5})")
_LOCKED_OUT = re.compile(r"authentication failed|login failed|access denied|invalid username", re.IGNORECASE)
_NO_DRIVER = frozenset({"IM002", "IM003", "01000"})
_WRITES = (exp.DML, exp.DDL, exp.Command, exp.Into, exp.Lock)
# What makes one consistent read of a transaction, and what it is worth; none where the engine has no such statement.
_BEGIN: Mapping[Engine, str] = {
    Engine.POSTGRESQL: "SET TRANSACTION ISOLATION LEVEL REPEATABLE READ READ ONLY",
    Engine.MYSQL: "START TRANSACTION WITH CONSISTENT SNAPSHOT, READ ONLY",
    Engine.ORACLE: "SET TRANSACTION READ ONLY",
    Engine.SQLITE: "PRAGMA query_only = ON",
}
_VERSION: Mapping[Engine, str] = {
    Engine.POSTGRESQL: "SELECT current_setting('server_version') AS v",
    Engine.MYSQL: "SELECT version() AS v",
    Engine.SQLITE: "SELECT sqlite_version() AS v",
    Engine.FIREBIRD: "SELECT rdb$get_context('SYSTEM', 'ENGINE_VERSION') AS v FROM rdb$database",
    Engine.ORACLE: "SELECT version AS v FROM product_component_version WHERE rownum = 1",
    Engine.SQLSERVER: "SELECT CAST(SERVERPROPERTY('ProductVersion') AS VARCHAR(50)) AS v",
}
# Exactness must not hang on how a session is set up.
_SESSION: Mapping[Engine, tuple[str, ...]] = {
    Engine.ORACLE: ("ALTER SESSION SET NLS_COMP = BINARY", "ALTER SESSION SET NLS_SORT = BINARY"),
    Engine.SQLSERVER: ("SET ANSI_WARNINGS ON", "SET QUOTED_IDENTIFIER ON"),
}
# Debian's psqlodbc logs into /tmp unless told (law 2).
_SILENT: Mapping[Engine, Mapping[str, str]] = {Engine.POSTGRESQL: {"Debug": "0", "CommLog": "0"}}


class OdbcSource:
    """One connection by a driver of this machine; one stream at a time."""

    def __init__(self, spec: SourceSpec) -> None:
        """Connect. Raises UsageError (no such driver or DSN), ProfileError (wrong credentials), ConnectionLostError."""
        address = spec.address()
        if spec.engine not in _VERSION:
            raise UsageError("an engine with ODBC is a database", hint=f"--engine {'|'.join(_VERSION)}")
        self._engine = spec.engine
        self.dialect = DIALECTS[spec.engine]
        self._lengths = {name: _length(address.options, name) for name in _LENGTHS}
        # MariaDB's driver (3.1) takes Ø, Ù, Ú, Û (U+..D8 to U+..DB) for half a character in UTF-16: it cuts ends off
        text = address.options.get("text", "utf8" if spec.engine is Engine.MYSQL else "utf16")
        if text not in _TEXTS or (text == "utf16" and spec.engine is Engine.MYSQL):
            raise UsageError("text is utf16 or utf8; of mysql, utf8")
        self._text = _TEXTS[text]
        self._busy = self._began = False
        user, password = address.user or None, spec.password()
        self._connection: Any = self._guarded(lambda: _connect(spec, user, password), connecting=True)
        for statement in _SESSION.get(spec.engine, ()):
            self._guarded(lambda statement=statement: self._connection.execute(statement))

    def facts(self) -> SourceFacts:
        """Engine and version; a read is consistent on its own connection, or not at all."""
        version = self.query(_VERSION[self._engine]).column(0)[0].as_py()
        kind = Snapshot.SINGLE_CONNECTION if self._engine in _BEGIN else Snapshot.NONE
        return SourceFacts(str(self._engine), f"{version}, by ODBC", kind, 1)

    def export_snapshot(self) -> None:
        """Begin the consistent read, where there is one; no other connection can share it."""
        self._rollback()
        self._guarded(self._begin)

    def adopt_snapshot(self, token: str | None) -> None:
        """Begin a read of one's own. Raises ProfileError for a token: there are none here."""
        if token is not None:
            raise ProfileError("by ODBC there is no snapshot that another connection could adopt")
        self.export_snapshot()

    def query(self, sql: str) -> pa.Table:
        """A small result. Raises ProfileError, MalformedError, ConnectionLostError."""
        return pa.Table.from_batches(list(self.stream(sql, 10_000)))

    def stream(self, sql: str, batch_rows: int) -> Iterator[pa.RecordBatch]:
        """The rows, in batches of at most ``batch_rows``; an empty result gives one empty batch with its columns.

        Raises ProfileError, MalformedError, ConnectionLostError; InternalError while another stream is open.
        """
        if self._busy:
            raise InternalError("two streams on one ODBC connection")
        if self._connection is None:
            raise _failures.lost("the connection is gone")
        _check_reads(sql, self.dialect)
        self._busy = True
        failure: EcluseError | None = None
        try:
            self._begin()
            reader = self._read(sql, batch_rows)
            names, empty = known_columns(list(reader.schema.names)), True
            for batch in reader:
                empty = False
                yield _typed(batch, names)
            if empty:
                yield _typed(pa.RecordBatch.from_pylist([], schema=reader.schema), names)
        except _ERRORS as error:
            failure = self._ours(str(error))
        finally:
            self._busy = False
            reader = None
        if failure:
            self._rollback()
            raise failure

    def close(self) -> None:
        """Let the connection go; nothing was ever committed."""
        self._rollback()
        self._connection = None

    def _read(self, sql: str, batch_rows: int) -> Any:
        return self._connection.read_arrow_batches(
            sql.strip().rstrip(";"),
            batch_size=batch_rows,
            max_bytes_per_batch=_BYTES,
            max_text_size=self._lengths["max_text"],
            max_binary_size=self._lengths["max_binary"],
            falliable_allocations=True,
            fetch_concurrently=False,
            payload_text_encoding=self._text,
        )

    def _begin(self) -> None:
        if not self._began and self._engine in _BEGIN:
            self._connection.execute(_BEGIN[self._engine])
        self._began = True

    def _rollback(self) -> None:
        self._began = False
        if self._connection is not None:
            try:
                self._connection.rollback()
            except OdbcError:  # of a connection that is gone, which the next statement tells
                return

    def _guarded(self, work: Any, *, connecting: bool = False) -> Any:
        return _failures.guarded(work, _ERRORS, lambda text: self._ours(text, connecting=connecting))

    def _ours(self, text: str, *, connecting: bool = False) -> EcluseError:
        found = _STATE.search(text)
        state = found[1] if found else ""
        if connecting and (state in _NO_DRIVER or "Can't open lib" in text):
            return UsageError("there is no such ODBC driver or data source here", hint="odbcinst -q -d; odbcinst -q -s")
        if connecting and (state.startswith("28") or _LOCKED_OUT.search(text)):
            return ProfileError("the source did not let us in", hint="check user and password")
        if "too large to be written" in text:
            return ProfileError(
                "a value is longer than this source may give",
                hint=f"raise max_text ({self._lengths['max_text']}) or max_binary in the source's URL",
            )
        if connecting or state.startswith(("08", "HYT")) or _gone(text):
            return _failures.lost()
        if "tf-8" in text or "tf-16" in text:
            return MalformedError("a text column holds what is no text", hint="try ?text=utf8 in the source's URL")
        return _failures.refused(state or None)


def _gone(text: str) -> bool:
    return isinstance(_failures.by_text(text), type(_failures.lost()))


def _connect(spec: SourceSpec, user: str | None, password: str | None) -> Any:
    words, before = connection_string(spec.address(), spec.engine), locale.setlocale(locale.LC_ALL)
    try:
        return arrow_odbc.connect(
            words, user=user, password=password, login_timeout_sec=_LOGIN_SECONDS, autocommit=False
        )
    finally:
        locale.setlocale(locale.LC_ALL, before)  # some drivers set the whole process's by the environment


def connection_string(address: Address, engine: Engine) -> str:
    """The driver manager's words for an address: its path is a DSN, its options are the driver's. Raises UsageError."""
    given = {"DSN": address.database} if address.database else {}
    given |= {"Server": address.host} if address.host else {}
    given |= {"Port": str(address.port)} if address.port else {}
    for word, value in address.options.items():
        if word.lower() in _OURS:
            continue
        if not _WORD.fullmatch(word):
            raise UsageError("an option in the source's URL is no keyword of ODBC's")
        given[word] = value
    given |= _SILENT.get(engine, {})
    if "DSN" not in given and not any(word.lower() == "driver" for word in given):
        raise UsageError("the source's URL names neither a data source nor a driver", hint="odbc:///DSN or ?driver=")
    return "".join(f"{word}={_escaped(value)};" for word, value in given.items())


def _escaped(value: str) -> str:
    return value if _PLAIN.fullmatch(value) else "{" + value.replace("}", "}}") + "}"


def _length(options: Mapping[str, str], name: str) -> int:
    given = options.get(name, str(_LENGTHS[name]))
    if not given.isdecimal() or not 0 < int(given) <= _BYTES:
        raise UsageError(f"{name} is a number up to {_BYTES}")
    return int(given)


def _check_reads(sql: str, dialect: str) -> None:
    """One SELECT that neither writes nor locks. Raises ProfileError."""
    try:
        trees = [tree for tree in sqlglot.parse(sql, read=dialect) if tree is not None]
    except SqlglotError:
        trees = []
    if len(trees) != 1 or not isinstance(trees[0], exp.Query):
        raise _failures.refused("25006", "it must be one SELECT, and sources are read-only")
    if any(isinstance(node, _WRITES) and not isinstance(node, exp.Query) for node in trees[0].walk()):
        raise _failures.refused("25006", "it would write or lock, and sources are read-only")


def _typed(batch: pa.RecordBatch, names: list[str]) -> pa.RecordBatch:
    columns = [_exact(name, column) for name, column in zip(names, batch.columns, strict=True)]
    return shaped(pa.RecordBatch.from_arrays(columns, names=names))


def _exact(name: str, column: pa.Array) -> pa.Array:
    kind = column.type
    if pa.types.is_float32(kind):
        # By its text: widened as it is, 7.35 would become 7.349999904632568, which nobody ever saw (law 3).
        return column.cast(pa.string()).cast(pa.float64())
    if pa.types.is_time(kind):
        return pc.replace_substring_regex(column.cast(pa.string()), r"\.0+$|(\.\d*[1-9])0+$", r"\1")
    if pa.types.is_decimal256(kind):
        return column.cast(pa.string())
    try:
        return column.cast(pa.timestamp("us", kind.tz)) if pa.types.is_timestamp(kind) else column
    except pa.ArrowInvalid:
        pass  # its message quotes the value
    raise ProfileError(f"column {name} holds times finer than a microsecond", hint="cast it in the profile")
