"""The control room furnished for tests. Import it only inside a test or fixture that asked for ``room``."""

import datetime as dt
from dataclasses import dataclass
from functools import lru_cache

from allauth.mfa.totp.internal.auth import TOTP, generate_totp_secret
from django.contrib.auth.hashers import make_password
from django.test import Client
from django.utils import timezone

from ecluse.domain.permissions import Role, Side
from ecluse.domain.room import RoomEvent
from ecluse.store.acts import access, people
from ecluse.store.models import Membership, Organisation, Person
from ecluse.store.recording import SYSTEM, acting

PASSWORD = "correct-horse-battery-staple-9"
LAB, OTHER_LAB, VENDOR = "trois-rivieres", "quatre-vents", "logiciel-labo"


@dataclass(frozen=True)
class Room:
    """Who is in it, by organisation and role."""

    people: dict[tuple[str, Role], Person]

    @classmethod
    def furnished(cls) -> "Room":
        """Make everybody; each has a password and an authenticator app."""
        found: dict[tuple[str, Role], Person] = {}
        for slug, name, side in (
            (LAB, "Laboratoire des Trois Rivières", Side.CONTROLLER),
            (OTHER_LAB, "Laboratoire des Quatre Vents", Side.CONTROLLER),
            (VENDOR, "Logiciel Labo SAS", Side.PROCESSOR),
        ):
            organisation = people.add_organisation(SYSTEM, slug, name, side)
            for role in Role:
                found[slug, role] = member(organisation, role)
        return cls(found)

    @classmethod
    def known(cls) -> "Room":
        """The people of a room that was furnished before, read anew."""
        held = Membership.objects.filter(until__isnull=True).select_related("person", "organisation")
        return cls({(each.organisation.slug, Role(each.role)): each.person for each in held})

    def client(self, organisation: str, role: Role) -> Client:
        """A browser in which that person has signed in."""
        return signed_in(self.people[organisation, role])


def member(organisation: Organisation, role: Role) -> Person:
    """A new person of a role, with an authenticator."""
    name = f"{role} of {organisation.slug}"
    address = f"camille.{role}@{organisation.slug}.example"  # a person's: shared ones are refused
    secret = people.invite(SYSTEM, organisation, role, address, name)
    invitation = people.open_invitation(secret)
    assert invitation is not None
    person = people.join(SYSTEM, invitation, name, "en")
    with acting(SYSTEM) as act:
        person.password = _hashed()
        person.save()
        TOTP.activate(person, generate_totp_secret())
        act.record(RoomEvent.AUTHENTICATOR_ADDED, organisation.slug, subject=person.handle)
    if role is Role.ENGINEER:
        trained(organisation, person)
    return person


def trained(organisation: Organisation, person: Person) -> None:
    """Record a training that holds: whoever answers for an agent has one (R20)."""
    today = timezone.localdate()
    until = today + dt.timedelta(days=3650)
    access.record_training(SYSTEM, organisation, person, "R20", done_on=today, expires_on=until, by=person)


@lru_cache(maxsize=1)
def _hashed() -> str:
    """Argon2id is slow on purpose: one hash serves all, for they have one password."""
    return make_password(PASSWORD)


def signed_in(person: Person) -> Client:
    """A browser in which a person has signed in."""
    client = Client(headers={"host": "localhost"})
    with acting(person.handle):
        client.force_login(person, backend="allauth.account.auth_backends.AuthenticationBackend")
    return client
