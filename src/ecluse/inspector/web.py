"""HTTP and HTTPS: lists of files without a login, transport in the clear, whom to tell of a danger."""

import base64
import html
import http.client
import re
import socket
import ssl
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass
from functools import partial
from urllib.parse import quote, unquote, urljoin, urlsplit

from ecluse.inspector import banners, tls
from ecluse.inspector import rules_servers as rules
from ecluse.inspector.budget import Budget, SpentError, paced
from ecluse.inspector.findings import Finding
from ecluse.inspector.login import Login
from ecluse.inspector.sampling import Entry, UnreadError, looked
from ecluse.inspector.target import Kind, Target
from ecluse.inspector.visit import Visit

_ZONES = ("public", "pub", "ftp", "files", "export", "backup", "transfert", "upload")
"""Folders of transfer servers that anybody thinks of; nothing else is ever guessed."""
_INDEX = re.compile(
    rb"<title>\s*(?:Index of\b|Directory listing for\b|Listing of\b)|<h1>\s*Index of\b|\[To Parent Directory\]",
    re.IGNORECASE,
)
_HREF = re.compile(r"""<a\s[^<>]{0,500}?href\s*=\s*["']?([^"'\s>]+)""", re.IGNORECASE)
_PAGE = 1 << 20
_OK, _PARTIAL, _REFUSED = 200, 206, 400
_DENIED = frozenset({401, 403})
_REDIRECTS = frozenset({301, 302, 303, 307, 308})
_ERRORS = (OSError, http.client.HTTPException, ValueError)
_MOST_NAMES = 10_000


@dataclass(frozen=True, slots=True)
class Answer:
    """One answer; ``body`` is its beginning."""

    status: int
    headers: http.client.HTTPMessage
    body: bytes


class Client:
    """Asks one server, one connection a request: GET alone, no cookie, no redirection followed; paced and counted."""

    def __init__(self, target: Target, budget: Budget, context: ssl.SSLContext, login: Login | None = None) -> None:
        self.target, self.budget, self.context = target, budget, context
        self.headers = {"User-Agent": "ecluse-inspect", "Accept": "*/*", "Connection": "close"}
        if login and login.user and login.password is not None:
            pair = base64.b64encode(f"{login.user}:{login.password}".encode()).decode("ascii")
            self.headers["Authorization"] = f"Basic {pair}"

    def page(self, path: str, size: int) -> Answer:
        """The beginning of an answer, at most so many bytes. Raises OSError, HTTPException, ValueError, SpentError."""
        self.budget.request()
        host, port, patience = self.target.host, self.target.port, self.budget.patience
        made: http.client.HTTPConnection = (
            http.client.HTTPConnection(host, port, timeout=patience)
            if self.target.kind is Kind.HTTP
            else http.client.HTTPSConnection(host, port, timeout=patience, context=self.context)
        )
        made.response_class = partial(_Answering, self.budget)  # type: ignore[assignment]  # called as the class is
        with closing(made) as connection:
            ranged = {"Range": f"bytes=0-{size - 1}"} if size < _PAGE else {}
            connection.request("GET", quote(path, safe="/~:@!$&'()*+,;="), headers=self.headers | ranged)
            came = connection.getresponse()
            return Answer(came.status, came.headers, _beginning(came, size))


class _Answering(http.client.HTTPResponse):
    """An answer whose every piece is waited for within the time of the budget."""

    def __init__(self, budget: Budget, sock: socket.socket, method: str | None = None) -> None:
        super().__init__(sock, method=method)
        self.fp.close()
        self.fp = paced(sock, budget)


def _beginning(came: http.client.HTTPResponse, size: int) -> bytes:
    found = bytearray()
    while len(found) < size and (more := came.read1(min(1 << 16, size - len(found)))):
        found += more
    return bytes(found)


def inspect_web(visit: Visit) -> Iterator[Finding]:
    """All findings of a web server but those of its TLS."""
    target, budget = visit.target, visit.budget
    start = f"{target.path.rstrip('/')}/"
    client = Client(target, budget, tls.lenient())
    try:
        first = client.page(start, _PAGE)
    except _ERRORS:
        yield visit.unseen("no-answer")
        return
    yield from banners.old(visit, str(first.headers.get("Server", "")))
    if target.kind is Kind.HTTP and not _sends_on(first):
        yield visit.found(rules.CLEAR_HTTP, facts=(str(first.status),))
    try:
        yield from _open_folders(visit, client, _lists(client, start, first))
        public = first.status < _REFUSED and not _sends_on(first)  # whoever shows strangers nothing needs no such file
        if public and not _told_whom(_asked(client, "/.well-known/security.txt")):
            yield visit.found(rules.SECURITY_TXT)
        if visit.login.user:
            yield from _as_given(visit, start)
    except SpentError as spent:
        yield visit.unseen(spent.fact)


