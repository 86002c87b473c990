"""Who leaves, who is recovered, what is reviewed; sessions and authenticators (R6, R20, law 6)."""

import datetime as dt
import secrets
from collections.abc import Mapping

from allauth.mfa.models import Authenticator
from allauth.mfa.totp.internal.auth import TOTP
from allauth.socialaccount.models import SocialAccount
from allauth.usersessions.models import UserSession
from django.contrib.sessions.models import Session
from django.utils import timezone

from ecluse.domain.errors import ForbiddenError, UnseenError, UsageError
from ecluse.domain.permissions import Role
from ecluse.domain.room import RoomEvent
from ecluse.store.account_events import organisations
from ecluse.store.acts.people import check_administered_without
from ecluse.store.models import AccessReview, Agent, ApiToken, Membership, Organisation, Person, Recovery, Training
from ecluse.store.reads.bearers import secret_digest
from ecluse.store.recording import Act, act

APPROVAL_HOURS = 72
LINK_HOURS = 24


def _roles(person: Person, organisation: Organisation) -> list[Membership]:
    held = Membership.objects.filter(person=person, organisation=organisation, until__isnull=True)
    return list(held.select_related("organisation", "person"))


@act
def leave(act: Act, organisation: Organisation, person: Person, *, by: Person, heir: Person | None = None) -> None:
    """Somebody leaves an organisation: roles, sessions and tokens end at once; agents pass to ``heir``.

    Whoever holds nothing elsewhere loses their authenticators too, and can sign in no more. What they did stays.

    Raises:
        UsageError: not of this organisation; its last administrator; agents without an heir of the organisation.
        ForbiddenError: nobody shows themself out: another sees that all is handed over.
    """
    if by.pk == person.pk:
        raise ForbiddenError("nobody ends their own access", hint="another administrator does")
    held = _roles(person, organisation)
    if not held:
        raise UsageError("this person is not of this organisation")
    check_administered_without(organisation, {membership.pk for membership in held})
    agents = _hand_over(act, organisation, person, heir)
    for membership in held:
        membership.until = act.now
        membership.save()
    sessions, tokens = end_all_sessions(person), _revoke_tokens(act, person)
    gone = not person.memberships.filter(until__isnull=True).exists()
    authenticators = _close(act, person) if gone else 0
    act.record(
        RoomEvent.LEFT, organisation.slug, subject=person.handle, roles=len(held), sessions=sessions, tokens=tokens,
        authenticators=authenticators, agents=agents,
    )  # fmt: skip


def _close(act: Act, person: Person) -> int:
    gone = _remove_authenticators(person)
    SocialAccount.objects.filter(user=person).delete()
    person.is_active, person.left_at = False, act.now
    person.set_unusable_password()
    person.save()
    return gone


def _hand_over(act: Act, organisation: Organisation, person: Person, heir: Person | None) -> int:
    owned = list(Agent.objects.filter(owner=person, organisation=organisation, revoked_at__isnull=True))
    if not owned:
        return 0
    if heir is None or heir.pk == person.pk or not _roles(heir, organisation):
        raise UsageError("agents need another owner", hint="choose somebody of this organisation")
    for agent in owned:
        agent.owner = heir
        agent.save()
        act.record(RoomEvent.AGENT_HANDED_OVER, organisation.slug, subject=agent.handle, owner=heir.handle)
    return len(owned)


def _revoke_tokens(act: Act, person: Person) -> int:
    return int(ApiToken.objects.filter(person=person, revoked_at__isnull=True).update(revoked_at=act.now))


def _remove_authenticators(person: Person) -> int:
    found = Authenticator.objects.filter(user=person)
    count = int(found.count())
    found.delete()
    return count


def end_all_sessions(person: Person, *, but: str = "") -> int:
    """End whatever sessions a person has, but for the one of key ``but``; gives their number."""
    keys = list(UserSession.objects.filter(user=person).exclude(session_key=but).values_list("session_key", flat=True))
    ended = Session.objects.filter(session_key__in=keys).count()
    Session.objects.filter(session_key__in=keys).delete()
    UserSession.objects.filter(session_key__in=keys).delete()
    return ended


@act
def end_sessions(act: Act, person: Person, *, but: str = "", only: int | None = None) -> int:
    """End a person's sessions: all, all but one (by key), or one (by id).

    Raises:
        UnseenError: that one is not theirs, or has ended.
    """
    if only is None:
        ended = end_all_sessions(person, but=but)
    else:
        found = UserSession.objects.filter(user=person, pk=only).first()
        if found is None:
            raise UnseenError("there is no such session")
        Session.objects.filter(session_key=found.session_key).delete()
        found.delete()
        ended = 1
    act.record(RoomEvent.SESSION_ENDED, *organisations(person), subject=person.handle, sessions=ended)
    return ended


