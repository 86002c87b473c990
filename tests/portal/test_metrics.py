"""``/metrics``: whom it opens for, what it says, what it costs; and that Prometheus reads it."""

import datetime as dt
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest
from django.conf import settings
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone
from prometheus_client.parser import text_string_to_metric_families
from tests.portal.warned import keyed, warned

from ecluse.control import supervision
from ecluse.control.metric_names import ROOM
from ecluse.domain.alerts import Severity
from ecluse.domain.permissions import Role
from ecluse.domain.room import RoomEvent
from ecluse.store import watching
from ecluse.store.acts import alerts
from ecluse.store.models import Alert, AlertTold, JournalLine, LogCursor
from ecluse.store.recording import SYSTEM, acting
from room_migrations import things
from rooms import LAB, VENDOR, Room

TOKEN = "t" * 43
Samples = dict[tuple[str, frozenset[tuple[str, str]]], float]


@pytest.fixture
def open_metrics(room: Room) -> Iterator[Room]:
    path = Path(settings.ECLUSE_HOME) / supervision.FILE
    path.write_text(f"metrics:\n  token: {TOKEN}\n")
    path.chmod(0o600)
    yield room
    path.unlink()


def _asked(token: str = TOKEN, **more: str) -> tuple[int, str]:
    answer = Client(headers={"host": "localhost", "authorization": f"Bearer {token}", **more}).get("/metrics")
    return answer.status_code, answer.content.decode()


def _samples(text: str) -> Samples:
    return {
        (sample.name, frozenset(sample.labels.items())): sample.value
        for family in text_string_to_metric_families(text)
        for sample in family.samples
    }


def _scraped() -> Samples:
    status, text = _asked()
    assert status == 200, text
    return _samples(text)


def _value(samples: Samples, name: str, **labels: str) -> float:
    return samples[name, frozenset(labels.items())]


def _raise(severity: Severity, group: str = "g") -> Alert:
    return alerts.raise_alert(
        SYSTEM, rule="key-claimed", severity=severity, group=group, concerns=[LAB, VENDOR], subject="agent-1", people=[],
        marks=[f"room/{group}"], title_en="A key", title_fr="Une clé", at=timezone.now(),
    )  # fmt: skip


def test_without_a_token_there_is_nothing_here(room: Room) -> None:
    assert _asked()[0] == 404
    assert room.client(VENDOR, Role.ADMINISTRATOR).get("/metrics").status_code == 404


@pytest.mark.parametrize("given", ["", "t" * 42, "t" * 44, "T" * 43, "é" * 43])
def test_another_token_opens_nothing(open_metrics: Room, given: str) -> None:
    assert _asked(given.encode().decode("latin-1")) == (401, "a token is needed\n")


def test_no_session_opens_it(open_metrics: Room) -> None:
    for role in Role:
        assert open_metrics.client(VENDOR, role).get("/metrics").status_code == 401


def test_every_metric_is_there_with_its_labels(open_metrics: Room) -> None:
    things(open_metrics)
    _raise(Severity.CRITICAL)
    LogCursor.objects.create(target="files", cursors={"room": 3})
    text = _asked()[1]
    families = {family.name: family for family in text_string_to_metric_families(text)}
    assert families.keys() == ROOM.keys()
    for name, metric in ROOM.items():
        family = families[name]
        assert family.type == metric.kind
        assert family.documentation == metric.text
        for sample in family.samples:
            assert set(sample.labels) == set(metric.labels), name


