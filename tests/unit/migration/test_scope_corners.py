"""Corners of the scope that random sources seldom meet."""

import datetime as dt
import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from typing import Any

import pytest

from ecluse.domain.errors import OrderError, ProfileError
from ecluse.domain.plan import LeftOutReason
from ecluse.domain.profile import Engine
from ecluse.domain.sensitive import SensitiveCategory
from ecluse.migration.compile import bind, compile_order
from ecluse.migration.leftout import OTHER_CODES
from ecluse.migration.planning import make_plan
from legacy import DIGEST, LOINCS, TABLES, DbSource, create, fill, order, profile, run
from reference import Reference

NOW = dt.datetime(2026, 1, 2, tzinfo=dt.UTC)


@contextmanager
def source(**rows: list[dict[str, Any]]) -> Iterator[tuple[DbSource, dict[str, list[dict[str, Any]]]]]:
    """SQLite with these rows; what a row leaves out is NULL."""
    whole = {
        entity: [{**dict.fromkeys(columns), **row} for row in rows.get(entity, [])]
        for entity, (_table, columns) in TABLES.items()
    }
    with closing(sqlite3.connect(":memory:")) as connection:
        run(connection, [*create(Engine.SQLITE), *fill(whole)])
        yield DbSource(connection, "sqlite"), whole


REQUEST = {"source_id": 1, "patient": 1, "registered_on": "20180101", "site": "A"}


@pytest.mark.parametrize("unclassifiable", [True, False])
@pytest.mark.parametrize(
    "excluded", [(), (SensitiveCategory.HIV,), (SensitiveCategory.HIV, SensitiveCategory.ONCOLOGY)]
)
def test_codes_and_no_code(unclassifiable: object, excluded: tuple[SensitiveCategory, ...]) -> None:
    codes = ["NA", "na", "VIH", "VIH ", "PSA", "ZDIV", "TYPO", "", None]
    results = [{"source_id": n, "request": 1, "code": code} for n, code in enumerate(codes)]
    ordered = order(
        fields={"observation": ("source_id",)}, exclude_categories=excluded, include_unclassifiable=unclassifiable
    )
    with source(request=[REQUEST], observation=results) as (legacy, rows):
        query = compile_order(ordered, profile(Engine.SQLITE)).queries["observation"]
        found = {row[0] for row in legacy.rows(bind(query.sql, "sqlite"))[1]}
    expected = {row["source_id"] for row in Reference(ordered, rows, LOINCS).expected("observation")}
    assert found == expected
    assert bool(unclassifiable) == (codes.index(None) in found)


def test_comments_on_results_of_an_excluded_category_stay() -> None:
    results = [{"source_id": n, "request": 1, "code": code} for n, code in enumerate(["NA", "VIH"])]
    comments = [{"source_id": n, "request": 1, "observation": o} for n, o in enumerate([0, 1, None, 99])]
    with source(request=[REQUEST], observation=results, comment=comments) as (legacy, _rows):
        query = compile_order(order(fields={"comment": ("source_id",)}), profile(Engine.SQLITE)).queries["comment"]
        assert sorted(row[0] for row in legacy.rows(bind(query.sql, "sqlite"))[1]) == [0, 2]


def test_equal_keys_stay_in_one_batch() -> None:
    people = [{"source_id": n} for n in (1, 1, 1, 2, 2, 3)]
    requests = [{**REQUEST, "source_id": n, "patient": n} for n in (1, 2, 3)]
    with source(request=requests, patient=people) as (legacy, _rows):
        plan = make_plan(
            legacy, order(fields={"patient": ("source_id", "nir")}), DIGEST, DIGEST, profile(Engine.SQLITE), NOW, "a",
            batch_rows=2,
        ).plan  # fmt: skip
        assert [(b.lower, b.upper, b.rows) for b in plan.batches] == [(None, "2", 3), ("2", "3", 2), ("3", None, 1)]
        for batch in plan.batches:
            sql = bind(plan.entity("patient").sql, "sqlite", lower=batch.lower, upper=batch.upper)
            assert len(legacy.rows(sql)[1]) == batch.rows


