"""``ecluse agreement new``."""

from pathlib import Path

from ecluse.cli import _output
from ecluse.cli._app import FILE, argument, define
from ecluse.cli._drafts import draft
from ecluse.cli._text import Text, language, tr
from ecluse.control.measures import proposed_yaml
from ecluse.control.papers import write_new
from ecluse.control.report_words import Lang

_MEASURES = "measures: []  # @measures@\n"


@define(
    Text(
        "Write a commented draft. Every field says which letter of Art. 28(3) or which annex it answers; the measures "
        "of annex III are proposed from what Écluse enforces; what only you know is left empty for 'check' to list.",
        "Écrire un brouillon commenté. Chaque champ dit à quelle lettre de l'art. 28(3) ou à quelle annexe il répond ; "
        "les mesures de l'annexe III sont proposées d'après ce qu'Écluse impose ; ce que vous seul savez reste vide, "
        "et 'check' le liste.",
    ),
    example="ecluse agreement new agreement.yaml",
)
@argument("file", type=FILE, text=Text("File to create; never over another.", "Fichier à créer ; jamais sur un autre."))
def command(file: Path) -> None:
    """Write the draft."""
    lang: Lang = "fr" if language() == "fr" else "en"
    write_new(file, draft("agreement").replace(_MEASURES, proposed_yaml(lang)))
    _output.emit({"file": str(file)})
    _output.say(
        tr(
            f"{file}: fill it in, then: ecluse agreement check {file}",
            f"{file} : remplissez-le, puis : ecluse agreement check {file}",
        )
    )
