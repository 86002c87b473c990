"""A leaked sample of unknown layout as lines of cells, in memory alone (R11): nothing of it is ever written.

Text of any delimiter or none, JSON and lines of it, INSERTs of a database's dump, workbooks. Lenient where the readers
of sources are strict: what a thief's tool did to a file must not hide whose it is. Mixed encodings are usual after a
few copies, so each line is decoded by itself. No message, and no ``repr``, holds anything of the sample but its name.
"""

import csv
import json
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from itertools import islice
from pathlib import Path
from typing import Any

from ecluse.adapters.sources.detect import detect
from ecluse.domain.errors import Location, MalformedError
from ecluse.domain.leaked import MAX_CELL, MAX_CELLS

MAX_BYTES = 64 << 20
MAX_LINES = 20_000
ALL_LINES = 1_000_000
"""As good as all: 64 MiB hold no more lines than this of as much as names somebody."""
_LINE = re.compile(r"[^\r\n]+")
_LONGEST = 1 << 20
"""Characters of a line of text that are read."""
_CUT = "cut a piece of it: a few hundred lines are enough"
_DEEPEST = 40
_RECORDS = 2_000_000
"""Objects and lists of one JSON value, which are all in memory at once."""
_ZIP, _OLE = b"PK\x03\x04", b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
_INSERT = re.compile(r"\b(?:INSERT|REPLACE)\b[^;'\"]{0,200}?\bINTO\b[^;']{0,20000}?\bVALUES\b", re.IGNORECASE)
_BEGIN = re.compile(r"[\s,]*+\(")
_VALUE = re.compile(
    r"\s*+(?:[A-Za-z_]*+'((?:[^'\\]|''|\\.)*+)'|\"((?:[^\"\\]|\"\"|\\.)*+)\""
    r"|([^,()'\"]*+(?:\([^()]*+\))?+[^,()'\"]*+))\s*+([,)])",
    re.DOTALL,
)
_ESCAPE = re.compile(r"''|\"\"|\\.", re.DOTALL)
_GAP = re.compile(r"\t|\s{2,}")
_EIGHT_BIT = ("cp850", "cp1252")
_Row = tuple[int, Iterable[str], bool]
"""A line's number, its cells, and whether it goes on beyond them."""


@dataclass(frozen=True, slots=True)
class Line:
    """``number`` counts from 1 as an editor does, or as a sheet's rows, a list's items, an INSERT's rows.

    ``sheet`` counts a workbook's sheets from 1, hidden ones too; 0 elsewhere. Its name is told nowhere: it may be a
    patient's. ``cut``: the line has more than is read of one: cells, characters of a cell or of all, values within
    values.
    """

    number: int
    cells: tuple[str, ...] = field(repr=False)
    sheet: int = 0
    cut: bool = False


@dataclass(frozen=True, slots=True)
class Sample:
    """What was read. ``more``: the file goes on beyond what is looked at."""

    lines: tuple[Line, ...]
    more: bool = False

    @property
    def sheets(self) -> bool:
        """Whether a line's number is not enough to find it: the workbook has several sheets."""
        return any(line.sheet > 1 for line in self.lines)

    @property
    def cut(self) -> int:
        """How many of the lines are not read to their end: what stands in the rest of them is not known."""
        return sum(line.cut for line in self.lines)


@dataclass(slots=True)
class Passing:
    """The lines of a leaked file, once, as they are read; and how many have passed, and how many of them were cut.

    ``more``, once all have passed: the file goes on beyond what is looked at.
    """

    path: Path
    most: int
    lines: int = 0
    cut: int = 0
    more: bool = False

    def __iter__(self) -> Iterator[Line]:
        """Those that hold anything.

        Raises:
            MalformedError, StorageError: see :func:`read_sample`.
        """
        for line in _passed(self.path):
            if line.cells or line.cut:
                if self.lines == self.most:
                    self.more = True
                    return
                self.lines += 1
                self.cut += line.cut
                yield line
        if not self.lines:
            raise MalformedError("the sample holds no line", location=Location(file=str(self.path)))


