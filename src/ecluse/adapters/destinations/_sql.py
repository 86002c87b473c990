"""What the three databases have in common: ledger, states, staging, merge, read-back.

A publication goes ``staging`` → (``merged`` →) ``published`` → ``finished``, or ``staging`` → ``abandoned``. Its row is
locked in share mode by whoever stages and exclusively by whoever publishes, so no row is staged behind a publication.
"""

import functools
from collections.abc import Callable, Iterator, Mapping, Sequence
from enum import StrEnum
from typing import ParamSpec, TypeVar

import pyarrow as pa

from ecluse.adapters.destinations._check import check, loading_order, mapped, place
from ecluse.adapters.destinations._columns import Kind, TargetColumn, TargetTable, fit
from ecluse.adapters.destinations._engine import SqlEngine
from ecluse.adapters.destinations._reading import ReadColumn, restored, with_control
from ecluse.domain.catalogue import KEY
from ecluse.domain.errors import DestinationError, EcluseError
from ecluse.domain.profile import DestinationProfile, LoadMode
from ecluse.migration.ports import StagedBatch

__all__ = ["SqlDestination", "State", "scrubbed"]

_REQUEST = "request"
_P = ParamSpec("_P")
_R = TypeVar("_R")


class State(StrEnum):
    """Where a publication stands; ``merged``: all but the swap, where a swap cannot share the transaction."""

    STAGING = "staging"
    MERGED = "merged"
    PUBLISHED = "published"
    FINISHED = "finished"
    ABANDONED = "abandoned"


def scrubbed(step: Callable[_P, _R]) -> Callable[_P, _R]:
    """A step of the port whose errors carry no driver's error behind them: those quote values."""

    @functools.wraps(step)
    def clean(*args: _P.args, **named: _P.kwargs) -> _R:
        try:
            return step(*args, **named)
        except EcluseError as error:
            error.__context__ = error.__cause__ = None
            raise

    return clean


