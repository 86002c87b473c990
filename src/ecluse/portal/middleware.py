"""Around every request: headers, the journal, the second factor, and refusals in words."""

import re
from collections.abc import Callable

from django.core.exceptions import BadRequest
from django.db import transaction
from django.http import HttpRequest, HttpResponse, UnreadablePostError
from django.shortcuts import redirect, render
from django.urls import Resolver404, resolve

from ecluse.domain.errors import EcluseError, ForbiddenError, RetryableError, UnseenError
from ecluse.domain.room import RoomEvent
from ecluse.portal.accounts import has_authenticator
from ecluse.portal.refusals import said
from ecluse.store.account_events import ANONYMOUS, organisations
from ecluse.store.recording import Act, UnwritableError, acting, current
from ecluse.store.refusals import tell_refused
from ecluse.store.session_events import see

Respond = Callable[[HttpRequest], HttpResponse]

POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; font-src 'self'; "
    "connect-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'; manifest-src 'self'"
)
PERMISSIONS = "publickey-credentials-get=(self), publickey-credentials-create=(self)"
_SAFE = frozenset({"GET", "HEAD", "OPTIONS", "TRACE"})
_SERVER_ERROR, _UNAVAILABLE = 500, 503
_LIBRARY = ("account_", "mfa_", "openid_connect_")

# The accounts' library brings pages for sign-up, changes of address and passwords by mail: none is open here.
CLOSED = re.compile(
    r"account_(signup|email|confirm_email|email_verification_sent|reset_password.*|inactive)"
    r"|account_(set_password|confirm_login_code)|socialaccount_(signup|connections)|usersessions_list"
    # Our own pages do these: with the journal's entry in the same act, and never without a last authenticator.
    r"|mfa_((de)?activate_totp|list_webauthn|remove_webauthn|edit_webauthn)"
)
# What whoever has no second factor yet can reach.
_ENROLLING = re.compile(r"mfa_|account_(login|logout|reauthenticate)|enrol|language|static")


class SecurityHeaders:
    """A strict content policy without inline script or style, and no cache of what people see."""

    def __init__(self, respond: Respond) -> None:
        self._respond = respond

    def __call__(self, request: HttpRequest) -> HttpResponse:
        """Add the headers."""
        response = self._respond(request)
        response.setdefault("Content-Security-Policy", POLICY)
        response.setdefault("Permissions-Policy", PERMISSIONS)
        if not request.path.startswith("/static/"):
            response.setdefault("Cache-Control", "no-store")
        return response


class Seen:
    """Where and when each session was last seen."""

    def __init__(self, respond: Respond) -> None:
        self._respond = respond

    def __call__(self, request: HttpRequest) -> HttpResponse:
        """Note it, and pass on."""
        if request.user.is_authenticated:
            see(request)
        return self._respond(request)


class Recorded:
    """One act for each request that may change something; what the accounts' library wrote is journalled too."""

    def __init__(self, respond: Respond) -> None:
        self._respond = respond

    def __call__(self, request: HttpRequest) -> HttpResponse:
        """Open the act, and close it with the response: a server error rolls back."""
        name = _name(request)
        if CLOSED.fullmatch(name):
            return render(request, "refused.html", {"message": None}, status=404)
        # Programs come with a bearer whose acts are its own, each in its transaction; a cookie opens nothing there.
        # A provider answers with a GET that signs somebody in.
        safe = request.method in _SAFE and name != "openid_connect_callback"
        if safe or request.path_info.startswith("/api/"):
            return self._respond(request)
        _receive(request)
        try:
            return self._act(request, name)
        except UnwritableError:
            return render(request, "unwritable.html", status=_UNAVAILABLE)

    def _act(self, request: HttpRequest, name: str) -> HttpResponse:
        person = request.user if request.user.is_authenticated else None
        with acting(person.handle if person else ANONYMOUS) as act:
            response = self._respond(request)
            if response.status_code >= _SERVER_ERROR:
                _undo(act)
            elif act.written and not act.entries and name.startswith(_LIBRARY):
                concerns = organisations(person) if person else ()
                act.record(RoomEvent.ACCOUNT_CHANGED, *concerns, subject=act.actor, page=name)
        return response


class Enrolled:
    """Nobody goes further without a second factor (law 6)."""

    def __init__(self, respond: Respond) -> None:
        self._respond = respond

    def __call__(self, request: HttpRequest) -> HttpResponse:
        """Send whoever has none to enrol one."""
        enrolled = request.user.is_authenticated and has_authenticator(request.user)
        request.enrolled = enrolled  # type: ignore[attr-defined]
        if request.user.is_authenticated and not enrolled and not _ENROLLING.match(_name(request)):
            return redirect("/enrol/")
        return self._respond(request)


class Refusals:
    """Our own errors as pages in words, with the status that fits."""

    def __init__(self, respond: Respond) -> None:
        self._respond = respond

    def __call__(self, request: HttpRequest) -> HttpResponse:
        """Pass on."""
        return self._respond(request)

    def process_exception(self, request: HttpRequest, error: Exception) -> HttpResponse | None:
        """A page for an error of ours; None for a fault, which Django answers with 500."""
        if not isinstance(error, EcluseError):
            return None
        status = status_of(error)
        if status >= _SERVER_ERROR:
            return None
        act = current()
        if act is not None and act.written and not isinstance(error, UnseenError | ForbiddenError):
            # What was begun before the refusal is undone with it, as a command's would be.
            _undo(act)
        if isinstance(error, ForbiddenError) and request.user.is_authenticated:
            person = request.user
            tell_refused(request, "role", person.handle, subject=person.handle, concerns=organisations(person))
        return render(request, "refused.html", {"message": said(error), "status": status}, status=status)


def status_of(error: EcluseError) -> int:
    """The HTTP status of an error."""
    if isinstance(error, UnseenError):
        return 404
    if isinstance(error, ForbiddenError):
        return 403
    if isinstance(error, UnwritableError):
        return _UNAVAILABLE
    if isinstance(error, RetryableError):
        return 409
    return 422 if type(error).exit_code < 70 else 500  # noqa: PLR2004 - 70 and above are our own faults


def _receive(request: HttpRequest) -> None:
    """Take the body before the act opens: an act holds SQLite's one writer, and a body may come a byte a minute."""
    try:
        _ = request.body
    except UnreadablePostError:
        raise BadRequest("the body did not come") from None


def _undo(act: Act) -> None:
    transaction.set_rollback(True)
    act.entries.clear()
    act.written.clear()


def _name(request: HttpRequest) -> str:
    try:
        return resolve(request.path_info).url_name or ""
    except Resolver404:
        return ""
