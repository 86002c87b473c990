"""The warnings of 2020, as they should have gone: the vendor stays silent, and the laboratory knows in time (R10, R11).

domain.md, section 1: an employee reported on 25 March 2020; on 4 November the ANSSI's file of 56 lines came to the
vendor. Here the security officer is named, nobody at the vendor answers, and none of them ever gave an answer.
"""

import datetime as dt
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from django.core import mail
from django.test import override_settings
from tests.portal.warned import at, keyed, opened, person, warned

from ecluse.domain.alerts import CHAIN, Severity
from ecluse.domain.permissions import Role, Side
from ecluse.domain.warnings import Function
from ecluse.portal.watch.warned import Teller, found
from ecluse.seal.letters import Attachment
from ecluse.store.acts import alerts
from ecluse.store.acts import warnings as acts
from ecluse.store.models import Alert, AlertTold, JournalLine
from ecluse.store.reads import warnings as reads
from ecluse.store.reads.alerts import concerned
from ecluse.store.reads.warning_clocks import clock_findings
from rooms import LAB, OTHER_LAB, VENDOR, Room

PARIS = ZoneInfo("Europe/Paris")
MARCH = dt.datetime(2020, 3, 25, 18, 30, tzinfo=PARIS)
NOVEMBER = dt.datetime(2020, 11, 4, 11, 0, tzinfo=PARIS)
SO, BOSS, LAB_BOSS, LAB_DPO = (
    (VENDOR, Role.SECURITY_OFFICER), (VENDOR, Role.DIRECTOR), (LAB, Role.DIRECTOR), (LAB, Role.DPO),
)  # fmt: skip
MAILED = override_settings(EMAIL_BACKEND="django.core.mail.backends.locmem.EmailBackend")


def watched(now: dt.datetime) -> None:
    """What the watch does every ten seconds, for warnings and their alerts."""
    acts.escalate("watch")
    with MAILED:
        Teller().deliver(now)
        for finding in found(now):
            alerts.raise_finding("watch", finding)
    for alert in Alert.objects.exclude(state="resolved"):
        alerts.escalate("watch", alert)


def told_of(receipt: str) -> dict[str, set[str]]:
    """Subjects' receivers: whom mails have reached."""
    got: dict[str, set[str]] = {}
    for each in mail.outbox:
        for address in each.to:
            got.setdefault(address, set()).add(each.subject)
    return {address: subjects for address, subjects in got.items() if any(receipt in subject for subject in subjects)}


def addresses(room: Room, *who: tuple[str, Role]) -> set[str]:
    return {person(room, *each).email for each in who}


@pytest.fixture(autouse=True)
def posted() -> Any:
    mail.outbox = []
    yield
    mail.outbox = []


def test_march_2020_the_laboratory_knows_before_the_seven_working_days_are_over(
    room: Room, monkeypatch: pytest.MonkeyPatch
) -> None:
    keys = keyed(room)
    at(monkeypatch, MARCH)
    warning, secret = warned(
        "La zone publique du serveur est ouverte sans mot de passe.", functions=(Function.SECURITY_OFFICER,)
    )
    due = warning.acknowledge_by.astimezone(PARIS)
    assert due == dt.datetime(2020, 4, 4, 0, 0, tzinfo=PARIS), "26, 27, 30, 31 March; 1, 2, 3 April"
    lab = person(room, *LAB_BOSS)
    assert warning in reads.visible(lab, [LAB]), "from the first minute it sees that it exists"
    now, knew = MARCH, None
    while now < MARCH + dt.timedelta(days=100):
        at(monkeypatch, now)
        watched(now)
        if knew is None and addresses(room, LAB_BOSS, LAB_DPO) <= told_of(warning.receipt).keys():
            knew = now
        now += dt.timedelta(hours=6)
    assert knew is not None
    assert knew < warning.acknowledge_by, "informed within the configured days, though the vendor never answers"
    assert opened(acts.take(lab.handle, warning, lab), keys[LAB_BOSS]).text.startswith("La zone publique")
    _named_heard_nothing(room, warning.receipt)
    _, shown = reads.followed(warning.receipt, secret)
    assert (shown.overdue, shown.informed) == ("unanswered", True)


def _named_heard_nothing(room: Room, receipt: str) -> None:
    officer = person(room, *SO)
    assert officer.email not in told_of(receipt)
    assert not AlertTold.objects.filter(person=officer, alert__subject=receipt).exists()
    raised = Alert.objects.filter(subject=receipt)
    assert {each.rule for each in raised} == {"clock_warning_unacknowledged", "clock_warning_unanswered"}
    for alert in raised:
        assert alert.count == 1, "told once, however often the watch looks"
        assert officer.handle in alert.people
        assert concerned(alert) == (LAB,)
        heard = AlertTold.objects.filter(alert=alert, person__isnull=False)
        assert {each.person_id for each in heard} == {person(room, *LAB_BOSS).pk, person(room, *LAB_DPO).pk}
    client = room.client(*SO)
    for route in ("/", "/warnings/", "/alerts/", "/journal/"):
        assert receipt not in client.get(route).content.decode(), route


