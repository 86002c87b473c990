"""Matching a leaked sample with exports' filters: which lines each of them knows, and what that is worth (R11).

Every line's readings (``domain.leaked``) are hashed once, whatever the number of exports; an export costs one AES call
and three reads a reading. A surname with a birth date is asked for first, the given name only where they are there: two
hits that the filter would both have to make up, and far fewer to ask for. Typing slips are tried in a second pass, for
the few exports that the first one points to, and for lines that they do not know yet.

What a sample says stays in this process's memory: findings hold places of lines, kinds and counts.
"""

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from ecluse.domain.attribution import Hit, LineEvidence, Weight, evidence, is_some, is_sure, posteriors, weigh
from ecluse.domain.leaked import Readings, Tuple, candidates, readings, with_given
from ecluse.domain.slips import of_day, of_name, of_nir
from ecluse.domain.tracing import BY_CODE, BY_KIND, Kind, days_in
from ecluse.migration.trace_filter import FALSE_POSITIVES, TraceFilter
from ecluse.migration.tracing import Blocks, Prf, hashed, stored

_DATED = {Kind.NAME_BIRTH: 2, Kind.FAMILY_BIRTH: 1, Kind.GIVEN_BIRTH_POSTCODE: 1, Kind.PATIENT_BIRTH: 1}
"""Where a birth date stands in a tuple."""
_SLIP_LINES, _SLIP_PAIRS, _SLIP_DAYS, _SLIP_EXPORTS = 200, 6, 2, 5
_NAME_WIDTH = 30
"""Of a name's slips, how many are names that somebody bears; ours."""
_HOPELESS = -5.0
"""Below this log-likelihood no slip makes an export likely."""
_ALIKE = math.log(100)
"""Exports whose weights are nearer than this are not told apart."""
_POINTS = 0.5
"""From this posterior on, a sample that is attributed to nobody points to an export."""


@dataclass(frozen=True, slots=True)
class _Asked:
    """Tuples to ask filters for, each once: hashes, codes, and the lines where each was read."""

    blocks: Blocks = field(repr=False)
    codes: npt.NDArray[np.uint64]
    tuples: tuple[tuple[Kind, Tuple], ...] = field(repr=False)
    lines: tuple[tuple[int, ...], ...]


@dataclass(frozen=True, slots=True)
class LineHit:
    """A line that an export knows: by which kinds, and the tuple that says most (to count one person once)."""

    hits: tuple[Hit, ...]
    person: tuple[Kind, Tuple] = field(repr=False)


@dataclass(slots=True)
class ExportHits:
    """What one export answers. ``asked`` are the lines with anything that it could know."""

    filter: TraceFilter = field(repr=False)
    asked: frozenset[int]
    lines: dict[int, LineHit]
    canaries: tuple[tuple[int, str], ...]
    slips: frozenset[int] = frozenset()

    def evidence(self, without: frozenset[int] = frozenset()) -> list[LineEvidence]:
        """One a person, of the lines that are not left out."""
        found: dict[object, LineEvidence] = {}
        for line in self.asked - without:
            hit = self.lines.get(line)
            made = evidence(hit.hits if hit else (), self.filter.header.persons)
            found.setdefault(hit.person if hit else line, made)
        return list(found.values())

    def known(self) -> frozenset[int]:
        """Lines told as known."""
        persons = self.filter.header.persons
        own = {line for line, hit in self.lines.items() if evidence(hit.hits, persons).known}
        return frozenset(own | {line for line, _ in self.canaries})


