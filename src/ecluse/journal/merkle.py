"""The Merkle tree of RFC 6962 section 2.1: hashing, inclusion proofs, consistency proofs. Pure; SHA-256 throughout.

Verification follows the algorithms of RFC 9162 sections 2.1.3.2 and 2.1.4.2, which check the same proofs.
Producing a proof needs the tree's complete nodes only, given by a :data:`NodeReader`.
"""

import hashlib
import hmac
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

from ecluse.domain.errors import TamperError, UsageError

HASH_SIZE = 32
TILE_HEIGHT = 8
EMPTY_ROOT = hashlib.sha256(b"").digest()

NodeReader = Callable[[int, int], bytes]
"""``(level, index)`` to the hash of entries ``[index << level, (index + 1) << level)``, all of which exist."""


def leaf_hash(entry: bytes) -> bytes:
    """Hash one entry: SHA-256(0x00 || entry) (RFC 6962 section 2.1)."""
    return hashlib.sha256(b"\x00" + entry).digest()


def node_hash(left: bytes, right: bytes) -> bytes:
    """Hash two children: SHA-256(0x01 || left || right) (RFC 6962 section 2.1)."""
    return hashlib.sha256(b"\x01" + left + right).digest()


def fold(hashes: Sequence[bytes]) -> bytes:
    """Give the root of a complete subtree over ``hashes``, whose number is a power of two."""
    row = list(hashes)
    while len(row) > 1:
        row = [node_hash(row[i], row[i + 1]) for i in range(0, len(row), 2)]
    return row[0]


