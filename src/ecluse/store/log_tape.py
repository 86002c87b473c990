"""How far each target of the security log has got, in the database: :class:`ecluse.control.exporting.Tape`."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from django.utils import timezone

from ecluse.domain.observed import Observed
from ecluse.store.models import JournalLine, LogCursor
from ecluse.store.reads.observed import SOURCES

_ROOM = "room"
_BATCH = 500


def _every_line(cursor: Any) -> tuple[list[Observed], int]:
    """The next lines of the room's journal: all of them, alerts too, which the watch itself does not look at."""
    start = int(cursor or 0)
    lines = list(JournalLine.objects.filter(index__gte=start).order_by("index")[:_BATCH])
    return [_of_line(line) for line in lines], lines[-1].index + 1 if lines else start


def _of_line(line: JournalLine) -> Observed:
    detail = dict(line.detail)
    origin = detail.pop("origin", None)
    return Observed(
        line.at, _ROOM, line.event, line.actor, f"{_ROOM}/{line.index}", line.subject,
        str(origin) if origin else None, tuple(line.concerns), detail,
    )  # fmt: skip


class LogTape:
    """One for each process that exports. Two that export at once send twice, and lose nothing."""

    def __init__(self) -> None:
        self._after: dict[str, Mapping[str, Any]] = {}

    def following(self, target: str) -> Sequence[Observed]:
        """See :class:`~ecluse.control.exporting.Tape`."""
        cursor = LogCursor.objects.filter(target=target).first()
        cursors: dict[str, Any] = dict(cursor.cursors) if cursor else {}
        events, cursors[_ROOM] = _every_line(cursors.get(_ROOM))
        for source in SOURCES:
            if source.name != _ROOM:
                seen = source.since(cursors.get(source.name))
                cursors[source.name] = seen.cursor
                events += seen.events
        self._after[target] = cursors
        return events

    def taken(self, target: str) -> None:
        """See :class:`~ecluse.control.exporting.Tape`."""
        told = {"cursors": self._after.pop(target), "sent_at": timezone.now(), "failing_since": None}
        LogCursor.objects.update_or_create(target=target, defaults=told)

    def failed(self, target: str) -> None:
        """See :class:`~ecluse.control.exporting.Tape`."""
        LogCursor.objects.get_or_create(target=target)
        LogCursor.objects.filter(target=target, failing_since=None).update(failing_since=timezone.now())


def failing(targets: Iterable[str]) -> dict[str, LogCursor]:
    """What is known of targets, by name. One query."""
    return {each.target: each for each in LogCursor.objects.filter(target__in=list(targets))}
