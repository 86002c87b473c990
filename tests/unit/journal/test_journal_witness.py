"""Witnesses: what they cosign, and above all what they refuse (split views, journals set back)."""

import hashlib
from datetime import UTC, datetime, timedelta, timezone

import pytest

from ecluse.domain.errors import InternalError, MalformedError, SignatureError, StorageError, TamperError
from ecluse.journal.keys import LogKey, WitnessKey
from ecluse.journal.log import Journal
from ecluse.journal.note import Note, VerifierKey
from ecluse.journal.store import MemoryStore
from ecluse.journal.witness import Witness, cosign, cosigned_at

LOG = LogKey("journal.example", hashlib.sha256(b"log").digest())
KEY = WitnessKey("laboratoire.example", hashlib.sha256(b"witness").digest())
NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)


def journal(*entries: bytes) -> Journal:
    opened = Journal.open(MemoryStore(), LOG)
    opened.append(entries)
    return opened


def test_a_cosignature_says_when_and_keeps_the_logs() -> None:
    signed = journal(b"a").checkpoint()
    local = NOON.astimezone(timezone(timedelta(hours=1))) + timedelta(microseconds=999_999)
    cosigned = cosign(signed, KEY, local, LOG.vkey)
    assert cosigned.startswith(signed)
    assert cosigned_at(cosigned, KEY.vkey) == NOON
    LOG.verifier.verify(Note.parse(cosigned))


def test_a_second_cosignature_replaces_the_first_and_leaves_other_witnesses() -> None:
    other = WitnessKey.generate("autre.example")
    once = cosign(cosign(journal(b"a").checkpoint(), KEY, NOON, LOG.vkey), other, NOON, LOG.vkey)
    twice = cosign(once, KEY, NOON + timedelta(hours=1), LOG.vkey)
    assert len(Note.parse(twice).signatures) == 3
    assert cosigned_at(twice, KEY.vkey) == NOON + timedelta(hours=1)
    assert cosigned_at(twice, other.vkey) == NOON


def test_nothing_is_cosigned_without_the_logs_signature() -> None:
    signed = journal(b"a").checkpoint()
    note = Note.parse(signed)
    forger = LogKey("journal.example", hashlib.sha256(b"forger").digest())
    other_origin = note.text.replace("journal.example", "other.example")
    for bad in (
        Note(note.text, (forger.sign(note.text),)),
        Note(note.text, (KEY.sign(note.text, 5),)),
        Note(note.text.replace("\n1\n", "\n2\n"), note.signatures),
        Note(other_origin, (LOG.sign(other_origin),)),
    ):
        with pytest.raises(SignatureError):
            cosign(bad.encode(), KEY, NOON, LOG.vkey)
    for malformed in (b"", signed[:-1], Note("a\nb\nc\n", (LOG.sign("a\nb\nc\n"),)).encode()):
        with pytest.raises(MalformedError):
            cosign(malformed, KEY, NOON, LOG.vkey)
    with pytest.raises(InternalError):
        cosign(signed, KEY, NOON.replace(tzinfo=None), LOG.vkey)
    with pytest.raises(InternalError):
        cosign(signed, KEY, datetime(1969, 1, 1, tzinfo=UTC), LOG.vkey)


def test_a_cosignature_is_checked() -> None:
    cosigned = cosign(journal(b"a").checkpoint(), KEY, NOON, LOG.vkey)
    with pytest.raises(SignatureError):
        cosigned_at(journal(b"a").checkpoint(), KEY.vkey)
    with pytest.raises(SignatureError):
        cosigned_at(cosigned, LOG.vkey)
    with pytest.raises(SignatureError):
        cosigned_at(cosigned, WitnessKey.generate(KEY.name).vkey)
    note = Note.parse(cosigned)
    endless = Note(note.text, (KEY.sign(note.text, (1 << 63) - 1),)).encode()
    with pytest.raises(SignatureError, match="no possible time"):
        cosigned_at(endless, KEY.vkey)


def test_a_witness_follows_a_growing_journal() -> None:
    grown = journal()
    store = MemoryStore()
    size = 0
    for count in (0, 1, 0, 5, 300):
        grown.append([b"x"] * count)
        witness = Witness(store, KEY, LOG.vkey)
        cosigned = witness.cosign(grown.checkpoint(), grown.consistency_proof(size), NOON)
        assert witness.last() == cosigned
        assert cosigned_at(cosigned, KEY.vkey) == NOON
        grown.add_cosignatures(cosigned)
        size = grown.size


def test_a_split_view_is_refused_at_any_size() -> None:
    witness = Witness(MemoryStore(), KEY, LOG.vkey)
    honest = journal(b"a", b"b", b"c")
    seen = witness.cosign(honest.checkpoint(), (), NOON)
    for forged in (journal(b"a", b"b", b"X"), journal(b"a", b"X", b"c", b"d"), journal(b"a", b"b"), journal()):
        proofs = [(), (honest.root,)]
        if forged.size >= 3:
            proofs.append(forged.consistency_proof(3))
        for proof in proofs:
            with pytest.raises(TamperError):
                witness.cosign(forged.checkpoint(), proof, NOON)
        assert witness.last() == seen, "a refusal is not remembered"
    honest.append([b"d"])
    with pytest.raises(TamperError):
        witness.cosign(honest.checkpoint(), (), NOON)
    with pytest.raises(TamperError):
        witness.cosign(honest.checkpoint(), honest.consistency_proof(2), NOON)
    witness.cosign(honest.checkpoint(), honest.consistency_proof(3), NOON)


def test_the_first_checkpoint_needs_the_empty_proof() -> None:
    grown = journal(b"a", b"b")
    with pytest.raises(TamperError):
        Witness(MemoryStore(), KEY, LOG.vkey).cosign(grown.checkpoint(), grown.consistency_proof(1), NOON)


def test_a_witness_that_cannot_remember_does_not_cosign() -> None:
    class Full(MemoryStore):
        def write(self, path: str, data: bytes) -> None:  # noqa: ARG002  # the port's names
            raise StorageError("disk full")

    with pytest.raises(StorageError):
        Witness(Full(), KEY, LOG.vkey).cosign(journal(b"a").checkpoint(), (), NOON)


def test_a_witness_does_not_trust_an_altered_memory() -> None:
    store = MemoryStore()
    witness = Witness(store, KEY, LOG.vkey)
    assert witness.last() is None
    grown = journal(b"a")
    witness.cosign(grown.checkpoint(), (), NOON)
    (path,) = store.names("")
    forged = journal(b"X").checkpoint()
    for bad in (forged, b"", cosign(forged, WitnessKey.generate(KEY.name), NOON, LOG.vkey)):
        store.write(path, bad)
        with pytest.raises(TamperError, match="memory"):
            witness.last()
        with pytest.raises(TamperError, match="memory"):
            witness.cosign(grown.checkpoint(), grown.consistency_proof(1), NOON)


def test_two_logs_of_one_witness_are_remembered_apart() -> None:
    store = MemoryStore()
    other = LogKey.generate("other.example")
    foreign = Journal.open(MemoryStore(), other)
    Witness(store, KEY, LOG.vkey).cosign(journal(b"a", b"b").checkpoint(), (), NOON)
    Witness(store, KEY, other.vkey).cosign(foreign.checkpoint(), (), NOON)
    assert len(store.names("")) == 2
    assert VerifierKey.parse(other.vkey).verify(Note.parse(Witness(store, KEY, other.vkey).last() or b""))
