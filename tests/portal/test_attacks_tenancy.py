"""Attacks from one organisation on another: whoever was ours once, and whoever was never ours."""

import pytest

from ecluse.domain.errors import UsageError
from ecluse.domain.permissions import Role
from ecluse.store.acts import access, people
from ecluse.store.models import Invitation, Membership, Organisation, Person, Recovery
from ecluse.store.recording import SYSTEM
from ecluse.store.session_events import live_sessions
from rooms import LAB, OTHER_LAB, VENDOR, Room, member, signed_in


def place(slug: str) -> Organisation:
    return Organisation.objects.get(slug=slug)


def moved_on(room: Room) -> Person:
    """Somebody who left the laboratory, and directs the other one now."""
    person: Person = room.people[OTHER_LAB, Role.DIRECTOR]
    secret = people.invite(SYSTEM, place(LAB), Role.ENGINEER, person.email, person.name)
    invitation = people.open_invitation(secret)
    assert invitation is not None
    people.accept(person.handle, invitation, person)
    people.withdraw(SYSTEM, Membership.objects.get(person=person, organisation=place(LAB)))
    return person


def test_who_moved_on_keeps_their_sessions(room: Room) -> None:
    person = moved_on(room)
    client = signed_in(person)
    assert client.get("/me/").status_code == 200
    former = room.client(LAB, Role.SECURITY_OFFICER)
    answer = former.post(f"/people/{LAB}/of/{person.handle}/sessions/end/")
    assert answer.status_code in {404, 422}
    assert live_sessions(person)
    assert client.get("/me/").status_code == 200


def test_who_moved_on_is_not_shown_at_work_elsewhere(room: Room) -> None:
    person = moved_on(room)
    client = signed_in(person)
    client.get("/me/", headers={"user-agent": "Lynx-of-the-other-laboratory"})
    page = room.client(LAB, Role.ADMINISTRATOR).get(f"/people/{LAB}/of/{person.handle}/")
    assert page.status_code == 200
    assert "Lynx-of-the-other-laboratory" not in page.content.decode()
    assert "127.0.0.1" not in page.content.decode()


def test_who_moved_on_is_not_recovered_by_their_former_organisation(room: Room) -> None:
    person = moved_on(room)
    asks = room.people[LAB, Role.ADMINISTRATOR]
    answer = signed_in(asks).post(f"/people/{LAB}/of/{person.handle}/recover/")
    assert answer.status_code in {404, 422}
    assert not Recovery.objects.filter(person=person).exists()


def test_who_left_altogether_is_recovered(room: Room) -> None:
    leaver, asks = room.people[LAB, Role.ENGINEER], room.people[LAB, Role.ADMINISTRATOR]
    access.leave(asks.handle, place(LAB), leaver, by=asks)
    assert access.ask_recovery(asks.handle, place(LAB), leaver, by=asks).person == leaver


def test_a_recovery_of_who_moves_on_meanwhile_is_void(room: Room) -> None:
    person = room.people[OTHER_LAB, Role.DIRECTOR]
    first, second = room.people[LAB, Role.ADMINISTRATOR], room.people[LAB, Role.DIRECTOR]
    people.grant(SYSTEM, place(LAB), second, Role.ADMINISTRATOR, by=first)
    secret = people.invite(SYSTEM, place(LAB), Role.ENGINEER, person.email, person.name)
    invitation = people.open_invitation(secret)
    assert invitation is not None
    people.accept(person.handle, invitation, person)
    asked = access.ask_recovery(first.handle, place(LAB), person, by=first)
    people.withdraw(SYSTEM, Membership.objects.get(person=person, organisation=place(LAB)))
    with pytest.raises(UsageError):
        access.approve_recovery(second.handle, asked, by=second)


def test_a_vendor_does_not_take_over_the_laboratory_that_another_brought_in(room: Room) -> None:
    vendor = place(VENDOR)
    theirs = room.people[VENDOR, Role.ADMINISTRATOR]
    lab, secret = people.bring_in(
        theirs.handle, "Laboratoire Neuf", "Rennes", "zoe.neuf@neuf.example", "Zoé Neuf", of=vendor, by=theirs
    )
    from ecluse.domain.permissions import Side  # noqa: PLC0415

    rival = people.add_organisation(SYSTEM, "rival", "Rival SAS", Side.PROCESSOR)
    thief = member(rival, Role.ADMINISTRATOR)
    with pytest.raises(UsageError):
        people.bring_in(
            thief.handle, "Laboratoire Neuf", "Paris", "max.voleur@rival.example", "Max", of=rival, by=thief
        )
    lab.refresh_from_db()
    assert lab.address == "Rennes"
    assert people.open_invitation(secret) is not None
    assert not Invitation.objects.filter(organisation=lab, email="max.voleur@rival.example").exists()
    # Its own vendor may still make another link.
    assert people.bring_in(
        theirs.handle, "Laboratoire Neuf", "Rennes", "zoe.neuf@neuf.example", "Zoé Neuf", of=vendor, by=theirs
    )
