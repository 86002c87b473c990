"""People and access: each act, and what the pages show of it."""

import datetime as dt
import re

import pytest
from allauth.mfa.models import Authenticator
from allauth.mfa.totp.internal.auth import format_hotp_value, hotp_value, yield_hotp_counters_from_time
from django.core import mail
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext, override_settings
from django.utils import timezone

from ecluse.domain.addresses import shared_name
from ecluse.domain.errors import UsageError
from ecluse.domain.permissions import Action, Role, Side
from ecluse.domain.room import RoomEvent
from ecluse.portal.__main__ import first_link
from ecluse.store.acts import access, people
from ecluse.store.acts.tokens import make
from ecluse.store.models import (
    AccessReview,
    Agent,
    ApiToken,
    Invitation,
    JournalLine,
    Membership,
    Organisation,
    Person,
    Recovery,
)
from ecluse.store.recording import SYSTEM, acting
from rooms import LAB, OTHER_LAB, PASSWORD, VENDOR, Room

HERE = f"/people/{LAB}"


def place(slug: str = LAB) -> Organisation:
    return Organisation.objects.get(slug=slug)


def anonymous() -> Client:
    return Client(headers={"host": "localhost"})


def of(person: Person) -> str:
    return f"{HERE}/of/{person.handle}"


def last_event(subject: str) -> str:
    return JournalLine.objects.filter(subject=subject)[0].event


def second_administrator() -> Person:
    found = place()
    secret = people.invite(SYSTEM, found, Role.ADMINISTRATOR, "zoe.second@trois-rivieres.example", "Zoé Second")
    invitation = people.open_invitation(secret)
    assert invitation is not None
    made = people.join(SYSTEM, invitation, "Zoé Second", "fr")
    with acting(SYSTEM) as act:
        Authenticator.objects.create(user=made, type="totp", data={})
        act.record(RoomEvent.AUTHENTICATOR_ADDED, LAB, subject=made.handle)
    return made


def code_of(secret: str) -> str:
    return format_hotp_value(hotp_value(secret, next(iter(yield_hotp_counters_from_time()))))


@pytest.mark.parametrize(
    "address",
    ["info@x.fr", "labo@x.fr", "secretariat@x.fr", "contact@x.fr", "Labo2@x.fr", "labo.nord@x.fr", "no-reply@x.fr", "DPO@x.fr", "secretariat-nord@x.fr"],
)  # fmt: skip
def test_addresses_of_many_are_told(address: str) -> None:
    assert shared_name(address)


@pytest.mark.parametrize("address", ["zoe.labo@x.fr", "martin@x.fr", "i.n.fo@x.fr", "laborde@x.fr", "dr.info@x.fr"])
def test_addresses_of_one_are_not(address: str) -> None:
    assert shared_name(address) is None


def test_an_invitation_is_shown_once_and_kept_nowhere(room: Room) -> None:
    client = room.client(LAB, Role.ADMINISTRATOR)
    given = {"name": "Zoé Neuf", "email": "zoe@trois-rivieres.example", "role": "dpo"}
    answer = client.post(f"{HERE}/invite/", given)
    assert answer.status_code == 200
    found = re.search(r"http://localhost/join/([\w-]+)/", answer.text)
    assert found
    assert people.open_invitation(found[1])
    assert found[1] not in client.get(f"{HERE}/").text
    assert not Invitation.objects.filter(digest__contains=found[1]).exists()
    assert JournalLine.objects.filter(event="person.invited")[0].actor == room.people[LAB, Role.ADMINISTRATOR].handle


@override_settings(EMAIL_BACKEND="django.core.mail.backends.locmem.EmailBackend")
def test_it_is_mailed_where_the_room_can(room: Room) -> None:
    mail.outbox = []
    given = {"name": "Zoé Neuf", "email": "zoe@trois-rivieres.example", "role": "dpo"}
    room.client(LAB, Role.ADMINISTRATOR).post(f"{HERE}/invite/", given)
    assert [each.to for each in mail.outbox] == [["zoe@trois-rivieres.example"]]
    assert "/join/" in mail.outbox[0].body


def test_a_shared_address_is_refused_with_the_reason(room: Room) -> None:
    given = {"name": "Secrétariat", "email": "secretariat@trois-rivieres.example", "role": "dpo"}
    answer = room.client(LAB, Role.ADMINISTRATOR).post(f"{HERE}/invite/", given, headers={"accept-language": "fr"})
    assert "plusieurs personnes lisent" in answer.text
    with pytest.raises(UsageError, match="read by several people"):
        people.invite(SYSTEM, place(), Role.DPO, "info@trois-rivieres.example", "Info")


