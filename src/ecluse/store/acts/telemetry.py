"""What is recorded of the security log's own life."""

import datetime as dt

from ecluse.domain.room import RoomEvent
from ecluse.store.recording import Act, act


@act
def erase_log(act: Act, name: str, day: dt.date, months: int) -> None:
    """Record that a day's security log is about to be erased, its time having passed."""
    act.record(RoomEvent.LOG_ERASED, subject=name, day=day.isoformat(), months=months)
