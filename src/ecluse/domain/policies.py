"""When one may: rules over artefacts whose signatures have already been verified. Each check raises with its reason.

``signed_by`` is always the set of ids of signers whose signature over the artefact verified.
"""

import datetime as dt
from collections.abc import Iterable
from collections.abc import Set as AbstractSet

from ecluse.domain.agreement import Agreement, Hosting, Party, SignerRole, check_in_force
from ecluse.domain.errors import AgreementError, ForbiddenError, OrderError, SignatureError, UsageError
from ecluse.domain.instruction import Action, Instruction
from ecluse.domain.lifecycle import State
from ecluse.domain.order import Order
from ecluse.domain.permissions import Role, Side
from ecluse.domain.records import Acceptance, Decision, Reconciliation

MAY_BIND = {
    "controller": frozenset({SignerRole.DIRECTOR}),
    "processor": frozenset({SignerRole.MANAGEMENT}),
}
"""Roles whose signature binds a party to an agreement (Art. 28(3), (9))."""

SIGNS_AS = {
    (Side.CONTROLLER, Role.DIRECTOR): SignerRole.DIRECTOR,
    (Side.CONTROLLER, Role.APPROVER): SignerRole.APPROVER,
    (Side.CONTROLLER, Role.DPO): SignerRole.DPO,
    (Side.PROCESSOR, Role.DIRECTOR): SignerRole.MANAGEMENT,
    (Side.PROCESSOR, Role.DPO): SignerRole.DPO,
    (Side.PROCESSOR, Role.ENGINEER): SignerRole.ENGINEER,
    (Side.PROCESSOR, Role.SECURITY_OFFICER): SignerRole.SECURITY_OFFICER,
}
"""As what an agreement may name somebody who has a role in the control room; the others sign nothing."""

_TRAIN = "an administrator or the data protection officer records the training on the person's page"


def check_agreement_signed(agreement: Agreement, signed_by: AbstractSet[str]) -> None:
    """Both parties must have signed (R1, law 9).

    Raises:
        AgreementError: names the party whose binding signature is missing.
    """
    for side, party in (("controller", agreement.controller), ("processor", agreement.processor)):
        binding = {signer.id for signer in party.signers if signer.role in MAY_BIND[side]}
        if not binding & signed_by:
            who = ", ".join(sorted(binding)) or f"nobody: {side}.signers lists no {', '.join(MAY_BIND[side])}"
            raise AgreementError(
                f"agreement {agreement.agreement} is not signed by the {side}", hint=f"who can sign: {who}"
            )


def check_order_allowed(order: Order, agreement: Agreement, agreement_digest: str, on: dt.date) -> None:
    """An order must stand on an agreement in force, with the controller who signed it (law 9, R1, R15).

    Raises:
        AgreementError: not in force on that day.
        OrderError: names the field that does not fit.
    """
    check_in_force(agreement, on)
    if (order.agreement.id, order.agreement.digest) != (agreement.agreement, agreement_digest):
        raise OrderError(f"agreement: the order stands on another agreement than {agreement.agreement}")
    if order.controller.name != agreement.controller.name:
        raise OrderError("controller.name is not the agreement's controller (one order, one controller: R15)")
    signatory = agreement.controller.signer(order.controller.signatory)
    if signatory is None or signatory.role is not SignerRole.DIRECTOR:
        raise OrderError("controller.signatory is not a director among the agreement's controller.signers")
    if order.retention.erase_by < on:
        raise OrderError("retention.erase_by has passed (law 7)")
    if order.retention.erase_by > agreement.in_force_until:
        raise OrderError("retention.erase_by is after the agreement's end (law 7)")
    hosting = agreement.hosting
    if hosting.where is Hosting.CERTIFIED_HOST and order.retention.erase_by > hosting.expires:
        raise OrderError(
            f"retention.erase_by ({order.retention.erase_by}) is after hosting.expires ({hosting.expires}): "
            "the HDS certificate must cover every day on which data may lie there (CSP L.1111-8)",
            hint="order an earlier erase_by, or agree anew with the renewed certificate",
        )


def check_same_order(order: Order, known: Order, state: State) -> None:
    """One place, one order. A higher version of it supersedes it, elsewhere, once the present one has ended.

    Args:
        order: the one that is brought.
        known: the one that the place works on.
        state: where the place's migration stands.

    Raises:
        SignatureError: an order of another number.
        OrderError: another text of the same order; says which version must end, or be written, first.
    """
    if order == known:
        return
    if order.order != known.order:
        raise SignatureError("this place works on another order", hint="one workspace, one order: make another")
    if order.version <= known.version:
        raise OrderError(
            f"version: order {known.order} stands at version {known.version} here, and this is another text of "
            f"version {order.version}",
            hint=f"an amended order takes the next version, {known.version + 1}, and is signed again",
        )
    if state is not State.ERASED:
        raise OrderError(
            f"version: version {order.version} of order {order.order} supersedes version {known.version}, which is "
            f"{state} here",
            hint="refuse or abort that one and let it be erased, then plan this one in a workspace of its own",
        )
    raise OrderError(
        f"version: version {known.version} of order {order.order} was carried to its end here",
        hint=f"plan version {order.version} in a workspace of its own",
    )


