"""What was seen in each file, gathered by folder and rule into findings; bounded, however many files there are."""

import re
import stat
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from ecluse.domain.alerts import Severity
from ecluse.inspector import rules_data as rules
from ecluse.inspector._look import Looked, surest
from ecluse.inspector._natures import ending
from ecluse.inspector._walk import Folder
from ecluse.inspector.findings import Finding, Sureness
from ecluse.inspector.kinds import HEALTH, Kind
from ecluse.inspector.personal import Found
from ecluse.inspector.rule import Rule
from ecluse.inspector.rules_servers import NOT_LOOKED_AT

MOST = 500
"""Places of one rule; what is beyond is counted at the folder inspected."""
_STATEMENT = re.compile(r"retention|conservation|purge|effacement|erasure", re.IGNORECASE)
_TRANSFER = re.compile(
    r"(?:^|[ _.-])(?:transferts?|transfers?|echanges?|exchange|exports?|inbox|outbox|incoming|outgoing|ftp|sftp"
    r"|uploads?|depots?)(?:$|[ _.-])",
    re.IGNORECASE,
)
_EXPORT_ENDINGS = "csv tsv sql xlsx xls ods dbf mdb hl7 hpr hpm ndjson zip gz bz2 xz tar tgz 7z rar dump dmp bak fbk"
_EXPORTS = frozenset(_EXPORT_ENDINGS.split())
_LOGS = frozenset({"log", "logs", "journaux"})
_LOG_ENDINGS = frozenset({"log", "gz", "xz", "bz2", "txt", "1", "2", "old", ""})
_ARCHIVED = (".gz", ".bz2", ".xz", ".zip", ".7z", ".rar", ".tgz", ".tar.gz", ".age", ".gpg")
_LARGE_LOG = 100 << 20
_UNREAD = 30 * 86_400.0
"""Seconds for which logs are written and not read."""
_OTHERS = 0o077
_OWN = frozenset({Kind.PRIVATE_KEY, Kind.CONTACTS})


Told = tuple[Rule, Sureness, dict[str, int], set[str]]
"""A rule, how sure, counts and facts."""


@dataclass
class _Group:
    """What one rule has at one place."""

    files: int = 0
    sureness: Sureness = Sureness.POSSIBLE
    last: str = ""
    counts: dict[str, int] = field(default_factory=dict)
    facts: set[str] = field(default_factory=set)


@dataclass
class _Logs:
    """The logs of one folder: files, the newest line, large ones alone; whether and since when none is read."""

    files: int
    newest: float = 0.0
    unrotated: int = 0
    is_read: bool = False
    unread_since: float = float("inf")

    def add(self, each: Looked, *, is_large: bool) -> None:
        """One file. Whoever follows a log reads what was written last: a file read before that is not followed."""
        self.newest = max(self.newest, each.changed)
        self.unrotated += is_large
        if each.size:
            self.is_read = self.is_read or each.read >= each.changed
            self.unread_since = min(self.unread_since, each.read)

    def told(self, stale: float, newest: float) -> Iterator[tuple[Rule, Sureness, tuple[tuple[str, int], ...]]]:
        """What is wrong with them. ``newest``: when any file of the whole was last changed."""
        counts = (("files", self.files),)
        if self.files == 0:
            yield rules.LOGS_EMPTY, Sureness.PROBABLE, ()
        elif self.newest < stale and newest > stale:
            yield rules.LOGS_STALE, Sureness.PROBABLE, counts
        if not self.is_read and self.newest - self.unread_since > _UNREAD:
            yield rules.LOGS_UNREAD, Sureness.POSSIBLE, counts
        if self.unrotated:
            yield rules.LOGS_UNROTATED, Sureness.PROBABLE, (("files", self.unrotated),)


