"""Signing an artefact in the browser: the passkey's assertion becomes the signature (issue 4, docs/decisions/0008).

A page calls :func:`offer` and includes ``parts/approve.html``; the form comes back with the assertion, which
:func:`signature` turns into an SSHSIG. What may be signed by whom is decided before, by the guard and the policies.
"""

import base64
import binascii
from dataclasses import dataclass
from typing import Any

from django.conf import settings
from django.http import HttpRequest
from django.utils import timezone

from ecluse.domain.errors import MalformedError, SignatureError
from ecluse.portal.access import person_of
from ecluse.seal.passkeys import PasskeyAssertion, passkey_challenge, passkey_signature
from ecluse.store.reads.passkeys import relying_party, signing_keys
from ecluse.wire.artefacts import digest_of, encode, kind_of, namespace

MINUTES = 5
_KEY = "ecluse.approval"
_FIELDS = ("authenticator_data", "client_data_json", "signature", "credential")
_MAX_FIELD = 16_384


@dataclass(frozen=True, slots=True)
class Signed:
    """One signature: who, with which key line, and the armoured SSHSIG."""

    signer: str
    key: str
    armour: bytes


def offer(request: HttpRequest, value: object, listed: str | None = None) -> dict[str, Any]:
    """What ``parts/approve.html`` needs to have ``value`` signed; remembers it in this session for five minutes.

    Args:
        request: whose session it is, and who signs.
        value: the artefact that is shown on this page.
        listed: the key line under which the agreement knows the signer; None: any of the person's passkeys.
    """
    held = signing_keys(person_of(request))
    usable = {credential: line for credential, line in held.items() if _listed(listed, line)}
    digest = digest_of(value)
    request.session[_KEY] = {"digest": digest, "until": timezone.now().timestamp() + MINUTES * 60}
    challenge = passkey_challenge(namespace(kind_of(type(value))), encode(value))
    return {
        "digest": digest,
        "script_id": f"approval-{digest[7:23]}",
        "usable": bool(usable),
        "options": {
            "challenge": _to_text(challenge),
            "rpId": relying_party(),
            "credentials": [_to_text(each) for each in usable],
            "minutes": MINUTES,
        },
    }


def signature(request: HttpRequest, value: object, listed: str | None = None) -> Signed:
    """The signature over ``value`` that the posted form brings; what was offered is spent, whether it verifies or not.

    Raises:
        SignatureError: nothing was offered in this session, or another text, or too long ago; a passkey that is not
            this person's or not the one that the agreement lists; an assertion that does not verify.
        MalformedError: the form's fields are not what a browser sends.
    """
    offered = request.session.pop(_KEY, None)
    if not offered or offered["digest"] != digest_of(value):
        raise SignatureError("this page was not the last one offered for signing", hint="open it again, and read it")
    if offered["until"] < timezone.now().timestamp():
        raise SignatureError(f"the page was open for more than {MINUTES} minutes", hint="open it again, and read it")
    data, client, signed, credential = (_field(request, name) for name in _FIELDS)
    person = person_of(request)
    line = signing_keys(person).get(credential)
    if line is None or not _listed(listed, line):
        raise SignatureError("this passkey is not the one that the agreement lists for you")
    assertion = PasskeyAssertion(data, client, signed)
    armour = passkey_signature(line, namespace(kind_of(type(value))), encode(value), assertion, settings.ECLUSE_ORIGIN)
    return Signed(person.handle, line, armour)


def _listed(listed: str | None, line: str) -> bool:
    """Whether the agreement's key line, which may end in a comment, is this one."""
    return listed is None or listed.split()[:2] == line.split()[:2]


def _to_text(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode("ascii")


def _field(request: HttpRequest, name: str) -> bytes:
    text = request.POST.get(name, "")
    if not 0 < len(text) <= _MAX_FIELD:
        raise MalformedError(f"{name}: missing, or longer than any passkey's")
    try:
        return base64.b64decode(text + "=" * (-len(text) % 4), altchars=b"-_", validate=True)
    except (binascii.Error, ValueError):
        raise MalformedError(f"{name}: not base64url") from None
