"""One SFTP session: its requests answered over the relay's rules. No path of the real disk is made of what comes.

``/`` holds the member's boxes, a box ``out`` and ``in``; nothing can be made, moved, linked or changed but by sending
a file whole. Answers come in the order of the requests; everything here runs in one thread at a time.
"""

import posixpath
import time
from collections import deque
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass

from ecluse.domain.access import Lies
from ecluse.domain.errors import EcluseError, ForbiddenError, RefusedError, UnseenError
from ecluse.relay import sftp_wire as wire
from ecluse.relay.boxes import box_name, parcel_hex
from ecluse.relay.desk import Desk, Seen, Visitor
from ecluse.relay.papers import paper_name
from ecluse.relay.sftp_files import Budget, FileOut, Listing, Opened, PaperIn, ParcelIn
from ecluse.relay.sftp_wire import Attrs, Fields, Open, Status, Verb, WireError

EXTENSIONS = ((b"posix-rename@openssh.com", b"1"), (b"fsync@openssh.com", b"1"), (b"lsetstat@openssh.com", b"1"),
              (b"limits@openssh.com", b"1"))  # fmt: skip
_PARTIAL = (".filepart", ".part", ".tmp")
"""What clients call a file until it is whole; here it is the file itself."""
_MOST_HANDLES, _MOST_REFUSED, _MOST_PATH = 64, 200, 512
_ANSWER, _GATHER = 1 << 20, 1 << 20
_MODES = {Lies.COMING: 0o100600, Lies.HERE: 0o100400, Lies.TAKEN: 0o100000}
"""How a sender sees where its files stand."""
_FOLDER = Attrs(0, 0o040500, 0)
_SIDES = frozenset({"in", "out"})


@dataclass(frozen=True, slots=True)
class Spot:
    """A path: ``/``, ``/<box>``, ``/<box>/<side>`` or ``/<box>/<side>/<name>``."""

    box: str = ""
    side: str = ""
    name: str = ""


def spot(raw: bytes) -> Spot | None:
    """Where a path leads; None where no path of ours does. Dots are taken out first: nothing leads above ``/``."""
    try:
        text = raw.decode("utf-8")
    except UnicodeDecodeError:
        return None
    parts = [each for each in posixpath.normpath(f"/{text}").split("/") if each]
    if "\0" in text or len(text) > _MOST_PATH or len(parts) > len(Spot.__dataclass_fields__):
        return None
    return Spot(*parts) if len(parts) < 2 or parts[1] in _SIDES else None  # noqa: PLR2004 - box and side


def final_name(name: str) -> str:
    """A file's own name, where the client calls it by another until it is whole."""
    for ending in _PARTIAL:
        bare = name.removesuffix(ending)
        if bare != name and (paper_name(bare) or parcel_hex(bare)):
            return bare
    return name


