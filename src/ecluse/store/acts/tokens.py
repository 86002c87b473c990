"""Personal tokens for programs: scoped to what the person may do, expiring, revocable; never to sign (issue 4)."""

import datetime as dt
import secrets
from collections.abc import Iterable

from ecluse.domain.errors import ForbiddenError, UsageError
from ecluse.domain.permissions import MAY, Action
from ecluse.domain.room import RoomEvent
from ecluse.store.account_events import organisations
from ecluse.store.models import ApiToken, Person
from ecluse.store.reads.bearers import secret_digest
from ecluse.store.recording import Act, act

MAX_DAYS = 90
SIGNING = frozenset(
    {Action.SIGN_AGREEMENT, Action.APPROVE_ORDER, Action.DECIDE, Action.RESUME, Action.ABORT, Action.SUSPEND}
)
"""Actions that take a passkey: no token has them."""


@act
def make(act: Act, person: Person, name: str, scopes: Iterable[Action], days: int) -> str:
    """A token of a person; gives its secret, which is kept nowhere.

    Raises:
        ForbiddenError: a scope that takes a passkey, or that no role of the person allows.
        UsageError: no name, no scope, or a life longer than ninety days.
    """
    wanted = sorted(set(scopes))
    if not wanted or not 1 <= days <= MAX_DAYS or not name.strip():
        raise UsageError(f"a token has a name, at least one scope, and lives 1 to {MAX_DAYS} days")
    held = {(grant.side, grant.role) for grant in person.grants()}
    for scope in wanted:
        if scope in SIGNING:
            raise ForbiddenError(f"{scope} takes a passkey; no token has it")
        if not MAY[scope] & held:
            raise ForbiddenError(f"your role does not allow {scope}")
    secret = f"ecp_{secrets.token_urlsafe(32)}"
    made = ApiToken.objects.create(
        person=person,
        name=name.strip()[:100],
        digest=secret_digest(secret),
        scopes=[str(scope) for scope in wanted],
        expires_at=act.now + dt.timedelta(days=days),
    )
    act.record(RoomEvent.TOKEN_MADE, *organisations(person), subject=f"token-{made.pk}", days=days)
    return secret


@act
def revoke(act: Act, token: ApiToken) -> None:
    """It works no longer. Repeating it is harmless."""
    if token.revoked_at is not None:
        return
    token.revoked_at = act.now
    token.save()
    act.record(RoomEvent.TOKEN_REVOKED, *organisations(token.person), subject=f"token-{token.pk}")
