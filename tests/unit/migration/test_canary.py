"""Canaries: found again by whoever holds the key, unlike anything real, gone after ``strip``."""

import datetime as dt
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc
import pytest

from ecluse.domain.catalogue import CATALOGUE, FieldType
from ecluse.domain.errors import InternalError, TamperError
from ecluse.migration.canary import markers, plant, strip

KEY = bytes(range(32))
TYPES = {
    FieldType.DATE: pa.date32(),
    FieldType.DATETIME: pa.timestamp("us"),
    FieldType.DECIMAL: pa.decimal128(28, 10),
    FieldType.INTEGER: pa.int64(),
    FieldType.BOOLEAN: pa.bool_(),
    FieldType.BINARY: pa.binary(),
}
ENTITIES = {
    entity.name: pa.schema([(field.name, TYPES.get(field.type, pa.string())) for field in entity.columns])
    for entity in CATALOGUE
}


def rows_of(schema: pa.Schema, count: int) -> pa.Table:
    columns = [pa.nulls(count, kind) for kind in schema.types]
    table = pa.table(columns, schema=schema)
    if "source_id" in schema.names:
        keys = pa.array([f"R{n:06d}" for n in range(count)], pa.string())
        table = table.set_column(schema.get_field_index("source_id"), "source_id", keys)
    return table


def fakes_of(schema: pa.Schema, n: int = 50, name: str = "b-1") -> pa.Table:
    return plant(rows_of(schema, 0), KEY, name, n)[0]


def marked(row: dict[str, Any], wanted: tuple[bytes, ...]) -> bool:
    held = [v.encode() if isinstance(v, str) else v for v in row.values() if isinstance(v, str | bytes)]
    return any(marker in value for value in held for marker in wanted)


@pytest.mark.parametrize("count", [0, 1, 2, 1000])
@pytest.mark.parametrize("n", [0, 1, 3, 40])
def test_strip_undoes_plant(count: int, n: int) -> None:
    rows = rows_of(ENTITIES["observation"], count)
    planted, positions = plant(rows, KEY, "b-1", n)
    assert planted.num_rows == count + n
    assert list(positions) == sorted(set(positions))
    assert len(positions) == n
    assert planted.schema == rows.schema
    planted.validate(full=True)
    back = strip(planted, positions)
    assert back.equals(rows)
    assert back.schema == rows.schema


def test_positions_are_where_the_canaries_are() -> None:
    rows = rows_of(ENTITIES["patient"], 200)
    planted, positions = plant(rows, KEY, "b-1", 7)
    real = set(rows.column("source_id").to_pylist())
    keys = planted.column("source_id").to_pylist()
    assert tuple(at for at, key in enumerate(keys) if key not in real) == positions


def test_positions_differ_from_parcel_to_parcel_and_fall_everywhere() -> None:
    rows = rows_of(ENTITIES["site"], 9)
    seen = [plant(rows, KEY, f"b-{n}", 1)[1][0] for n in range(400)]
    assert {seen.count(position) > 10 for position in range(10)} == {True}


@pytest.mark.parametrize("entity", list(ENTITIES))
def test_every_canary_of_every_entity_carries_a_marker(entity: str) -> None:
    wanted = markers(KEY, ["b-1"], 50)
    fakes = fakes_of(ENTITIES[entity]).to_pylist()
    for index, row in enumerate(fakes):
        assert wanted[2 * index].decode() == row["source_id"]
        assert sum(marked({name: value}, wanted) for name, value in row.items()) > 1


@pytest.mark.parametrize("entity", list(ENTITIES))
def test_one_text_or_binary_column_is_enough(entity: str) -> None:
    for field in ENTITIES[entity]:
        if field.type in (pa.string(), pa.binary()):
            fakes = fakes_of(pa.schema([field]), n=5)
            found = markers(KEY, ["b-1"], 5)
            assert all(marked(row, found[2 * at : 2 * at + 2]) for at, row in enumerate(fakes.to_pylist())), field.name


