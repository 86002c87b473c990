"""The room's journal: searched by its projection, proved by its tree."""

import datetime as dt
from collections.abc import Iterable
from dataclasses import dataclass

from django.db.models import QuerySet

from ecluse.domain.errors import UnseenError
from ecluse.journal import Checkpoint, Journal, read_checkpoint
from ecluse.store.journal_files import STORE, log_key
from ecluse.store.models import JournalConcern, JournalLine


@dataclass(frozen=True, slots=True)
class Asked:
    """What is searched; empty parts match everything. Both days are included."""

    actor: str = ""
    event: str = ""
    subject: str = ""
    since: dt.date | None = None
    until: dt.date | None = None


def search(organisations: Iterable[str], asked: Asked) -> QuerySet[JournalLine]:
    """Lines that concern one of the organisations, newest first."""
    concerned = JournalConcern.objects.filter(organisation__in=sorted(set(organisations))).values("line")
    found = JournalLine.objects.filter(index__in=concerned)
    if asked.actor:
        found = found.filter(actor=asked.actor)
    if asked.event:
        found = found.filter(event=asked.event)
    if asked.subject:
        found = found.filter(subject__startswith=asked.subject)
    if asked.since:
        found = found.filter(at__date__gte=asked.since)
    if asked.until:
        found = found.filter(at__date__lte=asked.until)
    return found


def line(entry: int) -> JournalLine:
    """One line.

    Raises:
        UnseenError: there is none of that number.
    """
    found = JournalLine.objects.filter(index=entry).first()
    if found is None:
        raise UnseenError("there is no such entry")
    return found


@dataclass(frozen=True, slots=True)
class Proof:
    """That an entry is in the tree which the checkpoint signs (RFC 6962): hashes from the leaf up, 32 bytes each."""

    entry: bytes
    hashes: tuple[bytes, ...]
    checkpoint: bytes


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
    return Proof(data, journal.inclusion_proof(entry), journal.checkpoint())


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
