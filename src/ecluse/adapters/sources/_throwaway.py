"""A PostgreSQL or MariaDB of one's own for the length of a migration: in memory, behind a socket, gone afterwards.

Its whole folder lies in memory or on an encrypted disk (law 2); it listens on a Unix socket in that folder, with a
password of its own, and on no network. A guard process (``_guard``) kills it and wipes the folder when we end, however
we end; what a killed guard left is wiped by the next start.
"""

import contextlib
import os
import pwd
import secrets
import shutil
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from ecluse.adapters.sources import _guard
from ecluse.adapters.sources._memory import private_folder
from ecluse.domain.errors import ConnectionLostError, ProfileError, UsageError
from ecluse.domain.profile import Engine

_START_SECONDS = 60.0
_POSTGRESQL_BIN = Path("/usr/lib/postgresql")
_PACKAGES = {Engine.POSTGRESQL: "postgresql", Engine.MYSQL: "mariadb-server"}
_ACCOUNTS = {Engine.POSTGRESQL: "postgres", Engine.MYSQL: "mysql"}
_QUIET = {"PATH": "/usr/bin:/bin:/usr/sbin:/sbin", "LC_ALL": "C.UTF-8", "HOME": "/nonexistent"}


@dataclass(frozen=True)
class Place:
    """One server's folder, and as whom its programs run."""

    engine: Engine
    folder: Path
    password: str
    """The administrator's."""
    entry: str
    """Of those who load and read."""

    @property
    def data(self) -> Path:
        """Where the server keeps everything."""
        return self.folder / "data"

    @property
    def socket(self) -> Path:
        """The Unix socket, or for PostgreSQL the folder that it lies in."""
        return self.folder / "sock" if self.engine is Engine.MYSQL else self.folder

    @property
    def passfile(self) -> Path:
        """The password in libpq's format, for whoever may enter the folder."""
        return self.folder / "pass"

    @property
    def temporary(self) -> Path:
        """For what its programs would put into ``/tmp``."""
        return self.folder / "tmp"

    def give(self, path: Path) -> None:
        """Hand a file of ours to the account that the programs run as."""
        if not os.geteuid():
            owner = self.folder.stat()
            os.chown(path, owner.st_uid, owner.st_gid)

    def run(self, command: Sequence[str], **options: object) -> "subprocess.CompletedProcess[bytes]":
        """A program of the server's, as its account, with nothing of our environment; its words are dropped."""
        return subprocess.run(  # type: ignore[call-overload, no-any-return]
            command, check=False, capture_output=True, cwd=self.folder, env=self.environment(),
            **self.account(), **options,
        )  # fmt: skip

    def start(self, command: Sequence[str], **options: object) -> "subprocess.Popen[bytes]":
        """As :meth:`run`, and not waited for."""
        return subprocess.Popen(  # type: ignore[call-overload, no-any-return]
            command, cwd=self.folder, env=self.environment(), **self.account(), **options
        )

    def environment(self) -> dict[str, str]:
        """Nothing of ours."""
        return _QUIET | {"TMPDIR": str(self.temporary)}

    def account(self) -> dict[str, object]:
        """Both servers refuse to run as root."""
        if os.geteuid():
            return {}
        owner = self.folder.stat()
        return {"user": owner.st_uid, "group": owner.st_gid, "extra_groups": []}


class Server:
    """A running server; ``close`` ends it and wipes its folder."""

    def __init__(self, place: Place, command: Sequence[str], answers: Callable[[Place], bool]) -> None:
        """Start it under a guard, and wait until it answers. Raises ConnectionLostError."""
        self.place = place
        guard = [sys.executable, "-I", _guard.__file__, str(place.folder), "--", *command]
        self._guard = subprocess.Popen(
            guard, stdin=subprocess.PIPE, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, cwd="/",
            env=place.environment(),
            start_new_session=True,
        )  # fmt: skip
        until = time.monotonic() + _START_SECONDS
        while not answers(place):
            if self._guard.poll() is not None or time.monotonic() > until:
                self.close()
                raise ConnectionLostError("the throw-away server did not start", hint="is there memory enough for it?")
            time.sleep(0.05)

    def close(self) -> None:
        """End the server and wipe all of it."""
        if self._guard.stdin is not None:
            with contextlib.suppress(OSError):
                self._guard.stdin.close()
        with contextlib.suppress(subprocess.TimeoutExpired):
            self._guard.wait(_START_SECONDS)
        _guard.wipe(self.place.folder)


def new_place(engine: Engine, scratch: str | None, needed: int) -> Place:
    """A fresh folder for one server, orphans of others wiped first.

    Raises:
        UsageError: the place is neither in memory nor encrypted, or has not ``needed`` bytes; no such server installed.
    """
    base = private_folder("dump", scratch, enterable=not os.geteuid())
    sweep(base)
    if shutil.disk_usage(base).free < needed:
        raise UsageError(
            f"a dump of this size needs about {needed >> 20} MB of memory to be read in",
            hint="give it room: a larger tmpfs, or ?scratch=/path of an encrypted disk",
        )
    folder = base / f"{os.getpid()}-{secrets.token_hex(4)}"
    folder.mkdir(mode=0o700)
    place = Place(engine, folder, secrets.token_urlsafe(24), secrets.token_urlsafe(24))
    place.temporary.mkdir(mode=0o700)
    place.passfile.touch(mode=0o600)
    place.passfile.write_text(f"*:*:*:*:{place.entry}\n")
    if not os.geteuid():
        try:
            account = pwd.getpwnam(_ACCOUNTS[engine])
        except KeyError:
            raise UsageError(f"{_PACKAGES[engine]} is not installed, which reads such dumps") from None
        for path in (folder, place.passfile, place.temporary):
            os.chown(path, account.pw_uid, account.pw_gid)
    return place


def sweep(base: Path) -> None:
    """Wipe what servers left whose guard was killed."""
    for folder in base.iterdir():
        if folder.is_dir() and not _guarded(folder):
            _guard.wipe(folder)


def program(engine: Engine, name: str) -> str:
    """A program of the server's package. Raises UsageError with the command that installs it."""
    found = [str(p) for p in sorted(_POSTGRESQL_BIN.glob("*/bin"), key=lambda p: float(p.parent.name), reverse=True)]
    path = os.pathsep.join([*found, os.environ.get("PATH", ""), "/usr/sbin", "/usr/local/sbin"])
    program = shutil.which(name, path=path)
    if program is None:
        hint = f"apt-get install {_PACKAGES[engine]}"
        raise UsageError(f"{name} is not installed, which reads such dumps", hint=hint)
    return program


def closing_on_failure(server: Server, work: Callable[[], str]) -> tuple[Server, str]:
    """The server and what work on it gave; the server ends where that fails."""
    try:
        return server, work()
    except BaseException:
        server.close()
        raise


def checked(place: Place, done: "subprocess.CompletedProcess[bytes]", what: str) -> None:
    """Raises ProfileError where a program failed, without its words."""
    if done.returncode:
        _guard.wipe(place.folder)
        raise ProfileError(f"{what} failed for the throw-away server (exit {done.returncode})")


def _guarded(folder: Path) -> bool:
    """Whether the folder's guard lives, or whoever makes the folder is about to start one."""
    maker = folder.name.partition("-")[0]
    wanted = str(folder).encode()
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            try:
                arguments = (entry / "cmdline").read_bytes().split(b"\0")
            except OSError:
                continue
            if wanted in arguments and any(a.endswith(b"_guard.py") for a in arguments):
                return True
    return maker.isdigit() and Path("/proc", maker).exists()
