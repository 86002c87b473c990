"""Row digests: a keyed 128-bit digest of each row, for whole tables at once, with AES alone.

Each value becomes 16 bytes under its column's own key (the exclusive or of AES over its blocks; CMAC where it is
long), a row the exclusive or of its values, and that goes through AES once more under a key of its own. So a row is
hashed by a family in which two rows are the same with a chance of 2^-128, whoever chose them, and then enciphered;
why that is sound, and why this and not another: ``docs/decisions/0005-row-digests-of-blocks.md``.

Everything is column-wise, by AES-ECB calls of ``cryptography`` over the blocks of many rows. Digests of rows are
summed modulo 2^128 over each year and site: the sum does not depend on the order of rows, and a row that stands twice
counts twice. Without the key, made for one migration and destroyed at its erasure, sums tell nothing of the rows
(law 5).
"""

import struct
from collections.abc import Sequence
from functools import cached_property

import numpy as np
import numpy.typing as npt
import pyarrow as pa
from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes
from cryptography.hazmat.primitives.cmac import CMAC
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from ecluse.domain.errors import MalformedError
from ecluse.domain.records import GroupDigest
from ecluse.migration.encoding import (
    BLOCK,
    LONG,
    PIECE,
    Counts,
    Tag,
    Texts,
    Words,
    canonical,
    class_of,
    number_blocks,
    one_array,
    slices,
    valid,
)
from ecluse.migration.groups import Groups

ZERO = "0" * 32
"""The digest of no rows."""

_MODULUS = 1 << 128
_CONTEXT = b"ecluse.row-digest/2"
_ROW, _VALUE, _LONG_VALUE = 0, 1, 2
"""What a derived key is for."""
_SPARSE = 4
"""Where fewer than one value in so many is there, those alone are worked on."""

_NOTHING = np.zeros((), f"V{BLOCK}")

Digests = npt.NDArray[np.uint8]


def row_digests(rows: pa.Table, key: bytes) -> Digests:
    """One digest a row, in order: an n x 16 array of bytes.

    ``key`` is any secret; AES keys are derived from it, from the columns' names, in order, and from each one's class.

    Raises:
        MalformedError: a column or value that has no canonical form; names the column.
    """
    digester = _Digester(rows.schema, key)
    made = [digester.digests(part) for part in slices(rows)]
    return (np.concatenate(made) if made else np.empty((0, 2), np.uint64)).view(np.uint8)


def group_digests(rows: pa.Table, years: pa.Array, sites: pa.Array, key: bytes) -> tuple[GroupDigest, ...]:
    """Rows and summed digests of each (year, site) there is, sorted, null first.

    ``years`` (integers or null) and ``sites`` (text or null) are as long as ``rows``.
    """
    groups = Groups(rows.num_rows, years, sites)
    digester = _Digester(rows.schema, key)
    for part in slices(rows):
        groups.add(digester.digests(part))
    return tuple(GroupDigest(year, site, rows, f"{total:032x}") for year, site, rows, total in groups.sums())


def key_digest(keys: pa.ChunkedArray, key: bytes) -> str:
    """Number and summed digests of a source's row keys, the same in any order, to notice that other rows stand there.

    Keys without a row digest (floating-point numbers, integers beyond 64 bits) are taken by their text.
    """
    nowhere = pa.nulls(len(keys))
    try:
        found = group_digests(pa.table({"keys": keys}), nowhere, nowhere, key)
    except MalformedError:
        found = group_digests(pa.table({"keys": keys.cast(pa.string())}), nowhere, nowhere, key)
    return f"{len(keys):x}-{found[0].digest if found else ZERO}"


def add(left: str, right: str) -> str:
    """The sum of two digests, modulo 2^128."""
    return f"{(int(left, 16) + int(right, 16)) % _MODULUS:032x}"


def _derived(key: bytes, names: Sequence[str], use: int, tag: Tag = Tag.NULL, column: int = 0) -> bytes:
    """HKDF-SHA-256 (RFC 5869) of the key, bound to use, class, column and all names: each length and UTF-8."""
    encoded = [name.encode() for name in names]
    info = _CONTEXT + struct.pack("<BBI", use, tag, column)
    info += b"".join(struct.pack("<I", len(name)) + name for name in encoded)
    return HKDF(SHA256(), length=32, salt=None, info=info).derive(key)


