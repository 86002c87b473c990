"""Erasure of one place: parcels and keys gone, looked for again, certified; on time, and whoever is asleep (law 7).

In order: what is to be looked for is kept in a file among the keys; each thing is journalled with its digest, then
erased, the keys last; then the trees are scanned, and the result journalled; then the canaries' key and that file go,
and the certificate is signed. Killed at any instant, the same call goes on, and its certificate lists what every
attempt erased.
"""

import datetime as dt
import json
import tempfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from ecluse.control.desk import DESK
from ecluse.control.erase_trace import kept_trace, loose_pieces
from ecluse.control.needles import Needles
from ecluse.control.ports import Mailbox
from ecluse.control.scan import AGE_HEADER, Finding, Tree, looked_for, scan
from ecluse.domain.entry import Entry, Event
from ecluse.domain.errors import (
    ErasureError,
    Location,
    MalformedError,
    StorageError,
    TransitionError,
    UsageError,
)
from ecluse.domain.lifecycle import State
from ecluse.domain.order import Order
from ecluse.domain.records import (
    Acceptance,
    Erased,
    ErasedKind,
    ErasureCertificate,
    Receipt,
    RecipientKey,
    Scanned,
)
from ecluse.seal.digests import sha256_digest, sha256_file
from ecluse.seal.sealing import Identity
from ecluse.workspace.files import erase, read, write_atomic
from ecluse.workspace.parcels import QUARANTINE, SUFFIX
from ecluse.workspace.place import Place, Workspace

Reason = Literal["accepted", "refused", "aborted", "erase_by"]
SignCertificate = Callable[[ErasureCertificate], Mapping[str, bytes]]

_CANARY, _MARKERS = "canary.secret", "markers.secret"
_SCAN = "re-scan"
_STAGING = "staging tables"
_STATED = "identity stated to be destroyed"
_OUTSIDE = " (kept outside)"
_OVERDUE = "erase_by has passed"
_ENDED: dict[State, Reason] = {State.ACCEPTED: "accepted", State.REFUSED: "refused", State.ABORTED: "aborted"}
_SKEW = 600.0
"""Seconds before the migration began from which on temporary files are scanned: clocks are set back now and then."""
_FOUND_BYTES = 20_000
"""How much of what was found is written down; a journal's entry holds 65535 bytes."""
_PATH = 300


@dataclass(frozen=True, slots=True)
class Due:
    """When a place must be empty, and why."""

    at: dt.datetime
    reason: Reason


def due(place: Workspace) -> Due | None:
    """When this place must be empty, and why; None before there is an order, and once it is erased.

    ``erase_by`` is the last day on which anything may still be erased, so it is due as soon as that day begins (UTC):
    whoever calls once a day is then in time.
    """
    progress = place.progress()
    if "order" not in progress.pins or progress.state is State.ERASED:
        return None
    retention = place.pinned(Order).retention
    last = dt.datetime.combine(retention.erase_by, dt.time.min, dt.UTC)
    if progress.state not in _ENDED:
        return Due(last, "erase_by")
    ended = next((e.at for e in place.entries() if e.event is Event.ABORTED), last)
    delay = dt.timedelta()
    if "acceptance" in progress.pins:
        ended = place.get(Acceptance, progress.pins["acceptance"]).decided_at
        delay = retention.delay() if progress.state is State.ACCEPTED else delay
    return Due(min(ended + delay, last), _ENDED[progress.state])


def is_due(place: Workspace) -> bool:
    """Whether this place is to be erased now: its migration has ended, and its delay has passed."""
    when = due(place)
    return when is not None and when.reason != "erase_by" and now(place) >= when.at


def must_go(place: Workspace) -> bool:
    """Whether this place is to be erased whatever else is still to be told: it was aborted, or erase-by has come."""
    when = due(place)
    if when is None:
        return False
    by = dt.datetime.combine(place.pinned(Order).retention.erase_by, dt.time.min, dt.UTC)
    return when.reason == "aborted" or now(place) >= by


def abort_overdue(place: Workspace) -> bool:
    """End a migration whose erase-by date has come, so that it can be erased; tells whether it did (law 7)."""
    when = due(place)
    if when is None or when.reason != "erase_by" or now(place) < when.at:
        return False
    place.log(Event.ABORTED, subject=_OVERDUE)
    return True


def now(place: Workspace) -> dt.datetime:
    """The clock, but never before what the journal has seen: setting a clock back postpones no erasure."""
    return max([place.now(), *(entry.at for entry in place.entries())])


def uses_mailbox(place: Workspace) -> bool:
    """Whether parcels of this place ever lay in the mailbox, or may have."""
    progress = place.progress()
    return bool(progress.delivered or progress.received)


