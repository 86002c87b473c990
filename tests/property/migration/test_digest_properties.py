"""Whatever the rows: digests are the plain reference's, and two tables' digests are equal where their values are."""

import sys
from decimal import Decimal
from itertools import pairwise
from pathlib import Path
from typing import Any

import pyarrow as pa
from hypothesis import given
from hypothesis import strategies as st

from ecluse.migration.digest import add, group_digests, row_digests

sys.path.insert(0, str(Path(__file__).parents[2] / "vectors" / "digest"))
import digest_reference as reference

TYPES = {
    "text": pa.string(),
    "integer": pa.int64(),
    "decimal": pa.decimal128(38, 18),
    "date": pa.date32(),
    "datetime": pa.timestamp("us"),
    "boolean": pa.bool_(),
    "binary": pa.binary(),
}
VALUES: dict[str, st.SearchStrategy[Any]] = {
    "text": st.text(max_size=40) | st.sampled_from(["", "\0", "0"]),
    "integer": st.integers(-(2**63), 2**63 - 1),
    "decimal": st.integers(-(10**38) + 1, 10**38 - 1).map(lambda n: Decimal(f"{n}e-18")),
    "date": st.dates(),
    "datetime": st.datetimes(),
    "boolean": st.booleans(),
    "binary": st.binary(max_size=40),
}


@st.composite
def tables(draw: st.DrawFn) -> tuple[list[reference.Column], list[list[Any]]]:
    kinds = draw(st.lists(st.sampled_from(sorted(TYPES)), min_size=1, max_size=10))
    columns = [(draw(st.text(max_size=5)), kind) for kind in kinds]
    rows = st.tuples(*(st.none() | VALUES[kind] for kind in kinds)).map(list)
    return columns, draw(st.lists(rows, max_size=12))


def arrow(columns: list[reference.Column], rows: list[list[Any]], cuts: list[int]) -> pa.Table:
    made = []
    for at, (_, kind) in enumerate(columns):
        values = pa.array([row[at] for row in rows], TYPES[kind])
        bounds = sorted({0, len(rows), *(cut % (len(rows) + 1) for cut in cuts)})
        pieces = [values[a:b] for a, b in pairwise(bounds)]
        made.append(pa.chunked_array(pieces, TYPES[kind]))
    return pa.table(made, names=[name for name, _ in columns])


@given(tables(), st.lists(st.integers(0, 12), max_size=4), st.binary(max_size=70))
def test_equals_the_reference(
    made: tuple[list[reference.Column], list[list[Any]]], cuts: list[int], key: bytes
) -> None:
    columns, rows = made
    wanted = b"".join(reference.digest(columns, row, key) for row in rows)
    assert row_digests(arrow(columns, rows, cuts), key).tobytes() == wanted


@given(tables(), tables())
def test_encodings_are_injective(
    one: tuple[list[reference.Column], list[list[Any]]], two: tuple[list[reference.Column], list[list[Any]]]
) -> None:
    columns, rows = one
    named = [(f"c{at}", kind) for at, (_, kind) in enumerate(columns)]
    other = [(f"c{at}", kind) for at, (_, kind) in enumerate(two[0])]
    seen: dict[bytes, tuple[Any, ...]] = {}
    for kinds, held in ((named, rows), (other, two[1])):
        for row, value in zip(held, row_digests(arrow(kinds, held, []), b"k"), strict=True):
            classes = tuple((None, None) if v is None else (k, v) for (_, k), v in zip(kinds, row, strict=True))
            assert seen.setdefault(value.tobytes(), classes) == classes


@given(tables(), st.randoms(use_true_random=False), st.integers(0, 12))
def test_sums_add_up_however_rows_are_cut(
    made: tuple[list[reference.Column], list[list[Any]]], chance: Any, cut: int
) -> None:
    columns, rows = made

    def total(part: list[list[Any]]) -> str:
        nowhere = pa.nulls(len(part))
        groups = group_digests(arrow(columns, part, []), nowhere, nowhere, b"k")
        return groups[0].digest if groups else "0" * 32

    shuffled = chance.sample(rows, len(rows))
    assert add(total(shuffled[:cut]), total(shuffled[cut:])) == total(rows)
