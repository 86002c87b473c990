"""Parquet: the one file format here that types its columns. Nested ones are left, and their bytes count as unmapped."""

import glob
from collections.abc import Collection, Iterator, Mapping
from functools import partial

import pyarrow as pa
import pyarrow.parquet as pq

from ecluse.adapters.sources import _duckdb, _failures
from ecluse.adapters.sources._apart import ApartReader
from ecluse.adapters.sources._reading import Declared, opened
from ecluse.domain.errors import EcluseError, Location, MalformedError
from ecluse.domain.files import FileIntake

_ROWS = 65_536
_FOREIGN = (Exception,)  # of damaged files come errors of many classes, and their words may hold values


class ParquetReader(ApartReader):
    """One file as one table, read in a process of its own."""

    inner = "ecluse.adapters.sources._parquet:TableReader"


class TableReader:
    """One file as one table, read by row group."""

    def __init__(self, declared: Declared) -> None:
        """Read the footer. Raises MalformedError for a file that is damaged or encrypted."""
        self._declared, self._name = declared, declared.called(1)
        sizes = self._sizes()  # first: DuckDB refuses footers of which pyarrow dies
        flat, self._records = _failures.guarded(self._footer, _FOREIGN, self._ours)
        mapped = sum(sizes.get(field.name, 0) for field in flat)
        self._size = mapped, sum(sizes.values()) - mapped
        if not flat:
            raise MalformedError("it has no column that is not nested", location=Location(self._name))
        schema = pa.schema([pa.field(field.name, _plain(field.type)) for field in flat])
        self.tables: Mapping[str, pa.Schema] = {declared.table: schema}

    def passing(self, tables: Collection[str]) -> Iterator[tuple[str, pa.RecordBatch]]:
        """The rows, by batches. Raises MalformedError for pages that do not decode."""
        for table in tables:
            schema, file = self.tables[table], self._opened()
            try:
                begin = partial(file.iter_batches, _ROWS, columns=schema.names, use_threads=False)
                batches = _failures.guarded(begin, _FOREIGN, self._ours)
                while (batch := _failures.guarded(partial(next, batches, None), _FOREIGN, self._ours)) is not None:
                    yield table, _failures.guarded(partial(batch.cast, schema), _FOREIGN, self._ours)
            finally:
                file.close()

    def intake(self) -> FileIntake:
        """Bytes of mounted and of nested columns' pages; the rest is structure."""
        made, size, (mapped, unmapped) = self._declared, self._declared.size, self._size
        structure = size - mapped - unmapped
        return FileIntake(made.file.path, 1, size, made.digest(), self._records, mapped, unmapped, structure)

    def _footer(self) -> tuple[list[pa.Field], int]:
        """Columns that are not nested, and the number of rows."""
        file = self._opened()
        try:
            flat = [field for field in file.schema_arrow if not pa.types.is_nested(field.type)]
            return flat, int(file.metadata.num_rows)
        finally:
            file.close()

    def _opened(self) -> pq.ParquetFile:
        opened(self._declared.path, self._name).close()
        open_it = partial(pq.ParquetFile, self._declared.path, pre_buffer=False, page_checksum_verification=True)
        return _failures.guarded(open_it, _FOREIGN, self._ours)

    def _sizes(self) -> Mapping[str, int]:
        """Bytes of each column's pages, by its path."""
        opened(self._declared.path, self._name).close()
        connection = _duckdb.connect(64, threads=1)
        path = _duckdb.literal(glob.escape(str(self._declared.path)))
        sql = f"SELECT path_in_schema, sum(total_compressed_size) FROM parquet_metadata({path}) GROUP BY ALL"  # noqa: S608
        try:
            found = _failures.guarded(lambda: connection.execute(sql).fetchall(), _duckdb.ERRORS, self._ours)
        finally:
            connection.close()
        sizes = {str(name): int(size) for name, size in found}
        if any(size < 0 for size in sizes.values()) or sum(sizes.values()) > self._declared.size:
            raise MalformedError("its footer is damaged", location=Location(self._name))
        return sizes

    def _ours(self, _text: str) -> EcluseError:
        return MalformedError("this is no Parquet file, or it is damaged or encrypted", location=Location(self._name))


def _plain(kind: pa.DataType) -> pa.DataType:
    """Dictionaries are a way of writing, not a type."""
    return kind.value_type if pa.types.is_dictionary(kind) else kind
