"""Who a bearer's secret stands for. Secrets have 256 bits; what is looked up is their digest, then compared again.

A lookup's time could tell how much of a *digest* matches, which helps nobody who cannot choose digests of secrets.
"""

import hashlib
import hmac

from django.utils import timezone

from ecluse.store.models import Agent, ApiToken


def secret_digest(secret: str) -> str:
    """What is kept of a secret of 256 bits (hence no salt): SHA-256, hexadecimal."""
    return hashlib.sha256(secret.encode("utf-8", "surrogatepass")).hexdigest()


def agent_of_token(secret: str) -> Agent | None:
    """The agent that a token stands for, if it is enrolled, not revoked, and its owner still here."""
    digest = secret_digest(secret)
    found = (
        Agent.objects.select_related("organisation", "owner")
        .filter(token_digest=digest, revoked_at__isnull=True, owner__is_active=True)
        .first()
    )
    return found if found is not None and hmac.compare_digest(found.token_digest, digest) else None


def token_of_secret(secret: str) -> ApiToken | None:
    """The personal token that a secret opens, if it is live and its person still here."""
    digest = secret_digest(secret)
    found = (
        ApiToken.objects.select_related("person")
        .filter(
            digest=digest, revoked_at__isnull=True, expires_at__gt=timezone.now(), person__is_active=True,
        )
        .first()
    )  # fmt: skip
    return found if found is not None and hmac.compare_digest(found.digest, digest) else None
