"""Tables in memory as a source: what tests, demonstrations and the contract suite run on."""

from collections.abc import Callable, Iterator, Mapping

import duckdb
import pyarrow as pa

from ecluse.adapters.sources import _duckdb, _failures
from ecluse.domain.errors import EcluseError
from ecluse.domain.plan import Snapshot, SourceFacts

_TOKEN = "memory"  # noqa: S105  (a snapshot's name)
_ROWS = 10_000


class MemorySource:
    """Immutable Arrow tables, queried in DuckDB's dialect."""

    dialect = "duckdb"

    def __init__(self, tables: Mapping[str, pa.Table], memory_mb: int = 512) -> None:
        """Mount ``tables`` by their names."""
        self._tables = dict(tables)
        self._duckdb = _duckdb.connect(memory_mb, threads=2)
        self._duckdb.execute("SET enable_external_access = false")
        self._duckdb.execute("SET lock_configuration = true")

    def facts(self) -> SourceFacts:
        """Nothing changes in memory, so every worker sees the same."""
        return SourceFacts("memory", duckdb.__version__, Snapshot.SHARED, 2)

    def export_snapshot(self) -> str:
        """The tables as they are."""
        return _TOKEN

    def adopt_snapshot(self, token: str | None) -> None:
        """The same tables again."""

    def query(self, sql: str) -> pa.Table:
        """A small result. Raises ProfileError."""
        return pa.Table.from_batches(list(self.stream(sql, _ROWS)))

    def stream(self, sql: str, batch_rows: int) -> Iterator[pa.RecordBatch]:
        """The rows, in batches of about ``batch_rows``. Raises ProfileError."""
        cursor = self._duckdb.cursor()
        for name, table in self._tables.items():
            cursor.register(name, table)
        return select(cursor, sql, batch_rows, _failures.by_text)

    def close(self) -> None:
        """Forget the tables."""
        self._tables.clear()
        self._duckdb.close()


def select(
    cursor: duckdb.DuckDBPyConnection, sql: str, batch_rows: int, ours: Callable[[str], EcluseError]
) -> Iterator[pa.RecordBatch]:
    """One SELECT, and nothing but one, over what is mounted on ``cursor``; the cursor is used up."""
    failure: EcluseError | None = None
    try:
        statements = cursor.extract_statements(sql)
        if [statement.type for statement in statements] != [duckdb.StatementType.SELECT]:
            raise _failures.refused("25006", "it must be one SELECT, and sources are read-only")
        yield from _duckdb.batches(cursor, sql, batch_rows)
    except _duckdb.ERRORS as error:
        failure = ours(str(error))
    finally:
        _duckdb.ended(cursor)
    if failure:
        raise failure
