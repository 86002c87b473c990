"""Does an examination belong to a sensitive category? Three answers, and "I cannot tell" is one of them.

A code answers ``MATCH`` where a cited list holds it, ``NO_MATCH`` where somebody read its name and found it unrelated,
and ``UNCLASSIFIABLE`` in every other case: no code, no LOINC code, an indirect sign (a CD4 count for HIV), or one of
the many LOINC codes that no list of ours holds. Absence from a list is never taken for innocence: law 1 excludes what
cannot be told, counts it and shows it (domain.md section 5).
"""

import re
from enum import StrEnum
from functools import cache

from ecluse.domain import codelists_conditions, codelists_tumours_genes
from ecluse.domain.codelist_sources import CodeList
from ecluse.domain.codelists_other import INDIRECT, UNRELATED
from ecluse.domain.sensitive import SensitiveCategory

__all__ = [
    "LISTS",
    "LOINC_PATTERN",
    "Answer",
    "SensitiveCategory",
    "categories_of",
    "classify",
    "classify_nabm",
    "cleared",
    "is_loinc",
    "matching",
]

LISTS: tuple[CodeList, ...] = (*codelists_conditions.LISTS, *codelists_tumours_genes.LISTS)

#: The shape of a LOINC code; the last digit is its check digit.
LOINC_PATTERN = r"[0-9]{1,7}-[0-9]"

#: Billing codes (NABM) read in an official text: 0393 is HIV screening without prescription (domain.md, C4). The
#: official texts drop leading zeros, so codes are compared as four digits.
_NABM: dict[SensitiveCategory, frozenset[str]] = {SensitiveCategory.HIV: frozenset({"0393"})}


class Answer(StrEnum):
    """What can be said of a code and a category."""

    MATCH = "match"
    NO_MATCH = "no_match"
    UNCLASSIFIABLE = "unclassifiable"


def is_loinc(text: str) -> bool:
    """True for a LOINC code whose check digit is right (Luhn's, over the digits before the hyphen)."""
    if re.fullmatch(LOINC_PATTERN, text, re.ASCII) is None:
        return False
    body, check = text.split("-")
    total = 0
    for place, digit in enumerate(reversed(body)):
        value = int(digit) * (1 if place % 2 else 2)
        total += value - 9 if value > 9 else value  # noqa: PLR2004 - the sum of the two digits of the double
    return (total + int(check)) % 10 == 0


@cache
def matching(category: SensitiveCategory) -> frozenset[str]:
    """Every LOINC code that is of the category: for filters that work on whole columns."""
    return frozenset[str]().union(*(codes.codes for codes in LISTS if codes.category is category))


@cache
def cleared(category: SensitiveCategory) -> frozenset[str]:
    """Every LOINC code known not to be of the category. What is neither here nor matching is unclassifiable."""
    known = UNRELATED.union(*(codes.codes for codes in LISTS), *(signs.codes for signs in INDIRECT))
    indirect = frozenset[str]().union(*(signs.codes for signs in INDIRECT if signs.category is category))
    return known - matching(category) - indirect


def classify(category: SensitiveCategory, loinc: str | None) -> Answer:
    """The answer for one code; None, a local code and a mistyped code are unclassifiable."""
    if loinc is None or not is_loinc(loinc):
        return Answer.UNCLASSIFIABLE
    if loinc in matching(category):
        return Answer.MATCH
    return Answer.NO_MATCH if loinc in cleared(category) else Answer.UNCLASSIFIABLE


def categories_of(loinc: str | None) -> frozenset[SensitiveCategory]:
    """The categories that the code matches; empty also where nothing can be told: ask :func:`classify` for that."""
    return frozenset(each for each in SensitiveCategory if classify(each, loinc) is Answer.MATCH)


def classify_nabm(category: SensitiveCategory, code: str | None) -> Answer:
    """The answer for a French billing code: a match or unclassifiable, for no list of harmless ones was verified."""
    found = code is not None and code.isascii() and code.isdigit() and code.zfill(4) in _NABM.get(category, ())
    return Answer.MATCH if found else Answer.UNCLASSIFIABLE
