"""A relay's folder for one real migration: confirmed agreement, accounts with keys, and what its source delivered.

sent = Sent.made(tmp_path)        # a migration extracted and delivered into a folder; nothing has been relayed
desk = sent.desk()                # the relay's rules over its folder
sent.papers(), sent.parcels()     # what travels: by file name; by digest
"""

import datetime as dt
import shutil
import subprocess
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from ecluse.control.agency import short
from ecluse.control.papers import read_paper
from ecluse.domain.agreement import Agreement
from ecluse.domain.order import Order
from ecluse.relay.accounts import Account, Kind, bare
from ecluse.relay.desk import Desk, Visitor
from ecluse.relay.home import Home, init
from ecluse.relay.log import Log, system_clock
from ecluse.seal.digests import sha256_file
from ecluse.wire.artefacts import decode, digest_of
from migrating import Desk as Migrating
from migrating import W

SOURCE, DESTINATION, ENGINEER = "agent-source", "agent-destination", "ing.dupont"
HERE = "127.0.0.1"


@dataclass(frozen=True)
class Sent:
    """A delivered migration, and a relay that has seen nothing of it."""

    migration: Migrating
    home: Home

    @classmethod
    def made(cls, root: Path, *, patients: int = 20, **settings: Any) -> "Sent":
        migration = Migrating.made(root / "places", patients=patients)
        migration.plan()
        migration.ecluse("extract", *W)
        migration.ecluse("deliver", *W)
        return cls(migration, relay_home(root / "relay", migration, **settings))

    def copied(self, root: Path) -> "Sent":
        """The same delivered migration at a copy of the relay, below another folder."""
        shutil.copytree(self.home.root, root / "relay")
        shutil.copytree(self.home.root.parent / "ssh", root / "ssh")
        return replace(self, home=replace(self.home, root=root / "relay"))

    @property
    def mailbox(self) -> Path:
        return self.migration.path("migration", "mailbox")

    @property
    def box(self) -> str:
        """The name of this order's box."""
        name = next(self.mailbox.glob("order.*.json"))
        return short(digest_of(decode(Order, name.read_bytes())))

    def desk(self, **more: Any) -> Desk:
        return Desk(self.home, Log(self.home, **more), **more)

    def papers(self) -> dict[str, bytes]:
        """Agreement, order and plan first, then receipts; signatures before what they sign."""
        rank = {"agreement": 0, "order": 1, "plan": 2, "receipt": 3}
        found = [
            path
            for path in self.mailbox.iterdir()
            if path.suffix in {".json", ".sig"} and not path.name.startswith(".")
        ]
        found.sort(key=lambda path: (rank[path.name.split(".")[0]], path.name.split(".")[1], path.suffix == ".json"))
        return {path.name: path.read_bytes() for path in found}

    def parcels(self) -> dict[str, Path]:
        """Sealed parcels by the name that they have at the relay."""
        return {f"{sha256_file(path).removeprefix('sha256:')}.age": path for path in sorted(self.mailbox.glob("*.age"))}

    def visitor(self, desk: Desk, agent: str, origin: str = HERE) -> Visitor:
        return desk.enter(agent, bare(self.key(agent)), origin, "sftp")

    def key(self, agent: str) -> str:
        """The public key by which an agent (or the engineer) connects; the private one beside it has no ending."""
        return (self.home.root.parent / "ssh" / f"{agent}.pub").read_text().strip()

    def private_key(self, agent: str) -> Path:
        return self.home.root.parent / "ssh" / agent

    def sent_all(self, desk: Desk) -> None:
        """Everything through the relay's rules, as its source would."""
        source = self.visitor(desk, SOURCE)
        for name, data in self.papers().items():
            desk.put_paper(source, self.box, name, data)
        for name, path in self.parcels().items():
            upload = desk.begin(source, self.box, name)
            upload.write(0, path.read_bytes())
            assert desk.finish(source, self.box, upload)


def relay_home(root: Path, migration: Migrating, **settings: Any) -> Home:
    """A relay that trusts a migration's agreement, with an account for each agent and one person's."""
    home = init(root, {"name": "relais", "networks": ["127.0.0.0/8", "::1/128"]} | settings)
    desk = Desk(home, Log(home))
    paper = read_paper(Agreement, migration.path("agreement.json"))
    desk.admission.trust(paper.value, paper.signatures, "adm.roux")
    until = (system_clock() + dt.timedelta(days=90)).date()
    (root.parent / "ssh").mkdir(exist_ok=True)
    for agent, kind, works_for in (
        (SOURCE, Kind.AGENT, SOURCE), (DESTINATION, Kind.AGENT, DESTINATION), (ENGINEER, Kind.PERSON, SOURCE),
    ):  # fmt: skip
        private = root.parent / "ssh" / agent
        subprocess.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-C", agent, "-f", private], check=True)
        owner = agent if kind is Kind.PERSON else ENGINEER
        key = bare(private.with_name(f"{agent}.pub").read_text().strip())
        desk.accounts.add(Account(agent, kind, owner, works_for, until, keys=(key,)), desk.log, "adm.roux")
    return home
