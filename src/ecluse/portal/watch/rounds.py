"""One watch at work: reads every source, feeds the rules, raises what they find, looks at the clocks (law 8).

What a batch finds is raised in the transaction that moves its cursors on: killed at any instant, nothing is missed and
nothing is raised twice. Windows are filled again from what had been read.
"""

import datetime as dt
import logging
import queue
import threading
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, cast

from django.db import DatabaseError, close_old_connections, connection, transaction
from django.utils import timezone

from ecluse.control.ports import Notice
from ecluse.control.watch import (
    Engine,
    Finding,
    Rule,
    RuleSet,
    Tick,
    WorkingHours,
    load_rules,
    packaged_rules,
    ticked,
)
from ecluse.domain.alerts import Severity, rises
from ecluse.domain.errors import BusyError, EcluseError, MalformedError
from ecluse.domain.observed import Observed
from ecluse.domain.permissions import Role
from ecluse.domain.room import RoomEvent
from ecluse.portal.watch.outbox import WATCH, cry
from ecluse.store import watching
from ecluse.store.acts import alerts
from ecluse.store.models import Membership
from ecluse.store.reads.alerts import silent
from ecluse.store.reads.check import check
from ecluse.store.reads.observed import SOURCES, Source
from ecluse.store.reads.ticking import ticks
from ecluse.store.recording import UnwritableError, acting
from ecluse.store.working_days import french_holidays

BEAT, CLOCKS, VERIFY = dt.timedelta(seconds=5), dt.timedelta(seconds=10), dt.timedelta(hours=1)
_CRY = dt.timedelta(hours=1)
_STRETCH = 500
_LOG = logging.getLogger("ecluse.watch")

Finder = Callable[[dt.datetime], Iterable[Finding]]
FINDERS: list[Finder] = []
"""What other parts of the room find by the clock, without a rule over events: asked with the clocks."""
Sweep = Callable[[dt.datetime], object]
SWEEPS: list[Sweep] = []
"""What other parts of the room do by the clock, each in acts of its own."""


