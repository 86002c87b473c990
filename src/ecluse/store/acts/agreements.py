"""Agreements: drafted, frozen, signed by both parties, in force, ended; sub-processors announced (R1, law 9)."""

from collections.abc import Mapping
from typing import Any

from ecluse.control.forms import agreement_problems
from ecluse.domain import policies
from ecluse.domain.agreement import Agreement, SubProcessing, check_in_force
from ecluse.domain.errors import AgreementError, SignatureError, TamperError, TransitionError, UsageError
from ecluse.domain.renewal import objection_ends
from ecluse.domain.room import RoomEvent
from ecluse.store.models import AgreementVersion, ArtefactSignature, Organisation, Person, SubProcessorNotice
from ecluse.store.reads.papers import signatures_of, verified
from ecluse.store.reads.signers import check_signers
from ecluse.store.recording import Act, act
from ecluse.wire.artefacts import InvalidError, decode, digest_of, encode, kind_of, validate
from ecluse.wire.documents import Document


def artefact_of(version: AgreementVersion) -> Agreement:
    """The agreement that was frozen.

    Raises:
        TransitionError: it is a draft still.
        TamperError: what is kept is not what was frozen.
    """
    if not version.artefact:
        raise TransitionError("this agreement is a draft still", hint="freeze it first")
    agreement = decode(Agreement, bytes(version.artefact), file=version.number)
    if digest_of(agreement) != version.digest:
        raise TamperError("the agreement that is kept here is not the one that was frozen")
    return agreement


def parties_of(version: AgreementVersion) -> tuple[str, str]:
    """The organisations that it binds: controller, processor."""
    return version.controller.slug, version.processor.slug


def lock(version: AgreementVersion) -> None:
    """Take the row as it is now, and let nobody else change it before this act ends."""
    version.refresh_from_db(from_queryset=AgreementVersion.objects.select_for_update())


@act
def draft(
    act: Act, number: str, controller: Organisation, processor: Organisation, text: Mapping[str, Any], *, by: Person
) -> AgreementVersion:
    """Begin an agreement, or the next version of one that was signed.

    Raises:
        UsageError: a draft of that number is open already, or the number is another pair's.
    """
    former = AgreementVersion.objects.filter(number=number).order_by("-version").first()
    if former is not None and parties_of(former) != (controller.slug, processor.slug):
        raise UsageError(f"agreement {number} is between other parties")
    if former is not None and not former.artefact:
        raise UsageError(f"agreement {number} has an open draft already")
    made = AgreementVersion(
        number=number,
        version=former.version + 1 if former else 1,
        controller=controller,
        processor=processor,
        drafted_by=by,
    )
    made.draft = _stamped(made, text)
    made.save()
    act.record(RoomEvent.AGREEMENT_DRAFTED, *parties_of(made), subject=number, version=made.version)
    return made


@act
def redraft(act: Act, version: AgreementVersion, text: Mapping[str, Any]) -> None:
    """Change a draft.

    Raises:
        TransitionError: it was frozen; only a new version can differ.
    """
    lock(version)
    if version.artefact:
        raise TransitionError("a frozen agreement never changes", hint="begin its next version")
    version.draft = _stamped(version, text)
    version.save()
    act.record(RoomEvent.AGREEMENT_DRAFTED, *parties_of(version), subject=version.number, version=version.version)


def _stamped(version: AgreementVersion, text: Mapping[str, Any]) -> dict[str, Any]:
    """What no form chooses: the number and the parties' names are the draft's own."""
    return {
        **text,
        "format": "ecluse.agreement/1",
        "agreement": version.number,
        "controller": {**text.get("controller", {}), "name": version.controller.name},
        "processor": {**text.get("processor", {}), "name": version.processor.name},
    }


@act
def freeze(act: Act, version: AgreementVersion) -> Agreement:
    """Fix the text: from now on its digest names it, and it can be signed.

    Raises:
        InvalidError: what is missing or wrong, each by its path (Art. 28(3), letter by letter).
        AgreementError: the parties or the number in the text are not the draft's, or a former version says the same.
        SignatureError: somebody is to sign who is not of the party, or whose key is another.
        TransitionError: it is frozen already.
    """
    lock(version)
    if version.artefact:
        raise TransitionError("this agreement is frozen already")
    if problems := agreement_problems(Document(version.draft, {}, None), act.now.date()):
        raise InvalidError("agreement", problems)
    agreement = validate(Agreement, version.draft)
    names = (agreement.agreement, agreement.controller.name, agreement.processor.name)
    if names != (version.number, version.controller.name, version.processor.name):
        raise AgreementError("the text names another agreement or other parties than the draft stands for")
    check_signers(agreement, version.controller, version.processor)
    _check_differs(digest_of(agreement))
    version.artefact, version.digest, version.frozen_at = encode(agreement), digest_of(agreement), act.now
    version.save()
    act.record(
        RoomEvent.AGREEMENT_FROZEN,
        *parties_of(version),
        subject=version.digest,
        number=version.number,
        version=version.version,
    )
    return agreement


