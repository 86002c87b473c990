"""Who comes in by SSH, and what SSH can that this door does not: probed over the network, every refusal journalled."""

import json
import os
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path

import paramiko
import pytest
import yaml

from ecluse.domain.access import Access
from relay_process import Running, entries, run, told
from relays import DESTINATION, SOURCE, Sent

POST_QUANTUM = "does not provide protection against post-quantum attacks"


@pytest.fixture
def relay(fresh: Sent) -> Iterator[Running]:
    with Running(fresh.home) as one:
        yield one


def settings(fresh: Sent, **changed: object) -> None:
    path = fresh.home.root / "relay.yaml"
    path.write_text(yaml.safe_dump(yaml.safe_load(path.read_text()) | changed))


def wait_for(what: Callable[[], object]) -> None:
    deadline = time.monotonic() + 15
    while not what():
        assert time.monotonic() < deadline
        time.sleep(0.05)


def reasons(fresh: Sent) -> set[object]:
    return {each.detail["reason"] for each in told(fresh.home, Access.ENTRY_FAILED)}


def started(relay: Running) -> paramiko.Transport:
    transport = paramiko.Transport((relay.address, relay.port))
    transport.start_client(timeout=20)
    return transport


class TestStrangers:
    def test_no_way_but_a_key(self, fresh: Sent, relay: Running) -> None:
        for name in (SOURCE, "anonymous", "root", "ftp"):
            for way in (
                lambda t, n: t.auth_none(n),
                lambda t, n: t.auth_password(n, ""),
                lambda t, n: t.auth_password(n, "anonymous@example"),
                lambda t, n: t.auth_interactive(n, lambda *_: ["x"]),
            ):
                transport = started(relay)
                with pytest.raises(paramiko.BadAuthenticationType) as refused:
                    way(transport, name)
                assert refused.value.allowed_types == ["publickey"]
                with pytest.raises((paramiko.SSHException, EOFError)):
                    transport.open_session(timeout=5)
                transport.close()
        wait_for(lambda: {"a password", "an anonymous name", "no key"} <= reasons(fresh))
        assert not told(fresh.home, Access.ENTERED)

    def test_a_key_of_nobody_s(self, fresh: Sent, relay: Running, tmp_path: Path) -> None:
        for kind in ("ed25519", "ecdsa", "rsa"):
            key = tmp_path / kind
            subprocess.run(["ssh-keygen", "-q", "-t", kind, "-N", "", "-f", key], check=True)
            assert "Permission denied (publickey)" in relay.ssh(key, SOURCE, "-s", "sftp").stderr
        wait_for(lambda: "unknown key" in reasons(fresh))
        assert not told(fresh.home, Access.ENTERED)

    def test_a_key_offered_under_another_name_is_told_at_once(self, fresh: Sent, relay: Running) -> None:
        done = relay.ssh(fresh.private_key(SOURCE), DESTINATION, "-s", "sftp")
        assert "Permission denied" in done.stderr
        wait_for(lambda: told(fresh.home, Access.KEY_CLAIMED))
        claimed = told(fresh.home, Access.KEY_CLAIMED)
        assert [(each.actor, each.subject) for each in claimed] == [("anonymous", SOURCE)], "it was offered, not proven"
        assert not told(fresh.home, Access.ENTERED)

    def test_another_network_hears_nothing(self, fresh: Sent) -> None:
        settings(fresh, networks=["127.0.0.2/32"], maintenance=["127.0.0.3/32"])
        with Running(fresh.home) as relay:
            key = fresh.private_key(SOURCE)
            for address in ("127.0.0.1", "127.0.0.3"):
                assert relay.sftp(key, SOURCE, "ls", more=("-o", f"BindAddress={address}")).returncode == 255
            assert relay.sftp(key, SOURCE, "ls", more=("-o", "BindAddress=127.0.0.2")).returncode == 0
            wait_for(lambda: len(told(fresh.home, Access.NETWORK_REFUSED)) >= 2)
        assert {each.origin for each in told(fresh.home, Access.ENTERED)} == {"127.0.0.2"}

    def test_only_so_many_keys_and_so_long(self, fresh: Sent) -> None:
        settings(fresh, auth_tries=2, login_grace_s=2)
        with Running(fresh.home) as relay:
            transport = started(relay)
            with pytest.raises((paramiko.SSHException, EOFError)):
                for _ in range(20):
                    with pytest.raises(paramiko.AuthenticationException):
                        transport.auth_publickey("x", paramiko.ECDSAKey.generate())
            with socket.create_connection((relay.address, relay.port)) as silent:
                silent.settimeout(15)
                began = time.monotonic()
                while silent.recv(4096):
                    pass
                assert time.monotonic() - began < 12

    @pytest.mark.parametrize(
        "sent", [b"\xff" * 65_536, b"SSH-2.0-x\r\n" + b"\xff\xff\xff\xff" + b"\0" * 2000, b"GET / HTTP/1.1\r\n\r\n"]
    )
    def test_noise_ends_at_once(self, fresh: Sent, relay: Running, sent: bytes) -> None:
        """A length of four gibibytes among them: nothing waits for them."""
        with socket.create_connection((relay.address, relay.port)) as noisy:
            noisy.settimeout(20)
            noisy.sendall(sent)
            began = time.monotonic()
            with suppress(ConnectionResetError):
                while noisy.recv(65_536):
                    pass
            assert time.monotonic() - began < 15
        assert relay.sftp(fresh.private_key(SOURCE), SOURCE, "ls").returncode == 0

    def test_only_so_many_strangers_of_one_address(self, fresh: Sent) -> None:
        settings(fresh, origin_strangers=5)
        with Running(fresh.home) as relay:
            waiting = [socket.create_connection((relay.address, relay.port)) for _ in range(12)]
            heard = 0
            for each in waiting:
                each.settimeout(10)
                with suppress(ConnectionResetError):
                    heard += bool(each.recv(100))
            assert heard == 5
            for each in waiting:
                each.close()
            wait_for(lambda: "too many connections" in reasons(fresh))
            wait_for(lambda: relay.sftp(fresh.private_key(SOURCE), SOURCE, "ls").returncode == 0)


