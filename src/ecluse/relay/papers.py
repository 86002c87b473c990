"""Signed papers that come through the relay, judged before anybody is shown them (laws 9, 10).

The relay's administrator confirms an agreement by hand; from there every paper must be signed by whom that agreement
names for it. What is not signed enough yet waits; what is wrongly signed is refused and not kept.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import TypeVar

from ecluse.control import intake
from ecluse.control.intake import Known
from ecluse.control.signatures import verified_signers
from ecluse.domain.agreement import Agreement, SignerRole
from ecluse.domain.errors import Location, MalformedError, OrderError, SignatureError
from ecluse.domain.instruction import Instruction
from ecluse.domain.order import Order
from ecluse.domain.plan import Plan
from ecluse.domain.policies import check_agreement_signed, check_instruction, check_order_signed
from ecluse.domain.records import Acceptance, Receipt, Reconciliation
from ecluse.seal import signing
from ecluse.wire.artefacts import KINDS, decode, digest_of, namespace

T = TypeVar("T")

_PAPER = re.compile(
    r"(?P<kind>[a-z]{4,16})\.(?P<hex>[0-9a-f]{64})\.(?:json|(?P<signer>[A-Za-z0-9][A-Za-z0-9._-]{0,99})\.sig)"
)
MAX_SIGNATURE = 64 * 1024
MAX_PAPER = 64 * 2**20

Signatures = Mapping[str, bytes]


class Way(StrEnum):
    """Which way a box's things go."""

    FORTH = "forth"
    """From the source's place to the destination's."""
    BACK = "back"


KINDS_OF = {
    Way.FORTH: frozenset({"agreement", "order", "plan", "receipt", "instruction"}),
    Way.BACK: frozenset({"instruction", "reconciliation", "acceptance", "receipt"}),
}
"""What either member of a box may send."""


@dataclass(frozen=True, slots=True)
class PaperName:
    """``<kind>.<hex>.json``, or a signature of it, ``<kind>.<hex>.<signer>.sig``."""

    kind: str
    hex: str
    signer: str | None

    @property
    def stem(self) -> str:
        """The paper that it is, or signs, without ending."""
        return f"{self.kind}.{self.hex}"

    @property
    def limit(self) -> int:
        """Bytes that it may have."""
        return MAX_SIGNATURE if self.signer else MAX_PAPER


def paper_name(text: str) -> PaperName | None:
    """The name of a paper, or None: nothing else may lie in a box but parcels."""
    found = _PAPER.fullmatch(text)
    if found is None or found["kind"] not in KINDS or (found["signer"] or "").endswith(".json"):
        return None
    return PaperName(found["kind"], found["hex"], found["signer"])


def read_signed(cls: type[T], name: str, data: bytes) -> T:
    """A paper whose content is what its name says; raises MalformedError, SignatureError."""
    value = decode(cls, data, file=name)
    named = paper_name(name)
    if named is None or digest_of(value) != f"sha256:{named.hex}":
        raise SignatureError("the paper is not what its name says", location=Location(file=name))
    return value


def check_form(named: PaperName, data: bytes) -> None:
    """That bytes are what their name says, before any of them lies anywhere: nothing else can be left at a relay.

    Raises:
        MalformedError: not a paper of that kind.
        SignatureError: another paper than the name says; or not a signature of such a paper.
    """
    if named.signer is not None:
        signing.check_form(data, namespace(named.kind))
    else:
        read_signed(KINDS[named.kind], f"{named.stem}.json", data)


@dataclass(frozen=True, slots=True)
class Trusted:
    """An agreement that this relay's administrator confirmed."""

    agreement: Agreement
    digest: str

    def agents(self, role: SignerRole) -> frozenset[str]:
        """Ids of the agents that it names."""
        parties = (self.agreement.controller, self.agreement.processor)
        return frozenset(signer.id for party in parties for signer in party.signers if signer.role is role)


def check_trustworthy(agreement: Agreement, by: Signatures) -> None:
    """Both parties have signed; raises AgreementError, SignatureError (law 9)."""
    check_agreement_signed(agreement, verified_signers(agreement, by, agreement))


def is_approved(trusted: Trusted, order: Order, by: Signatures) -> bool:
    """Whether everybody has signed an order who must; raises SignatureError for a signature that is wrong."""
    signers = verified_signers(order, by, trusted.agreement)
    try:
        check_order_signed(order, trusted.agreement, signers)
    except SignatureError:
        return False
    return True


def check_other(known: Known, kind: str, data: bytes, name: str, by: Signatures) -> object:
    """A plan, receipt, instruction, account or decision about a box's order; gives it.

    Raises:
        MalformedError: not one.
        SignatureError, TamperError, OrderError: of another order, or not signed by who may.
    """
    if not by:
        raise SignatureError("not signed yet", location=Location(file=name))
    value: object = read_signed(KINDS[kind], name, data)
    if isinstance(value, Plan):
        intake.check_plan(known, value, by)
    elif isinstance(value, Receipt):
        intake.check_receipt(known, value, by)
    elif isinstance(value, Instruction):
        check_instruction(value, known.agreement)
        _check_about(known, value.order, value.signatory, value, by)
    elif isinstance(value, Acceptance):
        _check_decides(known, value)
        _check_about(known, value.order, value.signatory, value, by)
    elif isinstance(value, Reconciliation):
        _check_about(known, value.order, value.agent, value, by)
    else:
        raise MalformedError("not a paper that travels", location=Location(file=name))
    return value


def _check_decides(known: Known, value: Acceptance) -> None:
    """What a reconciliation says the relay does not know; who may decide it does: an end erases."""
    signer = known.agreement.controller.signer(value.signatory)
    if signer is None or signer.role is not SignerRole.DIRECTOR:
        raise OrderError("signatory is not a director of the controller")


def _check_about(known: Known, order: str, signer: str, value: object, by: Signatures) -> None:
    if order != known.order:
        raise SignatureError("about another order")
    if signer not in verified_signers(value, by, known.agreement):
        raise SignatureError(f"not signed by {signer}")
