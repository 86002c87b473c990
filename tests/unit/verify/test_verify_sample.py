"""A sample of prior results is compared when everything is loaded, where it is loaded, and before it is erased."""

from collections.abc import Callable

import pytest

from ecluse.domain.entry import Event
from ecluse.verify import verify_bundle
from synthetic_evidence import Migration
from unit.verify.test_tamper_insiders import LATE, first_failure

COUNTS = {"patients": 3, "patients_different": 0, "equal": 41, "different": 0, "missing": 0, "unexpected": 0}


@pytest.mark.parametrize("stage", ["loaded", "reconciled", "accepted"])
def test_a_sample_in_its_time_is_believed(migration: Callable[..., Migration], stage: str) -> None:
    made = migration()
    for reached in made.run():
        if reached == stage:
            made.destination.log(Event.SAMPLE_COMPARED, subject="journal", by="dr.martin", **COUNTS)
    assert verify_bundle(made.bundle(), trust=None, now=LATE).consistent


@pytest.mark.parametrize("stage", ["delivered", "erased"])
def test_a_sample_that_could_not_be_is_found(migration: Callable[..., Migration], stage: str) -> None:
    made = migration()
    for reached in made.run():
        if reached == stage:
            made.destination.log(Event.SAMPLE_COMPARED, subject="journal", **COUNTS)
    assert first_failure(verify_bundle(made.bundle(), trust=None, now=LATE)) == "journal.destination.transitions"


def test_nothing_loaded_is_nothing_to_compare_though_it_was_suspended(migration: Callable[..., Migration]) -> None:
    made = migration()
    for reached in made.run():
        if reached == "delivered":
            made.destination.log(Event.SUSPENDED)
            made.destination.log(Event.SAMPLE_COMPARED, subject="journal", **COUNTS)
            made.destination.log(Event.RESUMED)
    assert first_failure(verify_bundle(made.bundle(), trust=None, now=LATE)) == "journal.destination.laws"
