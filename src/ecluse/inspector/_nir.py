"""French social-security numbers in bytes: judged together by their control keys.

A number of that shape has a right key by chance once in 97, so no single number proves anything: what counts is how
many of a file's different candidates have a right key (domain.md, section 3). No number leaves this module.
"""

import re
from dataclasses import dataclass, field
from math import comb

from ecluse.domain.identifiers import nir_key
from ecluse.inspector.findings import Sureness

_CHANCE = 1 / 97
_KEPT = 4096
"""Different numbers kept to tell repetitions; beyond them each counts as another."""
_CERTAIN, _TOGETHER = 2e-4, 0.05
"""How likely chance may be, for certain and for probable."""
_SINGLE = 0.0104
"""One number, and its key is right."""

_FOLD = bytes.maketrans(b"123456789ABab.-/\xa0", b"000000000AAAA    ")
_SHAPES = (b"0" * 13, b"000000A000000", b"0 00 00 00 000 000", b"0 00 00 0A 000 000")
# Not within a longer number, a decimal, a word, a path or an identifier with hyphens.
_NUMBER = re.compile(
    rb"(?<![0-9A-Za-z_.+/-])(?:"
    rb"([1278]\d\d\d\d(?:\d\d|2[ABab])\d{6})(?:(?:[ .]?|[\"']?[ ]?[;,|\t~^][ ]?[\"']?)(\d\d)(?![0-9A-Za-z_]))?"
    rb"|([1278][ .\xa0-]\d\d[ .\xa0-]\d\d[ .\xa0-](?:\d\d|2[ABab])[ .\xa0-]\d{3}[ .\xa0-]\d{3})"
    rb"(?:[ ./\xa0-]{0,3}(\d\d))?"
    rb")(?![0-9A-Za-z_]|[.-]\d)"
)
_WORD = re.compile(
    rb"(?<![a-z])(?:nir|nss|insee|ins|ssn|no_?ss|num_?ss|n_?secu|s(?:[e\xe9]|\xc3\xa9)cu\w{0,20}|assur[e\xe9]\w{0,3})(?![a-z])"
)
_APART = bytes.maketrans(b"", b"")
_SEPARATORS = b" .-\xa0"
_NARROW = (b"\xc2\xa0", b"\xe2\x80\xaf")
"""Spaces that do not break a line, in UTF-8."""


@dataclass
class NirTally:
    """What a file's candidates say together.

    ``candidates``: different numbers of a plausible shape with a key; ``right``: of them, those whose key is right;
    ``bare``: without a key; ``spoken``: a word for such numbers stands in the file.
    """

    candidates: int = 0
    right: int = 0
    bare: int = 0
    spoken: bool = False
    _seen: set[int] = field(default_factory=set, repr=False)

    def scan(self, text: bytes, low: bytes) -> None:
        """Look through a stretch of text; ``low`` is the same in lower case."""
        if not text.isascii():
            for space in _NARROW:
                text = text.replace(space, b" ")
        folded = text.translate(_FOLD)
        if not any(shape in folded for shape in _SHAPES):
            return
        before = self.candidates + self.bare
        for match in _NUMBER.finditer(text):
            self._judge(match)
        if not self.spoken and self.candidates + self.bare > before:
            self.spoken = _WORD.search(low) is not None

    def _judge(self, match: re.Match[bytes]) -> None:
        body = (match[1] or match[3]).translate(_APART, _SEPARATORS).upper()
        key = match[2] if match[1] else match[4]
        if not 1 <= int(body[3:5]) <= 12 or body[5:7] == b"00" or body[7:10] == b"000" or body[10:] == b"000":  # noqa: PLR2004 - months
            return
        sign = hash((body, key))
        if sign in self._seen:
            return
        if len(self._seen) < _KEPT:
            self._seen.add(sign)
        if key is None:
            self.bare += 1
            return
        self.candidates += 1
        self.right += nir_key(body.decode("ascii")) == key.decode("ascii")

    @property
    def sureness(self) -> Sureness | None:
        """How sure that social-security numbers are among them; None where chance explains what there is."""
        if self.right == 0:
            return None
        chance = _at_least(self.right, self.candidates)
        if chance <= _CERTAIN:
            return Sureness.CERTAIN
        if chance <= (_TOGETHER if self.spoken else _SINGLE / 10):
            return Sureness.PROBABLE
        return Sureness.POSSIBLE if chance <= _SINGLE else None


def _at_least(right: int, of: int) -> float:
    """The likelihood of so many right keys or more by chance among so many numbers."""
    if of > 2000:  # noqa: PLR2004 - beyond it the normal distribution is as good, and floats do not overflow
        mean = of * _CHANCE
        return 0.0 if right > mean + 6 * (mean * (1 - _CHANCE)) ** 0.5 else 1.0
    below = sum(comb(of, k) * _CHANCE**k * (1 - _CHANCE) ** (of - k) for k in range(min(right, 200)))
    return max(0.0, 1.0 - below)
