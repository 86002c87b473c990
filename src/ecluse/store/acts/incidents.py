"""Incidents: opened, facts added, the controller told, decisions and filings recorded, places noted (R17).

Each act adds a row and an entry; the entry holds numbers, kinds and a salted digest, never a text. Decisions, filings
and counts are the controller's: of them the journal tells the controller's people alone.
"""

import datetime as dt
import secrets
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace

from ecluse.domain.errors import ForbiddenError, TransitionError, UsageError
from ecluse.domain.incident_exposures import (
    Exposure,
    ExposureKind,
    ExposureMove,
    ExposureState,
    check_exposure,
    check_exposure_move,
    check_words,
)
from ecluse.domain.incident_steps import check_fact, check_move
from ecluse.domain.incidents import COUNTED, Basis, Fact, FactKind, Ground, Move, Phase, Risk, Step
from ecluse.domain.permissions import Action, Parties, Side, check_may
from ecluse.domain.room import RoomEvent
from ecluse.seal.letters import new_receipt
from ecluse.store.models import (
    IncidentExposure,
    IncidentExposureMove,
    IncidentFact,
    IncidentMove,
    IncidentRow,
    Organisation,
    Person,
    ReportedWarning,
)
from ecluse.store.reads import incidents as reads
from ecluse.store.reads.spared import check_incident_exists_for, told_of
from ecluse.store.reads.warnings import first_told
from ecluse.store.recording import Act, act
from ecluse.wire.canonical import canonical, digest

MOST = 1000
"""How many facts, steps and places an incident has at most, each."""


@dataclass(frozen=True, slots=True)
class Opened:
    """An incident as it is opened. ``found``: when this side became aware; ``basis``: how, for a controller."""

    title: str
    text: str
    found: dt.datetime
    basis: Basis = Basis.OWN


@dataclass(frozen=True, slots=True)
class GivenFact:
    """A fact as it is handed in."""

    kind: FactKind
    text: str
    known_since: dt.datetime
    count: int | None = None
    exact: bool = False
    corrects: int | None = None


@dataclass(frozen=True, slots=True)
class GivenStep:
    """A step as it is handed in. ``at``: when it happened; now, unless given."""

    step: Step
    at: dt.datetime | None = None
    reasons: str = ""
    reference: str = ""
    risk: Risk | None = None
    basis: Basis | None = None
    ground: Ground | None = None


@dataclass(frozen=True, slots=True)
class GivenExposure:
    """A place as it is handed in."""

    kind: ExposureKind
    address: str
    seen: dt.datetime
    holder: str = ""
    capture: str = ""


@dataclass(frozen=True, slots=True)
class GivenExposureMove:
    """What was asked of a place, or seen there, as it is handed in."""

    to: ExposureState
    at: dt.datetime | None = None
    whom: str = ""
    reference: str = ""


@act
def open_incident(
    act: Act, place: Organisation, others: Iterable[Organisation], given: Opened, *, by: Person
) -> list[IncidentRow]:
    """Open one, as a laboratory (``others``: its vendor, or nobody) or as a vendor: one for each of ``others``.

    A controller that opens one is aware from ``given.found`` on: its 72 hours run.

    Raises:
        ForbiddenError: no role of theirs may, or an organisation that no agreement binds to this one.
        UsageError: no title, no laboratory, a moment to come, or a patient's number in a text.
    """
    check_may(by.grants(), Action.OPEN_INCIDENT, Parties.of(place.slug))
    named = list(others)
    allowed = set(reads.bound_to(place).values_list("pk", flat=True))
    if any(each.pk not in allowed for each in named):
        raise ForbiddenError("no agreement binds this organisation to yours")
    if place.side == Side.CONTROLLER:
        if len(named) > 1:
            raise UsageError("an incident has one processor at most")
        return [opened(act, place, named[0] if named else None, given, by, secrets.token_hex(16))]
    if not named:
        raise UsageError("say which laboratory is concerned")
    matter = secrets.token_hex(16)
    return [opened(act, each, place, given, by, matter) for each in named]


def opened(  # noqa: PLR0917 - an incident's own parts
    act: Act,
    controller: Organisation,
    processor: Organisation | None,
    given: Opened,
    by: Person,
    matter: str,
    warning: ReportedWarning | None = None,
) -> IncidentRow:
    """One incident at one laboratory. A part of an act."""
    title = " ".join(given.title.split())
    if not title:
        raise UsageError("an incident has a title")
    check_words(title, given.text)
    if given.found > act.now:
        raise UsageError("this moment is still to come")
    side, salt = _side_at(by, controller, processor), secrets.token_hex(16)
    told = first_told(warning, controller) if warning is not None else None
    row = IncidentRow.objects.create(
        number=f"INC-{new_receipt()[2:]}", matter=matter, title=title, controller=controller, processor=processor,
        phase=Phase.OPENED, opened_at=act.now, opened_by=by, opened_side=side, found_at=given.found, warning=warning,
        controller_told_at=told, salt=salt,
    )  # fmt: skip
    said = {"title": title, "found": given.found.isoformat()}
    act.record(
        RoomEvent.INCIDENT_OPENED, *told_of(row, reads.slugs_of(row)), subject=row.number, side=str(side),
        digest=_digest(salt, said),
    )  # fmt: skip
    if given.text.strip():
        _add(act, row, GivenFact(FactKind.WHAT_HAPPENED, given.text, given.found), by, side)
    if side is Side.CONTROLLER:
        _take(act, row, GivenStep(Step.AWARE, given.found, basis=given.basis), by, side)
    return row


