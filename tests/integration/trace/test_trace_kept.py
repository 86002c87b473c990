"""R11 on a whole migration: fingerprints of what was sealed and nothing else, kept under the controller's key alone."""

import datetime as dt
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pytest

from ecluse.cli import _overdue
from ecluse.domain.errors import StorageError, TamperError
from ecluse.domain.records import ErasureCertificate
from ecluse.migration import extract, trace_making
from ecluse.migration.canary import markers
from ecluse.migration.trace_filter import TraceFilter, read_filter
from ecluse.migration.tracing import fingerprints
from ecluse.seal.armour import bare
from ecluse.seal.digests import sha256_file
from ecluse.seal.sealing import Identity, open_sealed
from ecluse.wire.artefacts import decode
from ecluse.workspace.files import write_atomic
from ecluse.workspace.place import Workspace
from migrating import OUT, Desk, W, birth_date, holding

TRACE = Path("migration/source/trace/BIO-2026-0042.v1.trace")
SECRET = Path("migration/source/keys/trace.secret")
ABORT = ("abort", *W, "--key", "keys/dr.martin", "--reason", "the laboratory keeps its system")


@pytest.fixture(scope="module")
def planned(tmp_path_factory: pytest.TempPathFactory) -> Desk:
    desk = Desk.made(tmp_path_factory.mktemp("planned") / "desk", patients=40, trace=True)
    desk.plan()
    return desk


@pytest.fixture(scope="module")
def extracted(planned: Desk, tmp_path_factory: pytest.TempPathFactory) -> Desk:
    desk = planned.copy(tmp_path_factory.mktemp("extracted") / "desk")
    desk.ecluse("extract", *W)
    return desk


@pytest.fixture(scope="module")
def ended(extracted: Desk, tmp_path_factory: pytest.TempPathFactory) -> Desk:
    desk = extracted.copy(tmp_path_factory.mktemp("ended") / "desk")
    desk.ecluse("run", *W)
    desk.finish()
    return desk


@pytest.fixture
def kept(extracted: Desk) -> Iterator[TraceFilter]:
    with read_filter(extracted.path(str(TRACE))) as found:
        yield found


def _key(desk: Desk, found: TraceFilter, identity: str) -> bytes:
    return open_sealed(bare(found.header.sealed_key), Identity.load(desk.path("keys", identity)))


def _persons(rows: dict[str, dict[str, Any]]) -> pa.Table:
    """As they stand in the new system: what the generator says that the order yields."""
    return pa.table({
        "source_id": list(rows), "family_name": [row["family_name"] for row in rows.values()],
        "given_names": [row["given_names"] for row in rows.values()],
        "birth_date": [birth_date(row["birth_date"]) for row in rows.values()],
        "nir": [row["nir"] for row in rows.values()],
    })  # fmt: skip


def _events(desk: Desk) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = desk.ecluse("journal", "show", "migration/source", "--json").json()["source"]
    return found


def test_every_person_sealed_leaves_marks_and_nobody_else(extracted: Desk, kept: TraceFilter) -> None:
    kept.check()
    key = _key(extracted, kept, "trace.age")
    sealed = extracted.built.expected["patient"]
    theirs = fingerprints(_persons(sealed), "patient", key)
    assert len(theirs) > 2 * len(sealed)
    assert kept.holds(theirs).all()
    assert kept.header.persons == len(sealed)
    # The same persons under another key are strangers: one in 4096 is taken for one of them.
    assert kept.holds(fingerprints(_persons(sealed), "patient", bytes(32))).mean() < 0.05
    others = {k: row | {"family_name": f"X{row['family_name']}"[::-1], "nir": None} for k, row in sealed.items()}
    renamed = _persons(others).drop_columns(["source_id"])
    assert kept.holds(fingerprints(renamed, "patient", key)).mean() < 0.05


def test_the_controller_alone_opens_the_key(extracted: Desk, kept: TraceFilter) -> None:
    with pytest.raises(TamperError, match="not sealed to this identity"):
        _key(extracted, kept, "kalisil.age")
    assert _key(extracted, kept, "trace.age") == extracted.path(str(SECRET)).read_bytes()


def test_the_file_says_what_export_it_is_of(extracted: Desk, kept: TraceFilter) -> None:
    said, order = kept.header, json.loads(extracted.path("order.json").read_bytes())
    assert (said.order, said.finess, said.destination) == (order["order"], order["controller"]["finess"], "kalisil")
    assert said.controller == order["controller"]["name"]
    assert said.recipient == order["destination"]["recipient"]
    assert (str(said.period_from), str(said.period_until)) == ("2018-01-01", "2019-12-31")
    assert str(said.keep_until) == order["trace"]["keep_until"]
    entry = next(e for e in _events(extracted) if e["event"] == "trace.keeping")
    assert entry["subject"] == sha256_file(extracted.path(str(TRACE)))
    assert entry["order"] == said.order_digest


