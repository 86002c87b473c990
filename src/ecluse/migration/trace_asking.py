"""Asking every trace file that a controller kept about one leaked sample (R11).

Files that the given identity does not open belong to another controller, and are not asked; nor are those past their
day (law 7). A file that is not what was written is refused and told, and counts for nothing: the others are asked, and
concluded from, as if it were not there. What the answer names has been compared with its digest, whole; so have all
files, where they are few; each once.
"""

import datetime as dt
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from ecluse.domain.errors import Location, MalformedError, RefusedError, TamperError
from ecluse.domain.tracing import is_past
from ecluse.migration.trace_filter import TraceFilter, read_filter
from ecluse.migration.trace_match import ExportHits, Finding, Matcher, conclude, worth_a_second_look
from ecluse.migration.tracing import KEY_BYTES
from ecluse.seal.armour import bare
from ecluse.seal.sealing import Identity, NotForUsError, open_sealed
from ecluse.workspace.traces import SUFFIX

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
    """``sound`` are the files that have been compared with their digests, ``hits`` the answers by file."""

    identity: Identity
    today: dt.date
    matcher: Matcher
    whole: bool
    hits: dict[Path, ExportHits] = field(default_factory=dict)
    sound: set[Path] = field(default_factory=set)
    foreign: int = 0
    expired: int = 0
    refused: list[RefusedError] = field(default_factory=list)

    def ask(self, path: Path) -> None:
        """The first pass."""
        self._do(path, self._ask)

    def look_again(self) -> None:
        """The second pass, for the exports that most speaks for, each compared with its digest first."""
        while not self._are_sound(places := self._worth_it()):
            pass
        for path in places:
            self._do(path, self._ask_slips)

    def concluded(self) -> tuple[Finding, ...]:
        """What the answers are worth together, of files that are what was written wherever one is named."""
        while True:
            findings = conclude(list(self.hits.values()), len(self.hits))
            if self._are_sound([each.hits.filter.path for each in findings]):
                return findings

    def _ask(self, trace: TraceFilter) -> None:
        if is_past(trace.header.keep_until, self.today):
            self.expired += 1
        elif (key := _key(trace, self.identity)) is None:
            self.foreign += 1
        else:
            if self.whole:
                self._check(trace)
            self.hits[trace.path] = self.matcher.ask(trace, key)

    def _ask_slips(self, trace: TraceFilter) -> None:
        key = _key(trace, self.identity)
        if key is not None:
            self.hits[trace.path] = self.matcher.ask_slips(trace, key, self.hits[trace.path])

    def _check(self, trace: TraceFilter) -> None:
        trace.check()
        self.sound.add(trace.path)

    def _worth_it(self) -> list[Path]:
        paths = list(self.hits)
        return [paths[place] for place in worth_a_second_look(list(self.hits.values()))]

    def _are_sound(self, paths: Sequence[Path]) -> bool:
        """Whether all are what was written; where not, others may be next once the answers of these are gone."""
        for path in paths:
            if path not in self.sound:
                self._do(path, self._check)
        return self.sound.issuperset(paths)

    def _do(self, path: Path, work: Callable[[TraceFilter], None]) -> None:
        """Open a file for that. One in which anything is found wrong is told, and its answer counts no more."""
        try:
            with read_filter(path) as trace:
                work(trace)
        except RefusedError as error:
            self.hits.pop(path, None)
            self.refused.append(error)


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
    asking.look_again()
    findings = asking.concluded()
    if not asking.hits:
        _refuse(asking)
    answers = asking.hits.values()
    known = frozenset(line for each in findings for line in each.hits.known())
    heard = frozenset(line for hits in answers for line in hits.asked | hits.known())
    every = frozenset(range(len(asking.matcher)))
    return Answer(
        len(every), len(answers), findings, every - heard, heard - known, asking.foreign, asking.expired,
        tuple(asking.refused),
    )  # fmt: skip


def _refuse(asking: _Asking) -> None:
    if asking.refused:
        raise asking.refused[0]
    if asking.foreign:
        hint = f"this identity is {asking.identity.recipient}"
        raise TamperError("no trace file here is sealed to this identity", hint=hint)
    raise MalformedError("every trace file here is past its day")


def _key(trace: TraceFilter, identity: Identity) -> bytes | None:
    """The trace key; None where it is sealed to somebody else."""
    altered = TamperError("the trace file's key was altered", location=Location(str(trace.path), field="sealed_key"))
    try:
        key = open_sealed(bare(trace.header.sealed_key), identity)
    except NotForUsError:
        return None
    except (MalformedError, TamperError):
        raise altered from None
    if len(key) != KEY_BYTES:
        raise altered
    return key
