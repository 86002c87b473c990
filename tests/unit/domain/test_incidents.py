"""Clocks, phases and facts of an incident (GDPR Art. 33, 34; R17): what may follow what, and when time is over."""

import datetime as dt
from dataclasses import replace
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from ecluse.domain.errors import EcluseError, ForbiddenError, TransitionError, UsageError
from ecluse.domain.identifiers import nir_key
from ecluse.domain.incident_exposures import (
    EXPOSURE_TRANSITIONS,
    Exposure,
    ExposureKind,
    ExposureMove,
    ExposureState,
    check_exposure,
    check_exposure_move,
    check_words,
)
from ecluse.domain.incident_steps import check_fact, check_move, next_phase
from ecluse.domain.incidents import (
    AUTHORITY,
    COUNTED,
    NOTICE,
    PROCESSORS,
    TRANSITIONS,
    Basis,
    Fact,
    FactKind,
    Ground,
    Incident,
    Late,
    Move,
    Phase,
    Risk,
    Step,
    authority_clock,
    awareness,
    for_processor,
    late,
    notice_clock,
    standing,
)
from ecluse.domain.permissions import Side

PARIS = ZoneInfo("Europe/Paris")
T0 = dt.datetime(2026, 1, 16, 17, 0, tzinfo=PARIS)  # a Friday evening
HOUR, MINUTE = dt.timedelta(hours=1), dt.timedelta(minutes=1)
C, P = Side.CONTROLLER, Side.PROCESSOR


def opened(side: Side = P, found: dt.datetime = T0, phase: Phase = Phase.OPENED) -> Incident:
    return Incident("INC-1", "Fuite", "Labo", "Éditeur", phase, found, "Noé", side, found)


def moved(step: Step, at: dt.datetime = T0, **rest: Any) -> Move:
    side = P if step in PROCESSORS else C
    given: dict[str, Any] = {"reasons": "parce que"} | rest
    return Move(1, step, at, given.pop("recorded", at), "Noé", given.pop("side", side), **given)


def taken(incident: Incident, *moves: Move) -> Incident:
    for number, move in enumerate(moves, len(incident.moves) + 1):
        phase = check_move(incident, move)
        incident = replace(incident, phase=phase, moves=(*incident.moves, replace(move, number=number)))
    return incident


AWARE = moved(Step.AWARE, basis=Basis.OWN)
NOTIFY = moved(Step.NOTIFY, risk=Risk.HIGH)


def fact(kind: FactKind = FactKind.CAUSE, text: str = "Une zone ouverte", **rest: Any) -> Fact:
    given: dict[str, Any] = {"number": 1, "known_since": T0, "recorded": T0, "by": "Noé", "side": C} | rest
    return Fact(kind=kind, text=text, **given)


# -- clocks


@pytest.mark.parametrize(
    ("start", "due"),
    [
        pytest.param(T0, dt.datetime(2026, 1, 19, 17, 0, tzinfo=PARIS), id="a-weekend-stops-nothing"),
        pytest.param(
            dt.datetime(2026, 4, 3, 18, tzinfo=PARIS), dt.datetime(2026, 4, 6, 18, tzinfo=PARIS), id="easter-monday"
        ),
        pytest.param(
            dt.datetime(2026, 3, 27, 12, tzinfo=PARIS), dt.datetime(2026, 3, 30, 13, tzinfo=PARIS), id="summer-begins"
        ),
        pytest.param(
            dt.datetime(2026, 10, 23, 12, tzinfo=PARIS), dt.datetime(2026, 10, 26, 11, tzinfo=PARIS), id="summer-ends"
        ),
        pytest.param(
            dt.datetime(2026, 12, 30, 9, tzinfo=PARIS), dt.datetime(2027, 1, 2, 9, tzinfo=PARIS), id="new-year"
        ),
    ],
)
def test_72_hours_are_hours(start: dt.datetime, due: dt.datetime) -> None:
    incident = taken(opened(found=start), moved(Step.NOTICE, start))
    clock = authority_clock(incident)
    assert clock is not None
    assert clock.due == due.astimezone(dt.UTC)
    assert clock.due - start.astimezone(dt.UTC) == AUTHORITY == dt.timedelta(hours=72)


def test_the_two_hours_of_one_name_are_two() -> None:
    """At half past two on the last Sunday of October it is half past two again an hour later."""
    first = dt.datetime(2026, 10, 25, 2, 30, tzinfo=PARIS)
    second = first.replace(fold=1)
    dues = [authority_clock(taken(opened(found=at), moved(Step.NOTICE, at))) for at in (first, second)]
    assert dues[0] is not None
    assert dues[1] is not None
    assert dues[1].due - dues[0].due == HOUR


