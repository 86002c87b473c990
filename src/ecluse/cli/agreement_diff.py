"""``ecluse agreement diff``."""

from pathlib import Path

from ecluse.cli._app import FILE, argument, define
from ecluse.cli._changes import NEW, OLD, show_changes
from ecluse.cli._problems import refuse
from ecluse.cli._text import Text, language
from ecluse.control.compare import agreement_changes
from ecluse.control.forms import problems_of
from ecluse.domain.agreement import Agreement, letter_of
from ecluse.domain.errors import AgreementError
from ecluse.wire import documents


@define(
    Text(
        "Show what a new agreement changes in an earlier one. Parties, signers, clauses, measures, sub-processors, "
        "hosting: before and after.",
        "Montrer ce qu'un nouveau contrat change à un autre. Parties, signataires, clauses, mesures, sous-traitants, "
        "hébergement : avant et après.",
    ),
    example="ecluse agreement diff agreement.json agreement-2027.yaml",
)
@argument("old", type=FILE, text=OLD)
@argument("new", type=FILE, text=NEW)
def command(old: Path, new: Path) -> None:
    """Compare two agreements."""
    show_changes(agreement_changes(_read(old), _read(new), "fr" if language() == "fr" else "en"))


def _read(file: Path) -> Agreement:
    document = documents.read(file)
    refuse(document, problems_of(document, Agreement), AgreementError, letter_of)
    return document.to(Agreement)
