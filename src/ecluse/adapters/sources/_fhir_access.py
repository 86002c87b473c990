"""How a FHIR server is entered to read from: a bearer token, or SMART Backend Services (HL7 SMART App Launch 2).

Backend Services: a signed statement of who asks (``private_key_jwt``, RFC 7523) is exchanged for a token of a few
minutes, and again when those are over.
"""

import base64
import json
import stat
import time
import uuid
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature
from cryptography.hazmat.primitives.hashes import SHA384
from cryptography.hazmat.primitives.serialization import load_pem_private_key

from ecluse.domain.errors import ProfileError, UsageError

__all__ = ["Access", "BackendServices", "Bearer"]

_ASSERTION = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"
_VALID = 240  # seconds; servers refuse more than 300
_MARGIN = 30
_P384 = 48  # bytes of a coordinate
PostForm = Callable[[str, Mapping[str, str]], Mapping[str, Any]]
"""(address, form) → what the token endpoint answers; raises where it refuses."""


class Access(Protocol):
    """What proves to a server who asks."""

    def token(self, *, renewed: bool = False) -> str:
        """The bearer token of now, empty where none is needed; ``renewed``: the last one was refused."""
        ...


@dataclass(frozen=True, slots=True)
class Bearer:
    """A token from the environment."""

    value: str

    def token(self, *, renewed: bool = False) -> str:
        """The same always."""
        return "" if renewed else self.value


class BackendServices:
    """Tokens of a registered client that holds a private key."""

    def __init__(
        self, client: str, key: Path, *, kid: str, scope: str, post: PostForm, endpoint: Callable[[], str]
    ) -> None:
        """Raises UsageError for a key that others may read, or that is none of RSA or P-384."""
        self._client, self._kid, self._scope = client, kid, scope
        self._key = _private_key(key)
        self._post, self._endpoint = post, endpoint
        self._token, self._until = "", 0.0

    def token(self, *, renewed: bool = False) -> str:
        """One that is valid for half a minute at least. Raises ProfileError where the server gives none."""
        if renewed or time.monotonic() > self._until:
            endpoint = self._endpoint()
            form = {
                "grant_type": "client_credentials", "scope": self._scope, "client_assertion_type": _ASSERTION,
                "client_assertion": self._assertion(endpoint),
            }  # fmt: skip
            asked = time.monotonic()
            answer = self._post(endpoint, form)
            token, seconds = answer.get("access_token"), answer.get("expires_in", _VALID)
            if not isinstance(token, str) or not token.isascii() or not isinstance(seconds, int):
                raise ProfileError("the FHIR server's token endpoint gives no token")
            self._token, self._until = token, asked + seconds - _MARGIN
        return self._token

    def _assertion(self, endpoint: str) -> str:
        rsa_key = isinstance(self._key, rsa.RSAPrivateKey)
        head = {"alg": "RS384" if rsa_key else "ES384", "typ": "JWT", **({"kid": self._kid} if self._kid else {})}
        now = int(time.time())
        claims = {
            "iss": self._client, "sub": self._client, "aud": endpoint, "iat": now, "exp": now + _VALID,
            "jti": str(uuid.uuid4()),
        }  # fmt: skip
        signed = f"{_url64(json.dumps(head).encode())}.{_url64(json.dumps(claims).encode())}"
        return f"{signed}.{_url64(self._signature(signed.encode()))}"

    def _signature(self, data: bytes) -> bytes:
        if isinstance(self._key, rsa.RSAPrivateKey):
            return self._key.sign(data, padding.PKCS1v15(), SHA384())
        r, s = decode_dss_signature(self._key.sign(data, ec.ECDSA(SHA384())))
        return r.to_bytes(_P384, "big") + s.to_bytes(_P384, "big")


def _url64(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def _private_key(path: Path) -> rsa.RSAPrivateKey | ec.EllipticCurvePrivateKey:
    key: Any = None
    try:
        if path.stat().st_mode & (stat.S_IRWXG | stat.S_IRWXO):
            raise UsageError("others may read the client's key", hint="chmod 600")
        key = load_pem_private_key(path.read_bytes(), None)
    except (OSError, ValueError, TypeError):
        pass
    if isinstance(key, rsa.RSAPrivateKey) or (
        isinstance(key, ec.EllipticCurvePrivateKey) and isinstance(key.curve, ec.SECP384R1)
    ):
        return key
    raise UsageError("the client's key is no private key in PEM, without passphrase, of RSA or P-384")
