"""A relay's address as a person writes it: ``https://host:8444``, ``sftp://account@host:2222``, a box behind it."""

import re
from dataclasses import dataclass
from urllib.parse import SplitResult, urlsplit

from ecluse.domain.errors import Location, UsageError

_PORTS = {"https": 8444, "sftp": 2222}
"""The relay's own, as its settings have them."""
_BOX = re.compile(r"/(?:(?P<box>[0-9a-f]{16})/?)?")
_ACCOUNT = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,99}")
_WHERE = Location(field="--mailbox")


@dataclass(frozen=True, slots=True)
class RelayAddress:
    """Where a relay is, by which door; ``box`` is one order's, where one is named."""

    scheme: str
    host: str
    port: int
    account: str | None
    box: str | None

    @property
    def door(self) -> str:
        """The address of the door, without any box."""
        account = f"{self.account}@" if self.account else ""
        host = f"[{self.host}]" if ":" in self.host else self.host
        return f"{self.scheme}://{account}{host}:{self.port}"

    def __str__(self) -> str:
        """As it is kept."""
        return f"{self.door}/{self.box}" if self.box else self.door


def checked_relay(text: str) -> str:
    """An address as it is kept; raises UsageError."""
    return str(relay_address(text))


def relay_address(text: str) -> RelayAddress:
    """What an address says.

    Raises:
        UsageError: not one of a relay, or a secret stands in it. The text itself is not repeated.
    """
    try:
        parts = urlsplit(text)
        port = parts.port
    except ValueError:
        raise UsageError("not a relay's address", location=_WHERE) from None
    if parts.password is not None or parts.query or parts.fragment:
        raise UsageError("no secret stands in a relay's address: tokens and keys have files", location=_WHERE)
    path = _BOX.fullmatch(parts.path or "/")
    if parts.scheme not in _PORTS or not parts.hostname or path is None:
        raise UsageError("a relay's address is https://HOST:PORT or sftp://ACCOUNT@HOST:PORT", location=_WHERE)
    _check_account(parts)
    return RelayAddress(parts.scheme, parts.hostname, port or _PORTS[parts.scheme], parts.username, path["box"])


def _check_account(parts: SplitResult) -> None:
    if parts.scheme == "sftp" and not _ACCOUNT.fullmatch(parts.username or ""):
        raise UsageError("an sftp address names its account: sftp://ACCOUNT@HOST:PORT", location=_WHERE)
    if parts.scheme == "https" and parts.username is not None:
        raise UsageError("an https address names no account: its token or certificate does", location=_WHERE)
