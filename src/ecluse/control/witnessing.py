"""A witness cosigns a place's journal (law 10): the controller, most of all."""

import datetime as dt

from ecluse.domain.entry import Event
from ecluse.domain.errors import TamperError, TransitionError
from ecluse.journal import JournalStore, Witness, WitnessKey, read_checkpoint
from ecluse.journal.note import VerifierKey
from ecluse.workspace.place import Workspace


def cosign_place(place: Workspace, key: WitnessKey, memory: JournalStore, at: dt.datetime) -> None:
    """Cosign the present checkpoint, if it extends the one that the witness remembers.

    The entry that says so stands first: one appended afterwards would start a checkpoint without the cosignature.

    Raises:
        TransitionError: the place has no order yet.
        TamperError: the journal was set back or rewritten since the witness last saw it.
    """
    if "order" not in place.progress().pins:
        raise TransitionError("this place has no order yet: there is nothing to witness")
    witness = Witness(memory, key, place.key.vkey)
    last = witness.last()
    known = read_checkpoint(last, VerifierKey.parse(place.key.vkey))[1].size if last else 0
    if known > place.journal.size:
        raise TamperError(f"the journal holds {place.journal.size} entries and the witness has seen {known}")
    place.log(Event.CHECKPOINT_COSIGNED, subject=key.name)
    proof = place.journal.consistency_proof(known) if known else ()
    place.journal.add_cosignatures(witness.cosign(place.journal.checkpoint(), proof, at))
