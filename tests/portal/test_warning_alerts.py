"""Alerts about warnings: whoever is named neither hears, sees nor answers them, nor does another laboratory (R10)."""

import datetime as dt
from typing import Any

import pytest
from django.core import mail
from django.test import Client, override_settings
from django.utils import timezone
from tests.portal.warned import keyed, person, warned

from ecluse.domain.alerts import Severity
from ecluse.domain.errors import UnseenError
from ecluse.domain.permissions import Action, Role
from ecluse.domain.warnings import Function
from ecluse.portal.answers import answer_link
from ecluse.portal.watch.outbox import Outbox
from ecluse.store import watching
from ecluse.store.acts import alerts, tokens
from ecluse.store.acts import warnings as acts
from ecluse.store.models import Alert, AlertTold, JournalConcern, JournalLine, ReportedWarning
from ecluse.store.reads import alerts as reads
from ecluse.store.reads.alert_ways import ways
from ecluse.store.reads.warning_clocks import clock_findings
from room_migrations import agreed
from rooms import LAB, OTHER_LAB, VENDOR, Room

LAB_BOSS, LAB_DPO, BOSS = (LAB, Role.DIRECTOR), (LAB, Role.DPO), (VENDOR, Role.DIRECTOR)
DAY = dt.timedelta(days=1)


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Any:
    """Let time pass; gives the instant."""

    real, passed = timezone.now, [dt.timedelta()]
    monkeypatch.setattr("django.utils.timezone.now", lambda: real() + passed[0])

    def later(much: dt.timedelta) -> dt.datetime:
        passed[0] += much
        return timezone.now()

    return later


def silent_for(warning: ReportedWarning, clock: Any, much: dt.timedelta) -> Alert:
    """Its deadline passes, and then nobody answers the alert either."""
    now = clock(warning.acknowledge_by - warning.received_at + dt.timedelta(minutes=1))
    for finding in clock_findings(now):
        alerts.raise_finding("watch", finding)
    alert = Alert.objects.get(subject=warning.receipt)
    clock(much)
    alerts.escalate("watch", alert)
    return Alert.objects.get(pk=alert.pk)


def told(alert: Alert) -> set[str]:
    return {row.person.handle for row in alert.told.select_related("person") if row.person is not None}


@pytest.fixture
def both(room: Room) -> Room:
    """Both laboratories have an agreement in force with the vendor."""
    agreed(room, LAB, "DPA-A")
    agreed(room, OTHER_LAB, "DPA-B")
    keyed(room)
    return room


def _nothing_is_there(client: Client, alert: Alert, receipt: str) -> None:
    for route in ("/", "/alerts/", "/alerts/?state=open", "/warnings/", "/journal/", f"/journal/?subject=alert-{alert.pk}"):
        page = client.get(route).content.decode()
        assert receipt not in page, route
        assert f"/alerts/{alert.pk}/" not in page, route
    assert client.get(f"/alerts/{alert.pk}/").status_code == 404
    for move in ("acknowledge", "note", "resolve"):
        assert client.post(f"/alerts/{alert.pk}/{move}/", {"text": "x", "reason": "x"}).status_code == 404, move


def test_the_laboratorys_director_who_is_named_hears_nothing_and_the_other_laboratory_neither(
    both: Room, clock: Any
) -> None:
    warning, _ = warned(functions=(Function.CONTROLLER_MANAGEMENT,))
    named, dpo = person(both, *LAB_BOSS), person(both, *LAB_DPO)
    alert = silent_for(warning, clock, 30 * DAY)
    assert alert.reached == reads._LAST
    assert dpo.handle in told(alert), "silence comes to the laboratory all the same"
    assert named.handle not in told(alert)
    (way,) = ways([alert], clock(dt.timedelta()))
    assert {each.handle for each in way.stations[-1]} == {dpo.handle}
    elsewhere = {each.handle for (slug, _), each in both.people.items() if slug == OTHER_LAB}
    assert not told(alert) & elsewhere
    assert set(reads.concerned(alert)) == {VENDOR, LAB}
    _nothing_is_there(both.client(*LAB_BOSS), alert, warning.receipt)
    _nothing_is_there(both.client(OTHER_LAB, Role.DIRECTOR), alert, warning.receipt)
    page = both.client(*LAB_DPO).get("/alerts/").content.decode()
    assert warning.receipt in page, "who is not named sees it"
    assert both.client(*LAB_DPO).get(f"/alerts/{alert.pk}/").status_code == 200


