"""One file looked at, archives and tables within it too: what it holds, and what could not be looked at."""

import io
import os
import stat
import time
import zipfile
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

from ecluse.inspector._mail import Mails
from ecluse.inspector._natures import HEAD, Nature, dump_of, ending, nature_of
from ecluse.inspector._office import dbase_lines, is_office, office_lines, sqlite_lines
from ecluse.inspector._unpacking import (
    BLOCK,
    Budget,
    Prefixed,
    Reads,
    Unpacked,
    UnseenError,
    exactly,
    held,
    leading_members,
    opened_zip,
    tar_members,
    zip_members,
)  # fmt: skip
from ecluse.inspector.findings import Limits, Sureness
from ecluse.inspector.kinds import Kind
from ecluse.inspector.personal import CODE, Detector, Found

_PACKED = {Nature.GZIP, Nature.BZIP2, Nature.XZ}
_UNREAD = {Nature.CLOSED: "archive-closed", Nature.PDF: "pdf", Nature.PICTURE: "picture"}
_TORN = frozenset({"archive-damaged", "table-damaged"})
"""What a file that was cut off looks like."""
_SUFFIXES = {"tgz": "tar", "tbz2": "tar", "txz": "tar"}


@dataclass(frozen=True, slots=True)
class Looked:
    """What one file holds.

    Attributes:
        found: Kinds of personal data.
        dumps: Programs whose backups in the clear it is, or holds.
        unseen: Reasons for which a part was not looked at, as facts.
        size: Bytes read, unpacked ones too.
        mode: Of the file, for who may read it; 0 if it could not be opened.
        changed: When it was last changed, seconds since 1970.
        read: When it was last read before, as far as its file system says; infinite where it does not keep it.
        within: Whether it is an archive.
        mailed: Whether it is a mail or a mailbox.
        gone: It vanished before it could be opened: nothing is to be said of it.
    """

    found: tuple[Found, ...] = ()
    dumps: tuple[str, ...] = ()
    unseen: tuple[str, ...] = ()
    size: int = 0
    mode: int = 0
    changed: float = 0.0
    read: float = float("inf")
    within: bool = False
    mailed: bool = False
    gone: bool = False


@dataclass
class _Looking:
    """The sums of one outermost file."""

    limits: Limits
    deadline: float
    budget: Budget
    found: dict[Kind, Found] = field(default_factory=dict)
    dumps: set[str] = field(default_factory=set)
    unseen: set[str] = field(default_factory=set)
    size: int = 0
    within: bool = False
    mailed: bool = False

    def add(self, found: Iterable[Found]) -> None:
        """Sum up what a part holds."""
        for each in found:
            before = self.found.get(each.kind)
            if before is None:
                self.found[each.kind] = each
                continue
            best = max(before, each, key=lambda one: one.sureness)
            self.found[each.kind] = Found(each.kind, before.number + each.number, best.sureness, best.facts)

    def stream(  # noqa: C901 - one case a nature
        self, name: str, source: Reads, depth: int, at: Path | io.BytesIO | None = None
    ) -> None:
        """One stream, whatever it is. ``at``: where it can be opened from its end, a path or memory."""
        head = exactly(source, HEAD)
        nature = nature_of(head, name)
        whole = Prefixed(head, source)
        dump = dump_of(head, name) if nature is not Nature.SEALED else None
        self.dumps.update({dump} if dump else ())
        if nature in _PACKED | {Nature.ZIP, Nature.TAR, Nature.MAIL}:
            self.within = self.within or nature is not Nature.MAIL
            if depth >= self.limits.deep:
                self.unseen.add("archive-too-deep")
                return
        match nature:
            case Nature.GZIP | Nature.BZIP2 | Nature.XZ:
                self.part(_inner(name), Unpacked(whole, nature, self.budget), depth + 1)
            case Nature.TAR:
                for inner, member in tar_members(whole):
                    self.part(inner, member, depth + 1)
            case Nature.ZIP:
                self._zip(at, whole, depth)
            case Nature.SQLITE:
                for table, lines in sqlite_lines(at if at is not None else held(whole), self.limits.rows):
                    self.bytes(f"{table}.csv", [lines])
            case Nature.DBASE:
                self.bytes("table.csv", dbase_lines(whole))
            case Nature.MAIL:
                self._mail(name, whole, depth)
            case Nature.TEXT:
                self.bytes(name, _blocks(whole))
            case _:
                self.unseen.update({_UNREAD[nature]} if nature in _UNREAD else ())

    def part(self, name: str, source: Reads, depth: int) -> None:
        """A part of an archive; what cannot be looked at in it does not end the whole, unless a limit is reached."""
        try:
            self.stream(name, source, depth)
        except UnseenError as error:
            if error.fact in {"limit-bytes", "limit-time", "archive-swells", "archive-damaged"}:
                raise
            self.unseen.add(error.fact)

    def bytes(self, name: str, blocks: Iterable[bytes]) -> None:
        """Bytes as they are."""
        detector = Detector(name)
        try:
            for block in blocks:
                self._spend(len(block))
                detector.feed(block)
        finally:
            self.add(detector.found())

    def _spend(self, number: int) -> None:
        self.size += number
        if self.size > self.limits.bytes_each:
            raise UnseenError("limit-bytes")
        if time.monotonic() > self.deadline:
            raise UnseenError("limit-time")

    def _mail(self, name: str, whole: Reads, depth: int) -> None:
        """The texts of a mailbox as one, and each attachment as a file; one that is damaged does not end the rest."""
        self.mailed = True
        texts, mails = Detector("mail.txt" if ending(name) not in CODE else name), Mails(whole)
        try:
            for attached, piece in mails:
                if attached is None:
                    for block in _blocks(piece):
                        self._spend(len(block))
                        texts.feed(block)
                    continue
                try:
                    self.stream(attached, piece, depth + 1)
                except UnseenError as error:
                    if error.fact in {"limit-bytes", "limit-time"}:
                        raise
                    self.unseen.add(error.fact)
        finally:
            self.add(texts.found())
            if mails.unread:
                self.unseen.add("mail-unread")

    def _zip(self, at: Path | io.BytesIO | None, whole: Reads, depth: int) -> None:
        if isinstance(at, Path):
            with _opened(at) as file:
                self._members(opened_zip(file), depth)
        else:
            self._members(opened_zip(at if at is not None else held(whole)), depth)

    def _members(self, opened: zipfile.ZipFile, depth: int) -> None:
        with opened:
            if is_office(opened.namelist()):
                for name, lines in office_lines(opened, self.budget):
                    self.bytes(name, [lines])
                return
            for name, source in zip_members(opened, self.budget):
                if source is not None:  # what is encrypted is as it should be
                    self.part(name, source, depth + 1)


    def told(self) -> Looked:
        """What was seen, in its order."""
        found = tuple(sorted(self.found.values(), key=lambda each: each.kind))
        dumps, unseen = tuple(sorted(self.dumps)), tuple(sorted(self.unseen))
        return Looked(found, dumps, unseen, self.size, within=self.within, mailed=self.mailed)


