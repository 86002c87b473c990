"""MariaDB and MySQL: one connection, one ``START TRANSACTION WITH CONSISTENT SNAPSHOT, READ ONLY``, exact SQL.

Neither DuckDB's MySQL scanner nor connectorx can hold a snapshot over several queries (the scanner resets its
connection between two, measured on 1.5.5), and the scanner reads TINYINT(1) as a boolean, DECIMAL above 38 digits as a
double. So rows are taken from the protocol itself (``_mysql_rows``).

Types: DECIMAL up to 38 digits exact, beyond as text; TINYINT(1) a number; TIME, JSON, ENUM text; BIT, BLOB binary;
TIMESTAMP in the server's time zone. The zero date ``0000-00-00``, which is MySQL's way to say "no date", comes as
NULL. An incomplete date such as ``2019-02-00`` does say something: it is refused by column, and the profile reads it
with ``CAST(column AS CHAR)``, so that the text travels and is parsed beside it (law 3).
"""

import contextlib
import re
import ssl
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc
import pymysql
from pymysql.constants import COMMAND, FIELD_TYPE, FLAG
from pymysql.cursors import SSCursor

from ecluse.adapters.sources import _failures
from ecluse.adapters.sources._mysql_rows import Reader, ServerError, blocks
from ecluse.adapters.sources.spec import SourceSpec, known_columns
from ecluse.domain.errors import EcluseError, InternalError, MalformedError, ProfileError, UsageError
from ecluse.domain.plan import Snapshot, SourceFacts

_BINARY = 63  # the character set number of bytes without characters
_DIGITS = 38
_INTEGERS = frozenset(
    {FIELD_TYPE.TINY, FIELD_TYPE.SHORT, FIELD_TYPE.LONG, FIELD_TYPE.INT24, FIELD_TYPE.LONGLONG, FIELD_TYPE.YEAR}
)
_PLAIN = {
    FIELD_TYPE.FLOAT: pa.float64(),
    FIELD_TYPE.DOUBLE: pa.float64(),
    FIELD_TYPE.DATE: pa.date32(),
    FIELD_TYPE.NEWDATE: pa.date32(),
    FIELD_TYPE.DATETIME: pa.timestamp("us"),
    FIELD_TYPE.TIMESTAMP: pa.timestamp("us"),
    FIELD_TYPE.TIME: pa.string(),
    FIELD_TYPE.JSON: pa.string(),
    FIELD_TYPE.BIT: pa.binary(),
    FIELD_TYPE.GEOMETRY: pa.binary(),
}
_DENIED = frozenset({1044, 1045, 1698, 1142, 1143, 1227, 1370})
_LOST = frozenset({1040, 1053, 1077, 1079, 1080, 1152, 1158, 1159, 1160, 1161, 1184, 1205, 1317, 1927, 3024, 4031})
_CLIENT = range(2000, 3000)  # errno of the client's side: cannot connect, lost, malformed packet
_INTO = re.compile(r"\binto\s+(outfile|dumpfile)\b", re.IGNORECASE)
_READ_ONLY = frozenset({1290, 1792, 1836})


