"""Steps that are called when it is not their turn, on whole small migrations: nothing moves, nothing is lost."""

import contextlib
import shutil
import sqlite3
from pathlib import Path

import pytest

from ecluse.domain.entry import Event
from ecluse.domain.errors import ScopeViolationError, TamperError, TransitionError, UsageError
from ecluse.migration.gate import ReceivingGate
from ecluse.workspace.place import Workspace
from migrating import Desk, W


@pytest.fixture(scope="module")
def planned(tmp_path_factory: pytest.TempPathFactory) -> Desk:
    desk = Desk.made(tmp_path_factory.mktemp("planned") / "desk", patients=6)
    desk.plan()
    return desk


@pytest.fixture
def desk(planned: Desk, tmp_path: Path) -> Desk:
    return planned.copy(tmp_path / "desk")


def moved(desk: Desk, *events: Event, place: str = "source") -> None:
    with Workspace(desk.path("migration", place)) as opened:
        for event in events:
            opened.log(event)


def staged(desk: Desk) -> list[str]:
    with contextlib.closing(sqlite3.connect(desk.path("new.sqlite"))) as target:
        return [n for (n,) in target.execute("SELECT name FROM sqlite_master WHERE name LIKE 'ecluse_stage%'")]


def events(desk: Desk, place: str) -> list[Event]:
    with Workspace(desk.path("migration", place)) as opened:
        return [entry.event for entry in opened.entries()]


def parcels(desk: Desk) -> list[Path]:
    return list(desk.path("migration").rglob("*.age"))


@pytest.mark.parametrize("how", [Event.SUSPENDED, Event.ABORTED])
def test_nothing_is_extracted_from_a_stopped_migration(desk: Desk, how: Event) -> None:
    moved(desk, Event.EXTRACTION_STARTED, how)
    done = desk.ecluse("extract", *W, code=TransitionError.exit_code)
    assert "cannot extract" in done.err or how is Event.ABORTED
    assert Event.BATCH_EXTRACTING not in events(desk, "source")
    assert not parcels(desk)


def test_nothing_is_extracted_after_the_erasure(desk: Desk) -> None:
    """Else parcels and keys come back that no certificate names and nothing will ever erase (law 7)."""
    moved(desk, Event.ABORTED)
    desk.ecluse("erase", *W)
    before = events(desk, "source")
    desk.ecluse("extract", *W, code=TransitionError.exit_code)
    assert events(desk, "source") == before
    assert not parcels(desk)
    assert {path.name for path in desk.path("migration", "source", "keys").iterdir()} == {"log.key"}


def test_extracting_twice_is_harmless(desk: Desk) -> None:
    desk.ecluse("extract", *W)
    before = events(desk, "source")
    desk.ecluse("extract", *W)
    assert events(desk, "source") == before


def test_a_violation_at_the_recipient_is_journalled_and_suspends(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    for step in ("extract", "deliver", "receive"):
        desk.ecluse(step, *W)

    def refuses(*_: object) -> None:
        raise ScopeViolationError("observation: a rule of the order")

    with monkeypatch.context() as patch:
        patch.setattr(ReceivingGate, "check", refuses)
        desk.ecluse("load", *W, code=ScopeViolationError.exit_code)
    assert events(desk, "destination")[-2:] == [Event.SCOPE_VIOLATION, Event.SUSPENDED]
    desk.ecluse("load", *W, code=TransitionError.exit_code)
    assert not any(desk.target_rows().values())
    desk.ecluse("resume", *W)
    assert desk.states() == ("delivered", "reconciled")


def test_staging_tables_of_a_load_that_never_began_are_dropped(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    for step in ("extract", "deliver", "receive"):
        desk.ecluse(step, *W)

    def dies(*_: object) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr("ecluse.migration.load.spread", dies)
        desk.ecluse("load", *W, code=130)
    assert staged(desk), "nothing was prepared: this test shows nothing"
    assert events(desk, "destination")[-1] is Event.BATCH_LOADING
    for place in ("source", "destination"):
        moved(desk, Event.ABORTED, place=place)
    desk.ecluse("erase", *W)
    assert not staged(desk)


def test_a_parcel_changed_after_its_receipt_is_journalled(desk: Desk) -> None:
    for step in ("extract", "deliver", "receive"):
        desk.ecluse(step, *W)
    for path in sorted(desk.path("migration", "destination", "parcels", "received").iterdir()):
        path.write_bytes(path.read_bytes()[:-1] + b"\0")
    desk.ecluse("load", *W, code=TamperError.exit_code)
    assert not any(desk.target_rows().values())


def test_a_mailbox_keeps_what_is_another_migration_s(desk: Desk, planned: Desk, tmp_path: Path) -> None:
    """A recipient that receives again must not erase what another one is being sent."""
    other, box = planned.copy(tmp_path / "other"), ("--mailbox", str(tmp_path / "box"))
    other.sign_order(lambda order: order | {"order": "BIO-OTHER"})
    shutil.rmtree(other.path("migration"))
    other.plan()
    for one in (desk, other):
        one.ecluse("extract", *W)
    desk.ecluse("deliver", *W, *box)
    other.ecluse("deliver", *W, *box, code=UsageError.exit_code)
    desk.ecluse("receive", *W, *box)
    assert not list((tmp_path / "box").glob("[!.]*"))
    other.ecluse("deliver", *W, *box)
    waiting = set((tmp_path / "box").iterdir())
    desk.ecluse("receive", *W, *box)
    assert set((tmp_path / "box").iterdir()) == waiting
    other.ecluse("receive", *W, *box)
    assert not list((tmp_path / "box").glob("[!.]*"))
