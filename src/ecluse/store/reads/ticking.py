"""What a clock tells: what is overdue, who is silent, what runs out, which station nobody holds (laws 7, 8).

Asked every few seconds: about ten queries, whatever the room holds; signed texts are parsed once.
"""

import datetime as dt
from collections.abc import Iterator
from functools import lru_cache

from django.utils import timezone

from ecluse.control.intake import ROLES
from ecluse.control.watch import Tick, ticked
from ecluse.domain import renewal
from ecluse.domain.agreement import Agreement
from ecluse.domain.alerts import CHAIN
from ecluse.domain.lifecycle import TURNS, Owner, State
from ecluse.domain.observed import Observed
from ecluse.domain.order import Order
from ecluse.domain.permissions import Role, Side
from ecluse.store.acts.agents import RELAY
from ecluse.store.models import (
    Agent,
    AgreementVersion,
    JournalLine,
    Membership,
    Migration,
    Organisation,
    WitnessedCheckpoint,
)
from ecluse.store.reads import people
from ecluse.wire.artefacts import decode
from ecluse.workspace.place import Place

AGENT_SILENT = dt.timedelta(minutes=15)
"""An agent beats every 15 seconds; one whose turn it is and that was not heard of for this long is silent."""
SOON_DAYS = 3
"""So many days before an erase-by date, what is not erased is told."""
WITNESS_DAYS = 31
"""A journal that no witness has cosigned for so long is told: its keeper alone could rewrite it since."""

_PLACES = {Owner.SOURCE_AGENT: (Place.SOURCE,), Owner.DESTINATION_AGENT: (Place.DESTINATION,),
           Owner.BOTH_AGENTS: (Place.SOURCE, Place.DESTINATION)}  # fmt: skip


def ticks(now: dt.datetime) -> list[Observed]:
    """Everything that a clock tells now. Telling it again is harmless: its mark is the same for a day."""
    return [*_migrations(now), *_agreements(now), *_people(now), *_stations(now), *_witnesses(now), *_relays(now)]


def _migrations(now: dt.datetime) -> Iterator[Observed]:
    joined = Migration.objects.exclude(state=State.ERASED).select_related(
        "order__agreement__controller", "order__agreement__processor"
    )
    agents: dict[str, Agent] | None = None
    for migration in joined.prefetch_related("places__agent").order_by("pk"):
        yield from _overdue(migration, now)
        if TURNS[State(migration.state)].owner in _PLACES:
            if agents is None:
                agents = {each.handle: each for each in Agent.objects.select_related("organisation", "sighting")}
            yield from _silent(migration, agents, now)


def _overdue(migration: Migration, now: dt.datetime) -> Iterator[Observed]:
    order, agreement = migration.order, migration.order.agreement
    concerns, state = (agreement.controller.slug, agreement.processor.slug), str(migration.state)
    left = (_order(bytes(order.artefact)).retention.erase_by - timezone.localdate(now)).days
    erased = {each.place for each in migration.places.all() if each.counts.get("state") == State.ERASED}
    kept = [place for place in (each.place for each in migration.places.all()) if place not in erased]
    if kept and left <= SOON_DAYS:
        tick = Tick.ERASURE_OVERDUE if left < 0 else Tick.ERASURE_SOON
        yield ticked(
            tick, now, order.number, concerns=concerns, state=state, days=abs(left), places=", ".join(sorted(kept))
        )
    if migration.due is not None and migration.due < now:
        owner = str(TURNS[State(migration.state)].owner)
        days = (now - migration.due).days
        yield ticked(Tick.TURN_OVERDUE, now, order.number, concerns=concerns, state=state, owner=owner, days=days)


