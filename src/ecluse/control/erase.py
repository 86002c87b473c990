"""Erasure of one place: parcels and keys gone, looked for again, certified; on time, and whoever is asleep (law 7).

In order: each thing is journalled with its digest, then erased; then every key but the canaries' is destroyed; then
the trees are scanned, and the result journalled; then the canaries' key goes, and the certificate is signed. Killed at
any instant, the same call goes on, and its certificate lists what every attempt erased.
"""

import datetime as dt
import json
import tempfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from ecluse.control.scan import LOOKED_FOR, Tree, scan
from ecluse.domain.entry import Event
from ecluse.domain.errors import TransitionError
from ecluse.domain.lifecycle import State
from ecluse.domain.order import Order
from ecluse.domain.records import Acceptance, Erased, ErasedKind, ErasureCertificate, Receipt, Scanned
from ecluse.seal.digests import sha256_digest, sha256_file
from ecluse.workspace.parcels import QUARANTINE
from ecluse.workspace.place import Workspace

Reason = Literal["accepted", "refused", "aborted", "erase_by"]
SignCertificate = Callable[[ErasureCertificate], Mapping[str, bytes]]

_CANARY = "canary.secret"
_SCAN = "re-scan"
_ENDED: dict[State, Reason] = {State.ACCEPTED: "accepted", State.REFUSED: "refused", State.ABORTED: "aborted"}


@dataclass(frozen=True, slots=True)
class Due:
    """Whether and since when a place is to be erased."""

    at: dt.datetime
    reason: Reason


def due(place: Workspace) -> Due | None:
    """When this place must be empty, and why; None before there is an order, and once it is erased."""
    progress = place.progress()
    if "order" not in progress.pins or progress.state is State.ERASED:
        return None
    retention = place.pinned(Order).retention
    last = dt.datetime.combine(retention.erase_by, dt.time.max, dt.UTC).replace(microsecond=0)
    if progress.state in _ENDED:
        ended = place.now()
        if "acceptance" in progress.pins:
            ended = place.get(Acceptance, progress.pins["acceptance"]).decided_at
        delay = retention.delay() if progress.state is State.ACCEPTED else dt.timedelta()
        return Due(min(ended + delay, last), _ENDED[progress.state])
    return Due(last, "erase_by")


def erase_place(
    place: Workspace,
    sign: SignCertificate,
    markers: Sequence[bytes],
    *,
    keys: Sequence[Path] = (),
    trees: Sequence[Tree] = (),
    drop_staging: Callable[[], tuple[str, ...]] = tuple,
) -> ErasureCertificate:
    """Erase a place whose migration has ended, and certify it. Repeating it goes on where it stopped.

    ``markers`` are the canaries' values, worked out by the caller before their key is destroyed; ``keys`` are key files
    kept outside the place, such as the recipient's identity; ``trees`` are scanned besides the place itself and the
    temporary folder; ``drop_staging`` empties the destination's staging tables.

    Raises:
        TransitionError: the migration has not ended.
        StorageError: something could not be erased; nothing is certified.
    """
    state = place.progress().state
    if state is State.ERASED:
        return place.pinned(ErasureCertificate)
    if state not in _ENDED:
        raise TransitionError(f"cannot erase a migration that is {state}", hint="accept, refuse or abort it first")
    # Read while the canaries' key still says which files to open; gone files were journalled by an earlier attempt.
    for kind, path in _targets(place):
        _erase(place, kind, path)
    for path in keys:
        if path.exists():
            _erase(place, ErasedKind.KEY, path)
    for table in drop_staging():
        _note(place, Erased(ErasedKind.STAGING, table, sha256_digest(table.encode()), 0))
    _scan(place, markers, trees)
    canary = place.root / "keys" / _CANARY
    if canary.exists():
        _erase(place, ErasedKind.KEY, canary)
    certificate = _certificate(place, _ENDED[state])
    address = place.put(certificate, sign(certificate))
    place.log(Event.ERASED, subject=address, found=len(certificate.found))
    return certificate


def abort_overdue(place: Workspace) -> bool:
    """End a migration whose erase-by date has passed, so that it can be erased; tells whether it did (law 7)."""
    when = due(place)
    if when is None or when.reason != "erase_by" or place.now() <= when.at:
        return False
    place.log(Event.ABORTED, subject="erase_by has passed")
    return True


