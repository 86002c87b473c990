"""Segments of messages from columns: every field of every row at once, then put in order."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from ecluse.adapters.messages.grammar import Places
from ecluse.adapters.messages.model import Rows
from ecluse.adapters.messages.texts import Style, plain, to_text
from ecluse.adapters.sources._arrow import Bounds
from ecluse.adapters.sources._field_paths import FieldPath
from ecluse.adapters.sources._hl7v2_marks import Marks
from ecluse.domain.catalogue import CATALOGUE, KEY, FieldType
from ecluse.domain.errors import DestinationError

__all__ = [
    "REMARKS",
    "RESULTS",
    "Lines",
    "Parts",
    "add_remarks",
    "check_requests",
    "check_status",
    "columns_of",
    "heads_of",
    "of_requests",
    "ranks",
    "result_texts",
    "segments",
    "sorted_by",
]

REMARKS, RESULTS = 20, 30
"""Groups of a message's segments: comments on the request, results with the comments on them."""

Parts = dict[tuple[int, int, int], pa.Array]
"""A segment's field, component and subcomponent → its text in each row, escaped."""


@dataclass
class Lines:
    """Segments, and where each belongs: request, group, place in the group, place behind that."""

    texts: list[pa.Array] = field(default_factory=list)
    keys: list[tuple[Bounds, Bounds, Bounds, Bounds]] = field(default_factory=list)

    def add(self, texts: pa.Array, *keys: Bounds | int) -> None:
        """Segments of one kind; a key that is one number is that of all."""
        if len(texts):
            each = [np.full(len(texts), key, dtype=np.int64) if isinstance(key, int) else key for key in keys]
            padded = [*each, *([np.zeros(len(texts), dtype=np.int64)] * (4 - len(each)))]
            self.texts.append(texts)
            self.keys.append((padded[0], padded[1], padded[2], padded[3]))

    def joined(self, requests: int, end: str) -> list[str]:
        """The messages' texts, segments parted by ``end``."""
        columns = [np.concatenate([key[place] for key in self.keys]) for place in range(4)]
        order = np.lexsort(columns[::-1])
        texts = pa.concat_arrays(self.texts).take(pa.array(order))
        ends = np.append(0, np.cumsum(np.bincount(columns[0], minlength=requests))).astype(np.int32)
        found: list[str] = pc.binary_join(pa.ListArray.from_arrays(pa.array(ends), texts), end).to_pylist()
        return found


def columns_of(places: Places, entity: str, table: pa.Table, rows: Rows) -> dict[str, Parts]:
    """An entity's columns as parts of segments."""
    style = places.grammar.style
    found: dict[str, Parts] = {}
    for name, path in places.written(entity).items():
        if name not in table.column_names:
            continue
        kept = CATALOGUE.column(entity, name)
        parts = found.setdefault(path.segment, {})
        if kept.refers is not None and kept.refers in places.grammar.parts:
            _refer(parts, path, table.column(name), kept.refers, places=places, rows=rows)
            continue
        codes = places.values.get(entity, {}).get(name)
        partial = kept.type is FieldType.PARTIAL_DATE
        parts[_place_of(path)] = to_text(table.column(name), f"{entity}.{name}", style, codes, partial=partial)
    return found


def heads_of(places: Places, rows: Rows, requests: pa.Table) -> dict[str, Parts]:
    """Segments that come once a message: the patient's and the request's.

    The patient's key stands there even where the patient's row is not there.
    """
    found: dict[str, Parts] = {}
    patients = _looked_up(rows["patient"], requests.column("patient"))
    for entity, table in (("patient", patients), ("request", requests)):
        for name, columns in columns_of(places, entity, table, rows).items():
            found.setdefault(name, {}).update(columns)
    path = places.entities["patient"][KEY]
    key = to_text(requests.column("patient"), "request.patient", places.grammar.style)
    found[path.segment][_place_of(path)] = key
    return found


