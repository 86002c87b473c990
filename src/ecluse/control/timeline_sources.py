"""Records for a timeline: places, other journals by their store and key, logs of systems as OCSF's JSON lines."""

import datetime as dt
import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, TypeVar

from ecluse.control.reading import View, look, read_whole
from ecluse.control.timeline import Held, Holding, Moment, Record, Source, of_place
from ecluse.domain.agreement import Agreement
from ecluse.domain.entry import Entry, Event
from ecluse.domain.errors import EcluseError, Location, MalformedError
from ecluse.domain.order import Order
from ecluse.domain.values import Instant
from ecluse.journal.checkpoint import read_checkpoint
from ecluse.journal.note import VerifierKey
from ecluse.journal.store import JournalStore
from ecluse.seal.signing import fingerprint
from ecluse.wire.artefacts import decode, utc
from ecluse.workspace.place import Place

T = TypeVar("T")
MAX_LINE, MAX_LINES = 1 << 20, 5_000_000
_LATEST_MS = 253_402_300_799_000
"""The last second of year 9999."""


def place_record(root: Path, name: str) -> tuple[Record, View | None]:
    """One place's journal; with its problem instead where it cannot be trusted. Raises UsageError: no place here."""
    try:
        view = look(root)
        moments = of_place(name, view.entries())
    except EcluseError as error:
        return Record(name, Source.PLACE, problem=error.message), None
    head = read_checkpoint(view.checkpoint, VerifierKey.parse(view.vkey))[1]
    return Record(name, Source.PLACE, moments, head.root.hex(), view.vkey), view


def journal_record(  # noqa: PLR0917 - a record's parts
    name: str,
    source: Source,
    store: JournalStore,
    vkey: str,
    kind: type[T],
    moments: Callable[[str, list[T]], tuple[Moment, ...]],
) -> Record:
    """Another journal, of entries of one kind; with its problem instead where it cannot be trusted."""
    key = VerifierKey.parse(vkey)
    try:
        raw, leaves = read_whole(store, key, name)
        found = moments(name, [decode(kind, data, file=name) for data in leaves])
        root = read_checkpoint(raw, key)[1].root.hex()
    except EcluseError as error:
        return Record(name, source, key=vkey, problem=error.message)
    return Record(name, source, found, root, vkey)


def holdings_of_place(view: View, name: str) -> Iterator[Holding]:
    """Who signs, opens, digests and vouches in a migration, as its signed papers and this place's journal tell it."""
    entries = view.entries()
    opened, erased = _first(entries, Event.OPENED), _first(entries, Event.ERASED)
    yield Holding(view.agent, Held.VOUCHES, view.vkey, opened, None, name)
    if (agreement := view.pinned(Agreement)) is not None:
        since = _midnight(agreement.in_force_from)
        until = _midnight(agreement.in_force_until + dt.timedelta(days=1))
        for party in (agreement.controller, agreement.processor):
            for signer in party.signers:
                yield Holding(signer.id, Held.SIGNS, fingerprint(signer.key), since, until, name)
    if view.place is Place.SOURCE:
        yield Holding(view.agent, Held.DIGESTS, "", opened, erased, name)
    elif (order := view.pinned(Order)) is not None:
        yield Holding(view.agent, Held.OPENS, order.destination.recipient, opened, erased, name)


def _first(entries: tuple[Entry, ...], event: Event) -> Instant | None:
    return next((entry.at for entry in entries if entry.event is event), None)


def _midnight(day: dt.date) -> dt.datetime:
    return dt.datetime(day.year, day.month, day.day, tzinfo=dt.UTC)


def system_record(path: Path, name: str) -> Record:
    """A log of OCSF events, one JSON object a line (OCSF 1.x: ``time`` in milliseconds since 1970, ``class_uid``).

    Of an event are taken its time, what it is, its actor's and endpoint's names, and the product; never its message.

    Raises:
        MalformedError: a line that is no such event; names the line.
    """
    moments = []
    try:
        with path.open("rb") as file:
            for number in range(1, MAX_LINES + 2):
                line = file.readline(MAX_LINE + 1)
                if not line:
                    break
                if len(line) > MAX_LINE or number > MAX_LINES:
                    raise MalformedError("a log too long, or a line of it", location=Location(file=name, line=number))
                if line.strip():
                    moments.append(_event(line, name, number))
    except OSError as error:
        return Record(name, Source.SYSTEM, problem=error.strerror or "cannot be read")
    return Record(name, Source.SYSTEM, tuple(moments))


def _event(line: bytes, name: str, number: int) -> Moment:
    where = Location(file=name, line=number)
    try:
        made: Any = json.loads(line)
    except (ValueError, RecursionError):
        raise MalformedError("not a line of JSON", location=where) from None
    if not isinstance(made, dict):
        raise MalformedError("not an OCSF event", location=where)
    at, known = made.get("time"), made.get("class_uid")
    if type(at) is not int or type(known) is not int or not 0 <= at <= _LATEST_MS:
        raise MalformedError("not an OCSF event: it needs time and class_uid", location=where)
    event = _at(made, "metadata", "event_code") or _word(made.get("activity_name")) or f"class {known}"
    actor = _at(made, "actor", "user", "name") or _at(made, "user", "name") or _at(made, "actor", "process", "name")
    subject = _at(made, "unmapped", "subject") or _at(made, "file", "name") or _word(made.get("status"))
    return Moment(utc(dt.datetime.fromtimestamp(at // 1000, dt.UTC)), name, number, actor, event, subject,
                  _at(made, "src_endpoint", "ip"))  # fmt: skip


def _at(made: Any, *path: str) -> str:
    for part in path:
        made = made.get(part) if isinstance(made, dict) else None
    return _word(made)


def _word(value: object) -> str:
    """A short text of a foreign log, on one line."""
    return "".join(each if each.isprintable() else "?" for each in value[:120]) if isinstance(value, str) else ""