class SqlDestination(SqlEngine):
    """The port's steps, in portable SQL."""

    def __init__(self, profile: DestinationProfile) -> None:
        self._profile = profile
        self._tables: dict[str, TargetTable | None] = {}

    @scrubbed
    def prepare(self, order: str, entities: Mapping[str, pa.Schema]) -> None:
        """See the port. Nothing is created before every entity has been checked."""
        with self._transaction():
            self._create_ledger()
            state = self._state(order)
        if state not in (None, State.STAGING):
            return
        with self._transaction():
            targets = {name: self._checked(name, entities[name], state) for name in loading_order(entities)}
            for name, columns in targets.items():
                target = place(self._profile, name)
                whole = target.mode is LoadMode.SWAP
                self._create_stage(self._stage(order, name), target.table, None if whole else columns)
            if state is None:
                self._add_publication(order, tuple(targets))

    @scrubbed
    def loaded(self, order: str) -> dict[str, str]:
        """See the port."""
        with self._transaction():
            if not self._exists("ecluse_ledger"):
                return {}
            rows = self._run("SELECT batch, parcel_digest FROM ecluse_ledger WHERE order_digest = %s", order)
        return {str(batch): str(digest) for batch, digest in rows}

    @scrubbed
    def stage(self, order: str, batch: StagedBatch) -> None:
        """See the port."""
        columns = self._mapping(batch.entity, batch.rows.column_names)
        rows = fit(batch.rows, columns)
        with self._transaction():
            state = self._state(order, self.share_lock)
            if state is None:
                raise DestinationError("the destination is not prepared for this order")
            if not self._claim(order, batch):
                self._check_same_parcel(order, batch)
                return
            if state is not State.STAGING:
                raise DestinationError(f"batch {batch.batch} comes too late: this order is {state} here")
            if rows.num_rows:
                self._load(self._stage(order, batch.entity), rows, list(columns.values()))

    @scrubbed
    def publish(self, order: str) -> None:
        """See the port. Merges come first: they can refuse, and then nothing has been swapped."""
        with self._transaction():
            state = self._state(order, self.update_lock)
            if state in (State.PUBLISHED, State.FINISHED):
                return
            if state is not State.STAGING:
                raise DestinationError(f"nothing to publish: this order is {state or 'unknown'} here")
            entities = self._entities(order)
            self._check_counts(order, entities)
            for name in entities:
                if place(self._profile, name).mode is LoadMode.MERGE:
                    self._merge(order, name)
            pairs = self._pairs(order, entities)
            if pairs and self.swaps_apart:
                self._set_state(order, State.MERGED)
                return
            self._swap(pairs)
            self._set_state(order, State.PUBLISHED)

    @scrubbed
    def read_back(
        self, order: str, entity: str, schema: pa.Schema, scope_date: str = "registered_on"
    ) -> Iterator[pa.RecordBatch]:
        """See the port."""
        return self._batches(*self._reading(order, entity, schema, scope_date), with_control(schema))

    def _reading(self, order: str, entity: str, schema: pa.Schema, scope_date: str) -> tuple[str, list[ReadColumn]]:
        with self._transaction():
            if self._state(order) is not State.PUBLISHED:
                raise DestinationError("nothing to read back: this order is not published here, or finished")
            self._tables.clear()
            columns = self._mapping(entity, schema.names)
            read = [ReadColumn(self._read("t", c), f"c{i}", c) for i, c in enumerate(columns.values())]
            control = self._control_columns(entity, columns, scope_date)
            return self._read_sql(order, entity, [*read, *control]), [*read, *control]

    def _batches(self, sql: str, columns: Sequence[ReadColumn], schema: pa.Schema) -> Iterator[pa.RecordBatch]:
        expected = [column.column for column in columns]
        for batch in self._stream(sql, columns):
            yield restored(batch, expected, schema)

    @scrubbed
    def finish(self, order: str) -> tuple[str, ...]:
        """See the port."""
        with self._transaction():
            state = self._state(order, self.update_lock) if self._exists("ecluse_publication") else None
            if state is None:
                return ()
            if state is State.MERGED:
                raise DestinationError("a publication is under way", hint="publish again first")
            ended = {State.STAGING: State.ABANDONED, State.PUBLISHED: State.FINISHED}
            self._set_state(order, ended.get(state, state))
            return self._drop(order, self._entities(order))

    # Steps.

    def _create_ledger(self) -> None:
        types = self.ledger_columns
        self._run(
            f"CREATE TABLE IF NOT EXISTS ecluse_ledger (order_digest {types['name']} NOT NULL, "
            f"batch {types['name']} NOT NULL, entity {types['name']} NOT NULL, parcel_digest {types['name']} NOT NULL, "
            f"row_count BIGINT NOT NULL, loaded_at {types['moment']} NOT NULL DEFAULT CURRENT_TIMESTAMP, "
            f"PRIMARY KEY (order_digest, batch)){self.table_options}"
        )
        self._run(
            f"CREATE TABLE IF NOT EXISTS ecluse_publication (order_digest {types['name']} NOT NULL PRIMARY KEY, "
            f"state {types['name']} NOT NULL, entities {types['name']} NOT NULL, "
            f"changed_at {types['moment']} NOT NULL DEFAULT CURRENT_TIMESTAMP){self.table_options}"
        )

    def _add_publication(self, order: str, entities: tuple[str, ...]) -> None:
        if self._state(order) is None:
            self._run(
                "INSERT INTO ecluse_publication (order_digest, state, entities) VALUES (%s, %s, %s)",
                order,
                State.STAGING.value,
                ",".join(entities),
            )

    def _checked(self, entity: str, schema: pa.Schema, state: State | None) -> list[str]:
        target = place(self._profile, entity)
        table = self._describe(target.table)
        check(entity, schema, target, table)
        if target.mode is LoadMode.SWAP:
            shared = [name for name, other in self._profile.entities.items() if other.table == target.table]
            if len(shared) > 1:
                raise DestinationError(f"table {target.table} is swapped for {shared[0]}, and {shared[1]} goes there")
            if state is None and self._has_rows(target.table):
                raise DestinationError(f"table {target.table} is not empty: it cannot be swapped", hint=_USE_MERGE)
        return [column.name for column in mapped(entity, schema.names, target, table).values()]

    def _mapping(self, entity: str, fields: list[str]) -> dict[str, TargetColumn]:
        target = place(self._profile, entity)
        if self._tables.get(target.table) is None:
            with self._transaction():
                self._tables[target.table] = self._describe(target.table)
        return mapped(entity, fields, target, self._tables[target.table])

    def _check_same_parcel(self, order: str, batch: StagedBatch) -> None:
        rows = self._run(
            "SELECT parcel_digest FROM ecluse_ledger WHERE order_digest = %s AND batch = %s", order, batch.batch
        )
        if rows != [(batch.parcel,)]:
            raise DestinationError(f"batch {batch.batch} was already loaded, from another parcel")

    def _check_counts(self, order: str, entities: Sequence[str]) -> None:
        """Law 3: what the ledger says was staged is what is there."""
        for name in entities:
            stage = self.table(self._stage(order, name))
            [(said,)] = self._run(
                "SELECT COALESCE(SUM(row_count), 0) FROM ecluse_ledger WHERE order_digest = %s AND entity = %s",
                order,
                name,
            )
            [(there,)] = self._run(f"SELECT COUNT(*) FROM {stage}")  # noqa: S608  identifiers, quoted
            if int(said) != int(there):
                raise DestinationError(f"{name}: the ledger says {said} rows, its staging table has {there}")

    def _merge(self, order: str, entity: str) -> None:
        target = place(self._profile, entity)
        table, stage = self.table(target.table), self.table(self._stage(order, entity))
        self._analyze(stage)
        described, staged = self._describe(target.table), self._describe(self._stage(order, entity))
        if described is None or staged is None:
            raise DestinationError(f"table {target.table} or its staging table is gone")
        key = described.columns[target.columns[KEY]]
        columns = [described.columns[name] for name in staged.columns]
        known = self._check_conflicts(target.table, stage, key, columns)
        others = [column.name for column in columns if column.name != key.name]
        if known and others:
            self._run(self._fill(stage, table, self.name(key.name), [self.name(name) for name in others]))
        names = ", ".join(self.name(column.name) for column in columns)
        values = ", ".join(f"s.{self.name(column.name)}" for column in columns)
        join = f"t.{self.name(key.name)} = s.{self.name(key.name)}"
        self._run(
            f"INSERT INTO {table} ({names}) SELECT {values} FROM {stage} s "  # noqa: S608  identifiers, quoted
            f"WHERE NOT EXISTS (SELECT 1 FROM {table} t WHERE {join})"
        )

    def _check_conflicts(self, name: str, stage: str, key: TargetColumn, columns: Sequence[TargetColumn]) -> int:
        """Rows that the target has already: the same, or with nulls to fill; else refuse. Returns how many."""
        quoted, table = self.name(key.name), self.table(name)
        tests = [
            f"t.{c} IS NOT NULL AND {self._differs(f't.{c}', f's.{c}', column)}"
            for column, c in ((column, self.name(column.name)) for column in columns)
        ]
        sums = ", ".join(f"COALESCE(SUM(CASE WHEN {test} THEN 1 ELSE 0 END), 0)" for test in tests)
        either = " OR ".join(f"({test})" for test in tests)
        [(known, differing, *counts)] = self._run(
            f"SELECT COUNT(*), COALESCE(SUM(CASE WHEN {either} THEN 1 ELSE 0 END), 0), {sums} "  # noqa: S608
            f"FROM {stage} s JOIN {table} t ON t.{quoted} = s.{quoted}"
        )
        if differing:
            which = ", ".join(f"{c.name}: {n}" for c, n in zip(columns, counts, strict=True) if n)
            raise DestinationError(f"{differing} keys already stand in table {name} with other values ({which})")
        # A key that comes twice is refused by the unique key on insertion; one that is known is not inserted.
        if known:
            self._check_no_key_twice(name, stage, key)
        return int(known)

    def _check_no_key_twice(self, name: str, stage: str, key: TargetColumn) -> None:
        quoted = self.name(key.name)
        [(twice,)] = self._run(
            f"SELECT COUNT(*) FROM (SELECT 1 FROM {stage} GROUP BY {quoted} HAVING COUNT(*) > 1) d"  # noqa: S608
        )
        if twice:
            raise DestinationError(f"{name}.{key.name}: {twice} keys come more than once, as this column compares them")

    def _control_columns(self, entity: str, columns: Mapping[str, TargetColumn], scope_date: str) -> list[ReadColumn]:
        date, site = (ReadColumn("NULL", alias, TargetColumn(alias, Kind.TEXT, "")) for alias in ("d", "s"))
        request = self._profile.entities.get(_REQUEST)
        if request is None or (entity != _REQUEST and _REQUEST not in columns):
            return [date, site]
        side = "t" if entity == _REQUEST else "r"
        table = self._describe(request.table)
        if table is None or request.columns[KEY] not in table.unique:
            return [date, site]
        known = {field: table.columns[name] for field, name in request.columns.items() if name in table.columns}
        if scope_date in known:
            date = ReadColumn(self._read(side, known[scope_date]), "d", known[scope_date])
        if "site" in known:
            site = ReadColumn(self._read(side, known["site"]), "s", known["site"])
        return [date, site]

    def _read_sql(self, order: str, entity: str, columns: Sequence[ReadColumn]) -> str:
        target = place(self._profile, entity)
        chosen = ", ".join(f"{column.expression} AS {column.alias}" for column in columns)
        sql = f"SELECT {chosen} FROM {self.table(target.table)} t"  # noqa: S608  identifiers, quoted
        key = self.name(target.columns[KEY])
        if target.mode is LoadMode.MERGE:
            sql += f" JOIN {self.table(self._stage(order, entity))} s ON t.{key} = s.{key}"
        if any(column.expression.find("r.") >= 0 for column in columns[-2:]):
            request = self._profile.entities[_REQUEST]
            link, parent = self.name(target.columns[_REQUEST]), self.name(request.columns[KEY])
            sql += f" LEFT JOIN {self.table(request.table)} r ON r.{parent} = t.{link}"
        return sql

    def _drop(self, order: str, entities: Sequence[str]) -> tuple[str, ...]:
        stages = [self._stage(order, name) for name in entities]
        dropped = tuple(stage for stage in stages if self._exists(stage))
        for stage in dropped:
            self._run(f"DROP TABLE {self.table(stage)}")
        return dropped

    # State and names.

    def _state(self, order: str, lock: str = "") -> State | None:
        if not self._exists("ecluse_publication"):
            return None
        rows = self._run(f"SELECT state FROM ecluse_publication WHERE order_digest = %s{lock}", order)  # noqa: S608
        return State(rows[0][0]) if rows else None

    def _set_state(self, order: str, state: State) -> None:
        sql = "UPDATE ecluse_publication SET state = %s, changed_at = CURRENT_TIMESTAMP WHERE order_digest = %s"
        self._run(sql, state.value, order)

    def _entities(self, order: str) -> list[str]:
        rows = self._run("SELECT entities FROM ecluse_publication WHERE order_digest = %s", order)
        return str(rows[0][0]).split(",") if rows and rows[0][0] else []

    def _pairs(self, order: str, entities: Sequence[str]) -> list[tuple[str, str, str]]:
        swapped = [name for name in entities if place(self._profile, name).mode is LoadMode.SWAP]
        return [
            (self._stage(order, name), place(self._profile, name).table, self._stage(order, name, "old"))
            for name in swapped
        ]

    def _stage(self, order: str, entity: str, prefix: str = "stage") -> str:
        """Beside its table, in the same schema, so that it can take its place."""
        schema, dot, _ = place(self._profile, entity).table.rpartition(".")
        return f"{schema}{dot}ecluse_{prefix}_{order.removeprefix('sha256:')[:16]}_{entity}"

    def _has_rows(self, table: str) -> bool:
        return bool(self._run(f"SELECT 1 FROM {self.table(table)} LIMIT 1"))  # noqa: S608  identifiers, quoted


_USE_MERGE = "use mode: merge, or an empty table"
