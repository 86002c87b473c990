"""R4: one table; every state has an owner and a clock; a move that the table does not list raises."""

import itertools

import pytest

from ecluse.domain.errors import TransitionError
from ecluse.domain.lifecycle import TRANSITIONS, TURNS, Move, Owner, State, after
from ecluse.workspace.progress import MOVES

LIFE = [
    "ordered",
    "approved",
    "planned",
    "extracting",
    "sealed",
    "delivered",
    "loaded",
    "reconciled",
    "accepted",
    "erased",
]
STEPS = ["approve", "plan", "extract", "seal", "deliver", "load", "reconcile", "accept", "erase"]
ENDED = {"accepted", "refused", "aborted"}


def _expected(state: str, move: str) -> str | None:
    """The design's sentence, read anew: 'with suspended, refused and aborted (both of which end in erased)'."""
    if state in ENDED | {"erased"} or move == "erase":
        return "erased" if state in ENDED and move == "erase" else None
    if state == "suspended" or move in {"abort", "suspend", "resume"}:
        return {"abort": "aborted", "suspend": "suspended"}.get(move)
    if move == "refuse":
        return "refused" if state == "reconciled" else None
    at = LIFE.index(state)
    return LIFE[at + 1] if STEPS[at] == move else None


@pytest.mark.parametrize(("state", "move"), list(itertools.product(State, Move)), ids=str)
def test_the_table_is_total(state: State, move: Move) -> None:
    expected = _expected(state, move)
    if expected:
        assert after(state, move) == expected
        assert TRANSITIONS[state, move] == expected
    else:
        with pytest.raises(TransitionError) as caught:
            after(state, move)
        assert caught.value.exit_code == 16
        assert str(TURNS[state].owner) in str(caught.value)


@pytest.mark.parametrize("state", list(State))
def test_every_state_has_an_owner_and_a_clock(state: State) -> None:
    turn = TURNS[state]
    if state is State.ERASED:
        assert (turn.owner, turn.days) == (Owner.NOBODY, None)
    else:
        assert turn.owner is not Owner.NOBODY
        assert turn.days is not None
        assert turn.days >= 1
    assert set(TURNS) == set(State)


@pytest.mark.parametrize("state", list(State))
def test_a_suspended_migration_resumes_where_it_stood_and_nowhere_else(state: State) -> None:
    if (state, Move.SUSPEND) in TRANSITIONS and state is not State.SUSPENDED:
        assert after(State.SUSPENDED, Move.RESUME, resumes=state) is state
    else:
        with pytest.raises(TransitionError, match="resume") as caught:
            after(State.SUSPENDED, Move.RESUME, resumes=state)
        assert "abort, resume, suspend" in (caught.value.hint or "")
    with pytest.raises(TransitionError):
        after(state, Move.RESUME, resumes=State.ORDERED) if state is not State.SUSPENDED else after(state, Move.RESUME)


@pytest.mark.parametrize("state", list(State))
def test_every_state_can_end_in_erased(state: State) -> None:
    reached, waiting = {state}, [state]
    while waiting:
        here = waiting.pop()
        fresh = {to for (at, _), to in TRANSITIONS.items() if at is here} - reached
        reached |= fresh
        waiting += fresh
    assert State.ERASED in reached


def test_every_move_is_an_entry_and_every_state_is_reached() -> None:
    assert sorted(MOVES.values()) == sorted(Move)
    assert set(TRANSITIONS.values()) == set(State) - {State.ORDERED}
