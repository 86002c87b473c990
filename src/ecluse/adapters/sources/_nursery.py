"""Forks the children that ``_apart`` asks for: ``python -P -m ecluse.adapters.sources._nursery DESCRIPTOR``.

A request is a length, two ends of pipes (rows, verdict) and JSON. A child is
bounded in memory and time, as it is asked; it writes that it has begun, rows as an Arrow stream, then its verdict,
and is gone.
"""

import base64
import contextlib
import ctypes
import json
import os
import resource
import signal
import socket
import sys
from collections.abc import Mapping
from dataclasses import asdict
from importlib import import_module
from pathlib import Path
from typing import Any

import pyarrow as pa

from ecluse.adapters.sources._reading import Declared, FileReader
from ecluse.domain.errors import EcluseError
from ecluse.domain.files import FileFormat, SourceFile

BEGUN = b" "
"""A verdict's first byte: whoever asked knows then that a child reads the file, and of what it died if it dies."""
_LOADED = ("ecluse.adapters.sources._excel", "ecluse.adapters.sources._parquet")
_PR_SET_DUMPABLE = 4


def main(line: socket.socket) -> None:
    """Serve until the line ends, which it does with the process at its other end."""
    _leave_no_core()
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    for module in _LOADED:
        with contextlib.suppress(ImportError):
            import_module(module)
    while True:
        head, ends, _, _ = socket.recv_fds(line, 4, 2)
        if len(head) < 4 or len(ends) != 2:  # noqa: PLR2004
            return
        request = _received(line, int.from_bytes(head, "big"))
        if os.fork() == 0:
            line.close()
            _serve(request, *ends)
        for end in ends:
            os.close(end)


def _leave_no_core() -> None:
    """For this process and its children, which die of what they read. A new program is dumpable again, prctl(2)."""
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(_PR_SET_DUMPABLE, 0, 0, 0, 0)  # a core that is piped to a handler ignores the limit


def _received(line: socket.socket, size: int) -> bytes:
    made = b""
    while len(made) < size and (part := line.recv(size - len(made))):
        made += part
    return made


def _serve(request: bytes, rows: int, verdict: int) -> None:
    """A child's whole life."""
    try:
        _write(verdict, BEGUN)
        asked = json.loads(request)
        _bound(asked["memory"], asked["seconds"])
        told = _answer(asked, rows)
        os.close(rows)
        _write(verdict, json.dumps(told).encode())
    finally:
        os._exit(0)


def _bound(memory: int, seconds: int) -> None:
    with contextlib.suppress(OSError, ValueError):
        used = int(Path("/proc/self/statm").read_text(encoding="ascii").split()[0]) * os.sysconf("SC_PAGE_SIZE")
        resource.setrlimit(resource.RLIMIT_AS, (used + memory, used + memory))
    resource.setrlimit(resource.RLIMIT_CPU, (seconds, seconds))
    signal.signal(signal.SIGINT, signal.SIG_DFL)


def _answer(asked: Mapping[str, Any], rows: int) -> dict[str, Any]:
    try:
        reader = _reader(asked)
        match asked["what"]:
            case "tables":
                told: Any = {
                    name: base64.b64encode(schema.serialize().to_pybytes()).decode()
                    for name, schema in reader.tables.items()
                }
            case what:
                if what == "rows":
                    _send(reader, asked["table"], rows)
                told = asdict(reader.intake())
    except EcluseError as error:
        where = error.location
        location = [where.file, where.line, where.field] if where else None
        return {"error": type(error).__name__, "message": error.message, "location": location, "hint": error.hint}
    return {"told": told}


def _reader(asked: Mapping[str, Any]) -> FileReader:
    told = asked["file"]
    file = SourceFile(**told | {"format": FileFormat(told["format"]), "fields": tuple(told["fields"])})
    module, _, name = asked["inner"].partition(":")
    made: FileReader = getattr(import_module(module), name)(
        Declared(asked["table_name"], file, tuple(map(Path, asked["paths"])))
    )
    return made


def _send(reader: FileReader, table: str, rows: int) -> None:
    with open(rows, "wb", closefd=False) as target, pa.ipc.new_stream(target, reader.tables[table]) as stream:
        for _, batch in reader.passing({table}):
            stream.write_batch(batch)


def _write(end: int, data: bytes) -> None:
    while data:
        data = data[os.write(end, data) :]


if __name__ == "__main__":
    main(socket.socket(fileno=int(sys.argv[1])))
