"""What was staged, sent and acknowledged: control ids, digests, states and codes; nothing of a patient's.

A SQLite file in the destination's place of the workspace, since neither a folder of messages nor a receiver keeps one.
A message is entered before it is sent and its answer as soon as it is there, each on disk before the next step.
"""

import contextlib
import sqlite3
from collections.abc import Iterator, Sequence
from pathlib import Path

from ecluse.domain.errors import BusyError, DestinationError, StorageError
from ecluse.migration.ports import StagedBatch

__all__ = ["DONE", "REFUSED", "SENDING", "Ledger"]

SENDING, DONE, REFUSED = "sending", "done", "refused"
_VARIABLES = 500
_TABLES = """
CREATE TABLE IF NOT EXISTS publication (order_digest TEXT PRIMARY KEY, state TEXT NOT NULL, moment TEXT NOT NULL);
CREATE TABLE IF NOT EXISTS batch (order_digest TEXT, batch TEXT, entity TEXT, parcel TEXT, rows INTEGER,
  PRIMARY KEY (order_digest, batch));
CREATE TABLE IF NOT EXISTS message (order_digest TEXT, control TEXT, digest TEXT NOT NULL, state TEXT NOT NULL,
  code TEXT NOT NULL DEFAULT '', PRIMARY KEY (order_digest, control));
"""


class Ledger:
    """One connection; every call is a transaction of its own."""

    def __init__(self, path: Path) -> None:
        """Raises StorageError where the file cannot be made."""
        with _guarded():
            path.touch(0o600)
            self._db = sqlite3.connect(path, timeout=60, isolation_level=None, check_same_thread=False)
            self._db.execute("PRAGMA synchronous = FULL")
            self._db.executescript(_TABLES)

    def begin(self, order: str, moment: str) -> None:
        """Enter an order, once; ``moment`` is that of its messages."""
        self._run("INSERT OR IGNORE INTO publication VALUES (?, 'staging', ?)", order, moment)

    def state(self, order: str) -> str | None:
        """``staging``, ``publishing``, ``published``, ``finished``, ``abandoned``, or None."""
        found = self._run("SELECT state FROM publication WHERE order_digest = ?", order)
        return str(found[0][0]) if found else None

    def moment(self, order: str) -> str:
        """MSH-7 of the order's messages."""
        return str(self._run("SELECT moment FROM publication WHERE order_digest = ?", order)[0][0])

    def change(self, order: str, state: str) -> None:
        """The order's state."""
        self._run("UPDATE publication SET state = ? WHERE order_digest = ?", state, order)

    def batches(self, order: str) -> dict[str, str]:
        """Parcels' digests by batch."""
        found = self._run("SELECT batch, parcel FROM batch WHERE order_digest = ?", order)
        return {str(batch): str(parcel) for batch, parcel in found}

    def entities(self, order: str) -> tuple[str, ...]:
        """Entities that batches have come of."""
        found = self._run("SELECT DISTINCT entity FROM batch WHERE order_digest = ? ORDER BY entity", order)
        return tuple(str(name) for (name,) in found)

    def enter(self, order: str, batch: StagedBatch) -> None:
        """Enter a batch. Raises DestinationError for one that was entered from another parcel."""
        row = (order, batch.batch, batch.entity, batch.parcel, batch.rows.num_rows)
        self._run("INSERT OR IGNORE INTO batch VALUES (?, ?, ?, ?, ?)", *row)
        if self.batches(order)[batch.batch] != batch.parcel:
            raise DestinationError(f"batch {batch.batch} was already loaded, from another parcel")

    def sending(self, order: str, messages: Sequence[tuple[str, str]]) -> None:
        """Enter messages, by control id and digest, that are about to be sent. Raises DestinationError for a change."""
        with _guarded():
            self._db.execute("BEGIN IMMEDIATE")
            try:
                rows = [(order, *message, SENDING) for message in messages]
                sql = "INSERT OR IGNORE INTO message (order_digest, control, digest, state) VALUES (?, ?, ?, ?)"
                self._db.executemany(sql, rows)
                self._db.execute("COMMIT")
            except BaseException:
                self._db.execute("ROLLBACK")
                raise
        known = self.messages(order, [control for control, _ in messages])
        if any(known[control][0] != digest for control, digest in messages):
            raise DestinationError("a message differs from the one that was sent under its control id before")

    def answered(self, order: str, controls: Sequence[str], state: str, code: str) -> None:
        """What became of messages."""
        with _guarded():
            self._db.execute("BEGIN IMMEDIATE")
            sql = "UPDATE message SET state = ?, code = ? WHERE order_digest = ? AND control = ?"
            self._db.executemany(sql, [(state, code, order, control) for control in controls])
            self._db.execute("COMMIT")

    def messages(self, order: str, controls: Sequence[str] | None = None) -> dict[str, tuple[str, str, str]]:
        """Digest, state and code by control id; of all messages, or of these."""
        sql = "SELECT control, digest, state, code FROM message WHERE order_digest = ?"
        if controls is None:
            return {control: (digest, state, code) for control, digest, state, code in self._run(sql, order)}
        found = {}
        for start in range(0, len(controls), _VARIABLES):
            some = controls[start : start + _VARIABLES]
            marks = ", ".join("?" * len(some))
            for control, digest, state, code in self._run(f"{sql} AND control IN ({marks})", order, *some):
                found[control] = (digest, state, code)
        return found

    def close(self) -> None:
        """Let the file go."""
        self._db.close()

    def _run(self, sql: str, *values: object) -> list[tuple[str, ...]]:
        with _guarded():
            return self._db.execute(sql, values).fetchall()
        return []


@contextlib.contextmanager
def _guarded() -> Iterator[None]:
    """SQLite's and the file system's own words may hold values, and stay here."""
    try:
        yield
    except sqlite3.OperationalError as error:
        busy = "locked" in str(error)
    except (sqlite3.Error, OSError):
        busy = False
    else:
        return
    if busy:
        raise BusyError("another process works on the ledger of messages")
    raise StorageError("the ledger of messages cannot be written")
