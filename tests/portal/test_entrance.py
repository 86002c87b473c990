"""The way in, and the guard on every write."""

import datetime as dt

import pytest
from django.test import Client, override_settings

from ecluse.domain.errors import InternalError
from ecluse.domain.permissions import Role
from ecluse.journal import Journal
from ecluse.store.acts import people
from ecluse.store.journal_files import STORE, log_key
from ecluse.store.models import JournalLine, Organisation
from ecluse.store.recording import SYSTEM, acting
from rooms import Room


def test_whoever_is_in_sees_the_first_page(room: Room) -> None:
    response = room.client("trois-rivieres", Role.DIRECTOR).get("/")
    assert response.status_code == 200


def test_anonymous_people_are_sent_to_sign_in(room: Room) -> None:
    response = Client(headers={"host": "localhost"}).get("/")
    assert (response.status_code, response["Location"]) == (302, "/account/login/?next=/")


def test_an_invitation_leads_to_a_second_factor_and_nowhere_else(room: Room) -> None:
    organisation = Organisation.objects.get(slug="trois-rivieres")
    secret = people.invite(SYSTEM, organisation, Role.DPO, "new@trois-rivieres.example", "Dr Neuf")
    client = Client(headers={"host": "localhost"})
    assert client.get(f"/join/{secret}/").status_code == 200
    response = client.post(f"/join/{secret}/", {"name": "Dr Neuf", "email": "new@trois-rivieres.example"})
    assert (response.status_code, response["Location"]) == (302, "/enrol/")
    assert client.get("/")["Location"] == "/enrol/"
    assert client.get("/account/2fa/webauthn/add/").status_code == 200
    assert client.get("/enrol/app/").status_code == 200
    events = list(JournalLine.objects.values_list("event", flat=True)[:2])
    assert events == ["person.signed_in", "person.joined"]
    assert Client(headers={"host": "localhost"}).get(f"/join/{secret}/").status_code == 404


@pytest.mark.parametrize("path", ["signup/", "email/", "password/reset/"])
def test_the_accounts_librarys_other_doors_are_shut(room: Room, path: str) -> None:
    for client in (Client(headers={"host": "localhost"}), room.client("trois-rivieres", Role.DIRECTOR)):
        assert client.get(f"/account/{path}").status_code == 404
        assert client.post(f"/account/{path}").status_code == 404


def test_a_write_outside_an_act_is_refused(room: Room) -> None:
    with pytest.raises(InternalError, match="a write to store_organisation outside an act"):
        Organisation.objects.filter(slug="trois-rivieres").update(name="another")


def test_an_act_that_records_nothing_is_undone(room: Room) -> None:
    with pytest.raises(InternalError, match="without a journal entry: store_organisation"), acting(SYSTEM):
        Organisation.objects.filter(slug="trois-rivieres").update(name="another")
    assert Organisation.objects.get(slug="trois-rivieres").name == "Laboratoire des Trois Rivières"


def test_the_rooms_journal_is_one_that_verifies(room: Room) -> None:
    journal = Journal.open(STORE, log_key())
    assert journal.size == JournalLine.objects.count() > 40


def test_security_txt_points_to_this_rooms_own_page_and_to_what_was_added(room: Room) -> None:
    client = Client(headers={"host": "localhost"})
    lines = client.get("/.well-known/security.txt").content.decode().splitlines()
    assert lines[0] == "Contact: http://localhost/report/"
    assert {"Preferred-Languages: fr, en", "Canonical: http://localhost/.well-known/security.txt"} <= set(lines)
    expires = next(line for line in lines if line.startswith("Expires: ")).removeprefix("Expires: ")
    left = dt.datetime.fromisoformat(expires) - dt.datetime.now(dt.UTC)
    assert dt.timedelta(days=170) < left < dt.timedelta(days=365), "RFC 9116, 2.5.5: less than a year"
    with override_settings(SECURITY_CONTACT="mailto:security@logiciel.example"):
        lines = client.get("/.well-known/security.txt").content.decode().splitlines()
    assert lines[:2] == ["Contact: http://localhost/report/", "Contact: mailto:security@logiciel.example"]
