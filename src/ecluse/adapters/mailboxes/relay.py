"""The relay as a mailbox: one box of one order, behind one of its doors.

At the relay a parcel is named by its digest alone, ``<sha256>.age``; a mailbox names it by its batch. The receipts say
which is which; they are believed for the name alone, since whoever receives verifies receipt and parcel (law 10).
"""

import os
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from functools import partial
from pathlib import Path
from typing import Protocol, TypeVar

from ecluse.domain.access import Lying
from ecluse.domain.errors import (
    BusyError,
    ConnectionLostError,
    EcluseError,
    Location,
    MalformedError,
    StorageError,
    UnseenError,
    UsageError,
)
from ecluse.domain.records import Receipt
from ecluse.seal.digests import sha256_file
from ecluse.wire.artefacts import MAX_BYTES, decode
from ecluse.workspace.files import move, read, write_atomic
from ecluse.workspace.parcels import QUARANTINE, SUFFIX

T = TypeVar("T")

_HEX = 64
_PAUSES = (0.2, 1.0, 4.0)
"""Seconds between the attempts of one call: what a relay that starts again, or a line that blinks, needs."""
_PAPER = (".json", ".sig")


CheckPeer = Callable[[str], None]
"""Called with the address of the machine at the other end before anything is sent to it; raises what keeps from it."""


class Folder(StrEnum):
    """The two folders that a member of a box has."""

    IN = "in"
    OUT = "out"


class Door(Protocol):
    """One of the relay's doors, entered as one account. Every call may be repeated.

    Raises, all of them: ConnectionLostError, StorageError, BusyError where it may work later; ForbiddenError,
    UnseenError, RefusedError where the relay refuses.
    """

    def boxes(self) -> list[str]:
        """Names of the boxes that the account's agent is a member of."""
        ...

    def listed(self, box: str, folder: Folder) -> list[Lying]:
        """What lies in a box's folder."""
        ...

    def put(self, box: str, name: str, data: bytes) -> None:
        """Send a paper."""
        ...

    def send(self, box: str, name: str, parcel: Path) -> None:
        """Send a parcel, from where an earlier attempt came to."""
        ...

    def fetch(self, box: str, name: str, offset: int) -> Iterator[bytes]:
        """A file's bytes from ``offset`` on."""
        ...

    def take(self, box: str, name: str) -> None:
        """Take a file away: the relay erases it."""
        ...


