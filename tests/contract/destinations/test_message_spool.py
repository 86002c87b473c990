"""Rows waiting to become messages: all come back, by request, sealed meanwhile, in bounded memory, cut alike each time."""

import os
import random
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest

from ecluse.adapters.destinations import _message_spool
from ecluse.adapters.destinations._message_spool import Spool
from ecluse.adapters.messages.model import control_id
from ecluse.domain.errors import DestinationError, StorageError
from ecluse.migration.ports import StagedBatch

ORDER = "sha256:" + "cd" * 32
SECRET = "CANARI-Durand"
REQUESTS = 700


def tables() -> dict[str, pa.Table]:
    """Patients shared, some never named; requests without results; a comment whose request is not there."""
    chance = random.Random(3)
    requests = [f"R{n:05}" for n in range(REQUESTS)]
    results = [(f"O{n}", chance.choice(requests)) for n in range(3 * REQUESTS)]
    comments = [(f"C{n}", chance.choice([*requests, "nowhere", None])) for n in range(200)]
    return {
        "patient": pa.table({"source_id": [f"P{n}" for n in range(100)], "family_name": [f"{SECRET}-{n}" for n in range(100)]}),
        "site": pa.table({"source_id": ["S0", "S1"], "name": ["Nord", "Sud"]}),
        "request": pa.table({"source_id": requests, "patient": [f"P{chance.randrange(90)}" for _ in requests]}),
        "observation": pa.table({"source_id": [key for key, _ in results], "request": [of for _, of in results]}),
        "comment": pa.table({"source_id": [key for key, _ in comments], "request": [of for _, of in comments]}),
    }  # fmt: skip


ROWS = tables()


def filled(folder: Path, cuts: int, shuffle: int = 0) -> Spool:
    spool = Spool(ORDER, folder)
    batches = []
    for entity, table in ROWS.items():
        step = -(-table.num_rows // cuts)
        for number, start in enumerate(range(0, table.num_rows, step)):
            batches.append(StagedBatch(f"{entity}-{number}", entity, "sha256:x", table.slice(start, step)))
    random.Random(shuffle).shuffle(batches)
    for batch in batches:
        spool.add(batch)
        spool.add(batch)
    return spool


@pytest.fixture(params=[(1, 1 << 24), (7, 1), (7, 5_000)])
def spool(request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Spool]:
    cuts, together = request.param
    monkeypatch.setattr(_message_spool, "_WAITING_BYTES", together)
    made = filled(tmp_path, cuts)
    yield made
    made.close()


def listed(part: dict[str, pa.Table]) -> dict[str, Any]:
    return {name: sorted(map(str, table.to_pylist())) for name, table in part.items() if name != "patient"}


def test_each_request_comes_once_with_all_that_belongs_to_it(spool: Spool) -> None:
    seen: Counter[str] = Counter()
    for part in spool.parts(100):
        keys = part["request"]["source_id"].to_pylist()
        controls = [control_id(ORDER, key) for key in keys]
        assert controls == sorted(controls)
        for name in ("observation", "comment"):
            wanted = [row for row in ROWS[name].to_pylist() if row["request"] in keys]
            assert sorted(map(str, part[name].to_pylist())) == sorted(map(str, wanted))
        known = {row["source_id"]: row for row in ROWS["patient"].to_pylist()}
        assert {row["source_id"] for row in part["patient"].to_pylist()} == set(part["request"]["patient"].to_pylist())
        assert all(row == known[row["source_id"]] for row in part["patient"].to_pylist())
        assert part["site"].equals(ROWS["site"])
        assert len(keys) <= 100
        seen.update(keys)
    assert seen == Counter(ROWS["request"]["source_id"].to_pylist())


@pytest.mark.parametrize("limit", [1, 200, 2_000])
def test_the_cuts_fall_alike_however_rows_came_and_memory_is_bounded(
    tmp_path: Path, limit: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    plain = filled(tmp_path, 1)
    expected = [listed(part) for part in plain.parts(64)]
    assert len(expected) == -(-REQUESTS // 64)
    monkeypatch.setattr(_message_spool, "_PASS_BYTES", limit)
    cut = filled(tmp_path, 5, shuffle=9)
    assert [listed(part) for part in cut.parts(64)] == expected
    for each in (plain, cut):
        each.close()


def test_heads_alone_are_cut_as_the_whole(spool: Spool) -> None:
    whole = [part["request"]["source_id"].to_pylist() for part in spool.parts(50)]
    assert [part["request"]["source_id"].to_pylist() for part in spool.parts(50, ())] == whole
    assert all(set(part) == {"request"} for part in spool.parts(50, ()))


def test_nothing_stands_on_disk_that_anybody_could_read(spool: Spool, tmp_path: Path) -> None:
    assert list(tmp_path.iterdir()) == []
    list(spool.parts(100))
    file = spool._vault._file
    sealed = os.pread(file.fileno(), spool._vault._end, 0)
    assert len(sealed) > 10_000
    for needle in (SECRET, "R00001", "Nord", "source_id", "family_name"):
        assert needle.encode() not in sealed


def test_a_byte_that_was_changed_is_found(spool: Spool) -> None:
    list(spool.parts(100))
    file = spool._vault._file
    sealed = os.pread(file.fileno(), spool._vault._end, 0)
    os.pwrite(file.fileno(), bytes(byte ^ 1 for byte in sealed), 0)
    with pytest.raises(StorageError, match="cannot be read again"):
        list(spool.parts(100))


def test_a_key_that_comes_twice_is_refused(tmp_path: Path) -> None:
    spool = filled(tmp_path, 1)
    spool.add(StagedBatch("again", "request", "sha256:y", ROWS["request"].slice(5, 1)))
    with pytest.raises(DestinationError, match="more than once"):
        list(spool.parts(100))
    spool.close()


def test_a_folder_that_is_not_there_is_a_storage_error(tmp_path: Path) -> None:
    with pytest.raises(StorageError, match="put aside"):
        Spool(ORDER, tmp_path / "nowhere")


def test_a_full_disk_is_a_storage_error(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    spool = Spool(ORDER, tmp_path)

    def full(*_: Any) -> int:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "pwrite", full)
    monkeypatch.setattr(_message_spool, "_WAITING_BYTES", 1)
    with pytest.raises(StorageError, match="disk full"):
        spool.add(StagedBatch("one", "patient", "sha256:x", ROWS["patient"]))
    assert not spool.batches
    spool.close()
