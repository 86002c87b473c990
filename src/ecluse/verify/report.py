"""What an audit says: numbered steps, each passed, failed or not reached."""

from dataclasses import dataclass
from enum import StrEnum

from ecluse.domain.errors import TamperError, UnvouchedError


class Status(StrEnum):
    """How a step ended. ``not_reached`` is neither good nor bad: what it needs is not there, or failed before it."""

    OK = "ok"
    FAILED = "failed"
    NOT_REACHED = "not_reached"


@dataclass(frozen=True, slots=True)
class Words:
    """One sentence in both languages; ``str`` gives the English."""

    en: str
    fr: str

    def __str__(self) -> str:
        """The English sentence."""
        return self.en


@dataclass(frozen=True, slots=True)
class Step:
    """One step. ``name`` never changes its meaning; ``number`` is its place in the report."""

    number: int
    name: str
    status: Status
    detail: Words


@dataclass(frozen=True, slots=True)
class Report:
    """All steps in order. ``vouched``: the keys that bind both parties are those the auditor has from elsewhere."""

    steps: tuple[Step, ...]
    vouched: bool = False

    @property
    def failed(self) -> tuple[Step, ...]:
        """Steps that failed, first first."""
        return tuple(step for step in self.steps if step.status is Status.FAILED)

    @property
    def consistent(self) -> bool:
        """Nothing that could be checked is wrong: the bundle does not contradict itself. A forger's need not either."""
        return not self.failed

    @property
    def authenticated(self) -> bool:
        """Consistent, and signed by keys that the auditor has from elsewhere."""
        return self.consistent and self.vouched

    @property
    def complete(self) -> bool:
        """Every step was reached and passed: the migration is over and all of it is proved."""
        return all(step.status is Status.OK for step in self.steps)

    @property
    def exit_code(self) -> int:
        """0 where authenticated; that of TamperError (17), or of UnvouchedError (21)."""
        if not self.consistent:
            return TamperError.exit_code
        return 0 if self.authenticated else UnvouchedError.exit_code

    def check(self) -> None:
        """Raise what the command line exits with.

        Raises:
            TamperError: a step failed; names the first.
            UnvouchedError: none failed, and nobody vouched for the keys.
        """
        if self.failed:
            first = self.failed[0]
            raise TamperError(f"step {first.number} ({first.name}): {first.detail}")
        if not self.authenticated:
            raise UnvouchedError("consistent, but nobody vouched for these keys", hint="give --trust")


class FailedError(Exception):
    """A step's finding; never leaves this package."""

    def __init__(self, en: str, fr: str) -> None:
        self.words = Words(en, fr)
        super().__init__(en)


class NotReachedError(Exception):
    """A step that has nothing to look at yet; never leaves this package."""

    def __init__(self, en: str, fr: str) -> None:
        self.words = Words(en, fr)
        super().__init__(en)
