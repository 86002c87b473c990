"""``ecluse suspend``."""

from pathlib import Path
from typing import Any

from ecluse.cli import _output, _steps
from ecluse.cli._app import define
from ecluse.cli._instruct import instruct, instruction_options, tell
from ecluse.cli._options import mailbox, setup_of, workspace
from ecluse.cli._overdue import remind
from ecluse.cli._site import Site
from ecluse.cli._text import Text, tr
from ecluse.control.setup import write_setup
from ecluse.domain.instruction import Action
from ecluse.wire.artefacts import to_json

KEY = Text(
    "Key of anybody whom the agreement names.",
    "Clé de quiconque le contrat nomme.",
)


@define(
    Text(
        "Stop a migration, at either place. Signs an instruction with its reason, records it in the journal of each "
        "place here, and leaves it in the mailbox for the other. Anybody whom the agreement names may stop; only the "
        "controller's director lets go on (resume --key). Until then nothing is extracted, delivered, received, "
        "loaded, reconciled or decided (exit code 16). An agent at work holds its place (exit code 32): interrupt it "
        "first, nothing is lost.",
        "Arrêter une migration, dans l'un ou l'autre lieu. Signe une instruction avec son motif, l'inscrit au journal "
        "de chaque lieu d'ici, et la laisse dans la boîte pour l'autre. Quiconque le contrat nomme peut arrêter ; seul "
        "le directeur du responsable fait reprendre (resume --key). Jusque-là rien n'est extrait, remis, reçu, chargé, "
        "réconcilié ni décidé (code 16). Un agent à l'œuvre tient son lieu (code 32) : interrompez-le d'abord, "
        "rien n'est perdu.",
    ),
    example="ecluse suspend -w migration --key agent-source.key --reason 'source restored from a backup'",
)
@workspace
@instruction_options(KEY, required=True)
@mailbox
def command(*, workspace: Path, key: Path, reason: str, **given: Any) -> None:
    """Suspend one migration."""
    site = Site(workspace, setup_of(workspace, given))
    remind(workspace)
    made, places = instruct(site, key, Action.SUSPEND, reason)
    write_setup(workspace, site.setup)
    tell(made, places)
    _output.say(
        tr(f"to go on, the director: ecluse resume -w {workspace} --key KEY --reason WHY",
           f"pour reprendre, le directeur : ecluse resume -w {workspace} --key CLÉ --reason MOTIF")
    )  # fmt: skip
    _output.emit({"instruction": to_json(made), "places": places, "states": _steps.states_json(site)})
