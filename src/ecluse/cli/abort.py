"""``ecluse abort``."""

from pathlib import Path
from typing import Any

from ecluse.cli import _output, _steps
from ecluse.cli._app import define
from ecluse.cli._erasure import erase_if_due
from ecluse.cli._instruct import instruct, instruction_options, tell
from ecluse.cli._options import destination_options, mailbox, setup_of, source_options, workspace
from ecluse.cli._overdue import remind
from ecluse.cli._site import Site
from ecluse.cli._text import Text, tr
from ecluse.control.setup import write_setup
from ecluse.domain.instruction import Action
from ecluse.domain.lifecycle import State
from ecluse.wire.artefacts import to_json

KEY = Text("Key of the controller's director.", "Clé du directeur du responsable.")


@define(
    Text(
        "Give a migration up, at either place, for good. Signs the director's instruction with its reason, records it "
        "at each place here, leaves it in the mailbox for the other, and erases what was made for the way, as erase "
        "does. Nothing can be resumed afterwards; make a new order. What was published in the new system's own tables "
        "stays there, and the old system is not touched.",
        "Abandonner une migration, dans l'un ou l'autre lieu, pour de bon. Signe l'instruction du directeur avec son "
        "motif, l'inscrit à chaque lieu d'ici, la laisse dans la boîte pour l'autre, et efface ce qui a été fait pour "
        "la route, comme erase. Rien ne se reprend ensuite ; faites un nouvel ordre. Ce qui est publié dans les tables "
        "propres du nouveau système y reste, et l'ancien système n'est pas touché.",
    ),
    example="ecluse abort -w migration --key director.key --reason 'the laboratory keeps its system'",
)
@workspace
@instruction_options(KEY, required=True)
@source_options
@destination_options
@mailbox
def command(*, workspace: Path, key: Path, reason: str, **given: Any) -> None:
    """Abort one migration, and erase it."""
    site = Site(workspace, setup_of(workspace, given))
    remind(workspace)
    published = _steps.states(site)[1] in {State.LOADED, State.RECONCILED}
    made, places = instruct(site, key, Action.ABORT, reason)
    write_setup(workspace, site.setup)
    tell(made, places)
    if published:
        _output.warn(
            tr("rows were published in the new system's tables: they stay there, and removing them is the controller's",
               "des lignes sont publiées dans les tables du nouveau système : elles y restent, les ôter revient au "
               "responsable")
        )  # fmt: skip
    erase_if_due(site)
    _output.emit({"instruction": to_json(made), "places": places, "states": _steps.states_json(site)})