class Matcher:
    """One sample, ready to be asked about."""

    def __init__(self, lines: Iterable[Sequence[str]]) -> None:
        """``lines`` are the cells of each."""
        self._readings = [readings(cells) for cells in lines]
        made = [candidates(found) for found in self._readings]
        self._counts = [{kind: len(tuples) for kind, tuples in each.items()} for each in made]
        self._asked = _asked(
            (line, kind, each) for line, held in enumerate(made) for kind, t in held.items() for each in t
        )
        self._heard: dict[frozenset[Kind], frozenset[int]] = {}
        self._given: dict[tuple[int, Tuple], _Asked] = {}
        self._slipped: dict[int, tuple[_Asked, int]] = {}

    def __len__(self) -> int:
        """Lines."""
        return len(self._readings)

    def ask(self, trace: TraceFilter, key: bytes) -> ExportHits:
        """What one export knows of the sample. ``key`` is the one that its filter was made with."""
        prf, marks = Prf(key), trace.header.marks
        prints = prf(self._asked.blocks, self._asked.codes)
        canaries = [(line, parcel) for place, parcel in trace.canaries(prints) for line in self._asked.lines[place]]
        there = _of_kinds(self._asked.codes, marks) & stored(prints)
        places = np.flatnonzero(there)
        hit = places[trace.holds(prints[places])]
        found: dict[int, list[tuple[Hit, tuple[Kind, Tuple]]]] = {}
        for place in hit.tolist():
            kind, each = self._asked.tuples[place]
            for line in self._asked.lines[place]:
                error = _error(self._counts[line][kind], BY_KIND[kind].share)
                found.setdefault(line, []).append((Hit(kind, error, _width(kind, each)), (kind, each)))
                if kind is Kind.FAMILY_BIRTH and Kind.NAME_BIRTH in marks:
                    found[line] += self._with_given(trace, prf, line, each)
        asked = self._heard_by(frozenset(marks))
        lines = {line: _line_hit(hits, trace.header.persons) for line, hits in found.items()}
        planted = frozenset(line for line, _ in canaries)
        return ExportHits(trace, asked - planted, lines, tuple(sorted(set(canaries))))

    def _heard_by(self, marks: frozenset[Kind]) -> frozenset[int]:
        """Lines with anything of these kinds."""
        if marks not in self._heard:
            self._heard[marks] = frozenset(line for line, held in enumerate(self._counts) if marks & held.keys())
        return self._heard[marks]

    def _with_given(self, trace: TraceFilter, prf: Prf, line: int, each: Tuple) -> list[tuple[Hit, tuple[Kind, Tuple]]]:
        found = self._readings[line]
        if (line, each) not in self._given:
            whole = with_given(found, each)
            self._given[line, each] = _asked((line, Kind.NAME_BIRTH, one) for one in whole)
        asked = self._given[line, each]
        if not asked.tuples:
            return []
        tried = len(found.pairs) * len(found.days)
        error = min(1.0, tried * FALSE_POSITIVES**2)
        places = np.flatnonzero(trace.holds(prf(asked.blocks, asked.codes)))
        width = _width(Kind.FAMILY_BIRTH, each)
        return [(Hit(Kind.NAME_BIRTH, error, width), asked.tuples[place]) for place in places.tolist()]

    def ask_slips(self, trace: TraceFilter, key: bytes, hits: ExportHits) -> ExportHits:
        """The same, with what typing slips explain of the lines that the export does not know yet."""
        prf, marks = Prf(key), trace.header.marks
        unknown = sorted(hits.asked - hits.known())[:_SLIP_LINES]
        lines, slips = dict(hits.lines), set()
        for line in unknown:
            asked, tried = self._slips_of(line)
            prints = prf(asked.blocks, asked.codes)
            held = _of_kinds(asked.codes, marks)
            held[held] = trace.holds(prints[held])
            there = {asked.tuples[place] for place in np.flatnonzero(held).tolist()}
            found = _slip_hits(there, tried)
            if found:
                slips.add(line)
                earlier = [(hit, lines[line].person) for hit in lines[line].hits] if line in lines else []
                lines[line] = _line_hit([*earlier, *found], trace.header.persons)
        return ExportHits(trace, hits.asked, lines, hits.canaries, frozenset(slips))

    def _slips_of(self, line: int) -> tuple[_Asked, int]:
        """Slips of a line's NIR with its key, and of name and date together; and how many of the latter."""
        if line not in self._slipped:
            found = self._readings[line]
            names = list(_slipped_names(found))
            asked = [(line, kind, each) for kind, each in _slipped_nirs(found)]
            asked += [(line, Kind.FAMILY_BIRTH, (each[0], each[2])) for each in names]
            asked += [(line, Kind.NAME_BIRTH, each) for each in names]
            self._slipped[line] = _asked(asked), len(names)
        return self._slipped[line]


def _slipped_nirs(found: Readings) -> Iterable[tuple[Kind, Tuple]]:
    return ((Kind.NIR, (each,)) for keyed in found.keyed_nirs for each in of_nir(keyed))


def _slipped_names(found: Readings) -> Iterable[Tuple]:
    """Surname, given name and date of which the surname or the date is another by a slip."""
    made: dict[Tuple, None] = {}
    for surname, name in found.near[:_SLIP_PAIRS]:
        for day in found.days[:_SLIP_DAYS]:
            made |= dict.fromkeys((surname, name, other) for other in of_day(day))
            made |= dict.fromkeys((other, name, day) for other in of_name(surname))
    return made


def _slip_hits(there: set[tuple[Kind, Tuple]], tried: int) -> list[tuple[Hit, tuple[Kind, Tuple]]]:
    """A slip of the name counts where both its marks are there."""
    found: list[tuple[Hit, tuple[Kind, Tuple]]] = []
    for kind, each in sorted(there):
        if kind is Kind.NIR:
            found.append((Hit(kind, _error(2, 1)), (kind, each)))
        elif kind is Kind.NAME_BIRTH and (Kind.FAMILY_BIRTH, (each[0], each[2])) in there:
            error = min(1.0, tried * FALSE_POSITIVES**2)
            found.append((Hit(kind, error, _NAME_WIDTH), (kind, each)))
    return found


def _asked(tuples: Iterable[tuple[int, Kind, Tuple]]) -> _Asked:
    held: dict[tuple[Kind, Tuple], list[int]] = {}
    for line, kind, each in tuples:
        held.setdefault((kind, each), []).append(line)
    order = sorted(held, key=lambda pair: BY_KIND[pair[0]].code)
    blocks, codes = [np.empty((0, 2), np.uint64)], [np.empty(0, np.uint64)]
    for code, rule in sorted(BY_CODE.items()):
        some = [each for kind, each in order if kind is rule.kind]
        if some:
            columns = [pa.array(column, pa.string()) for column in zip(*some, strict=True)]
            blocks.append(hashed(rule, columns))
            codes.append(np.full(len(some), code, np.uint64))
    lines = tuple(tuple(dict.fromkeys(held[pair])) for pair in order)
    return _Asked(np.ascontiguousarray(np.concatenate(blocks)), np.concatenate(codes), tuple(order), lines)


