"""What received requests reach: every other row is in scope only through one of them (law 1, the recipient's check).

Nothing here trusts the sender's join. A result, specimen, report or comment must belong to a received request of its
own batch's days; a patient, payer, prescriber or site must be named by one. A request in the sender's quarantine
counts: what hangs on it arrives and is listed as dangling (:mod:`ecluse.migration.dangling`). Links that do not travel
cannot be followed: an order without requests carries none.

The same links tell each row's site, so that the years and sites which a receipt counts are no longer the sender's word.

Requests are held as long as a batch of their days is still to come, so that memory is bounded by batches that overlap;
of persons and sites, each one's key is held once. Batches come in the order of :func:`in_turn`, so that whoever waits
for requests waits for work that has begun.
"""

import datetime as dt
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from threading import Condition

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from ecluse.domain.catalogue import CATALOGUE, KEY
from ecluse.domain.errors import Location, ScopeViolationError
from ecluse.domain.plan import Batch, Plan
from ecluse.domain.records import Receipt
from ecluse.migration.normalise import SCOPED_BY_DATE

REQUEST = "request"
_CHILDREN = SCOPED_BY_DATE - {REQUEST}
_COMPACT = 4
"""Lists of keys are made one when they hold so many times the distinct keys of the last time."""


class StoppedError(Exception):
    """The requests that a batch waits for could not be loaded; whoever loads them says why."""


def in_turn(receipts: Iterable[Receipt], plan: Plan) -> list[Receipt]:
    """Receipts in the order of loading: requests by their first day, what hangs on them by its last, then the rest."""
    batches = {batch.id: batch for batch in plan.batches}

    def turn(receipt: Receipt) -> tuple[dt.date, int, str]:
        # What the plan does not know comes last, and the gate refuses it.
        batch = batches.get(receipt.batch)
        if batch is None or receipt.entity not in SCOPED_BY_DATE:
            return dt.date.max, 1, receipt.batch
        first, after = _days(batch)
        return (first, 0, batch.id) if receipt.entity == REQUEST else (after - dt.timedelta(days=1), 1, batch.id)

    return sorted(receipts, key=turn)


@dataclass(frozen=True, slots=True)
class _Requests:
    """One batch's requests: keys, sites where they travel, and keys of those that were set aside."""

    first: dt.date
    after: dt.date
    keys: pa.Array
    sites: pa.Array | None
    aside: pa.Array

    def meets(self, batch: Batch) -> bool:
        first, after = _days(batch)
        return first < self.after and self.first < after


@dataclass(slots=True)
class _Keys:
    """Distinct keys, gathered from batch to batch."""

    parts: list[pa.Array] = field(default_factory=list)
    distinct: int = 0

    def add(self, keys: pa.Array) -> None:
        self.parts.append(keys)
        if sum(map(len, self.parts)) > _COMPACT * max(self.distinct, 1 << 16):
            self.whole()

    def whole(self) -> pa.Array:
        if len(self.parts) != 1:
            self.parts = [pc.unique(pa.chunked_array(self.parts, pa.string()))]
            self.distinct = len(self.parts[0])
        return self.parts[0]


