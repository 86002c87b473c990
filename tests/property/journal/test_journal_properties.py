"""The journal against the plainest reading of RFC 6962, and its parsers against whatever bytes come."""

import hashlib
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ecluse.domain.errors import MalformedError, SignatureError, TamperError, UsageError
from ecluse.journal.checkpoint import Checkpoint, read_checkpoint
from ecluse.journal.fsck import fsck
from ecluse.journal.keys import LogKey
from ecluse.journal.log import Journal
from ecluse.journal.merkle import Frontier, leaf_hash, verify_consistency, verify_inclusion
from ecluse.journal.note import Note, Signature, VerifierKey
from ecluse.journal.store import FolderStore, JournalStore, MemoryStore
from ecluse.journal.tiles import Tile, encode_entries, encode_hashes, parse_entries, parse_hashes

KEY = LogKey("journal.example", hashlib.sha256(b"key").digest())


# RFC 6962 section 2.1, as written there, on whole lists.


def split(n: int) -> int:
    k = 1
    while k * 2 < n:
        k *= 2
    return k


def mth(d: list[bytes]) -> bytes:
    if not d:
        return hashlib.sha256().digest()
    if len(d) == 1:
        return hashlib.sha256(b"\x00" + d[0]).digest()
    k = split(len(d))
    return hashlib.sha256(b"\x01" + mth(d[:k]) + mth(d[k:])).digest()


def path(m: int, d: list[bytes]) -> list[bytes]:
    if len(d) == 1:
        return []
    k = split(len(d))
    return [*path(m, d[:k]), mth(d[k:])] if m < k else [*path(m - k, d[k:]), mth(d[:k])]


def subproof(m: int, d: list[bytes], whole: bool) -> list[bytes]:  # the RFC's own signature
    if m == len(d):
        return [] if whole else [mth(d)]
    k = split(len(d))
    if m <= k:
        return [*subproof(m, d[:k], whole), mth(d[k:])]
    return [*subproof(m - k, d[k:], False), mth(d[:k])]


def entries_of(size: int) -> list[bytes]:
    return [i.to_bytes(3, "big") * (i % 4) for i in range(size)]


SIZES = st.one_of(st.integers(1, 40), st.integers(250, 262), st.integers(505, 520), st.integers(1, 1100))


@given(SIZES, st.data())
def test_proofs_equal_the_naive_reference(size: int, data: st.DataObject) -> None:
    entries = entries_of(size)
    journal = Journal.open(MemoryStore(), KEY)
    journal.append(entries)
    at = data.draw(st.integers(1, size))
    index = data.draw(st.integers(0, at - 1))
    old = data.draw(st.integers(1, at))
    assert journal.root == mth(entries)
    inclusion = journal.inclusion_proof(index, at)
    assert list(inclusion) == path(index, entries[:at])
    verify_inclusion(leaf_hash(entries[index]), index, at, inclusion, mth(entries[:at]))
    consistency = journal.consistency_proof(old, at)
    assert list(consistency) == subproof(old, entries[:at], True)
    verify_consistency(old, mth(entries[:old]), at, mth(entries[:at]), consistency)


@given(st.integers(2, 70), st.data())
def test_an_altered_inclusion_proof_is_refused(size: int, data: st.DataObject) -> None:
    entries = entries_of(size)
    index = data.draw(st.integers(0, size - 1))
    leaf, root, proof = leaf_hash(entries[index]), mth(entries), path(index, entries)
    place = data.draw(st.integers(0, len(proof) - 1))
    bit = data.draw(st.integers(0, 255))
    flipped = (int.from_bytes(proof[place], "big") ^ 1 << bit).to_bytes(32, "big")
    for bad in (
        [*proof[:place], flipped, *proof[place + 1 :]],
        proof[:place] + proof[place + 1 :],
        [*proof, root],
        [root, *proof],
        [*proof[:place], proof[place] + b"\0", *proof[place + 1 :]],
    ):
        with pytest.raises(TamperError):
            verify_inclusion(leaf, index, size, bad, root)
    for other in {0, size - 1, index - 1, index + 1, -1, size, size + 5} - {index}:
        with pytest.raises(TamperError):
            verify_inclusion(leaf, other, size, proof, root)
    with pytest.raises(TamperError):
        verify_inclusion(leaf_hash(b"another"), index, size, proof, root)
    with pytest.raises(TamperError):
        verify_inclusion(leaf, index, size, proof, leaf)