def _check_differs(digest: str) -> None:
    """A digest names one version: signatures are kept by it."""
    same = AgreementVersion.objects.filter(digest=digest).first()
    if same is not None:
        raise AgreementError(f"this is the text of version {same.version}, word for word", hint="change it first")


@act
def sign(act: Act, version: AgreementVersion, signer: str, armour: bytes) -> bool:
    """Keep a signature; whether the agreement is in force by it, and any former version then ended.

    Raises:
        SignatureError: the signer has signed already, is not the agreement's, or the signature does not verify.
        TransitionError: it has ended.
        AgreementError: its time, or the host's certificate, has run out.
    """
    lock(version)
    agreement = artefact_of(version)
    if version.ended_at is not None:
        raise TransitionError("this agreement has ended")
    check_in_force(agreement, max(act.now.date(), agreement.in_force_from))
    keep_signature(act, agreement, agreement, signer, armour)
    act.record(RoomEvent.AGREEMENT_SIGNED, *parties_of(version), subject=version.digest, signer=signer)
    try:
        policies.check_agreement_signed(agreement, verified(agreement, agreement))
    except AgreementError:
        return False
    if version.in_force_at is None:
        version.in_force_at = act.now
        version.save()
        for former in _former(version):
            _end(act, former)
    return True


def _former(version: AgreementVersion) -> list[AgreementVersion]:
    found = AgreementVersion.objects.select_for_update().filter(
        number=version.number, version__lt=version.version, ended_at__isnull=True
    )
    return list(found.exclude(digest=""))


@act
def end(act: Act, version: AgreementVersion) -> None:
    """End an agreement before its day: nothing is ordered under it any more. What was approved runs to its end.

    Raises:
        TransitionError: it is not in force, or has ended already.
    """
    lock(version)
    if version.in_force_at is None or version.ended_at is not None:
        raise TransitionError("this agreement is not in force")
    _end(act, version)


def _end(act: Act, version: AgreementVersion) -> None:
    version.ended_at = act.now
    version.save()
    act.record(RoomEvent.AGREEMENT_ENDED, *parties_of(version), subject=version.number, version=version.version)


@act
def announce(
    act: Act, version: AgreementVersion, text: Mapping[str, str], notice_days: int, *, by: Person
) -> SubProcessorNotice:
    """Announce a sub-processor to the controller, under general authorisation (Art. 28(2); clause 7.7, option 2).

    ``text``: ``name``, ``address``, ``contact``, ``processing``. ``notice_days``: as the agreement's terms have it.

    Raises:
        TransitionError: the agreement is not in force.
        AgreementError: it allows no sub-processor without a new version of itself.
        UsageError: a period of no days leaves nobody time to object.
    """
    lock(version)
    if version.in_force_at is None or version.ended_at is not None:
        raise TransitionError("this agreement is not in force")
    if artefact_of(version).clauses.d_sub_processing is not SubProcessing.GENERAL:
        raise AgreementError(
            "clause d does not authorise sub-processors in general",
            hint="name the sub-processor in annex IV of the agreement's next version",
        )
    if notice_days < 1:
        raise UsageError("a period of no days leaves nobody time to object")
    made = SubProcessorNotice.objects.create(
        agreement=version, announced_by=by, announced_on=act.now.date(), notice_days=notice_days, **text
    )
    act.record(
        RoomEvent.SUB_PROCESSOR_ANNOUNCED,
        *parties_of(version),
        subject=version.number,
        notice=made.pk,
        days=notice_days,
    )
    return made


@act
def object_to(act: Act, notice: SubProcessorNotice, reason: str, *, by: Person) -> None:
    """Object to a sub-processor while there is time: it may not begin.

    Raises:
        TransitionError: somebody objected already, or the last day has passed.
    """
    notice.refresh_from_db(from_queryset=SubProcessorNotice.objects.select_for_update())
    if notice.objected_on is not None:
        raise TransitionError("the controller has objected already")
    last = objection_ends(notice.announced_on, notice.notice_days)
    if act.now.date() > last:
        raise TransitionError(f"the last day to object was {last}", hint="speak to the processor; end the agreement")
    notice.objected_by, notice.objected_on, notice.reason = by, act.now.date(), reason
    notice.save()
    version = notice.agreement
    act.record(RoomEvent.SUB_PROCESSOR_OBJECTED, *parties_of(version), subject=version.number, notice=notice.pk)


def keep_signature(act: Act, value: object, agreement: Agreement, signer: str, armour: bytes) -> None:
    """Keep a signature over an artefact of any kind, once it verifies under the agreement's key for the signer."""
    digest = digest_of(value)
    if ArtefactSignature.objects.filter(digest=digest, signer=signer).exists():
        raise SignatureError(f"{signer} has signed this already")
    verified(value, agreement, signatures_of(digest) | {signer: armour})
    ArtefactSignature.objects.create(
        digest=digest, kind=kind_of(type(value)), signer=signer, armor=armour.decode("ascii"), made_at=act.now
    )
