"""Days as exports write them: which year they say, and whether several are of births or of events."""

import re
from collections.abc import Sequence

_MONTH, _DAY = r"(?:0[1-9]|1[0-2])", r"(?:0[1-9]|[12]\d|3[01])"
_CENTURIES = r"(18[89]\d|19\d\d|20[0-4]\d)"
_YEAR = re.compile(rf"(?<!\d)(?:{_CENTURIES}[-/.]?{_MONTH}[-/.]?{_DAY}|\d\d?([-/. ]?)\d\d?\2{_CENTURIES})(?!\d)")
_SHORT = re.compile(r"(?<!\d)\d\d?([-/.])\d\d?\1(\d\d)(?!\d)")
_WORDED = re.compile(r"(?<!\d)(18[89]\d|19\d\d|20[0-4]\d)$")
_PIVOT = 30
"""Two digits up to which a year is of this century."""
_GENERATION, _LONG_AGO = 15, 2000
PLACEHOLDERS = frozenset(
    f"{day}{mark}{month}{mark}{year}"
    for day, month, year in (("01", "01", "1900"), ("01", "01", "1970"), ("01", "01", "2000"), ("31", "12", "1999"))
    for mark in ("/", "-", ".", "")
) | {"1900-01-01", "1970-01-01", "2000-01-01", "1999-12-31", "19000101", "19700101", "20000101", "19991231"}
"""Days that programs and their documentation write where there is none."""


def year_of(date: str) -> int | None:
    """The year that a date says; of two digits, the century that a person alive would have it in."""
    found = _YEAR.search(date)
    if found is not None:
        return int(found[1] or found[3])
    if (short := _SHORT.search(date)) is not None:
        year = int(short[2])
        return year + (2000 if year <= _PIVOT else 1900)
    worded = _WORDED.search(date)
    return int(worded[1]) if worded else None


def scattered(years: Sequence[int]) -> bool:
    """Whether years are of births rather than of events: a generation apart, or long ago."""
    return bool(years) and (max(years) - min(years) >= _GENERATION or min(years) < _LONG_AGO)
