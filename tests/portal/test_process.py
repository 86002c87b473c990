"""The process that listens holds no code that reads a patient's row, whatever page is asked for."""

import json
import os
import subprocess
import sys
from pathlib import Path

FORBIDDEN = ("pyarrow", "duckdb", "polars", "psycopg2", "pymysql", "pyodbc", "ecluse.migration", "ecluse.cli",
             "ecluse.adapters.sources", "ecluse.adapters.destinations", "ecluse.adapters.mailboxes")  # fmt: skip
_VISIT = """
import os, sys, json
from pathlib import Path
sys.path[:0] = ["tests", "."]
import ecluse.portal.wsgi  # as the server loads it
served = set(sys.modules)
from ecluse.portal.__main__ import set_up
set_up()
from django.test.utils import setup_test_environment
setup_test_environment()
from rooms import LAB, VENDOR, Room
from ecluse.domain.permissions import Role
from tests.portal.endpoints import endpoints
room = Room.furnished()
known = {"organisation": LAB, "person": room.people[LAB, Role.DPO].handle}
before, seen = set(sys.modules), 0
for who in ((LAB, Role.DIRECTOR), (VENDOR, Role.ADMINISTRATOR), (LAB, Role.SECURITY_OFFICER)):
    client = room.client(*who)
    for each in endpoints():
        if each.mark:
            address = each.address({name: known.get(name, 1) for name in each.parameters})
            seen += client.get(address).status_code < 500
            seen += client.post(address).status_code < 500
seen += client.get("/api/v1/openapi.json").status_code == 200
print(json.dumps({"modules": sorted(served | (set(sys.modules) - before)), "seen": seen}))
"""


def test_no_page_brings_in_code_that_reads_rows(tmp_path: Path) -> None:
    from ecluse.portal.home import prepare  # noqa: PLC0415 - of this process, which is another

    prepare(tmp_path / "room")
    given = os.environ | {
        "ECLUSE_HOME": str(tmp_path / "room"),
        "ECLUSE_ORIGIN": "http://localhost",
        "DJANGO_SETTINGS_MODULE": "ecluse.portal.settings",
    }
    done = subprocess.run([sys.executable, "-c", _VISIT], capture_output=True, text=True, env=given, check=False)
    assert done.returncode == 0, done.stderr[-2000:]
    told = json.loads(done.stdout.splitlines()[-1])
    assert told["seen"] > 300
    held = [name for name in told["modules"] if name.startswith(FORBIDDEN)]
    assert not held
