"""Django's settings, hardened: what differs between rooms comes from the environment, set by ``ecluse serve``.

``ECLUSE_HOME``: the room's folder (database, keys). ``ECLUSE_ORIGIN``: the address people use, with its scheme.
``ECLUSE_DATABASE_URL``: PostgreSQL, instead of the folder's SQLite. ``ECLUSE_SMTP_URL``: how mail goes out.
"""

import os
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urlsplit

import dj_database_url
from django.utils.translation import gettext_lazy as _

from ecluse.portal.home import secret_key
from ecluse.portal.oidc import providers

ECLUSE_HOME = Path(os.environ.get("ECLUSE_HOME", "control-room"))
ECLUSE_ORIGIN = os.environ.get("ECLUSE_ORIGIN", "http://localhost:8443")
_ORIGIN = urlsplit(ECLUSE_ORIGIN)
SECURE = _ORIGIN.scheme == "https"

SECRET_KEY = secret_key(ECLUSE_HOME)
DEBUG = False
ALLOWED_HOSTS = [_ORIGIN.hostname or "localhost"]
CSRF_TRUSTED_ORIGINS = [ECLUSE_ORIGIN]
ROOT_URLCONF = "ecluse.portal.urls"
WSGI_APPLICATION = "ecluse.portal.wsgi.application"
AUTH_USER_MODEL = "store.Person"

INSTALLED_APPS = [
    "ecluse.store",
    "ecluse.portal",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "django.contrib.staticfiles",
    "django.contrib.humanize",
    "django.forms",
    "allauth",
    "allauth.account",
    "allauth.mfa",
    "allauth.usersessions",
    "allauth.socialaccount",
    "allauth.socialaccount.providers.openid_connect",
]
MIDDLEWARE = [
    "django.middleware.security.SecurityMiddleware",
    "ecluse.portal.middleware.SecurityHeaders",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "ecluse.portal.strangers.Incognito",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.locale.LocaleMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "allauth.account.middleware.AccountMiddleware",
    "ecluse.portal.middleware.Seen",
    "ecluse.portal.middleware.Recorded",
    "ecluse.portal.middleware.Enrolled",
    "ecluse.portal.middleware.Refusals",
]
TEMPLATES: list[dict[str, Any]] = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "DIRS": [Path(__file__).parent / "templates"],
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
                "django.template.context_processors.i18n",
            ],
        },
    }
]


FORM_RENDERER = "ecluse.portal.forms_base.RoomRenderer"


def _database() -> dict[str, Any]:
    url = os.environ.get("ECLUSE_DATABASE_URL")
    if url:
        return dict(dj_database_url.parse(url, conn_max_age=60, conn_health_checks=True))
    return {
        "ENGINE": "django.db.backends.sqlite3",
        "NAME": ECLUSE_HOME / "room.sqlite3",
        "CONN_MAX_AGE": 60,
        "OPTIONS": {
            # A writer takes the lock at once: a transaction that begins by reading could not be upgraded.
            "transaction_mode": "IMMEDIATE",
            "timeout": 10,
            "init_command": "PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL; PRAGMA foreign_keys=ON; "
            "PRAGMA secure_delete=ON",
        },
    }


DATABASES = {"default": _database()}
PASSWORD_HASHERS = ["django.contrib.auth.hashers.Argon2PasswordHasher"]
AUTH_PASSWORD_VALIDATORS = [
    {"NAME": "django.contrib.auth.password_validation.UserAttributeSimilarityValidator"},
    {"NAME": "django.contrib.auth.password_validation.MinimumLengthValidator", "OPTIONS": {"min_length": 14}},
    {"NAME": "django.contrib.auth.password_validation.CommonPasswordValidator"},
]
AUTHENTICATION_BACKENDS = ["allauth.account.auth_backends.AuthenticationBackend"]

# Accounts: by invitation alone, a second factor for everybody (law 6).
ACCOUNT_ADAPTER = "ecluse.portal.accounts.Accounts"
ACCOUNT_USER_MODEL_USERNAME_FIELD = None
ACCOUNT_LOGIN_METHODS = {"email"}
ACCOUNT_SIGNUP_FIELDS = ["email*", "password1*", "password2*"]
ACCOUNT_EMAIL_VERIFICATION = "none"
ACCOUNT_EMAIL_NOTIFICATIONS = False
ACCOUNT_PREVENT_ENUMERATION = True
ACCOUNT_SESSION_REMEMBER = False
ACCOUNT_REAUTHENTICATION_TIMEOUT = 300
ACCOUNT_LOGIN_ON_PASSWORD_RESET = False
ACCOUNT_RATE_LIMITS = {
    "login": "30/m/ip",
    "login_failed": "10/m/ip,5/5m/key",
    "reauthenticate": "10/m/user",
    "change_password": "5/m/user",
}
MFA_ADAPTER = "ecluse.portal.accounts.Factors"
MFA_SUPPORTED_TYPES = ["webauthn", "totp"]
MFA_PASSKEY_LOGIN_ENABLED = True
MFA_PASSKEY_SIGNUP_ENABLED = False
MFA_WEBAUTHN_USER_VERIFICATION = "required"
MFA_FORMS = {
    "add_webauthn": "ecluse.portal.forms.factors.AddPasskey",
    "authenticate": "ecluse.portal.forms.factors.Code",
    "reauthenticate": "ecluse.portal.forms.factors.CodeAgain",
}
ACCOUNT_FORMS = {
    "login": "ecluse.portal.forms.factors.SignIn",
    "reauthenticate": "ecluse.portal.forms.factors.PasswordAgain",
}
ALLAUTH_TRUSTED_PROXY_COUNT = 1 if os.environ.get("ECLUSE_BEHIND_PROXY") else 0
MFA_WEBAUTHN_ALLOW_INSECURE_ORIGIN = not SECURE
MFA_TOTP_ISSUER = "Écluse"
MFA_TRUST_ENABLED = False
SOCIALACCOUNT_ADAPTER = "ecluse.portal.accounts.Providers"
SOCIALACCOUNT_ONLY = False
SOCIALACCOUNT_EMAIL_AUTHENTICATION = False
SOCIALACCOUNT_STORE_TOKENS = False
SOCIALACCOUNT_PROVIDERS = {"openid_connect": {"APPS": [each.as_app() for each in providers(ECLUSE_HOME)]}}
LOGIN_URL = "/account/login/"
LOGIN_REDIRECT_URL = "/"
ACCOUNT_LOGOUT_REDIRECT_URL = "/account/login/"

