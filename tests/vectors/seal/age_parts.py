"""age files built field by field from the specification (age-encryption.org/v1), shared with no code under test."""

import base64
import hashlib
import hmac

from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey, X25519PublicKey
from cryptography.hazmat.primitives.ciphers.aead import ChaCha20Poly1305
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

MAGIC = b"age-encryption.org/v1\n"
FILE_KEY = bytes(range(100, 116))
NONCE = bytes(range(200, 216))
CHUNK = 64 * 1024
_BECH32 = "qpzry9x8gf2tvdw0s3jn54khce6mua7l"


def _polymod(values: list[int]) -> int:
    check = 1
    for value in values:
        top = check >> 25
        check = (check & 0x1FFFFFF) << 5 ^ value
        for bit, generator in enumerate((0x3B6A57B2, 0x26508E6D, 0x1EA119FA, 0x3D4233DD, 0x2A1462B3)):
            check ^= generator if top >> bit & 1 else 0
    return check


def bech32(prefix: str, data: bytes) -> str:
    number = int.from_bytes(data) << (-len(data) * 8 % 5)
    words = [number >> 5 * at & 31 for at in reversed(range((len(data) * 8 + 4) // 5))]
    expanded = [ord(c) >> 5 for c in prefix] + [0] + [ord(c) & 31 for c in prefix]
    check = _polymod(expanded + words + [0] * 6) ^ 1
    return prefix + "1" + "".join(_BECH32[word] for word in words + [check >> 5 * (5 - at) & 31 for at in range(6)])


def identity_text(scalar: bytes) -> str:
    return bech32("age-secret-key-", scalar).upper()


def recipient_text(scalar: bytes) -> str:
    return bech32("age", X25519PrivateKey.from_private_bytes(scalar).public_key().public_bytes_raw())


def b64(data: bytes) -> bytes:
    return base64.b64encode(data).rstrip(b"=")


def hkdf(key: bytes, salt: bytes, info: bytes) -> bytes:
    return HKDF(SHA256(), 32, salt, info).derive(key)


def wrap(share: bytes, public: bytes, shared: bytes) -> bytes:
    key = hkdf(shared, share + public, b"age-encryption.org/v1/X25519")
    return ChaCha20Poly1305(key).encrypt(bytes(12), FILE_KEY, None)


def x25519_stanza(scalar: bytes, ephemeral: bytes = bytes(range(50, 82))) -> bytes:
    private, mine = X25519PrivateKey.from_private_bytes(ephemeral), X25519PrivateKey.from_private_bytes(scalar)
    share, public = private.public_key().public_bytes_raw(), mine.public_key().public_bytes_raw()
    shared = private.exchange(X25519PublicKey.from_public_bytes(public))
    return b"-> X25519 " + b64(share) + b"\n" + b64(wrap(share, public, shared)) + b"\n"


def low_order_stanza(scalar: bytes) -> bytes:
    public = X25519PrivateKey.from_private_bytes(scalar).public_key().public_bytes_raw()
    return b"-> X25519 " + b64(bytes(32)) + b"\n" + b64(wrap(bytes(32), public, bytes(32))) + b"\n"


def header(stanzas: bytes, *, magic: bytes = MAGIC) -> bytes:
    unsigned = magic + stanzas + b"---"
    mac = hmac.new(hkdf(FILE_KEY, b"", b"header"), unsigned, hashlib.sha256).digest()
    return unsigned + b" " + b64(mac) + b"\n"


def chunk(data: bytes, number: int, *, last: bool) -> bytes:
    cipher = ChaCha20Poly1305(hkdf(FILE_KEY, NONCE, b"payload"))
    return cipher.encrypt(number.to_bytes(11) + bytes([last]), data, None)
