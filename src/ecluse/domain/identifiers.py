"""French identifiers: NIR, INS, RPPS, FINESS, ADELI. They warn about data; they never drop or correct it.

Published samples and real files carry wrong keys (domain.md section 3), so nothing here raises on a value, and no
finding holds one: findings may be counted, logged and shown.
"""

import re
from dataclasses import dataclass
from enum import StrEnum

_SEPARATORS = re.compile(r"[\s.\-\u00a0\u202f]+")
_NIR = re.compile(r"([1-8])([0-9]{2})([0-9]{2})([0-9]{2}|2[AB])([0-9]{3})([0-9]{3})([0-9]{2})?")

#: The shape of a NIR, key or not, for scanning columns and files with any engine (RE2, PCRE, Python): no look-around
#: and no anchor, so match it whole on a cell and between boundaries in a text. Confirm a guess with the key.
NIR_PATTERN = r"[1-8][ .]?[0-9]{2}[ .]?[0-9]{2}[ .]?(?:[0-9]{2}|2[ABab])[ .]?[0-9]{3}[ .]?[0-9]{3}(?:[ .]?[0-9]{2})?"


class Verdict(StrEnum):
    """What the control key of an identifier says."""

    RIGHT = "right"
    WRONG = "wrong"
    ABSENT = "absent"
    UNVERIFIED = "unverified"  # well formed, but no key rule that we could verify
    MALFORMED = "malformed"


class NirNote(StrEnum):
    """What else is worth telling about a NIR."""

    CORSICA = "corsica"
    #: First digit 7 or 8. Source weak: domain.md, "Not verified".
    PROVISIONAL = "provisional"
    #: First digit 3 to 6, which no source that we could verify explains.
    UNUSUAL_FIRST_DIGIT = "unusual_first_digit"
    #: Month 00 or above 12: an incomplete civil record. Ranges not verified; the number stays what it is.
    MONTH_OUTSIDE_YEAR = "month_outside_year"


@dataclass(frozen=True, slots=True)
class NirFinding:
    """What can be said of a NIR without repeating it."""

    verdict: Verdict
    notes: frozenset[NirNote] = frozenset()

    @property
    def warns(self) -> bool:
        """True where the number deserves a look: anything but a right key on a usual number of either form."""
        return self.verdict is not Verdict.RIGHT or bool(self.notes - {NirNote.CORSICA})


def compact(text: str) -> str:
    """The identifier without its spaces, dots and hyphens, in capitals."""
    return _SEPARATORS.sub("", text).upper()


def nir_key(body: str) -> str:
    """The 2-digit key of a NIR's 13 characters: 97 minus the number modulo 97.

    2A counts as 19 and 2B as 18. ``ValueError`` where ``body`` is not 13 characters of that shape.
    """
    match = _NIR.fullmatch(body)
    if match is None or match[7] is not None:
        raise ValueError("not the 13 characters of a NIR")
    digits = body[:5] + {"2A": "19", "2B": "18"}.get(body[5:7], body[5:7]) + body[7:]
    return f"{97 - int(digits) % 97:02d}"


def check_nir(text: str, key: str | None = None) -> NirFinding:
    """Judge a NIR of 13 or 15 characters; ``key`` where the source keeps the key in a column of its own.

    Never raises on data: a wrong key is a warning, not a reason to drop a row (domain.md section 3).
    """
    number = compact(text) + compact(key or "")
    match = _NIR.fullmatch(number)
    if match is None:
        return NirFinding(Verdict.MALFORMED)
    if match[7] is None:
        return NirFinding(Verdict.ABSENT, _notes(match))
    verdict = Verdict.RIGHT if nir_key(number[:13]) == match[7] else Verdict.WRONG
    return NirFinding(verdict, _notes(match))


