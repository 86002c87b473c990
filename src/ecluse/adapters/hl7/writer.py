"""ORU^R01 messages of HL7 v2.5, one a request, made by columns: every field of every row at once, then put in order.

``MSH PID [PD1] [ZPI] [PV1] ORC OBR [ZRQ] {NTE [ZNT]} {OBX [ZOX] {NTE [ZNT]}} {SPM [ZSP]}``. The same rows give the same
bytes, whatever order they come in: rows are sorted by rank and key, and no clock is asked.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from ecluse.adapters.hl7.places import Places
from ecluse.adapters.hl7.texts import plain, to_text
from ecluse.adapters.messages.model import Heading, Message, Rows
from ecluse.adapters.sources._arrow import Bounds
from ecluse.adapters.sources._field_paths import FieldPath
from ecluse.domain.catalogue import CATALOGUE, KEY, FieldType
from ecluse.domain.errors import DestinationError

__all__ = ["STATUSES", "write"]

STATUSES = frozenset("CDFINOPRSUWX")
"""HL7 table 0085: what OBX-11 may say (v2.5; ``B`` and others came later)."""
_ONE_LINE = 199
"""Longest ST value (v2.5, 2.A.73); what is longer is TX."""
_ORDER = ("MSH", "PID", "PD1", "ZPI", "PV1", "ORC", "OBR", "ZRQ")
_REMARKS, _RESULTS, _SPECIMENS = 20, 30, 40


@dataclass
class _Lines:
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

    def joined(self, requests: int) -> list[str]:
        """The messages' texts."""
        columns = [np.concatenate([key[place] for key in self.keys]) for place in range(4)]
        order = np.lexsort(columns[::-1])
        texts = pa.concat_arrays(self.texts).take(pa.array(order))
        ends = np.append(0, np.cumsum(np.bincount(columns[0], minlength=requests))).astype(np.int32)
        found: list[str] = pc.binary_join(pa.ListArray.from_arrays(pa.array(ends), texts), "\r").to_pylist()
        return found


Parts = dict[tuple[int, int, int], pa.Array]


def write(rows: Rows, places: Places, heading: Heading) -> list[Message]:
    """One message for each row of ``rows["request"]``, in the order of their keys.

    ``rows``: tables by entity; children of requests that are not among ``rows["request"]`` are left out.
    Raises DestinationError: a value that HL7 has no way to write, a result's status that it does not know.
    """
    requests = _sorted(rows["request"], [KEY])
    if not requests.num_rows:
        return []
    known = requests.column(KEY).combine_chunks()
    if len(known.unique()) != len(known):
        raise DestinationError("a request's key comes more than once")
    if requests.column("patient").null_count:
        raise DestinationError(f"{requests.column('patient').null_count} requests name no patient")
    lines = _Lines()
    count = len(known)
    each = np.arange(count, dtype=np.int64)
    patients = _looked_up(rows["patient"], requests.column("patient"))
    written = {
        **_written(places, "patient", patients, rows),
        **_written(places, "request", requests, rows),
    }
    _add_key(places, written, requests)
    controls = [heading.control(key) for key in known.to_pylist()]
    _fill(written, heading, controls, count)
    for segment, parts in written.items():
        lines.add(_segment(segment, parts, count), each, _ORDER.index(segment))
    _add_children(lines, places, rows, known)
    texts = lines.joined(count)
    return [
        Message(key, control, f"{text}\r".encode())
        for key, control, text in zip(known.to_pylist(), controls, texts, strict=True)
    ]


def _add_key(places: Places, written: dict[str, Parts], requests: pa.Table) -> None:
    """The patient's key stands in the message even where the patient's row is not there."""
    path = places.entities["patient"][KEY]
    own = to_text(requests.column("patient"), "request.patient")
    written[path.segment][_at(path)] = own


def _fill(written: dict[str, Parts], heading: Heading, controls: Sequence[str], count: int) -> None:
    """Fields that every message has."""

    def constant(text: str) -> pa.Array:
        return pa.array([text] * count, pa.string())

    head = written.setdefault("MSH", {})
    receiver = (heading.application, heading.facility)
    fixed = {3: "ECLUSE", 5: receiver[0], 6: receiver[1], 7: heading.moment, 12: "2.5", 18: "UNICODE UTF-8"}
    for number, text in fixed.items():
        head[number, 0, 0] = to_text(pa.chunked_array([constant(text)]), "MSH") if text else constant("")
    head[2, 0, 0] = constant("^~\\&")
    head[9, 1, 0], head[9, 2, 0], head[9, 3, 0] = constant("ORU"), constant("R01"), constant("ORU_R01")
    head[10, 0, 0] = pa.array(controls, pa.string())
    head[11, 0, 0] = constant("P" if heading.production else "T")
    for segment, text in (("PID", "1"), ("ORC", "RE"), ("OBR", "1")):
        written.setdefault(segment, {})[1, 0, 0] = constant(text)
    order = written["OBR"]
    if not any(place[:2] in {(4, 0), (4, 1)} for place in order):
        order[4, 1, 0] = constant("LAB")  # a required field: what was asked for is told by the results


