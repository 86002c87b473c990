"""A folder of delimited files as a source: every declared file a table of text columns, queried in DuckDB's dialect.

No NULL is ever inferred: ``NA`` is sodium, an empty field is an empty text. A small folder is read once and kept in
memory, compressed; a large one is read again by each query that mentions it, so that memory stays bounded. Nothing is
written: DuckDB has no temp folder and no access to files. A file that changes after the snapshot is refused.
"""

# ruff: noqa: S608  (queries come from the signed profile and are passed on whole; names are quoted)

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import duckdb
import pyarrow as pa

from ecluse.adapters.sources import _duckdb, _failures
from ecluse.adapters.sources._delimited import Delimited
from ecluse.adapters.sources.memory import select
from ecluse.adapters.sources.spec import SourceSpec
from ecluse.domain.errors import EcluseError, Location, MalformedError, ProfileError
from ecluse.domain.plan import Snapshot, SourceFacts
from ecluse.domain.profile import CsvFile

_RESIDENT_SHARE = 4  # files are kept in memory up to a fourth of what DuckDB may have


class _Table:
    """One file, given to DuckDB as something that can be scanned as often as a query mentions it."""

    def __init__(self, path: Path, file: CsvFile, table: str) -> None:
        self._path, self._file = path, file
        self.failure: EcluseError | None = None
        self.table = table
        self.state = _state(path, file.path)
        self._columns = Delimited(path, file, file.path).header()
        self.schema = pa.schema([(name, pa.string()) for name in self._columns])

    def batches(self) -> Iterator[pa.RecordBatch]:
        """The file's rows; an error of ours is kept, for DuckDB will wrap it."""
        try:
            self.check()
            yield from Delimited(self._path, self._file, self._file.path, self._columns).batches()
            self.check()
        except EcluseError as error:
            self.failure = error
            raise ValueError("see failure") from None

    def check(self) -> None:
        """Raises MalformedError when the file is not the one that was mounted."""
        if _state(self._path, self._file.path) != self.state:
            raise MalformedError("the file changed while it was being read", location=Location(self._file.path))

    def __arrow_c_stream__(self, requested_schema: Any = None) -> Any:
        """A fresh pass over the file for every scan: a reader that can be read once would be empty in a self-join."""
        return pa.RecordBatchReader.from_batches(self.schema, self.batches()).__arrow_c_stream__(requested_schema)

    def __arrow_c_schema__(self) -> Any:
        """The columns, without a pass."""
        return self.schema.__arrow_c_schema__()


@dataclass(frozen=True, slots=True)
class _State:
    size: int
    modified: int
    inode: int


class CsvFolderSource:
    """The files of one folder."""

    dialect = "duckdb"

    def __init__(self, spec: SourceSpec) -> None:
        """Mount. Raises ProfileError on a file outside the folder, MalformedError on one that does not parse."""
        folder = spec.address().folder()
        self._tables = [_Table(_within(folder, file), file, name) for name, file in spec.files.items()]
        if not self._tables:
            raise ProfileError("a csv source needs its files declared")
        self._duckdb = _duckdb.connect(spec.memory_mb, threads=2)
        self._resident = sum(t.state.size for t in self._tables) * _RESIDENT_SHARE <= spec.memory_mb << 20
        self._duckdb.execute("ATTACH ':memory:' AS files (COMPRESS)")
        self._duckdb.execute("SET enable_external_access = false")
        self._duckdb.execute("SET lock_configuration = true")
        if self._resident:
            try:
                self._load()
            except EcluseError:
                self._duckdb.close()
                raise

    def facts(self) -> SourceFacts:
        """Files: whoever reads them sees the same, as long as they do not change."""
        return SourceFacts("csv", duckdb.__version__, Snapshot.FILES, 1)

    def export_snapshot(self) -> str:
        """A fingerprint of the files' sizes and times, not of what they hold."""
        states = [(t.table, t.state.size, t.state.modified) for t in self._tables]
        return hashlib.sha256(repr(sorted(states)).encode()).hexdigest()

    def adopt_snapshot(self, token: str | None) -> None:
        """Raises MalformedError when the files are no longer those of ``token``."""
        for table in self._tables:
            table.check()
        if token is not None and token != self.export_snapshot():
            raise MalformedError("the files are not those that the plan was made on", hint="plan again")

    def query(self, sql: str) -> pa.Table:
        """A small result. Raises ProfileError, MalformedError."""
        return pa.Table.from_batches(list(self.stream(sql, 10_000)))

    def stream(self, sql: str, batch_rows: int) -> Iterator[pa.RecordBatch]:
        """The rows, in batches of about ``batch_rows``. Raises ProfileError, MalformedError naming file and line."""
        cursor = self._duckdb.cursor()
        cursor.execute("USE files")
        for table in self._tables:
            if not self._resident:
                cursor.register(table.table, table)
        return select(cursor, sql, batch_rows, self._ours)

    def close(self) -> None:
        """Forget what was read."""
        self._duckdb.close()

    def _load(self) -> None:
        for table in self._tables:
            name = '"' + table.table.replace('"', '""') + '"'
            self._duckdb.register("incoming", table)
            create = f"CREATE TABLE files.{name} AS SELECT * FROM incoming"
            _failures.guarded(partial(self._duckdb.execute, create), _duckdb.ERRORS, self._ours)
            self._duckdb.unregister("incoming")

    def _ours(self, text: str) -> EcluseError:
        for table in self._tables:
            if table.failure is not None:
                failure, table.failure = table.failure, None
                failure.__context__ = failure.__cause__ = failure.__traceback__ = None
                return failure
        return _failures.by_text(text)


def _state(path: Path, name: str) -> _State:
    try:
        found = path.stat()
    except OSError:
        found = None
    if found is None or not path.is_file():
        raise MalformedError("the file is not there", location=Location(name))
    return _State(found.st_size, found.st_mtime_ns, found.st_ino)


def _within(folder: Path, file: CsvFile) -> Path:
    path = (folder / file.path).resolve()
    if not path.is_relative_to(folder.resolve()):
        raise ProfileError("the file is outside the source's folder", location=Location(file.path))
    return path
