"""``python -m bench.relay``: the relay's doors beside OpenSSH's own internal-sftp, on one file, in one run.

Each peer takes in and gives out the same sealed file with the same client over loopback, in turns; the medians are
compared. Then many sessions at once send at the same time, and the relay's largest memory is told. Both peers write to
the same disk; ``internal-sftp`` does not make what it took durable, the relay does, after hashing it.
"""

import asyncio
import datetime as dt
import getpass
import hashlib
import json
import os
import shutil
import signal
import socket
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from ecluse.domain.agreement import Agreement
from ecluse.relay.accounts import Account, Kind, bare
from ecluse.relay.boxes import Announced, Box, Facts
from ecluse.relay.desk import Desk
from ecluse.relay.home import Home, init
from ecluse.relay.log import Log
from ecluse.wire.artefacts import decode, digest_of, encode

_SOURCE, _DESTINATION = "agent-source", "agent-destination"
_BOX = "0123456789abcdef"
_AGREEMENT = Path(__file__).parents[1] / "tests/vectors/artefacts/agreement/good-full.json"
_CHUNK, _TAG = 64 * 1024, 16
Runs = dict[str, list[float]]
CIPHERS = ("aes256-gcm@openssh.com", "chacha20-poly1305@openssh.com")


@dataclass(frozen=True)
class Place:
    """Where the measuring happens: a relay's folder, keys, and sealed files that its box announces."""

    root: Path

    @property
    def home(self) -> Home:
        """The relay's."""
        return Home(self.root / "relay")

    def key(self, agent: str) -> Path:
        """Its private key."""
        return self.root / agent

    def sealed(self, mebibytes: int, name: str) -> Path:
        """A file as age makes one, which nobody can open; announced at the relay."""
        payload = mebibytes * 2**20
        header = b"age-encryption.org/v1\n-> X25519 " + b"A" * 43 + b"\n" + b"B" * 43 + b"\n--- " + b"C" * 43 + b"\n"
        path = self.root / name
        digest = hashlib.sha256()
        with path.open("wb") as file:
            for piece in (header, os.urandom(16), *(_pieces(payload))):
                digest.update(piece)
                file.write(piece)
        Box(self.home.boxes / _BOX).announce(digest.hexdigest(), Announced("b", path.stat().st_size))
        return path.rename(self.root / f"{digest.hexdigest()}.age")

    def forget(self) -> None:
        """Nothing has come yet."""
        for folder in ("coming", "parcels", "taken"):
            shutil.rmtree(self.home.boxes / _BOX / folder, ignore_errors=True)


def _pieces(payload: int) -> Iterator[bytes]:
    left = payload
    while left > 0:
        yield os.urandom(min(left, _CHUNK) + _TAG)
        left -= _CHUNK


def place(root: Path) -> Place:
    """A relay with two agents and one open box."""
    made = Place(root)
    init(made.home.root, {"name": "bench", "networks": ["127.0.0.0/8"], "account_sessions": 1000,
                          "origin_sessions": 1000, "origin_strangers": 1000, "sessions": 1000})  # fmt: skip
    desk = Desk(made.home, Log(made.home))
    until = dt.datetime.now(dt.UTC).date() + dt.timedelta(days=30)
    for agent in (_SOURCE, _DESTINATION):
        subprocess.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", made.key(agent)], check=True)
        key = bare(made.key(agent).with_suffix(".pub").read_text().strip())
        desk.accounts.add(Account(agent, Kind.AGENT, "ing.banc", agent, until, keys=(key,)), desk.log, "ing.banc")
    agreement = decode(Agreement, _AGREEMENT.read_bytes())
    (made.home.agreements / f"{digest_of(agreement).removeprefix('sha256:')}.json").write_bytes(encode(agreement))
    facts = Facts(order=f"sha256:{_BOX}{'0' * 48}", agreement=digest_of(agreement), sender=_SOURCE,
                  recipients=(_DESTINATION,), erase_by=until, batches=0, opened_at=dt.datetime.now(dt.UTC),
                  delay_s=86_400, heads=())  # fmt: skip
    Box(made.home.boxes / _BOX).write_facts(facts)
    return made


