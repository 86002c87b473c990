"""Law 10: whatever is changed in a journal's folder, opening refuses it and fsck names the file."""

import hashlib
from collections.abc import Callable
from itertools import combinations

import pytest

from ecluse.domain.errors import MalformedError, TamperError
from ecluse.journal.fsck import fsck
from ecluse.journal.keys import LogKey, WitnessKey
from ecluse.journal.log import Journal
from ecluse.journal.merkle import EMPTY_ROOT
from ecluse.journal.note import Note
from ecluse.journal.store import MemoryStore

KEY = LogKey("journal.example", hashlib.sha256(b"key").digest())
SIZE = 600


def journal_files(entries: list[bytes] | None = None, key: LogKey = KEY) -> MemoryStore:
    store = MemoryStore()
    Journal.open(store, key).append(entries or [f"entry {i}".encode() for i in range(SIZE)])
    return store


FILES = journal_files().names("")


def read(store: MemoryStore, path: str) -> bytes:
    data = store.read(path)
    assert data is not None
    return data


def assert_named(store: MemoryStore, *names: str) -> None:
    """Opening refuses, and the first problem names the file that was changed (or, undecidably, its counterpart)."""
    report = fsck(store, KEY.vkey)
    assert report.problems
    assert report.problems[0].split(":")[0] in names, report.problems
    with pytest.raises(TamperError) as caught:
        Journal.open(store, KEY)
    assert any(name in caught.value.message for name in names)


def test_the_untouched_journal_is_sound() -> None:
    report = fsck(journal_files(), KEY.vkey)
    assert (report.size, report.problems) == (SIZE, ())
    assert report.root == Journal.open(journal_files(), KEY).root
    assert len(FILES) == 8


@pytest.mark.parametrize("path", FILES)
def test_one_bit_anywhere(path: str) -> None:
    """At every 61st byte and in each file's first and last: the file itself is named."""
    good = read(journal_files(), path)
    for place in {*range(0, len(good), 61), len(good) - 1}:
        store = journal_files()
        store.write(path, good[:place] + bytes([good[place] ^ (1 << place % 8)]) + good[place + 1 :])
        assert_named(store, path)