def _of_kinds(codes: npt.NDArray[np.uint64], kinds: Iterable[Kind]) -> npt.NDArray[np.bool_]:
    """Which codes are of those kinds."""
    wanted = np.zeros(16, np.bool_)
    wanted[[BY_KIND[kind].code for kind in kinds]] = True
    found: npt.NDArray[np.bool_] = wanted[codes.astype(np.int64)]
    return found


def _error(readings_tried: int, share: int) -> float:
    """Probability that at least one reading hits by the filter's own error."""
    tried = math.ceil(readings_tried / share)
    return -math.expm1(tried * math.log1p(-FALSE_POSITIVES))


def _width(kind: Kind, each: Tuple) -> int:
    return days_in(each[_DATED[kind]]) if kind in _DATED else 1


def _line_hit(hits: Sequence[tuple[Hit, tuple[Kind, Tuple]]], persons: int) -> LineHit:
    best = min(hits, key=lambda pair: (pair[0].chance(persons), pair[1]))
    return LineHit(tuple(hit for hit, _ in hits), best[1])


@dataclass(frozen=True, slots=True)
class Finding:
    """One export in the answer. ``named``: the sample is attributed to it; ``explained``: others explain its lines."""

    hits: ExportHits
    weight: Weight
    posterior: float
    named: bool
    explained: bool = False

    def kinds(self) -> Mapping[Kind, int]:
        """Lines by the kinds of marks that the export knows of them."""
        counts: dict[Kind, int] = {}
        for line in self.hits.known() & set(self.hits.lines):
            for kind in {hit.kind for hit in self.hits.lines[line].hits}:
                counts[kind] = counts.get(kind, 0) + 1
        return counts


def conclude(answers: Sequence[ExportHits], exports: int) -> tuple[Finding, ...]:
    """What the answers of so many exports are worth together; those that nothing speaks for are left out.

    Told as well, without being named, are exports that surely know lines which no other explains: of a quarter of the
    sample one may be the source, and the rest be somebody else's.

    Named are: an export whose canary stands in the sample; the one with the largest weight, if that is enough, and
    those that cannot be told from it; then, of the lines that those do not know, the same again.
    """
    weights = [weigh(answer.evidence()) for answer in answers]
    likely = posteriors(weights, exports)
    named = {place for place, answer in enumerate(answers) if answer.canaries}
    explained = frozenset(line for place in named for line in answers[place].known())
    while True:
        left = [place for place in range(len(answers)) if place not in named]
        anew = {place: weigh(answers[place].evidence(explained)) if explained else weights[place] for place in left}
        sure = [place for place in left if is_sure(anew[place], exports)]
        if not sure:
            break
        best = max(anew[place].log_ratio for place in sure)
        group = {place for place in sure if anew[place].log_ratio >= best - _ALIKE}
        named |= group
        explained |= frozenset(line for place in group for line in answers[place].known())
    found, some = [], _knowing(answers, weights, named, explained, exports)
    for place, answer in enumerate(answers):
        mine = place in named
        theirs = not mine and bool(answer.known()) and answer.known() <= explained
        posterior = 1.0 if answer.canaries else likely[place]
        if mine or posterior >= _POINTS or place in some or (answer.known() and weights[place].log_ratio > 0):
            found.append(Finding(answer, weights[place], posterior, mine, theirs))
    return tuple(sorted(found, key=lambda each: (not each.named, not each.hits.canaries, -each.weight.log_ratio)))


def _knowing(
    answers: Sequence[ExportHits], weights: Sequence[Weight], named: set[int], explained: frozenset[int], exports: int
) -> set[int]:
    """Those that surely know lines: the one that most speaks for; then, of lines that it does not know, the next."""
    told: set[int] = set()
    left = {place for place in range(len(answers)) if place not in named and is_some(weights[place], exports)}
    while True:
        anew = {place: weigh(answers[place].evidence(explained)) for place in left}
        left = {place for place in left if is_some(anew[place], exports)}
        if not left:
            return told
        best = max(left, key=lambda place: anew[place].log_some)
        told.add(best)
        left.discard(best)
        explained |= answers[best].known()


def worth_a_second_look(answers: Sequence[ExportHits]) -> tuple[int, ...]:
    """Places of the exports for which slips are tried: the few that most speaks for."""
    weights = [(weigh(answer.evidence()).log_likely, place) for place, answer in enumerate(answers) if answer.known()]
    return tuple(place for weight, place in sorted(weights, reverse=True)[:_SLIP_EXPORTS] if weight > _HOPELESS)


def points(findings: Sequence[Finding]) -> bool:
    """Whether a sample that is attributed to no export still points to one."""
    return any(each.posterior >= _POINTS for each in findings)
