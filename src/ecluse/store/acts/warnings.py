"""Warnings: received and sealed, passed on by silence, acknowledged, answered, closed (R10, issue 5).

Nobody's words stay here in clear: what comes is sealed to the keys of those who may read it, before anything is
written; what goes to the reporter is sealed to their mailbox too. Who is named is never among the recipients.
"""

import datetime as dt
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from django.db import DatabaseError
from django.utils import timezone

from ecluse.domain.errors import EcluseError, ForbiddenError, TransitionError, UsageError
from ecluse.domain.permissions import MAY, Action
from ecluse.domain.room import RoomEvent
from ecluse.domain.warnings import (
    Concerned,
    Function,
    Outcome,
    Terms,
    WarningState,
    acknowledge_by,
    answer_by,
    check_step,
    concerned,
    named_in,
)
from ecluse.seal.letters import Attachment, Letter, check_letter, lock_mailbox, new_receipt, new_secret, pack
from ecluse.seal.sealing import check_recipient, seal
from ecluse.store.acts.alerts import spare
from ecluse.store.models import (
    IncidentRow,
    Organisation,
    Person,
    ReportedWarning,
    WarningKey,
    WarningMessage,
    WarningNamed,
    WarningParty,
    WarningReader,
    WarningStation,
    WarningTerms,
)
from ecluse.store.reads import warnings as reads
from ecluse.store.recording import Act, act
from ecluse.store.working_days import french_holidays
from ecluse.wire.canonical import digest


@dataclass(frozen=True, slots=True)
class Given:
    """A warning as it is handed in. ``named``: lines that name people; ``organisation``: as the reporter calls it.

    ``exposed``: patients' data are open now. ``sample``: leaked lines are attached, which says the same. ``shared``:
    the laboratory may read it at once.
    """

    text: str
    named: tuple[str, ...] = ()
    functions: tuple[Function, ...] = ()
    organisation: str = ""
    exposed: bool = False
    sample: bool = False
    shared: bool = False
    language: str = "fr"
    attachments: tuple[Attachment, ...] = ()


@dataclass(frozen=True, slots=True)
class Received:
    """What its reporter gets; the secret is kept nowhere."""

    receipt: str
    secret: str


@act
def receive(act: Act, given: Given) -> Received:
    """Take a warning in, sealed. It is refused, with nothing kept, where nobody could read it.

    Raises:
        MalformedError: empty or too large.
        TransitionError: nobody who may read it has given a key.
    """
    check_letter(given.text, given.attachments)
    whose = concerned(given.organisation, reads.bodies())
    people = reads.people_of(whose.everybody())
    named = named_in(given.named, given.functions, people)
    readers = reads.readers_of(whose, named)
    if not readers:
        raise TransitionError("nobody here could read this warning: nothing was kept",
                              hint="write to one of the addresses of this page instead")  # fmt: skip
    secret, exposed = new_secret(), given.exposed or given.sample
    sealed = seal(pack(Letter(given.text, _about(given), given.attachments)), sorted(readers.values()))
    warning = _made(act.now, given, whose, secret, sealed, exposed=exposed)
    _keep_circle(act, warning, whose, named, readers)
    act.record(
        RoomEvent.WARNING_RECEIVED, *reads.open_to(warning), subject=warning.receipt, digest=warning.digest,
        exposed=int(exposed), sample=int(given.sample),
    )  # fmt: skip
    _escalate(act, reads.warning_of(warning.receipt))
    return Received(warning.receipt, secret)


def _about(given: Given) -> str:
    lines = [f"organisation: {given.organisation.strip()}"] if given.organisation.strip() else []
    lines += [f"named: {line.strip()}" for line in given.named if line.strip()]
    lines += [f"function: {each}" for each in given.functions]
    return "\n".join(lines)


