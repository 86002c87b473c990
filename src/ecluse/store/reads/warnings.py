"""Warnings as acts and screens need them: for whom one exists, who may handle it, whom it has come to (R10)."""

import datetime as dt
from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass

from django.db.models import Exists, OuterRef, Prefetch, QuerySet
from django.utils import timezone

from ecluse.domain.errors import TransitionError, UnseenError
from ecluse.domain.permissions import Role, Side
from ecluse.domain.warnings import (
    LAST,
    STATIONS,
    Body,
    Concerned,
    Someone,
    Terms,
    Timing,
    WarningState,
    stations_reached,
)
from ecluse.seal.letters import Lock, open_mailbox, read_receipt, unpack
from ecluse.seal.sealing import Identity, open_sealed
from ecluse.store.models import (
    Membership,
    Organisation,
    Person,
    ReportedWarning,
    WarningKey,
    WarningMessage,
    WarningParty,
    WarningTerms,
)
from ecluse.store.reads.spared import clear_of, named_in

Held = dict[tuple[str, Side, Role], set[int]]
"""Who holds which role where, by primary key."""


@dataclass(frozen=True, slots=True)
class Circle:
    """A warning's people, by primary key.

    ``stations``: who may handle it, by station; ``hearers``: who is told that it came there; ``named``: for whom it
    does not exist; ``reached``: the stations that it has come to.
    """

    stations: tuple[frozenset[int], ...]
    hearers: tuple[frozenset[int], ...]
    named: frozenset[int]
    reached: tuple[int, ...]

    def handlers(self) -> frozenset[int]:
        """Who may read and handle it now."""
        return frozenset[int]().union(*(self.stations[place] for place in self.reached))


def whole() -> QuerySet[ReportedWarning]:
    """Warnings with all that a circle needs: four queries, however many."""
    parties = Prefetch("parties", WarningParty.objects.select_related("organisation").order_by("pk"))
    return ReportedWarning.objects.prefetch_related(parties, "named", "readers")


def waiting() -> QuerySet[ReportedWarning]:
    """Those that nobody has answered, with their stations; without what is sealed: a flood must not fill the memory."""
    found = whole().exclude(state__in=[WarningState.ANSWERED, WarningState.CLOSED])
    return found.prefetch_related("stations").defer("sealed", "lock")


def roles_held(slugs: Iterable[str]) -> Held:
    """Who holds which role in organisations, now. One query."""
    found: Held = defaultdict(set)
    rows = Membership.objects.filter(
        organisation__slug__in=set(slugs), until__isnull=True, person__is_active=True
    ).values_list("organisation__slug", "organisation__side", "role", "person_id")
    for slug, side, role, person in rows:
        found[slug, Side(side), Role(role)].add(person)
    return found


def timing(warning: ReportedWarning) -> Timing:
    """Its instants and deadlines."""
    return Timing(
        warning.received_at, warning.acknowledge_by, warning.answer_by, warning.acknowledged_at, warning.answered_at
    )


def slugs_of(warning: ReportedWarning) -> tuple[str, ...]:
    """The organisations that it concerns."""
    return tuple(party.organisation.slug for party in warning.parties.all())


def circle(warning: ReportedWarning, now: dt.datetime, held: Held | None = None) -> Circle:
    """Whose it is now. ``warning`` comes from :func:`whole`; ``held`` spares a query.

    Only those to whose key it was sealed handle it; when none of them is left, whoever holds the roles now.
    """
    held = roles_held(slugs_of(warning)) if held is None else held
    named = frozenset(each.person_id for each in warning.named.all())
    sealed_to = frozenset(each.person_id for each in warning.readers.all())
    reads = {party.organisation.slug for party in warning.parties.all() if party.reads}
    holders = [_holders(held, place, reads) - named for place in range(len(STATIONS))]
    stations = [each & sealed_to for each in holders]
    if not any(stations):
        stations = holders
    hearers = [*stations[:LAST], _holders(held, LAST, set(slugs_of(warning))) - named]
    reached = stations_reached(timing(warning), [bool(each) for each in hearers], now)
    if warning.shared and hearers[LAST] and LAST not in reached:
        reached = (*reached, LAST)
    return Circle(tuple(stations), tuple(hearers), named, reached)


def _holders(held: Held, place: int, slugs: set[str]) -> frozenset[int]:
    station = STATIONS[place]
    return frozenset(
        person
        for (slug, side, role), people in held.items()
        if slug in slugs and side is station.side and role in station.roles
        for person in people
    )


def first_told(warning: ReportedWarning, place: Organisation) -> dt.datetime | None:
    """When the first of an organisation was told of a warning: what one of its people knows, it knows (R17).

    Whoever has left it since was of it then; None where nobody was told.
    """
    held = list(Membership.objects.filter(organisation=place).values_list("person__handle", "since", "until"))
    return min(
        (
            station.at for station in warning.stations.all() for handle, since, until in held
            if handle in station.told and since <= station.at and (until is None or until > station.at)
        ),
        default=None,
    )  # fmt: skip


def warning_of(receipt: str) -> ReportedWarning:
    """One warning.

    Raises:
        UnseenError: there is none.
    """
    found = whole().filter(receipt=receipt).first()
    if found is None:
        raise UnseenError("there is no such warning")
    return found


def check_exists_for(warning: ReportedWarning, person: Person) -> None:
    """For whoever it names, it does not exist.

    Raises:
        UnseenError: it names this person; in the words of a warning that is not there.
    """
    if any(each.person_id == person.pk for each in warning.named.all()):
        raise UnseenError("there is no such warning")


