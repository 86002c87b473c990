"""Where a source is and how it is entered: an address without secrets, which may be pickled to workers."""

import os
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import SplitResult, parse_qsl, unquote, urlsplit

from ecluse.domain.errors import ProfileError, UsageError
from ecluse.domain.files import SourceFile
from ecluse.domain.profile import Engine
from ecluse.workspace.passfile import password_in

PASSWORD_ENV = "ECLUSE_SOURCE_PASSWORD"  # noqa: S105  (the variable's name, not a password)
_PORTS = {Engine.POSTGRESQL: 5432, Engine.MYSQL: 3306, Engine.FIREBIRD: 3050}
_LOOPBACK = frozenset({"", "localhost", "127.0.0.1", "::1"})
_OPTIONS = {
    Engine.POSTGRESQL: frozenset({"host", "sslmode", "sslrootcert", "sslcert", "sslkey", "channel_binding"}),
    Engine.MYSQL: frozenset({"host", "tls", "ca"}),
    Engine.SQLITE: frozenset({"encoding"}),
    Engine.CSV: frozenset[str](),
    Engine.FILES: frozenset[str](),
    Engine.FIREBIRD: frozenset({"charset", "wirecrypt", "scratch"}),
}


DUMP = "dump"
"""Scheme of a dump's URL; the engine is that of the server which it was taken from."""
ODBC = "odbc"
"""Scheme of a URL that is reached by an ODBC driver; the engine is that of the server behind it."""
EXPORTED = frozenset({"https", "http"})
"""Schemes of a URL that is a FHIR server's, whose files are those of an export; the engine is ``files``."""
_EXPORT_OPTIONS = frozenset({"since", "filter", "files", "client", "key", "kid", "scope", "token"})
_DUMP_OPTIONS = frozenset({"engine", "scratch", "encoding", "database", "names"})


@dataclass(frozen=True, slots=True)
class SourceSpec:
    """One source. No secret in it: the password stands in an environment variable or a private passfile.

    ``url``: ``postgresql://user@host:port/db``, ``mysql://…``, ``sqlite:///path``, ``csv:///folder``,
    ``files:///folder``; with engine ``files`` also ``https://host/fhir``, a FHIR server. Options after
    ``?``: PostgreSQL ``sslmode`` and its certificate files, MySQL ``tls=off`` and ``ca=file``, SQLite
    ``encoding=cp1252`` (what bytes in TEXT are when they are no UTF-8). ``passfile`` has libpq's format
    (``host:port:db:user:password``, mode 0600). ``memory_mb`` bounds DuckDB and keeps small CSV folders in memory.
    """

    engine: Engine
    url: str
    files: Mapping[str, SourceFile] = field(default_factory=dict)
    password_env: str = PASSWORD_ENV
    passfile: str | None = None
    memory_mb: int = 512

    def __post_init__(self) -> None:
        """Refuse a password in the URL at once, before it is pickled or logged. Raises UsageError."""
        self.address()

    def address(self) -> "Address":
        """The URL, taken apart. Raises UsageError naming what is wrong, never the URL."""
        parts = _split(self.url)
        if self.exported:
            return _exported(parts)
        if parts.scheme not in {self.engine.value, DUMP, ODBC}:
            raise UsageError(f"the source's URL must begin with {self.engine.value}://")
        options = dict(parse_qsl(parts.query, keep_blank_values=True))
        known = _DUMP_OPTIONS if parts.scheme == DUMP else _OPTIONS.get(self.engine, frozenset())
        if set(options) - known and parts.scheme != ODBC:  # whose options are the driver's
            raise UsageError(f"unknown option in the source's URL, among: {', '.join(sorted(known))}")
        if parts.scheme in {DUMP, ODBC} and options.pop("engine", self.engine.value) != self.engine.value:
            raise UsageError(f"the source's URL says another engine than {self.engine.value}")
        return Address(
            host=parts.hostname or "" if parts.scheme == ODBC else options.pop("host", parts.hostname or ""),
            port=parts.port or (0 if parts.scheme == ODBC else _PORTS.get(self.engine, 0)),
            user=unquote(parts.username or ""),
            path=unquote(parts.path),
            options=options,
        )

    @property
    def dumped(self) -> bool:
        """Whether the source is a dump, to be loaded first."""
        return self.url.startswith(f"{DUMP}://")

    @property
    def exported(self) -> bool:
        """Whether the source is a FHIR server, read by ``$export``."""
        return self.engine is Engine.FILES and self.url.split("://", 1)[0] in EXPORTED

    @property
    def driven(self) -> bool:
        """Whether the source is reached by an ODBC driver."""
        return self.url.startswith(f"{ODBC}://")

    def password(self) -> str | None:
        """From the environment, else the passfile, else None. Raises UsageError on a passfile others may read."""
        given = os.environ.get(self.password_env)
        if given is not None:
            return given
        if not self.passfile:
            return None
        at = self.address()
        return password_in(self.passfile, at.host, at.port, at.database, at.user)


