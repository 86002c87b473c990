"""Endpoints of people's programs: what the screens read, by the same guard, with a personal token."""

from dataclasses import asdict
from typing import Annotated, Any

from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils import timezone
from ninja import Router
from pydantic import Field

from ecluse.control.register import Activity, register, register_rows
from ecluse.control.register import Migration as Registered
from ecluse.domain.errors import UnseenError
from ecluse.domain.lifecycle import TURNS, State
from ecluse.domain.permissions import Action
from ecluse.journal import Journal
from ecluse.portal.access import organisation_named
from ecluse.portal.api import shapes
from ecluse.portal.api.base import PROBLEMS, PersonBearer, caller, scoped, token_of
from ecluse.portal.parties import of_agreement, of_migration, of_order
from ecluse.seal.signing import fingerprint
from ecluse.store import journal_files
from ecluse.store.acts.agreements import artefact_of, parties_of
from ecluse.store.acts.orders import artefact_of as order_of
from ecluse.store.models import (
    Agent,
    AgreementVersion,
    JournalLine,
    Membership,
    Migration,
    OrderVersion,
    Organisation,
    Paper,
    PlaceEntry,
)
from ecluse.store.reads.agents import listed, state_of
from ecluse.store.reads.agreements import agreement_of, agreements_of, allowed_in
from ecluse.store.reads.alert_warnings import hidden_from
from ecluse.store.reads.journal import head
from ecluse.store.reads.migrations import one, visible
from ecluse.store.reads.orders import order_version, orders_of
from ecluse.store.reads.papers import signatures_of
from ecluse.store.reads.samples import samples
from ecluse.store.reads.warnings import timing
from ecluse.store.reads.warnings import visible as warnings_seen

router = Router(auth=PersonBearer())

PAGE = 200


@router.get("/me", response={200: shapes.MeOut, PROBLEMS: shapes.Problem}, tags=["people"])
def me(request: HttpRequest) -> shapes.MeOut:
    """Whose token this is, what it was made for, and until when it works."""
    token, person = token_of(request), caller(request)
    grants = [shapes.GrantOut(organisation=g.organisation, side=g.side, role=g.role) for g in person.grants()]
    return shapes.MeOut(
        handle=person.handle, name=person.name, grants=grants, scopes=token.scopes, expires_at=token.expires_at
    )


@router.get("/organisations", response={200: list[shapes.OrganisationOut], PROBLEMS: shapes.Problem}, tags=["people"])
def organisations(request: HttpRequest) -> list[shapes.OrganisationOut]:
    """The organisations in which the token's person holds a role."""
    mine = {grant.organisation for grant in caller(request).grants()}
    found = Organisation.objects.filter(slug__in=mine)
    return [shapes.OrganisationOut(slug=each.slug, name=each.name, side=each.side) for each in found]


@router.get(
    "/organisations/{organisation}/people",
    response={200: list[shapes.PersonOut], PROBLEMS: shapes.Problem},
    tags=["people"],
)
@scoped(Action.SEE_PEOPLE, organisation_named)
def people(request: HttpRequest, organisation: str) -> list[shapes.PersonOut]:  # noqa: ARG001 - the guard's
    """People of an organisation and their roles there."""
    held = Membership.objects.filter(organisation__slug=organisation, until__isnull=True)
    found: dict[str, shapes.PersonOut] = {}
    for each in held.select_related("person").order_by("person__name", "role"):
        person = each.person
        made = shapes.PersonOut(
            handle=person.handle, name=person.name, email=person.email, roles=[], active=person.is_active
        )
        found.setdefault(person.handle, made).roles.append(each.role)
    return list(found.values())


@router.get("/agreements", response={200: list[shapes.AgreementOut], PROBLEMS: shapes.Problem}, tags=["agreements"])
@scoped(Action.SEE_AGREEMENT)
def agreements(request: HttpRequest) -> list[shapes.AgreementOut]:
    """Every version of the agreements of the caller's organisations."""
    return [agreement_out(each) for each in agreements_of(caller(request).grants())]


