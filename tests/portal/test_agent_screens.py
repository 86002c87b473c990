"""Agents and tokens in the browser: invited, shown once, revoked at once; by whom it may be done."""

import datetime as dt
import re
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from artefact_samples import key_line
from ecluse.control.messages import french
from ecluse.domain.errors import ForbiddenError, SignatureError, UnseenError, UsageError
from ecluse.domain.permissions import Action, Role
from ecluse.domain.room import RoomEvent
from ecluse.portal.forms.agents import SCOPES
from ecluse.store.acts import access, tokens
from ecluse.store.acts import agents as acts
from ecluse.store.models import Agent, ApiToken, EnrolmentCode, JournalLine, Organisation, Person
from ecluse.store.reads.agents import state_of
from ecluse.store.reads.bearers import agent_of_token, token_of_secret
from ecluse.store.recording import SYSTEM, acting
from ecluse.store.sightings import agent_seen, token_used
from ecluse.workspace.place import Place
from rooms import LAB, OTHER_LAB, PASSWORD, VENDOR, Room, trained

ENGINEER = (VENDOR, Role.ENGINEER)


def _invite(client: Client, handle: str = "agent-1", place: str = "source") -> Any:
    return client.post(reverse("invite_agent", args=[VENDOR]), {"handle": handle, "place": place})


def _code_in(page: str) -> str:
    found = re.search(r"ecluse agent enrol \S+ (\S+) -w", page)
    assert found
    return found[1]


def _agent(room: Room, handle: str = "agent-1", place: Place = Place.SOURCE) -> tuple[Agent, str]:
    owner = room.people[ENGINEER]
    code = acts.invite(owner.handle, Organisation.objects.get(slug=VENDOR), place, handle, owner=owner)
    return acts.enrol(SYSTEM, code, key_line(handle), "1.0")


def test_an_agent_is_invited_enrolled_seen_and_revoked(room: Room) -> None:
    client = room.client(*ENGINEER)
    page = _invite(client)
    assert page.status_code == 200
    code = _code_in(page.content.decode())
    agent, token = acts.enrol(SYSTEM, code, key_line("agent-1"), "1.0")
    assert agent_of_token(token) == agent
    assert code not in client.get(reverse("agents")).content.decode()
    listed = client.get(reverse("agents")).content.decode()
    assert "agent-1" in listed
    assert "SHA256:" in listed
    assert "1.0" in listed
    assert client.post(reverse("revoke_agent", args=[agent.pk])).status_code == 302
    assert agent_of_token(token) is None
    events = list(JournalLine.objects.filter(subject="agent-1").values_list("event", flat=True))
    assert events == ["agent.revoked", "agent.enrolled", "agent.invited"]


def test_neither_code_nor_token_is_kept(room: Room) -> None:
    page = _invite(room.client(*ENGINEER))
    code = _code_in(page.content.decode())
    _, token = acts.enrol(SYSTEM, code, key_line("agent-1"), "1.0")
    kept = [
        *Agent.objects.values_list("token_digest", flat=True),
        *EnrolmentCode.objects.values_list("digest", flat=True),
    ]
    assert not {code, token} & set(kept)
    assert all(re.fullmatch("[0-9a-f]{64}", each) for each in kept)


def test_a_code_works_once_and_for_an_hour(room: Room) -> None:
    owner, vendor = room.people[ENGINEER], Organisation.objects.get(slug=VENDOR)
    code = acts.invite(owner.handle, vendor, Place.SOURCE, "agent-1", owner=owner)
    acts.enrol(SYSTEM, code, key_line("agent-1"), "1.0")
    with pytest.raises(UnseenError):
        acts.enrol(SYSTEM, code, key_line("other"), "1.0")
    late = acts.invite(owner.handle, vendor, Place.SOURCE, "agent-2", owner=owner)
    made = EnrolmentCode.objects.get(agent__handle="agent-2")
    assert made.expires_at - timezone.now() <= dt.timedelta(hours=1)
    with acting(SYSTEM) as act:
        EnrolmentCode.objects.filter(pk=made.pk).update(expires_at=timezone.now() - dt.timedelta(seconds=1))
        act.record(RoomEvent.AGENT_INVITED, subject="test")
    with pytest.raises(UnseenError):
        acts.enrol(SYSTEM, late, key_line("agent-2"), "1.0")
    assert state_of(Agent.objects.get(handle="agent-2")) == "lapsed"


