"""Every error that Écluse raises, each with a documented exit code that is never reused.

    EcluseError
    ├── RefusedError             what was asked is not allowed; asking again changes nothing
    │   ├── UsageError       2   the command line itself
    │   ├── MalformedError  10   an artefact, key or file that does not parse
    │   ├── AgreementError  11   no signed, in-force, complete processing agreement (Art. 28(3))
    │   ├── OrderError      12   the order asks what it may not, or leaves out what it must say
    │   ├── ProfileError    13   the profile does not fit its catalogue or its database
    │   ├── SignatureError  14   missing, wrong or foreign signature
    │   ├── ScopeViolationError 15  a row or column outside the order reached a gate
    │   ├── TransitionError 16   a step out of its turn in the life of a migration
    │   ├── TamperError     17   an artefact, parcel or journal that is not what was signed
    │   ├── ReconciliationError 18  differences that nobody has accepted
    │   ├── DestinationError 19  the destination refuses the rows or is not empty where it must be
    │   ├── ErasureError    20   something that should be gone is still there
    │   ├── UnvouchedError  21   evidence that is consistent, by keys for which nobody vouched
    │   ├── ForbiddenError  22   who asks has no role that may do this
    │   ├── UnseenError     23   there is nothing of that name for whoever asks
    │   ├── InspectionError 24   an inspection found failings that no baseline knows
    │   ├── UntracedError   25   a leaked sample that no export asked is the source of
    │   └── DoubtfulError   26   a leaked sample that points to an export, and is too little to attribute it
    ├── RetryableError           the same command may work later; nothing is lost
    │   ├── ConnectionLostError 30  a database went away
    │   ├── StorageError    31   disk full, unwritable or vanished
    │   └── BusyError       32   another process works on the same workspace
    └── FatalError               a fault of ours
        └── InternalError   70

Messages name file, line, field and rule. They never hold a patient's value.
"""

from dataclasses import dataclass
from typing import ClassVar


@dataclass(frozen=True, slots=True)
class Location:
    """Where in somebody's input an error stands; all parts optional."""

    file: str | None = None
    line: int | None = None
    field: str | None = None

    def __str__(self) -> str:
        """``file:line: field``, leaving out what is unknown."""
        place = self.file or ""
        if self.line is not None:
            place += f":{self.line}" if place else f"line {self.line}"
        return ": ".join(part for part in (place, self.field) if part)


class EcluseError(Exception):
    """The root. ``message`` says what, ``location`` where, ``hint`` what to do."""

    exit_code: ClassVar[int] = 70

    def __init__(self, message: str, *, location: Location | None = None, hint: str | None = None) -> None:
        self.message = message
        self.location = location
        self.hint = hint
        super().__init__(message)

    def __str__(self) -> str:
        """``file:line: field: message (hint)``."""
        text = f"{self.location}: {self.message}" if self.location and str(self.location) else self.message
        return f"{text} ({self.hint})" if self.hint else text


class RefusedError(EcluseError):
    """What was asked is not allowed; asking again changes nothing."""


class UsageError(RefusedError):
    """The command line asks something impossible."""

    exit_code = 2


class MalformedError(RefusedError):
    """An artefact, key or file that does not parse under its published format."""

    exit_code = 10


class AgreementError(RefusedError):
    """No signed, in-force agreement complete under GDPR Art. 28(3) (law 9, R1)."""

    exit_code = 11


class OrderError(RefusedError):
    """The order asks what it may not, or leaves out what it must say (laws 1 and 9, R2, R13, R14)."""

    exit_code = 12


class ProfileError(RefusedError):
    """The profile does not fit the catalogue or its own database."""

    exit_code = 13


class SignatureError(RefusedError):
    """A signature is missing, wrong, or made by a key that may not sign this."""

    exit_code = 14


class ScopeViolationError(RefusedError):
    """A row or column outside the signed order reached a gate (law 1): the migration stops."""

    exit_code = 15


class TransitionError(RefusedError):
    """A step out of its turn in the life of a migration (R4)."""

    exit_code = 16


class TamperError(RefusedError):
    """An artefact, parcel or journal is not what was signed (law 10)."""

    exit_code = 17


class ReconciliationError(RefusedError):
    """Planned, sealed and loaded rows differ, and nobody has accepted the differences (law 3)."""

    exit_code = 18


class DestinationError(RefusedError):
    """The destination refuses the rows, or holds what it must not."""

    exit_code = 19


class ErasureError(RefusedError):
    """Something that should be erased is still there (law 7)."""

    exit_code = 20


class UnvouchedError(RefusedError):
    """Evidence that contradicts itself nowhere, by keys for which nobody vouched: anybody could make it (law 10)."""

    exit_code = 21


class ForbiddenError(RefusedError):
    """Whoever asks has no role that may do this (law 6, R6)."""

    exit_code = 22


class UnseenError(RefusedError):
    """There is nothing of that name for whoever asks: another's things are not told from what does not exist."""

    exit_code = 23


class InspectionError(RefusedError):
    """An inspection found failings, as grave as was asked for, that no baseline knows."""

    exit_code = 24


class UntracedError(RefusedError):
    """A leaked sample is attributed to none of the exports that were asked (R11)."""

    exit_code = 25


class DoubtfulError(RefusedError):
    """A leaked sample points to an export, and is too little to attribute it (R11)."""

    exit_code = 26


class RetryableError(EcluseError):
    """The same command may work later; nothing is lost (law 4)."""


class ConnectionLostError(RetryableError):
    """A database went away or cannot be reached."""

    exit_code = 30


class StorageError(RetryableError):
    """The disk is full, unwritable or gone."""

    exit_code = 31


class BusyError(RetryableError):
    """Another process works on the same workspace."""

    exit_code = 32


class FatalError(EcluseError):
    """A fault of ours; please report it."""


class InternalError(FatalError):
    """An invariant of Écluse's own does not hold."""

    exit_code = 70
