"""The relay's doors: bytes of a stranger, and of members, into the real handlers over a real folder of boxes.

What must hold: nothing but what the reference pages allow is answered, nothing that was sent is repeated in a refusal,
nobody without a token or key gets anything, and no file comes to lie anywhere but where the relay's rules put it.
"""

import asyncio
import base64
import contextlib
import datetime as dt
import hashlib
import json
import random
import re
from collections import deque
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from functools import cache, partial
from http import HTTPStatus
from pathlib import Path
from typing import Any, ClassVar

import asyncssh

from artefact_samples import AGREEMENT
from ecluse.domain.access import Access, AccessEntry
from ecluse.domain.agreement import Agreement
from ecluse.relay import https, sftp_wire, ssh
from ecluse.relay.accounts import Account, Kind, secret_digest
from ecluse.relay.boxes import Announced, Box, Facts, parcel_hex
from ecluse.relay.desk import Desk, Visitor
from ecluse.relay.home import init
from ecluse.relay.https_answers import _TITLES, problem
from ecluse.relay.https_listener import Connection, Server
from ecluse.relay.log import Log
from ecluse.relay.papers import paper_name
from ecluse.relay.sealed import MAGIC
from ecluse.relay.sftp import Door as SftpDoor
from ecluse.relay.sftp import Guest
from ecluse.relay.sftp_files import Budget
from ecluse.relay.sftp_session import Session
from ecluse.wire.artefacts import decode, digest_of, encode, utc
from ecluse.wire.canonical import canonical
from fuzz.invariants import BrokenError, Target, patched
from fuzz.readers import room

BOX = "0123456789abcdef"
SOURCE, DESTINATION = "fuzz-source-token-0123456789", "fuzz-destination-token-0123456789"
CUT = b"\x00\xff\x00"
"""Bytes on either side of it arrive apart."""
_SENDER, _RECIPIENT = "agent-source", "agent-destination"
_STATUSES = frozenset({100, 200, 201, 204, 206, 400, 401, 404, 405, 408, 409, 411, 412, 413, 415, 416, 422, 429})
_ANONYMOUS = frozenset({400, 401})
_HEADERS = frozenset({
    "strict-transport-security", "cache-control", "x-content-type-options", "tus-resumable", "server", "content-type",
    "content-length", "date", "connection", "www-authenticate", "retry-after", "allow", "upload-offset", "upload-length",
    "upload-defer-length", "tus-version", "etag", "accept-ranges", "content-range",
})  # fmt: skip
_STEPS = 60


def sealed(seed: int, size: int = 900) -> bytes:
    """What an age file looks like to whoever has no key."""
    dice = random.Random(seed)
    letters = ["".join(dice.choice("ABCDEFabcdef0123456789+/") for _ in range(43)) for _ in range(3)]
    head = MAGIC + f"-> X25519 {letters[0]}\n{letters[1]}\n--- {letters[2]}\n".encode()
    return head + dice.randbytes(size)


HERE, COMING, UNSIZED = (sealed(each) for each in (1, 2, 3))
NAMES = {data: f"{hashlib.sha256(data).hexdigest()}.age" for data in (HERE, COMING, UNSIZED)}
PAPER = f"receipt.{'5' * 64}.json"
PAPER_BYTES = b'{"a":1}'


class _Heard(Log):
    """Entries are made and written down as bytes, but not to the disk."""

    heard: list[AccessEntry]

    def append(
        self, event: Access, actor: str, *, origin: str | None = None, box: str | None = None, subject: str = "",
        **detail: int | str,
    ) -> int:  # fmt: skip
        entry = AccessEntry("ecluse.relay-entry/1", utc(self.clock()), actor, event, origin, box, subject, detail)
        encode(entry)
        self.heard.append(entry)
        return len(self.heard)


