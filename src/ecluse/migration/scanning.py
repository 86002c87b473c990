"""What a database's tables and columns seem to be, judged from their names and a sample; no value is kept.

What may be told of a column: its name and type, how many rows are null, how many differ, its shortest and longest
value, and shapes (digits as ``9``, letters as ``A``) that at least :data:`K` rows share. A rarer shape could point at
one person, and is only counted among the others.
"""

import re
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from ecluse.domain.identifiers import Verdict, check_nir
from ecluse.migration.dates import DAY, EMPTY, DateReader
from ecluse.migration.scan_words import Role, role_by_name
from ecluse.migration.texts import repaired

K = 5
"""Rows that must share a shape, or an analysis code, for it to be told."""
SHARED_KEY = "guessed by its name; rows share it"
"""Why a column counts as key though values repeat: a patient on one line for each visit."""
_SHAPES = 4
_SHAPE_WIDTH = 24
_TRIED = 2_000
_MOST, _MANY, _SOME = 0.8, 0.5, 0.02
_LONG, _SPACES = 25, 2.0
_YEARS = (1850, 2100)
_DATES = (
    "%Y%m%d", "%d/%m/%Y", "%d/%m/%y", "%Y-%m-%d", "%Y-%m-%d %H:%M:%S", "%Y-%m-%dT%H:%M:%S", "%d-%m-%Y", "%d.%m.%Y",
)  # fmt: skip
_EMAIL = r"^[^@\s]+@[^@\s]+\.[A-Za-z]{2,}$"
_PHONE = r"^(\+33|0)[ .]?[1-9]([ .]?[0-9]{2}){4}$"
_REPAIRS = ("cp850_as_cp1252", "utf8_as_latin1")


@dataclass(frozen=True, slots=True)
class Shape:
    """A mask and the share of the sample's filled values that have it."""

    mask: str
    share: float


@dataclass(frozen=True, slots=True)
class ColumnScan:
    """One column; shares are of the sample, lengths in characters (bytes for documents)."""

    name: str
    declared: str
    nulls: float
    distinct: float
    """Different values among the filled ones: 1 where none repeats."""
    shortest: int | None
    longest: int | None
    shapes: tuple[Shape, ...]
    other_shapes: float
    role: Role | None
    confidence: float
    because: str
    formats: tuple[str, ...] = ()
    """Date formats, where it holds dates as text, the most frequent first."""
    nir_keys: float | None = None
    """Share of well-formed NIRs whose control key is right, where it seems to hold NIRs."""
    misread: int = 0
    """Values of the sample that look like one encoding read as another."""
    decimal_comma: bool = False
    codes: tuple[tuple[str, int], ...] = ()
    """Analysis codes and rows of the sample, for a column that the user named; at least :data:`K` rows each."""


@dataclass(frozen=True, slots=True)
class Reference:
    """A foreign key, declared or guessed."""

    table: str
    column: str
    to_table: str
    to_column: str
    declared: bool
    because: str


@dataclass(frozen=True, slots=True)
class TableScan:
    """One table."""

    name: str
    rows: int
    sampled: int
    key: str | None
    key_because: str
    columns: tuple[ColumnScan, ...]

    def with_role(self, *roles: Role) -> ColumnScan | None:
        """The surest column of the first role that there is."""
        for role in roles:
            found = [column for column in self.columns if column.role is role]
            if found:
                return max(found, key=lambda column: column.confidence)
        return None


@dataclass(frozen=True, slots=True)
class EntityGuess:
    """Which table seems to hold an entity, and why."""

    entity: str
    table: str
    confidence: float
    because: str


