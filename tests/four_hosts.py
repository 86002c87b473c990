"""Control room, relay, source agent, destination agent: four hosts, TLS by an authority of the test's, one migration.

with four(tmp_path) as world:          # all serve; the agreement is in force, agents and relay are enrolled
    world.seed("approve")
    world.start("source"); world.start("destination")
    world.reaches("reconciled"); world.seed("decide"); world.reaches("erased")
"""

import datetime as dt
import json
import shutil
import sqlite3
import sys
from collections.abc import Iterator, Mapping
from contextlib import closing, contextmanager, suppress
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID
from demo.legacy_lis import DEMO_SCOPE
from demo.lis.schema import columns

from ecluse.domain.access import AccessEntry
from ecluse.journal import Journal, LogKey
from ecluse.journal.store import FolderStore
from ecluse.relay.home import Home
from ecluse.wire.artefacts import decode
from hosts import Host, Wire, network, until
from migrating import ROOT, Desk

ROOM_PORT, SFTP_PORT, HTTPS_PORT = 8443, 2222, 8444
ORDERED = replace(DEMO_SCOPE, mark_in_scope=True)
NAMES = ("room", "relay", "source", "destination")
_KEYS = {"source": ("agent-source", "exclusion"), "destination": ("agent-destination", "kalisil.age")}
_SYSTEMS = {
    "source": ("--source", "legacy.sqlite", "--profile", "demo-dxlab", "--persons", "persons.keyed",
               "--exclusion-key", "keys/exclusion"),
    "destination": ("--destination", "new.sqlite", "--destination-profile", "demo-kalisil", "--identity",
                    "keys/kalisil.age"),
}  # fmt: skip


@dataclass
class Four:
    """The four; ``doors``: by which of the relay's doors each agent goes."""

    wire: Wire
    desk: Desk
    doors: Mapping[str, str]
    env: dict[str, dict[str, str]] = field(default_factory=lambda: {name: {} for name in NAMES})

    @property
    def hosts(self) -> list[Host]:
        return [self.wire.hosts[name] for name in NAMES]

    def __getitem__(self, name: str) -> Host:
        return self.wire.hosts[name]

    @property
    def url(self) -> str:
        return f"https://{self['room'].fqdn}:{ROOM_PORT}"

    # -- each host's programs

    def start(self, name: str, **env: str) -> None:
        """What its service manager would start at boot."""
        self.env[name] |= env
        host, given = self[name], self.env[name]
        prefix = ("faketime", "-f", given["CLOCK"]) if given.get("CLOCK") else ()
        command = (*prefix, sys.executable, "-m", "ecluse", *self._command(name))
        # Servers wait by the monotonic clock; an agent waits for its programs, by a call that faketime then gets wrong.
        real = prefix and name in {"room", "relay"}
        host.start(*command, **({"FAKETIME_DONT_FAKE_MONOTONIC": "1"} if real else {}))
        for port in {"room": (ROOM_PORT,), "relay": (SFTP_PORT, HTTPS_PORT)}.get(name, ()):
            host.listens(port)

    def _command(self, name: str) -> tuple[str, ...]:
        at = self[name].address
        tls = ("--certificate", "tls.crt", "--key", "tls.key")
        if name == "room":
            return ("serve", "--home", "room", "--origin", self.url, "--listen", f"{at}:{ROOM_PORT}", *tls)
        if name == "relay":
            doors = ("--sftp", f"{at}:{SFTP_PORT}", "--https", f"{at}:{HTTPS_PORT}")
            return ("relay", "serve", "--home", "relay", *doors)
        relay, agent = self["relay"].fqdn, f"agent-{name}"
        door = (
            "--mailbox",
            f"https://{relay}:{HTTPS_PORT}",
            "--relay-token",
            "keys/relay.token",
            "--relay-ca",
            "ca.pem",
        )
        if self.doors[name] == "sftp":
            door = ("--mailbox", f"sftp://{agent}@{relay}:{SFTP_PORT}", "--relay-key", "keys/relay-ssh",
                    "--relay-host-key", "relay.pub")  # fmt: skip
        return ("agent", "run", "-w", "work", "--agreement", "agreement.json", *_SYSTEMS[name], *door, "--poll", "1")

    def die(self, name: str) -> None:
        """Dead at once, and silent: nobody is told that its connections are gone."""
        self[name].cut()
        self[name].kill()

    def back(self, name: str) -> None:
        self[name].mend()
        self.start(name)

    # -- people, in the room

    def seed(self, *command: str) -> Any:
        """Do something in the room, on its host, as ``tests/room_world.py`` knows it."""
        script = str(ROOT / "tests" / "room_world.py")
        done = self["room"].run(sys.executable, script, "room", "papers", *command, ECLUSE_ORIGIN=self.url)
        return json.loads(done.stdout)

    # -- what has come of it

    def query(self, sql: str, *values: Any) -> list[tuple[Any, ...]]:
        """Read the room's base beside its processes."""
        path = self["room"].path("room", "room.sqlite3")
        with closing(sqlite3.connect(f"file:{path}?mode=ro", uri=True, timeout=20)) as read:
            return read.execute(sql, values).fetchall()

    def state(self) -> str | None:
        found = self.query("SELECT state FROM store_migration")
        return str(found[0][0]) if found else None

    def reaches(self, *states: str, seconds: float = 150) -> None:
        until(lambda: self.state() in states, seconds, lambda: f"{self.state()}, not {states}\n{self.tails()}")

    def alerts(self, rule: str) -> list[dict[str, Any]]:
        rows = self.query("SELECT subject, opened_at, first_at, severity FROM store_alert WHERE rule = ?", rule)
        return [
            {"subject": subject, "opened": _moment(opened), "first": _moment(first), "severity": severity}
            for subject, opened, first, severity in rows
        ]

    def rules(self) -> set[str]:
        return {str(rule) for (rule,) in self.query("SELECT DISTINCT rule FROM store_alert")}

    @property
    def relay_home(self) -> Home:
        return Home(self["relay"].path("relay"))

    def parcels(self) -> list[Path]:
        """Sealed parcels that lie at the relay, whole."""
        return sorted(self.relay_home.boxes.glob("*/parcels/*.age"))

    def begun(self) -> list[Path]:
        """Parcels of which a part has come."""
        return [path for path in self.relay_home.boxes.glob("*/coming/*") if path.is_file()]

    def at_relay(self) -> int:
        """Bytes of parcels that have come to the relay, whole or not."""
        total = 0
        for path in (*self.parcels(), *self.begun()):
            with suppress(FileNotFoundError):  # moved meanwhile
                total += path.stat().st_size
        return total

    def relay_entries(self) -> list[AccessEntry]:
        """The relay's journal, verified."""
        home = self.relay_home
        journal = Journal.take_up(FolderStore(home.journal), LogKey.load(home.log_key))
        return [decode(AccessEntry, data) for data in journal.entries()]

    def rows(self, entity: str = "resultat") -> int:
        with closing(sqlite3.connect(self["destination"].path("new.sqlite"))) as target:
            return int(target.execute(f"SELECT count(*) FROM {entity}").fetchone()[0])

    def verify_evidence(self) -> None:
        """The room's bundle, by an auditor who trusts both parties' keys as the agreement lists them."""
        auditor = self.wire.root / "auditor"
        auditor.mkdir()
        self.seed("evidence", str(self["room"].path("evidence.zip")))
        text = json.loads(self["room"].path("papers", "agreement.json").read_text())
        signers = {s["id"]: s["key"] for side in ("controller", "processor") for s in text[side]["signers"]}
        trusted = auditor / "trusted"
        trusted.write_text("".join(f"{who} {signers[who]}\n" for who in ("dr.martin", "a.petit")))
        bundle = str(self["room"].path("evidence.zip"))
        self.desk.ecluse("evidence", "verify", bundle, "--trust", str(trusted))

    def tails(self) -> str:
        return "\n".join(host.tail() for host in self.hosts)


