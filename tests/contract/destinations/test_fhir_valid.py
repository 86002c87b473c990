"""What the writer makes is FHIR R4: judged by two validators of others, which miss different faults."""
# ruff: noqa: DTZ001  the wire has local wall-clock times: no zone is invented

import datetime as dt
import json
import subprocess
import uuid
from functools import cache
from typing import Any

import fhirkit
import pyarrow as pa
import pytest

from ecluse.adapters.fhir._ids import NAMESPACE
from ecluse.adapters.fhir.documents import write_documents
from ecluse.adapters.fhir.writer import Naming, write_rows
from fhir_rows import MOMENTS, NUMBERS, TEXTS, schema
from fhir_servers import node
from servers import MissingServerError

ENTITIES = ("patient", "practitioner", "site", "request", "specimen", "observation", "report", "comment", "payer")
COUNT = 120


@cache
def naming() -> Naming:
    return Naming("dxlab", "Europe/Paris")


def value(kind: pa.DataType, at: int) -> Any:
    """Something hostile, in turn; every fifth is missing."""
    if at % 5 == 0:
        return None
    choices = {
        pa.string(): TEXTS,
        pa.date32(): (dt.date(2018, 1, 1), dt.date(1582, 10, 10)),
        pa.timestamp("us"): MOMENTS,
        pa.int64(): (0, 1, -1, 2**31, 17),
        pa.bool_(): (True, False),
        pa.binary(): (b"", b"%PDF-1.7", bytes(range(256))),
        pa.decimal128(28, 10): NUMBERS,
    }
    return choices[kind][at % len(choices[kind])]


def hostile(entity: str) -> pa.Table:
    columns: dict[str, Any] = {}
    for number, field in enumerate(schema(entity)):
        keys = [f"K{row}" for row in range(COUNT)]
        values = keys if field.name == "source_id" else [value(field.type, row * 7 + number) for row in range(COUNT)]
        columns[field.name] = pa.array(values, field.type)
    return pa.table(columns)


def written(entity: str) -> list[str]:
    rows = hostile(entity)
    made = write_rows(entity, rows, naming(), subjects=pa.array([None, "P1"] * (COUNT // 2)), tags=[("urn:a", "b")])
    texts = made.with_ids().to_pylist()
    if entity == "report":
        texts += write_documents(rows.filter(rows.column("content").is_valid()), naming()).with_ids().to_pylist()
    return texts  # type: ignore[no-any-return]


@pytest.mark.parametrize("entity", ENTITIES)
def test_every_resource_is_valid_to_fhirkit(entity: str) -> None:
    issues = [str(issue) for text in written(entity) for issue in fhirkit.validate(text)]
    assert issues == []


@pytest.mark.parametrize("entity", ENTITIES)
def test_whatever_was_ordered_is_valid(entity: str) -> None:
    """An order may take the key alone, or the key and any one column."""
    whole = hostile(entity)
    for name in whole.column_names:
        rows = whole.select(list(dict.fromkeys(["source_id", name])))
        texts = write_rows(entity, rows, naming()).with_ids().to_pylist()
        assert [str(issue) for text in texts for issue in fhirkit.validate(text)] == [], name


def test_every_resource_is_valid_to_the_npm_package_fhir() -> None:
    lines = "\n".join(text for entity in ENTITIES for text in written(entity))
    try:
        command = node("validate.mjs")
    except MissingServerError as error:
        pytest.fail(str(error))
    done = subprocess.run(command, input=lines, capture_output=True, text=True, check=True)
    assert done.stdout == ""


def test_both_validators_find_faults() -> None:
    broken = {"resourceType": "Observation", "status": "done", "code": {"text": ""}, "valueQuantity": {"value": "1"}}
    assert fhirkit.validate(json.dumps(broken))
    done = subprocess.run(node("validate.mjs"), input=json.dumps(broken), capture_output=True, text=True, check=True)
    assert done.stdout


def test_a_result_stands_in_the_elements_that_fhir_has_for_it() -> None:
    rows = pa.table({
        "source_id": ["R1"], "request": ["D1"], "code": ["VIHAG"], "label": ["VIH 1+2"], "loinc": ["56888-1"],
        "raw_value": ["<0,5"], "value": pa.array(["0.5"]).cast(pa.decimal128(28, 10)), "comparator": ["<"],
        "unit": ["mmol/l"], "ucum": ["mmol/L"], "reference_range": ["inf. à 2,00"], "abnormal_flag": ["L"],
        "status": ["F"], "observed_on": pa.array([dt.datetime(2018, 7, 1, 9, 30)], pa.timestamp("us")),
    })  # fmt: skip
    made = json.loads(write_rows("observation", rows, naming(), subjects=pa.array(["P1"])).with_ids()[0].as_py())
    assert made["status"] == "final"
    assert made["valueQuantity"] == {
        "value": 0.5, "comparator": "<", "unit": "mmol/l", "system": "http://unitsofmeasure.org", "code": "mmol/L",
    }  # fmt: skip
    assert made["code"]["coding"][1] == {"system": "http://loinc.org", "code": "56888-1"}
    assert made["code"]["text"] == "VIH 1+2"
    assert made["referenceRange"] == [{"text": "inf. à 2,00"}]
    assert made["effectiveDateTime"] == "2018-07-01T09:30:00+02:00"
    assert {"HIV", "R", "hiv"} == {label["code"] for label in made["meta"]["security"]}
    assert {"url": "urn:ecluse:fhir:observation-raw_value", "valueString": "<0,5"} in made["extension"]
    assert made["subject"]["reference"].startswith("Patient/")


@pytest.mark.parametrize(("status", "told"), [("validé", "unknown"), ("", "unknown"), (None, "unknown"), ("P", "preliminary"),
                                              ("preliminary", "preliminary"), ("C", "corrected"), ("final ", "unknown")])  # fmt: skip
def test_a_status_is_never_promoted(status: str | None, told: str) -> None:
    rows = pa.table({"source_id": ["R1"], "status": pa.array([status], pa.string())})
    assert json.loads(write_rows("observation", rows, naming()).text[0].as_py())["status"] == told


def test_a_result_without_value_says_so_and_text_is_text() -> None:
    rows = pa.table({"source_id": ["R1", "R2"], "raw_value": [None, "positif"]})
    absent, text = map(json.loads, write_rows("observation", rows, naming()).text.to_pylist())
    assert absent["dataAbsentReason"]["coding"][0]["code"] == "unknown"
    assert text["valueString"] == "positif"
    assert "dataAbsentReason" not in text


def test_a_legacy_number_is_never_called_ins() -> None:
    rows = pa.table({"source_id": ["1"], "nir": ["253072B07300470"]})
    made = json.loads(write_rows("patient", rows, naming()).text[0].as_py())
    assert not [each for each in made["identifier"] if "1.2.250.1.213" in each.get("system", "")]
    rows = pa.table({"source_id": ["1"], "ins": ["253072B07300470"], "ins_oid": ["1.2.250.1.213.1.4.10"]})
    made = json.loads(write_rows("patient", rows, naming()).text[0].as_py())
    assert made["identifier"][2]["system"] == "urn:oid:1.2.250.1.213.1.4.10"


def test_identities_are_the_same_in_every_run_and_on_every_machine() -> None:
    keys = ["1", "", "é", "a|b", "x" * 300]
    made = naming().ids("patient", pa.array(keys)).to_pylist()
    assert made == [str(uuid.uuid5(NAMESPACE, f"dxlab|patient|{key}")) for key in keys]
    assert str(NAMESPACE) == "70aa7a7d-e580-5a43-8066-8a80af6c3c78"
