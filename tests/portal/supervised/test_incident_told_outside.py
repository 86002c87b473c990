"""What leaves the room of an incident: nothing of one that a warning led to, nor what the laboratory decides (R10, R17)."""

import datetime as dt
import json
from pathlib import Path

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone
from tests.portal.breached import LAB_BOSS, LAB_DPO, OFFICER, again, bound, fact, opened, person, step
from tests.portal.warned import keyed, warned

from ecluse.domain.incidents import FactKind, Phase, Risk, Step
from ecluse.domain.room import RoomEvent
from ecluse.portal.security_log import SecurityLog
from ecluse.portal.watch.outbox import Outbox
from ecluse.store import watching
from ecluse.store.acts import alerts
from ecluse.store.acts.incident_warnings import open_from_warning
from ecluse.store.models import Alert, AlertTold, IncidentRow, JournalLine, LogCursor
from ecluse.store.reads.figures import Figures, figures
from ecluse.store.reads.incident_clocks import Running, clock_findings
from ecluse.store.recording import acting
from rooms import LAB, OTHER_LAB, Room

HOUR = dt.timedelta(hours=1)


@pytest.fixture
def home(room: Room, tmp_path: Path) -> Path:
    return tmp_path


@pytest.fixture
def parties(room: Room, monkeypatch: pytest.MonkeyPatch) -> Room:
    """A vendor bound to its laboratories, and a channel of the room that takes everything."""
    bound(room)
    keyed(room)
    monkeypatch.setattr("ecluse.store.acts.stations.names_for", lambda _severity: ("hook",))
    return room


def from_warning(room: Room) -> IncidentRow:
    officer = person(room, OFFICER)
    warning, _ = warned(sample=True, shared=True)
    return again(open_from_warning(officer.handle, warning, officer)[0])


def raised(now: dt.datetime) -> dict[str, Alert]:
    found = {}
    for finding in clock_findings(now):
        alert = alerts.raise_finding("watch", finding)
        alerts.escalate("watch", alert)
        found[alert.rule.removeprefix("clock_incident_")] = Alert.objects.get(pk=alert.pk)
    return found


def channels(alert: Alert) -> bool:
    assert AlertTold.objects.filter(alert=alert, person__isnull=False).exists(), "persons hear of it"
    return AlertTold.objects.filter(alert=alert, channel="hook").exists()


def logged(home: Path) -> str:
    SecurityLog(home).step()
    return json.dumps([json.loads(line) for path in sorted((home / "logs").glob("*.jsonl*"))
                       for line in path.read_text().splitlines()])  # fmt: skip


def everything(room: Room, row: IncidentRow) -> None:
    """All that each side does, with the alerts that it makes."""
    raised(row.found_at + 4 * HOUR)
    fact(room, row, FactKind.CAUSE, "Une clé partagée")
    row = step(room, row, Step.NOTICE, OFFICER)
    raised(timezone.now())
    fact(room, row, FactKind.PERSONS, "", LAB_DPO, count=491_840)
    row = step(room, row, Step.AWARE, LAB_DPO, basis="own", at=row.found_at)
    raised(row.found_at + 60 * HOUR)
    raised(row.found_at + 80 * HOUR)
    step(room, row, Step.NOTIFY, LAB_BOSS, risk=Risk.HIGH)


def test_the_collector_hears_of_no_incident_that_a_warning_led_to(home: Path, parties: Room) -> None:
    logged(home)
    row = from_warning(parties)
    everything(parties, row)
    assert Alert.objects.count() == 4
    seen = logged(home)
    for words in (row.number, "incident", "alert."):
        assert words not in seen.replace("ecluse.incident", ""), words
    assert LogCursor.objects.get().cursors["room"] == JournalLine.objects.count()


def test_the_collector_hears_of_no_decision_and_no_count(home: Path, parties: Room) -> None:
    """It may be the vendor's, to whom the journal tells none of them."""
    logged(home)
    (row,) = opened(parties, timezone.now())
    everything(parties, row)
    seen = logged(home)
    for event in ("opened", "fact_added", "controller_told"):
        assert f"incident.{event}" in seen
    assert "clock_incident_notice_overdue" in seen
    for words in ("incident.counted", "incident.step_taken", "clock_incident_authority", "clock_incident_told", "to_notify"):
        assert words not in seen


def test_a_laboratory_that_opens_one_alone_is_not_told_of(home: Path, parties: Room) -> None:
    (row,) = opened(parties, timezone.now(), who=LAB_DPO, vendors=())
    raised(row.found_at + 80 * HOUR)
    seen = logged(home)
    assert row.number not in seen
    assert "clock_incident" not in seen


