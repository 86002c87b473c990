"""An estimate out of a plan that nobody keeps: counts by year and site, and by sensitive category. Counts alone."""

import datetime as dt
from collections import Counter

from ecluse.domain.estimate import Estimate, EstimatedCategory, EstimatedRows
from ecluse.migration.planning import PlanReport
from ecluse.wire.artefacts import utc


def estimate_of(report: PlanReport, agent: str, now: dt.datetime) -> Estimate:
    """What an agent tells of a plan: no key, code or value of a row. Results of no sensitive category are left out."""
    plan = report.plan
    found: Counter[tuple[str, bool]] = Counter()
    kinds = {str(each.category): each.category for each in report.categories}
    for each in report.categories:
        if each.category is not None or each.unclassifiable:
            found[str(each.category), each.leaves] += each.rows
    return Estimate(
        format="ecluse.estimate/1",
        order=plan.order,
        agent=agent,
        counted_at=utc(now),
        rows=tuple(EstimatedRows(each.entity, each.year, each.site, each.rows) for each in plan.tallies),
        categories=tuple(EstimatedCategory(kinds[name], rows, taken) for (name, taken), rows in sorted(found.items())),
    )
