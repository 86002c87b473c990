"""What the clocks of incidents tell the watch and the metrics: the notice, the 72 hours (Art. 33; R17, law 8)."""

import datetime as dt
from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass

from ecluse.control.watch import Finding
from ecluse.domain.incidents import Late, Phase, Step, authority_clock, late, notice_clock
from ecluse.store.models import IncidentRow, WarningNamed
from ecluse.store.reads.alert_warnings import OF_INCIDENTS
from ecluse.store.reads.incidents import clocks, clocks_of, slugs_of
from ecluse.store.reads.warning_clocks import finding


def clock_findings(now: dt.datetime) -> tuple[Finding, ...]:
    """What is due or late now; telling it again is harmless: one mark for a kind and an opening. Three queries.

    The processor's missing notice is told on both sides. What is the controller's to do is told to its people alone, at
    once: no station of the vendor's lies before them. Whoever a warning names hears nothing of what it led to (R10).
    """
    rows = list(clocks().exclude(phase=Phase.CLOSED))
    named: dict[int, set[str]] = defaultdict(set)
    led = WarningNamed.objects.filter(warning__in={row.warning_id for row in rows if row.warning_id})
    for warning, handle in led.values_list("warning_id", "person__handle"):
        named[warning].add(handle)
    return tuple(
        _finding(row, kind, now, named[row.warning_id] if row.warning_id else set())
        for row in rows
        for kind in late(clocks_of(row), now)
    )


def _finding(row: IncidentRow, kind: Late, now: dt.datetime, named: set[str]) -> Finding:
    concerns = slugs_of(row) if kind is Late.NOTICE_OVERDUE else (row.controller.slug,)
    reopened = sum(move.step == Step.REOPENED for move in row.moves.all())
    mark = f"incident/{row.number}/{kind}/{reopened}"
    return finding(f"{OF_INCIDENTS}{kind}", None, row.number, now, concerns, tuple(sorted(named)), mark)


@dataclass(frozen=True, slots=True)
class Running:
    """How many incidents are open, and how many of each clock have run out unmet."""

    open: int
    overdue: Mapping[str, int]


def running(now: dt.datetime, *, warnings: bool, controllers: bool) -> Running:
    """In numbers, for a reader whom nobody knows. Two queries.

    Unless ``warnings``, none that a warning led to counts. Unless ``controllers``, none without a processor, and no
    clock of the controller's own.
    """
    rows = clocks().exclude(phase=Phase.CLOSED)
    if not warnings:
        rows = rows.filter(warning__isnull=True)
    if not controllers:
        rows = rows.filter(processor__isnull=False)
    found = [clocks_of(row) for row in rows]
    asked = {"notice": notice_clock} | ({"authority": authority_clock} if controllers else {})
    overdue = {
        name: sum(1 for incident in found if (clock := of(incident)) is not None and clock.overdue(now))
        for name, of in asked.items()
    }
    return Running(len(found), overdue)
