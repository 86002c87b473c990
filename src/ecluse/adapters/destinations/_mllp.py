"""Messages over MLLP, one after the other, each acknowledged before the next; TLS but on loopback.

What a receiver says in an acknowledgement may repeat a patient's data: only MSA-1 and MSA-2 are looked at.
"""

import contextlib
import socket
import ssl
import time
from collections.abc import Callable

from ecluse.adapters.destinations._hl7_address import Hl7Address
from ecluse.domain.errors import ConnectionLostError, DestinationError, UsageError

__all__ = ["ACCEPTED", "REFUSED", "Mllp"]

ACCEPTED = frozenset({"AA", "CA"})
REFUSED = frozenset({"AE", "AR", "CE", "CR"})
_BEGIN, _END = b"\x0b", b"\x1c\r"
_LONGEST = 1 << 20
_ATTEMPTS = 3
_PAUSE = 0.5


class Mllp:
    """One connection to a receiver, opened when first needed and again where it was lost."""

    def __init__(self, address: Hl7Address, sleep: Callable[[float], None] = time.sleep) -> None:
        """Raises UsageError for certificates that cannot be read."""
        self._address = address
        self._sleep = sleep
        self._socket: socket.socket | None = None
        self._rest = b""
        self._context = _context(address) if address.secure else None

    def send(self, message: bytes, control: str) -> str:
        """Send a message until it is acknowledged, the same bytes each time; what MSA-1 says of it.

        Raises:
            ConnectionLostError: no acknowledgement came; the receiver may have the message or not.
            DestinationError: the acknowledgement is none of HL7's.
        """
        used = self._socket is not None
        for attempt in range(_ATTEMPTS + used):
            # receivers may hang up after each message: a connection that was used before is lost without a pause
            if attempt > used:
                self._sleep(_PAUSE * 2**attempt)
            with contextlib.suppress(OSError):
                return self._once(message, control)
            self.close()
        raise ConnectionLostError("the receiver is away, or does not acknowledge", hint="resume when it is back")

    def accepts(self, code: str) -> bool:
        """Whether MSA-1 says that the message was taken."""
        return code in ACCEPTED

    def close(self) -> None:
        """Let the connection go."""
        if self._socket is not None:
            with contextlib.suppress(OSError):
                self._socket.close()
        self._socket, self._rest = None, b""

    def _once(self, message: bytes, control: str) -> str:
        connection = self._socket = self._socket or self._connected()
        connection.sendall(_BEGIN + message + _END)
        deadline = time.monotonic() + self._address.timeout
        while True:
            code, of = _acknowledgement(self._received(connection, deadline))
            # an acknowledgement of an earlier attempt may still be on its way
            if of == control:
                return code

    def _connected(self) -> socket.socket:
        plain = socket.create_connection((self._address.host, self._address.port), self._address.timeout)
        plain.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        if self._context is None:
            return plain
        try:
            return self._context.wrap_socket(plain, server_hostname=self._address.host)
        except ssl.SSLCertVerificationError:
            plain.close()
            untrusted = True
        except OSError:
            plain.close()
            raise
        if untrusted:
            raise DestinationError("the receiver's certificate is not trusted", hint="?ca=file of its authority")
        return plain

    def _received(self, connection: socket.socket, deadline: float) -> bytes:
        while _END not in self._rest:
            left = deadline - time.monotonic()
            if left <= 0:
                raise TimeoutError
            connection.settimeout(left)
            read = connection.recv(65_536)
            if not read:
                raise ConnectionResetError
            self._rest += read
            if len(self._rest) > _LONGEST:
                raise DestinationError("the receiver answers with more than an acknowledgement")
        frame, _, self._rest = self._rest.partition(_END)
        return frame.rpartition(_BEGIN)[2]


def _acknowledgement(frame: bytes) -> tuple[str, str]:
    """MSA-1 and MSA-2. Raises DestinationError where there are none."""
    segments = [segment for segment in frame.replace(b"\n", b"\r").split(b"\r") if segment]
    if segments and segments[0].startswith(b"MSH") and len(segments[0]) > 3:  # noqa: PLR2004
        mark = segments[0][3:4]
        for segment in segments[1:]:
            fields = segment.split(mark)
            if fields[0] == b"MSA" and len(fields) > 2:  # noqa: PLR2004
                code = fields[1].decode("ascii", "replace")
                if code in ACCEPTED | REFUSED:
                    return code, fields[2].decode("ascii", "replace")
    raise DestinationError("the receiver answers with what is no acknowledgement of HL7's")


def _context(address: Hl7Address) -> ssl.SSLContext:
    try:
        context = ssl.create_default_context(cafile=address.options.get("ca"))
        context.minimum_version = ssl.TLSVersion.TLSv1_2
        if "cert" in address.options:
            context.load_cert_chain(address.options["cert"], address.options.get("key"))
    except (OSError, ssl.SSLError):
        unreadable = True
    else:
        return context
    if unreadable:
        raise UsageError("a certificate or key of the destination's URL cannot be read")
    return ssl.create_default_context()