class TestMembers:
    @pytest.mark.parametrize(
        ("rest", "verb"),
        [(("id",), "exec"), ((), "shell"), (("-s", "netconf"), "subsystem"), (("-s", "rsync"), "subsystem")],
    )
    def test_no_shell_no_command_no_other_subsystem(
        self, fresh: Sent, relay: Running, rest: tuple[str, ...], verb: str
    ) -> None:
        done = relay.ssh(fresh.private_key(SOURCE), SOURCE, *rest)
        assert done.returncode != 0
        assert done.stdout == ""
        wait_for(lambda: [each.detail["verb"] for each in told(fresh.home, Access.PATH_REFUSED)] == [verb])

    def test_no_scp_of_old(self, fresh: Sent, relay: Running, tmp_path: Path) -> None:
        assert relay.scp(fresh.private_key(SOURCE), "-O", f"{SOURCE}@127.0.0.1:/x", str(tmp_path)).returncode != 0

    def test_no_forwarding(self, fresh: Sent, relay: Running) -> None:
        transport = paramiko.Transport((relay.address, relay.port))
        transport.connect(
            username=SOURCE, pkey=paramiko.Ed25519Key.from_private_key_file(str(fresh.private_key(SOURCE)))
        )
        for kind in ("direct-tcpip", "forwarded-tcpip", "x11", "auth-agent@openssh.com", "tun@openssh.com"):
            with pytest.raises((paramiko.ChannelException, paramiko.SSHException)):
                transport.open_channel(kind, ("127.0.0.1", relay.port), ("127.0.0.1", 9), timeout=5)
        with pytest.raises(paramiko.SSHException):
            transport.request_port_forward("127.0.0.1", 0)
        transport.close()
        wait_for(lambda: "forwarding" in {each.detail["verb"] for each in told(fresh.home, Access.PATH_REFUSED)})

    def test_a_revoked_account_goes_out_while_it_is_in(self, fresh: Sent, relay: Running) -> None:
        transport = paramiko.Transport((relay.address, relay.port))
        transport.connect(
            username=SOURCE, pkey=paramiko.Ed25519Key.from_private_key_file(str(fresh.private_key(SOURCE)))
        )
        desk = fresh.desk()
        desk.accounts.revoke(SOURCE, desk.log, "adm.roux")
        wait_for(lambda: not transport.is_active())
        assert relay.sftp(fresh.private_key(SOURCE), SOURCE, "ls").returncode != 0
        wait_for(lambda: "revoked or expired" in reasons(fresh))

    def test_sessions_of_one_account_are_counted_over_all_relays(self, fresh: Sent) -> None:
        settings(fresh, account_sessions=3)
        key = paramiko.Ed25519Key.from_private_key_file(str(fresh.private_key(SOURCE)))
        with Running(fresh.home) as one, Running(fresh.home) as other:
            held = []
            for relay in (one, other, one):
                held.append(paramiko.Transport((relay.address, relay.port)))
                held[-1].connect(username=SOURCE, pkey=key)
                paramiko.SFTPClient.from_transport(held[-1])
            assert other.sftp(fresh.private_key(SOURCE), SOURCE, "ls").returncode != 0
            assert other.sftp(fresh.private_key(DESTINATION), DESTINATION, "ls").returncode == 0
            wait_for(lambda: "too many sessions" in reasons(fresh))
            one.kill()  # its sessions are gone with it
            assert other.sftp(fresh.private_key(SOURCE), SOURCE, "ls").returncode == 0
            for each in held:
                each.close()

    def test_two_places_at_once_are_told(self, fresh: Sent, relay: Running) -> None:
        key = paramiko.Ed25519Key.from_private_key_file(str(fresh.private_key(SOURCE)))
        first = paramiko.Transport((relay.address, relay.port))
        first.connect(username=SOURCE, pkey=key)
        paramiko.SFTPClient.from_transport(first)
        done = relay.sftp(fresh.private_key(SOURCE), SOURCE, "ls", more=("-o", "BindAddress=127.0.7.1"))
        assert done.returncode == 0
        first.close()
        entered = told(fresh.home, Access.ENTERED)
        assert [(each.origin, each.detail.get("elsewhere")) for each in entered] == [
            ("127.0.0.1", None),
            ("127.0.7.1", 1),
        ]

    def test_whoever_says_nothing_goes_out(self, fresh: Sent) -> None:
        settings(fresh, idle_s=2)
        with Running(fresh.home) as relay:
            key = paramiko.Ed25519Key.from_private_key_file(str(fresh.private_key(SOURCE)))
            transport = paramiko.Transport((relay.address, relay.port))
            transport.connect(username=SOURCE, pkey=key)
            paramiko.SFTPClient.from_transport(transport)
            wait_for(lambda: not transport.is_active())
            wait_for(lambda: told(fresh.home, Access.LEFT))


