"""What one does about an incident: open it, add to it, tell, count, decide, note places. Each is one form."""

from collections.abc import Callable

from django import forms
from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_http_methods, require_POST

from ecluse.control.incident_words import EXPOSURES, STEPS
from ecluse.domain.errors import EcluseError, UnseenError
from ecluse.domain.incident_steps import next_phase
from ecluse.domain.incidents import COUNTED, PROCESSORS, Phase, Step, standing
from ecluse.domain.permissions import Action, Side
from ecluse.portal.access import grants_of, guarded, organisation_named, person_of
from ecluse.portal.forms.incidents import (
    CountForm,
    ExposureForm,
    ExposureMoveForm,
    FactForm,
    NoticeForm,
    OpenForm,
    StepForm,
)
from ecluse.portal.refusals import said
from ecluse.portal.views.incidents import incident_found, incident_page, of_incident
from ecluse.portal.views.warnings import of_warning
from ecluse.portal.words import Text, tr
from ecluse.store.acts import incident_warnings
from ecluse.store.acts import incidents as acts
from ecluse.store.models import IncidentRow, Organisation, ReportedWarning
from ecluse.store.reads import incidents as reads


def _tried(request: HttpRequest, form: forms.Form, does: Callable[[], object], words: str) -> bool:
    """Whether the form was right and the act done; what was wrong stands in the form."""
    if not form.is_valid():
        return False
    try:
        does()
    except EcluseError as error:
        found = said(error)
        form.add_error(None, f"{found.message} {found.hint}".strip())
        return False
    messages.success(request, words)
    return True


@guarded(Action.OPEN_INCIDENT, organisation_named)
@require_http_methods(["GET", "POST"])
def incident_new(request: HttpRequest, organisation: str) -> HttpResponse:
    """Open one, as an organisation."""
    place, by = Organisation.objects.get(slug=organisation), person_of(request)
    form = OpenForm(request.POST or None, place=place, bound=list(reads.bound_to(place)))
    made: list[IncidentRow] = []

    def does() -> None:
        others, given = form.opened()
        made.extend(acts.open_incident(by.handle, place, others, given, by=by))

    words = tr("Opened. The clocks run.", "Ouvert. Les délais courent.")
    if request.method == "POST" and _tried(request, form, does, words):
        return redirect("incident", made[0].number)
    return render(request, "incidents/new.html", {"form": form, "organisation": place})


def _side(request: HttpRequest, row: IncidentRow, action: Action) -> Side:
    return reads.side_of(grants_of(request), row, action)


def _others(side: Side, row: IncidentRow) -> int:
    return len(reads.others_of(row)) if side is Side.PROCESSOR else 0


@guarded(Action.ADD_TO_INCIDENT, of_incident)
@require_POST
def incident_fact(request: HttpRequest, incident: str) -> HttpResponse:
    """Add what is known."""
    row, by = incident_found(request), person_of(request)
    side = _side(request, row, Action.ADD_TO_INCIDENT)
    known = [fact for fact in standing(reads.record_of(row).facts) if fact.side is side and fact.kind not in COUNTED]
    form = FactForm(request.POST, prefix="fact", facts=known, others=_others(side, row))

    def does() -> None:
        acts.add_fact(by.handle, row, form.given(), by=by, everywhere=form.everywhere())

    if _tried(request, form, does, tr("Added.", "Ajouté.")):
        return redirect("incident", incident)
    return incident_page(request, row, fact_form=form)


@guarded(Action.COUNT_AFFECTED, of_incident)
@require_POST
def incident_count(request: HttpRequest, incident: str) -> HttpResponse:
    """Add how many are affected."""
    row, by = incident_found(request), person_of(request)
    known = [fact for fact in standing(reads.record_of(row).facts) if fact.kind in COUNTED]
    form = CountForm(request.POST, prefix="count", facts=known)
    if _tried(request, form, lambda: acts.add_fact(by.handle, row, form.given(), by=by), tr("Added.", "Ajouté.")):
        return redirect("incident", incident)
    return incident_page(request, row, count_form=form)


