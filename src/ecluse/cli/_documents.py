"""Documents for people written to files: format and language chosen, never over another file."""

from pathlib import Path
from typing import Any

import click

from ecluse.cli._app import FILE
from ecluse.cli._text import LANGUAGES, Text, language
from ecluse.control.document import Document
from ecluse.control.document_html import document_html
from ecluse.control.report_words import Lang
from ecluse.domain.errors import Location, UsageError
from ecluse.workspace.files import write_atomic

FORMATS = ("pdf", "docx", "html")
OUT: dict[str, Any] = {
    "type": FILE,
    "required": True,
    "text": Text("File to create; never over another.", "Fichier à créer ; jamais sur un autre."),
}
LANGUAGE: dict[str, Any] = {
    "type": click.Choice(LANGUAGES),
    "text": Text("The document's language; by default that of the command.",
                 "La langue du document ; par défaut celle de la commande."),
}  # fmt: skip


def lang_of(chosen: str | None) -> Lang:
    """The language asked for, else the command's own."""
    return "fr" if (chosen or language()) == "fr" else "en"


def check_free(out: Path) -> None:
    """Refuse a name that is taken, or a folder that is not there, before any work is done.

    Raises:
        UsageError: says which.
    """
    place = Location(file=str(out))
    if out.exists() or out.is_symlink():
        raise UsageError("a file with this name exists already", location=place, hint="choose another name")
    if not out.parent.is_dir():
        raise UsageError("the folder does not exist", location=place)


def rendered(document: Document, form: str) -> bytes:
    """The document in one of :data:`FORMATS`. PDF and DOCX need the ``documents`` extra."""
    if form == "html":
        return document_html(document).encode("utf-8")
    if form == "pdf":
        from ecluse.adapters.documents.pdf import document_pdf  # noqa: PLC0415 - the extra is asked for where it is used

        return document_pdf(document)
    from ecluse.adapters.documents.docx import document_docx  # noqa: PLC0415 - likewise

    return document_docx(document)


def keep(out: Path, data: bytes) -> None:
    """Write the file, for its owner alone, as all that Écluse writes: it names persons."""
    write_atomic(out, data)
