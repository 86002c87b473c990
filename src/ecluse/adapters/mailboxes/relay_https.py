"""The relay's HTTPS door: TLS verified, one connection that is opened again where it was lost, parcels in parts.

Entered with a token or a client certificate, each from a file of its own; neither is ever in an address or an error.
"""

import contextlib
import http.client
import json
import socket
import ssl
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, BinaryIO, NoReturn
from urllib.parse import urlsplit

from ecluse.adapters.mailboxes.relay import CheckPeer, Folder
from ecluse.adapters.printable import printable
from ecluse.adapters.tokens import read_token
from ecluse.domain.access import Lies, Lying
from ecluse.domain.errors import (
    BusyError,
    ConnectionLostError,
    EcluseError,
    ForbiddenError,
    Location,
    MalformedError,
    RefusedError,
    SignatureError,
    StorageError,
    TamperError,
    UnseenError,
)
from ecluse.workspace.files import read

_SECONDS = 60.0
_PIECE = 1 << 20
_PART = 64 * _PIECE
"""Bytes of one request: what a line that breaks costs at most twice."""
_MAX_LISTING = 64 * 2**20
_MAX_SAID = 65_536
_OK, _NO_CONTENT, _CREATED, _PARTIAL = 200, 204, 201, 206
_TUS = {"Tus-Resumable": "1.0.0"}


@dataclass(slots=True)
class HttpsDoor:
    """A ``mailboxes.relay.Door``. ``url`` has scheme, host and port alone.

    ``ca`` is a file of certificates (PEM) to trust instead of the system's; ``certificate`` one of a certificate and
    its key (PEM).
    """

    url: str
    token: Path | None = None
    certificate: Path | None = None
    ca: Path | None = None
    check_peer: CheckPeer = lambda _address: None
    _open: http.client.HTTPSConnection | None = field(default=None, repr=False)

    def boxes(self) -> list[str]:
        """Names of the boxes that the account's agent is a member of."""
        found = self._listing("/", "boxes")
        if not all(isinstance(each, str) for each in found):
            self._odd()
        return [str(each) for each in found]

    def listed(self, box: str, folder: Folder) -> list[Lying]:
        """What lies in a box's folder."""
        made = []
        for each in self._listing(f"/{box}/{folder}/", "files"):
            try:
                made.append(Lying(str(each["name"]), int(each["size"]), Lies(each.get("state", Lies.HERE))))
            except (AttributeError, KeyError, TypeError, ValueError):
                self._odd()
        return made

    def put(self, box: str, name: str, data: bytes) -> None:
        """Send a paper."""
        self._call("PUT", f"/{box}/out/{name}", data, {"Content-Type": "application/octet-stream"})

    def send(self, box: str, name: str, parcel: Path) -> None:
        """Send a parcel from where an earlier attempt came to (tus 1.0)."""
        path, size = f"/{box}/out/{name}", parcel.stat().st_size
        offset = self._offset(self._call("HEAD", path, headers=_TUS)[0])
        try:
            with parcel.open("rb") as file:
                while True:  # once at least: where all has come and was not judged, this has it judged
                    offset = self._patch(path, file, offset, size)
                    if offset >= size:
                        return
        except _HereAlreadyError:
            return
        except OSError as error:
            raise StorageError(error.strerror or "cannot be read", location=Location(file=str(parcel))) from None

    def _patch(self, path: str, file: BinaryIO, offset: int, size: int) -> int:
        if offset > size:
            self._odd()
        file.seek(offset)
        length = min(_PART, size - offset)
        sent = _TUS | {
            "Content-Type": "application/offset+octet-stream",
            "Upload-Offset": str(offset),
            "Content-Length": str(length),
        }
        return self._offset(self._call("PATCH", path, _pieces(file, length), sent)[0])

    def fetch(self, box: str, name: str, offset: int) -> Iterator[bytes]:
        """A file's bytes from ``offset`` on."""
        asked = {"Range": f"bytes={offset}-"} if offset else {}
        answer = self._ask("GET", f"/{box}/in/{name}", None, asked)
        if answer.status == 416:  # noqa: PLR2004 - nothing is missing of it
            answer.read()
            return
        self._check(answer)
        if offset and answer.status != _PARTIAL:
            self._odd()
        try:
            while data := answer.read(_PIECE):
                yield data
        except (OSError, http.client.HTTPException) as error:
            raise self._lost(error) from None
        if answer.length:
            self.close()
            raise ConnectionLostError("the relay broke off", location=Location(file=self.url))

    def take(self, box: str, name: str) -> None:
        """Take a file away."""
        self._call("DELETE", f"/{box}/in/{name}")

    def close(self) -> None:
        """Let the connection go; the next call opens another."""
        if self._open is not None:
            self._open.close()
            self._open = None

    def _listing(self, path: str, name: str) -> list[Any]:
        data = self._call("GET", path)[1]
        try:
            found = json.loads(data)[name]
        except (KeyError, TypeError, ValueError):
            self._odd()
        if not isinstance(found, list):
            self._odd()
        return found

    def _offset(self, headers: http.client.HTTPMessage) -> int:
        text = headers.get("Upload-Offset", "")
        if not (text.isascii() and text.isdigit()):
            self._odd()
        return int(text)

    def _call(
        self, method: str, path: str, body: bytes | Iterator[bytes] | None = None, headers: Mapping[str, str] = {}
    ) -> tuple[http.client.HTTPMessage, bytes]:
        answer = self._ask(method, path, body, headers)
        self._check(answer)
        try:
            data = answer.read(_MAX_LISTING + 1)
        except (OSError, http.client.HTTPException) as error:
            raise self._lost(error) from None
        if len(data) > _MAX_LISTING:
            self._odd()
        return answer.headers, data

    def _ask(
        self, method: str, path: str, body: bytes | Iterator[bytes] | None, headers: Mapping[str, str]
    ) -> http.client.HTTPResponse:
        """Ask; once more on a new connection where the kept one had been closed meanwhile and nothing was sent yet."""
        kept = self._open is not None
        try:
            return self._once(method, path, body, headers)
        except (http.client.RemoteDisconnected, BrokenPipeError, ConnectionResetError) as error:
            self.close()
            if not kept or isinstance(body, Iterator):
                raise self._lost(error) from None
        except (OSError, http.client.HTTPException) as error:
            raise self._lost(error) from None
        try:
            return self._once(method, path, body, headers)
        except (OSError, http.client.HTTPException) as error:
            raise self._lost(error) from None

    def _once(
        self, method: str, path: str, body: bytes | Iterator[bytes] | None, headers: Mapping[str, str]
    ) -> http.client.HTTPResponse:
        bearer = {"Authorization": f"Bearer {read_token(self.token)}"} if self.token else {}
        if self._open is None or self._open.sock is None:  # never left to http.client, which would ask nobody
            self._open = self._connected()
        try:
            self._open.request(method, path, body, {"Accept": "application/json", **bearer, **headers})
        except (BrokenPipeError, ConnectionResetError):
            if not isinstance(body, Iterator):
                raise
            # Refused while it was being sent: what was answered says why; where nothing was, the line is lost.
        return self._open.getresponse()

    def _connected(self) -> http.client.HTTPSConnection:
        parts = urlsplit(self.url)
        host, port, context = parts.hostname or "", parts.port or 443, _context(self.ca, self.certificate)
        line = socket.create_connection((host, port), timeout=_SECONDS)
        try:
            self.check_peer(str(line.getpeername()[0]))  # before a certificate or a token is offered (R12)
            line.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            made = http.client.HTTPSConnection(host, port, timeout=_SECONDS, context=context)
            made.sock = context.wrap_socket(line, server_hostname=host)
        except BaseException:
            line.close()
            raise
        return made

    def _check(self, answer: http.client.HTTPResponse) -> None:
        if answer.status in {_OK, _CREATED, _NO_CONTENT, _PARTIAL}:
            return
        told: Any = {}
        with contextlib.suppress(OSError, http.client.HTTPException, ValueError):
            told = json.loads(answer.read(_MAX_SAID))
        self.close()
        reason = printable(told.get("type", "")) if isinstance(told, dict) else ""
        said = printable(told.get("title", "")) if isinstance(told, dict) else ""
        raise _refusal(answer.status, reason.removeprefix("urn:ecluse:relay:"), said, self.url)

    def _lost(self, error: Exception) -> EcluseError:
        self.close()
        where = Location(file=self.url)
        if isinstance(error, ssl.SSLCertVerificationError):
            return ForbiddenError("the relay's certificate is not one that is trusted here", location=where)
        reason = type(error).__name__
        return ConnectionLostError(f"the relay cannot be reached: {reason}", location=where)

    def _odd(self) -> NoReturn:
        self.close()
        raise MalformedError("not an answer of a relay", location=Location(file=self.url))