class Reach:
    """The received requests of one load. Used from any thread.

    Args:
        plan: the batches, and the columns that travel.
        todo: receipts that are still to be loaded; every other planned batch is loaded already.
    """

    def __init__(self, plan: Plan, todo: Sequence[Receipt]) -> None:
        self._plan = plan
        self._columns = {planned.entity: frozenset(planned.names()) for planned in plan.entities}
        self._changed = Condition()
        self._stopped = False
        self._requests: dict[str, _Requests] = {}
        travels = [c for c in CATALOGUE.entity(REQUEST).columns if c.name in self._columns.get(REQUEST, ())]
        self._routes = {column.name: column.refers for column in travels if column.refers is not None}
        self._reached = {name: _Keys() for name in self._routes}
        waiting = {receipt.batch for receipt in todo}
        self._unread = {b.id for b in plan.batches if b.entity == REQUEST}
        follows = {name for name, columns in self._columns.items() if name in _CHILDREN and REQUEST in columns}
        self._children = {b.id: b for b in plan.batches if b.entity in follows and b.id in waiting}
        self._whole = any(b.entity not in SCOPED_BY_DATE and b.id in waiting for b in plan.batches)

    def wanted(self, loaded: Iterable[Receipt]) -> list[Receipt]:
        """Of batches that an earlier attempt loaded, those to be admitted again for the sake of what is to come."""
        return [receipt for receipt in loaded if receipt.entity == REQUEST and self._needed(receipt)]

    def _needed(self, receipt: Receipt) -> bool:
        batch = self._plan.batch(receipt.batch)
        return self._whole or any(_meet(batch, child) for child in self._children.values())

    def admit(self, receipt: Receipt, rows: pa.Table, aside: pa.Table | None) -> None:
        """Requests that were received and gated, and those of the same batch that the sender set aside."""
        first, after = _days(self._plan.batch(receipt.batch))
        made = _Requests(
            first,
            after,
            _whole(rows.column(KEY)),
            _whole(rows.column("site")) if "site" in rows.column_names else None,
            _column(aside, KEY),
        )
        with self._changed:
            for name, keys in self._reached.items():
                keys.add(pc.unique(rows.column(name).drop_null()))
                keys.add(pc.unique(_column(aside, name).drop_null()))
            self._requests[receipt.batch] = made
            self._unread.discard(receipt.batch)
            self._forget()
            self._changed.notify_all()

    def stop(self) -> None:
        """Nobody waits any longer: a batch of requests failed."""
        with self._changed:
            self._stopped = True
            self._changed.notify_all()

    def check(self, receipt: Receipt, rows: pa.Table) -> tuple[pa.Array, pa.Array, int]:
        """Year and site of every row as its request tells them, and how many rows hang on a request set aside.

        Waits for the requests in question. A site that no column tells is null, as is that of a request set aside.

        Raises:
            ScopeViolationError: a row that no received request leads to; names entity and link.
            StoppedError: those requests will not come.
        """
        batch = self._plan.batch(receipt.batch)
        if receipt.entity not in SCOPED_BY_DATE:
            self._check_reached(receipt, rows)
            return pa.nulls(rows.num_rows, pa.int32()), pa.nulls(rows.num_rows, pa.string()), 0
        years = pa.repeat(pa.scalar(_days(batch)[0].year, pa.int32()), rows.num_rows)
        if receipt.entity == REQUEST:
            told = "site" in rows.column_names
            return years, _whole(rows.column("site")) if told else pa.nulls(rows.num_rows, pa.string()), 0
        if REQUEST not in rows.column_names:
            return years, pa.nulls(rows.num_rows, pa.string()), 0
        sites, aside = self._check_children(batch, rows)
        self._done(batch)
        return years, sites, aside

    def tells_sites(self, entity: str) -> bool:
        """Whether a row's site can be told from what travels."""
        linked = entity == REQUEST or REQUEST in self._columns[entity]
        return linked and entity in SCOPED_BY_DATE and "site" in self._columns.get(REQUEST, ())

    def _check_children(self, batch: Batch, rows: pa.Table) -> tuple[pa.Array, int]:
        found = self._meeting(batch)
        encoded = rows.column(REQUEST).combine_chunks().dictionary_encode()
        keys = pa.chunked_array([each.keys for each in found], pa.string())
        at = _places(encoded.dictionary, keys.combine_chunks())
        lost = encoded.dictionary.filter(pc.is_null(at))
        aside = pa.chunked_array([each.aside for each in found], pa.string())
        if encoded.null_count or (len(lost) and not pc.all(pc.is_in(lost, value_set=aside.combine_chunks())).as_py()):
            raise _stray(batch.entity, REQUEST, "a row of a request that was not received")
        unknown = int(pc.sum(pc.is_null(at).take(encoded.indices)).as_py() or 0) if len(lost) else 0
        if not self.tells_sites(batch.entity):
            return pa.nulls(rows.num_rows, pa.string()), unknown
        sites = pa.chunked_array([each.sites for each in found], pa.string()).combine_chunks()
        return sites.take(at).take(encoded.indices), unknown

    def _meeting(self, batch: Batch) -> list[_Requests]:
        """Received requests of a batch's days, once all of them are there."""
        planned = [b for b in self._plan.batches if b.entity == REQUEST and _meet(b, batch)]
        with self._changed:
            self._changed.wait_for(lambda: self._stopped or not any(b.id in self._unread for b in planned))
            if self._stopped:
                raise StoppedError
            return [self._requests[b.id] for b in planned]

    def _done(self, batch: Batch) -> None:
        with self._changed:
            self._children.pop(batch.id, None)
            self._forget()

    def _forget(self) -> None:
        """Let go of requests whose days no batch to come shares."""
        for name, requests in list(self._requests.items()):
            if not any(requests.meets(batch) for batch in self._children.values()):
                del self._requests[name]

    def _check_reached(self, receipt: Receipt, rows: pa.Table) -> None:
        parent, link = ("patient", "patient") if receipt.entity == "payer" else (receipt.entity, KEY)
        routes = [name for name, leads in self._routes.items() if leads == parent]
        if not routes or link not in rows.column_names:
            return
        with self._changed:
            self._changed.wait_for(lambda: self._stopped or not self._unread)
            if self._stopped:
                raise StoppedError
            known = pa.chunked_array([self._reached[name].whole() for name in routes], pa.string()).combine_chunks()
        keys = pc.unique(rows.column(link))
        strays = keys.filter(pc.invert(pc.is_in(keys, value_set=known)))
        if len(strays) and not pc.all(pc.is_in(_loose(strays), value_set=pc.unique(_loose(known)))).as_py():
            raise _stray(receipt.entity, link, "a row to which no received request leads")


