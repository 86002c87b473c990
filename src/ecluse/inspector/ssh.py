"""SSH and SFTP: what the server offers to everybody, its algorithms (ssh-audit), what lies there for a given key."""

import asyncio
import socket
from collections.abc import Iterator
from typing import Any

import asyncssh

from ecluse.inspector import banners, scanners
from ecluse.inspector import rules_servers as servers
from ecluse.inspector import rules_tls as rules
from ecluse.inspector.budget import Budget, paced
from ecluse.inspector.findings import Finding, Sureness, technical
from ecluse.inspector.login import ANONYMOUS, GUESSES
from ecluse.inspector.rule import Rule
from ecluse.inspector.sampling import Entry, UnreadError, looked
from ecluse.inspector.target import Target
from ecluse.inspector.visit import Visit

_TRIED_NAME = "ecluse-inspect"
_KINDS = {"kex": "kex", "key": "host-key", "enc": "cipher", "mac": "mac"}
_SUSPECTED = "suspected as being backdoored"
"""ssh-audit's reason against the NIST curves. They are the standard of many, and not known to be broken."""
_ERRORS = (OSError, EOFError, asyncssh.Error, TimeoutError, ValueError)
_SHOWN = 6
_MOST_NAMES = 10_000


def inspect_ssh(visit: Visit) -> Iterator[Finding]:
    """All findings of an SSH server."""
    target, budget = visit.target, visit.budget
    greeting = _greeting(target, budget)
    if greeting is None:
        yield visit.unseen("no-answer")
        return
    yield from banners.old(visit, greeting)
    if greeting.startswith("SSH-1"):
        yield visit.found(rules.SSH_OLD, facts=("SSH-1",))
        if not greeting.startswith("SSH-1.99"):
            return
    methods = _offered(target, budget)
    if methods is None:
        yield visit.unseen("login-methods", "no-answer")
    elif "password" in methods:
        yield visit.found(rules.SSH_PASSWORD, facts=("password",))
    elif "keyboard-interactive" in methods:
        yield rules.SSH_PASSWORD.found(
            target.name, target.place, Sureness.POSSIBLE, facts=("keyboard-interactive",)
        )  # fmt: skip
    if methods is None or not methods or {"password", "none"} & set(methods):
        yield from _nobodies(visit)
    yield from _algorithms(visit)
    if visit.login.user:
        yield from _as_given(visit)


def _greeting(target: Target, budget: Budget) -> str | None:
    """The line that begins with ``SSH-``; others may come before it (RFC 4253, 4.2)."""
    budget.request()
    try:
        with socket.create_connection((target.host, target.port), budget.patience) as plain:
            lines = paced(plain, budget)
            for _ in range(50):
                line = lines.readline(1024)
                if not line:
                    return None
                if line.startswith(b"SSH-"):
                    return line.decode("ascii", "replace").strip()
    except OSError:
        return None
    return None


def _options(budget: Budget, **more: Any) -> dict[str, Any]:
    """Of a connection that reads no configuration, uses no agent, and believes any host key unless told otherwise."""
    return {"config": None, "agent_path": None, "known_hosts": None, "login_timeout": budget.patience,
            "connect_timeout": budget.patience, "client_keys": None, "gss_auth": False, "x509_trusted_certs": None,
            "host_based_auth": False} | more  # fmt: skip


def _offered(target: Target, budget: Budget) -> list[str] | None:
    """How a stranger may prove who he is; empty: not at all needed. None: no answer."""
    budget.request()

    async def ask() -> Any:
        options = asyncssh.SSHClientConnectionOptions(config=None, **_lenient())
        return await asyncssh.get_server_auth_methods(
            target.host, target.port, _TRIED_NAME, config=None, options=options
        )

    try:
        return list(asyncio.run(asyncio.wait_for(ask(), budget.patience)))
    except _ERRORS:
        return None


def _lenient() -> dict[str, Any]:
    """Old servers are looked at too: whatever this library knows may be agreed on; no secret is sent so."""
    return {"kex_algs": "*", "encryption_algs": "*", "mac_algs": "*", "server_host_key_algs": "*"}


def _nobodies(visit: Visit) -> Iterator[Finding]:
    found = set[str]()
    for user, password in GUESSES:
        if user in found or (user in ANONYMOUS and found & ANONYMOUS):
            continue
        given = _options(visit.budget, username=user, password=password, **_lenient())
        visit.budget.request()
        seen = asyncio.run(_entered(visit, given, servers.OPEN_DATA))
        if seen is not None:
            found.add(user)
            fact = "mail-as-password" if password else "empty-password"
            yield visit.found(rules.SSH_OPEN, facts=(user, fact))
            yield from seen