def test_the_notice_starts_the_controller_s_clock_and_ends_the_processor_s() -> None:
    incident = opened()
    clock = notice_clock(incident)
    assert clock is not None
    assert clock.due == (T0 + NOTICE).astimezone(dt.UTC)
    assert authority_clock(incident) is None
    assert not clock.overdue(T0 + NOTICE - dt.timedelta(seconds=1))
    assert clock.overdue(T0 + NOTICE)
    told = taken(incident, moved(Step.NOTICE, T0 + 2 * HOUR))
    begun, met = awareness(told), notice_clock(told)
    assert begun is not None
    assert met is not None
    assert (begun.at, begun.basis) == (T0 + 2 * HOUR, Basis.PROCESSOR)
    assert (met.met, met.overdue(T0 + 100 * HOUR), met.was_late()) == (T0 + 2 * HOUR, False, False)
    assert told.phase is Phase.AWARE


def test_a_controller_that_finds_it_has_no_notice_to_wait_for() -> None:
    incident = taken(opened(C), AWARE)
    assert notice_clock(incident) is None
    clock = authority_clock(incident)
    assert clock is not None
    assert clock.start == T0


@pytest.mark.parametrize("hours", [-3, 0])
def test_an_earlier_statement_counts(hours: int) -> None:
    told = taken(opened(), moved(Step.NOTICE, T0 + 4 * HOUR))
    begun = awareness(taken(told, moved(Step.AWARE, T0 + hours * HOUR, basis=Basis.PRESS)))
    assert begun is not None
    assert (begun.at, begun.basis) == (T0 + hours * HOUR, Basis.PRESS)


def test_no_statement_makes_it_later_than_the_notice() -> None:
    told = taken(opened(), moved(Step.NOTICE, T0))
    later = taken(told, moved(Step.AWARE, T0 + 50 * HOUR, basis=Basis.OWN))
    begun = awareness(later)
    assert begun is not None
    assert (begun.at, begun.basis) == (T0, Basis.PROCESSOR)


def test_a_warning_that_came_to_the_controller_starts_its_clock_before_the_notice() -> None:
    told = replace(opened(found=T0 + HOUR), controller_told=T0)
    noticed = taken(told, moved(Step.NOTICE, T0 + 30 * HOUR))
    stated = taken(noticed, moved(Step.AWARE, T0 + 2 * HOUR, basis=Basis.PRESS))
    for incident in (told, noticed, stated):
        begun, clock = awareness(incident), authority_clock(incident)
        assert begun is not None
        assert clock is not None
        assert (begun.at, begun.basis, clock.start) == (T0, Basis.WARNING, T0)
        assert for_processor(incident).controller_told is None
    earlier = awareness(taken(stated, moved(Step.AWARE, T0 - HOUR, basis=Basis.PRESS)))
    assert earlier is not None
    assert (earlier.at, earlier.basis) == (T0 - HOUR, Basis.PRESS)
    assert authority_clock(for_processor(told)) is None


def test_a_statement_is_corrected_by_another_with_reasons_if_later() -> None:
    incident = taken(opened(C), replace(AWARE, reasons=""))
    again = moved(Step.AWARE, T0 + HOUR, basis=Basis.OWN)
    with pytest.raises(UsageError, match="later moment"):
        check_move(incident, replace(again, reasons=" "))
    begun = awareness(taken(incident, again))
    assert begun is not None
    assert begun.at == T0 + HOUR


def test_filing_ends_the_72_hours_and_so_does_the_decision_that_none_is_due() -> None:
    incident = taken(opened(C), AWARE)
    filed = taken(incident, NOTIFY, moved(Step.FILED, T0 + 71 * HOUR))
    none = taken(incident, moved(Step.NOT_NOTIFY, T0 + HOUR, risk=Risk.UNLIKELY))
    for held, met in ((filed, T0 + 71 * HOUR), (none, T0 + HOUR)):
        clock = authority_clock(held)
        assert clock is not None
        assert (clock.met, clock.was_late(), clock.overdue(T0 + 900 * HOUR)) == (met, False, False)
    again = authority_clock(taken(none, replace(NOTIFY, at=T0 + 80 * HOUR, recorded=T0 + 80 * HOUR)))
    assert again is not None
    assert again.overdue(T0 + 80 * HOUR), "decided otherwise, the time that has passed counts"


@pytest.mark.parametrize(
    ("hours", "kinds"),
    [
        (3.99, ()), (4, (Late.NOTICE_OVERDUE,)),
    ],
)  # fmt: skip
def test_the_watch_is_told_of_a_missing_notice(hours: float, kinds: tuple[Late, ...]) -> None:
    assert late(opened(), T0 + hours * HOUR) == kinds


