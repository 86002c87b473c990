"""What the inspector says: a finding names a rule, a place, counts and fixed words; it has no room for a value.

A finding's target is a URL or a path, its place a path, a table and column, or a port. Text from outside (a target as
it was named, a file's name, a server's answer) reaches either, and the terminal, through :func:`shown` alone, which
hides digits that could be a patient's number, secrets in a URL and what is invisible; it reaches ``facts`` only if it
has the shape of a technical name (a protocol, a cipher, a version).
"""

import hashlib
import re
from collections.abc import Callable
from dataclasses import dataclass, field
from enum import IntEnum, StrEnum

from ecluse.control.report_words import shown as spelt
from ecluse.domain.alerts import Severity

Tell = Callable[[str], None]
"""Progress for a person's eyes: one short text, without a value. Never called for more than what is worth a line."""

_OCTET, _APART = r"(?:25[0-5]|2[0-4]\d|1\d\d|[1-9]?\d)", r"[\s._-]{0,3}"
_LONG_DIGITS = re.compile(
    rf"(?<![\d.])(?P<address>(?:{_OCTET}\.){{3}}{_OCTET})(?!\.?\d)"
    rf"|\d(?:{_APART}\d){{4,5}}{_APART}[ABab](?:{_APART}\d){{6,8}}|\d(?:{_APART}\d){{7,}}"
)
"""Digits that could be somebody's number, a Corsican NIR's too; an IPv4 address is none."""
_DOORS = r"pass(?:word|wd|phrase)?|pwd|mdp|token|secret|api_?key|sig(?:nature)?"
_SECRETS = (
    (re.compile(r"://[^\s/@]*@"), "://***@"),
    (re.compile(rf"(?<![a-z])((?:{_DOORS})=)[^\s&;]+", re.IGNORECASE), r"\1***"),
)
"""Who enters by a URL, and its options that open a door."""
_TECHNICAL = re.compile(r"[A-Za-z0-9][A-Za-z0-9.+@_-]{0,79}")
_COUNTED = re.compile(r"[a-z][a-z-]{1,40}")
_LONGEST = 200


class Sureness(IntEnum):
    """How sure. Certain: seen to be so. Probable: hardly explained otherwise. Possible: worth a look."""

    POSSIBLE = 1
    PROBABLE = 2
    CERTAIN = 3


class Standing(StrEnum):
    """What a finding is: a failing, a note for information, or something that could not be looked at."""

    FAILING = "failing"
    NOTE = "note"
    UNSEEN = "unseen"


ORDER = (Severity.CRITICAL, Severity.HIGH, Severity.MEDIUM, Severity.LOW)
"""From the gravest to the least."""


@dataclass(frozen=True, slots=True)
class Limits:
    """How much one target may cost it and us. Whatever a limit cuts off is told as a finding ``not-looked-at``.

    ``seconds``: of the whole target. ``files``: opened. ``requests``: sent to a server. ``bytes_each``: read of one
    file. ``bytes_all``: read of the target. ``rows``: read of one table. ``per_second``: requests to a server, at most.
    ``older_than``: days after which a file in a transfer folder is past its use. ``deep``: archives within archives.
    ``swelling``: unpacked to packed bytes.
    """

    seconds: float
    files: int
    requests: int
    bytes_each: int
    bytes_all: int
    rows: int = 1000
    per_second: float = 10.0
    older_than: int = 30
    deep: int = 3
    swelling: int = 200


SERVER = Limits(seconds=300.0, files=40, requests=400, bytes_each=256 << 10, bytes_all=16 << 20)
"""A server is somebody's work: the beginnings of a few files."""

FOLDER = Limits(seconds=86_400.0, files=10_000_000, requests=0, bytes_each=1 << 40, bytes_all=1 << 44)
"""A folder is read whole."""

LOGS = Limits(seconds=900.0, files=1000, requests=0, bytes_each=1 << 33, bytes_all=1 << 35)
"""Logs and account files, all together."""


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing found at one place.

    Attributes:
        rule: The rule's id, a key of ``inspector.rules.RULES``.
        severity: How urgent; the rule's, unless the place makes it graver.
        sureness: How sure.
        target: The target as it was named, without user or password; passed through :func:`shown`.
        place: Where in it: a path, ``table.column``, ``host:port``; passed through :func:`shown`. Never a value.
        counts: What was counted, as names of ``inspector.rules.COUNTED`` and numbers, in their order.
        facts: Fixed words of ``inspector.rules.FACTS``, or technical names (``TLSv1.0``, ``ssh-rsa``).
        standing: Failing, note, or not looked at.

    Raises:
        ValueError: A count, fact, target or place that could hold somebody's text; a fault of ours.
    """

    rule: str
    severity: Severity
    sureness: Sureness
    target: str
    place: str
    counts: tuple[tuple[str, int], ...] = ()
    facts: tuple[str, ...] = ()
    standing: Standing = field(default=Standing.FAILING)

    def __post_init__(self) -> None:
        """Evidence is words and numbers; anything else is refused where it would enter."""
        if any(not _COUNTED.fullmatch(name) or number < 0 for name, number in self.counts):
            raise ValueError("finding: a count is a name and a number")
        if not all(technical(fact) for fact in self.facts):
            raise ValueError("finding: a fact is a fixed word or a technical name")
        if self.place != shown(self.place) or self.target != shown(self.target):
            raise ValueError("finding: target and place are passed through shown()")

    @property
    def key(self) -> str:
        """What makes it the same finding next time, for a baseline: rule, target and place; no count."""
        text = f"{self.rule}\x1f{self.target}\x1f{self.place}"
        return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()[:32]

    @property
    def rank(self) -> tuple[int, int, int, str, str, str]:
        """Its place in every list: failings first, the gravest and surest first, then by rule and place."""
        standings = tuple(Standing)
        standing = standings.index(self.standing)
        return (standing, ORDER.index(self.severity), -self.sureness, self.rule, self.target, self.place)


def technical(text: str) -> bool:
    """Whether a text may stand as a fact: the name of a protocol, cipher or version, or a number."""
    return bool(_TECHNICAL.fullmatch(text)) and _hidden(text) == text


def shown(text: str) -> str:
    """Somebody else's text as it may be told: at most 200 characters, what is invisible or moves the cursor spelt out.

    No run of eight digits (``#``, also where invisible characters stand between them), no secret in a URL (``***``).
    What was shown once is shown as it is.
    """
    visible = "".join(each for each in text if spelt(each) == each)
    plain = spelt(text) if _hidden(visible) == visible else visible
    for secret, instead in _SECRETS:
        plain = secret.sub(instead, plain)
    plain = _hidden(plain)
    if len(plain) > _LONGEST:
        plain = plain[: _LONGEST // 2 - 1] + "…" + plain[-_LONGEST // 2 :]
    return plain if plain == text else shown(plain)  # what was cut or left out may have joined the rest


def _hidden(text: str) -> str:
    return _LONG_DIGITS.sub(lambda run: run[0] if run["address"] else re.sub(r"\d", "#", run[0]), text)
