"""A first authenticator: a passkey, or else an app with a password."""

import base64

from allauth.account.decorators import reauthentication_required
from allauth.mfa.adapter import get_adapter
from allauth.mfa.totp.internal.auth import clear_totp_secret
from django.contrib import messages
from django.contrib.auth import update_session_auth_hash
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_GET, require_http_methods

from ecluse.portal.access import own, person_of
from ecluse.portal.accounts import has_authenticator
from ecluse.portal.forms.factors import EnrolApp
from ecluse.portal.words import tr
from ecluse.store.acts import access


@own
@require_GET
def enrol(request: HttpRequest) -> HttpResponse:
    """Choose an authenticator: a passkey first, an app second."""
    if has_authenticator(person_of(request)):
        return redirect("home")
    return render(request, "enrol.html")


@own
@reauthentication_required  # type: ignore[untyped-decorator]
@require_http_methods(["GET", "POST"])
def enrol_app(request: HttpRequest) -> HttpResponse:
    """An app and a password, in one step: neither opens anything alone."""
    person = person_of(request)
    form = EnrolApp(request.POST or None, user=person)
    if request.method == "POST" and form.is_valid():
        access.enrol_app(person.handle, person, form.secret, form.cleaned_data.get("password"))
        clear_totp_secret(request)
        update_session_auth_hash(request, person)
        messages.success(request, tr("The authenticator app is enrolled.", "L'application est enregistrée."))
        return redirect("home")
    picture = get_adapter().build_totp_svg(get_adapter().build_totp_url(person, form.secret))
    shown = {"form": form, "secret": form.secret, "picture": base64.b64encode(picture.encode()).decode()}
    return render(request, "enrol_app.html", shown)
