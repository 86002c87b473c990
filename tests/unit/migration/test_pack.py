"""Parcels: what goes in comes out, bound to its header; everything else is refused, cheaply and in our words."""

import datetime as dt
import json
import struct
from collections.abc import Callable
from dataclasses import replace
from decimal import Decimal
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest

from ecluse.domain.errors import InternalError, MalformedError, TamperError
from ecluse.migration import pack as module
from ecluse.migration.pack import Header, pack, unpack
from ecluse.wire.canonical import canonical

SECRET = "DUPONT"
HEADER = Header(
    order="sha256:" + "0" * 64,
    plan="sha256:" + "1" * 64,
    batch="observation-0001",
    entity="observation",
    rows=3,
    canaries=(),
    digest_key=bytes(range(32)),
)
ROWS = pa.table(
    {
        "source_id": pa.array(["1", "2", SECRET]),
        "comment": pa.array([None, "", "é\0"]),
        "observed_on": pa.array([-(2**63), None, 2**63 - 1]).cast(pa.timestamp("us")),
        "day": pa.array([dt.date.min, None, dt.date.max]),
        "value": pa.array([Decimal("1.5"), None, Decimal("-0.0001")], pa.decimal128(14, 4)),
        "rank": pa.array([-(2**63), None, 2**63 - 1]),
        "urgent": pa.array([True, None, False]),
        "content": pa.array([b"", None, b"\0\xff"]),
    }
)


def stream(
    rows: pa.Table,
    header: Any = None,
    *,
    metadata: dict[bytes, bytes] | None = None,
    options: pa.ipc.IpcWriteOptions | None = None,
) -> bytes:
    """A parcel made with Arrow alone: ``header`` as JSON value or bytes."""
    written = header if isinstance(header, bytes) else canonical(header or module._written(HEADER))
    named = {b"ecluse.parcel": written} if metadata is None else metadata
    sink = pa.BufferOutputStream()
    table = rows.replace_schema_metadata(named or None)
    with pa.ipc.new_stream(sink, table.schema, options=options or module._OPTIONS) as writer:
        writer.write_table(table)
    return sink.getvalue().to_pybytes()


def refused(data: bytes | pa.Buffer, kind: type[Exception] = MalformedError) -> None:
    with pytest.raises(kind) as caught:
        unpack(data)
    assert SECRET not in str(caught.value)
    assert caught.value.__context__ is None or SECRET not in str(caught.value.__context__)


def test_a_stream_of_arrow_s_own_is_a_parcel() -> None:
    assert unpack(stream(ROWS)) == (HEADER, ROWS)


@pytest.mark.parametrize("count", [0, 1, 3])
@pytest.mark.parametrize("wrap", [bytes, pa.py_buffer, lambda buffer: buffer, memoryview])
def test_round_trip(count: int, wrap: Callable[[pa.Buffer], Any]) -> None:
    rows = ROWS.slice(0, count)
    header, back = unpack(wrap(pack(rows, replace(HEADER, rows=count))))
    assert header == replace(HEADER, rows=count)
    assert back.equals(rows)
    assert back.schema == rows.schema
    assert back.schema.metadata is None


