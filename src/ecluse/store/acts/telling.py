"""What came of telling somebody of an alert: each outcome with its entry and its line of history (law 8)."""

import datetime as dt

from ecluse.domain.room import RoomEvent
from ecluse.store.models import AlertNote, AlertTold
from ecluse.store.reads.alert_warnings import journalled
from ecluse.store.reads.alerts import concerned
from ecluse.store.recording import Act, act

_FIRST, _LONGEST = dt.timedelta(seconds=15), dt.timedelta(minutes=15)
_DOUBLINGS = 10


@act
def told(act: Act, row: AlertTold, channel: str) -> None:
    """A channel took the notice."""
    row.outcome, row.channel, row.told_at, row.tries = "told", channel, act.now, row.tries + 1
    row.save()
    _say(act, row, RoomEvent.ALERT_TOLD, channel)


@act
def not_told(act: Act, row: AlertTold, channels: str) -> None:
    """No channel took it: it stays in the outbox, and is tried again after a while, twice as long each time."""
    row.tries += 1
    row.due_at = act.now + backoff(row.tries)
    row.save()
    _say(act, row, RoomEvent.ALERT_NOT_TOLD, channels)


@act
def moot(act: Act, row: AlertTold, why: str = "resolved") -> None:
    """It is told no more: the alert was resolved first, or its warning names whom it was for (``why``: ``named``)."""
    row.outcome = "moot"
    row.save()
    _say(act, row, RoomEvent.ALERT_NOT_TOLD, why)


@act
def link_used(act: Act, row: AlertTold) -> None:
    """The one-time link was followed to its end."""
    row.link_used_at = act.now
    row.save()
    slugs, station = journalled(row.alert, concerned(row.alert)), row.station + 1
    act.record(RoomEvent.ALERT_NOTED, *slugs, subject=f"alert-{row.alert_id}", link="used", station=station)


def backoff(tries: int) -> dt.timedelta:
    """How long after so many tries: 15 seconds, then twice as long each time, up to a quarter of an hour."""
    doubled: int = 2 ** min(tries - 1, _DOUBLINGS)
    return min(_FIRST * doubled, _LONGEST)


def _say(act: Act, row: AlertTold, event: RoomEvent, channel: str) -> None:
    detail: dict[str, int | str] = {"station": row.station + 1, "channel": channel, "tries": row.tries}
    if row.person is not None:
        detail["person"] = row.person.handle
    AlertNote.objects.create(alert=row.alert, at=act.now, actor=act.actor, event=event, detail=detail)
    act.record(event, *journalled(row.alert, concerned(row.alert)), subject=f"alert-{row.alert_id}", **detail)