def test_the_journal_tells_of_its_alert_whom_it_tells_of_the_warning(both: Room, clock: Any) -> None:
    warning, _ = warned(functions=(Function.CONTROLLER_MANAGEMENT,))
    alert = silent_for(warning, clock, 30 * DAY)
    dpo = person(both, *LAB_DPO)
    alerts.acknowledge(dpo.handle, alert, by=dpo)
    alerts.note(dpo.handle, alert, "seen", by=dpo)
    alerts.resolve(dpo.handle, alert, "answered", by=dpo)
    lines = JournalLine.objects.filter(subject=f"alert-{alert.pk}")
    assert {each.event for each in lines} >= {"alert.raised", "alert.escalated", "alert.acknowledged", "alert.noted",
                                              "alert.resolved"}  # fmt: skip
    assert {slug for each in lines for slug in each.concerns} == {VENDOR}
    assert not JournalConcern.objects.filter(line__in=lines, organisation__in=(LAB, OTHER_LAB)).exists()


def test_programs_of_whoever_is_named_find_nothing(both: Room, clock: Any) -> None:
    warning, _ = warned(functions=(Function.CONTROLLER_MANAGEMENT,))
    alert = silent_for(warning, clock, 30 * DAY)
    scopes = [Action.SEE_ALERTS, Action.ACKNOWLEDGE_ALERT, Action.RESOLVE_ALERT]
    seen = {}
    for who in (LAB_BOSS, LAB_DPO):
        secret = tokens.make(person(both, *who).handle, person(both, *who), "t", scopes, 90)
        api = Client(headers={"host": "localhost", "authorization": f"Bearer {secret}"})
        seen[who] = [each["id"] for each in api.get("/api/v1/alerts").json()]
        expected = 404 if who == LAB_BOSS else 200
        assert api.get(f"/api/v1/alerts/{alert.pk}").status_code == expected
        assert api.post(f"/api/v1/alerts/{alert.pk}/acknowledge").status_code == expected
    assert alert.pk in seen[LAB_DPO]
    assert alert.pk not in seen[LAB_BOSS]


def test_whoever_is_named_later_holds_its_alert_no_longer_and_answers_by_no_link(both: Room, clock: Any) -> None:
    """The vendor's director took the alert in hand; then the officer reads that it is about them."""
    warning, _ = warned(shared=True)
    boss, officer = person(both, *BOSS), person(both, VENDOR, Role.SECURITY_OFFICER)
    alert = silent_for(warning, clock, 4 * dt.timedelta(hours=1))
    alerts.acknowledge(boss.handle, alert, by=boss)
    before = AlertTold.objects.get(alert=alert, person=boss, round=0)
    acts.name(officer.handle, warning, boss, officer)
    alert = Alert.objects.get(pk=alert.pk)
    assert (alert.state, alert.acknowledged_by, alert.round) == ("open", None, 1)
    assert boss.handle in alert.people
    for does in (alerts.acknowledge, alerts.resolve, alerts.note):
        words = () if does is alerts.acknowledge else ("x",)
        with pytest.raises(UnseenError, match="there is no such alert"):
            does(boss.handle, alert, *words, by=boss)
    link = answer_link(before).removeprefix("http://localhost")
    assert Client(headers={"host": "localhost"}).get(link).status_code == 404
    _nothing_is_there(both.client(*BOSS), alert, warning.receipt)


def test_lines_written_before_they_were_named_are_shown_to_them_no_more(both: Room) -> None:
    warning, _ = warned(shared=True)
    boss, officer = person(both, *BOSS), person(both, VENDOR, Role.SECURITY_OFFICER)
    line = JournalLine.objects.get(subject=warning.receipt, event="warning.received")
    scopes = [Action.SEE_JOURNAL]
    secret = tokens.make(boss.handle, boss, "t", scopes, 90)
    api, client = Client(headers={"host": "localhost", "authorization": f"Bearer {secret}"}), both.client(*BOSS)
    pages = (f"/journal/{line.index}/", f"/journal/{line.index}/proof/", f"/api/v1/journal/{line.index}/proof")
    assert [(api if "api" in page else client).get(page).status_code for page in pages] == [200, 200, 200]
    assert warning.receipt in api.get("/api/v1/journal").content.decode()
    acts.name(officer.handle, warning, boss, officer)
    assert [(api if "api" in page else client).get(page).status_code for page in pages] == [404, 404, 404]
    assert warning.receipt not in api.get("/api/v1/journal").content.decode()
    assert warning.receipt not in client.get("/journal/").content.decode()
    seen = both.client(VENDOR, Role.SECURITY_OFFICER).get("/journal/").content.decode()
    assert warning.receipt in seen, "who is not named reads on"


