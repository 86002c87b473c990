"""R17: what is true of whom: ages and other facts, categories, documents, keys that engines compare loosely."""

import contextlib
import datetime as dt
import sqlite3
from collections.abc import Iterator

import numpy as np
import pyarrow as pa
import pytest

from ecluse.domain.affected import By, Counted, Fact
from ecluse.domain.errors import ProfileError, ScopeViolationError
from ecluse.domain.order import PersonBasis, PersonExclusion
from ecluse.domain.profile import Analysis, DateStorage, Engine, Parse, ScopeColumns, SourceEntity, SourceProfile
from ecluse.domain.sensitive import SensitiveCategory
from ecluse.migration.affected import UNCLASSIFIABLE, mark
from ecluse.migration.affected_list import Wording, pieces
from ecluse.migration.affected_rows import Persons, Reading, given
from legacy import DIGEST, DbSource, order

TODAY = dt.date(2026, 11, 22)
TRUTH = {"O": "true", "N": "false"}
PARSE = {
    "birth_date": Parse(date=("%d/%m/%Y", "%Y")), "deceased": Parse(values=TRUTH), "military": Parse(values=TRUTH),
    "confidential": Parse(values=TRUTH), "death_date": Parse(date=("%d/%m/%Y",)),
}  # fmt: skip
TABLES = (
    "CREATE TABLE p (k int, b text, d text, dd text, m text, c text, bg text)",
    "CREATE TABLE d (k int, p int, s text)",
    "CREATE TABLE r (k int, d int, code text, loinc text, v text)",
    "CREATE TABLE cr (k int, d int, body blob)",
)


def served(**changes: SourceEntity) -> SourceProfile:
    entities = {
        "patient": SourceEntity(
            "SELECT k AS source_id, b AS birth_date, d AS deceased, dd AS death_date, m AS military, "
            "c AS confidential, bg AS blood_group FROM p", parse=PARSE,
        ),
        "request": SourceEntity(
            "SELECT k AS source_id, p AS patient, '20190101' AS registered_on, s AS site FROM d",
            scope=ScopeColumns({"registered_on": DateStorage.TEXT_COMPACT}),
            parse={"registered_on": Parse(date=("%Y%m%d",))},
        ),
        "observation": SourceEntity(
            "SELECT k AS source_id, d AS request, code AS code, loinc AS loinc, v AS raw_value FROM r"
        ),
        "report": SourceEntity("SELECT k AS source_id, d AS request, body AS content FROM cr"),
    }  # fmt: skip
    analyses = {"NA": Analysis("2951-2"), "PSA": Analysis("2857-1"), "ZDIV": Analysis()}
    return SourceProfile(
        "ecluse.source-profile/1", "small", "small", Engine.SQLITE, entities | changes, analyses=analyses
    )


@pytest.fixture
def source() -> Iterator[DbSource]:
    with contextlib.closing(sqlite3.connect(":memory:")) as connection:
        for statement in TABLES:
            connection.execute(statement)
        yield DbSource(connection, "sqlite")


def fill(source: DbSource, table: str, *rows: tuple[object, ...]) -> None:
    marks = ", ".join("?" * len(rows[0]))
    source.connection.executemany(f"INSERT INTO {table} VALUES ({marks})", rows)


def counted(source: DbSource, profile: SourceProfile | None = None, **scope: object) -> Counted:
    given_ = {"fields": {"request": ("source_id",)}, "exclude_categories": ()} | scope
    reading = Reading(source, order(**given_), profile or served())
    return mark(reading, reading.persons(), {}, TODAY).counted()


def born(source: DbSource, *dates: str | None) -> Counted:
    fill(source, "p", *((place, text, *[None] * 5) for place, text in enumerate(dates)))
    fill(source, "d", *((place, place, "A") for place in range(len(dates))))
    return counted(source)


@pytest.mark.parametrize(
    ("date", "fact"),
    [
        ("22/11/2008", Fact.ADULT), ("23/11/2008", Fact.MINOR), ("01/01/2026", Fact.MINOR), ("01/01/1900", Fact.ADULT),
        ("2007", Fact.ADULT), ("2008", None), ("2009", Fact.MINOR), ("00/10/2008", Fact.ADULT), ("00/11/2008", None),
        ("00/12/2008", Fact.MINOR), ("", None), (None, None), ("inconnue", None),
    ],
)  # fmt: skip
def test_an_age_is_told_where_it_is_certain(source: DbSource, date: str | None, fact: Fact | None) -> None:
    made = born(source, date, "01/01/1950")
    assert made.of(By.FACT, Fact.MINOR) == (fact is Fact.MINOR)
    assert made.of(By.FACT, Fact.ADULT) == 1 + (fact is Fact.ADULT)
    assert made.persons == 2


def test_facts_are_the_sources_own(source: DbSource) -> None:
    fill(
        source, "p", (1, None, "O", None, "O", "N", None), (2, None, "N", "01/02/2020", "N", "O", None),
        (3, None, None, " ", "peut-être", None, None), (4, None, "O", "01/02/2020", "O", "O", "A+"),
    )  # fmt: skip
    fill(source, "d", *((place, place, "A") for place in range(1, 6)), (6, None, "A"), (7, 4, "B"))
    made = counted(source)
    facts = (Fact.DECEASED, Fact.MILITARY, Fact.CONFIDENTIAL, Fact.NO_RECORD)
    assert [made.of(By.FACT, fact) for fact in facts] == [3, 2, 2, 1]
    assert (made.persons, made.nameless) == (5, 1)
    assert made.of(By.CATEGORY, SensitiveCategory.BLOOD_GROUP) == 0  # not ordered


