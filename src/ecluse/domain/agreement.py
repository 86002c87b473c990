"""The processing agreement: GDPR Art. 28(3) as data (R1, law 9).

Every field is required, so an agreement that parses is complete; what is missing is named by its path, and
:func:`letter_of` says which letter or annex the path belongs to. Structure of the annexes: Commission Implementing
Decision (EU) 2021/915.
"""

import datetime as dt
from dataclasses import dataclass
from enum import StrEnum
from typing import Literal

from ecluse.domain.errors import AgreementError
from ecluse.domain.values import FieldError, Identifier, Name, Prose, SigningKey, Strict


class SignerRole(StrEnum):
    """What a signing key may be used for."""

    DIRECTOR = "director"
    DPO = "dpo"
    APPROVER = "approver"
    MANAGEMENT = "management"
    ENGINEER = "engineer"
    SECURITY_OFFICER = "security_officer"
    SOURCE_AGENT = "source_agent"
    DESTINATION_AGENT = "destination_agent"


READERS = frozenset({SignerRole.DIRECTOR, SignerRole.DPO, SignerRole.APPROVER})
"""The controller's people before whose eyes patients' data may come; an agent is no person."""


class SubProcessing(StrEnum):
    """Art. 28(2): authorisation of sub-processors."""

    NONE = "none"
    SPECIFIC = "specific"
    GENERAL = "general"


class Hosting(StrEnum):
    """Where parcels rest. Whether short staging is hosting under CSP L.1111-8 is unverified: ask counsel."""

    CONTROLLER_PREMISES = "controller_premises"
    CERTIFIED_HOST = "certified_host"


@dataclass(frozen=True, slots=True)
class Contact(Strict):
    """A person that one can reach (annex I)."""

    name: Name
    role: Name
    details: Name


@dataclass(frozen=True, slots=True)
class Signer(Strict):
    """One person or agent, one key (law 6)."""

    id: Identifier
    name: Name
    role: SignerRole
    key: SigningKey


@dataclass(frozen=True, slots=True)
class Party(Strict):
    """Controller or processor (annex I)."""

    name: Name
    address: Name
    contact: Contact
    dpo: Contact
    signers: tuple[Signer, ...]

    def __post_init__(self) -> None:
        """A party without a signer can bind nobody."""
        if not self.signers:
            raise FieldError("signers", "at least one is needed")

    def signer(self, id_: str) -> Signer | None:
        """The signer of that id, if this party has it."""
        return next((signer for signer in self.signers if signer.id == id_), None)

    def readers(self) -> tuple[Signer, ...]:
        """Of a controller: its people who may see patients' data (:data:`READERS`)."""
        return tuple(signer for signer in self.signers if signer.role in READERS)


@dataclass(frozen=True, slots=True)
class Processing(Strict):
    """The header of Art. 28(3) and annex II."""

    subject_matter: Prose
    nature: Prose
    purpose: Prose
    categories_of_persons: tuple[Name, ...]
    categories_of_data: tuple[Name, ...]
    sensitive_data_safeguards: Prose
    controller_obligations: Prose

    def __post_init__(self) -> None:
        """Annex II names persons and data."""
        for name in ("categories_of_persons", "categories_of_data"):
            if not getattr(self, name):
                raise FieldError(name, "at least one is needed")


@dataclass(frozen=True, slots=True)
class Clauses(Strict):
    """Art. 28(3), letter by letter."""

    a_documented_instructions: Prose
    a_transfers: Prose
    b_confidentiality: Prose
    c_security: Prose
    d_sub_processing: SubProcessing
    d_sub_processing_terms: Prose
    e_data_subject_rights: Prose
    f_assistance: Prose
    f_breach_notice: Prose
    g_end_of_service: Literal["delete", "return"]
    g_copies: Prose
    h_audits: Prose
    h_unlawful_instruction_notice: Prose


@dataclass(frozen=True, slots=True)
class Measure(Strict):
    """One concrete technical or organisational measure (annex III, Art. 32)."""

    heading: Name
    description: Prose


