"""The leak of February 2021 as it should have gone (R12, R17; domain.md section 1).

On 14 February 2021 the file of half a million patients lay on a forum; the press wrote of it on the 23rd, and the
laboratories had told the CNIL nothing. Here the vendor hears of it on Sunday the 14th, opens the matter at both its
laboratories, and tells them within the hour; each notifies within 72 hours, on its own, and neither sees the other.
"""

import datetime as dt
from zoneinfo import ZoneInfo

import pytest
from tests.portal.breached import LAB_BOSS, LAB_DPO, OFFICER, again, bound, fact, opened, person, step
from tests.portal.warned import at

from ecluse.control.document import texts
from ecluse.control.incident_documents import Paper, incident_document
from ecluse.domain.errors import UsageError
from ecluse.domain.incident_exposures import ExposureKind, ExposureState
from ecluse.domain.incidents import Basis, FactKind, Phase, Risk, Step, authority_clock, notice_clock
from ecluse.domain.permissions import Role
from ecluse.store.acts import alerts
from ecluse.store.acts import incidents as acts
from ecluse.store.models import Alert, AlertTold, IncidentRow, JournalLine
from ecluse.store.reads import incidents as reads
from ecluse.store.reads.incident_clocks import clock_findings
from rooms import LAB, OTHER_LAB, Room

PARIS = ZoneInfo("Europe/Paris")
SUNDAY = dt.datetime(2021, 2, 14, 21, 0, tzinfo=PARIS)
PRESS = dt.datetime(2021, 2, 23, 7, 0, tzinfo=PARIS)
HOUR = dt.timedelta(hours=1)
OTHER_DPO = (OTHER_LAB, Role.DPO)


def watched(now: dt.datetime) -> None:
    """What the watch does every ten seconds, for incidents and their alerts."""
    for finding in clock_findings(now):
        alerts.raise_finding("watch", finding)
    for alert in Alert.objects.exclude(state="resolved"):
        alerts.escalate("watch", alert)


def hears(room: Room, who: tuple[str, Role], row: IncidentRow) -> set[str]:
    found = AlertTold.objects.filter(person=person(room, who), alert__subject=row.number)
    return set(found.values_list("alert__rule", flat=True))


def test_february_2021_as_it_should_have_gone(room: Room, monkeypatch: pytest.MonkeyPatch) -> None:
    bound(room)
    at(monkeypatch, SUNDAY)
    mine, theirs = opened(room, SUNDAY, (LAB, OTHER_LAB))
    fact(room, mine, FactKind.DATA, "Identité, numéro de sécurité sociale, commentaires de dossiers", everywhere=True)
    officer = person(room, OFFICER)
    link = acts.GivenExposure(ExposureKind.FORUM, "https://forum.example/fil/491840", SUNDAY)
    acts.note_exposure(officer.handle, mine, link, by=officer, everywhere=True)

    at(monkeypatch, SUNDAY + HOUR)
    step(room, mine, Step.NOTICE, OFFICER, reasons="Téléphone aux deux DPO", everywhere=True)
    watched(SUNDAY + HOUR)
    for lab, row in ((LAB, mine), (OTHER_LAB, theirs)):
        for role in (Role.DPO, Role.DIRECTOR):
            assert hears(room, (lab, role), row) == {"clock_incident_told"}, "informed at once, on a Sunday evening"
        clock = authority_clock(reads.record_of(again(row)))
        assert clock is not None
        assert clock.due == dt.datetime(2021, 2, 17, 22, 0, tzinfo=PARIS).astimezone(dt.UTC)
        assert clock.due < PRESS
    assert hears(room, LAB_DPO, theirs) == hears(room, OTHER_DPO, mine) == set()

    at(monkeypatch, SUNDAY + 40 * HOUR)
    mine = fact(room, mine, FactKind.PERSONS, "dont 1 700 militaires", LAB_DPO, count=250_000)
    mine = fact(room, mine, FactKind.CONSEQUENCES, "Hameçonnage, chantage, révélation de maladies", LAB_DPO)
    mine = step(room, mine, Step.NOTIFY, LAB_BOSS, risk=Risk.HIGH, reasons="Données de santé publiées")
    draft = "\n".join(texts(incident_document(reads.record_of(mine), Paper.AUTHORITY, "fr")))
    for words in (
        "environ 250\u202f000 (estimation)",
        "1 700 militaires",
        "commentaires de dossiers",
        "dans les 72 heures",
    ):
        assert words in draft
    assert "Pas encore connu." in draft, "the cause is not known yet, and the draft does not guess"
    assert "forum.example" not in draft
    mine = step(room, mine, Step.FILED, reference="CNIL-2021-02-16", reasons="")

    # The other laboratory is silent: the watch tells it, a day before and again when the time is over.
    at(monkeypatch, SUNDAY + HOUR + 48 * HOUR)
    watched(SUNDAY + HOUR + 48 * HOUR)
    assert "clock_incident_authority_soon" in hears(room, OTHER_DPO, theirs)
    at(monkeypatch, SUNDAY + 70 * HOUR)
    theirs = step(room, theirs, Step.NOTIFY, OTHER_DPO, risk=Risk.HIGH)
    theirs = step(room, theirs, Step.FILED, OTHER_DPO, reasons="")

    at(monkeypatch, SUNDAY + 80 * HOUR)
    mine = fact(room, mine, FactKind.CAUSE, "Une zone publique sans mot de passe", known_since=SUNDAY + 79 * HOUR)
    mine = step(room, mine, Step.COMPLETED, reference="CNIL-2021-02-18")
    mine = step(room, mine, Step.TELL, risk=Risk.HIGH)
    mine = step(room, mine, Step.TOLD)
    mine = step(room, mine, Step.REPORT)
    mine = step(room, mine, Step.REPORTED, reference="ANS-1")
    asked = acts.GivenExposureMove(ExposureState.ASKED, None, "Tribunal judiciaire, référé", "RG 21/00001")
    acts.move_exposure(officer.handle, mine, 1, asked, by=officer)

    _nine_days_later(room, monkeypatch, mine, theirs)


