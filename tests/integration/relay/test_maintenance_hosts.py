"""Nothing goes to a machine used for remote maintenance (R12), however it is named, resolved or mounted."""

import re
import socket
import subprocess
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import pytest

from ecluse.adapters import targets
from ecluse.adapters.mailboxes.address import checked_relay, relay_address
from ecluse.adapters.mailboxes.opening import Entry, close_relays, open_relay
from ecluse.adapters.mailboxes.relay_https import HttpsDoor
from ecluse.adapters.mailboxes.relay_sftp import SftpDoor
from ecluse.adapters.targets import check_folder, check_host, checked_maintenance
from ecluse.control.setup import Setup, read_setup, write_setup
from ecluse.domain.errors import ForbiddenError, UsageError
from migrating import Desk

NAMES = {"megabus.example": "192.0.2.9", "alias.example": "192.0.2.9", "clean.example": "198.51.100.7",
         "six.example": "2001:db8::9", "mapped.example": "::ffff:192.0.2.9"}  # fmt: skip


@pytest.fixture(autouse=True)
def resolver(monkeypatch: pytest.MonkeyPatch) -> None:
    real = socket.getaddrinfo

    def resolved(host: Any, *given: Any, **more: Any) -> Any:
        if str(host).endswith(".example"):
            if host not in NAMES:
                raise socket.gaierror(-2, "Name or service not known")
            return [(0, 0, 0, "", (NAMES[host], 0))]
        return real(host, *given, **more)

    monkeypatch.setattr(socket, "getaddrinfo", resolved)


@pytest.mark.parametrize(
    ("host", "entry"),
    [
        ("megabus.example", "megabus.example"), ("MegaBus.Example.", "megabus.example"),
        ("megabus.example", "192.0.2.9"), ("megabus.example", "192.0.2.0/24"), ("alias.example", "megabus.example"),
        ("192.0.2.9", "megabus.example"), ("six.example", "2001:db8::/32"), ("[2001:db8::9]", "2001:db8::9"),
        ("mapped.example", "192.0.2.9"), ("::ffff:192.0.2.9", "192.0.2.0/28"), ("nowhere.example", "nowhere.example"),
    ],
)  # fmt: skip
def test_a_maintenance_host_is_refused_by_name_address_and_network(host: str, entry: str) -> None:
    with pytest.raises(ForbiddenError, match="maintenance host"):
        check_host(host, (checked_maintenance("203.0.113.1"), checked_maintenance(entry)))


def test_another_host_is_not() -> None:
    check_host("clean.example", ("megabus.example", "192.0.2.0/24"))
    check_host("megabus.example", ())


@pytest.mark.parametrize("text", ["", "a b", "http://x", "192.0.2.300", "x/24", "-x", "192.0.2.0/33"])
def test_an_entry_that_names_nothing_is_refused(text: str) -> None:
    with pytest.raises(UsageError):
        checked_maintenance(text)


