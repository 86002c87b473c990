"""``make room``: its links open, each to one person who enrols a passkey; the demo's migration is there, to its end."""

import os
import re
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

from agents_at_work import free_port
from browser import virtual_authenticator
from migrating import ROOT, Desk
from walking import Room, walkers

_PERSON = re.compile(r"^(?P<name>[^<\n]+) <(?P<email>[^>]+)>, [^\n]+\n[^\n]+\n\s+(?P<link>http\S+)", re.MULTILINE)
_EVERYBODY = 8


@contextmanager
def opened_room(root: Path) -> Iterator[tuple[Room, dict[str, tuple[str, str]]]]:
    """The demo's room over a small desk; address and link by name."""
    desk, port = Desk.made(root / "desk", patients=20), free_port()
    command = (sys.executable, "-m", "demo.room", str(root / "room"), "--demo", str(desk.root), "--port", str(port))
    # A group of its own: stopped as a terminal's Ctrl-C stops it.
    with subprocess.Popen(
        command, cwd=ROOT, env=desk.environment(PYTHONPATH=f"{ROOT / 'src'}:{ROOT}"), stdout=subprocess.PIPE, text=True,
        start_new_session=True,
    ) as process:  # fmt: skip
        try:
            assert process.stdout is not None
            said = ""
            for line in process.stdout:
                said += line
                if len(found := {m["name"]: (m["email"], m["link"]) for m in _PERSON.finditer(said)}) == _EVERYBODY:
                    break
            assert len(found) == _EVERYBODY, said
            yield Room(f"http://localhost:{port}", root / "room" / "home", ""), found
        finally:
            os.killpg(process.pid, signal.SIGINT)
    assert process.returncode == 0


def test_each_link_opens_the_room_to_one_person(tmp_path: Path) -> None:
    with opened_room(tmp_path) as (room, people), walkers(room) as everybody, ExitStack() as held:
        auditor = everybody.join(people["Hugo Blanc"][1], "Hugo Blanc", people["Hugo Blanc"][0])
        auditor.go("migrations/").press("BIO-2026-0042")
        assert "aucun écart" in auditor.text
        director = everybody.stranger()
        held.enter_context(virtual_authenticator(director.page))
        director.go(people["Claire Martin"][1]).look()
        director.press("Recommencer")
        director.press("Créer une clé d'accès").press("Créer la clé d'accès")
        assert "BIO-2026-0043" in director.go("orders/").text
        engineer = everybody.join(people["Noé Garnier"][1], "Noé Garnier", people["Noé Garnier"][0])
        assert "agent-source" in engineer.go("agents/").text
        assert everybody.stranger().go(people["Noé Garnier"][1]).page.locator("main form").count() == 0
