"""Orders: composed, frozen, approved by passkey, withdrawn (R2, R14). An approved order begins a migration."""

from typing import Any

from ecluse.domain import policies
from ecluse.domain.errors import OrderError, SignatureError, TransitionError, UsageError
from ecluse.domain.estimate import Estimate
from ecluse.domain.lifecycle import State
from ecluse.domain.order import Order
from ecluse.domain.room import RoomEvent
from ecluse.store.acts.agreements import artefact_of as agreement_of
from ecluse.store.acts.agreements import keep_signature, parties_of
from ecluse.store.models import AgreementVersion, Migration, OrderVersion, Person
from ecluse.store.reads.papers import verified
from ecluse.store.recording import Act, act
from ecluse.wire.artefacts import decode, digest_of, encode, to_json, validate


def artefact_of(version: OrderVersion) -> Order:
    """The order that was frozen.

    Raises:
        TransitionError: it is a draft still.
    """
    if not version.artefact:
        raise TransitionError("this order is a draft still", hint="freeze it first")
    return decode(Order, bytes(version.artefact), file=version.number)


def drafted(version: OrderVersion) -> Order:
    """The order that a draft would become.

    Raises:
        InvalidError: what is missing or wrong, each by its path.
        OrderError: it names another agreement, number or version than the draft stands for.
    """
    order = validate(Order, version.draft)
    named = (order.order, order.version, order.agreement.id, order.agreement.digest)
    if named != (version.number, version.version, version.agreement.number, version.agreement.digest):
        raise OrderError("the text names another order, version or agreement than the draft stands for")
    return order


@act
def draft(act: Act, number: str, agreement: AgreementVersion, text: dict[str, Any], *, by: Person) -> OrderVersion:
    """Begin an order, or the next version of one that was frozen.

    Raises:
        TransitionError: the agreement is not in force: no contract, no migration (law 9).
        UsageError: a draft of that number is open already, or the number stands under another agreement.
    """
    if agreement.in_force_at is None or agreement.ended_at is not None:
        raise TransitionError("no order without an agreement that both parties have signed (law 9)")
    former = OrderVersion.objects.filter(number=number).select_related("agreement").order_by("-version").first()
    if former is not None and not former.artefact:
        raise UsageError(f"order {number} has an open draft already")
    if former is not None and former.agreement.number != agreement.number:
        raise UsageError(f"order {number} stands under another agreement")
    version = former.version + 1 if former else 1
    made = OrderVersion.objects.create(number=number, version=version, agreement=agreement, draft=text, drafted_by=by)
    act.record(RoomEvent.ORDER_DRAFTED, *parties_of(agreement), subject=number, version=version)
    return made


@act
def redraft(act: Act, version: OrderVersion, text: dict[str, Any]) -> None:
    """Change a draft; what was counted for the former text counts no longer.

    Raises:
        TransitionError: it was frozen; only a new version can differ.
    """
    if version.artefact:
        raise TransitionError("a frozen order never changes", hint="begin its next version")
    version.draft, version.estimate, version.estimate_given_at = text, None, None
    version.save()
    act.record(RoomEvent.ORDER_DRAFTED, *parties_of(version.agreement), subject=version.number, version=version.version)


@act
def ask_estimate(act: Act, version: OrderVersion) -> None:
    """Ask the source's agent to count what this text would take."""
    order = drafted(version) if not version.artefact else artefact_of(version)
    version.estimate, version.estimate_given_at, version.estimate_asked_at = None, None, act.now
    version.save()
    act.record(RoomEvent.ESTIMATE_ASKED, *parties_of(version.agreement), subject=digest_of(order))


@act
def give_estimate(act: Act, version: OrderVersion, estimate: Estimate) -> None:
    """Keep what an agent has counted.

    Raises:
        OrderError: it was counted for another text.
    """
    order = drafted(version) if not version.artefact else artefact_of(version)
    if estimate.order != digest_of(order):
        raise OrderError("the estimate is of another text of this order")
    version.estimate, version.estimate_given_at = to_json(estimate), act.now
    version.save()
    rows = sum(each.rows for each in estimate.rows)
    act.record(RoomEvent.ESTIMATE_GIVEN, *parties_of(version.agreement), subject=estimate.order, rows=rows)


@act
def freeze(act: Act, version: OrderVersion) -> Order:
    """Fix the text: from now on its digest names it, and it can be approved.

    Raises:
        InvalidError, OrderError: see :func:`drafted`.
        OrderError, AgreementError: it may not stand on its agreement (``policies.check_order_allowed``).
        TransitionError: it is frozen already.
    """
    if version.artefact:
        raise TransitionError("this order is frozen already")
    order = drafted(version)
    agreement = agreement_of(version.agreement)
    policies.check_order_allowed(order, agreement, version.agreement.digest, act.now.date())
    version.artefact, version.digest, version.frozen_at = encode(order), digest_of(order), act.now
    version.save()
    act.record(
        RoomEvent.ORDER_FROZEN, *parties_of(version.agreement), subject=version.digest, number=version.number,
        version=version.version,
    )  # fmt: skip
    return order


@act
def approve(act: Act, version: OrderVersion, signer: str, armour: bytes) -> bool:
    """Keep an approval; whether it was the last that was needed, so that the migration begins.

    Raises:
        TransitionError: the order was withdrawn.
        SignatureError: not the signatory or a second approver, signed already, or does not verify.
        OrderError, AgreementError: the agreement no longer carries the order.
    """
    if version.withdrawn_at is not None:
        raise TransitionError("this order was withdrawn")
    order, agreement = artefact_of(version), agreement_of(version.agreement)
    policies.check_order_allowed(order, agreement, version.agreement.digest, act.now.date())
    policies.check_may_approve(order, agreement, signer)
    keep_signature(act, order, agreement, signer, armour)
    act.record(RoomEvent.ORDER_APPROVED, *parties_of(version.agreement), subject=version.digest, signer=signer)
    try:
        policies.check_order_signed(order, agreement, verified(order, agreement))
    except SignatureError:
        return False
    if version.approved_at is None:
        version.approved_at = act.now
        version.save()
        Migration.objects.create(order=version, state=State.APPROVED, since=act.now)
    return True


@act
def withdraw(act: Act, version: OrderVersion) -> None:
    """Take back an order that nobody has begun to carry out.

    Raises:
        TransitionError: it was approved; it can be aborted, not withdrawn.
    """
    if version.approved_at is not None:
        raise TransitionError("an approved order is aborted, not withdrawn")
    version.withdrawn_at = act.now
    version.save()
    act.record(
        RoomEvent.ORDER_WITHDRAWN, *parties_of(version.agreement), subject=version.number, version=version.version
    )
