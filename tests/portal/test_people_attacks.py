"""Attacks on the way in and on who may do what: each must fail, and say nothing that helps."""

import re
from pathlib import Path

import pytest
from allauth.mfa.models import Authenticator
from allauth.mfa.totp.internal.auth import (
    TOTP,
    format_hotp_value,
    generate_totp_secret,
    hotp_value,
    yield_hotp_counters_from_time,
)
from allauth.usersessions.models import UserSession
from django.contrib.sessions.models import Session
from django.test import Client
from django.utils import timezone

from ecluse.domain.errors import ForbiddenError, UnseenError, UsageError
from ecluse.domain.networks import same_network
from ecluse.domain.permissions import Role
from ecluse.domain.room import RoomEvent
from ecluse.store.acts import access, people
from ecluse.store.models import Invitation, JournalLine, Membership, Organisation, Person, Recovery
from ecluse.store.recording import SYSTEM, acting
from rooms import LAB, OTHER_LAB, PASSWORD, VENDOR, Room

HERE = f"/people/{LAB}"


def anonymous(**given: str) -> Client:
    return Client(headers={"host": "localhost"}, **given)  # type: ignore[arg-type]


def place(slug: str = LAB) -> Organisation:
    return Organisation.objects.get(slug=slug)


def invited(slug: str, role: Role, email: str, name: str = "Zoé") -> str:
    return people.invite(SYSTEM, place(slug), role, email, name)


def code_now(person: Person) -> str:
    secret = Authenticator.objects.get(user=person, type="totp").wrap().instance.data["secret"]
    return format_hotp_value(hotp_value(secret, next(iter(yield_hotp_counters_from_time()))))


def sign_in(person: Person, client: Client) -> str:
    """By password and app; gives the code that was used."""
    client.post("/account/login/", {"login": person.email, "password": PASSWORD})
    code = code_now(person)
    assert client.post("/account/2fa/authenticate/", {"code": code})["Location"] == "/"
    return code


def signed_out(client: Client) -> bool:
    return str(client.get("/me/").headers.get("Location", "")).startswith("/account/login/")


def test_a_spent_or_expired_invitation_opens_nothing(room: Room) -> None:
    secret = invited(LAB, Role.DPO, "zoe@x.example")
    assert anonymous().post(f"/join/{secret}/", {"name": "Zoé", "email": "zoe@x.example"})["Location"] == "/enrol/"
    assert anonymous().post(f"/join/{secret}/", {"name": "Zoé", "email": "zoe@x.example"}).status_code == 404
    late = invited(LAB, Role.DPO, "late@x.example")
    with acting(SYSTEM) as act:
        Invitation.objects.filter(email="late@x.example").update(expires_at=timezone.now())
        act.record(RoomEvent.INVITATION_WITHDRAWN, LAB, subject="test")
    assert anonymous().get(f"/join/{late}/").status_code == 404


def test_an_invitation_to_who_is_here_signs_nobody_in(room: Room) -> None:
    dpo = room.people[LAB, Role.DPO]
    secret = invited(OTHER_LAB, Role.DIRECTOR, dpo.email)
    thief = anonymous()
    for answer in (thief.get(f"/join/{secret}/"), thief.post(f"/join/{secret}/", {"name": "x", "email": dpo.email})):
        assert answer["Location"].startswith("/account/login/?next=")
    assert signed_out(thief)
    assert len(dpo.grants()) == 1
    client = room.client(LAB, Role.DPO)
    assert client.post(f"/join/{secret}/")["Location"] == "/"
    assert {grant.organisation for grant in dpo.grants()} == {LAB, OTHER_LAB}


def test_a_link_handed_on_is_of_no_use(room: Room) -> None:
    dpo = room.people[LAB, Role.DPO]
    secret = invited(LAB, Role.DIRECTOR, dpo.email)
    assert room.client(LAB, Role.ENGINEER).post(f"/join/{secret}/").status_code == 403
    assert Role.DIRECTOR not in {grant.role for grant in room.people[LAB, Role.ENGINEER].grants()}
    fresh = invited(LAB, Role.DIRECTOR, "zoe@x.example")
    guesser = anonymous()
    page = guesser.get(f"/join/{fresh}/").text
    assert "zoe@x.example" not in page
    for number in range(5):
        assert guesser.post(f"/join/{fresh}/", {"name": "x", "email": f"g{number}@x.example"}).status_code == 200
    assert guesser.post(f"/join/{fresh}/", {"name": "x", "email": "zoe@x.example"}).status_code == 404


