"""Migrations on the screens: the walk, instructions and decisions by passkey, the account, the evidence."""

import base64
import datetime as dt
from typing import Any

import pytest
from django.urls import reverse
from django.utils import timezone

from ecluse.domain.instruction import Action, Instruction
from ecluse.domain.permissions import Role
from ecluse.domain.records import Acceptance
from ecluse.domain.room import RoomEvent
from ecluse.portal.signing import _KEY
from ecluse.seal.signing import allowed_signers
from ecluse.store.models import JournalLine, Migration, Paper
from ecluse.store.reads.papers import signatures_of
from ecluse.store.recording import SYSTEM, acting
from ecluse.verify import Report, verify_bundle
from ecluse.wire.artefacts import decode
from room_migrations import STAGES, Places, begun, close_all
from room_papers import assertion_form, passkey_of
from rooms import LAB, OTHER_LAB, VENDOR, Room


def page(room: Room, places: Places, name: str = "migration", who: tuple[str, Role] = (LAB, Role.DIRECTOR)) -> str:
    """A page of a migration, as somebody sees it, in English."""
    client = room.client(*who)
    client.cookies["django_language"] = "en"
    response = client.get(reverse(name, args=[places.row.pk]))
    assert response.status_code == 200, response.content.decode()[:400]
    return str(response.content.decode())


@pytest.mark.parametrize("until", STAGES)
def test_every_page_shows_every_stage(room: Room, until: str) -> None:
    places = begun(room).told(until)
    assert places.row.state == until
    client = room.client(LAB, Role.DIRECTOR)
    for name in ("migration", "migration_lock", "migration_batches", "migration_decide", "migration_suspend"):
        for language in ("en", "fr"):
            client.cookies["django_language"] = language
            assert client.get(reverse(name, args=[places.row.pk])).status_code == 200, (name, language)
    report = client.get(reverse("migration_report", args=[places.row.pk]))
    assert report.status_code == (200 if STAGES.index(until) >= STAGES.index("reconciled") else 404)


def test_the_walk_shows_what_was_passed_and_where_it_stands(room: Room) -> None:
    text = page(room, begun(room).told("delivered"))
    assert text.count('class="done"') == 5
    assert text.count('aria-current="step"') == 1


def test_an_approved_order_without_a_report_can_be_looked_at(room: Room) -> None:
    places = begun(room)
    assert "No agent has reported yet" in page(room, places)
    evidence = room.client(LAB, Role.DIRECTOR).post(reverse("migration_evidence", args=[places.row.pk]))
    assert evidence.status_code == 422


def sign(room: Room, places: Places, name: str, form: dict[str, str], cls: type, who: tuple[str, Role]) -> Any:
    """Fill a form, then sign what the next page shows; gives the last response."""
    client, address = room.client(*who), reverse(name, args=[places.row.pk])
    shown = client.post(address, form)
    if shown.status_code != 200 or _KEY not in client.session:
        return shown
    value = decode(cls, base64.b64decode(client.session[_KEY]["data"]), file="it")
    return client.post(address, assertion_form(value, passkey_of(room.people[who])))


def test_a_stop_is_signed_and_waits_for_the_agents(room: Room) -> None:
    places = begun(room).told("extracting")
    who = (LAB, Role.DIRECTOR)
    response = sign(room, places, "migration_suspend", {"reason": "restored from a backup"}, Instruction, who)
    assert response.status_code == 302
    paper = Paper.objects.get(kind="instruction")
    made = decode(Instruction, bytes(paper.data), file="instruction")
    assert (made.action, made.reason, made.order) == (Action.SUSPEND, "restored from a backup", places.row.order.digest)
    assert set(signatures_of(paper.digest)) == {room.people[who].handle}
    assert Migration.objects.get(pk=places.row.pk).state == "extracting", "only an agent's report moves it"
    assert JournalLine.objects.filter(event="migration.instructed", subject=paper.digest).exists()
    again = sign(room, places, "migration_suspend", {"reason": "again"}, Instruction, who)
    assert again.status_code == 200
    assert Paper.objects.filter(kind="instruction").count() == 1
    on = sign(room, places, "migration_resume", {"reason": "looked at"}, Instruction, who)
    assert on.status_code == 302