def check_handles(warning: ReportedWarning, person: Person, now: dt.datetime) -> None:
    """Only who is of a station that it has come to may read it or do anything about it.

    Raises:
        UnseenError: it names this person.
        TransitionError: it has not come to them, or was not sealed to them.
    """
    check_exists_for(warning, person)
    if person.pk not in circle(warning, now).handlers():
        raise TransitionError("this warning has not come to you", hint="silence brings it to the next station")


def visible(person: Person, slugs: Iterable[str]) -> QuerySet[ReportedWarning]:
    """Warnings that concern organisations, but for those that name the person; without what is sealed."""
    whose = WarningParty.objects.filter(warning=OuterRef("pk"), organisation__slug__in=list(slugs))
    return whole().filter(Exists(whose), ~named_in(person, "pk")).defer("sealed", "lock").order_by("-received_at")


def open_to(warning: ReportedWarning) -> tuple[str, ...]:
    """The organisations that the journal and alerts may tell of it (:func:`~.spared.clear_of`)."""
    labs = (p.organisation.slug for p in warning.parties.all() if p.organisation.side == Side.CONTROLLER)
    return clear_of((each.person_id for each in warning.named.all()), slugs_of(warning), labs)


def bodies() -> tuple[Body, ...]:
    """The room's organisations, the oldest first."""
    found = Organisation.objects.order_by("added_at", "pk")
    return tuple(Body(each.slug, each.name, Side(each.side), each.finess) for each in found)


def people_of(slugs: Iterable[str]) -> tuple[Someone, ...]:
    """Everybody of organisations, with the roles that they hold there."""
    roles: dict[int, set[tuple[Side, Role]]] = defaultdict(set)
    for (_slug, side, role), people in roles_held(slugs).items():
        for person in people:
            roles[person].add((side, role))
    found = Person.objects.filter(pk__in=roles)
    return tuple(Someone(each.handle, each.name, each.email, frozenset(roles[each.pk])) for each in found)


def recipients(people: Iterable[int]) -> dict[int, str]:
    """The keys for warnings of those who have given one."""
    found = WarningKey.objects.filter(person__in=set(people), until__isnull=True)
    return {each.person_id: each.recipient for each in found}


def readers_of(whose: Concerned, named: Iterable[str]) -> dict[int, str]:
    """The keys of all who may come to read a warning, but for those named by handle. Three queries."""
    held = roles_held((*whose.processors, *whose.readers))
    at = {(station.side, role) for station in STATIONS for role in station.roles}
    may = {person for (_, side, role), people in held.items() if (side, role) in at for person in people}
    may -= set(Person.objects.filter(handle__in=list(named)).values_list("pk", flat=True))
    return recipients(may)


def keys_to(warning: ReportedWarning, now: dt.datetime) -> list[str]:
    """The keys of all who may come to read what is written in a warning now."""
    around = circle(warning, now)
    return sorted(recipients(frozenset[int]().union(*around.stations) - around.named).values())


def terms_of(slugs: Iterable[str]) -> Terms:
    """The shortest clocks of organisations."""
    terms = Terms()
    for each in WarningTerms.objects.filter(organisation__slug__in=set(slugs)):
        terms = terms.shorter(Terms(each.acknowledge_days, each.answer_days, each.exposure_hours))
    return terms


def can_receive() -> bool:
    """Whether anybody has given the key without which a warning cannot be sealed."""
    keyed = WarningKey.objects.filter(
        until__isnull=True, person__is_active=True, person__memberships__until__isnull=True
    ).values_list("person__memberships__organisation__side", "person__memberships__role")
    at = {(str(station.side), str(role)) for station in STATIONS for role in station.roles}
    return any(each in at for each in keyed)


def key_of(person: Person) -> WarningKey | None:
    """The key for warnings that a person uses now."""
    return WarningKey.objects.filter(person=person, until__isnull=True).first()


def kept_lock(warning: ReportedWarning) -> Lock:
    """What is kept of its reporter's secret."""
    return Lock(bytes(warning.salt), bytes(warning.verifier), warning.mailbox, bytes(warning.lock))


@dataclass(frozen=True, slots=True)
class Message:
    """One message as its reporter sees it; ``names``: of the attachments."""

    at: dt.datetime
    mine: bool
    text: str
    names: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Followed:
    """What a reporter sees of their warning. ``informed``: it has come to the laboratory."""

    receipt: str
    state: WarningState
    received: dt.datetime
    due: dt.datetime | None
    overdue: str
    informed: bool
    messages: tuple[Message, ...]


def followed(receipt: str, secret: str) -> tuple[ReportedWarning, Followed]:
    """A reporter's own warning, by receipt and secret.

    Raises:
        UnseenError: they do not fit; in the same words and by the same work whether the receipt exists or not.
    """
    found = whole().filter(receipt=read_receipt(receipt) or "-").first()
    identity = open_mailbox(secret, kept_lock(found) if found else None)
    if found is None or identity is None:
        raise UnseenError("this receipt and this secret do not belong together")
    now, clocks = timezone.now(), timing(found)
    return found, Followed(
        found.receipt, WarningState(found.state), found.received_at, clocks.due(), clocks.overdue(now),
        LAST in circle(found, now).reached, tuple(_message(each, identity) for each in found.messages.all()),
    )  # fmt: skip


def _message(kept: WarningMessage, identity: Identity) -> Message:
    letter = unpack(open_sealed(bytes(kept.sealed), identity))
    names = tuple(each.name for each in letter.attachments)
    return Message(kept.at, kept.author_id is None, letter.text, names)


def message_of(warning: ReportedWarning, message: int) -> WarningMessage:
    """One of its messages.

    Raises:
        UnseenError: it has none of that number.
    """
    found = warning.messages.filter(pk=message).first()
    if found is None:
        raise UnseenError("there is no such message")
    return found
