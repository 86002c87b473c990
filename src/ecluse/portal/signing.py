"""Signing in two steps what a form made: the artefact is shown whole, remembered in the session, then signed.

Between the two steps it cannot change: what comes back is read from the session, never from the form.
"""

import base64
from typing import Any, TypeVar

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render

from ecluse.domain.errors import SignatureError
from ecluse.portal import approval
from ecluse.portal.access import person_of
from ecluse.store.acts.agreements import artefact_of
from ecluse.store.models import AgreementVersion, Person
from ecluse.wire.artefacts import decode, encode, kind_of

T = TypeVar("T")

_KEY = "ecluse.to_sign"


def signing_page(
    request: HttpRequest, template: str, context: dict[str, Any], value: object, agreement: AgreementVersion
) -> HttpResponse:
    """The page on which whoever asks signs ``value``, a new artefact, with the key that the agreement lists."""
    request.session[_KEY] = {"kind": kind_of(type(value)), "data": base64.b64encode(encode(value)).decode("ascii")}
    offered = approval.offer(request, value, listed_key(agreement, person_of(request)))
    return render(request, template, context | {"approval": offered})


def remembered(request: HttpRequest, cls: type[T]) -> T:
    """The artefact that :func:`signing_page` showed last in this session; it is forgotten.

    Raises:
        SignatureError: there is none of that kind.
    """
    held = request.session.pop(_KEY, None)
    if not held or held["kind"] != kind_of(cls):
        raise SignatureError("this page was not the last one offered for signing", hint="open it again, and read it")
    return decode(cls, base64.b64decode(held["data"]), file=held["kind"])


def listed_key(agreement: AgreementVersion, person: Person) -> str:
    """The key line under which an agreement lists a person; empty where it lists none, so that none fits."""
    made = artefact_of(agreement)
    for party in (made.controller, made.processor):
        signer = party.signer(person.handle)
        if signer is not None:
            return signer.key
    return ""
