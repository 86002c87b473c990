"""A folder of FHIR files as a destination."""

import json
from contextlib import closing
from pathlib import Path
from typing import Any

import fhirkit
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

import fhir_rows
from destination_benches import (
    ORDER,
    SCHEMAS,
    SECOND,
    batch,
    observations,
    patients,
    read,
    reports,
    requests,
    without_control,
)
from ecluse.adapters.destinations import DestinationSpec, open_destination
from ecluse.domain.errors import DestinationError
from ecluse.domain.profile import DestinationProfile, Engine, FhirTarget
from ecluse.migration.ports import Destination

ROWS = {"patient": patients(10), "request": requests(8), "observation": observations(40), "report": reports(5)}


def opened(folder: Path) -> closing[Destination]:
    target = FhirTarget("dxlab", "Europe/Paris")
    profile = DestinationProfile(
        "ecluse.destination-profile/1", "new", "new", Engine.FHIR, production=False, fhir=target
    )
    return closing(open_destination(DestinationSpec(Engine.FHIR, f"fhir+ndjson://{folder}", profile)))


def load(folder: Path, order: str = ORDER, /, **rows: pa.Table) -> None:
    with opened(folder) as destination:
        destination.prepare(order, {name: table.schema for name, table in rows.items()})
        for name, table in rows.items():
            half = table.num_rows // 2
            destination.stage(order, batch(f"{name}-1", name, table.slice(0, half)))
            destination.stage(order, batch(f"{name}-2", name, table.slice(half)))
        destination.publish(order)


def files(folder: Path) -> dict[str, bytes]:
    return {str(p.relative_to(folder)): p.read_bytes() for p in sorted(folder.rglob("*")) if p.is_file()}


def published(folder: Path) -> dict[str, list[dict[str, Any]]]:
    (manifest,) = folder.glob("*/manifest.json")
    made: dict[str, list[dict[str, Any]]] = {}
    for each in json.loads(manifest.read_text())["output"]:
        lines = (manifest.parent / each["url"]).read_text(encoding="utf-8").split("\n")[:-1]
        assert len(lines) == each["count"]
        made.setdefault(each["type"], []).extend(map(json.loads, lines))
    return made


def test_what_is_staged_is_read_back_identical(tmp_path: Path) -> None:
    load(tmp_path, **ROWS)
    with opened(tmp_path) as destination:
        for name, rows in ROWS.items():
            found = read(destination, name)
            assert without_control(found).equals(rows.combine_chunks()), name
            for row in found.to_pylist() if name != "patient" else []:
                number = int(row["source_id" if name == "request" else "request"][1:])
                assert (row["_date"].year, row["_site"]) == (2018 + number % 2, ("RENNES", None)[number % 2])


def test_the_files_are_fhir_and_their_references_lead_somewhere(tmp_path: Path) -> None:
    load(tmp_path, **ROWS)
    made = published(tmp_path)
    assert {kind: len(each) for kind, each in made.items() if kind != "Provenance"} == {
        "Patient": 10, "ServiceRequest": 8, "Observation": 40, "DiagnosticReport": 5, "DocumentReference": 5,
    }  # fmt: skip
    there = {f"{kind}/{each['id']}" for kind, found in made.items() for each in found}
    for each in made["Observation"]:
        assert {each["basedOn"][0]["reference"], each["subject"]["reference"]} <= there
    targets = [target["reference"] for each in made["Provenance"] for target in each["target"]]
    assert len(targets) == 63
    assert set(targets) <= there
    assert [issue for found in made.values() for each in found for issue in fhirkit.validate(json.dumps(each))] == []


def test_publishing_again_changes_nothing_and_the_same_rows_give_the_same_bytes(tmp_path: Path) -> None:
    for name in ("a", "b"):
        (tmp_path / name).mkdir()
        load(tmp_path / name, **ROWS)
    before = files(tmp_path / "a")
    load(tmp_path / "a", **ROWS)
    assert files(tmp_path / "a") == before
    one, other = (
        {n: d for n, d in files(tmp_path / f).items() if "Provenance" not in n and "manifest" not in n} for f in "ab"
    )
    assert one == other


