"""The control room as an agent sees it: an address that it calls, outbound and by TLS; nothing ever calls the agent.

What the room says is outside data. It is parsed strictly here, and believed nowhere: signatures are verified by
``control``, under the agreement that the agent's owner confirmed.
"""

import http.client
import json
import ssl
import urllib.error
import urllib.request
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from ecluse.adapters.printable import printable
from ecluse.control.telling import Held, Part
from ecluse.domain.errors import (
    ConnectionLostError,
    ForbiddenError,
    Location,
    MalformedError,
    RefusedError,
    TamperError,
    UnseenError,
    UsageError,
)
from ecluse.wire.canonical import digest, parse
from ecluse.workspace.files import write_atomic

_LOCAL = frozenset({"localhost", "127.0.0.1", "::1"})
_SECONDS = 60.0
_MAX_ANSWER = 64 * 2**20
_PAPERS, _BYTES = 100, 3 * 2**20


@dataclass(frozen=True, slots=True)
class RoomPaper:
    """A paper as the room gave it; not yet believed."""

    kind: str
    data: bytes
    signatures: Mapping[str, bytes]

    @property
    def digest(self) -> str:
        """Of the bytes themselves, whatever the room says it is."""
        return digest(self.data)


@dataclass(frozen=True, slots=True)
class RoomTask:
    """One migration of this agent: signed agreement and order, what the places have said, papers about it."""

    agreement: RoomPaper
    order: RoomPaper
    states: Mapping[str, str]
    size: int
    papers: tuple[RoomPaper, ...]


@dataclass(frozen=True, slots=True)
class RoomAsked:
    """One order's text to be counted."""

    id: int
    agreement: RoomPaper
    order: bytes


@dataclass(frozen=True, slots=True)
class Work:
    """All that waits."""

    tasks: tuple[RoomTask, ...]
    estimates: tuple[RoomAsked, ...]


