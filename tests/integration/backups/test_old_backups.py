"""An old backup, restored after the erasure, brings no patient's data back: what it holds opens for nobody any more.

Backups hold the workspace, sealed under the same identity as the parcels, and never the identity: it dies once, at
erasure, and every copy of a parcel with it. What a restored place may still do on its way is to be erased again.
"""

import shutil
import subprocess
from pathlib import Path

import pytest

from migrating import IN, OUT, Desk, W, holding

STEPS = ("extract", "deliver", "receive", "load", "reconcile")


@pytest.fixture(scope="module")
def backups(tmp_path_factory: pytest.TempPathFactory) -> tuple[Desk, dict[str, Path]]:
    """A migration that was copied after each step, and then accepted and erased."""
    root = tmp_path_factory.mktemp("backups")
    desk, copies = Desk.made(root / "desk", patients=20), {}
    desk.plan()
    for step in STEPS:
        desk.ecluse(step, *W)
        copies[step] = root / f"after-{step}"
        shutil.copytree(desk.path("migration"), copies[step])
    desk.finish()
    return desk, copies


@pytest.mark.parametrize("step", STEPS)
def test_nothing_comes_back(backups: tuple[Desk, dict[str, Path]], step: str, tmp_path: Path) -> None:
    desk, copies = backups
    desk = desk.copy(tmp_path / "restored")
    shutil.rmtree(desk.path("migration"))
    shutil.copytree(copies[step], desk.path("migration"))
    before = desk.target_rows()
    parcels = sorted(desk.path("migration").rglob("*.age"))
    assert parcels
    # No key that the backup holds, and none that is left on the desk, opens a parcel with the stock tool.
    for key in [path for path in desk.root.rglob("*") if path.is_file() and path.suffix != ".age"]:
        for parcel in parcels[:2]:
            opened = subprocess.run(["age", "-d", "-i", key, parcel], capture_output=True, check=False)
            assert opened.returncode != 0, key
    # Every command that would go on from the backup is refused where it needs the identity, and nothing changes.
    for command in ("receive", "load", "reconcile"):
        desk.ecluse(command, *W, code=None)
    assert desk.target_rows() == before
    for needle in (OUT, IN):
        assert holding(needle, desk.path("migration")) == []
    # What was restored is erased again by the ordinary command.
    desk.ecluse("abort", *W, "--key", "keys/dr.martin", "--reason", "restored by mistake", code=None)
    desk.ecluse("erase", *W, "--identity-destroyed-elsewhere", "erased and certified before the restore", code=None)
    assert sorted(desk.path("migration").rglob("*.age")) == []
