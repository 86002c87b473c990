"""SQL dumps of PostgreSQL, MariaDB and MySQL: loaded into a throw-away server in memory, read as any other.

``dump:///path/lab.sql?engine=mysql``. The server (``_throwaway``) lives in memory or on an encrypted disk, on a socket,
as long as a connection of this process is open. A dump is loaded once a process, by a role without rights on files and
programs, through a client that runs nothing but SQL (``_restoring``); it is read by a role that only reads. A dump that
does not load whole is refused.

PostgreSQL's plain, custom and tar formats, MariaDB's and MySQL's text; each may be gzipped.
"""

import hashlib
import re
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

import pyarrow as pa

from ecluse.adapters.sources import _dump_mariadb, _dump_postgresql, _restoring
from ecluse.adapters.sources._throwaway import Place, Server, new_place
from ecluse.adapters.sources.mysql import MysqlSource
from ecluse.adapters.sources.postgresql import PostgresqlSource
from ecluse.adapters.sources.spec import Address, SourceSpec
from ecluse.domain.errors import ProfileError, UsageError
from ecluse.domain.plan import Snapshot, SourceFacts
from ecluse.domain.profile import Engine
from ecluse.migration.ports import Source

_TOKEN = "dump"  # noqa: S105  (a snapshot's name)
_ROOM = 3  # times a dump's size: its rows with their indexes, and the server's own
_SERVER_ROOM = 300 << 20
_UNZIPPED = 8  # times a zipped dump's size
_ENCODING = re.compile(r"[A-Za-z0-9_]+")
_UNSET = "ECLUSE_DUMP_PASSWORD"


@dataclass
class _Loaded:
    """A dump in its server, and how many connections of this process read it."""

    server: Server
    spec: SourceSpec
    digest: str
    readers: int = 0


@dataclass
class _Shelf:
    """The dumps that this process has loaded."""

    loaded: dict[str, _Loaded] = field(default_factory=dict)
    lock: threading.Lock = field(default_factory=threading.Lock)

    def take(self, spec: SourceSpec) -> _Loaded:
        """The dump of a spec, loaded if it is not yet."""
        with self.lock:
            if spec.url not in self.loaded:
                self.loaded[spec.url] = _load(spec)
            found = self.loaded[spec.url]
            found.readers += 1
            return found

    def give_back(self, url: str) -> None:
        """One reader less; after the last, the server goes."""
        with self.lock:
            found = self.loaded[url]
            found.readers -= 1
            if not found.readers:
                del self.loaded[url]
                found.server.close()


_SHELF = _Shelf()


class DumpSource:
    """One connection to a loaded dump. Nobody writes to it, so that all connections see one state."""

    def __init__(self, spec: SourceSpec) -> None:
        """Load the dump, if this process has not. Raises UsageError, ProfileError, MalformedError, RetryableError."""
        self._url: str | None = spec.url
        self._loaded = _SHELF.take(spec)
        try:
            self._inner: Source = _opened(self._loaded.spec)
        except BaseException:
            self._leave()
            raise
        self.dialect = self._inner.dialect

    def facts(self) -> SourceFacts:
        """The throw-away server's engine and version, and the dump's digest."""
        inner = self._inner.facts()
        version = f"{inner.version}, from the dump sha256:{self._loaded.digest}"
        return SourceFacts(inner.engine, version, Snapshot.SHARED, 2)

    def export_snapshot(self) -> str:
        """The dump as it was loaded."""
        self._inner.adopt_snapshot(None)
        return _TOKEN

    def adopt_snapshot(self, token: str | None) -> None:
        """The same again. Raises ProfileError for any other token."""
        if token not in {None, _TOKEN}:
            raise ProfileError("that is no snapshot of a dump's")
        self._inner.adopt_snapshot(None)

    def query(self, sql: str) -> pa.Table:
        """A small result. Raises ProfileError, ConnectionLostError."""
        return self._inner.query(sql)

    def stream(self, sql: str, batch_rows: int) -> Iterator[pa.RecordBatch]:
        """The rows, in batches of about ``batch_rows``. Raises ProfileError, ConnectionLostError."""
        yield from self._inner.stream(sql, batch_rows)

    def close(self) -> None:
        """Let the connection go; the last one ends the server and wipes it."""
        if self._url is not None:
            self._inner.close()
            self._leave()

    def _leave(self) -> None:
        if self._url is not None:
            _SHELF.give_back(self._url)
            self._url = None


def _opened(spec: SourceSpec) -> Source:
    return PostgresqlSource(spec) if spec.engine is Engine.POSTGRESQL else MysqlSource(spec)


def _load(spec: SourceSpec) -> _Loaded:
    address = spec.address()
    path = address.folder()
    if not path.is_file():
        raise UsageError("the dump of the source is not there, or is no file")
    if spec.engine not in _LOADERS:
        raise UsageError("a dump is of postgresql or mysql", hint="dump:///path?engine=mysql")
    encoding = address.options.get("encoding", "")
    if encoding and not _ENCODING.fullmatch(encoding):
        raise UsageError("the encoding in the source's URL is not known")
    size = path.stat().st_size * (_UNZIPPED if _restoring.is_zipped(path) else 1)
    place = new_place(spec.engine, address.options.get("scratch"), size * _ROOM + _SERVER_ROOM)
    server, url = _LOADERS[spec.engine](place, path, address)
    inner = SourceSpec(spec.engine, url, password_env=_UNSET, passfile=str(place.passfile), memory_mb=spec.memory_mb)
    with path.open("rb") as whole:
        digest = hashlib.file_digest(whole, "sha256").hexdigest()
    return _Loaded(server, inner, digest)


_LOADERS: dict[Engine, Callable[[Place, Path, Address], tuple[Server, str]]] = {
    Engine.POSTGRESQL: _dump_postgresql.load,
    Engine.MYSQL: _dump_mariadb.load,
}