def check_order_signed(order: Order, agreement: Agreement, signed_by: AbstractSet[str]) -> None:
    """The signatory must have signed, and a second approver where the agreement asks.

    Raises:
        SignatureError: names who must still sign.
    """
    if order.controller.signatory not in signed_by:
        raise SignatureError(f"order {order.order} is not signed by {order.controller.signatory}")
    approvers = _of_role(agreement.controller, SignerRole.APPROVER)
    if agreement.second_approver and not approvers & signed_by:
        raise SignatureError(
            f"order {order.order} lacks its second approval", hint=f"who can approve: {', '.join(sorted(approvers))}"
        )


def check_may_approve(order: Order, agreement: Agreement, signer: str) -> None:
    """Only the signatory, and a second approver who is somebody else, sign an order.

    Raises:
        SignatureError: names who may.
    """
    may = {order.controller.signatory} | (
        _of_role(agreement.controller, SignerRole.APPROVER) if agreement.second_approver else set()
    )
    if signer not in may:
        who = ", ".join(sorted(may))
        raise SignatureError(f"order {order.order} is not for {signer} to sign", hint=f"who can: {who}")


def check_acceptance(acceptance: Acceptance, reconciliation: Reconciliation, agreement: Agreement) -> None:
    """A controller accepts what it has counted; differences are never accepted by silence (law 3).

    Raises:
        OrderError: the decision does not fit the reconciliation, or the signatory may not decide.
    """
    if acceptance.signatory not in _of_role(agreement.controller, SignerRole.DIRECTOR):
        raise OrderError("signatory is not a director of the controller")
    if acceptance.order != reconciliation.order:
        raise OrderError("order: the reconciliation is of another order")
    if acceptance.differences != len(reconciliation.differences):
        raise OrderError("differences: not the number that the reconciliation lists")
    if acceptance.decision is Decision.ACCEPTED and not reconciliation.clean():
        raise OrderError("decision: the reconciliation is not clean; accept it with its differences, or refuse")


def check_instruction(instruction: Instruction, agreement: Agreement) -> None:
    """Whoever the agreement names may stop the line; only the controller's director lets it go on or gives it up.

    Raises:
        OrderError: the signatory may not instruct that.
    """
    stops = instruction.action is Action.SUSPEND
    named = {s.id for party in (agreement.controller, agreement.processor) for s in party.signers}
    may = named if stops else _of_role(agreement.controller, SignerRole.DIRECTOR)
    if instruction.signatory not in may:
        who = ", ".join(sorted(may))
        raise OrderError(f"signatory may not instruct to {instruction.action}", hint=f"who may: {who}")


def check_agent(agreement: Agreement, agent: str, role: SignerRole) -> str:
    """The public key of an agent that the agreement names in that role.

    Raises:
        SignatureError: the agreement names no such agent.
    """
    for party in (agreement.processor, agreement.controller):
        signer = party.signer(agent)
        if signer is not None and signer.role is role:
            return signer.key
    raise SignatureError(f"the agreement names no {role} called {agent}")


def check_trained(until: dt.date | None, today: dt.date) -> None:
    """Whoever is to answer for an agent has a training record that is in date, its last day included (R20).

    Raises:
        UsageError: none is recorded (``until`` is None), or the latest has expired.
    """
    if until is None:
        raise UsageError("no training is recorded for whoever is to answer for it", hint=_TRAIN)
    if until < today:
        raise UsageError(f"the training of whoever is to answer for it expired on {until}", hint=_TRAIN)


def check_answers(people: Iterable[str], handle: str) -> None:
    """Nobody answers an alert about their own doing (law 8).

    Raises:
        ForbiddenError: the alert names whoever asks.
    """
    if handle in people:
        raise ForbiddenError("this alert is about your own doing", hint="somebody else acknowledges and resolves it")


def check_resolves(people: Iterable[str], handle: str, sides: AbstractSet[Side], *, came_to_controller: bool) -> None:
    """What has come to the controller is the controller's to end: the processor's silence brought it there.

    Args:
        people: those whose doing the alert is about.
        handle: whoever asks.
        sides: on which they hold a role that may resolve, within the alert's organisations.
        came_to_controller: whether somebody of a controller was told of it.

    Raises:
        ForbiddenError: it is about whoever asks, or it is the controller's by now.
    """
    check_answers(people, handle)
    if came_to_controller and Side.CONTROLLER not in sides:
        raise ForbiddenError(
            "this alert has come to the controller", hint="the controller's people resolve it; note what you did"
        )


def _of_role(party: Party, role: SignerRole) -> set[str]:
    return {signer.id for signer in party.signers if signer.role is role}
