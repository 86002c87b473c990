"""Every endpoint for people's programs × every role × own and other controller × token's scopes (issue 4 item 7)."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone

from ecluse.domain.alerts import Severity
from ecluse.domain.incidents import Phase
from ecluse.domain.permissions import MAY, Action, Parties, Role, Side, may, sees
from ecluse.domain.room import RoomEvent
from ecluse.journal import VerifierKey, leaf_hash, read_checkpoint, verify_inclusion
from ecluse.portal.api.room import api
from ecluse.store.acts import agents, alerts, tokens
from ecluse.store.acts.tokens import SIGNING
from ecluse.store.models import (
    Agent,
    AgreementVersion,
    ApiToken,
    IncidentRow,
    JournalLine,
    Migration,
    OrderVersion,
    Organisation,
    Person,
)
from ecluse.store.recording import SYSTEM, acting
from ecluse.workspace.place import Place
from rooms import LAB, OTHER_LAB, VENDOR, Room


@dataclass(frozen=True)
class Endpoint:
    """One operation of people's programs: its method, its address with names, and what its guard asks for."""

    method: str
    path: str
    action: Action | None

    def __str__(self) -> str:
        return f"{self.method} {self.path}"


# What these ask for depends on their body; they are asked with one below.
BY_BODY = {"POST /agreements": Action.DRAFT_AGREEMENT, "POST /orders": Action.DRAFT_ORDER}
OWN = {"GET /me", "GET /organisations"}


def _endpoints() -> Iterator[Endpoint]:
    for prefix, router in api._routers:
        for path, view in router.path_operations.items():
            for operation in view.operations:
                if prefix.startswith(("/agent", "/report")) and path != "/agents":
                    continue  # agents and people without an account have tests of their own
                for method in operation.methods:
                    yield Endpoint(method, path, getattr(operation.view_func, "action", None))


ENDPOINTS = tuple(sorted({e for e in _endpoints() if not e.path.startswith("/enrol")}, key=str))
GUARDED = tuple(e for e in ENDPOINTS if e.action is not None)


@dataclass(frozen=True)
class Things:
    """What addresses name, of one controller and the vendor."""

    names: dict[str, Any]
    both: Parties
    agent: Parties

    def address(self, endpoint: Endpoint) -> str:
        return f"/api/v1{endpoint.path.format(**self.names)}"

    def parties(self, endpoint: Endpoint, person: Person) -> Parties:
        if "{organisation}" in endpoint.path:
            return Parties.of(self.names["organisation"])
        if "{agent}" in endpoint.path:
            return self.agent
        if "{" in endpoint.path and "{index}" not in endpoint.path:
            return self.both
        return Parties(frozenset(grant.organisation for grant in person.grants()))


def things(room: Room, lab: str) -> Things:
    """A draft agreement and order, a migration and an agent between a controller and the vendor."""
    director = room.people[lab, Role.DIRECTOR]
    engineer = room.people[VENDOR, Role.ENGINEER]
    agents.invite(engineer.handle, Organisation.objects.get(slug=VENDOR), Place.SOURCE, "agent-1", owner=engineer)
    now = timezone.now()
    with acting(SYSTEM) as act:
        agreement = AgreementVersion.objects.create(
            number="dpa-1",
            controller=Organisation.objects.get(slug=lab),
            processor=Organisation.objects.get(slug=VENDOR),
            drafted_by=director,
            digest=f"sha256:{'1' * 64}",
            in_force_at=None,
        )
        order = OrderVersion.objects.create(number="ord-1", agreement=agreement, drafted_by=director)
        migration = Migration.objects.create(order=order, state="approved", since=now)
        act.record(RoomEvent.ORDER_DRAFTED, lab, VENDOR, subject="ord-1")
    alert = alerts.raise_alert(
        "watch", rule="place_scope_violation", severity=Severity.HIGH, group=lab, concerns=(lab, VENDOR), subject="x",
        people=(), marks=("room/0",), title_en="Out of scope", title_fr="Hors périmètre", at=now,
    )  # fmt: skip
    officer = room.people[VENDOR, Role.SECURITY_OFFICER]
    with acting(SYSTEM) as act:
        incident = IncidentRow.objects.create(
            number="INC-0000-0001", matter="0", title="x", controller=agreement.controller,
            processor=agreement.processor, phase=Phase.OPENED, opened_at=now, opened_by=officer,
            opened_side=Side.PROCESSOR, found_at=now,
        )  # fmt: skip
        act.record(RoomEvent.INCIDENT_OPENED, lab, VENDOR, subject=incident.number)
    names = {
        "alert": alert.pk,
        "incident": incident.number,
        "organisation": lab,
        "agreement": agreement.pk,
        "order": order.pk,
        "migration": migration.pk,
        "agent": Agent.objects.get().pk,
        "place": "source",
        "digest": f"sha256:{'2' * 64}",
        "index": 0,
    }
    return Things(names, Parties.of(lab, VENDOR), Parties.of(VENDOR))


