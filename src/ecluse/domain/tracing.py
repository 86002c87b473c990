"""Marks: the tuples of a person's fields by which a leaked line is known again, and their normal forms (R11).

A mark is made of what was ordered alone: a tuple with a field that the order lacks, or that is empty, is left out.
Which tuples: those that the leak of 2020 held a line's worth of (R11, R13, R14: identity, NIR, contact, date of last
visit), and two of the request, for lines without a name. Forms forgive what copies do to values: case, accents,
ligatures, hyphens, particles, truncation, date forms, the key of a NIR. What they are is our own choice; the numbers
that a kind has, and its forms, never change: files made years ago are read by them.

The vectorised twins of these forms are in ``migration.tracing``; a property test holds the two together.
"""

import datetime as dt
import re
import unicodedata
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from enum import StrEnum

FORMAT = "ecluse.trace/1"
"""Trace files', and what fingerprints are derived for: another form of marks needs another."""
FAMILY_LETTERS, GIVEN_LETTERS = 8, 5
"""Letters kept of a name: shorter columns of legacy systems cut there at the earliest (general knowledge)."""

_LIGATURES = str.maketrans({"Œ": "OE", "Æ": "AE", "Ø": "O", "Ł": "L", "Đ": "D", "ẞ": "SS", "ß": "SS"})
MARITAL = r" (?:EP|EPOUSE|EPSE|NEE|VVE|VEUVE) .*$"
"""What follows is another name: ``DUPONT EP MARTIN``."""
_PARTICLE = r"^(?:D|DE|DU|DES|L|LA|LE|LES) ([A-Z])"
_NIR = re.compile(r"[1-8][0-9]{4}(?:[0-9]{2}|2[AB])[0-9]{6}(?:[0-9]{2})?")
NIR_BODY = 13
PHONE_DIGITS = 9
_POSTCODE = re.compile(r"[0-9]{4,5}")
_LONGEST_NAME = 200
_EMAIL = re.compile(r"[^\s@]{1,64}@[^\s@]{1,255}")
_ISO = re.compile(r"([0-9]{4})(?:-([0-9]{2})(?:-([0-9]{2})(?:[T ].*)?)?)?")
MAX_NUMBER = 40


class Form(StrEnum):
    """How a field's text is made comparable."""

    FAMILY = "family"
    GIVEN = "given"
    DAY = "day"
    NIR = "nir"
    PHONE = "phone"
    POSTCODE = "postcode"
    EMAIL = "email"
    NUMBER = "number"


class Kind(StrEnum):
    """What a tuple is of."""

    NIR = "nir"
    NAME_BIRTH = "name_birth"
    FAMILY_BIRTH = "family_birth"
    GIVEN_BIRTH_POSTCODE = "given_birth_postcode"
    NAME_POSTCODE = "name_postcode"
    PHONE = "phone"
    EMAIL = "email"
    PATIENT_BIRTH = "patient_birth"
    REQUEST_PATIENT = "request_patient"
    REQUEST_DAY = "request_day"
    CANARY = "canary"


@dataclass(frozen=True, slots=True)
class Rule:
    """A kind's tuple. ``code`` stands in a fingerprint's top 4 bits; of ``share`` marks one is kept, by its print."""

    kind: Kind
    code: int
    forms: tuple[Form, ...]
    share: int = 1


RULES: tuple[Rule, ...] = (
    Rule(Kind.NIR, 1, (Form.NIR,)),
    Rule(Kind.NAME_BIRTH, 2, (Form.FAMILY, Form.GIVEN, Form.DAY)),
    Rule(Kind.FAMILY_BIRTH, 3, (Form.FAMILY, Form.DAY)),
    Rule(Kind.GIVEN_BIRTH_POSTCODE, 4, (Form.GIVEN, Form.DAY, Form.POSTCODE)),
    Rule(Kind.NAME_POSTCODE, 5, (Form.FAMILY, Form.GIVEN, Form.POSTCODE)),
    Rule(Kind.PHONE, 6, (Form.PHONE,)),
    Rule(Kind.EMAIL, 7, (Form.EMAIL,)),
    Rule(Kind.PATIENT_BIRTH, 8, (Form.NUMBER, Form.DAY)),
    Rule(Kind.REQUEST_PATIENT, 9, (Form.NUMBER, Form.NUMBER), share=4),
    Rule(Kind.REQUEST_DAY, 10, (Form.NUMBER, Form.DAY), share=4),
    Rule(Kind.CANARY, 15, (Form.NUMBER,)),
)
BY_KIND: Mapping[Kind, Rule] = {rule.kind: rule for rule in RULES}
BY_CODE: Mapping[int, Rule] = {rule.code: rule for rule in RULES}


@dataclass(frozen=True, slots=True)
class Origin:
    """The columns of one entity that a kind's tuple is made of, in the order of its forms."""

    kind: Kind
    fields: tuple[str, ...]


