"""Any agreement and any order that the formats take can be drawn, filed and compared; nothing invisible reaches a page."""

import csv
import datetime as dt
import io
import unicodedata
import xml.etree.ElementTree as ET
import zipfile
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st
from pypdf import PdfReader

from artefact_strategies import artefacts
from ecluse.adapters.documents.docx import document_docx
from ecluse.adapters.documents.pdf import document_pdf
from ecluse.control.agreement_document import agreement_document
from ecluse.control.compare import agreement_changes, order_changes
from ecluse.control.document import texts
from ecluse.control.document_html import document_html
from ecluse.control.register import Activity, Migration, register, register_csv
from ecluse.control.register_document import register_document
from ecluse.control.report_words import LANGUAGES
from ecluse.domain.agreement import Agreement
from ecluse.domain.order import Order
from ecluse.wire.artefacts import validate

DAY = dt.date(2026, 3, 1)
HIDDEN = {"Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"}
agreements = artefacts("agreement").map(lambda value: validate(Agreement, value))
orders = artefacts("order").map(lambda value: validate(Order, value))
langs = st.sampled_from(LANGUAGES)
drawn = settings(max_examples=max(5, (settings.default or settings()).max_examples // 8))
"""Six files an example: fewer examples than for values."""


@drawn
@given(agreements, orders, langs)
def test_fuzz_documents(agreement: Agreement, order: Order, lang: Any) -> None:
    made = register([Activity(agreement, (Migration(order),))], DAY)
    for document in (agreement_document(agreement, lang), register_document(made, lang)):
        assert all(unicodedata.category(c) not in HIDDEN for text in texts(document) for c in text)
        assert document_html(document).startswith("<!doctype html>")
        reader = PdfReader(io.BytesIO(document_pdf(document)))
        assert len(reader.pages) > 0
        with zipfile.ZipFile(io.BytesIO(document_docx(document))) as archive:
            ET.fromstring(archive.read("word/document.xml"))  # noqa: S314 - our own
    rows = list(csv.reader(io.StringIO(register_csv(made, lang).decode(), newline="")))
    assert len(rows) == 2
    assert not any(cell.lstrip().startswith(("=", "+", "-", "@")) for cell in rows[1])


@given(agreements, agreements, langs)
def test_fuzz_agreements_compared(one: Agreement, other: Agreement, lang: Any) -> None:
    assert agreement_changes(one, one, lang) == ()
    assert bool(agreement_changes(one, other, lang)) is (one != other)


@given(orders, orders, langs)
def test_fuzz_orders_compared(one: Order, other: Order, lang: Any) -> None:
    assert order_changes(one, one, lang) == ()
    if one.order == other.order:
        forth, back = order_changes(one, other, lang), order_changes(other, one, lang)
        assert bool(forth) is (one != other)
        assert {(c.path, c.before, c.after) for c in forth} == {(c.path, c.after, c.before) for c in back}
