"""schemathesis over the API's own description: no fault of ours, and nothing that the description does not say.

Each operation gets a small, deterministic share here; ``SCHEMATHESIS_EXAMPLES=500`` looks longer.
"""

import os
from collections.abc import Iterator
from typing import Any

import pytest
import schemathesis
from django.core.cache import cache
from django.core.signals import request_finished, request_started
from django.db import close_old_connections
from hypothesis import HealthCheck, Phase, given, settings
from schemathesis.checks import not_a_server_error
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_headers_conformance,
    response_schema_conformance,
    status_code_conformance,
)
from tests.portal.test_api_matrix import things

from ecluse.domain.permissions import Action, Role
from ecluse.domain.room import RoomEvent
from ecluse.portal.wsgi import application
from ecluse.seal.signing import new_signing_key
from ecluse.store.acts import agents, tokens
from ecluse.store.acts.tokens import SIGNING
from ecluse.store.models import Membership, Organisation
from ecluse.store.recording import SYSTEM, acting
from ecluse.workspace.place import Place
from rooms import LAB, VENDOR, Room

EXAMPLES = int(os.environ.get("SCHEMATHESIS_EXAMPLES", "5"))
CHECKS = (
    not_a_server_error,
    status_code_conformance,
    content_type_conformance,
    response_headers_conformance,
    response_schema_conformance,
)
HEADERS = {"Host": "localhost"}


@pytest.fixture(autouse=True)
def _one_connection() -> Iterator[None]:
    """The calls go through WSGI within the test's own transaction: its connection stays open, as in Django's client."""
    for signal in (request_started, request_finished):
        signal.disconnect(close_old_connections)
    yield
    for signal in (request_started, request_finished):
        signal.connect(close_old_connections)


def _schema() -> Any:
    return schemathesis.openapi.from_wsgi("/api/v1/openapi.json", application, headers=HEADERS)


def _operations() -> list[tuple[str, str]]:
    return sorted((each.ok().method.upper(), each.ok().path) for each in _schema().get_all_operations())


OPERATIONS = _operations()


def test_the_description_is_of_what_there_is() -> None:
    assert len(OPERATIONS) > 30
    assert ("POST", "/api/v1/orders") in OPERATIONS
    assert ("PUT", "/api/v1/orders/{order}") in OPERATIONS


@pytest.mark.parametrize(("method", "path"), OPERATIONS, ids=str)
def test_no_fault_and_no_breach(room: Room, tmp_path: Any, method: str, path: str) -> None:
    """As somebody who may do nearly everything, so that the calls get far."""
    token = _agent_token(room, tmp_path) if "/agent/" in path else _everything(room)
    operation = _schema()[path][method]

    @settings(
        max_examples=EXAMPLES, derandomize=True, deadline=None, database=None, phases=[Phase.explicit, Phase.generate],
        suppress_health_check=list(HealthCheck),
    )  # fmt: skip
    @given(case=operation.as_strategy())
    def calls(case: Any) -> None:
        cache.clear()  # the limits are tested elsewhere
        response = case.call(headers=HEADERS | {"Authorization": f"Bearer {token}"})
        case.validate_response(response, checks=CHECKS)

    calls()


def _everything(room: Room) -> str:
    things(room, LAB)
    person = room.people[LAB, Role.DIRECTOR]
    with acting(SYSTEM) as act:
        for slug in (LAB, VENDOR):
            for role in Role:
                organisation = Organisation.objects.get(slug=slug)
                Membership.objects.get_or_create(person=person, organisation=organisation, role=role, until=None)
        act.record(RoomEvent.GRANTED, LAB, subject=person.handle)
    return tokens.make(person.handle, person, "everything", [a for a in Action if a not in SIGNING], 1)


def _agent_token(room: Room, folder: Any) -> str:
    things(room, LAB)
    owner, vendor = room.people[VENDOR, Role.ENGINEER], Organisation.objects.get(slug=VENDOR)
    code = agents.invite(owner.handle, vendor, Place.SOURCE, "agent-2", owner=owner)
    return agents.enrol(SYSTEM, code, new_signing_key(folder / "key", "agent-2"), "1.0")[1]
