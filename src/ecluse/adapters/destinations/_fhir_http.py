"""HTTP to a FHIR server: one connection, TLS but on loopback, back-off where it is busy, no redirect.

What a server says of an error may repeat a patient's data: only its status and the outcome's issue codes are passed on.
"""

import contextlib
import http.client
import json
import os
import random
import re
import ssl
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

from ecluse.domain.errors import ConnectionLostError, DestinationError, UsageError

__all__ = ["Answer", "FhirAddress", "FhirHttp"]

_LOOPBACK = frozenset({"localhost", "127.0.0.1", "::1"})
_BUSY = frozenset({429, 502, 503, 504})
_ATTEMPTS = 7
_LONGEST_PAUSE = 60.0
_TIMEOUT = 300.0
_LARGEST = 512 << 20
_JSON = "application/fhir+json"


@dataclass(frozen=True, slots=True)
class FhirAddress:
    """A server's base address. No secret in it: the bearer token stands in the environment."""

    host: str
    port: int
    path: str
    secure: bool

    @classmethod
    def of(cls, url: str) -> "FhirAddress":
        """Of ``https://host/fhir``; ``http`` on loopback alone. Raises UsageError saying what is wrong, not the URL."""
        try:
            parts = urlsplit(url)
            port, host = parts.port, parts.hostname or ""
        except ValueError:
            raise UsageError("the destination's URL does not parse") from None
        if parts.username is not None or parts.query or parts.fragment:
            raise UsageError("a FHIR server's URL holds an address and nothing else: no user, password or option")
        if parts.scheme not in {"http", "https"} or not host:
            raise UsageError("the destination's URL must begin with https:// or fhir+ndjson:///")
        secure = parts.scheme == "https"
        if not secure and host not in _LOOPBACK:
            raise UsageError("a FHIR server that is not on this machine is entered by https:// only")
        return cls(host, port or (443 if secure else 80), parts.path.rstrip("/"), secure)

    def connect(self) -> http.client.HTTPConnection:
        """A connection not yet opened; certificates are checked against the system's authorities."""
        if not self.secure:
            return http.client.HTTPConnection(self.host, self.port, timeout=_TIMEOUT)
        context = ssl.create_default_context()
        context.minimum_version = ssl.TLSVersion.TLSv1_2
        return http.client.HTTPSConnection(self.host, self.port, timeout=_TIMEOUT, context=context)

    def within(self, url: str) -> str:
        """The part behind the base of a link that the server gave. Raises DestinationError for one elsewhere."""
        with contextlib.suppress(ValueError):
            parts = urlsplit(url)
            local = not parts.netloc or (parts.hostname == self.host and (parts.port or self.port) == self.port)
            if local and (parts.scheme in {"", "https" if self.secure else "http"}):
                path = parts.path.removeprefix(f"{self.path}/") if parts.path.startswith("/") else parts.path
                if not path.startswith("/") and ".." not in path:
                    return f"{path}?{parts.query}" if parts.query else path
        raise DestinationError("the FHIR server links to another server")


@dataclass(frozen=True, slots=True)
class Answer:
    """What came back: an HTTP status and the body as it is."""

    status: int
    body: bytes
    etag: str = ""

    def parsed(self) -> dict[str, Any]:
        """The body as an object. Raises DestinationError where it is none."""
        with contextlib.suppress(ValueError):
            made = json.loads(self.body)
            if isinstance(made, dict):
                return made
        raise DestinationError("the FHIR server answered with what is no FHIR resource")


class FhirHttp:
    """One connection to one server. Every request here may be repeated: creates are conditional, updates guarded."""

    def __init__(self, address: FhirAddress, token_env: str, sleep: Callable[[float], None] = time.sleep) -> None:
        self.address = address
        self._token = os.environ.get(token_env, "")
        self._sleep = sleep
        self._connection: http.client.HTTPConnection | None = None

    def ask(
        self, method: str, path: str, body: bytes | None = None, headers: Mapping[str, str] | None = None,
        *, accept: frozenset[int] = frozenset({200, 201}),
    ) -> Answer:  # fmt: skip
        """One request, repeated while the server is busy or away.

        Raises:
            ConnectionLostError: it stayed so.
            DestinationError: any status but those to ``accept``.
        """
        sent = {"Accept": _JSON, "Content-Type": _JSON, "Prefer": "return=representation", **(headers or {})}
        if self._token:
            sent["Authorization"] = f"Bearer {self._token}"
        for attempt in range(_ATTEMPTS):
            answer, pause = self._once(method, path, body, sent)
            if answer is not None and answer.status not in _BUSY:
                return self._judged(answer, accept)
            if attempt + 1 < _ATTEMPTS:
                jitter = 1 + random.random()  # noqa: S311  no secret
                self._sleep(min(_LONGEST_PAUSE, 0.5 * 2**attempt * jitter) if pause is None else pause)
        raise ConnectionLostError("the FHIR server is away, or stayed too busy to answer")

    def close(self) -> None:
        """Let the connection go."""
        if self._connection is not None:
            self._connection.close()
            self._connection = None

    def _once(
        self, method: str, path: str, body: bytes | None, headers: Mapping[str, str]
    ) -> tuple[Answer | None, float | None]:
        failure: DestinationError | None = None
        try:
            connection = self._connection = self._connection or self.address.connect()
            target = f"{self.address.path}/{path}" if path else self.address.path or "/"
            connection.request(method, target, body, dict(headers))
            response = connection.getresponse()
            data = response.read(_LARGEST + 1)
        except ssl.SSLCertVerificationError:
            failure = DestinationError("the FHIR server's certificate is not one that this system trusts")
        except (OSError, http.client.HTTPException):
            self.close()
            return None, None
        if failure is not None:
            self.close()
            raise failure
        if len(data) > _LARGEST:
            raise DestinationError("the FHIR server's answer is too large")
        wait = response.headers.get("Retry-After", "")
        pause = min(_LONGEST_PAUSE, float(wait)) if re.fullmatch(r"[0-9]{1,6}", wait) else None
        return Answer(response.status, data, response.headers.get("ETag", "")), pause

    def _judged(self, answer: Answer, accept: frozenset[int]) -> Answer:
        if answer.status in accept:
            return answer
        if answer.status in {401, 403}:
            raise DestinationError(
                "the FHIR server refuses the login, or what was asked", hint="check the bearer token"
            )
        if 300 <= answer.status < 400:  # noqa: PLR2004  redirections
            raise DestinationError("the FHIR server redirects elsewhere", hint="give the address it redirects to")
        raise DestinationError(f"the FHIR server refuses: HTTP {answer.status}{_codes(answer)}")


def _codes(answer: Answer) -> str:
    """The outcome's issue codes, which are of a fixed list; its texts may hold data."""
    try:
        issues = answer.parsed().get("issue", [])
        codes = {issue.get("code", "") for issue in issues if isinstance(issue, dict)}
    except (DestinationError, TypeError):
        return ""
    known = sorted(code for code in codes if isinstance(code, str) and re.fullmatch(r"[a-z-]{1,30}", code))
    return f" ({', '.join(known)})" if known else ""