def test_planted_rows_name_their_parcel(extracted: Desk, kept: TraceFilter) -> None:
    canary = extracted.path("migration/source/keys/canary.secret").read_bytes()
    key = _key(extracted, kept, "trace.age")
    parcels = [path.stem for path in sorted(extracted.path("migration/source/parcels/sealed").glob("*.age"))]
    assert kept.header.parcels == tuple(parcels)
    for parcel in parcels:
        (made,) = trace_making.canary_fingerprints(canary, [parcel], extract.CANARIES, key).values()
        assert len(made) == len(markers(canary, [parcel], extract.CANARIES))
        assert {name for _, name in kept.canaries(np.sort(made))} == {parcel}


def test_no_name_is_in_it_and_no_piece_is_left(extracted: Desk) -> None:
    numbers = [row["nir"] for row in extracted.built.expected["patient"].values() if row["nir"]]
    assert len(numbers) > 10
    for needle in [OUT, *(number.encode("ascii", "replace") for number in numbers)]:
        assert holding(needle, extracted.path("migration")) == []
        assert needle == OUT or holding(needle, extracted.root) == ["legacy.sqlite"]
    assert not list(extracted.path("migration/source/trace").rglob("*.marks"))
    first = _events(extracted)
    events = [entry["event"] for entry in first]
    assert events.index("trace.keeping") == max(i for i, e in enumerate(events) if e == "batch.sealed") + 1
    assert all(entry["detail"]["trace"].startswith("sha256:") for entry in first if entry["event"] == "batch.sealed")


def test_it_outlives_the_migration_and_its_key_does_not(ended: Desk, extracted: Desk) -> None:
    trace = ended.path(str(TRACE))
    assert trace.read_bytes() == extracted.path(str(TRACE)).read_bytes()
    assert not ended.path(str(SECRET)).exists()
    (paper,) = ended.path("migration/source/artefacts/erasure").glob("*.json")
    certificate = decode(ErasureCertificate, paper.read_bytes())
    assert certificate.clean()
    assert certificate.trace is not None
    assert (certificate.trace.digest, certificate.trace.size) == (sha256_file(trace), trace.stat().st_size)
    assert "keys/trace.secret" in {thing.path for thing in certificate.erased}
    assert not ended.path("migration/destination/trace").exists()
    told = ended.ecluse("status", "migration", "--json").json()["places"]
    assert Path(told["source"]["trace"]["file"]).name == TRACE.name
    assert told["destination"]["trace"] is None
    assert TRACE.name in ended.ecluse("status", "migration").out