def test_a_person_waiting_to_be_recovered_is_not_taken_over_by_an_invitation(room: Room) -> None:
    dpo = room.people[LAB, Role.DPO]
    with acting(SYSTEM) as act:
        Authenticator.objects.filter(user=dpo).delete()
        Person.objects.filter(pk=dpo.pk).update(enrolled_at=timezone.now())
        act.record(RoomEvent.AUTHENTICATOR_REMOVED, LAB, subject=dpo.handle)
    for slug in (LAB, OTHER_LAB):
        secret = invited(slug, Role.AUDITOR, dpo.email)
        thief = anonymous()
        thief.post(f"/join/{secret}/", {"name": "x", "email": dpo.email})
        assert signed_out(thief)


def test_nobody_who_left_is_invited_back_by_one(room: Room) -> None:
    dpo, by = room.people[LAB, Role.DPO], room.people[LAB, Role.ADMINISTRATOR]
    access.leave(by.handle, place(), dpo, by=by)
    with pytest.raises(UsageError, match="has left"):
        invited(OTHER_LAB, Role.DPO, dpo.email)


def test_nothing_works_before_the_first_enrolment(room: Room) -> None:
    secret = invited(LAB, Role.ADMINISTRATOR, "zoe@x.example")
    client = anonymous()
    client.post(f"/join/{secret}/", {"name": "Zoé", "email": "zoe@x.example"})
    for path in (
        "/",
        "/people/",
        f"{HERE}/",
        f"{HERE}/invite/",
        "/me/",
        f"{HERE}/review/",
        "/account/password/change/",
    ):
        answer = client.get(path)
        assert (answer.status_code, answer.headers.get("Location")) == (302, "/enrol/"), path
    assert client.post(f"{HERE}/invite/", {"name": "x", "email": "x@x.example", "role": "dpo"})["Location"] == "/enrol/"
    assert not Invitation.objects.filter(email="x@x.example").exists()


def test_edited_forms_reach_nobody_elses_people(room: Room) -> None:
    client = room.client(LAB, Role.ADMINISTRATOR)
    other, vendor = room.people[OTHER_LAB, Role.ENGINEER], room.people[VENDOR, Role.ENGINEER]
    given = {"name": "x", "email": "x@x.example", "role": "director"}
    assert client.post(f"/people/{VENDOR}/invite/", given).status_code == 404
    assert client.post(f"/people/{OTHER_LAB}/invite/", given).status_code == 404
    for person in (other, vendor):
        # one's own organisation in the address, another's person
        assert client.post(f"{HERE}/of/{person.handle}/grant/", {"role": "director"}).status_code == 404
        assert client.post(f"{HERE}/of/{person.handle}/leave/").status_code == 404
        assert client.post(f"{HERE}/of/{person.handle}/sessions/end/").status_code == 404
        assert client.post(f"{HERE}/of/{person.handle}/recover/").status_code == 404
    theirs = Membership.objects.get(person=other)
    mine = room.people[LAB, Role.ENGINEER].handle
    assert client.post(f"{HERE}/of/{mine}/roles/{theirs.pk}/withdraw/").status_code == 404
    secret = invited(OTHER_LAB, Role.DPO, "y@x.example")
    foreign = Invitation.objects.get(email="y@x.example")
    assert client.post(f"{HERE}/invitations/{foreign.pk}/withdraw/").status_code == 404
    assert people.open_invitation(secret)
    assert client.post(f"{HERE}/of/{mine}/grant/", {"role": "root"}).status_code == 200
    assert len(room.people[LAB, Role.ENGINEER].grants()) == 1


def test_nobody_grants_or_reviews_themself(room: Room) -> None:
    administrator = room.people[LAB, Role.ADMINISTRATOR]
    client = room.client(LAB, Role.ADMINISTRATOR)
    client.post(f"{HERE}/of/{administrator.handle}/grant/", {"role": "director"})
    assert {grant.role for grant in administrator.grants()} == {Role.ADMINISTRATOR}
    with pytest.raises(ForbiddenError):
        access.leave(administrator.handle, place(), administrator, by=administrator)
    for role in (Role.DIRECTOR, Role.AUDITOR, Role.DPO, Role.ENGINEER):
        answer = room.client(LAB, role).post(f"{HERE}/invite/", {"name": "x", "email": "x@x.example", "role": "dpo"})
        assert answer.status_code == 403


