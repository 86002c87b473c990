"""Transfer: sealed parcels and the signed papers that announce them, from one place to the other.

Papers travel beside the parcels as ``<kind>.<hex>.json`` and ``<kind>.<hex>.<signer>.sig``; they hold no patient data.
The receiving place believes nothing until agreement, order, plan and every receipt have verified.
"""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import TypeVar

from ecluse.control.admit import Signatures, admit_order, admit_plan
from ecluse.control.desk import fetch, papers_of, send
from ecluse.control.instruct import check_goes_on, exchange_instructions, is_instruction
from ecluse.control.intake import check_planned
from ecluse.control.ports import Mailbox
from ecluse.control.signatures import verified_signers
from ecluse.domain.agreement import Agreement, SignerRole
from ecluse.domain.entry import Event
from ecluse.domain.errors import Location, MalformedError, SignatureError, TamperError, UsageError
from ecluse.domain.lifecycle import Move, State, after
from ecluse.domain.order import Order
from ecluse.domain.plan import Plan
from ecluse.domain.policies import check_agent
from ecluse.domain.records import Receipt
from ecluse.seal.digests import sha256_file
from ecluse.wire.artefacts import KINDS, decode, digest_of, kind_of
from ecluse.workspace.files import erase
from ecluse.workspace.parcels import QUARANTINE, SUFFIX, ParcelState
from ecluse.workspace.place import Workspace

T = TypeVar("T")
Report = Callable[[str], None]
SignReceipt = Callable[[Receipt], Mapping[str, bytes]]

_PAPERS = (Agreement, Order, Plan, Receipt)


def deliver(place: Workspace, mailbox: Mailbox, report: Report = lambda _name: None) -> None:
    """Send every sealed parcel and the papers. Killed at any instant, it can be called again.

    Raises:
        TransitionError: extraction is not finished, or the migration has gone further.
        UsageError: another migration's papers wait in the mailbox.
        RetryableError: the mailbox failed.
    """
    state = place.progress().state
    if state is State.DELIVERED:
        return  # the entry stands after everything was sent
    after(state, Move.DELIVER)
    _check_mailbox(place, mailbox)
    if mailbox.papers_first:
        _send_papers(place, mailbox)
    for name in place.parcels.names(ParcelState.SEALED):
        place.log(Event.PARCEL_DELIVERING, subject=name)
        mailbox.deliver(f"{name}{SUFFIX}", place.parcels.path(ParcelState.SEALED, name))
        place.parcels.move(name, ParcelState.SEALED, ParcelState.DELIVERED)
        report(name)
    if not mailbox.papers_first:
        _send_papers(place, mailbox)
    place.log(Event.DELIVERED, parcels=len(place.progress().sealed))


def _send_papers(place: Workspace, mailbox: Mailbox) -> None:
    for name, data in _papers(place):
        send(place, mailbox, name, data)


def _papers(place: Workspace) -> Iterator[tuple[str, bytes]]:
    pins = place.progress().pins
    addresses: list[tuple[type, str]] = [(cls, pins[kind_of(cls)]) for cls in (Agreement, Order, Plan)]
    addresses += [(Receipt, address) for address in place.progress().sealed.values()]
    for cls, address in addresses:
        yield from papers_of(place, cls, address).items()


@dataclass(frozen=True, slots=True)
class _Paper:
    value: object
    signatures: Signatures


class _Desk:
    """Papers fetched from a mailbox, parsed, not yet believed."""

    def __init__(self, place: Workspace, mailbox: Mailbox) -> None:
        self._papers: dict[type, list[_Paper]] = {cls: [] for cls in _PAPERS}
        names = [name for name in mailbox.waiting() if not name.endswith(SUFFIX) and not is_instruction(name)]
        fetched = {name: fetch(place, mailbox, name) for name in names}
        for name, data in sorted(fetched.items()):
            if name.endswith(".json"):
                cls = KINDS.get(name.partition(".")[0])
                if cls not in _PAPERS:
                    raise MalformedError("not a paper that travels", location=Location(file=name))
                stem = name.removesuffix("json")
                found = {n[len(stem) : -4]: s for n, s in fetched.items() if n.startswith(stem) and n.endswith(".sig")}
                self._papers[cls].append(_Paper(decode(cls, data, file=name), found))

    def one(self, cls: type[T]) -> tuple[T, Signatures]:
        """The only paper of its kind."""
        papers = self._papers[cls]
        if len(papers) != 1:
            raise MalformedError(f"the mailbox holds {len(papers)} papers of kind {kind_of(cls)}, not one")
        value = papers[0].value
        assert isinstance(value, cls)  # noqa: S101 - decode gave this very class
        return value, papers[0].signatures

    def receipts(self) -> Iterator[tuple[Receipt, Signatures]]:
        """All receipts."""
        for paper in self._papers[Receipt]:
            assert isinstance(paper.value, Receipt)  # noqa: S101 - as above
            yield paper.value, paper.signatures


