"""Agreements: drafted, frozen, signed by both parties, in force, ended (R1, law 9)."""

from typing import Any

from ecluse.domain import policies
from ecluse.domain.agreement import Agreement
from ecluse.domain.errors import AgreementError, SignatureError, TransitionError, UsageError
from ecluse.domain.room import RoomEvent
from ecluse.store.models import AgreementVersion, ArtefactSignature, Organisation, Person
from ecluse.store.reads.papers import signatures_of, verified
from ecluse.store.recording import Act, act
from ecluse.wire.artefacts import decode, digest_of, encode, kind_of, validate


def artefact_of(version: AgreementVersion) -> Agreement:
    """The agreement that was frozen.

    Raises:
        TransitionError: it is a draft still.
    """
    if not version.artefact:
        raise TransitionError("this agreement is a draft still", hint="freeze it first")
    return decode(Agreement, bytes(version.artefact), file=version.number)


def parties_of(version: AgreementVersion) -> tuple[str, str]:
    """The organisations that it binds: controller, processor."""
    return version.controller.slug, version.processor.slug


@act
def draft(
    act: Act, number: str, controller: Organisation, processor: Organisation, text: dict[str, Any], *, by: Person
) -> AgreementVersion:
    """Begin an agreement, or the next version of one that was signed.

    Raises:
        UsageError: a draft of that number is open already, or the number is another pair's.
    """
    former = AgreementVersion.objects.filter(number=number).order_by("-version").first()
    if former is not None and not former.artefact:
        raise UsageError(f"agreement {number} has an open draft already")
    if former is not None and parties_of(former) != (controller.slug, processor.slug):
        raise UsageError(f"agreement {number} is between other parties")
    made = AgreementVersion.objects.create(
        number=number,
        version=former.version + 1 if former else 1,
        controller=controller,
        processor=processor,
        draft=text,
        drafted_by=by,
    )
    act.record(RoomEvent.AGREEMENT_DRAFTED, *parties_of(made), subject=number, version=made.version)
    return made


@act
def redraft(act: Act, version: AgreementVersion, text: dict[str, Any]) -> None:
    """Change a draft.

    Raises:
        TransitionError: it was frozen; only a new version can differ.
    """
    if version.artefact:
        raise TransitionError("a frozen agreement never changes", hint="begin its next version")
    version.draft = text
    version.save()
    act.record(RoomEvent.AGREEMENT_DRAFTED, *parties_of(version), subject=version.number, version=version.version)


@act
def freeze(act: Act, version: AgreementVersion) -> Agreement:
    """Fix the text: from now on its digest names it, and it can be signed.

    Raises:
        InvalidError: what is missing or wrong, each by its path (Art. 28(3), letter by letter).
        AgreementError: the parties or the number in the text are not the draft's.
        TransitionError: it is frozen already.
    """
    if version.artefact:
        raise TransitionError("this agreement is frozen already")
    agreement = validate(Agreement, version.draft)
    names = (agreement.agreement, agreement.controller.name, agreement.processor.name)
    if names != (version.number, version.controller.name, version.processor.name):
        raise AgreementError("the text names another agreement or other parties than the draft stands for")
    version.artefact, version.digest, version.frozen_at = encode(agreement), digest_of(agreement), act.now
    version.save()
    act.record(
        RoomEvent.AGREEMENT_FROZEN, *parties_of(version), subject=version.digest, number=version.number,
        version=version.version,
    )  # fmt: skip
    return agreement


@act
def sign(act: Act, version: AgreementVersion, signer: str, armour: bytes) -> bool:
    """Keep a signature; whether the agreement is in force by it.

    Raises:
        SignatureError: the signer has signed already, is not the agreement's, or the signature does not verify.
    """
    agreement = artefact_of(version)
    keep_signature(act, agreement, agreement, signer, armour)
    act.record(RoomEvent.AGREEMENT_SIGNED, *parties_of(version), subject=version.digest, signer=signer)
    try:
        policies.check_agreement_signed(agreement, verified(agreement, agreement))
    except AgreementError:
        return False
    if version.in_force_at is None:
        version.in_force_at = act.now
        version.save()
    return True


def keep_signature(act: Act, value: object, agreement: Agreement, signer: str, armour: bytes) -> None:
    """Keep a signature over an artefact of any kind, once it verifies under the agreement's key for the signer."""
    digest = digest_of(value)
    if ArtefactSignature.objects.filter(digest=digest, signer=signer).exists():
        raise SignatureError(f"{signer} has signed this already")
    verified(value, agreement, signatures_of(digest) | {signer: armour})
    ArtefactSignature.objects.create(
        digest=digest, kind=kind_of(type(value)), signer=signer, armor=armour.decode("ascii"), made_at=act.now
    )
