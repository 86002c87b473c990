"""What the data look like behind a profile: NIR keys, duplicates, merges, misread texts, codes; counted in memory."""

from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

import pyarrow as pa
import pyarrow.compute as pc

from ecluse.domain.categories import Answer, SensitiveCategory, categories_of, classify
from ecluse.domain.identifiers import Verdict, check_nir
from ecluse.domain.profile import SourceProfile
from ecluse.migration.profile_findings import CodeCount, Finding, Level
from ecluse.migration.texts import repaired

_RARE = 5
"""Codes with fewer rows are not named: what stands there may be a slip, or no code at all."""
_NAMED = 10
_MIXED = 0.2
_LONG_CODE = 24
_NAMES = ("family_name", "birth_name", "given_names", "address", "city", "birth_place")
_REPAIRS = ("cp850_as_cp1252", "utf8_as_latin1")
_PERSON = ("family_name", "given_names", "birth_date")


@dataclass
class Texts:
    """Names, identifiers and merges of one entity, batch after batch."""

    entity: str
    profile: SourceProfile
    _misread: Counter[tuple[str, str]] = field(default_factory=Counter)
    _texts: Counter[str] = field(default_factory=Counter)
    _partial: Counter[str] = field(default_factory=Counter)
    _dates: Counter[str] = field(default_factory=Counter)
    _nirs: list[pa.Array] = field(default_factory=list)
    _persons: list[pa.Table] = field(default_factory=list)
    _merged: dict[str, str] = field(default_factory=dict)

    def add(self, raw: pa.Table, rows: pa.Table) -> None:
        """One batch: as the source gave it, and as it was made of it."""
        for name in (n for n in _NAMES if n in rows.column_names):
            self._count_misread(name, raw)
        for name in rows.column_names:
            if f"{name}_raw" in rows.column_names:
                self._count_partial(name, rows)
        if self.entity == "patient":
            self._add_person(rows)

    def _count_misread(self, name: str, raw: pa.Table) -> None:
        given = raw.column(name)
        if not pa.types.is_string(given.type):
            return
        text = given.combine_chunks()
        self._texts[name] += len(text) - text.null_count
        for repair in _REPAIRS:
            changed = pc.not_equal(repaired(text, repair), text)
            self._misread[name, repair] += pc.sum(changed).as_py() or 0

    def _count_partial(self, name: str, rows: pa.Table) -> None:
        parse = self.profile.entities[self.entity].parse.get(name)
        if parse is None or not parse.date:
            return
        written = pc.fill_null(pc.not_equal(pc.utf8_trim_whitespace(rows.column(f"{name}_raw")), ""), fill_value=False)
        made = rows.column(name)
        whole = pc.is_valid(made)
        if pa.types.is_string(made.type):
            whole = pc.fill_null(pc.equal(pc.utf8_length(made), len("2000-01-01")), fill_value=False)
        self._dates[name] += pc.sum(written).as_py() or 0
        self._partial[name] += pc.sum(pc.and_(written, pc.invert(whole))).as_py() or 0

    def _add_person(self, rows: pa.Table) -> None:
        if "nir" in rows.column_names:
            self._nirs.append(rows.column("nir").combine_chunks())
        if set(_PERSON) <= set(rows.column_names):
            self._persons.append(rows.select(list(_PERSON)))
        if {"merged_into", "source_id"} <= set(rows.column_names):
            into = rows.column("merged_into")
            merged = rows.filter(pc.and_(pc.is_valid(into), pc.not_equal(into, "")))
            keys, targets = merged.column("source_id").to_pylist(), merged.column("merged_into").to_pylist()
            self._merged |= dict(zip(keys, targets, strict=True))

    def findings(self) -> Iterator[Finding]:
        """What was counted."""
        for (name, repair), rows in self._misread.items():
            done = self.profile.entities[self.entity].parse.get(name)
            if rows and (done is None or done.repair != repair):
                yield Finding(Level.WARN, "text.mojibake", self.entity, name, rows, self._texts[name], repair)
        for name, rows in self._partial.items():
            if rows:
                yield Finding(Level.WARN, "date.partial", self.entity, name, rows, self._dates[name])
        yield from self._nir_findings()
        if self._persons:
            yield from self._duplicates(pa.concat_tables(self._persons))
        yield from self._merges()

    def _nir_findings(self) -> Iterator[Finding]:
        texts = [t for array in self._nirs for t in array.to_pylist() if t and t.strip()]
        if not texts:
            return
        verdicts = Counter(check_nir(text).verdict for text in texts)
        shared = sum(n for n in Counter(texts).values() if n > 1)
        wrong, malformed = verdicts[Verdict.WRONG], verdicts[Verdict.MALFORMED]
        yield Finding(Level.WARN if wrong else Level.OK, "nir.keys", self.entity, "nir", wrong, len(texts))
        if malformed:
            yield Finding(Level.WARN, "nir.malformed", self.entity, "nir", malformed, len(texts))
        if shared:
            yield Finding(Level.WARN, "nir.shared", self.entity, "nir", shared, len(texts))

    def _duplicates(self, persons: pa.Table) -> Iterator[Finding]:
        named = persons.filter(pc.and_(pc.is_valid(persons["family_name"]), pc.is_valid(persons["birth_date"])))
        counts = named.group_by(list(_PERSON)).aggregate([([], "count_all")]).column("count_all")
        twice = pc.sum(counts.filter(pc.greater(counts, 1))).as_py() or 0
        if twice:
            yield Finding(Level.WARN, "person.duplicates", self.entity, None, twice, named.num_rows)

    def _merges(self) -> Iterator[Finding]:
        chained = sum(target in self._merged for target in self._merged.values())
        circles = sum(_circles(key, self._merged) for key in self._merged)
        if chained - circles > 0:
            yield Finding(Level.WARN, "merge.chains", self.entity, "merged_into", chained - circles, len(self._merged))
        if circles:
            yield Finding(Level.WARN, "merge.cycles", self.entity, "merged_into", circles, len(self._merged))


