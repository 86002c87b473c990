"""``python -m ecluse.relay HOME``: the process that listens. ``ecluse relay serve`` becomes this one.

It holds no code that reads a patient's row, no key that opens a parcel, and nothing that another relay of the same
folder would miss: it can be killed at any time.
"""

import asyncio
import ctypes
import os
import resource
import signal
import sys
from contextlib import suppress
from pathlib import Path

from ecluse.domain.access import Access
from ecluse.domain.errors import EcluseError
from ecluse.relay.desk import Desk
from ecluse.relay.erasing import Sweeper
from ecluse.relay.home import Home
from ecluse.relay.log import Log
from ecluse.relay.sftp import Door

ACTOR = "relay"
_FLUSH_S, _SWEEP_S = 2.0, 60.0
_PR_SET_DUMPABLE = 4


def harden() -> None:
    """No core dump, no file of ours that others may read."""
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(_PR_SET_DUMPABLE, 0, 0, 0, 0)
    os.umask(0o077)
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    with suppress(ValueError, OSError):
        resource.setrlimit(resource.RLIMIT_NOFILE, (min(hard, 65536) if hard > 0 else soft, hard))


async def _flush(desk: Desk) -> None:
    """Journal counted failures. A journal that cannot be written ends the relay: it does not work unwatched."""
    while True:
        await asyncio.sleep(_FLUSH_S)
        await asyncio.to_thread(desk.failures.flush)


async def _sweep(sweeper: Sweeper) -> None:
    """Erase what is due, each minute; what cannot be erased is journalled, and a journal that fails ends the relay."""
    while True:
        await asyncio.sleep(_SWEEP_S)
        await asyncio.to_thread(sweeper.once)


async def serve(desk: Desk, *, sftp: str | None = None) -> None:
    """Open the doors, say where, serve until SIGTERM or SIGINT; raises EcluseError."""
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for told in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(told, stop.set)
    sweeper = Sweeper(desk.home, desk.log)
    await asyncio.to_thread(sweeper.once)  # before any door opens: a restored folder may hold what was erased
    door = await Door.open(desk, sftp)
    try:
        await asyncio.to_thread(desk.log.append, Access.STARTED, ACTOR, sftp=door.port)
        sys.stdout.write(f"SFTP {door.port}\n")
        sys.stdout.flush()
        minding: set[asyncio.Task[None]] = {asyncio.create_task(_flush(desk)), asyncio.create_task(_sweep(sweeper))}
        stopping = asyncio.ensure_future(stop.wait())
        done, _ = await asyncio.wait({*minding, stopping}, return_when=asyncio.FIRST_COMPLETED)
        stopping.cancel()
        for task in minding:
            task.cancel()
        for task in minding:
            if task in done:
                task.result()
    finally:
        await door.close()
    await asyncio.to_thread(desk.failures.flush)
    await asyncio.to_thread(desk.log.append, Access.STOPPED, ACTOR)


def main() -> int:
    """Serve one relay's folder; the exit code is the error's."""
    harden()
    home = Home(Path(sys.argv[1]))
    try:
        desk = Desk(home, Log(home))
        asyncio.run(serve(desk, sftp=sys.argv[2] if len(sys.argv) > 2 else None))  # noqa: PLR2004 - its second word
    except EcluseError as error:
        sys.stderr.write(f"{error}\n")
        return error.exit_code
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
