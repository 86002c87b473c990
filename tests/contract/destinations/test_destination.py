"""What every destination must do, whatever the engine."""
# ruff: noqa: DTZ001  the wire has local wall-clock times: no zone is invented

import datetime as dt
from concurrent.futures import ThreadPoolExecutor
from decimal import Decimal

import pyarrow as pa
import pytest

from destination_benches import (
    COLUMNS,
    DECIMAL,
    ORDER,
    SCHEMAS,
    SECOND,
    TABLES,
    Bench,
    batch,
    observations,
    patients,
    read,
    reports,
    requests,
    without_control,
)
from ecluse.domain.errors import DestinationError
from ecluse.domain.profile import LoadMode, TargetEntity

ROWS = {
    "patient": patients(10),
    "request": requests(8),
    "observation": observations(40),
    "report": reports(5),
}


def load(bench: Bench, mode: LoadMode, order: str = ORDER, **rows: pa.Table) -> None:
    with bench.open(mode) as destination:
        destination.prepare(order, {name: table.schema for name, table in rows.items()})
        for name, table in rows.items():
            half = table.num_rows // 2
            destination.stage(order, batch(f"{name}-1", name, table.slice(0, half)))
            destination.stage(order, batch(f"{name}-2", name, table.slice(half)))
        destination.publish(order)


def test_what_is_staged_is_read_back_identical(bench: Bench, mode: LoadMode) -> None:
    load(bench, mode, **ROWS)
    with bench.open(mode) as destination:
        for name, rows in ROWS.items():
            found = without_control(read(destination, name))
            assert found.schema == rows.schema
            assert found.equals(rows.combine_chunks()), name


def test_read_back_carries_date_and_site_of_the_request(bench: Bench, mode: LoadMode) -> None:
    load(bench, mode, **ROWS)
    with bench.open(mode) as destination:
        for name in ("request", "observation", "report"):
            rows = read(destination, name).to_pylist()
            for row in rows:
                number = int(row["source_id" if name == "request" else "request"][1:])
                assert row["_date"] == dt.date(2018 + number % 2, 3, 4)
                assert row["_site"] == ("RENNES", None)[number % 2]
        assert {row["_date"] for row in read(destination, "patient").to_pylist()} == {None}


def test_a_batch_is_loaded_once(bench: Bench, mode: LoadMode) -> None:
    with bench.open(mode) as destination:
        destination.prepare(ORDER, SCHEMAS)
        for _ in range(2):
            destination.stage(ORDER, batch("one", "patient", patients(6), "sha256:" + "11" * 32))
        assert destination.loaded(ORDER) == {"one": "sha256:" + "11" * 32}
        with pytest.raises(DestinationError, match="another parcel"):
            destination.stage(ORDER, batch("one", "patient", patients(6), "sha256:" + "22" * 32))
        destination.publish(ORDER)
    assert bench.count("patient") == 6


def test_two_connections_race_for_the_same_batches(bench: Bench, mode: LoadMode) -> None:
    with bench.open(mode) as destination:
        destination.prepare(ORDER, SCHEMAS)

    def loader(_: int) -> None:
        with bench.open(mode) as destination:
            for number in range(6):
                destination.stage(ORDER, batch(f"b{number}", "patient", patients(50, 50 * number)))

    with ThreadPoolExecutor(3) as pool:
        list(pool.map(loader, range(3)))
    with bench.open(mode) as destination:
        destination.publish(ORDER)
        assert without_control(read(destination, "patient")).num_rows == 300
    assert bench.count("patient") == 300
    assert bench.count("ecluse_ledger") == 6


def test_preparing_and_publishing_again_change_nothing(bench: Bench, mode: LoadMode) -> None:
    load(bench, mode, **ROWS)
    with bench.open(mode) as destination:
        destination.prepare(ORDER, {name: rows.schema for name, rows in ROWS.items()})
        destination.publish(ORDER)
        destination.stage(ORDER, batch("patient-1", "patient", ROWS["patient"].slice(0, 5)))
        with pytest.raises(DestinationError, match="too late"):
            destination.stage(ORDER, batch("patient-3", "patient", patients(1, 900)))
        assert without_control(read(destination, "patient")).equals(ROWS["patient"].combine_chunks())
        assert "patient-3" not in destination.loaded(ORDER)
    assert bench.count("patient") == 10