def test_an_alert_about_something_else_shows_them_no_line_of_the_warning_either(both: Room) -> None:
    """A rule of one's own may rest on any line: what the journal shows to nobody named, its evidence does not."""
    warning, _ = warned(shared=True)
    boss, officer = person(both, *BOSS), person(both, VENDOR, Role.SECURITY_OFFICER)
    line = JournalLine.objects.get(subject=warning.receipt, event="warning.received")
    alert = alerts.raise_alert(
        "watch", rule="place_scope_violation", severity=Severity.HIGH, group="x", concerns=(LAB, VENDOR), subject="x",
        people=(), marks=(f"room/{line.index}",), title_en="x", title_fr="x", at=timezone.now(),
    )  # fmt: skip
    page, call = f"/alerts/{alert.pk}/", f"/api/v1/alerts/{alert.pk}"
    secret = tokens.make(boss.handle, boss, "t", [Action.SEE_ALERTS], 90)
    api, client = Client(headers={"host": "localhost", "authorization": f"Bearer {secret}"}), both.client(*BOSS)
    assert warning.receipt in client.get(page).content.decode()
    assert warning.receipt in api.get(call).content.decode()
    acts.name(officer.handle, warning, boss, officer)
    assert warning.receipt not in client.get(page).content.decode()
    assert warning.receipt not in api.get(call).content.decode()
    assert warning.receipt in both.client(VENDOR, Role.SECURITY_OFFICER).get(page).content.decode()


def test_what_waits_to_be_told_is_not_told_to_whoever_is_named_meanwhile(both: Room, clock: Any) -> None:
    warning, _ = warned(shared=True)
    boss, officer = person(both, *BOSS), person(both, VENDOR, Role.SECURITY_OFFICER)
    alert = silent_for(warning, clock, 4 * dt.timedelta(hours=1))
    assert AlertTold.objects.filter(alert=alert, person=boss, outcome="waiting").exists()
    acts.name(officer.handle, warning, boss, officer)
    mail.outbox = []
    watching.hold("one", clock(dt.timedelta()))
    with override_settings(EMAIL_BACKEND="django.core.mail.backends.locmem.EmailBackend"):
        Outbox("one", {}, lambda *_: None).one_pass()
    heard = {address for each in mail.outbox for address in each.to}
    assert officer.email in heard
    assert boss.email not in heard
    assert {row.outcome for row in AlertTold.objects.filter(alert=alert, person=boss)} == {"moot"}


def test_no_channel_of_the_room_is_told_of_one(both: Room, clock: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whoever reads a channel may be whom it names."""
    monkeypatch.setattr("ecluse.store.acts.stations.names_for", lambda _severity: ("hook",))
    warning, _ = warned()
    alert = silent_for(warning, clock, 30 * DAY)
    assert alert.told.filter(person__isnull=False).exists()
    assert not alert.told.filter(channel="hook").exists()


def test_several_that_are_listed_at_once_each_end_at_their_own_laboratory(both: Room, clock: Any) -> None:
    one, _ = warned(functions=(Function.CONTROLLER_MANAGEMENT,))
    other, _ = warned(organisation=OTHER_LAB)
    for warning in (one, other):
        now = clock(max(dt.timedelta(0), warning.acknowledge_by - clock(dt.timedelta())) + dt.timedelta(minutes=1))
    for finding in clock_findings(now):
        alerts.raise_finding("watch", finding)
    found = ways(list(Alert.objects.filter(subject__in=(one.receipt, other.receipt))), now)
    ends = {way.alert.subject: {m.organisation.slug for p in way.stations[-1] for m in p.held()} for way in found}
    assert ends == {one.receipt: {LAB}, other.receipt: {OTHER_LAB}}
