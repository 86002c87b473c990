"""HL7 v2.5 ORU^R01 as a destination: a folder of message files, or a receiver over MLLP (decision 0007).

Neither has tables to stage in. Staged rows wait in this process's memory (law 2: nothing of them is written), and what
a killed process forgot is staged again from the parcels, before publication and before reading back. A folder is read
back from its files; a receiver cannot be, so what is read back are the messages that it acknowledged, made again from
the parcels' rows, of the very digest that was sent, and parsed.
"""

import datetime as dt
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from threading import RLock

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from ecluse.adapters.destinations._hl7_address import Hl7Address
from ecluse.adapters.destinations._hl7_ledger import DONE, REFUSED, SENDING, Ledger
from ecluse.adapters.destinations._mllp import ACCEPTED, Mllp
from ecluse.adapters.destinations._reading import with_control
from ecluse.adapters.hl7.places import Places, places_of
from ecluse.adapters.hl7.readback import distinct, read
from ecluse.adapters.hl7.writer import Heading, Message, write
from ecluse.domain.catalogue import KEY
from ecluse.domain.errors import DestinationError, StorageError
from ecluse.domain.profile import DestinationProfile
from ecluse.migration.ports import StagedBatch
from ecluse.workspace.files import write_atomic

__all__ = ["Hl7Destination"]

_MESSAGES = 500
"""Requests written at once, and messages a file."""
_NAMED = frozenset({"patient", "practitioner", "site"})


@dataclass
class _Staged:
    """The rows of one order in this process, shared by its connections."""

    batches: dict[str, StagedBatch] = field(default_factory=dict)
    lock: RLock = field(default_factory=RLock)


_MEMORY: dict[Path, dict[str, _Staged]] = {}
_USERS: dict[Path, int] = {}
_MEMORY_LOCK = RLock()


