"""The page about alerts says what the code does."""

import datetime as dt
import re
from pathlib import Path

from ecluse.domain.alerts import CLOCKS, LONGEST, SHORTEST, Severity
from ecluse.domain.room import RoomEvent

PAGE = (Path(__file__).parents[3] / "docs" / "reference" / "alerts.md").read_text(encoding="utf-8")
UNITS = {"min": dt.timedelta(minutes=1), "h": dt.timedelta(hours=1), "days": dt.timedelta(days=1)}


def test_the_clocks_are_those_of_the_code() -> None:
    rows = re.findall(r"^\| (\w+) \| (\d+) (\w+) \| (\d+) (\w+) \|$", PAGE, re.MULTILINE)
    told = {Severity(name): (int(a) * UNITS[b], int(c) * UNITS[d]) for name, a, b, c, d in rows}
    assert told == {severity: (each.acknowledge, each.resolve) for severity, each in CLOCKS.items()}
    assert (UNITS["min"], 2) == (SHORTEST, LONGEST), "from one minute to twice these"


def test_every_event_is_named() -> None:
    for event in RoomEvent:
        if event.startswith(("alert.", "watch.")):
            assert f"`{event}`" in PAGE, event
