"""Documents as DOCX, by python-docx: real headings, header rows that repeat, the language said, no clock."""

import datetime as dt
import io
import zipfile

import docx
from docx.document import Document as Docx
from docx.enum.text import WD_BREAK
from docx.oxml import OxmlElement
from docx.oxml.ns import qn
from docx.shared import Cm, Pt, RGBColor
from docx.table import Table as DocxTable
from docx.table import _Cell as DocxCell
from docx.text.paragraph import Paragraph as DocxParagraph

from ecluse.control.document import (
    Agreed,
    Blanks,
    Block,
    Bullets,
    Cell,
    Document,
    Heading,
    NewPage,
    Paragraph,
    Table,
    Tone,
)

_ACCENT, _SOFT = RGBColor(0x14, 0x56, 0x6F), RGBColor(0x56, 0x60, 0x70)
_SERIF, _MONO = "Cambria", "Consolas"
_EPOCH = (1980, 1, 1, 0, 0, 0)
_LOCALES = {"en": "en-GB", "fr": "fr-FR"}
_TEXT_CM = 16.2
_SIZES = {0: 22, 1: 14, 2: 12, 3: 11}


def document_docx(document: Document) -> bytes:
    """The DOCX. Same document, same bytes."""
    made = docx.Document()
    _set_up(made, document)
    made.add_heading(document.title, level=0)
    for part in document.subtitle:
        _coloured(made.add_paragraph(part), _SOFT)
    for block in document.blocks:
        _draw(made, block)
    _foot(made, document)
    out = io.BytesIO()
    made.save(out)
    return _without_clock(out.getvalue())


def _without_clock(data: bytes) -> bytes:
    """The same archive with every member dated as ZIP's own first day."""
    out = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(data)) as given, zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as kept:
        for name in given.namelist():
            member = zipfile.ZipInfo(name, _EPOCH)
            member.compress_type = zipfile.ZIP_DEFLATED
            member.external_attr = 0o600 << 16
            kept.writestr(member, given.read(name))
    return out.getvalue()


def _set_up(made: Docx, document: Document) -> None:
    facts, section = made.core_properties, made.sections[0]
    facts.title, facts.author, facts.comments, facts.language = document.title, "Écluse", "", document.lang
    at = dt.datetime.combine(document.dated, dt.time(), dt.UTC)
    facts.created = facts.modified = at
    facts.last_modified_by, facts.revision = "Écluse", 1
    section.page_width, section.page_height = Cm(21), Cm(29.7)
    section.left_margin = section.right_margin = Cm(2.4)
    section.top_margin = section.bottom_margin = Cm(2.2)
    for name in ("Normal", "Title", "Heading 1", "Heading 2", "Heading 3", "List Bullet"):
        _style(made, name, _LOCALES[document.lang])


def _style(made: Docx, name: str, locale: str) -> None:
    style = made.styles[name]
    style.font.name = _SERIF
    properties = style.element.get_or_add_rPr()
    fonts = properties.find(qn("w:rFonts"))
    for theme in [key for key in fonts.attrib if "Theme" in key]:
        del fonts.attrib[theme]  # a theme's font would go before the one that is named
    for script in ("w:ascii", "w:hAnsi", "w:eastAsia", "w:cs"):
        fonts.set(qn(script), _SERIF)
    spoken = OxmlElement("w:lang")
    spoken.set(qn("w:val"), locale)
    properties.append(spoken)
    if name == "Normal":
        style.font.size = Pt(10.5)
        style.paragraph_format.space_after = Pt(6)
    elif name != "List Bullet":
        level = 0 if name == "Title" else int(name[-1])
        style.font.size, style.font.bold = Pt(_SIZES[level]), level > 0
        style.font.color.rgb = RGBColor(0, 0, 0)


def _draw(made: Docx, block: Block) -> None:
    match block:
        case Heading():
            made.add_heading(block.text, level=block.level)
        case Paragraph():
            _paragraph(made.add_paragraph(block.text), block.tone)
        case Agreed():
            _agreed(made, block)
        case Bullets():
            for item in block.items:
                made.add_paragraph(item, style="List Bullet")
        case Table():
            _table(made, block)
        case Blanks():
            _blanks(made, block)
        case NewPage():
            made.add_paragraph().add_run().add_break(WD_BREAK.PAGE)


def _paragraph(paragraph: DocxParagraph, tone: Tone) -> None:
    if tone is Tone.NOTE:
        _coloured(paragraph, _SOFT, size=9.5)
    elif tone is Tone.LEAD:
        _coloured(paragraph, None, size=11.5)


def _coloured(paragraph: DocxParagraph, colour: RGBColor | None, *, size: float | None = None) -> None:
    for run in paragraph.runs:
        if colour is not None:
            run.font.color.rgb = colour
        if size is not None:
            run.font.size = Pt(size)


