"""Law 4 on the journal: killed at any write, fsync, rename, mkdir or unlink, or out of disk there, it loses nothing.

strace delivers the SIGKILL, or the error, on entering the N-th such call of a process that appends; N runs from 1
until the process ends unharmed.
"""

import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

import pytest
from journal_writer import BATCH, entry
from journal_writer import main as resume

import ecluse
from ecluse.journal.fsck import fsck
from ecluse.journal.keys import LogKey
from ecluse.journal.log import Journal
from ecluse.journal.store import FolderStore

SCRIPT = Path(__file__).parent / "journal_writer.py"
ENVIRONMENT = os.environ | {"PYTHONPATH": str(Path(ecluse.__file__).parents[1]), "PYTHONDONTWRITEBYTECODE": "1"}
RENAME = "?rename,?renameat,?renameat2"
MKDIR = "?mkdir,?mkdirat"
UNLINK = "?unlink,?unlinkat,?rmdir"


@dataclass(frozen=True)
class Scene:
    """A journal of ``start`` entries (None: no folder yet), appended to up to ``target``; calls to be hit, at least."""

    start: int | None
    target: int
    calls: dict[str, int]


NEW = Scene(None, 6, {"write": 7, "fsync": 18, RENAME: 7, MKDIR: 6, UNLINK: 2})
# Completes tile 0 of level 0, begins tile 1 and level 1, and supersedes partial tiles.
ACROSS = Scene(251, 260, {"write": 12, "fsync": 24, RENAME: 12, MKDIR: 3, UNLINK: 6})
SCENES = [pytest.param(NEW, id="new"), pytest.param(ACROSS, id="across a tile")]


@dataclass(frozen=True)
class Run:
    """How a process ended: its code, the size it last acknowledged, how often it met a StorageError, whether hit."""

    folder: Path
    code: int
    acknowledged: int
    failures: int
    hit: bool


class Stage:
    """Runs the writer under strace, each time on a journal of its own."""

    def __init__(self, root: Path) -> None:
        assert shutil.which("strace"), "the crash tests need strace: apt-get install strace"
        self.root = root
        self.key = LogKey.generate("journal.example")
        self.key.save(root / "key")

    def command(self, folder: Path, name: str, target: int) -> list[str]:
        return [sys.executable, str(SCRIPT), *map(str, (folder, self.root / "key", self.root / f"{name}.ack", target))]

    def run(self, scene: Scene, name: str, *strace: str) -> Run:
        folder = self.root / name / "journal"
        if scene.start is not None:
            Journal.open(FolderStore(folder), self.key).append([entry(i) for i in range(scene.start)])
        command = ["strace", "-f", "-qq", "-o", str(self.root / f"{name}.trace"), *strace]
        command += self.command(folder, name, scene.target)
        done = subprocess.run(
            command,
            env=ENVIRONMENT,
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )
        assert done.returncode in (0, -9), done.stderr
        acknowledged = self.root / f"{name}.ack"
        lines = acknowledged.read_text().split() if acknowledged.exists() else []
        sizes = [int(line) for line in lines if line != "!"]
        hit = done.returncode == -9 or "(INJECTED)" in (self.root / f"{name}.trace").read_text()
        return Run(folder, done.returncode, max([scene.start or 0, *sizes]), lines.count("!"), hit)

    def hits(self, scene: Scene, calls: str, fault: str) -> Iterator[Run]:
        """One run for each N, two at a time, until one is not hit."""

        def hit(number: int) -> Run:
            rule = f"inject={calls}:{fault}:when={number}"
            return self.run(scene, f"n{number}", "-e", f"trace={calls}", "-e", rule)

        with ThreadPoolExecutor(2) as pool:
            for first in range(1, 200, 2):
                for run in list(pool.map(hit, (first, first + 1))):
                    if not run.hit:
                        return
                    yield run
        pytest.fail("still hit at the 200th call")


@pytest.fixture
def stage(tmp_path: Path) -> Stage:
    return Stage(tmp_path)


def held(folder: Path, key: LogKey) -> list[bytes]:
    journal = Journal.open(FolderStore(folder), key)
    entries = list(journal.entries())
    assert entries == [entry(i) for i in range(len(entries))]
    report = fsck(FolderStore(folder), key.vkey)
    assert (report.size, report.root, report.problems) == (len(entries), journal.root, ())
    assert not list(folder.glob(".new-*"))
    return entries


