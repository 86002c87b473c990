"""Bulk Data ``$export`` of a FHIR server (HL7 Bulk Data Access IG): kick-off, waiting, manifest, files, end.

Files come through memory as they are sent and are never kept. A download that is cut off is asked for again, passed
over as far as it was read, and must be the same so far. What a server says of an error may repeat a patient's data:
only statuses and codes of fixed lists are passed on.
"""

import contextlib
import hashlib
import http.client
import io
import json
import re
import ssl
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from email.utils import parsedate_to_datetime
from typing import Any
from urllib.parse import SplitResult, urlencode, urlsplit

import orjson

from ecluse.adapters.fhir.issues import ISSUE_CODES
from ecluse.adapters.sources._fhir_access import Access, Bearer
from ecluse.domain.errors import ConnectionLostError, EcluseError, MalformedError, ProfileError

__all__ = ["Download", "ExportClient", "Manifest", "Output"]

_JSON = "application/fhir+json"
_NDJSON = "application/fhir+ndjson"
_LOOPBACK = frozenset({"localhost", "127.0.0.1", "::1"})
_BUSY = frozenset({429, 502, 503, 504})
_GONE = frozenset({403, 404, 410})
_ATTEMPTS = 7
_TIMEOUT = 300.0
_LONGEST_PAUSE = 120.0
_LONGEST_WAIT = 24 * 3600.0
_LARGEST = 64 << 20
_CHUNK = 1 << 16
_SEVERE = frozenset({"fatal", "error"})
_AGAIN = "give the same command again"


@dataclass(frozen=True, slots=True)
class Output:
    """One file of an export: resources of one type, and how many where the server says so."""

    kind: str
    url: str
    count: int | None


@dataclass(frozen=True, slots=True)
class Manifest:
    """What an export gave. ``status`` is the job's address, by which it is ended."""

    status: str
    token: bool
    output: tuple[Output, ...]
    error: tuple[Output, ...]

    @classmethod
    def of(cls, status: str, told: Any) -> "Manifest":
        """Raises MalformedError for one that is none, or that goes on elsewhere."""
        try:
            if any(each["relation"] == "next" for each in told.get("link") or []):
                raise MalformedError("the export's manifest goes on elsewhere, which was not asked for")
            output, error = (_outputs(told.get(name) or []) for name in ("output", "error"))
            return cls(status, bool(told.get("requiresAccessToken", False)), output, error)
        except (AttributeError, KeyError, TypeError):
            pass
        raise MalformedError("the export's manifest is none")


def _outputs(told: Sequence[Mapping[str, Any]]) -> tuple[Output, ...]:
    made = []
    for each in told:
        kind, count = each["type"], each.get("count")
        if not isinstance(kind, str) or not isinstance(each["url"], str):
            raise TypeError
        made.append(Output(kind, each["url"], count if type(count) is int else None))
    return tuple(made)


@dataclass(frozen=True, slots=True)
class _Answer:
    status: int
    headers: Mapping[str, str]
    body: bytes

    def parsed(self) -> Any:
        try:
            return orjson.loads(self.body)
        except orjson.JSONDecodeError:
            pass
        raise MalformedError("the FHIR server answered with what is no JSON")


