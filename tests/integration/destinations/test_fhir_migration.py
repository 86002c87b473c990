"""Whole migrations into FHIR, with the real commands: into Medplum's engine and into files."""

import json
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from fhir_servers import FhirTestServer, running_fhir
from migrating import Desk, W, expected_rows
from servers import MissingServerError

PROFILE = """
format: ecluse.destination-profile/1
profile: new-fhir
system: new
engine: fhir
production: true
fhir: {source: dxlab, zone: Europe/Paris, entries: 40}
"""


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Desk:
    return Desk.made(tmp_path_factory.mktemp("fhir") / "desk", patients=6)


@pytest.fixture
def server() -> Iterator[FhirTestServer]:
    try:
        with running_fhir() as server:
            yield server
    except MissingServerError as error:
        pytest.fail(str(error))


def desk_of(made: Desk, root: Path, url: str) -> Desk:
    desk = replace(made.copy(root), target=(url, "new-fhir.yaml"))
    desk.path("new-fhir.yaml").write_text(PROFILE)
    return desk


def keys(resources: list[dict[str, Any]]) -> set[str]:
    return {each["identifier"][0]["value"] for each in resources}


def check(desk: Desk, found: dict[str, list[dict[str, Any]]]) -> None:
    """What the generator says, against the resources as they are."""
    expected = expected_rows(desk.built)
    assert keys(found["Patient"]) == set(expected["patient"])
    assert keys(found["ServiceRequest"]) == set(expected["request"])
    assert keys(found["Observation"]) == set(expected["observation"])
    for resource in found["Observation"]:
        row = expected["observation"][resource["identifier"][0]["value"]]
        assert resource["basedOn"][0]["identifier"]["value"] == row["demande_source"]
        assert resource["code"]["coding"][0]["code"] == row["code"]
        if row["valeur"] is not None and "valueQuantity" in resource:
            assert resource["valueQuantity"]["value"] == pytest.approx(float(row["valeur"]))
            assert resource["valueQuantity"].get("comparator") == row["comparateur"]


def test_into_a_server_with_no_unexplained_difference(made: Desk, tmp_path: Path, server: FhirTestServer) -> None:
    desk = desk_of(made, tmp_path / "desk", server.url)
    desk.plan()
    desk.ecluse("run", *W)
    assert desk.states()[1] == "reconciled"
    found = {kind: server.resources(kind) for kind in ("Patient", "ServiceRequest", "Observation")}
    check(desk, found)
    before = {kind: len(each) for kind, each in found.items()}
    desk.finish()
    assert {kind: len(server.resources(kind)) for kind in found} == before
    assert not [b for b in server.resources("Basic") if "valueAttachment" in json.dumps(b)]


def test_into_files_with_no_unexplained_difference(made: Desk, tmp_path: Path) -> None:
    folder = tmp_path / "new system"
    folder.mkdir()
    desk = desk_of(made, tmp_path / "desk", f"fhir+ndjson://{str(folder).replace(' ', '%20')}")
    desk.plan()
    desk.ecluse("run", *W)
    assert desk.states()[1] == "reconciled"
    found: dict[str, list[dict[str, Any]]] = {}
    for path in sorted(folder.glob("*/*.ndjson")):
        lines = path.read_text(encoding="utf-8").split("\n")[:-1]
        found.setdefault(path.name.split("-")[0], []).extend(map(json.loads, lines))
    check(desk, found)
    desk.finish()
    assert not list(folder.rglob("*.arrow"))
