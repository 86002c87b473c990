"""Whoever asks: their own authenticators, sessions, roles and training."""

from allauth.account.decorators import reauthentication_required
from allauth.socialaccount.models import SocialAccount
from django.contrib import messages
from django.contrib.auth import update_session_auth_hash
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_GET, require_POST

from ecluse.domain.errors import UnseenError
from ecluse.portal.access import own, person_of
from ecluse.portal.words import tr
from ecluse.store.acts import access
from ecluse.store.models import Recovery
from ecluse.store.reads import people
from ecluse.store.session_events import at_two_places, live_sessions


@own
@require_GET
def account(request: HttpRequest) -> HttpResponse:
    """One's own account."""
    person = person_of(request)
    sessions, means = live_sessions(person), people.means_of(person)
    shown = {
        "roles": person.memberships.filter(until__isnull=True).select_related("organisation"),
        "means": means,
        "has_app": any(each.kind == "totp" for each in means),
        "sessions": sessions,
        "elsewhere": bool(sessions) and at_two_places(sessions),
        "current": request.session.session_key,
        "training": people.training_of(person),
        "recoveries": people.recoveries_of(person),
        "identities": SocialAccount.objects.filter(user=person),
    }
    return render(request, "account.html", shown)


@own
@require_GET
def to_account(request: HttpRequest) -> HttpResponse:  # noqa: ARG001 - a view
    """Where the accounts' library goes after a passkey was added: whoever is here for the first time goes on home."""
    return redirect("home")


@own
@require_POST
def end_session(request: HttpRequest, session: int) -> HttpResponse:
    """One of one's sessions ends."""
    person = person_of(request)
    access.end_sessions(person.handle, person, only=session)
    messages.success(request, tr("The session is ended.", "La session est fermée."))
    return redirect("account")


@own
@require_POST
def end_other_sessions(request: HttpRequest) -> HttpResponse:
    """All of one's sessions end but this one."""
    person = person_of(request)
    access.end_sessions(person.handle, person, but=request.session.session_key or "")
    messages.success(request, tr("All other sessions are ended.", "Toutes les autres sessions sont fermées."))
    return redirect("account")


@own
@require_POST
@reauthentication_required  # type: ignore[untyped-decorator]
def remove_authenticator(request: HttpRequest, authenticator: int) -> HttpResponse:
    """One of one's authenticators goes; one stays."""
    person = person_of(request)
    access.remove_authenticator(person.handle, person, authenticator)
    # With the app its password goes, and with the password every session but this one.
    update_session_auth_hash(request, person)
    messages.success(request, tr("The authenticator is removed.", "L'authentificateur est retiré."))
    return redirect("account")


@own
@require_POST
def refuse_recovery(request: HttpRequest, recovery: int) -> HttpResponse:
    """One lost nothing: whoever asked must not go on."""
    person = person_of(request)
    found = Recovery.objects.filter(pk=recovery, person=person).select_related("organisation", "person").first()
    if found is None:
        raise UnseenError("there is no such recovery")
    access.refuse_recovery(person.handle, found)
    messages.success(request, tr("The recovery is refused.", "Le rétablissement est refusé."))
    return redirect("account")


@own
@require_POST
@reauthentication_required  # type: ignore[untyped-decorator]
def unlink(request: HttpRequest, identity: int) -> HttpResponse:
    """A provider's identity opens this account no more."""
    person = person_of(request)
    access.unlink(person.handle, person, identity)
    messages.success(request, tr("It is unlinked.", "Le lien est défait."))
    return redirect("account")