def test_an_invitation_is_withdrawn(room: Room) -> None:
    secret = people.invite(SYSTEM, place(), Role.DPO, "zoe@x.example", "Zoé")
    invitation = Invitation.objects.get(email="zoe@x.example")
    room.client(LAB, Role.ADMINISTRATOR).post(f"{HERE}/invitations/{invitation.pk}/withdraw/")
    assert people.open_invitation(secret) is None
    assert anonymous().get(f"/join/{secret}/").status_code == 404


def test_a_role_is_given_and_ended(room: Room) -> None:
    engineer = room.people[LAB, Role.ENGINEER]
    client = room.client(LAB, Role.ADMINISTRATOR)
    assert client.post(f"{of(engineer)}/grant/", {"role": "auditor"}).status_code == 302
    assert last_event(engineer.handle) == "person.granted"
    held = Membership.objects.get(person=engineer, role="auditor")
    assert client.post(f"{of(engineer)}/roles/{held.pk}/withdraw/").status_code == 302
    held.refresh_from_db()
    assert held.until is not None
    assert last_event(engineer.handle) == "person.withdrawn"


def test_the_last_administrator_stays(room: Room) -> None:
    officer, administrator = room.client(LAB, Role.SECURITY_OFFICER), room.people[LAB, Role.ADMINISTRATOR]
    held = Membership.objects.get(person=administrator)
    assert officer.post(f"{of(administrator)}/roles/{held.pk}/withdraw/").status_code == 422
    assert officer.post(f"{of(administrator)}/leave/").status_code == 422
    assert Membership.objects.get(pk=held.pk).until is None


def test_whoever_leaves_is_gone_at_once_and_what_they_did_stays(room: Room) -> None:
    engineer = room.people[LAB, Role.ENGINEER]
    theirs = room.client(LAB, Role.ENGINEER)
    assert theirs.get("/me/").status_code == 200
    make(engineer.handle, engineer, "ci", [Action.SEE_ORDER], 30)
    with acting(SYSTEM) as act:
        agent = Agent.objects.create(handle="agent-s", organisation=place(), owner=engineer, place="source")
        act.record(RoomEvent.AGENT_INVITED, LAB, subject="agent-s")
    lines = JournalLine.objects.filter(subject=engineer.handle).count()
    client = room.client(LAB, Role.ADMINISTRATOR)
    assert "agent-s" in client.get(f"{of(engineer)}/leave/").text
    assert client.post(f"{of(engineer)}/leave/").status_code == 200  # an heir is asked for
    assert theirs.get("/me/").status_code == 200
    heir = room.people[LAB, Role.DIRECTOR]
    assert client.post(f"{of(engineer)}/leave/", {"heir": heir.handle}).status_code == 302
    assert theirs.get("/me/")["Location"].startswith("/account/login/")
    engineer.refresh_from_db()
    agent.refresh_from_db()
    assert (engineer.is_active, engineer.has_usable_password(), agent.owner_id) == (False, False, heir.pk)
    assert not Authenticator.objects.filter(user=engineer).exists()
    assert not ApiToken.objects.filter(person=engineer, revoked_at=None).exists()
    assert JournalLine.objects.filter(subject=engineer.handle).count() > lines
    detail = JournalLine.objects.filter(event="person.left").get().detail
    assert (detail["sessions"], detail["tokens"], detail["authenticators"], detail["agents"]) == (1, 1, 1, 1)
    assert client.get(f"{HERE}/").status_code == client.get(f"{of(engineer)}/").status_code == 200


def test_a_sign_in_of_whoever_left_fails(room: Room) -> None:
    engineer = room.people[LAB, Role.ENGINEER]
    room.client(LAB, Role.ADMINISTRATOR).post(f"{of(engineer)}/leave/")
    answer = anonymous().post("/account/login/", {"login": engineer.email, "password": PASSWORD})
    assert answer.status_code == 200


def test_who_serves_two_laboratories_leaves_one(room: Room) -> None:
    dpo = room.people[LAB, Role.DPO]
    secret = people.invite(SYSTEM, place(OTHER_LAB), Role.DPO, dpo.email, dpo.name)
    invitation = people.open_invitation(secret)
    assert invitation is not None
    people.accept(dpo.handle, invitation, dpo)
    room.client(LAB, Role.ADMINISTRATOR).post(f"{of(dpo)}/leave/")
    dpo.refresh_from_db()
    assert dpo.is_active
    assert [grant.organisation for grant in dpo.grants()] == [OTHER_LAB]
    assert Authenticator.objects.filter(user=dpo).exists()


