"""Rows as the text that LOAD DATA reads, built column-wise, handed over without a file."""

import contextlib
import os
import threading
from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc

from ecluse.adapters.destinations._columns import plain_text

__all__ = ["Pipe"]

_LINES = 16_384
_ESCAPES = (("\\", "\\\\"), ("\t", "\\t"), ("\n", "\\n"), ("\0", "\\0"))


class Pipe:
    """Rows as LOAD DATA's text, through a pipe that a thread of ours fills: bounded memory, and no file."""

    def __init__(self, rows: pa.Table) -> None:
        self._rows = rows
        self._read, self._write = -1, -1
        self._thread: threading.Thread | None = None

    def __enter__(self) -> Path:
        self._read, self._write = os.pipe()
        self._thread = threading.Thread(target=self._fill, daemon=True)
        self._thread.start()
        return Path(f"/dev/fd/{self._read}")

    def __exit__(self, *_: object) -> None:
        os.close(self._read)  # a server that did not want it all: the thread gets EPIPE and ends
        if self._thread:
            self._thread.join()

    def _fill(self) -> None:
        with contextlib.suppress(BrokenPipeError), os.fdopen(self._write, "wb", buffering=0) as file:
            for batch in self._rows.to_batches(max_chunksize=_LINES):
                view = memoryview(_lines(batch))
                while view:
                    view = view[file.write(view) or 0 :]


def _lines(batch: pa.RecordBatch) -> pa.Buffer:
    fields = [pc.fill_null(_field(array), "\\N") for array in batch.columns]
    lines = pc.binary_join_element_wise(*fields, "\t")
    ended = pc.binary_join_element_wise(lines, "", "\n")
    return pc.binary_join(pa.ListArray.from_arrays(pa.array([0, len(ended)], pa.int32()), ended), "")[0].as_buffer()


def _field(array: pa.Array) -> pa.Array:
    if pa.types.is_binary(array.type):
        # Documents: few and long, and hex() is C; the loop costs nothing beside them.
        return pa.array([None if v is None else v.hex() for v in array.to_pylist()], pa.string())
    if pa.types.is_boolean(array.type):
        return array.cast(pa.int8()).cast(pa.string())
    if pa.types.is_decimal(array.type):
        return plain_text(pa.chunked_array([array])).combine_chunks()
    if not pa.types.is_string(array.type):
        return array.cast(pa.string())
    for raw, escaped in _ESCAPES:
        array = pc.replace_substring(array, raw, escaped)
    return array