@router.get(
    "/agreements/{agreement}", response={200: shapes.AgreementOut, PROBLEMS: shapes.Problem}, tags=["agreements"]
)
@scoped(Action.SEE_AGREEMENT, of_agreement)
def agreement(request: HttpRequest, agreement: int) -> shapes.AgreementOut:  # noqa: ARG001
    """One version of an agreement."""
    return agreement_out(agreement_of(agreement))


@router.get(
    "/agreements/{agreement}/artefact", response={200: shapes.PaperOut, PROBLEMS: shapes.Problem}, tags=["agreements"]
)
@scoped(Action.SEE_AGREEMENT, of_agreement)
def agreement_artefact(request: HttpRequest, agreement: int) -> shapes.PaperOut:  # noqa: ARG001
    """The frozen text of an agreement, as ``X.json``, and its signatures."""
    found = agreement_of(agreement)
    return _artefact("agreement", found.digest, bytes(found.artefact))


@router.get("/orders", response={200: list[shapes.OrderOut], PROBLEMS: shapes.Problem}, tags=["orders"])
@scoped(Action.SEE_ORDER)
def orders(request: HttpRequest) -> list[shapes.OrderOut]:
    """Every version of the orders of the caller's organisations."""
    return [order_out(each) for each in orders_of(caller(request).grants())]


@router.get("/orders/{order}", response={200: shapes.OrderOut, PROBLEMS: shapes.Problem}, tags=["orders"])
@scoped(Action.SEE_ORDER, of_order)
def order(request: HttpRequest, order: int) -> shapes.OrderOut:  # noqa: ARG001
    """One version of an order, with its estimate."""
    return order_out(order_version(order))


@router.get("/orders/{order}/artefact", response={200: shapes.PaperOut, PROBLEMS: shapes.Problem}, tags=["orders"])
@scoped(Action.SEE_ORDER, of_order)
def order_artefact(request: HttpRequest, order: int) -> shapes.PaperOut:  # noqa: ARG001
    """The frozen text of an order, as ``X.json``, and its signatures."""
    found = order_version(order)
    return _artefact("order", found.digest, bytes(found.artefact))


@router.get("/migrations", response={200: list[shapes.MigrationOut], PROBLEMS: shapes.Problem}, tags=["migrations"])
@scoped(Action.SEE_MIGRATION)
def migrations(request: HttpRequest) -> list[shapes.MigrationOut]:
    """Migrations of the caller's organisations, newest first."""
    found = visible(allowed_in(caller(request).grants(), Action.SEE_MIGRATION)).order_by("-pk")
    return [shapes.MigrationOut(**_migration(each)) for each in found]


@router.get(
    "/migrations/{migration}", response={200: shapes.MigrationWhole, PROBLEMS: shapes.Problem}, tags=["migrations"]
)
@scoped(Action.SEE_MIGRATION, of_migration)
def migration(request: HttpRequest, migration: int) -> shapes.MigrationWhole:  # noqa: ARG001
    """One migration: what its places have reported, its papers' digests, which samples of its results were seen."""
    found = one(migration)
    places = [
        shapes.PlaceOut(
            place=each.place,
            agent=each.agent.handle,
            state=str(each.counts.get("state", "")),
            size=each.size,
            counts=each.counts,
            checkpoint=bytes(each.checkpoint).decode("utf-8"),
            reported_at=each.reported_at,
        )
        for each in found.places.select_related("agent").order_by("-place")
    ]
    papers = list(found.papers.order_by("received_at", "pk").values_list("digest", flat=True))
    looked = [shapes.SampleOut(**asdict(each)) for each in samples(found)]
    return shapes.MigrationWhole(**_migration(found), places=places, papers=papers, samples=looked)


@router.get(
    "/migrations/{migration}/papers/{digest}",
    response={200: shapes.PaperOut, PROBLEMS: shapes.Problem},
    tags=["migrations"],
)
@scoped(Action.SEE_MIGRATION, of_migration)
def paper(request: HttpRequest, migration: int, digest: str) -> shapes.PaperOut:  # noqa: ARG001
    """One paper of a migration and its signatures."""
    found = Paper.objects.filter(migration=migration, digest=digest).first() if "\0" not in digest else None
    if found is None:
        raise UnseenError("there is no such paper")
    return _artefact(found.kind, found.digest, bytes(found.data))


