"""The code map: which local analysis code is which LOINC code, which unit text which UCUM unit; by whom and when.

A map proposes; only a decision has effect, and only once it has been merged into a profile (``ecluse codes export``),
whose digest a plan pins. What a map shows of the source are aggregates: counts, and bounds rounded to two digits.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Annotated, Literal

from ecluse.domain.categories import is_loinc
from ecluse.domain.values import Count, FieldError, Identifier, Instant, Name, Strict, Text, Verbatim, Whole

LoincCode = Annotated[str, Text("a LOINC code", r"^[0-9]{1,7}-[0-9]$")]
LoincOrNone = Annotated[str, Text("a LOINC code, or empty: decided to stay unmapped", r"^([0-9]{1,7}-[0-9])?$", 0)]
Ucum = Annotated[str, Text("a UCUM unit, without spaces", r"^[!-~]+$", max_length=100)]
UcumOrNone = Annotated[str, Text("a UCUM unit, or empty: decided to stay unmapped", r"^[!-~]*$", 0, 100)]
Score = Annotated[int, Whole("how well it fits, 0 to 200", 0, 200)]


@dataclass(frozen=True, slots=True)
class Spread:
    """Where an analysis's numbers lie, in one unit text: 5th, 50th and 95th percentile, two digits each."""

    low: float
    median: float
    high: float


@dataclass(frozen=True, slots=True)
class CodeFacts:
    """What the source shows of one local analysis code. Aggregates only; ``units`` and ``spreads`` most rows first.

    ``numbers`` is how many results read as numbers; None where nobody has counted.
    """

    code: str
    rows: int
    label: str = ""
    specimen: str = ""
    units: tuple[tuple[str, int], ...] = ()
    numbers: int | None = None
    spreads: tuple[tuple[str, Spread], ...] = ()

    @property
    def unit(self) -> str:
        """The unit of most rows; empty where there is none."""
        return self.units[0][0] if self.units else ""


@dataclass(frozen=True, slots=True)
class SourceFacts:
    """Every code that may be named, most rows first, and the rows of those that may not (too rare to be a code)."""

    codes: tuple[CodeFacts, ...]
    unnamed: int = 0

    @property
    def rows(self) -> int:
        """All results."""
        return sum(facts.rows for facts in self.codes) + self.unnamed


@dataclass(frozen=True, slots=True)
class UnitRows(Strict):
    """How many results of a code stand in one unit text."""

    unit: Verbatim
    rows: Count


@dataclass(frozen=True, slots=True)
class Candidate(Strict):
    """A LOINC code that may be meant, and why it is proposed."""

    loinc: LoincCode
    name: Name
    score: Score
    because: tuple[Name, ...] = ()


@dataclass(frozen=True, slots=True)
class Decision(Strict):
    """What a biologist decided, by name; not a signature."""

    loinc: LoincOrNone
    by: Name
    at: Instant
    note: Verbatim = ""

    def __post_init__(self) -> None:
        """A mistyped code is refused where it is typed."""
        if self.loinc and not is_loinc(self.loinc):
            raise FieldError("loinc", "its check digit is wrong: mistyped?")


@dataclass(frozen=True, slots=True)
class CodeEntry(Strict):
    """One local analysis code. ``values`` says in words where its numbers lie."""

    code: Verbatim
    rows: Count
    label: Verbatim = ""
    specimen: Verbatim = ""
    units: tuple[UnitRows, ...] = ()
    values: Verbatim = ""
    candidates: tuple[Candidate, ...] = ()
    decision: Decision | None = None


@dataclass(frozen=True, slots=True)
class UnitCandidate(Strict):
    """A UCUM unit that may be meant."""

    ucum: Ucum
    because: Name


@dataclass(frozen=True, slots=True)
class UnitDecision(Strict):
    """What was decided of a unit text."""

    ucum: UcumOrNone
    by: Name
    at: Instant
    note: Verbatim = ""


@dataclass(frozen=True, slots=True)
class UnitEntry(Strict):
    """One unit text of the source."""

    unit: Verbatim
    rows: Count
    candidates: tuple[UnitCandidate, ...] = ()
    decision: UnitDecision | None = None


@dataclass(frozen=True, slots=True)
class CodeMap(Strict):
    """A reviewed file. ``table`` says what was ranked over."""

    format: Literal["ecluse.code-map/1"]
    profile: Identifier
    table: Name
    codes: tuple[CodeEntry, ...]
    units: tuple[UnitEntry, ...] = ()

    def __post_init__(self) -> None:
        """One code, one entry: two decisions on one code would leave it open which one holds."""
        _refuse_repeats("codes", "code", (entry.code for entry in self.codes))
        _refuse_repeats("units", "unit", (entry.unit for entry in self.units))


def _refuse_repeats(field: str, name: str, values: Iterable[str]) -> None:
    seen: set[str] = set()
    for place, value in enumerate(values):
        if value in seen:
            raise FieldError(f"{field}[{place}].{name}", f"this {name} has an entry already")
        seen.add(value)
