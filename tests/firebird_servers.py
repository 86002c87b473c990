"""Real, throw-away Firebird databases for tests: files made by the embedded engine, and a server of its own."""

import atexit
import contextlib
import os
import shutil
import signal
import tempfile
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import firebird.driver
from firebird.driver import driver_config

from servers import _NAMES, _folder, _process, _program, _run, _wait, free_port

PASSWORD = "s-ecret p:w"
_ATTEMPTS = 10
_FIREBIRD = "apt-get install -y firebird3.0-server firebird3.0-utils"


@dataclass(frozen=True)
class FirebirdDatabase:
    """One fresh Firebird database: a file, and where a server runs the address by which it is entered."""

    url: str
    dsn: str
    charset: str

    def execute(self, *statements: str) -> list[tuple[Any, ...]]:
        """Run statements, each alone, commit; the last one's rows."""
        rows: list[tuple[Any, ...]] = []
        with self.connected() as found, found.cursor() as cursor:
            for statement in statements:
                cursor.execute(statement)
                rows = cursor.fetchall() if cursor.description else []
                found.commit()
        return rows

    def fill(self, sql: str, rows: Sequence[Sequence[object]]) -> None:
        """One parametrised INSERT for each row."""
        with self.connected() as found, found.cursor() as cursor:
            cursor.executemany(sql, rows)
            found.commit()

    def connected(self) -> Any:
        """A connection of the driver's."""
        return firebird.driver.connect(self.dsn, user="SYSDBA", password=PASSWORD, charset=self.charset)


def firebird_file(path: Path, *statements: str, charset: str = "UTF8", connection: str = "") -> FirebirdDatabase:
    """A Firebird file made by the embedded engine; ``charset`` is the database's own, ``connection`` the writer's."""
    # The embedded engine's locks: Debian's folder for them is the server's alone.
    if "FIREBIRD_LOCK" not in os.environ:
        os.environ["FIREBIRD_LOCK"] = tempfile.mkdtemp(prefix="throwaway-", dir="/dev/shm")
        atexit.register(shutil.rmtree, os.environ["FIREBIRD_LOCK"], ignore_errors=True)
    return _firebird_database(str(path), f"firebird://{path}", charset, connection, statements)


@dataclass(frozen=True)
class FirebirdServer:
    """A running Firebird 3: ``SYSDBA`` with PASSWORD."""

    port: int
    folder: Path
    pid: int
    host: str = "127.0.0.1"
    user: str = "SYSDBA"

    def url_of(self, name: str, user: str | None = None) -> str:
        """``firebird://user@host:port/folder/name.fdb``."""
        return f"firebird://{user or self.user}@{self.host}:{self.port}{self.folder / name}.fdb"

    def database(self, *statements: str, charset: str = "UTF8", connection: str = "") -> FirebirdDatabase:
        """A fresh database, with ``statements`` run in it."""
        name = f"fresh{next(_NAMES)}"
        dsn = f"{self.host}/{self.port}:{self.folder / name}.fdb"
        return _firebird_database(dsn, self.url_of(name), charset, connection, statements)


def _firebird_database(
    dsn: str, url: str, charset: str, connection: str, statements: tuple[str, ...]
) -> FirebirdDatabase:
    driver_config.db_defaults.db_charset.value = charset
    for attempt in range(_ATTEMPTS):
        try:
            firebird.driver.create_database(dsn, user="SYSDBA", password=PASSWORD).close()
            break
        except firebird.driver.DatabaseError as error:
            # a server whose machine is busy refuses now and then
            if "Failed to establish a connection" not in str(error) or attempt + 1 == _ATTEMPTS:
                raise
            time.sleep(0.5)
    made = FirebirdDatabase(url, dsn, connection or charset)
    made.execute(*statements)
    return made


@contextlib.contextmanager
def running_firebird() -> Iterator[FirebirdServer]:
    """A Firebird 3 for the length of the block, in a root folder of its own. Raises MissingServerError."""
    program, isql = _program("firebird", _FIREBIRD), _program("isql-fb", _FIREBIRD)
    [installed, *_] = sorted(Path("/usr/lib").glob("*/firebird/3.0"))
    with _folder("firebird") as folder:
        port = free_port()
        for name in ("plugins", "intl", "firebird.msg", "plugins.conf"):
            (folder / name).symlink_to(installed / name)
        (folder / "databases.conf").touch()
        settings = [f"RemoteServicePort = {port}", "RemoteBindAddress = 127.0.0.1", f"IpcName = throwaway{port}"]
        settings.append(f"SecurityDatabase = {folder / 'security3.fdb'}")
        (folder / "firebird.conf").write_text("\n".join(settings) + "\n")
        script = f"create database '{folder / 'security3.fdb'}';in '/usr/share/firebird/3.0/security.sql';commit;"
        script += f"create user SYSDBA password '{PASSWORD}' using plugin Srp;commit;"
        (folder / "users.sql").write_text(script)
        places = dict.fromkeys(("FIREBIRD", "FIREBIRD_LOCK", "FIREBIRD_TMP"), str(folder))
        environment = os.environ | places
        _run([isql, "-q", "-user", "SYSDBA", "-i", str(folder / "users.sql")], "firebird", environment)
        with _process([program], "firebird", folder, signal.SIGTERM, environment) as pid:
            server = FirebirdServer(port, folder, pid)
            _wait(lambda: firebird.driver.connect_server(f"{server.host}/{port}", user="SYSDBA",
                                                         password=PASSWORD).close(), pid, folder, (firebird.driver.Error,))  # fmt: skip
            yield server
