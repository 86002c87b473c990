"""FHIR files as a source: NDJSON and Bundles, every byte accounted for, malformed ones set aside."""

import json
from collections import Counter
from pathlib import Path
from typing import Any

import pytest
from carebundle.cli import main as carebundle_main
from hypothesis import given
from hypothesis import strategies as st

import fhir_rows
from ecluse.adapters.fhir._paths import parse
from ecluse.adapters.fhir.writer import Naming, write_rows
from ecluse.adapters.sources._fhir import FhirReader
from ecluse.adapters.sources._reading import Declared
from ecluse.adapters.sources.files import FilesSource
from ecluse.adapters.sources.folder import declared
from ecluse.adapters.sources.spec import SourceSpec
from ecluse.domain.errors import MalformedError, ProfileError
from ecluse.domain.files import FileFormat, FileIntake, SourceFile
from ecluse.domain.profile import Engine

FIELDS = (
    "Observation.id",
    "Observation.status",
    "Observation.code.coding.where(system='http://loinc.org').code as loinc",
    "Observation.code.text as label",
    "Observation.valueQuantity.value",
    "Observation.component[1].valueString as second",
    "Observation.category.coding.code as categories",
    "Patient.name.where(use='official').given as given",
    "Patient.active",
)
SODIUM = (
    '{"resourceType":"Observation","id":"o1","status":"final","code":{"text":"Sodium \\"Na\\" é𝄞","coding":['
    '{"system":"urn:x","code":"NA"},{"system":"http://loinc.org","code":"2951-2"}]},"valueQuantity":{"value":140.10},'
    '"category":[{"coding":[{"code":"laboratory"},{"code":"x"}]}],"component":[{},{"valueString":"b"}]}'
)
ANNE = (
    '{"resourceType":"Patient","active":true,"name":[{"use":"usual","given":["A"]},'
    '{"use":"official","given":["Anne","Lou"]}]}'
)


def reader(folder: Path, fields: tuple[str, ...] = FIELDS, **files: bytes) -> FhirReader:
    for name, data in files.items():
        (folder / name.replace("__", ".")).write_bytes(data)
    file = SourceFile("*", format=FileFormat.FHIR, fields=fields)
    return FhirReader(Declared("f", file, tuple(sorted(folder.iterdir()))))


def rows(found: FhirReader) -> dict[str, list[dict[str, Any]]]:
    made: dict[str, list[dict[str, Any]]] = {name: [] for name in found.tables}
    for name, batch in found.passing(found.tables):
        made[name] += batch.to_pylist()
    return made


def test_lines_and_bundles_give_the_same(tmp_path: Path) -> None:
    bundle = {
        "resourceType": "Bundle", "type": "collection", "link": [{"relation": "self", "url": "x"}],
        "entry": [{"fullUrl": "urn:uuid:1", "resource": json.loads(ANNE)}, {"request": {"method": "GET", "url": "a"}}],
    }  # fmt: skip
    found = reader(
        tmp_path, a__ndjson=f"{SODIUM}\n\n{ANNE}\r\n".encode(), b__json=json.dumps(bundle, indent=3).encode()
    )
    made = rows(found)
    assert made["f_observation"] == [
        {
            "_file": 1, "_line": 1, "_url": None, "id": "o1", "status": "final", "loinc": "2951-2",
            "label": 'Sodium "Na" é𝄞', "value_quantity_value": "140.10", "second": "b",
            "categories": '["laboratory","x"]',
        }
    ]  # fmt: skip
    assert [(row["_file"], row["_line"], row["_url"]) for row in made["f_patient"]] == [
        (1, 3, None),
        (2, 13, "urn:uuid:1"),
    ]
    assert {(row["given"], row["active"]) for row in made["f_patient"]} == {('["Anne","Lou"]', "true")}
    intake = found.intake()
    assert (intake.files, intake.records, intake.unmapped) == (2, 3, 0)


def test_what_is_within_strings_is_no_structure(tmp_path: Path) -> None:
    """Braces, quotes and numbers in texts; an entry that looks like another's beginning."""
    hostile = 'a"b\\ {"resource": {"resourceType":"Patient"}} 1.50 [ }\n\t'
    resource = {"resourceType": "Observation", "code": {"text": hostile}, "note": [{"resource": {"x": 1}}]}
    bundle = {"resourceType": "Bundle", "entry": [{"resource": resource}, {"resource": json.loads(ANNE)}]}
    for indent in (None, 1):
        found = rows(reader(tmp_path, FIELDS, a__json=json.dumps(bundle, indent=indent).encode()))
        assert [row["label"] for row in found["f_observation"]] == [hostile]
        assert len(found["f_patient"]) == 1


