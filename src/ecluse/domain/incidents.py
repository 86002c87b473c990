"""A breach of patients' data: its phases, its clocks, what is known and who decided (GDPR Art. 33, 34; R17).

From domain.md section 4 [L7, L8]: the controller notifies the authority within 72 hours of becoming aware where
feasible, gives its reasons if later, and may do so in phases; the processor tells the controller without undue delay;
every breach is documented, notified or not; persons are told where their risk is high, unless the data were
unintelligible to whoever has them.

Our own choices, stricter than what is written there: the 72 hours are hours of a clock, whatever the day; the
processor's notice makes the controller aware; *without undue delay* is four hours; the earliest moment counts.

Whether a step may be taken is for :mod:`ecluse.domain.incident_steps` to say.

Pure: the time is an argument. What is known is a list of facts to which one adds: a wrong one is corrected by another.
"""

import datetime as dt
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from enum import StrEnum

from ecluse.domain.conclusions import Telling
from ecluse.domain.incident_exposures import Exposure
from ecluse.domain.permissions import Side

AUTHORITY = dt.timedelta(hours=72)
"""Art. 33(1): from when the controller became aware until the authority is notified."""
NOTICE = dt.timedelta(hours=4)
"""Our choice for *without undue delay* (Art. 33(2)): from when the processor became aware until it tells."""
SOON = dt.timedelta(hours=24)
"""So long before the end of the 72 hours, what is undecided or unfiled is told."""


class FactKind(StrEnum):
    """What a fact is about: the parts of a notification (Art. 33(3)) and what every account of a breach needs."""

    WHAT_HAPPENED = "what_happened"
    NATURE = "nature"
    BEGAN = "began"
    ENDED = "ended"
    FOUND = "found"
    CAUSE = "cause"
    DATA = "data"
    PERSONS_KIND = "persons_kind"
    PERSONS = "persons"
    RECORDS = "records"
    SPREAD = "spread"
    PROTECTION = "protection"
    CONSEQUENCES = "consequences"
    DONE = "done"
    PLANNED = "planned"
    CONTACT = "contact"
    ABROAD = "abroad"
    OTHER = "other"


COUNTED = frozenset({FactKind.PERSONS, FactKind.RECORDS})
"""Facts that are numbers. They come from the controller's side, which alone can count its patients."""


class Phase(StrEnum):
    """Where an incident stands towards the authority."""

    OPENED = "opened"
    AWARE = "aware"
    TO_NOTIFY = "to_notify"
    NOTIFIED = "notified"
    COMPLETED = "completed"
    NOT_NOTIFIED = "not_notified"
    CLOSED = "closed"


class Step(StrEnum):
    """What is done about an incident, each with its moment, its author and its reasons."""

    NOTICE = "notice"
    AWARE = "aware"
    NOTIFY = "notify"
    NOT_NOTIFY = "not_notify"
    FILED = "filed"
    SUPPLEMENTED = "supplemented"
    COMPLETED = "completed"
    TELL = "tell"
    NOT_TELL = "not_tell"
    TOLD = "told"
    REPORT = "report"
    NOT_REPORT = "not_report"
    REPORTED = "reported"
    CLOSED = "closed"
    REOPENED = "reopened"


_BESIDE = (Step.NOTICE, Step.TELL, Step.NOT_TELL, Step.TOLD, Step.REPORT, Step.NOT_REPORT, Step.REPORTED)
_RUNNING = (Phase.AWARE, Phase.TO_NOTIFY, Phase.NOTIFIED, Phase.COMPLETED, Phase.NOT_NOTIFIED)

TRANSITIONS: Mapping[tuple[Phase, Step], Phase] = {
    (Phase.OPENED, Step.NOTICE): Phase.AWARE,
    (Phase.OPENED, Step.AWARE): Phase.AWARE,
    (Phase.AWARE, Step.NOTIFY): Phase.TO_NOTIFY,
    (Phase.AWARE, Step.NOT_NOTIFY): Phase.NOT_NOTIFIED,
    (Phase.TO_NOTIFY, Step.NOT_NOTIFY): Phase.NOT_NOTIFIED,
    (Phase.NOT_NOTIFIED, Step.NOTIFY): Phase.TO_NOTIFY,
    (Phase.TO_NOTIFY, Step.FILED): Phase.NOTIFIED,
    (Phase.NOTIFIED, Step.SUPPLEMENTED): Phase.NOTIFIED,
    (Phase.NOTIFIED, Step.COMPLETED): Phase.COMPLETED,
    (Phase.COMPLETED, Step.CLOSED): Phase.CLOSED,
    (Phase.NOT_NOTIFIED, Step.CLOSED): Phase.CLOSED,
    (Phase.CLOSED, Step.REOPENED): Phase.AWARE,
    # Whoever was told, and when one was aware, is asked beside the way to the authority.
    **{(phase, step): phase for phase in _RUNNING for step in (*_BESIDE, Step.AWARE)},
}
"""The only ways from phase to phase. Whatever is not here is refused."""

