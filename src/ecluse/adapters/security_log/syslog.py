"""Syslog over TLS: messages of RFC 5424, counted frames of RFC 5425, certificates checked by a pinned authority.

Syslog acknowledges nothing. Each stretch therefore has a connection of its own, which is closed in good order: what the
collector's TLS had not read when it went away makes the close fail, and the stretch is sent again.
"""

import re
import socket
import ssl
from collections.abc import Sequence

from ecluse.control.ocsf import SecurityEvent
from ecluse.control.ocsf_table import Level
from ecluse.control.supervision import SyslogTarget
from ecluse.domain.errors import ConnectionLostError, Location, MalformedError

_SECONDS = 5.0
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

    def put(self, events: Sequence[SecurityEvent]) -> None:
        """Send them, and see the connection closed by the other side too."""
        data = b"".join(framed(message(event, self._host)) for event in events)
        address = (self._target.host, self._target.port)
        try:
            with socket.create_connection(address, timeout=_SECONDS) as plain:
                tls = self._context.wrap_socket(plain, server_hostname=self._target.host)
                with tls:
                    tls.sendall(data)
                    _close(tls)
        except (OSError, ValueError) as error:
            raise ConnectionLostError(
                f"this collector cannot be reached: {_why(error)}", location=Location(field=self.name)
            ) from None


def _close(tls: ssl.SSLSocket) -> None:
    """Say that this is all, and wait until the other side has read so far.

    A collector that then ends the connection without TLS's own goodbye has read everything all the same: otherwise its
    system would have reset the connection.
    """
    try:
        tls.unwrap()
    except ssl.SSLEOFError:
        return
    except ssl.SSLError:
        raise
    except OSError as error:
        if error.errno:
            raise


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