def test_a_review_decides_on_every_role(room: Room) -> None:
    client = room.client(LAB, Role.SECURITY_OFFICER)
    held = list(Membership.objects.filter(organisation=place(), until=None))
    auditor = room.people[LAB, Role.AUDITOR]
    some = {f"role-{each.pk}": "keep" for each in held[1:]}
    assert "off" in client.post(f"{HERE}/review/", some).text
    assert not AccessReview.objects.exists()
    given = {f"role-{each.pk}": "withdraw" if each.person_id == auditor.pk else "keep" for each in held}
    assert client.post(f"{HERE}/review/", given).status_code == 302
    review = AccessReview.objects.get()
    assert (review.kept, review.withdrawn) == (len(held) - 1, 1)
    assert not auditor.grants()
    assert last_event(LAB) == "person.access_reviewed"


def test_a_review_waits_after_six_months(room: Room) -> None:
    client = room.client(LAB, Role.SECURITY_OFFICER)
    assert f"{HERE}/review/" not in client.get("/").text
    with acting(SYSTEM) as act:
        Organisation.objects.filter(slug=LAB).update(added_at=timezone.now() - dt.timedelta(days=200))
        act.record(RoomEvent.ACCOUNT_CHANGED, LAB, subject=LAB)
    page = client.get("/", headers={"accept-language": "en"}).text
    assert f"{HERE}/review/" in page
    assert "overdue by 17 days" in page


def test_training_is_recorded_and_runs_out(room: Room) -> None:
    person, dpo = room.people[LAB, Role.APPROVER], room.client(LAB, Role.DPO)
    today = timezone.localdate()
    told = {"subject": "HL7", "done_on": today - dt.timedelta(days=360), "expires_on": today + dt.timedelta(days=5)}
    assert dpo.post(f"{of(person)}/training/", told).status_code == 302
    assert last_event(person.handle) == "person.trained"
    english = {"accept-language": "en"}
    assert "5 days left" in room.client(LAB, Role.APPROVER).get("/", headers=english).text
    assert "missing or running out" in dpo.get("/", headers=english).text
    wrong = told | {"expires_on": today - dt.timedelta(days=400)}
    assert dpo.post(f"{of(person)}/training/", wrong).status_code == 200
    assert person.trainings.count() == 1
    assert room.client(LAB, Role.ADMINISTRATOR).get("/").status_code == 200
    assert room.client(LAB, Role.AUDITOR).post(f"{of(person)}/training/", told).status_code == 403


def test_a_recovery_takes_two(room: Room) -> None:
    engineer, first = room.people[LAB, Role.ENGINEER], room.client(LAB, Role.ADMINISTRATOR)
    theirs = room.client(LAB, Role.ENGINEER)
    other = second_administrator()
    assert first.post(f"{of(engineer)}/recover/").status_code == 302
    asked = Recovery.objects.get()
    page = f"{HERE}/recoveries/{asked.pk}/"
    assert first.post(page, {"decision": "approve"}).status_code == 403
    second = anonymous()
    with acting(other.handle):
        second.force_login(other, backend="allauth.account.auth_backends.AuthenticationBackend")
    assert engineer.name in second.get("/").text
    link = re.search(r"/recover/([\w-]+)/", second.post(page, {"decision": "approve"}).text)
    assert link
    assert Authenticator.objects.filter(user=engineer).exists()
    newcomer = anonymous()
    assert newcomer.get(link[0]).status_code == 200
    assert newcomer.post(link[0])["Location"] == "/enrol/"
    assert newcomer.get("/people/")["Location"] == "/enrol/"
    assert not Authenticator.objects.filter(user=engineer).exists()
    assert theirs.get("/me/")["Location"].startswith("/account/login/")
    assert anonymous().get(link[0]).status_code == 404
    events = set(JournalLine.objects.filter(subject=engineer.handle).values_list("event", flat=True))
    assert {"person.recovery_asked", "person.recovery_approved", "person.recovered"} <= events


def test_whoever_lost_nothing_refuses(room: Room) -> None:
    engineer = room.people[LAB, Role.ENGINEER]
    room.client(LAB, Role.ADMINISTRATOR).post(f"{of(engineer)}/recover/")
    asked, client = Recovery.objects.get(), room.client(LAB, Role.ENGINEER)
    assert "/me/" in client.get("/").text
    assert client.post(f"/me/recoveries/{asked.pk}/refuse/").status_code == 302
    with pytest.raises(UsageError, match="not open any more"):
        access.approve_recovery(SYSTEM, asked, by=second_administrator())


def test_a_recovery_hands_out_nothing_of_another_laboratory(room: Room) -> None:
    dpo = room.people[LAB, Role.DPO]
    secret = people.invite(SYSTEM, place(OTHER_LAB), Role.DIRECTOR, dpo.email, dpo.name)
    invitation = people.open_invitation(secret)
    assert invitation is not None
    people.accept(dpo.handle, invitation, dpo)
    by = room.people[LAB, Role.ADMINISTRATOR]
    asked = access.ask_recovery(by.handle, place(), dpo, by=by)
    link = access.approve_recovery(SYSTEM, asked, by=second_administrator())
    found = access.open_recovery(link, timezone.now())
    assert found is not None
    access.recover(dpo.handle, found)
    assert [grant.organisation for grant in dpo.grants()] == [LAB]


