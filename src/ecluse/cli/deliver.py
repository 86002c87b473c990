"""``ecluse deliver``."""

from pathlib import Path
from typing import Any

from ecluse.cli import _output, _steps
from ecluse.cli._app import define
from ecluse.cli._erasure import erase_if_due
from ecluse.cli._options import mailbox, setup_of, workspace
from ecluse.cli._site import Site
from ecluse.cli._text import Text
from ecluse.control.setup import write_setup


@define(
    Text(
        "Send the sealed parcels and their papers to the mailbox. Only sealed parcels and signed papers travel.",
        "Envoyer les colis scellés et leurs papiers dans la boîte. Seuls voyagent des colis scellés et des papiers "
        "signés.",
    ),
    example="ecluse deliver -w migration --mailbox /mnt/exchange",
)
@workspace
@mailbox
def command(*, workspace: Path, **given: Any) -> None:
    """Deliver one migration."""
    site = Site(workspace, setup_of(workspace, given))
    erase_if_due(site)
    _steps.deliver(site)
    write_setup(workspace, site.setup)
    _output.emit({"step": "deliver", "states": _steps.states_json(site)})