@dataclass
class World:
    """One relay, put back after each input."""

    desk: Desk
    heard: list[AccessEntry]
    before: dict[str, bytes] = field(default_factory=dict)

    @property
    def root(self) -> Path:
        return self.desk.home.root

    def files(self) -> dict[str, bytes]:
        found = (path for path in self.root.rglob("*") if path.is_file() and "sessions" not in path.parts)
        return {str(path.relative_to(self.root)): path.read_bytes() for path in found}

    @contextlib.contextmanager
    def checked(self, *, member: bool) -> Iterator[None]:
        """One input; then look at every file, and put all back."""
        self.heard.clear()
        self.desk.failures._counted.clear()
        yield
        after = self.files()
        try:
            if after != self.before:
                self._check(after, member=member)
        finally:
            for name in set(after) - set(self.before):
                (self.root / name).unlink()
            for name, data in self.before.items():
                if after.get(name) != data:
                    (self.root / name).write_bytes(data)

    def _check(self, after: dict[str, bytes], *, member: bool) -> None:
        if not member:
            raise BrokenError("a stranger changed the relay's folder")
        for name in set(self.before) - set(after):
            if f"boxes/{BOX}/taken/{Path(name).name}" not in after:
                raise BrokenError("a file is gone that nobody took")
        for name, data in after.items():
            if self.before.get(name) != data and not _may_lie(Path(name), data):
                raise BrokenError("a file lies where none may")


def _may_lie(name: Path, data: bytes) -> bool:
    if name.parts[:2] != ("boxes", BOX):
        return False
    match name.parts[2:]:
        case ("coming", str(file)):
            announced = {NAMES[COMING], NAMES[UNSIZED]}
            # Pieces may come in any order: where none came yet there are zeros.
            return file in announced and all(one in {0, other} for one, other in zip(data, MAGIC, strict=False))
        case ("parcels", str(file)):
            return hashlib.sha256(data).hexdigest() == parcel_hex(file)
        case ("desk", "forth" | "back", str(file)):
            return paper_name(file) is not None
        case ("taken", str(file)):
            return file in {NAMES[HERE], NAMES[COMING], NAMES[UNSIZED], PAPER}
    return False


@cache
def world() -> World:
    """A relay with two members, an open box, one parcel that came and two that may."""
    home = init(room() / "relay", {
        "name": "fuzz", "networks": ["127.0.0.0/8"], "account_sessions": 9999, "sessions": 9999,
        "origin_sessions": 9999, "origin_strangers": 9999,
    })  # fmt: skip
    log = _Heard(home)
    log.heard = []
    desk = Desk(home, log)
    until = dt.date(2099, 1, 1)
    for number, (agent, token) in enumerate(((_SENDER, SOURCE), (_RECIPIENT, DESTINATION))):
        key = b"\0\0\0\x0bssh-ed25519\0\0\0\x20" + bytes([number + 1]) * 32
        line = f"ssh-ed25519 {base64.b64encode(key).decode()}"
        account = Account(agent, Kind.AGENT, "ing.fuzz", agent, until, keys=(line,), tokens=(secret_digest(token),))
        desk.accounts.add(account, log, "ing.fuzz")
    agreement = decode(Agreement, canonical(AGREEMENT))
    (home.agreements / f"{digest_of(agreement).removeprefix('sha256:')}.json").write_bytes(encode(agreement))
    box = Box(home.boxes / BOX)
    box.write_facts(Facts(
        order=f"sha256:{BOX}{'0' * 48}", agreement=digest_of(agreement), sender=_SENDER, recipients=(_RECIPIENT,),
        erase_by=until, delay_s=86_400, batches=9, heads=(), opened_at=dt.datetime(2026, 1, 1, tzinfo=dt.UTC),
    ))  # fmt: skip
    for data, size in ((HERE, len(HERE)), (COMING, len(COMING)), (UNSIZED, None)):
        box.announce(f"sha256:{NAMES[data].removesuffix('.age')}", Announced("b", size))
    for folder, name, data in (("parcels", NAMES[HERE], HERE), ("forth", PAPER, PAPER_BYTES)):
        (box.root / folder).mkdir()
        (box.root / folder / name).write_bytes(data)
    box.mark_complete()
    made = World(desk, log.heard)
    made.before = made.files()
    return made


# HTTPS


class _Pipe(asyncio.Transport):
    """A connection in memory: bytes go in by ``data_received`` and come out here."""

    def __init__(self) -> None:
        super().__init__()
        self.out = bytearray()
        self._protocol: Any = None
        self._closing = False

    def carry(self, protocol: Any) -> None:
        self._protocol = protocol
        protocol.connection_made(self)

    def get_extra_info(self, name: str, default: Any = None) -> Any:
        return ("127.0.0.1", 1) if name == "peername" else ("127.0.0.1", 2) if name == "sockname" else default

    def write(self, data: Any) -> None:
        self.out += data

    def is_closing(self) -> bool:
        return self._closing

    def close(self) -> None:
        if not self._closing:
            self._closing = True
            asyncio.get_running_loop().call_soon(self._protocol.connection_lost, None)

    abort = close

    def pause_reading(self) -> None:
        """All is in memory."""

    def resume_reading(self) -> None:
        """Likewise."""

    def set_write_buffer_limits(self, high: int | None = None, low: int | None = None) -> None:
        """Likewise."""

    def get_write_buffer_size(self) -> int:
        return 0


