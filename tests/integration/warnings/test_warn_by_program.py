"""A real ``ecluse serve``, a reporter with ``ecluse warn`` and one with a browser without script, and a stolen room."""

import base64
import json
import os
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey

from agents_at_work import free_port, serving
from browser import browser_page
from ecluse.seal.letters import Lock, open_mailbox, unpack
from ecluse.seal.sealing import Identity, open_sealed
from migrating import ROOT, Desk, Done

TEXT = "La zone publique est ouverte : zebulon-text-canary."
LINES = b"zebulon-line-canary;1\nzebulon-line-canary;2\n"
SEED = """
import json, os, sys
from pathlib import Path
from ecluse.portal.__main__ import set_up
from ecluse.portal.home import prepare
prepare(Path(os.environ["ECLUSE_HOME"]))
set_up()
from rooms import LAB, VENDOR, Room
from ecluse.domain.permissions import Role
from ecluse.store.acts import warnings
if sys.argv[1] == "furnish":
    room = Room.furnished()
    for (slug, role), key in zip(((VENDOR, Role.SECURITY_OFFICER), (LAB, Role.DIRECTOR)), sys.argv[2:]):
        warnings.set_key(room.people[slug, role].handle, room.people[slug, role], key)
elif sys.argv[1] == "answer":
    from ecluse.store.reads.warnings import warning_of
    officer = Room.known().people[VENDOR, Role.SECURITY_OFFICER]
    warnings.answer(officer.handle, warning_of(sys.argv[2]), "zebulon-answer-canary", officer)
elif sys.argv[1] == "lock":
    from ecluse.store.reads.warnings import kept_lock, warning_of
    kept = kept_lock(warning_of(sys.argv[2]))
    print(json.dumps([kept.salt.hex(), kept.verifier.hex(), kept.mailbox, kept.lock.hex()]))
else:
    from ecluse.store.models import ReportedWarning, WarningStation
    Path(sys.argv[3]).write_bytes(ReportedWarning.objects.get(receipt=sys.argv[2]).sealed)
    print(json.dumps([list(each.told) for each in WarningStation.objects.filter(warning__receipt=sys.argv[2])]))
"""


@dataclass
class Place:
    """A room that listens; the desk of whoever calls it; the keys of the officer and of the laboratory's director."""

    url: str
    home: Path
    desk: Desk
    officer: Identity
    director: Identity

    def seed(self, *arguments: str) -> Any:
        given = os.environ | {
            "ECLUSE_HOME": str(self.home), "ECLUSE_ORIGIN": self.url, "PYTHONPATH": f"{ROOT / 'src'}:{ROOT / 'tests'}",
        }  # fmt: skip
        done = subprocess.run(
            [sys.executable, "-c", SEED, *arguments], capture_output=True, env=given, cwd=ROOT, check=False
        )
        assert done.returncode == 0, done.stderr.decode()
        return json.loads(done.stdout or "null")

    def warn(self, *arguments: str, said: str = "", code: int = 0) -> Done:
        return self.desk.spawn("warn", *arguments, input=said.encode(), code=code)


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Place]:
    root, port = tmp_path_factory.mktemp("warned"), free_port()
    desk = Desk.made(root / "desk", patients=5)
    made = Place(f"http://localhost:{port}", root / "room", desk, Identity.generate(), Identity.generate())
    made.officer.save(root / "desk" / "officer.key")
    (root / "desk" / "lines.csv").write_bytes(LINES)
    made.seed("furnish", made.officer.recipient, made.director.recipient)
    with serving(desk, made.home, port):
        yield made


def sent(place: Place, *more: str) -> dict[str, str]:
    told = place.warn("send", "--room", place.url, "--json", *more, "-", said=TEXT).json()
    assert set(told) == {"receipt", "secret", "acknowledge_by", "answer_by"}
    return dict(told)


def test_sent_answered_followed_and_read_by_program(place: Place) -> None:
    told = sent(place, "--sample", "--attach", "lines.csv", "--organisation", "trois-rivieres")
    place.seed("take", told["receipt"], str(place.desk.root / "sealed.age"))
    shown = place.warn("read", "sealed.age", "-i", "officer.key")
    assert TEXT in shown.out
    assert "01-lines.csv" in shown.out
    assert place.warn("read", "sealed.age", "-i", "officer.key", "--attachment", "1").out.encode() == LINES
    place.warn("read", "sealed.age", "-i", "officer.key", "--attachment", "2", code=2)
    place.seed("answer", told["receipt"])
    follow = ("follow", "--room", place.url, told["receipt"])
    assert "zebulon-answer-canary" in place.warn(*follow, said=told["secret"]).out
    assert "répondu" in place.warn(*follow, "--lang", "fr", said=told["secret"].lower()).out
    place.warn(*follow, said="A" * 25, code=23)
    (place.desk.root / "more.txt").write_text("Merci.")
    told_more = place.warn(*follow, "--message", "more.txt", "--json", said=told["secret"]).json()
    assert [(each["mine"], each["text"]) for each in told_more["messages"]][-1] == (True, "Merci.")
    place.warn("send", "--room", place.url, "-", said=" ", code=10)
    place.warn("send", "--room", "http://example.org", "-", said="x", code=2)
    other = Identity.generate()
    other.save(place.desk.root / "other.key")
    place.warn("read", "sealed.age", "-i", "other.key", code=17)