@contextmanager
def relay(where: Place) -> Iterator[tuple[int, int]]:
    """A relay process; yields its SFTP port and its process id."""
    port = free_port()
    told = {"home": str(where.home.root), "sftp": f"127.0.0.1:{port}", "https": "127.0.0.1:0"}
    command = [sys.executable, "-P", "-m", "ecluse.relay", json.dumps(told)]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
    assert process.stdout is not None  # noqa: S101 - it is a pipe
    process.stdout.readline()
    try:
        yield port, process.pid
    finally:
        process.send_signal(signal.SIGTERM)
        process.wait(30)


@contextmanager
def openssh(where: Place) -> Iterator[int]:
    """OpenSSH's own server with internal-sftp alone; yields its port."""
    port = free_port()
    config = where.root / "sshd_config"
    subprocess.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", where.root / "peer_host"], check=True)
    config.write_text(
        f"Port {port}\nListenAddress 127.0.0.1\nHostKey {where.root}/peer_host\nPidFile {where.root}/peer.pid\n"
        f"AuthorizedKeysFile {where.key(_SOURCE)}.pub\nStrictModes no\nPasswordAuthentication no\n"
        "PermitRootLogin prohibit-password\nUsePAM no\nForceCommand internal-sftp\nSubsystem sftp internal-sftp\n"
    )
    if os.geteuid() == 0:
        Path("/run/sshd").mkdir(exist_ok=True)
    sshd = shutil.which("sshd") or shutil.which("sshd", path="/usr/sbin")
    if sshd is None:
        raise SystemExit("this measures against OpenSSH's server: apt-get install openssh-server")
    process = subprocess.Popen([sshd, "-D", "-e", "-f", config], stderr=subprocess.DEVNULL)
    try:
        wait_for(port)
        yield port
    finally:
        process.terminate()
        process.wait(10)


def free_port() -> int:
    """A port that nobody has."""
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        return int(one.getsockname()[1])


def wait_for(port: int) -> None:
    """Until somebody listens there."""
    for _ in range(200):
        with socket.socket() as one:
            if one.connect_ex(("127.0.0.1", port)) == 0:
                return
        time.sleep(0.05)
    raise SystemExit(f"nobody listens at {port}")


def sftp(where: Place, port: int, login: tuple[str, str], cipher: str, command: str) -> float:
    """Seconds of one command of the stock client; ``login``: user, whose key."""
    user, key = login
    given = ["sftp", "-q", "-b", "-", "-P", str(port), "-i", str(where.key(key)), "-c", cipher,
             "-o", "StrictHostKeyChecking=no", "-o", "UserKnownHostsFile=/dev/null", "-o", "LogLevel=ERROR",
             f"{user}@127.0.0.1"]  # fmt: skip
    began = time.monotonic()
    subprocess.run(given, input=f"{command}\n", text=True, check=True, stdout=subprocess.DEVNULL)
    return time.monotonic() - began


