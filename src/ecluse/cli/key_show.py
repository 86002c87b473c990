"""``ecluse key show``."""

from pathlib import Path

from ecluse.cli import _output
from ecluse.cli._app import FILE, argument, define
from ecluse.cli._text import Text, tr
from ecluse.seal import signing
from ecluse.seal.passkeys import relying_party

_AGE = b"AGE-SECRET-KEY-"
_LONGEST = 64 * 1024


@define(
    Text(
        "Show a key's public half and fingerprint. Works on private key files, .pub files and age identities; the "
        "private half is never shown. Compare fingerprints by telephone before you believe a key.",
        "Montrer la partie publique et l'empreinte d'une clé. Accepte les clés privées, les fichiers .pub et les "
        "identités age ; la partie privée n'est jamais montrée. Comparez les empreintes au téléphone avant de croire "
        "une clé.",
    ),
    example="ecluse key show director.key",
)
@argument("path", type=FILE, text=Text("The key's file.", "Le fichier de la clé."))
def command(path: Path) -> None:
    """Print what is public of a key."""
    if _is_age(path):
        from ecluse.seal.sealing import Identity  # noqa: PLC0415 - the base install has no age

        identity = Identity.load(path)
        _output.say(identity.recipient, style="bold")
        _output.emit({"kind": "recipient", "recipient": identity.recipient})
        return
    line = signing.public_key(path)
    _output.say(line)
    _output.say(signing.fingerprint(line), style="bold")
    site = relying_party(line)
    if site:
        _output.say(tr(f"a passkey of {site}", f"une clé d'accès de {site}"))
    _output.emit({"kind": "signing", "public": line, "fingerprint": signing.fingerprint(line), "passkey": site})


def _is_age(path: Path) -> bool:
    try:
        with path.open("rb") as file:
            return _AGE in file.read(_LONGEST).upper()
    except OSError:
        return False  # said properly by what reads it next
