"""What is written after the plan: receipt, reconciliation, acceptance, erasure certificate.

None holds a patient's value: ids, counts, source keys of differing rows, keyed digests (law 5).
"""

import datetime as dt
from dataclasses import dataclass
from enum import StrEnum
from typing import Literal

from ecluse.domain.values import Digest, Identifier, Name, Prose, RowDigest, Strict


@dataclass(frozen=True, slots=True)
class GroupDigest(Strict):
    """Rows of one year and site: count, and sum modulo 2^128 of their keyed row digests."""

    year: int | None
    site: str | None
    rows: int
    digest: RowDigest


@dataclass(frozen=True, slots=True)
class QuarantineCount(Strict):
    """Rows of one year and site set aside, sealed too, for one reason (law 3)."""

    reason: Identifier
    year: int | None
    site: str | None
    rows: int


@dataclass(frozen=True, slots=True)
class Receipt(Strict):
    """One parcel: what is in it, without showing it. Signed by the sender, then by the recipient."""

    format: Literal["ecluse.receipt/1"]
    order: Digest
    plan: Digest
    batch: Identifier
    entity: Identifier
    parcel: Digest
    size: int
    columns: tuple[Identifier, ...]
    rows: int
    canaries: int
    min_date: dt.date | None
    max_date: dt.date | None
    groups: tuple[GroupDigest, ...]
    quarantined: tuple[QuarantineCount, ...]
    quarantine_parcel: Digest | None
    sealed_at: dt.datetime
    agent: Identifier

    def __post_init__(self) -> None:
        """Groups add up to the rows; quarantined rows lie in a parcel of their own."""
        if sum(group.rows for group in self.groups) != self.rows:
            raise ValueError("groups do not add up to rows")
        if bool(self.quarantined) != bool(self.quarantine_parcel):
            raise ValueError("quarantined rows without a quarantine parcel, or the reverse")


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
    year: int | None
    site: str | None
    planned: int
    extracted: int
    quarantined: int
    sealed: int
    opened: int
    loaded: int
    read_back: int
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


@dataclass(frozen=True, slots=True)
class Difference(Strict):
    """One differing row, by its source key; ``detail`` names columns or reasons, never values."""

    kind: DifferenceKind
    entity: Identifier
    source_key: Name
    detail: Name


@dataclass(frozen=True, slots=True)
class Reconciliation(Strict):
    """The recipient's account of the whole migration."""

    format: Literal["ecluse.reconciliation/1"]
    order: Digest
    plan: Digest
    receipts: tuple[Digest, ...]
    made_at: dt.datetime
    agent: Identifier
    flows: tuple[Flow, ...]
    differences: tuple[Difference, ...]

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
    differences: int
    remarks: str
    decided_at: dt.datetime
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
    path: Name
    digest: Digest
    size: int


@dataclass(frozen=True, slots=True)
class Scanned(Strict):
    """One tree that the re-scan read."""

    tree: Name
    files: int
    size: int


@dataclass(frozen=True, slots=True)
class ErasureCertificate(Strict):
    """One place, emptied (law 7, R6; EU clauses 2021/915, clause 10: delete and certify)."""

    format: Literal["ecluse.erasure/1"]
    order: Digest
    acceptance: Digest | None
    place: Identifier
    reason: Literal["accepted", "refused", "aborted", "erase_by"]
    erased: tuple[Erased, ...]
    scanned: tuple[Scanned, ...]
    looked_for: tuple[Name, ...]
    found: tuple[Prose, ...]
    erased_at: dt.datetime
    agent: Identifier

    def clean(self) -> bool:
        """The re-scan found nothing."""
        return not self.found
