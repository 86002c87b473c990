"""``kill -9`` of whoever exports and ends of the collector, again and again: no event is lost, in the files or at the collector."""

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from syslog_servers import Authority, collector

_MAKE = """
import sys
from pathlib import Path
from ecluse.domain.permissions import Side
from ecluse.portal.__main__ import first_link, set_up
set_up()
first_link("Logiciel Labo", Side.PROCESSOR, "Dr Martin", "dr.martin@labo.example")
"""
_EXPORT = """
import os, signal, sys, threading
from ecluse.portal.__main__ import ready
ready()
from ecluse.adapters.security_log import LogFolder, SyslogTls
from ecluse.portal import security_log
from ecluse.store.log_tape import LogTape

left = int(sys.argv[1])

def counted(effect):
    def until_killed(*arguments):
        global left
        left -= 1
        if not left:
            os.kill(os.getpid(), signal.SIGKILL)
        return effect(*arguments)
    return until_killed

for kind, name in ((LogFolder, "put"), (SyslogTls, "put"), (LogTape, "taken")):
    setattr(kind, name, counted(getattr(kind, name)))
security_log.run(threading.Event())
"""
_WRITE = """
import sys
from ecluse.portal.__main__ import ready
ready()
from ecluse.domain.room import RoomEvent
from ecluse.store.recording import SYSTEM, acting
for number in range(int(sys.argv[1])):
    with acting(SYSTEM) as act:
        for part in range(20):
            act.record(RoomEvent.REMINDED, subject=f"reminder-{number}-{part}")
from ecluse.store.models import JournalLine
print(JournalLine.objects.count())
"""


def _environment(home: Path) -> dict[str, str]:
    return os.environ | {"ECLUSE_HOME": str(home), "ECLUSE_ORIGIN": "http://localhost"}


def _python(home: Path, code: str, *arguments: str) -> str:
    done = subprocess.run(
        [sys.executable, "-c", code, *arguments], env=_environment(home), capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


@contextmanager
def _exporting(home: Path, effect: int = 0) -> Iterator["subprocess.Popen[bytes]"]:
    """Export in another process, which dies before its nth effect; 0: of no effect."""
    code = [sys.executable, "-c", _EXPORT, str(effect)]
    with (home / "export.log").open("ab") as log:
        process = subprocess.Popen(code, env=_environment(home), stdout=log, stderr=log)
    try:
        yield process
    finally:
        process.kill()
        process.wait()


def _in_files(home: Path) -> list[str]:
    found = [line for path in sorted((home / "logs").glob("*.jsonl")) for line in path.read_bytes().splitlines()]
    return [json.loads(line)["metadata"]["uid"] for line in found]


def _seen(what: Callable[[], bool], seconds: float, pause: float = 0.001) -> bool:
    """Whether it came about in time; looked at again and again, so that a kill right after it comes in the middle."""
    deadline = time.monotonic() + seconds
    while not (found := what()) and time.monotonic() < deadline:
        time.sleep(pause)
    return found


def _told(where: Path) -> int:
    """Lines of a file, or of a folder's files."""
    paths = where.glob("*.jsonl") if where.is_dir() else [where]
    return sum(path.read_bytes().count(b"\n") for path in paths if path.exists())


def test_killed_at_any_instant_nothing_is_lost(tmp_path: Path) -> None:
    """Before each kind of effect; and as soon as a target has more than before, while it or the other is told the rest."""
    home, authority = tmp_path / "room", Authority(tmp_path / "authority")
    from ecluse.portal.home import prepare  # noqa: PLC0415

    prepare(home)
    _python(home, _MAKE)
    in_time = []
    with collector(tmp_path / "rsyslog", authority) as rsyslog:
        told = f"log:\n  syslog:\n    - {{name: siem, host: localhost, port: {rsyslog.port}, ca: {authority.ca}}}\n"
        (home / "supervision.yaml").write_text(told)
        (home / "supervision.yaml").chmod(0o600)
        collected = tmp_path / "rsyslog" / "received"
        count = int(_python(home, _WRITE, "30"))
        for effect in (1, 2, 3, 4, 2):
            with _exporting(home, effect) as exporter:
                assert exporter.wait(30) == -signal.SIGKILL
        for watched in (home / "logs", collected):
            count = int(_python(home, _WRITE, "30"))
            before = _told(watched)
            with _exporting(home) as exporter:
                assert _seen(lambda: _told(watched) > before, 60)  # noqa: B023  called at once
                exporter.send_signal(signal.SIGKILL)
                exporter.wait()
            in_time.append((len(set(_in_files(home))), len(set(rsyslog.uids())), count))
            rsyslog.stop(signal.SIGTERM)
            rsyslog.start()
        wanted = [f"room/{index}" for index in range(count)]
        with _exporting(home):
            assert _seen(lambda: set(wanted) <= {*rsyslog.uids()} and set(wanted) <= {*_in_files(home)}, 60, 0.2), (
                home / "export.log"
            ).read_text()[-2000:]
        assert count > 1800
        assert all(min(told) < told[-1] for told in in_time), "no kill came in time"
        assert list(dict.fromkeys(_in_files(home)))[:count] == wanted, "in their order, whatever came twice"
