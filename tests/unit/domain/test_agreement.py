"""Law 9 and R1: an agreement that lacks anything is refused, and what it lacks is named by path and letter."""

import dataclasses
import datetime as dt
from typing import Any

import pytest

from artefact_samples import AGREEMENT, paths, put, without
from ecluse.domain.agreement import Agreement, check_in_force, letter_of
from ecluse.domain.errors import AgreementError, MalformedError
from ecluse.wire.artefacts import InvalidError, decode, validate
from ecluse.wire.canonical import canonical

CONTACT = {"name": "Sacha Roux", "role": "DPO", "details": "dpo@example.org"}
WITH_ALL = put(
    put(AGREEMENT, "clauses.d_sub_processing", "specific"),
    "sub_processors",
    [{"name": "Stockage SA", "address": "2 quai du Canal", "contact": CONTACT, "processing": "Keeps parcels."}],
)
"""Annex IV filled in too, so that its fields can be removed."""
EVERY = list(paths(WITH_ALL))
PLACES = {
    "clauses.a": "Art. 28(3)(a)", "clauses.b": "Art. 28(3)(b)", "clauses.c": "Art. 28(3)(c)",
    "clauses.d": "Art. 28(3)(d)", "clauses.e": "Art. 28(3)(e)", "clauses.f": "Art. 28(3)(f)",
    "clauses.g": "Art. 28(3)(g)", "clauses.h": "Art. 28(3)(h)", "clauses": "Art. 28(3)(a)–(h)",
    "controller": "annex I", "processor": "annex I", "processing": "annex II", "measures": "annex III",
    "sub_processors": "annex IV", "hosting": "L.1111-8", "in_force": "duration", "format": "identification",
    "agreement": "identification", "second_approver": "identification",
}  # fmt: skip
"""By the beginning of the path, the longest first; written down here from the Regulation, not taken from the code."""


def _place(path: str) -> str:
    return next(PLACES[start] for start in sorted(PLACES, key=len, reverse=True) if path.startswith(start))


def test_every_field_is_meant() -> None:
    """Guards the tests below: a new field of the contract must show up in the sample."""

    def fields(cls: Any) -> int:
        return len(dataclasses.fields(cls))

    assert fields(Agreement) == sum("." not in path and "[" not in path for path in EVERY)
    assert len(EVERY) > 80


@pytest.mark.parametrize("path", EVERY)
def test_removing_any_one_field_refuses_and_names_it(path: str) -> None:
    broken = without(WITH_ALL, path)
    with pytest.raises(InvalidError) as caught:
        decode(Agreement, canonical(broken), file="agreement.json")
    assert caught.value.problems[0].path == path
    assert _place(path) in letter_of(path)
    assert _place(path) in str(caught.value)
    assert f"agreement.json: {path}: this field is missing" in str(caught.value)


@pytest.mark.parametrize("path", EVERY)
def test_emptying_any_one_field_refuses_and_names_it(path: str) -> None:
    """A field that is there and says nothing answers nothing."""
    for nothing in ("", " \n\t", None, [], {}):
        with pytest.raises(InvalidError) as caught:
            validate(Agreement, put(WITH_ALL, path, nothing))
        assert any(problem.path.startswith(path) for problem in caught.value.problems), caught.value.problems


@pytest.mark.parametrize(
    "path", ["controller.signers", "processor.signers", "measures", "processing.categories_of_data"]
)
def test_removing_the_only_item_of_a_list_refuses(path: str) -> None:
    with pytest.raises(InvalidError) as caught:
        validate(Agreement, put(WITH_ALL, path, []))
    assert [problem.path for problem in caught.value.problems] == [path]


def test_letters_of_paths_into_lists() -> None:
    assert letter_of("measures[0].heading") == "annex III (Art. 32)"
    assert letter_of("sub_processors[2].contact.name") == "annex IV"
    assert letter_of("clauses") == "Art. 28(3)(a)–(h)"
    assert letter_of("clauses.zzz") == "Art. 28(3)(a)–(h)"


def _agreement(**fields: Any) -> Agreement:
    return dataclasses.replace(validate(Agreement, AGREEMENT), **fields)


@pytest.mark.parametrize("day", ["2026-01-01", "2026-07-14", "2026-12-31"])
def test_in_force_on_its_days_both_included(day: str) -> None:
    check_in_force(_agreement(), dt.date.fromisoformat(day))


@pytest.mark.parametrize("day", ["2025-12-31", "2027-01-01"])
def test_not_in_force_outside(day: str) -> None:
    with pytest.raises(AgreementError, match="not on") as caught:
        check_in_force(_agreement(), dt.date.fromisoformat(day))
    assert caught.value.exit_code == 11


def test_a_certificate_that_lapsed_on_the_eve() -> None:
    hosted = put(put(AGREEMENT, "hosting.where", "certified_host"), "hosting.expires", "2026-06-30")
    agreement = validate(Agreement, hosted)
    check_in_force(agreement, dt.date(2026, 6, 30))
    with pytest.raises(AgreementError, match="hosting.expires"):
        check_in_force(agreement, dt.date(2026, 7, 1))
    check_in_force(validate(Agreement, put(hosted, "hosting.where", "controller_premises")), dt.date(2026, 7, 1))


def test_a_file_too_long_is_refused_unread() -> None:
    with pytest.raises(MalformedError, match="longer than"):
        decode(Agreement, b" " * (64 * 2**20 + 1))
