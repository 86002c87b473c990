"""Agents: invited by a one-time code, enrolled with a key of their own, revoked at once (law 6, issue 4)."""

import datetime as dt
import secrets

from django.utils import timezone

from ecluse.domain.errors import ForbiddenError, SignatureError, UnseenError, UsageError
from ecluse.domain.names import is_the_rooms
from ecluse.domain.policies import check_trained
from ecluse.domain.room import RoomEvent
from ecluse.seal.signing import fingerprint
from ecluse.store.models import Agent, EnrolmentCode, Organisation, Person
from ecluse.store.reads.bearers import secret_digest
from ecluse.store.reads.people import training_of
from ecluse.store.recording import Act, act
from ecluse.store.sightings import agent_seen
from ecluse.workspace.place import Place

CODE_MINUTES = 60
RELAY = "relay"
"""Where an agent works that is a relay: between the places."""


@act
def invite(act: Act, organisation: Organisation, place: str, handle: str, *, owner: Person) -> str:
    """Name an agent that ``owner`` answers for; gives its one-time code, which is kept nowhere.

    ``place`` is a :class:`Place`, or :data:`RELAY`.

    Raises:
        UsageError: the handle is taken by another agent or a person, or is the room's own; it is invited already for
            another owner or place; the owner has no training in date (R20).
        ForbiddenError: the owner is not of this organisation.
    """
    if not any(grant.organisation == organisation.slug for grant in owner.grants()):
        raise ForbiddenError("an agent's owner is somebody of its organisation")
    latest = training_of(owner)
    check_trained(latest.latest.expires_on if latest.latest else None, latest.today)
    if place not in {*Place, RELAY}:
        raise UsageError("an agent works at the source, at the destination, or is a relay")
    known = Agent.objects.filter(handle=handle).first()
    if is_the_rooms(handle):
        raise UsageError(f"{handle} is a name of the room's own", hint="choose another")
    if Person.objects.filter(handle=handle).exists():
        raise UsageError(f"{handle} is a person's name here")
    if known is not None and (known.enrolled_at or known.revoked_at or known.organisation != organisation):
        raise UsageError(f"an agent {handle} is here already")
    if known is not None and (known.owner_id != owner.pk or known.place != str(place)):
        # Else the entry would name an owner, whose training was asked for, who then answers for nothing.
        raise UsageError(
            f"an agent {handle} is invited already, for {known.owner.handle}; its place: {known.place}",
            hint="its owner makes another code for the same place; otherwise revoke it, and choose another name",
        )
    agent = known or Agent.objects.create(handle=handle, organisation=organisation, owner=owner, place=place)
    # Begun by a letter: on a command line, what begins with a hyphen is an option.
    code = f"ecc_{secrets.token_urlsafe(24)}"
    EnrolmentCode.objects.filter(agent=agent, used_at__isnull=True).update(used_at=act.now)
    EnrolmentCode.objects.create(
        agent=agent, digest=secret_digest(code), expires_at=act.now + dt.timedelta(minutes=CODE_MINUTES)
    )
    act.record(RoomEvent.AGENT_INVITED, organisation.slug, subject=handle, place=str(place), owner=owner.handle)
    return code


@act
def enrol(act: Act, code: str, key: str, version: str) -> tuple[Agent, str]:
    """Bind an agent to its public key; gives it and its token, which is kept nowhere. The code is spent.

    Raises:
        UnseenError: the code is spent, expired, or was never made.
        SignatureError: the key is another agent's.
        MalformedError: not an OpenSSH public key line.
    """
    found = (
        EnrolmentCode.objects.select_for_update(of=("self",))
        .select_related("agent__organisation")
        .filter(digest=secret_digest(code), used_at__isnull=True, expires_at__gt=timezone.now())
        .first()
    )
    if found is None or found.agent.revoked_at is not None:
        raise UnseenError("this code is spent or expired", hint="its owner makes another in the control room")
    if key.split(" ", maxsplit=1)[0].startswith("sk-"):
        raise SignatureError("an agent signs by itself: its key is no passkey or security key")
    print_ = fingerprint(key)
    line = " ".join(key.split()[:2])
    if Agent.objects.filter(key=line).exclude(pk=found.agent.pk).exists():
        raise SignatureError("another agent has this key (law 6)")
    token, agent = f"eca_{secrets.token_urlsafe(32)}", found.agent
    found.used_at = act.now
    found.save()
    agent.key, agent.token_digest, agent.enrolled_at = line, secret_digest(token), act.now
    agent.version = version[:32]
    agent.save()
    agent_seen(agent, version=version)
    act.record(RoomEvent.AGENT_ENROLLED, agent.organisation.slug, subject=agent.handle, key=print_)
    return agent, token


@act
def revoke(act: Act, agent: Agent) -> None:
    """Its token and codes work no longer, from now on; what it signed stays signed. Repeating it is harmless."""
    if agent.revoked_at is not None:
        return
    agent.revoked_at = act.now  # the token's digest stays: should it come back, the journal says whose it was
    agent.save()
    EnrolmentCode.objects.filter(agent=agent, used_at__isnull=True).update(used_at=act.now)
    act.record(RoomEvent.AGENT_REVOKED, agent.organisation.slug, subject=agent.handle)
