"""The way in: an invitation, a second factor, and the first page."""

import datetime as dt
from typing import Any

from allauth.account.internal.flows.login import record_authentication
from django.conf import settings
from django.contrib import messages
from django.contrib.auth import login
from django.core.cache import cache
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.http import url_has_allowed_host_and_scheme, urlencode
from django.utils.translation import check_for_language, get_language
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from ecluse.domain.errors import UnseenError
from ecluse.domain.permissions import Role
from ecluse.portal.access import grants_of, own, person_of, places_of, public
from ecluse.portal.forms.people import JoinForm
from ecluse.portal.labels import ROLE_MEANS
from ecluse.portal.waiting import waits_for
from ecluse.portal.words import tr
from ecluse.store.account_events import ANONYMOUS
from ecluse.store.acts import people
from ecluse.store.models import Invitation


@own
@require_GET
def home(request: HttpRequest) -> HttpResponse:
    """What waits for whoever asks."""
    person = person_of(request)
    grants = grants_of(request)
    return render(request, "home.html", {"waiting": waits_for(person, grants), "places": places_of(request)})


@public
@require_http_methods(["GET", "POST"])
def join(request: HttpRequest, secret: str) -> HttpResponse:
    """Follow an invitation: a new person enrols an authenticator; who has an account signs in and gains the role.

    A link stands in for no authenticator, and not for the knowledge of whom it was sent to.

    Raises:
        UnseenError: the link is spent, withdrawn, expired or was never made.
        ForbiddenError: somebody else than the one invited has signed in.
    """
    invitation = people.open_invitation(secret)
    if invitation is None:
        raise UnseenError("this invitation is spent, withdrawn or expired")
    shown = {"invitation": invitation, "means": ROLE_MEANS[Role(invitation.role)]}
    if request.user.is_authenticated or people.account_of(invitation) is not None:
        return _accepted(request, invitation, shown)
    form = JoinForm(request.POST or None, initial={"name": invitation.name})
    if request.method == "POST" and form.is_valid() and _is_theirs(invitation, form):
        actor = f"invitation-{invitation.pk}"
        person = people.join(actor, invitation, form.cleaned_data["name"], get_language() or "fr")
        login(request, person, backend=settings.AUTHENTICATION_BACKENDS[0])
        record_authentication(request, person, method="invitation")
        return redirect("enrol")
    return render(request, "join.html", shown | {"form": form})


def _accepted(request: HttpRequest, invitation: Invitation, shown: dict[str, Any]) -> HttpResponse:
    if not request.user.is_authenticated:
        return redirect(f"{settings.LOGIN_URL}?{urlencode({'next': request.path})}")
    if request.method == "POST":
        people.accept(person_of(request).handle, invitation, person_of(request))
        messages.success(request, tr("The role is yours.", "Le rôle est à vous."))
        return redirect("home")
    mine = person_of(request).email.casefold() == invitation.email.casefold()
    return render(request, "join.html", shown | {"form": None, "mine": mine})


def _is_theirs(invitation: Invitation, form: JoinForm) -> bool:
    """Whether the address is the one that was invited; after five that are not, the link works no longer."""
    if form.cleaned_data["email"].casefold() == invitation.email.casefold():
        return True
    key = f"join-{invitation.pk}"
    cache.add(key, 0, _TRIES_KEPT)
    if cache.incr(key) >= _TRIES:
        people.withdraw_invitation(ANONYMOUS, invitation)
    form.add_error("email", tr("The link was not sent to this address.", "Le lien n'a pas été envoyé à cette adresse."))
    return False


_TRIES, _TRIES_KEPT = 5, 8 * 86_400


@public
@require_POST
def language(request: HttpRequest) -> HttpResponse:
    """Change the language of the pages."""
    chosen, back = request.POST.get("language", ""), request.POST.get("next", "/")
    safe = url_has_allowed_host_and_scheme(back, allowed_hosts=None)
    response = redirect(back if safe else "/")
    if check_for_language(chosen) and chosen in dict(settings.LANGUAGES):
        response.set_cookie(
            settings.LANGUAGE_COOKIE_NAME, chosen, max_age=31_536_000, samesite="Lax", httponly=True,
            secure=settings.SESSION_COOKIE_SECURE,
        )  # fmt: skip
    return response


@public
@require_GET
def security_txt(_request: HttpRequest) -> HttpResponse:
    """RFC 9116: where to report a hole: this room's own page, and what whoever runs it has added."""
    contacts = [f"{settings.ECLUSE_ORIGIN}{reverse('report')}", settings.SECURITY_CONTACT]
    lines = (
        *(f"Contact: {contact}" for contact in contacts if contact),
        # The RFC asks for a date within a year.
        f"Expires: {timezone.now() + dt.timedelta(days=180):%Y-%m-%dT00:00:00Z}",
        "Preferred-Languages: fr, en",
        f"Canonical: {settings.ECLUSE_ORIGIN}/.well-known/security.txt",
    )
    return HttpResponse("\n".join(lines) + "\n", content_type="text/plain; charset=utf-8")