def test_finishing_drops_staging_and_keeps_the_ledger(bench: Bench, mode: LoadMode) -> None:
    load(bench, mode, **ROWS)
    with bench.open(mode) as destination:
        dropped = destination.finish(ORDER)
        assert mode is LoadMode.SWAP or len(dropped) == len(ROWS)
        assert destination.finish(ORDER) == ()
        assert len(destination.loaded(ORDER)) == 8
        destination.publish(ORDER)
        with pytest.raises(DestinationError):
            read(destination, "patient")
    assert bench.count("patient") == 10


def test_an_abandoned_order_leaves_the_target_alone(bench: Bench, mode: LoadMode) -> None:
    with bench.open(mode) as destination:
        assert destination.loaded(ORDER) == {}
        destination.prepare(ORDER, SCHEMAS)
        destination.stage(ORDER, batch("one", "patient", patients(6)))
        assert len(destination.finish(ORDER)) == len(SCHEMAS)
        with pytest.raises(DestinationError, match="abandoned"):
            destination.publish(ORDER)
    assert bench.count("patient") == 0


def test_nothing_is_staged_unprepared(bench: Bench) -> None:
    with bench.open() as destination, pytest.raises(DestinationError, match="not prepared"):
        destination.stage(ORDER, batch("one", "patient", patients(1)))


def test_an_empty_batch_and_an_empty_order(bench: Bench, mode: LoadMode) -> None:
    load(bench, mode, patient=patients(0))
    with bench.open(mode) as destination:
        assert destination.loaded(ORDER).keys() == {"patient-1", "patient-2"}
        assert read(destination, "patient").num_rows == 0


TEXTS = (
    "",
    " ",
    "NULL",
    "\\N",
    "\\",
    "\\t",
    "a\tb\nc\r\nd",
    'l\'Hôpital "Sud" ; -- `x`',
    "𝄞 🧪 é e\u0301 \u200b",
    "%s %(x)s {0} :lower $1",
    "\x1a\x01\x7f",
    "x" * 70_000,
    None,
)
NUMBERS = (
    "0", "-0.0000000001", "0.0000000001", "123456789012345678.1234567891", "-99999999999999999", "1.5000000000",
    "100", "0.1", None,
)  # fmt: skip


@pytest.mark.parametrize("mode", list(LoadMode))
def test_hostile_texts_and_numbers_survive(bench: Bench, mode: LoadMode) -> None:
    pairs = [(text, NUMBERS[i % len(NUMBERS)]) for i, text in enumerate(TEXTS)]
    rows = pa.Table.from_pylist(
        [
            {
                "source_id": f"R{i:02}",
                "request": None,
                "rank": (None, -(2**31), 2**31 - 1)[i % 3],
                "raw_value": text,
                "value": None if number is None else Decimal(number),
            }
            for i, (text, number) in enumerate(pairs)
        ],
        schema=SCHEMAS["observation"],
    )
    if bench.engine == "mysql":
        bench.execute("ALTER TABLE resultat MODIFY valeur_brute MEDIUMTEXT")
    load(bench, mode, observation=rows)
    with bench.open(mode) as destination:
        assert without_control(read(destination, "observation")).to_pylist() == rows.to_pylist()


def test_dates_at_the_edges_survive(bench: Bench, mode: LoadMode) -> None:
    days = [dt.date(1000, 1, 1), dt.date(1582, 10, 10), dt.date(1969, 12, 31), dt.date(9999, 12, 31), None]
    moments = [
        dt.datetime(1000, 1, 1),
        dt.datetime(1969, 12, 31, 23, 59, 59, 999999),
        dt.datetime(2018, 3, 25, 2, 30),  # a time that Paris did not have
        dt.datetime(9999, 12, 31, 23, 59, 59, 1),
        None,
    ]
    rows = pa.concat_tables(
        patients(1, i, last_visit_on=day, created_on=moment)
        for i, (day, moment) in enumerate(zip(days, moments, strict=True))
    )
    load(bench, mode, patient=rows)
    with bench.open(mode) as destination:
        assert without_control(read(destination, "patient")).to_pylist() == rows.to_pylist()


