"""Row digests: the plain reference's function, blind to Arrow's representation, and to nothing else."""

import datetime as dt
import random
import sys
from collections import Counter
from decimal import Decimal
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pytest

from ecluse.domain.errors import InternalError, MalformedError
from ecluse.migration import encoding, groups
from ecluse.migration.digest import ZERO, add, group_digests, key_digest, row_digests

sys.path.insert(0, str(Path(__file__).parents[2] / "vectors" / "digest"))
import digest_reference as reference

KEY = bytes(range(32))
NAN = float("nan")
SECRET = "1234567"


def hexes(table: pa.Table, key: bytes = KEY) -> list[str]:
    digests = row_digests(table, key)
    assert digests.shape == (table.num_rows, 16)
    assert digests.dtype == np.uint8
    raw = digests.tobytes()
    return [raw[at : at + 16].hex() for at in range(0, len(raw), 16)]


def one(column: Any, name: str = "a") -> list[str]:
    return hexes(pa.table({name: column}))


def plain(table: pa.Table, kinds: list[str], key: bytes = KEY) -> list[str]:
    columns = list(zip(table.column_names, kinds, strict=True))
    return [reference.digest(columns, list(row.values()), key).hex() for row in table.to_pylist()]


LENGTHS = [0, 1, 11, 12, 13, 23, 24, 25, 36, 300]


