"""The accounts' library's forms, in the room's words and with the room's demands."""

from typing import Any

from allauth.account.forms import LoginForm, ReauthenticateForm
from allauth.mfa.adapter import get_adapter
from allauth.mfa.base.forms import AuthenticateForm
from allauth.mfa.base.forms import ReauthenticateForm as ReauthenticateByCode
from allauth.mfa.models import Authenticator
from allauth.mfa.totp.forms import ActivateTOTPForm
from allauth.mfa.webauthn.forms import AddWebAuthnForm
from allauth.mfa.webauthn.internal import auth
from django import forms
from django.contrib.auth.password_validation import validate_password

from ecluse.portal.words import later, tr

_ADDRESS = later("E-mail address", "Adresse électronique")
_PASSWORD = later("Password", "Mot de passe")
_CODE = later("Code of the authenticator app", "Code de l'application d'authentification")


def _plain(form: forms.Form, name: str, label: Any, help_text: Any = "", **attrs: str) -> None:
    field = form.fields[name]
    field.label, field.help_text = label, help_text
    field.widget.attrs.pop("placeholder", None)
    field.widget.attrs.update(attrs)


class SignIn(LoginForm):  # type: ignore[misc]
    """Address and password, for those whose second factor is an app."""

    def __init__(self, *args: Any, **rest: Any) -> None:
        super().__init__(*args, **rest)
        _plain(self, "login", _ADDRESS, autocomplete="username")
        _plain(self, "password", _PASSWORD)


class PasswordAgain(ReauthenticateForm):  # type: ignore[misc]
    """One's password, before something that matters."""

    def __init__(self, *args: Any, **rest: Any) -> None:
        super().__init__(*args, **rest)
        _plain(self, "password", _PASSWORD)


class Code(AuthenticateForm):  # type: ignore[misc]
    """The app's code, after the password."""

    def __init__(self, *args: Any, **rest: Any) -> None:
        super().__init__(*args, **rest)
        _plain(self, "code", _CODE, inputmode="numeric")


class CodeAgain(ReauthenticateByCode):  # type: ignore[misc]
    """The app's code, before something that matters."""

    def __init__(self, *args: Any, **rest: Any) -> None:
        super().__init__(*args, **rest)
        _plain(self, "code", _CODE, inputmode="numeric")


class AddPasskey(AddWebAuthnForm):  # type: ignore[misc]
    """A passkey that knows its holder by a PIN, finger or face, and not by a touch alone."""

    passwordless = None

    def __init__(self, *args: Any, **rest: Any) -> None:
        super().__init__(*args, **rest)
        _plain(
            self, "name", later("Its name", "Son nom"),
            later("So that you know it again among several.", "Pour la reconnaître parmi plusieurs."),
            maxlength="60", autocomplete="off",
        )  # fmt: skip
        if not self.is_bound:
            self.initial["name"] = suggested_name(self.user)

    def clean_name(self) -> str:
        """A name of at most sixty letters, or a suggested one."""
        return str(self.cleaned_data["name"] or "").strip()[:60] or suggested_name(self.user)

    def clean(self) -> dict[str, Any]:
        """Refuse a key that did not verify its holder."""
        cleaned: dict[str, Any] = super().clean()
        if cleaned.get("credential"):
            made = auth.parse_registration_response(cleaned["credential"])
            if not made.response.attestation_object.auth_data.is_user_verified():
                raise get_adapter().validation_error("incorrect_code")
        return cleaned


def suggested_name(user: Any) -> str:
    """The next passkey's name."""
    count = Authenticator.objects.filter(user=user, type=Authenticator.Type.WEBAUTHN).count() + 1
    return tr(f"Passkey {count}", f"Clé d'accès {count}")


class EnrolApp(ActivateTOTPForm):  # type: ignore[misc]
    """An authenticator app, and the password that goes before it, together: neither is of use alone."""

    def __init__(self, *args: Any, **rest: Any) -> None:
        super().__init__(*args, **rest)
        _plain(self, "code", later("The code that the app shows now", "Le code que l'application montre maintenant"),
               inputmode="numeric")  # fmt: skip
        if self.user.has_usable_password():
            return
        kind = forms.PasswordInput(attrs={"autocomplete": "new-password"})
        again = forms.PasswordInput(attrs={"autocomplete": "new-password"})
        given: dict[str, forms.Field] = {
            "password": forms.CharField(
                label=later("A new password", "Un nouveau mot de passe"), widget=kind, max_length=200, strip=False,
                help_text=later("Fourteen characters or more; a sentence is good.",
                               "Quatorze caractères ou plus ; une phrase convient."),
            ),
            "again": forms.CharField(
                label=later("The same once more", "Le même encore une fois"), widget=again, max_length=200, strip=False
            ),
        }  # fmt: skip
        self.fields: dict[str, forms.Field] = given | self.fields

    def clean_password(self) -> str:
        """A password that is no common one."""
        given = str(self.cleaned_data["password"])
        validate_password(given, self.user)
        return given

    def clean(self) -> dict[str, Any]:
        """Both passwords are the same."""
        cleaned: dict[str, Any] = super().clean() or {}
        if "again" in cleaned and cleaned["again"] != cleaned.get("password", cleaned["again"]):
            self.add_error("again", tr("This is not the same.", "Ce n'est pas le même."))
        return cleaned
