"""Durable files: whole or not at all; folders on disk before what is in them counts."""

import os
import resource
import subprocess
import sys
from pathlib import Path

import pytest

from ecluse.domain.errors import InternalError, StorageError
from ecluse.workspace import files
from ecluse.workspace.parcels import Parcels, ParcelState


@pytest.fixture
def calls(monkeypatch: pytest.MonkeyPatch) -> list[tuple[str, str]]:
    """Every fsync and rename, by the path behind it, in order."""
    seen: list[tuple[str, str]] = []
    fsync, replace = os.fsync, os.replace

    def note_fsync(descriptor: int) -> None:
        seen.append(("fsync", str(Path(f"/proc/self/fd/{descriptor}").readlink())))
        fsync(descriptor)

    def note_replace(old: object, new: object, **_: object) -> None:
        seen.append(("rename", str(new)))
        replace(old, new)  # type: ignore[arg-type]

    monkeypatch.setattr(os, "fsync", note_fsync)
    monkeypatch.setattr(os, "replace", note_replace)
    return seen


def test_a_file_is_on_disk_before_it_has_its_name(tmp_path: Path, calls: list[tuple[str, str]]) -> None:
    path = tmp_path / "a" / "b" / "x.json"
    files.write_atomic(path, b"text")
    assert calls == [
        ("fsync", str(tmp_path)),
        ("fsync", str(tmp_path / "a")),
        ("fsync", f"{path}.part"),
        ("rename", str(path)),
        ("fsync", str(path.parent)),
    ]
    assert path.read_bytes() == b"text"
    assert path.stat().st_mode & 0o777 == 0o600
    assert {folder.stat().st_mode & 0o777 for folder in (path.parent, path.parent.parent)} == {0o700}
    assert list(path.parent.iterdir()) == [path]


def test_a_move_is_on_disk_even_when_it_had_happened(tmp_path: Path, calls: list[tuple[str, str]]) -> None:
    old, new = tmp_path / "old" / "x", tmp_path / "new" / "x"
    files.write_atomic(old, b"x")
    del calls[:]
    files.move(old, new)
    assert calls == [
        ("fsync", str(tmp_path)),
        ("rename", str(new)),
        ("fsync", str(new.parent)),
        ("fsync", str(old.parent)),
    ]
    del calls[:]
    files.move(old, new)
    assert calls == [("fsync", str(new.parent)), ("fsync", str(old.parent))]
    assert new.read_bytes() == b"x"
    with pytest.raises(StorageError):
        files.move(tmp_path / "old" / "none", tmp_path / "new" / "none")


def test_a_symlink_in_the_way_is_not_followed(tmp_path: Path) -> None:
    (tmp_path / "victim").write_bytes(b"precious")
    (tmp_path / "x.part").symlink_to(tmp_path / "victim")
    with pytest.raises(StorageError):
        files.write_atomic(tmp_path / "x", b"text")
    assert (tmp_path / "victim").read_bytes() == b"precious"
    files.write_atomic(tmp_path / "x", b"text")
    assert (tmp_path / "x").read_bytes() == b"text"


FULL = """
import sys
from pathlib import Path
from ecluse.domain.errors import StorageError
from ecluse.workspace.files import write_atomic
try:
    write_atomic(Path(sys.argv[1]), b"y" * int(sys.argv[2]))
except StorageError as error:
    print(error.message)
    sys.exit(error.exit_code)
"""


@pytest.mark.parametrize("size", [65_536, 200_000, 5_000_000])
def test_out_of_space(tmp_path: Path, size: int) -> None:
    """A real limit of the system's, met within the write; the old file stays, and no part of the new one does."""
    path = tmp_path / "x"
    path.write_bytes(b"old")
    limit = 60_000
    done = subprocess.run(
        [sys.executable, "-c", FULL, str(path), str(size)],
        preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (limit, limit)),
        capture_output=True,
        text=True,
        check=False,
    )
    assert (done.returncode, done.stderr) == (31, "")
    assert path.read_bytes() == b"old"
    assert list(tmp_path.iterdir()) == [path]


@pytest.mark.parametrize("call", ["open", "fsync", "replace"])
def test_a_failure_anywhere_leaves_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, call: str) -> None:
    path = tmp_path / "x"
    path.write_bytes(b"old")

    def fail(*_: object, **__: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, call, fail)
    with pytest.raises(StorageError, match="No space left") as caught:
        files.write_atomic(path, b"new")
    monkeypatch.undo()
    assert str(path) in str(caught.value)
    assert path.read_bytes() == b"old"
    assert list(tmp_path.iterdir()) == [path]


def test_erasing(tmp_path: Path) -> None:
    path = tmp_path / "x"
    path.write_bytes(b"z" * 3_000_000)
    twin = tmp_path / "twin"
    os.link(path, twin)
    files.erase(path)
    assert not path.exists()
    assert twin.read_bytes() == bytes(3_000_000)
    files.erase(path)
    (tmp_path / "target").write_bytes(b"kept")
    path.symlink_to(tmp_path / "target")
    files.erase(path)
    assert (tmp_path / "target").read_bytes() == b"kept"
    assert not path.is_symlink()
    dangling = tmp_path / "d"
    dangling.symlink_to(tmp_path / "nowhere")
    files.erase(dangling)
    assert not dangling.is_symlink()
    with pytest.raises(StorageError):
        files.erase(tmp_path)


def test_what_is_not_there(tmp_path: Path) -> None:
    for path in (tmp_path / "none", tmp_path):
        with pytest.raises(StorageError):
            files.read(path)
    (tmp_path / "file").write_bytes(b"")
    with pytest.raises(StorageError):
        files.write_atomic(tmp_path / "file" / "x", b"")


def test_leftovers_are_swept(tmp_path: Path) -> None:
    (tmp_path / "a").mkdir()
    (tmp_path / "a" / "x.part").write_bytes(b"half")
    (tmp_path / "a" / "x").write_bytes(b"whole")
    files.sweep_parts(tmp_path)
    files.sweep_parts(tmp_path / "none")
    assert [path.name for path in tmp_path.rglob("*")] == ["a", "x"]


def test_parcels_move_through_their_folders(tmp_path: Path) -> None:
    parcels = Parcels(tmp_path / "parcels")
    assert parcels.names(ParcelState.SEALED) == ()
    assert list(parcels.everything()) == []
    for name in ("b-2", "a-1", "a-1.quarantine"):
        parcels.write(ParcelState.SEALED, name, name.encode())
    assert parcels.names(ParcelState.SEALED) == ("a-1", "a-1.quarantine", "b-2")
    for _ in range(2):
        parcels.move("a-1", ParcelState.SEALED, ParcelState.DELIVERED)
    assert parcels.names(ParcelState.SEALED) == ("a-1.quarantine", "b-2")
    assert parcels.path(ParcelState.DELIVERED, "a-1").read_bytes() == b"a-1"
    assert len(list(parcels.everything())) == 3
    for path in list(parcels.everything()):
        parcels.erase(path)
    assert list(parcels.everything()) == []


@pytest.mark.parametrize("name", ["", ".", "..", "../x", "a/b", "/etc/x", ".hidden"])
def test_a_parcels_name_is_no_path(tmp_path: Path, name: str) -> None:
    with pytest.raises(InternalError):
        Parcels(tmp_path).path(ParcelState.SEALED, name)