@pytest.mark.parametrize("path", FILES)
@pytest.mark.parametrize(
    "change",
    [lambda data: data[:-1], lambda data: data[: len(data) // 2], lambda _: b"", lambda data: data + b"\0"],
    ids=["last byte", "half", "all", "a byte more"],
)
def test_cut_or_lengthened(path: str, change: Callable[[bytes], bytes]) -> None:
    store = journal_files()
    store.write(path, change(read(store, path)))
    assert_named(store, path)


@pytest.mark.parametrize("path", FILES)
def test_dropped(path: str) -> None:
    store = journal_files()
    store.remove(path)
    assert_named(store, path)


@pytest.mark.parametrize(("one", "two"), list(combinations(FILES, 2)))
def test_swapped(one: str, two: str) -> None:
    store = journal_files()
    left, right = read(store, one), read(store, two)
    store.write(one, right)
    store.write(two, left)
    assert_named(store, one, two)


@pytest.mark.parametrize(("one", "two"), [(a, b) for a in FILES for b in FILES if a != b])
def test_repeated(one: str, two: str) -> None:
    """One file copied over another."""
    store = journal_files()
    store.write(two, read(store, one))
    assert_named(store, two)


@pytest.mark.parametrize("place", [0, 255, 256, 511, 512, 599])
def test_an_entry_rewritten_with_its_hash(place: int) -> None:
    """The forger recomputes the level 0 tile too: the level above, or the signed root, does not fit."""
    entries = [f"entry {i}".encode() for i in range(SIZE)]
    entries[place] = b"forged"
    forged, store = journal_files(entries), journal_files()
    suffix = "000" if place < 256 else "001" if place < 512 else "002.p/88"
    for path in (f"tile/entries/{suffix}", f"tile/0/{suffix}"):
        store.write(path, read(forged, path))
    assert_named(store, "checkpoint" if place >= 512 else f"tile/0/{suffix}")


def test_the_whole_tree_rewritten_under_the_old_checkpoint() -> None:
    store, forged = journal_files(), journal_files([b"forged"] * SIZE)
    for path in forged.names("tile/"):
        store.write(path, read(forged, path))
    assert_named(store, "checkpoint")


def test_the_whole_journal_rewritten_under_another_key() -> None:
    forger = LogKey("journal.example", hashlib.sha256(b"forger").digest())
    assert_named(journal_files([b"forged"] * SIZE, forger), "checkpoint")


def test_a_checkpoint_of_another_log_of_the_same_key() -> None:
    """Same key bytes, other name: neither the key's id nor the origin fits."""
    assert_named(journal_files(key=LogKey("other.example", KEY.seed)), "checkpoint")


def test_an_origin_that_is_not_the_signers_name() -> None:
    store = MemoryStore()
    Journal.open(store, KEY)
    text = Note.parse(read(store, "checkpoint")).text.replace("journal.example", "other.example")
    store.write("checkpoint", Note(text, (KEY.sign(text),)).encode())
    assert_named(store, "checkpoint")


def test_a_checkpoint_put_back_over_longer_tiles() -> None:
    store = journal_files()
    early = read(journal_files([f"entry {i}".encode() for i in range(SIZE - 1)]), "checkpoint")
    store.write("checkpoint", early)
    assert_named(store, "tile/entries/002.p/87")


def test_an_emptied_checkpoint_of_an_empty_journal_is_not_begun_anew() -> None:
    store = MemoryStore()
    Journal.open(store, KEY)
    store.write("checkpoint", b"")
    assert_named(store, "checkpoint")


def test_a_claimed_size_without_bound_is_answered_at_once() -> None:
    store = journal_files()
    text = f"journal.example\n{(1 << 63) - 1}\n{'A' * 43}=\n"
    store.write("checkpoint", Note(text, (KEY.sign(text),)).encode())
    assert_named(store, "tile/entries/002")


def test_two_differences_are_both_named_in_order() -> None:
    store = journal_files()
    for path in ("tile/entries/000", "tile/entries/001"):
        store.write(path, read(store, path).replace(b"entry", b"ENTRY", 1))
    problems = fsck(store, KEY.vkey).problems
    assert [p.split(":")[0] for p in problems[:2]] == ["tile/entries/000", "tile/entries/001"]
    assert problems[0] == "tile/entries/000: entry 0 is not the one whose hash tile/0/000 holds"
    assert "ENTRY" not in "".join(problems), "what an entry says is not for messages"


def test_no_checkpoint_and_no_files_is_no_journal_for_fsck() -> None:
    report = fsck(MemoryStore(), KEY.vkey)
    assert (report.size, report.root, report.problems) == (0, EMPTY_ROOT, ("checkpoint: missing",))


def test_fsck_checks_the_witnesses_it_is_told_of() -> None:
    store = journal_files()
    witness = WitnessKey.generate("witness.example")
    assert fsck(store, KEY.vkey, [witness.vkey]).problems[0].startswith("checkpoint: no signature by witness.example")
    note = Note.parse(read(store, "checkpoint"))
    line = witness.sign(note.text, 1_763_769_600)
    store.write("checkpoint", Note(note.text, (*note.signatures, line)).encode())
    assert fsck(store, KEY.vkey, [witness.vkey]).problems == ()


def test_fsck_refuses_what_is_no_key() -> None:
    with pytest.raises(MalformedError):
        fsck(journal_files(), "journal.example")


def test_fsck_reads_again_when_the_journal_grows_meanwhile() -> None:
    class Growing(MemoryStore):
        reads = 0

        def read(self, path: str) -> bytes | None:
            data = super().read(path)
            if path == "checkpoint":
                self.reads += 1
                if self.reads == 1:
                    journal_of(self).append([b"more"])
            return data

    def journal_of(store: MemoryStore) -> Journal:
        return journals[id(store)]

    journals: dict[int, Journal] = {}
    store = Growing()
    store.reads = 5
    journals[id(store)] = Journal.open(store, KEY)
    journals[id(store)].append([b"first"])
    store.reads = 0
    assert fsck(store, KEY.vkey).problems == ()
    assert store.reads > 2
