"""One timeline of an incident from every record that is left, who held which key when, and the gaps (R18). Pure.

Records are journals of places, of relays and of the control room, and logs of systems. A gap is shown, never closed.
"""

import datetime as dt
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from enum import StrEnum
from itertools import pairwise

from ecluse.domain.access import Access, AccessEntry
from ecluse.domain.entry import Entry, Event
from ecluse.domain.room import RoomEntry, RoomEvent
from ecluse.domain.values import Instant


class Source(StrEnum):
    """What a record is."""

    PLACE = "place"
    RELAY = "relay"
    ROOM = "room"
    SYSTEM = "system"
    """A log that no key vouches for."""


@dataclass(frozen=True, slots=True)
class Moment:
    """One thing that happened. ``index`` is its number in its record; ``origin`` an IP address."""

    at: Instant
    record: str
    index: int
    actor: str
    event: str
    subject: str = ""
    origin: str = ""
    detail: Mapping[str, int | str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Record:
    """One journal or log. ``root`` (hex), ``key``: of the checkpoint that signs it. ``problem``: why it is not read."""

    name: str
    source: Source
    moments: tuple[Moment, ...] = ()
    root: str = ""
    key: str = ""
    problem: str = ""


class Missing(StrEnum):
    """Why something may have happened that no record tells."""

    UNREADABLE = "unreadable"
    """Gone, or not what its checkpoint signs: nothing of it is used."""
    BEFORE = "before"
    AFTER = "after"
    STOPPED = "stopped"
    """Nothing ran between a stop and the next start."""
    DIED = "died"
    """It started again without having stopped: it ended in between and nobody wrote when; or two ran side by side."""
    BACKWARDS = "backwards"
    """The clock stands before the entry before."""
    LEAPT = "leapt"
    UNWITNESSED = "unwitnessed"
    """Since a witness last signed, the log's own key alone vouches: its holder could have written these anew."""
    UNVOUCHED = "unvouched"
    """No key vouches for any of it."""
    PAPER = "paper"
    """A signed paper that the journal names, or an account, is gone or changed: whose keys it named is not known."""
    ONE_END = "one_end"
    """Of a migration's two ends, one is here."""


@dataclass(frozen=True, slots=True)
class Gap:
    """A gap in one record. ``None`` is an end that is not known; ``index`` the entry that follows it."""

    record: str
    missing: Missing
    from_: Instant | None = None
    until: Instant | None = None
    index: int | None = None


class Held(StrEnum):
    """What a key is for."""

    SIGNS = "signs"
    OPENS = "opens"
    ENTERS = "enters"
    VOUCHES = "vouches"
    DIGESTS = "digests"


@dataclass(frozen=True, slots=True)
class Holding:
    """Who held a key, and when. ``key`` is a fingerprint or a public key, never a secret; ``until`` None: still."""

    holder: str
    held: Held
    key: str
    from_: Instant | None
    until: Instant | None
    record: str


@dataclass(frozen=True, slots=True)
class Timeline:
    """All of it, in order of time; what stands at the same second stands in the order of the records."""

    from_: Instant | None
    until: Instant | None
    records: tuple[Record, ...]
    moments: tuple[Moment, ...]
    gaps: tuple[Gap, ...]
    holdings: tuple[Holding, ...]


def of_place(name: str, entries: Iterable[Entry]) -> tuple[Moment, ...]:
    """A place's journal."""
    return tuple(
        Moment(e.at, name, index, e.actor, e.event, e.subject or (e.order or ""), "", e.detail)
        for index, e in enumerate(entries)
    )


def of_relay(name: str, entries: Iterable[AccessEntry]) -> tuple[Moment, ...]:
    """A relay's journal."""
    return tuple(
        Moment(e.at, name, index, e.actor, e.event, e.subject or (e.box or ""), e.origin or "", e.detail)
        for index, e in enumerate(entries)
    )


def of_room(name: str, entries: Iterable[RoomEntry]) -> tuple[Moment, ...]:
    """The control room's journal."""
    return tuple(
        Moment(e.at, name, index, e.actor, e.event, e.subject, str(e.detail.get("origin", "")), e.detail)
        for index, e in enumerate(entries)
    )


_STARTS = {Source.RELAY: (Access.STARTED, (Access.STOPPED,)),
           Source.ROOM: (RoomEvent.WATCH_STARTED, (RoomEvent.WATCH_STOPPED, RoomEvent.WATCH_DIED))}  # fmt: skip
"""What runs while a record is written: its start, and its ends. The room's is its watch."""
_WITNESSED = frozenset({Event.CHECKPOINT_COSIGNED, RoomEvent.CHECKPOINT_COSIGNED})
_ACCOUNTS = frozenset({Access.ACCOUNT_ADDED, Access.ACCOUNT_CHANGED, Access.ACCOUNT_REVOKED})
_BACK_S = 2
"""Seconds that entries of several processes may stand in another order than their clocks."""


def gaps_of(record: Record, from_: Instant | None, until: Instant | None) -> Iterator[Gap]:
    """Gaps of one record within a period; either end of it may be open."""
    if record.problem:
        yield Gap(record.name, Missing.UNREADABLE, from_, until)
        return
    if record.source is Source.SYSTEM:
        yield Gap(record.name, Missing.UNVOUCHED, from_, until)
    if not record.moments:
        yield Gap(record.name, Missing.BEFORE, from_, until)
        return
    first, last = min(m.at for m in record.moments), max(m.at for m in record.moments)
    if from_ and from_ < first:
        yield Gap(record.name, Missing.BEFORE, from_, first, 0)
    yield from _clock(record)
    yield from _runs(record)
    if until and last < until:
        yield Gap(record.name, Missing.AFTER, last, until)
    if record.source is not Source.SYSTEM:
        yield from _unwitnessed(record)


def _clock(record: Record) -> Iterator[Gap]:
    if record.source is not Source.SYSTEM:
        for earlier, later in pairwise(record.moments):
            if (earlier.at - later.at).total_seconds() > _BACK_S:
                yield Gap(record.name, Missing.BACKWARDS, later.at, earlier.at, later.index)
    for moment in record.moments:
        if record.source is Source.RELAY and moment.event == Access.CLOCK_JUMPED:
            yield Gap(record.name, Missing.LEAPT, None, moment.at, moment.index)


def _runs(record: Record) -> Iterator[Gap]:
    """Between a stop and the next start; a start after a start is a death, but where several run at once."""
    if record.source not in _STARTS:
        return
    start, ends = _STARTS[record.source]
    running, before = 0, None
    ended: Moment | None = None
    for moment in record.moments:
        if moment.event == start:
            if ended is not None and running == 0:
                yield Gap(record.name, Missing.STOPPED, ended.at, moment.at, moment.index)
            elif running and before is not None:
                yield Gap(record.name, Missing.DIED, before.at, moment.at, moment.index)
            running += 1
        elif moment.event in ends:
            running, ended = max(0, running - 1), moment
        before = moment
    if ended is not None and running == 0:
        yield Gap(record.name, Missing.STOPPED, ended.at, None)


def _unwitnessed(record: Record) -> Iterator[Gap]:
    shown = [place for place, moment in enumerate(record.moments) if moment.event in _WITNESSED]
    after = shown[-1] + 1 if shown else 0
    if after < len(record.moments):
        rest = record.moments[after:]
        yield Gap(record.name, Missing.UNWITNESSED, rest[0].at, rest[-1].at, rest[0].index)


def holdings_of_accounts(record: Record) -> Iterator[Holding]:
    """From a relay's journal: each key, token, certificate, from the entry that names it to the one that does not.

    One that is bound anew later is held twice.
    """
    held: dict[str, dict[str, Holding]] = {}
    found: list[Holding] = []
    for moment in record.moments:
        if moment.event not in _ACCOUNTS:
            continue
        mine = held.setdefault(moment.subject, {})
        named = str(moment.detail.get("keys", "")).split()
        found += [replace(mine.pop(key), until=moment.at) for key in sorted(set(mine) - set(named))]
        owner = moment.detail.get("owner", moment.subject)
        holder = moment.subject if owner == moment.subject else f"{moment.subject} ({owner})"
        for key in named:
            mine.setdefault(key, Holding(holder, Held.ENTERS, key, moment.at, None, record.name))
    yield from found
    for mine in held.values():
        yield from mine.values()


_MADE = {RoomEvent.AUTHENTICATOR_ADDED: RoomEvent.AUTHENTICATOR_REMOVED, RoomEvent.TOKEN_MADE: RoomEvent.TOKEN_REVOKED,
         RoomEvent.AGENT_ENROLLED: RoomEvent.AGENT_REVOKED}  # fmt: skip


def holdings_of_room(record: Record) -> Iterator[Holding]:
    """From the room's journal: authenticators, tokens and agents' keys, each from its making to its end."""
    gone = {(m.event, m.subject): m.at for m in record.moments if m.event in _MADE.values()}
    left = {m.subject: m.at for m in record.moments if m.event == RoomEvent.LEFT}
    for moment in record.moments:
        if moment.event in _MADE:
            end = gone.get((_MADE[RoomEvent(moment.event)], moment.subject)) or left.get(moment.actor)
            until = end if end and end >= moment.at else None
            yield Holding(moment.actor, Held.ENTERS, moment.subject, moment.at, until, record.name)


def woven(
    records: Sequence[Record],
    holdings: Iterable[Holding],
    from_: Instant | None,
    until: Instant | None,
    more: Iterable[Gap] = (),
) -> Timeline:
    """One timeline; ``more`` are gaps that no single record shows.

    A line of a system's log that says again what a journal says (its time, event and subject) is left out.
    """
    told = {(m.at, m.event, m.subject) for r in records if r.source is not Source.SYSTEM for m in r.moments}
    order = {record.name: place for place, record in enumerate(records)}
    copies = {r.name for r in records if r.source is Source.SYSTEM}
    moments = sorted(
        (
            moment
            for record in records
            for moment in record.moments
            if _within(moment.at, from_, until)
            and not (moment.record in copies and (moment.at, moment.event, moment.subject) in told)
        ),
        key=lambda m: (m.at, order[m.record], m.index),
    )
    gaps = [gap for record in records for gap in gaps_of(record, from_, until) if _touches(gap, from_, until)]
    gaps += more
    held = sorted(holdings, key=lambda h: (h.from_ or _EVER, h.holder, h.key))
    return Timeline(from_, until, tuple(records), tuple(moments), tuple(sorted(gaps, key=_when)), tuple(held))


_EVER = dt.datetime.min.replace(tzinfo=dt.UTC)


def _when(gap: Gap) -> tuple[dt.datetime, str, str]:
    return (gap.from_ or gap.until or _EVER, gap.record, gap.missing)


def _within(at: Instant, from_: Instant | None, until: Instant | None) -> bool:
    return (from_ is None or from_ <= at) and (until is None or at <= until)


def _touches(gap: Gap, from_: Instant | None, until: Instant | None) -> bool:
    return not ((from_ and gap.until and gap.until < from_) or (until and gap.from_ and gap.from_ > until))