async def _here(call: Callable[..., Any], *args: Any, **rest: Any) -> Any:
    """In place of a thread."""
    return call(*args, **rest)


_INLINE: dict[tuple[str, str], Any] = {
    ("asyncio", "to_thread"): _here, ("ecluse.relay.https", "in_thread"): _here,
    ("ecluse.relay.https_transfers", "in_thread"): _here, ("ecluse.relay.https_listener", "_LINGER_S"): 0.0,
}  # fmt: skip


class _Watched(Connection):
    """Keeps faults: what is raised here would end in a task that nobody asks."""

    faults: ClassVar[list[str]] = []

    def log_exception(self, *_: Any, **rest: Any) -> None:
        self.faults.append(repr(rest.get("exc_info")))


class _Server(Server):
    def made(self, origin: str) -> Connection:
        return _Watched(self, origin, **self._limits)


class _Door:
    """The HTTPS door without a socket."""

    def __init__(self) -> None:
        self.loop = asyncio.new_event_loop()
        self.server = self.loop.run_until_complete(self._made())

    async def _made(self) -> Server:
        door = https.Door(world().desk)
        return _Server(door.answer, door.left, door.misread, world().desk.settings)

    def through(self, data: bytes) -> bytes:
        return self.loop.run_until_complete(asyncio.wait_for(self._through(data), 30))

    async def _through(self, data: bytes) -> bytes:
        pipe, connection = _Pipe(), self.server.made("127.0.0.1")
        pipe.carry(connection)
        for piece in data.split(CUT):
            if not pipe.is_closing():
                connection.data_received(piece)
            await _quiet()
        pipe.close()
        await _quiet()
        for task in asyncio.all_tasks() - {asyncio.current_task()}:
            if task.get_coro().__qualname__ != "wait_for":
                await asyncio.wait({task}, timeout=5)
                if not task.done():
                    raise BrokenError("a task goes on after its connection")
        if connection.visitor is not None:
            raise BrokenError("a session does not end with its connection")
        return bytes(pipe.out)


async def _quiet() -> None:
    """Until nothing is left to do but to wait for more bytes."""
    for _ in range(_STEPS):
        await asyncio.sleep(0)


@cache
def _door() -> _Door:
    return _Door()


@cache
def _refusals() -> frozenset[bytes]:
    """Every body that a refusal may have."""
    return frozenset(
        bytes(problem(status, reason).body)
        for status in _STATUSES
        for reason in _TITLES  # type: ignore[arg-type]
    )


def _https(data: bytes) -> str:
    whole = data.replace(CUT, b"")
    member = SOURCE.encode() in whole or DESTINATION.encode() in whole
    with world().checked(member=member), patched(_INLINE):
        _Watched.faults.clear()
        answers = list(_answers(_door().through(data)))
        if _Watched.faults:
            raise BrokenError(f"a fault: {_Watched.faults[0]}")
    for status, headers, body in answers:
        if status not in _STATUSES or (not member and status not in _ANONYMOUS):
            raise BrokenError(f"status {status}")
        if not set(headers) <= _HEADERS:
            raise BrokenError("a header that no answer has")
        if status >= 400 and body and body not in _refusals():
            raise BrokenError("a refusal that is not ours")
        if status < 400 and body:
            _check_given(body)
    if any(each.event is Access.ENTERED for each in world().heard) and not member:
        raise BrokenError("a stranger entered")
    return " ".join(HTTPStatus(status).phrase for status, _, _ in answers) or "nothing"


def _check_given(body: bytes) -> None:
    if body in HERE or body in PAPER_BYTES or HERE.startswith(body):
        return
    value = json.loads(body)
    names = value["boxes"] if "boxes" in value else [each["name"] for each in value["files"]]
    if not all(each == BOX or parcel_hex(each) or paper_name(each) for each in names):
        raise BrokenError("a listing with something else in it")


