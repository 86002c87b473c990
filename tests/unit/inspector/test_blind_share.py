"""A small share of ``python -m bench.inspect_blind``: files made without knowledge of the detector, of both halves."""

import time
from collections import Counter
from pathlib import Path

import pytest
from bench.blind.dice import DECOY, KINDS, POSITIVE, Dice
from bench.blind.persons import FAMILY, MEN, WOMEN
from bench.inspect_blind import figures, judged, made, written

from ecluse.inspector._look import look
from ecluse.inspector.findings import FOLDER
from ecluse.inspector.kinds import Kind

FLOOR = 0.9
"""Of one file a kind; the bench measures fourteen and wants 0.95."""
SECRETS = {Kind.PASSWORDS, Kind.PASSWORD_DIGESTS, Kind.PRIVATE_KEY}


@pytest.mark.parametrize("seed", [1, 2])
def test_personal_data_are_told_from_what_is_none(seed: int, tmp_path: Path) -> None:
    found: Counter[str] = Counter()
    placed = written(tmp_path, seed, 1)
    for each in placed:
        seen = look(each.path, FOLDER, time.monotonic() + 600)
        found[each.kind] += any(one.kind not in SECRETS for one in seen.found)
    recall, precision = figures(found, Counter(each.kind for each in placed))
    missed = [name for name, (sort, _) in KINDS.items() if sort == POSITIVE and not found[name]]
    wrong = [name for name, (sort, _) in KINDS.items() if sort == DECOY and found[name]]
    assert recall >= FLOOR, missed
    assert precision >= FLOOR, wrong


def test_the_same_seed_gives_the_same_files() -> None:
    assert list(made(7, 1)) == list(made(7, 1))


def test_no_seed_lacks_files_of_either_sort() -> None:
    sorts = Counter(sort for sort, *_ in made(3))
    assert min(sorts[POSITIVE], sorts[DECOY]) >= 300


@pytest.mark.parametrize("names", [FAMILY, WOMEN, MEN])
def test_the_halves_share_no_name(names: list[str]) -> None:
    seen, held_out = (set(Dice(seed, "x", 0).own(names)) for seed in (1, 2))
    assert seen
    assert held_out
    assert not seen & held_out


def test_a_file_counts_once_and_only_by_rules_of_personal_data(tmp_path: Path) -> None:
    placed = written(tmp_path, 1, 1)[:2]
    told = {"rule": "persons-at-rest", "place": f"{placed[0].folder}/x"}
    held = judged(placed, [told, told, {"rule": "unencrypted-backup", "place": f"{placed[1].folder}/x"}])
    assert {name for name, files in held.items() if files} == {placed[0].kind}
