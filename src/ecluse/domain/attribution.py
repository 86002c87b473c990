"""Does this sample come from that export? The likelihood, its assumptions, and the threshold of an attribution (R11).

For a line, marks that an export holds are compared with what a line from elsewhere hits: by the filter's own errors
(as many as readings were tried), by namesakes (``COINCIDENCE``), and because its person really is in that export too.
The last is what matters: neighbouring laboratories share patients. So "elsewhere" may share up to ``OVERLAP`` of its
persons with the export, whatever share explains the sample best; "from here" leaves up to half of the lines to noise.

Attribution needs a ratio of the two of ``SURE`` for each export that was looked at. By Markov's inequality a sample
from elsewhere then passes with a probability of at most 1 in ``SURE``, all exports together, as long as its lines are
independent and it shares no more than ``OVERLAP``. ``bench/trace.py`` measures it.
"""

import math
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from ecluse.domain.tracing import Kind

SURE = 100_000
"""Likelihood ratio of an attribution, for each export looked at."""
OVERLAP = 0.3
"""Share of a foreign sample's persons, at most, who are in the export all the same."""
COINCIDENCE: Mapping[Kind, float] = {
    Kind.NIR: 1e-6,
    Kind.NAME_BIRTH: 1e-4,
    Kind.FAMILY_BIRTH: 2e-2,
    Kind.GIVEN_BIRTH_POSTCODE: 5e-2,
    Kind.NAME_POSTCODE: 5e-2,
    Kind.PHONE: 1e-3,
    Kind.EMAIL: 1e-4,
    Kind.PATIENT_BIRTH: 1e-4,
    Kind.REQUEST_PATIENT: 1e-4,
    Kind.REQUEST_DAY: 0.3,
}
"""Chance that an export of ``PERSONS`` holds that mark of somebody who is not in it. Ours, above what is measured."""
PERSONS = 500_000
KNOWN = 0.05
"""A line is told as known where chance would have made it so less often than this."""
SYSTEMATIC = 20.0
"""What request numbers by day add, at most, all lines together: two systems may number alike."""
_Counted = Sequence[tuple[float, int]]
_RECALL, _MISSED = 0.8, 0.1
_SMALLEST = 1e-6
_SHARES = (0.5, 0.6, 0.7, 0.8, 0.9, 1.0)
_OVERLAPS = (0.0, 0.003, 0.01, 0.03, 0.1, 0.2, OVERLAP)
_FAR, _NEAR = 0.9, 0.1
"""How often, before looking, "elsewhere" is far away (1 % shared) or near (``OVERLAP``); for the posterior alone."""


@dataclass(frozen=True, slots=True)
class Hit:
    """One line's mark in one export.

    ``error`` is the probability that the filter alone made it, all readings that were tried together; ``width`` how
    many different tuples would have passed for it: days that a date leaves open, slips that were thought of.
    """

    kind: Kind
    error: float
    width: int = 1

    def chance(self, persons: int) -> float:
        """Of this hit for somebody who is not in an export of so many persons."""
        namesakes = COINCIDENCE[self.kind] * self.width * persons / PERSONS
        return max(_SMALLEST, min(0.5, self.error + min(namesakes, 0.5)))


@dataclass(frozen=True, slots=True)
class LineEvidence:
    """What one line (or several of one person) shows: the smallest chance among its hits; None without any.

    ``systematic``: nothing but a request's number and day.
    """

    chance: float | None
    systematic: bool = False

    @property
    def known(self) -> bool:
        """Whether the line is told as known."""
        return self.chance is not None and self.chance < KNOWN

    @property
    def ratio(self) -> float:
        """How much likelier this is of a person in the export than of one who is not."""
        return _MISSED if self.chance is None else _RECALL / self.chance


def evidence(hits: Sequence[Hit], persons: int) -> LineEvidence:
    """A line's evidence. All its hits together are at most as likely as the least likely one."""
    if not hits:
        return LineEvidence(None)
    return LineEvidence(min(hit.chance(persons) for hit in hits), all(hit.kind is Kind.REQUEST_DAY for hit in hits))


@dataclass(frozen=True, slots=True)
class Weight:
    """Natural logarithms: of the ratio on which attribution stands, and of that behind the posterior.

    ``log_some`` is of the ratio for less: that some of the sample's persons are in the export, rather than none.
    """

    log_ratio: float
    log_likely: float
    log_some: float


def weigh(lines: Sequence[LineEvidence]) -> Weight:
    """The sample's weight for one export."""
    firm = [line.ratio for line in lines if not line.systematic]
    loose = [line.ratio for line in lines if line.systematic]
    worst, mean, some = _weigh(firm)
    extra = min(_weigh(loose)[0], math.log(SYSTEMATIC)) if loose else 0.0
    return Weight(worst + extra, mean + extra, some)


def _weigh(ratios: Sequence[float]) -> tuple[float, float, float]:
    counted = tuple(Counter(ratios).items())  # most lines are alike
    here = _mean([(share, 1 / len(_SHARES)) for share in _SHARES], counted)
    there = max(_log(share, counted) for share in _OVERLAPS)
    far_or_near = _mean([(0.01, _FAR), (OVERLAP, _NEAR)], counted)
    # The best share of several is taken, so each is worth one in as many.
    return here - there, here - far_or_near, there - math.log(len(_OVERLAPS))


def _log(share: float, ratios: _Counted) -> float:
    """Log-likelihood of a sample of which that share is in the export, relative to none."""
    return sum(times * math.log(share * ratio + 1 - share) for ratio, times in ratios)


def _mean(shares: Sequence[tuple[float, float]], ratios: _Counted) -> float:
    logs = [_log(share, ratios) + math.log(weight) for share, weight in shares]
    top = max(logs)
    return top + math.log(sum(math.exp(each - top) for each in logs))


def is_sure(weight: Weight, exports: int) -> bool:
    """Whether the sample is attributed, where so many exports were looked at."""
    return weight.log_ratio >= math.log(SURE) + math.log(max(exports, 1))


def is_some(weight: Weight, exports: int) -> bool:
    """Whether some of the sample's persons are in the export for sure, wherever the sample comes from."""
    return weight.log_some >= math.log(SURE) + math.log(max(exports, 1))


def posteriors(weights: Sequence[Weight], exports: int) -> tuple[float, ...]:
    """How likely each is, if before looking it was as likely that the sample came from none as from one of them."""
    prior = -math.log(max(exports, 1))
    logs = [weight.log_likely + prior for weight in weights]
    top = max([0.0, *logs])
    total = math.exp(-top) + sum(math.exp(each - top) for each in logs)
    return tuple(math.exp(each - top) / total for each in logs)
