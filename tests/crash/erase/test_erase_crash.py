"""Laws 4 and 7 on erasure: killed at any fsync, unlink or rename, or refused there, the next call finishes the work.

strace delivers the SIGKILL, or the error, on entering the N-th such call. Whoever repeats the call has lost what it
could have known: markers can no longer be worked out. The certificate is complete all the same, and the auditor agrees.
"""

import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from eraser import FAILED, NOW
from eraser import main as erase

import ecluse
from ecluse.control.evidence import export
from ecluse.domain.records import ErasureCertificate
from ecluse.journal.fsck import fsck
from ecluse.journal.store import FolderStore
from ecluse.seal.sealing import seal
from ecluse.verify import verify_bundle
from ecluse.verify.report import Status
from ecluse.workspace.place import Workspace
from erasing import accepted, copy_of, planted
from synthetic_evidence import Keys

SCRIPT = Path(__file__).parent / "eraser.py"
PLACES = [str(Path(ecluse.__file__).parents[1]), str(Path(__file__).parents[2])]
ENVIRONMENT = os.environ | {"PYTHONPATH": os.pathsep.join(PLACES), "PYTHONDONTWRITEBYTECODE": "1"}
RENAME = "?rename,?renameat,?renameat2"
UNLINK = "?unlink,?unlinkat"
ENDS = ("source", "destination")


class Scene:
    """One accepted migration, copied for every run."""

    def __init__(self, folder: Path) -> None:
        assert shutil.which("strace"), "the crash tests need strace: apt-get install strace"
        self.keys = Keys(folder)
        migration = accepted(folder / "model", self.keys)
        self.parcels = {r.parcel for r in migration.receipts}
        self.parcels |= {r.quarantine_parcel for r in migration.receipts if r.quarantine_parcel}
        # As a delivery that was killed leaves it: one parcel still in the mailbox, another cut off.
        sealed = migration.source.root / "parcels" / "delivered"
        shutil.copy(sealed / "patient-0001.age", migration.root / "mailbox" / "patient-0001.age")
        part = seal(b"cut off", [self.keys.identity.recipient])[:150]
        (migration.root / "mailbox" / "request-2018-0001.age.part").write_bytes(part)
        (migration.root / "temporary").mkdir()
        (migration.root / ".ecluse-x.part").write_text("AGE-SECRET-KEY-1CUT")
        migration.close()
        self.folder = folder

    def run(self, name: str, end: str, *strace: str) -> tuple[Path, int, bool, str]:
        """A fresh copy, erased under strace: where, exit code, whether the fault hit, what was said."""
        root = copy_of(self.folder / "model", self.folder / name)
        trace = self.folder / f"{name}.trace"
        command = ["strace", "-f", "-qq", "-o", str(trace), *strace, sys.executable, str(SCRIPT)]
        done = subprocess.run(
            [*command, str(root), end, str(self.folder)],
            env=ENVIRONMENT, capture_output=True, text=True, timeout=120, check=False,
        )  # fmt: skip
        assert done.returncode in (0, -9, FAILED), done.stderr
        return root, done.returncode, done.returncode == -9 or "(INJECTED)" in trace.read_text(), done.stdout

    def hits(self, end: str, calls: str, fault: str, step: int) -> Iterator[tuple[Path, int, str]]:
        """One run for each N, two at a time, until one is not hit."""

        def hit(number: int) -> tuple[Path, int, bool, str]:
            rule = f"inject={calls}:{fault}:when={number}"
            return self.run(f"{end}{calls[1:3]}{fault[:3]}{step}-{number}", end, "-e", f"trace={calls}", "-e", rule)

        with ThreadPoolExecutor(2) as pool:
            for first in range(1, 2000, 2 * step):
                for root, code, was_hit, said in list(pool.map(hit, (first, first + step))):
                    if not was_hit:
                        return
                    yield root, code, said
                    shutil.rmtree(root)
        pytest.fail("still hit at the 2000th call")