PROCESSORS = frozenset({Step.NOTICE})
"""Steps of the processor; all others are the controller's."""

DECISIONS = frozenset({
    Step.NOTIFY, Step.NOT_NOTIFY, Step.TELL, Step.NOT_TELL, Step.REPORT, Step.NOT_REPORT, Step.CLOSED, Step.REOPENED,
})  # fmt: skip
"""Steps that need reasons."""

FOLLOWS: Mapping[Step, tuple[Step, Step]] = {
    Step.TOLD: (Step.TELL, Step.NOT_TELL),
    Step.REPORTED: (Step.REPORT, Step.NOT_REPORT),
}
"""What is done only after it was decided so, and the contrary decision."""


class Risk(StrEnum):
    """How the controller judges the risk to persons: unlikely (Art. 33(1)), a risk, a high one (Art. 34(1))."""

    UNLIKELY = "unlikely"
    SOME = "some"
    HIGH = "high"


class Basis(StrEnum):
    """How the controller became aware."""

    PROCESSOR = "processor"
    OWN = "own"
    WARNING = "warning"
    PRESS = "press"
    AUTHORITY = "authority"
    OTHER = "other"


class Ground(StrEnum):
    """Why persons are not told. The first two stand in domain.md; the others are Art. 34(3)(b), (c), not verified."""

    NOT_HIGH = "not_high"
    UNINTELLIGIBLE = "unintelligible"
    MENDED = "mended"
    PUBLIC = "public"


@dataclass(frozen=True, slots=True)
class Fact:
    """One thing that is known, since when, and who wrote it. ``corrects``: the number of the fact that it replaces.

    ``count`` is for ``COUNTED`` kinds alone, ``exact`` says whether it is more than an estimate.
    """

    number: int
    kind: FactKind
    text: str
    known_since: dt.datetime
    recorded: dt.datetime
    by: str
    side: Side
    corrects: int | None = None
    count: int | None = None
    exact: bool = False


@dataclass(frozen=True, slots=True)
class Move:
    """One step that was taken. ``at``: when it happened; ``recorded``: when it was written down."""

    number: int
    step: Step
    at: dt.datetime
    recorded: dt.datetime
    by: str
    side: Side
    reasons: str = ""
    reference: str = ""
    risk: Risk | None = None
    basis: Basis | None = None
    ground: Ground | None = None


@dataclass(frozen=True, slots=True)
class Incident:
    """All that is recorded of one breach at one controller. Names are of organisations, ``by`` are people's names.

    ``found``: when the side that opened it became aware. ``traces``: what tracing leaked samples concluded.
    ``controller_told``: when the warning that led to it came to the first of the controller's people.
    """

    number: str
    title: str
    controller: str
    processor: str
    phase: Phase
    opened: dt.datetime
    opened_by: str
    opened_side: Side
    found: dt.datetime
    facts: tuple[Fact, ...] = ()
    moves: tuple[Move, ...] = ()
    exposures: tuple[Exposure, ...] = ()
    traces: tuple[Telling, ...] = ()
    controller_told: dt.datetime | None = None

    def last(self, *steps: Step) -> Move | None:
        """The latest of some steps."""
        return next((move for move in reversed(self.moves) if move.step in steps), None)

    def first(self, step: Step) -> Move | None:
        """The earliest of a step, as it was recorded."""
        return next((move for move in self.moves if move.step is step), None)


