"""``ecluse load``."""

from pathlib import Path
from typing import Any

from ecluse.cli import _output, _steps
from ecluse.cli._app import define
from ecluse.cli._erasure import erase_if_due
from ecluse.cli._options import destination_options, setup_of, workspace
from ecluse.cli._site import Site
from ecluse.cli._text import Text
from ecluse.control.setup import write_setup


@define(
    Text(
        "Load what was received. Each parcel is opened in memory, checked against the order again, and loaded "
        "exactly once; then everything is published into the new system's own tables.",
        "Charger ce qui a été reçu. Chaque colis est ouvert en mémoire, vérifié à nouveau avec l'ordre, et chargé "
        "exactement une fois ; puis tout est publié dans les tables du nouveau système.",
    ),
    example="ecluse load -w migration --destination new.sqlite --destination-profile demo-kalisil \\\n"
    "    --identity kalisil.key",
)
@workspace
@destination_options
def command(*, workspace: Path, **given: Any) -> None:
    """Run one load."""
    site = Site(workspace, setup_of(workspace, given))
    erase_if_due(site)
    _steps.load(site)
    write_setup(workspace, site.setup)
    _output.emit({"step": "load", "states": _steps.states_json(site)})
