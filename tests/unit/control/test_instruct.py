"""Instructions at one place and between two: once, in order, and only what they say."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from ecluse.adapters.mailboxes.folder import FolderMailbox
from ecluse.control.instruct import (
    admit_instruction,
    check_goes_on,
    exchange_instructions,
    signed_instruction,
    suspension,
)
from ecluse.domain.entry import Event
from ecluse.domain.errors import MalformedError, OrderError, SignatureError, TransitionError
from ecluse.domain.instruction import Action, Instruction
from ecluse.domain.lifecycle import State
from ecluse.wire.artefacts import digest_of, encode
from ecluse.workspace.place import Workspace
from synthetic_evidence import Migration

Brought = Callable[[str | None], Migration]
SUSPEND, RESUME, ABORT = Action.SUSPEND, Action.RESUME, Action.ABORT


@pytest.fixture
def box(tmp_path: Path) -> FolderMailbox:
    return FolderMailbox(tmp_path / "box")


def give(made: Migration, place: Workspace, action: Action, who: str = "dr.martin") -> Instruction:
    told, by = signed_instruction(place, made.keys.folder / who, action, "why not")
    admit_instruction(place, told, by)
    return told


def names(box: Path) -> list[str]:
    return sorted(path.name for path in box.iterdir())


def test_recorded_once_however_often_it_comes(brought: Brought) -> None:
    made = brought("sealed")
    told, by = signed_instruction(made.source, made.keys.folder / "agent-a", SUSPEND, "a doubt")
    for _ in range(3):
        admit_instruction(made.source, told, by)
    found = [entry for entry in made.source.entries() if entry.event is Event.SUSPENDED]
    assert [(e.subject, e.detail) for e in found] == [(digest_of(told), {"by": "agent-a"})]
    assert made.source.progress().state is State.SUSPENDED
    assert suspension(made.source) == told


def test_two_are_never_dated_alike(brought: Brought) -> None:
    """The other place follows them in the order of their dates, and a second is long."""
    made = brought("sealed")
    at = made.clock()
    made.source.clock = lambda: at
    told = [give(made, made.source, action) for action in (SUSPEND, RESUME, SUSPEND)]
    dates = [each.given_at for each in told]
    assert dates == sorted(set(dates))


def test_what_the_signature_does_not_cover_is_refused(brought: Brought) -> None:
    made = brought("sealed")
    told, by = signed_instruction(made.source, made.keys.folder / "dr.martin", SUSPEND, "a doubt")
    before = made.source.journal.size
    for value, signatures in (
        (replace(told, action=ABORT), by),
        (told, {}),
        (told, {"m.gerant": made.keys.sign(told, "m.gerant")}),
        (replace(told, order="sha256:" + "0" * 64), by),
    ):
        with pytest.raises(SignatureError):
            admit_instruction(made.source, value, signatures)
    other = replace(told, signatory="agent-a", action=ABORT)
    with pytest.raises(OrderError, match="may not instruct to abort") as caught:
        admit_instruction(made.source, other, {"agent-a": made.keys.sign(other, "agent-a")})
    assert caught.value.hint == "who may: dr.martin"
    assert made.source.journal.size == before


def test_a_gate_s_suspension_is_nobody_s_instruction(brought: Brought) -> None:
    made = brought("sealed")
    made.source.log(Event.SUSPENDED, subject="request-2018-0001")
    assert suspension(made.source) is None
    give(made, made.source, RESUME)
    assert made.source.progress().state is State.SEALED
    assert suspension(made.source) is None


@pytest.mark.parametrize("stage", ["planned", "sealed", "reconciled"])
def test_nothing_goes_on(brought: Brought, stage: str) -> None:
    made = brought(stage)
    check_goes_on(made.source)
    give(made, made.source, SUSPEND)
    with pytest.raises(TransitionError, match="suspended"):
        check_goes_on(made.source)
    give(made, made.source, RESUME)
    check_goes_on(made.source)
    give(made, made.source, ABORT)
    with pytest.raises(TransitionError, match="aborted"):
        check_goes_on(made.source)
    for action in (SUSPEND, RESUME, ABORT):
        with pytest.raises(TransitionError):
            give(made, made.source, action)


def test_the_other_place_hears_everything_in_order(brought: Brought, box: FolderMailbox, tmp_path: Path) -> None:
    made = brought("delivered")
    told = [give(made, made.source, action) for action in (SUSPEND, RESUME, SUSPEND)]
    assert exchange_instructions(made.source, box) == ()
    sent = names(tmp_path / "box")
    assert len(sent) == 6
    assert exchange_instructions(made.source, box) == ()
    assert exchange_instructions(made.destination, box) == tuple(told)
    assert made.destination.progress().state is State.SUSPENDED
    assert suspension(made.destination) == told[-1]
    for place in (made.source, made.destination, made.source):
        assert exchange_instructions(place, box) == ()
    assert names(tmp_path / "box") == sent
    last = give(made, made.destination, ABORT)
    exchange_instructions(made.destination, box)
    assert exchange_instructions(made.source, box) == (last,)
    assert made.source.progress().state is State.ABORTED


def test_an_old_permission_lifts_no_newer_stop(brought: Brought, box: FolderMailbox) -> None:
    """A resumption that this place never needed waits for ever; it must not lift what was said after it."""
    made = brought("delivered")
    give(made, made.source, SUSPEND)
    give(made, made.source, RESUME)
    exchange_instructions(made.source, box)
    for name in box.waiting():
        if name.endswith(".json") and b"suspend" in (box._root / name).read_bytes():
            box.discard(name)
    made.destination.log(Event.SUSPENDED, subject="request-2018-0001")
    assert exchange_instructions(made.destination, box) == ()
    assert made.destination.progress().state is State.SUSPENDED
    made.destination.log(Event.RESUMED)
    for _ in range(9):
        made.clock()
    newer = give(made, made.destination, SUSPEND, "agent-b")
    assert exchange_instructions(made.destination, box) == ()
    assert suspension(made.destination) == newer


def test_two_stops_at_once_need_one_resumption(brought: Brought, box: FolderMailbox) -> None:
    """Each place was stopped before it heard of the other's stop."""
    made = brought("delivered")
    stops = [give(made, made.source, SUSPEND, "agent-a"), give(made, made.destination, SUSPEND, "agent-b")]
    assert exchange_instructions(made.source, box) == ()
    assert exchange_instructions(made.destination, box) == (stops[0],)
    assert exchange_instructions(made.source, box) == (stops[1],)
    give(made, made.source, RESUME)
    for place in (made.source, made.destination, made.source, made.destination):
        exchange_instructions(place, box)
    assert made.source.progress().state is State.DELIVERED
    assert made.destination.progress().state is State.DELIVERED


