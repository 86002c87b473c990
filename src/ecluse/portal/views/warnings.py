"""Warnings for people of the room: that they exist, and for whom they have come to, what to do with them (R10).

Texts are nowhere in clear here: whoever may read one takes the sealed file and opens it on their own machine.
"""

from typing import Any

from django.contrib import messages
from django.core.paginator import Paginator
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from ecluse.domain.errors import EcluseError, UsageError
from ecluse.domain.permissions import MAY, Action, Parties
from ecluse.domain.warnings import LAST, Outcome
from ecluse.portal.access import grants_of, guarded, organisation_named, own, person_of
from ecluse.portal.downloads import handed
from ecluse.portal.forms.warnings import AnswerForm, CloseForm, KeyForm, NameForm, TermsForm
from ecluse.portal.refusals import said
from ecluse.portal.words import tr
from ecluse.store.acts import warnings as acts
from ecluse.store.models import Organisation, Person, ReportedWarning
from ecluse.store.reads import warnings as reads
from ecluse.store.reads.agreements import allowed_in
from ecluse.store.reads.incidents import visible as visible_incidents

_A_PAGE = 50


def of_warning(request: HttpRequest, warning: str, **_: Any) -> Parties:
    """The organisations that it concerns; for whoever it names, there is none."""
    found = reads.warning_of(warning)
    reads.check_exists_for(found, person_of(request))
    request.warning_found = found  # type: ignore[attr-defined]
    return Parties.of(*reads.slugs_of(found))


def _found(request: HttpRequest) -> ReportedWarning:
    """The warning that the guard has read for this request."""
    found: ReportedWarning = request.warning_found  # type: ignore[attr-defined]
    return found


@guarded(Action.SEE_WARNINGS)
@require_GET
def warnings(request: HttpRequest) -> HttpResponse:
    """That they exist, since when, and where each stands."""
    grants, person = grants_of(request), person_of(request)
    slugs = allowed_in(grants, Action.SEE_WARNINGS)
    page = Paginator(reads.visible(person, slugs), _A_PAGE).get_page(request.GET.get("page"))
    now, key = timezone.now(), reads.key_of(person)
    held = reads.roles_held(slug for each in page for slug in reads.slugs_of(each))
    rows = [_row(each, person, reads.circle(each, now, held)) for each in page]
    shown = {
        "page": page,
        "rows": rows,
        "key": key,
        "handles": any((grant.side, grant.role) in MAY[Action.HANDLE_WARNING] for grant in grants),
        "can_receive": key is not None or reads.can_receive(),
        "organisations": Organisation.objects.filter(slug__in=allowed_in(grants, Action.SET_WARNING_TERMS)),
    }
    return render(request, "warnings/list.html", shown)


def _row(warning: ReportedWarning, person: Person, around: reads.Circle) -> dict[str, Any]:
    clocks = reads.timing(warning)
    return {
        "warning": warning,
        "due": clocks.due(),
        "overdue": clocks.overdue(timezone.now()),
        "mine": person.pk in around.handlers(),
        "station": max(around.reached, default=0),
        "at_laboratory": LAST in around.reached,
    }


@guarded(Action.SEE_WARNINGS, of_warning)
@require_GET
def warning(request: HttpRequest, warning: str) -> HttpResponse:  # noqa: ARG001 - the guard reads it
    """One: to whoever it has come to, with what they may do; to others, that it exists."""
    return _page(request, _found(request))


def _page(request: HttpRequest, found: ReportedWarning, **forms: Any) -> HttpResponse:
    person = person_of(request)
    around = reads.circle(found, timezone.now())
    mine = person.pk in around.handlers()
    shown = _row(found, person, around) | {
        "stations": list(found.stations.all()),
        "sealed_to_me": any(each.person_id == person.pk for each in found.readers.all()),
    }
    if mine:
        shown |= {
            "messages_held": list(found.messages.select_related("author")),
            "named": list(found.named.select_related("person")),
            "incident": visible_incidents(person, grants_of(request)).filter(warning=found).first(),
            "answer_form": AnswerForm(), "name_form": NameForm(person=person), "close_form": CloseForm(),
        } | forms  # fmt: skip
    return render(request, "warnings/one.html", shown, status=422 if forms else 200)


