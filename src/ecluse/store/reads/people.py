"""People as the screens show them: who holds what, how they sign in, what they were trained in."""

import datetime as dt
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass

from allauth.mfa.models import Authenticator
from django.db.models import Max, Prefetch
from django.utils import timezone

from ecluse.domain.permissions import Role
from ecluse.domain.room import RoomEvent
from ecluse.store.models import (
    AccessReview,
    Agent,
    Invitation,
    JournalLine,
    Membership,
    Organisation,
    Person,
    Recovery,
    Training,
)

REVIEW_DAYS = 183
"""Access is looked at every six months (issue 4; our choice, no law sets it)."""


@dataclass(frozen=True, slots=True)
class TrainingState:
    """What a person's latest training says: until when it counts, None where there is none."""

    latest: Training | None
    today: dt.date

    @property
    def state(self) -> str:
        """``missing``, ``expired`` or ``valid``."""
        if self.latest is None:
            return "missing"
        return "expired" if self.latest.expires_on < self.today else "valid"


@dataclass(frozen=True, slots=True)
class Means:
    """One authenticator: its kind, its name, since when, last used when."""

    id: int
    kind: str
    name: str
    added: dt.datetime
    used: dt.datetime | None


@dataclass(frozen=True, slots=True)
class Member:
    """One person of an organisation."""

    person: Person
    roles: tuple[Membership, ...]
    means: tuple[Means, ...]
    training: TrainingState

    @property
    def left(self) -> bool:
        """Whether the person holds nothing here any more."""
        return not self.roles

    @property
    def kinds(self) -> dict[str, int]:
        """How many authenticators there are of each kind."""
        return dict(Counter(each.kind for each in self.means))


def places_of(person: Person) -> list[str]:
    """The names of the organisations in which a person holds a role."""
    held = person.memberships.filter(until__isnull=True).select_related("organisation")
    return sorted({membership.organisation.name for membership in held})


def names(handles: Iterable[str]) -> dict[str, str]:
    """The names of people, by handle."""
    return dict(Person.objects.filter(handle__in=list(handles)).values_list("handle", "name"))


def name_of(slug: str) -> str:
    """An organisation's name."""
    return Organisation.objects.values_list("name", flat=True).get(slug=slug)


def members(organisation: Organisation, handle: str | None = None) -> list[Member]:
    """Everybody who holds or held a role in an organisation, those who are here first; or the one of ``handle``."""
    found = Person.objects.filter(memberships__organisation=organisation).distinct()
    if handle is not None:
        found = found.filter(handle=handle)
    roles = Membership.objects.filter(organisation=organisation, until__isnull=True).order_by("role")
    people = found.prefetch_related(
        Prefetch("memberships", roles, to_attr="held_here"),
        Prefetch("authenticator_set", Authenticator.objects.order_by("created_at"), to_attr="means_here"),
        Prefetch("trainings", Training.objects.order_by("-expires_on"), to_attr="trained_here"),
    )
    today = timezone.localdate()
    made = [_member(person, today) for person in people]
    return sorted(made, key=lambda each: (each.left, each.person.name))


def _member(person: Person, today: dt.date) -> Member:
    held: list[Membership] = person.held_here  # type: ignore[attr-defined]
    means: list[Authenticator] = person.means_here  # type: ignore[attr-defined]
    trained: list[Training] = person.trained_here  # type: ignore[attr-defined]
    training = TrainingState(trained[0] if trained else None, today)
    return Member(person, tuple(held), tuple(map(_means, means)), training)


def means_of(person: Person) -> list[Means]:
    """A person's authenticators, the oldest first."""
    return [_means(each) for each in Authenticator.objects.filter(user=person).order_by("created_at")]


def _means(found: Authenticator) -> Means:
    return Means(found.pk, found.type, found.data.get("name", ""), found.created_at, found.last_used_at)


def trainings(person: Person) -> list[Training]:
    """What a person was trained in, the latest first."""
    return list(person.trainings.select_related("recorded_by").order_by("-expires_on"))


