"""Warnings: sealed on arrival, passed on by silence, shut to whoever they name (R10)."""

import datetime as dt
from zoneinfo import ZoneInfo

import pytest
from django.db import connection
from django.test import Client
from tests.portal.warned import CANARY, at, keyed, opened, person, warned

from ecluse.domain.errors import ForbiddenError, MalformedError, TamperError, TransitionError, UnseenError, UsageError
from ecluse.domain.permissions import Role
from ecluse.domain.room import RoomEvent
from ecluse.domain.warnings import Function, Outcome, Terms
from ecluse.seal.letters import MAX_BYTES, MAX_FILES, MAX_TEXT, Attachment
from ecluse.seal.sealing import Identity
from ecluse.store.acts import warnings as acts
from ecluse.store.models import JournalLine, Membership, Organisation, ReportedWarning
from ecluse.store.reads import warnings as reads
from ecluse.store.recording import SYSTEM, acting
from rooms import LAB, OTHER_LAB, VENDOR, Room

PARIS = ZoneInfo("Europe/Paris")
SO, BOSS = (VENDOR, Role.SECURITY_OFFICER), (VENDOR, Role.DIRECTOR)
LAB_DPO, LAB_BOSS = (LAB, Role.DPO), (LAB, Role.DIRECTOR)


def test_it_is_sealed_to_those_who_may_come_to_read_it_and_to_nobody_else(room: Room) -> None:
    keys = keyed(room)
    found, _ = warned(attachments=(Attachment("56-lignes.csv", b"a;b\n"),))
    for who in (SO, BOSS, LAB_DPO, LAB_BOSS):
        letter = opened(found.sealed, keys[who])
        assert letter.text == CANARY
        assert letter.attachments[0].data == b"a;b\n"
    with pytest.raises(TamperError):
        opened(found.sealed, keys[OTHER_LAB, Role.DIRECTOR])


def test_no_word_of_it_is_anywhere_in_the_database(room: Room) -> None:
    keyed(room)
    found, secret = warned(named=("Zébulon Introuvable",), attachments=(Attachment("zebulon.csv", b"zebulon-line"),))
    acts.write("anonymous", found, "zebulon-message", ())
    acts.answer(person(room, *SO).handle, found, "zebulon-answer", person(room, *SO))
    with connection.cursor() as cursor:
        tables = connection.introspection.table_names(cursor)
        dump = []
        for table in tables:
            cursor.execute(f'SELECT * FROM "{table}"')
            dump += [repr(bytes(cell) if isinstance(cell, memoryview) else cell) for row in cursor for cell in row]
    whole = "\n".join(dump)
    assert found.receipt in whole
    for word in ("répertoire", "r\\xc3\\xa9pertoire", "zebulon", "Introuvable", secret, secret.replace("-", "")):
        assert word not in whole, word


def test_where_nobody_could_read_it_nothing_is_kept_and_that_is_said(room: Room) -> None:
    with pytest.raises(TransitionError, match="nothing was kept"):
        warned()
    assert not reads.can_receive()
    keyed(room, SO)
    assert reads.can_receive()
    with pytest.raises(TransitionError):
        warned(functions=(Function.SECURITY_OFFICER,))
    assert not ReportedWarning.objects.exists()


def test_whoever_it_names_finds_nothing_and_holds_no_key_to_it(room: Room) -> None:
    keys, officer, boss = keyed(room), person(room, *SO), person(room, *BOSS)
    found, _ = warned(functions=(Function.SECURITY_OFFICER,))
    with pytest.raises(TamperError):
        opened(found.sealed, keys[SO])
    for does in (
        lambda: acts.take(officer.handle, found, officer),
        lambda: acts.acknowledge(officer.handle, found, officer),
        lambda: acts.answer(officer.handle, found, "x", officer),
        lambda: acts.close(officer.handle, found, Outcome.UNFOUNDED, officer),
        lambda: acts.name(officer.handle, found, boss, officer),
        lambda: reads.check_exists_for(found, officer),
    ):
        with pytest.raises(UnseenError, match="there is no such warning"):
            does()
    assert found not in reads.visible(officer, [VENDOR])
    assert found in reads.visible(boss, [VENDOR])
    assert opened(acts.take(boss.handle, found, boss), keys[BOSS]).text == CANARY
    lines = JournalLine.objects.filter(subject=found.receipt)
    assert lines.exists()
    assert not [line for line in lines if VENDOR in line.concerns], "the vendor's journal tells its officer nothing"


@pytest.mark.parametrize(
    "line", ["security_officer of logiciel-labo", "Security_Officer", "camille.security_officer@logiciel-labo.example"]
)
def test_a_reporter_names_people_as_they_know_them(room: Room, line: str) -> None:
    keyed(room)
    officer = person(room, *SO)
    found, _ = warned(named=(line.replace("Security_Officer", officer.name), "  ", "somebody else"))
    assert [each.person_id for each in found.named.all()] == [officer.pk]


