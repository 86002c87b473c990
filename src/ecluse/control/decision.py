"""The controller's decision on a reconciliation, and its way back to the source's place, which must learn it to erase.

Reconciliation and acceptance travel through the mailbox as signed papers, like those that came the other way; the
source's place believes nothing before it has verified both.
"""

from collections.abc import Iterator
from pathlib import Path
from typing import TypeVar

from ecluse.control.admit import Signatures, admit_acceptance
from ecluse.control.desk import fetch, papers_of, send
from ecluse.control.ports import Mailbox
from ecluse.control.signatures import sign_artefact, signer_of_key, verified_signers
from ecluse.domain.agreement import Agreement, SignerRole
from ecluse.domain.entry import Event
from ecluse.domain.errors import (
    Location,
    MalformedError,
    ReconciliationError,
    SignatureError,
    TransitionError,
)
from ecluse.domain.lifecycle import State
from ecluse.domain.policies import check_agent
from ecluse.domain.records import Acceptance, Decision, Reconciliation
from ecluse.wire.artefacts import decode, digest_of, kind_of
from ecluse.workspace.place import Workspace

T = TypeVar("T")

_KINDS = (Reconciliation, Acceptance)


def decide(place: Workspace, key: Path, decision: Decision | None, remarks: str) -> Acceptance:
    """Sign and record the decision at the place that reconciled.

    ``decision`` None stands for accepted where the reconciliation is clean; where it is not, it must be said.

    Raises:
        TransitionError: nothing has been reconciled yet, or it is decided already.
        OrderError, SignatureError: see ``domain.policies.check_acceptance``.
        ReconciliationError: the reconciliation is not clean, and no decision was given.
    """
    state = place.progress().state
    if state is not State.RECONCILED:
        raise TransitionError(f"cannot accept a migration that is {state}")
    account = place.pinned(Reconciliation)
    if decision is None and not account.clean():
        raise ReconciliationError(
            f"the reconciliation lists {len(account.differences)} differences and is not clean",
            hint="decide: --decision accepted_with_differences, or --decision refused",
        )
    acceptance = Acceptance(
        format="ecluse.acceptance/1",
        order=place.progress().pins["order"],
        reconciliation=digest_of(account),
        decision=decision or Decision.ACCEPTED,
        differences=len(account.differences),
        remarks=remarks,
        decided_at=place.now(),
        signatory=signer_of_key(key, place.pinned(Agreement)),
    )
    admit_acceptance(place, acceptance, {acceptance.signatory: sign_artefact(acceptance, key)})
    return acceptance


def send_decision(place: Workspace, mailbox: Mailbox) -> None:
    """Send reconciliation and acceptance back; sending them twice is harmless."""
    pins = place.progress().pins
    for cls in _KINDS:
        for name, data in papers_of(place, cls, pins[kind_of(cls)]).items():
            send(place, mailbox, name, data)


def fetch_decision(place: Workspace, mailbox: Mailbox) -> bool:
    """Take the decision from the mailbox to the source's place; False where it is not there yet.

    Killed at any instant, it can be called again.

    Raises:
        SignatureError, OrderError: papers that do not verify, or about another order.
    """
    if place.progress().state not in {State.DELIVERED, State.LOADED, State.RECONCILED}:
        return False
    names = [name for name in mailbox.waiting() if name.partition(".")[0] in {kind_of(cls) for cls in _KINDS}]
    read_papers = {name: fetch(place, mailbox, name) for name in names}
    accounts = list(_papers(Reconciliation, read_papers))
    decisions = list(_papers(Acceptance, read_papers))
    if not (accounts and decisions):
        return False
    if len(accounts) > 1 or len(decisions) > 1:
        raise MalformedError("the mailbox holds more than one decision")
    _admit_reconciliation(place, *accounts[0])
    admit_acceptance(place, *decisions[0])
    for name in names:
        mailbox.discard(name)
    return True


def take_decision(place: Workspace, mailbox: Mailbox) -> bool:
    """Take the decision in at the place that reconciled; False where there is none yet, or it is known.

    Raises:
        SignatureError, OrderError: a decision that does not verify, or about another order or reconciliation.
        MalformedError: more than one.
    """
    if place.progress().state is not State.RECONCILED:
        return False
    names = [name for name in mailbox.waiting() if name.partition(".")[0] == kind_of(Acceptance)]
    decisions = list(_papers(Acceptance, {name: fetch(place, mailbox, name) for name in names}))
    if len(decisions) > 1:
        raise MalformedError("the mailbox holds more than one decision")
    for decision in decisions:
        admit_acceptance(place, *decision)
    return bool(decisions)


def _admit_reconciliation(place: Workspace, account: Reconciliation, by: Signatures) -> None:
    agreement, pins = place.pinned(Agreement), place.progress().pins
    where = Location(field="reconciliation")
    check_agent(agreement, account.agent, SignerRole.DESTINATION_AGENT)
    if account.agent not in verified_signers(account, by, agreement):
        raise SignatureError(f"not signed by {account.agent}", location=where)
    if (account.order, account.plan) != (pins["order"], pins["plan"]):
        raise SignatureError("made for another order or plan", location=where)
    if account.log == place.key.vkey:
        raise SignatureError("it names this place's journal as the destination's", location=where)
    address = place.put(account, by)
    if place.progress().state is State.DELIVERED:
        place.log(Event.LOADED, subject="by the destination's place")
    if place.progress().state is State.LOADED:
        place.log(Event.RECONCILED, subject=address, differences=len(account.differences))


def _papers(cls: type[T], found: dict[str, bytes]) -> Iterator[tuple[T, Signatures]]:
    for name, data in sorted(found.items()):
        if name.startswith(f"{kind_of(cls)}.") and name.endswith(".json"):
            stem = name.removesuffix("json")
            signatures = {n[len(stem) : -4]: s for n, s in found.items() if n.startswith(stem) and n.endswith(".sig")}
            yield decode(cls, data, file=name), signatures