def _made(
    now: dt.datetime, given: Given, whose: Concerned, secret: str, sealed: bytes, *, exposed: bool
) -> ReportedWarning:
    locked, terms, here = lock_mailbox(secret), reads.terms_of(whose.everybody()), timezone.localtime(now)
    off = french_holidays((here.year, here.year + 1))
    return ReportedWarning.objects.create(
        receipt=new_receipt(), received_at=now, language="en" if given.language == "en" else "fr", exposed=exposed,
        sample=given.sample, shared=given.shared, sealed=sealed, digest=digest(sealed),
        attachments=len(given.attachments), salt=locked.salt, verifier=locked.verifier, mailbox=locked.mailbox,
        lock=locked.lock, acknowledge_by=acknowledge_by(here, terms, off, exposed=exposed),
        answer_by=answer_by(now, terms), state=WarningState.RECEIVED,
    )  # fmt: skip


def _keep_circle(
    act: Act,
    warning: ReportedWarning,
    whose: Concerned,
    named: Iterable[str],
    readers: Iterable[int],
) -> None:
    organisations = {each.slug: each for each in Organisation.objects.filter(slug__in=whose.everybody())}
    may_read = {*whose.processors, *whose.readers}
    for slug in whose.everybody():
        WarningParty.objects.create(warning=warning, organisation=organisations[slug], reads=slug in may_read)
    for person in Person.objects.filter(handle__in=list(named)):
        WarningNamed.objects.create(warning=warning, person=person, at=act.now)
    WarningReader.objects.bulk_create(WarningReader(warning=warning, person_id=each) for each in sorted(readers))


def escalate(actor: str) -> int:
    """Bring every warning to the stations that silence has reached; gives how many. Repeating it is harmless.

    Each in an act of its own: one that is held, or that cannot be taken on, keeps no other where it is. Six queries
    while none goes on.

    Raises:
        EcluseError, DatabaseError: what the first refused, after all others.
    """
    now, taken = timezone.now(), 0
    refused: list[Exception] = []
    waiting = list(reads.waiting())
    held = reads.roles_held({slug for each in waiting for slug in reads.slugs_of(each)}) if waiting else {}
    for each in waiting:
        if not _due(each, reads.circle(each, now, held)):
            continue
        try:
            taken += _take_on(actor, each)
        except (EcluseError, DatabaseError) as error:
            refused.append(error)
    if refused:
        raise refused[0]
    return taken


def _due(warning: ReportedWarning, around: reads.Circle) -> list[int]:
    """The stations that it has come to and that were not told."""
    return sorted(set(around.reached) - {each.station for each in warning.stations.all()})


@act
def _take_on(act: Act, warning: ReportedWarning) -> int:
    """As it is now; one that somebody holds at this moment is left for the next look."""
    if not ReportedWarning.objects.select_for_update(skip_locked=True).filter(pk=warning.pk).values("pk").first():
        return 0
    found = reads.waiting().filter(pk=warning.pk).first()
    return 0 if found is None else _escalate(act, found)


def _escalate(act: Act, warning: ReportedWarning) -> int:
    around = reads.circle(warning, act.now)
    due = _due(warning, around)
    for place in due:
        hearers = Person.objects.filter(pk__in=around.hearers[place]).order_by("handle")
        told = [each.handle for each in hearers]
        WarningStation.objects.create(warning=warning, station=place, at=act.now, told=told, waiting=told)
        act.record(
            RoomEvent.WARNING_ESCALATED, *reads.open_to(warning), subject=warning.receipt, station=place,
            people=len(told),
        )  # fmt: skip
    # What it led to was opened before it came to the laboratory: from now on that knows (R17).
    for incident in IncidentRow.objects.filter(warning=warning, controller_told_at=None) if due else ():
        incident.controller_told_at = reads.first_told(ReportedWarning.objects.get(pk=warning.pk), incident.controller)
        incident.save(update_fields=["controller_told_at"])
    return len(due)


@act
def told(act: Act, station: WarningStation, handles: Iterable[str]) -> None:
    """Mails have reached these people: they are waited for no longer."""
    gone = set(handles)
    if gone & set(station.waiting):
        station.waiting = [each for each in station.waiting if each not in gone]
        station.save(update_fields=["waiting"])
        warning = reads.whole().get(pk=station.warning_id)
        act.record(
            RoomEvent.WARNING_TOLD, *reads.open_to(warning), subject=warning.receipt, station=station.station,
            people=len(gone),
        )  # fmt: skip


