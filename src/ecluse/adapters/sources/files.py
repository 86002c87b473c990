"""A folder of files as a source: every declared file one table or several, queried in DuckDB's dialect.

No NULL is ever inferred: ``NA`` is sodium, an empty field is an empty text. A small folder is read once and kept in
memory, compressed; a large one is read again by each query that mentions it, so that memory stays bounded. Nothing is
written: DuckDB has no temp folder and no access to files. A file that changes after the snapshot is refused.
"""

# ruff: noqa: S608  (queries come from the signed profile and are passed on whole; names are quoted)

import hashlib
from collections.abc import Collection, Iterator
from dataclasses import dataclass
from functools import partial
from itertools import zip_longest
from pathlib import Path
from typing import Any

import duckdb
import pyarrow as pa

from ecluse.adapters.sources import _duckdb, _failures
from ecluse.adapters.sources._dbase_memos import memo_file
from ecluse.adapters.sources._reading import Declared, reader_of
from ecluse.adapters.sources.memory import select
from ecluse.adapters.sources.spec import SourceSpec
from ecluse.domain.errors import EcluseError, Location, MalformedError, ProfileError
from ecluse.domain.files import FileFormat, FileIntake, SourceFile
from ecluse.domain.plan import Snapshot, SourceFacts

_RESIDENT_SHARE = 4  # files are kept in memory up to a fourth of what DuckDB may have


class _Table:
    """One table of a reader, given to DuckDB as something that can be scanned as often as a query mentions it."""

    def __init__(self, name: str, mount: "_Mount") -> None:
        self.name, self._mount = name, mount
        self.schema = mount.reader.tables[name]

    def batches(self) -> Iterator[pa.RecordBatch]:
        """The table's rows, by a pass over its files."""
        for _, batch in self._mount.passing({self.name}):
            yield batch

    def __arrow_c_stream__(self, requested_schema: Any = None) -> Any:
        """A fresh pass over the file for every scan: a reader that can be read once would be empty in a self-join."""
        return pa.RecordBatchReader.from_batches(self.schema, self.batches()).__arrow_c_stream__(requested_schema)

    def __arrow_c_schema__(self) -> Any:
        """The columns, without a pass."""
        return self.schema.__arrow_c_schema__()


class _Mount:
    """One declaration's files, and the state in which they were mounted."""

    def __init__(self, declared: Declared) -> None:
        self.declared = declared
        self.states = _states(declared)
        self.reader = reader_of(declared)
        self.failure: EcluseError | None = None

    @property
    def size(self) -> int:
        """Bytes of its files."""
        return sum(state.size for state in self.states)

    def passing(self, tables: Collection[str]) -> Iterator[tuple[str, pa.RecordBatch]]:
        """The tables' rows; an error of ours is kept, for DuckDB will wrap it."""
        try:
            self.check()
            yield from self.reader.passing(tables)
            self.check()
        except EcluseError as error:
            self.failure = error
            raise ValueError("see failure") from None

    def check(self) -> None:
        """Raises MalformedError when the files are not those that were mounted."""
        found = _states(self.declared)
        for number, (now, then) in enumerate(zip_longest(found, self.states), 1):
            if now != then:
                # A table's memo file, which stands behind it, is called by the table's name.
                location = Location(self.declared.called(min(number, len(self.declared.paths))))
                raise MalformedError("the file changed while it was being read", location=location)


@dataclass(frozen=True, slots=True)
class _State:
    size: int
    modified: int
    inode: int


