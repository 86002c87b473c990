"""Hosts on one machine: each with a network of its own (``ip netns``), an address, a name, a folder; one wire for all.

with network(tmp_path) as wire:
    room, relay = wire.host("room"), wire.host("relay")
    server = room.start("ecluse", "serve", …)        # runs there: room's address, and no other host's folder
    relay.run("curl", "https://room.ecluse.test:8443/")
    room.cut(); room.mend()                          # its cable
    room.kill()                                      # kill -9 of all that runs there
    wire.captured()                                  # every byte that went over the wire, as flows

A host sees its own folder and none of the others', nor what else lies in ``root`` (a mount namespace of its own).
"""

import os
import shutil
import signal
import socket
import struct
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from itertools import count
from pathlib import Path
from typing import Any

import pytest

import ecluse

DOMAIN = "ecluse.test"
_SOURCES = Path(ecluse.__file__).parents[1]
_NET = "10.83.7"
_NUMBERS = count()
_ENTER = (
    'mount --bind "$HOSTS_FILE" /etc/hosts; for each in $HOSTS_HIDDEN; do mount --bind "$HOSTS_NOTHING" "$each"; done; '
    'unset HOSTS_FILE HOSTS_HIDDEN HOSTS_NOTHING; exec "$@"'
)
_HOW = (
    "four hosts need network namespaces: run as root with CAP_SYS_ADMIN and CAP_NET_ADMIN "
    "(`sudo make test`; in a container `docker run --privileged`, or `--cap-add SYS_ADMIN --cap-add NET_ADMIN "
    "--security-opt seccomp=unconfined --security-opt apparmor=unconfined`); "
    "apt-get install iproute2 tcpdump faketime"
)
_SYN = 2
Done = subprocess.CompletedProcess[str]


@dataclass(frozen=True)
class Flow:
    """What one end said in one TCP connection, in the order of its bytes."""

    source: str
    target: str
    data: bytes


@dataclass
class Host:
    """One machine."""

    wire: "Wire"
    name: str
    number: int
    running: list["subprocess.Popen[bytes]"] = field(default_factory=list)
    peak: dict[str, int] = field(default_factory=dict)

    @property
    def address(self) -> str:
        return f"{_NET}.{self.number}"

    @property
    def fqdn(self) -> str:
        return f"{self.name}.{DOMAIN}"

    @property
    def folder(self) -> Path:
        return self.wire.root / "hosts" / self.name

    @property
    def space(self) -> str:
        return f"{self.wire.tag}-{self.name}"

    @property
    def log(self) -> Path:
        return self.folder / "processes.log"

    def path(self, *parts: str) -> Path:
        return self.folder.joinpath(*parts)

    def run(self, *command: str, code: int | None = 0, timeout: float = 180, **env: str) -> Done:
        """Run a command there to its end; ``code``: how it must end (None: any)."""
        done = subprocess.run(
            self._inside(command), cwd=self.folder, env=self._environment(env), capture_output=True, text=True,
            timeout=timeout, check=False,
        )  # fmt: skip
        assert code is None or done.returncode == code, f"{self.name}: {command} → {done.returncode}\n{done.stdout}\n{done.stderr}"  # fmt: skip
        return done

    def ecluse(self, *arguments: str, code: int | None = 0) -> Done:
        return self.run(sys.executable, "-m", "ecluse", *arguments, code=code)

    def start(self, *command: str, **env: str) -> "subprocess.Popen[bytes]":
        """Start a command there; what it prints goes to the host's log."""
        with self.log.open("ab") as log:
            process = subprocess.Popen(
                self._inside(command), cwd=self.folder, env=self._environment(env), stdout=log, stderr=log,
                stdin=subprocess.DEVNULL,
            )  # fmt: skip
        self.running.append(process)
        return process

    def serve(self, *arguments: str, **env: str) -> "subprocess.Popen[bytes]":
        return self.start(sys.executable, "-m", "ecluse", *arguments, **env)

    def pids(self) -> list[int]:
        """Everything that runs there."""
        found = _ip("netns", "pids", self.space, check=False).stdout.split()
        return [int(each) for each in found]

    def kill(self) -> None:
        """``kill -9`` of all that runs there, at once."""
        self.note_memory()
        while pids := self.pids():
            for pid in pids:
                with suppress(ProcessLookupError):
                    os.kill(pid, signal.SIGKILL)
            time.sleep(0.02)
            for process in self.running:
                process.poll()
        for process in self.running:
            process.wait(timeout=20)
        self.running.clear()

    def cut(self) -> None:
        """Pull its cable."""
        _ip("-n", self.wire.switch, "link", "set", self._port, "down")

    def mend(self) -> None:
        _ip("-n", self.wire.switch, "link", "set", self._port, "up")

    def slow(self, kbit: int | None) -> None:
        """What may leave this host a second; None: as much as it can."""
        if kbit is None:
            _run("tc", "-n", self.space, "qdisc", "del", "dev", "eth0", "root")
            return
        shape = ("rate", f"{kbit}kbit", "burst", "4kb", "limit", "64kb")
        _run("tc", "-n", self.space, "qdisc", "replace", "dev", "eth0", "root", "tbf", *shape)

    def listens(self, port: int, seconds: float = 60) -> None:
        """Until something listens there, without knocking; the log where nothing does."""

        def listening() -> bool:
            assert all(each.poll() is None for each in self.running), self.tail()
            return f"{self.address}:{port} " in self.run("ss", "-Hltn").stdout

        until(listening, seconds, self.tail)

    def note_memory(self) -> None:
        """Remember the most memory (KiB) that each program there has had until now."""
        for pid in self.pids():
            with suppress(OSError, IndexError, StopIteration):
                status = Path(f"/proc/{pid}/status").read_text().splitlines()
                most = int(next(line for line in status if line.startswith("VmHWM")).split()[1])
                words = Path(f"/proc/{pid}/cmdline").read_bytes().split(b"\0")
                name = b" ".join(word for word in words if word in _PROGRAMS).decode() or "other"
                self.peak[name] = max(self.peak.get(name, 0), most)

    def tail(self) -> str:
        return f"{self.name}:\n{self.log.read_text(errors='replace')[-3000:] if self.log.exists() else ''}"

    @property
    def _port(self) -> str:
        return f"p{self.number}"

    def _inside(self, command: tuple[str, ...]) -> list[str]:
        return ["ip", "netns", "exec", self.space, "sh", "-ec", _ENTER, "sh", *command]

    def _environment(self, more: dict[str, str]) -> dict[str, str]:
        known = {name: value for name, value in os.environ.items() if not _is_ours(name)}
        beside = [path for path in self.wire.beside() if path != self.folder]
        return known | {
            "HOME": str(self.folder), "TMPDIR": str(self.path("tmp")), "PYTHONDONTWRITEBYTECODE": "1",
            "PYTHONPATH": f"{_SOURCES}:{_SOURCES.parent / 'tests'}:{_SOURCES.parent}", "ECLUSE_LANG": "en",
            "HOSTS_FILE": str(self.wire.root / "names"), "HOSTS_NOTHING": str(self.wire.root / "nothing"),
            "HOSTS_HIDDEN": " ".join(map(str, beside)),
        } | more  # fmt: skip


