"""``ecluse receive``."""

from pathlib import Path
from typing import Any

from ecluse.cli import _output, _steps
from ecluse.cli._app import FILE, define, option
from ecluse.cli._erasure import erase_if_due
from ecluse.cli._options import destination_options, mailbox, setup_of, workspace
from ecluse.cli._site import Site
from ecluse.cli._text import Text
from ecluse.control.papers import read_paper
from ecluse.control.setup import write_setup
from ecluse.domain.agreement import Agreement


@define(
    Text(
        "Fetch and verify what was sent. Nothing is believed before agreement, order, plan and every receipt have "
        "verified; each receipt is countersigned with the agent's key.",
        "Prendre et vérifier ce qui a été envoyé. Rien n'est cru avant que contrat, ordre, plan et chaque récépissé "
        "ne soient vérifiés ; chaque récépissé est contresigné avec la clé de l'agent.",
    ),
    example="ecluse receive -w migration --mailbox /mnt/exchange --agreement agreement.json \\\n"
    "    --destination-agent-key agent-dest.key",
)
@workspace
@option(
    "--agreement",
    type=FILE,
    default=None,
    text=Text(
        "The agreement that you hold; the mailbox must bring this very one.",
        "Le contrat que vous détenez ; la boîte doit apporter celui-là même.",
    ),
)
@destination_options
@mailbox
def command(*, workspace: Path, agreement: Path | None, **given: Any) -> None:
    """Receive one migration."""
    setup = setup_of(workspace, given)
    site = Site(workspace, setup.told_of(read_paper(Agreement, agreement).digest) if agreement else setup)
    erase_if_due(site)
    _steps.receive(site)
    write_setup(workspace, site.setup)
    _output.emit({"step": "receive", "states": _steps.states_json(site)})
