"""The relays' page: last report, what is overdue, whom it refused; to the relay's own organisation alone (R7, R10)."""

from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from ecluse.domain.access import Access
from ecluse.domain.permissions import Role
from ecluse.domain.room import RoomEvent
from ecluse.portal.events import RELAY_EVENTS
from ecluse.store import recording
from ecluse.store.acts import agents
from ecluse.store.models import Agent, Organisation, RelayEntry, RelayJournal
from rooms import LAB, VENDOR, Room

TOLD = [
    (Access.OVERDUE, "box-a"), (Access.ERASED, "box-a"), (Access.OVERDUE, "box-b"), (Access.ENTRY_FAILED, ""),
    (Access.PARCEL_STORED, "box-b"), (Access.OVERDUE, "box-c"), (Access.ERASED, "box-c"), (Access.OVERDUE, "box-c"),
]  # fmt: skip


def relay(room: Room, handle: str, told: list[tuple[Access, str]]) -> Agent:
    owner = room.people[VENDOR, Role.ENGINEER]
    agents.invite(owner.handle, Organisation.objects.get(slug=VENDOR), "relay", handle, owner=owner)
    agent = Agent.objects.get(handle=handle)
    with recording.acting("watch") as act:
        if told:
            now = timezone.now()
            journal = RelayJournal.objects.create(agent=agent, log="x", size=len(told), reported_at=now)
            for index, (event, box) in enumerate(told):
                RelayEntry.objects.create(
                    journal=journal, index=index, at=now, actor="anonymous", event=event, origin="192.0.2.7", box=box,
                    subject="x", data=b"",
                )  # fmt: skip
        act.record(RoomEvent.RELAY_REPORTED, VENDOR, subject=handle)
    return agent


def test_every_access_has_words() -> None:
    assert set(Access) <= set(RELAY_EVENTS)
    assert all(words.en and words.fr for words in RELAY_EVENTS.values())


def test_the_page_says_how_each_relay_stands(room: Room) -> None:
    relay(room, "relay-1", TOLD)
    relay(room, "relay-2", [])
    client = room.client(VENDOR, Role.ENGINEER)
    client.defaults["HTTP_ACCEPT_LANGUAGE"] = "en"
    page = client.get("/relays/").content.decode()
    assert "8 entries" in page
    assert "box-a" not in page, "it was erased after all"
    assert "box-b" in page
    assert "box-c" in page, "it was erased, and then it was overdue again"
    assert "was refused at the door" in page
    assert "192.0.2.7" in page
    assert "parcel stored" not in page
    assert "none yet" in page
    assert 'href="/relays/"' in client.get("/agents/").content.decode()
    assert "relay-1" not in room.client(LAB, Role.ENGINEER).get("/relays/").content.decode()


def test_many_relays_take_few_queries(room: Room) -> None:
    for number in range(12):
        relay(room, f"relay-{number}", TOLD)
    client = room.client(VENDOR, Role.ENGINEER)
    client.get("/me/")
    with CaptureQueriesContext(connection) as queries:
        page = client.get("/relays/")
    assert page.status_code == 200
    assert page.content.decode().count("192.0.2.7") == 12
    assert len(queries) < 20, len(queries)