def test_round_trip_in_batches_chunks_and_dictionaries() -> None:
    count = 300_000
    codes = pa.array(["GLU", "CREAT", None, "é"] * (count // 4))
    many = pa.array([str(n % 20_000) for n in range(count)])
    rows = pa.table({"source_id": pa.array([str(n) for n in range(count)]), "code": codes, "few_at_first": many.sort()})
    rows = pa.concat_tables([rows.slice(0, 7), rows.slice(7, 1), rows.slice(8)])
    data = pack(rows, replace(HEADER, rows=count))
    sent = pa.ipc.open_stream(data).read_all()
    assert sent.schema.field("code").type == pa.dictionary(pa.int8(), pa.string())
    assert sent.schema.field("source_id").type == pa.string()
    assert [len(batch) for batch in sent.column(0).chunks] == [131_072, 131_072, 37_856]
    assert unpack(data)[1].equals(rows)


@pytest.mark.parametrize("values", [129, 128, 127, 256, 32_768, 32_769])
def test_dictionaries_at_the_edges_of_their_index(values: int) -> None:
    texts = pa.array(["0"] * 5000 + [str(n) for n in range(values)])
    rows = pa.table({"a": texts})
    assert unpack(pack(rows, replace(HEADER, rows=len(texts))))[1].equals(rows)


def test_other_text_types_become_text() -> None:
    for kind in (pa.large_string(), pa.string_view()):
        rows = pa.table({"a": pa.array(["x", None, "é"]).cast(kind)})
        assert unpack(pack(rows, HEADER))[1].equals(pa.table({"a": ["x", None, "é"]}))


@pytest.mark.parametrize(
    "kind", [pa.float64(), pa.int32(), pa.timestamp("ms"), pa.date64(), pa.null(), pa.large_binary()]
)
def test_other_types_are_our_own_fault(kind: pa.DataType) -> None:
    with pytest.raises(InternalError) as caught:
        pack(pa.table({"colonne": pa.nulls(3, kind)}), HEADER)
    assert "colonne" in str(caught.value)


def test_a_header_that_does_not_fit_is_our_own_fault() -> None:
    with pytest.raises(InternalError):
        pack(ROWS, replace(HEADER, rows=2))
    with pytest.raises(InternalError):
        pack(ROWS.select([]), HEADER)


def test_the_key_is_not_shown() -> None:
    assert HEADER.digest_key.hex() not in repr(HEADER)
    assert repr(HEADER.digest_key) not in repr(HEADER)


def test_too_large_for_a_parcel(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "MAX_ROWS", 2)
    with pytest.raises(MalformedError):
        pack(ROWS, HEADER)


GOOD = module._written(HEADER)


@pytest.mark.parametrize(
    "change",
    [
        {"format": "ecluse.parcel/2"},
        {"format": None},
        {"order": "sha256:" + "0" * 63},
        {"order": "sha256:" + "A" * 64},
        {"order": "sha256:" + "0" * 64 + "\n"},
        {"order": 1},
        {"plan": ""},
        {"batch": "../x"},
        {"batch": "a" * 101},
        {"entity": None},
        {"rows": True},
        {"rows": "3"},
        {"rows": -1},
        {"rows": 10**30},
        {"rows": 10**400},
        {"canaries": [10**30]},
        {"canaries": [-1]},
        {"canaries": None},
        {"canaries": {}},
        {"canaries": [True]},
        {"canaries": ["0"]},
        {"digest_key": "0" * 62},
        {"digest_key": "0" * 66},
        {"digest_key": "F" * 64},
        {"more": 1},
    ],
)
def test_a_header_of_another_shape_is_refused(change: dict[str, Any]) -> None:
    refused(stream(ROWS, json.dumps(GOOD | change, sort_keys=True, separators=(",", ":")).encode()))


@pytest.mark.parametrize("name", sorted(GOOD))
def test_a_header_without_a_field_is_refused(name: str) -> None:
    refused(stream(ROWS, canonical({key: value for key, value in GOOD.items() if key != name})))


@pytest.mark.parametrize(
    "written",
    [
        b"",
        b"{}",
        b"[]",
        b"null",
        b"\xff",
        b"{" * 100_000,
        canonical(GOOD) + b" ",
        json.dumps(GOOD).encode(),
        b'{"rows":1.0}',
    ],
)
def test_a_header_that_is_not_canonical_json_is_refused(written: bytes) -> None:
    refused(stream(ROWS, written))


@pytest.mark.parametrize(
    ("rows", "canaries"),
    [(2, []), (4, []), (3, [0]), (1, [0, 0]), (1, [1, 0]), (2, [3]), (0, [0, 1, 3])],
)
def test_counts_and_positions_that_cannot_be(rows: int, canaries: list[int]) -> None:
    written = json.dumps(GOOD | {"rows": rows, "canaries": canaries}, sort_keys=True, separators=(",", ":")).encode()
    refused(stream(ROWS, written), TamperError)


def test_canaries_come_back() -> None:
    header = replace(HEADER, rows=1, canaries=(0, 2))
    assert unpack(pack(ROWS, header))[0] == header


@pytest.mark.parametrize("metadata", [{}, {b"x": b"y"}, {b"ecluse.parcel": canonical(GOOD), b"x": b""}])
def test_other_metadata_are_refused(metadata: dict[bytes, bytes]) -> None:
    refused(stream(ROWS, metadata=metadata))


@pytest.mark.parametrize(
    "field",
    [
        pa.field("a", pa.string(), nullable=False),
        pa.field("a", pa.string(), metadata={"x": "y"}),
        pa.field("a", pa.large_string()),
        pa.field("a", pa.int32()),
        pa.field("a", pa.float64()),
        pa.field("a", pa.timestamp("us", tz="UTC")),
        pa.field("a", pa.timestamp("ns")),
        pa.field("a", pa.decimal128(5, -2)),
        pa.field("a", pa.decimal128(5, 6)),
        pa.field("a", pa.decimal256(5, 2)),
        pa.field("a", pa.list_(pa.string())),
        pa.field("a", pa.struct([("x", pa.string())])),
        pa.field("a", pa.dictionary(pa.int32(), pa.string())),
        pa.field("a", pa.dictionary(pa.int8(), pa.int64())),
        pa.field("a", pa.dictionary(pa.int8(), pa.string(), ordered=True)),
        pa.field("a", pa.uuid()),
        pa.field("a", pa.json_()),
    ],
)
def test_other_columns_are_refused(field: pa.Field) -> None:
    schema = pa.schema([field])
    refused(stream(schema.empty_table(), GOOD | {"rows": 0}))


def test_a_column_twice_is_refused() -> None:
    refused(stream(pa.table([["x"] * 3, ["y"] * 3], names=["a", "a"])))


def test_text_that_is_not_utf8_is_refused() -> None:
    broken = pa.Array.from_buffers(
        pa.string(),
        3,
        [None, pa.array([0, 6, 7, 8], pa.int32()).buffers()[1], pa.py_buffer(SECRET.encode() + b"\xff\xfe")],
    )
    refused(stream(pa.table({"a": broken})))
    refused(stream(pa.table({"a": pa.DictionaryArray.from_arrays(pa.array([0, 0, 0], pa.int8()), broken)})))


def test_an_index_outside_its_dictionary_is_refused() -> None:
    wild = pa.DictionaryArray.from_arrays(pa.array([0, 9, 0], pa.int8()), pa.array([SECRET]), safe=False)
    refused(stream(pa.table({"a": wild})))


@pytest.mark.parametrize("codec", [None, "lz4"])
def test_other_compressions_are_refused(codec: str | None) -> None:
    refused(stream(ROWS, options=pa.ipc.IpcWriteOptions(compression=codec)))


def test_an_older_metadata_version_is_refused() -> None:
    refused(stream(ROWS, options=pa.ipc.IpcWriteOptions(metadata_version=pa.ipc.MetadataVersion.V4)))


def test_an_arrow_file_is_refused() -> None:
    sink = pa.BufferOutputStream()
    with pa.ipc.new_file(sink, ROWS.schema) as writer:
        writer.write_table(ROWS)
    refused(sink.getvalue())


def test_every_truncation_is_refused() -> None:
    data = pack(ROWS, HEADER).to_pybytes()
    for size in range(len(data)):
        refused(data[:size])


@pytest.mark.parametrize("more", [b"\0", b"\0" * 8, b"\xff\xff\xff\xff\0\0\0\0"])
def test_bytes_after_the_end_are_refused(more: bytes) -> None:
    refused(pack(ROWS, HEADER).to_pybytes() + more)


def test_a_second_stream_is_refused() -> None:
    refused(pack(ROWS, HEADER).to_pybytes() * 2)


def peak_growth(action: Callable[[], None]) -> int:
    """Megabytes that the process's peak grew by."""

    def peak() -> int:
        status = Path("/proc/self/status").read_text(encoding="ascii").splitlines()
        return next(int(line.split()[1]) for line in status if line.startswith("VmHWM")) // 1024

    before = peak()
    action()
    return peak() - before


@pytest.mark.parametrize("claim", [2**33, 2**62, 2**63 - 1, -2])
def test_a_claim_of_much_memory_is_refused_unread(claim: int) -> None:
    rows = pa.table({"a": pa.array(range(50_000), pa.int64())})
    data = bytearray(pack(rows, replace(HEADER, rows=50_000)))
    at = data.find(struct.pack("<q", 400_000) + b"\x28\xb5\x2f\xfd")  # before a zstd frame
    assert at > 0
    data[at : at + 8] = struct.pack("<q", claim)
    assert peak_growth(lambda: refused(bytes(data))) < 50


def test_a_bomb_of_rows_is_refused_unread() -> None:
    zeros = pa.table({"a": pa.nulls(1_000_000, pa.int64()).fill_null(0)})
    data = stream(pa.concat_tables([zeros] * 6), GOOD | {"rows": 6_000_000})
    assert len(data) < 1_000_000
    assert peak_growth(lambda: refused(data)) < 20


def test_a_bomb_of_a_dictionary_is_refused_unread() -> None:
    long = pa.array(["x" * 10_000_000])
    bomb = pa.DictionaryArray.from_arrays(pa.array([0] * 1_000_000, pa.int8()), long)
    data = stream(pa.table({"a": bomb}), GOOD | {"rows": 1_000_000})
    assert len(data) < 100_000
    assert peak_growth(lambda: refused(data)) < 100
