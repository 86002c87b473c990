"""Firebird 3 and newer, by its client library: a server, or a database file by the embedded engine.

One connection, one transaction ``SNAPSHOT READ ONLY``, so that all queries see one state; version 3 has no snapshot
that another connection could adopt. Rows come out of the client's messages by the block (``_firebird_rows``).

The trap is the character set. A column of ``CHARACTER SET NONE`` holds bytes that nobody declared: they are read as the
connection's set, which the URL declares (``?charset=WIN1252``; UTF8 unless told). Columns with a set of their own are
converted by Firebird. What is not of the declared set is refused, naming the column, never replaced.

A Firebird that is read writes all the same: each transaction takes a number on the header page, and locks stand in
files without rows. Garbage is not collected. Of the embedded engine, locks and sort space lie in memory (law 2).
"""

import codecs
import os
import re
import threading
from collections.abc import Callable, Iterator
from typing import Any

import pyarrow as pa
from firebird.driver import core, driver_config
from firebird.driver.config import DatabaseConfig
from firebird.driver.fbapi import ISC_QUAD
from firebird.driver.types import DatabaseError, Error, Isolation, StatementType, TraAccessMode

from ecluse.adapters.sources import _failures
from ecluse.adapters.sources._firebird_rows import Rows, batch, blocks
from ecluse.adapters.sources._memory import private_folder
from ecluse.adapters.sources.spec import Address, SourceSpec, known_columns
from ecluse.domain.errors import EcluseError, MalformedError, ProfileError, UsageError
from ecluse.domain.plan import Snapshot, SourceFacts
from ecluse.migration import firebird_sql

_ERRORS = (Error, OSError, UnicodeError)
# Firebird's own numbers of errors (iberror.h).
_KNOWN: tuple[tuple[frozenset[int], Callable[[], EcluseError]], ...] = (
    (  # a failed transliteration, a malformed string
        frozenset({335544565, 335544849}),
        lambda: MalformedError(
            "a text column holds bytes that are not of the connection's character set",
            hint="declare what the database holds in the source's URL, such as ?charset=WIN1252",
        ),
    ),
    (  # a read-only transaction, a read-only database
        frozenset({335544361, 335544765}),
        lambda: _failures.refused("25006", "it would write, and sources are read-only"),
    ),
    (  # no database file, a file of another version's format
        frozenset({335544323, 335544379}),
        lambda: MalformedError(
            "the source is no Firebird database, or one of another version's format",
            hint="back it up with its own version's gbak, and restore it under Firebird 3 or newer",
        ),
    ),
    (  # network, shutdown
        frozenset({335544375, 335544421, 335544528, 335544648, 335544721, 335544726, 335544727, 335544741, 335544856}),
        _failures.lost,
    ),
    (  # a file that does not open
        frozenset({335544344}),
        lambda: _failures.lost("the Firebird database cannot be opened: it is not there, or another engine holds it"),
    ),
)
_DRIVE = re.compile(r"/[A-Za-z]:[/\\]")
_STEPS = re.compile(r"\b(next\s+value\s+for|gen_id\s*\()", re.IGNORECASE)
_CONNECTING = threading.Lock()
_TIMEOUT = 15
_PROOFS = "AuthClient=Srp256,Srp"
"""How a password is proven: not Legacy_Auth, which gives any server that asks a hash that lets in whoever has it."""


