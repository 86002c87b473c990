"""Parquet: the one file format here that types its columns. Nested ones are left, and their bytes count as unmapped."""

from collections.abc import Collection, Iterator, Mapping
from functools import partial

import pyarrow as pa
import pyarrow.parquet as pq

from ecluse.adapters.sources import _failures
from ecluse.adapters.sources._reading import Declared, opened
from ecluse.domain.errors import EcluseError, Location, MalformedError
from ecluse.domain.files import FileIntake

_ROWS = 65_536
_FOREIGN = (pa.ArrowException, OSError, RuntimeError)


class ParquetReader:
    """One file as one table, read by row group."""

    def __init__(self, declared: Declared) -> None:
        """Read the footer. Raises MalformedError for a file that is damaged or encrypted."""
        self._declared, self._name = declared, declared.called(1)
        file = self._opened()
        try:
            flat = [field for field in file.schema_arrow if not pa.types.is_nested(field.type)]
            self._size = self._sizes(file.metadata, {field.name for field in flat})
            self._records = file.metadata.num_rows
        finally:
            file.close()
        if not flat:
            raise MalformedError("it has no column that is not nested", location=Location(self._name))
        schema = pa.schema([pa.field(field.name, _plain(field.type)) for field in flat])
        self.tables: Mapping[str, pa.Schema] = {declared.table: schema}

    def passing(self, tables: Collection[str]) -> Iterator[tuple[str, pa.RecordBatch]]:
        """The rows, by batches. Raises MalformedError for pages that do not decode."""
        for table in tables:
            schema, file = self.tables[table], self._opened()
            try:
                batches = file.iter_batches(_ROWS, columns=schema.names, use_threads=False)
                while (batch := _failures.guarded(partial(next, batches, None), _FOREIGN, self._ours)) is not None:
                    yield table, batch.cast(schema)
            finally:
                file.close()

    def intake(self) -> FileIntake:
        """Bytes of mounted and of nested columns' pages; the rest is structure."""
        made, size, (mapped, unmapped) = self._declared, self._declared.size, self._size
        structure = size - mapped - unmapped
        return FileIntake(made.file.path, 1, size, made.digest(), self._records, mapped, unmapped, structure)

    def _opened(self) -> pq.ParquetFile:
        opened(self._declared.path, self._name).close()
        open_it = partial(pq.ParquetFile, self._declared.path, pre_buffer=False, page_checksum_verification=True)
        return _failures.guarded(open_it, _FOREIGN, self._ours)

    def _sizes(self, metadata: pq.FileMetaData, flat: Collection[str]) -> tuple[int, int]:
        mapped = unmapped = 0
        for number in range(metadata.num_row_groups):
            group = metadata.row_group(number)
            for place in range(group.num_columns):
                column = group.column(place)
                if column.path_in_schema in flat:
                    mapped += column.total_compressed_size
                else:
                    unmapped += column.total_compressed_size
        if mapped + unmapped > self._declared.size:
            raise MalformedError("its footer is damaged", location=Location(self._name))
        return mapped, unmapped

    def _ours(self, _text: str) -> EcluseError:
        return MalformedError("this is no Parquet file, or it is damaged or encrypted", location=Location(self._name))


def _plain(kind: pa.DataType) -> pa.DataType:
    """Dictionaries are a way of writing, not a type."""
    return kind.value_type if pa.types.is_dictionary(kind) else kind
