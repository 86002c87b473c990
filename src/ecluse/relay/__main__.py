"""``python -m ecluse.relay``: the process that listens. ``ecluse relay serve`` becomes this one.

It holds no code that reads a patient's row, no key that opens a parcel, and nothing that another relay of the same
folder would miss: it can be killed at any time.
"""

import asyncio
import ctypes
import json
import os
import resource
import signal
import sys
import threading
from collections.abc import Awaitable, Callable
from contextlib import AsyncExitStack, suppress
from dataclasses import replace
from pathlib import Path
from typing import Any

from ecluse.domain.access import Access
from ecluse.domain.errors import EcluseError
from ecluse.relay.certificates import fingerprint as certificate_fingerprint
from ecluse.relay.certificates import own_certificate
from ecluse.relay.desk import Desk
from ecluse.relay.erasing import Sweeper
from ecluse.relay.home import Home, host_line
from ecluse.relay.https import open_https
from ecluse.relay.log import Log
from ecluse.relay.reporting import report_for_ever, reporter
from ecluse.relay.scraping import open_metrics
from ecluse.relay.sftp import Door
from ecluse.seal.signing import fingerprint

ACTOR = "relay"
_FLUSH_S, _SWEEP_S = 1.0, 60.0
_PR_SET_DUMPABLE = 4
_MOST_FILES = 65_536


def harden() -> None:
    """No core dump, no file of ours that others may read, as many connections as the settings allow."""
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(_PR_SET_DUMPABLE, 0, 0, 0, 0)
    os.umask(0o077)
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    with suppress(ValueError, OSError):
        resource.setrlimit(resource.RLIMIT_NOFILE, (_MOST_FILES if hard < 0 else min(hard, _MOST_FILES), hard))


async def serve(desk: Desk) -> None:
    """Erase what is due, open the doors, say where, serve until SIGTERM or SIGINT.

    Raises:
        EcluseError: a door cannot be opened; or the journal cannot be written any more, and nothing is done unwatched.
    """
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for each in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(each, stop.set)
    sweeper = Sweeper(desk.home, desk.log)
    await asyncio.to_thread(sweeper.once)
    async with AsyncExitStack() as doors:
        told = await _open(desk, doors)
        await asyncio.to_thread(desk.log.append, Access.STARTED, ACTOR)
        sys.stdout.write(told)
        sys.stdout.flush()
        work = [_every(_FLUSH_S, desk.flush), _every(_SWEEP_S, sweeper.once), _reporting(desk, doors)]
        await _until(stop.wait(), *work)
    await asyncio.to_thread(desk.flush, whole=True)
    await asyncio.to_thread(desk.log.append, Access.STOPPED, ACTOR)


async def _open(desk: Desk, doors: AsyncExitStack) -> str:
    """Open them; where each is, and the fingerprint by which a client knows it."""
    sftp = await Door.open(desk)
    doors.push_async_callback(sftp.close)
    https = await open_https(desk, desk.settings)
    doors.push_async_callback(https.close)
    if desk.settings.metrics_listen:
        metrics = await open_metrics(desk, desk.settings.metrics_listen)
        doors.callback(metrics.close)
    certificate, _ = await asyncio.to_thread(own_certificate, desk.home, desk.settings)
    shown = certificate_fingerprint(certificate)
    return f"SFTP {sftp.port} {fingerprint(host_line(desk.home))}\nHTTPS {https.ports[0][1]} {shown}\n"


async def _reporting(desk: Desk, doors: AsyncExitStack) -> None:
    """Report to the control room, where the relay is enrolled at one; raises what keeps it from that."""
    made = await asyncio.to_thread(reporter, desk.home, desk.settings, desk.log)
    loop, ended = asyncio.get_running_loop(), asyncio.get_running_loop().create_future()
    stop = threading.Event()
    doors.callback(stop.set)

    def failed(error: Exception) -> None:
        loop.call_soon_threadsafe(ended.set_exception, error)

    if made is not None:
        report_for_ever(made, stop, failed)
    await ended


async def _every(seconds: float, what: Callable[[], Any]) -> None:
    while True:
        await asyncio.sleep(seconds)
        await asyncio.to_thread(what)


async def _until(first: Awaitable[Any], *others: Awaitable[Any]) -> None:
    """Until the first ends, or any of the others fails: then raise what it raised."""
    tasks = [asyncio.ensure_future(each) for each in (first, *others)]
    done, left = await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
    for task in left:
        task.cancel()
    for task in done:
        task.result()


def main() -> int:
    """Serve one relay's folder; the exit code is the error's. Arguments come from ``ecluse relay serve``."""
    harden()
    told = json.loads(sys.argv[1])
    home = Home(Path(told.pop("home")))
    try:
        desk = Desk(home, Log(home))
        desk.settings = replace(desk.settings, **{name: value for name, value in told.items() if value})
        asyncio.run(serve(desk))
    except EcluseError as error:
        sys.stderr.write(f"{error}\n")
        return error.exit_code
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
