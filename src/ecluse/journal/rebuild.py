"""The tree computed again from a journal's files alone, and whatever in them differs, by name.

The entries count: their hashes make the tree, and every hash tile is compared with it. When the root so found is the
checkpoint's, the entries are what was signed and a tile that differs is itself wrong; when it is not, either may be.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field

from ecluse.domain.errors import MalformedError
from ecluse.journal.checkpoint import Checkpoint
from ecluse.journal.merkle import Frontier, leaf_hash
from ecluse.journal.store import JournalStore
from ecluse.journal.tiles import (
    CHECKPOINT,
    TILE_WIDTH,
    Tile,
    bundles,
    hash_tiles,
    parse_entries,
    parse_hashes,
)


@dataclass(slots=True)
class Rebuilt:
    """What the files give.

    ``frontier``: the tree. ``levels[l]`` for l >= 1: every hash of tile level l, 32 bytes per 256**l entries.
    ``tail`` and ``tail_hashes``: entries of the rightmost, partial bundle and their leaf hashes. ``problems``: each
    ``path: what``, the first first; with any, the rest is not to be relied on.
    """

    frontier: Frontier = field(default_factory=Frontier)
    levels: list[list[bytes]] = field(default_factory=lambda: [[]])
    tail: tuple[bytes, ...] = ()
    tail_hashes: tuple[bytes, ...] = ()
    problems: tuple[str, ...] = ()


def rebuild(store: JournalStore, head: Checkpoint) -> Rebuilt:
    """Compute the tree of ``head.size`` entries from the files; one bundle in memory at a time.

    Raises:
        StorageError: a file cannot be read.
    """
    result = Rebuilt()
    problems: list[str] = []
    differing: list[tuple[int, int]] = []
    for bundle in bundles(head.size):
        entries = _entries(store, bundle, problems)
        stored = _hashes(store, Tile(0, bundle.index, bundle.width), problems)
        leaves = stored if entries is None else [leaf_hash(entry) for entry in entries]
        if leaves is None:
            result.problems = tuple(problems)
            return result
        if stored is not None and stored != leaves:
            differing.append((bundle.index, _first_difference(stored, leaves)))
        _grow(result, leaves)
        if bundle.width < TILE_WIDTH:
            result.tail, result.tail_hashes = entries or (), tuple(leaves)
    signed = result.frontier.root == head.root
    problems += (_leaf_problem(head.size, index, place, signed=signed) for index, place in differing)
    problems += _upper_problems(store, head.size, result.levels, signed=signed)
    if not signed and not problems:
        problems.append(f"{CHECKPOINT}: its root is not that of the {head.size} entries")
    result.problems = tuple(problems)
    return result


def _first_difference(left: Sequence[bytes], right: Sequence[bytes]) -> int:
    return next(i for i, (a, b) in enumerate(zip(left, right, strict=True)) if a != b)


def _grow(result: Rebuilt, leaves: Sequence[bytes]) -> None:
    result.frontier, completed = result.frontier.grown(leaves)
    for level, hashes in enumerate(completed[1:], start=1):
        while len(result.levels) <= level:
            result.levels.append([])
        result.levels[level] += hashes


def _read(store: JournalStore, path: str, problems: list[str]) -> bytes | None:
    try:
        data = store.read(path)
    except MalformedError as error:
        problems.append(f"{path}: {error.message}")
        return None
    if data is None:
        problems.append(f"{path}: missing")
    return data


def _entries(store: JournalStore, bundle: Tile, problems: list[str]) -> tuple[bytes, ...] | None:
    data = _read(store, bundle.path, problems)
    try:
        return None if data is None else parse_entries(data, bundle.width)
    except MalformedError as error:
        problems.append(f"{bundle.path}: {error.message}")
        return None


def _hashes(store: JournalStore, tile: Tile, problems: list[str]) -> list[bytes] | None:
    data = _read(store, tile.path, problems)
    try:
        return None if data is None else parse_hashes(data, tile.width)
    except MalformedError as error:
        problems.append(f"{tile.path}: {error.message}")
        return None


def _leaf_problem(size: int, index: int, place: int, *, signed: bool) -> str:
    width = min(TILE_WIDTH, size - index * TILE_WIDTH)
    bundle, tile = Tile(None, index, width).path, Tile(0, index, width).path
    if signed:
        return f"{tile}: hash {place} is not that of the signed entry {index * TILE_WIDTH + place}"
    return f"{bundle}: entry {index * TILE_WIDTH + place} is not the one whose hash {tile} holds"


def _upper_problems(store: JournalStore, size: int, levels: list[list[bytes]], *, signed: bool) -> list[str]:
    problems: list[str] = []
    for tile in hash_tiles(size, lowest=1):
        level = tile.level or 0
        stored = _hashes(store, tile, problems)
        start = tile.index * TILE_WIDTH
        own = levels[level][start : start + tile.width]
        if stored is None or stored == own:
            continue
        place = _first_difference(stored, own)
        child = Tile(level - 1, start + place).path
        problems.append(
            f"{tile.path}: hash {place} is not the root of {child}"
            if signed
            else f"{child}: its root is not hash {place} of {tile.path}"
        )
    return problems


def expected_files(size: int) -> frozenset[str]:
    """Give the path of every file below ``tile/`` that a tree of ``size`` entries has, and no other."""
    return frozenset(tile.path for row in (bundles(size), hash_tiles(size)) for tile in row)
