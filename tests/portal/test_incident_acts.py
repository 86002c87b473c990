"""Incidents in the room: who may do what, what the journal tells to whom, what the watch finds (R17, law 5)."""

import datetime as dt

import pytest
from django.db import transaction
from django.utils import timezone
from tests.portal.breached import (
    BOSS,
    CANARY,
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

from ecluse.domain.alerts import Severity
from ecluse.domain.errors import EcluseError, ForbiddenError, TransitionError, UnseenError, UsageError
from ecluse.domain.identifiers import nir_key
from ecluse.domain.incident_exposures import ExposureKind, ExposureState
from ecluse.domain.incidents import Basis, FactKind, Phase, Risk, Step
from ecluse.domain.permissions import MAY, Action, Role, Side
from ecluse.domain.room import RoomEvent
from ecluse.domain.warnings import Function
from ecluse.portal.watch import incidents as watched
from ecluse.portal.watch.rounds import FINDERS
from ecluse.store.acts import alerts, people, warnings
from ecluse.store.acts import incidents as acts
from ecluse.store.acts.incident_warnings import open_from_warning
from ecluse.store.models import (
    AgreementVersion,
    Alert,
    AlertTold,
    IncidentFact,
    IncidentMove,
    IncidentRow,
    JournalLine,
    Membership,
    WarningParty,
    WarningReader,
)
from ecluse.store.reads import incidents as reads
from ecluse.store.reads.incident_clocks import clock_findings
from ecluse.store.recording import acting
from ecluse.wire.canonical import canonical, digest
from rooms import LAB, OTHER_LAB, VENDOR, Room, member, signed_in

HOUR = dt.timedelta(hours=1)
NIR = "2690549588157"


@pytest.fixture
def now(room: Room) -> dt.datetime:
    bound(room)
    return timezone.now()


def lines(row: IncidentRow) -> list[JournalLine]:
    return list(JournalLine.objects.filter(subject=row.number).order_by("index"))


def test_a_vendor_opens_one_for_each_laboratory(room: Room, now: dt.datetime) -> None:
    mine, theirs = opened(room, now - HOUR, (LAB, OTHER_LAB))
    assert (mine.controller.slug, theirs.controller.slug) == (LAB, OTHER_LAB)
    assert mine.matter == theirs.matter
    assert mine.number != theirs.number
    for row in (mine, theirs):
        assert (row.phase, row.opened_side, row.found_at) == (Phase.OPENED, Side.PROCESSOR, now - HOUR)
        assert [each.text for each in row.facts.all()] == [CANARY]
    assert seen_by(person(room, LAB_BOSS)) == {mine}
    assert seen_by(room.people[OTHER_LAB, Role.DPO]) == {theirs}
    assert set(seen_by(person(room, OFFICER))) == {mine, theirs}


def test_a_laboratory_that_opens_one_is_aware(room: Room, now: dt.datetime) -> None:
    (row,) = opened(room, now - HOUR, who=LAB_DPO, basis=Basis.PRESS)
    assert row.phase == Phase.AWARE
    (move,) = reads.record_of(row).moves
    assert (move.step, move.at, move.basis) == (Step.AWARE, now - HOUR, Basis.PRESS)
    (alone,) = opened(room, now, who=LAB_BOSS, vendors=())
    assert alone.processor is None
    assert alone not in seen_by(person(room, OFFICER))


def test_nobody_opens_one_for_whom_no_agreement_binds_or_without_a_role(room: Room) -> None:
    with pytest.raises(ForbiddenError, match="no agreement"):
        opened(room, timezone.now())
    bound(room)
    for who in (VENDOR, Role.ENGINEER), (VENDOR, Role.AUDITOR), (LAB, Role.APPROVER):
        with pytest.raises(ForbiddenError):
            opened(room, timezone.now(), who=who)
    with pytest.raises(UsageError, match="which laboratory"):
        opened(room, timezone.now(), ())


def test_the_journal_tells_each_side_what_is_its_own_and_no_word(room: Room, now: dt.datetime) -> None:
    (row,) = opened(room, now)
    row = fact(room, row, FactKind.CAUSE, "Clé-partagée-unique")
    row = step(room, row, Step.NOTICE, OFFICER, reasons="Par-téléphone-unique")
    row = fact(room, row, FactKind.PERSONS, "", LAB_DPO, count=491_840)
    row = step(room, row, Step.NOTIFY, risk=Risk.HIGH, reasons="Motif-unique")
    link = acts.GivenExposure(ExposureKind.LINK, "https://forum.example/fil-unique", now)
    by = person(room, OFFICER)
    acts.note_exposure(by.handle, row, link, by=by)
    asked = acts.GivenExposureMove(ExposureState.ASKED, None, "abuse-unique@forum.example")
    acts.move_exposure(by.handle, row, 1, asked, by=by)
    told = {line.event: set(line.concerns) for line in lines(row)}
    both, own = {LAB, VENDOR}, {LAB}
    assert told == {
        "incident.opened": both, "incident.fact_added": both, "incident.controller_told": both,
        "incident.counted": own, "incident.step_taken": own, "incident.exposure_noted": both,
        "incident.exposure_moved": both,
    }  # fmt: skip
    said = repr([line.detail for line in lines(row)])
    for word in ("unique", "4711", "491840", "forum", "Fichier"):
        assert word not in said
    for who, seen in ((OFFICER, False), (LAB_DPO, True)):
        client = room.client(*who)
        assert row.number in client.get("/journal/?event=incident.opened").text
        assert (row.number in client.get("/journal/?event=incident.step_taken").text) is seen


def test_two_same_texts_have_two_digests(room: Room, now: dt.datetime) -> None:
    """A short text cannot be found by trying: each digest is salted by what the database alone holds."""
    (row,) = opened(room, now)
    for _ in range(2):
        row = fact(room, row, FactKind.CAUSE, "oui")
    digests = [line.detail["digest"] for line in lines(row) if line.detail.get("kind") == "cause"]
    assert len(set(digests)) == len(digests) == 2


def test_nothing_is_written_without_its_entry_or_half(room: Room, now: dt.datetime) -> None:
    (row,) = opened(room, now)
    before = JournalLine.objects.count(), IncidentFact.objects.count(), IncidentMove.objects.count()
    wrong = (
        lambda: fact(room, row, FactKind.CAUSE, "x", known_since=timezone.now() + HOUR),
        lambda: fact(room, row, FactKind.PERSONS, "", count=5),
        lambda: fact(room, row, FactKind.CAUSE, f"NIR {NIR}{nir_key(NIR)}"),
        lambda: step(room, row, Step.NOTIFY, risk=Risk.HIGH),
        lambda: step(room, row, Step.NOTICE, LAB_DPO),
        lambda: step(room, row, Step.NOTICE, (VENDOR, Role.ENGINEER)),
    )
    for each in wrong:
        with pytest.raises(EcluseError):
            each()
    assert before == (JournalLine.objects.count(), IncidentFact.objects.count(), IncidentMove.objects.count())
    with pytest.raises(EcluseError, match="outside an act"), transaction.atomic():
        IncidentRow.objects.filter(pk=row.pk).update(phase=Phase.CLOSED)


def test_a_refusal_repeats_no_number_of_a_patient(room: Room, now: dt.datetime) -> None:
    (row,) = opened(room, now)
    with pytest.raises(UsageError) as caught:
        fact(room, row, FactKind.CAUSE, f"{NIR} {nir_key(NIR)}")
    assert NIR not in str(caught.value)


def test_roles_on_each_side(room: Room, now: dt.datetime) -> None:
    (row,) = opened(room, now)
    row = step(room, row, Step.NOTICE, VENDOR_DPO)
    for who in (OFFICER, BOSS, (LAB, Role.SECURITY_OFFICER), (LAB, Role.AUDITOR), (OTHER_LAB, Role.DPO)):
        with pytest.raises(ForbiddenError):
            step(room, row, Step.NOTIFY, who, risk=Risk.HIGH)
    for who in (OFFICER, (OTHER_LAB, Role.DPO)):
        with pytest.raises(ForbiddenError):
            fact(room, row, FactKind.PERSONS, "", who, count=1)
    with pytest.raises(ForbiddenError):
        fact(room, row, FactKind.CAUSE, "x", (OTHER_LAB, Role.DIRECTOR))
    assert step(room, row, Step.NOTIFY, LAB_BOSS, risk=Risk.HIGH).phase == Phase.TO_NOTIFY
    assert all(side is Side.CONTROLLER for side, _ in MAY[Action.DECIDE_INCIDENT] | MAY[Action.COUNT_AFFECTED])
    assert all(side is Side.PROCESSOR for side, _ in MAY[Action.TELL_CONTROLLER])


def test_everywhere_is_the_vendor_s_and_of_this_matter(room: Room, now: dt.datetime) -> None:
    mine, theirs = opened(room, now, (LAB, OTHER_LAB))
    (another,) = opened(room, now)
    fact(room, mine, FactKind.CAUSE, "Une clé partagée", everywhere=True)
    step(room, theirs, Step.NOTICE, OFFICER)
    step(room, mine, Step.NOTICE, OFFICER, everywhere=True)
    for row, count, phase in ((mine, 2, Phase.AWARE), (theirs, 2, Phase.AWARE), (another, 1, Phase.OPENED)):
        found = again(row)
        assert (found.facts.count(), found.phase) == (count, phase)
        assert found.moves.count() == (phase is Phase.AWARE), "told once, not twice"
    fact(room, mine, FactKind.DATA, "Identité", LAB_DPO, everywhere=True)
    assert again(theirs).facts.count() == 2, "a laboratory writes nowhere else"
    with pytest.raises(UsageError, match="at each laboratory"):
        fact(room, mine, FactKind.CAUSE, "x", everywhere=True, corrects=2)


def test_two_who_write_at_once_count_on(room: Room, now: dt.datetime) -> None:
    """Both hold the same old copy of the incident; numbers and phase are read under the lock."""
    (row,) = opened(room, now)
    stale = [again(row) for _ in range(2)]
    for each in stale:
        fact(room, each, FactKind.CAUSE, "x")
    assert [each.number for each in again(row).facts.all()] == [1, 2, 3]
    step(room, stale[0], Step.NOTICE, OFFICER)
    with pytest.raises(TransitionError, match="already"):
        step(room, stale[1], Step.NOTICE, OFFICER)


# -- the watch


def raised(now: dt.datetime) -> list[Alert]:
    return [alerts.raise_finding("watch", finding) for finding in clock_findings(now)]


def hears(alert: Alert) -> set[int]:
    return set(AlertTold.objects.filter(alert=alert, person__isnull=False).values_list("person_id", flat=True))


def test_the_watch_asks_incidents_with_the_other_clocks() -> None:
    assert watched.clock_findings in FINDERS


def test_a_missing_notice_goes_up_to_the_laboratory(
    room: Room, now: dt.datetime, monkeypatch: pytest.MonkeyPatch
) -> None:
    opened(room, now)
    assert raised(now + 3.99 * HOUR) == []
    at(monkeypatch, now + 4 * HOUR)
    (alert,) = raised(now + 4 * HOUR)
    assert (alert.rule, alert.severity) == ("clock_incident_notice_overdue", Severity.CRITICAL)
    assert raised(now + 4 * HOUR)[0].count == 1, "told once, however often the watch looks"
    for minutes in range(0, 60, 5):
        at(monkeypatch, now + 4 * HOUR + dt.timedelta(minutes=minutes))
        alerts.escalate("watch", Alert.objects.get(pk=alert.pk))
    assert {person(room, who).pk for who in (OFFICER, BOSS, LAB_BOSS, LAB_DPO)} <= hears(alert)
    assert room.people[OTHER_LAB, Role.DPO].pk not in hears(alert)


def test_an_alert_leads_to_the_incident_whoever_may_see_it(room: Room, now: dt.datetime) -> None:
    (row,) = opened(room, now)
    (alert,) = raised(now + 4 * HOUR)
    link = f'href="/incidents/{row.number}/"'
    assert link in room.client(*OFFICER).get(f"/alerts/{alert.pk}/").text
    page = room.client(*OFFICER).get(f"/alerts/{alert.pk}/", headers={"accept-language": "en"}).text
    assert "Nothing of it is yours to see" not in page, "it rests on a clock"
    engineer = room.client(VENDOR, Role.ENGINEER).get(f"/alerts/{alert.pk}/")
    assert (engineer.status_code, row.number in engineer.text, link in engineer.text) == (200, True, False)


def test_the_notice_reaches_the_laboratory_at_once(room: Room, now: dt.datetime) -> None:
    (row,) = opened(room, now)
    step(room, row, Step.NOTICE, OFFICER)
    (alert,) = raised(timezone.now())
    assert alert.rule == "clock_incident_told"
    assert hears(alert) == {person(room, who).pk for who in (LAB_BOSS, LAB_DPO)}, "no station of the vendor's before"


@pytest.mark.parametrize(
    ("hours", "rules"),
    [(47.9, []), (48, ["clock_incident_authority_soon"]), (72, ["clock_incident_authority_overdue"])],
)
def test_the_72_hours_alert_the_laboratory_alone(room: Room, now: dt.datetime, hours: float, rules: list[str]) -> None:
    opened(room, now, who=LAB_DPO)
    found = raised(now + hours * HOUR)
    assert [alert.rule for alert in found] == rules
    for alert in found:
        assert hears(alert) == {person(room, who).pk for who in (LAB_BOSS, LAB_DPO)}


def test_what_was_filed_or_closed_alerts_nobody(room: Room, now: dt.datetime) -> None:
    (row,) = opened(room, now, who=LAB_DPO)
    row = step(room, row, Step.NOTIFY, risk=Risk.HIGH)
    step(room, row, Step.FILED, reference="REF")
    assert raised(now + 1000 * HOUR) == []


# -- from a warning


def test_a_warning_with_a_leaked_sample_becomes_an_incident(room: Room, now: dt.datetime) -> None:
    keyed(room)
    warning, _ = warned("Des lignes à vendre, texte du signalement", sample=True)
    officer = person(room, OFFICER)
    (made,) = open_from_warning(officer.handle, warning, officer)
    row = again(made)
    assert (row.controller.slug, row.processor and row.processor.slug, row.phase) == (LAB, VENDOR, Phase.OPENED)
    assert row.found_at == warning.received_at, "the vendor knew when it came"
    copied = repr([row.title, [each.text for each in row.facts.all()], [each.reasons for each in row.moves.all()]])
    assert "à vendre" not in copied + repr(lines(row)), "no word of the warning is copied"
    assert warning.receipt not in repr([line.detail for line in lines(row)])
    with pytest.raises(TransitionError, match="already"):
        open_from_warning(officer.handle, warning, officer)


def test_a_warning_without_exposure_or_of_others_makes_none(room: Room, now: dt.datetime) -> None:
    keyed(room)
    quiet, _ = warned()
    officer = person(room, OFFICER)
    with pytest.raises(TransitionError, match="no exposed"):
        open_from_warning(officer.handle, quiet, officer)
    loud, _ = warned(exposed=True)
    boss = person(room, LAB_BOSS)
    with pytest.raises(TransitionError, match="not come to you"):
        open_from_warning(boss.handle, loud, boss)
    assert not IncidentRow.objects.exists()


def test_a_second_vendor_does_not_learn_that_the_first_made_an_incident(room: Room, now: dt.datetime) -> None:
    """R15: each tells the laboratory of itself (Art. 33(2)); neither sees the other's."""
    keyed(room)
    warning, _ = warned(sample=True)
    rival = people.add_organisation("room", "rival", "Rival SAS", Side.PROCESSOR)
    theirs = member(rival, Role.SECURITY_OFFICER)
    signed = AgreementVersion.objects.filter(controller__slug=LAB, in_force_at__isnull=False)[0]
    signed.pk, signed.number, signed.processor = None, "DPA-rival", rival
    with acting("room") as act:
        signed.save(force_insert=True)
        act.record(RoomEvent.OPENED, subject="an agreement")
    with acting("room") as act:  # as of a warning that came to both
        WarningParty.objects.create(warning=warning, organisation=rival, reads=True)
        WarningReader.objects.create(warning=warning, person=theirs)
        act.record(RoomEvent.OPENED, subject="a warning")
    officer = person(room, OFFICER)
    (first,) = open_from_warning(officer.handle, warning, officer)
    (second,) = open_from_warning(theirs.handle, warning, theirs)
    assert [row.processor and row.processor.slug for row in (first, second)] == [VENDOR, "rival"]
    assert first.number not in signed_in(theirs).get("/incidents/").text
    for each in (officer, theirs):
        with pytest.raises(TransitionError, match="already"):
            open_from_warning(each.handle, warning, each)


def test_whoever_a_warning_names_learns_nothing_by_the_incident(room: Room, now: dt.datetime) -> None:
    keyed(room)
    warning, _ = warned(sample=True, shared=True, functions=(Function.SECURITY_OFFICER,))
    boss = person(room, LAB_BOSS)
    (made,) = open_from_warning(boss.handle, warning, boss)
    row = again(made)
    assert row.processor is None, "the vendor's officer would see it"
    assert row.phase == Phase.AWARE
    officer = room.client(*OFFICER)
    assert officer.get(f"/incidents/{row.number}/").status_code == 404
    assert row.number not in officer.get("/incidents/").text + officer.get("/journal/").text
    named, _ = warned(sample=True, shared=True, named=(person(room, LAB_DPO).email,))
    with pytest.raises(ForbiddenError, match="names somebody"):
        open_from_warning(boss.handle, named, boss)
    with pytest.raises(UnseenError):
        open_from_warning(person(room, OFFICER).handle, warning, person(room, OFFICER))


def test_an_organisation_is_aware_since_the_first_of_it_was_told(
    room: Room, now: dt.datetime, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its officer heard and stayed silent; the director, to whom silence brought it, opens the incident."""
    keyed(room)
    at(monkeypatch, now)
    warning, _ = warned(sample=True)
    heard = now + HOUR * 2
    at(monkeypatch, heard)
    warnings.escalate("watch")
    boss = person(room, BOSS)
    stations = list(warning.stations.all())
    assert [boss.handle in each.told for each in stations] == [False, True], "silence brought it to the director"
    people.withdraw("room", Membership.objects.get(person=person(room, OFFICER), until__isnull=True))
    at(monkeypatch, heard + HOUR)
    (made,) = open_from_warning(boss.handle, warning, boss)
    assert made.found_at == now, "its officer knew then, though no longer of the firm"


def test_a_laboratory_is_not_aware_by_what_its_vendor_was_told(
    room: Room, now: dt.datetime, monkeypatch: pytest.MonkeyPatch
) -> None:
    keyed(room)
    at(monkeypatch, now)
    warning, _ = warned(sample=True)
    told = now + 72 * HOUR
    at(monkeypatch, told)
    warnings.escalate("watch")
    dpo = person(room, LAB_DPO)
    at(monkeypatch, told + HOUR)
    (made,) = open_from_warning(dpo.handle, warning, dpo)
    assert made.found_at == told
    assert reads.record_of(again(made)).moves[0].at == told


def test_the_opening_s_digest_holds_title_and_moment_and_a_fact_s_how_sure(room: Room, now: dt.datetime) -> None:
    """What the journal holds can be checked against the record, and was not changed since."""
    (row,) = opened(room, now - HOUR)
    said = {"salt": row.salt, "title": row.title, "found": row.found_at.isoformat()}
    assert lines(row)[0].detail["digest"] == digest(canonical(said))
    row = step(room, row, Step.NOTICE, OFFICER)
    fact(room, row, FactKind.PERSONS, "", LAB_DPO, count=7, exact=True)
    kept = again(row).facts.get(count=7)
    (line,) = (each for each in lines(row) if each.event == "incident.counted")
    for exact, same in ((True, True), (False, False)):
        said = {
            "salt": kept.salt, "kind": "persons", "text": "", "count": 7, "exact": exact,
            "known_since": kept.known_since.isoformat(),
        }  # fmt: skip
        assert (line.detail["digest"] == digest(canonical(said))) is same
    mine, theirs = opened(room, now, (LAB, OTHER_LAB))
    assert lines(mine)[0].detail["digest"] != lines(theirs)[0].detail["digest"]
