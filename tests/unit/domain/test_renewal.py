"""What runs out, and when somebody hears of it."""

import datetime as dt

import pytest
from hypothesis import given
from hypothesis import strategies as st

from artefact_samples import AGREEMENT, put
from ecluse.domain.agreement import Agreement
from ecluse.domain.renewal import (
    STEPS,
    Reminder,
    ReminderKind,
    due,
    may_start,
    objection_ends,
    of_agreement,
    of_objection,
    of_training,
)
from ecluse.wire.artefacts import validate

DAY = dt.date(2026, 12, 31)


def before(days: int) -> dt.date:
    return DAY - dt.timedelta(days=days)


@pytest.mark.parametrize(
    ("left", "step", "expired"),
    [(91, None, False), (90, 90, False), (31, 90, False), (30, 30, False), (8, 30, False), (7, 7, False),
     (1, 7, False), (0, 0, False), (-1, 0, True), (-400, 0, True)],
)  # fmt: skip
def test_each_step_is_reached_on_its_day(left: int, step: int | None, expired: bool) -> None:
    reminder = Reminder(ReminderKind.AGREEMENT_END, "DPA-1", DAY, (90, 30, 7, 0))
    found = due([reminder], before(left))
    assert [each.step for each in found] == ([] if step is None else [step])
    for each in found:
        assert (each.days_left, each.expired) == (left, expired)


@given(st.lists(st.integers(0, 400), min_size=1, unique=True), st.integers(0, 60))
def test_every_step_is_marked_once_whatever_days_the_clock_skips(steps: list[int], every: int) -> None:
    reminder = Reminder(ReminderKind.TRAINING, "a.petit", DAY, tuple(sorted(steps, reverse=True)))
    marks = [each.mark for left in range(max(steps) + 5, -5, -1) for each in due([reminder], before(left))]
    assert len(set(marks)) == len(steps) + 1
    looked = [each.mark for left in range(max(steps) + 5, -70, -every - 1) for each in due([reminder], before(left))]
    assert set(looked) <= set(marks)
    assert looked[-1] == marks[-1]


def test_the_most_urgent_comes_first() -> None:
    late = of_training("late", before(3))
    soon, later = of_training("soon", DAY), of_training("later", DAY + dt.timedelta(days=20))
    assert [each.reminder.subject for each in due([later, soon, late], before(1))] == ["late", "soon", "later"]


def test_an_agreement_reminds_of_its_end_and_of_a_host_s_certificate() -> None:
    at_home = validate(Agreement, AGREEMENT)
    assert [r.kind for r in of_agreement(at_home)] == [ReminderKind.AGREEMENT_END]
    hosted = validate(Agreement, put(AGREEMENT, "hosting.where", "certified_host"))
    end, certificate = of_agreement(hosted)
    assert (end.subject, end.due) == ("DPA-2026-007", DAY)
    assert (certificate.kind, certificate.due) == (ReminderKind.HDS_CERTIFICATE, dt.date(2027, 1, 1))


def test_a_period_to_object_leaves_its_whole_days() -> None:
    announced = dt.date(2026, 2, 20)
    assert objection_ends(announced, 30) == dt.date(2026, 3, 22)
    assert of_objection("Transport SARL", announced, 30).due == dt.date(2026, 3, 22)
    assert not may_start(announced, 30, dt.date(2026, 3, 22), objected=False)
    assert may_start(announced, 30, dt.date(2026, 3, 23), objected=False)
    assert not may_start(announced, 30, dt.date(2027, 3, 23), objected=True)
    for days in (0, -1):
        with pytest.raises(ValueError, match="at least one day"):
            objection_ends(announced, days)


@pytest.mark.parametrize("steps", [(), (7, 30), (7, 7), (7, -1)])
def test_steps_that_could_not_come_in_turn_are_refused(steps: tuple[int, ...]) -> None:
    with pytest.raises(ValueError, match="days_before"):
        Reminder(ReminderKind.TRAINING, "x", DAY, steps)


def test_every_kind_has_steps_and_both_languages() -> None:
    assert set(STEPS) == set(ReminderKind)
    for kind in ReminderKind:
        Reminder(kind, "x", DAY, STEPS[kind])
        assert kind.en != kind.fr