def receive(
    place: Workspace,
    mailbox: Mailbox,
    sign: SignReceipt,
    report: Report = lambda _name: None,
    *,
    agreement: str,
) -> None:
    """Fetch papers and parcels, verify each, countersign its receipt. Killed at any instant, it can be called again.

    ``agreement`` is the digest of the agreement that this place was told of by another way. Every signature is judged
    by the keys which the agreement lists, so one that came through the mailbox alone would vouch for itself.

    Raises:
        SignatureError, AgreementError, OrderError: a paper that does not verify.
        TamperError: a parcel that is not what its receipt says, one announced twice, or one missing.
        TransitionError: the migration is suspended, aborted or erased.
    """
    check_goes_on(place)
    if place.progress().state in {State.ORDERED, State.APPROVED, State.PLANNED, State.EXTRACTING, State.SEALED}:
        desk = _Desk(place, mailbox)
        if digest_of(desk.one(Agreement)[0]) != agreement:
            raise SignatureError(
                "the agreement in the mailbox is not the one that this place was told of",
                hint="ask the controller; nothing has been taken in",
            )
        admit_order(place, *desk.one(Agreement), *desk.one(Order))
        admit_plan(place, *desk.one(Plan))
        # An instruction to stop may have come before any parcel; nothing is then collected.
        exchange_instructions(place, mailbox)
        check_goes_on(place)
        _admit_receipts(place, mailbox, desk, sign, report)
        _advance(place)
    _clear(place, mailbox)


def _clear(place: Workspace, mailbox: Mailbox) -> None:
    """Erase what has been received, if it still waits: parcels, then papers, the order at last.

    While the order waits, and no other migration's paper does, the parcels are this migration's: their names do not
    tell. The controller's decision may be on its way back through the same mailbox; it stays.
    """
    order = f"{kind_of(Order)}.{place.progress().pins[kind_of(Order)].removeprefix('sha256:')}.json"
    waiting, known = mailbox.waiting(), _stems(place)
    papers = [name for name in waiting if _travels(name)]
    if order not in papers or any(_stem(name) not in known for name in papers):
        return
    for name in [name for name in waiting if name.endswith(SUFFIX)] + [name for name in papers if name != order]:
        mailbox.discard(name)
    mailbox.discard(order)


def _check_mailbox(place: Workspace, mailbox: Mailbox) -> None:
    """Parcels are named by their batch alone: another migration's would be overwritten, or taken for ours."""
    known = _stems(place)
    others = {name for name in mailbox.waiting() if _travels(name) and _stem(name) not in known}
    if others:
        raise UsageError(
            "another migration's papers wait in the mailbox",
            location=Location(file=min(others)),
            hint="one mailbox, one migration: give another, or let its recipient receive first",
        )


def _travels(name: str) -> bool:
    return KINDS.get(name.partition(".")[0]) in _PAPERS


def _stem(name: str) -> str:
    return ".".join(name.split(".", 2)[:2])


def _stems(place: Workspace) -> frozenset[str]:
    """Names, without their endings, of the papers that travel with this place's migration."""
    progress = place.progress()
    known = [(cls, progress.pins[kind_of(cls)]) for cls in (Agreement, Order, Plan) if kind_of(cls) in progress.pins]
    receipts = (*progress.sealed.values(), *progress.received.values())
    named = [(kind_of(cls), address) for cls, address in known] + [(kind_of(Receipt), each) for each in receipts]
    return frozenset(f"{kind}.{address.removeprefix('sha256:')}" for kind, address in named)


def _admit_receipts(place: Workspace, mailbox: Mailbox, desk: _Desk, sign: SignReceipt, report: Report) -> None:
    plan = place.pinned(Plan)
    agreement = place.pinned(Agreement)
    check_agent(agreement, plan.agent, SignerRole.SOURCE_AGENT)
    seen: set[str] = set()
    waiting = frozenset(mailbox.waiting())
    for receipt, signatures in desk.receipts():
        where = Location(field=f"receipt of {receipt.batch}")
        if receipt.agent != plan.agent or plan.agent not in verified_signers(receipt, signatures, agreement):
            raise SignatureError(f"not signed by {plan.agent}", location=where)
        check_planned(receipt, place.progress().pins["order"], plan)
        if receipt.batch in seen:
            raise TamperError("this batch is announced twice", location=where)
        seen.add(receipt.batch)
        if place.progress().received.get(receipt.batch) != digest_of(receipt):
            place.log(Event.PARCEL_RECEIVING, subject=receipt.batch, parcel=receipt.parcel)
            _collect(place, mailbox, receipt, waiting)
            address = place.put(receipt, {**signatures, **sign(receipt)})
            place.log(Event.PARCEL_RECEIVED, subject=receipt.batch, receipt=address, parcel=receipt.parcel)
        report(receipt.batch)
    missing = {batch.id for batch in plan.batches} - seen
    if missing:
        raise TamperError(f"{len(missing)} planned parcels are missing, first {min(missing)}")


def _collect(place: Workspace, mailbox: Mailbox, receipt: Receipt, waiting: frozenset[str]) -> None:
    wanted = {receipt.batch: receipt.parcel}
    if receipt.quarantine_parcel:
        wanted[f"{receipt.batch}{QUARANTINE}"] = receipt.quarantine_parcel
    for name, address in wanted.items():
        path = place.parcels.path(ParcelState.RECEIVED, name)
        if f"{name}{SUFFIX}" not in waiting and not path.exists():
            raise TamperError("the parcel is missing", location=Location(file=f"{name}{SUFFIX}"))
        if not path.exists():
            mailbox.collect(f"{name}{SUFFIX}", path)
        if sha256_file(path) != address:
            place.log(Event.PARCEL_REFUSED, subject=name)
            erase(path)
            raise TamperError("the parcel is not the one that was sealed", location=Location(file=f"{name}{SUFFIX}"))


def _advance(place: Workspace) -> None:
    """Note what the other place has done, as its signed papers prove."""
    for state, event in (
        (State.PLANNED, Event.EXTRACTION_STARTED),
        (State.EXTRACTING, Event.EXTRACTION_SEALED),
        (State.SEALED, Event.DELIVERED),
    ):
        if place.progress().state is state:
            place.log(event, subject="by the source's place")
