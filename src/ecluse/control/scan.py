"""The re-scan after an erasure (law 7, R5, R6): does anything that should be gone still lie in a tree?

Looked for, in every byte and name of every regular file: age ciphertext by its header line, and planted markers (the
values of canary rows). Compressed or encrypted copies made by others are not seen: that is said in the certificate.
"""

import os
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from ecluse.control.needles import Needles
from ecluse.domain.records import Scanned

AGE_HEADER = b"age-encryption.org/v1\n"
_WINDOW = 1 << 22
_AGE = "age ciphertext"
_MARKER = "a planted marker in the clear"
_NAME = "a planted marker in a file's name"


def looked_for(markers: int) -> tuple[str, ...]:
    """What a scan with so many markers looks for, in words."""
    said = ["age ciphertext, by its header line, anywhere in a file; not in the temporary folder, which others use"]
    if markers:
        said.append(
            f"{markers} planted markers (canary rows) as UTF-8, Latin-1 or UTF-16, in files and their names; not "
            "inside compressed or foreign encrypted files; in the temporary folder, in this user's files changed "
            "since the migration began"
        )
    return tuple(said)


@dataclass(frozen=True, slots=True)
class Tree:
    """One folder to scan. ``since``: only this user's files changed from then on (seconds), for shared folders.

    In a shared folder ciphertext is not looked for: age files of other people are none of our business. In a folder
    of ours links are followed, since what they lead to is in our keeping as well.
    """

    name: str
    root: Path
    since: float | None = None


@dataclass(frozen=True, slots=True)
class Finding:
    """Something left over: in which file, and what kind; never its content."""

    path: str
    kind: str

    def __str__(self) -> str:
        """``path: kind``."""
        return f"{self.path}: {self.kind}"


def scan(tree: Tree, needles: Needles) -> tuple[Scanned, tuple[Finding, ...]]:
    """Read every regular file of a tree; what cannot be read or listed is a finding, since nobody looked into it."""
    files, size = 0, 0
    found: list[Finding] = []
    for path in _files(tree, found):
        name = os.fsencode(path.relative_to(tree.root))
        if needles.among(name):
            found.append(Finding(_said(tree, path.parent), _NAME))
        try:
            read, kinds = _search(path, needles, header=tree.since is None)
        except FileNotFoundError:
            continue  # it went meanwhile, as temporary files do
        except OSError as error:
            found.append(Finding(_said(tree, path), f"could not be read ({error.strerror})"))
            continue
        files, size = files + 1, size + read
        found += [Finding(_said(tree, path), kind) for kind in kinds]
    return Scanned(tree.name, files, size), tuple(found)


def _said(tree: Tree, path: Path) -> str:
    """A path as it can be written down, whatever bytes its name is made of."""
    return f"{tree.name}/{path.relative_to(tree.root)}".encode("utf-8", "backslashreplace").decode()


def _files(tree: Tree, found: list[Finding]) -> Iterator[Path]:
    ours = tree.since is None
    been: set[tuple[int, int]] = set()

    def unlisted(error: OSError) -> None:
        path = Path(str(error.filename))
        if (ours or _is_mine(path)) and not isinstance(error, FileNotFoundError):
            found.append(Finding(_said(tree, path), f"could not be listed ({error.strerror})"))

    if not ours and not tree.root.is_dir():
        return
    for folder, folders, names in os.walk(tree.root, onerror=unlisted, followlinks=ours):
        try:
            facts = Path(folder).stat()
        except FileNotFoundError:  # it went meanwhile, as temporary folders do
            folders.clear()
            continue
        # A link that leads back up would never end.
        if (facts.st_dev, facts.st_ino) in been:
            folders.clear()
            continue
        been.add((facts.st_dev, facts.st_ino))
        folders.sort()
        yield from (path for path in (Path(folder, name) for name in sorted(names)) if _is_sought(path, tree.since))


def _is_mine(path: Path) -> bool:
    try:
        return path.lstat().st_uid == os.getuid()
    except OSError:
        return False


def _is_sought(path: Path, since: float | None) -> bool:
    """Whether a file is to be read. A file's times can be set back, the time of its last change of state cannot."""
    if since is None:
        return path.is_file()
    try:
        facts = path.lstat()
    except OSError:
        return False
    fresh = max(facts.st_mtime, facts.st_ctime) >= since
    return fresh and facts.st_uid == os.getuid() and path.is_file() and not path.is_symlink()


def _search(path: Path, needles: Needles, *, header: bool) -> tuple[int, list[str]]:
    """Bytes read, and kinds found; windows overlap by as much as the longest thing looked for."""
    overlap = max(len(AGE_HEADER), needles.longest)
    sealed = marked = False
    size, tail = 0, b""
    with path.open("rb", buffering=0) as file:
        while block := file.read(_WINDOW):
            size += len(block)
            window = tail + block
            sealed = sealed or (header and AGE_HEADER in window)
            marked = marked or needles.among(window)
            tail = window[-overlap:]
    return size, [kind for kind, is_there in ((_AGE, sealed), (_MARKER, marked)) if is_there]
