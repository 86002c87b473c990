"""Access databases (``.mdb``, ``.accdb``): their tables, all or one, as columns of text, or of bytes.

Read here, not by mdbtools: that writes ``?`` for characters beyond UTF-16's first plane and 1900-01-00 for days before
1900, and says nothing (docs/decisions/0009). Lists within a row and columns that Access computes are left.
"""

from collections.abc import Collection, Iterator, Mapping, Sequence

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from ecluse.adapters.sources._access_pages import Pages
from ecluse.adapters.sources._access_rows import Cracked, Rows, is_long, long_lengths, long_values, portions, rows_on
from ecluse.adapters.sources._access_tables import CATALOGUE, Column, Table, charset_of, pages_of, table_at
from ecluse.adapters.sources._access_values import (
    BINARY,
    BOOLEAN,
    DECIMAL,
    OLE,
    PLAIN,
    TEXT,
    TEXTS,
    decimal_of,
    text_of,
)
from ecluse.adapters.sources._arrow import Mask
from ecluse.adapters.sources._reading import Account, Declared, added
from ecluse.domain.errors import Location, ProfileError
from ecluse.domain.files import FileIntake, SetAside

_PAGES = 256
_LONG_AT_ONCE = 16 << 20
_TABLE, _LINKED = 1, frozenset({4, 6})
_CATALOGUE_KINDS: Mapping[str, int] = {"Id": 4, "Name": TEXT, "Type": 3, "Flags": 4}
_OF_THE_SYSTEM = 0x80000002
_NOT_THE_USERS = ("MSys", "~")  # Access's own, and what it keeps of deleted tables until it compacts