class ExportClient:
    """Asks one server for exports."""

    def __init__(self, base: str, elsewhere: str = "", sleep: Callable[[float], None] = time.sleep) -> None:
        """``base``: the server's address, or that of a Group or of Patient; ``elsewhere``: a host of files besides."""
        self._base = base.rstrip("/")
        self._own = urlsplit(self._base)
        self._elsewhere = elsewhere.lower()
        self._sleep = sleep
        self.access: Access = Bearer("")
        self.context = ssl.create_default_context()
        self.context.minimum_version = ssl.TLSVersion.TLSv1_2

    @property
    def root(self) -> str:
        """The server's address, where ``metadata`` is."""
        return re.sub(r"/(Patient|Group/[A-Za-z0-9.-]{1,64})$", "", self._base)

    def check(self) -> None:
        """Raises ProfileError for a server that is none of R4, ConnectionLostError where none answers."""
        stated = self._ask("GET", f"{self.root}/metadata").parsed()
        version = stated.get("fhirVersion") if isinstance(stated, dict) else None
        if not str(version).startswith("4.0"):
            raise ProfileError("the FHIR server is not one of R4 (4.0)")

    def token_endpoint(self) -> str:
        """Where tokens are given. Raises ProfileError."""
        told = self._ask("GET", f"{self.root}/.well-known/smart-configuration", token=False).parsed()
        endpoint = told.get("token_endpoint") if isinstance(told, dict) else None
        if not isinstance(endpoint, str):
            raise ProfileError("the FHIR server names no token endpoint", hint="give token=URL")
        return endpoint

    def post_form(self, url: str, form: Mapping[str, str]) -> Mapping[str, Any]:
        """What a token endpoint answers. Raises ProfileError where it refuses."""
        headers = {"Content-Type": "application/x-www-form-urlencoded", "Accept": "application/json"}
        answer = self._ask(
            "POST", url, urlencode(form).encode(), headers, token=False, accept=frozenset({200, 400, 401, 403}),
            anywhere=True,
        )  # fmt: skip
        if answer.status != 200:  # noqa: PLR2004
            raise ProfileError("the FHIR server's token endpoint refuses the client", hint="check client, key and kid")
        told = answer.parsed()
        return told if isinstance(told, dict) else {}

    def export(self, kinds: Sequence[str], since: str = "", filters: Sequence[str] = ()) -> Manifest:
        """Have the server write its resources of these types out, and wait for it.

        Raises:
            ProfileError: it refuses, cannot export all, or has no ``$export``.
            ConnectionLostError: it went away, or took more than a day.
        """
        asked = [("_outputFormat", _NDJSON), ("_type", ",".join(kinds))]
        asked += [("_since", since)] if since else []
        asked += [("_typeFilter", each) for each in filters]
        answer = self._ask(
            "GET", f"{self._base}/$export?{urlencode(asked)}", headers={"Prefer": "respond-async"},
            accept=frozenset({202}),
        )  # fmt: skip
        status = answer.headers.get("content-location", "")
        if not status:
            raise ProfileError("the FHIR server names no address where its export can be followed")
        manifest = self._awaited(status)
        self._check_errors(manifest)
        return manifest

    def end(self, manifest: Manifest) -> None:
        """Have the server drop the files; raises what it raises."""
        self._ask("DELETE", manifest.status, accept=frozenset({200, 202, 204, 404, 410}))

    def download(self, manifest: Manifest, output: Output) -> "Download":
        """A file's bytes, as they come."""
        return Download(lambda: self._opened(output.url, token=manifest.token), self._sleep)

    def _awaited(self, status: str) -> Manifest:
        waited, pause = 0.0, 1.0
        while waited < _LONGEST_WAIT:
            answer = self._ask("GET", status, accept=frozenset({200, 202}), gone="the export is not there any more")
            if answer.status == 200:  # noqa: PLR2004
                return Manifest.of(status, answer.parsed())
            wait = _retry_after(answer.headers)
            pause = min(30.0, pause * 1.5) if wait is None else min(_LONGEST_PAUSE, max(0.0, wait))
            self._sleep(pause)
            waited += max(pause, 0.01)
        raise ConnectionLostError("the FHIR server's export took more than a day")

    def _check_errors(self, manifest: Manifest) -> None:
        """What could not be exported must not be missed in silence (law 3). Raises ProfileError."""
        count, codes = 0, set()
        for each in manifest.error:
            with io.BufferedReader(self.download(manifest, each), _CHUNK) as lines:
                while line := lines.readline(_LARGEST):
                    for severity, code in _issues(line):
                        count += severity in _SEVERE
                        codes |= {code} if severity in _SEVERE else set()
        if count:
            shown = ", ".join(sorted(codes & ISSUE_CODES)) or "no code"
            raise ProfileError(
                f"the FHIR server could not export everything: {count} errors ({shown})",
                hint="its error files say which, to whoever operates it",
            )

    def _ask(
        self, method: str, url: str, body: bytes | None = None, headers: Mapping[str, str] | None = None,
        *, token: bool = True, accept: frozenset[int] = frozenset({200}), gone: str = "", anywhere: bool = False,
    ) -> _Answer:  # fmt: skip
        """One request, repeated while the server is busy or away."""
        place = self._place(url, anywhere=anywhere)
        connection, response = self._attempted(method, place, body, headers or {}, token=token)
        failed = False
        try:
            data = response.read(_LARGEST + 1)
        except (OSError, http.client.HTTPException):
            failed = True
        finally:
            connection.close()
        if failed or response.length:
            raise ConnectionLostError("the FHIR server went away within an answer", hint=_AGAIN)
        if len(data) > _LARGEST:
            raise MalformedError("the FHIR server's answer is too large")
        if gone and response.status in _GONE - accept:
            raise ConnectionLostError(gone, hint=_AGAIN)
        if response.status not in accept:
            raise _by_status(response.status)
        return _Answer(response.status, {name.lower(): value for name, value in response.getheaders()}, data)

    def _opened(self, url: str, *, token: bool) -> tuple[http.client.HTTPConnection, http.client.HTTPResponse]:
        """A file's first bytes are waiting. Raises ConnectionLostError for one that is no more."""
        connection, response = self._attempted("GET", self._place(url), None, {"Accept": _NDJSON}, token=token)
        if response.status == 200:  # noqa: PLR2004
            return connection, response
        connection.close()
        if response.status in _GONE:
            raise ConnectionLostError("an exported file is not there any more: it may have expired", hint=_AGAIN)
        raise _by_status(response.status)

    def _attempted(
        self, method: str, place: tuple[SplitResult, bool], body: bytes | None, headers: Mapping[str, str],
        *, token: bool,
    ) -> tuple[http.client.HTTPConnection, http.client.HTTPResponse]:  # fmt: skip
        """A response whose body is still to be read, of the first attempt that is answered to some purpose."""
        parts, own = place
        if token and not own:
            raise ProfileError("the FHIR server wants its token shown to another server", hint="this is not done")
        renewed = False
        for attempt in range(_ATTEMPTS):
            shown = self.access.token(renewed=renewed) if token else ""
            sent = {"Accept": _JSON, "Accept-Encoding": "identity", **headers}
            sent |= {"Authorization": f"Bearer {shown}"} if shown else {}
            found = self._once(parts, method, body, sent)
            wait: float | None = None
            if found is not None:
                connection, response = found
                if response.status == 401 and shown and not renewed:  # noqa: PLR2004
                    renewed, wait = True, 0.0
                elif response.status not in _BUSY:
                    return connection, response
                else:
                    wait = _retry_after({"retry-after": response.headers.get("Retry-After", "")})
                connection.close()
            if attempt + 1 < _ATTEMPTS:
                self._sleep(min(_LONGEST_PAUSE, 0.5 * 2**attempt if wait is None else max(0.0, wait)))
        raise ConnectionLostError("the FHIR server is away, or stayed too busy to answer", hint=_AGAIN)

    def _once(
        self, parts: SplitResult, method: str, body: bytes | None, headers: Mapping[str, str]
    ) -> tuple[http.client.HTTPConnection, http.client.HTTPResponse] | None:
        connection = _connection(parts, self.context)
        target = f"{parts.path or '/'}?{parts.query}" if parts.query else parts.path or "/"
        untrusted = False
        try:
            connection.request(method, target, body, dict(headers))
            return connection, connection.getresponse()
        except ssl.SSLCertVerificationError:
            untrusted = True
        except (OSError, http.client.HTTPException):
            pass
        connection.close()
        if untrusted:
            raise ProfileError("the FHIR server's certificate is not one that this system trusts")
        return None

    def _place(self, url: str, *, anywhere: bool = False) -> tuple[SplitResult, bool]:
        """A link's parts, and whether it leads to the server itself; ``anywhere`` it may lead, by TLS.

        Raises ProfileError for one to where it may not.
        """
        port, parts = None, None
        with contextlib.suppress(ValueError):  # whose words quote the address
            url.encode("ascii")
            found = urlsplit(url if "://" in url else f"{self._own.scheme}://{self._own.netloc}/{url.lstrip('/')}")
            port, parts = found.port, found
        if parts is None:
            raise ProfileError("the FHIR server gives an address that is none")
        host = (parts.hostname or "").lower()
        if (parts.scheme, host, port) == (self._own.scheme, self._own.hostname, self._own.port):
            return parts, True
        secure = parts.scheme == "https" or (parts.scheme == "http" and host in _LOOPBACK)
        if secure and (anywhere or (self._elsewhere and self._elsewhere in {host, f"{host}:{port}"})):
            return parts, False
        raise ProfileError("the FHIR server links to another server", hint="give files=HOST, if it is known")