@given(st.integers(2, 70), st.data())
def test_a_node_does_not_pass_for_a_leaf_nor_a_subtree_for_a_tree(size: int, data: st.DataObject) -> None:
    """Proofs cut at the bottom, the hashes made to fit: only their length gives them away."""
    entries = entries_of(size)
    proof = path(0, entries)
    cut = data.draw(st.integers(1, len(proof)))
    node = mth(entries[: 1 << cut])
    with pytest.raises(TamperError, match="too short"):
        verify_inclusion(node, 0, size, proof[cut:], mth(entries))
    old = data.draw(st.sampled_from([1 << i for i in range(7) if 1 << i < size]))
    steps = subproof(old, entries, True)
    with pytest.raises(TamperError, match="too short"):
        verify_consistency(old, mth(entries[: 2 * old]), size, mth(entries), steps[1:])


@given(st.integers(2, 70), st.data())
def test_an_altered_consistency_proof_is_refused(size: int, data: st.DataObject) -> None:
    entries = entries_of(size)
    old = data.draw(st.integers(1, size - 1))
    before, after = mth(entries[:old]), mth(entries)
    proof = subproof(old, entries, True)
    place = data.draw(st.integers(0, len(proof) - 1))
    bit = data.draw(st.integers(0, 255))
    flipped = (int.from_bytes(proof[place], "big") ^ 1 << bit).to_bytes(32, "big")
    for bad in (
        [*proof[:place], flipped, *proof[place + 1 :]],
        proof[:place] + proof[place + 1 :],
        [*proof, after],
        [before, *proof],
        [],
    ):
        with pytest.raises(TamperError):
            verify_consistency(old, before, size, after, bad)
    rewritten = [*entries[: old - 1], b"rewritten", *entries[old:]]
    with pytest.raises(TamperError):
        verify_consistency(old, before, size, mth(rewritten), subproof(old, rewritten, True))
    for sizes in ((size, old), (old, old), (-1, size), (0, size)):
        with pytest.raises(TamperError):
            verify_consistency(sizes[0], before, sizes[1], after, proof)


