"""``ecluse extract``."""

from pathlib import Path
from typing import Any

from ecluse.cli import _output, _steps
from ecluse.cli._app import define
from ecluse.cli._erasure import erase_if_due
from ecluse.cli._options import setup_of, source_options, workspace
from ecluse.cli._site import Site
from ecluse.cli._text import Text
from ecluse.control.setup import write_setup


@define(
    Text(
        "Extract what is planned. Each batch is read by the exact query, checked at the gate, sealed to the "
        "recipient in memory and receipted; a row or column outside the order stops everything (exit code 15). "
        "Killed at any instant, the same command goes on.",
        "Extraire ce qui est prévu. Chaque lot est lu par la requête exacte, vérifié à la porte, scellé en mémoire "
        "pour le destinataire, avec son récépissé ; une ligne ou une colonne hors de l'ordre arrête tout (code 15). "
        "Tuée à tout instant, la même commande continue.",
    ),
    example="ecluse extract -w migration",
)
@workspace
@source_options
def command(*, workspace: Path, **given: Any) -> None:
    """Run one extraction."""
    site = Site(workspace, setup_of(workspace, given))
    erase_if_due(site)
    _steps.extract(site)
    write_setup(workspace, site.setup)
    _output.emit({"step": "extract", "states": _steps.states_json(site)})