class MysqlSource:
    """One connection to a MariaDB or MySQL; one stream at a time."""

    dialect = "mysql"

    def __init__(self, spec: SourceSpec, settings: tuple[str, ...] = ()) -> None:
        """Connect; ``settings`` are more statements for the session.

        Raises ConnectionLostError, ProfileError (wrong credentials), UsageError.
        """
        self._busy = False
        options = _options(spec)
        failure: EcluseError | None = None
        try:
            self._connection = pymysql.connect(**options)
        except (pymysql.Error, OSError, RuntimeError) as error:
            failure = _ours(error, connecting=True)
        if failure:
            raise failure
        # Only what the read needs is set. A server drops a reader that is busy sealing for a minute, unless told.
        self._do("SET SESSION net_write_timeout = 86400")
        limit = "max_statement_time" if self.facts().engine == "mariadb" else "max_execution_time"
        self._do(f"SET SESSION {limit} = 0")
        # A key of CHAR(n) is read without its padding, as what refers to it is written, whatever the server was told.
        self._do("SET SESSION sql_mode = REPLACE(@@SESSION.sql_mode, 'PAD_CHAR_TO_FULL_LENGTH', '')")
        self._do("SET SESSION TRANSACTION ISOLATION LEVEL REPEATABLE READ")
        self._do("SET SESSION TRANSACTION READ ONLY")
        for setting in settings:
            self._do(setting)

    def facts(self) -> SourceFacts:
        """Engine and version; a snapshot belongs to the one connection that made it."""
        version = str(self._connection.get_server_info())
        name = "mariadb" if "mariadb" in version.lower() else "mysql"
        return SourceFacts(name, version.removeprefix("5.5.5-").split("-")[0], Snapshot.SINGLE_CONNECTION, 1)

    def export_snapshot(self) -> None:
        """Begin the consistent read; no other connection can share it."""
        self._do("ROLLBACK")
        self._do("START TRANSACTION WITH CONSISTENT SNAPSHOT, READ ONLY")

    def adopt_snapshot(self, token: str | None) -> None:
        """Begin a consistent read of one's own. Raises ProfileError for a token: there are none here."""
        if token is not None:
            raise ProfileError("MariaDB and MySQL have no snapshot that another connection could adopt")
        self.export_snapshot()

    def query(self, sql: str) -> pa.Table:
        """A small result. Raises ProfileError, ConnectionLostError."""
        return pa.Table.from_batches(list(self.stream(sql, 10_000)))

    def stream(self, sql: str, batch_rows: int) -> Iterator[pa.RecordBatch]:
        """The rows, in batches of about ``batch_rows``; an empty result gives one empty batch with its columns.

        Raises ProfileError, ConnectionLostError; InternalError while another stream is open. A stream closed before
        its end lets the connection go, and the snapshot with it.
        """
        if self._busy:
            raise InternalError("two streams on one MySQL connection")
        self._busy, finished = True, False
        failure: EcluseError | None = None
        try:
            fields = self._begin(sql)
            names, schema = known_columns([field.name for field in fields]), pa.schema(list(map(_field, fields)))
            empty = True
            for columns in blocks(self._reader(), len(fields), batch_rows):
                empty = False
                typed = [
                    _typed(name, column, kind.type) for name, column, kind in zip(names, columns, schema, strict=True)
                ]
                yield pa.RecordBatch.from_arrays(typed, schema=schema)
            finished = True
            if empty:
                yield pa.RecordBatch.from_pylist([], schema=schema)
        except (pymysql.Error, ServerError, OSError, EOFError) as error:
            failure = _ours(error)
            finished = isinstance(error, (pymysql.err.ProgrammingError, pymysql.err.OperationalError))
        finally:
            self._busy = False
            if not finished:
                self.close()
        if failure:
            raise failure

    def close(self) -> None:
        """Let the connection go; the server rolls back and stops what it was sending."""
        if self._connection.open:
            self._connection._force_close()  # noqa: SLF001  (close() would first read an unfinished result to its end)

    def _begin(self, sql: str) -> list[Any]:
        """Send a query and read the head of its answer: the columns. The rows stay on the line."""
        if not self._connection.open:
            raise _failures.lost("the connection, and its snapshot, are gone")
        if _INTO.search(sql):  # a read-only transaction does not stop the server from writing files
            raise _failures.refused("25006", "it would write a file, and sources are read-only")
        connection: Any = self._connection
        connection._execute_command(COMMAND.COM_QUERY, sql.strip().rstrip(";"))  # noqa: SLF001  (no public unread query)
        result = pymysql.connections.MySQLResult(connection)
        result.init_unbuffered_query()
        result.unbuffered_active = False  # its destructor would read our rows
        if not result.field_count:
            raise _failures.refused(None, "it gives no rows, and sources are read-only")
        return list(result.fields)

    def _reader(self) -> Reader:
        reader: Reader = self._connection._rfile  # noqa: SLF001
        return reader

    def _do(self, sql: str) -> None:
        failure: EcluseError | None = None
        try:
            with self._connection.cursor() as cursor:
                cursor.execute(sql)
        except (pymysql.Error, OSError) as error:
            failure = _ours(error)
        if failure:
            raise failure


