"""Signed artefacts as the room keeps them, and who has signed."""

from collections.abc import Mapping

from ecluse.control.signatures import verified_signers
from ecluse.domain.agreement import Agreement
from ecluse.store.models import ArtefactSignature
from ecluse.wire.artefacts import digest_of


def signatures_of(digest: str) -> dict[str, bytes]:
    """Armoured SSHSIGs over an artefact, by signer."""
    found = ArtefactSignature.objects.filter(digest=digest).order_by("pk")
    return {each.signer: each.armor.encode("ascii") for each in found}


def verified(value: object, agreement: Agreement, signatures: Mapping[str, bytes] | None = None) -> frozenset[str]:
    """Ids of the signers of ``value`` whose signatures verify now: the room believes no row of its own.

    Raises:
        SignatureError: one that does not verify, or by somebody whom the agreement does not name.
    """
    return verified_signers(value, signatures_of(digest_of(value)) if signatures is None else signatures, agreement)
