"""A guess at how a delimited file is written, for a person to confirm: encodings cannot be known, only excluded."""

import codecs
import csv
import io
from collections import Counter
from dataclasses import dataclass
from pathlib import Path

from ecluse.domain.errors import Location, MalformedError
from ecluse.domain.files import SourceFile

_SAMPLE = 1 << 20
_RECORDS = 500
_BOMS = ((codecs.BOM_UTF8, "utf-8-sig"), (codecs.BOM_UTF16_LE, "utf-16"), (codecs.BOM_UTF16_BE, "utf-16"))
_DELIMITERS = ";,\t|^~"
# What the French write, and what only a wrong table turns their letters into.
_LIKELY = frozenset("éèêëàâäçîïôöùûüœæÉÈÊËÀÂÇÎÏÔÙÛŒ€’‘“”«»°²³µ–…")
_EIGHT_BIT = ("cp1252", "cp850")


@dataclass(frozen=True, slots=True)
class Guess:
    """``confidence``: 1 excluded all else that is tried; 0 means nothing spoke for it."""

    file: SourceFile
    confidence: float
    because: str


def detect(path: Path) -> Guess:
    """Encoding, delimiter and quote from the first megabyte. Raises MalformedError for a file that is empty or gone."""
    try:
        with path.open("rb") as source:
            sample = source.read(_SAMPLE)
    except OSError:
        sample = b""
    if not sample:
        raise MalformedError("the file is empty, or may not be read", location=Location(path.name))
    encoding, sure, because = _encoding(sample)
    text = sample.decode(encoding, "replace").removeprefix("\ufeff")
    if len(sample) == _SAMPLE:
        text = text[: text.rfind("\n") + 1] or text
    quote = _quote(text)
    delimiter, fits = _delimiter(text, quote)
    return Guess(SourceFile(path.name, encoding, delimiter, quote), round(min(sure, fits), 2), because)


def _encoding(sample: bytes) -> tuple[str, float, str]:
    for mark, name in _BOMS:
        if sample.startswith(mark):
            return name, 1.0, "byte order mark"
    even, odd = sample[0::2].count(0), sample[1::2].count(0)
    if max(even, odd) * 4 > len(sample):
        return ("utf-16-le" if odd > even else "utf-16-be"), 0.9, "every other byte is zero"
    if sample.isascii():
        return "utf-8", 0.7, "ASCII as far as looked: any encoding but UTF-16 fits"
    try:
        codecs.getincrementaldecoder("utf-8")("strict").decode(sample)
    except UnicodeDecodeError:
        return _eight_bit(sample)
    return "utf-8", 0.99, "well-formed UTF-8 beyond ASCII"


def _eight_bit(sample: bytes) -> tuple[str, float, str]:
    high = Counter(byte for byte in sample if byte >= 0x80)  # noqa: PLR2004  (the end of ASCII)
    scores = {}
    for name in _EIGHT_BIT:
        likely = sum(n for byte, n in high.items() if bytes((byte,)).decode(name, "replace") in _LIKELY)
        scores[name] = likely / high.total()
    best, other = sorted(scores, key=lambda name: -scores[name])
    sure = max(0.0, min(0.95, scores[best] - scores[other]))
    if best == "cp1252" and not any(0x80 <= byte < 0xA0 for byte in high):  # noqa: PLR2004  (C1: cp1252's own)
        return best, sure, "its letters are French in Windows-1252 and in Latin-1 alike"
    return best, sure, f"its letters are French in {best}"


def _quote(text: str) -> str:
    found = {mark: sum(text.count(d + mark) + text.count(mark + d) for d in _DELIMITERS) for mark in "\"'"}
    return "'" if found["'"] > 2 * found['"'] else '"'


def _delimiter(text: str, quote: str) -> tuple[str, float]:
    """The mark that gives most records one same number of fields, above one."""
    best, share, width = ";", 0.0, 1
    for mark in _DELIMITERS:
        records = csv.reader(io.StringIO(text, newline=""), delimiter=mark, quotechar=quote)
        counts: Counter[int] = Counter()
        try:
            for record, _ in zip(records, range(_RECORDS), strict=False):
                counts[len(record)] += bool(record)
        except csv.Error:
            continue
        fields, same = counts.most_common(1)[0] if counts else (1, 0)
        part = same / max(counts.total(), 1)
        if fields > 1 and (part, fields) > (share, width):
            best, share, width = mark, part, fields
    return best, share if width > 1 else 0.1
