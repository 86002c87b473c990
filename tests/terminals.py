"""A command in a terminal of its own, as somebody sits before one: all that it was told, each prompt answered."""

import os
import pty
import select
import subprocess
import time
from collections.abc import Mapping, Sequence
from contextlib import suppress
from pathlib import Path

_SECONDS = 120


def in_terminal(command: Sequence[str], folder: Path, env: Mapping[str, str], typed: str = "\n") -> tuple[int, str]:
    """Exit code and all that the terminal was told; ``typed`` answers each prompt, which ends in ``] ``."""
    master, slave = pty.openpty()
    shown = dict(env) | {"TERM": "xterm", "COLUMNS": "120"}
    with subprocess.Popen(command, cwd=folder, env=shown, stdin=slave, stdout=slave, stderr=slave) as running:
        os.close(slave)
        try:
            told = _told(master, typed)
            code = running.wait(30)
        except BaseException:
            running.kill()
            raise
        finally:
            os.close(master)
    return code, told


def _told(master: int, typed: str) -> str:
    seen, answered, end = b"", 0, time.monotonic() + _SECONDS
    while time.monotonic() < end:
        if not select.select([master], [], [], 1)[0]:
            continue
        part = b""
        with suppress(OSError):  # Linux's end of a terminal's other side
            part = os.read(master, 1 << 16)
        if not part:
            return seen.decode()
        seen += part
        while seen.count(b"] ") > answered:
            answered += 1
            os.write(master, typed.encode())
    raise AssertionError(seen.decode())