def test_an_app_and_its_password_are_enrolled_together(room: Room) -> None:
    secret = people.invite(SYSTEM, place(), Role.DPO, "zoe@x.example", "Zoé Neuf")
    client = anonymous()
    client.post(f"/join/{secret}/", {"name": "Zoé Neuf", "email": "Zoe@x.example"})
    shown = re.search(r'<code class="secret">(\w+)</code>', client.get("/enrol/app/").text)
    assert shown
    weak = {"password": "azerty", "again": "azerty", "code": code_of(shown[1])}
    assert client.post("/enrol/app/", weak).status_code == 200
    person = Person.objects.get(email="zoe@x.example")
    assert not Authenticator.objects.filter(user=person).exists()
    assert not person.has_usable_password()
    told = {"password": PASSWORD, "again": PASSWORD, "code": code_of(shown[1])}
    assert client.post("/enrol/app/", told)["Location"] == "/"
    assert client.get("/").status_code == 200
    fresh = anonymous()
    assert (
        fresh.post("/account/login/", {"login": "zoe@x.example", "password": PASSWORD})["Location"]
        == "/account/2fa/authenticate/"
    )
    assert fresh.get("/me/")["Location"].startswith("/account/login/")


def test_own_sessions_are_seen_and_ended(room: Room) -> None:
    first, second = room.client(LAB, Role.DPO), room.client(LAB, Role.DPO)
    assert first.get("/me/").status_code == second.get("/me/").status_code == 200
    first.get("/me/")
    found = re.search(r"/me/sessions/(\d+)/end/", first.get("/me/").text)
    assert found
    assert first.post(found[0]).status_code == 302
    assert second.get("/me/")["Location"].startswith("/account/login/")
    assert first.get("/me/").status_code == 200
    assert last_event(room.people[LAB, Role.DPO].handle) == "person.session_ended"


def test_the_last_authenticator_stays(room: Room) -> None:
    dpo, client = room.people[LAB, Role.DPO], room.client(LAB, Role.DPO)
    only = Authenticator.objects.get(user=dpo)
    with pytest.raises(UsageError, match="last authenticator"):
        access.remove_authenticator(dpo.handle, dpo, only.pk)
    assert client.post(f"/me/authenticators/{only.pk}/remove/")["Location"].startswith("/account/reauthenticate/")
    for name in ("totp/deactivate/", f"webauthn/keys/{only.pk}/remove/"):
        assert client.post(f"/account/2fa/{name}").status_code == 404


def test_few_queries_however_many_people(room: Room) -> None:
    client = room.client(LAB, Role.ADMINISTRATOR)
    for number in range(30):
        people.invite(SYSTEM, place(), Role.AUDITOR, f"zoe.{number}@x.example", f"Zoé {number}")
    client.get("/me/")
    for path in (f"{HERE}/", f"{HERE}/review/", f"{of(room.people[LAB, Role.DPO])}/", "/me/", "/"):
        with CaptureQueriesContext(connection) as queries:
            assert client.get(path).status_code == 200
        assert len(queries) < 20, (path, len(queries))


def test_roles_see_what_is_theirs(room: Room) -> None:
    assert room.client(LAB, Role.ENGINEER).get(f"{HERE}/").status_code == 403
    assert room.client(VENDOR, Role.ADMINISTRATOR).get(f"{HERE}/").status_code == 404
    assert room.client(LAB, Role.AUDITOR).get(f"{HERE}/").status_code == 200
    assert room.client(LAB, Role.AUDITOR).get(f"{HERE}/invite/").status_code == 403


def test_a_first_link_that_was_lost_is_given_again(room: Room) -> None:
    given = ("Salle neuve", Side.PROCESSOR, "Zoé", "zoe@neuve.example")
    assert first_link(*given) is None
    with acting(SYSTEM) as act:
        Authenticator.objects.all().delete()
        act.record(RoomEvent.AUTHENTICATOR_REMOVED, LAB, subject="test")
    link = first_link(*given)
    assert link
    client = anonymous()
    assert client.post(f"{link}", {"name": "Zoé", "email": "zoe@neuve.example"})["Location"] == "/enrol/"
    again = first_link(*given)
    assert again not in {None, link}
    assert anonymous().post(f"{again}", {"name": "Zoé", "email": "zoe@neuve.example"})["Location"] == "/enrol/"
    assert Person.objects.filter(email="zoe@neuve.example").count() == 1
    with acting(SYSTEM) as act:
        Person.objects.filter(email="zoe@neuve.example").update(enrolled_at=timezone.now())
        act.record(RoomEvent.AUTHENTICATOR_ADDED, LAB, subject="test")
    assert first_link(*given) is None
