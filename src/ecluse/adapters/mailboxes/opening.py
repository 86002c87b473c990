"""A relay's mailbox from its address and the files by which it is entered; refused where it may not be used (R12)."""

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from ecluse.adapters.mailboxes.address import RelayAddress
from ecluse.adapters.mailboxes.relay import RelayMailbox
from ecluse.adapters.mailboxes.relay_https import HttpsDoor
from ecluse.adapters.targets import check_host
from ecluse.domain.errors import Location, UsageError

if TYPE_CHECKING:
    from ecluse.adapters.mailboxes.relay_sftp import SftpDoor


@dataclass(frozen=True, slots=True)
class Entry:
    """The files by which a relay is entered and known; ``maintenance`` lists hosts that it may not be on."""

    token: str | None = None
    certificate: str | None = None
    ca: str | None = None
    key: str | None = None
    host_key: str | None = None
    maintenance: tuple[str, ...] = ()


def open_relay(address: RelayAddress, entry: Entry, box: str | None) -> RelayMailbox:
    """A mailbox; nothing is sent yet. ``box`` is that of the place's order, where it is known.

    Raises:
        ForbiddenError: the relay is on a maintenance host.
        UsageError: a file is not named that the door needs; or the address names another order's box.
    """
    check_host(address.host, entry.maintenance)
    if address.box and box and address.box != box:
        raise UsageError("the address names another order's box", location=Location(field="--mailbox"))
    known = (address.door, entry)
    if known not in _DOORS:
        _DOORS[known] = _door(address.door, address.scheme, entry)
    return RelayMailbox(_DOORS[known], address.door, address.box or box)


_DOORS: "dict[tuple[str, Entry], HttpsDoor | SftpDoor]" = {}
"""One connection a relay and account, kept for as long as the process lives."""


def close_relays() -> None:
    """Let every connection go; the next call opens another."""
    while _DOORS:
        _DOORS.popitem()[1].close()


def _door(url: str, scheme: str, entry: Entry) -> "HttpsDoor | SftpDoor":
    def check_peer(found: str) -> None:
        # Asked again of the machine that answered: a name may lead elsewhere a moment later.
        check_host(found, entry.maintenance)

    if scheme == "https":
        if not (entry.token or entry.certificate):
            raise UsageError("an option is missing: --relay-token", hint="or --relay-certificate")
        return HttpsDoor(url, _path(entry.token), _path(entry.certificate), _path(entry.ca), check_peer)
    if not entry.key:
        raise UsageError("an option is missing: --relay-key")
    if not entry.host_key:
        raise UsageError("an option is missing: --relay-host-key", hint="ecluse relay status shows it, at the relay")
    try:
        from ecluse.adapters.mailboxes.relay_sftp import SftpDoor  # noqa: PLC0415 - only who goes by SFTP has asyncssh
    except ModuleNotFoundError:
        raise UsageError("this needs asyncssh", hint="pip install 'ecluse[relay]'") from None
    return SftpDoor(url, Path(entry.key), Path(entry.host_key), check_peer)


def _path(name: str | None) -> Path | None:
    return Path(name) if name else None
