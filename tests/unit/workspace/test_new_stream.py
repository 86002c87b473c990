"""A new file is never over another, also one that came while it was written."""

import os
import stat
from collections.abc import Callable
from pathlib import Path
from typing import IO

import pytest

from ecluse.domain.errors import UsageError
from ecluse.workspace.files import write_new_stream


def no_links(*_: object) -> None:
    raise PermissionError(1, "Operation not permitted")


@pytest.fixture(params=["links", "none"])
def links(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """File systems with links, and without (FAT)."""
    if request.param == "none":
        monkeypatch.setattr(os, "link", no_links)


def writing(path: Path, other: Callable[[Path], object] = Path.exists) -> Callable[[IO[bytes]], None]:
    """Writes for minutes; meanwhile something else may happen at the name."""

    def write(out: IO[bytes]) -> None:
        out.write(b"new")
        other(path)

    return write


@pytest.mark.usefixtures("links")
def test_a_new_file_is_whole_and_its_owners(tmp_path: Path) -> None:
    path = tmp_path / "list.age"
    write_new_stream(path, writing(path))
    assert path.read_bytes() == b"new"
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert path.stat().st_nlink == 1
    assert list(tmp_path.iterdir()) == [path]


@pytest.mark.usefixtures("links")
def test_what_came_meanwhile_stays(tmp_path: Path) -> None:
    path = tmp_path / "list.age"
    with pytest.raises(UsageError, match="exists already"):
        write_new_stream(path, writing(path, lambda each: each.write_bytes(b"another's")))
    assert path.read_bytes() == b"another's"
    assert list(tmp_path.iterdir()) == [path]


@pytest.mark.usefixtures("links")
def test_a_link_to_nowhere_that_came_meanwhile_stays(tmp_path: Path) -> None:
    path = tmp_path / "list.age"
    with pytest.raises(UsageError, match="exists already"):
        write_new_stream(path, writing(path, lambda each: each.symlink_to(tmp_path / "nowhere")))
    assert path.is_symlink()
    assert list(tmp_path.iterdir()) == [path]
