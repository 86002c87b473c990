"""What is told of an answer: exports and counts. Of the sample nothing, not even which of its lines (R11)."""

import math
from typing import Any

from ecluse.domain.conclusions import CERTAIN, MOST_EXPORTS, MOST_PARCELS, Conclusion, Verdict
from ecluse.migration.trace_asking import Answer
from ecluse.migration.trace_match import Finding, points
from ecluse.wire.artefacts import validate


def conclusion_of(answer: Answer, *, more: bool, cut: int) -> Conclusion:
    """An answer as an incident is told it; ``more``: the sample goes on unread; ``cut``: so many of its lines do.

    Raises:
        InvalidError: a trace file says of its export what no order could; names the field.
    """
    # A trace file that lies there twice is one export.
    once = {each.hits.filter.header.order_digest: each for each in reversed(answer.findings)}
    findings = [each for each in answer.findings if once[each.hits.filter.header.order_digest] is each]
    # Were there more than are listed, what bears the verdict must not be among those left out.
    findings.sort(key=lambda each: (not each.named, not points([each])))
    return validate(Conclusion, {
        "format": "ecluse.trace-conclusion/1",
        "verdict": verdict_of(answer),
        "lines": answer.lines,
        "more": more,
        "cut": cut,
        "silent": len(answer.silent),
        "unknown": len(answer.strange),
        "asked": answer.asked,
        "expired": answer.expired,
        "refused": len(answer.refused),
        "foreign": answer.foreign,
        "exports": [_export(each) for each in findings[:MOST_EXPORTS]],
        "left_out": len(findings[MOST_EXPORTS:]),
    })  # fmt: skip


def verdict_of(answer: Answer) -> Verdict:
    """What the exports say together."""
    if any(each.named for each in answer.findings):
        return Verdict.FOUND
    return Verdict.DOUBTFUL if points(answer.findings) else Verdict.NOT_FOUND


def _export(each: Finding) -> dict[str, Any]:
    header, hits = each.hits.filter.header, each.hits
    probability = CERTAIN if hits.canaries else min(round(each.posterior * CERTAIN), CERTAIN - 1)
    return {
        "order": header.order,
        "order_digest": header.order_digest,
        "controller": header.controller,
        "source": header.source,
        "destination": header.destination,
        "recipient": header.recipient,
        "period_from": header.period_from.isoformat(),
        "period_until": header.period_until.isoformat(),
        "persons": header.persons,
        "lines_known": len(hits.known()),
        "marks": {str(kind): lines for kind, lines in each.kinds().items()},
        "slips": len(hits.slips),
        "canary_lines": len({line for line, _ in hits.canaries}),
        "canaries": sorted({parcel for _, parcel in hits.canaries})[:MOST_PARCELS],
        "ratio": round(each.weight.log_ratio / math.log(10) * 10),
        "probability": probability,
        "attributed": each.named,
        "explained": each.explained,
    }