def test_a_recovery_is_not_approved_by_who_asked_or_by_its_person(room: Room) -> None:
    dpo, by = room.people[LAB, Role.DPO], room.people[LAB, Role.ADMINISTRATOR]
    asked = access.ask_recovery(by.handle, place(), dpo, by=by)
    for person in (by, dpo):
        with pytest.raises(ForbiddenError):
            access.approve_recovery(person.handle, asked, by=person)
    with pytest.raises(ForbiddenError):
        access.ask_recovery(by.handle, place(), by, by=by)
    # asked by somebody who is administrator no more
    stale = access.ask_recovery(SYSTEM, place(), room.people[LAB, Role.ENGINEER], by=room.people[LAB, Role.AUDITOR])
    with pytest.raises(ForbiddenError, match="no administrator any more"):
        access.approve_recovery(by.handle, stale, by=by)
    foreign = room.client(OTHER_LAB, Role.ADMINISTRATOR)
    assert foreign.post(f"{HERE}/recoveries/{asked.pk}/", {"decision": "approve"}).status_code == 404
    assert foreign.post(f"/people/{OTHER_LAB}/recoveries/{asked.pk}/", {"decision": "approve"}).status_code == 404
    assert Recovery.objects.get(pk=asked.pk).approved_at is None


def test_a_recovery_link_works_once(room: Room) -> None:
    dpo, by = room.people[LAB, Role.DPO], room.people[LAB, Role.ADMINISTRATOR]
    asked = access.ask_recovery(SYSTEM, place(), dpo, by=by)
    with acting(SYSTEM) as act:
        Membership.objects.create(person=room.people[LAB, Role.DIRECTOR], organisation=place(), role="administrator")
        act.record(RoomEvent.GRANTED, LAB, subject="test")
    secret = access.approve_recovery(SYSTEM, asked, by=room.people[LAB, Role.DIRECTOR])
    found = access.open_recovery(secret, timezone.now())
    assert found is not None
    access.recover(SYSTEM, found)
    with pytest.raises(UnseenError):
        access.recover(SYSTEM, found)
    assert access.open_recovery("", timezone.now()) is None


def test_a_code_of_the_app_counts_once(room: Room) -> None:
    dpo = room.people[LAB, Role.DPO]
    used = sign_in(dpo, anonymous())
    thief = anonymous()
    thief.post("/account/login/", {"login": dpo.email, "password": PASSWORD})
    assert thief.post("/account/2fa/authenticate/", {"code": used}).status_code == 200
    assert signed_out(thief)


def test_a_password_alone_opens_nothing(room: Room) -> None:
    client = anonymous()
    dpo = room.people[LAB, Role.DPO]
    answer = client.post("/account/login/", {"login": dpo.email, "password": PASSWORD})
    assert answer["Location"] == "/account/2fa/authenticate/"
    assert signed_out(client)


def test_brute_force_is_slowed_and_journalled(room: Room) -> None:
    dpo = room.people[LAB, Role.DPO]
    client = anonymous()
    for _ in range(6):
        client.post("/account/login/", {"login": dpo.email, "password": "wrong"})
    answer = client.post("/account/login/", {"login": dpo.email, "password": PASSWORD})
    assert answer.status_code in {200, 429}
    assert signed_out(client)
    assert JournalLine.objects.filter(event="person.sign_in_failed", subject=dpo.handle).count() >= 5
    # the app's code as well
    other = room.people[LAB, Role.AUDITOR]
    guesser = anonymous(REMOTE_ADDR="192.0.2.9")
    guesser.post("/account/login/", {"login": other.email, "password": PASSWORD})
    for number in range(6):
        guesser.post("/account/2fa/authenticate/", {"code": f"{number:06}"})
    assert guesser.post("/account/2fa/authenticate/", {"code": code_now(other)}).status_code == 200
    assert signed_out(guesser)


def test_an_unknown_address_is_answered_as_a_wrong_password(room: Room) -> None:
    said = []
    for address in (room.people[LAB, Role.DPO].email, "nobody@x.example"):
        page = anonymous().post("/account/login/", {"login": address, "password": "wrong"}).text
        said.append(re.sub(r"value=\"[^\"]*\"", "", page).replace(address, ""))
    assert said[0] == said[1]


def test_a_session_set_beforehand_is_not_taken_over(room: Room) -> None:
    client = anonymous()
    client.get("/account/login/")
    client.post("/account/login/", {"login": "nobody@x.example", "password": "x"})
    before = client.session.session_key
    sign_in(room.people[LAB, Role.DPO], client)
    assert client.session.session_key != before
    assert not Session.objects.filter(session_key=before).exists()


@pytest.mark.parametrize("host", ["evil.example", "localhost.evil.example", "localhost:80@evil.example", ""])
def test_another_host_is_refused(room: Room, host: str) -> None:
    assert Client(headers={"host": host}).get("/account/login/").status_code == 400


