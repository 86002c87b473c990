"""``ecluse register export``."""

import datetime as dt
from pathlib import Path

import click

from ecluse.cli import _output
from ecluse.cli._app import FILE, argument, define, option
from ecluse.cli._documents import FORMATS, LANGUAGE, OUT, check_free, keep, lang_of, rendered
from ecluse.cli._overdue import remind
from ecluse.cli._text import Text, tr
from ecluse.control.papers import read_paper
from ecluse.control.register import Activity, activities_of, register, register_csv
from ecluse.control.register_document import register_document
from ecluse.control.signatures import verified_signers
from ecluse.domain.agreement import Agreement
from ecluse.domain.policies import check_agreement_signed


@define(
    Text(
        "Write the processor's register of processing activities. What GDPR Art. 30(2) asks, from the agreements, "
        "orders and journals of workspaces, and from signed agreements without one. In CSV, a cell that a "
        "spreadsheet would take for a formula begins with an apostrophe.",
        "Écrire le registre des activités de traitement du sous-traitant. Ce que l'art. 30(2) du RGPD demande, "
        "d'après les contrats, ordres et journaux des espaces de travail, et d'après des contrats signés qui n'en "
        "ont pas. En CSV, une cellule qu'un tableur prendrait pour une formule commence par une apostrophe.",
    ),
    example="ecluse register export migration --format csv --excel --out register.csv\n"
    "ecluse register export migration --agreement other.json --format pdf --out register.pdf",
)
@argument(
    "workspaces",
    type=FILE,
    nargs=-1,
    text=Text("Workspaces, or their folders with both places.", "Espaces de travail, ou leurs dossiers à deux lieux."),
)
@option(
    "--agreement",
    "agreements",
    type=FILE,
    multiple=True,
    text=Text(
        "A signed agreement besides, X.json; may be given again.", "Un contrat signé en plus, X.json ; répétable."
    ),
)
@option("--processor", text=Text("Whose register, where the agreements name several processors.",
                                 "De qui, si les contrats nomment plusieurs sous-traitants."))  # fmt: skip
@option("--format", "form", type=click.Choice(("csv", *FORMATS)), required=True,
        text=Text("Kind of file.", "Type de fichier."))  # fmt: skip
@option("--excel", is_flag=True, text=Text("CSV as Excel opens it: byte order mark, semicolons in French.",
                                           "CSV tel qu'Excel l'ouvre : marque d'ordre, points-virgules."))  # fmt: skip
@option("--language", **LANGUAGE)
@option("--out", **OUT)
def command(
    *,
    workspaces: tuple[Path, ...],
    agreements: tuple[Path, ...],
    processor: str | None,
    form: str,
    excel: bool,
    language: str | None,
    out: Path,
) -> None:
    """Write one register."""
    check_free(out)
    for root in workspaces:
        remind(root)
    activities = (*activities_of(workspaces), *map(_signed, agreements))
    made, lang = register(activities, dt.datetime.now(dt.UTC).date(), processor), lang_of(language)
    keep(out, register_csv(made, lang, excel=excel) if form == "csv" else rendered(register_document(made, lang), form))
    orders = sum(len(each.migrations) for each in made.activities)
    _output.emit({"file": str(out), "processor": made.processor.name, "agreements": len(made.activities),
                  "orders": orders})  # fmt: skip
    count = len(made.activities)
    _output.say(tr(f"{out}: agreements: {count}, orders: {orders}", f"{out} : contrats : {count}, ordres : {orders}"))


def _signed(file: Path) -> Activity:
    paper = read_paper(Agreement, file)
    check_agreement_signed(paper.value, verified_signers(paper.value, paper.signatures, paper.value))
    return Activity(paper.value)
