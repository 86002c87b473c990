"""The register of processing activities (GDPR Art. 30(2)), as the room's records give it."""

from ecluse.domain.lifecycle import State
from ecluse.domain.permissions import Role
from ecluse.domain.room import RoomEvent
from ecluse.store.models import Agent, Migration, PlaceJournal
from ecluse.store.reads.agreements import activities_of
from ecluse.store.recording import SYSTEM, acting
from ecluse.workspace.place import Place
from room_papers import DIRECTOR, add_agent, approve_by, frozen_order, signed_agreement
from rooms import VENDOR, Room


def test_each_place_stands_where_it_said(room: Room) -> None:
    approve_by(room, frozen_order(room, signed_agreement(room)), DIRECTOR)
    reader = room.people[VENDOR, Role.DPO].grants()
    assert [each.states for each in activities_of(reader)[0].migrations] == [{}]
    told = {"source": State.DELIVERED, "destination": State.LOADED}
    add_agent(room, VENDOR, Place.SOURCE)
    with acting(SYSTEM) as act:
        for place, state in told.items():
            PlaceJournal.objects.create(
                migration=Migration.objects.get(), place=place, agent=Agent.objects.get(), log="x",
                counts={"state": str(state)},
            )  # fmt: skip
        act.record(RoomEvent.REPORTED, VENDOR, subject="x")
    assert [each.states for each in activities_of(reader)[0].migrations] == [told]
