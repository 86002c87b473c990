"""Row digests: AES-256-CMAC (NIST SP 800-38B, RFC 4493) of each row's canonical encoding, for whole tables at once.

No library computes a MAC of millions of short messages without a Python call for each, so CMAC is built here as the
standard writes it, column-wise: block ``i`` of every row goes through one AES-ECB call of ``cryptography``, which
releases the GIL. Tests hold it against ``cryptography``'s own CMAC, row by row. Why this and not another function:
``docs/decisions/0003-row-digests.md``.

Digests of rows are summed modulo 2^128 over each year and site: the sum does not depend on the order of rows, and a
row that stands twice counts twice. Without the key, made for one migration and destroyed at its erasure, sums tell
nothing of the rows (law 5).
"""

import struct
from collections.abc import Sequence
from itertools import product
from typing import Any

import numpy as np
import numpy.typing as npt
import polars as pl
import pyarrow as pa
import pyarrow.compute as pc
from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes
from cryptography.hazmat.primitives.cmac import CMAC
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from ecluse.domain.errors import InternalError
from ecluse.domain.records import GroupDigest
from ecluse.migration.encoding import BLOCK, Counts, Words, encode, slices

ZERO = "0" * 32
"""The digest of no rows."""

_MODULUS = 1 << 128
_CONTEXT = b"ecluse.row-digest/1"
_LONG = 256
"""Blocks from which on a row is digested alone: the column-wise way would take a turn for every block of it."""
_EXACT = 1 << 20
"""Rows whose 32-bit lanes a float64 sums exactly (2^20 x 2^32 < 2^53)."""

Digests = npt.NDArray[np.uint8]


def row_digests(rows: pa.Table, key: bytes) -> Digests:
    """One digest a row, in order: an n x 16 array of bytes.

    ``key`` is any secret; the AES key is derived from it and from the columns' names, in order.

    Raises:
        MalformedError: a column or value that has no canonical form; names the column.
    """
    derived = _derive(key, rows.column_names)
    made = [_cmac(*encode(part), derived) for part in slices(rows)]
    return np.concatenate(made) if made else np.empty((0, BLOCK), np.uint8)


def group_digests(rows: pa.Table, years: pa.Array, sites: pa.Array, key: bytes) -> tuple[GroupDigest, ...]:
    """Rows and summed digests of each (year, site) there is, sorted, null first.

    ``years`` (integers or null) and ``sites`` (text or null) are as long as ``rows``.
    """
    if not len(years) == len(sites) == rows.num_rows:
        raise InternalError("years and sites are not as many as rows")
    if not rows.num_rows:
        return ()
    codes, groups = _groups(years, sites)
    counts = np.bincount(codes, minlength=len(groups))
    sums = _sums(row_digests(rows, key), codes, len(groups))
    return tuple(
        GroupDigest(*groups[code], int(counts[code]), f"{sums[code]:032x}")
        for code in sorted(np.flatnonzero(counts).tolist(), key=lambda code: _order(*groups[code]))
    )


def key_digest(keys: pa.ChunkedArray, key: bytes) -> str:
    """A keyed sum over a source's row keys, the same in any order, to notice that other rows stand there now.

    Polars' hash is quick and no MAC: it is compared with itself by one agent, and guards against change, not forgery.
    """
    seed = int.from_bytes(_derive(key, ["keys"])[:8], "little")
    hashes = pl.Series(pl.from_arrow(keys)).hash(seed).to_numpy()
    return f"{len(hashes):x}-{int(hashes.sum(dtype=np.uint64)):016x}"


def add(left: str, right: str) -> str:
    """The sum of two digests, modulo 2^128."""
    return f"{(int(left, 16) + int(right, 16)) % _MODULUS:032x}"


def _order(year: int | None, site: str | None) -> tuple[bool, int, bool, str]:
    return (year is not None, year or 0, site is not None, site or "")


def _derive(key: bytes, names: Sequence[str]) -> bytes:
    """HKDF-SHA-256 (RFC 5869) of the key, bound to the names: each its length in 4 bytes, then its UTF-8."""
    encoded = [name.encode() for name in names]
    info = _CONTEXT + b"".join(struct.pack("<I", len(name)) + name for name in encoded)
    return HKDF(SHA256(), length=32, salt=None, info=info).derive(key)


