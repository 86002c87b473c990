"""Records that may be one person, numbers that several persons share, merges that do not end: told, never mended.

Nothing is merged here or anywhere: every record travels under its own key. Only source keys and counts are reported;
names, dates and numbers are compared in memory, folded, and forgotten. That one NIR stands on several persons is usual,
not wrong: it may be the insured parent's, which is why NSS and NIR are not one thing (domain.md section 3).
"""

import datetime as dt
from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from enum import StrEnum

import pyarrow as pa
import pyarrow.compute as pc
from sqlglot import exp

from ecluse.domain.catalogue import KEY
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

__all__ = ["Group", "IdentityReport", "Kind", "identities"]

_BATCH_ROWS = 50_000
_ANY_DATES = DateRange("request.registered_on", dt.date(1900, 1, 1), dt.date(2099, 12, 31))
_WANTED = ("family_name", "birth_name", "given_names", "birth_date", "sex", "nir", "merged_into")
_WHOLE_DATE = len("2000-01-01")
_NIR, _NIR_AND_KEY = 13, 15
_SEPARATOR = "\x1f"


class Kind(StrEnum):
    """What a group of records is suspected of."""

    DUPLICATE = "duplicate"
    """Same name in use or at birth, first given name, whole birth date and sex; not merged in the source."""
    MERGED_DUPLICATE = "merged_duplicate"
    """The same, and the source has merged them already."""
    NIR_OF_ONE = "nir_of_one"
    """One NIR under several keys, whose birth date and first given name agree: likely one person."""
    NIR_OF_MANY = "nir_of_many"
    """One NIR on records of different persons: an insured parent's, or a stopgap."""
    MERGE_CHAIN = "merge_chain"
    """Merged into a record that is itself merged: from the first to the one that stays."""
    MERGE_CYCLE = "merge_cycle"
    """Merged in a circle: nobody stays."""
    MERGE_NOWHERE = "merge_nowhere"
    """Merged into a record that does not exist: the last key."""


@dataclass(frozen=True, slots=True)
class Group:
    """Records that belong to one suspicion, by source key; in the order of the merges for those."""

    kind: Kind
    keys: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class IdentityReport:
    """What was found, by kind and then by key; ``untold`` records lack a name, a given name or a whole birth date."""

    patients: int
    untold: int
    groups: tuple[Group, ...]

    def of(self, kind: Kind) -> tuple[Group, ...]:
        """The groups of one kind."""
        return tuple(group for group in self.groups if group.kind is kind)


def identities(profile: SourceProfile, source: Source) -> IdentityReport:
    """Look for doubtful identities among a source's patients. Reads every patient; keeps keys.

    Raises:
        ProfileError: the profile serves no patients, or stands on another engine.
        RetryableError: the source went away.
    """
    if source.dialect != DIALECTS[profile.engine]:
        raise ProfileError(f"stands on {profile.engine}, and the source speaks {source.dialect}")
    if "patient" not in profile.entities:
        raise ProfileError("serves no patients")
    source.adopt_snapshot(None)
    patients = _read(profile, source)
    merged = patients.merged
    merges = list(_merge_groups(merged, patients.known))
    duplicates = [_duplicate(keys, merged) for keys in _united(patients.sharing(patients.traits))]
    nirs = [_nir_group(keys, patients.firsts()) for keys in patients.sharing(patients.nirs)]
    groups = sorted({*duplicates, *nirs, *merges}, key=lambda group: (list(Kind).index(group.kind), group.keys))
    return IdentityReport(len(patients.known), patients.untold, tuple(groups))