def empty_mailbox(place: Workspace, mailbox: Mailbox) -> None:
    """Erase this migration's parcels from the mailbox, where their receipts are known; others' are left alone.

    Raises:
        TransitionError: the migration has not ended.
        StorageError: a parcel could not be erased.
    """
    if place.progress().state is State.ERASED:
        return
    _check_ended(place)
    waiting = set(mailbox.waiting())
    for name, address in _announced(place):
        file = f"{name}{SUFFIX}"
        if file not in waiting:
            mailbox.discard(file)  # the rest of a copy that was cut off
            continue
        desk = place.root / DESK / file
        desk.parent.mkdir(exist_ok=True, mode=0o700)
        mailbox.collect(file, desk)
        thing = Erased(_parcel_kind(desk), f"mailbox/{file}", address, desk.stat().st_size)
        if _digest(desk) == address:
            note_erasing(place, thing)
            mailbox.discard(file)
        elif _is_overwritten(desk):
            mailbox.discard(file)  # by an erasure, or by the reception before it, that was cut off
        erase(desk)


def _parcel_kind(path: Path) -> ErasedKind:
    aside = path.name.removesuffix(SUFFIX).endswith(QUARANTINE)
    return ErasedKind.QUARANTINE if aside else ErasedKind.PARCEL


def _is_overwritten(path: Path) -> bool:
    """Whether zeros stand where a parcel's header stood, without which nothing of it opens."""
    with path.open("rb") as file:
        return not any(file.read(len(AGE_HEADER)))


def not_mounted(folder: Path) -> ErasureError:
    """A mailbox's folder in which parcels lay is not there to be looked at."""
    return ErasureError(
        "the mailbox is empty, or not there: all else is erased, and nothing is certified",
        location=Location(file=str(folder)),
        hint="mount it and erase again; if it is lost, erase again with --mailbox-lost 'how, when'",
    )


def erase_place(
    place: Workspace,
    sign: SignCertificate,
    markers: Sequence[bytes],
    *,
    identity: Path | None = None,
    destroyed_elsewhere: str = "",
    trees: Sequence[Tree] = (),
    missing: ErasureError | None = None,
    unseen: Sequence[str] = (),
    told: Sequence[Scanned] = (),
    drop_staging: Callable[[], tuple[str, ...]] | None = None,
) -> ErasureCertificate:
    """Erase a place whose migration has ended, and certify it. Repeating it goes on where it stopped.

    ``markers`` are the canaries' values, worked out by the caller before their key is destroyed; they are remembered
    from the first call to the last. ``identity`` is the file, kept outside the place, of the key that opens the
    parcels; ``destroyed_elsewhere`` says how and by whom it was destroyed, where it is not here to be destroyed.
    ``trees`` are scanned besides the place itself and the temporary folder; ``unseen`` are told in the certificate as
    what was not, and why, ``told`` as what others say. ``missing`` is what keeps the mailbox from being known to be
    empty. ``drop_staging`` empties the destination's staging tables and names them.

    Raises:
        TransitionError: the migration has not ended.
        UsageError: the identity given is not the order's recipient's; nothing of it is touched.
        StorageError: something could not be erased, or the identity is not where it should be; nothing is certified.
        ErasureError: everything else is erased, and nobody said what became of the identity, or something is
            ``missing``; nothing is certified.
    """
    if place.progress().state is State.ERASED:
        return place.pinned(ErasureCertificate)
    reason = _check_ended(place)
    needles = Needles(_remembered(place, markers))
    for kind, path in _targets(place):
        _erase(place, kind, path)
    if identity is not None and (identity.exists() or not destroyed_elsewhere.strip()):
        _erase_identity(place, identity)
    elif destroyed_elsewhere.strip():
        place.log(Event.ERASING, subject=_STATED, statement=destroyed_elsewhere.strip())
    # After the keys: a target that cannot be reached must not keep the key that opens the parcels alive.
    if drop_staging is not None:
        _drop(place, drop_staging)
    _scan(place, needles, trees, (*told, *(Scanned(name, 0, 0) for name in unseen)))
    _check_identity(place)
    if missing is not None:
        raise missing
    for path in (place.root / "keys" / _CANARY, place.root / "keys" / _MARKERS):
        if path.exists():
            _erase(place, ErasedKind.KEY, path)
    certificate = _certificate(place, reason)
    address = place.put(certificate, sign(certificate))
    place.log(Event.ERASED, subject=address, found=len(certificate.found))
    return certificate


