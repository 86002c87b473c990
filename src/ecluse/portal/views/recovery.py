"""Recovery by two administrators: asked by one, approved by another, then a one-time link for the person."""

from django.conf import settings
from django.contrib import messages
from django.contrib.auth import login
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.views.decorators.http import require_http_methods, require_POST

from ecluse.domain.errors import UnseenError
from ecluse.domain.permissions import Action
from ecluse.portal.access import guarded, organisation_named, person_of, public
from ecluse.portal.mail import mail_link
from ecluse.portal.views.people import member_named
from ecluse.portal.words import tr
from ecluse.store.acts import access
from ecluse.store.models import Organisation, Person, Recovery


@guarded(Action.RECOVER, member_named)
@require_POST
def ask(request: HttpRequest, organisation: str, person: str) -> HttpResponse:
    """The first administrator asks."""
    place, by = Organisation.objects.get(slug=organisation), person_of(request)
    access.ask_recovery(by.handle, place, Person.objects.get(handle=person), by=by)
    told = tr("Asked: another administrator must approve it.", "Demandé : un autre administrateur doit l'approuver.")
    messages.success(request, told)
    return redirect("person", organisation, person)


def _found(organisation: str, recovery: int) -> Recovery:
    found = Recovery.objects.filter(pk=recovery, organisation__slug=organisation)
    one = found.select_related("person", "organisation", "asked_by").first()
    if one is None:
        raise UnseenError("there is no such recovery")
    return one


@guarded(Action.RECOVER, organisation_named)
@require_http_methods(["GET", "POST"])
def recovery(request: HttpRequest, organisation: str, recovery: int) -> HttpResponse:
    """The second administrator approves or refuses; the link is shown once, and mailed where the room can."""
    found, by = _found(organisation, recovery), person_of(request)
    if request.method != "POST":
        mine = by.pk in {found.asked_by_id, found.person_id}
        return render(request, "people/recovery.html", {"recovery": found, "mine": mine})
    if request.POST.get("decision") != "approve":
        access.refuse_recovery(by.handle, found)
        messages.success(request, tr("The recovery is refused.", "Le rétablissement est refusé."))
        return redirect("people_of", organisation)
    secret = access.approve_recovery(by.handle, found, by=by)
    link, person = f"{settings.ECLUSE_ORIGIN}/recover/{secret}/", found.person
    what = tr("Two administrators let you enrol a new authenticator:",
              "Deux administrateurs vous font enregistrer un nouvel authentificateur :")  # fmt: skip
    mailed = mail_link(person.email, person.name, link, what)
    shown = {"organisation": found.organisation, "link": link, "name": person.name, "mailed": mailed, "days": 1}
    return render(request, "people/link.html", shown)


@public
@require_http_methods(["GET", "POST"])
def recover(request: HttpRequest, secret: str) -> HttpResponse:
    """Whoever holds the link starts again: old authenticators go, a new one is enrolled."""
    found = access.open_recovery(secret, timezone.now())
    if found is None:
        raise UnseenError("this link is spent or expired")
    if request.method == "POST":
        person = access.recover(found.person.handle, found)
        login(request, person, backend=settings.AUTHENTICATION_BACKENDS[0])
        return redirect("enrol")
    return render(request, "people/recover.html", {"recovery": found})
