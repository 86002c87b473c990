"""What the steps of one audit share: the bundle's members by place, and what earlier steps have made of them."""

import datetime as dt
import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field, fields
from typing import Any, TypeVar

from ecluse.domain.agreement import Agreement, Signer, SignerRole
from ecluse.domain.entry import Entry, Event
from ecluse.domain.errors import EcluseError, SignatureError
from ecluse.domain.policies import check_agent
from ecluse.verify._notes import Checkpoint, LogKey
from ecluse.verify._sshsig import key_of, verify
from ecluse.verify._trust import Trust
from ecluse.verify.report import FailedError, NotReachedError, Words
from ecluse.wire.artefacts import KINDS, decode, kind_of, namespace

T = TypeVar("T")

PLACES = ("source", "destination")
SKEW = dt.timedelta(minutes=10)
"""How far the clocks of two machines may stand apart before an order of instants is doubted."""

PAPER_KINDS = ("agreement", "order", "plan", "receipt", "reconciliation", "acceptance", "instruction", "erasure",
               "source-profile")  # fmt: skip
ROOT_MEMBERS = frozenset({"README.txt", "LISEZMOI.txt", "allowed_signers", "manifest.json"})
_MEMBER = re.compile(
    r"(?P<place>source|destination)/(?:"
    rf"artefacts/(?P<kind>{'|'.join(PAPER_KINDS)})/(?P<hex>[0-9a-f]{{64}})\.(?:json|(?P<signer>[A-Za-z0-9._-]+)\.sig)"
    r"|journal/(?P<file>.+))",
    re.ASCII,
)


@dataclass(slots=True)
class Paper:
    """An artefact of one place: its bytes, and its signatures by signer's id."""

    kind: str
    address: str
    data: bytes | None = None
    signatures: dict[str, bytes] = field(default_factory=dict)


@dataclass(slots=True)
class PlaceCase:
    """One place's part of the bundle."""

    name: str
    papers: dict[tuple[str, str], Paper] = field(default_factory=dict)
    journal: dict[str, bytes] = field(default_factory=dict)
    key: LogKey | None = None
    checkpoint: Checkpoint | None = None
    raw: tuple[bytes, ...] = ()
    entries: tuple[Entry, ...] = ()

    def of(self, kind: str) -> list[Paper]:
        """Papers of a kind, by digest."""
        return [paper for (known, _), paper in sorted(self.papers.items()) if known == kind]

    def events(self, event: Event) -> Iterator[Entry]:
        """Entries of a kind, oldest first; none where the journal did not verify."""
        return (entry for entry in self.entries if entry.event is event)

    def first(self, event: Event) -> Entry | None:
        """The first of them."""
        return next(self.events(event), None)

    @property
    def agent(self) -> str:
        """The agent whose place this is, as its log's name ``ecluse/<place>/<agent>`` says."""
        return self.key.name.rpartition("/")[2] if self.key else ""


@dataclass(slots=True)
class Case:
    """One audit."""

    now: dt.datetime
    trust: Trust | None
    load: Callable[[], dict[str, bytes]]
    members: dict[str, bytes] = field(default_factory=dict)
    places: dict[str, PlaceCase] = field(default_factory=dict)
    _values: dict[tuple[type, str], object] = field(default_factory=dict)

    def place(self, name: str) -> PlaceCase:
        """A place of the bundle.

        Raises:
            NotReachedError: the bundle is without it.
        """
        if name not in self.places:
            raise NotReachedError(f"the bundle holds nothing of the {name}'s place", f"rien du côté {name} dans ce lot")
        return self.places[name]

    def papers(self, cls: type) -> list[Paper]:
        """All papers of a class, of both places, one a digest, with the signatures of both."""
        found: dict[str, Paper] = {}
        for place in self.places.values():
            for paper in place.of(kind_of(cls)):
                mine = found.setdefault(paper.address, Paper(paper.kind, paper.address, paper.data))
                mine.signatures |= paper.signatures
        return [found[address] for address in sorted(found)]

    def one(self, cls: type[T]) -> tuple[T, Paper]:
        """The only paper of its kind, the same in both places.

        Raises:
            NotReachedError: there is none; FailedError: there are several.
        """
        papers, kind = self.papers(cls), kind_of(cls)
        if not papers:
            raise NotReachedError(f"no {kind} in the bundle", f"pas d'artefact « {kind} » dans le lot")
        if len(papers) > 1:
            raise FailedError(f"{len(papers)} differing papers of kind {kind}", f"{len(papers)} « {kind} » différents")
        return self.value(cls, papers[0]), papers[0]

    def value(self, cls: type[T], paper: Paper) -> T:
        """A paper's artefact, parsed strictly."""
        if (cls, paper.address) not in self._values:
            made = decode(cls, paper.data or b"", file=name_of(paper.kind, paper.address))
            check_utc(made, f"{paper.kind} {short(paper.address)}")
            self._values[cls, paper.address] = made
        value = self._values[cls, paper.address]
        assert isinstance(value, cls)  # noqa: S101 - decode gave this very class
        return value

    def all(self, cls: type[T]) -> list[tuple[T, Paper]]:
        """All papers of a class with their artefacts."""
        return [(self.value(cls, paper), paper) for paper in self.papers(cls)]

    def signed_by(self, paper: Paper) -> frozenset[str]:
        """Ids of the agreement's signers who signed a paper, in any place; every signature must be right.

        Raises:
            FailedError: a signature that is wrong, or by somebody whom the agreement does not name.
        """
        agreement, _ = self.one(Agreement)
        known = {signer.id: signer for signer in signers(agreement)}
        for place in self.places.values():
            mine = place.papers.get((paper.kind, paper.address))
            for signer, signature in mine.signatures.items() if mine else ():
                _check_signature(mine, known.get(signer), signer, signature, place.name)  # type: ignore[arg-type]
        return frozenset(paper.signatures)

    def agent(self, agent: str, role: SignerRole) -> None:
        """The agreement names that agent in that role.

        Raises:
            SignatureError: it does not.
        """
        check_agent(self.one(Agreement)[0], agent, role)