def _check_ended(place: Workspace) -> Reason:
    state = place.progress().state
    if state not in _ENDED:
        raise TransitionError(f"cannot erase a migration that is {state}", hint="accept, refuse or abort it first")
    return _ENDED[state]


def _remembered(place: Workspace, markers: Sequence[bytes]) -> tuple[bytes, ...]:
    """These markers and those of earlier calls: once keys and parcels are gone, nobody can work them out again.

    In hexadecimal, so that the re-scan does not find them here.
    """
    path = place.root / "keys" / _MARKERS
    lines = read(path).split() if path.exists() else []
    # Half overwritten, it is on its way out: the re-scan that needed it is in the journal.
    known = {bytes.fromhex(line.decode("ascii")) for line in lines if not line.strip(b"0123456789abcdef")}
    wanted = known | set(markers)
    if wanted != known:
        write_atomic(path, "".join(f"{marker.hex()}\n" for marker in sorted(wanted)).encode("ascii"))
    return tuple(sorted(wanted))


def _targets(place: Workspace) -> Iterator[tuple[ErasedKind, Path]]:
    """What is to be erased. Links are not: the re-scan follows them, and finds what they lead to."""
    for path in place.parcels.everything():
        if not path.is_symlink():
            yield _parcel_kind(path), path
    for path in sorted((place.root / DESK).rglob("*")):
        if path.is_file() and not path.is_symlink():
            yield ErasedKind.TEMPORARY, path
    for path in loose_pieces(place):
        yield ErasedKind.TEMPORARY, path
    for path in place.secrets():
        if path.name not in {_CANARY, _MARKERS} and path.is_file():
            yield ErasedKind.KEY, path


def _erase(place: Workspace, kind: ErasedKind, path: Path) -> None:
    where = path.relative_to(place.root).as_posix()
    # A key's own digest would let a guess be checked: its name stands for it.
    digest = sha256_digest(where.encode("utf-8", "backslashreplace")) if kind is ErasedKind.KEY else _digest(path)
    note_erasing(place, Erased(kind, where, digest, path.stat().st_size))
    place.destroy(path)


def _check_identity(place: Workspace) -> None:
    """Before anything is certified: parcels were copied on their way, and who keeps the identity opens the copies."""
    if place.place is Place.DESTINATION and _recipient_key(place)[0] is RecipientKey.NOT_HERE:
        raise ErasureError(
            "the identity that opens the parcels was not given: all else is erased, and nothing is certified",
            location=Location(file=str(place.root)),
            hint="erase again with --identity FILE, or with --identity-destroyed-elsewhere 'how, by whom, when'",
        )


def _recipient_key(place: Workspace) -> tuple[RecipientKey, str]:
    """What became of the identity, by the journal, and the statement where there is only that."""
    stated = ""
    for entry in _erasing(place):
        if entry.subject == _STATED:
            stated = stated or str(entry.detail["statement"])
        elif entry.subject.endswith(_OUTSIDE) and entry.detail["kind"] == ErasedKind.KEY:
            return RecipientKey.DESTROYED, ""
    return (RecipientKey.STATED, stated) if stated else (RecipientKey.NOT_HERE, "")


def _erase_identity(place: Workspace, path: Path) -> None:
    """Erase the identity's file, kept elsewhere, and what a killed writer of key files left of it beside it."""
    where = f"keys/{path.name}{_OUTSIDE}"
    begun = where in {entry.subject for entry in _erasing(place)}
    if not path.exists():
        if not begun:
            raise StorageError(
                "the identity that is to be destroyed is not here", location=Location(file=str(path)),
                hint="put it back; if it is destroyed already, say so: --identity-destroyed-elsewhere 'how, by whom'",
            )  # fmt: skip
        return
    # Half overwritten by a call that was killed, it can no longer be read; that call had read it.
    with suppress(*((MalformedError,) if begun else ())):
        if Identity.load(path).recipient != place.pinned(Order).destination.recipient:
            raise UsageError(
                "this is not the identity of the order's recipient, so it is left alone",
                location=Location(file=str(path)),
            )
    facts = path.stat()
    for part in sorted(path.parent.glob(".ecluse-*.part")):
        # Another name of another key's file is that key: it is not ours to destroy.
        if part.is_file() and (part.stat().st_nlink == 1 or part.samefile(path)):
            note_erasing(place, Erased(ErasedKind.TEMPORARY, f"keys/{part.name}{_OUTSIDE}", _name_digest(part), 0))
            place.destroy(part)
    note_erasing(
        place, Erased(ErasedKind.KEY, where, sha256_digest(where.encode("utf-8", "backslashreplace")), facts.st_size)
    )
    place.destroy(path)


def _name_digest(path: Path) -> str:
    return sha256_digest(path.name.encode("utf-8", "backslashreplace"))


