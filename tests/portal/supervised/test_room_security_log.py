"""The room's security log from end to end: what people and places did, as lines of OCSF; nothing lost, nothing told."""

import json
import threading
from collections.abc import Sequence
from pathlib import Path

import pytest
from django.utils import timezone
from tests.portal.warned import keyed, warned

from ecluse.control import supervision
from ecluse.control.ocsf import SecurityEvent
from ecluse.domain.alerts import Severity
from ecluse.domain.errors import MalformedError, StorageError
from ecluse.portal import security_log
from ecluse.portal.security_log import SecurityLog
from ecluse.store.acts import alerts
from ecluse.store.acts.telemetry import erase_log
from ecluse.store.log_tape import LogTape
from ecluse.store.models import JournalLine, LogCursor
from ecluse.store.recording import SYSTEM
from ocsf_schema import problems
from room_migrations import things
from rooms import LAB, VENDOR, Room


@pytest.fixture
def home(room: Room, tmp_path: Path) -> Path:
    return tmp_path


def _lines(home: Path) -> list[dict[str, object]]:
    return [json.loads(line) for path in sorted((home / "logs").iterdir()) for line in path.read_text().splitlines()]


def _uids(home: Path) -> list[str]:
    return [line["metadata"]["uid"] for line in _lines(home)]  # type: ignore[index]


def _everything() -> list[str]:
    """All but warnings, and what the journal tells a laboratory alone of an incident."""
    told = JournalLine.objects.exclude(event__startswith="warning.").order_by("index")
    return [f"room/{each.index}" for each in told if VENDOR in each.concerns or not each.event.startswith("incident.")]


def test_everything_that_happened_is_told_once_and_is_valid(home: Path, room: Room) -> None:
    things(room)
    alerts.raise_alert(
        SYSTEM, rule="key-claimed", severity=Severity.CRITICAL, group="g", concerns=[LAB], subject="agent-1", people=[],
        marks=["room/1"], title_en="A key", title_fr="Une clé", at=timezone.now(),
    )  # fmt: skip
    (done,) = SecurityLog(home).step()
    assert done.refusal is None
    assert done.events == len(_uids(home))
    assert [uid for uid in _uids(home) if uid.startswith("room/")] == _everything()
    for line in _lines(home):
        assert not problems(line)
    assert any(line["class_uid"] == 2004 and line["severity_id"] == 5 for line in _lines(home))
    assert SecurityLog(home).step()[0].events == 0, "a second exporter goes on from there"


def test_no_address_of_a_person_is_told(home: Path, room: Room) -> None:
    SecurityLog(home).step()
    text = json.dumps(_lines(home))
    for person in room.people.values():
        assert person.email not in text


