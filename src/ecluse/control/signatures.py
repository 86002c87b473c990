"""Signing artefacts and finding out who has signed them."""

from collections.abc import Mapping
from pathlib import Path

from ecluse.domain.agreement import Agreement
from ecluse.domain.errors import Location, SignatureError
from ecluse.seal import signing
from ecluse.wire.artefacts import encode, kind_of, namespace


def sign_artefact(value: object, key: Path) -> bytes:
    """An SSHSIG over the artefact's canonical bytes, in the kind's namespace."""
    return signing.sign(encode(value), key, namespace(kind_of(type(value))))


def verified_signers(value: object, signatures: Mapping[str, bytes], agreement: Agreement) -> frozenset[str]:
    """Ids of the agreement's signers whose signatures over ``value`` verify.

    ``signatures`` maps a signer's id to an armoured SSHSIG.

    Raises:
        SignatureError: a signature by somebody the agreement does not name, or one that does not verify. A wrong
            signature is never passed over, even where others suffice.
    """
    known = {s.id: s.key for party in (agreement.controller, agreement.processor) for s in party.signers}
    kind = kind_of(type(value))
    message = encode(value)
    for signer, signature in signatures.items():
        if signer not in known:
            raise SignatureError(f"{kind} signed by somebody whom the agreement does not name")
        try:
            signing.verify(message, signature, known[signer], namespace(kind))
        except SignatureError as error:
            place = Location(field=f"{kind}, signature of {signer}")
            raise SignatureError(error.message, location=place) from None
    return frozenset(signatures)


def signer_of_key(key: Path, agreement: Agreement) -> str:
    """The id under which the agreement knows a key file.

    Raises:
        SignatureError: the agreement does not list the key.
    """
    line = " ".join(signing.public_key(key).split(" ")[:2])
    for party in (agreement.controller, agreement.processor):
        for signer in party.signers:
            if " ".join(signer.key.split(" ")[:2]) == line:
                return signer.id
    raise SignatureError(
        "the agreement lists no signer with this key", location=Location(file=str(key)), hint="see agreement show"
    )