@dataclass(frozen=True, slots=True)
class ScanReport:
    """A database as it seems to be; no patient's value is in it."""

    engine: str
    version: str
    tables: tuple[TableScan, ...]
    references: tuple[Reference, ...]
    guesses: tuple[EntityGuess, ...]
    files: Mapping[str, object] = field(default_factory=dict)
    """For CSV: each table's declaration as guessed (``domain.files.SourceFile``)."""
    unread: Mapping[str, str] = field(default_factory=dict)
    """Tables that could not be read, and why."""

    def table(self, name: str) -> TableScan:
        """The table of that name; KeyError if none."""
        return {table.name: table for table in self.tables}[name]

    def guess(self, entity: str) -> EntityGuess | None:
        """The best guess for an entity."""
        found = [guess for guess in self.guesses if guess.entity == entity]
        return max(found, key=lambda guess: guess.confidence) if found else None


def scan_column(name: str, declared: str, values: pa.ChunkedArray, *, show_codes: bool = False) -> ColumnScan:
    """One column's description from a sample of it."""
    filled = values.drop_null().combine_chunks()
    total = max(len(values), 1)
    if pa.types.is_binary(filled.type) or pa.types.is_large_binary(filled.type):
        sizes = pc.min_max(pc.binary_length(filled)).as_py()
        low, high = sizes["min"], sizes["max"]
        nulls = 1 - len(filled) / total
        return ColumnScan(name, declared, nulls, 0, low, high, (), 0, Role.DOCUMENT, 0.9, "bytes")
    texts = filled.cast(pa.string())
    written = texts.filter(pc.not_equal(pc.utf8_trim_whitespace(texts), ""))
    lengths = pc.min_max(pc.utf8_length(written)).as_py()
    sure = _judged(name, filled.type, written)
    if sure.role is Role.SECRET:
        return ColumnScan(name, declared, 0, 0, None, None, (), 0, Role.SECRET, sure.confidence, sure.because)
    shapes, others = _shapes(written)
    return ColumnScan(
        name=name,
        declared=declared,
        nulls=round(1 - len(written) / total, 3),
        distinct=round(pc.count_distinct(written).as_py() / max(len(written), 1), 3),
        shortest=lengths["min"],
        longest=lengths["max"],
        shapes=shapes,
        other_shapes=others,
        role=sure.role,
        confidence=sure.confidence,
        because=sure.because,
        formats=sure.formats,
        nir_keys=sure.nir_keys,
        misread=_misread(written),
        decimal_comma=_share(written, r"^[<> ]*[0-9]+,[0-9]+") > _share(written, r"^[<> ]*[0-9]+\.[0-9]+"),
        codes=_codes(written) if show_codes else (),
    )


@dataclass(frozen=True, slots=True)
class _Judgement:
    role: Role | None = None
    confidence: float = 0.0
    because: str = ""
    formats: tuple[str, ...] = ()
    nir_keys: float | None = None


def _judged(name: str, kind: pa.DataType, texts: pa.Array) -> _Judgement:
    """By name for secrets, by type, by content where content tells (keys, dates, e-mail), then by name."""
    named = role_by_name(name)
    if named is Role.SECRET:
        return _Judgement(Role.SECRET, 0.95, "its name")
    tried = pc.unique(texts)[:_TRIED]
    if not len(tried):
        return _Judgement(named, 0.3, "its name; it is empty") if named else _Judgement()
    if pa.types.is_temporal(kind):
        return _Judgement(named if named in _DATE_ROLES else Role.DATE, 0.9, "its type")
    return _by_content(named, tried) or _by_name(named, tried)


def _by_content(named: Role | None, texts: pa.Array) -> _Judgement | None:
    nir = _nir(texts)
    if nir is not None and (nir[0] > _MANY or (named is Role.NIR and nir[0] > _SOME)):
        return _Judgement(Role.NIR, round(nir[0], 2), "control keys", nir_keys=round(nir[1], 3))
    formats, share = date_formats(texts)
    if share >= _MOST:
        role = named if named in _DATE_ROLES else Role.DATE
        return _Judgement(role, round(share, 2), "dates as text", formats)
    for role, pattern in ((Role.EMAIL, _EMAIL), (Role.PHONE, _PHONE)):
        matching = _share(texts, pattern)
        if matching >= _MOST:
            return _Judgement(role, round(matching, 2), "its values' form")
    return None