def for_processor(incident: Incident) -> Incident:
    """What the processor sees: no number of the controller's, decision, filing or trace, nor a phase that tells.

    Nor when a warning came to the controller.
    """
    phase = incident.phase if incident.phase in {Phase.OPENED, Phase.CLOSED} else Phase.AWARE
    facts = tuple(fact for fact in incident.facts if fact.kind not in COUNTED)
    moves = tuple(move for move in incident.moves if move.step in PROCESSORS)
    return replace(incident, phase=phase, facts=facts, moves=moves, traces=(), controller_told=None)


def standing(facts: Iterable[Fact]) -> tuple[Fact, ...]:
    """Those that no later one has corrected."""
    held = tuple(facts)
    gone = {fact.corrects for fact in held}
    return tuple(fact for fact in held if fact.number not in gone)


@dataclass(frozen=True, slots=True)
class Awareness:
    """When the controller became aware, how, and in whose words."""

    at: dt.datetime
    basis: Basis
    reasons: str


def awareness(incident: Incident) -> Awareness | None:
    """When the 72 hours began: the controller's last statement, but never later than it was told.

    It is told by the processor's notice, and by a warning that came to one of its people. None while nobody has told
    the controller and it has stated nothing.
    """
    stated, notice, told = incident.last(Step.AWARE), incident.first(Step.NOTICE), incident.controller_told
    known = []
    if stated is not None:
        known.append(Awareness(stated.at, stated.basis or Basis.OTHER, stated.reasons))
    if told is not None:
        known.append(Awareness(told, Basis.WARNING, ""))
    if notice is not None:
        known.append(Awareness(notice.at, Basis.PROCESSOR, notice.reasons))
    return min(known, key=lambda each: each.at.astimezone(dt.UTC), default=None)


@dataclass(frozen=True, slots=True)
class Clock:
    """A deadline, and when it was met: ``due`` is in UTC, counted in elapsed hours."""

    start: dt.datetime
    due: dt.datetime
    met: dt.datetime | None = None

    def overdue(self, now: dt.datetime) -> bool:
        """Not met, and past."""
        return self.met is None and now >= self.due

    def was_late(self) -> bool:
        """Met, after it was due."""
        return self.met is not None and self.met > self.due


def _elapsed(start: dt.datetime, span: dt.timedelta) -> dt.datetime:
    """So much later by the clock, not by the wall: two wall times of one zone differ by an hour where summer ends."""
    return start.astimezone(dt.UTC) + span


def notice_clock(incident: Incident) -> Clock | None:
    """The processor's: from when it became aware until it told the controller; None where the controller opened it."""
    if incident.opened_side is not Side.PROCESSOR:
        return None
    notice = incident.first(Step.NOTICE)
    return Clock(incident.found, _elapsed(incident.found, NOTICE), notice.at if notice else None)


def authority_clock(incident: Incident) -> Clock | None:
    """The controller's: 72 hours, met by the first filing, or by the decision in force that none is due."""
    began = awareness(incident)
    if began is None:
        return None
    filed, decided = incident.first(Step.FILED), incident.last(Step.NOTIFY, Step.NOT_NOTIFY)
    met = filed.at if filed else None
    if met is None and decided is not None and decided.step is Step.NOT_NOTIFY and incident.phase in _ENDED:
        met = decided.at
    return Clock(began.at, _elapsed(began.at, AUTHORITY), met)


_ENDED = frozenset({Phase.NOT_NOTIFIED, Phase.CLOSED})


class Late(StrEnum):
    """What a clock has to tell of an incident; each is a rule of the watch."""

    NOTICE_OVERDUE = "notice_overdue"
    TOLD = "told"
    AUTHORITY_SOON = "authority_soon"
    AUTHORITY_OVERDUE = "authority_overdue"


def late(incident: Incident, now: dt.datetime) -> tuple[Late, ...]:
    """What the watch tells now: a notice that was not given, one that nobody took up, the 72 hours near or over."""
    found = []
    notice, authority = notice_clock(incident), authority_clock(incident)
    if notice is not None and notice.overdue(now):
        found.append(Late.NOTICE_OVERDUE)
    given = incident.first(Step.NOTICE)
    if given is not None and not any(move.step not in PROCESSORS for move in incident.moves):
        found.append(Late.TOLD)
    if authority is not None and authority.met is None:
        if now >= authority.due:
            found.append(Late.AUTHORITY_OVERDUE)
        elif now >= authority.due - SOON:
            found.append(Late.AUTHORITY_SOON)
    return tuple(found)
