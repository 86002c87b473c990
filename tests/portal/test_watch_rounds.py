"""One watch's rounds: what it reads, raises and tells; what another watch, a bad rule or a clock does to it (law 8)."""

import datetime as dt
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from django.conf import settings
from django.core import mail
from django.db import DatabaseError, OperationalError
from django.test import Client
from django.utils import timezone

from ecluse.control.ports import Notice
from ecluse.domain.alerts import Severity
from ecluse.domain.entry import Event
from ecluse.domain.errors import BusyError, ConnectionLostError
from ecluse.domain.observed import Observed
from ecluse.domain.permissions import Action, Role, Side
from ecluse.domain.room import RoomEvent
from ecluse.portal.answers import answer_link
from ecluse.portal.watch import rounds
from ecluse.portal.watch.outbox import Outbox
from ecluse.portal.watch.rounds import Watcher
from ecluse.store import recording, watching
from ecluse.store.acts import agents, alerts, people, tokens
from ecluse.store.models import Agent, Alert, AlertTold, Invitation, JournalLine, Membership, Organisation, Watch
from ecluse.store.reads import observed, ticking
from ecluse.store.recording import SYSTEM, acting
from room_migrations import begun, enrolled
from rooms import LAB, OTHER_LAB, VENDOR, Room

RULE = "room_two_places"
NOW = dt.datetime(2026, 11, 23, 10, tzinfo=dt.UTC)


@pytest.fixture
def mailed() -> Iterator[list[Any]]:
    """Mail goes into a list."""
    from django.test import override_settings  # noqa: PLC0415 - beside the fixture

    mail.outbox = []
    with override_settings(EMAIL_BACKEND="django.core.mail.backends.locmem.EmailBackend"):
        yield mail.outbox


@pytest.fixture
def watcher(room: Room, monkeypatch: pytest.MonkeyPatch) -> Watcher:
    """A watch that has read what is in the room already. Its thread apart would wait for this test's transaction."""
    monkeypatch.setattr(Watcher, "_verify", lambda _self: None)
    made = Watcher(Path(settings.ECLUSE_HOME), "one")
    while made.one_round():
        pass
    return made


def happens(*subjects: str, slug: str = VENDOR) -> None:
    with acting(SYSTEM) as act:
        for subject in subjects:
            act.record(RoomEvent.SESSION_ELSEWHERE, slug, subject=subject, how="signed_in")


def raised() -> dict[str, Alert]:
    return {each.subject: each for each in Alert.objects.filter(rule=RULE)}


def outbox(watcher: Watcher) -> Outbox:
    rules = {rule.name: rule for rule in watcher.rules}
    return Outbox(watcher.holder, rules, lambda *each: watcher.failing.put(each))


def test_what_happened_is_raised_by_the_next_round(watcher: Watcher) -> None:
    happens("ing.dupont", "ing.martin")
    watcher.one_round()
    assert set(raised()) == {"ing.dupont", "ing.martin"}
    assert raised()["ing.dupont"].people == ["ing.dupont"], "whose own doing it is"
    watcher.one_round()
    assert raised()["ing.dupont"].count == 1


def test_a_burst_is_one_alert(watcher: Watcher) -> None:
    happens(*["ing.dupont"] * 30)
    watcher.one_round()
    assert Alert.objects.filter(rule=RULE).count() == 1
    assert raised()["ing.dupont"].count == 30
    assert JournalLine.objects.filter(event=RoomEvent.ALERT_RAISED, detail__rule=RULE).count() == 1


def test_the_room_s_words_about_alerts_raise_none(watcher: Watcher) -> None:
    happens("ing.dupont")
    watcher.one_round()
    count = Alert.objects.count()
    for _ in range(5):
        watcher.one_round()
    assert Alert.objects.count() == count


def test_a_journal_that_was_changed_is_found_and_told(watcher: Watcher) -> None:
    watcher.verify_journal()
    assert Watch.objects.get().broken == ""
    with recording.schema_change():
        JournalLine.objects.filter(index=3).update(actor="somebody.else")
    watcher.verify_journal()
    assert Watch.objects.get().broken
    watcher._next.pop("clocks")
    watcher.one_round()
    assert Alert.objects.filter(rule="clock_journal_broken").exists()
    assert Watch.objects.get().broken, "shown until it is mended"


