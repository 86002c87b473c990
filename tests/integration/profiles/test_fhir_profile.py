"""The profile of FHIR R4 files, on carebundle's transaction bundles and a few lines of our own."""

import json
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from carebundle.cli import main as carebundle_main
from shipped import Extracted, everything, extract, order_for, source_profile

from ecluse.adapters.sources.spec import SourceSpec
from ecluse.domain.profile import Engine
from fhir_bulk import running_sekmet


def migrated(folder: Path, dates: tuple[str, str], sites: list[str]) -> Extracted:
    profile = source_profile("fhir-r4")
    spec = SourceSpec(Engine.FILES, f"files://{folder}", files=profile.files)
    return extract(spec, profile, order_for(profile, everything(profile), dates, sites, unclassifiable=True))


def resources(folder: Path, kind: str) -> dict[str, dict[str, Any]]:
    """Resources as they are in bundles, by fullUrl; numbers as they are written."""
    found = {}
    for path in sorted(folder.glob("*.json")):
        for entry in json.loads(path.read_text(encoding="utf-8"), parse_float=str, parse_int=str)["entry"]:
            if entry["resource"]["resourceType"] == kind:
                found[entry["fullUrl"]] = entry["resource"]
    return found


def test_bundles_and_lines_migrate_alike(tmp_path: Path) -> None:
    patient = {"resourceType": "Patient", "name": [{"family": "Rivière", "given": ["Anne", "Lou"]}], "gender": "female"}
    encounter = {"resourceType": "Encounter", "status": "finished", "period": {"start": "2024-03-31T02:30:00+02:00"}}
    result = {
        "resourceType": "Observation", "status": "final", "category": [{"coding": [{"code": "laboratory"}]}],
        "code": {"coding": [{"system": "http://loinc.org", "code": "2951-2"}], "text": "Sodium"},
        "effectiveDateTime": "2024-03-31T08:00:00Z", "valueQuantity": {"value": 0, "comparator": "<", "unit": "mmol/L"},
    }  # fmt: skip

    def texts(patient_at: str, encounter_at: str) -> list[str]:
        told = encounter | {"subject": {"reference": patient_at}}
        found = result | {"encounter": {"reference": encounter_at}}
        return [json.dumps(patient), json.dumps(told), json.dumps(found).replace('"value": 0,', '"value": 140.10,')]

    lines = texts("Patient/p", "Encounter/e")
    made = [
        line.replace('{"resourceType"', f'{{"id":"{key}","resourceType"', 1)
        for line, key in zip(lines, "peo", strict=True)
    ]
    (tmp_path / "a").mkdir()
    (tmp_path / "a" / "all.ndjson").write_text("\n".join(made), encoding="utf-8")
    entries = [
        f'{{"fullUrl":"urn:uuid:{key}","resource":{text}}}'
        for key, text in zip("peo", texts("urn:uuid:p", "urn:uuid:e"), strict=True)
    ]
    (tmp_path / "b").mkdir()
    (tmp_path / "b" / "one.json").write_text(
        f'{{"resourceType":"Bundle","entry":[{",".join(entries)}]}}', encoding="utf-8"
    )
    for folder, prefixes in (("a", ("Patient/", "Encounter/", "Observation/")), ("b", ("urn:uuid:",) * 3)):
        found = migrated(tmp_path / folder, ("2024-03-31", "2024-03-31"), ["unattributed"])
        assert not found.quarantined
        row = found.by_key("observation")[f"{prefixes[2]}o"]
        assert (row["request"], row["raw_value"], row["value"], row["comparator"]) == (
            f"{prefixes[1]}e", "<140.10", Decimal("140.1"), "<",
        )  # fmt: skip
        assert found.by_key("request")[f"{prefixes[1]}e"]["patient"] == f"{prefixes[0]}p"
        assert found.by_key("patient")[f"{prefixes[0]}p"]["given_names"] == '["Anne","Lou"]'


@pytest.mark.real_data
def test_carebundle_whole(tmp_path: Path) -> None:
    """Known contents (data README): 200 patients, seed 42, 5,200 laboratory observations."""
    assert (
        carebundle_main(["generate", "--profile", "mixed", "--count", "200", "--seed", "42", "--out", str(tmp_path)])
        == 0
    )
    found = migrated(tmp_path, ("2020-01-01", "2030-12-31"), ["unattributed"])
    assert not found.quarantined
    rows = found.by_key("observation")
    truth = resources(tmp_path, "Observation")
    laboratory = {url for url, each in truth.items() if each["category"][0]["coding"][0]["code"] == "laboratory"}
    assert len(laboratory) == 5200
    assert set(rows) == laboratory
    assert found.rows["patient"].num_rows == found.rows["request"].num_rows == 200
    for url, row in rows.items():
        quantity = truth[url].get("valueQuantity")
        if quantity is not None:
            assert (row["raw_value"], row["value"], row["unit"]) == (
                quantity["value"], Decimal(quantity["value"]), quantity["unit"],
            )  # fmt: skip
        assert row["request"] == truth[url]["encounter"]["reference"]


def test_a_server_s_export_migrates_like_its_bundles(tmp_path: Path) -> None:
    """The same patients in a third party's FHIR server, which gives them ids of its own; the export live."""
    (tmp_path / "files").mkdir()
    (tmp_path / "server").mkdir()
    made = ["generate", "--profile", "mixed", "--count", "6", "--seed", "42", "--out", str(tmp_path / "files")]
    assert carebundle_main(made) == 0
    profile = source_profile("fhir-r4")
    order = order_for(profile, everything(profile), ("2000-01-01", "2035-12-31"), ["unattributed"], unclassifiable=True)
    from_files = extract(SourceSpec(Engine.FILES, f"files://{tmp_path / 'files'}", files=profile.files), profile, order)
    with running_sekmet(tmp_path / "server") as server:
        for path in sorted((tmp_path / "files").glob("*.json")):
            server.ask("POST", "", json.loads(path.read_text(encoding="utf-8")))
        from_server = extract(SourceSpec(Engine.FILES, server.url, files=profile.files), profile, order)

    def told(found: Extracted) -> list[Any]:
        people = found.by_key("patient")
        dated = {key: row["registered_on"] for key, row in found.by_key("request").items()}
        who = {key: people[row["patient"]]["family_name"] for key, row in found.by_key("request").items()}
        return sorted(
            (who[row["request"]], str(dated[row["request"]]), row["code"], str(row["value"]), str(row["unit"]))
            for row in found.by_key("observation").values()
        )

    assert not from_server.quarantined
    assert told(from_server) == told(from_files)
    assert len(told(from_server)) > 50
