"""The room's journal read whole, rebuilt, and compared with the lines that people search (laws 5, 10)."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import zip_longest

from django.db import transaction

from ecluse.domain.room import RoomEntry
from ecluse.journal import Journal, fsck
from ecluse.store.journal_files import STORE, log_key
from ecluse.store.models import JournalConcern, JournalLine
from ecluse.wire.artefacts import decode

MAX_PROBLEMS = 20


@dataclass(frozen=True, slots=True)
class Checked:
    """How many entries there are, the tree's root, and what is wrong: the first twenty."""

    size: int
    root: bytes
    problems: tuple[str, ...]


def check(witnesses: Sequence[str] = ()) -> Checked:
    """Rebuild the tree from the entries alone; then compare every entry with its line, and every line's readers.

    ``witnesses``: verifier keys (vkey) whose cosignature the checkpoint must bear. Raises MalformedError for a key
    that is none.
    """
    with transaction.atomic():
        report = fsck(STORE, log_key().vkey, witnesses)
        if report.problems:
            return Checked(report.size, report.root, report.problems[:MAX_PROBLEMS])
        found: list[str] = []
        for problem in _lines(report.size):
            found.append(problem)
            if len(found) == MAX_PROBLEMS:
                break
        return Checked(report.size, report.root, tuple(found))


def _lines(size: int) -> Iterator[str]:
    """What differs between the entries and their projection; what was appended meanwhile is not looked at."""
    entries = Journal.take_up(STORE, log_key()).entries(0)
    lines = JournalLine.objects.filter(index__lt=size).order_by("index").iterator(chunk_size=1000)
    readers = _readers(size)
    named = next(readers, None)
    for number, (data, line) in enumerate(zip_longest(_first(entries, size), lines)):
        if data is None or line is None or line.index != number:
            yield f"entry {number}: no line" if data is not None else f"entry {number}: a line without an entry"
            return
        entry = decode(RoomEntry, data, file=f"entry {number}")
        concerned = set()
        while named is not None and named[0] == number:
            concerned.add(named[1])
            named = next(readers, None)
        yield from _differences(number, entry, line, concerned)


def _first(entries: Iterator[bytes], size: int) -> Iterator[bytes]:
    for _, data in zip(range(size), entries, strict=False):
        yield data


def _readers(size: int) -> Iterator[tuple[int, str]]:
    found = JournalConcern.objects.filter(line__lt=size).order_by("line")
    return found.values_list("line", "organisation").iterator(chunk_size=1000)


def _differences(number: int, entry: RoomEntry, line: JournalLine, concerned: set[str]) -> Iterator[str]:
    written = {
        "at": entry.at,
        "actor": entry.actor,
        "event": str(entry.event),
        "concerns": list(entry.concerns),
        "subject": entry.subject[:200],
        "detail": dict(entry.detail),
    }
    for name, value in written.items():
        if getattr(line, name) != value:
            yield f"entry {number}: the line's {name} is another"
    if concerned != set(entry.concerns):
        yield f"entry {number}: other organisations may read the line"