@act
def enrol_app(act: Act, person: Person, secret: str, password: str | None) -> None:
    """An authenticator app becomes a person's second factor, together with the password that goes before it.

    Raises:
        UsageError: there is one already.
    """
    if Authenticator.objects.filter(user=person, type=Authenticator.Type.TOTP).exists():
        raise UsageError("there is an authenticator app already", hint="remove it first")
    if password is not None:
        person.set_password(password)
    person.enrolled_at = person.enrolled_at or act.now
    person.save()
    TOTP.activate(person, secret)
    act.record(RoomEvent.AUTHENTICATOR_ADDED, *organisations(person), subject=person.handle, kind="totp")


@act
def remove_authenticator(act: Act, person: Person, authenticator: int) -> None:
    """Take one's own authenticator away; a person keeps one.

    Raises:
        UnseenError: it is not theirs.
        UsageError: it is the last one.
    """
    found = Authenticator.objects.filter(user=person, pk=authenticator).first()
    if found is None:
        raise UnseenError("there is no such authenticator")
    # Locked: of two who take the last two away at once, the second finds one.
    Person.objects.select_for_update().get(pk=person.pk)
    if not Authenticator.objects.filter(user=person).exclude(pk=authenticator).exists():
        raise UsageError("this is your last authenticator", hint="add another one first")
    kind = found.type
    found.delete()
    if kind == Authenticator.Type.TOTP:
        # Without the app, a password alone would be asked for a second factor that is not there.
        person.set_unusable_password()
        person.save()
    act.record(RoomEvent.AUTHENTICATOR_REMOVED, *organisations(person), subject=person.handle, kind=str(kind))


@act
def unlink(act: Act, person: Person, identity: int) -> None:
    """A provider's identity opens this account no more.

    Raises:
        UnseenError: it is not linked to this person.
    """
    found = SocialAccount.objects.filter(user=person, pk=identity).first()
    if found is None:
        raise UnseenError("there is no such identity")
    provider = found.provider
    found.delete()
    act.record(RoomEvent.ACCOUNT_CHANGED, *organisations(person), subject=person.handle, unlinked=provider)


@act
def ask_recovery(act: Act, organisation: Organisation, person: Person, *, by: Person) -> Recovery:
    """The first of two administrators asks that a person may enrol a new authenticator.

    Raises:
        ForbiddenError: one does not ask for oneself.
        UsageError: it is asked already; or the person belongs to another organisation now.
    """
    _check_theirs(person, organisation)
    if by.pk == person.pk:
        raise ForbiddenError("nobody recovers their own account", hint="two other administrators do")
    if Recovery.objects.filter(
        person=person, used_at__isnull=True, refused_at__isnull=True, expires_at__gt=act.now
    ).exists():
        raise UsageError("this recovery is asked already")
    made = Recovery.objects.create(
        person=person, organisation=organisation, asked_by=by, asked_at=act.now,
        expires_at=act.now + dt.timedelta(hours=APPROVAL_HOURS),
    )  # fmt: skip
    act.record(RoomEvent.RECOVERY_ASKED, organisation.slug, subject=person.handle)
    return made


@act
def approve_recovery(act: Act, recovery: Recovery, *, by: Person) -> str:
    """The second administrator agrees; gives the secret of a one-time link for the person, kept nowhere.

    Raises:
        ForbiddenError: whoever asked, or the person, cannot approve; nor counts one who administers no more.
        UsageError: it has expired, was refused, or approved already.
    """
    # Locked: of two who approve at once, the second finds it approved.
    recovery = Recovery.objects.select_for_update(of=("self",)).select_related("organisation").get(pk=recovery.pk)
    if by.pk in {recovery.asked_by_id, recovery.person_id}:
        raise ForbiddenError("a recovery takes two administrators", hint="another one than who asked approves it")
    if not _administers(recovery.asked_by, recovery.organisation):
        raise ForbiddenError("whoever asked is no administrator any more", hint="ask anew")
    _check_theirs(recovery.person, recovery.organisation)
    if recovery.approved_at or recovery.refused_at or recovery.expires_at <= act.now:
        raise UsageError("this recovery is not open any more")
    secret = secrets.token_urlsafe(32)
    recovery.approved_by, recovery.approved_at = by, act.now
    recovery.digest, recovery.expires_at = secret_digest(secret), act.now + dt.timedelta(hours=LINK_HOURS)
    recovery.save()
    act.record(RoomEvent.RECOVERY_APPROVED, recovery.organisation.slug, subject=recovery.person.handle)
    return secret


def _check_theirs(person: Person, organisation: Organisation) -> None:
    """Whoever moved on is recovered where they are now; whoever left altogether, where they were.

    Raises:
        UsageError: the person holds roles, and none in this organisation.
    """
    held = person.memberships.filter(until__isnull=True)
    if held.exists() and not held.filter(organisation=organisation).exists():
        raise UsageError("this person is of another organisation now", hint="its administrators recover them")