def test_another_watch_waits_until_the_lease_runs_out_and_goes_on_where_the_first_stood(watcher: Watcher) -> None:
    second = Watcher(Path(settings.ECLUSE_HOME), "two")
    happens("ing.dupont")
    assert not second.one_round()
    assert not raised()
    watcher.one_round()
    Watch.objects.update(held_until=timezone.now() - dt.timedelta(seconds=1))
    happens("ing.martin")
    second.one_round()
    assert set(raised()) == {"ing.dupont", "ing.martin"}
    assert {each.count for each in raised().values()} == {1}


def test_a_watch_that_only_believes_to_hold_the_lease_raises_nothing(watcher: Watcher) -> None:
    happens("ing.dupont")
    Watch.objects.update(holder="two", held_until=timezone.now() + dt.timedelta(minutes=1))
    watcher.one_round()  # it has beaten a moment ago and does not ask again
    assert not raised()
    with pytest.raises(BusyError):
        watching.moved("one", {}, {})


def test_windows_are_filled_again_after_a_restart(watcher: Watcher, room: Room) -> None:
    """Failures before and after a restart count together."""
    victim = room.people[VENDOR, Role.ENGINEER].handle

    def fail(times: int) -> None:
        with acting(SYSTEM) as act:
            for _ in range(times):
                act.record(RoomEvent.SIGN_IN_FAILED, VENDOR, subject=victim)

    rule = next(each for each in watcher.rules if each.name == "room_account_tried")
    assert rule.correlation is not None
    fail(rule.correlation.bound - 1)
    watcher.one_round()
    assert not Alert.objects.filter(rule=rule.name).exists()
    watcher.close()
    second = Watcher(Path(settings.ECLUSE_HOME), "two")
    second.one_round()
    fail(1)
    second.one_round()
    assert Alert.objects.filter(rule=rule.name).count() == 1