def test_alerts_and_the_oldest_that_nobody_answered(open_metrics: Room) -> None:
    room = open_metrics
    old, young = _raise(Severity.HIGH, "a"), _raise(Severity.HIGH, "b")
    with acting(SYSTEM) as act:
        Alert.objects.filter(pk=old.pk).update(opened_at=timezone.now() - dt.timedelta(hours=2))
        act.record(RoomEvent.ALERT_NOTED, subject=f"alert-{old.pk}")
    found = _scraped()
    assert _value(found, "ecluse_alerts", severity="high", state="open") == 2
    assert _value(found, "ecluse_alerts", severity="critical", state="open") == 0
    assert 7200 <= _value(found, "ecluse_alert_oldest_unacknowledged_seconds", severity="high") < 7300
    engineer = room.people[VENDOR, Role.ENGINEER]
    for each in (old, young):
        alerts.acknowledge(engineer.handle, each, by=engineer)
    found = _scraped()
    assert _value(found, "ecluse_alerts", severity="high", state="acknowledged") == 2
    assert _value(found, "ecluse_alert_oldest_unacknowledged_seconds", severity="high") == 0


def test_the_outbox_and_its_failing_channels(open_metrics: Room) -> None:
    _raise(Severity.CRITICAL)
    now = timezone.now()
    assert AlertTold.objects.filter(outcome="waiting").exists()
    with acting(SYSTEM) as act:
        waiting = AlertTold.objects.filter(outcome="waiting").update(
            due_at=now - dt.timedelta(minutes=9), tries=2, channel="mail"
        )
        act.record(RoomEvent.ALERT_NOTED, subject="alert-1")
    found = _scraped()
    assert _value(found, "ecluse_outbox_waiting") == waiting
    assert 540 <= _value(found, "ecluse_outbox_overdue_seconds") < 600
    assert _value(found, "ecluse_outbox_failing", channel="mail") == waiting


def test_the_watch(open_metrics: Room) -> None:
    assert _value(_scraped(), "ecluse_watch_heartbeat_age_seconds") == float("inf"), "it never beat"
    watching.hold("here", timezone.now() - dt.timedelta(seconds=90))
    found = _scraped()
    assert 90 <= _value(found, "ecluse_watch_heartbeat_age_seconds") < 100
    assert _value(found, "ecluse_watch_broken") == 0
    watching.broken("its root is not that of the journal's hashes")
    assert _value(_scraped(), "ecluse_watch_broken") == 1


def test_journal_and_security_log(open_metrics: Room) -> None:
    entries = JournalLine.objects.count()
    since = timezone.now() - dt.timedelta(minutes=2)
    LogCursor.objects.create(target="syslog/siem", cursors={"room": entries - 5}, failing_since=since)
    found = _scraped()
    assert _value(found, "ecluse_journal_entries") == entries
    assert _value(found, "ecluse_security_log_behind_entries", target="syslog/siem") == 5
    assert 120 <= _value(found, "ecluse_security_log_failing_seconds", target="syslog/siem") < 130
    assert sum(v for (name, _), v in found.items() if name == "ecluse_room_events_total") == entries


def test_warnings_are_told_only_where_that_was_chosen(open_metrics: Room) -> None:
    keyed(open_metrics)
    warned()
    assert "warning." not in _asked()[1]
    assert not any(name.startswith("ecluse_warnings") for name, _ in _scraped())
    path = Path(settings.ECLUSE_HOME) / supervision.FILE
    path.write_text(f"metrics:\n  token: {TOKEN}\n  warnings: true\n")
    found = _scraped()
    assert _value(found, "ecluse_warnings", state="received") == 1
    assert _value(found, "ecluse_warnings_overdue", clock="acknowledge") == 0
    assert _value(found, "ecluse_room_events_total", event="warning.received") == 1


def test_a_laboratory_s_own_clock_is_told_only_where_that_was_chosen(open_metrics: Room) -> None:
    assert _value(_scraped(), "ecluse_incident_clocks_overdue", clock="notice") == 0
    assert ("ecluse_incident_clocks_overdue", frozenset({("clock", "authority")})) not in _scraped()
    path = Path(settings.ECLUSE_HOME) / supervision.FILE
    path.write_text(f"metrics:\n  token: {TOKEN}\n  incidents: true\n")
    assert _value(_scraped(), "ecluse_incident_clocks_overdue", clock="authority") == 0
    assert _value(_scraped(), "ecluse_incidents_open") == 0


