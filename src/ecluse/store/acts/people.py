"""Organisations, invitations, roles, training (R4, R6, R20)."""

import datetime as dt
import hashlib
import re
import secrets
import unicodedata

from django.utils import timezone

from ecluse.domain.errors import UsageError
from ecluse.domain.permissions import Role, Side
from ecluse.domain.room import RoomEvent
from ecluse.store.models import Invitation, Membership, Organisation, Person
from ecluse.store.recording import Act, act

INVITATION_DAYS = 7


def digest_of_secret(secret: str) -> str:
    """What is kept of a link's or token's secret of 256 bits (hence no salt): SHA-256, hexadecimal."""
    return hashlib.sha256(secret.encode()).hexdigest()


@act
def add_organisation(act: Act, slug: str, name: str, side: Side) -> Organisation:
    """A controller or processor that the room serves."""
    if Organisation.objects.filter(slug=slug).exists():
        raise UsageError(f"an organisation {slug} is here already")
    made = Organisation.objects.create(slug=slug, name=name, side=side)
    act.record(RoomEvent.ORGANISATION_ADDED, slug, subject=slug, side=str(side))
    return made


@act
def invite(act: Act, organisation: Organisation, role: Role, email: str, name: str, *, by: Person | None = None) -> str:
    """Invite one person by a link that works once; gives its secret, which is kept nowhere.

    Raises:
        UsageError: the address is of somebody who holds this role already.
    """
    if Membership.objects.filter(
        person__email__iexact=email, organisation=organisation, role=role, until__isnull=True
    ).exists():
        raise UsageError("this person holds this role already")
    secret = secrets.token_urlsafe(32)
    made = Invitation.objects.create(
        email=email,
        name=name,
        organisation=organisation,
        role=role,
        invited_by=by,
        digest=digest_of_secret(secret),
        expires_at=timezone.now() + dt.timedelta(days=INVITATION_DAYS),
    )
    act.record(RoomEvent.INVITED, organisation.slug, subject=f"invitation-{made.pk}", role=str(role))
    return secret


def open_invitation(secret: str) -> Invitation | None:
    """The invitation that a link's secret opens, if it is still open."""
    return Invitation.objects.filter(
        digest=digest_of_secret(secret),
        accepted_at__isnull=True,
        withdrawn_at__isnull=True,
        expires_at__gt=timezone.now(),
    ).first()


@act
def join(act: Act, invitation: Invitation, name: str, language: str) -> Person:
    """Whoever followed the link becomes a person here, or gains the role; the link is spent."""
    person = Person.objects.filter(email__iexact=invitation.email).first()
    if person is None:
        person = Person(email=invitation.email, name=name, language=language, handle=free_handle(name))
        person.set_unusable_password()
        person.save()
    Membership.objects.get_or_create(
        person=person, organisation=invitation.organisation, role=invitation.role, until=None
    )
    invitation.accepted_at = timezone.now()
    invitation.save()
    act.record(RoomEvent.JOINED, invitation.organisation.slug, subject=person.handle, role=invitation.role)
    return person


def free_handle(name: str) -> str:
    """A handle nobody has: ``dr.martin`` of “Dr Martin”, then ``dr.martin-2``."""
    plain = unicodedata.normalize("NFKD", name).encode("ascii", "ignore").decode().lower()
    stem = re.sub(r"[^a-z0-9]+", ".", plain).strip(".")[:48] or "person"
    handle, count = stem, 1
    while Person.objects.filter(handle=handle).exists():
        count += 1
        handle = f"{stem}-{count}"
    return handle


def free_slug(name: str) -> str:
    """An organisation's id that nobody has: ``laboratoire-des-trois-rivieres``."""
    plain = unicodedata.normalize("NFKD", name).encode("ascii", "ignore").decode().lower()
    stem = re.sub(r"[^a-z0-9]+", "-", plain).strip("-")[:48] or "organisation"
    slug, count = stem, 1
    while Organisation.objects.filter(slug=slug).exists():
        count += 1
        slug = f"{stem}-{count}"
    return slug


@act
def withdraw_open_invitations(act: Act, organisation: Organisation, email: str) -> int:
    """Whatever links were sent to an address for this organisation work no longer; gives their number."""
    waiting = Invitation.objects.filter(
        organisation=organisation, email__iexact=email, accepted_at__isnull=True, withdrawn_at__isnull=True
    )
    for each in waiting:
        each.withdrawn_at = act.now
        each.save()
        act.record(RoomEvent.INVITATION_WITHDRAWN, organisation.slug, subject=f"invitation-{each.pk}")
    return len(waiting)
