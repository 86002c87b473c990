"""A target as it was named: taken apart, without a secret in it."""

import re
from dataclasses import dataclass, replace
from enum import StrEnum
from pathlib import Path
from urllib.parse import parse_qsl, quote, unquote, urlsplit

from ecluse.domain.errors import UsageError
from ecluse.inspector.findings import shown


class Kind(StrEnum):
    """What a target is, and so which probe looks at it."""

    FTP = "ftp"
    FTPS = "ftps"
    SFTP = "sftp"
    HTTPS = "https"
    HTTP = "http"
    POSTGRESQL = "postgresql"
    MYSQL = "mysql"
    SQLITE = "sqlite"
    FIREBIRD = "firebird"
    FOLDER = "folder"


_PORTS = {Kind.FTP: 21, Kind.FTPS: 990, Kind.SFTP: 22, Kind.HTTPS: 443, Kind.HTTP: 80, Kind.POSTGRESQL: 5432,
          Kind.MYSQL: 3306, Kind.FIREBIRD: 3050}  # fmt: skip
DATABASES = frozenset({Kind.POSTGRESQL, Kind.MYSQL, Kind.SQLITE, Kind.FIREBIRD})
SERVERS = frozenset(Kind) - DATABASES - {Kind.FOLDER}
_ELSEWHERE = frozenset({"host", "hostaddr", "service"})
"""Options by which a driver would go to another server than the one that is told, judged and trusted."""
_HOST = re.compile(r"[0-9A-Za-z.:_%-]+")


@dataclass(frozen=True, slots=True)
class Target:
    """One target.

    Attributes:
        kind: What it is.
        name: As it is told: scheme, host, port and path; no user, no option.
        host: Of a server; empty for a folder and a file.
        port: TCP.
        user: The account to use, or empty.
        path: Of a folder or file on this machine, or where to begin on a server.
        url: As it was given (it holds no password); for the databases' own drivers.
    """

    kind: Kind
    name: str
    host: str = ""
    port: int = 0
    user: str = ""
    path: str = ""
    url: str = ""

    @property
    def place(self) -> str:
        """``host:port`` of a server."""
        return f"{self.host}:{self.port}"


def target_of(given: str) -> Target:
    """Take a target apart. Raises UsageError: unknown scheme, no host, a password in it, a folder that is not there."""
    scheme, separator, _ = given.partition("://")
    if not separator:
        return _folder(given)
    scheme = scheme.lower()
    if scheme == "smb":
        raise UsageError(
            "smb:// is not looked at by network: no library for it is part of Écluse",
            hint="mount the share read-only, and inspect the folder",
        )
    if scheme not in set(Kind) - {Kind.FOLDER}:
        known = ", ".join(f"{kind}://" for kind in Kind if kind is not Kind.FOLDER)
        raise UsageError("this kind of target is not known", hint=f"{known}, or the path of a folder")
    return _address(Kind(scheme), given)


def _said(given: str) -> str:
    """What was given, in an error: a URL without its scheme may hold a password."""
    return "?" if "@" in given else shown(given)


def _folder(given: str) -> Target:
    path = Path(given)
    if not path.exists():
        raise UsageError("there is no such folder or file", hint=f"{_said(given)}: a path, or a URL such as ftp://HOST")
    return Target(Kind.FOLDER, str(path), path=str(path.absolute()))


def _address(kind: Kind, given: str) -> Target:
    try:
        parts = urlsplit(given)
        port, host, secret = parts.port, parts.hostname or "", parts.password is not None
    except ValueError:
        parts, port, host, secret = None, None, "", False
    if parts is None:
        raise UsageError("the target's URL does not parse")
    if secret or re.search(r"(?i)(?:^|[&;])\w*(?:password|passwd|pwd)=", parts.query):
        raise UsageError("the target's URL holds a password", hint="put it into a --passfile, and change it")
    options = {name.strip().lower() for name, _ in parse_qsl(parts.query, keep_blank_values=True)}
    if kind in DATABASES and options & _ELSEWHERE:
        raise UsageError("the target's URL names two hosts", hint="name the server before the path, without host=")
    path = unquote(parts.path)
    if kind is Kind.SQLITE:
        return Target(kind, f"sqlite://{path}", path=path, url=given)
    if not _HOST.fullmatch(host):
        raise UsageError("the target's URL names no host")
    port = port or _PORTS[kind]
    shown_host = f"[{host}]" if ":" in host else host
    name = f"{kind}://{shown_host}:{port}{parts.path.rstrip('/')}"
    return Target(kind, name, host, port, unquote(parts.username or ""), path, given)


def as_user(target: Target, user: str) -> Target:
    """A database that names nobody, asked as the person that the command names."""
    if not user or target.user or not target.host or not target.url:
        return target
    parts = urlsplit(target.url)
    return replace(target, user=user, url=parts._replace(netloc=f"{quote(user, safe='')}@{parts.netloc}").geturl())
