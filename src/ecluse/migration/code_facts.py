"""What a source shows of its local analysis codes: counts, and where numbers lie; no value, no rare code.

Values are counted in bins of 2 % of their size and forgotten: a bound that is shown is the middle of a bin, in two
digits, and only where at least twenty numbers stand in one unit (law 2).
"""

import datetime as dt
from collections import Counter
from dataclasses import dataclass, field

import pyarrow as pa
import pyarrow.compute as pc
from sqlglot import exp

from ecluse.domain.catalogue import KEY
from ecluse.domain.codemap import CodeFacts, SourceFacts, Spread
from ecluse.domain.errors import ProfileError
from ecluse.domain.order import DateRange, Scope
from ecluse.domain.plan import PlannedEntity
from ecluse.domain.profile import SourceProfile
from ecluse.migration import predicates
from ecluse.migration.fields import planned_fields
from ecluse.migration.normalise import Normaliser
from ecluse.migration.ports import Source
from ecluse.migration.scoped import column, derived, named
from ecluse.migration.selects import DIALECTS, read_selects

__all__ = ["code_facts"]

_BATCH_ROWS = 50_000
_ANY_DATES = DateRange("request.registered_on", dt.date(1900, 1, 1), dt.date(2099, 12, 31))
_WANTED = ("label", "unit", "value")
_RARE = 5
_NUMBERS = 20
_LONG_CODE, _LONG_UNIT, _LONG_LABEL = 24, 24, 80
_MANY_LABELS = 40
"""A code with more labels than that has none: what stands there differs from row to row."""
_BINS = 116.0
"""Bins a decade: one is 2 % wide."""


def code_facts(profile: SourceProfile, source: Source) -> SourceFacts:
    """Count a source's results by local code. Reads every result; keeps counts.

    Raises:
        ProfileError: the profile serves no results with a code, or stands on another engine.
        RetryableError: the source went away.
    """
    if source.dialect != DIALECTS[profile.engine]:
        raise ProfileError(f"stands on {profile.engine}, and the source speaks {source.dialect}")
    selects = read_selects(profile)
    if "observation" not in selects or "code" not in selects["observation"].names:
        raise ProfileError("serves no result with a code: there is nothing to map")
    source.adopt_snapshot(None)
    counts = _Counts(profile)
    planned, sources = _planned(profile)
    tree = exp.select(*(named(column("e", name), name) for name in sources))
    tree = tree.from_(derived(selects["observation"].narrowed(set(sources)), "e"))
    normalise = Normaliser(profile, planned)
    for batch in source.stream(predicates.to_sql(tree, source.dialect), _BATCH_ROWS):
        raw = pa.Table.from_batches([batch])
        controls = raw.append_column("_date", pa.nulls(raw.num_rows, pa.date32()))
        clean = normalise(controls.append_column("_site", pa.nulls(raw.num_rows, pa.string())))
        counts.add(clean.rows, raw.num_rows)
    return counts.facts(_specimens(profile, source))


def _planned(profile: SourceProfile) -> tuple[PlannedEntity, tuple[str, ...]]:
    selects = read_selects(profile)
    served = {*selects["observation"].names, *profile.entities["observation"].parse}
    fields = (KEY, "code", *(name for name in _WANTED if name in served))
    made = planned_fields(Scope(_ANY_DATES, ("any",), {"observation": fields}, ()), profile, selects)["observation"]
    return PlannedEntity("observation", "SELECT", made.columns, 0), made.sources


def _specimens(profile: SourceProfile, source: Source) -> dict[str, str]:
    """The kind of specimen of each code, where nearly all its results share one."""
    selects = read_selects(profile)
    if "specimen" not in selects or "specimen" not in selects["observation"].names:
        return {}
    if "type" not in selects["specimen"].names:
        return {}
    code = predicates.exact(column("e", "code"), source.dialect)
    kind = predicates.exact(column("s", "type"), source.dialect)
    tree = exp.select(named(code, "_code"), named(kind, "_kind"), named(exp.Count(this=exp.Star()), "_rows"))
    tree = tree.from_(derived(selects["observation"].narrowed({"code", "specimen"}), "e"))
    on = exp.EQ(this=column("e", "specimen"), expression=column("s", KEY))
    tree = tree.join(derived(selects["specimen"].narrowed({KEY, "type"}), "s"), on=on, join_type="inner")
    table = source.query(predicates.to_sql(tree.group_by(code.copy(), kind.copy()), source.dialect))
    found: dict[str, Counter[str]] = {}
    for given, told, rows in zip(*(each.to_pylist() for each in table.columns), strict=True):
        code_, kind_ = _text(given), _text(told)
        if code_ and kind_ and len(kind_) <= _LONG_LABEL:
            found.setdefault(code_, Counter())[kind_] += int(rows)
    mostly = {code_: kinds.most_common(1)[0] for code_, kinds in found.items()}
    return {
        code_: kind_
        for code_, (kind_, rows) in mostly.items()
        if rows >= _RARE and rows * 5 >= found[code_].total() * 4
    }


