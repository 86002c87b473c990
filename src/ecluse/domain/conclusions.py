"""What tracing a leaked sample concluded, as it is told: exports and counts, never a line, a column or a value (R11).

The sample is asked about at the controller's own machine (:mod:`ecluse.domain.attribution`); this is all that leaves
it. It holds no digest of the sample either: whoever reads one could try lines out until one fits. Pure.
"""

import datetime as dt
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from itertools import pairwise
from typing import Annotated, Literal

from ecluse.domain.errors import UsageError
from ecluse.domain.tracing import Kind
from ecluse.domain.values import Count, Digest, FieldError, Identifier, Line, Recipient, Strict, Text, Whole

MOST_EXPORTS = 50
"""Exports that a conclusion lists at most; of more, the likeliest."""
MOST_PARCELS = 20
"""Parcels with a canary among the lines that an export lists at most."""
MOST_TEXT = 300_000
"""Characters of a conclusion's canonical text: more than the longest that this format lets be."""
CERTAIN = 10_000
"""A probability of one, in ten-thousandths."""
_RATIO = 1_000_000

Parcel = Annotated[str, Text("a parcel's name", r"^[A-Za-z0-9][A-Za-z0-9._-]*$", max_length=120)]
Probability = Annotated[int, Whole("a probability in ten-thousandths", 0, CERTAIN)]
Tenths = Annotated[int, Whole("a power of ten, in tenths", -_RATIO, _RATIO)]


class Verdict(StrEnum):
    """What the exports that were asked say of the sample."""

    FOUND = "found"
    DOUBTFUL = "doubtful"
    NOT_FOUND = "not found"


@dataclass(frozen=True, slots=True)
class TracedExport(Strict):
    """One export that knows lines of the sample. ``order`` to ``persons`` are as its trace file says.

    ``persons``: patients in the export. ``marks``: lines known by each kind of mark; ``slips``: lines known only once a
    typing slip was undone. ``canaries``: parcels whose planted rows are among the lines. ``ratio``: logarithm of the
    likelihood ratio, in tenths. ``explained``: an attributed export explains its lines.
    """

    order: Identifier
    order_digest: Digest
    controller: Line
    source: Line
    destination: Line
    recipient: Recipient
    period_from: dt.date
    period_until: dt.date
    persons: Count
    lines_known: Count
    marks: Mapping[Kind, Count]
    slips: Count
    canary_lines: Count
    canaries: tuple[Parcel, ...]
    ratio: Tenths
    probability: Probability
    attributed: bool
    explained: bool

    def __post_init__(self) -> None:
        """Counts that can be."""
        if self.period_until < self.period_from:
            raise FieldError("period_until", "before period_from")
        if bool(self.canaries) != bool(self.canary_lines) or len(self.canaries) > MOST_PARCELS:
            raise FieldError("canaries", f"as many as lines need, and {MOST_PARCELS} at most")
        if any(first >= second for first, second in pairwise(self.canaries)):
            raise FieldError("canaries", "in order, and each once")
        if Kind.CANARY in self.marks:
            raise FieldError("marks", "canaries are told by their parcels")
        if max((*self.marks.values(), self.canary_lines)) > self.lines_known:
            raise FieldError("lines_known", "fewer than are known by a mark")


@dataclass(frozen=True, slots=True)
class Conclusion(Strict):
    """What was concluded of one sample.

    ``lines``: read; ``more``: the file goes on; ``cut``: so many lines were not read to their end. ``silent``: lines
    with nothing to compare; ``unknown``: lines that no export in the answer knows. ``asked``, ``expired``, ``refused``,
    ``foreign``: trace files asked, past their day, damaged, sealed to others. ``left_out``: further exports that know
    lines.
    """

    format: Literal["ecluse.trace-conclusion/1"]
    verdict: Verdict
    lines: Count
    more: bool
    cut: Count
    silent: Count
    unknown: Count
    asked: Count
    expired: Count
    refused: Count
    foreign: Count
    exports: tuple[TracedExport, ...]
    left_out: Count

    def __post_init__(self) -> None:
        """A verdict that its exports bear, and counts that can be."""
        named = any(each.attributed for each in self.exports)
        if named is not (self.verdict is Verdict.FOUND) or (self.verdict is Verdict.DOUBTFUL and not self.pointed):
            raise FieldError("verdict", "not what the exports say")
        if max(self.silent + self.unknown, self.cut) > self.lines:
            raise FieldError("lines", "fewer than are told apart")
        if any(max(each.lines_known, each.slips) > self.lines for each in self.exports):
            raise FieldError("lines", "fewer than an export knows")
        if len(self.exports) > MOST_EXPORTS or len(self.exports) + self.left_out > self.asked:
            raise FieldError("exports", f"no more than were asked, and {MOST_EXPORTS} at most")
        if len({each.order_digest for each in self.exports}) < len(self.exports):
            raise FieldError("exports", "the same order twice")

    @property
    def attributed(self) -> tuple[TracedExport, ...]:
        """The exports that the sample comes from."""
        return tuple(each for each in self.exports if each.attributed)

    @property
    def pointed(self) -> tuple[TracedExport, ...]:
        """The exports that are likelier than all else together: what a doubtful sample points to."""
        return tuple(each for each in self.exports if 2 * each.probability >= CERTAIN)


@dataclass(frozen=True, slots=True)
class Telling:
    """A conclusion as the record of an incident holds it: ``number`` counts within the incident; ``by`` is a name.

    ``replaces``: the number of an earlier one of the same incident that it takes back. Nothing else takes one back: a
    later telling may be of another sample.
    """

    number: int
    recorded: dt.datetime
    by: str
    conclusion: Conclusion
    replaces: int | None = None


def check_replaces(replaces: int | None, told: Mapping[int, int | None]) -> None:
    """Whether a telling may take back that one. ``told``: the incident's numbers, each with the number it replaces.

    Raises:
        UsageError: there is no such telling in this incident, or it was taken back before.
    """
    if replaces is None:
        return
    if replaces not in told:
        raise UsageError("this incident has no such conclusion")
    gone, stands = {each: number for number, each in told.items()}, replaces
    while stands in gone:
        stands = gone[stands]
    if stands != replaces:
        hint = f"what stands instead is conclusion {stands}"
        raise UsageError(f"conclusion {replaces} was replaced before", hint=hint)


def replacements(tellings: Iterable[Telling]) -> Mapping[int, int]:
    """The numbers that were taken back, each with the number of the telling that did it."""
    return {each.replaces: each.number for each in tellings if each.replaces is not None}


def standing_tellings(tellings: Iterable[Telling]) -> tuple[Telling, ...]:
    """Those that no later one takes back."""
    held = tuple(tellings)
    gone = replacements(held)
    return tuple(each for each in held if each.number not in gone)


def origins(tellings: tuple[Telling, ...]) -> tuple[tuple[Telling, TracedExport], ...]:
    """Each export that a sample is attributed to, once, by its latest telling that stands; the latest first."""
    found: dict[str, tuple[Telling, TracedExport]] = {}
    for telling in reversed(standing_tellings(tellings)):
        for each in telling.conclusion.attributed:
            found.setdefault(each.order_digest, (telling, each))
    return tuple(found.values())