def test_its_alerts_go_to_persons_and_to_no_shared_channel(parties: Room) -> None:
    row = from_warning(parties)
    found = raised(row.found_at + 4 * HOUR)
    step(parties, row, Step.NOTICE, OFFICER)
    found |= raised(timezone.now())
    found |= raised(row.found_at + 80 * HOUR)
    assert set(found) == {"notice_overdue", "told", "authority_overdue"}
    assert not any(channels(alert) for alert in found.values())


def test_of_other_incidents_what_both_sides_know_goes_by_a_channel(parties: Room) -> None:
    (row,) = opened(parties, timezone.now())
    found = raised(row.found_at + 4 * HOUR)
    step(parties, row, Step.NOTICE, OFFICER)
    found |= raised(timezone.now())
    found |= raised(timezone.now() + 80 * HOUR)
    assert {name: channels(alert) for name, alert in found.items()} == {
        "notice_overdue": True, "told": False, "authority_overdue": False,
    }  # fmt: skip


def test_what_waits_for_a_channel_is_not_sent_either(parties: Room) -> None:
    row = from_warning(parties)
    alert = raised(row.found_at + 4 * HOUR)["notice_overdue"]
    with acting("watch") as act:
        AlertTold.objects.create(alert=alert, station=0, round=0, channel="hook", made_at=act.now, due_at=act.now)
        act.record(RoomEvent.ALERT_NOTED, LAB, subject=f"alert-{alert.pk}")
    watching.hold("one", timezone.now())
    Outbox("one", {}, lambda *_: None).one_pass()
    assert AlertTold.objects.get(alert=alert, channel="hook").outcome == "moot"


def _numbers(found: Figures) -> tuple[object, ...]:
    return (found.alerts, found.unacknowledged, found.entries, found.events, found.waiting, found.late, found.failing)


def test_no_number_moves_with_an_incident_that_a_warning_led_to(parties: Room) -> None:
    now = timezone.now() + 1000 * HOUR
    before = _numbers(figures(now))
    row = from_warning(parties)
    everything(parties, row)
    assert _numbers(figures(now)) == before
    told = figures(now, warnings=True, controllers=True)
    assert told.entries == JournalLine.objects.count()
    assert sum(told.alerts.values()) == Alert.objects.count() == 4


def test_no_number_moves_with_a_decision(parties: Room) -> None:
    now = timezone.now() + 1000 * HOUR
    (row,) = opened(parties, timezone.now())
    row = step(parties, row, Step.NOTICE, OFFICER)
    before = _numbers(figures(now))
    fact(parties, row, FactKind.PERSONS, "", LAB_DPO, count=1)
    raised(timezone.now() + 80 * HOUR)
    step(parties, again(row), Step.NOTIFY, LAB_DPO, risk=Risk.HIGH)
    assert _numbers(figures(now)) == before
    assert figures(now, controllers=True).events["incident.step_taken"] == 1


def test_open_incidents_and_overdue_clocks_are_counted(parties: Room) -> None:
    (row,) = opened(parties, timezone.now())
    opened(parties, timezone.now(), who=LAB_DPO, vendors=())
    from_warning(parties)
    later = row.found_at + 4.1 * HOUR
    assert figures(later - HOUR).incidents == Running(1, {"notice": 0})
    assert figures(later).incidents == Running(1, {"notice": 1})
    assert figures(later, warnings=True).incidents == Running(2, {"notice": 2})
    assert figures(later, controllers=True).incidents == Running(2, {"notice": 1, "authority": 0})
    whole = figures(later + 72 * HOUR, warnings=True, controllers=True).incidents
    # Of the laboratory's own, and of the one from a warning that the laboratory shares: it knows of that since then.
    assert whole == Running(3, {"notice": 2, "authority": 2})
    with acting("room") as act:
        IncidentRow.objects.update(phase=Phase.CLOSED)
        act.record(RoomEvent.INCIDENT_STEP_TAKEN, LAB, subject=row.number)
    assert figures(later, warnings=True, controllers=True).incidents == Running(0, {"notice": 0, "authority": 0})


def test_clocks_read_no_text_and_as_many_queries_for_many(parties: Room) -> None:
    counts = []
    for _ in range(2):
        opened(parties, timezone.now(), (LAB, OTHER_LAB))
        from_warning(parties)
        with CaptureQueriesContext(connection) as asked:
            assert clock_findings(timezone.now() + 80 * HOUR)
        counts.append(len(asked))
        said = " ".join(each["sql"] for each in asked)
        assert "store_incidentfact" not in said
        assert "sealed" not in said
    assert counts == [3, 3]
