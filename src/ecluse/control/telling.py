"""What a place tells the control room: its journal, part by part, and its papers. No patient data is in either.

Each part of a journal comes with a head that its own key signs, so that the room need not wait for the last entry to
verify the first.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import islice

from ecluse.control.evidence import named_papers
from ecluse.journal.checkpoint import Checkpoint
from ecluse.journal.keys import LogKey
from ecluse.journal.merkle import Frontier, leaf_hash
from ecluse.journal.note import Note
from ecluse.wire.artefacts import KINDS, encode
from ecluse.workspace.place import Workspace

_ENTRIES = 200
_BYTES = 1 << 20
_ORDER = ("plan", "source-profile", "receipt", "reconciliation", "instruction", "acceptance", "erasure")
"""By which a paper is judged comes before it."""


@dataclass(frozen=True, slots=True)
class Part:
    """Entries of a journal from ``start`` on, and its signed head after them."""

    start: int
    entries: tuple[bytes, ...]
    checkpoint: bytes


@dataclass(frozen=True, slots=True)
class Held:
    """A paper that a place holds: kind, digest, canonical bytes, armoured signatures by signer."""

    kind: str
    digest: str
    data: bytes
    signatures: dict[str, bytes]


def parts(place: Workspace, known: int) -> Iterator[Part]:
    """The journal from entry ``known`` on, in parts that fit into one report.

    Raises:
        UsageError: more entries are known than there are.
    """
    journal, start = place.journal, known
    if journal.size - known <= _ENTRIES:
        fresh = tuple(journal.entries(known))
        if fresh and sum(map(len, fresh)) <= _BYTES:
            yield Part(start, fresh, journal.checkpoint())
            return
    tree, _ = Frontier().grown(map(leaf_hash, islice(journal.entries(), known)))
    waiting: list[bytes] = []
    for entry in journal.entries(known):
        if waiting and (len(waiting) == _ENTRIES or sum(map(len, waiting)) + len(entry) > _BYTES):
            tree, _ = tree.grown(map(leaf_hash, waiting))
            yield Part(start, tuple(waiting), head_of(place.key, tree))
            start, waiting = start + len(waiting), []
        waiting.append(entry)
    if waiting:
        yield Part(start, tuple(waiting), journal.checkpoint())


def held(place: Workspace) -> Iterator[Held]:
    """The papers that the journal names, but agreement and order, which came from the room; those judged by first."""
    papers = (paper for paper in named_papers(place) if paper[0] in _ORDER)
    for kind, address in sorted(papers, key=lambda paper: (_ORDER.index(paper[0]), paper[1])):
        cls = KINDS[kind]
        yield Held(kind, address, encode(place.get(cls, address)), place.signatures(cls, address))


def head_of(key: LogKey, tree: Frontier) -> bytes:
    """A signed checkpoint over a tree."""
    text = Checkpoint(key.name, tree.size, tree.root).text
    return Note(text, (key.sign(text),)).encode()
