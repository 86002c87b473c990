"""What an age file of ours holds: one batch as an Arrow IPC stream, compressed, with a header that binds it (law 10).

``docs/reference/parcel.md`` describes the format ``ecluse.parcel/1``. Any Arrow library reads it. ``unpack`` is a
parser of bytes from outside: whatever arrives, it returns what ``pack`` could have written, or raises.
"""

import dataclasses
import re
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from ecluse.domain.errors import InternalError, Location, MalformedError, TamperError
from ecluse.migration.framing import extent
from ecluse.wire.canonical import canonical, parse

FORMAT = "ecluse.parcel/1"
MAX_ROWS = 5_000_000
MAX_BYTES = 1 << 32
"""A parcel never holds more: a stream that claims more is refused before any of it is decompressed."""

_METADATA = b"ecluse.parcel"
_BATCH_ROWS = 131_072
_SAMPLE = 4_096
_FEW = 256
"""Different values in a sample, at most, for a text column to travel as a dictionary: 12.0 instead of 17.7 MB per
million rows at equal time (zstd level 1, measured)."""
_OPTIONS = pa.ipc.IpcWriteOptions(compression=pa.Codec("zstd", compression_level=1), use_threads=False)
_DIGEST = re.compile(r"sha256:[0-9a-f]{64}")
_IDENTIFIER = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,99}")
_KEY = re.compile(r"[0-9a-f]{64}")


@dataclass(frozen=True, slots=True)
class Header:
    """What the sealed rows are bound to. ``rows`` does not count canaries; ``digest_key`` is 32 bytes."""

    order: str
    plan: str
    batch: str
    entity: str
    rows: int
    canaries: tuple[int, ...]
    digest_key: bytes = dataclasses.field(repr=False)


def pack(rows: pa.Table, header: Header) -> pa.Buffer:
    """The stream. Rows are wire-typed: text, date32, timestamp[us], decimal128, int64, boolean, binary.

    Raises:
        InternalError: another type, or a header that ``unpack`` would refuse; names the column.
        MalformedError: more than a parcel may hold.
    """
    if rows.num_rows > MAX_ROWS or rows.nbytes > MAX_BYTES:
        raise MalformedError("a batch is larger than a parcel may be", hint="plan smaller batches")
    if not rows.num_columns or rows.num_rows != header.rows + len(header.canaries):
        raise InternalError("rows without columns, or not as many as their header says")
    columns = [_compact(_plain(name, rows.column(name))) for name in rows.column_names]
    metadata = {_METADATA: canonical(_written(header))}
    fields = [pa.field(name, column.type) for name, column in zip(rows.column_names, columns, strict=True)]
    table = pa.table(columns, schema=pa.schema(fields, metadata))
    sink = pa.BufferOutputStream()
    with pa.ipc.new_stream(sink, table.schema, options=_OPTIONS) as writer:
        writer.write_table(table, max_chunksize=_BATCH_ROWS)
    return sink.getvalue()


def unpack(data: bytes | pa.Buffer) -> tuple[Header, pa.Table]:
    """Header and rows, canaries among them, of bytes from outside; texts are plain strings again.

    Raises:
        MalformedError: not a parcel, or one larger than any may be. No value is told.
        TamperError: its header does not fit its rows.
    """
    claimed = extent(memoryview(data))
    if claimed.rows > MAX_ROWS or claimed.size > MAX_BYTES:
        raise MalformedError("a parcel claims to hold more than any may")
    table = _read(data)
    header = _header(table.schema)
    if table.num_rows != header.rows + len(header.canaries):
        raise TamperError("rows are not as many as the parcel's header says")
    return header, table.replace_schema_metadata(None)


def _read(data: bytes | pa.Buffer) -> pa.Table:
    with (
        suppress(pa.ArrowException, OSError, ValueError, MemoryError, KeyError, TypeError, IndexError),
        pa.ipc.open_stream(pa.py_buffer(data), options=pa.ipc.IpcReadOptions(use_threads=False)) as reader,
    ):
        _check_schema(reader.schema)
        table = reader.read_all()
        table.validate(full=True)
        return pa.table([_expanded(column) for column in table.columns], schema=_plain_schema(table.schema))
    # Raised out here so that Arrow's own error, which can show values, is not even its context.
    raise MalformedError("not a parcel: no valid Arrow stream")


def _check_schema(schema: pa.Schema) -> None:
    if set(schema.metadata or ()) != {_METADATA}:
        raise MalformedError("not a parcel: its metadata are not ours")
    if len(set(schema.names)) != len(schema.names):
        raise MalformedError("a column stands twice in the parcel")
    for field in schema:
        if field.metadata or not field.nullable or not (_is_wire(field.type) or _is_compact(field.type)):
            raise MalformedError("a column of the parcel has no wire type")