@pytest.mark.parametrize("calls", ["write", "fsync", RENAME, MKDIR, UNLINK])
@pytest.mark.parametrize("scene", SCENES)
def test_killed_there_it_holds_all_that_was_acknowledged(stage: Stage, scene: Scene, calls: str) -> None:
    count = 0
    for run in stage.hits(scene, calls, "signal=SIGKILL"):
        count += 1
        assert run.code == -9
        residue = fsck(FolderStore(run.folder), stage.key.vkey).problems
        assert all("opening the journal drops" in problem for problem in residue) or (
            scene.start is None and residue == ("checkpoint: missing",)
        )
        entries = held(run.folder, stage.key)
        begun = [] if scene.start is None else [scene.start]
        assert len(entries) in {run.acknowledged, run.acknowledged + BATCH, *begun}
        assert len(entries) >= run.acknowledged
        resume(str(run.folder), str(stage.root / "key"), str(stage.root / "resumed.ack"), scene.target)
        assert len(held(run.folder, stage.key)) == scene.target
    assert count >= scene.calls[calls]


@pytest.mark.parametrize("calls", ["write", "fsync", RENAME, MKDIR])
@pytest.mark.parametrize("scene", SCENES)
def test_out_of_disk_there_it_says_so_and_loses_nothing(stage: Stage, scene: Scene, calls: str) -> None:
    count = 0
    for run in stage.hits(scene, calls, "error=ENOSPC"):
        count += 1
        assert run.code == 0
        # A folder that exists already does not have to be made.
        assert run.failures == 1 or (calls == MKDIR and run.failures == 0)
        assert len(held(run.folder, stage.key)) == scene.target
    assert count >= scene.calls[calls]


def test_a_disk_that_stays_full_leaves_the_journal_as_it_was(stage: Stage) -> None:
    """From its first write on: no append returns, and what was there still opens."""
    folder = stage.root / "full" / "journal"
    Journal.open(FolderStore(folder), stage.key).append([entry(0)])
    before = {path: path.read_bytes() for path in folder.rglob("*") if path.is_file()}
    rules = ("-e", "trace=write", "-e", "inject=write:error=ENOSPC", "-e", "inject=pwrite64:signal=SIGKILL:when=3")
    run = stage.run(Scene(None, 6, {}), "full", *rules, "-e", "trace=write,pwrite64")
    assert (run.code, run.failures, run.acknowledged) == (-9, 2, 0)
    assert {path: path.read_bytes() for path in folder.rglob("*") if path.is_file()} == before
    assert held(folder, stage.key) == [entry(0)]


@pytest.mark.parametrize("scene", SCENES)
def test_everything_is_durable_before_the_step_that_needs_it(stage: Stage, scene: Scene) -> None:
    """What a kill cannot show and a power cut would: the order of the fsyncs."""
    calls = f"fsync,{RENAME},{MKDIR},{UNLINK},pwrite64"
    stage.run(scene, "order", "-y", "-e", f"trace={calls}")
    root = str(stage.root / "order" / "journal")
    waiting: dict[str, str] = {}
    synced: set[str] = set()
    commits = 0
    for line in (stage.root / "order.trace").read_text().splitlines():
        call, arguments, result = re.fullmatch(r"\d+ +(\w+)\((.*)\) += (\S+).*", line).groups()  # type: ignore[union-attr]
        if result == "-1":
            assert call in {"mkdir", "mkdirat", "rmdir"}, line
            continue
        paths = re.findall(r'"([^"]+)"', arguments)
        if call == "fsync":
            path = re.search(r"<(.+)>", arguments).group(1)  # type: ignore[union-attr]
            synced.add(path)
            waiting = {made: folder for made, folder in waiting.items() if folder != path}
        elif call.startswith("rename"):
            assert paths[0] in synced, "renamed before its bytes were durable"
            assert root in synced, "a checkpoint that a killed process renamed was built upon before it was durable"
            if paths[1] == f"{root}/checkpoint":
                commits += 1
                assert not waiting, "committed before the files it needs were durable"
            waiting[paths[1]] = str(Path(paths[1]).parent)
        elif call.startswith("mkdir"):
            waiting[paths[0]] = str(Path(paths[0]).parent)
        else:
            assert not waiting, f"{call} before the commit was durable"
    assert commits == (scene.target - (scene.start or 0)) // BATCH + (scene.start is None)