def test_another_code_ends_the_former(room: Room) -> None:
    client = room.client(*ENGINEER)
    first = _code_in(_invite(client).content.decode())
    agent = Agent.objects.get(handle="agent-1")
    second = _code_in(client.post(reverse("agent_code", args=[agent.pk])).content.decode())
    with pytest.raises(UnseenError):
        acts.enrol(SYSTEM, first, key_line("agent-1"), "1.0")
    acts.enrol(SYSTEM, second, key_line("agent-1"), "1.0")
    assert client.post(reverse("agent_code", args=[agent.pk])).status_code == 422


def test_a_key_has_one_agent_and_is_no_passkey(room: Room) -> None:
    _agent(room)
    owner, vendor = room.people[ENGINEER], Organisation.objects.get(slug=VENDOR)
    code = acts.invite(owner.handle, vendor, Place.DESTINATION, "agent-2", owner=owner)
    with pytest.raises(SignatureError, match="another agent has this key"):
        acts.enrol(SYSTEM, code, key_line("agent-1"), "1.0")
    with pytest.raises(SignatureError, match="no passkey"):
        acts.enrol(SYSTEM, code, f"sk-ecdsa-sha2-nistp256@openssh.com {key_line('x').split()[1]}", "1.0")


def test_an_agent_takes_no_persons_name_and_no_stranger_owns_it(room: Room) -> None:
    owner, vendor = room.people[ENGINEER], Organisation.objects.get(slug=VENDOR)
    with pytest.raises(UsageError, match="a person's name"):
        acts.invite(owner.handle, vendor, Place.SOURCE, owner.handle, owner=owner)
    with pytest.raises(ForbiddenError):
        acts.invite(owner.handle, vendor, Place.SOURCE, "agent-1", owner=room.people[LAB, Role.ENGINEER])
    _agent(room)
    assert "est déjà ici" in _invite(room.client(*ENGINEER)).content.decode()


def test_an_agent_whose_owner_has_left_is_dead(room: Room) -> None:
    _, token = _agent(room)
    owner = room.people[ENGINEER]
    with acting(SYSTEM) as act:
        Person.objects.filter(pk=owner.pk).update(is_active=False)
        act.record(RoomEvent.LEFT, subject=owner.handle)
    assert agent_of_token(token) is None


def test_another_laboratory_sees_no_agent(room: Room) -> None:
    agent, _ = _agent(room)
    for client in (room.client(OTHER_LAB, Role.ENGINEER), room.client(LAB, Role.DIRECTOR)):
        assert client.get(reverse("agent", args=[agent.pk])).status_code == 404
        assert client.post(reverse("revoke_agent", args=[agent.pk])).status_code == 404
        assert "agent-1" not in client.get(reverse("agents")).content.decode()
    assert room.client(VENDOR, Role.DPO).get(reverse("agents")).status_code == 403


def test_a_sign_of_life_writes_no_journal_and_seldom(room: Room) -> None:
    agent, _ = _agent(room)
    before = JournalLine.objects.count()
    agent_seen(agent, version="2.0", doing="order 1")
    first = Agent.objects.get(pk=agent.pk).sighting.at
    agent_seen(agent)
    assert Agent.objects.get(pk=agent.pk).sighting.at == first
    assert JournalLine.objects.count() == before


def test_tokens_are_made_for_what_a_role_allows_and_never_to_sign(room: Room) -> None:
    director = room.people[LAB, Role.DIRECTOR]
    secret = tokens.make(director.handle, director, "dashboard", [Action.SEE_ORDER], 30)
    token = token_of_secret(secret)
    assert token is not None
    token_used(token)
    for scope in (Action.APPROVE_ORDER, Action.DECIDE, Action.SUSPEND, Action.SIGN_AGREEMENT, Action.INVITE):
        with pytest.raises(ForbiddenError):
            tokens.make(director.handle, director, "x", [scope], 30)
    for name, scopes, days in (
        ("", [Action.SEE_ORDER], 30),
        ("x", [], 30),
        ("x", [Action.SEE_ORDER], 91),
        ("x", [Action.SEE_ORDER], 0),
    ):
        with pytest.raises(UsageError):
            tokens.make(director.handle, director, name, scopes, days)
    tokens.revoke(director.handle, token)
    assert token_of_secret(secret) is None


