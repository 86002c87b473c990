"""Rows waiting to become messages: sealed on disk under a key of this process alone, given back request by request.

Messages are made of a request and all that belongs to it, and rows come in batches by date or key. They are cut into
buckets by their request's control id and put aside, each bucket's rows of each batch encrypted (AES-256-GCM) into a
file that has no name: a killed process leaves neither file nor key (law 2). What is given back is bounded by some
megabytes, whatever the migration's size: a bucket that has grown beyond that is read in several passes.
"""

import io
import os
import tempfile
from collections.abc import Collection, Iterator, Mapping, Sequence
from pathlib import Path
from threading import RLock
from typing import IO

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from ecluse.adapters.messages.model import control_id
from ecluse.domain.catalogue import KEY
from ecluse.domain.errors import DestinationError, StorageError
from ecluse.migration.ports import StagedBatch

__all__ = ["BUCKETS", "NAMED", "Shelf", "Spool", "Vault", "shelved_by"]

NAMED = ("patient", "practitioner", "site")
"""Entities that stand in every message that names them; whatever else has a request."""
_AT = "_at"
BUCKETS = 256
_WAITING_BYTES = 16 << 20
"""Rows of an entity that are sealed together."""
_PASS_BYTES = 64 << 20
"""Rows that are in memory at once, by entity, as Arrow counts them."""
Places = npt.NDArray[np.uint64]


class Vault:
    """A file without a name, in which every piece is encrypted under a key that is nowhere written."""

    def __init__(self, folder: Path) -> None:
        """Raises StorageError where no file can be made there."""
        self._cipher, self._lock, self._end = AESGCM(AESGCM.generate_key(256)), RLock(), 0
        self._file = _unnamed(folder)

    def put(self, rows: pa.Table) -> tuple[int, int]:
        """Seal rows; where they lie, and their length. Raises StorageError on a full disk."""
        sink = io.BytesIO()
        with pa.ipc.new_stream(sink, rows.schema, options=pa.ipc.IpcWriteOptions(compression="zstd")) as stream:
            stream.write_table(rows)
        with self._lock:
            place = self._end
            sealed = self._cipher.encrypt(_nonce(place), sink.getvalue(), None)
            self._end += len(sealed)  # also where the write fails: no other rows are ever sealed under this nonce
            try:
                written = os.pwrite(self._file.fileno(), sealed, place)
            except OSError:
                written = -1
            if written != len(sealed):
                raise StorageError("rows cannot be put aside, sealed, before they become messages: is the disk full?")
        return place, written

    def get(self, place: int, length: int) -> pa.Table:
        """What lies there. Raises StorageError."""
        try:
            data = self._cipher.decrypt(_nonce(place), os.pread(self._file.fileno(), length, place), None)
            with pa.ipc.open_stream(data) as stream:
                return stream.read_all()
        except Exception as error:  # noqa: BLE001  the tag, the stream or the disk: each means that the file was touched
            failed = type(error).__name__
        raise StorageError(f"rows that were put aside cannot be read again ({failed})")

    def close(self) -> None:
        """Let the file go: with it and the key, the rows."""
        self._file.close()


