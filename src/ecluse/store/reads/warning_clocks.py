"""What the clocks of warnings tell the watch: which stayed unacknowledged, which unanswered (R10, law 8)."""

import datetime as dt
from functools import lru_cache

from ecluse.control.watch import Finding, Rule, packaged_rules
from ecluse.domain.alerts import Severity
from ecluse.domain.warnings import WarningState, severity
from ecluse.store.models import Person, ReportedWarning
from ecluse.store.reads.warnings import open_to, timing, whole


@lru_cache(maxsize=1)
def _rules() -> dict[str, Rule]:
    return {rule.name: rule for rule in packaged_rules()}


def clock_findings(now: dt.datetime) -> tuple[Finding, ...]:
    """Warnings whose time is over in silence. One alert each, once a kind, told of by organisations that it spares.

    Whoever a warning names is among the alert's ``people``: they are not told, and may neither acknowledge nor resolve.
    """
    waiting = whole().exclude(state__in=[WarningState.ANSWERED, WarningState.CLOSED]).defer("sealed", "lock")
    found = []
    for warning in waiting.filter(acknowledge_by__lte=now):
        late = timing(warning).overdue(now)
        if late:
            found.append(_finding(warning, late))
    return tuple(found)


def _finding(warning: ReportedWarning, late: str) -> Finding:
    at = warning.acknowledge_by if late == "unacknowledged" else warning.answer_by
    named = [each.person_id for each in warning.named.all()]
    people = tuple(sorted(Person.objects.filter(pk__in=named).values_list("handle", flat=True))) if named else ()
    mark = f"warning/{warning.receipt}/{late}"
    return finding(
        f"clock_warning_{late}", severity(exposed=warning.exposed), warning.receipt, at, open_to(warning), people, mark
    )


def finding(  # noqa: PLR0917 - a finding's own parts
    rule: str,
    urgency: Severity | None,
    subject: str,
    at: dt.datetime,
    concerns: tuple[str, ...],
    people: tuple[str, ...],
    mark: str,
) -> Finding:
    """A finding in the words of a rule that ships with Écluse; ``urgency``: other than the rule's."""
    words = _rules()[rule]
    return Finding(
        rule=words.id, name=words.name, severity=urgency or words.severity, group=subject, at=at, concerns=concerns,
        people=people, subject=subject, marks=(mark,), title_en=words.en.title, title_fr=words.fr.title,
        mend_en=words.en.mend, mend_fr=words.fr.mend,
    )  # fmt: skip