def test_the_decision_is_signed_once(room: Room) -> None:
    places, who = begun(room).told("reconciled"), (LAB, Role.DIRECTOR)
    form = {"decision": "refused", "remarks": "<script>not yet</script>"}
    assert sign(room, places, "migration_decide", form, Acceptance, who).status_code == 302
    held = Paper.objects.get(kind="acceptance")
    assert decode(Acceptance, bytes(held.data), file="acceptance").decision == "refused"
    text = page(room, places)
    assert "<script>not" not in text
    assert "&lt;script&gt;not" in text
    again = sign(room, places, "migration_decide", {"decision": "accepted", "remarks": ""}, Acceptance, who)
    assert again.status_code == 200
    assert Paper.objects.filter(kind="acceptance").count() == 1


def test_an_assertion_counts_once_and_for_its_own_text(room: Room) -> None:
    places, who = begun(room).told("extracting"), (LAB, Role.DIRECTOR)
    client, key = room.client(*who), passkey_of(room.people[who])
    address = reverse("migration_suspend", args=[places.row.pk])
    client.post(address, {"reason": "first"})
    first = decode(Instruction, base64.b64decode(client.session[_KEY]["data"]), file="it")
    form = assertion_form(first, key)
    client.post(address, {"reason": "second"})
    assert client.post(address, form).status_code == 422, "the text that was offered last is another"
    assert client.post(address, form).status_code == 422, "nothing is offered any more"
    assert not Paper.objects.filter(kind="instruction").exists()
    other = passkey_of(room.people[LAB, Role.APPROVER])
    client.post(address, {"reason": "third"})
    third = decode(Instruction, base64.b64decode(client.session[_KEY]["data"]), file="it")
    assert client.post(address, assertion_form(third, other)).status_code == 422, "another person's passkey"
    assert not Paper.objects.filter(kind="instruction").exists()


def test_another_migrations_text_is_not_signed_here(room: Room) -> None:
    here, there = begun(room).told("extracting"), begun(room, LAB, "N").told("extracting")
    who = (LAB, Role.DIRECTOR)
    client, key = room.client(*who), passkey_of(room.people[who])
    client.post(reverse("migration_abort", args=[here.row.pk]), {"reason": "wrong one"})
    made = decode(Instruction, base64.b64decode(client.session[_KEY]["data"]), file="it")
    response = client.post(reverse("migration_abort", args=[there.row.pk]), assertion_form(made, key))
    assert response.status_code == 422
    assert not Paper.objects.filter(kind="instruction").exists()


def test_the_evidence_is_what_the_offline_verifier_accepts(room: Room, tmp_path: Any) -> None:
    for until in ("extracting", "reconciled", "erased"):
        places = begun(room, LAB, until).told(until)
        response = room.client(LAB, Role.AUDITOR).post(reverse("migration_evidence", args=[places.row.pk]))
        assert response.status_code == 200
        bundle = tmp_path / f"{until}.zip"
        bundle.write_bytes(response.content)
        trust = tmp_path / f"{until}.trust"
        parties = (places.agreement.controller, places.agreement.processor)
        trust.write_bytes(allowed_signers([(signer.id, signer.key) for party in parties for signer in party.signers]))
        report: Report = verify_bundle(bundle, trust=trust, now=timezone.now())
        assert (report.consistent, report.authenticated) == (True, True), (until, report.failed)
        assert report.complete == (until == "erased")
        close_all()
    assert JournalLine.objects.filter(event="evidence.taken").count() == 3


def test_the_picture_is_redrawn_until_the_state_changes(room: Room) -> None:
    places = begun(room).told("extracting")
    client, address = room.client(VENDOR, Role.ENGINEER), reverse("migration_lock", args=[places.row.pk])
    same = client.get(address, {"state": "extracting"})
    assert "HX-Refresh" not in same.headers
    assert 'hx-swap-oob="true"' in same.content.decode()
    assert client.get(address, {"state": "planned"})["HX-Refresh"] == "true"


def test_the_overdue_come_first_and_what_is_over_last(room: Room) -> None:
    rows = [begun(room, LAB, name).row for name in ("late", "over", "soon")]
    with acting(SYSTEM) as act:
        for row, days in zip(rows, (-3, None, 2), strict=True):
            due = None if days is None else timezone.now() + dt.timedelta(days=days)
            Migration.objects.filter(pk=row.pk).update(due=due)
        act.record(RoomEvent.REPORTED, subject="test")
    text = room.client(LAB, Role.DIRECTOR).get("/migrations/").content.decode()
    assert [n for _, n in sorted((text.index(f"ORD-{n}"), n) for n in ("late", "soon", "over"))] == [
        "late",
        "soon",
        "over",
    ]
    assert "ORD-late" not in room.client(OTHER_LAB, Role.DIRECTOR).get("/migrations/").content.decode()
