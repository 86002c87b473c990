"""A code map from what a source shows: candidates for each code and unit text that nobody has mapped yet."""

import datetime as dt
import re
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace

from ecluse.domain.categories import is_loinc
from ecluse.domain.codemap import (
    CodeEntry,
    CodeFacts,
    CodeMap,
    Decision,
    SourceFacts,
    UnitCandidate,
    UnitDecision,
    UnitEntry,
    UnitRows,
)
from ecluse.domain.errors import Location, UsageError
from ecluse.domain.profile import SourceProfile
from ecluse.mapping.properties import Fit, fit
from ecluse.mapping.rank import Ranked, Ranker
from ecluse.mapping.table import Wanted
from ecluse.mapping.units import readings

__all__ = ["Carried", "decide_code", "decide_unit", "suggest", "values_in_words", "wanted"]

_UCUM = re.compile(r"[!-~]{1,100}")


@dataclass(frozen=True, slots=True)
class Carried:
    """A new map, and the codes whose earlier decision was not carried over: their label or unit has changed."""

    map: CodeMap
    changed: tuple[str, ...]


def suggest(
    facts: SourceFacts,
    profile: SourceProfile,
    ranker: Ranker,
    *,
    most: int = 3,
    everything: bool = False,
    earlier: CodeMap | None = None,
    language: str = "en",
) -> Carried:
    """Rank candidates for what the profile does not map.

    Args:
        facts: of the source.
        profile: what is mapped already; with ``everything``, that is proposed for too.
        ranker: over the table that ships or the user's own.
        most: candidates of each code.
        everything: also what the profile maps.
        earlier: a map whose decisions are carried over, each where label and unit are the same still.
        language: of the reasons, ``en`` or ``fr``.
    """
    asked = [each for each in facts.codes if everything or profile.loinc_of(each.code) is None]
    ranked = {each.code: ranker.rank(each, most) for each in asked}
    known = {entry.code: entry for entry in earlier.codes} if earlier else {}
    codes = [_entry(each, ranked[each.code], language) for each in asked]
    carried = [_carried(entry, known.get(entry.code)) for entry in codes]
    lost = tuple(e.code for e in carried if e.decision is None and e.code in known and known[e.code].decision)
    units = _units(facts, profile, ranked, everything=everything, language=language)
    decided = {unit.unit: unit.decision for unit in earlier.units} if earlier else {}
    units = [replace(unit, decision=decided.get(unit.unit)) for unit in units]
    made = CodeMap("ecluse.code-map/1", profile.profile, ranker.table.name, tuple(carried), tuple(units))
    return Carried(made, lost)


def _entry(facts: CodeFacts, ranked: tuple[Ranked, ...], language: str) -> CodeEntry:
    return CodeEntry(
        code=facts.code,
        rows=facts.rows,
        label=facts.label,
        specimen=facts.specimen,
        units=tuple(UnitRows(unit, rows) for unit, rows in facts.units),
        values=values_in_words(facts, language),
        candidates=tuple(each.candidate(language) for each in ranked),
    )


def values_in_words(facts: CodeFacts, language: str = "en") -> str:
    """Where most numbers lie, unit by unit: ``90 % from 45 to 180 µmol/L, half below 110``."""
    words = ("de", "à", "la moitié sous") if language == "fr" else ("from", "to", "half below")
    told = [
        f"90 % {words[0]} {spread.low:g} {words[1]} {spread.high:g} {unit}".rstrip() + f", {words[2]} {spread.median:g}"
        for unit, spread in facts.spreads
    ]
    return "; ".join(told)


def _carried(entry: CodeEntry, earlier: CodeEntry | None) -> CodeEntry:
    if earlier is None or earlier.decision is None or earlier.label != entry.label:
        return entry
    same = [u.unit for u in earlier.units[:1]] == [u.unit for u in entry.units[:1]]
    return replace(entry, decision=earlier.decision) if same else entry


def _units(
    facts: SourceFacts,
    profile: SourceProfile,
    ranked: Mapping[str, tuple[Ranked, ...]],
    *,
    everything: bool,
    language: str,
) -> list[UnitEntry]:
    rows: Counter[str] = Counter()
    votes: dict[str, Counter[str]] = {}
    for each in facts.codes:
        best = next(iter(ranked.get(each.code, ())), None)
        for unit, count in each.units:
            rows[unit] += count
            if best is not None:
                fits, reading = fit(best.term.prop, best.term.scale, readings(unit), given=True)
                if fits is Fit.YES:
                    votes.setdefault(unit, Counter())[reading] += count
    asked = [(unit, count) for unit, count in rows.items() if everything or unit not in profile.units]
    asked.sort(key=lambda each: (-each[1], each[0]))
    return [
        UnitEntry(unit, count, _unit_candidates(unit, votes.get(unit, Counter()), language)) for unit, count in asked
    ]


def _unit_candidates(unit: str, votes: Counter[str], language: str) -> tuple[UnitCandidate, ...]:
    found = sorted(enumerate(readings(unit)), key=lambda each: (-votes[each[1]], each[0]))
    why, more = "read so from its text", "results whose analysis has such a unit"
    if language == "fr":
        why, more = "lue ainsi d'après son texte", "résultats dont l'analyse a une telle unité"
    return tuple(UnitCandidate(ucum, f"{why}; {votes[ucum]} {more}" if votes[ucum] else why) for _place, ucum in found)


def wanted(facts: Iterable[CodeFacts]) -> Wanted:
    """What to keep of a table of a hundred thousand codes."""
    return Wanted.of(text for each in facts for text in (each.label, each.code))


def decide_code(map_: CodeMap, code: str, loinc: str, *, by: str, at: dt.datetime, note: str = "") -> CodeMap:
    """The map with one code decided; an empty ``loinc`` decides that it stays unmapped.

    Raises:
        UsageError: the map has no such code, or the LOINC code is none.
    """
    place = _place([entry.code for entry in map_.codes], code, "codes")
    codes = list(map_.codes)
    if loinc and not is_loinc(loinc):
        raise UsageError("this is no LOINC code: its shape or its check digit is wrong", location=_at("codes", code))
    codes[place] = replace(codes[place], decision=Decision(loinc, by, at, note))
    return replace(map_, codes=tuple(codes))


def decide_unit(map_: CodeMap, unit: str, ucum: str, *, by: str, at: dt.datetime, note: str = "") -> CodeMap:
    """The map with one unit text decided; raises as :func:`decide_code`."""
    place = _place([entry.unit for entry in map_.units], unit, "units")
    units = list(map_.units)
    if ucum and not _UCUM.fullmatch(ucum):
        raise UsageError("this is no UCUM unit", location=_at("units", unit))
    units[place] = replace(units[place], decision=UnitDecision(ucum, by, at, note))
    return replace(map_, units=tuple(units))


def _place(names: list[str], name: str, field: str) -> int:
    if name not in names:
        raise UsageError("the map has no such entry", location=_at(field, name))
    return names.index(name)


def _at(field: str, name: str) -> Location:
    return Location(field=f"{field}: {name}")
