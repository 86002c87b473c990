"""The relay's HTTPS door: turns methods into what the desk may be asked, and its refusals into statuses.

No rule is here; see ``desk``. What it answers: docs/reference/relay-https.md.
"""

import asyncio
import hashlib
import logging
import ssl
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any

from aiohttp import HttpVersion11, web

from ecluse.domain.access import Access
from ecluse.domain.errors import BusyError, EcluseError, Location, MalformedError, StorageError
from ecluse.relay.accounts import secret_digest
from ecluse.relay.certificates import Contexts
from ecluse.relay.desk import Desk, Seen, Visitor
from ecluse.relay.home import Settings
from ecluse.relay.https_answers import bare, listed, problem_of
from ecluse.relay.https_listener import Connection, Listener, Server
from ecluse.relay.https_requests import (
    METHODS,
    VERBS,
    Kind,
    RequestError,
    Target,
    check_shape,
    has_body,
    length_of,
    target_of,
    token_of,
)
from ecluse.relay.https_transfers import (
    Call,
    CutOffError,
    get_file,
    in_thread,
    paper_of,
    patch_parcel,
    progress_of,
    put_parcel,
    ready,
    take_file,
)
from ecluse.relay.papers import MAX_PAPER
from ecluse.relay.sessions import Sessions

_PAPERS_AT_ONCE = 2
_SMALL = 1 << 20
_LOG = logging.getLogger("ecluse.relay")
_REFUSED, _MOST_REFUSED = frozenset({404, 405, 422}), 200
_TUS = {"Tus-Version": "1.0.0"}