class _Block:
    """AES of many blocks at once."""

    def __init__(self, key: bytes) -> None:
        # Blocks of one key are a pseudo-random function's arguments; no text is ever encrypted, nothing is decrypted.
        self._encryptor = Cipher(algorithms.AES(key), modes.ECB()).encryptor()  # noqa: S305

    def __call__(self, blocks: Words) -> Words:
        out = np.empty((len(blocks) + 1, 2), np.uint64)
        self._encryptor.update_into(blocks.data.cast("B"), out.data.cast("B"))
        return out[:-1]


class _Column:
    """One column's function of values, keyed for it alone."""

    def __init__(self, key: bytes, names: Sequence[str], column: int, tag: Tag) -> None:
        self._key, self._names, self._place = key, names, column
        self._name, self._tag = names[column], tag
        self._block = _Block(_derived(key, names, _VALUE, tag, column))

    @cached_property
    def _long(self) -> algorithms.AES:
        return algorithms.AES(_derived(self._key, self._names, _LONG_VALUE, self._tag, self._place))

    def add_to(self, rows: Words, column: pa.Array) -> None:
        """Add (exclusive or) the 16 bytes of each value to its row; nothing for a null."""
        if column.null_count == len(column):
            return
        if pa.types.is_dictionary(column.type) and len(column.dictionary) <= len(column):
            table = np.zeros((len(column.dictionary) + 1, 2), np.uint64)
            self.add_to(table[:-1], column.dictionary)
            places = column.indices.cast(pa.int64()).fill_null(len(column.dictionary)).to_numpy()
            rows ^= table.take(places, axis=0, mode="clip")
            return
        column = canonical(self._name, self._tag, column)
        held = valid(column)
        if self._tag not in (Tag.TEXT, Tag.BINARY):
            values = self._block(number_blocks(self._tag, column))
        else:
            texts = Texts(self._tag, column, held)
            if held is not None and _SPARSE * (len(column) - column.null_count) < len(column):
                some = np.flatnonzero(held)
                _add(rows, some, self._any_texts(texts, some))
                return
            values = self._texts(texts)
        if held is not None:
            np.putmask(_whole(values), ~held, _NOTHING)
        rows ^= values

    def _texts(self, texts: Texts) -> Words:
        """Values of all rows, most of them short."""
        more = np.flatnonzero(texts.sizes > PIECE)
        if len(more) == len(texts.sizes):
            return self._any_texts(texts, more)
        values = self._block(texts.short_blocks())
        if len(more):
            _whole(values)[more] = _whole(self._any_texts(texts, more))
        return values

    def _any_texts(self, texts: Texts, rows: Counts) -> Words:
        """Values of those rows, whatever their length."""
        out = np.zeros((len(rows), 2), np.uint64)
        long = texts.sizes[rows] > LONG
        if not long.any():
            self._add_pieces(out, texts, rows)
            return out
        for at in np.flatnonzero(long).tolist():
            mac = CMAC(self._long)
            mac.update(texts.value(int(rows[at])))
            out[at] = np.frombuffer(mac.finalize(), np.uint64)
        short = np.zeros((int((~long).sum()), 2), np.uint64)
        self._add_pieces(short, texts, rows[~long])
        out[~long] = short
        return out

    def _add_pieces(self, out: Words, texts: Texts, rows: Counts) -> None:
        for some, blocks, starts in texts.pieces(rows):
            found = self._block(blocks)
            _add(out, some, found if starts is None else np.bitwise_xor.reduceat(found, starts, axis=0))


def _whole(halves: Words) -> npt.NDArray[np.void]:
    """Blocks as single items, which numpy moves faster than pairs."""
    return halves.view(_NOTHING.dtype)[:, 0]


def _add(rows: Words, some: Counts, values: Words) -> None:
    """Add (exclusive or) to some rows, each there once, ascending."""
    if len(some) == len(rows):
        rows ^= values
    else:
        values ^= rows.take(some, axis=0)
        _whole(rows)[some] = _whole(values)


class _Digester:
    """Digests of tables of one schema, under one key."""

    def __init__(self, schema: pa.Schema, key: bytes) -> None:
        names = schema.names
        tags = [class_of(field.name, field.type) for field in schema]
        self._columns = [None if tag is Tag.NULL else _Column(key, names, at, tag) for at, tag in enumerate(tags)]
        self._names = names
        self._row = _Block(_derived(key, names, _ROW))

    def digests(self, part: pa.Table) -> Words:
        """One a row, as little-endian halves: an n x 2 array."""
        rows = np.zeros((part.num_rows, 2), np.uint64)
        for at, column in enumerate(self._columns):
            if column is not None:
                column.add_to(rows, one_array(self._names[at], part.column(at)))
        return self._row(rows)
