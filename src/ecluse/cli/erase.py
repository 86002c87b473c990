"""``ecluse erase``."""

from pathlib import Path
from typing import Any

from ecluse.cli import _output, _steps
from ecluse.cli._account import write_reports
from ecluse.cli._app import define, option
from ecluse.cli._erasure import erase, erase_trace, learn_or_erase
from ecluse.cli._options import destination_options, mailbox, setup_of, source_options, workspace
from ecluse.cli._overdue import remind
from ecluse.cli._site import Site
from ecluse.cli._text import Text
from ecluse.control.setup import write_setup
from ecluse.wire.artefacts import to_json


@define(
    Text(
        "Erase what was made for the way, and certify it. Destroys the keys, the recipient's identity included, erases "
        "parcels and temporary files, scans the places, the mailbox and the temporary folder again for ciphertext and "
        "planted markers, and signs one certificate a place; the destination's only when the identity is destroyed or "
        "stated to be. Once the migration is accepted, refused or past its "
        "erase-by date, any command does this by itself. Exit code 20 when the scan finds something, or the identity "
        "was not given.",
        "Effacer ce qui a été fait pour la route, et le certifier. Détruit les clés, identité du destinataire "
        "comprise, efface colis et fichiers temporaires, relit les lieux, la boîte et le dossier temporaire à la "
        "recherche de chiffré et de marqueurs, et signe un certificat par lieu ; celui de la destination seulement si "
        "l'identité est détruite, ou déclarée l'être. Une fois la migration acceptée, "
        "refusée ou passée sa date d'effacement, toute commande le fait d'elle-même. Code de sortie 20 si la "
        "relecture trouve quelque chose, ou si l'identité n'est pas donnée.",
    ),
    example="ecluse erase -w migration",
)
@workspace
@source_options
@destination_options
@mailbox
@option(
    "--identity-destroyed-elsewhere",
    default=None,
    metavar="TEXT",
    text=Text(
        "Where the identity's file is not here to be destroyed: how, by whom and when it was. Kept in the certificate "
        "as a statement, which proves nothing; the report and evidence verify show it.",
        "Si le fichier d'identité n'est pas ici pour être détruit : comment, par qui et quand il l'a été. Gardé au "
        "certificat comme une déclaration, qui ne prouve rien ; le rapport et evidence verify la montrent.",
    ),
)
@option(
    "--mailbox-lost",
    default=None,
    metavar="TEXT",
    text=Text(
        "Where the mailbox can never be looked at again: what became of it, and when. Kept in the certificate.",
        "Si la boîte ne pourra plus jamais être relue : ce qu'elle est devenue, et quand. Gardé au certificat.",
    ),
)
def command(
    *, workspace: Path, identity_destroyed_elsewhere: str | None, mailbox_lost: str | None, **given: Any
) -> None:
    """Erase the places of one workspace."""
    site = Site(workspace, setup_of(workspace, given))
    erase_trace(site)
    unlearned = learn_or_erase(site)
    remind(workspace)
    made = erase(site, destroyed_elsewhere=identity_destroyed_elsewhere or "", mailbox_lost=mailbox_lost or "")
    erase_trace(site)
    write_setup(workspace, site.setup)
    write_reports(workspace)
    if unlearned is not None:
        raise unlearned
    _output.emit({"certificates": [to_json(each) for each in made], "states": _steps.states_json(site)})
