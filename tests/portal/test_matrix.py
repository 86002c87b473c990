"""Every role × every endpoint × own and other controller, from the URL tree and ``permissions.MAY`` (issue 4)."""

from collections.abc import Iterator
from typing import Any

import pytest
from django.test import Client
from tests.portal.endpoints import Endpoint, endpoints

from ecluse.domain.permissions import MAY, Grant, Parties, Role, may, sees
from rooms import LAB, OTHER_LAB, VENDOR, Room

ENDPOINTS = tuple(endpoints())
GUARDED = tuple(each for each in ENDPOINTS if each.mark == "guarded")
NOBODY = "sign in first"


def _answer(client: Client, address: str, method: str) -> Any:
    return client.get(address) if method == "GET" else client.post(address, {})


def _methods(endpoint: Endpoint) -> Iterator[str]:
    yield "GET"
    yield "POST"


def _is_sign_in(response: Any) -> bool:
    return response.status_code == 302 and response["Location"].startswith("/account/login/")


def test_every_view_says_what_it_needs() -> None:
    unmarked = [each.route for each in ENDPOINTS if not each.mark and not each.is_librarys]
    assert not unmarked, "guarded, own or public: nothing else"


def test_anonymous_people_get_only_the_public_pages() -> None:
    public = {each.name for each in ENDPOINTS if each.mark == "public"}
    assert public == {"join", "language", "security_txt"} | PUBLIC_BESIDES


PUBLIC_BESIDES: set[str] = {
    each.name for each in ENDPOINTS if each.mark == "public" and each.name in {"report", "recover"}
}


@pytest.mark.parametrize("endpoint", [e for e in ENDPOINTS if e.mark in {"guarded", "own"}], ids=lambda e: e.name)
def test_anonymous_people_are_asked_to_sign_in(room: Room, endpoint: Endpoint) -> None:
    address = endpoint.address(room.things(LAB))
    for method in _methods(endpoint):
        assert _is_sign_in(_answer(Client(headers={"host": "localhost"}), address, method)), method


@pytest.mark.parametrize("endpoint", GUARDED, ids=lambda e: e.name)
@pytest.mark.parametrize("owner", [LAB, OTHER_LAB])
def test_each_role_gets_what_the_table_allows_and_nothing_else(room: Room, endpoint: Endpoint, owner: str) -> None:
    things = room.things(owner)
    address = endpoint.address(things)
    for (organisation, role), person in room.people.items():
        client, grants = room.client(organisation, role), person.grants()
        parties = _parties(endpoint, grants, things)
        for method in _methods(endpoint):
            status = _answer(client, address, method).status_code
            case = f"{method} {address} as {role} of {organisation}: {status}"
            assert status < 500, case
            if not sees(grants, parties):
                assert status == 404, case
            elif not may(grants, endpoint.view.action, parties):
                assert status == 403, case
            else:
                assert status not in {403, 404}, case


def _parties(endpoint: Endpoint, grants: tuple[Grant, ...], things: dict[str, Any]) -> Parties:
    """Whose it is, worked out here from the things alone, not by the endpoint's own resolver."""
    if not endpoint.parameters:
        return Parties(frozenset(grant.organisation for grant in grants))
    return things["parties"][endpoint.parameters[0]]


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
