"""A place: made whole, one process at a time, its artefacts what their digests say, its journal never past mending."""

import datetime as dt
import os
import subprocess
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from artefact_samples import AGREEMENT, ORDER, digest
from ecluse.domain.agreement import Agreement
from ecluse.domain.entry import Entry, Event
from ecluse.domain.errors import (
    BusyError,
    EcluseError,
    InternalError,
    MalformedError,
    RefusedError,
    StorageError,
    TamperError,
    TransitionError,
    UsageError,
)
from ecluse.domain.lifecycle import State
from ecluse.domain.order import Order
from ecluse.wire.artefacts import digest_of, encode, validate
from ecluse.workspace.place import Place, Workspace
from ecluse.workspace.progress import MOVES, replay

AT = dt.datetime(2026, 3, 2, 8, 0, 0, 123456, tzinfo=dt.UTC)
ORDERED = validate(Order, ORDER)


def _new(root: Path) -> Workspace:
    return Workspace.create(root / "place", Place.SOURCE, "agent-a", clock=lambda: AT)


@pytest.fixture
def place(tmp_path: Path) -> Any:
    with _new(tmp_path) as made:
        yield made


def test_a_new_place_says_so(place: Workspace) -> None:
    (entry,) = place.entries()
    assert (entry.event, entry.subject, entry.actor, entry.order) == (Event.OPENED, "source", "agent-a", None)
    assert entry.at == AT.replace(microsecond=0)
    assert place.progress().state is State.ORDERED
    assert {p.stat().st_mode & 0o777 for p in (place.root, place.root / "keys")} == {0o700}
    assert (place.root / "keys" / "log.key").stat().st_mode & 0o777 == 0o600


def test_reopened_it_is_the_same(tmp_path: Path) -> None:
    with _new(tmp_path) as made:
        made.log(Event.CHECKPOINT_COSIGNED, subject="x")
    with Workspace(tmp_path / "place") as again:
        assert (again.place, again.agent, again.journal.size) == (Place.SOURCE, "agent-a", 2)
        assert again.progress() == replay(again.entries())


def test_it_is_not_made_twice(tmp_path: Path) -> None:
    _new(tmp_path).close()
    with pytest.raises(UsageError, match="already"):
        _new(tmp_path)
    with pytest.raises(UsageError, match="already"):
        Workspace.create(tmp_path / "place", Place.DESTINATION, "agent-a")
    with Workspace(tmp_path / "place") as kept:
        assert kept.journal.size == 1


@pytest.mark.parametrize("stage", ["folder", "keys", "mark"])
def test_an_interrupted_making_is_finished(tmp_path: Path, stage: str, monkeypatch: pytest.MonkeyPatch) -> None:
    root = tmp_path / "place"
    if stage == "folder":
        root.mkdir()
    else:
        name = "ecluse.workspace.place.write_atomic" if stage == "keys" else "ecluse.workspace.place.Workspace.log"
        monkeypatch.setattr(name, _killed)
        with pytest.raises(KeyboardInterrupt):
            _new(tmp_path)
        monkeypatch.undo()
    with _new(tmp_path) as made:
        assert [entry.event for entry in made.entries()] == [Event.OPENED]


def _killed(*_: object, **__: object) -> None:
    raise KeyboardInterrupt


def test_never_in_a_folder_of_somebody_elses(tmp_path: Path) -> None:
    (tmp_path / "place").mkdir()
    (tmp_path / "place" / "thesis.odt").write_text("precious")
    with pytest.raises(UsageError, match=r"not empty.*thesis.odt"):
        _new(tmp_path)
    assert [p.name for p in (tmp_path / "place").iterdir()] == ["thesis.odt"]
    (tmp_path / "file").write_text("")
    with pytest.raises(StorageError):
        Workspace.create(tmp_path / "file" / "place", Place.SOURCE, "agent-a")


def test_none_there(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="no workspace here"):
        Workspace(tmp_path)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    "mark",
    [b"", b"{}", b"[]", b"null", b'"x"', b'{"format":"ecluse.workspace/1"}', b"\xff",
     b'{"agent":"a","format":"ecluse.workspace/2","place":"source"}',
     b'{"agent":"a","format":"ecluse.workspace/1","place":"elsewhere"}'],
)  # fmt: skip
def test_a_mark_that_is_none(tmp_path: Path, mark: bytes) -> None:
    _new(tmp_path).close()
    (tmp_path / "place" / "workspace.json").write_bytes(mark)
    with pytest.raises(MalformedError):
        Workspace(tmp_path / "place")


def test_one_process_at_a_time(place: Workspace) -> None:
    with pytest.raises(BusyError):
        Workspace(place.root)
    script = "import sys; from pathlib import Path; from ecluse.workspace.place import Workspace; Workspace(Path(sys.argv[1]))"
    done = subprocess.run([sys.executable, "-c", script, str(place.root)], capture_output=True, text=True, check=False)
    assert "BusyError" in done.stderr
    place.close()
    Workspace(place.root).close()


def test_a_place_that_fails_to_open_is_not_left_locked(tmp_path: Path) -> None:
    _new(tmp_path).close()
    key = tmp_path / "place" / "keys" / "log.key"
    kept = key.read_bytes()
    key.write_bytes(b"no key")
    with pytest.raises(EcluseError):
        Workspace(tmp_path / "place")
    key.write_bytes(kept)
    Workspace(tmp_path / "place").close()


