"""The room in numbers, for its metrics: a dozen grouped queries, whatever it holds."""

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache

from django.db.models import Count, Min, QuerySet, Sum
from django.utils import timezone

from ecluse.domain.alerts import AlertState, Severity
from ecluse.domain.lifecycle import State
from ecluse.domain.order import Order
from ecluse.domain.warnings import WarningState
from ecluse.store.models import (
    Agent,
    Alert,
    AlertTold,
    JournalLine,
    LogCursor,
    Migration,
    PlaceJournal,
    ReportedWarning,
)
from ecluse.store.reads.alert_warnings import for_programs, of_controllers, of_warnings
from ecluse.store.reads.incident_clocks import Running, running
from ecluse.store.watching import age, position
from ecluse.wire.artefacts import decode

NEVER = float("inf")


@dataclass(frozen=True, slots=True)
class LogTarget:
    """A target of the security log: seconds since it fails, and how many of the room's entries it lacks."""

    failing: float
    behind: int


@dataclass(frozen=True, slots=True)
class Figures:
    """What is counted. Ages are in seconds."""

    migrations: Mapping[str, int]
    incidents: Running
    turns_overdue: int
    erasures_overdue: int
    alerts: Mapping[tuple[str, ...], int]
    unacknowledged: Mapping[str, float]
    warnings: Mapping[str, int]
    warnings_overdue: Mapping[str, int]
    agents: Mapping[tuple[str, ...], float]
    watch_age: float
    watch_broken: bool
    entries: int
    place_entries: Mapping[str, int]
    events: Mapping[str, int]
    waiting: int
    late: float
    failing: Mapping[str, int]
    log: Mapping[str, LogTarget]


def figures(now: dt.datetime, *, warnings: bool = False, controllers: bool = False) -> Figures:
    """All of them, at an instant.

    Unless ``warnings``, nothing counts a warning, an incident that it led to, an alert about either, or a line of the
    journal about these: whoever reads the numbers may be whom it names (R10). Unless ``controllers``, nothing counts
    what a laboratory keeps to itself in an incident: whoever reads them may be the vendor's (R17).
    """
    lines = for_programs(JournalLine.objects.all(), warnings=warnings, controllers=controllers)
    alerts = Alert.objects.all()
    for kept in ((of_warnings(),) if not warnings else ()) + ((of_controllers(),) if not controllers else ()):
        alerts = alerts.exclude(kept)
    told = AlertTold.objects.filter(outcome="waiting", alert__in=alerts)
    events = dict(lines.order_by().values_list("event").annotate(Count("index")))
    watch, beat = position(), age(now)
    first_due = told.filter(due_at__lte=now).aggregate(first=Min("due_at"))["first"]
    return Figures(
        migrations=_counted(Migration, "state", State),
        incidents=running(now, warnings=warnings, controllers=controllers),
        turns_overdue=Migration.objects.filter(due__lt=now).exclude(state=State.ERASED).count(),
        erasures_overdue=_erasures_overdue(now),
        alerts=_alerts(alerts),
        unacknowledged=_unacknowledged(alerts, now),
        warnings=_counted(ReportedWarning, "state", WarningState) if warnings else {},
        warnings_overdue=_warnings_overdue(now) if warnings else {},
        agents=_agents(),
        watch_age=NEVER if beat is None else float(beat),
        watch_broken=bool(watch and watch.broken),
        entries=sum(events.values()),
        place_entries=dict(PlaceJournal.objects.order_by().values_list("place").annotate(Sum("size"))),
        events=events,
        waiting=told.count(),
        late=_seconds(now, first_due),
        failing=dict(told.filter(tries__gt=0).order_by().values_list("channel").annotate(Count("pk"))),
        log=_log(now, lines),
    )


def _seconds(now: dt.datetime, since: dt.datetime | None) -> float:
    return 0.0 if since is None else max(0.0, (now - since).total_seconds())


def _counted(model: type[Migration | ReportedWarning], name: str, words: type[State | WarningState]) -> dict[str, int]:
    found = dict(model.objects.order_by().values_list(name).annotate(Count("pk")))
    return {str(word): found.get(str(word), 0) for word in words}


def _alerts(counted: QuerySet[Alert]) -> dict[tuple[str, ...], int]:
    rows = counted.order_by().values_list("severity", "state").annotate(count=Count("pk"))
    found = {(severity, state): count for severity, state, count in rows}
    return {(str(s), str(t)): found.get((str(s), str(t)), 0) for s in Severity for t in AlertState}


def _unacknowledged(counted: QuerySet[Alert], now: dt.datetime) -> dict[str, float]:
    waiting = counted.filter(state=AlertState.OPEN).order_by()
    found = dict(waiting.values_list("severity").annotate(Min("opened_at")))
    return {str(severity): _seconds(now, found.get(str(severity))) for severity in Severity}


def _warnings_overdue(now: dt.datetime) -> dict[str, int]:
    open_ = ReportedWarning.objects.filter(closed_at=None)
    return {
        "acknowledge": open_.filter(acknowledged_at=None, acknowledge_by__lt=now).count(),
        "answer": open_.filter(answered_at=None, answer_by__lt=now).count(),
    }


def _agents() -> dict[tuple[str, ...], float]:
    enrolled = Agent.objects.filter(enrolled_at__isnull=False, revoked_at=None)
    rows = enrolled.values_list("handle", "place", "organisation__slug", "sighting__at")
    return {(handle, place, slug): at.timestamp() if at else 0.0 for handle, place, slug, at in rows}


def _erasures_overdue(now: dt.datetime) -> int:
    today = timezone.localdate(now)
    rows = Migration.objects.exclude(state=State.ERASED).values_list("order__artefact", flat=True)
    return sum(1 for artefact in rows if artefact and _erase_by(bytes(artefact)) < today)


@lru_cache(maxsize=4096)
def _erase_by(artefact: bytes) -> dt.date:
    return decode(Order, artefact).retention.erase_by


def _log(now: dt.datetime, lines: QuerySet[JournalLine]) -> dict[str, LogTarget]:
    return {each.target: LogTarget(_seconds(now, each.failing_since), _behind(lines, each)) for each in
            LogCursor.objects.all()}  # fmt: skip


def _behind(lines: QuerySet[JournalLine], target: LogCursor) -> int:
    return lines.filter(index__gte=int(target.cursors.get("room") or 0)).count()