def test_a_quarantine_s_raw_columns_carry_markers() -> None:
    schema = pa.schema([(name, pa.string()) for name in ("dossier_no", "naissance", "_reason")])
    found = markers(KEY, ["b-1.quarantine"], 3)
    for at, row in enumerate(fakes_of(schema, 3, "b-1.quarantine").to_pylist()):
        assert all(marked({name: value}, found[2 * at : 2 * at + 2]) for name, value in row.items())


def test_markers_belong_to_one_key_parcel_and_row() -> None:
    names = ["b-1", "b-2", "b-1.quarantine", "b-11"]
    every = [*markers(KEY, names, 20), *markers(KEY[::-1], names, 20)]
    assert len(set(every)) == len(every) == 2 * 4 * 20 * 2
    assert all(len(marker) in (18, 20) for marker in every)
    assert not any(one in other for one in every for other in every if one != other)


def test_a_name_ending_in_digits_is_not_another_row() -> None:
    assert markers(KEY, ["b-1"], 2)[2:] != markers(KEY, ["b-11"], 1)


def test_same_arguments_give_the_same_canaries() -> None:
    rows = rows_of(ENTITIES["patient"], 10)
    assert plant(rows, KEY, "b-1", 3)[0].equals(plant(rows, KEY, "b-1", 3)[0])
    assert not plant(rows, KEY, "b-1", 3)[0].equals(plant(rows, KEY, "b-2", 3)[0])


def test_types_and_ranges_are_natural() -> None:
    fakes = fakes_of(ENTITIES["patient"])
    assert set(fakes.column("sex").to_pylist()) == {"F", "M"}
    for name in ("birth_date", "death_date"):
        days = [dt.date.fromisoformat(day) for day in fakes.column(name).to_pylist()]
        assert all(1950 <= day.year <= 1999 for day in days)
    assert 1 <= fakes.column("last_visit_on").null_count <= 20
    for row in fakes.to_pylist():
        assert row["birth_date_raw"] == f"{dt.date.fromisoformat(row['birth_date']):%d/%m/%Y}"
        assert row["nir"].isdigit()
        assert row["family_name"].isupper()


@pytest.mark.parametrize(
    "kind", [pa.decimal128(2, 2), pa.decimal128(1, 0), pa.decimal128(38, 18), pa.int8(), pa.uint8()]
)
def test_numbers_fit_narrow_types(kind: pa.DataType) -> None:
    fakes = fakes_of(pa.schema([("source_id", pa.string()), ("value", kind)]))
    fakes.validate(full=True)
    assert fakes.column("value").type == kind


def test_a_key_that_a_row_has_is_not_used_again() -> None:
    taken = markers(KEY, ["b-1"], 2)[0].decode()
    first = plant(pa.table({"source_id": [taken]}), KEY, "b-1", 1)[0]
    longer = next(key for key in first.column("source_id").to_pylist() if key != taken)
    planted, positions = plant(pa.table({"source_id": [taken, longer]}), KEY, "b-1", 1)
    keys = planted.column("source_id")
    assert pc.count_distinct(keys).as_py() == 3
    assert keys[positions[0]].as_py().startswith(taken)
    assert len(keys[positions[0]].as_py()) == len(taken) + 2


def test_nothing_is_copied() -> None:
    rows = pa.table({"source_id": pa.array([str(n) for n in range(100_000)])})
    before = pa.total_allocated_bytes()
    planted, positions = plant(rows, KEY, "b-1", 3)
    stripped = strip(planted, positions)
    assert pa.total_allocated_bytes() - before < 100_000
    assert stripped.equals(rows)


@pytest.mark.parametrize("positions", [(-1,), (3,), (1, 1), (2, 1), (0, 99)])
def test_positions_that_cannot_be_are_refused(positions: tuple[int, ...]) -> None:
    with pytest.raises(TamperError):
        strip(pa.table({"source_id": ["a", "b", "c"]}), positions)


def test_types_that_no_parcel_has_are_our_own_fault() -> None:
    with pytest.raises(InternalError):
        fakes_of(pa.schema([("source_id", pa.string()), ("x", pa.list_(pa.int8()))]))
    with pytest.raises(InternalError):
        plant(pa.table({"a": [1]}).select([]), KEY, "b-1", 1)