@guarded(Action.HANDLE_WARNING, of_warning)
@require_POST
def take(request: HttpRequest, warning: str) -> HttpResponse:
    """The sealed file."""
    data = acts.take(person_of(request).handle, _found(request), person_of(request))
    return handed(data, warning, "age")


@guarded(Action.HANDLE_WARNING, of_warning)
@require_POST
def take_message(request: HttpRequest, warning: str, message: int) -> HttpResponse:
    """One message's sealed file."""
    data = acts.take(person_of(request).handle, _found(request), person_of(request), message)
    return handed(data, f"{warning}-{message}", "age")


@guarded(Action.HANDLE_WARNING, of_warning)
@require_POST
def acknowledge(request: HttpRequest, warning: str) -> HttpResponse:
    """Say that one sees to it."""
    acts.acknowledge(person_of(request).handle, _found(request), person_of(request))
    messages.success(request, tr("Acknowledged: the reporter sees it.", "Accusé de réception : l'auteur le voit."))
    return redirect("warning", warning)


@guarded(Action.HANDLE_WARNING, of_warning)
@require_POST
def name(request: HttpRequest, warning: str) -> HttpResponse:
    """Say whom its text is about."""
    found, by = _found(request), person_of(request)
    reads.check_handles(found, by, timezone.now())
    form = NameForm(request.POST, person=by)
    if not form.is_valid():
        return _page(request, found, name_form=form)
    acts.name(by.handle, found, form.cleaned_data["person"], by)
    messages.success(request, tr("For this person it does not exist from now on.",
                                 "Pour cette personne, il n'existe plus désormais."))  # fmt: skip
    return redirect("warning", warning)


@guarded(Action.HANDLE_WARNING, of_warning)
@require_POST
def answer(request: HttpRequest, warning: str) -> HttpResponse:
    """Write to the reporter."""
    found, by = _found(request), person_of(request)
    reads.check_handles(found, by, timezone.now())
    form = AnswerForm(request.POST)
    if form.is_valid():
        sends = acts.ask if form.cleaned_data["question"] else acts.answer
        try:
            sends(by.handle, found, form.cleaned_data["text"], by)
        except EcluseError as error:
            form.add_error(None, said(error).message)
        else:
            messages.success(request, tr("Sent, sealed.", "Envoyé, scellé."))
            return redirect("warning", warning)
    return _page(request, found, answer_form=form)


@guarded(Action.HANDLE_WARNING, of_warning)
@require_POST
def close(request: HttpRequest, warning: str) -> HttpResponse:
    """End it."""
    found, by = _found(request), person_of(request)
    reads.check_handles(found, by, timezone.now())
    form = CloseForm(request.POST)
    if not form.is_valid():
        return _page(request, found, close_form=form)
    acts.close(by.handle, found, Outcome(form.cleaned_data["outcome"]), by)
    return redirect("warning", warning)


@own
@require_http_methods(["GET", "POST"])
def warning_key(request: HttpRequest) -> HttpResponse:
    """Give the key to which warnings are sealed for oneself."""
    person = person_of(request)
    form = KeyForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        try:
            acts.set_key(person.handle, person, form.cleaned_data["recipient"])
        except EcluseError as error:
            form.add_error("recipient" if not isinstance(error, UsageError) else None, said(error).message)
        else:
            messages.success(request, tr("Warnings are sealed to this key from now on.",
                                         "Les signalements sont désormais scellés pour cette clé."))  # fmt: skip
            return redirect("warnings")
    return render(request, "warnings/key.html", {"form": form, "key": reads.key_of(person)})


@guarded(Action.SET_WARNING_TERMS, organisation_named)
@require_http_methods(["GET", "POST"])
def warning_terms(request: HttpRequest, organisation: str) -> HttpResponse:
    """An organisation's own clocks."""
    place, now = Organisation.objects.get(slug=organisation), reads.terms_of([organisation])
    known = {
        "acknowledge_days": now.acknowledge_days,
        "answer_days": now.answer_days,
        "exposure_hours": now.exposure_hours,
    }
    form = TermsForm(request.POST or None, initial=known)
    if request.method == "POST" and form.is_valid():
        acts.set_terms(person_of(request).handle, place, form.terms())
        messages.success(request, tr("The clocks are set.", "Les délais sont fixés."))
        return redirect("warnings")
    return render(request, "warnings/terms.html", {"form": form, "organisation": place})
