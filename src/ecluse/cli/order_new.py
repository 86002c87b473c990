"""``ecluse order new``."""

from pathlib import Path

from ecluse.cli import _output
from ecluse.cli._app import FILE, argument, define
from ecluse.cli._drafts import draft
from ecluse.cli._text import Text, tr
from ecluse.control.papers import write_new


@define(
    Text(
        "Write a commented draft. It names few fields: add those that the new system needs, from the catalogue.",
        "Écrire un brouillon commenté. Il nomme peu de champs : ajoutez du catalogue ceux que demande le nouveau "
        "système.",
    ),
    example="ecluse order new order.yaml",
)
@argument("file", type=FILE, text=Text("File to create; never over another.", "Fichier à créer ; jamais sur un autre."))
def command(file: Path) -> None:
    """Write the draft."""
    write_new(file, draft("order"))
    _output.emit({"file": str(file)})
    _output.say(
        tr(
            f"{file}: fill it in, then: ecluse order check {file} --agreement AGREEMENT.json",
            f"{file} : remplissez-le, puis : ecluse order check {file} --agreement CONTRAT.json",
        )
    )
