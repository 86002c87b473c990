"""The published vectors of docs/reference/row-digest.md, against the reference and against what runs."""

import datetime as dt
import json
import runpy
from decimal import Decimal
from pathlib import Path
from typing import Any

import digest_reference as reference
import pyarrow as pa
import pytest

from ecluse.migration.digest import group_digests, row_digests

HERE = Path(__file__).parent
TYPES = {
    "text": pa.string(),
    "integer": pa.int64(),
    "decimal": pa.decimal128(38, 18),
    "date": pa.date32(),
    "datetime": pa.timestamp("us"),
    "boolean": pa.bool_(),
    "binary": pa.binary(),
}
READ = {
    "decimal": Decimal,
    "date": dt.date.fromisoformat,
    "datetime": dt.datetime.fromisoformat,
    "binary": lambda value: bytes.fromhex(value["hex"]),
}
VECTORS = [vector for path in sorted(HERE.glob("*.json")) for vector in json.loads(path.read_text(encoding="utf-8"))]


def _rows(vector: dict[str, Any]) -> list[list[Any]]:
    kinds = [column["class"] for column in vector["columns"]]
    return [
        [None if v is None else READ.get(kind, lambda v: v)(v) for kind, v in zip(kinds, row["values"], strict=True)]
        for row in vector["rows"]
    ]


def _table(vector: dict[str, Any]) -> pa.Table:
    rows = _rows(vector)
    if not vector["columns"]:
        return pa.table({"a": [0] * len(rows)}).select([])
    schema = pa.schema([(column["name"], TYPES[column["class"]]) for column in vector["columns"]])
    columns = list(zip(*rows, strict=True))
    return pa.table([pa.array(values, kind) for values, kind in zip(columns, schema.types, strict=True)], schema=schema)


@pytest.mark.parametrize("vector", [pytest.param(vector, id=vector["name"]) for vector in VECTORS])
def test_vector(vector: dict[str, Any]) -> None:
    key, columns = bytes.fromhex(vector["key"]), [(c["name"], c["class"]) for c in vector["columns"]]
    wanted = [row["digest"] for row in vector["rows"]]
    assert reference.derived_key(key, [name for name, _ in columns], reference.ROW).hex() == vector["row_key"]
    assert [reference.row_block(columns, row, key).hex() for row in _rows(vector)] == [
        r["block"] for r in vector["rows"]
    ]
    cells = [[reference.cell(columns, at, v, key).hex() for at, v in enumerate(row)] for row in _rows(vector)]
    assert cells == [row["cells"] for row in vector["rows"]]
    assert [reference.digest(columns, row, key).hex() for row in _rows(vector)] == wanted
    table = _table(vector)
    assert row_digests(table, key).tobytes().hex() == "".join(wanted)
    years, sites = pa.nulls(table.num_rows, pa.int32()), pa.nulls(table.num_rows, pa.string())
    (group,) = group_digests(table, years, sites, key)
    assert (group.rows, group.digest) == (table.num_rows, vector["sum"])


def test_rows_that_must_differ_do() -> None:
    vectors = json.loads((HERE / "distinct.json").read_text(encoding="utf-8"))
    digests = [row["digest"] for vector in vectors for row in vector["rows"]]
    assert len(digests) == len(set(digests))


def test_vectors_are_what_the_reference_writes() -> None:
    generator = runpy.run_path(str(HERE / "generate.py"))
    for name, vectors in generator["VECTORS"].items():
        published = json.loads((HERE / f"{name}.json").read_text(encoding="utf-8"))
        assert published == [generator["_vector"](*vector) for vector in vectors]
