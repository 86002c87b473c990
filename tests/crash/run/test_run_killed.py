"""Law 4 on a whole migration: ``ecluse run`` is killed, or out of disk, at any fsync, rename or unlink, then resumed.

strace delivers SIGKILL, or ENOSPC, on entering the N-th such call of a thread: the main thread's calls are the journal,
papers, keys, transfers, erasure; those of the threads that extract and load are hit by the files that they touch.
``make test`` takes every k-th call, ``make crash`` all of them.
"""

import json
import re
import resource
import shutil
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

import pytest

from ecluse.seal.digests import sha256_file
from migrating import OUT, Desk, W, expected_rows, holding, numbers

CALLS = "?fsync,?fdatasync,?rename,?renameat,?renameat2,?unlink,?unlinkat"
RUN = ("run", *W, "--accept-key", "keys/dr.martin")
RESUME = ("resume", *W, "--accept-key", "keys/dr.martin", "--json")
STORAGE = 31


@dataclass(frozen=True)
class Hit:
    """One run and the fault that met it; ``code`` 0: the fault came too late."""

    desk: Desk
    code: int
    err: str
    hit: bool


def strike(planned: Desk, folder: Path, fault: str, calls: str, number: int, path: Path | None = None) -> Hit:
    """Run a copy of ``planned``; the ``number``-th of ``calls`` (on ``path`` alone) does not go as it should."""
    desk = planned.copy(folder / "desk")
    trace = folder / "trace"
    command = ["strace", "-f", "-qq", "-o", str(trace), "-e", f"trace={calls}"]
    command += ["-e", f"inject={calls}:{fault}:when={number}"]
    if path is not None:  # named both ways: files of the workspace are opened by relative names
        command += ["-P", str(desk.path(str(path))), "-P", str(path)]
    done = desk.spawn(*RUN, prefix=command, code=None)
    hit = done.code == -9 or "INJECTED" in trace.read_text()
    assert done.code in (0, -9, STORAGE), f"{done.code}\n{done.err}"
    return Hit(desk, done.code, done.err, hit)


def check(desk: Desk) -> None:
    """Resumed, the migration ends as one that nothing happened to."""
    # The order's erasure has destroyed nothing that is still needed, however late the fault came.
    ended = desk.ecluse(*RESUME).json()
    assert ended["next"] == "done"
    assert ended["states"] == {"source": "erased", "destination": "erased"}
    assert ended["clean"], ended["reconciliation"]["differences"]
    assert numbers(desk.target_rows()) == expected_rows(desk.built)
    for place in ("source", "destination"):
        desk.ecluse("journal", "verify", f"migration/{place}")
    desk.ecluse("evidence", "export", "migration", "--out", "evidence.zip")
    desk.verify()
    left = [path for path in desk.root.rglob("*") if path.name.endswith((".age", ".part", ".secret"))]
    assert left == [desk.path("keys", "trace.age")], left  # the controller's own
    assert holding(OUT, desk.root, but=["legacy.sqlite"]) == []
    events = journal(desk, "source")
    sealed = [e["subject"] for e in events if e["event"] == "batch.sealed"]
    assert len(sealed) == len(set(sealed)), "a batch was sealed twice"
    loaded = [e["subject"] for e in journal(desk, "destination") if e["event"] == "batch.loaded"]
    assert len(loaded) == len(set(loaded)) == len(sealed)


def journal(desk: Desk, place: str) -> list[dict[str, str]]:
    found: list[dict[str, str]] = desk.ecluse("journal", "show", f"migration/{place}", "--json").json()[place]
    return found


def struck(planned: Desk, root: Path, fault: str, numbers_: Iterator[int], calls: str = CALLS) -> int:
    """Strike at each number, two at a time, and check each; returns how many were hit. Ends where none is any more."""

    def one(number: int) -> Hit:
        folder = root / str(number)
        folder.mkdir()
        return strike(planned, folder, fault, calls, number)

    hits = 0
    with ThreadPoolExecutor(2) as pool:
        for number in numbers_:
            found = [hit for hit in pool.map(one, (number, next(numbers_))) if hit.hit]
            for hit in found:
                check(hit.desk)
                shutil.rmtree(hit.desk.root)
            hits += len(found)
            if not found:
                break
    return hits


def every(step: int, first: int = 1) -> Iterator[int]:
    number = first
    while True:
        yield number
        number += step


def test_killed_at_every_so_many_calls(planned: Desk, tmp_path: Path) -> None:
    assert struck(planned, tmp_path, "signal=SIGKILL", every(251, first=13)) > 3


@pytest.mark.slow
@pytest.mark.parametrize("share", range(16))
def test_killed_at_every_call(planned: Desk, tmp_path: Path, share: int) -> None:
    assert struck(planned, tmp_path, "signal=SIGKILL", every(16, first=share + 1)) > 50


def test_disk_full_at_every_so_many_calls(planned: Desk, tmp_path: Path) -> None:
    assert struck(planned, tmp_path, "error=ENOSPC", every(347, first=162), calls="?fsync,?rename,?renameat") > 1


@pytest.mark.slow
@pytest.mark.parametrize("share", range(8))
def test_disk_full_at_every_call(planned: Desk, tmp_path: Path, share: int) -> None:
    calls = "?fsync,?rename,?renameat"
    assert struck(planned, tmp_path, "error=ENOSPC", every(8, first=share + 1), calls=calls) > 50


