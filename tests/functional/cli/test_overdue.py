"""Law 7 by the command line: on the erase-by date any command erases, whatever was half done when everybody left."""

import datetime as dt
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from ecluse.adapters.destinations.sqlite import SqliteDestination
from ecluse.domain.entry import Event
from ecluse.workspace.place import Workspace
from functional.cli import lis
from functional.cli.world import Desk

BY = "2098-12-31"


def tables(desk: Desk) -> set[str]:
    with closing(sqlite3.connect(desk.root / "new.sqlite")) as target:
        return {name for (name,) in target.execute("SELECT name FROM sqlite_master WHERE type = 'table'")}


def late(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Workspace, "now", lambda _place: dt.datetime(2098, 12, 31, 0, 0, tzinfo=dt.UTC))


def states(desk: Desk) -> set[str]:
    return {place["state"] for place in desk.run("status w --json").json()["places"].values()}


def test_a_load_that_died_after_staging_and_before_its_entry(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    """Rows lie in staging tables, and no entry says that a batch was loaded."""
    lis.prepared(desk, **{"retention.erase_by": BY})
    desk.run(f"{lis.PLAN} {lis.DESTINATION}")
    before = tables(desk)
    for step in ("extract", "deliver", "receive"):
        desk.run(f"{step} -w w")
    log = Workspace.log

    def dies(place: Workspace, event: Event, **given: str) -> None:
        if event is Event.BATCH_LOADED:
            raise KeyboardInterrupt
        log(place, event, **given)

    with monkeypatch.context() as patch:
        patch.setattr(Workspace, "log", dies)
        desk.run("load -w w", code=None)
    ledger = {"ecluse_ledger", "ecluse_publication"}
    assert tables(desk) - before - ledger, "nothing was staged: this test shows nothing"
    late(monkeypatch)
    desk.run("run -w w", code=None)
    assert states(desk) == {"erased"}
    assert tables(desk) - ledger == before
    assert lis.rows(desk, "resultat") == 0
    assert not Path("kalisil.key").exists()
    assert not list(Path("w").rglob("*.age"))


def test_parcels_that_nobody_fetched_are_taken_back(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    lis.prepared(desk, **{"retention.erase_by": BY})
    desk.run(f"{lis.PLAN} {lis.DESTINATION}")
    desk.run("extract -w w")
    desk.run("deliver -w w")
    assert list(Path("w/mailbox").glob("*.age"))
    late(monkeypatch)
    desk.run("run -w w", code=None)
    assert states(desk) == {"erased"}
    assert not list(Path("w").rglob("*.age"))


def test_a_publication_that_died_in_the_middle_does_not_keep_the_keys_alive(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    lis.prepared(desk, **{"retention.erase_by": BY})
    desk.run(f"{lis.PLAN} {lis.DESTINATION}")
    before = tables(desk)
    for step in ("extract", "deliver", "receive"):
        desk.run(f"{step} -w w")

    def dies(_target: SqliteDestination, _order: str) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(SqliteDestination, "publish", dies)
        desk.run("load -w w", code=None)
    late(monkeypatch)
    desk.run("run -w w", code=None)
    assert states(desk) == {"erased"}
    assert tables(desk) - {"ecluse_ledger", "ecluse_publication"} == before
    assert lis.rows(desk, "resultat") == 0


def test_an_erasure_that_died_with_the_identity_overwritten_goes_on(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    lis.prepared(desk)
    desk.run(f"{lis.PLAN} {lis.DESTINATION}")
    desk.run("run -w w")
    destroy = Workspace.destroy

    def dies(place: Workspace, path: Path) -> None:
        if path.name == "kalisil.key":
            path.write_bytes(bytes(path.stat().st_size))
            raise KeyboardInterrupt
        destroy(place, path)

    with monkeypatch.context() as patch:
        patch.setattr(Workspace, "destroy", dies)
        desk.run("accept -w w --key director.key", code=None)
    assert Path("kalisil.key").exists()
    desk.run("run -w w")
    assert states(desk) == {"erased"}
    assert not Path("kalisil.key").exists()
    desk.run("evidence export w --out evidence.zip")
    assert desk.verify()["complete"]