def _side_at(by: Person, controller: Organisation, processor: Organisation | None) -> Side:
    row = IncidentRow(controller=controller, processor=processor)
    return reads.side_of(by.grants(), row, Action.OPEN_INCIDENT)


@act
def add_fact(act: Act, row: IncidentRow, given: GivenFact, *, by: Person, everywhere: bool = False) -> None:
    """Add what is known. ``everywhere``: at the vendor's other laboratories of the same matter too.

    Raises:
        UnseenError: a warning that names them led to it.
        TransitionError, ForbiddenError, UsageError: see ``check_fact`` and ``check_words``.
    """
    check_incident_exists_for(row, by)
    action = Action.COUNT_AFFECTED if given.kind in COUNTED else Action.ADD_TO_INCIDENT
    side = reads.side_of(by.grants(), row, action)
    if everywhere and given.corrects is not None:
        raise UsageError("a correction is made at each laboratory for itself")
    for each in _rows(row, side, everywhere=everywhere):
        _add(act, each, given, by, side)


def _add(act: Act, row: IncidentRow, given: GivenFact, by: Person, side: Side) -> None:
    incident = reads.record_of(_locked(row))
    check_words(given.text)
    number, text = len(incident.facts) + 1, given.text.strip()
    fact = Fact(
        number, given.kind, text, given.known_since, act.now, by.name, side, given.corrects, given.count, given.exact
    )
    check_fact(incident, fact)
    _check_room(number)
    salt = secrets.token_hex(16)
    IncidentFact.objects.create(
        incident=row, number=number, kind=given.kind, text=text, count=given.count, exact=given.exact,
        known_since=given.known_since, at=act.now, by=by, side=side, corrects=given.corrects, salt=salt,
    )  # fmt: skip
    counted = given.kind in COUNTED
    event = RoomEvent.INCIDENT_COUNTED if counted else RoomEvent.INCIDENT_FACT_ADDED
    concerns = told_of(row, (row.controller.slug,) if counted else reads.slugs_of(row))
    said = {
        "kind": str(given.kind), "text": text, "count": given.count, "exact": given.exact,
        "known_since": given.known_since.isoformat(),
    }  # fmt: skip
    act.record(
        event, *concerns, subject=row.number, number=number, kind=str(given.kind), digest=_digest(salt, said),
        corrects=given.corrects or 0,
    )  # fmt: skip


@act
def take_step(act: Act, row: IncidentRow, given: GivenStep, *, by: Person, everywhere: bool = False) -> None:
    """Take one step: tell the controller; state when one was aware; decide; file; close.

    Raises:
        UnseenError: a warning that names them led to it.
        TransitionError, ForbiddenError, UsageError: see ``check_move`` and ``check_words``.
    """
    check_incident_exists_for(row, by)
    action = Action.TELL_CONTROLLER if given.step is Step.NOTICE else Action.DECIDE_INCIDENT
    side = reads.side_of(by.grants(), row, action)
    for each in _rows(row, side, everywhere=everywhere):
        if each.pk == row.pk or not each.moves.filter(step=Step.NOTICE).exists():
            # What was said of how one laboratory was told is another's to read nowhere (R15).
            _take(act, each, given if each.pk == row.pk else replace(given, reasons=""), by, side)


def _take(act: Act, row: IncidentRow, given: GivenStep, by: Person, side: Side) -> None:
    held = _locked(row)
    incident = reads.record_of(held)
    check_words(given.reasons, given.reference)
    number = len(incident.moves) + 1
    move = Move(
        number, given.step, given.at or act.now, act.now, by.name, side, given.reasons.strip(),
        given.reference.strip(), given.risk, given.basis, given.ground,
    )  # fmt: skip
    phase = check_move(incident, move)
    _check_room(number)
    salt = secrets.token_hex(16)
    IncidentMove.objects.create(
        incident=row, number=number, step=move.step, happened_at=move.at, at=act.now, by=by, side=side,
        reasons=move.reasons, reference=move.reference, risk=move.risk or "", basis=move.basis or "",
        ground=move.ground or "", salt=salt,
    )  # fmt: skip
    row.phase = held.phase = phase
    held.save(update_fields=["phase"])
    notice = move.step is Step.NOTICE
    event = RoomEvent.INCIDENT_CONTROLLER_TOLD if notice else RoomEvent.INCIDENT_STEP_TAKEN
    concerns = told_of(row, reads.slugs_of(row) if notice else (row.controller.slug,))
    said = {
        "step": str(move.step), "at": move.at.isoformat(), "reasons": move.reasons, "reference": move.reference,
        "risk": str(move.risk or ""), "basis": str(move.basis or ""), "ground": str(move.ground or ""),
    }  # fmt: skip
    act.record(
        event, *concerns, subject=row.number, number=number, step=str(move.step), phase=str(phase),
        digest=_digest(salt, said),
    )  # fmt: skip