def test_it_dies_when_its_day_is_over(ended: Desk, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    desk = ended.copy(tmp_path / "desk")
    until = json.loads(desk.path("order.json").read_bytes())["trace"]["keep_until"]
    over = dt.datetime.combine(dt.date.fromisoformat(until), dt.time(0, 1), dt.UTC) + dt.timedelta(days=1)

    def at(moment: dt.datetime) -> None:
        monkeypatch.setattr(Workspace, "now", lambda _place: moment)
        monkeypatch.setattr(_overdue, "now", lambda: moment)

    at(over - dt.timedelta(minutes=2))  # it answers through that day
    desk.ecluse("erase", *W)
    assert desk.path(str(TRACE)).exists()
    assert "FINGERPRINTS" not in desk.ecluse("status", "migration").err
    at(over)
    assert f"FINGERPRINTS KEPT UNTIL {until}" in desk.ecluse("status", "migration").err
    desk.ecluse("run", *W)  # any command does it
    assert not desk.path(str(TRACE)).exists()
    assert _events(desk)[-1]["event"] == "trace.erasing"
    size = len(_events(desk))
    desk.ecluse("erase", *W)
    assert len(_events(desk)) == size
    assert "FINGERPRINTS" not in desk.ecluse("status", "migration").err
    desk.path("evidence.zip").unlink()
    desk.ecluse("evidence", "export", "migration", "--out", "evidence.zip")


def test_none_ordered_none_made(planned: Desk, tmp_path: Path) -> None:
    desk = planned.copy(tmp_path / "desk")
    (desk.root / "keys" / "trace.age").unlink()
    (desk.root / "migration").rename(desk.root / "before")
    desk.sign_order()
    assert "no trace is ordered" in desk.ecluse("order", "check", "order.yaml", "--agreement", "agreement.json").out
    assert "could not be traced" in desk.ecluse("order", "show", "order.yaml").out
    assert "ne pourrait être retracée" in desk.ecluse("--lang", "fr", "order", "show", "order.yaml").out
    desk.plan()
    desk.ecluse("run", *W)
    assert not desk.path("migration/source/trace").exists()
    assert not desk.path(str(SECRET)).exists()
    assert all(entry["event"] != "trace.keeping" and "trace" not in entry["detail"] for entry in _events(desk))


def _cut_off(desk: Desk, monkeypatch: pytest.MonkeyPatch, after: int) -> int:
    """Extraction ends after so many pieces, as where the disk is full; returns how many batches were sealed."""
    real, left = extract.write_piece, iter(range(after))

    def full(*given: Any) -> str:
        if next(left, None) is None:
            raise StorageError("no space left on device")
        return real(*given)

    with monkeypatch.context() as patch:
        patch.setattr(extract, "write_piece", full)
        desk.ecluse("extract", *W, code=31)
    return sum(entry["event"] == "batch.sealed" for entry in _events(desk))


def test_what_was_sealed_before_it_was_given_up_was_an_export(
    planned: Desk, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    desk = planned.copy(tmp_path / "desk")
    sealed = _cut_off(desk, monkeypatch, 2)
    assert 0 < sealed < 5
    desk.ecluse(*ABORT)
    events = _events(desk)
    names = [entry["event"] for entry in events]
    assert names.index("migration.aborted") < names.index("trace.keeping") < names.index("erasure.started")
    assert events[names.index("trace.keeping")]["detail"]["pieces"] == sealed
    assert [p.name for p in desk.path("migration/source/trace").rglob("*") if p.is_file()] == [TRACE.name]
    assert not desk.path(str(SECRET)).exists()
    with read_filter(desk.path(str(TRACE))) as found:
        found.check()
        assert len(_key(desk, found, "trace.age")) == 32
        assert len(found.header.parcels) >= sealed
    desk.ecluse("evidence", "export", "migration/source", "--out", "evidence.zip")
    report = desk.ecluse("evidence", "verify", "evidence.zip", "--json", code=None).json()
    assert not [step["name"] for step in report["steps"] if step["status"] == "failed"]
    assert next(step["status"] for step in report["steps"] if step["name"] == "trace") == "ok"


def test_nothing_sealed_nothing_kept(planned: Desk, tmp_path: Path) -> None:
    desk = planned.copy(tmp_path / "desk")
    desk.ecluse(*ABORT)
    assert not list(desk.path("migration/source").rglob("*.trace"))


def test_a_piece_that_is_another_is_refused_and_keeps_no_key_alive(
    planned: Desk, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    desk = planned.copy(tmp_path / "desk")
    with monkeypatch.context() as patch:
        patch.setattr(extract, "keep_trace", lambda *_: _stop())
        desk.ecluse("extract", *W, code=31)
    piece = max(desk.path("migration/source/trace/pieces").glob("*.marks"), key=lambda path: path.stat().st_size)
    piece.write_bytes(piece.read_bytes()[8:])
    done = desk.ecluse("extract", *W, code=None)
    assert done.code != 0
    assert "not those of the batch" in done.err
    assert not desk.path(str(TRACE)).exists()
    done = desk.ecluse(*ABORT, code=None)
    assert "not those of the batch" in done.err
    assert not desk.path(str(SECRET)).exists()
    assert not [p for p in desk.path("migration/source/trace").rglob("*") if p.is_file()]
    assert desk.states()[0] == "erased"
    desk.ecluse("evidence", "export", "migration/source", "--out", "evidence.zip")
    report = desk.ecluse("evidence", "verify", "evidence.zip", "--json", code=None).json()
    assert "trace" in [step["name"] for step in report["steps"] if step["status"] == "failed"]


def _stop() -> None:
    raise StorageError("no space left on device")


def test_a_key_that_is_none_is_refused_before_anything_leaves(planned: Desk, tmp_path: Path) -> None:
    desk = planned.copy(tmp_path / "desk")
    desk.path("migration").rename(desk.path("before"))

    def mistyped(order: dict[str, Any]) -> dict[str, Any]:
        key = order["trace"]["recipient"]
        return order | {"trace": order["trace"] | {"recipient": key[:-1] + ("q" if key[-1] != "q" else "p")}}

    desk.sign_order(mistyped)
    desk.plan()
    done = desk.ecluse("extract", *W, code=None)
    assert done.code != 0
    assert "not an age public key" in done.err
    assert desk.states()[0] == "planned"
    assert not list(desk.path("migration/source/parcels").rglob("*.age"))


def test_another_file_in_its_place_is_not_kept(extracted: Desk, tmp_path: Path) -> None:
    desk = extracted.copy(tmp_path / "desk")
    trace = desk.path(str(TRACE))
    changed = bytearray(trace.read_bytes())
    changed[-1] ^= 1
    trace.write_bytes(changed)
    desk.ecluse(*ABORT, code=None)
    assert not trace.exists()
    (paper,) = desk.path("migration/source/artefacts/erasure").glob("*.json")
    assert decode(ErasureCertificate, paper.read_bytes()).trace is None


def test_a_file_that_was_announced_and_not_written_is_made_anew(
    planned: Desk, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    desk = planned.copy(tmp_path / "desk")
    with monkeypatch.context() as patch:
        patch.setattr(trace_making, "write_atomic", _only_pieces)
        desk.ecluse("extract", *W, code=31)
    desk.ecluse("run", *W)
    desk.finish()
    keeping = [entry["subject"] for entry in _events(desk) if entry["event"] == "trace.keeping"]
    assert len(keeping) == 2
    assert keeping[-1] == sha256_file(desk.path(str(TRACE)))


def _only_pieces(path: Path, data: bytes) -> None:
    if path.suffix == ".trace":
        _stop()
    write_atomic(path, data)
