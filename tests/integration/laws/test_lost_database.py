"""Law 4: a database that goes away in the middle of a run ends it with the documented code, and nothing is lost."""

from collections.abc import Callable
from dataclasses import replace

import pytest

from migrating import Desk, W, expected_rows
from migrating_engines import move_source, move_target, server_rows
from servers import Database, MariadbServer, PostgresqlServer, free_port

Fresh = Callable[[Desk], Desk]

LOST = 30

KILLED_READING = """
CREATE TABLE chaos (on_table text);
ALTER TABLE {table} RENAME TO real_rows;
CREATE FUNCTION calm() RETURNS boolean LANGUAGE plpgsql AS $$
BEGIN
  IF EXISTS (SELECT FROM chaos) THEN PERFORM pg_terminate_backend(pg_backend_pid()); PERFORM pg_sleep(5); END IF;
  RETURN true;
END $$;
CREATE VIEW {table} AS SELECT * FROM real_rows WHERE calm();
"""
"""The server ends the connection that reads the table, while ``chaos`` holds a row."""

KILLED_WRITING = """
CREATE TABLE chaos (on_table text);
CREATE FUNCTION storm() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF EXISTS (SELECT FROM public.chaos) THEN PERFORM pg_terminate_backend(pg_backend_pid()); PERFORM pg_sleep(5); END IF;
  RETURN NEW;
END $$;
"""
IN_STAGING = """
CREATE FUNCTION plant() RETURNS event_trigger LANGUAGE plpgsql AS $$
DECLARE made record;
BEGIN
  FOR made IN SELECT * FROM pg_event_trigger_ddl_commands() WHERE command_tag = 'CREATE TABLE' LOOP
    EXECUTE 'CREATE TRIGGER storm BEFORE INSERT ON ' || made.object_identity || ' FOR EACH ROW EXECUTE FUNCTION public.storm()';
  END LOOP;
END $$;
CREATE EVENT TRIGGER planting ON ddl_command_end WHEN TAG IN ('CREATE TABLE') EXECUTE FUNCTION plant();
"""
IN_TARGET = "CREATE TRIGGER storm BEFORE INSERT ON {table} FOR EACH ROW EXECUTE FUNCTION storm();"


def between(signed: Desk, fresh: Fresh, server: PostgresqlServer) -> tuple[Desk, Database, Database]:
    """A desk between two PostgreSQL databases, not planned yet."""
    desk = fresh(signed)
    source, target = move_source(desk, "postgresql", server), move_target(desk, "postgresql", server)
    assert source is not None
    return replace(desk, source=(source.url, "source.yaml"), target=(target.url, "target.yaml")), source, target


def completes(desk: Desk, target: Database) -> None:
    desk.ecluse("resume", *W)
    assert server_rows(target) == expected_rows(desk.built)
    desk.finish()


@pytest.mark.parametrize("table", ["PATIENTS", "DOSSIERS", "RESULTATS"])
def test_the_source_hangs_up(signed: Desk, fresh: Fresh, postgresql: PostgresqlServer, table: str) -> None:
    desk, source, target = between(signed, fresh, postgresql)
    source.execute(KILLED_READING.format(table=table))
    desk.plan()
    source.execute("INSERT INTO chaos VALUES ('x')")
    for _ in range(2):
        stopped = desk.ecluse("run", *W, code=LOST)
        assert stopped.err.startswith("error: ")
        assert "terminating" not in stopped.err
    source.execute("DELETE FROM chaos")
    completes(desk, target)


@pytest.mark.parametrize("where", ["staging", "patient", "demande", "resultat"])
def test_the_destination_hangs_up(signed: Desk, fresh: Fresh, postgresql: PostgresqlServer, where: str) -> None:
    """While rows are staged; while they are published, table by table."""
    desk, _source, target = between(signed, fresh, postgresql)
    target.execute(KILLED_WRITING)
    target.execute(IN_STAGING if where == "staging" else IN_TARGET.format(table=where))
    desk.plan()
    target.execute("INSERT INTO chaos VALUES ('x')")
    for _ in range(2):
        desk.ecluse("run", *W, code=LOST)
    assert server_rows(target) == {"patient": {}, "request": {}, "observation": {}}, "published in part"
    target.execute("DELETE FROM chaos")
    completes(desk, target)


@pytest.mark.parametrize("engine", ["postgresql", "mysql"])
def test_nobody_answers(signed: Desk, fresh: Fresh, request: pytest.FixtureRequest, engine: str) -> None:
    """The destination, then the source, are not there when their turn comes."""
    desk = fresh(signed)
    server: PostgresqlServer | MariadbServer = request.getfixturevalue("postgresql" if engine == "postgresql" else "mariadb")
    source, target = move_source(desk, engine, server), move_target(desk, engine, server)
    assert source is not None
    tls = "?tls=off" if engine == "mysql" else ""
    there, port = source.url + tls, f":{server.port}/"
    gone = there.replace(port, f":{free_port()}/")
    desk = replace(desk, source=(there, "source.yaml"), target=(target.url + tls, "target.yaml"))
    missing = replace(desk, source=(gone, "source.yaml"))
    before = sorted(str(path) for path in desk.root.rglob("*"))
    missing.plan(code=LOST)
    assert sorted(str(path) for path in desk.root.rglob("*")) == before, "a plan that failed left something"
    desk.plan()
    desk.ecluse("run", *W, "--source", gone, code=LOST)
    desk.ecluse("run", *W, "--source", there, "--destination", gone, code=LOST)
    desk.ecluse("run", *W, "--destination", target.url + tls)
    assert server_rows(target) == expected_rows(desk.built)
