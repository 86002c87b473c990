"""R11, R17: persons of a leaked sample are found as plain comparisons of the same normal forms find them."""

import contextlib
import datetime as dt
import sqlite3
from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import Phase, given, settings
from hypothesis import strategies as st

from ecluse.domain import tracing
from ecluse.domain.catalogue import FieldClass
from ecluse.domain.profile import Analysis, DateStorage, Engine, Parse, ScopeColumns, SourceEntity, SourceProfile
from ecluse.migration import affected_sample
from ecluse.migration.affected import mark
from ecluse.migration.affected_rows import Reading
from ecluse.migration.affected_sample import CLASSES, MOST, Standing, stand
from ecluse.migration.affected_values import Values
from ecluse.migration.sample_lines import Lines
from legacy import DbSource, order

FAMILY = ["DURAND", "DE LA TOUR", "Lefèvre", "O'NEIL", ""]
GIVEN = ["Zoé", "Jean-Luc Marie", "ANNE", ""]
BORN = ["01/02/1950", "12/11/1987", "00/00/1935", ""]
NIRS = ["285017500100123", "2850175001001", "187117512345678", ""]
PHONES = ["02 99 12 34 56", "+33299123456", "0612345678", ""]
TODAY = dt.date(2026, 11, 22)
FIELDS = {
    "patient": ("source_id", "family_name", "given_names", "birth_date", "nir", "phone"),
    "request": ("source_id", "registered_on"),
    "observation": ("source_id", "raw_value"),
}
Person = tuple[str, str, str, str, str]


def served() -> SourceProfile:
    scope = ScopeColumns({"registered_on": DateStorage.TEXT_COMPACT})
    born = {"birth_date": Parse(date=("%d/%m/%Y",))}
    return SourceProfile(
        "ecluse.source-profile/1", "small", "small", Engine.SQLITE,
        {
            "patient": SourceEntity(
                "SELECT k AS source_id, f AS family_name, g AS given_names, b AS birth_date, n AS nir, p AS phone "
                "FROM people", parse=born,
            ),
            "request": SourceEntity(
                "SELECT k AS source_id, k AS patient, '20190101' AS registered_on, 'A' AS site FROM people", scope=scope,
                parse={"registered_on": Parse(date=("%Y%m%d",))},
            ),
            "observation": SourceEntity(
                "SELECT k AS source_id, k AS request, 'NA' AS code, 'résultat ' || k AS raw_value FROM people"
            ),
        },
        analyses={"NA": Analysis("2951-2")},
    )  # fmt: skip


@pytest.fixture(scope="module")
def source() -> Iterator[DbSource]:
    with contextlib.closing(sqlite3.connect(":memory:")) as connection:
        connection.execute("CREATE TABLE people (k int, f text, g text, b text, n text, p text)")
        yield DbSource(connection, "sqlite")


