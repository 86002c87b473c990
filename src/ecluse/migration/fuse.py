"""Binary fuse filters in shards, built and asked with numpy: is this 64-bit print one of those?

Graf and Lemire, "Binary Fuse Filters: Fast and Smaller Than Xor Filters", 2022 (doi:10.1145/3510449), 3-wise: each
print has three slots in three neighbouring segments, and the exclusive or of the three is 12 bits of the print. Their
formulas for segments are used to build; what was built stands in the file, so that no reader computes a logarithm.

Before the slots stand 8 bytes a shard: prints (uint32), seed (uint8), log2 of a segment's slots (uint8), segments in
which a first slot may lie (uint16).
"""

import math
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from typing import Self

import numpy as np
import numpy.typing as npt

from ecluse.domain.errors import InternalError, MalformedError

BITS = 12
SHARD = 1 << 17
"""Prints that a shard has on average: what peels in the processor's cache."""
AT_ONCE = 8
"""Shards whose prints are held at once, however many there are."""

_Ints = npt.NDArray[np.int64]
_Prints = npt.NDArray[np.uint64]
Chunks = Callable[[], Iterable[_Prints]]
"""All prints, some at a time, in any order, repeated or not; the same at every call."""
_LEAD = np.dtype([("prints", "<u4"), ("seed", "u1"), ("log", "u1"), ("segments", "<u2")])
_SLOT = np.uint64((1 << BITS) - 1)
_PAIR = 3  # bytes of two slots
_TRIES = 256
_MIN_LOG, _MAX_LOG = 2, 18
_LOOSEST = 8
"""Slots a print, at most, beyond the smallest filter: what a reader takes."""


