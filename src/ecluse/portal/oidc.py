"""Sign-in through an organisation's OpenID provider: ``oidc.yaml`` in the room's home. Settings read it, so no Django.

A provider vouches for who somebody is, to persons who are here already and who linked it themselves. A second factor of
ours is asked still, unless the provider says in the signed-in token that it took several: ``amr`` contains ``mfa``
(RFC 8176), or ``acr`` is one that this room lists as ``multi_factor_acr``.
"""

import os
import re
from collections.abc import Mapping
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from ecluse.domain.errors import Location, MalformedError, UsageError
from ecluse.wire import documents

FILE = "oidc.yaml"
_ID = re.compile(r"[a-z0-9][a-z0-9-]{0,62}")


@dataclass(frozen=True, slots=True)
class Provider:
    """One OpenID provider. ``secret_env`` names the environment variable that holds the client's secret."""

    id: str
    name: str
    issuer: str
    client_id: str
    secret_env: str
    organisation: str = ""
    acr_values: str = ""
    multi_factor_acr: tuple[str, ...] = ()

    def as_app(self) -> dict[str, Any]:
        """As the accounts' library wants it; raises UsageError where the secret is not in the environment."""
        secret = os.environ.get(self.secret_env)
        if not secret:
            raise UsageError(f"the provider's secret is not in the environment: {self.secret_env}")
        asked = {"acr_values": self.acr_values} if self.acr_values else {}
        return {
            "provider_id": self.id,
            "name": self.name,
            "client_id": self.client_id,
            "secret": secret,
            "settings": {
                "server_url": self.issuer,
                "oauth_pkce_enabled": True,
                "auth_params": asked,
                "scope": ["openid"],
                "organisation": self.organisation,
                "multi_factor_acr": list(self.multi_factor_acr),
            },
        }


def providers(home: Path) -> tuple[Provider, ...]:
    """The providers of a room; none where it has no such file.

    Raises:
        MalformedError: names file and line, and what is wrong there.
    """
    path = home / FILE
    if not path.is_file():
        return ()
    document = documents.read(path)
    listed = document.value.get("providers") if isinstance(document.value, dict) else None
    if not isinstance(listed, list):
        raise MalformedError("a list 'providers' is missing", location=Location(file=str(path)))
    made = tuple(_provider(each, Location(file=str(path), field=f"providers.{n}")) for n, each in enumerate(listed))
    if len({each.id for each in made}) < len(made):
        raise MalformedError("two providers have one id", location=Location(file=str(path)))
    return made


def _provider(given: Any, place: Location) -> Provider:
    names = {field.name for field in fields(Provider)}
    if not isinstance(given, dict) or set(given) - names:
        raise MalformedError("unknown field", location=place, hint=", ".join(sorted(names)))
    values = dict(given)
    levels = values.pop("multi_factor_acr", [])
    texts = all(isinstance(value, str) for value in (*values.values(), *levels)) and isinstance(levels, list)
    if not texts or not {"id", "name", "issuer", "client_id", "secret_env"} <= set(values):
        raise MalformedError(
            "this field is missing", location=place, hint="each has id, name, issuer, client_id and secret_env"
        )
    made = Provider(**values, multi_factor_acr=tuple(levels))
    if not _ID.fullmatch(made.id):
        raise MalformedError("a provider's id is lower-case letters, digits and hyphens", location=place)
    if not _safe(made.issuer):
        raise MalformedError("an issuer is https, or http://localhost", location=place)
    return made


def _safe(issuer: str) -> bool:
    parts = urlsplit(issuer)
    local = parts.scheme == "http" and parts.hostname == "localhost"
    return bool(parts.hostname) and (parts.scheme == "https" or local)


def multi_factor(claims: Mapping[str, Any], levels: tuple[str, ...]) -> bool:
    """Whether a provider's token says that several factors were taken; ``levels``: the ``acr`` values that mean it."""
    methods = claims.get("amr")
    return (isinstance(methods, list) and "mfa" in methods) or (bool(levels) and claims.get("acr") in levels)
