"""The life of an alert: raised once, taken on by silence to the controller, answered by whoever may (law 8)."""

import datetime as dt
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from ecluse.domain.alerts import CHAIN, CLOCKS, Clocks, Severity
from ecluse.domain.errors import ForbiddenError, UsageError
from ecluse.domain.permissions import Role
from ecluse.domain.room import RoomEvent
from ecluse.store import recording
from ecluse.store.acts import access, alerts
from ecluse.store.models import Alert, AlertNote, AlertTold, JournalLine, Organisation, Person
from ecluse.store.reads import alerts as reads
from ecluse.store.reads.alert_ways import ways
from room_migrations import agreed
from rooms import LAB, OTHER_LAB, VENDOR, Room

WATCH = "watch"
MINUTE = dt.timedelta(minutes=1)
STATIONS = ({Role.ENGINEER}, {Role.SECURITY_OFFICER}, {Role.DIRECTOR}, {Role.DPO, Role.DIRECTOR})


def found(mark: str = "room/1", **given: Any) -> Alert:
    made: dict[str, Any] = {
        "rule": "scope_violation", "severity": Severity.CRITICAL, "group": "ORD-1", "concerns": (LAB, VENDOR),
        "subject": "ORD-1", "people": (), "marks": (mark,), "title_en": "Out of scope", "title_fr": "Hors périmètre",
        "at": timezone.now(),
    }  # fmt: skip
    return alerts.raise_alert(WATCH, **made | given)


@pytest.fixture
def later(monkeypatch: pytest.MonkeyPatch) -> Any:
    """Let time pass for acts."""
    real, passed = timezone.now, [dt.timedelta()]
    monkeypatch.setattr(recording.timezone, "now", lambda: real() + passed[0])

    def pass_time(much: dt.timedelta) -> dt.datetime:
        passed[0] += much
        return timezone.now()

    return pass_time


def told(alert: Alert) -> list[set[tuple[str, Role]]]:
    """Who is to be told, station by station, by organisation and role."""
    rows = AlertTold.objects.filter(alert=alert, person__isnull=False, round=Alert.objects.get(pk=alert.pk).round)
    made: list[set[tuple[str, Role]]] = [set() for _ in CHAIN]
    for row in rows.select_related("person"):
        assert row.person is not None
        made[row.station] |= {(g.organisation, g.role) for g in row.person.grants()}
    return made


def events(alert: Alert) -> list[str]:
    return list(
        JournalLine.objects.filter(subject=f"alert-{alert.pk}").order_by("index").values_list("event", flat=True)
    )


def test_it_is_raised_once_and_the_engineer_hears_at_once(room: Room) -> None:
    alert = found()
    assert told(alert) == [{(VENDOR, Role.ENGINEER)}, set(), set(), set()]
    assert reads.concerned(alert) == tuple(sorted((VENDOR, LAB)))
    assert events(alert) == [RoomEvent.ALERT_RAISED, RoomEvent.ALERT_ESCALATED]
    line = JournalLine.objects.get(subject=f"alert-{alert.pk}", event=RoomEvent.ALERT_RAISED)
    assert set(line.concerns) == {LAB, VENDOR}


def test_what_happens_again_adds_to_the_open_one(room: Room) -> None:
    alert = found()
    at = timezone.now() + MINUTE
    again = found("room/2", at=at, people=("someone",), severity=Severity.LOW)
    assert (again.pk, again.count, again.severity) == (alert.pk, 2, Severity.CRITICAL), "it is never less urgent"
    assert again.latest_at == at
    assert again.people == ["someone"]
    assert AlertTold.objects.filter(alert=alert).count() == 1, "no second mail"
    assert found("room/2").count == 2, "what was seen raises nothing"
    assert found("room/3", group="ORD-2").pk != alert.pk


def test_what_gets_more_urgent_begins_its_way_anew(room: Room, later: Any) -> None:
    alert = found(severity=Severity.MEDIUM)
    engineer = room.people[VENDOR, Role.ENGINEER]
    assert alerts.acknowledge(engineer.handle, alert, by=engineer)
    risen = found("room/2", severity=Severity.CRITICAL)
    assert (risen.state, risen.round, risen.acknowledged_by) == ("open", 1, None)
    assert told(alert)[0] == {(VENDOR, Role.ENGINEER)}
    assert AlertTold.objects.filter(alert=alert, station=0).count() == 2


