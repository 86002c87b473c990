"""Incidents as acts, screens and documents need them: whose they are, and the whole record of one (R17)."""

from collections.abc import Iterable
from dataclasses import replace

from django.db.models import Prefetch, Q, QuerySet

from ecluse.domain.errors import ForbiddenError, UnseenError
from ecluse.domain.incident_exposures import Exposure, ExposureKind, ExposureMove, ExposureState
from ecluse.domain.incidents import Basis, Fact, FactKind, Ground, Incident, Move, Phase, Risk, Step
from ecluse.domain.permissions import MAY, Action, Grant, Side
from ecluse.store.models import (
    AgreementVersion,
    IncidentExposure,
    IncidentExposureMove,
    IncidentFact,
    IncidentMove,
    IncidentRow,
    Organisation,
    Person,
)
from ecluse.store.reads.agreements import allowed_in
from ecluse.store.reads.spared import check_incident_exists_for, named_in
from ecluse.store.reads.traces import tellings_of


def whole() -> QuerySet[IncidentRow]:
    """Incidents with all that a record needs but conclusions of tracing: five queries, however many."""
    exposures = IncidentExposure.objects.select_related("by").prefetch_related(
        Prefetch("moves", IncidentExposureMove.objects.select_related("by"))
    )
    return IncidentRow.objects.select_related("controller", "processor", "opened_by").prefetch_related(
        Prefetch("facts", IncidentFact.objects.select_related("by")),
        Prefetch("moves", IncidentMove.objects.select_related("by")),
        Prefetch("exposures", exposures),
    )


def clocks() -> QuerySet[IncidentRow]:
    """Incidents with what their clocks ask alone: two queries, and :func:`clocks_of` reads them."""
    moves = Prefetch("moves", IncidentMove.objects.select_related("by"))
    return IncidentRow.objects.select_related("controller", "processor", "opened_by").prefetch_related(moves)


def incident_of(number: str, reader: Person) -> IncidentRow:
    """One incident.

    Raises:
        UnseenError: there is none, or for whoever asks (R10).
    """
    found = whole().filter(number=number).first()
    if found is None:
        raise UnseenError("there is no such incident")
    check_incident_exists_for(found, reader)
    return found


def slugs_of(row: IncidentRow) -> tuple[str, ...]:
    """Its parties: the controller, and the processor where it has one."""
    return (row.controller.slug, row.processor.slug) if row.processor else (row.controller.slug,)


def visible(reader: Person, grants: Iterable[Grant]) -> QuerySet[IncidentRow]:
    """Incidents of the organisations in which somebody may see them, the newest first.

    Those that were made from a warning that names the reader are not among them (R10). ``grants``: the reader's.
    """
    return whole().filter(_seen(reader, grants))


def clocked(reader: Person, grants: Iterable[Grant]) -> QuerySet[IncidentRow]:
    """The same as :func:`visible` for whoever asks clocks alone."""
    return clocks().filter(_seen(reader, grants))


def _seen(reader: Person, grants: Iterable[Grant]) -> Q:
    where = allowed_in(grants, Action.SEE_INCIDENTS)
    return (Q(controller__slug__in=where) | Q(processor__slug__in=where)) & ~named_in(reader, "warning")


def side_of(grants: Iterable[Grant], row: IncidentRow, action: Action) -> Side:
    """On which side somebody takes an action: the controller's where they may on both.

    Raises:
        ForbiddenError: on neither.
    """
    held = {(grant.organisation, grant.side) for grant in grants if (grant.side, grant.role) in MAY[action]}
    if (row.controller.slug, Side.CONTROLLER) in held:
        return Side.CONTROLLER
    if row.processor is not None and (row.processor.slug, Side.PROCESSOR) in held:
        return Side.PROCESSOR
    raise ForbiddenError("your role on this incident does not allow it")


def others_of(row: IncidentRow) -> QuerySet[IncidentRow]:
    """The same matter at the vendor's other laboratories, as far as it is not closed; for the vendor alone."""
    same = whole().filter(matter=row.matter, processor=row.processor, opened_side=Side.PROCESSOR)
    if row.opened_side != Side.PROCESSOR:
        return same.none()
    return same.exclude(pk=row.pk).exclude(phase=Phase.CLOSED)


def bound_to(place: Organisation) -> QuerySet[Organisation]:
    """The other side of the agreements that an organisation is or was bound by."""
    signed = AgreementVersion.objects.filter(in_force_at__isnull=False)
    if place.side == Side.PROCESSOR:
        return Organisation.objects.filter(pk__in=signed.filter(processor=place).values("controller"))
    return Organisation.objects.filter(pk__in=signed.filter(controller=place).values("processor"))


def record_of(row: IncidentRow) -> Incident:
    """The record without what tracing concluded. ``row`` comes from :func:`whole`."""
    facts = tuple(fact_of(each) for each in row.facts.all())
    exposures = tuple(exposure_of(each) for each in row.exposures.all())
    return replace(clocks_of(row), facts=facts, exposures=exposures)


def traced_record_of(row: IncidentRow) -> Incident:
    """The whole record, as its page and papers show it: one query more. ``row`` comes from :func:`whole`."""
    return replace(record_of(row), traces=tellings_of(row))


def clocks_of(row: IncidentRow) -> Incident:
    """The record without its facts and places: what its clocks ask."""
    return Incident(
        number=row.number,
        title=row.title,
        controller=row.controller.name,
        processor=row.processor.name if row.processor else "",
        phase=Phase(row.phase),
        opened=row.opened_at,
        opened_by=row.opened_by.name,
        opened_side=Side(row.opened_side),
        found=row.found_at,
        controller_told=row.controller_told_at,
        moves=tuple(move_of(each) for each in row.moves.all()),
    )


def fact_of(row: IncidentFact) -> Fact:
    """One fact."""
    return Fact(
        row.number, FactKind(row.kind), row.text, row.known_since, row.at, row.by.name, Side(row.side), row.corrects,
        row.count, row.exact,
    )  # fmt: skip


def move_of(row: IncidentMove) -> Move:
    """One step."""
    return Move(
        row.number, Step(row.step), row.happened_at, row.at, row.by.name, Side(row.side), row.reasons, row.reference,
        Risk(row.risk) if row.risk else None, Basis(row.basis) if row.basis else None,
        Ground(row.ground) if row.ground else None,
    )  # fmt: skip


def exposure_of(row: IncidentExposure) -> Exposure:
    """One place, with what was asked of it."""
    moves = tuple(
        ExposureMove(ExposureState(each.to), each.happened_at, each.at, each.by.name, each.whom, each.reference)
        for each in row.moves.all()
    )
    return Exposure(
        row.number, ExposureKind(row.kind), row.address, row.holder, row.seen_at, row.at, row.by.name, Side(row.side),
        row.capture, moves,
    )  # fmt: skip
