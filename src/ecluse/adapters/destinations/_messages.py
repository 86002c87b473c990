"""Messages as a destination, whatever their format: a folder of files, or a receiver (decision 0007).

Neither has tables to stage in. Staged rows wait sealed under a key that this process alone knows (``_message_spool``),
and what a killed process forgot is staged again from the parcels, before publication and before reading back. A folder
is read back from its files; a receiver cannot be, so what is read back are the messages that it acknowledged, made
again from the parcels' rows, of the very digest that was sent, and parsed. Memory is bounded by some hundred messages.
"""

import datetime as dt
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from threading import RLock
from typing import Protocol

import pyarrow as pa
import pyarrow.compute as pc

from ecluse.adapters.destinations._hl7_ledger import DONE, REFUSED, SENDING, Ledger
from ecluse.adapters.destinations._message_spool import BUCKETS, NAMED, Shelf, Spool, Vault, shelved_by
from ecluse.adapters.destinations._reading import with_control
from ecluse.adapters.messages.model import Heading, Layout, Message, distinct
from ecluse.domain.catalogue import KEY
from ecluse.domain.errors import DestinationError, StorageError
from ecluse.migration.ports import StagedBatch
from ecluse.workspace.files import write_atomic

__all__ = ["MakeLayout", "MessageDestination", "Sender"]

_MESSAGES = 500
"""Requests written at once, and messages a file."""
_SPOOLS: dict[Path, dict[str, Spool]] = {}
_USERS: dict[Path, int] = {}
_SPOOLS_LOCK = RLock()
MakeLayout = Callable[[Mapping[str, pa.Schema]], Layout]
"""The layout of an order's entities. Raises DestinationError for a field that has no place in a message."""


class Sender(Protocol):
    """A connection to a receiver."""

    def send(self, text: bytes, control: str) -> str:
        """Send until it is acknowledged; the code of the answer."""
        ...

    def accepts(self, code: str) -> bool:
        """Whether the code says that the message was taken."""
        ...

    def close(self) -> None:
        """Let it go."""
        ...


