"""Erasure on time, at the relay (law 7, R6): nobody's action is needed, and what cannot be erased is said at once.

A box's parcels go when its migration has ended and the order's delay has passed, or as the erase-by day begins (UTC);
its papers, which hold no patient's data, stay for the other member until that day. Then the relay's folder is looked
through for what should be gone, and a certificate is signed. Killed at any instant, the next sweep goes on.
"""

import datetime as dt
import fcntl
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

from ecluse.control.needles import Needles
from ecluse.control.scan import Tree, looked_for, scan
from ecluse.control.signatures import sign_artefact
from ecluse.domain.access import Access
from ecluse.domain.errors import EcluseError, StorageError
from ecluse.domain.records import Erased, ErasedKind, ErasureCertificate, RecipientKey, Scanned
from ecluse.relay.boxes import Box, Ended, folders, names
from ecluse.relay.home import Home
from ecluse.relay.log import Log
from ecluse.seal.signing import new_signing_key
from ecluse.wire.artefacts import decode, digest_of, encode, utc
from ecluse.workspace.files import erase, make_folder, read, sync_folder, write_atomic
from ecluse.workspace.parcels import SUFFIX

ACTOR = "relay"
_PARCELS = ("coming", "parcels")
_UNOPENED = dt.timedelta(hours=24)
_TELL_AGAIN = 3600.0
_JUMP = dt.timedelta(minutes=5)
_GRACE = 900.0
"""Seconds for which a clock that leapt forward erases nothing by date: somebody is told first."""
_CERTIFICATES = "certificates"