# Hardened defaults.
SESSION_COOKIE_NAME = "__Host-ecluse" if SECURE else "ecluse"
SESSION_COOKIE_SECURE = CSRF_COOKIE_SECURE = SECURE
SESSION_COOKIE_HTTPONLY = CSRF_COOKIE_HTTPONLY = True
SESSION_COOKIE_SAMESITE = CSRF_COOKIE_SAMESITE = "Lax"
SESSION_COOKIE_AGE = 8 * 3600
SESSION_EXPIRE_AT_BROWSER_CLOSE = True
CSRF_COOKIE_NAME = "__Host-csrf" if SECURE else "csrf"
SECURE_HSTS_SECONDS = 63_072_000 if SECURE else 0
SECURE_HSTS_INCLUDE_SUBDOMAINS = SECURE
SECURE_CONTENT_TYPE_NOSNIFF = True
SECURE_REFERRER_POLICY = "same-origin"
SECURE_CROSS_ORIGIN_OPENER_POLICY = "same-origin"
SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https") if os.environ.get("ECLUSE_BEHIND_PROXY") else None
X_FRAME_OPTIONS = "DENY"
DATA_UPLOAD_MAX_MEMORY_SIZE = 4 * 2**20
FILE_UPLOAD_HANDLERS = ["django.core.files.uploadhandler.MemoryFileUploadHandler"]  # nothing uploaded touches the disk
FILE_UPLOAD_MAX_MEMORY_SIZE = DATA_UPLOAD_MAX_MEMORY_SIZE  # else a larger file would be dropped without a word
DATA_UPLOAD_MAX_NUMBER_FIELDS = 2000

# In the database, so that all workers count the same attempts and know the same used codes; far more entries than the
# rates below let anybody make, so that none is pushed out before its time.
CACHES = {
    "default": {
        "BACKEND": "django.core.cache.backends.db.DatabaseCache",
        "LOCATION": "django_cache",
        "OPTIONS": {"MAX_ENTRIES": 200_000},
    }
}
STATIC_URL = "/static/"
STATIC_ROOT = Path(__file__).parent / "static"
STATICFILES_FINDERS = ["django.contrib.staticfiles.finders.AppDirectoriesFinder"]
WHITENOISE_USE_FINDERS = True

LANGUAGE_CODE = "fr"
LANGUAGES = [("fr", _("French")), ("en", _("English"))]
FORMAT_MODULE_PATH = "ecluse.portal.formats"
LANGUAGE_COOKIE_HTTPONLY = True
USE_I18N = USE_TZ = True
TIME_ZONE = "Europe/Paris"


def _mail() -> dict[str, Any]:
    url = urlsplit(os.environ.get("ECLUSE_SMTP_URL", ""))
    if not url.hostname:
        return {"EMAIL_BACKEND": "django.core.mail.backends.dummy.EmailBackend"}
    return {
        "EMAIL_HOST": url.hostname,
        "EMAIL_PORT": url.port or 587,
        "EMAIL_TIMEOUT": 10,  # somebody waits for the page
        "EMAIL_HOST_USER": unquote(url.username or ""),
        "EMAIL_HOST_PASSWORD": unquote(url.password or ""),
        "EMAIL_USE_TLS": url.scheme == "smtp",
        "EMAIL_USE_SSL": url.scheme == "smtps",
    }


globals().update(_mail())
DEFAULT_FROM_EMAIL = os.environ.get("ECLUSE_MAIL_FROM", f"ecluse@{_ORIGIN.hostname or 'localhost'}")

LOGGING = {
    "version": 1,
    "disable_existing_loggers": False,
    "filters": {"discreet": {"()": "ecluse.portal.logs.Discreet"}},
    "handlers": {"stderr": {"class": "logging.StreamHandler", "filters": ["discreet"]}},
    "root": {"handlers": ["stderr"], "level": "WARNING"},
}
SECURITY_CONTACT = os.environ.get("ECLUSE_SECURITY_CONTACT", "")
