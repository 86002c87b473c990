"""How many sessions an account has open, in all relays of one folder together (law 6).

A session is a file that its relay holds locked while it lives: a relay that is killed lets go of all of them at once,
and nobody counts what is gone.
"""

import fcntl
import ipaddress
import os
import secrets
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from ecluse.domain.errors import BusyError, StorageError
from ecluse.domain.networks import same_network
from ecluse.relay.home import Home
from ecluse.workspace.files import make_folder

_MOST_ORIGIN = 64


@dataclass(slots=True)
class Slot:
    """One open session. ``open``: all of the account, this one included; ``elsewhere``: those from other networks."""

    path: Path
    open: int
    elsewhere: int
    _fd: int

    def leave(self) -> None:
        """It is over."""
        if self._fd >= 0:
            with suppress(OSError):
                self.path.unlink(missing_ok=True)
            os.close(self._fd)
            self._fd = -1


class Sessions:
    """The open sessions of a relay's folder."""

    def __init__(self, home: Home) -> None:
        self._root = home.root / "sessions"

    def begin(self, account: str, origin: str, most: int) -> Slot:
        """Take a slot for one more session.

        Raises:
            BusyError: the account has ``most`` open already.
            StorageError: the folder cannot be written.
        """
        folder = self._root / account
        try:
            make_folder(folder)
            with (self._root / f"{account}.lock").open("ab") as turn:
                fcntl.flock(turn, fcntl.LOCK_EX)
                return _taken(folder, origin, most)
        except OSError as error:
            raise StorageError(error.strerror or "a session cannot be noted") from None

    def count(self) -> dict[str, int]:
        """Open sessions by account."""
        folders = sorted(each for each in self._root.iterdir() if each.is_dir()) if self._root.is_dir() else []
        counted = {each.name: sum(_live(path) is not None for path in each.iterdir()) for each in folders}
        return {name: number for name, number in counted.items() if number}


def _taken(folder: Path, origin: str, most: int) -> Slot:
    others = [found for path in folder.iterdir() if (found := _live(path)) is not None]
    if len(others) >= most:
        raise BusyError("this account has as many sessions open as it may")
    path = folder / secrets.token_hex(8)
    fd = os.open(path, os.O_RDWR | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC, 0o600)
    fcntl.flock(fd, fcntl.LOCK_EX)
    os.write(fd, origin[:_MOST_ORIGIN].encode("ascii", "replace"))
    return Slot(path, len(others) + 1, sum(not _same(each, origin) for each in others), fd)


def _live(path: Path) -> str | None:
    """Where a session comes from; None, and the file is removed, where its relay is gone."""
    try:
        fd = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_CLOEXEC)
    except OSError:
        return None
    try:
        fcntl.flock(fd, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except OSError:
        return os.read(fd, _MOST_ORIGIN).decode("ascii", "replace")
    else:
        path.unlink(missing_ok=True)
        return None
    finally:
        os.close(fd)


def _same(one: str, other: str) -> bool:
    try:
        return same_network(str(ipaddress.ip_address(one)), str(ipaddress.ip_address(other)))
    except ValueError:
        return one == other
