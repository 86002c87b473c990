"""The room's security log: made from its ``supervision.yaml``, run beside the watch in a thread of its own.

A collector that answers slowly must not keep the watch from looking; so the watch starts :func:`run` in a thread.
"""

import datetime as dt
import logging
import threading
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


def run(stop: threading.Event, home: Path | None = None) -> None:
    """Export every second until told to stop; a failure is said once, and again when it is another."""
    log, said = SecurityLog(home or settings.ECLUSE_HOME), ""
    while not stop.is_set():
        close_old_connections()
        try:
            failures = [f"{done.target}: {done.refusal}" for done in log.step() if done.refusal]
        except (EcluseError, DatabaseError) as error:
            failures = [f"{type(error).__name__}: {error}" if isinstance(error, EcluseError) else type(error).__name__]
        if failures and (now := "; ".join(failures)) != said:
            said = now
            _LOG.warning("the security log: %s", said)
        stop.wait(_EVERY)
    connection.close()
