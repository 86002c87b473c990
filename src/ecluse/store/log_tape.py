"""How far each target of the security log has got, in the database: :class:`ecluse.control.exporting.Tape`."""

from collections.abc import Mapping, Sequence
from typing import Any

from django.utils import timezone

from ecluse.domain.observed import Observed
from ecluse.store.models import JournalLine, LogCursor
from ecluse.store.reads.alert_warnings import for_programs
from ecluse.store.reads.observed import SOURCES, of_lines

_ROOM = "room"
_BATCH = 500


def _lines(cursor: Any) -> tuple[list[Observed], int]:
    """The next lines of the room's journal: alerts too, which the watch does not look at; warnings never.

    Whoever reads the collector may be whom a warning is about: for them neither it nor its incidents exist (R10). Or
    the vendor's, which sees nothing of what a laboratory counts, decides and files.
    """
    start, events = int(cursor or 0), list[Observed]()
    while not events:
        indexes = list(
            JournalLine.objects.filter(index__gte=start).order_by("index").values_list("index", flat=True)[:_BATCH]
        )
        if not indexes:
            break
        told = for_programs(JournalLine.objects.filter(index__gte=start, index__lte=indexes[-1]))
        events, start = list(of_lines(told.order_by("index"))), indexes[-1] + 1
    return events, start


class LogTape:
    """One for each process that exports. Two that export at once send twice, and lose nothing."""

    def __init__(self) -> None:
        self._after: dict[str, Mapping[str, Any]] = {}

    def following(self, target: str) -> Sequence[Observed]:
        """See :class:`~ecluse.control.exporting.Tape`."""
        cursor = LogCursor.objects.filter(target=target).first()
        cursors: dict[str, Any] = dict(cursor.cursors) if cursor else {}
        events, cursors[_ROOM] = _lines(cursors.get(_ROOM))
        for source in SOURCES:
            if source.name != _ROOM:
                seen = source.since(cursors.get(source.name))
                cursors[source.name] = seen.cursor
                events += seen.events
        self._after[target] = cursors
        if not events and cursor is not None and cursors != cursor.cursors:
            self.taken(target)  # what came is not for it
        return events

    def taken(self, target: str) -> None:
        """See :class:`~ecluse.control.exporting.Tape`."""
        told = {"cursors": self._after.pop(target), "sent_at": timezone.now(), "failing_since": None}
        LogCursor.objects.update_or_create(target=target, defaults=told)

    def failed(self, target: str) -> None:
        """See :class:`~ecluse.control.exporting.Tape`."""
        LogCursor.objects.get_or_create(target=target)
        LogCursor.objects.filter(target=target, failing_since=None).update(failing_since=timezone.now())