def read_sample(path: Path, most: int | None = None) -> Sample:
    """The lines of a leaked file that hold anything, at most ``most``; ``MAX_LINES`` if that is not given.

    Which export a file comes from, its beginning tells; who stands in it, only the whole: see :class:`Passing`.

    Raises:
        MalformedError: no file, an empty one, one larger than a sample may be, or nothing that can be read.
        StorageError: no process can be started to read a workbook.
    """
    passing = Passing(path, MAX_LINES if most is None else most)
    return Sample(tuple(passing), passing.more)


def _passed(path: Path) -> Iterator[Line]:
    where = Location(file=str(path))
    try:
        with path.open("rb") as source:
            data = source.read(MAX_BYTES + 1)
    except OSError:
        raise MalformedError("there is no readable file here", location=where) from None
    if len(data) > MAX_BYTES:
        raise MalformedError("the sample is larger than 64 MiB", location=where, hint=_CUT)
    if data.startswith((_ZIP, _OLE)):
        return _workbook(path, where)
    return (_line(*row) for row in _text(data, path))


def _line(number: int, cells: Iterable[str], cut: bool, sheet: int = 0) -> Line:  # noqa: FBT001 - of a _Row
    held = tuple(islice((cell for cell in cells if cell.strip()), MAX_CELLS + 1))
    text = "".join(held)
    try:
        text.encode()
    except UnicodeEncodeError:
        # Half a character, as JSON may hold, is no reason to know nothing of the line.
        held = tuple(cell.encode("utf-8", "replace").decode() for cell in held)
    cut = cut or len(held) > MAX_CELLS or (len(text) > MAX_CELL and max(map(len, held)) > MAX_CELL)
    return Line(number, held[:MAX_CELLS], sheet, cut)


def _workbook(path: Path, where: Location) -> Iterator[Line]:
    from ecluse.adapters._leaked_workbook import workbook_lines  # noqa: PLC0415 - of the excel extra; a leak may be text

    try:
        for sheet, row, cells, cut in workbook_lines(path):
            yield _line(row, cells, cut, sheet)
    except MalformedError as error:
        raise MalformedError(error.message, location=where, hint=error.hint) from None


def _text(data: bytes, path: Path) -> Iterator[_Row]:
    guess = detect(path).file
    text = _decoded(data, guess.encoding)
    stripped = text.lstrip()
    if stripped[:1] in {"[", "{"} and (rows := _json(stripped, path)) is not None:
        return rows
    if _INSERT.search(text[:_LONGEST]):
        return _inserted(text)
    return _delimited(text, guess.delimiter if guess.delimiter in text else "", guess.quote)


def _decoded(data: bytes, guessed: str) -> str:
    if guessed.startswith("utf-16"):
        return data.decode(guessed, "replace").removeprefix("\ufeff")
    eight = guessed if guessed in _EIGHT_BIT else "cp1252"
    data = data.removeprefix(b"\xef\xbb\xbf")
    return "".join(_decoded_piece(data[first:last], eight) for first, last in _pieces(data))


def _pieces(data: bytes) -> Iterator[tuple[int, int]]:
    """Where whole lines of about a mebibyte begin and end; a longer line is in one piece."""
    first = 0
    while first < len(data):
        last = data.find(b"\n", first + _LONGEST) + 1 or len(data)
        yield first, last
        first = last


def _decoded_piece(data: bytes, eight: str) -> str:
    """Lines, each by itself where not all are UTF-8."""
    try:
        return data.decode("utf-8")
    except UnicodeDecodeError:
        return "\n".join(_decoded_line(line, eight) for line in data.split(b"\n"))


def _decoded_line(line: bytes, eight: str) -> str:
    try:
        return line.decode("utf-8")
    except UnicodeDecodeError:
        return line.decode(eight, "replace")


def _json(text: str, path: Path) -> Iterator[_Row] | None:
    """Records of one value or of one a line; None of what is neither."""
    first, _, rest = text.partition("\n")
    if rest.strip() and _value(first.strip().rstrip(",")) is not None:
        return _json_lines(text)
    if text.count("{") + text.count("[") > _RECORDS:
        where = Location(file=str(path))
        raise MalformedError("the sample's JSON has more records than are read at once", location=where, hint=_CUT)
    value = _value(text)
    if value is None:
        return None
    records = value if isinstance(value, list) else [value]
    while len(records) == 1 and isinstance(records[0], dict):
        inner = [each for each in records[0].values() if isinstance(each, list) and each]
        if not any(isinstance(each[0], dict | list) for each in inner):
            break
        records = max(inner, key=len)
    return ((number, *_leaves(record)) for number, record in enumerate(records, 1))