def test_other_types_are_unmapped_and_counted(tmp_path: Path) -> None:
    device = b'{"resourceType":"Device","id":"1"}'
    found = reader(tmp_path, a__ndjson=device + b"\n" + SODIUM.encode() + b"\n")
    intake = found.intake()
    assert (intake.mapped, intake.unmapped, intake.structure) == (len(SODIUM.encode()), len(device), 2)


@pytest.mark.parametrize(
    ("line", "reason"),
    [
        (b'{"resourceType":"Patient","resourceType":"Observation"}', "stands twice"),
        (b'{"resourceType":"Patient","a":{"b":1,"b":1}}', "stands twice"),
        (b'{"resourceType":"Patient","a":NaN}', "no JSON"),
        (b'{"resourceType":"Patient"', "no JSON"),
        (b'{"resourceType":"Patient"} x', "no JSON"),
        (b'{"resourceType":"Patient","a":"\xff"}', "no UTF-8"),
        (b'{"resourceType":"Patient","a":"\\ud800"}', "half a character"),
        (b'{"a":1}', "no FHIR resource"),
        (b'{"resourceType":7}', "no FHIR resource"),
        (b"[1]", "no FHIR resource"),
        (b'{"resourceType":"Bundle","entry":{}}', "entries are none"),
        (b'{"resourceType":"Bundle","entry":[{"resource":{"a":1}}]}', "not all resources"),
        (b'{"resourceType":"Patient","a":' + b"[" * 100_000 + b"]" * 100_000 + b"}", "deeply"),
        (b"\x00\x00", "no JSON"),
    ],
)
def test_a_malformed_line_is_set_aside_and_the_rest_goes_on(tmp_path: Path, line: bytes, reason: str) -> None:
    found = reader(tmp_path, a__ndjson=ANNE.encode() + b"\n" + line + b"\n" + SODIUM.encode())
    made = rows(found)
    assert (len(made["f_observation"]), len(made["f_patient"])) == (1, 1)
    (aside,) = found.intake().set_aside
    assert (aside.file, aside.line, aside.byte, aside.length) == (1, 2, len(ANNE.encode()) + 1, len(line))
    assert reason in aside.reason


def test_a_truncated_bundle_is_set_aside_whole(tmp_path: Path) -> None:
    text = json.dumps({"resourceType": "Bundle", "entry": [{"resource": json.loads(ANNE)}]}, indent=1).encode()
    found = reader(tmp_path, a__json=text[:-5], b__json=b"", c__json=text)
    assert len(rows(found)["f_patient"]) == 1
    assert [(aside.file, aside.byte, aside.length) for aside in found.intake().set_aside] == [(1, 0, len(text) - 5)]


@pytest.mark.parametrize(
    "field",
    ["Patient", "Patient.", "patient.id", "Patient.name.", "Patient.name[x]", "Patient.name.where(a='b)", "Patient..a",
     "Patient.[0]", "Patient.where(a='b').c", "Patient.id as Name", "Patient.id; DROP", "Patient.name.where(a=b).c", ""],
)  # fmt: skip
def test_a_place_that_is_none_is_refused_with_its_field(tmp_path: Path, field: str) -> None:
    with pytest.raises(ProfileError) as caught:
        reader(tmp_path, ("Patient.id", field or " "), a__ndjson=b"")
    assert caught.value.location is not None
    assert caught.value.location.field == "fields[1]"


def test_two_places_of_one_name_are_refused(tmp_path: Path) -> None:
    with pytest.raises(ProfileError, match="there already"):
        reader(tmp_path, ("Patient.id", "Patient.name.family as id"), a__ndjson=b"")


def test_quotes_in_a_place_stay_text() -> None:
    path = parse(r"Patient.name.where(use='o\'; SELECT 1 --').family")
    assert path is not None
    assert path.steps[1].value == "o'; SELECT 1 --"  # type: ignore[union-attr]


def test_a_folder_is_queried_as_tables(tmp_path: Path) -> None:
    (tmp_path / "a.ndjson").write_text(f"{SODIUM}\n{ANNE}\n", encoding="utf-8")
    file = SourceFile("*.ndjson", format=FileFormat.FHIR, fields=FIELDS)
    source = FilesSource(SourceSpec(Engine.FILES, f"files://{tmp_path}", files={"f": file}))
    try:
        assert set(source.tables()) == {"f_observation", "f_patient"}
        assert source.query("SELECT value_quantity_value AS v FROM f_observation").to_pylist() == [{"v": "140.10"}]
        assert source.facts().files[0].records == 2
    finally:
        source.close()


