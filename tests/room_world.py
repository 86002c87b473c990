"""A room with a laboratory and a vendor, filled from a desk's signed papers; run as a process of its own.

    python tests/room_world.py HOME DESK found          → the codes of two agents, as JSON
    python tests/room_world.py HOME DESK agree          → once both are enrolled: the desk's agreement, in force
    python tests/room_world.py HOME DESK approve        → the desk's order, approved
    python tests/room_world.py HOME DESK decide         → the director's acceptance
    python tests/room_world.py HOME DESK instruct suspend|resume|abort
    python tests/room_world.py HOME DESK revoke HANDLE  → the agent is no more
    python tests/room_world.py HOME DESK relay NAME     → the code of a relay of the vendor's
    python tests/room_world.py HOME DESK relayed        → what relays have reported, and what was refused
    python tests/room_world.py HOME DESK token SCOPE…   → a personal token of the vendor's engineer
    python tests/room_world.py HOME DESK ask            → an estimate of the desk's order is asked for
    python tests/room_world.py HOME DESK show           → what the room knows of the migration
    python tests/room_world.py HOME DESK evidence FILE  → the bundle of what the room holds

People sign by passkeys made of their names.
"""

# ruff: noqa: E402 - models are ready only once Django is

import json
import os
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

from ecluse.control.papers import read_paper
from ecluse.domain.agreement import Agreement
from ecluse.domain.instruction import Action as Told
from ecluse.domain.order import Order
from ecluse.domain.permissions import Action, Role, Side
from ecluse.domain.records import Decision
from ecluse.portal.__main__ import set_up
from ecluse.portal.home import prepare
from ecluse.wire.artefacts import encode, kind_of, namespace, to_json
from passkeys import SoftPasskey

HOME, DESK = Path(sys.argv[1]), Path(sys.argv[2])
prepare(HOME)
os.environ |= {"ECLUSE_HOME": str(HOME)}
set_up()

from django.utils import timezone

from ecluse.store.acts import agents, agreements, decisions, orders, people, tokens
from ecluse.store.models import (
    Agent,
    AgreementVersion,
    JournalLine,
    Migration,
    OrderVersion,
    Organisation,
    Paper,
    Person,
    PlaceEntry,
    PlaceJournal,
    RelayEntry,
    RelayJournal,
)
from ecluse.store.reads import migrations, observed
from ecluse.store.recording import SYSTEM
from ecluse.workspace.place import Place
from room_papers import give_passkey, passkey_of
from rooms import trained

DIRECTOR, MANAGEMENT, ENGINEER = "dr.martin", "a.petit", "ing.dupont"


def _found() -> Any:
    paper = read_paper(Agreement, DESK / "agreement.json")
    lab = _organisation("lab", paper.value.controller.name, Side.CONTROLLER)
    vendor = _organisation("vendor", paper.value.processor.name, Side.PROCESSOR)
    for organisation, role, name in (
        (lab, Role.DIRECTOR, "Dr Martin"), (vendor, Role.DIRECTOR, "A Petit"), (vendor, Role.ENGINEER, "Ing Dupont"),
    ):  # fmt: skip
        person = _person(organisation, role, name)
        give_passkey(person, passkey(person.handle))
    engineer = Person.objects.get(handle=ENGINEER)
    trained(vendor, engineer)
    return {
        place: agents.invite(engineer.handle, vendor, Place(place), handle, owner=engineer)
        for place, handle in (("source", "agent-source"), ("destination", "agent-destination"))
    }


def _agree() -> Any:
    """The desk's agreement with everybody's keys as the room knows them, signed; it replaces the desk's."""

    text = to_json(read_paper(Agreement, DESK / "agreement.json").value)
    keys = {who: passkey(who).line for who in (DIRECTOR, MANAGEMENT)}
    keys |= dict(Agent.objects.values_list("handle", "key"))
    for side in ("controller", "processor"):
        for signer in text[side]["signers"]:
            signer["key"] = keys[signer["id"]]
    lab, vendor = (Organisation.objects.get(slug=slug) for slug in ("lab", "vendor"))
    director = Person.objects.get(handle=DIRECTOR)
    version = agreements.draft(DIRECTOR, text["agreement"], lab, vendor, text, by=director)
    made = agreements.freeze(DIRECTOR, version)
    signatures = {who: sign(made, who) for who in (DIRECTOR, MANAGEMENT)}
    for who, armour in signatures.items():
        agreements.sign(who, version, who, armour)
    _on_the_desk("agreement", made, signatures)
    return {"agreement": version.digest}


def _on_the_desk(name: str, value: object, signatures: dict[str, bytes]) -> None:
    for old in DESK.glob(f"{name}.*"):
        old.unlink()
    (DESK / f"{name}.json").write_bytes(encode(value))
    for who, armour in signatures.items():
        (DESK / f"{name}.json.{who}.sig").write_bytes(armour)


