"""A sample of patients' prior results, as sealed beside as read back, for a person's own eyes.

The laboratory's director asks for it (domain.md section 6). Everything is in memory, and no more than a sample: parcels
are opened one after the other and filtered at once. What is compared is whole rows, by the reconciliation's own
digests, of the results, of their requests and of the patients; so a result that hangs on another patient is seen.
"""

import datetime as dt
import hashlib
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from enum import StrEnum
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from ecluse.domain.catalogue import KEY
from ecluse.domain.errors import UsageError
from ecluse.domain.order import Order
from ecluse.domain.plan import Plan
from ecluse.domain.records import Difference, DifferenceKind, Receipt
from ecluse.migration.differences import compare
from ecluse.migration.digest import row_digests
from ecluse.migration.load import schemas
from ecluse.migration.opening import open_parcel
from ecluse.migration.ports import Destination, Receiver
from ecluse.seal.sealing import Identity
from ecluse.workspace.place import Workspace

_PATIENT, _REQUEST, _RESULT = "patient", "request", "observation"
_CANDIDATES = 60
"""So many more patients than asked for are drawn, since some may have no result in the order's scope."""
_DATES = ("collected_on", "registered_on", "prescribed_on", "received_on")

Row = Mapping[str, Any]


class Mark(StrEnum):
    """What became of a row on its way."""

    EQUAL = "equal"
    DIFFERENT = "different"
    MISSING = "missing"
    UNEXPECTED = "unexpected"


_MARKS = {
    DifferenceKind.MISSING: Mark.MISSING,
    DifferenceKind.CHANGED: Mark.DIFFERENT,
    DifferenceKind.UNEXPECTED: Mark.UNEXPECTED,
}


@dataclass(frozen=True, slots=True, repr=False)  # a repr would show values
class Shown:
    """A result as text; None where nothing stands there, or it does not travel."""

    date: str | None
    analysis: str | None
    value: str | None
    unit: str | None


@dataclass(frozen=True, slots=True, repr=False)
class Pair:
    """One row on both sides; ``changes`` are columns with what stands in each."""

    mark: Mark
    sealed: Shown | None
    found: Shown | None
    changes: tuple[tuple[str, str | None, str | None], ...]


@dataclass(frozen=True, slots=True, repr=False)
class Compared:
    """One patient: source key, name and birth date as sealed, the patient's own row, and the results.

    Results that differ come first, then the latest.
    """

    key: str
    name: str
    mark: Mark
    changes: tuple[tuple[str, str | None, str | None], ...]
    results: tuple[Pair, ...]


def sample(place: Workspace, identity: Identity, target: Destination, count: int, seed: str) -> tuple[Compared, ...]:
    """So many patients with results, drawn by ``seed``; fewer where there are not so many.

    Raises:
        UsageError: results that do not lead to a patient, or a destination of messages, which has no tables.
        TamperError, MalformedError: a parcel that does not open.
        DestinationError, RetryableError: the target cannot be read.
    """
    if isinstance(target, Receiver):
        raise UsageError("a destination of messages has no tables to read a sample from")
    both = _Sides(place, identity, place.pinned(Plan), target, schemas(place, place.pinned(Plan), identity))
    both.check()
    drawn = both.drawn(count + _CANDIDATES, seed)
    requests = both.sealed(_REQUEST, _PATIENT, drawn)
    results = both.sealed(_RESULT, _REQUEST, requests.column(KEY))
    having = set(requests.filter(_within(requests, KEY, results.column(_REQUEST))).column(_PATIENT).to_pylist())
    chosen = pa.array([key for key in drawn.to_pylist() if key in having][:count], pa.string())
    requests = requests.filter(_within(requests, _PATIENT, chosen))
    results = results.filter(_within(results, _REQUEST, requests.column(KEY)))
    patients = both.sealed(_PATIENT, KEY, chosen) if _PATIENT in both.schemas else None
    there = both.found(_REQUEST, {KEY: requests.column(KEY), _PATIENT: chosen})
    theirs = pa.chunked_array([*requests.column(KEY).chunks, *there.column(KEY).chunks], pa.string())
    found = both.found(_RESULT, {KEY: results.column(KEY), _REQUEST: theirs})
    people = both.matched(_PATIENT, patients, both.found(_PATIENT, {KEY: chosen})) if patients is not None else _NOBODY
    return tuple(
        _told(
            chosen.to_pylist(), people, both.matched(_REQUEST, requests, there), both.matched(_RESULT, results, found)
        )
    )


@dataclass(frozen=True, slots=True, repr=False)
class _Matched:
    """Rows of one entity by key, and what differs."""

    sealed: Mapping[str, Row]
    found: Mapping[str, Row]
    differences: Mapping[str, Difference]

    def mark(self, key: str) -> Mark:
        difference = self.differences.get(key)
        return _MARKS[difference.kind] if difference else Mark.EQUAL

    def changes(self, key: str, prefix: str = "") -> tuple[tuple[str, str | None, str | None], ...]:
        if self.mark(key) is not Mark.DIFFERENT:
            return ()
        here, there = self.sealed[key], self.found[key]
        names = self.differences[key].detail.split(", ")
        return tuple((f"{prefix}{name}", _text(here[name]), _text(there[name])) for name in names)


_NOBODY = _Matched({}, {}, {})


