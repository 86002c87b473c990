"""Other people's MLLP receivers on loopback: python-hl7's (asyncio) and hl7apy's (threads), with TLS or without."""

import asyncio
import contextlib
import datetime as dt
import ipaddress
import ssl
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import hl7
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from hl7.mllp import start_hl7_server
from hl7apy.mllp import AbstractHandler, MLLPServer


@dataclass
class Inbox:
    """What a receiver got, and how it answers: ``answer`` of a control id is MSA-1, or None to hang up."""

    answer: Callable[[str], str | None] = lambda _control: "AA"
    messages: list[str] = field(default_factory=list)
    port: int = 0

    @property
    def controls(self) -> list[str]:
        return [str(hl7.parse(text)[0][10]) for text in self.messages]


@contextlib.contextmanager
def python_hl7(inbox: Inbox, context: ssl.SSLContext | None = None) -> Iterator[Inbox]:
    """python-hl7's server."""
    loop = asyncio.new_event_loop()
    writers: set[Any] = set()

    async def client(reader: Any, writer: Any) -> None:
        writers.add(writer)
        with contextlib.suppress(asyncio.IncompleteReadError, ConnectionError):
            while not writer.is_closing():
                message = await reader.readmessage()
                inbox.messages.append(str(message))
                code = inbox.answer(str(message[0][10]))
                if code is None:
                    writer.close()
                    return
                writer.writemessage(message.create_ack(code))
                await writer.drain()

    servers: list[Any] = []

    async def serve() -> None:
        servers.append(await start_hl7_server(client, "127.0.0.1", 0, encoding="utf-8", ssl=context))
        inbox.port = servers[0].sockets[0].getsockname()[1]

    async def stop() -> None:
        servers[0].close()
        for writer in list(writers):
            writer.close()
        others = [task for task in asyncio.all_tasks() if task is not asyncio.current_task()]
        for task in others:
            task.cancel()
        await asyncio.gather(*others, return_exceptions=True)
        for writer in list(writers):
            with contextlib.suppress(OSError, TimeoutError):
                await asyncio.wait_for(writer.wait_closed(), 2)
        await asyncio.sleep(0.01)

    thread = threading.Thread(target=loop.run_forever)
    thread.start()
    asyncio.run_coroutine_threadsafe(serve(), loop).result(10)
    try:
        yield inbox
    finally:
        asyncio.run_coroutine_threadsafe(stop(), loop).result(10)
        loop.call_soon_threadsafe(loop.stop)
        thread.join(10)
        loop.close()


class _Keeping(AbstractHandler):  # type: ignore[misc]
    def __init__(self, message: str, inbox: Inbox) -> None:
        super().__init__(message)
        self.inbox = inbox

    def reply(self) -> str:
        self.inbox.messages.append(self.incoming_message)
        control = str(hl7.parse(self.incoming_message)[0][10])
        ack = f"MSH|^~\\&|||||20260101||ACK|{control}A|P|2.5\rMSA|{self.inbox.answer(control)}|{control}\r"
        return f"\x0b{ack}\x1c\r"


@contextlib.contextmanager
def hl7apy_server(inbox: Inbox) -> Iterator[Inbox]:
    """hl7apy's server; it hangs up after each message."""
    with MLLPServer("127.0.0.1", 0, {"ORU^R01^ORU_R01": (_Keeping, inbox)}, timeout=5) as server:
        inbox.port = server.server_address[1]
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05})
        thread.start()
        try:
            yield inbox
        finally:
            server.shutdown()
            thread.join(10)


def certificate(folder: Path) -> tuple[Path, ssl.SSLContext]:
    """A self-signed certificate of 127.0.0.1, and a server's context with it."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "receiver")])
    now = dt.datetime.now(dt.UTC)
    made = (
        x509.CertificateBuilder().subject_name(name).issuer_name(name).public_key(key.public_key())
        .serial_number(x509.random_serial_number()).not_valid_before(now - dt.timedelta(hours=1))
        .not_valid_after(now + dt.timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.IPAddress(ipaddress.ip_address("127.0.0.1"))]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .sign(key, hashes.SHA256())
    )  # fmt: skip
    cert, private = folder / "receiver.pem", folder / "receiver.key"
    cert.write_bytes(made.public_bytes(serialization.Encoding.PEM))
    private.write_bytes(
        key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    )
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(cert, private)
    return cert, context
