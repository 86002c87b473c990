"""What is written after the plan: receipt, reconciliation, acceptance, erasure certificate.

None holds a patient's value: ids, counts, source keys of differing rows, keyed digests (law 5).
"""

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Literal

from ecluse.domain.values import (
    Count,
    Digest,
    FieldError,
    FilePath,
    Identifier,
    Instant,
    LogVerifier,
    Prose,
    RowDigest,
    Strict,
    Verbatim,
    Year,
    check_log,
)


@dataclass(frozen=True, slots=True)
class GroupDigest(Strict):
    """Rows of one year and site: count, and sum modulo 2^128 of their keyed row digests."""

    year: Year | None
    site: str | None
    rows: Count
    digest: RowDigest


@dataclass(frozen=True, slots=True)
class QuarantineCount(Strict):
    """Rows of one year and site set aside, sealed too, for one reason (law 3)."""

    reason: Identifier
    year: Year | None
    site: str | None
    rows: Count


@dataclass(frozen=True, slots=True)
class Receipt(Strict):
    """One parcel: what is in it, without showing it. Signed by the sender, then by the recipient."""

    format: Literal["ecluse.receipt/1"]
    order: Digest
    plan: Digest
    batch: Identifier
    entity: Identifier
    parcel: Digest
    size: Count
    columns: tuple[Identifier, ...]
    rows: Count
    canaries: Count
    min_date: dt.date | None
    max_date: dt.date | None
    groups: tuple[GroupDigest, ...]
    quarantined: tuple[QuarantineCount, ...]
    quarantine_parcel: Digest | None
    sealed_at: Instant
    agent: Identifier

    def __post_init__(self) -> None:
        """Groups add up to the rows; quarantined rows lie in a parcel of their own."""
        if sum(group.rows for group in self.groups) != self.rows:
            raise FieldError("rows", "groups do not add up to rows")
        if bool(self.quarantined) != bool(self.quarantine_parcel):
            raise FieldError("quarantine_parcel", "quarantined rows without a quarantine parcel, or the reverse")
        _refuse_repeats("groups", [(group.year, group.site) for group in self.groups])
        _refuse_repeats("quarantined", [(q.reason, q.year, q.site) for q in self.quarantined])
        _refuse_repeats("columns", self.columns)
        if (self.min_date is None) != (self.max_date is None):
            raise FieldError("max_date", "one bound without the other")
        if self.min_date and self.max_date and self.max_date < self.min_date:
            raise FieldError("max_date", "max_date is before min_date")


class Stage(StrEnum):
    """Stations at which rows are counted, in order."""

    PLANNED = "planned"
    EXTRACTED = "extracted"
    QUARANTINED = "quarantined"
    SEALED = "sealed"
    OPENED = "opened"
    LOADED = "loaded"
    READ_BACK = "read_back"


@dataclass(frozen=True, slots=True)
class Flow(Strict):
    """Rows of one entity, year, site at each stage, with digests where rows were read whole."""

    entity: Identifier
    year: Year | None
    site: str | None
    planned: Count
    extracted: Count
    quarantined: Count
    sealed: Count
    opened: Count
    loaded: Count
    read_back: Count
    sealed_digest: RowDigest
    opened_digest: RowDigest
    read_back_digest: RowDigest

    def clean(self) -> bool:
        """Nothing lost, nothing changed (law 3)."""
        counts = self.planned == self.extracted == self.sealed + self.quarantined
        arrived = self.sealed == self.opened == self.loaded == self.read_back
        return counts and arrived and self.sealed_digest == self.opened_digest == self.read_back_digest


class DifferenceKind(StrEnum):
    """How a row differs."""

    MISSING = "missing_in_target"
    UNEXPECTED = "unexpected_in_target"
    CHANGED = "changed_in_target"
    QUARANTINED = "quarantined"
    COUNT = "count_differs_from_plan"
    DANGLING = "reference_outside_migration"
    MISSTATED = "receipt_differs_from_rows"


@dataclass(frozen=True, slots=True)
class Difference(Strict):
    """One differing row, by its source key; ``detail`` names columns or reasons, never values.

    A misstated receipt is named by its batch, and ``detail`` is the agent that signed it.
    """

    kind: DifferenceKind
    entity: Identifier
    source_key: Verbatim
    detail: Prose


