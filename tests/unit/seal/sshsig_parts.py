"""Building SSHSIG signatures field by field, and a security key in software: what no tool would write."""

import base64
import hashlib
import struct
from dataclasses import dataclass

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey


def string(value: bytes) -> bytes:
    return struct.pack(">I", len(value)) + value


def armour(blob: bytes) -> bytes:
    encoded = base64.b64encode(blob)
    lines = [encoded[at : at + 70] for at in range(0, len(encoded), 70)]
    return b"\n".join([b"-----BEGIN SSH SIGNATURE-----", *lines, b"-----END SSH SIGNATURE-----", b""])


def dearmour(armoured: bytes) -> bytes:
    return base64.b64decode(b"".join(armoured.splitlines()[1:-1]))


@dataclass(frozen=True)
class Maker:
    """An ed25519 key that signs whatever fields it is told to."""

    private: Ed25519PrivateKey

    @property
    def blob(self) -> bytes:
        return string(b"ssh-ed25519") + string(self.private.public_key().public_bytes_raw())

    @property
    def line(self) -> str:
        return f"ssh-ed25519 {base64.b64encode(self.blob).decode()}"

    def sign(
        self,
        message: bytes,
        namespace: bytes = b"ecluse.order",
        *,
        hash_name: bytes = b"sha512",
        reserved: bytes = b"",
        version: int = 1,
        algorithm: bytes = b"ssh-ed25519",
        inner_tail: bytes = b"",
        tail: bytes = b"",
    ) -> bytes:
        digest = hashlib.new(hash_name.decode(), message).digest()
        signed = b"SSHSIG" + string(namespace) + string(reserved) + string(hash_name) + string(digest)
        inner = string(algorithm) + string(self.private.sign(signed)) + inner_tail
        head = b"SSHSIG" + struct.pack(">I", version) + string(self.blob)
        return armour(head + string(namespace) + string(reserved) + string(hash_name) + string(inner) + tail)


@dataclass(frozen=True)
class SoftToken:
    """sk-ssh-ed25519@openssh.com as OpenSSH's PROTOCOL.u2f has it, without the hardware."""

    private: Ed25519PrivateKey
    application: bytes = b"ssh:ecluse"
    algorithm = b"sk-ssh-ed25519@openssh.com"

    @property
    def blob(self) -> bytes:
        return string(self.algorithm) + string(self.private.public_key().public_bytes_raw()) + string(self.application)

    @property
    def line(self) -> str:
        return f"{self.algorithm.decode()} {base64.b64encode(self.blob).decode()}"

    def sign(self, message: bytes, namespace: bytes = b"ecluse.order") -> bytes:
        digest = hashlib.sha512(message).digest()
        signed = b"SSHSIG" + string(namespace) + string(b"") + string(b"sha512") + string(digest)
        state = struct.pack(">BI", 1, 7)  # touched; seventh use
        told = hashlib.sha256(self.application).digest() + state + hashlib.sha256(signed).digest()
        inner = string(self.algorithm) + string(self.private.sign(told)) + state
        head = b"SSHSIG" + struct.pack(">I", 1) + string(self.blob)
        return armour(head + string(namespace) + string(b"") + string(b"sha512") + string(inner))