class Session:
    """What one client does after it has entered."""

    def __init__(self, desk: Desk, visitor: Visitor, budget: Budget) -> None:
        self._desk, self._visitor, self._budget = desk, visitor, budget
        self._handles: dict[bytes, Opened | Listing] = {}
        self._next, self._refused = 0, 0
        self._begun = False
        self.over = False
        self.sent, self.read = 0, 0

    def answer(self, requests: deque[bytes]) -> list[bytes]:
        """Answers to the first of the requests, which are taken out: about a mebibyte at a time.

        Raises:
            WireError: not SFTP; the session is over.
        """
        answers: list[bytes] = []
        size = 0
        while requests and size < _ANSWER and not self.over:
            request = requests.popleft()
            if not self._begun:
                found = [self._begin(request)]
            elif request[0] == Verb.WRITE:
                found = self._write(request, requests)
            else:
                found = self._one(request)
            answers += found
            size += sum(map(len, found))
        return answers

    def close(self) -> None:
        """The client went away: what came stays, to be gone on with."""
        for opened in self._handles.values():
            if not isinstance(opened, Listing):
                with suppress(EcluseError, OSError):
                    opened.cut()
        self._handles.clear()

    def _begin(self, request: bytes) -> bytes:
        if request[0] != Verb.INIT or Fields(request, 1).u32() < wire.VERSION:
            raise WireError("no version of SFTP that is spoken here")
        self._begun = True
        return wire.version(EXTENSIONS)

    def _one(self, request: bytes) -> list[bytes]:
        fields = Fields(request, 1)
        id_ = fields.u32()
        try:
            return self._do(request[0], id_, fields)
        except WireError:
            self._count()
            return [wire.status(id_, Status.BAD_MESSAGE, "not understood")]
        except EcluseError as error:
            return [self._failed(id_, error)]
        except OSError:
            return [wire.status(id_, Status.FAILURE, "the relay's disk fails")]

    def _do(self, verb: int, id_: int, fields: Fields) -> list[bytes]:
        if verb == Verb.READ:
            return self._read(id_, fields)
        if verb == Verb.EXTENDED:
            return [self._extended(id_, fields)]
        known = _VERBS.get(verb)
        if known is None:
            raise self._refuse("unknown")
        return [known(self, id_, fields)]

    # Bytes

    def _write(self, request: bytes, requests: deque[bytes]) -> list[bytes]:
        """One write, and those that go on where it ends: hashed and stored together."""
        ids, pieces, handle, offset = [], [], b"", 0
        try:
            fields = Fields(request, 1)
            ids.append(fields.u32())
            handle, offset = fields.bytes_(), fields.u64()
            pieces.append(fields.view())
            size = len(pieces[0])
            while requests and size < _GATHER and requests[0][0] == Verb.WRITE:
                fields = Fields(requests[0], 1)
                id_ = fields.u32()
                if fields.view() != handle or fields.u64() != offset + size:
                    break
                ids.append(id_)
                pieces.append(fields.view())
                size += len(pieces[-1])
                requests.popleft()
            self._file(handle).write(offset, pieces[0] if len(pieces) == 1 else b"".join(pieces))
        except WireError:
            if not ids:
                raise
            self._count()
            return [wire.status(id_, Status.BAD_MESSAGE, "not understood") for id_ in ids]
        except EcluseError as error:
            return [self._failed(id_, error) for id_ in ids]
        self.sent += size
        return [wire.status(id_, Status.OK) for id_ in ids]

    def _read(self, id_: int, fields: Fields) -> list[bytes]:
        opened, offset, length = self._file(fields.bytes_()), fields.u64(), fields.u32()
        data = opened.read(offset, length) if length else b""
        if not data:
            return [wire.status(id_, Status.EOF)]
        self.read += len(data)
        return [wire.data_head(id_, len(data)), data]

    # Handles

    def _open(self, id_: int, fields: Fields) -> bytes:
        where, flags = spot(fields.bytes_()), fields.u32()
        fields.size()
        if where is None or not where.name:
            raise self._refuse("open")
        writes = bool(flags & (Open.WRITE | Open.APPEND))
        if writes != (where.side == "out"):
            raise self._refuse("write" if writes else "read")
        if not writes:
            return self._handle(id_, FileOut(self._desk.read(self._visitor, where.box, where.name)))
        name = final_name(where.name)
        if not flags & Open.CREATE and self._found(where) is None:
            return wire.status(id_, Status.NO_SUCH_FILE, "nothing of that name is here")
        if paper_name(name):
            return self._handle(id_, PaperIn(self._desk, self._visitor, where.box, name, self._budget))
        return self._handle(id_, ParcelIn(self._desk, self._visitor, where.box, name, flags))

    def _close(self, id_: int, fields: Fields) -> bytes:
        opened = self._handles.pop(fields.bytes_(), None)
        if opened is None:
            raise RefusedError("no such handle")
        if not isinstance(opened, Listing):
            opened.close()
        return wire.status(id_, Status.OK)

    def _fstat(self, id_: int, fields: Fields) -> bytes:
        return wire.frame(Verb.ATTRS, id_, self._file(fields.bytes_()).attrs().encoded())

    def _fsetstat(self, id_: int, fields: Fields) -> bytes:
        opened, size = self._file(fields.bytes_()), fields.size()
        if size is not None:
            opened.resize(size)
        return wire.status(id_, Status.OK)  # owner, mode and times are the relay's own

    def _file(self, handle: bytes) -> Opened:
        opened = self._handles.get(handle)
        if opened is None or isinstance(opened, Listing):
            raise RefusedError("no such handle")
        return opened

    def _handle(self, id_: int, opened: Opened | Listing) -> bytes:
        if len(self._handles) >= _MOST_HANDLES:
            if not isinstance(opened, Listing):
                opened.cut()
            raise RefusedError("too many files are open")
        self._next += 1
        handle = self._next.to_bytes(4, "big")
        self._handles[handle] = opened
        return wire.frame(Verb.HANDLE, id_, wire.string(handle))

    # Names

    def _stat(self, id_: int, fields: Fields) -> bytes:
        found = self._attrs(spot(fields.bytes_()))
        if found is None:
            return wire.status(id_, Status.NO_SUCH_FILE, "nothing of that name is here")
        return wire.frame(Verb.ATTRS, id_, found.encoded())

    def _setstat(self, id_: int, fields: Fields) -> bytes:
        found, size = self._attrs(spot(fields.bytes_())), fields.size()
        if found is None:
            return wire.status(id_, Status.NO_SUCH_FILE, "nothing of that name is here")
        if size is not None and (found is _FOLDER or size != found.size):
            raise self._refuse("truncate")
        return wire.status(id_, Status.OK)

    def _realpath(self, id_: int, fields: Fields) -> bytes:
        try:
            text = posixpath.normpath(f"/{fields.bytes_().decode('utf-8')}")
        except UnicodeDecodeError:
            raise WireError("a name that is no text") from None
        name = f"/{text.lstrip('/')}"[:_MOST_PATH].encode()
        return wire.names(id_, [(name, name, _FOLDER.encoded())])

    def _opendir(self, id_: int, fields: Fields) -> bytes:
        where = spot(fields.bytes_())
        if where is None or where.name:
            raise self._refuse("list")
        if where.side:
            seen = self._seen(where)
            return self._handle(id_, Listing([self._line(each.name, self._attrs_of(where, each)) for each in seen]))
        folders = self._folders(where)
        return self._handle(id_, Listing([self._line(each, _FOLDER) for each in folders]))

    def _readdir(self, id_: int, fields: Fields) -> bytes:
        opened = self._handles.get(fields.bytes_())
        if not isinstance(opened, Listing):
            raise RefusedError("no such handle")
        some = opened.some()
        return wire.names(id_, some) if some else wire.status(id_, Status.EOF)

    def _remove(self, id_: int, fields: Fields) -> bytes:
        where = spot(fields.bytes_())
        if where is None or not where.name or where.side != "in":
            raise self._refuse("remove")
        self._desk.take(self._visitor, where.box, where.name)
        return wire.status(id_, Status.OK)

    def _mkdir(self, id_: int, fields: Fields) -> bytes:
        where = spot(fields.bytes_())
        if where is None or where.name or not (where == Spot() or self._desk.sees(self._visitor, where.box)):
            raise self._refuse("mkdir")
        return wire.status(id_, Status.FAILURE, "it is there already")

    def _rename(self, id_: int, fields: Fields) -> bytes:
        """A file that was sent under a name of its client's has its own once it is whole: it is said, not done."""
        old, new = spot(fields.bytes_()), spot(fields.bytes_())
        if not (old and new and old.name and old.side == new.side == "out" and old.box == new.box):
            raise self._refuse("rename")
        if old.name == new.name or final_name(old.name) != new.name:
            raise self._refuse("rename")
        found = next((each for each in self._seen(new) if each.name == new.name), None)
        if found is None or (parcel_hex(new.name) and found.state is Lies.COMING):
            return wire.status(id_, Status.FAILURE, "not whole: what came waits to be gone on with")
        return wire.status(id_, Status.OK)

    def _extended(self, id_: int, fields: Fields) -> bytes:
        verb = fields.bytes_()
        if verb == b"limits@openssh.com":
            return wire.limits(id_, _MOST_HANDLES)
        if verb == b"fsync@openssh.com":
            self._file(fields.bytes_())
            return wire.status(id_, Status.OK)  # closing it is what makes it durable
        if verb == b"lsetstat@openssh.com":
            return self._setstat(id_, fields)
        if verb == b"posix-rename@openssh.com":
            return self._rename(id_, fields)
        known = verb.decode("ascii") if verb in _KNOWN else "extended"
        self._refuse(known)
        return wire.status(id_, Status.OP_UNSUPPORTED, "not here")

    # What these share

    def _attrs(self, where: Spot | None) -> Attrs | None:
        """What a stat says; None where nothing is. Whoever looks for the disk's own paths is told of."""
        if where is None:
            self._refuse("path")
            return None
        if not where.box:
            return _FOLDER
        if not self._desk.sees(self._visitor, where.box):
            if box_name(where.box):
                self._refuse("box")
            return None
        if not where.name:
            return _FOLDER
        found = self._found(where)
        return self._attrs_of(where, found) if found else None

    def _found(self, where: Spot) -> Seen | None:
        name = final_name(where.name)
        found = next((each for each in self._seen(where) if each.name == name), None)
        if found and name != where.name and found.state is not Lies.COMING:
            return None
        return found

    def _seen(self, where: Spot) -> list[Seen]:
        if self._desk.sees(self._visitor, where.box) and not self._desk.is_there(where.box):
            return []  # the visitor may open it, and has put nothing yet
        if where.side == "in":
            return self._desk.inside(self._visitor, where.box)
        self._desk.settle(self._visitor, where.box)
        return self._desk.out(self._visitor, where.box)

    def _folders(self, where: Spot) -> list[str]:
        if not where.box:
            return self._desk.boxes(self._visitor)
        if not self._desk.sees(self._visitor, where.box):
            self._refuse("box")
            raise UnseenError("there is nothing of yours here")
        return sorted(_SIDES)

    def _attrs_of(self, where: Spot, seen: Seen) -> Attrs:
        return Attrs(seen.size, _MODES[seen.state] if where.side == "out" else 0o100400, int(seen.at.timestamp()))

    def _line(self, name: str, attrs: Attrs) -> tuple[bytes, bytes, bytes]:
        kind = "d" if attrs.mode & 0o040000 else "-"
        bits = "".join(bit if attrs.mode & flag else "-" for bit, flag in (("r", 0o400), ("w", 0o200), ("x", 0o100)))
        when = time.strftime("%b %d %Y", time.gmtime(attrs.at))
        owner = self._visitor.id[:16]
        long = f"{kind}{bits}------ 1 {owner:<8} ecluse {attrs.size:>12} {when} {name}"
        return name.encode(), long.encode(), attrs.encoded()

    def _refuse(self, verb: str) -> ForbiddenError:
        self._count()
        return self._desk.refuse(self._visitor, verb)

    def _count(self) -> None:
        """Whoever asks for what is not theirs, or for nothing that is understood, again and again goes out."""
        self._refused += 1
        self.over = self.over or self._refused >= _MOST_REFUSED

    def _failed(self, id_: int, error: EcluseError) -> bytes:
        self._count()
        code = Status.FAILURE
        if isinstance(error, UnseenError):
            code = Status.NO_SUCH_FILE
        elif isinstance(error, ForbiddenError):
            code = Status.PERMISSION_DENIED
        return wire.status(id_, code, error.message)