@contextmanager
def four(
    root: Path, *, patients: int = 20, copies: int = 1, source: str = "sftp", destination: str = "https"
) -> Iterator[Four]:
    """All four up; ``source`` and ``destination`` say by which door of the relay each agent goes.

    ``copies``: so many times each ordered result stands in the old LIS, under numbers of their own.
    """
    root.mkdir(parents=True, exist_ok=True)
    desk = Desk.made(root / "desk", patients=patients, scope=ORDERED)
    _multiply(desk, copies)
    with network(root) as wire:
        wire.hide(desk.root)
        for name in NAMES:
            wire.host(name)
        wire.listen_in()
        world = Four(wire, desk, {"source": source, "destination": destination})
        _furnish(world)
        yield world


STEP = 10_000_000
"""Between the numbers of a result's copies."""


def _multiply(desk: Desk, copies: int) -> None:
    """More results in the same requests; a copy's ``ID_RESULTAT`` is the first's plus so many steps."""
    names = [name for name in columns("RESULTATS") if name not in {"ID_RESULTAT", "ID_PRECEDENT"}]
    with closing(sqlite3.connect(desk.path("legacy.sqlite"))) as legacy, legacy:
        legacy.execute("PRAGMA synchronous = OFF")
        legacy.execute("CREATE TEMP TABLE ordered (id INTEGER PRIMARY KEY)")
        legacy.executemany(
            "INSERT INTO ordered VALUES (?)", ((int(key),) for key in desk.built.expected["observation"])
        )
        for number in range(1, copies):
            legacy.execute(
                f"INSERT INTO RESULTATS (ID_RESULTAT, {', '.join(names)}) "
                f"SELECT ID_RESULTAT + ?, {', '.join(names)} FROM RESULTATS JOIN ordered ON id = ID_RESULTAT",
                (number * STEP,),
            )