def _pieces(file: BinaryIO, length: int) -> Iterator[bytes]:
    while length > 0:
        data = file.read(min(_PIECE, length))
        if not data:
            raise StorageError("the parcel became shorter while it was sent")
        length -= len(data)
        yield data


def _context(ca: Path | None, certificate: Path | None) -> ssl.SSLContext:
    """Raises StorageError, MalformedError for files that do not serve."""
    for path in (ca, certificate):
        if path is not None:
            read(path)
    try:
        made = ssl.create_default_context(cafile=str(ca) if ca else None)
        if certificate:
            made.load_cert_chain(certificate)
    except OSError:
        raise MalformedError(
            "not certificates (PEM), or not a certificate and its unlocked key",
            location=Location(file=str(certificate or ca)),
        ) from None
    made.minimum_version = ssl.TLSVersion.TLSv1_2
    return made


class _HereAlreadyError(RefusedError):
    """The relay has this parcel."""


_KINDS: Mapping[int, type[EcluseError]] = {
    403: ForbiddenError, 404: UnseenError, 410: UnseenError, 507: StorageError,
    **dict.fromkeys((408, 429, 500, 502, 503, 504), ConnectionLostError),
}  # fmt: skip
_REASONS: Mapping[str, type[EcluseError]] = {
    "here-already": _HereAlreadyError,
    "busy": BusyError,
    "offset": ConnectionLostError,  # another session sent some of it meanwhile: asked again, it says from where
    "tampered": TamperError,
    "signature": SignatureError,
}


def _refusal(status: int, reason: str, said: str, url: str) -> EcluseError:
    where = Location(file=url)
    if status == 401:  # noqa: PLR2004 - RFC 9110 section 15.5.2
        return ForbiddenError("the relay does not let this account in", location=where)
    text, kind = f"the relay refuses: {said or status}", _REASONS.get(reason) or _KINDS.get(status)
    return kind(text, location=where) if kind else ForbiddenError(text, location=where)