def _circles(key: str, merged: Mapping[str, str]) -> bool:
    """Whether following merges from a record comes back to it."""
    seen, at = {key}, merged[key]
    while at in merged and at not in seen:
        seen.add(at)
        at = merged[at]
    return at == key


@dataclass
class _Code:
    rows: int = 0
    numbers: int = 0
    unread: int = 0


@dataclass
class Results:
    """Observations by their local code."""

    profile: SourceProfile
    _codes: dict[str | None, _Code] = field(default_factory=lambda: defaultdict(_Code))
    _units: int = 0
    _unmapped_units: int = 0

    def add(self, rows: pa.Table) -> None:
        """One batch, as made."""
        if "code" in rows.column_names and rows.num_rows:
            self._add_codes(rows)
        if "unit" in rows.column_names:
            unit = rows.column("unit")
            filled = pc.fill_null(pc.not_equal(unit, ""), fill_value=False)
            known = pc.is_in(unit, value_set=pa.array(list(self.profile.units), pa.string()))
            self._units += pc.sum(filled).as_py() or 0
            self._unmapped_units += pc.sum(pc.and_(filled, pc.invert(known))).as_py() or 0

    def _add_codes(self, rows: pa.Table) -> None:
        none = pa.nulls(rows.num_rows, pa.bool_())
        number = unread = pc.fill_null(none, fill_value=False)
        if {"value", "raw_value"} <= set(rows.column_names):
            number = pc.is_valid(rows.column("value"))
            text = rows.column("raw_value").cast(pa.string())
            digits = pc.fill_null(pc.match_substring_regex(text, "^[^A-Za-z]*[0-9][^A-Za-z]*$"), fill_value=False)
            unread = pc.and_(digits, pc.invert(number))
        table = pa.table(
            {"code": rows.column("code").cast(pa.string()), "number": _ints(number), "unread": _ints(unread)}
        )
        counted = table.group_by("code").aggregate([([], "count_all"), ("number", "sum"), ("unread", "sum")])
        for each in counted.to_pylist():
            code = self._codes[each["code"]]
            code.rows += each["count_all"]
            code.numbers += each["number_sum"]
            code.unread += each["unread_sum"]

    def codes(self) -> list[CodeCount]:
        """Codes frequent and short enough to be codes, most first."""
        made = [
            CodeCount(code, self.profile.loinc_of(code), n.rows, n.numbers, n.unread)
            for code, n in self._codes.items()
            if code and self._may_be_named(code, n)
        ]
        return sorted(made, key=lambda each: (-each.rows, each.code))

    def _may_be_named(self, code: str, n: _Code) -> bool:
        return code in self.profile.analyses or (n.rows >= _RARE and len(code) <= _LONG_CODE)

    def findings(self) -> Iterator[Finding]:
        """Mapping, numbers, categories."""
        total = sum(n.rows for n in self._codes.values())
        if not total:
            return
        yield from self._mapping(total)
        if "value" in self.profile.entities["observation"].parse:
            yield from self._numbers(total)
        yield from self._categories(total)
        if self._unmapped_units:
            yield Finding(Level.WARN, "unit.unmapped", "observation", "unit", self._unmapped_units, self._units)

    def _mapping(self, total: int) -> Iterator[Finding]:
        unmapped = {code: n for code, n in self._codes.items() if not code or self.profile.loinc_of(code) is None}
        if not unmapped:
            yield Finding(Level.OK, "code.mapped", "observation", "code", 0, total)
            return
        shown = {code: n.rows for code, n in unmapped.items() if code and self._may_be_named(code, n)}
        most = sorted(shown, key=lambda code: (-shown[code], code))[:_NAMED]
        rows = sum(n.rows for n in unmapped.values())
        named = [f"{code} {shown[code]}" for code in most]
        rest = rows - sum(shown[code] for code in most)
        what = ", ".join([*named, *([f"… {rest}"] if rest else [])])
        yield Finding(Level.WARN, "code.unmapped", "observation", "code", rows, total, what)

    def _numbers(self, total: int) -> Iterator[Finding]:
        numbers = sum(n.numbers for n in self._codes.values())
        yield Finding(Level.OK, "number.read", "observation", "raw_value", numbers, total)
        for each in self.codes():
            if each.unread >= _RARE and each.unread > _MIXED * (each.unread + each.numbers):
                yield Finding(Level.WARN, "number.mixed", "observation", "raw_value", each.unread, each.rows, each.code)

    def _categories(self, total: int) -> Iterator[Finding]:
        told, matches = 0, Counter[SensitiveCategory]()
        for code, n in self._codes.items():
            loinc = self.profile.loinc_of(code) if code else None
            answers = [classify(category, loinc) for category in SensitiveCategory]
            told += n.rows if Answer.UNCLASSIFIABLE not in answers else 0
            for category in categories_of(loinc):
                matches[category] += n.rows
        level = Level.OK if told == total else Level.WARN
        yield Finding(level, "category.told", "observation", "code", told, total)
        for category, rows in sorted(matches.items()):
            yield Finding(Level.OK, "category.match", "observation", "code", rows, total, str(category))


def _ints(flags: pa.ChunkedArray) -> pa.ChunkedArray:
    return flags.cast(pa.int64())
