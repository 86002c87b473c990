"""Admission: agreement, order and plan into a place, each journalled and checked before anything else happens."""

from collections.abc import Mapping

from ecluse.control.signatures import verified_signers
from ecluse.domain.agreement import Agreement, SignerRole
from ecluse.domain.entry import Event
from ecluse.domain.errors import OrderError, SignatureError
from ecluse.domain.order import Order
from ecluse.domain.plan import Plan
from ecluse.domain.policies import (
    check_acceptance,
    check_agent,
    check_agreement_signed,
    check_order_allowed,
    check_order_signed,
    check_same_order,
)
from ecluse.domain.records import Acceptance, Decision, Reconciliation
from ecluse.wire.artefacts import digest_of
from ecluse.workspace.place import Place, Workspace

Signatures = Mapping[str, bytes]


def admit_order(
    place: Workspace, agreement: Agreement, agreement_by: Signatures, order: Order, order_by: Signatures
) -> str:
    """Record a signed agreement and a signed order; returns the order's digest. Repeating it is harmless.

    Raises:
        AgreementError, OrderError, SignatureError: see ``domain.policies`` (law 9).
    """
    check_agreement_signed(agreement, verified_signers(agreement, agreement_by, agreement))
    check_order_allowed(order, agreement, digest_of(agreement), place.now().date())
    check_order_signed(order, agreement, verified_signers(order, order_by, agreement))
    address = digest_of(order)
    progress = place.progress()
    done = progress.pins
    if "order" in done:
        check_same_order(order, place.pinned(Order), progress.state)
    if done.get("agreement") != digest_of(agreement):
        place.put(agreement, agreement_by)
        place.log(Event.AGREEMENT_RECORDED, order=address, subject=digest_of(agreement))
    if "order" not in done:
        place.put(order, order_by)
        place.log(Event.ORDER_APPROVED, order=address, subject=address, signatures=len(order_by))
    return address


def admit_plan(place: Workspace, plan: Plan, plan_by: Signatures) -> str:
    """Record a plan signed by the source's agent; returns its digest. Repeating it is harmless.

    Raises:
        SignatureError: not signed by the agreement's source agent, made for another order, or naming another journal.
    """
    agreement = place.pinned(Agreement)
    check_agent(agreement, plan.agent, SignerRole.SOURCE_AGENT)
    if plan.agent not in verified_signers(plan, plan_by, agreement):
        raise SignatureError(f"the plan is not signed by {plan.agent}")
    pins = place.progress().pins
    if (plan.order, plan.agreement) != (digest_of(place.pinned(Order)), pins["agreement"]):
        raise SignatureError("the plan was made for another order")
    _check_log(place, plan)
    address = digest_of(plan)
    if pins.get("plan") not in {None, address}:
        raise SignatureError("this place has another plan")
    if "plan" not in pins:
        place.put(plan, plan_by)
        place.log(Event.PLAN_SIGNED, subject=address, batches=len(plan.batches))
    return address


def _check_log(place: Workspace, plan: Plan) -> None:
    """A plan names the journal of the place that made it: whoever then holds the plan knows that journal's key."""
    if plan.log is None:
        raise SignatureError("the plan names no journal: it is a draft")
    mine = place.key.vkey
    if (plan.log == mine) != (place.place is Place.SOURCE):
        raise SignatureError("the plan names another journal than the source place's")


def admit_acceptance(place: Workspace, acceptance: Acceptance, acceptance_by: Signatures) -> None:
    """Record the controller's decision at a place that knows the reconciliation. Repeating it is harmless.

    Raises:
        OrderError, SignatureError: see ``domain.policies.check_acceptance``.
        TransitionError: it has been decided otherwise, or nothing is reconciled yet.
    """
    agreement = place.pinned(Agreement)
    if acceptance.order != place.progress().pins.get("order"):
        raise OrderError("order: the decision is about another order")
    if acceptance.reconciliation != place.progress().pins.get("reconciliation"):
        raise OrderError("reconciliation: the decision is about another reconciliation than this place's")
    reconciliation = place.pinned(Reconciliation)
    check_acceptance(acceptance, reconciliation, agreement)
    if acceptance.signatory not in verified_signers(acceptance, acceptance_by, agreement):
        raise SignatureError(f"the decision is not signed by {acceptance.signatory}")
    if place.progress().pins.get("acceptance") == digest_of(acceptance):
        return
    place.put(acceptance, acceptance_by)
    refused = acceptance.decision is Decision.REFUSED
    event = Event.REFUSED if refused else Event.ACCEPTED
    place.log(event, subject=digest_of(acceptance), differences=acceptance.differences)
