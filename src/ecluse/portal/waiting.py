"""What waits for whoever asks: each part of the room says what it has, the most urgent comes first."""

import datetime as dt
from collections.abc import Callable
from dataclasses import dataclass

from django.utils import timezone

from ecluse.domain.permissions import Grant
from ecluse.portal.words import Text
from ecluse.store.models import Person


@dataclass(frozen=True, slots=True)
class Waiting:
    """One thing to do: what, where one does it, until when, and in which matter."""

    what: Text | str
    url: str
    due: dt.datetime | dt.date | None = None
    about: Text | str = ""


Source = Callable[[Person, tuple[Grant, ...]], list[Waiting]]

SOURCES: list[Source] = []
"""One function for each part: (person, grants) -> what waits for that person. Few queries each."""


def waits_for(person: Person, grants: tuple[Grant, ...]) -> list[Waiting]:
    """All that waits for a person, by its day; what has none comes last."""
    found = [each for source in SOURCES for each in source(person, grants)]
    return sorted(found, key=lambda each: (each.due is None, _day(each.due), str(each.what)))


def _day(due: dt.datetime | dt.date | None) -> dt.date:
    if isinstance(due, dt.datetime):
        return timezone.localtime(due).date()
    return due or dt.date.max
