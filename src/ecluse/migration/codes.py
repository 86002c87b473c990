"""Which local analysis codes an order lets through: code, then LOINC by the profile, then category (R13)."""

from collections.abc import Mapping
from dataclasses import dataclass

from ecluse.domain.catalogue import CATALOGUE
from ecluse.domain.categories import Answer, SensitiveCategory, categories_of, classify, is_loinc
from ecluse.domain.order import Scope
from ecluse.domain.profile import SourceProfile

NO_CODE = "(no code)"
"""Stands in ``_code`` for a result that has none, or that cannot be found, where NULL says that there is no result."""


def result_link(entity: str) -> str | None:
    """The field by which rows of another entity hang on a result, and leave or stay with it: a comment's."""
    refers = [field.name for field in CATALOGUE.entity(entity).fields if field.refers == "observation"]
    return refers[0] if refers and entity != "observation" else None


@dataclass(frozen=True)
class CodeRule:
    """The answer for every code that the profile knows. A code that is not here, and no code, is unclassifiable."""

    allowed: frozenset[str]
    """Known to be of no excluded category."""
    excluded: Mapping[str, SensitiveCategory]
    """Known to be of one, and which: the first that the order names."""
    sensitive: Mapping[str, tuple[SensitiveCategory, ...]]
    """Allowed, and of a category that the order does not exclude: shown before anything leaves."""
    include_unclassifiable: bool

    def leaves(self, code: str | None) -> bool:
        """Whether a result of that code may leave."""
        if code is None or (code not in self.allowed and code not in self.excluded):
            return self.include_unclassifiable
        return code in self.allowed


def code_rule(scope: Scope, profile: SourceProfile) -> CodeRule:
    """The rule of an order over a profile's codes.

    A code without LOINC code is unclassifiable even when no category is excluded: nobody has said what it is.
    """
    excluded: dict[str, SensitiveCategory] = {}
    allowed: set[str] = set()
    for code in profile.analyses:
        loinc = profile.loinc_of(code)
        answers = {category: classify(category, loinc) for category in scope.exclude_categories}
        matches = [category for category, answer in answers.items() if answer is Answer.MATCH]
        if matches:
            excluded[code] = matches[0]
        elif loinc is not None and is_loinc(loinc) and Answer.UNCLASSIFIABLE not in answers.values():
            allowed.add(code)
    sensitive = {
        code: tuple(sorted(found))
        for code in profile.analyses
        if code not in excluded and (found := categories_of(profile.loinc_of(code)))
    }
    return CodeRule(frozenset(allowed), excluded, sensitive, scope.include_unclassifiable)
