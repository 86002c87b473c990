"""``ecluse resume``."""

from pathlib import Path
from typing import Any

from ecluse.cli import _output, _steps
from ecluse.cli._app import FILE, define, option
from ecluse.cli._conduct import conduct, lift_suspension
from ecluse.cli._instruct import instruction_options
from ecluse.cli._options import destination_options, mailbox, setup_of, source_options, workspace
from ecluse.cli._site import Site
from ecluse.cli._text import Text, tr
from ecluse.cli.run import ACCEPT_KEY
from ecluse.control.setup import write_setup

KEY = Text(
    "Key of the controller's director, to lift a suspension by instruction.",
    "Clé du directeur du responsable, pour lever une suspension par instruction.",
)


@define(
    Text(
        "Go on after a suspension or a crash. A migration is suspended when a gate stopped it, or when somebody did "
        "(suspend): make sure why (journal show) before you resume it. What somebody suspended, only the controller's "
        "director resumes, with --key and --reason. Then does what run does.",
        "Continuer après une suspension ou une panne. Une migration est suspendue quand une porte l'a arrêtée, ou "
        "quelqu'un (suspend) : sachez pourquoi (journal show) avant de la reprendre. Ce que quelqu'un a suspendu, seul "
        "le directeur du responsable le reprend, avec --key et --reason. Fait ensuite ce que fait run.",
    ),
    example="ecluse resume -w migration\n"
    "ecluse resume -w migration --key director.key --reason 'looked into, all is well' --lift",
)
@workspace
@instruction_options(KEY, required=False)
@option("--lift", is_flag=True, text=Text("Lift the suspension, and do nothing else.",
                                          "Lever la suspension, et ne rien faire d'autre."))  # fmt: skip
@source_options
@destination_options
@mailbox
@option("--accept-key", type=FILE, default=None, text=ACCEPT_KEY)
def command(
    *, workspace: Path, key: Path | None, reason: str | None, lift: bool, accept_key: Path | None, **given: Any
) -> None:
    """Resume one migration."""
    site = Site(workspace, setup_of(workspace, given))
    for place in lift_suspension(site, key, reason):
        _output.say(tr(f"resumed: {place}", f"repris : {place}"))
    if lift:
        write_setup(workspace, site.setup)
        _output.emit({"states": _steps.states_json(site)})
        _steps.hear(site)
        return
    conduct(site, accept_key)
