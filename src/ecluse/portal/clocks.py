"""Clocks in words: how long until something is due, said so that colour need not tell it."""

import datetime as dt
from dataclasses import dataclass

from django.utils import timezone

from ecluse.portal.labels import Tone
from ecluse.portal.words import tr

SOON_DAYS = 7
_DAY = dt.timedelta(days=1)
_HOUR = dt.timedelta(hours=1)
_MINUTE = dt.timedelta(minutes=1)


@dataclass(frozen=True, slots=True)
class Clock:
    """A deadline as a reader takes it: the words, the tone, and the instant for machines."""

    words: str
    tone: Tone
    due: dt.datetime | dt.date


def clock(due: dt.datetime | dt.date, now: dt.datetime, *, hours: bool = False) -> Clock:
    """Of a deadline, seen from now. A date is good to its last minute. ``hours``: counted in hours, never days."""
    if not isinstance(due, dt.datetime):
        return _by_days(due, (due - timezone.localdate(now)).days)
    left = due - now
    if abs(left) >= 2 * _DAY and not hours:
        return _by_days(due, left // _DAY if left > dt.timedelta(0) else -(-left // _DAY))
    whole, minutes = abs(left) // _HOUR, abs(left) // _MINUTE
    amount = f"{whole} h" if whole else f"{minutes} min" if minutes else tr("less than a minute", "moins d'une minute")
    if left < dt.timedelta(0):
        return Clock(tr(f"overdue by {amount}", f"en retard de {amount}"), Tone.BAD, due)
    return Clock(tr(f"{amount} left", f"encore {amount}"), Tone.WAIT, due)


def _by_days(due: dt.datetime | dt.date, days: int) -> Clock:
    if days < 0:
        late = -days
        one = late == 1
        words = tr(f"overdue by {late} day{'' if one else 's'}", f"en retard de {late} jour{'' if one else 's'}")
        return Clock(words, Tone.BAD, due)
    if days == 0:
        return Clock(tr("due today", "à faire aujourd'hui"), Tone.WAIT, due)
    words = tr(f"{days} day{'s' if days > 1 else ''} left", f"encore {days} jour{'s' if days > 1 else ''}")
    return Clock(words, Tone.WAIT if days <= SOON_DAYS else Tone.PLAIN, due)
