"""On PostgreSQL, whose transactions overlap: the security log misses nothing while many write; the metrics are the same."""

import json
import os
import subprocess
import sys
from pathlib import Path

from servers import PostgresqlServer

WRITE = """
import json, sys, threading
from pathlib import Path
from ecluse.portal.home import prepare
home = Path(sys.argv[1])
prepare(home)
from ecluse.portal.__main__ import first_link, set_up
from ecluse.domain.permissions import Side
set_up()
first_link("Labo", Side.CONTROLLER, "Dr Martin", "dr.martin@labo.example")
from django.db import connection
from django.utils import timezone
from prometheus_client import generate_latest
from ecluse.domain.alerts import Severity
from ecluse.domain.room import RoomEvent
from ecluse.portal.metrics import registry
from ecluse.portal.security_log import SecurityLog
from ecluse.store.acts import alerts
from ecluse.store.models import JournalLine
from ecluse.store.reads.figures import figures
from ecluse.store.recording import SYSTEM, acting
def write(who):
    for number in range(15):
        with acting(SYSTEM) as act:
            for part in range(3):
                act.record(RoomEvent.REMINDED, subject=f"{who}-{number}-{part}")
    connection.close()
threads = [threading.Thread(target=write, args=(who,)) for who in range(4)]
[each.start() for each in threads]
log = SecurityLog(home)
while any(each.is_alive() for each in threads):
    log.step()
alerts.raise_alert(SYSTEM, rule="r", severity=Severity.HIGH, group="g", concerns=["labo"], subject="s", people=[],
                   marks=["room/1"], title_en="A", title_fr="B", at=timezone.now())
log.step()
print(json.dumps({"vendor": connection.vendor, "lines": JournalLine.objects.count(),
                  "metrics": generate_latest(registry(figures(timezone.now()))).decode()}))
"""


def test_nothing_is_missed_while_many_write(postgresql: PostgresqlServer, tmp_path: Path) -> None:
    home = tmp_path / "room"
    given = {
        "ECLUSE_HOME": str(home),
        "ECLUSE_ORIGIN": "http://localhost",
        "ECLUSE_DATABASE_URL": postgresql.database().url,
    }
    done = subprocess.run(
        [sys.executable, "-c", WRITE, str(home)], env=os.environ | given, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    told = json.loads(done.stdout)
    assert told["vendor"] == "postgresql"
    lines = [line for path in (home / "logs").iterdir() for line in path.read_text().splitlines()]
    assert [json.loads(line)["metadata"]["uid"] for line in lines] == [
        f"room/{index}" for index in range(told["lines"])
    ]
    assert told["lines"] > 180
    assert 'ecluse_alerts{severity="high",state="open"} 1.0' in told["metrics"]
    assert f"ecluse_journal_entries {float(told['lines'])}" in told["metrics"]
