"""Law 4 on the way: deliver and receive, killed at any fsync, rename, unlink or mkdir and run again, end as if never killed.

Every such call of a whole delivery and reception is a case, twice: killed before its effect and after it. A sample is
killed, or runs out of disk, in the kernel by strace besides.
"""

import os
import shutil
import signal
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from carrier import carry, killed

import ecluse
from ecluse.domain.lifecycle import State
from ecluse.journal.fsck import fsck
from ecluse.journal.store import FolderStore
from ecluse.wire.canonical import digest
from ecluse.workspace.place import Workspace
from synthetic_evidence import Keys, Migration

SCRIPT = Path(__file__).parent / "carrier.py"
PATHS = [str(Path(ecluse.__file__).parents[1]), str(SCRIPT.parents[2])]
ENVIRONMENT = os.environ | {"PYTHONPATH": os.pathsep.join(PATHS), "PYTHONDONTWRITEBYTECODE": "1"}
STRIDE = 1 if os.environ.get("ECLUSE_HYPOTHESIS") == "nightly" else 3
"""Every case nightly; a third of them otherwise, both kinds of call and both sides of each among them."""


class Stage:
    """A migration sealed, and one delivered: folders to copy and carry on with."""

    def __init__(self, root: Path) -> None:
        keys = Keys(root)
        migration = Migration(root / "sealed", keys)
        list(migration.run("sealed"))
        migration.close()
        shutil.copy(root / "agent-b", root / "sealed" / "agent-b")
        self.before = {"deliver": root / "sealed", "receive": root / "delivered"}
        shutil.copytree(root / "sealed", root / "delivered")
        assert carry(root / "delivered", "deliver") == 0
        self.end = {step: self._uninterrupted(step) for step in self.before}

    def _uninterrupted(self, step: str) -> dict[str, Any]:
        root = self.before[step].with_name(f"{step}-whole")
        shutil.copytree(self.before[step], root)
        assert carry(root, step) == 0
        return state(root)


@pytest.fixture(scope="module")
def memory() -> Iterator[Path]:
    """A folder in memory where there is one: SIGKILL loses nothing that a kernel has, and fsync then costs nothing."""
    room = Path("/dev/shm")
    with tempfile.TemporaryDirectory(prefix="ecluse-transfer-", dir=room if room.is_dir() else None) as folder:
        yield Path(folder)


@pytest.fixture(scope="module")
def stage(memory: Path) -> Stage:
    (memory / "stage").mkdir()
    return Stage(memory / "stage")


@pytest.fixture
def run(memory: Path) -> Iterator[Path]:
    """Where the next case may be; gone after it."""
    yield memory / "run"
    shutil.rmtree(memory / "run", ignore_errors=True)


def state(root: Path) -> dict[str, Any]:
    """Where both places stand, and every file but the journals' own, by digest."""
    found: dict[str, Any] = {}
    for name in ("source", "destination"):
        with Workspace(root / name) as place:
            progress = place.progress()
            found[name] = (progress.state, progress.pins, progress.sealed, progress.received, progress.delivered)
            assert fsck(FolderStore(place.root / "journal"), place.key.vkey).problems == ()
    for path in sorted(root.rglob("*")):
        if path.is_file() and "journal" not in path.parts and path.name != "lock":
            found[str(path.relative_to(root))] = digest(path.read_bytes())
    return found


@pytest.mark.parametrize("after", [False, True], ids=["before the call", "after the call"])
@pytest.mark.parametrize("step", ["deliver", "receive"])
def test_killed_anywhere_and_run_again(stage: Stage, run: Path, step: str, after: bool) -> None:
    at, hits = 1 + after, 0
    while True:
        root = run
        shutil.copytree(stage.before[step], root)
        status = killed(root, step, at, after=after)
        if os.WIFEXITED(status):
            assert os.WEXITSTATUS(status) == 0
            break
        assert os.WTERMSIG(status) == signal.SIGKILL
        hits += 1
        assert carry(root, step) == 0, at
        assert state(root) == stage.end[step], at
        shutil.rmtree(root)
        at += STRIDE
    assert hits * STRIDE > 100, "the calls of a whole transfer"


def test_killed_again_and_again(stage: Stage, run: Path) -> None:
    """Each run dies a little later than the one before, on what that one left."""
    root = run
    shutil.copytree(stage.before["deliver"], root)
    for step in ("deliver", "receive"):
        for at in range(5, 400, 23):
            status = killed(root, step, at, after=bool(at % 2))
            if os.WIFEXITED(status):
                assert os.WEXITSTATUS(status) == 0
                break
        assert carry(root, step) == 0
    with Workspace(root / "destination") as place:
        assert place.progress().state is State.DELIVERED
        assert len(place.progress().received) == len(place.progress().pins) + 2
    whole = {name: value for name, value in stage.end["receive"].items() if not name.startswith("source")}
    assert {name: value for name, value in state(root).items() if not name.startswith("source")} == whole


@pytest.mark.parametrize("step", ["deliver", "receive"])
@pytest.mark.parametrize(
    ("calls", "at", "what"),
    [
        ("?rename,?renameat,?renameat2", 9, "signal=KILL"),
        ("fsync", 14, "signal=KILL"),
        ("?unlink,?unlinkat", 3, "signal=KILL"),
        ("fsync", 11, "error=ENOSPC"),
        ("?rename,?renameat,?renameat2", 7, "error=EROFS"),
        ("fsync", 20, "error=EIO"),
    ],
)
def test_in_the_kernel(stage: Stage, tmp_path: Path, step: str, calls: str, at: int, what: str) -> None:
    assert shutil.which("strace"), "the crash tests need strace: apt-get install strace"
    root = tmp_path / "run"
    shutil.copytree(stage.before[step], root)
    command = ["strace", "-f", "-qq", "-o", str(tmp_path / "trace"), "-e", f"trace={calls}"]
    command += ["-e", f"inject={calls}:{what}:when={at}", sys.executable, str(SCRIPT), str(root), step]
    done = subprocess.run(command, env=ENVIRONMENT, capture_output=True, text=True, check=False)
    trace = (tmp_path / "trace").read_text()
    if what.startswith("signal"):
        assert "killed by SIGKILL" in trace
    else:
        assert "INJECTED" in trace
        assert done.returncode in {0, 31}, done.stderr  # 0: the call was one whose failure loses nothing
        assert done.stderr == ""
    assert carry(root, step) == 0
    assert state(root) == stage.end[step]
