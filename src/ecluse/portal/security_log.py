"""The room's security log: made from its ``supervision.yaml``, run beside the watch in a thread of its own.

A collector that answers slowly must not keep the watch from looking; so the watch starts :func:`run` in a thread.
"""

import datetime as dt
import logging
import threading
from collections.abc import Callable, Iterable
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
_DATABASE = "database"
_LOG = logging.getLogger(__name__)


class SecurityLog:
    """All targets of one room, as its ``supervision.yaml`` says at each step.

    Raises:
        MalformedError: ``supervision.yaml``, or a file of certificates that it names, does not parse.
    """

    def __init__(self, home: Path) -> None:
        self._home = home
        self._told: supervision.Supervision | None = None
        self._take_up(supervision.read(home))

    def step(self) -> tuple[Exported, ...]:
        """Export what is new, and keep the files' time. A file that was changed and is wrong changes nothing else."""
        wrong = self._read_again()
        done = self._exporter.export()
        if self._folder:
            self._folder.tidy()
        return (*done, Exported(supervision.FILE, 0, wrong)) if wrong else done

    def _take_up(self, told: supervision.Supervision) -> None:
        months = told.files.months if told.files else 0

        def erased(name: str, day: dt.date) -> None:
            erase_log(SYSTEM, name, day, months)

        folder = LogFolder(told.files, erased) if told.files else None
        targets: tuple[Sink, ...] = tuple(SyslogTls(each) for each in told.syslog)
        self._exporter = Exporter((folder, *targets) if folder else targets, LogTape())
        self._told, self._folder = told, folder
        self._wrong: EcluseError | None = None
        self._seen = _marks(self._files())

    def _read_again(self) -> EcluseError | None:
        """Where a file was changed; gives what is wrong with it until it is mended."""
        seen = _marks(self._files())
        if self._wrong or seen != self._seen:
            self._seen = seen
            try:
                self._take_up(supervision.read(self._home))
            except EcluseError as error:
                self._wrong = error
        return self._wrong

    def _files(self) -> list[Path]:
        syslog = self._told.syslog if self._told else ()
        named = [path for each in syslog for path in (each.ca, each.certificate, each.key) if path is not None]
        return [self._home / supervision.FILE, *named]


def _marks(paths: Iterable[Path]) -> tuple[tuple[int, ...] | None, ...]:
    """By which a file that was changed is known; None where there is none."""
    return tuple(_mark(path) for path in paths)


def _mark(path: Path) -> tuple[int, ...] | None:
    try:
        found = path.stat()
    except OSError:
        return None
    return found.st_mtime_ns, found.st_ctime_ns, found.st_size, found.st_ino


def run(
    stop: threading.Event,
    *,
    home: Path | None = None,
    is_ours: Callable[[], bool] = lambda: True,
    failing: Callable[[str], None] = lambda _target: None,
) -> None:
    """Export every second until told to stop, while ``is_ours``: of several watches, the one that holds the lease.

    What fails is said once on stderr, and again when it is another or comes back after it went well; ``failing`` is
    told each target every time.
    """
    log: SecurityLog | None = None
    said: dict[str, str] = {}
    while not stop.wait(_EVERY):
        close_old_connections()
        try:
            if not is_ours():
                continue
            log = log or SecurityLog(home or settings.ECLUSE_HOME)
            done = log.step()
            failed = {each.target: each.refusal.message for each in done if each.refusal}
            # A target that waits for its next try was not tried: it has not gone well.
            for name in {*(each.target for each in done), supervision.FILE, _DATABASE} - failed.keys():
                said.pop(name, None)
        except EcluseError as error:
            failed = {"files" if log else supervision.FILE: str(error)}
        except DatabaseError as error:
            failed = {_DATABASE: type(error).__name__}
        for target, why in failed.items():
            failing(target)
            if said.get(target) != why:
                said[target] = why
                _LOG.warning("the security log: %s: %s", target, why)
    connection.close()
