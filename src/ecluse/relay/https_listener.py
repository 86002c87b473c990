"""Connections to the HTTPS door: from whom they come is judged before a byte of TLS, how many there are before that."""

import asyncio
import logging
import socket
from collections import Counter
from collections.abc import Awaitable, Callable
from contextlib import suppress
from typing import Any

from aiohttp import web

from ecluse.domain.errors import EcluseError, ForbiddenError
from ecluse.relay.certificates import Contexts
from ecluse.relay.desk import Desk, Visitor
from ecluse.relay.home import Settings
from ecluse.relay.https_answers import problem
from ecluse.relay.sessions import Slot

_LOG = logging.getLogger("ecluse.relay")
_HANDSHAKE_S, _IDLE_S, _LINGER_S = 10.0, 60, 2.0
_MAX_LINE, _MAX_FIELD, _MAX_HEADERS = 1024, 2048, 40
_READ = 1 << 17
_BACKLOG = 512

Answer = Callable[[web.BaseRequest], Awaitable[web.StreamResponse]]


class Connection(web.RequestHandler):
    """One client's connection: whom it has let in, and how much went both ways."""

    __slots__ = ("busy", "gone", "mark", "origin", "read", "refused", "sent", "server", "slot", "stranger", "visitor")

    def __init__(self, server: "Server", origin: str, **limits: Any) -> None:
        super().__init__(server, **limits)
        self.server, self.origin = server, origin
        self.busy = self.gone = False
        self.stranger = True
        self.visitor: Visitor | None = None
        self.slot: Slot | None = None
        self.mark = ""
        self.sent = self.read = self.refused = 0

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Whoever does not say who they are in time is put out."""
        super().connection_made(transport)
        asyncio.get_running_loop().call_later(self.server.grace, self._late)

    def _late(self) -> None:
        if self.stranger and self.transport is not None:
            self.force_close()

    def handle_error(
        self,
        request: web.BaseRequest,
        status: int = 500,
        exc: BaseException | None = None,
        message: str | None = None,  # noqa: ARG002 - aiohttp's own, which repeats what was sent
    ) -> web.StreamResponse:
        """A refusal that repeats nothing: neither what was sent nor what went wrong."""
        if isinstance(exc, ConnectionError) or request.writer.output_size > 0:
            raise ConnectionResetError
        if status < 500:  # noqa: PLR2004
            self.server.misread(self.origin)
            return problem(400, "malformed")
        self.log_exception(exc_info=exc)
        return problem(500, "fault")

    def log_exception(self, *_: Any, **rest: Any) -> None:
        """Its kind and its place alone: messages of parsers hold what was sent."""
        error = rest.get("exc_info")
        at = getattr(error, "__traceback__", None)
        while at is not None and at.tb_next is not None:
            at = at.tb_next
        place = f"{at.tb_frame.f_code.co_filename}:{at.tb_lineno}" if at else "unknown"
        _LOG.error("a fault at the HTTPS door: %s at %s", type(error).__name__, place)


class Server(web.Server):
    """Makes connections of ours, and hears of their end. ``misread``: told from where came what is not HTTP."""

    def __init__(
        self, answer: Answer, over: Callable[[Connection], None], misread: Callable[[str], None], settings: Settings
    ) -> None:
        super().__init__(answer)
        self._over, self.misread, self.grace = over, misread, float(settings.login_grace_s)
        self._ending: set[asyncio.Task[None]] = set()
        self._limits = {
            "loop": asyncio.get_running_loop(), "keepalive_timeout": float(min(settings.idle_s, _IDLE_S)),
            "max_line_size": _MAX_LINE, "max_field_size": _MAX_FIELD, "max_headers": _MAX_HEADERS,
            "lingering_time": _LINGER_S, "read_bufsize": _READ, "auto_decompress": False, "access_log": None,
            "logger": _LOG,
        }  # fmt: skip

    def made(self, origin: str) -> Connection:
        """For a socket that was accepted."""
        return Connection(self, origin, **self._limits)

    def connection_lost(self, handler: web.RequestHandler, exc: BaseException | None = None) -> None:
        """Its account leaves."""
        if handler._task_handler is not None:  # noqa: SLF001 - aiohttp does not wait for these when it shuts down
            self._ending.add(handler._task_handler)  # noqa: SLF001
            handler._task_handler.add_done_callback(self._ending.discard)  # noqa: SLF001
        super().connection_lost(handler, exc)
        if isinstance(handler, Connection):
            self._over(handler)

    async def end(self, seconds: float) -> None:
        """Let requests that run end, then cut off the rest."""
        self.pre_shutdown()
        await self.shutdown(seconds)
        if self._ending:
            _, late = await asyncio.wait(self._ending, timeout=seconds)
            for task in late:
                task.cancel()


class Listener:
    """Accepts connections until it is closed."""

    def __init__(self, desk: Desk, server: Server, contexts: Contexts) -> None:
        self._desk, self._server, self._contexts = desk, server, contexts
        self._by_origin: Counter[str] = Counter()
        self._strangers: Counter[str] = Counter()
        self._tasks: set[asyncio.Task[None]] = set()
        self._sockets: list[socket.socket] = []

    @property
    def ports(self) -> list[tuple[str, int]]:
        """Where it listens."""
        return [each.getsockname()[:2] for each in self._sockets]

    async def open(self, host: str, port: int) -> None:
        """Listen; raises OSError."""
        loop = asyncio.get_running_loop()
        for family, kind, protocol, _, address in await loop.getaddrinfo(
            host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE
        ):
            made = socket.socket(family, kind, protocol)
            self._sockets.append(made)
            made.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            if family == socket.AF_INET6:
                made.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)
            made.setblocking(False)  # noqa: FBT003
            made.bind(address)
            made.listen(_BACKLOG)
            self._begin(self._accept(made))

    async def close(self) -> None:
        """Accept no more."""
        for task in list(self._tasks):
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        for each in self._sockets:
            each.close()

    def known(self, connection: Connection) -> None:
        """Somebody has entered by a connection."""
        if connection.stranger:
            connection.stranger = False
            _less(self._strangers, connection.origin)

    def over(self, connection: Connection) -> None:
        """A connection has ended."""
        self._forget(connection.origin, stranger=connection.stranger)

    def _forget(self, origin: str, *, stranger: bool) -> None:
        _less(self._by_origin, origin)
        if stranger:
            _less(self._strangers, origin)

    async def _accept(self, listening: socket.socket) -> None:
        loop = asyncio.get_running_loop()
        while True:
            try:
                accepted, address = await loop.sock_accept(listening)
            except OSError:  # no more files: what is open goes on, and frees some
                await asyncio.sleep(0.2)
                continue
            accepted.setblocking(False)  # noqa: FBT003
            self._begin(self._admit(accepted, str(address[0])))

    def _begin(self, work: Any) -> None:
        task = asyncio.get_running_loop().create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _admit(self, accepted: socket.socket, origin: str) -> None:
        settings = self._desk.settings
        full = (
            self._by_origin.total() >= settings.sessions
            or self._by_origin[origin] >= settings.origin_sessions
            or self._strangers[origin] >= settings.origin_strangers
        )
        self._by_origin[origin] += 1
        self._strangers[origin] += 1
        try:
            if full:
                await asyncio.to_thread(self._desk.fail, origin, "too many connections")
            elif await self._agreed(accepted, origin):
                return
        except asyncio.CancelledError:
            accepted.close()
            raise
        except Exception as error:  # noqa: BLE001 - of one connection: the others go on
            _LOG.error("a connection could not be taken: %s", type(error).__name__)
        self._forget(origin, stranger=True)
        accepted.close()

    async def _agreed(self, accepted: socket.socket, origin: str) -> bool:
        """TLS with whoever may knock; False where it was refused, which is journalled."""
        try:
            await asyncio.to_thread(self._desk.check_network, origin)
            context = await asyncio.to_thread(self._contexts.current)
        except (ForbiddenError, EcluseError):
            return False
        loop = asyncio.get_running_loop()
        try:
            await loop.connect_accepted_socket(
                lambda: self._server.made(origin), accepted, ssl=context,
                ssl_handshake_timeout=_HANDSHAKE_S, ssl_shutdown_timeout=_LINGER_S,
            )  # fmt: skip
        except OSError as error:  # ssl's errors and time-outs are
            with suppress(EcluseError):
                reason = "unknown certificate" if "VERIFY" in str(error).upper() else "no TLS agreed"
                await asyncio.to_thread(self._desk.fail, origin, reason)
            return False
        return True


def _less(counted: Counter[str], origin: str) -> None:
    counted[origin] -= 1
    if counted[origin] <= 0:
        del counted[origin]