def training_of(person: Person) -> TrainingState:
    """Where a person's training stands."""
    return TrainingState(person.trainings.order_by("-expires_on").first(), timezone.localdate())


def open_invitations(organisation: Organisation) -> list[Invitation]:
    """Links that were sent and not used, the latest first."""
    waiting = Invitation.objects.filter(
        organisation=organisation, accepted_at=None, withdrawn_at=None, expires_at__gt=timezone.now()
    )
    return list(waiting.select_related("invited_by").order_by("-made_at"))


def open_recoveries(slugs: Iterable[str]) -> list[Recovery]:
    """Recoveries that still wait for a second administrator, or for their link to be used."""
    waiting = Recovery.objects.filter(
        organisation__slug__in=list(slugs), used_at=None, refused_at=None, expires_at__gt=timezone.now()
    )
    return list(waiting.select_related("person", "organisation", "asked_by", "approved_by").order_by("asked_at"))


def recoveries_of(person: Person) -> list[Recovery]:
    """Recoveries of a person that can still be refused."""
    waiting = Recovery.objects.filter(person=person, used_at=None, refused_at=None, expires_at__gt=timezone.now())
    return list(waiting.select_related("asked_by", "organisation"))


def agents_owned(person: Person, organisation: Organisation) -> list[Agent]:
    """The agents that a person answers for in an organisation, and that still may work."""
    return list(Agent.objects.filter(owner=person, organisation=organisation, revoked_at__isnull=True))


def roles_to_review(organisation: Organisation) -> list[Membership]:
    """Every role that is held, by person."""
    held = Membership.objects.filter(organisation=organisation, until__isnull=True)
    return list(held.select_related("person").order_by("person__name", "role"))


def last_reviews(slugs: Iterable[str]) -> dict[str, AccessReview | None]:
    """The latest review of each organisation."""
    wanted = list(slugs)
    found: dict[str, AccessReview | None] = dict.fromkeys(wanted)
    reviews = AccessReview.objects.filter(organisation__slug__in=wanted).select_related("organisation", "by")
    return found | {review.organisation.slug: review for review in reviews.order_by("at")}


def review_due(organisation: Organisation, last: AccessReview | None) -> dt.date:
    """The day by which access is to be looked at again."""
    start = last.at if last else organisation.added_at
    return timezone.localdate(start + dt.timedelta(days=REVIEW_DAYS))


def administrators(slugs: Iterable[str]) -> Counter[str]:
    """How many administrators each organisation has."""
    held = Membership.objects.filter(
        organisation__slug__in=list(slugs), role=Role.ADMINISTRATOR, until__isnull=True, person__is_active=True
    )
    return Counter(held.values_list("organisation__slug", flat=True))


def latest_trainings(slugs: Iterable[str]) -> dict[str, list[tuple[str, dt.date | None]]]:
    """For each organisation, its people's handles and the last day of their training."""
    held = Membership.objects.filter(organisation__slug__in=list(slugs), until__isnull=True)
    found = held.values_list("organisation__slug", "person__handle").annotate(last=Max("person__trainings__expires_on"))
    made: dict[str, dict[str, dt.date | None]] = {}
    for slug, handle, last in found:
        made.setdefault(slug, {})[handle] = last
    return {slug: sorted(people.items()) for slug, people in made.items()}


def seen_elsewhere(slugs: Iterable[str], since: dt.datetime) -> list[JournalLine]:
    """When somebody's account was at two places, the latest first; one line a person."""
    lines = JournalLine.objects.filter(
        event=RoomEvent.SESSION_ELSEWHERE, at__gt=since, readers__organisation__in=list(slugs)
    ).distinct()
    latest: dict[str, JournalLine] = {}
    for line in lines[:200]:
        latest.setdefault(line.subject, line)
    return list(latest.values())


def comings_and_goings(person: Person, organisation: Organisation, count: int = 20) -> list[JournalLine]:
    """The latest journal lines about a person that an organisation may read."""
    return list(
        JournalLine.objects.filter(subject=person.handle, readers__organisation=organisation.slug).distinct()[:count]
    )
