"""A bounded look into what a server lets be listed and read: the beginnings of a few files, forgotten at once."""

import time
from collections import Counter, deque
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from typing import Protocol

from ecluse.inspector._look import Looked, look_at_beginning
from ecluse.inspector.budget import Budget, SpentError
from ecluse.inspector.findings import Finding, Sureness
from ecluse.inspector.kinds import HEALTH, Kind
from ecluse.inspector.rule import Rule
from ecluse.inspector.rules_data import BACKUP
from ecluse.inspector.visit import Visit

_SECRET = frozenset({Kind.PASSWORDS, Kind.PRIVATE_KEY})
_DEEPEST = 6
_FIRST = (".csv", ".txt", ".sql", ".hpr", ".hprim", ".hl7", ".xml", ".json", ".xlsx", ".dbf", ".zip", ".gz", ".dump",
          ".bak", ".tsv", ".ndjson", ".fbk", ".xls", ".ods", ".tgz", ".tar", ".db", ".mbox", ".eml")  # fmt: skip
"""Where patient data lie, mostly; looked at before the rest."""


@dataclass(frozen=True, slots=True)
class Entry:
    """One name in a folder of a server. ``size`` in bytes, 0 where it is not told."""

    name: str
    folder: bool
    size: int = 0


class UnreadError(Exception):
    """A folder or file could not be read; ``fact`` is the word that says why. Caught within the inspector."""

    def __init__(self, fact: str) -> None:
        self.fact = fact
        super().__init__(fact)


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
    """What was seen in one folder: files with personal data by kind, backups in the clear, what could not be seen."""

    held: int = 0
    kinds: Counter[str] = field(default_factory=Counter)
    sureness: Sureness = Sureness.POSSIBLE
    backups: int = 0
    programs: set[str] = field(default_factory=set)
    unseen: Counter[str] = field(default_factory=Counter)

    def add(self, looked_at: Looked) -> None:
        """One file's beginning."""
        self.unseen.update(looked_at.unseen)
        self.backups += bool(looked_at.dumps)
        self.programs.update(looked_at.dumps)
        found = [each for each in looked_at.found if each.kind in HEALTH or each.kind in _SECRET]
        found = [each for each in found if each.sureness >= Sureness.PROBABLE]
        if found:
            self.held += 1
            self.kinds.update({str(each.kind): each.number for each in found})
            self.sureness = max(self.sureness, *(each.sureness for each in found))


def looked(
    visit: Visit, lister: Lister, start: str, rule: Rule, first: list[Entry] | None = None
) -> Iterator[Finding]:
    """Walk from a folder and sample its files: one finding by ``rule`` a folder that holds personal data.

    ``first``: what lies in the folder, where it has been listed already.
    What a limit cuts off, an archive's end, and how many folders or files could not be read, is told as not looked at.
    """
    seen, unread = dict[str, Seen](), dict[str, Counter[str]]()
    try:
        for folder, entries in _walk(lister, start, first, unread):
            visit.tell(f"{visit.target.name}{folder}")
            here = seen.setdefault(folder, Seen())
            for name in _sampled(entries):
                _sample(lister, joined(folder, name), here, visit.budget, unread)
    except SpentError as spent:
        yield visit.unseen(spent.fact, at=visit.at(start))
    for folder, here in seen.items():
        yield from _told(visit, visit.at(folder), here, rule)
    for fact, counted in sorted(unread.items()):
        yield visit.unseen(fact, at=visit.at(f"{start}/*"), counts=tuple(sorted(counted.items())))


def _told(visit: Visit, place: str, here: Seen, rule: Rule) -> Iterator[Finding]:
    if here.held:
        yield visit.found(rule, here.sureness, at=place, counts=(("files", here.held), *sorted(here.kinds.items())))
    if here.backups:
        programs = tuple(sorted(here.programs))
        yield visit.found(BACKUP, at=place, counts=(("files", here.backups),), facts=programs)
    for fact, files in sorted(here.unseen.items()):
        yield visit.unseen(fact, at=place, counts=(("files", files),))


def _walk(
    lister: Lister, start: str, first: list[Entry] | None, unread: dict[str, Counter[str]]
) -> Iterator[tuple[str, list[Entry]]]:
    waiting, known = deque([(start, 0)]), {start}
    while waiting:
        folder, depth = waiting.popleft()
        try:
            entries = lister.entries(folder) if folder != start or first is None else first
        except UnreadError as error:
            unread.setdefault(error.fact, Counter())["folders"] += 1
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


def _sample(lister: Lister, path: str, here: Seen, budget: Budget, unread: dict[str, Counter[str]]) -> None:
    budget.file()
    size = budget.limits.bytes_each
    try:
        block = lister.beginning(path, size)
    except UnreadError as error:
        unread.setdefault(error.fact, Counter())["files"] += 1
        return
    budget.read(len(block))
    limits = replace(budget.limits, bytes_each=budget.limits.bytes_all)  # of what an archive unpacks to
    here.add(look_at_beginning(path, block, limits, time.monotonic() + budget.left, cut=len(block) >= size))


def joined(folder: str, name: str) -> str:
    """An absolute path on a server."""
    return f"{folder.rstrip('/')}/{name}"