def _text(value: object) -> str:
    """Engines that compare exactly by bytes give bytes."""
    return value.decode("utf-8", "replace") if isinstance(value, bytes) else str(value or "")


@dataclass
class _Code:
    rows: int = 0
    numbers: int = 0
    labels: Counter[str] = field(default_factory=Counter)
    units: Counter[str] = field(default_factory=Counter)
    bins: dict[str, Counter[int]] = field(default_factory=dict)


@dataclass
class _Counts:
    profile: SourceProfile
    _codes: dict[str, _Code] = field(default_factory=dict)
    _total: int = 0

    def add(self, rows: pa.Table, given: int) -> None:
        """One batch as made, and how many rows were read."""
        self._total += given
        names = rows.column_names
        texts = {n: rows.column(n).cast(pa.string()) if n in names else _none(rows) for n in ("code", "label", "unit")}
        value = rows.column("value").cast(pa.float64()) if "value" in names else _none(rows).cast(pa.float64())
        positive = pc.if_else(pc.greater(value, 0), value, pa.scalar(None, pa.float64()))
        bins = pc.round(pc.multiply(pc.log10(positive), _BINS)).cast(pa.int64())
        table = pa.table({**texts, "bin": bins, "number": pc.is_valid(value).cast(pa.int64())})
        for by in (["code", "label"], ["code", "unit", "bin"]):
            counted = table.group_by(by).aggregate([([], "count_all"), ("number", "sum")])
            for row in counted.to_pylist():
                if row["code"]:
                    self._count(self._codes.setdefault(row["code"], _Code()), row)

    def _count(self, code: _Code, row: dict[str, object]) -> None:
        rows = int(str(row["count_all"]))
        if "label" in row:
            code.rows += rows
            code.numbers += int(str(row["number_sum"]))
            label = str(row["label"] or "").strip()
            if label and (label in code.labels or len(code.labels) <= _MANY_LABELS):
                code.labels[label] += rows
            return
        unit = str(row["unit"] or "").strip()
        code.units[unit] += rows
        if row["bin"] is not None:
            code.bins.setdefault(unit, Counter())[int(str(row["bin"]))] += rows

    def facts(self, specimens: dict[str, str]) -> SourceFacts:
        """Codes that may be named, most rows first; the others counted together."""
        named_ = {
            code: found
            for code, found in self._codes.items()
            if code in self.profile.analyses or (found.rows >= _RARE and len(code) <= _LONG_CODE)
        }
        made = [self._one(code, found, specimens.get(code, "")) for code, found in named_.items()]
        made.sort(key=lambda each: (-each.rows, each.code))
        return SourceFacts(tuple(made), self._total - sum(each.rows for each in made))

    def _one(self, code: str, found: _Code, specimen: str) -> CodeFacts:
        units = sorted(((u, n) for u, n in found.units.items() if u and _may_name(n, u)), key=lambda e: (-e[1], e[0]))
        spreads = [(unit, _spread(found.bins[unit])) for unit in found.bins if not unit or dict(units).get(unit)]
        told = tuple((unit, spread) for unit, spread in sorted(spreads, key=lambda e: -found.units[e[0]]) if spread)
        return CodeFacts(code, found.rows, _label(found), specimen, tuple(units), found.numbers, told)


def _none(rows: pa.Table) -> pa.ChunkedArray:
    return pa.chunked_array([pa.nulls(rows.num_rows, pa.string())])


def _may_name(rows: int, unit: str) -> bool:
    return rows >= _RARE and len(unit) <= _LONG_UNIT


def _label(found: _Code) -> str:
    if not found.labels or len(found.labels) > _MANY_LABELS:
        return ""
    label, rows = min(found.labels.items(), key=lambda each: (-each[1], each[0]))
    return label if rows >= _RARE and rows * 5 >= found.rows and len(label) <= _LONG_LABEL else ""


def _spread(bins: Counter[int]) -> Spread | None:
    total = bins.total()
    if total < _NUMBERS:
        return None
    found: list[float] = []
    seen, wanted = 0, [0.05 * total, 0.5 * total, 0.95 * total]
    for place in sorted(bins):
        seen += bins[place]
        while len(found) < len(wanted) and seen >= wanted[len(found)]:
            found.append(float(f"{10 ** (place / _BINS):.2g}"))
    return Spread(*found)
