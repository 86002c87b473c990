"""What control needs of the outside world."""

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from ecluse.control.ocsf import SecurityEvent
from ecluse.domain.alerts import Severity


class Mailbox(Protocol):
    """A way for sealed parcels from the source's place to the destination's."""

    @property
    def papers_first(self) -> bool:
        """Whether papers announce parcels there, and go before them; elsewhere they come last: all is there."""
        ...

    def deliver(self, name: str, parcel: Path) -> None:
        """Put a parcel there, whole or not at all."""
        ...

    def waiting(self) -> tuple[str, ...]:
        """Names of what lies there."""
        ...

    def collect(self, name: str, into: Path) -> None:
        """Fetch one, whole or not at all."""
        ...

    def discard(self, name: str) -> None:
        """Erase one."""
        ...


@dataclass(frozen=True, slots=True)
class Notice:
    """What somebody is told, without a patient's value: an alert, a warning, a reminder.

    ``to``: addresses, for a channel that takes them; most have their own. ``mark`` names the notice for ever, so
    that a receiver may see it twice and act once. ``link``: where in the room to go on.
    """

    subject: str
    body: str
    severity: Severity
    mark: str
    at: dt.datetime
    link: str = ""
    to: tuple[str, ...] = ()


class Notifier(Protocol):
    """A way to tell people: mail, SMS, chat, a program of theirs."""

    @property
    def name(self) -> str:
        """What the room calls it; no address and no secret."""
        ...

    @property
    def least(self) -> Severity:
        """The mildest that goes this way."""
        ...

    def send(self, notice: Notice) -> None:
        """Tell, or say that it could not be done.

        Raises:
            ConnectionLostError: it may work later.
            RefusedError: the other side refuses, and would again.
        """
        ...


class Sink(Protocol):
    """Where security events go: files, a collector of syslog."""

    @property
    def name(self) -> str:
        """What it is called; no address and no secret."""
        ...

    def put(self, events: Sequence[SecurityEvent]) -> None:
        """Take events, all or as good as none: what failed is put again, so some may come twice.

        Raises:
            ConnectionLostError, StorageError: it may work later.
        """
        ...
