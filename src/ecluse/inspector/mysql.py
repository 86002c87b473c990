"""MySQL and MariaDB: what a server says of itself before anybody logs in.

Its first packet (protocol 10) names a version, and whether it speaks TLS (the flag CLIENT_SSL).
"""

import socket
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass

from ecluse.inspector import banners
from ecluse.inspector import rules_servers as rules
from ecluse.inspector.budget import Budget, paced
from ecluse.inspector.findings import Finding
from ecluse.inspector.postgresql import is_local
from ecluse.inspector.target import Target
from ecluse.inspector.visit import Visit

_HEAD, _LONGEST, _PROTOCOL = 4, 1024, 10
_AFTER_VERSION, _TLS = 13, 0x0800
"""Bytes of thread, challenge and filler between the version and the flags; CLIENT_SSL."""


@dataclass(frozen=True, slots=True)
class Greeting:
    """A server's version as it says it, and whether it offers TLS."""

    version: str
    tls: bool


def greeting(target: Target, budget: Budget) -> Greeting | None:
    """A server's first words; None where it says none, or others. Raises SpentError."""
    budget.request()
    try:
        with (
            socket.create_connection((target.host, target.port), budget.patience) as connection,
            closing(paced(connection, budget)) as reader,
        ):
            head = reader.read(_HEAD)
            said = reader.read(min(int.from_bytes(head[:3], "little"), _LONGEST))
    except OSError:
        return None
    version, ended, rest = said[1:].partition(b"\0")
    flags = rest[_AFTER_VERSION : _AFTER_VERSION + 2]
    if said[:1] != bytes((_PROTOCOL,)) or not ended or len(flags) != 2:  # noqa: PLR2004 - two bytes
        return None
    return Greeting(version.decode("ascii", "replace"), bool(int.from_bytes(flags, "little") & _TLS))


def inspect_greeting(visit: Visit, met: Greeting) -> Iterator[Finding]:
    """What shows before a login. Whether TLS is demanded shows inside only."""
    yield from banners.old(visit, f"MySQL {met.version}")
    if not met.tls and not is_local(visit.target.host):
        yield visit.found(rules.CLEAR_DATABASE, facts=("tls-not-offered",))
