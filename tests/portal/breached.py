"""Incidents for tests: a vendor bound to both laboratories, and breaches as people open and follow them."""

import datetime as dt
from collections.abc import Sequence
from typing import Any

from ecluse.domain.incidents import Basis, FactKind, Step
from ecluse.domain.permissions import Role
from ecluse.store.acts import incidents as acts
from ecluse.store.models import IncidentRow, Organisation, Person
from ecluse.store.reads import incidents as reads
from room_migrations import agreed
from rooms import LAB, OTHER_LAB, VENDOR, Room

OFFICER, BOSS, VENDOR_DPO = (VENDOR, Role.SECURITY_OFFICER), (VENDOR, Role.DIRECTOR), (VENDOR, Role.DPO)
LAB_BOSS, LAB_DPO = (LAB, Role.DIRECTOR), (LAB, Role.DPO)
CANARY = "Une zone sans mot de passe, numéro 4711"


def bound(room: Room) -> None:
    """Agreements of the vendor with both laboratories."""
    for lab in (LAB, OTHER_LAB):
        agreed(room, lab, f"DPA-{lab}")


def person(room: Room, who: tuple[str, Role]) -> Person:
    return room.people[who]


def place(slug: str) -> Organisation:
    return Organisation.objects.get(slug=slug)


def opened(
    room: Room, found: dt.datetime, labs: Sequence[str] = (LAB,), who: tuple[str, Role] = OFFICER, **rest: Any
) -> list[IncidentRow]:
    """The vendor opens it for laboratories, or a laboratory for itself."""
    by = person(room, who)
    given = acts.Opened("Fichier en vente", CANARY, found, rest.get("basis", Basis.OWN))
    others = [place(slug) for slug in (labs if who[0] == VENDOR else rest.get("vendors", (VENDOR,)))]
    made = acts.open_incident(by.handle, place(who[0]), others, given, by=by)
    return [again(row) for row in made]


def again(row: IncidentRow) -> IncidentRow:
    """As it is now."""
    return reads.whole().get(pk=row.pk)


def seen_by(who: Person) -> set[IncidentRow]:
    """What somebody's list holds."""
    return set(reads.visible(who, who.grants()))


def step(room: Room, row: IncidentRow, what: Step, who: tuple[str, Role] = LAB_DPO, **rest: Any) -> IncidentRow:
    by, everywhere = person(room, who), rest.pop("everywhere", False)
    acts.take_step(
        by.handle, row, acts.GivenStep(what, **({"reasons": "parce que"} | rest)), by=by, everywhere=everywhere
    )
    return again(row)


def fact(
    room: Room, row: IncidentRow, kind: FactKind, text: str, who: tuple[str, Role] = OFFICER, **rest: Any
) -> IncidentRow:
    by, everywhere = person(room, who), rest.pop("everywhere", False)
    since = rest.pop("known_since", row.opened_at)
    acts.add_fact(by.handle, row, acts.GivenFact(kind, text, since, **rest), by=by, everywhere=everywhere)
    return again(row)
