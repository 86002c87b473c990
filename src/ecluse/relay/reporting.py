"""What the relay tells its control room: its journal, entry by entry, within seconds of the event (R7, R10).

The relay calls, outbound and by TLS; nothing calls it. A room that hears nothing, refuses, or has nobody watching is
itself an event: journalled here, and told by the relay's own channels, for nobody else would.
"""

import datetime as dt
import sys
import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from ecluse.adapters.notifiers import notifiers
from ecluse.adapters.room import Room
from ecluse.control import supervision
from ecluse.control.ports import Notice, Notifier
from ecluse.control.supervision import AppriseChannel
from ecluse.domain.access import Access
from ecluse.domain.alerts import Severity
from ecluse.domain.errors import EcluseError, MalformedError, RetryableError, StorageError
from ecluse.journal.merkle import Frontier, leaf_hash
from ecluse.relay.home import Home, Settings
from ecluse.relay.log import Log

ACTOR = "relay"
PAUSE = 0.5
"""Seconds between two looks at the journal."""
_PART = 200
_BEAT, _LONGEST = 15.0, 30.0
_UNWATCHED = 60
"""A room's watch that beat longer ago than this is dead (``store.watching.SILENT``)."""
_TELL_AGAIN = 3600.0
_WORDS = {
    "unreachable": ("The control room cannot be reached", "La salle de contrôle est injoignable"),
    "refused": ("The control room refuses this relay's journal", "La salle de contrôle refuse le journal de ce relais"),
    "unwatched": ("Nobody watches in the control room", "Personne ne veille dans la salle de contrôle"),
}


@dataclass(slots=True)
class Reporter:
    """Reports to one room; :meth:`once` is called every :data:`PAUSE` seconds. Several relays of a folder may each."""

    name: str
    log: Log
    room: Room
    channels: Sequence[Notifier] = ()
    silent_after: float = 300.0
    monotonic: Callable[[], float] = time.monotonic
    _known: int | None = None
    _tree: Frontier | None = None
    _heard: float | None = None
    _next: float = 0.0
    _failed: int = 0
    _told: dict[str, float] = field(default_factory=dict)

    def once(self) -> None:
        """Tell what is new; say so here where nobody hears it.

        Raises:
            StorageError: the relay's own journal fails.
        """
        now = self.monotonic()
        self._heard = now if self._heard is None else self._heard
        if now < self._next:
            return
        try:
            age = self._report(now)
        except StorageError:
            raise
        except RetryableError:
            self._fail(now)
            if now - self._heard >= self.silent_after:
                self._raise("unreachable")
        except EcluseError as error:
            self._fail(now)
            self._raise("refused", type(error).__name__)
        else:
            self._failed = 0
            if age is None or age[0] is None or age[0] > _UNWATCHED:
                if age is not None:
                    self._raise("unwatched")
            else:
                self._settle()

    def _report(self, now: float) -> tuple[int | None] | None:
        """The age of the room's watch where the room was called, None where there was nothing to tell yet."""
        age: tuple[int | None] | None = None
        if self._known is None or now - (self._heard or 0) >= _BEAT or self._failed:
            self._known, watch = self.room.relay_known()
            age, self._heard = (watch,), now
        while True:
            entries, head, size = self.log.read(self._known)
            if self._known > size:  # what the room knows is not here any more: the room is shown that, and refuses
                self.room.relay_report(self.log.vkey, size, [], head)
                raise MalformedError("the room took in a journal that was set back")
            if not entries:
                return age
            part = entries[:_PART]
            tree, _ = self._tree_at(self._known).grown(map(leaf_hash, part))
            self._known, watch = self.room.relay_report(self.log.vkey, self._known, part, self.log.head(tree))
            self._tree, age, self._heard = tree, (watch,), now

    def _tree_at(self, size: int) -> Frontier:
        """The journal's tree after its first ``size`` entries."""
        tree = self._tree if self._tree is not None and self._tree.size <= size else Frontier()
        while tree.size < size:
            entries, _, _ = self.log.read(tree.size)
            tree, _ = tree.grown(map(leaf_hash, entries[: size - tree.size]))
        return tree

    def _fail(self, now: float) -> None:
        self._known, self._failed = None, self._failed + 1
        self._next = now + min(2.0 ** min(self._failed, 10) / 2, _LONGEST)

    def _settle(self) -> None:
        """All is well again: journalled where it was not."""
        if self._told:
            self._told.clear()
            self.log.append(Access.REPORTED, ACTOR, subject="again")

    def _raise(self, reason: str, detail: str = "") -> None:
        last, now = self._told.get(reason), self.monotonic()
        if last is not None and now - last < _TELL_AGAIN:
            return
        self._told[reason] = now
        at = self.log.clock()
        self.log.append(Access.ROOM_SILENT, ACTOR, reason=reason, **({"error": detail} if detail else {}))
        notice = self._notice(reason, at)
        sys.stderr.write(f"{notice.subject}\n")
        for channel in self.channels:
            try:
                channel.send(notice)
            except EcluseError as error:  # the others are told all the same
                sys.stderr.write(f"{channel.name}: {error.message}\n")

    def _notice(self, reason: str, at: dt.datetime) -> Notice:
        english, french = _WORDS[reason]
        return Notice(
            subject=f"[Écluse] {self.name}: {english} / {french}",
            body=f"{english}.\n{french}.\n",
            severity=Severity.CRITICAL,
            mark=f"relay/{self.name}/{reason}/{at:%Y-%m-%dT%H}",
            at=at,
        )


def reporter(home: Home, settings: Settings, log: Log) -> Reporter | None:
    """The relay's reporter; None where it is enrolled at no room.

    Raises:
        UsageError, MalformedError: what the settings name is none of ours.
        StorageError: the token cannot be read.
    """
    if settings.room is None:
        return None
    token = home.room_token(settings)
    ca = home.root / settings.room_ca if settings.room_ca else None
    named = tuple(AppriseChannel(f"relay-{number}", url) for number, url in enumerate(settings.notify, 1))
    channels = (*supervision.read(home.root).channels, *named)
    room = Room(settings.room, token, ca)
    return Reporter(settings.name, log, room, notifiers(channels), settings.room_silent_s)


def report_for_ever(made: Reporter, stop: threading.Event, failed: Callable[[Exception], None]) -> threading.Thread:
    """In a thread that a call to a silent room keeps nobody from stopping; ``failed`` hears what ends it."""

    def run() -> None:
        try:
            while not stop.wait(PAUSE):
                made.once()
        except Exception as error:  # noqa: BLE001 - whatever it is, the process must hear it
            failed(error)

    thread = threading.Thread(target=run, name="room", daemon=True)
    thread.start()
    return thread
