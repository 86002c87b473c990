"""What the accounts' library may do here: nobody signs up; whoever was invited signs in (law 6)."""

from typing import Any, cast

from allauth.account.adapter import DefaultAccountAdapter
from allauth.mfa.adapter import DefaultMFAAdapter
from allauth.mfa.models import Authenticator
from allauth.mfa.stages import AuthenticateStage
from allauth.socialaccount.adapter import DefaultSocialAccountAdapter
from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.urls import reverse

from ecluse.domain.errors import ForbiddenError
from ecluse.portal.oidc import multi_factor
from ecluse.portal.words import tr
from ecluse.store.models import Person


class Accounts(DefaultAccountAdapter):  # type: ignore[misc]
    """Sign-up is closed: an invitation is the only way in."""

    def is_open_for_signup(self, request: HttpRequest) -> bool:  # noqa: ARG002 - the library's protocol
        """Never."""
        return False

    def get_login_stages(self) -> list[str]:
        """The library's, with our own second factor."""
        own = {"allauth.mfa.stages.AuthenticateStage": "ecluse.portal.accounts.SecondFactor"}
        return [own.get(stage, stage) for stage in super().get_login_stages()]

    def post_login(self, request: HttpRequest, user: Person, **rest: Any) -> HttpResponse:
        """Tell who signs in at a second place."""
        if request.session.pop("elsewhere", False):
            words = tr("Your account is open at another place too: look at your sessions.",
                       "Votre compte est aussi ouvert ailleurs : regardez vos sessions.")  # fmt: skip
            messages.warning(request, words)
        response: HttpResponse = super().post_login(request, user, **rest)
        return response


class Factors(DefaultMFAAdapter):  # type: ignore[misc]
    """Second factors."""

    def get_public_key_credential_rp_entity(self) -> dict[str, str]:
        """The name that an authenticator shows."""
        return {**super().get_public_key_credential_rp_entity(), "name": "Écluse"}


class SecondFactor(AuthenticateStage):  # type: ignore[misc]
    """The second factor after a password or a provider; not after a provider that took several itself."""

    def _should_handle(self, request: HttpRequest) -> bool:
        if getattr(request, "vouched_multi_factor", False):
            return False
        return bool(super()._should_handle(request))


class Providers(DefaultSocialAccountAdapter):  # type: ignore[misc]
    """Sign-in by an organisation's OpenID provider: for persons who are here already and linked it themselves."""

    def is_open_for_signup(self, request: HttpRequest, sociallogin: Any) -> bool:  # noqa: ARG002 - the library's protocol
        """Never: a provider vouches for who somebody is, not for what they may do here."""
        return False

    def pre_social_login(self, request: HttpRequest, sociallogin: Any) -> None:
        """Refuse whoever is not linked; note whether the provider took several factors.

        Raises:
            ForbiddenError: nobody here is linked to this identity, or the provider serves another organisation.
        """
        settings = sociallogin.account.get_provider().app.settings
        if sociallogin.state.get("process") == "connect":
            slug = settings.get("organisation")
            person = cast("Person", request.user)
            if slug and person.is_authenticated and all(grant.organisation != slug for grant in person.grants()):
                raise ForbiddenError("this provider serves another organisation")
            return
        if not sociallogin.is_existing or not sociallogin.user.is_active:
            raise ForbiddenError(
                "nobody here is linked to this identity", hint="sign in with your authenticator, then link it"
            )
        claims = sociallogin.account.extra_data.get("id_token", {})
        vouched = multi_factor(claims, tuple(settings.get("multi_factor_acr", ())))
        request.vouched_multi_factor = vouched  # type: ignore[attr-defined]

    def get_connect_redirect_url(self, request: HttpRequest, socialaccount: Any) -> str:  # noqa: ARG002 - the library's protocol
        """One's own account."""
        return reverse("account")


def has_authenticator(person: Person) -> bool:
    """Whether somebody has enrolled a passkey or an authenticator app."""
    return bool(Authenticator.objects.filter(user=person).exists())