def batches(planned: Desk) -> list[str]:
    (plan,) = planned.path("migration", "source", "artefacts", "plan").glob("*.json")
    return [batch["id"] for batch in json.loads(plan.read_bytes())["batches"]]


WORKERS: dict[str, Callable[[str], tuple[Path, str]]] = {
    "parcel opened": lambda b: (Path(f"migration/source/parcels/sealed/{b}.age.part"), "?openat"),
    "parcel written": lambda b: (Path(f"migration/source/parcels/sealed/{b}.age.part"), "?write"),
    "parcel on disk": lambda b: (Path(f"migration/source/parcels/sealed/{b}.age.part"), "?fsync"),
    "parcel named": lambda b: (Path(f"migration/source/parcels/sealed/{b}.age.part"), "?rename,?renameat"),
    "fingerprints named": lambda b: (Path(f"migration/source/trace/pieces/{b}.marks.part"), "?rename,?renameat"),
}
GATHERED = Path("migration/source/trace/BIO-2026-0042.v1.trace.part")
GATHERING = {
    "opened": (GATHERED, "?openat"),
    "written": (GATHERED, "?write"),
    "on disk": (GATHERED, "?fsync"),
    "named": (GATHERED, "?rename,?renameat"),
    "a piece erased": (Path("migration/source/trace/pieces/patient-0001.marks"), "?unlink,?unlinkat"),
}


@pytest.mark.parametrize("moment", WORKERS)
def test_killed_in_a_worker_of_the_extraction(planned: Desk, tmp_path: Path, moment: str) -> None:
    names = batches(planned)
    batch = names[sorted(WORKERS).index(moment) % len(names)]
    path, calls = WORKERS[moment](batch)
    hit = strike(planned, tmp_path, "signal=SIGKILL", calls, 1, path)
    assert hit.code == -9
    check(hit.desk)


@pytest.mark.parametrize(
    "moment", [pytest.param(m, marks=() if m in {"named", "a piece erased"} else pytest.mark.slow) for m in GATHERING]
)
def test_killed_while_fingerprints_are_gathered(planned: Desk, tmp_path: Path, moment: str) -> None:
    """The one file that is left in the end is the one that the journal names last, whole."""
    path, calls = GATHERING[moment]
    assert moment != "a piece erased" or path.stem in batches(planned)
    hit = strike(planned, tmp_path, "signal=SIGKILL", calls, 1, path)
    assert hit.code == -9
    check(hit.desk)
    named = [e["subject"] for e in journal(hit.desk, "source") if e["event"] == "trace.keeping"]
    assert len(named) == (1 if moment == "a piece erased" else 2)
    (left,) = [path for path in hit.desk.path("migration", "source", "trace").rglob("*") if path.is_file()]
    assert sha256_file(left) == named[-1]


@pytest.mark.slow
@pytest.mark.parametrize("moment", WORKERS)
def test_killed_in_every_worker_of_the_extraction(planned: Desk, tmp_path: Path, moment: str) -> None:
    for batch in batches(planned):
        folder = tmp_path / batch
        folder.mkdir()
        path, calls = WORKERS[moment](batch)
        hit = strike(planned, folder, "signal=SIGKILL", calls, 1, path)
        assert hit.code == -9
        check(hit.desk)


def strikes_at_the_target(planned: Desk, root: Path, which: Callable[[], Iterator[int]]) -> int:
    """The new SQLite's own files: its journal, and itself."""
    hits = 0
    for name, calls in (("new.sqlite", "?pwrite64,?fsync,?fdatasync"), ("new.sqlite-journal", "?pwrite64,?unlink,?fsync")):
        for number in which():
            folder = root / f"{name}{number}"
            folder.mkdir()
            hit = strike(planned, folder, "signal=SIGKILL", calls, number, Path(name))
            if not hit.hit:
                break
            hits += 1
            check(hit.desk)
            shutil.rmtree(folder)
    return hits


def test_killed_while_the_target_is_written(planned: Desk, tmp_path: Path) -> None:
    assert strikes_at_the_target(planned, tmp_path, lambda: iter((2,))) == 2


@pytest.mark.slow
def test_killed_at_every_write_of_the_target(planned: Desk, tmp_path: Path) -> None:
    assert strikes_at_the_target(planned, tmp_path, lambda: every(1)) > 20


@pytest.mark.parametrize("limit", [300, 3_000, 12_000, 40_000])
def test_a_disk_that_takes_no_more(planned: Desk, tmp_path: Path, limit: int) -> None:
    """No file may grow past the limit, the target's neither; lifted, everything goes on."""
    desk = planned.copy(tmp_path / "desk")
    done = desk.spawn(
        *RUN, code=None, preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (limit, limit))
    )  # fmt: skip
    assert done.code == STORAGE, done.err
    assert re.match(r"error: ", done.err)
    check(desk)


def test_two_at_once(planned: Desk, tmp_path: Path) -> None:
    """A second agent on the same workspace is turned away, and does no harm."""
    desk = planned.copy(tmp_path / "desk")
    with ThreadPoolExecutor(3) as pool:
        ended = list(pool.map(lambda _n: desk.spawn(*RUN, code=None), range(3)))
    assert {done.code for done in ended} <= {0, 32, 16}, [done.err for done in ended]
    check(desk)