def _add_children(lines: _Lines, places: Places, rows: Rows, requests: pa.Array) -> None:
    results = _of_requests(rows.get("observation"), requests, ["rank", KEY])
    if results is not None:
        table, at = results
        within = _within(at)
        parts = _written(places, "observation", table, rows)
        _fill_result(parts, table, places, within)
        for place, (segment, columns) in enumerate(sorted(parts.items())):
            lines.add(_segment(segment, columns, table.num_rows), at, _RESULTS, within, place)
    remarks = _of_requests(rows.get("comment"), requests, [KEY])
    if remarks is not None:
        _add_remarks(lines, places, rows, remarks, results)
    specimens = _of_requests(rows.get("specimen"), requests, [KEY])
    if specimens is not None:
        table, at = specimens
        within = _within(at)
        parts = _written(places, "specimen", table, rows)
        parts.setdefault("SPM", {})[1, 0, 0] = pa.array(within + 1).cast(pa.string())
        for place, (segment, columns) in enumerate(sorted(parts.items())):
            lines.add(_segment(segment, columns, table.num_rows), at, _SPECIMENS, within, place)


def _add_remarks(
    lines: _Lines,
    places: Places,
    rows: Rows,
    remarks: tuple[pa.Table, Bounds],
    results: tuple[pa.Table, Bounds] | None,
) -> None:
    """Comments behind their result; those of none, or of one that is not there, behind the order."""
    table, at = remarks
    group = np.full(table.num_rows, _REMARKS, dtype=np.int64)
    behind = np.zeros(table.num_rows, dtype=np.int64)
    if "observation" in table.column_names:
        found = _results_of(table, at, results)
        if results is not None:
            group = np.where(found >= 0, _RESULTS, group)
            behind = np.where(found >= 0, _within(results[1])[found], behind)
    parts = _written(places, "comment", table, rows)
    parts.setdefault("NTE", {})[1, 0, 0] = pa.array(["1"] * table.num_rows, pa.string())
    rank = np.arange(table.num_rows, dtype=np.int64)
    for place, (segment, columns) in enumerate(sorted(parts.items())):
        lines.add(_segment(segment, columns, table.num_rows), at, group, behind, 10 + 10 * rank + place)


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


def _fill_result(parts: dict[str, Parts], table: pa.Table, places: Places, within: Bounds) -> None:
    """OBX-1 and the value: SN with a comparator, NM for a number, else ST or TX with the original text."""
    own = parts.setdefault("OBX", {})
    own.setdefault((1, 0, 0), pa.array(within + 1).cast(pa.string()))
    empty = pa.array([""] * table.num_rows, pa.string())
    for place in [place for place in own if place[0] == 5]:  # noqa: PLR2004
        del own[place]
    number = comparator = shown = empty
    if "value" in table.column_names:
        number = pc.fill_null(plain(table.column("value"), "observation.value").combine_chunks(), "")
    if "comparator" in table.column_names:
        comparator = to_text(table.column("comparator"), "observation.comparator")
    if "raw_value" in table.column_names:
        shown = to_text(table.column("raw_value"), "observation.raw_value")
    compared, numeric = pc.not_equal(comparator, ""), pc.not_equal(number, "")
    long = pc.or_(pc.greater(pc.utf8_length(shown), _ONE_LINE), pc.match_substring(shown, "\\.br\\"))
    kind = pc.if_else(compared, "SN", pc.if_else(numeric, "NM", pc.if_else(long, "TX", "ST")))
    own[2, 0, 0] = pc.if_else(pc.and_(pc.equal(kind, "ST"), pc.equal(shown, "")), "", kind)
    structured = pc.binary_join_element_wise(comparator, number, "^")
    own[5, 0, 0] = pc.if_else(compared, structured, pc.if_else(numeric, number, shown))
    _check_status(table, places)
    for field_, name, system in ((3, "loinc", "LN"), (6, "ucum", "UCUM")):
        if own.get((field_, 4, 0)) is not None and name in table.column_names and (field_, 6, 0) not in own:
            own[field_, 6, 0] = pc.if_else(pc.is_valid(table.column(name).combine_chunks()), system, "")


