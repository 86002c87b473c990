"""``ecluse agreement export``."""

from pathlib import Path

import click

from ecluse.cli import _output
from ecluse.cli._app import FILE, argument, define, option
from ecluse.cli._documents import FORMATS, LANGUAGE, OUT, check_free, keep, lang_of, rendered
from ecluse.cli._problems import refuse
from ecluse.cli._text import Text, tr
from ecluse.control.agreement_document import agreement_document
from ecluse.control.forms import problems_of
from ecluse.control.papers import canonical_file, read_paper
from ecluse.control.signatures import verified_signers
from ecluse.domain.agreement import Agreement, letter_of
from ecluse.domain.errors import AgreementError
from ecluse.wire import documents
from ecluse.wire.artefacts import digest_of


@define(
    Text(
        "Write it as a document to read, print and file. After the structure of the EU clauses (Decision 2021/915), "
        "with the signatures that verify, the keys' fingerprints and the digest; a draft says that it is one. The "
        "wording around the parties' own is Écluse's: have counsel read it. The same agreement gives the same bytes.",
        "L'écrire comme un document à lire, imprimer et classer. Selon le plan des clauses de l'UE (décision "
        "2021/915), avec les signatures vérifiées, les empreintes des clés et celle du contrat ; un projet dit "
        "qu'il en est un. La rédaction autour des mots des parties est celle d'Écluse : faites-la relire. Le même "
        "contrat donne les mêmes octets.",
    ),
    example="ecluse agreement export agreement.json --format pdf --language fr --out contrat.pdf",
)
@argument("file", type=FILE, text=Text("The draft, or its signed form.", "Le brouillon, ou sa forme signée."))
@option("--format", "form", type=click.Choice(FORMATS), required=True, text=Text("Kind of file.", "Type de fichier."))
@option("--language", **LANGUAGE)
@option("--out", **OUT)
def command(file: Path, form: str, language: str | None, out: Path) -> None:
    """Write one document."""
    check_free(out)
    agreement, signed_by = _read(file)
    keep(out, rendered(agreement_document(agreement, lang_of(language), signed_by=signed_by), form))
    _output.emit({"file": str(out), "digest": digest_of(agreement), "signed_by": sorted(signed_by)})
    _output.say(f"{out}")
    if not signed_by:
        _output.warn(tr("nobody has signed this agreement: the document says DRAFT",
                        "personne n'a signé ce contrat : le document dit PROJET"))  # fmt: skip


def _read(file: Path) -> tuple[Agreement, frozenset[str]]:
    """An agreement, and whose signatures over this very text verify; a wrong one is refused."""
    document = documents.read(file)
    refuse(document, problems_of(document, Agreement), AgreementError, letter_of)
    agreement = document.to(Agreement)
    if not canonical_file(file).is_file():
        return agreement, frozenset()
    paper = read_paper(Agreement, file)
    if paper.value != agreement:
        return agreement, frozenset()
    return agreement, verified_signers(agreement, paper.signatures, agreement)
