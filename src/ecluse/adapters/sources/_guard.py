"""Keeps a throw-away server no longer than the process that asked for it; run by path, standard library only.

    python -I _guard.py FOLDER -- SERVER ARGUMENTS…      (standard input: a pipe that the asker holds open)

When the pipe closes, by ``close`` or because the asker was killed, the server is killed and FOLDER wiped. Should the
guard itself be killed, the server dies with it; FOLDER is then found and wiped by whoever starts one next.
"""

import ctypes
import os
import resource
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

_DEATH_SIGNAL = 1  # prctl's PR_SET_PDEATHSIG
_PATIENCE = 20.0


def main(arguments: Sequence[str]) -> int:
    """Run the server until standard input ends; then leave nothing of it."""
    folder, _, *command = arguments
    for each in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(each, signal.SIG_IGN)  # of the asker's terminal: the end of the pipe says what to do
    owner = Path(folder).stat()
    account: dict[str, Any] = {} if os.geteuid() else {"user": owner.st_uid, "group": owner.st_gid, "extra_groups": []}
    with (Path(folder) / "log").open("wb") as log:
        server = subprocess.Popen(
            command, stdin=subprocess.DEVNULL, stdout=log, stderr=log, cwd=folder,
            preexec_fn=_mortal,  # noqa: PLW1509  (this process has one thread)
            **account,
        )  # fmt: skip
    while os.read(sys.stdin.fileno(), 1):
        pass
    server.kill()
    server.wait()
    wipe(Path(folder))
    return 0


def wipe(folder: Path) -> None:
    """Remove a folder of memory; children of a killed server may still write to it for a moment."""
    until = time.monotonic() + _PATIENCE
    while folder.exists() and time.monotonic() < until:
        for pid in running_in(folder):
            try:
                os.kill(pid, signal.SIGKILL)
            except OSError:
                continue
        shutil.rmtree(folder, ignore_errors=True)
        time.sleep(0.01)


def running_in(folder: Path) -> list[int]:
    """Processes that stand in the folder, or were given it as an argument, but for guards."""
    found = []
    for entry in Path("/proc").iterdir():
        if not entry.name.isdigit() or int(entry.name) == os.getpid():
            continue
        try:
            within = (entry / "cwd").resolve()
        except OSError:
            continue
        if within == folder or folder in within.parents:
            found.append(int(entry.name))
    return found


def _mortal() -> None:
    ctypes.CDLL(None).prctl(_DEATH_SIGNAL, int(signal.SIGKILL))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    for each in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(each, signal.SIG_DFL)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
