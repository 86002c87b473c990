"""``ecluse journal cosign``."""

import datetime as dt
from pathlib import Path

from ecluse.cli import _output
from ecluse.cli._app import FILE, argument, define, option
from ecluse.cli._overdue import remind
from ecluse.cli._text import Text, tr
from ecluse.control.witnessing import cosign_place
from ecluse.journal import FolderStore, WitnessKey
from ecluse.workspace.place import Workspace


@define(
    Text(
        "Witness that it only ever grew. Cosigns the journal's present state after making sure that it extends the "
        "last one this witness saw, which it remembers in its own folder. The controller is a witness.",
        "Témoigner qu'il n'a fait que croître. Cosigne l'état présent du journal après avoir vérifié qu'il prolonge le "
        "dernier que ce témoin a vu, et dont il garde mémoire dans son propre dossier. Le responsable est un témoin.",
    ),
    example="ecluse key new witness laboratory.key\n"
    "ecluse journal cosign migration/source --key laboratory.key --memory witness/",
)
@argument("place", type=FILE, text=Text("One place.", "Un lieu."))
@option("--key", type=FILE, required=True, text=Text("The witness's key.", "La clé du témoin."))
@option(
    "--memory",
    type=FILE,
    required=True,
    text=Text("The witness's own folder, kept away from the place.", "Le dossier du témoin, gardé loin du lieu."),
)
def command(place: Path, key: Path, memory: Path) -> None:
    """Cosign one place's journal."""
    remind(place)
    witness = WitnessKey.load(key)
    with Workspace(place) as opened:
        cosign_place(opened, witness, FolderStore(memory), dt.datetime.now(dt.UTC))
        size = opened.journal.size
    _output.emit({"place": str(place), "entries": size, "witness": witness.vkey})
    _output.say(
        tr(
            f"{place}: {size} entries cosigned by {witness.name}",
            f"{place} : {size} écritures cosignées par {witness.name}",
        )
    )
    _output.say(witness.vkey)
