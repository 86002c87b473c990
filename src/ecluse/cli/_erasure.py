"""Erasure of the places on this machine: when it is due, and with everything that it needs."""

from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from ecluse.adapters.mailboxes.relay import RelayMailbox
from ecluse.cli import _output, _steps
from ecluse.cli._overdue import remind
from ecluse.cli._site import Site
from ecluse.cli._text import tr
from ecluse.control.erase import (
    abort_overdue,
    due,
    empty_mailbox,
    erase_place,
    is_due,
    must_go,
    not_mounted,
    now,
    uses_mailbox,
)
from ecluse.control.erase_relay import asked, empty_relay, silent
from ecluse.control.erase_trace import erase_trace_if_due
from ecluse.control.scan import Tree
from ecluse.control.signatures import sign_artefact
from ecluse.domain.entry import Event
from ecluse.domain.errors import (
    DestinationError,
    EcluseError,
    ErasureError,
    InternalError,
    Location,
    MalformedError,
    TransitionError,
)
from ecluse.domain.lifecycle import State
from ecluse.domain.records import ErasureCertificate, Scanned
from ecluse.migration.extract import CANARIES
from ecluse.migration.marks import destination_marks, source_marks
from ecluse.migration.trace_making import keep_trace
from ecluse.wire.artefacts import digest_of
from ecluse.workspace.place import Place, Workspace

# The destination first: while the source's place has its canary key, the markers can be made again.
_ORDER = (Place.DESTINATION, Place.SOURCE)


def erase_if_due(site: Site) -> bool:
    """Erase what must be gone by now, whoever asked for something else (law 7); whether the erase-by date made it."""
    remind(site.root)
    stuck = _erase_trace(site)  # first: what is wrong with the mailbox keeps no fingerprint alive
    unlearned = learn_or_erase(site)
    overdue = [place for place in _ORDER if site.has(place) and _abort_overdue(site, place)]
    late = [place for place in _ORDER if site.has(place) and _is_due(site, place)]
    if late:
        erase(site, only=late)
        stuck = _erase_trace(site)
    if (wrong := stuck or unlearned) is not None:
        raise wrong
    return bool(overdue)


def _erase_trace(site: Site) -> EcluseError | None:
    """The same as :func:`erase_trace`; what is wrong with one file keeps nothing else alive (law 7)."""
    try:
        erase_trace(site)
    except EcluseError as error:
        return error
    return None


def erase_trace(site: Site) -> None:
    """Erase the fingerprints of a migration that is erased, after the last day that its order names."""
    if site.has(Place.SOURCE):
        with site.open(Place.SOURCE) as place:
            if erase_trace_if_due(place, now(place)):
                _output.say(tr("fingerprints erased: their last day is over",
                               "empreintes effacées : leur dernier jour est passé"))  # fmt: skip


def learn_or_erase(site: Site) -> EcluseError | None:
    """Learn what the mailbox tells; what is wrong with it is returned where it must not keep anything alive (law 7).

    Raises:
        EcluseError: the mailbox's fault, where nothing is past its erase-by date or aborted: what is not learned now,
            the source would never learn once the destination is erased.
    """
    try:
        _steps.learn(site)
    except EcluseError as error:
        if not any(site.has(place) and _must_go(site, place) for place in _ORDER):
            raise
        return error
    return None


def _must_go(site: Site, place: Place) -> bool:
    with site.open(place) as opened:
        return must_go(opened)


