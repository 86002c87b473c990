"""The room's security log: made from its ``supervision.yaml``, run beside the watch in a thread of its own.

A collector that answers slowly must not keep the watch from looking; so the watch starts :func:`run` in a thread.
"""

import datetime as dt
import logging
import threading
from collections.abc import Callable
from pathlib import Path

from django.conf import settings
from django.db import DatabaseError, close_old_connections, connection

from ecluse.adapters.security_log import LogFolder, SyslogTls
from ecluse.control import supervision
from ecluse.control.exporting import Exported, Exporter
from ecluse.control.ports import Sink
from ecluse.domain.errors import EcluseError
from ecluse.store.acts.telemetry import erase_log
from ecluse.store.log_tape import LogTape
from ecluse.store.recording import SYSTEM

_EVERY = 1.0
_LOG = logging.getLogger(__name__)


class SecurityLog:
    """All targets of one room.

    Raises:
        MalformedError: ``supervision.yaml``, or a file of certificates that it names, does not parse.
    """

    def __init__(self, home: Path) -> None:
        told = supervision.read(home)
        months = told.files.months if told.files else 0

        def erased(name: str, day: dt.date) -> None:
            erase_log(SYSTEM, name, day, months)

        self.folder = LogFolder(told.files, erased) if told.files else None
        targets: tuple[Sink, ...] = tuple(SyslogTls(each) for each in told.syslog)
        self.exporter = Exporter((self.folder, *targets) if self.folder else targets, LogTape())

    def step(self) -> tuple[Exported, ...]:
        """Export what is new, and keep the files' time."""
        done = self.exporter.export()
        if self.folder:
            self.folder.tidy()
        return done


def run(
    stop: threading.Event,
    *,
    home: Path | None = None,
    is_ours: Callable[[], bool] = lambda: True,
    failing: Callable[[str], None] = lambda _target: None,
) -> None:
    """Export every second until told to stop, while ``is_ours``: of several watches, the one that holds the lease.

    What fails is said once on stderr, and again when it is another; ``failing`` is told each target every time.
    """
    log: SecurityLog | None = None
    said = ""
    while not stop.wait(_EVERY):
        close_old_connections()
        try:
            if not is_ours():
                continue
            log = log or SecurityLog(home or settings.ECLUSE_HOME)
            failed = {done.target: done.refusal.message for done in log.step() if done.refusal}
        except EcluseError as error:
            failed = {"files" if log else supervision.FILE: str(error)}
        except DatabaseError as error:
            failed = {"database": type(error).__name__}
        for target in failed:
            failing(target)
        now = "; ".join(f"{target}: {why}" for target, why in failed.items())
        if failed and now != said:
            said = now
            _LOG.warning("the security log: %s", said)
    connection.close()