ORIGINS: Mapping[str, tuple[Origin, ...]] = {
    "patient": (
        Origin(Kind.NIR, ("nir",)),
        Origin(Kind.NIR, ("ins",)),
        Origin(Kind.NAME_BIRTH, ("family_name", "given_names", "birth_date")),
        Origin(Kind.NAME_BIRTH, ("birth_name", "given_names", "birth_date")),
        Origin(Kind.NAME_BIRTH, ("family_name", "used_given_name", "birth_date")),
        Origin(Kind.FAMILY_BIRTH, ("family_name", "birth_date")),
        Origin(Kind.FAMILY_BIRTH, ("birth_name", "birth_date")),
        Origin(Kind.GIVEN_BIRTH_POSTCODE, ("given_names", "birth_date", "postcode")),
        Origin(Kind.NAME_POSTCODE, ("family_name", "given_names", "postcode")),
        Origin(Kind.NAME_POSTCODE, ("birth_name", "given_names", "postcode")),
        Origin(Kind.PHONE, ("phone",)),
        Origin(Kind.PHONE, ("mobile",)),
        Origin(Kind.EMAIL, ("email",)),
        Origin(Kind.PATIENT_BIRTH, ("source_id", "birth_date")),
        Origin(Kind.PATIENT_BIRTH, ("external_id", "birth_date")),
    ),
    "payer": (
        Origin(Kind.NIR, ("insured_number",)),
        Origin(Kind.NAME_BIRTH, ("insured_name", "insured_given_names", "insured_birth_date")),
        Origin(Kind.FAMILY_BIRTH, ("insured_name", "insured_birth_date")),
    ),
    "request": (
        Origin(Kind.REQUEST_PATIENT, ("source_id", "patient")),
        Origin(Kind.REQUEST_DAY, ("source_id", "registered_on")),
    ),
}
"""Entities that are not named leave no marks. Wherever a name with a birth date does, the surname with it does too:
the surname is asked for first. Fields are the catalogue's; links are carried with their entity."""


def is_past(keep_until: dt.date, today: dt.date) -> bool:
    """Whether fingerprints kept until a day are to be gone (law 7): they are kept and answer through that day (UTC)."""
    return today > keep_until


def controller_named(name: str) -> str:
    """A controller's name on one line, as trace files hold it."""
    kept = "".join(character if character.isprintable() else " " for character in name)
    return " ".join(kept.split())[:_LONGEST_NAME]


def letters(text: str) -> str:
    """Unaccented capitals with single spaces between words, and nothing else."""
    plain = "".join(each for each in unicodedata.normalize("NFKD", text) if unicodedata.category(each) != "Mn")
    return " ".join(re.sub(r"[^A-Z]+", " ", plain.upper().translate(_LIGATURES)).split())


def family(text: str) -> str | None:
    """A surname without particles and blanks, its first letters; None where there are not two."""
    name = re.sub(MARITAL, "", letters(text))
    while (shorter := re.sub(_PARTICLE, r"\1", name)) != name:
        name = shorter
    return _at_least_two(name.replace(" ", "")[:FAMILY_LETTERS])


def given(text: str) -> str | None:
    """The first of the given names, its first letters; None where there are not two."""
    return _at_least_two(letters(text).partition(" ")[0][:GIVEN_LETTERS])


def _at_least_two(name: str) -> str | None:
    return name if len(name) > 1 else None


def day(text: str) -> str | None:
    """A catalogue's date as digits: ``YYYY-MM-DD``, ``YYYY-MM`` or ``YYYY``, with a time or not; None for others.

    ``YYYY-MM-00`` and the like keep what is known.
    """
    match = _ISO.fullmatch(text.strip())
    if match is None:
        return None
    year, month, date = match[1], match[2] or "00", match[3] or "00"
    if year == "0000":
        return None
    return year if month == "00" else year + month if date == "00" else year + month + date


def nir(text: str) -> str | None:
    """The 13 characters of a NIR of 13 or 15, whatever stands between them; None where the shape is another."""
    compact = re.sub(r"[^0-9A-Z]", "", text.upper())
    return compact[:NIR_BODY] if _NIR.fullmatch(compact) else None


def phone(text: str) -> str | None:
    """The 9 digits of a French number after its 0, 33 or 0033; None for others, and for those made up (one digit)."""
    digits = re.sub(r"[^0-9]", "", text)
    found = re.fullmatch(r"(?:0|33|0033|330|00330)?([1-9][0-9]{8})", digits)
    return found[1] if found and found[1] != found[1][0] * PHONE_DIGITS else None


def postcode(text: str) -> str | None:
    """Five digits; four are those of a spreadsheet that has lost the first."""
    found = text.strip()
    return found.rjust(5, "0") if _POSTCODE.fullmatch(found) else None


def email(text: str) -> str | None:
    """An address in small letters."""
    found = text.strip().lower()
    return found if _EMAIL.fullmatch(found) else None


def number(text: str) -> str | None:
    """A number of a legacy system: ASCII letters and digits in capitals, without leading zeros."""
    found = re.sub(r"[^0-9A-Z]", "", text.upper()).lstrip("0")
    return found if 0 < len(found) <= MAX_NUMBER else None


FORMS: Mapping[Form, Callable[[str], str | None]] = {
    Form.FAMILY: family,
    Form.GIVEN: given,
    Form.DAY: day,
    Form.NIR: nir,
    Form.PHONE: phone,
    Form.POSTCODE: postcode,
    Form.EMAIL: email,
    Form.NUMBER: number,
}


def days_in(form: str) -> int:
    """How many days a normal form of a date leaves open: 1, 31 or 366."""
    return {4: 366, 6: 31}.get(len(form), 1)


def is_day(year: int, month: int, date: int) -> bool:
    """Whether there is such a day."""
    try:
        dt.date(year, month, date)
    except ValueError:
        return False
    return True
