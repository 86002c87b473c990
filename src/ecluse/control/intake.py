"""What an agent sends about a migration, judged by agreement, order and plan before anybody keeps it (laws 3, 9, 10).

The control room believes no agent: a paper is kept only if it is about this order, says nothing but what the plan
allows, and is signed by whom the agreement names for it. Values only; nothing is read or written here.
"""

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from ecluse.control.signatures import verified_signers
from ecluse.domain.agreement import Agreement, SignerRole
from ecluse.domain.errors import Location, OrderError, SignatureError, TamperError
from ecluse.domain.instruction import Instruction
from ecluse.domain.lifecycle import WALK, State
from ecluse.domain.plan import Plan
from ecluse.domain.policies import check_acceptance, check_agent, check_instruction
from ecluse.domain.records import Acceptance, ErasureCertificate, Flow, Receipt, Reconciliation
from ecluse.wire.artefacts import digest_of
from ecluse.workspace.place import Place

ROLES = {Place.SOURCE: SignerRole.SOURCE_AGENT, Place.DESTINATION: SignerRole.DESTINATION_AGENT}
"""The role in which an agreement names the agent of a place."""

Signatures = Mapping[str, bytes]
Group = tuple[str, int | None, str | None]

_FURTHEST_LAST = (*WALK, State.ACCEPTED, State.REFUSED, State.ERASED)


def joint_state(source: State | None, destination: State | None) -> State:
    """Where a migration stands, from where its places do (None: not heard of yet).

    The further place tells, but for a stop, which holds for both; it is erased when every place that began is.
    """
    seen = [state for state in (source, destination) if state is not None]
    for state in (State.SUSPENDED, State.ABORTED):
        if state in seen:
            return state
    alive = [state for state in seen if state is not State.ERASED]
    if seen and not alive:
        return State.ERASED
    return max([State.APPROVED, *alive], key=_FURTHEST_LAST.index)


@dataclass(frozen=True, slots=True)
class Known:
    """What is known of a migration where a paper arrives: agreement, order's digest, and what arrived before."""

    agreement: Agreement
    order: str
    plan: Plan | None = None
    receipts: Mapping[str, Receipt] | None = None
    reconciliation: Reconciliation | None = None
    logs: Mapping[Place, str] | None = None
    """Keys of the places' journals, as pinned at their first report."""


def check_plan(known: Known, plan: Plan, by: Signatures) -> None:
    """A plan of this order, by the source's agent.

    Raises:
        SignatureError: of another order or agreement, another plan than the known one, another journal, or not signed.
    """
    _check_signed(known, plan, by, plan.agent, SignerRole.SOURCE_AGENT)
    if (plan.order, plan.agreement) != (known.order, digest_of(known.agreement)):
        raise SignatureError("the plan was made for another order")
    if known.plan is not None and known.plan != plan:
        raise SignatureError("this migration has another plan")
    if plan.log is None:
        raise SignatureError("the plan names no journal: it is a draft")
    _check_log(known, Place.SOURCE, plan.log)


def check_receipt(known: Known, receipt: Receipt, by: Signatures) -> None:
    """A receipt of a planned batch, signed by the plan's agent.

    Raises:
        SignatureError, TamperError: see :func:`check_planned`; or not signed.
    """
    plan = _planned(known)
    _check_signed(known, receipt, by, plan.agent, SignerRole.SOURCE_AGENT)
    if receipt.agent != plan.agent:
        raise SignatureError(f"not by {plan.agent}", location=Location(field=f"receipt of {receipt.batch}"))
    check_planned(receipt, known.order, plan)
    other = (known.receipts or {}).get(receipt.batch)
    if other is not None and other != receipt:
        raise TamperError("this batch has another receipt", location=Location(field=f"receipt of {receipt.batch}"))


def check_planned(receipt: Receipt, order: str, plan: Plan) -> None:
    """A receipt says what the plan says of its batch.

    Raises:
        TamperError: of another order or plan, of no batch of the plan, other columns, another number of rows.
    """
    where = Location(field=f"receipt of {receipt.batch}")
    if (receipt.order, receipt.plan) != (order, digest_of(plan)):
        raise TamperError("made for another order or plan", location=where)
    batch = next((b for b in plan.batches if b.id == receipt.batch), None)
    if batch is None or batch.entity != receipt.entity:
        raise TamperError("no such batch in the plan", location=where)
    if receipt.columns != plan.entity(batch.entity).names():
        raise TamperError("columns are not the plan's", location=where)
    if receipt.rows + sum(q.rows for q in receipt.quarantined) != batch.rows:
        raise TamperError("rows are not the plan's", location=where)


def check_reconciliation(known: Known, account: Reconciliation, by: Signatures) -> None:
    """An account of this plan and of every receipt, whose flows are those that plan and receipts determine.

    Raises:
        SignatureError: not signed by a destination agent, or naming another journal than its place's.
        TamperError: of another order, plan or receipts; or its counts are others.
    """
    _check_signed(known, account, by, account.agent, SignerRole.DESTINATION_AGENT)
    where = Location(field="reconciliation")
    plan, receipts = _planned(known), tuple((known.receipts or {}).values())
    if (account.order, account.plan) != (known.order, digest_of(plan)):
        raise TamperError("made for another order or plan", location=where)
    if Counter(account.receipts) != Counter(map(digest_of, receipts)):
        raise TamperError("it does not name every receipt once", location=where)
    if known.reconciliation is not None and known.reconciliation != account:
        raise TamperError("this migration has another reconciliation", location=where)
    _check_log(known, Place.DESTINATION, account.log)
    _check_flows(plan, receipts, account.flows)