def _lists(client: Client, start: str, first: Answer) -> Iterator[tuple[str, list[Entry]]]:
    """Folders that strangers get a list of, with their entries."""
    if _is_index(first):
        yield start, _entries(start, first)
        return  # the others would lie within it
    for name in _ZONES:
        zone = f"{start}{name}/"
        answer = _asked(client, zone)
        if answer is not None and _is_index(answer):
            yield zone, _entries(zone, answer)


def _asked(client: Client, path: str) -> Answer | None:
    try:
        return client.page(path, _PAGE)
    except _ERRORS:
        return None


def _is_index(answer: Answer | None) -> bool:
    return answer is not None and answer.status == _OK and bool(_INDEX.search(answer.body[:65536]))


def _sends_on(answer: Answer) -> bool:
    return answer.status in _REDIRECTS and str(answer.headers.get("Location", "")).lower().startswith("https://")


def _told_whom(answer: Answer | None) -> bool:
    return answer is not None and answer.status == _OK and b"contact:" in answer.body[:65536].lower()


def _open_folders(visit: Visit, client: Client, lists: Iterator[tuple[str, list[Entry]]]) -> Iterator[Finding]:
    for folder, entries in lists:
        inner = sum(entry.folder for entry in entries)
        counts = (("files", len(entries) - inner), ("folders", inner))
        yield visit.found(rules.OPEN_LISTING, at=visit.at(folder), counts=counts)
        yield from looked(visit, _WebLister(client), folder, rules.OPEN_DATA, entries)


def _as_given(visit: Visit, start: str) -> Iterator[Finding]:
    """With the account that was given (HTTP Basic): only over TLS that is believed."""
    target, login, budget = visit.target, visit.login, visit.budget
    if target.kind is Kind.HTTP or login.password is None:
        fact = "tls-not-offered" if target.kind is Kind.HTTP else "no-login-given"
        yield visit.unseen("login", fact)
        return
    client = Client(target, budget, ssl.create_default_context(cafile=visit.ca), login)
    answer = _asked(client, start)
    if answer is None or not _is_index(answer):
        fact = "no-answer" if answer is None else "unknown-form" if answer.status == _OK else "login-refused"
        yield visit.unseen("login", fact, at=visit.at(start))
        return
    yield from looked(visit, _WebLister(client), start, rules.CLEAR_DATA, _entries(start, answer))


class _WebLister:
    """Lists of files as servers write them (nginx, Apache, lighttpd, IIS, Python), as a lister."""

    def __init__(self, client: Client) -> None:
        self.client = client

    def entries(self, folder: str) -> list[Entry]:
        """The links of a list that lead below it."""
        base = f"{folder.rstrip('/')}/"
        answer = self._answer(base, _PAGE)
        if not _is_index(answer):
            raise UnreadError("unknown-form")
        return _entries(base, answer)

    def beginning(self, path: str, size: int) -> bytes:
        """The server may not know ranges: then the beginning is read and the rest left."""
        return self._answer(path, min(size, _PAGE - 1)).body

    def _answer(self, path: str, size: int) -> Answer:
        try:
            answer = self.client.page(path, size)
        except OSError:
            raise UnreadError("no-answer") from None
        except _ERRORS:
            raise UnreadError("unreadable") from None
        if answer.status not in {_OK, _PARTIAL}:
            raise UnreadError("not-allowed" if answer.status in _DENIED else "unreadable")
        return answer


def _entries(base: str, answer: Answer) -> list[Entry]:
    """What a list of files leads to below its folder."""
    found = dict[str, Entry]()
    for href in _HREF.findall(answer.body.decode("utf-8", "replace")):
        entry = _below(base, html.unescape(href))
        if entry and len(found) < _MOST_NAMES:
            found[entry.name] = entry
    return list(found.values())


def _below(base: str, href: str) -> Entry | None:
    parts = urlsplit(href)
    if parts.scheme or parts.netloc or parts.query:
        return None
    path = unquote(urlsplit(urljoin(quote(base), parts.path)).path)
    name = path.removeprefix(base)
    if not path.startswith(base) or not name.strip("/") or "/" in name.rstrip("/"):
        return None
    return Entry(name.rstrip("/"), name.endswith("/"))