@router.get(
    "/migrations/{migration}/{place}/entries",
    response={200: list[str], PROBLEMS: shapes.Problem},
    tags=["migrations"],
)
@scoped(Action.SEE_MIGRATION, of_migration)
def entries(request: HttpRequest, migration: int, place: str, start: shapes.Index = 0) -> list[str]:  # noqa: ARG001
    """Entries of a place's journal as they were reported, from ``start`` on, two hundred at most."""
    if place not in {"source", "destination"}:
        raise UnseenError("there is no such place")
    found = PlaceEntry.objects.filter(journal__migration=migration, journal__place=place, index__gte=start)
    return [bytes(data).decode("utf-8") for data in found.order_by("index").values_list("data", flat=True)[:PAGE]]


@router.get("/agents", response={200: list[shapes.AgentOut], PROBLEMS: shapes.Problem}, tags=["migrations"])
@scoped(Action.SEE_AGENTS)
def agents(request: HttpRequest) -> list[shapes.AgentOut]:
    """Agents of the caller's organisations."""
    return [agent_out(each) for each in listed(allowed_in(caller(request).grants(), Action.SEE_AGENTS))]


@router.get("/journal", response={200: list[shapes.LineOut], PROBLEMS: shapes.Problem}, tags=["journal"])
@scoped(Action.SEE_JOURNAL)
def journal(
    request: HttpRequest,
    before: shapes.Index | None = None,
    actor: Annotated[str, Field(max_length=64, pattern=r"^[^\x00]*$")] = "",
    event: Annotated[str, Field(max_length=48, pattern=r"^[^\x00]*$")] = "",
    subject: Annotated[str, Field(max_length=200, pattern=r"^[^\x00]*$")] = "",
) -> list[shapes.LineOut]:
    """Lines of the room's journal that concern the caller's organisations, newest first, two hundred at most."""
    found = _lines(request)
    wanted = {"actor": actor, "event": event, "subject": subject}
    found = found.filter(**{name: text for name, text in wanted.items() if text})
    found = found.filter(index__lt=before) if before is not None else found
    return [
        shapes.LineOut(
            index=each.index, at=each.at, actor=each.actor, event=each.event, subject=each.subject, detail=each.detail
        )
        for each in found[:PAGE]
    ]


@router.get("/journal/checkpoint", response={200: shapes.CheckpointOut, PROBLEMS: shapes.Problem}, tags=["journal"])
@scoped(Action.SEE_JOURNAL)
def checkpoint(request: HttpRequest) -> shapes.CheckpointOut:  # noqa: ARG001
    """The room's journal's signed head, for whoever keeps or cosigns it."""
    found = head()
    return shapes.CheckpointOut(checkpoint=found.raw.decode("utf-8"), vkey=found.vkey)


@router.get("/journal/{index}/proof", response={200: shapes.ProofOut, PROBLEMS: shapes.Problem}, tags=["journal"])
@scoped(Action.SEE_JOURNAL)
def proof(request: HttpRequest, index: int) -> shapes.ProofOut:
    """That one entry stands in the journal under its signed head (RFC 6962)."""
    if not _lines(request).filter(index=index).exists():
        raise UnseenError("there is no such line")
    found = Journal.take_up(journal_files.STORE, journal_files.log_key())
    return shapes.ProofOut(
        index=index,
        entry=next(iter(found.entries(index))).decode("utf-8"),
        size=found.size,
        path=[node.hex() for node in found.inclusion_proof(index)],
        checkpoint=found.checkpoint().decode("utf-8"),
        vkey=journal_files.log_key().vkey,
    )


