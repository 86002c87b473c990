"""Law 1: for any source and any order, the plan's queries return exactly the rows and columns ordered (R2, R3)."""

import contextlib
import datetime as dt
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import pyarrow as pa
import pytest
from hypothesis import Phase, given, settings
from hypothesis import strategies as st

from ecluse.adapters.sources import SourceSpec, open_source
from ecluse.domain.order import Order, PersonBasis
from ecluse.domain.plan import LeftOutReason, Plan
from ecluse.domain.profile import Engine, SourceProfile
from ecluse.migration.codes import NO_CODE
from ecluse.migration.compile import bind, compile_order
from ecluse.migration.gate import Gate
from ecluse.migration.persons import make_list, normalised, resolve
from ecluse.migration.planning import make_plan
from ecluse.migration.ports import Source
from firebird_servers import FirebirdDatabase, firebird_file
from legacy import DIGEST, LOINCS, OUT, DbSource, create, excluding, fill, four_sources, legacies, profile, run, scopes
from reference import Legacy, Reference, cut, day, text
from servers import MariadbServer, PostgresqlServer

KEY = b"k" * 32
NOW = dt.datetime(2026, 1, 2, 3, 4, 5, tzinfo=dt.UTC)


@pytest.fixture(scope="session")
def sources(
    postgresql: PostgresqlServer, mariadb: MariadbServer, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[dict[Engine, DbSource]]:
    with contextlib.ExitStack() as stack:
        found = four_sources(stack, postgresql, mariadb)
        database = firebird_file(tmp_path_factory.mktemp("firebird") / "lab.fdb", *create(Engine.FIREBIRD))
        found[Engine.FIREBIRD] = stack.enter_context(FirebirdLegacy.opened(database))
        yield found


class FirebirdLegacy(DbSource):
    """The real source, since character sets are its connection's; another connection writes."""

    @classmethod
    @contextlib.contextmanager
    def opened(cls, database: FirebirdDatabase) -> Iterator["FirebirdLegacy"]:
        spec = SourceSpec(Engine.FIREBIRD, database.url)
        with database.connected() as writer, contextlib.closing(open_source(spec)) as reader:
            made = cls(writer, reader.dialect)
            made.reader = reader
            yield made

    reader: Source

    def query(self, sql: str) -> pa.Table:
        self.reader.adopt_snapshot(None)
        return self.reader.query(sql)

    def rows(self, sql: str) -> tuple[list[str], list[tuple[Any, ...]]]:
        table = self.query(sql)
        return table.column_names, list(zip(*(column.to_pylist() for column in table.columns), strict=True))


@pytest.mark.parametrize("engine", [Engine.POSTGRESQL, Engine.MYSQL, Engine.SQLITE, Engine.CSV, Engine.FIREBIRD])
# Examples are small as drawn; shrinking one on a server takes minutes.
@settings(phases=[Phase.explicit, Phase.generate])
@given(data=st.data())
def test_plan_returns_exactly_what_was_ordered(
    sources: dict[Engine, DbSource], engine: Engine, data: st.DataObject
) -> None:
    source, served = sources[engine], profile(engine)
    legacy, scope = data.draw(legacies(engine)), data.draw(scopes())
    basis = data.draw(st.sampled_from([None, *PersonBasis]))
    run(source.connection, fill(legacy, one_by_one=engine is Engine.FIREBIRD))
    excluded, ordered = None, excluding(scope, None)
    if basis is not None:
        chosen = data.draw(st.sets(st.sampled_from(_identities(legacy, basis)), max_size=3))
        persons = make_list(KEY, basis, chosen)
        ordered = excluding(scope, persons.exclusion())
        excluded = resolve(source, served, persons, KEY)
        assert excluded == _excluded(legacy, basis, chosen)
    reference = Reference(ordered, legacy, LOINCS, frozenset(excluded or ()))
    size = data.draw(st.integers(1, 5))
    plan = make_plan(source, ordered, DIGEST, DIGEST, served, NOW, "agent", batch_rows=size, excluded=excluded).plan
    compiled = compile_order(ordered, served)
    for planned in plan.entities:
        sources_ = compiled.queries[planned.entity].sources
        gate = Gate(ordered, _one_storage(served, ordered), planned, frozenset(excluded or ()))
        rows = _extract(source, plan, planned.entity, excluded, gate)
        expected = reference.expected(planned.entity)
        assert cut(rows, sources_) == cut(expected, sources_)
        assert planned.rows == len(expected)
        control = {"_date", "_site", *(["_patient"] if basis else [])}
        control |= {"_code"} if planned.entity in {"observation", "comment"} else set()
        assert all(set(row) == {*sources_, *control} for row in rows)
        _check_control(reference, planned.entity, rows, expected)
    _check_accounts(plan, legacy)


def _one_storage(served: SourceProfile, ordered: Order) -> SourceProfile:
    """The gate reads text dates in one form a source; here each date field has another."""
    request, name = served.entities["request"], ordered.scope.dates.field.removeprefix("request.")
    assert request.scope is not None
    scope = replace(request.scope, dates={name: request.scope.dates[name]})
    return replace(served, entities={**served.entities, "request": replace(request, scope=scope)})


def _extract(source: DbSource, plan: Plan, entity: str, excluded: Any, gate: Gate) -> list[dict[str, Any]]:
    made = []
    for batch in (b for b in plan.batches if b.entity == entity):
        sql = bind(plan.entity(entity).sql, source.dialect, lower=batch.lower, upper=batch.upper, excluded=excluded)
        gate.check_raw(source.query(sql), batch)
        names, rows = source.rows(sql)
        assert len(rows) == batch.rows, "the batch holds as many rows as were planned"
        assert not any(OUT in str(value) for row in rows for value in row)
        made += [dict(zip(names, row, strict=True)) for row in rows]
    return made


def _check_control(
    reference: Reference, entity: str, rows: list[dict[str, Any]], expected: list[dict[str, Any]]
) -> None:
    """The columns by which the gate checks each row again are true of it."""
    whole = {text(row["source_id"]): row for row in expected}
    for row in rows:
        days = reference.reaching_days(entity, whole[text(row["source_id"])])
        assert day(row["_date"]) == min(filter(None, days))
        assert text(row["_site"]) in reference.order.scope.sites
        assert "_patient" not in row or text(row["_patient"]) not in reference.excluded
        if "_code" in row:
            assert text(row["_code"]) == reference.code(entity, whole[text(row["source_id"])], NO_CODE)


def _check_accounts(plan: Plan, legacy: Legacy) -> None:
    """Every row of an ordered entity either leaves or is listed with the reason why it stays."""
    counted = set(LeftOutReason) - {LeftOutReason.FIELD, LeftOutReason.ENTITY}
    for planned in plan.entities:
        stays = sum(o.rows or 0 for o in plan.left_out if o.entity == planned.entity and o.reason in counted)
        assert planned.rows + stays == len(legacy[planned.entity])


def _identities(legacy: Legacy, basis: PersonBasis) -> list[str]:
    name = "source_id" if basis is PersonBasis.SOURCE_ID else "nir"
    return ["999", *(str(row[name]) for row in legacy["patient"] if row[name])]


def _excluded(legacy: Legacy, basis: PersonBasis, chosen: set[str]) -> tuple[str, ...]:
    wanted = {normalised(identity, basis) for identity in chosen}
    name = "source_id" if basis is PersonBasis.SOURCE_ID else "nir"
    found = {str(r["source_id"]) for r in legacy["patient"] if r[name] and normalised(str(r[name]), basis) in wanted}
    return tuple(sorted(found))
