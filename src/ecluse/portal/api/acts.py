"""Endpoints of people's programs that change something: the acts that take no passkey."""

from collections.abc import Mapping
from typing import Any

from django.conf import settings
from django.http import HttpRequest
from ninja.errors import HttpError

from ecluse.domain.permissions import Action, Parties, Role
from ecluse.portal.access import organisation_named
from ecluse.portal.api import shapes
from ecluse.portal.api.base import PROBLEMS, caller, check_scoped, scoped, token_of
from ecluse.portal.api.people import agent_out, agreement_out, order_out, router
from ecluse.portal.parties import agent_numbered, of_agent, of_agreement, of_order
from ecluse.store.acts import agents, agreements, orders, people
from ecluse.store.acts.agreements import parties_of
from ecluse.store.models import Organisation
from ecluse.store.reads.agreements import agreement_of
from ecluse.store.reads.orders import order_version


@router.post(
    "/organisations/{organisation}/invitations",
    response={200: shapes.LinkOut, PROBLEMS: shapes.Problem},
    tags=["people"],
)
@scoped(Action.INVITE, organisation_named)
def invite(request: HttpRequest, organisation: str, given: shapes.InvitationIn) -> shapes.LinkOut:
    """Invite one person to a role; the link works once and is not shown again."""
    person, found = caller(request), Organisation.objects.get(slug=organisation)
    secret = people.invite(person.handle, found, _role(given.role), given.email, given.name, by=person)
    return shapes.LinkOut(link=f"{settings.ECLUSE_ORIGIN}/join/{secret}/")


@router.post("/agreements", response={200: shapes.AgreementOut, PROBLEMS: shapes.Problem}, tags=["agreements"])
def draft_agreement(request: HttpRequest, given: shapes.AgreementIn) -> shapes.AgreementOut:
    """Begin an agreement, or the next version of one that was signed."""
    check_scoped(token_of(request), Action.DRAFT_AGREEMENT, Parties.of(given.controller, given.processor))
    found = {each.slug: each for each in Organisation.objects.filter(slug__in=[given.controller, given.processor])}
    if (
        given.controller == given.processor
        or {given.controller, given.processor} - found.keys()
        or (found[given.controller].side, found[given.processor].side) != ("controller", "processor")
    ):
        raise HttpError(422, "no such controller and processor")
    person = caller(request)
    made = agreements.draft(
        person.handle, given.number, found[given.controller], found[given.processor], _text(given), by=person
    )
    return agreement_out(made)


@router.put(
    "/agreements/{agreement}", response={200: shapes.AgreementOut, PROBLEMS: shapes.Problem}, tags=["agreements"]
)
@scoped(Action.DRAFT_AGREEMENT, of_agreement)
def redraft_agreement(request: HttpRequest, agreement: int, given: shapes.TextIn) -> shapes.AgreementOut:
    """Change a draft."""
    found = agreement_of(agreement)
    agreements.redraft(caller(request).handle, found, _text(given))
    return agreement_out(found)


@router.post(
    "/agreements/{agreement}/freeze", response={200: shapes.AgreementOut, PROBLEMS: shapes.Problem}, tags=["agreements"]
)
@scoped(Action.DRAFT_AGREEMENT, of_agreement)
def freeze_agreement(request: HttpRequest, agreement: int) -> shapes.AgreementOut:
    """Fix an agreement's text, so that both parties can sign it in their browsers."""
    found = agreement_of(agreement)
    agreements.freeze(caller(request).handle, found)
    return agreement_out(found)


@router.post("/orders", response={200: shapes.OrderOut, PROBLEMS: shapes.Problem}, tags=["orders"])
def draft_order(request: HttpRequest, given: shapes.OrderIn) -> shapes.OrderOut:
    """Begin an order, or the next version of one that was frozen."""
    found = agreement_of(given.agreement)
    check_scoped(token_of(request), Action.DRAFT_ORDER, Parties.of(*parties_of(found)))
    person = caller(request)
    return order_out(orders.draft(person.handle, given.number, found, _text(given), by=person))


@router.put("/orders/{order}", response={200: shapes.OrderOut, PROBLEMS: shapes.Problem}, tags=["orders"])
@scoped(Action.DRAFT_ORDER, of_order)
def redraft_order(request: HttpRequest, order: int, given: shapes.TextIn) -> shapes.OrderOut:
    """Change a draft."""
    found = order_version(order)
    orders.redraft(caller(request).handle, found, _text(given))
    return order_out(found)


@router.post("/orders/{order}/freeze", response={200: shapes.OrderOut, PROBLEMS: shapes.Problem}, tags=["orders"])
@scoped(Action.DRAFT_ORDER, of_order)
def freeze_order(request: HttpRequest, order: int) -> shapes.OrderOut:
    """Fix an order's text, so that it can be approved in a browser."""
    found = order_version(order)
    orders.freeze(caller(request).handle, found)
    return order_out(found)


@router.post("/orders/{order}/estimate", response={200: shapes.OrderOut, PROBLEMS: shapes.Problem}, tags=["orders"])
@scoped(Action.DRAFT_ORDER, of_order)
def ask_estimate(request: HttpRequest, order: int) -> shapes.OrderOut:
    """Ask the source's agent to count what an order's text would take."""
    found = order_version(order)
    orders.ask_estimate(caller(request).handle, found)
    return order_out(found)


@router.post("/orders/{order}/withdraw", response={200: shapes.OrderOut, PROBLEMS: shapes.Problem}, tags=["orders"])
@scoped(Action.DRAFT_ORDER, of_order)
def withdraw_order(request: HttpRequest, order: int) -> shapes.OrderOut:
    """Take back an order that nobody has approved yet."""
    found = order_version(order)
    orders.withdraw(caller(request).handle, found)
    return order_out(found)


@router.post(
    "/organisations/{organisation}/agents", response={200: shapes.CodeOut, PROBLEMS: shapes.Problem}, tags=["agents"]
)
@scoped(Action.ENROL_AGENT, organisation_named)
def invite_agent(request: HttpRequest, organisation: str, given: shapes.AgentIn) -> shapes.CodeOut:
    """Name an agent that the caller answers for; its code works once, for an hour, and is not shown again."""
    person, found = caller(request), Organisation.objects.get(slug=organisation)
    code = agents.invite(person.handle, found, given.place, given.handle, owner=person)
    return shapes.CodeOut(code=code, minutes=agents.CODE_MINUTES)


@router.post("/agents/{agent}/revoke", response={200: shapes.AgentOut, PROBLEMS: shapes.Problem}, tags=["agents"])
@scoped(Action.REVOKE_AGENT, of_agent)
def revoke_agent(request: HttpRequest, agent: int) -> shapes.AgentOut:
    """End an agent: its token works no longer, from now on."""
    found = agent_numbered(agent)
    agents.revoke(caller(request).handle, found)
    return agent_out(found)


def _role(text: str) -> Role:
    try:
        return Role(text)
    except ValueError:
        raise HttpError(422, f"role: must be one of {', '.join(Role)}") from None


def _text(given: shapes.TextIn) -> Mapping[str, Any]:
    for name in ("controller", "processor"):
        if not isinstance(given.text.get(name, {}), dict):
            raise HttpError(422, f"text.{name}: must be an object")
    return given.text