def test_who_stops_what_a_gate_stopped_is_heard(brought: Brought, box: FolderMailbox) -> None:
    """The engineer may resume what the gate stopped; not what somebody stopped meanwhile."""
    made = brought("delivered")
    made.destination.log(Event.SUSPENDED, subject="request-2018-0001")
    stop = give(made, made.source, SUSPEND, "agent-a")
    exchange_instructions(made.source, box)
    assert exchange_instructions(made.destination, box) == (stop,)
    assert suspension(made.destination) == stop
    give(made, made.destination, RESUME)
    assert made.destination.progress().state is State.DELIVERED


def test_another_migration_s_instructions_are_none_of_ours(brought: Brought, box: FolderMailbox) -> None:
    made = brought("delivered")
    told, _ = signed_instruction(made.source, made.keys.folder / "dr.martin", ABORT, "x")
    other = replace(told, order="sha256:" + "1" * 64)
    stem = f"instruction.{digest_of(other).removeprefix('sha256:')}"
    box._root.mkdir()
    (box._root / f"{stem}.json").write_bytes(encode(other))
    (box._root / f"{stem}.dr.martin.sig").write_bytes(made.keys.sign(other, "dr.martin"))
    assert exchange_instructions(made.destination, box) == ()
    assert made.destination.progress().state is State.DELIVERED


@pytest.mark.parametrize("data", [b"", b"{}", b"\xff", b'{"format":"ecluse.order/1"}'])
def test_a_paper_that_does_not_parse_is_said(brought: Brought, box: FolderMailbox, data: bytes) -> None:
    made = brought("delivered")
    box._root.mkdir()
    (box._root / f"instruction.{'0' * 64}.json").write_bytes(data)
    with pytest.raises(MalformedError):
        exchange_instructions(made.destination, box)
    assert not list((made.destination.root / "desk").iterdir())


def test_a_place_without_an_order_hears_nothing(brought: Brought, box: FolderMailbox) -> None:
    made = brought("planned")
    give(made, made.source, SUSPEND)
    exchange_instructions(made.source, box)
    assert exchange_instructions(made.destination, box) == ()
    with pytest.raises(TransitionError, match="no agreement yet"):
        signed_instruction(made.destination, made.keys.folder / "dr.martin", SUSPEND, "x")


def test_what_is_wrong_is_told_after_what_is_right_was_heard(brought: Brought, box: FolderMailbox, tmp_path: Path) -> None:
    """A stray paper, or a forged one, must not keep a stop from being heard."""
    made = brought("delivered")
    told = give(made, made.source, SUSPEND)
    exchange_instructions(made.source, box)
    (tmp_path / "box" / "instruction.00.json").write_bytes(b"{")
    with pytest.raises(MalformedError, match=r"instruction\.00\.json"):
        exchange_instructions(made.destination, box)
    assert suspension(made.destination) == told
    box.discard("instruction.00.json")
    forged = replace(told, action=ABORT, signatory="dr.martin")
    (tmp_path / "box" / "instruction.00.json").write_bytes(encode(forged))
    give(made, made.source, RESUME)
    with pytest.raises(SignatureError, match=r"not signed by dr\.martin"):
        exchange_instructions(made.source, box)
    with pytest.raises(SignatureError):
        exchange_instructions(made.destination, box)
    assert suspension(made.destination) is None
    assert made.destination.progress().state is not State.ABORTED
