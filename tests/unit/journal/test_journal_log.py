"""The journal's own behaviour: commits, layout on disk, what it refuses."""

import hashlib
import threading
from pathlib import Path

import pytest

from ecluse.domain.errors import BusyError, MalformedError, StorageError, TamperError, UsageError
from ecluse.journal.checkpoint import read_checkpoint
from ecluse.journal.fsck import fsck
from ecluse.journal.keys import LogKey
from ecluse.journal.log import Journal
from ecluse.journal.merkle import EMPTY_ROOT, leaf_hash, verify_consistency, verify_inclusion
from ecluse.journal.note import Note
from ecluse.journal.store import FolderStore, MemoryStore

KEY = LogKey("journal.example", hashlib.sha256(b"key").digest())


class FailingStore(MemoryStore):
    """Fails on demand: before a write to a path, or after it (a rename done, its fsync failed)."""

    def __init__(self) -> None:
        super().__init__()
        self.fail_before = self.fail_after = self.fail_remove = ""

    def write(self, path: str, data: bytes) -> None:
        if self.fail_before and path.startswith(self.fail_before):
            raise StorageError("disk full")
        super().write(path, data)
        if self.fail_after and path.startswith(self.fail_after):
            raise StorageError("disk full")

    def remove(self, path: str) -> None:
        if self.fail_remove and path.startswith(self.fail_remove):
            raise StorageError("read-only")
        super().remove(path)


def test_an_empty_store_becomes_a_signed_empty_journal() -> None:
    store = MemoryStore()
    journal = Journal.open(store, KEY)
    assert (journal.size, journal.root) == (0, EMPTY_ROOT)
    assert store.names("") == ("checkpoint",)
    _, head = read_checkpoint(journal.checkpoint(), KEY.verifier)
    assert (head.origin, head.size, head.root) == ("journal.example", 0, EMPTY_ROOT)
    assert list(journal.entries()) == []


def test_the_folder_is_laid_out_as_tlog_tiles(tmp_path: Path) -> None:
    journal = Journal.open(FolderStore(tmp_path), KEY)
    assert journal.append([b"a", b"b"]) == 0
    assert journal.append([b"c" * 300]) == 2
    files = sorted(p.relative_to(tmp_path).as_posix() for p in tmp_path.rglob("*") if p.is_file())
    assert files == [".lock", "checkpoint", "tile/0/000.p/3", "tile/entries/000.p/3"]
    assert (tmp_path / "tile/entries/000.p/3").read_bytes() == b"\0\x01a\0\x01b\x01\x2c" + b"c" * 300
    hashes = b"".join(hashlib.sha256(b"\0" + entry).digest() for entry in (b"a", b"b", b"c" * 300))
    assert (tmp_path / "tile/0/000.p/3").read_bytes() == hashes
    assert (tmp_path / "checkpoint").read_bytes() == journal.checkpoint()
    assert all(p.stat().st_mode & 0o077 == 0 for p in tmp_path.rglob("*"))


@pytest.mark.parametrize(
    ("first", "second", "names"),
    [
        (255, 1, ["tile/0/000", "tile/1/000.p/1", "tile/entries/000"]),
        (255, 2, ["tile/0/000", "tile/0/001.p/1", "tile/1/000.p/1", "tile/entries/000", "tile/entries/001.p/1"]),
        (256, 256, ["tile/0/000", "tile/0/001", "tile/1/000.p/2", "tile/entries/000", "tile/entries/001"]),
        (1, 299, ["tile/0/000", "tile/0/001.p/44", "tile/1/000.p/1", "tile/entries/000", "tile/entries/001.p/44"]),
    ],
)
def test_superseded_partial_tiles_are_gone_after_the_commit(first: int, second: int, names: list[str]) -> None:
    store = MemoryStore()
    journal = Journal.open(store, KEY)
    journal.append([b"x"] * first)
    journal.append([b"y"] * second)
    assert list(store.names("tile/")) == names
    assert fsck(store, KEY.vkey).problems == ()


