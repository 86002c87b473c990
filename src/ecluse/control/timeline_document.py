"""The timeline as a document for people, and as the canonical JSON that is signed."""

import datetime as dt
from collections.abc import Mapping
from typing import Any

from ecluse.control import timeline_words as w
from ecluse.control.agreement_words import PAGE
from ecluse.control.document import Block, Document, Heading, Paragraph, Table, Tone, code, plain
from ecluse.control.event_words import EVENTS, RELAY
from ecluse.control.report_words import Lang, Reader, Words
from ecluse.control.timeline import Gap, Moment, Source, Timeline
from ecluse.domain.access import Access
from ecluse.domain.entry import Event
from ecluse.domain.values import Instant
from ecluse.wire.canonical import canonical

FORMAT = "ecluse.timeline/1"
NAMESPACE = "ecluse.timeline"
"""Of the SSHSIG over :func:`timeline_bytes`, or over the document that is written."""


NamedEvents = Mapping[str, Words]
"""What the room's events are called; the room itself says so."""


def timeline_document(made: Timeline, lang: Lang, on: dt.date, room: NamedEvents) -> Document:
    """All of it. ``on``: the day of its making."""
    reader = Reader(lang)
    say = reader.say
    blocks: list[Block] = [
        Paragraph(say(w.WHAT_IT_IS), Tone.NOTE),
        Heading(1, say(w.RECORDS)),
        _records(made, reader),
        Heading(1, say(w.GAPS)),
        _gaps(made, reader) if made.gaps else Paragraph(say(w.NO_GAP)),
        Heading(1, say(w.KEYS)),
        _keys(made, reader),
        Heading(1, say(w.MOMENTS)),
        _moments(made, reader, room),
    ]
    period = say(w.NOTHING)
    if made.moments:
        start, end = made.from_ or made.moments[0].at, made.until or made.moments[-1].at
        period = say(w.PERIOD, start=instant(start, reader, w.UNKNOWN), end=instant(end, reader, w.UNKNOWN))
    footer = say(w.FOOTER, day=reader.day(on))
    page = say(PAGE, here="{here}", all="{all}")
    return Document(lang, say(w.TITLE), (period,), footer, page, on, tuple(blocks))


def _records(made: Timeline, reader: Reader) -> Table:
    head = tuple(map(reader.say, (w.RECORD, w.KIND, w.ENTRIES, w.SIGNED)))
    rows = tuple(
        (
            plain(r.name),
            plain(reader.say(w.SOURCES[r.source]), r.problem),
            plain(reader.count(len(r.moments))),
            code(r.root),
        )
        for r in made.records
    )
    return Table(reader.say(w.RECORDS), head, rows, (3, 3, 1, 5), titled=True)


def _gaps(made: Timeline, reader: Reader) -> Table:
    head = tuple(map(reader.say, (w.BETWEEN, w.AND, w.RECORD, w.MEANING)))
    rows = tuple(tuple(map(plain, gap_row(gap, reader))) for gap in made.gaps)
    return Table(reader.say(w.GAPS), head, rows, (3, 3, 2, 4), titled=True)


def gap_row(gap: Gap, reader: Reader) -> tuple[str, str, str, str]:
    """From, until, record and meaning."""
    ends = (instant(gap.from_, reader, w.UNKNOWN), instant(gap.until, reader, w.UNKNOWN))
    return *ends, gap.record, reader.say(w.MISSING[gap.missing])


def _keys(made: Timeline, reader: Reader) -> Table:
    head = tuple(map(reader.say, (w.HOLDER, w.USE, w.SINCE, w.UNTIL, w.KEY)))
    rows = tuple(
        (*map(plain, told), plain(reader.say(w.NEVER_SHOWN)) if not key else code(key))
        for *told, key in key_rows(made, reader)
    )
    return Table(reader.say(w.KEYS), head, rows, (2, 2, 2, 2, 4), titled=True)


def key_rows(made: Timeline, reader: Reader) -> list[tuple[str, str, str, str, str]]:
    """Holder, use, since, until, key whole or empty: once each, whatever the number of records that tell it."""
    rows = (
        (h.holder, reader.say(w.HELD[h.held]), instant(h.from_, reader, w.UNKNOWN),
         instant(h.until, reader, w.STILL), h.key)
        for h in made.holdings
    )  # fmt: skip
    return list(dict.fromkeys(rows))


def _moments(made: Timeline, reader: Reader, room: NamedEvents) -> Table:
    head = tuple(map(reader.say, (w.TIME, w.RECORD, w.NUMBER, w.BY, w.WHAT, w.SUBJECT, w.ORIGIN)))
    kinds = {record.name: record.source for record in made.records}
    rows = tuple(tuple(map(plain, moment_row(moment, kinds[moment.record], reader, room))) for moment in made.moments)
    return Table(reader.say(w.MOMENTS), head, rows, (3, 2, 1, 2, 4, 3, 2), titled=True)


def moment_row(moment: Moment, source: Source, reader: Reader, room: NamedEvents) -> tuple[str, ...]:
    """One line: time, record, number, who, what, about what, from where."""
    words = _words(moment.event, source, room)
    what = reader.say(words) if words else moment.event
    return (f"{moment.at:%Y-%m-%d %H:%M:%S}", moment.record, str(moment.index), moment.actor, what,
            short(moment.subject), moment.origin)  # fmt: skip


def _words(event: str, source: Source, room: NamedEvents) -> Words | None:
    """None: an event of a system's, called what it calls itself."""
    match source:
        case Source.PLACE:
            return EVENTS.get(Event(event))
        case Source.RELAY:
            return RELAY.get(Access(event))
        case Source.ROOM:
            return room.get(event)
        case Source.SYSTEM:
            return None


def short(subject: str) -> str:
    """A digest by its first digits."""
    return f"{subject[:19]}…" if subject.startswith("sha256:") else subject if len(subject) < 60 else f"{subject[:40]}…"  # noqa: PLR2004


def instant(at: Instant | None, reader: Reader, absent: Words) -> str:
    """To the second, or the word for none."""
    return f"{at:%Y-%m-%d %H:%M:%S}" if at else reader.say(absent)


def plain_timeline(made: Timeline) -> dict[str, Any]:
    """Its JSON: nothing is left out, and no word depends on a language."""
    return {
        "format": FORMAT,
        "from": _iso(made.from_),
        "until": _iso(made.until),
        "records": [
            {"name": r.name, "source": str(r.source), "entries": len(r.moments), "root": r.root, "key": r.key,
             "problem": r.problem}
            for r in made.records
        ],
        "gaps": [
            {"record": g.record, "missing": str(g.missing), "from": _iso(g.from_), "until": _iso(g.until),
             "before": g.index}
            for g in made.gaps
        ],
        "keys": [
            {"holder": h.holder, "use": str(h.held), "key": h.key, "from": _iso(h.from_), "until": _iso(h.until),
             "record": h.record}
            for h in made.holdings
        ],
        "moments": [
            {"at": _iso(m.at), "record": m.record, "index": m.index, "actor": m.actor, "event": str(m.event),
             "subject": m.subject, "origin": m.origin, "detail": dict(m.detail)}
            for m in made.moments
        ],
    }  # fmt: skip


def timeline_bytes(made: Timeline) -> bytes:
    """The same, canonical (RFC 8785): the same records and period give the same bytes."""
    return canonical(plain_timeline(made))


def _iso(at: Instant | None) -> str | None:
    return f"{at:%Y-%m-%dT%H:%M:%SZ}" if at else None
