"""Files that the room hands out: documents for people, and signed artefacts for whoever checks them elsewhere."""

import io
import re
import zipfile
from collections.abc import Iterable

from django.http import HttpRequest, HttpResponse
from django.utils.safestring import SafeString, mark_safe

from ecluse.control.document import Document
from ecluse.control.document_html import document_blocks, document_html
from ecluse.control.report_words import Lang
from ecluse.domain.agreement import Agreement
from ecluse.domain.errors import UsageError
from ecluse.portal.words import language
from ecluse.store.reads.papers import signatures_of
from ecluse.wire.artefacts import digest_of, encode, kind_of, namespace

TYPES = {
    "pdf": "application/pdf",
    "docx": "application/vnd.openxmlformats-officedocument.wordprocessingml.document",
    "html": "text/html; charset=utf-8",
    "csv": "text/csv; charset=utf-8",
    "json": "application/json",
    "txt": "text/plain; charset=utf-8",
    "zip": "application/zip",
    "age": "application/octet-stream",
}
_EPOCH = (1980, 1, 1, 0, 0, 0)


def asked(request: HttpRequest, *forms: str) -> tuple[str, Lang]:
    """Which form and language an address asks for (``?form=pdf&lang=fr``).

    Raises:
        UsageError: a form or language that there is not.
    """
    form, lang = request.GET.get("form", forms[0]), request.GET.get("lang", language())
    if form not in forms or lang not in {"fr", "en"}:
        raise UsageError("there is no such form or language of this document")
    return form, "fr" if lang == "fr" else "en"


def handed(data: bytes, name: str, form: str) -> HttpResponse:
    """A file to keep: never shown within the room's own pages."""
    response = HttpResponse(data, content_type=TYPES[form])
    safe = re.sub(r"[^A-Za-z0-9._-]", "-", name)
    response["Content-Disposition"] = f'attachment; filename="{safe}.{form}"'
    return response


def shown(document: Document) -> SafeString:
    """A document within a page of the room. Every text in it was escaped where it entered (``control.markup``)."""
    return mark_safe(document_blocks(document))  # noqa: S308 - see above


def rendered(document: Document, form: str) -> bytes:
    """A document as PDF, DOCX or HTML; the libraries are asked for where they are used."""
    if form == "html":
        return document_html(document).encode("utf-8")
    if form == "pdf":
        from ecluse.adapters.documents.pdf import document_pdf  # noqa: PLC0415 - an extra

        return document_pdf(document)
    from ecluse.adapters.documents.docx import document_docx  # noqa: PLC0415 - an extra

    return document_docx(document)


def signed_zip(papers: Iterable[tuple[str, object]], agreement: Agreement) -> bytes:
    """Artefacts by file name, each with its signatures beside it, as the command line keeps them.

    ``allowed_signers`` is for ``ssh-keygen -Y verify``; ``README.txt`` has the commands.
    """
    signers = [s for party in (agreement.controller, agreement.processor) for s in party.signers]
    files: dict[str, bytes] = {}
    commands = []
    for name, value in papers:
        files[f"{name}.json"] = encode(value)
        for signer, armour in signatures_of(digest_of(value)).items():
            files[f"{name}.json.{signer}.sig"] = armour
            commands.append(
                f"ssh-keygen -Y verify -f allowed_signers -I {signer} -n {namespace(kind_of(type(value)))} "
                f"-s {name}.json.{signer}.sig < {name}.json"
            )
    allowed = [f"{each.id} {' '.join(each.key.split()[:2])}" for each in signers]
    files["allowed_signers"] = ("\n".join(allowed) + "\n").encode("ascii")
    files["README.txt"] = ("\n".join(commands) + "\n").encode("utf-8")
    return _zipped(files)


def _zipped(files: dict[str, bytes]) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as made:
        for name, data in sorted(files.items()):
            made.writestr(zipfile.ZipInfo(name, _EPOCH), data, zipfile.ZIP_DEFLATED)
    return out.getvalue()