@dataclass
class _Patients:
    """What is compared, as Arrow columns, with the key of its record."""

    traits: list[pa.Table] = field(default_factory=list)
    nirs: list[pa.Table] = field(default_factory=list)
    persons: list[pa.Table] = field(default_factory=list)
    merged: dict[str, str] = field(default_factory=dict)
    known: set[str] = field(default_factory=set)
    untold: int = 0

    def add(self, raw: pa.Table, rows: pa.Table) -> None:
        """One batch: as the source gave it, and as it was made of it, without what would be set aside."""
        self.known |= set(raw.column(KEY).cast(pa.string()).drop_null().to_pylist())
        key = rows.column(KEY)
        given = _first(_folded(_texts(rows, "given_names")))
        born = _whole_dates(_texts(rows, "birth_date"))
        names = [_folded(_texts(rows, name)) for name in ("family_name", "birth_name")]
        sex = pc.fill_null(_texts(rows, "sex"), "")
        self.persons.append(pa.table({"key": key, "value": _joined(given, born)}))
        known = None
        for name in names:
            value = _joined(_letters(name), given, born, sex)
            self.traits.append(_given(key, value))
            known = pc.is_valid(value) if known is None else pc.or_(known, pc.is_valid(value))
        self.untold += rows.num_rows - (pc.sum(known).as_py() or 0)
        self.nirs.append(_given(key, _numbers(_texts(rows, "nir"))))
        into = _texts(rows, "merged_into")
        moved = pc.fill_null(pc.not_equal(into, ""), fill_value=False)
        pairs = zip(key.filter(moved).to_pylist(), into.filter(moved).to_pylist(), strict=True)
        self.merged |= dict(pairs)

    def firsts(self) -> Mapping[str, str | None]:
        """First given name and birth date by key, to tell one person from several under a number."""
        shared = {key for keys in self.sharing(self.nirs) for key in keys}
        pairs = ((k, v) for t in self.persons for k, v in zip(*(c.to_pylist() for c in t.columns), strict=True))
        return {key: value for key, value in pairs if key in shared}

    def sharing(self, tables: list[pa.Table]) -> list[tuple[str, ...]]:
        """Keys of records that have a value in common, several at least."""
        if not tables:
            return []
        whole = pa.concat_tables(tables)
        groups = whole.group_by("value").aggregate([("key", "distinct")])
        several = groups.filter(pc.greater(pc.list_value_length(groups.column("key_distinct")), 1))
        return [tuple(sorted(keys)) for keys in several.column("key_distinct").to_pylist()]


def _read(profile: SourceProfile, source: Source) -> _Patients:
    selects = read_selects(profile)
    served = {*selects["patient"].names, *profile.entities["patient"].parse}
    fields = (KEY, *(name for name in _WANTED if name in served))
    made = planned_fields(Scope(_ANY_DATES, ("any",), {"patient": fields}, ()), profile, selects)["patient"]
    normalise = Normaliser(profile, PlannedEntity("patient", "SELECT", made.columns, 0))
    tree = exp.select(*(named(column("e", name), name) for name in made.sources))
    tree = tree.from_(derived(selects["patient"].narrowed(set(made.sources)), "e"))
    found = _Patients()
    for batch in source.stream(predicates.to_sql(tree, source.dialect), _BATCH_ROWS):
        raw = pa.Table.from_batches([batch])
        controls = raw.append_column("_date", pa.nulls(raw.num_rows, pa.date32()))
        found.add(raw, normalise(controls.append_column("_site", pa.nulls(raw.num_rows, pa.string()))).rows)
    return found


def _texts(rows: pa.Table, name: str) -> pa.ChunkedArray:
    if name not in rows.column_names:
        return pa.chunked_array([pa.nulls(rows.num_rows, pa.string())])
    return rows.column(name).cast(pa.string())


def _folded(texts: pa.ChunkedArray) -> pa.ChunkedArray:
    """Upper case without accents; what is no letter becomes a blank; null where nothing is left."""
    plain = pc.replace_substring_regex(pc.utf8_normalize(texts, form="NFKD"), r"\p{M}", "")
    spelt = plain
    for letter, written in (("Œ", "OE"), ("Æ", "AE"), ("ẞ", "SS")):
        spelt = pc.replace_substring(pc.utf8_upper(spelt), letter, written)
    blank = pc.utf8_trim_whitespace(pc.replace_substring_regex(pc.utf8_upper(spelt), r"[^\p{L}]+", " "))
    return pc.if_else(pc.equal(blank, ""), pa.scalar(None, pa.string()), blank)


