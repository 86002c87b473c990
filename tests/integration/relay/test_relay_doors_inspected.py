"""Our own relay's two doors as the inspector sees them, scanners and all: no finding."""

import datetime as dt
import os
from dataclasses import replace
from pathlib import Path

import pytest

from ecluse.inspector.findings import FOLDER, SERVER, Finding
from ecluse.inspector.login import Login
from ecluse.inspector.looking import Asked, inspect
from ecluse.inspector.target import target_of
from ecluse.relay.certificates import own_certificate
from relay_process import Running
from relays import Sent

ROOT = Path(__file__).parents[3]


@pytest.fixture(autouse=True)
def scanners_on_path(monkeypatch: pytest.MonkeyPatch) -> None:
    place = ROOT / "build" / "scanners" / "bin"
    assert (place / "sslyze").exists(), "this test needs sslyze: scripts/scanners"
    monkeypatch.setenv("PATH", f"{place}:{os.environ['PATH']}")


def seen(target: str, ca: Path | None = None) -> list[Finding]:
    limits = replace(SERVER, per_second=50.0)
    asked = Asked([(target_of(target), Login())], (), limits, FOLDER, ca=str(ca) if ca else None)
    found = inspect(asked, dt.datetime.now(dt.UTC), lambda _text: None)
    assert [each.rule for each in found if each.rule == "seen-from-inside-only"], "it was looked at"
    return [each for each in found if each.rule != "seen-from-inside-only"]


def test_both_doors(fresh: Sent) -> None:
    ca = own_certificate(fresh.home, fresh.desk().settings)[0]
    with Running(fresh.home) as relay:
        assert relay.process.stdout
        https = int(relay.process.stdout.readline().split()[1])
        assert seen(f"sftp://127.0.0.1:{relay.port}") == []
        assert seen(f"https://localhost:{https}", ca) == []
