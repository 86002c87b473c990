"""The relay's SFTP door: who comes in, how many at once, and the bytes of each session to and from its rules."""

import asyncio
from collections import Counter
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from typing import Any, TypeVar

import asyncssh

from ecluse.domain.access import Access
from ecluse.domain.errors import EcluseError, Location, MalformedError, StorageError
from ecluse.relay import ssh
from ecluse.relay.accounts import bare
from ecluse.relay.desk import Desk, Visitor
from ecluse.relay.home import Home, host_key
from ecluse.relay.sessions import Sessions, Slot
from ecluse.relay.sftp_channel import Channel
from ecluse.relay.sftp_files import Budget
from ecluse.relay.sftp_session import Session
from ecluse.workspace.files import read

T = TypeVar("T")
_ANONYMOUS = frozenset({"", "anonymous", "anon", "ftp", "guest", "public"})
_MOST_CHANNELS = 4
_THREADS = 24
_TICK_S = 1.0
_GRACE_STOP_S, _GRACE_LEAVE_S = 10.0, 60.0


def _host_key(home: Home) -> asyncssh.SSHKey:
    path = host_key(home)
    try:
        return asyncssh.import_private_key(read(path))
    except (asyncssh.KeyImportError, ValueError):
        raise MalformedError("not an SSH private key", location=Location(file=str(path))) from None


class Door:
    """The listener and everybody who is in."""

    def __init__(self, desk: Desk, *, threads: int = _THREADS) -> None:
        self.desk, self.settings = desk, desk.settings
        self.sessions, self.budget = Sessions(desk.home), Budget()
        self.pool = ThreadPoolExecutor(threads, thread_name_prefix="sftp")
        self.guests: set[Guest] = set()
        self.leaving: set[asyncio.Task[None]] = set()
        self.origins: Counter[str] = Counter()
        self.strangers: Counter[str] = Counter()
        self._server: asyncio.Server | None = None
        self._tick: asyncio.Task[None] | None = None

    @classmethod
    async def open(cls, desk: Desk) -> "Door":
        """Listen where the settings say (``HOST:PORT``); raises EcluseError."""
        door = cls(desk)
        host, _, port = desk.settings.sftp.rpartition(":")
        key = await asyncio.to_thread(_host_key, desk.home)
        options = await ssh.options(key, lambda: Guest(door), grace_s=desk.settings.login_grace_s)
        loop = asyncio.get_running_loop()
        try:
            door._server = await loop.create_server(
                lambda: ssh.Connection(loop, options, door.admit), host.strip("[]") or None, int(port), backlog=256
            )
        except (OSError, ValueError) as error:
            said = getattr(error, "strerror", None) or "not an address to listen at"
            raise StorageError(f"SFTP: {said}", location=Location(file=desk.settings.sftp)) from None
        door._tick = loop.create_task(door._look_round())
        return door

    @property
    def port(self) -> int:
        """Where it listens."""
        return int(self._server.sockets[0].getsockname()[1]) if self._server else 0

    def run(self, what: Callable[..., T], *given: object) -> "asyncio.Future[T]":
        """Do what waits for the disk, in a thread."""
        return asyncio.get_running_loop().run_in_executor(self.pool, what, *given)

    def admit(self, origin: str) -> bool:
        """Whether to say a word to an address: a listed one, that has not too many connections open."""
        settings = self.settings
        if not self.desk.is_welcome(origin):
            self.tell(self.desk.check_network, origin)
            return False
        if (
            self.origins[origin] >= settings.origin_sessions
            or self.strangers[origin] >= settings.origin_strangers
            or len(self.guests) >= settings.sessions
        ):
            self.tell(self.desk.fail, origin, "too many connections")
            return False
        return True

    def tell(self, what: Callable[..., Any], *given: object) -> None:
        """Journal in a thread what nobody waits for."""

        def tell() -> None:
            with suppress(EcluseError):
                what(*given)

        self.run(tell)

    def known(self, guest: "Guest") -> None:
        """One who has entered, or is gone, is no stranger any more."""
        if guest.is_stranger:
            guest.is_stranger = False
            self.strangers.subtract((guest.origin,))

    async def close(self) -> None:
        """Take nobody in any more; let every running request end; put everybody out."""
        if self._tick:
            self._tick.cancel()
        if self._server:
            self._server.close()
        leaving = [guest.put_out() for guest in self.guests]
        with suppress(TimeoutError):
            await asyncio.wait_for(asyncio.gather(*leaving, return_exceptions=True), _GRACE_STOP_S)
        if self.leaving:  # each journals its end
            await asyncio.wait(self.leaving, timeout=_GRACE_LEAVE_S)
        await asyncio.to_thread(self.pool.shutdown)

    async def _look_round(self) -> None:
        while True:
            await asyncio.sleep(_TICK_S)
            now = asyncio.get_running_loop().time()
            for guest in list(self.guests):
                idle = now - guest.heard > self.settings.idle_s and not guest.is_busy()
                if idle or (guest.visitor and not await self.run(self._is_live, guest.visitor)):
                    guest.conn.disconnect(asyncssh.DISC_BY_APPLICATION, "Your session is over")

    def _is_live(self, visitor: Visitor) -> bool:
        try:
            return self.desk.is_live(visitor)
        except EcluseError:
            return False