def look(path: Path, limits: Limits, deadline: float) -> Looked:
    """Look at one file; whatever it is, this ends within its limits and raises nothing for it.

    Args:
        path: A regular file; anything else that has taken its place is not opened.
        limits: Of bytes, of depth and swelling of archives, of rows of a table.
        deadline: On the monotonic clock, in seconds.
    """
    looking = _Looking(limits, deadline, Budget(limits.bytes_each, limits.swelling))
    facts: os.stat_result | None = None
    read = float("inf")
    try:
        with _opened(path) as file:
            facts = os.fstat(file.fileno())
            read = _last_read(file, facts)
            looking.stream(path.name, file, 0, path)
    except FileNotFoundError:
        return Looked(gone=True)
    except UnseenError as error:
        looking.unseen.add(error.fact)
    except PermissionError:
        looking.unseen.add("not-allowed")
    except (OSError, MemoryError):
        looking.unseen.add("unreadable")
    if facts is None:
        return looking.told()
    return replace(looking.told(), mode=facts.st_mode, changed=facts.st_mtime, read=read)


def look_at_beginning(name: str, block: bytes, limits: Limits, deadline: float, *, cut: bool) -> Looked:
    """The beginning of a file that lies elsewhere, in memory; raises nothing for what it holds.

    Args:
        name: Its name, or its path there.
        block: Its first bytes.
        limits: Of what is unpacked of it; ``swelling``, ``deep``, ``rows`` as of a file.
        deadline: On the monotonic clock, in seconds.
        cut: Whether it goes on. Of an archive, a sheet or a table that does, the limit is said, not a damage.
    """
    looking = _Looking(limits, deadline, Budget(limits.bytes_each, limits.swelling))
    try:
        if cut and nature_of(block[:HEAD], name) is Nature.ZIP:
            looking.unseen.add("limit-bytes")
            looking.within = True
            for inner, member in leading_members(block, looking.budget):
                looking.part(inner, member, 1)
        else:
            looking.stream(name, io.BytesIO(block), 0, io.BytesIO(block))
    except UnseenError as error:
        looking.unseen.add(error.fact)
    except MemoryError:
        looking.unseen.add("unreadable")
    if cut and looking.unseen & _TORN:
        looking.unseen = (looking.unseen - _TORN) | {"limit-bytes"}
    return looking.told()


def look_at_all(paths: Sequence[Path], limits: Limits, deadline: float) -> list[Looked]:
    """Several files, one after the other: the work of one process."""
    return [look(path, limits, deadline) for path in paths]


def surest(found: Iterable[Found]) -> Sureness:
    """The highest sureness of what was found."""
    return max((each.sureness for each in found), default=Sureness.POSSIBLE)


def _opened(path: Path) -> io.BufferedReader:
    """A regular file, opened without following a link and without waiting for anybody (a named pipe).

    Raises:
        UnseenError: it is something else by now.
        OSError: as by ``open``.
    """
    flags = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC
    try:  # our own look is none of anybody's: it leaves no trace in the file's times
        number = os.open(path, flags | getattr(os, "O_NOATIME", 0))
    except PermissionError:  # for owners alone
        number = os.open(path, flags)
    if not stat.S_ISREG(os.fstat(number).st_mode):
        os.close(number)
        raise UnseenError("unreadable")
    return open(number, "rb")  # noqa: PTH123 - of a descriptor


def _last_read(file: io.BufferedReader, facts: os.stat_result) -> float:
    kept = not os.fstatvfs(file.fileno()).f_flag & getattr(os, "ST_NOATIME", 0)
    return facts.st_atime if kept else float("inf")


def _blocks(source: Reads) -> Iterable[bytes]:
    while block := source.read(BLOCK):
        yield block


def _inner(name: str) -> str:
    """What a packed file is called without its packing."""
    last = ending(name)
    stem = name[: len(name) - len(last) - 1] if last else name
    return f"{stem}.{_SUFFIXES[last]}" if last in _SUFFIXES else stem