def _silent(migration: Migration, agents: dict[str, Agent], now: dt.datetime) -> Iterator[Observed]:
    agreement = migration.order.agreement
    places = {each.place: each for each in migration.places.all()}
    for place in _PLACES[TURNS[State(migration.state)].owner]:
        told = places.get(place)
        if told is not None and told.counts.get("state") == State.ERASED:
            continue
        handle = told.agent.handle if told else _named(_agreement(bytes(agreement.artefact)), place)
        agent = agents.get(handle)
        sighting = getattr(agent, "sighting", None)
        heard = max(sighting.at, migration.since) if sighting else migration.since
        if now - heard > AGENT_SILENT:
            slugs = {agreement.controller.slug, agreement.processor.slug}
            slugs |= {agent.organisation.slug} if agent else set()
            minutes = int((now - heard).total_seconds() // 60)
            yield ticked(
                Tick.AGENT_SILENT, now, handle or str(place), concerns=sorted(slugs), place=str(place), minutes=minutes
            )


def _named(agreement: Agreement, place: Place) -> str:
    signers = (*agreement.processor.signers, *agreement.controller.signers)
    return next((signer.id for signer in signers if signer.role is ROLES[place]), "")


def _agreements(now: dt.datetime) -> Iterator[Observed]:
    today = timezone.localdate(now)
    live = AgreementVersion.objects.filter(in_force_at__isnull=False, ended_at__isnull=True)
    for version in live.select_related("controller", "processor"):
        reminders = renewal.of_agreement(_agreement(bytes(version.artefact)))
        for due in renewal.due(reminders, today):
            hosted = due.reminder.kind is renewal.ReminderKind.HDS_CERTIFICATE
            subject = f"{version.number}: HDS" if hosted else version.number
            yield ticked(
                Tick.AGREEMENT_EXPIRES, now, subject, concerns=(version.controller.slug, version.processor.slug),
                kind=str(due.reminder.kind), days=due.days_left, expired=int(due.expired),
            )  # fmt: skip


def _people(now: dt.datetime) -> Iterator[Observed]:
    today = timezone.localdate(now)
    places = list(Organisation.objects.all())
    slugs = [place.slug for place in places]
    for slug, trained in people.latest_trainings(slugs).items():
        for handle, last in trained:
            if last is not None and last < today:
                yield ticked(Tick.TRAINING_EXPIRED, now, handle, concerns=(slug,), days=(today - last).days)
    reviews = people.last_reviews(slugs)
    for place in places:
        due = people.review_due(place, reviews[place.slug])
        if due < today:
            days = (today - due).days
            yield ticked(Tick.ACCESS_UNREVIEWED, now, place.slug, concerns=(place.slug,), days=days)


def _stations(now: dt.datetime) -> Iterator[Observed]:
    """Parties to an agreement in force where nobody holds the roles of a station: silence would pass it."""
    live = AgreementVersion.objects.filter(in_force_at__isnull=False, ended_at__isnull=True)
    parties: dict[str, Side] = {}
    for controller, processor in live.values_list("controller__slug", "processor__slug"):
        parties |= {controller: Side.CONTROLLER, processor: Side.PROCESSOR}
    held = Membership.objects.filter(until__isnull=True, person__is_active=True, organisation__slug__in=parties)
    roles: dict[str, set[Role]] = {}
    for slug, role in held.values_list("organisation__slug", "role"):
        roles.setdefault(slug, set()).add(Role(role))
    for slug, side in parties.items():
        for number, station in enumerate(CHAIN, 1):
            if station.side is side and not station.roles & roles.get(slug, set()):
                missing = ", ".join(sorted(station.roles))
                yield ticked(
                    Tick.STATION_EMPTY, now, f"{slug}: {missing}", concerns=(slug,), station=number, roles=missing
                )


def _witnesses(now: dt.datetime) -> Iterator[Observed]:
    last = WitnessedCheckpoint.objects.order_by("-cosigned_at").values_list("cosigned_at", flat=True).first()
    since = last or JournalLine.objects.order_by("index").values_list("at", flat=True).first()
    if since is not None and (days := (now - since).days) > WITNESS_DAYS:
        yield ticked(Tick.JOURNAL_UNWITNESSED, now, "control-room", days=days)


def _relays(now: dt.datetime) -> Iterator[Observed]:
    """A relay calls every 15 seconds, whoever's turn it is: one that does not is silent."""
    live = Agent.objects.filter(place=RELAY, enrolled_at__isnull=False, revoked_at__isnull=True)
    for agent in live.select_related("organisation", "sighting").order_by("handle"):
        sighting = getattr(agent, "sighting", None)
        heard = sighting.at if sighting else agent.enrolled_at
        if heard is not None and now - heard > AGENT_SILENT:
            minutes = int((now - heard).total_seconds() // 60)
            concerns = (agent.organisation.slug,)
            yield ticked(Tick.AGENT_SILENT, now, agent.handle, concerns=concerns, place=RELAY, minutes=minutes)


@lru_cache(maxsize=1024)
def _order(data: bytes) -> Order:
    return decode(Order, data, file="order")


@lru_cache(maxsize=256)
def _agreement(data: bytes) -> Agreement:
    return decode(Agreement, data, file="agreement")
