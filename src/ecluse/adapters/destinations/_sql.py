"""What the three databases have in common: ledger, states, staging, merge, read-back.

A publication goes ``staging`` → (``merged`` →) ``published`` → ``finished``, or ``staging`` → ``abandoned``. Its row is
locked in share mode by whoever stages and exclusively by whoever publishes, so no row is staged behind a publication.
"""

import functools
from collections.abc import Callable, Iterator, Mapping, Sequence
from enum import StrEnum
from typing import ParamSpec, TypeVar

import pyarrow as pa

from ecluse.adapters.destinations._check import check, loading_order
from ecluse.adapters.destinations._columns import Kind, TargetColumn, TargetTable
from ecluse.adapters.destinations._engine import SqlEngine
from ecluse.adapters.destinations._reading import ReadColumn, restored, with_control
from ecluse.adapters.destinations._sheets import Sheet, place_of, sheets
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
            names = loading_order(entities)
            made = [each for name in names for each in self._checked(name, entities[name], state)]
            for sheet, columns in made:
                whole = sheet.mode is LoadMode.SWAP
                self._create_stage(self._stage(order, sheet), sheet.table, None if whole else columns)
            if state is None:
                self._add_publication(order, names)

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
        made = []
        for sheet in sheets(self._profile, batch.entity):
            table = self._table(sheet.table)
            rows = sheet.filled(batch.rows, table)
            made.append((self._stage(order, sheet), rows, [table.columns[name] for name in rows.column_names]))
        for field in batch.rows.column_names:
            place_of(self._profile, batch.entity, field)
        with self._transaction():
            state = self._state(order, self.share_lock)
            if state is None:
                raise DestinationError("the destination is not prepared for this order")
            if not self._claim(order, batch):
                self._check_same_parcel(order, batch)
                return
            if state is not State.STAGING:
                raise DestinationError(f"batch {batch.batch} comes too late: this order is {state} here")
            for stage, rows, columns in made if batch.rows.num_rows else ():
                self._load(stage, rows, columns)

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
                for sheet in sheets(self._profile, name):
                    if sheet.mode is LoadMode.MERGE:
                        self._merge(order, sheet)
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
            read = [self._read_column(entity, field, f"c{i}") for i, field in enumerate(schema.names)]
            control = self._control_columns(entity, schema.names, scope_date)
            return self._read_sql(order, entity, [*read, *control], frozenset(schema.names)), [*read, *control]

    def _read_column(self, entity: str, field: str, alias: str) -> ReadColumn:
        sheet, name = place_of(self._profile, entity, field)
        column = self._table(sheet.table).columns[name]
        return ReadColumn(self._read(_side(sheet), column), alias, column, sheet.values.get(field))

    def _batches(self, sql: str, columns: Sequence[ReadColumn], schema: pa.Schema) -> Iterator[pa.RecordBatch]:
        for batch in self._stream(sql, columns):
            yield restored(batch, columns, schema)

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

    @scrubbed
    def described(self, table: str) -> TargetTable | None:
        """The table as it stands, None where there is none; for whoever proves a profile."""
        with self._transaction():
            return self._describe(table)

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

    def _checked(self, entity: str, schema: pa.Schema, state: State | None) -> list[tuple[Sheet, list[str]]]:
        """Each table of an entity with the columns to stage."""
        found = sheets(self._profile, entity)
        for sheet in found:
            table = self._describe(sheet.table)
            for field in schema.names if sheet.own and table is not None else ():
                place_of(self._profile, entity, field)
            check(sheet, schema, table)
            if sheet.mode is LoadMode.SWAP:
                self._check_swappable(sheet, state)
        return [(sheet, [*sheet.written(frozenset(schema.names)), *sheet.constants]) for sheet in found]

    def _check_swappable(self, sheet: Sheet, state: State | None) -> None:
        shared = [name for name, other in self._profile.entities.items() if sheet.table in other.tables()]
        if len(shared) > 1:
            raise DestinationError(f"table {sheet.table} is swapped for {shared[0]}, and {shared[1]} goes there")
        if state is None and self._has_rows(sheet.table):
            raise DestinationError(f"table {sheet.table} is not empty: it cannot be swapped", hint=_USE_MERGE)

    def _table(self, name: str) -> TargetTable:
        """As it was when it was first asked for, until a read-back."""
        table = self._tables.get(name)
        if table is None:
            with self._transaction():
                table = self._tables[name] = self._describe(name)
        if table is None:
            raise DestinationError(f"table {name} does not exist")
        return table

    def _check_same_parcel(self, order: str, batch: StagedBatch) -> None:
        rows = self._run(
            "SELECT parcel_digest FROM ecluse_ledger WHERE order_digest = %s AND batch = %s", order, batch.batch
        )
        if rows != [(batch.parcel,)]:
            raise DestinationError(f"batch {batch.batch} was already loaded, from another parcel")

    def _check_counts(self, order: str, entities: Sequence[str]) -> None:
        """Law 3: what the ledger says was staged is what is there."""
        for name in entities:
            [(said,)] = self._run(
                "SELECT COALESCE(SUM(row_count), 0) FROM ecluse_ledger WHERE order_digest = %s AND entity = %s",
                order,
                name,
            )
            for sheet in sheets(self._profile, name):
                stage = self.table(self._stage(order, sheet))
                [(there,)] = self._run(f"SELECT COUNT(*) FROM {stage}")  # noqa: S608  identifiers, quoted
                if int(said) != int(there):
                    raise DestinationError(f"{name}: the ledger says {said} rows, its staging table has {there}")

    def _merge(self, order: str, sheet: Sheet) -> None:
        table, stage = self.table(sheet.table), self.table(self._stage(order, sheet))
        self._analyze(stage)
        described, staged = self._describe(sheet.table), self._describe(self._stage(order, sheet))
        if described is None or staged is None:
            raise DestinationError(f"table {sheet.table} or its staging table is gone")
        key = described.columns[sheet.key]
        columns = [described.columns[name] for name in staged.columns]
        known = self._check_conflicts(sheet.table, stage, key, columns)
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

    def _control_columns(self, entity: str, columns: Sequence[str], scope_date: str) -> list[ReadColumn]:
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
            site = ReadColumn(self._read(side, known["site"]), "s", known["site"], request.values.get("site"))
        return [date, site]

    def _read_sql(self, order: str, entity: str, columns: Sequence[ReadColumn], ordered: frozenset[str]) -> str:
        """A row is there when every table of its entity has its part, with the constants that were loaded."""
        found = sheets(self._profile, entity)
        own = next(sheet for sheet in found if sheet.own)
        chosen = ", ".join(f"{column.expression} AS {column.alias}" for column in columns)
        sql = f"SELECT {chosen} FROM {self.table(own.table)} t"  # noqa: S608  identifiers, quoted
        if own.mode is LoadMode.MERGE:
            sql += self._joined(order, own, "s", ordered)
        for sheet in found:
            if not sheet.own:
                side = _side(sheet)
                on = f"{side}.{self.name(sheet.key)} = t.{self.name(own.key)}"
                sql += f" JOIN {self.table(sheet.table)} {side} ON {on}" + self._joined(
                    order, sheet, f"s{side}", ordered
                )
        if any(column.expression.find("r.") >= 0 for column in columns[-2:]):
            request = self._profile.entities[_REQUEST]
            link, parent = self._read_column(entity, _REQUEST, "").expression, self.name(request.columns[KEY])
            sql += f" LEFT JOIN {self.table(request.table)} r ON r.{parent} = {link}"
        return sql

    def _joined(self, order: str, sheet: Sheet, alias: str, ordered: frozenset[str]) -> str:
        side, key, table = _side(sheet), self.name(sheet.key), self._table(sheet.table)
        same = [f"{side}.{key} = {alias}.{key}"]
        for name in sheet.apart(ordered):
            left, right = f"{side}.{self.name(name)}", f"{alias}.{self.name(name)}"
            same.append(f"NOT ({self._differs(left, right, table.columns[name])})")
        return f" JOIN {self.table(self._stage(order, sheet))} {alias} ON {' AND '.join(same)}"

    def _stages(self, order: str, entities: Sequence[str]) -> list[str]:
        return [self._stage(order, sheet) for name in entities for sheet in sheets(self._profile, name)]

    def _drop(self, order: str, entities: Sequence[str]) -> tuple[str, ...]:
        dropped = tuple(stage for stage in self._stages(order, entities) if self._exists(stage))
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
        found = (sheet for name in entities for sheet in sheets(self._profile, name) if sheet.mode is LoadMode.SWAP)
        return [(self._stage(order, sheet), sheet.table, self._stage(order, sheet, "old")) for sheet in found]

    def _stage(self, order: str, sheet: Sheet, prefix: str = "stage") -> str:
        """Beside its table, in the same schema, so that it can take its place."""
        schema, dot, _ = sheet.table.rpartition(".")
        return f"{schema}{dot}ecluse_{prefix}_{order.removeprefix('sha256:')[:16]}_{sheet.name}"

    def _has_rows(self, table: str) -> bool:
        return bool(self._run(f"SELECT 1 FROM {self.table(table)} LIMIT 1"))  # noqa: S608  identifiers, quoted


_USE_MERGE = "use mode: merge, or an empty table"


def _side(sheet: Sheet) -> str:
    """A table's alias in a read-back: t, and of parts p1, p2 and so on."""
    return "t" if sheet.own else f"p{sheet.name.rpartition('_')[2]}"
