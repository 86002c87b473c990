"""What a browser and a passkey sign around the bytes, read to the last byte.

Web Authentication Level 3 (W3C) sections 5.8.1 (client data) and 6.1 (authenticator data); OpenSSH's PROTOCOL.u2f,
"webauthn signatures". ``ssh-keygen`` looks at the client data's beginning alone, and at neither the user's
verification nor where the origin belongs; both are demanded here (docs/decisions/0008-passkey-signatures.md).
"""

import base64
import hashlib
import json
import re
from dataclasses import dataclass
from typing import Any, Final

from sshsig.binary_io import SshReader

from ecluse.domain.errors import MalformedError, SignatureError
from ecluse.wire.canonical import parse

WEBAUTHN_ALGORITHM: Final = b"webauthn-sk-ecdsa-sha2-nistp256@openssh.com"
PRESENT, VERIFIED = 0x01, 0x04
_ELIGIBLE, _BACKED_UP, _ATTESTED, _EXTENDED = 0x08, 0x10, 0x40, 0x80
_CLIENT_DATA_MAX = 4096
_FIRST_MEMBERS = ["type", "challenge", "origin"]
_MEMBER_NAME = re.compile(r"[A-Za-z0-9_]{1,64}")
_LABEL = r"[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?"
_DOMAIN = re.compile(rf"{_LABEL}(?:\.{_LABEL})*")
_NUMBER = re.compile(r"[0-9]+|0x[0-9a-f]*")
_ORIGIN = re.compile(rf"(?P<scheme>https?)://(?P<host>{_LABEL}(?:\.{_LABEL})*)(?::(?P<port>[1-9][0-9]{{0,4}}))?")
_DOMAIN_MAX = 253
_PORT_MAX = 65535
_USUAL_PORTS = {"https": 443, "http": 80}
_LOCAL = "localhost"


def is_relying_party(text: str) -> bool:
    """Whether a text is a relying party's identifier: a domain in lower case, as in DNS, and no address."""
    return len(text) <= _DOMAIN_MAX and bool(_DOMAIN.fullmatch(text)) and not _NUMBER.fullmatch(text.rpartition(".")[2])


def belongs(origin: str, relying_party: str) -> bool:
    """Whether an origin may use a relying party's passkeys: https, its host or a host below it; or local http.

    Section 5.1.4.1, but for the public suffixes, which browsers know. Origins in their one spelling (HTML,
    "serialization of an origin"): lower case, no usual port, nothing behind.
    """
    match = _ORIGIN.fullmatch(origin)
    if match is None or not is_relying_party(match["host"]):
        return False
    port = int(match["port"] or 0)
    if port > _PORT_MAX or port == _USUAL_PORTS[match["scheme"]]:
        return False
    if match["scheme"] == "http":
        return match["host"] == relying_party == _LOCAL
    return match["host"] == relying_party or ("." in relying_party and match["host"].endswith(f".{relying_party}"))


def check_client_data(data: bytes, challenge: bytes, origin: str) -> None:
    """The browser was asked for a signature over ``challenge``, by a page of ``origin`` itself.

    Raises:
        SignatureError: says what is wrong, and where somebody can do anything about it, what.
    """
    members = _members(data)
    if members["type"] != "webauthn.get":
        hint = "sign with navigator.credentials.get; a registration is no signature"
        raise SignatureError("does not verify: the browser was not asked to sign", hint=hint)
    if members["challenge"] != base64.urlsafe_b64encode(challenge).decode("ascii").rstrip("="):
        hint = "the challenge is what passkey_challenge gives for these very bytes; sign again"
        raise SignatureError("does not verify: the passkey was asked to sign other bytes", hint=hint)
    if members["origin"] != origin:
        raise SignatureError("does not verify: signed on a page of another origin than the signature names")
    if members.get("crossOrigin", False) is not False or "topOrigin" in members:
        hint = "sign on a page of its own, not in a frame of another site"
        raise SignatureError("does not verify: signed in a frame of another site", hint=hint)


