"""How a box is opened and what may come into it: agreement, order, plan, receipts, each signed (law 9)."""

import datetime as dt
import threading
from dataclasses import replace
from pathlib import Path

from ecluse.control.agency import short
from ecluse.control.intake import Known
from ecluse.control.signatures import verified_signers
from ecluse.domain.access import Access
from ecluse.domain.agreement import Agreement, SignerRole, check_in_force
from ecluse.domain.errors import Location, SignatureError, TamperError, UnseenError, UsageError
from ecluse.domain.instruction import Action, Instruction
from ecluse.domain.order import Order
from ecluse.domain.plan import Plan
from ecluse.domain.policies import check_order_allowed
from ecluse.domain.records import Acceptance, Decision, Receipt
from ecluse.relay.accounts import Account
from ecluse.relay.boxes import Announced, Box, Ended, Facts, names
from ecluse.relay.home import Home
from ecluse.relay.log import Clock, Log
from ecluse.relay.papers import (
    PaperName,
    Trusted,
    Way,
    check_other,
    check_trustworthy,
    is_approved,
    paper_name,
    read_signed,
)
from ecluse.wire.artefacts import KINDS, decode, digest_of, encode
from ecluse.workspace.files import make_folder, move, read, sync_folder, write_atomic, write_once

_HEAD = ("agreement", "order", "plan")
_OPENER = "opener"


