"""The likelihood: what counts, what cannot be had from repetition, and the bound that the threshold states."""

import random

import pytest

from ecluse.domain.attribution import (
    OVERLAP,
    PERSONS,
    SURE,
    Hit,
    LineEvidence,
    evidence,
    is_some,
    is_sure,
    posteriors,
    weigh,
)
from ecluse.domain.tracing import Kind

NIR = evidence([Hit(Kind.NIR, 1e-6)], PERSONS)
MISS = LineEvidence(None)


def test_a_known_line_is_told_by_its_rarest_hit() -> None:
    both = evidence([Hit(Kind.FAMILY_BIRTH, 1e-3), Hit(Kind.NAME_BIRTH, 1e-6)], PERSONS)
    assert both.chance == Hit(Kind.NAME_BIRTH, 1e-6).chance(PERSONS)
    assert both.known
    assert not evidence([Hit(Kind.REQUEST_DAY, 1e-3)], PERSONS).known


def test_more_readings_and_more_persons_weigh_less() -> None:
    assert Hit(Kind.NIR, 0.5).chance(PERSONS) > Hit(Kind.NIR, 1e-4).chance(PERSONS)
    assert Hit(Kind.FAMILY_BIRTH, 0).chance(10 * PERSONS) > Hit(Kind.FAMILY_BIRTH, 0).chance(PERSONS)
    assert Hit(Kind.FAMILY_BIRTH, 0, width=366).chance(PERSONS) == 0.5


def test_few_lines_never_attribute() -> None:
    """Five persons may simply be patients of both laboratories."""
    assert not is_sure(weigh([NIR] * 5), 1)
    assert is_sure(weigh([NIR] * 14), 1)


def test_more_exports_need_more() -> None:
    lines = [NIR] * 14
    assert is_sure(weigh(lines), 10)
    assert not is_sure(weigh(lines), 100_000)


def test_what_two_systems_number_alike_adds_little_however_often() -> None:
    same = evidence([Hit(Kind.REQUEST_DAY, 1e-4)], PERSONS)
    assert same.systematic
    assert not is_sure(weigh([same] * 500), 1)
    assert weigh([*[NIR] * 12, *[same] * 500]).log_ratio <= weigh([NIR] * 12).log_ratio + 3.0


def test_a_third_of_shared_patients_is_no_source() -> None:
    """But a third of the persons is there: told, and no more."""
    shared = weigh([*[NIR] * 150, *[MISS] * 350])
    assert shared.log_ratio < 0
    assert is_some(shared, 1000)


def test_one_line_says_for_sure_of_nobody_that_he_is_there() -> None:
    assert not is_some(weigh([NIR, *[MISS] * 499]), 1)
    assert not is_some(weigh([MISS] * 500), 1)
    assert not is_some(weigh([evidence([Hit(Kind.REQUEST_DAY, 1e-4)], PERSONS)] * 500), 1)
    assert is_some(weigh([NIR] * 3), 10)


@pytest.mark.parametrize("share", [0.01, 0.1, OVERLAP])
@pytest.mark.parametrize("lines", [1, 5, 12, 56])
def test_the_stated_bound_holds_in_the_model(share: float, lines: int) -> None:
    """Exact, over all numbers of hits: a sample from elsewhere passes at most once in ``SURE``."""
    from math import comb  # noqa: PLC0415

    passed = sum(
        comb(lines, hits) * share**hits * (1 - share) ** (lines - hits)
        for hits in range(lines + 1)
        if is_sure(weigh([*[NIR] * hits, *[MISS] * (lines - hits)]), 1)
    )
    assert passed <= 1 / SURE


def test_posteriors_share_what_there_is() -> None:
    right, other = weigh([NIR] * 20), weigh([*[NIR] * 2, *[MISS] * 18])
    found = posteriors([right, other], 10)
    assert found[0] > 0.999
    assert sum(found) <= 1
    twice = posteriors([right, right], 10)
    assert twice[0] == twice[1] == pytest.approx(0.5, abs=1e-6)
    assert posteriors([], 0) == ()


def test_noise_costs_little() -> None:
    drawn = random.Random(1)
    lines = [MISS if drawn.random() < 0.3 else NIR for _ in range(56)]
    assert is_sure(weigh(lines), 1000)