@given(st.lists(st.integers(0, 300), max_size=8), st.booleans(), st.booleans())
def test_a_journal_is_the_list_of_what_was_appended(batches: list[int], on_disk: bool, reopen: bool) -> None:
    with TemporaryDirectory() as folder:
        store: JournalStore = FolderStore(Path(folder)) if on_disk else MemoryStore()
        journal = Journal.open(store, KEY)
        held: list[bytes] = []
        for number, count in enumerate(batches):
            batch = [f"{number}.{i}".encode() for i in range(count)]
            assert journal.append(batch) == len(held)
            held += batch
            if reopen:
                journal = Journal.open(store, KEY)
        assert (journal.size, journal.root) == (len(held), mth(held))
        assert list(journal.entries()) == held
        assert list(journal.entries(len(held) // 2)) == held[len(held) // 2 :]
        report = fsck(store, KEY.vkey)
        assert (report.size, report.root, report.problems) == (len(held), mth(held), ())


@given(st.lists(st.integers(0, 600), max_size=6))
def test_growing_in_steps_equals_growing_at_once(steps: list[int]) -> None:
    leaves = [leaf_hash(entry) for entry in entries_of(sum(steps))]
    stepwise, completed, start = Frontier(), {}, 0
    for step in steps:
        stepwise, new = stepwise.grown(leaves[start : start + step])
        start += step
        for level, hashes in enumerate(new):
            completed.setdefault(level, []).extend(hashes)
    at_once, whole = Frontier().grown(leaves)
    assert stepwise == at_once
    assert [hashes for _, hashes in sorted(completed.items()) if hashes] == [hashes for hashes in whole if hashes]


NAMES = st.text(st.characters(exclude_characters="+", exclude_categories=["Z", "C"]), min_size=1, max_size=12)
SIGNATURES = st.builds(Signature, NAMES, st.binary(min_size=4, max_size=4), st.binary(min_size=1, max_size=80))
LINES = st.text(st.characters(exclude_categories=["Cc", "Cs"]), max_size=20)
NOTES = st.builds(
    lambda lines, signatures: Note("".join(f"{line}\n" for line in lines), tuple(signatures)),
    st.lists(LINES, min_size=1, max_size=6),
    st.lists(SIGNATURES, min_size=1, max_size=5),
)


def mutated(data: st.DataObject, good: bytes) -> bytes:
    raw = bytearray(good)
    for _ in range(data.draw(st.integers(0, 3))):
        place = data.draw(st.integers(0, max(0, len(raw) - 1)))
        match data.draw(st.integers(0, 3)):
            case 0:
                raw[place : place + 1] = data.draw(st.binary(min_size=1, max_size=1))
            case 1:
                del raw[place : place + data.draw(st.integers(1, 9))]
            case 2:
                raw[place:place] = data.draw(st.binary(max_size=9)) or b"\n\n"
            case _:
                raw[place:place] = raw[: data.draw(st.integers(0, 40))]
    return bytes(raw)


@given(NOTES)
def test_a_note_reads_back(note: Note) -> None:
    assert Note.parse(note.encode()) == note


@given(st.one_of(st.binary(max_size=200), NOTES.map(Note.encode)), st.data())
def test_whatever_is_accepted_as_a_note_encodes_back(good: bytes, data: st.DataObject) -> None:
    raw = mutated(data, good)
    try:
        note = Note.parse(raw)
    except MalformedError:
        return
    assert note.encode() == raw


@given(st.integers(0, 20), st.data())
def test_no_other_bytes_pass_for_a_signed_checkpoint(size: int, data: st.DataObject) -> None:
    journal = Journal.open(MemoryStore(), KEY)
    journal.append(entries_of(size))
    raw = mutated(data, journal.checkpoint())
    try:
        note, head = read_checkpoint(raw, KEY.verifier)
    except (MalformedError, SignatureError):
        assert raw != journal.checkpoint()
        return
    # Lines of unknown keys may come and go; what is signed may not change.
    assert (note.text, head.size, head.root) == (Note.parse(journal.checkpoint()).text, size, journal.root)


@given(st.text(max_size=200))
def test_checkpoint_text_and_keys_fail_as_malformed_only(text: str) -> None:
    for parse, again in ((Checkpoint.parse, lambda head: head.text), (VerifierKey.parse, str), (Tile.parse, None)):
        try:
            value = parse(text)
        except MalformedError:
            continue
        assert (again(value) if again else value.path) == text


@given(st.integers(0, 63), st.integers(0, (1 << 63) - 1), st.integers(1, 256), st.booleans())
def test_a_tile_path_reads_back(level: int, index: int, width: int, bundle: bool) -> None:
    tile = Tile(None if bundle else level, index, width)
    assert Tile.parse(tile.path) == tile


@given(st.lists(st.binary(max_size=40), max_size=12), st.integers(0, 12), st.data())
def test_whatever_is_accepted_as_a_bundle_encodes_back(entries: list[bytes], width: int, data: st.DataObject) -> None:
    assert parse_entries(encode_entries(entries), len(entries)) == tuple(entries)
    raw = mutated(data, encode_entries(entries))
    for parse, encode in ((parse_entries, encode_entries), (parse_hashes, encode_hashes)):
        try:
            found = parse(raw, width)
        except MalformedError:
            continue
        assert (len(found), encode(found)) == (width, raw)


@given(st.integers(0, 600), st.data())
def test_a_store_of_mutated_files_never_opens_as_another_journal(size: int, data: st.DataObject) -> None:
    store = MemoryStore()
    Journal.open(store, KEY).append(entries_of(size))
    victim = data.draw(st.sampled_from(store.names("")))
    store.write(victim, mutated(data, store.read(victim) or b""))
    try:
        journal = Journal.open(store, KEY)
    except TamperError as error:
        assert fsck(store, KEY.vkey).problems, error  # noqa: PT017  # what open refuses, fsck names
        return
    assert list(journal.entries()) == entries_of(size)


@given(st.integers(0, 300), st.integers(-5, 310), st.integers(-5, 310))
def test_impossible_proofs_are_refused_as_usage(size: int, index: int, at: int) -> None:
    journal = Journal.open(MemoryStore(), KEY)
    journal.append(entries_of(size))
    for ask, possible in (
        (lambda: journal.inclusion_proof(index, at), 0 <= index < at <= size),
        (lambda: journal.consistency_proof(index, at), 0 <= index <= at <= size),
        (lambda: journal.entries(index), 0 <= index <= size),
    ):
        if possible:
            ask()
        else:
            with pytest.raises(UsageError):
                ask()
