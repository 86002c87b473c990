"""Rows → FHIR resources → rows: the same, whatever the values (law 3)."""

import json
from functools import cache

import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ecluse.adapters.fhir.reader import read_rows
from ecluse.adapters.fhir.writer import Naming, write_rows
from fhir_rows import TEXTS, rows, schema

ENTITIES = ("patient", "practitioner", "site", "request", "specimen", "observation", "report", "comment", "payer")


@cache
def naming() -> Naming:
    return Naming("dxlab", "Europe/Paris")


def back(entity: str, table: pa.Table, pretty: bool = False) -> pa.Table:
    resources = write_rows(entity, table, naming()).with_ids()
    if pretty:  # what a server makes of it: other spaces, other escapes, members in another order
        texts = [json.loads(text, parse_float=_Digits, parse_int=_Digits) for text in resources.to_pylist()]
        resources = pa.array([_dumped(text) for text in texts], pa.string())
    return pa.Table.from_batches([read_rows(entity, resources, table.schema, naming())])


class _Digits(str):
    __slots__ = ()


def _dumped(value: object) -> str:
    if isinstance(value, _Digits):
        return str(value)
    if isinstance(value, dict):
        members = (f"{json.dumps(k)} :\n {_dumped(v)}" for k, v in reversed(value.items()))
        return "{ " + ",\r\n".join(members) + "\n}"
    if isinstance(value, list):
        return "[\t" + " , ".join(map(_dumped, value)) + "]"
    return json.dumps(value)


@pytest.mark.parametrize("entity", ENTITIES)
@given(data=st.data())
def test_every_row_comes_back(entity: str, data: st.DataObject) -> None:
    table = data.draw(rows(entity))
    found = back(entity, table, pretty=data.draw(st.booleans()))
    assert found.schema == table.schema
    assert found.to_pylist() == table.to_pylist()


@pytest.mark.parametrize("entity", ENTITIES)
def test_every_hostile_text_in_every_text_column(entity: str) -> None:
    columns = schema(entity)
    texts = [name for name in columns.names if columns.field(name).type == pa.string()]
    table = pa.table({name: pa.array(TEXTS) for name in texts}).cast(pa.schema([columns.field(n) for n in texts]))
    assert back(entity, table).equals(table)


@pytest.mark.parametrize("entity", ENTITIES)
def test_empty_is_not_missing(entity: str) -> None:
    columns = schema(entity)
    texts = [name for name in columns.names if columns.field(name).type == pa.string() and name != "source_id"]
    empty = {"source_id": ["1", "2"]} | {name: ["", None] for name in texts}
    table = pa.table({name: pa.array(values, pa.string()) for name, values in empty.items()})
    assert back(entity, table).to_pylist() == table.to_pylist()
