"""The outbox: what waits to be told is told, by the next channel where one fails, until it is. A thread of the watch.

At least once: a watch that is killed between a channel's answer and its entry tells again, under the same mark.
"""

import logging
import threading
from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path

from django.db import DatabaseError, close_old_connections, connection
from django.utils import timezone

from ecluse.adapters.notifiers import notifier
from ecluse.control.ports import Notice, Notifier
from ecluse.control.supervision import FILE
from ecluse.control.watch import Rule
from ecluse.domain.alerts import AlertState, Severity, rises
from ecluse.domain.errors import EcluseError, MalformedError
from ecluse.portal.watch.notices import Mail, notice_of
from ecluse.store import watching
from ecluse.store.acts import telling
from ecluse.store.models import AlertTold, AlertWays
from ecluse.store.reads.alert_warnings import for_persons, names
from ecluse.store.reads.alerts import concerned
from ecluse.store.reads.channels import channels

WATCH = "watch"
_AT_ONCE = 20
_PAUSE = 1.0
_LOG = logging.getLogger("ecluse.watch")

Failed = Callable[[str, tuple[str, ...]], None]


class Outbox:
    """Tells what waits. ``failed`` hears of every channel that did not take a notice, and whom that concerns."""

    def __init__(self, holder: str, rules: Mapping[str, Rule], failed: Failed) -> None:
        self._holder, self._rules, self._failed = holder, rules, failed
        self._mail: Notifier = Mail()

    def run(self, stop: threading.Event) -> None:
        """Until told to stop; only while this watch holds the lease."""
        while not stop.is_set():
            try:
                close_old_connections()
                self.one_pass()
            except (EcluseError, DatabaseError) as error:
                _LOG.warning("outbox: %s", type(error).__name__)
            stop.wait(_PAUSE)
        connection.close()

    def one_pass(self) -> int:
        """Tell what is due now; gives how many were tried."""
        waiting = AlertTold.objects.filter(outcome="waiting", due_at__lte=timezone.now())
        rows = list(waiting.select_related("alert", "person").order_by("due_at")[:_AT_ONCE])
        others = self._others() if rows else {}
        for number, row in enumerate(rows):
            if not watching.holds(self._holder, timezone.now()):
                return number
            self._deliver(row, others)
        return len(rows)

    def _others(self) -> dict[str, Notifier]:
        """The room's channels beside mail."""
        made, wrong = ways_of()
        for name in wrong:
            self._failed(name, ())
        return made

    def _deliver(self, row: AlertTold, others: Mapping[str, Notifier]) -> None:
        if row.alert.state == AlertState.RESOLVED:
            telling.moot(WATCH, row)
            return
        if names(row.alert, row.person) if row.person else for_persons(row.alert):
            telling.moot(WATCH, row, "named")
            return
        notice = notice_of(row, self._rules)
        failed: list[str] = []
        for way, said in self._ways(row, notice, others):
            try:
                way.send(said)
            except EcluseError:
                failed.append(way.name)
                continue
            telling.told(WATCH, row, way.name)
            break
        else:
            failed = failed or [row.channel]
            telling.not_told(WATCH, row, ", ".join(failed))
        for name in failed:
            self._failed(name, concerned(row.alert))

    def _ways(self, row: AlertTold, notice: Notice, others: Mapping[str, Notifier]) -> list[tuple[Notifier, Notice]]:
        """In which order it is tried: the channels that the person chose, then mail."""
        if row.person is None:
            own = others.get(row.channel)
            return [(own, notice)] if own else []
        ways = AlertWays.objects.filter(person=row.person).first()
        found: list[tuple[Notifier, Notice]] = []
        for chosen in ways.channels if ways else ():
            way = others.get(chosen["channel"])
            if way is not None and not rises(Severity(row.alert.severity), way.least):
                found.append((way, replace(notice, to=(chosen["to"],))))
        return [*found, (self._mail, notice)]


def ways_of() -> tuple[dict[str, Notifier], tuple[str, ...]]:
    """The room's channels beside mail, and the names of what is wrong: one that is keeps no other from its work."""
    made: dict[str, Notifier] = {}
    wrong: list[str] = []
    try:
        configured = channels()
    except MalformedError:
        return {}, (FILE,)
    for channel in configured:
        try:
            made[channel.name] = notifier(channel)
        except MalformedError:
            wrong.append(channel.name)
    return made, tuple(wrong)


def cry(home: Path, notice: Notice) -> None:
    """Tell by every way there is, without a record: the journal cannot be written, and that is what is told."""
    made, wrong = ways_of()
    for name in wrong:
        _LOG.warning("%s: %s cannot be read", home, name)
    for way in (Mail(), *made.values()):
        try:
            way.send(notice)
        except EcluseError:
            _LOG.error("%s: cannot be told by %s", notice.subject, way.name)
