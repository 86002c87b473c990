"""``ecluse erase``."""

from pathlib import Path
from typing import Any

from ecluse.cli import _output, _steps
from ecluse.cli._account import write_reports
from ecluse.cli._app import define
from ecluse.cli._erasure import erase
from ecluse.cli._options import destination_options, mailbox, setup_of, source_options, workspace
from ecluse.cli._site import Site
from ecluse.cli._text import Text
from ecluse.control.setup import write_setup
from ecluse.wire.artefacts import to_json


@define(
    Text(
        "Erase what was made for the way, and certify it. Destroys the keys, the recipient's identity included, erases "
        "parcels and temporary files, scans the places, the mailbox and the temporary folder again for ciphertext and "
        "planted markers, and signs one certificate a place. Once the migration is accepted, refused or past its "
        "erase-by date, any command does this by itself. Exit code 20 when the scan finds something.",
        "Effacer ce qui a été fait pour la route, et le certifier. Détruit les clés, identité du destinataire "
        "comprise, efface colis et fichiers temporaires, relit les lieux, la boîte et le dossier temporaire à la "
        "recherche de chiffré et de marqueurs, et signe un certificat par lieu. Une fois la migration acceptée, "
        "refusée ou passée sa date d'effacement, toute commande le fait d'elle-même. Code de sortie 20 si la "
        "relecture trouve quelque chose.",
    ),
    example="ecluse erase -w migration",
)
@workspace
@source_options
@destination_options
@mailbox
def command(*, workspace: Path, **given: Any) -> None:
    """Erase the places of one workspace."""
    site = Site(workspace, setup_of(workspace, given))
    _steps.learn(site)
    made = erase(site)
    write_setup(workspace, site.setup)
    write_reports(workspace)
    _output.emit({"certificates": [to_json(each) for each in made], "states": _steps.states_json(site)})
