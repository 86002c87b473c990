"""The re-scan after an erasure (law 7, R5, R6): does anything that should be gone still lie in a tree?

Looked for, in every byte of every regular file: age ciphertext by its header line, and planted markers (the values of
canary rows) in UTF-8, Latin-1 (the same bytes: markers are ASCII) and UTF-16. Compressed or encrypted copies made by
others are not seen: that is said in the certificate.
"""

import os
import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from ecluse.domain.records import Scanned

AGE_HEADER = b"age-encryption.org/v1\n"
LOOKED_FOR = (
    "age ciphertext, by its header line, anywhere in a file",
    "planted markers (canary rows) as UTF-8, Latin-1 or UTF-16; not inside compressed or foreign encrypted files",
)
_WINDOW = 1 << 22


@dataclass(frozen=True, slots=True)
class Tree:
    """One folder to scan. ``since``: only files changed from then on (seconds), for folders shared with others.

    In a shared folder ciphertext is not looked for: age files of other people are none of our business.
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


def scan(tree: Tree, markers: Sequence[bytes]) -> tuple[Scanned, tuple[Finding, ...]]:
    """Read every regular file of a tree; files that cannot be read are findings, since nobody looked into them."""
    pattern = _pattern(markers, with_header=tree.since is None)
    files, size, found = 0, 0, []
    for path in _files(tree):
        where = f"{tree.name}/{path.relative_to(tree.root)}"
        try:
            read, kinds = _search(path, pattern)
        except OSError as error:
            if tree.since is None:
                found.append(Finding(where, f"could not be read ({error.strerror})"))
            continue
        files, size = files + 1, size + read
        found += [Finding(where, kind) for kind in sorted(kinds)]
    return Scanned(tree.name, files, size), tuple(found)


def _files(tree: Tree) -> Iterator[Path]:
    if not tree.root.is_dir():
        return
    for folder, _folders, names in os.walk(tree.root, onerror=None, followlinks=False):
        for name in sorted(names):
            path = Path(folder, name)
            try:
                facts = path.lstat()
            except OSError:
                continue
            fresh = tree.since is None or (facts.st_mtime >= tree.since and facts.st_uid == os.getuid())
            if path.is_file() and not path.is_symlink() and fresh:
                yield path


def _pattern(markers: Sequence[bytes], *, with_header: bool) -> re.Pattern[bytes] | None:
    encoded = {form for marker in markers for form in _forms(marker)}
    sought = [b"(?P<marker>" + b"|".join(sorted(map(re.escape, encoded), reverse=True)) + b")"] if encoded else []
    if with_header:
        sought.append(b"(?P<age>" + re.escape(AGE_HEADER) + b")")
    return re.compile(b"|".join(sought)) if sought else None


def _forms(marker: bytes) -> Iterable[bytes]:
    text = marker.decode("ascii")
    return marker, text.encode("utf-16-le"), text.encode("utf-16-be")


_KINDS = {"marker": "a planted marker in the clear", "age": "age ciphertext"}


def _search(path: Path, pattern: re.Pattern[bytes] | None) -> tuple[int, set[str]]:
    """Bytes read, and kinds found; windows overlap by more than the longest thing looked for."""
    overlap = 256
    kinds: set[str] = set()
    size, tail = 0, b""
    with path.open("rb") as file:
        while block := file.read(_WINDOW):
            size += len(block)
            window = tail + block
            if pattern is not None:
                kinds |= {_KINDS[str(match.lastgroup)] for match in pattern.finditer(window)}
            tail = window[-overlap:]
    return size, kinds