class Guest(asyncssh.SSHServer):
    """One connection: a stranger until a key of an account is proven."""

    def __init__(self, door: Door) -> None:
        self.door, self.desk = door, door.desk
        self.conn: Any = None
        self.visitor: Visitor | None = None
        self.origin, self.is_stranger = "", True
        self.heard = asyncio.get_running_loop().time()
        self.channels: set[Channel] = set()
        self._mark: str | None = None
        self._entering: asyncio.Task[None] | None = None
        self._slot: Slot | None = None
        self._tries, self._offered = 0, False
        self._entered: asyncio.Future[Visitor | None] = asyncio.get_running_loop().create_future()
        self._gone: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._sent = self._read = 0

    def connection_made(self, conn: asyncssh.SSHServerConnection) -> None:
        """Counted, until it goes."""
        self.conn = conn
        peer = conn.get_extra_info("peername")
        self.origin = str(peer[0]) if peer else ""
        self.door.guests.add(self)
        self.door.origins[self.origin] += 1
        self.door.strangers[self.origin] += 1

    def connection_lost(self, exc: Exception | None) -> None:  # noqa: ARG002 - asyncssh's protocol
        """Whatever was open is closed; what came stays."""
        self.door.guests.discard(self)
        self.door.origins.subtract((self.origin,))
        self.door.known(self)
        if not self.door.origins[self.origin]:
            del self.door.origins[self.origin], self.door.strangers[self.origin]
        if self._entering is None:
            self._entered.set_result(None)
        if self._entering is None and not self._offered and self._tries:
            self.door.tell(self.desk.fail, self.origin, "no key")
        leaving = asyncio.ensure_future(self._leave())
        self.door.leaving.add(leaving)
        leaving.add_done_callback(self._done)

    # Entering

    def tried(self, method: str, name: str) -> bool:
        """Count attempts; journal those that are no key. ``none`` is how every client asks what there is."""
        self.heard = asyncio.get_running_loop().time()
        self._tries += 1
        self._offered = self._offered or method == "publickey"
        if name.lower() in _ANONYMOUS:
            self.door.tell(self.desk.fail, self.origin, "an anonymous name")
        elif method == "password" or method.startswith("keyboard"):
            self.door.tell(self.desk.fail, self.origin, "a password")
        elif method not in {"none", "publickey"}:
            self.door.tell(self.desk.fail, self.origin, "a way of entering that is none here")
        # Each key is offered, then proven: two requests.
        return self._tries <= 2 * self.door.settings.auth_tries

    async def begin_auth(self, username: str) -> bool:  # noqa: ARG002 - nobody enters by a name
        """Everybody must prove a key."""
        return True

    def password_auth_supported(self) -> bool:
        """Never."""
        return False

    def kbdint_auth_supported(self) -> bool:
        """Never."""
        return False

    def public_key_auth_supported(self) -> bool:
        """This alone."""
        return True

    async def validate_public_key(self, username: str, key: asyncssh.SSHKey) -> bool:
        """Whether a key that is offered may be proven."""
        mark = bare(key.export_public_key("openssh").decode("ascii").strip())
        try:
            await self.door.run(self.desk.offer, username, mark, self.origin)
        except EcluseError:
            return False
        self._mark = mark  # what is proven next, if anything is: asyncssh verifies before anything else can run
        return True

    async def auth_completed(self) -> None:
        """A key is proven: take a slot, journal who comes in."""
        if self._entering is None and not self._entered.done():
            name, mark = str(self.conn.get_extra_info("username")), self._mark or ""
            # A task of its own: whoever is gone before it ends has a slot to give back all the same.
            self._entering = asyncio.ensure_future(self._come_in(name, mark))
            await asyncio.shield(self._entering)

    async def _come_in(self, name: str, mark: str) -> None:
        try:
            self._slot, self.visitor = await self.door.run(self._enter, name, mark)
            self.door.known(self)
        except EcluseError:
            self.conn.disconnect(asyncssh.DISC_BY_APPLICATION, "not let in")
        finally:
            self._entered.set_result(self.visitor)

    def _enter(self, name: str, mark: str) -> tuple[Slot, Visitor]:
        try:
            slot = self.door.sessions.begin(name, self.origin, self.door.settings.account_sessions)
        except EcluseError:
            self.desk.failures.tell(Access.ENTRY_FAILED, self.origin, "too many sessions", name)
            raise
        try:
            detail = {"elsewhere": slot.elsewhere} if slot.elsewhere else {}
            return slot, self.desk.enter(name, mark, self.origin, "sftp", open=slot.open, **detail)
        except EcluseError:
            slot.leave()
            raise

    # Sessions

    def run(self, what: Callable[..., T], *given: object) -> "asyncio.Future[T]":
        """Do what waits for the disk, in a thread."""
        return self.door.run(what, *given)

    async def session_requested(self) -> "Channel":
        """A channel, for whoever has entered."""
        visitor = await self._entered
        if visitor is None or len(self.channels) >= _MOST_CHANNELS:
            raise asyncssh.ChannelOpenError(asyncssh.OPEN_ADMINISTRATIVELY_PROHIBITED, "not let in")
        return Channel(self, Session(self.desk, visitor, self.door.budget))

    def connection_requested(self, *_: object) -> bool:
        """No forwarding."""
        return self.refused("forwarding")

    def server_requested(self, *_: object) -> bool:
        """No forwarding back."""
        return self.refused("forwarding")

    def unix_connection_requested(self, *_: object) -> bool:
        """No forwarding to sockets."""
        return self.refused("forwarding")

    def unix_server_requested(self, *_: object) -> bool:
        """Nor back."""
        return self.refused("forwarding")

    def tun_requested(self, *_: object) -> bool:
        """No tunnel."""
        return self.refused("tunnel")

    def tap_requested(self, *_: object) -> bool:
        """No tunnel."""
        return self.refused("tunnel")

    def refused(self, verb: str) -> bool:
        """Journal what SSH can and this door does not, as soon as it is known who asked."""

        def tell(entered: "asyncio.Future[Visitor | None]") -> None:
            if visitor := entered.result():
                self.door.tell(self.desk.refuse, visitor, verb)

        self._entered.add_done_callback(tell)
        return False

    def is_busy(self) -> bool:
        """Whether anything is being done for it."""
        return any(channel.is_busy() for channel in self.channels)

    async def put_out(self) -> None:
        """Let its running requests end, then close it."""
        for channel in list(self.channels):
            await channel.stop()
        self.conn.disconnect(asyncssh.DISC_BY_APPLICATION, "The relay stops; go on at another one")
        await self._gone

    async def _leave(self) -> None:
        await self._entered
        for channel in list(self.channels):
            await channel.stop()
        if self._slot:
            await self.door.run(self._slot.leave)
        if self.visitor:
            with suppress(EcluseError):
                await self.door.run(self._left)

    def _left(self) -> None:
        if self.visitor:
            self.desk.leave(self.visitor, sent=self._sent, read=self._read)

    def _done(self, leaving: "asyncio.Task[None]") -> None:
        self.door.leaving.discard(leaving)
        if not self._gone.done():
            self._gone.set_result(None)

    def add(self, sent: int, read_: int) -> None:
        """Bytes of a session that ended."""
        self._sent, self._read = self._sent + sent, self._read + read_