def _digest(path: Path) -> str:
    try:
        return sha256_file(path)
    except UsageError as error:
        raise StorageError("cannot be read, so it is not erased unseen", location=error.location) from None


def _drop(place: Workspace, drop_staging: Callable[[], tuple[str, ...]]) -> None:
    """Their names are known only once they are gone: the entry before says that they go, those after which."""
    note_erasing(place, Erased(ErasedKind.STAGING, _STAGING, sha256_digest(_STAGING.encode()), 0))
    for table in drop_staging():
        note_erasing(place, Erased(ErasedKind.STAGING, table, sha256_digest(table.encode()), 0))


def note_erasing(place: Workspace, thing: Erased) -> None:
    """Journal that something goes, before it does."""
    subject = thing.path.encode("utf-8", "backslashreplace").decode()[-_PATH:]
    place.log(Event.ERASING, subject=subject, kind=thing.kind, digest=thing.digest, size=thing.size)


def _erasing(place: Workspace) -> Iterator[Entry]:
    return (entry for entry in place.entries() if entry.event is Event.ERASING)


def _scan(place: Workspace, needles: Needles, trees: Sequence[Tree], others: Sequence[Scanned]) -> None:
    """Scan and journal the result, unless a call that still knew more markers has."""
    before = [entry for entry in _erasing(place) if entry.subject == _SCAN]
    if before and int(before[-1].detail["markers"]) > needles.number:
        return
    began = min(entry.at for entry in place.entries()).timestamp() - _SKEW
    shared = Tree("temporary folder", Path(tempfile.gettempdir()), since=began)
    looked: list[Scanned] = []
    found: list[Finding] = []
    for tree in (Tree(place.place, place.root), *trees, shared):
        scanned, findings = scan(tree, needles)
        looked.append(scanned)
        found += findings
    looked += others
    said = json.dumps([[s.tree, s.files, s.size] for s in looked], ensure_ascii=False)
    place.log(
        Event.ERASING,
        subject=_SCAN,
        trees=said,
        found=_in_few_words(found),
        findings=len(found),
        markers=needles.number,
    )


def _in_few_words(found: Sequence[Finding]) -> str:
    """As a JSON list, as many as an entry of the journal can hold, and how many more there are."""
    said: list[str] = []
    left = _FOUND_BYTES
    for finding in found:
        left -= len(json.dumps(str(finding)))
        if left < 0:
            said.append(f"and {len(found) - len(said)} more")
            break
        said.append(str(finding))
    return json.dumps(said)


def _certificate(place: Workspace, reason: Reason) -> ErasureCertificate:
    erased: dict[str, Erased] = {}
    looked: tuple[Scanned, ...] = ()
    found: tuple[str, ...] = ()
    sought: tuple[str, ...] = ()
    for entry in _erasing(place):
        if entry.subject == _SCAN:
            looked = tuple(Scanned(*facts) for facts in json.loads(str(entry.detail["trees"])))
            found = tuple(json.loads(str(entry.detail["found"])))
            sought = looked_for(int(entry.detail["markers"]))
        elif entry.subject != _STATED:
            # The first entry counts: a call after a kill may have met a file half overwritten.
            kind, digest = ErasedKind(str(entry.detail["kind"])), str(entry.detail["digest"])
            erased.setdefault(entry.subject, Erased(kind, entry.subject, digest, int(entry.detail["size"])))
    recipient_key, statement = _recipient_key(place)
    return ErasureCertificate(
        format="ecluse.erasure/1",
        order=place.progress().pins["order"],
        acceptance=place.progress().pins.get("acceptance"),
        place=place.place,
        reason=_reason(place, reason),
        erased=tuple(erased[path] for path in sorted(erased)),
        scanned=looked,
        looked_for=sought,
        found=found,
        recipient_key=recipient_key,
        statement=statement,
        erased_at=now(place),
        agent=place.agent,
        log=place.key.vkey,
        trace=kept_trace(place),
    )


def _reason(place: Workspace, reason: Reason) -> Reason:
    overdue = any(entry.event is Event.ABORTED and entry.subject == _OVERDUE for entry in place.entries())
    return "erase_by" if overdue else reason


def _announced(place: Workspace) -> Iterator[tuple[str, str]]:
    """Names and digests of every parcel, quarantines included, that receipts of this place announce."""
    known = place.progress().sealed or place.progress().received
    for receipt in (place.get(Receipt, address) for address in known.values()):
        yield receipt.batch, receipt.parcel
        if receipt.quarantine_parcel:
            yield f"{receipt.batch}{QUARANTINE}", receipt.quarantine_parcel