def _targets(place: Workspace) -> Iterator[tuple[ErasedKind, Path]]:
    for path in place.parcels.everything():
        aside = path.name.removesuffix(".age").endswith(QUARANTINE)
        yield (ErasedKind.QUARANTINE if aside else ErasedKind.PARCEL), path
    desk = place.root / "desk"
    yield from ((ErasedKind.TEMPORARY, path) for path in sorted(desk.glob("*")) if path.is_file())
    hidden = (place.root / "keys").glob(".ecluse-*.part")
    yield from ((ErasedKind.TEMPORARY, path) for path in sorted(hidden))
    yield from ((ErasedKind.KEY, path) for path in place.secrets() if path.name != _CANARY and path.exists())


def _erase(place: Workspace, kind: ErasedKind, path: Path) -> None:
    inside = path.is_relative_to(place.root)
    where = str(path.relative_to(place.root)) if inside else f"keys/{path.name} (kept outside)"
    # A key's own digest would let a guess be checked: its name stands for it.
    digest = sha256_digest(where.encode()) if kind is ErasedKind.KEY else sha256_file(path)
    _note(place, Erased(kind, where, digest, path.stat().st_size))
    place.destroy(path)


def _note(place: Workspace, thing: Erased) -> None:
    place.log(Event.ERASING, subject=thing.path, kind=thing.kind, digest=thing.digest, size=thing.size)


def _scan(place: Workspace, markers: Sequence[bytes], trees: Sequence[Tree]) -> None:
    """Scan and journal the result, unless an attempt that went on to destroy the canaries' key has."""
    scanned_before = any(e.event is Event.ERASING and e.subject == _SCAN for e in place.entries())
    if scanned_before and not (place.root / "keys" / _CANARY).exists():
        return
    began = next(place.entries()).at.timestamp()
    shared = Tree("temporary folder", Path(tempfile.gettempdir()), since=began)
    looked: list[Scanned] = []
    found: list[str] = []
    for tree in (Tree(place.place, place.root), *trees, shared):
        scanned, findings = scan(tree, markers)
        looked.append(scanned)
        found += map(str, findings)
    trees_said = json.dumps([[s.tree, s.files, s.size] for s in looked])
    place.log(Event.ERASING, subject=_SCAN, trees=trees_said, found=json.dumps(found[:100]), findings=len(found))


def _certificate(place: Workspace, reason: Reason) -> ErasureCertificate:
    erased: dict[str, Erased] = {}
    looked: tuple[Scanned, ...] = ()
    found: tuple[str, ...] = ()
    for entry in place.entries():
        if entry.event is not Event.ERASING:
            continue
        if entry.subject == _SCAN:
            looked = tuple(Scanned(*facts) for facts in json.loads(str(entry.detail["trees"])))
            found = tuple(json.loads(str(entry.detail["found"])))
        else:
            kind, digest = ErasedKind(str(entry.detail["kind"])), str(entry.detail["digest"])
            erased[entry.subject] = Erased(kind, entry.subject, digest, int(entry.detail["size"]))
    return ErasureCertificate(
        format="ecluse.erasure/1",
        order=place.progress().pins["order"],
        acceptance=place.progress().pins.get("acceptance"),
        place=place.place,
        reason=_reason(place, reason),
        erased=tuple(erased[path] for path in sorted(erased)),
        scanned=looked,
        looked_for=LOOKED_FOR,
        found=found,
        erased_at=place.now(),
        agent=place.agent,
    )


def _reason(place: Workspace, reason: Reason) -> Reason:
    overdue = any(entry.event is Event.ABORTED and "erase_by" in entry.subject for entry in place.entries())
    return "erase_by" if overdue else reason


def parcels_named(place: Workspace) -> tuple[str, ...]:
    """Names of every parcel, quarantines included, that receipts of this place announce."""
    known = place.progress().sealed or place.progress().received
    receipts = [place.get(Receipt, address) for address in known.values()]
    names = [receipt.batch for receipt in receipts]
    return (*names, *(f"{receipt.batch}{QUARANTINE}" for receipt in receipts if receipt.quarantine_parcel))
