"""FTP and FTPS: who is let in, what is listed, whether names and passwords travel in the clear."""

import ftplib
import io
import socket
import ssl
from collections.abc import Iterator
from contextlib import closing, contextmanager, suppress
from typing import BinaryIO

from ecluse.inspector import banners, tls
from ecluse.inspector import rules_servers as rules
from ecluse.inspector.budget import Budget, SpentError, paced
from ecluse.inspector.findings import Finding
from ecluse.inspector.login import ANONYMOUS, GUESSES
from ecluse.inspector.sampling import Entry, UnreadError, looked
from ecluse.inspector.target import Kind, Target
from ecluse.inspector.visit import Visit

_TRIED_NAME = "ecluse-inspect"
_ERRORS = (ftplib.Error, OSError, EOFError, ValueError)
_MOST_NAMES, _MOST_LINES, _LIST_BYTES = 10_000, 2000, 1 << 20


class _Client(ftplib.FTP_TLS):
    """A client whose every command and piece of an answer costs of the budget, and whose answers are never kept."""

    def __init__(self, target: Target, budget: Budget, context: ssl.SSLContext) -> None:
        super().__init__(timeout=budget.patience, context=context, encoding="utf-8")
        self.budget = budget
        self.implicit = target.kind is Kind.FTPS
        self._private, self._kind, self.lines = False, "", 0
        try:
            self.connect(target.host, target.port)
        except BaseException:
            self.close()
            raise

    def connect(self, host: str = "", port: int = 0, timeout: float = -999, source_address: object = None) -> str:  # noqa: ARG002
        """As FTP's own; with implicit FTPS, TLS comes before the greeting."""
        self.host, self.port = host, port
        self.sock = socket.create_connection((host, port), self.timeout)
        self.af = self.sock.family
        if self.implicit:
            self.sock = self.context.wrap_socket(self.sock, server_hostname=host)
        self._listen()
        self.welcome = self.getresp()
        return self.welcome

    def _listen(self) -> None:
        if self.sock is None:
            raise EOFError
        self.file = io.TextIOWrapper(paced(self.sock, self.budget), encoding=self.encoding, errors="replace")

    def auth(self) -> str:
        """As FTP_TLS's own; the answers that come by TLS are waited for as patiently as others."""
        answer = super().auth()
        self._listen()
        return answer

    def putcmd(self, line: str) -> None:
        """As FTP's own; each command is a request. Raises SpentError."""
        self.budget.request()
        super().putcmd(line)

    def typed(self, kind: str) -> None:
        """Say how files come (``A`` or ``I``), if that was not said last. Raises ftplib.Error."""
        if kind != self._kind:
            self.voidcmd(f"TYPE {kind}")
            self._kind = kind

    def getline(self) -> str:
        """As FTP's own, and not for ever. Raises SpentError, EOFError."""
        self.lines += 1
        if self.lines > _MOST_LINES:
            raise EOFError
        return super().getline()

    def ntransfercmd(self, cmd: str, rest: int | str | None = None) -> tuple[socket.socket, int | None]:
        """As FTP_TLS's own, with the session of the control connection, which vsftpd asks for."""
        connection, size = ftplib.FTP.ntransfercmd(self, cmd, rest)  # noqa: S321 - what is looked at is FTP
        if self._private and isinstance(self.sock, ssl.SSLSocket):
            connection = self.context.wrap_socket(connection, server_hostname=self.host, session=self.sock.session)
        return connection, size

    def prot_p(self) -> str:
        """Files and lists go by TLS too."""
        self._private = True
        return super().prot_p()

    @property
    def secured(self) -> bool:
        """Whether TLS covers what is said."""
        return isinstance(self.sock, ssl.SSLSocket)


