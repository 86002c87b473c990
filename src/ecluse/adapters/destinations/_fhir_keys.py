"""What publication must know of every key of a migration, in few bytes a key, or in none.

Keys are known by the first 16 bytes of their SHA-256. Whether one comes twice is looked for a share at a time, so that
memory is bounded whatever the number of rows; of requests, the patient, date and site stay in memory: 24 bytes each.
"""

from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Any

import duckdb
import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from ecluse.domain.catalogue import KEY
from ecluse.domain.errors import DestinationError

__all__ = ["RequestTexts", "check_keys", "pieces_of"]

Places = npt.NDArray[np.uint64]
"""Two numbers a key."""
_SHARE = 4_000_000
"""Keys looked at together."""
_SQL = "SELECT unhex(substr(sha256(name), 1, 32)) AS place FROM names ORDER BY row"
_BYTES = 16
_SAME = 4  # keys of one first number that are told apart by the second; of two there are none in practice


def places(engine: duckdb.DuckDBPyConnection, keys: Any) -> Places:
    """Of keys none of which is null. ``engine`` is a connection of the caller's own."""
    if not len(keys):
        return np.empty((0, 2), dtype=np.uint64)
    engine.register("names", pa.table({"name": keys, "row": pa.array(np.arange(len(keys)))}))
    try:
        found = engine.execute(_SQL).to_arrow_table().column(0).combine_chunks()
    finally:
        engine.unregister("names")
    if isinstance(found, pa.ChunkedArray):
        found = pa.concat_arrays(found.chunks)
    offset = found.offset * _BYTES  # each is of this length, so that they lie one after the other
    data = np.frombuffer(found.buffers()[2], dtype=np.uint64, count=2 * len(keys), offset=offset)
    return data.reshape(-1, 2)


def check_keys(
    engine: duckdb.DuckDBPyConnection, entity: str, keys: Callable[[], Iterable[Any]], expected: int,
    share: int = _SHARE,
) -> None:  # fmt: skip
    """Raises DestinationError where staged keys are not as many as the ledger says, or come twice.

    ``keys`` is called for each share, and gives all of them again.
    """
    shares = max(1, -(-expected // share))
    for number in range(shares):
        count, held = 0, [np.empty((0, 2), dtype=np.uint64)]
        for each in keys():
            count += len(each)
            found = places(engine, each)
            held.append(found[found[:, 0] % np.uint64(shares) == number])
        if count != expected:
            raise DestinationError(f"{count} rows of {entity} are staged, and the ledger says {expected}")
        every = _sorted(np.concatenate(held))
        if len(every) and bool((every[1:] == every[:-1]).all(axis=1).any()):
            raise DestinationError(f"{entity}.{KEY}: keys come more than once")


def _sorted(found: Places) -> Places:
    return found[np.lexsort((found[:, 1], found[:, 0]))]


class RequestTexts:
    """Texts and dates of every request, by its key; texts that come often, as patients and sites do, are held once."""

    def __init__(self, engine: duckdb.DuckDBPyConnection, rows: Iterable[tuple[Any, Sequence[Any]]]) -> None:
        """``rows``: keys and the columns that are to be known, piece by piece; columns are strings or date32."""
        self._engine = engine
        keys, columns = [], []
        dictionaries: dict[int, Any] = {}
        for names, values in rows:
            keys.append(places(engine, names))
            columns.append([_held(number, value, dictionaries) for number, value in enumerate(values)])
        found = np.concatenate([np.empty((0, 2), dtype=np.uint64), *keys])
        order = np.lexsort((found[:, 1], found[:, 0]))
        self._places = found[order]
        self._columns = [np.concatenate(each)[order] for each in zip(*columns, strict=True)]
        self._dictionaries = dictionaries

    @property
    def told(self) -> bool:
        """Whether there is any."""
        return bool(self._columns)

    def of(self, keys: Any) -> list[Any]:
        """Each column for these keys; null for null, and for a request that is not among them."""
        known = keys.drop_null()
        at = np.full(len(keys), -1, dtype=np.int64)
        at[np.asarray(pc.is_valid(keys))] = self._found(places(self._engine, known))
        return [self._given(number, at) for number in range(len(self._columns))]

    def _found(self, wanted: Places) -> npt.NDArray[np.int64]:
        first, count = self._places[:, 0], len(self._places)
        start = np.searchsorted(first, wanted[:, 0])
        found = np.full(len(wanted), -1, dtype=np.int64)
        for step in range(_SAME if count else 0):
            at = np.minimum(start + step, count - 1)
            found = np.where((found < 0) & (self._places[at] == wanted).all(axis=1), at, found)
        return found

    def _given(self, number: int, at: npt.NDArray[np.int64]) -> Any:
        missing = at < 0
        values = self._columns[number][np.maximum(at, 0)] if len(self._places) else np.zeros(len(at), dtype=np.int32)
        values = np.where(missing, _NULL, values).astype(np.int32)
        numbers = pa.array(values, pa.int32(), mask=values == _NULL)
        texts = self._dictionaries.get(number)
        return numbers.cast(pa.date32()) if texts is None else texts.take(numbers)


_NULL = np.int32(-(2**31))


def _held(number: int, value: Any, dictionaries: dict[int, Any]) -> npt.NDArray[np.int32]:
    """A column's numbers: days, or places in the dictionary of its texts, which grows."""
    if pa.types.is_date32(value.type):
        return np.asarray(value.cast(pa.int32()).fill_null(int(_NULL)), dtype=np.int32)
    known = dictionaries.get(number, pa.array([], pa.string()))
    distinct = pc.unique(value.drop_null())
    new = distinct.filter(pc.invert(pc.is_in(distinct, value_set=known)))
    dictionaries[number] = known = pa.concat_arrays([known, new]) if len(new) else known
    found = pc.index_in(value, value_set=known)
    found = pc.if_else(pc.is_valid(value), found, pa.scalar(None, pa.int32()))
    return np.asarray(found.fill_null(int(_NULL)), dtype=np.int32)


def pieces_of(tables: Iterable[pa.Table], column: str) -> Iterator[tuple[Any, Sequence[Any]]]:
    """Keys of tables and one of their columns, of those that have it."""
    for table in tables:
        if column in table.column_names:
            yield _whole(table, KEY), [_whole(table, column)]


def _whole(table: pa.Table, name: str) -> Any:
    return table.column(name).combine_chunks()
