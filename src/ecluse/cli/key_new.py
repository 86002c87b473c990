"""``ecluse key new``."""

import secrets
from pathlib import Path

import click

from ecluse.cli import _output
from ecluse.cli._app import FILE, argument, define, option
from ecluse.cli._text import Text, tr
from ecluse.control.papers import write_new
from ecluse.journal import WitnessKey
from ecluse.seal import signing

_KINDS = ("signing", "recipient", "exclusion", "witness")
_EXCLUSION_BYTES = 32


@define(
    Text(
        "Make a key. A signing key (OpenSSH, ed25519) signs agreements, orders, plans, receipts; any OpenSSH key you "
        "have, on a hardware token too, does as well. A recipient key (age) opens the parcels: only the destination "
        "has it. An exclusion key hashes the persons who stay out: only the controller has it. A witness key cosigns "
        "journals. The private half is written with mode 0600 and shown nowhere; what is printed is public.",
        "Faire une clé. Une clé de signature (OpenSSH, ed25519) signe contrats, ordres, plans, récépissés ; toute clé "
        "OpenSSH que vous avez, sur un jeton matériel aussi, convient. Une clé de destinataire (age) ouvre les colis : "
        "seule la destination l'a. Une clé d'exclusion hache les personnes exclues : seul le responsable de traitement "
        "l'a. Une clé de témoin cosigne des journaux. La partie privée est écrite en mode 0600 et n'est montrée nulle "
        "part ; ce qui s'affiche est public.",
    ),
    example="ecluse key new signing director.key\necluse key new recipient kalisil.key",
)
@argument(
    "kind",
    metavar="KIND",
    type=click.Choice(_KINDS),
    text=Text(
        "signing, recipient, exclusion or witness.",
        "signing (signature), recipient (destinataire), exclusion ou witness (témoin).",
    ),
)
@argument("path", type=FILE, text=Text("File to create; never over another.", "Fichier à créer ; jamais sur un autre."))
@option(
    "--name",
    default="",
    text=Text(
        "Name kept in the public half of a signing or witness key.",
        "Nom gardé dans la partie publique d'une clé de signature ou de témoin.",
    ),
)
def command(kind: str, path: Path, name: str) -> None:
    """Make a key of the kind asked for."""
    public = _MAKERS[kind](path, name or path.stem)
    _output.emit({"kind": kind, "path": str(path), **public})
    for text in public.values():
        _output.say(text)
    if kind == "exclusion":
        _output.say(
            tr(
                "Only the controller keeps this key. Without it the list of persons names nobody.",
                "Seul le responsable de traitement garde cette clé. Sans elle, la liste ne désigne personne.",
            )
        )


def _signing(path: Path, name: str) -> dict[str, str]:
    line = signing.new_signing_key(path, name)
    return {"public": line, "fingerprint": signing.fingerprint(line)}


def _recipient(path: Path, _name: str) -> dict[str, str]:
    from ecluse.seal.sealing import Identity  # noqa: PLC0415 - the base install has no age

    identity = Identity.generate()
    identity.save(path)
    return {"recipient": identity.recipient}


def _exclusion(path: Path, _name: str) -> dict[str, str]:
    write_new(path, f"{secrets.token_hex(_EXCLUSION_BYTES)}\n", mode=0o600)
    return {}


def _witness(path: Path, name: str) -> dict[str, str]:
    key = WitnessKey.generate(name)
    key.save(path)
    return {"public": key.vkey}


_MAKERS = {"signing": _signing, "recipient": _recipient, "exclusion": _exclusion, "witness": _witness}