def _cmac(blocks: Words, counts: Counts, key: bytes) -> Digests:
    starts = np.cumsum(counts) - counts
    out = np.empty((len(counts), 2), np.uint64)
    long = counts > _LONG
    if long.any():
        for row in np.flatnonzero(long).tolist():
            mac = CMAC(algorithms.AES(key))
            mac.update(blocks[starts[row] : starts[row] + counts[row]].tobytes())
            out[row] = np.frombuffer(mac.finalize(), np.uint64)
        short = np.flatnonzero(~long)
        if len(short):
            out[short] = _cmac_columns(blocks, starts[short], counts[short], key)
    else:
        out = _cmac_columns(blocks, starts, counts, key)
    return out.view(np.uint8)


def _cmac_columns(blocks: Words, starts: Counts, counts: Counts, key: bytes) -> Words:
    """CMAC of messages of whole blocks, block by block over all messages, the longest first.

    SP 800-38B section 6.2: the state is enciphered after each block is added; K1 is added to the last one. K2 has
    no use, for every encoding is whole blocks.
    """
    encryptor = Cipher(algorithms.AES(key), modes.ECB()).encryptor()  # noqa: S305 - the block function of CMAC
    last = np.frombuffer(_doubled(encryptor.update(bytes(BLOCK))), np.uint64)
    order = np.argsort((_LONG - counts).astype(np.uint16), kind="stable")
    position, ascending = starts[order], counts[order][::-1]
    rows, turns = len(order), int(ascending[-1])
    active = (rows - np.searchsorted(ascending, np.arange(1, turns + 2), "left")).tolist()
    block = np.empty((rows, 2), np.uint64)
    scratch = bytearray((rows + 1) * BLOCK)
    state = np.frombuffer(scratch, np.uint64)[: 2 * rows].reshape(rows, 2)
    done = np.empty((rows, 2), np.uint64)
    for turn in range(turns):
        now, later = active[turn], active[turn + 1]
        added = block[:now]
        # Positions are ours and in range: "clip" spares the copy that a check would need.
        blocks.take(position[:now], axis=0, out=added, mode="clip")
        if turn:
            added ^= state[:now]
        added[later:] ^= last
        encryptor.update_into(added.data.cast("B"), scratch)
        done[later:now] = state[later:now]
        position[:now] += 1
    out = np.empty((rows, 2), np.uint64)
    out[order] = done
    return out


def _doubled(block: bytes) -> bytes:
    """Multiplication by x in GF(2^128): subkey K1 (SP 800-38B section 6.1)."""
    number = int.from_bytes(block, "big") << 1
    return (number % _MODULUS ^ (0x87 if number >> 128 else 0)).to_bytes(BLOCK, "big")


def _groups(years: pa.Array, sites: pa.Array) -> tuple[Counts, list[tuple[int | None, str | None]]]:
    """A number for each row, and the year and site that each number means; not all of them need occur."""
    year_codes, year_values = _codes(years, pa.int32())
    site_codes, site_values = _codes(sites, pa.string())
    codes = year_codes.astype(np.int64)
    codes *= len(site_values)
    codes += site_codes
    return codes, list(product(year_values, site_values))


def _codes(values: pa.Array | pa.ChunkedArray, kind: pa.DataType) -> tuple[npt.NDArray[np.int32], list[Any]]:
    whole = values.combine_chunks() if isinstance(values, pa.ChunkedArray) else values
    encoded = pc.dictionary_encode(whole.cast(kind), null_encoding="encode")
    return encoded.indices.to_numpy(), encoded.dictionary.to_pylist()


def _sums(digests: Digests, codes: npt.NDArray[np.int64], groups: int) -> list[int]:
    """Sums modulo 2^128 of the digests read as big-endian numbers, exact."""
    lanes = digests.view(">u4")
    totals = [0] * groups
    for start in range(0, len(lanes), _EXACT):
        part, which = lanes[start : start + _EXACT], codes[start : start + _EXACT]
        for lane in range(4):
            sums = np.bincount(which, weights=part[:, lane], minlength=groups)
            for group, value in enumerate(sums.tolist()):
                totals[group] += int(value) << (96 - 32 * lane)
    return [total % _MODULUS for total in totals]