def _answers(out: bytes) -> Iterator[tuple[int, dict[str, str], bytes]]:
    """Status, headers and body of each answer; raises BrokenError for what is no HTTP."""
    while out:
        head, end, rest = out.partition(b"\r\n\r\n")
        lines = head.split(b"\r\n")
        first = re.fullmatch(rb"HTTP/1\.[01] (\d{3}) [A-Za-z -]+", lines[0])
        if not end or first is None or not all(re.fullmatch(rb"[A-Za-z-]+: [ -~]*", line) for line in lines[1:]):
            raise BrokenError("an answer that is not HTTP")
        headers = {
            name.decode().lower(): value.decode() for name, _, value in (each.partition(b": ") for each in lines[1:])
        }
        size = int(headers.get("content-length", "0"))
        body = b"" if rest.startswith(b"HTTP/1.") or not rest else rest[:size]
        yield int(first[1]), headers, body
        out = rest[len(body) :]


# SFTP after a key, and SSH before it


def _sftp(data: bytes) -> str:
    """First byte: whose session; then frames, as a channel would hand them on."""
    if not data:
        return "nothing"
    desk = world().desk
    agent = _SENDER if data[0] % 2 == 0 else _RECIPIENT
    account = desk.accounts.get(agent)
    assert account
    with world().checked(member=True):
        session = Session(desk, Visitor(account, "127.0.0.1", "sftp"), Budget())
        frames, waiting, given = sftp_wire.Frames(), deque[bytes](), b""
        try:
            for piece in data[1:].split(CUT):
                waiting.extend(frames.feed(piece))
                while waiting and not session.over:
                    given += b"".join(session.answer(waiting))
        except sftp_wire.WireError:
            given += b""
        finally:
            session.close()
        if session._handles:
            raise BrokenError("a file stays open after its session")
    return _told(given, data)


def _told(given: bytes, data: bytes) -> str:
    """Answers are whole frames of known kinds; a status says fixed words."""
    kinds = []
    while given:
        size = int.from_bytes(given[:4], "big")
        if not 1 <= size <= len(given) - 4:
            raise BrokenError("an answer that is cut short")
        kind, body = given[4], given[5 : 4 + size]
        if kind not in {2, 101, 102, 103, 104, 105, 201}:
            raise BrokenError(f"an answer of kind {kind}")
        if kind == 103 and body[8:] not in HERE and body[8:] not in PAPER_BYTES:
            raise BrokenError("bytes that are not the member's to read")
        if kind == 101:
            words = {each.lower() for each in re.findall(rb"[A-Za-z]{6,}", body[8:]) if each in data}
            if b"zqxcanary" in words:
                raise BrokenError("a status repeats what was sent")
        kinds.append(
            f"{sftp_wire.Verb(kind).name}-{sftp_wire.Status(int.from_bytes(body[4:8], 'big')).name}"
            if kind == 101
            else sftp_wire.Verb(kind).name
        )
        given = given[4 + size :]
    return " ".join(kinds) or "nothing"


@cache
def _ssh_parts() -> tuple[asyncio.AbstractEventLoop, SftpDoor, Any]:
    loop = asyncio.new_event_loop()

    async def made() -> tuple[SftpDoor, Any]:
        door = SftpDoor(world().desk, threads=1)
        door.run = lambda what, *given: asyncio.ensure_future(_here(what, *given))  # type: ignore[method-assign]
        key = asyncssh.generate_private_key("ssh-ed25519")
        return door, await ssh.options(key, lambda: Guest(door), grace_s=30)

    return loop, *loop.run_until_complete(made())


_SSH_SIZES = (100, 500)
_HEARD_SSH = ("greeting", "algorithms", "a host key")


async def _spoken(data: bytes, options: Any) -> bytes:
    """What a stranger hears."""
    pipe, connection = _Pipe(), ssh.Connection(asyncio.get_running_loop(), options, lambda _: True)
    pipe.carry(connection)
    for piece in data.split(CUT):
        if not pipe.is_closing():
            connection.data_received(piece)
        await _quiet()
    if len(connection._inpbuf) > 1 << 20:
        raise BrokenError("a stranger's bytes pile up")
    connection.abort()
    await _quiet()
    for task in asyncio.all_tasks() - {asyncio.current_task()}:
        if task.get_coro().__qualname__ != "wait_for":
            task.cancel()
    return bytes(pipe.out)