def client_of(person: Person, scopes: list[Action]) -> Client:
    """A program of a person's."""
    secret = tokens.make(person.handle, person, "test", scopes, 1) if scopes else "ecp_none"
    return Client(headers={"host": "localhost", "authorization": f"Bearer {secret}"})


def scopes_of(person: Person) -> list[Action]:
    """All that a token of a person may be made for."""
    held = {(grant.side, grant.role) for grant in person.grants()}
    return [action for action in Action if action not in SIGNING and MAY[action] & held]


def answer(client: Client, endpoint: Endpoint, address: str) -> Any:
    if endpoint.method == "GET":
        return client.get(address)
    return client.generic(endpoint.method, address, "{}", content_type="application/json")


def test_every_operation_is_guarded_or_about_whoever_asks() -> None:
    loose = {str(e) for e in ENDPOINTS if e.action is None} - OWN - BY_BODY.keys()
    assert not loose
    assert len(GUARDED) >= 20


def test_no_operation_takes_what_takes_a_passkey() -> None:
    assert not {e.action for e in GUARDED} & SIGNING


@pytest.mark.parametrize("endpoint", ENDPOINTS, ids=str)
def test_nobody_without_a_token(room: Room, endpoint: Endpoint) -> None:
    address = things(room, LAB).address(endpoint)
    for header in ({}, {"authorization": "Bearer x"}, {"authorization": "Bearer "}, {"authorization": "Bearer \x80"}):
        found = answer(Client(headers={"host": "localhost", **header}), endpoint, address)
        assert found.status_code == 401
        assert found["Content-Type"] == "application/problem+json"


@pytest.mark.parametrize("endpoint", GUARDED, ids=str)
@pytest.mark.parametrize("owner", [LAB, OTHER_LAB])
def test_each_role_gets_what_the_table_allows_and_nothing_else(room: Room, endpoint: Endpoint, owner: str) -> None:
    found = things(room, owner)
    address = found.address(endpoint)
    assert endpoint.action is not None
    for (organisation, role), person in room.people.items():
        client, grants = client_of(person, scopes_of(person)), person.grants()
        status = answer(client, endpoint, address).status_code
        parties = found.parties(endpoint, person)
        case = f"{endpoint} as {role} of {organisation}: {status}"
        assert status < 500, case
        if not sees(grants, parties):
            # A body that does not parse is said before anything is looked up: it tells nothing.
            assert status in {404, 422} if endpoint.method != "GET" else status == 404, case
        elif not may(grants, endpoint.action, parties):
            assert status in {403, 422} if endpoint.method != "GET" else status == 403, case
        else:
            assert status != 403, case


@pytest.mark.parametrize("endpoint", [e for e in GUARDED if e.method == "GET"], ids=str)
def test_a_token_does_only_what_it_was_made_for(room: Room, endpoint: Endpoint) -> None:
    found, asked = things(room, LAB), 0
    assert endpoint.action is not None
    for (organisation, _), person in room.people.items():
        if organisation == LAB and may(person.grants(), endpoint.action, found.parties(endpoint, person)):
            others = [scope for scope in scopes_of(person) if scope is not endpoint.action]
            if others:
                asked += 1
                assert answer(client_of(person, others), endpoint, found.address(endpoint)).status_code == 403
    assert asked


