"""Sums of row digests by year and site, exact modulo 2^128."""

from collections.abc import Iterator
from itertools import product
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from ecluse.domain.errors import InternalError

_MODULUS = 1 << 128
_HALF = np.uint64(32)

_FEW = 1 << 15

Codes = npt.NDArray[np.signedinteger[Any]]


class Groups:
    """Counts and sums of the rows of one table, which come in its order."""

    def __init__(self, rows: int, years: pa.Array | pa.ChunkedArray, sites: pa.Array | pa.ChunkedArray) -> None:
        if not len(years) == len(sites) == rows:
            raise InternalError("years and sites are not as many as rows")
        self._codes, self._groups = _groups(years, sites)
        self._at = 0
        self._counts = [0] * len(self._groups)
        self._sums = [0] * len(self._groups)

    def add(self, digests: npt.NDArray[np.uint64]) -> None:
        """The next rows' digests, as little-endian halves: an n x 2 array."""
        start, self._at = self._at, self._at + len(digests)
        if self._codes is None:
            self._note([0], np.zeros(1, np.intp), digests)
            return
        codes = self._codes[start : self._at]
        if (codes[1:] < codes[:-1]).any():
            order = np.argsort(codes, kind="stable")
            codes, digests = codes[order], digests.take(order, axis=0)
        starts = np.flatnonzero(np.concatenate(([True], codes[1:] != codes[:-1])))
        self._note(codes[starts].tolist(), starts, digests)

    def sums(self) -> Iterator[tuple[int | None, str | None, int, int]]:
        """Year, site, rows and sum of each group that has rows, sorted, null first."""
        for at in sorted(range(len(self._groups)), key=lambda at: _order(*self._groups[at])):
            if self._counts[at]:
                yield *self._groups[at], self._counts[at], self._sums[at] % _MODULUS

    def _note(self, groups: list[int], starts: npt.NDArray[np.intp], digests: npt.NDArray[np.uint64]) -> None:
        """Add runs of rows, of one group each. The upper half's overflow is beyond the modulus; the lower's counts."""
        lows = np.add.reduceat(digests[:, 0], starts).tolist()
        carried = np.add.reduceat(digests[:, 0] >> _HALF, starts).tolist()
        highs = np.add.reduceat(digests[:, 1], starts).tolist()
        sizes = np.diff(np.append(starts, len(digests))).tolist()
        for group, low, upper, high, size in zip(groups, lows, carried, highs, sizes, strict=True):
            # ``low`` is the sum modulo 2^64; less than 2^32 rows' lower 32 bits add up to less than that.
            lower = (low - (upper << 32)) % (1 << 64)
            self._sums[group] += (upper << 32) + lower + (high << 64)
            self._counts[group] += size


def _order(year: int | None, site: str | None) -> tuple[bool, int, bool, str]:
    return (year is not None, year or 0, site is not None, site or "")


def _groups(
    years: pa.Array | pa.ChunkedArray, sites: pa.Array | pa.ChunkedArray
) -> tuple[Codes | None, list[tuple[int | None, str | None]]]:
    """A number for each row, None if all are 0, and the year and site that each means; not all need occur."""
    year_codes, year_values = _codes(years, pa.int32())
    site_codes, site_values = _codes(sites, pa.string())
    groups = list(product(year_values, site_values))
    if year_codes is None or site_codes is None:
        codes = site_codes if year_codes is None else year_codes
        return codes if codes is None or len(groups) > _FEW else codes.astype(np.int16), groups
    codes = year_codes.astype(np.int64) * len(site_values) + site_codes
    return codes.astype(np.int16) if len(groups) <= _FEW else codes, groups


def _codes(values: pa.Array | pa.ChunkedArray, kind: pa.DataType) -> tuple[Codes | None, list[Any]]:
    whole = values.combine_chunks() if isinstance(values, pa.ChunkedArray) else values
    whole = whole.cast(kind)
    if len(whole) and (whole.null_count == len(whole) or _is_constant(whole)):
        return None, whole[:1].to_pylist()
    encoded = pc.dictionary_encode(whole, null_encoding="encode")
    return encoded.indices.to_numpy(), encoded.dictionary.to_pylist()


def _is_constant(values: pa.Array) -> bool:
    """Whether all of some int32 or string values are the same: eight times quicker than counting them."""
    if values.null_count:
        return False
    if pa.types.is_integer(values.type):
        numbers = values.to_numpy()
        return bool((numbers == numbers[0]).all())
    offsets = np.frombuffer(values.buffers()[1], np.int32, count=values.offset + len(values) + 1)[values.offset :]
    size = int(offsets[1] - offsets[0])
    if (np.diff(offsets) != size).any():
        return False
    data = values.buffers()[2]
    if size == 0 or data is None:
        return True
    held = np.frombuffer(data, np.uint8)[offsets[0] : offsets[-1]]
    return bool((held[size:] == held[:-size]).all())
