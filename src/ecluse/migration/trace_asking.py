"""Asking every trace file that a controller kept about one leaked sample (R11).

Files that the given identity does not open belong to another controller, and are not asked; nor are those past their
day (law 7). A file that is not what was written is refused and told, and the others are asked all the same. What the
answer names has been compared with its digest, whole; so have all files, where they are few.
"""

import datetime as dt
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from ecluse.domain.errors import EcluseError, Location, MalformedError, RefusedError, TamperError
from ecluse.migration.trace_filter import TraceFilter, read_filter
from ecluse.migration.trace_match import ExportHits, Finding, Matcher, conclude, worth_a_second_look
from ecluse.migration.tracing import KEY_BYTES
from ecluse.seal.armour import bare
from ecluse.seal.sealing import Identity, open_sealed

SUFFIX = ".trace"
_CHECKED = 256 << 20
"""Bytes of trace files, all together, up to which each is compared with its digest."""


@dataclass(frozen=True, slots=True)
class Answer:
    """What the exports know.

    ``silent`` are lines with nothing that any of them could know, ``strange`` those that none of the exports in
    ``findings`` knows. Places count from 0.
    """

    lines: int
    asked: int
    findings: tuple[Finding, ...]
    silent: frozenset[int]
    strange: frozenset[int]
    foreign: int = 0
    expired: int = 0
    refused: tuple[RefusedError, ...] = ()


@dataclass(slots=True)
class _Asking:
    identity: Identity
    today: dt.date
    matcher: Matcher
    whole: bool
    hits: list[ExportHits] = field(default_factory=list)
    foreign: int = 0
    expired: int = 0
    refused: list[RefusedError] = field(default_factory=list)

    def ask(self, path: Path) -> None:
        try:
            with read_filter(path) as trace:
                if self.whole:
                    trace.check()
                if trace.header.keep_until < self.today:
                    self.expired += 1
                elif (key := _key(trace, self.identity)) is None:
                    self.foreign += 1
                else:
                    self.hits.append(self.matcher.ask(trace, key))
        except RefusedError as error:
            self.refused.append(error)

    def look_again(self) -> None:
        """The second pass, for the exports that most speaks for, each compared with its digest first."""
        gone = set()
        for place in worth_a_second_look(self.hits):
            hits = self.hits[place]
            try:
                with read_filter(hits.filter.path) as trace:
                    trace.check()
                    key = _key(trace, self.identity)
                    if key is not None:
                        self.hits[place] = self.matcher.ask_slips(trace, key, hits)
            except RefusedError as error:
                gone.add(place)
                self.refused.append(error)
        self.hits = [hits for place, hits in enumerate(self.hits) if place not in gone]


def trace_files(places: Iterable[Path]) -> tuple[Path, ...]:
    """Files as they are named, and ``*.trace`` under folders; each once, in order.

    Raises:
        MalformedError: a name that is neither, or no trace file at all.
    """
    found: dict[Path, None] = {}
    for place in places:
        if place.is_dir():
            found |= dict.fromkeys(sorted(each for each in place.rglob(f"*{SUFFIX}") if each.is_file()))
        elif place.is_file():
            found[place] = None
        else:
            raise MalformedError("there is no readable file here", location=Location(file=str(place)))
    if not found:
        raise MalformedError("no trace file here", hint="exports leave one where their order has trace:")
    return tuple(found)


def ask_all(lines: Iterable[Sequence[str]], files: Sequence[Path], identity: Identity, today: dt.date) -> Answer:
    """What these files' exports know of a sample.

    Raises:
        RefusedError: the first problem, where not one file could be asked.
    """
    asking = _Asking(identity, today, Matcher(lines), sum(path.stat().st_size for path in files) <= _CHECKED)
    for path in files:
        asking.ask(path)
    if not asking.hits:
        _refuse(asking)
    asked = len(asking.hits)
    asking.look_again()
    findings = _checked(asking, conclude(asking.hits, asked))
    known = frozenset(line for each in findings for line in each.hits.known())
    heard = frozenset(line for hits in asking.hits for line in hits.asked | hits.known())
    every = frozenset(range(len(asking.matcher)))
    return Answer(
        len(asking.matcher), asked, findings, every - heard, heard - known, asking.foreign, asking.expired,
        tuple(asking.refused),
    )  # fmt: skip


def _checked(asking: _Asking, findings: Sequence[Finding]) -> tuple[Finding, ...]:
    """Findings whose files are what was written, throughout."""
    right = []
    for each in findings:
        try:
            with read_filter(each.hits.filter.path) as trace:
                trace.check()
            right.append(each)
        except RefusedError as error:
            asking.refused.append(error)
    return tuple(right)


def _refuse(asking: _Asking) -> None:
    if asking.refused:
        raise asking.refused[0]
    if asking.foreign:
        hint = f"this identity is {asking.identity.recipient}"
        raise TamperError("no trace file here is sealed to this identity", hint=hint)
    raise MalformedError("every trace file here is past its day")


def _key(trace: TraceFilter, identity: Identity) -> bytes | None:
    """The trace key; None where it is sealed to somebody else."""
    where = Location(file=str(trace.path))
    sealed = bare(trace.header.sealed_key)
    try:
        key = open_sealed(sealed, identity)
    except EcluseError as error:
        if "not sealed to this identity" in error.message:
            return None
        raise TamperError("the trace file's key was altered", location=where) from None
    if len(key) != KEY_BYTES:
        raise TamperError("the trace file's key was altered", location=where)
    return key
