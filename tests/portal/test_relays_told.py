"""What a relay reports, and what a lying one is refused: set back, rewritten, another key, another's place."""

import datetime as dt
import itertools
import json
import shutil
from pathlib import Path
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone

from ecluse.domain.access import Access
from ecluse.domain.permissions import Role
from ecluse.relay.home import Home, init
from ecluse.relay.log import Log
from ecluse.seal.signing import new_signing_key, public_key
from ecluse.store.acts import agents
from ecluse.store.models import JournalLine, Organisation, RelayEntry, RelayJournal
from ecluse.store.reads import observed, ticking
from ecluse.store.reads.work import tasks_of
from ecluse.store.recording import SYSTEM
from rooms import VENDOR, Room

NUMBER = itertools.count()


class Relay:
    """One relay's journal, and its agent in the room."""

    def __init__(self, room: Room, root: Path, place: str = "relay", name: str = "relais") -> None:
        self.home, self.name = init(root / name, {"name": name}), name
        self.log = Log(self.home)
        vendor = Organisation.objects.get(slug=VENDOR)
        code = agents.invite(SYSTEM, vendor, place, name, owner=room.people[VENDOR, Role.ENGINEER])
        new_signing_key(root / f"{name}.key", name)
        self.agent, self.token = agents.enrol(SYSTEM, code, public_key(root / f"{name}.key"), "0")

    def happens(self, times: int = 1) -> None:
        for _ in range(times):
            self.log.append(Access.ENTERED, "agent-source", origin="192.0.2.7", subject=str(next(NUMBER)))

    def call(self, method: str, path: str, body: Any = None) -> Any:
        client = Client(headers={"host": "localhost", "authorization": f"Bearer {self.token}"})
        data = None if body is None else json.dumps(body)
        return client.generic(method, f"/api/v1/agent/{path}", data or "", content_type="application/json")

    def tell(self, start: int = 0, journal: Log | None = None, **changes: Any) -> Any:
        entries, head, _ = (journal or self.log).read(start)
        body = {"log": self.log.vkey, "start": start, "entries": [each.decode() for each in entries]}
        return self.call("POST", "relay/journal", body | {"checkpoint": head.decode()} | changes)


@pytest.fixture
def relay(room: Room, tmp_path: Path) -> Relay:
    made = Relay(room, tmp_path)
    made.happens(3)
    return made


def refused() -> list[str]:
    return [line.detail["kind"] for line in JournalLine.objects.filter(event="report.refused").order_by("index")]


def test_entries_are_kept_once_whoever_of_two_relays_tells_them(relay: Relay) -> None:
    assert relay.call("GET", "relay").json()["size"] == 0
    assert relay.tell().json()["size"] == 3
    other = Log(relay.home)
    relay.happens(2)
    assert relay.tell(3).json()["size"] == 5
    late = other.read(0)[0][:4]
    head = {"entries": [each.decode() for each in late], "checkpoint": relay.log.read(0)[1].decode()}
    assert relay.tell(0, **head).json()["size"] == 5  # another relay of the folder, a moment later
    assert relay.tell(5).json()["size"] == 5
    assert RelayEntry.objects.count() == 5
    assert refused() == []
    assert relay.call("GET", "relay").json() == {"size": 5, "watch_age_s": None}


def test_the_watch_sees_each_entry_once(relay: Relay) -> None:
    relay.tell()
    source = observed.RelayEntries()
    seen = source.since(None)
    assert [(each.place, each.event, each.origin, each.concerns) for each in seen.events] == [
        ("relay/relais", "access.entered", "192.0.2.7", (VENDOR,))
    ] * 3
    assert source.since(seen.cursor).events == ()
    relay.happens()
    relay.tell(3)
    assert len(source.since(seen.cursor).events) == 1
    assert len(list(source.last(seen.cursor, timezone.now() - dt.timedelta(hours=1)))) == 3


def test_a_journal_set_back_rewritten_or_cut_is_refused_and_told(relay: Relay, tmp_path: Path) -> None:
    shutil.copytree(relay.home.root, tmp_path / "old")
    relay.happens(2)
    assert relay.tell().status_code == 200
    back = Log(Home(tmp_path / "old"))
    assert relay.tell(3, back).status_code == 422  # no entries: it claims to end there
    assert refused() == ["set_back"]
    for _ in range(3):
        back.append(Access.ENTERED, "agent-source", subject="other")
    assert relay.tell(3, back).status_code == 422
    relay.happens(2)
    entries = [each.decode() for each in relay.log.read(5)[0]]
    for wrong in ([], entries[:1], entries[::-1], [entries[0], entries[1].replace("192.0.2.7", "192.0.2.8")]):
        assert relay.tell(5, entries=wrong).status_code == 422
    assert relay.tell(6).status_code == 422
    assert RelayEntry.objects.count() == 5
    assert relay.tell(5).status_code == 200


def test_another_key_another_name_and_another_place_are_refused(room: Room, relay: Relay, tmp_path: Path) -> None:
    assert relay.tell().status_code == 200
    twin = Log(init(tmp_path / "twin", {"name": "relais"}))
    twin.append(Access.ENTERED, "x", subject="x")
    stranger = Log(init(tmp_path / "stranger", {"name": "stranger"}))
    stranger.append(Access.ENTERED, "x", subject="x")
    for log in (twin, stranger):
        assert relay.tell(0, log, log=log.vkey).status_code == 422
    assert refused()[0] == "key"
    agent = Relay(room, tmp_path, place="source", name="agent-a")
    agent.happens()
    assert agent.tell().status_code == 404
    assert agent.call("GET", "relay").status_code == 404
    assert RelayJournal.objects.count() == 1
    agents.revoke(SYSTEM, relay.agent)
    assert relay.tell().status_code == 401


def test_a_relay_is_no_agent_of_a_migration(relay: Relay) -> None:
    assert tasks_of(relay.agent) == []
    assert relay.call("GET", "work").json() == {"tasks": [], "estimates": []}


def test_a_relay_that_does_not_call_is_told(relay: Relay) -> None:
    later = timezone.now() + dt.timedelta(minutes=16)
    told = [each for each in ticking.ticks(later) if each.event == "clock.agent_silent"]
    assert [(each.subject, each.detail["place"]) for each in told] == [(relay.name, "relay")]
    assert not [each for each in ticking.ticks(timezone.now()) if each.event == "clock.agent_silent"]
