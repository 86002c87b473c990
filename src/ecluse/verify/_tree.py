"""The journal's Merkle tree (RFC 6962 section 2.1), computed again from entry bundles, and from hash tiles alone.

The method is the plain one, row upon row, and not the writer's.
"""

import hashlib
from collections.abc import Mapping, Sequence

from ecluse.verify.report import FailedError

WIDTH = 256
_HASH = 32


def root_of(leaves: Sequence[bytes]) -> bytes:
    """MTH of leaf hashes: pairs are joined row by row, and an odd last one moves up as it is."""
    row = list(leaves)
    if not row:
        return hashlib.sha256(b"").digest()
    while len(row) > 1:
        pairs = [_node(row[i], row[i + 1]) for i in range(0, len(row) - 1, 2)]
        row = pairs + row[len(pairs) * 2 :]
    return row[0]


def leaf(entry: bytes) -> bytes:
    """SHA-256(0x00 || entry)."""
    return hashlib.sha256(b"\x00" + entry).digest()


def files_of(size: int) -> frozenset[str]:
    """Every file below a journal's folder that a tree of ``size`` entries has, checkpoint aside (C2SP tlog-tiles)."""
    names = {_path("entries", index, width) for index, width in _row(size)}
    level, count = 0, size
    while count:
        names |= {_path(str(level), index, width) for index, width in _row(count)}
        level, count = level + 1, count // WIDTH
    return frozenset(names)


def entries_of(files: Mapping[str, bytes], size: int) -> tuple[bytes, ...]:
    """All entries, from the bundles.

    Raises:
        FailedError: a bundle is missing, cut short or overfull; names it.
    """
    entries: list[bytes] = []
    for index, width in _row(size):
        path = _path("entries", index, width)
        entries += _split(_file(files, path), width, path)
    return tuple(entries)


def check_tiles(files: Mapping[str, bytes], leaves: Sequence[bytes]) -> bytes:
    """Check every hash tile against the leaves, level upon level; the root as the tiles alone give it.

    Raises:
        FailedError: a tile is missing or holds other hashes; names it.
    """
    level, own = 0, list(leaves)
    lowest: list[bytes] = []
    while own:
        stored: list[bytes] = []
        for index, width in _row(len(own)):
            path = _path(str(level), index, width)
            data = _file(files, path)
            if data != b"".join(own[index * WIDTH : index * WIDTH + width]):
                raise FailedError(
                    f"{path}: not the hashes of what lies below", f"{path} : pas les empreintes attendues"
                )
            stored += [data[i : i + _HASH] for i in range(0, len(data), _HASH)]
        lowest = lowest or stored
        level, own = level + 1, [root_of(stored[i : i + WIDTH]) for i in range(0, len(stored) - WIDTH + 1, WIDTH)]
    return root_of(lowest)


def _node(left: bytes, right: bytes) -> bytes:
    return hashlib.sha256(b"\x01" + left + right).digest()


def _row(count: int) -> list[tuple[int, int]]:
    """Index and width of every tile of a row of ``count`` hashes."""
    full, rest = divmod(count, WIDTH)
    return [(index, WIDTH) for index in range(full)] + ([(full, rest)] if rest else [])


def _path(level: str, index: int, width: int) -> str:
    digits = f"{index:03}"
    digits = digits.zfill(-(-len(digits) // 3) * 3)
    groups = [digits[i : i + 3] for i in range(0, len(digits), 3)]
    name = "/".join([f"x{group}" for group in groups[:-1]] + groups[-1:])
    return f"tile/{level}/{name}" + ("" if width == WIDTH else f".p/{width}")


def _file(files: Mapping[str, bytes], path: str) -> bytes:
    if path not in files:
        raise FailedError(f"{path}: missing", f"{path} : absent")
    return files[path]


def _split(data: bytes, width: int, path: str) -> list[bytes]:
    entries, at = [], 0
    while at + 2 <= len(data):
        end = at + 2 + int.from_bytes(data[at : at + 2], "big")
        entries.append(data[at + 2 : end])
        at = end
    if at != len(data) or len(entries) != width:
        raise FailedError(f"{path}: not {width} whole entries", f"{path} : pas {width} entrées entières")
    return entries
