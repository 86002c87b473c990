"""MariaDB's and MySQL's dumps in a throw-away MariaDB."""

import re
import secrets
import socket
from collections.abc import Iterator, Sequence
from contextlib import closing
from functools import partial
from pathlib import Path
from typing import Any

import pymysql

from ecluse.adapters.sources._restoring import Client, blocks, check_whole, cut_off, feed, lines, opened, tried
from ecluse.adapters.sources._throwaway import Place, Server, checked, closing_on_failure, program
from ecluse.adapters.sources.spec import Address
from ecluse.domain.errors import UsageError
from ecluse.domain.profile import Engine

_OWNER, _READER, _DATABASE = "ecluse_owner", "ecluse_reader", "dump"
_MARK = 32
_SYSTEM = frozenset({"mysql", "sys", "information_schema", "performance_schema"})
_RIGHTS = (
    "SELECT, INSERT, UPDATE, DELETE, CREATE, DROP, ALTER, INDEX, REFERENCES, CREATE VIEW, SHOW VIEW, TRIGGER, "
    "CREATE ROUTINE, ALTER ROUTINE, EXECUTE, LOCK TABLES, CREATE TEMPORARY TABLES, EVENT"
)


def load(place: Place, path: Path, address: Address) -> tuple[Server, str]:
    """A server with the dump in it, and the URL by which it is read. Raises as ``DumpSource`` does."""
    engine = Engine.MYSQL
    names = address.options.get("names", "exact")
    if names not in ("exact", "folded"):
        raise UsageError("names is exact or folded")
    install = [program(engine, "mariadb-install-db"), "--no-defaults", f"--datadir={place.data}", "--skip-test-db"]
    install += ["--auth-root-authentication-method=normal", "--skip-name-resolve"]
    install += [f"--lower-case-table-names={int(names == 'folded')}", f"--tmpdir={place.temporary}"]
    checked(place, place.run(install), "mariadb-install-db")
    server = [program(engine, "mariadbd"), "--no-defaults", f"--datadir={place.data}", f"--socket={place.socket}"]
    server += [f"--lower-case-table-names={int(names == 'folded')}", f"--tmpdir={place.temporary}"]
    server += [f"--pid-file={place.folder / 'pid'}", f"--log-error={place.folder / 'log'}"]
    server += ["--skip-networking", "--skip-name-resolve", "--skip-log-bin", "--event-scheduler=OFF"]
    server += [f"--secure-file-priv={place.temporary}", "--skip-symbolic-links", "--local-infile=0"]
    server += ["--max-allowed-packet=1G"]
    server += ["--innodb-flush-log-at-trx-commit=0", "--innodb-flush-method=nosync", "--innodb-doublewrite=0"]
    server += ["--innodb-log-file-size=32M", "--innodb-strict-mode=0", "--performance-schema=OFF", "--sql-mode="]
    running = Server(place, server, _answers)
    return closing_on_failure(running, lambda: _fill_mariadb(place, path, address))


def _fill_mariadb(place: Place, path: Path, address: Address) -> str:
    names = _databases(path)
    wanted = address.options.get("database") or (names[0] if len(names) == 1 else _DATABASE)
    if len(names) > 1 and wanted not in names:
        raise UsageError("the dump holds several databases", hint="say which: ?database=name in the source's URL")
    every = dict.fromkeys([*names, wanted])
    _as_root(place, "", [
        *(f"CREATE DATABASE IF NOT EXISTS {_quoted(name)} CHARACTER SET utf8mb4" for name in every),
        f"CREATE USER {_OWNER}@localhost IDENTIFIED BY '{place.entry}'",
        f"CREATE USER {_READER}@localhost IDENTIFIED BY '{place.entry}'",
        *(f"GRANT {_RIGHTS} ON {_pattern(name)}.* TO {_OWNER}@localhost" for name in every),
        f"GRANT SELECT, SHOW VIEW ON {_pattern(wanted)}.* TO {_READER}@localhost",
        f"ALTER USER root@localhost IDENTIFIED BY '{place.password}'",
    ])  # fmt: skip
    mark = f"ecluse_{secrets.token_hex(_MARK // 2)}"
    options = place.folder / "client"
    options.touch(mode=0o600)
    place.give(options)
    options.write_text(f"[client]\nuser={_OWNER}\npassword={place.entry}\nsocket={place.socket}\n")
    command = [program(Engine.MYSQL, "mariadb"), f"--defaults-file={options}", "--sandbox", "--binary-mode", "--batch"]
    command += ["--force", "--show-warnings", "--local-infile=0", "--max-allowed-packet=1G", "--skip-reconnect"]
    command += [f"--default-character-set={address.options.get('encoding', 'utf8mb4')}", f"--database={wanted}"]
    _check_sandbox(place, command)
    after = f"\n;\nCREATE TABLE {_quoted(wanted)}.{mark} (x int);\n".encode()
    client = Client(command, b"", after, _MARIADB_ERROR, _harmless_to_mariadb, _MARIADB_WARNING)
    feed(place, client, partial(_text_of_mariadb, path))
    check_whole(path, b"(MySQL|MariaDB) dump ", b"-- Dump completed")
    if not tried(lambda: _as_root(place, wanted, [f"DROP TABLE {mark}"]), pymysql.Error):
        raise cut_off()
    return f"mysql://{_READER}@/{wanted}?host={place.socket}"


