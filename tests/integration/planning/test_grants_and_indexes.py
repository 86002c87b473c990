"""The order's own role sees its rows and nothing else (law 1), and the scope reaches the source's indexes."""

import contextlib
import datetime as dt
import sqlite3
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import psycopg
import pymysql
import pytest

from ecluse.domain.order import DateRange, PersonBasis
from ecluse.domain.profile import DateStorage, Engine, ScopeColumns, SourceEntity, SourceProfile
from ecluse.migration.compile import bind, compile_order
from ecluse.migration.grants import grants, role_name
from ecluse.migration.persons import make_list, resolve, resolve_on_views
from ecluse.migration.planning import make_plan
from legacy import DIGEST, LOINCS, OUT, TABLES, UNORDERABLE, DbSource, create, fill, order, profile, run
from reference import Legacy, Reference, cut
from servers import Database, MariadbServer, PostgresqlServer

KEY = b"k" * 32
NOW = dt.datetime(2026, 1, 2, tzinfo=dt.UTC)
DATES = ("registered_on", "collected_on", "received_on")


def many(requests: int) -> Legacy:
    """Rows enough for planners to want an index: one request in twenty is in scope by date."""
    found: dict[str, list[dict[str, Any]]] = {entity: [] for entity in TABLES}
    found["patient"] = [{"source_id": n, "family_name": f"N{n}", "nir": None} for n in range(1, 41)]
    found["practitioner"] = [{"source_id": f"M{n}"} for n in range(4)]
    found["site"] = [{"source_id": name} for name in ("A", "B", "É1")]
    for n in range(requests):
        day = dt.date(2000, 1, 1) + dt.timedelta(days=n * 7300 // requests)
        stored = {"registered_on": f"{day:%Y%m%d}", "collected_on": f"{day}", "received_on": f"{day} 08:00:00"}
        people = {"patient": n % 40 + 1, "prescriber": f"M{n % 4}", "collector": None, "site": "ABE"[n % 3]}
        found["request"].append({"source_id": n, **stored, **people})
        found["specimen"].append({"source_id": n, "request": n})
        for code in ("NA", "VIH", None):
            found["observation"].append(
                {"source_id": len(found["observation"]), "request": n, "code": code, "raw_value": "1"}
            )
        found["comment"].append({"source_id": n, "request": n, "observation": n * 3 + n % 3, "text": "t"})
    found["payer"] = [{"source_id": n, "patient": n} for n in range(1, 41)]
    for entity, rows in found.items():
        for row in rows:
            row.update(dict.fromkeys(UNORDERABLE[entity], f"{OUT}-{entity}"))
    return {entity: [{c: row[c] for c in TABLES[entity][1]} for row in rows] for entity, rows in found.items()}


LEGACY = many(3000)


@pytest.fixture(scope="module")
def postgres_base(postgresql: PostgresqlServer) -> Database:
    return _filled(postgresql.database(), Engine.POSTGRESQL)


@pytest.fixture(scope="module")
def maria_base(mariadb: MariadbServer) -> Database:
    return _filled(mariadb.database(), Engine.MYSQL)


def _filled(database: Database, engine: Engine) -> Database:
    with database.connect() as connection:
        run(connection, [*create(engine), *fill(LEGACY)])
        run(connection, ["ANALYZE"] if engine is Engine.POSTGRESQL else ["ANALYZE TABLE DOSSIERS, RESULTATS"])
    return database


@contextlib.contextmanager
def _postgres_role(database: Database, script: str, role: str) -> Iterator[DbSource]:
    database.server.psql(script, database.name)  # type: ignore[union-attr]
    with database.connect(user=role) as connection:
        yield DbSource(connection, "postgres")


@contextlib.contextmanager
def _maria_role(database: Database, script: str, role: str) -> Iterator[DbSource]:
    database.execute(script)
    with pytest.raises(pymysql.err.OperationalError, match=r"locked|denied"):
        database.server.connect(role, user=role)
    database.execute(f"ALTER USER '{role}'@'%' IDENTIFIED BY 'secret' ACCOUNT UNLOCK")
    with database.server.connect(role, user=role, password="secret") as connection:
        yield DbSource(connection, "mysql")


_ROLES = {Engine.POSTGRESQL: _postgres_role, Engine.MYSQL: _maria_role}
_REFUSED = {
    Engine.POSTGRESQL: (
        psycopg.errors.InsufficientPrivilege,
        psycopg.errors.ReadOnlySqlTransaction,
        psycopg.errors.ObjectNotInPrerequisiteState,  # a view of a join takes no DELETE
    ),
    Engine.MYSQL: (pymysql.err.OperationalError,),
}


@pytest.mark.parametrize("engine", [Engine.POSTGRESQL, Engine.MYSQL])
@pytest.mark.parametrize("persons", ["", "persons"])
def test_the_role_reads_the_ordered_rows_and_nothing_else(
    engine: Engine, persons: str, postgres_base: Database, maria_base: Database
) -> None:
    base = postgres_base if engine is Engine.POSTGRESQL else maria_base
    served = profile(engine)
    left = make_list(KEY, PersonBasis.SOURCE_ID, ["3", "7"]) if persons else None
    ordered = replace(
        order(exclude_persons=left.exclusion() if left else None), order=f"BIO-{engine}-{'P' if persons else 'N'}"
    )
    role, script = role_name(ordered), grants(ordered, served)
    with base.connect() as connection:
        wide = DbSource(connection, {"postgresql": "postgres"}.get(engine, engine))
        excluded = resolve(wide, served, left, KEY) if left else None
        full = make_plan(wide, ordered, DIGEST, DIGEST, served, NOW, "agent", excluded=excluded).plan
    reference = Reference(ordered, LEGACY, LOINCS, frozenset(excluded or ()))
    with _ROLES[engine](base, script, role) as source:
        if left:
            excluded = resolve_on_views(source, compile_order(ordered, served, views=role), left, KEY)
            assert excluded
        plan = make_plan(
            source, ordered, DIGEST, DIGEST, served, NOW, "agent", batch_rows=150, excluded=excluded, views=role
        ).plan
        assert {p.entity: p.rows for p in plan.entities} == {p.entity: p.rows for p in full.entities}
        for planned in plan.entities:
            made: list[dict[str, Any]] = []
            for batch in (b for b in plan.batches if b.entity == planned.entity):
                bounds = {"lower": batch.lower, "upper": batch.upper}
                names, rows = source.rows(bind(planned.sql, source.dialect, excluded=excluded, **bounds))
                assert len(rows) == batch.rows
                made += [dict(zip(names, row, strict=True)) for row in rows]
            columns = compile_order(ordered, served).queries[planned.entity].sources
            expected = reference.expected(planned.entity)
            assert expected
            assert cut(made, columns) == cut(expected, columns)
        _check_refused(source, engine, base, role)


def _check_refused(source: DbSource, engine: Engine, base: Database, role: str) -> None:
    home = "public" if engine is Engine.POSTGRESQL else base.name
    attempts = [f"SELECT * FROM {home}.{table}" for table, _columns in TABLES.values()]
    attempts += [f"DELETE FROM {role}.specimen", f"CREATE TABLE {role}.mine (a int)", f"DROP VIEW {role}.request"]
    for attempt in attempts:
        with pytest.raises(_REFUSED[engine]):
            source.connection.cursor().execute(attempt)
    names, _rows = source.rows(f"SELECT * FROM {role}.patient")
    assert set(names) <= {"source_id", "family_name", "nir", "_date", "_site", "_patient"}


def test_the_script_undoes_itself_where_everybody_can_read(postgresql: PostgresqlServer) -> None:
    database = _filled(postgresql.database(), Engine.POSTGRESQL)
    database.execute("GRANT SELECT (NOM) ON PATIENTS TO PUBLIC")
    ordered = replace(order(), order="BIO-OPEN")
    with pytest.raises(psycopg.errors.RaiseException, match="PUBLIC can read 1 table"):
        database.execute(grants(ordered, profile(Engine.POSTGRESQL)))
    assert database.execute("SELECT 1 FROM pg_roles WHERE rolname = 'ecluse_bio_open'") == []


def test_a_role_cannot_peek_through_its_own_function(postgres_base: Database) -> None:
    """Without the barrier, a cheap function in WHERE is run on rows before the view's own conditions."""
    ordered = replace(order(), order="BIO-PEEK")
    role = role_name(ordered)
    with _postgres_role(postgres_base, grants(ordered, profile(Engine.POSTGRESQL)), role) as source:
        cursor, seen = source.connection.cursor(), []
        source.connection.add_notice_handler(lambda notice: seen.append(notice.message_primary))
        cursor.execute("SET default_transaction_read_only = off")
        cursor.execute(
            "CREATE FUNCTION pg_temp.peek(text) RETURNS bool COST 0.0000001 LANGUAGE plpgsql"
            " AS $$ BEGIN RAISE NOTICE '%', $1; RETURN true; END $$"
        )
        _names, rows = source.rows(f"SELECT _date FROM {role}.request WHERE pg_temp.peek(_date)")
        assert rows
        assert len(seen) <= len(rows)


def test_engines_without_users_are_told_so() -> None:
    for engine in (Engine.SQLITE, Engine.CSV):
        assert all(line.startswith("--") for line in grants(order(), profile(engine)).splitlines())


@pytest.mark.parametrize("field", DATES)
@pytest.mark.parametrize("entity", ["request", "observation", "patient"])
def test_the_date_index_drives_every_engine(
    entity: str, field: str, postgres_base: Database, maria_base: Database
) -> None:
    dates = DateRange(f"request.{field}", dt.date(2018, 1, 1), dt.date(2018, 3, 31))  # type: ignore[arg-type]
    index = {"registered_on": "date_enr", "collected_on": "date_prelev", "received_on": "date_recu"}[field]
    lower, upper = ("2018-01-01", "2018-02-01") if entity != "patient" else (None, None)

    def sql(engine: Engine) -> str:
        compiled = compile_order(order(dates=dates), profile(engine))
        return bind(compiled.queries[entity].sql, compiled.dialect, lower=lower, upper=upper)

    plan = "\n".join(row[0] for row in postgres_base.execute(f"EXPLAIN {sql(Engine.POSTGRESQL)}"))
    assert f"by_{index}" in plan
    assert "Index Cond: (" in plan
    assert "Seq Scan on dossiers" not in plan
    rows = maria_base.execute(f"EXPLAIN {sql(Engine.MYSQL)}")
    assert any(row[3:6:2] == ("range", f"by_{index}") for row in rows), rows
    with contextlib.closing(sqlite3.connect(":memory:")) as connection:
        run(connection, [*create(Engine.SQLITE), *fill(LEGACY), "ANALYZE"])
        steps = [row[3] for row in connection.execute(f"EXPLAIN QUERY PLAN {sql(Engine.SQLITE)}")]
    assert any(f"SEARCH DOSSIERS USING INDEX by_{index}" in step for step in steps), steps
    assert not any(step.startswith("SCAN DOSSIERS") for step in steps)


def test_mariadb_dates_that_never_were_stay(mariadb: MariadbServer) -> None:
    database = mariadb.database("CREATE TABLE d (id int, p int, day date, site varchar(9))")
    database.execute(
        "SET sql_mode='ALLOW_INVALID_DATES'; INSERT INTO d VALUES (1, 1, '2018-02-31', 'A'), (2, 1, '2018-00-00', 'A'),"
        " (3, 1, '2018-05-00', 'A'), (4, 1, '2018-02-28', 'A'), (5, 1, NULL, 'A'), (6, 1, '0000-00-00', 'A')"
    )
    request = SourceEntity(
        "SELECT id AS source_id, day AS registered_on, site AS site FROM d",
        scope=ScopeColumns({"registered_on": DateStorage.DATE}),
    )
    served = SourceProfile("ecluse.source-profile/1", "d", "d", Engine.MYSQL, {"request": request})
    ordered = order(fields={"request": ("source_id",)})
    sql = bind(compile_order(ordered, served).queries["request"].sql, "mysql")
    assert [row[0] for row in database.execute(sql)] == [4]
    with database.connect() as connection:
        plan = make_plan(DbSource(connection, "mysql"), ordered, DIGEST, DIGEST, served, NOW, "agent").plan
    assert plan.entity("request").rows == 1
    assert sum(each.rows or 0 for each in plan.left_out) == 5