def throughput(where: Place, mebibytes: int, times: int) -> dict[str, dict[str, float]]:
    """MiB/s of either peer and direction, by cipher, and how much faster OpenSSH is."""
    file = where.sealed(mebibytes, "big")
    back, peer_copy = where.root / "back", where.root / "peer_copy"
    me = (getpass.getuser(), _SOURCE)
    source, destination = (_SOURCE, _SOURCE), (_DESTINATION, _DESTINATION)
    found: dict[str, dict[str, float]] = {}
    with relay(where) as (port, _), openssh(where) as peer:
        for cipher in CIPHERS:
            runs: Runs = {}

            def run(  # noqa: PLR0917 - the last two bind the loop
                name: str, port: int, login: tuple[str, str], command: str, cipher: str = cipher, runs: Runs = runs
            ) -> None:
                os.sync()
                runs.setdefault(name, []).append(sftp(where, port, login, cipher, command))

            for _ in range(times):
                where.forget()
                peer_copy.unlink(missing_ok=True)
                run("peer up", peer, me, f"put {file} {peer_copy}")
                peer_copy.unlink()
                run("peer kept", peer, me, f"put -f {file} {peer_copy}")
                run("up", port, source, f"put {file} /{_BOX}/out/")
                (where.home.boxes / _BOX / "complete").touch()
                back.unlink(missing_ok=True)
                run("peer down", peer, me, f"get {peer_copy} {back}")
                back.unlink(missing_ok=True)
                run("down", port, destination, f"get /{_BOX}/in/{file.name} {back}")
            middle = {name: statistics.median(each) for name, each in runs.items()}
            speeds = {name: mebibytes / seconds for name, seconds in middle.items()}
            ratios = {"up ratio": middle["up"] / middle["peer up"], "kept ratio": middle["up"] / middle["peer kept"],
                      "down ratio": middle["down"] / middle["peer down"]}  # fmt: skip
            found[cipher] = speeds | ratios
    return found


def crowd(where: Place, sessions: int, mebibytes: int) -> dict[str, float]:
    """The relay's memory with many sessions that send at the same time; MiB."""
    files = [where.sealed(mebibytes, f"crowd{number}") for number in range(sessions)]
    with relay(where) as (port, pid):
        before = _peak(pid)
        began = time.monotonic()
        asyncio.run(_crowd(where, port, files))
        return {"sessions": sessions, "MiB each": mebibytes, "seconds": time.monotonic() - began,
                "memory before, MiB": before, "largest memory, MiB": _peak(pid)}  # fmt: skip


async def _crowd(where: Place, port: int, files: list[Path]) -> None:
    import asyncssh  # noqa: PLC0415 - only here

    async def one(file: Path, ready: asyncio.Barrier) -> None:
        given = {"username": _SOURCE, "client_keys": [str(where.key(_SOURCE))], "known_hosts": None, "config": None}
        async with asyncssh.connect("127.0.0.1", port, **given) as conn, conn.start_sftp_client() as client:
            await ready.wait()  # all are in before any sends
            await client.put(str(file), f"/{_BOX}/out/{file.name}")

    ready = asyncio.Barrier(len(files))
    await asyncio.gather(*(one(file, ready) for file in files))


def _peak(pid: int) -> float:
    for line in Path(f"/proc/{pid}/status").read_text().splitlines():
        if line.startswith("VmHWM"):
            return int(line.split()[1]) / 1024
    return 0.0


def main() -> int:
    """Measure, print; ``--small`` for a quick look, ``--json`` for programs."""
    small = "--small" in sys.argv[1:]
    with tempfile.TemporaryDirectory(prefix="bench-relay-") as folder:
        where = place(Path(folder))
        found = {"SFTP": throughput(where, 128 if small else 512, 1 if small else 3),
                 "crowd": crowd(where, 40 if small else 200, 4)}  # fmt: skip
    if "--json" in sys.argv[1:]:
        sys.stdout.write(json.dumps(found, indent=2) + "\n")
        return 0
    for cipher, each in found["SFTP"].items():
        sys.stdout.write(f"SFTP, {cipher}\n")
        for way in ("up", "down"):
            sys.stdout.write(f"  {way:5} relay {each[way]:7.0f} MiB/s  internal-sftp {each[f'peer {way}']:7.0f} MiB/s"
                             f"  ratio {each[f'{way} ratio']:.2f}\n")  # fmt: skip
        sys.stdout.write(f"  up, where internal-sftp too has it on the disk (put -f): {each['peer kept']:.0f} MiB/s"
                         f"  ratio {each['kept ratio']:.2f}\n")  # fmt: skip
    sys.stdout.write("  ".join(f"{name}: {value:.0f}" for name, value in found["crowd"].items()) + "\n")
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