def erase(
    site: Site, only: list[Place] | None = None, *, destroyed_elsewhere: str = "", mailbox_lost: str = ""
) -> list[ErasureCertificate]:
    """Erase every place of this machine, or some; returns the certificates.

    ``destroyed_elsewhere`` says how and by whom the recipient's identity was destroyed, where it is not here;
    ``mailbox_lost`` what became of a mailbox that cannot be looked at any more.

    Raises:
        TransitionError: a migration has not ended, or the delay that the order sets has not passed.
        ErasureError: the re-scan found something; the certificates are made and journalled all the same. Or nobody
            said what became of the identity; then there is no certificate of the destination. Or the mailbox cannot be
            looked at; then there is none of the places that used it.
        StorageError, TamperError: the fingerprints ordered could not be gathered; all else is erased and certified.
    """
    places = [place for place in _ORDER if site.has(place) and (only is None or place in only)]
    for place in places:
        _check_due(site, place)
    untraced = _keep_trace(site) if Place.SOURCE in places else None  # before anything goes
    marks = _marks(site)
    for place in _ORDER:
        # The mailbox lies in every place's re-scan, so it is emptied before the first.
        if site.has(place):
            _empty_mailbox(site, place)
    made: list[ErasureCertificate] = []
    uncertified: EcluseError | None = None
    for place in places:
        try:
            made.append(_erase(site, place, marks, destroyed_elsewhere, mailbox_lost))
        except ErasureError as error:  # what the destination lacks keeps nothing of the source's alive
            uncertified = error
    for certificate in made:
        _tell(certificate)
    for lack in (uncertified, untraced):
        if lack is not None:
            raise lack
    _check_clean(site, made)
    return made


def _check_clean(site: Site, made: list[ErasureCertificate]) -> None:
    for certificate in made:
        if not certificate.clean():
            raise ErasureError(
                tr(f"the re-scan found {len(certificate.found)} things that should be gone",
                   f"le contrôle a trouvé {len(certificate.found)} choses qui devraient avoir disparu"),
                location=Location(file=str(site.root / certificate.place)),
                hint="; ".join(certificate.found[:3]),
            )  # fmt: skip


def _keep_trace(site: Site) -> EcluseError | None:
    """What an aborted migration had sealed was an export as well; what is wrong keeps nothing from being erased."""
    with site.open(Place.SOURCE) as place:
        begun = any(entry.event is Event.ERASING for entry in place.entries())
        if begun or place.progress().state is not State.ABORTED:
            return None
        try:
            keep_trace(place, CANARIES)
        except EcluseError as error:
            return error
        except Exception:  # noqa: BLE001 - memory, or a fault of ours: erasure is not put off for it
            return InternalError("the fingerprints could not be gathered")
    return None


def _abort_overdue(site: Site, place: Place) -> bool:
    with site.open(place) as opened:
        return abort_overdue(opened)


def _is_due(site: Site, place: Place) -> bool:
    with site.open(place) as opened:
        return is_due(opened)


def _check_due(site: Site, place: Place) -> None:
    with site.open(place) as opened:
        abort_overdue(opened)
        when = due(opened)
        if when is not None and not is_due(opened):
            state = opened.progress().state
            raise TransitionError(
                tr(f"cannot erase a migration that is {state}: erasure is due at {when.at:%Y-%m-%d %H:%M} UTC",
                   f"on n'efface pas encore cette migration ({state}) : l'effacement est dû le "
                   f"{when.at:%Y-%m-%d %H:%M} UTC"),
                location=Location(file=str(opened.root)),
                hint=tr("erasure then needs nobody's action", "l'effacement ne demande alors l'action de personne"),
            )  # fmt: skip


def _marks(site: Site) -> tuple[bytes, ...]:
    """The markers to look for, made before any key dies."""
    found: tuple[bytes, ...] = ()
    if site.has(Place.SOURCE):
        with site.open(Place.SOURCE) as place:
            found += source_marks(place)
    if not found and site.has(Place.DESTINATION) and site.setup.destination.identity:
        with site.open(Place.DESTINATION) as place:
            if Path(site.setup.destination.identity).is_file():
                # Once erasure has begun the file may be overwritten and not yet unlinked; the place then remembers.
                begun = any(entry.event is Event.ERASING for entry in place.entries())
                with suppress(*((MalformedError,) if begun else ())):
                    found += destination_marks(place, site.identity())
    return found


