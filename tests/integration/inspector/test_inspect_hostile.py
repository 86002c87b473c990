"""Servers that answer anything at all: the inspector says what it saw, within its limits, and never breaks."""

import datetime as dt
import socketserver
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace

import pytest

from ecluse.inspector.findings import FOLDER, SERVER, Standing
from ecluse.inspector.login import Login
from ecluse.inspector.looking import Asked, inspect
from ecluse.inspector.target import target_of

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


@pytest.mark.parametrize("scheme", SCHEMES)
def test_whatever_a_server_says(scheme: str) -> None:
    limits = replace(SERVER, per_second=100.0, seconds=2.0, requests=30)
    for named, answer in ANSWERS.items():
        with speaking(answer) as port:
            begun = time.monotonic()
            asked = Asked([(target_of(f"{scheme}://127.0.0.1:{port}"), Login())], (), limits, FOLDER, scanners=False)
            found = inspect(asked, dt.datetime.now(dt.UTC), lambda _text: None)
            assert time.monotonic() - begun < 20, (scheme, named)
        assert found, (scheme, named)
        told = {each.rule for each in found if each.standing is Standing.FAILING}
        assert not told & {"open-personal-data", "clear-personal-data", "database-trust"}, (scheme, named, told)