@dataclass(frozen=True, slots=True, repr=False)
class _Sides:
    """The received parcels, and the target's tables."""

    place: Workspace
    identity: Identity
    plan: Plan
    target: Destination
    schemas: Mapping[str, pa.Schema]

    def check(self) -> None:
        for entity, link in ((_REQUEST, _PATIENT), (_RESULT, _REQUEST)):
            if entity not in self.schemas or not {KEY, link} <= set(self.schemas[entity].names):
                raise UsageError("the order carries no results that lead to a patient: there is nothing to sample")

    def opened(self, entity: str) -> Iterator[pa.Table]:
        for address in self.place.progress().received.values():
            receipt = self.place.get(Receipt, address)
            if receipt.entity == entity:
                yield open_parcel(self.place, receipt, self.identity).rows

    def drawn(self, count: int, seed: str) -> pa.Array:
        """Patients whose keyed digests are the smallest: every one is as likely, and only so many are held."""
        key, least = hashlib.sha256(seed.encode()).digest(), dict[int, str]()
        for rows in self.opened(_REQUEST):
            keys = pc.unique(rows.column(_PATIENT).drop_null())
            digests = row_digests(pa.table({_PATIENT: keys}), key)[:, :8].copy().view(np.uint64).ravel()
            least |= {int(digests[i]): keys[int(i)].as_py() for i in np.argsort(digests)[:count]}
            least = dict(sorted(least.items())[:count])
        return pa.array(least.values(), pa.string())

    def sealed(self, entity: str, column: str, keys: pa.ChunkedArray) -> pa.Table:
        parts = (rows.filter(_within(rows, column, keys)) for rows in self.opened(entity))
        return pa.concat_tables([self.schemas[entity].empty_table(), *parts])

    def found(self, entity: str, wanted: Mapping[str, pa.ChunkedArray]) -> pa.Table:
        """Rows of the target, of which one of the columns is among the wanted keys."""
        schema = self.schemas[entity]
        scope_date = self.place.pinned(Order).scope.dates.field.removeprefix("request.")
        parts = [schema.empty_table()]
        for batch in self.target.read_back(self.plan.order, entity, schema, scope_date):
            rows = pa.Table.from_batches([batch]).select(schema.names)
            mask = pa.chunked_array([pa.nulls(rows.num_rows, pa.bool_()).fill_null(False)])  # noqa: FBT003 - Arrow's own
            for column, keys in wanted.items():
                mask = pc.or_(mask, _within(rows, column, keys))
            parts.append(rows.filter(mask))
        return pa.concat_tables(parts)

    def matched(self, entity: str, sealed: pa.Table, found: pa.Table) -> _Matched:
        differences = compare(self.plan.entity(entity), [sealed], [found])
        return _Matched(_by_key(sealed), _by_key(found), {each.source_key: each for each in differences})


def _within(rows: pa.Table, column: str, keys: pa.ChunkedArray) -> pa.ChunkedArray:
    return pc.is_in(rows.column(column), value_set=pc.unique(keys))


def _by_key(rows: pa.Table) -> dict[str, Row]:
    return {row[KEY]: row for row in rows.to_pylist()}


def _told(keys: Sequence[str], people: _Matched, requests: _Matched, results: _Matched) -> Iterator[Compared]:
    pairs: dict[str, list[Pair]] = defaultdict(list)
    for key in results.sealed.keys() | results.found.keys():
        asked = (results.sealed.get(key) or results.found[key])[_REQUEST]
        owner = (requests.sealed.get(asked) or requests.found[asked])[_PATIENT]
        pairs[owner].append(_pair(key, asked, requests, results))
    for key in keys:
        shown = sorted(pairs[key], key=lambda pair: (pair.sealed or pair.found or _BLANK).date or "", reverse=True)
        row = people.sealed.get(key, {})
        name = (_text(row.get(column)) for column in ("family_name", "given_names", _as_written(row, "birth_date")))
        yield Compared(
            key,
            " ".join(part for part in name if part),
            people.mark(key),
            people.changes(key),
            tuple(sorted(shown, key=lambda pair: pair.mark is Mark.EQUAL)),
        )


_BLANK = Shown(None, None, None, None)


def _pair(key: str, asked: str, requests: _Matched, results: _Matched) -> Pair:
    mark, changes = results.mark(key), results.changes(key)
    if mark in {Mark.EQUAL, Mark.DIFFERENT} and requests.mark(asked) is not Mark.EQUAL:
        mark = Mark.DIFFERENT
        here = _text(asked)
        gone = ((_REQUEST, here, None),) if requests.mark(asked) is Mark.MISSING else ((_REQUEST, here, here),)
        changes += requests.changes(asked, f"{_REQUEST}.") or gone
    return Pair(mark, _shown(key, results.sealed, requests.sealed), _shown(key, results.found, requests.found), changes)


def _shown(key: str, results: Mapping[str, Row], requests: Mapping[str, Row]) -> Shown | None:
    row = results.get(key)
    if row is None:
        return None
    request = requests.get(row[_REQUEST], {})
    dates = [request.get(_as_written(request, name)) for name in _DATES]
    dates.append(row.get(_as_written(row, "observed_on")))
    code = " ".join(filter(None, (_text(row.get("code") or row.get("loinc")), _text(row.get("label")))))
    value = row["raw_value"] if "raw_value" in row else row.get("value")
    unit = row["unit"] if "unit" in row else row.get("ucum")
    return Shown(next((_text(date) for date in dates if date), None), code or None, _text(value), _text(unit))


def _as_written(row: Row, name: str) -> str:
    return f"{name}_raw" if f"{name}_raw" in row else name


def _text(value: Any) -> str | None:
    match value:
        case None:
            return None
        case Decimal():
            return f"{value.normalize():f}"
        case dt.datetime():
            return value.isoformat(" ")
        case bytes():
            return value.hex()
        case _:
            return str(value)
