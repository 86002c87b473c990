"""A relay that lies, and whoever would have an alert fall silent (law 8)."""

import datetime as dt
import subprocess
import tempfile
from pathlib import Path
from typing import Any

import pytest
from django.conf import settings
from django.db import OperationalError, connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone
from tests.portal.warned import keyed, warned

from ecluse.control.telling import head_of
from ecluse.control.watch import Engine
from ecluse.domain.access import Access, AccessEntry
from ecluse.domain.alerts import AlertState, Severity
from ecluse.domain.errors import ForbiddenError
from ecluse.domain.observed import Observed
from ecluse.domain.permissions import Role
from ecluse.journal import LogKey, leaf_hash
from ecluse.journal.merkle import Frontier
from ecluse.portal.watch.rounds import Watcher
from ecluse.store.acts import agents, alerts, relays, warnings
from ecluse.store.acts.reports import Report
from ecluse.store.models import Agent, Alert, Organisation, RelayEntry, ReportedWarning
from ecluse.store.reads.alerts import holders_of
from ecluse.store.recording import Act
from ecluse.wire.artefacts import encode
from rooms import LAB, VENDOR, Room

NOW = dt.datetime(2026, 11, 23, 10, tzinfo=dt.UTC)


@pytest.fixture
def watcher(room: Room, monkeypatch: pytest.MonkeyPatch) -> Watcher:
    monkeypatch.setattr(Watcher, "_verify", lambda _self: None)
    made = Watcher(Path(settings.ECLUSE_HOME), "one")
    while made.one_round():
        pass
    return made


class Relay:
    """The vendor's relay, in the hands of whoever would rather not be watched."""

    def __init__(self, room: Room) -> None:
        owner = room.people[VENDOR, Role.ENGINEER]
        code = agents.invite(owner.handle, Organisation.objects.get(slug=VENDOR), agents.RELAY, "relais", owner=owner)
        agents.enrol("relais", code, _line(), "1.0")
        self.agent, self.key = Agent.objects.get(handle="relais"), LogKey.generate("ecluse/relay/relais")
        self.tree = Frontier()

    def says(self, event: Access, at: dt.datetime, *, actor: str = "anonymous", **more: Any) -> None:
        given = {"origin": "203.0.113.7", "box": None, "subject": ""} | more
        data = encode(AccessEntry("ecluse.relay-entry/1", at, actor, event, **given))
        start, (self.tree, _) = self.tree.size, self.tree.grown([leaf_hash(data)])
        told = Report(self.key.vkey, start, [data], head_of(self.key, self.tree))
        relays.report("relais", self.agent, told)


def _line() -> str:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "key")
        subprocess.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-C", "relais", "-f", path], check=True)
        return path.with_suffix(".pub").read_text().strip()


@pytest.mark.parametrize("at", ["0001-01-01T00:00:00", "0001-01-01T00:05:00", "9999-12-31T23:59:59"])
def test_an_event_of_another_age_does_not_end_the_watch(watcher: Watcher, room: Room, at: str) -> None:
    relay = Relay(room)
    for event in (Access.ENTRY_FAILED, Access.ENTERED, Access.PATH_REFUSED, Access.KEY_CLAIMED):
        relay.says(event, dt.datetime.fromisoformat(at).replace(tzinfo=dt.UTC))
    watcher.one_round()
    relay.says(Access.KEY_CLAIMED, timezone.now().replace(microsecond=0), subject="ing.dupont")
    watcher.one_round()
    assert RelayEntry.objects.filter(at__lte=timezone.now(), at__year__gte=2000).count() == 5
    assert Alert.objects.filter(rule="relay_key_shared", subject="ing.dupont").exists(), "what came after it is seen"