def _answers(place: Place) -> bool:
    def listened() -> None:
        with socket.socket(socket.AF_UNIX) as asking:  # the driver leaves its own open where nobody listens
            asking.connect(str(place.socket))

    return tried(listened, OSError) and tried(lambda: _enter_mariadb(place, "").close(), pymysql.Error)


def _text_of_mariadb(path: Path) -> Iterator[bytes]:
    with opened(path) as source:
        yield from blocks(source)


_USE = re.compile(rb"(?:CREATE DATABASE [^`]*|USE )`([^`]+)`", re.IGNORECASE)


def _databases(path: Path) -> list[str]:
    """The databases that a dump makes or goes to, in their order; the server's own are not given to it."""
    found = (_USE.match(line) for line in lines(_text_of_mariadb(path)))
    names = [match[1].decode("utf-8", "replace") for match in found if match]
    return [name for name in dict.fromkeys(names) if name.lower() not in _SYSTEM]


def _enter_mariadb(place: Place, password: str, database: str | None = None) -> Any:
    given = {"user": "root", "password": password, "database": database, "charset": "utf8mb4"}
    return pymysql.connect(unix_socket=str(place.socket), **given)


def _as_root(place: Place, database: str, statements: Sequence[str]) -> None:
    password = place.password if database else ""
    with closing(_enter_mariadb(place, password, database or None)) as connection, connection.cursor() as cursor:
        for statement in statements:
            cursor.execute(statement)


def _check_sandbox(place: Place, command: list[str]) -> None:
    if place.run([*command, "--execute=SELECT 1"]).returncode:
        raise UsageError("this mariadb client would run the commands that a dump may hold",
                         hint="install MariaDB's client 10.5.25, 10.6.18, 10.11.8, 11.4.2 or newer")  # fmt: skip


_MARIADB_ERROR = re.compile(rb"^ERROR(?: (?P<number>\d+) \(\w+\))?(?: at line (?P<line>\d+))")
# Values that do not fit, rows left out: outside of its strict mode, which a dump turns off, the server only says so.
_MARIADB_WARNING = re.compile(
    rb"^(?:Warning|Note) \(Code (?P<number>1048|1062|1263|1264|1265|1292|1300|1366|1367|1406|1411|1416|1452|1690)\)"
)
# A privilege or a variable that is not here, what a view or routine calls that is not here.
_ABSENT = frozenset({"1227", "1193", "1231", "1238", "1449", "1356", "1305", "1007"})
_WITHOUT_ROW = re.compile(
    r"(?!(CREATE|DROP|ALTER) (TEMPORARY )?TABLE)(/\*!\d+ *)?"
    r"(SET |FLUSH |GRANT |CHANGE MASTER|(CREATE|DROP|ALTER) [^;(]*(DATABASE|VIEW|TRIGGER|PROCEDURE|FUNCTION|EVENT)|"
    r"CREATE (OR REPLACE )?(ALGORITHM|DEFINER|SQL SECURITY)|"
    r"DEFINER=|VIEW |TRIGGER |PROCEDURE |FUNCTION |EVENT |CREATE\*/ )"
)


def _harmless_to_mariadb(number: str, lines: str) -> bool:
    opening, _, line = lines.partition("\n")
    return number in _ABSENT and bool(_WITHOUT_ROW.match(line) or _WITHOUT_ROW.match(opening))


def _quoted(name: str) -> str:
    return "`" + name.replace("`", "``") + "`"


def _pattern(name: str) -> str:
    return _quoted(re.sub(r"([_%\\])", r"\\\1", name))