def check_state(flags: int, extensions: bytes) -> None:
    """Somebody was there, and the authenticator verified who (PIN, fingerprint, face): section 6.1.

    Raises:
        SignatureError: not so, or flags that contradict each other or the extensions.
    """
    if (
        flags & _ATTESTED
        or bool(flags & _EXTENDED) != bool(extensions)
        or (flags & _BACKED_UP and not flags & _ELIGIBLE)
    ):
        raise SignatureError("malformed signature: the authenticator's flags contradict what it gives")
    if not flags & PRESENT:
        raise SignatureError("does not verify: the passkey says that nobody was there")
    if not flags & VERIFIED:
        hint = 'sign again with userVerification: "required"; a key without PIN or fingerprint cannot approve'
        raise SignatureError("does not verify: the passkey did not verify who used it", hint=hint)


def _members(data: bytes) -> dict[str, Any]:
    """The members, one level of texts and words, in the order and spelling in which browsers serialise them."""
    malformed = SignatureError(
        "malformed signature: its client data is not what browsers write",
        hint="pass clientDataJSON on as the browser gave it, byte for byte",
    )
    try:
        made = parse(data) if len(data) <= _CLIENT_DATA_MAX else None
    except MalformedError:
        raise malformed from None
    if not isinstance(made, dict) or list(made)[:3] != _FIRST_MEMBERS:
        raise malformed
    flat = all(value is None or isinstance(value, str | bool) for value in made.values())
    named = all(_MEMBER_NAME.fullmatch(name) for name in made)
    again = json.dumps(made, ensure_ascii=False, separators=(",", ":")).encode()
    # A reader that knows no escapes then reads what one that knows them reads.
    if not flat or not named or again != data or b"\\" in data:
        raise malformed
    return made


@dataclass(frozen=True, slots=True)
class WebauthnSignature:
    """The inner signature: an ECDSA pair and what was signed around the client data's digest."""

    pair: bytes
    flags: int
    counter: int
    origin: bytes
    client_data: bytes
    extensions: bytes

    @classmethod
    def read(cls, inner: bytes) -> "WebauthnSignature":
        """From SSH's wire encoding, in its one spelling.

        Raises:
            SignatureError: malformed.
        """
        reader = SshReader(inner)
        try:
            reader.read_string()
            pair, flags, counter = reader.read_string(), reader.read_byte(), reader.read_uint32()
            made = cls(pair, flags, counter, reader.read_string(), reader.read_string(), reader.read_string())
            numbers = SshReader(pair)
            again = mpints(numbers.read_mpint(), numbers.read_mpint())
        except ValueError:
            raise SignatureError("malformed signature: its inner signature is cut short") from None
        if made.write() != inner or again != pair:
            raise SignatureError("malformed signature: its inner signature is not filled exactly")
        return made

    def write(self) -> bytes:
        """The wire encoding, algorithm first."""
        state = self.flags.to_bytes(1, "big") + self.counter.to_bytes(4, "big")
        texts = strings(self.origin, self.client_data, self.extensions)
        return strings(WEBAUTHN_ALGORITHM, self.pair) + state + texts

    def check(self, challenge: bytes, relying_party: str) -> None:
        """Everything but the ECDSA equation.

        Raises:
            SignatureError: as :func:`check_state` and :func:`check_client_data`; or signed elsewhere.
        """
        check_state(self.flags, self.extensions)
        origin = self.origin.decode("ascii", "replace")
        if not belongs(origin, relying_party):
            raise SignatureError(f"does not verify: signed elsewhere than at {relying_party}")
        check_client_data(self.client_data, challenge, origin)


def to_be_signed(namespace: str, hash_name: str, message: bytes) -> bytes:
    """What the key of an SSHSIG signs (PROTOCOL.sshsig, "Signed Data")."""
    digest = hashlib.new(hash_name, message).digest()
    return b"SSHSIG" + strings(namespace.encode("ascii"), b"", hash_name.encode("ascii"), digest)


def strings(*values: bytes) -> bytes:
    """SSH strings (RFC 4251 section 5), one behind the other."""
    return b"".join(len(value).to_bytes(4, "big") + value for value in values)


def mpints(*values: int) -> bytes:
    """Positive SSH mpints (RFC 4251 section 5)."""
    return strings(*(value.to_bytes(value.bit_length() // 8 + 1, "big") for value in values))
