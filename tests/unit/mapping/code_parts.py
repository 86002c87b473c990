"""Codes as a source shows them, and small LOINC tables in the official columns."""

import csv
from collections.abc import Sequence
from pathlib import Path

from ecluse.domain.codemap import CodeFacts, Spread

OFFICIAL = (
    "LOINC_NUM", "COMPONENT", "PROPERTY", "TIME_ASPCT", "SYSTEM", "SCALE_TYP", "METHOD_TYP", "CLASS", "STATUS", "CLASSTYPE",
    "RELATEDNAMES2", "SHORTNAME", "EXAMPLE_UCUM_UNITS", "LONG_COMMON_NAME", "COMMON_TEST_RANK",
)  # fmt: skip


def code(name: str, label: str = "", unit: str = "", *, rows: int = 100, **more: object) -> CodeFacts:
    units = ((unit, rows),) if unit else ()
    return CodeFacts(name, rows, label, units=units, **more)  # type: ignore[arg-type]


def numbers(unit: str, low: float, median: float, high: float) -> tuple[tuple[str, Spread], ...]:
    return ((unit, Spread(low, median, high)),)


def official(path: Path, rows: Sequence[dict[str, str]], columns: Sequence[str] = OFFICIAL) -> Path:
    """A Loinc.csv: every field quoted, as the release has it."""
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, columns, quoting=csv.QUOTE_ALL, restval="")
        writer.writeheader()
        writer.writerows(rows)
    return path


def row(loinc: str, component: str, **more: str) -> dict[str, str]:
    base = {"PROPERTY": "MCnc", "TIME_ASPCT": "Pt", "SYSTEM": "Ser/Plas", "SCALE_TYP": "Qn", "STATUS": "ACTIVE",
            "CLASSTYPE": "1", "SHORTNAME": component}  # fmt: skip
    return {"LOINC_NUM": loinc, "COMPONENT": component, **base, **more}