def _furnish(world: Four) -> None:
    room, relay = world["room"], world["relay"]
    _certify(world.wire.root, world.hosts)
    room.path("papers").mkdir()
    for paper in ("agreement", "order"):
        for path in world.desk.root.glob(f"{paper}.json*"):
            shutil.copy(path, room.path("papers"))
    for name in _KEYS:
        _equip(world, name)
    codes = world.seed("found")
    code = world.seed("relay", "relais")
    world.start("room")
    for name in _KEYS:
        enrol = ("agent", "enrol", world.url, codes[name], "-w", "work", "--ca", "ca.pem")
        world[name].ecluse(*enrol, "--key", f"keys/agent-{name}")
    world.seed("agree")
    for name in ("relay", *_KEYS):
        for path in room.path("papers").glob("agreement.json*"):
            shutil.copy(path, world[name].folder)
    _set_up_relay(world, relay, code)
    world.start("relay")


def _equip(world: Four, name: str) -> None:
    """What lies on an agent's host before anything begins."""
    host, desk = world[name], world.desk.root
    host.path("keys").mkdir(mode=0o700)
    for key in _KEYS[name]:
        for path in (desk / "keys").glob(f"{key}*"):
            shutil.move(path, host.path("keys"))
    if name == "source":
        shutil.move(desk / "legacy.sqlite", host.folder)
        shutil.move(desk / "persons.keyed", host.folder)
    else:
        shutil.move(desk / "new.sqlite", host.folder)
    host.run("ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-C", name, "-f", "keys/relay-ssh")


def _set_up_relay(world: Four, relay: Host, code: str) -> None:
    """As its administrator does; keys and tokens travel by hand."""
    by = ("--home", "relay", "--by", "adm.roux")
    networks = [part for name in _KEYS for part in ("--network", f"{world[name].address}/32")]
    relay.ecluse("relay", "init", "--name", "relais", *networks, *by)
    settings = relay.path("relay", "relay.yaml")
    for name in ("tls.crt", "tls.key"):
        shutil.move(relay.path(name), relay.path("relay", "keys", name))
    own = "https_certificate: keys/tls.crt\nhttps_key: keys/tls.key\n"
    settings.write_text(settings.read_text() + own)
    relay.ecluse("relay", "trust", "agreement.json", *by)
    until_ = (dt.datetime.now(dt.UTC) + dt.timedelta(days=90)).date().isoformat()
    for name in _KEYS:
        shutil.copy(world[name].path("keys", "relay-ssh.pub"), relay.path(f"{name}.pub"))
        given = ("--owner", "ing.dupont", "--until", until_, "--key", f"{name}.pub", "--token", "--json")
        done = relay.ecluse("relay", "account", "add", f"agent-{name}", *given, *by)
        token = world[name].path("keys", "relay.token")
        token.write_text(json.loads(done.stdout)["token"] + "\n")
        token.chmod(0o600)
        shutil.copy(world.relay_home.host_key.with_name("host_ed25519.pub"), world[name].path("relay.pub"))
    relay.ecluse("relay", "enrol", world.url, code, *by, "--ca", "ca.pem")


def _certify(root: Path, hosts: list[Host]) -> None:
    """An authority of the test's own; a certificate for the room and the relay; everybody trusts the authority."""
    key = ec.generate_private_key(ec.SECP256R1())
    issuer = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "test authority")])
    ca = _certificate(issuer, key.public_key(), issuer, key, x509.BasicConstraints(ca=True, path_length=0), None)
    for host in hosts:
        host.path("ca.pem").write_bytes(ca.public_bytes(serialization.Encoding.PEM))
        if host.name not in {"room", "relay"}:
            continue
        own = ec.generate_private_key(ec.SECP256R1())
        subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, host.fqdn)])
        leaf = x509.BasicConstraints(ca=False, path_length=None)
        made = _certificate(subject, own.public_key(), issuer, key, leaf, host.fqdn)
        host.path("tls.crt").write_bytes(made.public_bytes(serialization.Encoding.PEM))
        private = own.private_bytes(
            serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
        )
        host.path("tls.key").write_bytes(private)
        host.path("tls.key").chmod(0o600)


def _certificate(
    subject: x509.Name,
    public: Any,
    issuer: x509.Name,
    signer: Any,
    constraints: x509.BasicConstraints,
    name: str | None,
) -> x509.Certificate:
    now = dt.datetime.now(dt.UTC)
    made = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer)
        .public_key(public)
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - dt.timedelta(days=1))
        .not_valid_after(now + dt.timedelta(days=1000))
        .add_extension(constraints, critical=True)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(public), critical=False)
        .add_extension(x509.AuthorityKeyIdentifier.from_issuer_public_key(signer.public_key()), critical=False)
    )
    if name:
        made = made.add_extension(x509.SubjectAlternativeName([x509.DNSName(name)]), critical=False)
    else:
        usage = dict.fromkeys(("digital_signature", "content_commitment", "key_encipherment", "data_encipherment",
                               "key_agreement", "encipher_only", "decipher_only"), False)  # fmt: skip
        made = made.add_extension(x509.KeyUsage(key_cert_sign=True, crl_sign=True, **usage), critical=True)
    return made.sign(signer, hashes.SHA256())


def _moment(text: str) -> float:
    return dt.datetime.fromisoformat(text).replace(tzinfo=dt.UTC).timestamp()
