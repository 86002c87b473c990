"""``ecluse room verify``: the command, on a room that was opened and on one that somebody changed."""

import json
import os
import sqlite3
import subprocess
import sys
from pathlib import Path


def run(*command: str, home: Path) -> subprocess.CompletedProcess[str]:
    environment = {k: v for k, v in os.environ.items() if not k.startswith(("ECLUSE_", "DJANGO_"))}
    return subprocess.run(
        [sys.executable, *command, "--home", str(home)], capture_output=True, text=True, env=environment, check=False
    )


_OPEN = """
import os, sys
from pathlib import Path
from ecluse.portal.home import prepare
home = Path(sys.argv[2])
prepare(home)
os.environ |= {"ECLUSE_HOME": str(home), "ECLUSE_ORIGIN": "http://localhost"}
from ecluse.portal.__main__ import first_link, set_up
set_up()
from ecluse.domain.permissions import Side
first_link("Labo", Side.CONTROLLER, "Dr Martin", "martin@labo.example")
"""


def test_a_changed_line_is_found_and_nothing_is_written(tmp_path: Path) -> None:
    home = tmp_path / "room"
    assert run("-m", "ecluse", "room", "verify", home=home).returncode == 2
    made = run("-c", _OPEN, home=home)
    assert made.returncode == 0, made.stderr
    database = next(home.glob("*.sqlite*"))
    before = database.read_bytes()
    sound = run("-m", "ecluse", "room", "verify", home=home)
    assert sound.returncode == 0, sound.stderr
    assert database.read_bytes() == before
    with sqlite3.connect(database) as changed:
        changed.execute("UPDATE store_journalline SET actor = 'somebody' WHERE \"index\" = 1")
    changed.close()
    found = run("-m", "ecluse", "room", "verify", "--json", home=home)
    assert found.returncode == 17
    assert "actor" in found.stdout + found.stderr
    assert json.loads(found.stdout)["problems"]
