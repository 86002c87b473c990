"""Files of accounts and of a server's settings, read line by line: keys, names, and the settings that open a door."""

import gzip
import re
from collections.abc import Iterator
from dataclasses import dataclass
from hashlib import sha256
from itertools import islice
from pathlib import Path
from typing import Final

from ecluse.inspector import rules_servers as rules
from ecluse.inspector import rules_tls
from ecluse.inspector.budget import Budget, SpentError
from ecluse.inspector.findings import Finding, Sureness
from ecluse.inspector.rule import Rule

KEYED: Final = frozenset({"sshd_config", "vsftpd.conf", "authorized_keys", "passwd", "shadow"})
"""Names of files that may well hold nothing to find."""
_KEY = re.compile(r"(?:^|\s)(?:ssh-(?:rsa|ed25519|dss)|(?:sk-)?ecdsa-\S+|sk-ssh-ed25519\S*) (AAAA[0-9A-Za-z+/=]+)")
_PASSWD = re.compile(r"([a-z_][a-z0-9_.-]*\$?):[^:]*:(\d{1,9}):\d+:[^:]*:[^:]*:(\S*)")
_PASSWD_FIELDS, _SHADOW_FIELDS = 7, 9
_NO_SHELL = ("nologin", "/false", "/sync", "/halt", "/shutdown")
_FIRST_PERSON, _NOBODY = 1000, 65534
_LONGEST, _AT_ONCE = 1 << 16, 4096
"""Bytes of a line; lines after which the clock is asked."""
MOST = 100_000
"""Accounts, keys or addresses of one file that are kept."""

_SSHD: Final[dict[tuple[str, str], tuple[Rule, Sureness]]] = {
    ("permitrootlogin", "yes"): (rules_tls.ROOT_LOGIN, Sureness.CERTAIN),
    ("passwordauthentication", "yes"): (rules_tls.SSH_PASSWORD, Sureness.CERTAIN),
    ("permitemptypasswords", "yes"): (rules_tls.SSH_OPEN, Sureness.PROBABLE),
}
_VSFTPD: Final[dict[tuple[str, str], tuple[Rule, Sureness]]] = {
    ("anonymous_enable", "yes"): (rules.ANONYMOUS_LOGIN, Sureness.CERTAIN),
    ("ssl_enable", "no"): (rules.CLEAR_FTP, Sureness.CERTAIN),
    ("force_local_logins_ssl", "no"): (rules.CLEAR_FTP, Sureness.CERTAIN),
}
_UNSAID: Final[dict[str, tuple[tuple[str, str, Rule, Sureness], ...]]] = {
    "sshd_config": (("passwordauthentication", "yes", rules_tls.SSH_PASSWORD, Sureness.PROBABLE),),
    "vsftpd.conf": (
        ("ssl_enable", "no", rules.CLEAR_FTP, Sureness.CERTAIN),
        ("anonymous_enable", "yes", rules.ANONYMOUS_LOGIN, Sureness.POSSIBLE),  # upstream's; Debian's is no
    ),
}
"""What a server does where its settings say nothing (sshd_config(5) of OpenSSH 9.2, vsftpd.conf(5) of vsftpd 3.0.3)."""
_SWITCHES: Final = {"true": "yes", "1": "yes", "false": "no", "0": "no"}


@dataclass
class Lines:
    """The lines of a file, from its beginning each time; ``cut``: the limit that ended them, as a fact."""

    path: Path
    budget: Budget
    cut: str = ""

    def __iter__(self) -> Iterator[str]:
        """Raises OSError."""
        read = 0
        try:
            self.budget.time()
            with gzip.open(self.path, "rb") if self.path.suffix == ".gz" else self.path.open("rb") as file:
                for number, line in enumerate(iter(lambda: file.readline(_LONGEST), b"")):
                    read += len(line)
                    if read > self.budget.limits.bytes_each:
                        self.cut = "limit-bytes"
                        return
                    self.budget.read(len(line))
                    if number % _AT_ONCE == 0:
                        self.budget.time()
                    yield line.decode("utf-8", "replace").rstrip("\r\n")
        except SpentError as spent:
            self.cut = spent.fact