def test_killed_between_the_write_and_its_mark_it_comes_again(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def killed(_tape: LogTape, _target: str) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as broken:
        broken.setattr(LogTape, "taken", killed)
        with pytest.raises(KeyboardInterrupt):
            SecurityLog(home).step()
    first = _uids(home)
    assert first
    SecurityLog(home).step()
    assert set(_uids(home)) == set(_everything())
    assert _uids(home)[: len(first)] == _uids(home)[len(first) : 2 * len(first)], "under the same uids"


def test_a_target_that_fails_is_known_and_goes_on_from_where_it_was(
    home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(_folder: object, _events: object) -> None:
        raise StorageError("No space left on device")

    with monkeypatch.context() as broken:
        broken.setattr(security_log.LogFolder, "put", full)
        (done,) = SecurityLog(home).step()
    assert isinstance(done.refusal, StorageError)
    cursor = LogCursor.objects.get(target="files")
    assert cursor.failing_since is not None
    assert not cursor.cursors
    SecurityLog(home).step()
    cursor.refresh_from_db()
    assert cursor.failing_since is None
    assert _uids(home) == _everything()


def test_an_erased_log_is_in_the_journal(room: Room) -> None:
    erase_log(SYSTEM, "security-2025-01-01.jsonl.gz", timezone.now().date(), 12)
    line = JournalLine.objects.get(event="log.erased")
    assert (line.subject, line.detail["months"]) == ("security-2025-01-01.jsonl.gz", 12)


def test_a_file_that_does_not_parse_is_said_and_mended_without_a_restart(
    home: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(security_log, "_EVERY", 0.01)
    monkeypatch.setattr(security_log, "close_old_connections", lambda: None)
    monkeypatch.setattr(security_log.connection, "close", lambda: None)
    path = home / supervision.FILE
    path.write_text("log:\n  months: 99\n")
    path.chmod(0o600)
    stop, told = threading.Event(), list[str]()

    def failing(target: str) -> None:
        told.append(target)
        if len(told) == 3:
            path.write_text("log:\n  months: 7\n")

    timer = threading.Timer(2, stop.set)
    timer.start()
    security_log.run(stop, home=home, failing=failing)
    timer.cancel()
    assert told == [supervision.FILE] * 3
    assert caplog.text.count("6 to 12 months") == 1, "said once"
    assert set(_uids(home)) == set(_everything())


def _says(home: Path, text: str) -> None:
    path = home / supervision.FILE
    path.write_text(text)
    path.chmod(0o600)


def test_its_settings_are_read_again_without_a_restart(home: Path) -> None:
    log = SecurityLog(home)
    log.step()
    before = _uids(home)
    _says(home, "log:\n  folder: elsewhere\n")
    erase_log(SYSTEM, "a", timezone.now().date(), 12)
    (done,) = log.step()
    assert (done.target, done.events) == ("files", 1)
    assert _uids(home) == before
    (written,) = (home / "elsewhere").iterdir()
    assert "log.erased" in written.read_text()
    _says(home, "log:\n  months: 99\n")
    erase_log(SYSTEM, "b", timezone.now().date(), 12)
    for events in (1, 0):
        done, wrong = log.step()
        assert (done.events, done.refusal) == (events, None), "it goes on as it was told last"
        assert wrong.target == supervision.FILE
        assert isinstance(wrong.refusal, MalformedError)
    _says(home, "log:\n  files: false\n")
    assert log.step() == ()


def test_a_failure_that_comes_back_is_said_again(
    home: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(security_log, "_EVERY", 0.01)
    monkeypatch.setattr("ecluse.control.exporting._SOONEST", 0.05)
    monkeypatch.setattr(security_log, "close_old_connections", lambda: None)
    monkeypatch.setattr(security_log.connection, "close", lambda: None)
    stop, tries, real = threading.Event(), list[bool](), security_log.LogFolder.put
    timer = threading.Timer(20, stop.set)
    timer.start()

    def put(folder: security_log.LogFolder, events: Sequence[SecurityEvent]) -> None:
        tries.append(len(tries) in {0, 1, 3})
        if len(tries) >= 5:
            stop.set()
        if tries[-1]:
            raise StorageError("No space left on device")
        real(folder, events)

    def happens() -> bool:
        erase_log(SYSTEM, f"{len(tries)}", timezone.now().date(), 12)
        return True

    monkeypatch.setattr(security_log.LogFolder, "put", put)
    security_log.run(stop, home=home, is_ours=happens)
    timer.cancel()
    assert tries[:5] == [True, True, False, True, False]
    assert caplog.text.count("No space left") == 2, "once for each time that it began"


def test_a_watch_that_has_not_the_lease_writes_nothing(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(security_log, "_EVERY", 0.01)
    monkeypatch.setattr(security_log, "close_old_connections", lambda: None)
    monkeypatch.setattr(security_log.connection, "close", lambda: None)
    stop = threading.Event()
    timer = threading.Timer(0.3, stop.set)
    timer.start()
    security_log.run(stop, home=home, is_ours=lambda: False)
    assert not (home / "logs").exists()


def test_a_warning_is_not_told_to_whoever_reads_the_collector(home: Path, room: Room) -> None:
    """They may be whom it is about (R10)."""
    SecurityLog(home).step()
    keyed(room)
    warned()
    alerts.raise_alert(
        SYSTEM, rule="clock_warning_unacknowledged", severity=Severity.CRITICAL, group="w", concerns=[LAB], subject="W",
        people=[], marks=["room/2"], title_en="A warning", title_fr="Un signalement", at=timezone.now(),
    )  # fmt: skip
    assert JournalLine.objects.filter(event="warning.received").exists()
    SecurityLog(home).step()
    text = json.dumps(_lines(home))
    assert "warning.received" not in text
    assert "clock_warning" not in text
    assert "alert." not in text
    assert SecurityLog(home).step()[0].events == 0
    assert LogCursor.objects.get().cursors["room"] == JournalLine.objects.count()


def test_an_alert_of_the_room_s_own_rule_is_told_whatever_its_name(home: Path, room: Room) -> None:
    """Only those of a warning's clock are left out."""
    SecurityLog(home).step()
    alerts.raise_alert(
        SYSTEM, rule="disk_warning", severity=Severity.LOW, group="d", concerns=[LAB], subject="disk", people=[],
        marks=["room/2"], title_en="A disk", title_fr="Un disque", at=timezone.now(),
    )  # fmt: skip
    SecurityLog(home).step()
    assert "disk_warning" in json.dumps(_lines(home))