def _ssh(data: bytes) -> str:
    """A stranger's bytes, before any key: nobody enters, no file changes, memory is bounded."""
    loop, door, options = _ssh_parts()
    with world().checked(member=False), patched(_INLINE):
        out = loop.run_until_complete(asyncio.wait_for(_spoken(data, options), 30))
    if not out.startswith(b"SSH-2.0-"):
        raise BrokenError("not a greeting of SSH")
    if any(each.event is Access.ENTERED for each in world().heard) or any(guest.visitor for guest in door.guests):
        raise BrokenError("a stranger entered")
    return _HEARD_SSH[sum(len(out) > size for size in _SSH_SIZES)]


def _quietly(work: Callable[[bytes], str], data: bytes) -> str:
    with contextlib.redirect_stderr(None):
        return work(data)


_HTTP = (CUT, MAGIC, *(
    each.encode() for each in (
        "GET ", "HEAD ", "PUT ", "PATCH ", "DELETE ", "OPTIONS ", f"/{BOX}/", "in/", "out/", *NAMES.values(), PAPER,
        " HTTP/1.1\r\nHost: a\r\n", f"Authorization: Bearer {SOURCE}\r\n", f"Authorization: Bearer {DESTINATION}\r\n",
        "Content-Length: ", "Transfer-Encoding: chunked\r\n", "Upload-Offset: ", "Tus-Resumable: 1.0.0\r\n",
        "Content-Type: application/offset+octet-stream\r\n", "Range: bytes=", "Content-Range: bytes ", "Expect: 100-continue\r\n",
        "If-Match: ", "If-Range: ", "Connection: close\r\n", "\r\n\r\n", "0\r\n\r\n",
    )
))  # fmt: skip
_FRAMES = (*(bytes((each,)) for each in sftp_wire.Verb), f"/{BOX}/out/".encode(), f"/{BOX}/in/".encode(),
           *(each.encode() for each in (*NAMES.values(), PAPER, ".filepart", "..")), b"\0\0\0\1", b"\xff\xff\xff\xff", CUT)  # fmt: skip


def targets() -> list[Target]:
    """Both doors of the relay, and SSH before its key."""
    return [
        Target("relay-https", partial(_quietly, _https), words=_HTTP, longest=1 << 13),
        Target("relay-sftp", _sftp, "bytes", _FRAMES, longest=1 << 13),
        Target(
            "relay-ssh",
            partial(_quietly, _ssh),
            "bytes",
            (b"SSH-2.0-x\r\n", b"\x14", b"\x05", b"\x32", CUT),
            longest=1 << 12,
        ),
    ]


# Seeds


def _request(method: str, path: str, token: str | None, headers: str = "", body: bytes = b"") -> bytes:
    bearer = f"Authorization: Bearer {token}\r\n" if token else ""
    length = f"Content-Length: {len(body)}\r\n" if body else ""
    return f"{method} {path} HTTP/1.1\r\nHost: a\r\n{bearer}{length}{headers}\r\n".encode() + body


def https_seeds() -> Iterator[tuple[str, bytes]]:
    tus = "Tus-Resumable: 1.0.0\r\nContent-Type: application/offset+octet-stream\r\nUpload-Offset: "
    out, here = f"/{BOX}/out/", f"/{BOX}/in/{NAMES[HERE]}"
    half = len(COMING) // 2
    yield "stranger", _request("GET", "/", None) + _request("GET", out, "zqxcanary-token-0123456789")
    yield "looking", b"".join(_request("GET", each, SOURCE) for each in ("/", out, f"/{BOX}/in/"))
    yield (
        "sending",
        (
            _request("HEAD", out + NAMES[COMING], SOURCE)
            + _request("PATCH", out + NAMES[COMING], SOURCE, f"{tus}0\r\n", COMING[:half])
            + _request(
                "PUT",
                out + NAMES[COMING],
                SOURCE,
                f"Content-Range: bytes {half}-{len(COMING) - 1}/{len(COMING)}\r\n",
                COMING[half:],
            )
        ),
    )
    yield (
        "cut-off",
        _request("PUT", out + NAMES[COMING], SOURCE, "", COMING)[:-40].replace(COMING[300:305], COMING[300:305] + CUT),
    )
    yield (
        "chunks",
        (
            f"PUT {out}{NAMES[UNSIZED]} HTTP/1.1\r\nHost: a\r\nAuthorization: Bearer {SOURCE}\r\nTransfer-Encoding: chunked\r\n"
            f"Expect: 100-continue\r\n\r\n{len(UNSIZED):x}\r\n".encode()
            + UNSIZED
            + b"\r\n0\r\n\r\n"
        ),
    )
    yield "paper", _request("PUT", f"{out}receipt.{'6' * 64}.json", SOURCE, "", b'{"zqxcanary":1}')
    yield "taking", (
        _request("GET", here, DESTINATION, "Range: bytes=5-9\r\n") + _request("HEAD", here, DESTINATION)
        + _request("DELETE", here, DESTINATION) + _request("GET", here, DESTINATION)
        + _request("GET", f"/{BOX}/in/{PAPER}", DESTINATION, 'If-Match: "x"\r\n')
    )  # fmt: skip
    yield "nowhere", b"".join(_request(each, "/zqxcanary/..%2f", SOURCE) for each in ("GET", "OPTIONS", "TRACE"))


