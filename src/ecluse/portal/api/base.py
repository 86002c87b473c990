"""What every endpoint for programs shares: bearers, the guard, limits, errors as problem+json (RFC 9457).

A bearer comes in the Authorization header alone: a browser's cookie opens nothing here, so no page elsewhere can make
one act (no CSRF). Personal tokens have what their person may do *and* their scopes name; nothing that takes a passkey.
"""

import json
import logging
import time
from collections.abc import Callable, Mapping
from functools import wraps
from typing import Any, Concatenate, ParamSpec, TypeVar, cast

from allauth.account.adapter import get_adapter
from django.core.cache import cache
from django.core.exceptions import PermissionDenied, RequestDataTooBig, SuspiciousOperation
from django.db import OperationalError
from django.http import Http404, HttpRequest, HttpResponse
from ninja import NinjaAPI
from ninja.errors import HttpError, ValidationError
from ninja.parser import Parser
from ninja.security import HttpBearer

from ecluse.domain.errors import EcluseError, ForbiddenError
from ecluse.domain.permissions import Action, Parties, check_may
from ecluse.portal.middleware import status_of
from ecluse.store.acts.tokens import SIGNING
from ecluse.store.models import Agent, ApiToken, Person
from ecluse.store.reads.bearers import agent_of_token, token_of_secret
from ecluse.store.recording import UnwritableError
from ecluse.store.refusals import see_token, tell_bearer_refused, tell_refused
from ecluse.store.sightings import agent_seen, token_used
from ecluse.wire.canonical import parse

P = ParamSpec("P")
R = TypeVar("R")

PROBLEM = "application/problem+json"
PROBLEMS = frozenset({400, 401, 403, 404, 409, 413, 422, 429, 503})
"""Every status that a refusal has."""
_SERVER_ERROR = 500
_CALLS, _WRONG = 600, 20
"""Calls a minute of one bearer; bearers a minute from one address that open nothing."""

_LOG = logging.getLogger("ecluse.api")


class TooManyError(Exception):
    """Somebody asks more often than the limits allow."""


class _Parser(Parser):
    """JSON without duplicate names, floats, deep nesting or NUL, which a database may not hold."""

    def parse_body(self, request: HttpRequest) -> Any:
        value = parse(request.body)
        check_no_nul(value)
        return value


class AgentBearer(HttpBearer):
    """An agent's token, made when it was enrolled."""

    openapi_name = "agent"

    def authenticate(self, request: HttpRequest, token: str) -> Agent | None:
        """The agent, or None."""
        agent = agent_of_token(token)
        _limit(request, f"agent-{agent.pk}" if agent else None)
        if agent is not None:
            agent_seen(agent)
        else:
            tell_bearer_refused(request, token)
        return agent


class PersonBearer(HttpBearer):
    """A person's token."""

    openapi_name = "person"

    def authenticate(self, request: HttpRequest, token: str) -> ApiToken | None:
        """The token, or None."""
        found = token_of_secret(token)
        _limit(request, f"token-{found.pk}" if found else None)
        if found is not None:
            token_used(found)
            see_token(request, found)
        else:
            tell_bearer_refused(request, token)
        return found


def _limit(request: HttpRequest, who: str | None) -> None:
    if who is None:
        limited(f"wrong-{client_address(request)}", _WRONG)
    else:
        limited(who, _CALLS)


def client_address(request: HttpRequest) -> str:
    """Where a call comes from, by the proxy's word where the room is told of one; all that do not say share a limit."""
    try:
        return str(get_adapter(request).get_client_ip(request))
    except PermissionDenied:
        return "unknown"


def limited(key: str, a_minute: int) -> None:
    """Count one call; raises TooManyError above the rate."""
    window = f"api:{key}:{int(time.time() // 60)}"
    cache.add(window, 0, 120)
    try:
        count = cache.incr(window)
    except ValueError:  # expired in between
        return
    if count > a_minute:
        raise TooManyError


def agent_of(request: HttpRequest) -> Agent:
    """The agent that calls."""
    return cast("Agent", request.auth)  # type: ignore[attr-defined]


def token_of(request: HttpRequest) -> ApiToken:
    """The token by which a person's program calls."""
    return cast("ApiToken", request.auth)  # type: ignore[attr-defined]


def caller(request: HttpRequest) -> Person:
    """The person whose program calls."""
    return token_of(request).person


def everywhere(request: HttpRequest, **_: Any) -> Parties:
    """The parties of a list: every organisation of the person; the list shows only what each allows."""
    return Parties(frozenset(grant.organisation for grant in caller(request).grants()))


def check_scoped(token: ApiToken, action: Action, parties: Parties) -> None:
    """The guard: the person may, and the token was made for it.

    Raises:
        UnseenError, ForbiddenError: see ``permissions.check_may``; or the token's scopes do not name the action.
    """
    check_may(token.person.grants(), action, parties)
    if action in SIGNING or str(action) not in token.scopes:
        raise ForbiddenError(f"this token was not made for {action}", hint="make one with that scope")


def scoped(
    action: Action, parties: Callable[..., Parties] = everywhere
) -> Callable[[Callable[Concatenate[HttpRequest, P], R]], Callable[Concatenate[HttpRequest, P], R]]:
    """Let an endpoint run only for tokens that may take ``action`` on what ``parties`` finds from the address."""

    def wrap(view: Callable[Concatenate[HttpRequest, P], R]) -> Callable[Concatenate[HttpRequest, P], R]:
        @wraps(view)
        def guard(request: HttpRequest, /, *args: P.args, **rest: P.kwargs) -> R:
            check_scoped(token_of(request), action, parties(request, **rest))
            return view(request, *args, **rest)

        guard.action = action  # type: ignore[attr-defined]
        guard.parties = parties  # type: ignore[attr-defined]
        return guard

    return wrap