def test_a_dictionary_encoded_column_is_loaded(bench: Bench) -> None:
    rows = patients(4)
    coded = rows.set_column(1, "family_name", rows.column("family_name").dictionary_encode())
    with bench.open() as destination:
        destination.prepare(ORDER, {"patient": rows.schema})
        destination.stage(ORDER, batch("one", "patient", coded))
        destination.publish(ORDER)
        assert without_control(read(destination, "patient")).equals(rows.combine_chunks())


def test_rows_there_already_stay_and_are_not_read_back(bench: Bench) -> None:
    load(bench, LoadMode.MERGE, patient=patients(5))
    load(bench, LoadMode.MERGE, order=SECOND, patient=patients(5, 5))
    with bench.open() as destination:
        assert read(destination, "patient").column("source_id").to_pylist() == [f"P{i:06}" for i in range(5)]
        assert read(destination, "patient", SECOND).num_rows == 5
    assert bench.count("patient") == 10


def test_a_second_order_meets_the_same_rows(bench: Bench) -> None:
    """Two orders of one laboratory share patients: equal rows pass, nulls are filled, the rest is new."""
    first = patients(6).select(["source_id", "family_name"])
    load(bench, LoadMode.MERGE, patient=first)
    load(bench, LoadMode.MERGE, order=SECOND, patient=patients(9))
    with bench.open() as destination:
        assert without_control(read(destination, "patient", SECOND)).equals(patients(9).combine_chunks())
        assert read(destination, "patient", schema=first.schema).num_rows == 6
    assert bench.count("patient") == 9


def test_a_value_that_stands_is_never_overwritten(bench: Bench) -> None:
    load(bench, LoadMode.MERGE, patient=patients(6))
    with bench.open() as destination:
        destination.prepare(SECOND, {"patient": SCHEMAS["patient"]})
        destination.stage(SECOND, batch("one", "patient", patients(8, 4, family_name="SECRETNAME")))
        with pytest.raises(DestinationError, match=r"2 keys|values of keys") as caught:
            destination.publish(SECOND)
        assert "SECRET" not in str(caught.value)
        assert "NOM" not in str(caught.value)
    assert bench.count("patient") == 6


def test_case_makes_a_value_another(bench: Bench) -> None:
    load(bench, LoadMode.MERGE, patient=patients(1, family_name="DUPONT"))
    with bench.open() as destination:
        destination.prepare(SECOND, {"patient": SCHEMAS["patient"]})
        destination.stage(SECOND, batch("one", "patient", patients(1, family_name="Dupont")))
        with pytest.raises(DestinationError):
            destination.publish(SECOND)


def test_a_null_is_not_written_over_a_value(bench: Bench) -> None:
    load(bench, LoadMode.MERGE, patient=patients(1))
    with bench.open() as destination:
        destination.prepare(SECOND, {"patient": SCHEMAS["patient"]})
        destination.stage(SECOND, batch("one", "patient", patients(1, family_name=None)))
        with pytest.raises(DestinationError):
            destination.publish(SECOND)


def test_a_key_that_comes_twice_is_refused(bench: Bench, mode: LoadMode) -> None:
    with bench.open(mode) as destination:
        destination.prepare(ORDER, SCHEMAS)
        destination.stage(ORDER, batch("one", "patient", patients(3)))
        with pytest.raises(DestinationError):
            destination.stage(ORDER, batch("two", "patient", patients(3)))
            destination.publish(ORDER)
    assert bench.count("patient") == 0


