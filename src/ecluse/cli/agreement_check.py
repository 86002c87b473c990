"""``ecluse agreement check``."""

import datetime as dt
from pathlib import Path

from ecluse.cli import _output
from ecluse.cli._app import FILE, argument, define
from ecluse.cli._problems import refuse
from ecluse.cli._text import Text, tr
from ecluse.control.forms import agreement_problems
from ecluse.domain.agreement import Agreement, letter_of
from ecluse.domain.errors import AgreementError
from ecluse.wire import documents


@define(
    Text(
        "List what is missing, letter by letter. Each problem names file, line and field, and the letter of Art. 28(3) "
        "or the annex that it leaves unanswered.",
        "Lister ce qui manque, lettre par lettre. Chaque problème dit le fichier, la ligne, le champ, et la lettre de "
        "l'art. 28(3) ou l'annexe qui reste sans réponse.",
    ),
    example="ecluse agreement check agreement.yaml",
)
@argument("file", type=FILE, text=Text("The draft, or its signed form.", "Le brouillon, ou sa forme signée."))
def command(file: Path) -> None:
    """Check one agreement."""
    document = documents.read(file)
    today = dt.datetime.now(dt.UTC).date()
    refuse(document, agreement_problems(document, today), AgreementError, letter_of)
    agreement = document.to(Agreement)
    _output.emit({"file": str(file), "problems": []})
    _output.say(
        tr(
            f"{file}: complete under Art. 28(3), letters (a) to (h), annexes I to IV",
            f"{file} : complet selon l'art. 28(3), lettres (a) à (h), annexes I à IV",
        )
    )
    start, end = agreement.in_force_from, agreement.in_force_until
    _output.say(tr(f"in force from {start} until {end}", f"en vigueur du {start} au {end}"))
    if today < start:
        _output.warn(tr("not in force yet: no order stands on it before", "pas encore en vigueur : aucun ordre avant")
                     + f" {start}")  # fmt: skip