@act
def acknowledge(act: Act, warning: ReportedWarning, by: Person) -> None:
    """Say that it has come to somebody who sees to it.

    Raises:
        UnseenError, TransitionError: see ``reads.check_handles``; or it was acknowledged already.
    """
    warning = _locked(act, warning, by)
    check_step(WarningState(warning.state), WarningState.ACKNOWLEDGED)
    warning.state, warning.acknowledged_at, warning.acknowledged_by = WarningState.ACKNOWLEDGED, act.now, by
    warning.save(update_fields=["state", "acknowledged_at", "acknowledged_by"])
    act.record(RoomEvent.WARNING_ACKNOWLEDGED, *reads.open_to(warning), subject=warning.receipt)


@act
def name(act: Act, warning: ReportedWarning, person: Person, by: Person) -> None:
    """Its text is about somebody: from now on it does not exist for them. It cannot be taken back.

    Raises:
        UnseenError, TransitionError: see ``reads.check_handles``.
        ForbiddenError: oneself, or somebody of another organisation: nobody shuts the other side out.
    """
    warning = _locked(act, warning, by)
    if person.pk == by.pk:
        raise ForbiddenError("nobody names themself", hint="somebody else who handles it does")
    mine = {grant.organisation for grant in by.grants()} & set(reads.slugs_of(warning))
    if not mine & {grant.organisation for grant in person.grants()}:
        raise ForbiddenError("one names people of one's own organisation", hint="the reporter can name anybody")
    _, made = WarningNamed.objects.get_or_create(warning=warning, person=person, defaults={"by": by, "at": act.now})
    if made:
        warning = reads.warning_of(warning.receipt)
        act.record(RoomEvent.WARNING_NAMED, *reads.open_to(warning), subject=warning.receipt)
        spare(act, warning.receipt, person)
        _escalate(act, warning)


@act
def answer(act: Act, warning: ReportedWarning, text: str, by: Person) -> None:
    """Answer its reporter; the first answer ends the clocks.

    Raises:
        UnseenError, TransitionError: see ``reads.check_handles``; or it is closed.
        MalformedError: no text, or too long.
    """
    warning = _locked(act, warning, by)
    check_step(WarningState(warning.state), WarningState.ANSWERED)
    _write(act, warning, Letter(text), by)
    if warning.answered_at is None:
        warning.acknowledged_at, warning.acknowledged_by = (
            warning.acknowledged_at or act.now,
            (warning.acknowledged_by or by),
        )
        warning.answered_at, warning.answered_by, warning.state = act.now, by, WarningState.ANSWERED
        warning.save(update_fields=["acknowledged_at", "acknowledged_by", "answered_at", "answered_by", "state"])
        act.record(RoomEvent.WARNING_ANSWERED, *reads.open_to(warning), subject=warning.receipt)


@act
def ask(act: Act, warning: ReportedWarning, text: str, by: Person) -> None:
    """Ask its reporter something; no answer, and the clocks go on.

    Raises:
        UnseenError, TransitionError, MalformedError: as for :func:`answer`.
    """
    warning = _locked(act, warning, by)
    if warning.state == WarningState.CLOSED:
        raise TransitionError("this warning is closed")
    _write(act, warning, Letter(text), by)


def write(actor: str, warning: ReportedWarning, text: str, attachments: Sequence[Attachment]) -> None:
    """Its reporter, who has shown the secret, writes again; a closed warning opens for this no more.

    What nobody could read is refused as a first report is, and the journal tells that it was.

    Raises:
        TransitionError: it is closed; or nobody who may read it has a key.
        MalformedError: no text, or too large.
    """
    if not _written(actor, warning, text, attachments):
        raise TransitionError("nobody here could read this message: nothing was kept",
                              hint="write to one of the addresses of this page instead")  # fmt: skip


@act
def _written(act: Act, warning: ReportedWarning, text: str, attachments: Sequence[Attachment]) -> bool:
    """Whether it was kept; the act ends well either way, so that its entry stays."""
    warning = reads.whole().select_for_update(of=("self",)).get(pk=warning.pk)
    if warning.state == WarningState.CLOSED:
        raise TransitionError("this warning is closed", hint="make another, and name the receipt of this one")
    if warning.messages.filter(author__isnull=True).count() >= MAX_MESSAGES:
        raise TransitionError("this warning has as many messages as one may have", hint="make another")
    letter = Letter(text, attachments=tuple(attachments))
    check_letter(letter.text, letter.attachments)
    if not reads.keys_to(warning, act.now):
        act.record(RoomEvent.WARNING_WRITTEN, *reads.open_to(warning), subject=warning.receipt, reporter=1, kept=0)
        return False
    _write(act, warning, letter, None)
    return True


