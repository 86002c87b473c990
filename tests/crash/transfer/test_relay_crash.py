"""Law 4 through a relay: sender, recipient and relay cut off at any call, or killed as processes; all goes on.

The first half cuts at calls of a door over the relay's rules, each in a fresh relay over the same folder; the second
kills real processes as the relay's journal grows.
"""

import shutil
import signal
import subprocess
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from ecluse.adapters.mailboxes.relay import RelayMailbox
from ecluse.control.papers import read_paper
from ecluse.control.signatures import sign_artefact
from ecluse.control.transfer import deliver, receive
from ecluse.domain.access import Access
from ecluse.domain.agreement import Agreement
from ecluse.domain.lifecycle import State
from ecluse.relay.desk import Desk
from ecluse.relay.home import Home
from ecluse.relay.log import Log
from ecluse.workspace.place import Place, Workspace
from migrating import Desk as Migrating
from relay_doors import DeskDoor
from relay_running import AT, Running
from relays import DESTINATION, HERE, SOURCE, relay_home

POINTS = 12
"""How many of a step's calls are cut; all of them would be hundreds."""


class Cut(BaseException):
    """The process is gone."""


class Stage:
    """A migration that is sealed, one that was delivered to a relay, and how many calls each step makes."""

    def __init__(self, root: Path) -> None:
        self.desk = Migrating.made(root / "desk", patients=12)
        self.desk.plan()
        self.desk.ecluse("extract", "-w", "migration")
        relay_home(root / "relay", self.desk)
        self.agreement = read_paper(Agreement, self.desk.path("agreement.json")).digest
        self.keys = {
            name: (root / "ssh" / f"{name}.pub").read_text().rsplit(" ", 1)[0] for name in (SOURCE, DESTINATION)
        }
        self.sealed = root / "sealed"
        self.sealed.mkdir()
        shutil.copytree(self.desk.path("migration", "source"), self.sealed / "source")
        shutil.copytree(root / "relay", self.sealed / "relay")
        self.delivered = root / "delivered"
        shutil.copytree(self.sealed, self.delivered)
        self.calls = {"deliver": self.run(self.delivered, "deliver")}
        whole = root / "whole"
        shutil.copytree(self.delivered, whole)
        self.calls["receive"] = self.run(whole, "receive")

    def run(self, root: Path, step: str, cut: int | None = None) -> int:
        """Do a step, cut off at its ``cut``-th call; gives how many there were."""
        home = Home(root / "relay")
        desk = Desk(home, Log(home))
        agent = SOURCE if step == "deliver" else DESTINATION
        calls = 0

        def fault(_what: str) -> None:
            nonlocal calls
            calls += 1
            if calls == cut:
                raise Cut

        door = DeskDoor(desk, desk.enter(agent, self.keys[agent], HERE, "sftp"), fault)
        if step == "deliver":
            with Workspace(root / "source") as place:
                box = place.progress().pins["order"].removeprefix("sha256:")[:16]
                deliver(place, RelayMailbox(door, "rules", box))
            return calls
        if not (root / "destination").exists():
            Workspace.create(root / "destination", Place.DESTINATION, DESTINATION).close()
        key = self.desk.path("keys", DESTINATION)
        with Workspace(root / "destination") as place:
            mailbox = RelayMailbox(door, "rules")
            receive(place, mailbox, lambda each: {DESTINATION: sign_artefact(each, key)}, agreement=self.agreement)
        return calls


@pytest.fixture(scope="module")
def stage(tmp_path_factory: pytest.TempPathFactory) -> Stage:
    return Stage(tmp_path_factory.mktemp("stage"))


def spread(calls: int) -> Iterator[int]:
    yield from sorted({1 + calls * number // POINTS for number in range(POINTS)} | {calls})


def events(root: Path, event: Access) -> list[str]:
    return [each.subject for each in Log(Home(root / "relay")).entries() if each.event is event]


def state(root: Path, place: str) -> State:
    with Workspace(root / place) as opened:
        return opened.progress().state


def test_a_sender_cut_off_at_any_call_goes_on(stage: Stage, tmp_path: Path) -> None:
    for cut in spread(stage.calls["deliver"]):
        root = tmp_path / str(cut)
        shutil.copytree(stage.sealed, root)
        with pytest.raises(Cut):
            stage.run(root, "deliver", cut)
        stage.run(root, "deliver")
        assert state(root, "source") is State.DELIVERED
        stored = events(root, Access.PARCEL_STORED)
        assert sorted(stored) == sorted(set(events(stage.delivered, Access.PARCEL_STORED))), cut
        assert not events(root, Access.PAPER_REFUSED) + events(root, Access.PARCEL_REFUSED)
        stage.run(root, "receive")
        assert state(root, "destination") is State.DELIVERED
        shutil.rmtree(root)


def test_a_recipient_cut_off_at_any_call_goes_on(stage: Stage, tmp_path: Path) -> None:
    for cut in spread(stage.calls["receive"]):
        root = tmp_path / str(cut)
        shutil.copytree(stage.delivered, root)
        with pytest.raises(Cut):
            stage.run(root, "receive", cut)
        stage.run(root, "receive")
        assert state(root, "destination") is State.DELIVERED
        with Workspace(root / "destination") as place:
            assert len(place.progress().received) == len(stage_batches(stage))
        assert not list((root / "relay" / "boxes").glob("*/parcels/*.age"))
        assert not list((root / "destination").rglob("*.coming"))
        shutil.rmtree(root)


def stage_batches(stage: Stage) -> list[str]:
    with Workspace(stage.delivered / "source") as place:
        return list(place.progress().sealed)


@pytest.mark.parametrize("scheme", ["https", "sftp"])
def test_processes_killed_as_the_relay_s_journal_grows(tmp_path: Path, scheme: str) -> None:
    """Sender and relay by turns while it is delivered, recipient and relay while it is received."""
    with Running.over(tmp_path, scheme) as world:
        world.plan()
        world.source("extract")
        _killed_by_turns(world, ("deliver", "-w", AT[SOURCE]))
        assert world.state(SOURCE) == "delivered"
        _killed_by_turns(world, ("receive", "-w", AT[DESTINATION], *world.first()))
        assert not world.parcels
        world.destination("load")
        world.destination("reconcile")
        accepted = world.destination("accept", "--key", "keys/dr.martin", "--json").json()
        assert accepted["acceptance"]["decision"] == "accepted"
        world.source("accept")
        assert world.state(SOURCE) == "erased"
        stored = [each.subject for each in world.entries() if each.event is Access.PARCEL_STORED]
        assert len(stored) == len(set(stored))


def _killed_by_turns(world: Running, command: tuple[str, ...]) -> None:
    """Run a command again and again; each time, when the relay has done a little more, one of both dies."""
    for turn, more in enumerate((2, 5, 9, 14)):
        target = _size(world) + more
        process = subprocess.Popen(
            world.desk.command(*command), cwd=world.desk.root, env=world.desk.environment(),
            stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
        )  # fmt: skip
        try:
            _until(lambda target=target, process=process: _size(world) >= target or process.poll() is not None)
            if turn % 2:
                world.kill(signal.SIGKILL)
                world.start()
            else:
                process.kill()
            process.wait(timeout=120)
        finally:
            process.kill()
            process.wait()
    world.desk.spawn(*command)


def _size(world: Running) -> int:
    return int((world.home.journal / "checkpoint").read_text().splitlines()[1])


def _until(done: Callable[[], bool], seconds: float = 60) -> None:
    end = time.monotonic() + seconds
    while not done():
        assert time.monotonic() < end
        time.sleep(0.005)
