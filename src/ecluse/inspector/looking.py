"""Every target looked at in its own way; nothing raises for what a server answers."""

import datetime as dt
import socket
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from ecluse.inspector import rules_servers as rules
from ecluse.inspector import tls
from ecluse.inspector._apart import apart
from ecluse.inspector.accounts import inspect_accounts
from ecluse.inspector.budget import Budget, SpentError
from ecluse.inspector.findings import LOGS, Finding, Limits, Tell
from ecluse.inspector.login import Login
from ecluse.inspector.target import DATABASES, SERVERS, Kind, Target
from ecluse.inspector.visit import Visit


@dataclass(frozen=True, slots=True)
class Asked:
    """What an inspection was asked: targets with their logins, logs and account files, limits by kind of target."""

    targets: Sequence[tuple[Target, Login]]
    logs: Sequence[Path]
    server_limits: Limits
    folder_limits: Limits
    log_limits: Limits = LOGS
    passfile: str | None = None
    ca: str | None = None
    scanners: bool = True


def inspect(asked: Asked, now: dt.datetime, tell: Tell) -> list[Finding]:
    """Look at everything, one after the other; the findings in their order, each once."""
    found = list[Finding]()
    for target, login in asked.targets:
        tell(target.name)
        found += _target(asked, target, login, now, tell)
    found += inspect_accounts(asked.logs, asked.log_limits)
    return sorted(set(found), key=lambda finding: finding.rank)


def _target(asked: Asked, target: Target, login: Login, now: dt.datetime, tell: Tell) -> Iterator[Finding]:
    if target.kind is Kind.FOLDER:
        from ecluse.inspector.folder import inspect_folder  # noqa: PLC0415

        yield from inspect_folder(Path(target.path), asked.folder_limits, tell)
        return
    visit = Visit(target, login, Budget(asked.server_limits), tell, now, asked.ca, asked.scanners)
    try:
        if target.kind in DATABASES:
            from ecluse.inspector.database import inspect_database  # noqa: PLC0415 - needs the migration extra

            yield from apart(inspect_database, visit, asked.passfile)
        else:
            yield from _server(visit)
    except SpentError as spent:
        yield visit.unseen(spent.fact)
    if target.kind in SERVERS:
        yield visit.found(rules.FROM_INSIDE, facts=("logs", "retention", "shared-accounts"))


def _server(visit: Visit) -> Iterator[Finding]:
    match visit.target.kind:
        case Kind.FTP | Kind.FTPS:
            from ecluse.inspector.ftp import door, inspect_ftp  # noqa: PLC0415

            yield from inspect_ftp(visit)
            begun = door(visit)
            if begun is not None:
                yield from tls.look(begun)
        case Kind.SFTP:
            from ecluse.inspector.ssh import inspect_ssh  # noqa: PLC0415 - needs the relay extra

            yield from inspect_ssh(visit)
        case Kind.HTTPS | Kind.HTTP:
            from ecluse.inspector.web import inspect_web  # noqa: PLC0415

            yield from inspect_web(visit)
            if visit.target.kind is Kind.HTTPS:
                yield from tls.look(tls.Door(visit, lambda: _connected(visit)))


def _connected(visit: Visit) -> socket.socket:
    return socket.create_connection((visit.target.host, visit.target.port), visit.budget.patience)
