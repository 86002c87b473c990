"""One account at two places: noticed when it happens, journalled, shown to its person and the security officer (R6)."""

import datetime as dt
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
    live = Session.objects.filter(expire_date__gt=timezone.now()).values("session_key")
    return list(UserSession.objects.filter(user=person, session_key__in=live).order_by("-last_seen_at"))


def see(request: HttpRequest) -> None:
    """Keep in mind where and when a session was last seen: at once when it moved, else once a minute."""
    found = UserSession.objects.filter(session_key=request.session.session_key or "").first()
    if found is not None and found.user_id == request.user.pk and found.ip == get_adapter().get_client_ip(request):
        agent = request.headers.get("User-Agent", "")[: len(found.user_agent) + 1]
        if agent == found.user_agent and timezone.now() - found.last_seen_at < _MINUTE:
            return
    UserSession.objects.create_from_request(request)


_MINUTE = dt.timedelta(minutes=1)


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
