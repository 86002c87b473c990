"""Signing with a passkey: what the browser is to sign, and what it gave, turned into an OpenSSH signature.

The WebAuthn challenge is the very text that SSHSIG signs, so the assertion *is* a signature over the artefact: nothing
here is secret, and ``ssh-keygen -Y verify`` accepts what comes out (docs/decisions/0008-passkey-signatures.md).
"""

import base64
import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature
from cryptography.hazmat.primitives.hashes import SHA256

from ecluse.domain.errors import Location, MalformedError, SignatureError
from ecluse.seal import signing
from ecluse.seal._keys import PASSKEY_ALGORITHM, SigningKey, parse_key, passkey_point
from ecluse.seal._webauthn import (
    WebauthnSignature,
    belongs,
    check_client_data,
    check_state,
    is_relying_party,
    mpints,
    strings,
    to_be_signed,
)

__all__ = ["PasskeyAssertion", "passkey_challenge", "passkey_public_key", "passkey_signature", "relying_party"]

_HASH: Final = "sha512"  # as ssh-keygen signs unless told otherwise
_HASH_SIZE = hashlib.sha256().digest_size
_EXTENSIONS_AT = _HASH_SIZE + 5
_COORDINATE = 32
# RFC 9053: kty (1) is EC2 (2), alg (3) is ES256 (-7), crv (-1) is P-256 (1).
_ES256: Final = {1: 2, 3: -7, -1: 1}
_ARMOUR_WIDTH = 70


@dataclass(frozen=True, slots=True)
class PasskeyAssertion:
    """What ``navigator.credentials.get`` gave: three fields of its ``response``, as bytes, nothing decoded."""

    authenticator_data: bytes
    client_data_json: bytes
    signature: bytes


def relying_party(key: str) -> str | None:
    """The domain whose passkey a public key line is; None for every other key. What it signs is "user verified".

    Raises:
        MalformedError: not an OpenSSH public key line.
    """
    return parse_key(key).relying_party


def passkey_challenge(namespace: str, message: bytes) -> bytes:
    """The WebAuthn challenge by which a passkey signs ``message`` for ``namespace`` (as ``ecluse.order``).

    The same bytes give the same challenge: it is no login, and a login's challenge must never be made by this.

    Raises:
        MalformedError: the namespace is not a plain ASCII name.
    """
    signing.check_namespace(namespace)
    return to_be_signed(namespace, _HASH, message)


def passkey_public_key(cose_key: Mapping[int, Any], rp_id: str) -> str:
    """The OpenSSH public key line of a passkey, for the agreement.

    Args:
        cose_key: the credential's public key (COSE_Key, RFC 9053), decoded; ES256 on P-256 only.
        rp_id: the relying party's identifier under which it was registered, a domain.

    Raises:
        MalformedError: another algorithm, a point off the curve, or no such domain.
    """
    if not is_relying_party(rp_id):
        raise MalformedError("a relying party's identifier is a domain in lower case", location=Location(field="rp_id"))
    wanted = {name: cose_key.get(name) for name in _ES256}
    x, y = cose_key.get(-2), cose_key.get(-3)
    if wanted != _ES256:
        hint = "ask for pubKeyCredParams of alg -7 (ES256) alone, and register again"
        raise MalformedError("only ES256 passkeys can sign", hint=hint)
    if not (isinstance(x, bytes) and isinstance(y, bytes) and len(x) == len(y) == _COORDINATE):
        raise MalformedError("a passkey's public key has two coordinates of 32 bytes")
    blob = strings(PASSKEY_ALGORITHM.encode("ascii"), b"nistp256", b"\x04" + x + y, rp_id.encode("ascii"))
    return parse_key(SigningKey(PASSKEY_ALGORITHM, blob).line).line


def passkey_signature(
    public_key: str, namespace: str, message: bytes, assertion: PasskeyAssertion, origin: str
) -> bytes:
    """The assertion as an armoured SSHSIG over ``message``, checked as every verifier of ours and OpenSSH's checks it.

    Args:
        public_key: the signer's key line, from :func:`passkey_public_key`.
        namespace: as it was given to :func:`passkey_challenge`.
        message: the artefact's canonical bytes, as they were given there.
        assertion: the browser's answer.
        origin: where the signing page is served, as ``https://portal.example.org``.

    Raises:
        SignatureError: whatever is wrong with the assertion; the hint says what to do.
        MalformedError: not a passkey's key line, or no plain namespace.
    """
    key = parse_key(public_key)
    site = key.relying_party
    if site is None:
        raise MalformedError("this is not the key of a passkey", hint="sign with ssh-keygen -Y sign: ecluse order sign")
    if not belongs(origin, site):
        hint = "serve the page by https, from that domain or from one below it"
        raise SignatureError(f"{origin} is not an origin of {site}", hint=hint)
    said = assertion.authenticator_data
    if len(said) < _EXTENSIONS_AT:
        raise SignatureError("malformed signature: the authenticator's data is cut short")
    if said[:_HASH_SIZE] != hashlib.sha256(site.encode("ascii")).digest():
        hint = "give the browser the rpId under which the passkey was registered"
        raise SignatureError(f"does not verify: signed for another relying party than {site}", hint=hint)
    check_state(said[_HASH_SIZE], said[_EXTENSIONS_AT:])
    check_client_data(assertion.client_data_json, passkey_challenge(namespace, message), origin)
    pair = _verified_pair(key, assertion)
    counter = int.from_bytes(said[_HASH_SIZE + 1 : _EXTENSIONS_AT], "big")
    texts = origin.encode("ascii"), assertion.client_data_json, said[_EXTENSIONS_AT:]
    inner = WebauthnSignature(pair, said[_HASH_SIZE], counter, *texts).write()
    fields = strings(key.blob, namespace.encode("ascii"), b"", _HASH.encode("ascii"), inner)
    armoured = _armoured(b"SSHSIG" + (1).to_bytes(4, "big") + fields)
    signing.verify(message, armoured, public_key, namespace)
    return armoured


def _verified_pair(key: SigningKey, assertion: PasskeyAssertion) -> bytes:
    """R and S of the assertion's own equation (Web Authentication section 7.2)."""
    try:
        pair = decode_dss_signature(assertion.signature)
    except ValueError:
        raise SignatureError("malformed signature: the passkey's ECDSA signature is not DER") from None
    told = assertion.authenticator_data + hashlib.sha256(assertion.client_data_json).digest()
    try:
        passkey_point(key.blob).verify(assertion.signature, told, ec.ECDSA(SHA256()))
    except InvalidSignature:
        hint = "the page must offer this signer's own passkey alone (allowCredentials)"
        raise SignatureError("does not verify: another passkey signed", hint=hint) from None
    return mpints(*pair)


def _armoured(blob: bytes) -> bytes:
    encoded = base64.b64encode(blob)
    lines = [encoded[at : at + _ARMOUR_WIDTH] for at in range(0, len(encoded), _ARMOUR_WIDTH)]
    return b"\n".join([b"-----BEGIN SSH SIGNATURE-----", *lines, b"-----END SSH SIGNATURE-----", b""])
