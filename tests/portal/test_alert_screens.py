"""The alerts' screens and API: what each shows to whom, refusals said kindly, and few queries (law 8, issue 5)."""

import datetime as dt
import re
from pathlib import Path
from typing import Any

import pytest
from django.conf import settings
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from ecluse.domain.alerts import CHAIN, CLOCKS, Clocks, Severity, heard_by, station_reached
from ecluse.domain.permissions import Action, Role
from ecluse.domain.room import RoomEvent
from ecluse.store import recording
from ecluse.store.acts import alerts, telling, tokens
from ecluse.store.models import Alert, AlertTold, AlertWays, JournalLine
from ecluse.store.reads.alerts import clocks_set
from room_migrations import agreed, begun
from rooms import LAB, OTHER_LAB, VENDOR, Room

ENGINEER, OFFICER, DPO = (VENDOR, Role.ENGINEER), (VENDOR, Role.SECURITY_OFFICER), (LAB, Role.DPO)
MINUTE = dt.timedelta(minutes=1)


def found(mark: str = "room/1", **given: Any) -> Alert:
    made: dict[str, Any] = {
        "rule": "place_scope_violation", "severity": Severity.CRITICAL, "group": "ORD-1", "concerns": (LAB, VENDOR),
        "subject": "ORD-1", "people": (), "marks": (mark,), "title_en": "Out of scope", "title_fr": "Hors périmètre",
        "at": timezone.now(),
    }  # fmt: skip
    return alerts.raise_alert("watch", **made | given)


def browser(room: Room, who: tuple[str, Role]) -> Client:
    """Of somebody who reads English."""
    client = room.client(*who)
    client.defaults["HTTP_ACCEPT_LANGUAGE"] = "en"
    return client


def aged(alert: Alert, much: dt.timedelta) -> None:
    """Raised so long ago; nobody has looked since."""
    with recording.acting("watch") as act:
        Alert.objects.filter(pk=alert.pk).update(opened_at=timezone.now() - much)
        act.record(RoomEvent.ALERT_NOTED, VENDOR, subject="x")


def text(client: Client, address: str, status: int = 200) -> str:
    """What a page says, without its marks."""
    answer = client.get(address)
    assert answer.status_code == status, answer.content.decode()[:2000]
    body = answer.content.decode().partition("<main")[2]
    return re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", body)).replace("&#x27;", "'")


def test_the_way_of_silence_can_be_read_backwards() -> None:
    clocks, opened = CLOCKS[Severity.HIGH], dt.datetime(2026, 3, 1, 8, tzinfo=dt.UTC)
    for taken in (None, opened, opened + 30 * MINUTE, opened + 61 * MINUTE, opened + 130 * MINUTE):
        for place in range(len(CHAIN)):
            at = heard_by(clocks, opened, place, acknowledged_at=taken)
            assert station_reached(clocks, opened, at, acknowledged_at=taken) >= place
            if place and at > max(opened, taken or opened):
                before = station_reached(clocks, opened, at - dt.timedelta(seconds=1), acknowledged_at=taken)
                assert before < place, (taken, place)


def test_the_list_has_the_urgent_first_and_the_resolved_last(room: Room) -> None:
    low, high = (
        found(group="a", severity=Severity.LOW, subject="AAA"),
        found(group="b", severity=Severity.HIGH, subject="BBB"),
    )
    done, critical = found(group="c", subject="CCC"), found(group="d", subject="DDD")
    officer = room.people[OFFICER]
    alerts.resolve(officer.handle, done, "nothing was wrong", by=officer)
    page = text(browser(room, OFFICER), "/alerts/")
    assert [page.index(each) for each in ("DDD", "BBB", "AAA", "CCC")] == sorted(
        page.index(each) for each in ("AAA", "BBB", "CCC", "DDD")
    )
    assert "3 open, 0 in hand" in page
    running = text(browser(room, OFFICER), "/alerts/?state=running&severity=critical")
    assert "DDD" in running
    assert not {"AAA", "BBB", "CCC"} & set(running.split())
    assert "CCC" in text(browser(room, OFFICER), "/alerts/?state=resolved")
    assert "AAA" not in text(browser(room, OFFICER), "/alerts/?state=open&rule=place_scope_violation&severity=high")
    assert text(browser(room, OFFICER), "/alerts/?state=nonsense&severity=%00&rule=x&page=999")
    assert {low.pk, high.pk, critical.pk}