@pytest.mark.parametrize("nulls", [0, 0.1, 0.5, 0.9])
@pytest.mark.parametrize("lengths", [LENGTHS, [0, 5, 12], [36], [24], [13, 14], [*LENGTHS, 4095, 4096, 4097, 9000]])
def test_equals_the_plain_reference_row_by_row(
    lengths: list[int], nulls: float, monkeypatch: pytest.MonkeyPatch
) -> None:
    chance = random.Random(1)

    def text(_row: int) -> str | None:
        return None if chance.random() < nulls else chance.choice("xé\0")[:1] * (chance.choice(lengths) // 2)

    texts = [text(row) for row in range(300)]
    blobs = [None if t is None else t.encode() + bytes(chance.choice([0, 1, 2])) for t in texts]
    table = pa.table({"a": texts, "b": pa.array(range(300)), "c": pa.array(blobs, pa.binary())})
    wanted = plain(table, ["text", "integer", "binary"])
    for many, pieces in ((1, 1 << 16), (8, 16), (100, 1), (1 << 20, 1 << 16), (1 << 20, 7)):
        monkeypatch.setattr(encoding, "_MANY", many)
        monkeypatch.setattr(encoding, "_SLICE_PIECES", pieces)
        assert hexes(table) == wanted, (many, pieces)


def test_two_rows_that_exchange_a_value_do_not_cancel_out() -> None:
    def total(rows: list[tuple[str, str]]) -> str:
        table = pa.table({"a": [a for a, _ in rows], "b": [b for _, b in rows]})
        return group_digests(table, pa.nulls(2), pa.nulls(2), KEY)[0].digest

    assert total([("x", "1"), ("y", "2")]) != total([("x", "2"), ("y", "1")])


def test_a_value_moved_to_another_column_is_another_row() -> None:
    table = pa.table({"a": ["x", None, "x", None, "y"], "b": [None, "x", "x", None, "y"]})
    assert len(set(hexes(table))) == 5


@pytest.mark.parametrize("size", [1, 2, 3, 7, 1000])
def test_slices_make_no_difference(size: int, monkeypatch: pytest.MonkeyPatch) -> None:
    table = pa.table({"a": [str(n) * (n % 50) for n in range(500)]})
    whole = hexes(table)
    nowhere = pa.nulls(500)
    together = group_digests(table, nowhere, nowhere, KEY)
    monkeypatch.setattr(encoding, "_SLICE_ROWS", size)
    assert hexes(table) == whole
    assert group_digests(table, nowhere, nowhere, KEY) == together
    monkeypatch.setattr(encoding, "_SLICE_BYTES", 64)
    assert hexes(table) == whole


TEXTS = pa.array(["", None, "12.5", "é\0", "x" * 100])
BYTES = pa.array([b"", None, b"1234", b"\0\0\0\0", b"abcd"])
FOURS = pa.array([b"zero", None, b"1234", b"\0\0\0\0", b"abcd"])
DAYS = pa.array([dt.date(1900, 1, 1), None, dt.date(1970, 1, 1), dt.date(2018, 2, 28)])
NUMBERS = pa.array([0, None, 1, -1, 127, -128])
POSITIVE = pa.array([0, None, 1, 127])
AMOUNTS = pa.array([Decimal("12.50"), None, Decimal("-0.01"), Decimal(0)], pa.decimal128(5, 2))
FLAGS = pa.array([True, None, False, True])


@pytest.mark.parametrize(
    ("values", "types"),
    [
        (TEXTS, [pa.large_string(), pa.string_view(), pa.dictionary(pa.int8(), pa.string())]),
        (TEXTS, [pa.dictionary(pa.uint32(), pa.large_string())]),
        (BYTES, [pa.large_binary(), pa.binary_view()]),
        (FOURS, [pa.binary(4)]),
        (DAYS, [pa.date64()]),
        (DAYS.cast(pa.timestamp("s")), [pa.timestamp("ms"), pa.timestamp("us"), pa.timestamp("ns")]),
        (NUMBERS, [pa.int8(), pa.int16(), pa.int32()]),
        (POSITIVE, [pa.uint8(), pa.uint16(), pa.uint32(), pa.uint64()]),
        (AMOUNTS, [pa.decimal32(9, 4), pa.decimal64(18, 2), pa.decimal128(14, 4), pa.decimal128(38, 18)]),
        (AMOUNTS, [pa.decimal256(76, 30), pa.decimal128(28, 10)]),
    ],
)
def test_what_arrow_calls_it_makes_no_difference(values: pa.Array, types: list[pa.DataType]) -> None:
    wanted = one(values)
    assert len(set(wanted)) == len(set(values.to_pylist()))
    for kind in types:
        assert one(values.cast(kind)) == wanted, kind


@pytest.mark.parametrize("values", [TEXTS, BYTES, DAYS, NUMBERS, AMOUNTS, FLAGS, TEXTS.dictionary_encode()])
def test_offsets_and_chunks_make_no_difference(values: pa.Array) -> None:
    wanted = one(values)
    around = pa.concat_arrays([values[-1:], values, values[:1]])
    assert one(around.slice(1, len(values))) == wanted
    pieces = [values.slice(at, 1) for at in range(len(values))]
    assert one(pa.chunked_array([values[:0], *pieces, values[:0]])) == wanted


def test_what_lies_under_a_null_makes_no_difference() -> None:
    valid = pa.py_buffer(b"\x05")  # rows 0 and 2
    clean = pa.table(
        {"t": ["a", None, "c"], "n": [1, None, 3], "d": pa.array([1, None, 3]).cast(pa.decimal128(38, 18))}
    )
    text = pa.Array.from_buffers(
        pa.string(),
        3,
        [valid, pa.array([0, 1, 5, 6], pa.int32()).buffers()[1], pa.py_buffer(b"a\xffxxxc"[:1] + b"yyyyc")],
    )
    number = pa.Array.from_buffers(pa.int64(), 3, [valid, pa.array([1, 99, 3]).buffers()[1]])
    wide = pa.array([1, 99, 3]).cast(pa.decimal128(38, 18)).buffers()[1]
    dirty = pa.table({"t": text, "n": number, "d": pa.Array.from_buffers(pa.decimal128(38, 18), 3, [valid, wide])})
    assert hexes(dirty) == hexes(clean)


def test_a_null_is_a_null_of_any_type() -> None:
    typed = [pa.nulls(2, kind) for kind in (pa.string(), pa.int8(), pa.decimal128(9, 2), pa.date32(), pa.binary())]
    assert len({tuple(one(column)) for column in [*typed, pa.nulls(2)]}) == 1
    mixed = pa.table({"a": ["x", None], "b": pa.array([Decimal(1), None], pa.decimal128(9, 2))})
    assert hexes(mixed)[1] == hexes(pa.table({"a": pa.nulls(1), "b": pa.nulls(1, pa.timestamp("s"))}))[0]


def test_no_rows_and_no_columns(monkeypatch: pytest.MonkeyPatch) -> None:
    assert hexes(pa.table({"a": pa.array([], pa.string())})) == []
    assert hexes(pa.table({"a": pa.chunked_array([], pa.string())})) == []
    assert len(set(hexes(pa.table({"a": [1, 2]}).select([])))) == 1
    monkeypatch.setattr(encoding, "_SLICE_ROWS", 3)
    assert len(hexes(pa.table({"a": range(10)}).select([]))) == 10


def test_names_order_and_key_are_bound() -> None:
    base = pa.table({"a": ["x"], "b": ["x"]})
    others = [base.rename_columns(["b", "a"]), base.rename_columns(["a", "c"]), base.rename_columns(["ab", ""])]
    seen = [hexes(base)[0], *(hexes(t)[0] for t in others), hexes(base, b"")[0], hexes(base, KEY + b"\0")[0]]
    assert len(set(seen)) == len(seen)


def test_two_columns_may_share_a_name() -> None:
    twice = pa.table([pa.array(["x"]), pa.array([1])], names=["a", "a"])
    assert len(hexes(twice)) == 1


@pytest.mark.parametrize(
    "column",
    [
        pa.array([1.5]),
        pa.array([NAN]),
        pa.array([dt.datetime(2018, 1, 1, tzinfo=dt.UTC)]),
        pa.array([1], pa.timestamp("ns")),
        pa.array([2**63], pa.uint64()),
        pa.array([2**62], pa.timestamp("s")),
        pa.array([Decimal(SECRET + "0" * 20)]),
        pa.array([Decimal("0." + "0" * 18 + SECRET)]),
        pa.array([[1]]),
        pa.array([dt.time(12)]),
    ],
)
def test_what_has_no_canonical_form_is_refused_without_its_value(column: pa.Array) -> None:
    with pytest.raises(MalformedError) as caught:
        row_digests(pa.table({"valeur": column}), KEY)
    assert caught.value.location is not None
    assert caught.value.location.field == "valeur"
    assert SECRET not in str(caught.value)
    assert caught.value.__context__ is None


def test_groups_are_sums_in_order() -> None:
    table = pa.table({"a": [str(n) for n in range(2000)]})
    chance = random.Random(2)
    years = [chance.choice([None, 2019, 2018]) for _ in range(2000)]
    sites = [chance.choice([None, "B", "A", ""]) for _ in range(2000)]
    wanted: dict[tuple[int | None, str | None], list[int]] = {}
    for value, year, site in zip(hexes(table), years, sites, strict=True):
        wanted.setdefault((year, site), []).append(int.from_bytes(bytes.fromhex(value), "little"))
    for kind in (pa.int16(), pa.int32(), pa.int64()):
        found = group_digests(
            table, pa.chunked_array([years[:7], years[7:]], kind), pa.array(sites).dictionary_encode(), KEY
        )
        assert {(g.year, g.site): (g.rows, int(g.digest, 16)) for g in found} == {
            group: (len(values), sum(values) % 2**128) for group, values in wanted.items()
        }
    assert [(g.year, g.site) for g in found[:5]] == [(None, None), (None, ""), (None, "A"), (None, "B"), (2018, None)]


def test_a_sum_forgets_order_and_counts_duplicates() -> None:
    def total(values: list[str]) -> str:
        nowhere = pa.nulls(len(values))
        return group_digests(pa.table({"a": values}), nowhere, nowhere, KEY)[0].digest

    assert total(["x", "y", "x"]) == total(["x", "x", "y"]) != total(["x", "y"])
    assert total(["x", "x"]) == add(total(["x"]), total(["x"])) != total(["y", "y"])


@pytest.mark.parametrize("sites", [["A"] * 5000, ["A", "B"] * 2500, ["A"] * 2500 + ["B"] * 2500])
@pytest.mark.parametrize("low", [2**64 - 1, 2**32 - 1, 2**63, 0])
@pytest.mark.parametrize("high", [2**64 - 1, 1])
def test_sums_are_exact_whatever_is_carried(sites: list[str], low: int, high: int) -> None:
    digests = np.tile(np.array([low, high], np.uint64), (5000, 1))
    sums = groups.Groups(5000, pa.nulls(5000), pa.array(sites))
    for start in range(0, 5000, 1111):
        sums.add(digests[start : start + 1111])
    each = 5000 // len(set(sites))
    wanted = [(None, site, each, each * ((high << 64) + low) % 2**128) for site in sorted(set(sites))]
    assert list(sums.sums()) == wanted


def test_years_and_sites_are_told_apart_however_they_are_held() -> None:
    table = pa.table({"a": list("abcdef")})
    years = [2018, 2018, 2019, None, 2018, 2018]
    for sites in (
        ["AB", "AB", "AB", "AB", "BA", "AB"],
        ["A", "AA", "A", "A", "AA", ""],
        ["", "", "", "", "", "A"],
        ["A"] * 6,
    ):
        wanted = Counter(zip(years, sites, strict=True))
        for at in range(6):
            around = pa.array([*sites, *sites])[at : at + 6]
            found = group_digests(table, pa.array([*years, *years])[at : at + 6], around, KEY)
            assert {(g.year, g.site): g.rows for g in found} == wanted


def test_add_is_modulo_two_to_the_128() -> None:
    assert add("f" * 32, "0" * 31 + "1") == ZERO
    assert add(ZERO, "0" * 30 + "ab") == "0" * 30 + "ab"


def test_no_rows_make_no_group() -> None:
    empty = pa.table({"a": pa.array([], pa.string())})
    assert group_digests(empty, pa.array([], pa.int32()), pa.array([], pa.string()), KEY) == ()


def test_years_and_sites_must_be_as_many_as_rows() -> None:
    with pytest.raises(InternalError):
        group_digests(pa.table({"a": ["x", "y"]}), pa.array([2018]), pa.array(["A", "B"]), KEY)


@pytest.mark.parametrize(
    "keys",
    [
        pa.array([3, 1, 2]),
        pa.array(["a", "b", "cd"]),
        pa.array([1.5, 2.5, -0.25]),
        pa.array([Decimal(1), Decimal(2), Decimal(3)]),
        pa.array([b"x", b"y", b""]),
        pa.array([2**63, 1, 2], pa.uint64()),
    ],
)
def test_keys_digest_tells_other_keys_and_not_another_order(keys: pa.Array) -> None:
    found = key_digest(pa.chunked_array([keys]), KEY)
    assert key_digest(pa.chunked_array([keys[2:], keys[:2]]), KEY) == found
    others = [keys[:2], pa.concat_arrays([keys, keys[:1]]), pa.concat_arrays([keys[:2], keys[:1]]), keys[:0]]
    seen = {key_digest(pa.chunked_array([each], keys.type), KEY) for each in others} | {
        key_digest(pa.chunked_array([keys]), b"")
    }
    assert len(seen) == 5
    assert found not in seen
