"""Agents as the screens show them."""

from collections.abc import Iterable

from django.db.models import QuerySet
from django.utils import timezone

from ecluse.store.models import Agent, ApiToken, EnrolmentCode, Person

INVITED, LIVE, REVOKED, LAPSED = "invited", "live", "revoked", "lapsed"


def listed(organisations: Iterable[str]) -> QuerySet[Agent]:
    """Agents of organisations, with what a list shows of them: two queries, whatever their number."""
    joined = Agent.objects.select_related("organisation", "owner", "sighting").prefetch_related("codes")
    return joined.filter(organisation__slug__in=list(organisations)).order_by("organisation__name", "handle")


def state_of(agent: Agent) -> str:
    """``invited`` while a code is open, ``lapsed`` when it has expired unused, ``live``, ``revoked``."""
    if agent.revoked_at is not None:
        return REVOKED
    if agent.enrolled_at is not None:
        return LIVE
    return INVITED if any(_is_open(code) for code in agent.codes.all()) else LAPSED


def tokens_of(person: Person) -> QuerySet[ApiToken]:
    """A person's tokens, newest first."""
    return ApiToken.objects.filter(person=person).select_related("use").order_by("-made_at")


def token_state(token: ApiToken) -> str:
    """``active``, ``expired`` or ``revoked``."""
    if token.revoked_at is not None:
        return REVOKED
    return "active" if token.expires_at > timezone.now() else "expired"


def _is_open(code: EnrolmentCode) -> bool:
    return code.used_at is None and code.expires_at > timezone.now()
