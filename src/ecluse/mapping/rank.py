"""Candidates for a local code, best first, each with its reasons. Deterministic: no chance, no network, no learning.

A candidate is found by its label. Then its unit decides first: one whose property the source's unit cannot measure
stands behind all others, however well its name fits. Among the rest count name, specimen, scale, and where the numbers
lie against usual adult bounds (an order of magnitude, not a reference range).
"""

from collections.abc import Iterable
from dataclasses import dataclass
from difflib import SequenceMatcher
from functools import cached_property, lru_cache
from math import log

from ecluse.domain.codemap import Candidate, CodeFacts, Spread
from ecluse.mapping.properties import Fit, fit
from ecluse.mapping.table import KEY, Table, Term
from ecluse.mapping.ucum import measure
from ecluse.mapping.units import readings
from ecluse.mapping.words import Label, read_label, same_system, system_of

__all__ = ["Ranked", "Ranker", "is_far", "off_by"]

_FLOOR, _LEAST = 40, 25
"""A name that fits less than the one, or a whole that fits less than the other, proposes nothing."""
_SAME, _OTHER_SYSTEM, _DAY, _RANGE, _SCALE, _METHOD = 12, -30, 20, 10, 25, 2
_MANY = 400
"""Codes that one beginning of a word may lead to before it is held for a word that says nothing."""
_TYPO, _SLIP = 0.86, 2
_NUMBERS = 20
_VERY_FAR, _FAR, _NEAR = 1000.0, 10.0, 3.0
_CODE_SHARE = 85
_QUALIFIERS = frozenset({
    "libre", "free", "total", "totale", "totaux", "totales", "direct", "directe", "local", "indice", "index", "taux",
})  # fmt: skip
_SAYS_LESS = 0.4
"""A word that qualifies an analyte names none."""
_USUAL = frozenset({"Automated count", "Coag", "IA", "Westergren", "Calculated"})
"""How these are measured unless a label says otherwise: a code without method is then the less precise one."""


@dataclass(frozen=True, slots=True)
class Why:
    """A reason, in both languages."""

    en: str
    fr: str


Part = tuple[int, Why | None]
"""Points, and why."""


@dataclass(frozen=True, slots=True)
class Ranked:
    """One candidate: its term, whether the unit can be its property's, its score and why."""

    term: Term
    fit: Fit
    score: int
    name_score: int
    because: tuple[Why, ...]

    def candidate(self, language: str = "en") -> Candidate:
        """As a map shows it; ``language`` is ``en`` or ``fr``."""
        because = tuple(why.fr if language == "fr" else why.en for why in self.because)
        return Candidate(self.term.loinc, self.term.name, max(0, min(200, self.score)), because)


_DISCOURAGED = Why("LOINC discourages this code", "LOINC déconseille ce code")
_NATIONAL = Why("named by the French hospitals' core set", "nommé par le socle commun des entrepôts hospitaliers")
_OF_A_DAY = Why("of 24 hours", "des 24 heures")
_WORDS = Why("results are words, this is a quantity", "les résultats sont des mots, ceci est une quantité")
_NUMERIC = Why("results are numbers, this is none", "les résultats sont des nombres, ceci n'en est pas un")
_USUALLY = Why("numbers lie where they usually do", "les nombres sont dans l'ordre de grandeur usuel")