def _letters(folded: pa.ChunkedArray) -> pa.ChunkedArray:
    return pc.replace_substring(folded, " ", "")


def _first(folded: pa.ChunkedArray) -> pa.ChunkedArray:
    return pc.replace_substring_regex(folded, " .*$", "")


def _whole_dates(texts: pa.ChunkedArray) -> pa.ChunkedArray:
    return pc.if_else(pc.equal(pc.utf8_length(texts), _WHOLE_DATE), texts, pa.scalar(None, pa.string()))


def _numbers(texts: pa.ChunkedArray) -> pa.ChunkedArray:
    """NIRs of thirteen characters; whatever is shorter or longer cannot be compared."""
    plain = pc.replace_substring_regex(pc.utf8_upper(texts), "[^0-9A-Z]", "")
    cut = pc.if_else(pc.equal(pc.utf8_length(plain), _NIR_AND_KEY), pc.utf8_slice_codeunits(plain, 0, _NIR), plain)
    return pc.if_else(pc.equal(pc.utf8_length(cut), _NIR), cut, pa.scalar(None, pa.string()))


def _joined(*parts: pa.ChunkedArray) -> pa.ChunkedArray:
    """Null where any part is."""
    return pc.binary_join_element_wise(*parts, _SEPARATOR)


def _given(key: pa.ChunkedArray, value: pa.ChunkedArray) -> pa.Table:
    return pa.table({"key": key, "value": value}).filter(pc.is_valid(value))


def _united(groups: Iterable[tuple[str, ...]]) -> list[tuple[str, ...]]:
    """Groups that share a record are one: by the name in use and by the name at birth."""
    parent: dict[str, str] = {}

    def top(key: str) -> str:
        while parent.setdefault(key, key) != key:
            key = parent[key]
        return key

    for first, *others in groups:
        for other in others:
            parent[top(other)] = top(first)
    found: dict[str, set[str]] = {}
    for key in list(parent):
        found.setdefault(top(key), set()).add(key)
    return [tuple(sorted(keys)) for keys in found.values()]


def _duplicate(keys: tuple[str, ...], merged: Mapping[str, str]) -> Group:
    survivors = {_follow(key, merged)[-1] for key in keys}
    return Group(Kind.MERGED_DUPLICATE if len(survivors) == 1 else Kind.DUPLICATE, keys)


def _nir_group(keys: tuple[str, ...], persons: Mapping[str, str | None]) -> Group:
    told = {persons.get(key) for key in keys}
    return Group(Kind.NIR_OF_ONE if len(told) == 1 and None not in told else Kind.NIR_OF_MANY, keys)


def _follow(key: str, merged: Mapping[str, str]) -> list[str]:
    """A record and those that it was merged into, up to the last or to the first that comes again."""
    path, seen = [key], {key}
    while (following := merged.get(path[-1])) is not None and following not in seen:
        path.append(following)
        seen.add(following)
    return path


def _merge_groups(merged: Mapping[str, str], keys: Collection[str]) -> Iterator[Group]:
    targets = set(merged.values())
    for key in merged:
        path = _follow(key, merged)
        back = merged.get(path[-1])
        if back is not None:
            circle = path[path.index(back) :]
            start = circle.index(min(circle))
            yield Group(Kind.MERGE_CYCLE, tuple(circle[start:] + circle[:start]))
        elif path[-1] not in keys:
            yield Group(Kind.MERGE_NOWHERE, tuple(path))
        if back is None and len(path) > 2 and key not in targets:  # noqa: PLR2004 - one step is a plain merge
            yield Group(Kind.MERGE_CHAIN, tuple(path))