class FirebirdSource:
    """One connection to a Firebird database."""

    dialect = firebird_sql.Firebird.__name__.lower()

    def __init__(self, spec: SourceSpec) -> None:
        """Connect. Raises ConnectionLostError, ProfileError (wrong credentials, no such file), UsageError."""
        address = spec.address()
        self._charset, self._codec = _charset(address.options.get("charset", "UTF8"))
        options = _options(address, spec.password())
        if not address.host:
            _prepare_embedded(address)
        self._connection = self._guarded(lambda: _connect(address, options, self._charset), connecting=True)
        self._transaction: Any = None

    def facts(self) -> SourceFacts:
        """Engine and version; a snapshot belongs to the one connection that made it."""
        version = self._guarded(lambda: str(self._connection.info.version))
        return SourceFacts("firebird", version, Snapshot.SINGLE_CONNECTION, 1)

    def export_snapshot(self) -> None:
        """Begin the consistent read; no other connection can share it."""
        self._end()
        self._guarded(self._begin)

    def adopt_snapshot(self, token: str | None) -> None:
        """Begin a consistent read of one's own. Raises ProfileError for a token: there are none here."""
        if token is not None:
            raise ProfileError("Firebird 3 has no snapshot that another connection could adopt")
        self.export_snapshot()

    def query(self, sql: str) -> pa.Table:
        """A small result. Raises ProfileError, MalformedError, ConnectionLostError."""
        return pa.Table.from_batches(list(self.stream(sql, 10_000)))

    def stream(self, sql: str, batch_rows: int) -> Iterator[pa.RecordBatch]:
        """The rows, in batches of at most ``batch_rows``; an empty result gives one empty batch with its columns.

        Raises ProfileError, MalformedError, ConnectionLostError.
        """
        if _STEPS.search(sql):  # outside of transactions, read-only or not
            raise _failures.refused("25006", "it would step a generator, and sources are read-only")
        statement, rows, schema = self._guarded(lambda: self._prepared(sql))
        failure: EcluseError | None = None
        result = None
        try:
            result = statement._istmt.open_cursor(  # noqa: SLF001  (rows by the message, which the driver's cursor hides)
                self._transaction._tra, None, None, statement._out_meta, 0  # noqa: SLF001
            )
            empty = True
            for block in blocks(result, rows, batch_rows):
                yield batch(block, rows, schema, self._open_blob)
                empty = False
            if empty:
                yield pa.RecordBatch.from_pylist([], schema=schema)
        except _ERRORS as error:
            failure = self._ours(error)
        finally:
            _quietly(result.close if result is not None else None, statement.free)
        if failure:
            raise failure

    def close(self) -> None:
        """Let the connection go, and the snapshot with it."""
        self._end()
        _quietly(self._connection.close)

    def _begin(self) -> Any:
        if self._transaction is None:
            tpb = core.tpb(Isolation.SNAPSHOT, access_mode=TraAccessMode.READ)
            self._transaction = self._connection.transaction_manager(tpb)
        if not self._transaction.is_active():
            self._transaction.begin()
        return self._transaction

    def _end(self) -> None:
        if self._transaction is not None and self._transaction.is_active():
            _quietly(self._transaction.rollback)

    def _prepared(self, sql: str) -> tuple[Any, Rows, pa.Schema]:
        statement = self._connection._prepare(sql.strip().rstrip(";"), self._begin())  # noqa: SLF001
        try:
            _check_reads(statement)
            columns, meta = tuple(statement._out_desc), statement._out_meta  # noqa: SLF001
            rows = Rows(columns, meta.get_message_length(), self._codec)
            return statement, rows, rows.schema(known_columns([c.alias or c.field for c in columns]))
        except BaseException:
            statement.free()
            raise

    def _open_blob(self, reference: bytes) -> Any:
        quad = ISC_QUAD.from_buffer_copy(reference)
        return self._connection._att.open_blob(self._transaction._tra, quad)  # noqa: SLF001

    def _guarded(self, work: Any, *, connecting: bool = False) -> Any:
        try:
            return work()
        except _ERRORS as error:
            failure = self._ours(error, connecting=connecting)
        raise failure

    def _ours(self, error: BaseException, *, connecting: bool = False) -> EcluseError:
        if isinstance(error, UnicodeError):
            return _failures.refused(None, f"it holds characters that {self._charset} has not")
        if not isinstance(error, DatabaseError):
            return _failures.refused() if not connecting else _failures.lost()
        return _of_codes(frozenset(error.gds_codes or ()), str(error.sqlstate or ""), connecting=connecting)


def _of_codes(codes: frozenset[int], state: str, *, connecting: bool) -> EcluseError:
    if connecting and state.startswith("28"):
        return ProfileError(f"the source did not let us in (SQLSTATE {state})", hint="check user and password")
    for known, ours in _KNOWN:
        if codes & known:
            return ours()
    if connecting or state.startswith("08"):
        return _failures.lost()
    return _failures.refused(state or None)


def _check_reads(statement: Any) -> None:
    if statement.type is not StatementType.SELECT:
        raise _failures.refused("25006", "it must be one SELECT, and sources are read-only")


def _charset(name: str) -> tuple[str, str]:
    """Firebird's and Python's name of a declared character set."""
    codec = core.CHARSET_MAP.get(name.upper())
    if codec is None or name.upper() in {"NONE", "OCTETS"}:
        known = ", ".join(sorted(str(each) for each in core.CHARSET_MAP if each not in {None, "NONE", "OCTETS"}))
        raise UsageError("the charset in the source's URL is not one of Firebird's", hint=known)
    return name.upper(), codecs.lookup(codec).name


def _options(address: Address, password: str | None) -> dict[str, Any]:
    given: dict[str, Any] = {"user": address.user or ("SYSDBA" if not address.host else None), "password": password}
    return {key: value for key, value in given.items() if value} | {"no_gc": True}


def _connect(address: Address, options: dict[str, Any], charset: str) -> Any:
    name = "ecluse"
    with _CONNECTING:  # the driver's configuration is one for the process
        config: DatabaseConfig = driver_config.get_database(name) or driver_config.register_database(name)
        config.dsn.value = _dsn(address)
        config.config.value = _config(address)
        config.timeout.value = _TIMEOUT
        config.utf8filename.value = True
        return core.connect(name, charset=charset, **options)


def _config(address: Address) -> str:
    crypt = address.options.get("wirecrypt", "on")
    if crypt not in ("on", "off"):
        raise UsageError("wirecrypt is on or off")
    if not address.host:
        return "Providers=Engine13,Engine12"  # the engine in here alone: never this machine's servers
    # A clear connection over a network is chosen by name, never fallen back to.
    wire = "WireCrypt=Required" if crypt == "on" and not address.local else "WireCrypt=Enabled"
    return f"{wire}\n{_PROOFS}"


def _dsn(address: Address) -> str:
    if not address.host:
        return str(address.folder())
    path = address.path
    if _DRIVE.match(path) or path.count("/") == 1:  # a drive of Windows, or an alias
        path = path.removeprefix("/")
    host = f"[{address.host}]" if ":" in address.host else address.host
    return f"{host}/{address.port}:{path}"


def _prepare_embedded(address: Address) -> None:
    if not address.folder().is_file():
        raise ProfileError("the Firebird file of the source is not there")
    folder = private_folder("firebird", address.options.get("scratch"))
    for name in ("FIREBIRD_LOCK", "FIREBIRD_TMP"):  # the engine reads them once, when it is loaded
        os.environ.setdefault(name, str(folder))


def _quietly(*steps: Any) -> None:
    for step in steps:
        try:
            if step is not None:
                step()
        except _ERRORS:  # what is let go of need not say why it was gone already
            continue
