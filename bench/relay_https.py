"""``python -m bench.relay_https``: the relay's HTTPS door beside its SFTP door, one file, one process, in turns.

curl and OpenSSH's sftp send and fetch the same sealed file over loopback; medians. Then many curls send at once, and
the relay's largest memory is told. What came is hashed and made durable before either client hears that it has come.
"""

import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

from bench import relay as base
from ecluse.relay.accounts import secret_digest
from ecluse.relay.desk import Desk
from ecluse.relay.log import Log

_TOKENS = {agent: f"bench-token-{agent}-0123456789" for agent in ("agent-source", "agent-destination")}
_SOURCE, _DESTINATION = _TOKENS
_CIPHER = "aes256-gcm@openssh.com"
_BOX = base._BOX  # noqa: SLF001 - the same bench
_MIB = 1024 * 1024


@contextmanager
def serving(where: base.Place) -> Iterator[tuple[int, int, int]]:
    """A relay process; yields its ports, SFTP and HTTPS, and its process id."""
    desk = Desk(where.home, Log(where.home))
    for agent, token in _TOKENS.items():
        account = desk.accounts.get(agent)
        assert account is not None  # noqa: S101 - ``place`` made it
        desk.accounts.add(replace(account, tokens=(secret_digest(token),)), desk.log, "ing.banc")
    sftp, https = base.free_port(), base.free_port()
    told = {"home": str(where.home.root), "sftp": f"127.0.0.1:{sftp}", "https": f"127.0.0.1:{https}"}
    command = [sys.executable, "-P", "-m", "ecluse.relay", json.dumps(told)]
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL)
    try:
        base.wait_for(https)
        base.wait_for(sftp)
        yield sftp, https, process.pid
    finally:
        process.terminate()
        process.wait(30)


def curl(where: base.Place, port: int, agent: str, *args: str) -> list[str]:
    """A command of the stock client."""
    trusted, bearer = where.home.root / "keys" / "https.crt", f"Authorization: Bearer {_TOKENS[agent]}"
    url = f"https://localhost:{port}{args[-1]}"
    return ["curl", "-sS", "--fail", "--cacert", str(trusted), "-H", bearer, *args[:-1], url]


def throughput(where: base.Place, mebibytes: int, times: int) -> dict[str, float]:
    """MiB/s of either door and direction, and how many times as long HTTPS takes."""
    file, back = where.sealed(mebibytes, "big"), where.root / "back"
    out, waiting = f"/{_BOX}/out/{file.name}", f"/{_BOX}/in/{file.name}"
    runs: dict[str, list[float]] = {}
    with serving(where) as (sftp, https, _):

        def note(name: str, seconds: float) -> None:
            runs.setdefault(name, []).append(seconds)

        def ran(command: list[str]) -> float:
            began = time.monotonic()
            subprocess.run(command, check=True, stdout=subprocess.DEVNULL)
            return time.monotonic() - began

        for _ in range(times):
            where.forget()
            os.sync()
            note("SFTP up", base.sftp(where, sftp, (_SOURCE, _SOURCE), _CIPHER, f"put {file} {out}"))
            where.forget()
            os.sync()
            note("HTTPS up", ran(curl(where, https, _SOURCE, "-T", str(file), out)))
            (where.home.boxes / _BOX / "complete").touch()
            os.sync()
            login = (_DESTINATION, _DESTINATION)
            note("SFTP down", base.sftp(where, sftp, login, _CIPHER, f"get {waiting} {back}"))
            back.unlink()
            os.sync()
            note("HTTPS down", ran(curl(where, https, _DESTINATION, "-o", str(back), waiting)))
            back.unlink()
    found = {name: mebibytes / statistics.median(each) for name, each in runs.items()}
    for way in ("up", "down"):
        found[f"{way} ratio"] = found[f"SFTP {way}"] / found[f"HTTPS {way}"]
    return found


def crowd(where: base.Place, sessions: int, mebibytes: int) -> dict[str, float]:
    """The relay's largest memory with many clients that send at once, each slowly enough to meet the others."""
    files = [where.sealed(mebibytes, f"crowd{number}") for number in range(sessions)]
    with serving(where) as (_, port, pid):
        before = base._peak(pid)  # noqa: SLF001
        began = time.monotonic()
        slow = str(mebibytes * _MIB // 10)
        sending = [
            subprocess.Popen(
                curl(where, port, _SOURCE, "--limit-rate", slow, "-T", str(file), f"/{_BOX}/out/{file.name}"),
                stdout=subprocess.DEVNULL,
            )
            for file in files
        ]
        failed = sum(each.wait() != 0 for each in sending)
        return {"sessions": sessions, "MiB each": mebibytes, "failed": failed, "seconds": time.monotonic() - began,
                "memory before, MiB": before, "largest memory, MiB": base._peak(pid)}  # noqa: SLF001 # fmt: skip


def main() -> int:
    """Measure, print; ``--small`` for a quick look."""
    small = "--small" in sys.argv[1:]
    with tempfile.TemporaryDirectory(prefix="bench-relay-") as folder:
        where = base.place(Path(folder))
        found = {"HTTPS": throughput(where, 128 if small else 512, 1 if small else 3),
                 "crowd": crowd(where, 40 if small else 200, 4)}  # fmt: skip
    sys.stdout.write(json.dumps(found, indent=2) + "\n")
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