def _nine_days_later(room: Room, monkeypatch: pytest.MonkeyPatch, mine: IncidentRow, theirs: IncidentRow) -> None:
    at(monkeypatch, PRESS)
    watched(PRESS)
    mine = again(mine)
    assert mine.phase == Phase.COMPLETED, "when the press writes, the authority and the patients know"
    for row in (mine, theirs):
        held = reads.record_of(again(row))
        notice, authority = notice_clock(held), authority_clock(held)
        assert notice is not None
        assert authority is not None
        assert not notice.was_late()
        assert not authority.was_late()
    assert not Alert.objects.filter(rule__endswith="overdue").exists()
    mine = step(room, mine, Step.CLOSED)
    record = "\n".join(texts(incident_document(reads.record_of(mine), Paper.RECORD, "fr")))
    for words in ("Téléphone aux deux DPO", "RG 21/00001", "CNIL-2021-02-16", "CNIL-2021-02-18", "ANS-1", "Clos"):
        assert words in record
    _neither_sees_the_other(room, mine, theirs)


def _neither_sees_the_other(room: Room, mine: IncidentRow, theirs: IncidentRow) -> None:
    for who, row in ((OTHER_DPO, mine), (LAB_DPO, theirs)):
        client = room.client(*who)
        assert client.get(f"/incidents/{row.number}/").status_code == 404
        for route in ("/", "/incidents/", "/alerts/", "/journal/"):
            assert row.number not in client.get(route).text, route
    told = JournalLine.objects.filter(subject=mine.number)
    assert all(OTHER_LAB not in line.concerns for line in told)
    assert "militaires" not in repr([line.detail for line in told])


def test_february_2021_as_it_went(room: Room, monkeypatch: pytest.MonkeyPatch) -> None:
    """The vendor says nothing, and the laboratory hears of it all the same: from its watch, five hours later."""
    bound(room)
    at(monkeypatch, SUNDAY)
    (row,) = opened(room, SUNDAY)
    now = SUNDAY
    while not hears(room, LAB_DPO, row):
        now += dt.timedelta(minutes=5)
        at(monkeypatch, now)
        watched(now)
        assert now < SUNDAY + 5 * HOUR
    assert hears(room, LAB_DPO, row) == {"clock_incident_notice_overdue"}
    at(monkeypatch, PRESS)
    row = step(room, row, Step.AWARE, LAB_DPO, at=now, basis=Basis.OTHER)
    with pytest.raises(UsageError, match="delay"):
        late = step(room, row, Step.NOTIFY, LAB_DPO, risk=Risk.HIGH)
        step(room, late, Step.FILED, LAB_DPO, reasons="")
    watched(PRESS)
    assert "clock_incident_authority_overdue" in hears(room, LAB_DPO, row)