def test_what_should_have_been_taken_on_is_red(room: Room) -> None:
    alert = found()
    aged(alert, 40 * MINUTE)
    client = browser(room, ENGINEER)
    assert "overdue by 25 min" in text(client, "/alerts/")
    assert 'class="off"' in client.get("/alerts/").content.decode()
    assert "nobody watches" in text(client, f"/alerts/{alert.pk}/")


def test_a_page_says_who_was_told_by_which_channel_and_what_to_do(room: Room) -> None:
    alert = found()
    row = AlertTold.objects.get(alert=alert)
    telling.not_told("watch", row, "sms, mail")
    page = text(browser(room, OFFICER), f"/alerts/{alert.pk}/")
    assert "NOT TOLD yet (tries: 1)" in page
    telling.told("watch", row, "mail")
    page = text(browser(room, OFFICER), f"/alerts/{alert.pk}/")
    assert "engineer of logiciel-labo by mail," in page
    assert "Find out what changed in the source" in page
    assert page.count("in silence, on") == 3


def test_evidence_is_shown_with_its_links_and_never_another_laboratorys(room: Room) -> None:
    places = begun(room).told("sealed")
    journal = places.row.places.get(place="source")
    lines = {LAB: None, OTHER_LAB: None}
    for line in JournalLine.objects.order_by("index"):
        for slug in lines:
            if slug in line.concerns and not {LAB, OTHER_LAB} <= set(line.concerns):
                lines[slug] = line.index  # type: ignore[assignment]
    marks = (
        f"room/{lines[LAB]}",
        f"room/{lines[OTHER_LAB]}",
        f"place/{journal.pk}/2",
        "watch/clock.agent_silent/a/2026-01-02",
        "place/x",
        "relay/1",
        "",
        "room/99999999",
    )
    alert = found(marks=marks)
    page = browser(room, DPO).get(f"/alerts/{alert.pk}/").content.decode()
    assert f'href="/journal/{lines[LAB]}/"' in page
    assert f'href="/migrations/{places.row.pk}/"' in page
    assert f"/journal/{lines[OTHER_LAB]}/" not in page
    assert "2 Jan 2026" in page
    assert "And 5 more" in page
    engineer = browser(room, ENGINEER).get(f"/alerts/{alert.pk}/").content.decode()
    assert "/journal/" not in engineer.partition("<main")[2]


def test_two_laboratories_of_one_alert_do_not_learn_who_the_other_is(room: Room) -> None:
    alert = found(concerns=(LAB, OTHER_LAB, VENDOR), severity=Severity.CRITICAL)
    aged(alert, dt.timedelta(hours=3))
    alerts.escalate("watch", Alert.objects.get(pk=alert.pk))
    other = room.people[OTHER_LAB, Role.DPO]
    alerts.note(other.handle, alert, "words of the other laboratory", by=other)
    alerts.acknowledge(other.handle, alert, by=other)
    for address in (f"/alerts/{alert.pk}/", "/alerts/", "/"):
        page = browser(room, DPO).get(address).content.decode()
        assert OTHER_LAB not in page.replace(".", "-")
        assert "Quatre Vents" not in page
        assert "words of the other" not in page
    secret = tokens.make(room.people[DPO].handle, room.people[DPO], "t", [Action.SEE_ALERTS], 1)
    program = Client(headers={"host": "localhost", "authorization": f"Bearer {secret}"})
    for address in (f"/api/v1/alerts/{alert.pk}", "/api/v1/alerts"):
        assert OTHER_LAB not in program.get(address).content.decode().replace(".", "-")
    assert "words of the other" in browser(room, OFFICER).get(f"/alerts/{alert.pk}/").content.decode()
    vendor = text(browser(room, OFFICER), f"/alerts/{alert.pk}/")
    assert "Quatre Vents" in vendor
    assert "dpo of quatre-vents" in vendor