_PROGRAMS = frozenset({b"serve", b"agent", b"run", b"ecluse.relay", b"ecluse.portal", b"ecluse.portal.watch"})


def _is_ours(name: str) -> bool:
    return name.lower().endswith("_proxy") or name.startswith(("ECLUSE_", "LC_", "LANG", "PYTEST"))


@dataclass
class Wire:
    """A switch and the hosts on it."""

    root: Path
    tag: str
    hosts: dict[str, Host] = field(default_factory=dict)
    sniffer: "subprocess.Popen[bytes] | None" = None

    @property
    def switch(self) -> str:
        return f"{self.tag}-switch"

    @property
    def pcap(self) -> Path:
        return self.root / "wire.pcap"

    def host(self, name: str) -> Host:
        """One more host, on the wire."""
        made = Host(self, name, len(self.hosts) + 11)
        self.hosts[name] = made
        made.path("tmp").mkdir(parents=True)
        _ip("netns", "add", made.space)
        _ip("-n", made.space, "link", "set", "lo", "up")
        _ip("link", "add", "eth0", "netns", made.space, "type", "veth",
            "peer", "name", made._port, "netns", self.switch)  # fmt: skip
        _ip("-n", self.switch, "link", "set", made._port, "master", "br0", "up")
        _ip("-n", made.space, "addr", "add", f"{made.address}/24", "dev", "eth0")
        _ip("-n", made.space, "link", "set", "eth0", "up")
        names = "".join(f"{each.address} {each.fqdn} {each.name}\n" for each in self.hosts.values())
        # Written in place: a running host has this very file as its own.
        (self.root / "names").write_text(f"127.0.0.1 localhost\n{names}")
        return made

    def hide(self, path: Path) -> None:
        """Something in ``root`` that no host may see."""
        self._hidden.append(path)

    _hidden: list[Path] = field(default_factory=list)

    def beside(self) -> list[Path]:
        return [*self._hidden, *(each.folder for each in self.hosts.values())]

    def listen_in(self) -> None:
        """From now on every frame on the wire is written down."""
        command = ["tcpdump", "-i", "br0", "-w", str(self.pcap), "-U", "-s", "0", "-B", "65536", "-Z", "root"]
        self.sniffer = subprocess.Popen(
            ["ip", "netns", "exec", self.switch, *command], stderr=subprocess.PIPE, stdout=subprocess.DEVNULL
        )
        assert self.sniffer.stderr
        first = self.sniffer.stderr.readline()
        assert b"listening on br0" in first, first + self.sniffer.stderr.read()

    def captured(self) -> list[Flow]:
        """Stop writing down; what was said, flow by flow. Nothing may have been missed."""
        assert self.sniffer
        assert self.sniffer.stderr
        time.sleep(0.3)
        self.sniffer.send_signal(signal.SIGINT)
        _, said = self.sniffer.communicate(timeout=60)
        self.sniffer = None
        assert b"\n0 packets dropped by kernel" in said, said
        return flows(self.pcap)

    def close(self) -> None:
        if self.sniffer:
            self.sniffer.kill()
            self.sniffer.communicate()
        for host in self.hosts.values():
            host.kill()
            _ip("netns", "del", host.space, check=False)
        _ip("netns", "del", self.switch, check=False)


