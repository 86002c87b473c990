"""A folder of files as a source: every declared file one table or several, queried in DuckDB's dialect.

No NULL is ever inferred: ``NA`` is sodium, an empty field is an empty text. A small folder is read once and kept in
memory, compressed; a large one is read again by each query that mentions it, so that memory stays bounded. Nothing is
written: DuckDB has no temp folder and no access to files. A file that changes after the snapshot is refused.
"""

# ruff: noqa: S608  (queries come from the signed profile and are passed on whole; names are quoted)

import hashlib
from collections.abc import Callable, Collection, Iterator, Sequence
from dataclasses import dataclass
from itertools import zip_longest
from pathlib import Path
from typing import Any

import duckdb
import pyarrow as pa

from ecluse.adapters.sources import _duckdb, _failures
from ecluse.adapters.sources._dbase_memos import memo_file
from ecluse.adapters.sources._reading import Declared, FileReader, reader_of
from ecluse.adapters.sources.memory import select
from ecluse.adapters.sources.spec import SourceSpec
from ecluse.domain.errors import EcluseError, Location, MalformedError, ProfileError
from ecluse.domain.files import FileFormat, FileIntake, SourceFile
from ecluse.domain.plan import Snapshot, SourceFacts

_RESIDENT_SHARE = 4  # files are kept in memory up to a fourth of what DuckDB may have


class _Table:
    """One table of a reader, given to DuckDB as something that can be scanned as often as a query mentions it."""

    def __init__(self, name: str, mount: "Mount") -> None:
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


class Mount:
    """A reader, mounted; ``check`` raises where what it reads is no longer what was mounted."""

    def __init__(self, reader: FileReader, check: Callable[[], None]) -> None:
        self.reader = reader
        self.check = check
        self.failure: EcluseError | None = None

    def passing(self, tables: Collection[str]) -> Iterator[tuple[str, pa.RecordBatch]]:
        """The tables' rows; an error of ours is kept, for DuckDB will wrap it."""
        try:
            self.check()
            yield from self.reader.passing(tables)
            self.check()
        except EcluseError as error:
            self.failure = error
            raise ValueError("see failure") from None


class MountedTables:
    """Readers' tables, queried in DuckDB's dialect: from memory, or by passes over what is read."""

    dialect = "duckdb"

    def __init__(self, mounts: Sequence[Mount], memory_mb: int, *, resident: bool) -> None:
        """Mount. ``resident``: keep the tables in memory, if they are not too large for it after all."""
        if not mounts:
            raise ProfileError("a source of files needs its files declared")
        self._mounts = mounts
        self._tables = [_Table(name, mount) for mount in mounts for name in mount.reader.tables]
        self._intakes: tuple[FileIntake, ...] | None = None
        self._duckdb = _duckdb.connect(memory_mb, threads=2)
        self._duckdb.execute("ATTACH ':memory:' AS files (COMPRESS)")
        self._duckdb.execute("SET enable_external_access = false")
        self._duckdb.execute("SET lock_configuration = true")
        self._resident = False
        if resident:
            try:
                self._resident = self._load()
            except EcluseError:
                self._duckdb.close()
                raise

    def tables(self) -> tuple[str, ...]:
        """The mounted tables' names: for a format of one table its name in the profile."""
        return tuple(table.name for table in self._tables)

    def intakes(self) -> tuple[FileIntake, ...]:
        """Of each declaration, the account of every byte. Raises MalformedError."""
        if self._intakes is None:
            self._intakes = tuple(mount.reader.intake() for mount in self._mounts)
        return self._intakes

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

    def _load(self) -> bool:
        """Each table by a pass of its own: a pass for all would have to hold what DuckDB has not asked for yet."""
        for table in self._tables:
            self._duckdb.register("incoming", table)
            failure = self._attempt(f"CREATE TABLE files.{_quoted(table.name)} AS SELECT * FROM incoming")
            self._duckdb.unregister("incoming")
            if failure is not None and any(mount.failure for mount in self._mounts):
                raise self._ours("")
            if isinstance(failure, duckdb.OutOfMemoryException):
                for each in self._tables:
                    self._duckdb.execute(f"DROP TABLE IF EXISTS files.{_quoted(each.name)}")
                return False
            if failure is not None:
                raise self._ours(str(failure))
        return True

    def _attempt(self, sql: str) -> Exception | None:
        """Its failure, outside the handler: no error's context carries the foreign text on."""
        try:
            self._duckdb.execute(sql)
        except _duckdb.ERRORS as error:
            return error
        return None

    def _ours(self, text: str) -> EcluseError:
        for mount in self._mounts:
            if mount.failure is not None:
                failure, mount.failure = mount.failure, None
                failure.__context__ = failure.__cause__ = failure.__traceback__ = None
                return failure
        return _failures.by_text(text)


@dataclass(frozen=True, slots=True)
class _State:
    size: int
    modified: int
    inode: int


class _Found:
    """One declaration's files, and the state in which they were mounted."""

    def __init__(self, declared: Declared) -> None:
        self.declared = declared
        self.states = _states(declared)

    def check(self) -> None:
        """Raises MalformedError when the files are not those that were mounted."""
        found = _states(self.declared)
        for number, (now, then) in enumerate(zip_longest(found, self.states), 1):
            if now != then:
                # A table's memo file, which stands behind it, is called by the table's name.
                location = Location(self.declared.called(min(number, len(self.declared.paths))))
                raise MalformedError("the file changed while it was being read", location=location)


class FilesSource(MountedTables):
    """The files of one folder."""

    def __init__(self, spec: SourceSpec) -> None:
        """Mount. Raises ProfileError on a file outside the folder, MalformedError on one that does not parse."""
        folder = spec.address().folder()
        self._engine = spec.engine
        self._found = [_Found(_found(folder, file, name)) for name, file in spec.files.items()]
        size = sum(state.size for found in self._found for state in found.states)
        mounts = [Mount(reader_of(found.declared), found.check) for found in self._found]
        super().__init__(mounts, spec.memory_mb, resident=size * _RESIDENT_SHARE <= spec.memory_mb << 20)

    def facts(self) -> SourceFacts:
        """Files: whoever reads them sees the same, as long as they do not change. Raises MalformedError."""
        return SourceFacts(str(self._engine), duckdb.__version__, Snapshot.FILES, 1, self.intakes())

    def export_snapshot(self) -> str:
        """A fingerprint of the files' sizes and times, not of what they hold."""
        states = [(found.declared.table, [(s.size, s.modified) for s in found.states]) for found in self._found]
        return hashlib.sha256(repr(sorted(states)).encode()).hexdigest()

    def adopt_snapshot(self, token: str | None) -> None:
        """Raises MalformedError when the files are no longer those of ``token``."""
        for found in self._found:
            found.check()
        if token is not None and token != self.export_snapshot():
            raise MalformedError("the files are not those that the plan was made on", hint="plan again")


def _quoted(name: str) -> str:
    return '"' + name.replace('"', '""') + '"'


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
