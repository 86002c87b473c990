"""Real receivers of notices: an SMTP server, and an HTTP server that keeps what it was posted."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from email import message_from_bytes
from email.message import Message
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from aiosmtpd.controller import Controller


@dataclass
class Posted:
    """One request."""

    path: str
    headers: dict[str, str]
    body: bytes


@dataclass
class Hooks:
    """An HTTP server on loopback: answers ``status``, and with ``location`` redirects."""

    port: int = 0
    status: int = 204
    location: str = ""
    posted: list[Posted] = field(default_factory=list)

    @property
    def address(self) -> str:
        return f"localhost:{self.port}"


@contextmanager
def hooks(status: int = 204) -> Iterator[Hooks]:
    """Run one."""
    state = Hooks(status=status)

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
            state.posted.append(Posted(self.path, {k.lower(): v for k, v in self.headers.items()}, body))
            self.send_response(state.status)
            if state.location:
                self.send_header("Location", state.location)
            self.send_header("Content-Length", "0")
            self.end_headers()

        do_GET = do_POST  # noqa: N815 - the library's names

        def log_message(self, *_: Any) -> None:
            """Quiet."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    state.port = server.server_address[1]
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05})
    thread.start()
    try:
        yield state
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


@dataclass
class Mails:
    """What an SMTP server took."""

    port: int = 0
    taken: list[Message] = field(default_factory=list)
    refuses: bool = False

    async def handle_DATA(self, _server: Any, _session: Any, envelope: Any) -> str:  # noqa: N802 - the library's name
        if self.refuses:
            return "550 no"
        self.taken.append(message_from_bytes(envelope.content))
        return "250 taken"


@contextmanager
def mails() -> Iterator[Mails]:
    """Run a real SMTP server."""
    state = Mails()
    controller = Controller(state, hostname="127.0.0.1", port=_free())
    controller.start()
    state.port = controller.port
    try:
        yield state
    finally:
        controller.stop()


def _free() -> int:
    import socket  # noqa: PLC0415

    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        found: int = probe.getsockname()[1]
        return found