@contextmanager
def network(root: Path) -> Iterator[Wire]:
    """A wire without hosts yet; fails with what is missing where this machine does not allow it."""
    for program in ("ip", "tc", "tcpdump", "faketime"):
        if shutil.which(program, path=f"{os.environ.get('PATH', '')}:/usr/sbin:/sbin") is None:
            pytest.fail(f"{program} is not installed. {_HOW}")
    wire = Wire(root, f"ecl{os.getpid()}x{next(_NUMBERS)}")
    (root / "nothing").mkdir(parents=True)
    (root / "names").write_text("127.0.0.1 localhost\n")
    try:
        done = _ip("netns", "add", wire.switch, check=False)
        if done.returncode:
            pytest.fail(f"{done.stderr.strip()}. {_HOW}")
        try:
            _ip("-n", wire.switch, "link", "add", "br0", "type", "bridge")
            _ip("-n", wire.switch, "link", "set", "br0", "up")
            _run("ip", "netns", "exec", wire.switch, "true")
        except AssertionError as error:
            pytest.fail(f"{error}. {_HOW}")
        yield wire
    finally:
        wire.close()


def until(true: Callable[[], Any], seconds: float = 60, why: Callable[[], str] = lambda: "it did not come") -> Any:
    """What ``true`` gives, as soon as it is something."""
    end = time.monotonic() + seconds
    while not (found := true()):
        assert time.monotonic() < end, why()
        time.sleep(0.1)
    return found


def flows(pcap: Path) -> list[Flow]:
    """TCP payloads of a capture, put in order; a part sent twice counts once, and another protocol than TCP fails."""
    made: list[tuple[str, str, dict[int, bytes]]] = []
    known: dict[tuple[str, str], tuple[int, dict[int, bytes]]] = {}
    for frame in _frames(pcap):
        kind = struct.unpack_from("!H", frame, 12)[0]
        if kind != 0x0800:  # ARP and IPv6's own housekeeping carry nothing of ours
            assert kind in {0x0806, 0x86DD}, hex(kind)
            assert kind == 0x0806 or frame[20] in {0, 58}, "IPv6 that is no housekeeping"
            continue
        ip = frame[14 : 14 + struct.unpack_from("!H", frame, 16)[0]]
        assert ip[9] in {1, 2, 6}, f"neither TCP nor ICMP nor IGMP: {ip[9]}"
        if ip[9] != 6:
            continue
        tcp = ip[(ip[0] & 15) * 4 :]
        ports, (number,) = struct.unpack_from("!HH", tcp), struct.unpack_from("!I", tcp, 4)
        data = tcp[(tcp[12] >> 4) * 4 :]
        source, target = (socket.inet_ntoa(ip[start : start + 4]) for start in (12, 16))
        ends = (f"{source}:{ports[0]}", f"{target}:{ports[1]}")
        if tcp[13] & _SYN and known.get(ends, (None,))[0] != number + 1:
            known[ends] = (number + 1, {})
            made.append((*ends, known[ends][1]))
        elif data:
            first, flow = known.get(ends) or (number, {})
            if ends not in known:
                known[ends] = (first, flow)
                made.append((*ends, flow))
            at = (number - first) % 2**32
            if len(flow.get(at, b"")) < len(data):
                flow[at] = data
    return [
        Flow(source, target, b"".join(data for _, data in sorted(found.items())))
        for source, target, found in made
        if found
    ]


def _frames(pcap: Path) -> Iterator[bytes]:
    data = pcap.read_bytes()
    assert data[:4] == b"\xd4\xc3\xb2\xa1", "not a capture of this machine"
    at = 24
    while at + 16 <= len(data):
        kept, whole = struct.unpack_from("<II", data, at + 8)
        assert kept == whole, "a frame was cut short"
        yield data[at + 16 : at + 16 + kept]
        at += 16 + kept


def _ip(*arguments: str, check: bool = True) -> Done:
    return _run("ip", *arguments, check=check)


def _run(*command: str, check: bool = True) -> Done:
    done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
    assert not check or done.returncode == 0, f"{' '.join(command)}: {done.stderr.strip()}"
    return done
