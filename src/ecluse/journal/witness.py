"""Witnesses: another party's statement that a journal only ever grew (C2SP tlog-cosignature, tlog-witness; law 10).

A witness remembers the last checkpoint it cosigned and cosigns another only when shown that it extends that one. Who
was shown a different past, a split view or a journal set back, finds no cosignature.
"""

import hashlib
from collections.abc import Sequence
from datetime import UTC, datetime

from ecluse.domain.errors import InternalError, RefusedError, SignatureError, TamperError
from ecluse.journal.checkpoint import Checkpoint, read_checkpoint
from ecluse.journal.keys import WitnessKey
from ecluse.journal.merkle import EMPTY_ROOT, verify_consistency
from ecluse.journal.note import COSIGNATURE, Note, VerifierKey
from ecluse.journal.store import JournalStore


def cosign(checkpoint: bytes, witness: WitnessKey, at: datetime, log_vkey: str) -> bytes:
    """Add a witness's cosignature, timestamped ``at`` (with a time zone; whole seconds), replacing its earlier one.

    Says nothing about growth by itself: :class:`Witness` is what checks that.

    Raises:
        MalformedError: not a checkpoint, or not a key.
        SignatureError: not signed by the log.
    """
    note, _ = read_checkpoint(checkpoint, VerifierKey.parse(log_vkey))
    if at.tzinfo is None:
        raise InternalError("a cosignature's time needs a time zone")
    line = witness.sign(note.text, int(at.timestamp()))
    others = tuple(s for s in note.signatures if (s.name, s.key_id) != (line.name, line.key_id))
    return Note(note.text, (*others, line)).encode()


def cosigned_at(checkpoint: bytes, witness_vkey: str) -> datetime:
    """Check a witness's cosignature and give its time, UTC; its latest, if it has several.

    Raises:
        MalformedError: not a note, or not the key of a witness.
        SignatureError: this witness has not cosigned, or its cosignature is wrong.
    """
    key = VerifierKey.parse(witness_vkey)
    note = Note.parse(checkpoint)
    Checkpoint.parse(note.text)
    if key.kind != COSIGNATURE:
        raise SignatureError(f"{key.name} is not the key of a witness")
    times = key.verify(note)
    try:
        return datetime.fromtimestamp(max(times), tz=UTC)
    except (OverflowError, ValueError, OSError) as error:
        raise SignatureError(f"the cosignature by {key.name} is of no possible time") from error


class Witness:
    """A witness of one log, with its memory: the last checkpoint it cosigned, in a store of its own."""

    def __init__(self, store: JournalStore, key: WitnessKey, log_vkey: str) -> None:
        self._store = store
        self._key = key
        self._log = VerifierKey.parse(log_vkey)
        self._path = f"{hashlib.sha256(self._log.name.encode()).hexdigest()}/checkpoint"

    def last(self) -> bytes | None:
        """Give the last checkpoint cosigned, cosignature included; None before the first.

        Raises:
            TamperError: the memory is not what this witness cosigned.
        """
        raw = self._store.read(self._path)
        if raw is not None:
            self._recall(raw)
        return raw

    def cosign(self, checkpoint: bytes, proof: Sequence[bytes], at: datetime) -> bytes:
        """Cosign a checkpoint that ``proof`` shows to extend the last one (from its size); remembered before returned.

        The first checkpoint of a log needs the empty proof. Rules: C2SP tlog-witness, section add-checkpoint.

        Raises:
            MalformedError, SignatureError: not a checkpoint signed by the log.
            TamperError: it does not extend the last checkpoint cosigned: a split view, or a journal set back.
            StorageError, BusyError: the memory cannot be kept; nothing is cosigned.
        """
        with self._store.lock():
            _, head = read_checkpoint(checkpoint, self._log)
            raw = self._store.read(self._path)
            size, root = (0, EMPTY_ROOT) if raw is None else self._recall(raw)
            verify_consistency(size, root, head.size, head.root, proof)
            cosigned = cosign(checkpoint, self._key, at, str(self._log))
            self._store.write(self._path, cosigned)
            return cosigned

    def _recall(self, raw: bytes) -> tuple[int, bytes]:
        try:
            note, head = read_checkpoint(raw, self._log)
            self._key.verifier.verify(note)
        except RefusedError as error:
            raise TamperError(f"the witness's memory: {error.message}") from error
        return head.size, head.root