def inspect_ftp(visit: Visit) -> Iterator[Finding]:
    """All findings of an FTP server but those of its TLS, which begins at its :func:`door`."""
    target, budget = visit.target, visit.budget
    offered = True
    try:
        with _client(target, budget) as client:
            yield from banners.old(visit, client.welcome or "")
            offered = client.implicit or _answers(client, "AUTH TLS", "2")
    except _ERRORS:
        yield visit.unseen("no-answer")
        return
    if not offered:
        yield visit.found(rules.CLEAR_FTP, facts=("tls-not-offered",))
    elif target.kind is Kind.FTP and _asks_in_the_clear(target, budget):
        yield visit.found(rules.CLEAR_FTP, facts=("tls-not-demanded",))
    yield from _nobodies(visit, offered=offered)
    if visit.login.user:
        yield from _as_given(visit, offered=offered)


def door(visit: Visit) -> tls.Door | None:
    """Where the server's TLS begins; None where it has none."""
    target, budget = visit.target, visit.budget

    def opened() -> socket.socket:
        plain = socket.create_connection((target.host, target.port), budget.patience)
        if target.kind is Kind.FTPS:
            return plain
        try:
            _begin_tls(plain, budget)
        except BaseException:
            plain.close()
            raise
        return plain

    try:
        opened().close()
    except OSError:
        return None
    return tls.Door(visit, opened, "" if target.kind is Kind.FTPS else "ftp")


def _begin_tls(plain: socket.socket, budget: Budget) -> None:
    """Have the server begin TLS (RFC 4217). Raises OSError, SpentError."""
    reader = paced(plain, budget)
    _reply(reader)
    plain.sendall(b"AUTH TLS\r\n")
    if not _reply(reader).startswith(b"234"):
        raise ConnectionRefusedError


def _reply(reader: BinaryIO) -> bytes:
    """The last line of one answer."""
    for _ in range(200):
        line = reader.readline(8192)
        if not line or (line[:3].isdigit() and line[3:4] == b" "):
            return line
    raise ConnectionAbortedError


@contextmanager
def _client(target: Target, budget: Budget, context: ssl.SSLContext | None = None) -> Iterator[_Client]:
    budget.request()
    client = _Client(target, budget, context or tls.lenient())
    with closing(client):
        yield client


def _answers(client: _Client, command: str, digit: str) -> bool:
    with suppress(ftplib.Error):
        return client.sendcmd(command).startswith(digit)
    return False


def _asks_in_the_clear(target: Target, budget: Budget) -> bool:
    """Whether a name without TLS is answered by the wish for a password. None is sent."""
    try:
        with _client(target, budget) as client:
            return _answers(client, f"USER {_TRIED_NAME}", "3")
    except _ERRORS:
        return False


def _entered(client: _Client, user: str, password: str, *, secure: bool) -> bool:
    """Log in, over TLS where there is any. Raises ftplib.Error and OSError only for a broken conversation."""
    if secure and not client.secured:
        client.auth()
    try:
        answer = client.sendcmd(f"USER {user}")
        if answer.startswith("3"):
            answer = client.sendcmd(f"PASS {password}")
        if answer.startswith("2") and secure:
            client.prot_p()
    except ftplib.error_perm:
        return False
    return answer.startswith("2")


def _nobodies(visit: Visit, *, offered: bool) -> Iterator[Finding]:
    target, budget = visit.target, visit.budget
    found = set[str]()
    for user, password in GUESSES:
        if user in found or (user in ANONYMOUS and found & ANONYMOUS):
            continue
        try:
            with _client(target, budget) as client:
                if not _entered(client, user, password, secure=offered):
                    continue
                found.add(user)
                rule = rules.ANONYMOUS_LOGIN if user in ANONYMOUS else rules.GUESSABLE_LOGIN
                fact = "mail-as-password" if password else "empty-password"
                yield visit.found(rule, facts=(user, fact))
                yield from _listed(client, visit)
        except SpentError as spent:
            yield visit.unseen(spent.fact)
            return
        except _ERRORS:
            continue


def _listed(client: _Client, visit: Visit) -> Iterator[Finding]:
    start = visit.target.path or "/"
    lister = _FtpLister(client)
    try:
        entries = lister.entries(start)
    except UnreadError:
        return
    folders = sum(entry.folder for entry in entries)
    counts = (("files", len(entries) - folders), ("folders", folders))
    yield visit.found(rules.OPEN_LISTING, at=visit.at(start), counts=counts)
    yield from looked(visit, lister, start, rules.OPEN_DATA, entries)


