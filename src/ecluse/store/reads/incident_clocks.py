"""What the clocks of incidents tell the watch: the notice overdue, the 72 hours near or over (Art. 33; R17, law 8)."""

import datetime as dt

from ecluse.control.watch import Finding
from ecluse.domain.incidents import Late, Phase, Step, late
from ecluse.store.models import IncidentRow
from ecluse.store.reads.alert_warnings import OF_INCIDENTS
from ecluse.store.reads.incidents import clocks, clocks_of, slugs_of
from ecluse.store.reads.warning_clocks import finding


def clock_findings(now: dt.datetime) -> tuple[Finding, ...]:
    """What is due or late now; telling it again is harmless: one mark for a kind and an opening.

    The processor's missing notice is told on both sides. What is the controller's to do is told to its people alone, at
    once: no station of the vendor's lies before them.
    """
    rows = clocks().exclude(phase=Phase.CLOSED).prefetch_related("warning__named__person")
    return tuple(_finding(row, kind, now) for row in rows for kind in late(clocks_of(row), now))


def _finding(row: IncidentRow, kind: Late, now: dt.datetime) -> Finding:
    concerns = slugs_of(row) if kind is Late.NOTICE_OVERDUE else (row.controller.slug,)
    reopened = sum(move.step == Step.REOPENED for move in row.moves.all())
    mark = f"incident/{row.number}/{kind}/{reopened}"
    # For whoever the warning names that it was made from, it does not exist (R10).
    named = sorted(each.person.handle for each in row.warning.named.all()) if row.warning else ()
    return finding(f"{OF_INCIDENTS}{kind}", None, row.number, now, concerns, tuple(named), mark)
