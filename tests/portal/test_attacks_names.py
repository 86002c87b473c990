"""Attacks by names: handles that pass for somebody else's, names that are not what they seem."""

import pytest

from ecluse.domain.errors import EcluseError
from ecluse.domain.permissions import Role
from ecluse.store.acts import agents, people
from ecluse.store.models import Organisation, Person
from ecluse.store.recording import SYSTEM
from ecluse.workspace.place import Place
from rooms import LAB, Room

HIDDEN = [
    "Dr\u202eMartin", "Dr\u200bMartin", "Dr\u2066Martin\u2069", "Dr\x07Martin", "Dr\nMartin", "Dr\u2028Martin", "\ufeffDr",
    "Dr\u00adMartin", "\u3164",
]  # fmt: skip


def joined(name: str, address: str) -> Person:
    secret = people.invite(SYSTEM, Organisation.objects.get(slug=LAB), Role.ENGINEER, address, name)
    invitation = people.open_invitation(secret)
    assert invitation is not None
    return people.join(SYSTEM, invitation, name, "en")


@pytest.mark.parametrize("name", ["System", "Anonymous", "Control Room"])
def test_nobody_acts_under_the_rooms_own_name(room: Room, name: str) -> None:
    person = joined(name, "zoe.x@lab.example")
    assert person.handle not in {"system", "anonymous", "control-room"}


@pytest.mark.parametrize("name", ["Invitation", "Token", "recovery"])
def test_nobody_acts_under_a_links_name(room: Room, name: str) -> None:
    handles = {joined(name, f"zoe.{number}@lab.example").handle for number in "abc"}
    assert len(handles) == 3
    assert not any(handle.startswith(f"{name.lower()}-") for handle in handles), handles


@pytest.mark.parametrize("handle", ["system", "anonymous", "invitation-7", "token-1"])
def test_no_agent_acts_under_a_name_of_the_rooms(room: Room, handle: str) -> None:
    owner = room.people[LAB, Role.ENGINEER]
    with pytest.raises(EcluseError):
        agents.invite(owner.handle, Organisation.objects.get(slug=LAB), Place.SOURCE, handle, owner=owner)


@pytest.mark.parametrize("name", HIDDEN)
def test_a_name_holds_nothing_unseen(room: Room, name: str) -> None:
    client = room.client(LAB, Role.ADMINISTRATOR)
    told = {"name": name, "email": "zoe.neuf@lab.example", "role": "engineer"}
    answer = client.post(f"/people/{LAB}/invite/", told)
    assert "/join/" not in answer.content.decode()
    with pytest.raises(EcluseError):
        people.invite(SYSTEM, Organisation.objects.get(slug=LAB), Role.ENGINEER, "zoe.neuf@lab.example", name)


@pytest.mark.parametrize("name", HIDDEN)
def test_who_joins_shows_what_their_name_is(room: Room, name: str) -> None:
    with pytest.raises(EcluseError):
        lab = Organisation.objects.get(slug=LAB)
        secret = people.invite(SYSTEM, lab, Role.ENGINEER, "zoe.neuf@lab.example", "Zoé")
        invitation = people.open_invitation(secret)
        assert invitation is not None
        people.join(SYSTEM, invitation, name, "en")


@pytest.mark.parametrize("name", ["Zoé D’Arc-Müller", "Nguyễn Văn A", "محمد علي", "李 小龙", "O'Neil Jr."])
def test_names_of_people_are_names(room: Room, name: str) -> None:
    assert joined(name, "zoe.y@lab.example").name == name
