"""A real room (``ecluse serve``) and two real agents (``ecluse agent run``) on one machine, over the demo's data.

with a_room(tmp_path) as world:          # serving; the agreement is in force, both agents are enrolled
    world.seed("approve")                # the desk's order is approved
    world.source(); world.destination()  # one pass of each agent
    world.seed("decide")
"""

import json
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from migrating import ROOT, Desk, Done

_SOURCE = ("--source", "legacy.sqlite", "--profile", "demo-dxlab", "--persons", "persons.keyed",
           "--exclusion-key", "keys/exclusion")  # fmt: skip
_DESTINATION = ("--destination", "new.sqlite", "--destination-profile", "demo-kalisil", "--identity",
                "keys/kalisil.age")  # fmt: skip
OPTIONS = {"source": _SOURCE, "destination": _DESTINATION}


@dataclass
class World:
    """One room, its two agents, and the desk that both work on."""

    desk: Desk
    home: Path
    url: str
    codes: dict[str, str]

    def seed(self, *command: str) -> Any:
        """Do something in the room, as ``tests/room_world.py`` knows it."""
        return seed(self.home, self.desk, self.url, *command)

    def enrol(self, place: str, url: str | None = None) -> Done:
        return self.desk.spawn(
            "agent", "enrol", url or self.url, self.codes[place], "-w", f"at-{place}", "--key", f"keys/agent-{place}"
        )

    def arguments(self, place: str, *more: str) -> tuple[str, ...]:
        trusted = ("--agreement", "agreement.json")
        return ("agent", "run", "-w", f"at-{place}", *trusted, "--mailbox", "exchange", *OPTIONS[place], *more)

    def run(self, place: str, *more: str, code: int | None = 0) -> Done:
        """One pass of one agent."""
        return self.desk.spawn(*self.arguments(place, "--once", *more), code=code)

    def source(self, code: int | None = 0) -> Done:
        return self.run("source", code=code)

    def destination(self, code: int | None = 0) -> Done:
        return self.run("destination", code=code)

    def state(self) -> str:
        return str(self.seed("show")["state"])

    def token(self, place: str) -> str:
        return str(json.loads(self.desk.path(f"at-{place}", "agent.json").read_text())["token"])

    def call(self, method: str, path: str, token: str, body: Any = None) -> tuple[int, Any]:
        """Call the API as a program would; gives status and answer."""
        data = None if body is None else json.dumps(body).encode()
        headers = {"Authorization": f"Bearer {token}", "Content-Type": "application/json"}
        request = urllib.request.Request(f"{self.url}/api/v1/{path}", data, headers, method=method)  # noqa: S310 - http on this machine
        try:
            with urllib.request.urlopen(request, timeout=60) as answer:  # noqa: S310
                return answer.status, json.loads(answer.read())
        except urllib.error.HTTPError as error:
            with error:
                return error.code, json.loads(error.read())


def seed(home: Path, desk: Desk, url: str, *command: str) -> Any:
    done = subprocess.run(
        [sys.executable, str(ROOT / "tests" / "room_world.py"), str(home), str(desk.root), *command],
        env=desk.environment(ECLUSE_ORIGIN=url),
        capture_output=True,
        timeout=120,
        check=False,
    )
    assert done.returncode == 0, done.stderr.decode()
    return json.loads(done.stdout)


@contextmanager
def a_room(root: Path, *, patients: int = 20, enrolled: bool = True) -> Iterator[World]:
    """The room serving on a free port of this machine, until the block ends."""
    desk = Desk.made(root / "desk", patients=patients)
    home, port = root / "room", free_port()
    url = f"http://localhost:{port}"
    codes = seed(home, desk, url, "found")
    with serving(desk, home, port):
        world = World(desk, home, url, codes)
        if enrolled:
            for place in OPTIONS:
                world.enrol(place)
            world.seed("agree")
        yield world


@contextmanager
def serving(desk: Desk, home: Path, port: int) -> Iterator[None]:
    log = home.parent / "serve.log"
    with log.open("ab") as out:
        process = subprocess.Popen(
            desk.command("serve", "--home", str(home), "--listen", f"127.0.0.1:{port}"),
            env=desk.environment(),
            stdout=out,
            stderr=out,
        )
        try:
            wait_for(port, process, log)
            yield
        finally:
            process.terminate()
            try:
                process.wait(timeout=20)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()


def wait_for(port: int, process: "subprocess.Popen[bytes]", log: Path) -> None:
    """Until the room listens; its log where it does not."""
    for _ in range(300):
        assert process.poll() is None, log.read_text()
        try:
            with socket.create_connection(("127.0.0.1", port), timeout=1):
                return
        except OSError:
            time.sleep(0.1)
    raise AssertionError(log.read_text())


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