def test_whoever_is_named_later_finds_nothing_any_more(room: Room) -> None:
    keyed(room)
    officer, boss, lab = person(room, *SO), person(room, *BOSS), person(room, *LAB_BOSS)
    found, _ = warned()
    acts.name(officer.handle, found, boss, officer)
    with pytest.raises(UnseenError):
        acts.take(boss.handle, found, boss)
    with pytest.raises(ForbiddenError, match="own organisation"):
        acts.name(officer.handle, found, lab, officer)
    with pytest.raises(ForbiddenError, match="themself"):
        acts.name(officer.handle, found, officer, officer)


def test_it_has_come_to_the_officer_alone_at_first(room: Room) -> None:
    keyed(room)
    found, _ = warned()
    for who in (BOSS, LAB_DPO, LAB_BOSS):
        with pytest.raises(TransitionError, match="has not come to you"):
            acts.take(person(room, *who).handle, found, person(room, *who))
    assert [each.station for each in found.stations.all()] == [0]
    shared, _ = warned(shared=True)
    assert acts.take(person(room, *LAB_BOSS).handle, shared, person(room, *LAB_BOSS))
    with pytest.raises(TransitionError):
        acts.take(person(room, *BOSS).handle, shared, person(room, *BOSS))


def test_silence_brings_it_to_management_and_to_the_laboratory_before_the_time_is_over(
    room: Room, monkeypatch: pytest.MonkeyPatch
) -> None:
    keyed(room)
    begin = dt.datetime(2026, 3, 2, 9, 0, tzinfo=PARIS)
    at(monkeypatch, begin)
    found, _ = warned()
    due = found.acknowledge_by.astimezone(PARIS)
    assert due == dt.datetime(2026, 3, 12, 0, 0, tzinfo=PARIS), "seven working days, the day of arrival not counted"
    part = (found.acknowledge_by - begin) / 3
    for place, instant in enumerate((begin, begin + part, begin + 2 * part)):
        at(monkeypatch, instant - dt.timedelta(seconds=1))
        if place:
            assert acts.escalate("watch") == 0
        at(monkeypatch, instant)
        assert acts.escalate("watch") == (1 if place else 0)
        assert acts.escalate("watch") == 0
    assert [each.station for each in reads.warning_of(found.receipt).stations.all()] == [0, 1, 2]
    told = reads.warning_of(found.receipt).stations.last()
    assert told is not None
    assert set(told.told) == {person(room, *LAB_DPO).handle, person(room, *LAB_BOSS).handle}


def test_an_acknowledgement_that_nothing_follows_does_not_stop_it(room: Room, monkeypatch: pytest.MonkeyPatch) -> None:
    keyed(room)
    begin = dt.datetime(2026, 3, 2, 9, 0, tzinfo=PARIS)
    at(monkeypatch, begin)
    found, _ = warned()
    acts.acknowledge(person(room, *SO).handle, found, person(room, *SO))
    at(monkeypatch, begin + dt.timedelta(days=29))
    assert acts.escalate("watch") == 0
    at(monkeypatch, begin + dt.timedelta(days=61))
    assert acts.escalate("watch") == 2
    assert reads.circle(reads.warning_of(found.receipt), begin + dt.timedelta(days=61)).reached == (0, 1, 2)


def test_the_steps_are_taken_one_by_one(room: Room) -> None:
    keyed(room)
    officer = person(room, *SO)
    found, _ = warned()
    with pytest.raises(TransitionError):
        acts.close(officer.handle, found, Outcome.MENDED, officer)
    acts.acknowledge(officer.handle, found, officer)
    with pytest.raises(TransitionError):
        acts.acknowledge(officer.handle, found, officer)
    acts.answer(officer.handle, found, "merci", officer)
    acts.answer(officer.handle, found, "encore", officer)
    acts.close(officer.handle, found, Outcome.MENDED, officer)
    for does in (lambda: acts.answer(officer.handle, found, "x", officer), lambda: acts.ask(officer.handle, found, "x", officer),
                 lambda: acts.write("anonymous", found, "x", ()), lambda: acts.close(officer.handle, found, Outcome.TWICE, officer)):  # fmt: skip
        with pytest.raises(TransitionError):
            does()
    events = list(JournalLine.objects.filter(subject=found.receipt).order_by("index").values_list("event", flat=True))
    assert events == [
        "warning.received", "warning.escalated", "warning.acknowledged", "warning.written", "warning.answered",
        "warning.written", "warning.closed",
    ]  # fmt: skip


