"""What an agent has to do: signed papers that wait for it, and estimates that were asked of it. Nothing is changed."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import lru_cache

from django.db.models import Q

from ecluse.control.intake import ROLES
from ecluse.domain.agreement import Agreement
from ecluse.domain.errors import EcluseError
from ecluse.domain.lifecycle import State
from ecluse.domain.order import Order
from ecluse.store.acts.orders import text_of
from ecluse.store.models import Agent, AgreementVersion, Migration, OrderVersion, Paper
from ecluse.store.reads.papers import signatures
from ecluse.wire.artefacts import decode, digest_of, encode
from ecluse.workspace.place import Place

_Signed = Mapping[str, Mapping[str, bytes]]


@dataclass(frozen=True, slots=True)
class SignedPaper:
    """An artefact's canonical bytes and its armoured signatures by signer."""

    kind: str
    digest: str
    data: bytes
    signatures: dict[str, str]


@dataclass(frozen=True, slots=True)
class Task:
    """One migration that concerns an agent.

    ``states`` is what the places have reported; ``size`` how many entries of this agent's own journal are known;
    ``papers`` instructions, reconciliation and decision, as far as they are known.
    """

    agreement: SignedPaper
    order: SignedPaper
    state: str
    states: dict[str, str]
    size: int
    papers: tuple[SignedPaper, ...]


@dataclass(frozen=True, slots=True)
class Asked:
    """One order's text, which nobody needs to have signed yet, whose rows are to be counted."""

    id: int
    agreement: SignedPaper
    order: bytes
    digest: str


def place_in(agent: Agent, agreement: Agreement) -> Place | None:
    """The place for which an agreement names an agent, by id and by key; None where it does not."""
    if agent.place not in set(Place):
        return None  # a relay: no agreement names it
    place = Place(agent.place)
    for party in (agreement.processor, agreement.controller):
        signer = party.signer(agent.handle)
        if signer is not None:
            same = signer.key.split()[:2] == agent.key.split()[:2]
            return place if same and signer.role is ROLES[place] else None
    return None


def tasks_of(agent: Agent) -> list[Task]:
    """Migrations whose agreement names the agent, until both places are erased; oldest first."""
    found = Migration.objects.select_related("order__agreement").exclude(state=State.ERASED)
    mine = [
        migration
        for migration in found.filter(_of(agent, "order__agreement__")).prefetch_related("places").order_by("pk")
        if place_in(agent, _read_agreement(bytes(migration.order.agreement.artefact))) is not None
    ]
    papers = _papers(mine)
    digests = [paper.digest for paper in papers]
    digests += [each for migration in mine for each in (migration.order.digest, migration.order.agreement.digest)]
    signed = signatures(digests)
    return [_task(agent, migration, papers, signed) for migration in mine]


def asked_of(agent: Agent) -> list[Asked]:
    """Estimates that a source's agent is asked for, oldest first."""
    if agent.place != Place.SOURCE:
        return []
    waiting = OrderVersion.objects.select_related("agreement").filter(
        _of(agent, "agreement__"),
        estimate_asked_at__isnull=False,
        estimate_given_at__isnull=True,
        withdrawn_at__isnull=True,
        agreement__in_force_at__isnull=False,
        agreement__ended_at__isnull=True,
    )
    found = []
    for version in waiting.order_by("estimate_asked_at"):
        text = order_text(version)
        if text is None or place_in(agent, _read_agreement(bytes(version.agreement.artefact))) is None:
            continue
        agreement = _agreement_paper(version.agreement, signatures([version.agreement.digest]))
        found.append(Asked(version.pk, agreement, encode(text), digest_of(text)))
    return found


def order_text(version: OrderVersion) -> Order | None:
    """The order that a version stands for; None for a draft that is not whole."""
    try:
        return text_of(version)
    except EcluseError:
        return None


@lru_cache(maxsize=64)
def _read_agreement(data: bytes) -> Agreement:
    return decode(Agreement, data, file="agreement")


def _of(agent: Agent, path: str) -> Q:
    mine = agent.organisation_id
    return Q(**{f"{path}controller": mine}) | Q(**{f"{path}processor": mine})


def _papers(migrations: Iterable[Migration]) -> list[Paper]:
    kinds = ("instruction", "reconciliation", "acceptance")
    return list(Paper.objects.filter(migration__in=list(migrations), kind__in=kinds).order_by("received_at", "pk"))


def _signed(kind: str, digest: str, data: bytes | memoryview, signed: _Signed) -> SignedPaper:
    armours = {signer: armour.decode("ascii") for signer, armour in signed.get(digest, {}).items()}
    return SignedPaper(kind, digest, bytes(data), armours)


def _agreement_paper(version: AgreementVersion, signed: _Signed) -> SignedPaper:
    return _signed("agreement", version.digest, version.artefact, signed)


def _task(agent: Agent, migration: Migration, papers: Iterable[Paper], signed: _Signed) -> Task:
    order = migration.order
    places = {each.place: each for each in migration.places.all()}
    own = places.get(agent.place)
    return Task(
        agreement=_agreement_paper(order.agreement, signed),
        order=_signed("order", order.digest, order.artefact, signed),
        state=migration.state,
        states={place: str(each.counts.get("state", "")) for place, each in places.items()},
        size=own.size if own else 0,
        papers=tuple(
            _signed(paper.kind, paper.digest, paper.data, signed)
            for paper in papers
            if paper.migration_id == migration.pk
        ),
    )
