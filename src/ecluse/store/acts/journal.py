"""What others say of the room's journal: witnesses' cosignatures (law 10, C2SP tlog-witness)."""

from ecluse.domain.errors import TamperError
from ecluse.domain.room import RoomEvent
from ecluse.journal import Journal, cosigned_at, read_checkpoint, verify_consistency
from ecluse.journal.note import VerifierKey
from ecluse.store.account_events import organisations
from ecluse.store.journal_files import STORE, log_key
from ecluse.store.models import Person, WitnessedCheckpoint
from ecluse.store.recording import Act, act
from ecluse.wire.canonical import digest


@act
def keep_cosigned(act: Act, by: Person, cosigned: bytes, witness: str) -> WitnessedCheckpoint:
    """Keep a checkpoint that a witness has cosigned: of this journal, as it is or as it was.

    Args:
        act: opened by the decorator.
        by: who brings it; the entry concerns their organisations.
        cosigned: the signed note, with the log's signature and the witness's.
        witness: the witness's verifier key (vkey).

    Raises:
        MalformedError: not a checkpoint, or not a key.
        SignatureError: not this log's, or not cosigned by this witness.
        TamperError: this journal does not extend it: one of the two was rewritten.
    """
    key, journal = VerifierKey.parse(witness), Journal.take_up(STORE, log_key())
    _, head = read_checkpoint(cosigned, log_key().verifier)
    at = cosigned_at(cosigned, witness)
    if head.size > journal.size:
        raise TamperError(f"the witness saw {head.size} entries, and this journal has {journal.size}: it was set back")
    verify_consistency(head.size, head.root, journal.size, journal.root, journal.consistency_proof(head.size))
    made, _ = WitnessedCheckpoint.objects.get_or_create(
        size=head.size, key=witness, defaults={"witness": key.name, "cosigned_at": at, "raw": cosigned}
    )
    concerns, address = organisations(by), digest(cosigned)
    act.record(RoomEvent.CHECKPOINT_COSIGNED, *concerns, subject=address, witness=key.name, size=head.size)
    return made
