"""What relays report: their journals, entry by entry, near the time of the event (law 5, R7, R10).

The room believes a relay no more than an agent: entries are kept only if they grow the tree that is known here into
the one that the relay's own key, pinned at its first report, has signed.
"""

from collections.abc import Sequence

from ecluse.domain.access import AccessEntry
from ecluse.domain.errors import RefusedError, SignatureError, TamperError, UnseenError
from ecluse.domain.room import RoomEvent
from ecluse.journal import VerifierKey, read_checkpoint
from ecluse.store.acts.agents import RELAY
from ecluse.store.acts.reports import Report, extended, heard, kind_of_refusal
from ecluse.store.models import Agent, RelayEntry, RelayJournal
from ecluse.store.recording import Act, act
from ecluse.wire.artefacts import decode
from ecluse.wire.canonical import digest


@act
def report(act: Act, agent: Agent, told: Report) -> RelayJournal:
    """Keep the next entries of a relay's journal; gives how far it is known now.

    What is known already may be sent again, as relays that share a folder do. No entries, and a head, claim that the
    journal ends there.

    Raises:
        UnseenError: this is no relay.
        SignatureError: another key than the pinned one, or the checkpoint is not signed by it.
        TamperError: rewritten, set back, or cut.
        MalformedError: an entry that is not one.
    """
    _check_relay(agent)
    if VerifierKey.parse(told.log).name != f"ecluse/relay/{agent.handle}":
        raise SignatureError(f"not the key of the journal of a relay {agent.handle}")
    Agent.objects.select_for_update().get(pk=agent.pk)
    known = RelayJournal.objects.filter(agent=agent).first() or RelayJournal(agent=agent, log=told.log)
    if known.log != told.log:
        raise SignatureError("this relay's journal has another key, pinned at its first report")
    end = told.start + len(told.entries)
    if told.entries and end <= known.size:
        _check_held(known, told.start, told.entries)
        read_checkpoint(told.checkpoint, VerifierKey.parse(known.log))
        return known
    fresh, frontier = extended(known, told, lambda start, entries: _check_held(known, start, entries))
    if not fresh:
        return known
    read = [decode(AccessEntry, data, file="entry") for data in fresh]
    first, known.size, known.reported_at = known.size, frontier.size, act.now
    known.frontier = [[level, node.hex()] for level, node in frontier.nodes]
    known.checkpoint = told.checkpoint
    known.save()
    RelayEntry.objects.bulk_create(
        RelayEntry(
            journal=known, index=index, at=heard(entry.at, act.now), actor=entry.actor[:100], event=entry.event,
            origin=(entry.origin or "")[:64], box=(entry.box or "")[:16], subject=entry.subject[:200],
            detail=dict(entry.detail), data=data,
        )
        for index, (entry, data) in enumerate(zip(read, fresh, strict=True), first)
    )  # fmt: skip
    act.record(
        RoomEvent.RELAY_REPORTED, agent.organisation.slug, subject=agent.handle, size=known.size,
        checkpoint=digest(told.checkpoint),
    )  # fmt: skip
    return known


@act
def refuse(act: Act, agent: Agent, error: RefusedError) -> None:
    """Journal that a relay's report was refused, and why: the watch tells people of it."""
    act.record(
        RoomEvent.REPORT_REFUSED, agent.organisation.slug, subject=agent.handle, kind=kind_of_refusal(error),
        place=RELAY,
    )  # fmt: skip


def size_of(agent: Agent) -> int:
    """How many entries of a relay's journal are known here; raises UnseenError for what is no relay."""
    _check_relay(agent)
    return RelayJournal.objects.filter(agent=agent).values_list("size", flat=True).first() or 0


def _check_relay(agent: Agent) -> None:
    if agent.place != RELAY:
        raise UnseenError("this is no relay")


def _check_held(known: RelayJournal, start: int, entries: Sequence[bytes]) -> None:
    if not entries:
        return
    held = RelayEntry.objects.filter(journal=known, index__gte=start, index__lt=start + len(entries))
    for index, data in held.values_list("index", "data"):
        if bytes(data) != entries[index - start]:
            raise TamperError(f"entry {index} is not the one that was reported before: rewritten")
