"""Documents as files, opened by readers that are not ours: pypdf, python-docx, XML."""

import datetime as dt
import io
import re
import subprocess
import sys
import time
import unicodedata
import xml.etree.ElementTree as ET
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import docx
import pytest
from pypdf import PdfReader
from pypdf.generic import NullObject

from artefact_samples import AGREEMENT, put
from ecluse.adapters.documents.docx import document_docx
from ecluse.adapters.documents.pdf import document_pdf
from ecluse.control.agreement_document import agreement_document
from ecluse.control.document import Blanks, Document, Heading, Table, texts
from ecluse.control.register import Activity, register
from ecluse.control.register_document import register_document
from ecluse.control.report_words import LANGUAGES, Lang
from ecluse.domain.agreement import Agreement
from ecluse.wire.artefacts import validate

ROOT = Path(__file__).parents[3]
PROSE = "Un œuvre « d’art » – à 5 €, n° 1 ; ½ — æ Œ ÿ Ÿ ç É. " * 60
HOSTILE = put(put(put(put(AGREEMENT, "clauses.c_security", "x" * 7000),
                      "clauses.h_audits", "<b>&amp;</b> #set page() \\u{0} $x$ \x00\x1b\u202e"),
                  "controller.name", "مختبر الأنهار – מעבדת הנהרות"),
              "processing.nature", "汉字 🎉 देवनागरी ไทย e\u0301 ﷺ \U0001f9ec")  # fmt: skip
LONG = put(AGREEMENT, "measures", [{"heading": f"Mesure {n}", "description": PROSE[:3000]} for n in range(34)])
SAMPLES: dict[str, Callable[[Lang], Document]] = {
    "agreement": lambda lang: agreement_document(validate(Agreement, AGREEMENT), lang),
    "signed": lambda lang: agreement_document(
        validate(Agreement, AGREEMENT), lang, signed_by={"dr.martin", "m.gerant"}
    ),
    "hostile": lambda lang: agreement_document(validate(Agreement, HOSTILE), lang),
    "100 kB of prose": lambda lang: agreement_document(validate(Agreement, LONG), lang),
    "register": lambda lang: register_document(
        register([Activity(validate(Agreement, AGREEMENT))], dt.date(2026, 3, 1)), lang
    ),
}


def bare(text: str) -> str:
    """Without what a page's layout adds: spaces, line ends, ligatures, places to break."""
    return re.sub(r"[\s\u200b\u00ad]+", "", unicodedata.normalize("NFKC", text))


def read(document: Document) -> tuple[str, bool]:
    """The bare text of a document's PDF without its pages' feet, and whether each page has its own."""
    pages = [page.extract_text() for page in PdfReader(io.BytesIO(document_pdf(document))).pages]
    feet = [
        f"{bare(document.footer)}{bare(document.page.format(here=n, all=len(pages)))}" for n in range(1, len(pages) + 1)
    ]
    found = [bare(page) for page in pages]
    whole = all(page.count(foot) == 1 for page, foot in zip(found, feet, strict=True))
    return "".join(page.replace(foot, "") for page, foot in zip(found, feet, strict=True)), whole


@pytest.mark.parametrize("lang", LANGUAGES)
@pytest.mark.parametrize("name", ["agreement", "signed", "100 kB of prose", "register"])
def test_every_text_is_in_the_pdf(name: str, lang: Lang) -> None:
    document = SAMPLES[name](lang)
    found, feet = read(document)
    hidden = {block.caption for block in document.blocks if getattr(block, "titled", False)}
    for text in {*texts(document)} - hidden - {document.footer}:
        assert bare(text) in found, text[:200]
    assert feet


@pytest.mark.parametrize("lang", LANGUAGES)
@pytest.mark.parametrize("name", SAMPLES)
def test_the_pdf_is_tagged_archival_and_says_its_language(name: str, lang: Lang) -> None:
    document = SAMPLES[name](lang)
    reader = PdfReader(io.BytesIO(document_pdf(document)))
    root = reader.root_object
    assert bool(root["/MarkInfo"]["/Marked"])
    assert root["/Lang"] == lang
    assert "/StructTreeRoot" in root
    xmp = root["/Metadata"].get_object().get_data().decode()
    assert "<pdfuaid:part>1</pdfuaid:part>" in xmp
    assert "<pdfaid:part>2</pdfaid:part>" in xmp
    assert "<pdfaid:conformance>A</pdfaid:conformance>" in xmp
    assert reader.metadata.title == document.title
    assert len(reader.outline) >= 3
    for page in reader.pages:
        for font in page["/Resources"]["/Font"].values():
            described = font["/DescendantFonts"][0]["/FontDescriptor"]
            assert {"/FontFile2", "/FontFile3"} & set(described), "a font is not embedded"


def test_characters_that_the_fonts_lack_are_spelt_out() -> None:
    found, _feet = read(SAMPLES["hostile"]("fr"))
    for spelt in ("\\u6c49\\u5b57", "\\u1f389", "\\u0000\\u001b\\u202e", "<b>&amp;</b>#setpage()"):
        assert bare(spelt) in found
    assert "x" * 7000 in found


