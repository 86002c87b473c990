"""``supervision.yaml`` in a room's or relay's home: whom it tells, where its security log goes, who reads its metrics.

It holds secrets (addresses of hooks, passwords in URLs, keys), so it is readable by its owner alone or refused, and
nothing of it is ever shown: messages name a field and a line.
"""

import re
import stat
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from ecluse.domain.alerts import Severity
from ecluse.domain.errors import Location, MalformedError
from ecluse.wire import documents
from ecluse.wire.documents import Document

FILE = "supervision.yaml"
LEAST_MONTHS, MOST_MONTHS = 6, 12
"""How long logs are kept: CNIL 2021 recommends 6 to 12 months (domain.md, F10)."""
_NAME = re.compile(r"[a-z0-9][a-z0-9-]{0,62}")
_HOOK_KEY = re.compile(r"[0-9a-f]{64,128}")
_TOKEN = re.compile(r"[A-Za-z0-9_-]{32,128}")
_LOCAL = frozenset({"localhost", "127.0.0.1", "::1"})
_SYSLOG_TLS = 6514
_MAX_PORT = 65_535


@dataclass(frozen=True, slots=True)
class AppriseChannel:
    """A channel of Apprise's: mail, SMS gateway, chat. ``url`` is a secret."""

    name: str
    url: str = field(repr=False)
    least: Severity = Severity.LOW


@dataclass(frozen=True, slots=True)
class WebhookChannel:
    """A program that takes signed notices by HTTPS. ``key``: at least 32 bytes, shared with it alone."""

    name: str
    url: str = field(repr=False)
    key: bytes = field(repr=False)
    least: Severity = Severity.LOW
    ca: Path | None = None


Channel = AppriseChannel | WebhookChannel


@dataclass(frozen=True, slots=True)
class SyslogTarget:
    """A collector of syslog over TLS. ``ca`` pins whose certificates are believed; the system's where there is none."""

    name: str
    host: str
    port: int = _SYSLOG_TLS
    ca: Path | None = None
    certificate: Path | None = None
    key: Path | None = None


@dataclass(frozen=True, slots=True)
class LogFiles:
    """Where the security log's files lie, and how long."""

    folder: Path
    months: int = MOST_MONTHS
    compress: bool = True


@dataclass(frozen=True, slots=True)
class Supervision:
    """All of it. Log files are kept wherever nobody said otherwise; ``metrics_token`` empty: metrics are shut.

    ``metrics_warnings``: whoever reads the metrics may know that warnings exist; else they do not tell.
    ``metrics_incidents``: they may know what laboratories keep to themselves in an incident; else they do not tell.
    """

    files: LogFiles | None
    channels: tuple[Channel, ...] = ()
    syslog: tuple[SyslogTarget, ...] = ()
    metrics_token: str = field(default="", repr=False)
    metrics_warnings: bool = False
    metrics_incidents: bool = False


def read(home: Path) -> Supervision:
    """What a home's file says; the defaults where it has none.

    Raises:
        MalformedError: names file, line and field; or others than the owner may read it.
    """
    path = home / FILE
    if not path.exists():
        return Supervision(LogFiles(home / "logs"))
    if path.is_symlink() or stat.S_IMODE(path.stat().st_mode) & 0o077:
        raise MalformedError("others may read this file, which holds secrets", location=Location(file=str(path)),
                             hint=f"chmod 600 {path}")  # fmt: skip
    reader = _Reader(documents.read(path), home)
    return reader.supervision()