def _json_lines(text: str) -> Iterator[_Row]:
    """Records, one a line; a line that is none is text."""
    for number, line in _lines(text):
        held = line.strip().rstrip(",")
        if held:
            value = _value(held)
            yield (number, [line], False) if value is None else (number, *_leaves(value))


def _value(text: str) -> Any:
    """What a text of JSON says, numbers as they are written; None where it is none, or too deep."""
    try:
        return json.loads(text, parse_float=str, parse_int=str, parse_constant=str)
    except (ValueError, RecursionError):
        return None


def _leaves(value: Any) -> tuple[list[str], bool]:
    """The texts within a value, as many as make a line; and whether there is more, or deeper, than is looked at."""
    found: list[str] = []
    waiting, cut = [(value, 0)], False
    while waiting and len(found) < MAX_CELLS:
        held, depth = waiting.pop()
        if isinstance(held, dict | list):
            values = held.values() if isinstance(held, dict) else held
            parts = [part for part in values if part and isinstance(part, dict | list | str)]
            if depth < _DEEPEST:
                cut = cut or len(parts) > MAX_CELLS
                waiting += [(part, depth + 1) for part in reversed(parts[:MAX_CELLS])]
            else:
                cut = cut or bool(parts)
        elif isinstance(held, str) and held.strip():
            found.append(held)
    return found, cut or bool(waiting)


def _inserted(text: str) -> Iterator[_Row]:
    """Rows of the INSERTs of a dump, as MySQL, PostgreSQL and SQLite write them."""
    number = at = 0
    while match := _INSERT.search(text, at):
        at = match.end()
        while (row := _row(text, at)) is not None:
            cells, at = row
            number += 1
            yield number, cells, False


def _row(text: str, at: int) -> tuple[list[str], int] | None:
    """The values of a parenthesis that begins here, after blanks or a comma; and where it ends."""
    begin = _BEGIN.match(text, at)
    if begin is None:
        return None
    cells, at = [], begin.end()
    while match := _VALUE.match(text, at):
        at = match.end()
        quoted = match[1] if match[1] is not None else match[2]
        if quoted is not None:
            cells.append(_ESCAPE.sub(_unescaped, quoted))
        elif match[3].strip().upper() != "NULL":
            cells.append(match[3].strip())
        if match[4] == ")":
            break
    return (cells, at) if cells else None


def _unescaped(match: re.Match[str]) -> str:
    return {"\\n": "\n", "\\t": "\t", "\\r": "\r"}.get(match[0], match[0][1])


def _delimited(text: str, delimiter: str, quote: str) -> Iterator[_Row]:
    """Lines cut at the delimiter; a quote that never closes takes no other line with it."""
    for number, line in _lines(text):
        held, cut = line[:_LONGEST], len(line) > _LONGEST
        yield number, _cut(held, delimiter, quote) if delimiter in held and delimiter else _loose(held), cut


def _lines(text: str) -> Iterator[tuple[int, str]]:
    """Lines that are not empty, and the numbers that an editor gives them; of empty ones a file may have millions."""
    number, at = 1, 0
    for line in _LINE.finditer(text):
        start = line.start()
        number += text.count("\n", at, start) + text.count("\r", at, start) - text.count("\r\n", at, start)
        at = line.end()
        yield number, line[0]


def _cut(line: str, delimiter: str, quote: str) -> list[str]:
    if quote and quote in line:
        try:
            return next(csv.reader([line], delimiter=delimiter, quotechar=quote), [])
        except csv.Error:
            pass
    return line.split(delimiter)


def _loose(line: str) -> list[str]:
    """Cells at tabs and wide gaps, as printed tables have; else words."""
    cells = _GAP.split(line.strip())
    return cells if len(cells) > 1 else [line, *line.split()]
