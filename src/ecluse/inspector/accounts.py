"""Accounts in the files that a server keeps of them: who shares one, who came in without a name, who was let guess.

Logs of sshd, vsftpd (its own, and xferlog) and ProFTPD; ``authorized_keys``, ``passwd``, ``shadow``, ``sshd_config``
and ``vsftpd.conf``. What a file is, is told by its lines. Account names are told, since they are what must be mended.
"""

import ipaddress
import re
import zlib
from collections import Counter, defaultdict
from collections.abc import Container, Iterable, Iterator
from dataclasses import dataclass, field
from itertools import chain, islice
from pathlib import Path

from ecluse.inspector import rules_servers as rules
from ecluse.inspector import rules_tls
from ecluse.inspector.account_files import (
    KEYED,
    MOST,
    Lines,
    configured,
    keys_of,
    lines_of,
    open_names,
    passwd_names,
)
from ecluse.inspector.budget import Budget, SpentError
from ecluse.inspector.findings import Finding, Limits, Sureness

# Between two marks of an entry stands little: without a bound, a line of many beginnings takes work by its square.
_ENTERED = re.compile(
    r"(?:^|sshd(?:-session)?\[\d+\]: )Accepted (?P<how>\S+) for (?P<ssh>\S+) from (?P<sshfrom>\S+) port"
    r"|\[(?P<vs>[^\]]{1,300})\] OK LOGIN: Client \"(?P<vsfrom>[^\"]+)\"(?P<vsanon>, anon password)?"
    r"|proftpd\[\d+\].{0,300}?\((?:[^()\[]{0,300})\[(?P<pfrom>[^\]]{1,300})\]\)"
    r"[:\s-]+(?P<pkind>USER|ANON) (?P<pro>\S+): Login successful"
)
_FAILED = re.compile(
    r"(?:^|sshd(?:-session)?\[\d+\]: )Failed \S+ for (?:invalid user )?.{0,1000}? from (?P<a>\S+) port"
    r"|\] FAIL LOGIN: Client \"(?P<b>[^\"]+)\""
    r"|proftpd\[\d+\].{0,300}?\((?:[^()\[]{0,300})\[(?P<c>[^\]]{1,300})\]\)"
    r".{0,300}?(?:Login failed|no such user found|Incorrect password)"
)
_SHOWN_KEY = re.compile(r" port \d{1,5} ssh2: [A-Z0-9-]{2,30} (SHA256:[A-Za-z0-9+/]{43})$")
_XFER = re.compile(r" [bi_CUT]+ [oi] (?P<mode>[agr]) (?P<who>\S+) \S+ [01] \S+ [ci]\s*$")
_XFER_FROM = re.compile(r"^\w{3} \w{3} [ \d]\d \d\d:\d\d:\d\d \d{4} \d+ (?P<from>\S+) \d+ ")
_DAY = re.compile(r"^(?:\w{3} )?(\w{3} [ \d]\d)\b|^(\d{4}-\d\d-\d\d)")
_GENERIC = re.compile(
    r"(?:admin|administrateur|administrator|anonymous|backup|biologie|biologiste|client|commun|compte|data|demo|dev|"
    r"echange|exchange|export|ftp|ftpuser|guest|hl7|hprim|import|info|infirmier|invite|labo|laboratoire|lis|"
    r"maintenance|migration|operateur|operator|partage|public|pub|reception|root|secretariat|sftp|share|shared|"
    r"sil|stage|stagiaire|support|sysadmin|tech|technicien|temp|test|transfer|transfert|upload|user|utilisateur|web)"
    r"(?:[._-]?(?:\d{1,3}|user|account|compte))?"
)
_NETWORKS_A_DAY = 3
"""An account from so many networks in one day is shared, probably: a person has an office, a home and one telephone."""
_NETWORKS = 8
_GENERIC_NETWORKS = 2
_KEYS = 3
_LONGEST = 128
"""Letters of an account's or a host's name."""
_TOLD = 500
"""Findings of one file."""
_FAILURES = 100
"""So many failures of one address in one log: whatever should have stopped it did not."""


