"""A journal taken up at its right edge: what an append and a proof need, without reading every entry.

The levels above the leaves are read whole (one hash for 256 entries) and folded up to the signed root; leaves and
entries are read, and checked against those levels, only when they are asked for. What this does not show, and
:meth:`Journal.open` does, is a changed entry that nobody asks for.
"""

from ecluse.domain.errors import MalformedError, TamperError
from ecluse.journal.checkpoint import Checkpoint
from ecluse.journal.merkle import TILE_HEIGHT, Frontier, fold, leaf_hash
from ecluse.journal.state import State
from ecluse.journal.store import JournalStore
from ecluse.journal.tiles import CHECKPOINT, TILE_WIDTH, Tile, hash_tiles, parse_entries, parse_hashes


def edge_state(store: JournalStore, head: Checkpoint, raw: bytes) -> State:
    """The state that was committed under ``head``, whose signature has been checked.

    Raises:
        TamperError: a file is missing, or does not lead to the signed root; it is named.
    """
    size = head.size
    levels: list[list[bytes]] = [[]]
    for tile in hash_tiles(size, lowest=1):
        while len(levels) <= (tile.level or 0):
            levels.append([])
        levels[tile.level or 0] += _hashes(store, tile)
    width = size % TILE_WIDTH
    tail_hashes = tuple(_hashes(store, Tile(0, size // TILE_WIDTH, width))) if width else ()
    tail = _entries(store, Tile(None, size // TILE_WIDTH, width)) if width else ()
    if tuple(map(leaf_hash, tail)) != tail_hashes:
        raise TamperError(f"{Tile(None, size // TILE_WIDTH, width).path}: not the entries that were hashed")
    _check_folds(levels)
    frontier = _frontier(size, levels, tail_hashes)
    if frontier.root != head.root:
        raise TamperError(f"{CHECKPOINT}: its root is not that of the journal's hashes")
    return State(frontier, tail, tail_hashes, levels, raw)


def _check_folds(levels: list[list[bytes]]) -> None:
    for level in range(1, len(levels) - 1):
        for place, above in enumerate(levels[level + 1]):
            start = place * TILE_WIDTH
            if fold(levels[level][start : start + TILE_WIDTH]) != above:
                raise TamperError(f"{Tile(level, place).path}: its root is not the hash above it")


def _frontier(size: int, levels: list[list[bytes]], tail_hashes: tuple[bytes, ...]) -> Frontier:
    nodes: list[tuple[int, bytes]] = []
    for level in reversed(range(max(len(levels), 1))):
        count = size >> TILE_HEIGHT * level
        rest = list(tail_hashes) if level == 0 else levels[level][count - count % TILE_WIDTH : count]
        for bit in reversed(range(TILE_HEIGHT)):
            if len(rest) >> bit & 1:
                first = len(rest) >> bit + 1 << bit + 1
                nodes.append((TILE_HEIGHT * level + bit, fold(rest[first : first + (1 << bit)])))
    return Frontier(size, tuple(nodes))


def _read(store: JournalStore, tile: Tile) -> bytes:
    data = store.read(tile.path)
    if data is None:
        raise TamperError(f"{tile.path}: missing")
    return data


def _hashes(store: JournalStore, tile: Tile) -> list[bytes]:
    try:
        return parse_hashes(_read(store, tile), tile.width)
    except MalformedError as error:
        raise TamperError(f"{tile.path}: {error.message}") from error


def _entries(store: JournalStore, tile: Tile) -> tuple[bytes, ...]:
    try:
        return parse_entries(_read(store, tile), tile.width)
    except MalformedError as error:
        raise TamperError(f"{tile.path}: {error.message}") from error