def test_it_is_taken_noted_and_resolved_on_screen(room: Room) -> None:
    alert, engineer, officer = found(), browser(room, ENGINEER), browser(room, OFFICER)
    assert "An alert waits for your answer" in text(engineer, "/")
    assert "An alert waits" not in text(officer, "/"), "not told yet"
    assert "I take it in hand" in text(engineer, f"/alerts/{alert.pk}/")
    assert engineer.post(f"/alerts/{alert.pk}/acknowledge/").status_code == 302
    assert "An alert is in your hands" in text(engineer, "/")
    assert "In the hands of engineer of logiciel-labo" in text(engineer, f"/alerts/{alert.pk}/")
    assert engineer.post(f"/alerts/{alert.pk}/note/", {"text": ""}).status_code == 422
    assert engineer.post(f"/alerts/{alert.pk}/note/", {"text": "<b>seen</b>"}).status_code == 302
    assert "<b>seen</b>" not in officer.get(f"/alerts/{alert.pk}/").content.decode()
    assert "&lt;b&gt;seen" in officer.get(f"/alerts/{alert.pk}/").content.decode()
    assert engineer.post(f"/alerts/{alert.pk}/resolve/", {"reason": "done"}).status_code == 403
    assert officer.post(f"/alerts/{alert.pk}/resolve/", {"reason": "  "}).status_code == 422
    assert officer.post(f"/alerts/{alert.pk}/resolve/", {"reason": "The profile was mended."}).status_code == 302
    page = text(officer, f"/alerts/{alert.pk}/")
    assert "The profile was mended." in page
    assert "Your move" not in page
    assert officer.post(f"/alerts/{alert.pk}/resolve/", {"reason": "again"}).status_code == 422


def test_whoever_it_is_about_is_told_kindly_and_refused(room: Room) -> None:
    officer = room.people[OFFICER]
    alert, client = found(people=(officer.handle,)), browser(room, OFFICER)
    page = text(client, f"/alerts/{alert.pk}/")
    assert "it is not yours to answer" in page
    assert "I take it in hand" not in page
    assert "Resolve" not in page
    for act, body in (("acknowledge", {}), ("resolve", {"reason": "x"})):
        answer = client.post(f"/alerts/{alert.pk}/{act}/", body)
        assert answer.status_code == 403
        assert "your own doing" in answer.content.decode()
        assert "Your role does not allow" not in answer.content.decode()
    assert client.post(f"/alerts/{alert.pk}/note/", {"text": "it was planned"}).status_code == 302
    assert Alert.objects.get(pk=alert.pk).state == "open"


def test_what_has_come_to_the_laboratory_is_not_the_vendors_to_end(room: Room) -> None:
    alert = found()
    aged(alert, dt.timedelta(hours=3))
    alerts.escalate("watch", Alert.objects.get(pk=alert.pk))
    page = text(browser(room, OFFICER), f"/alerts/{alert.pk}/")
    assert "has come to the laboratory" in page
    assert "End it" not in page
    assert browser(room, OFFICER).post(f"/alerts/{alert.pk}/resolve/", {"reason": "x"}).status_code == 403
    assert "End it" in text(browser(room, DPO), f"/alerts/{alert.pk}/")
    assert "An alert waits for your answer" in text(browser(room, DPO), "/")


def test_an_auditor_reads_and_answers_nothing(room: Room) -> None:
    alert, auditor = found(), browser(room, (LAB, Role.AUDITOR))
    page = text(auditor, f"/alerts/{alert.pk}/")
    assert "answers none" in page
    assert auditor.post(f"/alerts/{alert.pk}/note/", {"text": "x"}).status_code == 403


def test_two_hundred_alerts_take_few_queries(room: Room) -> None:
    agreed(room)
    for number in range(200):
        found(f"room/{number}", group=f"g-{number}", severity=list(Severity)[number % 4], people=("somebody",))
    for who in (OFFICER, ENGINEER, DPO):
        client = browser(room, who)
        client.get("/me/")
        for address in (
            "/alerts/",
            "/alerts/?state=running",
            "/alerts/?page=4",
            f"/alerts/{Alert.objects.first().pk}/",
            "/",
        ):
            with CaptureQueriesContext(connection) as queries:
                assert client.get(address).status_code == 200
            assert len(queries) < 20, (who, address, len(queries))


