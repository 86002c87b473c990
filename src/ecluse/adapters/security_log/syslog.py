"""Syslog over TLS: messages of RFC 5424, counted frames of RFC 5425, certificates checked by a pinned authority.

Syslog acknowledges nothing. Each stretch therefore has a connection of its own, and counts as taken once the collector
has answered its end (close_notify), behind everything that was sent; otherwise the stretch is sent again.
"""

import errno
import fcntl
import re
import socket
import ssl
import struct
import termios
import time
from collections.abc import Sequence
from contextlib import suppress

from ecluse.control.ocsf import SecurityEvent
from ecluse.control.ocsf_table import Level
from ecluse.control.supervision import SyslogTarget
from ecluse.domain.errors import ConnectionLostError, Location, MalformedError

_SECONDS = 5.0
_REFUSED_WITHIN = 1.0
"""A collector that does not want us says so after TLS's handshake; waited for once, and after every failure."""
_AUDIT = 13
"""RFC 5424's facility "log audit"."""
_SEVERITIES = {Level.CRITICAL: 2, Level.HIGH: 3, Level.MEDIUM: 4, Level.LOW: 5, Level.INFORMATIONAL: 6}
_NOT_PRINTED = re.compile(r"[^\x21-\x7e]")
_MOST_HOST = 255


def message(event: SecurityEvent, host: str) -> bytes:
    """An event as RFC 5424's SYSLOG-MSG; its text is ASCII, so it needs no byte order mark."""
    priority = _AUDIT * 8 + _SEVERITIES[event.level]
    at = event.at.strftime("%Y-%m-%dT%H:%M:%S.%fZ")
    return f"<{priority}>1 {at} {_word(host)} ecluse - OCSF - {event.text}".encode("ascii")


def framed(data: bytes) -> bytes:
    """RFC 5425's frame: the length in bytes, a space, the message."""
    return b"%d %b" % (len(data), data)


class SyslogTls:
    """See :class:`ecluse.control.ports.Sink`.

    Raises:
        MalformedError: a file of certificates or keys that is none.
    """

    def __init__(self, target: SyslogTarget, *, host: str | None = None) -> None:
        self.name = f"syslog/{target.name}"
        self._target = target
        self._host = host or socket.gethostname()
        self._context = _context(target)
        self._is_welcome = False

    def put(self, events: Sequence[SecurityEvent]) -> None:
        """Send them, and see the connection closed by the other side too."""
        data = b"".join(framed(message(event, self._host)) for event in events)
        address = (self._target.host, self._target.port)
        try:
            with socket.create_connection(address, timeout=_SECONDS) as plain:
                tls = self._context.wrap_socket(plain, server_hostname=self._target.host)
                with tls:
                    if not self._is_welcome:
                        _check_there(tls, _REFUSED_WITHIN)
                    tls.sendall(data)
                    _close(tls)
            self._is_welcome = True
        except (OSError, ValueError) as error:
            self._is_welcome = False
            raise ConnectionLostError(
                f"this collector cannot be reached: {_why(error)}", location=Location(field=self.name)
            ) from None


def _close(tls: ssl.SSLSocket) -> None:
    """Say that this is all, and wait for the answer that RFC 5425, section 4.4, asks of a collector.

    One that ends the connection of itself has not read what we sent.
    """
    _check_there(tls, 0)
    tls.unwrap()
    _check_all_read(tls)


def _check_there(tls: ssl.SSLSocket, seconds: float) -> None:
    """Raises ConnectionResetError where the other side ends the connection within so many seconds: it never speaks."""
    tls.settimeout(seconds)
    with suppress(ssl.SSLWantReadError, TimeoutError):
        tls.recv(1)
        raise ConnectionResetError(errno.ECONNRESET, "it left first")
    tls.settimeout(_SECONDS)


def _check_all_read(ended: socket.socket) -> None:
    """Raises ConnectionResetError where bytes of ours came to a socket that was closed already, or were not read."""
    deadline = time.monotonic() + _SECONDS
    while _unsent(ended) and time.monotonic() < deadline:
        time.sleep(0.005)
    if ended.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR) or _unsent(ended):
        raise ConnectionResetError(errno.ECONNRESET, "not read")


def _unsent(ended: socket.socket) -> int:
    """Bytes that the other side's system has not acknowledged (Linux's SIOCOUTQ)."""
    found: int = struct.unpack("i", fcntl.ioctl(ended.fileno(), termios.TIOCOUTQ, bytes(4)))[0]
    return found


def _context(target: SyslogTarget) -> ssl.SSLContext:
    try:
        context = ssl.create_default_context(cafile=str(target.ca) if target.ca else None)
    except OSError:
        raise MalformedError("not a file of certificates (PEM)", location=Location(file=str(target.ca))) from None
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    if target.certificate and target.key:
        try:
            context.load_cert_chain(target.certificate, target.key, password="")
        except OSError:
            where = Location(file=str(target.certificate))
            raise MalformedError("not a certificate and its unlocked key (PEM)", location=where) from None
    return context


def _why(error: Exception) -> str:
    if isinstance(error, ssl.SSLCertVerificationError):
        return error.verify_message
    return type(error).__name__


def _word(text: str) -> str:
    return _NOT_PRINTED.sub("", text)[:_MOST_HOST] or "-"
