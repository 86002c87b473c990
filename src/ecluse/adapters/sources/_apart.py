"""Readers that stand on native libraries, each pass in a process of its own, bounded in memory and time.

Of a damaged workbook calamine takes all memory and ends its process; Parquet's decoders have written where they should
not. Neither may happen where keys are held, so the file is read by a child: what it gives comes back through a pipe, as
an Arrow stream, and is checked. A child that dies makes a file that is refused. Nothing is written, no core is dumped,
and what a library prints is not kept, for it may quote a cell.

Children are forked by a nursery (``_nursery``), a process with one thread that has loaded the libraries once.
"""

import atexit
import base64
import contextlib
import json
import os
import socket
import subprocess
import sys
import threading
from collections.abc import Collection, Generator, Iterator, Mapping
from dataclasses import asdict
from typing import Any, ClassVar

import pyarrow as pa

from ecluse.adapters.sources._nursery import BEGUN
from ecluse.adapters.sources._reading import Declared
from ecluse.domain import errors
from ecluse.domain.errors import EcluseError, Location, MalformedError
from ecluse.domain.files import FileIntake, SetAside

_MOST_TOLD = 1 << 24
_SECONDS, _SLOWEST = 30, 1 << 18
"""Seconds of work that every file may take, and bytes a second that a large one must make beyond them."""
_ROOM, _TIMES = 1 << 30, 256
"""Bytes of memory that every file may take, and by how many times its size a large one may take more."""
_NURSERY = "ecluse.adapters.sources._nursery"
_OURS = "ECLUSE_"
"""How variables begin that may hold a password of ours: a child needs none."""