def check_decision(known: Known, acceptance: Acceptance, by: Signatures) -> None:
    """A decision on the reconciliation that is known.

    Raises:
        OrderError, SignatureError: see ``domain.policies.check_acceptance``; or of another order or reconciliation.
    """
    if known.reconciliation is None or acceptance.reconciliation != digest_of(known.reconciliation):
        raise OrderError("reconciliation: the decision is about another reconciliation")
    if acceptance.order != known.order:
        raise OrderError("order: the decision is about another order")
    check_acceptance(acceptance, known.reconciliation, known.agreement)
    if acceptance.signatory not in verified_signers(acceptance, by, known.agreement):
        raise SignatureError(f"the decision is not signed by {acceptance.signatory}")


def check_instructed(known: Known, instruction: Instruction, by: Signatures) -> None:
    """An instruction about this order.

    Raises:
        OrderError, SignatureError: its signatory may not give it, or has not signed it, or it is of another order.
    """
    if instruction.order != known.order:
        raise SignatureError("the instruction is about another order")
    check_instruction(instruction, known.agreement)
    if instruction.signatory not in verified_signers(instruction, by, known.agreement):
        raise SignatureError(f"the instruction is not signed by {instruction.signatory}")


def check_erasure(known: Known, certificate: ErasureCertificate, by: Signatures) -> None:
    """A certificate of a place of this migration, by its agent.

    Raises:
        SignatureError: not signed, of another order, or naming another journal than its place's.
    """
    if certificate.place not in set(Place):
        raise SignatureError("the certificate is of no place")
    place = Place(certificate.place)
    _check_signed(known, certificate, by, certificate.agent, ROLES[place])
    if certificate.order != known.order:
        raise SignatureError("the certificate is about another order")
    _check_log(known, place, certificate.log)


def _planned(known: Known) -> Plan:
    if known.plan is None:
        raise TamperError("no plan is known here yet, by which this could be judged")
    return known.plan


def _check_signed(known: Known, value: object, by: Signatures, agent: str, role: SignerRole) -> None:
    check_agent(known.agreement, agent, role)
    if agent not in verified_signers(value, by, known.agreement):
        raise SignatureError(f"not signed by {agent}")


def _check_log(known: Known, place: Place, log: str) -> None:
    pinned = (known.logs or {}).get(place)
    if pinned is not None and pinned != log:
        raise SignatureError(f"it names another journal than the {place} place's")


def _check_flows(plan: Plan, receipts: Sequence[Receipt], flows: Iterable[Flow]) -> None:
    stated = {(flow.entity, flow.year, flow.site): flow for flow in flows}
    planned, sealed, aside, digests = _recomputed(plan, receipts, _levels(stated))
    for group in sorted({*planned, *sealed, *aside, *stated}, key=str):
        flow, where = stated.get(group), Location(field=f"reconciliation, {group[0]}")
        if flow is None:
            raise TamperError("rows are not accounted for", location=where)
        counted = (planned[group], sealed[group] + aside[group], aside[group], sealed[group], f"{digests[group]:032x}")
        if counted != (flow.planned, flow.extracted, flow.quarantined, flow.sealed, flow.sealed_digest):
            raise TamperError("counts are not those of plan and receipts", location=where)


def _levels(stated: Iterable[Group]) -> dict[str, tuple[bool, bool]]:
    """How finely each entity is accounted for: the target need not carry a row's year or site."""
    carried: dict[str, tuple[bool, bool]] = {}
    for entity, year, site in stated:
        has_year, has_site = carried.get(entity, (False, False))
        carried[entity] = (has_year or year is not None, has_site or site is not None)
    return carried


def _recomputed(
    plan: Plan, receipts: Sequence[Receipt], levels: Mapping[str, tuple[bool, bool]]
) -> tuple[Counter[Group], Counter[Group], Counter[Group], dict[Group, int]]:
    planned: Counter[Group] = Counter()
    sealed: Counter[Group] = Counter()
    aside: Counter[Group] = Counter()
    digests: dict[Group, int] = defaultdict(int)

    def level(entity: str, year: int | None, site: str | None) -> Group:
        has_year, has_site = levels.get(entity, (True, True))
        return entity, year if has_year else None, site if has_site else None

    for tally in plan.tallies:
        planned[level(tally.entity, tally.year, tally.site)] += tally.rows
    for receipt in receipts:
        for group in receipt.groups:
            here = level(receipt.entity, group.year, group.site)
            sealed[here] += group.rows
            digests[here] = (digests[here] + int(group.digest, 16)) % (1 << 128)
        for each in receipt.quarantined:
            aside[level(receipt.entity, each.year, each.site)] += each.rows
    return planned, sealed, aside, digests