@dataclass(frozen=True, slots=True)
class Address:
    """The parts of a source's URL; never a password."""

    host: str
    port: int
    user: str
    path: str
    options: Mapping[str, str]
    url: str = ""
    """Of a FHIR server: its address without options."""

    @property
    def database(self) -> str:
        """A server's database, by name."""
        return self.path.lstrip("/")

    @property
    def local(self) -> bool:
        """Whether the way to it crosses no network: loopback or a Unix socket."""
        return self.host in _LOOPBACK or self.host.startswith("/")

    def folder(self) -> Path:
        """The path of a file source. ``sqlite:///relative`` is taken as absolute, as three slashes say."""
        if not self.path.strip("/"):
            raise UsageError("the source's URL names no path")
        return Path("/" + self.path.lstrip("/"))


def _exported(parts: SplitResult) -> Address:
    given = parse_qsl(parts.query, keep_blank_values=True)
    options = dict(given)
    if "filter" in options:  # may be given several times; a search holds no line end
        options["filter"] = "\n".join(value for name, value in given if name == "filter")
    if set(options) - _EXPORT_OPTIONS:
        raise UsageError(f"unknown option in the source's URL, among: {', '.join(sorted(_EXPORT_OPTIONS))}")
    if parts.username is not None or parts.fragment or not parts.hostname:
        raise UsageError("a FHIR server's URL holds an address and options, no user or password")
    if parts.scheme != "https" and parts.hostname not in _LOOPBACK:
        raise UsageError("a FHIR server that is not on this machine is entered by https:// only")
    if ("client" in options) != ("key" in options):
        raise UsageError("a FHIR server's client has a key: give client and key")
    base = f"{parts.scheme}://{parts.netloc}{parts.path}".rstrip("/")
    return Address(parts.hostname, parts.port or 0, "", unquote(parts.path), options, base)


def _split(url: str) -> SplitResult:
    try:
        parts = urlsplit(url)
        secret = parts.password is not None
        _ = parts.port
    except ValueError:
        malformed = True
    else:
        malformed = False
    if malformed:
        raise UsageError("the source's URL does not parse")
    if secret or re.search(r"[?&](password|passwd|pwd)=", parts.query, re.IGNORECASE):
        raise UsageError(
            "the source's URL holds a password", hint=f"put it into {PASSWORD_ENV} or a passfile, and change it"
        )
    return parts


def known_columns(names: list[str]) -> list[str]:
    """The columns of a query, if they can be told apart. Raises ProfileError."""
    lowered = [name.lower() for name in names]
    if len(set(lowered)) != len(lowered):
        raise ProfileError("two columns of the query have one name", hint="give each an alias")
    if not all(names):
        raise ProfileError("a column of the query has no name", hint="give it an alias")
    return names
