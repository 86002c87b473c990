"""Suspending, resuming and aborting by signed instruction, and the instruction's way to the other place.

An instruction is recorded at each place that hears of it, once; it travels through the mailbox, where it stays for the
other place to find. What a gate suspended is not an instruction's: the engineer who mended its cause resumes it.
"""

import datetime as dt
from pathlib import Path

from ecluse.control.admit import Signatures
from ecluse.control.desk import fetch, papers_of, send
from ecluse.control.ports import Mailbox
from ecluse.control.signatures import sign_artefact, signer_of_key, verified_signers
from ecluse.domain.agreement import Agreement
from ecluse.domain.entry import Entry, Event
from ecluse.domain.errors import EcluseError, Location, MalformedError, OrderError, SignatureError, TransitionError
from ecluse.domain.instruction import Action, Instruction
from ecluse.domain.lifecycle import Move, State, after
from ecluse.domain.policies import check_instruction
from ecluse.wire.artefacts import decode, digest_of
from ecluse.workspace.place import Workspace

EVENTS = {Action.SUSPEND: Event.SUSPENDED, Action.RESUME: Event.RESUMED, Action.ABORT: Event.ABORTED}
_MOVES = {Action.SUSPEND: Move.SUSPEND, Action.RESUME: Move.RESUME, Action.ABORT: Move.ABORT}
_PREFIX = "instruction."


def is_instruction(name: str) -> bool:
    """Whether a mailbox's file is an instruction or a signature of one."""
    return name.startswith(_PREFIX)


def signed_instruction(place: Workspace, key: Path, action: Action, reason: str) -> tuple[Instruction, Signatures]:
    """An instruction about this place's order, signed; nothing is recorded yet.

    Raises:
        TransitionError: this place has no order yet.
        SignatureError: the agreement does not list the key.
        OrderError: its owner may not instruct that.
    """
    agreement = place.pinned(Agreement)
    # Never two in one second: the other place follows them in the order of their dates.
    known = [place.get(Instruction, address).given_at for address in _recorded(place)]
    made = Instruction(
        format="ecluse.instruction/1",
        order=place.progress().pins["order"],
        action=action,
        reason=reason,
        given_at=max([place.now(), *(at + dt.timedelta(seconds=1) for at in known)]),
        signatory=signer_of_key(key, agreement),
    )
    check_instruction(made, agreement)
    return made, {made.signatory: sign_artefact(made, key)}


def admit_instruction(place: Workspace, instruction: Instruction, by: Signatures) -> None:
    """Record an instruction and do what it says. Repeating it is harmless.

    Raises:
        SignatureError: not signed by its signatory, or about another order.
        OrderError: the signatory may not instruct that.
        TransitionError: not in this state.
    """
    agreement = place.pinned(Agreement)
    if instruction.order != place.progress().pins.get("order"):
        raise SignatureError("the instruction is about another order")
    check_instruction(instruction, agreement)
    if instruction.signatory not in verified_signers(instruction, by, agreement):
        raise SignatureError(f"the instruction is not signed by {instruction.signatory}")
    address = digest_of(instruction)
    if address in _recorded(place):
        return
    progress = place.progress()
    after(progress.state, _MOVES[instruction.action], resumes=progress.before_suspension)
    place.put(instruction, by)
    place.log(EVENTS[instruction.action], subject=address, by=instruction.signatory)


def suspension(place: Workspace) -> Instruction | None:
    """The instruction by which this place is suspended; None where it is not, or where a gate suspended it."""
    if place.progress().state is not State.SUSPENDED:
        return None
    last = [entry for entry in place.entries() if entry.event is Event.SUSPENDED][-1]
    return place.get(Instruction, last.subject) if is_instructed(last) else None


def exchange_instructions(place: Workspace, mailbox: Mailbox) -> tuple[Instruction, ...]:
    """Send this place's instructions, and record those that wait for it and still mean something; returns the latter.

    What is wrong is told after all that is right was recorded: a stray paper must not keep a stop from being heard.

    Raises:
        MalformedError: a paper that is no instruction.
        SignatureError, OrderError: one about this order that is not signed by who may.
        RetryableError: the mailbox failed; what was recorded stands.
    """
    if "order" not in place.progress().pins or place.progress().state is State.ERASED:
        return ()
    waiting = set(mailbox.waiting())
    for address in _recorded(place):
        _send(place, mailbox, address, waiting)
    found: list[tuple[Instruction, Signatures]] = []
    told: list[Instruction] = []
    wrong: EcluseError | None = None
    for name in _unknown(place, waiting):
        try:
            found.append(_paper(place, mailbox, name, waiting))
        except MalformedError as error:
            wrong = wrong or error
    for instruction, by in sorted(found, key=lambda each: each[0].given_at):
        try:
            if _applies(place, instruction):
                admit_instruction(place, instruction, by)
                told.append(instruction)
        except (SignatureError, OrderError) as error:
            wrong = wrong or error
    if wrong is not None:
        raise wrong
    return tuple(told)


def check_goes_on(place: Workspace) -> None:
    """Refuse to move anything at a place that was told to stop.

    Raises:
        TransitionError: it is suspended, aborted or erased.
    """
    state = place.progress().state
    if state in {State.SUSPENDED, State.ABORTED, State.ERASED}:
        raise TransitionError(f"nothing moves in a migration that is {state}", location=Location(file=str(place.root)))


def _applies(place: Workspace, instruction: Instruction) -> bool:
    """Whether a waiting instruction is news here, and fits; an old permission lifts no newer suspension."""
    progress = place.progress()
    if instruction.order != progress.pins["order"] or digest_of(instruction) in _recorded(place):
        return False
    if instruction.action is Action.RESUME:
        lifted = suspension(place)
        return lifted is not None and lifted.given_at <= instruction.given_at
    try:
        after(progress.state, _MOVES[instruction.action])
    except TransitionError:
        return False
    return True


def _recorded(place: Workspace) -> tuple[str, ...]:
    return tuple(entry.subject for entry in place.entries() if is_instructed(entry))


def is_instructed(entry: Entry) -> bool:
    """Whether an entry records an instruction."""
    return entry.event in EVENTS.values() and entry.subject.startswith("sha256:")


def _send(place: Workspace, mailbox: Mailbox, address: str, waiting: set[str]) -> None:
    for name, data in papers_of(place, Instruction, address).items():
        if name not in waiting:
            send(place, mailbox, name, data)


def _unknown(place: Workspace, names: set[str]) -> list[str]:
    """The instructions that wait and are not recorded here."""
    known = {f"{_PREFIX}{address.removeprefix('sha256:')}.json" for address in _recorded(place)}
    return sorted(name for name in names - known if is_instruction(name) and name.endswith(".json"))


def _paper(place: Workspace, mailbox: Mailbox, name: str, names: set[str]) -> tuple[Instruction, Signatures]:
    stem = name.removesuffix("json")
    signatures = {
        other[len(stem) : -len(".sig")]: fetch(place, mailbox, other)
        for other in sorted(names)
        if other.startswith(stem) and other.endswith(".sig")
    }
    return decode(Instruction, fetch(place, mailbox, name), file=name), signatures
