"""Answers of the HTTPS door: JSON, and problems that repeat nothing of what was sent (RFC 9457)."""

import json
from collections.abc import Mapping

from aiohttp import web

from ecluse.domain.errors import (
    AgreementError,
    BusyError,
    EcluseError,
    ForbiddenError,
    MalformedError,
    OrderError,
    RefusedError,
    SignatureError,
    StorageError,
    TamperError,
    UnseenError,
)
from ecluse.relay.https_requests import RequestError
from ecluse.relay.sealed import UnsealedError
from ecluse.relay.uploads import HereAlreadyError, QuotaError, UnannouncedError

HEADERS = {
    "Strict-Transport-Security": "max-age=63072000",
    "Cache-Control": "no-store",
    "X-Content-Type-Options": "nosniff",
    "Tus-Resumable": "1.0.0",
    "Server": "ecluse",
}
_BY_ERROR: tuple[tuple[type[EcluseError], int, str], ...] = (
    (UnseenError, 404, "nothing-here"), (ForbiddenError, 404, "nothing-here"), (BusyError, 409, "busy"),
    (HereAlreadyError, 409, "here-already"), (QuotaError, 413, "too-much"), (UnannouncedError, 422, "not-announced"),
    (UnsealedError, 422, "not-sealed"), (TamperError, 422, "tampered"), (SignatureError, 422, "signature"),
    (MalformedError, 422, "malformed-paper"), (OrderError, 422, "order"), (AgreementError, 422, "agreement"),
    (RefusedError, 422, "refused"), (StorageError, 507, "no-room"),
)  # fmt: skip
"""The first that fits; anything else is a fault of ours."""
_TITLES = {
    "malformed": ("Not a request that this door takes", "Requête que cette porte n'accepte pas"),
    "unknown": ("Not let in", "Accès refusé"),
    "nothing-here": ("Nothing of that name for you", "Rien de ce nom pour vous"),
    "method": ("Not a method of this address", "Méthode absente de cette adresse"),
    "slow": ("Too slow: what came is kept", "Trop lent : ce qui est arrivé est gardé"),
    "offset": ("Go on at Upload-Offset", "Reprendre à Upload-Offset"),
    "busy": ("Another session sends this parcel", "Une autre session envoie ce colis"),
    "here-already": ("This parcel has come", "Ce colis est arrivé"),
    "length": ("Content-Length is needed", "Content-Length est nécessaire"),
    "precondition": ("A condition does not hold", "Une condition n'est pas remplie"),
    "media-type": ("Another Content-Type is needed", "Un autre Content-Type est nécessaire"),
    "too-much": ("More than was announced or than the quota leaves", "Plus que l'annonce ou le quota ne le permet"),
    "range": ("Beyond the end", "Au-delà de la fin"),
    "malformed-paper": ("Not a paper that travels so", "Document qui ne circule pas ainsi"),
    "signature": ("Not signed by who must", "Signature absente, fausse ou d'un autre"),
    "tampered": ("Not what was announced", "Différent de ce qui était annoncé"),
    "not-sealed": ("Not a sealed parcel", "Colis non scellé"),
    "not-announced": ("No signed receipt announces it", "Aucun reçu signé ne l'annonce"),
    "order": ("The order does not allow it", "L'ordre ne le permet pas"),
    "agreement": ("The agreement does not allow it", "Le contrat ne le permet pas"),
    "refused": ("Refused", "Refusé"),
    "too-many": ("Too many requests at once", "Trop de requêtes à la fois"),
    "later": ("Not now", "Pas maintenant"),
    "no-room": ("Cannot be kept now", "Ne peut être gardé maintenant"),
    "fault": ("A fault of the relay", "Défaut du relais"),
}
_RETRY = {"busy": "1", "too-many": "2", "later": "2", "no-room": "30"}


def listed(value: Mapping[str, object]) -> web.Response:
    """A list, as JSON."""
    text = json.dumps(value, separators=(",", ":"))
    return web.Response(text=text, content_type="application/json", headers=HEADERS)


def bare(status: int, headers: Mapping[str, str] | None = None) -> web.Response:
    """No body."""
    return web.Response(status=status, headers=HEADERS | dict(headers or {}))


def problem(status: int, reason: str, headers: Mapping[str, str] | None = None) -> web.Response:
    """A refusal; the connection ends with it, for its body may not have been read."""
    english, french = _TITLES[reason]
    body = {"type": f"urn:ecluse:relay:{reason}", "title": english, "titre": french, "status": status}
    more = {"Retry-After": _RETRY[reason]} if reason in _RETRY else {}
    if reason == "unknown":
        more["WWW-Authenticate"] = 'Bearer realm="relay"'
    text = json.dumps(body, ensure_ascii=False, separators=(",", ":"))
    made = web.Response(
        status=status, text=text, content_type="application/problem+json", headers=HEADERS | more | dict(headers or {})
    )
    if status not in {404, 405, 416}:
        made.force_close()
    return made


def problem_of(error: EcluseError) -> web.Response:
    """What an error of ours becomes; its message stays here."""
    if isinstance(error, RequestError):
        return problem(error.status, error.reason, error.headers)
    for kind, status, reason in _BY_ERROR:
        if isinstance(error, kind):
            return problem(status, reason)
    return problem(500, "fault")