@dataclass(frozen=True, slots=True)
class Frontier:
    """The right edge of a tree: its maximal complete subtrees ``(level, hash)``, left to right; O(log n)."""

    size: int = 0
    nodes: tuple[tuple[int, bytes], ...] = ()

    @property
    def root(self) -> bytes:
        """The Merkle tree hash of all entries so far (RFC 6962 section 2.1)."""
        if not self.nodes:
            return EMPTY_ROOT
        root = self.nodes[-1][1]
        for _, left in reversed(self.nodes[:-1]):
            root = node_hash(left, root)
        return root

    def grown(self, leaves: Iterable[bytes]) -> tuple["Frontier", list[list[bytes]]]:
        """Add leaf hashes; also give every hash they complete, by tile level (level 0: the leaves themselves)."""
        nodes = list(self.nodes)
        size = self.size
        completed: list[list[bytes]] = [[]]
        for leaf in leaves:
            size += 1
            completed[0].append(leaf)
            level, node = 0, leaf
            while nodes and nodes[-1][0] == level:
                node = node_hash(nodes.pop()[1], node)
                level += 1
                if level % TILE_HEIGHT == 0:
                    while len(completed) <= level // TILE_HEIGHT:
                        completed.append([])
                    completed[level // TILE_HEIGHT].append(node)
            nodes.append((level, node))
        return Frontier(size, tuple(nodes)), completed


def _split(size: int) -> int:
    """The largest power of two smaller than ``size`` (``k`` of RFC 6962 section 2.1)."""
    return 1 << (size - 1).bit_length() - 1


def _range_hash(node: NodeReader, start: int, end: int) -> bytes:
    """Hash entries ``[start, end)``, a range that RFC 6962's recursion visits (``start`` is aligned to its width)."""
    width = end - start
    if width & (width - 1) == 0:
        level = width.bit_length() - 1
        return node(level, start >> level)
    middle = start + _split(width)
    return node_hash(_range_hash(node, start, middle), _range_hash(node, middle, end))


def inclusion_proof(node: NodeReader, index: int, size: int) -> tuple[bytes, ...]:
    """Prove that entry ``index`` is in the tree of ``size`` entries: PATH(m, D[n]) of RFC 6962 section 2.1.1.

    Raises:
        UsageError: there is no such entry.
    """
    if not 0 <= index < size:
        raise UsageError(f"no entry {index} in a journal of {size} entries")
    start, end = 0, size
    path: list[bytes] = []
    while end - start > 1:
        middle = start + _split(end - start)
        if index < middle:
            path.append(_range_hash(node, middle, end))
            end = middle
        else:
            path.append(_range_hash(node, start, middle))
            start = middle
    return tuple(reversed(path))


def consistency_proof(node: NodeReader, old: int, new: int) -> tuple[bytes, ...]:
    """Prove that the tree of ``new`` entries extends that of ``old``: PROOF(m, D[n]) of RFC 6962 section 2.1.2.

    Empty for ``old == 0`` (everything extends the empty tree; C2SP tlog-witness) and for ``old == new``.

    Raises:
        UsageError: ``old`` or ``new`` is out of range.
    """
    if not 0 <= old <= new:
        raise UsageError(f"no consistency proof from {old} to {new} entries")
    if old == 0:
        return ()
    start, end, whole = 0, new, True
    path: list[bytes] = []
    while old != end:
        middle = start + _split(end - start)
        if old <= middle:
            path.append(_range_hash(node, middle, end))
            end = middle
        else:
            path.append(_range_hash(node, start, middle))
            start, whole = middle, False
    if not whole:
        path.append(_range_hash(node, start, end))
    return tuple(reversed(path))


def _check_hashes(*hashes: bytes) -> None:
    if any(len(value) != HASH_SIZE for value in hashes):
        raise TamperError("a hash of the proof is not 32 bytes long")


def _same(left: bytes, right: bytes) -> bool:
    return hmac.compare_digest(left, right)


def verify_inclusion(leaf: bytes, index: int, size: int, proof: Sequence[bytes], root: bytes) -> None:
    """Check an inclusion proof for a leaf hash (RFC 9162 section 2.1.3.2).

    Raises:
        TamperError: the proof does not show entry ``index`` in the tree of ``size`` entries with this root.
    """
    if not 0 <= index < size:
        raise TamperError(f"entry {index} cannot be in a tree of {size} entries")
    _check_hashes(leaf, root, *proof)
    place, last, result = index, size - 1, leaf
    for sibling in proof:
        if last == 0:
            raise TamperError("the inclusion proof is too long")
        if place & 1 or place == last:
            result = node_hash(sibling, result)
            while place and not place & 1:
                place >>= 1
                last >>= 1
        else:
            result = node_hash(result, sibling)
        place >>= 1
        last >>= 1
    if last != 0:
        raise TamperError("the inclusion proof is too short")
    if not _same(result, root):
        raise TamperError(f"the inclusion proof of entry {index} does not lead to the root of {size} entries")


def verify_consistency(old_size: int, old_root: bytes, new_size: int, new_root: bytes, proof: Sequence[bytes]) -> None:
    """Check a consistency proof (RFC 9162 section 2.1.4.2; from the empty tree, C2SP tlog-witness).

    Raises:
        TamperError: the proof does not show that the new tree holds the old one's entries, in order, first.
    """
    if not 0 <= old_size <= new_size:
        raise TamperError(f"a tree of {new_size} entries cannot extend one of {old_size}")
    _check_hashes(old_root, new_root, *proof)
    for size, root in ((old_size, old_root), (new_size, new_root)):
        if size == 0 and not _same(root, EMPTY_ROOT):
            raise TamperError("the root of an empty tree is not that of the empty tree")
    if old_size in (0, new_size):
        if proof:
            raise TamperError("the consistency proof is too long")
        if old_size == new_size and not _same(old_root, new_root):
            raise TamperError(f"two different trees of {new_size} entries: a split view")
        return
    _verify_growth(old_size, old_root, new_size, new_root, proof)


def _verify_growth(old_size: int, old_root: bytes, new_size: int, new_root: bytes, proof: Sequence[bytes]) -> None:
    """Steps 2 to 7 of RFC 9162 section 2.1.4.2, for ``0 < old_size < new_size``."""
    hashes = list(proof)
    if old_size & (old_size - 1) == 0:
        hashes.insert(0, old_root)
    if not hashes:
        raise TamperError("the consistency proof is too short")
    place, last = old_size - 1, new_size - 1
    while place & 1:
        place >>= 1
        last >>= 1
    old_result = new_result = hashes[0]
    for sibling in hashes[1:]:
        if last == 0:
            raise TamperError("the consistency proof is too long")
        if place & 1 or place == last:
            old_result = node_hash(sibling, old_result)
            new_result = node_hash(sibling, new_result)
            while place and not place & 1:
                place >>= 1
                last >>= 1
        else:
            new_result = node_hash(new_result, sibling)
        place >>= 1
        last >>= 1
    if last != 0:
        raise TamperError("the consistency proof is too short")
    if not (_same(old_result, old_root) and _same(new_result, new_root)):
        raise TamperError(f"the tree of {new_size} entries does not extend the tree of {old_size} entries")