@pytest.mark.parametrize("cut", range(1, 9))
def test_a_publication_killed_at_any_file_goes_on(tmp_path: Path, cut: int, monkeypatch: pytest.MonkeyPatch) -> None:
    from ecluse.adapters.destinations import fhir_files  # noqa: PLC0415

    with opened(tmp_path) as destination:
        destination.prepare(ORDER, {name: rows.schema for name, rows in ROWS.items()})
        for name, rows in ROWS.items():
            destination.stage(ORDER, batch(name, name, rows))
        real, left = fhir_files.write_atomic, [cut]

        def dying(path: Path, data: bytes) -> None:
            left[0] -= 1
            if left[0] == 0:
                raise KeyboardInterrupt
            real(path, data)

        with monkeypatch.context() as patch:
            patch.setattr(fhir_files, "write_atomic", dying)
            with pytest.raises(KeyboardInterrupt):
                destination.publish(ORDER)
    with opened(tmp_path) as destination:
        with pytest.raises(DestinationError):
            read(destination, "patient")
        destination.publish(ORDER)
        for name, rows in ROWS.items():
            assert without_control(read(destination, name)).equals(rows.combine_chunks()), name


def test_an_abandoned_order_leaves_nothing(tmp_path: Path) -> None:
    with opened(tmp_path) as destination:
        assert destination.loaded(ORDER) == {}
        destination.prepare(ORDER, SCHEMAS)
        destination.stage(ORDER, batch("one", "patient", patients(6)))
        assert len(destination.finish(ORDER)) == len(SCHEMAS)
        assert destination.finish(ORDER) == ()
        with pytest.raises(DestinationError, match="abandoned"):
            destination.publish(ORDER)
    assert [name for name in files(tmp_path) if name.endswith((".arrow", ".ndjson", ".part"))] == []


def test_finishing_leaves_what_was_published_and_the_ledger(tmp_path: Path) -> None:
    load(tmp_path, **ROWS)
    with opened(tmp_path) as destination:
        assert len(destination.finish(ORDER)) == len(ROWS)
        assert len(destination.loaded(ORDER)) == 8
        with pytest.raises(DestinationError):
            read(destination, "patient")
    assert len(published(tmp_path)["Observation"]) == 40
    assert not list(tmp_path.rglob("*.arrow"))


def test_ledger_rules(tmp_path: Path) -> None:
    with opened(tmp_path) as destination:
        with pytest.raises(DestinationError, match="not prepared"):
            destination.stage(ORDER, batch("one", "patient", patients(1)))
        destination.prepare(ORDER, SCHEMAS)
        destination.stage(ORDER, batch("../../one", "patient", patients(3)))
        destination.stage(ORDER, batch("../../one", "patient", patients(3)))
        with pytest.raises(DestinationError, match="another parcel"):
            destination.stage(ORDER, batch("../../one", "patient", patients(3), "sha256:" + "22" * 32))
        destination.stage(ORDER, batch("two", "patient", patients(3)))
        with pytest.raises(DestinationError, match="more than once"):
            destination.publish(ORDER)
    load(tmp_path, SECOND, patient=patients(2))
    with opened(tmp_path) as destination, pytest.raises(DestinationError, match="too late"):
        destination.stage(SECOND, batch("late", "patient", patients(1)))
    assert not list(tmp_path.parent.glob("one*"))


def test_a_changed_file_shows(tmp_path: Path) -> None:
    load(tmp_path, patient=patients(4))
    file = next(tmp_path.glob("*/Patient-*.ndjson"))
    file.write_bytes(file.read_bytes().replace(b"NOM1", b"AUTRE"))
    with opened(tmp_path) as destination:
        assert "AUTRE" in read(destination, "patient").column("family_name").to_pylist()
        file.write_bytes(file.read_bytes().split(b"\n", 1)[1])
        with pytest.raises(DestinationError, match="manifest"):
            read(destination, "patient")


@given(data=st.data())
def test_hostile_rows_survive(tmp_path_factory: pytest.TempPathFactory, data: st.DataObject) -> None:
    folder = tmp_path_factory.mktemp("f")
    entity = data.draw(st.sampled_from(("patient", "request", "observation", "report", "comment")))
    rows = data.draw(fhir_rows.rows(entity))
    load(folder, **{entity: rows})
    with opened(folder) as destination:
        found = read(destination, entity, schema=rows.schema).select(rows.column_names)
    assert found.to_pylist() == rows.sort_by("source_id").to_pylist()
