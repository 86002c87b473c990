"""What comes next in a migration, from what its places say; and by when (R4, law 8)."""

import datetime as dt
from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum

from ecluse.domain.entry import Entry
from ecluse.domain.lifecycle import TURNS, Owner, State
from ecluse.workspace.progress import MOVES, Progress


class Step(StrEnum):
    """A step, by the name of its command."""

    PLAN = "plan"
    EXTRACT = "extract"
    DELIVER = "deliver"
    RECEIVE = "receive"
    LOAD = "load"
    RECONCILE = "reconcile"
    ACCEPT = "accept"
    ERASE = "erase"
    RESUME = "resume"
    WAIT = "wait"
    DONE = "done"


_AT_SOURCE = {
    State.ORDERED: Step.PLAN,
    State.APPROVED: Step.PLAN,
    State.PLANNED: Step.EXTRACT,
    State.EXTRACTING: Step.EXTRACT,
    State.SEALED: Step.DELIVER,
}
_AT_DESTINATION = {
    State.DELIVERED: Step.LOAD,
    State.LOADED: Step.RECONCILE,
    State.RECONCILED: Step.ACCEPT,
}
_ENDED = {State.ACCEPTED, State.REFUSED, State.ABORTED}


def next_step(source: State | None, destination: State | None) -> Step:
    """The step that is due, given the states of the places one can see (None: not on this machine, or not made yet)."""
    seen = {state for state in (source, destination) if state is not None}
    if State.SUSPENDED in seen:
        return Step.RESUME
    if seen & _ENDED:
        return Step.ERASE
    if seen == {State.ERASED}:
        return Step.DONE
    if source in _AT_SOURCE:
        return _AT_SOURCE[source]
    if destination is None:
        return Step.RECEIVE if source is State.DELIVERED else Step.PLAN if source is None else Step.WAIT
    return _AT_DESTINATION.get(destination, Step.WAIT if destination is State.ERASED else Step.RECEIVE)


@dataclass(frozen=True, slots=True)
class Clock:
    """Whose move it is, since when, and by when before silence escalates (None: nobody's)."""

    owner: Owner
    since: dt.datetime | None
    due: dt.datetime | None

    def overdue(self, now: dt.datetime) -> bool:
        """Whether the owner has let the time pass."""
        return self.due is not None and now > self.due


def clock(entries: Iterable[Entry], progress: Progress) -> Clock:
    """The clock of a place's present state."""
    since = None
    for entry in entries:
        if since is None or entry.event in MOVES:
            since = entry.at
    turn = TURNS[progress.state]
    due = since + dt.timedelta(days=turn.days) if since and turn.days is not None else None
    return Clock(turn.owner, since, due)