def test_no_family_comes_twice(open_metrics: Room) -> None:
    things(open_metrics)
    for _ in range(2):
        lines = [line for line in _asked()[1].splitlines() if line.startswith(("# HELP", "# TYPE"))]
        assert len(lines) == len(set(lines)) == 2 * len(ROOM)


def test_no_number_moves_with_a_warning_or_its_alert(open_metrics: Room) -> None:
    keyed(open_metrics)
    room = {
        name: value
        for name, value in _scraped().items()
        if name[0] not in {"ecluse_watch_heartbeat_age_seconds", "ecluse_security_log_failing_seconds"}
    }
    LogCursor.objects.create(target="syslog/siem", cursors={"room": JournalLine.objects.count()})
    room["ecluse_security_log_behind_entries", frozenset({("target", "syslog/siem")})] = 0
    warning, _ = warned()
    alert = alerts.raise_alert(
        SYSTEM, rule="clock_warning_unanswered", severity=Severity.HIGH, group=warning.receipt, concerns=[LAB, VENDOR],
        subject=warning.receipt, people=[], marks=["w"], title_en="A warning", title_fr="Un signalement",
        at=timezone.now(),
    )  # fmt: skip
    assert AlertTold.objects.filter(alert=alert, outcome="waiting").exists()
    with acting(SYSTEM) as act:
        Alert.objects.filter(pk=alert.pk).update(opened_at=timezone.now() - dt.timedelta(hours=2))
        AlertTold.objects.filter(alert=alert).update(due_at=timezone.now() - dt.timedelta(hours=1), tries=2)
        act.record(RoomEvent.ALERT_NOT_TOLD, subject=f"alert-{alert.pk}")
    after = _scraped()
    assert {name: after.get(name) for name in room} == room
    assert {name for name in after.keys() - room.keys() if "heartbeat" not in name[0] and "failing_s" not in name[0]} == set()
    path = Path(settings.ECLUSE_HOME) / supervision.FILE
    path.write_text(f"metrics:\n  token: {TOKEN}\n  warnings: true\n")
    told = _scraped()
    assert _value(told, "ecluse_journal_entries") == JournalLine.objects.count()
    assert _value(told, "ecluse_alerts", severity="high", state="open") == 1


def test_agents_and_what_is_overdue(open_metrics: Room) -> None:
    made = things(open_metrics)
    assert made
    found = _scraped()
    assert any(name == "ecluse_agent_last_seen_timestamp_seconds" for name, _ in found)
    assert sum(v for (name, _), v in found.items() if name == "ecluse_migrations") >= 1
    assert _value(found, "ecluse_erasures_overdue") == 0


def test_it_names_no_person(open_metrics: Room) -> None:
    things(open_metrics)
    _raise(Severity.LOW)
    text = _asked()[1]
    for person in open_metrics.people.values():
        assert person.handle not in text
        assert person.email not in text
        assert person.name not in text


def test_a_scrape_takes_few_queries(open_metrics: Room) -> None:
    things(open_metrics)
    with CaptureQueriesContext(
        connection,
    ) as captured:
        assert _asked()[0] == 200
    assert len(captured) < 25, [each["sql"][:90] for each in captured]


@pytest.mark.parametrize("accept", ["", "application/openmetrics-text; version=1.0.0", "text/plain"])
def test_promtool_finds_nothing_wrong(open_metrics: Room, accept: str) -> None:
    promtool = shutil.which("promtool")
    assert promtool, "apt-get install prometheus"
    things(open_metrics)
    status, text = _asked(accept=accept)
    assert status == 200
    if "openmetrics" in accept:
        assert text.endswith("# EOF\n")
        return
    done = subprocess.run([promtool, "check", "metrics"], input=text, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
