"""What is unmapped or doubtful in a profile's codes and units, by how many results it concerns.

Doubts are reasons to look, not proofs: the table's units, bounds and names were reviewed by no biologist.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from enum import StrEnum

from ecluse.domain.categories import Answer, SensitiveCategory, classify, is_loinc
from ecluse.domain.codemap import CodeFacts, CodeMap, SourceFacts
from ecluse.domain.profile import SourceProfile
from ecluse.mapping.properties import Fit, fit
from ecluse.mapping.rank import Ranked, Ranker, is_far, off_by
from ecluse.mapping.table import Term
from ecluse.mapping.ucum import measure
from ecluse.mapping.units import readings

__all__ = ["RULES", "Doubt", "Grade", "check_codes"]

_BETTER = 35
"""How many points another code's name must fit better before that is worth a person's time."""
_SURE = 95


class Grade(StrEnum):
    """How bad: ``wrong`` cannot be right, ``doubt`` wants a look, ``open`` is undecided, ``note`` is to be known."""

    WRONG = "wrong"
    DOUBT = "doubt"
    OPEN = "open"
    NOTE = "note"


#: Rule → what it says, in English and in French; {what} and {other} are codes, units or names of terms.
RULES: Mapping[str, tuple[str, str]] = {
    "code.unmapped": (
        "no LOINC code: unclassifiable, stays unless the order includes the unclassifiable",
        "pas de code LOINC : inclassable, reste sauf si l'ordre inclut l'inclassable",
    ),
    "code.unnamed": (
        "results without a code, or of codes too rare to be named: unclassifiable",
        "résultats sans code, ou de codes trop rares pour être nommés : inclassables",
    ),
    "code.digit": ("{what}: its check digit is wrong: mistyped", "{what} : chiffre de contrôle faux : mal saisi"),
    "code.unknown": ("{what} is not in {other}", "{what} n'est pas dans {other}"),
    "code.status": ("{what} is {other} in LOINC", "{what} est {other} dans LOINC"),
    "code.unit": (
        "results in {what} cannot be of {other}",
        "les résultats en {what} ne peuvent pas relever de {other}",
    ),
    "code.range": (
        "{what}: half of the numbers lie {other} times outside what is usual",
        "{what} : la moitié des nombres est {other} fois hors de l'usuel",
    ),
    "code.name": ("{what}: the name fits {other} much better", "{what} : le nom convient bien mieux à {other}"),
    "code.shared": (
        "{what} stands also for {other}, in units that do not compare",
        "{what} vaut aussi pour {other}, dans des unités qui ne se comparent pas",
    ),
    "code.category": (
        "{what} cannot be told for {other}: stays from an order that excludes one of them",
        "{what} est inclassable pour {other} : reste si un ordre en exclut une",
    ),
    "unit.unmapped": ("unit {what} has no UCUM unit", "l'unité {what} n'a pas d'unité UCUM"),
    "unit.reading": (
        "unit {what} is mapped to {other}, which its text does not say",
        "l'unité {what} est traduite par {other}, ce que son texte ne dit pas",
    ),
    "code.left": (
        "left without LOINC code on purpose, by {what}: stays unless the order includes the unclassifiable",
        "laissé sans code LOINC exprès, par {what} : reste sauf si l'ordre inclut l'inclassable",
    ),
    "map.not_exported": (
        "decided as {what} in the map, and not in the profile: without effect",
        "décidé {what} dans la table, et absent du profil : sans effet",
    ),
    "map.differs": (
        "decided as {what} in the map, and {other} in the profile",
        "décidé {what} dans la table, et {other} dans le profil",
    ),
}


@dataclass(frozen=True, slots=True)
class Doubt:
    """One thing to look at; ``code`` is the local code or unit text, ``rows`` the results that it concerns."""

    grade: Grade
    rule: str
    code: str
    rows: int
    what: str = ""
    other: str = ""

    def text(self, language: str = "en") -> str:
        """In words; ``language`` is ``en`` or ``fr``."""
        return RULES[self.rule][language == "fr"].format(what=self.what, other=self.other)


def check_codes(
    facts: SourceFacts, profile: SourceProfile, ranker: Ranker, map_: CodeMap | None = None
) -> tuple[Doubt, ...]:
    """All doubts, those of most results first.

    Args:
        facts: of the source.
        profile: whose ``analyses`` and ``units`` are judged.
        ranker: over the table to judge them by; one that was read with these codes known to it.
        map_: a map beside it, to be told what has had no effect yet.
    """
    found: list[Doubt] = []
    decisions = {entry.code: entry.decision for entry in map_.codes if entry.decision} if map_ else {}
    left = {code: decision.by for code, decision in decisions.items() if not decision.loinc}
    for each in facts.codes:
        loinc = profile.loinc_of(each.code)
        if loinc is not None:
            found += _mapped(each, loinc, ranker)
        elif each.code in left:
            found.append(Doubt(Grade.NOTE, "code.left", each.code, each.rows, left[each.code]))
        else:
            found.append(Doubt(Grade.OPEN, "code.unmapped", each.code, each.rows))
    found += _shared(facts, profile)
    found += _units(facts, profile)
    if facts.unnamed:
        found.append(Doubt(Grade.OPEN, "code.unnamed", "", facts.unnamed))
    if map_ is not None:
        found += _of_map(map_, profile)
    return tuple(sorted(found, key=lambda doubt: (-doubt.rows, doubt.code, doubt.rule, doubt.what)))


def _mapped(facts: CodeFacts, loinc: str, ranker: Ranker) -> Iterator[Doubt]:
    if not is_loinc(loinc):
        yield Doubt(Grade.WRONG, "code.digit", facts.code, facts.rows, loinc)
        return
    untold = [str(c) for c in SensitiveCategory if classify(c, loinc) is Answer.UNCLASSIFIABLE]
    if untold:
        yield Doubt(Grade.NOTE, "code.category", facts.code, facts.rows, loinc, ", ".join(untold))
    term, best = ranker.table.terms.get(loinc), next(iter(ranker.rank(facts, 1)), None)
    if term is None:
        grade = Grade.WRONG if ranker.table.complete else Grade.NOTE
        yield Doubt(grade, "code.unknown", facts.code, facts.rows, loinc, ranker.table.name)
        if best is not None and best.name_score >= _SURE:
            yield Doubt(Grade.DOUBT, "code.name", facts.code, facts.rows, loinc, _shown(best))
        return
    if term.status not in {"ACTIVE", ""}:
        grade = Grade.WRONG if term.status == "DEPRECATED" else Grade.DOUBT
        yield Doubt(grade, "code.status", facts.code, facts.rows, loinc, term.status.lower())
    yield from _measured(facts, term)
    if best is not None and best.name_score - ranker.judge(term, facts).name_score >= _BETTER:
        yield Doubt(Grade.DOUBT, "code.name", facts.code, facts.rows, f"{loinc} {term.short}", _shown(best))


def _shown(ranked: Ranked) -> str:
    return f"{ranked.term.loinc} {ranked.term.short}"


def _measured(facts: CodeFacts, term: Term) -> Iterator[Doubt]:
    """Units that the property cannot have; numbers an order of magnitude away in a unit that it can."""
    spreads = dict(facts.spreads)
    for unit, rows in facts.units:
        fits, reading = fit(term.prop, term.scale, readings(unit), given=True)
        if fits is Fit.NO:
            yield Doubt(Grade.DOUBT, "code.unit", facts.code, rows, unit, f"{term.loinc} ({term.prop})")
        elif unit in spreads and reading:
            factor = off_by(term, spreads[unit], reading)
            if factor is not None and is_far(term, factor):
                shown = f"{factor:.2g}" if factor > 1 else f"1/{1 / factor:.2g}"
                yield Doubt(Grade.DOUBT, "code.range", facts.code, rows, f"{term.loinc} ({unit})", shown)


def _shared(facts: SourceFacts, profile: SourceProfile) -> Iterator[Doubt]:
    """Two local codes of one LOINC code whose units measure different things."""
    by: dict[str, list[CodeFacts]] = {}
    for each in facts.codes:
        if loinc := profile.loinc_of(each.code):
            by.setdefault(loinc, []).append(each)
    for loinc, several in by.items():
        for each in several:
            others = [other.code for other in several if other is not each and _differ(each.unit, other.unit)]
            if others:
                yield Doubt(Grade.DOUBT, "code.shared", each.code, each.rows, loinc, ", ".join(sorted(others)))


def _differ(one: str, other: str) -> bool:
    kinds = [{(m.of, m.per) for r in readings(unit) if (m := measure(r)) is not None} for unit in (one, other)]
    if not one or not other:
        return one != other
    return not (kinds[0] & kinds[1]) if all(kinds) else one != other


def _units(facts: SourceFacts, profile: SourceProfile) -> Iterator[Doubt]:
    rows: dict[str, int] = {}
    for each in facts.codes:
        for unit, count in each.units:
            rows[unit] = rows.get(unit, 0) + count
    for unit, count in rows.items():
        ucum = profile.units.get(unit)
        if ucum is None:
            yield Doubt(Grade.OPEN, "unit.unmapped", unit, count, unit)
        elif readings(unit) and not _says(unit, ucum):
            yield Doubt(Grade.DOUBT, "unit.reading", unit, count, unit, ucum)


def _says(unit: str, ucum: str) -> bool:
    """Whether a unit is a reading of the text, or another spelling of one."""
    told = measure(ucum)
    return ucum in readings(unit) or (told is not None and any(measure(reading) == told for reading in readings(unit)))


def _of_map(map_: CodeMap, profile: SourceProfile) -> Iterator[Doubt]:
    for entry in map_.codes:
        said = profile.loinc_of(entry.code) or ""
        if entry.decision is not None and entry.decision.loinc != said:
            rule = "map.differs" if said else "map.not_exported"
            grade = Grade.DOUBT if said else Grade.OPEN
            yield Doubt(grade, rule, entry.code, entry.rows, entry.decision.loinc or "—", said)