def test_a_known_key_that_comes_twice_is_refused(bench: Bench) -> None:
    load(bench, LoadMode.MERGE, patient=patients(1, family_name=None))
    with bench.open() as destination:
        destination.prepare(SECOND, {"patient": SCHEMAS["patient"]})
        for number, name in enumerate(("A", "B")):
            destination.stage(SECOND, batch(f"b{number}", "patient", patients(1, family_name=name)))
        with pytest.raises(DestinationError, match="more than once"):
            destination.publish(SECOND)
        assert read(destination, "patient").column("family_name").to_pylist() == [None]


def test_a_table_with_rows_is_not_swapped(bench: Bench) -> None:
    load(bench, LoadMode.MERGE, patient=patients(1))
    with bench.open(LoadMode.SWAP) as destination, pytest.raises(DestinationError, match="not empty"):
        destination.prepare(SECOND, SCHEMAS)


def _with(entity: str, **changes: str) -> dict[str, TargetEntity]:
    return {entity: TargetEntity(TABLES[entity], {**COLUMNS[entity], **changes})}


@pytest.mark.parametrize(
    ("changes", "field", "words"),
    [
        ({"patient": TargetEntity("nowhere", COLUMNS["patient"])}, "patient", "table nowhere does not exist"),
        (_with("patient", sex="nowhere"), "patient.sex", "table patient has no column nowhere"),
        ({"patient": TargetEntity("patient", {"source_id": "ipp"})}, "patient.family_name", "no column of patient"),
        (_with("observation", raw_value="rang", rank="valeur_brute"), "observation.raw_value", "resultat.rang"),
        (_with("observation", raw_value="valeur", value="valeur_brute"), "observation.raw_value", "resultat.valeur"),
    ],
)
def test_what_cannot_be_loaded_is_refused_before_anything_is_created(
    bench: Bench, changes: dict[str, TargetEntity], field: str, words: str
) -> None:
    if bench.engine == "sqlite" and words == "resultat.valeur":
        return  # its column is text: it holds both
    with bench.open(**changes) as destination:
        with pytest.raises(DestinationError) as caught:
            destination.prepare(ORDER, SCHEMAS)
        assert words in str(caught.value)
        assert caught.value.location is not None
        assert caught.value.location.field == field
        assert destination.loaded(ORDER) == {}


def test_an_ordered_entity_without_a_table_is_refused(bench: Bench) -> None:
    with bench.open() as destination, pytest.raises(DestinationError, match="payer"):
        destination.prepare(ORDER, {**SCHEMAS, "payer": pa.schema([("source_id", pa.string())])})


def test_a_number_too_big_is_refused_with_its_column_and_count(bench: Bench) -> None:
    rows = pa.Table.from_pylist(
        [{"source_id": f"R{i}", "rank": 2**63 - 1 if i else 1, "value": Decimal(1)} for i in range(3)],
        schema=SCHEMAS["observation"],
    )
    with bench.open() as destination:
        destination.prepare(ORDER, SCHEMAS)
        if bench.engine in ("memory", "sqlite"):  # their integers have 64 bits
            destination.stage(ORDER, batch("one", "observation", rows))
            return
        with pytest.raises(DestinationError, match=r"column rang .* 2 rows"):
            destination.stage(ORDER, batch("one", "observation", rows))
        assert destination.loaded(ORDER) == {}


def test_a_type_of_other_scale_is_exact_or_refused(bench: Bench) -> None:
    wide = pa.schema([("source_id", pa.string()), ("value", pa.decimal128(30, 12))])
    exact = pa.Table.from_pylist([{"source_id": "R1", "value": Decimal("1.500000000000")}], schema=wide)
    with bench.open() as destination:
        destination.prepare(ORDER, {"observation": wide})
        destination.stage(ORDER, batch("one", "observation", exact))
        destination.publish(ORDER)
        assert without_control(read(destination, "observation", schema=wide)).equals(exact)
        back = exact.schema.set(1, pa.field("value", DECIMAL))
        assert read(destination, "observation", schema=back).column("value").to_pylist() == [Decimal("1.5")]