def test_tokens_on_the_screen(room: Room) -> None:
    director = room.people[LAB, Role.DIRECTOR]
    client = room.client(LAB, Role.DIRECTOR)
    assert client.get(reverse("tokens"))["Location"].startswith("/account/reauthenticate/")
    assert client.post("/account/reauthenticate/", {"password": PASSWORD, "next": "/me/tokens/"}).status_code == 302
    assert client.get(reverse("tokens")).status_code == 200
    page = client.post(reverse("tokens"), {"name": "dashboard", "scopes": ["order.see"], "days": "30"})
    secret = re.search(r"ecp_[\w-]+", page.content.decode())
    assert secret
    token = ApiToken.objects.get(person=director)
    assert token_of_secret(secret[0]) == token
    assert secret[0] not in client.get(reverse("tokens")).content.decode()
    refused = client.post(reverse("tokens"), {"name": "x", "scopes": ["order.approve"], "days": "30"})
    assert ApiToken.objects.count() == 1, refused.content.decode()
    other = room.client(OTHER_LAB, Role.DIRECTOR)
    assert other.post(reverse("revoke_token", args=[token.pk])).status_code == 404
    assert client.post(reverse("revoke_token", args=[token.pk])).status_code == 302
    assert token_of_secret(secret[0]) is None


@pytest.mark.parametrize("name", ["agents", "tokens"])
def test_pages_take_few_queries(room: Room, name: str) -> None:
    for number in range(30):
        _agent(room, f"agent-{number}")
    client = room.client(*ENGINEER)
    with CaptureQueriesContext(connection) as caught:
        client.get(reverse(name))
    assert len(caught) < 20, [each["sql"][:80] for each in caught.captured_queries]


def test_every_action_has_words_as_a_scope() -> None:
    assert set(SCOPES) == set(Action)


def test_nobody_untrained_answers_for_an_agent(room: Room) -> None:
    """R20: what was never recorded and what has expired are refused in words, on the page and for programs."""
    engineer, vendor = room.people[ENGINEER], Organisation.objects.get(slug=VENDOR)
    client = room.client(*ENGINEER)
    today = timezone.localdate()
    for held, words in ((None, "aucune formation"), (today - dt.timedelta(days=1), "a expiré le")):
        with acting(SYSTEM) as act:
            engineer.trainings.all().delete()
            if held:
                engineer.trainings.create(
                    subject="R20", done_on=held - dt.timedelta(days=365), expires_on=held, recorded_by=engineer
                )
            act.record(RoomEvent.TRAINED, VENDOR, subject=engineer.handle)
        client.cookies["django_language"] = "fr"
        shown = _invite(client)
        assert shown.status_code == 200
        assert words in shown.content.decode()
        with pytest.raises(UsageError, match="answer for it"):
            _agent(room)
    assert not Agent.objects.filter(handle="agent-1").exists()
    dpo = room.people[VENDOR, Role.DPO]
    access.record_training(
        dpo.handle, vendor, engineer, "R20", done_on=today, expires_on=today + dt.timedelta(days=1), by=dpo
    )
    assert _code_in(_invite(client).content.decode())
    assert Agent.objects.filter(handle="agent-1").exists()


@pytest.mark.parametrize("where", [Place.SOURCE, Place.DESTINATION])
def test_an_agents_owner_and_place_are_those_of_its_entry(room: Room, where: Place) -> None:
    """Who invites a name that another answers for makes no code: the training that was asked for would be theirs."""
    first, vendor = room.people[ENGINEER], Organisation.objects.get(slug=VENDOR)
    assert acts.invite(first.handle, vendor, Place.SOURCE, "agent-1", owner=first)
    other = room.people[VENDOR, Role.DPO]
    trained(vendor, other)
    with acting(SYSTEM) as act:
        first.trainings.all().delete()
        act.record(RoomEvent.TRAINED, VENDOR, subject=first.handle)
    codes = EnrolmentCode.objects.count()
    with pytest.raises(UsageError, match="invited already, for") as refused:
        acts.invite(other.handle, vendor, where, "agent-1", owner=other)
    assert "est déjà invité, pour" in (french(refused.value.message) or "")
    assert "sinon révoquez-le" in (french(refused.value.hint or "") or "")
    assert EnrolmentCode.objects.count() == codes
    lines = JournalLine.objects.filter(event=RoomEvent.AGENT_INVITED, subject="agent-1")
    assert [line.detail["owner"] for line in lines] == [first.handle]


def test_an_agent_is_not_invited_to_another_place(room: Room) -> None:
    client = room.client(*ENGINEER)
    client.cookies["django_language"] = "fr"
    assert _code_in(_invite(client).content.decode())
    assert "est déjà invité, pour" in _invite(client, place="destination").content.decode()
    assert _code_in(_invite(client).content.decode()), "another code for the same place"
    assert Agent.objects.get(handle="agent-1").place == "source"
