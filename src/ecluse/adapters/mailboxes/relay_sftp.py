"""The relay's SFTP door: entered with one key, the relay known by its own, parcels gone on with where they were cut.

asyncssh runs in a thread of its own; every call waits for it. No agent, no configuration and no known host of the
user's is looked at: what is trusted is what was named.
"""

import asyncio
import stat
import threading
import time
from collections.abc import Callable, Coroutine, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import cache, partial
from pathlib import Path
from typing import Any, TypeVar
from urllib.parse import urlsplit

import asyncssh

from ecluse.adapters.mailboxes.relay import CheckPeer, Folder
from ecluse.adapters.printable import printable
from ecluse.domain.access import Lies, Lying
from ecluse.domain.errors import (
    BusyError,
    ConnectionLostError,
    EcluseError,
    ForbiddenError,
    Location,
    MalformedError,
    StorageError,
    UnseenError,
    UsageError,
)

T = TypeVar("T")

_SECONDS = 60.0
_LEAST, _MOST = 64 << 10, 4 << 20
_QUICK, _SLOW = 1.0, 10.0
_KEEPALIVES = 5
"""Signs of life that may stay unanswered, one a minute: on a slow line their answers wait behind what is carried."""
_PORT = 22
_WRITE = asyncssh.FXF_WRITE | asyncssh.FXF_CREAT
STATES = {0o600: Lies.COMING, 0o400: Lies.HERE, 0o000: Lies.TAKEN}
"""How the relay's listing shows where a sender's file stands: by its permissions."""


class _Guard(asyncssh.SSHClient):
    """Asks whether the machine that answered is one to talk to, before a key or a name is offered to it (R12)."""

    def __init__(self, check_peer: CheckPeer) -> None:
        self._check_peer = check_peer
        self.refusal: EcluseError | None = None

    def connection_made(self, conn: asyncssh.SSHClientConnection) -> None:
        """The line is there, and nothing was said yet."""
        try:
            self._check_peer(str(conn.get_extra_info("peername")[0]))
        except EcluseError as error:
            self.refusal = error
            conn.abort()


@dataclass(slots=True)
class SftpDoor:
    """A ``mailboxes.relay.Door``. ``url`` is ``sftp://account@host:port``.

    ``key`` is the account's private key, OpenSSH, without passphrase; ``host_key`` the relay's public one.
    """

    url: str
    key: Path
    host_key: Path
    check_peer: CheckPeer = lambda _address: None
    _open: tuple[asyncssh.SSHClientConnection, asyncssh.SFTPClient] | None = field(default=None, repr=False)

    def boxes(self) -> list[str]:
        """Names of the boxes that the account's agent is a member of."""
        return [each.name for each in self._listing("/")]

    def listed(self, box: str, folder: Folder) -> list[Lying]:
        """What lies in a box's folder."""
        return self._listing(f"/{box}/{folder}")

    def put(self, box: str, name: str, data: bytes) -> None:
        """Send a paper."""

        async def put(sftp: asyncssh.SFTPClient) -> None:
            async with sftp.open(f"/{box}/out/{name}", _WRITE | asyncssh.FXF_TRUNC, encoding=None) as remote:
                await remote.write(data, 0)

        self._run(put)

    def send(self, box: str, name: str, parcel: Path) -> None:
        """Send a parcel from where an earlier attempt came to."""
        there = next((each for each in self.listed(box, Folder.OUT) if each.name == name), None)
        if there is not None and there.state is not Lies.COMING:
            return
        # What was under way when a line broke may have left a hole: the last piece is sent again.
        start = max(0, (there.size if there else 0) - _MOST)

        async def send(sftp: asyncssh.SFTPClient) -> None:
            async with sftp.open(f"/{box}/out/{name}", _WRITE, encoding=None) as remote:
                pace = _Pace()
                with parcel.open("rb") as file:
                    offset = file.seek(start)
                    while data := file.read(pace.piece):
                        with pace.timed():
                            await remote.write(data, offset)
                        offset += len(data)

        self._run(send)

    def fetch(self, box: str, name: str, offset: int) -> Iterator[bytes]:
        """A file's bytes from ``offset`` on."""
        file, at, pace = self._run(partial(_opened, path=f"/{box}/in/{name}")), offset, _Pace()
        try:
            while data := self._run(partial(_piece, file, at, pace)):
                at += len(data)
                yield data
        finally:
            if self._open is not None:
                self._run(partial(_closed, file))

    def take(self, box: str, name: str) -> None:
        """Take a file away."""
        self._run(lambda sftp: sftp.remove(f"/{box}/in/{name}"))

    def close(self) -> None:
        """Let the connection go; the next call opens another."""
        if self._open is not None:
            connection, self._open = self._open[0], None
            _loop().call_soon_threadsafe(connection.abort)

    def _listing(self, path: str) -> list[Lying]:
        async def listing(sftp: asyncssh.SFTPClient) -> list[Lying]:
            found = []
            for each in await sftp.readdir(path):
                mode = stat.S_IMODE(each.attrs.permissions or 0)
                name = each.filename if isinstance(each.filename, str) else each.filename.decode("utf-8", "replace")
                if name not in {".", ".."}:
                    found.append(Lying(name, each.attrs.size or 0, STATES.get(mode & 0o600, Lies.HERE)))
            return found

        return self._run(listing)

    def _run(self, do: Callable[[asyncssh.SFTPClient], Coroutine[Any, Any, T]]) -> T:
        async def run() -> T:
            if self._open is None:
                self._open = await self._connected()
            return await do(self._open[1])

        try:
            return asyncio.run_coroutine_threadsafe(run(), _loop()).result()
        except EcluseError:
            self.close()
            raise
        except (TimeoutError, asyncssh.Error, OSError) as error:
            raise self._told(error) from None

    async def _connected(self) -> tuple[asyncssh.SSHClientConnection, asyncssh.SFTPClient]:
        parts, guard = urlsplit(self.url), _Guard(self.check_peer)
        connecting = asyncssh.connect(
            parts.hostname or "",
            parts.port or _PORT,
            client_factory=lambda: guard,
            username=parts.username or "",
            client_keys=[_private(self.key)],
            known_hosts=([_public(self.host_key)], [], []),
            config=None,
            agent_path=None,
            preferred_auth="publickey",
            compression_algs=None,
            connect_timeout=_SECONDS,
            login_timeout=_SECONDS,
            keepalive_interval=_SECONDS,
            keepalive_count_max=_KEEPALIVES,
        )
        try:
            connection = await connecting
        except (asyncssh.Error, OSError):
            if guard.refusal is not None:
                raise guard.refusal from None
            raise
        if guard.refusal is not None:
            connection.abort()
            raise guard.refusal
        try:
            return connection, await connection.start_sftp_client()
        except BaseException:
            connection.abort()
            raise

    def _told(self, error: Exception) -> EcluseError:
        """An error of ours; the connection is let go unless the relay itself answered."""
        where, said = Location(file=self.url), printable(getattr(error, "reason", ""))
        if isinstance(error, asyncssh.SFTPError) and not isinstance(error, _LOST):
            text = f"the relay refuses: {said or 'no reason given'}"
            kind = next((kind for known, kind in _KINDS.items() if isinstance(error, known)), None)
            kind = BusyError if said.startswith(_BUSY) else kind
            return kind(text, location=where) if kind else ForbiddenError(text, location=where)
        if isinstance(error, asyncssh.PermissionDenied):
            return ForbiddenError("the relay does not let this account in", location=where)
        if isinstance(error, asyncssh.HostKeyNotVerifiable | asyncssh.KeyExchangeFailed):
            return ForbiddenError("the relay's host key is not the one that is trusted here", location=where)
        self.close()
        return ConnectionLostError(f"the relay cannot be reached: {type(error).__name__}", location=where)