def _agreed(made: Docx, block: Agreed) -> None:
    label = made.add_paragraph(block.label)
    _coloured(label, _SOFT, size=8.5)
    label.runs[0].font.bold = True
    label.paragraph_format.keep_with_next = True
    for paragraph in (label, *(made.add_paragraph(line) for line in block.lines)):
        paragraph.paragraph_format.left_indent = Cm(0.5)
        paragraph.paragraph_format.space_after = Pt(3)
        _ruled(paragraph)


def _ruled(paragraph: DocxParagraph) -> None:
    """A rule at the left: the parties' own words."""
    borders, left = OxmlElement("w:pBdr"), OxmlElement("w:left")
    for name, value in (("val", "single"), ("sz", "12"), ("space", "8"), ("color", str(_ACCENT))):
        left.set(qn(f"w:{name}"), value)
    borders.append(left)
    properties = paragraph._p.get_or_add_pPr()  # noqa: SLF001 - python-docx has no other way to a border
    properties.insert_element_before(borders, "w:shd", "w:tabs", "w:suppressAutoHyphens", "w:spacing", "w:ind", "w:jc")


def _table(made: Docx, block: Table) -> None:
    if not block.titled:
        caption = made.add_paragraph(block.caption)
        _coloured(caption, _SOFT, size=9)
        caption.paragraph_format.keep_with_next = True
    table = made.add_table(rows=0, cols=len(block.widths))
    table.style = "Table Grid"
    table.autofit = False
    _described(table, block.caption)
    if block.head:
        cells = table.add_row().cells
        for cell, text in zip(cells, block.head, strict=True):
            cell.paragraphs[0].add_run(text).font.bold = True
        _repeated(table)
    for row in block.rows:
        for place, (into, cell) in enumerate(zip(table.add_row().cells, row, strict=True)):
            _fill(into, cell, heads=place == 0)
    total = sum(block.widths)
    for made_row in table.rows:
        for width, made_cell in zip(block.widths, made_row.cells, strict=True):
            made_cell.width = Cm(_TEXT_CM * width / total)
    made.add_paragraph()


def _described(table: DocxTable, caption: str) -> None:
    """The caption, for those who hear the page."""
    said = OxmlElement("w:tblCaption")
    said.set(qn("w:val"), caption)
    table._tbl.tblPr.append(said)  # noqa: SLF001 - python-docx has no other way to it


def _repeated(table: DocxTable) -> None:
    header = OxmlElement("w:tblHeader")
    table.rows[0]._tr.get_or_add_trPr().append(header)  # noqa: SLF001 - likewise


def _fill(into: DocxCell, cell: Cell, *, heads: bool) -> None:
    for place, line in enumerate(cell.lines):
        paragraph = into.paragraphs[0] if place == 0 else into.add_paragraph()
        run = paragraph.add_run(line)
        run.font.size, run.font.bold = Pt(8 if cell.code else 9.5), heads
        if cell.code:
            run.font.name = _MONO
        paragraph.paragraph_format.space_after = Pt(1)


def _blanks(made: Docx, block: Blanks) -> None:
    table = made.add_table(rows=1 + len(block.asked), cols=len(block.parties))
    for column, party in enumerate(block.parties):
        head = table.cell(0, column)
        for place, name in enumerate(party):
            (head.paragraphs[0] if place == 0 else head.add_paragraph()).add_run(name).font.bold = place == 0
        for row, asked in enumerate(block.asked, start=1):
            _coloured_run(table.cell(row, column), f"{asked}\u00a0: {'.' * 40}")
    made.add_paragraph()


def _coloured_run(cell: DocxCell, text: str) -> None:
    paragraph = cell.paragraphs[0]
    paragraph.add_run(text)
    paragraph.paragraph_format.space_before = Pt(18)
    _coloured(paragraph, _SOFT, size=9)


def _foot(made: Docx, document: Document) -> None:
    paragraph = made.sections[0].footer.paragraphs[0]
    before, _, rest = document.page.partition("{here}")
    between, _, after = rest.partition("{all}")
    paragraph.add_run(f"{document.footer}    {before}")
    _field(paragraph, "PAGE")
    paragraph.add_run(between)
    _field(paragraph, "NUMPAGES")
    paragraph.add_run(after)
    _coloured(paragraph, _SOFT, size=7)


def _field(paragraph: DocxParagraph, what: str) -> None:
    """A number that the word processor works out."""
    field, run, text = OxmlElement("w:fldSimple"), OxmlElement("w:r"), OxmlElement("w:t")
    field.set(qn("w:instr"), what)
    text.text = "1"
    run.append(text)
    field.append(run)
    paragraph._p.append(field)  # noqa: SLF001 - likewise
