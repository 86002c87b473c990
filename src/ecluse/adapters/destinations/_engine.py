"""What each database says in its own words: the statements that ``SqlDestination`` is made of."""

import abc
from collections.abc import Iterator, Mapping, Sequence
from contextlib import AbstractContextManager
from typing import Any, ClassVar

import pyarrow as pa

from ecluse.adapters.destinations._columns import TargetColumn, TargetTable
from ecluse.adapters.destinations._reading import ReadColumn
from ecluse.migration.ports import StagedBatch

__all__ = ["SqlEngine"]


class SqlEngine(abc.ABC):
    """One connection, in its engine's dialect. ``swaps_apart``: a swap cannot share a transaction with rows."""

    quote: ClassVar[str] = '"'
    ledger_columns: ClassVar[Mapping[str, str]]
    table_options: ClassVar[str] = ""
    share_lock: ClassVar[str] = " FOR SHARE"
    update_lock: ClassVar[str] = " FOR UPDATE"
    swaps_apart: ClassVar[bool] = False

    @abc.abstractmethod
    def _transaction(self) -> AbstractContextManager[None]:
        """Commit at the end of the block, roll back on any error, give errors of ours."""

    @abc.abstractmethod
    def _run(self, sql: str, *parameters: object) -> list[tuple[Any, ...]]:
        """One statement with ``%s`` parameters, in the transaction of the block around it."""

    @abc.abstractmethod
    def _describe(self, table: str) -> TargetTable | None:
        """The table as it is; None where there is none."""

    @abc.abstractmethod
    def _exists(self, table: str) -> bool:
        """Whether such a table is there."""

    @abc.abstractmethod
    def _create_stage(self, stage: str, table: str, columns: Sequence[str] | None) -> None:
        """An empty table if not there: these columns of ``table``, or all of it, ready to take its place."""

    @abc.abstractmethod
    def _claim(self, order: str, batch: StagedBatch) -> bool:
        """Write the ledger row; False when it is there already, waiting for whoever is writing it."""

    @abc.abstractmethod
    def _load(self, stage: str, rows: pa.Table, columns: Sequence[TargetColumn]) -> None:
        """All rows or an error; ``rows`` fit the columns."""

    @abc.abstractmethod
    def _swap(self, pairs: Sequence[tuple[str, str, str]]) -> None:
        """(stage, table, old): give each stage its table's place, name, keys, indexes and rights."""

    @abc.abstractmethod
    def _stream(self, sql: str, columns: Sequence[ReadColumn]) -> Iterator[pa.RecordBatch]:
        """An exact query's rows, in bounded memory, columns in the order given."""

    @abc.abstractmethod
    def _differs(self, left: str, right: str, column: TargetColumn) -> str:
        """True where two values are not byte for byte the same; nulls are the same."""

    @abc.abstractmethod
    def _fill(self, stage: str, table: str, key: str, columns: Sequence[str]) -> str:
        """UPDATE of ``table``'s nulls from ``stage``."""

    @abc.abstractmethod
    def close(self) -> None:
        """Let the connection go."""

    def _analyze(self, stage: str) -> None:
        """Tell the planner how big the staging table is, by the statement that most engines know."""
        self._run(f"ANALYZE {stage}")

    def _read(self, side: str, column: TargetColumn) -> str:
        """The column as it is to be read, exactly; engines cast what their reader would change."""
        return f"{side}.{self.name(column.name)}"

    def name(self, identifier: str) -> str:
        """An identifier, quoted."""
        return self.quote + identifier.replace(self.quote, self.quote * 2) + self.quote

    def table(self, table: str) -> str:
        """A table's name, its schema apart."""
        return ".".join(self.name(part) for part in table.split(".", 1))
