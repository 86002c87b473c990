"""A migration that two places really carried out, in a room that has not heard of it yet; and how its agents tell it.

Import it only inside a test or fixture that asked for ``room``.
"""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from django.test import Client
from django.utils import timezone

from ecluse.control.papers import read_paper
from ecluse.control.setup import place_of
from ecluse.control.telling import Held, Part, held, parts
from ecluse.domain.agreement import Agreement
from ecluse.domain.order import Order
from ecluse.domain.permissions import Role
from ecluse.domain.room import RoomEvent
from ecluse.seal.signing import public_key
from ecluse.store.acts import agents
from ecluse.store.models import Agent, AgreementVersion, ArtefactSignature, Migration, OrderVersion, Organisation
from ecluse.store.recording import SYSTEM, acting
from ecluse.wire.artefacts import encode
from ecluse.workspace.place import Place, Workspace
from migrating import Desk
from rooms import LAB, VENDOR, Room

DONE = "migration"


@dataclass
class Reported:
    """The room's migration, the desk whose places carried it out, and each agent's token."""

    desk: Desk
    migration: Migration
    tokens: dict[Place, str]

    @contextmanager
    def open(self, place: Place) -> Iterator[Workspace]:
        with Workspace(place_of(self.desk.path(DONE), place)) as opened:
            yield opened

    def journal(self, place: Place) -> tuple[str, list[Part]]:
        """The key and the parts of a place's journal."""
        with self.open(place) as opened:
            return opened.key.vkey, list(parts(opened, 0))

    def papers(self, place: Place) -> list[Held]:
        with self.open(place) as opened:
            return list(held(opened))

    def post(self, place: Place, path: str, body: Any, token: str | None = None) -> Any:
        """Call the API as a place's agent."""
        client = Client(headers={"host": "localhost", "authorization": f"Bearer {token or self.tokens[place]}"})
        data = body if isinstance(body, bytes) else json.dumps(body)
        return client.post(f"/api/v1/agent/{path}", data, content_type="application/json")

    def get(self, place: Place, path: str) -> Any:
        client = Client(headers={"host": "localhost", "authorization": f"Bearer {self.tokens[place]}"})
        return client.get(f"/api/v1/agent/{path}")

    def tell(self, place: Place, **changes: Any) -> Any:
        """Report a place's whole journal."""
        log, told = self.journal(place)
        return [self.post(place, self.path("journal"), journal_body(log, part) | changes) for part in told][-1]

    def hand_in(self, place: Place, papers: list[Held] | None = None) -> Any:
        found = self.papers(place) if papers is None else papers
        return self.post(place, self.path("papers"), {"papers": [paper_body(each) for each in found]})

    def path(self, what: str) -> str:
        return f"migrations/{self.migration.order.digest}/{what}"


def journal_body(log: str, part: Part) -> dict[str, Any]:
    """A part of a journal as an agent sends it."""
    entries = [entry.decode() for entry in part.entries]
    return {"log": log, "start": part.start, "entries": entries, "checkpoint": part.checkpoint.decode()}


def paper_body(paper: Held) -> dict[str, Any]:
    """A paper as an agent sends it."""
    signatures = {signer: armour.decode() for signer, armour in paper.signatures.items()}
    return {"kind": paper.kind, "text": paper.data.decode(), "signatures": signatures}


def reported(room: Room, desk: Desk) -> Reported:
    """Put the desk's signed agreement and order into the room, and enrol both agents with the desk's keys."""
    tokens = {place: _enrol(room, desk.root, place) for place in Place}
    agreement, order = read_paper(Agreement, desk.path("agreement.json")), read_paper(Order, desk.path("order.json"))
    director = next(iter(room.people.values()))
    now = timezone.now()
    with acting(SYSTEM) as act:
        version = AgreementVersion.objects.create(
            number=agreement.value.agreement,
            controller=Organisation.objects.get(slug=LAB),
            processor=Organisation.objects.get(slug=VENDOR),
            artefact=encode(agreement.value),
            digest=agreement.digest,
            drafted_by=director,
            frozen_at=now,
            in_force_at=now,
        )
        approved = OrderVersion.objects.create(
            number=order.value.order,
            agreement=version,
            artefact=encode(order.value),
            digest=order.digest,
            drafted_by=director,
            frozen_at=now,
            approved_at=now,
        )
        for paper, kind in ((agreement, "agreement"), (order, "order")):
            for signer, armour in paper.signatures.items():
                ArtefactSignature.objects.create(
                    digest=paper.digest, kind=kind, signer=signer, armor=armour.decode("ascii")
                )
        migration = Migration.objects.create(order=approved, state="approved")
        act.record(RoomEvent.ORDER_APPROVED, LAB, VENDOR, subject=order.digest)
    return Reported(desk, migration, tokens)


def _enrol(room: Room, desk: Path, place: Place) -> str:
    owner, vendor = room.people[VENDOR, Role.ENGINEER], Organisation.objects.get(slug=VENDOR)
    code = agents.invite(owner.handle, vendor, place, f"agent-{place}", owner=owner)
    _, token = agents.enrol(SYSTEM, code, public_key(desk / "keys" / f"agent-{place}"), "1.0")
    assert Agent.objects.get(handle=f"agent-{place}").token_digest
    return token
