"""What members ask for in vain: told at once, and again as it adds up; a client in a loop must not fill the journal."""

import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field

from ecluse.domain.access import Access
from ecluse.relay.log import Log

WINDOW_S = 60.0
"""So long counted refusals wait at most."""
_STEP = 10
"""Told at the 1st, 10th, 100th … of a minute: who probes is seen while they do."""
_MOST_SUBJECTS = 20
"""Papers or parcels that are told by name in a minute; what comes besides is told together."""

Key = tuple[str, str, Access, str, str, tuple[tuple[str, int | str], ...]]


@dataclass(slots=True)
class _Held:
    """One thing that was asked for: since when (seconds), how often it was told, how often it was not yet."""

    since: float
    told: int
    waiting: int = 0


@dataclass(slots=True)
class Repeats:
    """Refusals of members, per account, origin, event, box, subject and detail. Thread-safe.

    Nothing of a refusal is done, so none is undone when a relay is killed: at most the last minute's count is lost.
    """

    log: Log
    now: Callable[[], float] = time.monotonic
    _held: dict[Key, _Held] = field(default_factory=dict)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def tell(
        self, event: Access, actor: str, origin: str, *, box: str | None = None, subject: str = "", **detail: int | str
    ) -> None:
        """Journal a refusal with ``times``; one like another of this minute is counted, and told with others.

        Raises:
            StorageError, BusyError: the journal cannot be written: whoever asks must refuse to work.
        """
        now, key = self.now(), (actor, origin, event, box or "", subject, tuple(sorted(detail.items())))
        with self._lock:
            if key not in self._held and subject and self._subjects(key) >= _MOST_SUBJECTS:
                key = _together(key)
            held = self._held.get(key)
            if held is None or now - held.since >= WINDOW_S:
                times = 1 + (held.waiting if held else 0)
                self._held[key] = _Held(now, 1)
            else:
                held.waiting += 1
                if held.told + held.waiting < _STEP * held.told:
                    return
                times, held.told, held.waiting = held.waiting, held.told + held.waiting, 0
        self._append(key, times)

    def flush(self, *, whole: bool = False) -> None:
        """Journal what was counted a minute ago and not told yet (``whole``: all of it); called every few seconds."""
        now = self.now()
        with self._lock:
            ripe = {key: each.waiting for key, each in self._held.items() if whole or now - each.since >= WINDOW_S}
            for key in ripe:
                del self._held[key]
        for key, waiting in ripe.items():
            if waiting:
                self._append(key, waiting)

    def _subjects(self, key: Key) -> int:
        wanted = _together(key)
        return sum(bool(each[4]) and _together(each) == wanted for each in self._held)

    def _append(self, key: Key, times: int) -> None:
        actor, origin, event, box, subject, detail = key
        self.log.append(event, actor, origin=origin, box=box or None, subject=subject, **dict(detail), times=times)


def _together(key: Key) -> Key:
    return (*key[:4], "", key[5])
