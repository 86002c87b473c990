"""Accounts of the relay: one person or one owned agent each, with keys bound to it alone (law 6, R7).

There is no password, no anonymous account and no shared one: a key, token or certificate that another account holds
is refused when it is added, and again when it is offered.
"""

import datetime as dt
import hashlib
import hmac
import ipaddress
import re
import threading
from collections.abc import Iterable
from dataclasses import dataclass, replace
from enum import StrEnum
from pathlib import Path
from typing import Any

from ecluse.domain.access import Access
from ecluse.domain.errors import ForbiddenError, Location, MalformedError, UsageError
from ecluse.domain.values import Identifier, SigningKey, Strict
from ecluse.relay.log import Log
from ecluse.seal.signing import fingerprint
from ecluse.wire.canonical import canonical, parse
from ecluse.workspace.files import read, write_atomic

_SHARED = re.compile(
    r"(anonymous|anon|ftp|guest|public|shared|test|admin|administrator|root|user|backup|support|maintenance|invite|"
    r"partage|commun|generic|nobody|default)[0-9]*"
)
"""Names that stand for no one person: nobody could be held to what they do."""
_MOST_KEYS = 8
_HEX = re.compile(r"[0-9a-f]{64}")


class Kind(StrEnum):
    """What an account stands for."""

    PERSON = "person"
    AGENT = "agent"


@dataclass(frozen=True, slots=True)
class Account(Strict):
    """One person or one agent. ``owner``: the person who answers for it; a person answers for itself.

    ``agent``: the id under which agreements name whom this account works for; an agent's own, or for a person the one
    agent that the person may carry parcels for. ``tokens`` and ``certificates`` are SHA-256 in hexadecimal, of the
    token and of the certificate's DER. ``networks``: narrower than the relay's; none: the relay's.
    """

    id: Identifier
    kind: Kind
    owner: Identifier
    agent: Identifier
    until: dt.date
    keys: tuple[SigningKey, ...] = ()
    tokens: tuple[str, ...] = ()
    certificates: tuple[str, ...] = ()
    networks: tuple[str, ...] = ()
    revoked: bool = False

    def __post_init__(self) -> None:
        """Refuse what stands for nobody.

        Raises:
            ValueError: a shared name, a person who does not answer for themselves, no way in, not a network or digest.
        """
        if _SHARED.fullmatch(self.id.lower()):
            raise ValueError("id: a name that stands for no one person (law 6)")
        if self.kind is Kind.PERSON and self.owner != self.id:
            raise ValueError("owner: a person answers for themselves")
        if self.kind is Kind.AGENT and (self.owner == self.id or self.agent != self.id):
            raise ValueError("owner: an agent has a person who answers for it, and is itself")
        if not (self.keys or self.tokens or self.certificates):
            raise ValueError("keys: a key, a token or a certificate is needed")
        if len(self.keys) + len(self.tokens) + len(self.certificates) > _MOST_KEYS:
            raise ValueError(f"keys: at most {_MOST_KEYS}")
        if not all(_HEX.fullmatch(each) for each in (*self.tokens, *self.certificates)):
            raise ValueError("tokens: SHA-256 in hexadecimal")
        for each in self.networks:
            ipaddress.ip_network(each)

    def marks(self) -> frozenset[str]:
        """Everything by which it may be known: keys without their comment, digests of tokens and certificates."""
        return frozenset({*map(bare, self.keys), *self.tokens, *self.certificates})

    def shown_marks(self) -> tuple[str, ...]:
        """The same as journals name them, ordered."""
        return tuple(sorted(map(shown_mark, self.marks())))

    def is_live(self, on: dt.date) -> bool:
        """Whether it opens anything on a day."""
        return not self.revoked and on <= self.until


def bare(key: str) -> str:
    """An OpenSSH key line without its comment."""
    return " ".join(key.split(" ")[:2])


def secret_digest(secret: str) -> str:
    """What is kept of a token of 256 bits (hence no salt)."""
    return hashlib.sha256(secret.encode("utf-8", "surrogatepass")).hexdigest()


def shown_mark(mark: str) -> str:
    """What a journal calls a key (its fingerprint, as ``ssh-keygen -l`` prints it), or a token or certificate."""
    return fingerprint(mark) if " " in mark else f"sha256:{mark}"


