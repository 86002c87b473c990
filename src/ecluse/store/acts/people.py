"""Organisations, invitations, roles, training (R4, R6, R20)."""

import datetime as dt
import re
import secrets
import unicodedata

from allauth.mfa.models import Authenticator
from django.utils import timezone

from ecluse.domain.addresses import shared_name
from ecluse.domain.errors import ForbiddenError, UnseenError, UsageError
from ecluse.domain.names import is_plain, is_the_rooms
from ecluse.domain.permissions import Role, Side
from ecluse.domain.room import RoomEvent
from ecluse.store.models import Agent, Invitation, Membership, Organisation, Person
from ecluse.store.reads.bearers import secret_digest
from ecluse.store.recording import Act, act

INVITATION_DAYS = 7


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
        UsageError: the address is shared, or of somebody who holds this role already, or who has left; or a name
            with signs that are not seen.
    """
    check_plain(name)
    shared = shared_name(email)
    if shared:
        raise UsageError(
            f"{shared}@… is read by several people", hint="one address, one person: invite each at an address of theirs"
        )
    person = Person.objects.filter(email__iexact=email).first()
    if person is not None and person.left_at is not None:
        raise UsageError("this person has left", hint="two administrators bring somebody back by a recovery")
    held = Membership.objects.filter(person=person, organisation=organisation, role=role, until__isnull=True)
    if person is not None and _has_enrolled(person) and held.exists():
        raise UsageError("this person holds this role already")
    secret = secrets.token_urlsafe(32)
    made = Invitation.objects.create(
        email=email,
        name=name,
        organisation=organisation,
        role=role,
        invited_by=by,
        digest=secret_digest(secret),
        expires_at=timezone.now() + dt.timedelta(days=INVITATION_DAYS),
    )
    act.record(RoomEvent.INVITED, organisation.slug, subject=f"invitation-{made.pk}", role=str(role))
    return secret


@act
def bring_in(
    act: Act, name: str, address: str, email: str, administrator: str, *, of: Organisation, by: Person
) -> tuple[Organisation, str]:
    """Add an organisation of the other side than ``of``, and invite its first administrator; gives the link's secret.

    While nobody has joined there, repeating it makes another link, and the former works no longer.

    Raises:
        UsageError: the organisation has its own people already, or another brought it in; or as for :func:`invite`.
    """
    check_plain(name)
    side = Side.PROCESSOR if Side(of.side) is Side.CONTROLLER else Side.CONTROLLER
    found = Organisation.objects.filter(name__iexact=name).first()
    if found is not None and (found.memberships.exists() or found.side != side or _asked_by_others(found, of)):
        raise UsageError("this organisation is here already", hint="its own administrator invites its people")
    if found is None:
        found = add_organisation(act.actor, free_slug(name), name, side)
    for waiting in Invitation.objects.filter(organisation=found, accepted_at__isnull=True, withdrawn_at__isnull=True):
        withdraw_invitation(act.actor, waiting)
    if found.address != address:
        found.address = address
        found.save()
    return found, invite(act.actor, found, Role.ADMINISTRATOR, email, administrator, by=by)


def _asked_by_others(organisation: Organisation, of: Organisation) -> bool:
    """Whether somebody else than the people of ``of`` invited the first administrator: theirs it is to invite anew."""
    made = Invitation.objects.filter(organisation=organisation)
    return made.exclude(invited_by__memberships__organisation=of).exists()


def check_plain(name: str) -> None:
    """A name of a person or an organisation is what one sees of it.

    Raises:
        UsageError: it holds signs that are not seen, or more than one line.
    """
    if not is_plain(name):
        raise UsageError("a name holds signs that are not seen", hint="write it with letters, on one line")


def _has_enrolled(person: Person) -> bool:
    return person.enrolled_at is not None or Authenticator.objects.filter(user=person).exists()


def open_invitation(secret: str) -> Invitation | None:
    """The invitation that a link's secret opens, if it is still open."""
    return Invitation.objects.filter(
        digest=secret_digest(secret),
        accepted_at__isnull=True,
        withdrawn_at__isnull=True,
        expires_at__gt=timezone.now(),
    ).first()


def account_of(invitation: Invitation) -> Person | None:
    """Whoever has the address that was invited and must sign in to accept; None where a new account is to be made.

    An account whose first authenticator was never enrolled, and which holds nothing elsewhere, counts as new: else the
    loss of a first link would lock its person out for good.
    """
    person = Person.objects.filter(email__iexact=invitation.email).first()
    if person is None:
        return None
    elsewhere = person.memberships.exclude(organisation=invitation.organisation).exists()
    return person if _has_enrolled(person) or elsewhere or not person.is_active else None