@pytest.fixture(autouse=True, scope="module")
def in_pieces() -> Iterator[None]:
    """Samples longer than a few lines are asked for in several."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(affected_sample, "PIECE", 2)
        yield


people = st.lists(st.tuples(*(st.sampled_from(each) for each in (FAMILY, GIVEN, BORN, NIRS, PHONES))), max_size=6)


def found(source: DbSource, rows: list[Person], lines: list[tuple[str, ...]]) -> tuple[Standing, list[str]]:
    source.connection.execute("DELETE FROM people")
    source.connection.executemany("INSERT INTO people VALUES (?, ?, ?, ?, ?, ?)", list(enumerate_(rows)))
    reading = Reading(source, order(fields=FIELDS, exclude_categories=()), served())
    persons = reading.persons()
    standing = stand(reading, persons, Lines.of(lines))
    mark(reading, persons, {}, TODAY, Values(reading, standing))
    return standing, persons.keys.to_pylist()


def whose(standing: Standing) -> dict[int, set[int]]:
    """Who stands in each line in which anybody does."""
    made: dict[int, set[int]] = {}
    for line, person in zip(standing.line.tolist(), standing.person.tolist(), strict=True):
        made.setdefault(line, set()).add(person)
    return made


def classes(standing: Standing) -> list[set[FieldClass]]:
    """By line."""
    return [{kind for kind, is_shown in zip(CLASSES, line, strict=True) if is_shown} for line in standing.shown.T]


def enumerate_(rows: list[Person]) -> Iterator[tuple[Any, ...]]:
    yield from ((1000 + place, *row) for place, row in enumerate(rows))


def marks(person: Person) -> set[tuple[str, ...]]:
    """What a whole person can be known by, said with the forms of one value at a time."""
    family, given_, born = tracing.family(person[0]), tracing.given(person[1]), person[2]
    day = "1935" if born.startswith("00/00") else "".join(reversed(born.split("/")))
    made: set[tuple[Any, ...]] = {("nir", tracing.nir(person[3])), ("phone", tracing.phone(person[4]))}
    if day:
        made |= {("family", family, day), ("name", family, given_, day)}
    return {each for each in made if None not in each}


@settings(phases=[Phase.explicit, Phase.generate])
@given(rows=people, leaked=people)
def test_whole_lines_find_whom_they_share_most_with(
    source: DbSource, rows: list[Person], leaked: list[Person]
) -> None:
    standing, keys = found(source, rows, leaked)
    for line, person in enumerate(leaked):
        mine = marks(person)
        shared = {}
        for place, other in enumerate(rows):
            both = mine & marks(other)
            is_namesake = "family" in {each[0] for each in both} and "name" not in {each[0] for each in both}
            # a surname and a date beside another given name is a namesake's
            both -= {each for each in both if each[0] == "family" and is_namesake and tracing.given(person[1])}
            if both:
                shared[str(1000 + place)] = len(both)
        expected = {key for key, number in shared.items() if number == max(shared.values())}
        assert {keys[place] for place in whose(standing).get(line, ())} == expected
    told = standing.told()
    assert told.lines == len(leaked)
    assert told.explained == len(whose(standing))
    assert 0 <= told.strange <= told.lines


def test_what_a_line_shows_is_told_by_class(source: DbSource) -> None:
    rows = [("DURAND", "Zoé", "01/02/1950", "285017500100123", ""), ("MARTIN", "Anne", "03/04/1960", "", "0612345678")]
    lines = [
        ("DURAND", "Zoé", "1950-02-01", "Résultat 1000"),  # her own result
        ("MARTIN", "Anne", "3/4/60", "résultat 1000"),  # another's
        ("2 85 01 75 001 001", "0612345678 et plus"),
        ("06.12.34.56.78",),
        ("1000", "20190101"),
    ]
    standing, keys = found(source, rows, lines)
    assert [sorted(keys[place] for place in whose(standing)[line]) for line in range(5)] == [
        ["1000"], ["1001"], ["1000", "1001"], ["1001"], ["1000"],
    ]  # fmt: skip
    assert FieldClass.EXAMINATION in classes(standing)[0]
    assert classes(standing)[1] == {FieldClass.IDENTITY}
    assert classes(standing)[2] == {FieldClass.NATIONAL_IDENTIFIER, FieldClass.CONTACT}
    assert classes(standing)[3] == {FieldClass.CONTACT}
    assert classes(standing)[4] == {FieldClass.ADMINISTRATIVE}


def test_what_too_many_have_names_nobody(source: DbSource) -> None:
    """A nursing home's telephone: a letter to each of its guests would tell nobody anything."""
    rows = [("DURAND", f"G{'ABCDEFGHIJ'[n // 10]}{'ABCDEFGHIJ'[n % 10]}", "01/02/1950", "", "0612345678")
            for n in range(MOST + 1)]  # fmt: skip
    lines = [("0612345678",), ("DURAND", "GAC", "01/02/1950", "0612345678"), ("rien",)] + [("06.12.34.56.78",)] * 9
    standing, keys = found(source, rows, lines)
    assert {line: [keys[each] for each in places] for line, places in whose(standing).items()} == {1: ["1002"]}
    told = standing.told()
    assert (told.explained, told.doubtful, told.strange) == (1, 10, 1)
    standing, _ = found(source, rows[:MOST], lines)
    assert len(whose(standing)[0]) == MOST
    assert standing.told().doubtful == 0


def test_of_persons_named_whoever_may_have_what_too_many_have_is_counted(source: DbSource) -> None:
    rows = [("DURAND", "ZOE", "01/02/1950", "187117512345678", "0612345678"),
            ("NEIL", "ANNE", "03/04/1960", "285017500100123", "")]  # fmt: skip
    crowd = [("", "", "", "", "0612345678")] * MOST
    for people_ in (rows + crowd, crowd + rows):
        number = str(1000 + people_.index(rows[1]))
        line = ("1871175123456", "0612345678", "2850175001001", number, "03/04/1960")
        standing, keys = found(source, people_, [line])
        assert {people_[int(keys[each]) - 1000][0] for each in whose(standing)[0]} == {"DURAND", "NEIL"}


def test_what_was_not_ordered_finds_nobody(source: DbSource) -> None:
    rows = [("DURAND", "Zoé", "01/02/1950", "285017500100123", "0612345678")]
    source.connection.execute("DELETE FROM people")
    source.connection.executemany("INSERT INTO people VALUES (?, ?, ?, ?, ?, ?)", list(enumerate_(rows)))
    fields = {"patient": ("source_id", "family_name", "birth_date"), "request": ("source_id",)}
    reading = Reading(source, order(fields=fields, exclude_categories=()), served())
    assert "phone" in reading.letter
    lines = [("0612345678",), ("285017500100123",), ("DURAND", "01/02/1950")]
    assert set(whose(stand(reading, reading.persons(), Lines.of(lines)))) == {2}