def lines_of(path: Path, budget: Budget) -> Lines:
    """The lines of a file, within a budget. Raises OSError where it is none or not readable, SpentError."""
    if not path.is_file():
        raise FileNotFoundError
    budget.file()
    with path.open("rb"):
        return Lines(path, budget)


def configured(path: Path, lines: Lines) -> Iterator[Finding]:
    """What a server's settings open, said or unsaid: ``sshd_config``, ``vsftpd.conf``.

    Of sshd's words the first counts, and after ``Match`` for some alone; of vsftpd's the last.
    """
    table = {"sshd_config": _SSHD, "vsftpd.conf": _VSFTPD}.get(path.name)
    if table is None:
        return
    known, some, more = _settings(path, lines, {word for word, _ in table})
    for (word, value), (rule, sureness) in table.items():
        if known.get(word) == value:
            yield rule.found(str(path), f"{path}: {word}", sureness, facts=("in-configuration",))
        elif (word, value) in some:
            yield rule.found(str(path), f"{path}: Match: {word}", Sureness.PROBABLE, facts=("in-configuration",))
    for word, value, rule, sureness in _UNSAID[path.name]:
        if word not in known and not lines.cut and (word, value) not in some:
            sure = Sureness.POSSIBLE if more else sureness
            yield rule.found(str(path), f"{path}: {word}", sure, facts=("by-default",))


def _settings(path: Path, lines: Lines, words: set[str]) -> tuple[dict[str, str], set[tuple[str, str]], bool]:
    """Of a file of settings the values of some words, those for some connections alone, whether another is included."""
    known, some, more, matched = dict[str, str](), set[tuple[str, str]](), False, False
    for line in lines:
        word, _, value = line.split("#")[0].strip().replace("=", " ", 1).partition(" ")
        word, value = word.lower(), value.strip().strip('"').lower()
        matched, more = matched or word == "match", more or word == "include"
        if word not in words:
            continue
        if path.name == "vsftpd.conf":
            known[word] = _SWITCHES.get(value, value)
        elif matched:
            some.add((word, value))
        else:
            known.setdefault(word, value)
    return known, some, more


def keys_of(path: Path, lines: Lines) -> list[tuple[str, str]]:
    """Accounts and digests of their public keys, of a file of authorised keys; at most :data:`MOST`.

    The account is its folder's, or its own name.
    """
    if not path.name.startswith("authorized_keys") and path.parent.name not in {"authorized_keys", "keys"}:
        return []
    if path.name.startswith("authorized_keys"):
        account = path.parent.parent.name if path.parent.name == ".ssh" else path.parent.name
    else:
        account = path.stem
    found = (_KEY.search(line) for line in lines if not line.lstrip().startswith("#"))
    return list(islice(((account, sha256(each[1].encode()).hexdigest()) for each in found if each), MOST))


def passwd_names(path: Path, lines: Lines) -> list[str]:
    """Names of the accounts of people in a ``passwd`` that may log in; at most :data:`MOST`."""
    if not path.name.startswith("passwd"):
        return []
    found = list[str]()
    for line in lines:
        match = _PASSWD.fullmatch(line)
        if len(found) == MOST:
            break
        if match and _FIRST_PERSON <= int(match[2]) < _NOBODY and not match[3].endswith(_NO_SHELL):
            found.append(match[1])
    return found


def open_names(path: Path, lines: Lines) -> list[str]:
    """Names of accounts of a ``passwd`` or ``shadow`` that have an empty password; at most :data:`MOST`."""
    if not path.name.startswith(("passwd", "shadow")):
        return []
    entries = (line.split(":") for line in lines)
    found = (each[0] for each in entries if len(each) > 1 and each[0] and not each[1] and _enters(each))
    return list(islice(found, MOST))


def _enters(entry: list[str]) -> bool:
    """Whether a line of accounts is whole, and its program, where the line names one, lets in."""
    return len(entry) == _SHADOW_FIELDS or (len(entry) == _PASSWD_FIELDS and not entry[6].endswith(_NO_SHELL))
