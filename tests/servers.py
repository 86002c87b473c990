"""Real, throw-away database servers for tests, demonstrations and benchmarks; knows nothing of Écluse.

    with running_postgresql() as server:
        database = server.database("create table patient (id int)")
        database.execute("insert into patient values (1)")
        database.url    # postgresql://postgres@127.0.0.1:PORT/fresh1

Each runs on loopback and a free port, with its own temporary folder, without fsync, and dies with the block. As root it
runs as the system's ``postgres`` or ``mysql`` account, since both servers refuse root.
"""

import contextlib
import ctypes
import functools
import itertools
import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psycopg
import pymysql
from pymysql.constants import CLIENT

_NAMES = itertools.count(1)
_START_SECONDS = 60.0


class MissingServerError(RuntimeError):
    """A server's program is not installed; the message holds the command that installs it."""


@dataclass(frozen=True)
class Database:
    """One fresh, empty database on a throw-away server."""

    server: "PostgresqlServer | MariadbServer"
    name: str

    @property
    def url(self) -> str:
        """``scheme://user@host:port/name``."""
        return self.server.url_of(self.name)

    def connect(self, **options: Any) -> Any:
        """A DB-API connection, autocommit unless told otherwise."""
        return self.server.connect(self.name, **options)

    def execute(self, sql: str, *parameters: Any) -> list[tuple[Any, ...]]:
        """Run statements (several only without parameters), commit, return the last one's rows."""
        return self.server.execute(sql, *parameters, database=self.name)


@dataclass(frozen=True)
class PostgresqlServer:
    """A running PostgreSQL: no password for anyone, except members of the role ``needs_password`` (SCRAM)."""

    port: int
    socket: Path
    folder: Path
    pid: int
    host: str = "127.0.0.1"
    user: str = "postgres"

    @property
    def url(self) -> str:
        """The maintenance database."""
        return self.url_of("postgres")

    def url_of(self, database: str, user: str | None = None) -> str:
        """``postgresql://user@host:port/database``."""
        return f"postgresql://{user or self.user}@{self.host}:{self.port}/{database}"

    def connect(self, database: str = "postgres", **options: Any) -> Any:
        """A psycopg connection, autocommit unless told otherwise."""
        return psycopg.connect(
            **{"host": self.host, "port": self.port, "user": self.user, "dbname": database, "autocommit": True}
            | options
        )

    def execute(self, sql: str, *parameters: Any, database: str = "postgres") -> list[tuple[Any, ...]]:
        """Run statements, return the last one's rows (none: empty)."""
        with self.connect(database) as connection:
            cursor = connection.execute(sql, parameters or None)
            while cursor.nextset():
                pass
            return cursor.fetchall() if cursor.description else []

    def psql(self, sql: str, database: str = "postgres") -> str:
        """What the stock ``psql`` prints, unaligned, rows only."""
        command = [_program("psql", _POSTGRESQL), "-XAtq", "-v", "ON_ERROR_STOP=1", "-f", "-"]
        command += ["-h", self.host, "-p", str(self.port), "-U", self.user, "-d", database]
        return subprocess.run(command, input=sql, capture_output=True, text=True, check=True).stdout

    def database(self, sql: str = "", options: str = "") -> Database:
        """A fresh database, with ``sql`` run in it; ``options`` go to CREATE DATABASE."""
        name = f"fresh{next(_NAMES)}"
        self.execute(f"CREATE DATABASE {name} {options}")
        if sql:
            self.execute(sql, database=name)
        return Database(self, name)


@dataclass(frozen=True)
class MariadbServer:
    """A running MariaDB: ``root`` without password."""

    port: int
    socket: Path
    folder: Path
    pid: int
    host: str = "127.0.0.1"
    user: str = "root"

    @property
    def url(self) -> str:
        """The system database."""
        return self.url_of("mysql")

    def url_of(self, database: str, user: str | None = None) -> str:
        """``mysql://user@host:port/database``."""
        return f"mysql://{user or self.user}@{self.host}:{self.port}/{database}"

    def connect(self, database: str = "mysql", **options: Any) -> Any:
        """A pymysql connection, autocommit unless told otherwise, several statements at once allowed."""
        defaults: dict[str, Any] = {"host": self.host, "port": self.port, "user": self.user, "database": database}
        defaults |= {"autocommit": True, "charset": "utf8mb4", "client_flag": CLIENT.MULTI_STATEMENTS}
        return pymysql.connect(**defaults | options)

    def execute(self, sql: str, *parameters: Any, database: str = "mysql") -> list[tuple[Any, ...]]:
        """Run statements, return the last one's rows (none: empty)."""
        with self.connect(database) as connection, connection.cursor() as cursor:
            cursor.execute(sql, parameters or None)
            while cursor.nextset():
                pass
            return list(cursor.fetchall()) if cursor.description else []

    def database(self, sql: str = "", options: str = "CHARACTER SET utf8mb4") -> Database:
        """A fresh database, with ``sql`` run in it; ``options`` go to CREATE DATABASE."""
        name = f"fresh{next(_NAMES)}"
        self.execute(f"CREATE DATABASE {name} {options}")
        if sql:
            self.execute(sql, database=name)
        return Database(self, name)