def test_an_event_that_a_rule_chokes_on_is_told_and_passed(
    watcher: Watcher, room: Room, monkeypatch: pytest.MonkeyPatch
) -> None:
    relay, feed = Relay(room), Engine.feed

    def chokes(self: Engine, event: Observed) -> Any:
        if event.subject == "poison":
            raise OverflowError
        return feed(self, event)

    monkeypatch.setattr(Engine, "feed", chokes)
    relay.says(Access.KEY_CLAIMED, timezone.now().replace(microsecond=0), subject="poison")
    relay.says(Access.KEY_CLAIMED, timezone.now().replace(microsecond=0), subject="ing.dupont")
    watcher.one_round()
    watcher._engine = None  # another watch takes over: its windows are filled again
    watcher.one_round()
    assert Alert.objects.get(rule="clock_rules_broken").subject == "relay/relais"
    assert Alert.objects.filter(rule="relay_key_shared").exists()


def _raised(people: tuple[str, ...] = (), severity: Severity = Severity.HIGH, mark: str = "one") -> Alert:
    return alerts.raise_alert(
        "watch", rule="relay_scanned", severity=severity, group="g", concerns=(VENDOR, LAB), subject="s",
        people=people, marks=(mark,), title_en="en", title_fr="fr", at=NOW,
    )  # fmt: skip


def test_whoever_took_an_alert_in_hand_and_then_did_it_holds_it_no_longer(room: Room) -> None:
    engineer, officer = room.people[VENDOR, Role.ENGINEER], room.people[VENDOR, Role.SECURITY_OFFICER]
    alert = _raised()
    alerts.acknowledge(engineer.handle, alert, by=engineer)
    again = _raised(("somebody.else",), mark="two")
    assert again.state == AlertState.ACKNOWLEDGED, "another's doing takes it from nobody"
    mine = _raised((engineer.handle,), mark="three")
    assert (mine.state, mine.acknowledged_by, mine.reached) == (AlertState.OPEN, None, 1)
    assert mine.told.filter(round=mine.round, person=officer).exists()
    with pytest.raises(ForbiddenError):
        alerts.acknowledge(engineer.handle, mine, by=engineer)


def test_naming_everybody_leaves_the_controller_hearing(room: Room) -> None:
    """A relay's administrator writes whose doing it is: all of the laboratory."""
    everybody = tuple(person.handle for person in room.people.values())
    alert = _raised(everybody)
    everyone = {person.pk for (slug, _), person in room.people.items() if slug == LAB}
    assert {each.pk for each in holders_of(alert)[-1]} == everyone
    assert not any(holders_of(alert)[:-1])
    alert.rule = "clock_warning_unanswered"
    assert not any(holders_of(alert)), "whom a warning names never hears of it"


def test_many_warnings_that_wait_take_no_more_queries_than_one(room: Room) -> None:
    keyed(room)
    warned()
    counts = []
    for _ in range(2):
        with CaptureQueriesContext(connection) as asked:
            warnings.escalate("watch")
        counts.append(len(asked))
        for _ in range(3):
            warned()
    assert counts[0] == counts[1] <= 6


def test_one_warning_that_cannot_go_on_keeps_no_other_where_it_is(room: Room, monkeypatch: pytest.MonkeyPatch) -> None:
    keyed(room)
    held, other = warned()[0], warned()[0]
    real = warnings._escalate

    def escalate(act: Act, warning: ReportedWarning) -> int:
        if warning.pk == held.pk:
            raise OperationalError("could not obtain lock on row")
        return real(act, warning)

    monkeypatch.setattr(warnings, "_escalate", escalate)
    now = held.acknowledge_by
    monkeypatch.setattr("django.utils.timezone.now", lambda: now)
    with pytest.raises(OperationalError):
        warnings.escalate("watch")
    assert held.stations.count() == 1
    assert other.stations.count() == 3


def test_a_flood_of_warnings_is_not_read_whole_every_ten_seconds(room: Room) -> None:
    with CaptureQueriesContext(connection) as asked:
        warnings.escalate("watch")
    (read,) = [each["sql"] for each in asked if 'FROM "store_reportedwarning"' in each["sql"]]
    assert '"sealed"' not in read
    assert '"lock"' not in read
