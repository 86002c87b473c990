"""A relay's HTTPS door in this process, on a loop of its own, and a strict client that shows every byte.

with Doorway(sent) as doorway:                # sent: relays.Sent
    doorway.curl("source", "GET", "/")        # the real curl
    doorway.ask("source", "GET", "/")         # http.client, one connection a request
    doorway.raw(b"GET / HTTP/1.1\r\n…")       # bytes as they are
"""

import asyncio
import contextlib
import http.client
import json
import socket
import ssl
import subprocess
import threading
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Self

from ecluse.relay.accounts import secret_digest
from ecluse.relay.certificates import own_certificate
from ecluse.relay.desk import Desk
from ecluse.relay.https import Runner, open_https
from relays import DESTINATION, ENGINEER, SOURCE, Sent

TOKENS = {who: f"token-of-{who}-0123456789abcdef" for who in (SOURCE, DESTINATION, ENGINEER)}


@dataclass
class Answer:
    """What came back."""

    status: int
    headers: dict[str, str]
    body: bytes

    @property
    def json(self) -> Any:
        return json.loads(self.body)

    @property
    def reason(self) -> str:
        return str(self.json["type"].rpartition(":")[2])


class Doorway:
    """An open door."""

    def __init__(self, sent: Sent, desk: Desk | None = None, **settings: Any) -> None:
        self.sent, self.desk = sent, desk or sent.desk()
        for who, token in TOKENS.items():
            account = self.desk.accounts.get(who)
            assert account is not None
            if not account.tokens:
                self.desk.accounts.add(replace(account, tokens=(secret_digest(token),)), self.desk.log, "adm.roux")
        self.settings = replace(self.desk.settings, https="127.0.0.1:0", **settings)
        self.desk.settings = self.settings
        self.loop = asyncio.new_event_loop()
        self.thread = threading.Thread(target=self.loop.run_forever, daemon=True)
        self.runner: Runner | None = None

    def __enter__(self) -> Self:
        self.thread.start()
        self.runner = self.run(open_https(self.desk, self.settings))
        self.port = self.runner.ports[0][1]
        self.ca = own_certificate(self.desk.home, self.settings)[0]
        return self

    def __exit__(self, *_: object) -> None:
        if self.runner:
            self.run(self.runner.close(2))
        self.run(self.loop.shutdown_default_executor())
        self.loop.call_soon_threadsafe(self.loop.stop)
        self.thread.join(10)
        self.loop.close()

    def run(self, work: Any) -> Any:
        return asyncio.run_coroutine_threadsafe(work, self.loop).result(60)

    @property
    def url(self) -> str:
        return f"https://localhost:{self.port}"

    # Clients

    def curl(self, who: str | None, *args: str, path: str = "/") -> Answer:
        """The real curl; status, headers and body of the last answer. ``who`` None: no token."""
        command = ["curl", "-sS", "-i", "--max-time", "30", "--cacert", str(self.ca), "--http1.1"]
        if who is not None:
            command += ["-H", f"Authorization: Bearer {TOKENS.get(who, who)}"]
        done = subprocess.run([*command, *args, f"{self.url}{path}"], capture_output=True, check=False)
        assert done.stdout, done.stderr
        head, _, body = done.stdout.partition(b"\r\n\r\n")
        while head.split(b" ", 2)[1] == b"100":
            head, _, body = body.partition(b"\r\n\r\n")
        return _answer(head, body)

    def context(self) -> ssl.SSLContext:
        return ssl.create_default_context(cafile=str(self.ca))

    def ask(
        self, who: str | None, method: str, path: str, body: bytes | None = None,
        headers: Mapping[str, str] | None = None, *, context: ssl.SSLContext | None = None,
    ) -> Answer:  # fmt: skip
        with contextlib.closing(self.client(context)) as connection:
            return self.over(connection, who, method, path, body, headers)

    @contextlib.contextmanager
    def connected(self) -> Iterator[ssl.SSLSocket]:
        with (
            socket.create_connection(("127.0.0.1", self.port), timeout=20) as plain,
            self.context().wrap_socket(plain, server_hostname="localhost") as secure,
        ):
            yield secure

    def raw(self, data: bytes) -> bytes:
        """Everything that comes back for these bytes, until the other side ends or is silent for two seconds."""
        with self.connected() as secure:
            secure.sendall(data)
            secure.settimeout(2)
            found = b""
            with contextlib.suppress(TimeoutError, ssl.SSLError, ConnectionError):
                while more := secure.recv(65536):
                    found += more
            return found

    def raw_one(self, data: bytes) -> bytes:
        """The first answer to these bytes, headers and body, over a connection that then ends."""
        with self.connected() as secure:
            secure.sendall(data)
            came = http.client.HTTPResponse(secure, method=data.split(b" ")[0].decode("latin-1"))
            came.begin()
            head = f"HTTP/1.1 {came.status} {came.reason}\r\n" + "".join(f"{n}: {v}\r\n" for n, v in came.getheaders())
            return head.encode("latin-1") + b"\r\n" + came.read()

    # Shortcuts

    def send_papers(self, who: str = SOURCE) -> None:
        self.send(who, self.sent.papers(), 204)

    def send_all(self, who: str = SOURCE) -> None:
        self.send_papers(who)
        self.send(who, {name: path.read_bytes() for name, path in self.sent.parcels().items()}, 201)

    def send(self, who: str, files: Mapping[str, bytes], status: int) -> None:
        """Put files over one connection."""
        with contextlib.closing(self.client()) as connection:
            for name, data in files.items():
                assert self.over(connection, who, "PUT", f"/{self.sent.box}/out/{name}", data).status == status

    def client(self, context: ssl.SSLContext | None = None) -> http.client.HTTPSConnection:
        return http.client.HTTPSConnection("localhost", self.port, context=context or self.context(), timeout=30)

    @staticmethod
    def over(
        connection: http.client.HTTPSConnection, who: str | None, method: str, path: str, body: bytes | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> Answer:  # fmt: skip
        """One request over a connection that may have had others."""
        given = dict(headers or {})
        if who is not None:
            given["Authorization"] = f"Bearer {TOKENS.get(who, who)}"
        connection.request(method, path, body=body, headers=given)
        came = connection.getresponse()
        return Answer(came.status, {name.lower(): value for name, value in came.getheaders()}, came.read())

    def largest(self) -> tuple[str, Path]:
        return max(self.sent.parcels().items(), key=lambda each: each[1].stat().st_size)


def _answer(head: bytes, body: bytes) -> Answer:
    lines = head.decode("latin-1").split("\r\n")
    headers = {name.lower(): value.strip() for name, _, value in (line.partition(":") for line in lines[1:])}
    return Answer(int(lines[0].split(" ")[1]), headers, body)