@pytest.mark.parametrize(
    "source",
    ["//megabus.example/share", "megabus.example:/export", "eng@alias.example:/home", "https://megabus.example/dav",
     "ftp://user@megabus.example", "[2001:db8::9]:/export", "192.0.2.9:/x", r"//megabus.example/my\040share"],
)  # fmt: skip
def test_a_share_of_a_maintenance_host_is_refused_as_a_folder(
    source: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    table = tmp_path / "mountinfo"
    folder = tmp_path / "exchange" / "box"
    folder.mkdir(parents=True)
    table.write_text(
        "22 1 8:1 / / rw - ext4 /dev/sda1 rw\n"
        f"30 22 0:44 / {tmp_path}/exchange rw,relatime shared:1 - cifs {source} rw\n"
        f"31 22 0:45 / {tmp_path}/elsewhere rw - nfs clean.example:/e rw\n"
    )
    monkeypatch.setattr(targets, "_MOUNTS", table)
    never = ("megabus.example", "2001:db8::/32", "192.0.2.9/32")
    for place in (folder, tmp_path / "exchange", folder / "not" / "yet"):
        with pytest.raises(ForbiddenError):
            check_folder(place, never)
    check_folder(tmp_path / "elsewhere", never)
    check_folder(tmp_path, never)


def test_a_relay_on_one_is_never_connected_to(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        entry = Entry(token=str(tmp_path / "t"), maintenance=("127.0.0.0/8",))
        with pytest.raises(ForbiddenError):
            open_relay(relay_address(f"https://127.0.0.1:{server.getsockname()[1]}"), entry, None)
        server.settimeout(0.2)
        with pytest.raises(TimeoutError):
            server.accept()
    close_relays()


@contextmanager
def listening() -> Iterator[tuple[int, list[bytes]]]:
    """A machine that answers, greets as SSH servers do, and keeps what it is told first."""
    heard: list[bytes] = []
    with socket.create_server(("127.0.0.1", 0)) as server:
        server.settimeout(20)

        def serve() -> None:
            peer = server.accept()[0]
            with suppress(OSError), peer:
                peer.settimeout(20)
                peer.sendall(b"SSH-2.0-other\r\n")
                heard.append(peer.recv(4096))

        thread = threading.Thread(target=serve)
        thread.start()
        yield server.getsockname()[1], heard
        thread.join()


def refusing(_address: str) -> None:
    raise ForbiddenError("this is a maintenance host")


def test_the_machine_that_answers_is_asked_about_before_a_credential_is_offered(tmp_path: Path) -> None:
    """A name may lead elsewhere a moment after it was looked up."""
    token, key = tmp_path / "token", tmp_path / "key"
    token.write_text("x" * 40)
    token.chmod(0o600)
    subprocess.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", str(key)], check=True)
    with listening() as (port, heard), pytest.raises(ForbiddenError, match="maintenance host"):
        HttpsDoor(f"https://127.0.0.1:{port}", token, check_peer=refusing).boxes()
    assert heard in ([b""], []), "not even the beginning of TLS, which may hold a certificate"
    with listening() as (port, heard), pytest.raises(ForbiddenError, match="maintenance host"):
        SftpDoor(f"sftp://agent@127.0.0.1:{port}", key, key.with_suffix(".pub"), check_peer=refusing).boxes()
    assert not heard or re.fullmatch(rb"(SSH-2\.0-[!-~ ]*\r\n)?", heard[0]), "a greeting at most: no name, no key"


def test_the_list_is_kept_and_only_grows(tmp_path: Path) -> None:
    setup = Setup().changed(source={}, destination={}, mailbox="sftp://a@r.example", maintenance=("a.example",))
    setup = setup.changed(source={}, destination={}, mailbox=None, maintenance=("192.0.2.0/24", "a.example"))
    write_setup(tmp_path, setup)
    assert read_setup(tmp_path) == setup
    assert setup.maintenance == ("a.example", "192.0.2.0/24")


def test_the_command_refuses_before_anything_is_sent_in_both_languages(tmp_path: Path) -> None:
    desk = Desk.made(tmp_path, patients=5)
    desk.plan("--maintenance-host", "127.0.0.0/8")
    desk.ecluse("extract", "-w", "migration")
    token = desk.path("token")
    token.write_text("x" * 40)
    token.chmod(0o600)
    relay = ("--mailbox", "https://127.0.0.1:9", "--relay-token", "token")
    refused = desk.ecluse("deliver", "-w", "migration", *relay, code=22)
    assert "this is a maintenance host (127.0.0.0/8)" in refused.err
    french = desk.ecluse("deliver", "-w", "migration", *relay, "--lang", "fr", code=22)
    assert "ceci est un hôte de télémaintenance (127.0.0.0/8)" in french.err
    desk.ecluse("deliver", "-w", "migration")  # a folder of this machine is no such host


def test_a_token_that_others_may_read_is_not_sent(tmp_path: Path) -> None:
    token = tmp_path / "token"
    token.write_text("x" * 40)
    token.chmod(0o644)
    with pytest.raises(UsageError, match="others may read"):
        HttpsDoor("https://127.0.0.1:9", token).boxes()


@pytest.mark.parametrize(
    "text",
    ["https://user:secret@r.example", "https://r.example?token=secret", "sftp://r.example", "ftp://r.example",
     "https://u@r.example", "sftp://a:secret@r.example", "https://r.example/boxes", "https://r.example:99999",
     "https://r.example#secret", "https://", "sftp://-x@r.example"],
)  # fmt: skip
def test_no_secret_and_no_other_address_is_taken(text: str) -> None:
    with pytest.raises(UsageError) as refused:
        checked_relay(text)
    assert "secret" not in str(refused.value).replace("no secret", "")


def test_an_address_is_kept_with_its_door_and_box() -> None:
    assert checked_relay("https://r.example/") == "https://r.example:8444"
    assert checked_relay("sftp://a.b@[2001:db8::1]:22/0123456789abcdef") == (
        "sftp://a.b@[2001:db8::1]:22/0123456789abcdef"
    )