def _empty_mailbox(site: Site, place: Place) -> None:
    with site.open(place) as opened:
        if not is_due(opened):
            return
        if not site.setup.is_relayed:
            empty_mailbox(opened, site.folder)
        elif uses_mailbox(opened):
            # A relay that does not answer keeps nothing here alive; it is asked again before anything is certified.
            with suppress(EcluseError):
                empty_relay(opened, _relay(site))


def _relay(site: Site) -> RelayMailbox:
    relay = site.relay
    if relay is None:
        raise InternalError("the mailbox is no relay")
    return relay


@dataclass(frozen=True, slots=True)
class _Mailbox:
    """What is known of the mailbox, for the certificate: what to scan, what it says, what keeps from certifying."""

    trees: tuple[Tree, ...] = ()
    told: tuple[Scanned, ...] = ()
    missing: ErasureError | None = None


def _looked(site: Site, opened: Workspace) -> _Mailbox:
    if not site.setup.is_relayed:
        trees = (Tree("mailbox", site.mailbox_folder),) if site.mailbox_folder.is_dir() else ()
        # A disk that is not mounted must not look as if nothing were left on it.
        absent = uses_mailbox(opened) and not site.folder.is_there()
        return _Mailbox(trees, missing=not_mounted(site.mailbox_folder) if absent else None)
    if not uses_mailbox(opened):
        return _Mailbox()
    try:
        return _Mailbox(told=(asked(_relay(site)),))
    except ErasureError as error:
        return _Mailbox(missing=error)
    except EcluseError as error:
        return _Mailbox(missing=silent(site.mailbox_name, error))


def _erase(
    site: Site, place: Place, marks: tuple[bytes, ...], destroyed_elsewhere: str, mailbox_lost: str
) -> ErasureCertificate:
    key = site.source_key() if place is Place.SOURCE else site.destination_key()
    identity = site.setup.destination.identity
    lost = " ".join(mailbox_lost.split())
    with site.open(place) as opened:
        agent, box = opened.agent, _looked(site, opened)
        return erase_place(
            opened,
            lambda certificate: {agent: sign_artefact(certificate, key)},
            marks,
            identity=Path(identity) if identity and place is Place.DESTINATION else None,
            destroyed_elsewhere=destroyed_elsewhere if place is Place.DESTINATION else "",
            trees=box.trees,
            missing=None if lost else box.missing,
            unseen=(f"mailbox (not looked at, stated to be lost: {lost})",) if box.missing and lost else (),
            told=box.told,
            drop_staging=(lambda: _drop_staging(site, opened)) if place is Place.DESTINATION else None,
        )


def _drop_staging(site: Site, place: Workspace) -> tuple[str, ...]:
    """Staging tables exist from just before the first batch; a killed load may have filled them unjournalled."""
    if all(entry.event is not Event.BATCH_LOADING for entry in place.entries()):
        return ()
    order = place.progress().pins["order"]
    with site.open_destination(site.destination_profile()) as target:
        try:
            return target.finish(order)
        except DestinationError:
            # Killed within a publication: the rows are in the target already, and the only way out is through.
            target.publish(order)
            return target.finish(order)


def _tell(certificate: ErasureCertificate) -> None:
    things, files = _output.count(len(certificate.erased)), _output.count(sum(s.files for s in certificate.scanned))
    _output.say(
        tr(
            f"{certificate.place}: {things} things erased, {files} files scanned again, {len(certificate.found)} found",
            f"{certificate.place} : {things} éléments effacés, {files} fichiers relus, "
            f"{len(certificate.found)} trouvés",
        )
    )
    if certificate.trace:
        kept = certificate.trace
        _output.say(
            tr(
                f"{certificate.place}: fingerprints kept until {kept.keep_until}, as ordered; {kept.digest}",
                f"{certificate.place} : empreintes gardées jusqu'au {kept.keep_until}, comme ordonné ; {kept.digest}",
            )
        )
    _output.say(tr(f"certificate {digest_of(certificate)}", f"certificat {digest_of(certificate)}"))