def test_what_happens_after_it_was_resolved_names_the_old_one(room: Room) -> None:
    alert = found()
    officer = room.people[VENDOR, Role.SECURITY_OFFICER]
    alerts.resolve(officer.handle, alert, "the profile was mended", by=officer)
    assert found().pk == alert.pk, "an event that it had seen raises nothing, though it is resolved"
    new = found("room/2")
    assert new.pk != alert.pk
    assert new.former_id == alert.pk
    line = JournalLine.objects.get(subject=f"alert-{new.pk}", event=RoomEvent.ALERT_RAISED)
    assert line.detail["former"] == alert.pk


def test_silence_takes_it_to_the_controller_station_by_station(room: Room, later: Any) -> None:
    alert = found()
    for station in range(1, len(CHAIN)):
        now = later(CLOCKS[Severity.CRITICAL].acknowledge)
        assert reads.silent(now) == [alert]
        assert alerts.escalate(WATCH, alert) == 1
        assert alerts.escalate(WATCH, alert) == 0, "each station hears once"
        assert reads.silent(now) == []
        assert all(told(alert)[: station + 1])
        assert not any(told(alert)[station + 1 :])
    assert told(alert)[3] == {(LAB, Role.DPO), (LAB, Role.DIRECTOR)}, "and nobody of another laboratory"


def test_a_watch_that_slept_tells_every_station_that_silence_has_reached(room: Room, later: Any) -> None:
    alert = found()
    later(dt.timedelta(days=3))
    assert alerts.escalate(WATCH, alert) == 3
    assert all(told(alert))


def test_a_station_that_nobody_holds_costs_no_time_and_that_is_said(room: Room, later: Any) -> None:
    officer, admin = room.people[VENDOR, Role.SECURITY_OFFICER], room.people[VENDOR, Role.ADMINISTRATOR]
    vendor = Organisation.objects.get(slug=VENDOR)
    access.leave(admin.handle, vendor, officer, by=admin)
    access.leave(admin.handle, vendor, room.people[VENDOR, Role.DIRECTOR], by=admin)
    alert = found()
    later(CLOCKS[Severity.CRITICAL].acknowledge)
    assert alerts.escalate(WATCH, alert) == 1
    assert [bool(each) for each in told(alert)] == [True, False, False, True]
    assert events(alert).count(RoomEvent.ALERT_PASSED) == 2
    passed = AlertNote.objects.filter(alert=alert, event=RoomEvent.ALERT_PASSED)
    assert [note.detail["station"] for note in passed] == [2, 3]


def test_the_controller_hears_though_nobody_there_holds_the_roles(room: Room, later: Any) -> None:
    lab, admin = Organisation.objects.get(slug=LAB), room.people[LAB, Role.ADMINISTRATOR]
    for role in (Role.DPO, Role.DIRECTOR):
        access.leave(admin.handle, lab, room.people[LAB, role], by=admin)
    alert = found()
    later(dt.timedelta(days=1))
    alerts.escalate(WATCH, alert)
    assert told(alert)[3] == {(LAB, role) for role in Role if role not in {Role.DPO, Role.DIRECTOR}}


def test_what_concerns_the_processor_alone_ends_at_its_controllers(room: Room, later: Any) -> None:
    agreed(room)
    alert = found(concerns=(VENDOR,))
    assert reads.concerned(alert) == (VENDOR,)
    later(dt.timedelta(days=1))
    alerts.escalate(WATCH, alert)
    assert told(alert)[3] == {(LAB, Role.DPO), (LAB, Role.DIRECTOR)}
    assert set(reads.concerned(alert)) == {LAB, VENDOR}, "who is told may see it"


def test_an_alert_that_concerns_nobody_is_the_processors(room: Room) -> None:
    assert reads.concerned(found(concerns=())) == (VENDOR,)