@pytest.mark.parametrize(
    ("minutes", "kinds"),
    [
        (47 * 60 + 59, ()),
        (48 * 60, (Late.AUTHORITY_SOON,)),
        (71 * 60 + 59, (Late.AUTHORITY_SOON,)),
        (72 * 60, (Late.AUTHORITY_OVERDUE,)),
    ],
)
def test_the_watch_is_told_of_the_72_hours(minutes: int, kinds: tuple[Late, ...]) -> None:
    now = T0 + minutes * MINUTE
    assert late(taken(opened(C), AWARE), now) == kinds
    assert late(taken(opened(C), AWARE, NOTIFY), now) == kinds, "a decision to notify is no notification"
    told = taken(opened(), moved(Step.NOTICE))
    assert late(told, now) == (Late.TOLD, *kinds)
    assert late(taken(told, AWARE), now) == kinds
    assert late(taken(told, NOTIFY, moved(Step.FILED)), now) == ()


# -- phases


@pytest.mark.parametrize("phase", list(Phase))
@pytest.mark.parametrize("step", list(Step))
def test_the_table_is_the_only_way(phase: Phase, step: Step) -> None:
    after = TRANSITIONS.get((phase, step))
    if after is not None:
        assert next_phase(phase, step) is after
        return
    with pytest.raises(TransitionError):
        check_move(replace(opened(phase=phase), phase=phase), moved(step, risk=Risk.HIGH, basis=Basis.OWN))


def test_every_phase_can_be_left_and_reached() -> None:
    assert {phase for phase, _ in TRANSITIONS} == set(Phase)
    assert set(TRANSITIONS.values()) | {Phase.OPENED} == set(Phase)
    assert {step for _, step in TRANSITIONS} == set(Step)


@pytest.mark.parametrize("step", [each for each in Step if each not in PROCESSORS])
def test_the_processor_decides_nothing(step: Step) -> None:
    phase = next(phase for phase, each in TRANSITIONS if each is step)
    with pytest.raises(ForbiddenError):
        check_move(opened(phase=phase), moved(step, side=P))


def test_the_controller_does_not_tell_itself() -> None:
    with pytest.raises(ForbiddenError):
        check_move(opened(), moved(Step.NOTICE, side=C))


@pytest.mark.parametrize(
    ("move", "words"),
    [
        (moved(Step.NOTIFY, risk=Risk.SOME, reasons="  "), "reasons"),
        (moved(Step.NOTIFY), "how high"),
        (moved(Step.NOT_NOTIFY, risk=Risk.SOME), "unlikely"),
        (moved(Step.NOT_TELL, risk=Risk.SOME), "ground"),
        (moved(Step.NOT_TELL, risk=Risk.HIGH, ground=Ground.NOT_HIGH), "contradict"),
        (moved(Step.NOT_TELL, risk=Risk.SOME, ground=Ground.UNINTELLIGIBLE), "contradict"),
        (moved(Step.NOTIFY, T0 - HOUR, risk=Risk.HIGH), "before the controller was aware"),
        (moved(Step.NOTIFY, T0 + HOUR, risk=Risk.HIGH, recorded=T0), "still to come"),
        (moved(Step.AWARE), "how the controller"),
        (moved(Step.TOLD), "not decided"),
        (moved(Step.REPORTED), "not decided"),
    ],
)
def test_a_step_that_cannot_be(move: Move, words: str) -> None:
    incident = taken(opened(C), AWARE)
    with pytest.raises(EcluseError, match=words):
        check_move(incident, move)


def test_a_late_filing_gives_its_reasons() -> None:
    incident = taken(opened(C), AWARE, NOTIFY)
    after = moved(Step.FILED, T0 + 72 * HOUR + MINUTE, reasons="")
    with pytest.raises(UsageError, match="delay"):
        check_move(incident, after)
    check_move(incident, replace(after, at=T0 + 72 * HOUR))
    done = taken(incident, replace(after, reasons="personne n'était là"))
    clock = authority_clock(done)
    assert clock is not None
    assert clock.was_late()


def test_the_controller_is_told_once_and_not_before_the_processor_knew() -> None:
    with pytest.raises(UsageError, match="itself was aware"):
        check_move(opened(), moved(Step.NOTICE, T0 - HOUR))
    check_move(opened(found=T0 + dt.timedelta(seconds=40)), moved(Step.NOTICE, T0, recorded=T0 + MINUTE))
    told = taken(opened(), moved(Step.NOTICE))
    with pytest.raises(TransitionError, match="already"):
        check_move(told, moved(Step.NOTICE))


def test_closing_needs_every_question_answered() -> None:
    held = taken(opened(C), AWARE, NOTIFY, moved(Step.FILED), moved(Step.COMPLETED))
    close = moved(Step.CLOSED)
    for words, move in (
        ("persons are told was not decided", moved(Step.TELL, risk=Risk.HIGH)),
        ("reported as a security incident was not decided", moved(Step.REPORT)),
        ("persons are to be told", moved(Step.TOLD)),
        ("it is to be reported", moved(Step.REPORTED)),
    ):
        with pytest.raises(TransitionError, match=words):
            check_move(held, close)
        held = taken(held, move)
    held = taken(held, close)
    assert held.phase is Phase.CLOSED
    assert taken(held, moved(Step.REOPENED)).phase is Phase.AWARE
    with pytest.raises(TransitionError, match="closed"):
        check_fact(held, fact())


