"""``ecluse serve`` with a certificate of its own, and behind a reverse proxy: what a browser gets (ANSSI's TLS guide; R5).

Real processes and real handshakes: what the settings intend is asserted of the bytes that arrive.
"""

import http.client
import re
import ssl
import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing, contextmanager
from http.cookies import SimpleCookie
from pathlib import Path

import pytest

from agents_at_work import free_port, wait_for
from inspected_servers import certificate
from migrating import ROOT

PAGE = "/account/login/"
_SEALED = re.compile(r"AES\d*[_-](128|256)?[_-]?GCM|AES(128|256)-GCM|CHACHA20")


ENV = {"PATH": "/usr/bin:/bin", "PYTHONPATH": str(ROOT / "src"), "PYTHONDONTWRITEBYTECODE": "1"}


def opening(root: Path, *options: str) -> tuple[str, ...]:
    """The command that opens a new room."""
    return (
        sys.executable, "-m", "ecluse", "serve", "--home", str(root / "room"), "--organisation", "Passage SAS",
        "--administrator", "Sacha Roux", "--email", "sacha.roux@passage.example", *options,
    )  # fmt: skip


@contextmanager
def serving(root: Path, *options: str) -> Iterator[int]:
    """A new room on a free port of this machine."""
    port = free_port()
    command = opening(root, "--listen", f"127.0.0.1:{port}", "--watch-elsewhere", *options)
    with (root / "serve.log").open("ab") as log:
        process = subprocess.Popen(command, env=ENV, stdout=log, stderr=log)
        try:
            wait_for(port, process, root / "serve.log")
            yield port
        finally:
            process.terminate()
            process.wait(timeout=30)


def hardened(answer: http.client.HTTPResponse) -> None:
    """Nothing of it travels in the clear, is kept by a cache, or is reached by a script."""
    assert answer.status == 200
    assert answer.headers["Strict-Transport-Security"] == "max-age=63072000; includeSubDomains"
    assert answer.headers["X-Content-Type-Options"] == "nosniff"
    assert answer.headers["X-Frame-Options"] == "DENY"
    assert "no-store" in answer.headers["Cache-Control"]
    policy = answer.headers["Content-Security-Policy"]
    assert "default-src 'none'" in policy
    assert "unsafe" not in policy
    cookies = SimpleCookie()
    for line in answer.headers.get_all("Set-Cookie") or []:
        cookies.load(line)
    assert "__Host-csrf" in cookies
    for name, cookie in cookies.items():
        assert name.startswith("__Host-"), name
        assert (cookie["secure"], cookie["httponly"], cookie["path"], cookie["domain"]) == (True, True, "/", ""), name
        assert cookie["samesite"] == "Lax", name


@pytest.mark.filterwarnings("ignore:ssl.TLSVersion:DeprecationWarning")
def test_with_a_certificate_of_its_own(tmp_path: Path) -> None:
    pem, key = certificate(tmp_path), tmp_path / "key.pem"
    options = ("--certificate", str(pem), "--key", str(key))
    with serving(tmp_path, *options) as port:
        trusting = ssl.create_default_context(cafile=str(pem))
        with closing(http.client.HTTPSConnection("localhost", port, context=trusting, timeout=30)) as browser:
            browser.request("GET", PAGE)
            assert isinstance(browser.sock, ssl.SSLSocket)
            suite = browser.sock.cipher()
            assert suite is not None
            assert _SEALED.search(suite[0]), suite
            assert browser.sock.version() in {"TLSv1.2", "TLSv1.3"}
            answer = browser.getresponse()
            hardened(answer)
            answer.read()
            browser.request("GET", PAGE, headers={"Host": "elsewhere.example"})
            assert browser.getresponse().status == 400
        for version in (ssl.TLSVersion.TLSv1, ssl.TLSVersion.TLSv1_1):
            with pytest.raises((ssl.SSLError, ConnectionError)) as refused:
                _old(port, version)
            assert "NO_PROTOCOLS" not in str(refused.value), "refused here, and not by the room"
        with closing(http.client.HTTPConnection("localhost", port, timeout=30)) as plain:
            plain.request("GET", PAGE)
            with pytest.raises((http.client.HTTPException, ConnectionError)):
                plain.getresponse()


def _old(port: int, version: ssl.TLSVersion) -> None:
    """A browser of another age."""
    old = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    old.check_hostname, old.verify_mode = False, ssl.CERT_NONE
    old.set_ciphers("ALL:@SECLEVEL=0")
    old.minimum_version = old.maximum_version = version
    with closing(http.client.HTTPSConnection("localhost", port, context=old, timeout=30)) as browser:
        browser.request("GET", PAGE)


def test_behind_a_reverse_proxy(tmp_path: Path) -> None:
    with serving(tmp_path, "--behind-proxy", "--origin", "https://room.example") as port:
        told = {"Host": "room.example", "X-Forwarded-Proto": "https", "X-Forwarded-For": "192.0.2.7"}
        with closing(http.client.HTTPConnection("127.0.0.1", port, timeout=30)) as proxy:
            proxy.request("GET", PAGE, headers=told)
            hardened(proxy.getresponse())


def test_no_room_opens_half_sealed(tmp_path: Path) -> None:
    """In clear for this machine alone; a certificate and its own key, or neither; nothing is made before that is right."""
    pem, other = certificate(tmp_path), tmp_path / "other.pem"
    other.write_text("not a key")
    for options, words in (
        (("--listen", "0.0.0.0:18443"), b"without TLS"),
        (("--origin", "http://room.example"), b"--origin must be https"),
        (("--listen", "0.0.0.0:18443", "--certificate", str(pem)), b"belong together"),
        (("--key", str(pem)), b"belong together"),
        (("--certificate", str(pem), "--key", str(other)), b"not a TLS certificate and its key"),
    ):
        done = subprocess.run(opening(tmp_path, *options), env=ENV, capture_output=True, timeout=60, check=False)
        assert (done.returncode, words in done.stderr) == (2, True), done.stderr
        assert not (tmp_path / "room").exists()
