"""DuckDB as a reader: in memory, offline, without files of its own, its configuration locked."""

import importlib.util
from collections.abc import Iterator, Sequence
from pathlib import Path

import duckdb
import pyarrow as pa

from ecluse.adapters.sources._arrow import shaped
from ecluse.adapters.sources.spec import known_columns
from ecluse.domain.errors import InternalError

# to_arrow_reader() wraps the engine's errors in OSError, and a Python producer's in ArrowInvalid.
ERRORS = (duckdb.Error, OSError, pa.ArrowException, RuntimeError)


_Identity = tuple[str, int, int, int]
_VERIFIED: set[_Identity] = set()
"""Extensions, each by path, inode, size and time of change, whose signature DuckDB has checked in this process."""


def connect(memory_mb: int, threads: int, extensions: Sequence[str] = ()) -> duckdb.DuckDBPyConnection:
    """A connection that spills nothing, installs nothing and looks at no Python variable; ``extensions`` are paths.

    Raises InternalError: an extension that DuckDB does not take.
    """
    identities = {_identity(path) for path in extensions}
    # DuckDB checks a signature by reading the whole file (0.12 s of CPU, measured): once a process is enough.
    known = bool(identities) and identities <= _VERIFIED
    connection = duckdb.connect(":memory:", config={"allow_unsigned_extensions": known})
    for setting in (
        "temp_directory = ''",  # law 2: no spill file
        f"memory_limit = '{memory_mb}MB'",
        f"threads = {threads}",
        "autoinstall_known_extensions = false",
        "autoload_known_extensions = false",
        "allow_persistent_secrets = false",
        "python_enable_replacements = false",
        "preserve_insertion_order = false",
        "enable_progress_bar = false",
    ):
        connection.execute(f"SET {setting}")
    failed = False
    for path in extensions:
        try:
            connection.load_extension(path)
        except duckdb.Error:
            failed = True
    if failed:
        connection.close()
        raise InternalError("DuckDB does not take an extension", hint="reinstall 'ecluse[migration]'")
    connection.execute("SET allow_unsigned_extensions = false")
    _VERIFIED.update(identities)
    return connection


def _identity(path: str) -> _Identity:
    found = Path(path).stat()
    return path, found.st_ino, found.st_size, found.st_mtime_ns


def extension(package: str, name: str) -> str:
    """The path of an extension that a Python package carries. Raises InternalError when it is not installed."""
    spec = importlib.util.find_spec(package)
    if spec is None or spec.origin is None:
        raise InternalError(f"{package} is not installed", hint="pip install 'ecluse[migration]'")
    path = Path(spec.origin).parent / "extensions" / f"v{duckdb.__version__}" / f"{name}.duckdb_extension"
    if not path.is_file():
        raise InternalError(f"{package} is not the one of DuckDB {duckdb.__version__}", hint="install equal versions")
    return str(path)


def literal(text: str) -> str:
    """A string literal of DuckDB's."""
    return "'" + text.replace("'", "''") + "'"


def batches(cursor: duckdb.DuckDBPyConnection, sql: str, batch_rows: int) -> Iterator[pa.RecordBatch]:
    """A query's result, streamed in the wire's types, at least one batch; raises what ERRORS lists, ProfileError."""
    reader = cursor.execute(sql).to_arrow_reader(batch_rows)
    try:
        known_columns(reader.schema.names)
        empty = True
        for batch in reader:
            empty = False
            yield shaped(batch)
        if empty:
            yield shaped(pa.RecordBatch.from_pylist([], schema=reader.schema))
    finally:
        reader.close()


def ended(cursor: duckdb.DuckDBPyConnection) -> None:
    """Stop whatever the cursor runs and let it go.

    The ROLLBACK is explicit: left to the destructor, one that fails (the server died) aborts the whole process.
    """
    for step in (cursor.interrupt, lambda: cursor.execute("ROLLBACK"), cursor.close):
        try:
            step()
        except ERRORS:
            continue
