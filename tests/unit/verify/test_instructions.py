"""Stops and restarts: by whoever may, signed, in the journal, with their cause; and what an insider might try."""

from collections.abc import Callable
from typing import Any

import pytest

from ecluse.domain.entry import Event
from ecluse.domain.instruction import Action, Instruction
from ecluse.verify import Report, verify_bundle
from evidence_tools import audit, find, first_failure, flipped, signatures_of, unpack
from synthetic_evidence import NOW, Migration, changed

Make = Callable[..., Migration]
ZERO = "sha256:" + "0" * 64


def seen(made: Migration) -> Report:
    return verify_bundle(made.bundle("seen.zip"), trust=None, now=NOW)


def stopped(made: Migration, *steps: tuple[str, str]) -> Report:
    """A migration that is sealed, then instructed; both journals end there."""
    list(made.run("sealed"))
    for action, who in steps:
        made.instruct(action, who, made.source)
    return seen(made)


def test_suspended_and_resumed_by_instruction_then_finished(migration: Make) -> None:
    made = migration()
    for stage in made.run():
        if stage in {"extracting", "reconciled"}:
            places = (made.source,) if stage == "extracting" else (made.source, made.destination)
            made.instruct("suspend", "agent-a", *places)
            made.instruct("resume", "dr.martin", *places)
    report = seen(made)
    assert report.complete
    told = next(step.detail for step in report.steps if step.name == "instructions")
    assert str(told) == "4 instructions, signed by who may; 6 stops and restarts, each with its cause"


@pytest.mark.parametrize("who", ["dr.martin", "a.second", "m.gerant", "agent-a", "agent-b"])
def test_whoever_the_agreement_names_may_stop_the_line(migration: Make, who: str) -> None:
    assert stopped(migration(), ("suspend", who)).consistent


@pytest.mark.parametrize("who", ["a.second", "m.gerant", "agent-a", "agent-b"])
@pytest.mark.parametrize("action", ["resume", "abort"])
def test_only_the_director_resumes_and_aborts(migration: Make, who: str, action: str) -> None:
    assert first_failure(stopped(migration(), ("suspend", "agent-a"), (action, who))) == "instructions"
    assert stopped(migration(), ("suspend", "agent-a"), (action, "dr.martin")).consistent


def _bent(**fields: Any) -> dict[str, Any]:
    return {"bend": lambda value: changed(value, **fields) if isinstance(value, Instruction) else value}


@pytest.mark.parametrize(
    ("bends", "step"),
    [
        (_bent(order=ZERO), "instructions"),
        (_bent(signatory="a.second"), "journal.source.facts"),
        (_bent(signatory="nobody"), "journal.source.facts"),
        (_bent(action=Action.RESUME), "journal.source.facts"),
        (_bent(given_at=NOW), "journal.source.facts"),
        ({"bend_signers": lambda v, ids: ["m.gerant"] if isinstance(v, Instruction) else ids}, "instructions"),
        ({"bend_signers": lambda v, ids: [] if isinstance(v, Instruction) else ids}, "instructions"),
        ({"bend_signers": lambda v, ids: [*ids, "stranger"] if isinstance(v, Instruction) else ids}, "instructions"),
    ],
    ids=["order", "signatory", "nobody", "action", "later", "another signs", "unsigned", "a stranger too"],
)
def test_an_instruction_that_is_none(migration: Make, bends: dict[str, Any], step: str) -> None:
    made = migration(**bends)
    assert first_failure(stopped(made, ("abort", "dr.martin"))) == step


@pytest.mark.parametrize(
    ("event", "subject"),
    [(Event.ABORTED, ""), (Event.ABORTED, "erase_by has passed"), (Event.ABORTED, "as agreed"), (Event.RESUMED, "")],
)
def test_an_agent_that_ends_or_resumes_on_its_own(migration: Make, event: Event, subject: str) -> None:
    made = migration()
    list(made.run("sealed"))
    made.instruct("suspend", "dr.martin", made.source)
    made.source.log(event, subject=subject)
    report = seen(made)
    assert first_failure(report) == "instructions"


def test_what_a_gate_suspended_an_engineer_resumes(migration: Make) -> None:
    made = migration()
    list(made.run("extracting"))
    made.source.log(Event.SUSPENDED, subject="request-2018-0001")
    made.source.log(Event.RESUMED)
    assert seen(made).consistent


@pytest.mark.parametrize("how", ["flip", "drop", "unsign", "flip signature", "rename"])
def test_tampered_with_on_the_way(migration: Make, tmp_path: Any, how: str) -> None:
    made = migration()
    stopped(made, ("suspend", "dr.martin"))
    members = unpack(made.bundle("whole.zip"))
    name = find(members, "source", "instruction")
    (signature,) = signatures_of(members, name)
    if how == "flip":
        members[name] = flipped(members[name])
    elif how == "drop":
        del members[name], members[signature]
    elif how == "unsign":
        del members[signature]
    elif how == "flip signature":
        members[signature] = flipped(members[signature])
    else:
        members[signature.replace("dr.martin", "m.gerant")] = members.pop(signature)
    step = {"flip": "addresses", "drop": "journal.source.pins"}.get(how, "instructions")
    assert first_failure(audit(members, tmp_path)) == step