class Hl7Destination:
    """One connection. ``ledger``: the file that says what was sent, in the destination's place of the workspace."""

    def __init__(
        self,
        address: Hl7Address,
        profile: DestinationProfile,
        ledger: Path,
        now: Callable[[], dt.datetime] = lambda: dt.datetime.now(dt.UTC),
    ) -> None:
        """Raises DestinationError for a folder that is not there, UsageError for certificates that cannot be read."""
        if address.folder is not None and not address.folder.is_dir():
            raise DestinationError("there is no such folder", hint="it is the new system's own: make it there")
        self._address, self._profile, self._now = address, profile, now
        self._sender = Mllp(address) if address.folder is None else None
        self._ledger = Ledger(ledger)
        self._path = ledger.resolve()
        self._closed = False
        with _MEMORY_LOCK:
            self._memory = _MEMORY.setdefault(self._path, {})
            _USERS[self._path] = _USERS.get(self._path, 0) + 1

    def prepare(self, order: str, entities: Mapping[str, pa.Schema]) -> None:
        """See the port. Raises DestinationError for a field that has no place in a message."""
        places_of(self._profile, entities)
        self._ledger.begin(order, self._now().strftime("%Y%m%d%H%M%S"))

    def loaded(self, order: str) -> dict[str, str]:
        """See the port."""
        return self._ledger.batches(order)

    def held(self, order: str) -> frozenset[str]:
        """Batches whose rows this process has: the others must be staged again."""
        return frozenset(self._staged(order).batches)

    def stage(self, order: str, batch: StagedBatch) -> None:
        """See the port; a batch that is in the ledger may come again, from the same parcel, whatever the state."""
        state = self._ledger.state(order)
        if state is None:
            raise DestinationError("the destination is not prepared for this order")
        staged = self._staged(order)
        with staged.lock:
            if state != "staging" and batch.batch not in self._ledger.batches(order):
                raise DestinationError(f"batch {batch.batch} comes too late: this order is {state} here")
            self._ledger.enter(order, batch)
            staged.batches.setdefault(batch.batch, batch)

    def publish(self, order: str) -> None:
        """See the port: every message that is not yet done. Raises ConnectionLostError, StorageError."""
        state = self._ledger.state(order)
        if state in {"published", "finished"}:
            return
        if state not in {"staging", "publishing"}:
            raise DestinationError(f"nothing to publish: this order is {state or 'unknown'} here")
        if state == "staging":
            # everything that cannot be written is refused before the first message leaves
            for _ in self._written(order):
                pass
            self._ledger.change(order, "publishing")
        for messages in self._written(order):
            self._ledger.sending(order, [(message.control, message.digest) for message in messages])
            if self._sender is None:
                self._write_file(order, messages)
            else:
                self._send(order, messages, self._sender)
        self._ledger.change(order, "published")

    def refused(self, order: str) -> dict[str, str]:
        """Keys of requests whose message the receiver refused, with MSA-1's code."""
        answers = self._ledger.messages(order)
        heading = self._heading(order)
        requests = self._rows(order).get("request")
        found: dict[str, str] = {}
        for key in requests.column(KEY).to_pylist() if requests is not None else []:
            _, state, code = answers.get(heading.control(key), ("", "", ""))
            if state == REFUSED:
                found[key] = code
        return found

    def read_back(
        self, order: str, entity: str, schema: pa.Schema, scope_date: str = "registered_on"
    ) -> Iterator[pa.RecordBatch]:
        """See the port: of a folder its files, of a receiver the messages that it acknowledged."""
        if self._ledger.state(order) != "published":
            raise DestinationError("nothing to read back: this order is not published here, or finished")
        wire = with_control(schema)
        named: list[pa.Table] = []
        for tables in self._parsed(order):
            rows = tables[entity].select(schema.names) if entity in tables else None
            if rows is None:
                continue
            if entity in _NAMED:
                named.append(distinct(rows))
                continue
            dates, sites = _of_request(rows, rows if entity == "request" else tables["request"], scope_date)
            made = pa.table([*rows.columns, dates, sites], schema=wire)
            yield from made.combine_chunks().to_batches()
        if named:
            # they stand in every message that names them; whoever was not ordered is named by key alone
            rows = distinct(pa.concat_tables(named))
            rows = rows.filter(
                pc.is_in(rows.column(KEY), value_set=self._rows(order)[entity].column(KEY).combine_chunks())
            )
            nothing = pa.nulls(rows.num_rows, pa.date32()), pa.nulls(rows.num_rows, pa.string())
            yield from pa.table([*rows.columns, *nothing], schema=wire).combine_chunks().to_batches()

    def finish(self, order: str) -> tuple[str, ...]:
        """See the port: there is nothing to drop. Raises DestinationError within a publication."""
        state = self._ledger.state(order)
        if state == "publishing":
            raise DestinationError("this order's publication was cut off: publish it to its end first")
        ended = {"staging": "abandoned", "published": "finished"}.get(state or "")
        if ended:
            self._ledger.change(order, ended)
        return ()

    def close(self) -> None:
        """Let connection and rows go; rows are forgotten with the last connection."""
        if self._closed:
            return
        self._closed = True
        if self._sender is not None:
            self._sender.close()
        self._ledger.close()
        with _MEMORY_LOCK:
            _USERS[self._path] -= 1
            if not _USERS[self._path]:
                del _USERS[self._path]
                _MEMORY.pop(self._path, None)

    def _staged(self, order: str) -> _Staged:
        with _MEMORY_LOCK:
            return self._memory.setdefault(order, _Staged())

    def _rows(self, order: str) -> dict[str, pa.Table]:
        """Staged rows by entity. Raises DestinationError where some are not in memory."""
        staged = self._staged(order)
        missing = set(self._ledger.batches(order)) - set(staged.batches)
        if missing:
            raise DestinationError(f"the rows of {len(missing)} batches are not in memory: stage them again")
        found: dict[str, list[pa.Table]] = {}
        for name in sorted(staged.batches):
            batch = staged.batches[name]
            found.setdefault(batch.entity, []).append(batch.rows)
        return {entity: pa.concat_tables(tables).combine_chunks() for entity, tables in found.items()}

    def _places(self, rows: Mapping[str, pa.Table]) -> Places:
        return places_of(self._profile, {entity: table.schema for entity, table in rows.items()})

    def _heading(self, order: str) -> Heading:
        options = self._address.options
        return Heading(
            order, self._ledger.moment(order), options.get("application", ""), options.get("facility", ""),
            self._profile.production,
        )  # fmt: skip

    def _parts(self, order: str) -> Iterator[dict[str, pa.Table]]:
        """The rows, some hundred requests at a time with what belongs to them, in the order of the requests' keys."""
        rows = self._rows(order)
        requests = rows.get("request")
        if requests is None or not requests.num_rows:
            return
        requests = requests.sort_by(KEY)
        keys = requests.column(KEY).combine_chunks()
        if len(pc.unique(keys)) != len(keys):
            raise DestinationError("a request's key comes more than once")
        children = {}
        for entity in rows.keys() - _NAMED - {"request"}:
            at = pc.fill_null(pc.index_in(rows[entity].column("request"), value_set=keys), len(keys)).to_numpy()
            by = np.argsort(at, kind="stable")
            children[entity] = (rows[entity].take(pa.array(by)), at[by])
        for start in range(0, len(keys), _MESSAGES):
            part = {entity: rows[entity] for entity in rows.keys() & _NAMED}
            for entity, (table, at) in children.items():
                first, last = np.searchsorted(at, (start, min(start + _MESSAGES, len(keys))))
                part[entity] = table.slice(first, last - first)
            yield part | {"request": requests.slice(start, _MESSAGES)}

    def _written(self, order: str) -> Iterator[list[Message]]:
        """Every message, some hundred at a time, in the order of the requests' keys."""
        rows = self._rows(order)
        if "request" in rows:
            heading, places = self._heading(order), self._places(rows)
            for part in self._parts(order):
                yield write(part, places, heading)

    def _write_file(self, order: str, messages: list[Message]) -> None:
        controls = [message.control for message in messages]
        if all(state == DONE for _, state, _ in self._ledger.messages(order, controls).values()):
            return
        write_atomic(self._file(order, controls[0]), b"".join(message.text for message in messages))
        self._ledger.answered(order, controls, DONE, "")

    def _file(self, order: str, control: str) -> Path:
        """Named by order and first message: a rerun writes the same file over itself."""
        folder = self._address.folder
        if folder is None:
            raise DestinationError("a receiver has no files")
        return folder / f"{order.removeprefix('sha256:')[:12]}-{control}.hl7"

    def _send(self, order: str, messages: list[Message], sender: Mllp) -> None:
        answers = self._ledger.messages(order, [message.control for message in messages])
        for message in messages:
            if answers[message.control][1] != SENDING:
                continue
            code = sender.send(message.text, message.control)
            state = DONE if code in ACCEPTED else REFUSED
            self._ledger.answered(order, [message.control], state, code)

    def _parsed(self, order: str) -> Iterator[dict[str, pa.Table]]:
        """What stands in the files, or was acknowledged, as rows by entity."""
        rows = self._rows(order)
        if "request" not in rows:
            return
        schemas = {entity: table.schema for entity, table in rows.items()}
        places, heading = self._places(rows), self._heading(order)
        for part in self._parts(order):
            if self._sender is None:
                data = _content(self._file(order, heading.control(part["request"].column(KEY)[0].as_py())))
            else:
                messages = write(part, places, heading)
                answers = self._ledger.messages(order, [message.control for message in messages])
                kept = [m for m in messages if answers.get(m.control, ("", "", ""))[:2] == (m.digest, DONE)]
                data = b"".join(message.text for message in kept)
            if data:
                yield read(data, places, schemas)


def _content(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except FileNotFoundError:
        return b""  # its rows are missing, and listed as such
    except OSError:
        pass
    raise StorageError("a file of messages cannot be read")


def _of_request(rows: pa.Table, requests: pa.Table, scope_date: str) -> tuple[pa.ChunkedArray, pa.ChunkedArray]:
    """Date and site of each row's request, where messages carry them."""
    nothing = pa.chunked_array([pa.nulls(rows.num_rows, pa.string())])
    parents = requests
    if rows is not requests:
        known = requests.column(KEY).combine_chunks()
        parents = requests.take(pc.index_in(rows.column("request"), value_set=known))
    names = parents.column_names
    dates = parents.column(scope_date).cast(pa.date32()) if scope_date in names else nothing.cast(pa.date32())
    return dates, parents.column("site") if "site" in names else nothing