@dataclass
class _Log:
    """What was counted in one log; of at most :data:`MOST` different accounts, addresses and networks."""

    networks: dict[str, dict[str, set[str]]] = field(default_factory=lambda: defaultdict(lambda: defaultdict(set)))
    logins: Counter[str] = field(default_factory=Counter)
    passwords: Counter[str] = field(default_factory=Counter)
    nobodies: int = 0
    nobody_from: set[str] = field(default_factory=set)
    failures: Counter[str] = field(default_factory=Counter)
    entered_from: Counter[str] = field(default_factory=Counter)
    keys: dict[str, set[str]] = field(default_factory=dict)
    room: int = MOST
    full: bool = False

    @property
    def any(self) -> bool:
        return bool(self.logins or self.nobodies or self.failures)

    def count(self, counted: Counter[str], name: str) -> None:
        """One more of a name, if there is room for it."""
        if self._kept(counted, name):
            counted[name] += 1

    def nobody(self, origin: str) -> None:
        """Somebody entered without a name."""
        self.nobodies += 1
        if self._kept(self.nobody_from, origin):
            self.nobody_from.add(origin)

    def entered(self, account: str, day: re.Match[str] | None, origin: str) -> None:
        """An account entered."""
        self.count(self.logins, account)
        if account in self.logins:
            days, at, network = self.networks[account], day[0] if day else "", _network(origin)
            if self._kept(days.get(at, ()), network):
                days[at].add(network)

    def showed(self, account: str, key: str) -> None:
        """An account entered by a key of this fingerprint."""
        if self._kept(self.keys, key):
            owners = self.keys.setdefault(key, set())
            if self._kept(owners, account):
                owners.add(account)

    def _kept(self, known: Container[str], name: str) -> bool:
        if name in known:
            return True
        self.full = self.full or self.room == 0
        self.room -= self.room > 0
        return not self.full


def inspect_accounts(files: Iterable[Path], limits: Limits) -> Iterator[Finding]:
    """All findings of logs and account files; one that cannot be read or recognised is told as not looked at.

    ``limits``: ``seconds``, ``files`` and ``bytes_all`` of all together, ``bytes_each``.
    """
    keys, shown_keys = defaultdict[str, set[str]](set), defaultdict[str, set[str]](set)
    budget = Budget(limits)
    for path in files:
        try:
            lines = lines_of(path, budget)
            yield from _one(path, lines, keys, shown_keys)
        except (OSError, EOFError, zlib.error):
            yield rules.NOT_LOOKED_AT.found(str(path), str(path), facts=("unreadable",))
        except SpentError as spent:
            yield rules.NOT_LOOKED_AT.found(str(path), str(path), facts=(spent.fact,))
    yield from _shared_keys(keys, "authorized_keys")
    yield from _shared_keys(shown_keys, "sshd", "in-log")


def _one(path: Path, lines: Lines, keys: dict[str, set[str]], shown_keys: dict[str, set[str]]) -> Iterator[Finding]:
    name = str(path)
    yield from configured(path, lines)
    owned = keys_of(path, lines)
    for account, key in owned:
        keys[key].add(account)
    names, empty = passwd_names(path, lines), open_names(path, lines)
    log = _counted(lines)
    for key, accounts in log.keys.items():
        shown_keys[key] |= accounts
    found = chain(_many_keys(name, owned), _open(name, empty), _generic(name, names), _log_findings(name, log))
    yield from islice(found, _TOLD)
    if not (log.any or owned or names or empty or lines.cut or path.name in KEYED):
        yield rules.NOT_LOOKED_AT.found(name, name, facts=("unknown-form",))
    cut = {lines.cut} if lines.cut else set[str]()
    if log.full or MOST in {len(owned), len(names), len(empty)} or next(found, None) is not None:
        cut.add("limit-names")
    if cut:
        yield rules.NOT_LOOKED_AT.found(name, f"{name}: *", facts=tuple(sorted(cut)))


def _open(name: str, names: list[str]) -> Iterator[Finding]:
    for account in names:
        facts = ("empty-password", "in-configuration")
        yield rules.GUESSABLE_LOGIN.found(name, f"{name}: {account}", Sureness.PROBABLE, facts=facts)


def _generic(name: str, names: list[str]) -> Iterator[Finding]:
    for account in names:
        if _GENERIC.fullmatch(account.lower()):
            yield rules.GENERIC_ACCOUNT.found(name, f"{name}: {account}", Sureness.PROBABLE)


def _counted(lines: Lines) -> _Log:
    log = _Log()
    for line in lines:
        entered, failed = _ENTERED.search(line), _FAILED.search(line)
        # Whoever fails chooses the name that the log repeats: what it says after that is theirs.
        if entered and not (failed and failed.start() < entered.start()):
            _enter(log, entered, line)
        elif failed:
            log.count(log.failures, _plain(failed["a"] or failed["b"] or failed["c"]))
        elif moved := _XFER.search(line):
            came = _XFER_FROM.search(line)
            if came:
                _transfer(log, moved, _plain(came["from"]), line)
    return log


