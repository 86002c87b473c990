"""Warnings from people without an account: states, clocks, who may handle one, whom silence brings in (R10, law 8).

French law: acknowledged within 7 working days, answered within 3 months (domain.md section 6, [A1]; the decree itself
was not read). The four hours for a credible exposure are our choice. Pure: time and public holidays are arguments.

A warning starts at the processor's security officer and goes, on the chain of :mod:`ecluse.domain.alerts`, to its
management and then to the controller. Whoever it names is not on that way. Each station has an equal part of the time
that the law gives for the whole, so that the controller's comes before the time is over.
"""

import datetime as dt
import re
import unicodedata
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from enum import StrEnum

from ecluse.domain.alerts import CHAIN, Severity, Station
from ecluse.domain.errors import TransitionError, UsageError
from ecluse.domain.permissions import Role, Side


class WarningState(StrEnum):
    """Where a warning stands; it goes one step at a time and never back."""

    RECEIVED = "received"
    ACKNOWLEDGED = "acknowledged"
    ANSWERED = "answered"
    CLOSED = "closed"


class Function(StrEnum):
    """Whom a warning is about, for a reporter who does not know or will not write the names."""

    SECURITY_OFFICER = "security_officer"
    PROCESSOR_MANAGEMENT = "processor_management"
    CONTROLLER_MANAGEMENT = "controller_management"


class Outcome(StrEnum):
    """Why a warning was closed. Words about it go to the reporter, sealed, as the answer."""

    MENDED = "mended"
    UNFOUNDED = "unfounded"
    HANDED_ON = "handed_on"
    TWICE = "twice"


FUNCTIONS = {
    Function.SECURITY_OFFICER: (Side.PROCESSOR, Role.SECURITY_OFFICER),
    Function.PROCESSOR_MANAGEMENT: (Side.PROCESSOR, Role.DIRECTOR),
    Function.CONTROLLER_MANAGEMENT: (Side.CONTROLLER, Role.DIRECTOR),
}
"""Whose role each function is: all who hold it count as named."""

STATIONS: tuple[Station, ...] = CHAIN[1:]
"""The alerts' chain without its engineers: whom a warning is about works with them."""

LAST = len(STATIONS) - 1
"""The controller's station."""

_ORDER = tuple(WarningState)
_SATURDAY = 5


@dataclass(frozen=True, slots=True)
class Terms:
    """How long silence may last. The law's are the longest there are."""

    acknowledge_days: int = 7
    answer_days: int = 90
    exposure_hours: int = 4

    def __post_init__(self) -> None:
        """Refuse what the law or this room's promise does not allow; raises UsageError."""
        longest = (7, 90, 4)
        given = (self.acknowledge_days, self.answer_days, self.exposure_hours)
        if not all(1 <= mine <= most for mine, most in zip(given, longest, strict=True)):
            raise UsageError("clocks can be shorter than 7 working days, 90 days and 4 hours, never longer")

    def shorter(self, other: "Terms") -> "Terms":
        """The shorter of each."""
        return Terms(
            min(self.acknowledge_days, other.acknowledge_days),
            min(self.answer_days, other.answer_days),
            min(self.exposure_hours, other.exposure_hours),
        )


@dataclass(frozen=True, slots=True)
class Timing:
    """A warning's instants, all with a time zone, and its two deadlines."""

    received: dt.datetime
    acknowledge_by: dt.datetime
    answer_by: dt.datetime
    acknowledged: dt.datetime | None = None
    answered: dt.datetime | None = None

    def overdue(self, now: dt.datetime) -> str:
        """``unacknowledged`` or ``unanswered`` where a deadline has passed in silence, else nothing."""
        if self.answered is not None:
            return ""
        if now >= self.answer_by:
            return "unanswered"
        return "unacknowledged" if self.acknowledged is None and now >= self.acknowledge_by else ""

    def due(self) -> dt.datetime | None:
        """The next deadline; None once it is answered."""
        if self.answered is not None:
            return None
        return self.acknowledge_by if self.acknowledged is None else self.answer_by


def acknowledge_by(received: dt.datetime, terms: Terms, holidays: Collection[dt.date], *, exposed: bool) -> dt.datetime:
    """When it must be acknowledged: the end of the last working day, or hours where data are exposed.

    The day of arrival does not count. ``received`` is in the zone whose days count (``Europe/Paris``).
    """
    if exposed:
        return received + dt.timedelta(hours=terms.exposure_hours)
    day, left = received.date(), terms.acknowledge_days
    while left:
        day += dt.timedelta(days=1)
        left -= day.weekday() < _SATURDAY and day not in holidays
    return dt.datetime.combine(day + dt.timedelta(days=1), dt.time(), received.tzinfo)


def answer_by(received: dt.datetime, terms: Terms) -> dt.datetime:
    """When it must be answered. Counted from arrival and in days: no reading of the law's three months is shorter."""
    return received + dt.timedelta(days=terms.answer_days)