def result_texts(table: pa.Table, style: Style) -> tuple[pa.Array, pa.Array, pa.Array]:
    """Number, comparator and original text of each result; '' where there is none, or it is not ordered."""
    number = comparator = shown = pa.array([""] * table.num_rows, pa.string())
    if "value" in table.column_names:
        number = pc.fill_null(plain(table.column("value"), "observation.value").combine_chunks(), "")
    if "comparator" in table.column_names:
        comparator = to_text(table.column("comparator"), "observation.comparator", style)
    if "raw_value" in table.column_names:
        shown = to_text(table.column("raw_value"), "observation.raw_value", style)
    return number, comparator, shown


def _refer(parts: Parts, path: FieldPath, keys: pa.ChunkedArray, to: str, *, places: Places, rows: Rows) -> None:
    """A practitioner (XCN) or site (HD) whose key is in ``keys``: the key alone, or with what is known of them."""
    own, style = places.parts_of(to), places.grammar.style
    parts[path.field, own[KEY].field, own[KEY].component] = to_text(keys, path.column, style)
    if to not in rows:
        return
    known = _looked_up(rows[to], keys)
    for name, part in own.items():
        if name != KEY:
            codes = places.values.get(to, {}).get(name)
            parts[path.field, part.field, part.component] = to_text(known.column(name), f"{to}.{name}", style, codes)


def segments(name: str, parts: Parts, count: int, marks: Marks, first: int) -> pa.Array:
    """Segments from their parts; ``first``: the number of their first field. Trailing delimiters are cut."""
    last = max((place[0] for place in parts), default=0)
    fields = [
        _joined({p[1:]: each for p, each in parts.items() if p[0] == number}, count, marks)
        for number in range(first, last + 1)
    ]
    columns = [pa.array([name] * count, pa.string()), *fields]
    mark = chr(marks.field)
    return pc.utf8_rtrim(pc.binary_join_element_wise(*columns, mark), characters=mark)


def _joined(parts: Mapping[tuple[int, int], pa.Array], count: int, marks: Marks) -> pa.Array:
    """One field from its components and subcomponents."""
    empty = pa.array([""] * count, pa.string())
    if not parts:
        return empty
    if (0, 0) in parts:
        return parts[0, 0]
    components = []
    for number in range(1, max(place[0] for place in parts) + 1):
        subs = {place[1]: each for place, each in parts.items() if place[0] == number}
        if set(subs) <= {0}:
            components.append(subs.get(0, empty))
            continue
        every = [subs.get(n, empty) for n in range(1, max(subs) + 1)]
        mark = chr(marks.subcomponent)
        components.append(pc.utf8_rtrim(pc.binary_join_element_wise(*every, mark), characters=mark))
    mark = chr(marks.component)
    return pc.utf8_rtrim(pc.binary_join_element_wise(*components, mark), characters=mark)


def _place_of(path: FieldPath) -> tuple[int, int, int]:
    """A path's place among a segment's parts."""
    return path.field, path.component, path.subcomponent


def sorted_by(table: pa.Table, names: Sequence[str]) -> pa.Table:
    """Rows in the order of those of these columns that there are."""
    keys = [(name, "ascending") for name in names if name in table.column_names]
    return table.take(pc.sort_indices(table, sort_keys=keys)) if table.num_rows else table


def _positions(keys: pa.ChunkedArray | pa.Array, known: pa.ChunkedArray | pa.Array) -> Bounds:
    """Where each key stands among ``known``; -1 where it does not, or is null."""
    values = known.combine_chunks() if isinstance(known, pa.ChunkedArray) else known
    found = pc.fill_null(pc.index_in(keys, value_set=values, skip_nulls=True), -1)
    places: Bounds = found.to_numpy().astype(np.int64)
    return places


def _looked_up(table: pa.Table, keys: pa.ChunkedArray) -> pa.Table:
    """The row of each key; nulls where there is none."""
    at = _positions(keys, table.column(KEY))
    return table.take(pa.array(at, mask=at < 0))


