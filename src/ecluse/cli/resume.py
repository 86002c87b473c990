"""``ecluse resume``."""

from pathlib import Path
from typing import Any

from ecluse.cli import _output
from ecluse.cli._app import FILE, define, option
from ecluse.cli._conduct import conduct, lift_suspension
from ecluse.cli._options import destination_options, mailbox, setup_of, source_options, workspace
from ecluse.cli._site import Site
from ecluse.cli._text import Text, tr
from ecluse.cli.run import ACCEPT_KEY


@define(
    Text(
        "Go on after a suspension or a crash. A migration is suspended when a gate stopped it: make sure why (journal "
        "show) before you resume it. Then does what run does.",
        "Continuer après une suspension ou une panne. Une migration est suspendue quand une porte l'a arrêtée : sachez "
        "pourquoi (journal show) avant de la reprendre. Fait ensuite ce que fait run.",
    ),
    example="ecluse resume -w migration",
)
@workspace
@source_options
@destination_options
@mailbox
@option("--accept-key", type=FILE, default=None, text=ACCEPT_KEY)
def command(*, workspace: Path, accept_key: Path | None, **given: Any) -> None:
    """Resume one migration."""
    site = Site(workspace, setup_of(workspace, given))
    for place in lift_suspension(site):
        _output.say(tr(f"resumed: {place}", f"repris : {place}"))
    conduct(site, accept_key)
