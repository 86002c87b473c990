"""Keeps a watch running: started again where it dies, its death journalled; a thread of the process that listens."""

import logging
import os
import subprocess
import sys
import threading
import time

from django.db import DatabaseError, connection

from ecluse.domain.errors import EcluseError
from ecluse.domain.room import RoomEvent
from ecluse.portal.watch import PARENT
from ecluse.store.recording import SYSTEM, acting

_PAUSE, _LONGEST, _LIVED = 1.0, 30.0, 60.0
_PATIENCE = 20.0
_LOG = logging.getLogger("ecluse.watch")


class Keeper:
    """One child at a time. It ends when this process does, however that ends."""

    def __init__(self) -> None:
        self._stop = threading.Event()
        self._child: subprocess.Popen[bytes] | None = None
        self._thread = threading.Thread(target=self._run, name="keeper", daemon=True)

    def start(self) -> None:
        """Begin."""
        self._thread.start()

    def stop(self) -> None:
        """End the child, and wait for it."""
        self._stop.set()
        child = self._child
        if child is not None and child.poll() is None:
            child.terminate()
            try:
                child.wait(_PATIENCE)
            except subprocess.TimeoutExpired:
                child.kill()
        self._thread.join(_PATIENCE)

    def _run(self) -> None:
        pause = _PAUSE
        while not self._stop.is_set():
            began = time.monotonic()
            self._child = subprocess.Popen(
                [sys.executable, "-P", "-m", "ecluse.portal.watch"],
                env=os.environ | {PARENT: str(os.getpid())},
                stdin=subprocess.DEVNULL,
            )
            code = self._child.wait()
            if self._stop.is_set():
                break
            _LOG.error("the watch died (%s); it is started again", code)
            self._record(code)
            pause = _PAUSE if time.monotonic() - began > _LIVED else min(2 * pause, _LONGEST)
            self._stop.wait(pause)
        connection.close()

    @staticmethod
    def _record(code: int) -> None:
        try:
            with acting(SYSTEM) as act:
                act.record(RoomEvent.WATCH_DIED, subject="watch", code=code)
        except (EcluseError, DatabaseError) as error:
            _LOG.error("the watch's death cannot be recorded: %s", type(error).__name__)
        finally:
            connection.close()
