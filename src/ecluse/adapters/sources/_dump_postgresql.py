"""PostgreSQL's dumps in a throw-away PostgreSQL: plain, custom and tar."""

import re
import secrets
from collections.abc import Callable, Iterator
from contextlib import closing
from functools import partial
from pathlib import Path
from subprocess import DEVNULL, PIPE
from typing import Any

import psycopg

from ecluse.adapters.sources._restoring import Client, blocks, check_whole, cut_off, feed, is_archive, opened, tried
from ecluse.adapters.sources._throwaway import Place, Server, checked, closing_on_failure, program
from ecluse.adapters.sources.spec import Address
from ecluse.domain.errors import ProfileError, UsageError
from ecluse.domain.profile import Engine

_OWNER, _DATABASE = "ecluse_owner", "dump"
_MARK = 32


def load(place: Place, path: Path, address: Address) -> tuple[Server, str]:
    """A server with the dump in it, and the URL by which it is read. Raises as ``DumpSource`` does."""
    engine, admin = Engine.POSTGRESQL, f"ecluse_{secrets.token_hex(4)}"
    keyfile = place.folder / "key"
    keyfile.touch(mode=0o600)
    keyfile.write_text(place.password)
    keyfile.chmod(0o644)  # in a folder of mode 0700
    command = [program(engine, "initdb"), "-D", str(place.data), "-U", admin, "-A", "scram-sha-256", "-E", "UTF8"]
    checked(place, place.run([*command, "--no-locale", "-N", f"--pwfile={keyfile}"]), "initdb")
    settings = {
        "listen_addresses": "", "unix_socket_directories": str(place.folder), "unix_socket_permissions": "0700",
        "dynamic_shared_memory_type": "mmap", "wal_level": "minimal", "max_wal_senders": "0", "max_wal_size": "64MB",
        "fsync": "off", "full_page_writes": "off", "synchronous_commit": "off", "autovacuum": "off",
        "log_min_messages": "panic", "log_min_error_statement": "panic", "max_connections": "20", "port": "5432",
    }  # fmt: skip
    server = [program(engine, "postgres"), "-D", str(place.data)]
    for name, value in settings.items():
        server += ["-c", f"{name}={value}"]
    entered = partial(_enter_postgresql, place, admin)
    running = Server(place, server, lambda _place: _answers(entered))
    return closing_on_failure(running, lambda: _fill_postgresql(place, path, address, entered))


def _fill_postgresql(place: Place, path: Path, address: Address, entered: Callable[[str], Any]) -> str:
    encoding = address.options.get("encoding", "UTF8")
    with closing(entered("postgres")) as connection:
        connection.execute(f"CREATE ROLE {_OWNER} LOGIN PASSWORD '{place.entry}'")
        # Row security would leave rows out without a word; so it is an error.
        connection.execute(f"ALTER ROLE {_OWNER} SET row_security = off")
        made = f"CREATE DATABASE {_DATABASE} OWNER {_OWNER} ENCODING '{encoding}' TEMPLATE template0 LOCALE 'C'"
        if not tried(lambda: connection.execute(made), psycopg.Error):
            raise UsageError("the encoding in the source's URL is not one of PostgreSQL's")
    mark, key = f"ecluse_{secrets.token_hex(_MARK // 2)}", secrets.token_hex(_MARK)
    with closing(entered(_DATABASE)) as connection:
        connection.execute(f"CREATE SCHEMA {mark} AUTHORIZATION {_OWNER}")
    psql = [program(Engine.POSTGRESQL, "psql"), "-X", "-q", "-f", "-", "-v", "VERBOSITY=sqlstate"]
    psql += ["-d", f"host={place.folder} dbname={_DATABASE} user={_OWNER} passfile={place.passfile}"]
    _check_restricts(place, psql)
    after = f"\nCREATE TABLE {mark}.reached ();\n".encode()
    client = Client(psql, f"\\restrict {key}\n".encode(), after, _PSQL_ERROR, _harmless_to_postgresql)
    feed(place, client, partial(_text_of_postgresql, place, path))
    check_whole(path, b"PostgreSQL database dump", b"PostgreSQL database dump complete")
    with closing(entered(_DATABASE)) as connection:
        if not tried(lambda: connection.execute(f"DROP TABLE {mark}.reached; DROP SCHEMA {mark}"), psycopg.Error):
            raise cut_off()
        connection.execute("ANALYZE")
        connection.execute(f"ALTER ROLE {_OWNER} SET default_transaction_read_only = on")
    return f"postgresql://{_OWNER}@/{_DATABASE}?host={place.folder}"


