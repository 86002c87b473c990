"""A tree of files, folder by folder in the order of names: no link is followed, no device or pipe opened."""

import os
import stat
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

_OTHERS = 0o077
_NEVER = frozenset({"/proc", "/sys", "/dev"})
"""The system's own, where files are without end."""


@dataclass(frozen=True, slots=True)
class Folder:
    """A folder of the tree.

    Attributes:
        path: Where.
        files: Names of its regular files, sorted.
        open: Whether everybody on the machine may come in here, as far as the folder inspected and those below it say.
        private: Whether nobody but the owner of one of those folders may come in here.
        unlisted: Why it could not be listed, as a fact; empty if it could.
    """

    path: Path
    files: tuple[str, ...]
    open: bool
    private: bool = False
    unlisted: str = ""


def folders(root: Path) -> Iterator[Folder]:
    """Every folder from ``root`` on, each before those within it. One folder's names are held at a time."""
    waiting: list[tuple[str, bool, bool]] = [(str(root), True, False)]
    while waiting:
        path, reached, private = waiting.pop()
        if path in _NEVER:
            continue
        try:
            mode = os.lstat(path).st_mode
            reached, private = reached and bool(mode & stat.S_IXOTH), private or not mode & _OTHERS
            with os.scandir(path) as entries:
                files, within = _sorted(entries)
        except FileNotFoundError:
            continue
        except OSError as error:
            why = "not-allowed" if isinstance(error, PermissionError) else "unreadable"
            yield Folder(Path(path), (), reached, private, why)
            continue
        yield Folder(Path(path), tuple(files), reached, private)
        waiting += [(os.path.join(path, name), reached, private) for name in reversed(within)]  # noqa: PTH118 - many of them


def _sorted(entries: Iterator[os.DirEntry[str]]) -> tuple[list[str], list[str]]:
    files: list[str] = []
    within: list[str] = []
    for entry in entries:
        try:
            if entry.is_dir(follow_symlinks=False):
                within.append(entry.name)
            elif entry.is_file(follow_symlinks=False):
                files.append(entry.name)
        except OSError:  # it went meanwhile
            continue
    return sorted(files), sorted(within)
