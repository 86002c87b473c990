"""A leaked workbook's lines, read in a process of its own (R11): those of every sheet, by the sheet's row numbers.

Of a damaged workbook calamine takes all memory, or prints what it was at and ends its process. Where a leak is traced
the controller's identity is in memory, and nothing of the sample may be printed: see ``sources._apart``.
"""

import zipfile
from collections.abc import Collection, Iterator, Mapping
from itertools import islice
from pathlib import Path
from typing import Any

import pyarrow as pa
import python_calamine

from ecluse.adapters.sources._apart import ApartReader
from ecluse.adapters.sources._reading import Declared, opened
from ecluse.domain.errors import Location, MalformedError
from ecluse.domain.files import FileFormat, FileIntake, SourceFile
from ecluse.domain.leaked import MAX_CELLS

_LARGEST = 256 << 20
_ROWS = 1_000
_TABLE = "lines"
_SCHEMA = pa.schema([
    ("sheet", pa.int32()), ("row", pa.int32()), ("cells", pa.list_(pa.string())), ("cut", pa.bool_()),
])  # fmt: skip
_Row = tuple[int, int, list[str], bool]


def workbook_lines(path: Path) -> Iterator[_Row]:
    """Rows that hold anything: sheet and row, both from 1 and hidden ones too, the cells, whether there are more.

    Raises:
        MalformedError: no workbook, a damaged or encrypted one, or one too large. Names no file.
        StorageError: no process can be started to read it.
    """
    # The declaration takes no name of the leak's: it might hold marks that a pattern has.
    reader = _Apart(Declared(_TABLE, SourceFile(_TABLE, format=FileFormat.EXCEL), (path.absolute(),)))
    for _, batch in reader.passing({_TABLE}):
        yield from zip(*(column.to_pylist() for column in batch.columns), strict=True)


class _Apart(ApartReader):
    inner = "ecluse.adapters._leaked_workbook:LinesReader"


class LinesReader:
    """What the child reads with: a ``sources._reading.FileReader``."""

    tables: Mapping[str, pa.Schema] = {_TABLE: _SCHEMA}

    def __init__(self, declared: Declared) -> None:
        """Reads nothing yet."""
        self._declared = declared

    def passing(self, tables: Collection[str]) -> Iterator[tuple[str, pa.RecordBatch]]:
        """The lines. Raises MalformedError."""
        self._check_size()
        for table in tables:
            rows = self._rows()
            while taken := list(islice(rows, _ROWS)):
                columns = [
                    pa.array(list(column), each.type)
                    for column, each in zip(zip(*taken, strict=True), _SCHEMA, strict=True)
                ]
                yield table, pa.RecordBatch.from_arrays(columns, schema=_SCHEMA)

    def intake(self) -> FileIntake:
        """A leak has no account to give but its size."""
        made, size = self._declared, self._declared.size
        return FileIntake(made.file.path, 1, size, made.digest(), 0, size, 0, 0)

    def _rows(self) -> Iterator[_Row]:
        try:
            # Not by its path: a thief's file may end in anything, and the library goes by that.
            with opened(self._declared.path, _TABLE) as source, python_calamine.load_workbook(source) as book:
                for place in range(len(book.sheet_names)):
                    # Rows from the sheet's first on, those before its first cell too: numbers are the sheet's own.
                    for number, row in enumerate(book.get_sheet_by_index(place).iter_rows(), 1):
                        if cells := _held(row):
                            yield place + 1, number, cells[:MAX_CELLS], len(cells) > MAX_CELLS
        except (GeneratorExit, KeyboardInterrupt, MemoryError):
            raise
        except BaseException:  # noqa: BLE001 - the library's panics are no Exception; its words may hold cells
            wrong = True
        else:
            wrong = False
        if wrong:
            raise self._error("this is no workbook, or it is damaged or encrypted")

    def _check_size(self) -> None:
        """An archive that says it is very large is not opened."""
        with opened(self._declared.path, _TABLE) as source:
            if source.read(2) != b"PK":
                return
            try:
                size = sum(each.file_size for each in zipfile.ZipFile(source).infolist())
            except (zipfile.BadZipFile, ValueError, NotImplementedError, OSError):
                size = -1
        if size < 0:
            raise self._error("this is no workbook, or it is damaged or encrypted")
        if size > _LARGEST:
            raise self._error("the workbook unpacks to more than 256 MiB")

    def _error(self, what: str) -> MalformedError:
        return MalformedError(what, location=Location(file=_TABLE))


def _held(row: list[Any]) -> list[str]:
    """The cells that hold anything; one more than is read, if there are so many."""
    return list(islice((shown for cell in row if (shown := _shown(cell)).strip()), MAX_CELLS + 1))


def _shown(cell: Any) -> str:
    if isinstance(cell, float) and cell.is_integer() and abs(cell) < 1e15:  # noqa: PLR2004 - what Excel's numbers hold exactly
        return str(int(cell))
    return cell.isoformat() if hasattr(cell, "isoformat") else str(cell)
