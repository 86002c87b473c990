"""Which source keys come more than once, found without hashing texts one by one where they need not be."""

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from ecluse.migration.dates import Bools
from ecluse.migration.texts import as_text

_DENSE = 8
"""Integer keys that span less than so many times their number are counted in a table of bits."""


def key_texts(keys: pa.Array) -> pa.Array:
    """Keys as text; null where they are none."""
    if pa.types.is_dictionary(keys.type):
        keys = keys.cast(keys.type.value_type)
    return as_text(keys)[0]


def among(column: pa.ChunkedArray, keys: pa.Array) -> Bools:
    """Which rows hold one of these keys, given as text."""
    found: Bools = pc.is_in(pa.chunked_array(map(key_texts, column.chunks), pa.string()), value_set=keys).to_numpy()
    return found


def repeated(keys: pa.ChunkedArray) -> Bools:
    """True for every row whose key another row has too; nulls repeat nobody."""
    if pa.types.is_dictionary(keys.type):
        keys = keys.cast(keys.type.value_type)
    if len(keys) < 2 or _distinct(keys):  # noqa: PLR2004 - one key repeats none
        return np.zeros(len(keys), dtype=np.bool_)
    whole = keys.combine_chunks()
    encoded = pc.dictionary_encode(whole)
    indices = pc.fill_null(encoded.indices, -1).to_numpy()
    counts = np.bincount(indices[indices >= 0], minlength=1)
    found: Bools = (indices >= 0) & (counts[indices] > 1)
    return found


def _distinct(keys: pa.ChunkedArray) -> bool:
    """True where no key can come twice; False says nothing."""
    if keys.null_count:
        return False
    if pa.types.is_integer(keys.type):
        return _distinct_integers(np.concatenate([chunk.to_numpy() for chunk in keys.chunks]))
    if not (pa.types.is_string(keys.type) or pa.types.is_large_string(keys.type)):
        return False
    if all(pc.all(pc.less(c.slice(0, len(c) - 1), c.slice(1))).as_py() for c in keys.chunks if len(c)):
        firsts = [c[0].as_buffer().to_pybytes() for c in keys.chunks if len(c)]
        lasts = [c[-1].as_buffer().to_pybytes() for c in keys.chunks if len(c)]
        if all(a < b for a, b in zip(lasts, firsts[1:], strict=False)):
            return True
    import polars as pl  # noqa: PLC0415 - only keys that are texts in no order need it: 0.1 s, 30 MB

    hashes = np.sort(pl.Series(pl.from_arrow(keys)).hash().to_numpy())
    return not bool((hashes[1:] == hashes[:-1]).any())


def _distinct_integers(keys: "np.ndarray[tuple[int], np.dtype[np.int64]]") -> bool:
    if bool((keys[1:] > keys[:-1]).all()):
        return True
    low, high = int(keys.min()), int(keys.max())
    if high - low < _DENSE * len(keys):
        seen = np.zeros(high - low + 1, dtype=np.bool_)
        seen[keys.astype(np.int64) - low] = True
        return int(np.count_nonzero(seen)) == len(keys)
    ordered = np.sort(keys)
    return not bool((ordered[1:] == ordered[:-1]).any())
