"""Whether a step may be taken or a fact added about a breach, by whom and when (GDPR Art. 33, 34; R17). Pure."""

import datetime as dt

from ecluse.domain.errors import ForbiddenError, TransitionError, UsageError
from ecluse.domain.incidents import (
    COUNTED,
    DECISIONS,
    FOLLOWS,
    PROCESSORS,
    TRANSITIONS,
    Fact,
    Ground,
    Incident,
    Move,
    Phase,
    Risk,
    Step,
    authority_clock,
    awareness,
    standing,
)
from ecluse.domain.permissions import Side


def next_phase(phase: Phase, step: Step) -> Phase:
    """Where a step leads. Raises TransitionError where it is not in the table."""
    after = TRANSITIONS.get((phase, step))
    if after is None:
        can = ", ".join(sorted(str(one) for at, one in TRANSITIONS if at is phase))
        raise TransitionError(f"this incident is {phase}: {step} does not follow", hint=f"what may follow: {can}")
    return after


def check_move(incident: Incident, move: Move) -> Phase:
    """Whether a step may be taken now; gives the phase that follows.

    Raises:
        TransitionError: out of its turn.
        ForbiddenError: a step of the other side.
        UsageError: no reasons, a moment that cannot be, or a judgement that contradicts itself.
    """
    after = next_phase(incident.phase, move.step)
    if (move.step in PROCESSORS) is not (move.side is Side.PROCESSOR):
        raise ForbiddenError(f"{move.step} is not this side's to record")
    _check_moment(incident, move)
    if move.step in DECISIONS and not move.reasons.strip():
        raise UsageError("a decision needs its reasons")
    _check_judged(move)
    _check_turn(incident, move)
    return after


def _check_moment(incident: Incident, move: Move) -> None:
    if move.at > move.recorded:
        raise UsageError("this moment is still to come")
    if move.step is Step.NOTICE:
        if incident.first(Step.NOTICE) is not None:
            raise TransitionError("the controller has been told already", hint="add what is new as a fact")
        if incident.opened_side is Side.PROCESSOR and _before(move.at, incident.found):
            raise UsageError("the controller cannot be told before the processor itself was aware")
    began = awareness(incident)
    if move.step in _AFTER_AWARE and began is not None and _before(move.at, began.at):
        raise UsageError("this cannot come before the controller was aware")
    if move.step is Step.AWARE:
        if move.basis is None:
            raise UsageError("say how the controller became aware")
        before = incident.last(Step.AWARE)
        if before is not None and move.at > before.at and not move.reasons.strip():
            raise UsageError("a later moment than was stated needs its reasons")


def _before(moment: dt.datetime, other: dt.datetime) -> bool:
    """Earlier, to the minute: people write minutes, programs seconds."""
    return moment < other.replace(second=0, microsecond=0)


_AFTER_AWARE = frozenset(Step) - {Step.NOTICE, Step.AWARE}


def _check_judged(move: Move) -> None:
    """A judgement that the law ties to a risk names it, and does not contradict it."""
    if move.step in {Step.NOTIFY, Step.NOT_NOTIFY, Step.TELL, Step.NOT_TELL} and move.risk is None:
        raise UsageError("say how high the risk to persons is")
    if move.step is Step.NOT_NOTIFY and move.risk is not Risk.UNLIKELY:
        raise UsageError("the authority is not notified only where a risk to persons is unlikely")
    if move.step is Step.NOT_TELL:
        if move.ground is None:
            raise UsageError("say on which ground persons are not told")
        if (move.ground is Ground.NOT_HIGH) is (move.risk is Risk.HIGH):
            raise UsageError("the ground and the risk contradict each other")


def _check_turn(incident: Incident, move: Move) -> None:
    pair = FOLLOWS.get(move.step)
    if pair is not None:
        decided = incident.last(*pair)
        if decided is None or decided.step is not pair[0]:
            raise TransitionError(f"{move.step}: it was not decided", hint="record the decision first")
    clock = authority_clock(incident)
    is_first = move.step is Step.FILED and incident.first(Step.FILED) is None
    if is_first and clock is not None and move.at > clock.due and not move.reasons.strip():
        raise UsageError("after the 72 hours a notification gives the reasons for its delay")
    if move.step is Step.CLOSED:
        check_answered(incident)


def check_answered(incident: Incident) -> None:
    """Whether everything was decided and done that closing needs. Raises TransitionError, naming what is missing."""
    told, report = incident.last(Step.TELL, Step.NOT_TELL), incident.last(Step.REPORT, Step.NOT_REPORT)
    if told is None:
        raise TransitionError("whether persons are told was not decided")
    if report is None:
        raise TransitionError("whether it is reported as a security incident was not decided")
    if told.step is Step.TELL and incident.first(Step.TOLD) is None:
        raise TransitionError("persons are to be told, and were not")
    if report.step is Step.REPORT and incident.first(Step.REPORTED) is None:
        raise TransitionError("it is to be reported as a security incident, and was not")


def check_fact(incident: Incident, fact: Fact) -> None:
    """Whether a fact may be added now.

    Raises:
        TransitionError: the incident is closed.
        ForbiddenError: a number of the other side's: the controller counts its own patients.
        UsageError: it says nothing, is of the future, or corrects what does not stand or is of another kind.
    """
    if incident.phase is Phase.CLOSED:
        raise TransitionError("this incident is closed", hint="the controller can reopen it")
    if fact.known_since > fact.recorded:
        raise UsageError("this moment is still to come")
    if fact.kind in COUNTED:
        if fact.side is not Side.CONTROLLER:
            raise ForbiddenError("the controller alone counts its patients")
        if fact.count is None or fact.count < 0:
            raise UsageError("a number of persons or records is a whole number, not below zero")
    elif fact.count is not None or not fact.text.strip():
        raise UsageError("a fact says something, in words")
    _check_correction(incident, fact)


def _check_correction(incident: Incident, fact: Fact) -> None:
    if fact.corrects is None:
        return
    found = next((each for each in standing(incident.facts) if each.number == fact.corrects), None)
    if found is None or found.kind is not fact.kind:
        raise UsageError("what is corrected is a fact of the same kind that still stands")
    if found.side is not fact.side:
        raise ForbiddenError("each side corrects its own facts", hint="add what you know as a fact of your own")