def shards_of(prints: int) -> int:
    """In how many shards so many prints are cut."""
    return max(1, -(-prints // SHARD))


def parts(chunks: Chunks) -> Iterator[_Prints]:
    """All prints, each there once, in parts of about ``AT_ONCE`` shards' size."""
    count = -(-shards_of(sum(map(len, chunks()))) // AT_ONCE)
    for part in range(count):
        yield _those(chunks, count, part, part + 1)


def build(chunks: Chunks, prints: int) -> Iterator[bytes]:
    """The filter of these prints: its lead, then its shards. ``prints`` are those that differ.

    What is held is ``AT_ONCE`` shards' prints and the finished filter: the prints are asked for again for each group.

    Raises:
        InternalError: a shard that no seed peels.
    """
    shards = shards_of(prints)
    rows: list[tuple[int, int, int, int]] = []
    made: list[bytes] = []
    for first in range(0, shards, AT_ONCE):
        last = min(first + AT_ONCE, shards)
        some = _those(chunks, shards, first, last)
        place = _shard(some, shards) - first
        sizes = np.bincount(place, minlength=last - first)
        for part in np.split(some[np.argsort(place, kind="stable")], np.cumsum(sizes)[:-1]):
            row, slots = _shard_of(part)
            rows.append(row)
            made.append(_packed(slots))
    yield np.array(rows, _LEAD).tobytes()
    yield from made


def _those(chunks: Chunks, shards: int, first: int, last: int) -> _Prints:
    """The prints of some of so many shards, ascending, each once."""
    found: list[_Prints] = [np.empty(0, np.uint64)]
    for chunk in chunks():
        place = _shard(chunk, shards)
        found.append(chunk[(place >= first) & (place < last)])
    return np.unique(np.concatenate(found))


def body_bytes(lead: bytes, prints: int) -> int:
    """Bytes of a whole filter, lead included, that a lead of ``shards_of(prints)`` rows claims.

    Raises:
        MalformedError: a lead that :func:`build` does not write.
    """
    rows = np.frombuffer(lead, _LEAD)
    if int(rows["prints"].astype(np.int64).sum()) != prints:
        raise MalformedError("a filter whose shards hold other marks than its header says")
    log, segments = rows["log"].astype(np.int64), rows["segments"].astype(np.int64)
    slots = (segments + 2) << np.clip(log, 0, _MAX_LOG)
    roomy = slots > _LOOSEST * rows["prints"].astype(np.int64) + (1 << (_MIN_LOG + 4))
    if bool(((log < _MIN_LOG) | (log > _MAX_LOG) | (segments < 1) | roomy).any()):
        raise MalformedError("a filter of a shape that none has")
    return len(lead) + int(slots.sum()) // 2 * _PAIR


@dataclass(slots=True)
class Fuse:
    """A filter over somebody's bytes."""

    _rows: npt.NDArray[np.void]
    _starts: _Ints
    _bytes: npt.NDArray[np.uint8]

    @classmethod
    def over(cls, lead: bytes, held: npt.NDArray[np.uint8], prints: int) -> Self:
        """``held`` is the whole filter. Raises MalformedError."""
        if body_bytes(lead, prints) != len(held):
            raise MalformedError("a filter cut short, or lengthened")
        rows = np.frombuffer(lead, _LEAD)
        sizes = ((rows["segments"].astype(np.int64) + 2) << rows["log"].astype(np.int64)) // 2 * _PAIR
        return cls(rows, len(lead) + np.concatenate(([0], np.cumsum(sizes)[:-1])), held)

    def holds(self, prints: _Prints) -> npt.NDArray[np.bool_]:
        """Which prints it takes for its own: all of its own, and one in 4096 of others."""
        at = _shard(prints, len(self._rows))
        rows = self._rows[at]
        mixed = _mixed(prints, rows["seed"])
        found = mixed ^ (mixed >> np.uint64(32))
        for slot in _slots(mixed, rows["log"].astype(np.uint64), rows["segments"].astype(np.uint64)):
            byte = self._starts[at] + (slot * _PAIR >> 1)
            two = self._bytes[byte].astype(np.uint64) | self._bytes[byte + 1].astype(np.uint64) << np.uint64(8)
            found ^= two >> ((slot.astype(np.uint64) & np.uint64(1)) << np.uint64(2))
        held: npt.NDArray[np.bool_] = ((found & _SLOT) == 0) & (rows["prints"] > 0)
        return held

    def release(self) -> None:
        """Let the bytes go."""
        self._bytes = self._bytes[:0].copy()


def _mixed(prints: _Prints, seed: npt.NDArray[np.uint8] | int) -> _Prints:
    """MurmurHash3's finalizer (Appleby, public domain): every bit of a print in every bit of the result."""
    mixed = prints + np.asarray(seed).astype(np.uint64) * np.uint64(0x9E3779B97F4A7C15)
    for factor in (0xFF51AFD7ED558CCD, 0xC4CEB9FE1A85EC53):
        mixed = (mixed ^ (mixed >> np.uint64(33))) * np.uint64(factor)
    made: _Prints = mixed ^ (mixed >> np.uint64(33))
    return made


def _shard(prints: _Prints, shards: int) -> _Ints:
    """By bits that no seed of a shard decides."""
    high = _mixed(prints ^ np.uint64(0x5851F42D4C957F2D), 0) >> np.uint64(32)
    return (high * np.uint64(shards) >> np.uint64(32)).astype(np.int64)


def _slots(
    mixed: _Prints, log: npt.NDArray[np.uint64] | np.uint64, segments: npt.NDArray[np.uint64] | np.uint64
) -> tuple[_Ints, _Ints, _Ints]:
    """A print's three slots: somewhere, and in each of the two segments that follow."""
    one = np.uint64(1)
    length = one << log
    first = (mixed >> np.uint64(32)) * (segments << log) >> np.uint64(32)
    second = (first + length) ^ ((mixed >> np.uint64(18)) & (length - one))
    third = (first + length + length) ^ (mixed & (length - one))
    return first.astype(np.int64), second.astype(np.int64), third.astype(np.int64)


def _shape(prints: int) -> tuple[int, int]:
    """Log2 of a segment's slots, and segments in which a first slot may lie (the paper's, for arity 3)."""
    if prints < 2:  # noqa: PLR2004 - a logarithm's
        return _MIN_LOG, 1
    log = min(_MAX_LOG, max(_MIN_LOG, math.floor(math.log(prints) / math.log(3.33) + 2.25)))
    room = prints * max(1.125, 0.875 + 0.25 * math.log(1_000_000) / math.log(prints))
    return log, max(1, math.ceil(room / (1 << log)) - 2)


def _shard_of(prints: _Prints) -> tuple[tuple[int, int, int, int], npt.NDArray[np.uint16]]:
    log, segments = _shape(len(prints))
    for seed in range(_TRIES):
        mixed = _mixed(prints, seed)
        at = np.stack(_slots(mixed, np.uint64(log), np.uint64(segments)))
        peeled = _peeled(at, (segments + 2) << log)
        if peeled is not None:
            wanted = ((mixed ^ (mixed >> np.uint64(32))) & _SLOT).astype(np.uint16)
            return (len(prints), seed, log, segments), _assigned(at, peeled, wanted, (segments + 2) << log)
    raise InternalError("no filter holds these prints: do they repeat?")


def _peeled(at: _Ints, slots: int) -> list[tuple[_Ints, _Ints]] | None:
    """Rounds of (prints, slots that they alone have once earlier rounds are gone); None where some are left over."""
    prints = at.shape[1]
    counts = np.bincount(at.ravel(), minlength=slots)
    # The sum of a slot's prints is the print itself once it is alone there; exact, being far below 2^53.
    sums = np.bincount(at.ravel(), np.tile(np.arange(prints, dtype=np.float64), 3), slots).astype(np.int64)
    rounds, left, alone = [], prints, np.flatnonzero(counts == 1)
    while len(alone):
        found, first = np.unique(sums[alone], return_index=True)
        rounds.append((found, alone[first]))
        left -= len(found)
        gone = at[:, found].ravel()
        np.subtract.at(counts, gone, 1)
        np.subtract.at(sums, gone, np.tile(found, 3))
        alone = np.unique(gone[counts[gone] == 1])
    return rounds if left == 0 else None


def _assigned(
    at: _Ints, rounds: list[tuple[_Ints, _Ints]], wanted: npt.NDArray[np.uint16], slots: int
) -> npt.NDArray[np.uint16]:
    """Slots of which each print's three make what it wants. In one round no print has another's slot."""
    made = np.zeros(slots, np.uint16)
    for prints, own in reversed(rounds):
        first, second, third = at[:, prints]
        made[own] = wanted[prints] ^ made[first] ^ made[second] ^ made[third]
    return made


def _packed(slots: npt.NDArray[np.uint16]) -> bytes:
    """Two slots of 12 bits in 3 bytes."""
    even, odd = slots[0::2], slots[1::2]
    return np.stack((even & 255, even >> 8 | (odd & 15) << 4, odd >> 4), axis=1).astype(np.uint8).tobytes()