def test_an_acknowledgement_stops_silence_until_the_clock_to_resolve_runs_out(room: Room, later: Any) -> None:
    alert, engineer = found(), room.people[VENDOR, Role.ENGINEER]
    clocks = CLOCKS[Severity.CRITICAL]
    later(5 * MINUTE)
    assert alerts.acknowledge(engineer.handle, alert, by=engineer)
    later(clocks.resolve - MINUTE)
    assert alerts.escalate(WATCH, alert) == 0
    later(MINUTE)
    assert alerts.escalate(WATCH, alert) == 1
    officer = room.people[VENDOR, Role.SECURITY_OFFICER]
    assert not alerts.acknowledge(officer.handle, alert, by=officer), "a second acknowledgement stops nothing"
    later(2 * clocks.acknowledge)
    assert alerts.escalate(WATCH, alert) == 2
    assert told(alert)[3]


@pytest.mark.parametrize("role", [Role.ENGINEER, Role.SECURITY_OFFICER, Role.DIRECTOR])
def test_nobody_answers_an_alert_about_their_own_doing(room: Room, role: Role) -> None:
    person = room.people[VENDOR, role]
    alert = found(people=(person.handle,))
    assert not AlertTold.objects.filter(alert=alert, person=person).exists(), "nor hears of it"
    with pytest.raises(ForbiddenError, match="own"):
        alerts.acknowledge(person.handle, alert, by=person)
    if role is not Role.ENGINEER:
        with pytest.raises(ForbiddenError, match="own"):
            alerts.resolve(person.handle, alert, "nothing to see", by=person)
    assert Alert.objects.get(pk=alert.pk).state == "open"


def test_when_the_only_engineer_did_it_the_officer_hears_at_once(room: Room) -> None:
    alert = found(people=(room.people[VENDOR, Role.ENGINEER].handle,))
    assert told(alert)[0] == set()
    assert told(alert)[1] == {(VENDOR, Role.SECURITY_OFFICER)}


@pytest.mark.parametrize(
    ("slug", "role"),
    [(VENDOR, Role.AUDITOR), (VENDOR, Role.ADMINISTRATOR), (LAB, Role.APPROVER)],
)
def test_a_role_that_is_no_station_does_not_answer(room: Room, slug: str, role: Role) -> None:
    person, alert = room.people[slug, role], found()
    with pytest.raises(ForbiddenError):
        alerts.acknowledge(person.handle, alert, by=person)


def test_another_laboratory_does_not_answer(room: Room) -> None:
    person, alert = room.people[OTHER_LAB, Role.DIRECTOR], found()
    with pytest.raises(Exception, match="nothing here"):
        alerts.acknowledge(person.handle, alert, by=person)
    with pytest.raises(Exception, match="nothing here"):
        alerts.resolve(person.handle, alert, "mine", by=person)


def test_what_came_to_the_controller_is_the_controllers_to_end(room: Room, later: Any) -> None:
    alert = found()
    later(dt.timedelta(days=1))
    alerts.escalate(WATCH, alert)
    management, director = room.people[VENDOR, Role.DIRECTOR], room.people[LAB, Role.DIRECTOR]
    with pytest.raises(ForbiddenError, match="come to the controller"):
        alerts.resolve(management.handle, alert, "all is well", by=management)
    alerts.note(management.handle, alert, "the disk was replaced", by=management)
    alerts.resolve(director.handle, alert, "the disk was replaced, we saw it", by=director)
    assert Alert.objects.get(pk=alert.pk).state == "resolved"
    later(dt.timedelta(days=9))
    assert alerts.escalate(WATCH, alert) == 0


def test_it_ends_with_a_reason_alone_and_once(room: Room) -> None:
    alert, officer = found(), room.people[VENDOR, Role.SECURITY_OFFICER]
    with pytest.raises(UsageError, match="reason"):
        alerts.resolve(officer.handle, alert, "  ", by=officer)
    alerts.resolve(officer.handle, alert, "mended: patient 123 was not touched", by=officer)
    for again in (alerts.resolve, alerts.acknowledge):
        with pytest.raises(UsageError, match="is resolved"):
            again(officer.handle, alert, *(["x"] if again is alerts.resolve else []), by=officer)
    notes = AlertNote.objects.filter(alert=alert, event=RoomEvent.ALERT_RESOLVED)
    assert [note.text for note in notes] == ["mended: patient 123 was not touched"]
    assert "mended" not in str(list(JournalLine.objects.values_list("detail", flat=True))), (
        "words stay out of the journal"
    )