@dataclass(frozen=True)
class Room:
    """A room at an https address (http on this machine alone), called with an agent's token, or a person's.

    ``ca`` is a file of certificates (PEM) to trust instead of the system's.
    """

    url: str
    token: str = field(default="", repr=False)
    ca: Path | None = None

    def __post_init__(self) -> None:
        """Refuse an address over which a token must not go.

        Raises:
            UsageError: not https, and not on this machine; no address at all.
        """
        try:
            parts = urlsplit(self.url)
            _ = parts.port, (parts.hostname or "").encode("idna")
        except ValueError:
            raise UsageError("not an address", location=Location(field="URL")) from None
        if parts.scheme != "https" and not (parts.scheme == "http" and parts.hostname in _LOCAL):
            raise UsageError("a room's address is https, or http on this machine", location=Location(field="URL"))
        if parts.query or parts.fragment or parts.username:
            raise UsageError("a room's address has no query, fragment or name", location=Location(field="URL"))

    def enrol(self, code: str, key: str, version: str) -> Mapping[str, str]:
        """Spend a one-time code; gives ``agent``, ``place``, ``organisation``, ``token``."""
        found = self._call("POST", "enrol", {"code": code, "key": key, "version": version})
        return {name: _text(found, name) for name in ("agent", "place", "organisation", "token")}

    def work(self) -> Work:
        """What waits for this agent."""
        found = self._call("GET", "work")
        return Work(
            tuple(_task(each) for each in _list(found, "tasks")),
            tuple(
                RoomAsked(_number(each, "id"), _paper(_part(each, "agreement")), _text(each, "order").encode())
                for each in _list(found, "estimates")
            ),
        )

    def papers_of(self, order: str) -> tuple[RoomPaper, ...]:
        """Instructions, reconciliation and decision about one order, as they are now."""
        return next((task.papers for task in self.work().tasks if task.order.digest == order), ())

    def heartbeat(self, version: str, doing: str) -> int | None:
        """Say that this agent is alive; gives how many seconds ago the room's watch was, None where it never was.

        A room that says nothing of its watch (an earlier version) counts as one that has none.
        """
        return _watch_age(self._call("POST", "heartbeat", {"version": version, "doing": doing[:32]}))

    def relay_known(self) -> tuple[int, int | None]:
        """How many entries of this relay's journal the room knows, and how many seconds ago its watch was."""
        found = self._call("GET", "relay")
        return _number(found, "size"), _watch_age(found)

    def relay_report(self, log: str, start: int, entries: Sequence[bytes], head: bytes) -> tuple[int, int | None]:
        """Report a part of a relay's journal; gives what :meth:`relay_known` does."""
        told = [entry.decode("utf-8") for entry in entries]
        body = {"log": log, "start": start, "entries": told, "checkpoint": head.decode("utf-8")}
        found = self._call("POST", "relay/journal", body)
        return _number(found, "size"), _watch_age(found)

    def estimate(self, asked: int, data: bytes) -> None:
        """Give what was counted."""
        self._call("POST", f"estimates/{asked}", {"text": data.decode("utf-8")})

    def report(self, order: str, log: str, part: Part) -> int:
        """Report a part of the journal; gives how many entries the room knows now."""
        entries = [entry.decode("utf-8") for entry in part.entries]
        body = {"log": log, "start": part.start, "entries": entries, "checkpoint": part.checkpoint.decode("utf-8")}
        return _number(self._call("POST", f"migrations/{order}/journal", body), "size")

    def hand_in(self, order: str, papers: Sequence[Held]) -> None:
        """Hand papers in, in their order, as many calls as they need."""
        waiting: list[dict[str, Any]] = []
        size = 0
        for paper in papers:
            if waiting and (len(waiting) == _PAPERS or size + len(paper.data) > _BYTES):
                self._call("POST", f"migrations/{order}/papers", {"papers": waiting})
                waiting, size = [], 0
            signatures = {signer: armour.decode("ascii") for signer, armour in paper.signatures.items()}
            waiting.append({"kind": paper.kind, "text": paper.data.decode("utf-8"), "signatures": signatures})
            size += len(paper.data)
        if waiting:
            self._call("POST", f"migrations/{order}/papers", {"papers": waiting})

    def ask(self, path: str, body: Mapping[str, Any]) -> Mapping[str, Any]:
        """Post to an endpoint that is no agent's."""
        return self._sent_to(f"{self.url.rstrip('/')}/api/v1/{path}", "POST", body)

    def _call(self, method: str, path: str, body: Mapping[str, Any] | None = None) -> Mapping[str, Any]:
        return self._sent_to(f"{self.url.rstrip('/')}/api/v1/agent/{path}", method, body)

    def _sent_to(self, address: str, method: str, body: Mapping[str, Any] | None) -> Mapping[str, Any]:
        data = None if body is None else json.dumps(body).encode()
        request = urllib.request.Request(address, data, self._headers(), method=method)  # noqa: S310 - checked above
        try:
            with self._opener().open(request, timeout=_SECONDS) as answer:
                found = answer.read(_MAX_ANSWER + 1)
        except urllib.error.HTTPError as error:
            raise _refusal(error) from None
        except (OSError, http.client.HTTPException) as error:
            reason = getattr(error, "reason", error)
            raise ConnectionLostError(
                f"the control room cannot be reached: {type(reason).__name__}", location=Location(file=self.url)
            ) from None
        if len(found) > _MAX_ANSWER:
            raise MalformedError("the control room's answer is too long", location=Location(file=self.url))
        value = parse(found)
        if not isinstance(value, dict):
            raise MalformedError("not an answer of a control room", location=Location(file=self.url))
        return value

    def _headers(self) -> dict[str, str]:
        bearer = {"Authorization": f"Bearer {self.token}"} if self.token else {}
        return {
            "Content-Type": "application/json",
            "Accept": "application/json",
            "User-Agent": "ecluse-agent",
            **bearer,
        }

    def _opener(self) -> urllib.request.OpenerDirector:
        context = ssl.create_default_context(cafile=str(self.ca) if self.ca else None)
        context.minimum_version = ssl.TLSVersion.TLSv1_2
        handlers: list[urllib.request.BaseHandler] = [urllib.request.HTTPSHandler(context=context), _NoRedirect()]
        if urlsplit(self.url).hostname in _LOCAL:
            handlers.append(urllib.request.ProxyHandler({}))
        return urllib.request.build_opener(*handlers)