@contextlib.contextmanager
def running_postgresql(*settings: str) -> Iterator[PostgresqlServer]:
    """A PostgreSQL for the length of the block; ``settings`` as in ``work_mem=64MB``. Raises MissingServerError."""
    initdb, postgres = _program("initdb", _POSTGRESQL), _program("postgres", _POSTGRESQL)
    with _folder("postgres") as folder:
        data, port = folder / "data", free_port()
        _run([initdb, "-D", str(data), "-U", "postgres", "-A", "trust", "-E", "UTF8", "--no-locale", "-N"], "postgres")
        rules = data / "pg_hba.conf"
        rules.write_text("host all +needs_password 127.0.0.1/32 scram-sha-256\n" + rules.read_text())
        command = [postgres, "-D", str(data), "-p", str(port), "-k", str(folder), "-c", "listen_addresses=127.0.0.1"]
        fast = ("fsync=off", "synchronous_commit=off", "full_page_writes=off", "max_connections=60")
        for setting in (*fast, *settings):
            command += ["-c", setting]
        with _process(command, "postgres", folder, signal.SIGINT) as pid:
            server = PostgresqlServer(port, folder, folder, pid)
            _wait(lambda: server.execute("select 1"), pid, folder)
            server.execute("CREATE ROLE needs_password")
            yield server


@contextlib.contextmanager
def running_mariadb(*settings: str) -> Iterator[MariadbServer]:
    """A MariaDB for the length of the block; ``settings`` as in ``sql-mode=``. Raises MissingServerError."""
    install, mariadbd = _program("mariadb-install-db", _MARIADB), _program("mariadbd", _MARIADB)
    with _folder("mysql") as folder:
        data, sock, port = folder / "data", folder / "mysqld.sock", free_port()
        fast = ["--innodb-flush-log-at-trx-commit=0", "--innodb-flush-method=nosync", "--skip-name-resolve"]
        command = [install, "--no-defaults", f"--datadir={data}", "--auth-root-authentication-method=normal"]
        _run([*command, "--skip-test-db", "--skip-name-resolve"], "mysql")
        command = [mariadbd, "--no-defaults", f"--datadir={data}", f"--socket={sock}", f"--port={port}"]
        # A mariadbd that starts wipes its temporary folder of tables, others' too: each has its own.
        command += [f"--tmpdir={folder}"]
        command += ["--bind-address=127.0.0.1", f"--pid-file={folder / 'pid'}", *fast, *(f"--{s}" for s in settings)]
        with _process(command, "mysql", folder, signal.SIGTERM) as pid:
            server = MariadbServer(port, sock, folder, pid)
            _wait(lambda: server.execute("select 1"), pid, folder)
            yield server


def free_port() -> int:
    """A port of loopback that nobody listens on at this moment."""
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        port: int = listener.getsockname()[1]
        return port


_LIBC = ctypes.CDLL(None) if sys.platform == "linux" else None
_POSTGRESQL = "apt-get install -y postgresql"
_MARIADB = "apt-get install -y mariadb-server"


def _program(name: str, remedy: str) -> str:
    folders = sorted(Path("/usr/lib/postgresql").glob("*/bin"), key=lambda p: int(p.parent.name), reverse=True)
    path = os.pathsep.join([*map(str, folders), os.environ.get("PATH", ""), "/usr/sbin", "/usr/local/sbin"])
    found = shutil.which(name, path=path)
    if found is None:
        raise MissingServerError(f"{name} is not installed: {remedy}")
    return found


def _as(account: str) -> dict[str, Any]:
    return {"user": account, "group": account, "extra_groups": []} if os.geteuid() == 0 else {}


def _run(command: list[str], account: str, environment: dict[str, str] | None = None) -> None:
    subprocess.run(command, check=True, capture_output=True, cwd="/", env=environment, **_as(account))


@contextlib.contextmanager
def _folder(account: str) -> Iterator[Path]:
    folder = Path(tempfile.mkdtemp(prefix="throwaway-", dir=tempfile.gettempdir()))
    try:
        folder.chmod(0o755)
        if os.geteuid() == 0:
            shutil.chown(folder, account, account)
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)


@contextlib.contextmanager
def _process(
    command: list[str], account: str, folder: Path, stop: signal.Signals, environment: dict[str, str] | None = None
) -> Iterator[int]:
    with (folder / "server.log").open("wb") as log:
        process = subprocess.Popen(
            command, stdout=log, stderr=log, stdin=subprocess.DEVNULL, cwd="/", env=environment,
            preexec_fn=functools.partial(_die_with_parent, stop),  # noqa: PLW1509  (one system call, no lock taken)
            **_as(account),
        )  # fmt: skip
    try:
        yield process.pid
    finally:
        process.send_signal(stop)
        try:
            process.wait(20)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def _die_with_parent(stop: signal.Signals) -> None:
    """A killed test run leaves no server behind (Linux: PR_SET_PDEATHSIG)."""
    if _LIBC is not None:
        _LIBC.prctl(1, int(stop))


def _wait(
    probe: Callable[[], object],
    pid: int,
    folder: Path,
    failures: tuple[type[Exception], ...] = (psycopg.OperationalError, pymysql.err.OperationalError),
) -> None:
    deadline = time.monotonic() + _START_SECONDS
    while True:
        try:
            probe()
        except failures as error:
            if os.waitpid(pid, os.WNOHANG)[0] or time.monotonic() > deadline:
                log = (folder / "server.log").read_text(errors="replace")[-2000:]
                raise RuntimeError(f"the server did not start:\n{log}") from error
            time.sleep(0.05)
        else:
            return
