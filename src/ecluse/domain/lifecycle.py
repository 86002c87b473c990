"""The life of a migration: one transition table (R4). The diagram in the docs is generated from it."""

from dataclasses import dataclass
from enum import StrEnum

from ecluse.domain.errors import TransitionError


class State(StrEnum):
    """Where a migration stands."""

    ORDERED = "ordered"
    APPROVED = "approved"
    PLANNED = "planned"
    EXTRACTING = "extracting"
    SEALED = "sealed"
    DELIVERED = "delivered"
    LOADED = "loaded"
    RECONCILED = "reconciled"
    ACCEPTED = "accepted"
    REFUSED = "refused"
    ABORTED = "aborted"
    SUSPENDED = "suspended"
    ERASED = "erased"


class Move(StrEnum):
    """What moves it."""

    APPROVE = "approve"
    PLAN = "plan"
    EXTRACT = "extract"
    SEAL = "seal"
    DELIVER = "deliver"
    LOAD = "load"
    RECONCILE = "reconcile"
    ACCEPT = "accept"
    REFUSE = "refuse"
    ABORT = "abort"
    SUSPEND = "suspend"
    RESUME = "resume"
    ERASE = "erase"


class Owner(StrEnum):
    """Whose move it is."""

    CONTROLLER = "controller"
    SOURCE_AGENT = "source_agent"
    DESTINATION_AGENT = "destination_agent"
    BOTH_AGENTS = "both_agents"
    NOBODY = "nobody"


@dataclass(frozen=True, slots=True)
class Turn:
    """Who must move next and within how many days before silence escalates (law 8)."""

    owner: Owner
    days: int | None


_ON = {
    State.ORDERED: {Move.APPROVE: State.APPROVED},
    State.APPROVED: {Move.PLAN: State.PLANNED},
    State.PLANNED: {Move.EXTRACT: State.EXTRACTING},
    State.EXTRACTING: {Move.SEAL: State.SEALED},
    State.SEALED: {Move.DELIVER: State.DELIVERED},
    State.DELIVERED: {Move.LOAD: State.LOADED},
    State.LOADED: {Move.RECONCILE: State.RECONCILED},
    State.RECONCILED: {Move.ACCEPT: State.ACCEPTED, Move.REFUSE: State.REFUSED},
}
WALK: tuple[State, ...] = tuple(_ON)
"""The way to the decision, in its order; after it comes how it ended, then the erasure."""
_ENDING = (State.ACCEPTED, State.REFUSED, State.ABORTED)

TRANSITIONS: dict[tuple[State, Move], State] = (
    {(state, move): to for state, moves in _ON.items() for move, to in moves.items()}
    | {(state, Move.ABORT): State.ABORTED for state in (*_ON, State.SUSPENDED)}
    | {(state, Move.SUSPEND): State.SUSPENDED for state in (*_ON, State.SUSPENDED)}
    | {(state, Move.ERASE): State.ERASED for state in _ENDING}
)

TURNS: dict[State, Turn] = {
    State.ORDERED: Turn(Owner.CONTROLLER, 30),
    State.APPROVED: Turn(Owner.SOURCE_AGENT, 14),
    State.PLANNED: Turn(Owner.SOURCE_AGENT, 14),
    State.EXTRACTING: Turn(Owner.SOURCE_AGENT, 3),
    State.SEALED: Turn(Owner.SOURCE_AGENT, 1),
    State.DELIVERED: Turn(Owner.DESTINATION_AGENT, 3),
    State.LOADED: Turn(Owner.DESTINATION_AGENT, 1),
    State.RECONCILED: Turn(Owner.CONTROLLER, 14),
    State.ACCEPTED: Turn(Owner.BOTH_AGENTS, 1),
    State.REFUSED: Turn(Owner.BOTH_AGENTS, 1),
    State.ABORTED: Turn(Owner.BOTH_AGENTS, 1),
    State.SUSPENDED: Turn(Owner.CONTROLLER, 14),
    State.ERASED: Turn(Owner.NOBODY, None),
}


def after(state: State, move: Move, *, resumes: State | None = None) -> State:
    """The state after ``move``; a suspended migration resumes where it stood (``resumes``).

    Raises:
        TransitionError: the move is not allowed in this state; names whose turn it is.
    """
    if state is State.SUSPENDED and move is Move.RESUME and resumes in _ON:
        return resumes
    try:
        return TRANSITIONS[state, move]
    except KeyError:
        resuming = {Move.RESUME} if state is State.SUSPENDED else set()
        allowed = ", ".join(sorted({m for s, m in TRANSITIONS if s is state} | resuming)) or "nothing"
        raise TransitionError(
            f"cannot {move} a migration that is {state}",
            hint=f"allowed now: {allowed}; owner: {TURNS[state].owner}",
        ) from None