def _enter(log: _Log, entered: re.Match[str], line: str) -> None:
    account = (entered["ssh"] or entered["vs"] or entered["pro"])[:_LONGEST]
    origin = _plain(entered["sshfrom"] or entered["vsfrom"] or entered["pfrom"])
    log.count(log.entered_from, origin)
    if entered["vsanon"] or entered["pkind"] == "ANON" or account in {"anonymous", "ftp"}:
        log.nobody(origin)
        return
    log.entered(account, _DAY.search(line), origin)
    if key := _SHOWN_KEY.search(line, entered.end() - len(" port")):
        log.showed(account, key[1])
    if entered["how"] == "password":
        log.count(log.passwords, account)


def _transfer(log: _Log, moved: re.Match[str], origin: str, line: str) -> None:
    """A line of xferlog: a file, moved by somebody from somewhere."""
    if moved["mode"] == "a":
        log.nobody(origin)
    else:
        log.entered(moved["who"][:_LONGEST], _DAY.search(line), origin)


def _log_findings(name: str, log: _Log) -> Iterator[Finding]:
    if log.nobodies:
        counts = (("logins", log.nobodies), ("addresses", len(log.nobody_from)))
        yield rules.ANONYMOUS_SEEN.found(name, name, counts=counts, facts=("in-log",))
    for account, days in sorted(log.networks.items()):
        yield from _account(name, account, days, log)
    for address, failures in sorted(log.failures.items()):
        if failures >= _FAILURES:
            counts = (("failures", failures), ("logins", log.entered_from[address]))
            yield rules.GUESSING.found(name, f"{name}: {address}", counts=counts, facts=("in-log",))


def _account(name: str, account: str, days: dict[str, set[str]], log: _Log) -> Iterator[Finding]:
    place = f"{name}: {account}"
    most = max(map(len, days.values()), default=0)
    everywhere = len(set().union(*days.values()))
    generic = bool(_GENERIC.fullmatch(account.lower()))
    counts = (("logins", log.logins[account]), ("networks", everywhere))
    if account == "root":
        yield rules_tls.ROOT_LOGIN.found(name, place, counts=counts, facts=("in-log",))
    if most >= _NETWORKS_A_DAY or (generic and everywhere >= _GENERIC_NETWORKS):
        yield rules.SHARED_ACCOUNT.found(name, place, Sureness.PROBABLE, counts=counts, facts=("in-log",))
    elif everywhere >= _NETWORKS:
        yield rules.SHARED_ACCOUNT.found(name, place, Sureness.POSSIBLE, counts=counts, facts=("in-log",))
    elif generic and account != "root":
        yield rules.GENERIC_ACCOUNT.found(name, place, Sureness.PROBABLE, counts=counts, facts=("in-log",))
    if log.passwords[account]:
        entered = (("logins", log.passwords[account]),)
        yield rules_tls.SSH_PASSWORD.found(name, place, counts=entered, facts=("password", "in-log"))


def _many_keys(name: str, owned: list[tuple[str, str]]) -> Iterator[Finding]:
    by_account = Counter(account for account, _ in set(owned))
    for account, number in sorted(by_account.items()):
        if number >= _KEYS:
            yield rules.MANY_KEYS.found(name, f"{name}: {account}", Sureness.POSSIBLE, counts=(("keys", number),))


def _shared_keys(keys: dict[str, set[str]], where: str, *facts: str) -> Iterator[Finding]:
    for accounts in sorted({tuple(sorted(owners)) for owners in keys.values() if len(owners) > 1}):
        counts = (("accounts", len(accounts)),)
        yield rules.SHARED_KEY.found(where, ", ".join(accounts), counts=counts, facts=facts)


def _plain(address: str) -> str:
    try:
        made = ipaddress.ip_address(address.partition("%")[0])
    except ValueError:
        return address[:_LONGEST]
    return str(getattr(made, "ipv4_mapped", None) or made)


def _network(address: str) -> str:
    """The /24 or /48 that an address is of: one line of one house, mostly."""
    try:
        made = ipaddress.ip_address(address)
    except ValueError:
        return address
    return str(ipaddress.ip_network((made, 24 if made.version == 4 else 48), strict=False))  # noqa: PLR2004 - IPv4