class Download(io.RawIOBase):
    """A file, read once from its beginning to its end; ``size`` and ``sha256`` are of what was read."""

    def __init__(
        self, opened: Callable[[], tuple[http.client.HTTPConnection, http.client.HTTPResponse]],
        sleep: Callable[[float], None],
    ) -> None:  # fmt: skip
        super().__init__()
        self._opened, self._sleep = opened, sleep
        self._connection: http.client.HTTPConnection | None = None
        self._response: http.client.HTTPResponse | None = None
        self._failures = 0
        self._hash = hashlib.sha256()
        self.size = 0
        self.whole = False

    @property
    def sha256(self) -> bytes:
        """Digest of what was read so far."""
        return self._hash.digest()

    def readable(self) -> bool:
        """Yes."""
        return True

    def readinto(self, buffer: Any) -> int:
        """See io.RawIOBase. Raises ConnectionLostError, MalformedError."""
        while not self.whole:
            data = self._read(min(len(buffer), _CHUNK))
            if data:
                buffer[: len(data)] = data
                self._hash.update(data)
                self.size += len(data)
                self._failures = 0
                return len(data)
        return 0

    def close(self) -> None:
        """Let the connection go."""
        if self._connection is not None:
            self._connection.close()
        super().close()

    def _read(self, most: int) -> bytes:
        """Some bytes; none at the end, or where the connection was lost and will be opened again."""
        response = self._response
        if response is None:
            response = self._again()
        data, lost = b"", False
        try:
            data = response.read(most) if response is not None else b""
        except (OSError, http.client.HTTPException):
            lost = True
        # Of a body that is shorter than announced, http.client gives the beginning and says nothing.
        if not data and response is not None and not lost and not response.length:
            self.whole = True
        elif not data:
            self._lost()
        return data

    def _lost(self) -> None:
        if self._connection is not None:
            self._connection.close()
        self._connection = self._response = None
        self._failures += 1
        if self._failures >= _ATTEMPTS:
            raise ConnectionLostError("an exported file cannot be read to its end", hint=_AGAIN)
        self._sleep(min(_LONGEST_PAUSE, 0.5 * 2**self._failures))

    def _again(self) -> http.client.HTTPResponse | None:
        """The file anew, past what was read of it; None where the connection was lost meanwhile."""
        self._connection, self._response = self._opened()
        left, digest = self.size, hashlib.sha256()
        while left:
            try:
                data = self._response.read(min(left, _CHUNK))
            except (OSError, http.client.HTTPException):
                return None
            if not data and self._response.length:
                return None
            digest.update(data)
            left -= len(data)
            if not data:
                break
        if digest.digest() != self.sha256:
            raise MalformedError("an exported file changed while it was being read")
        return self._response


