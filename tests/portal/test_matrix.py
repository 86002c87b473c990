"""Every role × every endpoint × own and other controller, from the URL tree and ``permissions.MAY`` (issue 4)."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import pytest
from django.core.cache import cache
from django.db import transaction
from django.test import Client
from tests.portal.endpoints import Endpoint, endpoints

from ecluse.domain.permissions import MAY, Grant, Parties, Role, may, sees
from room_migrations import Things, close_all, things
from rooms import LAB, OTHER_LAB, VENDOR, Room

ENDPOINTS = tuple(endpoints())
GUARDED = tuple(each for each in ENDPOINTS if each.mark == "guarded")
OWN = tuple(each for each in ENDPOINTS if each.mark == "own")
PUBLIC = {"alert_answer", "join", "language", "recover", "security_txt", "openid_connect_login", "report", "report_follow"}
"""What people without an account reach, beside sign-in: links that are secrets, and the ways to warn of a danger."""
SIGN_IN = {
    "account_login", "account_logout", "mfa_authenticate", "mfa_login_webauthn", "openid_connect_login",
    "openid_connect_callback", "socialaccount_login_cancelled", "socialaccount_login_error",
}  # fmt: skip
"""Pages of the accounts' library that anonymous people reach: the ways in, and what says that one failed."""
BODIES: dict[str, tuple[str, ...]] = {"sub_processor_object": ("notice",)}
"""What a form must name besides the address, by endpoint."""


@dataclass(frozen=True)
class Someone:
    """A person whose browser has signed in."""

    organisation: str
    role: Role
    client: Client
    grants: tuple[Grant, ...]


@dataclass(frozen=True)
class Everybody:
    """Everybody of the room, and one of everything that belongs to LAB, or to LAB and VENDOR."""

    people: tuple[Someone, ...]
    things: Things


@pytest.fixture(scope="module")
def everybody(furnished: None) -> Iterator[Everybody]:
    cache.clear()
    with transaction.atomic():
        room = Room.known()
        made = things(room)
        people = tuple(
            Someone(slug, role, room.client(slug, role), person.grants())
            for (slug, role), person in room.people.items()
        )
        yield Everybody(people, made)
        close_all()
        transaction.set_rollback(True)


def _status(client: Client, address: str, method: str, body: dict[str, Any] | None = None) -> tuple[int, str]:
    """What is answered; whatever the request did is undone."""
    point = transaction.savepoint()
    answer = client.get(address) if method == "GET" else client.post(address, body or {})
    transaction.set_rollback(False)
    transaction.savepoint_rollback(point)
    return answer.status_code, answer.headers.get("Location", "")


def test_every_view_says_what_it_needs() -> None:
    unmarked = [each.route for each in ENDPOINTS if not each.mark and not each.is_librarys]
    assert not unmarked, "guarded, own, public or for a program: nothing else"
    assert len(GUARDED) > 50


def test_anonymous_people_get_only_the_public_pages() -> None:
    assert {each.name for each in ENDPOINTS if each.mark == "public"} <= PUBLIC


@pytest.mark.parametrize("endpoint", [e for e in ENDPOINTS if e.mark == "program"], ids=lambda e: e.name)
def test_a_program_s_page_opens_for_no_session(everybody: Everybody, endpoint: Endpoint) -> None:
    for client in (Client(headers={"host": "localhost"}), *(person.client for person in everybody.people)):
        for method in ("GET", "POST"):
            assert _status(client, endpoint.address({}), method)[0] in {401, 403, 404}, endpoint.name


@pytest.mark.parametrize("endpoint", [e for e in ENDPOINTS if e.is_librarys], ids=lambda e: e.name or e.route)
def test_of_the_librarys_pages_only_sign_in_is_open(everybody: Everybody, endpoint: Endpoint) -> None:
    """Of the library's pages a stranger finds the ways in; a door that the room shut is shut to members too."""
    words = {"provider_id": "nobody", "uidb36": "1", "key": "a-b", "pk": 1}
    pattern = endpoint.route.replace("^", "").replace("$", "")
    for name in endpoint.parameters:
        pattern = re.sub(rf"\(\?P<{name}>[^)]*\)|<\w+:{name}>", str(words[name]), pattern)
    for method in ("GET", "POST"):
        cache.clear()
        status, location = _status(Client(headers={"host": "localhost"}), f"/{pattern}", method)
        entered = status == 200 or (status == 302 and not (location == "/" or location.startswith("/account/")))
        assert status < 500, f"{method} {pattern}: {status}"
        assert not entered or endpoint.name in SIGN_IN, f"{method} {pattern}: {status} {location}"


