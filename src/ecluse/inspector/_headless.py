"""Tables whose columns have no names that we know: what their cells look like, side by side."""

import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field

from ecluse.inspector._columns import MOST, Judged, Row, is_date, is_name, is_number, is_unit, known_given, words
from ecluse.inspector._dates import scattered, year_of
from ecluse.inspector.findings import Sureness
from ecluse.inspector.kinds import Kind

_OWN_NAMES = 0.2
"""Share of frequent first names that a column of first names holds."""
_WHOLE_NAMES = 0.3
"""The same of a column of whole names, where a first name may stand first or last."""
_NAMES = 0.9
_WIDEST = 80
_LIST = 2
"""Rows beyond which a table is a list and not an example."""
_CONTROLS = re.compile(
    r"(?:^|[^a-z])(?:ctrls?|controle?s?|contrôles?|niveau|levels?|lots?|qc|cq|std\d?|etalons?|calib\w*|blanc|blank)(?:[^a-z]|$)",
    re.IGNORECASE,
)
"""What says that a result is of a control and of nobody."""
_NAMED_THINGS = """
navire navires bateau bateaux ship ships vessel vessels boat boats cheval chevaux horse horses voie voies rue rues
street streets station stations objet objets
"""
_THINGS = frozenset(_NAMED_THINGS.split())
"""Headings of things that bear names and are dated."""
_NUMBERED = re.compile(r"\d{6,}|[A-Z]{1,3}\d{5,}")
_NIR = re.compile(r"[12](\d\d)(?:0[1-9]|1[0-2])(?:\d\d|2[AB])\d{6}")
_NIRS = 5
"""Different years of birth that a column of social-security numbers has; numbers made of a day have fewer."""
_PARTICLES = 2


@dataclass
class _Columns:
    """What the columns look like: first names, other names, whole names, days; units, values, long numbers."""

    given: list[float] = field(default_factory=list)
    names: int = 0
    whole: int = 0
    dated: int = 0
    units: int = 0
    values: int = 0
    numbered: int = 0
    nirs: int = 0


def judge_headless(rows: Sequence[Row], heading: Row = ()) -> list[Judged]:
    """What a table without known headings holds: persons where names stand beside scattered days, results of somebody.

    Args:
        rows: Some of its rows.
        heading: What its first line says, if it names columns in words unknown to us.
    """
    if not rows or any(words(cell) in _THINGS for cell in heading):
        return []
    columns = _Columns()
    for place in range(min(max(map(len, rows)), _WIDEST)):
        cells = [row[place].strip() for row in rows if place < len(row)]
        filled = [cell for cell in cells if cell]
        if len(filled) >= MOST * len(rows):
            _weigh(columns, filled)
    made = []
    if columns.dated and (columns.whole or (columns.given and columns.names + len(columns.given) > 1)):
        sure = Sureness.PROBABLE if len(rows) > _LIST else Sureness.POSSIBLE
        made.append(Judged(Kind.PERSONS, sure, ("names", "birth-dates", "without-header")))
    if columns.nirs:
        made.append(Judged(Kind.NIR, Sureness.PROBABLE, ("column",)))
    if columns.units and columns.values:
        of_persons = columns.given and columns.names + len(columns.given) > 1
        if (of_persons or columns.numbered) and not _of_controls(rows, heading):
            sure = Sureness.PROBABLE if len(rows) > _LIST else Sureness.POSSIBLE
            made.append(Judged(Kind.RESULTS, sure, ("results", "without-header")))
    return made


def _weigh(columns: _Columns, cells: Sequence[str]) -> None:
    """One column's cells, none of them empty."""
    if sum(map(is_date, cells)) >= MOST * len(cells):
        columns.dated += scattered([year for cell in cells if (year := year_of(cell)) is not None])
    elif sum(map(is_unit, cells)) >= MOST * len(cells) and not all(cell.isdigit() for cell in cells):
        columns.units += 1
    elif sum(_NUMBERED.fullmatch(cell) is not None for cell in cells) >= MOST * len(cells):
        years = {found[1] for cell in cells if (found := _NIR.fullmatch(cell))}
        columns.nirs += len(years) >= _NIRS and all(map(_NIR.fullmatch, cells))
        columns.numbered += len(set(cells)) > len(cells) // 4
    elif sum(map(is_number, cells)) >= MOST * len(cells):
        columns.values += 1
    elif sum(map(is_name, cells)) >= _NAMES * len(cells):
        _weigh_names(columns, cells)


def _weigh_names(columns: _Columns, cells: Sequence[str]) -> None:
    if sum(cell[0].isupper() for cell in cells) < MOST * len(cells) or len(set(cells)) <= len(cells) // 4:
        return
    parts = [[word for word in re.split(r"[ ,/]+", cell) if len(word) > _PARTICLES] for cell in cells]
    first = sum(bool(each) and known_given(each[0]) for each in parts) / len(cells)
    whole = sum(len(each) > 1 and any(map(known_given, each)) for each in parts) / len(cells)
    if whole >= _WHOLE_NAMES:
        columns.whole += 1
    elif first >= _OWN_NAMES:
        columns.given.append(first)
    else:
        columns.names += 1


def _of_controls(rows: Sequence[Row], heading: Row) -> bool:
    """Whether some column says on every line, or a heading says, that these are controls."""
    if any(_CONTROLS.search(cell) for cell in heading):
        return True
    seen = Counter(place for row in rows for place, cell in enumerate(row) if _CONTROLS.search(cell))
    return any(number >= MOST * len(rows) for number in seen.values())