# -- facts and places


def test_a_fact_is_corrected_by_another_of_its_kind_and_side() -> None:
    incident = replace(opened(), facts=(fact(),))
    again = fact(number=2, corrects=1, text="Une clé partagée")
    check_fact(incident, again)
    held = replace(incident, facts=(*incident.facts, again))
    assert [each.number for each in standing(held.facts)] == [2]
    with pytest.raises(UsageError, match="still stands"):
        check_fact(held, fact(number=3, corrects=1))
    with pytest.raises(UsageError, match="same kind"):
        check_fact(incident, fact(FactKind.DATA, number=2, corrects=1))
    with pytest.raises(ForbiddenError, match="own facts"):
        check_fact(incident, fact(number=2, corrects=1, side=P))


@pytest.mark.parametrize("kind", sorted(COUNTED))
def test_only_the_controller_counts(kind: FactKind) -> None:
    with pytest.raises(ForbiddenError):
        check_fact(opened(), fact(kind, "", count=5, side=P))
    check_fact(opened(), fact(kind, "", count=0))
    for count in (None, -1):
        with pytest.raises(UsageError, match="whole number"):
            check_fact(opened(), fact(kind, "", count=count))


@pytest.mark.parametrize("wrong", [{"text": " \n"}, {"count": 3}, {"known_since": T0 + MINUTE}])
def test_a_fact_that_cannot_be(wrong: dict[str, Any]) -> None:
    with pytest.raises(UsageError):
        check_fact(opened(), fact(**wrong))


def test_the_processor_sees_neither_numbers_nor_decisions() -> None:
    incident = replace(
        taken(opened(), moved(Step.NOTICE), NOTIFY), facts=(fact(), fact(FactKind.PERSONS, "", number=2, count=56))
    )
    seen = for_processor(incident)
    assert [each.number for each in seen.facts] == [1]
    assert [each.step for each in seen.moves] == [Step.NOTICE]
    assert seen.phase is Phase.AWARE
    assert incident.phase is not Phase.AWARE


def place(**rest: Any) -> Exposure:
    given: dict[str, Any] = {"address": "https://forum.example/1", "seen": T0, "capture": ""} | rest
    return Exposure(
        1,
        ExposureKind.LINK,
        given["address"],
        "",
        given["seen"],
        T0,
        "Noé",
        P,
        given["capture"],
        given.get("moves", ()),
    )


def test_places_are_asked_refused_gone_and_come_back() -> None:
    held = place()
    check_exposure(held)
    for to in (ExposureState.ASKED, ExposureState.REFUSED, ExposureState.ASKED, ExposureState.GONE, ExposureState.BACK):
        move = ExposureMove(to, T0, T0, "Noé", "abuse@forum.example")
        check_exposure_move(held, move)
        held = replace(held, moves=(*held.moves, move))
        assert held.state is to
        refused = set(ExposureState) - EXPOSURE_TRANSITIONS[to]
        for other in refused:
            with pytest.raises(TransitionError):
                check_exposure_move(held, replace(move, to=other))


def test_a_place_that_cannot_be() -> None:
    for wrong in (place(address=" "), place(seen=T0 + MINUTE), place(capture="ab" * 31), place(capture="AB" * 32)):
        with pytest.raises(UsageError):
            check_exposure(wrong)
    check_exposure(place(capture="ab" * 32))
    with pytest.raises(UsageError, match="whom"):
        check_exposure_move(place(), ExposureMove(ExposureState.ASKED, T0, T0, "Noé"))


NIR = "2690549588157"


@pytest.mark.parametrize("shape", ["{n}{k}", "{n} {k}", "NIR:{n}{k}.", "2 69 05 49 588 157 {k}", "({n}.{k})", "NIR{n}{k}",
                                   "2\u00a069\u00a005\u202f49 588 157 {k}", "2-69-05-49-588-157-{k}", "{n} / {k}"])
def test_a_patient_s_number_is_refused_and_not_repeated(shape: str) -> None:
    text = "Vu dans le fichier : " + shape.format(n=NIR, k=nir_key(NIR))
    with pytest.raises(UsageError) as caught:
        check_words("autre", text)
    assert NIR not in str(caught.value).replace(" ", "")


@pytest.mark.parametrize("text", ["56 lignes", "33612345678", NIR, f"{NIR}00", "2021-02-23 14:00", "a" + NIR + "80"])
def test_other_numbers_may_stand(text: str) -> None:
    check_words(text)