def _by_name(named: Role | None, texts: pa.Array) -> _Judgement:
    if named is not None and named not in _DATE_ROLES:
        return _Judgement(named, 0.7, "its name")
    return _Judgement(Role.FREE_TEXT, 0.6, "long texts with spaces") if _is_prose(texts) else _Judgement()


_DATE_ROLES = frozenset({Role.DATE, Role.BIRTH_DATE, Role.REGISTERED_ON, Role.COLLECTED_ON})


def _nir(texts: pa.Array) -> tuple[float, float] | None:
    """Share of values with a right key, and the share of right ones among those that have a NIR's shape and a key."""
    verdicts = Counter(check_nir(text).verdict for text in texts.to_pylist())
    right, wrong = verdicts[Verdict.RIGHT], verdicts[Verdict.WRONG]
    return (right / len(texts), right / (right + wrong)) if right else None


def date_formats(texts: pa.Array) -> tuple[tuple[str, ...], float]:
    """Formats by which these texts are days of plausible years, most frequent first, and the share that any reads."""
    found: dict[str, float] = {}
    for each in _DATES:
        read = DateReader((each,), pivot=30).read(texts)
        days = (read.state == DAY) & (read.year >= _YEARS[0]) & (read.year <= _YEARS[1])
        share = float(days.sum()) / max(int((read.state != EMPTY).sum()), 1)
        if share >= _SOME:
            found[each] = share
    formats = tuple(sorted(found, key=lambda name: -found[name]))
    return formats, min(sum(found.values()), 1.0)


def _is_prose(texts: pa.Array) -> bool:
    lengths = pc.mean(pc.utf8_length(texts)).as_py() or 0
    spaces = pc.mean(pc.count_substring(texts, " ")).as_py() or 0
    return bool(lengths > _LONG and spaces >= _SPACES)


def _share(texts: pa.Array, pattern: str) -> float:
    return float(pc.mean(pc.match_substring_regex(texts, pattern).cast(pa.float64())).as_py() or 0)


def _shapes(texts: pa.Array) -> tuple[tuple[Shape, ...], float]:
    """The most frequent masks that at least K rows share; the share of all other rows."""
    if not len(texts):
        return (), 0.0
    masks = pc.replace_substring_regex(texts, r"\p{L}", "A")
    masks = pc.replace_substring_regex(masks, r"\p{N}", "9")
    masks = pc.replace_substring_regex(masks, r"[^A9\s!-/:-@\[-`{-~]", "?")
    counted = Counter({each["values"]: each["counts"] for each in pc.value_counts(masks).to_pylist()})
    told = [(mask, rows) for mask, rows in counted.most_common() if rows >= K and len(mask) <= _SHAPE_WIDTH]
    made = tuple(Shape(mask, round(rows / len(texts), 3)) for mask, rows in told[:_SHAPES])
    return made, round(1 - sum(rows for _, rows in told[:_SHAPES]) / len(texts), 3)


def _misread(texts: pa.Array) -> int:
    if not len(texts):
        return 0
    changed = np.zeros(len(texts), dtype=np.bool_)
    for repair in _REPAIRS:
        changed |= pc.not_equal(repaired(texts, repair), texts).to_numpy(zero_copy_only=False)
    return int(changed.sum())


def _codes(texts: pa.Array) -> tuple[tuple[str, int], ...]:
    """Only what looks like a code: short, without a blank, and shared by K rows."""
    counted = Counter({each["values"]: each["counts"] for each in pc.value_counts(texts).to_pylist()})
    plain = re.compile(r"\S{1,24}")
    return tuple((code, rows) for code, rows in counted.most_common(500) if rows >= K and plain.fullmatch(code))