def test_a_long_memory_keeps_the_lease_while_it_is_read_or_stops_where_it_is_lost(
    watcher: Watcher, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(rounds, "_STRETCH", 1)
    monkeypatch.setattr(rounds, "BEAT", dt.timedelta(0))
    kept: list[bool] = []
    real = watching.hold

    def hold(holder: str, now: dt.datetime) -> bool:
        kept.append(len(kept) < 5 and real(holder, now))
        return kept[-1]

    monkeypatch.setattr(watching, "hold", hold)
    happens("ing.dupont")
    watcher._engine = None
    assert not watcher.one_round()
    assert len(kept) == 6
    assert not raised()
    kept.clear()
    monkeypatch.setattr(watching, "hold", real)
    watcher.one_round()
    assert set(raised()) == {"ing.dupont"}


def test_what_could_not_be_raised_is_raised_later(watcher: Watcher, monkeypatch: pytest.MonkeyPatch) -> None:
    happens("ing.dupont")
    cried: list[Notice] = []
    with monkeypatch.context() as broken:

        def fail(*_: object, **__: object) -> None:
            raise OSError("disk full")

        broken.setattr("ecluse.store.journal_files.DatabaseStore.write", fail)
        broken.setattr(rounds, "close_old_connections", lambda: None)
        broken.setattr(rounds, "cry", lambda _home, notice: cried.append(notice))
        for _ in range(3):
            assert not watcher.one_round()
    assert not raised()
    assert len(cried) == 1, "once an hour"
    assert any("security_officer" in each for each in cried[0].to)
    watcher._next.clear()
    watcher.one_round()
    watcher.one_round()
    assert set(raised()) == {"ing.dupont"}


def test_a_rule_of_the_room_that_is_wrong_leaves_those_that_ship_and_is_told(
    room: Room, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Watcher, "_verify", lambda _self: None)
    (tmp_path / "rules").mkdir()
    (tmp_path / "rules" / "mine.yml").write_text("title: x\n")
    watcher = Watcher(tmp_path, "one")
    watcher.one_round()
    assert len(watcher.rules) > 50
    assert Alert.objects.filter(rule="clock_rules_broken").exists()


def test_a_fault_of_another_part_keeps_nothing_from_its_work(watcher: Watcher, monkeypatch: pytest.MonkeyPatch) -> None:
    done: list[dt.datetime] = []

    def bad(_now: dt.datetime) -> tuple[()]:
        raise ZeroDivisionError

    monkeypatch.setattr(rounds, "FINDERS", [bad])
    monkeypatch.setattr(rounds, "SWEEPS", [done.append])
    watcher._next.pop("clocks")
    happens("ing.dupont")
    watcher.one_round()
    assert set(raised()) == {"ing.dupont"}
    assert done
    assert Alert.objects.filter(rule="clock_rules_broken").exists(), "it is told, not swallowed"


def test_a_base_that_is_busy_for_a_moment_is_not_cried(watcher: Watcher, monkeypatch: pytest.MonkeyPatch) -> None:
    cried: list[Notice] = []
    monkeypatch.setattr(rounds, "close_old_connections", lambda: None)
    monkeypatch.setattr(rounds, "cry", lambda _home, notice: cried.append(notice))
    for seconds in (0, 30, 59):
        watcher._stuck(timezone.now() + dt.timedelta(seconds=seconds), OperationalError("locked"))
    assert not cried
    watcher._stuck(timezone.now() + dt.timedelta(seconds=61), OperationalError("locked"))
    assert len(cried) == 1


def test_clocks_that_fail_are_cried_though_the_rounds_between_read_well(
    watcher: Watcher, monkeypatch: pytest.MonkeyPatch
) -> None:
    cried: list[Notice] = []
    monkeypatch.setattr(rounds, "close_old_connections", lambda: None)
    monkeypatch.setattr(rounds, "cry", lambda _home, notice: cried.append(notice))
    begin, real = timezone.now(), rounds.ticks
    at = [begin]
    monkeypatch.setattr("django.utils.timezone.now", lambda: at[0])

    def fail(_now: dt.datetime) -> list[Observed]:
        raise OperationalError("locked")

    monkeypatch.setattr(rounds, "ticks", fail)
    for seconds in range(0, 60, 5):
        at[0] = begin + dt.timedelta(seconds=20 + seconds)
        watcher.one_round()
    assert not cried, "not in the first minute"
    for seconds in range(60, 80, 5):
        at[0] = begin + dt.timedelta(seconds=20 + seconds)
        watcher.one_round()
    assert len(cried) == 1
    assert Watch.objects.get().broken == "OperationalError"
    monkeypatch.setattr(rounds, "ticks", real)
    at[0] = begin + dt.timedelta(seconds=120)
    watcher.one_round()
    watcher.one_round()
    assert watcher._stuck_since is None
    assert Watch.objects.get().broken == ""


def test_one_alert_that_cannot_go_on_keeps_no_other_where_it_is(
    watcher: Watcher, room: Room, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(rounds, "close_old_connections", lambda: None)
    happens("first", "second")
    watcher.one_round()
    held, real = raised()["first"].pk, alerts.escalate

    def escalate(actor: str, alert: Alert) -> int:
        if alert.pk == held:
            raise OperationalError("could not obtain lock on row")
        return real(actor, alert)

    monkeypatch.setattr(alerts, "escalate", escalate)
    now = timezone.now() + dt.timedelta(days=30)
    monkeypatch.setattr("django.utils.timezone.now", lambda: now)
    monkeypatch.setattr(watcher, "_held", True)
    watcher._next["beat"] = now + dt.timedelta(days=1)
    watcher._next.pop("clocks", None)
    assert not watcher.one_round(), "it is said that one could not"
    assert watcher._stuck_since == now
    assert raised()["second"].reached > raised()["first"].reached == 0


def test_what_refuses_now_is_shown_though_the_journal_reads_well(
    watcher: Watcher, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(rounds, "close_old_connections", lambda: None)
    monkeypatch.setattr(rounds, "cry", lambda *_: None)
    watcher._stuck(timezone.now(), recording.UnwritableError("disk full"))
    assert Watch.objects.get().broken == "UnwritableError"
    watcher.verify_journal()
    assert Watch.objects.get().broken == "UnwritableError", "what is there is sound; nothing can be written all the same"
    watcher._next.pop("clocks", None)
    watcher.one_round()
    watcher.one_round()
    assert Watch.objects.get().broken == ""


def test_what_the_last_watch_found_stands_until_this_one_has_read_the_journal(watcher: Watcher) -> None:
    watching.broken("its root is not that of its entries")
    watcher.close()
    second = Watcher(Path(settings.ECLUSE_HOME), "two")
    second.one_round()
    second.one_round()
    assert Watch.objects.get().broken == "its root is not that of its entries"
    second.verify_journal()
    assert Watch.objects.get().broken == ""


def test_what_a_place_reports_is_raised_for_both_parties(watcher: Watcher, room: Room) -> None:
    places = begun(room).told("extracting")
    while watcher.one_round():
        pass
    places.stop(Event.SCOPE_VIOLATION)
    places.tell()
    watcher.one_round()
    alert = Alert.objects.get(rule="place_scope_violation")
    assert alert.severity == Severity.CRITICAL
    assert {each.organisation.slug for each in alert.concerned.all()} == {LAB, VENDOR}


def test_a_watch_that_was_dead_says_so(watcher: Watcher) -> None:
    watcher.close()
    Watch.objects.update(beat_at=timezone.now() - dt.timedelta(minutes=10))
    Watcher(Path(settings.ECLUSE_HOME), "two").one_round()
    assert Alert.objects.filter(rule="clock_watch_was_dead").exists()


# -- clocks


def ticked(now: dt.datetime) -> dict[str, Observed]:
    return {f"{each.event} {each.subject}": each for each in ticking.ticks(now)}


def test_clocks_tell_overdue_erasure_turns_and_silent_agents(room: Room) -> None:
    places = begun(room).told("extracting")
    number, since = places.row.order.number, places.row.since
    assert not [each for each in ticked(since) if number in each or "agent-a" in each]
    silent = ticked(since + ticking.AGENT_SILENT + dt.timedelta(minutes=1))["clock.agent_silent agent-a"]
    assert set(silent.concerns) == {LAB, VENDOR}
    assert "clock.agent_silent agent-b" not in ticked(since + dt.timedelta(days=1)), "it is not its turn"
    assert places.row.due is not None
    assert f"clock.turn_overdue {number}" in ticked(places.row.due + dt.timedelta(minutes=1))
    erase_by = dt.datetime.combine(places.order.retention.erase_by, dt.time(12), dt.UTC)
    assert f"clock.erasure_soon {number}" in ticked(erase_by)
    overdue = ticked(erase_by + dt.timedelta(days=1))[f"clock.erasure_overdue {number}"]
    assert overdue.detail["places"] == "destination, source"


def test_what_is_erased_is_overdue_no_more(room: Room) -> None:
    places = begun(room).told()
    late = dt.datetime.combine(places.order.retention.erase_by, dt.time(12), dt.UTC) + dt.timedelta(days=9)
    assert not [each for each in ticked(late) if "erasure" in each or "silent" in each]


def test_an_agent_that_is_heard_of_is_not_silent(room: Room) -> None:
    places = begun(room).told("extracting")
    later = places.row.since + dt.timedelta(hours=3)
    from ecluse.store.models import AgentSighting  # noqa: PLC0415

    AgentSighting.objects.update_or_create(agent=Agent.objects.get(handle="agent-a"), defaults={"at": later})
    assert "clock.agent_silent agent-a" not in ticked(later + dt.timedelta(minutes=1))
    assert enrolled(room)


def test_clocks_tell_who_is_missing_and_what_runs_out(room: Room) -> None:
    begun(room)
    found = ticked(NOW + dt.timedelta(days=900))
    kinds = {each.split()[0] for each in found}
    assert {"clock.agreement_expires", "clock.access_unreviewed", "clock.journal_unwitnessed"} <= kinds
    empty = people.add_organisation(SYSTEM, "bare", "Bare", Side.PROCESSOR)
    assert not [each for each in found if empty.slug in each], "no agreement: no station"


def test_clocks_are_few_queries(room: Room) -> None:
    from django.db import connection  # noqa: PLC0415
    from django.test.utils import CaptureQueriesContext  # noqa: PLC0415

    begun(room, number="A").told("extracting")
    begun(room, OTHER_LAB, number="B").told("extracting")
    with CaptureQueriesContext(connection) as asked:
        ticking.ticks(timezone.now())
    assert len(asked) < 15


def test_places_are_read_once_and_again_from_any_cursor(room: Room) -> None:
    places = begun(room).told("delivered")
    source = observed.PlaceEntries(3)
    events, cursor, more = [], None, True
    while more:
        seen = source.since(cursor)
        events += seen.events
        cursor, more = seen.cursor, seen.more
    marks = [each.mark for each in events]
    assert len(marks) == len(set(marks)) == sum(each.size for each in places.row.places.all())
    assert {each.place for each in events} == {"source/agent-a", "destination/agent-b"}
    assert {each.concerns for each in events} == {(LAB, VENDOR)}
    again = [each.mark for each in source.last(cursor, dt.datetime.min.replace(tzinfo=dt.UTC))]
    assert sorted(again) == sorted(marks)


# -- telling


def test_people_are_told_in_their_language_with_a_link_of_their_own(
    watcher: Watcher, room: Room, mailed: list[Any]
) -> None:
    happens("somebody")
    watcher.one_round()
    assert outbox(watcher).one_pass() >= 1
    assert outbox(watcher).one_pass() == 0, "told once"
    (message,) = [each for each in mailed if "two networks" in each.subject or "two places" in each.subject]
    engineer = room.people[VENDOR, Role.ENGINEER]
    assert message.to == [engineer.email]
    assert "What to do: " in message.body
    assert re.search(r"http://localhost/alerts/answer/\S+/", message.body)
    row = AlertTold.objects.get(alert=raised()["somebody"])
    assert (row.outcome, row.channel) == ("told", "mail")
    assert row.told_at is not None


class Way:
    """A channel that fails as often as it is told to."""

    least = Severity.LOW

    def __init__(self, name: str, failures: int = 0) -> None:
        self.name, self.failures, self.sent = name, failures, list[Notice]()

    def send(self, notice: Notice) -> None:
        if self.failures:
            self.failures -= 1
            raise ConnectionLostError("gone")
        self.sent.append(notice)


def test_the_next_channel_is_tried_and_the_failing_one_is_an_alert(
    watcher: Watcher, room: Room, mailed: list[Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    engineer, sms = room.people[VENDOR, Role.ENGINEER], Way("sms", failures=99)
    alerts.set_ways(engineer.handle, engineer, [{"channel": "sms", "to": "+33600000000"}])
    watcher.one_round()
    happens("somebody")
    watcher.one_round()
    box = outbox(watcher)
    monkeypatch.setattr(box, "_others", lambda: {"sms": sms})
    box.one_pass()
    row = AlertTold.objects.get(alert=raised()["somebody"])
    assert (row.outcome, row.channel) == ("told", "mail")
    watcher._next.pop("clocks", None)
    watcher.one_round()
    assert Alert.objects.get(rule="clock_channel_failing").subject == "sms"
    sms.failures = 0
    happens("somebody else")
    watcher.one_round()
    box.one_pass()
    assert {each.to for each in sms.sent} == {("+33600000000",)}


def test_what_no_channel_takes_stays_and_is_tried_ever_later(watcher: Watcher) -> None:
    happens("somebody")  # this room has no way to send mail
    watcher.one_round()
    box = outbox(watcher)
    waits = []
    for _ in range(3):
        now = timezone.now()
        box.one_pass()
        row = AlertTold.objects.get(alert=raised()["somebody"])
        waits.append(round((row.due_at - now).total_seconds()))
        with acting(SYSTEM) as act:
            row.due_at = now
            row.save()
            act.record(RoomEvent.ALERT_NOTED, subject="test")
    assert row.outcome == "waiting"
    assert waits == [15, 30, 60]
    assert JournalLine.objects.filter(event=RoomEvent.ALERT_NOT_TOLD, subject=f"alert-{row.alert_id}").count() == 3


def test_what_was_resolved_meanwhile_is_told_to_nobody(watcher: Watcher, room: Room, mailed: list[Any]) -> None:
    happens("somebody")
    watcher.one_round()
    officer = room.people[VENDOR, Role.SECURITY_OFFICER]
    alerts.resolve(officer.handle, raised()["somebody"], "it was me, travelling", by=officer)
    outbox(watcher).one_pass()
    assert not [each for each in mailed if "two" in each.subject and "places" in each.subject]
    assert AlertTold.objects.get(alert=raised()["somebody"]).outcome == "moot"


def test_channels_of_the_room_hear_each_station_once(
    watcher: Watcher, mailed: list[Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("ecluse.store.acts.stations.names_for", lambda _severity: ("hook",))
    hook, box = Way("hook"), outbox(watcher)
    monkeypatch.setattr(box, "_others", lambda: {"hook": hook})
    happens("somebody")
    watcher.one_round()
    box.one_pass()
    box.one_pass()
    marks = [each.mark for each in hook.sent]
    assert len(marks) == len(set(marks)) == AlertTold.objects.filter(channel="hook", person=None).count() > 0
    assert not any("alerts/answer" in each.body + each.link for each in hook.sent), "a link is one person's"
    assert AlertTold.objects.get(alert=raised()["somebody"], channel="mail").outcome == "told"


# -- the journal first


def test_a_room_whose_journal_cannot_be_written_does_nothing(room: Room, monkeypatch: pytest.MonkeyPatch) -> None:
    director = room.people[LAB, Role.DIRECTOR]
    secret = tokens.make(director.handle, director, "ci", [Action.SEE_MIGRATION], 1)
    client, migration = room.client(LAB, Role.ADMINISTRATOR), begun(room).row

    def fail(*_: object) -> None:
        raise DatabaseError("attempt to write a readonly database")

    monkeypatch.setattr("ecluse.store.journal_files.DatabaseStore.write", fail)
    given = {"name": "Noor B", "email": f"noor.b@{LAB}.example", "role": "auditor"}
    answer = client.post(f"/people/{LAB}/invite/", given, headers={"Accept-Language": "en"})
    assert answer.status_code == 503
    assert "readonly" not in answer.content.decode(), "a database's own words are not shown"
    assert not Invitation.objects.filter(email=given["email"]).exists()
    api = Client(headers={"host": "localhost", "authorization": f"Bearer {secret}"})
    assert api.get(f"/api/v1/migrations/{migration.pk}").status_code < 500, "reading writes nothing"
    with pytest.raises(recording.UnwritableError):
        agents.revoke(director.handle, Agent.objects.get(handle="agent-a"))
    assert Agent.objects.get(handle="agent-a").revoked_at is None


# -- the answer from the mail


@pytest.fixture
def link(watcher: Watcher, room: Room) -> tuple[str, AlertTold]:
    happens("somebody")
    watcher.one_round()
    row = AlertTold.objects.get(alert=raised()["somebody"])
    return answer_link(row).removeprefix("http://localhost"), row


def nobody() -> Client:
    return Client(headers={"host": "localhost"})


def test_a_link_that_is_only_looked_at_answers_nothing(link: tuple[str, AlertTold]) -> None:
    for _ in range(3):
        assert nobody().get(link[0]).status_code == 200
        assert nobody().head(link[0]).status_code in {200, 405}
    assert Alert.objects.get(pk=link[1].alert_id).state == "open"


def test_its_button_answers_once(link: tuple[str, AlertTold], room: Room) -> None:
    client = nobody()
    assert client.post(link[0]).status_code == 200
    alert = Alert.objects.get(pk=link[1].alert_id)
    assert (alert.state, alert.acknowledged_by) == ("acknowledged", room.people[VENDOR, Role.ENGINEER])
    line = JournalLine.objects.get(event=RoomEvent.ALERT_ACKNOWLEDGED, subject=f"alert-{alert.pk}")
    assert line.detail == {"by": room.people[VENDOR, Role.ENGINEER].handle, "through": "mail"}
    for again in (client.get(link[0]), client.post(link[0])):
        assert again.status_code == 403
    assert "link" in client.get(link[0], headers={"Accept-Language": "en"}).content.decode()


def test_nobody_else_answers_by_it(link: tuple[str, AlertTold], room: Room) -> None:
    other = room.client(VENDOR, Role.SECURITY_OFFICER)
    assert other.get(link[0]).status_code == other.post(link[0]).status_code == 403
    mine = room.client(VENDOR, Role.ENGINEER)
    assert mine.post(link[0]).status_code == 302
    assert Alert.objects.get(pk=link[1].alert_id).state == "acknowledged"


def test_a_link_answers_the_round_that_it_was_sent_in_only(link: tuple[str, AlertTold], room: Room) -> None:
    """What was told as medium became critical: whoever answers the old mail has not seen that."""
    before = link[1].alert
    alerts.raise_alert(
        "watch", rule=before.rule, severity=Severity.CRITICAL, group=before.group, concerns=(), subject="somebody",
        people=(), marks=("new",), title_en="en", title_fr="fr", at=timezone.now(),
    )  # fmt: skip
    alert = Alert.objects.get(pk=before.pk)
    assert alert.round == 1
    assert nobody().get(link[0]).status_code == nobody().post(link[0]).status_code == 403
    assert Alert.objects.get(pk=alert.pk).state == "open"
    newer = AlertTold.objects.get(alert=alert, round=1, person=room.people[VENDOR, Role.ENGINEER])
    assert nobody().post(answer_link(newer).removeprefix("http://localhost")).status_code == 200
    assert Alert.objects.get(pk=alert.pk).state == "acknowledged"


def test_who_has_left_answers_no_more(link: tuple[str, AlertTold], room: Room) -> None:
    from ecluse.store.acts import access  # noqa: PLC0415

    admin = room.people[VENDOR, Role.ADMINISTRATOR]
    access.leave(admin.handle, Organisation.objects.get(slug=VENDOR), room.people[VENDOR, Role.ENGINEER], by=admin)
    assert nobody().post(link[0]).status_code == 403
    assert Alert.objects.get(pk=link[1].alert_id).state == "open"


def test_who_holds_the_role_no_more_sees_nothing_by_it(link: tuple[str, AlertTold], room: Room) -> None:
    with acting(SYSTEM) as act:
        Membership.objects.filter(person=room.people[VENDOR, Role.ENGINEER]).update(role=Role.ADMINISTRATOR)
        act.record(RoomEvent.ALERT_NOTED, subject="test")
    assert nobody().get(link[0]).status_code == 403
    assert nobody().post(link[0]).status_code == 403


def test_a_link_expires_and_cannot_be_made_up(link: tuple[str, AlertTold], monkeypatch: pytest.MonkeyPatch) -> None:
    address = link[0]
    assert nobody().get(address[:-2] + ("a/" if address[-2] != "a" else "b/")).status_code == 404
    assert nobody().get("/alerts/answer/MQ:x:y/").status_code == 404
    from django.core import signing  # noqa: PLC0415

    real = signing.time.time
    monkeypatch.setattr(signing.time, "time", lambda: real() + 8 * 86_400)
    gone = nobody().get(address, headers={"Accept-Language": "en"})
    assert gone.status_code == 404
    assert "expired" in gone.content.decode()


# -- a dead watch is seen


def banner(client: Client) -> str:
    page = client.get("/", headers={"Accept-Language": "en"}).content.decode()
    found = re.search(r'<p class="message error watch"[^>]*>(.*?)</p>', page, re.DOTALL)
    return found[1] if found else ""


def test_every_page_says_in_red_that_nobody_watches(room: Room) -> None:
    client = room.client(LAB, Role.DPO)
    assert "never started" in banner(client) or "jamais" in banner(client)
    watching.hold("one", timezone.now())
    assert not banner(client)
    Watch.objects.update(beat_at=timezone.now() - dt.timedelta(seconds=61))
    assert banner(client)
    watching.hold("one", timezone.now())
    watching.broken("TamperError")
    assert banner(client)
    assert not banner(nobody()), "a stranger is told nothing"


def test_agents_hear_how_old_the_watch_is(room: Room) -> None:
    owner = room.people[VENDOR, Role.ENGINEER]
    from ecluse.workspace.place import Place  # noqa: PLC0415
    from room_migrations import keys  # noqa: PLC0415

    code = agents.invite(owner.handle, Organisation.objects.get(slug=VENDOR), Place.SOURCE, "agent-w", owner=owner)
    _, token = agents.enrol("agent-w", code, keys().line("agent-a"), "1.0")
    client = Client(headers={"host": "localhost", "authorization": f"Bearer {token}"})

    def beat() -> Any:
        return client.post("/api/v1/agent/heartbeat", {"version": "1"}, content_type="application/json").json()

    assert beat()["watch_age_s"] is None
    watching.hold("one", timezone.now() - dt.timedelta(seconds=90))
    assert 90 <= beat()["watch_age_s"] < 100
