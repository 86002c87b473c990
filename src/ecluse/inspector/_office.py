"""Sheets and tables of other programs, turned into lines of cells for the detector: xlsx, ods, docx, dBase, SQLite.

Bounded: only so many strings, rows and tables are turned; the detector judges a table from a few hundred rows anyhow.
"""

import datetime as dt
import html
import io
import re
import sqlite3
import struct
import zipfile
from collections.abc import Iterator
from contextlib import closing, suppress
from pathlib import Path

from ecluse.inspector._unpacking import BLOCK, Budget, Reads, UnseenError, exactly, zip_members

_STRINGS, _STRINGS_BYTES = 200_000, 1 << 26
_SHEET_BYTES = 1 << 26
_TABLES = _COLUMNS = 400
_T = re.compile(rb"<t\b[^<>/]*>([^<]*)</t>")
_V = re.compile(rb"<v>([^<]*)</v>")
_PLACE = re.compile(rb"(?:^|\s)r=\"([A-Z]{1,3})\d+\"")
_TAG = re.compile(rb"<[^<>]{1,2000}>")
_BREAKS = re.compile(rb"</(?:w:p|text:h|table:table-row|w:tr)>|<w:br[^<>]*>")
_CELLS = re.compile(rb"</(?:table:table-cell|w:tc)>|<table:table-cell[^<>]*/>|<w:tab/>")
_FORMATS = re.compile(rb"<numFmt\s[^<>]{0,400}>")
_FORMAT = re.compile(rb"numFmtId=\"(\d{1,5})\"")
_CODE = re.compile(rb"formatCode=\"([^\"<>]{0,300})\"")
_LITERALS = re.compile(rb"&quot;.{0,100}?&quot;|\[[^\]]{0,40}\]|\\\\.")
_STYLE = re.compile(rb"(?:^|\s)s=\"(\d{1,5})\"")
_STYLES_BYTES, _STYLES = 1 << 22, 65_000
_DAY_FORMATS = frozenset({*range(14, 18), 22, *range(27, 32), 36, *range(50, 59)})
"""Formats of days that every workbook has, of every language (ECMA-376-1, 18.8.30)."""
_FIRST_DAY, _LAST_DAY = dt.date(1899, 12, 30), 73_050
"""A workbook's day 0, and its day at the end of 2099."""
_IN_CELL = re.compile(rb"</w:p>\s*</w:tc>|</text:p>")


def is_office(names: list[str]) -> bool:
    """Whether a zip file's members are those of a sheet or a text."""
    return "[Content_Types].xml" in names or "content.xml" in names


def office_lines(opened: zipfile.ZipFile, budget: Budget) -> Iterator[tuple[str, bytes]]:
    """The tables and texts of a document: a name for each, and its cells by tab and line.

    Raises:
        UnseenError: damaged, or over budget.
    """
    strings: list[bytes] = []
    days: frozenset[bytes] = frozenset()
    for name, source in zip_members(opened, budget):
        if source is not None and name == "xl/sharedStrings.xml":
            strings = _shared(exactly(source, _STRINGS_BYTES))
        elif source is not None and name == "xl/styles.xml":
            days = _of_days(exactly(source, _STYLES_BYTES))
    yield "strings.txt", b"\n".join(strings)
    for name, source in zip_members(opened, budget):
        if source is None:
            continue
        if name.startswith("xl/worksheets/") and name.endswith(".xml"):
            yield "sheet.csv", b"\n".join(_sheet(exactly(source, _SHEET_BYTES), strings, days))
        elif name in {"content.xml", "word/document.xml"}:
            yield "table.csv", plain(exactly(source, _SHEET_BYTES))


def _shared(text: bytes) -> list[bytes]:
    return [_unescaped(b"".join(_T.findall(piece))) for piece in text.split(b"</si>", _STRINGS)[:_STRINGS]]


def _of_days(styles: bytes) -> frozenset[bytes]:
    """The numbers of the styles in which a workbook shows a number as a day."""
    shown = set(_DAY_FORMATS)
    for each in _FORMATS.findall(styles):
        named, code = _FORMAT.search(each), _CODE.search(each)
        if named and code and {b"d", b"y"} <= {bytes([c]) for c in _LITERALS.sub(b"", code[1]).lower()}:
            shown.add(int(named[1]))
    cells = styles.partition(b"<cellXfs")[2].partition(b"</cellXfs>")[0].split(b"<xf", _STYLES)[1:]
    found = ((place, _FORMAT.search(each)) for place, each in enumerate(cells))
    return frozenset(b"%d" % place for place, named in found if named and int(named[1]) in shown)


def _unescaped(text: bytes) -> bytes:
    text = text.replace(b"\t", b" ").replace(b"\n", b" ").replace(b"\r", b" ")
    return html.unescape(text.decode("utf-8", "replace")).encode("utf-8", "replace") if b"&" in text else text


def _sheet(text: bytes, strings: list[bytes], days: frozenset[bytes]) -> Iterator[bytes]:
    """Rows, by splitting alone: no hostile file makes this more than its size."""
    for row in text.split(b"</row>")[:-1]:
        cells: list[bytes] = []
        for piece in row.split(b"<c ", _COLUMNS + 1)[1 : _COLUMNS + 1]:
            attributes, _, body = piece.partition(b">")
            place = _PLACE.search(attributes)
            at = _column(place[1]) if place else len(cells)
            if at > _COLUMNS:
                break
            cells += [b""] * (at - len(cells))
            body = body.partition(b"</c>")[0]
            cells.append(b"" if attributes.endswith(b"/") else _cell(attributes, body, strings, days))
        yield b"\t".join(cells)


