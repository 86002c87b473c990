"""Nobody works out a small number of persons: every way to split a whole is tried, by a reader who knows the rule."""

from collections import defaultdict
from collections.abc import Iterable, Iterator
from itertools import product

import pytest

from ecluse.domain.affected import SMALL, By, Cell, Counted, Range, told, told_cells

SMALLS = set(range(1, SMALL))
MOST = {2: 60, 3: 50, 4: 40}
"""The largest whole that is split into so many cells."""

Numbers = tuple[int, ...]
Told = tuple[Range, ...]


def told_of(numbers: Numbers, whole: int, by: By = By.YEAR) -> Told:
    cells = tuple(Cell(by, f"{2000 + n}", each) for n, each in enumerate(numbers))
    return tuple(cell.persons for cell in told_cells(Counted(whole, 0, None, cells)))


def splits(whole: int, cells: int) -> Iterator[Numbers]:
    if cells == 1:
        yield (whole,)
        return
    for first in range(whole + 1):
        for rest in splits(whole - first, cells - 1):
            yield (first, *rest)


def possible(all_numbers: Iterable[tuple[Numbers, int]]) -> dict[object, list[Numbers]]:
    """What may have been counted, by all that the reader sees; ``known``: what he knows besides."""
    made: dict[object, list[Numbers]] = defaultdict(list)
    for numbers, known in all_numbers:
        made[known, told_of(numbers, known)].append(numbers)
    return made


def check(seen: Told, whole: int, worlds: list[Numbers]) -> None:
    for place, stated in enumerate(seen):
        values = {numbers[place] for numbers in worlds}
        assert min(values) >= stated.at_least
        assert max(values) <= stated.at_most
        if stated.at_least == stated.at_most:
            assert not values & SMALLS, (seen, worlds)
        elif stated == Range(0, whole):
            # Nothing is told: not even that it is small, and least of all how small.
            assert values > SMALLS or (whole < 2 * SMALL and len(values) >= SMALL - 1), (seen, whole, values)
        elif values & SMALLS:
            assert values == SMALLS, (seen, worlds)
        else:
            assert values == set(range(stated.at_least, stated.at_most + 1)), (seen, whole, values)


@pytest.mark.parametrize("cells", MOST)
def test_from_the_whole_and_the_rest_no_small_number_follows(cells: int) -> None:
    """Nobody is in two years. Of each small number all of 1 to 4 stay possible, and of a wide one its whole range."""
    for whole in range(SMALL, MOST[cells] + 1):
        for (_known, seen), worlds in possible((numbers, whole) for numbers in splits(whole, cells)).items():
            check(seen, whole, worlds)


def test_nor_where_persons_are_in_several() -> None:
    """Any numbers up to the whole: a reader who does not know how many are in two, but the rule."""
    for whole in (SMALL, 8, 9, 13, 14, 18, 24):
        everything = product(range(whole + 1), repeat=3)
        for (_known, seen), worlds in possible((numbers, whole) for numbers in everything).items():
            for place, stated in enumerate(seen):
                values = {numbers[place] for numbers in worlds}
                if values & SMALLS:
                    assert values >= SMALLS, (seen, whole, worlds)
                assert all(stated.at_least <= value <= stated.at_most for value in values)


@pytest.mark.parametrize("rest", [(5, 1), (5, 2), (6, 1), (9, 1), (9, 3), (14, 4), (8, 4)])
def test_a_number_next_to_small_ones_gives_none_away(rest: Numbers) -> None:
    numbers = (100, *rest)
    whole = sum(numbers)
    seen = told_of(numbers, whole)
    fit = [(first, second, third) for first, second, third in splits(whole, 3)
           if first > 80 and told_of((first, second, third), whole) == seen]  # fmt: skip
    assert {third for _first, _second, third in fit} == SMALLS


def test_what_is_told_stays_of_use() -> None:
    """One number is told more widely, by as much as what is hidden, and no other."""
    assert told_of((100, 40, 5, 1), 146) == (Range(97, 100), Range(40, 40), Range(5, 5), Range(1, 4))
    assert told_of((6, 100, 3, 50), 159) == (Range(5, 11), Range(97, 103), Range(1, 4), Range(50, 50))
    assert told_of((60, 50, 40), 150) == (Range(60, 60), Range(50, 50), Range(40, 40))


@pytest.mark.parametrize("whole", range(SMALL, 30))
def test_of_one_number_alone_neither_it_nor_the_rest_is_known(whole: int) -> None:
    worlds: dict[Range, set[int]] = defaultdict(set)
    for persons in range(whole + 1):
        worlds[told(persons, whole)].add(persons)
    for stated, values in worlds.items():
        assert values == set(range(stated.at_least, stated.at_most + 1))
        if values & SMALLS or {whole - value for value in values} & SMALLS:
            assert len(values) >= SMALL - 1
