"""Excel and OpenDocument sheets: the first row names the columns, all of them text.

What the sheet's writer already lost cannot be brought back: leading zeros of a number, digits beyond the fifteenth. A
number that is whole is written without a point; dates come as ISO 8601. The sheet is held in memory while it is read.
"""

import datetime as dt
import zipfile
from collections import Counter
from collections.abc import Collection, Iterator, Mapping, Sequence
from itertools import islice
from typing import Any

import pyarrow as pa
import python_calamine

from ecluse.adapters.sources._apart import ApartReader
from ecluse.adapters.sources._excel_errors import errors_in
from ecluse.adapters.sources._reading import Declared, opened
from ecluse.domain.errors import EcluseError, Location, MalformedError
from ecluse.domain.files import FileIntake

_ROWS = 10_000
_LARGEST = 2 << 30


class ExcelReader(ApartReader):
    """One sheet as one table, read in a process of its own."""

    inner = "ecluse.adapters.sources._excel:SheetReader"


class SheetReader:
    """One sheet as one table of text columns. ``part`` names it; without, the workbook has one alone."""

    def __init__(self, declared: Declared) -> None:
        """Read the first row. Raises MalformedError."""
        self._declared, self._name = declared, declared.called(1)
        self._records = -1
        names = next(self._rows(), None)
        if names is None:
            raise self._error("the sheet is empty: it needs a row of names")
        self._columns = tuple(_text(name) for name in names)
        times = Counter(name.lower() for name in self._columns)
        for place, name in enumerate(self._columns, 1):
            if not name.strip():
                raise self._error(f"column {place} of the first row has no name", 1)
            if times[name.lower()] > 1:
                raise self._error(f"column {place} of the first row has the name of another", 1)
        self.tables: Mapping[str, pa.Schema] = {
            declared.table: pa.schema([(name, pa.string()) for name in self._columns])
        }

    def passing(self, tables: Collection[str]) -> Iterator[tuple[str, pa.RecordBatch]]:
        """The rows after the first. Raises MalformedError."""
        for table in tables:
            schema, records, rows = self.tables[table], 0, self._rows()
            next(rows, None)
            while taken := list(islice(rows, _ROWS)):
                columns = [pa.array(list(map(_text, cells)), pa.string()) for cells in zip(*taken, strict=True)]
                yield table, pa.RecordBatch.from_arrays(columns, schema=schema)
                records += len(taken)
            self._records = records

    def intake(self) -> FileIntake:
        """The workbook is read whole."""
        if self._records < 0:
            for _ in self.passing(self.tables):
                pass
        made, size = self._declared, self._declared.size
        return FileIntake(made.file.path, 1, size, made.digest(), self._records, size, 0, 0)

    def _rows(self) -> Iterator[Sequence[Any]]:
        self._check_size()
        try:
            rows = self._sheet()
        except (EcluseError, KeyboardInterrupt, MemoryError):
            raise
        except BaseException:  # noqa: BLE001 - the library's panics are no Exception; its words may hold cells
            rows = None
        if rows is None:
            raise self._error("this is no workbook, or it is damaged or encrypted")
        yield from rows

    def _sheet(self) -> Iterator[Sequence[Any]]:
        with python_calamine.load_workbook(str(self._declared.path)) as book:
            part = self._declared.file.part
            if part and part not in book.sheet_names:
                raise self._error("the workbook has no sheet of that name")
            if not part and len(book.sheet_names) != 1:
                raise self._error("the workbook has several sheets: say which, in part")
            sheet = book.get_sheet_by_name(part or book.sheet_names[0])
            rows = sheet.to_python(skip_empty_area=True)
            top, left = sheet.start or (0, 0)
            for (row, column), shown in errors_in(self._declared.path, sheet.name).items():
                if 0 <= row - top < len(rows) and 0 <= column - left < len(rows[row - top]):
                    rows[row - top][column - left] = shown
            return iter(rows)

    def _check_size(self) -> None:
        """An archive that says it is very large is not opened."""
        with opened(self._declared.path, self._name) as source:
            if source.read(2) != b"PK":
                return
            try:
                size = sum(each.file_size for each in zipfile.ZipFile(source).infolist())
            except (zipfile.BadZipFile, OSError, ValueError, NotImplementedError):
                size = -1
        if size < 0 or size > _LARGEST:
            raise self._error("the workbook is damaged" if size < 0 else "the workbook unpacks to more than 2 GiB")

    def _error(self, what: str, line: int | None = None) -> MalformedError:
        return MalformedError(what, location=Location(self._name, line))


def _text(cell: Any) -> str:
    match cell:
        case str():
            return cell
        case bool():
            return "true" if cell else "false"
        case float() if cell.is_integer() and abs(cell) < 1e15:  # noqa: PLR2004 - what Excel's numbers hold exactly
            return str(int(cell))
        case dt.datetime():
            return cell.isoformat(" ")
        case dt.date() | dt.time():
            return cell.isoformat()
    return str(cell)
