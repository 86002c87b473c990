"""Signed webhooks: a program knows that a notice is this room's, unaltered and fresh.

``Ecluse-Signature: t=<Unix seconds>,v1=<hex>``, where v1 is HMAC-SHA256 (RFC 2104) of ``<t>.<body>`` under the key that
hook and room share. A receiver refuses what is older than five minutes, and an ``id`` that it has seen.
"""

import hashlib
import hmac
import http.client
import json
import re
import ssl
import time
from urllib.parse import urlsplit

from ecluse.control.ports import Notice
from ecluse.control.supervision import WebhookChannel
from ecluse.domain.alerts import Severity
from ecluse.domain.errors import ConnectionLostError, Location, MalformedError, RefusedError
from ecluse.wire.artefacts import utc

HEADER = "Ecluse-Signature"
WINDOW = 300
_SECONDS = 10.0
_SIGNATURE = re.compile(r"t=([0-9]{1,12}),v1=([0-9a-f]{64})")
_LATER = frozenset({408, 425, 429, 500, 502, 503, 504})
_OK = range(200, 300)


def signature(key: bytes, at: int, body: bytes) -> str:
    """The header's value for a body sent at ``at`` (Unix seconds)."""
    return f"t={at},v1={hmac.new(key, b'%d.' % at + body, hashlib.sha256).hexdigest()}"


def is_signed(key: bytes, header: str, body: bytes, now: float, window: int = WINDOW) -> bool:
    """What a receiver asks: signed with this key, and within ``window`` seconds of now."""
    found = _SIGNATURE.fullmatch(header)
    if found is None or abs(now - int(found[1])) > window:
        return False
    return hmac.compare_digest(signature(key, int(found[1]), body), header)


def body_of(notice: Notice) -> bytes:
    """What is posted. Addresses of persons stay here."""
    return json.dumps(
        {
            "format": "ecluse.notice/1",
            "id": notice.mark,
            "at": utc(notice.at).strftime("%Y-%m-%dT%H:%M:%SZ"),
            "severity": notice.severity,
            "subject": notice.subject,
            "body": notice.body,
            "link": notice.link,
        },
        ensure_ascii=False,
    ).encode()


class Webhook:
    """See :class:`ecluse.control.ports.Notifier`. Follows no redirection and no proxy: it calls what is configured."""

    def __init__(self, channel: WebhookChannel) -> None:
        self._channel = channel

    @property
    def name(self) -> str:
        """What the room calls it."""
        return self._channel.name

    @property
    def least(self) -> Severity:
        """The mildest that goes this way."""
        return self._channel.least

    def send(self, notice: Notice) -> None:
        """Post it, signed; see the port for what is raised."""
        body = body_of(notice)
        headers = {
            "Content-Type": "application/json",
            "User-Agent": "ecluse",
            HEADER: signature(self._channel.key, int(time.time()), body),
        }
        parts = urlsplit(self._channel.url)
        target = f"{parts.path or '/'}{'?' + parts.query if parts.query else ''}"
        where = Location(field=self.name)
        connection = self._connection()
        try:
            connection.request("POST", target, body, headers)
            status = connection.getresponse().status
        except (OSError, http.client.HTTPException, ValueError) as error:
            raise ConnectionLostError(
                f"this channel cannot be reached: {type(error).__name__}", location=where
            ) from None
        finally:
            connection.close()
        if status in _LATER:
            raise ConnectionLostError(f"this channel cannot take a notice now: {status}", location=where)
        if status not in _OK:
            raise RefusedError(f"this channel refuses notices: {status}", location=where)

    def _connection(self) -> http.client.HTTPConnection:
        parts = urlsplit(self._channel.url)
        host = parts.hostname or ""
        if parts.scheme == "http":  # this machine: supervision.is_private_way
            return http.client.HTTPConnection(host, parts.port, timeout=_SECONDS)
        ca = self._channel.ca
        try:
            context = ssl.create_default_context(cafile=str(ca) if ca else None)
        except OSError:
            raise MalformedError("not a file of certificates (PEM)", location=Location(file=str(ca))) from None
        context.minimum_version = ssl.TLSVersion.TLSv1_2
        return http.client.HTTPSConnection(host, parts.port, timeout=_SECONDS, context=context)
