"""What the migration needs of the outside world: a source and a destination, Arrow batches between them."""

from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager
from dataclasses import dataclass
from typing import Protocol, runtime_checkable

import pyarrow as pa

from ecluse.domain.plan import SourceFacts


class Source(Protocol):
    """One connection to a legacy system, read-only. Not shared between threads."""

    dialect: str
    """sqlglot's name of the dialect that this source's SELECTs are written in."""

    def facts(self) -> SourceFacts:
        """Engine, version and the consistency it can give."""
        ...

    def export_snapshot(self) -> str | None:
        """Begin a consistent read and return a token other connections can adopt; None where there is none."""
        ...

    def adopt_snapshot(self, token: str | None) -> None:
        """Read from the state that ``token`` names (None: begin a read of one's own, as consistent as can be)."""
        ...

    def query(self, sql: str) -> pa.Table:
        """A small result, such as counts."""
        ...

    def stream(self, sql: str, batch_rows: int) -> Iterator[pa.RecordBatch]:
        """The rows of an exact query, in bounded memory, in batches of about ``batch_rows``."""
        ...

    def close(self) -> None:
        """Let the connection go."""
        ...


OpenSource = Callable[[], Source]
"""Opens one more connection to the same source; called in each worker."""


@dataclass(frozen=True, slots=True)
class StagedBatch:
    """One opened batch on its way into the target, canaries stripped, scope checked."""

    batch: str
    entity: str
    parcel: str
    """``sha256:`` digest of the sealed parcel, the ledger's proof of what was loaded."""
    rows: pa.Table


class Destination(Protocol):
    """One connection to a new system, opened with its profile; not shared between threads.

    Every effect carries its ledger row in the same transaction. ``DestinationError`` where the target
    refuses, ``RetryableError`` where the same call may work later.
    """

    def prepare(self, order: str, entities: Mapping[str, pa.Schema]) -> None:
        """Create ledger and staging tables, if they are not there; refuse what cannot be loaded into.

        ``entities`` gives each parcel's schema (wire types). Idempotent at any time, also after ``publish``.
        """
        ...

    def loaded(self, order: str) -> dict[str, str]:
        """Batches already in the ledger, with their parcels' digests; empty before ``prepare``."""
        ...

    def stage(self, order: str, batch: StagedBatch) -> None:
        """Load one batch and its ledger row in one transaction; a batch already in the ledger is left alone."""
        ...

    def publish(self, order: str) -> None:
        """Merge or swap the staged rows into the target's tables, once, in one transaction where it can be."""
        ...

    def read_back(
        self, order: str, entity: str, schema: pa.Schema, scope_date: str = "registered_on"
    ) -> Iterator[pa.RecordBatch]:
        """This migration's rows as they now stand in the target's tables, in the parcel's ``schema``.

        Two columns follow those of ``schema``: ``_date`` (date32) and ``_site`` (string), those of the row's
        request (``request.<scope_date>``, ``request.site``) where the target carries them, else null.
        """
        ...

    def finish(self, order: str) -> tuple[str, ...]:
        """Drop staging tables after acceptance, keep the ledger; returns the names of what was dropped."""
        ...

    def close(self) -> None:
        """Let the connection go."""
        ...


@runtime_checkable
class Receiver(Protocol):
    """A destination of messages: it has no tables to stage in, and may refuse what it is sent.

    Staged rows are in this process's memory alone, so that whoever publishes or reads back stages again what is not
    ``held``.
    """

    def held(self, order: str) -> frozenset[str]:
        """Batches whose rows are there."""
        ...

    def refused(self, order: str) -> dict[str, str]:
        """Keys of requests whose message was refused, with the receiver's code; never its words: they may hold a value.

        A code in small letters says why no message was written: ``encoding``, ``unwritable``.
        """
        ...


OpenDestination = Callable[[], AbstractContextManager[Destination]]
