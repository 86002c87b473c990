"""What the room refuses is journalled once, then counted, and seen by the watch's rules."""

import pytest
from django.core.cache import cache
from django.test import Client

from ecluse.control.watch import Engine, load_rules
from ecluse.domain.entry import Event
from ecluse.domain.errors import MalformedError, RefusedError, SignatureError, TamperError
from ecluse.domain.permissions import MAY, Action, Role
from ecluse.domain.room import RoomEvent
from ecluse.store import refusals
from ecluse.store.acts import agents, reports, tokens
from ecluse.store.models import Agent, ApiToken, JournalLine, Organisation, Person
from ecluse.store.reads.observed import RoomLines
from ecluse.workspace.place import Place
from room_migrations import begun, keys
from rooms import LAB, VENDOR, Room


def told(event: RoomEvent = RoomEvent.ACCESS_REFUSED) -> list[JournalLine]:
    return list(JournalLine.objects.filter(event=event).order_by("index"))


def call(path: str, bearer: str | None, origin: str = "192.0.2.7") -> int:
    headers = {"host": "localhost"} | ({"authorization": f"Bearer {bearer}"} if bearer else {})
    return int(Client(headers=headers, REMOTE_ADDR=origin).get(f"/api/v1/{path}").status_code)


def found() -> list[str]:
    engine = Engine(load_rules().rules)
    return [each.name for event in RoomLines().since(None).events for each in engine.feed(event)]


def test_nobody_s_calls_are_told_once_and_counted(room: Room, monkeypatch: pytest.MonkeyPatch) -> None:
    assert [call("me", None) for _ in range(5)] == [401] * 5
    assert call("me", "ecp_nothing") == 401
    assert call("agent/work", "eca_nothing", "198.51.100.1") == 401
    lines = told()
    assert [(line.detail["reason"], line.detail["times"], line.detail["origin"]) for line in lines] == [
        ("anonymous", 1, "192.0.2.7"), ("bearer", 1, "192.0.2.7"), ("bearer", 1, "198.51.100.1"),
    ]  # fmt: skip
    assert {line.actor for line in lines} == {"anonymous"}
    cache.delete("refused:anonymous:anonymous::192.0.2.7")  # ten seconds later
    call("me", None)
    assert told()[-1].detail["times"] == 5


def test_a_flood_from_everywhere_does_not_fill_the_journal(room: Room) -> None:
    for n in range(refusals.MOST_A_MINUTE + 40):
        call("me", None, f"198.51.{n}.1")
    assert len(told()) <= refusals.MOST_A_MINUTE


def test_what_is_revoked_and_comes_back_is_named(room: Room) -> None:
    person = room.people[VENDOR, Role.ENGINEER]
    secret = tokens.make(person.handle, person, "test", [Action.SEE_MIGRATION], 1)
    assert call("me", secret) == 200
    tokens.revoke(person.handle, ApiToken.objects.get(person=person))
    code = agents.invite(person.handle, Organisation.objects.get(slug=VENDOR), Place.SOURCE, "agent-a", owner=person)
    agent, token = agents.enrol("agent-a", code, keys().line("agent-a"), "1.0")
    assert call("agent/work", token) == 200
    agents.revoke(person.handle, agent)
    assert (call("me", secret), call("agent/work", token)) == (401, 401)
    assert [(line.detail["reason"], line.subject, line.concerns) for line in told()] == [
        ("revoked", f"token-{ApiToken.objects.get(person=person).pk}", [VENDOR]), ("revoked", "agent-a", [VENDOR]),
    ]  # fmt: skip
    assert found().count("room_revoked_seen") == 2


def test_what_a_role_does_not_allow_is_told_of_its_person(room: Room) -> None:
    person = room.people[LAB, Role.DPO]
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(refusals, "COUNT_SECONDS", 0)
        secret = tokens.make(person.handle, person, "test", [next(iter(allowed(person)))], 1)
        codes = {
            call(path, secret) for path in ("organisations", "agreements", "orders", "migrations", "agents", "journal")
        }
    assert 403 in codes
    assert {(line.actor, line.detail["reason"]) for line in told()} == {(person.handle, "role")}


def allowed(person: Person) -> list[Action]:
    held = {(grant.side, grant.role) for grant in person.grants()}
    return [action for action in Action if MAY[action] & held and action not in tokens.SIGNING]


def test_a_token_at_two_networks_is_told(room: Room) -> None:
    person = room.people[VENDOR, Role.ENGINEER]
    secret = tokens.make(person.handle, person, "test", [Action.SEE_MIGRATION], 1)
    assert [call("me", secret, origin) for origin in ("192.0.2.7", "192.0.2.250")] == [200, 200]
    assert told(RoomEvent.TOKEN_ELSEWHERE) == []
    assert [call("me", secret, origin) for origin in ("203.0.113.4", "192.0.2.7")] == [200, 200]
    (line,) = told(RoomEvent.TOKEN_ELSEWHERE)
    assert (line.actor, line.detail) == (person.handle, {"origin": "203.0.113.4"})
    assert "room_token_elsewhere" in found()


@pytest.mark.parametrize(
    ("error", "paper", "rule"),
    [
        (TamperError("the journal holds 3 entries and held 5: it was set back"), False, "room_journal_set_back"),
        (TamperError("entry 2 is not the one that was reported before: rewritten"), False, "room_journal_rewritten"),
        (SignatureError("this place's journal has another key"), False, "room_journal_foreign_key"),
        (TamperError("another parcel"), True, "room_paper_lies"),
        (MalformedError("not an entry"), False, None),
    ],
)
def test_a_report_that_is_refused_is_told(room: Room, error: RefusedError, rule: str | None, *, paper: bool) -> None:
    places = begun(room)
    agent = Agent.objects.get(handle="agent-a")
    reports.refuse(agent.handle, agent, places.row, error, paper=paper)
    (line,) = told(RoomEvent.REPORT_REFUSED)
    assert (line.actor, line.subject, line.detail["place"]) == ("agent-a", places.row.order.digest, "source")
    assert [name for name in found() if name.startswith(("room_journal", "room_paper"))] == ([rule] if rule else [])


def test_a_journal_set_back_is_known_by_what_the_room_itself_says(room: Room) -> None:
    places = begun(room)
    agent, journal = Agent.objects.get(handle="agent-a"), places.source.journal
    places.tell()
    old = reports.Report(places.source.key.vkey, 0, list(journal.entries(0)), journal.checkpoint())
    places.source.log(Event.SUSPENDED, subject="late")
    places.tell()
    with pytest.raises(TamperError) as caught:
        reports.report("agent-a", agent, places.row, old)
    reports.refuse("agent-a", agent, places.row, caught.value)
    (line,) = told(RoomEvent.REPORT_REFUSED)
    assert line.detail == {"kind": "set_back", "place": "source"}
    assert "room_journal_set_back" in found()