class FilesSource:
    """The files of one folder."""

    dialect = "duckdb"

    def __init__(self, spec: SourceSpec) -> None:
        """Mount. Raises ProfileError on a file outside the folder, MalformedError on one that does not parse."""
        folder = spec.address().folder()
        self._engine = spec.engine
        self._mounts = [_Mount(_found(folder, file, name)) for name, file in spec.files.items()]
        if not self._mounts:
            raise ProfileError("a source of files needs its files declared")
        self._tables = [_Table(name, mount) for mount in self._mounts for name in mount.reader.tables]
        self._intakes: tuple[FileIntake, ...] | None = None
        self._duckdb = _duckdb.connect(spec.memory_mb, threads=2)
        self._resident = sum(mount.size for mount in self._mounts) * _RESIDENT_SHARE <= spec.memory_mb << 20
        self._duckdb.execute("ATTACH ':memory:' AS files (COMPRESS)")
        self._duckdb.execute("SET enable_external_access = false")
        self._duckdb.execute("SET lock_configuration = true")
        if self._resident:
            try:
                self._load()
            except EcluseError:
                self._duckdb.close()
                raise

    def tables(self) -> tuple[str, ...]:
        """The mounted tables' names: for a format of one table its name in the profile."""
        return tuple(table.name for table in self._tables)

    def facts(self) -> SourceFacts:
        """Files: whoever reads them sees the same, as long as they do not change. Raises MalformedError."""
        if self._intakes is None:
            self._intakes = tuple(mount.reader.intake() for mount in self._mounts)
        return SourceFacts(str(self._engine), duckdb.__version__, Snapshot.FILES, 1, self._intakes)

    def export_snapshot(self) -> str:
        """A fingerprint of the files' sizes and times, not of what they hold."""
        states = [
            (mount.declared.table, [(s.size, s.modified) for s in mount.states]) for mount in self._mounts
        ]
        return hashlib.sha256(repr(sorted(states)).encode()).hexdigest()

    def adopt_snapshot(self, token: str | None) -> None:
        """Raises MalformedError when the files are no longer those of ``token``."""
        for mount in self._mounts:
            mount.check()
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
                cursor.register(table.name, table)
        return select(cursor, sql, batch_rows, self._ours)

    def close(self) -> None:
        """Forget what was read."""
        self._duckdb.close()

    def _load(self) -> None:
        """Each table by a pass of its own: a pass for all would have to hold what DuckDB has not asked for yet."""
        for table in self._tables:
            name = '"' + table.name.replace('"', '""') + '"'
            self._duckdb.register("incoming", table)
            create = f"CREATE TABLE files.{name} AS SELECT * FROM incoming"
            _failures.guarded(partial(self._duckdb.execute, create), _duckdb.ERRORS, self._ours)
            self._duckdb.unregister("incoming")

    def _ours(self, text: str) -> EcluseError:
        for mount in self._mounts:
            if mount.failure is not None:
                failure, mount.failure = mount.failure, None
                failure.__context__ = failure.__cause__ = failure.__traceback__ = None
                return failure
        return _failures.by_text(text)


def _states(declared: Declared) -> tuple[_State, ...]:
    """Of every file, and of the memo file beside a dBase table."""
    called = [(path, declared.called(number)) for number, path in enumerate(declared.paths, 1)]
    states = [_state(path, name) for path, name in called]
    memo = memo_file(declared.path) if declared.file.format is FileFormat.DBASE else None
    return (*states, *([_state(memo, declared.called(1))] if memo else []))


def _state(path: Path, name: str) -> _State:
    try:
        found = path.stat()
    except OSError:
        found = None
    if found is None or not path.is_file():
        raise MalformedError("the file is not there", location=Location(name))
    return _State(found.st_size, found.st_mtime_ns, found.st_ino)


def _found(folder: Path, file: SourceFile, table: str) -> Declared:
    """The files that a declaration names: one, or those of a pattern in order of their names."""
    pattern = any(mark in file.path for mark in "*?[")
    try:
        named = sorted(folder.glob(file.path)) if pattern else [folder / file.path]
    except (ValueError, NotImplementedError):
        named = []
    if not named:
        raise ProfileError("no file is so named", location=Location(file.path))
    paths = tuple(path.resolve() for path in named if not pattern or path.is_file())
    if not all(path.is_relative_to(folder.resolve()) for path in paths):
        raise ProfileError("the file is outside the source's folder", location=Location(file.path))
    return Declared(table, file, paths)