@pytest.mark.parametrize("endpoint", [*GUARDED, *OWN], ids=lambda e: e.name)
def test_anonymous_people_are_asked_to_sign_in(everybody: Everybody, endpoint: Endpoint) -> None:
    address, nobody = endpoint.address(_filled(endpoint, everybody.things)), Client(headers={"host": "localhost"})
    for method in ("GET", "POST"):
        status, location = _status(nobody, address, method)
        assert (status, location.startswith("/account/login/")) == (302, True), method


@pytest.mark.parametrize("endpoint", GUARDED, ids=lambda e: e.name)
def test_each_role_gets_what_the_table_allows_and_nothing_else(everybody: Everybody, endpoint: Endpoint) -> None:
    address = endpoint.address(_filled(endpoint, everybody.things))
    body = {name: everybody.things[name] for name in BODIES.get(endpoint.name, ())}
    for person in everybody.people:
        parties = _parties(endpoint, person.grants, everybody.things)
        for method in ("GET", "POST"):
            cache.clear()
            status, _ = _status(person.client, address, method, body)
            case = f"{method} {address} as {person.role} of {person.organisation}: {status}"
            assert status < 500, case
            if not sees(person.grants, parties):
                assert status == 404, case
            elif not may(person.grants, endpoint.view.action, parties):
                assert status == 403, case
            else:
                assert status not in {403, 404}, case


def test_the_matrix_meets_every_case(everybody: Everybody) -> None:
    """Own controller, other controller and processor, allowed and refused: none of them is empty."""
    met = {
        (person.organisation, sees(person.grants, parties), may(person.grants, endpoint.view.action, parties))
        for endpoint in GUARDED
        if endpoint.parameters
        for person in everybody.people
        for parties in [_parties(endpoint, person.grants, everybody.things)]
    }
    assert {(LAB, True, True), (LAB, True, False), (OTHER_LAB, False, False), (VENDOR, True, True)} <= met
    assert {each.view.action for each in GUARDED} <= set(MAY)
    assert len(everybody.people) == 3 * len(Role)


@pytest.mark.parametrize("endpoint", OWN, ids=lambda e: e.name)
def test_ones_own_pages_never_fail(everybody: Everybody, endpoint: Endpoint) -> None:
    for person in everybody.people[:3]:
        for method in ("GET", "POST"):
            status, _ = _status(person.client, endpoint.address(_filled(endpoint, everybody.things)), method)
            assert status < 500, f"{method} {endpoint.name}: {status}"


def _filled(endpoint: Endpoint, made: Things) -> dict[str, Any]:
    """One of everything; what is whoever asks' own, and numbered, is nobody's."""
    missing = [name for name in endpoint.parameters if name not in made.by_name]
    assert not missing or endpoint.mark == "own", f"room_migrations.things has no {missing}"
    return made.by_name | dict.fromkeys(missing, 987_654_321)


def _parties(endpoint: Endpoint, grants: tuple[Grant, ...], made: Things) -> Parties:
    """Whose it is, worked out here from the things alone, not by the endpoint's own resolver."""
    if not endpoint.parameters:
        return Parties(frozenset(grant.organisation for grant in grants))
    return made.parties[endpoint.parameters[0]]


def test_the_table_gives_each_action_to_somebody_and_to_no_auditor_what_changes() -> None:
    assert all(MAY.values())
    for action, allowed in MAY.items():
        changes = not action.value.endswith((".see", ".take"))
        assert not (changes and any(role is Role.AUDITOR for _, role in allowed)), action


def test_the_vendor_never_orders_and_never_decides() -> None:
    for action in ("order.draft", "order.approve", "migration.decide", "migration.resume", "migration.abort"):
        assert all(side == "controller" for side, _ in MAY[action]), action


def test_a_role_counts_only_where_it_is_held(room: Room) -> None:
    vendor = room.people[VENDOR, Role.DIRECTOR].grants()
    assert not sees(vendor, Parties.of(LAB))
    assert sees(vendor, Parties.of(LAB, VENDOR))