@dataclass(frozen=True, slots=True)
class SubProcessor(Strict):
    """One authorised sub-processor (annex IV)."""

    name: Name
    address: Name
    contact: Contact
    processing: Prose


@dataclass(frozen=True, slots=True)
class HostingTerms(Strict):
    """Who hosts, under which HDS certificate (CSP L.1111-8)."""

    where: Hosting
    certificate: Name
    expires: dt.date


@dataclass(frozen=True, slots=True)
class Agreement(Strict):
    """A processing agreement under GDPR Art. 28(3), signed by both parties."""

    format: Literal["ecluse.agreement/1"]
    agreement: Identifier
    in_force_from: dt.date
    in_force_until: dt.date
    controller: Party
    processor: Party
    processing: Processing
    clauses: Clauses
    measures: tuple[Measure, ...]
    sub_processors: tuple[SubProcessor, ...]
    hosting: HostingTerms
    second_approver: bool

    def __post_init__(self) -> None:
        """Refuse contradictions that no single field shows."""
        if not self.measures:
            raise FieldError("measures", "at least one is needed (annex III)")
        if self.in_force_until < self.in_force_from:
            raise FieldError("in_force_until", "in_force_until is before in_force_from")
        self._check_persons()
        if self.clauses.d_sub_processing is SubProcessing.SPECIFIC and not self.sub_processors:
            raise FieldError(
                "sub_processors", "specific authorisation of sub-processors needs annex IV (sub_processors)"
            )
        if self.clauses.d_sub_processing is SubProcessing.NONE and self.sub_processors:
            raise FieldError("sub_processors", "sub_processors are listed although clause d authorises none")

    def _check_persons(self) -> None:
        ids, keys = set[str](), set[str]()
        for side, party in (("controller", self.controller), ("processor", self.processor)):
            for place, signer in enumerate(party.signers):
                path = f"{side}.signers[{place}]"
                if signer.id in ids:
                    raise FieldError(f"{path}.id", "a signer's id stands for two persons (law 6)")
                if _key_of(signer) in keys:
                    raise FieldError(f"{path}.key", "one key stands for two persons (law 6)")
                ids.add(signer.id)
                keys.add(_key_of(signer))


def _key_of(signer: Signer) -> str:
    return " ".join(signer.key.split(" ")[:2])


_LETTERS = {
    "a": "Art. 28(3)(a)",
    "b": "Art. 28(3)(b)",
    "c": "Art. 28(3)(c)",
    "d": "Art. 28(3)(d)",
    "e": "Art. 28(3)(e)",
    "f": "Art. 28(3)(f)",
    "g": "Art. 28(3)(g)",
    "h": "Art. 28(3)(h)",
}
_PLACES = {
    "controller": "annex I",
    "processor": "annex I",
    "processing": "Art. 28(3), annex II",
    "measures": "annex III (Art. 32)",
    "sub_processors": "annex IV",
    "hosting": "CSP L.1111-8",
    "in_force_from": "Art. 28(3), duration",
    "in_force_until": "Art. 28(3), duration",
}


def letter_of(path: str) -> str:
    """Name the letter, article or annex that the field at ``path`` (dotted) answers."""
    top, _, rest = path.partition(".")
    head = top.partition("[")[0]
    if head == "clauses":
        return _LETTERS.get(rest[:1], "Art. 28(3)(a)–(h)")
    return _PLACES.get(head, "identification")


def check_in_force(agreement: Agreement, on: dt.date) -> None:
    """Refuse an agreement that is not in force, or whose hosting certificate has lapsed, on a day.

    Raises:
        AgreementError: naming the date (law 9; HDS certificate, CSP L.1111-8).
    """
    if not agreement.in_force_from <= on <= agreement.in_force_until:
        raise AgreementError(
            f"agreement {agreement.agreement} is in force from {agreement.in_force_from} until "
            f"{agreement.in_force_until}, not on {on}",
            hint="renew it, or order within its dates",
        )
    certified = agreement.hosting.where is Hosting.CERTIFIED_HOST
    if certified and agreement.hosting.expires < on:
        raise AgreementError(f"the HDS certificate expired on {agreement.hosting.expires} (hosting.expires)")