MAX_MESSAGES = 100


def _write(act: Act, warning: ReportedWarning, letter: Letter, author: Person | None) -> None:
    check_letter(letter.text, letter.attachments)
    sealed = seal(pack(letter), [warning.mailbox, *reads.keys_to(warning, act.now)])
    WarningMessage.objects.create(warning=warning, author=author, at=act.now, sealed=sealed, digest=digest(sealed))
    act.record(
        RoomEvent.WARNING_WRITTEN, *reads.open_to(warning), subject=warning.receipt, digest=digest(sealed),
        reporter=int(author is None),
    )  # fmt: skip


@act
def close(act: Act, warning: ReportedWarning, outcome: Outcome, by: Person) -> None:
    """End it, once it is answered, and say why.

    Raises:
        UnseenError, TransitionError: see ``reads.check_handles``; or it is not answered.
    """
    warning = _locked(act, warning, by)
    check_step(WarningState(warning.state), WarningState.CLOSED)
    warning.state, warning.closed_at, warning.closed_by, warning.outcome = WarningState.CLOSED, act.now, by, outcome
    warning.save(update_fields=["state", "closed_at", "closed_by", "outcome"])
    act.record(RoomEvent.WARNING_CLOSED, *reads.open_to(warning), subject=warning.receipt, outcome=str(outcome))


@act
def take(act: Act, warning: ReportedWarning, by: Person, message: int | None = None) -> bytes:
    """The sealed letter, or one of its messages, for whoever handles it; that it was taken is journalled.

    Raises:
        UnseenError, TransitionError: see ``reads.check_handles``; or there is no such message.
    """
    warning = _locked(act, warning, by)
    sealed = warning.sealed
    if message is not None:
        sealed = reads.message_of(warning, message).sealed
    act.record(RoomEvent.WARNING_TAKEN, *reads.open_to(warning), subject=warning.receipt, digest=digest(bytes(sealed)))
    return bytes(sealed)


def _locked(act: Act, warning: ReportedWarning, by: Person) -> ReportedWarning:
    """The warning as it is now, for somebody who may handle it: of two who answer at once the second finds it so."""
    ReportedWarning.objects.select_for_update().get(pk=warning.pk)
    found = reads.whole().get(pk=warning.pk)
    reads.check_handles(found, by, act.now)
    return found


@act
def set_key(act: Act, person: Person, recipient: str) -> None:
    """A person gives the key to which warnings are sealed for them; the former is used no more.

    Raises:
        ForbiddenError: no role of theirs handles warnings.
        MalformedError: not an age recipient.
    """
    if not any((grant.side, grant.role) in MAY[Action.HANDLE_WARNING] for grant in person.grants()):
        raise ForbiddenError("your role handles no warnings")
    check_recipient(recipient)
    known = WarningKey.objects.filter(recipient=recipient).exclude(person=person).exists()
    if known:
        raise UsageError("this key is somebody else's")
    WarningKey.objects.filter(person=person, until__isnull=True).update(until=act.now)
    WarningKey.objects.create(person=person, recipient=recipient, since=act.now)
    slugs = sorted({grant.organisation for grant in person.grants()})
    act.record(RoomEvent.WARNING_KEY_SET, *slugs, subject=person.handle, recipient=recipient)


@act
def set_terms(act: Act, organisation: Organisation, terms: Terms) -> None:
    """An organisation's own clocks for the warnings to come."""
    WarningTerms.objects.update_or_create(
        organisation=organisation,
        defaults={
            "acknowledge_days": terms.acknowledge_days,
            "answer_days": terms.answer_days,
            "exposure_hours": terms.exposure_hours,
        },
    )
    act.record(
        RoomEvent.WARNING_TERMS_SET, organisation.slug, subject=organisation.slug, days=terms.acknowledge_days,
        answer_days=terms.answer_days, hours=terms.exposure_hours,
    )  # fmt: skip
