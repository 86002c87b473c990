"""A bounded look into what a server lets be listed and read: the beginnings of a few files, forgotten at once."""

from collections import Counter, deque
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Protocol

from ecluse.inspector.budget import Budget, SpentError
from ecluse.inspector.findings import Finding, Sureness
from ecluse.inspector.kinds import HEALTH, Kind
from ecluse.inspector.personal import Detector
from ecluse.inspector.rule import Rule
from ecluse.inspector.visit import Visit

_SECRET = frozenset({Kind.PASSWORDS, Kind.PRIVATE_KEY})
_DEEPEST = 6
_FIRST = (".csv", ".txt", ".sql", ".hpr", ".hprim", ".hl7", ".xml", ".json", ".xlsx", ".dbf", ".zip", ".gz", ".dump",
          ".bak", ".tsv", ".ndjson")  # fmt: skip
"""Where patient data lie, mostly; looked at before the rest."""


@dataclass(frozen=True, slots=True)
class Entry:
    """One name in a folder of a server. ``size`` in bytes, 0 where it is not told."""

    name: str
    folder: bool
    size: int = 0


class UnreadError(Exception):
    """A folder or file could not be read; caught within the inspector."""


class Lister(Protocol):
    """What a server lets be seen; read-only."""

    def entries(self, folder: str) -> list[Entry]:
        """What lies in a folder, an absolute path. Raises UnreadError."""
        ...

    def beginning(self, path: str, size: int) -> bytes:
        """At most so many bytes of a file. Raises UnreadError."""
        ...


@dataclass
class Seen:
    """What was seen in one folder: files, and those with personal data by kind."""

    files: int = 0
    held: int = 0
    kinds: Counter[str] = field(default_factory=Counter)
    sureness: Sureness = Sureness.POSSIBLE


def looked(visit: Visit, lister: Lister, start: str, rule: Rule) -> Iterator[Finding]:
    """Walk from a folder and sample its files: one finding by ``rule`` a folder that holds personal data.

    What a limit cuts off, and how many folders or files could not be read, is told as not looked at.
    """
    seen, unread = dict[str, Seen](), Counter[str]()
    try:
        for folder, entries in _walk(lister, start, visit.budget, unread):
            visit.tell(f"{visit.target.name}{folder}")
            here = seen.setdefault(folder, Seen(files=sum(not entry.folder for entry in entries)))
            for name in _sampled(entries):
                _sample(lister, joined(folder, name), here, visit.budget, unread)
    except SpentError as spent:
        yield visit.unseen(spent.fact, at=visit.at(start))
    for folder, here in seen.items():
        if here.held:
            counts = (("files", here.held), *sorted(here.kinds.items()))
            yield visit.found(rule, here.sureness, at=visit.at(folder), counts=counts)
    if unread:
        counts = tuple(sorted(unread.items()))
        yield visit.unseen("not-allowed", at=visit.at(f"{start}/*"), counts=counts)


def _walk(lister: Lister, start: str, budget: Budget, unread: Counter[str]) -> Iterator[tuple[str, list[Entry]]]:
    waiting, known = deque([(start, 0)]), {start}
    while waiting:
        folder, depth = waiting.popleft()
        budget.request()
        try:
            entries = lister.entries(folder)
        except UnreadError:
            unread["folders"] += 1
            continue
        yield folder, entries
        for entry in entries:
            path = joined(folder, entry.name)
            if entry.folder and depth < _DEEPEST and path not in known:
                known.add(path)
                waiting.append((path, depth + 1))


def _sampled(entries: list[Entry]) -> list[str]:
    files = [entry.name for entry in entries if not entry.folder]
    return sorted(files, key=lambda name: (not name.lower().endswith(_FIRST), name))


def _sample(lister: Lister, path: str, here: Seen, budget: Budget, unread: Counter[str]) -> None:
    budget.file()
    budget.request()
    try:
        block = lister.beginning(path, budget.limits.bytes_each)
    except UnreadError:
        unread["files"] += 1
        return
    budget.read(len(block))
    kinds, sureness = judged(path, block)
    if kinds:
        here.held += 1
        here.kinds.update(kinds)
        here.sureness = max(here.sureness, sureness)


def judged(name: str, block: bytes) -> tuple[dict[str, int], Sureness]:
    """What kinds of personal data the beginning of a file holds, how many of each, and how sure that is."""
    detector = Detector(name)
    detector.feed(block)
    found = [each for each in detector.found() if each.kind in HEALTH or each.kind in _SECRET]
    found = [each for each in found if each.sureness >= Sureness.PROBABLE]
    sureness = max((each.sureness for each in found), default=Sureness.POSSIBLE)
    return {str(each.kind): each.number for each in found}, sureness


def joined(folder: str, name: str) -> str:
    """An absolute path on a server."""
    return f"{folder.rstrip('/')}/{name}"
