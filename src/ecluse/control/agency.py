"""An agent's folder: which room it calls, as whom, with which key, and which agreements its owner has confirmed.

``agent.json`` holds the token, hence its mode; the signing key stays in its own file. Each order has a workspace of
its own below ``orders``, named by the order's digest.
"""

import fcntl
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

from ecluse.domain.errors import BusyError, Location, MalformedError, SignatureError, StorageError, UsageError
from ecluse.wire.canonical import canonical, parse
from ecluse.workspace.files import read, write_atomic
from ecluse.workspace.place import Place

FORMAT = "ecluse.agent/1"
_FILE = "agent.json"
_LOCK = "agent.lock"
_HEX = 16


@dataclass(frozen=True, slots=True)
class Agency:
    """Who an agent is, and what its owner trusts. ``agreements`` are digests."""

    url: str
    agent: str
    place: Place
    organisation: str
    token: str
    key: str
    ca: str | None = None
    agreements: tuple[str, ...] = ()

    def trusts(self, agreement: str) -> bool:
        """Whether the owner has confirmed that agreement."""
        return agreement in self.agreements

    def trusting(self, agreement: str) -> "Agency":
        """The same, knowing one more."""
        return self if self.trusts(agreement) else replace(self, agreements=(*self.agreements, agreement))

    def check_trusted(self, agreement: str, number: str) -> None:
        """Nothing is done under an agreement that came from the room alone: it would vouch for itself.

        Raises:
            SignatureError: the owner has not confirmed it.
        """
        if not self.trusts(agreement):
            raise SignatureError(
                f"agreement {number} ({agreement}) is not one that this agent's owner has confirmed",
                hint="ecluse agent run --agreement FILE, with the agreement that you hold",
            )


def order_folder(root: Path, order: str) -> Path:
    """The workspace of an order, by its digest."""
    return root / "orders" / short(order)


def short(order: str) -> str:
    """An order's name in folders: the beginning of its digest."""
    return order.removeprefix("sha256:")[:_HEX]


def is_enrolled(root: Path) -> bool:
    """Whether an agent lives in a folder."""
    return (root / _FILE).is_file()


def read_agency(root: Path) -> Agency:
    """The agent of a folder.

    Raises:
        UsageError: there is none.
        SignatureError: others may read its token.
        MalformedError: the file is not one of ours.
    """
    path = root / _FILE
    where = Location(file=str(path))
    if not path.is_file():
        raise UsageError("no agent here", location=where, hint="see ecluse agent enrol --help")
    if path.stat().st_mode & 0o077:
        raise SignatureError("others may read this agent's token", location=where, hint="chmod 600")
    value: Any = parse(read(path))
    try:
        if value.pop("format") != FORMAT:
            raise MalformedError(f"not of format {FORMAT}", location=where)
        place, agreements = Place(value.pop("place")), tuple(value.pop("agreements"))
        return Agency(place=place, agreements=agreements, **value)
    except (KeyError, TypeError, ValueError, AttributeError):
        raise MalformedError("not an agent's file", location=where) from None


@contextmanager
def claimed(root: Path) -> Iterator[None]:
    """Hold an agent's folder: one process works in it.

    Raises:
        BusyError: another does.
        StorageError: the folder cannot be used.
    """
    try:
        file = (root / _LOCK).open("ab")
    except OSError as error:
        raise StorageError(error.strerror or "cannot be used", location=Location(file=str(root))) from None
    with file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            raise BusyError("another process works here", location=Location(file=str(root))) from None
        yield


def write_agency(root: Path, agency: Agency) -> None:
    """Keep it, for its owner alone; raises StorageError."""
    write_atomic(root / _FILE, canonical({"format": FORMAT, **asdict(agency), "agreements": list(agency.agreements)}))