def _frame(verb: int, *fields: bytes, id_: int = 1) -> bytes:
    body = bytes((verb,)) + (b"" if verb == 1 else id_.to_bytes(4, "big")) + b"".join(fields)
    return len(body).to_bytes(4, "big") + body


def _text(data: bytes | str) -> bytes:
    return sftp_wire.string(data.encode() if isinstance(data, str) else data)


def sftp_seeds() -> Iterator[tuple[str, bytes]]:
    none, begin, handle = bytes(4), _frame(1, b"\0\0\0\3"), _text(b"\0\0\0\1")
    out, here = f"/{BOX}/out/{NAMES[COMING]}", f"/{BOX}/in/{NAMES[HERE]}"
    at = (0).to_bytes(8, "big")
    yield (
        "looking",
        b"\0"
        + begin
        + _frame(16, _text("."))
        + _frame(11, _text(f"/{BOX}/out"))
        + _frame(12, handle)
        + _frame(17, _text(out)),
    )
    yield "sending", (
        b"\0" + begin + _frame(3, _text(out + ".filepart"), b"\0\0\0\x1a", none) + _frame(6, handle, at, _text(COMING[:500])) + CUT
        + _frame(6, handle, (500).to_bytes(8, "big"), _text(COMING[500:])) + _frame(8, handle) + _frame(4, handle)
        + _frame(18, _text(out + ".filepart"), _text(out))
    )  # fmt: skip
    yield "taking", (
        b"\1" + begin + _frame(3, _text(here), b"\0\0\0\1", none) + _frame(5, handle, at, b"\0\0\x03\0") + _frame(4, handle)
        + _frame(13, _text(here)) + _frame(20, _text("/zqxcanary"), _text("/"))
    )  # fmt: skip
    yield (
        "extended",
        b"\0"
        + begin
        + _frame(200, _text("limits@openssh.com"))
        + _frame(200, _text("zqxcanary"))
        + _frame(14, _text("/x"), none),
    )


def ssh_seeds() -> Iterator[tuple[str, bytes]]:
    lists = [
        b"curve25519-sha256",
        b"ssh-ed25519",
        *[b"aes256-gcm@openssh.com"] * 2,
        *[b"hmac-sha2-256-etm@openssh.com"] * 2,
        *[b"none"] * 2,
        b"",
        b"",
    ]
    body = b"\x14" + bytes(16) + b"".join(_text(each) for each in lists) + b"\0" + bytes(4)
    pad = 8 - (len(body) + 5) % 8 + 8
    packet = (len(body) + pad + 1).to_bytes(4, "big") + bytes((pad,)) + body + bytes(pad)
    yield "greeting", b"SSH-2.0-zqxcanary\r\n"
    yield "key-exchange", b"SSH-2.0-OpenSSH_9.6\r\n" + CUT + packet
    share = b"\x1e" + _text(bytes((9, *bytes(31))))
    fill = 8 - (len(share) + 5) % 8 + 8
    begun = (len(share) + fill + 1).to_bytes(4, "big") + bytes((fill,)) + share + bytes(fill)
    yield "host-key", b"SSH-2.0-OpenSSH_9.6\r\n" + packet + begun
    yield "telnet", b"GET / HTTP/1.0\r\n\r\n" + bytes(40)
