"""A place as it stands, read without its lock: what status and the journal's readers need while an agent is at work."""

from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

from ecluse.domain.entry import Entry
from ecluse.domain.errors import EcluseError, InternalError, Location, TamperError, UsageError
from ecluse.journal.checkpoint import Checkpoint, read_checkpoint
from ecluse.journal.keys import LogKey
from ecluse.journal.merkle import Frontier, leaf_hash
from ecluse.journal.note import VerifierKey
from ecluse.journal.store import FolderStore, JournalStore
from ecluse.journal.tiles import CHECKPOINT, bundles, parse_entries
from ecluse.wire.artefacts import decode, kind_of
from ecluse.wire.canonical import digest, parse
from ecluse.workspace.files import read
from ecluse.workspace.place import Place
from ecluse.workspace.progress import Progress, replay

T = TypeVar("T")

_MARK = "workspace.json"
_ATTEMPTS = 20


@dataclass(frozen=True, slots=True)
class View:
    """A place at one moment. ``leaves`` are its journal's entries as bytes, checked against the signed checkpoint."""

    root: Path
    place: Place
    agent: str
    vkey: str
    checkpoint: bytes
    leaves: tuple[bytes, ...]

    def entries(self) -> tuple[Entry, ...]:
        """The journal's entries, oldest first."""
        return tuple(decode(Entry, data, file="journal") for data in self.leaves)

    def progress(self) -> Progress:
        """What they say has happened."""
        return replay(self.entries())

    def get(self, cls: type[T], address: str) -> T:
        """The artefact of that digest; raises TamperError, StorageError."""
        path = self.root / "artefacts" / kind_of(cls) / f"{address.removeprefix('sha256:')}.json"
        data = read(path)
        if digest(data) != address:
            raise TamperError("the artefact is not what its digest says", location=Location(file=str(path)))
        return decode(cls, data, file=str(path))

    def pinned(self, cls: type[T]) -> T | None:
        """The artefact of its kind that counts now, or None."""
        address = self.progress().pins.get(kind_of(cls))
        return self.get(cls, address) if address else None


def is_place(root: Path) -> bool:
    """Whether a folder is one place."""
    return (root / _MARK).is_file()


def places_under(root: Path) -> tuple[Path, ...]:
    """The places of a folder: itself, or its ``source`` and ``destination``.

    Raises:
        UsageError: there is none.
    """
    if is_place(root):
        return (root,)
    found = tuple(root / place for place in Place if is_place(root / place))
    if not found:
        raise UsageError("no workspace here", location=Location(file=str(root)), hint="see ecluse plan --help")
    return found


def look(root: Path) -> View:
    """Read a place and check its whole journal; an append that goes on meanwhile is waited for.

    Raises:
        UsageError: no place here.
        TamperError: the journal is not what its checkpoint signs.
    """
    if not is_place(root):
        raise UsageError("no workspace here", location=Location(file=str(root)), hint="see ecluse plan --help")
    facts = parse(read(root / _MARK))
    key = LogKey.load(root / "keys" / "log.key").verifier
    raw, leaves = read_whole(FolderStore(root / "journal"), key, str(root / "journal"))
    return View(root, Place(facts["place"]), facts["agent"], str(key), raw, leaves)


def read_whole(store: JournalStore, key: VerifierKey, where: str) -> tuple[bytes, tuple[bytes, ...]]:
    """A journal's checkpoint and entries, checked against one another; an append meanwhile is waited for.

    Raises:
        TamperError: the journal is gone, or not what its checkpoint signs.
    """
    for attempt in range(1, _ATTEMPTS + 1):
        raw = store.read(CHECKPOINT) or b""
        try:
            return raw, _leaves(store, read_checkpoint(raw, key)[1])
        except EcluseError as error:
            if attempt == _ATTEMPTS or (store.read(CHECKPOINT) or b"") == raw:
                raise TamperError(error.message, location=Location(file=where)) from None
    raise InternalError("a journal was read neither whole nor not at all")


def check_extends(view: View, earlier: bytes) -> Checkpoint:
    """That the journal still begins with what an earlier checkpoint, kept elsewhere, signs; returns the earlier head.

    Raises:
        SignatureError, MalformedError: not a checkpoint of this log.
        TamperError: the journal was set back or rewritten since.
    """
    _, head = read_checkpoint(earlier, VerifierKey.parse(view.vkey))
    if head.size > len(view.leaves):
        raise TamperError(f"the journal holds {len(view.leaves)} entries and held {head.size}: it was set back")
    if _root(view.leaves[: head.size]) != head.root:
        raise TamperError(f"the first {head.size} entries are not those that were signed: it was rewritten")
    return head


def _leaves(store: JournalStore, head: Checkpoint) -> tuple[bytes, ...]:
    found: list[bytes] = []
    for bundle in bundles(head.size):
        data = store.read(bundle.path)
        if data is None:
            raise TamperError(f"{bundle.path}: missing")
        found += parse_entries(data, bundle.width)
    if _root(found) != head.root:
        raise TamperError(f"{CHECKPOINT}: its root is not that of the {head.size} entries")
    return tuple(found)


def _root(leaves: tuple[bytes, ...] | list[bytes]) -> bytes:
    return Frontier().grown(map(leaf_hash, leaves))[0].root
