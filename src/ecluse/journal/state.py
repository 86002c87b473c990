"""What a journal holds in memory, and the working out of an append: which files it writes, which it supersedes."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from ecluse.domain.errors import InternalError
from ecluse.journal.merkle import TILE_HEIGHT, Frontier, leaf_hash
from ecluse.journal.tiles import TILE_WIDTH, Tile, encode_entries, encode_hashes


@dataclass(frozen=True, slots=True)
class State:
    """What was committed last.

    ``tail``, ``tail_hashes``: the rightmost partial bundle. ``levels[l]`` for l >= 1: every hash of tile level l, a
    list that only grows, so that an older state stays true; against it whatever is read back is checked.
    """

    frontier: Frontier
    tail: tuple[bytes, ...]
    tail_hashes: tuple[bytes, ...]
    levels: list[list[bytes]]
    checkpoint: bytes


@dataclass(frozen=True, slots=True)
class Change:
    """An append ready to be written: files by path, what it supersedes, and the state it leads to."""

    files: tuple[tuple[str, bytes], ...]
    superseded: tuple[str, ...]
    completed: tuple[Sequence[bytes], ...]
    frontier: Frontier
    tail: tuple[bytes, ...]
    tail_hashes: tuple[bytes, ...]


def with_checkpoint(state: State, raw: bytes) -> State:
    """Give the same state under a checkpoint file that has gained cosignatures."""
    return State(state.frontier, state.tail, state.tail_hashes, state.levels, raw)


def plan_append(state: State, entries: tuple[bytes, ...]) -> Change:
    """Work out an append; reads O(log n) of the state and changes nothing."""
    frontier, completed = state.frontier.grown(map(leaf_hash, entries))
    before = state.frontier.size
    files = [(tile.path, encode_entries(items)) for tile, items in _pieces(None, before, state.tail, entries)]
    superseded: list[str] = _partial(None, before)
    for level, hashes in enumerate(completed):
        count = before >> TILE_HEIGHT * level
        held = state.tail_hashes if level == 0 else _row_tail(state, level, count)
        files += ((tile.path, encode_hashes(items)) for tile, items in _pieces(level, count, held, hashes))
        superseded += _partial(level, count)
    keep = frontier.size % TILE_WIDTH
    tail, tail_hashes = (*state.tail, *entries), (*state.tail_hashes, *completed[0])
    kept = slice(len(tail) - keep, None)
    return Change(tuple(files), tuple(superseded), tuple(completed), frontier, tail[kept], tail_hashes[kept])


def _row_tail(state: State, level: int, count: int) -> Sequence[bytes]:
    return state.levels[level][count - count % TILE_WIDTH : count] if level < len(state.levels) else ()


def _pieces(
    level: int | None, count: int, held: Sequence[bytes], new: Sequence[bytes]
) -> Iterator[tuple[Tile, Sequence[bytes]]]:
    """Cut what the rightmost file of a level held, and what is new, into the files that now hold it."""
    if len(held) != count % TILE_WIDTH:
        raise InternalError("the journal's right edge does not fit its size")
    items = (*held, *new)
    for start in range(0, len(items), TILE_WIDTH):
        piece = items[start : start + TILE_WIDTH]
        yield Tile(level, count // TILE_WIDTH + start // TILE_WIDTH, len(piece)), piece


def _partial(level: int | None, count: int) -> list[str]:
    return [Tile(level, count // TILE_WIDTH, count % TILE_WIDTH).path] if count % TILE_WIDTH else []
