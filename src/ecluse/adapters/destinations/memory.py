"""A destination in memory, for tests of what stands above the port: the same steps, on Arrow tables."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from threading import RLock

import pyarrow as pa
import pyarrow.compute as pc

from ecluse.adapters.destinations._check import check, loading_order, mapped
from ecluse.adapters.destinations._columns import Kind, TargetColumn, TargetTable, fit
from ecluse.adapters.destinations._reading import READ_BATCH_ROWS, ReadColumn, restored, with_control
from ecluse.adapters.destinations._sheets import place, plain_sheet
from ecluse.domain.catalogue import KEY
from ecluse.domain.errors import DestinationError
from ecluse.domain.profile import DestinationProfile, LoadMode
from ecluse.migration.ports import StagedBatch

__all__ = ["MemoryDestination", "MemoryStore"]


@dataclass
class MemoryStore:
    """The "server": target tables by name, which outlive a connection, and the ledger."""

    tables: dict[str, pa.Table]
    ledger: dict[tuple[str, str], tuple[str, str, int]] = field(default_factory=dict)
    staged: dict[tuple[str, str], list[pa.Table]] = field(default_factory=dict)
    states: dict[str, str] = field(default_factory=dict)
    lock: RLock = field(default_factory=RLock)


class MemoryDestination:
    """One connection to a store; every step takes the store's lock, so it is one transaction."""

    def __init__(self, store: MemoryStore, profile: DestinationProfile) -> None:
        self._store = store
        self._profile = profile

    def prepare(self, order: str, entities: Mapping[str, pa.Schema]) -> None:
        """See the port."""
        with self._store.lock:
            if self._store.states.get(order, "staging") != "staging":
                return
            for entity in loading_order(entities):
                target = place(self._profile, entity)
                described = self._describe(target.table)
                mapped(entity, entities[entity].names, target, described)
                check(plain_sheet(self._profile, entity), entities[entity], described)
                if target.mode is LoadMode.SWAP and self._store.tables[target.table].num_rows:
                    raise DestinationError(f"table {target.table} is not empty: it cannot be swapped")
            for entity in loading_order(entities):
                self._store.staged.setdefault((order, entity), [])
            self._store.states[order] = "staging"

    def loaded(self, order: str) -> dict[str, str]:
        """See the port."""
        return {batch: parcel for (of, batch), (_, parcel, _) in self._store.ledger.items() if of == order}

    def stage(self, order: str, batch: StagedBatch) -> None:
        """See the port."""
        target = place(self._profile, batch.entity)
        columns = mapped(batch.entity, batch.rows.column_names, target, self._describe(target.table))
        rows = fit(batch.rows, columns)
        with self._store.lock:
            state = self._store.states.get(order)
            if state is None:
                raise DestinationError("the destination is not prepared for this order")
            known = self._store.ledger.get((order, batch.batch))
            if known is not None:
                if known[1] != batch.parcel:
                    raise DestinationError(f"batch {batch.batch} was already loaded, from another parcel")
                return
            if state != "staging":
                raise DestinationError(f"batch {batch.batch} comes too late: this order is {state} here")
            self._store.staged[order, batch.entity].append(rows)
            self._store.ledger[order, batch.batch] = (batch.entity, batch.parcel, rows.num_rows)

    def publish(self, order: str) -> None:
        """See the port."""
        with self._store.lock:
            state = self._store.states.get(order)
            if state in ("published", "finished"):
                return
            if state != "staging":
                raise DestinationError(f"nothing to publish: this order is {state or 'unknown'} here")
            changed = {}
            for entity in self._entities(order):
                target = place(self._profile, entity)
                changed[target.table] = self._merged(order, entity)
            self._store.tables.update(changed)
            self._store.states[order] = "published"

    def read_back(
        self, order: str, entity: str, schema: pa.Schema, scope_date: str = "registered_on"
    ) -> Iterator[pa.RecordBatch]:
        """See the port."""
        if self._store.states.get(order) != "published":
            raise DestinationError("nothing to read back: this order is not published here, or finished")
        target = place(self._profile, entity)
        table = self._store.tables[target.table]
        keys = self._stage(order, entity).column(target.columns[KEY])
        table = table.filter(pc.is_in(table.column(target.columns[KEY]), value_set=keys.combine_chunks()))
        columns = mapped(entity, schema.names, target, self._describe(target.table))
        chosen = table.select([column.name for column in columns.values()])
        for name in (scope_date, "site"):
            chosen = chosen.append_column(f"_{name}", self._of_request(entity, table, name))
        control = (TargetColumn(name, Kind.TEXT, "") for name in ("_date", "_site"))
        expected = [ReadColumn("", "", column) for column in (*columns.values(), *control)]
        for batch in chosen.combine_chunks().to_batches(max_chunksize=READ_BATCH_ROWS):
            yield restored(batch, expected, with_control(schema))

    def finish(self, order: str) -> tuple[str, ...]:
        """See the port."""
        with self._store.lock:
            state = self._store.states.get(order)
            if state is None:
                return ()
            self._store.states[order] = {"staging": "abandoned", "published": "finished"}.get(state, state)
            dropped = [key for key in self._store.staged if key[0] == order]
            for key in dropped:
                del self._store.staged[key]
            return tuple(entity for _, entity in dropped)

    def close(self) -> None:
        """Nothing is held."""

    def _entities(self, order: str) -> list[str]:
        return [entity for of, entity in self._store.staged if of == order]

    def _stage(self, order: str, entity: str) -> pa.Table:
        target = self._store.tables[place(self._profile, entity).table]
        return pa.concat_tables(
            [target.schema.empty_table(), *self._store.staged[order, entity]], promote_options="default"
        )

    def _merged(self, order: str, entity: str) -> pa.Table:
        """The target with the staged rows; the same rule as in SQL: known rows are the same, or had nulls."""
        target = place(self._profile, entity)
        table, stage, key = self._store.tables[target.table], self._stage(order, entity), target.columns[KEY]
        if len(pc.unique(stage.column(key))) != stage.num_rows:
            raise DestinationError(f"{target.table}.{key}: keys come more than once")
        if target.mode is LoadMode.SWAP and table.num_rows:
            raise DestinationError(f"table {target.table} was used since the order was prepared: it cannot be swapped")
        at = pc.index_in(table.column(key), value_set=stage.column(key).combine_chunks())
        found, columns, differing = pc.is_valid(at), [], 0
        for name in table.column_names:
            old, new = table.column(name), stage.column(name).take(at)
            clash = pc.and_(found, pc.and_(pc.is_valid(old), pc.invert(pc.fill_null(pc.equal(old, new), False))))  # noqa: FBT003
            loaded = any(name in part.column_names for part in self._store.staged[order, entity])
            differing += (pc.sum(clash).as_py() or 0) if loaded else 0
            columns.append(pc.coalesce(old, new))
        if differing:
            raise DestinationError(f"{differing} values of keys that already stand in table {target.table} differ")
        new_rows = stage.filter(pc.invert(pc.is_in(stage.column(key), value_set=table.column(key).combine_chunks())))
        return pa.concat_tables([pa.table(columns, schema=table.schema), new_rows])

    def _of_request(self, entity: str, table: pa.Table, field: str) -> pa.ChunkedArray:
        request = self._profile.entities.get("request")
        columns = self._profile.entities[entity].columns
        nothing = pa.chunked_array([pa.nulls(table.num_rows, pa.string())])
        if request is None or field not in request.columns or (entity != "request" and "request" not in columns):
            return nothing
        parents = self._store.tables[request.table]
        if entity == "request":
            return table.column(request.columns[field])
        keys = parents.column(request.columns[KEY]).combine_chunks()
        at = pc.index_in(table.column(columns["request"]), value_set=keys)
        return parents.column(request.columns[field]).take(at)

    def _describe(self, name: str) -> TargetTable | None:
        table = self._store.tables.get(name)
        if table is None:
            return None
        columns = {column.name: _column(column) for column in table.schema}
        return TargetTable(name, columns, frozenset(columns))


def _column(column: pa.Field) -> TargetColumn:
    kinds = (
        (Kind.TEXT, pa.types.is_string),
        (Kind.DATE, pa.types.is_date),
        (Kind.TIMESTAMP, pa.types.is_timestamp),
        (Kind.DECIMAL, pa.types.is_decimal),
        (Kind.INTEGER, pa.types.is_integer),
        (Kind.BOOLEAN, pa.types.is_boolean),
        (Kind.BINARY, pa.types.is_binary),
    )
    kind = next((kind for kind, test in kinds if test(column.type)), Kind.OTHER)
    digits = column.type.precision if kind is Kind.DECIMAL else None
    scale = column.type.scale if kind is Kind.DECIMAL else None
    if kind is Kind.INTEGER:
        digits = column.type.bit_width
    required = not column.nullable
    return TargetColumn(column.name, kind, str(column.type), digits=digits, scale=scale, required=required)