def _never(verb: str) -> Callable[[Session, int, Fields], bytes]:
    def refuse(session: Session, _id: int, _fields: Fields) -> bytes:
        raise session._refuse(verb)  # noqa: SLF001 - its own verbs

    return refuse


_KNOWN = frozenset({
    b"statvfs@openssh.com", b"fstatvfs@openssh.com", b"hardlink@openssh.com", b"copy-data",
    b"expand-path@openssh.com", b"users-groups-by-id@openssh.com", b"home-directory",
    b"check-file", b"check-file-name", b"check-file-handle", b"md5-hash", b"space-available",
})  # fmt: skip
"""Extended verbs that clients know; refused."""
_VERBS: dict[int, Callable[[Session, int, Fields], bytes]] = {
    Verb.OPEN: Session._open,  # noqa: SLF001 - its own verbs, and so below
    Verb.CLOSE: Session._close,  # noqa: SLF001
    Verb.FSTAT: Session._fstat,  # noqa: SLF001
    Verb.FSETSTAT: Session._fsetstat,  # noqa: SLF001
    Verb.STAT: Session._stat,  # noqa: SLF001
    Verb.LSTAT: Session._stat,  # noqa: SLF001
    Verb.SETSTAT: Session._setstat,  # noqa: SLF001
    Verb.REALPATH: Session._realpath,  # noqa: SLF001
    Verb.OPENDIR: Session._opendir,  # noqa: SLF001
    Verb.READDIR: Session._readdir,  # noqa: SLF001
    Verb.REMOVE: Session._remove,  # noqa: SLF001
    Verb.MKDIR: Session._mkdir,  # noqa: SLF001
    Verb.RENAME: Session._rename,  # noqa: SLF001
    Verb.RMDIR: _never("rmdir"),
    Verb.READLINK: _never("readlink"),
    Verb.SYMLINK: _never("symlink"),
}