def test_of_several_clocks_the_shortest_holds(room: Room, later: Any) -> None:
    vendor, lab = Organisation.objects.get(slug=VENDOR), Organisation.objects.get(slug=LAB)
    slow = Clocks(30 * MINUTE, dt.timedelta(hours=8))
    alerts.set_clocks("x", vendor, {Severity.CRITICAL: slow}, by=room.people[VENDOR, Role.DIRECTOR])
    alert = found()
    assert reads.clocks_of(alert) == CLOCKS[Severity.CRITICAL], "the laboratory kept ours, which are shorter"
    quick = Clocks(2 * MINUTE, dt.timedelta(hours=1))
    alerts.set_clocks("x", lab, {Severity.CRITICAL: quick}, by=room.people[LAB, Role.DIRECTOR])
    assert reads.clocks_of(alert) == quick
    later(2 * MINUTE)
    assert alerts.escalate(WATCH, alert) == 1


@pytest.mark.parametrize(
    "clocks",
    [
        Clocks(dt.timedelta(seconds=59), dt.timedelta(hours=1)),
        Clocks(31 * MINUTE, dt.timedelta(hours=4)),
        Clocks(15 * MINUTE, dt.timedelta(hours=9)),
        Clocks(15 * MINUTE, 14 * MINUTE),
    ],
)
def test_clocks_have_bounds(room: Room, clocks: Clocks) -> None:
    lab = Organisation.objects.get(slug=LAB)
    with pytest.raises(UsageError):
        alerts.set_clocks("x", lab, {Severity.CRITICAL: clocks}, by=room.people[LAB, Role.DIRECTOR])


@pytest.mark.parametrize(
    ("severity", "waits"),
    [(Severity.CRITICAL, False), (Severity.HIGH, False), (Severity.MEDIUM, True), (Severity.LOW, True)],
)
def test_quiet_hours_put_off_only_what_can_wait(room: Room, severity: Severity, waits: bool) -> None:
    engineer = room.people[VENDOR, Role.ENGINEER]
    now = timezone.localtime()
    quiet = ((now - dt.timedelta(hours=1)).time(), (now + dt.timedelta(hours=1)).time())
    alerts.set_ways(engineer.handle, engineer, [], quiet)
    row = AlertTold.objects.get(alert=found(severity=severity), person=engineer)
    assert (row.due_at - row.made_at > dt.timedelta(minutes=50)) is waits


def test_where_an_alert_stands_is_read_in_few_queries(room: Room, later: Any) -> None:
    alert = found()
    later(20 * MINUTE)
    alerts.escalate(WATCH, alert)
    dpo = room.people[LAB, Role.DPO]
    assert [note.event for note in alert.notes.all()] == ["alert.raised", "alert.escalated", "alert.escalated"]
    with CaptureQueriesContext(connection) as asked:
        (way,) = ways(list(reads.listed(dpo, [LAB])), timezone.now())
    assert len(asked) <= 6
    assert way.next_at == alert.opened_at + 2 * CLOCKS[Severity.CRITICAL].acknowledge
    assert list(reads.listed(dpo, [LAB])) == [alert]
    assert list(reads.listed(dpo, [OTHER_LAB])) == []
    assert list(reads.listed(dpo, [LAB], reads.Asked(state="resolved"))) == []


def test_a_person_who_left_is_not_told(room: Room) -> None:
    engineer, admin = room.people[VENDOR, Role.ENGINEER], room.people[VENDOR, Role.ADMINISTRATOR]
    access.leave(admin.handle, Organisation.objects.get(slug=VENDOR), engineer, by=admin)
    assert not Person.objects.get(pk=engineer.pk).is_active
    assert told(found())[1] == {(VENDOR, Role.SECURITY_OFFICER)}
