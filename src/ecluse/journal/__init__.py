"""The tamper-evident journal: RFC 6962 tree, C2SP tlog-tiles layout, signed checkpoints."""

from ecluse.journal.checkpoint import Checkpoint, read_checkpoint
from ecluse.journal.fsck import FsckReport, fsck
from ecluse.journal.keys import LogKey, WitnessKey
from ecluse.journal.log import Journal
from ecluse.journal.merkle import leaf_hash, verify_consistency, verify_inclusion
from ecluse.journal.note import Note, Signature, VerifierKey
from ecluse.journal.store import FolderStore, JournalStore, MemoryStore
from ecluse.journal.witness import Witness, cosign, cosigned_at

__all__ = [
    "Checkpoint",
    "FolderStore",
    "FsckReport",
    "Journal",
    "JournalStore",
    "LogKey",
    "MemoryStore",
    "Note",
    "Signature",
    "VerifierKey",
    "Witness",
    "WitnessKey",
    "cosign",
    "cosigned_at",
    "fsck",
    "leaf_hash",
    "read_checkpoint",
    "verify_consistency",
    "verify_inclusion",
]