class ApartReader:
    """A file's reader whose work is done by another class, in children. ``inner``: ``module:class``."""

    inner: ClassVar[str]

    def __init__(self, declared: Declared) -> None:
        """Raises what the inner reader does; MalformedError where its process dies."""
        self._declared = declared
        self._intake: FileIntake | None = None
        told = self._ask("tables")
        self.tables: Mapping[str, pa.Schema] = {
            name: pa.ipc.read_schema(pa.py_buffer(base64.b64decode(schema))) for name, schema in told.items()
        }

    def passing(self, tables: Collection[str]) -> Iterator[tuple[str, pa.RecordBatch]]:
        """The rows of the tables asked for. Raises as ``__init__``."""
        for table in tables:
            data, verdict = _child({"what": "rows", "table": table, **self._request()})
            with data, verdict:
                whole = yield from self._batches(data, table)
                data.close()  # or a child whose rows are not wanted would wait for ever to write them
                told = self._told(verdict)
            if not whole:
                raise self._dead()
            self._intake = _intake(told)

    def intake(self) -> FileIntake:
        """The account of every byte; by a pass of its own where none was whole yet. Raises as ``__init__``."""
        if self._intake is None:
            self._intake = _intake(self._ask("intake"))
        return self._intake

    def _batches(self, data: Any, table: str) -> Generator[tuple[str, pa.RecordBatch], None, bool]:
        """What the child sends, and whether it came to its end; if not, the verdict says why."""
        try:
            with pa.ipc.open_stream(data) as stream:
                if stream.schema != self.tables[table]:
                    return False
                for batch in stream:
                    batch.validate(full=True)
                    yield table, batch
        except (pa.ArrowException, OSError, ValueError):
            return False
        return True

    def _ask(self, what: str) -> Any:
        data, verdict = _child({"what": what, **self._request()})
        with data, verdict:
            return self._told(verdict)

    def _told(self, verdict: Any) -> Any:
        """What the child says at its end."""
        try:
            told = json.loads(verdict.read(_MOST_TOLD))
            kind = told.get("error")
            found = self._error(kind, told) if kind else None
        except (ValueError, TypeError, KeyError, AttributeError):
            raise self._dead() from None
        if found is not None:
            raise found
        return told["told"]

    def _error(self, kind: str, told: Mapping[str, Any]) -> EcluseError:
        cls = getattr(errors, kind)
        location = Location(*told["location"]) if told["location"] else None
        made: EcluseError = cls(told["message"], location=location, hint=told["hint"])
        return made

    def _dead(self) -> MalformedError:
        what = "what read the file died of it: it is damaged, or too large for this machine"
        return MalformedError(what, location=Location(self._declared.called(1)))

    def _request(self) -> dict[str, Any]:
        declared = self._declared
        size, machine = declared.size, os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
        file = asdict(declared.file) | {"format": str(declared.file.format)}
        return {
            "inner": self.inner, "memory": min(_ROOM + _TIMES * size, machine // 2),
            "seconds": _SECONDS + size // _SLOWEST, "table_name": declared.table, "file": file,
            "paths": [str(path) for path in declared.paths],
        }  # fmt: skip


def _intake(told: Mapping[str, Any]) -> FileIntake:
    aside = tuple(SetAside(**each) for each in told["set_aside"])
    return FileIntake(**{**told, "set_aside": aside})


class _Nursery:
    """This process's nursery, started when it is first needed; gone when this process is."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._of = 0
        self._line: socket.socket | None = None
        self._process: subprocess.Popen[bytes] | None = None

    def ask(self, request: bytes, ends: Collection[int]) -> None:
        """Have a child forked that is given the request and the ends of pipes. Raises OSError; then it is closed."""
        with self._lock:
            try:
                line = self._opened()
                socket.send_fds(line, [len(request).to_bytes(4, "big")], list(ends))
                line.sendall(request)
            except BaseException:  # half a request would make the next one no request either
                self._close()
                raise

    def close(self) -> None:
        """Let it end."""
        with self._lock:
            self._close()

    def _close(self) -> None:
        line, process, self._line, self._process = self._line, self._process, None, None
        if line is not None:
            line.close()
        if process is not None and self._of == os.getpid():
            process.wait()

    def _opened(self) -> socket.socket:
        if self._line is None or self._of != os.getpid():
            ours, theirs = socket.socketpair()
            with theirs:
                command = [sys.executable, "-P", "-m", _NURSERY, str(theirs.fileno())]
                public = {name: value for name, value in os.environ.items() if not name.startswith(_OURS)}
                public["ARROW_DEFAULT_MEMORY_POOL"] = "system"  # mimalloc takes a gibibyte of room at once
                quiet: Any = {"stdin": subprocess.DEVNULL, "stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}
                self._process = subprocess.Popen(command, pass_fds=[theirs.fileno()], env=public, **quiet)
            self._line, self._of = ours, os.getpid()
        return self._line


_NURSERY_HERE = _Nursery()
atexit.register(_NURSERY_HERE.close)


def _child(request: Mapping[str, Any]) -> tuple[Any, Any]:
    """What a child writes: its rows, and its verdict.

    A nursery that dies takes along what it was asked and has not begun: then a new one is asked, once.
    """
    for _ in range(2):
        with contextlib.suppress(OSError):
            made = _asked(json.dumps(request).encode())
            if made[1].read(len(BEGUN)) == BEGUN:
                return made
            for each in made:
                each.close()
        _NURSERY_HERE.close()
    raise errors.StorageError("no process can be started to read the file")


def _asked(request: bytes) -> tuple[Any, Any]:
    with contextlib.ExitStack() as kept:
        (rows, rows_end), (verdict, verdict_end) = os.pipe(), os.pipe()
        kept.callback(os.close, rows_end)
        kept.callback(os.close, verdict_end)
        made = open(rows, "rb", buffering=1 << 16), open(verdict, "rb")  # noqa: SIM115, PTH123 - ends of pipes
        try:
            _NURSERY_HERE.ask(request, [rows_end, verdict_end])
        except BaseException:
            for each in made:
                each.close()
            raise
    return made
