"""``kill -9`` of whoever exports and ends of the collector, again and again: no event is lost, in the files or at the collector."""

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from syslog_servers import Authority, Collector, collector

_MAKE = """
import sys
from pathlib import Path
from ecluse.domain.permissions import Side
from ecluse.portal.__main__ import first_link, set_up
set_up()
first_link("Logiciel Labo", Side.PROCESSOR, "Dr Martin", "dr.martin@labo.example")
"""
_EXPORT = """
import threading
from ecluse.portal.__main__ import ready
ready()
from ecluse.portal import security_log
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
def _exporting(home: Path) -> Iterator["subprocess.Popen[bytes]"]:
    with (home / "export.log").open("ab") as log:
        process = subprocess.Popen([sys.executable, "-c", _EXPORT], env=_environment(home), stdout=log, stderr=log)
    try:
        yield process
    finally:
        process.kill()
        process.wait()


def _in_files(home: Path) -> list[str]:
    found = [line for path in sorted((home / "logs").glob("*.jsonl")) for line in path.read_bytes().splitlines()]
    return [json.loads(line)["metadata"]["uid"] for line in found]


def _wait(rsyslog: Collector, home: Path, wanted: set[str], seconds: float) -> bool:
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        if wanted <= set(rsyslog.uids()) and wanted <= set(_in_files(home)):
            return True
        time.sleep(0.2)
    return False


def test_killed_at_any_instant_nothing_is_lost(tmp_path: Path) -> None:
    home, authority = tmp_path / "room", Authority(tmp_path / "authority")
    from ecluse.portal.home import prepare  # noqa: PLC0415

    prepare(home)
    _python(home, _MAKE)
    with collector(tmp_path / "rsyslog", authority) as rsyslog:
        told = f"log:\n  syslog:\n    - {{name: siem, host: localhost, port: {rsyslog.port}, ca: {authority.ca}}}\n"
        (home / "supervision.yaml").write_text(told)
        (home / "supervision.yaml").chmod(0o600)
        count = 0
        for round_, seconds in enumerate((1.7, 2.1, 2.6)):
            with _exporting(home) as exporter:
                count = int(_python(home, _WRITE, "12"))
                time.sleep(max(0.0, seconds - 1.5))
                if round_ % 2:
                    rsyslog.stop(signal.SIGTERM)
                exporter.send_signal(signal.SIGKILL)
                exporter.wait()
            if round_ % 2:
                rsyslog.start()
        wanted = {f"room/{index}" for index in range(count)}
        with _exporting(home):
            assert _wait(rsyslog, home, wanted, 60), (home / "export.log").read_text()[-2000:]
        assert count > 700
        assert all(json.loads(line) for path in (home / "logs").iterdir() for line in path.read_bytes().splitlines())
