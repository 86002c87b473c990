"""A passkey's signature, read by a grammar of its own (PROTOCOL.u2f, "webauthn signatures"; W3C WebAuthn Level 3).

Stock ``ssh-keygen -Y verify`` is laxer: it demands neither that the user was verified nor that the page was the key's
own (docs/decisions/0008-passkey-signatures.md).
"""

import base64
import hashlib
import re
from dataclasses import dataclass

from ecluse.domain.errors import SignatureError

ALGORITHM = b"webauthn-sk-ecdsa-sha2-nistp256@openssh.com"
_USER_PRESENT, _USER_VERIFIED, _BACKUP_ELIGIBLE, _BACKED_UP, _ATTESTED, _EXTENDED = 1, 4, 8, 16, 64, 128
_NAME = r"(?:[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?\.)*(?!(?:[0-9]+|0x[0-9a-f]*)\Z)[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?"
_HOST = re.compile(_NAME)
_HOST_MAX = 253
_PORT = re.compile(r"[1-9][0-9]{0,4}")
_PORTS = range(1, 65536)
_MEMBER = r',"([A-Za-z0-9_]{1,64})":(true|false|null|"[^"\\\x00-\x1f]*")'
_REST = re.compile(rf"(?:{_MEMBER})*\}}")
_MEMBERS = re.compile(_MEMBER)
_MAX = 4096


@dataclass(frozen=True, slots=True)
class Told:
    """What stands around the ECDSA signature."""

    flags: bytes
    counter: bytes
    origin: bytes
    client_data: bytes
    extensions: bytes


def site_of(application: bytes) -> str:
    """The domain that a passkey's key names.

    Raises:
        SignatureError: it names none.
    """
    name = application.decode("latin-1")
    if not _HOST.fullmatch(name) or len(name) > _HOST_MAX:
        raise SignatureError("the key is neither a token's nor of a domain")
    return name


def signed_bytes(told: Told, site: str, challenge: bytes) -> bytes:
    """What the ECDSA signature stands over, once everything in it is as it must be.

    Raises:
        SignatureError: nobody there, nobody verified, another page, other bytes, or another form.
    """
    _check_flags(told.flags[0], told.extensions)
    origin = told.origin.decode("latin-1")
    if not _may_use(origin, site):
        raise SignatureError(f"signed on a page outside {site}")
    wanted = base64.urlsafe_b64encode(challenge).rstrip(b"=").decode("ascii")
    _check_client_data(told.client_data, f'{{"type":"webauthn.get","challenge":"{wanted}","origin":"{origin}"')
    known, hashed = hashlib.sha256(site.encode("ascii")).digest(), hashlib.sha256(told.client_data).digest()
    return known + told.flags + told.counter + told.extensions + hashed


def _check_flags(flags: int, extensions: bytes) -> None:
    if not flags & _USER_PRESENT:
        raise SignatureError("the passkey says that nobody was there")
    if not flags & _USER_VERIFIED:
        raise SignatureError("the passkey did not verify its user")
    backed_up_yet_not_eligible = flags & (_BACKUP_ELIGIBLE | _BACKED_UP) == _BACKED_UP
    if flags & _ATTESTED or backed_up_yet_not_eligible or (flags & _EXTENDED == 0) != (extensions == b""):
        raise SignatureError("malformed signature: the passkey's flags do not fit together")


def _may_use(origin: str, site: str) -> bool:
    """That host by https, or one below it unless it is a single label; ``http`` on this machine alone."""
    scheme, _, rest = origin.partition("://")
    host, colon, port = rest.partition(":")
    if colon and not (_PORT.fullmatch(port) and int(port) in _PORTS):
        return False
    if len(host) > _HOST_MAX or not _HOST.fullmatch(host):
        return False
    if scheme == "http":
        return host == "localhost" == site and port != "80"
    below = host.endswith("." + site) and "." in site
    return scheme == "https" and (host == site or below) and port != "443"


def _check_client_data(data: bytes, beginning: str) -> None:
    begins = beginning.encode("ascii", "replace")
    if not data.startswith(begins):
        raise SignatureError("the passkey signed other bytes, or on another page, or did not sign at all")
    try:
        rest = data[len(begins) :].decode("utf-8")
    except UnicodeDecodeError:
        rest = ""
    if len(data) > _MAX or not _REST.fullmatch(rest):
        raise SignatureError("malformed signature: client data that no browser writes")
    found: list[tuple[str, str]] = _MEMBERS.findall(rest)
    names = ["type", "challenge", "origin", *(name for name, _ in found)]
    if len(set(names)) != len(names):
        raise SignatureError("malformed signature: client data that says something twice")
    if ("topOrigin" in names) or any(name == "crossOrigin" and value != "false" for name, value in found):
        raise SignatureError("signed in a frame of another site")
