"""What happens at the relay's doors, as its journal tells it (R7, R8, R10): who came, put, took, was refused.

Names of parcels are digests of what is sealed in them, and box names digests of orders: neither says anything.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Literal

from ecluse.domain.values import Identifier, Instant, Strict


class Access(StrEnum):
    """Every kind of entry of a relay's journal. ``…ing`` stands before its effect."""

    OPENED = "relay.opened"
    STARTED = "relay.started"
    STOPPED = "relay.stopped"
    AGREEMENT_TRUSTED = "agreement.trusted"
    AGREEMENT_ENDED = "agreement.ended"
    ACCOUNT_ADDED = "account.added"
    ACCOUNT_CHANGED = "account.changed"
    ACCOUNT_REVOKED = "account.revoked"
    KEY_CLAIMED = "account.key_claimed"
    """Somebody offered, for a second account, a key that is bound to a first one (law 6)."""
    ENTERED = "access.entered"
    LEFT = "access.left"
    ENTRY_FAILED = "access.failed"
    """No account, no such key, an anonymous name, a password: ``detail`` says which, and how many within 10 seconds."""
    NETWORK_REFUSED = "access.network_refused"
    PATH_REFUSED = "access.path_refused"
    """What is not whoever asks's: a verb, another's box, a download by its sender."""
    BOX_OPENED = "box.opened"
    BOX_COMPLETE = "box.complete"
    BOX_CLOSED = "box.closed"
    PAPER_KEPT = "paper.kept"
    PAPER_REFUSED = "paper.refused"
    PARCEL_COMING = "parcel.coming"
    PARCEL_STORED = "parcel.stored"
    PARCEL_REFUSED = "parcel.refused"
    """Not announced, not an age file, another digest, size or recipients than announced; nothing of it is kept."""
    PARCEL_DROPPED = "parcel.dropped"
    """What came of one, and was not gone on with for a day."""
    QUOTA_EXCEEDED = "quota.exceeded"
    PARCEL_READ = "parcel.read"
    PARCEL_TAKEN = "parcel.taken"
    ERASING = "erasure.started"
    ERASED = "erasure.done"
    OVERDUE = "erasure.overdue"
    CLOCK_JUMPED = "clock.jumped"
    """By ``seconds``: what is due by date is then erased a quarter of an hour later, and never later than that."""
    REPORTED = "room.reported"
    ROOM_SILENT = "room.silent"


@dataclass(frozen=True, slots=True)
class AccessEntry(Strict):
    """One line of a relay's journal. ``actor``: an account's id, or ``anonymous``; ``origin``: an IP address."""

    format: Literal["ecluse.relay-entry/1"]
    at: Instant
    actor: Identifier
    event: Access
    origin: str | None
    box: str | None
    subject: str
    detail: Mapping[str, int | str] = field(default_factory=dict)


class Lies(StrEnum):
    """Where a file of a sender's stands at a relay; both doors show it, so that a sender knows what is done."""

    COMING = "coming"
    """Not whole yet, or not judged: send on."""
    HERE = "here"
    """Judged what was announced."""
    TAKEN = "taken"
    """Its recipient took it away; it is erased at the relay."""


@dataclass(frozen=True, slots=True)
class Lying:
    """One file as a relay lists it to a member of its box; ``size`` in bytes."""

    name: str
    size: int
    state: Lies = Lies.HERE