def _notes(match: re.Match[str]) -> frozenset[NirNote]:
    first, month, department = int(match[1]), int(match[3]), match[4]
    found = {
        NirNote.CORSICA: department in {"2A", "2B"},
        NirNote.PROVISIONAL: first in {7, 8},
        NirNote.UNUSUAL_FIRST_DIGIT: first in {3, 4, 5, 6},
        NirNote.MONTH_OUTSIDE_YEAR: not 1 <= month <= 12,  # noqa: PLR2004 - the months of a year
    }
    return frozenset(note for note, holds in found.items() if holds)


class InsOid(StrEnum):
    """Who assigned an INS number (domain.md section 3, source F7).

    A NIR of a legacy base is never relabelled INS: only a qualified identity may carry one.
    """

    NIR = "1.2.250.1.213.1.4.8"
    NIA = "1.2.250.1.213.1.4.9"
    TEST = "1.2.250.1.213.1.4.10"
    DEMO = "1.2.250.1.213.1.4.11"


def ins_oid(text: str) -> InsOid | None:
    """The assigning authority that an OID names, ``urn:oid:`` or not; None for any other OID."""
    oid = text.strip().lower().removeprefix("urn:oid:")
    return InsOid(oid) if oid in set(InsOid) else None


def is_test_identity(oid: str) -> bool:
    """True for the test and demo OIDs, which fixtures must use and production loads must refuse."""
    return ins_oid(oid) in {InsOid.TEST, InsOid.DEMO}


@dataclass(frozen=True, slots=True)
class InsFinding:
    """An INS number is known by its authority; without a known one it is not an INS."""

    authority: InsOid | None
    number: NirFinding

    @property
    def acceptable(self) -> bool:
        """True where the authority is known and the number has a right key."""
        return self.authority is not None and self.number.verdict is Verdict.RIGHT


def check_ins(number: str, oid: str) -> InsFinding:
    """Judge an INS number and its authority. Never raises on data."""
    return InsFinding(ins_oid(oid), check_nir(number))


def luhn(digits: str) -> bool:
    """True where the last digit is the Luhn key of those before it."""
    total = 0
    for place, digit in enumerate(reversed(digits)):
        value = int(digit) * (2 if place % 2 else 1)
        total += value - 9 if value > 9 else value  # noqa: PLR2004 - the sum of the two digits of the double
    return total % 10 == 0


def check_rpps(text: str) -> Verdict:
    """Judge a practitioner's national number: 11 digits, Luhn (not verified in an official text). Never raises."""
    return _luhn_verdict(compact(text), r"[0-9]{11}")


def check_finess(text: str) -> Verdict:
    """Judge an establishment's number: 9 characters, Luhn (not verified in an official text). Never raises.

    Corsican numbers hold a letter (2A…, 2B…), and their key rule is not verified: ``UNVERIFIED``.
    """
    number = compact(text)
    if re.fullmatch(r"2[AB][0-9]{7}", number):
        return Verdict.UNVERIFIED
    return _luhn_verdict(number, r"[0-9]{9}")


def check_adeli(text: str) -> Verdict:
    """Judge a legacy ADELI number by its 9 characters: decommissioned, and no key rule that we verified."""
    return Verdict.UNVERIFIED if re.fullmatch(r"(?:[0-9]{2}|2[AB])[0-9]{7}", compact(text)) else Verdict.MALFORMED


def _luhn_verdict(number: str, shape: str) -> Verdict:
    if re.fullmatch(shape, number) is None:
        return Verdict.MALFORMED
    return Verdict.RIGHT if luhn(number) else Verdict.WRONG


class NationalKind(StrEnum):
    """What the first character of a "national form" says (domain.md section 3: seen in samples, not verified)."""

    FINESS = "1"
    RPPS = "8"


def from_national_form(text: str) -> tuple[NationalKind, str] | None:
    """Split ``8`` + RPPS or ``1`` + FINESS into kind and number; None where the text is neither."""
    match = re.fullmatch(r"8([0-9]{11})|1((?:[0-9]{2}|2[AB])[0-9]{7})", compact(text))
    if match is None:
        return None
    return (NationalKind.RPPS, match[1]) if match[1] else (NationalKind.FINESS, match[2])
