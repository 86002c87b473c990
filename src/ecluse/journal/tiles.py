"""C2SP tlog-tiles on disk: which files a tree of a given size has, their paths, their bytes.

``tile/<L>/<N>[.p/<W>]`` holds W (or 256) hashes of 32 bytes; ``tile/entries/<N>[.p/<W>]`` holds the entries
themselves, each after its length as a big-endian uint16. N is written in groups of three digits, all but the last
marked with an ``x``: 1234067 is ``x001/x234/067``.

One departure from the specification, which is about logs served over HTTP: partial tiles of earlier checkpoints are
removed once a wider one is committed, not kept until the full one exists. The wider tile starts with the same bytes,
so a proof about any earlier size is still made; only a fetch of the narrower file by its name is not.
"""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from ecluse.domain.errors import MalformedError
from ecluse.journal.merkle import HASH_SIZE, TILE_HEIGHT

CHECKPOINT = "checkpoint"
TILE_FOLDER = "tile/"
TILE_WIDTH = 1 << TILE_HEIGHT
MAX_ENTRY = 0xFFFF
_LENGTH_SIZE = 2
MAX_FILE = TILE_WIDTH * (MAX_ENTRY + _LENGTH_SIZE)
"""Size of the largest file a journal can have: a full entry bundle of longest entries, in bytes."""

_MAX_LEVEL = 63
_MAX_INDEX = 1 << 63
_PATH = re.compile(r"tile/(entries|0|[1-9][0-9]?)/((?:x[0-9]{3}/){0,6}[0-9]{3})(?:\.p/([1-9][0-9]{0,2}))?", re.ASCII)


@dataclass(frozen=True, slots=True)
class Tile:
    """One file: hashes of tile ``level``, or entries when that is None; ``index`` in its level; ``width`` 1 to 256."""

    level: int | None
    index: int
    width: int = TILE_WIDTH

    @property
    def path(self) -> str:
        """Where it lies below the journal's folder."""
        groups = [f"{self.index % 1000:03}"]
        rest = self.index // 1000
        while rest:
            groups.append(f"x{rest % 1000:03}")
            rest //= 1000
        level = "entries" if self.level is None else str(self.level)
        partial = "" if self.width == TILE_WIDTH else f".p/{self.width}"
        return f"{TILE_FOLDER}{level}/{'/'.join(reversed(groups))}{partial}"

    @classmethod
    def parse(cls, path: str) -> "Tile":
        """Read a path; only the one spelling that :attr:`path` gives is accepted.

        Raises:
            MalformedError: not the path of a tile or entry bundle.
        """
        found = _PATH.fullmatch(path)
        if found is None:
            raise MalformedError("not the path of a tile (C2SP tlog-tiles)")
        level, groups, width = found.groups()
        tile = cls(
            None if level == "entries" else int(level),
            int(groups.replace("x", "").replace("/", "")),
            TILE_WIDTH if width is None else int(width),
        )
        possible = (tile.level or 0) <= _MAX_LEVEL and tile.index < _MAX_INDEX and tile.width <= TILE_WIDTH
        if not possible or tile.path != path:
            raise MalformedError("not the path of a tile (C2SP tlog-tiles)")
        return tile


def _row(level: int | None, count: int) -> Iterator[Tile]:
    for index in range(count // TILE_WIDTH):
        yield Tile(level, index)
    if count % TILE_WIDTH:
        yield Tile(level, count // TILE_WIDTH, count % TILE_WIDTH)


def bundles(size: int) -> Iterator[Tile]:
    """Give the entry bundles of a tree of ``size`` entries, in order."""
    return _row(None, size)


def hash_tiles(size: int, lowest: int = 0) -> Iterator[Tile]:
    """Give the hash tiles of a tree of ``size`` entries from level ``lowest`` up, level by level, in order."""
    level = lowest
    while size >> TILE_HEIGHT * level:
        yield from _row(level, size >> TILE_HEIGHT * level)
        level += 1


def encode_hashes(hashes: Sequence[bytes]) -> bytes:
    """Concatenate 32-byte hashes: the bytes of a hash tile."""
    return b"".join(hashes)


def parse_hashes(data: bytes, width: int) -> list[bytes]:
    """Split a hash tile into its ``width`` hashes of 32 bytes.

    Raises:
        MalformedError: not exactly ``width`` hashes.
    """
    if len(data) != width * HASH_SIZE:
        raise MalformedError(f"{len(data)} bytes where {width} hashes take {width * HASH_SIZE}")
    return [data[i : i + HASH_SIZE] for i in range(0, len(data), HASH_SIZE)]


def encode_entries(entries: Sequence[bytes]) -> bytes:
    """Encode an entry bundle: each entry of at most 65535 bytes after its length, a big-endian uint16.

    Raises:
        MalformedError: an entry is too long.
    """
    parts: list[bytes] = []
    for entry in entries:
        if len(entry) > MAX_ENTRY:
            raise MalformedError(f"a journal entry of {len(entry)} bytes: at most {MAX_ENTRY}")
        parts += (len(entry).to_bytes(_LENGTH_SIZE, "big"), entry)
    return b"".join(parts)


def parse_entries(data: bytes, width: int) -> tuple[bytes, ...]:
    """Split an entry bundle into its ``width`` entries.

    Raises:
        MalformedError: not exactly ``width`` whole entries.
    """
    entries: list[bytes] = []
    place = 0
    while place < len(data):
        start = place + _LENGTH_SIZE
        end = start + int.from_bytes(data[place:start], "big")
        if start > len(data) or end > len(data):
            raise MalformedError(f"entry {len(entries)} of the bundle is cut short")
        entries.append(data[start:end])
        place = end
    if len(entries) != width:
        raise MalformedError(f"{len(entries)} entries where {width} belong")
    return tuple(entries)