class Accounts:
    """The accounts of one relay's folder, read again when a file there changes."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._lock = threading.Lock()
        self._seen: tuple[tuple[str, int, int], ...] = ()
        self._all: dict[str, Account] = {}
        self._by_mark: dict[str, str] = {}

    def all(self) -> tuple[Account, ...]:
        """Every account, by id."""
        self._refresh()
        return tuple(self._all[each] for each in sorted(self._all))

    def get(self, id_: str) -> Account | None:
        """The account of that id."""
        self._refresh()
        return self._all.get(id_)

    def by_mark(self, mark: str) -> Account | None:
        """Whose key, token or certificate it is."""
        self._refresh()
        found = self._all.get(self._by_mark.get(mark, ""))
        if found is None or not any(hmac.compare_digest(each, mark) for each in found.marks()):
            return None
        return found

    def add(self, account: Account, log: Log, by: str) -> None:
        """Keep a new account, or a changed one; journalled first.

        Raises:
            ForbiddenError: a key, token or certificate that another account has, revoked ones included.
        """
        for mark in account.marks():
            holder = self.by_mark(mark)
            if holder is not None and holder.id != account.id:
                log.append(Access.KEY_CLAIMED, by, subject=account.id, holder=holder.id)
                raise ForbiddenError(
                    f"this key or token is bound to {holder.id} already (law 6)",
                    hint="one person, one key: make a new one with: ecluse key new",
                )
        known = self.get(account.id)
        event = Access.ACCOUNT_ADDED if known is None else Access.ACCOUNT_CHANGED
        log.append(event, by, subject=account.id, owner=account.owner, keys=" ".join(account.shown_marks()))
        self._write(account)

    def revoke(self, id_: str, log: Log, by: str) -> Account:
        """Close an account for good; it stays on file, so that its keys are never bound to somebody else.

        Raises:
            UsageError: there is none.
        """
        known = self.get(id_)
        if known is None:
            raise UsageError("there is no such account", location=Location(field=id_))
        log.append(Access.ACCOUNT_REVOKED, by, subject=id_)
        gone = replace(known, revoked=True)
        self._write(gone)
        return gone

    def _write(self, account: Account) -> None:
        write_atomic(self._folder / f"{account.id}.json", canonical(_plain(account)))

    def _refresh(self) -> None:
        seen = _state_of(self._folder)
        with self._lock:
            if seen == self._seen:
                return
            found = [read_account(self._folder / name) for name, _, _ in seen]
            by_mark: dict[str, str] = {}
            for account in found:
                for mark in account.marks():
                    if mark in by_mark:
                        raise ForbiddenError(
                            f"one key stands in two accounts: {account.id} and {by_mark[mark]} (law 6)"
                        )
                    by_mark[mark] = account.id
            self._all, self._by_mark, self._seen = {each.id: each for each in found}, by_mark, seen


def read_account(path: Path) -> Account:
    """An account's file; raises MalformedError naming file and field."""
    where = Location(file=str(path))
    value = parse(read(path))
    try:
        given: dict[str, Any] = {name: _frozen(each) for name, each in value.items()}
        account = Account(**given | {"kind": Kind(given["kind"]), "until": dt.date.fromisoformat(given["until"])})
    except (AttributeError, KeyError, TypeError, ValueError):
        raise MalformedError("not an account", location=where) from None
    if path.name != f"{account.id}.json":
        raise MalformedError("the file's name is not the account's id", location=where)
    return account


def _plain(account: Account) -> dict[str, object]:
    made: dict[str, object] = {}
    for name in Account.__dataclass_fields__:
        value = getattr(account, name)
        made[name] = list(value) if isinstance(value, tuple) else value
    return made | {"kind": str(account.kind), "until": account.until.isoformat()}


def _frozen(value: object) -> object:
    return tuple(value) if isinstance(value, list) else value


def _state_of(folder: Path) -> tuple[tuple[str, int, int], ...]:
    if not folder.is_dir():
        return ()
    names: Iterable[Path] = folder.glob("*.json")
    stats = ((path.name, path.stat()) for path in names)
    return tuple(sorted((name, stat.st_mtime_ns, stat.st_size) for name, stat in stats))