def test_the_secret_alone_opens_the_answers(room: Room) -> None:
    keys, officer = keyed(room), person(room, *SO)
    found, secret = warned()
    acts.answer(officer.handle, found, "nous avons fermé le serveur", officer)
    acts.write("anonymous", found, "merci", [Attachment("a.txt", b"1")])
    _, shown = reads.followed(found.receipt.lower(), secret.lower().replace("-", " "))
    assert [(each.mine, each.text) for each in shown.messages] == [
        (False, "nous avons fermé le serveur"),
        (True, "merci"),
    ]
    assert shown.messages[1].names == ("01-a.txt",)
    last = found.messages.last()
    assert last is not None
    assert opened(last.sealed, keys[SO]).text == "merci"
    other, their_secret = warned()
    for receipt, tried in (
        (found.receipt, their_secret),
        (other.receipt, secret),
        ("W-0000-0000", secret),
        ("", ""),
        (found.receipt, "é" * 99),
    ):
        with pytest.raises(UnseenError, match="do not belong together"):
            reads.followed(receipt, tried)


def test_a_message_that_nobody_could_read_is_refused_and_the_journal_tells(room: Room) -> None:
    """All to whom the warning was sealed hold other roles now, and who came after them gave no key."""
    keys, (found, secret) = keyed(room), warned()
    with acting(SYSTEM) as act:
        sealed_to = [person(room, *who) for who in keys]
        Membership.objects.filter(person__in=sealed_to).update(role=Role.ADMINISTRATOR)
        act.record(RoomEvent.ALERT_NOTED, subject="test")
    with pytest.raises(TransitionError, match="nobody here could read this message: nothing was kept"):
        acts.write("anonymous", found, "le serveur est de nouveau ouvert", ())
    assert not found.messages.exists()
    line = JournalLine.objects.get(subject=found.receipt, event="warning.written")
    assert line.detail == {"reporter": 1, "kept": 0}
    assert set(line.concerns) == {LAB, VENDOR}
    page = Client(headers={"host": "localhost", "accept-language": "fr"}).post(
        "/report/follow/", {"receipt": found.receipt, "secret": secret, "text": "encore"}
    )
    assert "personne ici ne pourrait lire ce message" in page.content.decode().casefold()


def test_what_is_too_large_is_refused_whole(room: Room) -> None:
    keyed(room)
    for rest in (
        {"text": "  \n"},
        {"text": "x" * (MAX_TEXT + 1)},
        {"attachments": (Attachment("a", b""),) * (MAX_FILES + 1)},
        {"attachments": (Attachment("a", bytes(MAX_BYTES + 1)),)},
    ):
        with pytest.raises(MalformedError):
            warned(**rest)  # type: ignore[arg-type]
    assert not ReportedWarning.objects.exists()


def test_clocks_are_shortened_and_never_lengthened(room: Room) -> None:
    keyed(room)
    lab = Organisation.objects.get(slug=LAB)
    acts.set_terms(person(room, *LAB_BOSS).handle, lab, Terms(2, 10, 1))
    found, _ = warned(exposed=True)
    assert found.acknowledge_by - found.received_at == dt.timedelta(hours=1)
    assert found.answer_by - found.received_at == dt.timedelta(days=10)
    for days, answer, hours in ((8, 90, 4), (7, 91, 4), (7, 90, 5), (0, 90, 4)):
        with pytest.raises(UsageError):
            Terms(days, answer, hours)


def test_a_key_belongs_to_one_person_who_handles_warnings(room: Room) -> None:
    officer, engineer = person(room, *SO), person(room, VENDOR, Role.ENGINEER)
    recipient = Identity.generate().recipient
    acts.set_key(officer.handle, officer, recipient)
    with pytest.raises(UsageError):
        acts.set_key("x", person(room, *BOSS), recipient)
    with pytest.raises(ForbiddenError):
        acts.set_key(engineer.handle, engineer, Identity.generate().recipient)
    with pytest.raises(MalformedError):
        acts.set_key(officer.handle, officer, "age1nothing")
    acts.set_key(officer.handle, officer, Identity.generate().recipient)
    assert officer.warning_keys.filter(until__isnull=True).count() == 1


def test_a_laboratory_that_is_not_meant_sees_nothing_and_one_that_could_be_sees_that_it_exists(room: Room) -> None:
    keyed(room)
    named, _ = warned()
    assert named not in reads.visible(person(room, OTHER_LAB, Role.DIRECTOR), [OTHER_LAB])
    unnamed, _ = warned(organisation="je ne sais pas")
    for slug in (LAB, OTHER_LAB):
        assert unnamed in reads.visible(person(room, slug, Role.DIRECTOR), [slug])
    reading = {party.organisation.slug for party in unnamed.parties.all() if party.reads}
    assert reading == {VENDOR, LAB}, "the vendor, and the laboratory whose room this is; never just any"


def test_mails_that_reached_their_people_are_waited_for_no_longer(room: Room) -> None:
    keyed(room)
    found, _ = warned()
    station = found.stations.get(station=0)
    assert station.waiting == [person(room, *SO).handle]
    acts.told("watch", station, station.waiting)
    assert found.stations.get(station=0).waiting == []
