"""What the accounts' library does, in the room's journal: sign-ins, failures, authenticators, sessions (R6, R10)."""

from typing import Any

from allauth.mfa.models import Authenticator
from allauth.mfa.signals import (
    authentication_failed,
    authenticator_added,
    authenticator_removed,
    authenticator_reset,
)
from django.contrib.auth.signals import user_logged_in, user_logged_out, user_login_failed
from django.http import HttpRequest

from ecluse.domain.room import RoomEvent
from ecluse.store.models import Person
from ecluse.store.recording import SYSTEM, acting
from ecluse.store.refusals import origin_detail

ANONYMOUS = "anonymous"


def listen() -> None:
    """Connect, once a process."""
    user_logged_in.connect(_signed_in, dispatch_uid="ecluse.signed_in")
    user_logged_out.connect(_signed_out, dispatch_uid="ecluse.signed_out")
    user_login_failed.connect(_failed, dispatch_uid="ecluse.sign_in_failed")
    authentication_failed.connect(_wrong_code, dispatch_uid="ecluse.wrong_code")
    authenticator_added.connect(_added, dispatch_uid="ecluse.authenticator_added")
    authenticator_removed.connect(_removed, dispatch_uid="ecluse.authenticator_removed")
    authenticator_reset.connect(_added, dispatch_uid="ecluse.authenticator_reset")


def organisations(person: Person) -> tuple[str, ...]:
    """Whose journal a person's comings and goings belong to."""
    return tuple(sorted({grant.organisation for grant in person.grants()}))


def _record(event: RoomEvent, person: Person, **detail: int | str) -> None:
    with acting(person.handle) as act:
        act.record(event, *organisations(person), subject=person.handle, **detail)


def _signed_in(user: Person, request: HttpRequest | None = None, **_: Any) -> None:
    _record(RoomEvent.SIGNED_IN, user, **origin_detail(request))


def _signed_out(user: Person | None, **_: Any) -> None:
    if user is not None:
        _record(RoomEvent.SIGNED_OUT, user)


def _failed(credentials: dict[str, Any], request: HttpRequest | None = None, **_: Any) -> None:
    # The address that was tried may be anybody's typing error: only a known person is named.
    tried = credentials.get("email") or credentials.get("username") or ""
    person = Person.objects.filter(email__iexact=str(tried)).first()
    with acting(SYSTEM) as act:
        concerns = organisations(person) if person else ()
        subject = person.handle if person else ANONYMOUS
        act.record(RoomEvent.SIGN_IN_FAILED, *concerns, subject=subject, **origin_detail(request))


def _wrong_code(user: Person, authenticator: Authenticator, request: HttpRequest | None = None, **_: Any) -> None:
    with acting(SYSTEM) as act:
        detail = origin_detail(request) | {"kind": authenticator.type}
        act.record(RoomEvent.SIGN_IN_FAILED, *organisations(user), subject=user.handle, **detail)


def _added(user: Person, authenticator: Authenticator, **_: Any) -> None:
    with acting(user.handle) as act:
        Person.objects.filter(pk=user.pk, enrolled_at__isnull=True).update(enrolled_at=act.now)
        act.record(RoomEvent.AUTHENTICATOR_ADDED, *organisations(user), subject=user.handle, kind=authenticator.type)


def _removed(user: Person, authenticator: Authenticator, **_: Any) -> None:
    _record(RoomEvent.AUTHENTICATOR_REMOVED, user, kind=authenticator.type)
