"""Servers that answer anything at all: the inspector says what it saw, within its limits, and never breaks."""

import datetime as dt
import socketserver
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace

import pytest

from ecluse.inspector.budget import Budget
from ecluse.inspector.database import inspect_database
from ecluse.inspector.findings import FOLDER, SERVER, Finding, Limits, Standing
from ecluse.inspector.login import Login
from ecluse.inspector.looking import Asked, inspect
from ecluse.inspector.target import target_of
from ecluse.inspector.visit import Visit

ANSWERS = {
    "nothing": b"",
    "zeros": bytes(70_000),
    "an endless line": b"220 " + b"a" * 200_000,
    "endless lines": b"220-a\r\n" * 30_000,
    "half a greeting": b"220",
    "not utf-8": b"220 \xff\xfe\xe9\r\n331 \xff\r\n230 \xff\r\n",
    "all at once": b"220 a\r\n234 b\r\n331 c\r\n230 d\r\n200 e\r\n227 (1,2,3,4,5,6)\r\n",
    "a passive address of others": b"220 a\r\n500 no\r\n331 c\r\n230 d\r\n200 e\r\n227 Entering (10,0,0,1,0,1)\r\n" * 3,
    "http": b"HTTP/1.1 200 OK\r\nContent-Length: 99999999999\r\n\r\n<title>Index of /</title><a href='../x'>",
    "endless headers": b"HTTP/1.1 200 OK\r\n" + b"X: y\r\n" * 20_000,
    "no such status": b"HTTP/1.1 99999 \xff\r\n\r\n",
    "ssh": b"SSH-2.0-\xff\xff\r\n" + bytes(range(256)) * 40,
    "ssh 1": b"SSH-1.5-OpenSSH_99999999999999999999999999\r\n",
    "a greeting with a version of many digits": b"220 vsFTPd 99999999999999999999.0\r\n",
}
SCHEMES = ("ftp", "ftps", "sftp", "http", "https", "postgresql", "mysql")


@contextmanager
def speaking(answer: bytes) -> Iterator[int]:
    class Handler(socketserver.BaseRequestHandler):
        def handle(self) -> None:
            self.request.settimeout(0.3)
            try:
                self.request.sendall(answer)
                while self.request.recv(4096):
                    pass
            except OSError:
                pass

    class Server(socketserver.ThreadingTCPServer):
        daemon_threads = True

    with Server(("127.0.0.1", 0), Handler) as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
        thread.start()
        yield server.server_address[1]
        server.shutdown()
        thread.join(5)


EXPECTED = {
    ("ftp", "not utf-8"): {"anonymous-login", "clear-text-ftp", "guessable-login"},
    ("ftp", "a passive address of others"): {"clear-text-ftp"},
    ("sftp", "ssh 1"): {"ssh-old-protocol"},
    ("http", "http"): {"clear-text-http", "open-listing"},
}
"""What is a failing indeed, where a server of nothing but these bytes has one."""
SAID = {"no-answer", "login-refused", "limit-time"}


def seen(scheme: str, port: int, limits: Limits) -> list[Finding]:
    target, now = target_of(f"{scheme}://127.0.0.1:{port}"), dt.datetime.now(dt.UTC)
    if scheme in {"postgresql", "mysql"}:  # in this process, which need not be started for each answer
        return list(inspect_database(Visit(target, Login(), Budget(limits), lambda _text: None, now), None))
    return inspect(Asked([(target, Login())], (), limits, FOLDER, scanners=False), now, lambda _text: None)


@pytest.mark.parametrize("scheme", SCHEMES)
def test_whatever_a_server_says(scheme: str) -> None:
    limits = replace(SERVER, per_second=100.0, seconds=8.0, requests=30)
    for named, answer in ANSWERS.items():
        with speaking(answer) as port:
            begun = time.monotonic()
            found = seen(scheme, port, limits)
            assert time.monotonic() - begun < 60, (scheme, named)
        told = {each.rule for each in found if each.standing is Standing.FAILING}
        expected = EXPECTED.get((scheme, named), set())
        assert told == expected, (scheme, named)
        unseen = {fact for each in found if each.rule == "not-looked-at" for fact in each.facts}
        assert expected or unseen & SAID, (scheme, named, "never silently clean")
