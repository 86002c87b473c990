"""What the room refused, in its journal: told at once, then counted: a flood neither fills it nor is silent (R9).

Refusals of calls go into entries of their own transaction: what was refused is undone, that it was asked is kept.
"""

from contextlib import suppress

from allauth.account.adapter import get_adapter
from django.core.cache import cache
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest

from ecluse.domain.networks import network_of
from ecluse.domain.room import RoomEvent
from ecluse.store.models import Agent, ApiToken
from ecluse.store.reads.bearers import secret_digest
from ecluse.store.recording import UnwritableError, acting

NOBODY = "anonymous"
COUNT_SECONDS = 10
"""After one refusal is told, those of the same kind, caller and origin are counted for so long."""
MOST_A_MINUTE = 60
"""Entries about refusals, of all callers together; beyond that they are counted."""
_KEEP = 3600


def origin_of(request: HttpRequest | None) -> str | None:
    """Where a call comes from, by the proxy's word where the room is told of one; None where that cannot be told."""
    if request is None:
        return None
    try:
        return str(get_adapter(request).get_client_ip(request)) or None
    except PermissionDenied:
        return None


def origin_detail(request: HttpRequest | None) -> dict[str, int | str]:
    """``origin`` for an entry's detail, where it is known."""
    origin = origin_of(request)
    return {"origin": origin} if origin else {}


def tell_refused(
    request: HttpRequest, reason: str, actor: str = NOBODY, *, subject: str = "", concerns: tuple[str, ...] = ()
) -> None:
    """Journal that a call was refused. ``reason``: anonymous, bearer, revoked or role."""
    key = f"refused:{reason}:{actor}:{subject}:{origin_of(request)}"
    if not cache.add(key, 1, COUNT_SECONDS) or not _may_tell():
        cache.add(f"{key}:more", 0, _KEEP)
        _more(f"{key}:more")
        return
    times = 1 + int(cache.get(f"{key}:more") or 0)
    cache.delete(f"{key}:more")
    # Where the journal cannot be written, the call is refused all the same, and the room says so elsewhere.
    with suppress(UnwritableError), acting(actor) as act:
        detail = origin_detail(request)
        act.record(RoomEvent.ACCESS_REFUSED, *concerns, subject=subject, reason=reason, times=times, **detail)


def tell_bearer_refused(request: HttpRequest, secret: str) -> None:
    """Journal that a bearer opened nothing: nobody's, or one that is revoked or expired, whose own it is said."""
    digest = secret_digest(secret)
    token = ApiToken.objects.filter(digest=digest).first()
    if token is not None:
        concerns = tuple(sorted({grant.organisation for grant in token.person.grants()}))
        tell_refused(request, "revoked", subject=f"token-{token.pk}", concerns=concerns)
        return
    agent = Agent.objects.select_related("organisation").filter(token_digest=digest).first() if secret else None
    if agent is not None:
        tell_refused(request, "revoked", subject=agent.handle, concerns=(agent.organisation.slug,))
    else:
        tell_refused(request, "bearer" if secret else "anonymous")


def see_token(request: HttpRequest, token: ApiToken) -> None:
    """Notice a token that comes from a second network within an hour; told once in ten minutes."""
    origin = origin_of(request)
    if origin is None:
        return
    key, network = f"token-network:{token.pk}", network_of(origin)
    before = cache.get(key)
    if before != network:
        cache.set(key, network, _KEEP)
    if before not in {None, network} and cache.add(f"{key}:told", 1, 600):
        person = token.person
        concerns = {grant.organisation for grant in person.grants()}
        with acting(person.handle) as act:
            act.record(RoomEvent.TOKEN_ELSEWHERE, *sorted(concerns), subject=f"token-{token.pk}", origin=origin)


def _may_tell() -> bool:
    cache.add("refused:told", 0, 60)
    return _more("refused:told") <= MOST_A_MINUTE


def _more(key: str) -> int:
    try:
        return cache.incr(key)
    except ValueError:  # expired in between
        return 1
