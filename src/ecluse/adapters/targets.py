"""Where parcels and rows may never go: machines used for remote maintenance (R12), by name, address or network.

A name is resolved, and so is every name on the list; a folder is looked up in the table of mounts, since a share of
such a machine looks like a folder of this one. What cannot be resolved cannot be reached either.
"""

import ipaddress
import re
import socket
from collections.abc import Iterator
from pathlib import Path

from ecluse.domain.errors import ForbiddenError, Location, UsageError

_MOUNTS = Path("/proc/self/mountinfo")
_HOST = re.compile(
    r"(?:[a-z][a-z0-9+.-]*://|//|\\\\)(?:[^@/\\]*@)?(?P<url>\[[0-9A-Fa-f:.%]+\]|[^/:\\]+)"
    r"|(?:[^@/:]*@)?(?P<export>\[[0-9A-Fa-f:.%]+\]|[A-Za-z0-9._-]+):/"
)
"""``//host/share``, ``scheme://host/…``, ``host:/export``, ``user@host:/path``."""
_OCTAL = re.compile(r"\\([0-7]{3})")
_NAME = re.compile(r"[A-Za-z0-9]([A-Za-z0-9.-]{0,252}[A-Za-z0-9])?\.?")

Address = ipaddress.IPv4Address | ipaddress.IPv6Address


def checked_maintenance(entry: str) -> str:
    """An entry of the list as it is kept: a host's name, an address, or a network in CIDR form.

    Raises:
        UsageError: none of them.
    """
    text = entry.strip()
    try:
        return str(ipaddress.ip_network(text, strict=False))
    except ValueError:
        pass
    looks_like_address = re.fullmatch(r"[0-9./]+", text) is not None
    if looks_like_address or "/" in text or not _NAME.fullmatch(text):
        raise UsageError("not a host's name, an address or a network", location=Location(field="--maintenance-host"))
    return _plain(text)


def check_host(host: str, maintenance: tuple[str, ...]) -> None:
    """Refuse a host that is one used for maintenance, by its name or by any address that it or the list resolves to.

    Raises:
        ForbiddenError: it is.
    """
    if not maintenance:
        return
    name = _plain(host.strip("[]"))
    addresses = _addresses(name)
    for entry in maintenance:
        if name == entry or any(_among(address, entry) for address in addresses):
            raise ForbiddenError(
                f"this is a maintenance host ({entry}), which is never a target (R12)",
                location=Location(file=host),
                hint="nothing has been sent; give a machine that nobody maintains others from",
            )


def check_folder(folder: Path, maintenance: tuple[str, ...]) -> None:
    """Refuse a folder on a file system that such a host serves; raises ForbiddenError."""
    if not maintenance:
        return
    for source in _mounted_from(folder):
        found = _HOST.match(source)
        if found:
            check_host(found["url"] or found["export"], maintenance)


def _mounted_from(folder: Path) -> Iterator[str]:
    """What the file systems are mounted from on which a folder may lie: all those over its nearest mount point."""
    try:
        lines = _MOUNTS.read_text(encoding="utf-8", errors="surrogateescape").splitlines()
    except OSError:  # another system: nothing can be told
        return
    where = folder.resolve()
    nearest, sources = Path("/"), list[str]()
    for line in lines:
        before, _, after = line.partition(" - ")
        point = Path(_unescaped(before.split(" ")[4]))
        if point != where and point not in where.parents:
            continue
        if len(point.parts) > len(nearest.parts):
            nearest, sources = point, []
        if point == nearest:
            sources.append(_unescaped(after.split(" ")[1]))
    yield from sources


def _unescaped(text: str) -> str:
    return _OCTAL.sub(lambda found: chr(int(found[1], 8)), text)


def _plain(name: str) -> str:
    return name.rstrip(".").lower()


def _addresses(name: str) -> frozenset[Address]:
    try:
        found = socket.getaddrinfo(name, None, type=socket.SOCK_STREAM)
    except (OSError, UnicodeError):
        return frozenset()
    return frozenset(_address(str(each[4][0])) for each in found)


def _address(text: str) -> Address:
    made = ipaddress.ip_address(text.partition("%")[0])
    return made.ipv4_mapped or made if isinstance(made, ipaddress.IPv6Address) else made


def _among(address: Address, entry: str) -> bool:
    try:
        return address in ipaddress.ip_network(entry)
    except ValueError:
        return address in _addresses(entry)