def _administers(person: Person, organisation: Organisation) -> bool:
    return any(
        grant.organisation == organisation.slug and grant.role is Role.ADMINISTRATOR for grant in person.grants()
    )


@act
def refuse_recovery(act: Act, recovery: Recovery) -> None:
    """An administrator, or the person who lost nothing, says no.

    Raises:
        UsageError: it is used, refused or expired.
    """
    if recovery.used_at or recovery.refused_at or recovery.expires_at <= act.now:
        raise UsageError("this recovery is not open any more")
    recovery.refused_at = act.now
    recovery.save()
    act.record(RoomEvent.RECOVERY_REFUSED, recovery.organisation.slug, subject=recovery.person.handle)


def open_recovery(secret: str, now: dt.datetime) -> Recovery | None:
    """The recovery that a link's secret opens, if it is still open."""
    found = Recovery.objects.filter(
        digest=secret_digest(secret), approved_at__isnull=False, used_at__isnull=True, refused_at__isnull=True,
        expires_at__gt=now,
    )  # fmt: skip
    return found.select_related("person", "organisation", "asked_by", "approved_by").first()


@act
def recover(act: Act, recovery: Recovery) -> Person:
    """Whoever holds the link starts again: old authenticators, sessions and tokens are gone.

    Roles in organisations that neither of the two administrators serves end: two of one laboratory do not hand out
    access to another.

    Raises:
        UnseenError: the link was used meanwhile.
        UsageError: the person has moved on to another organisation since.
    """
    held = Recovery.objects.select_for_update(of=("self",)).filter(pk=recovery.pk, used_at__isnull=True).first()
    if held is None:
        raise UnseenError("this link is spent or expired")
    person = held.person
    _check_theirs(person, held.organisation)
    held.used_at = act.now
    held.save()
    concerned = {held.organisation.slug, *organisations(person)}
    for membership in person.memberships.filter(until__isnull=True).exclude(organisation=held.organisation):
        membership.until = act.now
        membership.save()
        place = membership.organisation.slug
        act.record(RoomEvent.WITHDRAWN, place, subject=person.handle, role=membership.role)
    end_all_sessions(person)
    _revoke_tokens(act, person)
    _remove_authenticators(person)
    SocialAccount.objects.filter(user=person).delete()
    person.set_unusable_password()
    person.is_active, person.left_at = True, None
    person.save()
    act.record(RoomEvent.RECOVERED, *sorted(concerned), subject=person.handle)
    return person


@act
def review_access(act: Act, organisation: Organisation, decisions: Mapping[int, bool], *, by: Person) -> AccessReview:
    """Look at every role of an organisation once: keep it or end it.

    ``decisions``: whether each role stays, by membership.

    Raises:
        UsageError: a role has no decision; one's own would end; nobody would administer the organisation.
    """
    held = list(
        Membership.objects.filter(organisation=organisation, until__isnull=True).select_related(
            "person", "organisation"
        )
    )
    missing = [membership for membership in held if membership.pk not in decisions]
    if missing:
        raise UsageError("each role needs a decision", hint=f"without one: {len(missing)}")
    ending = [membership for membership in held if not decisions[membership.pk]]
    if any(membership.person_id == by.pk for membership in ending):
        raise UsageError("nobody ends their own access", hint="another administrator does")
    check_administered_without(organisation, {membership.pk for membership in ending})
    for membership in ending:
        membership.until = act.now
        membership.save()
        act.record(RoomEvent.WITHDRAWN, organisation.slug, subject=membership.person.handle, role=membership.role)
    kept = len(held) - len(ending)
    made = AccessReview.objects.create(organisation=organisation, by=by, kept=kept, withdrawn=len(ending), at=act.now)
    act.record(
        RoomEvent.ACCESS_REVIEWED, organisation.slug, subject=organisation.slug, kept=kept, withdrawn=len(ending)
    )
    return made


@act
def record_training(
    act: Act,
    organisation: Organisation,
    person: Person,
    subject: str,
    *,
    done_on: dt.date,
    expires_on: dt.date,
    by: Person,
) -> Training:
    """What a person was trained in, and until when that counts (R20).

    Raises:
        UsageError: not of this organisation, or the dates contradict one another.
    """
    if not _roles(person, organisation):
        raise UsageError("this person is not of this organisation")
    if expires_on <= done_on:
        raise UsageError("a training expires after it was done")
    if done_on > timezone.localdate(act.now):
        raise UsageError("a training is recorded when it is done")
    made = Training.objects.create(
        person=person, subject=subject[:200], done_on=done_on, expires_on=expires_on, recorded_by=by
    )
    act.record(RoomEvent.TRAINED, organisation.slug, subject=person.handle, until=expires_on.isoformat())
    return made