@dataclass
class Watcher:
    """One watch. ``sources`` are the room's, unless given."""

    home: Path
    holder: str
    sources: list[Source] = field(default_factory=lambda: SOURCES)
    failing: "queue.SimpleQueue[tuple[str, tuple[str, ...]]]" = field(default_factory=queue.SimpleQueue)
    _engine: Engine | None = None
    _next: dict[str, dt.datetime] = field(default_factory=dict)
    _held: bool = False
    _stuck_since: dt.datetime | None = None
    _checking: threading.Thread | None = None
    _problems: tuple[str, ...] = ()
    _refused: str = ""
    _inherited: str = ""

    def __post_init__(self) -> None:
        """Read the rules; where the room's own are wrong, those that ship count, and that is told."""
        self._off: tuple[str, ...] = ()
        self._broken_rules = ""
        try:
            loaded: RuleSet = load_rules(self.home / "rules")
            self.rules: tuple[Rule, ...] = loaded.rules
            self._off = tuple(each.id for each in loaded.off)
        except MalformedError as error:
            self.rules, self._broken_rules = packaged_rules(), str(error)[:200]

    def one_round(self) -> bool:
        """Whatever is due now; whether there is more at once. False while another watch holds the lease."""
        now = timezone.now()
        if not self._holding(now):
            return False
        try:
            if self._engine is None:
                self._begin(now)
            more = self._read()
            if self._is_due("clocks", now, CLOCKS):
                self._clocks(now)
                # Only here: a round that reads well hides nothing of clocks that fail.
                self._stuck_since, self._refused = None, ""
                self._tell_broken()
        except BusyError:
            self._lose()
            return False
        except (EcluseError, DatabaseError) as error:
            self._stuck(now, error)
            return False
        return more

    def close(self) -> None:
        """Say that this watch stops, and let another take over."""
        if self._held:
            try:
                with acting(WATCH) as act:
                    act.record(RoomEvent.WATCH_STOPPED, subject=WATCH, holder=self.holder)
            except (EcluseError, DatabaseError) as error:
                _LOG.error("the watch's end cannot be recorded: %s", type(error).__name__)
            watching.release(self.holder)

    # -- the lease

    def _holding(self, now: dt.datetime) -> bool:
        if self._held and not self._is_due("beat", now, BEAT):
            return True
        before = watching.position()
        held = watching.hold(self.holder, now)
        if held and not self._held:
            self._dead_for = int((now - before.beat_at).total_seconds()) if before else 0
            self._inherited = before.broken if before else ""
            self._engine = None
        self._held = held
        return held

    def _lose(self) -> None:
        self._held, self._engine = False, None
        self._next.clear()

    def _is_due(self, name: str, now: dt.datetime, every: dt.timedelta) -> bool:
        if self._next.get(name, now) > now:
            return False
        self._next[name] = now + every
        return True

    # -- events

    def _begin(self, now: dt.datetime) -> None:
        """Windows as they were; then the first words of this watch."""
        hours = WorkingHours(closed=french_holidays(range(now.year - 1, now.year + 2)))
        engine, row = Engine(self.rules, hours=hours), watching.position()
        cursors = row.cursors if row else {}
        after = now - engine.horizon
        past = [event for source in self.sources for event in source.last(cursors.get(source.name), after)]
        past.sort(key=lambda each: each.at)
        for start in range(0, len(past), _STRETCH):
            # Long memories take a while: the lease is kept meanwhile, or lost.
            if self._is_due("beat", timezone.now(), BEAT) and not watching.hold(self.holder, timezone.now()):
                raise BusyError("another watch has taken over")
            for event in past[start : start + _STRETCH]:
                self._fed(engine, event)
        with acting(WATCH) as act:
            act.record(RoomEvent.WATCH_STARTED, subject=WATCH, holder=self.holder, rules=len(self.rules))
        self._engine = engine
        words: list[Observed] = []
        if self._dead_for > watching.SILENT.total_seconds():
            words.append(ticked(Tick.WATCH_WAS_DEAD, now, WATCH, seconds=self._dead_for))
        if self._broken_rules:
            words.append(ticked(Tick.RULES_BROKEN, now, "rules", error=self._broken_rules))
        words += [ticked(Tick.RULE_OFF, now, rule) for rule in self._off]
        self._feed(words)

    def _read(self) -> bool:
        """The next batch of every source; whether there is more already."""
        row = watching.position()
        before: dict[str, Any] = dict(row.cursors) if row else {}
        after, events, more = dict(before), list[Observed](), False
        for source in self.sources:
            seen = source.since(before.get(source.name))
            after[source.name] = seen.cursor
            events += seen.events
            more = more or seen.more
        if after != before:
            found = self._found(sorted(events, key=lambda each: each.at))
            self._raise(found, before, after)
        return more

    def _found(self, events: Iterable[Observed]) -> list[Finding]:
        if self._engine is None:
            raise BusyError("this watch has not begun")
        return [finding for event in events for finding in self._fed(self._engine, event)]

    @staticmethod
    def _fed(engine: Engine, event: Observed) -> Iterable[Finding]:
        """What the rules make of an event. One that they cannot read is told, and keeps nobody from the next."""
        try:
            return engine.feed(event)
        except (EcluseError, DatabaseError):
            raise
        except Exception as error:  # noqa: BLE001 - whoever reports events must not end the watch with one
            _LOG.error("an event that the rules cannot read: %s: %s", event.mark, type(error).__name__)
            now = timezone.now()
            return engine.feed(ticked(Tick.RULES_BROKEN, now, event.place, error=type(error).__name__))

    def _feed(self, events: Iterable[Observed]) -> None:
        found = self._found(events)
        if found:
            self._raise(found, None, None)

    def _raise(self, found: Iterable[Finding], before: dict[str, Any] | None, after: dict[str, Any] | None) -> None:
        try:
            self._keep(found, before, after)
        except BaseException:
            # What the windows remember of this batch was not kept: they are filled again from what was.
            self._engine = None
            raise

    def _keep(
        self, found: Iterable[Finding], before: dict[str, Any] | None = None, after: dict[str, Any] | None = None
    ) -> None:
        together = merged(found)
        with transaction.atomic() if not together else acting(WATCH):
            if before is not None and after is not None:
                watching.moved(self.holder, before, after)
            for finding in together:
                alerts.raise_finding(WATCH, finding)

    # -- clocks

    def _clocks(self, now: dt.datetime) -> None:
        _probe()
        words = ticks(now)
        while not self.failing.empty():
            name, concerns = self.failing.get()
            words.append(ticked(Tick.CHANNEL_FAILING, now, name, concerns=concerns))
        words += [ticked(Tick.JOURNAL_BROKEN, now, "control-room", problems=len(self._problems))] * bool(self._problems)
        refused = [*self._others(now, words), *self._escalated(now)]
        self._feed(words)
        if self._is_due("verify", now, VERIFY):
            self._verify()
        if refused:
            raise refused[0]

    @staticmethod
    def _escalated(now: dt.datetime) -> list[Exception]:
        """Alerts go on, each in an act of its own: one that cannot keeps no other where it is. Gives what refused."""
        refused: list[Exception] = []
        for alert in silent(now):
            try:
                alerts.escalate(WATCH, alert)
            except (EcluseError, DatabaseError) as error:
                refused.append(error)
        return refused

    def _others(self, now: dt.datetime, words: list[Observed]) -> list[Exception]:
        """What other parts find and do by the clock. A fault of one keeps no other from its work, and is told.

        Gives what the journal or the database refused.
        """
        refused: list[Exception] = []
        for part in (*FINDERS, *SWEEPS):
            try:
                found = part(now)
                if part in FINDERS:
                    self._keep(cast("Iterable[Finding]", found))
            except (EcluseError, DatabaseError) as error:
                refused.append(error)
            except Exception as error:  # noqa: BLE001 - whatever another part does wrong
                _LOG.error("a part of the watch failed: %s", type(error).__name__)
                name = getattr(part, "__qualname__", type(part).__name__)
                words.append(ticked(Tick.RULES_BROKEN, now, name, error=type(error).__name__))
        return refused

    def _verify(self) -> None:
        """Read the whole journal, beside the rounds."""
        if self._checking is None or not self._checking.is_alive():
            self._checking = threading.Thread(target=self._verified, daemon=True)
            self._checking.start()

    def _verified(self) -> None:
        try:
            if connection.vendor == "sqlite":
                # Reads a snapshot, and keeps nobody from writing.
                connection.transaction_mode = "DEFERRED"  # type: ignore[attr-defined]
            self.verify_journal()
        except DatabaseError as error:
            _LOG.warning("the journal was not read whole: %s", type(error).__name__)  # the next time, then
        finally:
            connection.close()

    def verify_journal(self) -> None:
        """Read the room's journal whole; what is wrong is told by the clocks."""
        try:
            self._problems = check().problems
        except EcluseError as error:
            self._problems = (type(error).__name__,)
        self._inherited = ""
        watching.verified(timezone.now())
        self._tell_broken()

    def _tell_broken(self) -> None:
        """What every page shows: what refuses now, else what the last reading found, else what the last watch left.

        That stands until this watch has read the journal whole itself.
        """
        watching.broken(self._refused or next(iter(self._problems), "") or self._inherited)

    # -- what cannot be recorded

    def _stuck(self, now: dt.datetime, error: Exception) -> None:
        """The journal or the database refuses: nothing can be raised, so it is cried, once an hour.

        A database that is busy for a moment is not broken.
        """
        # A database's own words may hold what was to be written; ours hold nobody's value.
        said = f": {error}" if isinstance(error, EcluseError) else ""
        _LOG.error("the watch cannot go on: %s%s", type(error).__name__, said)
        self._engine = None
        self._stuck_since = self._stuck_since or now
        close_old_connections()
        waits = not isinstance(error, UnwritableError) and now - self._stuck_since < watching.SILENT
        if waits or not self._is_due("cry", now, _CRY):
            return
        try:
            self._refused = type(error).__name__
            self._tell_broken()
            held = Membership.objects.filter(
                until__isnull=True, person__is_active=True, role__in=[Role.SECURITY_OFFICER, Role.DIRECTOR, Role.DPO]
            )
            to = tuple(sorted(set(held.values_list("person__email", flat=True))))
        except DatabaseError:
            to = ()
        subject = "Écluse: le journal de la salle ne peut plus être écrit · the room's journal cannot be written"
        body = (
            f"La salle de contrôle ne fait plus rien tant que son journal n'est pas réparé ({type(error).__name__}).\n"
            f"The control room does nothing until its journal is mended ({type(error).__name__})."
        )
        cry(self.home, Notice(subject, body, Severity.CRITICAL, f"stuck-{now:%Y%m%dT%H}", now, "", to))


def _probe() -> None:
    """Whether the journal can be written: an entry is appended, and taken back.

    Raises:
        UnwritableError: it cannot, or its edge is not what was signed.
    """
    with transaction.atomic():
        with acting(WATCH) as act:
            act.record(RoomEvent.WATCH_STARTED, subject=WATCH, probe=1)
        transaction.set_rollback(True)


def merged(found: Iterable[Finding]) -> list[Finding]:
    """One finding for each rule and group of a batch: the worst severity, the latest time, everybody, every mark."""
    together: dict[tuple[str, str], Finding] = {}
    for each in found:
        key = (each.name, each.group)
        known = together.get(key)
        if known is None:
            together[key] = each
            continue
        together[key] = replace(
            each,
            severity=each.severity if rises(known.severity, each.severity) else known.severity,
            at=max(known.at, each.at),
            concerns=tuple(sorted({*known.concerns, *each.concerns})),
            people=tuple(sorted({*known.people, *each.people})),
            marks=tuple(dict.fromkeys((*known.marks, *each.marks)))[-alerts.MARKS :],
        )
    return list(together.values())
