"""Signing, and showing who has signed."""

from pathlib import Path
from typing import Any

from ecluse.cli import _output
from ecluse.cli._text import Text, tr
from ecluse.control.papers import Paper, keep_canonical, keep_signature
from ecluse.control.signatures import sign_artefact, signer_of_key, verified_signers
from ecluse.domain.agreement import Agreement, Signer
from ecluse.domain.errors import SignatureError
from ecluse.seal import signing
from ecluse.seal.passkeys import relying_party
from ecluse.wire.artefacts import digest_of

KEY = Text(
    "Private key file, or the .pub of a key in ssh-agent or on a token.",
    "Fichier de clé privée, ou le .pub d'une clé dans ssh-agent ou sur un jeton.",
)


def sign_and_say(value: object, draft: Path, key: Path, agreement: Agreement) -> dict[str, Any]:
    """Sign a document of somebody's desk and say where the signature lies; returns the same for ``--json``."""
    signer = signer_of_key(key, agreement)
    signature = sign_artefact(value, key)
    file = keep_canonical(value, draft)
    made = keep_signature(file, signer, signature)
    address = digest_of(value)
    _output.say(tr(f"{made}: signed by {signer}", f"{made} : signé par {signer}"))
    _output.say(f"{file}: {address}")
    return {"signer": signer, "file": str(file), "digest": address, "signature": str(made)}


def states(paper: Paper[Any], agreement: Agreement) -> list[tuple[Signer, str]]:
    """Every signer of the agreement with the state of their signature: ``signed``, ``wrong`` or empty."""
    found = []
    for party in (agreement.controller, agreement.processor):
        for signer in party.signers:
            state = ""
            if signer.id in paper.signatures:
                state = _state(paper, agreement, signer.id)
            found.append((signer, state))
    return found


def _state(paper: Paper[Any], agreement: Agreement, signer: str) -> str:
    try:
        verified_signers(paper.value, {signer: paper.signatures[signer]}, agreement)
    except SignatureError:
        return "wrong"
    return "signed"


def show_states(found: list[tuple[Signer, str]]) -> None:
    """Print them as a table, with fingerprints to compare by telephone."""
    head = (tr("signer", "signataire"), tr("role", "rôle"), tr("signature", "signature"), tr("key", "clé"))
    rows = [(f"{s.id} ({s.name})", str(s.role), _words(s, state), signing.fingerprint(s.key)) for s, state in found]
    _output.table(tr("Signatures", "Signatures"), head, rows)


def _words(signer: Signer, state: str) -> str:
    if state == "signed" and relying_party(signer.key):
        return tr("signed\nwith a passkey\n(user verified)", "signé par\nclé d'accès\n(utilisateur\nvérifié)")
    return {"signed": tr("signed", "signé"), "wrong": tr("WRONG SIGNATURE", "SIGNATURE FAUSSE"), "": "—"}[state]


def states_json(found: list[tuple[Signer, str]]) -> list[dict[str, str | None]]:
    """The same for programs."""
    return [
        {
            "id": s.id,
            "role": str(s.role),
            "fingerprint": signing.fingerprint(s.key),
            "signature": state or None,
            "passkey": relying_party(s.key),
        }
        for s, state in found
    ]
