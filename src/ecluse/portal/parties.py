"""Whose the thing is that an address names: asked by the guard of the screens and by that of programs alike."""

from typing import Any

from django.http import HttpRequest

from ecluse.domain.errors import UnseenError
from ecluse.domain.permissions import Parties
from ecluse.portal.access import person_of
from ecluse.store.acts.agreements import parties_of
from ecluse.store.models import Agent, Alert, ApiToken, Person
from ecluse.store.reads.agreements import agreement_of
from ecluse.store.reads.alert_warnings import check_exists_for
from ecluse.store.reads.alerts import alert_of, concerned
from ecluse.store.reads.migrations import one
from ecluse.store.reads.orders import order_version


def of_agreement(_request: HttpRequest, agreement: int, **_: Any) -> Parties:
    """The controller and the processor that an agreement binds."""
    return Parties.of(*parties_of(agreement_of(agreement)))


def of_order(_request: HttpRequest, order: int, **_: Any) -> Parties:
    """The controller and the processor of an order's agreement."""
    return Parties.of(*parties_of(order_version(order).agreement))


def of_migration(_request: HttpRequest, migration: int, **_: Any) -> Parties:
    """The controller and the processor of the agreement under which a migration was ordered."""
    return Parties.of(*parties_of(one(migration).order.agreement))


def of_alert(request: HttpRequest, alert: int, **_: Any) -> Parties:
    """The organisations that an alert concerns; it is kept for :func:`alert_found`.

    Raises:
        UnseenError: there is none of that number, or for whoever asks (R10).
    """
    found = alert_of(alert)
    check_exists_for(found, asking(request))
    request.alert_found = found  # type: ignore[attr-defined]
    return Parties.of(*concerned(found))


def asking(request: HttpRequest) -> Person:
    """Whoever asks, by a browser or by a program of theirs."""
    token = getattr(request, "auth", None)
    return token.person if isinstance(token, ApiToken) else person_of(request)


def alert_found(request: HttpRequest) -> Alert:
    """The alert that the guard has read for this request."""
    found: Alert = request.alert_found  # type: ignore[attr-defined]
    return found


def of_agent(_request: HttpRequest, agent: int, **_: Any) -> Parties:
    """An agent's organisation."""
    return Parties.of(agent_numbered(agent).organisation.slug)


def agent_numbered(agent: int) -> Agent:
    """An agent, with what a page shows of it.

    Raises:
        UnseenError: there is none of that number.
    """
    joined = Agent.objects.select_related("organisation", "owner", "sighting").prefetch_related("codes")
    found = joined.filter(pk=agent).first()
    if found is None:
        raise UnseenError("there is no such agent")
    return found
