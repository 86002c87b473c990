"""``python -m ecluse.portal.watch``: the process that watches. ``ecluse serve`` starts it; ``ecluse watch`` is it."""

import os
import secrets
import signal
import socket
import threading
from types import FrameType

from ecluse.portal.__main__ import ready
from ecluse.portal.watch import PARENT

_PAUSE = 1.0


def main() -> int:
    """Watch until told to stop, or until whoever started it is gone."""
    ready()
    from pathlib import Path  # noqa: PLC0415 - models are ready only now

    from django.conf import settings  # noqa: PLC0415
    from django.db import close_old_connections  # noqa: PLC0415
    from django.utils import timezone  # noqa: PLC0415

    from ecluse.portal import security_log  # noqa: PLC0415
    from ecluse.portal.watch import incidents, warned  # noqa: F401, PLC0415 - they add what they find by the clock
    from ecluse.portal.watch.outbox import Outbox  # noqa: PLC0415
    from ecluse.portal.watch.rounds import Watcher  # noqa: PLC0415
    from ecluse.store import watching  # noqa: PLC0415

    stop = threading.Event()

    def told(_number: int, _frame: FrameType | None) -> None:
        stop.set()

    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, told)
    parent = int(os.environ.get(PARENT, "0"))
    watcher = Watcher(Path(settings.ECLUSE_HOME), f"{socket.gethostname()[:60]}/{os.getpid()}/{secrets.token_hex(4)}")
    rules = {rule.name: rule for rule in watcher.rules}
    outbox = Outbox(watcher.holder, rules, lambda name, concerns: watcher.failing.put((name, concerns)))
    telling = threading.Thread(target=outbox.run, args=(stop,), daemon=True)
    telling.start()
    logging = threading.Thread(
        target=security_log.run,
        args=(stop,),
        kwargs={
            "is_ours": lambda: watching.holds(watcher.holder, timezone.now()),
            "failing": lambda target: watcher.failing.put((target, ())),
        },
        daemon=True,
    )
    logging.start()
    # A part that died would be missed by nobody while the rest goes on beating: the whole ends, and is started again.
    while not stop.is_set() and telling.is_alive() and logging.is_alive() and (not parent or os.getppid() == parent):
        close_old_connections()
        if not watcher.one_round():
            stop.wait(_PAUSE)
    lost = not stop.is_set() and not (telling.is_alive() and logging.is_alive())
    stop.set()
    telling.join(timeout=15)
    logging.join(timeout=15)
    watcher.close()
    return 1 if lost else 0


if __name__ == "__main__":
    raise SystemExit(main())
