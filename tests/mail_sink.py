"""A mail server that keeps what it is given, for tests: SMTP on this machine, in threads. It can be told to refuse."""

import email
import email.policy
import socketserver
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from email.message import EmailMessage


@dataclass
class MailSink:
    """``url``: for ``ECLUSE_SMTP_URL``; a scheme of its own, for plain SMTP. ``refuses``: every message, for now."""

    port: int = 0
    refuses: bool = False
    raw: list[bytes] = field(default_factory=list)
    refused: int = 0

    @property
    def url(self) -> str:
        return f"plain://127.0.0.1:{self.port}"

    @property
    def messages(self) -> list[EmailMessage]:
        return [email.message_from_bytes(each, policy=email.policy.default) for each in list(self.raw)]  # type: ignore[misc]

    def to(self, address: str) -> list[EmailMessage]:
        return [each for each in self.messages if address in str(each["To"])]


@contextmanager
def mail_sink() -> Iterator[MailSink]:
    """Listening until the block ends."""
    sink = MailSink()

    class Handler(socketserver.StreamRequestHandler):
        def say(self, line: str) -> None:
            self.wfile.write(f"{line}\r\n".encode())

        def handle(self) -> None:
            self.say("220 sink")
            while line := self.rfile.readline():
                word = line.strip().upper().split(b" ")[0].split(b":")[0]
                if word == b"QUIT":
                    self.say("221 bye")
                    return
                if word == b"MAIL" and sink.refuses:
                    sink.refused += 1
                    self.say("451 not now")
                elif word == b"DATA":
                    self.say("354 go on")
                    sink.raw.append(self.message())
                    self.say("250 kept")
                else:
                    self.say("250 ok")

        def message(self) -> bytes:
            lines = []
            while (line := self.rfile.readline()) and line != b".\r\n":
                lines.append(line.removeprefix(b".") if line.startswith(b"..") else line)
            return b"".join(lines)

    class Server(socketserver.ThreadingTCPServer):
        allow_reuse_address, daemon_threads = True, True

    with Server(("127.0.0.1", 0), Handler) as server:
        sink.port = server.server_address[1]
        thread = threading.Thread(target=server.serve_forever, daemon=True)
        thread.start()
        try:
            yield sink
        finally:
            server.shutdown()
            thread.join()
