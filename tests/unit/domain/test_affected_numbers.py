"""Persons affected: what of a number may be told on, and to whom a list may be sealed."""

import datetime as dt
from dataclasses import replace

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from artefact_samples import AGREEMENT as SAMPLE
from ecluse.domain.affected import (
    SMALL,
    By,
    Cell,
    Counted,
    Fact,
    Lines,
    Range,
    list_recipient,
    told,
    told_cells,
    told_lines,
)
from ecluse.domain.agreement import Agreement, SignerRole
from ecluse.domain.catalogue import FieldClass
from ecluse.domain.errors import ForbiddenError, UsageError
from ecluse.domain.order import Trace
from ecluse.domain.values import FieldError
from ecluse.wire.artefacts import validate
from migration_parts import make_order

OWN = "age1" + "p" * 58
SSH = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIPvL4tqZ3xW0YyWZ4sT2xvQpZ4mJ8yqk0u6l1C5z2b3d"


@given(st.integers(0, 60), st.integers(0, 60))
def test_a_range_holds_its_number_and_hides_small_ones(persons: int, others: int) -> None:
    whole = persons + others
    made = told(persons, whole)
    assert made.at_least <= persons <= made.at_most
    hidden = made.at_least != made.at_most
    assert hidden == (0 < persons < SMALL or (whole >= SMALL and 0 < others < SMALL))
    if hidden:
        few = SMALL <= whole < 2 * SMALL - 1  # then both ranges would overlap: one is told of all
        assert made.at_most - made.at_least == (whole - 2 if few else SMALL - 2)


@given(st.integers(1, SMALL - 1), st.data())
def test_a_small_number_is_told_alike_whatever_it_is(persons: int, data: st.DataObject) -> None:
    other, whole = data.draw(st.integers(1, SMALL - 1)), data.draw(st.integers(2 * SMALL, 90))
    assert told(persons, whole) == told(other, whole)
    assert told(whole - persons, whole) == told(whole - other, whole)
    assert told(persons, persons) == told(other, other)
    assert told(0, persons) == told(0, other)


def counted(whole: int, *cells: Cell) -> Counted:
    return Counted(whole, 0, 0, cells)


@given(st.lists(st.integers(0, 40), min_size=2, max_size=6), st.sampled_from([By.YEAR, By.SITE]))
def test_what_one_year_hides_the_others_do_not_give_away(persons: list[int], by: By) -> None:
    """To whoever knows that nobody is in two: the hidden number must not follow from the whole and the rest."""
    whole = sum(persons)
    assume(whole >= SMALL)
    made = told_cells(counted(whole, *(Cell(by, f"{2000 + n}", each) for n, each in enumerate(persons))))
    ranges = [cell.persons for cell in made]
    for place, each in enumerate(persons):
        others = [other for n, other in enumerate(ranges) if n != place]
        assert ranges[place].at_least <= each <= ranges[place].at_most
        if 0 < each < SMALL:
            least = max(ranges[place].at_least, whole - sum(other.at_most for other in others))
            most = min(ranges[place].at_most, whole - sum(other.at_least for other in others))
            assert least <= 1
            assert most >= SMALL - 1


def test_lines_hide_what_is_small_within_those_explained() -> None:
    made = told_lines(Lines(200, 60, 57, 138, ((FieldClass.CONTACT, 58), (FieldClass.IDENTITY, 60))))
    assert made.explained == Range(60, 60)
    assert made.several == made.classes[0].lines == Range(56, 59)
    assert made.classes[1].lines == Range(60, 60)
    assert made.doubtful == Range(136, 139)  # two of 140 are nobody's


@given(st.integers(1, SMALL - 1), st.integers(1, SMALL - 1), st.integers(SMALL, 30), st.data())
def test_explained_lines_that_are_hidden_do_not_follow_from_their_parts(
    few: int, other: int, rest: int, data: st.DataObject
) -> None:
    """Whatever is told of all lines' parts is told alike whether a few more or fewer are explained."""
    whole = few + rest
    part = data.draw(st.integers(0, whole - max(few, other)))
    for explained in ((few, other), (whole - few, whole - other)):
        known = [Lines(whole, each, min(part, *explained), 0, ()) for each in explained]
        first, second = map(told_lines, known)
        assert first == second
        assert first.several.at_least <= known[0].several <= first.several.at_most
    for each in (few, other):
        all_of_it = told_lines(Lines(whole, whole - each, whole - each, each, ()))
        assert all_of_it == told_lines(Lines(whole, whole - few, whole - few, few, ()))


def test_adults_and_lost_records_stay_on_the_screen() -> None:
    facts = [Cell(By.FACT, fact, 20) for fact in Fact]
    assert {cell.name for cell in told_cells(counted(50, *facts))} == {"minor", "deceased", "military", "confidential"}


def test_an_empty_range_is_refused() -> None:
    with pytest.raises(FieldError):
        Range(2, 1)


AGREEMENT = validate(Agreement, SAMPLE)
ORDER = replace(make_order(), trace=Trace(OWN, dt.date(2031, 1, 1)))
SIGNER = AGREEMENT.controller.signers[0]


def signed_by(role: SignerRole, key: str = SSH) -> Agreement:
    made = AGREEMENT
    signer = replace(SIGNER, id="somebody", role=role, key=key)
    return replace(made, controller=replace(made.controller, signers=(*made.controller.signers, signer)))


def test_the_orders_own_key_is_the_controllers() -> None:
    assert list_recipient(ORDER, AGREEMENT, None) == list_recipient(ORDER, AGREEMENT, OWN) == OWN


@pytest.mark.parametrize("role", [SignerRole.DIRECTOR, SignerRole.DPO, SignerRole.APPROVER])
def test_the_controllers_people_may_be_named(role: SignerRole) -> None:
    assert list_recipient(ORDER, signed_by(role), "somebody") == SSH


@pytest.mark.parametrize("role", [SignerRole.SOURCE_AGENT, SignerRole.DESTINATION_AGENT, SignerRole.ENGINEER])
def test_an_agent_is_no_person(role: SignerRole) -> None:
    with pytest.raises(ForbiddenError, match="controller alone"):
        list_recipient(ORDER, signed_by(role), "somebody")


@pytest.mark.parametrize("key", ["sk-ssh-ed25519@openssh.com AAAA", "ecdsa-sha2-nistp256 AAAA"])
def test_a_key_that_only_signs_opens_nothing(key: str) -> None:
    with pytest.raises(ForbiddenError, match="only signs"):
        list_recipient(ORDER, signed_by(SignerRole.DPO, key), "somebody")


def test_the_processor_is_never_a_reader() -> None:
    made = AGREEMENT
    for signer in made.processor.signers:
        with pytest.raises(ForbiddenError):
            list_recipient(ORDER, made, signer.id)
    for key in (ORDER.destination.recipient, "age1" + "z" * 58, ""):
        with pytest.raises(ForbiddenError):
            list_recipient(ORDER, made, key)


def test_without_a_key_somebody_must_be_named() -> None:
    with pytest.raises(UsageError, match=r"trace\.recipient"):
        list_recipient(make_order(), AGREEMENT, None)