@dataclass(frozen=True, slots=True)
class Reconciliation(Strict):
    """The recipient's account of the whole migration; ``log`` is the key of the destination place's journal."""

    format: Literal["ecluse.reconciliation/1"]
    order: Digest
    plan: Digest
    receipts: tuple[Digest, ...]
    made_at: Instant
    agent: Identifier
    log: LogVerifier
    flows: tuple[Flow, ...]
    differences: tuple[Difference, ...]

    def __post_init__(self) -> None:
        """Every parcel and every flow is accounted for once."""
        check_log(self.log, "destination", self.agent)
        _refuse_repeats("receipts", self.receipts)
        _refuse_repeats("flows", [(flow.entity, flow.year, flow.site) for flow in self.flows])

    def clean(self) -> bool:
        """Every flow clean and no difference but rows quarantined with a reason."""
        real = [d for d in self.differences if d.kind is not DifferenceKind.QUARANTINED]
        return not real and all(flow.clean() for flow in self.flows)


class Decision(StrEnum):
    """The controller's word on a reconciliation."""

    ACCEPTED = "accepted"
    ACCEPTED_WITH_DIFFERENCES = "accepted_with_differences"
    REFUSED = "refused"


@dataclass(frozen=True, slots=True)
class Acceptance(Strict):
    """The controller's decision. Accepting a difference means counting it: ``differences`` must match."""

    format: Literal["ecluse.acceptance/1"]
    order: Digest
    reconciliation: Digest
    decision: Decision
    differences: Count
    remarks: str
    decided_at: Instant
    signatory: Identifier


class ErasedKind(StrEnum):
    """What was erased."""

    PARCEL = "parcel"
    QUARANTINE = "quarantine"
    KEY = "key"
    STAGING = "staging"
    TEMPORARY = "temporary"


@dataclass(frozen=True, slots=True)
class Erased(Strict):
    """One erased thing: where it lay, what it was. A key's digest is that of its public part or its name."""

    kind: ErasedKind
    path: FilePath
    digest: Digest
    size: Count


@dataclass(frozen=True, slots=True)
class Scanned(Strict):
    """One tree that the re-scan read."""

    tree: FilePath
    files: Count
    size: Count


@dataclass(frozen=True, slots=True)
class KeptTrace(Strict):
    """The one thing that an erasure leaves: keyed fingerprints, for as long as the order says (R11)."""

    digest: Digest
    size: Count
    keep_until: dt.date


class RecipientKey(StrEnum):
    """What became of the identity that opens the parcels: without it, copies of parcels are noise."""

    NOT_HERE = "not_here"
    DESTROYED = "destroyed"
    STATED = "stated_destroyed"


@dataclass(frozen=True, slots=True)
class ErasureCertificate(Strict):
    """One place, emptied (law 7, R6; EU clauses 2021/915, clause 10: delete and certify).

    ``statement`` says how and by whom the identity was destroyed where the agent did not do it; a claim, no proof.
    ``trace`` names what stays at the source by the order's own word.
    """

    format: Literal["ecluse.erasure/1"]
    order: Digest
    acceptance: Digest | None
    place: Identifier
    reason: Literal["accepted", "refused", "aborted", "erase_by"]
    erased: tuple[Erased, ...]
    scanned: tuple[Scanned, ...]
    looked_for: tuple[Prose, ...]
    found: tuple[Prose, ...]
    recipient_key: RecipientKey
    statement: str
    erased_at: Instant
    agent: Identifier
    log: LogVerifier
    trace: KeptTrace | None = None

    def __post_init__(self) -> None:
        """An erasure after a decision names the decision; the destination's says what became of the identity."""
        check_log(self.log, self.place, self.agent)
        if (self.recipient_key is RecipientKey.NOT_HERE) != (self.place != "destination"):
            raise FieldError("recipient_key", "what became of the identity, only the destination tells")
        if (self.recipient_key is RecipientKey.STATED) != bool(self.statement.strip()):
            raise FieldError("statement", "given exactly where the identity's destruction is only stated")
        if self.reason in {"accepted", "refused"} and self.acceptance is None:
            raise FieldError("acceptance", "erased after a decision that is not named")
        if self.trace is not None and self.place != "source":
            raise FieldError("trace", "fingerprints are kept at the source alone")

    def clean(self) -> bool:
        """The re-scan found nothing."""
        return not self.found


def _refuse_repeats(field: str, names: Sequence[object]) -> None:
    seen: set[object] = set()
    for place, name in enumerate(names):
        if name in seen:
            raise FieldError(f"{field}[{place}]", "given twice")
        seen.add(name)