def _as_given(visit: Visit, *, offered: bool) -> Iterator[Finding]:
    """With the account that was given: only over TLS that is believed, for the password is worth something."""
    target, login = visit.target, visit.login
    if not offered or login.password is None:
        fact = "tls-not-offered" if not offered else "no-login-given"
        yield visit.unseen("login", fact)
        return
    try:
        with _client(target, visit.budget, ssl.create_default_context(cafile=visit.ca)) as client:
            if not _entered(client, login.user, login.password, secure=True):
                yield visit.unseen("login", "login-refused")
                return
            yield from looked(visit, _FtpLister(client), target.path or "/", rules.CLEAR_DATA)
    except ssl.SSLCertVerificationError:
        yield visit.unseen("login", "certificate-not-believed")
    except _ERRORS:
        yield visit.unseen("login", "no-answer")


class _FtpLister:
    """A logged-in connection as a lister: MLSD, else LIST."""

    def __init__(self, client: _Client) -> None:
        self.client = client

    def entries(self, folder: str) -> list[Entry]:
        try:
            return self._facts(folder)
        except ftplib.error_perm:
            pass
        except _ERRORS as error:
            raise UnreadError(_why(error)) from None
        try:
            return self._lines(folder)
        except _ERRORS as error:
            raise UnreadError(_why(error)) from None

    def _facts(self, folder: str) -> list[Entry]:
        found = list[Entry]()
        for line in self._text(f"MLSD {folder}"):
            facts, _, name = line.partition(" ")
            known = dict(each.lower().split("=", 1) for each in facts.split(";") if "=" in each)
            if known.get("type") in {"file", "dir"} and name:
                found.append(Entry(name, known["type"] == "dir", _size(known.get("size", ""))))
        return found

    def _lines(self, folder: str) -> list[Entry]:
        self.client.cwd(folder)
        return [entry for entry in map(_listed_line, self._text("LIST")) if entry]

    def _text(self, command: str) -> list[str]:
        """The lines of a list, as many as a mebibyte holds."""
        self.client.typed("A")
        found = self._received(command, _LIST_BYTES).decode("utf-8", "replace")
        return found.splitlines()[:_MOST_NAMES]

    def beginning(self, path: str, size: int) -> bytes:
        try:
            self.client.typed("I")
            return self._received(f"RETR {path}", size)
        except _ERRORS as error:
            raise UnreadError(_why(error)) from None

    def _received(self, command: str, size: int) -> bytes:
        """The beginning of what a command sends. Raises ftplib.Error, OSError where nothing came."""
        found = bytearray()
        with closing(self.client.transfercmd(command)) as connection, paced(connection, self.client.budget) as reader:
            while len(found) < size and (more := reader.read1(min(65536, size - len(found)))):
                found += more
        # After a transfer that was cut off the server says 426 or 226; either is read before the next command.
        with suppress(ftplib.Error):
            self.client.voidresp()
        return bytes(found)


def _why(error: Exception) -> str:
    """Why a folder or file could not be read, as a fact."""
    if isinstance(error, ftplib.error_perm):
        return "not-allowed"
    return "no-answer" if isinstance(error, (OSError, EOFError)) else "unreadable"


def _size(text: str) -> int:
    return int(text) if text.isascii() and text.isdigit() and len(text) < _LONG else 0


_UNIX_FIELDS, _LONG = 9, 20


def _listed_line(line: str) -> Entry | None:
    """A line of LIST in Unix's form, which all servers of these tests speak; another form is left out."""
    parts = line.split(None, _UNIX_FIELDS - 1)
    if len(parts) < _UNIX_FIELDS or parts[0][:1] not in {"-", "d"} or parts[8] in {".", ".."}:
        return None
    return Entry(parts[8], parts[0].startswith("d"), _size(parts[4]))
