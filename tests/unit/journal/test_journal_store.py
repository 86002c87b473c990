"""One suite for both stores, and what the folder's alone must do."""

import multiprocessing
import os
from pathlib import Path

import pytest

from ecluse.domain.errors import BusyError, InternalError, MalformedError, StorageError
from ecluse.journal import store as store_module
from ecluse.journal.fsck import fsck
from ecluse.journal.keys import LogKey
from ecluse.journal.log import Journal
from ecluse.journal.store import FolderStore, JournalStore, MemoryStore
from ecluse.journal.tiles import MAX_FILE


@pytest.fixture(params=["folder", "memory"])
def store(request: pytest.FixtureRequest, tmp_path: Path) -> JournalStore:
    return FolderStore(tmp_path / "deep" / "journal") if request.param == "folder" else MemoryStore()


def test_what_is_written_is_read(store: JournalStore) -> None:
    assert store.read("a") is None
    assert store.names("") == ()
    store.write("a", b"1")
    store.write("tile/0/x001/000.p/3", b"")
    store.write("a", b"22")
    assert store.read("a") == b"22"
    assert store.read("tile/0/x001/000.p/3") == b""
    assert store.read("tile/0") is None
    assert store.read("a/b") is None
    assert store.names("") == ("a", "tile/0/x001/000.p/3")


def test_names_are_those_of_the_prefix(store: JournalStore) -> None:
    for path in ("tile/0/000", "tile/01/000", "tile/entries/000.p/1", "tiles", "checkpoint"):
        store.write(path, b"x")
    assert store.names("tile/") == ("tile/0/000", "tile/01/000", "tile/entries/000.p/1")
    assert store.names("tile/0") == ("tile/0/000", "tile/01/000")
    assert store.names("tile") == ("tile/0/000", "tile/01/000", "tile/entries/000.p/1", "tiles")
    assert store.names("nothing/") == ()


def test_removing_twice_is_no_error(store: JournalStore) -> None:
    store.write("tile/0/000.p/3", b"x")
    store.remove("tile/0/000.p/3")
    store.remove("tile/0/000.p/3")
    store.remove("never")
    assert store.read("tile/0/000.p/3") is None
    store.write("tile/0/000.p/3", b"again")
    assert store.read("tile/0/000.p/3") == b"again"


@pytest.mark.parametrize("path", ["", "/a", "a/", "../a", "a/../b", "a//b", ".new-1", "a/.b", "a\0", "a\n", "é", "a b"])
def test_paths_outside_the_store_are_refused(store: JournalStore, path: str) -> None:
    for use in (lambda: store.read(path), lambda: store.write(path, b""), lambda: store.remove(path)):
        with pytest.raises(InternalError):
            use()


def test_the_lock_keeps_a_second_writer_out(store: JournalStore, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(store_module, "_LOCK_WAIT_SECONDS", 0.05)
    with store.lock(), pytest.raises(BusyError), store.lock():
        pytest.fail("two writers")
    with store.lock():
        pass


def test_the_lock_is_freed_when_its_body_fails(store: JournalStore) -> None:
    with pytest.raises(ValueError, match="body"), store.lock():
        raise ValueError("body")
    with store.lock():
        pass


def _hold(root: Path, ready: "multiprocessing.synchronize.Event", leave: "multiprocessing.synchronize.Event") -> None:
    with FolderStore(root).lock():
        ready.set()
        leave.wait(20)
        os._exit(0)  # as if killed: nothing is unlocked in an orderly way


def test_the_lock_holds_across_processes_and_dies_with_its_holder(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(store_module, "_LOCK_WAIT_SECONDS", 0.05)
    spawn = multiprocessing.get_context("spawn")
    ready, leave = spawn.Event(), spawn.Event()
    other = spawn.Process(target=_hold, args=(tmp_path, ready, leave))
    other.start()
    assert ready.wait(20)
    with pytest.raises(BusyError):
        Journal.open(FolderStore(tmp_path), LogKey.generate("journal.example"))
    leave.set()
    other.join()
    Journal.open(FolderStore(tmp_path), LogKey.generate("journal.example"))


def test_a_draft_left_by_a_kill_is_never_listed_and_swept_by_the_next_writer(tmp_path: Path) -> None:
    folder = FolderStore(tmp_path)
    (tmp_path / ".new-0123").write_bytes(b"half a checkpoint")
    assert folder.names("") == ()
    with folder.lock():
        assert not (tmp_path / ".new-0123").exists()


def test_an_emptied_folder_goes_and_comes_back(tmp_path: Path) -> None:
    folder = FolderStore(tmp_path)
    folder.write("tile/0/000.p/3", b"x")
    folder.remove("tile/0/000.p/3")
    assert not (tmp_path / "tile/0/000.p").exists()
    assert (tmp_path / "tile/0").parent.exists()
    folder.write("tile/0/000.p/3", b"x")
    (tmp_path / "tile/0/000.p/3").unlink()
    (tmp_path / "tile/0/000.p").rmdir()  # by another process
    folder.write("tile/0/000.p/4", b"x")
    assert folder.names("") == ("tile/0/000.p/4",)


def test_reading_and_checking_write_nothing(tmp_path: Path) -> None:
    """What an auditor does to a folder that may be read-only."""
    key = LogKey.generate("journal.example")
    Journal.open(FolderStore(tmp_path / "j"), key).append([b"a"] * 3)
    before = {p: p.stat().st_mtime_ns for p in (tmp_path / "j").rglob("*")}
    assert fsck(FolderStore(tmp_path / "j"), key.vkey).problems == ()
    assert fsck(FolderStore(tmp_path / "absent"), key.vkey).problems == ("checkpoint: missing",)
    assert {p: p.stat().st_mtime_ns for p in (tmp_path / "j").rglob("*")} == before
    assert not (tmp_path / "absent").exists()


def test_an_unwritable_place_is_a_storage_error(tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(b"")
    folder = FolderStore(tmp_path / "file" / "journal")
    with pytest.raises(StorageError, match="cannot write"):
        folder.write("checkpoint", b"x")
    with pytest.raises(StorageError, match="cannot lock"), folder.lock():
        pytest.fail("locked nothing")
    (tmp_path / "j" / "checkpoint").mkdir(parents=True)
    with pytest.raises(StorageError, match="cannot write"):
        FolderStore(tmp_path / "j").write("checkpoint", b"x")
    assert FolderStore(tmp_path / "j").read("checkpoint") is None
    assert not list((tmp_path / "j").glob(".new-*"))


def test_a_file_too_large_for_a_journal_is_refused(tmp_path: Path) -> None:
    key = LogKey.generate("journal.example")
    folder = FolderStore(tmp_path)
    Journal.open(folder, key).append([b"a"])
    os.truncate(tmp_path / "tile/entries/000.p/1", MAX_FILE + 1)
    with pytest.raises(MalformedError):
        folder.read("tile/entries/000.p/1")
    assert fsck(folder, key.vkey).problems[0] == "tile/entries/000.p/1: larger than any file of a journal"
    os.truncate(tmp_path / "checkpoint", MAX_FILE + 1)
    assert fsck(folder, key.vkey).problems[0] == "checkpoint: larger than any file of a journal"