@pytest.fixture(scope="module")
def scene(tmp_path_factory: pytest.TempPathFactory) -> Scene:
    return Scene(tmp_path_factory.mktemp("erase"))


def check_complete(scene: Scene, root: Path, end: str) -> None:
    """Every parcel, every key, nothing left, both auditors content."""
    with Workspace(root / end, clock=lambda: NOW) as place:
        certificate = place.pinned(ErasureCertificate)
        export([place], root / "bundle.zip")
    assert fsck(FolderStore(root / end / "journal"), place.key.vkey).problems == ()
    assert certificate.clean()
    assert certificate.looked_for[1].startswith(f"{len(planted())} planted markers")
    things = {thing.path: thing for thing in certificate.erased}
    assert scene.parcels <= {thing.digest for thing in certificate.erased}
    keys = {"keys/markers.secret"}
    keys |= {"keys/canary.secret", "keys/digest.secret"} if end == "source" else {"keys/recipient.age (kept outside)"}
    assert keys <= set(things)
    if end == "destination":
        assert "keys/.ecluse-x.part (kept outside)" in things
        assert not (root / "recipient.age").exists()
    assert "mailbox/patient-0001.age" in things
    assert not list((root / "mailbox").glob("*.age*"))
    rest = (path.relative_to(root / end).as_posix() for path in (root / end).rglob("*") if path.is_file())
    assert sorted(f for f in rest if not f.startswith(("artefacts/", "journal/"))) == [
        "keys/log.key", "lock", "workspace.json",
    ]  # fmt: skip
    report = verify_bundle(root / "bundle.zip", trust=None, now=NOW)
    assert [s.status for s in report.steps if s.name == f"erasure.{end}"] == [Status.OK]
    assert report.consistent, report.failed


CASES = [
    pytest.param(calls, step, id=f"{name}, every {step}", marks=[pytest.mark.slow] if step == 1 else [])
    for name, calls, coarse in (("fsync", "fsync", 31), ("unlink", UNLINK, 5), ("rename", RENAME, 17))
    for step in (coarse, 1)
]
LEAST = {"fsync": 100, UNLINK: 9, RENAME: 30}


@pytest.mark.parametrize("end", ENDS)
@pytest.mark.parametrize(("calls", "step"), CASES)
def test_killed_there_the_next_call_finishes_and_its_certificate_is_complete(
    scene: Scene, end: str, calls: str, step: int
) -> None:
    count = 0
    for root, code, _said in scene.hits(end, calls, "signal=SIGKILL", step):
        count += 1
        assert code == -9
        # Markers that were not remembered before the kill are worked out again: nothing was destroyed before.
        known = (root / end / "keys" / "markers.secret").exists()
        gone = any(b"re-scan" in path.read_bytes() for path in (root / end / "journal").rglob("*") if path.is_file())
        erase(root, end, scene.folder, markers=not (known or gone))
        check_complete(scene, root, end)
    assert count >= LEAST[calls] // step


@pytest.mark.parametrize("end", ENDS)
@pytest.mark.parametrize(("calls", "step"), [pytest.param(UNLINK, 3), pytest.param(UNLINK, 1, marks=pytest.mark.slow)])
def test_what_cannot_be_unlinked_stops_the_certificate_and_is_said(
    scene: Scene, end: str, calls: str, step: int
) -> None:
    """Not skipped: a StorageError names the file, or the call was about something that was gone or is made anew."""
    refused = 0
    for root, code, said in scene.hits(end, calls, "error=EPERM", step):
        if code == FAILED:
            refused += 1
            assert "Operation not permitted" in said
            with Workspace(root / end, clock=lambda: NOW) as place:
                assert "erasure" not in place.progress().pins
        erase(root, end, scene.folder, markers=code == FAILED)
        check_complete(scene, root, end)
    assert refused >= 8 // step


def test_unharmed(scene: Scene) -> None:
    for end in ENDS:
        root, code, hit, _said = scene.run(f"unharmed-{end}", end, "-e", "trace=fsync")
        assert (code, hit) == (0, False)
        check_complete(scene, root, end)