class Ranker:
    """Ranks over one table."""

    def __init__(self, table: Table) -> None:
        self.table = table

    @cached_property
    def _labels(self) -> dict[str, tuple[tuple[str, Label], ...]]:
        terms = self.table.terms.items()
        return {code: tuple((name, read_label(name)) for name in term.labels) for code, term in terms}

    def _keys(self, label: Label) -> Iterable[str]:
        """Beginnings of a label's words, rarest first, without those that half the table has (``anti``, ``tota``)."""
        known = {word[:KEY] for word in (*label.words, label.run)} & self._index.keys()
        keys = sorted(known, key=lambda key: (len(self._index[key]), key))
        most = max(_MANY, len(self._labels) // 50)
        return [key for place, key in enumerate(keys) if not place or len(self._index[key]) <= most]

    @cached_property
    def _index(self) -> dict[str, set[str]]:
        """First letters of a word → codes one of whose labels has it."""
        found: dict[str, set[str]] = {}
        for code, labels in self._labels.items():
            for _name, label in labels:
                for word in (*label.words, label.run):
                    found.setdefault(word[:KEY], set()).add(code)
        return found

    @cached_property
    def _weights(self) -> dict[str, float]:
        """A word that names many analyses says little."""
        counts: dict[str, int] = {}
        for labels in self._labels.values():
            for word in {word for _name, label in labels for word in label.words}:
                counts[word] = counts.get(word, 0) + 1
        total = len(self._labels) + 1
        return {word: log(1 + total / count) for word, count in counts.items()}

    def rank(self, facts: CodeFacts, most: int = 3) -> tuple[Ranked, ...]:
        """The best candidates; empty where no name fits."""
        asked = _asked(facts)
        codes: set[str] = set()
        for _text, label, _share in asked:
            for key in self._keys(label):
                codes |= self._index[key]
        found = [ranked for code in codes if (ranked := self._one(self.table.terms[code], facts, asked))]
        found.sort(key=lambda r: (r.fit is Fit.NO, -r.score, r.term.rank or 10**9, _number(r.term.loinc)))
        return tuple(found[:most])

    def judge(self, term: Term, facts: CodeFacts) -> Ranked:
        """One term against what the source shows, whatever its name."""
        asked = _asked(facts)
        name_score, because = self._name(term, asked)
        return self._scored(term, facts, asked, name_score, because)

    def _one(self, term: Term, facts: CodeFacts, asked: list[tuple[str, Label, int]]) -> Ranked | None:
        if term.status == "DEPRECATED":
            return None
        name_score, because = self._name(term, asked)
        if name_score < _FLOOR:
            return None
        ranked = self._scored(term, facts, asked, name_score, because)
        return ranked if ranked.score >= _LEAST else None

    def _scored(
        self, term: Term, facts: CodeFacts, asked: list[tuple[str, Label, int]], name_score: int, because: Why | None
    ) -> Ranked:
        units = readings(facts.unit)
        fits, reading = fit(term.prop, term.scale, units, given=bool(facts.unit))
        parts: list[Part] = [
            (name_score, because),
            _unit_part(term, facts, fits, reading),
            _system_part(term, facts, asked),
            _day_part(term, facts, asked),
            _scale_part(term, facts),
            _range_part(term, facts, reading),
            (_method_part(term), None),
            (_METHOD + 1, _NATIONAL) if term.national else (0, None),
            (-_METHOD * 2, _DISCOURAGED) if term.status == "DISCOURAGED" else (0, None),
        ]
        return Ranked(term, fits, sum(p for p, _ in parts), name_score, tuple(why for _, why in parts if why))

    def _name(self, term: Term, asked: list[tuple[str, Label, int]]) -> Part:
        best: Part = (0, None)
        for text, label, share in asked:
            for name, known in self._labels[term.loinc]:
                score = round(self._alike(label, known) * share / 100)
                if score > best[0]:
                    same = score == share and label.system == known.system
                    here, there = ("is", "est") if same else ("resembles", "ressemble à")
                    best = score, Why(f"'{text}' {here} '{name}'", f"« {text} » {there} « {name} »")
        return best

    def _alike(self, asked: Label, known: Label) -> float:
        if asked.run == known.run:
            return 100.0
        if not asked.words or not known.words:
            return 0.0
        here = sum(self._weight(word) for word in asked.words)
        there = sum(self._weight(word) for word in known.words)
        both = sum(self._weight(word) * max(_near(word, other) for other in asked.words) for word in known.words)
        back = sum(self._weight(word) * max(_near(word, other) for other in known.words) for word in asked.words)
        return 95.0 * (both + back) / (here + there)

    def _weight(self, word: str) -> float:
        weight = self._weights.get(word, log(1 + len(self._labels)) if len(word) > 2 else 1.0)  # noqa: PLR2004 - initials
        return weight * _SAYS_LESS if word in _QUALIFIERS else weight


def _asked(facts: CodeFacts) -> list[tuple[str, Label, int]]:
    """What names the analysis: its label, and its code where that is more than a number."""
    asked = [(facts.label, read_label(facts.label), 100)] if facts.label.strip() else []
    if any(c.isalpha() for c in facts.code):
        asked.append((facts.code, read_label(facts.code), _CODE_SHARE if asked else 100))
    return asked


@lru_cache(maxsize=2**18)
def _near(word: str, other: str) -> float:
    """1 for the same word, less for an abbreviation or a slip."""
    if word == other:
        return 1.0
    short, long = sorted((word, other), key=len)
    if len(short) < KEY or short[0] != long[0]:
        return 0.0
    if long.startswith(short):
        return 0.8
    # A slip changes a letter or two; comparing letter by letter is dear.
    slip = len(short) > KEY and len(long) - len(short) <= _SLIP
    return 0.8 if slip and SequenceMatcher(None, short, long, autojunk=False).ratio() >= _TYPO else 0.0


def _unit_part(term: Term, facts: CodeFacts, fits: Fit, reading: str) -> Part:
    unit, prop = facts.unit, term.prop
    if not unit:
        return (2 if fits is Fit.YES else 0), None
    if fits is Fit.NO:
        return 0, Why(f"unit {unit} cannot be of property {prop}", f"l'unité {unit} ne peut être celle de {prop}")
    said = Why(f"unit {unit} read as {reading} fits {prop}", f"l'unité {unit} lue {reading} convient à {prop}")
    return (5, said) if fits is Fit.YES else (0, None)


def _system_part(term: Term, facts: CodeFacts, asked: Iterable[tuple[str, Label, int]]) -> Part:
    told = next((label.system for _t, label, _s in asked if label.system), "") or system_of(facts.specimen)
    same = same_system(told, term.system)
    if same is None:
        # Nothing said is blood: nobody leaves urine or a puncture unsaid.
        plain = term.system in {"Ser/Plas", "Ser", "Plas", "Bld", "PPP", "RBC", "Ser/Plas/Bld", "XXX"}
        return (0, None) if plain else (-8, None)
    if same:
        return _SAME, Why(f"specimen {told}", f"prélèvement {told}")
    return _OTHER_SYSTEM, Why(f"specimen {told}, not {term.system}", f"prélèvement {told}, pas {term.system}")


def _day_part(term: Term, facts: CodeFacts, asked: Iterable[tuple[str, Label, int]]) -> Part:
    told = any(label.day for _t, label, _s in asked) or "24" in facts.unit.partition("/")[2]
    day = term.time == "24H"
    if told == day:
        return (_DAY, _OF_A_DAY) if day else (0, None)
    return -_DAY, _OF_A_DAY if day else None


def _method_part(term: Term) -> int:
    if term.rank or not term.method:
        return 0
    return 1 if term.method in _USUAL else -_METHOD


def _scale_part(term: Term, facts: CodeFacts) -> Part:
    if facts.numbers is None or facts.rows < _NUMBERS:
        return 0, None
    if facts.numbers * 10 < facts.rows:
        return (-_SCALE, _WORDS) if term.scale == "Qn" else (0, None)
    wrong = facts.numbers * 10 >= facts.rows * 8 and term.scale in {"Ord", "Nom"}
    return (-_SCALE, _NUMERIC) if wrong else (0, None)


def _range_part(term: Term, facts: CodeFacts, reading: str) -> Part:
    spread = dict(facts.spreads).get(facts.unit)
    factor = off_by(term, spread, reading) if spread else None
    if factor is None or spread is None:
        return 0, None
    if is_far(term, factor):
        return -2 * _RANGE, Why(f"numbers {factor:.2g} times what is usual", f"nombres {factor:.2g} fois l'usuel")
    return (_RANGE, _USUALLY) if 1 / _NEAR <= factor <= _NEAR else (0, None)


def off_by(term: Term, spread: Spread, reading: str) -> float | None:
    """How many times the usual middle the median is; None where it cannot be told."""
    if term.low is None or term.high is None or spread.median <= 0:
        return None
    here, usual = measure(reading) if reading else None, measure(term.ucum[0]) if term.ucum else None
    if here is None or usual is None or term.high <= 0:
        return None
    like = {here.of, usual.of}
    if (here.of != usual.of and like != {"arbitrary", "catalytic"}) or here.per != usual.per:
        return None
    low = term.low or term.high / 10
    median = spread.median * here.size / usual.size
    return 1.0 if term.low <= median <= term.high else median / (low if median < term.low else term.high)


def is_far(term: Term, factor: float) -> bool:
    """Whether a middle is out of all proportion. What is usually near nothing (CRP, HCG) may be a hundredfold."""
    most = _FAR if term.low else _VERY_FAR
    return not 1 / most <= factor <= most


def _number(loinc: str) -> int:
    return int(loinc.partition("-")[0])
