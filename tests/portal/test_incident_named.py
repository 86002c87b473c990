"""Whoever is named in a warning after an incident was opened from it: for them the incident exists no more (R10, R15)."""

import datetime as dt
import re

import pytest
from django.core import mail
from django.test import Client, override_settings
from django.utils import timezone
from tests.portal.breached import (
    BOSS,
    LAB_BOSS,
    LAB_DPO,
    OFFICER,
    VENDOR_DPO,
    again,
    bound,
    fact,
    opened,
    person,
    seen_by,
    step,
)
from tests.portal.warned import at, keyed, warned

from ecluse.control.incident_documents import Paper
from ecluse.domain.errors import UnseenError
from ecluse.domain.incident_exposures import ExposureKind, ExposureState
from ecluse.domain.incidents import FactKind, Risk, Step
from ecluse.domain.permissions import Action, Role
from ecluse.portal.answers import answer_link
from ecluse.portal.watch.outbox import Outbox
from ecluse.store import watching
from ecluse.store.acts import alerts, tokens, warnings
from ecluse.store.acts import incidents as acts
from ecluse.store.acts.incident_warnings import open_from_warning
from ecluse.store.models import Alert, AlertTold, IncidentRow, JournalLine, Person, ReportedWarning
from ecluse.store.reads.incident_clocks import clock_findings
from rooms import LAB, VENDOR, Room

Who = tuple[str, Role]
HOUR = dt.timedelta(hours=1)
SCOPES = [Action.SEE_INCIDENTS, Action.ADD_TO_INCIDENT, Action.SEE_JOURNAL, Action.SEE_ALERTS, Action.ACKNOWLEDGE_ALERT]


@pytest.fixture
def warning(room: Room) -> ReportedWarning:
    bound(room)
    keyed(room)
    return warned(sample=True, shared=True)[0]


def made(room: Room, warning: ReportedWarning) -> IncidentRow:
    officer = person(room, OFFICER)
    (row,) = open_from_warning(officer.handle, warning, officer)
    return again(row)


def named(room: Room, warning: ReportedWarning, who: Who, by: Who) -> Person:
    """Somebody who handles the warning reads that it is about a colleague."""
    found = person(room, who)
    warnings.name(person(room, by).handle, warning, found, person(room, by))
    return found


def program(room: Room, who: Who) -> Client:
    held = person(room, who)
    secret = tokens.make(held.handle, held, "p", SCOPES, 1)
    return Client(headers={"host": "localhost", "authorization": f"Bearer {secret}"})


def raised(now: dt.datetime) -> Alert:
    """The one alert that the clocks of incidents raise now."""
    (finding,) = clock_findings(now)
    alert = alerts.raise_finding("watch", finding)
    alerts.escalate("watch", alert)
    return Alert.objects.get(pk=alert.pk)


def pages(row: IncidentRow, who: Who) -> list[str]:
    """Every page of an incident that somebody reads."""
    found = [f"/incidents/{row.number}/", f"/incidents/{row.number}/notice/draft/"]
    return found + [f"/incidents/{row.number}/papers/{paper}/" for paper in Paper if who[0] == LAB]


LISTS = ("/", "/incidents/", "/journal/", "/journal/?subject=INC-", "/alerts/", "/alerts/?state=open")


@pytest.mark.parametrize(("who", "by"), [(BOSS, OFFICER), (LAB_BOSS, LAB_DPO)])
def test_no_page_list_or_draft_is_left_of_it(room: Room, warning: ReportedWarning, who: Who, by: Who) -> None:
    row = made(room, warning)
    step(room, row, Step.NOTICE, OFFICER)
    alert = raised(timezone.now())
    held, other = room.client(*who), room.client(*by)
    spoken = (row.number, f"/alerts/{alert.pk}/")
    assert {held.get(page).status_code for page in pages(row, who)} == {200}
    assert row.number in held.get("/incidents/").text
    assert row.number in held.get("/journal/").text
    assert who[0] == VENDOR or row.number in held.get("/").text, "it waited for them"
    named(room, warning, who, by)
    assert {held.get(page).status_code for page in pages(row, who)} == {404}
    for page in LISTS:
        seen = held.get(page)
        assert seen.status_code == 200
        for words in (*spoken, row.title):
            assert words not in seen.text, page
    assert {other.get(page).status_code for page in pages(row, by)} == {200}, "who is not named reads on"
    assert row.number in other.get("/incidents/").text
    assert row.number in other.get("/journal/").text


def test_what_waited_for_them_waits_no_more(room: Room, warning: ReportedWarning) -> None:
    row = made(room, warning)
    held = room.client(*BOSS)
    assert row.title in held.get("/").text
    named(room, warning, BOSS, OFFICER)
    assert row.title not in held.get("/").text
    assert row.title in room.client(*OFFICER).get("/").text