def test_three_levels_of_tiles_and_proofs_across_them() -> None:
    store = MemoryStore()
    journal = Journal.open(store, KEY)
    entries = [i.to_bytes(3, "big") for i in range(66_000)]
    journal.append(entries[:65_000])
    old = journal.root
    journal.append(entries[65_000:65_535])
    journal.append(entries[65_535:])
    assert "tile/2/000.p/1" in store.names("tile/2")
    assert "tile/1/000" in store.names("tile/1")
    assert fsck(store, KEY.vkey).root == journal.root
    reopened = Journal.open(store, KEY)
    for index in (0, 255, 256, 65_535, 65_536, 65_999):
        proof = reopened.inclusion_proof(index)
        verify_inclusion(leaf_hash(entries[index]), index, 66_000, proof, journal.root)
    verify_consistency(65_000, old, 66_000, journal.root, reopened.consistency_proof(65_000))
    assert list(reopened.entries(65_998)) == entries[65_998:]


def test_a_checkpoint_of_every_size_is_signed_and_consistent() -> None:
    journal = Journal.open(MemoryStore(), KEY)
    seen = [(0, journal.root)]
    for i in range(20):
        journal.append([bytes([i])] * (i % 4))
        seen.append((journal.size, journal.root))
        for size, root in seen:
            verify_consistency(size, root, journal.size, journal.root, journal.consistency_proof(size))


def test_an_empty_append_changes_nothing() -> None:
    journal = Journal.open(MemoryStore(), KEY)
    journal.append([b"a"])
    before = journal.checkpoint()
    assert journal.append([]) == 1
    assert journal.checkpoint() == before


def test_an_entry_too_long_is_refused_and_nothing_written() -> None:
    store = MemoryStore()
    journal = Journal.open(store, KEY)
    journal.append([b"x" * 65_535])
    names = store.names("")
    with pytest.raises(MalformedError):
        journal.append([b"small", b"x" * 65_536])
    assert journal.size == 1
    assert store.names("") == names


def test_entries_are_copied_when_appended() -> None:
    journal = Journal.open(MemoryStore(), KEY)
    entry = bytearray(b"before")
    journal.append([entry])
    entry[:] = b"after!"
    assert list(journal.entries()) == [b"before"]


def test_entries_given_while_appending_are_those_of_the_call() -> None:
    journal = Journal.open(MemoryStore(), KEY)
    journal.append([b"a"] * 300)
    reading = journal.entries()
    next(reading)
    journal.append([b"b"] * 300)
    assert len(list(reading)) == 299


def test_a_failed_write_before_the_commit_leaves_the_journal_usable() -> None:
    store = FailingStore()
    journal = Journal.open(store, KEY)
    journal.append([b"a"])
    names = store.names("")
    store.fail_before = "tile/0/"
    with pytest.raises(StorageError):
        journal.append([b"b"])
    assert journal.size == 1
    assert store.names("") == names
    store.fail_before = ""
    assert journal.append([b"b"]) == 1
    assert fsck(store, KEY.vkey).problems == ()


@pytest.mark.parametrize("moment", ["fail_before", "fail_after"])
def test_a_failed_commit_must_be_looked_at_before_appending_again(moment: str) -> None:
    store = FailingStore()
    journal = Journal.open(store, KEY)
    journal.append([b"a"])
    setattr(store, moment, "checkpoint")
    with pytest.raises(StorageError):
        journal.append([b"b"])
    setattr(store, moment, "")
    with pytest.raises(StorageError, match="open the journal again"):
        journal.append([b"c"])
    reopened = Journal.open(store, KEY)
    assert list(reopened.entries()) == ([b"a"] if moment == "fail_before" else [b"a", b"b"])
    reopened.append([b"c"])
    assert fsck(store, KEY.vkey).problems == ()


def test_a_superseded_tile_that_stays_does_not_undo_the_append() -> None:
    store = FailingStore()
    journal = Journal.open(store, KEY)
    journal.append([b"a"])
    store.fail_remove = "tile/"
    assert journal.append([b"b"]) == 1
    assert "tile/0/000.p/1" in store.names("")
    store.fail_remove = ""
    assert any("tile/0/000.p/1" in problem for problem in fsck(store, KEY.vkey).problems)
    assert list(Journal.open(store, KEY).entries()) == [b"a", b"b"]
    assert fsck(store, KEY.vkey).problems == ()


def test_files_beyond_the_checkpoint_are_dropped_on_opening() -> None:
    store = MemoryStore()
    Journal.open(store, KEY).append([b"a"] * 250)
    for left in ("tile/entries/000", "tile/0/000", "tile/0/001.p/9", "tile/1/000.p/1", "tile/0/000.p/12"):
        store.write(left, b"half")
    store.write("tile/notes.txt", b"a stranger's file is not ours to delete")
    assert len(fsck(store, KEY.vkey).problems) == 6
    journal = Journal.open(store, KEY)
    assert store.names("tile/") == ("tile/0/000.p/250", "tile/entries/000.p/250", "tile/notes.txt")
    journal.append([b"b"] * 10)
    assert fsck(store, KEY.vkey).problems == ("tile/notes.txt: not a file of a journal",)