def _options(spec: SourceSpec) -> dict[str, Any]:
    address = spec.address()
    given: dict[str, Any] = {"user": address.user, "password": spec.password() or "", "database": address.database}
    given |= {"unix_socket": address.host} if address.host.startswith("/") else {"host": address.host or "127.0.0.1"}
    tls = address.options.get("tls", "on")
    if tls not in ("on", "off"):
        raise UsageError("tls is on or off")
    # A clear connection over a network is chosen by name, never fallen back to.
    if tls == "on" and not address.local:
        ca = address.options.get("ca")
        given["ssl"] = ssl.create_default_context(cafile=str(Path(ca)) if ca else None)
    return given | {
        "port": address.port, "charset": "utf8mb4", "autocommit": True, "connect_timeout": 15, "local_infile": False,
        "cursorclass": SSCursor, "program_name": "ecluse",
    }  # fmt: skip


def _field(field: Any) -> pa.Field:
    return pa.field(field.name, _type(field))


def _type(field: Any) -> pa.DataType:
    kind, unsigned = field.type_code, bool(field.flags & FLAG.UNSIGNED)
    if kind in _PLAIN:
        return _PLAIN[kind]
    if kind in _INTEGERS:
        return pa.decimal128(20, 0) if kind == FIELD_TYPE.LONGLONG and unsigned else pa.int64()
    if kind in (FIELD_TYPE.DECIMAL, FIELD_TYPE.NEWDECIMAL):
        digits = field.length - (not unsigned) - (field.scale > 0)
        return pa.decimal128(max(digits, 1), field.scale) if digits <= _DIGITS else pa.string()
    return pa.binary() if field.charsetnr == _BINARY else pa.string()


def _typed(name: str, column: pa.Array, kind: pa.DataType) -> pa.Array:
    if pa.types.is_binary(kind):
        return column
    dated = pa.types.is_date(kind) or pa.types.is_timestamp(kind)
    with contextlib.suppress(pa.ArrowException):  # its message quotes the value
        text = column.cast(pa.string())
        if pa.types.is_string(kind):
            return text
        return _without_zero(text).cast(kind) if dated else text.cast(kind)
    if dated:
        hint = f"read it with CAST({name} AS CHAR) in the profile, and parse it"
        raise ProfileError(f"column {name} holds incomplete dates, such as a month without a day", hint=hint)
    raise MalformedError(f"column {name} holds values outside its own type or encoding")


def _without_zero(text: pa.Array) -> pa.Array:
    zero = pc.starts_with(text, "0000-00-00")
    return pc.if_else(zero, pa.scalar(None, pa.string()), text)


def _ours(error: BaseException, *, connecting: bool = False) -> EcluseError:
    number = error.number if isinstance(error, ServerError) else error.args[0] if error.args else None
    if not isinstance(number, int) or isinstance(error, (OSError, EOFError)):
        return _failures.lost()
    if connecting and number in _DENIED:
        return ProfileError(f"the source did not let us in (errno {number})", hint="check user and password")
    if number in _DENIED:
        return _failures.refused("42000", f"permission denied, errno {number}")
    if number in _READ_ONLY:
        return _failures.refused("25006", "it would write, and sources are read-only")
    if connecting or number in _LOST or number in _CLIENT or number == 0:
        return _failures.lost()
    return _failures.refused(None, f"errno {number}")