def _enter_postgresql(place: Place, user: str, database: str) -> Any:
    given: dict[str, Any] = {"user": user, "password": place.password, "dbname": database, "autocommit": True}
    return psycopg.connect(host=str(place.folder), port=5432, **given)


def _answers(entered: Callable[[str], Any]) -> bool:
    return tried(lambda: entered("postgres").close(), psycopg.Error)


def _text_of_postgresql(place: Place, path: Path) -> Iterator[bytes]:
    if not is_archive(path):
        with opened(path) as source:
            yield from blocks(source)
        return
    command = [program(Engine.POSTGRESQL, "pg_restore"), "--no-owner", "--no-privileges", "--no-publications"]
    command += ["--no-subscriptions", "--no-security-labels", "--no-tablespaces", "-f", "-"]
    with path.open("rb") as source:
        restore = place.start(command, stdin=source, stdout=PIPE, stderr=DEVNULL)
        with restore:
            if restore.stdout is not None:
                yield from blocks(restore.stdout)
        if restore.returncode:
            raise ProfileError("pg_restore cannot read the dump", hint="is it whole, and of no newer PostgreSQL?")


def _check_restricts(place: Place, psql: list[str]) -> None:
    r"""``\restrict`` keeps a dump from running commands (CVE-2025-8714); without it nothing is loaded."""
    tried = place.run(psql, input=b"\\restrict a\n\\echo reached\n")
    if tried.returncode or b"reached" in tried.stdout:
        raise UsageError(
            "this psql would run the commands that a dump may hold",
            hint="install psql 13.22, 14.19, 15.14, 16.10, 17.6 or newer",
        )


_PSQL_ERROR = re.compile(
    rb"^psql:<stdin>:(?P<line>\d+): (?:(?:ERROR|FATAL|PANIC):  (?P<number>[0-9A-Z]{5})|error: |invalid command)"
)
# Who owns and may do what, what the server lacks, what exists already; each only on statements that bear no row.
_FOREIGN = frozenset({"42704", "42501", "42710", "42P06", "0A000", "58P01", "22023", "42883", "42P01", "42939"})
_WITHOUT_ROWS = re.compile(
    r"ALTER [^;]* OWNER TO |ALTER DEFAULT PRIVILEGES |(GRANT|REVOKE|COMMENT ON|SECURITY LABEL|DROP) |"
    r"(CREATE|ALTER) (EXTENSION|SCHEMA public|EVENT TRIGGER|PUBLICATION|SUBSCRIPTION|ROLE|POLICY) ?|"
    r"CREATE (OR REPLACE )?(VIEW|FUNCTION|PROCEDURE|TRIGGER|CONSTRAINT TRIGGER|AGGREGATE|LANGUAGE) |"
    r"SET (?!client_encoding)|SELECT pg_catalog\.set_config\("
)
_RESTRICT = re.compile(r"\\(un)?restrict\b")


def _harmless_to_postgresql(number: str, lines: str) -> bool:
    opening, _, line = lines.partition("\n")
    if line.startswith("\\"):
        return number not in _FOREIGN and bool(_RESTRICT.match(line))
    return number in _FOREIGN and bool(_WITHOUT_ROWS.match(line) or _WITHOUT_ROWS.match(opening))
