"""Signed artefacts as the room keeps them, and who has signed."""

from collections.abc import Iterable, Mapping

from ecluse.control.signatures import verified_signers
from ecluse.domain.agreement import Agreement
from ecluse.store.models import ArtefactSignature
from ecluse.wire.artefacts import digest_of


def signatures(digests: Iterable[str]) -> dict[str, dict[str, bytes]]:
    """Armoured SSHSIGs over artefacts, by digest, then signer; in one query."""
    found: dict[str, dict[str, bytes]] = {}
    for each in ArtefactSignature.objects.filter(digest__in=list(digests)).order_by("pk"):
        found.setdefault(each.digest, {})[each.signer] = each.armor.encode("ascii")
    return found


def signatures_of(digest: str) -> dict[str, bytes]:
    """The same over one artefact, by signer."""
    return signatures([digest]).get(digest, {})


def verified(value: object, agreement: Agreement, given: Mapping[str, bytes] | None = None) -> frozenset[str]:
    """Ids of the signers of ``value`` whose signatures verify now: the room believes no row of its own.

    Raises:
        SignatureError: one that does not verify, or by somebody whom the agreement does not name.
    """
    return verified_signers(value, signatures_of(digest_of(value)) if given is None else given, agreement)
