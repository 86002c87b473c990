"""Whatever bytes arrive: a parcel, or one of our errors."""

from decimal import Decimal
from typing import Any

import pyarrow as pa
from hypothesis import given
from hypothesis import strategies as st

from ecluse.domain.errors import EcluseError
from ecluse.migration.canary import plant, strip
from ecluse.migration.pack import Header, pack, unpack

KEY = bytes(range(32))


def parcel(rows: pa.Table, n: int) -> tuple[bytes, Header]:
    planted, positions = plant(rows, KEY, "b-1", n)
    header = Header("sha256:" + "0" * 64, "sha256:" + "1" * 64, "b-1", "observation", rows.num_rows, positions, KEY)
    return pack(planted, header).to_pybytes(), header


VALUES: list[tuple[pa.DataType, st.SearchStrategy[Any]]] = [
    (pa.string(), st.text(max_size=30) | st.sampled_from(["GLU", "K", ""])),
    (pa.int64(), st.integers(-(2**63), 2**63 - 1)),
    (pa.decimal128(14, 4), st.integers(-(10**14) + 1, 10**14 - 1).map(lambda n: Decimal(f"{n}e-4"))),
    (pa.date32(), st.dates()),
    (pa.timestamp("us"), st.datetimes()),
    (pa.bool_(), st.booleans()),
    (pa.binary(), st.binary(max_size=30)),
]


@st.composite
def tables(draw: st.DrawFn) -> pa.Table:
    count = draw(st.integers(0, 30))
    chosen = draw(st.lists(st.sampled_from(VALUES), min_size=1, max_size=6))
    columns = [
        pa.array(draw(st.lists(st.none() | values, min_size=count, max_size=count)), kind) for kind, values in chosen
    ]
    return pa.table(columns, names=[f"c{at}" for at in range(len(columns))])


@given(tables(), st.integers(0, 5))
def test_round_trip(rows: pa.Table, n: int) -> None:
    data, header = parcel(rows, n)
    found, planted = unpack(data)
    assert found == header
    back = strip(planted, found.canaries)
    assert back.equals(rows)
    assert parcel(back, n)[0] == data


SAMPLES = [
    parcel(pa.table({"source_id": ["1", "2", "3"], "value": pa.array([1, None, 3]).cast(pa.decimal128(38, 10))}), 2)[0],
    parcel(
        pa.table({"source_id": [str(n) for n in range(400)], "code": ["GLU", "K"] * 200, "b": [True, None] * 200}), 3
    )[0],
    parcel(pa.table({"source_id": pa.array([], pa.string())}), 0)[0],
]
edits = st.tuples(
    st.sampled_from(["set", "cut", "insert", "copy", "number"]), st.integers(0, 2**16), st.integers(0, 2**16)
)
numbers = st.sampled_from([0, 1, -1, 2**31 - 1, -(2**31), 2**16, 8, 255])


def mutated(sample: bytes, changes: list[tuple[str, int, int]], number: int) -> bytes:
    data = bytearray(sample)
    for what, at, how in changes:
        place = at % (len(data) + 1)
        if what == "set" and place < len(data):
            data[place] = how % 256
        elif what == "cut":
            del data[place : place + how % 40]
        elif what == "insert":
            data[place:place] = bytes([how % 256]) * (how % 16)
        elif what == "copy":
            data[place:place] = data[how % (len(data) + 1) :][:64]
        elif what == "number":
            data[place & ~3 : (place & ~3) + 4] = number.to_bytes(4, "little", signed=True)
    return bytes(data)


@given(st.sampled_from(SAMPLES), st.lists(edits, min_size=1, max_size=4), numbers)
def test_only_our_errors_leave(sample: bytes, changes: list[tuple[str, int, int]], number: int) -> None:
    try:
        header, rows = unpack(mutated(sample, changes, number))
    except EcluseError:
        return
    assert rows.num_rows == header.rows + len(header.canaries)
    rows.validate(full=True)
    strip(rows, header.canaries)


@given(st.binary(max_size=300))
def test_arbitrary_bytes_are_refused(data: bytes) -> None:
    for start in (b"", SAMPLES[0][:8], SAMPLES[0][:400]):
        try:
            unpack(start + data)
        except EcluseError:
            continue
        raise AssertionError