def _connection(parts: SplitResult, context: ssl.SSLContext) -> http.client.HTTPConnection:
    if parts.scheme == "https":
        return http.client.HTTPSConnection(parts.hostname or "", parts.port, timeout=_TIMEOUT, context=context)
    return http.client.HTTPConnection(parts.hostname or "", parts.port, timeout=_TIMEOUT)


def _issues(line: bytes) -> list[tuple[str, str]]:
    """Severities and codes of an OperationOutcome; a line that is none counts as one error."""
    if not line.strip():
        return []
    try:
        found = [(str(each["severity"]), str(each["code"])) for each in json.loads(line)["issue"]]
    except (ValueError, KeyError, TypeError, RecursionError):
        return [("error", "structure")]
    return found


def _by_status(status: int) -> EcluseError:
    if status in {401, 403}:
        return ProfileError("the FHIR server refuses the login, or what was asked", hint="check token, client and key")
    if 300 <= status < 400:  # noqa: PLR2004  redirections
        return ProfileError("the FHIR server redirects elsewhere", hint="give the address it redirects to")
    return ProfileError(f"the FHIR server refuses the export: HTTP {status}")


def _retry_after(headers: Mapping[str, str]) -> float | None:
    """Seconds, or until a date (RFC 9110, 10.2.3)."""
    told = headers.get("retry-after", "")
    if re.fullmatch(r"[0-9]{1,6}", told):
        return float(told)
    try:
        return parsedate_to_datetime(told).timestamp() - time.time() if told else None
    except (ValueError, TypeError):
        return None