@act
def note_exposure(act: Act, row: IncidentRow, given: GivenExposure, *, by: Person, everywhere: bool = False) -> None:
    """Note a place where leaked data lie.

    Raises:
        UnseenError: a warning that names them led to it.
        TransitionError: the incident is closed.
        ForbiddenError, UsageError: see ``check_exposure`` and ``check_words``.
    """
    check_incident_exists_for(row, by)
    side = reads.side_of(by.grants(), row, Action.ADD_TO_INCIDENT)
    for each in _rows(row, side, everywhere=everywhere):
        _note(act, each, given, by, side)


def _note(act: Act, row: IncidentRow, given: GivenExposure, by: Person, side: Side) -> None:
    incident = reads.record_of(_locked(row))
    _check_open(incident.phase)
    check_words(given.address, given.holder)
    number = len(incident.exposures) + 1
    exposure = Exposure(
        number, given.kind, given.address.strip(), given.holder.strip(), given.seen, act.now, by.name, side,
        given.capture.strip().lower().removeprefix("sha256:"),
    )  # fmt: skip
    check_exposure(exposure)
    _check_room(number)
    salt = secrets.token_hex(16)
    IncidentExposure.objects.create(
        incident=row, number=number, kind=exposure.kind, address=exposure.address, holder=exposure.holder,
        capture=exposure.capture, seen_at=exposure.seen, at=act.now, by=by, side=side, salt=salt,
    )  # fmt: skip
    said = {
        "kind": str(exposure.kind), "address": exposure.address, "holder": exposure.holder, "capture": exposure.capture,
        "seen": exposure.seen.isoformat(),
    }  # fmt: skip
    act.record(
        RoomEvent.INCIDENT_EXPOSURE_NOTED, *told_of(row, reads.slugs_of(row)), subject=row.number, number=number,
        digest=_digest(salt, said),
    )  # fmt: skip


@act
def move_exposure(act: Act, row: IncidentRow, number: int, given: GivenExposureMove, *, by: Person) -> None:
    """Record what was asked about a place, what was answered, or what one sees there now.

    Raises:
        UnseenError: a warning that names them led to it.
        UsageError: the incident has no such place; or see ``check_exposure_move`` and ``check_words``.
        TransitionError, ForbiddenError: likewise; or the incident is closed.
    """
    check_incident_exists_for(row, by)
    reads.side_of(by.grants(), row, Action.ADD_TO_INCIDENT)
    held = _locked(row)
    _check_open(Phase(held.phase))
    kept = next((each for each in held.exposures.all() if each.number == number), None)
    if kept is None:
        raise UsageError("this incident has no place of that number")
    check_words(given.whom, given.reference)
    move = ExposureMove(given.to, given.at or act.now, act.now, by.name, given.whom.strip(), given.reference.strip())
    check_exposure_move(reads.exposure_of(kept), move)
    _check_room(len(kept.moves.all()) + 1)
    salt = secrets.token_hex(16)
    IncidentExposureMove.objects.create(
        exposure=kept, to=move.to, happened_at=move.at, at=act.now, by=by, whom=move.whom, reference=move.reference,
        salt=salt,
    )  # fmt: skip
    said = {"to": str(move.to), "at": move.at.isoformat(), "whom": move.whom, "reference": move.reference}
    act.record(
        RoomEvent.INCIDENT_EXPOSURE_MOVED, *told_of(row, reads.slugs_of(row)), subject=row.number, number=number,
        to=str(move.to), digest=_digest(salt, said),
    )  # fmt: skip


def _rows(row: IncidentRow, side: Side, *, everywhere: bool) -> list[IncidentRow]:
    """This one, and for a vendor that asks it the same matter at its other laboratories."""
    others = reads.others_of(row) if everywhere and side is Side.PROCESSOR else ()
    return [row, *others]


def _locked(row: IncidentRow) -> IncidentRow:
    """The incident as it is now: of two who write at once the second finds what the first wrote."""
    IncidentRow.objects.select_for_update().get(pk=row.pk)
    return reads.whole().get(pk=row.pk)


def _check_open(phase: Phase) -> None:
    if phase is Phase.CLOSED:
        raise TransitionError("this incident is closed", hint="the controller can reopen it")


def _check_room(number: int) -> None:
    if number > MOST:
        raise UsageError("this incident has as many lines as one may have", hint="open another")


def _digest(salt: str, said: Mapping[str, str | int | None]) -> str:
    return digest(canonical({"salt": salt, **said}))
