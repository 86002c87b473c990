"""What both doors of the relay, SFTP and HTTPS, may ask for: one place decides, journals, then acts (laws 2, 5, 6).

A member of a box has two folders: ``out``, where it puts and sees what it put but reads nothing, and ``in``, which it
reads and takes away from but never writes. Nothing else exists: no listing shows what is not one's own.
"""

import datetime as dt
import ipaddress
import shutil
from contextlib import suppress
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from ecluse.domain.access import Access, Lies
from ecluse.domain.errors import (
    BusyError,
    EcluseError,
    ForbiddenError,
    Location,
    MalformedError,
    RefusedError,
    SignatureError,
    StorageError,
    UnseenError,
)
from ecluse.relay.accounts import Account, Accounts, shown_mark
from ecluse.relay.admission import Admission
from ecluse.relay.boxes import Announced, Box, OverError, box_name, files, folders, names, parcel_hex
from ecluse.relay.home import Home, Settings
from ecluse.relay.log import Clock, Failures, Log, system_clock
from ecluse.relay.papers import KINDS_OF, PaperName, Way, check_form, paper_name
from ecluse.relay.repeats import Repeats
from ecluse.relay.uploads import HereAlreadyError, QuotaError, UnannouncedError, Upload
from ecluse.workspace.files import erase, read, write_atomic
from ecluse.workspace.parcels import SUFFIX

_PREVIEW = "instruction."
"""Instructions are seen at once: a stop must be heard before anything is complete."""
_UNSIZED = 2**30
"""Bytes that a parcel may have whose receipt does not say how many: rows set aside of one batch."""
_SPARE = 256 * 2**20
"""Bytes that stay free on the disk for the journal, whatever comes: a relay that cannot write it must stop."""
_MOST_BEGUN = 20
"""Boxes that one agent may have begun without an approved order: what lies there is nobody's yet."""


@dataclass(frozen=True, slots=True)
class Visitor:
    """Who came in, from where. ``door`` is ``sftp`` or ``https``."""

    account: Account
    origin: str
    door: str

    @property
    def id(self) -> str:
        """The account's."""
        return self.account.id


@dataclass(frozen=True, slots=True)
class Seen:
    """A file as its member sees it; ``size`` in bytes."""

    name: str
    size: int
    at: dt.datetime
    state: Lies = Lies.HERE


