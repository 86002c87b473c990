"""An extraction that is resumed reads another snapshot: what was sealed must still be what the source holds (law 3)."""

import contextlib
import sqlite3
from pathlib import Path

import pytest

from ecluse.domain.entry import Event
from ecluse.domain.errors import ScopeViolationError
from ecluse.workspace.place import Workspace
from migrating import Desk, W


@pytest.fixture
def half(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Desk:
    """Killed after the first batch of requests of 2018 was sealed."""
    desk = Desk.made(tmp_path / "desk", patients=20)
    desk.plan("--batch-rows", "4")
    log = Workspace.log

    def dies(self: Workspace, event: Event, **detail: object) -> None:
        log(self, event, **detail)  # type: ignore[arg-type]
        if event is Event.BATCH_SEALED and str(detail["subject"]).startswith("request-2018-0002"):
            raise KeyboardInterrupt

    monkeypatch.setattr(Workspace, "log", dies)
    desk.ecluse("extract", *W, code=None)
    monkeypatch.setattr(Workspace, "log", log)
    with Workspace(desk.path("migration", "source")) as place:
        assert "request-2018-0001" in place.progress().sealed
    return desk


def swapped(desk: Desk) -> None:
    """The old system is worked on: one request of a sealed batch leaves, another takes its place; counts agree."""
    with contextlib.closing(sqlite3.connect(desk.path("legacy.sqlite"))) as legacy, legacy:
        key, day = legacy.execute(
            "SELECT ID_DOSSIER, DATE_ENR FROM DOSSIERS WHERE DATE_ENR BETWEEN '20180101' AND '20181231' "
            "AND CODE_SITE = 'RENNES-SUD' ORDER BY DATE_ENR LIMIT 1"
        ).fetchone()
        legacy.execute("UPDATE DOSSIERS SET ID_DOSSIER = 900001 WHERE ID_DOSSIER = ? AND DATE_ENR = ?", (key, day))
        legacy.execute("UPDATE RESULTATS SET ID_DOSSIER = 900001 WHERE ID_DOSSIER = ?", (key,))


def test_a_row_that_moved_meanwhile_stops_the_resumption(half: Desk) -> None:
    swapped(half)
    refused = half.ecluse("run", *W, code=ScopeViolationError.exit_code)
    assert "no longer those that an earlier attempt sealed" in refused.err
    assert "900001" not in refused.err + refused.out
    with Workspace(half.path("migration", "source")) as place:
        told = [entry.event for entry in place.entries()][-2:]
    assert told == [Event.SCOPE_VIOLATION, Event.SUSPENDED]


def test_an_unchanged_source_is_resumed(half: Desk) -> None:
    half.ecluse("run", *W)
    assert half.states() == ("delivered", "reconciled")
