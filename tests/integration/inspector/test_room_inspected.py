"""The control room as the inspector sees it over HTTPS, sslyze and all: no finding."""

import datetime as dt
import os
import sys
from dataclasses import replace
from pathlib import Path

import pytest

import inspected_servers as planted
from ecluse.inspector.findings import FOLDER, SERVER
from ecluse.inspector.login import Login
from ecluse.inspector.looking import Asked, inspect
from ecluse.inspector.target import target_of


def test_our_own_room_has_nothing_to_tell(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    scanners = planted.ROOT / "build" / "scanners" / "bin"
    assert (scanners / "sslyze").exists(), "this test needs sslyze: scripts/scanners"
    monkeypatch.setenv("PATH", f"{scanners}:{os.environ['PATH']}")
    port, ca, home = planted.free_port(), planted.certificate(tmp_path), tmp_path / "room"
    command = [sys.executable, "-m", "ecluse", "serve", "--home", str(home), "--origin", f"https://localhost:{port}",
               "--listen", f"127.0.0.1:{port}", "--certificate", str(ca), "--key", str(tmp_path / "key.pem"),
               "--organisation", "Labo", "--administrator", "Anna Petit", "--email", "anna@labo.example",
               "--security-contact", "mailto:security@labo.example", "--watch-elsewhere"]  # fmt: skip
    with planted.running(command, port, tmp_path):
        targets = [(target_of(each), Login()) for each in (f"https://localhost:{port}", str(home))]
        asked = Asked(targets, (), replace(SERVER, per_second=50.0), FOLDER, ca=str(ca))
        found = inspect(asked, dt.datetime.now(dt.UTC), lambda _text: None)
    assert [each.rule for each in found] == ["seen-from-inside-only"], found
    assert (home / "room.sqlite3").stat().st_size > 0
