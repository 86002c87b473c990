"""The passkeys with which a person can sign: ES256, as lines that an agreement lists (docs/decisions/0008)."""

from collections.abc import Iterable
from urllib.parse import urlsplit

from allauth.mfa.models import Authenticator
from django.conf import settings

from ecluse.domain.errors import MalformedError
from ecluse.seal.passkeys import passkey_public_key
from ecluse.store.models import Person


def relying_party() -> str:
    """The domain under which this room's passkeys are made: the host of its origin."""
    return urlsplit(settings.ECLUSE_ORIGIN).hostname or "localhost"


def signing_keys(person: Person) -> dict[bytes, str]:
    """Key lines by credential id; passkeys of other algorithms sign in, and cannot sign."""
    return signing_keys_of([person.pk]).get(person.pk, {})


def signing_keys_of(persons: Iterable[int]) -> dict[int, dict[bytes, str]]:
    """The same of several persons (primary keys), in one query; whoever has none is not in it."""
    found: dict[int, dict[bytes, str]] = {}
    passkeys = Authenticator.objects.filter(user__in=list(persons), type=Authenticator.Type.WEBAUTHN)
    for each in passkeys.order_by("pk"):
        credential = each.wrap().authenticator_data.credential_data
        try:
            line = passkey_public_key(credential.public_key, relying_party())
        except MalformedError:
            continue
        found.setdefault(each.user_id, {})[bytes(credential.credential_id)] = line
    return found