class AccessReader:
    """One database. ``part`` names one of its tables; without, each is ``<declared>_<its name>``."""

    def __init__(self, declared: Declared) -> None:
        """Read the catalogue and the tables' definitions. Raises ProfileError, MalformedError."""
        self._declared, self._name = declared, declared.called(1)
        with self._opened() as pages:
            self._charset = charset_of(pages, self._encoding(pages), declared.file.path)
            named = self._named(pages)
            self._tables = {name: table_at(pages, page, self._charset) for name, page in named.items()}
        self._accounts: dict[str, Account] = {}
        self.tables: Mapping[str, pa.Schema] = {
            name: pa.schema([(column.name, _type(column)) for column in table.read])
            for name, table in self._tables.items()
        }

    def passing(self, tables: Collection[str]) -> Iterator[tuple[str, pa.RecordBatch]]:
        """The rows that are not deleted. Raises MalformedError, also where there are fewer than the table says."""
        for name in tables:
            table, account = self._tables[name], Account()
            with self._opened() as pages:
                for batch in self._batches(pages, table, account):
                    yield name, batch
                if account.records + len(account.aside) < table.rows:
                    raise pages.damaged("a table has fewer rows than it says")
            self._accounts[name] = account

    def intake(self) -> FileIntake:
        """The values of the tables' rows are mapped; all else on pages of rows is unmapped; other pages are structure.

        What no value takes of such a page may still hold old rows: Access does not wipe.
        """
        for _ in self.passing([name for name in self.tables if name not in self._accounts]):
            pass
        with self._opened() as pages:
            data = pages.data_pages() * pages.layout.page
        whole = added(self._accounts.values())
        whole.unmapped = data - whole.told
        whole.structure = self._declared.size - whole.told
        if whole.unmapped < 0 or whole.structure < 0:
            raise pages.damaged("its rows overlap")
        return whole.of(self._declared)

    def _batches(self, pages: Pages, table: Table, account: Account) -> Iterator[pa.RecordBatch]:
        numbers = pages_of(pages, table)
        for at in range(0, len(numbers), _PAGES):
            rows = rows_on(pages, table, numbers[at : at + _PAGES])
            longs = np.zeros(len(rows.starts), np.int64)
            cracked = Cracked(pages, table, rows)
            for column in filter(is_long, table.read):
                longs += long_lengths(cracked.cells(column))
            for part in portions(longs, _LONG_AT_ONCE):
                yield self._batch(pages, table, _part(rows, part), account)

    def _batch(self, pages: Pages, table: Table, rows: Rows, account: Account) -> pa.RecordBatch:
        cracked, columns = Cracked(pages, table, rows), []
        said = np.zeros(len(rows.starts), np.int64)
        wrong = np.zeros(len(rows.starts), np.bool_)
        for column in table.read:
            if column.kind == BOOLEAN:
                columns.append(pc.if_else(pa.array(cracked.truths(column)), "true", "false"))
                continue
            cells = cracked.cells(column)
            if is_long(column):
                cells = long_values(pages, cells, rows)
            said += cells.lengths
            if column.kind in TEXTS:
                made, bad = text_of(cells, self._charset)
            elif column.kind == DECIMAL:
                made, bad = decimal_of(cells, column.scale)
            else:
                made, bad = PLAIN[column.kind](cells)
            wrong |= bad
            columns.append(pc.if_else(pa.array(cells.valid), made, pa.scalar(None, made.type)))
        account.aside += _aside(rows, wrong, account.records + len(account.aside))
        account.bounded(self._declared)
        kept = ~rows.bad & ~wrong
        account.records += int(kept.sum())
        account.mapped += int(said[kept].sum())
        schema = pa.schema([(column.name, _type(column)) for column in table.read])
        return pa.RecordBatch.from_arrays(columns, schema=schema).filter(pa.array(kept))

    def _named(self, pages: Pages) -> Mapping[str, int]:
        """Definitions' pages of the tables wanted, by the names that they get."""
        part, found = self._declared.file.part, {}
        for kind, flags, page, name in self._catalogue(pages):
            wanted = not part or name.lower() == part.lower()
            if part and wanted and kind in _LINKED:
                raise self._profile("the table is linked: its rows are in another database", "part")
            if kind == _TABLE and wanted and not flags & _OF_THE_SYSTEM and not name.startswith(_NOT_THE_USERS):
                found[self._declared.table if part else f"{self._declared.table}_{name}"] = page
        if not found:
            missing = "the database has no table of that name" if part else "the database has no table"
            raise self._profile(missing, "part")
        if len({name.lower() for name in found}) != len(found):
            raise pages.damaged("two tables have one name")
        return found

    def _catalogue(self, pages: Pages) -> Iterator[tuple[int, int, int, str]]:
        """Of each object its type, its flags, its definition's page, its name."""
        table = table_at(pages, CATALOGUE, self._charset)
        kinds = {column.name: column.kind for column in table.read}
        if any(kinds.get(name) != kind for name, kind in _CATALOGUE_KINDS.items()):
            raise pages.damaged("its catalogue is none")
        for batch in self._batches(pages, table, Account()):
            columns = [batch.column(name).to_pylist() for name in ("Type", "Flags", "Id", "Name")]
            for kind, flags, page, name in zip(*columns, strict=True):
                if kind is not None and page is not None and name:
                    yield int(kind), int(flags or 0), int(page) & 0xFFFFFF, name

    def _encoding(self, pages: Pages) -> str:
        given = self._declared.file.encoding
        old = pages.layout.wide == 1
        if old and not given:
            raise self._profile("text of Access 97 and before has no encoding of its own: declare it", "encoding")
        if given and not old:
            raise self._profile("text of Access 2000 and later is Unicode: declare none", "encoding")
        return given

    def _opened(self) -> Pages:
        return Pages(self._declared.path, self._name)

    def _profile(self, what: str, field: str) -> ProfileError:
        return ProfileError(what, location=Location(self._declared.file.path, field=field))


def _part(rows: Rows, part: slice) -> Rows:
    return Rows(rows.data, rows.starts[part], rows.lengths[part], rows.places[part], rows.slots[part])


def _aside(rows: Rows, wrong: Mask, before: int) -> Sequence[SetAside]:
    """Rows that cannot be read, by their number in the table and their first byte in the file."""
    made = []
    for place in np.flatnonzero(rows.bad | wrong):
        reason = "a row that does not hold together" if rows.bad[place] else "a value that is none of its column's type"
        number = before + int(place) + 1
        made.append(SetAside(1, number, int(rows.places[place]), int(rows.slots[place]), reason))
    return made


def _type(column: Column) -> pa.DataType:
    return pa.binary() if column.kind in {BINARY, OLE} else pa.string()