class Door:
    """Answers requests."""

    def __init__(self, desk: Desk) -> None:
        self.desk = desk
        self.stopping = False
        self.known: Callable[[Connection], None] = lambda _: None
        self._sessions = Sessions(desk.home)
        self._writers: dict[tuple[str, str, str], asyncio.Task[Any]] = {}
        self._papers: dict[str, asyncio.Semaphore] = {}
        self.leaving: set[asyncio.Future[None]] = set()
        self._do: dict[tuple[Kind, str], Callable[..., Awaitable[web.StreamResponse]]] = {
            (Kind.ROOT, "GET"): self._boxes, (Kind.OUT, "GET"): self._out, (Kind.IN, "GET"): self._in,
            (Kind.SENT_PAPER, "PUT"): self._put_paper, (Kind.SENT_PARCEL, "PUT"): self._put_parcel,
            (Kind.SENT_PARCEL, "PATCH"): self._put_parcel, (Kind.SENT_PARCEL, "HEAD"): self._progress,
            (Kind.WAITING, "GET"): self._get, (Kind.WAITING, "DELETE"): self._take,
        }  # fmt: skip

    async def answer(self, request: web.BaseRequest) -> web.StreamResponse:
        """One request's answer; whatever it is, a body that was not read ends the connection."""
        connection = request.protocol
        assert isinstance(connection, Connection)  # noqa: S101 - the server makes no others
        connection.busy = True
        version = request._version  # noqa: SLF001
        request._version = HttpVersion11  # noqa: SLF001 - an answer has its server's version (RFC 9112 section 2.3)
        try:
            made = await self._answer(request, connection, (version.major, version.minor))
        except EcluseError as error:
            made = problem_of(error)
        except (CutOffError, ConnectionError):
            connection.force_close()
            raise ConnectionResetError from None
        finally:
            connection.busy = False
            connection.sent += request.content.total_bytes
            connection.read += request.writer.output_size
            if connection.gone:
                self.left(connection)
        if made.status in _REFUSED:
            connection.refused += 1
        if connection.refused >= _MOST_REFUSED or (has_body(request.headers) and not request.content.is_eof()):
            made.force_close()
        return made

    async def _answer(
        self, request: web.BaseRequest, connection: Connection, version: tuple[int, int]
    ) -> web.StreamResponse:
        if self.stopping:
            raise RequestError(503, "later")
        try:
            check_shape(request.headers, version)
        except RequestError:
            await in_thread(self.desk.fail, connection.origin, "not HTTP")
            raise
        visitor = await self._enter(request, connection)
        target = await self._target(request, visitor)
        if request.method == "OPTIONS":
            return bare(204, _TUS | {"Allow": ", ".join(METHODS[target.kind])})
        do = self._do.get((target.kind, request.method)) or self._do[target.kind, "GET"]
        return await do(visitor, target, request)

    # Who asks, and for what

    async def _enter(self, request: web.BaseRequest, connection: Connection) -> Visitor:
        """Who this is, each time anew: an account that was closed meanwhile opens nothing."""
        try:
            token = token_of(request.headers)
        except RequestError:
            await in_thread(self.desk.fail, connection.origin, "a password")
            raise
        secure = request.transport.get_extra_info("ssl_object") if request.transport else None
        certificate = secure.getpeercert(binary_form=True) if isinstance(secure, ssl.SSLObject) else None
        visitor = await in_thread(self._known, connection, token, certificate)
        self.known(connection)
        return visitor

    def _known(self, connection: Connection, token: str | None, certificate: bytes | None) -> Visitor:
        marks = [hashlib.sha256(certificate).hexdigest()] if certificate else []
        marks += [secret_digest(token)] if token else []
        mark, visitor = " ".join(marks), connection.visitor
        if visitor is not None and mark == connection.mark:
            account = self.desk.accounts.by_mark(marks[0])
            if account == visitor.account and account.is_live(self.desk.clock().date()):
                return visitor
        self.leave(connection)
        name = ""
        if len(marks) > 1:
            other = self.desk.accounts.by_mark(marks[1])
            name = other.id if other else "?"
        try:
            self._enter_anew(connection, name, marks[0] if marks else None)
        except (StorageError, RequestError):
            raise
        except EcluseError:
            raise RequestError(401, "unknown") from None
        connection.mark = mark
        assert connection.visitor is not None  # noqa: S101 - who has not entered was refused
        return connection.visitor

    def _enter_anew(self, connection: Connection, name: str, mark: str | None) -> None:
        """A session of its own for a connection, counted with all that the account has open."""
        holder = self.desk.accounts.by_mark(mark) if mark else None
        slot, detail = None, {}
        if holder is not None:
            try:
                slot = self._sessions.begin(holder.id, connection.origin, self.desk.settings.account_sessions)
            except BusyError:
                self.desk.failures.tell(Access.ENTRY_FAILED, connection.origin, "too many sessions", holder.id)
                raise RequestError(429, "too-many") from None
            detail = {"open": slot.open} | ({"elsewhere": slot.elsewhere} if slot.elsewhere else {})
        try:
            connection.visitor = self.desk.enter(name, mark, connection.origin, "https", **detail)
        except EcluseError:
            if slot is not None:
                slot.leave()
            raise
        connection.slot = slot

    def leave(self, connection: Connection) -> None:
        """Journal the end of a connection's session, if it had one."""
        visitor, connection.visitor = connection.visitor, None
        slot, connection.slot = connection.slot, None
        if slot is not None:
            slot.leave()
        if visitor is not None:
            self.desk.leave(visitor, sent=connection.sent, read=connection.read)
            connection.sent = connection.read = 0

    def left(self, connection: Connection) -> None:
        """A connection has ended: its session too, once the request that ran over it has."""
        if connection.busy or connection.visitor is None:
            connection.gone = True
            return
        self._later(self.leave, connection)

    def misread(self, origin: str) -> None:
        """Journal that something came that is not HTTP."""
        self._later(self.desk.fail, origin, "not HTTP")

    def _later(self, call: Callable[..., None], *args: object) -> None:
        done = asyncio.ensure_future(asyncio.to_thread(call, *args))
        self.leaving.add(done)
        done.add_done_callback(self._done)

    def _done(self, done: "asyncio.Future[None]") -> None:
        self.leaving.discard(done)
        if not done.cancelled() and done.exception() is not None:
            _LOG.error("the journal cannot be written: %s", type(done.exception()).__name__)

    async def _target(self, request: web.BaseRequest, visitor: Visitor) -> Target:
        target = target_of(request.raw_path)
        if target is None:
            await in_thread(self.desk.refuse, visitor, "path")
            raise RequestError(404, "nothing-here")
        if request.method not in METHODS[target.kind]:
            verb = request.method if request.method in VERBS else "other"
            await in_thread(self.desk.refuse, visitor, f"{verb} {target.kind}")
            raise RequestError(405, "method", {"Allow": ", ".join(METHODS[target.kind])})
        if has_body(request.headers) and request.method not in {"PUT", "PATCH"}:
            raise RequestError(400, "malformed")
        return target

    # What is asked

    async def _boxes(self, visitor: Visitor, _: Target, __: web.BaseRequest) -> web.StreamResponse:
        return listed({"boxes": await in_thread(self.desk.boxes, visitor)})

    async def _out(self, visitor: Visitor, target: Target, _: web.BaseRequest) -> web.StreamResponse:
        return listed({"files": [_plain(each) for each in await in_thread(self.desk.out, visitor, target.box)]})

    async def _in(self, visitor: Visitor, target: Target, _: web.BaseRequest) -> web.StreamResponse:
        return listed({"files": [_plain(each) for each in await in_thread(self.desk.inside, visitor, target.box)]})

    async def _put_paper(self, visitor: Visitor, target: Target, request: web.BaseRequest) -> web.StreamResponse:
        if request.headers.get("Content-Range") is not None:
            raise RequestError(400, "malformed")
        size = length_of(request.headers)
        await in_thread(self.desk.expect_paper, visitor, target.box, target.name, 1 if size is None else size)
        turns = self._papers.setdefault(visitor.id, asyncio.Semaphore(_PAPERS_AT_ONCE))
        if size is None or size > _SMALL:
            async with turns:
                return await self._kept(visitor, target, request)
        return await self._kept(visitor, target, request)

    async def _kept(self, visitor: Visitor, target: Target, request: web.BaseRequest) -> web.StreamResponse:
        await ready(request)
        data = await paper_of(request, MAX_PAPER, self.desk.settings.idle_s)
        await in_thread(self.desk.put_paper, visitor, target.box, target.name, data)
        return bare(204)

    async def _put_parcel(self, visitor: Visitor, target: Target, request: web.BaseRequest) -> web.StreamResponse:
        """The last session of an account that sends a parcel has it: the one before was cut off and does not know."""
        key, task = (visitor.id, target.box, target.name), asyncio.current_task()
        assert task is not None  # noqa: S101 - a handler runs in one
        before = self._writers.get(key)
        if before is not None:
            before.cancel()
            await asyncio.wait({before}, timeout=5)
        self._writers[key] = task
        try:
            put = put_parcel if request.method == "PUT" else patch_parcel
            return await put(Call(self.desk, visitor, target.box, target.name, request))
        except asyncio.CancelledError:
            if self._writers.get(key) is task:
                raise
            raise CutOffError from None
        finally:
            if self._writers.get(key) is task:
                del self._writers[key]

    async def _progress(self, visitor: Visitor, target: Target, request: web.BaseRequest) -> web.StreamResponse:
        return await progress_of(Call(self.desk, visitor, target.box, target.name, request))

    async def _get(self, visitor: Visitor, target: Target, request: web.BaseRequest) -> web.StreamResponse:
        return await get_file(Call(self.desk, visitor, target.box, target.name, request))

    async def _take(self, visitor: Visitor, target: Target, request: web.BaseRequest) -> web.StreamResponse:
        return await take_file(Call(self.desk, visitor, target.box, target.name, request))


