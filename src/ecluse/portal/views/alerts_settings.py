"""How one is told of alerts, and an organisation's own clocks."""

from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_http_methods

from ecluse.control.supervision import AppriseChannel
from ecluse.domain.errors import MalformedError
from ecluse.domain.permissions import Action
from ecluse.portal.access import grants_of, guarded, organisation_named, own, person_of
from ecluse.portal.forms.alerts import SLOTS, ClocksForm, WaysForm
from ecluse.portal.words import tr
from ecluse.store.acts import alerts as acts
from ecluse.store.models import AlertWays, Organisation
from ecluse.store.reads.agreements import allowed_in
from ecluse.store.reads.alerts import clocks_set
from ecluse.store.reads.channels import channels

_ADDRESSEE = "{to}"


@own
@require_http_methods(["GET", "POST"])
def ways(request: HttpRequest) -> HttpResponse:
    """By which channels one is told, and when not."""
    person = person_of(request)
    known = AlertWays.objects.filter(person=person).first()
    form = WaysForm(request.POST or None, channels=_personal(), initial=_initial(known))
    if request.method == "POST" and form.is_valid():
        acts.set_ways(person.handle, person, form.channels(), form.quiet())
        messages.success(request, tr("That is how you are told from now on.",
                                     "C'est ainsi que vous serez prévenu désormais."))  # fmt: skip
        return redirect("alert_settings")
    slugs = allowed_in(grants_of(request), Action.SET_ALERT_CLOCKS)
    shown = {"form": form, "organisations": Organisation.objects.filter(slug__in=slugs)}
    return render(request, "alerts/settings.html", shown, status=422 if form.is_bound else 200)


def _personal() -> list[str]:
    """The room's channels that reach one person's own address."""
    try:
        return [each.name for each in channels() if isinstance(each, AppriseChannel) and _ADDRESSEE in each.url]
    except MalformedError:
        return []


def _initial(known: AlertWays | None) -> dict[str, Any]:
    if known is None:
        return {}
    chosen = {"quiet_from": known.quiet_from, "quiet_until": known.quiet_until}
    for number, each in enumerate(known.channels[:SLOTS], 1):
        chosen |= {f"channel_{number}": each["channel"], f"to_{number}": each["to"]}
    return chosen


@guarded(Action.SET_ALERT_CLOCKS, organisation_named)
@require_http_methods(["GET", "POST"])
def clocks(request: HttpRequest, organisation: str) -> HttpResponse:
    """An organisation's own clocks."""
    place, person = Organisation.objects.get(slug=organisation), person_of(request)
    form = ClocksForm(request.POST or None, now=clocks_set(place))
    if request.method == "POST" and form.is_valid():
        acts.set_clocks(person.handle, place, form.clocks(), by=person)
        messages.success(request, tr("The clocks are set.", "Les délais sont fixés."))
        return redirect("alert_settings")
    status = 422 if form.is_bound else 200
    return render(request, "alerts/clocks.html", {"form": form, "organisation": place}, status=status)