class _Reader:
    """One document; every refusal is placed at its line."""

    def __init__(self, document: Document, home: Path) -> None:
        self._document = document
        self._home = home

    def supervision(self) -> Supervision:
        whole = self._fields(self._document.value or {}, "", {"channels", "log", "metrics"})
        log = self._fields(whole.get("log", {}), "log", {"folder", "months", "compress", "syslog", "files"})
        metrics = self._fields(whole.get("metrics", {}), "metrics", {"token", "warnings", "incidents"})
        token = self._text(metrics, "metrics", "token", "")
        if token and not _TOKEN.fullmatch(token):
            raise self._refused("metrics.token", "not 32 to 128 letters, digits, '-' and '_'")
        channels = tuple(self._channel(*each) for each in self._list(whole, "", "channels"))
        syslog = tuple(self._syslog(*each) for each in self._list(log, "log", "syslog"))
        for path, named in (("channels", channels), ("log.syslog", syslog)):
            if len({each.name for each in named}) < len(named):
                raise self._refused(path, "two of these have one name")
        warnings = self._flag(metrics, "metrics", "warnings", default=False)
        incidents = self._flag(metrics, "metrics", "incidents", default=False)
        return Supervision(self._files(log), channels, syslog, token, warnings, incidents)

    def _files(self, log: dict[str, Any]) -> LogFiles | None:
        if not self._flag(log, "log", "files", default=True):
            return None
        months = log.get("months", MOST_MONTHS)
        if not isinstance(months, int) or not LEAST_MONTHS <= months <= MOST_MONTHS:
            raise self._refused("log.months", f"logs are kept {LEAST_MONTHS} to {MOST_MONTHS} months")
        folder = self._home / self._text(log, "log", "folder", "logs")
        return LogFiles(folder, months, self._flag(log, "log", "compress", default=True))

    def _channel(self, path: str, given: Any) -> Channel:
        values = self._fields(given, path, {"name", "url", "webhook", "key", "ca", "least"})
        name, least = self._name(values, path), self._severity(values, path)
        if ("url" in values) == ("webhook" in values):
            raise self._refused(path, "a channel has a url (Apprise) or a webhook")
        if "url" in values:
            if values.keys() & {"key", "ca"}:
                raise self._refused(path, "key and ca belong to a webhook")
            return AppriseChannel(name, self._text(values, path, "url"), least)
        key = self._text(values, path, "key")
        if not _HOOK_KEY.fullmatch(key) or len(key) % 2:
            raise self._refused(f"{path}.key", "not 64 to 128 hex digits", hint="a new one: openssl rand -hex 32")
        url = self._text(values, path, "webhook")
        if not is_private_way(url):
            raise self._refused(f"{path}.webhook", "a webhook is https, or http on this machine")
        return WebhookChannel(name, url, bytes.fromhex(key), least, self._path(values, path, "ca"))

    def _syslog(self, path: str, given: Any) -> SyslogTarget:
        values = self._fields(given, path, {"name", "host", "port", "ca", "certificate", "key"})
        port = values.get("port", _SYSLOG_TLS)
        if not isinstance(port, int) or not 0 < port <= _MAX_PORT:
            raise self._refused(f"{path}.port", "not a port")
        if ("certificate" in values) != ("key" in values):
            raise self._refused(path, "certificate and key go together")
        files = (self._path(values, path, name) for name in ("ca", "certificate", "key"))
        return SyslogTarget(self._name(values, path), self._text(values, path, "host"), port, *files)

    def _fields(self, given: Any, path: str, names: set[str]) -> dict[str, Any]:
        if not isinstance(given, dict) or set(given) - names:
            raise self._refused(path, "unknown field", hint=", ".join(sorted(names)))
        return given

    def _list(self, values: dict[str, Any], path: str, name: str) -> list[tuple[str, Any]]:
        at = f"{path}.{name}".strip(".")
        given = values.get(name, [])
        if not isinstance(given, list):
            raise self._refused(at, "not a list")
        return [(f"{at}[{place}]", each) for place, each in enumerate(given)]

    def _text(self, values: dict[str, Any], path: str, name: str, otherwise: str | None = None) -> str:
        found = values.get(name, otherwise)
        if not isinstance(found, str) or (otherwise is None and not found):
            raise self._refused(f"{path}.{name}".strip("."), "this field is missing")
        return found

    def _name(self, values: dict[str, Any], path: str) -> str:
        name = self._text(values, path, "name")
        if not _NAME.fullmatch(name):
            raise self._refused(f"{path}.name", "a name is lower-case letters, digits and hyphens")
        return name

    def _severity(self, values: dict[str, Any], path: str) -> Severity:
        try:
            return Severity(values.get("least", Severity.LOW))
        except ValueError:
            raise self._refused(f"{path}.least", "not a severity", hint=", ".join(Severity)) from None

    def _flag(self, values: dict[str, Any], path: str, name: str, *, default: bool) -> bool:
        found = values.get(name, default)
        if not isinstance(found, bool):
            raise self._refused(f"{path}.{name}", "true or false")
        return found

    def _path(self, values: dict[str, Any], path: str, name: str) -> Path | None:
        return self._home / self._text(values, path, name) if name in values else None

    def _refused(self, path: str, message: str, *, hint: str | None = None) -> MalformedError:
        return MalformedError(message, location=self._document.location(path), hint=hint)


def is_private_way(url: str) -> bool:
    """Whether nobody on the way can read what goes there: TLS, or this machine."""
    try:
        parts = urlsplit(url)
        _ = parts.port  # a number that no port has is told only when it is asked for
    except ValueError:
        return False
    if not parts.hostname or parts.username or parts.fragment:
        return False
    return parts.scheme == "https" or (parts.scheme == "http" and parts.hostname in _LOCAL)
