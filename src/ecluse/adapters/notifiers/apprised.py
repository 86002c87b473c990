"""Mail, SMS gateways and chats by Apprise. Its own log may hold an address: it is shut."""

import logging
import re
import warnings
from typing import Any
from urllib.parse import quote, urlsplit

import apprise

from ecluse.control.ports import Notice
from ecluse.control.supervision import AppriseChannel
from ecluse.domain.alerts import Severity
from ecluse.domain.errors import ConnectionLostError, Location, MalformedError, RefusedError

_TYPES = {
    Severity.CRITICAL: apprise.NotifyType.FAILURE,
    Severity.HIGH: apprise.NotifyType.FAILURE,
    Severity.MEDIUM: apprise.NotifyType.WARNING,
    Severity.LOW: apprise.NotifyType.INFO,
}
_TO = "{to}"
_SAMPLES = ("somebody@labo.example", "+33612345678")
"""Addresses that a service may want where a URL says ``{to}``, to see whether it knows the URL at all."""
_ONE = re.compile(r"(?=.{0,200}\Z)[A-Za-z0-9._+-]*(?:@[A-Za-z0-9.-]+)?")
"""One mail address, number or plain name: Apprise finds several in what is separated by almost anything else."""
_LOCAL = frozenset({"localhost", "127.0.0.1", "[::1]", "::1"})
_NEVER_SEALED = frozenset({"aprs", "smpp", "smpps"})
"""Amateur radio, and SMPP as Apprise speaks it: whatever these are called, they have no TLS."""
_STAYS_HERE = frozenset({"syslog", "dbus", "kde", "qt", "glib", "gio", "gnome", "macosx", "windows", "blink1"})
"""They have no TLS and need none: a log, a desktop or a lamp of this machine. ``rsyslog`` and ``growl`` leave it."""


def _asset() -> apprise.AppriseAsset:
    """Nothing on disk, no plug-ins of others, no redirection, no picture fetched from elsewhere."""
    return apprise.AppriseAsset(
        app_id="Écluse", app_desc="Écluse", app_url="", plugin_paths=[], storage_mode="memory", secure_logging=True,
        http_redirects=False, image_url_mask="", image_url_logo="", async_mode=False,
    )  # fmt: skip


class Apprised:
    """See :class:`ecluse.control.ports.Notifier`. ``{to}`` in the URL stands for the address of the notice's addressee.

    Raises:
        MalformedError: the URL is not one that Apprise knows, or what it sends could be read on the way.
    """

    def __init__(self, channel: AppriseChannel) -> None:
        for others in ("apprise", "urllib3"):  # both write addresses
            logging.getLogger(others).setLevel(logging.CRITICAL + 1)
        self._channel = channel
        where = Location(field=channel.name)
        made = next((way for sample in _SAMPLES if (way := _instance(_filled(channel.url, sample)))), None)
        if made is None:
            raise MalformedError("not a URL that Apprise knows", location=where)
        if _in_clear(made, _filled(channel.url, _SAMPLES[0])):
            raise MalformedError(
                "what goes this way could be read on the way",
                location=where,
                hint="use the service's TLS scheme, without verify=no or mode=insecure",
            )

    @property
    def name(self) -> str:
        """What the room calls it."""
        return self._channel.name

    @property
    def least(self) -> Severity:
        """The mildest that goes this way."""
        return self._channel.least

    def send(self, notice: Notice) -> None:
        """Hand it over; Apprise tells whether that worked, not why not."""
        if _TO in self._channel.url and not notice.to:
            raise RefusedError(
                "this channel tells one person: an address is needed", location=Location(field=self.name)
            )
        for to in notice.to if _TO in self._channel.url else ("",):
            self._send(notice, to)

    def _send(self, notice: Notice, to: str) -> None:
        way = _instance(_filled(self._channel.url, to)) if _ONE.fullmatch(to) else None
        if way is None:
            raise RefusedError("this channel does not take such an address", location=Location(field=self.name))
        body = f"{notice.body}\n\n{notice.link}" if notice.link else notice.body
        try:
            taken = way.notify(
                body=body,
                title=notice.subject,
                notify_type=_TYPES[notice.severity],
                body_format=apprise.NotifyFormat.TEXT,
            )
        except Exception as error:  # noqa: BLE001 - a hundred services' code, none of whose words may come through
            raise ConnectionLostError(
                f"this channel cannot be reached: {type(error).__name__}", location=Location(field=self.name)
            ) from None
        if not taken:
            raise ConnectionLostError("this channel did not take a notice", location=Location(field=self.name))


def _filled(url: str, to: str) -> str:
    """The URL with an addressee, who can add nothing else to it."""
    return url.replace(_TO, quote(to, safe=""))


def _instance(url: str) -> Any:
    """Apprise's object for a URL; None where it knows none."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", DeprecationWarning)  # it loads a hundred services' modules
            return apprise.Apprise.instantiate(url, asset=_asset(), suppress_exceptions=True)
    except TypeError:
        return None


def _in_clear(way: Any, url: str) -> bool:
    """Whether somebody between could read what goes this way; on this machine alone, nobody is between."""
    scheme, fixed = url.partition(":")[0].lower(), str(getattr(way, "notify_url", ""))
    if fixed.startswith("http://") or scheme in _NEVER_SEALED:
        return True
    if (getattr(way, "smtp_host", "") or urlsplit(url).hostname) in _LOCAL:
        return False
    if not way.verify_certificate or getattr(way, "secure_mode", "") == "insecure":
        return True
    plain = way.protocol if isinstance(way.protocol, tuple | list) else (way.protocol,)
    if way.secure_protocol:
        return scheme in plain
    return not fixed.startswith("https://") and scheme not in _STAYS_HERE
