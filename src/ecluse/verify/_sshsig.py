"""OpenSSH signatures (PROTOCOL.sshsig), read and checked here over ``cryptography`` alone.

Algorithms: ed25519, ECDSA on the three NIST curves, RSA with SHA-2, and their hardware forms (PROTOCOL.u2f): tokens,
and passkeys in a browser. SHA-1, DSA and certificates are refused. Accepted bytes have one reading: every field is
filled exactly.
"""

import base64
import binascii
import hashlib
import re
from collections.abc import Callable
from dataclasses import dataclass

from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric import ec, padding
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey
from cryptography.hazmat.primitives.asymmetric.utils import encode_dss_signature
from cryptography.hazmat.primitives.hashes import SHA256, SHA384, SHA512, HashAlgorithm
from cryptography.hazmat.primitives.serialization import load_ssh_public_key

from ecluse.domain.errors import SignatureError
from ecluse.verify import _webauthn

_ARMOUR = re.compile(rb"-----BEGIN SSH SIGNATURE-----\n((?:[A-Za-z0-9+/=]+\n)+)-----END SSH SIGNATURE-----\n?")
_MAX = 32 * 1024
_MAGIC = b"SSHSIG"
_HASHES: dict[bytes, Callable[[bytes], "hashlib._Hash"]] = {b"sha256": hashlib.sha256, b"sha512": hashlib.sha512}
_CURVES: dict[bytes, HashAlgorithm] = {b"nistp256": SHA256(), b"nistp384": SHA384(), b"nistp521": SHA512()}
_RSA_HASHES: dict[bytes, HashAlgorithm] = {b"rsa-sha2-256": SHA256(), b"rsa-sha2-512": SHA512()}
_RSA_MIN_BITS = 2048
_PRESENT = 0x01
_UNCOMPRESSED = b"\x04"
_TOKEN = b"ssh:"
_SK_ECDSA = b"sk-ecdsa-sha2-nistp256@openssh.com"
_LINE = re.compile(r"(?P<algorithm>[a-z0-9@.-]{1,64}) (?P<blob>[A-Za-z0-9+/]{1,8192}={0,2})(?: .*)?")


@dataclass(frozen=True, slots=True)
class Key:
    """A public key in SSH encoding."""

    blob: bytes

    @property
    def fingerprint(self) -> str:
        """``SHA256:…`` as ``ssh-keygen -l`` prints it."""
        return "SHA256:" + base64.b64encode(hashlib.sha256(self.blob).digest()).decode("ascii").rstrip("=")

    @property
    def site(self) -> str | None:
        """The domain whose passkey this is, whose signatures are then "user verified"; None for any other key.

        Raises:
            SignatureError: a hardware key that is neither a token's nor a passkey's.
        """
        kind = _Reader(self.blob).string()
        application = _application(self.blob) if kind.startswith(b"sk-") else _TOKEN
        if application.startswith(_TOKEN):
            return None
        if kind != _SK_ECDSA:
            raise SignatureError("a key algorithm that is not accepted")
        return _webauthn.site_of(application)


def key_of(line: str) -> Key:
    """The key of a public key line, ``<algorithm> <base64> [comment]``.

    Raises:
        SignatureError: not such a line.
    """
    match = _LINE.fullmatch(line.strip())
    if match is None:
        raise SignatureError("not an OpenSSH public key line")
    blob = _base64(match["blob"].encode("ascii"))
    if _Reader(blob).string() != match["algorithm"].encode("ascii"):
        raise SignatureError("the key line names another algorithm than its key")
    return Key(blob)


def log_key(public: bytes) -> Key:
    """A raw Ed25519 public key (32 bytes) in SSH encoding, so that it has a fingerprint as others do."""
    return Key(_string(b"ssh-ed25519") + _string(public))


def verify(message: bytes, armoured: bytes, key: Key, namespace: str) -> None:
    """Check that ``key`` signed ``message`` for ``namespace``.

    Raises:
        SignatureError: malformed, for another namespace, by another key, or wrong.
    """
    reader = _Reader(_unarmoured(armoured))
    if reader.take(len(_MAGIC)) != _MAGIC or reader.number() != 1:
        raise SignatureError("malformed signature: not SSHSIG version 1")
    signer, space, reserved, hashed, signature = (reader.string() for _ in range(5))
    reader.end()
    if reserved or hashed not in _HASHES:
        raise SignatureError("malformed signature: reserved field filled, or an unknown hash")
    if space != namespace.encode("ascii"):
        raise SignatureError(f"the signature was not made for {namespace}")
    if signer != key.blob:
        raise SignatureError(f"signed with {Key(signer).fingerprint}, not with {key.fingerprint}")
    digest = _HASHES[hashed](message).digest()
    signed = _MAGIC + _string(space) + _string(reserved) + _string(hashed) + _string(digest)
    try:
        _check(key, signature, signed)
    except (InvalidSignature, ValueError, UnsupportedAlgorithm, NotImplementedError):
        raise SignatureError("this key did not sign these bytes") from None