class Admission:
    """Judges papers against what this relay's administrator confirmed. Stateless but for a lock."""

    def __init__(self, home: Home, log: Log, clock: Clock) -> None:
        self._home, self._log, self._clock = home, log, clock
        self._lock = threading.Lock()

    # Agreements

    def trust(self, agreement: Agreement, by: dict[str, bytes], who: str) -> str:
        """Confirm an agreement: its agents may from now on exchange under it. Gives its digest.

        Raises:
            AgreementError, SignatureError: not signed by both parties, or not in force (R1).
        """
        check_trustworthy(agreement, by)
        check_in_force(agreement, self._clock().date())
        address = digest_of(agreement)
        stem = self._home.agreements / address.removeprefix("sha256:")
        self._log.append(Access.AGREEMENT_TRUSTED, who, subject=address)
        for signer, signature in by.items():
            write_atomic(stem.with_name(f"{stem.name}.{signer}.sig"), signature)
        write_atomic(stem.with_name(f"{stem.name}.json"), encode(agreement))
        return address

    def end(self, address: str, who: str) -> None:
        """No longer trust an agreement; its boxes go on dying on time. Raises UsageError."""
        path = self._home.agreements / f"{address.removeprefix('sha256:')}.json"
        if not path.is_file():
            raise UsageError("no such agreement is trusted here", location=Location(field=address[:80]))
        self._log.append(Access.AGREEMENT_ENDED, who, subject=address)
        path.unlink()
        sync_folder(path.parent)

    def trusted(self, address: str) -> Trusted | None:
        """A confirmed agreement, by digest; read and digested anew each time."""
        path = self._home.agreements / f"{address.removeprefix('sha256:')}.json"
        if not path.is_file():
            return None
        found = decode(Agreement, read(path), file=path.name)
        return Trusted(found, address) if digest_of(found) == address else None

    def may_open(self, agent: str) -> bool:
        """Whether some confirmed agreement in force names the agent as a source's."""
        on = self._clock().date()
        for name in names(self._home.agreements):
            if name.endswith(".json"):
                found = self.trusted(f"sha256:{name.removesuffix('.json')}")
                if found and agent in found.agents(SignerRole.SOURCE_AGENT) and on <= found.agreement.in_force_until:
                    return True
        return False

    def is_begun(self, box: Box) -> bool:
        """Whether somebody has begun it; a folder alone is what a relay left that was killed just then."""
        return box.is_open() or (box.root / _OPENER).is_file()

    def is_opening(self, box: Box, agent: str) -> bool:
        """Whether the agent brought the first papers of a box that is not open yet."""
        mark = box.root / _OPENER
        return mark.is_file() and read(mark).decode("ascii", "replace") == agent

    # Papers

    def judge(self, box: Box, way: Way, named: PaperName, sender: Account, origin: str) -> None:
        """Judge a paper on the desk, and those that waited for it.

        Raises:
            EcluseError: it is wrong, and must not be kept; see ``papers``.
        """
        by = sender.id
        with self._lock:
            if not box.is_open():
                self.claim(box, sender.agent)
                self._open_if(box, by, origin)
                if not box.is_open():
                    if named.kind not in _HEAD:
                        raise SignatureError("no approved order and plan have come yet")
                    return
                for name in names(box.desk(Way.FORTH)):  # receipts that came with another session
                    waiting = paper_name(name)
                    if waiting and waiting.signer is None and waiting.kind not in _HEAD:
                        self._keep(box, Way.FORTH, waiting, by, origin)
                return
            _pass_heads(box, box.facts())  # where opening was cut off
            self._keep(box, way, named, by, origin)
        self.complete_if(box)

    def complete_if(self, box: Box) -> None:
        """Let the recipient see a box in which everything planned has come; journalled first."""
        if box.is_open() and not box.is_complete() and box.all_there(box.facts().batches):
            self._log.append(Access.BOX_COMPLETE, "relay", box=box.name, subject=box.facts().order)
            box.mark_complete()

    def claim(self, box: Box, agent: str) -> None:
        """Note who begins a box: nobody else may, at whichever relay they ask.

        Raises:
            UnseenError: somebody else has begun it.
            StorageError: it cannot be noted.
        """
        mark = box.root / _OPENER
        write_once(mark, agent.encode("ascii"))
        if not box.is_open() and not self.is_opening(box, agent):
            raise UnseenError("there is nothing of yours here")

    def begun_by(self, agent: str) -> int:
        """How many boxes an agent has begun, and not brought so far that they opened."""
        folders = list(self._home.boxes.iterdir()) if self._home.boxes.is_dir() else []
        return sum(not box.is_open() and self.is_opening(box, agent) for box in map(Box, folders))

    def _open_if(self, box: Box, by: str, origin: str) -> None:
        """Open a box once a confirmed agreement, an approved order and a signed plan lie on its desk."""
        desk = box.desk(Way.FORTH)
        found = {named.kind: named for name in names(desk) if (named := paper_name(name)) and named.signer is None}
        if not all(kind in found for kind in _HEAD):
            return
        papers = {kind: read(desk / _file(found[kind])) for kind in _HEAD}
        by_whom = {kind: _signatures(desk, found[kind]) for kind in _HEAD}
        trusted = self.trusted(digest_of(read_signed(Agreement, _file(found["agreement"]), papers["agreement"])))
        if trusted is None:
            raise SignatureError("this agreement was not confirmed at this relay", hint="ecluse relay trust AGREEMENT")
        order = read_signed(Order, _file(found["order"]), papers["order"])
        if not is_approved(trusted, order, by_whom["order"]) or not by_whom["plan"]:
            return  # the other signatures are on their way
        check_order_allowed(order, trusted.agreement, trusted.digest, self._clock().date())
        if short(digest_of(order)) != box.name:
            raise SignatureError("the order is not this box's")
        known = Known(trusted.agreement, digest_of(order))
        plan = check_other(known, "plan", papers["plan"], _file(found["plan"]), by_whom["plan"])
        assert isinstance(plan, Plan)  # noqa: S101 - the kind that was asked for
        recipients = tuple(sorted(trusted.agents(SignerRole.DESTINATION_AGENT)))
        if not self.is_opening(box, plan.agent):
            raise SignatureError("brought by another agent than the plan's")
        facts = Facts(
            order=digest_of(order), agreement=trusted.digest, sender=plan.agent, recipients=recipients,
            erase_by=order.retention.erase_by, delay_s=int(order.retention.delay().total_seconds()),
            batches=len(plan.batches), heads=tuple(found[kind].stem for kind in _HEAD), opened_at=self._clock(),
        )  # fmt: skip
        self._log.append(Access.BOX_OPENED, by, origin=origin, box=box.name, subject=facts.order, batches=facts.batches)
        for name in self._signatures_of(trusted):  # as they were confirmed here, whatever was brought
            write_atomic(desk / f"{found['agreement'].stem}.{name[65:]}", read(self._home.agreements / name))
        box.write_facts(facts)
        _pass_heads(box, facts)

    def _signatures_of(self, trusted: Trusted) -> list[str]:
        stem = f"{trusted.digest.removeprefix('sha256:')}."
        return [name for name in names(self._home.agreements) if name.startswith(stem) and name.endswith(".sig")]

    def _keep(self, box: Box, way: Way, named: PaperName, by: str, origin: str) -> None:
        desk, name = box.desk(way), _file(named)
        if not (desk / name).exists():
            if not (box.papers(way) / name).exists():
                return  # a signature before its paper: it waits
            name_at = box.papers(way) / name
        else:
            name_at = desk / name
        signatures = {**_signatures(box.papers(way), named), **_signatures(desk, named)}
        if not signatures:
            return
        if named.kind in _HEAD:
            self._keep_signature(box, named, name_at, signatures)
            return
        value = check_other(self._known(box, named), named.kind, read(name_at), name, signatures)
        # Noted before it is journalled: of two relays that judge two receipts of one batch at once, one keeps its own.
        if isinstance(value, Receipt) and way is Way.FORTH and not box.claim_batch(value.batch, named.hex):
            raise TamperError("this batch has another receipt", location=Location(field=f"receipt of {value.batch}"))
        self._log.append(Access.PAPER_KEPT, by, origin=origin, box=box.name, subject=named.stem)
        if isinstance(value, Receipt) and way is Way.FORTH:
            box.announce(value.parcel, Announced(value.batch, value.size))
            if value.quarantine_parcel:
                box.announce(value.quarantine_parcel, Announced(value.batch, None))
        if isinstance(value, Acceptance | Instruction):
            self._end_if(box, value)
        _pass(box, way, named)

    def _end_if(self, box: Box, value: Acceptance | Instruction) -> None:
        """What ends a migration ends its box (R6): at once, or after the order's delay."""
        delay, now = dt.timedelta(seconds=box.facts().delay_s), self._clock()
        if isinstance(value, Instruction):
            if value.action is Action.ABORT:
                box.end(Ended(min(value.given_at, now), "aborted", digest_of(value)))
        elif value.decision is Decision.REFUSED:
            box.end(Ended(min(value.decided_at, now), "refused", digest_of(value)))
        else:
            box.end(Ended(min(value.decided_at, now) + delay, "accepted", digest_of(value)))

    def _keep_signature(self, box: Box, named: PaperName, paper: Path, signatures: dict[str, bytes]) -> None:
        """One more signature of this box's own agreement, order or plan."""
        if paper.parent != box.papers(Way.FORTH):
            raise SignatureError("this box has its agreement, order and plan")
        value: object = decode(KINDS[named.kind], read(paper), file=paper.name)
        verified_signers(value, signatures, self._known(box, named).agreement)
        _pass(box, Way.FORTH, named)

    def _known(self, box: Box, named: PaperName) -> Known:
        facts = box.facts()
        trusted = self.trusted(facts.agreement)
        if trusted is None:
            raise SignatureError("the agreement of this box is no longer confirmed here")
        known = Known(trusted.agreement, facts.order)
        if named.kind == "receipt":
            plans = [
                name for name in names(box.papers(Way.FORTH)) if name.startswith("plan.") and name.endswith(".json")
            ]
            if plans:
                known = replace(known, plan=decode(Plan, read(box.papers(Way.FORTH) / plans[0]), file=plans[0]))
        return known


def _file(named: PaperName) -> str:
    return f"{named.stem}.json"


def _pass_heads(box: Box, facts: Facts) -> None:
    """Show the papers that opened a box; doing it again is harmless."""
    for stem in facts.heads:
        named = paper_name(f"{stem}.json")
        if named is not None and (box.desk(Way.FORTH) / _file(named)).exists():
            _pass(box, Way.FORTH, named)


def _signatures(folder: Path, named: PaperName) -> dict[str, bytes]:
    stem = f"{named.stem}."
    found = [name for name in names(folder) if name.startswith(stem) and name.endswith(".sig")]
    return {name.removeprefix(stem).removesuffix(".sig"): read(folder / name) for name in found}


def _pass(box: Box, way: Way, named: PaperName) -> None:
    """Move a paper and its signatures from the desk to the other member; the paper itself last."""
    make_folder(box.papers(way))
    stem = f"{named.stem}."
    for name in sorted(names(box.desk(way)), key=lambda each: each.endswith(".json")):
        if name.startswith(stem):
            move(box.desk(way) / name, box.papers(way) / name)
