"""A relay that reports to a real room: within seconds, refused when it is set back, loud when nobody hears it.

With agents beside it, the whole of it: a room, two agents and a relay, each a process of its own.
"""

import contextlib
import json
import shutil
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from agents_at_work import OPTIONS, World, a_room, serving
from ecluse.domain.access import Access
from migrating import OUT, Done, expected_rows, holding, numbers
from relay_running import Running
from relays import DESTINATION, SOURCE


def soon(found: Callable[[], Any], seconds: float = 15.0) -> Any:
    """What is found, as soon as something is."""
    end = time.monotonic() + seconds
    while not (value := found()):
        assert time.monotonic() < end, "it did not come"
        time.sleep(0.1)
    return value


@contextlib.contextmanager
def _worked(root: Path, scheme: str) -> Iterator[tuple[World, Running]]:
    """A room with both agents, and a relay that is enrolled there and runs."""
    with a_room(root) as world:
        relay = Running.on(root, scheme, world.desk)
        code = world.seed("relay", "relais")
        world.desk.ecluse("relay", "enrol", world.url, code, "--home", str(relay.home.root), "--by", "adm.roux")
        relay.start()
        try:
            yield world, relay
        finally:
            relay.kill()


def _agent(world: World, relay: Running, place: str, code: int | None = 0) -> Done:
    agent = {"source": SOURCE, "destination": DESTINATION}[place]
    return world.desk.spawn(
        "agent", "run", "-w", f"at-{place}", "--agreement", "agreement.json", *OPTIONS[place], *relay.options(agent),
        "--once", code=code,
    )  # fmt: skip


@pytest.mark.parametrize("scheme", ["https", "sftp"])
def test_agents_carry_an_order_through_a_relay_that_tells_the_room(tmp_path: Path, scheme: str) -> None:
    with _worked(tmp_path, scheme) as (world, relay):
        world.seed("approve")
        _agent(world, relay, "source")
        assert relay.parcels
        _agent(world, relay, "destination")
        assert not relay.parcels
        world.seed("decide")
        _agent(world, relay, "destination")
        _agent(world, relay, "source")
        assert world.state() == "erased"
        assert numbers(world.desk.target_rows()) == numbers(expected_rows(world.desk.built))
        kept = len(relay.entries())
        told = soon(lambda: ((found := world.seed("relayed"))["size"] or 0) >= kept and found)
        events = {each["event"] for each in told["events"]}
        assert {"relay.started", "box.opened", "box.complete", "parcel.stored", "parcel.taken"} <= events
        stored = next(each for each in told["events"] if each["event"] == "parcel.stored")
        assert stored == {
            "event": "parcel.stored", "actor": SOURCE, "origin": "127.0.0.1", "concerns": ["vendor", "lab"]
        }  # fmt: skip
        assert told["refused"] == []
        assert holding(OUT, relay.home.root) == []


def test_an_event_is_at_the_room_within_two_seconds(tmp_path: Path) -> None:
    with _worked(tmp_path, "https") as (world, relay):
        soon(lambda: world.seed("relayed")["size"])
        before = len(relay.entries())
        relay.mailbox(SOURCE).waiting()
        soon(lambda: _size(world) > before)
        # Entries have whole seconds, so up to one of the lag is theirs.
        assert world.seed("relayed")["lag_s"] < 3


def _size(world: World) -> int:
    return int(world.seed("relayed")["size"] or 0)


def test_a_journal_that_was_set_back_is_refused_and_told(tmp_path: Path) -> None:
    with _worked(tmp_path, "https") as (world, relay):
        soon(lambda: world.seed("relayed")["size"])
        relay.kill()
        shutil.copytree(relay.home.journal, tmp_path / "backup")
        relay.start()
        relay.mailbox(SOURCE).waiting()
        kept = len(relay.entries())
        soon(lambda: _size(world) >= kept)
        relay.kill()
        shutil.rmtree(relay.home.journal)
        shutil.copytree(tmp_path / "backup", relay.home.journal)
        relay.start()
        refused = soon(lambda: world.seed("relayed")["refused"])
        assert refused[0]["kind"] in {"set_back", "rewritten"}
        assert refused[0]["place"] == "relay"
        soon(lambda: [each for each in relay.entries() if each.event is Access.ROOM_SILENT])
        said = [each.detail["reason"] for each in relay.entries() if each.event is Access.ROOM_SILENT]
        assert "refused" in said


def test_a_room_that_is_silent_is_told_by_the_relay_and_heard_of_again(tmp_path: Path) -> None:
    with a_room(tmp_path, enrolled=False) as world:
        relay = Running.on(tmp_path, "https", world.desk)
        code = world.seed("relay", "relais")
        home = str(relay.home.root)
        assert world.desk.ecluse("relay", "enrol", world.url, "no-code", "--home", home, "--by", "a.b", code=None).code
        world.desk.ecluse("relay", "enrol", world.url, code, "--home", home, "--by", "adm.roux")
        settings = relay.home.root / "relay.yaml"
        settings.write_text(settings.read_text() + "room_silent_s: 1\n")
        port = int(world.url.rpartition(":")[2])
    relay.start()  # the room is gone
    try:
        silent = soon(lambda: [each for each in relay.entries() if each.event is Access.ROOM_SILENT])
        assert silent[0].detail["reason"] == "unreachable"
        with serving(world.desk, world.home, port):
            soon(lambda: [e for e in relay.entries() if e.event is Access.REPORTED and e.subject == "again"], 60)
            kept = json.loads(json.dumps(world.seed("relayed")))["events"]
            assert any(each["event"] == "room.silent" for each in kept)
    finally:
        relay.kill()