class _Reader:
    """SSH's wire encoding (RFC 4251 section 5), to the last byte."""

    def __init__(self, data: bytes) -> None:
        self._data = data
        self._at = 0

    def take(self, size: int) -> bytes:
        end = self._at + size
        if end > len(self._data):
            raise SignatureError("malformed signature or key: cut short")
        part, self._at = self._data[self._at : end], end
        return part

    def number(self) -> int:
        return int.from_bytes(self.take(4), "big")

    def string(self) -> bytes:
        return self.take(self.number())

    def integer(self) -> int:
        """An mpint, positive, in its only spelling."""
        part = self.string()
        if not part or part[0] & 0x80 or (part[0] == 0 and not (len(part) > 1 and part[1] & 0x80)):
            raise SignatureError("malformed signature: a number in a foreign spelling")
        return int.from_bytes(part, "big")

    def end(self) -> None:
        if self._at != len(self._data):
            raise SignatureError("malformed signature or key: trailing bytes")


def _check(key: Key, signature: bytes, signed: bytes) -> None:
    """Dispatch on the key's own algorithm; the signature's must be one that this key makes."""
    reader = _Reader(signature)
    algorithm, kind = reader.string(), _Reader(key.blob).string()
    if kind == b"ssh-rsa":
        _check_rsa(key, algorithm, reader, signed)
        return
    site = key.site
    if algorithm != (_webauthn.ALGORITHM if site else kind):
        raise SignatureError("malformed signature: its algorithm is not the key's")
    value = reader.string()
    if kind.startswith(b"sk-"):
        # A passkey's key signs in its own form alone: a token's would say nothing of who used it.
        signed = _by_passkey(reader, site, signed) if site else _by_token(reader, key, signed)
    reader.end()
    if kind in {b"ssh-ed25519", b"sk-ssh-ed25519@openssh.com"}:
        _ed25519(key).verify(value, signed)
    elif kind.startswith((b"ecdsa-sha2-nistp", b"sk-ecdsa-sha2-nistp256@")):
        _check_ecdsa(key, value, signed)
    else:
        raise SignatureError("a key algorithm that is not accepted")


def _by_token(reader: _Reader, key: Key, signed: bytes) -> bytes:
    flags, counter = reader.take(1), reader.take(4)
    if not flags[0] & _PRESENT:
        raise SignatureError("the token says that nobody touched it")
    known, hashed = hashlib.sha256(_application(key.blob)).digest(), hashlib.sha256(signed).digest()
    return known + flags + counter + hashed


def _by_passkey(reader: _Reader, site: str, signed: bytes) -> bytes:
    told = _webauthn.Told(reader.take(1), reader.take(4), reader.string(), reader.string(), reader.string())
    return _webauthn.signed_bytes(told, site, challenge=signed)


def _check_rsa(key: Key, algorithm: bytes, reader: _Reader, signed: bytes) -> None:
    value = reader.string()
    reader.end()
    loaded = _load(key)
    if algorithm not in _RSA_HASHES or not isinstance(loaded, RSAPublicKey) or loaded.key_size < _RSA_MIN_BITS:
        raise SignatureError("an RSA key below 2048 bits, or a signature without SHA-2")
    loaded.verify(value, signed, padding.PKCS1v15(), _RSA_HASHES[algorithm])


def _check_ecdsa(key: Key, value: bytes, signed: bytes) -> None:
    parts = _Reader(value)
    pair = encode_dss_signature(parts.integer(), parts.integer())
    parts.end()
    blob = _Reader(key.blob)
    kind, curve, point = blob.string(), blob.string(), blob.string()
    if curve not in _CURVES or curve not in kind or not point.startswith(_UNCOMPRESSED):
        raise SignatureError("a curve that is not accepted")
    curves: dict[bytes, ec.EllipticCurve] = {
        b"nistp256": ec.SECP256R1(),
        b"nistp384": ec.SECP384R1(),
        b"nistp521": ec.SECP521R1(),
    }
    public = ec.EllipticCurvePublicKey.from_encoded_point(curves[curve], point)
    public.verify(pair, signed, ec.ECDSA(_CURVES[curve]))


def _ed25519(key: Key) -> Ed25519PublicKey:
    blob = _Reader(key.blob)
    blob.string()
    return Ed25519PublicKey.from_public_bytes(blob.string())


def _application(blob: bytes) -> bytes:
    """The last field of a hardware key's blob."""
    reader = _Reader(blob)
    kind = reader.string()
    for _ in range(2 if b"ecdsa" in kind else 1):
        reader.string()
    application = reader.string()
    reader.end()
    return application


def _load(key: Key) -> object:
    return load_ssh_public_key(b"ssh-rsa " + base64.b64encode(key.blob))


def _unarmoured(armoured: bytes) -> bytes:
    match = _ARMOUR.fullmatch(armoured.replace(b"\r\n", b"\n")) if len(armoured) <= _MAX else None
    if match is None:
        raise SignatureError("malformed signature: no SSH SIGNATURE header, base64 and footer")
    return _base64(match[1].replace(b"\n", b""))


def _base64(text: bytes) -> bytes:
    try:
        value = binascii.a2b_base64(text, strict_mode=True)
    except binascii.Error:
        raise SignatureError("malformed base64") from None
    if base64.b64encode(value) != text:
        raise SignatureError("base64 in a foreign spelling")
    return value


def _string(value: bytes) -> bytes:
    return len(value).to_bytes(4, "big") + value