def _check_status(table: pa.Table, places: Places) -> None:
    """OBX-11 is needed and never made up: what is not validated is not promoted."""
    codes = places.values.get("observation", {}).get("status")
    if codes is not None:
        wrong = [code for code in codes.values() if code not in STATUSES]
        if wrong:
            raise DestinationError("the profile's values of observation.status are not all of HL7's table 0085")
        allowed = pa.array(list(codes), pa.string())
    else:
        allowed = pa.array(sorted(STATUSES), pa.string())
    unknown = pc.sum(pc.is_null(pc.index_in(table.column("status"), value_set=allowed))).as_py() or 0
    if unknown:
        raise DestinationError(
            f"observation.status: {unknown} rows have none of HL7's table 0085",
            hint="say in the profile, under values, which of its codes each of the source's is",
        )


def _written(places: Places, entity: str, table: pa.Table, rows: Rows) -> dict[str, Parts]:
    """An entity's columns as parts of segments."""
    found: dict[str, Parts] = {}
    for name, path in places.written(entity).items():
        if name not in table.column_names:
            continue
        kept = CATALOGUE.column(entity, name)
        parts = found.setdefault(path.segment, {})
        if kept.refers in {"practitioner", "site"}:
            _refer(parts, path, table.column(name), kept.refers, places=places, rows=rows)
            continue
        codes = places.values.get(entity, {}).get(name)
        partial = kept.type is FieldType.PARTIAL_DATE
        parts[_at(path)] = to_text(table.column(name), f"{entity}.{name}", codes, partial=partial)
    return found


def _refer(parts: Parts, path: FieldPath, keys: pa.ChunkedArray, to: str, *, places: Places, rows: Rows) -> None:
    """A practitioner (XCN) or site (HD) whose key is in ``keys``: the key alone, or with what is known of them."""
    own = places.entities.get(to, {KEY: FieldPath("XCN", 1)})
    parts[path.field, own[KEY].field, own[KEY].component] = to_text(keys, path.column)
    if to not in rows:
        return
    known = _looked_up(rows[to], keys)
    for name, part in own.items():
        if name != KEY:
            codes = places.values.get(to, {}).get(name)
            parts[path.field, part.field, part.component] = to_text(known.column(name), f"{to}.{name}", codes)


def _segment(name: str, parts: Parts, count: int) -> pa.Array:
    """Segments from their parts; delimiters behind the last value are left out."""
    last = max((place[0] for place in parts), default=0)
    fields = [
        _joined({p[1:]: each for p, each in parts.items() if p[0] == number}, count) for number in range(1, last + 1)
    ]
    if name == "MSH":
        fields = fields[1:]  # MSH-1 is the separator itself
    columns = [pa.array([name] * count, pa.string()), *fields]
    return pc.utf8_rtrim(pc.binary_join_element_wise(*columns, "|"), characters="|")


def _joined(parts: Mapping[tuple[int, int], pa.Array], count: int) -> pa.Array:
    """One field from its components and subcomponents."""
    if not parts:
        return pa.array([""] * count, pa.string())
    if (0, 0) in parts:
        return parts[0, 0]
    components = []
    for number in range(1, max(place[0] for place in parts) + 1):
        subs = {place[1]: each for place, each in parts.items() if place[0] == number}
        if not subs:
            components.append(pa.array([""] * count, pa.string()))
            continue
        if set(subs) == {0}:
            components.append(subs[0])
            continue
        every = [subs.get(n, pa.array([""] * count, pa.string())) for n in range(1, max(subs) + 1)]
        components.append(pc.utf8_rtrim(pc.binary_join_element_wise(*every, "&"), characters="&"))
    return pc.utf8_rtrim(pc.binary_join_element_wise(*components, "^"), characters="^")


def _at(path: FieldPath) -> tuple[int, int, int]:
    return path.field, path.component, path.subcomponent


def _sorted(table: pa.Table, names: Sequence[str]) -> pa.Table:
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


def _of_requests(table: pa.Table | None, requests: pa.Array, by: Sequence[str]) -> tuple[pa.Table, Bounds] | None:
    """Children of these requests, sorted within each, and whose they are."""
    if table is None:
        return None
    at = _positions(table.column("request"), requests)
    if not (at >= 0).any():
        return None
    mine = table.filter(pa.array(at >= 0)).append_column("_at", pa.array(at[at >= 0]))
    sorted_ = _sorted(mine, ["_at", *by])
    return sorted_.drop_columns(["_at"]), sorted_.column("_at").to_numpy().astype(np.int64)


def _within(at: Bounds) -> Bounds:
    """The place of each child within its parent, from 0; parents ascend."""
    if not len(at):
        return at
    first = np.append(True, at[1:] != at[:-1])
    begins = np.maximum.accumulate(np.where(first, np.arange(len(at)), 0))
    found: Bounds = np.arange(len(at)) - begins
    return found
