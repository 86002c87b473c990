"""What a request to the HTTPS door asks, read strictly: whatever two readers could understand in two ways is refused.

Standards: RFC 9110 (semantics), RFC 9112 (framing), tus 1.0.0.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Protocol

from ecluse.domain.errors import RefusedError
from ecluse.relay.boxes import parcel_hex
from ecluse.relay.papers import paper_name

_TARGET = re.compile(r"/(?:(?P<box>[0-9a-f]{16})/(?P<side>in|out)/(?P<name>[A-Za-z0-9][A-Za-z0-9._-]{0,250})?)?")
_ONCE = (
    "Host", "Authorization", "Content-Length", "Content-Type", "Content-Range", "Content-Encoding",
    "Transfer-Encoding", "Expect", "Range", "If-Range", "If-Match", "Upload-Offset", "Tus-Resumable", "Connection",
)  # fmt: skip
_RANGE = re.compile(r"bytes=(?:([0-9]{1,15})-([0-9]{1,15})?|-([0-9]{1,15}))")
_CONTENT_RANGE = re.compile(r"bytes ([0-9]{1,15})-([0-9]{1,15})/([0-9]{1,15}|\*)")
_NUMBER = re.compile(r"[0-9]{1,15}")
_TOKEN = re.compile(r"Bearer ([A-Za-z0-9._~+/-]{20,200}=*)")
_HOST = re.compile(r"[A-Za-z0-9.:\[\]_-]{1,255}")


class Headers(Protocol):
    """A request's headers, several of one name kept apart."""

    def get(self, name: str, /) -> str | None:
        """The first of that name."""

    def getall(self, name: str, default: list[str], /) -> list[str]:
        """All of that name."""


class RequestError(RefusedError):
    """A refusal of the door's own: its status and its reason, which is also its message."""

    def __init__(self, status: int, reason: str, headers: Mapping[str, str] | None = None) -> None:
        """``headers`` go with the answer."""
        super().__init__(reason)
        self.status, self.reason, self.headers = status, reason, dict(headers or {})


class Kind(StrEnum):
    """What lies at an address."""

    ROOT = "root"
    OUT = "out"
    IN = "in"
    SENT_PAPER = "sent paper"
    SENT_PARCEL = "sent parcel"
    WAITING = "waiting"


METHODS = {
    Kind.ROOT: ("GET", "HEAD", "OPTIONS"),
    Kind.OUT: ("GET", "HEAD", "OPTIONS"),
    Kind.IN: ("GET", "HEAD", "OPTIONS"),
    Kind.SENT_PAPER: ("PUT", "OPTIONS"),
    Kind.SENT_PARCEL: ("HEAD", "PUT", "PATCH", "OPTIONS"),
    Kind.WAITING: ("GET", "HEAD", "DELETE", "OPTIONS"),
}
VERBS = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "TRACE", "CONNECT"})


@dataclass(frozen=True, slots=True)
class Target:
    """Where a request goes. ``box`` and ``name`` are empty where the address has none."""

    kind: Kind
    box: str = ""
    name: str = ""


def target_of(raw: str) -> Target | None:
    """What lies at an address, taken as it came: no decoding, no dots, no query; None where nothing can."""
    found = _TARGET.fullmatch(raw)
    if found is None:
        return None
    box, side, name = found["box"] or "", found["side"], found["name"] or ""
    if not side:
        return Target(Kind.ROOT)
    if not name:
        return Target(Kind.OUT if side == "out" else Kind.IN, box)
    if parcel_hex(name) is None and paper_name(name) is None:
        return None
    if side == "in":
        return Target(Kind.WAITING, box, name)
    return Target(Kind.SENT_PARCEL if parcel_hex(name) else Kind.SENT_PAPER, box, name)


