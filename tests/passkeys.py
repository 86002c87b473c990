"""An authenticator and a browser in software, as WebAuthn and OpenSSH's PROTOCOL.u2f have them; deterministic.

It signs whatever it is told to, so that tests can make what no honest authenticator and no honest browser would. Nothing
of ``ecluse`` is used here.
"""

import base64
import hashlib
import struct
import subprocess
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature, encode_dss_signature
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

PRESENT, VERIFIED, ELIGIBLE, BACKED_UP, ATTESTED, EXTENDED = 0x01, 0x04, 0x08, 0x10, 0x40, 0x80
KEY_TYPE = b"sk-ecdsa-sha2-nistp256@openssh.com"
SIGNATURE_TYPE = b"webauthn-sk-ecdsa-sha2-nistp256@openssh.com"
ORDER_OF_P256 = 0xFFFFFFFF00000000FFFFFFFFFFFFFFFFBCE6FAADA7179E84F3B9CAC2FC632551
RP_ID, ORIGIN = "portal.example.org", "https://portal.example.org"
NAMESPACE = "ecluse.order"


def string(value: bytes) -> bytes:
    return struct.pack(">I", len(value)) + value


def mpint(value: int) -> bytes:
    return string(value.to_bytes(value.bit_length() // 8 + 1, "big"))


def base64url(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def armour(blob: bytes) -> bytes:
    encoded = base64.b64encode(blob)
    lines = [encoded[at : at + 70] for at in range(0, len(encoded), 70)]
    return b"\n".join([b"-----BEGIN SSH SIGNATURE-----", *lines, b"-----END SSH SIGNATURE-----", b""])


def dearmour(armoured: bytes) -> bytes:
    return base64.b64decode(b"".join(armoured.splitlines()[1:-1]))


def to_be_signed(message: bytes, namespace: str = NAMESPACE, hash_name: str = "sha512") -> bytes:
    """What an SSHSIG's key signs (PROTOCOL.sshsig, "Signed Data")."""
    digest = hashlib.new(hash_name, message).digest()
    return b"SSHSIG" + b"".join(map(string, (namespace.encode(), b"", hash_name.encode(), digest)))


def client_data(
    challenge: bytes,
    origin: str = ORIGIN,
    *,
    kind: str = "webauthn.get",
    rest: str = ',"crossOrigin":false',
) -> bytes:
    """As a browser writes it (Web Authentication Level 3, section 5.8.1.1)."""
    head = f'{{"type":"{kind}","challenge":"{base64url(challenge)}","origin":"{origin}"'
    return f"{head}{rest}}}".encode()


@dataclass(frozen=True)
class Assertion:
    """What ``navigator.credentials.get`` gives."""

    authenticator_data: bytes
    client_data_json: bytes
    signature: bytes

    @property
    def high_s(self) -> "Assertion":
        """The other value of S that verifies as well."""
        r, s = decode_dss_signature(self.signature)
        return replace(self, signature=encode_dss_signature(r, ORDER_OF_P256 - s))


@dataclass(frozen=True)
class SoftPasskey:
    """One ES256 credential of one relying party."""

    secret: int = 20261122
    rp_id: str = RP_ID

    @property
    def private(self) -> ec.EllipticCurvePrivateKey:
        return ec.derive_private_key(self.secret, ec.SECP256R1())

    @property
    def cose(self) -> dict[int, Any]:
        """The public key as a registration gives it (RFC 9053)."""
        numbers = self.private.public_key().public_numbers()
        return {1: 2, 3: -7, -1: 1, -2: numbers.x.to_bytes(32, "big"), -3: numbers.y.to_bytes(32, "big")}

    @property
    def blob(self) -> bytes:
        point = self.private.public_key().public_bytes(Encoding.X962, PublicFormat.UncompressedPoint)
        return b"".join(map(string, (KEY_TYPE, b"nistp256", point, self.rp_id.encode())))

    @property
    def line(self) -> str:
        return f"{KEY_TYPE.decode()} {base64.b64encode(self.blob).decode()}"

    def assertion(
        self,
        data: bytes,
        *,
        flags: int = PRESENT | VERIFIED,
        counter: int = 0,
        extensions: bytes = b"",
        rp_id: str | None = None,
    ) -> Assertion:
        """Sign client data, as a browser has it signed."""
        return self.assertion_over(data, flags=flags, counter=counter, extensions=extensions, rp_id=rp_id)

    def assertion_over(
        self, data: bytes, *, flags: int, counter: int = 0, extensions: bytes = b"", rp_id: str | None = None
    ) -> Assertion:
        """Sign the SHA-256 of any bytes, as an authenticator does for whoever speaks to it."""
        known = hashlib.sha256((self.rp_id if rp_id is None else rp_id).encode()).digest()
        said = known + struct.pack(">BI", flags, counter) + extensions
        algorithm = ec.ECDSA(SHA256(), deterministic_signing=True)
        return Assertion(said, data, self.private.sign(said + hashlib.sha256(data).digest(), algorithm))

    def sign(self, message: bytes, *, namespace: str = NAMESPACE, hash_name: str = "sha512", **given: Any) -> bytes:
        """The whole way to an armoured SSHSIG; ``given`` goes to :func:`client_data` and :meth:`assertion`."""
        told = {name: given.pop(name) for name in ("origin", "kind", "rest") if name in given}
        data = client_data(to_be_signed(message, namespace, hash_name), **told)
        made = self.assertion(data, **given)
        origin = told.get("origin", ORIGIN)
        return sshsig(self, made, namespace=namespace, hash_name=hash_name, origin=origin)


def inner_signature(made: Assertion, origin: str = ORIGIN, *, pair: bytes | None = None, tail: bytes = b"") -> bytes:
    """PROTOCOL.u2f, "webauthn signatures"."""
    if pair is None:
        pair = b"".join(map(mpint, decode_dss_signature(made.signature)))
    state, extensions = made.authenticator_data[32:37], made.authenticator_data[37:]
    texts = b"".join(map(string, (origin.encode(), made.client_data_json, extensions)))
    return string(SIGNATURE_TYPE) + string(pair) + state + texts + tail


def sshsig(
    key: SoftPasskey,
    made: Assertion,
    *,
    namespace: str = NAMESPACE,
    hash_name: str = "sha512",
    origin: str = ORIGIN,
    inner: bytes | None = None,
) -> bytes:
    """An armoured SSHSIG around an assertion, or around ``inner``."""
    inner = inner_signature(made, origin) if inner is None else inner
    parts: Sequence[bytes] = (key.blob, namespace.encode(), b"", hash_name.encode(), inner)
    return armour(b"SSHSIG" + struct.pack(">I", 1) + b"".join(map(string, parts)))


def stock_accepts(message: bytes, signature: bytes, line: str, folder: Path, namespace: str = NAMESPACE) -> bool:
    """Whether stock ``ssh-keygen -Y verify`` says "Good"."""
    signers, detached = folder / "signers", folder / "signature"
    signers.write_text(f"somebody {line}\n", encoding="ascii")
    detached.write_bytes(signature)
    asked = ["ssh-keygen", "-Y", "verify", "-f", str(signers), "-I", "somebody", "-n", namespace, "-s", str(detached)]
    done = subprocess.run(asked, input=message, capture_output=True, check=False)
    assert (done.returncode == 0) == done.stdout.startswith(b"Good"), (done.stdout, done.stderr)
    return done.returncode == 0
