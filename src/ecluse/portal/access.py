"""The guard on every endpoint: which action it is, and whose thing it acts upon. Views hold no rule of their own."""

import hmac
from collections.abc import Callable
from functools import wraps
from typing import Any, Concatenate, ParamSpec, Protocol, cast
from urllib.parse import quote

from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect

from ecluse.domain.errors import UnseenError
from ecluse.domain.permissions import Action, Grant, Parties, Role, Side, check_may
from ecluse.store.models import Organisation, Person

P = ParamSpec("P")
View = Callable[Concatenate[HttpRequest, P], HttpResponse]


class Guarded(Protocol):
    """A view that says what it needs; the role matrix is generated from this."""

    action: Action
    parties: Callable[..., Parties]

    def __call__(self, request: HttpRequest, /, *args: Any, **rest: Any) -> HttpResponse:
        """Answer."""
        ...


def person_of(request: HttpRequest) -> Person:
    """Whoever asks.

    Raises:
        UnseenError: nobody has signed in.
    """
    if not request.user.is_authenticated:
        raise UnseenError("sign in first")
    return request.user


def grants_of(request: HttpRequest) -> tuple[Grant, ...]:
    """The roles of whoever asks, read once a request: whoever has no role any more is refused by the next."""
    found: tuple[Grant, ...] | None = getattr(request, "grants_held", None)
    if found is None:
        held = person_of(request).held()
        found = tuple(Grant(m.organisation.slug, Side(m.organisation.side), Role(m.role)) for m in held)
        request.grants_held = found  # type: ignore[attr-defined]
        request.places_held = sorted({m.organisation.name for m in held})  # type: ignore[attr-defined]
    return found


def places_of(request: HttpRequest) -> list[str]:
    """The names of the organisations of whoever asks."""
    grants_of(request)
    found: list[str] = request.places_held  # type: ignore[attr-defined]
    return found


def anywhere(request: HttpRequest, **_: Any) -> Parties:
    """The parties of a list: every organisation that the person belongs to. The view shows only what each allows."""
    return Parties(frozenset(grant.organisation for grant in grants_of(request)))


def organisation_named(request: HttpRequest, organisation: str, **_: Any) -> Parties:  # noqa: ARG001 - a resolver's protocol
    """The organisation that the address names."""
    if not Organisation.objects.filter(slug=organisation).exists():
        raise UnseenError("there is no such organisation")
    return Parties.of(organisation)


def _to_sign_in(request: HttpRequest) -> HttpResponse:
    return redirect(f"/account/login/?next={quote(request.get_full_path())}")


def guarded(action: Action, parties: Callable[..., Parties] = anywhere) -> Callable[[View[P]], Guarded]:
    """Let a view run only for whoever may take ``action`` on what ``parties`` finds from the address.

    Anonymous people are sent to sign in; other controllers' things answer 404; a missing role answers 403.
    """

    def wrap(view: View[P]) -> Guarded:
        @wraps(view)
        def guard(request: HttpRequest, /, *args: P.args, **rest: P.kwargs) -> HttpResponse:
            if not request.user.is_authenticated:
                return _to_sign_in(request)
            if any("\0" in str(each) for each in rest.values()):
                raise UnseenError("there is nothing here that you may see")  # PostgreSQL holds no such text
            check_may(grants_of(request), action, parties(request, **rest))
            return view(request, *args, **rest)

        made = cast("Guarded", guard)
        made.action = action
        made.parties = parties
        return made

    return wrap


def own(view: View[P]) -> View[P]:
    """A view about whoever asks, and nobody else: their account, keys, sessions, tokens."""

    @wraps(view)
    def guard(request: HttpRequest, /, *args: P.args, **rest: P.kwargs) -> HttpResponse:
        if not request.user.is_authenticated:
            return _to_sign_in(request)
        return view(request, *args, **rest)

    guard.is_own = True  # type: ignore[attr-defined]
    return guard


def public(view: View[P]) -> View[P]:
    """One of the few views for people without an account."""
    view.is_public = True  # type: ignore[attr-defined]
    return view


def for_program(secret: Callable[[], str]) -> Callable[[View[P]], View[P]]:
    """A view for one program of whoever runs the room, by a secret of the room's own (``Authorization: Bearer``).

    No person's session opens it. Where the room has no such secret, there is nothing here.
    """

    def wrap(view: View[P]) -> View[P]:
        @wraps(view)
        def guard(request: HttpRequest, /, *args: P.args, **rest: P.kwargs) -> HttpResponse:
            known = secret()
            if not known:
                raise UnseenError("there is nothing here that you may see")
            given = request.headers.get("Authorization", "")
            if not hmac.compare_digest(given.encode("utf-8", "surrogatepass"), f"Bearer {known}".encode()):
                return HttpResponse("a token is needed\n", status=401, content_type="text/plain",
                                    headers={"WWW-Authenticate": "Bearer"})  # fmt: skip
            return view(request, *args, **rest)

        guard.is_for_program = True  # type: ignore[attr-defined]
        return guard

    return wrap
