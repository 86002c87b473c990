"""Error cells of a workbook (``#N/A``, ``#DIV/0!``), which calamine gives as empty: where they are, and what they show.

Found in the archive's own XML, streamed: of ``.xlsx`` and ``.xlsm`` the cells of type ``e`` (ECMA-376 part 1,
18.18.11), of ``.ods`` those that LibreOffice marks ``calcext:value-type="error"``. Binary workbooks (``.xls``) are not
looked into.
"""

import posixpath
import zipfile
from collections.abc import Callable, Mapping
from pathlib import Path
from xml.parsers import expat

Errors = Mapping[tuple[int, int], str]
"""What the cell at a row and a column, from 0, shows."""

_CHUNK = 1 << 20
_LONGEST = 100
_REPEATED = 1 << 14
_RELATION = "relationships id"
"""How the attribute's name ends; its namespace is one of two (transitional, strict)."""


class UnreadableError(Exception):
    """The archive's XML is not what it should be."""


def errors_in(path: Path, sheet: str) -> Errors:
    """The error cells of a sheet; none for a workbook of another kind. Raises UnreadableError."""
    try:
        if not zipfile.is_zipfile(path):
            return {}
        with zipfile.ZipFile(path) as archive:
            names = set(archive.namelist())
            if "xl/workbook.xml" in names:
                part = _part(archive, sheet)
                return _cells(archive, part) if part in names else {}
            return _ods(archive, sheet) if "content.xml" in names else {}
    except (zipfile.BadZipFile, OSError, ValueError, KeyError, NotImplementedError, RuntimeError, expat.ExpatError):
        raise UnreadableError from None


class _Handler:
    """What becomes of each element; text is gathered where it is wanted."""

    def __init__(self, begin: Callable[[str, Mapping[str, str]], None], end: Callable[[str, str], None]) -> None:
        self._begin, self._end, self._text = begin, end, list[str]()

    def read(self, archive: zipfile.ZipFile, name: str) -> None:
        """Stream one part of the archive."""
        parser = expat.ParserCreate(namespace_separator=" ")
        parser.buffer_text = True
        parser.StartElementHandler, parser.EndElementHandler = self._started, self._ended
        parser.CharacterDataHandler = self._text.append
        parser.StartDoctypeDeclHandler = _refused
        with archive.open(name) as source:
            while data := source.read(_CHUNK):
                parser.Parse(data, False)  # noqa: FBT003 - expat's own signature
            parser.Parse(b"", True)  # noqa: FBT003

    def _started(self, name: str, attributes: dict[str, str]) -> None:
        self._text.clear()
        self._begin(name.rpartition(" ")[2], attributes)

    def _ended(self, name: str) -> None:
        self._end(name.rpartition(" ")[2], "".join(self._text)[:_LONGEST])
        self._text.clear()


def _refused(*_said: object) -> None:
    raise ValueError("a document type")


def _part(archive: zipfile.ZipFile, sheet: str) -> str:
    """The part that holds a sheet, by the workbook's list and its relations; empty where they name none."""
    wanted, targets = list[str](), dict[str, str]()

    def listed(name: str, given: Mapping[str, str]) -> None:
        if name == "sheet" and given.get("name") == sheet:
            wanted.extend(value for key, value in given.items() if key.endswith(_RELATION))

    def related(name: str, given: Mapping[str, str]) -> None:
        if name == "Relationship":
            targets[given.get("Id", "")] = given.get("Target", "")

    _Handler(listed, _nothing).read(archive, "xl/workbook.xml")
    _Handler(related, _nothing).read(archive, "xl/_rels/workbook.xml.rels")
    target = targets.get(wanted[0], "") if wanted else ""
    return target.lstrip("/") if target.startswith("/") else posixpath.normpath(posixpath.join("xl", target))


def _cells(archive: zipfile.ZipFile, part: str) -> Errors:
    found: dict[tuple[int, int], str] = {}
    row, column, wrong = -1, -1, False

    def begin(name: str, given: Mapping[str, str]) -> None:
        nonlocal row, column, wrong
        if name == "row":
            row, column = int(given["r"]) - 1 if "r" in given else row + 1, -1
        elif name == "c":
            column = _column(given["r"]) if "r" in given else column + 1
            wrong = given.get("t") == "e"

    def end(name: str, text: str) -> None:
        nonlocal wrong
        if name == "v" and wrong:
            found[row, column] = text
        wrong = wrong and name != "c"

    _Handler(begin, end).read(archive, part)
    return found


def _ods(archive: zipfile.ZipFile, sheet: str) -> Errors:
    found: dict[tuple[int, int], str] = {}
    row, rows, column, columns, here, wrong = 0, 1, 0, 1, False, False

    def begin(name: str, given: Mapping[str, str]) -> None:
        nonlocal row, rows, column, columns, here, wrong
        plain = {key.rpartition(" ")[2]: value for key, value in given.items()}
        if name == "table":
            here, row, rows = plain.get("name") == sheet, 0, 1
        elif name == "table-row":
            rows, column = int(plain.get("number-rows-repeated", 1)), 0
        elif name in {"table-cell", "covered-table-cell"}:
            columns = int(plain.get("number-columns-repeated", 1))
            wrong = here and any(key.endswith("calcext:1.0 value-type") and v == "error" for key, v in given.items())

    def end(name: str, text: str) -> None:
        nonlocal row, column, here, wrong
        if name == "p" and wrong:
            found.update({
                (row + down, column + right): text
                for down in range(min(rows, _REPEATED)) for right in range(min(columns, _REPEATED // max(1, rows) or 1))
            })  # fmt: skip
        elif name in {"table-cell", "covered-table-cell"}:
            column, wrong = column + columns, False
        elif name == "table-row":
            row += rows
        elif name == "table":
            here = False

    _Handler(begin, end).read(archive, "content.xml")
    return found


def _nothing(_name: str, _text: str) -> None:
    """Nothing is wanted of an element's end."""


def _column(reference: str) -> int:
    """``A`` is 0, ``AB12`` is 27."""
    number = 0
    for letter in reference.upper():
        if "A" <= letter <= "Z":
            number = number * 26 + ord(letter) - ord("A") + 1
    return number - 1
