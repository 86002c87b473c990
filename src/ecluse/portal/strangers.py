"""People without an account: nothing that could tell who they are comes further than this (R10).

Cookies are taken off a request to the warnings' pages before anything else sees it, so that whoever is signed in in the
same browser is a stranger there too. Nor does the address go on: of it a counter keeps 16 bits under a key that is in
this process's memory alone and dies in ten minutes, with thousands of other addresses behind the same number.
"""

import hashlib
import ipaddress
import secrets
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field

from allauth.account.adapter import get_adapter
from django.conf import settings
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse

Respond = Callable[[HttpRequest], HttpResponse]

PATH = "/report/"
API_PATH = "/api/v1/report/"
POLICY = (
    "default-src 'none'; style-src 'self'; img-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
)
_ADDRESSES = ("REMOTE_ADDR", "REMOTE_HOST", "REMOTE_PORT", "HTTP_X_FORWARDED_FOR", "HTTP_X_REAL_IP", "HTTP_FORWARDED")
_SECONDS = 600
_OF_ONE, _OF_ALL = 20, 300
"""Tries in ten minutes: of one number, and of everybody, in one process."""


@dataclass
class Limits:
    """How often strangers try, in memory alone; forgotten with its key every ten minutes."""

    key: bytes = field(default_factory=lambda: secrets.token_bytes(32))
    since: float = field(default_factory=time.monotonic)
    counts: Counter[int] = field(default_factory=Counter)

    def number(self, address: str) -> int:
        """What stands for an address until the key dies."""
        if time.monotonic() - self.since > _SECONDS:
            self.forget()
        made = hashlib.blake2b(_place(address).encode("utf-8", "replace"), key=self.key, digest_size=2)
        return int.from_bytes(made.digest(), "big")

    def allows(self, number: int) -> bool:
        """Count one try, and say whether it may go on."""
        self.counts[number] += 1
        self.counts[-1] += 1
        return self.counts[number] <= _OF_ONE and self.counts[-1] <= _OF_ALL

    def forget(self) -> None:
        """Begin anew, with another key."""
        self.key, self.since = secrets.token_bytes(32), time.monotonic()
        self.counts.clear()


LIMITS = Limits()


class Incognito:
    """Take cookies, bearers and addresses off requests of the warnings' pages; no cookie is set there either."""

    def __init__(self, respond: Respond) -> None:
        self._respond = respond

    def __call__(self, request: HttpRequest) -> HttpResponse:
        """Strip, pass on, and see that nothing comes back that could be kept."""
        if not is_strangers(request.path_info):
            return self._respond(request)
        request.stranger = LIMITS.number(_address(request))  # type: ignore[attr-defined]
        for name in (*_ADDRESSES, "HTTP_COOKIE", "HTTP_REFERER", "HTTP_USER_AGENT"):
            request.META.pop(name, None)
        request.COOKIES = {}
        if request.GET.get("lang") in {"fr", "en"}:
            request.META["HTTP_ACCEPT_LANGUAGE"] = request.GET["lang"]
        response = self._respond(request)
        response.cookies.clear()
        if request.path_info.startswith(PATH):
            response["Content-Security-Policy"] = POLICY
        return response


def is_strangers(path: str) -> bool:
    """Whether an address is one of the pages or endpoints for people without an account."""
    return path.startswith((PATH, API_PATH))


def allowed(request: HttpRequest) -> bool:
    """Count one try of a stranger."""
    return LIMITS.allows(int(getattr(request, "stranger", 0)))


def from_here(request: HttpRequest) -> bool:
    """Whether a form comes from this room's own page, as far as the browser says: there is no cookie to forge with."""
    origin, site = request.headers.get("Origin"), request.headers.get("Sec-Fetch-Site")
    return (origin is None or origin == settings.ECLUSE_ORIGIN) and site in {None, "same-origin", "none"}


def _place(address: str) -> str:
    """An address, or the /64 of an IPv6 one, all of whose addresses are one household's."""
    try:
        found = ipaddress.ip_address(address.partition("%")[0])
    except ValueError:
        return address
    if found.version == 4 or found.ipv4_mapped:  # noqa: PLR2004 - the protocol's version
        return str(found)
    return str(ipaddress.ip_network((int(found) >> 64 << 64, 64)))


def _address(request: HttpRequest) -> str:
    try:
        return str(get_adapter(request).get_client_ip(request))
    except PermissionDenied:
        return "unknown"