@dataclass(slots=True)
class Sweeper:
    """Erases what is due at one relay; :meth:`once` is called every minute, and before any door opens."""

    home: Home
    log: Log
    monotonic: Callable[[], float] = time.monotonic
    _last: tuple[dt.datetime, float] | None = None
    _held_until: float = 0.0
    _offset: dt.timedelta = dt.timedelta()
    _told: dict[str, float] = field(default_factory=dict)

    def once(self) -> int:
        """One sweep; gives how many boxes are overdue: due, and not erased whatever was tried.

        Of several relays that serve one folder, one sweeps at a time; to the others there is nothing to do.

        Raises:
            StorageError: the journal cannot be written, so nothing was erased.
        """
        try:
            with (self.home.root / "sweep.lock").open("ab") as turn:
                try:
                    fcntl.flock(turn, fcntl.LOCK_EX | fcntl.LOCK_NB)
                except BlockingIOError:
                    return 0
                return self._swept()
        except OSError as error:
            raise StorageError(error.strerror or "cannot be swept") from None

    def _swept(self) -> int:
        now = self._now()
        overdue = 0
        for name in folders(self.home.boxes):
            box = Box(self.home.boxes / name)
            try:
                self._sweep(box, now)
            except (OSError, EcluseError) as error:
                overdue += 1
                self._tell_overdue(name, error)
        return overdue

    def _sweep(self, box: Box, now: dt.datetime) -> None:
        held = self.monotonic() < self._held_until
        if not box.is_open():
            if not held and now - _made(box.root) >= _UNOPENED:
                self._erase_folder(box, "never opened")
            return
        if not held:
            self._drop_stale(box, now)
        due = box.due()
        if now < due.due or (due.reason == "erase_by" and held):
            return
        self._end(box, due)
        if now >= box.by_date().due and not held:
            self._erase_folder(box, "erase_by")

    def _end(self, box: Box, due: Ended) -> None:
        """Nothing of its parcels is left, and a certificate says so; what one found is told until it is gone."""
        lying, known = any(names(box.root / folder) for folder in _PARCELS), self._certified(box)
        if not lying and known is not None and known.clean():
            return
        if not lying and known is not None and known.found == self._left(box)[1]:
            raise _FoundError(f"{len(known.found)} things that should be gone")
        self._erase_parcels(box, due)

    def _drop_stale(self, box: Box, now: dt.datetime) -> None:
        """What came of a parcel and was not gone on with for a day: its sender sends it anew, if it lives."""
        for name in names(box.root / "coming"):
            path = box.root / "coming" / name
            if now - _made(path) >= _UNOPENED:
                self.log.append(Access.PARCEL_DROPPED, ACTOR, box=box.name, subject=name.removesuffix(SUFFIX))
                erase(path)

    def _erase_parcels(self, box: Box, due: Ended) -> None:
        self.log.append(Access.ERASING, ACTOR, box=box.name, subject=box.facts().order, reason=due.reason)
        for folder in _PARCELS:
            for name in names(box.root / folder):
                path = box.root / folder / name
                size = path.stat().st_size
                self.log.append(
                    Access.ERASING, ACTOR, box=box.name, subject=name.removesuffix(SUFFIX), lay=folder, size=size
                )
                erase(path)
        self._certify(box, due)

    def _certify(self, box: Box, due: Ended) -> None:
        """Look again, then sign what was done; what is found is an overdue erasure, told as one."""
        scanned, found = self._left(box)
        made = ErasureCertificate(
            format="ecluse.erasure/1", order=box.facts().order,
            acceptance=due.paper if due.reason in {"accepted", "refused"} else None, place="relay", reason=due.reason,
            erased=tuple(self._erased(box.name)), scanned=(scanned,),
            looked_for=(*looked_for(0), "files named after this order's parcels, in the relay's whole folder"),
            found=found, recipient_key=RecipientKey.NOT_HERE, statement="",
            erased_at=utc(self.log.clock()), agent=self.home.settings().name, log=self.log.vkey,
        )  # fmt: skip
        path = self._certificate(box)
        signature = sign_artefact(made, signing_key(self.home))
        make_folder(path.parent)
        write_atomic(path.with_suffix(".json.sig"), signature)
        self.log.append(
            Access.ERASED, ACTOR, box=box.name, subject=digest_of(made), parcels=len(made.erased), found=len(made.found)
        )
        write_atomic(path, encode(made))
        if made.found:
            raise _FoundError(f"{len(made.found)} things that should be gone")

    def _left(self, box: Box) -> tuple[Scanned, tuple[str, ...]]:
        """What a look through the box and the relay's whole folder finds of its parcels."""
        hexes = frozenset(names(box.root / "announced"))
        strays = sorted(
            str(path.relative_to(self.home.root))
            for path in self.home.root.rglob(f"*{SUFFIX}*")
            if path.is_file() and path.name[:64] in hexes and path.parent.name != "taken"
        )
        scanned, found = scan(Tree("box", box.root), Needles(()))
        return scanned, (*map(str, found), *strays)

    def _erased(self, box: str) -> Iterator[Erased]:
        """What was erased of a box, by every attempt, as the journal tells."""
        known: dict[str, Erased] = {}  # an attempt that was cut off may have told of one without erasing it
        for entry in self.log.entries():
            if entry.event is Access.ERASING and entry.box == box and "size" in entry.detail:
                where = f"boxes/{box}/{entry.detail['lay']}/{entry.subject}{SUFFIX}"
                size = int(entry.detail["size"])
                known[where] = Erased(ErasedKind.PARCEL, where, f"sha256:{entry.subject}", size)
        yield from known.values()

    def _erase_folder(self, box: Box, reason: str) -> None:
        """The whole box, its papers and marks; one more entry, since nothing of it remains to tell."""
        self.log.append(Access.BOX_CLOSED, ACTOR, box=box.name, reason=reason)
        for path in sorted(box.root.rglob("*"), reverse=True):
            erase(path) if not path.is_dir() else path.rmdir()
        box.root.rmdir()
        sync_folder(self.home.boxes)

    def _certified(self, box: Box) -> ErasureCertificate | None:
        """The certificate that was signed last."""
        path = self._certificate(box)
        return decode(ErasureCertificate, read(path), file=path.name) if path.is_file() else None

    def _certificate(self, box: Box) -> Path:
        return self.home.root / _CERTIFICATES / f"{box.name}.json"

    def _now(self) -> dt.datetime:
        """The time by which things are due: the clock's, but for leaps that were seen, each told.

        Setting a clock back postpones no erasure: while it stands behind, by how much is added; at a start, the
        journal's newest entry tells. Setting it forward must not destroy at once what is still to be taken: it is told,
        and what goes by date or age waits a quarter of an hour.
        """
        told, ticks = self.log.clock(), self.monotonic()
        if self._last is None:
            self._offset = min(dt.timedelta(0), told - (self.log.last_at() or told))
        else:
            before, since = self._last
            leap = (told - before) - dt.timedelta(seconds=ticks - since)
            if abs(leap) > _JUMP:
                self.log.append(Access.CLOCK_JUMPED, ACTOR, seconds=int(leap.total_seconds()))
                self._offset += leap
                if leap > dt.timedelta(0) and self._offset > _JUMP:
                    self._held_until = ticks + _GRACE
        self._last = (told, ticks)
        return told - min(dt.timedelta(0), self._offset)

    def _tell_overdue(self, name: str, error: Exception) -> None:
        last = self._told.get(name)
        if last is None or self.monotonic() - last >= _TELL_AGAIN:
            self._told[name] = self.monotonic()
            self.log.append(Access.OVERDUE, ACTOR, box=name, reason=type(error).__name__)


class _FoundError(EcluseError):
    """The re-scan found something."""


def signing_key(home: Home) -> Path:
    """The key that signs the relay's certificates, made at first need; its public half lies beside it."""
    path = home.root / "keys" / "relay_ed25519"
    if not path.exists():
        new_signing_key(path, f"relay {home.settings().name}")
    return path


def _made(folder: Path) -> dt.datetime:
    return dt.datetime.fromtimestamp(folder.stat().st_mtime, dt.UTC)