def test_a_category_is_told_by_code_by_the_rows_own_loinc_and_by_the_field(source: DbSource) -> None:
    fill(source, "p", *((k, *[None] * 5, group) for k, group in ((1, "A+"), (2, " "), (3, None), (4, None))))
    fill(source, "d", *((place, place, "A") for place in range(1, 5)))
    fill(source, "r", (1, 1, "NA", None, "1"), (2, 2, "PSA", None, "1"), (3, 3, "NA", " 2857-1", "1"),
         (4, 3, "ZDIV", None, "x"), (5, 4, None, None, "y"), (6, 4, "NA", None, None))  # fmt: skip
    fields = {"patient": ("source_id", "blood_group"), "request": ("source_id",),
              "observation": ("source_id", "loinc", "raw_value")}  # fmt: skip
    made = counted(source, fields=fields)
    assert made.of(By.CATEGORY, SensitiveCategory.BLOOD_GROUP) == 1
    assert made.of(By.CATEGORY, SensitiveCategory.ONCOLOGY) == 2
    assert made.of(By.CLASS, "examination") == 3  # of person 4 one result stays, and the other is empty
    assert (By.CATEGORY, UNCLASSIFIABLE) not in {(cell.by, cell.name) for cell in made.cells}
    taken = counted(source, fields=fields, include_unclassifiable=True)
    assert taken.of(By.CATEGORY, UNCLASSIFIABLE) == 2


def test_a_document_counts_where_it_is_there(source: DbSource) -> None:
    fill(source, "d", *((place, place, "A") for place in range(1, 4)))
    fill(source, "cr", (1, 1, b"%PDF"), (2, 2, b""), (3, 3, None))
    fields = {"request": ("source_id",), "report": ("source_id", "content")}
    assert counted(source, fields=fields).of(By.CLASS, "document") == 1


def test_a_source_that_gives_more_than_ordered_tells_nothing(source: DbSource) -> None:
    class Lying(DbSource):
        def query(self, sql: str) -> pa.Table:
            table = super().query(sql)
            if "_site" not in table.column_names:
                return table
            sites = pa.array(["SECRET"] * table.num_rows, pa.string())
            return table.set_column(table.column_names.index("_site"), "_site", sites)

    fill(source, "d", (1, 1, "A"))
    with pytest.raises(ScopeViolationError, match="site that is not ordered"):
        counted(Lying(source.connection, "sqlite"))


def test_an_excluded_person_that_comes_all_the_same_is_refused(source: DbSource) -> None:
    class Deaf(DbSource):
        def rows(self, sql: str) -> tuple[list[str], list[tuple[object, ...]]]:
            return super().rows(sql.replace("'1'", "'none'"))

    fill(source, "d", (1, 1, "A"))
    ordered = order(
        fields={"request": ("source_id",)}, exclude_persons=PersonExclusion(DIGEST, PersonBasis.SOURCE_ID, 1)
    )
    reading = Reading(Deaf(source.connection, "sqlite"), ordered, served(), frozenset({"1"}))
    with pytest.raises(ScopeViolationError, match="whom the order excludes"):
        mark(reading, reading.persons(), {}, TODAY)


def test_requests_that_name_nobody_cannot_be_counted(source: DbSource) -> None:
    request = SourceEntity("SELECT k AS source_id, '20190101' AS registered_on, s AS site FROM d",
                           scope=ScopeColumns({"registered_on": DateStorage.TEXT_COMPACT}))  # fmt: skip
    with pytest.raises(ProfileError, match="name no patient"):
        counted(source, served(request=request))


def test_a_profile_without_patients_counts_and_lists_nobody(source: DbSource) -> None:
    fill(source, "d", (1, 1, "A"))
    profile = served()
    entities = {name: entity for name, entity in profile.entities.items() if name != "patient"}
    alone = SourceProfile("ecluse.source-profile/1", "small", "small", Engine.SQLITE, entities)
    reading = Reading(source, order(fields={"request": ("source_id",)}, exclude_categories=()), alone)
    marks = mark(reading, reading.persons(), {}, TODAY)
    assert marks.counted().persons == 1
    with pytest.raises(ProfileError, match="written to"):
        next(pieces(reading, marks, marks.everybody(), Wording({}, dict.fromkeys(By, ""), "en")))


@pytest.mark.parametrize(("dialect", "whole"), [("postgres", 4), ("mysql", 2), ("tsql", 2), ("sqlite", 4)])
def test_keys_are_compared_as_the_engine_does(dialect: str, whole: int) -> None:
    persons = Persons(pa.chunked_array([["p1", "P1", None], ["p1 ", "p2", "p1"]]), dialect)
    assert len(persons) == whole
    places = persons.places(pa.array(["P1", "p1", None, "p3"]))
    assert (places[0] == places[1]) == (whole == 2)
    assert places[2:].tolist() == [-1, -1]


@pytest.mark.parametrize(
    ("values", "said"),
    [
        (pa.array(["a", "", " \t", None]), [True, False, False, False]),
        (pa.array([b"a", b"", b" ", None], pa.binary()), [True, False, True, False]),
        (pa.array([b"\xe9"], pa.binary()).view(pa.string()), [True]),
        (pa.array(["a", None]).dictionary_encode(), [True, False]),
        (pa.array([0, None]), [True, False]),
        (pa.array([False, None]), [True, False]),
        (pa.array([None, None]), [False, False]),
        (pa.array(["a", "", None], pa.large_string()), [True, False, False]),
    ],
)
def test_what_says_anything(values: pa.Array, said: list[bool]) -> None:
    assert given(pa.chunked_array([values])).tolist() == said
    assert given(pa.chunked_array([values])).dtype == np.bool_
