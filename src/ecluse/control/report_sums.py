"""What a migration's account counts: sums over flows, receipts and what was left out. Pure; no wording."""

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from ecluse.domain.plan import LeftOut, LeftOutReason, Plan
from ecluse.domain.records import DifferenceKind, Flow, Receipt, Reconciliation, Stage

STATIONS = tuple(Stage)
"""In the order in which rows pass them."""


@dataclass(frozen=True, slots=True)
class Line:
    """Rows of some flows at each stage, and whether every flow is clean."""

    rows: dict[Stage, int]
    clean: bool

    def wrong(self, stage: Stage) -> bool:
        """Whether this is the first stage at which rows are missing or too many."""
        before = {
            Stage.EXTRACTED: self.rows[Stage.PLANNED],
            Stage.SEALED: self.rows[Stage.EXTRACTED] - self.rows[Stage.QUARANTINED],
            Stage.OPENED: self.rows[Stage.SEALED],
            Stage.LOADED: self.rows[Stage.OPENED],
            Stage.READ_BACK: self.rows[Stage.LOADED],
        }
        return stage in before and self.rows[stage] != before[stage]


def line(flows: Iterable[Flow]) -> Line:
    """The sum of some flows."""
    taken = list(flows)
    return Line(
        {stage: sum(getattr(flow, stage.value) for flow in taken) for stage in STATIONS},
        all(flow.clean() for flow in taken),
    )


@dataclass(frozen=True, slots=True)
class Account:
    """A reconciliation, counted."""

    flows: tuple[Flow, ...]
    total: Line
    entities: dict[str, Line]
    real: int
    """Differences but rows set aside with a reason."""
    unclean: int
    """Flows that are not clean."""
    parcels: int
    aside: dict[tuple[str, str], int]
    """Rows set aside by entity and reason."""

    @property
    def clean(self) -> bool:
        """As the reconciliation says."""
        return self.real == 0 and self.unclean == 0


def account(reconciliation: Reconciliation, receipts: Sequence[Receipt]) -> Account:
    """Count."""
    flows = reconciliation.flows
    aside: Counter[tuple[str, str]] = Counter()
    for receipt in receipts:
        for each in receipt.quarantined:
            aside[receipt.entity, each.reason] += each.rows
    return Account(
        flows=flows,
        total=line(flows),
        entities={name: line(f for f in flows if f.entity == name) for name in dict.fromkeys(f.entity for f in flows)},
        real=sum(d.kind is not DifferenceKind.QUARANTINED for d in reconciliation.differences),
        unclean=sum(not flow.clean() for flow in flows),
        parcels=len(receipts) + sum(receipt.quarantine_parcel is not None for receipt in receipts),
        aside=dict(sorted(aside.items())),
    )


def stayed(plan: Plan) -> list[tuple[LeftOutReason, list[LeftOut]]]:
    """What was left out, by reason, in the reasons' order."""
    found = [(reason, [left for left in plan.left_out if left.reason is reason]) for reason in LeftOutReason]
    return [(reason, each) for reason, each in found if each]
