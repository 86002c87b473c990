"""A relay as a process of its own, both doors open, and two workspaces that exchange one migration through it.

with Running.over(tmp_path, "https") as world:
    world.source("run"); world.destination("receive"); ...
    world.kill(); world.start()
"""

import json
import os
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path

from ecluse.adapters.mailboxes.address import relay_address
from ecluse.adapters.mailboxes.opening import Entry, close_relays, open_relay
from ecluse.adapters.mailboxes.relay import RelayMailbox
from ecluse.domain.access import AccessEntry
from ecluse.journal import Journal, LogKey
from ecluse.journal.store import FolderStore
from ecluse.relay.accounts import secret_digest
from ecluse.relay.desk import Desk
from ecluse.relay.home import Home
from ecluse.relay.log import Log
from ecluse.wire.artefacts import decode
from migrating import Desk as Migrating
from migrating import Done
from relays import DESTINATION, SOURCE, relay_home

TOKENS = {name: f"relay-token-of-{name}-0123456789abcdef" for name in (SOURCE, DESTINATION)}
AT = {SOURCE: "at-source", DESTINATION: "at-destination"}
_SOURCE = ("--source", "legacy.sqlite", "--profile", "demo-dxlab", "--agent-key", "keys/agent-source",
           "--persons", "persons.keyed", "--exclusion-key", "keys/exclusion")  # fmt: skip
_DESTINATION = ("--destination", "new.sqlite", "--destination-profile", "demo-kalisil", "--identity",
                "keys/kalisil.age", "--destination-agent-key", "keys/agent-destination")  # fmt: skip


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@dataclass
class Running:
    """A relay that can be killed and started again at the same addresses; ``scheme`` is the door that is used."""

    desk: Migrating
    home: Home
    scheme: str
    sftp: int = field(default_factory=free_port)
    https: int = field(default_factory=free_port)
    process: "subprocess.Popen[bytes] | None" = None

    @classmethod
    def prepared(cls, root: Path, scheme: str, *, patients: int = 12) -> "Running":
        return cls.on(root, scheme, Migrating.made(root / "desk", patients=patients))

    @classmethod
    def on(cls, root: Path, scheme: str, desk: Migrating) -> "Running":
        """A relay that trusts the agreement of a desk."""
        home = relay_home(root / "relay", desk)
        with_tokens(home, desk)
        return cls(desk, home, scheme)

    @classmethod
    @contextmanager
    def over(cls, root: Path, scheme: str, *, patients: int = 12) -> Iterator["Running"]:
        made = cls.prepared(root, scheme, patients=patients)
        made.start()
        try:
            yield made
        finally:
            made.kill(signal.SIGTERM)

    def start(self) -> None:
        told = {"home": str(self.home.root), "sftp": f"127.0.0.1:{self.sftp}", "https": f"127.0.0.1:{self.https}"}
        self.process = subprocess.Popen(
            [sys.executable, "-m", "ecluse.relay", json.dumps(told)],
            env=self.desk.environment(), stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
        )  # fmt: skip
        assert self.process.stdout is not None
        lines = [self.process.stdout.readline(), self.process.stdout.readline()]
        assert lines[1].startswith(b"HTTPS"), lines + self.process.stdout.readlines()

    def kill(self, how: signal.Signals = signal.SIGKILL) -> None:
        close_relays()
        if self.process is not None:
            os.kill(self.process.pid, how)
            self.process.wait(timeout=20)
            assert self.process.stdout is not None
            self.process.stdout.close()
            self.process = None

    def url(self, agent: str) -> str:
        return f"https://127.0.0.1:{self.https}" if self.scheme == "https" else f"sftp://{agent}@127.0.0.1:{self.sftp}"

    def files(self, agent: str) -> Mapping[str, str]:
        """By which files an agent enters, as the options name them."""
        if self.scheme == "https":
            ca = self.home.root / "keys" / "https.crt"
            return {"token": str(self.desk.path("keys", f"relay-{agent}.token")), "ca": str(ca)}
        key = self.home.root.parent / "ssh" / agent
        return {"key": str(key), "host_key": str(self.home.host_key.with_name("host_ed25519.pub"))}

    def options(self, agent: str) -> tuple[str, ...]:
        named = [(f"--relay-{name.replace('_', '-')}", value) for name, value in self.files(agent).items()]
        return ("--mailbox", self.url(agent), *(part for pair in named for part in pair))

    def mailbox(self, agent: str, box: str | None = None) -> RelayMailbox:
        return open_relay(relay_address(self.url(agent)), Entry(**self.files(agent)), box)

    def plan(self, code: int = 0) -> Done:
        return self.desk.ecluse(
            "plan", "-w", AT[SOURCE], "--agreement", "agreement.json", "--order", "order.json", *_SOURCE,
            *self.options(SOURCE), code=code,
        )  # fmt: skip

    def source(self, *command: str, code: int | None = 0) -> Done:
        return self.desk.ecluse(*command, "-w", AT[SOURCE], code=code)

    def destination(self, *command: str, code: int | None = 0) -> Done:
        return self.desk.ecluse(*command, "-w", AT[DESTINATION], code=code)

    def receive(self, code: int | None = 0) -> Done:
        return self.desk.ecluse("receive", "-w", AT[DESTINATION], *self.first(), code=code)

    def first(self) -> tuple[str, ...]:
        """What the destination's place is told at first."""
        return ("--agreement", "agreement.json", *_DESTINATION, *self.options(DESTINATION))

    def entries(self) -> list[AccessEntry]:
        """The relay's journal, verified."""
        journal = Journal.take_up(FolderStore(self.home.journal), LogKey.load(self.home.log_key))
        return [decode(AccessEntry, data) for data in journal.entries()]

    def state(self, agent: str) -> str:
        found = self.desk.ecluse("status", AT[agent], "--json").json()["places"]
        return str(next(iter(found.values()))["state"])

    @property
    def parcels(self) -> list[Path]:
        """Parcels that lie at the relay."""
        return sorted(self.home.boxes.glob("*/parcels/*.age"))


def with_tokens(home: Home, desk: Migrating) -> None:
    """A token for each agent, in a file among the desk's keys."""
    rules = Desk(home, Log(home))
    for name, token in TOKENS.items():
        account = rules.accounts.get(name)
        assert account is not None
        rules.accounts.add(replace(account, tokens=(secret_digest(token),)), rules.log, "adm.roux")
        file = desk.path("keys", f"relay-{name}.token")
        file.write_text(token + "\n")
        file.chmod(0o600)