def test_how_one_is_told_is_ones_own_to_set(room: Room) -> None:
    config = Path(settings.ECLUSE_HOME) / "supervision.yaml"
    config.write_text(
        "channels:\n- name: sms\n  url: jsons://sms.example/{to}\n- name: chat\n  url: jsons://chat.example/room\n"
    )
    config.chmod(0o600)
    try:
        client = browser(room, ENGINEER)
        page = client.get("/alerts/settings/").content.decode()
        assert 'value="sms"' in page
        assert 'value="chat"' not in page, "that reaches a room, not a person"
        assert "sms.example" not in page
        given = {"channel_1": "sms", "to_1": "+33600000000", "quiet_from": "22:00", "quiet_until": "07:00"}
        assert client.post("/alerts/settings/", given | {"to_1": ""}).status_code == 422
        assert client.post("/alerts/settings/", given | {"quiet_until": ""}).status_code == 422
        assert client.post("/alerts/settings/", given | {"channel_1": "chat"}).status_code == 422
        assert client.post("/alerts/settings/", given).status_code == 302
        ways = AlertWays.objects.get(person=room.people[ENGINEER])
        assert ways.channels == [{"channel": "sms", "to": "+33600000000"}]
        assert (ways.quiet_from, ways.quiet_until) == (dt.time(22), dt.time(7))
        assert "+33600000000" in client.get("/alerts/settings/").content.decode()
    finally:
        config.unlink()


@pytest.mark.parametrize(
    ("name", "value"),
    [("critical_acknowledge", "31 min"), ("critical_acknowledge", "0 min"), ("low_resolve", "31 d"), ("high_resolve", "soon"),
     ("high_resolve", "5 min"), ("high_resolve", "999999 d"), ("critical_resolve", "")],
)  # fmt: skip
def test_clocks_are_set_within_their_bounds(room: Room, name: str, value: str) -> None:
    client, address = browser(room, OFFICER), f"/alerts/clocks/{VENDOR}/"
    page = client.get(address).content.decode()
    given = dict(re.findall(r'name="(\w+_(?:acknowledge|resolve))" value="([^"]+)"', page))
    assert len(given) == 8
    assert client.post(address, given | {name: value}).status_code == 422
    assert client.post(address, given | {"critical_acknowledge": "5 min", "low_resolve": "2 j"}).status_code == 302
    vendor = room.people[OFFICER].memberships.get().organisation
    assert clocks_set(vendor)[Severity.CRITICAL] == Clocks(5 * MINUTE, dt.timedelta(hours=4))
    assert clocks_set(vendor)[Severity.LOW].resolve == dt.timedelta(days=2)


def test_programs_read_take_and_resolve_by_their_scopes(room: Room) -> None:
    alert, officer = found(), room.people[OFFICER]
    scopes = [Action.SEE_ALERTS, Action.ACKNOWLEDGE_ALERT, Action.RESOLVE_ALERT]
    secret = tokens.make(officer.handle, officer, "siem", scopes, 1)
    program = Client(headers={"host": "localhost", "authorization": f"Bearer {secret}"})
    (listed,) = program.get("/api/v1/alerts?state=open").json()
    assert (listed["id"], listed["station"], listed["organisations"]) == (alert.pk, 1, sorted((LAB, VENDOR)))
    assert program.get("/api/v1/alerts?state=resolved").json() == []
    whole = program.post(f"/api/v1/alerts/{alert.pk}/acknowledge").json()
    assert (whole["state"], whole["acknowledged_by"]) == ("acknowledged", officer.handle)
    address = f"/api/v1/alerts/{alert.pk}/resolve"
    assert program.post(address, {"reason": " "}, content_type="application/json").status_code == 422
    whole = program.post(address, {"reason": "mended"}, content_type="application/json").json()
    assert (whole["state"], whole["reason"], whole["next_at"]) == ("resolved", "mended", None)
    other = tokens.make(room.people[DPO].handle, room.people[DPO], "t", [Action.SEE_ALERTS], 1)
    reader = Client(headers={"host": "localhost", "authorization": f"Bearer {other}"})
    assert reader.post(f"/api/v1/alerts/{alert.pk}/acknowledge").status_code == 403