def _as_given(visit: Visit) -> Iterator[Finding]:
    """With the account that was given. A password goes only to a host that is known; a key gives nothing away."""
    login = visit.login
    given = _options(visit.budget, username=login.user)
    if login.key:
        given |= {"client_keys": [login.key]}
    elif login.password is not None:
        given |= {"password": login.password, "known_hosts": login.known_hosts or ()}
    else:
        yield visit.unseen("login", "no-login-given")
        return
    visit.budget.request()
    seen = asyncio.run(_entered(visit, given, servers.CLEAR_DATA))
    if seen is None:
        yield visit.unseen("login", "login-refused")
        return
    yield from seen


async def _entered(visit: Visit, given: dict[str, Any], rule: Rule) -> list[Finding] | None:
    """What lies there, if this login is let in; None if it is not."""
    target, budget = visit.target, visit.budget
    try:
        connection = await asyncio.wait_for(asyncssh.connect(target.host, target.port, **given), budget.patience)
    except _ERRORS:
        return None
    try:
        try:
            files = await asyncio.wait_for(connection.start_sftp_client(), budget.patience)
        except _ERRORS:
            return [visit.unseen("sftp", "no-answer")]
        lister = _SftpLister(files, asyncio.get_running_loop(), budget)
        start = target.path or "/"
        # The walk is plain code; it runs beside the loop, which serves its calls.
        return await asyncio.to_thread(lambda: list(looked(visit, lister, start, rule)))
    finally:
        connection.close()


class _SftpLister:
    """An SFTP session as a lister, called from a thread beside its loop."""

    def __init__(self, files: Any, loop: asyncio.AbstractEventLoop, budget: Budget) -> None:
        self.files, self.loop, self.budget = files, loop, budget

    def _done(self, work: Any) -> Any:
        future = asyncio.run_coroutine_threadsafe(work, self.loop)
        try:
            return future.result(self.budget.patience)
        except _ERRORS as error:
            future.cancel()
            raise UnreadError(_why(error)) from None

    def entries(self, folder: str) -> list[Entry]:
        """Links are not followed."""
        found = []
        self.budget.request()
        for each in self._done(self._names(folder)):
            folder_here = each.attrs.type == asyncssh.FILEXFER_TYPE_DIRECTORY
            plain = folder_here or each.attrs.type == asyncssh.FILEXFER_TYPE_REGULAR
            if plain and each.filename not in {".", ".."}:
                found.append(Entry(str(each.filename), folder_here, each.attrs.size or 0))
        return found

    async def _names(self, folder: str) -> list[Any]:
        """As many as are looked at, of a list that may have no end."""
        found = list[Any]()
        async for each in self.files.scandir(folder):
            found.append(each)
            if len(found) == _MOST_NAMES:
                break
        return found

    def beginning(self, path: str, size: int) -> bytes:
        self.budget.request()

        async def read() -> bytes:
            async with self.files.open(path, "rb") as file:
                return bytes(await file.read(size))

        found: bytes = self._done(read())
        return found


def _why(error: Exception) -> str:
    """Why a folder or file could not be read, as a fact."""
    if isinstance(error, asyncssh.SFTPPermissionDenied):
        return "not-allowed"
    lost = isinstance(error, (OSError, EOFError, asyncssh.SFTPConnectionLost, asyncssh.DisconnectError))
    return "no-answer" if lost else "unreadable"


def _algorithms(visit: Visit) -> Iterator[Finding]:
    try:
        scanners.wanted(yes=visit.scanners)
        found = scanners.ssh_audit(visit.target.host, visit.target.port, visit.budget.left)
    except scanners.LeftOutError:
        yield visit.unseen("ssh-audit", "tool-left-out")
        return
    except scanners.MissingScannerError:
        yield visit.unseen("ssh-audit", "tool-missing")
        return
    except scanners.FailedScannerError:
        yield visit.unseen("ssh-audit", "tool-failed")
        return
    for kind, told in _KINDS.items():
        weak = sorted({str(each["algorithm"]) for each in found.get(kind, []) if _broken(each)})
        if weak:
            counts = (("algorithms", len(weak)),)
            named = tuple(filter(technical, weak[:_SHOWN]))
            yield visit.found(rules.SSH_WEAK, at=visit.at(f" {told}"), counts=counts, facts=named)


def _broken(each: dict[str, Any]) -> bool:
    reasons = (each.get("notes") or {}).get("fail") or []
    return any(_SUSPECTED not in str(reason) for reason in reasons)
