"""Containers written by hand, so that the same seed gives the same bytes: no clock, no library's properties."""
# ruff: noqa: E501 a line of a template is a line of the file it makes

import datetime as dt
import gzip
import io
import sqlite3
import struct
import tarfile
import zipfile
from collections.abc import Mapping, Sequence
from contextlib import closing
from xml.sax.saxutils import escape

_ALPHABET = 26
_MOMENT = (2021, 2, 3, 4, 5, 6)
Cell = str | int | float | dt.date
_XML = '<?xml version="1.0" encoding="UTF-8" standalone="yes"?>\n'
_PACKAGE = "http://schemas.openxmlformats.org/package/2006"
_OFFICE = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"


def zipped(members: Mapping[str, bytes]) -> bytes:
    """A zip."""
    held = io.BytesIO()
    with zipfile.ZipFile(held, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in members.items():
            info = zipfile.ZipInfo(name, _MOMENT)
            info.compress_type = zipfile.ZIP_DEFLATED
            archive.writestr(info, data)
    return held.getvalue()


def tarred(members: Mapping[str, bytes]) -> bytes:
    """A ``.tar.gz``."""
    held = io.BytesIO()
    with tarfile.open(fileobj=held, mode="w") as archive:
        for name, data in members.items():
            info = tarfile.TarInfo(name)
            info.size = len(data)
            archive.addfile(info, io.BytesIO(data))
    return gzipped(held.getvalue())


def gzipped(data: bytes) -> bytes:
    """A ``.gz``."""
    return gzip.compress(data, mtime=0)


def xlsx(rows: Sequence[Sequence[Cell]], sheet: str = "Feuil1", *, shared: bool = True) -> bytes:
    """A workbook of one sheet, texts shared or in place, days as numbers with a style."""
    texts: dict[str, int] = {}
    body = "".join(
        f'<row r="{at}">'
        + "".join(_cell(texts, f"{_column(n)}{at}", cell, shared=shared) for n, cell in enumerate(row))
        + "</row>"
        for at, row in enumerate(rows, 1)
    )
    main = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
    kinds = {
        "workbook": "sheet.main",
        "worksheets/sheet1": "worksheet",
        "styles": "styles",
        "sharedStrings": "sharedStrings",
    }
    overrides = "".join(
        f'<Override PartName="/xl/{part}.xml" '
        f'ContentType="application/vnd.openxmlformats-officedocument.spreadsheetml.{what}+xml"/>'
        for part, what in kinds.items()
    )
    parts = {
        "[Content_Types].xml": _types(overrides),
        "_rels/.rels": _relations({"rId1": ("officeDocument", "xl/workbook.xml")}),
        "xl/workbook.xml": f'<workbook xmlns="{main}" xmlns:r="{_OFFICE}"><sheets>'
        f'<sheet name="{escape(sheet)}" sheetId="1" r:id="rId1"/></sheets></workbook>',
        "xl/_rels/workbook.xml.rels": _relations(
            {
                "rId1": ("worksheet", "worksheets/sheet1.xml"),
                "rId2": ("styles", "styles.xml"),
                "rId3": ("sharedStrings", "sharedStrings.xml"),
            }
        ),
        "xl/worksheets/sheet1.xml": f'<worksheet xmlns="{main}"><sheetData>{body}</sheetData></worksheet>',
        "xl/styles.xml": f'<styleSheet xmlns="{main}"><fonts count="1"><font/></fonts><fills count="1"><fill><patternFill patternType="none"/></fill></fills>'
        '<borders count="1"><border><left/><right/><top/><bottom/><diagonal/></border></borders><cellStyleXfs count="1"><xf/></cellStyleXfs>'
        '<cellXfs count="2"><xf/><xf numFmtId="14" applyNumberFormat="1"/></cellXfs></styleSheet>',
        "xl/sharedStrings.xml": f'<sst xmlns="{main}" count="{len(texts)}" uniqueCount="{len(texts)}">'
        + "".join(f"<si><t>{escape(text)}</t></si>" for text in texts)
        + "</sst>",
    }
    return zipped({name: (_XML + text).encode() for name, text in parts.items()})


def _types(overrides: str) -> str:
    return (
        f'<Types xmlns="{_PACKAGE}/content-types">'
        '<Default Extension="rels" ContentType="application/vnd.openxmlformats-package.relationships+xml"/>'
        f'<Default Extension="xml" ContentType="application/xml"/>{overrides}</Types>'
    )


def _relations(named: Mapping[str, tuple[str, str]]) -> str:
    inner = "".join(f'<Relationship Id="{n}" Type="{_OFFICE}/{t}" Target="{to}"/>' for n, (t, to) in named.items())
    return f'<Relationships xmlns="{_PACKAGE}/relationships">{inner}</Relationships>'


def _column(number: int) -> str:
    return chr(65 + number) if number < _ALPHABET else chr(64 + number // 26) + chr(65 + number % 26)


def _cell(texts: dict[str, int], at: str, cell: Cell, *, shared: bool) -> str:
    if isinstance(cell, dt.date):
        return f'<c r="{at}" s="1"><v>{(cell - dt.date(1899, 12, 30)).days}</v></c>'
    if isinstance(cell, (int, float)):
        return f'<c r="{at}"><v>{cell}</v></c>'
    if shared:
        return f'<c r="{at}" t="s"><v>{texts.setdefault(cell, len(texts))}</v></c>'
    return f'<c r="{at}" t="inlineStr"><is><t>{escape(cell)}</t></is></c>'


def ods(rows: Sequence[Sequence[Cell]]) -> bytes:
    """An OpenDocument sheet."""
    space = "urn:oasis:names:tc:opendocument:xmlns"
    body = "".join(
        "<table:table-row>"
        + "".join(
            f'<table:table-cell office:value-type="string"><text:p>{escape(str(cell))}</text:p></table:table-cell>'
            for cell in row
        )
        + "</table:table-row>"
        for row in rows
    )
    content = (
        f'{_XML}<office:document-content xmlns:office="{space}:office:1.0" xmlns:table="{space}:table:1.0" '
        f'xmlns:text="{space}:text:1.0" office:version="1.2"><office:body><office:spreadsheet>'
        f'<table:table table:name="Feuille1">{body}</table:table></office:spreadsheet></office:body></office:document-content>'
    )
    kind = b"application/vnd.oasis.opendocument.spreadsheet"
    return zipped(
        {"mimetype": kind, "content.xml": content.encode(), "META-INF/manifest.xml": _XML.encode() + b"<manifest/>"}
    )


def docx(paragraphs: Sequence[str], table: Sequence[Sequence[str]] = ()) -> bytes:
    """A Word document: paragraphs, then a table."""
    space = "http://schemas.openxmlformats.org/wordprocessingml/2006/main"

    def said(text: str) -> str:
        words = text.split(" ", 2)  # Word cuts a sentence into runs wherever it likes
        runs = [*words[:-1], words[-1]]
        return "<w:p>" + "".join(_run(run, last=n == len(runs) - 1) for n, run in enumerate(runs)) + "</w:p>"

    rows = "".join("<w:tr>" + "".join(f"<w:tc>{said(cell)}</w:tc>" for cell in row) + "</w:tr>" for row in table)
    body = "".join(said(text) for text in paragraphs) + (f"<w:tbl>{rows}</w:tbl>" if rows else "")
    main = "application/vnd.openxmlformats-officedocument.wordprocessingml.document.main+xml"
    parts = {
        "[Content_Types].xml": _types(f'<Override PartName="/word/document.xml" ContentType="{main}"/>'),
        "_rels/.rels": _relations({"rId1": ("officeDocument", "word/document.xml")}),
        "word/document.xml": f'<w:document xmlns:w="{space}"><w:body>{body}<w:sectPr/></w:body></w:document>',
    }
    return zipped({name: (_XML + text).encode() for name, text in parts.items()})


def _run(text: str, *, last: bool) -> str:
    return f'<w:r><w:t xml:space="preserve">{escape(text)}{"" if last else " "}</w:t></w:r>'


def rtf(paragraphs: Sequence[str]) -> bytes:
    """Rich text in CP1252, accents escaped."""

    def char(one: str) -> str:
        if one in "\\{}":
            return "\\" + one
        if one.isascii():
            return one
        coded = one.encode("cp1252", "replace")
        return one if coded == b"?" else f"\\'{coded[0]:02x}"

    body = "\\par\r\n".join("".join(char(one) for one in text) for text in paragraphs)
    head = r"{\rtf1\ansi\ansicpg1252\deff0{\fonttbl{\f0\fswiss Arial;}}{\colortbl;\red0\green0\blue0;}\viewkind4\uc1\pard\f0\fs20 "
    return (head + body + "\\par\r\n}").encode("cp1252", "replace")


def dbf(fields: Sequence[tuple[str, str, int]], rows: Sequence[Sequence[Cell]], encoding: str = "cp850") -> bytes:
    """A table of dBase III: fields of (name, C, N or D, width)."""
    size = 1 + sum(width for _, _, width in fields)
    head = struct.pack("<BBBBIHH20x", 3, 121, 2, 3, len(rows), 33 + 32 * len(fields), size)
    for name, sort, width in fields:
        head += struct.pack("<11sc4xBB14x", name.encode()[:10], sort.encode(), width, 0)
    body = b""
    for row in rows:
        body += b" "
        for (_, sort, width), cell in zip(fields, row, strict=True):
            text = f"{cell:%Y%m%d}" if isinstance(cell, dt.date) else str(cell)
            plain = text.encode(encoding, "replace")[:width]
            body += plain.rjust(width) if sort == "N" else plain.ljust(width)
    return head + b"\r" + body + b"\x1a"


def sqlite(table: str, columns: Sequence[str], rows: Sequence[Sequence[Cell]]) -> bytes:
    """A SQLite file of one table."""
    with closing(sqlite3.connect(":memory:")) as held:
        held.execute(f"CREATE TABLE {table} ({', '.join(columns)})")
        held.executemany(
            f"INSERT INTO {table} VALUES ({', '.join('?' * len(columns))})",
            [[f"{cell}" if isinstance(cell, dt.date) else cell for cell in row] for row in rows],
        )
        held.commit()
        return held.serialize()