@router.get(
    "/organisations/{organisation}/register",
    response={200: shapes.RegisterOut, PROBLEMS: shapes.Problem},
    tags=["agreements"],
)
@scoped(Action.SEE_REGISTER, organisation_named)
def registered(request: HttpRequest, organisation: str) -> shapes.RegisterOut:  # noqa: ARG001
    """A processor's register (GDPR Art. 30(2)) as it stands today; empty without an agreement in force."""
    signed = AgreementVersion.objects.filter(processor__slug=organisation, in_force_at__isnull=False)
    kept = Migration.objects.filter(order__agreement__in=signed).select_related("order").prefetch_related("places")
    activities = [Activity(artefact_of(each), tuple(_kept(kept, each.pk))) for each in signed]
    name = Organisation.objects.get(slug=organisation).name
    if not activities:
        return shapes.RegisterOut(processor=name, rows=[])
    made = register(activities, timezone.localdate(), name)
    return shapes.RegisterOut(processor=name, rows=[list(row) for row in register_rows(made, "en")])


def _kept(migrations: QuerySet[Migration], agreement: int) -> list[Registered]:
    return [
        Registered(
            order_of(each.order),
            {place.place: State(place.counts["state"]) for place in each.places.all() if "state" in place.counts},
        )
        for each in migrations
        if each.order.agreement_id == agreement
    ]


def _lines(request: HttpRequest) -> QuerySet[JournalLine]:
    person = caller(request)
    mine = allowed_in(person.grants(), Action.SEE_JOURNAL)
    found = JournalLine.objects.filter(readers__organisation__in=mine).exclude(hidden_from(person))
    return found.distinct().order_by("-index")


def agreement_out(found: AgreementVersion) -> shapes.AgreementOut:
    """An agreement as it goes out."""
    controller, processor = parties_of(found)
    return shapes.AgreementOut(
        id=found.pk,
        number=found.number,
        version=found.version,
        controller=controller,
        processor=processor,
        digest=found.digest,
        frozen_at=found.frozen_at,
        in_force_at=found.in_force_at,
        ended_at=found.ended_at,
    )


def order_out(found: OrderVersion) -> shapes.OrderOut:
    """An order as it goes out."""
    return shapes.OrderOut(
        id=found.pk,
        number=found.number,
        version=found.version,
        agreement=found.agreement_id,
        digest=found.digest,
        frozen_at=found.frozen_at,
        approved_at=found.approved_at,
        withdrawn_at=found.withdrawn_at,
        estimate=found.estimate,
        estimate_asked_at=found.estimate_asked_at,
    )


def agent_out(found: Agent) -> shapes.AgentOut:
    """An agent as it goes out."""
    sighting = getattr(found, "sighting", None)
    return shapes.AgentOut(
        id=found.pk,
        handle=found.handle,
        organisation=found.organisation.slug,
        place=found.place,
        owner=found.owner.handle,
        fingerprint=fingerprint(found.key) if found.key else "",
        state=state_of(found),
        version=(sighting.version if sighting else "") or found.version,
        seen_at=sighting.at if sighting else None,
    )


def _migration(found: Migration) -> dict[str, Any]:
    return {
        "id": found.pk,
        "order": found.order.digest,
        "number": f"{found.order.number} v{found.order.version}",
        "state": found.state,
        "owner": str(TURNS[State(found.state)].owner),
        "since": found.since,
        "due": found.due,
    }


def _artefact(kind: str, digest: str, data: bytes) -> shapes.PaperOut:
    if not data:
        raise UnseenError("this is a draft still: it has no artefact")
    signatures = {signer: armour.decode("ascii") for signer, armour in signatures_of(digest).items()}
    return shapes.PaperOut(kind=kind, digest=digest, text=data.decode("utf-8"), signatures=signatures)


@router.get("/warnings", response={200: list[shapes.WarningOut], PROBLEMS: shapes.Problem}, tags=["warnings"])
@scoped(Action.SEE_WARNINGS)
def warnings(request: HttpRequest) -> list[shapes.WarningOut]:
    """That warnings exist, since when, and where each stands; the newest first, but for those that name the caller."""
    person, now = caller(request), timezone.now()
    found = warnings_seen(person, allowed_in(person.grants(), Action.SEE_WARNINGS))[:PAGE]
    return [
        shapes.WarningOut(
            receipt=each.receipt, received_at=each.received_at, state=each.state, exposed=each.exposed,
            due=timing(each).due(), overdue=timing(each).overdue(now),
        )
        for each in found
    ]  # fmt: skip
