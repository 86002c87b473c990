"""What one does about an incident: open it, add to it, tell, count, decide, note places. Each is one form."""

from collections.abc import Callable
from typing import Any

from django import forms
from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_http_methods, require_POST

from ecluse.control.incident_words import EXPOSURES, STEPS
from ecluse.domain.errors import EcluseError, TransitionError, UnseenError
from ecluse.domain.incident_steps import next_phase
from ecluse.domain.incidents import PROCESSORS, Phase, Step
from ecluse.domain.permissions import Action
from ecluse.portal.access import guarded, organisation_named, person_of
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
from ecluse.portal.views.incidents_forms import COUNT, FACT, NOTICE, PLACE, form_of
from ecluse.portal.views.warnings import of_warning
from ecluse.portal.words import Text, tr
from ecluse.store.acts import incident_warnings
from ecluse.store.acts import incidents as acts
from ecluse.store.models import IncidentRow, Organisation, Person, ReportedWarning
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


_Does = Callable[[Any, IncidentRow, Person], object]


def _added(request: HttpRequest, name: str, does: _Does, words: str) -> HttpResponse:
    """What a form of the incident's page adds; where it was wrong, the page again with it.

    Raises:
        TransitionError: the incident was closed meanwhile: its page has no form any more that could say so.
    """
    row, by = incident_found(request), person_of(request)
    if row.phase == Phase.CLOSED:
        raise TransitionError("this incident is closed", hint="the controller can reopen it")
    form = form_of(name, request, row, reads.record_of(row), request.POST)
    if _tried(request, form, lambda: does(form, row, by), words):
        return redirect("incident", row.number)
    return incident_page(request, row, **{name: form})


def _add_fact(form: FactForm, row: IncidentRow, by: Person) -> None:
    acts.add_fact(by.handle, row, form.given(), by=by, everywhere=form.everywhere())


def _add_count(form: CountForm, row: IncidentRow, by: Person) -> None:
    acts.add_fact(by.handle, row, form.given(), by=by)


def _tell(form: NoticeForm, row: IncidentRow, by: Person) -> None:
    acts.take_step(by.handle, row, form.given(), by=by, everywhere=form.everywhere())


def _note_place(form: ExposureForm, row: IncidentRow, by: Person) -> None:
    acts.note_exposure(by.handle, row, form.given(), by=by, everywhere=form.everywhere())


@guarded(Action.ADD_TO_INCIDENT, of_incident)
@require_POST
def incident_fact(request: HttpRequest, incident: str) -> HttpResponse:  # noqa: ARG001 - the guard reads it
    """Add what is known."""
    return _added(request, FACT, _add_fact, tr("Added.", "Ajouté."))


@guarded(Action.COUNT_AFFECTED, of_incident)
@require_POST
def incident_count(request: HttpRequest, incident: str) -> HttpResponse:  # noqa: ARG001 - the guard reads it
    """Add how many are affected."""
    return _added(request, COUNT, _add_count, tr("Added.", "Ajouté."))


@guarded(Action.TELL_CONTROLLER, of_incident)
@require_POST
def incident_notice(request: HttpRequest, incident: str) -> HttpResponse:  # noqa: ARG001 - the guard reads it
    """Tell the laboratory: its people are alerted, and its 72 hours run."""
    return _added(request, NOTICE, _tell, tr("The laboratory is told.", "Le laboratoire est prévenu."))


@guarded(Action.ADD_TO_INCIDENT, of_incident)
@require_POST
def incident_exposure(request: HttpRequest, incident: str) -> HttpResponse:  # noqa: ARG001 - the guard reads it
    """Note a place where leaked data lie."""
    return _added(request, PLACE, _note_place, tr("Noted.", "Noté."))


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