def of_requests(table: pa.Table | None, requests: pa.Array, by: Sequence[str]) -> tuple[pa.Table, Bounds] | None:
    """Children of these requests, sorted within each, and whose they are."""
    if table is None:
        return None
    at = _positions(table.column("request"), requests)
    if not (at >= 0).any():
        return None
    mine = table.filter(pa.array(at >= 0)).append_column("_at", pa.array(at[at >= 0]))
    sorted_ = sorted_by(mine, ["_at", *by])
    return sorted_.drop_columns(["_at"]), sorted_.column("_at").to_numpy().astype(np.int64)


def ranks(at: Bounds) -> Bounds:
    """The place of each child within its parent, from 0; parents ascend."""
    if not len(at):
        return at
    first = np.append(True, at[1:] != at[:-1])
    begins = np.maximum.accumulate(np.where(first, np.arange(len(at)), 0))
    found: Bounds = np.arange(len(at)) - begins
    return found


def _results_of(table: pa.Table, at: Bounds, results: tuple[pa.Table, Bounds] | None) -> Bounds:
    """Which result each comment is on; -1 for none. Raises DestinationError for one that its request does not have."""
    named = table.column("observation")
    found = np.full(table.num_rows, -1, dtype=np.int64)
    if results is not None:
        found = _positions(named, results[0].column(KEY))
        found = np.where((found >= 0) & (results[1][found] == at), found, -1)
    lost = table.num_rows - named.null_count - int(np.count_nonzero(found >= 0))
    if lost:
        raise DestinationError(f"comment.observation: {lost} rows name a result that their request does not have")
    return found


def check_status(table: pa.Table, places: Places, known: Collection[str], called: str) -> None:
    """A result's status is needed and never made up: what is not validated is not promoted.

    ``known``: the codes of the table that the format ``called`` so. Raises DestinationError for any other.
    """
    codes = places.values.get("observation", {}).get("status")
    if codes is not None:
        wrong = [code for code in codes.values() if code not in known]
        if wrong:
            raise DestinationError(f"the profile's values of observation.status are not all of {called}")
        allowed = pa.array(list(codes), pa.string())
    else:
        allowed = pa.array(sorted(known), pa.string())
    unknown = pc.sum(pc.is_null(pc.index_in(table.column("status"), value_set=allowed))).as_py() or 0
    if unknown:
        raise DestinationError(
            f"observation.status: {unknown} rows have none of {called}",
            hint="say in the profile, under values, which of its codes each of the source's is",
        )


def check_requests(requests: pa.Table) -> pa.Array:
    """The keys of requests, each once and of a patient. Raises DestinationError."""
    known = requests.column(KEY).combine_chunks()
    if len(known.unique()) != len(known):
        raise DestinationError("a request's key comes more than once")
    if requests.column("patient").null_count:
        raise DestinationError(f"{requests.column('patient').null_count} requests name no patient")
    return known


def add_remarks(
    lines: Lines,
    places: Places,
    rows: Rows,
    remarks: tuple[pa.Table, Bounds],
    results: tuple[pa.Table, Bounds] | None,
) -> None:
    """Comments behind their result; those of none behind the order. The main segment's first field counts them, as 1.

    Raises DestinationError for a comment on a result that its request does not have.
    """
    table, at = remarks
    group = np.full(table.num_rows, REMARKS, dtype=np.int64)
    behind = np.zeros(table.num_rows, dtype=np.int64)
    if "observation" in table.column_names:
        found = _results_of(table, at, results)
        if results is not None:
            group = np.where(found >= 0, RESULTS, group)
            behind = np.where(found >= 0, ranks(results[1])[found], behind)
    grammar, parts = places.grammar, columns_of(places, "comment", table, rows)
    one = pa.array(["1"] * table.num_rows, pa.string())
    parts.setdefault(grammar.main["comment"], {})[grammar.first, 0, 0] = one
    rank = np.arange(table.num_rows, dtype=np.int64)
    for place, (name, columns) in enumerate(sorted(parts.items())):
        text = segments(name, columns, table.num_rows, grammar.style.marks, grammar.first)
        lines.add(text, at, group, behind, 10 + 10 * rank + place)