@dataclass
class Gathering:
    """The sums of one folder inspected; ``stale``: when files past their use were changed at the latest."""

    root: Path
    stale: float
    files: int = 0
    bytes: int = 0
    _groups: dict[tuple[str, str], _Group] = field(default_factory=dict, repr=False)
    _places: dict[str, int] = field(default_factory=dict, repr=False)
    _rules: dict[str, Rule] = field(default_factory=dict, repr=False)
    _cut: set[str] = field(default_factory=set, repr=False)
    _stated: bool = False
    _patients: bool = False
    _logs: dict[str, _Logs] = field(default_factory=dict, repr=False)
    _newest: float = 0.0

    def enter(self, folder: Folder) -> None:
        """A folder, before its files."""
        if folder.unlisted:
            self._put((NOT_LOOKED_AT, Sureness.CERTAIN, {"folders": 1}, {folder.unlisted}), folder, "")
        self._stated = self._stated or any(_STATEMENT.search(name) for name in folder.files)
        if folder.path.name.lower() in _LOGS and len(self._logs) < MOST and not folder.unlisted:
            logs = [name for name in folder.files if ending(name) in _LOG_ENDINGS]
            if logs or not (folder.files or _holds_folders(folder.path)):
                self._logs[self._place(folder.path)] = _Logs(len(logs))

    def cut(self, fact: str) -> None:
        """The inspection ended before its end, at a limit."""
        self._cut.add(fact)

    def add(self, folder: Folder, names: Sequence[str], looked: Sequence[Looked]) -> None:
        """Some files of a folder."""
        for name, each in zip(names, looked, strict=True):
            if each.gone:
                continue
            self.files, self.bytes = self.files + 1, self.bytes + each.size
            self._newest = max(self._newest, each.changed)
            self._log(folder, name, each)
            for told in self._told(folder, name, each):
                self._put(told, folder, name)

    def _told(self, folder: Folder, name: str, each: Looked) -> Iterator[Told]:
        """What one file is told for."""
        within = {"in-an-archive"} if each.within else set[str]()
        within |= {"in-a-mail"} if each.mailed else set[str]()
        for found in each.found:
            if found.kind in _OWN and not (each.within or each.mailed) and (folder.private or not each.mode & _OTHERS):
                continue  # only its owner reads it: the place for a key, or for an application's list of its users
            yield rules.OF_KIND[found.kind], found.sureness, {str(found.kind): found.number}, within | set(found.facts)
        if each.dumps:
            yield rules.BACKUP, Sureness.CERTAIN, {}, within | set(each.dumps)
        for fact in each.unseen:
            yield NOT_LOOKED_AT, Sureness.CERTAIN, {}, {fact}
        patients = [found for found in each.found if found.kind in HEALTH and found.sureness > Sureness.POSSIBLE]
        if patients or each.dumps:
            yield from self._of_patients(folder, name, each, patients)
        elif self._is_export(folder, name) and each.changed < self.stale:
            yield rules.PAST_USE, Sureness.POSSIBLE, {}, set()

    def _of_patients(self, folder: Folder, name: str, each: Looked, patients: list[Found]) -> Iterator[Told]:
        """What a file with patients' data is told for besides."""
        self._patients = True
        sure = surest(patients) if patients else Sureness.PROBABLE
        if each.mode & stat.S_IROTH and folder.open:
            yield rules.READABLE_BY_ALL, sure, {}, set()
        if each.changed < self.stale:
            yield rules.PAST_USE, sure, {}, set()
        stem = name.rpartition(".")[0] or name
        if any(f"{base}{end}" in folder.files for base in {name, stem} for end in _ARCHIVED if f"{base}{end}" != name):
            yield rules.BESIDE_ARCHIVE, sure, {}, set()

    def _is_export(self, folder: Folder, name: str) -> bool:
        inside = folder.path.relative_to(self.root).parts if folder.path.is_relative_to(self.root) else ()
        return ending(name) in _EXPORTS and any(map(_TRANSFER.search, (self.root.name, *inside)))

    def _log(self, folder: Folder, name: str, each: Looked) -> None:
        place = self._place(folder.path)
        if place in self._logs and ending(name) in _LOG_ENDINGS:
            alone = not any(other != name and other.startswith(name.removesuffix(".log")) for other in folder.files)
            self._logs[place].add(each, is_large=each.size > _LARGE_LOG and alone)

    def _put(self, told: Told, folder: Folder, name: str) -> None:
        rule, sureness, counts, facts = told
        place = self._place(folder.path)
        key = (rule.id, place)
        if key not in self._groups:
            if self._places.get(rule.id, 0) >= MOST:
                key = (rule.id, ".")
            self._places[rule.id] = self._places.get(rule.id, 0) + (key not in self._groups)
            self._groups.setdefault(key, _Group())
            self._rules[rule.id] = rule
        group = self._groups[key]
        path = f"{place}/{name}".removeprefix("./") if name else place
        group.files += path != group.last
        group.last = path
        group.sureness = max(group.sureness, sureness)
        group.facts |= facts
        for kind, number in counts.items():
            group.counts[kind] = group.counts.get(kind, 0) + number

    def _place(self, path: Path) -> str:
        return str(path.relative_to(self.root)) if path.is_relative_to(self.root) else "."

    def findings(self) -> Iterator[Finding]:
        """Everything, in the order of ranks."""
        target = str(self.root)
        made = [self._found(rule, place, group) for (rule, place), group in self._groups.items()]
        for place, logs in self._logs.items():
            made += [
                rule.found(target, place, sureness, counts=counts)
                for rule, sureness, counts in logs.told(self.stale, self._newest)
            ]
        if self._patients and not self._stated:
            made.append(rules.NO_RETENTION.found(target, ".", Sureness.PROBABLE))
        if self._cut:
            made.append(NOT_LOOKED_AT.found(target, ".", facts=tuple(sorted(self._cut))))
        yield from sorted(made, key=lambda each: each.rank)

    def _found(self, rule: str, place: str, group: _Group) -> Finding:
        counts = tuple(sorted(group.counts.items()))
        return self._rules[rule].found(
            str(self.root),
            group.last if group.files == 1 else place,
            group.sureness,
            counts=counts if "folders" in group.counts else (("files", group.files), *counts),
            facts=tuple(sorted(group.facts)),
            severity=Severity.LOW if group.sureness is Sureness.POSSIBLE else None,
        )


def _holds_folders(path: Path) -> bool:
    try:
        return any(each.is_dir() for each in path.iterdir())
    except OSError:
        return True