class Shelf:
    """Tables of one schema in a vault, cut by a number of each row."""

    def __init__(self, vault: Vault) -> None:
        self._vault = vault
        self._pieces: list[npt.NDArray[np.int64]] = []
        self._waiting: list[pa.Table] = []
        self._waiting_bytes = 0
        self.bytes = np.zeros(BUCKETS, dtype=np.int64)
        """Of each bucket's rows, as Arrow counts them."""
        self.schema: pa.Schema | None = None

    def put(self, rows: pa.Table, at: Places) -> None:
        """Rows, and for each a number, whose first byte is its bucket."""
        if self.schema is None:
            self.schema = rows.schema
        if rows.num_rows:
            self._waiting.append(rows.append_column(_AT, pa.array(at)))
            self._waiting_bytes += rows.nbytes
            if self._waiting_bytes > _WAITING_BYTES:
                self._seal()

    def _seal(self) -> None:
        """Put what waits into the vault: pieces of some size, whatever the size of what came."""
        rows = pa.concat_tables(self._waiting)
        at = rows.column(_AT).to_numpy()
        order = np.argsort(at, kind="stable")
        cut = rows.take(pa.array(order)).combine_chunks()
        bounds = np.searchsorted(at[order] >> np.uint64(56), np.arange(BUCKETS + 1))
        pieces = np.zeros((BUCKETS, 2), dtype=np.int64)
        for bucket in np.flatnonzero(np.diff(bounds)):
            part = cut.slice(bounds[bucket], bounds[bucket + 1] - bounds[bucket])
            pieces[bucket] = self._vault.put(part)
            self.bytes[bucket] += part.nbytes
        self._pieces.append(pieces)
        self._waiting, self._waiting_bytes = [], 0

    def ready(self) -> "Shelf":
        """Itself, all that waited sealed: to be asked before it is read."""
        if self._waiting:
            self._seal()
        return self

    def bucket(self, number: int, passes: int = 1, this: int = 0) -> pa.Table | None:
        """A bucket's rows, with their numbers as the last column; of ``passes`` cuts the one called ``this``."""
        found = []
        self.ready()
        for pieces in self._pieces:
            place, length = pieces[number].tolist()
            if length:
                rows = self._vault.get(place, length)
                if passes > 1:
                    second = (rows.column(_AT).to_numpy() >> np.uint64(48)) & np.uint64(255)
                    rows = rows.filter(pa.array(second * np.uint64(passes) // np.uint64(BUCKETS) == this))
                found.append(rows)
        return pa.concat_tables(found).combine_chunks() if found else None

    def every(self) -> Iterator[pa.Table]:
        """All rows, bucket by bucket, without their numbers."""
        for number in range(BUCKETS):
            rows = self.bucket(number)
            if rows is not None:
                yield rows.drop_columns([_AT])


class Spool:
    """One order's staged rows, shared by the connections of a process."""

    def __init__(self, order: str, folder: Path) -> None:
        self.order, self.lock = order, RLock()
        self.batches: dict[str, str] = {}
        """Batches that are here, and their entities."""
        self._vault = Vault(folder)
        self._shelves: dict[str, Shelf] = {}
        self._links = Shelf(self._vault)
        self._patients: Shelf | None = None

    @property
    def schemas(self) -> Mapping[str, pa.Schema]:
        """Of the entities that batches have come of."""
        return {entity: shelf.schema for entity, shelf in sorted(self._shelves.items())}

    def add(self, batch: StagedBatch) -> None:
        """Put a batch aside; one that is here is left alone."""
        with self.lock:
            if batch.batch in self.batches:
                return
            shelf = self._shelves.setdefault(batch.entity, Shelf(self._vault))
            if batch.entity in NAMED:
                shelf.put(batch.rows, shelved_by(batch.rows.column(KEY)))
            else:
                of = KEY if batch.entity == "request" else "request"
                at = _controls(self.order, batch.rows.column(of))
                shelf.put(batch.rows, at)
                if batch.entity == "request" and "patient" in batch.rows.column_names:
                    links = pa.table({"request": pa.array(at), "patient": batch.rows.column("patient")})
                    self._links.put(links, shelved_by(batch.rows.column("patient")))
                    self._patients = None
            if batch.entity == "patient":
                self._patients = None
            self.batches[batch.batch] = batch.entity

    def named(self, entity: str) -> "Shelf":
        """The rows of an entity that requests name, cut as :func:`shelved_by` does."""
        return self._shelves[entity]

    def parts(self, most: int, entities: Collection[str] | None = None) -> Iterator[dict[str, pa.Table]]:
        """The rows, at most ``most`` requests at a time with all that belongs to them, in the order of control ids.

        ``entities``: only these besides requests; all, where None. Where the cuts fall depends on the rows alone.
        Raises DestinationError where a request's key comes twice.
        """
        wanted = [name for name in self._shelves if entities is None or name in entities or name == "request"]
        if "request" not in wanted:
            return
        of_request = [name for name in wanted if name not in NAMED]
        small = {name: _whole(self._shelves[name]) for name in ("practitioner", "site") if name in wanted}
        patients = self._by_request() if "patient" in wanted else None
        waiting: dict[str, pa.Table] = {}
        for rows in self._arranged(of_request, patients):
            merged = {name: _both(waiting.get(name), table) for name, table in rows.items()}
            yield from (part | small for part in _cut(merged, most))
            waiting = _rest(merged, most)
        if waiting and waiting["request"].num_rows:
            yield _bare(waiting) | small

    def close(self) -> None:
        """Forget everything."""
        self._vault.close()

    def _arranged(self, names: Sequence[str], patients: Shelf | None) -> Iterator[dict[str, pa.Table]]:
        """Bucket by bucket what each holds, with its numbers."""
        shelves = {name: self._shelves[name].ready() for name in names}
        if patients is not None:
            shelves["patient"] = patients.ready()
        for bucket in range(BUCKETS):
            heaviest = max(int(shelf.bytes[bucket]) for shelf in shelves.values())
            passes = min(BUCKETS, 1 << max(0, (heaviest // _PASS_BYTES)).bit_length())
            for this in range(passes):
                rows = {name: shelf.bucket(bucket, passes, this) for name, shelf in shelves.items()}
                requests = rows["request"]
                if requests is None or not requests.num_rows:
                    continue
                requests = requests.sort_by([(_AT, "ascending"), (KEY, "ascending")])
                if len(pc.unique(requests.column(KEY))) != requests.num_rows:
                    raise DestinationError("a request's key comes more than once")
                yield {name: _empty(shelves[name]) if rows[name] is None else rows[name] for name in rows} | {
                    "request": requests
                }

    def _by_request(self) -> Shelf:
        """Patients, cut by the requests that name them."""
        with self.lock:
            if self._patients is None:
                made = Shelf(self._vault)
                made.schema = self._shelves["patient"].schema
                for bucket in range(BUCKETS):
                    rows, links = self._shelves["patient"].bucket(bucket), self._links.bucket(bucket)
                    if rows is None or links is None:
                        continue
                    found = pc.index_in(links.column("patient"), value_set=rows.column(KEY).combine_chunks())
                    there = pc.is_valid(found)
                    made.put(
                        rows.drop_columns([_AT]).take(found.filter(there)),
                        links.column("request").filter(there).to_numpy(),
                    )
                self._patients = made
            return self._patients


def shelved_by(keys: pa.ChunkedArray) -> Places:
    """Numbers by which rows of an entity that requests name are cut."""
    return _controls("", keys)


def _controls(order: str, keys: pa.ChunkedArray) -> Places:
    """The first 64 bits of each request's control id: their order is that of the ids."""
    coded = keys.combine_chunks().dictionary_encode()
    values = [int(control_id(order, key)[:16], 16) for key in coded.dictionary.to_pylist()]
    known = np.array([*values, 0], dtype=np.uint64)  # no key: nobody's, and in no message
    found: Places = known[pc.fill_null(coded.indices, len(values)).to_numpy(zero_copy_only=False)]
    return found


def _cut(rows: Mapping[str, pa.Table], most: int) -> Iterator[dict[str, pa.Table]]:
    """Full parts, from the first request on."""
    count = rows["request"].num_rows
    for start in range(0, count - most + 1, most):
        yield _bare(_between(rows, start, start + most))


def _rest(rows: Mapping[str, pa.Table], most: int) -> dict[str, pa.Table]:
    count = rows["request"].num_rows
    return _between(rows, count - count % most, count)


def _between(rows: Mapping[str, pa.Table], first: int, last: int) -> dict[str, pa.Table]:
    """Requests ``[first, last)`` and what belongs to them."""
    requests = rows["request"].slice(first, last - first)
    at = requests.column(_AT).combine_chunks()
    found = {"request": requests}
    for name, table in rows.items():
        if name != "request":
            found[name] = table.filter(pc.is_in(table.column(_AT), value_set=at))
    return found


def _bare(rows: Mapping[str, pa.Table]) -> dict[str, pa.Table]:
    return {name: table.drop_columns([_AT]).combine_chunks() for name, table in rows.items()}


def _both(before: pa.Table | None, rows: pa.Table) -> pa.Table:
    return rows if before is None or not before.num_rows else pa.concat_tables([before, rows])


def _empty(shelf: Shelf) -> pa.Table:
    schema: pa.Schema = shelf.schema
    return schema.append(pa.field(_AT, pa.uint64())).empty_table()


def _whole(shelf: Shelf) -> pa.Table:
    schema: pa.Schema = shelf.schema
    return pa.concat_tables([schema.empty_table(), *shelf.every()]).combine_chunks()


def _nonce(place: int) -> bytes:
    """No two pieces of a vault begin at one place."""
    return place.to_bytes(12, "big")


def _unnamed(folder: Path) -> IO[bytes]:
    try:
        return tempfile.TemporaryFile(dir=folder, prefix="messages-")
    except OSError:
        pass
    raise StorageError("rows cannot be put aside in the destination's place of the workspace")