def stations_reached(timing: Timing, somebody_at: Sequence[bool], now: dt.datetime) -> tuple[int, ...]:
    """Which of ``STATIONS`` a warning has come to; the first that has somebody has it at once.

    ``somebody_at`` says, for each station, whether anybody there may take it; one without is passed over at once. Of
    the time until the acknowledgement each gets an equal part, and so of the time until the answer.
    """
    manned = [index for index, somebody in enumerate(somebody_at) if somebody]
    if not manned:
        return ()
    silent = _parts(timing.received, timing.acknowledge_by, timing.acknowledged or now, len(manned))
    if timing.acknowledged is not None:
        silent = max(silent, _parts(timing.received, timing.answer_by, timing.answered or now, len(manned)))
    return tuple(manned[: 1 + silent])


def _parts(begin: dt.datetime, due: dt.datetime, until: dt.datetime, stations: int) -> int:
    return max(0, (until - begin) // ((due - begin) / stations))


def severity(*, exposed: bool) -> Severity:
    """How urgent silence about it is."""
    return Severity.CRITICAL if exposed else Severity.HIGH


def check_step(state: WarningState, to: WarningState) -> None:
    """One step at a time; answering acknowledges. Raises TransitionError."""
    at, wanted = _ORDER.index(state), _ORDER.index(to)
    answers = to is WarningState.ANSWERED and state is not WarningState.CLOSED
    if not answers and wanted != at + 1:
        raise TransitionError(f"this warning is {state}: it cannot be {to} now", hint="acknowledge, answer, then close")


@dataclass(frozen=True, slots=True)
class Someone:
    """A person who could be named: what a reporter may know them by, and the roles they hold."""

    handle: str
    name: str
    email: str
    roles: frozenset[tuple[Side, Role]] = frozenset()


_TITLES = frozenset({"dr", "docteur", "mme", "madame", "mr", "monsieur", "pr", "professeur", "mlle", "ms", "mrs"})
_WORDS = re.compile(r"[^\W\d_]+")


def named_in(lines: Iterable[str], functions: Iterable[Function], people: Iterable[Someone]) -> frozenset[str]:
    """Who is meant: by address or handle; by name or a part of it ("Dupont", "M. Dupont"); by function.

    In doubt somebody is meant: one reader too few delays, one too many cannot be taken back.
    """
    asked = [line.strip() for line in lines if line.strip()]
    wanted = {FUNCTIONS[each] for each in functions}
    return frozenset(each.handle for each in people if wanted & each.roles or any(_means(line, each) for line in asked))


def _means(line: str, someone: Someone) -> bool:
    if line.casefold() in {someone.handle.casefold(), someone.email.casefold()}:
        return True
    said, name = _tokens(line), _tokens(someone.name)
    return bool(said and name) and (said <= name or name <= said)


def _tokens(text: str) -> frozenset[str]:
    plain = unicodedata.normalize("NFKD", text.casefold())
    plain = "".join(c for c in plain if not unicodedata.combining(c))
    return frozenset(word for word in _WORDS.findall(plain) if len(word) > 1) - _TITLES


@dataclass(frozen=True, slots=True)
class Body:
    """An organisation that a warning can concern; the first one of a room is its house."""

    slug: str
    name: str
    side: Side
    finess: str = ""


@dataclass(frozen=True, slots=True)
class Concerned:
    """Whose people handle a warning; which laboratories may come to read it; which see that it exists."""

    processors: tuple[str, ...]
    readers: tuple[str, ...]
    witnesses: tuple[str, ...]

    def everybody(self) -> tuple[str, ...]:
        """All organisations, by slug."""
        return tuple(dict.fromkeys((*self.processors, *self.readers, *self.witnesses)))


def concerned(typed: str, bodies: Sequence[Body]) -> Concerned:
    """Whom a warning concerns, by what its reporter wrote of the organisation; ``bodies``: the room's, oldest first.

    Every laboratory sees that a warning exists unless its reporter named another. Its text can concern one laboratory's
    patients, so that no laboratory may come to read it but one that was named, or the only one (R15).
    """
    meant = [each for each in bodies if _is_meant(typed, each)]
    labs = [each.slug for each in bodies if each.side is Side.CONTROLLER]
    vendors = [each.slug for each in bodies if each.side is Side.PROCESSOR]
    named_labs = [each.slug for each in meant if each.side is Side.CONTROLLER]
    named_vendors = [each.slug for each in meant if each.side is Side.PROCESSOR]
    return Concerned(
        tuple(named_vendors or _house(vendors, bodies)),
        tuple(named_labs or _house(labs, bodies)),
        tuple(named_labs or labs),
    )


def _house(slugs: list[str], bodies: Sequence[Body]) -> list[str]:
    """The one there is, or the one whose room this is."""
    return slugs if len(slugs) == 1 else [slug for slug in slugs if slug == bodies[0].slug]


def _is_meant(typed: str, body: Body) -> bool:
    said = typed.strip()
    if not said:
        return False
    if said.replace(" ", "") == body.finess or said.casefold() == body.slug:
        return True
    words = _tokens(said)
    return bool(words) and words == _tokens(body.name)
