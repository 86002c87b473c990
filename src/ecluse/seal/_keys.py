"""OpenSSH public key lines, ``<algorithm> <base64> [comment]`` (RFC 4253 section 6.6, PROTOCOL.u2f for ``sk-``)."""

import base64
import binascii
import hashlib
import re
from dataclasses import dataclass
from typing import Final

from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey
from cryptography.hazmat.primitives.serialization import load_ssh_public_key
from sshsig.binary_io import SshReader

from ecluse.domain.errors import MalformedError
from ecluse.seal._webauthn import WEBAUTHN_ALGORITHM, is_relying_party, strings

PASSKEY_ALGORITHM: Final = "sk-ecdsa-sha2-nistp256@openssh.com"
# Key algorithm → the signature algorithms it may sign with. What is absent (ssh-dss, certificates, and SHA-1 through
# "ssh-rsa" as a signature algorithm) is refused.
SIGNATURE_ALGORITHMS: Final = {
    "ssh-ed25519": frozenset({b"ssh-ed25519"}),
    "ssh-rsa": frozenset({b"rsa-sha2-256", b"rsa-sha2-512"}),
    "ecdsa-sha2-nistp256": frozenset({b"ecdsa-sha2-nistp256"}),
    "ecdsa-sha2-nistp384": frozenset({b"ecdsa-sha2-nistp384"}),
    "ecdsa-sha2-nistp521": frozenset({b"ecdsa-sha2-nistp521"}),
    "sk-ssh-ed25519@openssh.com": frozenset({b"sk-ssh-ed25519@openssh.com"}),
    PASSKEY_ALGORITHM: frozenset({b"sk-ecdsa-sha2-nistp256@openssh.com"}),
}
# A passkey's key is of a token's type; its application tells them apart. A token's begins so (PROTOCOL.u2f).
_TOKEN_APPLICATION: Final = b"ssh:"
_RSA_BITS = range(2048, 16384 + 1)
_LINE = re.compile(r"(?P<algorithm>[a-z0-9@.-]{1,64}) (?P<blob>[A-Za-z0-9+/]{1,8192}={0,2})(?: (?P<comment>.*))?")


@dataclass(frozen=True, slots=True)
class SigningKey:
    """A public key: its algorithm's name and its bytes in SSH encoding."""

    algorithm: str
    blob: bytes

    @property
    def line(self) -> str:
        """``<algorithm> <base64>``, without comment."""
        return f"{self.algorithm} {base64.b64encode(self.blob).decode('ascii')}"

    @property
    def fingerprint(self) -> str:
        """``SHA256:…`` as ``ssh-keygen -l`` prints it."""
        return "SHA256:" + base64.b64encode(hashlib.sha256(self.blob).digest()).decode("ascii").rstrip("=")

    @property
    def relying_party(self) -> str | None:
        """The domain whose passkey this is; None for every other key."""
        application = _fields(self.blob, 4)[3] if self.algorithm == PASSKEY_ALGORITHM else _TOKEN_APPLICATION
        return None if application.startswith(_TOKEN_APPLICATION) else application.decode("ascii")

    @property
    def signature_algorithms(self) -> frozenset[bytes]:
        """What it may sign with. A passkey's never in the form of a token's, which does not verify its user."""
        return frozenset({WEBAUTHN_ALGORITHM}) if self.relying_party else SIGNATURE_ALGORITHMS[self.algorithm]


def parse_key(text: str) -> SigningKey:
    """Read one public key line, strictly. The text itself is in no message: it may be a private key.

    Raises:
        MalformedError: not one line of a known algorithm; not a valid key; RSA below 2048 bits; a hardware key of an
            application that is neither ``ssh:…`` nor, for a passkey, a domain.
    """
    if "PRIVATE KEY" in text:
        hint = "give the content of the .pub file"
        raise MalformedError("a private key stands where a public one belongs", hint=hint)
    match = _LINE.fullmatch(text.strip())
    if match is None or not (match["comment"] or "").isprintable():
        raise MalformedError("not an OpenSSH public key line: algorithm, base64, comment")
    algorithm, encoded = match["algorithm"], match["blob"]
    if algorithm not in SIGNATURE_ALGORITHMS:
        allowed = ", ".join(SIGNATURE_ALGORITHMS)
        raise MalformedError("this key algorithm is not accepted", hint=f"accepted: {allowed}")
    key = SigningKey(algorithm, _decode(encoded))
    if key.line != f"{algorithm} {encoded}":
        raise MalformedError("the key's base64 is not canonical")
    _check_material(key)
    return key


def _decode(encoded: str) -> bytes:
    try:
        return binascii.a2b_base64(encoded, strict_mode=True)
    except binascii.Error:
        raise MalformedError("the key's base64 does not decode") from None


def passkey_point(blob: bytes) -> ec.EllipticCurvePublicKey:
    """The public point of a passkey's key in SSH encoding.

    Raises:
        ValueError: it is none.
    """
    name, curve, point, _ = _fields(blob, 4)
    if (name, curve, point[:1]) != (PASSKEY_ALGORITHM.encode("ascii"), b"nistp256", b"\x04"):
        raise ValueError("another algorithm, curve or spelling")
    return ec.EllipticCurvePublicKey.from_encoded_point(ec.SECP256R1(), point)


def _fields(blob: bytes, count: int) -> tuple[bytes, ...]:
    reader = SshReader(blob)
    parts = tuple(reader.read_string() for _ in range(count))
    # The reader forgives short strings and what trails; what is written again does not.
    if strings(*parts) != blob:
        raise ValueError("not filled exactly")
    return parts


def _check_material(key: SigningKey) -> None:
    try:
        passkey = key.relying_party
        if passkey is not None:
            passkey_point(key.blob)
    except ValueError:
        raise MalformedError(f"not a valid {key.algorithm} key") from None
    if passkey is not None and not is_relying_party(passkey):
        hint = "a token's application begins with ssh:, a passkey's is the domain where it was registered"
        raise MalformedError("the key's application is neither a token's nor a domain", hint=hint)
    if passkey is None:
        _check_stock_material(key)


def _check_stock_material(key: SigningKey) -> None:
    # The library checks that inner and outer names agree, that points lie on their curve, that nothing trails.
    try:
        loaded = load_ssh_public_key(key.line.encode("ascii"))
    except (ValueError, NotImplementedError, UnsupportedAlgorithm):
        raise MalformedError(f"not a valid {key.algorithm} key") from None
    if isinstance(loaded, RSAPublicKey) and loaded.key_size not in _RSA_BITS:
        raise MalformedError("RSA keys have 2048 to 16384 bits", hint="prefer ed25519: ecluse key new")
