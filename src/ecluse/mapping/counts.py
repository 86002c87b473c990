"""Counts of codes as a file, for where the source cannot be reached: CSV with a header, one line a code and unit.

Columns ``code``, ``rows``; and, where they are known, ``label``, ``unit``, ``specimen``, ``numbers``, ``low``,
``median``, ``high`` (5th, 50th, 95th percentile of the numbers in that unit). Several lines of one code are its several
units.
"""

import csv
from collections.abc import Iterator
from pathlib import Path

from ecluse.domain.codemap import CodeFacts, SourceFacts, Spread
from ecluse.domain.errors import Location, MalformedError

__all__ = ["read_counts"]

_NEEDED = ("code", "rows")
_KNOWN = (*_NEEDED, "label", "unit", "specimen", "numbers", "low", "median", "high")
_MAX_BYTES = 64 * 2**20


def read_counts(path: Path) -> SourceFacts:
    """The codes of a file of counts, most rows first.

    Raises:
        MalformedError: naming file, line and column; never a value.
    """
    by: dict[str, list[dict[str, str]]] = {}
    for line, row in _rows(path):
        for name in ("rows", "numbers", "low", "median", "high"):
            _number(path, line, row, name)
        if not row["code"].strip():
            raise MalformedError("no code", location=Location(str(path), line, "code"))
        by.setdefault(row["code"], []).append(row)
    made = [_facts(code, rows) for code, rows in by.items()]
    return SourceFacts(tuple(sorted(made, key=lambda each: (-each.rows, each.code))))


def _facts(code: str, rows: list[dict[str, str]]) -> CodeFacts:
    ordered = sorted(rows, key=lambda row: (-int(row["rows"]), row.get("unit", "")))
    units: dict[str, int] = {}
    spreads: dict[str, Spread] = {}
    for row in ordered:
        unit = (row.get("unit") or "").strip()
        if unit:
            units[unit] = units.get(unit, 0) + int(row["rows"])
        bounds = [row.get(name) or "" for name in ("low", "median", "high")]
        if all(bounds):
            spreads.setdefault(unit, Spread(*map(float, bounds)))
    first = ordered[0]
    return CodeFacts(
        code=code,
        rows=sum(int(row["rows"]) for row in rows),
        label=(first.get("label") or "").strip(),
        specimen=(first.get("specimen") or "").strip(),
        units=tuple(units.items()),
        numbers=sum(int(row["numbers"]) for row in rows) if all(row.get("numbers") for row in rows) else None,
        spreads=tuple(spreads.items()),
    )


def _rows(path: Path) -> Iterator[tuple[int, dict[str, str]]]:
    place = Location(file=str(path))
    try:
        if path.stat().st_size > _MAX_BYTES:
            raise MalformedError(f"longer than {_MAX_BYTES} bytes", location=place)
        with path.open(encoding="utf-8-sig", newline="") as file:
            reader = csv.DictReader(file, restval="", strict=True)
            names = reader.fieldnames or []
            wrong = [name for name in names if name not in _KNOWN] or [name for name in _NEEDED if name not in names]
            if wrong or len(set(names)) != len(names):
                raise MalformedError(f"columns are {', '.join(_KNOWN)}", location=Location(str(path), 1))
            for row in reader:
                if None in row:
                    raise MalformedError("more fields than columns", location=Location(str(path), reader.line_num))
                yield reader.line_num, row
    except OSError as error:
        raise MalformedError(f"cannot be read: {error.strerror}", location=place) from None
    except (UnicodeDecodeError, csv.Error):
        raise MalformedError("not a CSV file in UTF-8", location=place) from None


def _number(path: Path, line: int, row: dict[str, str], name: str) -> None:
    text, whole = row.get(name) or "", name in {"rows", "numbers"}
    given = text.isascii() and text.isdigit() and len(text) <= len("999999999999999")
    if whole:
        if not given and (text or name == "rows"):
            raise MalformedError("not a whole number", location=Location(str(path), line, name))
        return
    try:
        good = not text or abs(float(text)) < 1e15  # noqa: PLR2004 - NaN and infinity are not less
    except ValueError:
        good = False
    if not good:
        raise MalformedError("not a number", location=Location(str(path), line, name))