def _column(letters: bytes) -> int:
    number = 0
    for letter in letters:
        number = number * 26 + letter - 64
    return number - 1


def _cell(attributes: bytes, body: bytes, strings: list[bytes], days: frozenset[bytes]) -> bytes:
    value = _V.search(body)
    if b't="s"' in attributes and value and value[1].isdigit() and len(value[1]) < 10:  # noqa: PLR2004 - digits of an index
        place = int(value[1])
        return strings[place] if place < len(strings) else b""
    if value and days and (style := _STYLE.search(attributes)) and style[1] in days:
        return _day(value[1])
    if value:
        return _unescaped(value[1])
    return _unescaped(b"".join(_T.findall(body)))


def _day(value: bytes) -> bytes:
    """A day as ISO 8601 writes it, of a workbook's count of days; what is none stays."""
    whole = value.partition(b".")[0]
    if not whole.isdigit() or len(whole) > 5 or int(whole) > _LAST_DAY:  # noqa: PLR2004 - digits of the last day
        return _unescaped(value)
    return (_FIRST_DAY + dt.timedelta(days=int(whole))).isoformat().encode()


def plain(text: bytes) -> bytes:
    """The words of an XML text, cells by tab and rows by line."""
    text = _IN_CELL.sub(lambda match: b"</w:tc>" if match[0].endswith(b"tc>") else b" ", text)
    text = _CELLS.sub(b"\t", _BREAKS.sub(b"\n", text))
    return html.unescape(_TAG.sub(b"", text).decode("utf-8", "replace")).encode("utf-8", "replace")


def dbase_lines(source: Reads) -> Iterator[bytes]:
    """A dBase table as lines: its column names, then its records, in pieces.

    Raises:
        UnseenError: the header contradicts itself.
    """
    head = exactly(source, 32)
    if len(head) < 32:  # noqa: PLR2004 - a dBase header
        raise UnseenError("table-damaged")
    begin, width = struct.unpack_from("<HH", head, 8)
    described = exactly(source, max(0, begin - 32))
    fields = []
    for at in range(0, len(described) - 31, 32):
        if described[at] == 0x0D:  # noqa: PLR2004 - the end of the columns
            break
        fields.append((described[at : at + 11].partition(b"\0")[0], described[at + 16]))
    if not fields or width < 2 or sum(size for _, size in fields) >= width:  # noqa: PLR2004 - a mark and a byte
        raise UnseenError("table-damaged")
    yield b"\t".join(name for name, _ in fields) + b"\n"
    rows = max(1, BLOCK // width)
    while piece := exactly(source, rows * width):
        lines = []
        for at in range(0, len(piece) - width + 1, width):
            place, cells = at + 1, []
            for _, size in fields:
                cells.append(piece[place : place + size].strip(b" \0").replace(b"\t", b" "))
                place += size
            lines.append(b"\t".join(cells))
        yield b"\n".join(lines) + b"\n"


def sqlite_lines(database: Path | io.BytesIO, rows: int) -> Iterator[tuple[str, bytes]]:
    """Tables of a SQLite file, each as lines of its first rows; opened read-only and never changed, not even locked.

    Raises:
        UnseenError: damaged; or, after the tables, that cells were too large to be read.
    """
    large = False
    try:
        if isinstance(database, Path):
            connected = sqlite3.connect(f"{database.absolute().as_uri()}?mode=ro&immutable=1", uri=True)
        else:
            connected = sqlite3.connect(":memory:")
            connected.deserialize(database.getvalue())
        with closing(connected) as connection:
            connection.text_factory = bytes
            connection.execute("PRAGMA trusted_schema=OFF")
            connection.setlimit(sqlite3.SQLITE_LIMIT_LENGTH, BLOCK * 16)
            tables = "SELECT name FROM sqlite_schema WHERE type = 'table' AND sql NOT LIKE 'CREATE VIRTUAL%'"
            found = connection.execute(tables)
            for name in [each.decode("utf-8", "replace") for (each,) in found.fetchmany(_TABLES)]:
                try:
                    yield name, _table(connection, name, rows)
                except sqlite3.DataError:  # a cell beyond the limit of length
                    large = True
                    with suppress(sqlite3.DataError):
                        yield name, _table(connection, name, rows, small=True)
    except (sqlite3.Error, UnicodeError, MemoryError, OverflowError) as error:
        raise UnseenError("table-damaged") from error
    if large:
        raise UnseenError("cell-too-large")


def _table(connection: sqlite3.Connection, name: str, rows: int, *, small: bool = False) -> bytes:
    """The first rows as lines; ``small``: without the bytes of large blobs, whose length alone is asked."""
    cells, table = "*", _quoted(name)
    if small:
        names = [_quoted(column[0]) for column in connection.execute(f"SELECT * FROM {table} LIMIT 0").description]  # noqa: S608 - quoted
        large = "CASE WHEN typeof({0}) <> 'blob' OR length({0}) < 4000 THEN {0} END AS {0}"
        cells = ", ".join(large.format(each) for each in names)
    cursor = connection.execute(f"SELECT {cells} FROM {table} LIMIT ?", (rows,))  # noqa: S608 - quoted
    lines = [b"\t".join(column[0].encode("utf-8", "replace") for column in cursor.description)]
    lines += [b"\t".join(_bytes(cell) for cell in row) for row in cursor]
    return b"\n".join(lines) + b"\n"


def _quoted(name: str) -> str:
    return '"' + name.replace('"', '""') + '"'


def _bytes(cell: object) -> bytes:
    if cell is None:
        return b""
    text = cell if isinstance(cell, bytes) else str(cell).encode()
    return text[:4000].replace(b"\t", b" ").replace(b"\n", b" ").replace(b"\r", b" ")
