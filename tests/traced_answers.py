"""Answers of ``ecluse trace`` as they could be at the most: exports by their headers, without a file for each."""

from dataclasses import replace
from types import SimpleNamespace
from typing import Any

from bench.trace import HEADER

from ecluse.domain.attribution import Hit, Weight
from ecluse.domain.tracing import Kind
from ecluse.migration.trace_asking import Answer
from ecluse.migration.trace_match import ExportHits, Finding, LineHit

LINES, PERSONS = 500_000, 499_999
_LONG = "x" * 100


def finding(number: int, *, named: bool = True, posterior: float = 1.0, parcels: int = 0, **header: Any) -> Finding:
    """One export that knows a line by every mark, and planted rows of so many parcels; all names as given."""
    given = {"order": f"ORD-{number}", "order_digest": f"sha256:{number:064x}", "recipient": "age1" + "q" * 58}
    trace: Any = SimpleNamespace(header=replace(HEADER, persons=PERSONS, **given | header))
    marks = tuple(Hit(kind, 1e-9) for kind in Kind if kind is not Kind.CANARY)
    names = [f"{_LONG[:93]}-{chr(97 + at // 26)}{chr(97 + at % 26)}.quarantine" for at in range(parcels)]
    hits = ExportHits(trace, frozenset(), {0: LineHit(marks, (Kind.NIR, ("1",)))}, tuple(enumerate(names)))
    return Finding(hits, Weight(2e3 - number, 2e3, 2e3), posterior, named)


def answer(*findings: Finding) -> Answer:
    """To a sample of half a million lines."""
    return Answer(LINES, 1_000, findings, frozenset(), frozenset())


def largest(controller: str, count: int, parcels: int) -> Answer:
    """So many exports, every name as long as an order of that controller's and a source let it be (100 characters)."""
    long = {"controller": controller, "source": _LONG, "destination": _LONG}
    return answer(*(finding(at, parcels=parcels, order=f"{_LONG[:96]}{at:04}", **long) for at in range(count)))
