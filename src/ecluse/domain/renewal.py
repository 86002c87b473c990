"""What runs out, and when somebody must hear of it: agreements, certificates, training, periods to object.

Pure: today is an argument. A reminder has steps, days before its day; each step is sent once. What was sent is the
caller's to remember, by :attr:`Due.mark`, which is the same whenever it is asked for on the days of one step.
"""

import datetime as dt
from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum

from ecluse.domain.agreement import Agreement, Hosting


class ReminderKind(StrEnum):
    """What runs out."""

    AGREEMENT_END = "agreement_end"
    HDS_CERTIFICATE = "hds_certificate"
    TRAINING = "training"
    OBJECTION = "objection"

    @property
    def en(self) -> str:
        """English label."""
        return _LABELS[self][0]

    @property
    def fr(self) -> str:
        """French label."""
        return _LABELS[self][1]


_LABELS = {
    ReminderKind.AGREEMENT_END: ("the agreement ends", "le contrat prend fin"),
    ReminderKind.HDS_CERTIFICATE: ("the host's HDS certificate expires", "le certificat HDS de l'hébergeur expire"),
    ReminderKind.TRAINING: ("the training record expires", "l'attestation de formation expire"),
    ReminderKind.OBJECTION: ("last day to object to a sub-processor",
                             "dernier jour pour s'opposer à un sous-traitant ultérieur"),
}  # fmt: skip

STEPS: dict[ReminderKind, tuple[int, ...]] = {
    ReminderKind.AGREEMENT_END: (90, 30, 7, 0),
    ReminderKind.HDS_CERTIFICATE: (180, 90, 30, 7, 0),
    ReminderKind.TRAINING: (60, 30, 7, 0),
    ReminderKind.OBJECTION: (14, 7, 2, 0),
}
"""Days before, longest first. Our choice, by how long each takes to renew: no law sets these."""


@dataclass(frozen=True, slots=True)
class Reminder:
    """Something of ``subject`` (an agreement's number, a person's id, a sub-processor) whose last good day is ``due``.

    ``days_before`` are the steps, longest first, none repeated, none negative.
    """

    kind: ReminderKind
    subject: str
    due: dt.date
    days_before: tuple[int, ...]

    def __post_init__(self) -> None:
        """Refuse steps that would be skipped or never come."""
        steps = self.days_before
        if not steps or list(steps) != sorted(set(steps), reverse=True) or steps[-1] < 0:
            raise ValueError("days_before: at least one step, longest first, none repeated, none negative")


@dataclass(frozen=True, slots=True)
class Due:
    """A reminder whose time has come. ``step`` is the one reached; after its day, ``days_left`` is negative."""

    reminder: Reminder
    step: int
    days_left: int

    @property
    def expired(self) -> bool:
        """Whether its last good day has passed."""
        return self.days_left < 0

    @property
    def mark(self) -> str:
        """What to remember as sent: one text for each step of each reminder, another once it has expired."""
        step = "expired" if self.expired else str(self.step)
        return f"{self.reminder.kind}/{self.reminder.subject}/{self.reminder.due.isoformat()}/{step}"


def due(reminders: Iterable[Reminder], today: dt.date) -> tuple[Due, ...]:
    """Those of which the first step has been reached, the most urgent first; what has expired stays until renewed."""
    found = []
    for reminder in reminders:
        left = (reminder.due - today).days
        reached = [step for step in reminder.days_before if left <= step]
        if reached:
            found.append(Due(reminder, reached[-1], left))
    return tuple(sorted(found, key=lambda each: (each.days_left, each.reminder.kind, each.reminder.subject)))


def of_agreement(agreement: Agreement) -> tuple[Reminder, ...]:
    """The end of an agreement and, with a certified host, of its certificate (CSP L.1111-8)."""
    number, hosting = agreement.agreement, agreement.hosting
    made = [_reminder(ReminderKind.AGREEMENT_END, number, agreement.in_force_until)]
    if hosting.where is Hosting.CERTIFIED_HOST:
        made.append(_reminder(ReminderKind.HDS_CERTIFICATE, number, hosting.expires))
    return tuple(made)


def of_training(person: str, valid_until: dt.date) -> Reminder:
    """The training record of a person (R20); ``valid_until`` is its last day."""
    return _reminder(ReminderKind.TRAINING, person, valid_until)


def objection_ends(announced: dt.date, notice_days: int) -> dt.date:
    """The last day on which the controller may object to a sub-processor announced on a day.

    The day of the announcement is not counted: Regulation (EEC, Euratom) No 1182/71, Art. 3(1), counts so for acts of
    the Union. That it applies to this contract is unverified; the agreement's own terms go before it.

    Raises:
        ValueError: a period of no days leaves nobody time to object (Art. 28(2)).
    """
    if notice_days < 1:
        raise ValueError("notice_days: at least one day")
    return announced + dt.timedelta(days=notice_days)


def of_objection(sub_processor: str, announced: dt.date, notice_days: int) -> Reminder:
    """The period to object to a sub-processor under general authorisation (Art. 28(2); clause 7.7, option 2)."""
    return _reminder(ReminderKind.OBJECTION, sub_processor, objection_ends(announced, notice_days))


def may_start(announced: dt.date, notice_days: int, today: dt.date, *, objected: bool) -> bool:
    """Whether an announced sub-processor may begin: the period has run out and nobody has objected."""
    return not objected and today > objection_ends(announced, notice_days)


def _reminder(kind: ReminderKind, subject: str, last: dt.date) -> Reminder:
    return Reminder(kind, subject, last, STEPS[kind])
