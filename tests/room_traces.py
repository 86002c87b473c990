"""Conclusions of tracing for tests, as ``ecluse trace`` tells them. Import it only where Django is ready."""

import datetime as dt
from typing import Any

from ecluse.domain.conclusions import CERTAIN, Conclusion, TracedExport, Verdict
from ecluse.domain.tracing import Kind
from ecluse.store.acts.orders import artefact_of
from ecluse.store.models import Migration


def export(migration: Migration, **changes: Any) -> TracedExport:
    """That migration's export, to which a sample of 56 lines is attributed."""
    order = artefact_of(migration.order)
    given: dict[str, Any] = {
        "order": order.order, "order_digest": migration.order.digest, "controller": order.controller.name,
        "source": order.source.system, "destination": order.destination.system,
        "recipient": order.destination.recipient, "period_from": order.scope.dates.from_,
        "period_until": order.scope.dates.until, "persons": 491_840, "lines_known": 54,
        "marks": {Kind.NIR: 40, Kind.NAME_BIRTH: 50}, "slips": 2, "canary_lines": 0, "canaries": (), "ratio": 871,
        "probability": CERTAIN, "attributed": True, "explained": False,
    }  # fmt: skip
    return TracedExport(**given | changes)


STRANGE: dict[str, Any] = {
    "order": "BIO-2019-7", "order_digest": "sha256:" + "7" * 64, "period_from": dt.date(2015, 1, 1),
    "period_until": dt.date(2016, 12, 31),
}  # fmt: skip
"""Of an export that the room knows nothing of."""


def concluded(*exports: TracedExport, verdict: Verdict | None = None, **changes: Any) -> Conclusion:
    """Of a sample of 56 lines."""
    said = verdict or (Verdict.FOUND if any(each.attributed for each in exports) else Verdict.NOT_FOUND)
    given: dict[str, Any] = {
        "lines": 56, "more": False, "cut": 0, "silent": 1, "unknown": 1, "asked": 7, "expired": 0, "refused": 0, "foreign": 0,
        "left_out": 0,
    }  # fmt: skip
    return Conclusion(format="ecluse.trace-conclusion/1", verdict=said, exports=exports, **given | changes)