class TestTheProcess:
    def test_ssh_audit_finds_nothing(self, relay: Running) -> None:
        """But that classical key exchange stands beside the post-quantum one: clients of 2026 still need it."""
        done = run([str(Path(sys.executable).with_name("ssh-audit")), "--json", "--skip-rate-test", "-p", str(relay.port),
                    "127.0.0.1"])  # fmt: skip
        found = json.loads(done.stdout)
        notes = [
            (kind, each["algorithm"], level, note)
            for kind in ("kex", "key", "enc", "mac")
            for each in found[kind]
            for level in ("fail", "warn")
            for note in each.get("notes", {}).get(level, [])
        ]
        left = [each for each in notes if each[3] != POST_QUANTUM]
        assert left == []
        assert {each[1] for each in notes} <= {"curve25519-sha256", "curve25519-sha256@libssh.org"}
        assert "kex-strict-s-v00@openssh.com" in {each["algorithm"] for each in found["kex"]}, (
            "Terrapin, CVE-2023-48795"
        )
        assert found["compression"] == ["none"]
        assert found["cves"] == []

    def test_no_code_that_reads_rows_is_in_it(self) -> None:
        look = (
            "import json, sys; from ecluse.relay import __main__, sftp_session, sftp_files, https, metrics, reporting;"
            "print(json.dumps(sorted(sys.modules)))"
        )
        done = subprocess.run(
            [sys.executable, "-P", "-c", look], capture_output=True, text=True, check=True, env=os.environ
        )
        held = json.loads(done.stdout)
        forbidden = ("pyarrow", "duckdb", "polars", "numpy", "pymysql", "psycopg", "pyrage", "django", "ecluse.migration",
                     "ecluse.cli", "ecluse.adapters.sources", "ecluse.adapters.destinations")  # fmt: skip
        assert [name for name in held if name.startswith(forbidden)] == []
        assert "ecluse.relay.sftp_session" in held

    def test_it_does_not_work_unwatched(self, fresh: Sent) -> None:
        (fresh.home.journal / "checkpoint").write_bytes(b"nothing that was signed\n")
        told = {"home": str(fresh.home.root), "sftp": "127.0.0.1:0", "https": "127.0.0.1:0"}
        done = run([sys.executable, "-m", "ecluse.relay", json.dumps(told)])
        assert done.returncode == 17
        assert done.stdout == ""

    def test_start_and_stop_are_journalled(self, fresh: Sent) -> None:
        with Running(fresh.home) as relay:
            assert relay.stop() == 0
        assert [each.event for each in entries(fresh.home)][-2:] == [Access.STARTED, Access.STOPPED]