def passkey(who: str) -> SoftPasskey:
    """A person's passkey: always the same for a handle."""
    return passkey_of(Person.objects.get(handle=who))


def sign(value: object, who: str) -> bytes:
    """A signature in a browser that has this room open."""
    return passkey(who).sign(
        encode(value), namespace=namespace(kind_of(type(value))), origin=os.environ["ECLUSE_ORIGIN"]
    )


def _organisation(slug: str, name: str, side: Side) -> Any:
    return people.add_organisation(SYSTEM, slug, name, side)


def _person(organisation: Any, role: Role, name: str) -> Any:
    address = f"{name.rsplit(maxsplit=1)[-1].lower()}@{organisation.slug}.example"
    secret = people.invite(SYSTEM, organisation, role, address, name)
    invitation = people.open_invitation(secret)
    assert invitation is not None
    return people.join(SYSTEM, invitation, name, "en")


def _drafted() -> Any:
    director = Person.objects.get(handle=DIRECTOR)
    version = OrderVersion.objects.first()
    if version is None:
        text = to_json(read_paper(Order, DESK / "order.json").value)
        version = orders.draft(DIRECTOR, text["order"], AgreementVersion.objects.get(), text, by=director)
    return version


def _approve() -> Any:
    version = _drafted()
    made = orders.freeze(DIRECTOR, version)
    armour = sign(made, DIRECTOR)
    assert orders.approve(DIRECTOR, version, DIRECTOR, armour)
    _on_the_desk("order", made, {DIRECTOR: armour})
    return {"order": version.digest}


def _ask() -> Any:
    orders.ask_estimate(DIRECTOR, _drafted())
    return {}


def _decide() -> Any:
    migration = Migration.objects.get()
    director = Person.objects.get(handle=DIRECTOR)
    made = decisions.acceptance_of(migration, Decision.ACCEPTED, "", director, timezone.now())
    decisions.decide(DIRECTOR, migration, made, sign(made, DIRECTOR))
    return {}


def _instruct() -> Any:
    migration, director = Migration.objects.get(), Person.objects.get(handle=DIRECTOR)
    made = decisions.instruction_of(migration, Told(sys.argv[4]), "to be looked at", director, timezone.now())
    decisions.instruct(DIRECTOR, migration, made, sign(made, DIRECTOR))
    return {}


def _revoke() -> Any:
    agents.revoke(DIRECTOR, Agent.objects.get(handle=sys.argv[4]))
    return {}


def _relay() -> Any:
    engineer, vendor = Person.objects.get(handle=ENGINEER), Organisation.objects.get(slug="vendor")
    return agents.invite(engineer.handle, vendor, "relay", sys.argv[4], owner=engineer)


def _relayed() -> Any:
    source = observed.RelayEntries()
    last = RelayEntry.objects.order_by("index").last()
    told = RelayJournal.objects.first()
    return {
        "lag_s": (told.reported_at - last.at).total_seconds() if last and told and told.reported_at else None,
        "size": RelayJournal.objects.values_list("size", flat=True).first(),
        "events": [
            {"event": each.event, "actor": each.actor, "origin": each.origin, "concerns": each.concerns}
            for each in source.since(None).events
        ],
        "refused": [line.detail for line in JournalLine.objects.filter(event="report.refused").order_by("index")],
    }


def _token() -> Any:
    engineer = Person.objects.get(handle=ENGINEER)
    return tokens.make(engineer.handle, engineer, "test", map(Action, sys.argv[4:]), 30)


def _show() -> Any:
    migration = Migration.objects.first()
    return {
        "state": migration.state if migration else None,
        "places": {
            each.place: {"state": each.counts.get("state"), "size": each.size, "counts": each.counts}
            for each in PlaceJournal.objects.all()
        },
        "entries": PlaceEntry.objects.count(),
        "papers": sorted(Paper.objects.values_list("kind", flat=True)),
        "estimate": OrderVersion.objects.values_list("estimate", flat=True).first(),
        "seen": {
            each.handle: each.sighting.version for each in Agent.objects.select_related("sighting") if _seen(each)
        },
    }


def _seen(agent: Any) -> bool:
    return hasattr(agent, "sighting")


def _evidence() -> Any:
    Path(sys.argv[4]).write_bytes(migrations.evidence(Migration.objects.get()))
    return {}


COMMANDS: dict[str, Callable[[], Any]] = {
    "found": _found, "agree": _agree, "approve": _approve, "decide": _decide, "instruct": _instruct, "revoke": _revoke,
    "relay": _relay, "relayed": _relayed, "token": _token, "ask": _ask, "show": _show, "evidence": _evidence,
}  # fmt: skip

if __name__ == "__main__":
    sys.stdout.write(json.dumps(COMMANDS[sys.argv[3]]()))