def _plain_schema(schema: pa.Schema) -> pa.Schema:
    fields = [pa.field(f.name, pa.string() if _is_compact(f.type) else f.type) for f in schema]
    return pa.schema(fields, schema.metadata)


def _is_wire(kind: pa.DataType) -> bool:
    exact = (pa.string(), pa.date32(), pa.timestamp("us"), pa.int64(), pa.bool_(), pa.binary())
    return kind in exact or bool(pa.types.is_decimal128(kind) and 0 <= kind.scale <= kind.precision)


def _is_compact(kind: pa.DataType) -> bool:
    if not pa.types.is_dictionary(kind):
        return False
    narrow = kind.index_type in (pa.int8(), pa.int16())
    return bool(narrow and kind.value_type == pa.string() and not kind.ordered)


def _plain(name: str, column: pa.ChunkedArray) -> pa.ChunkedArray:
    """The column in its wire type and, where Arrow can, in one piece: canaries would show as batches of one row."""
    kind = column.type
    if pa.types.is_large_string(kind) or pa.types.is_string_view(kind):
        column = column.cast(pa.string())
    elif not _is_wire(kind):
        raise InternalError(f"type {kind} is not a wire type", location=Location(field=name))
    if column.num_chunks <= 1:
        return column
    whole = column.combine_chunks()
    return whole if isinstance(whole, pa.ChunkedArray) else pa.chunked_array([whole])


def _compact(column: pa.ChunkedArray) -> pa.ChunkedArray:
    """A text column of few different values as a dictionary with the narrowest index."""
    if column.type != pa.string() or column.num_chunks != 1 or not len(column):
        return column
    if pc.count_distinct(column.slice(0, _SAMPLE)).as_py() > _FEW:
        return column
    encoded = column.chunk(0).dictionary_encode()
    for index in (pa.int8(), pa.int16()):
        if len(encoded.dictionary) <= 1 << (index.bit_width - 1):
            narrow = pa.DictionaryArray.from_arrays(encoded.indices.cast(index), encoded.dictionary)
            return pa.chunked_array([narrow])
    return column


def _expanded(column: pa.ChunkedArray) -> pa.ChunkedArray:
    if not pa.types.is_dictionary(column.type):
        return column
    if sum(_expanded_sizes(column)) > MAX_BYTES:
        raise MalformedError("a parcel claims to hold more than any may")
    return column.cast(pa.string())


def _expanded_sizes(column: pa.ChunkedArray) -> Iterator[int]:
    """At most how many bytes each chunk's texts take: a short stream can refer to one long text millions of times."""
    for chunk in column.chunks:
        longest = pc.max(pc.binary_length(chunk.dictionary)).as_py() or 0
        yield longest * len(chunk)


def _written(header: Header) -> dict[str, Any]:
    return {
        "format": FORMAT,
        "order": header.order,
        "plan": header.plan,
        "batch": header.batch,
        "entity": header.entity,
        "rows": header.rows,
        "canaries": list(header.canaries),
        "digest_key": header.digest_key.hex(),
    }


def _header(schema: pa.Schema) -> Header:
    written = schema.metadata[_METADATA]
    value = parse(written)
    if not _is_header(value) or canonical(value) != written:
        raise MalformedError(f"not a header of format {FORMAT}")
    rows, canaries = value["rows"], value["canaries"]
    if any(left >= right for left, right in zip([-1, *canaries], [*canaries, rows + len(canaries)], strict=True)):
        raise TamperError("canary positions are not ascending positions of rows")
    return Header(
        order=value["order"],
        plan=value["plan"],
        batch=value["batch"],
        entity=value["entity"],
        rows=rows,
        canaries=tuple(canaries),
        digest_key=bytes.fromhex(value["digest_key"]),
    )


def _is_header(value: Any) -> bool:
    shapes = {"order": _DIGEST, "plan": _DIGEST, "batch": _IDENTIFIER, "entity": _IDENTIFIER, "digest_key": _KEY}
    if not isinstance(value, dict) or set(value) != {*shapes, "format", "rows", "canaries"}:
        return False
    texts = all(isinstance(value[name], str) and shape.fullmatch(value[name]) for name, shape in shapes.items())
    if not texts or value["format"] != FORMAT or not isinstance(value["canaries"], list):
        return False
    return all(type(n) is int and 0 <= n <= MAX_ROWS for n in [value["rows"], *value["canaries"]])
