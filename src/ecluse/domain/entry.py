"""Journal entries: what is about to happen or has happened, in ids, counts and digests (law 5)."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Literal

from ecluse.domain.values import Digest, Identifier, Instant, Strict


class Event(StrEnum):
    """Every kind of entry. ``…ing`` stands before its effect, the past tense after it."""

    OPENED = "workspace.opened"
    AGREEMENT_RECORDED = "agreement.recorded"
    ORDER_APPROVED = "order.approved"
    PLAN_SIGNED = "plan.signed"
    EXTRACTION_STARTED = "extraction.started"
    BATCH_EXTRACTING = "batch.extracting"
    BATCH_SEALED = "batch.sealed"
    SCOPE_VIOLATION = "scope.violation"
    PARCEL_ERASING = "parcel.erasing"
    TRACE_KEEPING = "trace.keeping"
    EXTRACTION_SEALED = "extraction.sealed"
    PARCEL_DELIVERING = "parcel.delivering"
    DELIVERED = "migration.delivered"
    PARCEL_RECEIVING = "parcel.receiving"
    PARCEL_RECEIVED = "parcel.received"
    PARCEL_REFUSED = "parcel.refused"
    BATCH_LOADING = "batch.loading"
    BATCH_LOADED = "batch.loaded"
    PUBLISHING = "target.publishing"
    LOADED = "migration.loaded"
    RECONCILED = "migration.reconciled"
    SAMPLE_COMPARED = "sample.compared"
    """Some patients' results were drawn and compared; ``by``: in whose name somebody is about to see them.

    Stated, not proved; absent where nobody sees any.
    """
    ACCEPTED = "migration.accepted"
    REFUSED = "migration.refused"
    SUSPENDED = "migration.suspended"
    RESUMED = "migration.resumed"
    ABORTED = "migration.aborted"
    ERASING = "erasure.started"
    ERASED = "erasure.certified"
    TRACE_ERASING = "trace.erasing"
    CHECKPOINT_COSIGNED = "checkpoint.cosigned"


@dataclass(frozen=True, slots=True)
class Entry(Strict):
    """One line of the journal."""

    format: Literal["ecluse.entry/1"]
    at: Instant
    actor: Identifier
    event: Event
    order: Digest | None
    subject: str
    detail: Mapping[str, int | str] = field(default_factory=dict)