def test_nothing_is_written_to_it_any_more(room: Room, warning: ReportedWarning) -> None:
    row = made(room, warning)
    found = acts.GivenExposure(ExposureKind.LINK, "https://forum.example/fil", row.found_at)
    acts.note_exposure(person(room, OFFICER).handle, row, found, by=person(room, OFFICER))
    by = named(room, warning, BOSS, OFFICER)
    lines = JournalLine.objects.count()
    moved = acts.GivenExposureMove(ExposureState.GONE)
    tries = (
        lambda: fact(room, row, FactKind.CAUSE, "x", BOSS),
        lambda: step(room, row, Step.NOTICE, BOSS),
        lambda: acts.note_exposure(by.handle, row, found, by=by),
        lambda: acts.move_exposure(by.handle, row, 1, moved, by=by),
    )
    for does in tries:
        with pytest.raises(UnseenError, match="there is no such incident"):
            does()
    assert JournalLine.objects.count() == lines
    held, root = room.client(*BOSS), f"/incidents/{row.number}"
    for page in ("facts/", "counts/", "notice/", "places/", "places/1/", "step/aware/"):
        assert held.post(f"{root}/{page}", {}).status_code == 404, page
    never, one = held.post("/incidents/INC-0000-0000/facts/", {}), held.post(f"{root}/facts/", {})
    main = "<main.*</main>"
    assert re.findall(main, one.text, re.DOTALL) == re.findall(main, never.text, re.DOTALL) != []


def test_their_programs_find_nothing(room: Room, warning: ReportedWarning) -> None:
    row = made(room, warning)
    alert = raised(row.found_at + 4 * HOUR)
    line = JournalLine.objects.get(subject=row.number, event="incident.opened")
    api, root = program(room, BOSS), "/api/v1"
    single = [f"{root}/incidents/{row.number}", f"{root}/journal/{line.index}/proof", f"{root}/alerts/{alert.pk}"]
    lists = [f"{root}/incidents", f"{root}/journal", f"{root}/alerts"]
    assert [api.get(page).status_code for page in single] == [200, 200, 200]
    assert all(row.number in api.get(page).content.decode() for page in lists)
    named(room, warning, BOSS, OFFICER)
    assert [api.get(page).status_code for page in single] == [404, 404, 404]
    for page in lists:
        assert row.number not in api.get(page).content.decode(), page
    given = {"kind": "cause", "text": "x", "known_since": row.found_at.isoformat()}
    sent = api.post(f"{root}/incidents/{row.number}/facts", given, content_type="application/json")
    assert sent.status_code == 404
    assert program(room, OFFICER).get(single[0]).status_code == 200


def test_they_hold_its_alerts_no_longer_and_hear_of_none(
    room: Room, warning: ReportedWarning, monkeypatch: pytest.MonkeyPatch
) -> None:
    row = made(room, warning)
    now = row.found_at + 4 * HOUR
    at(monkeypatch, now)
    alert = raised(now)
    boss = person(room, BOSS)
    at(monkeypatch, now + HOUR)
    alerts.escalate("watch", alert)
    before = AlertTold.objects.filter(alert=alert, person=boss).first()
    assert before is not None
    alerts.acknowledge(boss.handle, alert, by=boss)
    named(room, warning, BOSS, OFFICER)
    alert = Alert.objects.get(pk=alert.pk)
    assert (alert.state, alert.acknowledged_by, alert.round) == ("open", None, 1)
    for does in (alerts.acknowledge, alerts.resolve, alerts.note):
        with pytest.raises(UnseenError, match="there is no such alert"):
            does(boss.handle, alert, *(() if does is alerts.acknowledge else ("x",)), by=boss)
    link = answer_link(before).removeprefix("http://localhost")
    assert Client(headers={"host": "localhost"}).get(link).status_code == 404
    mail.outbox = []
    watching.hold("one", timezone.now())
    with override_settings(EMAIL_BACKEND="django.core.mail.backends.locmem.EmailBackend"):
        Outbox("one", {}, lambda *_: None).one_pass()
    heard = {address for each in mail.outbox for address in each.to}
    assert person(room, OFFICER).email in heard
    assert boss.email not in heard


def test_the_next_alert_names_them_from_the_start(room: Room, warning: ReportedWarning) -> None:
    row = made(room, warning)
    boss = named(room, warning, LAB_BOSS, LAB_DPO)
    step(room, row, Step.NOTICE, OFFICER)
    alert = raised(timezone.now())
    hears = set(AlertTold.objects.filter(alert=alert).values_list("person_id", flat=True))
    assert alert.people == [boss.handle]
    assert person(room, LAB_DPO).pk in hears
    assert boss.pk not in hears


def test_the_journal_tells_from_then_on_no_organisation_of_theirs(room: Room, warning: ReportedWarning) -> None:
    """As it does of the warning itself: a line that a colleague's program copies would tell them."""
    row = made(room, warning)
    named(room, warning, BOSS, OFFICER)
    fact(room, row, FactKind.CAUSE, "x", LAB_DPO)
    row = step(room, again(row), Step.NOTICE, OFFICER)
    alert = raised(timezone.now())
    told = JournalLine.objects.filter(subject=row.number, event__in=("incident.fact_added", "incident.controller_told"))
    assert [each.concerns for each in told.order_by("-index")[:2]] == [[LAB], [LAB]]
    assert all(each.concerns == [LAB] for each in JournalLine.objects.filter(subject=f"alert-{alert.pk}"))
    named(room, warning, LAB_BOSS, LAB_DPO)
    step(room, again(row), Step.NOTIFY, LAB_DPO, risk=Risk.HIGH)
    assert JournalLine.objects.get(event="incident.step_taken").concerns == [LAB], "laboratories are never left out"
    assert row.number not in room.client(*LAB_BOSS).get("/journal/").text


def test_an_incident_that_no_warning_led_to_is_everybodys(room: Room, warning: ReportedWarning) -> None:
    (other,) = opened(room, timezone.now())
    row = made(room, warning)
    named(room, warning, BOSS, OFFICER)
    assert seen_by(person(room, BOSS)) == {other}
    assert seen_by(person(room, VENDOR_DPO)) == {other, row}
