"""One SFTP channel: bytes cut into requests, answered by a thread, sent back; all three are bounded."""

import asyncio
import sys
from collections import deque
from collections.abc import Callable
from contextlib import suppress
from typing import Any, Protocol, TypeVar

import asyncssh

from ecluse.relay.sftp_session import Session
from ecluse.relay.sftp_wire import Frames, WireError

T = TypeVar("T")
_MOST_QUEUED, _MOST_WAITING = 1024, 4 * 2**20


class Host(Protocol):
    """Whose channel it is."""

    conn: Any
    heard: float
    channels: "set[Channel]"

    def run(self, what: Callable[..., T], *given: object) -> "asyncio.Future[T]":
        """Do what waits for the disk, in a thread."""

    def refused(self, verb: str) -> bool:
        """Journal what is not done here; False."""

    def add(self, sent: int, read_: int) -> None:
        """Bytes of a session that ended."""


class Channel(asyncssh.SSHServerSession[bytes]):
    """One SFTP session's bytes: requests are gathered while a thread works, and answered in order."""

    def __init__(self, guest: Host, session: Session) -> None:
        self.guest, self.session = guest, session
        self._chan: Any = None
        self._frames = Frames()
        self._requests: deque[bytes] = deque()
        self._waiting = 0
        self._worker: asyncio.Task[None] | None = None
        self._writable = asyncio.Event()
        self._writable.set()
        self._paused = self._ended = self._begun = self._doing = False
        self._closing: asyncio.Task[None] | None = None
        guest.channels.add(self)

    def connection_made(self, chan: asyncssh.SSHServerChannel[bytes]) -> None:
        """Set up."""
        self._chan = chan
        chan.set_write_buffer_limits(high=1 << 20)

    def pty_requested(self, *_: object) -> bool:
        """No terminal."""
        return False

    def shell_requested(self) -> bool:
        """No shell."""
        return self.guest.refused("shell")

    def exec_requested(self, command: str) -> bool:  # noqa: ARG002 - never looked at
        """No command: scp goes through SFTP since OpenSSH 9."""
        return self.guest.refused("exec")

    def subsystem_requested(self, subsystem: str) -> bool:
        """SFTP alone."""
        self._begun = subsystem == "sftp"
        return self._begun or self.guest.refused("subsystem")

    def data_received(self, data: bytes, datatype: asyncssh.DataType) -> None:  # noqa: ARG002
        """Gather requests, and have them answered."""
        self.guest.heard = asyncio.get_running_loop().time()
        if not self._begun or self._closing:
            return
        try:
            for request in self._frames.feed(data):
                self._requests.append(request)
                self._waiting += len(request)
        except WireError:
            self._ended = True
        self._wake()
        if (self._waiting > _MOST_WAITING or len(self._requests) > _MOST_QUEUED) and not self._paused:
            self._paused = True
            self._chan.pause_reading()

    def eof_received(self) -> bool:
        """Answer what came, then close."""
        self._ended = True
        self._wake()
        return True

    def pause_writing(self) -> None:
        """The client's window is full."""
        self._writable.clear()

    def resume_writing(self) -> None:
        """It has room again."""
        self._writable.set()

    def connection_lost(self, exc: Exception | None) -> None:  # noqa: ARG002
        """The client is gone."""
        self._writable.set()
        self._closing = self._closing or asyncio.ensure_future(self._close())

    def is_busy(self) -> bool:
        """Whether a thread works for it."""
        return self._doing

    async def stop(self) -> None:
        """Let the running requests end, and close what is open."""
        self._writable.set()
        self.guest.conn.drained.set()
        self._closing = self._closing or asyncio.ensure_future(self._close())
        await asyncio.shield(self._closing)

    def _wake(self) -> None:
        if self._worker is None or self._worker.done():
            self._worker = asyncio.ensure_future(self._work())

    async def _work(self) -> None:
        """Answer until nothing waits. A thread reads and hashes while the answers before are sealed and sent."""
        answers: list[bytes] = []
        try:
            while self._requests and not self.session.over and not self._closing:
                doing = self.guest.run(self._answer)
                self._send(answers)
                self._doing = True
                answers = await doing
                self._doing = False
                self._waiting = sum(map(len, self._requests))
                if self._paused and self._waiting < _MOST_WAITING // 2 and len(self._requests) < _MOST_QUEUED // 2:
                    self._paused = False
                    self._chan.resume_reading()
                await self._room()
            self._send(answers)
        except WireError:
            self._ended = True
        except Exception as error:  # noqa: BLE001 - a fault of ours ends this session, not the relay
            sys.stderr.write(f"{type(error).__name__} (SFTP)\n")
            self._ended = True
        if (self._ended or self.session.over) and not self._closing and self._chan:
            with suppress(OSError):
                self._chan.exit(0)

    def _answer(self) -> list[bytes]:
        return self.session.answer(self._requests)

    def _send(self, answers: list[bytes]) -> None:
        if answers and self._chan and not self._chan.is_closing():
            with suppress(OSError):
                self._chan.write(b"".join(answers))

    async def _room(self) -> None:
        await self._writable.wait()
        await self.guest.conn.drained.wait()

    async def _close(self) -> None:
        if self._worker is not None:
            with suppress(Exception):
                await self._worker
        await self.guest.run(self.session.close)
        self.guest.add(self.session.sent, self.session.read)
        self.guest.channels.discard(self)