@dataclass(slots=True)
class RelayMailbox:
    """A ``control.ports.Mailbox`` over a door. ``box`` None: the only box in which something waits.

    ``address`` is the relay's, for whoever reads an error or a certificate; no secret is in it.
    """

    door: Door
    address: str
    box: str | None = None
    pause: Callable[[float], None] = time.sleep
    _papers: dict[str, bytes] = field(default_factory=dict)
    _parcels: dict[str, str] | None = None
    """Names of the parcels that wait: here → at the relay."""

    papers_first = True

    def deliver(self, name: str, parcel: Path) -> None:
        """Send a parcel or a paper; sending it again changes nothing."""
        _check_name(name)
        if not parcel.is_file():
            raise StorageError("there is nothing to send", location=Location(file=str(parcel)))
        box = self._box()
        if name.endswith(SUFFIX):
            there = f"{sha256_file(parcel).removeprefix('sha256:')}{SUFFIX}"
            self._again(lambda: self.door.send(box, there, parcel))
        else:
            self._again(lambda: self.door.put(box, name, read(parcel)))

    def waiting(self) -> tuple[str, ...]:
        """What waits for this place, by the names that its own papers have for it; sorted."""
        listed = [each.name for each in self._listed(Folder.IN)]
        receipts = [name for name in listed if name.startswith("receipt.") and name.endswith(".json")]
        known: dict[str, str] = {}
        for name in receipts:
            known |= _announced(self._paper(name))
        self._parcels = {known.get(name, name): name for name in listed if name.endswith(SUFFIX)}
        return tuple(sorted([*(name for name in listed if not name.endswith(SUFFIX)), *self._parcels]))

    def collect(self, name: str, into: Path) -> None:
        """Fetch one, whole or not at all; a parcel that was cut off is gone on with."""
        _check_name(name)
        there = self._at_relay(name)
        if there is None:
            raise StorageError("it does not wait at the relay", location=Location(file=name))
        try:
            if not name.endswith(SUFFIX):
                write_atomic(into, self._paper(name))
                return
            part = into.with_name(f".{there}.coming")
            box = self._box()
            self._again(lambda: _append(self.door, box, there, part))
        except UnseenError:
            raise StorageError("it does not wait at the relay", location=Location(file=name)) from None
        move(part, into)

    def discard(self, name: str) -> None:
        """Take one away, which erases it at the relay; what does not wait is left alone."""
        _check_name(name)
        there = self._at_relay(name)
        if there is None:
            return
        try:
            box = self._box()
            self._again(lambda: self.door.take(box, there))
        except UnseenError:
            return
        if self._parcels is not None:
            self._parcels.pop(name, None)
        self._papers.pop(name, None)

    def standing(self) -> tuple[Lying, ...]:
        """Every parcel of this order that the relay speaks of to this place, sent or waiting."""
        found = [each for folder in Folder for each in self._listed(folder)]
        return tuple(each for each in found if each.name.endswith(SUFFIX))

    def take_away(self, parcel: str) -> None:
        """Take a parcel away by the relay's own name for it."""
        box = self._box()
        self._again(lambda: self.door.take(box, parcel))

    def _box(self) -> str:
        """The box's name.

        Raises:
            UsageError: none was named, and nothing waits.
        """
        if self.box is None:
            self.box = self._only()
        if self.box is None:
            raise UsageError(
                "nothing waits at the relay for this place", location=Location(file=self.address),
            )  # fmt: skip
        return self.box

    def _only(self) -> str | None:
        """The one box in which something waits for this place; None where nothing does.

        Raises:
            UsageError: something waits in several.
        """
        full = [box for box in self._again(self.door.boxes) if self._again(partial(self.door.listed, box, Folder.IN))]
        if len(full) > 1:
            raise UsageError(
                f"{len(full)} migrations wait at the relay for this place", location=Location(file=self.address),
                hint="name one: --mailbox URL/BOX, where BOX is the beginning of its order's digest",
            )  # fmt: skip
        return full[0] if full else None

    def _listed(self, folder: Folder) -> list[Lying]:
        """Nothing where the relay has no box of this order: it is not asked for what it would refuse."""
        self.box = self.box or self._only()
        if self.box is None or self.box not in self._again(self.door.boxes):
            return []
        return self._again(partial(self.door.listed, self.box, folder))

    def _at_relay(self, name: str) -> str | None:
        """A file's name at the relay; None where no such parcel waits, or no box does."""
        if not name.endswith(SUFFIX):
            self.box = self.box or self._only()
            return name if self.box else None
        if self._parcels is None:
            self.waiting()
        return (self._parcels or {}).get(name)

    def _paper(self, name: str) -> bytes:
        """A paper's bytes; one named by its digest is fetched once."""
        if name not in self._papers:
            box = self._box()
            self._papers[name] = self._again(lambda: _small(self.door, box, name))
        return self._papers[name]

    def _again(self, do: Callable[[], T]) -> T:
        """Do it, and again a few times where the line was lost."""
        for pause in _PAUSES:
            try:
                return do()
            except (BusyError, ConnectionLostError):  # a session that was cut off may still hold the parcel
                self.pause(pause)
        return do()


def _small(door: Door, box: str, name: str) -> bytes:
    """A paper's bytes. Raises MalformedError for one that is too long."""
    found = bytearray()
    for data in door.fetch(box, name, 0):
        found += data
        if len(found) > MAX_BYTES:
            raise MalformedError(f"longer than {MAX_BYTES} bytes", location=Location(file=name))
    return bytes(found)


def _append(door: Door, box: str, name: str, part: Path) -> None:
    """Fetch what is missing of a parcel, durably."""
    try:
        part.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        with part.open("ab") as file:
            for data in door.fetch(box, name, file.tell()):
                file.write(data)
            file.flush()
            os.fsync(file.fileno())
    except OSError as error:
        raise StorageError(error.strerror or "cannot be written", location=Location(file=str(part))) from None


def _announced(receipt: bytes) -> Mapping[str, str]:
    """The parcels that a receipt names: at the relay → here. One that is no receipt names none."""
    try:
        told = decode(Receipt, receipt)
    except EcluseError:
        return {}
    names = {f"{told.parcel.removeprefix('sha256:')}{SUFFIX}": f"{told.batch}{SUFFIX}"}
    if told.quarantine_parcel:
        names[f"{told.quarantine_parcel.removeprefix('sha256:')}{SUFFIX}"] = f"{told.batch}{QUARANTINE}{SUFFIX}"
    return names


def _check_name(name: str) -> None:
    if not name or "/" in name or name.startswith(".") or name.endswith(".part"):
        raise MalformedError("not a name that a mailbox takes", location=Location(file=name))