@pytest.mark.parametrize("path", sorted(BY_BODY))
def test_drafts_are_refused_to_whoever_may_not(room: Room, path: str) -> None:
    found = things(room, LAB)
    body = {
        "POST /agreements": {"number": "dpa-2", "controller": LAB, "processor": VENDOR, "text": {}},
        "POST /orders": {"number": "ord-2", "agreement": found.names["agreement"], "text": {}},
    }[path]
    for (organisation, role), person in room.people.items():
        client = client_of(person, scopes_of(person))
        status = client.post(f"/api/v1{path.split()[1]}", body, content_type="application/json").status_code
        allowed = may(person.grants(), BY_BODY[path], Parties.of(LAB, VENDOR))
        seen = sees(person.grants(), Parties.of(LAB, VENDOR))
        wanted = {200, 422} if allowed else {403} if seen else {404}
        assert status in wanted, (organisation, role, status)


def test_whoever_left_or_lost_the_role_has_a_dead_token(room: Room) -> None:
    director = room.people[LAB, Role.DIRECTOR]
    client = client_of(director, [Action.SEE_ORDER])
    assert client.get("/api/v1/orders").status_code == 200
    with acting(SYSTEM) as act:
        director.memberships.update(until=timezone.now())
        act.record(RoomEvent.WITHDRAWN, LAB, subject=director.handle)
    assert client.get("/api/v1/orders").status_code == 404
    with acting(SYSTEM) as act:
        Person.objects.filter(pk=director.pk).update(is_active=False)
        act.record(RoomEvent.LEFT, LAB, subject=director.handle)
    assert client.get("/api/v1/orders").status_code == 401


def test_an_expired_token_is_dead(room: Room) -> None:
    director = room.people[LAB, Role.DIRECTOR]
    client = client_of(director, [Action.SEE_ORDER])
    with acting(SYSTEM) as act:
        ApiToken.objects.update(expires_at=timezone.now())
        act.record(RoomEvent.TOKEN_MADE, LAB, subject="test")
    assert client.get("/api/v1/orders").status_code == 401


def test_the_actor_of_an_act_is_the_tokens_person(room: Room) -> None:
    engineer = room.people[VENDOR, Role.ENGINEER]
    client = client_of(engineer, [Action.ENROL_AGENT])
    body = {"handle": "agent-9", "place": "source"}
    found = client.post(f"/api/v1/organisations/{VENDOR}/agents", body, content_type="application/json")
    assert found.status_code == 200
    line = JournalLine.objects.get(subject="agent-9")
    assert (line.actor, line.event) == (engineer.handle, "agent.invited")


def test_a_line_of_the_journal_is_proved(room: Room) -> None:
    director = room.people[LAB, Role.DIRECTOR]
    client = client_of(director, [Action.SEE_JOURNAL])
    lines = client.get("/api/v1/journal").json()
    assert lines
    assert len(lines) <= 200
    found = client.get(f"/api/v1/journal/{lines[-1]['index']}/proof").json()
    _, head = read_checkpoint(found["checkpoint"].encode(), VerifierKey.parse(found["vkey"]))
    path = [bytes.fromhex(node) for node in found["path"]]
    verify_inclusion(leaf_hash(found["entry"].encode()), found["index"], found["size"], path, head.root)
    other = client_of(room.people[OTHER_LAB, Role.DIRECTOR], [Action.SEE_JOURNAL])
    assert other.get(f"/api/v1/journal/{lines[-1]['index']}/proof").status_code == 404


def test_guessing_is_slowed_down(room: Room) -> None:
    client = Client(headers={"host": "localhost", "authorization": "Bearer ecp_guess"})
    found = [client.get("/api/v1/me").status_code for _ in range(25)]
    assert found[:20] == [401] * 20
    assert found[-1] == 429
    enrol = [
        Client(headers={"host": "localhost"}).post(
            "/api/v1/agent/enrol", {"code": "x", "key": "y"}, content_type="application/json"
        )
        for _ in range(12)
    ]
    assert [each.status_code for each in enrol] == [404] * 10 + [429] * 2
    assert enrol[-1]["Retry-After"] == "60"
