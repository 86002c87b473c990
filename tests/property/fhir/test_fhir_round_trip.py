"""Rows → FHIR resources → rows: the same, whatever the values (law 3)."""

import datetime as dt
import json
from decimal import Decimal
from functools import cache

import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ecluse.adapters.fhir.reader import read_request_dates, read_rows
from ecluse.adapters.fhir.writer import Naming, write_rows
from ecluse.domain.errors import DestinationError
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


def test_other_types_than_the_catalogues_come_back(tmp_path_factory: pytest.TempPathFactory) -> None:
    """A typed source gives what it has: other scales, days for moments, numbers for texts, dictionaries."""
    table = pa.table({
        "source_id": pa.array(["1", "2", "3"]).dictionary_encode(),
        "request": pa.array(["D1", None, "D1"], pa.large_string()),
        "value": pa.array([Decimal("1.5000"), Decimal("-0.0001"), None], pa.decimal128(14, 4)),
        "low": pa.array([1, None, -(2**40)], pa.int64()),
        "high": pa.array([1.5, -0.1, None], pa.float64()),
        "observed_on": pa.array([dt.date(2018, 3, 4), None, dt.date(1582, 10, 10)], pa.date32()),
        "validated_on": pa.array(["2018-03-04 09:30", "", None]),
        "rank": pa.array([1, 2, None], pa.int32()),
        "code": pa.array([5, None, 7], pa.int64()),
    })  # fmt: skip
    plain = {name: pa.string() for name in ("source_id", "request")}
    schema_ = pa.schema([(field.name, plain.get(field.name, field.type)) for field in table.schema])
    resources = write_rows("observation", table, naming()).with_ids()
    found = read_rows("observation", resources, schema_, naming())
    assert found.to_pylist() == table.to_pylist()


@pytest.mark.parametrize("kind", [pa.date32(), pa.timestamp("us"), pa.timestamp("s"), pa.string()])
def test_a_requests_day_is_known_whatever_type_it_has(kind: pa.DataType) -> None:
    days = [dt.date(2018, 3, 4), dt.date(1700, 1, 1), None]
    values = pa.array([None if day is None else str(day) for day in days])
    table = pa.table({"source_id": ["1", "2", "3"], "registered_on": values.cast(kind), "site": ["R", None, ""]})
    keys, found, sites = read_request_dates(write_rows("request", table, naming()).text, "registered_on", naming())
    assert (keys.to_pylist(), found.to_pylist(), sites.to_pylist()) == (["1", "2", "3"], days, ["R", None, ""])


def test_a_server_that_tells_times_in_utc_changes_no_wall_clock() -> None:
    moment = dt.datetime(2018, 7, 1, 0, 30)  # noqa: DTZ001  a wall clock
    table = pa.table({"source_id": ["1"], "observed_on": pa.array([moment], pa.timestamp("us"))})
    text = write_rows("observation", table, naming()).text[0].as_py()
    moved = text.replace("2018-07-01T00:30:00+02:00", "2018-06-30T22:30:00Z")
    assert moved != text
    assert read_rows("observation", pa.array([moved]), table.schema, naming()).to_pylist() == table.to_pylist()


@pytest.mark.parametrize(
    "change", [('"value":1.5', '"value":"a"'), ('"value":1.5', '"value":1e99'), ("{", "{{"), ('observation-rank","valueString":"1', 'observation-rank","valueString":"x')],
)  # fmt: skip
def test_what_cannot_have_been_loaded_is_refused_without_its_value(change: tuple[str, str]) -> None:
    columns = {
        "source_id": ["1"],
        "value": pa.array([Decimal("1.5")], pa.decimal128(28, 10)),
        "rank": pa.array([1], pa.int64()),
    }
    table = pa.table(columns)
    text = write_rows("observation", table, naming()).text[0].as_py()
    assert change[0] in text
    with pytest.raises(DestinationError):
        read_rows("observation", pa.array([text.replace(change[0], change[1], 1)]), table.schema, naming())


def test_a_row_without_key_is_refused() -> None:
    with pytest.raises(DestinationError, match="no source_id"):
        write_rows("patient", pa.table({"source_id": ["1", None]}), naming())


def test_a_text_longer_than_fhir_takes_is_refused_with_its_column() -> None:
    table = pa.table({"source_id": ["1"], "label": ["x" * ((1 << 20) + 1)]})
    with pytest.raises(DestinationError, match="label: 1 texts"):
        write_rows("observation", table, naming())
