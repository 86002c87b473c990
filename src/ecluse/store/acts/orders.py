"""Orders: composed, frozen, approved by passkey, withdrawn (R2, R14). An approved order begins a migration."""

import datetime as dt
from collections.abc import Mapping
from typing import Any

from ecluse.domain import policies
from ecluse.domain.errors import OrderError, SignatureError, TamperError, TransitionError, UsageError
from ecluse.domain.estimate import Estimate
from ecluse.domain.lifecycle import TURNS, Move, State, after
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
        TamperError: what is kept is not what was frozen.
    """
    if not version.artefact:
        raise TransitionError("this order is a draft still", hint="freeze it first")
    order = decode(Order, bytes(version.artefact), file=version.number)
    if digest_of(order) != version.digest:
        raise TamperError("the order that is kept here is not the one that was frozen")
    return order


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


def text_of(version: OrderVersion) -> Order:
    """The order as it stands, frozen or not; raises what :func:`drafted` and :func:`artefact_of` raise."""
    return artefact_of(version) if version.artefact else drafted(version)


def lock(version: OrderVersion) -> None:
    """Take the row as it is now, and let nobody else change it before this act ends."""
    version.refresh_from_db(from_queryset=OrderVersion.objects.select_for_update())


def _check_open(version: OrderVersion) -> None:
    if version.withdrawn_at is not None:
        raise TransitionError("this order was withdrawn")


def _check_draft(version: OrderVersion) -> None:
    _check_open(version)
    if version.artefact:
        raise TransitionError("a frozen order never changes", hint="begin its next version")


def _check_agreed(agreement: AgreementVersion) -> None:
    if agreement.in_force_at is None or agreement.ended_at is not None:
        raise TransitionError("no order without an agreement that both parties have signed (law 9)")


@act
def draft(act: Act, number: str, agreement: AgreementVersion, text: Mapping[str, Any], *, by: Person) -> OrderVersion:
    """Begin an order, or the next version of one that was frozen.

    Raises:
        TransitionError: the agreement is not in force: no contract, no migration (law 9).
        UsageError: a draft of that number is open already, or the number stands under another agreement.
    """
    _check_agreed(agreement)
    former = OrderVersion.objects.filter(number=number).select_related("agreement").order_by("-version").first()
    if former is not None and former.agreement.number != agreement.number:
        raise UsageError(f"order {number} stands under another agreement")
    if former is not None and not former.artefact and former.withdrawn_at is None:
        raise UsageError(f"order {number} has an open draft already")
    version = former.version + 1 if former else 1
    made = OrderVersion(number=number, version=version, agreement=agreement, drafted_by=by)
    made.draft = _stamped(made, text)
    made.save()
    act.record(RoomEvent.ORDER_DRAFTED, *parties_of(agreement), subject=number, version=version)
    return made


@act
def redraft(act: Act, version: OrderVersion, text: Mapping[str, Any]) -> None:
    """Change a draft; what was counted for the former text counts no longer.

    Raises:
        TransitionError: it was frozen or withdrawn; only a new version can differ.
    """
    lock(version)
    _check_draft(version)
    new = _stamped(version, text)
    if new != version.draft:
        version.estimate, version.estimate_given_at, version.estimate_asked_at = None, None, None
    version.draft = new
    version.save()
    act.record(RoomEvent.ORDER_DRAFTED, *parties_of(version.agreement), subject=version.number, version=version.version)


def _stamped(version: OrderVersion, text: Mapping[str, Any]) -> dict[str, Any]:
    """What no form chooses: number, version, agreement, controller's name, purpose."""
    agreement = version.agreement
    return {
        **text,
        "format": "ecluse.order/1",
        "order": version.number,
        "version": version.version,
        "agreement": {"id": agreement.number, "digest": agreement.digest},
        "controller": {**text.get("controller", {}), "name": agreement.controller.name},
        "purpose": "migration",
    }


@act
def ask_estimate(act: Act, version: OrderVersion) -> None:
    """Ask the source's agent to count what this text would take.

    Raises:
        InvalidError, OrderError: see :func:`drafted`: an unfinished text cannot be counted.
        TransitionError: the order was withdrawn or approved, or its agreement has ended.
    """
    lock(version)
    _check_open(version)
    _check_agreed(version.agreement)
    if version.approved_at is not None:
        raise TransitionError("an approved order is planned, not estimated")
    order = text_of(version)
    version.estimate, version.estimate_given_at, version.estimate_asked_at = None, None, act.now
    version.save()
    act.record(RoomEvent.ESTIMATE_ASKED, *parties_of(version.agreement), subject=digest_of(order))


@act
def give_estimate(act: Act, version: OrderVersion, estimate: Estimate) -> None:
    """Keep what an agent has counted.

    Raises:
        OrderError: it was counted for another text.
        TransitionError: nobody asked for it, or the order was withdrawn.
    """
    lock(version)
    _check_open(version)
    if version.estimate_asked_at is None:
        raise TransitionError("nobody asked for this estimate")
    if estimate.order != digest_of(text_of(version)):
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
        TransitionError: it is frozen or withdrawn, or its agreement has ended.
    """
    lock(version)
    _check_open(version)
    if version.artefact:
        raise TransitionError("this order is frozen already")
    _check_agreed(version.agreement)
    order = drafted(version)
    agreement = agreement_of(version.agreement)
    policies.check_order_allowed(order, agreement, version.agreement.digest, act.now.date())
    version.artefact, version.digest, version.frozen_at = encode(order), digest_of(order), act.now
    version.save()
    act.record(
        RoomEvent.ORDER_FROZEN,
        *parties_of(version.agreement),
        subject=version.digest,
        number=version.number,
        version=version.version,
    )
    return order


@act
def approve(act: Act, version: OrderVersion, signer: str, armour: bytes) -> bool:
    """Keep an approval; whether it was the last that was needed, so that the migration begins.

    Raises:
        TransitionError: the order was withdrawn, a later version was frozen, or its agreement has ended.
        SignatureError: not the signatory or a second approver, signed already, or does not verify.
        OrderError, AgreementError: the agreement no longer carries the order.
    """
    lock(version)
    _check_open(version)
    _check_agreed(version.agreement)
    later = OrderVersion.objects.filter(number=version.number, version__gt=version.version, withdrawn_at__isnull=True)
    if later.exclude(digest="").exists():
        raise TransitionError("a later version of this order was frozen", hint="approve that one")
    order, agreement = artefact_of(version), agreement_of(version.agreement)
    policies.check_agreement_signed(agreement, verified(agreement, agreement))
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
        _begin(version, act.now)
    return True


def _begin(version: OrderVersion, now: dt.datetime) -> None:
    state = after(State.ORDERED, Move.APPROVE)
    days = TURNS[state].days
    due = now + dt.timedelta(days=days) if days is not None else None
    Migration.objects.create(order=version, state=state, since=now, due=due, started_at=now)


@act
def withdraw(act: Act, version: OrderVersion) -> None:
    """Take back an order that nobody has begun to carry out.

    Raises:
        TransitionError: it was approved (it can be aborted, not withdrawn), or withdrawn already.
    """
    lock(version)
    _check_open(version)
    if version.approved_at is not None:
        raise TransitionError("an approved order is aborted, not withdrawn")
    version.withdrawn_at = act.now
    version.save()
    act.record(
        RoomEvent.ORDER_WITHDRAWN, *parties_of(version.agreement), subject=version.number, version=version.version
    )