_LOST = (asyncssh.SFTPConnectionLost, asyncssh.SFTPNoConnection)
_KINDS: Mapping[type[asyncssh.SFTPError], type[EcluseError]] = {
    asyncssh.SFTPNoSuchFile: UnseenError,
    asyncssh.SFTPNoSuchPath: UnseenError,
    asyncssh.SFTPNoSpaceOnFilesystem: StorageError,
}


_BUSY = ("another session sends this parcel", "too many papers come at once", "not whole: ")
"""How the relay says that it may work a moment later; SFTP has no status for it."""


async def _opened(sftp: asyncssh.SFTPClient, *, path: str) -> asyncssh.SFTPClientFile:
    return await sftp.open(path, "rb")


async def _piece(file: asyncssh.SFTPClientFile, at: int, pace: "_Pace", _sftp: asyncssh.SFTPClient) -> bytes:
    with pace.timed():
        found = await file.read(pace.piece, at)
    return found if isinstance(found, bytes) else found.encode()


async def _closed(file: asyncssh.SFTPClientFile, _sftp: asyncssh.SFTPClient) -> None:
    await file.close()


@dataclass(slots=True)
class _Pace:
    """Bytes to ask for at once: what passes in a second or so, lest a slow line that breaks lose what it carried."""

    piece: int = _LEAST

    @contextmanager
    def timed(self) -> Iterator[None]:
        """Learn from how long one piece takes."""
        began = time.monotonic()
        yield
        taken = time.monotonic() - began
        if taken < _QUICK:
            self.piece = min(2 * self.piece, _MOST)
        elif taken > _SLOW:
            self.piece = max(self.piece // 2, _LEAST)


@cache
def _loop() -> asyncio.AbstractEventLoop:
    loop = asyncio.new_event_loop()
    threading.Thread(target=loop.run_forever, name="relay-sftp", daemon=True).start()
    return loop


def _private(path: Path) -> asyncssh.SSHKey:
    where = Location(file=str(path))
    try:
        if path.stat().st_mode & 0o077:
            raise UsageError("others may read this key", location=where, hint="chmod 600")
        return asyncssh.read_private_key(path)
    except OSError as error:
        raise StorageError(error.strerror or "cannot be read", location=where) from None
    except (asyncssh.KeyImportError, asyncssh.KeyEncryptionError):
        raise MalformedError("not an OpenSSH private key without passphrase", location=where) from None


def _public(path: Path) -> asyncssh.SSHKey:
    where = Location(file=str(path))
    try:
        return asyncssh.read_public_key(path)
    except OSError as error:
        raise StorageError(error.strerror or "cannot be read", location=where) from None
    except asyncssh.KeyImportError:
        raise MalformedError("not an OpenSSH public key", location=where) from None