@act
def join(act: Act, invitation: Invitation, name: str, language: str) -> Person:
    """Whoever followed the link becomes a person here; the link is spent.

    Raises:
        ForbiddenError: the address has an account: its person accepts by signing in.
        UsageError: a name with signs that are not seen.
    """
    check_plain(name)
    if account_of(invitation) is not None:
        raise ForbiddenError("this address has an account here", hint="sign in, then follow the link")
    person = Person.objects.filter(email__iexact=invitation.email).first()
    if person is None:
        person = Person(email=invitation.email, name=name, language=language, handle=free_handle(name))
        person.set_unusable_password()
        person.save()
    _accept(act, invitation, person)
    return person


@act
def accept(act: Act, invitation: Invitation, person: Person) -> None:
    """Somebody who is here already gains the role of an invitation; the link is spent.

    Raises:
        ForbiddenError: the invitation is for another address.
    """
    if person.email.casefold() != invitation.email.casefold():
        raise ForbiddenError("this invitation is for another person", hint="links are not handed on")
    _accept(act, invitation, person)


def _accept(act: Act, invitation: Invitation, person: Person) -> None:
    # The row is locked: of two who follow one link at once, the second finds it spent.
    held = Invitation.objects.select_for_update().filter(pk=invitation.pk, accepted_at=None, withdrawn_at=None).first()
    if held is None:
        raise UnseenError("this invitation is spent, withdrawn or expired")
    Membership.objects.get_or_create(
        person=person, organisation=invitation.organisation, role=invitation.role, until=None
    )
    held.accepted_at = act.now
    held.save()
    act.record(RoomEvent.JOINED, invitation.organisation.slug, subject=person.handle, role=invitation.role)


@act
def withdraw_invitation(act: Act, invitation: Invitation) -> None:
    """A link works no longer.

    Raises:
        UsageError: it was used or withdrawn already.
    """
    if invitation.accepted_at or invitation.withdrawn_at:
        raise UsageError("this invitation is not open")
    invitation.withdrawn_at = act.now
    invitation.save()
    act.record(RoomEvent.INVITATION_WITHDRAWN, invitation.organisation.slug, subject=f"invitation-{invitation.pk}")


@act
def grant(act: Act, organisation: Organisation, person: Person, role: Role, *, by: Person) -> None:
    """Give a further role to somebody of the organisation.

    Raises:
        UsageError: the person is not of this organisation, or holds the role already.
        ForbiddenError: nobody grants themself a role (R6).
    """
    if by.pk == person.pk:
        raise ForbiddenError("nobody grants themself a role", hint="another administrator does")
    held = Membership.objects.filter(person=person, organisation=organisation, until__isnull=True)
    if not held.exists():
        raise UsageError("this person is not of this organisation", hint="invite them")
    if held.filter(role=role).exists():
        raise UsageError("this person holds this role already")
    Membership.objects.create(person=person, organisation=organisation, role=role)
    act.record(RoomEvent.GRANTED, organisation.slug, subject=person.handle, role=str(role))


@act
def withdraw(act: Act, membership: Membership) -> None:
    """End a role; what was done in it stays.

    Raises:
        UsageError: it has ended already, or nobody else could administer the organisation.
    """
    if membership.until is not None:
        raise UsageError("this role has ended already")
    check_administered_without(membership.organisation, {membership.pk})
    membership.until = act.now
    membership.save()
    organisation, person = membership.organisation, membership.person
    act.record(RoomEvent.WITHDRAWN, organisation.slug, subject=person.handle, role=membership.role)


def check_administered_without(organisation: Organisation, ending: set[int]) -> None:
    """An organisation keeps an administrator.

    Raises:
        UsageError: the memberships that end (keys) include the last one.
    """
    # Locked: of two administrators who end one another at once, the second stays.
    Organisation.objects.select_for_update().get(pk=organisation.pk)
    administrators = set(
        Membership.objects.filter(
            organisation=organisation, role=Role.ADMINISTRATOR, until__isnull=True, person__is_active=True
        ).values_list("pk", flat=True)
    )
    if administrators and not administrators - ending:
        raise UsageError("an organisation keeps an administrator", hint="name another one first")


def free_handle(name: str) -> str:
    """A handle nobody has: ``dr.martin`` of “Dr Martin”, then ``dr.martin-2``."""
    plain = unicodedata.normalize("NFKD", name).encode("ascii", "ignore").decode().lower()
    stem = re.sub(r"[^a-z0-9]+", ".", plain).strip(".")[:48] or "person"
    stem = f"{stem}.person" if is_the_rooms(stem) else stem
    handle, count = stem, 1
    while Person.objects.filter(handle=handle).exists() or Agent.objects.filter(handle=handle).exists():
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