def test_a_second_writer_is_refused_after_the_first_one_wrote() -> None:
    store = MemoryStore()
    one, two = Journal.open(store, KEY), Journal.open(store, KEY)
    one.append([b"a"])
    with pytest.raises(BusyError, match="open the journal again"):
        two.append([b"b"])
    assert list(Journal.open(store, KEY).entries()) == [b"a"]


@pytest.mark.parametrize("raw", [None, b"garbage", "foreign"])
def test_a_checkpoint_changed_under_an_open_journal_stops_it(raw: bytes | str | None) -> None:
    store = MemoryStore()
    journal = Journal.open(store, KEY)
    if raw is None:
        store.remove("checkpoint")
    elif raw == "foreign":
        store.write("checkpoint", Journal.open(MemoryStore(), LogKey.generate("other.example")).checkpoint())
    else:
        store.write("checkpoint", raw)  # type: ignore[arg-type]
    with pytest.raises(TamperError, match="checkpoint"):
        journal.append([b"a"])


def test_threads_share_one_journal(tmp_path: Path) -> None:
    journal = Journal.open(FolderStore(tmp_path), KEY)
    given: dict[int, bytes] = {}

    def work(name: int) -> None:
        for i in range(8):
            entry = f"{name}.{i}".encode()
            given[journal.append([entry])] = entry

    threads = [threading.Thread(target=work, args=(n,)) for n in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert list(journal.entries()) == [given[i] for i in range(32)]
    assert fsck(FolderStore(tmp_path), KEY.vkey).problems == ()


def test_a_file_changed_while_open_is_noticed_when_read() -> None:
    store = MemoryStore()
    journal = Journal.open(store, KEY)
    journal.append([b"a"] * 600)
    store.write("tile/entries/001", (store.read("tile/entries/001") or b"").replace(b"a", b"b", 1))
    reading = journal.entries()
    with pytest.raises(TamperError, match=r"tile/entries/001: changed"):
        list(reading)
    store.write("tile/0/000", bytes(8192))
    with pytest.raises(TamperError, match=r"tile/0/000: changed"):
        journal.inclusion_proof(3)
    store.write("tile/0/000", b"short")
    with pytest.raises(TamperError, match="tile/0/000: 5 bytes"):
        journal.consistency_proof(3)
    store.remove("tile/0/000")
    with pytest.raises(TamperError, match="tile/0/000: missing"):
        journal.inclusion_proof(3)


def test_cosignatures_are_kept_until_the_next_append() -> None:
    store = MemoryStore()
    journal = Journal.open(store, KEY)
    journal.append([b"a"])
    note = Note.parse(journal.checkpoint())
    witness = LogKey.generate("witness.example").sign(note.text)
    cosigned = Note(note.text, (*note.signatures, witness)).encode()
    other = Journal.open(store, KEY)
    journal.add_cosignatures(cosigned)
    assert journal.checkpoint() == cosigned
    assert Journal.open(store, KEY).checkpoint() == cosigned
    assert other.append([b"b"]) == 1, "a cosignature is not another writer's append"
    assert len(Note.parse(other.checkpoint()).signatures) == 1
    with pytest.raises(BusyError):
        journal.add_cosignatures(cosigned)


def test_only_the_current_checkpoint_takes_cosignatures() -> None:
    journal = Journal.open(MemoryStore(), KEY)
    stale = journal.checkpoint()
    journal.append([b"a"])
    foreign = Journal.open(MemoryStore(), LogKey.generate("other.example")).checkpoint()
    for bad in (stale, foreign, b"", b"garbage"):
        with pytest.raises(TamperError):
            journal.add_cosignatures(bad)


def test_out_of_range_is_a_usage_error_at_the_call() -> None:
    journal = Journal.open(MemoryStore(), KEY)
    with pytest.raises(UsageError):
        journal.entries(1)
    with pytest.raises(UsageError):
        journal.inclusion_proof(0)
    with pytest.raises(UsageError):
        journal.consistency_proof(0, 1)
