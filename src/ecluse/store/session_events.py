"""One account at two places: noticed when it happens, journalled, shown to its person and the security officer (R6)."""

from typing import Any

from allauth.account.adapter import get_adapter
from allauth.account.signals import user_logged_in
from allauth.usersessions.models import UserSession
from allauth.usersessions.signals import session_client_changed
from django.contrib.sessions.models import Session
from django.http import HttpRequest
from django.utils import timezone

from ecluse.domain.networks import same_network
from ecluse.domain.room import RoomEvent
from ecluse.store.account_events import organisations
from ecluse.store.models import Person
from ecluse.store.recording import acting


def listen() -> None:
    """Connect, once a process."""
    user_logged_in.connect(_signed_in, dispatch_uid="ecluse.elsewhere")
    session_client_changed.connect(_moved, dispatch_uid="ecluse.session_moved")


def live_sessions(person: Person) -> list[UserSession]:
    """The sessions of a person that have not ended, the latest first."""
    known = list(UserSession.objects.filter(user=person).order_by("-last_seen_at"))
    keys = Session.objects.filter(session_key__in=[each.session_key for each in known], expire_date__gt=timezone.now())
    live = set(keys.values_list("session_key", flat=True))
    return [each for each in known if each.session_key in live]


def at_two_places(sessions: list[UserSession]) -> bool:
    """Whether sessions come from more than one network."""
    return any(not same_network(sessions[0].ip, each.ip) for each in sessions[1:])


def _signed_in(request: HttpRequest, user: Person, **_: Any) -> None:
    here = get_adapter().get_client_ip(request)
    others = [each for each in live_sessions(user) if each.session_key != request.session.session_key]
    if any(not same_network(each.ip, here) for each in others):
        _tell(user, "signed_in")
        request.session["elsewhere"] = True


def _moved(from_session: UserSession, to_session: UserSession, **_: Any) -> None:
    """The same cookie from another network: a journey, or a cookie that was taken."""
    if not same_network(from_session.ip, to_session.ip):
        _tell(to_session.user, "moved")


def _tell(person: Person, how: str) -> None:
    with acting(person.handle) as act:
        act.record(RoomEvent.SESSION_ELSEWHERE, *organisations(person), subject=person.handle, how=how)