def test_thousands_of_strange_characters_are_drawn_in_seconds() -> None:
    strange = "".join(chr(n) for n in range(0x1200, 0x2E00) if unicodedata.category(chr(n)) in {"Lo", "So", "Sm"})
    value = AGREEMENT
    for place, name in enumerate(("a_transfers", "b_confidentiality")):
        value = put(value, f"clauses.{name}", strange[place * 3000 :][:3000])
    began = time.process_time()
    data = document_pdf(agreement_document(validate(Agreement, value), "en"))
    assert time.process_time() - began < 60
    assert data.startswith(b"%PDF-")


def test_long_words_stay_on_the_page() -> None:
    reader = PdfReader(io.BytesIO(document_pdf(SAMPLES["hostile"]("en"))))
    lines = [line for page in reader.pages for line in page.extract_text().splitlines()]
    assert max(map(len, lines)) < 200


@pytest.mark.parametrize("lang", LANGUAGES)
@pytest.mark.parametrize("name", SAMPLES)
def test_every_text_is_in_the_docx(name: str, lang: Lang) -> None:
    document = SAMPLES[name](lang)
    data = document_docx(document)
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        for part in archive.namelist():
            if part.endswith((".xml", ".rels")):
                ET.fromstring(archive.read(part))  # noqa: S314 - our own
        body = "".join(ET.fromstring(archive.read("word/document.xml")).itertext())  # noqa: S314 - our own
        captions = re.findall(r'<w:tblCaption w:val="([^"]*)"', archive.read("word/document.xml").decode())
    opened = docx.Document(io.BytesIO(data))
    assert opened.core_properties.title == document.title
    found = bare(body + "".join(captions) + "".join(p.text for p in opened.sections[0].footer.paragraphs))
    for text in texts(document):
        assert bare(text.replace("&", "&amp;")) in found or bare(text) in found, text[:200]
    heads = [p.text for p in opened.paragraphs if p.style.name.startswith(("Heading", "Title"))]
    assert heads[0] == document.title
    assert len(heads) == 1 + sum(type(block).__name__ == "Heading" for block in document.blocks)


def test_the_docx_repeats_its_header_rows_and_says_its_language() -> None:
    with zipfile.ZipFile(io.BytesIO(document_docx(SAMPLES["agreement"]("fr")))) as archive:
        assert "<w:tblHeader/>" in archive.read("word/document.xml").decode()
        assert '<w:lang w:val="fr-FR"/>' in archive.read("word/styles.xml").decode()


_MAKE = """
import sys
from artefact_samples import AGREEMENT
from ecluse.adapters.documents.docx import document_docx
from ecluse.adapters.documents.pdf import document_pdf
from ecluse.control.agreement_document import agreement_document
from ecluse.domain.agreement import Agreement
from ecluse.wire.artefacts import validate
import hashlib
document = agreement_document(validate(Agreement, AGREEMENT), "fr")
print(hashlib.sha256(document_pdf(document)).hexdigest(), hashlib.sha256(document_docx(document)).hexdigest())
"""


def test_same_document_same_bytes_in_other_processes_times_and_zones(tmp_path: Path) -> None:
    found = set()
    for seed, zone in (("1", "UTC"), ("2", "Pacific/Kiritimati")):
        environment = {"PYTHONPATH": f"{ROOT / 'src'}:{ROOT / 'tests'}", "PYTHONHASHSEED": seed, "TZ": zone,
                       "SOURCE_DATE_EPOCH": seed, "HOME": str(tmp_path)}  # fmt: skip
        done = subprocess.run([sys.executable, "-c", _MAKE], env=environment, cwd=tmp_path, capture_output=True,
                              text=True, check=True)  # fmt: skip
        found.add(done.stdout)
    assert len(found) == 1


def test_no_file_knows_when_it_was_made() -> None:
    document = SAMPLES["agreement"]("en")
    made = PdfReader(io.BytesIO(document_pdf(document))).metadata
    assert made.creation_date.date() == document.dated
    data = document_docx(document)
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        assert {member.date_time for member in archive.infolist()} == {(1980, 1, 1, 0, 0, 0)}
    facts = docx.Document(io.BytesIO(data)).core_properties
    assert facts.created.date() == facts.modified.date() == document.dated


def test_there_is_room_to_sign_by_hand() -> None:
    blanks = [block for block in SAMPLES["agreement"]("fr").blocks if isinstance(block, Blanks)]
    assert [party[1] for party in blanks[0].parties] == ["Laboratoire des Trois Rivières", "Migrations SA"]


def test_headings_tables_and_lists_are_tagged_as_such() -> None:
    reader = PdfReader(io.BytesIO(document_pdf(SAMPLES["agreement"]("fr"))))
    found: dict[str, int] = {}

    def walk(node: Any) -> None:
        node = node.get_object()
        if isinstance(node, list):
            for part in node:
                walk(part)
        elif isinstance(node, dict):
            found[node.get("/S", "")] = found.get(node.get("/S", ""), 0) + 1
            walk(node.get("/K", NullObject()))

    walk(reader.root_object["/StructTreeRoot"]["/K"])
    tables = [block for block in SAMPLES["agreement"]("fr").blocks if isinstance(block, Table)]
    heads = [block for block in SAMPLES["agreement"]("fr").blocks if isinstance(block, Heading)]
    assert found["/Table"] == len(tables)
    assert found["/TH"] == sum(len(table.head) for table in tables)
    assert found["/H1"] + found["/H2"] + found["/H3"] == len(heads)
