"""HPRIM files as a destination: exactly once whatever dies, read back by another process, what cannot be written listed."""

import datetime as dt
from collections.abc import Callable
from dataclasses import dataclass, replace
from decimal import Decimal
from importlib.resources import files
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest

from ecluse.adapters.destinations import DestinationSpec, _messages, open_destination
from ecluse.adapters.destinations._hprim_address import HprimAddress
from ecluse.adapters.destinations.hprim import HprimDestination
from ecluse.adapters.messages.model import ENCODING, UNWRITABLE
from ecluse.domain.errors import DestinationError, UsageError
from ecluse.domain.profile import DestinationProfile, Engine
from ecluse.migration.ports import Receiver, StagedBatch
from ecluse.wire.documents import read as read_document

ORDER = "sha256:" + "ab" * 32
REQUESTS = 143
SECRET = "CANARI-Durand"
PROFILES = {"sante": "hprim-sante-oru", "medecin": "hprim-medecin-mail"}


@pytest.fixture(autouse=True)
def _small_files(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(_messages, "_MESSAGES", 50)


def rows() -> dict[str, pa.Table]:
    """Requests 7 and 8 cannot be written: one in Latin-1, the other at all."""
    numbers = list(range(REQUESTS))
    keys = [f"R{n:05}" for n in numbers]
    stamp = [dt.datetime(2025 + n % 2, 3, 1, 8, n % 60) for n in numbers]  # noqa: DTZ001
    raw = ["<0,5" if n % 7 == 6 else f"{n},50" for n in numbers]
    raw[7], raw[8] = "≥ 5", '""'
    return {
        "patient": pa.table({"source_id": [f"P{n}" for n in range(50)], "family_name": [f"{SECRET}-{n}" for n in range(50)]}),
        "practitioner": pa.table({"source_id": ["D0", "D1"], "family_name": ["Été", "Le Gall"]}),
        "request": pa.table({
            "source_id": keys, "patient": [f"P{n % 50}" for n in numbers],
            "registered_on": pa.array(stamp, pa.timestamp("us")), "prescriber": [f"D{n % 3}" for n in numbers],
            "site": [f"S{n % 2}" for n in numbers],
        }),
        "observation": pa.table({
            "source_id": [f"O{n:05}" for n in numbers], "request": keys, "code": ["CRP"] * REQUESTS,
            "raw_value": raw,
            "value": pa.array([Decimal("0.5") if n % 7 == 6 else None if n in {7, 8} else Decimal(n) + Decimal("0.5") for n in numbers],
                              pa.decimal128(28, 10)),
            "comparator": ["<" if n % 7 == 6 else None for n in numbers], "status": ["F"] * REQUESTS,
        }),
    }  # fmt: skip


ROWS = rows()
REFUSED = {"R00007": ENCODING, "R00008": UNWRITABLE}


def batches() -> list[StagedBatch]:
    found = []
    for entity, table in ROWS.items():
        half = table.num_rows // 2
        for number, part in enumerate((table.slice(0, half), table.slice(half))):
            found.append(StagedBatch(f"{entity}-{number}", entity, f"sha256:{number}{entity}", part))
    return found


@dataclass
class Place:
    """A workspace's folder and where files go; ``open`` is a process of its own, as far as memory goes."""

    root: Path
    out: Path
    profile: DestinationProfile

    def open(self) -> HprimDestination:
        url = f"hprim://{self.out}?recipient=CHU"
        found = open_destination(DestinationSpec(Engine.HPRIM, url, self.profile, self.root / "messages.sqlite"))
        assert isinstance(found, HprimDestination)
        assert isinstance(found, Receiver)
        return found

    def published(self) -> None:
        destination = self.open()
        try:
            destination.prepare(ORDER, {entity: table.schema for entity, table in ROWS.items()})
            for batch in batches():
                destination.stage(ORDER, batch)
            destination.publish(ORDER)
        finally:
            destination.close()

    def again(self, ask: Callable[[HprimDestination], Any]) -> Any:
        """What another process hears, that stages again what it does not hold."""
        destination = self.open()
        try:
            for batch in batches():
                destination.stage(ORDER, batch)
            return ask(destination)
        finally:
            destination.close()

    def back(self) -> dict[str, list[dict[str, Any]]]:
        def read(destination: HprimDestination) -> dict[str, list[dict[str, Any]]]:
            found = {}
            for entity, table in ROWS.items():
                parts = list(destination.read_back(ORDER, entity, table.schema))
                found[entity] = sorted(pa.Table.from_batches(parts).to_pylist(), key=lambda row: row["source_id"])
            return found

        found: dict[str, list[dict[str, Any]]] = self.again(read)
        return found


@pytest.fixture(params=["sante", "medecin"])
def place(request: pytest.FixtureRequest, tmp_path: Path) -> Place:
    (tmp_path / "out").mkdir()
    (tmp_path / "work").mkdir()
    shipped = Path(str(files("ecluse.profiles"))) / f"{PROFILES[request.param]}.yaml"
    return Place(tmp_path / "work", tmp_path / "out", read_document(shipped).to(DestinationProfile))


def expected() -> dict[str, list[dict[str, Any]]]:
    requests = {row["source_id"]: row for row in ROWS["request"].to_pylist() if row["source_id"] not in REFUSED}
    made: dict[str, list[dict[str, Any]]] = {
        entity: [row | {"_date": None, "_site": None} for row in ROWS[entity].to_pylist()]
        for entity in ("patient", "practitioner")
    }
    for entity, key in (("request", "source_id"), ("observation", "request")):
        made[entity] = []
        for row in ROWS[entity].to_pylist():
            if row[key] in requests:
                parent = requests[row[key]]
                made[entity].append(row | {"_date": parent["registered_on"].date(), "_site": parent["site"]})
    return {entity: sorted(each, key=lambda row: row["source_id"]) for entity, each in made.items()}


def test_files_are_read_back_by_another_process(place: Place) -> None:
    place.published()
    assert place.back() == expected()
    assert place.again(lambda destination: destination.refused(ORDER)) == REFUSED
    written = sorted(place.out.iterdir())
    assert len(written) == 3
    assert {path.suffix for path in written} == ({".hpr"} if "sante" in place.profile.profile else {".hpm"})
    assert all(b"?" not in path.read_bytes() for path in written)


def test_publishing_again_changes_no_file(place: Place) -> None:
    place.published()
    before = {path: (path.read_bytes(), path.stat().st_mtime_ns) for path in place.out.iterdir()}
    place.published()
    assert {path: (path.read_bytes(), path.stat().st_mtime_ns) for path in place.out.iterdir()} == before


def test_the_workspace_holds_nothing_of_a_patient(place: Place) -> None:
    destination = place.open()
    try:
        destination.prepare(ORDER, {entity: table.schema for entity, table in ROWS.items()})
        for batch in batches():
            destination.stage(ORDER, batch)
        held = b"".join(path.read_bytes() for path in place.root.iterdir())
        destination.publish(ORDER)
    finally:
        destination.close()
    held += b"".join(path.read_bytes() for path in place.root.iterdir())
    assert held
    for needle in (SECRET, "R00001", "P7", "<0,5"):
        assert needle.encode() not in held


@pytest.mark.parametrize("kill_at", [0, 1, 2])
@pytest.mark.parametrize("after", [False, True])
def test_killed_before_or_after_a_file_it_goes_on(
    place: Place, kill_at: int, after: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    real = _messages.write_atomic
    written: list[Path] = []

    def dying(path: Path, data: bytes) -> None:
        if len(written) == kill_at and not after:
            raise KeyboardInterrupt
        real(path, data)
        written.append(path)
        if len(written) == kill_at + 1 and after:
            raise KeyboardInterrupt

    monkeypatch.setattr(_messages, "write_atomic", dying)
    with pytest.raises(KeyboardInterrupt):
        place.published()
    monkeypatch.setattr(_messages, "write_atomic", real)
    before = {path: path.read_bytes() for path in place.out.iterdir()}
    place.published()
    assert {path: path.read_bytes() for path in before} == before
    assert place.back() == expected()
    assert len(list(place.out.iterdir())) == 3


def test_a_file_lost_or_changed_shows_in_what_is_read_back(place: Place) -> None:
    place.published()
    first, second, third = sorted(place.out.iterdir())
    lost = {key for key in (row["source_id"] for row in expected()["request"]) if key.encode() in first.read_bytes()}
    assert lost
    first.unlink()
    second.write_bytes(second.read_bytes().replace(b"CRP", b"CRQ"))
    found = place.back()
    assert {row["source_id"] for row in found["request"]} == {row["source_id"] for row in expected()["request"]} - lost
    assert any(row["code"] == "CRQ" for row in found["observation"])
    third.write_bytes(third.read_bytes()[:-60])
    with pytest.raises(DestinationError, match="cannot be read"):
        place.back()


def test_what_has_no_place_is_refused_before_anything_is_staged(place: Place) -> None:
    destination = place.open()
    try:
        with pytest.raises(DestinationError, match="report is ordered, and has no place"):
            destination.prepare(ORDER, {e: t.schema for e, t in ROWS.items()} | {"report": ROWS["patient"].schema})
        assert destination.loaded(ORDER) == {}
    finally:
        destination.close()


def test_a_folder_that_is_not_there_is_refused(place: Place) -> None:
    with pytest.raises(DestinationError, match="no such folder"):
        replace(place, out=place.out / "nowhere").open()


@pytest.mark.parametrize(
    "url", ["hprim:///", "hprim://host/x", "hl7:///x", "hprim:///x?tls=off", "hprim:///x#y", "hprim://u:pw@h/x"]
)
def test_an_address_that_cannot_be_is_refused_and_not_shown(url: str) -> None:
    with pytest.raises(UsageError) as caught:
        HprimAddress.of(url)
    assert "pw" not in str(caught.value)
