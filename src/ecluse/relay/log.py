"""The relay's journal, shared by all relays that serve one folder: nothing is done before its entry is on disk."""

import datetime as dt
import fcntl
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

from ecluse.control.telling import head_of
from ecluse.domain.access import Access, AccessEntry
from ecluse.domain.errors import BusyError, Location, StorageError, TamperError
from ecluse.journal import Journal, LogKey
from ecluse.journal.merkle import Frontier
from ecluse.journal.store import FolderStore
from ecluse.journal.tiles import CHECKPOINT
from ecluse.relay.home import Home
from ecluse.wire.artefacts import decode, encode, utc

NOBODY = "anonymous"
"""Whoever has not entered."""
_FLOOD_SECONDS = 2.0
"""So long counted failures wait at most: an alert on them is in the room within five seconds."""
_MOST_TOLD = 40
"""Failures that are told one by one within that time; whoever knocks from everywhere must not fill the disk."""

Clock = Callable[[], dt.datetime]


def system_clock() -> dt.datetime:
    """Now, in UTC."""
    return dt.datetime.now(dt.UTC)


class Log:
    """Appends entries. Threads and processes may share one folder."""

    def __init__(self, home: Home, *, clock: Clock = system_clock) -> None:
        """Open the journal; raises TamperError, where it is gone too, and StorageError."""
        self._store = FolderStore(home.journal)
        self._key = LogKey.load(home.log_key)
        self._mine = threading.Lock()
        self._turn = home.root / "journal.lock"
        self.clock = clock
        if self._store.read(CHECKPOINT) is None:
            raise TamperError("the journal is gone", location=Location(file=str(home.journal)))
        with self._alone():
            self._journal = Journal.open(self._store, self._key)

    @property
    def vkey(self) -> str:
        """The key that the journal's checkpoints are signed with, for whoever verifies."""
        return self._key.vkey

    def append(
        self,
        event: Access,
        actor: str,
        *,
        origin: str | None = None,
        box: str | None = None,
        subject: str = "",
        **detail: int | str,
    ) -> int:
        """One entry, on disk before this returns; gives its index.

        Raises:
            StorageError, BusyError: it cannot be written: whoever asks must refuse to work.
        """
        entry = AccessEntry("ecluse.relay-entry/1", utc(self.clock()), actor, event, origin, box, subject, detail)
        data = encode(entry)
        with self._alone():
            try:
                return self._journal.append([data])
            except BusyError:  # another relay has appended since: its edge is taken up
                self._journal = Journal.take_up(self._store, self._key)
                return self._journal.append([data])

    def read(self, start: int) -> tuple[list[bytes], bytes, int]:
        """Entries from ``start`` on (at most 500), the signed checkpoint, and the journal's size."""
        with self._alone():
            journal = Journal.take_up(self._store, self._key)
            wanted = [data for data, _ in zip(journal.entries(start), range(500), strict=False)]
            return wanted, journal.checkpoint(), journal.size

    def head(self, tree: Frontier) -> bytes:
        """A signed checkpoint over the first entries of this journal, whose tree is given."""
        return head_of(self._key, tree)

    def entries(self, start: int = 0) -> Iterator[AccessEntry]:
        """Every entry from ``start`` on, oldest first."""
        with self._alone():
            journal = Journal.take_up(self._store, self._key)
        for data in journal.entries(start):
            yield decode(AccessEntry, data, file="journal")

    def last_at(self) -> dt.datetime | None:
        """When the newest entry says that it was written."""
        with self._alone():
            journal = Journal.take_up(self._store, self._key)
        return next((decode(AccessEntry, each).at for each in journal.entries(max(0, journal.size - 1))), None)

    @contextmanager
    def _alone(self) -> Iterator[None]:
        """One writer at a time, of all threads and all relays of the folder."""
        try:
            with self._mine, self._turn.open("ab") as turn:
                fcntl.flock(turn, fcntl.LOCK_EX)
                yield
        except OSError as error:
            raise StorageError(error.strerror or "cannot be written", location=Location(file="journal")) from None


@dataclass(slots=True)
class Failures:
    """Failed entries, told at once and then counted: a flood must not fill the disk, and must not be silent either."""

    log: Log
    now: Callable[[], float] = time.monotonic
    _counted: dict[tuple[str, Access, str, str], tuple[float, int]] = field(default_factory=dict)
    _lock: threading.Lock = field(default_factory=threading.Lock)
    _began: float = 0.0
    _told: int = 0

    def tell(self, event: Access, origin: str | None, reason: str, subject: str = "") -> None:
        """Journal a failure; one like another of these two seconds (same origin, reason) is counted, and told after."""
        key, now = (origin or "", event, reason, subject), self.now()
        with self._lock:
            since, count = self._counted.get(key, (now - _FLOOD_SECONDS, 0))
            if now - since < _FLOOD_SECONDS:
                self._counted[key] = (since, count + 1)
                return
            if now - self._began >= _FLOOD_SECONDS:
                self._began, self._told = now, 0
            if self._told >= _MOST_TOLD:  # from more origins than anybody would read: told together, none forgotten
                self._counted.pop(key, None)
                together = ("", event, reason, "")
                began, others = self._counted.get(together, (now, 0))
                self._counted[together] = (began, others + count + 1)
                return
            self._told += 1
            self._counted[key] = (now, 0)
        self.log.append(event, NOBODY, origin=origin, subject=subject, reason=reason, times=count + 1)

    def flush(self, *, whole: bool = False) -> None:
        """Journal what was counted two seconds ago and not told yet (``whole``: all); called every few seconds."""
        now = self.now()
        with self._lock:
            ripe = [
                (key, count)
                for key, (since, count) in self._counted.items()
                if whole or now - since >= _FLOOD_SECONDS
            ]
            for key, _ in ripe:
                del self._counted[key]
        for (origin, event, reason, subject), count in ripe:
            if count:
                self.log.append(event, NOBODY, origin=origin or None, subject=subject, reason=reason, times=count)