class _NoRedirect(urllib.request.HTTPRedirectHandler):
    """A token goes to the address that was given, and to no other."""

    def redirect_request(self, *_: Any, **__: Any) -> None:
        """Follow none."""
        return


class PapersBox:
    """The room's papers about one migration as a ``control.ports.Mailbox``; what is delivered goes by reports."""

    papers_first = False

    def __init__(self, papers: Sequence[RoomPaper]) -> None:
        self._files: dict[str, bytes] = {}
        for paper in papers:
            stem = f"{paper.kind}.{paper.digest.removeprefix('sha256:')}"
            self._files[f"{stem}.json"] = paper.data
            self._files |= {f"{stem}.{signer}.sig": armour for signer, armour in paper.signatures.items()}

    def deliver(self, name: str, parcel: Path) -> None:
        """Nothing: the room is told by reports."""

    def waiting(self) -> tuple[str, ...]:
        """Names of the papers and their signatures."""
        return tuple(sorted(self._files))

    def collect(self, name: str, into: Path) -> None:
        """Write one out."""
        write_atomic(into, self._files[name])

    def discard(self, name: str) -> None:
        """Forget one."""
        self._files.pop(name, None)


def _refusal(error: urllib.error.HTTPError) -> Exception:
    with error:
        data = error.read(65_536)
    try:
        told = json.loads(data)
        said = printable(told.get("detail") or told.get("title") or "")
        hint = printable(told.get("hint") or "") or None
    except (ValueError, AttributeError):
        said, hint = "", None
    text = f"the control room refuses: {said or error.code}"
    match error.code:
        case 401:
            return ForbiddenError("the control room does not know this token", hint="it was revoked, or has run out")
        case 403:
            return ForbiddenError(text, hint=hint)
        case 404:
            return UnseenError(text, hint=hint)
        case 408 | 409 | 429 | 500 | 502 | 503 | 504:
            return ConnectionLostError(text, hint=hint)
        case 422:
            return TamperError(text, hint=hint)
        case _:
            return RefusedError(text, hint=hint)


def _watch_age(found: Mapping[str, Any]) -> int | None:
    age = found.get("watch_age_s")
    return age if isinstance(age, int) and not isinstance(age, bool) and age >= 0 else None


def _task(value: Any) -> RoomTask:
    states = _part(value, "states")
    if not all(isinstance(state, str) for state in states.values()):
        raise MalformedError("not an answer of a control room: states")
    return RoomTask(
        _paper(_part(value, "agreement")),
        _paper(_part(value, "order")),
        states,
        _number(value, "size"),
        tuple(_paper(each) for each in _list(value, "papers")),
    )


def _paper(value: Any) -> RoomPaper:
    signatures = _part(value, "signatures")
    try:
        made = {_signer(signer): str(armour).encode("ascii") for signer, armour in signatures.items()}
    except UnicodeEncodeError:
        raise MalformedError("a signature is not ASCII") from None
    kind = _text(value, "kind")
    if not kind.replace("-", "").isalpha():
        raise MalformedError("not an answer of a control room: kind")
    return RoomPaper(kind, _text(value, "text").encode(), made)


def _signer(name: str) -> str:
    if not name or "/" in name or name.startswith(".") or not name.isprintable() or len(name) > 64:  # noqa: PLR2004
        raise MalformedError("not a signer's id")
    return name


def _part(value: Any, name: str) -> Mapping[str, Any]:
    found = value.get(name) if isinstance(value, dict) else None
    if not isinstance(found, dict):
        raise MalformedError(f"not an answer of a control room: {name}")
    return found


def _list(value: Any, name: str) -> list[Any]:
    found = value.get(name) if isinstance(value, dict) else None
    if not isinstance(found, list):
        raise MalformedError(f"not an answer of a control room: {name}")
    return found


def _text(value: Any, name: str) -> str:
    found = value.get(name) if isinstance(value, dict) else None
    if not isinstance(found, str):
        raise MalformedError(f"not an answer of a control room: {name}")
    return found


def _number(value: Any, name: str) -> int:
    found = value.get(name) if isinstance(value, dict) else None
    if not isinstance(found, int) or isinstance(found, bool) or found < 0:
        raise MalformedError(f"not an answer of a control room: {name}")
    return found
