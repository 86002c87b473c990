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

KEYED: Final = frozenset({"sshd_config", "vsftpd.conf", "authorized_keys", "passwd"})
"""Names of files that may well hold nothing to find."""
_KEY = re.compile(r"(?:^|\s)(?:ssh-(?:rsa|ed25519|dss)|(?:sk-)?ecdsa-\S+|sk-ssh-ed25519\S*) (AAAA[0-9A-Za-z+/=]+)")
_PASSWD = re.compile(r"([a-z_][a-z0-9_.-]*\$?):[^:]*:(\d{1,9}):\d+:[^:]*:[^:]*:(\S*)")
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
    """What a server's settings open: ``sshd_config`` (its first word counts, up to ``Match``), ``vsftpd.conf``."""
    table = {"sshd_config": _SSHD, "vsftpd.conf": _VSFTPD}.get(path.name)
    if table is None:
        return
    known = dict[str, str]()
    words = {word for word, _ in table}
    for line in lines:
        word, _, value = line.split("#")[0].strip().replace("=", " ", 1).partition(" ")
        if word.lower() == "match":
            break
        if word.lower() in words:
            known.setdefault(word.lower(), value.strip().strip('"').lower())
    for (word, value), (rule, sureness) in table.items():
        if known.get(word) == value:
            yield rule.found(str(path), f"{path}: {word}", sureness, facts=("in-configuration",))


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
