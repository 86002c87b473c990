"""What the controller decides in the room, signed by passkey: instructions, and the acceptance (R4, law 3).

Nothing moves by them here: they wait for the agents, which verify them and record them in their places' journals; the
migration's row follows those.
"""

import datetime as dt

from ecluse.domain import policies
from ecluse.domain.errors import SignatureError, TransitionError
from ecluse.domain.instruction import Action, Instruction
from ecluse.domain.lifecycle import State
from ecluse.domain.records import Acceptance, Decision, Reconciliation
from ecluse.domain.room import RoomEvent
from ecluse.store.acts.agreements import artefact_of, keep_signature, parties_of
from ecluse.store.models import Migration, Paper, Person
from ecluse.store.recording import Act, act
from ecluse.wire.artefacts import decode, digest_of, encode, kind_of, utc

_OVER = frozenset({State.ERASED, State.ABORTED, State.REFUSED, State.ACCEPTED})


def instruction_of(migration: Migration, action: Action, reason: str, by: Person, now: dt.datetime) -> Instruction:
    """The instruction that a person is about to sign; later than every other about this order, by a second at least.

    Raises:
        OrderError: the person may not instruct that under the agreement.
        TransitionError: the migration is over, or not suspended where it should go on.
    """
    state, stopped = State(migration.state), migration.state == State.SUSPENDED or _was_stopped(migration)
    fits = {Action.SUSPEND: not stopped, Action.RESUME: stopped, Action.ABORT: True}
    if state in _OVER or not fits[action]:
        raise TransitionError(f"cannot {action} a migration that is {state}")
    given = [each.given_at for each in instructions(migration)]
    at = max([utc(now), *(each + dt.timedelta(seconds=1) for each in given)])
    made = Instruction("ecluse.instruction/1", migration.order.digest, action, reason, at, by.handle)
    policies.check_instruction(made, artefact_of(migration.order.agreement))
    return made


def _was_stopped(migration: Migration) -> bool:
    """Whether the last instruction says stop, though no agent has reported so yet."""
    given = sorted(instructions(migration), key=lambda each: each.given_at)
    return bool(given) and given[-1].action is Action.SUSPEND


def instructions(migration: Migration) -> tuple[Instruction, ...]:
    """Every instruction that the room holds about a migration."""
    found = Paper.objects.filter(migration=migration, kind="instruction").values_list("data", flat=True)
    return tuple(decode(Instruction, bytes(data), file="instruction") for data in found)


def acceptance_of(migration: Migration, decision: Decision, remarks: str, by: Person, now: dt.datetime) -> Acceptance:
    """The decision that a director is about to sign.

    Raises:
        TransitionError: nothing has been reconciled, or it was decided already.
        OrderError: it does not fit the reconciliation, or the person may not decide (law 3).
    """
    account = reconciliation_of(migration)
    if account is None or State(migration.state) is not State.RECONCILED:
        raise TransitionError(f"cannot accept a migration that is {migration.state}")
    if Paper.objects.filter(migration=migration, kind="acceptance").exists():
        raise TransitionError("this reconciliation was decided on already")
    made = Acceptance(
        format="ecluse.acceptance/1",
        order=migration.order.digest,
        reconciliation=digest_of(account),
        decision=decision,
        differences=len(account.differences),
        remarks=remarks,
        decided_at=utc(now),
        signatory=by.handle,
    )
    policies.check_acceptance(made, account, artefact_of(migration.order.agreement))
    return made


def reconciliation_of(migration: Migration) -> Reconciliation | None:
    """The account that the destination's agent gave, if it has."""
    data = Paper.objects.filter(migration=migration, kind="reconciliation").values_list("data", flat=True).first()
    return None if data is None else decode(Reconciliation, bytes(data), file="reconciliation")


@act
def instruct(act: Act, migration: Migration, instruction: Instruction, armour: bytes) -> None:
    """Keep a signed instruction for the agents to fetch.

    Raises:
        SignatureError: it does not verify, or is about another order.
        OrderError: its signatory may not instruct that.
    """
    agreement = artefact_of(migration.order.agreement)
    if instruction.order != migration.order.digest:
        raise SignatureError("the instruction is about another order")
    policies.check_instruction(instruction, agreement)
    _keep(act, migration, instruction)
    keep_signature(act, instruction, agreement, instruction.signatory, armour)
    act.record(
        RoomEvent.INSTRUCTED, *parties_of(migration.order.agreement), subject=digest_of(instruction),
        action=str(instruction.action), order=migration.order.digest,
    )  # fmt: skip


@act
def decide(act: Act, migration: Migration, acceptance: Acceptance, armour: bytes) -> None:
    """Keep the signed decision on the reconciliation for the agents to fetch.

    Raises:
        TransitionError: it was decided already.
        SignatureError: it does not verify, or is about another reconciliation.
        OrderError: it does not fit, or its signatory may not decide.
    """
    agreement, account = artefact_of(migration.order.agreement), reconciliation_of(migration)
    Migration.objects.select_for_update().get(pk=migration.pk)
    if Paper.objects.filter(migration=migration, kind="acceptance").exists():
        raise TransitionError("this reconciliation was decided on already")
    if account is None or (acceptance.order, acceptance.reconciliation) != (migration.order.digest, digest_of(account)):
        raise SignatureError("the decision is about another reconciliation")
    policies.check_acceptance(acceptance, account, agreement)
    _keep(act, migration, acceptance)
    keep_signature(act, acceptance, agreement, acceptance.signatory, armour)
    act.record(
        RoomEvent.DECIDED, *parties_of(migration.order.agreement), subject=digest_of(acceptance),
        decision=str(acceptance.decision), order=migration.order.digest,
    )  # fmt: skip


def _keep(act: Act, migration: Migration, value: Instruction | Acceptance) -> None:
    Paper.objects.create(
        migration=migration, kind=kind_of(type(value)), digest=digest_of(value), data=encode(value), received_at=act.now
    )


@act
def note_evidence_taken(act: Act, migration: Migration, bundle: str) -> None:
    """Somebody took the evidence bundle whose digest is ``bundle``."""
    act.record(
        RoomEvent.EVIDENCE_TAKEN, *parties_of(migration.order.agreement), subject=migration.order.digest, bundle=bundle
    )