class MessageDestination:
    """One connection. ``ledger``: the file that says what was sent, in the destination's place of the workspace."""

    def __init__(
        self,
        out: Path | Sender,
        layout: MakeLayout,
        heading: Heading,
        ledger: Path,
        now: Callable[[], dt.datetime] = lambda: dt.datetime.now(dt.UTC),
    ) -> None:
        """``heading``: that of every message, order and moment left empty. Raises DestinationError: no such folder."""
        if isinstance(out, Path) and not out.is_dir():
            raise DestinationError("there is no such folder", hint="it is the new system's own: make it there")
        self._folder = out if isinstance(out, Path) else None
        self._sender = None if isinstance(out, Path) else out
        self._layout_of, self._told, self._now = layout, heading, now
        self._ledger = Ledger(ledger)
        self._path = ledger.resolve()
        self._closed = False
        with _SPOOLS_LOCK:
            self._spools = _SPOOLS.setdefault(self._path, {})
            _USERS[self._path] = _USERS.get(self._path, 0) + 1

    def prepare(self, order: str, entities: Mapping[str, pa.Schema]) -> None:
        """See the port. Raises DestinationError for a field that has no place in a message."""
        self._layout_of(entities)
        self._ledger.begin(order, self._now().strftime("%Y%m%d%H%M%S"))

    def loaded(self, order: str) -> dict[str, str]:
        """See the port."""
        return self._ledger.batches(order)

    def held(self, order: str) -> frozenset[str]:
        """Batches whose rows this process has: the others must be staged again."""
        return frozenset(self._spool(order).batches)

    def stage(self, order: str, batch: StagedBatch) -> None:
        """See the port; a batch that is in the ledger may come again, from the same parcel, whatever the state."""
        state = self._ledger.state(order)
        if state is None:
            raise DestinationError("the destination is not prepared for this order")
        spool = self._spool(order)
        with spool.lock:
            if state != "staging" and batch.batch not in self._ledger.batches(order):
                raise DestinationError(f"batch {batch.batch} comes too late: this order is {state} here")
            self._ledger.enter(order, batch)
            spool.add(batch)

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
        for first, messages in self._written(order):
            self._ledger.sending(order, [(message.control, message.digest) for message in messages])
            for message in messages:
                if message.refused:
                    self._ledger.answered(order, [message.control], REFUSED, message.refused)
            kept = [message for message in messages if not message.refused]
            if self._sender is None:
                self._write_file(order, first, kept)
            else:
                self._send(order, kept, self._sender)
        self._ledger.change(order, "published")

    def refused(self, order: str) -> dict[str, str]:
        """Keys of requests whose message was refused, with the code: the receiver's, or why it was not written."""
        heading = self._heading(order)
        found: dict[str, str] = {}
        for part in self._whole(order).parts(_MESSAGES, ()):
            keys = {heading.control(key): key for key in part["request"].column(KEY).to_pylist()}
            for control, (_, state, code) in self._ledger.messages(order, list(keys)).items():
                if state == REFUSED:
                    found[keys[control]] = code
        return found

    def read_back(
        self, order: str, entity: str, schema: pa.Schema, scope_date: str = "registered_on"
    ) -> Iterator[pa.RecordBatch]:
        """See the port: of a folder its files, of a receiver the messages that it acknowledged."""
        if self._ledger.state(order) != "published":
            raise DestinationError("nothing to read back: this order is not published here, or finished")
        if entity in NAMED:
            yield from self._read_named(order, entity, schema)
            return
        for tables in self._parsed(order):
            if entity in tables:
                rows = tables[entity].select(schema.names)
                dates, sites = _of_request(rows, rows if entity == "request" else tables["request"], scope_date)
                made = pa.table([*rows.columns, dates, sites], schema=with_control(schema))
                yield from made.combine_chunks().to_batches()

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
        with _SPOOLS_LOCK:
            _USERS[self._path] -= 1
            if not _USERS[self._path]:
                del _USERS[self._path]
                for spool in _SPOOLS.pop(self._path, {}).values():
                    spool.close()

    def _spool(self, order: str) -> Spool:
        with _SPOOLS_LOCK:
            if order not in self._spools:
                self._spools[order] = Spool(order, self._path.parent)
            return self._spools[order]

    def _whole(self, order: str) -> Spool:
        """The staged rows. Raises DestinationError where some are not here."""
        spool = self._spool(order)
        missing = set(self._ledger.batches(order)) - set(spool.batches)
        if missing:
            raise DestinationError(f"the rows of {len(missing)} batches are not in memory: stage them again")
        return spool

    def _heading(self, order: str) -> Heading:
        told = self._told
        return Heading(order, self._ledger.moment(order), told.application, told.facility, told.production)

    def _written(self, order: str) -> Iterator[tuple[str, list[Message]]]:
        """Every message, some hundred at a time; with each such part, the control id that names its file."""
        spool = self._whole(order)
        if "request" not in spool.schemas:
            return
        heading, layout = self._heading(order), self._layout_of(spool.schemas)
        for part in spool.parts(_MESSAGES):
            yield _named_by(part, heading), layout.write(part, heading)

    def _write_file(self, order: str, first: str, messages: list[Message]) -> None:
        controls = [message.control for message in messages]
        if all(state != SENDING for _, state, _ in self._ledger.messages(order, controls).values()):
            return
        write_atomic(self._file(order, first), self._layout(order).joined(messages))
        self._ledger.answered(order, controls, DONE, "")

    def _layout(self, order: str) -> Layout:
        return self._layout_of(self._spool(order).schemas)

    def _file(self, order: str, first: str) -> Path:
        """Named by order and first message: a rerun writes the same file over itself."""
        if self._folder is None:
            raise DestinationError("a receiver has no files")
        return self._folder / f"{order.removeprefix('sha256:')[:12]}-{first}{self._layout(order).suffix}"

    def _send(self, order: str, messages: list[Message], sender: Sender) -> None:
        answers = self._ledger.messages(order, [message.control for message in messages])
        for message in messages:
            if answers[message.control][1] != SENDING:
                continue
            code = sender.send(message.text, message.control)
            state = DONE if sender.accepts(code) else REFUSED
            self._ledger.answered(order, [message.control], state, code)

    def _parsed(self, order: str) -> Iterator[dict[str, pa.Table]]:
        """What stands in the files, or was acknowledged, as rows by entity."""
        spool = self._whole(order)
        if "request" not in spool.schemas:
            return
        heading, layout = self._heading(order), self._layout_of(spool.schemas)
        for part in spool.parts(_MESSAGES, () if self._sender is None else None):
            if self._sender is None:
                data = _content(self._file(order, _named_by(part, heading)))
            else:
                messages = layout.write(part, heading)
                answers = self._ledger.messages(order, [message.control for message in messages])
                kept = [m for m in messages if answers.get(m.control, ("", "", ""))[:2] == (m.digest, DONE)]
                data = layout.joined(kept)
            if data:
                yield layout.read(data)

    def _read_named(self, order: str, entity: str, schema: pa.Schema) -> Iterator[pa.RecordBatch]:
        """Those whom messages name, each once; whoever was not ordered is named by key alone, and left out."""
        vault = Vault(self._path.parent)
        try:
            shelf = Shelf(vault)
            for tables in self._parsed(order):
                if entity in tables:
                    rows = distinct(tables[entity].select(schema.names))
                    shelf.put(rows, shelved_by(rows.column(KEY)))
            staged = self._whole(order).named(entity)
            for bucket in range(BUCKETS):
                found, known = shelf.bucket(bucket), staged.bucket(bucket)
                if found is None or known is None:
                    continue
                rows = distinct(found.select(schema.names))
                rows = rows.filter(pc.is_in(rows.column(KEY), value_set=known.column(KEY).combine_chunks()))
                nothing = pa.nulls(rows.num_rows, pa.date32()), pa.nulls(rows.num_rows, pa.string())
                yield from pa.table([*rows.columns, *nothing], schema=with_control(schema)).to_batches()
        finally:
            vault.close()


def _named_by(part: Mapping[str, pa.Table], heading: Heading) -> str:
    """The control id that names a part's file: that of its first request."""
    return heading.control(part["request"].column(KEY)[0].as_py())


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