def _days(batch: Batch) -> tuple[dt.date, dt.date]:
    """First day, and the first day after, of a batch that is cut by days; open bounds are the calendar's."""
    first = dt.date.fromisoformat(batch.lower) if batch.lower else dt.date.min
    return first, dt.date.fromisoformat(batch.upper) if batch.upper else dt.date.max


def _meet(left: Batch, right: Batch) -> bool:
    (first, after), (other, beyond) = _days(left), _days(right)
    return first < beyond and other < after


def _loose(keys: pa.Array) -> pa.Array:
    """Keys as an engine that ignores case, accents, padding, leading zeros and ``.0`` compares them.

    Such an engine joined a request of ``p1`` to the patient ``P1``: both are in scope, and no exact comparison says so.
    """
    plain = pc.replace_substring_regex(pc.utf8_normalize(keys, form="NFKD"), r"\p{Mn}+|\s+$|\.0+\s*$", "")
    return pc.utf8_ltrim(pc.utf8_lower(plain), characters="0")


def _places(wanted: pa.Array, keys: pa.Array) -> pa.Array:
    """The first place of each of some different texts among many; ``pc.index_in`` would hash the many every time."""
    found = pc.index_in(keys, value_set=wanted)
    there = np.flatnonzero(found.is_valid().to_numpy(zero_copy_only=False))[::-1]
    places = np.full(len(wanted), -1, np.int32)
    places[found.drop_null().to_numpy()[::-1]] = there
    return pa.array(places, mask=places < 0)


def _whole(column: pa.ChunkedArray) -> pa.Array:
    return column.combine_chunks()


def _column(table: pa.Table | None, name: str) -> pa.Array:
    if table is None or name not in table.column_names:
        return pa.array([], pa.string())
    return _whole(table.column(name))


def _stray(entity: str, column: str, message: str) -> ScopeViolationError:
    return ScopeViolationError(f"{entity}: {message}", location=Location(field=f"{entity}.{column}"))
