"""What the accounts' library may do here: nobody signs up; whoever was invited signs in (law 6)."""

from typing import Any

from allauth.account.adapter import DefaultAccountAdapter
from allauth.mfa.adapter import DefaultMFAAdapter
from allauth.socialaccount.adapter import DefaultSocialAccountAdapter
from django.http import HttpRequest

from ecluse.store.models import Person


class Accounts(DefaultAccountAdapter):  # type: ignore[misc]
    """Sign-up is closed: an invitation is the only way in."""

    def is_open_for_signup(self, request: HttpRequest) -> bool:  # noqa: ARG002 - the library's protocol
        """Never."""
        return False


class Factors(DefaultMFAAdapter):  # type: ignore[misc]
    """Second factors."""

    def get_public_key_credential_rp_entity(self) -> dict[str, str]:
        """The name that an authenticator shows."""
        return {**super().get_public_key_credential_rp_entity(), "name": "Écluse"}


class Providers(DefaultSocialAccountAdapter):  # type: ignore[misc]
    """Sign-in by an organisation's OpenID provider: for persons who are here already."""

    def is_open_for_signup(self, request: HttpRequest, sociallogin: Any) -> bool:  # noqa: ARG002 - the library's protocol
        """Never: a provider vouches for who somebody is, not for what they may do here."""
        return False


def has_authenticator(person: Person) -> bool:
    """Whether somebody has enrolled a passkey or an authenticator app."""
    from allauth.mfa.models import Authenticator  # noqa: PLC0415 - models are ready only in a running room

    return bool(Authenticator.objects.filter(user=person).exists())
