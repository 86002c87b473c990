"""No write without its journal entry, in the same transaction (law 5).

An *act* is the only door to the room's tables. It opens a transaction, and closes it only if an entry was recorded
within it. A guard on every database connection sees each INSERT, UPDATE and DELETE: outside an act it is refused,
whoever's code sends it. Sessions and Django's own bookkeeping are not the room's records, and are let through.
"""

import datetime as dt
import re
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field
from functools import wraps
from typing import Any, Concatenate, ParamSpec, TypeVar

from django.db import DatabaseError, transaction
from django.utils import timezone

from ecluse.domain.errors import EcluseError, InternalError, StorageError
from ecluse.domain.room import RoomEntry, RoomEvent
from ecluse.journal import Journal
from ecluse.store import journal_files
from ecluse.store.models import JournalConcern, JournalLine
from ecluse.wire.artefacts import encode, utc

SYSTEM = "system"
"""The actor of what nobody known does: the room opens, a sign-in fails."""

UNRECORDED = frozenset({
    "django_session", "django_migrations", "django_content_type", "django_site", "usersessions_usersession",
    "django_cache", "store_agentsighting", "store_tokenuse", "store_watch",
    "store_logcursor",
})  # fmt: skip
"""Tables that are no records of the room: who has which page open, when a program was last seen, how
far the watch and the security log have read, and what Django keeps about itself."""

_COMMENTS = re.compile(r"\A(?:\s+|--[^\n]*\n|/\*.*?\*/)+", re.DOTALL)
_READS = re.compile(
    r"(?:SELECT|EXPLAIN|PRAGMA|SHOW|SET|BEGIN|COMMIT|END|ROLLBACK|SAVEPOINT|RELEASE|DECLARE|FETCH|CLOSE)\b",
    re.IGNORECASE,
)
_READING_WITH = re.compile(r"WITH\b(?!.*\b(?:INSERT|UPDATE|DELETE|MERGE|REPLACE)\b)", re.IGNORECASE | re.DOTALL)
_TABLE = re.compile(r'(?:INSERT\s+(?:OR\s+\w+\s+)?INTO|REPLACE\s+INTO|UPDATE|DELETE\s+FROM)\s+"?(\w+)"?', re.IGNORECASE)
"""A statement that is not plainly a read is a write; one whose table cannot be told is a write to everything."""


@dataclass(slots=True)
class Act:
    """What is being done, by whom: acts record entries on it."""

    actor: str
    now: dt.datetime
    entries: list[RoomEntry] = field(default_factory=list)
    written: set[str] = field(default_factory=set)
    writes: int = 0

    def record(self, event: RoomEvent, *concerns: str, subject: str, **detail: int | str) -> None:
        """Put an entry into the journal, at the end of this act and in its transaction.

        ``concerns``: organisations (slugs) whose people may read it.
        """
        at = utc(self.now)
        named = tuple(dict.fromkeys(concerns))
        self.entries.append(RoomEntry("ecluse.room-entry/1", at, self.actor, event, named, subject, detail))


_ACT: ContextVar[Act | None] = ContextVar("ecluse_act", default=None)

P = ParamSpec("P")
R = TypeVar("R")


@contextmanager
def acting(actor: str) -> Iterator[Act]:
    """One transaction of ``actor``, or a part of the one that is open.

    Raises:
        InternalError: something was written and nothing recorded; the transaction is rolled back.
    """
    outer = _ACT.get()
    if outer is not None:
        with _part_of(outer):
            yield outer
        return
    act = Act(actor, timezone.now())
    _ACT.set(act)
    try:
        with transaction.atomic():
            yield act
            if act.written and not act.entries:
                raise InternalError(f"written without a journal entry: {', '.join(sorted(act.written))}")
            _append(act.entries)
            # What runs on commit comes after this act: an entry recorded on it then would be lost.
            _ACT.set(None)
    finally:
        _ACT.set(None)


@contextmanager
def _part_of(outer: Act) -> Iterator[None]:
    """A part that fails leaves nothing in the whole, though somebody catches its error: neither effect nor entry."""
    entries, written, writes = len(outer.entries), set(outer.written), outer.writes
    try:
        with transaction.atomic():
            yield
    except BaseException:
        del outer.entries[entries:]
        outer.written, outer.writes = written, writes
        raise


class UnwritableError(StorageError):
    """The journal cannot be written, or is not what was signed: nothing is done until it can (law 5)."""


def act(function: Callable[Concatenate[Act, P], R]) -> Callable[Concatenate[str, P], R]:
    """Make an act of a function: its first argument becomes the actor's handle; it must record what it changes."""

    @wraps(function)
    def wrapper(actor: str, /, *args: P.args, **rest: P.kwargs) -> R:
        with acting(actor) as opened:
            entries, writes = len(opened.entries), opened.writes
            result = function(opened, *args, **rest)
            if opened.writes > writes and len(opened.entries) == entries:
                raise InternalError(f"{function.__name__} wrote without a journal entry")
            return result

    wrapper.is_act = True  # type: ignore[attr-defined]
    return wrapper


def current() -> Act | None:
    """The act that is open, if one is."""
    return _ACT.get()


def watch(*, connection: Any, **_: Any) -> None:
    """Put the guard on a new database connection."""
    if _guard not in connection.execute_wrappers:
        connection.execute_wrappers.append(_guard)


def _guard(execute: Callable[..., Any], sql: str, params: Any, many: bool, context: Mapping[str, Any]) -> Any:  # noqa: FBT001 - Django's protocol
    table = _written(sql)
    if table is not None and table not in UNRECORDED:
        opened = _ACT.get()
        if opened is None:
            if not _migrating:
                raise InternalError(f"a write to {table} outside an act")
        else:
            opened.written.add(table)
            opened.writes += 1
    return execute(sql, params, many, context)


def _written(sql: str) -> str | None:
    """The table that a statement writes to, ``?`` where that cannot be told; None for a read."""
    plain = _COMMENTS.sub("", sql)
    if _READS.match(plain) or _READING_WITH.match(plain):
        return None
    found = _TABLE.match(plain)
    return found[1].lower() if found else "?"


_migrating: list[bool] = []


@contextmanager
def schema_change() -> Iterator[None]:
    """Let Django's own migrations through the guard, while the schema is made or changed."""
    _migrating.append(True)
    try:
        yield
    finally:
        _migrating.pop()


def _append(entries: list[RoomEntry]) -> None:
    if not entries:
        return
    try:
        with journal_files.STORE.lock():
            journal = Journal.take_up(journal_files.STORE, journal_files.log_key())
            first = journal.append([encode(entry) for entry in entries])
    except (DatabaseError, OSError, EcluseError) as error:
        # A database's own words may hold what was to be written.
        why = type(error).__name__ if isinstance(error, DatabaseError) else str(error)
        said = StorageError(f"the room's journal cannot be written: {why}", hint="nothing is done until it can be")
        raise UnwritableError(said.message, hint=said.hint) from error
    lines = [
        JournalLine(
            index=first + place,
            at=entry.at,
            actor=entry.actor,
            event=entry.event,
            concerns=list(entry.concerns),
            subject=entry.subject[:200],
            detail=dict(entry.detail),
        )
        for place, entry in enumerate(entries)
    ]
    JournalLine.objects.bulk_create(lines)
    JournalConcern.objects.bulk_create(
        JournalConcern(line=line, organisation=slug) for line in lines for slug in line.concerns
    )
