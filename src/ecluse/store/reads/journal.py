"""The room's journal: searched by its projection, proved by its tree."""

import datetime as dt
from collections.abc import Iterable
from dataclasses import dataclass

from django.db.models import Exists, Max, OuterRef, Q
from django.utils import timezone

from ecluse.domain.errors import UnseenError
from ecluse.journal import Checkpoint, Journal, read_checkpoint
from ecluse.store.journal_files import STORE, log_key
from ecluse.store.models import JournalConcern, JournalLine, Person, WitnessedCheckpoint
from ecluse.store.reads.alert_warnings import hidden_from


@dataclass(frozen=True, slots=True)
class Asked:
    """What is searched; empty parts match everything. Both days are included."""

    actor: str = ""
    event: str = ""
    subject: str = ""
    organisation: str = ""
    since: dt.date | None = None
    until: dt.date | None = None


@dataclass(frozen=True, slots=True)
class Found:
    """A page of lines, newest first; ``older``: below which index the next page begins, None at the end."""

    lines: tuple[JournalLine, ...]
    older: int | None


def search(
    reader: Person, organisations: Iterable[str], asked: Asked, *, below: int | None = None, limit: int = 100
) -> Found:
    """Lines that concern one of the organisations, below an index; however long the journal, a page is as quick.

    Those about warnings that name the reader are not among them (R10).
    """
    slugs = {asked.organisation} & set(organisations) if asked.organisation else set(organisations)
    concerned = JournalConcern.objects.filter(line=OuterRef("pk"), organisation__in=sorted(slugs))
    found = JournalLine.objects.filter(Exists(concerned), *_conditions(asked)).exclude(hidden_from(reader))
    if below is not None:
        found = found.filter(index__lt=below)
    lines = tuple(found.order_by("-index")[: limit + 1])
    return Found(lines[:limit], lines[limit - 1].index if len(lines) > limit else None)


def _conditions(asked: Asked) -> list[Q]:
    made: list[Q] = []
    if asked.actor:
        made.append(Q(actor=asked.actor))
    if asked.event:
        made.append(Q(event=asked.event))
    if asked.subject:
        made.append(Q(subject__startswith=asked.subject))
    if asked.since:
        made.append(Q(at__gte=_midnight(asked.since)))
    if asked.until:
        made.append(Q(at__lt=_midnight(asked.until + dt.timedelta(days=1))))
    return made


def _midnight(day: dt.date) -> dt.datetime:
    return timezone.make_aware(dt.datetime.combine(day, dt.time()))


def line(entry: int, reader: Person) -> JournalLine:
    """One line.

    Raises:
        UnseenError: there is none of that number, or it is about a warning that names the reader (R10).
    """
    found = JournalLine.objects.filter(index=entry).exclude(hidden_from(reader)).first()
    if found is None:
        raise UnseenError("there is no such entry")
    return found


@dataclass(frozen=True, slots=True)
class Proof:
    """That an entry is in the tree which the checkpoint signs (RFC 6962): hashes from the leaf up, 32 bytes each."""

    entry: bytes
    hashes: tuple[bytes, ...]
    checkpoint: bytes
    vkey: str


def proof(entry: int) -> Proof:
    """The entry's own bytes and its inclusion proof.

    Raises:
        UnseenError: there is no such entry.
        TamperError: the journal is not what was signed.
    """
    journal = Journal.take_up(STORE, log_key())
    if not 0 <= entry < journal.size:
        raise UnseenError("there is no such entry")
    data = next(iter(journal.entries(entry)))
    return Proof(data, journal.inclusion_proof(entry), journal.checkpoint(), log_key().vkey)


def consistency(size: int) -> tuple[bytes, ...]:
    """That the journal of ``size`` entries is the beginning of today's (RFC 6962, 2.1.2): hashes of 32 bytes.

    Raises:
        UnseenError: it never had that many entries.
    """
    journal = Journal.take_up(STORE, log_key())
    if not 0 < size <= journal.size:
        raise UnseenError("the journal never had that many entries")
    return journal.consistency_proof(size)


@dataclass(frozen=True, slots=True)
class Head:
    """The journal's signed head, its key, and the names of those who have witnessed it."""

    checkpoint: Checkpoint
    raw: bytes
    vkey: str
    witnesses: tuple[str, ...]


def head() -> Head:
    """Where the journal stands; raises TamperError where it is not what was signed."""
    journal, key = Journal.take_up(STORE, log_key()), log_key()
    note, checkpoint = read_checkpoint(journal.checkpoint(), key.verifier)
    witnesses = tuple(each.name for each in note.signatures if each.name != key.name)
    return Head(checkpoint, journal.checkpoint(), key.vkey, witnesses)


@dataclass(frozen=True, slots=True)
class Witnessed:
    """How far one witness has vouched, in entries, and when it last did; ``behind``: entries that came since."""

    witness: str
    key: str
    size: int
    at: dt.datetime
    behind: int


def witnessed(size: int) -> tuple[Witnessed, ...]:
    """Each witness's farthest checkpoint of a journal that has ``size`` entries now, the farthest first."""
    of_each = WitnessedCheckpoint.objects.order_by().values("witness", "key")
    return tuple(
        Witnessed(each["witness"], each["key"], each["far"], each["last"], size - each["far"])
        for each in of_each.annotate(far=Max("size"), last=Max("cosigned_at")).order_by("-far", "key")
    )