def test_batches_never_cross_a_year_and_cover_the_range() -> None:
    days = ["20180105", "20180106", "20181231", "20190101", "20190102"]
    requests = [{**REQUEST, "source_id": n, "registered_on": day} for n, day in enumerate(days)]
    with source(request=requests) as (legacy, _rows):
        plan = make_plan(
            legacy, order(fields={"request": ("source_id",)}), DIGEST, DIGEST, profile(Engine.SQLITE), NOW, "a",
            batch_rows=2,
        ).plan  # fmt: skip
    assert [(b.id, b.lower, b.upper, b.rows) for b in plan.batches] == [
        ("request-2018-0001", "2018-01-01", "2018-12-31", 2),
        ("request-2018-0002", "2018-12-31", "2019-01-01", 1),
        ("request-2019-0001", "2019-01-01", "2020-01-01", 2),
    ]


def test_what_stays_is_counted_with_its_reason() -> None:
    requests = [
        REQUEST,
        {**REQUEST, "source_id": 2, "registered_on": "20161231"},
        {**REQUEST, "source_id": 3, "registered_on": "20190230"},
        {**REQUEST, "source_id": 4, "site": None},
        {**REQUEST, "source_id": 5, "site": "B"},
    ]
    results = [
        {"source_id": n, "request": 1, "code": code}
        for n, code in enumerate(["NA", "PSA", "VIH", "ZDIV", "ZDIV", "DUPONT JEAN", None])
    ]
    results.append({"source_id": 9, "request": 2, "code": "NA"})
    with source(request=requests, observation=results) as (legacy, _rows):
        report = make_plan(
            legacy, order(fields={"request": ("source_id",), "observation": ("source_id",)}), DIGEST, DIGEST,
            profile(Engine.SQLITE), NOW, "a",
        )  # fmt: skip
    stays = {(o.entity, o.reason, o.subject): o.rows for o in report.plan.left_out}
    assert stays["request", LeftOutReason.DATES, "2016"] == 1
    assert stays["request", LeftOutReason.NO_DATE, "request.registered_on"] == 1
    assert stays["request", LeftOutReason.SITES, "B"] == 1
    assert stays["request", LeftOutReason.SITES, "no site"] == 1
    assert stays["observation", LeftOutReason.CATEGORY, "hiv"] == 1
    assert stays["observation", LeftOutReason.UNCLASSIFIABLE, "ZDIV"] == 2
    assert stays["observation", LeftOutReason.UNCLASSIFIABLE, OTHER_CODES] == 2
    assert stays["observation", LeftOutReason.UNREACHED, "request"] == 1
    assert stays["request", LeftOutReason.FIELD, "comment"] is None
    assert stays["patient", LeftOutReason.ENTITY, "patient"] == 0
    assert not any("DUPONT" in subject for _entity, _reason, subject in stays)
    counts = {(c.category, c.unclassifiable, c.leaves): c.rows for c in report.categories}
    assert counts[SensitiveCategory.ONCOLOGY, False, True] == 1
    assert counts[SensitiveCategory.HIV, False, False] == 1
    assert counts[None, True, False] == 4
    assert counts[None, False, True] == 1


def test_a_plan_needs_the_persons_and_the_right_engine() -> None:
    with source() as (legacy, _rows):
        with pytest.raises(OrderError, match="excluded persons"):
            make_plan(legacy, order(), DIGEST, DIGEST, profile(Engine.SQLITE), NOW, "a", excluded=())
        with pytest.raises(ProfileError, match="speaks sqlite"):
            make_plan(legacy, order(), DIGEST, DIGEST, profile(Engine.POSTGRESQL), NOW, "a")