def _check_signature(paper: Paper, signer: Signer | None, id_: str, signature: bytes, place: str) -> None:
    what = f"{place}: {paper.kind} {short(paper.address)}"
    if signer is None:
        raise FailedError(
            f"{what} is signed by {id_}, whom the agreement does not name",
            f"{what} est signé par {id_}, que le contrat ne nomme pas",
        )
    try:
        verify(paper.data or b"", signature, key_of(signer.key), namespace(paper.kind))
    except SignatureError as error:
        raise FailedError(
            f"{what}: the signature of {id_} is wrong ({error.message})",
            f"{what} : la signature de {id_} est fausse ({error.message})",
        ) from None


def signers(agreement: Agreement) -> tuple[Signer, ...]:
    """All of both parties."""
    return (*agreement.controller.signers, *agreement.processor.signers)


def told(agreement: Agreement, ids: Iterable[str]) -> Words:
    """Who has signed, in words: ids in their order, with what a passkey's signature says besides."""
    passkeys = {signer.id for signer in signers(agreement) if key_of(signer.key).site}
    names = sorted(ids)
    return Words(
        ", ".join(f"{name} with a passkey (user verified)" if name in passkeys else name for name in names),
        ", ".join(f"{name} par clé d'accès (utilisateur vérifié)" if name in passkeys else name for name in names),
    )


def sort_members(case: Case) -> None:
    """Give each member its place.

    Raises:
        FailedError: a member of a name that no bundle has.
    """
    for name, data in case.members.items():
        if name in ROOT_MEMBERS:
            continue
        match = _MEMBER.fullmatch(name)
        if match is None:
            raise FailedError(f"{name}: does not belong in a bundle", f"{name} : n'a pas sa place dans un lot")
        place = case.places.setdefault(match["place"], PlaceCase(match["place"]))
        if match["file"]:
            place.journal[match["file"]] = data
            continue
        address = f"sha256:{match['hex']}"
        paper = place.papers.setdefault((match["kind"], address), Paper(match["kind"], address))
        if match["signer"]:
            paper.signatures[match["signer"]] = data
        else:
            paper.data = data


def name_of(kind: str, address: str) -> str:
    """A paper's path below its place."""
    return f"artefacts/{kind}/{address.removeprefix('sha256:')}.json"


def short(address: str) -> str:
    """A digest's first digits, for people."""
    return address.removeprefix("sha256:")[:12]


def check_utc(value: Any, what: str) -> None:
    """Instants are in UTC, so that any two can be compared.

    Raises:
        FailedError: one is not.
    """
    for each in fields(value):
        at = getattr(value, each.name)
        if isinstance(at, dt.datetime):
            fits(at.utcoffset() == dt.timedelta(0), f"{what}: not in UTC", f"{what} : pas en UTC")


def refused(error: EcluseError) -> Words:
    """A rule's own refusal; rules speak English, the French says which kind of rule it was."""
    return Words(str(error), f"une règle s'y oppose (en anglais) : {error}")


def fits(condition: object, en: str, fr: str) -> None:
    """Fail a step unless a condition holds.

    Raises:
        FailedError: it does not.
    """
    if not condition:
        raise FailedError(en, fr)


def classes() -> Mapping[str, type]:
    """Artefact classes by kind."""
    return {kind: KINDS[kind] for kind in PAPER_KINDS}