def test_a_scan_declares_fhir_as_fhir_and_the_reader_takes_it(tmp_path: Path) -> None:
    bundle = {"resourceType": "Bundle", "entry": [{"resource": json.loads(ANNE)}, {"resource": json.loads(SODIUM)}]}
    (tmp_path / "lines.ndjson").write_text(f"{SODIUM}\n{ANNE}\n{{broken", encoding="utf-8")
    (tmp_path / "bundle.json").write_text(json.dumps(bundle, indent=2), encoding="utf-8")
    (tmp_path / "other.json").write_text('[{"patient": 1}]')
    for name in ("lines.ndjson", "bundle.json"):
        made = declared(tmp_path / name)
        assert made is not None
        assert made.format is FileFormat.FHIR
        assert {"Observation.valueQuantity.value", "Patient.name.given", "Observation.code.coding.code"} <= set(
            made.fields
        )
        found = FhirReader(Declared("f", made, (tmp_path / name,)))
        assert rows(found)["f_observation"][0]["value_quantity_value"] in {"140.10", "140.1"}
        assert not any(text in str(made) for text in ("Anne", "Sodium", "140"))
    other = declared(tmp_path / "other.json")
    assert other is not None
    assert other.format is FileFormat.JSON


@given(data=st.data())
def test_what_the_writer_writes_the_reader_reads(tmp_path_factory: pytest.TempPathFactory, data: st.DataObject) -> None:
    """Rows → NDJSON → tables: the texts of the elements that FHIR has for them, digits kept."""
    table = data.draw(fhir_rows.rows("observation"))
    text = "\n".join(write_rows("observation", table, Naming("s", "Europe/Paris")).with_ids().to_pylist())
    folder = tmp_path_factory.mktemp("f")
    fields = (
        "Observation.identifier.where(system='urn:ecluse:s:observation').value as key",
        "Observation.extension.where(url='urn:ecluse:fhir:observation-comment').valueString as exact",
        "Observation.note.text as shown",
    )
    found = rows(reader(folder, fields, a__ndjson=text.encode()))["f_observation"]
    assert len(found) == table.num_rows
    for row, written in zip(found, table.to_pylist(), strict=True):
        key = json.loads(row["key"]) if row["key"].startswith('"') else row["key"]
        assert key == written["source_id"]
        text = row["exact"] if row["exact"] is not None else row["shown"]
        assert (json.loads(text) if text is not None and text.startswith('"') else text) == written.get("comment")


@given(data=st.binary(max_size=300) | st.text(max_size=100).map(str.encode))
def test_fuzz_any_bytes(tmp_path_factory: pytest.TempPathFactory, data: bytes) -> None:
    folder = tmp_path_factory.mktemp("f")
    for name in ("a__ndjson", "b__json"):
        found = reader(folder, FIELDS, **{name: data})
        assert isinstance(found.intake(), FileIntake)  # whose sums add up to the size, or it could not be made


@given(at=st.integers(0, 2000), byte=st.integers(0, 255), cut=st.integers(0, 2000))
def test_fuzz_a_damaged_bundle(tmp_path_factory: pytest.TempPathFactory, at: int, byte: int, cut: int) -> None:
    bundle = {"resourceType": "Bundle", "entry": [{"resource": json.loads(ANNE)}, {"resource": json.loads(SODIUM)}]}
    text = bytearray(json.dumps(bundle, indent=1).encode())
    text[at % len(text)] = byte
    found = reader(tmp_path_factory.mktemp("f"), FIELDS, a__json=bytes(text), b__json=bytes(text[: cut % len(text)]))
    made = rows(found)
    assert len(made["f_patient"]) <= 1
    assert found.intake().size == len(text) + cut % len(text)


@pytest.mark.real_data
def test_bundles_of_carebundle(tmp_path: Path) -> None:
    """Known contents (data README): 200 patients, seed 42: 5,200 laboratory observations."""
    assert (
        carebundle_main(["generate", "--profile", "mixed", "--count", "200", "--seed", "42", "--out", str(tmp_path)])
        == 0
    )
    fields = (*FIELDS, "Observation.subject.reference as patient")
    found = reader(tmp_path, fields)
    made = rows(found)
    assert Counter(row["categories"] for row in made["f_observation"])["laboratory"] == 5200
    truth = {
        entry["fullUrl"]: entry["resource"]
        for path in tmp_path.iterdir()
        for entry in json.loads(path.read_text(encoding="utf-8"), parse_float=str, parse_int=str)["entry"]
    }
    for row in made["f_observation"]:
        resource = truth[row["_url"]]
        assert row["value_quantity_value"] == resource.get("valueQuantity", {}).get("value")
        assert row["patient"] == resource["subject"]["reference"]
    intake = found.intake()
    assert (intake.records, intake.set_aside) == (len(truth), ())


def test_a_line_without_end_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("ecluse.adapters.sources._fhir._LONGEST", 100)
    with pytest.raises(MalformedError, match="line"):
        rows(reader(tmp_path, a__ndjson=b'{"resourceType":"Patient","id":"' + b"x" * 200 + b'"}'))