@dataclass(slots=True)
class Runner:
    """An open door."""

    door: Door
    listener: Listener
    server: Server

    @property
    def ports(self) -> list[tuple[str, int]]:
        """Addresses and ports where it listens."""
        return self.listener.ports

    async def close(self, seconds: float = 10.0) -> None:
        """Accept nothing more, let what runs end, cut the rest off: it can be gone on with."""
        self.door.stopping = True
        await self.listener.close()
        await self.server.end(seconds)
        await asyncio.sleep(0)  # connections hear of their end
        await asyncio.gather(*self.door.leaving, return_exceptions=True)


async def open_https(desk: Desk, settings: Settings) -> Runner:
    """Open the door at ``settings.https``.

    Raises:
        MalformedError: the address, or the certificate.
        StorageError: nothing can listen there, or the certificate cannot be read or made.
    """
    host, port = address_of(settings.https, "https")
    contexts = await asyncio.to_thread(Contexts, desk.home, settings, clock=desk.clock)
    await asyncio.to_thread(contexts.current)
    door = Door(desk)

    def over(connection: Connection) -> None:
        listener.over(connection)
        door.left(connection)

    server = Server(door.answer, over, door.misread, settings)
    listener = Listener(desk, server, contexts)
    door.known = listener.known
    try:
        await listener.open(host, port)
    except OSError as error:
        await listener.close()
        raise StorageError(error.strerror or "cannot listen", location=Location(field="https")) from None
    return Runner(door, listener, server)


def address_of(text: str, field: str) -> tuple[str, int]:
    """Host and port of ``host:port`` or ``[host]:port``; raises MalformedError."""
    host, _, port = text.rpartition(":")
    if not host or not port.isascii() or not port.isdigit() or int(port) > 65_535:  # noqa: PLR2004
        raise MalformedError("an address and a port belong here", location=Location(file="relay.yaml", field=field))
    return host.strip("[]"), int(port)


def _plain(seen: Seen) -> dict[str, object]:
    at = seen.at.isoformat(timespec="seconds")
    return {"name": seen.name, "size": seen.size, "at": at, "state": str(seen.state)}
