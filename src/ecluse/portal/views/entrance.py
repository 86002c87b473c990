"""The way in: an invitation, a second factor, and the first page."""

from allauth.account.internal.flows.login import record_authentication
from django.conf import settings
from django.contrib.auth import login
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.http import url_has_allowed_host_and_scheme
from django.utils.translation import check_for_language, get_language
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from ecluse.domain.errors import UnseenError
from ecluse.portal.access import own, person_of, public
from ecluse.portal.accounts import has_authenticator
from ecluse.portal.waiting import waits_for
from ecluse.store.acts import people
from ecluse.store.reads.people import places_of


@own
@require_GET
def home(request: HttpRequest) -> HttpResponse:
    """What waits for whoever asks."""
    person = person_of(request)
    grants = person.grants()
    return render(request, "home.html", {"waiting": waits_for(person, grants), "places": places_of(person)})


@public
@require_http_methods(["GET", "POST"])
def join(request: HttpRequest, secret: str) -> HttpResponse:
    """Follow an invitation: say one's name, then enrol an authenticator.

    Raises:
        UnseenError: the link is spent, withdrawn, expired or was never made.
    """
    invitation = people.open_invitation(secret)
    if invitation is None:
        raise UnseenError("this invitation is spent, withdrawn or expired")
    if request.method == "POST":
        name = request.POST.get("name", "").strip() or invitation.name
        person = people.join(f"invitation-{invitation.pk}", invitation, name[:200], get_language() or "fr")
        if has_authenticator(person):
            # Who has an account signs in as always; a link must not stand in for an authenticator.
            return redirect("home")
        login(request, person, backend=settings.AUTHENTICATION_BACKENDS[0])
        record_authentication(request, person, method="invitation")
        return redirect("enrol")
    return render(request, "join.html", {"invitation": invitation})


@own
@require_GET
def enrol(request: HttpRequest) -> HttpResponse:
    """Choose an authenticator: a passkey first, an app second."""
    if has_authenticator(person_of(request)):
        return redirect("home")
    return render(request, "enrol.html")


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
    """RFC 9116: where to report a hole."""
    lines = (
        f"Contact: {settings.ECLUSE_ORIGIN}/report/",
        f"Canonical: {settings.ECLUSE_ORIGIN}/.well-known/security.txt",
        "Preferred-Languages: fr, en",
        f"Expires: {settings.SECURITY_TXT_EXPIRES}",
    )
    return HttpResponse("\n".join(lines) + "\n", content_type="text/plain; charset=utf-8")
