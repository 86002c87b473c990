"""Samples of prior results: the room knows who looked and how many differ, and how to look; it holds no row."""

from typing import Any

from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from ecluse.domain.entry import Event
from ecluse.domain.permissions import Action, Role
from ecluse.store.acts import tokens
from ecluse.store.reads.samples import samples
from room_migrations import Places, begun
from rooms import LAB, OTHER_LAB, Room


def page(room: Room, places: Places, name: str, lang: str = "en", lab: str = LAB) -> Any:
    client = room.client(lab, Role.DIRECTOR)
    client.cookies["django_language"] = lang
    return client.get(reverse(name, args=[places.row.pk]))


def look(places: Places, by: str = "", drawn_by: str = "journal", **counts: int | str) -> None:
    """A sample that the destination's place compared, and told."""
    said = {"patients": 3, "patients_different": 0, "equal": 41, "different": 0, "missing": 0, "unexpected": 0}
    who = {"by": by} if by else {}
    places.destination.log(Event.SAMPLE_COMPARED, subject=drawn_by, **(said | counts | who))
    places.tell()


def test_before_the_decision_the_command_stands_beside_what_was_looked_at(room: Room) -> None:
    places = begun(room).told("reconciled")
    for name in ("migration", "migration_decide"):
        text = page(room, places, name).content.decode()
        assert "Nobody has looked at a sample." in text, name
        folder = places.row.order.digest.removeprefix("sha256:")[:16]
        assert f"ecluse compare -w orders/{folder} --by {places.director.handle}" in text, name
        assert "Personne n'a regardé" in page(room, places, name, "fr").content.decode(), name
    look(places, places.director.handle)
    look(places, places.director.handle, "given", different=2, missing=1, patients_different=1)
    look(places)
    last, chosen, first = samples(places.row)
    assert (first.by, first.patients, first.results, first.unequal, first.chosen) == (
        places.director.handle, 3, 41, 0, False,
    )  # fmt: skip
    assert (chosen.results, chosen.unequal, chosen.chosen) == (44, 4, True)
    assert (last.by, last.chosen) == ("", False)
    for name in ("migration", "migration_decide"):
        text = page(room, places, name).content.decode()
        assert "Nobody has looked" not in text
        assert text.count("a word of their own") == 1
        assert text.count("nobody: numbers alone") == 1
        assert "Looked at in the name of" in text
        assert "nothing proves it" in text
        french = page(room, places, name, "fr").content.decode()
        assert "Regardé au nom de" in french
        assert "rien ne le prouve" in french


def test_neither_too_early_nor_when_it_is_gone(room: Room) -> None:
    early = begun(room, LAB, "early").told("delivered")
    assert "Prior results" not in page(room, early, "migration").content.decode()
    places = begun(room, LAB, "over")
    for stage in places.run("erased"):
        places.tell()
        if stage == "reconciled":
            look(places, places.director.handle)
    text = page(room, places, "migration").content.decode()
    assert "ecluse compare" not in text
    assert "Prior results side by side" in text, "who looked is told for ever"


def test_what_an_agent_says_is_only_words(room: Room) -> None:
    places = begun(room).told("loaded")
    look(places, "<b>x</b>", "<i>", patients="many", equal="<u>")
    (only,) = samples(places.row)
    assert (only.patients, only.results) == (0, 0)
    text = page(room, places, "migration").content.decode()
    assert "<b>x" not in text
    assert "<i>" not in text


def test_programs_read_who_looked(room: Room) -> None:
    places = begun(room).told("reconciled")
    look(places, places.director.handle, different=2)
    person = room.people[LAB, Role.AUDITOR]
    token = tokens.make(person.handle, person, "reads", [Action.SEE_MIGRATION], 1)
    address = f"/api/v1/migrations/{places.row.pk}"
    answer = Client(headers={"host": "localhost"}).get(address, headers={"authorization": f"Bearer {token}"}).json()
    (only,) = answer["samples"]
    assert {name: only[name] for name in ("by", "patients", "results", "unequal", "chosen")} == {
        "by": places.director.handle, "patients": 3, "results": 43, "unequal": 2, "chosen": False,
    }  # fmt: skip


def test_another_laboratory_sees_none_and_many_cost_no_more(room: Room) -> None:
    places = begun(room).told("reconciled")
    assert page(room, places, "migration", lab=OTHER_LAB).status_code == 404
    with CaptureQueriesContext(connection) as few:
        page(room, places, "migration")
    for _ in range(15):
        look(places, places.director.handle)
    with CaptureQueriesContext(connection) as many:
        page(room, places, "migration")
    assert len(many) <= len(few)
    assert len(samples(places.row)) == 10
