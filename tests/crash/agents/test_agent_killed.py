"""``kill -9`` of an agent wherever it happens to be: the same command goes on, and the room's account is whole."""

import os
import signal
import subprocess
import time
from pathlib import Path

from agents_at_work import World, a_room
from migrating import expected_rows, numbers


def _killed_after(world: World, place: str, seconds: float) -> None:
    """Start an agent and kill it outright, unless it has ended before."""
    process = subprocess.Popen(
        world.desk.command(*world.arguments(place, "--poll", "1")),
        cwd=world.desk.root,
        env=world.desk.environment(),
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    )
    time.sleep(seconds)
    os.killpg(process.pid, signal.SIGKILL)
    process.wait()


def test_killed_at_any_instant_it_goes_on(tmp_path: Path) -> None:
    with a_room(tmp_path) as world:
        world.seed("approve")
        for seconds in (1.2, 1.6, 2.0, 2.6):
            _killed_after(world, "source", seconds)
        world.source()
        for seconds in (1.2, 1.6, 2.0, 2.6):
            _killed_after(world, "destination", seconds)
        world.destination()
        assert world.state() == "reconciled"
        world.seed("decide")
        for place in ("destination", "source"):
            _killed_after(world, place, 1.6)
            world.run(place)
        assert world.state() == "erased"
        assert numbers(world.desk.target_rows()) == numbers(expected_rows(world.desk.built))
        shown = world.seed("show")
        for counts in (place["counts"] for place in shown["places"].values()):
            assert counts["state"] == "erased"
        assert shown["papers"].count("erasure") == 2


def test_told_to_end_it_ends_cleanly(tmp_path: Path) -> None:
    """SIGTERM: exit code 0, and the agent's folder is free again."""
    with a_room(tmp_path) as world:
        process = subprocess.Popen(
            world.desk.command(*world.arguments("source", "--poll", "60")),
            cwd=world.desk.root,
            env=world.desk.environment(),
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
        )
        deadline = time.monotonic() + 60
        while not world.seed("show")["seen"].get("agent-source") and time.monotonic() < deadline:
            time.sleep(0.5)
        busy = world.source(code=32)
        assert "another process works here" in busy.err
        process.send_signal(signal.SIGTERM)
        out, err = process.communicate(timeout=60)
        assert process.returncode == 0, err
        assert b"stopped" in out
        world.source()