@guarded(Action.TELL_CONTROLLER, of_incident)
@require_POST
def incident_notice(request: HttpRequest, incident: str) -> HttpResponse:
    """Tell the laboratory: its people are alerted, and its 72 hours run."""
    row, by = incident_found(request), person_of(request)
    form = NoticeForm(request.POST, prefix="notice", others=_others(Side.PROCESSOR, row))

    def does() -> None:
        acts.take_step(by.handle, row, form.given(), by=by, everywhere=form.everywhere())

    if _tried(request, form, does, tr("The laboratory is told.", "Le laboratoire est prévenu.")):
        return redirect("incident", incident)
    return incident_page(request, row, notice_form=form)


@guarded(Action.DECIDE_INCIDENT, of_incident)
@require_http_methods(["GET", "POST"])
def incident_step(request: HttpRequest, incident: str, step: str) -> HttpResponse:
    """One step of the controller's.

    Raises:
        UnseenError: there is no such step of the controller's.
        TransitionError: it does not follow now.
    """
    row, by = incident_found(request), person_of(request)
    if step not in set(Step) - PROCESSORS:
        raise UnseenError("there is no such step of an incident")
    wanted = Step(step)
    next_phase(Phase(row.phase), wanted)
    form = StepForm(request.POST or None, step=wanted)

    def does() -> None:
        acts.take_step(by.handle, row, form.given(), by=by)

    if request.method == "POST" and _tried(request, form, does, tr("Recorded.", "Enregistré.")):
        return redirect("incident", incident)
    title = Text(STEPS[wanted].en, STEPS[wanted].fr)
    return render(request, "incidents/step.html", {"form": form, "row": row, "step": wanted, "title": title})


@guarded(Action.ADD_TO_INCIDENT, of_incident)
@require_POST
def incident_exposure(request: HttpRequest, incident: str) -> HttpResponse:
    """Note a place where leaked data lie."""
    row, by = incident_found(request), person_of(request)
    side = _side(request, row, Action.ADD_TO_INCIDENT)
    form = ExposureForm(request.POST, prefix="place", others=_others(side, row))

    def does() -> None:
        acts.note_exposure(by.handle, row, form.given(), by=by, everywhere=form.everywhere())

    if _tried(request, form, does, tr("Noted.", "Noté.")):
        return redirect("incident", incident)
    return incident_page(request, row, exposure_form=form)


@guarded(Action.ADD_TO_INCIDENT, of_incident)
@require_http_methods(["GET", "POST"])
def incident_exposure_move(request: HttpRequest, incident: str, exposure: int) -> HttpResponse:
    """Record what was asked of a place, answered or seen.

    Raises:
        UnseenError: it has no such place.
    """
    row, by = incident_found(request), person_of(request)
    found = next((each for each in reads.record_of(row).exposures if each.number == exposure), None)
    if found is None:
        raise UnseenError("this incident has no place of that number")
    form = ExposureMoveForm(request.POST or None, exposure=found)

    def does() -> None:
        acts.move_exposure(by.handle, row, exposure, form.given(), by=by)

    if request.method == "POST" and _tried(request, form, does, tr("Recorded.", "Enregistré.")):
        return redirect("incident", incident)
    kind = Text(EXPOSURES[found.kind].en, EXPOSURES[found.kind].fr)
    return render(request, "incidents/place.html", {"form": form, "row": row, "exposure": found, "kind": kind})


@guarded(Action.HANDLE_WARNING, of_warning)
@require_POST
def incident_of_warning(request: HttpRequest, warning: str) -> HttpResponse:  # noqa: ARG001 - the guard reads it
    """Make a warning of exposed data an incident."""
    by = person_of(request)
    found: ReportedWarning = request.warning_found  # type: ignore[attr-defined]
    rows = incident_warnings.open_from_warning(by.handle, found, by)
    messages.success(request, tr("Opened. The clocks run.", "Ouvert. Les délais courent."))
    return redirect("incident", rows[0].number)
