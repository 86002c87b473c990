"""Warnings for tests: keys for those who handle them, and a warning as a reporter hands it in."""

import datetime as dt
from typing import Any

import pytest

from ecluse.domain.permissions import Role
from ecluse.seal.letters import Letter, unpack
from ecluse.seal.sealing import Identity, open_sealed
from ecluse.store.account_events import ANONYMOUS
from ecluse.store.acts import warnings as acts
from ecluse.store.models import Person, ReportedWarning
from ecluse.store.reads import warnings as reads
from rooms import LAB, OTHER_LAB, VENDOR, Room

CANARY = "le répertoire public du serveur est ouvert à tous"
HANDLERS = (
    (VENDOR, Role.SECURITY_OFFICER),
    (VENDOR, Role.DIRECTOR),
    (LAB, Role.DPO),
    (LAB, Role.DIRECTOR),
    (OTHER_LAB, Role.DIRECTOR),
)


def keyed(room: Room, *who: tuple[str, Role]) -> dict[tuple[str, Role], Identity]:
    """Everybody who handles warnings, or those named, gives a key; the identities stay here."""
    made = {}
    for each in who or HANDLERS:
        made[each] = Identity.generate()
        acts.set_key(room.people[each].handle, room.people[each], made[each].recipient)
    return made


def warned(text: str = CANARY, **rest: Any) -> tuple[ReportedWarning, str]:
    """A warning about the laboratory LAB; it and its secret."""
    given = acts.Given(text, **({"organisation": LAB} | rest))
    done = acts.receive(ANONYMOUS, given)
    return reads.warning_of(done.receipt), done.secret


def opened(sealed: bytes, identity: Identity) -> Letter:
    return unpack(open_sealed(sealed, identity))


def at(monkeypatch: pytest.MonkeyPatch, now: dt.datetime) -> None:
    """Let the room believe that it is then."""
    monkeypatch.setattr("django.utils.timezone.now", lambda: now)


def person(room: Room, organisation: str, role: Role) -> Person:
    return room.people[organisation, role]
