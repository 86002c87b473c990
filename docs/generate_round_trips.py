"""Write docs/reference/round-trips.md from the matrix that the tests hold every format to.

``python docs/generate_round_trips.py`` writes it; with ``--check`` it says whether the page is current.
"""

import sys
from collections.abc import Mapping, Sequence
from pathlib import Path

ROOT = Path(__file__).parents[1]
PAGE = ROOT / "docs" / "reference" / "round-trips.md"
sys.path.insert(0, str(ROOT / "tests"))

from round_trips import DESTINATIONS, SOURCES, VALUES, Aside, Comes, Listed, Refused, Unsaid  # noqa: E402

INTRODUCTION = """# What each format carries

Rows → format → rows gives the same rows: every value below, and texts that nobody thought of (Hypothesis), go through
every format and are compared. What a format cannot carry is set aside by a reason, refused by its column, or is listed
here: nothing else changes. This page is generated from `tests/round_trips.py`, which
`tests/property/formats/test_round_trips.py` holds every cell to; run `python docs/generate_round_trips.py`.

`=` comes back the same. Letters: see below each table.
"""

SOURCES_TOLD = """## Sources

Written by third parties' writers where there is one (csv, dbf, openpyxl, pyarrow, the databases and their ODBC
drivers), else by writers of the tests' own.
"""
DUMPS_TOLD = """SQL dumps of PostgreSQL and MariaDB carry what their servers do
(`tests/property/formats/test_dump_round_trips.py`).

## Destinations

Loaded, and read back from the destination's own tables, files or messages.
"""


def main(arguments: list[str]) -> int:
    """Write the page, or with ``--check`` compare it; 1 where it is out of date."""
    text = page()
    if arguments == ["--check"]:
        current = PAGE.exists() and PAGE.read_text(encoding="utf-8") == text
        if not current:
            sys.stderr.write(f"{PAGE.name} is out of date: run python docs/generate_round_trips.py\n")
        return 0 if current else 1
    PAGE.write_text(text, encoding="utf-8")
    return 0


def page() -> str:
    """The whole page as Markdown."""
    values = _table(("value", "what it is"), [(f"`{name}`", _shown(value)) for name, value in VALUES.items()])
    sources = {each.title: each.changed for each in SOURCES}
    targets = {each.title: each.changed for each in DESTINATIONS}
    parts = [INTRODUCTION, "## Values\n", values, SOURCES_TOLD, _matrix(sources), DUMPS_TOLD, _matrix(targets)]
    return "\n".join(parts)


def _matrix(columns: Mapping[str, Mapping[str, object]]) -> str:
    """Formats down, only the values that some format does not carry across; then what the letters mean."""
    odd = [name for name in VALUES if any(name in changed for changed in columns.values())]
    notes: dict[str, str] = {}
    rows = []
    for title, changed in columns.items():
        cells = [
            notes.setdefault(_said(changed[name]), _letters(len(notes))) if name in changed else "=" for name in odd
        ]
        rows.append((title, *cells))
    rest = "Every format carries the others: " + ", ".join(f"`{name}`" for name in VALUES if name not in odd) + ".\n"
    told = "".join(f"- **{letter}**: {text}\n" for text, letter in notes.items())
    return "\n".join((_table(("", *(f"`{name}`" for name in odd)), rows), told, rest))


def _said(cell: object) -> str:
    match cell:
        case Comes(value, why):
            return f"comes as {_shown(value)}: {why}"
        case Aside(reason):
            return f"its record, message or document is set aside (“{reason}”); the rest is read"
        case Refused(words):
            return f"refused, naming the column: “{words}”"
        case Listed(code, why):
            return f"the request is not written but listed (`{code}`): {why}"
        case Unsaid(why):
            return f"cannot be written there: {why}"
    raise TypeError(cell)


def _letters(number: int) -> str:
    return "abcdefghijklmnopqrstuvwxyz"[number]


def _shown(value: str | None) -> str:
    if value is None:
        return "nothing at all"
    if value == "":
        return "a text without characters"
    if len(value) > 100:  # noqa: PLR2004 - more than a line
        return f"`{value[0]}`, {len(value):,} times"
    escaped = "".join(letter if letter.isprintable() else f"\\u{ord(letter):04x}" for letter in value)
    return f"`` {escaped} ``"


def _table(head: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    lines = [head, ["---" for _ in head], *rows]
    return "\n".join("| " + " | ".join(cell.replace("|", "\\|") for cell in line) + " |" for line in lines) + "\n"


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