class Desk:
    """The relay's rules over one folder; thread-safe, keeps nothing in memory but refusals that are counted."""

    def __init__(self, home: Home, log: Log, *, clock: Clock = system_clock) -> None:
        self.home, self.log, self.clock = home, log, clock
        self.settings: Settings = home.settings()
        self.accounts = Accounts(home.accounts)
        self.failures, self.repeats = Failures(log), Repeats(log)
        self.admission = Admission(home, log, clock)

    # Entering

    def enter(self, name: str, mark: str | None, origin: str, door: str, **detail: int | str) -> Visitor:
        """Let in who holds the key, token or certificate of an account (``mark``, as ``Account.marks``).

        ``name`` is what the client calls itself; empty where the protocol has no names. ``detail`` goes into the entry.

        Raises:
            ForbiddenError: says nothing of why; the journal does.
        """
        self.check_network(origin)
        holder = None if mark is None else self.accounts.by_mark(mark)
        if holder is not None and name and name != holder.id:
            self.log.append(Access.KEY_CLAIMED, holder.id, origin=origin, subject=holder.id, door=door)
            raise ForbiddenError("not let in")
        holder = self._checked(holder, mark, origin)
        entered: Any = {"door": door, "key": shown_mark(mark or "")} | detail
        self.log.append(Access.ENTERED, holder.id, origin=origin, **entered)
        return Visitor(holder, origin, door)

    def offer(self, name: str, mark: str, origin: str) -> str:
        """Whether a key that is offered and not proven yet may be proven: the id of its account. Journalled if not.

        Whoever knows a public key can offer it: what is journalled here names its holder as the subject, not as actor.

        Raises:
            ForbiddenError: as for :meth:`enter`.
        """
        self.check_network(origin)
        holder = self.accounts.by_mark(mark)
        if holder is not None and name != holder.id:
            self.failures.tell(Access.KEY_CLAIMED, origin, "offered under another name", holder.id)
            raise ForbiddenError("not let in")
        return self._checked(holder, mark, origin).id

    def is_welcome(self, origin: str) -> bool:
        """Whether anybody may knock from there; nothing is journalled."""
        barred = _within(origin, self.settings.maintenance, otherwise=False)
        return not barred and _within(origin, self.settings.networks, otherwise=False)

    def is_live(self, visitor: Visitor) -> bool:
        """Whether who came in may stay: an account that is revoked, or changed, while it is in goes out."""
        account = self.accounts.get(visitor.id)
        if account is None or account.agent != visitor.account.agent or not account.is_live(self.clock().date()):
            return False
        return _within(visitor.origin, account.networks, otherwise=True)

    def check_network(self, origin: str) -> None:
        """Whether anybody may knock from there, journalled if not; raises ForbiddenError."""
        if _within(origin, self.settings.maintenance, otherwise=False):
            self.failures.tell(Access.NETWORK_REFUSED, origin, "a maintenance host")
            raise ForbiddenError("not let in")
        if not _within(origin, self.settings.networks, otherwise=False):
            self.failures.tell(Access.NETWORK_REFUSED, origin, "not a listed network")
            raise ForbiddenError("not let in")

    def fail(self, origin: str, reason: str) -> None:
        """Journal an attempt that the protocol itself refused: a password, an anonymous name, a shell."""
        self.failures.tell(Access.ENTRY_FAILED, origin, reason)

    def leave(self, visitor: Visitor, *, sent: int = 0, read: int = 0) -> None:
        """Journal the end of a session, with bytes both ways."""
        self.log.append(Access.LEFT, visitor.id, origin=visitor.origin, door=visitor.door, sent=sent, read=read)

    def refuse(self, visitor: Visitor, verb: str) -> ForbiddenError:
        """Journal what is nobody's to ask for, and give what to raise."""
        self.repeats.tell(Access.PATH_REFUSED, visitor.id, visitor.origin, verb=verb)
        return ForbiddenError("not allowed here")

    def flush(self, *, whole: bool = False) -> None:
        """Journal refusals that were counted; called every second, and with ``whole`` at the end."""
        self.failures.flush(whole=whole)
        self.repeats.flush(whole=whole)

    # Looking

    def boxes(self, visitor: Visitor) -> list[str]:
        """Names of the boxes that the visitor's agent is a member of."""
        found = (Box(self.home.boxes / name) for name in folders(self.home.boxes))
        return [box.name for box in found if self._way(visitor, box) is not None]

    def sees(self, visitor: Visitor, name: str) -> bool:
        """Whether a name is a box of the visitor's, or one that it could open; nothing is journalled."""
        if not box_name(name):
            return False
        box = Box(self.home.boxes / name)
        return self._way(visitor, box) is not None or self._may_open(visitor, box)

    def is_there(self, name: str) -> bool:
        """Whether anything was ever put into a box."""
        return box_name(name) and self.admission.is_begun(Box(self.home.boxes / name))

    def out(self, visitor: Visitor, name: str) -> list[Seen]:
        """What the visitor put into a box: names and sizes, so that what was cut off can be gone on with."""
        box, way = self._member(visitor, name)
        folders = [box.desk(way), box.papers(way)]
        if way is Way.FORTH:
            folders += [box.root / "coming", box.root / "parcels"]
        unjudged = {box.desk(way), box.root / "coming"}
        found = {
            each.name: replace(each, state=Lies.COMING if folder in unjudged else Lies.HERE)
            for folder in folders
            for each in _seen(folder)
        }
        if way is Way.FORTH:
            for each in _seen(box.root / "taken"):
                size = _size_of_taken(box.taken_file(each.name))
                found[each.name] = replace(each, size=size, state=Lies.TAKEN)
        return [found[each] for each in sorted(found)]

    def inside(self, visitor: Visitor, name: str) -> list[Seen]:
        """What waits for the visitor in a box: nothing but instructions until everything has come."""
        box, way = self._member(visitor, name)
        theirs = _other(way)
        self.admission.complete_if(box)  # whoever brought the last of it may have been cut off just then
        found = _untaken(box, box.papers(theirs)) if box.is_open() else []
        if theirs is Way.FORTH:
            if box.is_open() and box.is_complete() and not self._is_over(box):
                return [*found, *_untaken(box, box.root / "parcels")]
            return [each for each in found if each.name.startswith(_PREVIEW)]
        return found

    # Putting

    def put_paper(self, visitor: Visitor, box_: str, name: str, data: bytes) -> None:
        """Take a paper in; it goes to the other member once it is signed by who must. Repeating it is harmless.

        Raises:
            ForbiddenError, UnseenError: not the visitor's box.
            MalformedError, SignatureError, TamperError, OrderError, AgreementError: what is wrong with it.
        """
        box, way, named = self.expect_paper(visitor, box_, name, len(data))
        if box.taken_file(name).exists() or (box.is_open() and (box.papers(way) / name).exists()):
            return
        self._check_paper(visitor, box, name, named, data)
        if not box.is_open():
            self.admission.claim(box, visitor.account.agent)  # before anything of it lies there
        write_atomic(box.desk(way) / name, data)
        try:
            self.admission.judge(box, way, named, visitor.account, visitor.origin)
        except StorageError:
            raise
        except EcluseError as error:
            for left in names(box.desk(way)):
                if left.startswith(f"{named.stem}."):
                    erase(box.desk(way) / left)
            raise self._refused(visitor, box, Access.PAPER_REFUSED, named.stem, error) from None

    def _check_paper(self, visitor: Visitor, box: Box, name: str, named: PaperName, data: bytes) -> None:
        """What can be said of a paper before it lies anywhere, and of the room that it takes."""
        full = ""
        if box.paper_bytes() + len(data) > self.settings.papers_mib * 2**20:
            full = "this box's papers are full"
        elif not box.root.is_dir() and len(folders(self.home.boxes)) >= self.settings.sessions * 20:
            full = "too many boxes"
        elif not self.admission.is_begun(box) and self.admission.begun_by(visitor.account.agent) >= _MOST_BEGUN:
            full = "too many boxes that are not open yet"
        if full:
            raise self._refused(visitor, box, Access.QUOTA_EXCEEDED, name, QuotaError(full))
        try:
            check_form(named, data)
        except EcluseError as error:
            raise self._refused(visitor, box, Access.PAPER_REFUSED, named.stem, error) from None

    def expect_paper(self, visitor: Visitor, box_: str, name: str, size: int) -> tuple[Box, Way, PaperName]:
        """Judge a paper by its name and bytes alone, before it is read; raises as ``put_paper``."""
        box, way = self._member(visitor, box_, opening=True)
        named = paper_name(name)
        if named is None or named.kind not in KINDS_OF[way] or not 0 < size <= named.limit:
            raise self._refused(visitor, box, Access.PAPER_REFUSED, name, MalformedError("not a paper that travels so"))
        return box, way, named

    def progress(self, visitor: Visitor, box_: str, name: str) -> tuple[int, int | None]:
        """Bytes of an announced parcel that have come, and bytes announced where the receipt says how many.

        Raises:
            UnseenError: not the visitor's box, or no signed receipt announces it.
        """
        box, way = self._member(visitor, box_)
        hex_ = parcel_hex(name)
        told = box.announced(hex_) if hex_ and way is Way.FORTH and box.is_open() else None
        if hex_ is None or told is None:
            raise UnseenError("nothing of that name is awaited")
        found = next((each.size for each in self.out(visitor, box_) if each.name == name), 0)
        return found, told.size

    def begin(self, visitor: Visitor, box_: str, name: str) -> Upload:
        """Begin, or go on with, a parcel that a signed receipt announces.

        Raises:
            ForbiddenError, UnseenError: not the visitor's to send.
            UnannouncedError: no signed receipt announces it.
            HereAlreadyError, OverError, QuotaError: it has come, nothing may come any more, the quota is used up.
            BusyError: another session sends it.
        """
        box, way = self._member(visitor, box_)
        hex_, told = self._announced(visitor, box, way, name)
        if box.stored(hex_).exists() or box.taken(hex_).exists():
            raise HereAlreadyError("this parcel has come already", location=Location(file=name))
        if self._is_over(box):
            raise self._refused(visitor, box, Access.PARCEL_REFUSED, hex_, OverError("this box's time is over"))
        if self.admission.trusted(box.facts().agreement) is None:
            error = SignatureError("the agreement of this box is no longer confirmed here")
            raise self._refused(visitor, box, Access.PARCEL_REFUSED, hex_, error)
        share = min(_UNSIZED, self.settings.quota // 8)
        room = self.settings.quota - box.promised(share, besides=hex_)
        if room <= 0 or (told.size or 0) > room:
            raise self._refused(visitor, box, Access.QUOTA_EXCEEDED, name, QuotaError("this order's quota is used up"))
        if shutil.disk_usage(self.home.boxes).free < _SPARE + (told.size or 0):
            raise StorageError("the disk is nearly full", location=Location(file=name))
        room = room if told.size is not None else min(room, share)
        self.log.append(Access.PARCEL_COMING, visitor.id, origin=visitor.origin, box=box.name, subject=hex_)
        return Upload(box.coming(hex_), box.stored(hex_), hex_, size=told.size, room=room)

    def finish(self, visitor: Visitor, box_: str, upload: Upload) -> bool:
        """Keep a parcel that has come whole; False where it has not: what came waits to be gone on with.

        Raises:
            TamperError, UnsealedError: it is not what was announced; nothing of it is kept, and it is journalled.
            OverError: the box's time has ended meanwhile; likewise.
        """
        box = Box(self.home.boxes / box_)
        if self._is_over(box):  # while it came
            raise self.abandon(visitor, box_, upload, OverError("this box's time is over"))
        if not upload.is_whole():
            upload.close()
            return False
        size = upload.length()

        def before() -> None:
            self.log.append(
                Access.PARCEL_STORED, visitor.id, origin=visitor.origin, box=box_, subject=upload.hex, size=size
            )

        try:
            upload.finish(before)
        except StorageError:
            upload.close()
            raise
        except RefusedError as error:
            raise self._refused(visitor, box, Access.PARCEL_REFUSED, upload.hex, error) from None
        self.admission.complete_if(box)
        return True

    def settle(self, visitor: Visitor, box_: str) -> None:
        """Judge what came as long as announced and nobody writes: its relay was killed before it could.

        For clients that cannot say so themselves: none of OpenSSH's goes on with a file that is as long as theirs.
        """
        box, way = self._member(visitor, box_)
        for name, size in list(files(box.root / "coming")) if way is Way.FORTH else ():
            hex_ = parcel_hex(name) or ""
            told = box.announced(hex_) if hex_ else None
            if told is None or told.size != size:
                continue
            with suppress(RefusedError, BusyError):
                upload = Upload(box.coming(hex_), box.stored(hex_), hex_, size=size, room=0)
                if box.stored(hex_).exists():  # another has just judged it
                    upload.drop()
                else:
                    self.finish(visitor, box.name, upload)

    def abandon(self, visitor: Visitor, box_: str, upload: Upload, error: RefusedError) -> EcluseError:
        """Erase an upload that was refused while it came; journalled. Gives what to raise."""
        upload.drop()
        return self._refused(visitor, Box(self.home.boxes / box_), Access.PARCEL_REFUSED, upload.hex, error)

    # Taking

    def read(self, visitor: Visitor, box_: str, name: str) -> Path:
        """The file behind a name that waits for the visitor; journalled before a byte is read.

        Raises:
            UnseenError: nothing of that name waits.
        """
        path = self.waiting(visitor, box_, name)
        if path.suffix == SUFFIX:
            self.log.append(
                Access.PARCEL_READ, visitor.id, origin=visitor.origin, box=box_, subject=name.removesuffix(SUFFIX)
            )
        return path

    def take(self, visitor: Visitor, box_: str, name: str) -> None:
        """Take a file away: it is erased here, journalled before; raises UnseenError."""
        path = self.waiting(visitor, box_, name)
        box, hex_ = Box(self.home.boxes / box_), parcel_hex(name)
        paper = paper_name(name)
        subject = hex_ or (paper.stem if paper else "unnamed")
        try:
            size = path.stat().st_size
        except FileNotFoundError:
            raise UnseenError("nothing of that name waits for you") from None
        self.log.append(Access.PARCEL_TAKEN, visitor.id, origin=visitor.origin, box=box_, subject=subject)
        write_atomic(box.taken_file(name), str(size).encode("ascii"))
        erase(path)

    def waiting(self, visitor: Visitor, box_: str, name: str) -> Path:
        """The file behind a name, for whoever asks about it without reading; raises UnseenError."""
        if not any(each.name == name for each in self.inside(visitor, box_)):
            raise UnseenError("nothing of that name waits for you")
        box, way = self._member(visitor, box_)
        return box.stored(parcel_hex(name) or "") if parcel_hex(name) else box.papers(_other(way)) / name

    # What these share

    def _is_over(self, box: Box) -> bool:
        """Whether its parcels must be gone: nothing comes or is read, though no sweep has been yet (law 7)."""
        return not box.is_open() or box.due().due <= self.clock()

    def _announced(self, visitor: Visitor, box: Box, way: Way, name: str) -> tuple[str, Announced]:
        hex_ = parcel_hex(name)
        told = box.announced(hex_) if hex_ and way is Way.FORTH and box.is_open() else None
        if hex_ is None or told is None:
            error = UnannouncedError("no signed receipt announces this parcel", location=Location(file=name[:80]))
            raise self._refused(visitor, box, Access.PARCEL_REFUSED, hex_ or "unnamed", error)
        return hex_, told

    def _member(self, visitor: Visitor, name: str, *, opening: bool = False) -> tuple[Box, Way]:
        box = Box(self.home.boxes / name)
        way = self._way(visitor, box) if box_name(name) else None
        if way is None and opening and box_name(name) and self._may_open(visitor, box):
            way = Way.FORTH
        if way is None:
            self.repeats.tell(Access.PATH_REFUSED, visitor.id, visitor.origin, verb="box")
            raise UnseenError("there is nothing of yours here")
        return box, way

    def _may_open(self, visitor: Visitor, box: Box) -> bool:
        return not self.admission.is_begun(box) and self.admission.may_open(visitor.account.agent)

    def _way(self, visitor: Visitor, box: Box) -> Way | None:
        agent = visitor.account.agent
        if box.is_open():
            return box.way_of(agent)
        return Way.FORTH if self.admission.is_opening(box, agent) else None

    def _refused(self, visitor: Visitor, box: Box, event: Access, subject: str, error: EcluseError) -> EcluseError:
        known = box.name if box_name(box.name) else None
        # A signature's name holds whatever its sender wrote where the signer's id belongs: only its paper is told.
        paper = paper_name(subject) or paper_name(f"{subject}.json")
        parcel = parcel_hex(subject) or parcel_hex(f"{subject}{SUFFIX}")
        named = paper.stem if paper else parcel or "unnamed"
        reason = type(error).__name__
        self.repeats.tell(event, visitor.id, visitor.origin, box=known, subject=named, reason=reason)
        return error

    def _checked(self, holder: Account | None, mark: str | None, origin: str) -> Account:
        if holder is None:
            raise self._failed(origin, "no key" if mark is None else "unknown key")
        if not holder.is_live(self.clock().date()):
            raise self._failed(origin, "revoked or expired", holder.id)
        if not _within(origin, holder.networks, otherwise=True):
            self.failures.tell(Access.NETWORK_REFUSED, origin, "not this account's network", holder.id)
            raise ForbiddenError("not let in")
        return holder

    def _failed(self, origin: str, reason: str, subject: str = "") -> ForbiddenError:
        self.failures.tell(Access.ENTRY_FAILED, origin, reason, subject)
        return ForbiddenError("not let in")


def _within(origin: str, networks: tuple[str, ...], *, otherwise: bool) -> bool:
    """Whether an address lies in one of the networks; ``otherwise`` where there are none."""
    if not networks:
        return otherwise
    try:
        address = ipaddress.ip_address(origin.partition("%")[0])
    except ValueError:
        return False
    if isinstance(address, ipaddress.IPv6Address) and address.ipv4_mapped:
        address = address.ipv4_mapped
    return any(address in ipaddress.ip_network(each) for each in networks)


def _other(way: Way) -> Way:
    return Way.BACK if way is Way.FORTH else Way.FORTH


def _untaken(box: Box, folder: Path) -> list[Seen]:
    """What still waits; what was taken when a relay was killed is half erased: it is no longer there for anybody."""
    found = _seen(folder)
    for each in found:
        if box.taken_file(each.name).exists():
            erase(folder / each.name)
    return [each for each in found if not box.taken_file(each.name).exists()]


def _seen(folder: Path) -> list[Seen]:
    found = []
    for name in names(folder):
        with suppress(FileNotFoundError):  # moved or taken meanwhile
            there = (folder / name).stat()
            found.append(Seen(name, there.st_size, dt.datetime.fromtimestamp(there.st_mtime, dt.UTC)))
    return found


def _size_of_taken(mark: Path) -> int:
    return int(read(mark).decode("ascii"))