def check_shape(headers: Headers, version: tuple[int, int]) -> None:
    """Refuse what a proxy before us could understand otherwise; raises RequestError."""
    if version != (1, 1) or headers.get("Upgrade") is not None:
        raise RequestError(400, "malformed")
    for name in _ONCE:
        if len(headers.getall(name, [])) > 1:
            raise RequestError(400, "malformed")
    host, coding, length = headers.get("Host"), headers.get("Transfer-Encoding"), headers.get("Content-Length")
    if host is None or not _HOST.fullmatch(host):
        raise RequestError(400, "malformed")
    if coding is not None and (coding.lower() != "chunked" or length is not None):
        raise RequestError(400, "malformed")
    if length is not None and not _NUMBER.fullmatch(length):
        raise RequestError(400, "malformed")
    if headers.get("Content-Encoding") is not None or headers.get("Upload-Checksum") is not None:
        raise RequestError(400, "malformed")
    if headers.get("Expect") not in {None, "100-continue"}:
        raise RequestError(400, "malformed")


def has_body(headers: Headers) -> bool:
    """Whether bytes follow the headers."""
    return headers.get("Transfer-Encoding") is not None or (headers.get("Content-Length") or "0").strip("0") != ""


def length_of(headers: Headers) -> int | None:
    """Bytes that follow, where that is said."""
    length = headers.get("Content-Length")
    return None if length is None else int(length)


def token_of(headers: Headers) -> str | None:
    """The bearer's token; raises RequestError for another scheme, as if it were a wrong token."""
    given = headers.get("Authorization")
    if given is None:
        return None
    found = _TOKEN.fullmatch(given)
    if found is None:
        raise RequestError(401, "unknown")
    return found[1]


def offset_of(headers: Headers) -> int:
    """Where a tus PATCH goes on; raises RequestError."""
    if headers.get("Tus-Resumable") != "1.0.0":
        raise RequestError(412, "precondition", {"Tus-Version": "1.0.0"})
    if headers.get("Content-Type") != "application/offset+octet-stream":
        raise RequestError(415, "media-type")
    given = headers.get("Upload-Offset") or ""
    if not _NUMBER.fullmatch(given):
        raise RequestError(400, "malformed")
    return int(given)


def content_range_of(headers: Headers) -> tuple[int, int, int | None] | None:
    """First byte, bytes, and the whole's length of a part; None where the whole comes; raises RequestError."""
    given = headers.get("Content-Range")
    if given is None:
        return None
    found = _CONTENT_RANGE.fullmatch(given)
    if found is None:
        raise RequestError(400, "malformed")
    first, last, whole = int(found[1]), int(found[2]), None if found[3] == "*" else int(found[3])
    size, length = last - first + 1, length_of(headers)
    if size < 1 or (whole is not None and last >= whole) or (length is not None and length != size):
        raise RequestError(400, "malformed")
    return first, size, whole


def check_match(headers: Headers, etag: str) -> None:
    """Refuse another content than If-Match names; raises RequestError."""
    wanted = headers.get("If-Match")
    if wanted is not None and wanted != "*" and etag not in [each.strip() for each in wanted.split(",")]:
        raise RequestError(412, "precondition")


def range_of(headers: Headers, size: int, etag: str) -> tuple[int, int] | None:
    """First byte and bytes that are asked of a file; None: all of it (several ranges are none, RFC 9110 14.2).

    Raises:
        RequestError: 412, another file than If-Match says; 416, beyond its end.
    """
    check_match(headers, etag)
    given, same = headers.get("Range"), headers.get("If-Range")
    found = _RANGE.fullmatch(given) if given else None
    if found is None or (same is not None and same != etag):
        return None
    if found[3] is not None:
        first = max(0, size - int(found[3]))
        last = size - 1
        outside = int(found[3]) == 0
    else:
        first = int(found[1])
        last = min(size - 1, int(found[2])) if found[2] else size - 1
        outside = False
        if found[2] and int(found[2]) < first:
            return None  # not a range at all
    if outside or first >= size:
        raise RequestError(416, "range", {"Content-Range": f"bytes */{size}"})
    return first, last - first + 1