@pytest.mark.parametrize("path", ["//evil.example/", "https://evil.example/", "/\\evil.example", "javascript:alert(1)"])
def test_nobody_is_sent_elsewhere(room: Room, path: str) -> None:
    client, dpo = anonymous(), room.people[LAB, Role.DPO]
    assert client.post("/language/", {"language": "en", "next": path})["Location"] == "/"
    client.post(f"/account/login/?next={path}", {"login": dpo.email, "password": PASSWORD, "next": path})
    assert client.post("/account/2fa/authenticate/", {"code": code_now(dpo)})["Location"] == "/"


def test_a_form_from_elsewhere_is_refused(room: Room) -> None:
    strict = Client(enforce_csrf_checks=True, headers={"host": "localhost"})
    with acting(SYSTEM):
        strict.force_login(room.people[LAB, Role.ADMINISTRATOR], "allauth.account.auth_backends.AuthenticationBackend")
    answer = strict.post(f"{HERE}/invite/", {"name": "x", "email": "x@x.example", "role": "dpo"})
    assert answer.status_code == 403
    assert not Invitation.objects.filter(email="x@x.example").exists()


def test_hostile_names_are_shown_as_text(room: Room) -> None:
    hostile = "<script>alert(1)</script>\"'{{ 7|add:7 }}"
    secret = invited(LAB, Role.DPO, "zoe@x.example", hostile)
    anonymous().post(f"/join/{secret}/", {"name": hostile, "email": "zoe@x.example"})
    made = Person.objects.get(email="zoe@x.example")
    client = room.client(LAB, Role.ADMINISTRATOR)
    for path in (f"{HERE}/", f"{HERE}/of/{made.handle}/", f"{HERE}/review/", f"{HERE}/of/{made.handle}/leave/"):
        page = client.get(path).text
        assert "<script>alert" not in page
        assert "&lt;script&gt;" in page


def test_one_account_at_two_places_is_told(room: Room) -> None:
    dpo = room.people[LAB, Role.DPO]
    here, near, far = (anonymous(REMOTE_ADDR=ip) for ip in ("192.0.2.10", "192.0.2.77", "198.51.100.7"))
    sign_in(dpo, here)
    here.get("/")
    with acting(SYSTEM) as act:  # another code, without waiting for the clock
        Authenticator.objects.filter(user=dpo).delete()
        TOTP.activate(dpo, generate_totp_secret())
        act.record(RoomEvent.AUTHENTICATOR_ADDED, LAB, subject=dpo.handle)
    sign_in(dpo, near)
    assert not JournalLine.objects.filter(event="person.session_elsewhere").exists()
    near.get("/")
    with acting(SYSTEM) as act:
        Authenticator.objects.filter(user=dpo).delete()
        TOTP.activate(dpo, generate_totp_secret())
        act.record(RoomEvent.AUTHENTICATOR_ADDED, LAB, subject=dpo.handle)
    sign_in(dpo, far)
    assert JournalLine.objects.filter(event="person.session_elsewhere", subject=dpo.handle).count() == 1
    english = {"accept-language": "en"}
    assert "open at" in far.get("/", headers=english).text
    assert "open at two places" in here.get("/me/", headers=english).text
    assert "one account at two places" in room.client(LAB, Role.SECURITY_OFFICER).get("/", headers=english).text
    assert (
        "one account at two places" not in room.client(OTHER_LAB, Role.SECURITY_OFFICER).get("/", headers=english).text
    )


def test_a_cookie_that_moves_is_told(room: Room) -> None:
    client = room.client(LAB, Role.DPO)
    client.get("/me/")
    client.get("/me/", REMOTE_ADDR="198.51.100.7")
    assert JournalLine.objects.filter(event="person.session_elsewhere").get().detail == {"how": "moved"}
    assert UserSession.objects.get().ip == "198.51.100.7"


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [("192.0.2.1", "192.0.2.254", True), ("192.0.2.1", "192.0.3.1", False), ("2001:db8::1", "2001:db8:0:9::1", True),
     ("2001:db8::1", "2001:db9::1", False), ("192.0.2.1", "::1", False), ("x", "x", True), ("x", "192.0.2.1", False)],
)  # fmt: skip
def test_networks(one: str, other: str, same: bool) -> None:
    assert same_network(one, other) is same


def test_no_page_has_inline_code(room: Room) -> None:
    """The content policy would refuse it; so would our templates' test, with the line."""
    folder = Path(people.__file__).parents[2] / "portal" / "templates"
    for template in folder.rglob("*.html"):
        text = template.read_text()
        assert not re.search(r"<script(?![^>]*\bsrc=)[^>]*>", text), template
        assert not re.search(r"<style|\sstyle=|\son[a-z]+\s*=\s*[\"']|hx-on|javascript:", text), template