def test_artefacts_come_back(place: Workspace) -> None:
    for _ in range(2):
        assert place.put(ORDERED, {"dr.martin": b"signature", "a.second": b"other"}) == digest_of(ORDERED)
    assert place.get(Order, digest_of(ORDERED)) == ORDERED
    assert place.signatures(Order, digest_of(ORDERED)) == {"dr.martin": b"signature", "a.second": b"other"}
    assert place.signatures(Agreement, digest_of(ORDERED)) == {}
    place.put(ORDERED, {"third": b"later"})
    assert set(place.signatures(Order, digest_of(ORDERED))) == {"dr.martin", "a.second", "third"}


@pytest.mark.parametrize(
    "change", [lambda b: b + b"\n", lambda b: b[:-1], lambda b: b.replace(b"2019", b"2020"), lambda b: b""]
)
def test_an_artefact_changed_on_disk(place: Workspace, change: Any) -> None:
    address = place.put(ORDERED, {})
    (file,) = (place.root / "artefacts" / "order").glob("*.json")
    file.write_bytes(change(file.read_bytes()))
    with pytest.raises(TamperError, match="digest") as caught:
        place.get(Order, address)
    assert str(file) in str(caught.value)


def test_an_artefact_of_another_kind_or_none(place: Workspace) -> None:
    address = place.put(ORDERED, {})
    with pytest.raises(StorageError):
        place.get(Agreement, address)
    with pytest.raises(StorageError):
        place.get(Order, digest("nothing"))
    with pytest.raises(RefusedError, match="no order yet"):
        place.pinned(Order)


def test_what_nobody_could_read_again_is_not_kept(place: Workspace) -> None:
    broken = [
        replace(ORDERED, version=0),
        replace(ORDERED, order="a b"),
        replace(ORDERED, source=replace(ORDERED.source, site="")),
        replace(ORDERED, version=2**53),
    ]
    for value in broken:
        with pytest.raises(InternalError):
            place.put(value, {"dr.martin": b"signature"})
    assert not (place.root / "artefacts").exists()
    with pytest.raises(InternalError):
        place.log(Event.BATCH_SEALED, subject="x", rows=2**60)
    with pytest.raises(InternalError):
        place.log(Event.BATCH_SEALED, order="BIO-1", subject="x")
    assert place.journal.size == 1


@pytest.mark.parametrize("event", [event for event in MOVES if event is not Event.ORDER_APPROVED])
def test_an_entry_out_of_turn_is_not_written(place: Workspace, event: Event) -> None:
    if event in {Event.ABORTED, Event.SUSPENDED}:
        place.log(event)
        place.log(Event.ERASED, subject=digest("x")) if event is Event.ABORTED else place.log(Event.RESUMED)
    else:
        with pytest.raises(TransitionError):
            place.log(event, subject=digest("x"))
        assert place.journal.size == 1
    assert place.progress() == replay(place.entries())


def test_progress_is_what_a_replay_says(place: Workspace) -> None:
    order = digest_of(ORDERED)
    place.log(Event.AGREEMENT_RECORDED, order=order, subject=digest_of(validate(Agreement, AGREEMENT)))
    place.log(Event.ORDER_APPROVED, order=order, subject=order)
    place.log(Event.PLAN_SIGNED, subject=digest("plan"))
    place.log(Event.EXTRACTION_STARTED)
    place.log(Event.BATCH_EXTRACTING, subject="a-1")
    place.log(Event.BATCH_SEALED, subject="a-1", receipt=digest("r"))
    place.log(Event.SUSPENDED)
    assert place.progress().state is State.SUSPENDED
    place.log(Event.RESUMED)
    place.log(Event.SUSPENDED)
    place.log(Event.RESUMED)
    found = place.progress()
    assert (found.state, found.sealed, found.size) == (State.EXTRACTING, {"a-1": digest("r")}, 11)
    assert found.pins["plan"] == digest("plan")
    assert {entry.order for entry in list(place.entries())[1:]} == {order}
    assert found == replay(place.entries())
    for cut in range(12):
        entries = list(place.entries())
        assert replay(entries[cut:], replay(entries[:cut])) == found


def test_a_journal_that_moves_where_it_may_not(place: Workspace) -> None:
    stray = Entry("ecluse.entry/1", place.now(), "agent-a", Event.LOADED, None, "", {})
    place.journal.append([encode(stray)])
    with pytest.raises(TransitionError):
        place.progress()


def test_secrets(place: Workspace) -> None:
    one = place.secret("digest")
    assert len(one) == 32
    assert place.secret("digest") == one != place.secret("canary")
    assert [path.name for path in place.secrets()] == ["canary.secret", "digest.secret"]
    assert {path.stat().st_mode & 0o777 for path in place.secrets()} == {0o600}
    for path in place.secrets():
        place.destroy(path)
    assert place.secrets() == ()
    (place.root / "keys" / "digest.secret").write_bytes(b"short")
    with pytest.raises(MalformedError):
        place.secret("digest")


def test_half_written_files_are_swept_at_opening(tmp_path: Path) -> None:
    _new(tmp_path).close()
    part = tmp_path / "place" / "parcels" / "sealed" / "a-1.age.part"
    part.parent.mkdir(parents=True)
    part.write_bytes(b"half")
    Workspace(tmp_path / "place").close()
    assert not part.exists()


def test_a_full_disk_while_logging(place: Workspace, monkeypatch: pytest.MonkeyPatch) -> None:
    before = place.progress()

    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(StorageError):
        place.log(Event.CHECKPOINT_COSIGNED, subject="x")
    monkeypatch.undo()
    root = place.root
    place.close()
    with Workspace(root) as again:
        assert again.progress() == before
        again.log(Event.CHECKPOINT_COSIGNED, subject="x")
        assert again.journal.size == 2
