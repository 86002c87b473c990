"""Relay processes on a folder, and the clients that real people use with them.

with Running(sent.home) as relay:
    relay.sftp(sent.private_key(SOURCE), SOURCE, "put x /box/out/")
"""

import json
import os
import shutil
import signal
import subprocess
import sys
from pathlib import Path
from typing import Self

import ecluse
from ecluse.domain.access import Access, AccessEntry
from ecluse.journal import Journal, LogKey
from ecluse.journal.store import FolderStore
from ecluse.relay.home import Home, host_line
from ecluse.wire.artefacts import decode

Done = subprocess.CompletedProcess[str]
_SOURCES = str(Path(ecluse.__file__).parents[1])


def needed(program: str, package: str) -> str:
    found = shutil.which(program)
    assert found, f"this test needs {program}: apt-get install {package}"
    return found


class Running:
    """One relay process; several may serve one folder."""

    def __init__(self, home: Home, *, address: str = "127.0.0.1", wrap: tuple[str, ...] = ()) -> None:
        told = {"home": str(home.root), "sftp": f"{address}:0", "https": "127.0.0.1:0"}
        self.home, self.address = home, address
        self.process = subprocess.Popen(
            [*wrap, sys.executable, "-m", "ecluse.relay", json.dumps(told)],
            stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
            env=os.environ | {"PYTHONPATH": _SOURCES, "PYTHONDONTWRITEBYTECODE": "1"},
        )  # fmt: skip
        assert self.process.stdout
        first = self.process.stdout.readline().split()
        assert first, self.process.stderr.read() if self.process.stderr else ""
        self.port = int(first[1])
        self.known = home.root.parent / f"known_hosts_{self.port}"
        self.known.write_text(f"[{address}]:{self.port} {host_line(home)}\n")

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()

    def stop(self) -> int:
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGTERM)
        self.process.communicate(timeout=30)
        return self.process.returncode

    def kill(self) -> None:
        self.process.kill()
        self.process.communicate(timeout=30)

    def options(self, key: Path) -> list[str]:
        given = {"IdentityFile": key, "IdentitiesOnly": "yes", "IdentityAgent": "none", "BatchMode": "yes",
                 "UserKnownHostsFile": self.known, "GlobalKnownHostsFile": "/dev/null", "LogLevel": "ERROR"}  # fmt: skip
        return ["-F", "/dev/null", *(part for name, value in given.items() for part in ("-o", f"{name}={value}"))]

    def sftp(self, key: Path, user: str, *lines: str, cwd: Path | None = None, more: tuple[str, ...] = ()) -> Done:
        command = [needed("sftp", "openssh-client"), *self.options(key), *more, "-P", str(self.port), "-b", "-",
                   f"{user}@{self.address}"]  # fmt: skip
        return run(command, text="".join(f"{line}\n" for line in lines), cwd=cwd)

    def ssh(self, key: Path, user: str, *rest: str, more: tuple[str, ...] = ()) -> Done:
        command = [needed("ssh", "openssh-client"), *self.options(key), *more, "-p", str(self.port),
                   f"{user}@{self.address}", *rest]  # fmt: skip
        return run(command)

    def scp(self, key: Path, *rest: str) -> Done:
        return run([needed("scp", "openssh-client"), *self.options(key), "-P", str(self.port), *rest])

    def lftp(self, key: Path, user: str, *lines: str, cwd: Path | None = None) -> Done:
        program = " ".join(["ssh -a -x", *self.options(key)])
        script = [f"set sftp:connect-program '{program}'", "set net:max-retries 1", "set cmd:fail-exit yes",
                  f"open -u {user},none -p {self.port} sftp://{self.address}", *lines]  # fmt: skip
        return run([needed("lftp", "lftp"), "-c", "; ".join(script)], cwd=cwd)


def run(command: list[str], *, text: str = "", cwd: Path | None = None) -> Done:
    return subprocess.run(command, input=text, capture_output=True, text=True, cwd=cwd, timeout=120, check=False)


def entries(home: Home) -> list[AccessEntry]:
    journal = Journal.open(FolderStore(home.journal), LogKey.load(home.log_key))
    return [decode(AccessEntry, data) for data in journal.entries()]


def told(home: Home, event: Access) -> list[AccessEntry]:
    return [each for each in entries(home) if each.event is event]