def check_no_nul(value: Any) -> None:
    """Refuse the one character that databases do not keep.

    Raises:
        HttpError: 422.
    """
    waiting = [value]
    while waiting:
        found = waiting.pop()
        if isinstance(found, dict):
            waiting += [*found.keys(), *found.values()]
        elif isinstance(found, list):
            waiting += found
        elif isinstance(found, str) and "\0" in found:
            raise HttpError(422, "a text holds the character NUL")


class RoomApi(NinjaAPI):
    """django-ninja's API, whose description says which media type problems have."""

    def get_openapi_schema(self, *args: Any, **rest: Any) -> Any:
        """See ``NinjaAPI``."""
        schema = super().get_openapi_schema(*args, **rest)
        for operations in schema["paths"].values():
            for operation in operations.values():
                for status, response in operation["responses"].items():
                    if int(status) >= 400 and "application/json" in response.get("content", {}):  # noqa: PLR2004
                        response["content"] = {PROBLEM: response["content"]["application/json"]}
        return schema


def problem(status: int, title: str, *, detail: str = "", hint: str = "", where: str = "") -> HttpResponse:
    """A refusal, for programs; never a stack, never a value that was given."""
    body = {"type": "about:blank", "title": title, "status": status, "detail": detail}
    body |= {name: text for name, text in (("hint", hint), ("where", where)) if text}
    response = HttpResponse(json.dumps(body), status=status, content_type=PROBLEM)
    if status == 401:  # noqa: PLR2004 - RFC 9110 section 15.5.2
        response["WWW-Authenticate"] = 'Bearer realm="ecluse"'
    if status == 429:  # noqa: PLR2004
        response["Retry-After"] = "60"
    return response


_TITLES: Mapping[int, str] = {
    400: "Bad request", 401: "Who are you?", 403: "Forbidden", 404: "Not found", 409: "Try again", 413: "Too large",
    422: "Refused", 429: "Too many requests", 500: "A fault of ours", 503: "Not now",
}  # fmt: skip


def handle_errors(api: NinjaAPI) -> None:  # noqa: C901 - one handler for each
    """Make every exception a problem."""

    @api.exception_handler(EcluseError)
    def ours(request: HttpRequest, error: EcluseError) -> HttpResponse:
        status = status_of(error)
        if isinstance(error, UnwritableError):
            return problem(status, _TITLES[503], detail="the room's journal cannot be written: nothing is done")
        if status >= _SERVER_ERROR:
            return fault(request, error)
        if isinstance(error, ForbiddenError):
            _tell_role(request)
        where = str(error.location or "")
        return problem(status, type(error).__name__, detail=error.message, hint=error.hint or "", where=where)

    @api.exception_handler(ValidationError)
    def invalid(_request: HttpRequest, error: ValidationError) -> HttpResponse:
        first = error.errors[0] if error.errors else {}
        where = ".".join(str(part) for part in first.get("loc", ()))
        return problem(422, "Refused", detail=str(first.get("msg", "not what is asked for"))[:200], where=where[:200])

    @api.exception_handler(HttpError)
    def refused(request: HttpRequest, error: HttpError) -> HttpResponse:
        if error.status_code == 401 and "Authorization" not in request.headers:  # noqa: PLR2004 - RFC 9110
            tell_refused(request, "anonymous")
        return problem(error.status_code, _TITLES.get(error.status_code, "Refused"), detail=error.message)

    @api.exception_handler(TooManyError)
    def too_many(_request: HttpRequest, _error: TooManyError) -> HttpResponse:
        return problem(429, _TITLES[429], detail="more calls than the limits allow")

    @api.exception_handler(Http404)
    def unknown(_request: HttpRequest, _error: Http404) -> HttpResponse:
        return problem(404, _TITLES[404])

    @api.exception_handler(RequestDataTooBig)
    def too_big(_request: HttpRequest, _error: RequestDataTooBig) -> HttpResponse:
        return problem(413, _TITLES[413], detail="a body has at most 4 MiB")

    @api.exception_handler(SuspiciousOperation)
    def suspicious(_request: HttpRequest, _error: SuspiciousOperation) -> HttpResponse:
        return problem(400, _TITLES[400])

    @api.exception_handler(OperationalError)
    def busy(_request: HttpRequest, _error: OperationalError) -> HttpResponse:
        return problem(409, _TITLES[409], detail="the room is busy")

    @api.exception_handler(Exception)
    def fault(_request: HttpRequest, error: Exception) -> HttpResponse:
        _LOG.error("%s in the API", type(error).__name__)
        return problem(500, _TITLES[500])


def _tell_role(request: HttpRequest) -> None:
    auth = getattr(request, "auth", None)
    if isinstance(auth, Agent):
        tell_refused(request, "role", auth.handle, subject=auth.handle, concerns=(auth.organisation.slug,))
    elif isinstance(auth, ApiToken):
        slugs = tuple(sorted({grant.organisation for grant in auth.person.grants()}))
        tell_refused(request, "role", auth.person.handle, subject=auth.person.handle, concerns=slugs)


def parser() -> Parser:
    """The parser of bodies."""
    return _Parser()