def test_nothing_that_the_program_did_is_left_on_the_reporters_disk(place: Place) -> None:
    before = {path for path in place.desk.root.rglob("*") if path.is_file()}
    told = sent(place)
    after = {path for path in place.desk.root.rglob("*") if path.is_file()}
    assert after == before
    assert not any(told["secret"].encode() in path.read_bytes() for path in after)


def test_a_browser_without_script_and_what_it_keeps(place: Place) -> None:
    with browser_page(lang="fr", java_script_enabled=False) as page:
        told: list[str] = []
        asked: list[str] = []
        page.on("console", lambda message: told.append(message.text))
        page.on("request", lambda request: asked.append(request.url))
        page.goto(f"{place.url}/report/")
        page.get_by_label("Votre message").fill(TEXT)
        page.get_by_label("Pièces jointes").set_input_files([place.desk.root / "lines.csv"])
        page.get_by_label("Je joins des lignes qui ont fui").check()
        page.get_by_role("button", name="L'envoyer, scellé").click()
        receipt, secret = page.locator("code.secret").all_inner_texts()
        page.goto(f"{place.url}/report/follow/?lang=en")
        page.get_by_label("Receipt number").fill(receipt)
        page.get_by_label("Secret", exact=True).fill(secret)
        page.get_by_role("button", name="See it").click()
        page.get_by_label("Your message").fill("zebulon-message-canary")
        page.get_by_role("button", name="Send it, sealed").click()
        assert "zebulon-message-canary" in page.locator("article").inner_text()
        assert page.context.cookies() == []
        assert not told, "the content policy is kept to"
        assert all(url.startswith(place.url) for url in asked)
        assert not any(secret in url or receipt in url for url in asked)
    place.seed("take", receipt, str(place.desk.root / "by-page.age"))
    letter = unpack(open_sealed((place.desk.root / "by-page.age").read_bytes(), place.officer))
    assert (letter.text, letter.attachments[0].data) == (TEXT, LINES)


def test_a_stolen_room_tells_no_word_and_no_secret(place: Place) -> None:
    told = sent(place, "--attach", "lines.csv", "--named", "zebulon-named-canary")
    place.seed("answer", told["receipt"])
    place.warn("follow", "--room", place.url, told["receipt"], said=told["secret"])  # the room opens the mailbox for it
    salt, verifier, mailbox, lock = place.seed("lock", told["receipt"])
    opened = open_mailbox(told["secret"], Lock(bytes.fromhex(salt), bytes.fromhex(verifier), mailbox, bytes.fromhex(lock)))
    assert opened is not None
    raw = _scalar(opened._secret)
    time.sleep(1)
    held = [path for path in [*place.home.rglob("*"), place.home.parent / "serve.log"] if path.is_file()]
    assert any(told["receipt"].encode() in path.read_bytes() for path in held), "the room knows that it exists"
    for path in held:
        data = path.read_bytes()
        for word in (b"canary", told["secret"].encode(), told["secret"].replace("-", "").encode(), b"AGE-SECRET-KEY"):
            assert word not in data, path
        for key in (raw, raw.hex().encode(), base64.b64encode(raw)):
            assert key not in data, path
    assert any(mailbox.encode() in path.read_bytes() for path in held), "its public half is there"


def _scalar(secret: str) -> bytes:
    """The 32 bytes of an age secret key (bech32, BIP 173)."""
    digits = ["qpzry9x8gf2tvdw0s3jn54khce6mua7l".index(letter) for letter in secret.lower().rpartition("1")[2][:-6]]
    return (sum(digit << 5 * place for place, digit in enumerate(reversed(digits))) >> 4).to_bytes(32, "big")


def test_the_bytes_that_are_looked_for_are_those_of_the_key() -> None:
    made = Identity.generate()
    public = X25519PrivateKey.from_private_bytes(_scalar(made._secret)).public_key().public_bytes_raw()
    assert _scalar(made.recipient) == public


def test_the_watch_that_serve_started_knows_the_warnings(place: Place) -> None:
    told = sent(place, "--organisation", "trois-rivieres", "--share")
    stations = place.seed("take", told["receipt"], str(place.desk.root / "x.age"))
    assert len(stations) == 2, "the officer, and the laboratory that may read at once"
