"""Oracle and SQL Server, which cannot be run here: the queries of an order parse, hold the scope, and bind as elsewhere."""

import datetime as dt
import re
from typing import Any

import pyarrow as pa
import pytest
import sqlglot
from sqlglot import exp

from ecluse.domain.order import DateRange, Order, PersonBasis
from ecluse.domain.plan import Snapshot, SourceFacts
from ecluse.domain.profile import Engine
from ecluse.migration.compile import bind, compile_order
from ecluse.migration.counting import Counter
from ecluse.migration.persons import make_list
from ecluse.migration.selects import DIALECTS
from legacy import order, profile

ENGINES = [Engine.ORACLE, Engine.SQLSERVER]
PERSONS = make_list(b"k" * 32, PersonBasis.SOURCE_ID, ["1"]).exclusion()
DATES = {"registered_on": "text", "collected_on": "text", "received_on": "timestamp"}
# What one of the two, or an older version of it, does not have.
FOREIGN = {
    Engine.ORACLE: r"\bTRUE\b|\bFALSE\b|\bCLOB\b|\bLIMIT\b|::",
    Engine.SQLSERVER: r"\bTRUE\b|\bFALSE\b|\bTEXT\b|\bLIMIT\b|\(MAX\)|::|THEN \(",
}


def ordered(field: str, **scope: Any) -> Order:
    return order(dates=DateRange(f"request.{field}", dt.date(2018, 1, 1), dt.date(2019, 12, 31)), **scope)


@pytest.mark.parametrize("engine", ENGINES)
@pytest.mark.parametrize("field", DATES)
@pytest.mark.parametrize("scope", [{}, {"exclude_persons": PERSONS}, {"include_unclassifiable": True}])
def test_every_query_parses_binds_and_holds_the_scope(engine: Engine, field: str, scope: dict[str, Any]) -> None:
    compiled, dialect = compile_order(ordered(field, **scope), profile(engine)), DIALECTS[engine]
    assert len(compiled.queries) == 8
    for entity, query in compiled.queries.items():
        assert not re.search(FOREIGN[engine], query.sql), entity
        for lower, upper in (("2018-01-01", "2018-06-01"), (None, None), ("é'1", None)):
            excluded = ("1", "Ω'") if scope.get("exclude_persons") else None
            sql = bind(query.sql, dialect, lower=lower, upper=upper, excluded=excluded)
            assert ":lower" not in sql
            assert ":excluded" not in sql
            tree = sqlglot.parse_one(sql, read=dialect)
            assert tree.sql(dialect=dialect) == sql, "what is signed is what is sent"
            assert not re.search(FOREIGN[engine], sql)
            said = {str(literal.this) for literal in tree.find_all(exp.Literal, exp.National)}
            assert {"A", "É1"} <= said
            assert ({"1", "Ω'"} <= said) == bool(excluded)
            assert {"20180101", "20200101"} <= said or {"2018-01-01", "2020-01-01"} <= said
    codes = compiled.queries["observation"].sql
    assert ("'VIH'" in codes) == bool(scope.get("include_unclassifiable"))


@pytest.mark.parametrize(
    ("engine", "told"), [(Engine.ORACLE, "TO_DATE('2018-01-01', 'YYYY-MM-DD')"), (Engine.SQLSERVER, "CAST('2018-01-01' AS DATE)")]
)
def test_a_date_does_not_hang_on_the_sessions_settings(engine: Engine, told: str) -> None:
    sql = compile_order(ordered("received_on"), profile(engine)).queries["request"].sql
    assert f">= {told}" in sql
    bound = bind(sql, DIALECTS[engine], lower="2018-03-01", upper="2018-04-01")
    assert f">= {told.replace('2018-01-01', '2018-03-01')}" in bound
    assert f"< {told.replace('2018-01-01', '2018-04-01')}" in bound
    assert told not in compile_order(ordered("registered_on"), profile(engine)).queries["request"].sql


def test_sql_server_compares_bytes_and_writes_national_literals() -> None:
    sql = compile_order(ordered("registered_on"), profile(Engine.SQLSERVER)).queries["request"].sql
    site = "CAST(CAST([e].[site] AS NVARCHAR(4000)) AS VARBINARY(8000))"
    assert f"{site} IN (CAST(N'A' AS VARBINARY(8000)), CAST(N'É1' AS VARBINARY(8000)))" in sql
    patients = compile_order(ordered("registered_on", exclude_persons=PERSONS), profile(Engine.SQLSERVER)).queries["patient"].sql
    bound = bind(patients, "tsql", lower="É", upper=None, excluded=("Ω", "P1"))
    assert "IN (N'Ω', 'P1')" in bound
    assert ">= N'É'" in bound


class Listening:
    """A source that is only asked, to see the counting queries."""

    def __init__(self, dialect: str) -> None:
        self.dialect, self.asked = dialect, list[str]()

    def facts(self) -> SourceFacts:
        return SourceFacts("test", "1", Snapshot.NONE, 1)

    def export_snapshot(self) -> None:
        return None

    def adopt_snapshot(self, token: str | None) -> None:
        assert token is None

    def query(self, sql: str) -> pa.Table:
        self.asked.append(sql)
        return pa.table({name: pa.array([], pa.string()) for name in "abcdef"})

    def stream(self, sql: str, batch_rows: int) -> Any:  # noqa: ARG002  (the port's)
        yield from self.query(sql).to_batches()

    def close(self) -> None:
        return None


@pytest.mark.parametrize("engine", ENGINES)
@pytest.mark.parametrize("field", DATES)
def test_counting_queries_parse_too(engine: Engine, field: str) -> None:
    source, dialect = Listening(DIALECTS[engine]), DIALECTS[engine]
    counter = Counter(source, compile_order(ordered(field, exclude_persons=PERSONS), profile(engine)), ("1",))
    counter.requests()
    counter.results()
    counter.by_day("specimen")
    assert len(source.asked) == 3
    for sql in source.asked:
        assert not re.search(FOREIGN[engine], sql)
        assert sqlglot.parse_one(sql, read=dialect).sql(dialect=dialect) == sql
    if field == "received_on":
        assert ("TRUNC(" if engine is Engine.ORACLE else "AS DATE)") in source.asked[0]
