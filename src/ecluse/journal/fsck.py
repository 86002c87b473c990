"""The check of a journal from its files and its public key alone: what an auditor runs, and what never writes."""

from collections.abc import Sequence
from dataclasses import dataclass

from ecluse.domain.errors import MalformedError, RefusedError
from ecluse.journal.checkpoint import Checkpoint
from ecluse.journal.merkle import EMPTY_ROOT
from ecluse.journal.note import Note, VerifierKey
from ecluse.journal.rebuild import expected_files, rebuild
from ecluse.journal.store import JournalStore
from ecluse.journal.tiles import CHECKPOINT, Tile

_ATTEMPTS = 5


@dataclass(frozen=True, slots=True)
class FsckReport:
    """``size`` and ``root`` (32 bytes) as rebuilt from the files; ``problems``, each ``path: what``; none is sound."""

    size: int
    root: bytes
    problems: tuple[str, ...]


def fsck(store: JournalStore, vkey: str, witness_vkeys: Sequence[str] = ()) -> FsckReport:
    """Rebuild the tree from the files alone and name everything that differs, what comes first first.

    Checked: the log's signature, the cosignature of each witness in ``witness_vkeys``, every entry, every hash tile,
    and that no file lies there that the checkpoint does not need. A journal appended to meanwhile is read again.

    Raises:
        MalformedError: a key that is none.
        StorageError: a file cannot be read.
    """
    log = VerifierKey.parse(vkey)
    witnesses = tuple(map(VerifierKey.parse, witness_vkeys))
    report = FsckReport(0, EMPTY_ROOT, ())
    for _ in range(_ATTEMPTS):
        try:
            raw = store.read(CHECKPOINT)
            report = _examine(store, raw, log, witnesses)
            if not report.problems or store.read(CHECKPOINT) == raw:
                break
        except MalformedError as error:
            report = FsckReport(0, EMPTY_ROOT, (f"{CHECKPOINT}: {error.message}",))
    return report


def _examine(store: JournalStore, raw: bytes | None, log: VerifierKey, witnesses: Sequence[VerifierKey]) -> FsckReport:
    if raw is None:
        return FsckReport(0, EMPTY_ROOT, (f"{CHECKPOINT}: missing",))
    try:
        note = Note.parse(raw)
        head = Checkpoint.parse(note.text)
    except MalformedError as error:
        return FsckReport(0, EMPTY_ROOT, (f"{CHECKPOINT}: {error.message}",))
    problems = _signature_problems(note, head, log, witnesses)
    tree = rebuild(store, head)
    problems += tree.problems
    if tree.frontier.size == head.size:
        problems += _stray_problems(store, head.size)
    return FsckReport(tree.frontier.size, tree.frontier.root, tuple(problems))


def _signature_problems(note: Note, head: Checkpoint, log: VerifierKey, witnesses: Sequence[VerifierKey]) -> list[str]:
    problems: list[str] = []
    for key in (log, *witnesses):
        try:
            key.verify(note)
        except RefusedError as error:
            problems.append(f"{CHECKPOINT}: {error.message}")
    if head.origin != log.name:
        problems.append(f"{CHECKPOINT}: of another log than {log.name}")
    return problems


def _stray_problems(store: JournalStore, size: int) -> list[str]:
    needed = expected_files(size) | {CHECKPOINT}
    problems: list[str] = []
    for path in store.names(""):
        if path in needed:
            continue
        try:
            Tile.parse(path)
        except MalformedError:
            problems.append(f"{path}: not a file of a journal")
        else:
            problems.append(f"{path}: not of the tree of {size} entries (opening the journal drops what a crash left)")
    return problems