def test_november_2020_the_sample_brings_the_laboratory_in_within_hours(
    room: Room, monkeypatch: pytest.MonkeyPatch
) -> None:
    keys = keyed(room)
    at(monkeypatch, NOVEMBER)
    lines = b"\n".join(b"%d;DURAND;Zoe" % number for number in range(56))
    warning, _ = warned("Ces lignes sont en vente.", sample=True, functions=(Function.SECURITY_OFFICER,),
                        attachments=(Attachment("56-lignes.csv", lines),))  # fmt: skip
    assert warning.acknowledge_by - NOVEMBER == dt.timedelta(hours=4)
    now = NOVEMBER
    while not addresses(room, LAB_BOSS, LAB_DPO) <= told_of(warning.receipt).keys():
        now += dt.timedelta(minutes=10)
        at(monkeypatch, now)
        watched(now)
        assert now < NOVEMBER + dt.timedelta(hours=4)
    assert now - NOVEMBER <= dt.timedelta(hours=2), "two stations, half of the time each"
    lab = person(room, *LAB_BOSS)
    assert opened(acts.take(lab.handle, warning, lab), keys[LAB_BOSS]).attachments[0].data.count(b"\n") == 55
    at(monkeypatch, warning.acknowledge_by)
    (finding,) = clock_findings(warning.acknowledge_by)
    assert finding.severity is Severity.CRITICAL
    assert not any("DURAND" in repr(line.detail) for line in JournalLine.objects.filter(subject=warning.receipt))


def test_an_officer_who_is_not_named_and_silent_is_passed_by_too(room: Room, monkeypatch: pytest.MonkeyPatch) -> None:
    keyed(room)
    at(monkeypatch, MARCH)
    warning, _ = warned()
    watched(MARCH)
    assert told_of(warning.receipt).keys() == addresses(room, SO)
    at(monkeypatch, warning.acknowledge_by - dt.timedelta(minutes=1))
    watched(warning.acknowledge_by)
    assert told_of(warning.receipt).keys() == addresses(room, SO, BOSS, LAB_BOSS, LAB_DPO)
    assert OTHER_LAB not in str(told_of(warning.receipt))


def test_what_was_answered_in_time_alerts_nobody(room: Room, monkeypatch: pytest.MonkeyPatch) -> None:
    keyed(room)
    at(monkeypatch, MARCH)
    warning, _ = warned()
    officer = person(room, *SO)
    acts.answer(officer.handle, warning, "C'est fermé depuis ce matin.", officer)
    later = MARCH + dt.timedelta(days=200)
    at(monkeypatch, later)
    watched(later)
    assert not Alert.objects.exists()
    assert told_of(warning.receipt).keys() == addresses(room, SO), "of its coming, and of nothing more"


def test_a_mail_tells_no_word_of_it_and_comes_once(room: Room, monkeypatch: pytest.MonkeyPatch) -> None:
    keyed(room)
    warning, _ = warned("Ouvert à tous", named=("Zébulon",))
    for _ in range(3):
        watched(warning.received_at)
    assert len(mail.outbox) == 1
    said = mail.outbox[0]
    assert warning.receipt in said.subject
    assert not any(word in f"{said.subject}{said.body}" for word in ("Ouvert", "Zébulon", "tous"))


def test_who_is_named_before_the_mail_goes_is_not_told(room: Room) -> None:
    keyed(room)
    warning, _ = warned(shared=True)
    lab, dpo = person(room, *LAB_BOSS), person(room, *LAB_DPO)
    acts.name(lab.handle, warning, dpo, lab)
    watched(warning.received_at)
    assert told_of(warning.receipt).keys() == addresses(room, SO, LAB_BOSS)


def test_a_mail_that_does_not_go_is_tried_again_and_told(room: Room, monkeypatch: pytest.MonkeyPatch) -> None:
    keyed(room)
    warning, _ = warned()
    now, teller = warning.received_at, Teller()
    with override_settings(EMAIL_BACKEND="django.core.mail.backends.smtp.EmailBackend", EMAIL_HOST="localhost",
                           EMAIL_PORT=1, EMAIL_TIMEOUT=1):  # fmt: skip
        assert teller.deliver(now) == 0
        assert [each.rule for each in found(now)] == []
        late = [each.name for each in found(now + dt.timedelta(hours=2))]
    assert late == ["clock_channel_failing"]
    assert warning.stations.get().waiting == [person(room, *SO).handle]
    with MAILED:
        assert teller.deliver(now) == 1
    assert warning.stations.get().waiting == []


def test_the_chain_is_that_of_the_alerts() -> None:
    from ecluse.domain.warnings import STATIONS  # noqa: PLC0415 - beside its use

    assert CHAIN[1:] == STATIONS
    assert STATIONS[-1].side is Side.CONTROLLER
