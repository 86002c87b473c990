"""Write docs/reference/lifecycle.md from the one transition table.

``python docs/generate_lifecycle.py`` writes it; with ``--check`` it says whether the page is current.
"""

import sys
from pathlib import Path

from ecluse.domain.lifecycle import TRANSITIONS, TURNS, Move, State, after
from ecluse.workspace.progress import MOVES

PAGE = Path(__file__).parent / "reference" / "lifecycle.md"

INTRODUCTION = """# Life of a migration

A migration is in one state at a time, every state has one owner whose move it is, and a clock: when it runs out,
silence escalates (law 8). A move that the table does not list raises `TransitionError` (exit code 16) and
nothing is written. This page is generated from `ecluse.domain.lifecycle`: run `python docs/generate_lifecycle.py`.
"""
BY_PLACE = """
Each place keeps its own journal and its own state. The destination's place notes what the source's has done
(`extracting`, `sealed`, `delivered`) when the signed papers that prove it have verified, and the source's place notes
`loaded`, `reconciled` and the decision likewise. `erase_by` (law 7) waits for nobody: a place whose day
has come is aborted and erased, whatever its state.
"""


def main(arguments: list[str]) -> int:
    """Write the page, or with ``--check`` compare it; 1 where it is out of date."""
    text = page()
    if arguments == ["--check"]:
        current = PAGE.exists() and PAGE.read_text(encoding="utf-8") == text
        if not current:
            sys.stderr.write(f"{PAGE.name} is out of date: run python docs/generate_lifecycle.py\n")
        return 0 if current else 1
    PAGE.write_text(text, encoding="utf-8")
    return 0


def page() -> str:
    """The whole page as Markdown."""
    return f"{INTRODUCTION}\n{_diagram()}\n{_states()}\n{_moves()}{BY_PLACE}"


def _diagram() -> str:
    lines = ["```mermaid", "stateDiagram-v2", f"    [*] --> {State.ORDERED}"]
    usual = [(state, move, to) for (state, move), to in TRANSITIONS.items() if move not in {Move.ABORT, Move.SUSPEND}]
    lines += [f"    {state} --> {to}: {move}" for state, move, to in usual]
    lines += ['    state "any state before the decision" as any', f"    any --> {State.SUSPENDED}: {Move.SUSPEND}"]
    lines += [f"    {State.SUSPENDED} --> any: {Move.RESUME}", f"    any --> {State.ABORTED}: {Move.ABORT}"]
    lines += [f"    {State.SUSPENDED} --> {State.ABORTED}: {Move.ABORT}", f"    {State.ERASED} --> [*]", "```", ""]
    return "\n".join(lines)


def _states() -> str:
    lines = ["| state | whose move | days before silence escalates | moves |", "|---|---|---|---|"]
    for state in State:
        turn = TURNS[state]
        moves = [f"{move} → {to}" for move, to in _moves_from(state)]
        lines.append(f"| `{state}` | {turn.owner} | {turn.days or '–'} | {', '.join(moves) or 'none'} |")
    return "\n".join(lines) + "\n"


def _moves_from(state: State) -> list[tuple[Move, str]]:
    found: list[tuple[Move, str]] = [(move, str(to)) for (at, move), to in TRANSITIONS.items() if at is state]
    if state is State.SUSPENDED:
        resumable = [at for at in State if (at, Move.SUSPEND) in TRANSITIONS and at is not state]
        assert all(after(state, Move.RESUME, resumes=at) is at for at in resumable)  # noqa: S101 - what the page says
        found.append((Move.RESUME, "where it stood"))
    return found


def _moves() -> str:
    lines = ["| move | journal entry |", "|---|---|"]
    lines += [f"| {move} | `{event}` |" for event, move in MOVES.items()]
    return "\n".join(lines) + "\n"


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
